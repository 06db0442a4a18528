"""The one room that knows the engine: connect, open files as a table, write files.

DuckDB, embedded, with threads and memory always set (its own default of 80% of the memory
*in each process* starves a machine that runs several studies). No extension is used: they
download at run time. Loading always writes with it.

``RETAILKIT_ENGINE=spark`` opens the same store with Spark instead (the ``cluster`` extra and
Java), for merchants too large for one machine: in this machine's cores, or where
``RETAILKIT_SPARK_MASTER`` says; the store's folder must then be visible to every worker.
The list of files comes from the store, so Spark needs no Delta package.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from retailkit import machine
from retailkit.load.cache import keep_in_file, with_cache_file
from retailkit.load.errors import LoadError
from retailkit.load.spark import spark_backend
from retailkit.load.spill import spill_folder
from retailkit.schema import Table

ENGINES = ("duckdb", "spark")

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

PUBLISHED = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000"
"""How a store's files are written: the next level saves a fifth of the disk and costs a fifth of the writing.

Differences instead of dictionaries of what hardly repeats (times, numbers, ids) save another third of the disk.
"""

SPARK_TYPES = {"VARCHAR": "STRING", "TIMESTAMP": "TIMESTAMP_NTZ"}
"""Where Spark's name of a type is another one."""


def settings(threads: int | None = None, memory: str | None = None, temp: str | Path | None = None) -> dict[str, Any]:
    """Return the engine's settings: one entry per setting, all of them always given.

    ``RETAILKIT_THREADS`` and ``RETAILKIT_MEMORY`` (such as "4GB") speak for callers that give
    none; the last resort is every core and 60% of the memory, of the machine or of its container.
    """
    threads = threads or int(os.environ.get("RETAILKIT_THREADS", 0)) or machine.cores()
    memory = memory or os.environ.get("RETAILKIT_MEMORY") or f"{int(machine.memory() * 0.6) >> 20}MiB"
    return {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": str(temp or spill_folder()),
        "TimeZone": "UTC",
        "autoinstall_known_extensions": False,
        "allocator_background_threads": True,  # memory of a finished query goes back before the next one wants its own
    }


def memory_bytes(text: str) -> float:
    """Return the bytes of a size as the engine writes it.

    Examples
    --------
    >>> memory_bytes("2GB"), memory_bytes("1.5 MiB")
    (2000000000.0, 1572864.0)
    """
    found = re.fullmatch(r"\s*([0-9.]+)\s*([BKMGT]?)(I?)B?\s*", text.upper())
    if found is None:  # a share of the machine's memory
        return math.inf
    number, unit, binary = found.groups()
    return float(number) * (1024 if binary else 1000) ** "BKMGT".index(unit or "B")


def connect_raw(threads: int | None = None, memory: str | None = None, temp: str | Path | None = None) -> Connection:
    """Return a bare engine connection for the loader, which writes SQL (the named escape hatch)."""
    return _set(duckdb.connect(), settings(threads, memory, temp))


def _set(con: Connection, given: dict[str, Any]) -> Connection:
    for name, value in given.items():
        con.execute(f"SET {name} = {literal(value)}")
    return con


def engine_name(engine: str | None = None) -> str:
    """Return the engine asked for: the argument, else ``RETAILKIT_ENGINE``, else duckdb.

    Raises
    ------
    LoadError
        If there is no such engine.

    Examples
    --------
    >>> engine_name("spark")
    'spark'
    """
    name = (engine or os.environ.get("RETAILKIT_ENGINE") or ENGINES[0]).strip().lower()
    if name not in ENGINES:
        raise LoadError(
            f"unknown engine '{name}'", "RETAILKIT_ENGINE", f"one of {', '.join(ENGINES)}", "correct it or leave it out"
        )
    return name


