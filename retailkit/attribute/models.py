"""All models by name: one ledger each over the same paths, and the one whose number to use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.bootstrap import credit_interval
from retailkit.attribute.hazard import Hazard, fit_hazard
from retailkit.attribute.hazard_ledger import hazard_credit, hazard_interval
from retailkit.attribute.markov import markov_credit, removal_effects
from retailkit.attribute.rules import RULES, credit
from retailkit.attribute.shapley import coalitions, distinct_credit, shapley, shapley_credit
from retailkit.schema.given import takes_frames
from retailkit.spoken import several

ENOUGH_ORDERS = 1000
"""Orders with an exposure that the hazard needs; below, its rates are too uncertain."""


def _markov(order: int) -> Callable[[ir.Table], ir.Table]:
    return lambda paths: markov_credit(paths, removal_effects(paths, order), rule=f"markov_{order}")


def _rule(name: str) -> Callable[[ir.Table], ir.Table]:
    return lambda paths: credit(paths, name)


MODELS: dict[str, Callable[[ir.Table], ir.Table]] = {name: _rule(name) for name in RULES}
MARKOV = {order: f"markov_{order}" for order in range(1, 6)}
"""Chains by name: how many touchpoints back the next step depends on."""

MODELS |= {name: _markov(order) for order, name in MARKOV.items()}
MODELS["shapley"] = distinct_credit
MODELS["shapley_rate"] = lambda paths: shapley_credit(paths, shapley(coalitions(paths), game="rate"))

USUAL = ("first", "last", "linear", "position", "time_decay", "markov_1", "shapley")


def usual_models(order: int = 1) -> tuple[str, ...]:
    """Return the names of the models that a chapter shows, with the chain of this order.

    >>> usual_models(3)[-2:]
    ('markov_3', 'shapley')

    Raises
    ------
    ValueError
        If there is no chain of that order by name.
    """
    if order not in MARKOV:
        raise ValueError(f"order is {order}; there are {', '.join(MARKOV.values())} (orders 1 to {max(MARKOV)})")
    return tuple(MARKOV[order] if name == "markov_1" else name for name in USUAL)


@takes_frames
def ledgers(paths: ir.Table, models: Sequence[str] = USUAL, hazard: Hazard | None = None) -> dict[str, ir.Table]:
    """Name of a model -> its credit ledger of the same orders, each summing to net GMV.

    ``hazard`` adds the ledger of a fitted hazard under that name. Rules and Markov chains pay out
    every touched order in full; only the hazard keeps an organic line.

    Raises
    ------
    ValueError
        If a name is unknown; the message lists the models there are.
    """
    unknown = [m for m in models if m not in MODELS]
    if unknown:
        raise ValueError(f"no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    books = {name: MODELS[name](paths) for name in models}
    return books | ({"hazard": hazard_credit(paths, hazard)} if hazard else {})


def hazard_if_enough(paths: ir.Table, touches: ir.Table, intent: Any = None, as_of: str | None = None) -> Hazard | None:
    """Fit the hazard where at least ``ENOUGH_ORDERS`` orders have an exposure before them; else None."""
    return fit_hazard(paths, touches, intent, as_of=as_of) if _exposed(paths) >= ENOUGH_ORDERS else None


def recommend(paths: ir.Table, hazard: Hazard | None = None, lang: str = "en") -> tuple[str, str]:
    """Return the name of the model whose number to use, and the reason in a sentence."""
    exposed = _exposed(paths)
    if hazard is not None:
        if lang == "zh":
            return "hazard", (
                f"{exposed:,}单此前有曝光，足以用风险模型：唯一区分“本来就会买”的模型。"
                "自然购买是下限：本就要买的人若经触点入口下单，看起来与被触点促成的一样。"
            )
        return "hazard", (
            f"The hazard ledger is used: {exposed:,} orders have an exposure before them, enough for the only model "
            "here that keeps apart what people would have bought anyway (the organic line). Read organic as 'at least': who had "
            "decided to buy and came in through a touchpoint looks like somebody whom it moved."
        )
    if not exposed:
        if lang == "zh":
            return "position", "没有订单此前有曝光，任何模型都无从计算；附着于订单的触点（如有）按位置规则均分末位。"
        return "position", (
            "No order has an exposure before it, so there is nothing for a model to learn from. Touches attached to "
            "orders, if there are any, are paid by the position-based rule."
        )
    if lang == "zh":
        return (
            "position",
            f"仅{exposed:,}单此前有曝光（风险模型需要{ENOUGH_ORDERS:,}单），采用位置规则：首末触点各40%。",
        )
    return "position", (
        f"The position-based rule is used (40% to the first touch, 40% to the last): only {several(exposed, 'order')} "
        f"with an exposure before, and the hazard ledger needs {ENOUGH_ORDERS:,}. It pays out every touched order in full."
    )


def recommended_interval(book: ir.Table, seed: int, hazard: Hazard | None = None) -> pd.DataFrame:
    """The 90% interval of the recommended ledger: the hazard is fitted again, a rule's weights are held."""
    if hazard is not None:
        return hazard_interval(hazard, book, seed, replicates=100)
    return credit_interval(book, seed, replicates=1000)


def _exposed(paths: ir.Table) -> int:
    bought = paths.filter((paths.outcome == "order") & (paths.kind == "exposure"))
    return int(bought.order_id.nunique().execute())
