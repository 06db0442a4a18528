"""Which factor carried the programme's effect: the same donor weights on every log factor.

The counterfactual is a fixed linear combination of donor logs plus a level. GMV's log is the
sum of its factors' logs, so the same combination of each factor's logs gives factor gaps that
add up to the GMV gap, week by week; log-mean weights turn them into money without remainder.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from retailkit.growth.donors import Matrix, matrix
from retailkit.growth.effect import rebuild
from retailkit.growth.fit import Array
from retailkit.growth.record import Effect
from retailkit.growth.tree import log_mean

COLUMNS = ("factor", "gap", "part", "share")


def factor_columns(weekly: pd.DataFrame, names: list[str]) -> dict[str, pd.Series]:
    """Factor -> log column. Buyers and frequency only where every day knows its buyers."""
    rows = weekly[weekly["merchant"].isin(names) & (weekly["phase"] != "after")]
    basket = weekly["log_gmv"] - weekly["log_orders"]
    if rows["log_buyers"].notna().all():
        frequency = weekly["log_orders"] - weekly["log_buyers"]
        return {"buyers": weekly["log_buyers"], "frequency": frequency, "basket": basket}
    return {"orders": weekly["log_orders"], "basket": basket}


def factor_effects(weekly: pd.DataFrame, effect: Effect) -> pd.DataFrame:
    """One row per factor: its mean gap to the counterfactual (logs) and its part of the gain.

    Factors: buyers a day, orders per buyer and day, GMV per order; or orders and basket where
    some days' buyers are unknown.

    Returns
    -------
    DataFrame ``factor, gap, part, share``. ``part`` in minor units a day adds up to actual
    less counterfactual exactly. Empty where there is no estimate, where it is on
    year-over-year logs, or where a week has no orders.
    """
    if effect.refused or effect.key in ("", "did_year", "series"):
        return pd.DataFrame(columns=list(COLUMNS))
    m, estimator = rebuild(weekly, effect)
    fit = estimator(m.y, m.x, m.pre, m.days)
    gaps = {}
    for name, column in factor_columns(weekly, [effect.merchant, *m.donors]).items():
        one = _same_weeks(weekly.assign(factor=column), m)
        if one is None:
            return pd.DataFrame(columns=list(COLUMNS))
        gaps[name] = one.y - one.x @ fit.weights
    level = _levels(gaps, fit.gap, m)
    post = ~m.pre
    actual, expected = m.gmv[post], m.gmv[post] * np.exp(-fit.gap[post])
    weight = log_mean(actual, expected) * m.days[post] / m.days[post].sum()
    rows = [(name, float(np.average((gap - level[name])[post], weights=m.days[post])),
             float(np.sum(weight * (gap - level[name])[post]))) for name, gap in gaps.items()]  # fmt: skip
    table = pd.DataFrame(rows, columns=["factor", "gap", "part"])
    total = table["part"].sum()
    return table.assign(share=table["part"] / total if total else np.nan)


def _same_weeks(weekly: pd.DataFrame, m: Matrix) -> Matrix | None:
    try:
        one = matrix(weekly, m.merchant, m.donors, "factor")
    except ValueError:
        return None
    return one if len(one.y) == len(m.y) else None


def _levels(gaps: dict[str, Array], total: Array, m: Matrix) -> dict[str, float]:
    """Each factor's level before the programme; the last takes what the fit's own intercept leaves."""
    levels = {name: float(np.average(gap[m.pre], weights=m.days[m.pre])) for name, gap in gaps.items()}
    rest = float(np.mean(sum(gaps.values()) - total)) - sum(levels.values())
    share = rest / len(levels)
    return {name: value + share for name, value in levels.items()}
