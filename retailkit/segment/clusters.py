"""Clusters of persons by a Gaussian mixture or k-means, scored where the data is."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from retailkit.segment.errors import NoColumnNamesError, SaidError, TooFewError, refuse_words
from retailkit.segment.scales import Scale
from retailkit.spoken import said

SHAPES = ("log", "standard")
KINDS = ("mixture", "kmeans")
MOST = 8
"""Clusters among which the number is chosen: more are hardly treated differently."""
LEARNED_FROM = 10_000
"""Persons from whom a mixture is learned; a cluster of one in a hundred still has 100 of them."""
USUAL = "['days_since_last', 'orders', 'net_amount']"
_FLOOR = 0.1  # of a column's variance, with what ties add to it: no cluster is narrower


class Clusters(ClusterMixin, TransformerMixin, BaseEstimator):
    """Group persons alike in all columns; how many groups there are is learned too.

    Columns are first brought to one scale (``Scale``): ``log`` (default) by logarithms where a column of
    amounts or counts has a long tail, so that few large customers do not make the clusters; ``standard``
    as they are. Then mean 0 and deviation 1. Clusters are numbered by their mean over the scaled
    columns, lowest first, so that the numbers mean the same in each refit of like data.

    Parameters
    ----------
    n_clusters : number of clusters; None (default) takes the one of 1 to 8 with the lowest ICL, which
        asks that clusters fit and that it is clear who belongs to which (Biernacki, Celeux & Govaert 2000).
    method : ``mixture`` (Gaussian; clusters of unequal size, their widths and directions their own or shared,
        whichever has the lower ICL: columns which say the same do not count twice) or ``kmeans`` (clusters
        alike in size and round; needs ``n_clusters``).
    shape : ``log`` or ``standard``.
    n_init : starts, of which the best is kept; a mixture has one from k-means besides.
    random_state : seed of the starts, and of the draw of 10,000 persons from whom a mixture of more is learned.

    Attributes
    ----------
    scales_ : the scale of each column.
    centres_ : clusters × columns, in scaled units.
    icl_ : ICL of each number of clusters tried; empty where the number was given.
    labels_ : cluster of each row of ``fit``.

    Examples
    --------
    >>> import pandas as pd
    >>> habits = pd.DataFrame({"orders": [1, 2, 1, 30, 28, 33], "days_since_last": [200, 180, 220, 3, 5, 2]})
    >>> Clusters(2, method="kmeans", shape="standard").fit_predict(habits).tolist() in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    True
    """

    def __init__(self, n_clusters=None, method="mixture", shape="log", n_init=6, random_state=1):
        self.n_clusters = n_clusters
        self.method = method
        self.shape = shape
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn scales and clusters from persons × columns."""
        refuse_words(X, USUAL)
        X = np.asarray(validate_data(self, X, dtype="numeric", ensure_min_samples=2), float)
        learned = self._drawn(X) if self.method == "mixture" else X
        self._check(learned)
        self.scales_ = [Scale.of(column, self.shape == "log") for column in learned.T]
        Z, self.icl_ = self._scaled(learned), {}
        centres, precision, weight = self._mixture(Z) if self.method == "mixture" else self._means(Z)
        order = np.lexsort((centres[:, 0], centres.mean(axis=1).round(9)))
        self.centres_, self.precision_ = centres[order], precision[order]
        self.penalty_ = _penalty(self.precision_, weight[order])
        self.labels_ = self._nearest(self._scaled(X))
        return self

    def predict(self, X):
        """Return the cluster of each row, from 0."""
        check_is_fitted(self)
        return self._nearest(self.transform_scaled(X))

    def transform(self, X):
        """Return the distance of each row to each centre, in scaled units."""
        check_is_fitted(self)
        Z = self.transform_scaled(X)
        return np.sqrt(np.stack([((Z - c) ** 2).sum(axis=1) for c in self.centres_], axis=1))

    def transform_scaled(self, X):
        """Return the rows in the units in which clusters are sought."""
        refuse_words(X, USUAL)
        X = np.asarray(validate_data(self, X, reset=False, dtype="numeric"), float)
        return self._scaled(X)

    def score_expression(self, table: ibis.Table) -> ibis.Table:
        """Return ``table`` with the column ``cluster``, computed by its engine; equal to ``predict``.

        Null for a person without one of the numbers, which ``predict`` refuses.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            raise NoColumnNamesError
        scaled = {f"_z{j}": scale.expression(table[names[j]]) for j, scale in enumerate(self.scales_)}
        wide = table.mutate(**scaled)
        far = {}
        for k, (centre, precision) in enumerate(zip(self.centres_, self.precision_, strict=True)):
            distance = ibis.literal(float(self.penalty_[k]))
            for j, weights in enumerate(precision.T):
                steps = [(wide[f"_z{i}"] - float(centre[i])) * float(weights[i]) for i in range(j + 1)]
                step = sum(steps[1:], steps[0])
                distance = distance + step * step
            far[f"_d{k}"] = distance
        wide = wide.mutate(**far)
        least = ibis.least(*[wide[name] for name in far])
        cluster = ibis.cases(*((wide[name] <= least, k) for k, name in enumerate(far)), else_=ibis.null("int64"))
        return wide.mutate(cluster=cluster.cast("int64")).drop(*scaled, *far)

    def get_feature_names_out(self, input_features=None):
        """Return ``clusters0`` ... : the columns of ``transform``."""
        check_is_fitted(self)
        return np.array([f"clusters{k}" for k in range(len(self.centres_))], dtype=object)

    def sentence(self, lang: str = "en") -> str:
        """Say how many clusters there are and why."""
        check_is_fitted(self)
        k, persons = len(self.centres_), len(self.labels_)
        if not self.icl_:
            return said(lang, f"{persons:,} persons in {k} clusters, as asked.", f"{persons:,}人按指定分为{k}群。")
        most, second = max(self.icl_), sorted(self.icl_, key=self.icl_.__getitem__)[1:2]
        if k == 1:
            return said(
                lang,
                f"No clusters of these {persons:,} persons stand apart: they stay one.",
                f"这{persons:,}人中没有彼此分明的群，因此不分群。",
            )
        return said(
            lang,
            f"Of 1 to {most} clusters, {k} fit these {persons:,} persons best and stand apart; next comes {second[0]}.",
            f"在1至{most}群中，分{k}群最贴合这{persons:,}人且彼此分明；其次为{second[0]}群。",
        )

    def _check(self, X):
        """Refuse what has no answer."""
        if self.method not in KINDS or self.shape not in SHAPES:
            raise SaidError(
                f"expected method in {KINDS} and shape in {SHAPES}, got {self.method!r}, {self.shape!r}",
                f"method应为{KINDS}之一、shape应为{SHAPES}之一，现为{self.method!r}、{self.shape!r}",
            )
        if self.n_clusters is None and self.method == "kmeans":
            raise SaidError(
                "k-means does not choose the number of clusters: give n_clusters, or take method='mixture'",
                "k-means不会选择群数：请给出n_clusters，或改用method='mixture'",
            )
        different = len(pd.DataFrame(X).drop_duplicates())
        if different < (self.n_clusters or 1):
            raise TooFewError(
                f"n_samples with different values: {different}; {self.n_clusters} clusters need as many",
                f"取值不同的人只有{different}个；分{self.n_clusters}群至少需要同样多",
            )

    def _drawn(self, X):
        """Some persons of many: more would hardly move the clusters."""
        if len(X) <= LEARNED_FROM:
            return X
        return X[check_random_state(self.random_state).permutation(len(X))[:LEARNED_FROM]]

    def _means(self, Z):
        """Centres of k-means, each as wide and as likely as the others."""
        found = KMeans(self.n_clusters, n_init=self.n_init, random_state=self.random_state).fit(Z).cluster_centers_
        return found, np.tile(np.eye(Z.shape[1]), (len(found), 1, 1)), np.ones(len(found))

    def _mixture(self, Z):
        """Centres, precisions (Cholesky) and weights of the mixture with the lowest ICL."""
        most = min(MOST, len(np.unique(Z, axis=0)), max(1, len(Z) // (Z.shape[1] + 1)))  # persons enough for a shape
        numbers = range(1, most + 1) if self.n_clusters is None else [self.n_clusters]
        step = np.sqrt(_FLOOR / (_FLOOR + np.array([_alike(column) for column in Z.T])))
        Z = Z * step
        with threadpool_limits(1):  # so small a product is done before a second thread has woken up
            tried = {(k, own): self._fitted(Z, k, own) for k in numbers for own in ("full", "tied")}
            icl = {key: _icl(mixture, Z) for key, mixture in tried.items()}
        if self.n_clusters is None:
            self.icl_ = {k: min(icl[k, "full"], icl[k, "tied"]) for k in numbers}
        best = tried[min(icl, key=icl.__getitem__)]
        precision = best.precisions_cholesky_
        if precision.ndim == 2:
            precision = np.tile(precision, (len(best.means_), 1, 1))
        return best.means_ / step, precision * step[:, None], best.weights_

    def _fitted(self, Z, k, own):
        """Best of the starts: from k-means, which sees wide columns first, and from persons drawn, which do not."""
        found = [
            GaussianMixture(
                k, covariance_type=own, n_init=starts, max_iter=300, random_state=self.random_state,
                reg_covar=_FLOOR, init_params=kind,
            ).fit(Z)
            for kind, starts in (("kmeans", 1), ("random_from_data", self.n_init))
        ]  # fmt: skip
        return max(found, key=lambda mixture: mixture.lower_bound_)

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([scale(column) for scale, column in zip(self.scales_, X.T, strict=True)])

    def _nearest(self, Z: np.ndarray) -> np.ndarray:
        far = [
            penalty + (((Z - centre) @ precision) ** 2).sum(axis=1)
            for centre, precision, penalty in zip(self.centres_, self.precision_, self.penalty_, strict=True)
        ]
        return np.argmin(np.stack(far, axis=1), axis=1)


def _alike(values: np.ndarray) -> float:
    """Chance that two persons have the same value: so much of its variance the column is too coarse to tell.

    Else those with one order, or with all of their few orders at one guide, would be clusters.
    """
    counts = np.unique(values, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(values) * (len(values) - 1)))


def _icl(mixture: GaussianMixture, Z: np.ndarray) -> float:
    """BIC and twice the entropy of who belongs where: lower is better."""
    belongs = mixture.predict_proba(Z)
    return float(mixture.bic(Z) - 2 * (belongs * np.log(np.maximum(belongs, 1e-300))).sum())


def _penalty(precision: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What a mixture adds to the squared distance: wide and rare clusters are less likely."""
    return -2 * np.log(np.diagonal(precision, axis1=1, axis2=2)).sum(axis=1) - 2 * np.log(weight)
