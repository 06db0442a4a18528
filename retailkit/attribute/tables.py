"""The derived tables of this room, and the few steps every function shares."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.schema import TABLES
from retailkit.schema.given import TYPES, given

TOUCH = {
    "merchant": "string",
    "touch_id": "string",
    "person": "string",
    "account": "string",
    "touched_at": "timestamp(6)",
    "touched_on": "date",
    "touchpoint": "string",
    "kind": "string",
    "role": "string",
    "format": "string",
    "guide": "string",
    "group_id": "string",
    "campaign_id": "string",
    "shop_id": "string",
    "order_id": "string",
    "record": "string",
}
"""Columns of ``touches``: one row per touch. ``kind`` is exposure or order_attached, ``role``
touch, direct, continuation or bot, ``record`` the table the touch comes from."""

CARRIED = ("format", "guide", "group_id", "campaign_id", "shop_id")
"""Columns of a touch that paths and ledgers carry for the roll-up."""

PATH = {
    "merchant": "string",
    "journey_id": "string",
    "person": "string",
    "outcome": "string",
    "order_id": "string",
    "paid_at": "timestamp(6)",
    "paid_on": "date",
    "gross_amount": "int64",
    "net_amount": "int64",
    "position": "int64",
    "path_length": "int64",
    "touch_id": "string",
    "touched_at": "timestamp(6)",
    "touched_on": "date",
    "days_before": "int64",
    "touchpoint": "string",
    "kind": "string",
    "role": "string",
} | dict.fromkeys(CARRIED, "string")
"""Columns of ``paths``: one row per journey and touch, positions from 1."""

LEDGER = {
    "merchant": "string",
    "rule": "string",
    "order_id": "string",
    "person": "string",
    "paid_on": "date",
    "position": "int64",
    "path_length": "int64",
    "touch_id": "string",
    "touched_on": "date",
    "touchpoint": "string",
    "kind": "string",
    "role": "string",
    "share": "float64",
    "gross_credit": "int64",
    "refund_credit": "int64",
    "credit": "int64",
} | dict.fromkeys(CARRIED, "string")
"""Columns of a credit ledger: one row per order and touch; ``credit`` sums to net_amount."""


def as_table(data: Any, name: str) -> ir.Table:
    """Return a canonical table as an ibis table with the schema's columns and types; None gives an empty one.

    Raises
    ------
    ValueError
        If columns are missing or hold something else than their kind: all of them are listed, see `given`.
    """
    types = {c.name: TYPES[c.kind] for c in TABLES[name].columns}
    if data is None:
        return ibis.memtable(pd.DataFrame(columns=list(types)), schema=ibis.schema(types))
    return shape(given(data, name), types)


def shape(table: ir.Table, types: dict[str, str]) -> ir.Table:
    """Return the table with exactly these columns and types, empty where it has none."""
    return table.select(
        **{
            name: table[name].cast(kind) if name in table.columns else ibis.null().cast(kind)
            for name, kind in types.items()
        }
    )


def with_person(table: ir.Table, persons: ir.Table) -> ir.Table:
    """Add the person of each row's account; an account nobody linked is a person of its own."""
    known = persons.select("merchant", "account", linked="person")
    joined = table.left_join(known, ["merchant", "account"])
    joined = joined.select(*[joined[c] for c in table.columns if c != "person"], "linked")
    return joined.mutate(person=ibis.coalesce(joined.linked, joined.account)).drop("linked")


def exposures(touches: ir.Table) -> ir.Table:
    """Touches that brought somebody or brought him back; continuations of a visit and attached touches are none."""
    return touches.filter((touches.kind == "exposure") & touches.role.isin(("touch", "direct")))


def family(touchpoint: ir.Value) -> ir.Value:
    """The name before the campaign's: ``mailing`` of ``mailing: Type A``; other names as they are."""
    at = touchpoint.find(": ")
    return (at > 0).ifelse(touchpoint.substr(0, at), touchpoint)


def numbered(rows: ir.Table, *by: str) -> ir.Table:
    """Keep the rows in the engine with ``number``: their place by these columns, from 0."""
    place = ibis.row_number().over(ibis.window(order_by=by))
    return rows.mutate(number=place.cast("int64")).cache()


def frame(table: ir.Table) -> pd.DataFrame:
    """Return the rows as pandas; empty text columns are made anew, because pandas 3 cannot merge
    the chunkless ones that an empty engine result has."""
    rows = table.execute()
    if rows.empty:
        text = [c for c in rows.columns if table[c].type().is_string()]
        rows = rows.assign(**{c: pd.Series([], dtype="str") for c in text})
    return rows
