"""What a chapter saves and how it is read back: metrics, tables, figures.

Everything after the chapters (cohort report, site, deck, pictures) reads these files and
never a notebook. A study's folder holds ``<merchant>/<chapter>/metrics.parquet``,
``tables/*.parquet`` and ``figures/*.json``; one chapter of one merchant is replaced whole.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd

from retailkit.folders import chapter_dir, folder_name
from retailkit.schema.figure import figure

METRIC_COLUMNS = ("merchant", "chapter", "metric", "value", "low", "high", "unit", "definition", "as_of", "text")


def metric(
    name: str,
    value: float | None = None,
    *,
    unit: str = "",
    definition: str = "",
    low: float | None = None,
    high: float | None = None,
    text: str = "",
    level: float | None = None,
) -> dict[str, Any]:
    """One figure of a chapter with its unit, definition and doubt; or a sentence in ``text``.

    Parameters
    ----------
    name : snake_case name, the same in every merchant.
    value : the figure; None or NaN where it cannot be told (or where ``text`` is the finding).
    unit : "USD", "persons", "fraction" ...; money in whole currency units, not minor ones.
    low, high : the interval, where there is one; ``level`` is its own, and is added to the definition.

    Raises
    ------
    ValueError
        If the interval is upside down or leaves the value out.

    Examples
    --------
    >>> metric("growth", 0.42, unit="fraction", low=0.3, high=0.5)["high"]
    0.5
    """
    value, low, high = (math.nan if x is None or pd.isna(x) else float(x) for x in (value, low, high))
    if low > high:
        raise ValueError(f"metric '{name}': low {low} is above high {high}")
    return figure(name, value, unit, definition, low, high, text, level)


def save(
    out_dir: str | Path,
    *,
    merchant: str,
    chapter: str,
    as_of: str,
    metrics: Iterable[Mapping[str, Any]] = (),
    tables: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
) -> Path:
    """Save one chapter of one merchant, replacing what it had saved before; return its folder.

    Parameters
    ----------
    metrics : records made by `metric`; each name once.
    tables : name -> pandas frame (or ibis table); an index with a meaning becomes columns.
    figures : name -> plotly figure.

    Raises
    ------
    ValueError
        If a metric's name comes twice.
    OSError
        If the disk is full or closed to us; the chapter's earlier results stay.
    """
    frame = _metric_frame(metrics, merchant, chapter, as_of)
    home = chapter_dir(out_dir, merchant, chapter)
    home.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{home.name}.", dir=home.parent))
    try:
        (scratch / "tables").mkdir()
        (scratch / "figures").mkdir()
        frame.to_parquet(scratch / "metrics.parquet", index=False)
        for name, table in (tables or {}).items():
            _write(table, scratch / "tables" / f"{folder_name(name)}.parquet")
        for name, figure in (figures or {}).items():
            (scratch / "figures" / f"{folder_name(name)}.json").write_text(figure.to_json(), encoding="utf-8")
        scratch.chmod(0o755)
        _swap(scratch, home)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return home


def read_metrics(out_dir: str | Path, as_of: str | None = None) -> pd.DataFrame:
    """One row per metric of each chapter of each merchant, in the order they were saved.

    ``as_of`` keeps only what was computed for that day: a chapter that failed today still
    has its last good results on disk.
    """
    frames = [pd.read_parquet(folder / "metrics.parquet") for _, _, folder in _chapters(out_dir)]
    rows = pd.concat(frames, ignore_index=True) if frames else _metric_frame([], "", "", "")
    return rows if as_of is None else rows[rows["as_of"] == str(as_of)].reset_index(drop=True)


def read_table(out_dir: str | Path, merchant: str | None, chapter: str, name: str) -> pd.DataFrame:
    """Rows of one saved table; with ``merchant=None`` of all merchants, ``merchant`` first.

    Raises
    ------
    FileNotFoundError
        If that merchant's chapter saved no such table; the message lists those it saved.
        Over all merchants a missing table is simply no rows.
    """
    if merchant is not None:
        return pd.read_parquet(_saved(out_dir, merchant, chapter, "tables", f"{folder_name(name)}.parquet"))
    frames = []
    for owner, found, folder in _chapters(out_dir):
        path = folder / "tables" / f"{folder_name(name)}.parquet"
        if found == chapter and path.exists():
            frame = pd.read_parquet(path)
            frames.append(frame if "merchant" in frame else frame.assign(merchant=owner))
    if not frames:
        return pd.DataFrame({"merchant": pd.Series(dtype="str")})
    # a refused merchant's empty table has columns without types, which would become everybody's
    rows = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    return rows[["merchant", *(c for c in rows.columns if c != "merchant")]]


def read_figures(out_dir: str | Path, merchant: str, chapter: str) -> dict[str, Any]:
    """Name -> plotly figure of one saved chapter, by name; nothing saved gives no figures."""
    import plotly.io as pio

    folder = chapter_dir(out_dir, merchant, chapter) / "figures"
    paths = sorted(folder.glob("*.json"))
    return {unquote(path.stem): pio.from_json(path.read_text(encoding="utf-8")) for path in paths}


def saved(out_dir: str | Path) -> pd.DataFrame:
    """One row per saved thing: merchant, chapter, kind (metrics, table, figure), name."""
    rows = []
    for merchant, chapter, folder in _chapters(out_dir):
        rows.append((merchant, chapter, "metrics", "metrics"))
        for kind in ("table", "figure"):
            paths = sorted((folder / f"{kind}s").iterdir())
            rows += [(merchant, chapter, kind, unquote(path.stem)) for path in paths]
    return pd.DataFrame(rows, columns=["merchant", "chapter", "kind", "name"])


def say(*sentences: str | None) -> Any:
    """Show sentences as a paragraph each beneath a notebook cell; empty ones are left out, and nothing is shown of none."""
    from IPython.display import Markdown

    text = "\n\n".join(s for s in sentences if s)
    return Markdown(text) if text else None


def _metric_frame(metrics: Iterable[Mapping[str, Any]], merchant: str, chapter: str, as_of: str) -> pd.DataFrame:
    """One row per metric with all columns typed, also when there is none."""
    fixed = {"merchant": str(merchant), "chapter": str(chapter), "as_of": str(as_of)}
    rows = pd.DataFrame([{**m, **fixed} for m in metrics], columns=list(METRIC_COLUMNS))
    twice = rows.loc[rows["metric"].duplicated(), "metric"].tolist()
    if twice:
        raise ValueError(f"chapter '{chapter}' of merchant '{merchant}' names a metric twice: {', '.join(twice)}")
    numbers = {"value": "float64", "low": "float64", "high": "float64"}
    return rows.astype({c: numbers.get(c, "str") for c in METRIC_COLUMNS})


def _write(table: Any, path: Path) -> None:
    """Write a frame, or an ibis table: its engine writes that, because memory may not hold all its rows."""
    if isinstance(table, pd.DataFrame):
        _plain(table).to_parquet(path, index=False)
        return
    days = [name for name, kind in table.schema().items() if kind.is_date()]
    table.mutate(**{name: table[name].cast("timestamp(6)") for name in days}).to_parquet(path)  # as pandas keeps a day


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with index names as columns, column names as text: what Parquet keeps."""
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(drop=frame.index.names == [None])
    return frame.set_axis([str(c) for c in frame.columns], axis=1)


