"""Tables for the attribution tests: tiny hand-made ones, and the real loyalty panel."""

from __future__ import annotations

import os
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.paths import paths
from retailkit.attribute.touches import touches

DATA = Path(os.environ.get("RETAILKIT_TEST_DATA", "../shared/data"))
JOURNEY = DATA / "complete_journey"


def orders(rows: list[tuple]) -> pd.DataFrame:
    """Orders of merchant m from (order_id, account, day, net[, gross])."""
    frame = pd.DataFrame(
        [(*r, r[3])[:5] for r in rows], columns=["order_id", "account", "paid_at", "net_amount", "gross_amount"]
    )
    frame["paid_at"] = pd.to_datetime(frame["paid_at"], format="ISO8601").astype("datetime64[us]")
    frame["paid_on"] = frame["paid_at"].dt.date
    return frame.assign(merchant="m", account=frame["account"].astype(object))


def sessions(rows: list[tuple]) -> pd.DataFrame:
    """Sessions of merchant m from (session_id, account, instant, scene, more...) with a dict at the end."""
    frame = pd.DataFrame(
        [
            {"session_id": r[0], "account": r[1], "started_at": r[2], "scene": r[3], **(r[4] if len(r) > 4 else {})}
            for r in rows
        ],
        columns=[
            "session_id",
            "account",
            "started_at",
            "scene",
            "touchpoint",
            "guide",
            "group_id",
            "share_parent",
            "chan_id",
            "order_id",
        ],
    )
    frame["started_at"] = pd.to_datetime(frame["started_at"], format="ISO8601").astype("datetime64[us]")
    frame["started_on"] = frame["started_at"].dt.date
    text = [c for c in frame.columns if c not in ("started_at", "started_on")]
    return frame.assign(merchant="m", **{c: frame[c].astype(object).where(frame[c].notna(), None) for c in text})


def walked(seen: pd.DataFrame, sold: pd.DataFrame, **how) -> ir.Table:
    """Paths of these sessions and orders, in the engine; ``how``: options of ``paths``."""
    return paths(touches(sessions=seen, orders=sold).cache(), sold, **how).cache()


def journey(shops: tuple[str, ...] = ("367",)) -> dict[str, ibis.Table]:
    """Canonical tables of the loyalty panel's shops, built straight from its files."""
    con = ibis.duckdb.connect(threads=2, memory_limit="3GB")
    shop_list = ", ".join(f"'{s}'" for s in shops)
    file = lambda name: f"'{JOURNEY / (name + '.parquet')}'"  # noqa: E731
    day = "cast(timezone('America/New_York', timezone('UTC', transaction_timestamp)) as date)"
    con.raw_sql(f"""
    create table order_lines as select cast(store_id as varchar) merchant, cast(basket_id as varchar) order_id,
      cast(row_number() over (partition by basket_id order by product_id, quantity, sales_value) as varchar) line,
      'household:' || household_id account, cast(transaction_timestamp as timestamp) paid_at, {day} paid_on,
      cast(store_id as varchar) shop_id, cast(product_id as varchar) product_id, cast(quantity as double) quantity,
      cast(round((retail_disc + coupon_disc + coupon_match_disc) * 100) as bigint) discount_amount,
      cast(round((sales_value - coupon_disc) * 100) as bigint) net_amount
      from {file("transactions")} where cast(store_id as varchar) in ({shop_list})""")
    con.raw_sql("""
    create table orders as select merchant, order_id, any_value(account) account,
      min(paid_at) paid_at, min(paid_on) paid_on, any_value(shop_id) shop_id,
      sum(discount_amount)::bigint discount_amount, sum(net_amount)::bigint gross_amount,
      sum(net_amount)::bigint net_amount from order_lines group by merchant, order_id""")
    con.raw_sql(f"""
    create table merchant_list as select unnest([{shop_list}]) merchant;
    create table pushes as select merchant, campaign_id || ':' || household_id push_id,
      cast(campaign_id as varchar) campaign_id,
      'household:' || household_id account, null::varchar touchpoint, null::timestamp sent_at, null::date sent_on
      from {file("campaigns")}, merchant_list;
    create table campaigns as select merchant, cast(campaign_id as varchar) campaign_id, campaign_type campaign,
      'mailing' touchpoint, start_date::date starts_on, end_date::date ends_on
      from {file("campaign_descriptions")}, merchant_list;
    create table coupons as select merchant, cast(coupon_upc as varchar) coupon_id,
      cast(campaign_id as varchar) campaign_id,
      'household:' || household_id account, null::timestamp redeemed_at, redemption_date::date redeemed_on,
      null::varchar order_id from {file("coupon_redemptions")}, merchant_list;
    create table promo as select cast(store_id as varchar) merchant, cast(product_id as varchar) product_id,
      cast(store_id as varchar) shop_id, display_location, mailer_location,
      case when week = 1 then date '2017-01-01' else date '2016-12-26' + (week - 1)::int * 7 end starts_on,
      date '2017-01-01' + (week - 1)::int * 7 ends_on
      from {file("promotions_on_bought_items")} where cast(store_id as varchar) in ({shop_list});
    create table placements as
      select merchant, product_id, shop_id, 'display' kind, display_location "location", starts_on, ends_on from promo
      where display_location <> '0' union all
      select merchant, product_id, shop_id, 'mailer', mailer_location, starts_on, ends_on from promo
      where mailer_location not in ('0', '');
    create table persons as select distinct merchant, account, account person from orders where account is not null
    """)
    names = ["orders", "order_lines", "pushes", "campaigns", "coupons", "placements", "persons"]
    return {name: con.table(name) for name in names}
