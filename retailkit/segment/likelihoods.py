"""Log-likelihoods of buy-till-you-die models, with their gradients, on distinct histories.

A *history* is what these models need of a customer: ``x`` repeat purchases, the time ``t_x``
of the last one and the time ``T`` under observation, both from the first purchase. Customers
share histories, so a likelihood is a count-weighted sum over the distinct ones; lnGamma and
digamma depend on the whole number ``x`` alone and are looked up. Draws need no gradient: without ``slopes`` it is
left out, and empty.

Sources: BG/NBD Fader, Hardie & Lee (2005); MBG/NBD Batislam, Denizel & Filiztekin (2007);
Pareto/NBD Schmittlein, Morrison & Colombo (1987); Gamma-Gamma Fader & Hardie (2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln

Value = tuple[float, np.ndarray]
_NO_SLOPES = np.empty(0)


@dataclass(frozen=True)
class Histories:
    """Distinct histories: one row is (x, t_x, T) with the number of customers who share it.

    ``row_of`` gives the row of each customer; ``scale`` is the unit of time used inside, the
    mean of T, so that the optimum does not depend on whether days or months come in.
    """

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    customers: np.ndarray
    row_of: np.ndarray
    scale: float

    @classmethod
    def of(cls, repeats: pd.Series, last: pd.Series, age: pd.Series, scale: float | None = None) -> Histories:
        """Collapse customers to distinct histories; all three in one unit of time."""
        frame = pd.DataFrame({"x": np.asarray(repeats), "t_x": np.asarray(last, float), "T": np.asarray(age, float)})
        groups = frame.groupby(["x", "t_x", "T"], sort=True)
        rows = groups.size()
        index = rows.index.to_frame(index=False)
        unit = scale or float(np.average(index["T"], weights=rows)) or 1.0
        x = index["x"].to_numpy(np.int64)
        # to nine digits: what a unit leaves behind the last one must not choose the way along a flat ridge
        t_x, T = (np.round(index[name].to_numpy() / unit, 9) for name in ("t_x", "T"))
        return cls(x, t_x, T, rows.to_numpy(), groups.ngroup().to_numpy(), unit)

    @cached_property
    def whole(self) -> np.ndarray:
        """0, 1, ... up to the largest x: the only arguments lnGamma is ever asked for."""
        return np.arange(self.x.max(initial=0) + 1)

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows with the first of each distinct (x, T), and the place of every row's pair among them."""
        key = self.x * (2.0**31) + np.round(self.T * self.scale * 1024)
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        return first, place

    def of_x(self, function: object, shift: float) -> np.ndarray:
        """``function(x + shift)`` of every row, by look-up."""
        return function(self.whole + shift)[self.x]  # type: ignore[operator]


