"""The few steps on tables that every format shares: a window of days, the person of an account, a small table brought over."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.expr.types import Table


def between(table: Table, column: str, start: str | None, end: str | None) -> Table:
    """Keep the rows whose local date lies in ``start`` to ``end``, both included; None is open."""
    if start is not None:
        table = table.filter(table[column] >= ibis.date(start))
    if end is not None:
        table = table.filter(table[column] <= ibis.date(end))
    return table


def local_day(table: Table, at: str) -> ir.DateColumn:
    """Return the merchant's own day of an instant (``sent_on`` of ``sent_at``); the day in UTC where none is told."""
    day, on = table[at].date(), at.removesuffix("_at") + "_on"
    return ibis.coalesce(table[on], day) if on in table.columns else day


def of_persons(table: Table, persons: Table) -> Table:
    """Add ``person`` to rows that name an account; empty where the account is unknown."""
    who = persons.select("merchant", "account", "person")
    return table.left_join(who, ["merchant", "account"]).drop("merchant_right", "account_right")


def fetch(table: Table) -> pd.DataFrame:
    """Bring a small table over; texts of an empty one get a dtype that pandas can still merge."""
    frame = table.execute()
    if len(frame):
        return frame
    texts = [name for name, kind in table.schema().items() if kind.is_string()]
    return frame.assign(**{name: pd.Series(dtype="str") for name in texts})


def whole_counts(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Make the columns whole numbers, empty sums being 0."""
    return frame.assign(**{name: frame[name].fillna(0).astype("int64") for name in names})
