"""A large file of one table passes once: typed piece by piece, and written as it will be published.

Files written so hold ``source_row``, the number of the row in the export, beside the contract's columns: it takes no
room, settles which of two rows with one key came last, and no reader of the table asks for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailkit.load.engine import Connection, files_select, first, literal, quote, write_file
from retailkit.load.files import Probe
from retailkit.load.hashes import AT_ONCE, key_hashes, lower_halves, there_again
from retailkit.load.kept import STAGED
from retailkit.load.layout import Layout
from retailkit.load.partitions import count_parts, dated, plain_name, within
from retailkit.load.pieces import FIRST, PIECE, PLACE
from retailkit.schema import Table

PASSING = 1 << 26
"""Files beyond this that make one table are parsed as they are typed, without keeping their text."""
TYPED = '"@piece"'
"""The table of the piece at hand."""
RUN = 50_000 * FIRST // PIECE
"""Rows that a month must have in the first piece, on average, for months to be written to files of their own."""


@dataclass(frozen=True)
class Passed:
    """How many rows were bad, doubtful and there at all; the ``files`` of good ones, if they can be published.

    ``again`` holds the hashes that several keys of those in files have, and SQL of what was hashed; None: not known.
    """

    counts: tuple[int, int, int]
    files: tuple[dict[str, Any], ...]
    again: tuple[Any, str] | None = None


def may_pass(found: Probe, layout: Layout, owners: list[str], owned: bool) -> bool:
    """Tell whether a large file's text is asked for once only: one owner, one table, nothing that looks back."""
    block = layout.tables[0]
    looks_back = layout.footer or layout.control or layout.skip or layout.fill_down or block.where or block.explode
    rules = block.fields.values()
    numbered = any(r.number_within or r.extract or "@row" in (*r.join, *r.source) for r in rules)
    alone = len(layout.tables) == 1 and owned and len(owners) == 1
    return found.kind == "csv" and found.bytes > PASSING and alone and not looks_back and not numbered


def pass_through(
    con: Connection,
    scratch: Path,
    name: str,
    contract: Table,
    pieces: Generator[Path],
    query: str,
    cells: Sequence[str],
    final: Mapping[str, str],
    grouped: bool,
) -> Passed:
    """Put the rows of a file under a name, numbered as they stand in it, and the cells of failed ones beside them.

    Rows are ``name``, failed rows with their cells ``name_rejected``. Where the rows of a month stand
    together, good rows are written by month, with the contract's columns (``final``): as ``name_out``,
    of which ``name`` then knows the numbers only.

    Parameters
    ----------
    query : SQL of a piece's rows with ``bad``, ``doubtful``, ``"@filled"`` and, in failed ones, ``"@cells"``.
    final : SQL of the contract's columns, empty for those that no row fills.
    grouped : rows of a group are looked at together: the bad ones stay among them.
    """
    folder, columns = scratch / name, ", ".join(f"{sql} AS {quote(n)}" for n, sql in final.items() if sql)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    monthly, months, staged = not grouped and contract.time is not None, list[dict[str, Any]](), list[str]()
    bad = doubtful = seen = lines = 0
    keys = ", ".join(quote(k) for k in contract.key if k != "merchant" and final[k])  # all rows are one merchant's
    hashes, halves = list[Any](), list[Future[Any]]()
    (typing,) = con.extract_statements(f"CREATE OR REPLACE TEMP TABLE {TYPED} AS {query}")  # read once, for all pieces
    with closing(pieces), ThreadPoolExecutor(1) as beside:
        for number, path in enumerate(pieces):
            con.execute(f"SET VARIABLE {PLACE} = {literal(str(path))}")
            con.execute(typing)
            # the engine numbers a table's rows in the order in which they came
            rows = f'(SELECT {lines + 1} + rowid AS source_row, * EXCLUDE ("@filled") FROM {TYPED} WHERE "@filled")'
            _keep_failed(con, name + "_rejected", rows, cells, first_ones=not number)
            good = f"(SELECT source_row, {columns} FROM {rows} WHERE NOT bad)"
            parts = count_parts(con, contract, good) if monthly else {}
            if not number:
                monthly = bool(parts) and sum(parts.values()) >= RUN * len(parts) and plain_name(next(iter(parts))[0])
            if monthly:
                months += [_write_month(con, contract, good, folder, part, len(parts) > 1) for part in parts]
                if keys and seen < AT_ONCE:  # a piece's keys lie in memory: they need not be read from its files again
                    hashes.append(key_hashes(con, keys, good))
                    halves.append(beside.submit(lower_halves, hashes[-1]))
            else:
                staged.append(str(folder / f"{number}.parquet"))
                con.execute(f'COPY (SELECT * EXCLUDE ("@cells") FROM {rows}) TO {literal(staged[-1])} ({STAGED})')
            which = ('"@filled" AND bad', '"@filled" AND doubtful', '"@filled"', "true")
            counts = ", ".join(f"count(*) FILTER ({test})" for test in which)
            some = first(con, f"SELECT {counts} FROM {TYPED}") or (0, 0, 0, 0)
            bad, doubtful, seen, lines = bad + some[0], doubtful + some[1], seen + some[2], lines + some[3]
            con.execute(f"DROP TABLE {TYPED}")
    _name(con, name, contract, staged, [f["filename"] for f in months])
    known = bool(hashes) and seen <= AT_ONCE
    again = (there_again(hashes, [half.result() for half in halves]), keys) if known else None
    return Passed((bad, doubtful, seen), tuple(months), again)


def _keep_failed(con: Connection, name: str, rows: str, cells: Sequence[str], first_ones: bool) -> None:
    told = ", ".join(f'"@cells"[{i}] AS {quote(n)}' for i, n in enumerate(cells, 1))
    failed = f"SELECT source_row, 0 AS item, merchant, bad, {told} FROM {rows} WHERE bad OR doubtful"
    put = "CREATE OR REPLACE TEMP TABLE {} AS {}" if first_ones else "INSERT INTO {} {}"
    con.execute(put.format(quote(name), failed))


def _write_month(
    con: Connection, contract: Table, rows: str, folder: Path, part: tuple[str, str], others: bool
) -> dict[str, Any]:
    merchant, month = part
    told = dated(contract)
    told = told[:1] if contract[told[0]].required else told
    some = f"SELECT * FROM {rows}" + (f" WHERE {within(contract, month, told)}" if others else "")
    record = write_file(con, some, folder, month)
    return record | {"partition_keys": {"merchant": merchant, "month": month}}


def _name(con: Connection, name: str, contract: Table, staged: list[str], months: list[str]) -> None:
    """Name the rows: those written by month for publishing, or those staged."""
    if not months:
        listed = ", ".join(map(literal, staged))
        rows = f"SELECT *, 0 AS item FROM read_parquet([{listed}])"
        con.execute(f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS {rows}")
        return
    name_written(con, name + "_out", contract, months)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS "
        f"SELECT merchant, source_row, item, false AS bad FROM {quote(name + '_out')} UNION ALL "
        f"SELECT merchant, source_row, item, true AS bad FROM {quote(name + '_rejected')} WHERE bad"
    )


def name_written(con: Connection, name: str, contract: Table, files: Sequence[str]) -> None:
    """Name the rows of files that were written by month: the contract's columns and where each stood."""
    rows = files_select(contract, files, [("source_row", "BIGINT")])
    con.execute(f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS SELECT *, 0 AS item FROM ({rows})")
