"""What was paid for an order, shared among its lines, where an export tells prices of lines only.

Prices times pieces add up to more than was paid wherever an order had a discount: then shares of products and
categories would rest on list prices, and orders with a discount count for more than they brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from retailkit.load.engine import Connection, quote
from retailkit.load.layout import Layout

if TYPE_CHECKING:
    from retailkit.load.rows import Typed


def with_their_payment(con: Connection, typed: Sequence[Typed], layout: Layout) -> tuple[Typed, ...]:
    """Share each order's payment, less freight, among its lines in proportion to what the layout reads for them.

    Shares are whole minor units and add up to the payment. Lines stay as they are where the file tells no
    payment of their order, where one of them was set aside (its share is not the others'), or has a negative price.
    """
    orders = [t for t in typed if t.contract.name == "orders"]
    paid = "SELECT merchant, order_id, gross_amount - coalesce(freight_amount, 0) AS paid FROM "
    told = f"({' UNION ALL '.join(paid + quote(t.relation) for t in orders)}) WHERE paid >= 0"
    return tuple(
        _shared_out(con, t, f"SELECT merchant, order_id, max(paid) AS paid FROM {told} GROUP BY ALL")
        if t.contract.name == "order_lines" and block.fields["net_amount"].shared_out and orders
        else t
        for t, block in zip(typed, layout.tables, strict=True)
    )


def _shared_out(con: Connection, lines: Typed, orders: str) -> Typed:
    name, within = lines.relation + "_shared", "OVER (PARTITION BY merchant, order_id"
    upto = f"sum(net_amount) {within} ORDER BY source_row, item ROWS UNBOUNDED PRECEDING)"
    rows = f"SELECT *, {upto} AS upto, sum(net_amount) {within}) AS whole, min(net_amount) {within}) AS least"
    spoilt = f"(SELECT merchant, order_id FROM {quote(lines.typed)} WHERE bad AND order_id IS NOT NULL)"
    orders = f"SELECT * FROM ({orders}) ANTI JOIN {spoilt} USING (merchant, order_id)"
    rows += f" FROM {quote(lines.relation)} LEFT JOIN ({orders}) USING (merchant, order_id)"
    # what all lines up to this one have, less what those before it have: so no minor unit is lost
    share = " - ".join(
        f"(2 * paid::HUGEINT * ({part}) + whole) // (2 * whole)" for part in ("upto", "upto - net_amount")
    )
    value = f"CASE WHEN paid IS NOT NULL AND whole > 0 AND least >= 0 THEN ({share})::BIGINT ELSE net_amount END"
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS SELECT * EXCLUDE (paid, upto, whole, least) "
        f"REPLACE ({value} AS net_amount) FROM ({rows})"
    )
    return replace(lines, relation=name)
