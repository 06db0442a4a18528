"""How often will each customer still buy: buy-till-you-die models fitted by maximum likelihood.

Time comes in days (the features' unit) and results are per day or per horizon; inside, time is
measured in mean observation lengths, so the optimum is the same in days, weeks or months.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import hyp2f1

from retailkit.segment import likelihoods
from retailkit.segment.draws import weighed_draws
from retailkit.segment.errors import TooFewError
from retailkit.segment.intervals import normal_half
from retailkit.segment.likelihoods import Histories

MODELS: dict[str, tuple[Callable, tuple[str, ...]]] = {
    "bg_nbd": (likelihoods.bg_nbd, ("r", "alpha", "a", "b")),
    "mbg_nbd": (likelihoods.mbg_nbd, ("r", "alpha", "a", "b")),
    "pareto_nbd": (likelihoods.pareto_nbd, ("r", "alpha", "s", "beta")),
}
TIMES = {"alpha", "beta"}
_FAR = 7.0  # bound of the log parameters: at r = e^7 all buy at one rate to within 3%, and 2F1 still has its digits


@dataclass(frozen=True)
class PurchaseFit:
    """A fitted purchase model: parameters in the unit of time of the data, with their doubt.

    ``covariance`` is that of the parameters' logarithms (inverse Hessian at the optimum). A parameter
    that ran to its bound (nobody leaves, or all buy at one rate) is held there, without variance. ``seen`` and
    ``prior`` are what it was fitted to; without them draws are normal about the optimum. ``merchants`` is how many the
    prior was learned from, 0 where it is certain.
    """

    model: str
    parameters: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    customers: int
    repeaters: int
    seen: Histories | None = field(default=None, repr=False)
    prior: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)
    merchants: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return MODELS[self.model][1]

    def table(self, level: float = 0.9) -> pd.DataFrame:
        """One row per parameter: estimate, standard error, interval (log-normal, at ``level``)."""
        variance = np.diag(self.covariance)
        spread = np.sqrt(np.where(variance > 0, variance, np.nan))
        z = normal_half(level)
        return pd.DataFrame({
            "parameter": self.names, "value": self.parameters, "standard_error": self.parameters * spread,
            "low": self.parameters * np.exp(-z * spread), "high": self.parameters * np.exp(z * spread),
        })  # fmt: skip


def histories(features: pd.DataFrame) -> Histories:
    """Distinct histories of persons: from ``repeat_days``, ``days_to_last`` and ``age_days``."""
    return Histories.of(features["repeat_days"], features["days_to_last"], features["age_days"])


def fit_purchases(
    features: pd.DataFrame, model: str = "bg_nbd", prior: tuple[np.ndarray, np.ndarray] | None = None
) -> PurchaseFit:
    """Fit a purchase model to persons (rows of ``person_features``, or any frame with its three columns).

    Parameters
    ----------
    features : one row per person with ``repeat_days`` (x), ``days_to_last`` (t_x), ``age_days`` (T), in one unit.
    model : ``bg_nbd``, ``mbg_nbd`` or ``pareto_nbd``.
    prior : mean and variance of the log parameters over a cohort's merchants (see ``pool_purchases``).

    Raises
    ------
    TooFewError
        With fewer than 2 repeaters and no prior: what drives repeat buying is then unknown.
    """
    repeaters = int((features["repeat_days"] > 0).sum())
    if repeaters < 2 and prior is None:
        raise TooFewError(
            f"{repeaters} of {len(features)} customers bought again: a purchase model needs at least 2 repeaters. "
            "Study a longer span, or fit the cohort together with pool_purchases.",
            f"{len(features)}名客户中只有{repeaters}人复购：购买模型至少需要2名复购客户。可延长研究期，或合并同批商户估计。",
        )
    h = histories(features)
    likelihood, names = MODELS[model]
    in_scale = np.array([h.scale if name in TIMES else 1.0 for name in names])

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = np.exp(np.clip(theta, -_FAR, _FAR))
        value, gradient = likelihood(parameters, h)
        value, gradient = -value, -gradient * parameters
        if prior is not None:
            off = theta + np.log(in_scale) - prior[0]
            value, gradient = value + 0.5 * np.sum(off**2 / prior[1]), gradient + off / prior[1]
        return value, gradient

    start = np.log([0.5, 0.5, 1.0, 1.5]) if prior is None else prior[0] - np.log(in_scale)
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-_FAR, _FAR)] * 4,
                     options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-6 * len(features) ** 0.5}).x  # fmt: skip
    hessian, free = _hessian(loss, theta), np.abs(theta) < _FAR - 0.01
    inner = np.ix_(free, free)
    for _ in range(3):  # Newton steps: the last digits of a flat optimum
        step = np.zeros(len(theta))
        step[free] = np.linalg.lstsq(hessian[inner], loss(theta)[1][free], rcond=None)[0]
        if not np.all(np.isfinite(step)) or np.abs(step).max() > 0.1 or np.abs(step).max() < 1e-9:
            break
        theta = theta - step
    log_likelihood = likelihood(np.exp(theta), h, slopes=False)[0] - float(h.customers @ h.x) * np.log(h.scale)
    covariance = np.zeros_like(hessian)
    covariance[inner] = np.linalg.pinv(hessian[inner], hermitian=True)
    return PurchaseFit(
        model, np.exp(theta) * in_scale, covariance, log_likelihood, len(features), repeaters,
        replace(h, row_of=h.row_of[:0]), prior,
    )  # fmt: skip


def purchase_draws(fit: PurchaseFit, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return parameters, draws × parameters, as likely as the customers and the prior make them.

    Without a prior learned from other merchants nothing is known of the mean rate, the mean chance to leave and how much
    customers differ in either: uniform are the logarithm of the rate's mean, the mean chance, and the spreads among
    customers, r^-1/2 (the rate's coefficient of variation) and (a+b)^-1/2 (Gelman et al., Bayesian Data Analysis, 5.3).
    Were the logarithms uniform, a merchant's few leavers would never outweigh that nobody leaves at all.
    """
    centre, h, likelihood = np.log(fit.parameters), fit.seen, MODELS[fit.model][0]
    if h is None:
        return np.exp(rng.multivariate_normal(centre, fit.covariance, draws, method="eigh"))
    in_scale = np.log([h.scale if name in TIMES else 1.0 for name in fit.names])

    def log_density(log_parameters: np.ndarray) -> float:
        theta = log_parameters - in_scale
        if np.abs(theta).max() > _FAR + 1e-6:
            return -np.inf
        known = likelihood(np.exp(theta), h, slopes=False)[0]
        if fit.prior is not None:
            return known + _among_merchants((log_parameters - fit.prior[0]) ** 2 / fit.prior[1], fit.merchants)
        r, _, c, d = theta
        leaving = -0.5 * c if fit.model == "pareto_nbd" else c + d - 2.5 * np.logaddexp(c, d)
        return known - 0.5 * r + leaving

    return np.exp(weighed_draws(centre, fit.covariance, log_density, draws, rng))


