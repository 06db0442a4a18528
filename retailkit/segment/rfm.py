"""RFM scores whose edges are learned once and applied unchanged."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from retailkit.segment.edges import METHODS, learn_edges
from retailkit.segment.errors import NoColumnNamesError, SaidError, TooFewError, refuse_several, refuse_words
from retailkit.segment.scores import RFM_COLUMNS, score_values


class RFM(TransformerMixin, BaseEstimator):
    """Score each column 1 to ``bins`` by edges learned in ``fit``; equal value, equal score.

    A person's score depends on the person's own values and the learned edges, never on ids, row
    order or the other rows scored, so a move between segments is the person's move.

    Parameters
    ----------
    method : how edges are learned: ``quantile`` (equal counts), ``percentile`` (the percentiles given
        in ``edges``), ``jenks`` (natural breaks), ``mean`` (two classes split at the mean, as the
        8-cell map does), ``fixed`` (the values given in ``edges``).
    bins : number of classes for ``quantile`` and ``jenks``.
    edges : for ``percentile`` one list of percentiles (0 to 100); for ``fixed`` one list of values per
        column. A value *above* an edge falls into the next class.
    less_is_better : positions of columns whose low values score high (days since the last order).
    ties : ``equal`` (default), or ``order_of_appearance``: the last column named in ``ranked`` is
        first replaced by its rank with ties broken by row order, as ``rank(method="first")`` does.
        It gives equal persons different scores and exists only to match an old report; such scores
        describe the rows at hand and cannot be carried to the engine.
    ranked : positions of the columns ranked when ``ties="order_of_appearance"``.

    Attributes
    ----------
    edges_ : list of arrays, inner edges per column (of ranks, where ranked).

    Examples
    --------
    >>> import numpy as np
    >>> RFM(bins=2).fit_transform(np.array([[3.0, 1.0], [30.0, 1.0], [90.0, 1.0], [400.0, 9.0]])).tolist()
    [[2, 1], [2, 1], [1, 1], [1, 2]]
    """

    def __init__(self, method="quantile", bins=5, edges=None, less_is_better=(0,), ties="equal", ranked=(1,)):
        self.method = method
        self.bins = bins
        self.edges = edges
        self.less_is_better = less_is_better
        self.ties = ties
        self.ranked = ranked

    def fit(self, X, y=None):
        """Learn the edges of every column of X (persons × columns)."""
        refuse_words(X, str(list(RFM_COLUMNS)))
        X = validate_data(self, X, dtype="numeric")
        if self.method not in METHODS:
            raise SaidError(
                f"method is {self.method!r}; expected one of {', '.join(METHODS)}",
                f"method为{self.method!r}，应为{'、'.join(METHODS)}之一",
            )
        if self.ties not in ("equal", "order_of_appearance"):
            raise SaidError(
                f"ties is {self.ties!r}; expected 'equal' or 'order_of_appearance'",
                f"ties为{self.ties!r}，应为'equal'或'order_of_appearance'",
            )
        X = self._ranked(np.asarray(X, float))
        given = self.edges if self.method == "fixed" else [self.edges] * X.shape[1]
        if self.method == "fixed" and (given is None or len(given) != X.shape[1]):
            raise SaidError(
                f"method 'fixed' needs one list of edges per column: expected {X.shape[1]} lists",
                f"method为'fixed'时每列各需一组界值：应有{X.shape[1]}组",
            )
        self.edges_ = [learn_edges(X[:, j], self.method, self.bins, given[j]) for j in range(X.shape[1])]
        return self

    def transform(self, X):
        """Return the scores, persons × columns, whole numbers; 1 is worst."""
        check_is_fitted(self)
        refuse_words(X, str(list(RFM_COLUMNS)))
        X = self._ranked(np.asarray(validate_data(self, X, reset=False, dtype="numeric"), float))
        return score_values(X, self.edges_, self.less_is_better)

    def score_expression(self, table: ibis.Table) -> ibis.Table:
        """Return ``table`` with one score column per learned column, computed by its engine.

        Equal to ``transform``. Raises ``ValueError`` for ``ties="order_of_appearance"``: rows of a
        table have no order.
        """
        check_is_fitted(self)
        if self.ties != "equal":
            raise SaidError(
                "ties by order of appearance need rows in order, and a table has none: use ties='equal'",
                "按出现顺序打破并列需要行有顺序，而表没有：请用ties='equal'",
            )
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            raise NoColumnNamesError
        scores = {}
        for j, (name, edges) in enumerate(zip(names, self.edges_, strict=True)):
            value = table[name].cast("float64")
            above = ibis.literal(0, "int64")
            for edge in edges:
                above = above + (value > ibis.literal(float(edge), "float64")).cast("int64")
            scores[f"{name}_score"] = len(edges) + 1 - above if j in self.less_is_better else above + 1
        return table.mutate(**scores)

    def get_feature_names_out(self, input_features=None):
        """Return the column names with ``_score`` behind them."""
        check_is_fitted(self)
        return np.array([f"{n}_score" for n in _check_feature_names_in(self, input_features)], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # scores are whole numbers whatever comes in
        return tags

    def _ranked(self, X: np.ndarray) -> np.ndarray:
        if self.ties == "equal":
            return X
        X = X.copy()
        for j in self.ranked:
            X[:, j] = pd.Series(X[:, j]).rank(method="first").to_numpy()
        return X


def fit_rfm(features: ibis.Table | pd.DataFrame, **choices) -> RFM:
    """Learn the RFM edges of one merchant's persons; ``choices`` are :class:`RFM`'s parameters.

    Parameters
    ----------
    features : one row per person, from ``person_features``.

    Raises
    ------
    ValueError
        If the rows are of several merchants (their edges differ) or if there are no rows.
    """
    wanted = ["merchant", *RFM_COLUMNS]
    frame = features[wanted] if isinstance(features, pd.DataFrame) else features.select(*wanted).to_pandas()
    refuse_several(frame["merchant"].unique(), "a set of RFM edges", "RFM界值")
    if len(frame) == 0:
        raise TooFewError("no person bought: there is nothing to learn RFM edges from", "没有人购买：无从学习RFM界值")
    return RFM(**choices).fit(frame[list(RFM_COLUMNS)])
