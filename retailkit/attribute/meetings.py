"""Who met what, joined and sorted once for all look-backs: a shorter look-back only cuts lines at their old end.

A person's touches stand in one line, numbered. The touches that count for an order are a stretch of that line
which ends before the order, and a journey without an order is a stretch that no order and no silence breaks. So a
setting needs no sort of its own: where a stretch ends and how many touches it has give every touch its place,
and what stands before and after a touch is the same in every stretch that reaches so far. This holds because a
touch's day never runs against its instant. What a path is, ``paths`` says; this says the same for many settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from retailkit.attribute.paths import day_after
from retailkit.attribute.tables import as_table, frame, numbered, with_person


@dataclass(frozen=True)
class Met:
    """Orders, persons and touchpoints by number; ``names`` are the touchpoints'.

    ``bought`` has a row per order and touch that counts for it at the longest look-back, ``seen`` one per exposure
    that no order follows within the shortest. Both hold the touch's place in its person's line (``nth``; ``own``:
    among touches of its sort, returns or others) and its neighbours there. ``bought`` also holds how many of
    either sort each look-back has, and where they end; ``seen`` holds which journey of the person each look-back makes.
    """

    bought: ir.Table
    seen: ir.Table
    names: tuple[str, ...]
    known_until: ir.DateValue


def meetings(
    touches: ir.Table,
    orders: Any,
    persons: Any,
    look_backs: Sequence[int],
    base: int,
    before: int = 1,
    as_of: str | None = None,
) -> Met:
    """Join touches and orders of the same persons once, for these look-backs in days.

    Neighbours are the ``before`` touches that stand ahead of each; returns are dropped at the look-back ``base`` alone.
    """
    days = sorted({*look_backs, base})
    usable = touches.filter(touches.role.isin(("touch", "direct")))
    exposures = usable.filter((usable.kind == "exposure") & usable.person.notnull())
    sales = with_person(as_table(orders, "orders"), as_table(persons, "persons"))
    people = ibis.union(exposures.select("merchant", "person"), sales.select("merchant", "person"), distinct=True)
    people = numbered(people.filter(people.person.notnull()), "merchant", "person")
    sale_numbers = numbered(sales.select("merchant", "order_id"), "merchant", "order_id")
    kinds = numbered(usable.select("touchpoint").distinct(), "touchpoint")
    sold = sales.select("merchant", "order_id", "person", "paid_at", "paid_on", "net_amount")
    sold = _instead(_instead(sold, people, "person"), sale_numbers, "order_id").cache()
    seen = _line(_instead(_instead(exposures, people, "person"), kinds, "touchpoint"), before)
    reached = _reached(sold, seen, days[-1]).cache()
    own = _instead(
        _instead(usable.filter(usable.kind == "order_attached"), sale_numbers, "order_id"), kinds, "touchpoint"
    )
    bought = _bought(sold, reached, own, days)
    return Met(
        bought,
        _journeys(seen, reached, days, base),
        tuple(frame(kinds.order_by("number"))["touchpoint"]),
        ibis.date(as_of) if as_of else day_after(seen, sold),
    )


def _instead(rows: ir.Table, known: ir.Table, name: str) -> ir.Table:
    """Put the number that is known of a name in its place; empty where none is."""
    both = rows.left_join(known, [c for c in ("merchant", name) if c in known.columns])
    return both.select(*[both.number.name(name) if c == name else both[c] for c in rows.columns])


def _line(exposures: ir.Table, before: int) -> ir.Table:
    """Number each person's touches, and keep what stands beside them: among all, and among touches of the same sort."""
    rows = exposures.mutate(direct=exposures.role == "direct")
    sorts = {"line": ["person"], "own": ["person", "direct"]}
    lines = {s: ibis.window(group_by=by, order_by=["touched_at", "touch_id"]) for s, by in sorts.items()}
    beside = {
        f"{sort}_{i}": rows.touchpoint.lag(i).over(line) for sort, line in lines.items() for i in range(1, before + 1)
    }
    beside |= {f"{sort}_next": rows.touchpoint.lead().over(line) for sort, line in lines.items()}
    beside |= {f"{sort}_since": rows.touched_on.lag().over(line) for sort, line in lines.items()}
    number = {
        "nth": ibis.row_number().over(lines["line"]).cast("int64"),
        "own": ibis.row_number().over(lines["own"]).cast("int64"),
    }
    return rows.select("person", "touched_at", "touched_on", "touchpoint", "direct", **number, **beside).cache()


