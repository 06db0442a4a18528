"""The people chapter's figures as metric records for the results."""

from __future__ import annotations

import pandas as pd

from retailkit.segment.moves import RATES, moves_sentence
from retailkit.segment.segments import profile_sentence

RATE_WORDS = {rate: meaning for rate, (_from, _to, meaning) in RATES.items()}


def people_metrics(
    coverage: pd.DataFrame, profile: pd.DataFrame, against: pd.DataFrame, sizes: pd.DataFrame, currency: str,
    minor_digits: int = 2, lang: str = "en",
) -> list[dict]:  # fmt: skip
    """Return one record per figure (metric, value, low, high, unit, definition, text) of the chapter.

    Parameters
    ----------
    coverage : table of ``link_coverage``; profile, against, sizes : this room's tables.
    currency : unit of money; values are in whole units, ``minor_digits`` decimals from the minor ones.
    """
    known = coverage[coverage["system"] == "known person"]
    told = [
        _record("known_order_share", _only(known, "order_share"), "fraction", "orders from known persons"),
        _record("known_money_share", _only(known, "money_share"), "fraction", "net sales from known persons"),
        _record("known_buyers", profile["persons"].sum(), "persons", "known persons who bought before the study's day"),
        _record(
            "net_per_buyer",
            profile["net_amount"].sum() / 10**minor_digits / profile["persons"].sum() if len(profile) else None,
            currency,
            "net spend of known buyers over their number, all days before the study's day",
        ),
    ]
    for row in against[against["share"].notna()].itertuples():
        meaning = RATE_WORDS.get(row.rate, "first-time buyers over the buyers there were before")
        told.append(_record(f"moved_{row.rate}", row.share, "fraction", meaning, row.share_low, row.share_high))
    told.append(
        _record("audience_persons", sizes["persons"].sum(), "persons", "persons in an audience to talk to next")
    )
    told.append(_said("segments_finding", profile_sentence(profile, lang)))
    told.append(_said("moves_finding", moves_sentence(against, lang)))
    return told


def _only(table: pd.DataFrame, column: str) -> float | None:
    return float(table[column].iloc[0]) if len(table) else None


def _record(name: str, value, unit: str, definition: str, low=None, high=None) -> dict:
    value = None if value is None else float(value)
    return {
        "metric": name,
        "value": value,
        "low": low,
        "high": high,
        "unit": unit,
        "definition": definition,
        "text": "",
    }


def _said(name: str, text: str) -> dict:
    return {**_record(name, None, "", "finding in one sentence"), "text": text}
