"""Who met what, joined and sorted once for all look-backs: a shorter look-back only cuts lines at their old end.

A person's touches stand in one line, numbered. The touches that count for an order are a stretch of that line
which ends before the order, and a journey without an order is a stretch that no order and no silence breaks. So a
setting needs no sort of its own: where a stretch ends and how many touches it has give every touch its place,
and what stands before and after a touch is the same in every stretch that reaches so far. This holds because a
touch's day never runs against its instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.journeys import NONE, ORDER
from retailkit.attribute.paths import Direct, day_after
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


def _stretch(rows: ir.Table) -> dict[str, Any]:
    """Where a stretch of a line ends: its last touch and its last return, by place among all and among their sort."""
    return {
        "last_touch": rows.direct.ifelse(0, rows.own + 1).max(),
        "last_return": rows.direct.ifelse(rows.own + 1, 0).max(),
        "end": (rows.nth + 1).max(),
        "end_touch": rows.direct.ifelse(0, rows.nth + 1).max(),
    }


def _bought(sold: ir.Table, reached: ir.Table, attached: ir.Table, days: Sequence[int]) -> ir.Table:
    """Rows of orders, with the facts of the order's stretch at each look-back; touches attached to the order have no place."""
    counts = {}
    for d in days:
        near = reached.days <= d
        counts[f"touches_{d}"] = (near & ~reached.direct).cast("int64").sum()
        counts[f"returns_{d}"] = (near & reached.direct).cast("int64").sum()
    facts = reached.group_by("order_id").aggregate(**_stretch(reached), **counts)
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
    lasts = reached.group_by("order_id").aggregate(person=reached.person.max(), **_stretch(reached))
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


def _of_orders(met: Met, days: int, direct: Direct) -> ir.Table:
    """One row per order and touch at this look-back, placed: ``position``, ``length`` (exposures), neighbours ``w1`` ... ``then``."""
    rows = met.bought.filter(met.bought.at_till | (met.bought.days <= days))
    return _placed(rows, direct, rows[f"touches_{days}"], rows[f"returns_{days}"], rows.attached)


def _without_order(met: Met, days: int, direct: Direct) -> ir.Table:
    """One row per exposure that no order follows within the look-back, placed in its journey; those too young are left out."""
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
        **_stretch(rows),
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
    beside = {c.replace(f"{sort}_", "before_"): rows[c] for c in rows.columns if c.startswith(f"{sort}_")}
    return rows.mutate(**beside, position=position, length=length, last=last)


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
    for column in (c for c in counts if c == "then" or c.startswith("w")):
        known = counts[column].notna()
        counts[column] = pd.Series(names[counts[column].fillna(0).astype("int64")], counts.index, dtype="str").where(
            known
        )
    counts["then"] = counts["then"].fillna(counts.pop("bought").map({True: ORDER, False: NONE}))
    key = [c for c in counts.columns if c not in ("journeys", "value")]
    return counts.groupby(key, as_index=False, dropna=False)[["journeys", "value"]].sum()


def _counted(rows: ir.Table, order: int) -> ir.Table:
    windows = {
        f"w{i + 1}": (rows.position > i).ifelse(rows[f"before_{i}"], ibis.null("int64")) for i in range(1, order)
    }
    ends = rows.position == rows.length
    rows = rows.select(
        "bought",
        w1=rows.touchpoint,
        **windows,
        first=(rows.position == 1).cast("int64"),
        then=ends.ifelse(ibis.null("int64"), rows.before_next),
        paid=(ends & rows.bought).ifelse(rows.net_amount, 0),
    )
    key = ["bought", "w1", *windows, "first", "then"]
    return rows.group_by(key).aggregate(journeys=rows.count(), value=rows.paid.sum())
