"""One file under one layout becomes typed rows per canonical table, and a quarantine.

Everything is one engine statement per table: type, check, group. A second statement runs
only over the rows that failed, to say which cell, why, and what stood there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from retailkit.load.cells import local_day
from retailkit.load.conditions import where_sql
from retailkit.load.engine import SQL_TYPES, Connection, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.explode import exploded
from retailkit.load.fields import Expression, Place, expression, net_amount, row_currency, typed
from retailkit.load.layout import Block, Layout
from retailkit.load.read import Raw
from retailkit.schema import Column, Table, table

Materialise = Callable[..., None]
"""Puts the rows of a query under a name, in memory or (large files) in a Parquet file; ``once``: to be read once."""
Number = Callable[[str, str], None]
"""Puts the rows of a query over an unnumbered file under a name, numbers them and drops the blank ones."""


@dataclass(frozen=True)
class Typed:
    """The rows that one block of a layout made of one file; ``relation`` has the contract's columns.

    ``typed`` holds one row per export row that the block reads, also where ``relation`` holds them
    ``grouped``; ``aside`` and ``repeats`` are queries of ``merchant, source_row`` that were set
    aside or were there word for word before.
    """

    contract: Table
    relation: str
    typed: str
    problems: tuple[str, ...]
    aside: str | None = None
    repeats: str | None = None
    grouped: bool = False


def type_rows(
    con: Connection,
    name: str,
    block: Block,
    rows: str,
    raw: Raw,
    layout: Layout,
    place: Place,
    materialise: Materialise,
    number: Number,
) -> Typed:
    """Make the rows of one canonical table from a file's rows.

    Parameters
    ----------
    rows : relation with ``source_row``, ``merchant`` and the export's columns.

    Raises
    ------
    LoadError
        If a column contradicts its declared unit, or no row at all can be read.
    """
    contract = table(block.table)
    if block.optional and any(c not in raw.found for c in block.needed):
        return _nothing(name, contract, materialise)
    if block.explode:
        rows, raw = exploded(rows, raw, block)
    # an optional column that the file lacks is no field: what it would say is derived or stays empty
    fields = {n: r for n, r in block.fields.items() if not r.optional or any(c in raw.found for c in r.columns)}
    place = replace(place, stated=row_currency(fields.get("currency"), raw))
    made = [expression(contract, n, r, raw, layout, place) for n, r in fields.items()]
    if contract.name == "orders" and "net_amount" not in fields:
        made.append(net := net_amount(contract, made))
        block = block.model_copy(update={"fields": {**block.fields, net.name: block.fields["gross_amount"]}})
    source = _numbered(rows, block)
    wanted = f'"@skip" IS NULL AND {where_sql(block.where, raw)}' if raw.numbered else "true"
    absent = [e for e in made if contract.room == "identity" and e.name in contract.key and len(layout.tables) > 1]
    # an order without a customer is an order all the same: nobody is missing from the table of customers
    someone = " AND ".join(f"({typed(e.name)} IS NOT NULL OR {e.filled})" for e in absent if e.columns) or "true"
    inner = _judged(made, source, wanted, someone)
    failing = {e.name: _failing(e, contract) for e in made}
    fatal = " OR ".join(f"({failing[e.name]})" for e in made if _fatal(contract[e.name], contract)) or "false"
    soft = " OR ".join(f"({failing[e.name]})" for e in made if not _fatal(contract[e.name], contract)) or "false"
    overlong = "coalesce(\"@more\" <> '', false)" if "@more" in raw.types else "false"
    columns = ", ".join(f"{typed(e.name)} AS {quote(e.name)}" for e in made)
    verdict = f"({fatal} OR {overlong}) AS bad, ({soft}) AS doubtful"
    if not raw.numbered:  # asked for once: the cells of failed rows, which tell what was wrong, are kept beside them
        cells = f"CASE WHEN {fatal} OR {overlong} OR {soft} THEN [{', '.join(map(quote, raw.types))}] END"
        number(name, f'SELECT {columns}, {verdict}, "@filled", {cells} AS "@cells" FROM ({inner})')
    else:
        query = f"SELECT source_row, item, merchant, {columns}, {verdict} FROM ({inner})"
        materialise(name, query, once=block.group)
    if block.group:
        materialise(name + "_g", _grouped(name, contract, block, made))
        totals = f"coalesce(sum(bad), 0), coalesce(sum(doubtful), 0), coalesce(sum(rows), 0) FROM {quote(name + '_g')}"
    else:
        totals = f"coalesce(sum(bad::INT), 0), coalesce(sum(doubtful::INT), 0), count(*) FROM {quote(name)}"
    bad, doubtful, total = first(con, f"SELECT {totals}") or (0, 0, 0)
    problems: list[str] = []
    if bad or doubtful:
        # every sentence about a cell is looked for among the failed rows only
        if not raw.numbered:
            told = ", ".join(f'"@cells"[{i}] AS {quote(n)}' for i, n in enumerate(raw.types, 1))
            rejected = f"SELECT source_row, item, merchant, {told} FROM {quote(name)} WHERE bad OR doubtful"
        else:
            marked = name + "_marked"
            materialise(marked, f"SELECT merchant, source_row, item FROM {quote(name)} WHERE bad OR doubtful")
            rejected = f"SELECT * FROM ({source}) SEMI JOIN {quote(marked)} USING (merchant, source_row, item)"
        materialise(name + "_failed", _judged(made, rejected, wanted, someone))
        failed = f"FROM {quote(name + '_failed')}"
        problems = [_problem(e, contract, block, failing[e.name], failed, raw, layout) for e in made if e.columns]
        if overlong != "false":
            problems.append(_overlong(block, failed))
        _refuse_if_hopeless(con, problems, int(bad), int(total), place, block)
    relation, below = _finished(con, name, contract, block, made, place, bool(bad))
    aside = _aside(name, contract, block) if bad else None
    return Typed(contract, relation, name, (*problems, *below), aside, grouped=bool(block.group))


def _judged(made: Sequence[Expression], source: str, wanted: str, someone: str) -> str:
    """Return SQL of the wanted rows with their typed columns; what breaks a rule is empty."""
    inner = f"SELECT *, {', '.join(f'{e.value} AS {typed(e.name)}' for e in made)} FROM ({source}) WHERE {wanted}"
    judged = [f"CASE WHEN {e.rules} THEN {typed(e.name)} END AS {typed(e.name)}" for e in made if e.rules]
    inner = f"SELECT * REPLACE ({', '.join(judged)}) FROM ({inner})" if judged else inner
    return inner if someone == "true" else f"SELECT * FROM ({inner}) WHERE {someone}"


def _nothing(name: str, contract: Table, materialise: Materialise) -> Typed:
    """Return no rows: the file lacks the columns that an optional table needs."""
    columns = ", ".join(f"CAST(NULL AS {SQL_TYPES[c.kind]}) AS {quote(c.name)}" for c in contract.columns)
    materialise(name, f"SELECT 0 AS source_row, 0 AS item, {columns}, false AS bad, false AS doubtful WHERE false")
    return Typed(contract, name, name, ())


def _numbered(rows: str, block: Block) -> str:
    return rows if block.explode else f"SELECT *, 0 AS item FROM {rows}"


def _fatal(column: Column, contract: Table) -> bool:
    return column.required or column.kind == "money" or (column.name in contract.key and column.kind == "id")


def _failing(e: Expression, contract: Table) -> str:
    """Return SQL of 'this cell sets its row aside': filled but unreadable, or required and empty."""
    value = typed(e.name)
    unreadable = f"({e.filled}) AND {value} IS NULL"
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
    if rule.kind:
        wanted = "no phone number" if rule.kind == "phone" else "unreadable"
    return f"CASE WHEN {e.filled} THEN {literal(wanted)} ELSE 'empty, but required' END"


def _problem(e: Expression, contract: Table, block: Block, failing: str, inner: str, raw: Raw, layout: Layout) -> str:
    """Return SQL of one column's quarantine rows; phones, names and what looks like a phone are not shown."""
    cells = " || ' | ' || ".join(
        f"coalesce(CAST({quote(raw.found[c])} AS VARCHAR), '')" for c in e.columns if c in raw.found
    )
    secret = block.fields[e.name].kind or set(e.columns) & set(layout.sensitive)
    shown = (
        "''" if secret or not cells else f"regexp_replace(left({cells}, 80), '1[3-9][0-9]{{9}}', '1**********', 'g')"
    )
    return (
        f'SELECT merchant, source_row, {literal(block.table)} AS "table", '
        f'{literal(" + ".join(e.columns))} AS "column", '
        f"{_reason(e, contract, block)} AS reason, {shown} AS value FROM ({inner}) WHERE {failing}"
    )