def _among_merchants(squares: np.ndarray, merchants: int) -> float:
    """Log density of how far a merchant lies from the others, by squared distances in their variance.

    Mean and variance of a few merchants are not known: one more of them is spread as Student's t, one degree of freedom
    per merchant less one, and by the unbiased variance and that of the mean wider.
    """
    if merchants < 2:
        return -0.5 * float(squares.sum())
    freedom = merchants - 1
    wider = merchants / freedom * (1 + 1 / merchants)
    return -(freedom + 1) / 2 * float(np.log1p(squares / (freedom * wider)).sum())


def _hessian(loss: Callable, theta: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Second derivatives by central differences of the analytic gradient, symmetrised."""
    shifts = np.eye(len(theta)) * step
    rows = [(loss(theta + s)[1] - loss(theta - s)[1]) / (2 * step) for s in shifts]
    return (np.array(rows) + np.array(rows).T) / 2


def alive(fit: PurchaseFit, h: Histories, parameters: np.ndarray | None = None) -> np.ndarray:
    """Probability that a customer with this history has not left, one per distinct history."""
    r, alpha, c, d = _inside(fit, h, parameters)
    if fit.model == "pareto_nbd":
        log_gone, _ = likelihoods.gone_between(np.array([r, alpha, c, d]), h)
        log_alive = -(r + h.x) * np.log(alpha + h.T) - c * np.log(d + h.T)
        return np.exp(log_alive - np.logaddexp(log_alive, log_gone))
    ratio = ((alpha + h.T) / (alpha + h.t_x)) ** (r + h.x)
    if fit.model == "mbg_nbd":
        return 1 / (1 + c / (d + h.x) * ratio)
    return np.where(h.x > 0, 1 / (1 + c / np.where(h.x > 0, d + h.x - 1, 1) * ratio), 1.0)


def expected_purchases(
    fit: PurchaseFit, h: Histories, horizon: float, parameters: np.ndarray | None = None
) -> np.ndarray:
    """Expected purchases in the next ``horizon`` (in the data's unit of time), one per distinct history."""
    r, alpha, c, d = _inside(fit, h, parameters)
    t = horizon / h.scale
    here = alive(fit, h, parameters)
    if fit.model == "pareto_nbd":
        left = 1 - ((d + h.T) / (d + h.T + t)) ** (c - 1)
        return here * (r + h.x) * (d + h.T) / ((alpha + h.T) * (c - 1)) * left
    shift = 1 if fit.model == "mbg_nbd" else 0
    # 2F1 depends on (x, T) alone: far fewer pairs than histories
    pair, place = h.pairs
    x, T = h.x[pair], h.T[pair]
    top = d + x + shift
    series = hyp2f1(r + x, top, c + d + x - 1 + shift, t / (alpha + T + t))
    growth = (c + d + x - 1 + shift) / (c - 1) * (1 - ((alpha + T) / (alpha + T + t)) ** (r + x) * series)
    return growth[place] * here


def expected_by_newcomer(fit: PurchaseFit, times: np.ndarray) -> np.ndarray:
    """Expected repeat purchases of a just-acquired customer by each time (E[X(t)])."""
    r, alpha, c, d = fit.parameters
    t = np.asarray(times, float)
    if fit.model == "pareto_nbd":
        return r * d / (alpha * (c - 1)) * (1 - (d / (d + t)) ** (c - 1))
    shift = 1 if fit.model == "mbg_nbd" else 0
    series = hyp2f1(r, d + shift, c + d - 1 + shift, t / (alpha + t))
    return (c + d - 1 + shift) / (c - 1) * (1 - (alpha / (alpha + t)) ** r * series)


def _inside(fit: PurchaseFit, h: Histories, parameters: np.ndarray | None) -> np.ndarray:
    """Parameters in the histories' inner unit of time."""
    chosen = fit.parameters if parameters is None else parameters
    return chosen / np.array([h.scale if name in TIMES else 1.0 for name in fit.names])
