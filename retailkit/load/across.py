"""What published tables say against each other, or do not say at all: sentences for the load report."""

from __future__ import annotations

from pathlib import Path

from retailkit.load.engine import Connection, first, literal
from retailkit.load.published import published_rows, read_manifest
from retailkit.load.retold import LEAST, ONE_IN
from retailkit.schema import PRIVATE_FORMATS
from retailkit.spoken import said

DAILY = {"guide_days", "group_days", "follower_days", "touchpoint_days"}
"""Tables whose sources should tell every day."""


def table_warnings(con: Connection, store: Path, loaded: set[str], merchants: list[str], lang: str = "en") -> list[str]:
    """Return sentences about tables that contradict each other or lack days, over all that is published."""
    versions = read_manifest(store)["tables"]
    found = []
    for name in sorted(loaded & DAILY & set(versions)):
        rows = published_rows(store, name, versions[name], merchants)
        found += _missing_days(con, name, rows, lang)
    if "orders" in loaded & set(versions):
        orders = published_rows(store, "orders", versions["orders"], merchants)
        found += _counted_twice(con, orders, lang) + _currencies(con, store, versions, orders, lang)
    if loaded & {"orders", "refunds"} and {"orders", "refunds"} <= set(versions):
        orders, refunds = (published_rows(store, name, versions[name], merchants) for name in ("orders", "refunds"))
        found += _refunds_apart(con, orders, refunds, lang) + _refunds_twice(con, orders, refunds, lang)
    found += _forgotten(con, store, versions, merchants, lang)
    return found + _orders_before_members(con, store, versions, loaded, merchants, lang)


def _forgotten(con: Connection, store: Path, versions: dict[str, int], merchants: list[str], lang: str) -> list[str]:
    """Say which days lie between two exports of a source that keeps its days for a limited time."""
    if "sources" not in versions:
        return []
    sources = published_rows(store, "sources", versions["sources"], merchants)
    kept = f"SELECT merchant, layout, kept_days, first_on, last_on, loaded_at FROM ({sources})"
    rows = con.execute(f"{kept} WHERE kept_days IS NOT NULL").fetchall()
    if not rows:
        return []
    import pandas as pd

    from retailkit.load.retention import retention_gaps

    frame = pd.DataFrame(rows, columns=["merchant", "layout", "kept_days", "first_on", "last_on", "loaded_at"])
    return [
        said(
            lang,
            f"{g.layout} keeps {g.kept_days} days: {g.days:,} days from {g.first:%Y-%m-%d} on lie in no export of "
            f"merchant {merchant}, {g.days_gone:,} of them are gone for good",
            f"{g.layout}只保留{g.kept_days}天：商户{merchant}自{g.first:%Y-%m-%d}起有{g.days:,}天不在任何导出中，"
            f"其中{g.days_gone:,}天已无法补取",
        )
        for merchant, files in frame.groupby("merchant")
        for g in retention_gaps(files).itertuples()
    ]


def _counted_twice(con: Connection, orders: str, lang: str) -> list[str]:
    """Warn where the payment bill stands as orders beside a shop export of the same private-domain sales."""
    own = ", ".join(map(literal, PRIVATE_FORMATS))
    both = con.execute(
        f"SELECT merchant FROM ({orders}) GROUP BY 1 HAVING count(*) FILTER (channel = 'wechat_pay') > 0 AND "
        f"count(*) FILTER (channel <> 'wechat_pay' AND format IN ({own})) > 0 ORDER BY 1"
    ).fetchall()
    return [
        said(
            lang,
            f"merchant {merchant}: sales may count twice, in the WeChat Pay bill and in a shop export: "
            "load the bill as wechat_pay_totals instead",
            f"商户{merchant}：微信支付账单与店铺导出可能重复计算销售：请改用布局wechat_pay_totals导入账单",
        )
        for (merchant,) in both
    ]


def _refunds_twice(con: Connection, orders: str, refunds: str, lang: str) -> list[str]:
    """Warn of merchants many of whose refunded orders were refunded above what they paid: two exports tell one refund.

    The same that a study says of its merchant, see `refunds_retold`.
    """
    back = f"SELECT merchant, order_id, sum(refund_amount) AS back, count(*) AS n FROM ({refunds}) GROUP BY 1, 2"
    above = con.execute(
        "SELECT merchant, count(*) FILTER (n > 1 AND back > gross_amount) AS above, count(*) AS refunded "
        f"FROM ({orders}) JOIN ({back}) USING (merchant, order_id) WHERE back > 0 "
        f"GROUP BY 1 HAVING above >= {LEAST} AND {ONE_IN} * above >= refunded ORDER BY 1"
    ).fetchall()
    return [
        said(
            lang,
            f"merchant {merchant}: {some:,} of {of:,} refunded orders were refunded several times, above what they paid: two "
            "exports seem to tell the same refunds; leave out table refunds of one of their layouts (no order is taken "
            "below zero)",
            f"商户{merchant}：{of:,}笔有退款的订单中，{some:,}笔多次退款且超过实付金额：可能有两份导出记录了同一退款，"
            "请从其中一份的布局中去掉refunds表（任何订单都不会扣成负数）",
        )
        for merchant, some, of in above
    ]


