"""One row per key: within a file, and over the files of a load; and what became of every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from retailkit.load.engine import Connection, first, literal, quote, write_file, write_partitions
from retailkit.load.faults import record_sql
from retailkit.load.fields import Place
from retailkit.load.hashes import count, hashes_again
from retailkit.load.kept import Materialise
from retailkit.load.layout import Block, Layout
from retailkit.load.passing import name_written
from retailkit.load.rows import Typed
from retailkit.schema import Table

COUNTS = ("rows_read", "rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped")
"""What can become of the rows of a file."""
MERGED = 1 << 21
"""Rows of several files put together at a time."""
FEW = 1 << 20
"""Hashes of repeated keys that the engine looks up for each row: with more, all keys are grouped."""


def keep_last(con: Connection, rows: Typed, block: Block, materialise: Materialise, alone: bool = True) -> Typed:
    """Keep one row per key of a file: word-for-word repeats are counted, changed ones set aside.

    The row that comes last stays: exports append the newer state. Where a row is about something
    else (not ``alone``: an order that names its customer), a customer named twice is no fault:
    each column keeps its last filled value.
    """
    contract = rows.contract
    numbered = any(r.number_within for n, r in block.fields.items() if n in contract.key)
    if block.group or numbered:
        return rows
    keys = ", ".join(quote(k) for k in contract.key)
    hashes, hashed = rows.again or (hashes_again(con, keys, quote(rows.relation)), keys)
    if not len(hashes):
        return rows
    con.register("again", {"hash": hashes})
    met = f" WHERE hash({hashed}) IN (FROM again)" if len(hashes) <= FEW else ""
    twice = f"SELECT {keys} FROM {quote(rows.relation)}{met} GROUP BY {keys} HAVING count(*) > 1"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {quote(rows.relation + '_keys')} AS {twice}")
    con.unregister("again")
    twice = f"FROM {quote(rows.relation + '_keys')}"
    if first(con, f"{twice} LIMIT 1") is None:
        return rows
    if contract.room == "identity" and not alone:
        place = "source_row * 1000000 + item" if block.explode else "source_row"
        merged = last_filled(contract, f"FROM {quote(rows.relation)}", place)
        materialise(rows.relation + "_one", merged)
        return replace(rows, relation=rows.relation + "_one", files=())
    name = quote(rows.relation + "_twice")
    same = " AND ".join(f"r.{quote(k)} IS NOT DISTINCT FROM k.{quote(k)}" for k in contract.key)
    whole = "{" + ", ".join(f"{literal(n)}: {quote(n)}" for n in contract.names) + "}"
    latest = f"OVER (PARTITION BY {keys} ORDER BY source_row DESC, item DESC)"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT *, row_number() {latest} AS nth, "
        f"first_value(source_row) {latest} AS winner, first_value({whole}) {latest} "
        f"IS NOT DISTINCT FROM {whole} AS same "
        f"FROM (SELECT r.* FROM {quote(rows.relation)} r SEMI JOIN ({twice}) k ON {same})"
    )
    con.execute(f"DROP TABLE {quote(rows.relation + '_keys')}")
    kept, files = rows.relation + "_one", _without(con, rows.files, f"SELECT source_row FROM {name} WHERE nth > 1")
    if files:
        name_written(con, kept, contract, [f["filename"] for f in files])
    else:
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {quote(kept)} AS SELECT r.* FROM {quote(rows.relation)} r "
            f"ANTI JOIN (FROM {name} WHERE nth > 1) d USING (merchant, source_row, item)"
        )
    changed = (
        f'SELECT merchant, source_row, {literal(contract.name)} AS "table", {literal(" + ".join(contract.key[1:]))} '
        "AS \"column\", 'same key as row ' || winner || ', which comes later and stays' AS reason, '' AS value, "
        f"{record_sql(contract)} AS record, true AS whole_row "
        f"FROM {name} WHERE nth > 1 AND NOT same"
    )
    aside = f"SELECT merchant, source_row FROM {name} WHERE nth > 1 AND NOT same"
    repeats = f"SELECT merchant, source_row FROM {name} WHERE nth > 1 AND same"
    return replace(
        rows,
        relation=kept,
        files=files,
        problems=(*rows.problems, changed),
        aside=f"{rows.aside} UNION ALL {aside}" if rows.aside else aside,
        repeats=repeats,
    )


def _without(con: Connection, files: Sequence[dict[str, Any]], rows: str) -> tuple[dict[str, Any], ...]:
    """Return files without some rows: those that hold one are written anew, the others stay as they are."""
    kept = list[dict[str, Any]]()
    for file in files:
        path, month = Path(file["filename"]), file["partition_keys"]["month"]
        here = f"FROM read_parquet({literal(str(path))})"
        if first(con, f"SELECT 1 FROM (SELECT source_row {here}) SEMI JOIN ({rows}) USING (source_row) LIMIT 1"):
            file = write_file(con, f"{here} ANTI JOIN ({rows}) USING (source_row)", path.parent, month) | {
                "partition_keys": file["partition_keys"]
            }
        kept += [file] if file["count"] else []
    return tuple(kept)


def with_a_common_merchant(relations: Sequence[tuple[str, frozenset[str] | None]]) -> list[list[str]]:
    """Group relations, each with its merchants (None: any may be there): rows of different groups share no key.

    >>> with_a_common_merchant([("a", frozenset("1")), ("b", frozenset("23")), ("c", frozenset("3")), ("d", frozenset("4"))])
    [['a'], ['b', 'c'], ['d']]
    """
    groups = list[tuple[list[str], frozenset[str] | None]]()
    for relation, owners in relations:
        met = [g for g in groups if owners is None or g[1] is None or owners & g[1]]
        everyone = [owners, *(o for _, o in met)]
        joined = None if None in everyone else frozenset[str]().union(*(o for o in everyone if o is not None))
        apart = [g for g in groups if g not in met]
        groups = [*apart, ([*(r for rows, _ in met for r in rows), relation], joined)]
    return [rows for rows, _ in groups]


def united(relations: Sequence[str]) -> str:
    """Return the rows of some relations as one."""
    return relations[0] if len(relations) == 1 else f"({' UNION ALL BY NAME '.join(f'FROM {r}' for r in relations)})"


def one_per_key(con: Connection, contract: Table, relations: Sequence[str], scratch: Path) -> str:
    """Unite the rows of several files: of one key, the row of the file that came last stays.

    Identity tables keep, column by column, the last *filled* value: a second file that knows an
    account without its phone or unionid must not make the store forget them. Rows that meet are
    put together once, into files of ``scratch``: who writes them asks for them once per month.
    """
    if len(relations) == 1:
        return relations[0]
    union = " UNION ALL ".join(f'SELECT *, {i} AS "@file" FROM {r}' for i, r in enumerate(relations))
    keys = ", ".join(quote(k) for k in contract.key)
    if not len(hashes_again(con, keys, f"({union})")):
        return f'(SELECT * EXCLUDE ("@file") FROM ({union}))'
    shares = 1 + count(con, f"({union})") // MERGED
    if shares == 1:
        files = [write_file(con, _met(contract, union), scratch, contract.name)]
    else:
        # put together share by share: what the engine holds of a group cannot go to disk
        parted = f'SELECT *, hash({keys}) % {shares} AS "@share" FROM ({union})'
        parts = write_partitions(con, parted, scratch / contract.name, ["@share"], "part")
        files = []
        for i in range(shares):
            mine = [Path(p["filename"]) for p in parts if str(p["partition_keys"]["@share"]) == str(i)]
            listed = ", ".join(literal(str(path)) for path in mine)
            share = f'SELECT * EXCLUDE ("@share") FROM read_parquet([{listed}], hive_partitioning = false)'
            files += [write_file(con, _met(contract, share), scratch, contract.name)] if mine else []
            for path in mine:
                path.unlink()
    return f"(FROM read_parquet([{', '.join(literal(f['filename']) for f in files)}], hive_partitioning = false))"


def _met(contract: Table, rows: str) -> str:
    """Return SQL of one row per key of rows that say from which ``@file`` they are, in the order of their time."""
    in_time = f" ORDER BY {quote(contract.time)}" if contract.time else ""
    if contract.room == "identity":
        return last_filled(contract, rows, quote("@file")) + in_time
    keys = ", ".join(quote(k) for k in contract.key)
    last = f'QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY "@file" DESC) = 1'
    return f'SELECT * EXCLUDE ("@file") FROM ({rows}) {last}{in_time}'


def last_filled(contract: Table, rows: str, order: str) -> str:
    """Return SQL of one row per key with each column's last filled value, first sightings the earliest."""
    keys = ", ".join(quote(k) for k in contract.key)
    others = [c.name for c in contract.columns if c.name not in contract.key]
    best = ", ".join(
        f"min({quote(c)}) AS {quote(c)}"
        if c.startswith("first_seen")
        else f"arg_max({quote(c)}, {order}) AS {quote(c)}"
        for c in others
    )
    return f"SELECT {keys}, {best} FROM ({rows}) GROUP BY {keys}"