def connect(
    threads: int | None = None,
    memory: str | None = None,
    temp: str | Path | None = None,
    engine: str | None = None,
) -> Any:
    """Return an Ibis backend with threads and memory set: a fresh embedded engine or Spark session.

    What stages cache with the embedded engine lies packed in a file below ``temp``, which goes with the backend.

    Raises
    ------
    LoadError
        If the engine is unknown or not installed.
    """
    given = settings(threads, memory, temp)
    if engine_name(engine) == "duckdb":
        con, folder = with_cache_file(given)
        return keep_in_file(over_ibis(_set(con, given)), folder)
    return spark_backend(given)


def over_ibis(con: Connection) -> Any:
    """Return an Ibis backend over an open connection."""
    import ibis
    import pyarrow as pa

    if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
        # Arrow's own pool asks for huge pages, which a virtual machine may have to gather: linking took twice as long
        pa.set_memory_pool(pa.system_memory_pool())
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


def constant(text: str) -> str:
    """Return SQL of a text that all rows share: it is kept and written at a third of what a literal costs.

    Examples
    --------
    >>> constant("CNY")
    "'CNY'::ENUM('CNY')"
    """
    return f"{literal(text)}::ENUM({literal(text)})"


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


def open_files(backend: Any, table: Table, files: Sequence[str]) -> str:
    """Return SQL, known to the backend, over Parquet files with exactly the contract's columns."""
    if backend.name == "duckdb" or not files:
        return files_select(table, files)
    paths = ["file://" + re.sub(r"([\\\[\]{}*?])", r"\\\1", str(Path(f).resolve())) for f in sorted(files)]
    name = f"files_{table.name}_{hashlib.sha256('|'.join(paths).encode()).hexdigest()[:16]}"
    session = backend._session
    if not session.catalog.tableExists(name):
        types = ((c.name, SQL_TYPES[c.kind]) for c in table.columns)
        schema = ", ".join(f"`{column}` {SPARK_TYPES.get(kind, kind)}" for column, kind in types)
        session.read.schema(schema).parquet(*paths).createOrReplaceTempView(name)
    return f"SELECT {', '.join(map(quote, table.names))} FROM {name}"


def open_view(backend: Any, name: str, select: str) -> Any:
    """Return an Ibis table of that name over SQL; it is defined once per backend."""
    if backend.name == "duckdb":
        backend.con.execute(f"CREATE VIEW IF NOT EXISTS {quote(name)} AS {select}")
    elif not backend._session.catalog.tableExists(name):
        backend._session.sql(_for_spark(select)).createOrReplaceTempView(name)
    return backend.table(name)


def fetch(backend: Any, query: str) -> list[tuple[Any, ...]]:
    """Return all rows of a small query."""
    if backend.name == "duckdb":
        return backend.con.execute(query).fetchall()
    return [tuple(row) for row in backend._session.sql(_for_spark(query)).collect()]


def _for_spark(query: str) -> str:
    """Return the embedded engine's SQL as Spark writes it: quotes, casts, types without a zone."""
    import sqlglot

    return sqlglot.transpile(query, read="duckdb", write="spark")[0]


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
        f"COPY ({select}) TO {literal(str(folder))} ({PUBLISHED}, PARTITION_BY ({by}), "
        f"WRITE_PARTITION_COLUMNS true, OVERWRITE_OR_IGNORE true, FILENAME_PATTERN '{stem}-{{uuid}}', "
        "RETURN_STATS true)"
    )
    names = [d[0] for d in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def write_file(con: Connection, select: str, folder: Path, stem: str) -> dict[str, Any]:
    """Write a query to one Parquet file ``stem-<uuid>.parquet``; a record as of `write_partitions`, without its keys."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-{uuid4()}.parquet"
    cursor = con.execute(f"COPY ({select}) TO {literal(str(path))} ({PUBLISHED}, RETURN_STATS true)")
    names = [d[0] for d in cursor.description or ()]
    return dict(zip(names, cursor.fetchall()[0], strict=True))
