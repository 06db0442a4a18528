"""The hazard ledger with its organic line, and how sure it is."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from retailkit.attribute.hazard import Hazard, causes, causes_by_piece, refit
from retailkit.attribute.ledger import ledger
from retailkit.attribute.tables import PATH, frame, shape


def hazard_credit(paths: ir.Table, model: Hazard, rule: str = "hazard") -> ir.Table:
    """One row per order and touch, and one ``organic`` row per order of a known person.

    Touches attached to orders, and visits of one's own accord, keep their rows with zero credit:
    they have no rate that could be compared. Orders of unknown persons stay ``unattributed``.
    """
    organic, exposed = _weights(model)
    rows = paths.filter((paths.outcome == "order") & (paths.role != "no_touch"))
    rows = rows.left_join(model.data.orders, "order_id").drop("order_id_right")
    unknown = (rows.role == "unknown_person").cast("float64")
    joined = rows.left_join(exposed, ["number", "position"])
    kept = joined.select(*[joined[c] for c in paths.columns], weight=ibis.coalesce(joined.weight, unknown))
    sold = paths.filter((paths.outcome == "order") & paths.person.notnull())
    once = sold.select(
        "merchant", "order_id", "person", "outcome", "paid_at", "paid_on", "gross_amount", "net_amount"
    ).distinct()
    own = once.inner_join(model.data.orders, "order_id").inner_join(organic, "number")
    own = own.mutate(
        position=ibis.literal(0),
        touchpoint=ibis.literal("organic"),
        kind=ibis.literal("none"),
        role=ibis.literal("organic"),
    )
    types = PATH | {"weight": "float64"}
    return ledger(ibis.union(shape(kept, types), shape(own, types)), rule)


def _weights(model: Hazard) -> tuple[ir.Table, ir.Table]:
    """Shares of what caused an order: one row per order (number, weight), one per exposure (and position)."""
    data = model.data
    organic, credit = causes(model)
    number = pa.array(np.arange(len(organic)))
    owner = np.repeat(np.arange(len(organic), dtype=np.int32), np.diff(data.met.indptr))
    exposed = pa.table({"number": owner, "position": data.position, "weight": credit})
    return ibis.memtable(pa.table({"number": number, "weight": organic})), ibis.memtable(exposed)


def hazard_interval(
    model: Hazard, book: ir.Table, seed: int, replicates: int = 100, level: float = 0.9
) -> pd.DataFrame:
    """One row per touchpoint of the hazard ledger, with an interval over persons.

    Like :func:`credit_interval`, but the hazard is fitted again to every draw of persons. Times at
    risk are held: they are known for many more person-days than there are orders. ``unsure`` marks
    touchpoints whose interval reaches down to nothing.
    """
    sums = book.group_by("touchpoint").aggregate(credit=book.credit.sum(), orders=book.share.sum().round(6))
    table = frame(sums).sort_values(["credit", "touchpoint"], ascending=[False, True], ignore_index=True)
    amount = _amounts(model, book)
    left = float(table["credit"].sum()) - amount.sum()
    rng = np.random.default_rng(seed)
    persons = int(model.data.person.max()) + 1
    names = ["organic", *model.touchpoints]
    drawn = np.empty((replicates, len(names)))
    for i in range(replicates):
        weight = rng.poisson(1.0, persons)[model.data.person].astype(float)
        worth = weight * amount
        drawn[i] = _earned(refit(model, weight), worth) / max(worth.sum() + left, 1.0)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0, method="weibull")
    bounds = pd.DataFrame({"touchpoint": names, "low": low, "high": high})
    total = float(table["credit"].sum())
    table = table.assign(share=table["credit"] / total if total else 0.0).merge(bounds, on="touchpoint", how="left")
    table = table.fillna({"low": table["share"], "high": table["share"]})
    low, high = np.minimum(table["low"], table["share"]), np.maximum(table["high"], table["share"])
    return table.assign(low=low, high=high, rare=table["orders"] < 30, unsure=low < 0.002)


def _amounts(model: Hazard, book: ir.Table) -> np.ndarray:
    """Money of each of the model's orders in the ledger."""
    money = book.group_by("order_id").aggregate(credit=book.credit.sum()).inner_join(model.data.orders, "order_id")
    found = frame(money.select("number", "credit"))
    amount = np.zeros(len(model.data.place))
    amount[found["number"]] = found["credit"]
    return amount


def _earned(model: Hazard, worth: np.ndarray) -> np.ndarray:
    """Money of the organic line and of each touchpoint, where each order is worth so much."""
    data, wide = model.data, 2 * len(model.lags)  # columns of the exposures' matrix that are one touchpoint's
    earned = np.zeros(1 + len(model.touchpoints))
    for orders, rows, organic, credit in causes_by_piece(model):
        owed = np.repeat(worth[orders], np.diff(data.met.indptr[orders.start : orders.stop + 1]))
        earned[0] += organic @ worth[orders]
        earned[1:] += np.bincount(data.met.indices[rows] // wide, credit * owed, len(model.touchpoints))
    return earned
