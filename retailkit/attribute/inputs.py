"""What is odd about the touches that came in, each in one sentence; nothing of it stops the chapter."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.tables import as_table, frame
from retailkit.spoken import several


def input_sentences(
    touches: ir.Table, paths: ir.Table, left: pd.DataFrame, sessions: Any = None, orders: Any = None, lang: str = "en"
) -> list[str]:
    """Say what a reader must know of the input before trusting credit; "sound" where there is nothing.

    Parameters
    ----------
    touches, paths : of :func:`touches` and :func:`paths`
    left : of :func:`left_out`
    sessions, orders : canonical tables, to compare their clocks
    """
    said = [
        _reach(touches, paths, lang),
        _clocks(as_table(sessions, "sessions"), as_table(orders, "orders"), lang),
        _left(left, lang),
        _unknown(paths, lang),
    ]
    sound = "触点数据没有异常。" if lang == "zh" else "Nothing is odd about the touches."
    return [s for s in said if s] or [sound]


def _reach(touches: ir.Table, paths: ir.Table, lang: str) -> str:
    known = touches.filter(touches.role.isin(("touch", "direct")))
    if not int(known.count().execute()):
        seen = bool(int(touches.count().execute()))
        if lang == "zh":
            return f"{'全部触点均被剔除' if seen else '没有任何触点数据'}：全部订单列为未归因。"
        return f"{'Every touch was left out' if seen else 'No touch is known at all'}: every order stays unattributed."
    sold = paths.filter(paths.outcome == "order")
    if not int(sold.count().execute()):
        return "没有订单：触点没有可归因的对象。" if lang == "zh" else "There are no orders: nothing can be credited."
    if not int(sold.filter(sold.person.notnull()).count().execute()):
        if lang == "zh":
            return "没有一单知道购买者，触点无法与订单相连：没有可归因的订单。"
        return "No order has a known person, so no touch can be joined to an order: nothing can be credited."
    met = frame(sold.filter(sold.kind != "none").group_by("touchpoint").aggregate(orders=sold.order_id.nunique()))
    if met.empty:
        if lang == "zh":
            return "触点都在订单之后，或早于回溯期，或属于从未购买的人：没有可归因的订单。"
        return (
            "Every known touch comes after the orders, before the look-back, or from people who never bought: "
            "no order can be credited to a touch."
        )
    if len(met) == 1:
        name = touchpoint_title(met["touchpoint"].iloc[0], lang)
        if lang == "zh":
            return f"订单之前只有一个触点（{name}）：各规则结果相同，比较模型没有意义。"
        return f"Only one touchpoint stands before any order ({name}): all rules agree, so comparing them says nothing."
    return ""


def _clocks(sessions: ir.Table, orders: ir.Table, lang: str) -> str:
    paid = sessions.filter(sessions.order_id.notnull()).select("merchant", "order_id", "started_at")
    both = paid.inner_join(orders.select("merchant", "order_id", "paid_at"), ["merchant", "order_id"])
    late = (both.started_at > both.paid_at).cast("int64")
    behind = both.started_at.epoch_seconds() - both.paid_at.epoch_seconds()
    row = both.aggregate(n=both.count(), late=late.sum(), worst=behind.max()).execute().iloc[0]
    if not row["n"] or not row["late"]:
        return ""
    share, minutes = row["late"] / row["n"], -(-int(row["worst"]) // 60)
    if lang == "zh":
        return (
            f"{int(row['late']):,}次支付访问（{share:.0%}）的开始时间晚于订单支付，最多晚{minutes:,}分钟："
            "各来源时钟不一致，这些访问按订单时刻计。"
        )
    return (
        f"{several(row['late'], 'paying visit')} ({share:.0%}) started after the order was paid, by up to "
        f"{several(minutes, 'minute')}: the sources' clocks differ. They count at the instant of their order."
    )


def _left(left: pd.DataFrame, lang: str) -> str:
    rows = left.set_index("reason")["rows"]
    tests, bots = int(rows.get("test, trial or crawler scene", 0)), int(rows.get("bot: too many touches in a day", 0))
    if not tests + bots:
        return ""
    if lang == "zh":
        parts = [f"测试、体验与爬虫访问{tests:,}次"] * bool(tests) + [f"疑似机器人的触达{bots:,}次"] * bool(bots)
        return f"剔除{'，'.join(parts)}。"
    parts = [f"{several(tests, 'visit')} by tests, trial versions and crawlers"] * bool(tests)
    parts += [f"{several(bots, 'touch', 'touches')} that look{'s' * (bots == 1)} like a bot's"] * bool(bots)
    return f"Left out: {', '.join(parts)}."


def _unknown(paths: ir.Table, lang: str) -> str:
    sold = paths.filter(paths.outcome == "order")
    nobody = (sold.role == "unknown_person").ifelse(sold.order_id, None)
    row = sold.aggregate(orders=sold.order_id.nunique(), nobody=nobody.nunique()).execute().iloc[0]
    if not row["nobody"]:
        return ""
    share = row["nobody"] / row["orders"]
    if lang == "zh":
        return f"{int(row['nobody']):,}单（{share:.0%}）不知道购买者：其金额保留在未归因一行。"
    nobody = several(row["nobody"], "order")
    return f"{nobody} ({share:.0%}) without a known person: the money stays in the line 'unattributed'."
