"""Writing to the merchant store: one Delta table per canonical table, one manifest on top.

A load commits to several Delta tables; it *appears* with one ``os.replace`` of the manifest
``versions.json``, which pins the version of every table that belongs together. A writer that
dies before leaves the previous state; the next writer first takes each table back to its
pinned version. Readers follow the manifest and never lock; writers take one lock file.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote as url_unquote
from uuid import uuid4

from retailkit.load.engine import SQL_TYPES, Connection, EngineError, OutOfMemory, files_select, quote
from retailkit.load.errors import LoadError
from retailkit.load.partitions import (
    Part,
    by_month,
    count_parts,
    count_written,
    link_files,
    partition_keys,
    touched_files,
    write_parts,
)
from retailkit.load.published import MANIFEST, active_files, published_rows, read_manifest
from retailkit.load.unique import last_filled
from retailkit.schema import Table, table

KEEP = 10
"""Published states that vacuum keeps readable."""


@dataclass(frozen=True)
class Written:
    """Rows that lie in ``files`` of one merchant's month each, and the relation of the ``rest`` of other merchants."""

    files: Sequence[dict[str, Any]] = ()
    rest: str | None = None


@contextmanager
def locked(store: str | Path) -> Iterator[Path]:
    """Hold the store's only writer lock; a second writer waits. The lock dies with its process.

    Raises
    ------
    LoadError
        If a folder's name looks like an address: Delta's own log would be looked for elsewhere.
    """
    folder = Path(store).resolve()
    if url_unquote(str(folder)) != str(folder):
        raise LoadError(
            "the store cannot lie in a folder whose name holds a percent sign and two figures",
            str(folder),
            "another name than that of an address (%20)",
            "choose another --store",
        )
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder


def write_tables(
    con: Connection,
    store: str | Path,
    relations: Mapping[str, str],
    replace: bool = False,
    gone: Mapping[str, str] | None = None,
    written: Mapping[str, Written] | None = None,
) -> dict[str, int]:
    """Publish rows of several canonical tables at once; the new Delta version per table.

    Parameters
    ----------
    relations : canonical table name to a relation (table, view or bracketed query) known to
        ``con`` that has the table's columns. Its rows replace stored rows of the same key.
    replace : drop every other row of the merchants that the relation has (derived tables).
    gone : per table (without a time), SQL of stored rows that go.
    written : per table, which of the relation's rows lie in files by month; where nothing is there to be put
        together with them, they become the table's.

    Raises
    ------
    LoadError
        When the disk is full; what was written is removed and the previous state stays.
    """
    from deltalake.exceptions import DeltaError

    with locked(store) as folder:
        manifest = read_manifest(folder)
        load = f"{manifest['number'] + 1:06d}-{uuid4().hex[:8]}"
        try:
            versions = {
                name: _commit(
                    con,
                    folder,
                    table(name),
                    relation,
                    manifest["tables"].get(name),
                    replace,
                    load,
                    (gone or {}).get(name, "false"),
                    (written or {}).get(name, Written()),
                )
                for name, relation in relations.items()
            }
            _publish(folder, manifest, versions)
        except (OSError, EngineError, DeltaError) as error:
            for path in folder.rglob(f"{load}-*.parquet"):
                path.unlink(missing_ok=True)
            raise _explained(folder, error) from error
        return versions


def vacuum(store: str | Path) -> int:
    """Delete files that no kept published state uses; the number of files deleted."""
    from deltalake import DeltaTable

    gone = 0
    with locked(store) as folder:
        manifest = read_manifest(folder)
        for name in manifest["tables"]:
            keep = sorted({s[name] for s in (manifest["tables"], *manifest["recent"]) if name in s})
            delta = DeltaTable(folder / name)
            gone += len(delta.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True, keep_versions=keep))
    return gone


