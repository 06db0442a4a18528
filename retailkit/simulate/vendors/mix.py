"""Which export a system gives, which canonical rows it stands for, and how its file is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.vendors import shops, tencent, visits, web, wecom, weimob
from retailkit.simulate.vendors.lines import PLATFORM


@dataclass(frozen=True)
class Export:
    """One vendor's file: its layout, file name, encoding, the canonical rows it replaces, and its SQL.

    ``replaces`` maps a canonical table to the SQL condition of the rows that the file stands
    for. ``select`` returns the SQL of the rows, in file order, with a last column ``dirty``
    (what was spoilt in the row, empty where nothing) and a first column ``row_key``.
    ``footer`` gives lines after the table.
    """

    layout: str
    file: str
    encoding: str
    replaces: dict[str, str]
    select: Callable[[Simulated], str]
    header: tuple[str, ...] = ()
    footer: Callable[[Simulated], str] | None = None


_PRIVATE = {"orders": "channel = 'mini_program'"}
_PRIVATE_LINES = {**_PRIVATE, "order_lines": f"not ({PLATFORM})"}
_GA4 = {**_PRIVATE_LINES, "sessions": "true", "refunds": "order_id like 'E%'"}
_PLATFORM = {"orders": "format = 'platform'", "accounts": "system in ('taobao', 'jd')"}
_BY_GUIDES = "system = 'wecom' and account in (select 'wecom:' || contact_id from person where contact_id is not null and guide >= 0)"

EXPORTS: dict[str, tuple[Export, ...]] = {
    "youzan": (
        Export("youzan_orders", "youzan_orders.csv", "utf-8-sig", _PRIVATE, shops.youzan_orders, shops.YOUZAN),
        Export("youzan_customers", "youzan_customers.csv", "gb18030", {}, shops.youzan_customers, shops.YOUZAN_CUSTOMERS),
    ),
    "taobao": (
        Export("taobao_orders", "ExportOrderList.csv", "gb18030", _PLATFORM, shops.taobao_orders, shops.TAOBAO),
        Export("taobao_items", "ExportItemList.csv", "gb18030", {"order_lines": PLATFORM}, shops.taobao_items, shops.TAOBAO_ITEMS),
    ),
    "jd": (Export("jd_orders", "jd_orders.csv", "gb18030", {**_PLATFORM, "order_lines": PLATFORM}, shops.jd_orders, shops.JD),),
    "weimob": (
        Export("weimob_orders", "weimob_order_list.jsonl", "utf-8", _PRIVATE_LINES, weimob.weimob_orders),
        Export("weimob_guides", "weimob_guider_list.jsonl", "utf-8", {"guides": "true"}, weimob.weimob_guides),
    ),
    "shopify": (Export("shopify_orders", "orders_export.csv", "utf-8", _PRIVATE_LINES, web.shopify_orders, web.SHOPIFY),),
    "youzan_api": (
        Export("youzan_trades", "youzan_trades.jsonl", "utf-8", _PRIVATE_LINES, shops.youzan_trades),
        Export("youzan_customers", "youzan_customers.csv", "gb18030", {}, shops.youzan_customers, shops.YOUZAN_CUSTOMERS),
    ),
    "snowplow": (Export("snowplow_events", "atomic_events.parquet", "utf-8", {"sessions": "true"}, visits.snowplow_visits),),
    "matomo": (Export("matomo_visits", "getLastVisitsDetails.jsonl", "utf-8", {"sessions": "true"}, visits.matomo_visits),),
    "ga4_mini": (Export("ga4_events", "events.parquet", "utf-8", _GA4, visits.ga4_mini_program),),
    "ga4": (Export("ga4_events", "events.jsonl", "utf-8", _GA4, web.ga4_events),),
    "wechat_pay": (
        Export(
            "wechat_pay_bill", "wechat_pay_bill.csv", "utf-8-sig",
            {**_PRIVATE, "refunds": "order_id like 'E%'"}, shops.wechat_pay, shops.WECHAT_PAY, shops.wechat_pay_footer,
        ),
    ),
    "youshu": (
        Export("youshu_orders", "youshu_orders.jsonl", "utf-8", _PRIVATE_LINES, tencent.youshu_orders),
        Export("youshu_returns", "youshu_returns.jsonl", "utf-8", {"refunds": "order_id like 'E%'"}, tencent.youshu_returns),
        Export("youshu_events", "youshu_events.jsonl", "utf-8", {"sessions": "true"}, tencent.youshu_events),
        Export("youshu_order_totals", "youshu_order_totals.jsonl", "utf-8", {}, tencent.youshu_totals),
    ),
    "analysis": (
        Export("mini_program_visit_trend", "getDailyVisitTrend.jsonl", "utf-8", {}, tencent.visit_trend),
        Export("official_account_user_summary", "getusersummary.jsonl", "utf-8",
               {"follower_days": "system = 'official_account'"}, tencent.user_summary),
        Export("official_account_user_cumulate", "getusercumulate.jsonl", "utf-8", {}, tencent.user_cumulate),
    ),
    "packets": (Export("red_packets", "gethbinfo.jsonl", "utf-8", {"red_packets": "received_at is not null"}, tencent.packets),),
    "cards": (Export("card_coupon_days", "getcardbizuininfo.jsonl", "utf-8", {}, tencent.coupon_days),),
    "live": (Export("wechat_live_rooms", "getliveinfo.jsonl", "utf-8", {}, tencent.live_rooms),),
    "wecom": (
        Export("wecom_external_contacts", "externalcontact_get.jsonl", "utf-8",
               {"accounts": "system = 'wecom'", "guide_bindings": "true"}, wecom.contacts),
        Export("wecom_group_detail", "groupchat_get.jsonl", "utf-8", {"groups": "true", "group_members": "true"}, wecom.groups),
        Export("wecom_behaviour", "get_user_behavior_data.jsonl", "utf-8", {"guide_days": "true"}, wecom.behaviour),
    ),
    "contacts": (
        Export("wecom_external_contacts", "externalcontact_get.jsonl", "utf-8",
               {"accounts": _BY_GUIDES, "guide_bindings": "true"}, wecom.contacts),
        Export("wecom_behaviour", "get_user_behavior_data.jsonl", "utf-8", {"guide_days": "true"}, wecom.behaviour),
    ),
}  # fmt: skip
"""System -> its files, in the order in which they are written."""


def exports(systems: tuple[str, ...]) -> tuple[Export, ...]:
    """Return the files that a merchant's systems give.

    >>> [e.file for e in exports(("youzan", "jd"))]
    ['youzan_orders.csv', 'youzan_customers.csv', 'jd_orders.csv']
    """
    return tuple(export for system in systems for export in EXPORTS[system])


def all_carried(systems: tuple[str, ...], table: str) -> bool:
    """Tell whether vendors' files stand for every row of a canonical table.

    >>> all_carried(("youshu",), "sessions"), all_carried(("youshu",), "order_lines"), all_carried(("youshu", "jd"), "order_lines")
    (True, False, True)
    """
    gone = {e.replaces[table] for e in exports(systems) if table in e.replaces}
    return "true" in gone or {PLATFORM, f"not ({PLATFORM})"} <= gone


def kept(systems: tuple[str, ...], table: str) -> str:
    """Return the SQL condition of the canonical rows that no vendor's file stands for.

    >>> kept(("youshu",), "sessions")
    'not (true)'
    """
    gone = [e.replaces[table] for e in exports(systems) if table in e.replaces]
    return " and ".join(f"not coalesce({g}, false)" if g != "true" else "not (true)" for g in gone) or "true"
