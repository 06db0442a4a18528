"""Orders, persons and sessions -> one row per merchant and window: what the KPI tree is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ibis
import pandas as pd
from ibis.expr.types import Table

from retailkit.schema.given import takes_frames

MEASURES = ("buyers", "new_buyers", "orders", "gmv", "unknown_orders", "unknown_gmv", "visitors")
_GRACE = pd.Timedelta(days=7)  # small shops do not sell every day
COLUMNS = ("merchant", "window", "start", "end", "days", *MEASURES)


def window_days(window: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a window given as a pair of dates or a record with ``start`` and ``end``.

    Raises
    ------
    ValueError
        If the window ends before it starts.
    """
    first, last = (window.start, window.end) if hasattr(window, "start") else window
    start, end = pd.Timestamp(first), pd.Timestamp(last)
    if end < start:
        raise ValueError(f"the window ends on {end.date()}, before it starts on {start.date()}")
    return start, end


def span(window: Any, lang: str = "en") -> str:
    """A window in words.

    >>> span(("2017-10-30", "2017-12-24")), span(("2017-10-30", "2017-12-24"), "zh")
    ('2017-10-30 to 2017-12-24', '2017-10-30至2017-12-24')
    """
    start, end = window_days(window)
    return f"{start.date()}{'至' if lang == 'zh' else ' to '}{end.date()}"


def next_window(window: Any, as_of: str) -> tuple[str, str]:
    """The window of equal length that starts on ``as_of`` (or after the window, if that is later).

    >>> next_window(("2017-10-30", "2017-12-24"), "2018-01-01")
    ('2018-01-01', '2018-02-25')
    """
    start, end = window_days(window)
    first = max(pd.Timestamp(as_of), end + pd.Timedelta(days=1))
    last = first + (end - start)
    return str(first.date()), str(last.date())


