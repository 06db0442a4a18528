"""Who met what, joined once for all look-backs; ids are numbers, which sort and keep at a fraction of what names take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from retailkit.attribute.paths import Direct, day_after, in_order, inside, without_order
from retailkit.attribute.tables import as_table, numbered, shape, with_person

WALK = {
    "merchant": "string",
    "journey_id": "int64",
    "order_id": "int64",
    "outcome": "string",
    "net_amount": "int64",
    "position": "int64",
    "path_length": "int64",
    "days_before": "int64",
    "touchpoint": "string",
    "kind": "string",
    "role": "string",
}
"""Columns of paths that shares and chains read."""

_SALE = ("merchant", "order_id", "person", "paid_at", "paid_on", "net_amount")
_TOUCH = ("touch_id", "touched_at", "touched_on", "touchpoint", "kind", "role")


@dataclass(frozen=True)
class Met:
    """Orders and touches by number: persons and orders by their names, touches by their place in a person's line.

    ``reached`` has a row per order and exposure before it, not older than the longest look-back; ``attached`` one
    per order and touch attached to it; ``seen`` one per exposure, with the days until the next order
    (``to_order``; empty where none came within the longest look-back).
    """

    reached: ir.Table
    attached: ir.Table
    seen: ir.Table
    sold: ir.Table


def meetings(touches: ir.Table, orders: Any, persons: Any, longest: int) -> Met:
    """Join touches and orders of the same persons once, for look-backs of up to so many days."""
    usable = touches.filter(touches.role.isin(("touch", "direct")))
    exposures = usable.filter((usable.kind == "exposure") & usable.person.notnull())
    sales = with_person(as_table(orders, "orders"), as_table(persons, "persons")).select(_SALE)
    people = ibis.union(exposures.select("merchant", "person"), sales.select("merchant", "person"), distinct=True)
    people = numbered(people.filter(people.person.notnull()), "merchant", "person")
    sale_numbers = numbered(sales.select("merchant", "order_id"), "merchant", "order_id")
    seen = _instead(exposures, people, "person")
    line = ibis.window(group_by=["merchant", "person"], order_by=["touched_at", "touch_id"])
    seen = seen.mutate(touch_id=ibis.row_number().over(line)).select("merchant", "person", *_TOUCH).cache()
    sold = _instead(_instead(sales, people, "person"), sale_numbers, "order_id").cache()
    since = (sold.paid_on - ibis.interval(days=longest)).cast("date")
    dated = sold.mutate(since_on=since)
    both = dated.inner_join(seen, inside(seen, dated))
    both = both.select(*[dated[c] for c in _SALE], *[seen[c] for c in _TOUCH])
    reached = both.mutate(days=both.paid_on.delta(both.touched_on, unit="day")).cache()
    own = usable.filter(usable.kind == "order_attached").select("merchant", "order_id", *_TOUCH)
    own = _instead(own, sale_numbers, "order_id").mutate(touch_id=ibis.literal(0, "int64"))
    attached = sold.inner_join(own.filter(own.order_id.notnull()), ["merchant", "order_id"])
    attached = attached.select(*[sold[c] for c in _SALE], *_TOUCH).cache()
    line_key = ["merchant", "person", "touch_id"]
    soonest = reached.group_by(line_key).aggregate(to_order=reached.days.min())
    seen = seen.left_join(soonest, line_key).select(*[seen[c] for c in seen.columns], "to_order").cache()
    return Met(reached, attached, seen, sold)


def walk(met: Met, days: int, direct: Direct = "fold", as_of: str | None = None) -> ir.Table:
    """The rows of :func:`paths` at one look-back, with columns ``WALK``; orders without a touch are left out."""
    counted = ("touch", "direct") if direct != "drop" else ("touch",)
    reached, seen = (t.filter(t.role.isin(counted)) for t in (met.reached, met.seen))
    known_until = ibis.date(as_of) if as_of else day_after(seen, met.sold)
    reached = reached.filter(reached.days <= days).drop("days")
    bought = in_order(ibis.union(reached, met.attached.select(reached.columns)), direct)
    bought = bought.mutate(journey_id=bought.order_id)
    idle = seen.filter(seen.to_order.isnull() | (seen.to_order > days).fill_null(False))
    missed = without_order(idle.drop("to_order"), days, direct, known_until)
    number = -(missed.person * ibis.literal(2**20, "int64") + missed.journey)  # below zero: no order has it
    missed = missed.mutate(journey_id=number)
    return ibis.union(shape(bought, WALK), shape(missed, WALK))


def _instead(rows: ir.Table, known: ir.Table, name: str) -> ir.Table:
    """Put the number that is known of a name in its place; empty where none is."""
    both = rows.left_join(known, ["merchant", name])
    return both.select(*[both.number.name(name) if c == name else both[c] for c in rows.columns])
