"""The canonical tables: what a row is, its columns, types, units and keys.

Every export is renamed and typed into these tables once, on entry; no later function takes
a column name as an argument. The tables are plain declarations: the loader compiles them
to checks, the store to file schemas, the data dictionary (``data/README.md``) to pages.

Conventions
-----------
- ``merchant`` is the first column of every table and partitions the store.
- Ids are text, never numbers: leading zeros and 19-digit ids survive.
- Money is a whole number of the currency's minor unit (fen, cent, penny): ``_amount``.
- An *instant* is a timestamp in UTC without a zone mark; beside each table's main instant
  stands the *date* in the merchant's own zone (``paid_on`` beside ``paid_at``), so that no
  stage converts zones.
- Shares are fractions, not per cent.
- A touchpoint has one name (``OTHER_NAMES`` are read as it), so that visits, orders, spend and owners meet.
"""

from __future__ import annotations

from retailkit.schema.column import FORMATS, KPI_NODES, MERCHANT, PRIVATE_FORMATS, Column, Kind, Room, Table
from retailkit.schema.programme import CONTEXT, DERIVED, MONEY_AND_PLAN, ORGANISATION
from retailkit.schema.touchpoints import OTHER_NAMES, own_name
from retailkit.schema.trade import IDENTITY, SALES, TRAFFIC

__all__ = [
    "FORMATS",
    "KPI_NODES",
    "MERCHANT",
    "OTHER_NAMES",
    "PRIVATE_FORMATS",
    "TABLES",
    "Column",
    "Kind",
    "Room",
    "Table",
    "own_name",
    "table",
]

TABLES: dict[str, Table] = {
    t.name: t for room in (SALES, IDENTITY, TRAFFIC, ORGANISATION, MONEY_AND_PLAN, CONTEXT, DERIVED) for t in room
}


def table(name: str) -> Table:
    """Return the declaration of a canonical table.

    Raises
    ------
    KeyError
        If there is no such table; the message lists the tables there are.
    """
    if name not in TABLES:
        raise KeyError(f"no canonical table '{name}'; there are {', '.join(TABLES)}")
    return TABLES[name]