def phases(
    before: Any, programme: Any, as_of: str,
    same_days: Callable[[pd.DatetimeIndex, str], pd.DatetimeIndex], country: str = "CN",
) -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:  # fmt: skip
    """The windows that the chapter compares, by name, both days included.

    ``before`` and ``programme`` as the cohort has them, or the last two spans of eight weeks
    where it has none; ``first`` and ``second``, the halves of the programme; ``next``, as long
    as the programme; and last year's days of both.

    Parameters
    ----------
    same_days : gives last year's day for each day, as the calendar of ``country`` has it.
    """
    if programme is None or before is None:
        end = pd.Timestamp(as_of) - pd.Timedelta(days=1)
        programme = (end - pd.Timedelta(days=55), end)
        before = (end - pd.Timedelta(days=111), end - pd.Timedelta(days=56))
    windows = {"before": window_days(before), "programme": window_days(programme)}
    start, end = windows["programme"]
    half = pd.Timedelta(days=((end - start).days + 1) // 2)
    windows["first"], windows["second"] = (
        (start, start + half - pd.Timedelta(days=1)),
        (end - half + pd.Timedelta(days=1), end),
    )
    windows["next"] = window_days(next_window(programme, as_of))
    for name in ("programme", "next"):
        start, end = windows[name]
        first = same_days(pd.DatetimeIndex([start]), country)[0]
        windows[f"{name}_last_year"] = (first, first + (end - start))
    return windows


@takes_frames
def measure(orders: Table, persons: Table, sessions: Table, windows: Mapping[str, Any]) -> pd.DataFrame:
    """One row per merchant and window: distinct buyers, orders and net GMV over the whole window.

    Parameters
    ----------
    orders, persons, sessions : canonical tables, cut to what was known at ``as_of``.
    windows : name -> pair of dates or record, both days included; None leaves the window out.

    Returns
    -------
    DataFrame with the columns ``COLUMNS``. ``gmv`` (minor units) holds known persons' orders
    alone, orders of unknown persons stand in ``unknown_orders`` and ``unknown_gmv``;
    ``new_buyers`` made the first of their ``orders`` given here in the window (of the private
    formats alone, a shop's customer may be new); ``visitors`` are
    distinct persons with a session, whether or not they are among the buyers, missing where the merchant has no session in the window.
    A window that a merchant's orders do not cover (its first order comes more than a week after
    the start, or its last more than a week before the end) has no row: part of a window is
    not comparable with a whole one.
    """
    kept = {name: window_days(window) for name, window in windows.items() if window is not None}
    if not kept:
        return pd.DataFrame(columns=list(COLUMNS))
    who = persons.select("merchant", "account", "person").distinct()
    sold, seen = _sold(orders, who, list(kept.values())), _seen(sessions, who, list(kept.values()))
    both = sold.merge(seen, on="merchant", how="left")
    frames = [_window(both, i, name, *days) for i, (name, days) in enumerate(kept.items())]
    return pd.concat(frames)[list(COLUMNS)].sort_values(["merchant", "window"], ignore_index=True)


def _sold(orders: Table, who: Table, days: list[tuple[pd.Timestamp, pd.Timestamp]]) -> pd.DataFrame:
    """One row per merchant: first and last order, and of each window by its number what was sold to whom.

    Orders meet persons once for all windows: a person is one row before anybody is counted.
    """
    sales = orders.left_join(who, ["merchant", "account"])
    sales = sales.select("merchant", "person", "paid_on", "net_amount")
    sums: dict[str, Any] = {"first": sales.paid_on.min(), "last": sales.paid_on.max()}
    for i, (start, end) in enumerate(days):
        inside = sales.paid_on.between(_day(start), _day(end)).fill_null(False)
        sums |= {f"orders_{i}": inside.cast("int64").sum(), f"gmv_{i}": inside.ifelse(sales.net_amount, 0).sum()}
    people = sales.group_by(["merchant", "person"]).aggregate(**sums)
    known = people.person.notnull()
    sums = {"first": people["first"].min(), "last": people["last"].max()}
    for i, (start, _) in enumerate(days):
        bought, new = known & (people[f"orders_{i}"] > 0), people["first"] >= _day(start)
        sums |= {f"buyers_{i}": bought.cast("int64").sum(), f"new_buyers_{i}": (bought & new).cast("int64").sum()}
        for name in ("orders", "gmv"):
            sums[f"{name}_{i}"] = known.ifelse(people[f"{name}_{i}"], 0).sum()
            sums[f"unknown_{name}_{i}"] = known.ifelse(0, people[f"{name}_{i}"]).sum()
    table = people.group_by("merchant").aggregate(**sums).execute()
    return table.assign(**{c: pd.to_datetime(table[c]) for c in ("first", "last")})


def _seen(sessions: Table, who: Table, days: list[tuple[pd.Timestamp, pd.Timestamp]]) -> pd.DataFrame:
    """One row per merchant: the visitors of each window by its number, and whether anybody (known or not) came."""
    visits = sessions.left_join(who, ["merchant", "account"])
    visits = visits.select("merchant", "started_on", visitor=ibis.coalesce(visits.person, visits.account))
    came = {
        f"came_{i}": visits.started_on.between(_day(start), _day(end)).fill_null(False).cast("int64").max()
        for i, (start, end) in enumerate(days)
    }
    each = visits.group_by(["merchant", "visitor"]).aggregate(**came)
    sums = {name: each[name].max() for name in came}
    sums |= {f"visitors_{i}": each.visitor.notnull().ifelse(each[f"came_{i}"], 0).sum() for i in range(len(days))}
    return each.group_by("merchant").aggregate(**sums).execute()


def _window(both: pd.DataFrame, i: int, name: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    sold = both[f"orders_{i}"] + both[f"unknown_orders_{i}"] > 0
    covered = (both["first"] <= start + _GRACE) & (both["last"] >= end - _GRACE)
    table = both[sold & covered]
    visitors = table[f"visitors_{i}"].where(table[f"came_{i}"] == 1).astype("float64")
    table = table[["merchant"]].assign(**{m: table[f"{m}_{i}"] for m in MEASURES if m != "visitors"}, visitors=visitors)
    return table.assign(window=name, start=start, end=end, days=(end - start).days + 1)


def _day(day: pd.Timestamp) -> Any:
    return ibis.date(str(day.date()))
