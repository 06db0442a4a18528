"""Clusters of persons by k-means or a Gaussian mixture, scored where the data is."""

from __future__ import annotations

import ibis
import numpy as np
from scipy.special import ndtri
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted, validate_data

from retailkit.segment.said import NoColumnNamesError, SaidError, TooFewError

SHAPES = ("rank", "standard")
KINDS = ("kmeans", "mixture")


class Clusters(ClusterMixin, TransformerMixin, BaseEstimator):
    """Group persons alike in all columns; every column weighs the same.

    Columns are first brought to one scale: ``rank`` (default) puts each value at its normal score
    among the quantiles learned in ``fit``, which spend and order counts need, being so skewed that
    a few large customers would make the clusters; ``standard`` subtracts the mean and divides by the
    deviation. Clusters are numbered by their mean over the scaled columns, lowest first, so that the numbers mean
    the same in each refit of like data.

    Parameters
    ----------
    n_clusters : number of clusters.
    method : ``kmeans`` or ``mixture`` (Gaussian, diagonal covariance: clusters of unequal width).
    shape : ``rank`` or ``standard``.
    n_init : starts, the best is kept.
    random_state : seed of the starts.

    Attributes
    ----------
    knots_ : per column, the (value, scaled value) pairs between which values are interpolated.
    centres_ : clusters × columns, in scaled units.
    labels_ : cluster of each row of ``fit``.
    """

    def __init__(self, n_clusters=4, method="kmeans", shape="rank", n_init=10, random_state=1):
        self.n_clusters = n_clusters
        self.method = method
        self.shape = shape
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn scales and clusters from persons × columns."""
        X = np.asarray(validate_data(self, X, dtype="numeric", ensure_min_samples=2), float)
        if self.method not in KINDS or self.shape not in SHAPES:
            raise SaidError(
                f"expected method in {KINDS} and shape in {SHAPES}, got {self.method!r}, {self.shape!r}",
                f"method应为{KINDS}之一、shape应为{SHAPES}之一，现为{self.method!r}、{self.shape!r}",
            )
        different = len(np.unique(X, axis=0))
        if different < self.n_clusters:
            raise TooFewError(
                f"n_samples with different values: {different}; {self.n_clusters} clusters need as many",
                f"取值不同的人只有{different}个；分{self.n_clusters}群至少需要同样多",
            )
        self.knots_ = [_knots(X[:, j], self.shape) for j in range(X.shape[1])]
        Z = self._scaled(X)
        if self.method == "kmeans":
            found = KMeans(self.n_clusters, n_init=self.n_init, random_state=self.random_state).fit(Z)
            centres, spread, weight = found.cluster_centers_, np.ones_like(found.cluster_centers_), None
        else:
            found = GaussianMixture(
                self.n_clusters,
                covariance_type="diag",
                n_init=self.n_init,
                random_state=self.random_state,
                reg_covar=1e-3,
            ).fit(Z)
            centres, spread, weight = found.means_, np.sqrt(found.covariances_), found.weights_
        order = np.lexsort((centres[:, 0], centres.mean(axis=1).round(9)))
        self.centres_, self.spread_ = centres[order], spread[order]
        self.penalty_ = np.zeros(self.n_clusters) if weight is None else _penalty(self.spread_, weight[order])
        self.labels_ = self._nearest(Z)
        return self

    def predict(self, X):
        """Return the cluster of each row, 0 to ``n_clusters`` - 1."""
        check_is_fitted(self)
        return self._nearest(self.transform_scaled(X))

    def transform(self, X):
        """Return the distance of each row to each centre, in scaled units."""
        check_is_fitted(self)
        Z = self.transform_scaled(X)
        return np.sqrt(np.stack([((Z - c) ** 2).sum(axis=1) for c in self.centres_], axis=1))

    def transform_scaled(self, X):
        """Return the rows in the units in which clusters are sought."""
        X = np.asarray(validate_data(self, X, reset=False, dtype="numeric"), float)
        return self._scaled(X)

    def score_expression(self, table: ibis.Table) -> ibis.Table:
        """Return ``table`` with the column ``cluster``, computed by its engine; equal to ``predict``."""
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            raise NoColumnNamesError
        scaled = {f"_z{j}": _line(table[name], *self.knots_[j]) for j, name in enumerate(names)}
        wide = table.mutate(**scaled)
        far = {}
        for k, (centre, spread) in enumerate(zip(self.centres_, self.spread_, strict=True)):
            distance = ibis.literal(float(self.penalty_[k]))
            for j in range(len(names)):
                step = (wide[f"_z{j}"] - float(centre[j])) / ibis.literal(float(spread[j]))
                distance = distance + step * step
            far[f"_d{k}"] = distance
        wide = wide.mutate(**far)
        least = ibis.least(*[wide[name] for name in far])
        cluster = ibis.cases(*((wide[f"_d{k}"] <= least, k) for k in range(self.n_clusters)), else_=0)
        return wide.mutate(cluster=cluster.cast("int64")).drop(*scaled, *far)

    def get_feature_names_out(self, input_features=None):
        """Return ``clusters0`` ... : the columns of ``transform``."""
        check_is_fitted(self)
        return np.array([f"clusters{k}" for k in range(self.n_clusters)], dtype=object)

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([np.interp(X[:, j], *self.knots_[j]) for j in range(X.shape[1])])

    def _nearest(self, Z: np.ndarray) -> np.ndarray:
        far = [
            p + (((Z - c) / s) ** 2).sum(axis=1)
            for c, s, p in zip(self.centres_, self.spread_, self.penalty_, strict=True)
        ]
        return np.argmin(np.stack(far, axis=1), axis=1)


def _penalty(spread: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What a mixture adds to the squared distance: wide and rare clusters are less likely."""
    return 2 * np.log(spread).sum(axis=1) - 2 * np.log(weight)


def _knots(values: np.ndarray, shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Points of the line from values to scaled values; beyond its ends it is level."""
    if shape == "standard":
        deviation = values.std() or 1.0
        ends = np.array([values.min(), values.max()])
        ends = ends if ends[0] < ends[1] else ends + np.array([0.0, 1.0])
        return ends, (ends - values.mean()) / deviation
    distinct, counts = np.unique(values, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    if len(distinct) > 33:
        at = np.unique(np.searchsorted(middle, np.linspace(middle[0], middle[-1], 33)))
        distinct, middle = distinct[at], middle[at]
    return distinct, ndtri(middle)


def _line(value: ibis.Value, xs: np.ndarray, ys: np.ndarray) -> ibis.Value:
    """The same interpolation as ``np.interp``, as an engine expression."""
    value = value.cast("float64")
    branches = [(value <= float(xs[0]), ibis.literal(float(ys[0])))]
    for x0, x1, y0, y1 in zip(xs[:-1], xs[1:], ys[:-1], ys[1:], strict=True):
        slope = float((y1 - y0) / (x1 - x0))
        branches.append((value <= float(x1), (value - float(x0)) * slope + float(y0)))
    return ibis.cases(*branches, else_=float(ys[-1]))
