"""The touchpoint of an order whose export tells none: that of the visit which paid it."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from retailkit.attribute.scenes import Classification, scenes
from retailkit.attribute.tables import as_table
from retailkit.attribute.touches import named_visits


def paid_through(orders: Any, sessions: Any, classification: Classification | Any = "touchpoint") -> ir.Table:
    """One row per order as it came, its empty ``touchpoint`` taken from the visit that paid it.

    Parameters
    ----------
    orders, sessions : canonical tables, cut to what was known at ``as_of``; other columns of
        ``orders`` stay.
    classification : how scenes become touchpoints, see :func:`scenes`.

    Returns
    -------
    The columns of ``orders`` and ``told_by``: ``export`` where the order's own export names the
    touchpoint (never changed), ``visit`` where a visit does, else empty.

    Notes
    -----
    A visit paid an order if it carries its number. It is named as in :func:`touches`; tests,
    crawlers, visits that go on (back from another mini program) and visits without a name tell
    nothing. Of several visits the last one that started at or before the payment counts; where
    clocks differ and all started later, the first; of two at one instant the one whose
    ``session_id`` sorts first. The touchpoint is the door through which the order was paid: it
    says nothing about what made the customer buy.
    """
    sold = orders if isinstance(orders, ir.Table) else as_table(orders, "orders")
    visits = as_table(sessions, "sessions")
    visits = visits.filter(visits.order_id.notnull())
    named = named_visits(visits, scenes(classification))
    named = named.filter(named.role.isin(("touch", "direct")) & (named.touchpoint != "unknown"))
    named = named.select("merchant", "order_id", "session_id", "started_at", door="touchpoint")
    silent = sold.filter(sold.touchpoint.isnull()).select("merchant", "order_id", "paid_at")
    both = named.inner_join(silent, ["merchant", "order_id"])
    late = both.started_at > both.paid_at
    before = late.ifelse(None, both.started_at)
    nearest = ibis.window(
        group_by=["merchant", "order_id"], order_by=[late, before.desc(), both.started_at, both.session_id]
    )
    first = both.mutate(nth=ibis.row_number().over(nearest)).filter(ibis._.nth == 0)
    doors = first.select("merchant", "order_id", "door").cache()  # asked for once, read by every cut of the orders
    found = sold.left_join(doors, ["merchant", "order_id"])
    told_by = ibis.cases((found.touchpoint.notnull(), "export"), (found.door.notnull(), "visit"))
    touchpoint = ibis.coalesce(found.touchpoint, found.door)
    return found.select(*[touchpoint.name(c) if c == "touchpoint" else found[c] for c in sold.columns], told_by=told_by)
