"""Buyers as of a day with what became of them, and where the days of their outcome lie about a programme."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
from ibis import _

from retailkit.segment.features import person_features, person_orders


def span(day: str, horizon_days: int, gap_days: int) -> tuple[date, date]:
    """Return the first and the last day of the outcome of a day of features.

    >>> [str(d) for d in span("2018-09-29", 56, 7)]
    ['2018-10-06', '2018-11-30']
    """
    start = date.fromisoformat(day) + timedelta(days=gap_days)
    return start, start + timedelta(days=horizon_days - 1)


def regime(outcome: tuple[date, date], programme: Any) -> str:
    """Return where days of outcome lie: before, inside or after the programme, or across an edge of it.

    Parameters
    ----------
    outcome : from ``span``.
    programme : record with ``start`` and ``end`` (dates, both included); None where there is none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> autumn = SimpleNamespace(start=date(2018, 10, 1), end=date(2018, 12, 31))
    >>> regime(span("2018-09-29", 56, 7), autumn), regime(span("2018-09-04", 56, 7), autumn)
    ('inside', 'across')
    """
    first, last = outcome
    if programme is None or last < programme.start:
        return "before"
    if first > programme.end:
        return "after"
    return "inside" if programme.start <= first and last <= programme.end else "across"


def buyers(orders: ibis.Table, persons: ibis.Table, day: str, horizon_days: int, gap_days: int) -> ibis.Table:
    """One buyer as of a day: ``person_features``, and ``away`` 1 for no order in the horizon that starts after the gap."""
    start, end = span(day, horizon_days, gap_days)
    later = person_orders(orders, persons, (end + timedelta(days=1)).isoformat())
    back = later.filter(_.paid_on >= ibis.date(start.isoformat())).select("merchant", "person").distinct()
    joined = person_features(orders, persons, day).left_join(back.mutate(back=1), ["merchant", "person"])
    return joined.mutate(away=1 - joined.back.fill_null(0)).drop("merchant_right", "person_right", "back")
