"""Intervals for shares, counts and means, on plain arrays."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from retailkit.shares import wilson


def normal_half(level: float = 0.9) -> float:
    """Return how many standard errors a two-sided normal interval reaches either way.

    >>> round(normal_half(0.95), 2)
    1.96
    """
    return NormalDist().inv_cdf(0.5 + level / 2)


def share_interval(successes, trials, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Return the low and high ends of Wilson's interval for a share; 0 to 1 where there were no trials.

    >>> low, high = share_interval([5, 0], [10, 0])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.269, 0.0], [0.731, 1.0])
    """
    low, high = wilson(successes, trials, level)
    return np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), 1.0, high)


def poisson(count, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Return the low and high ends of the exact interval of a Poisson count (Garwood, 1936).

    >>> low, high = poisson([0, 10], 0.95)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 4.8], [3.69, 18.39])
    """
    from scipy.special import chdtri

    k, tail = np.asarray(count, float), (1 - level) / 2
    low = np.where(k > 0, chdtri(2 * np.maximum(k, 1), 1 - tail) / 2, 0.0)
    return low, chdtri(2 * k + 2, tail) / 2


def mean_interval(mean, deviation, n, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Student's t interval of a mean; NaN where fewer than two values were seen.

    >>> low, high = mean_interval([10.0], [2.0], [100])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([9.67], [10.33])
    """
    from scipy.special import stdtrit

    n = np.asarray(n, float)
    enough = np.where(n > 1, n, np.nan)
    half = stdtrit(enough - 1, 0.5 + level / 2) * np.asarray(deviation, float) / np.sqrt(enough)
    return np.asarray(mean, float) - half, np.asarray(mean, float) + half
