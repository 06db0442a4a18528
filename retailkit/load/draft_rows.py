"""What the rows of a file that nobody has described are to one another: parts of an order, its total again, its day and hour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from retailkit.load.cells import in_24_hours
from retailkit.load.draft_columns import Seen, plain
from retailkit.load.totals import WORD

CLOCKS = {
    "%H:%M:%S": r"[012]?\d:[0-5]\d:[0-5]\d",
    "%H:%M": r"[012]?\d:[0-5]\d",
    "%H%M%S": r"[012]\d[0-5]\d[0-5]\d",
    "%H时%M分": r"[012]?\d时[0-5]?\d分",
}
"""How a time of day is written, and the shape that it has."""
_PART = re.compile(r"(?i)(本页)?小\s*计\s*[:：]?|sub-?totals?\s*[:：]?|本页合计\s*[:：]?")


@dataclass(frozen=True)
class Summary:
    """The line at a file's end that adds up the others: the column that says so, and its word."""

    column: str
    word: str

    @property
    def skipped(self) -> tuple[str, ...]:
        """Lines of a layout that leave it out by its word."""
        column, word = (value.replace("\\", "\\\\").replace('"', '\\"') for value in (self.column, self.word))
        return (
            "",
            "[[skip]]",
            f'where = [{{ column = "{column}", equals = "{word}" }}]',
            'reason = "summary at the end"',
        )


def without_summary(rows: pd.DataFrame) -> tuple[pd.DataFrame, Summary | None]:
    """Return the rows above a line of totals among the last three, and that line; all rows where there is none."""
    for place in range(max(len(rows) - 3, 1), len(rows)):
        for column, cell in rows.iloc[place].dropna().items():
            if WORD.fullmatch(str(cell)) or _PART.fullmatch(str(cell)):
                return rows.iloc[:place], Summary(str(column), str(cell))
    return rows, None


def names_orders(rows: pd.DataFrame, number: str, time: str | None) -> bool:
    """Tell whether rows of one number are lines of one order: they were then paid at one time."""
    return time is None or _steady(rows, number, time)


def states_total(rows: pd.DataFrame, number: str, amount: str) -> bool:
    """Tell whether each row of an order states the order's whole amount again: to add them up would count it twice."""
    return _steady(rows, number, amount)


def differs(rows: pd.DataFrame, number: str, column: str) -> bool:
    """Tell whether a column has several values, or a value and none, on the rows of any order."""
    different = rows[[number, column]].dropna(subset=number).drop_duplicates()
    return bool(different[number].duplicated().any())


def first_row_tells(rows: pd.DataFrame, number: str, column: str) -> bool:
    """Tell whether a column is filled on the first row of an order and empty on its other lines."""
    first = rows[column].notna() & ~rows[number].duplicated()
    numbered = rows.loc[first, number].dropna()
    below = rows[number].isin(numbered) & rows[number].duplicated()
    return bool(below.any()) and bool(rows.loc[below, column].isna().all())


def clock(seen: Sequence[Seen], day: Seen) -> tuple[str, str] | None:
    """Return the one column that holds the time of day beside a column of days without it, and how it is written."""
    if any(":" in cell for cell in day.cells) or day.epoch:
        return None
    found = [(s.name, form) for s in seen if s is not day and (form := _written(s))]
    return found[0] if len(found) == 1 else None


def _written(column: Seen) -> str | None:
    """Return the format in which each cell of a column is a time of day; without seconds its name must say so too."""
    named = any(word in plain(column.name) for word in ("时间", "时刻", "time", "hour"))
    for form, shape in CLOCKS.items():
        if column.filled and all(re.fullmatch(shape, in_24_hours(c).strip()) for c in column.filled):
            return form if named or form == "%H:%M:%S" else None
    return None


def _steady(rows: pd.DataFrame, number: str, column: str) -> bool:
    """Tell whether nearly every number that comes several times has one value in a column."""
    counts = rows[number].value_counts()
    several = rows.groupby(number)[column].nunique()[counts[counts > 1].index]
    return several.empty or bool((several <= 1).mean() >= 0.9)
