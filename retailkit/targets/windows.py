"""Orders, persons and sessions -> one row per merchant and window: what the KPI tree is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ibis
import pandas as pd
from ibis.expr.types import Table

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
    ``new_buyers`` made their first order ever on record in the window; ``visitors`` are
    distinct persons with a session, missing where the merchant has no session in the window.
    A window that a merchant's orders do not cover (its first order comes more than a week after
    the start, or its last more than a week before the end) has no row: part of a window is
    not comparable with a whole one.
    """
    who = persons.select("merchant", "account", "person").distinct()
    sales = orders.left_join(who, ["merchant", "account"]).select(
        "merchant", "paid_on", "order_id", "net_amount", "person"
    )
    known = sales.filter(sales.person.notnull())
    first = known.group_by(["merchant", "person"]).aggregate(first_on=known.paid_on.min())
    sales = sales.left_join(first, ["merchant", "person"]).select(*sales.columns, "first_on")
    visits = sessions.left_join(who, ["merchant", "account"])
    visits = visits.select("merchant", "started_on", visitor=ibis.coalesce(visits.person, visits.account))
    span = sales.group_by("merchant").aggregate(first=sales.paid_on.min(), last=sales.paid_on.max()).execute()
    span = span.set_index("merchant").apply(pd.to_datetime)
    frames = [_window(sales, visits, name, window, span) for name, window in windows.items() if window is not None]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
    return table[list(COLUMNS)].sort_values(["merchant", "window"], ignore_index=True)


def _window(sales: Table, visits: Table, name: str, window: Any, span: pd.DataFrame) -> pd.DataFrame:
    start, end = window_days(window)
    first, last = ibis.date(str(start.date())), ibis.date(str(end.date()))
    inside = sales.filter(sales.paid_on.between(first, last))
    unknown = inside.person.isnull().ifelse(1, 0)
    rows = inside.group_by("merchant").aggregate(
        buyers=inside.person.nunique(),
        new_buyers=(inside.first_on >= first).fill_null(False).ifelse(inside.person, ibis.null("string")).nunique(),
        orders=(1 - unknown).sum(),
        gmv=((1 - unknown) * inside.net_amount).sum(),
        unknown_orders=unknown.sum(),
        unknown_gmv=(unknown * inside.net_amount).sum(),
    )
    seen = visits.filter(visits.started_on.between(first, last))
    seen = seen.group_by("merchant").aggregate(visitors=seen.visitor.nunique())
    covered = span[(span["first"] <= start + _GRACE) & (span["last"] >= end - _GRACE)].index
    table = rows.execute()
    table = table[table["merchant"].isin(covered)].merge(seen.execute(), on="merchant", how="left")
    days = (end - start).days + 1
    return table.assign(window=name, start=start, end=end, days=days, visitors=table["visitors"].astype("float64"))