def _reached(sold: ir.Table, seen: ir.Table, longest: int) -> ir.Table:
    """Every order beside the touches of its person before it, not older than the longest look-back."""
    dated = sold.mutate(since_on=(sold.paid_on - ibis.interval(days=longest)).cast("date"))
    inside = [
        dated.person == seen.person,
        seen.touched_at <= dated.paid_at,
        seen.touched_on <= dated.paid_on,
        seen.touched_on >= dated.since_on,
    ]
    both = dated.inner_join(seen, inside)
    held = [c for c in seen.columns if c not in ("person", "touched_at", "touched_on", "line_since", "own_since")]
    both = both.select(*[dated[c] for c in ("order_id", "person", "paid_on", "net_amount")], seen.touched_on, *held)
    return both.mutate(days=both.paid_on.delta(both.touched_on, unit="day")).drop("paid_on", "touched_on")


def _bought(sold: ir.Table, reached: ir.Table, attached: ir.Table, days: Sequence[int]) -> ir.Table:
    """Rows of orders, with the facts of the order's stretch at each look-back; touches attached to the order have no place."""
    counts = {}
    for d in days:
        near = reached.days <= d
        counts[f"touches_{d}"] = (near & ~reached.direct).cast("int64").sum()
        counts[f"returns_{d}"] = (near & reached.direct).cast("int64").sum()
    facts = reached.group_by("order_id").aggregate(**ends(reached), **counts)
    both = attached.filter(attached.order_id.notnull()).inner_join(sold, "order_id")
    at_till = both.select("order_id", sold.net_amount, attached.touchpoint, sold.paid_on, attached.touched_on)
    at_till = at_till.mutate(days=at_till.paid_on.delta(at_till.touched_on, unit="day"), direct=ibis.literal(False))
    tills = at_till.group_by("order_id").aggregate(attached=at_till.count())
    kept = [c for c in reached.columns if c != "person"]
    nowhere = {c: ibis.null().cast(reached[c].type()) for c in kept if c not in at_till.columns}
    rows = ibis.union(
        reached.select(*kept, at_till=ibis.literal(False)),
        at_till.mutate(**nowhere).select(*kept, at_till=ibis.literal(True)),
    )
    joined = (
        rows.left_join(facts, "order_id").drop("order_id_right").left_join(tills, "order_id").drop("order_id_right")
    )
    none = [c for c in (*facts.columns, "attached") if c != "order_id"]
    return joined.mutate(**{c: joined[c].fill_null(0) for c in none}).cache()


def _journeys(seen: ir.Table, reached: ir.Table, days: Sequence[int], base: int) -> ir.Table:
    """Exposures that no order follows within the shortest look-back, with the journey each look-back puts them in."""
    place = ["person", "nth"]
    soonest = reached.group_by(place).aggregate(to_order=reached.days.min())
    lasts = reached.group_by("order_id").aggregate(person=reached.person.max(), **ends(reached))
    # a touch that stands first after an order begins a journey, whatever the look-back
    after = lasts.select("person", nth="end", line_new=ibis.literal(True)).distinct()
    after_own = lasts.select(
        "person", own="last_touch", direct=ibis.literal(False), own_new=ibis.literal(True)
    ).distinct()
    rows = seen
    for known, key, name in (
        (soonest, place, "to_order"),
        (after, place, "line_new"),
        (after_own, ["person", "direct", "own"], "own_new"),
    ):
        both = rows.left_join(known, key)
        rows = both.select(*[both[c] for c in rows.columns], name)
    rows = rows.filter(rows.to_order.isnull() | (rows.to_order > days[0]).fill_null(False))
    line = ibis.window(group_by="person", order_by="nth", preceding=None, following=0)
    alone = ibis.window(group_by=["person", "direct"], order_by="own", preceding=None, following=0)
    journeys = {f"journey_{d}": _new(rows, "line", d).sum().over(line) for d in days}
    rows = rows.mutate(**journeys, journey_drop=_new(rows, "own", base).sum().over(alone))
    return rows.drop("line_since", "own_since", "line_new", "own_new", "touched_at").cache()


def _new(rows: ir.Table, sort: str, days: int) -> ir.IntegerColumn:
    since, after = rows[f"{sort}_since"], rows[f"{sort}_new"].fill_null(False)
    long_ago = (since < rows.touched_on - ibis.interval(days=days)).fill_null(False)
    return (after | since.isnull() | long_ago).cast("int64")


def ends(rows: ir.Table) -> dict[str, Any]:
    """Where a stretch of a line ends: its last touch and its last return, by place among all and among their sort."""
    return {
        "last_touch": rows.direct.ifelse(0, rows.own + 1).max(),
        "last_return": rows.direct.ifelse(rows.own + 1, 0).max(),
        "end": (rows.nth + 1).max(),
        "end_touch": rows.direct.ifelse(0, rows.nth + 1).max(),
    }