def _overlong(block: Block, inner: str) -> str:
    return (
        f'SELECT merchant, source_row, {literal(block.table)} AS "table", \'\' AS "column", '
        f"'more cells than the header has names' AS reason, '' AS value FROM ({inner}) WHERE \"@more\" <> ''"
    )


def _refuse_if_hopeless(con: Connection, problems: list[str], bad: int, total: int, place: Place, block: Block) -> None:
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


def _grouped(name: str, contract: Table, block: Block, made: Sequence[Expression]) -> str:
    """Return SQL of one row per key of typed rows, with how many they are, and how many of them bad or doubtful."""
    rest = [e for e in made if e.name not in contract.key]
    missing = [k for k in contract.key if k != "merchant" and k not in {e.name for e in made}]
    if missing:
        raise LoadError(f"a grouped table needs its key: {', '.join(missing)}", f"layout table '{block.table}'")
    keys = ", ".join(quote(k) for k in contract.key)
    cells = "".join(f", {_aggregate(block, e, contract)} AS {quote(e.name)}" for e in rest)
    counts = "count(*) AS rows, count_if(bad) AS bad, count_if(doubtful) AS doubtful"
    return (
        f"SELECT {keys}{cells}, min(source_row) AS source_row, 0 AS item, {counts} FROM {quote(name)} GROUP BY {keys}"
    )


