"""Before enrolment: which effect could be seen at all, for phases of several lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retailkit.growth.donors import LONG, SHORTEST, choose_donors, matrix
from retailkit.growth.effect import ESTIMATORS
from retailkit.growth.interval import look_behind
from retailkit.growth.words import in_words

LENGTHS = (4, 8, 12)


def detectable(
    weekly: pd.DataFrame,
    merchant: str,
    candidates: Sequence[str],
    lengths: Sequence[int] = LENGTHS,
    shared: pd.DataFrame | None = None,
    peers: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per length of a phase: the smallest effect that would be found four times in five.

    The last weeks on record are taken as if they were the phase; nothing happened in them, so
    the spread over donors there is the spread to expect.

    Parameters
    ----------
    weekly : panel with every row before the programme (``weekly_panel(daily, None)``).
    lengths : weeks of the phase; those that leave fewer than twelve weeks before are left out.
    shared, peers : see ``estimate``.

    Returns
    -------
    DataFrame ``weeks, donors, se, smallest_effect, reason``: ``se`` in logs, the effect a
    fraction (0.2: 20% more), at two-sided 10%.
    """
    rows = []
    for length in lengths:
        trial = _pretend(weekly, merchant, length)
        if trial is None:
            rows.append((length, 0, np.nan, np.nan, f"fewer than {SHORTEST} weeks would be left before"))
            continue
        table = choose_donors(trial, merchant, candidates, shared)
        names = table.loc[table["used"], "donor"].tolist()
        if len(names) < 3:
            rows.append((length, len(names), np.nan, np.nan, "fewer than 3 usable donors"))
            continue
        m = matrix(trial, merchant, names, peers=peers)
        if int(m.pre.sum()) < SHORTEST:  # a week without sales cuts the history
            rows.append((length, len(names), np.nan, np.nan, f"fewer than {SHORTEST} weeks would be left before"))
            continue
        behind = look_behind(m, ESTIMATORS["augmented" if int(m.pre.sum()) >= LONG else "sc"])
        spread = behind.doubt(0.0)
        rows.append((length, len(names), spread.se, float(np.expm1(spread.mde)), ""))
    return pd.DataFrame(rows, columns=["weeks", "donors", "se", "smallest_effect", "reason"])


def _pretend(weekly: pd.DataFrame, merchant: str, length: int) -> pd.DataFrame | None:
    rows = weekly[weekly["phase"] == "before"]
    own = rows.loc[rows["merchant"] == merchant, "week"]
    weeks = np.sort(own.unique())
    if len(weeks) - length < SHORTEST:
        return None
    phase = np.where(rows["week"] >= weeks[-length], "programme", "before")
    return rows[rows["week"] <= weeks[-1]].assign(phase=phase[rows["week"] <= weeks[-1]])


def power_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say how large an effect had to be to be seen, for the shortest and the longest phase that could be tried."""
    known = table.dropna(subset=["smallest_effect"])
    if known.empty:
        why = "; ".join(dict.fromkeys(table["reason"]))
        if lang == "zh":
            why = "；".join(in_words(r, lang) for r in dict.fromkeys(table["reason"]))
            return f"项目前的数据不足以判断能看出多大的效应：{why}。"
        return f"What could have been seen cannot be told beforehand: {why}."
    ends = known.iloc[[0, -1]].drop_duplicates("weeks")
    if lang == "zh":
        parts = "，".join(f"{r.weeks} 周的阶段可看出 +{r.smallest_effect:.0%} 以上的效应" for r in ends.itertuples())
        return f"按阶段开始前的数据：{parts}（五次中有四次能看出）。"
    parts = ", ".join(f"a phase of {r.weeks} weeks shows +{r.smallest_effect:.0%} or more" for r in ends.itertuples())
    return f"By the data from before the phase, {parts}, four times in five."
