"""Touches and orders -> journeys: one row per journey and touch."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import numpy as np

from retailkit.attribute.tables import CARRIED, PATH, as_table, shape, with_person
from retailkit.schema.given import takes_frames

Direct = Literal["fold", "keep", "drop"]

_SALE_SIDE = ("merchant", "order_id", "person", "paid_at", "paid_on", "gross_amount", "net_amount")
_TOUCH_SIDE = ("touch_id", "touched_at", "touched_on", "touchpoint", "kind", "role", *CARRIED)


@takes_frames
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
        If look_back_days is no whole number of days from 0, as_of no ISO day, or a choice is unknown.
    """
    if not isinstance(look_back_days, int | np.integer) or look_back_days < 0:
        raise ValueError(
            f"look_back_days is {look_back_days!r}; a whole number of days, 0 (the same day) or more, is needed"
        )
    known_day(as_of)
    if direct not in ("fold", "keep", "drop") or after_order not in ("keep", "restart"):
        raise ValueError("direct is fold, keep or drop; after_order is keep or restart")
    sales = _sales(as_table(orders, "orders"), as_table(persons, "persons"), look_back_days, after_order)
    counted = ("touch", "direct") if direct != "drop" else ("touch",)
    usable = touches.filter(touches.role.isin(counted))
    exposures = usable.filter((usable.kind == "exposure") & usable.person.notnull())
    reached = _reached(sales, exposures, after_order)
    attached = _attached(sales, usable.filter(usable.kind == "order_attached"))
    bought = _numbered(ibis.union(reached, attached), direct)
    known_until = ibis.literal(as_of).cast("date") if as_of else day_after(exposures, sales)
    idle = exposures.anti_join(sales, _inside(exposures, sales, after_order))
    return ibis.union(bought, _without_order(idle, look_back_days, direct, known_until))


def known_day(as_of: str | None) -> None:
    """Raise unless ``as_of`` is an ISO day or left out: the engine would say so long after."""
    if not as_of:
        return
    try:
        date.fromisoformat(str(as_of))
    except ValueError:
        raise ValueError(f"as_of is an ISO day in quotes like '2024-12-01', not {as_of!r}") from None


def _sales(orders: ir.Table, persons: ir.Table, days: int, after_order: str) -> ir.Table:
    sale = with_person(orders, persons)
    sale = sale.select(*_SALE_SIDE, since_on=(sale.paid_on - ibis.interval(days=days)).cast("date"))
    if after_order == "keep":
        return sale
    earlier = ibis.window(group_by=["merchant", "person"], order_by=["paid_at", "order_id"])
    return sale.mutate(before=sale.paid_at.lag().over(earlier))


def _inside(exposures: ir.Table, sales: ir.Table, after_order: str) -> list[ir.BooleanValue]:
    """The touch counts for the order: the same person, not after it, not older than the look-back."""
    inside = [
        exposures.merchant == sales.merchant,
        exposures.person == sales.person,
        exposures.touched_at <= sales.paid_at,
        exposures.touched_on <= sales.paid_on,
        exposures.touched_on >= sales.since_on,
    ]
    if after_order == "restart":
        inside.append(sales.before.isnull() | (exposures.touched_at > sales.before).fill_null(False))
    return inside


def _reached(sales: ir.Table, exposures: ir.Table, after_order: str) -> ir.Table:
    """Every order beside its exposures, or beside nothing where it has none: one pass, one join."""
    side = exposures.select("merchant", "person", *_TOUCH_SIDE)
    both = sales.left_join(side, _inside(side, sales, after_order))
    return both.select(*[both[c] for c in (*_SALE_SIDE, *_TOUCH_SIDE)])


def _attached(sales: ir.Table, attached: ir.Table) -> ir.Table:
    side = attached.select("merchant", "order_id", *_TOUCH_SIDE)
    both = sales.inner_join(side, ["merchant", "order_id"])
    return both.select(*[both[c] for c in (*_SALE_SIDE, *_TOUCH_SIDE)])


