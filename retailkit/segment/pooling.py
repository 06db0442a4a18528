"""Purchase models of a cohort's merchants, fitted together: small merchants lean on the others.

Alone, a merchant with a few hundred customers cannot tell its dropout parameters apart. The log
parameters of the merchants are taken as draws from one normal distribution; its mean and spread
are learned from all of them (empirical Bayes by EM with Laplace steps).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from retailkit.segment.errors import TooFewError
from retailkit.segment.purchases import PurchaseFit, fit_purchases

_FLOOR = 0.02  # variance below which merchants would be forced to be one and the same
_WIDE = 4.0  # starting spread: a factor of about e^2 either way


@dataclass(frozen=True)
class PooledFit:
    """Fits of a cohort's merchants with the distribution they share (mean, variance of log parameters)."""

    fits: dict[str, PurchaseFit]
    mean: np.ndarray
    variance: np.ndarray

    def table(self) -> pd.DataFrame:
        """One row per merchant and parameter, with intervals."""
        return pd.concat([f.table().assign(merchant=m, customers=f.customers) for m, f in self.fits.items()])


def pool_purchases(features: pd.DataFrame, model: str = "bg_nbd", rounds: int = 12) -> PooledFit:
    """Fit one purchase model per merchant with partial pooling.

    Parameters
    ----------
    features : one row per merchant and person.
    model : as in ``fit_purchases``.
    rounds : at most this many EM rounds; stops earlier when the shared mean settles.

    Raises
    ------
    TooFewError
        If no merchant has enough repeaters to start from.
    """
    by_merchant = {str(m): part for m, part in features.groupby("merchant", sort=True)}
    wholes = [part for part in by_merchant.values() if (part["repeat_days"] > 0).sum() >= 20]
    if not wholes:
        raise TooFewError(
            "no merchant of the cohort has 20 repeaters: a purchase model cannot be fitted",
            "同批商户中没有一家有20名复购客户，无法估计购买模型。",
        )
    start = fit_purchases(pd.concat(wholes), model)
    mean, variance = np.log(start.parameters), np.full(4, _WIDE)
    fits: dict[str, PurchaseFit] = {}
    for _ in range(rounds):
        fits = {m: fit_purchases(part, model, prior=(mean, variance)) for m, part in by_merchant.items()}
        logs = np.array([np.log(f.parameters) for f in fits.values()])
        doubt = np.array([np.diag(f.covariance) for f in fits.values()])
        before, mean = mean, logs.mean(axis=0)
        if len(fits) > 1:
            variance = np.maximum(((logs - mean) ** 2 + doubt).mean(axis=0), _FLOOR)
        if np.abs(mean - before).max() < 1e-3:
            break
    return PooledFit({m: replace(f, merchants=len(fits)) for m, f in fits.items()}, mean, variance)
