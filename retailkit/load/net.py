"""Orders less what was refunded of them by the day of the study, as the table of refunds dates it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from retailkit.load.engine import fetch, quote
from retailkit.schema import table

if TYPE_CHECKING:
    from retailkit.load.store import Store

SILENT = "coalesce(refund_amount, 0) = 0 AND net_amount = gross_amount"
"""An order whose own row tells no refund, in its net amount neither."""


def net_orders(store: Store) -> str:
    """Return SQL of the orders, less the refunds known by ``as_of`` as the table of refunds dates them.

    Where an order's own export tells no refund, its rows in that table do; where it tells one whose row is of
    ``as_of`` or later, that was not known yet. Only a store with such orders pays for it: every later query
    joins them.
    """
    orders = joined = store.select(table("orders"))
    cases = []  # when, and what is to be taken off then
    if back := _beyond_orders(store, orders):
        joined = f"SELECT * FROM ({joined}) LEFT JOIN ({back}) USING (merchant, order_id)"
        # two sources that both tell a refund do not take off more than was paid
        cases.append((f"back IS NOT NULL AND {SILENT}", "least(back, greatest(gross_amount, 0))"))
    if late := _too_late(store, orders):
        joined = f"SELECT * FROM ({joined}) LEFT JOIN ({late}) USING (merchant, order_id)"
        # a row older than the later refund does not tell of it: what was dated before stays
        cases.append(("late > 0 AND refund_amount > 0", "-least(late, refund_amount - least(early, refund_amount))"))
    if not cases:
        return orders
    more = f"CASE {' '.join(f'WHEN {when} THEN {sum_}' for when, sum_ in cases)} ELSE 0 END"
    known = f"CASE WHEN {more} = 0 THEN refund_amount ELSE coalesce(refund_amount, 0) + {more} END"
    told = {"refund_amount": known, "net_amount": f"net_amount - {more}"}
    names = table("orders").names
    columns = ", ".join(f"CAST({told[n]} AS BIGINT) AS {n}" if n in told else quote(n) for n in names)
    return f"SELECT {columns} FROM ({joined})"


def _beyond_orders(store: Store, orders: str) -> str:
    """Return SQL of what the table of refunds takes off each order; empty if no order's own export is silent."""
    refunds = f"SELECT * FROM ({store.select(table('refunds'))}) WHERE order_id IS NOT NULL AND refund_amount <> 0"
    some = f"SELECT merchant, order_id FROM ({orders}) WHERE {SILENT}"
    if not fetch(store.connection, f"SELECT 1 FROM ({refunds}) JOIN ({some}) USING (merchant, order_id) LIMIT 1"):
        return ""
    return f"SELECT merchant, order_id, sum(refund_amount) AS back FROM ({refunds}) GROUP BY merchant, order_id"


def _too_late(store: Store, orders: str) -> str:
    """Return SQL of what was refunded of orders at ``as_of`` or later and before; empty if no order's row tells of it."""
    if store.as_of is None:
        return ""
    every, known = replace(store, as_of=None).select(table("refunds")), store.known(table("refunds"))
    refunds = f"SELECT * FROM ({every}) WHERE order_id IS NOT NULL AND refund_amount > 0"
    some = f"SELECT merchant, order_id FROM ({orders}) WHERE refund_amount > 0"
    later = f"SELECT merchant, order_id FROM ({refunds}) WHERE NOT {known}"
    if not fetch(store.connection, f"SELECT 1 FROM ({later}) JOIN ({some}) USING (merchant, order_id) LIMIT 1"):
        return ""
    late, early = (f"sum(CASE WHEN {test} THEN refund_amount ELSE 0 END)" for test in (f"NOT {known}", known))
    sums = f"SELECT merchant, order_id, {late} AS late, {early} AS early FROM ({refunds}) GROUP BY merchant, order_id"
    return f"SELECT * FROM ({sums}) WHERE late > 0"
