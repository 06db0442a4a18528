"""The common shape of every donor estimator: weights, an intercept, and a gap.

An estimator takes one merchant's series ``y`` (T,), its donors' series ``x`` (T, J) and the
mask ``pre`` (T,) of the periods before, and returns a ``Fit``. The counterfactual is
``x @ weights + intercept`` whatever the estimator; they differ in how they choose the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


Estimator = Callable[[Array, Array, Mask, Array | None], Fit]


def finish(method: str, y: Array, x: Array, weights: Array, intercept: float, penalty: float = 0.0) -> Fit:
    """Return the ``Fit`` that these weights and this intercept make."""
    counterfactual = x @ weights + intercept
    return Fit(method, weights, float(intercept), counterfactual, y - counterfactual, penalty)


def pre_error(fit: Fit, pre: Mask, days: Array | None = None) -> float:
    """Root mean squared gap before the programme, in the unit of the series."""
    weight = np.ones(len(pre)) if days is None else days
    return float(np.sqrt(np.average(fit.gap[pre] ** 2, weights=weight[pre])))


def mean_rows(values: Array, rows: Mask, days: Array | None) -> Array:
    """Mean over the chosen rows, weighted by days where given."""
    return np.average(values[rows], axis=0, weights=None if days is None else days[rows])
