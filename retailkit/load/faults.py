"""What was wrong with a row that failed: which cell, why, and what stood there; nothing that names a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retailkit.load.bounds import typed
from retailkit.load.engine import Connection, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.fields import Expression, Place
from retailkit.load.layout import Block, Layout
from retailkit.load.raw import Raw
from retailkit.schema import Column, Table

PHONE = "'1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|0[0-9]{2,3}[ -][0-9]{7,8}', '1**********', 'g'"
"""SQL of what looks like a phone (mobile, or with an area's code), and of what is shown in its place."""


def is_fatal(column: Column, contract: Table) -> bool:
    """Tell whether a row is set aside for such a cell; else the cell is left empty."""
    return column.required or column.kind == "money" or (column.name in contract.key and column.kind == "id")


def fails(e: Expression, contract: Table) -> str:
    """Return SQL of 'this cell is wrong': filled but unreadable, or required and empty."""
    value = typed(e.name)
    # not AND, of which the engine computes both sides for every row
    unreadable = f"CASE WHEN {value} IS NULL THEN {e.filled} ELSE false END"
    return f"{value} IS NULL" if contract[e.name].required else unreadable


def _reason(e: Expression, contract: Table, block: Block) -> str:
    """Return SQL of the sentence that says what was wrong with a cell."""
    column, rule = contract[e.name], block.fields[e.name]
    wanted = {
        "instant": f"no readable time between 1990 and the day of loading ({rule.time})",
        "date": "no readable day",
        "int": "no whole number of " + (column.unit or "units"),
        "float": "no number",
        "bool": "neither yes nor no",
        "text": "not one of " + ", ".join(column.one_of) if column.one_of else "unreadable",
        "id": "an id that went through a float or a spreadsheet: its digits are lost",
        "money": "no amount in "
        + ("whole minor units (fen, cents)" if rule.unit in ("minor", "fen") else "major units (yuan)"),
    }[column.kind]
    if column.minimum is not None and column.kind in ("int", "money", "float"):
        wanted += f", {column.minimum:g} or more"
    if rule.kind and rule.kind != "staff":
        wanted = "no phone number" if rule.kind == "phone" else "unreadable"
    return f"CASE WHEN {e.filled} THEN {literal(wanted)} ELSE 'empty, but required' END"


def cell_problem(
    e: Expression, contract: Table, block: Block, failing: str, inner: str, raw: Raw, layout: Layout
) -> str:
    """Return SQL of one column's quarantine rows; phones, names and what looks like a phone are not shown."""
    cells = " || ' | ' || ".join(
        f"coalesce(CAST({quote(raw.found[c])} AS VARCHAR), '')" for c in e.columns if c in raw.found
    )
    secret = block.fields[e.name].kind or set(e.columns) & set(layout.sensitive)
    shown = (
        "''"
        if secret or not cells
        else f"regexp_replace(translate(left({cells}, 80), '０１２３４５６７８９', '0123456789'), {PHONE})"
    )
    whole = str(is_fatal(contract[e.name], contract)).lower()
    return (
        f'SELECT merchant, source_row, {literal(block.table)} AS "table", '
        f'{literal(" + ".join(e.columns))} AS "column", '
        f'{_reason(e, contract, block)} AS reason, {shown} AS value, "@record" AS record, {whole} AS whole_row '
        f"FROM ({inner}) WHERE {failing}"
    )


def overlong_problem(block: Block, inner: str) -> str:
    return (
        f'SELECT merchant, source_row, {literal(block.table)} AS "table", \'\' AS "column", '
        "'more cells than the header has names' AS reason, '' AS value, \"@record\" AS record, true AS whole_row "
        f"FROM ({inner}) WHERE \"@more\" <> ''"
    )


def record_sql(contract: Table, cells: Mapping[str, str] | None = None) -> str:
    """Return SQL of the key of a table's row as one text: empty where a part that is required is missing.

    ``cells`` gives SQL of the columns that are not yet under their own names.
    """
    keys = [k for k in contract.key if k != "merchant"]
    parts = {k: (cells[k] or "NULL") if cells else quote(k) for k in keys}
    text = " || ' | ' || ".join(f"coalesce(CAST({parts[k]} AS VARCHAR), '')" for k in keys) or "''"
    known = " AND ".join(f"{parts[k]} IS NOT NULL" for k in keys if contract[k].required) or "true"
    return f"CASE WHEN {known} THEN {text} END"


def refuse_if_hopeless(
    con: Connection, problems: Sequence[str], bad: int, total: int, place: Place, block: Block
) -> None:
    """Refuse a file whose every row fails: its layout or a declared unit is wrong, not its rows."""
    union = " UNION ALL ".join(problems)
    top = first(
        con,
        f'SELECT "column", reason, count(DISTINCT source_row) AS n, any_value(value) FROM ({union}) '
        "GROUP BY 1, 2 ORDER BY n DESC LIMIT 1",
    )
    if top is None:
        return
    column, reason, count, value = top
    unit = "minor units" in reason and count >= 0.1 * total
    if bad < total and not unit:
        return
    raise LoadError(
        f"{'the declared unit is wrong' if unit else 'no row can be read'}: column '{column}' fails in "
        f"{count:,} of {total:,} rows ({reason}" + (f"; for example '{value}')" if value else ")"),
        place.file,
        f"cells that make table '{block.table}'",
        "correct the unit or the format of this field in the layout" if unit else "check the layout against the file",
    )
