"""Draws of a model's parameters as the data weigh them, not as the curvature at the optimum would have it.

A likelihood of few or quiet customers is lopsided: that many have left is refuted on one side sooner than on the
other. A normal distribution about the optimum does not know that, and its intervals miss on one side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_TAIL = 6.0  # degrees of freedom of the proposals: tails heavier than the likelihood's, so that no weight explodes
_ROUNDS = 8
_EVEN = 0.5  # effective share of the draws at which proposals fit the density well enough
_UNEVEN = 0.1  # and below which the weights of a few would stand for all


def weighed_draws(
    centre: np.ndarray, covariance: np.ndarray, log_density: Callable[[np.ndarray], float], draws: int,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Return ``draws`` rows of parameters from a density known up to a factor.

    Importance resampling from Student's t about the optimum, which moves and widens to where the weight is (adaptive
    importance sampling, Cappé et al. 2004). Parameters without variance are held. Where even the last proposals miss the
    density, the normal distribution about the optimum stands in.
    """
    free = np.diag(covariance) > 0
    rows = np.tile(centre, (draws, 1))
    middle, spread = centre[free], covariance[np.ix_(free, free)]
    weight = np.eye(1, draws)[0]
    for _ in range(_ROUNDS):
        root = _root(spread)
        away = rng.standard_normal((draws, len(middle))) / np.sqrt(rng.chisquare(_TAIL, (draws, 1)) / _TAIL)
        rows[:, free] = middle + away @ root.T
        proposed = -(_TAIL + len(middle)) / 2 * np.log1p((away**2).sum(axis=1) / _TAIL)
        log_weight = np.array([log_density(row) for row in rows]) - proposed
        if not np.isfinite(log_weight).any():
            break
        weight = tempered = _weights(log_weight)
        if _effective(weight) >= _EVEN:
            break
        for power in 0.7 ** np.arange(1, 30):  # a mean and a spread need more than a few draws
            if _effective(tempered) >= _UNEVEN:
                break
            tempered = _weights(power * log_weight)
        middle = tempered @ rows[:, free]
        apart = rows[:, free] - middle
        spread = (apart * tempered[:, None]).T @ apart + 1e-6 * covariance[np.ix_(free, free)]
    if _effective(weight) < _UNEVEN:
        return rng.multivariate_normal(centre, covariance, draws, method="eigh")
    return rows[np.searchsorted(np.cumsum(weight), (np.arange(draws) + rng.random()) / draws).clip(max=draws - 1)]


def _root(spread: np.ndarray) -> np.ndarray:
    """A square root of a covariance, also of one that is all but flat in some direction."""
    values, vectors = np.linalg.eigh(spread)
    return vectors * np.sqrt(np.maximum(values, 0))


def _weights(log_weight: np.ndarray) -> np.ndarray:
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def _effective(weight: np.ndarray) -> float:
    """Share of the draws that equal weights would make as good."""
    return float(1 / (weight @ weight) / len(weight))
