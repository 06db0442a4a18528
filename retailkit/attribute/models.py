"""All models by name: one ledger each, over the same paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis.expr.types as ir

from retailkit.attribute.markov import markov_credit, removal_effects
from retailkit.attribute.rules import RULES, credit


def _markov(order: int) -> Callable[[ir.Table], ir.Table]:
    return lambda paths: markov_credit(paths, removal_effects(paths, order), rule=f"markov_{order}")


def _rule(name: str) -> Callable[[ir.Table], ir.Table]:
    return lambda paths: credit(paths, name)


MODELS: dict[str, Callable[[ir.Table], ir.Table]] = {name: _rule(name) for name in RULES}
MODELS |= {f"markov_{order}": _markov(order) for order in range(1, 6)}

USUAL = ("first", "last", "linear", "position", "time_decay", "markov_1")


def ledgers(paths: ir.Table, models: Sequence[str] = USUAL, seed: int = 1) -> dict[str, ir.Table]:
    """Name of a model -> its credit ledger of the same orders, each summing to net GMV.

    Raises
    ------
    ValueError
        If a name is unknown; the message lists the models there are.
    """
    unknown = [m for m in models if m not in MODELS]
    if unknown:
        raise ValueError(f"no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    return {name: MODELS[name](paths) for name in models}
