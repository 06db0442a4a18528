"""The one room that knows the engine: connect, open files as a table, write files.

DuckDB, embedded, with threads and memory always set (its own default of 80% of the memory
*in each process* starves a machine that runs several studies). No extension is used: they
download at run time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from retailkit.schema import Table

Connection = duckdb.DuckDBPyConnection
EngineError, OutOfMemory = duckdb.Error, duckdb.OutOfMemoryException

SQL_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "int": "BIGINT",
    "money": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "instant": "TIMESTAMP",
    "date": "DATE",
}
"""Engine type of each kind of column; integers are 64 bits from the first day, so files never widen."""


def settings(threads: int | None = None, memory: str | None = None, temp: str | Path | None = None) -> dict[str, Any]:
    """Return the engine's settings: one entry per setting, all of them always given.

    ``RETAILKIT_THREADS`` and ``RETAILKIT_MEMORY`` (such as "4GB") speak for callers that give
    none; the last resort is every core and 60% of the machine's memory.
    """
    threads = threads or int(os.environ.get("RETAILKIT_THREADS", 0)) or os.cpu_count() or 1
    memory = memory or os.environ.get("RETAILKIT_MEMORY") or f"{int(_machine_memory() * 0.6) >> 20}MiB"
    folder = Path(temp) if temp else Path(tempfile.gettempdir()) / f"retailkit-{os.getuid()}-{os.getpid()}"
    return {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": str(folder),
        "TimeZone": "UTC",
        "autoinstall_known_extensions": False,
    }


def connect_raw(threads: int | None = None, memory: str | None = None, temp: str | Path | None = None) -> Connection:
    """Return a bare engine connection for the loader, which writes SQL (the named escape hatch)."""
    con = duckdb.connect()
    for name, value in settings(threads, memory, temp).items():
        con.execute(f"SET {name} = {literal(value)}")
    return con


def connect(threads: int | None = None, memory: str | None = None, temp: str | Path | None = None) -> Any:
    """Return an Ibis backend on a fresh in-memory engine, with threads and memory set."""
    return over_ibis(connect_raw(threads, memory, temp))


def over_ibis(con: Connection) -> Any:
    """Return an Ibis backend over an open connection."""
    import ibis

    return ibis.duckdb.from_connection(con)


def first(con: Connection, query: str) -> tuple[Any, ...] | None:
    """Return a query's first row, or None; the result is read to its end, which frees the connection."""
    rows = con.execute(query).fetchall()
    return rows[0] if rows else None


def literal(value: Any) -> str:
    """Return a value as an SQL literal.

    Examples
    --------
    >>> literal("it's"), literal(True), literal(2), literal(None)
    ("'it''s'", 'true', '2', 'NULL')
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def quote(name: str) -> str:
    """Return a column or table name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def empty_select(table: Table, more: Sequence[tuple[str, str]] = ()) -> str:
    """Return SQL of no rows with the contract's columns and types (and ``more`` name-type pairs)."""
    columns = [(c.name, SQL_TYPES[c.kind]) for c in table.columns] + list(more)
    return "SELECT " + ", ".join(f"NULL::{kind} AS {quote(name)}" for name, kind in columns) + " WHERE false"


def files_select(table: Table, files: Sequence[str], more: Sequence[tuple[str, str]] = ()) -> str:
    """Return SQL over Parquet files with exactly the contract's columns.

    The files are united by name below an empty table of the contract: without that, the
    engine silently drops a column that only later files have, and refuses one that none has.
    """
    if not files:
        return empty_select(table, more)
    names = ", ".join(quote(n) for n in (*table.names, *(name for name, _ in more)))
    listed = ", ".join(literal(str(f)) for f in files)
    parquet = f"SELECT * FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    return f"SELECT {names} FROM ({empty_select(table, more)} UNION ALL BY NAME {parquet})"


def write_partitions(
    con: Connection, select: str, folder: Path, keys: Sequence[str], stem: str
) -> list[dict[str, Any]]:
    """Write a query to Parquet files in one folder per key value; one record per file written.

    Files are named ``stem-<uuid>.parquet``, so that a failed write can be told from the rest.
    A record has ``filename`` (absolute), ``count`` (rows), ``file_size_bytes`` and
    ``partition_keys``. Nothing that is already in the folder is touched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by = ", ".join(quote(k) for k in keys)
    cursor = con.execute(
        f"COPY ({select}) TO {literal(str(folder))} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY ({by}), "
        f"WRITE_PARTITION_COLUMNS true, OVERWRITE_OR_IGNORE true, FILENAME_PATTERN '{stem}-{{uuid}}', "
        "RETURN_STATS true)"
    )
    names = [d[0] for d in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