def _two_ways(log_alive: np.ndarray, log_gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log of the sum of both ways to the history, and the weight of the second (gone at t_x)."""
    total = np.logaddexp(log_alive, log_gone)
    return total, np.exp(log_gone - total)


def bg_nbd(parameters: np.ndarray, h: Histories, slopes: bool = True) -> Value:
    """Log-likelihood of BG/NBD and its gradient in (r, alpha, a, b), time in units of h.scale."""
    r, alpha, a, b = parameters
    log_T, log_t = np.log(alpha + h.T), np.log(alpha + h.t_x)
    gone = np.where(h.x > 0, np.log(a) - np.log(np.maximum(b + h.x - 1, 1e-300)) - (r + h.x) * log_t, -np.inf)
    ways, w = _two_ways(-(r + h.x) * log_T, gone)
    constant = h.of_x(gammaln, r) - gammaln(r) + r * np.log(alpha)
    constant += gammaln(a + b) - h.of_x(gammaln, a + b) + h.of_x(gammaln, b) - gammaln(b)
    value = float(h.customers @ (constant + ways))
    if not slopes:
        return value, _NO_SLOPES
    d_ab = digamma(a + b) - h.of_x(digamma, a + b)
    gradient = [
        h.of_x(digamma, r) - digamma(r) + np.log(alpha) - (1 - w) * log_T - w * log_t,
        r / alpha - (r + h.x) * ((1 - w) / (alpha + h.T) + w / (alpha + h.t_x)),
        d_ab + w / a,
        d_ab + h.of_x(digamma, b) - digamma(b) - np.where(h.x > 0, w / (b + h.x - 1), 0.0),
    ]
    return value, np.array([h.customers @ g for g in gradient])


def mbg_nbd(parameters: np.ndarray, h: Histories, slopes: bool = True) -> Value:
    """Log-likelihood of MBG/NBD (a customer may leave right after the first purchase) and its gradient."""
    r, alpha, a, b = parameters
    log_T, log_t = np.log(alpha + h.T), np.log(alpha + h.t_x)
    ways, w = _two_ways(np.log(b + h.x) - (r + h.x) * log_T, np.log(a) - (r + h.x) * log_t)
    constant = h.of_x(gammaln, r) - gammaln(r) + r * np.log(alpha)
    constant += gammaln(a + b) - h.of_x(gammaln, a + b + 1) + h.of_x(gammaln, b) - gammaln(b)
    value = float(h.customers @ (constant + ways))
    if not slopes:
        return value, _NO_SLOPES
    d_ab = digamma(a + b) - h.of_x(digamma, a + b + 1)
    gradient = [
        h.of_x(digamma, r) - digamma(r) + np.log(alpha) - (1 - w) * log_T - w * log_t,
        r / alpha - (r + h.x) * ((1 - w) / (alpha + h.T) + w / (alpha + h.t_x)),
        d_ab + w / a,
        d_ab + h.of_x(digamma, b) - digamma(b) + (1 - w) / (b + h.x),
    ]
    return value, np.array([h.customers @ g for g in gradient])


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def gone_between(parameters: np.ndarray, h: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Log of the Pareto/NBD integral over the unseen moment of leaving, and its log-gradient.

    The integral of s (alpha+u)^-(r+x) (beta+u)^-(s+1) over u in [t_x, T]. The substitution
    w = ((alpha+t_x)/(alpha+u))^(r+x+s) makes the integrand smooth on a short span, so that 24
    Gauss-Legendre nodes agree with the 2F1 form to about 1e-10; its derivatives, unlike those of
    2F1 in its parameters, are the same sum with other weights.
    """
    r, alpha, s, beta = parameters
    k = (r + s + h.x)[:, None]
    start = alpha + h.t_x[:, None]
    w_low = (start / (alpha + h.T[:, None])) ** k
    half = (1 - w_low) / 2
    w = w_low + half * (_NODES + 1)
    u = start * w ** (-1 / k) - alpha
    mass = half * _WEIGHTS * ((alpha + u) / (beta + u)) ** (s + 1)
    total = mass.sum(axis=1)
    p = np.divide(mass, total[:, None], out=np.zeros_like(mass), where=total[:, None] > 0)
    x = h.x[:, None]
    gradient = np.array([
        -(p * np.log(alpha + u)).sum(axis=1),
        -((r + x) * p / (alpha + u)).sum(axis=1),
        1 / s - (p * np.log(beta + u)).sum(axis=1),
        -((s + 1) * p / (beta + u)).sum(axis=1),
    ])  # fmt: skip
    with np.errstate(divide="ignore"):
        return np.log(s) - np.log(k[:, 0]) - k[:, 0] * np.log(start[:, 0]) + np.log(total), gradient


def pareto_nbd(parameters: np.ndarray, h: Histories, slopes: bool = True) -> Value:
    """Log-likelihood of Pareto/NBD and its gradient in (r, alpha, s, beta)."""
    r, alpha, s, beta = parameters
    log_gone, d_gone = gone_between(parameters, h)
    log_alive = -(r + h.x) * np.log(alpha + h.T) - s * np.log(beta + h.T)
    ways, w = _two_ways(log_alive, log_gone)
    constant = h.of_x(gammaln, r) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    value = float(h.customers @ (constant + ways))
    if not slopes:
        return value, _NO_SLOPES
    d_alive = np.array([
        -np.log(alpha + h.T),
        -(r + h.x) / (alpha + h.T),
        -np.log(beta + h.T),
        -s / (beta + h.T),
    ])  # fmt: skip
    own = [h.of_x(digamma, r) - digamma(r) + np.log(alpha), r / alpha, np.log(beta), s / beta]
    gradient = [own[i] + (1 - w) * d_alive[i] + w * d_gone[i] for i in range(4)]
    return value, np.array([np.sum(h.customers * g) for g in gradient])


def gamma_gamma(parameters: np.ndarray, x: np.ndarray, mean: np.ndarray, slopes: bool = True) -> Value:
    """Log-likelihood of Gamma-Gamma spend over repeaters and its gradient in (p, q, gamma).

    ``x`` counts the purchases behind each customer's ``mean`` spend (both positive).
    """
    p, q, gamma = parameters
    px, total = p * x, gamma + x * mean
    whole, row = p * np.arange(1, x.max(initial=0) + 1), x.astype(np.int64) - 1
    one = (gammaln(whole + q) - gammaln(whole))[row] - gammaln(q) + q * np.log(gamma)
    one += px * np.log(x)
    one -= (px + q) * np.log(total)
    one += (px - 1) * np.log(mean)
    if not slopes:
        return float(one.sum()), _NO_SLOPES
    d_p = x * ((digamma(whole + q) - digamma(whole))[row] + np.log(x) + np.log(mean) - np.log(total))
    d_q = digamma(whole + q)[row] - digamma(q) + np.log(gamma) - np.log(total)
    d_gamma = q / gamma - (px + q) / total
    return float(one.sum()), np.array([d_p.sum(), d_q.sum(), d_gamma.sum()])