def _finished(
    con: Connection, name: str, contract: Table, block: Block, made: Sequence[Expression], place: Place, bad: bool
) -> tuple[str, list[str]]:
    """Return the relation with the contract's columns (dated, with a currency) and the groups' sums out of bounds."""
    below: list[str] = []
    if block.group:
        # half an order would be a silent wrong number: one bad line sets the whole group aside
        good = f"SELECT * FROM {quote(name + '_g')} WHERE bad = 0"
        sound = good
        for e in made:
            minimum = contract[e.name].minimum
            if e.name in contract.key or block.fields[e.name].agg != "sum" or minimum is None:
                continue
            test = f"{quote(e.name)} < {minimum}"
            if first(con, f"SELECT count(*) FROM ({sound}) WHERE {test}") != (0,):
                below.append(
                    f'SELECT merchant, source_row, {literal(block.table)} AS "table", '
                    f"{literal(' + '.join(e.columns))} AS \"column\", 'the sum over the rows is below {minimum:g}' "
                    f"AS reason, CAST({quote(e.name)} AS VARCHAR) AS value FROM ({sound}) WHERE {test}"
                )
                good += f" AND NOT coalesce({test}, false)"
    else:
        good = f"SELECT * FROM {quote(name)}" + (" WHERE NOT bad" if bad else "")
    have = {"merchant", *(e.name for e in made)}
    columns = ", ".join(f"{_column(c, have, place)} AS {quote(c.name)}" for c in contract.columns)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {quote(name + '_out')} AS SELECT source_row, item, {columns} FROM ({good})"
    )
    return name + "_out", below


def _aside(name: str, contract: Table, block: Block) -> str:
    """Return SQL of the export rows set aside: the bad ones, and in groups all that share their key."""
    bad = f"SELECT merchant, source_row FROM {quote(name)} WHERE bad"
    if not block.group:
        return bad
    same = " AND ".join(f"g.{quote(k)} IS NOT DISTINCT FROM t.{quote(k)}" for k in contract.key)
    return f"SELECT t.merchant, t.source_row FROM {quote(name)} t SEMI JOIN (FROM {quote(name)} WHERE bad) g ON {same}"


def _aggregate(block: Block, e: Expression, contract: Table) -> str:
    agg, cell = block.fields[e.name].agg or "first", quote(e.name)
    if not e.columns:
        return f"any_value({cell})"
    place = "(source_row, item)" if block.explode else "source_row"
    calls = {"first": f"arg_min({cell}, {place})", "last": f"arg_max({cell}, {place})"}
    calls |= {"count": f"count({cell})", "count_distinct": f"count(DISTINCT {cell})"}
    steps = ", ".join(map(literal, contract[e.name].one_of))
    calls["furthest"] = f"arg_max({cell}, list_position([{steps}], {cell}))"
    return f"CAST({calls.get(agg, f'{agg}({cell})')} AS {SQL_TYPES[e.kind]})"


def _column(column: Column, have: set[str], place: Place) -> str:
    if column.name == "share_node" and {"share_node", "share_parent", "session_id"} <= have:
        # who came by a share and passed nothing on is a leaf of its tree, not outside of it
        return "coalesce(share_node, CASE WHEN share_parent IS NOT NULL THEN session_id END)"
    if column.name in have:
        return quote(column.name)
    at = column.name.removesuffix("_on") + "_at"
    if column.name.endswith("_on") and at in have:
        return local_day(quote(at), place.by_merchant(place.zones))
    if column.name == "currency":
        return place.by_merchant(place.currencies)
    return f"CAST(NULL AS {SQL_TYPES[column.kind]})"
