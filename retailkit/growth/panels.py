"""The one check of panels that somebody hands in: an analyst's own days or weeks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

DAYS = ("merchant", "day", "gmv", "orders", "buyers", "partial")
WEEKS = ("merchant", "week", "phase", "days", "gmv", "log_gmv", "log_last_year", "festival")
PHASES = ("before", "programme", "after")


def check_days(daily: pd.DataFrame, needs: Sequence[str] = ("merchant", "day", "gmv", "filled", "partial")) -> None:
    """Refuse a daily panel that would be counted wrongly; see ``daily_panel`` for what is expected.

    Raises
    ------
    ValueError
        If columns are missing, a merchant has a day twice, a day is no plain day or an amount is missing: all
        of it in one message.
    """
    made = "daily_panel makes one from orders, totals_panel from daily totals"
    found = list(_missing(daily, needs, made)) or [
        *_no_days(daily, "day"),
        *_gaps(daily, "gmv"),
        *_twice(daily, ["merchant", "day"]),
    ]
    if found:
        raise ValueError("daily panel: " + "; ".join(found))


def check_weeks(weekly: pd.DataFrame) -> None:
    """Refuse a weekly panel that would be counted wrongly; see ``weekly_panel`` for what is expected.

    Raises
    ------
    ValueError
        As ``check_days``; also where a phase has another name than before, programme or after.
    """
    found = list(_missing(weekly, WEEKS, "weekly_panel makes one from days")) or [
        *_no_days(weekly, "week"), *_gaps(weekly, "gmv"), *_phases(weekly), *_twice(weekly, ["merchant", "week", "phase"])
    ]  # fmt: skip
    if found:
        raise ValueError("weekly panel: " + "; ".join(found))


def _missing(table: pd.DataFrame, needs: Sequence[str], made: str) -> Iterator[str]:
    lacks = [c for c in needs if c not in table.columns]
    if lacks:
        yield f"it lacks {', '.join(lacks)}; it has {', '.join(map(str, table.columns))}: {made}"


def _no_days(table: pd.DataFrame, column: str) -> Iterator[str]:
    if len(table) and not pd.api.types.is_datetime64_dtype(table[column]):
        kind = table[column].dtype
        held = "text" if str(kind) in ("object", "str", "string") else kind  # pandas 2 and 3 name it otherwise
        yield f"{column} holds {held}, expected are plain days: pd.to_datetime(...), without a zone"


def _gaps(table: pd.DataFrame, column: str) -> Iterator[str]:
    gaps = table[column].isna()
    if gaps.any():
        yield f"{column} is empty in {int(gaps.sum())} of {len(table)} rows: a day without sales is 0, one that is not known has no row"


def _phases(table: pd.DataFrame) -> Iterator[str]:
    other = sorted(set(table["phase"].dropna().astype(str)) - set(PHASES))
    if other:
        yield f"phase is {', '.join(other)}, expected are {', '.join(PHASES)}"


def _twice(table: pd.DataFrame, key: list[str]) -> Iterator[str]:
    again = table.duplicated(key)
    if again.any():
        first = " ".join(str(getattr(v, "date", lambda v=v: v)()) for v in table.loc[again.to_numpy(), key].iloc[0])
        yield f"{int(again.sum())} of {len(table)} rows stand again for {' and '.join(key)} (first: {first}): add them up, or leave one"
