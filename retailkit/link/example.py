"""A family of accounts small enough to link by eye."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table


def family() -> dict[str, Table]:
    """Return the tables of one shop: Dora and Emil give one phone, Fred has a unionid in two systems."""
    text = {"merchant": "string", "account": "string"}
    accounts = [
        ("shop", "crm:dora", "crm", None, "phone-1"),
        ("shop", "crm:emil", "crm", None, "phone-1"),
        ("shop", "mini:dora-emil", "mini_program", None, "phone-1"),
        ("shop", "crm:fred", "crm", "union-f", "phone-2"),
        ("shop", "mini:fred", "mini_program", "union-f", None),
    ]
    return {
        "accounts": ibis.memtable(
            accounts, schema={**text, "system": "string", "unionid": "string", "phone_key": "string"}
        ),
        "members": _none({**text, "member_id": "string"}),
        "orders": _none(text),
        "pairs": _none({**text, "other": "string", "evidence": "string", "weight": "float64"}),
    }


def _none(columns: dict[str, str]) -> Table:
    return ibis.memtable([], schema=columns)
