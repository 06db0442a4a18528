"""How sure: intervals by a Poisson bootstrap over persons."""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import sparse

from retailkit.attribute.tables import frame
from retailkit.schema.given import takes_frames

SMALL = 30
"""A touchpoint with fewer credited orders than this is rare: its interval is wide, say so."""


def poisson_weights(multiplicity: np.ndarray, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """One row per replicate: how often each group of equal persons is drawn.

    The sum of n independent Poisson(1) draws is Poisson(n), so equal persons are drawn together.
    """
    return rng.poisson(multiplicity, size=(replicates, len(multiplicity))).astype(float)


@takes_frames
def credit_interval(book: ir.Table, seed: int, replicates: int = 1000, level: float = 0.9) -> pd.DataFrame:
    """One row per touchpoint: its credit and share of all money with an interval over persons.

    Parameters
    ----------
    book : ledger of one rule
    seed : int
    replicates : int
    level : float
        Nominal coverage, a fraction.

    Returns
    -------
    ``credit`` (minor units), ``share`` of net GMV with ``low`` and ``high``, ``orders`` (sum of
    shares of orders), ``persons``, ``rare`` (fewer than 30 credited orders).

    Notes
    -----
    Persons are drawn again, not orders: one household's baskets go together. An order without a
    person is drawn by itself. The weights of the rule are held as they are. With some thirty persons, or where a
    few large baskets make most of the money, an interval of 90% holds the truth in 81% to 88% of samples; from a
    hundred on in 86% and more.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; a fraction such as 0.9 is needed")
    unit = book.person.fill_null("order:" + book.order_id)
    rows = book.mutate(unit=unit).group_by(["unit", "touchpoint"])
    found = frame(rows.aggregate(credit=book.credit.sum(), orders=book.share.sum().round(6)))
    found = found.sort_values(["unit", "touchpoint"], ignore_index=True)
    table = found.groupby("touchpoint").agg(
        credit=("credit", "sum"), orders=("orders", "sum"), persons=("unit", "nunique")
    )
    if found.empty:
        return table.reset_index().assign(share=0.0, low=0.0, high=0.0, rare=True)
    units, touchpoints = pd.factorize(found["unit"])[0], pd.Categorical(found["touchpoint"], categories=table.index)
    money = sparse.csr_matrix((found["credit"].astype(float), (units, touchpoints.codes)))
    rng = np.random.default_rng(seed)
    drawn = np.vstack([_draw(money, min(100, replicates - i), rng) for i in range(0, replicates, 100)])
    whole, total = drawn.sum(axis=1), table["credit"].sum()
    some = whole != 0  # a draw without money has no shares
    if total and some.any():
        low, high = np.quantile(drawn[some] / whole[some, None], [(1 - level) / 2, (1 + level) / 2], axis=0)
        point = table["credit"] / total
    else:
        low, high, point = np.nan, np.nan, table["credit"] * 0.0
    table = table.assign(share=point, low=np.minimum(low, point), high=np.maximum(high, point))
    return (
        table.assign(rare=table["orders"] < SMALL)
        .reset_index()
        .sort_values("credit", ascending=False, ignore_index=True)
    )


def _draw(money: sparse.csr_matrix, replicates: int, rng: np.random.Generator) -> np.ndarray:
    return poisson_weights(np.ones(money.shape[0]), replicates, rng) @ money