def _commit(
    con: Connection,
    store: Path,
    contract: Table,
    relation: str,
    pinned: int | None,
    replace: bool,
    load: str,
    gone: str,
    written: Written,
) -> int:
    delta, folder = _at_pinned(store, contract, pinned), store / contract.name
    columns = ", ".join(f"{quote(c.name)}::{SQL_TYPES[c.kind]} AS {quote(c.name)}" for c in contract.columns)
    incoming = f"SELECT {columns} FROM {relation}"
    rest = f"SELECT {columns} FROM {written.rest if written.files else relation}"
    others = count_parts(con, contract, rest) if written.rest or not written.files else {}
    own = count_written(written.files)
    parts = own | others
    touched = set(parts)
    if gone != "false":
        stored = published_rows(store, contract.name, delta.version())
        touched |= set(count_parts(con, contract, f"SELECT * FROM ({stored}) WHERE {gone}"))
    if not touched:
        return delta.version()
    files = active_files(store, contract.name, delta.version(), sorted({m for m, _ in touched}))
    same = " AND ".join(f"old.{quote(k)} IS NOT DISTINCT FROM new.{quote(k)}" for k in contract.key)
    if files and not replace and contract.time:
        old = files_select(contract, [f["path"] for f in files])
        again = f"SELECT old.* FROM ({old}) old SEMI JOIN ({incoming}) new ON {same}"
        touched |= set(count_parts(con, contract, again))
    out = touched_files(files, touched, replace)
    select = incoming
    if out and not replace:
        stay = files_select(contract, [f["path"] for f in out])
        stay = f"SELECT * FROM ({stay}) WHERE NOT coalesce({gone}, false)"
        select = f"{incoming} UNION ALL SELECT old.* FROM ({stay}) old ANTI JOIN ({incoming}) new ON {same}"
        if contract.room == "identity":
            both = f"SELECT *, 1 AS age FROM ({incoming}) UNION ALL SELECT *, 0 AS age FROM ({stay})"
            select = last_filled(contract, both, "age")
    present: dict[str, int] = {}
    for file in files if not replace else ():
        present[file["merchant"]] = present.get(file["merchant"], 0) + file["rows"]
    if own and not out and all(by_month(rows) for rows in _per_merchant(own, present).values()):
        stats = link_files(written.files, folder, load)
        if others:
            theirs = {m: present.get(m, 0) for m, _ in others}
            stats += write_parts(con, folder, contract, rest, others, theirs, load, True)
        return _append(delta, contract, folder, stats, out)
    stats = write_parts(con, folder, contract, select, parts, present, load, not out or replace)
    return _append(delta, contract, folder, stats, out)


def _per_merchant(parts: Mapping[Part, int], present: Mapping[str, int]) -> dict[str, int]:
    """Return how many rows each merchant has then, that has new ones."""
    owners = {merchant for merchant, _ in parts}
    return {m: present.get(m, 0) + sum(rows for (owner, _), rows in parts.items() if owner == m) for m in owners}


def _append(delta: Any, contract: Table, folder: Path, stats: list[dict], out: list[dict[str, Any]]) -> int:
    from deltalake.transaction import AddAction, RemoveAction

    now = time.time_ns() // 1_000_000
    keys = partition_keys(contract)
    adds = [
        AddAction(
            str(Path(s["filename"]).relative_to(folder)),
            s["file_size_bytes"],
            {k: s["partition_keys"][k] for k in keys},
            now,
            True,
            json.dumps({"numRecords": s["count"]}),
        )
        for s in stats
    ]
    removes = [RemoveAction(f["log_path"], True, now, f["bytes"], {k: f[k] for k in keys}) for f in out]
    delta.create_write_transaction([*removes, *adds], "append", _delta_schema(contract), keys)
    delta.update_incremental()
    return delta.version()


def _at_pinned(store: Path, contract: Table, pinned: int | None) -> Any:
    """Open a table for writing as published: whatever a killed writer left behind is undone first."""
    from deltalake import DeltaTable

    path = store / contract.name
    if not DeltaTable.is_deltatable(str(path)):
        return DeltaTable.create(path, _delta_schema(contract), partition_by=partition_keys(contract))
    delta = DeltaTable(path)
    if delta.version() != (pinned or 0):
        delta.restore(pinned or 0)
    return delta


def _delta_schema(contract: Table) -> Any:
    from deltalake import Field, Schema
    from deltalake.schema import PrimitiveType

    types = {"int": "long", "money": "long", "float": "double", "bool": "boolean", "instant": "timestamp_ntz"}
    fields = [
        Field(c.name, PrimitiveType(types.get(c.kind, "date" if c.kind == "date" else "string")))
        for c in contract.columns
    ]
    return Schema(fields + ([Field("month", PrimitiveType("string"))] if contract.time else []))


def _publish(store: Path, manifest: dict[str, Any], versions: Mapping[str, int]) -> None:
    tables = {**manifest["tables"], **versions}
    recent = [*manifest["recent"], manifest["tables"]][-KEEP:]
    text = json.dumps({"number": manifest["number"] + 1, "tables": tables, "recent": recent}, indent=1)
    scratch = store / (MANIFEST + ".new")
    with open(scratch, "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(scratch, store / MANIFEST)
    folder = os.open(store, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _explained(store: Path, error: Exception) -> LoadError:
    full = "No space left" in str(error) or getattr(error, "errno", 0) == 28 or "os error 28" in str(error)
    if full:
        return LoadError(
            "the disk is full; nothing of this load was published and its files were removed",
            where=str(store),
            expected="room for the new files beside the old ones",
            do="free some space and load again; the previous state is unharmed",
        )
    if isinstance(error, OutOfMemory):
        return LoadError(
            "the load needs more memory than it may use; nothing of it was published",
            where=str(store),
            expected="RETAILKIT_MEMORY of 1GB or more",
            do="raise RETAILKIT_MEMORY or lower RETAILKIT_THREADS, then load again",
        )
    return LoadError(f"the load could not be written: {error}", where=str(store), do="mend the cause and load again")
