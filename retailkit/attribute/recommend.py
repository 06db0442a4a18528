"""Which model's number to use, and why."""

from __future__ import annotations

import ibis.expr.types as ir

ENOUGH_ORDERS = 1000


def recommend(paths: ir.Table, lang: str = "en") -> tuple[str, str]:
    """Return the name of the model whose number to use, and the reason in a sentence.

    Position-based: it is the default while a merchant has no ledger that separates what people
    would have bought anyway. Last touch always stands beside it, because platforms show that.
    """
    bought = paths.filter(paths.outcome == "order")
    exposed = int(bought.filter(bought.kind == "exposure").order_id.nunique().execute())
    return "position", (
        f"位置规则：首末触点各40%；{exposed:,}单此前有曝光。"
        if lang == "zh"
        else f"Position-based, 40% to the first and 40% to the last touch; {exposed:,} orders have an exposure before."
    )