def count_rows(
    con: Connection, name: str, rows: str, typed: Sequence[Typed], layout: Layout, place: Place
) -> dict[str, int]:
    """Put one row per merchant of a file under a name: ``merchant`` and the counts; return the counts' sums.

    Counts are ``rows_read, rows_kept, rows_duplicate, rows_quarantined, rows_skipped``. A row that
    one table keeps and another sets aside counts as set aside; one that some table keeps and for
    others is a repeat counts as kept, unless it is kept in a group only (a customer in each of her
    orders, an order that stands there twice). What is left was skipped, or no table wanted it.
    """
    owners = ", ".join(f"({literal(m)})" for m in place.zones) or "(NULL)"
    read = f'SELECT merchant, count(*) AS rows_read, count("@skip") AS rows_skipped FROM {rows} GROUP BY 1'
    if any(t.aside or t.repeats for t in typed) or all(b.where for b in layout.tables):
        fates = _fates(typed)
    else:
        fates = (
            "SELECT merchant, rows_read - rows_skipped AS rows_kept, 0 AS rows_duplicate, 0 AS rows_quarantined FROM r"
        )
    told = {n: f"coalesce({n}, 0)::BIGINT" for n in COUNTS}
    # what no table wants was left out by a rule as well
    told["rows_skipped"] = " - ".join(told[n] for n in COUNTS[:-1])
    cells = ", ".join(f"{cell} AS {n}" for n, cell in told.items())
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {quote(name)} AS WITH r AS ({read}) SELECT merchant, {cells} "
        f"FROM (VALUES {owners}) AS owner(merchant) LEFT JOIN r USING (merchant) LEFT JOIN ({fates}) USING (merchant)"
    )
    sums = first(con, f"SELECT {', '.join(f'sum({n})' for n in COUNTS)} FROM {quote(name)}")
    return {n: int(v or 0) for n, v in zip(COUNTS, sums or (), strict=True)}


def _fates(typed: Sequence[Typed]) -> str:
    """Return SQL of the rows set aside by some table, else kept by some, else word-for-word repeats; per merchant."""
    marks = []
    for t in typed:
        marks += [f"SELECT merchant, source_row, 3 AS fate FROM ({t.aside})"] if t.aside else []
        marks += [f"SELECT merchant, source_row, 1 AS fate FROM ({t.repeats})"] if t.repeats else []
        rows = f"SELECT merchant, source_row FROM {quote(t.typed)}"
        kept = f"SELECT * FROM ({rows}) ANTI JOIN ({t.repeats}) USING (merchant, source_row)" if t.repeats else rows
        marks.append(f"SELECT merchant, source_row, {0 if t.grouped else 2} AS fate FROM ({kept})")
    fates = f"SELECT merchant, source_row, max(fate) AS fate FROM ({' UNION ALL '.join(marks)}) GROUP BY 1, 2"
    return (
        "SELECT merchant, count_if(fate IN (0, 2)) AS rows_kept, count_if(fate = 1) AS rows_duplicate, "
        f"count_if(fate = 3) AS rows_quarantined FROM ({fates}) GROUP BY 1"
    )
