"""Touches and orders -> journeys: one row per journey and touch."""

from __future__ import annotations

from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from retailkit.attribute.tables import CARRIED, PATH, as_table, shape, with_person

Direct = Literal["fold", "keep", "drop"]

_TOUCH_SIDE = ("touch_id", "touched_at", "touched_on", "touchpoint", "kind", "role", *CARRIED)


def paths(
    touches: ir.Table,
    orders: Any,
    persons: Any = None,
    look_back_days: int = 30,
    direct: Direct = "fold",
    after_order: Literal["keep", "restart"] = "keep",
    as_of: str | None = None,
) -> ir.Table:
    """One row per journey and touch, in order; a journey is an order or an interest without one.

    Parameters
    ----------
    touches : ibis table from :func:`touches`
    orders, persons : canonical tables
    look_back_days : int
        A touch counts for an order paid on the same day or up to so many days later.
    direct : fold, keep or drop
        Returns of one's own accord (recently used, desktop, task bar): ``fold`` leaves them out
        where any other touch is known and lets them stand alone elsewhere, ``keep`` counts them
        like others, ``drop`` never counts them.
    after_order : keep or restart
        ``restart`` forgets touches older than the person's order before.
    as_of : str, optional
        First day that is not known, ISO; the day after the last row where left out.

    Returns
    -------
    Columns ``PATH``. Every order is in it exactly once: an order without a touch is one row with
    touchpoint ``unattributed`` and role ``no_touch`` or ``unknown_person``. ``outcome`` is

    - ``order``: journeys that ended in a purchase, ``journey_id`` is the order's,
    - ``none``: exposures that no order followed within the look-back,
    - ``censored``: the same, but younger than the look-back: too early to tell.

    Notes
    -----
    Order-attached touches stand last. Touches of the same second keep the order of their ids,
    so the result never depends on the order of rows. Credit is conserved whatever ``direct`` is:
    what is left out gives way to the other touches, or to ``unattributed``.

    Raises
    ------
    ValueError
        If look_back_days is negative or a choice is unknown.
    """
    if look_back_days < 0:
        raise ValueError(f"look_back_days is {look_back_days}; 0 (the same day) or more is needed")
    if direct not in ("fold", "keep", "drop") or after_order not in ("keep", "restart"):
        raise ValueError("direct is fold, keep or drop; after_order is keep or restart")
    sales = _sales(as_table(orders, "orders"), as_table(persons, "persons"))
    counted = ("touch", "direct") if direct != "drop" else ("touch",)
    usable = touches.filter(touches.role.isin(counted))
    exposures = usable.filter((usable.kind == "exposure") & usable.person.notnull())
    reached = _within(sales, exposures, look_back_days, after_order)
    attached = _attached(sales, usable.filter(usable.kind == "order_attached"))
    found = ibis.union(reached, attached)
    if direct == "fold":
        found = _fold(found)
    bought = ibis.union(_numbered(found), _untouched(sales, found))
    return ibis.union(bought, _without_order(exposures, reached, look_back_days, direct, as_of))


def _sales(orders: ir.Table, persons: ir.Table) -> ir.Table:
    sale = with_person(orders, persons)
    earlier = ibis.window(group_by=["merchant", "person"], order_by=["paid_at", "order_id"])
    return sale.select(
        "merchant",
        "order_id",
        "person",
        "paid_at",
        "paid_on",
        "gross_amount",
        "net_amount",
        before=sale.paid_at.lag().over(earlier),
    )


def _within(sales: ir.Table, exposures: ir.Table, days: int, after_order: str) -> ir.Table:
    side = exposures.select("merchant", "person", *_TOUCH_SIDE)
    both = sales.filter(sales.person.notnull()).inner_join(side, ["merchant", "person"])
    inside = (
        (both.touched_at <= both.paid_at)
        & (both.touched_on <= both.paid_on)
        & (both.touched_on >= both.paid_on - ibis.interval(days=days))
    )
    if after_order == "restart":
        inside = inside & (both.before.isnull() | (both.touched_at > both.before).fill_null(False))
    return both.filter(inside).drop("before")


