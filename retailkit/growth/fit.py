"""The common shape of every donor estimator: weights, an intercept, and a gap.

An estimator takes one merchant's series ``y`` (T,), its donors' series ``x`` (T, J) and the
mask ``pre`` (T,) of the periods before, and returns a ``Fit``. The counterfactual is
``x @ weights + intercept`` whatever the estimator; they differ in how they choose the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Fit:
    """One merchant's counterfactual: which donors, how much of each, from which level.

    Attributes
    ----------
    weights : (J,), share of each donor; negative only in the augmented method.
    intercept : level added, in the unit of the series.
    counterfactual : (T,), what the donors say the merchant would have done.
    gap : (T,), actual minus counterfactual.
    penalty : ridge penalty used, 0 where there is none.
    """

    method: str
    weights: Array
    intercept: float
    counterfactual: Array
    gap: Array
    penalty: float = 0.0

    @property
    def negative_mass(self) -> float:
        """Sum of the negative weights' sizes: how far the fit reaches outside its donors."""
        return float(-self.weights[self.weights < 0].sum())


NORMAL = 1.4826
"""Standard deviation of a normal variable over its median absolute deviation."""

Estimator = Callable[[Array, Array, Mask, Array | None], Fit]


def finish(method: str, y: Array, x: Array, weights: Array, intercept: float, penalty: float = 0.0) -> Fit:
    """Return the ``Fit`` that these weights and this intercept make."""
    counterfactual = x @ weights + intercept
    return Fit(method, weights, float(intercept), counterfactual, y - counterfactual, penalty)


def in_money(fit: Fit, pre: Mask) -> Fit:
    """Raise a counterfactual of logs to what it stands for in money.

    A mean of logs lies below the log of the mean by half the variance (of a log-normal, and nearly
    so of counts): a counterfactual that meets the weeks before in logs falls short of their sales,
    and what it lacks would be taken for an effect. The variance is read from the median size of
    the gaps before, so that one odd week moves nothing.

    >>> gaps = np.array([-0.2, 0.2, -0.2, 0.2, -3.0, 3.0])
    >>> fit = finish("did", gaps, np.zeros((6, 1)), np.ones(1), 0.0)
    >>> round(in_money(fit, np.ones(6, dtype=bool)).intercept, 4)  # (1.4826 x 0.2)^2 / 2
    0.044
    """
    rest = fit.gap[pre] - np.median(fit.gap[pre])
    lift = float((NORMAL * np.median(np.abs(rest))) ** 2 / 2)
    return replace(fit, intercept=fit.intercept + lift, counterfactual=fit.counterfactual + lift, gap=fit.gap - lift)


def pre_error(fit: Fit, pre: Mask, days: Array | None = None) -> float:
    """Root mean squared gap before the programme, in the unit of the series."""
    weight = np.ones(len(pre)) if days is None else days
    return float(np.sqrt(np.average(fit.gap[pre] ** 2, weights=weight[pre])))


def mean_rows(values: Array, rows: Mask, days: Array | None) -> Array:
    """Mean over the chosen rows, weighted by days where given."""
    return np.average(values[rows], axis=0, weights=None if days is None else days[rows])
