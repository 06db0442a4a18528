"""One file under one layout becomes typed rows per canonical table, and a quarantine.

Everything is one engine statement per table: type, check, group. A second statement runs
only over the rows that failed, to say which cell, why, and what stood there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailkit.load.bounds import typed
from retailkit.load.cells import local_day
from retailkit.load.engine import SQL_TYPES, Connection, constant, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.explode import exploded
from retailkit.load.faults import cell_problem, overlong_problem, record_sql, refuse_if_hopeless
from retailkit.load.fields import Expression, Place
from retailkit.load.judged import Judged, as_expressions, judge
from retailkit.load.kept import Materialise
from retailkit.load.layout import Block, Layout
from retailkit.load.passing import Passed
from retailkit.load.raw import Raw
from retailkit.load.together import lost_records, set_aside, those_with_them
from retailkit.schema import Column, Table, table

Through = Callable[..., Passed]
"""Puts the rows of a query over a file's pieces under a name, as `pass_through` does."""


@dataclass(frozen=True)
class Typed:
    """The rows that one block of a layout made of one file; ``relation`` has the contract's columns.

    ``typed`` holds one row per export row that the block reads, also where ``relation`` holds them
    ``grouped``; ``aside`` and ``repeats`` are queries of ``merchant, source_row`` that were set
    aside or were there word for word before. ``lost`` names the records of which a row was set aside (as of
    `lost_records`), where they are kept. ``files`` hold the relation's rows as they can be published;
    ``again`` is as of `Passed`.
    """

    contract: Table
    relation: str
    typed: str
    problems: tuple[str, ...]
    aside: str | None = None
    repeats: str | None = None
    lost: str | None = None
    grouped: bool = False
    files: tuple[dict[str, Any], ...] = ()
    again: tuple[Any, str] | None = None