def _chapters(out_dir: str | Path) -> Iterator[tuple[str, str, Path]]:
    """(merchant, chapter, folder) of everything saved under a study's folder, in order."""
    for path in sorted(Path(out_dir).glob("[!.]*/[!.]*/metrics.parquet")):
        yield unquote(path.parent.parent.name), unquote(path.parent.name), path.parent


def _saved(out_dir: str | Path, merchant: str, chapter: str, kind: str, name: str) -> Path:
    """Path of a saved file, or an error that says what there is instead."""
    path = chapter_dir(out_dir, merchant, chapter) / kind / name
    if not path.exists():
        there = ", ".join(sorted(unquote(p.stem) for p in path.parent.glob("*.*"))) or "nothing"
        raise FileNotFoundError(
            f"chapter '{chapter}' of merchant '{merchant}' saved no {unquote(path.stem)} "
            f"in {path.parent}; it saved {there}"
        )
    return path


def _swap(new: Path, home: Path) -> None:
    """Put a finished folder in the place of the old one: two renames, nothing half-written."""
    old = Path(tempfile.mkdtemp(prefix=f".{home.name}.old.", dir=home.parent))
    try:
        if home.exists():
            os.rename(home, old / "was")
        os.rename(new, home)
    finally:
        if not home.exists() and (old / "was").exists():
            os.rename(old / "was", home)
        shutil.rmtree(old, ignore_errors=True)
