"""Weights -> whole minor units: the credit ledger that sums to the money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.tables import LEDGER, PATH, shape
from retailkit.schema.given import takes_frames
from retailkit.spoken import several

KEY = ["merchant", "order_id"]


def ledger(weighted: ir.Table, rule: str) -> ir.Table:
    """One row per order and touch: credit in minor units, summing exactly to the order.

    Parameters
    ----------
    weighted : ibis table
        Rows of :func:`paths` with a column ``weight`` (0 or more, any scale). Only journeys that
        ended in an order are used.
    rule : str
        Name of the rule or model that made the weights.

    Returns
    -------
    Columns ``LEDGER``. Per order ``gross_credit`` sums to gross_amount and ``credit`` to
    net_amount, to the minor unit; ``refund_credit`` is the difference, so a refund reverses the
    rows that earned the order and a cancelled order ends at zero on every row.

    Notes
    -----
    Largest remainder: everybody gets the floor of the exact share, the units left go to the
    largest fractions, ties to the earlier touch. An order whose weights are all zero is shared
    equally, never lost.
    """
    rows = weighted.filter(weighted.outcome == "order")
    rows = rows.mutate(weight=rows.weight.cast("float64").fill_null(0.0).clip(lower=0.0))
    rows = of_orders(rows, total=rows.weight.sum(), n=rows.position.count())
    equal = ibis.literal(1.0) / rows.n.nullif(0)
    rows = rows.mutate(share=(rows.total > 0).ifelse(rows.weight / rows.total.nullif(0), equal))
    rows = allot(rows, "gross_amount", "gross_credit")
    rows = allot(rows, "net_amount", "credit")
    rows = rows.mutate(refund_credit=rows.gross_credit - rows.credit, rule=ibis.literal(rule))
    return shape(rows, LEDGER)


def allot(
    rows: ir.Table, amount: str, credit: str, key: Sequence[str] = KEY, ties: Sequence[str] = ("position",)
) -> ir.Table:
    """Share whole amounts inside each key by ``share``, which sums to 1: integers that sum exactly to the amount.

    ``amount`` repeats the key's amount on each of its rows; ``ties`` say who is served first.
    """
    exact = (rows[amount].cast("float64") * rows.share).round(6)  # engines add floats in any order: ties stay ties
    kept, floor = rows.columns, exact.floor().cast("int64")
    rows = rows.mutate(floor=floor, rest=exact - floor)
    served = {"group_by": key, "order_by": [rows.rest.desc(), *ties]}  # one sort for both windows
    rows = rows.mutate(
        given=rows.floor.sum().over(ibis.window(**served, preceding=None, following=None)),
        nth=ibis.row_number().over(ibis.window(**served)),
    )
    extra = (rows.nth < rows[amount] - rows.given).cast("int64")
    return rows.select(*kept, **{credit: rows.floor + extra})


def of_orders(rows: ir.Table, key: Sequence[str] = KEY, **sums: Any) -> ir.Table:
    """Add sums over each order to its rows: counted once an order, where a window would sort all that rows carry.

    The sums are kept in the engine first. Asked for together, they would have all that rows carry wait until
    the sums are there.
    """
    whole = rows.group_by(key).aggregate(**sums).cache()
    both = rows.left_join(whole, key)
    return both.select(*[both[c] for c in (*rows.columns, *sums)])


def from_frame(weighted: pd.DataFrame, rule: str) -> ir.Table:
    """The same ledger from weights that were computed in a data frame with the columns of ``PATH``."""
    types = PATH | {"weight": "float64"}
    table = ibis.memtable(weighted[[c for c in types if c in weighted.columns]])
    return ledger(shape(table, types), rule)


@takes_frames
def reconcile(book: ir.Table, orders: ir.Table) -> pd.DataFrame:
    """One row per merchant: orders and net amount, in the ledger and in the orders, and the gap.

    The gap is zero in both columns, to the minor unit; :func:`ledger` promises it and this is
    where a reader checks it.
    """
    credited = book.group_by("merchant").aggregate(
        ledger_orders=book.order_id.nunique(), ledger_amount=book.credit.sum()
    )
    sold = orders.group_by("merchant").aggregate(orders=orders.order_id.nunique(), net_amount=orders.net_amount.sum())
    both = sold.left_join(credited, "merchant").select(
        "merchant", "orders", "net_amount", "ledger_orders", "ledger_amount"
    )
    rows = both.execute().sort_values("merchant", ignore_index=True)
    rows = rows.fillna({"ledger_orders": 0, "ledger_amount": 0}).astype({"ledger_orders": int, "ledger_amount": int})
    return rows.assign(
        gap_orders=rows["orders"] - rows["ledger_orders"], gap_amount=rows["net_amount"] - rows["ledger_amount"]
    )


def reconcile_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say that the ledger holds every order and all its money, or what is missing."""
    gap = int(table["gap_amount"].abs().sum()), int(table["gap_orders"].abs().sum())
    orders = int(table["orders"].sum())
    if gap == (0, 0) and not orders:
        return "没有订单，账本为空。" if lang == "zh" else "There are no orders, and the ledger is empty."
    if gap == (0, 0):
        if lang == "zh":
            return f"账本与销售额一致：{orders:,}单全部在账，分毫不差，退款已冲回。"
        held = f"all {orders:,} orders and their" if orders > 1 else "the one order and its"
        return f"The ledger holds {held} net sales to the minor unit, refunds reversed."
    if lang == "zh":
        return f"账本与销售额不一致：差{gap[0]:,}最小货币单位、{gap[1]:,}单。"
    apart = f"{several(gap[0], 'minor unit')} and {several(gap[1], 'order')}"
    return f"The ledger does not reconcile: {apart} apart."
