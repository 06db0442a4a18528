"""Which products stand in for each other: the customers' decision hierarchy."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis import _
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from retailkit.schema.given import takes_frames
from retailkit.segment.errors import refuse_several
from retailkit.segment.features import person_orders

MERGE_COLUMNS = ("step", "left", "right", "distance", "products", "members")


@takes_frames
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

    Raises
    ------
    SeveralMerchantsError
        If the lines are of several merchants.
    """
    bought = person_orders(lines, persons, as_of)
    rows = bought.select("merchant", "person", "order_id", item=bought[by].cast("string"))
    rows = rows.filter(_.item != "").distinct()
    shops = rows.select("merchant").distinct().to_pandas()["merchant"]
    refuse_several(shops, "a decision hierarchy", "决策层级")
    owned = rows.group_by("person", "item").agg(orders=_.count())
    counted = owned.group_by("item").agg(buyers=_.count()).order_by(_.buyers.desc(), "item").limit(most).to_pandas()
    if len(counted) < 2:
        return pd.DataFrame(columns=list(MERGE_COLUMNS))
    counted = counted.sort_values("item", ignore_index=True)
    names = counted["item"].tolist()
    pairs = _pairs(rows.filter(_["item"].isin(names)), owned.filter(_["item"].isin(names))).to_pandas()
    place = tuple(pd.Index(names).get_indexer(pairs[side]) for side in ("item", "other"))
    joint, instead = (np.zeros((len(names), len(names))) for _ in range(2))
    joint[place], instead[place] = pairs["persons"], pairs["persons"] - pairs["only_together"]
    joint, a = joint + joint.T, instead + instead.T
    alone = counted["buyers"].to_numpy(float)
    total = int(rows.select("person").distinct().count().to_pyarrow().as_py())
    b, c = alone[:, None] - joint, alone[None, :] - joint
    d = total - alone[:, None] - alone[None, :] + joint
    product, cross = (a + 0.5) * (d + 0.5), (b + 0.5) * (c + 0.5)  # Haldane's half keeps empty cells finite
    distance = (1 - (product - cross) / (product + cross)) / 2
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    return _merges(linkage(squareform(distance, checks=False), "average"), names)


def _pairs(rows: ibis.Table, owned: ibis.Table) -> ibis.Table:
    """One row per pair of items, the first by name as ``item``: the persons who own both, and those who never
    bought one of the two without the other (``only_together``).
    """
    later = rows.select("order_id", "person", other=_.item)
    together = rows.inner_join(later, ["order_id", "person"]).filter(_["item"] < _.other)
    together = together.group_by("person", "item", "other").agg(both=_.count())
    second = owned.select("person", other=_.item, other_orders=_.orders)
    held = owned.inner_join(second, "person").filter(_["item"] < _.other)
    held = held.left_join(together, ["person", "item", "other"])
    only = (held.orders == held.both) & (held.other_orders == held.both)
    held = held.select("item", "other", only=only.fill_null(False).cast("int64"))
    return held.group_by("item", "other").agg(persons=_.count(), only_together=_.only.sum())


def _merges(tree: np.ndarray, names: list[str]) -> pd.DataFrame:
    groups = [[n] for n in names]
    rows = []
    for step, (left, right, distance, size) in enumerate(tree, start=1):
        one, two = groups[int(left)], groups[int(right)]
        groups.append(sorted(one + two))
        rows.append((step, " + ".join(one), " + ".join(two), float(distance), int(size), " + ".join(groups[-1])))
    return pd.DataFrame(rows, columns=list(MERGE_COLUMNS))
