"""Synthetic control: plain, with an intercept, and ridge-augmented.

Abadie, Diamond and Hainmueller (2010); Doudchenko and Imbens (2016) for the intercept;
Ben-Michael, Feller and Rothstein (2021) for the augmentation.
"""

from __future__ import annotations

import numpy as np

from retailkit.growth.fit import Array, Fit, Mask, finish, mean_rows

GRID = np.logspace(-3, 3, 13)
"""Ridge penalties tried, in units of the donors' mean variance before the programme."""


def simplex(x: Array, y: Array, ridge: float = 0.0) -> Array:
    """Weights w >= 0 with sum 1 that minimise |x w - y|^2 + ridge |w|^2.

    Solved exactly as non-negative least squares with one heavy row for the sum; ``ridge`` > 0
    makes the optimum unique.
    """
    from scipy.optimize import nnls

    donors = x.shape[1]
    if donors == 1:
        return np.ones(1)
    heavy = 1e4 * max(float(np.linalg.norm(x)), 1e-12)
    rows = [x, np.full((1, donors), heavy)]
    target = [y, np.array([heavy])]
    if ridge > 0:
        rows.append(np.sqrt(ridge) * np.eye(donors))
        target.append(np.zeros(donors))
    weights, _ = nnls(np.vstack(rows), np.concatenate(target), maxiter=50 * donors)
    return weights / weights.sum()


def _before(y: Array, x: Array, pre: Mask, days: Array | None, intercept: bool) -> tuple[Array, Array]:
    ys, xs = y[pre], x[pre]
    if intercept:
        ys, xs = ys - mean_rows(y, pre, days), xs - mean_rows(x, pre, days)
    if days is not None:
        root = np.sqrt(days[pre] / days[pre].mean())
        ys, xs = ys * root, xs * root[:, None]
    return ys, xs


def sc(y: Array, x: Array, pre: Mask, days: Array | None = None, intercept: bool = True) -> Fit:
    """Synthetic control with simplex weights; ``intercept`` lets the levels differ.

    A study always keeps the intercept: merchants' levels differ by orders of magnitude.
    Without it the method is there for the published checks.
    """
    ys, xs = _before(y, x, pre, days, intercept)
    weights = simplex(xs, ys)
    level = float(mean_rows(y - x @ weights, pre, days)) if intercept else 0.0
    name = "synthetic control with intercept" if intercept else "synthetic control"
    return finish(name, y, x, weights, level)


def ridge_weights(xs: Array, ys: Array, start: Array, penalty: float) -> Array:
    """Simplex weights corrected towards the pre-period misfit by ridge regression."""
    misfit = ys - xs @ start
    if xs.shape[1] < len(ys):  # the same solution from the smaller of both Gram matrices
        return start + np.linalg.solve(xs.T @ xs + penalty * np.eye(xs.shape[1]), xs.T @ misfit)
    return start + xs.T @ np.linalg.solve(xs @ xs.T + penalty * np.eye(len(ys)), misfit)


def best_penalty(ys: Array, xs: Array) -> float:
    """Penalty with the smallest error on the held-out last third of the periods before."""
    cut = max(2, (2 * len(ys)) // 3)
    unit = float(np.mean(np.sum(xs[:cut] ** 2, axis=0)))
    fit_x, fit_y = xs[:cut] - xs[:cut].mean(axis=0), ys[:cut] - ys[:cut].mean()
    late_x, late_y = xs[cut:] - xs[:cut].mean(axis=0), ys[cut:] - ys[:cut].mean()
    start = simplex(fit_x, fit_y)
    left, sizes, right = np.linalg.svd(fit_x, full_matrices=False)
    turned, reach = left.T @ (fit_y - fit_x @ start), late_x @ (right.T * sizes)
    corrections = reach @ (turned[:, None] / (sizes[:, None] ** 2 + GRID * unit))
    errors = np.mean(((late_y - late_x @ start)[:, None] - corrections) ** 2, axis=0)
    return float(GRID[int(np.argmin(errors))] * unit)


def augmented(y: Array, x: Array, pre: Mask, days: Array | None = None, penalty: float | None = None) -> Fit:
    """Ridge-augmented synthetic control with unit intercept.

    ``penalty`` is chosen on the held-out last third of the periods before when not given.
    Weights may be negative: ``Fit.negative_mass`` says by how much.
    """
    ys, xs = _before(y, x, pre, days, intercept=True)
    chosen = best_penalty(ys, xs) if penalty is None else penalty
    weights = ridge_weights(xs, ys, simplex(xs, ys), chosen)
    level = float(mean_rows(y - x @ weights, pre, days))
    return finish("ridge-augmented synthetic control", y, x, weights, level, chosen)
