"""Where a study keeps the tables that its stages cache: in a file of the engine's own, packed.

A table that the engine caches without a file stands in memory as it is: the paths of a large merchant take
seven times the room that they take packed, leave none for the queries that read them, and are moved out to
disk and back, unpacked, for every column. In a file, a query reads the packed columns it names and nothing else.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb


def with_cache_file(settings: dict[str, Any]) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """Return a bare connection over a new file below the folder that the settings name, and the file's folder."""
    base = Path(settings["temp_directory"])
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="cache-", dir=base))
    return duckdb.connect(str(folder / "cache.duckdb")), folder


def keep_in_file(backend: Any, folder: Path) -> Any:
    """Let an Ibis backend cache tables in its file; connection and folder go when nobody uses the backend."""

    def packed(name: str, expression: Any) -> Any:
        return backend.create_table(name, expression, schema=expression.schema(), temp=False)

    backend._create_cached_table = packed
    weakref.finalize(backend, _cleared, backend.con, folder, os.getpid())
    return backend


def _cleared(con: duckdb.DuckDBPyConnection, folder: Path, owner: int) -> None:
    if os.getpid() != owner:  # a fork has the file from its parent
        return
    con.close()
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others may still have theirs beside it
        folder.parent.rmdir()
