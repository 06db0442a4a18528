"""How much a customer spends per purchase: the Gamma-Gamma model.

Source: Fader & Hardie (2013), note 025. A customer's mean spend is pulled towards everybody's
mean, the more the fewer purchases stand behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import stdtr

from retailkit.segment.draws import weighed_draws
from retailkit.segment.errors import TooFewError
from retailkit.segment.likelihoods import gamma_gamma
from retailkit.segment.purchases import _hessian

_FAR = 9.0  # bound of the log parameters


@dataclass(frozen=True)
class SpendFit:
    """A fitted Gamma-Gamma model: p, q, gamma (gamma in money), covariance of their logarithms.

    ``correlation`` is the rank correlation between a repeater's number of purchases and mean spend,
    with its p-value: the model assumes none. ``seen`` holds the purchases and mean spend of the repeaters that it was
    fitted to; without them draws are normal about the optimum.
    """

    parameters: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    repeaters: int
    correlation: float
    p_value: float
    seen: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)


def fit_spend(features: pd.DataFrame, left_truncate: int = 0) -> SpendFit:
    """Fit Gamma-Gamma to repeaters with a positive mean spend.

    Parameters
    ----------
    features : one row per person with ``repeat_days`` and ``repeat_day_amount`` (mean per repeat purchase day).
    left_truncate : only repeaters with more than this many repeat days.

    Raises
    ------
    TooFewError
        With fewer than 3 usable repeaters, or where all of them spend the same.
    """
    used = features[(features["repeat_days"] > left_truncate) & (features["repeat_day_amount"] > 0)]
    x = used["repeat_days"].to_numpy(float)
    mean = used["repeat_day_amount"].to_numpy(float)
    if len(used) < 3 or np.ptp(mean) == 0:
        few = len(used) < 3
        why = f"{len(used)} repeaters with a positive spend" if few else "all repeaters spend the same"
        chinese = f"有正消费的复购客户只有{len(used)}人" if few else "所有复购客户消费金额相同"
        raise TooFewError(
            f"the spend model needs at least 3 repeaters with different spends: {why}.",
            f"消费模型至少需要3名消费金额不同的复购客户：{chinese}。",
        )
    unit = float(np.average(mean, weights=x))

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = np.exp(theta)
        value, gradient = gamma_gamma(parameters, x, mean / unit)
        return -value, -gradient * parameters

    found = minimize(loss, np.log([2.0, 3.0, 1.5]), jac=True, method="L-BFGS-B", bounds=[(-_FAR, _FAR)] * 3,
                     options={"maxiter": 500, "ftol": 1e-13}).x  # fmt: skip
    covariance = np.linalg.pinv(_hessian(loss, found), hermitian=True)
    rank = rank_correlation(x, mean) if len(used) > 3 and np.ptp(x) > 0 else (0.0, 1.0)
    log_likelihood = -loss(found)[0] - len(used) * np.log(unit)
    parameters = np.exp(found) * np.array([1, 1, unit])
    return SpendFit(parameters, covariance, log_likelihood, len(used), *rank, (x, mean))


def spend_draws(fit: SpendFit, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return parameters, draws × (p, q, gamma), as likely as the repeaters make them.

    Nothing is known beforehand: uniform are the coefficients of variation p^-1/2 (of one customer's purchases) and
    q^-1/2 (among customers), and the logarithm of gamma.
    """
    centre, seen = np.log(fit.parameters), fit.seen
    if seen is None:
        return np.exp(rng.multivariate_normal(centre, fit.covariance, draws, method="eigh"))

    def log_density(log_parameters: np.ndarray) -> float:
        if np.abs(log_parameters[:2]).max() > _FAR:
            return -np.inf
        return gamma_gamma(np.exp(log_parameters), *seen, slopes=False)[0] - 0.5 * float(log_parameters[:2].sum())

    return np.exp(weighed_draws(centre, fit.covariance, log_density, draws, rng))


def rank_correlation(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Spearman's rank correlation and its p-value (Student's t), ties at their mean rank.

    >>> rank_correlation(np.array([1.0, 2, 3, 4]), np.array([2.0, 1, 4, 8]))[0].__round__(2)
    0.8
    """
    ranks = pd.DataFrame({"one": one, "other": other}).rank()
    r = float(ranks["one"].corr(ranks["other"]))
    freedom = len(ranks) - 2
    t = abs(r) * np.sqrt(freedom / max(1 - r * r, 1e-300))
    return r, float(2 * stdtr(freedom, -t))


def expected_spend(fit: SpendFit, features: pd.DataFrame) -> np.ndarray:
    """Expected spend per future purchase of each person, in the unit of ``repeat_day_amount``.

    Persons without a repeat purchase get the population's mean. With q so small that the
    mean does not exist, the result is infinite rather than a number nobody should use.
    """
    return next(spend_by_draw(fit.parameters[None], features))


def spend_by_draw(parameters: np.ndarray, features: pd.DataFrame) -> Iterator[np.ndarray]:
    """Yield each person's expected spend under each row of parameters (p, q, gamma)."""
    x = features["repeat_days"].to_numpy(float)
    spent = x * np.where(x > 0, features["repeat_day_amount"].to_numpy(float), 0.0)
    for p, q, gamma in parameters:
        below = p * x + q - 1
        yield np.where(below > 0, p * (gamma + spent) / np.where(below > 0, below, 1), np.inf)