def _numbered(found: ir.Table, direct: str) -> ir.Table:
    """Number each order's touches; what gives way stands behind them and goes: one sort for all windows."""
    own = (found.role == "direct").fill_null(False) if direct == "fold" else ibis.literal(False)
    late = (found.kind == "order_attached").fill_null(False)
    rank = found.touched_at.isnull().ifelse(3, own.ifelse(2, late.ifelse(1, 0)))  # no touch: behind attached ones
    found = found.mutate(rank=rank.cast("int8"))
    order = {"group_by": ["merchant", "order_id"], "order_by": ["rank", "touched_at", "touch_id"]}
    whole = ibis.window(**order, preceding=None, following=None)
    found = found.mutate(
        nth=ibis.row_number().over(ibis.window(**order)),
        touched=found.touched_at.count().over(whole),
        others=(found.rank < 2).ifelse(found.touched_at, ibis.null()).count().over(whole),
    )
    alone = found.touched_at.notnull() & ((found.rank < 2) | (found.others == 0))
    found = found.filter(alone | (found.touched == 0))
    bare = found.touched == 0
    unknown = found.person.isnull().ifelse("unknown_person", "no_touch")
    length = (found.others > 0).ifelse(found.others, bare.ifelse(1, found.touched))
    return shape(
        found.mutate(
            journey_id=found.order_id,
            outcome=ibis.literal("order"),
            position=bare.ifelse(1, found.nth + 1),
            path_length=length,
            days_before=found.paid_on.delta(found.touched_on, unit="day"),
            touchpoint=bare.ifelse("unattributed", found.touchpoint),
            kind=bare.ifelse("none", found.kind),
            role=bare.ifelse(unknown, found.role),
        ),
        PATH,
    )


def _without_order(idle: ir.Table, days: int, direct: str, known_until: ir.DateValue) -> ir.Table:
    """Journeys of exposures that no order followed: a silence longer than the look-back ends one.

    Two sorts only: starts and ends of journeys are carried along the person's own line of touches.
    """
    line = {"group_by": ["merchant", "person"], "order_by": ["touched_at", "touch_id"]}
    mine, so_far = ibis.window(**line), ibis.window(**line, preceding=None, following=0)
    to_come = ibis.window(**line, preceding=0, following=None)
    gap = ibis.interval(days=days)
    counts = (idle.role != "direct").cast("int64") if direct == "fold" else ibis.literal(1)
    idle = idle.mutate(counts=counts)
    idle = idle.mutate(
        earlier=idle.touched_on.lag().over(mine),
        later=idle.touched_on.lead().over(mine),
        nth=ibis.row_number().over(mine) + 1,
        counted=idle.counts.sum().over(so_far),
        seen=(idle.counts == 1).ifelse(idle.touched_on, ibis.null()).max().over(so_far),
    )
    new = idle.earlier.isnull() | (idle.earlier < idle.touched_on - gap).fill_null(False)
    last = idle.later.isnull() | (idle.later > idle.touched_on + gap).fill_null(False)
    idle = idle.mutate(
        journey=new.cast("int64").sum().over(so_far),
        before=new.ifelse(idle.counted - idle.counts, ibis.null()).max().over(so_far),
        until=last.ifelse(idle.counted, ibis.null()).min().over(to_come),
        first=new.ifelse(idle.nth, ibis.null()).max().over(so_far),
        final=last.ifelse(idle.nth, ibis.null()).min().over(to_come),
        ended=last.ifelse(idle.touched_on, ibis.null()).min().over(to_come),
        seen_last=last.ifelse(idle.seen, ibis.null()).min().over(to_come),
    )
    idle = idle.filter((idle.counts == 1) | (idle.until == idle.before))
    mixed = idle.until > idle.before
    ended = mixed.ifelse(idle.seen_last, idle.ended)
    idle = idle.mutate(
        journey_id=ibis.literal("none:") + idle.person + ":" + idle.journey.cast("string"),
        outcome=(ended + gap >= known_until).ifelse("censored", "none"),
        order_id=ibis.null().cast("string"),
        position=mixed.ifelse(idle.counted - idle.before, idle.nth - idle.first + 1),
        path_length=mixed.ifelse(idle.until - idle.before, idle.final - idle.first + 1),
    )
    return shape(idle, PATH)


def day_after(exposures: ir.Table, sales: ir.Table) -> ir.DateScalar:
    """The day after the last known row: never the wall clock."""
    days = ibis.union(exposures.select(day="touched_on"), sales.select(day="paid_on"))
    latest = days.aggregate(day=days.day.max() + ibis.interval(days=1))
    return latest.day.as_scalar()
