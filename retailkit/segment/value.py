"""What each customer is worth in the time ahead, with an interval.

value = expected purchases in the horizon x expected spend per purchase. The interval says how
well the *expectation* is known (draws of the models' parameters); what one customer will in fact
spend varies far more. It speaks under its model: who leaves in another way than the model has it is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retailkit.segment.errors import refuse_several
from retailkit.segment.purchases import PurchaseFit, alive, expected_purchases, fit_purchases, histories, purchase_draws
from retailkit.segment.spend import SpendFit, expected_spend, fit_spend, spend_by_draw, spend_draws

_CHUNK = 100_000
_WIDEST = 20.0  # standard error of a log parameter beyond which it is not known to a factor of a billion


@dataclass(frozen=True)
class ValueFit:
    """A fitted pair: how often customers buy, and how much each time."""

    purchases: PurchaseFit
    spend: SpendFit

    @property
    def identified(self) -> bool:
        """Whether both likelihoods have a maximum with curvature all round, so that there are standard errors."""
        return all(_round(part.covariance) for part in (self.purchases, self.spend))


def fit_value(features: pd.DataFrame, model: str = "bg_nbd") -> ValueFit:
    """Fit purchase and spend models to one merchant's persons (rows of ``person_features``).

    Raises
    ------
    TooFewError
        If too few customers came back for either model.
    SeveralMerchantsError
        If the persons are of several merchants: ``pool_purchases`` fits these.
    """
    if "merchant" in features:
        refuse_several(features["merchant"].unique(), "a model of value", "价值模型")
    return ValueFit(fit_purchases(features, model), fit_spend(features))


def customer_value(
    fit: ValueFit, features: pd.DataFrame, horizon_days: int = 365, level: float = 0.9, draws: int = 200, seed: int = 1
) -> pd.DataFrame:
    """One row per person: chance to be active, purchases and value expected in the horizon, with intervals.

    Columns ``merchant, person`` (where the features have them), ``alive``, ``purchases`` (expected
    purchase days), ``spend`` (per purchase day), ``value, value_low, value_high`` in the unit of
    ``repeat_day_amount``. Future money is not discounted.

    Parameters
    ----------
    fit : from ``fit_value``, on these or on earlier persons.
    features : one row per person.
    horizon_days : length of the time ahead, in the features' unit of time.
    draws : parameter draws behind the interval, as likely as the data make them; 0 leaves the interval out. The interval is empty
        where the fit is not ``identified``, and for a person where it has no finite end.
    """
    h = histories(features)
    purchases = expected_purchases(fit.purchases, h, horizon_days)[h.row_of]
    spend = expected_spend(fit.spend, features)
    names = [c for c in ("merchant", "person") if c in features]
    result = features[names].reset_index(drop=True).assign(
        alive=alive(fit.purchases, h)[h.row_of], purchases=purchases, spend=spend, value=purchases * spend
    )  # fmt: skip
    if draws == 0:
        return result
    if not fit.identified:
        return result.assign(value_low=np.nan, value_high=np.nan)
    low, high = _interval(fit, features, h, horizon_days, level, draws, np.random.default_rng(seed))
    known = np.isfinite(low) & np.isfinite(high)  # spend so uneven that its mean may not exist has no upper end
    return result.assign(value_low=np.where(known, low, np.nan), value_high=np.where(known, high, np.nan))


def _round(covariance: np.ndarray) -> bool:
    """Whether a matrix can be a covariance: finite, and every direction of free parameters has a positive variance."""
    free = np.diag(covariance) != 0
    if not np.isfinite(covariance).all() or not free.any():
        return False
    spread = np.linalg.eigvalsh(covariance[np.ix_(free, free)])
    return bool(spread[0] > 1e-12 * spread[-1] and spread[-1] < _WIDEST**2)


def _interval(fit, features, h, horizon, level, draws, rng) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    """Quantiles of each person's expected value over draws of both models' parameters."""
    of_purchases, of_spend = purchase_draws(fit.purchases, draws, rng), spend_draws(fit.spend, draws, rng)
    often = np.empty((draws, len(h.x)), np.float32)
    for row, p in zip(often, of_purchases, strict=True):
        row[:] = expected_purchases(fit.purchases, h, horizon, p)
    low, high = np.empty(len(features)), np.empty(len(features))
    for start in range(0, len(features), _CHUNK):  # bounds memory: draws x chunk values at a time
        part = slice(start, start + _CHUNK)
        people = features.iloc[part]
        each = np.stack([s.astype(np.float32) for s in spend_by_draw(of_spend, people)])
        low[part], high[part] = _ends(often[:, h.row_of[part]] * each, level)
    return low, high


def _ends(values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval that holds a further draw with chance ``level``, given draws along the first axis.

    Of n draws in order, the i-th and the j-th hold one more draw of their kind between them with chance
    (j - i) / (n + 1): quantiles of the draws themselves, at level x n of them, would be too narrow.
    """
    outside = min(max(round((1 - level) / 2 * (len(values) + 1)), 1), (len(values) + 1) // 2)
    at = [outside - 1, len(values) - outside]
    part = np.partition(values, at, axis=0)
    return part[at[0]], part[at[1]]


def value_calibration(fit: ValueFit, before: pd.DataFrame, after: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """One row per number of past repeat purchases: expected against actual purchases in a held-out span.

    Parameters
    ----------
    fit : fitted on ``before`` alone.
    before : features as of the split.
    after : ``person`` with ``purchase_days`` in the ``horizon_days`` after the split; absent means none.
    """
    h = histories(before)
    later = before[["person"]].merge(after[["person", "purchase_days"]], on="person", how="left")
    frame = pd.DataFrame({
        "repeats_before": before["repeat_days"].clip(upper=7).to_numpy(),
        "expected": expected_purchases(fit.purchases, h, horizon_days)[h.row_of],
        "actual": later["purchase_days"].fillna(0).to_numpy(float),
    })  # fmt: skip
    table = frame.groupby("repeats_before").agg(
        persons=("actual", "size"), expected=("expected", "mean"), actual=("actual", "mean"), spread=("actual", "std")
    )
    half = 1.645 * table["spread"].fillna(0) / np.sqrt(table["persons"])
    return table.assign(low=table["actual"] - half, high=table["actual"] + half).drop(columns="spread").reset_index()
