"""Orders to days to weeks: the panel that every growth figure is read from.

The engine reduces orders to one row per merchant and day; what is left is small (a merchant
has 365 rows a year) and goes on in pandas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from retailkit.growth.calendar import bounds, festival_days, last_year, mondays
from retailkit.growth.panels import DAYS, check_days
from retailkit.schema.given import given

if TYPE_CHECKING:
    from ibis.expr.types import Table

DAILY = ("merchant", "day", "gmv", "gross", "refunds", "orders", "buyers", "unknown_orders", "unknown_gmv",
         "filled", "partial")  # fmt: skip
WEEKLY = ("merchant", "week", "phase", "days", "gmv", "orders", "buyers", "log_gmv", "log_orders", "log_buyers",
          "log_last_year", "festival")  # fmt: skip

EARLY_CLOSE_HOURS = 2.0


def with_person(orders: Table | pd.DataFrame, persons: Table | pd.DataFrame) -> Table:
    """One row per order with the column ``person`` added; null where nobody is known."""
    orders, persons = given(orders, "orders"), given(persons, "persons", ("account", "person"))
    who = persons.select("merchant", "account", "person").distinct()
    return orders.left_join(who, ["merchant", "account"]).select(*orders.columns, "person")


def daily_panel(orders: Table | pd.DataFrame, persons: Table | pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and local day: net GMV (minor units), orders, buyers.

    Days without an order are rows of zeros between the merchant's first and last order, and
    nowhere else: a shop that is not open yet, or no longer, has no row. A merchant that is
    silent for longer than ever before at the end of the panel counts as closed. Orders whose
    buyer is unknown keep their money (``unknown_gmv``).

    Parameters
    ----------
    orders, persons : canonical tables, cut to what was known at ``as_of``; own frames are looked at by `given`.

    Returns
    -------
    DataFrame with the columns ``DAILY``; ``filled`` marks days without an order, ``partial``
    the newest day where sales stop hours earlier than on any of the 14 days before.
    """
    sales = with_person(orders, persons)
    unknown = sales.person.isnull().ifelse(1, 0)
    days = (
        sales.group_by(["merchant", "paid_on"])
        .aggregate(
            gmv=sales.net_amount.sum(),
            gross=sales.gross_amount.sum(),
            refunds=sales.refund_amount.fill_null(0).sum(),
            orders=sales.order_id.count(),
            buyers=sales.person.nunique(),
            unknown_orders=unknown.sum(),
            unknown_gmv=(unknown * sales.net_amount).sum(),
            last_at=sales.paid_at.max(),
        )
        .execute()
    )
    if days.empty:
        return _typed(pd.DataFrame(columns=list(DAILY)))
    days = days.rename(columns={"paid_on": "day"}).assign(day=lambda d: pd.to_datetime(d["day"]))
    filled = _filled(days.drop(columns="last_at"))
    filled["partial"] = _stops_early(days) & (filled["day"] == days["day"].max())
    return _typed(filled)


def _typed(days: pd.DataFrame) -> pd.DataFrame:
    kinds = dict.fromkeys(DAILY, "int64") | {"merchant": "str", "day": "datetime64[us]"}
    return days[list(DAILY)].astype(kinds | {"filled": "bool", "partial": "bool"})


def of_periods(
    orders: Table, persons: Table, periods: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]]
) -> Iterator[tuple[str, Table, int]]:
    """Each period's name, its orders with the column ``customer`` (new, returning, unknown), and its number of days.

    New: that person's first order among the ``orders`` given falls in the period. Of the private formats
    alone, a shop's customer who first buys there is new, whom all orders would know.
    """
    import ibis

    sales = with_person(orders, persons)
    known = sales.filter(sales.person.notnull())
    first = known.group_by(["merchant", "person"]).aggregate(first_on=known.paid_on.min())
    sales = sales.left_join(first, ["merchant", "person"]).select(*sales.columns, "first_on")
    for name, (start, end) in periods.items():
        since, until = ibis.date(str(start.date())), ibis.date(str(end.date()))
        inside = sales.filter(sales.paid_on.between(since, until))
        customer = ibis.cases((inside.person.isnull(), "unknown"), (inside.first_on >= since, "new"), else_="returning")
        yield name, inside.mutate(customer=customer), (end - start).days + 1


