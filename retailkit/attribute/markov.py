"""Exact Markov attribution of any order: no simulation, no seed."""

from __future__ import annotations

from itertools import count

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import linalg, sparse

from retailkit.attribute.chain import Chain, chain_of_paths, chain_of_transitions
from retailkit.attribute.journeys import AggregatedPaths, transitions
from retailkit.attribute.ledger import ledger, of_orders
from retailkit.attribute.tables import frame

CHECK_EVERY = 4
EFFECTS = ["touchpoint", "visits", "removal_orders", "removal_value", "share_orders", "share_value", "lost_orders"]


def removal_effects(journeys: ir.Table | AggregatedPaths | pd.DataFrame, order: int = 1) -> pd.DataFrame:
    """One row per exposure touchpoint: what the chain loses when the touchpoint is taken out.

    Parameters
    ----------
    journeys : ibis table of :func:`paths`, aggregated paths, or a table of :func:`transitions`
    order : int
        How many touchpoints back the next step depends on, 1 or more.

    Returns
    -------
    ``visits`` (journeys x touches), ``removal_orders`` and ``removal_value`` (fraction of all
    exposed orders, money, that end where the touchpoint is), ``share_orders`` and ``share_value``
    (the same, scaled to sum to 1), ``lost_orders`` (fraction times exposed orders),
    ``share_value`` by money. ``attrs`` hold ``p`` (orders per journey), journeys, orders, value.

    Notes
    -----
    N = (I - Q)^-1 and h = N r. Removing touchpoint c with its states B ends every journey that
    reaches B: p_c = p - N_sB N_BB^-1 h_B, at order 1 one inverse for all touchpoints,
    RE_c = N_sc h_c / (N_cc p). Above order 1 the mass that first reaches B is propagated for
    all touchpoints together until nothing is left (1e-14). p is the raw conversion rate at any
    order. Touches attached to orders have no rate, so they have no removal effect and are not in
    this table. A removal effect is a diagnostic: what a touchpoint may be paid is in the ledger.

    Sources: Anderl et al. 2016; Kemeny and Snell 1960 for N.

    Raises
    ------
    ValueError
        If order is below 1.
    """
    if order < 1:
        raise ValueError(f"order is {order}; 1 or more is needed")
    if isinstance(journeys, AggregatedPaths):
        chain = chain_of_paths(journeys, order)
    else:
        counts = journeys if isinstance(journeys, pd.DataFrame) else transitions(journeys, order)
        chain = chain_of_transitions(counts)
    return effects_of_chain(chain)


def effects_of_chain(chain: Chain) -> pd.DataFrame:
    """The table of :func:`removal_effects` for a chain."""
    if not chain.touchpoints:
        table = pd.DataFrame({c: pd.Series(dtype=float if c != "touchpoint" else object) for c in EFFECTS})
        table.attrs = {"p": float("nan"), "journeys": 0.0, "orders": 0.0, "value": 0.0}
        return table
    small = len(chain.last) == len(chain.touchpoints)
    total, lost = (_order_one if small else _any_order)(chain)
    effect = np.divide(lost, total[:, None], out=np.zeros_like(lost), where=total[:, None] > 0)
    effect = np.clip(effect, 0.0, None)
    sums = effect.sum(axis=1, keepdims=True)
    share = np.divide(effect, sums, out=np.zeros_like(effect), where=sums > 0)
    table = pd.DataFrame(
        {
            "touchpoint": list(chain.touchpoints),
            "visits": np.bincount(chain.last, chain.visits, len(chain.touchpoints)),
            "removal_orders": effect[0],
            "removal_value": effect[1],
            "share_orders": share[0],
            "share_value": share[1],
            "lost_orders": effect[0] * chain.orders,
        }
    )
    table.attrs = {"p": float(total[0]), "journeys": chain.journeys, "orders": chain.orders, "value": chain.money}
    return table


