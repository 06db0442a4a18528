"""What the rows of a file that nobody has described are to one another: parts of an order, its total again, its day and hour."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from retailkit.load.glance import Seen


def names_orders(rows: pd.DataFrame, number: str, time: str | None) -> bool:
    """Tell whether rows of one number are lines of one order: they were then paid at one time."""
    return time is None or _steady(rows, number, time)


def states_total(rows: pd.DataFrame, number: str, amount: str) -> bool:
    """Tell whether each row of an order states the order's whole amount again: to add them up would count it twice."""
    return _steady(rows, number, amount)


def clock(seen: Sequence[Seen], day: Seen) -> str | None:
    """Return the one column that holds the time of day beside a column of days without it."""
    if any(":" in cell for cell in day.cells):
        return None
    found = [s.name for s in seen if s.cells and all(re.fullmatch(r"\d{1,2}:\d\d:\d\d", c) for c in s.cells)]
    return found[0] if len(found) == 1 else None


def _steady(rows: pd.DataFrame, number: str, column: str) -> bool:
    """Tell whether nearly every number that comes several times has one value in a column."""
    counts = rows[number].value_counts()
    several = rows.groupby(number)[column].nunique()[counts[counts > 1].index]
    return several.empty or bool((several <= 1).mean() >= 0.9)
