"""What happened to each unit: one small manifest per merchant and chapter, written whole.

The ledger is the truth about a run, not the notebook: after a timeout or a dead kernel
papermill marks every cell as completed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from retailkit.folders import chapter_dir
from retailkit.study.parameters import StudyError


@dataclass(frozen=True)
class Entry:
    """What happened to one unit: ``status`` is done or failed; ``seconds`` of its last attempt."""

    merchant: str
    chapter: str
    status: str
    key: str
    attempt: int = 1
    started: str = ""
    seconds: float = 0.0
    error: str = ""
    kernel: str = ""
    outputs: str = ""
    title: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def page_path(out_dir: str | Path, merchant: str, chapter: str, ending: str) -> Path:
    """Path of a unit's page: executed notebook, HTML or manifest, beside its results folder."""
    home = chapter_dir(out_dir, merchant, chapter) if merchant else Path(out_dir) / chapter
    return home.with_name(f"{home.name}.{ending}")


def write_entry(out_dir: str | Path, entry: Entry) -> None:
    """Write a unit's manifest whole or not at all."""
    write_json(page_path(out_dir, entry.merchant, entry.chapter, "manifest.json"), asdict(entry))


def read_entry(out_dir: str | Path, merchant: str, chapter: str) -> Entry | None:
    """A unit's manifest; None where it never ran or the manifest is of another version."""
    return _read(page_path(out_dir, merchant, chapter, "manifest.json"))


def read_entries(out_dir: str | Path) -> list[Entry]:
    """Manifests of every unit of a study, by merchant and chapter, the cohort report's last."""
    own = sorted(Path(out_dir).glob("[!.]*/[!.]*.manifest.json")) + sorted(Path(out_dir).glob("[!.]*.manifest.json"))
    return [entry for entry in map(_read, own) if entry]


def is_current(out_dir: str | Path, merchant: str, chapter: str, key: str) -> bool:
    """Whether the unit finished with this key and its outputs are still what it wrote."""
    entry = read_entry(out_dir, merchant, chapter)
    if entry is None or entry.status != "done" or entry.key != key:
        return False
    return entry.outputs == output_hash(out_dir, merchant, chapter)


def output_hash(out_dir: str | Path, merchant: str, chapter: str) -> str:
    """Hash of everything a unit left: page, notebook, metrics, tables, figures."""
    digest = hashlib.sha256()
    pages = [page_path(out_dir, merchant, chapter, ending) for ending in ("ipynb", "html")]
    folder = chapter_dir(out_dir, merchant, chapter) if merchant else Path(out_dir) / chapter
    for path in [*pages, *sorted(p for p in folder.rglob("*") if p.is_file())]:
        name = path.relative_to(out_dir).as_posix().encode()
        digest.update(name + b"\0" + (path.read_bytes() if path.exists() else b"missing") + b"\0")
    return digest.hexdigest()


@contextlib.contextmanager
def only_run(out_dir: str | Path) -> Iterator[None]:
    """Keep the study's folder to one run at a time; the lock ends with the process, however it ends.

    Raises
    ------
    StudyError
        If another run is writing there.
    """
    with held(
        Path(out_dir) / ".lock",
        f"another run (process {{who}}) is writing to {out_dir}: wait for it, or choose another --out",
    ):
        yield


@contextlib.contextmanager
def held(path: Path, refusal: str) -> Iterator[None]:
    """Hold a lock file that names our process; ``refusal`` (with ``{who}``) is said if another holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StudyError(refusal.replace("{who}", lock.read().strip())) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def write_run(out_dir: str | Path, run: Mapping[str, Any], entries: Iterable[Entry]) -> Path:
    """Write the run's own manifest (``run.json``): what was asked, and every unit's state and seconds."""
    units = [
        {"merchant": e.merchant, "chapter": e.chapter, "status": e.status, "seconds": e.seconds, "error": e.error}
        for e in entries
    ]
    path = Path(out_dir) / "run.json"
    write_json(path, {**run, "units": units})
    return path


def write_json(path: Path, page: Mapping[str, Any]) -> None:
    """Replace a file in one step, so that a reader sees the old page or the new one."""
    write_text(path, json.dumps(page, ensure_ascii=False, indent=1, default=str) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step; a full disk leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Entry | None:
    try:
        return Entry(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
