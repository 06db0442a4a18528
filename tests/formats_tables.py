"""Small canonical tables for the formats tests: give the columns that matter, the rest are empty."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from retailkit.schema import table

WINDOW = {"start": "2018-11-01", "end": "2018-11-30"}
KINDS = {
    "id": "string", "text": "string", "int": "int64", "money": "int64", "float": "float64",
    "bool": "boolean", "instant": "timestamp(6)", "date": "date",
}  # fmt: skip


def canonical(name: str, rows: list[dict[str, Any]] | None = None, **same: Any) -> ibis.Table:
    """A canonical table from rows; ``same`` are columns with one value, merchant is m unless said."""
    contract = table(name)
    schema = {column.name: KINDS[column.kind] for column in contract.columns}
    full = [{"merchant": "m", **same, **row} for row in rows or []]
    if not full:
        return ibis.memtable([], schema=schema)
    unknown = {key for row in full for key in row} - set(schema)
    assert not unknown, f"{name} has no {unknown}"
    frame = pd.DataFrame(full).reindex(columns=list(schema))
    for column in contract.columns:
        if column.kind in ("date", "instant"):
            values = pd.to_datetime(frame[column.name])
            frame[column.name] = values.dt.date if column.kind == "date" else values
        elif column.kind in ("int", "money"):
            frame[column.name] = frame[column.name].astype("Int64")
        else:
            frame[column.name] = frame[column.name].astype(object)
        if column.kind != "instant":
            frame[column.name] = frame[column.name].astype(object).where(frame[column.name].notna(), None)
    return ibis.memtable(frame, schema=schema)


def orders(*rows: dict[str, Any]) -> ibis.Table:
    """Orders from dicts; order ids are numbered, paid at noon, net = gross = amount."""
    full = []
    for number, row in enumerate(rows):
        amount, day = row.pop("amount", 100), row.pop("day", "2018-11-05")
        full.append({
            "order_id": f"o{number}", "account": "a:1", "paid_at": f"{day} 12:00", "paid_on": day,
            "gross_amount": amount, "refund_amount": 0, "net_amount": amount, **row,
        })  # fmt: skip
    return canonical("orders", full)


def of_accounts(*names: str) -> ibis.Table:
    """Persons table in which each account is a person of its own."""
    rows = [{"account": name, "person": f"p-{name}", "system": name.split(":")[0], "accounts": 1} for name in names]
    return canonical("persons", rows)


SCENES = pd.DataFrame(
    [
        ("1007", "single_chat", "touch"),
        ("1008", "group_chat", "touch"),
        ("1035", "official_account", "touch"),
        ("1089", "direct_return", "direct"),
        ("1038", "mini_program_jump", "continuation"),
        ("1129", "system_internal", "excluded"),
    ],
    columns=["scene", "touchpoint", "role"],
)
