"""Plain counts that programmes are announced with, from a merchant's own tables: no model, no comparison.

Chapter 1 saves them; the cohort report sets the programme's claims against them.
"""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd
from ibis.expr.types import Table

from retailkit.schema import PRIVATE_FORMATS

LEAST = 30  # orders of an area and month below which its share is not looked at
COLUMNS = ("fact", "value", "hits", "total", "unit", "definition")
_MINI_PROGRAM = ("mini_program", "all")


def facts(tables: Any, baseline: Any = None, programme: Any = None) -> pd.DataFrame:
    """One row per fact of one merchant: its value, and the counts behind a share.

    Parameters
    ----------
    tables : an open store of one merchant: ``orders, persons, daily_totals, sessions, touchpoint_days, campaigns``.
    baseline, programme : windows with ``start`` and ``end`` (local days, both included), or None.

    Returns
    -------
    DataFrame ``fact, value, hits, total, unit, definition``: money in minor units; a fact that the
    tables do not tell is left out. Facts: ``private_of_all`` (private-domain sales of all-channel
    sales in the programme), ``visitors_ratio`` (mean daily visitors, programme over before),
    ``guide_month`` (best month's sales by guides), ``home_orders_a_day`` (best month),
    ``home_share`` (best area and month), ``home_buyers`` (people served so far),
    ``campaign_new_share`` (first orders among buyers of the programme's largest sharing campaign).
    """
    rows = [
        *_private(tables.orders, tables.daily_totals, programme),
        *_visitors(tables.sessions, tables.touchpoint_days, baseline, programme),
        *_guides(tables.orders),
        *_home(tables.orders),
        *_campaign(tables.orders, tables.persons, tables.sessions, tables.campaigns),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _window(rows: Table, day: str, window: Any) -> Table:
    return rows.filter(rows[day] >= str(window.start), rows[day] <= str(window.end))


def _private(orders: Table, totals: Table, programme: Any) -> list[tuple[Any, ...]]:
    """Private-domain net sales of the all-channel total, over the days that the total states."""
    if programme is None:
        return []
    own = orders.filter(orders.format.isin(PRIVATE_FORMATS) | orders.format.isnull())
    days = _window(own, "paid_on", programme)
    sold = days.group_by("paid_on").aggregate(net=days.net_amount.sum()).to_pandas()
    every = _window(totals.filter(totals.channel == "all"), "day", programme)
    stated = every.filter(every.net_amount.notnull())
    book = stated.group_by("day").aggregate(all_net=stated.net_amount.max()).to_pandas()
    both = sold.merge(book, left_on="paid_on", right_on="day")
    if both.empty or both["all_net"].sum() <= 0 or both["net"].sum() > both["all_net"].sum():
        return []
    share = float(both["net"].sum() / both["all_net"].sum())
    words = "net sales of the private formats over all-channel net sales, days of the programme"
    return [("private_of_all", share, None, None, "fraction", words)]


def _visitors(sessions: Table, days: Table, baseline: Any, programme: Any) -> list[tuple[Any, ...]]:
    """Mean daily distinct visitors, programme over before; never added over days."""
    if baseline is None or programme is None:
        return []
    known = sessions.filter(sessions.account.notnull())
    daily = known.group_by("started_on").aggregate(visitors=known.account.nunique())
    by_day = daily.rename(day="started_on").to_pandas()
    words = "mean daily distinct visitors of the mini program, programme over period before"
    if by_day.empty:
        console = days.filter(days.touchpoint.isin(_MINI_PROGRAM), days.visitors.notnull())
        by_day = console.group_by("day").aggregate(visitors=console.visitors.max()).to_pandas()
    by_day = by_day.assign(day=pd.to_datetime(by_day["day"]))
    means = [
        by_day[by_day["day"].between(str(w.start), str(w.end))]["visitors"].sum() / w.days
        for w in (baseline, programme)
    ]
    return [("visitors_ratio", means[1] / means[0], None, None, "ratio", words)] if means[0] > 0 else []


def _guides(orders: Table) -> list[tuple[Any, ...]]:
    sold = orders.filter(orders.sold_by.notnull() | (orders.format == "guide"))
    months = sold.mutate(month=sold.paid_on.truncate("M"))
    by_month = months.group_by("month").aggregate(net=months.net_amount.sum()).to_pandas()
    if by_month.empty:
        return []
    return [("guide_month", float(by_month["net"].max()), None, None, "minor unit", "net sales by guides, best month")]


def _home(orders: Table) -> list[tuple[Any, ...]]:
    """Home deliveries: a day in the best month, share of the best area and month, people served."""
    rows = orders.mutate(
        month=orders.paid_on.truncate("M"),
        home=((orders.fulfilment == "home_delivery") | (orders.format == "home_delivery")).fill_null(False),
    )
    in_shop = (rows.fulfilment == "shop").fill_null(False)
    rows = rows.mutate(home_one=rows.home.cast("int64"), shop_one=in_shop.cast("int64"), place=rows.area.fill_null(""))
    cells = rows.group_by(["place", "month"]).aggregate(
        orders=rows.count(), home=rows.home_one.sum(), shop=rows.shop_one.sum()
    ).to_pandas()  # fmt: skip
    if not len(cells) or not cells["home"].sum():
        return []
    months = cells.groupby("month")["home"].sum()
    a_day = (months / pd.DatetimeIndex(months.index).days_in_month).max()
    served = rows.filter(rows.home).account.nunique().execute()
    out: list[tuple[Any, ...]] = [
        ("home_orders_a_day", float(a_day), None, None, "orders", "home deliveries a day, best month"),
        ("home_buyers", float(served), None, None, "accounts", "distinct accounts with a home delivery so far"),
    ]
    # where the shops' own orders are not on record every order seems to be a delivery
    areas = cells[(cells["place"] != "") & (cells["orders"] >= LEAST) & (cells["shop"] > 0)]
    if len(areas):
        best = areas.loc[(areas["home"] / areas["orders"]).idxmax()]
        share = float(best["home"] / best["orders"])
        words = f"home deliveries of all orders, best area and month ({best['place']})"
        out.append(("home_share", share, int(best["home"]), int(best["orders"]), "fraction", words))
    return out


def _campaign(orders: Table, persons: Table, sessions: Table, campaigns: Table) -> list[tuple[Any, ...]]:
    """New customers among the buyers whom the programme's largest sharing campaign brought (first order ever)."""
    own = campaigns.filter(campaigns.programme.fill_null(False), campaigns.touchpoint == "sharing")
    paid = sessions.filter(sessions.order_id.notnull()).inner_join(own, ["merchant", "campaign_id"])
    paid = paid.select("campaign_id", "order_id").distinct()
    who = persons.select("account", "person").distinct()
    known = orders.inner_join(who, "account").select("order_id", "paid_at", "person")
    by_person = ibis.window(group_by="person", order_by=["paid_at", "order_id"])
    known = known.mutate(place=ibis.row_number().over(by_person))
    bought = paid.inner_join(known, "order_id")
    first = (bought.place == 0).ifelse(bought.person, ibis.null("string"))
    table = bought.group_by("campaign_id").aggregate(buyers=bought.person.nunique(), new=first.nunique()).to_pandas()
    if table.empty or table["buyers"].max() < LEAST:
        return []
    best = table.sort_values(["buyers", "campaign_id"]).iloc[-1]
    new, buyers = int(best["new"]), int(best["buyers"])
    words = f"new customers among the buyers of the largest sharing campaign ({best['campaign_id']})"
    return [("campaign_new_share", new / buyers, new, buyers, "fraction", words)]
