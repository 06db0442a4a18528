"""What grew by touchpoint, format and customer: cells whose gaps add up to the GMV gap.

A cell's counterfactual is its own period before, moved as the donors' same cell moved where
donors have it, then raked so that all cells add up to the merchant's counterfactual. A cell
that is new has counterfactual zero (entry); one that vanished keeps its whole loss (exit). A cell that had
orders all along, but refunds above its sales in one period, is called that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from retailkit.growth.calendar import bounds
from retailkit.growth.panel import of_periods
from retailkit.growth.record import Effect
from retailkit.growth.tree import CAME_OR_WENT, lmdi, without_factors

if TYPE_CHECKING:
    from ibis.expr.types import Table

KEYS = ["touchpoint", "format", "customer"]
INPUTS = ("merchant", "period", *KEYS, "days", "orders", "gmv")
COLUMNS = (*KEYS, "before", "counterfactual", "actual", "part", "orders_part", "basket_part", "entry_part", "kind")

SMALLEST_DONOR = 0.2
"""Donor cells that grew or shrank by more than a factor 1/.2 are capped there: thin cells jump."""


def cell_inputs(orders: Table, persons: Table, baseline: Any, programme: Any) -> pd.DataFrame:
    """One row per merchant, period and cell: orders and net GMV (minor units).

    A cell is touchpoint x format x customer (new, returning, unknown; new: the first of
    the ``orders`` given falls in the period). Orders without touchpoint or format are ``unknown`` there.
    """
    import ibis

    if baseline is None or programme is None:
        return pd.DataFrame(columns=list(INPUTS))
    parts = []
    for period, inside, days in of_periods(
        orders, persons, {"before": bounds(baseline), "programme": bounds(programme)}
    ):
        rows = inside.mutate(**{key: inside[key].fill_null("unknown") for key in KEYS}).group_by(["merchant", *KEYS])
        sums = rows.aggregate(orders=lambda t: t.order_id.count(), gmv=lambda t: t.net_amount.sum())
        parts.append(sums.mutate(period=ibis.literal(period), days=ibis.literal(days, "int64")))
    table = ibis.union(*parts).execute().reindex(columns=list(INPUTS))
    return table.sort_values(["merchant", *KEYS, "period"]).reset_index(drop=True)


def cell_effects(inputs: pd.DataFrame, effect: Effect) -> pd.DataFrame:
    """One row per cell: mean daily GMV before, counterfactual and actual, and the gap's parts.

    Returns
    -------
    DataFrame ``touchpoint, format, customer, before, counterfactual, actual, part, orders_part,
    basket_part, entry_part, kind`` in minor units a day. ``part`` = actual - counterfactual;
    its three parts (orders, basket, entry or exit) add up to it and all parts to the
    merchant's gap. Empty where there is no estimate.
    """
    own = _wide(inputs[inputs["merchant"] == effect.merchant])
    if effect.refused or own.empty or own["before"].sum() <= 0:
        return pd.DataFrame(columns=list(COLUMNS))
    total = own["actual"].sum()
    counterfactual = total / effect.ratio
    moved = own["before"].clip(lower=0) * _donor_growth(inputs, effect).reindex(own.index).fillna(1.0)
    own["counterfactual"] = moved * (counterfactual / moved.sum())
    own["part"] = own["actual"] - own["counterfactual"]
    # baskets without the programme: the period before's, so that prices moving are the basket's part
    basket = own["before"] / own["orders_before"].where(own["orders_before"] > 0)
    expected = (own["counterfactual"] / basket.where(basket > 0)).fillna(0)
    then = np.column_stack([expected, basket.where(basket > 0).fillna(0)])
    safe = own["actual"].clip(lower=0)
    count = own["orders_actual"].where(own["orders_actual"] > 0)
    now = np.column_stack([own["orders_actual"], (safe / count).fillna(0)])
    split = lmdi(then, now)
    own["orders_part"], own["basket_part"] = split[:, 0], split[:, 1]
    own["entry_part"] = own["part"] - split[:, 0] - split[:, 1]
    came, went = own["counterfactual"] <= 0, own["actual"] <= 0
    why = without_factors(own[["before", "actual"]], own[["orders_before", "orders_actual"]])
    refunded = (came | went) & (why != CAME_OR_WENT)
    own["kind"] = np.select([refunded, came, went], [why, "entry", "exit"], "kept")
    own.loc[own["kind"] == "kept", "entry_part"] = 0.0
    own.loc[own["kind"] == "kept", "basket_part"] = own["part"] - own["orders_part"]
    return own.reset_index()[list(COLUMNS)].sort_values("part", ascending=False, key=np.abs, ignore_index=True)


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: mean daily GMV and orders in both periods."""
    rows = rows.assign(gmv=rows["gmv"].astype(float) / rows["days"], orders=rows["orders"].astype(float) / rows["days"])
    wide = rows.pivot_table(index=KEYS, columns="period", values=["gmv", "orders"], aggfunc="sum", fill_value=0.0)
    out = pd.DataFrame(index=wide.index)
    for column, prefix in (("gmv", ""), ("orders", "orders_")):
        out[f"{prefix}before"] = wide.get((column, "before"), 0.0)
        out[f"{prefix}actual"] = wide.get((column, "programme"), 0.0)
    return out


def _donor_growth(inputs: pd.DataFrame, effect: Effect) -> pd.Series:
    """Growth of each cell over the weighted donors, capped; cells that no donor had before are left out."""
    weights = effect.donors.set_index("donor")["weight"].clip(lower=0)
    rows = inputs[inputs["merchant"].isin(weights.index[weights > 0])]
    if rows.empty:
        return pd.Series(dtype=float)
    mean = rows["gmv"].astype(float) / rows["days"]
    scale = rows.assign(mean=mean)[rows["period"] == "before"].groupby("merchant")["mean"].sum()
    share = mean / rows["merchant"].map(scale.where(scale > 0)) * rows["merchant"].map(weights)
    sums = rows.assign(share=share).groupby([*KEYS, "period"])["share"].sum().unstack("period")
    sums = sums.reindex(columns=["before", "programme"]).fillna(0.0)
    grown = sums["programme"] / sums["before"].where(sums["before"] > 0)
    return grown.clip(lower=SMALLEST_DONOR, upper=1 / SMALLEST_DONOR).dropna()
