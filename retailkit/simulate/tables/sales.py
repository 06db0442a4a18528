"""Canonical sales tables of a simulated merchant: orders, lines, refunds, daily totals, catalogue."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.rates import TOUCHES
from retailkit.simulate.sales import AREAS, CATEGORIES, other_sales
from retailkit.simulate.world import days, stream

SHOP_FORMATS = {
    "apparel": ("flagship", "department_counter", "popup", "department_counter"),
    "beauty": ("department_counter", "experience", "flagship", "popup"),
    "mother_baby": ("experience", "shop", "department_counter", "shop"),
    "sports": ("flagship", "shop", "popup", "shop"),
    "supermarket": ("convenience", "community_supermarket", "shop", "community_supermarket"),
}
"""Formats of a merchant's eight shops, in turn (assumed)."""


def quoted(words: tuple[str, ...]) -> str:
    """Return words as an SQL list.

    >>> quoted(("a", "b"))
    "['a', 'b']"
    """
    return "[" + ", ".join(f"'{w}'" for w in words) + "]"


def prepare(s: Simulated) -> None:
    """Create the views that several tables read: ``orders`` of every channel, with keys as text."""
    product = "coalesce(product_no(category * 20 + product), '')"
    chosen = f"{quoted(CATEGORIES)}[category + 1] as category_name, {product} as product_id"
    formats = quoted(SHOP_FORMATS[s.profile.industry] * 2)
    case = "home_delivery" if s.profile.industry == "supermarket" else "parcel"
    platform = "jd" if "jd" in s.profile.exports else "taobao"
    s.connection.execute(f"""
        create table visits as select session.*, {quoted(TOUCHES)}[touch + 1] as touch_name,
            case when again and day >= changed then openid_2 else openid end as open_id,
            {_channel()} as chan, {_session_id(s)} as session_id
          from session join person using (person);
        create table channels as select session, last_value(chan ignore nulls) over (
            partition by person order by day, second, session rows unbounded preceding) as last_chan from visits;
        create table private_orders as select sale.*, order_no(sale.sale) as order_id, {chosen}, v.open_id, v.session_id,
            v.touch_name, v.scene,
            c.last_chan, case v.touch_name when 'guide' then 'guide' when 'group' then 'community' when 'share' then 'sharing'
              else 'official_store' end as format,
            case when area < 0 then null else {quoted(AREAS)}[area + 1] end as area_name,
            case when area >= 0 and home then 'home_delivery' when area >= 0 then 'pickup' else '{case}' end as fulfilment,
            'mini_program:' || v.open_id as account
          from sale join visits v using (session) join channels c using (session);
        create table outside_orders as select elsewhere.*, {chosen}, p.nick, p.member_id,
            case when platform then '{platform}' else 'pos' end as channel,
            case when platform then 'platform' else {formats}[shop + 1] end as format,
            case when area < 0 then null else {quoted(AREAS)}[area + 1] end as area_name,
            case when platform then lpad((286500000000000000 + sale * 7919 + {_number(s)})::varchar, 18, '0')
              else 'P' || merchant() || lpad(sale::varchar, 10, '0') end as order_id,
            case when platform then '{platform}:' || p.nick when elsewhere.person >= 0 then 'crm:' || p.member_id end as account
          from elsewhere left join person p using (person);
    """)


def _number(s: Simulated) -> int:
    return int.from_bytes(s.profile.id.encode(), "big") * 1_000_000


def _session_id(s: Simulated) -> str:
    """Number of a visit, as the system that tells it writes one.

    Google Analytics knows a visit as a visitor's cookie (a new phone is a new one) and the second it began.
    """
    if "snowplow" in s.profile.exports:
        return "md5(session_no(session))::uuid::varchar"
    if "matomo" in s.profile.exports:
        return "(session + 1)::varchar"
    if not {"ga4", "ga4_mini"} & set(s.profile.exports):
        return "session_no(session)"
    seen = "case when again and day >= changed then cookie(person + 500000000, changed * 86400) else cookie(person, first_at) end"
    nth = "row_number() over (partition by person, day, second order by session) - 1"
    return f"({seen}) || ':' || (epoch(instant(day, second))::bigint + {nth})"


def _channel() -> str:
    """Acquisition channel id in the query: class, underscore, serial; a guide's and a group's are their own."""
    return """case touch when 1 then '8_' || substr(md5(merchant() || 'article' || day // 7), 1, 16)
        when 2 then '6_' || substr(md5(merchant() || 'push' || day // 7), 1, 16)
        when 3 then '3_' || substr(md5(merchant() || 'guide' || session.guide), 1, 16)
        when 6 then '7_' || substr(md5(merchant() || 'advert' || day // 14), 1, 16)
        when 7 then '5_' || substr(md5(merchant() || 'poster' || session % 9), 1, 16) end"""


_ORDER = """items::bigint as items, listed as list_amount, listed + freight - gross as discount_amount,
    freight as freight_amount, 0::bigint as subsidy_amount, gross as gross_amount, refund as refund_amount,
    gross - refund as net_amount, 'CNY' as currency"""


