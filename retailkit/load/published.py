"""What a store has published: the versions that belong together, the files of one, a mark of what they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote as url_unquote

from retailkit.load.engine import files_select
from retailkit.schema import table

MANIFEST = "versions.json"


def read_manifest(store: str | Path) -> dict[str, Any]:
    """Return the published state: ``number``, ``tables`` (name to Delta version), ``recent``."""
    try:
        return json.loads((Path(store) / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        return {"number": 0, "tables": {}, "recent": []}


def active_files(
    store: Path, name: str, version: int, merchants: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """Return the files of one table at one version: path (absolute), merchant, month, rows, bytes."""
    path = Path(store).resolve() / name
    born = (path / "_delta_log" / f"{0:020d}.json").stat().st_mtime_ns
    found = _files_at(str(path), version, born)
    return [dict(f) for f in found if merchants is None or f["merchant"] in merchants]


def published_rows(store: Path, name: str, version: int, merchants: Collection[str] | None = None) -> str:
    """Return SQL of one table's rows at one version."""
    return files_select(table(name), [f["path"] for f in active_files(store, name, version, merchants)])


def fingerprint(
    store: str | Path, merchants: Collection[str] | None = None, versions: Mapping[str, int] | None = None
) -> dict[str, str]:
    """Return table -> hash of the files that hold it for some merchants (None: for all): equal hashes, equal rows.

    ``versions`` are the tables' versions to look at, by default those published last.
    """
    versions = read_manifest(store)["tables"] if versions is None else versions
    return {
        name: hashlib.sha256("\n".join(sorted(f["log_path"] for f in files)).encode()).hexdigest()[:16]
        for name in sorted(versions)
        if (files := active_files(Path(store), name, versions[name], merchants))
    }


@lru_cache(maxsize=256)
def _files_at(path: str, version: int, born: int) -> tuple[dict[str, Any], ...]:
    """Read a table's log once: a version never changes (``born`` tells a store from its successor)."""
    import pyarrow as pa
    from deltalake import DeltaTable

    # by way of a reader: pa.table() would import pandas first
    stream = DeltaTable(path, version=version).get_add_actions(flatten=True)
    actions = pa.RecordBatchReader.from_stream(stream).read_all().to_pylist()
    return tuple(
        {
            "path": f"{path}/{url_unquote(a['path'])}",
            "log_path": url_unquote(a["path"]),
            "merchant": a["partition.merchant"],
            "month": a.get("partition.month"),
            "rows": a["num_records"],
            "bytes": a["size_bytes"],
        }
        for a in actions
    )
