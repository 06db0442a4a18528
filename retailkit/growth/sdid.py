"""Synthetic difference-in-differences: weights over donors and over the periods before.

Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), algorithm 1, at the exact optimum.
"""

from __future__ import annotations

import numpy as np

from retailkit.growth.fit import Array, Fit, Mask, finish
from retailkit.growth.sc import simplex


def unit_weights(y: Array, x: Array, pre: Mask) -> Array:
    """Donor weights: simplex with intercept and the paper's ridge penalty."""
    noise = float(np.diff(x[pre], axis=0).std(ddof=1))
    zeta = float((~pre).sum()) ** 0.25 * noise
    xs, ys = x[pre] - x[pre].mean(axis=0), y[pre] - y[pre].mean()
    return simplex(xs, ys, ridge=pre.sum() * zeta**2)


def time_weights(x: Array, pre: Mask) -> Array:
    """Weights over the periods before that make donors' before look like their after."""
    noise = float(np.diff(x[pre], axis=0).std(ddof=1))
    periods, target = x[pre].T, x[~pre].mean(axis=0)
    centred, aim = periods - periods.mean(axis=0), target - target.mean()
    return simplex(centred, aim, ridge=x.shape[1] * (1e-6 * noise) ** 2)


def sdid(y: Array, x: Array, pre: Mask, days: Array | None = None) -> Fit:
    """Synthetic difference-in-differences; all periods that are not ``pre`` are after.

    ``days`` is accepted for the common signature and not used: the paper's weights take
    periods as equal. Not for series whose raw levels differ by orders of magnitude: give logs.
    """
    weights = unit_weights(y, x, pre)
    intercept = float(time_weights(x, pre) @ (y - x @ weights)[pre])
    return finish("synthetic difference-in-differences", y, x, weights, intercept)