def _order_one(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    position = np.argsort(chain.last)
    q = chain.step.toarray()[np.ix_(position, position)]
    reward = np.column_stack([chain.order, chain.value])[position]
    inverse = linalg.inv(np.eye(len(q)) - q)
    reached = chain.start[position] @ inverse
    earned = inverse @ reward
    first = reached / np.diag(inverse)
    return chain.start[position] @ earned, first * earned.T


def _any_order(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    reward = np.column_stack([chain.order, chain.value])
    earned = _propagate(chain.step, reward)
    n, width = len(chain.last), len(chain.touchpoints)
    own = (np.arange(n), chain.last)
    mass = np.repeat(chain.start[:, None], width, axis=1)
    back = chain.step.T.tocsr()
    state = mass[own]  # mass that reaches a state's touchpoint for the first time in this very state
    mass[own] = 0.0
    for turn in count():
        reached = back @ mass
        arrived = reached[own]
        reached[own] = 0.0
        state += arrived
        if turn % CHECK_EVERY == 0:
            before, after = mass.sum(axis=0), reached.sum(axis=0)
            if after.max() < 1e-14:
                break
            ratio = after / np.maximum(before, 1e-300)
            np.subtract(reached, ratio * mass, out=mass)
            if (np.abs(mass, out=mass).sum(axis=0) < 1e-13 * (1 - ratio) ** 2).all():
                state += arrived * (ratio / (1 - ratio))[chain.last]  # the rest is a geometric series
                break
        mass = reached
    lost = np.stack([np.bincount(chain.last, state * earned[:, i], width) for i in (0, 1)])
    return chain.start @ earned, lost


def _propagate(step: sparse.csr_matrix, reward: np.ndarray) -> np.ndarray:
    """Solve h = r + Q h by repeated products; Q leaks at every step, so the sum ends.

    Once a product only shrinks the rest by one factor, the rest is a geometric series.
    """
    total, part = reward.copy(), reward.copy()
    scale = np.abs(reward).max(axis=0) + 1e-300
    for turn in count():
        before, part = part, step @ part
        total += part
        if turn % CHECK_EVERY == 0:
            if (np.abs(part).max(axis=0) <= 1e-15 * scale).all():
                return total
            ratio = np.abs(part).sum(axis=0) / np.maximum(np.abs(before).sum(axis=0), 1e-300)
            drift = np.abs(part - ratio * before).max(axis=0)
            if (ratio < 1).all() and (drift < 1e-14 * scale * (1 - ratio) ** 2).all():
                return total + part * (ratio / (1 - ratio))
    raise AssertionError("unreachable")


def markov_credit(paths: ir.Table, effects: pd.DataFrame, by: str = "orders", rule: str = "markov") -> ir.Table:
    """One row per order and touch: each order shared by the removal effects of its own exposures.

    ``by`` is ``orders`` or ``value``: which removal effect weighs. Touches attached to the order
    have no removal effect: they keep what an equal split would give them (their number over the
    path length), the exposures share the rest. So an order touched by one channel alone is that
    channel's, whatever its share in the aggregate (see :func:`feasibility`).
    """
    weights = effects[["touchpoint"]].assign(effect=effects[f"removal_{by}"].astype(float))
    known = ibis.memtable(weights, schema=ibis.schema({"touchpoint": "string", "effect": "float64"}))
    return ledger(weigh(paths, known), rule)


def weigh(paths: ir.Table, known: ir.Table) -> ir.Table:
    """Add ``weight`` to the rows of orders: exposures by ``effect``, attached touches by an equal split."""
    rows = paths.filter(paths.outcome == "order")
    joined = rows.left_join(known, "touchpoint")
    rows = joined.select(*[joined[c] for c in rows.columns], effect=joined.effect.fill_null(0.0))
    rows = rows.mutate(effect=(rows.kind == "exposure").ifelse(rows.effect, 0.0))
    rows = of_orders(rows, sum_effect=rows.effect.sum(), exposures=(rows.kind == "exposure").cast("int64").sum())
    even = ibis.literal(1.0) / rows.path_length.nullif(0)
    equal = ibis.literal(1.0) / rows.exposures.nullif(0)
    inside = (rows.sum_effect > 0).ifelse(rows.effect / rows.sum_effect.nullif(0.0), equal)
    part = rows.exposures.cast("float64") / rows.path_length.nullif(0)
    return rows.mutate(weight=(rows.kind == "exposure").ifelse(inside * part, even))


def feasibility(effects: pd.DataFrame, paths: ir.Table) -> pd.DataFrame:
    """One row per exposure touchpoint: can its aggregate Markov share be paid out at all?

    ``only`` orders were touched by this touchpoint alone, ``any`` by it at all. A share of the
    exposed orders below ``only`` or above ``any`` cannot be paid: ``payable`` is false. The ledger
    always can, because it shares each order among its own touches.
    """
    rows = paths.filter((paths.outcome == "order") & (paths.kind == "exposure"))
    whole = ibis.window(group_by=["merchant", "order_id"])
    rows = rows.mutate(low=rows.touchpoint.min().over(whole), high=rows.touchpoint.max().over(whole))
    alone = (rows.low == rows.high).ifelse(rows.order_id, ibis.null().cast("string"))
    touched = rows.group_by("touchpoint").aggregate(only=alone.nunique(), any=rows.order_id.nunique())
    table = effects[["touchpoint", "share_orders"]].merge(frame(touched), on="touchpoint", how="left")
    table = table.fillna({"only": 0, "any": 0}).astype({"only": int, "any": int})
    stated = table["share_orders"] * effects.attrs["orders"]
    payable = (stated >= table["only"] - 1e-9) & (stated <= table["any"] + 1e-9)
    return table.assign(stated_orders=stated, payable=payable)
