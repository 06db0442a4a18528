"""Difference-in-differences: every donor counts the same, levels may differ."""

from __future__ import annotations

import numpy as np

from retailkit.growth.fit import Array, Fit, Mask, finish, mean_rows


def did(y: Array, x: Array, pre: Mask, days: Array | None = None) -> Fit:
    """Counterfactual = the donors' mean, moved to the merchant's level before the programme.

    Holds where, without the programme, the merchant would have moved in parallel with the
    mean of its donors.

    Parameters
    ----------
    y, x, pre : (T,), (T, J), (T,).
    days : (T,), days in each period, where periods are unequal.

    Examples
    --------
    >>> fit = did(np.array([1.0, 1.0, 3.0]), np.array([[5.0], [5.0], [6.0]]), np.array([True, True, False]))
    >>> fit.gap.tolist()
    [0.0, 0.0, 1.0]
    """
    weights = np.full(x.shape[1], 1 / x.shape[1])
    intercept = float(mean_rows(y - x @ weights, pre, days))
    return finish("difference-in-differences", y, x, weights, intercept)
