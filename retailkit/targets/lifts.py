"""What a phase lifts: by merchants of the cohort against the donors, and what is left for the next phase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retailkit.targets.plan import MOVING
from retailkit.targets.tree import window_factors

ENOUGH = 4
"""Merchants of past cohorts below which their median and quartile mean nothing."""

LEAST = {"base": 0.25, "stretch": 0.10}
"""Chance, if nothing new is done, below which a target is lowered: nobody works for a target out of reach."""


def no_lift() -> pd.DataFrame:
    """One row per moving factor: no planned lift."""
    ones = [1.0] * len(MOVING)
    return pd.DataFrame({"factor": MOVING, "base": ones, "stretch": ones, "merchants": 0, "median": float("nan")})


def past_lifts(
    measured: pd.DataFrame, merchants: Sequence[str], donors: Sequence[str], before: str, during: str
) -> pd.DataFrame:
    """One row per moving factor: what merchants of a past phase lifted it by, against the donors.

    A merchant's lift is its log change less the donors' median change. The whole's lift is the
    median (base) and the upper quartile (stretch) over merchants, never below none; it is split
    over factors by how past merchants' factors moved with their whole (least-squares slopes,
    none below zero), so that the factors' lifts multiply to the whole's.

    Returns
    -------
    DataFrame ``factor, base, stretch, merchants, median``: ratios, and each factor's own median
    lift as it was; base and stretch are 1 (no lift planned) where fewer than four merchants or
    three donors have both windows. Sales to known and to unknown buyers are lifted alike.
    """
    names = ["whole", *MOVING]
    changes = {m: _changes(measured, m, before, during) for m in dict.fromkeys([*merchants, *donors])}
    own = pd.DataFrame([changes[m] for m in merchants], columns=names, dtype=float).dropna(subset=["whole"])
    others = pd.DataFrame([changes[m] for m in donors], columns=names, dtype=float).dropna(subset=["whole"])
    lift = own - others.median()
    median = np.exp(lift.median()).reindex(MOVING)
    base = stretch = pd.Series(1.0, index=list(MOVING))
    if len(own) >= ENOUGH and len(others) >= 3:
        middle, high = (max(0.0, float(q)) for q in lift["whole"].quantile([0.5, 0.75]))
        parts = _split(lift)
        base, stretch = np.exp(parts * middle), np.exp(parts * high)
    return pd.DataFrame({
        "factor": list(MOVING), "base": base.to_numpy(float), "stretch": stretch.to_numpy(float),
        "merchants": len(own), "median": median.to_numpy(float),
    })  # fmt: skip


def _split(lift: pd.DataFrame) -> pd.Series:
    """Share of the whole's log lift that each factor carries; the factors of a product add up to 1."""
    whole = lift["whole"] - lift["whole"].mean()
    slopes = pd.Series({f: float((whole * lift[f]).mean()) for f in MOVING}).fillna(0.0).clip(lower=0.0)
    for product in (MOVING[:3], MOVING[3:]):
        total = slopes[list(product)].sum()
        slopes[list(product)] = slopes[list(product)] / total if total > 0 else 1.0 / len(product)
    return slopes


def _changes(measured: pd.DataFrame, merchant: str, before: str, during: str) -> dict[str, float]:
    a, b = (window_factors(measured, merchant, w) for w in (before, during))
    if a is None or b is None:
        return dict.fromkeys(("whole", *MOVING), float("nan"))
    then, now = ({**f, "whole": _gmv(f)} for f in (a, b))
    return {
        f: float(np.log(now[f] / then[f])) if then[f] > 0 and now[f] > 0 else float("nan") for f in ("whole", *MOVING)
    }


def _gmv(f: dict[str, float]) -> float:
    return f["buyers"] * f["frequency"] * f["basket"] + f["unknown_orders"] * f["unknown_basket"]


def lift_shares(
    measured: pd.DataFrame, merchants: Sequence[str], donors: Sequence[str], before: str, during: str
) -> pd.Series:
    """One value per moving factor: its part of what merchants of the cohort lifted, against the donors.

    The factors of a product add up to 1; alike where merchants are too few to tell.
    """
    lifts = past_lifts(measured, merchants, donors, before, during).set_index("factor")["median"]
    logs = np.log(lifts.where(lifts > 0)).clip(lower=0.0).fillna(0.0)
    for product in (MOVING[:3], MOVING[3:]):
        total = logs[list(product)].sum()
        logs[list(product)] = logs[list(product)] / total if total > 0 else 1.0 / len(product)
    return logs


def lifts_left(
    measured: pd.DataFrame, merchants: Sequence[str], donors: Sequence[str], before: str, first: str, second: str
) -> pd.DataFrame:
    """One row per moving factor: what a further phase may still add, given how the last one faded.

    A phase that doubled sales does not double them again. The second half of the phase added
    something to the first half, and the first to the period before; the ratio of the two
    medians over merchants (none below 0, none above 1) is how much smaller each step becomes.
    The next step is the second half's lift times that ratio: median (base), upper quartile (stretch).

    Parameters
    ----------
    before, first, second : names of the windows: the period before and both halves of the phase.

    Returns
    -------
    The columns of ``past_lifts`` for the second half, base and stretch shrunk; ``attrs``
    ``shrink`` holds the ratio.
    """
    start = past_lifts(measured, merchants, donors, before, first)
    again = past_lifts(measured, merchants, donors, first, second)
    earned, added = (whole_lift(t, "base") for t in (start, again))
    shrink = min(added / earned, 1.0) if earned > 0 else 0.0
    for name in ("base", "stretch"):
        again[name] = again[name] ** shrink
    again.attrs = {"shrink": shrink}
    return again


def whole_lift(lifts: pd.DataFrame, name: str) -> float:
    """Log of the lift of the whole: the product of the lifts of known buyers' factors."""
    ratios = lifts.set_index("factor")[name]
    return float(np.log(ratios.reindex(list(MOVING[:3]))).sum())


def attainable(lifts: pd.DataFrame, se: float, df: int, drift: float = float("nan")) -> pd.DataFrame:
    """The lifts, lowered where nobody could believe them: base to one chance in four, stretch to one in ten.

    The chances are those of reaching the target if nothing new is done, see ``chances``; all
    factors are lowered alike. Unchanged where no error could be measured.

    >>> table = no_lift().assign(base=[4.0, 1, 1, 4.0, 1], stretch=[9.0, 1, 1, 9.0, 1])
    >>> attainable(table, se=0.1, df=30)["base"].round(2).tolist()
    [1.07, 1.0, 1.0, 1.07, 1.0]
    """
    from scipy.stats import t

    error = float(np.hypot(se, drift)) if drift > 0 else se
    if not error > 0:
        return lifts
    out = lifts.copy()
    for name, chance in LEAST.items():
        asked, most = whole_lift(lifts, name), float(t.isf(chance, df)) * error
        if asked > most:
            out[name] = out[name] ** (most / asked)
    return out