def type_rows(
    con: Connection,
    name: str,
    block: Block,
    rows: str,
    raw: Raw,
    layout: Layout,
    place: Place,
    materialise: Materialise,
    through: Through,
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
    block, made, place = as_expressions(contract, block, raw, layout, place)
    judged = judge(contract, block, made, rows, raw, layout)
    final = _final(contract, made, place)
    passed = _passed(name, judged, raw, raw.pieces(), place, final, through) if raw.pieces else None
    if not passed:
        columns = f"{judged.columns}, {judged.bad} AS bad, {judged.doubtful} AS doubtful"
        materialise(name, f"SELECT source_row, item, merchant, {columns} FROM ({judged.rows()})", once=block.group)
    if block.group:
        materialise(name + "_g", _grouped(name, contract, block, made))
    bad, doubtful, total = passed.counts if passed else _counts(con, name, bool(block.group))
    problems = list[str]()
    if bad or doubtful:
        problems = _problems(name, judged, raw, layout, place, materialise, passed is not None)
        refuse_if_hopeless(con, problems, bad, total, place, block)
    if passed and passed.files:
        aside = set_aside(name) if bad else None
        found = tuple(problems)
        return Typed(contract, name + "_out", name, found, aside, files=passed.files, again=passed.again)
    relation, below, test = _finished(con, name, contract, block, made, final, bool(bad))
    lost = None
    if (bad or below) and (block.group or contract.name == "orders"):
        lost = lost_records(con, name, contract, test)
    aside = set_aside(name, contract, lost if block.group else None) if bad or below else None
    beside = [those_with_them(name, contract, block, layout, lost)] if lost and block.group else []
    return Typed(contract, relation, name, (*problems, *below, *beside), aside, lost=lost, grouped=bool(block.group))


def _passed(
    name: str,
    judged: Judged,
    raw: Raw,
    pieces: Generator[Path],
    place: Place,
    final: Mapping[str, str],
    through: Through,
) -> Passed:
    """Type the rows of a file that is asked for once: the cells of failed rows are kept beside them."""
    (owner,) = place.zones
    cells = f'CASE WHEN "@bad" OR "@doubtful" THEN [{", ".join(map(quote, raw.types))}] END'
    query = (
        f'SELECT {constant(owner)} AS merchant, {judged.columns}, "@bad" AS bad, "@doubtful" AS doubtful, "@filled", '
        f'{cells} AS "@cells" '
        f'FROM (SELECT *, {judged.bad} AS "@bad", {judged.doubtful} AS "@doubtful" FROM ({judged.rows()}))'
    )
    shared = {"merchant": owner} | ({} if place.stated else {"currency": place.currencies[owner]})
    names = judged.contract.names
    final = {**final, **{n: constant(text) for n, text in shared.items() if n in names}}
    return through(name, judged.contract, pieces, query, list(raw.types), final, bool(judged.block.group))


def _counts(con: Connection, name: str, grouped: bool) -> tuple[int, int, int]:
    """Return how many rows of a name are bad, doubtful and there at all."""
    totals = "coalesce(sum(bad::INT), 0), coalesce(sum(doubtful::INT), 0), count(*) FROM " + quote(name)
    if grouped:
        totals = f"coalesce(sum(bad), 0), coalesce(sum(doubtful), 0), coalesce(sum(rows), 0) FROM {quote(name + '_g')}"
    bad, doubtful, total = first(con, f"SELECT {totals}") or (0, 0, 0)
    return int(bad), int(doubtful), int(total)


def _problems(
    name: str, judged: Judged, raw: Raw, layout: Layout, place: Place, materialise: Materialise, passed: bool
) -> list[str]:
    """Return SQL of what is wrong with which cell: every sentence about one is looked for among the failed rows only."""
    contract, made = judged.contract, judged.made
    if passed:
        told = judged.rows(f"SELECT * EXCLUDE (bad) FROM {quote(name + '_rejected')}")
        told = f'SELECT *, {record_sql(contract, _final(contract, made, place, typed))} AS "@record" FROM ({told})'
    else:
        record = record_sql(contract, _final(contract, made, place))
        some = f'SELECT merchant, source_row, item, {record} AS "@record" FROM {quote(name)} WHERE bad OR doubtful'
        materialise(name + "_marked", some)
        marked = quote(name + "_marked")
        told = judged.rows(f"SELECT * FROM ({judged.source}) JOIN {marked} USING (merchant, source_row, item)")
    materialise(name + "_failed", told)
    failed = f"FROM {quote(name + '_failed')}"
    overlong = [overlong_problem(judged.block, failed)] if judged.overlong != "false" else []
    told_of = [e for e in made if e.columns]
    cells = [cell_problem(e, contract, judged.block, judged.failing[e.name], failed, raw, layout) for e in told_of]
    return cells + overlong


def _nothing(name: str, contract: Table, materialise: Materialise) -> Typed:
    """Return no rows: the file lacks the columns that an optional table needs."""
    columns = ", ".join(f"CAST(NULL AS {SQL_TYPES[c.kind]}) AS {quote(c.name)}" for c in contract.columns)
    materialise(name, f"SELECT 0 AS source_row, 0 AS item, {columns}, false AS bad, false AS doubtful WHERE false")
    return Typed(contract, name, name, ())


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
    con: Connection,
    name: str,
    contract: Table,
    block: Block,
    made: Sequence[Expression],
    finals: Mapping[str, str],
    bad: bool,
) -> tuple[str, list[str], str]:
    """Return the relation with the contract's columns (dated, with a currency), and the groups' sums out of bounds.

    Of those sums: what the quarantine says of them, and SQL that tells them.
    """
    below, tests = list[str](), list[str]()
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
                    f"AS reason, CAST({quote(e.name)} AS VARCHAR) AS value, {record_sql(contract, finals)} AS record, "
                    f"true AS whole_row FROM ({sound}) WHERE {test}"
                )
                tests.append(test)
                good += f" AND NOT coalesce({test}, false)"
    else:
        good = f"SELECT * FROM {quote(name)}" + (" WHERE NOT bad" if bad else "")
    columns = ", ".join(
        f"{sql or f'CAST(NULL AS {SQL_TYPES[contract[n].kind]})'} AS {quote(n)}" for n, sql in finals.items()
    )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {quote(name + '_out')} AS SELECT source_row, item, {columns} FROM ({good})"
    )
    return name + "_out", below, " OR ".join(tests)


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


def _final(
    contract: Table, made: Sequence[Expression], place: Place, cell: Callable[[str], str] = quote
) -> dict[str, str]:
    """Return SQL of the contract's columns, empty for those that no row fills; ``cell`` names what was made."""
    have = {"merchant", *(e.name for e in made)}
    told = {c: _column(c, have, place, cell) for c in contract.columns}
    return {c.name: f"CAST({sql} AS {SQL_TYPES[c.kind]})" if sql else "" for c, sql in told.items()}


def _column(column: Column, have: set[str], place: Place, cell: Callable[[str], str]) -> str:
    """Return SQL of a column of the contract; empty if the rows do not tell it."""
    if column.name == "share_node" and {"share_node", "share_parent", "session_id"} <= have:
        # who came by a share and passed nothing on is a leaf of its tree, not outside of it
        return "coalesce(share_node, CASE WHEN share_parent IS NOT NULL THEN session_id END)"
    if column.name in have:
        return cell(column.name) if column.name != "merchant" else "merchant"
    at = column.name.removesuffix("_on") + "_at"
    if column.name.endswith("_on") and at in have:
        return local_day(cell(at), place.by_merchant(place.zones))
    if column.name == "currency":
        return place.by_merchant(place.currencies)
    return ""
