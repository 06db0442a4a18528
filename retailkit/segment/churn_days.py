"""Buyers as of a day with what became of them, and where the days of their outcome lie about a programme."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa

from retailkit.segment.features import PERSON_FEATURES, day_sums, with_durations


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


def seen_from(bought: ibis.Table, days: list[str], horizon_days: int, gap_days: int, **beside: list[Any]) -> ibis.Table:
    """One purchase day of a person as seen from one of the days: ``known`` before it, or in its outcome (``back``).

    One question is put for all days: each on its own would plan and read the same orders again.

    Parameters
    ----------
    bought : table of ``purchase_days`` up to the last outcome.
    days : ISO days; a row has its day's ``place`` in this list.
    beside : further columns, one value per day.
    """
    first, last = zip(*(span(day, horizon_days, gap_days) for day in days), strict=True)
    when = {
        "place": list(range(len(days))),
        "day": [date.fromisoformat(day) for day in days],
        "first": first,
        "last": last,
    }
    at = bought.cross_join(ibis.memtable(pa.table(when | beside)))
    at = at.mutate(known=at.paid_on < at.day, back=at.paid_on.between(at.first, at.last)).drop("first", "last")
    return at.filter(at.known | at.back)


def buyers(seen: ibis.Table) -> ibis.Table:
    """One buyer as of a day (its ``place``): what ``person_features`` has, and ``away`` 1 for no order in the outcome.

    Parameters
    ----------
    seen : from ``seen_from``.
    """
    back = seen.back.cast("int64").max()
    people = day_sums(seen, "merchant", "person", "place", "day", where=seen.known, away=1 - back)
    people = people.filter(people.purchase_days > 0)
    return with_durations(people, people.day).select(*PERSON_FEATURES, "place", "away")
