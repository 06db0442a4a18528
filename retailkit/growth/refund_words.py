"""Refunds still to come in words and as metrics (see ``refunds_to_come``)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.growth.refunds import LONGEST, NONE, PEAK, SHORT, UNDATED, YOUNG
from retailkit.schema.figure import figure, minor_units
from retailkit.spoken import said, signed

ZH = {UNDATED: "退款记在订单上，没有日期", YOUNG: "订单都太新", SHORT: "退款记录的时间太短"}


def refunds_sentence(
    table: pd.DataFrame, heads: pd.DataFrame, merchant: str, as_of: str, lang: str = "en", level: float = 0.9
) -> str:
    """Say what the merchant's refunds still to come do to its headline and to the pooled one; nothing without refunds.

    ``table`` and ``heads``: see ``refunds_to_come``; ``level`` is that of the table's intervals.
    """
    rows = table.set_index("merchant")
    if merchant not in rows.index or rows.loc[merchant, "reason"] == NONE:
        return ""
    row, own = rows.loc[merchant], heads.set_index("merchant").loc[merchant]
    if row["paid"] <= 0:
        return ""
    if row["reason"]:
        return said(
            lang,
            f"How many refunds of the programme's orders came after {as_of} cannot be told: {row['reason']}.",
            f"{as_of}之后还会有多少项目期订单退款，无法判断：{ZH[row['reason']]}。",
        )
    if not row["high"] > 0:
        return said(
            lang,
            f"Refunds follow their orders; judged by earlier orders, those of the programme's orders were all in by {as_of}.",
            f"退款晚于订单；按此前订单推算，项目期订单的退款到{as_of}已全部发生。",
        )
    share, low, high = (f"{row[n] / row['paid']:.1%}" for n in ("to_come", "low", "high"))
    told = said(
        lang,
        f"Refunds follow their orders: {share} of what the programme's orders paid ({100 * level:g}% interval {low} to {high}) is still to "
        f"come back after {as_of}, within {LONGEST} days of payment, judged by earlier orders",
        f"退款晚于订单：按此前订单推算，项目期实付中还有{share}（{100 * level:g}%区间{low}至{high}）将在{as_of}之后、"
        f"付款后{LONGEST}天内退回",
    )
    ends = said(lang, ".", "。") + _peak_sentence(row["peak"], lang)
    if pd.isna(row["growth"]):
        return told + ends
    now, then = signed(own["growth"]), signed(row["growth"])
    if now == then:
        told += said(lang, f"; the headline stays at {now}", f"；环比仍为{now}")
    else:
        told += said(lang, f"; the headline is then {then} instead of {now}", f"；届时环比为{then}，而非{now}")
    both = heads.merge(table[table["reason"] == ""].dropna(subset=["growth"])[["merchant", "growth"]], on="merchant")
    if len(both) > 1:
        before = both["before"].sum()
        all_now, all_then = (
            both["programme"].sum() / before - 1,
            (both["before"] * (1 + both["growth_y"])).sum() / before - 1,
        )
        told += said(
            lang,
            f" ({len(both)} merchants pooled: {signed(all_then)} instead of {signed(all_now)})",
            f"（{len(both)}家合计：{signed(all_then)}，而非{signed(all_now)}）",
        )
    return told + ends


def _peak_sentence(day: pd.Timestamp, lang: str) -> str:
    if pd.isna(day):
        return ""
    return said(
        lang,
        f" {day.date()} sold at least {PEAK:.0f} times an ordinary day and is judged like one: if its orders come back more "
        "often, more than this will come.",
        f"{day.date()}的销售额达到平日的{PEAK:.0f}倍以上，仍按平日推算：如该日订单退款更多，实际退款会更高。",
    )


def refund_metrics(table: pd.DataFrame, merchant: str, currency: str, level: float = 0.9) -> list[dict[str, Any]]:
    """One record per figure of the merchant's refunds still to come; none where they cannot be told.

    ``level`` is that of the table's intervals.
    """
    row = table.set_index("merchant").reindex([merchant]).iloc[0]
    if pd.isna(row["to_come"]):
        return []
    unit = minor_units(currency)
    value, low, high = (float(row[n]) / unit for n in ("to_come", "low", "high"))
    what = "refunds of the programme's orders still to come within 90 days of payment, judged by how refunds followed earlier orders"
    out = [figure("refunds_to_come", value, currency, what, low, high, level=level)]
    if pd.notna(row["growth"]):
        what = "mean daily net GMV, programme less refunds still to come over period before, less one"
        out.append(figure("growth_less_refunds", row["growth"], "fraction", what))
    return out
