"""The people chapter's figures as metric records for the results."""

from __future__ import annotations

import pandas as pd

from retailkit.schema.figure import figure, minor_units
from retailkit.segment.moves import RATES, moves_sentence
from retailkit.segment.segments import profile_sentence

RATE_WORDS = {rate: meaning for rate, (_from, _to, meaning) in RATES.items()}


def people_metrics(
    coverage: pd.DataFrame, profile: pd.DataFrame, against: pd.DataFrame, sizes: pd.DataFrame, currency: str,
    lang: str = "en", level: float = 0.9,
) -> list[dict]:  # fmt: skip
    """Return one record per figure (metric, value, low, high, unit, definition, text) of the chapter.

    Parameters
    ----------
    coverage : table of ``link_coverage``; profile, against, sizes : this room's tables.
    currency : unit of money; values are in whole units.
    level : of the rates' intervals.
    """
    known = coverage[coverage["system"] == "known person"]
    told = [
        figure("known_order_share", _only(known, "order_share"), "fraction", "orders from known persons"),
        figure("known_money_share", _only(known, "money_share"), "fraction", "net sales from known persons"),
        figure("known_buyers", profile["persons"].sum(), "persons", "known persons who bought before the study's day"),
        figure(
            "net_per_buyer",
            profile["net_amount"].sum() / minor_units(currency) / profile["persons"].sum() if len(profile) else None,
            currency,
            "net spend of known buyers over their number, all days before the study's day",
        ),
    ]
    for row in against[against["share"].notna()].itertuples():
        meaning = RATE_WORDS.get(row.rate, "first-time buyers over the buyers there were before")
        told.append(
            figure(f"moved_{row.rate}", row.share, "fraction", meaning, row.share_low, row.share_high, level=level)
        )
    told.append(figure("audience_persons", sizes["persons"].sum(), "persons", "persons in an audience to talk to next"))
    finding = "finding in one sentence"
    told.append(figure("segments_finding", definition=finding, text=profile_sentence(profile, lang)))
    told.append(figure("moves_finding", definition=finding, text=moves_sentence(against, lang)))
    return told


def _only(table: pd.DataFrame, column: str) -> float | None:
    return float(table[column].iloc[0]) if len(table) else None