def _attached(sales: ir.Table, attached: ir.Table) -> ir.Table:
    side = attached.select("merchant", "order_id", *_TOUCH_SIDE)
    both = sales.inner_join(side, ["merchant", "order_id"])
    return both.select(*[c for c in sales.columns if c != "before"], *_TOUCH_SIDE)


def _fold(found: ir.Table) -> ir.Table:
    own = (found.role != "direct").cast("int64")
    others = own.max().over(ibis.window(group_by=["merchant", "order_id"]))
    marked = found.mutate(others=others)
    return marked.filter((marked.role != "direct") | (marked.others == 0)).drop("others")


def _numbered(found: ir.Table) -> ir.Table:
    last = (found.kind == "order_attached").cast("int64")
    order = ibis.window(group_by=["merchant", "order_id"], order_by=[last, found.touched_at, found.touch_id])
    whole = ibis.window(group_by=["merchant", "order_id"])
    numbered = found.mutate(
        journey_id=found.order_id,
        outcome=ibis.literal("order"),
        position=ibis.row_number().over(order) + 1,
        path_length=found.touch_id.count().over(whole),
        days_before=found.paid_on.delta(found.touched_on, unit="day"),
    )
    return shape(numbered, PATH)


def _untouched(sales: ir.Table, found: ir.Table) -> ir.Table:
    touched = found.select("merchant", "order_id").distinct()
    bare = sales.anti_join(touched, ["merchant", "order_id"])
    return shape(
        bare.mutate(
            journey_id=bare.order_id,
            outcome=ibis.literal("order"),
            position=ibis.literal(1),
            path_length=ibis.literal(1),
            touchpoint=ibis.literal("unattributed"),
            kind=ibis.literal("none"),
            role=bare.person.isnull().ifelse("unknown_person", "no_touch"),
        ),
        PATH,
    )


def _without_order(exposures: ir.Table, reached: ir.Table, days: int, direct: str, as_of: str | None) -> ir.Table:
    used = reached.select("merchant", "touch_id").distinct()
    idle = exposures.anti_join(used, ["merchant", "touch_id"])
    mine = ibis.window(group_by=["merchant", "person"], order_by=["touched_at", "touch_id"])
    last = idle.touched_on.lag().over(mine)
    idle = idle.mutate(new=(last.isnull() | (last < idle.touched_on - ibis.interval(days=days))).cast("int64"))
    running = ibis.window(group_by=["merchant", "person"], order_by=["touched_at", "touch_id"], following=0)
    idle = idle.mutate(journey=idle.new.sum().over(running))
    key = ["merchant", "person", "journey"]
    if direct == "fold":
        own = (idle.role != "direct").cast("int64")
        idle = idle.mutate(others=own.max().over(ibis.window(group_by=key)))
        idle = idle.filter((idle.role != "direct") | (idle.others == 0))
    ended = idle.touched_on.max().over(ibis.window(group_by=key))
    order = ibis.window(group_by=key, order_by=["touched_at", "touch_id"])
    known_until = ibis.literal(as_of).cast("date") if as_of else _day_after(exposures, reached)
    idle = idle.mutate(
        journey_id=ibis.literal("none:") + idle.person + ":" + idle.journey.cast("string"),
        outcome=(ended + ibis.interval(days=days) >= known_until).ifelse("censored", "none"),
        order_id=ibis.null().cast("string"),
        position=ibis.row_number().over(order) + 1,
        path_length=idle.touch_id.count().over(ibis.window(group_by=key)),
    )
    return shape(idle, PATH)


def _day_after(exposures: ir.Table, reached: ir.Table) -> ir.DateScalar:
    """The day after the last known row: never the wall clock."""
    days = ibis.union(exposures.select(day="touched_on"), reached.select(day="paid_on"))
    latest = days.aggregate(day=days.day.max() + ibis.interval(days=1))
    return latest.day.as_scalar()
