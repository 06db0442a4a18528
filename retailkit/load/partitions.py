"""How a table's rows lie in files: by merchant, and by month where a merchant has many rows.

A file for each month of each merchant is right for millions of orders and wrong for a hundred
target lines: thirty merchants with thirty small tables would make twelve thousand files. So
all rows of a merchant lie in one file of the partition "all" until there are more than `FEW`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from retailkit.load.engine import Connection, first, literal, quote, write_file, write_partitions
from retailkit.schema import Table

FEW = 200_000
"""Up to so many rows of one merchant in one table lie in one file."""
EVERY, UNDATED = "all", "undated"
Part = tuple[str, str]
"""A merchant and a month ('YYYY-MM', 'undated' or 'all')."""


def partition_keys(contract: Table) -> list[str]:
    """Return the columns by which a table's files are told apart."""
    return ["merchant", "month"] if contract.time else ["merchant"]


def day_column(contract: Table) -> str | None:
    """Return the date column beside the table's time (``paid_on`` for ``paid_at``), or None."""
    if contract.time is None:
        return None
    if contract[contract.time].kind == "date":
        return contract.time
    sibling = contract.time.removesuffix("_at") + "_on"
    return sibling if sibling in contract.names else None


def dated(contract: Table) -> list[str]:
    """Return the columns that tell a row's month: its time, else its day."""
    return list(dict.fromkeys(c for c in (contract.time, day_column(contract)) if c))


def month_sql(contract: Table) -> str:
    """Return SQL of a row's month: 'YYYY-MM' of its time, else of its day, else 'undated'."""
    if not contract.time:
        return "''"
    stamps = ", ".join(f"strftime({quote(c)}, '%Y-%m')" for c in dated(contract))
    return f"coalesce({stamps}, '{UNDATED}')"


def count_parts(con: Connection, contract: Table, rows: str) -> dict[Part, int]:
    """Return how many rows each merchant has in each month."""
    months = ", ".join(f"12 * year({quote(c)}) + month({quote(c)}) - 1" for c in dated(contract))
    month = f"coalesce({months}, 0)" if months else "0"
    counted = con.execute(f"SELECT merchant, {month} AS month, count(*) FROM ({rows}) GROUP BY 1, 2").fetchall()
    named = {0: UNDATED if contract.time else ""}
    return {(m, named.get(n, f"{n // 12:04d}-{n % 12 + 1:02d}")): rows for m, n, rows in counted}


def count_written(files: Sequence[dict[str, Any]]) -> dict[Part, int]:
    """Return the same of files of one merchant's month each."""
    parts = Counter[Part]()
    for file in files:
        parts[file["partition_keys"]["merchant"], file["partition_keys"]["month"]] += file["count"]
    return dict(parts)


def touched_files(files: list[dict[str, Any]], parts: Collection[Part], everything: bool) -> list[dict[str, Any]]:
    """Return the files that may hold rows of some merchants' months."""
    owners = {m for m, _ in parts}
    whole = [f for f in files if f["merchant"] in owners and (everything or f["month"] in (EVERY, None))]
    return whole + [f for f in files if f not in whole and (f["merchant"], f["month"]) in parts]


def write_parts(
    con: Connection,
    folder: Path,
    contract: Table,
    rows: str,
    parts: Mapping[Part, int],
    present: Mapping[str, int],
    stem: str,
    again: bool,
) -> list[dict[str, Any]]:
    """Write rows to the files of a table; one record per file as of `write_partitions`.

    Parameters
    ----------
    rows : SQL of the rows with the contract's columns.
    parts : how many rows of each merchant's months are new.
    present : how many rows each merchant has already.
    again : ``rows`` are cheap enough to be asked for once per file; else many of them are kept in one file meanwhile.
    """
    if not contract.time:
        return write_partitions(con, rows, folder, ["merchant"], stem)
    total = Counter(present)
    for (merchant, _), count in parts.items():
        total[merchant] += count
    few = {m for m in total if not by_month(total[m])}
    if again or len(few) == len(total):
        return _write_months(con, folder, contract, rows, parts, few, stem, again)
    kept = write_file(con, rows, folder, stem)["filename"]
    rows = f"SELECT * FROM read_parquet({literal(kept)}, hive_partitioning = false)"
    made = _write_months(con, folder, contract, rows, count_parts(con, contract, rows), few, stem, True)
    Path(kept).unlink()
    return made


def by_month(rows: int) -> bool:
    """Tell whether so many rows of a merchant lie in files of their months."""
    return rows > FEW


