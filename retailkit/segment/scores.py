"""One row per person: recency, frequency and money, and their scores.

Without scikit-learn, whose import takes longer than scoring a million orders; the estimator
:class:`~retailkit.segment.rfm.RFM` gives the same scores and carries edges from table to table.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pandas as pd
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.edges import learn_edges
from retailkit.segment.errors import refuse_several

RFM_COLUMNS = ("days_since_last", "orders", "net_amount")
"""Columns that are scored, in the order R, F, M."""
LESS_IS_BETTER = (0,)
"""Positions of the columns whose low values score high."""


@takes_frames
def rfm_features(sales: ibis.Table, persons: ibis.Table, as_of: str) -> ibis.Table:
    """One row per merchant and person who bought before ``as_of``: days since the last order, orders, net amount.

    From orders the same figures as :func:`~retailkit.segment.features.person_features` for an eighth of
    the work; from order lines an order's lines count as one order, and money is what was paid for them.
    Money in minor units; days end on the day before ``as_of``.

    Parameters
    ----------
    sales : canonical table ``orders`` or ``order_lines``.
    persons : canonical table.
    as_of : ISO day.
    """
    known = sales.filter(_.paid_on < ibis.date(as_of), _.account.notnull())
    by_account = ["merchant", "account"]
    if "line" in sales.columns:
        known = known.group_by(*by_account, "order_id").agg(paid_on=_.paid_on.max(), net_amount=_.net_amount.sum())
    else:
        known = known.mutate(net_amount=_.gross_amount - _.refund_amount.fill_null(0))
    sums = {"last_paid_on": _.paid_on.max(), "orders": _.count(), "net_amount": _.net_amount.sum().fill_null(0)}
    accounts = known.group_by(*by_account).agg(**sums)  # before the join: it then sees few rows
    who = persons.select(*by_account, "person")
    sums |= {"last_paid_on": _.last_paid_on.max(), "orders": _.orders.sum()}
    people = accounts.inner_join(who, by_account).group_by("merchant", "person").agg(**sums)
    since = ibis.date(as_of).delta(people.last_paid_on, unit="day").cast("int64") - 1
    return people.mutate(days_since_last=since).select("merchant", "person", *RFM_COLUMNS)


def rfm_scores(features: pd.DataFrame, bins: int = 5) -> pd.DataFrame:
    """One row per person: ``features`` with the scores ``r``, ``f``, ``m``, 1 (worst) to ``bins``.

    Edges are the quantiles of these rows; equal values get equal scores.

    Parameters
    ----------
    features : of one merchant, with the columns :data:`RFM_COLUMNS`.

    Raises
    ------
    ValueError
        If the rows are of several merchants: their edges differ.

    Examples
    --------
    >>> people = pd.DataFrame({"days_since_last": [3, 40], "orders": [5, 1], "net_amount": [900, 100]})
    >>> rfm_scores(people, bins=2)[["r", "f", "m"]].to_numpy().tolist()
    [[2, 2, 2], [1, 1, 1]]
    """
    if "merchant" in features:
        refuse_several(features["merchant"].unique(), "a set of RFM edges", "RFM界值")
    values = features[list(RFM_COLUMNS)].to_numpy(float)
    if not len(values):
        return features.assign(r=0, f=0, m=0)
    edges = [learn_edges(values[:, j], "quantile", bins, None) for j in range(3)]
    return features.assign(**dict(zip("rfm", score_values(values, edges, LESS_IS_BETTER).T, strict=True)))


def score_values(values: np.ndarray, edges: Sequence[np.ndarray], less_is_better: Sequence[int]) -> np.ndarray:
    """Return the scores of values (persons × columns), whole numbers; a value above an edge is in the next class."""
    scores = np.empty(values.shape, dtype=np.int64)
    for j, inner in enumerate(edges):
        above = np.searchsorted(inner, values[:, j], side="left")
        scores[:, j] = len(inner) + 1 - above if j in less_is_better else above + 1
    return scores
