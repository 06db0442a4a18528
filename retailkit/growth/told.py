"""Who tells through which touchpoint an order was paid, and whether both windows are told alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from retailkit.growth.calendar import bounds
from retailkit.schema.figure import figure
from retailkit.schema.given import given, takes_frames
from retailkit.spoken import said

if TYPE_CHECKING:
    from ibis.expr.types import Table

COLUMNS = ("merchant", "orders_before", "export_before", "visit_before", "orders", "export", "visit", "uneven")

UNEVEN = 0.05
"""Part of the orders left open by their exports by which visits may tell more in one window than in the other.

That part of the sales would move from "unknown" to the touchpoints, and look like their growth.
"""


def told_shares(orders: Table, baseline: Any, programme: Any) -> pd.DataFrame:
    """One row per merchant: orders before and in the programme, and how many have their touchpoint from where.

    ``orders`` has ``told_by``, see ``attribute.paid_through``. ``export`` and ``visit`` count the
    orders whose touchpoint their export or the visit that paid them tells (``_before``: the
    period before). ``uneven`` says that of the orders which exports leave open visits tell more
    in one window than in the other by above ``UNEVEN``: visits were recorded for a part of the time.
    Empty where there is no window.
    """
    import ibis

    if baseline is None or programme is None:
        return pd.DataFrame(columns=list(COLUMNS))
    orders = given(orders, "orders", ("paid_on", "told_by"))
    sums: dict[str, Any] = {}
    for suffix, window in (("_before", baseline), ("", programme)):
        start, end = (ibis.date(str(day.date())) for day in bounds(window))
        inside = orders.paid_on.between(start, end)
        kinds = {"orders": inside} | {by: inside & (orders.told_by == by) for by in ("export", "visit")}
        sums |= {f"{kind}{suffix}": which.fill_null(False).cast("int64").sum() for kind, which in kinds.items()}
    table = orders.group_by("merchant").aggregate(**sums).execute().astype(dict.fromkeys(sums, "int64"))
    before, during = (_of_open(table, suffix) for suffix in ("_before", ""))
    table["uneven"] = (during - before).abs() > UNEVEN
    return table[list(COLUMNS)].sort_values("merchant", ignore_index=True)


def _of_open(told: pd.DataFrame, suffix: str) -> pd.Series:
    """Of a window's orders that exports leave open, the part that visits tell; missing where none is open."""
    return told[f"visit{suffix}"] / (told[f"orders{suffix}"] - told[f"export{suffix}"]).replace(0, np.nan)


@takes_frames
def evenly_told(orders: Table, told: pd.DataFrame) -> Table:
    """One row per order as it came; what visits tell is taken out again where they tell the windows unevenly.

    ``told`` is `told_shares` of the same orders. What exports tell stays.
    """
    uneven = told.loc[told["uneven"].astype(bool), "merchant"].tolist()
    if not uneven:
        return orders
    out = orders.merchant.isin(uneven) & (orders.told_by == "visit").fill_null(False)
    return orders.mutate(touchpoint=out.ifelse(None, orders.touchpoint), told_by=out.ifelse(None, orders.told_by))


def told_sentence(told: pd.DataFrame, merchant: str, lang: str = "en") -> str:
    """Say who tells the touchpoints of a merchant's orders, and that the door through which they were paid is no cause."""
    own = told[told["merchant"] == merchant]
    if own.empty or not int(own[["orders_before", "orders"]].sum(axis=1).iloc[0]):
        return said(lang, "There are no orders whose touchpoint could be told.", "没有可说明触点的订单。")
    row = own.iloc[0]
    n = int(row["orders_before"] + row["orders"])
    export, visit = ((row[f"{by}_before"] + row[by]) / n for by in ("export", "visit"))
    if row["uneven"]:
        before, during = (_of_open(own, suffix).iloc[0] for suffix in ("_before", ""))
        return said(
            lang,
            f"Of the orders whose export names no touchpoint, visits on record paid {before:.0%} before and {during:.0%} in "
            "the programme. Visits that are on record for a part of the time would look like growth of touchpoints, so these "
            "orders stand as unknown.",
            f"在导出文件未注明触点的订单中，有访问记录支付的在前期占 {before:.0%}，项目期占 {during:.0%}。"
            "访问记录只覆盖部分时间，会被误读为触点增长，因此这些订单列为未知。",
        )
    if not export and not visit:
        return said(
            lang,
            "Neither an export nor a visit tells the touchpoint of any order: all stand as unknown.",
            "导出文件与访问记录都没有注明订单的触点：全部列为未知。",
        )
    return said(
        lang,
        f"The touchpoint of {export:.0%} of {n:,} orders is told by their export, that of another {visit:.0%} by the visit "
        "that paid them. It is the door through which the order was paid, not what made the customer buy: chapter 3 shares "
        "sales among all touches before them.",
        f"{n:,} 单中 {export:.0%} 的触点由导出文件注明，另有 {visit:.0%} 取自支付该订单的访问。"
        "它是订单支付时所经的入口，而不是顾客购买的原因：第3章把销售额分摊给之前的全部触点。",
    )


def told_metrics(told: pd.DataFrame, merchant: str) -> list[dict[str, Any]]:
    """One record: the share of the orders of both windows whose touchpoint the visit that paid them tells."""
    own = told[told["merchant"] == merchant]
    n = int(own[["orders_before", "orders"]].to_numpy().sum())
    used = own[~own["uneven"].astype(bool)]
    value = float(used[["visit_before", "visit"]].to_numpy().sum() / n) if n else np.nan
    definition = "orders of both windows whose touchpoint is that of the visit which paid them, over all orders"
    return [figure("touchpoint_by_visit", value, "fraction", definition)]
