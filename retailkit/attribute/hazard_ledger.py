"""The hazard ledger with its organic line, and how sure it is."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.hazard import Hazard, causes, refit
from retailkit.attribute.ledger import ledger
from retailkit.attribute.tables import PATH, frame, shape


def hazard_credit(paths: ir.Table, model: Hazard, rule: str = "hazard") -> ir.Table:
    """One row per order and touch, and one ``organic`` row per order of a known person.

    Touches attached to orders, and visits of one's own accord, keep their rows with zero credit:
    they have no rate that could be compared. Orders of unknown persons stay ``unattributed``.
    """
    organic, credit = causes(model)
    data = model.data
    weights = pd.DataFrame({"order_id": data.order_id[data.owner], "position": data.position, "weight": credit})
    base = pd.DataFrame({"order_id": data.order_id, "weight": organic})
    rows = paths.filter((paths.outcome == "order") & (paths.role != "no_touch"))
    types = ibis.schema({"order_id": "string", "position": "int64", "weight": "float64"})
    given = ibis.memtable(weights, schema=types)
    joined = rows.left_join(given, ["order_id", "position"])
    unknown = (rows.role == "unknown_person").cast("float64")
    kept = joined.select(*[joined[c] for c in rows.columns], weight=ibis.coalesce(joined.weight, unknown))
    sold = paths.filter((paths.outcome == "order") & paths.person.notnull())
    once = sold.select(
        "merchant", "order_id", "person", "outcome", "paid_at", "paid_on", "gross_amount", "net_amount"
    ).distinct()
    types = ibis.schema({"order_id": "string", "weight": "float64"})
    own = once.inner_join(ibis.memtable(base, schema=types), "order_id")
    own = own.mutate(
        position=ibis.literal(0),
        touchpoint=ibis.literal("organic"),
        kind=ibis.literal("none"),
        role=ibis.literal("organic"),
    )
    types = PATH | {"weight": "float64"}
    return ledger(ibis.union(shape(kept, types), shape(own, types)), rule)


def hazard_interval(
    model: Hazard, book: ir.Table, seed: int, replicates: int = 100, level: float = 0.9
) -> pd.DataFrame:
    """One row per touchpoint of the hazard ledger, with an interval over persons.

    Like :func:`credit_interval`, but the hazard is fitted again to every draw of persons. Times at
    risk are held: they are known for many more person-days than there are orders. ``unsure`` marks
    touchpoints whose interval reaches down to nothing.
    """
    sums = book.group_by("touchpoint").aggregate(credit=book.credit.sum(), orders=book.share.sum().round(6))
    table = frame(sums).sort_values("credit", ascending=False, ignore_index=True)
    money = frame(book.group_by("order_id").aggregate(credit=book.credit.sum()))
    amount = money.set_index("order_id")["credit"].reindex(model.data.order_id).fillna(0).to_numpy(float)
    left = float(table["credit"].sum()) - amount.sum()
    rng = np.random.default_rng(seed)
    persons = int(model.data.person.max()) + 1
    names = ["organic", *model.touchpoints]
    drawn = np.empty((replicates, len(names)))
    for i in range(replicates):
        weight = rng.poisson(1.0, persons)[model.data.person].astype(float)
        organic, credit = causes(refit(model, weight))
        worth = weight * amount
        touched = np.bincount(model.data.touchpoint, credit * worth[model.data.owner], len(model.touchpoints))
        drawn[i] = np.append(organic @ worth, touched) / max(worth.sum() + left, 1.0)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0, method="weibull")
    bounds = pd.DataFrame({"touchpoint": names, "low": low, "high": high})
    total = float(table["credit"].sum())
    table = table.assign(share=table["credit"] / total if total else 0.0).merge(bounds, on="touchpoint", how="left")
    table = table.fillna({"low": table["share"], "high": table["share"]})
    low, high = np.minimum(table["low"], table["share"]), np.maximum(table["high"], table["share"])
    return table.assign(low=low, high=high, rare=table["orders"] < 30, unsure=low < 0.002)
