"""How many touches back a chain can look: windows of all orders from one count, and where they are too thin."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.journeys import transitions
from retailkit.attribute.markov import removal_effects
from retailkit.schema.given import takes_frames

THIN, MOSTLY = 10, 0.5
"""An order is too sparse where half of the touches stand in windows that were seen fewer than ten times."""

ORDERS = (1, 2, 3, 4, 5)


@takes_frames
def window_counts(paths: ir.Table, order: int) -> pd.DataFrame:
    """Return :func:`transitions` of an order from 1 to 5.

    Raises
    ------
    ValueError
        If there is no chain of that order.
    """
    if order not in ORDERS:
        raise ValueError(f"order is {order}; chains have orders 1 to {max(ORDERS)}")
    return transitions(paths, order)


def effects_by_order(counts: pd.DataFrame, orders: Sequence[int]) -> pd.DataFrame:
    """One row per touchpoint: its removal effect of orders by the chain of each order (``markov_1`` ...).

    ``counts`` are those of the highest order: a shorter window's are the sum over the longer ones.
    """
    parts = []
    for order in orders:
        key = [*(f"w{i}" for i in range(1, order + 1)), "first", "then"]
        shorter = counts.groupby(key, as_index=False, dropna=False)[["journeys", "value"]].sum()
        effect = removal_effects(shorter).set_index("touchpoint")["removal_orders"]
        parts.append(effect.rename(f"markov_{order}"))
    return pd.concat(parts, axis=1).rename_axis("touchpoint").reset_index()


def thin_windows(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per order up to that of ``counts``: how many windows there are, and how thin they are.

    ``windows``, ``touches`` (journeys x touches), ``thin`` (fraction of touches in windows that were seen
    fewer than ten times), ``sparse`` (half of them or more).
    """
    rows = []
    highest = sum(c.startswith("w") for c in counts.columns)
    for order in range(1, highest + 1):
        seen = counts.groupby([f"w{i}" for i in range(1, order + 1)], dropna=False)["journeys"].sum()
        touches = float(seen.sum())
        thin = float(seen[seen < THIN].sum()) / touches if touches else 1.0
        rows.append({"order": order, "windows": len(seen), "touches": touches, "thin": thin, "sparse": thin >= MOSTLY})
    return pd.DataFrame(rows)


def thin_sentence(table: pd.DataFrame, order: int, lang: str = "en") -> str:
    """Say whether a chain of this order stands on enough touches; empty where it does, or where there is no chain."""
    row = table.set_index("order").loc[order]
    if not row["sparse"] or not row["touches"]:
        return ""
    enough = table.loc[~table["sparse"], "order"].max()
    if lang == "zh":
        use = "" if pd.isna(enough) else f"请用{enough:.0f}阶或更低。"
        return f"{order}阶链过于稀疏：{row['thin']:.0%}的触达所在的路径窗口出现不足{THIN}次。{use}"
    use = "" if pd.isna(enough) else f"; order {enough:.0f} or lower has enough"
    return (
        f"Order {order} is too sparse here: {row['thin']:.0%} of touches stand in a window that was seen fewer than "
        f"{THIN} times{use}."
    )
