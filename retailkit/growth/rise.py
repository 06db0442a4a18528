"""The rise in money: how much of it was festivals, and how much of each the programme added.

Days of both windows are ordinary days, festival days, or the run-up to a festival (from the
first of its month). A festival's part is what its days sold above the window's ordinary level;
ordinary days' part is how far that level moved. The parts add up to the rise exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retailkit.growth.calendar import bounds, festival_days, mondays
from retailkit.growth.headline import mean_day
from retailkit.growth.record import Effect

COLUMNS = ("part", "days", "days_before", "anyway", "programme", "money", "share")
RUN_UP = ("womens_day", "618", "double_11", "double_12")
"""Festivals whose sales begin on the first of their month."""

SPRING = ("cny", "cny_eve", "holiday_cny")


def day_parts(days: pd.DatetimeIndex, country: str = "CN") -> pd.Series:
    """One value per day: "ordinary", a festival's code, or a code with "run-up to" before it.

    >>> days = pd.DatetimeIndex(["2018-10-31", "2018-11-01", "2018-11-11"])
    >>> day_parts(days).tolist()
    ['ordinary', 'run-up to double_11', 'double_11']
    """
    ahead = pd.date_range(days.min(), days.max() + pd.Timedelta(days=31))
    marks = festival_days(ahead, country)
    parts = pd.Series("ordinary", index=ahead)
    for code in RUN_UP if country == "CN" else ():
        for day in marks.index[marks.str.split().apply(lambda codes, code=code: code in codes)]:
            parts[(ahead >= day.replace(day=1)) & (ahead < day)] = f"run-up to {code}"
    named = marks[marks != ""].str.split().str[0]
    parts.loc[named.index] = named.where(~named.isin(SPRING), "spring_festival")
    return parts.reindex(days)


def festival_parts(
    daily: pd.DataFrame,
    merchants: Sequence[str],
    baseline: Any,
    programme: Any,
    effects: Sequence[Effect] = (),
    country: str = "CN",
) -> pd.DataFrame:
    """One row per part of the rise of mean daily GMV, summed over merchants: ordinary days, each festival.

    Parameters
    ----------
    daily : see ``daily_panel``.
    merchants : those to add up; one without a headline (closed, not open yet) is left out.
    effects : see ``estimate``; with one for each of them the parts are split into what would
        have come anyway and what the programme added.

    Returns
    -------
    DataFrame ``part, days, days_before, anyway, programme, money, share``. ``money`` in minor
    units a day adds up to the rise; ``anyway`` and ``programme`` add up to ``money`` and are
    missing where a merchant has no estimate, or no donors; ``days`` of the part in the programme and in the
    period before. A festival of the period before is a negative part: it was there already.
    """
    daily = daily[daily["merchant"].isin(list(merchants))]
    known = _with_headline(daily, merchants, baseline, programme)
    if not known:
        return pd.DataFrame(columns=list(COLUMNS))
    # without donors nobody can tell what would have come anyway
    gaps = {e.merchant: e for e in effects if not e.refused and e.label != "descriptive"}
    before = _window(daily, known, baseline, country)
    during = _window(daily, known, programme, country)
    if set(known) <= set(gaps):
        during["without"] = sum(_without(daily, gaps[m], during.index) for m in known)
    else:
        during["without"] = np.nan
    was, now, without = _parts(before, "gmv"), _parts(during, "gmv"), _parts(during, "without")
    names = ["ordinary", *[n for n in dict.fromkeys([*during["part"], *before["part"]]) if n != "ordinary"]]
    table = pd.DataFrame({"part": names})
    for column, window in (("days", during), ("days_before", before)):
        table[column] = table["part"].map(window["part"].value_counts()).fillna(0).astype(int)
    then = table["part"].map(was).fillna(0.0)
    table["money"] = table["part"].map(now).fillna(0.0) - then
    table["anyway"] = table["part"].map(without).where(table["days"] > 0, 0.0) - then
    table["programme"] = table["money"] - table["anyway"]
    rise = table["money"].sum()
    return table.assign(share=table["money"] / rise if rise else np.nan)[list(COLUMNS)]


def _with_headline(daily: pd.DataFrame, merchants: Sequence[str], baseline: Any, programme: Any) -> list[str]:
    if baseline is None or programme is None:
        return []
    before, during = mean_day(daily, baseline), mean_day(daily, programme)
    return [m for m in merchants if before.get(m, 0.0) > 0 and m in during.index]


def _window(daily: pd.DataFrame, merchants: Sequence[str], window: Any, country: str) -> pd.DataFrame:
    """One row per day of the window: the merchants' GMV and the part that the day belongs to."""
    first, last = bounds(window)
    rows = daily[daily["merchant"].isin(merchants) & (daily["day"] >= first) & (daily["day"] <= last)]
    days = rows.groupby("day")["gmv"].sum().astype(float).to_frame()
    return days.assign(part=day_parts(pd.DatetimeIndex(days.index), country).to_numpy())


def _without(daily: pd.DataFrame, effect: Effect, days: pd.Index) -> pd.Series:
    """GMV of each day of the programme without it: the day's sales less its week's gap."""
    own = daily[daily["merchant"] == effect.merchant].set_index("day")["gmv"].astype(float).reindex(days)
    inside = effect.weeks[effect.weeks["phase"] == "programme"].set_index("week")["gap"]
    return own * np.exp(-inside.reindex(mondays(days)).to_numpy(float))


def _parts(days: pd.DataFrame, column: str) -> pd.Series:
    """One value per part: money a day above the ordinary level; the level itself for ordinary days."""
    plain = days.loc[days["part"] == "ordinary", column]
    level = float(plain.mean() if len(plain) else days[column].mean())
    above = (days[column] - level).groupby(days["part"]).sum(min_count=1) / len(days)
    above["ordinary"] = level
    return above
