"""Which products stand in for each other: the customers' decision hierarchy."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis import _
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from retailkit.segment.features import person_orders

MERGE_COLUMNS = ("step", "left", "right", "distance", "products", "members")


def decision_hierarchy(
    lines: ibis.Table, persons: ibis.Table, as_of: str, by: str = "product_id", most: int = 60
) -> pd.DataFrame:
    """One row per merge of products (or categories) from the closest pair to one group, of one merchant.

    Two products are close when the persons who buy one at some time also buy the other, *not in the
    same order*: they stand in for each other. Closeness is Yule's Q over persons, distance
    (1 - Q) / 2 between 0 and 1; groups merge at their mean distance. Persons who bought the two in the
    same orders only use them together, not instead of each other: they are left out of the pair.

    Parameters
    ----------
    lines : ``order_lines`` of one merchant.
    by : ``product_id`` or ``category``.
    most : so many products, those with most buyers.

    Returns
    -------
    ``step, left, right, distance, products, members``; empty for under two products.
    """
    bought = person_orders(lines, persons, as_of)
    rows = bought.select("person", "order_id", item=bought[by].cast("string")).filter(_.item != "").distinct()
    buyers = rows.select("person", "item").distinct().group_by("item").agg(buyers=_.count())
    top = buyers.to_pandas().sort_values(["buyers", "item"], ascending=[False, True])["item"].head(most)
    if len(top) < 2:
        return pd.DataFrame(columns=list(MERGE_COLUMNS))
    frame = rows.filter(_["item"].isin(top.tolist())).to_pandas()
    names = sorted(top)
    person, order = (pd.factorize(frame[c])[0] for c in ("person", "order_id"))
    column = pd.Index(names).get_indexer(frame["item"])
    owns = np.zeros((person.max() + 1, len(names)))
    owns[person, column] = 1
    total = int(rows.select("person").distinct().count().to_pyarrow().as_py())
    joint, alone = owns.T @ owns, owns.sum(axis=0)
    a = joint - _only_together(person, order, column, owns)
    b, c = alone[:, None] - joint, alone[None, :] - joint
    d = total - alone[:, None] - alone[None, :] + joint
    product, cross = (a + 0.5) * (d + 0.5), (b + 0.5) * (c + 0.5)  # Haldane's half keeps empty cells finite
    distance = (1 - (product - cross) / (product + cross)) / 2
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    return _merges(linkage(squareform(distance, checks=False), "average"), names)


def _only_together(person: np.ndarray, order: np.ndarray, column: np.ndarray, owns: np.ndarray) -> np.ndarray:
    """Persons, for each pair, who never bought one of the two without the other."""
    width = owns.shape[1]
    persons = np.zeros((width, width))
    frame = pd.DataFrame({"person": person, "order": order, "column": column})
    for someone, mine in frame.groupby("person"):
        orders = np.zeros((mine["order"].nunique(), width))
        orders[pd.factorize(mine["order"])[0], mine["column"]] = 1
        together, times = orders.T @ orders, orders.sum(axis=0)
        held = np.outer(owns[someone], owns[someone]) > 0
        persons += held & (times[:, None] == together) & (times[None, :] == together)
    return persons


def _merges(tree: np.ndarray, names: list[str]) -> pd.DataFrame:
    groups = [[n] for n in names]
    rows = []
    for step, (left, right, distance, size) in enumerate(tree, start=1):
        one, two = groups[int(left)], groups[int(right)]
        groups.append(sorted(one + two))
        rows.append((step, " + ".join(one), " + ".join(two), float(distance), int(size), " + ".join(groups[-1])))
    return pd.DataFrame(rows, columns=list(MERGE_COLUMNS))