def sales(s: Simulated) -> dict[str, str]:
    """Return table name -> SQL for the sales room; `prepare` must have run."""
    s.connection.register("_totals", _totals(s))
    status = "case when refund = gross then '交易关闭' when refund > 0 then '部分退款' else '交易完成' end"
    paid = "instant(day, second) as paid_at, day_of(day) as paid_on"
    both = f"""
        select merchant() as merchant, order_id, case when not unknown then account end as account, {paid},
          'mini_program' as channel, format, touch_name as touchpoint, scene::varchar as scene, last_chan as chan_id,
          session_id, guide_no(sold_by) as sold_by, guide_no(owned_by) as owned_by,
          null::varchar as shop_id, area_name as area, fulfilment, {status} as status, {_ORDER}
        from private_orders
        union all
        select merchant(), order_id, account, {paid}, channel, format, null, null, null, null, null, null,
          case when not platform then 'S' || merchant() || shop end, area_name,
          case when platform then 'parcel' else 'shop' end, {status}, {_ORDER}
        from outside_orders"""
    lines = f"""select merchant() as merchant, order_id, i::varchar as line, account, {paid}, null::varchar as shop_id,
          case when i = 1 then product_id else product_no(category * 20 + (product + 7) % 20) end
            as product_id, 'Simulated ' || category_name || ' item' as product, category_name as category,
          (case when n = 1 then items when i = 1 then items - 1 else 1 end)::double as quantity,
          case when i = 1 then listed - (listed * 4 // 10) * (n - 1) else listed * 4 // 10 end as list_amount,
          null::bigint as discount_amount, 0::bigint as subsidy_amount,
          case when i = 1 then gross - freight - ((gross - freight) * 4 // 10) * (n - 1) else (gross - freight) * 4 // 10 end
            as net_amount, 'CNY' as currency
        from (select *, case when items > 2 then 2 else 1 end as n, unnest(range(1, 1 + (case when items > 2 then 2 else 1 end))) as i
              from (select order_id, case when not unknown then account end as account, day, second, items, category, product,
                      product_id, category_name, listed, gross, freight from private_orders
                    union all select order_id, account, day, second, items, category, product, product_id, category_name,
                      listed, gross, freight from outside_orders where platform))
        order by day, second, order_id, i"""
    return {
        "orders": f"select * from ({both}) order by paid_at, order_id",
        "order_lines": lines,
        "refunds": """select merchant() as merchant, 'R' || order_id as refund_id, order_id, account,
            instant(day + refund_day, second) as refunded_at, day_of(day + refund_day) as refunded_on, refund as refund_amount,
            '不想要了' as reason, 'CNY' as currency
          from (select order_id, case when not unknown then account end as account, day, second, refund, refund_day from private_orders
                union all select order_id, account, day, second, refund, refund_day from outside_orders)
          where refund > 0 order by refunded_at, order_id""",
        "daily_totals": "select * from _totals order by source_system, channel, day",
        "products": f"""select merchant() as merchant, product_no(i) as product_id,
            'Simulated ' || {quoted(CATEGORIES)}[i // 20 + 1] || ' item ' || i as product,
            {quoted(CATEGORIES)}[i // 20 + 1] as category, '{s.profile.industry}' as department, 'Simulated' as brand,
            null::bigint as list_amount, 'CNY' as currency from range(60) r(i) order by i""",
    }  # fmt: skip


def _totals(s: Simulated) -> pa.Table:
    """Return daily totals as the merchant's books state them: by channel and for all channels."""
    n = len(days())
    private, visitors = (s.connection.sql(q).fetchnumpy() for q in (
        "select day, count(*) as orders, count(distinct person) as buyers, sum(gross)::bigint as gross, "
        "sum(refund)::bigint as refund from sale group by day order by day",
        "select day, count(distinct person) as visitors from session group by day order by day",
    ))  # fmt: skip
    platform = s.connection.sql(
        "select day, count(*) as orders, count(distinct person) as buyers, sum(gross)::bigint as gross, "
        "sum(refund)::bigint as refund from elsewhere where platform group by day order by day"
    ).fetchnumpy()

    def spread(found: dict, name: str) -> np.ndarray:
        out = np.zeros(n, np.int64)
        out[np.asarray(found["day"], np.int64)] = np.asarray(found[name], np.int64)
        return out

    _, shops = other_sales(s.level, s.seed)
    noise = np.exp(stream(s.seed, s.profile.id, "till").normal(0, 0.02, n))
    till = np.round(shops * noise * s.scale * 100).astype(np.int64)
    mini, web = spread(private, "gross"), spread(platform, "gross")
    mini_net, web_net, till_net = mini - spread(private, "refund"), web - spread(platform, "refund"), till * 96 // 100
    orders = {
        "mini_program": spread(private, "orders"), "platform": spread(platform, "orders"),
        "pos": np.round(till / (s.profile.aov * 90)).astype(np.int64),
    }  # fmt: skip
    orders["all"] = np.sum(list(orders.values()), axis=0)
    money = {"mini_program": (mini, mini_net), "platform": (web, web_net), "pos": (till, till_net),
             "all": (mini + web + till, mini_net + web_net + till_net)}  # fmt: skip
    parts = []
    for channel, (gross, net) in money.items():
        mine = channel == "mini_program"
        parts.append(pa.table({
            "merchant": pa.array([s.profile.id] * n), "source_system": pa.array(["erp"] * n), "channel": pa.array([channel] * n),
            "day": pa.array(days()), "orders": orders[channel],
            "buyers": pa.array(spread(private, "buyers") if mine else [None] * n, pa.int64()),
            "visitors": pa.array(spread(visitors, "visitors") if mine else [None] * n, pa.int64()),
            "gross_amount": gross, "net_amount": net, "currency": pa.array(["CNY"] * n),
        }))  # fmt: skip
    return pa.concat_tables(parts)
