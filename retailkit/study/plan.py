"""What is to run: one unit per merchant and chapter, with its parameters and its key.

Two units with the same key give the same pages and numbers, so a finished one is skipped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import retailkit
from retailkit.study.parameters import Notebook, StudyError, read_notebook

REPORT = "cohort_report"
LIBRARIES = ("duckdb", "ibis-framework", "numpy", "pandas", "plotly", "pyarrow", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Unit:
    """One notebook to run for one merchant; the cohort report's merchant is empty."""

    merchant: str
    notebook: Notebook
    parameters: tuple[tuple[str, Any], ...]
    inputs: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()

    @property
    def chapter(self) -> str:
        """Name of the chapter."""
        return self.notebook.chapter

    @property
    def key(self) -> str:
        """Hash of all that the unit's results depend on: notebook, parameters, data, code."""
        parts = [self.notebook.source, sorted(self.parameters), sorted(self.inputs), sorted(self.versions)]
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def find_chapters(folder: str | Path, only: Sequence[str] = ()) -> list[Notebook]:
    """Chapters (``1_data.ipynb`` ...) of a folder in their order, or only those named.

    Parameters
    ----------
    only : numbers ("5") or names ("5_growth").

    Raises
    ------
    StudyError
        If there is none, or one that was named is not there.
    """
    paths = {p.stem: p for p in sorted(Path(folder).glob("[1-9]*_*.ipynb"), key=_order)}
    if not paths:
        raise StudyError(f"no chapters (1_data.ipynb ...) in {Path(folder).resolve()}: run from the project's folder")
    wanted = {chapter_named(name, list(paths)) for name in only} or set(paths)
    return [read_notebook(path) for name, path in paths.items() if name in wanted]


def make_plan(
    merchants: Iterable[str],
    chapters: Sequence[Notebook],
    common: Mapping[str, Any],
    chosen: Mapping[str, Any],
    fingerprint: Callable[[str | None], Mapping[str, str]],
    cohort_hash: str = "",
) -> list[Unit]:
    """One unit per merchant and chapter, all chapters of the first merchant first.

    Parameters
    ----------
    common : values for the names every chapter has (cohort, as_of, store ...); a chapter gets those it declares.
    chosen : values from ``-p``, checked and typed.
    fingerprint : merchant -> table -> hash of its data; None asks for the whole cohort.
    cohort_hash : hash of the cohort file, whose dates the chapters read.
    """
    whole = dict(fingerprint(None)) if any(n.reads == "cohort" for n in chapters) else {}
    units = []
    for merchant in merchants:
        own = dict(fingerprint(merchant))
        for notebook in chapters:
            values = {**common, **chosen, "merchant": merchant}
            inputs = {**(whole if notebook.reads == "cohort" else own), "cohort file": cohort_hash}
            units.append(unit(merchant, notebook, values, inputs))
    return units


def unit(merchant: str, notebook: Notebook, values: Mapping[str, Any], inputs: Mapping[str, str]) -> Unit:
    """A unit whose notebook gets those of the values that it declares."""
    parameters = tuple((n, values[n]) for n in notebook.names if n in values)
    known = tuple(sorted((k, str(v)) for k, v in inputs.items()))
    return Unit(merchant, notebook, parameters, known, tuple(versions().items()))


def choose_merchants(cohort: Any, only: Sequence[str] = ()) -> tuple[str, ...]:
    """Ids of the cohort's merchants, or of those named, in the file's order; donors have no chapters.

    Raises
    ------
    StudyError
        If one is not in the cohort (near ids are suggested) or is a donor.
    """
    problems = []
    for name in only:
        if name in cohort.donor_ids:
            problems.append(f"'{name}' is a donor: it is compared with and gets no chapters of its own")
        elif name not in cohort.merchant_ids:
            near = get_close_matches(name, cohort.merchant_ids, 3)
            there = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(cohort.merchant_ids)}"
            problems.append(f"cohort '{cohort.name}' has no merchant '{name}'; {there}")
    if problems:
        raise StudyError("\n".join(problems))
    return tuple(m for m in cohort.merchant_ids if not only or m in only)


@cache
def versions() -> dict[str, str]:
    """Versions of what computes: Python, the libraries, and retailkit with a hash of its source."""
    found = {"python": python_version(), "retailkit": f"{retailkit.__version__}+{source_hash()[:12]}"}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


@cache
def source_hash() -> str:
    """Hash of the package's own files: a number can change with any of them."""
    root = Path(retailkit.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def chapter_named(name: str, there: Sequence[str]) -> str:
    """Return the chapter that a number ("5"), a word ("growth") or a whole name means.

    Raises
    ------
    StudyError
        If there is none: the nearest, or which there are.
    """
    hits = [t for t in there if name in (t, t.split("_")[0], t.partition("_")[2])]
    if not hits:
        near = get_close_matches(name, there, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(there)}"
        raise StudyError(f"no chapter '{name}'; {hint}")
    return hits[0]


def _order(path: Path) -> tuple[int, str]:
    digits = "".join(c for c in path.stem.split("_")[0] if c.isdigit())
    return int(digits or 0), path.stem
