"""What one look-back makes of those who met: places of touches in orders, and steps of journeys."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.journeys import NONE, ORDER
from retailkit.attribute.meetings import Met, ends
from retailkit.attribute.paths import Direct


def placed(met: Met, days: int, direct: Direct) -> ir.Table:
    """One row per order and touch at this look-back, with the columns that rules read (see :func:`rules.places`)."""
    rows = _of_orders(met, days, direct)
    exposed, some = rows.length, rows.n_attached > 0
    return rows.select(
        "order_id",
        "touchpoint",
        "net_amount",
        kind=rows.at_till.ifelse("order_attached", "exposure"),
        days_before=rows.days,
        path_length=exposed + rows.n_attached,
        attached=rows.n_attached,
        place=rows.at_till.ifelse(exposed + 1, rows.position),
        places=exposed + some.cast("int64"),
        crowd=rows.at_till.ifelse(rows.n_attached, 1).cast("float64"),
        latest=some.ifelse(exposed + 1, rows["last"]),
    )


def transitions_at(met: Met, days: int, direct: Direct, order: int) -> pd.DataFrame:
    """The rows of :func:`transitions` at this look-back."""
    sold = _of_orders(met, days, direct)
    sold = sold.filter(~sold.at_till).mutate(bought=ibis.literal(True))
    missed = _without_order(met, days, direct).mutate(bought=ibis.literal(False), net_amount=ibis.literal(0, "int64"))
    counts = ibis.union(*(_counted(rows, order) for rows in (sold, missed))).execute()
    names = np.array(met.names, dtype=object)
    for column in ("then", *(f"w{i}" for i in range(1, order + 1))):
        number = counts[column]
        named = pd.Series(names[number.fillna(0).astype("int64")], counts.index, dtype="str")
        counts[column] = named.where(number.notna())
    counts["then"] = counts["then"].fillna(counts.pop("bought").map({True: ORDER, False: NONE}))
    key = [c for c in counts.columns if c not in ("journeys", "value")]
    return counts.groupby(key, as_index=False, dropna=False)[["journeys", "value"]].sum()


def _of_orders(met: Met, days: int, direct: Direct) -> ir.Table:
    """One row per order and touch at this look-back: ``position`` of ``length`` exposures, ``beside_1`` ... and ``beside_next``."""
    rows = met.bought.filter(met.bought.at_till | (met.bought.days <= days))
    return _placed(rows, direct, rows[f"touches_{days}"], rows[f"returns_{days}"], rows.attached)


def _without_order(met: Met, days: int, direct: Direct) -> ir.Table:
    """The same per exposure that no order follows within the look-back, in its journey; those too young are left out."""
    rows = met.seen.filter(met.seen.to_order.isnull() | (met.seen.to_order > days).fill_null(False))
    rows = rows.mutate(journey=rows.journey_drop if direct == "drop" else rows[f"journey_{days}"])
    if direct == "drop":
        rows = rows.filter(~rows.direct)
    key = ["person", "journey"]
    facts = rows.group_by(key).aggregate(
        touches=(~rows.direct).cast("int64").sum(),
        returns=rows.direct.cast("int64").sum(),
        ended=rows.touched_on.max(),
        touched_last=rows.direct.ifelse(ibis.null("date"), rows.touched_on).max(),
        **ends(rows),
    )
    ended = facts.ended if direct == "keep" else facts.touched_last.fill_null(facts.ended)
    facts = facts.filter(ended + ibis.interval(days=days) < met.known_until).drop("ended", "touched_last")
    both = rows.inner_join(facts, key)
    return _placed(both, direct, both.touches, both.returns, ibis.literal(0))


def _placed(
    rows: ir.Table, direct: Direct, touches: ir.IntegerValue, returns: ir.IntegerValue, attached: ir.IntegerValue
) -> ir.Table:
    rows = rows.mutate(n_touches=touches, n_returns=returns, n_attached=attached)
    if direct == "keep":
        sort, length, end, place = "line", rows.n_touches + rows.n_returns, rows.end, rows.nth
        last = (rows.n_touches > 0).ifelse(rows.end_touch - (end - length), 0)
    else:
        alone = (rows.n_touches == 0) & (rows.n_attached == 0) if direct == "fold" else ibis.literal(False)
        rows = rows.filter(~rows.direct | alone)
        sort, place = "own", rows.own
        length = rows.direct.ifelse(rows.n_returns, rows.n_touches)
        end = rows.direct.ifelse(rows.last_return, rows.last_touch)
        last = rows.n_touches
    position = place + 1 - (end - length)
    beside = {c.replace(f"{sort}_", "beside_"): rows[c] for c in rows.columns if c.startswith(f"{sort}_")}
    return rows.mutate(**beside, position=position, length=length, last=last)


def _counted(rows: ir.Table, order: int) -> ir.Table:
    windows = {
        f"w{i + 1}": (rows.position > i).ifelse(rows[f"beside_{i}"], ibis.null("int64")) for i in range(1, order)
    }
    last = rows.position == rows.length
    rows = rows.select(
        "bought",
        w1=rows.touchpoint,
        **windows,
        first=(rows.position == 1).cast("int64"),
        then=last.ifelse(ibis.null("int64"), rows.beside_next),
        paid=(last & rows.bought).ifelse(rows.net_amount, 0),
    )
    key = ["bought", "w1", *windows, "first", "then"]
    return rows.group_by(key).aggregate(journeys=rows.count(), value=rows.paid.sum())