def link_files(files: Sequence[dict[str, Any]], folder: Path, stem: str) -> list[dict[str, Any]]:
    """Take files of one merchant's month each, written elsewhere, into a table; records as of `write_partitions`.

    They stay where they are as well: if the table is not published, they are still there for another try.
    """
    linked = []
    for file in files:
        merchant, month = file["partition_keys"]["merchant"], file["partition_keys"]["month"]
        target = folder / f"merchant={merchant}" / f"month={month}" / f"{stem}-{Path(file['filename']).stem}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file["filename"], target)
        except OSError:  # not every file system knows links
            shutil.copyfile(file["filename"], target)
        linked.append(file | {"filename": str(target)})
    return linked


def _write_months(
    con: Connection,
    folder: Path,
    contract: Table,
    rows: str,
    parts: Mapping[Part, int],
    few: set[str],
    stem: str,
    again: bool,
) -> list[dict[str, Any]]:
    """Write rows by month, those of merchants with ``few`` rows to one file each."""
    files = Counter[Part]()
    for (merchant, month), count in parts.items():
        files[merchant, EVERY if merchant in few else month] += count
    if again and _one_by_one(files):
        columns, told = _filled(con, contract, rows)
        owned = len({merchant for merchant, _ in files}) > 1
        return [_write_part(con, folder, contract, rows, columns, told, part, owned, stem) for part in sorted(files)]
    named = month_sql(contract)
    if few:
        named = f"CASE WHEN merchant IN ({', '.join(map(literal, sorted(few)))}) THEN '{EVERY}' ELSE {named} END"
    return write_partitions(con, f"SELECT *, {named} AS month FROM ({rows})", folder, partition_keys(contract), stem)


def _one_by_one(files: Mapping[Part, int]) -> bool:
    """Tell whether writing each file by itself is cheaper than parting the rows in one go, which keeps all of them.

    Parting costs about .7 us a row, and seven times that once the rows are more than the memory;
    a statement 3 ms and 5 ns for each row that it passes over.
    """
    rows = sum(files.values())
    plain = all(plain_name(merchant) for merchant, _ in files)
    return plain and len(files) * (3e-3 + 5e-9 * rows) < 7e-7 * rows


def plain_name(merchant: str) -> bool:
    """Tell that a merchant's name can be a folder's as it is."""
    return re.fullmatch(r"[A-Za-z0-9_.-]+", merchant) is not None


def _write_part(
    con: Connection,
    folder: Path,
    contract: Table,
    rows: str,
    columns: str,
    told: list[str],
    part: Part,
    owned: bool,
    stem: str,
) -> dict[str, Any]:
    """Write one month (or all) of one merchant to its one file."""
    merchant, month = part
    path = folder / f"merchant={merchant}" / f"month={month}"
    tests = [f"merchant = {literal(merchant)}"] if owned else []
    tests += [within(contract, month, told)] if month != EVERY else []
    record = write_file(con, f"SELECT {columns} FROM ({rows}) WHERE {' AND '.join(tests) or 'true'}", path, stem)
    return record | {"partition_keys": {"merchant": merchant, "month": month}}


def _filled(con: Connection, contract: Table, rows: str) -> tuple[str, list[str]]:
    """Return SQL of the columns that any row fills, and which dates are needed to tell the rows' months.

    A column that no row fills need not be in a file: readers see it empty.
    """
    columns = dated(contract)
    untimed = " AND ".join([f"{quote(columns[0])} IS NULL", *(f"{quote(c)} IS NOT NULL" for c in columns[1:])])
    counts = ", ".join(f"count({quote(n)})" for n in contract.names)
    *filled, by_day = first(con, f"SELECT {counts}, count_if({untimed}) FROM ({rows})") or ()
    names = ", ".join(quote(n) for n, count in zip(contract.names, filled, strict=True) if count)
    return names, columns if by_day else columns[:1]


def within(contract: Table, month: str, told: Sequence[str]) -> str:
    """Return SQL of 'this row is of that month', on the columns as they are: the engine skips what lies outside.

    One date that tells all months makes a plain range, which the engine checks before it reads the other columns.
    """
    if month == UNDATED:
        return " AND ".join(f"{quote(c)} IS NULL" for c in dated(contract))
    first = date(int(month[:4]), int(month[5:]), 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    tests = []
    for i, column in enumerate(told):
        kind = "DATE" if contract[column].kind == "date" else "TIMESTAMP"
        missing = "".join(f"{quote(c)} IS NULL AND " for c in told[:i])
        tests.append(f"{missing}{quote(column)} >= {kind} '{first}' AND {quote(column)} < {kind} '{after}'")
    return tests[0] if len(tests) == 1 else "(" + " OR ".join(f"({t})" for t in tests) + ")"
