"""The lines of private orders, for exports that write an order and its goods together."""

from __future__ import annotations

PLATFORM = "order_id like '2865%'"
"""SQL of 'an order of a platform': all others with lines are private."""


def order_lines(private: bool = True) -> str:
    """Return SQL of one row per private (else platform) order: ``order_id`` and its ``lines``, as the canonical table has them."""
    cells = ("product_id", "product", "category", "quantity", "list_amount", "net_amount")
    made = ", ".join(f"'{c}': {c}" for c in cells)
    mine = f"not ({PLATFORM})" if private else PLATFORM
    return f"""select order_id, list({{{made}}} order by line::integer) as lines from out_order_lines where {mine}
        group by order_id"""