def _filled(days: pd.DataFrame) -> pd.DataFrame:
    """The rows of all merchants, and one of zeros per day without an order while the merchant was open."""
    days = days.sort_values(["merchant", "day"])
    days["since"] = days.groupby("merchant")["day"].diff()
    spans = days.groupby("merchant").agg(first=("day", "min"), last=("day", "max"), longest=("since", "max"))
    still_open = days["day"].max() - spans["last"] <= spans["longest"]  # one single day has no longest silence
    spans["last"] = spans["last"].mask(still_open, days["day"].max())
    calendar = [pd.date_range(first, last) for first, last in zip(spans["first"], spans["last"], strict=True)]
    each = [np.repeat(spans.index, [len(c) for c in calendar]), np.concatenate(calendar)]
    index = pd.MultiIndex.from_arrays(each, names=["merchant", "day"])
    whole = days.drop(columns="since").set_index(["merchant", "day"]).reindex(index)
    filled = whole["orders"].isna()
    return whole.fillna(0).assign(filled=filled).reset_index()


def _stops_early(days: pd.DataFrame) -> bool:
    last = days.groupby("day")["last_at"].max().sort_index()
    if len(last) < 15:
        return False
    hours = (last - last.index).dt.total_seconds() / 3600
    return bool(hours.iloc[-1] < hours.iloc[-15:-1].min() - EARLY_CLOSE_HOURS)


def weekly_panel(daily: pd.DataFrame, programme: Any, country: str = "CN") -> pd.DataFrame:
    """One row per merchant, ISO week and phase: mean daily GMV and its log.

    A week that the programme's first or last day cuts becomes two rows, so that no day of
    one phase stands in another; a merchant's first week counts only when it is whole.
    ``log_gmv`` is the log of the week's mean day, and not the mean of its days' logs: an effect that lies on one
    day of the week (a live evening, a members' day) is worth what it sells, and a day without sales has no log. A
    week whose sum is zero or negative (refunds
    above sales) has no log: it stays missing and the estimators refuse it by name.

    Parameters
    ----------
    daily : see :func:`daily_panel`.
    programme : first and last day of the programme (a pair of dates or a record), both included.
    country : whose festivals and which last year's days.

    Returns
    -------
    DataFrame with the columns ``WEEKLY``: ``week`` is the Monday, ``phase`` is before,
    programme or after, ``gmv`` minor units a day, ``log_last_year`` the same for the days of
    last year that belong to the row's days.

    Raises
    ------
    ValueError
        If the panel lacks columns, has a day twice or an empty amount; see ``check_days``.
    """
    check_days(daily, DAYS)
    days = daily[~daily["partial"]].copy()
    if days.empty:
        return pd.DataFrame(columns=list(WEEKLY))
    start, end = bounds(programme)
    calendar = pd.date_range(days["day"].min(), days["day"].max())
    marks = festival_days(calendar, country)
    before = pd.Series(last_year(calendar, country), index=calendar)
    sold = days.set_index(["merchant", "day"])["gmv"].astype(float)
    days["week"] = mondays(days["day"])
    days["phase"] = np.select([~(days["day"] >= start), days["day"] <= end], ["before", "programme"], "after")
    days["then"] = sold.reindex(pd.MultiIndex.from_arrays([days["merchant"], days["day"].map(before)])).to_numpy()
    groups = days.groupby(["merchant", "week", "phase"], sort=True)
    rows = groups[["gmv", "orders", "buyers", "then"]].mean()
    rows["days"] = groups.size()
    whole = groups["then"].count() == rows["days"]
    for name in ("gmv", "orders", "buyers", "then"):
        rows[f"log_{name}"] = _log(rows[name])
    rows["log_last_year"] = rows["log_then"].where(whole)
    rows = rows.reset_index()
    rows["festival"] = _festivals_of(rows, marks, start, end)
    return rows[~_opening_stub(rows)][list(WEEKLY)].reset_index(drop=True)


def _festivals_of(rows: pd.DataFrame, marks: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Codes of the festivals within each row's days, sorted, joined by a space."""
    days = pd.DataFrame({"day": marks.index, "mark": marks.to_numpy()})
    days["week"] = mondays(days["day"])
    days["phase"] = np.select([~(days["day"] >= start), days["day"] <= end], ["before", "programme"], "after")
    joined = days.groupby(["week", "phase"])["mark"].agg(lambda m: " ".join(sorted(set(" ".join(m).split()))))
    return pd.Series(joined.reindex(pd.MultiIndex.from_frame(rows[["week", "phase"]])).to_numpy(), index=rows.index)


def _opening_stub(rows: pd.DataFrame) -> pd.Series:
    """A merchant's first week before the programme, where it is not whole."""
    first = rows["week"] == rows.groupby("merchant")["week"].transform("min")
    return first & (rows["days"] < 7) & (rows["phase"] == "before")


def _log(values: pd.Series) -> pd.Series:
    return np.log(values.astype(float).where(values > 0))