def _refunds_apart(con: Connection, orders: str, refunds: str, lang: str) -> list[str]:
    """Say how much of a merchant's refunds is of no order here: net sales take off only what an order names or is named by."""
    apart = con.execute(
        f"SELECT merchant, sum(refund_amount) / any_value(paid) AS share FROM ({refunds}) ANTI JOIN "
        f"(SELECT merchant, order_id FROM ({orders}) SEMI JOIN ({refunds}) USING (merchant, order_id)) "
        f"USING (merchant, order_id) JOIN (SELECT merchant, sum(gross_amount) AS paid FROM ({orders}) GROUP BY 1) "
        "USING (merchant) GROUP BY 1 HAVING share > 0.001 ORDER BY 1"
    ).fetchall()
    return [
        said(
            lang,
            f"merchant {merchant}: refunds of {share:.1%} of what was paid name no order that is loaded, so net sales "
            "are not less by them: map order_id in their layout, or load the orders",
            f"商户{merchant}：占支付额{share:.1%}的退款找不到已导入的订单，净销售额未扣除这些退款："
            "请在其布局中映射order_id，或导入相应订单",
        )
        for merchant, share in apart
    ]


def _currencies(con: Connection, store: Path, versions: dict[str, int], orders: str, lang: str) -> list[str]:
    """Warn of amounts that must not be added up, and of a currency that the cohort file does not say."""
    told = {}
    if "merchants" in versions:
        rows = published_rows(store, "merchants", versions["merchants"])
        told = dict(con.execute(f"SELECT merchant, currency FROM ({rows})").fetchall())
    several = f"SELECT merchant, list(DISTINCT currency ORDER BY currency) FROM ({orders}) GROUP BY 1 ORDER BY 1"
    found = []
    for merchant, own in con.execute(several).fetchall():
        if len(own) > 1:
            found.append(
                said(
                    lang,
                    f"merchant {merchant}: orders are in {', '.join(own)}, and their amounts are added up as they "
                    "stand: load one currency only, or convert the others first",
                    f"商户{merchant}：订单有{'、'.join(own)}多种货币，金额按原数相加：请只导入一种货币，或先行换算",
                )
            )
        elif own and told.get(merchant, own[0]) != own[0]:
            found.append(
                said(
                    lang,
                    f"merchant {merchant}: orders are in {own[0]}, but the cohort file says {told[merchant]}: correct "
                    "it there",
                    f"商户{merchant}：订单货币为{own[0]}，而批次文件写的是{told[merchant]}：请在批次文件中更正",
                )
            )
    return found


def _missing_days(con: Connection, name: str, rows: str, lang: str) -> list[str]:
    """Say which days of a daily series are missing between its first and its last: a source may not keep them."""
    which = "source_system = 'wecom_groups'" if name == "touchpoint_days" else "true"
    gaps = con.execute(
        f"SELECT merchant, min(day), max(day), max(day) - min(day) + 1 - count(DISTINCT day) AS gone FROM ({rows}) "
        f"WHERE {which} GROUP BY 1 HAVING gone > 0 ORDER BY 1"
    ).fetchall()
    return [
        said(
            lang,
            f"{name}: {gone:,} of the days between {first} and {last} are missing (merchant {merchant})",
            f"{name}：{first}至{last}之间缺{gone:,}天（商户{merchant}）",
        )
        for merchant, first, last, gone in gaps
    ]


def _orders_before_members(
    con: Connection, store: Path, versions: dict[str, int], loaded: set[str], merchants: list[str], lang: str
) -> list[str]:
    if not loaded & {"orders", "members"} or not {"orders", "members"} <= set(versions):
        return []
    rows = {name: published_rows(store, name, versions[name], merchants) for name in ("orders", "members")}
    query = f"SELECT count(*) FROM ({rows['orders']}) o JOIN ({rows['members']}) m USING (merchant, account) "
    (count,) = first(con, query + "WHERE o.paid_at < m.joined_at") or (0,)
    if not count:
        return []
    were = "order was paid before its" if count == 1 else "orders were paid before their"
    return [
        said(
            lang,
            f"{count:,} {were} member joined: check the zone of both exports, or members who bought as guests",
            f"{count:,}笔订单的付款早于会员入会：请核对两份导出的时区，或是否有会员以游客身份购买",
        )
    ]
