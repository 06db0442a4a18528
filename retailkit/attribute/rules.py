"""Rules that need no model: who gets how much of an order by the place of the touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.types as ir

from retailkit.attribute.ledger import ledger, of_orders
from retailkit.attribute.scenes import Classification, scenes
from retailkit.attribute.tables import PATH, as_table, shape, with_person
from retailkit.schema.given import takes_frames


@takes_frames
def credit(paths: ir.Table, rule: str = "position", half_life_days: float = 7.0, ends: float = 0.4) -> ir.Table:
    """One row per order and touch with its credit by a rule; sums to net_amount per order.

    Parameters
    ----------
    paths : ibis table from :func:`paths`
    rule : str
        ``first``, ``last``, ``last_non_direct``, ``linear``, ``position`` (``ends`` of the order
        to the first and to the last touch, the rest in between), ``time_decay`` (half the weight
        every ``half_life_days``).
    half_life_days : float
        Days, for ``time_decay``.
    ends : float
        Fraction, for ``position``.

    Notes
    -----
    Touches attached to an order (coupon, display, mailer) happen together at the till: they share
    the last place. ``linear`` and ``time_decay`` count each of them.

    Raises
    ------
    ValueError
        If there is no such rule, or a choice is out of its range.
    """
    if rule not in RULES:
        raise ValueError(f"no rule '{rule}'; there are {', '.join(RULES)}")
    if half_life_days <= 0 or not 0 <= ends <= 0.5:
        raise ValueError("half_life_days is above 0 days, ends a fraction from 0 to 0.5")
    rows = places(paths.filter(paths.outcome == "order"))
    return ledger(rows.mutate(weight=RULES[rule](rows, half_life_days, ends)), rule)


def places(rows: ir.Table) -> ir.Table:
    """Add place and places: touches attached to an order happen together, so they share the last place.

    ``crowd`` is the number of touches in a place; their weight is shared, never given to the
    one whose name sorts last. ``latest`` is the last place that is no return, 0 where all are.
    """
    together = rows.kind == "order_attached"
    other = (rows.role != "direct").fill_null(False)
    rows = of_orders(
        rows,
        attached=together.cast("int64").sum(),
        latest=(other & ~together).ifelse(rows.position, 0).max(),
        closes=(other & together).cast("int64").max(),
    )
    together, exposed = rows.kind == "order_attached", rows.path_length - rows.attached
    return rows.mutate(
        place=together.ifelse(exposed + 1, rows.position),
        places=exposed + (rows.attached > 0).cast("int64"),
        crowd=together.ifelse(rows.attached, 1).cast("float64"),
        latest=(rows.closes == 1).ifelse(exposed + 1, rows.latest),
    ).drop("closes")


def _first(rows: ir.Table, half_life: float, ends: float) -> ir.NumericColumn:
    return (rows.place == 1).cast("float64")


def _last(rows: ir.Table, half_life: float, ends: float) -> ir.NumericColumn:
    return (rows.place == rows.places).cast("float64")


def _last_non_direct(rows: ir.Table, half_life: float, ends: float) -> ir.NumericColumn:
    wanted = (rows.latest == 0).ifelse(rows.places, rows.latest)
    return (rows.place == wanted).cast("float64")


def _linear(rows: ir.Table, half_life: float, ends: float) -> ir.NumericColumn:
    return (rows.place > 0).cast("float64")


def _position(rows: ir.Table, half_life: float, ends: float) -> ir.NumericColumn:
    end = (rows.place == 1) | (rows.place == rows.places)
    between = (rows.places - 2).nullif(0).cast("float64")
    middle = ibis.literal(1.0 - 2 * ends) / between
    weight = ibis.cases((rows.places <= 2, 1.0), (end, ends), else_=middle)
    return weight / rows.crowd


def _time_decay(rows: ir.Table, half_life: float, ends: float) -> ir.NumericColumn:
    age = rows.days_before.fill_null(0).cast("float64")
    return ibis.literal(0.5) ** (age / half_life)


RULES: dict[str, Callable[[ir.Table, float, float], ir.NumericColumn]] = {
    "first": _first,
    "last": _last,
    "last_non_direct": _last_non_direct,
    "linear": _linear,
    "position": _position,
    "time_decay": _time_decay,
}


def paying_session_credit(
    orders: Any, sessions: Any, persons: Any = None, classification: Classification = "touchpoint"
) -> ir.Table:
    """One row per order with all its credit on the scene of the session that paid (We分析).

    An order names its session, or a session its order; else the order's own scene counts; else
    the order is ``unattributed``. Returns, continuations and tests count here as any other scene:
    that is what the console shows, and why it disagrees with Youshu by design.
    """
    sale = with_person(as_table(orders, "orders"), as_table(persons, "persons"))
    visits = as_table(sessions, "sessions")
    named = visits.select("merchant", "session_id", named_scene="scene")
    paid = visits.filter(visits.order_id.notnull())
    paid = paid.group_by(["merchant", "order_id"]).aggregate(paid_scene=paid.scene.max())
    both = sale.left_join(named, ["merchant", "session_id"]).drop("merchant_right", "session_id_right")
    both = both.left_join(paid, ["merchant", "order_id"]).drop("merchant_right", "order_id_right")
    both = both.mutate(chosen=ibis.coalesce(both.named_scene, both.paid_scene, both.scene)).drop("touchpoint")
    classes = ibis.memtable(scenes(classification)).select(chosen="scene", called="touchpoint")
    both = both.left_join(classes, "chosen").drop("chosen_right")
    both = both.mutate(touchpoint=ibis.coalesce(both.called, both.chosen))
    return _whole_order(both, "paying_session")


def chan_id_credit(orders: Any, sessions: Any, persons: Any = None) -> ir.Table:
    """One row per order with all its credit on the last non-empty ``chan_id`` (Youshu).

    The order's own ``chan_id`` counts first; else the latest session of the person, however old,
    that carried one; else the order is ``unattributed``. ``touchpoint`` holds the channel id.
    """
    linked = as_table(persons, "persons")
    sale = with_person(as_table(orders, "orders"), linked)
    visits = with_person(as_table(sessions, "sessions"), linked)
    marked = visits.filter((visits.chan_id.fill_null("") != "") & visits.person.notnull())
    marked = marked.select("merchant", "person", "started_at", "session_id", last_chan="chan_id")
    need = sale.filter((sale.chan_id.fill_null("") == "") & sale.person.notnull())
    before = need.select("merchant", "person", "order_id", "paid_at").inner_join(marked, ["merchant", "person"])
    before = before.filter(before.started_at <= before.paid_at)
    latest = ibis.window(
        group_by=["merchant", "order_id"], order_by=[before.started_at.desc(), before.session_id.desc()]
    )
    before = before.mutate(nth=ibis.row_number().over(latest)).filter(ibis._.nth == 0)
    before = before.select("merchant", "order_id", "last_chan")
    both = sale.drop("touchpoint").left_join(before, ["merchant", "order_id"])
    both = both.mutate(touchpoint=ibis.coalesce(both.chan_id.nullif(""), both.last_chan))
    return _whole_order(both, "chan_id")


def _whole_order(sale: ir.Table, rule: str) -> ir.Table:
    known = sale.touchpoint.notnull()
    rows = sale.mutate(
        outcome=ibis.literal("order"),
        position=ibis.literal(1),
        path_length=ibis.literal(1),
        kind=known.ifelse("exposure", "none"),
        role=known.ifelse("touch", "no_touch"),
        touchpoint=sale.touchpoint.fill_null("unattributed"),
    )
    return ledger(shape(rows, PATH).mutate(weight=ibis.literal(1.0)), rule)
