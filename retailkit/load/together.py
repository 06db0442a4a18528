"""What belongs together is set aside together: the rows of one order, and the lines of an order that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from retailkit.load.engine import Connection, first, literal, quote
from retailkit.load.faults import PHONE, record_sql
from retailkit.load.layout import Block, Layout
from retailkit.schema import Table

if TYPE_CHECKING:
    from retailkit.load.rows import Typed


def lost_records(con: Connection, name: str, contract: Table, below: str) -> str:
    """Keep which records of typed rows were set aside: their keys, and ``spoilt``, the row that was at fault.

    Parameters
    ----------
    name : typed rows; in groups ``name_g`` are the groups.
    below : SQL of 'a sum of this group is out of bounds', empty where none is.
    """
    keys = ", ".join(quote(k) for k in contract.key)
    lost = f"SELECT {keys}, min(source_row) AS spoilt FROM {quote(name)} WHERE bad GROUP BY ALL"
    if below:
        lost += f" UNION ALL SELECT {keys}, source_row FROM {quote(name + '_g')} WHERE bad = 0 AND ({below})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {quote(name + '_lost')} AS {lost}")
    return name + "_lost"


def set_aside(name: str, contract: Table | None = None, lost: str | None = None) -> str:
    """Return SQL of the export rows set aside: the bad ones, or all that make one of the ``lost`` groups."""
    if contract is None or lost is None:
        return f"SELECT merchant, source_row FROM {quote(name)} WHERE bad"
    return f"SELECT t.merchant, t.source_row FROM {quote(name)} t SEMI JOIN {quote(lost)} l ON {_same(contract)}"


def those_with_them(name: str, contract: Table, block: Block, layout: Layout, lost: str) -> str:
    """Return SQL of the quarantine rows of what is sound itself and makes one of the ``lost`` groups with a row that is not."""
    rows = f"SELECT t.*, l.spoilt FROM {quote(name)} t JOIN {quote(lost)} l ON {_same(contract)}"
    return _beside(f"({rows} WHERE NOT t.bad AND t.source_row <> l.spoilt)", contract, contract.key, block, layout)


def with_their_orders(con: Connection, typed: Sequence[Typed], layout: Layout) -> tuple[Typed, ...]:
    """Set the lines of a file aside whose order the file tells but was set aside: they would add up to sales that no order has."""
    orders = [t for t in typed if t.contract.name == "orders"]
    lost = [
        f"SELECT merchant, order_id, spoilt FROM {quote(t.lost)} WHERE order_id IS NOT NULL" for t in orders if t.lost
    ]
    if not lost or all(t.contract.name != "order_lines" for t in typed):
        return tuple(typed)
    name = quote(orders[0].typed + "_orders_lost")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT merchant, order_id, min(spoilt) AS spoilt "
        f"FROM ({' UNION ALL '.join(lost)}) GROUP BY ALL"
    )
    if len(orders) > 1 or not orders[0].grouped:  # another row may tell the same order, and be sound
        there = " UNION ALL ".join(f"SELECT merchant, order_id FROM {quote(t.relation)}" for t in orders)
        sound = f"SELECT merchant, order_id FROM ({there}) SEMI JOIN {name} USING (merchant, order_id)"
        con.execute(f"DELETE FROM {name} WHERE (merchant, order_id) IN ({sound})")
    if first(con, f"FROM {name} LIMIT 1") is None:
        return tuple(typed)
    pairs = zip(typed, layout.tables, strict=True)
    return tuple(_parted(con, t, b, layout, name) if t.contract.name == "order_lines" else t for t, b in pairs)


def _parted(con: Connection, lines: Typed, block: Block, layout: Layout, lost: str) -> Typed:
    kept, rows = lines.relation + "_whole", quote(lines.relation)
    con.execute(f"CREATE OR REPLACE TEMP VIEW {quote(kept)} AS FROM {rows} ANTI JOIN {lost} USING (merchant, order_id)")
    gone = f"(SELECT t.*, l.spoilt FROM {rows} t JOIN {lost} l USING (merchant, order_id))"
    problem = _beside(gone, lines.contract, ("merchant", "order_id"), block, layout)
    aside = f"SELECT merchant, source_row FROM {gone}"
    return replace(
        lines,
        relation=kept,
        problems=(*lines.problems, problem),
        aside=f"{lines.aside} UNION ALL {aside}" if lines.aside else aside,
    )


def _same(contract: Table) -> str:
    return " AND ".join(f"l.{quote(k)} IS NOT DISTINCT FROM t.{quote(k)}" for k in contract.key)


def _beside(rows: str, contract: Table, key: Sequence[str], block: Block, layout: Layout) -> str:
    """Return SQL of the quarantine rows that name the record, by its ``key``, and the row that spoilt it."""
    told = [k for k in key if k != "merchant"]
    hidden = any(block.fields[k].kind or set(block.fields[k].columns) & set(layout.sensitive) for k in told)
    text = " || ' ' || ".join(f"CAST({quote(k)} AS VARCHAR)" for k in told)
    shown = "'a record'" if hidden else f"coalesce(regexp_replace(left({text}, 80), {PHONE}), 'a record')"
    return (
        f'SELECT merchant, source_row, {literal(block.table)} AS "table", \'\' AS "column", '
        f"'belongs to ' || {shown} || ', of which row ' || spoilt || ' was set aside' AS reason, '' AS value, "
        f"{record_sql(contract)} AS record, true AS whole_row FROM {rows}"
    )
