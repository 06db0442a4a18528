"""Clusters of persons described by numbers and words together: k-prototypes."""

from __future__ import annotations

from itertools import pairwise

import ibis
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from retailkit.segment.errors import NoColumnNamesError, SaidError, TooFewError
from retailkit.segment.scales import Scale


class KPrototypes(ClusterMixin, BaseEstimator):
    """Group persons by numbers (squared distance) and words (count of mismatches) together.

    Numbers are put on one scale, long tails by logarithms (``Scale``). A mismatch of words costs ``gamma``; by default the mean variance
    of the scaled numbers, so that a word weighs as much as a number (Huang 1998). Clusters are
    numbered by size, largest first. A missing word, like one never seen, matches no cluster.

    Parameters
    ----------
    n_clusters : number of clusters.
    words : names or positions of the columns that hold words: texts, whole numbers that are codes, yes or no.
    gamma : cost of one mismatch; None as above.
    n_init, max_iter : starts, of which the best is kept, and rounds in each.
    random_state : seed of the starts.

    Attributes
    ----------
    scales_ : the scale of each number column.
    centres_ : clusters × number columns, in scaled units; modes_ : clusters × word columns.
    labels_, cost_, n_iter_ : of the best start.
    """

    def __init__(self, n_clusters=4, words=(), gamma=None, n_init=5, max_iter=50, random_state=1):
        self.n_clusters = n_clusters
        self.words = words
        self.gamma = gamma
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X, y=None):
        """Learn the clusters of persons × columns."""
        numbers, texts = self._parts(X, reset=True)
        if len(numbers) < self.n_clusters:
            raise TooFewError(
                f"n_samples={len(numbers)}: {self.n_clusters} clusters need at least as many persons",
                f"只有{len(numbers)}人：分{self.n_clusters}群至少需要同样多的人",
            )
        if self.n_clusters > 1 and all(len(pd.unique(column)) == 1 for column in [*numbers.T, *texts.T]):
            raise TooFewError(
                f"n_samples with different values: 1; {self.n_clusters} clusters need as many",
                f"所有人取值相同；分{self.n_clusters}群至少需要同样多不同取值的人",
            )
        self.scales_ = [Scale.of(column) for column in numbers.T]
        self.categories_ = [np.unique(column[column != _MISSING]) for column in texts.T]
        if not all(map(len, self.categories_)):
            raise SaidError("a column of words is empty: leave it out", "有一列文字全部缺失：请不要使用该列")
        varies = [scale.low < scale.high for scale in self.scales_]
        self.gamma_ = self.gamma if self.gamma is not None else (float(np.mean(varies)) if any(varies) else 1.0)
        points = self._points(numbers, texts)
        draw = check_random_state(self.random_state)
        best = min((self._once(points, draw) for _ in range(self.n_init)), key=lambda found: found[0])
        self.cost_, labels, centres, self.n_iter_ = best
        self._centres = centres[np.argsort(-np.bincount(labels, minlength=self.n_clusters), kind="stable")]
        self.centres_ = self._centres[:, : numbers.shape[1]]
        modes = [
            c[block.argmax(axis=1)] for c, block in zip(self.categories_, self._blocks(self._centres), strict=True)
        ]
        self.modes_ = np.array(modes, dtype=object).T.reshape(self.n_clusters, len(modes))
        self.labels_ = _nearest(points, self._centres)
        return self

    def predict(self, X):
        """Return the cluster of each row; a word that is missing or was never seen in ``fit`` matches no cluster."""
        check_is_fitted(self)
        points = self._points(*self._parts(X, reset=False))
        return _nearest(points, self._centres)

    def score_expression(self, table: ibis.Table) -> ibis.Table:
        """Return ``table`` with the column ``cluster``, computed by its engine; equal to ``predict``.

        Null for a person without one of the numbers, which ``predict`` refuses.
        """
        check_is_fitted(self)
        names = list(getattr(self, "feature_names_in_", []))
        if not names:
            raise NoColumnNamesError
        worded = self._word_places(names)
        numbers = [n for j, n in enumerate(names) if j not in worded]
        scaled = {f"_z{j}": scale.expression(table[numbers[j]]) for j, scale in enumerate(self.scales_)}
        wide = table.mutate(**scaled)
        far = {}
        for k in range(self.n_clusters):
            distance = ibis.literal(0.0)
            for j, name in enumerate(scaled):
                step = wide[name] - float(self.centres_[k, j])
                distance = distance + step * step
            for place, word in zip(worded, self.modes_[k], strict=True):
                differs = (_text(wide[names[place]]) != str(word)).fill_null(True)
                distance = distance + differs.cast("float64") * float(self.gamma_)
            far[f"_d{k}"] = distance
        wide = wide.mutate(**far)
        least = ibis.least(*[wide[name] for name in far])
        cluster = ibis.cases(*((wide[f"_d{k}"] <= least, k) for k in range(self.n_clusters)), else_=ibis.null("int64"))
        return wide.mutate(cluster=cluster.cast("int64")).drop(*scaled, *far)

    def _once(self, points, draw):
        """One start: seeds far apart (k-means++ on the mixed distance), then rounds until nobody moves."""
        turned, square = np.ascontiguousarray(points.T), (points**2).sum(axis=1)
        centres = points[[int(draw.randint(len(points)))]]
        nearest = square + _apart(turned, centres)[0]
        while len(centres) < self.n_clusters:
            chance = np.maximum(nearest, 0)
            total = chance.sum()
            at = draw.choice(len(points), p=chance / total) if total > 0 else draw.randint(len(points))
            centres = np.vstack([centres, points[at]])
            nearest = np.minimum(nearest, square + _apart(turned, centres[-1:])[0])
        labels, rounds = None, 0
        while rounds < self.max_iter:
            rounds += 1
            apart = _apart(turned, centres)
            new = np.argmin(apart, axis=0)
            if labels is not None and (new == labels).all():
                break
            labels = new
            centres = self._updated(points, labels, centres)
        cost = (square + apart[new, np.arange(len(points))]).sum()
        return max(cost, 0.0), new, centres, rounds

    def _updated(self, points, labels, centres):
        """Means of the numbers and modes of the words; an empty cluster keeps its place."""
        member = (np.arange(self.n_clusters)[:, None] == labels).astype(float)
        size = member.sum(axis=1)
        new = np.where(size[:, None] > 0, member @ points / np.maximum(size, 1)[:, None], centres)
        for block in self._blocks(new):
            mode = block.argmax(axis=1)
            block[:] = 0
            block[np.arange(len(block)), mode] = np.sqrt(self.gamma_ / 2)
        return new

    def _points(self, numbers, texts):
        """Scaled numbers beside one column per word, of such a height that a mismatch costs gamma.

        Two words differ in two columns, so squared distance is 2 × gamma / 2; a word never seen has none.
        """
        columns = [scale(column)[:, None] for scale, column in zip(self.scales_, numbers.T, strict=True)]
        for categories, column in zip(self.categories_, texts.T, strict=True):
            columns.append((column[:, None] == categories[None, :]) * np.sqrt(self.gamma_ / 2))
        return np.hstack(columns)

    def _blocks(self, points):
        """Views of the columns of each word column, in order."""
        ends = len(self.scales_) + np.cumsum([0, *(len(c) for c in self.categories_)])
        return [points[:, a:b] for a, b in pairwise(ends)]

    def _word_places(self, names):
        return [names.index(w) if isinstance(w, str) else int(w) for w in self.words]

    def _parts(self, X, reset):
        """Numbers as floats and words as text; an array or frame of both kinds."""
        if not len(self.words):
            return np.asarray(validate_data(self, X, reset=reset, dtype="numeric"), float), np.empty(
                (len(X), 0), object
            )
        X = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X, dtype=object))
        validate_data(self, X, reset=reset, skip_check_array=True)
        worded = self._word_places(list(X.columns))
        texts = np.column_stack([_texts(X.iloc[:, place]) for place in worded])
        numbers = X.drop(columns=X.columns[worded]).to_numpy(dtype=float)
        if not np.isfinite(numbers).all():
            raise SaidError(
                "numbers contain NaN or infinity: fill or drop these persons first",
                "数值列含缺失值或无穷大：请先补全或剔除这些人",
            )
        return numbers, texts


