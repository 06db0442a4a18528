"""Refunds that two sources tell: of how many orders, and by how much their net sales are too low."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retailkit.schema.figure import minor_units
from retailkit.spoken import said

if TYPE_CHECKING:  # a load reads the bounds only
    import pandas as pd

LEAST, ONE_IN = 3, 20
"""So many orders, and one in so many of the refunded ones: a mistake of a clerk, or freight given back too, is rarer."""


def refunds_retold(tables: Any) -> pd.DataFrame:
    """Return one row per merchant whose refunds two sources seem to tell: ``merchant, above, refunded, too_low``.

    ``above`` of the ``refunded`` orders were refunded several times, above what they paid. ``too_low`` (minor
    unit) is how much less net sales are than with refunds of one order, instant and amount counted once: no
    order falls below zero, so it is those refunded in part that are less than they should be.

    Parameters
    ----------
    tables : an open store (or any object with the canonical tables as attributes).
    """
    import ibis

    key = ["merchant", "order_id"]
    told = tables.refunds.filter(tables.refunds.order_id.notnull(), tables.refunds.refund_amount > 0)
    back = told.group_by(key).agg(back=told.refund_amount.sum(), times=told.count())
    once = told.select(*key, "refunded_at", "refund_amount").distinct().group_by(key)
    once = once.agg(once=ibis._.refund_amount.sum())
    orders = tables.orders.select(*key, "gross_amount", "net_amount")
    both = orders.inner_join(back.inner_join(once, key), key)
    paid = ibis.greatest(both.gross_amount, 0)
    less = both.gross_amount - both.net_amount == ibis.least(
        both.back, paid
    )  # else the order's own row tells its refund
    counted = both.group_by("merchant").agg(
        above=((both.times > 1) & (both.back > both.gross_amount)).ifelse(1, 0).sum(),
        refunded=both.count(),
        too_low=less.ifelse(ibis.least(both.back, paid) - ibis.least(both.once, paid), 0).sum(),
    )
    frame = counted.to_pandas()
    odd = (frame["above"] >= LEAST) & (ONE_IN * frame["above"] >= frame["refunded"])
    return frame[odd].sort_values("merchant", ignore_index=True)


def retold_sentence(retold: pd.DataFrame, currency: str, lang: str = "en") -> str:
    """Say that two sources tell the same refunds, by how much net sales are too low, and what to do; else nothing.

    >>> import pandas as pd
    >>> retold_sentence(pd.DataFrame({"merchant": ["m"], "above": [4], "refunded": [10], "too_low": [2500]}), "CNY")[:78]
    'Two sources seem to tell the same refunds: 4 of 10 refunded orders were refund'
    """
    if retold.empty:
        return ""
    above, refunded = int(retold["above"].sum()), int(retold["refunded"].sum())
    amount = f"{currency} {retold['too_low'].sum() / minor_units(currency):,.0f}"
    return said(
        lang,
        f"Two sources seem to tell the same refunds: {above:,} of {refunded:,} refunded orders were refunded several times, "
        f"above what they paid. Net sales of the whole record are {amount} lower than with each refund counted once: leave "
        "out table refunds of one of the layouts and load again.",
        f"可能有两个来源记录了同一退款：{refunded:,}笔有退款的订单中，{above:,}笔多次退款且超过实付金额。与每笔退款只计一次相比，"
        f"全部净销售额少{amount}：请从其中一份的布局中去掉 refunds 表后重新导入。",
    )
