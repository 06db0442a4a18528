"""Where and how goods are sold: home delivery by area, depth of discount, tiers of cities."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.rates import ratio, with_share
from retailkit.formats.tables import between, fetch, of_persons, whole_counts
from retailkit.schema.given import takes_frames
from retailkit.spoken import said


@takes_frames
def home_delivery(orders: Table, *, start: str | None = None, end: str | None = None) -> pd.DataFrame:
    """One row per merchant and area: home-delivery orders, their share of all, orders a day.

    An order is delivered home by its fulfilment or its format. ``home_share`` is of the orders for
    which that is ``stated``: where a till states it and an online shop does not, the shop's orders
    are unknown, not delivered otherwise. Areas are delivery or pilot areas, ``unknown`` without one,
    and ``all``. Merchants whose source never states a fulfilment have no rows. An area without
    ``shop_orders`` (handed over in the shop) may lack its shops' records: its share then tells how
    it was delivered, not how many had it delivered. ``best_day`` is the largest number of home
    orders in a day.
    """
    told = between(orders, "paid_on", start, end)
    by_format = (told.format == "home_delivery").fill_null(False)
    told = told.mutate(
        area=told.area.fill_null("unknown"),
        home=((told.fulfilment == "home_delivery").fill_null(False) | by_format).ifelse(1, 0),
        in_shop=(told.fulfilment == "shop").fill_null(False).ifelse(1, 0),
        stated=(told.fulfilment.notnull() | by_format).ifelse(1, 0),
    ).select("merchant", "area", "paid_on", "account", "home", "in_shop", "stated")
    both = ibis.union(told, told.mutate(area=ibis.literal("all")))
    days = fetch(
        both.group_by(["merchant", "area", "paid_on"]).agg(
            orders=both.count(), home_orders=both.home.sum(), shop_orders=both.in_shop.sum(), stated=both.stated.sum()
        )
    )
    heads = both.filter(both.home == 1)
    heads = fetch(heads.group_by(["merchant", "area"]).agg(home_buyers=heads.account.nunique()))
    frame = days.groupby(["merchant", "area"], as_index=False).agg(
        orders=("orders", "sum"),
        home_orders=("home_orders", "sum"),
        shop_orders=("shop_orders", "sum"),
        stated=("stated", "sum"),
        days=("paid_on", "nunique"),
        best_day=("home_orders", "max"),
    )
    frame = frame[frame.groupby("merchant")["stated"].transform("sum") > 0]
    frame = frame.merge(heads, how="left", on=["merchant", "area"])
    frame = whole_counts(frame, "orders", "stated", "home_orders", "shop_orders", "best_day", "home_buyers")
    frame["home_a_day"] = ratio(frame["home_orders"], frame["days"])
    frame = with_share(frame, "home_share", "home_orders", "stated").drop(columns="days")
    return frame.sort_values(["merchant", "home_share"], ascending=[True, False], ignore_index=True)


@takes_frames
def discount_depth(orders: Table, *, start: str, end: str) -> pd.DataFrame:
    """One row per merchant, format and span: how deep discounts are, how much sells at full price.

    ``span`` is ``before`` (as many days as the window, right before it) or ``window``. ``depth`` =
    discounts / list amount over all ``orders`` that state a list amount and whose channel states
    discounts; ``full_price_share`` is the share of these orders without any discount, with interval.
    A channel that states no order's discount (a platform's export often does not) tells nothing of
    full prices: its orders, and those without a list amount, are ``untold`` and stand outside the
    shares. ``format`` also has ``all``; a format of which nothing is told has no row.
    """
    days = (pd.Timestamp(end) - pd.Timestamp(start)).days + 1
    before = str((pd.Timestamp(start) - pd.Timedelta(days=days)).date())
    told = between(orders, "paid_on", before, end)
    states = told.discount_amount.count().over(ibis.window(group_by=["merchant", "channel"])) > 0
    told = told.mutate(
        format=told.format.fill_null("unknown"),
        span=(told.paid_on < ibis.date(start)).ifelse("before", "window"),
        discount=told.discount_amount.fill_null(0),
        stated=((told.list_amount > 0).fill_null(False) & states).ifelse(1, 0),
    ).select("merchant", "format", "span", "list_amount", "discount", "stated")
    both = ibis.union(told, told.mutate(format=ibis.literal("all")))
    stated = both.stated == 1
    frame = fetch(
        both.group_by(["merchant", "format", "span"]).agg(
            orders=both.stated.sum(),
            untold=(1 - both.stated).sum(),
            full_price=(stated & (both.discount <= 0)).ifelse(1, 0).sum(),
            list_amount=both.list_amount.sum(where=stated).fill_null(0),
            discount_amount=both.discount.sum(where=stated).fill_null(0),
        )
    )
    frame = whole_counts(frame, "orders", "untold", "full_price", "list_amount", "discount_amount")
    frame = frame[frame["orders"] > 0]
    frame["depth"] = ratio(frame["discount_amount"], frame["list_amount"])
    frame = with_share(frame, "full_price_share", "full_price", "orders")
    return frame.sort_values(["merchant", "format", "span"], ignore_index=True)


@takes_frames
def city_tier_share(
    orders: Table, members: Table, persons: Table, city_tiers: Table, *, start: str, end: str
) -> pd.DataFrame:
    """One row per merchant and city tier: buyers of the window who live there.

    The city is the member's; the tier is the one that was valid on the window's last day
    (tier lists change every year). Buyers whose city or tier is not known are the row
    ``unknown`` and stand outside the shares.
    """
    valid = city_tiers.filter(city_tiers.valid_from <= ibis.date(end))
    newest = ibis.window(group_by=["merchant", "city"], order_by=ibis.desc("valid_from"))
    valid = valid.mutate(place=ibis.row_number().over(newest))
    valid = valid.filter(valid.place == 0).select("merchant", "city", "tier")
    buyers = of_persons(between(orders, "paid_on", start, end).select("merchant", "account"), persons)
    buyers = buyers.select("merchant", "person").drop_null("person").distinct()
    home = of_persons(members.select("merchant", "account", "city"), persons).drop_null(["person", "city"])
    home = home.group_by(["merchant", "person"]).agg(city=home.city.min())
    told = buyers.left_join(home, ["merchant", "person"]).drop("merchant_right", "person_right")
    told = told.left_join(valid, ["merchant", "city"])
    told = told.select("merchant", tier=told.tier.fill_null("unknown"))
    frame = fetch(told.group_by(["merchant", "tier"]).agg(buyers=told.count()))
    known = frame["buyers"].where(frame["tier"] != "unknown", 0)
    frame["known"] = known.groupby(frame["merchant"]).transform("sum")
    frame["within"] = known
    frame = with_share(frame, "share", "within", "known").drop(columns=["within", "known"])
    unknown = frame["tier"] == "unknown"
    frame.loc[unknown, ["share", "share_low", "share_high"]] = np.nan
    return (
        frame.assign(unknown=unknown)
        .sort_values(["merchant", "unknown", "tier"], ignore_index=True)
        .drop(columns="unknown")
    )


def discount_sentence(depth: pd.DataFrame, lang: str = "en") -> str:
    """Say whether discounts went deeper in the window than before it."""
    rows = depth[depth["format"] == "all"].set_index("span")
    if "window" not in rows.index:
        return said(
            lang,
            "List prices and discounts are not recorded, so the depth of discounts cannot be shown.",
            "没有标价与折扣记录，无法计算折扣深度。",
        )
    now = rows.loc["window"]
    full = f"{now['full_price_share']:.0%} of the orders pay it in full"
    english = f"Discounts take {now['depth']:.1%} off the list price; {full}"
    chinese = f"折扣占标价的{now['depth']:.1%}；{now['full_price_share']:.0%}的订单按标价支付"
    if "before" in rows.index:
        was = rows.loc["before"]
        english += f" (before: {was['depth']:.1%} and {was['full_price_share']:.0%})"
        chinese += f"（此前为{was['depth']:.1%}与{was['full_price_share']:.0%}）"
    if now["untold"] > 0:
        n, of = int(now["orders"]), int(now["orders"] + now["untold"])
        english += f"; the exports tell list price and discount of {n:,} of {of:,} orders, and only these count"
        chinese += f"；{of:,}笔订单中仅{n:,}笔注明标价与折扣，只计这些订单"
    return said(lang, f"{english}.", f"{chinese}。")