_MISSING = ""
"""Text of a word that is not there; an empty text says as little."""


def _texts(column: pd.Series) -> np.ndarray:
    """Words as texts that do not depend on the type they came in: an engine's 2 and true, not 2.0 and True."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    there = column.notna().to_numpy()
    texts = np.full(len(column), _MISSING, dtype=object)
    words = column[there]
    if kind == "boolean":
        texts[there] = np.where(words.to_numpy(bool), "true", "false")
    elif kind in ("floating", "mixed-integer-float", "decimal"):
        texts[there] = [str(int(word)) if word % 1 == 0 else str(word) for word in words]
    else:
        texts[there] = words.astype("str").to_numpy(dtype=object)
    return texts


def _text(word: ibis.Value) -> ibis.Value:
    """The same of an engine's column."""
    if word.type().is_floating() or word.type().is_decimal():
        whole = word.cast("int64")
        text = (whole.cast("float64") == word.cast("float64")).ifelse(whole.cast("string"), word.cast("string"))
    else:
        text = word.cast("string")
    return text.nullif(_MISSING)


def _nearest(points, centres):
    """Number of the closest centre of every point."""
    return np.argmin(_apart(points.T, centres), axis=0)


def _apart(turned, centres):
    """Squared distances, centres × points, less each point's own square: that changes no comparison.

    ``turned`` has a column per point, so that rows are long and a comparison runs along them.
    """
    return (centres**2).sum(axis=1)[:, None] - 2 * centres @ turned
