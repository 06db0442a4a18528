"""Load one export, or all exports of a cohort, into the store: the report says what became of each row.

Each file is typed, checked and grouped in the engine; then all tables of the load are
published at once. A file that was loaded before with the same layout is not read again.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from retailkit.cohort import Cohort, Merchant, read_cohort
from retailkit.load.engine import connect_raw, empty_select, files_select, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.fields import Place
from retailkit.load.files import Probe, probe
from retailkit.load.keys import set_pads
from retailkit.load.layout import Layout, read_layout
from retailkit.load.publish import active_files, read_manifest, write_tables
from retailkit.load.read import Raw, read_raw
from retailkit.load.rows import Typed, type_rows, where_sql
from retailkit.load.unique import count_rows, keep_last, one_per_key
from retailkit.load.warn import file_warnings, table_warnings
from retailkit.schema import table

BIG = 1 << 30
"""Files beyond this are staged in Parquet files instead of the engine's memory."""
REPORT = (
    "file", "layout", "status", "rows_read", "rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped",
    "not_in_cohort", "tables", "warnings",
)  # fmt: skip


@dataclass
class _Load:
    """What one load has gathered so far: relations per table, one report line per file."""

    con: duckdb.DuckDBPyConnection
    store: Path
    scratch: Path
    merchants: Mapping[str, Merchant]
    relations: dict[str, list[str]] = field(default_factory=dict)
    report: list[dict[str, Any]] = field(default_factory=list)


def load_cohort(
    cohort: Cohort | str | Path,
    store: str | Path,
    root: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Load every export of a cohort and publish it at once.

    Parameters
    ----------
    cohort : record, name or path of a cohort file.
    root : folder that the sources' paths start from, instead of the cohort file's.
    progress : called with one line per file.

    Returns
    -------
    One row per file: ``file, layout, status`` (loaded, unchanged, failed), ``rows_read``,
    ``rows_kept``, ``rows_duplicate``, ``rows_quarantined``, ``rows_skipped``,
    ``not_in_cohort``, ``tables``, ``warnings``. A file that cannot be read does not stop the
    others: its line says why.

    Raises
    ------
    LoadError
        If no file of the cohort could be loaded, or the store cannot be written.
    """
    cohort = cohort if isinstance(cohort, Cohort) else read_cohort(cohort)
    cohort = cohort.model_copy(update={"folder": Path(root)}) if root else cohort
    merchants = {m.id: m for m in cohort.everyone}
    with _loading(store, merchants) as load:
        for source in cohort.sources:
            owners = [source.merchant] if source.merchant else list(merchants)
            for path in cohort.files(source):
                if progress:
                    progress(f"{path.name} ({source.layout})")
                _try_file(load, path, source.layout, owners, source.shared or bool(source.merchant), cohort.folder)
        if load.report and all(r["status"] == "failed" for r in load.report):
            raise LoadError("no file could be loaded", cohort.name, do="; ".join(r["warnings"] for r in load.report))
        load.con.register("cohort_rows", pd.DataFrame(cohort.to_rows()).convert_dtypes())
        load.relations["merchants"] = [_shaped("merchants", "cohort_rows")]
        return _published(load)


def load_file(
    path: str | Path,
    layout: str | Path,
    merchant: str | None,
    store: str | Path,
    zone: str = "Asia/Shanghai",
    currency: str = "CNY",
) -> pd.DataFrame:
    """Load one export of one merchant and publish it; one report row as of `load_cohort`.

    Parameters
    ----------
    layout : name of a layout, or path of your own ``.toml``.
    merchant : whose file it is; None if the layout names the merchant's column (every
        merchant in the file is then loaded).

    Raises
    ------
    LoadError
        If the file cannot be read: what, where, what was expected, what to do.
    """
    rules = read_layout(layout)
    if merchant is None and rules.merchant is None and not rules.name.startswith("canonical_"):
        raise LoadError("whose file is it?", str(path), f"a merchant: layout '{rules.name}' has no merchant column")
    found = {merchant: Merchant(id=merchant, zone=zone, currency=currency)} if merchant else {}
    with _loading(store, found) as load:
        _load_file(load, Path(path), rules, list(found), merchant is not None, (zone, currency))
        return _published(load)


class _loading:
    """A connection and a scratch folder beside the store that are gone after the load."""

    def __init__(self, store: str | Path, merchants: Mapping[str, Merchant]) -> None:
        self.store, self.merchants = Path(store), merchants

    def __enter__(self) -> _Load:
        self.store.mkdir(parents=True, exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix=".scratch-", dir=self.store))
        con = connect_raw(temp=self.scratch / "engine")
        return _Load(con, self.store, self.scratch, self.merchants)

    def __exit__(self, *problem: object) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)


def _try_file(load: _Load, path: Path, layout: str, owners: list[str], owned: bool, base: Path) -> None:
    try:
        own = base / layout
        rules = read_layout(own if layout.endswith(".toml") and own.is_file() else layout)
        _load_file(load, path, rules, owners, owned, None)
    except LoadError as problem:
        line = dict.fromkeys(REPORT, 0) | {"file": path.name, "layout": layout, "status": "failed", "tables": ""}
        load.report.append(line | {"warnings": str(problem)})


def _load_file(
    load: _Load, path: Path, layout: Layout, owners: list[str], owned: bool, any_merchant: tuple[str, str] | None
) -> None:
    """Type one file into the load's relations and add its report line."""
    if not owned and layout.merchant is None and layout.name.startswith("canonical_"):
        layout = layout.model_copy(update={"merchant": "merchant"})
    found = probe(path, layout.encoding)
    line: dict[str, Any] = dict.fromkeys(REPORT, 0) | {"file": path.name, "layout": layout.name, "tables": ""}
    if owners and set(owners) <= _loaded_before(load, found, layout):
        load.report.append(line | {"status": "unchanged", "warnings": ""})
        return
    if any(rule.kind for block in layout.tables for rule in block.fields.values()):
        set_pads(load.con)
    raw = read_raw(load.con, found, layout, load.scratch)
    tag = f"f{len(load.report)}"
    rows, merchants, outside = _owned_rows(load, tag, raw, layout, owners, owned, any_merchant)
    place = Place(
        {m.id: m.zone for m in merchants},
        {m.id: layout.currency or m.currency for m in merchants},
        path.name,
        f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M:%S}",
    )
    materialise = _materialiser(load, found.bytes * (20 if found.gzipped else 1) > BIG)
    typed = [
        type_rows(load.con, f"{tag}_{i}", block, rows, raw, layout, place, materialise)
        for i, block in enumerate(layout.tables)
    ]
    typed = [keep_last(load.con, t, block) for t, block in zip(typed, layout.tables, strict=True)]
    for t in typed:
        load.relations.setdefault(t.contract.name, []).append(_shaped(t.contract.name, t.relation))
    counts = count_rows(load.con, tag, rows, typed, layout, place)
    _record(load, found, layout, counts, typed)
    totals = counts.sum(numeric_only=True).to_dict()
    warnings = file_warnings(load.con, raw, layout, rows, typed)
    tables = ", ".join(dict.fromkeys(t.contract.name for t in typed))
    load.report.append(
        line
        | totals
        | {"not_in_cohort": outside, "status": "loaded", "tables": tables, "warnings": "; ".join(warnings)}
    )


def _owned_rows(
    load: _Load,
    tag: str,
    raw: Raw,
    layout: Layout,
    owners: list[str],
    owned: bool,
    any_merchant: tuple[str, str] | None,
) -> tuple[str, list[Merchant], int]:
    """Give every row its merchant: a view of the rows, the merchants, and how many rows are of others."""
    con, name, outside = load.con, f"{tag}_rows", 0
    if owned:
        values = ", ".join(f"({literal(o)})" for o in owners)
        base = f"SELECT * FROM {raw.relation} CROSS JOIN (VALUES {values}) AS owner(merchant)"
    else:
        if layout.merchant is None:
            raise LoadError(
                "the layout has no merchant column", f"layout '{layout.name}'", "a 'merchant' column in the layout",
                "or 'merchant' or 'shared = true' at the source in the cohort file",
            )  # fmt: skip
        cell = f"CAST({quote(raw.found[layout.merchant])} AS VARCHAR)"
        if any_merchant:
            found = con.execute(
                f"SELECT DISTINCT {cell} FROM {raw.relation} WHERE {cell} IS NOT NULL LIMIT 10000"
            ).fetchall()
            owners = sorted(m for (m,) in found)
        listed = ", ".join(map(literal, owners)) or "NULL"
        base = f"SELECT *, {cell} AS merchant FROM {raw.relation} WHERE {cell} IN ({listed})"
        (outside,) = first(
            con, f"SELECT count(*) FROM {raw.relation} WHERE {cell} NOT IN ({listed}) OR {cell} IS NULL"
        ) or (0,)
    skips = [where_sql(rule.where, raw) for rule in layout.skip]
    reason = "CASE " + " ".join(f"WHEN {t} THEN {i}" for i, t in enumerate(skips)) + " END" if skips else "NULL::INT"
    con.execute(
        f'CREATE OR REPLACE TEMP VIEW {name} AS SELECT *, {reason} AS "@skip" FROM ({_filled(base, raw, layout)})'
    )
    zone, currency = any_merchant or ("UTC", "")
    known = [load.merchants.get(o) or Merchant(id=o, zone=zone, currency=currency) for o in owners]
    return name, known, int(outside)


def _filled(base: str, raw: Raw, layout: Layout) -> str:
    """Fill order-level cells down within their order."""
    if layout.fill_down is None:
        return base
    by = quote(raw.found[layout.fill_down.by])
    cells = [quote(raw.found[c]) for c in layout.fill_down.columns if c in raw.found]
    window = f"OVER (PARTITION BY merchant, {by} ORDER BY source_row ROWS UNBOUNDED PRECEDING)"
    filled = ", ".join(f"last_value({c} IGNORE NULLS) {window} AS {c}" for c in cells)
    return f"SELECT * REPLACE ({filled}) FROM ({base})"


def _materialiser(load: _Load, big: bool) -> Callable[[str, str], None]:
    """Return how rows are kept between statements: in engine memory, or for large files in Parquet."""

    def put(name: str, query: str) -> None:
        if not big:
            load.con.execute(f"CREATE OR REPLACE TEMP TABLE {quote(name)} AS {query}")
            return
        path = load.scratch / f"{name}.parquet"
        load.con.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION lz4)")
        load.con.execute(f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS FROM read_parquet({literal(str(path))})")

    return put


def _loaded_before(load: _Load, found: Probe, layout: Layout) -> set[str]:
    """Return the merchants for whom this very file was loaded with this very layout."""
    version = read_manifest(load.store)["tables"].get("sources")
    if version is None:
        return set()
    files = [f["path"] for f in active_files(load.store, "sources", version)]
    rows = load.con.execute(
        f"SELECT DISTINCT merchant FROM ({files_select(table('sources'), files)}) WHERE file_id = ? AND layout_id = ?",
        [found.file_id, layout.layout_id],
    ).fetchall()
    return {m for (m,) in rows}


def _record(load: _Load, found: Probe, layout: Layout, counts: pd.DataFrame, typed: Sequence[Typed]) -> None:
    """Add the file's rows to the tables ``sources`` and ``quarantine``."""
    tag = f"f{len(load.report)}"
    load.con.register(f"{tag}_counts", counts)
    facts = f"{literal(found.file_id)} AS file_id, {literal(found.path.name)} AS file"
    load.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {tag}_source AS SELECT *, {facts}, {literal(layout.name)} AS layout, "
        f"{literal(layout.layout_id)} AS layout_id, {literal(found.encoding)} AS encoding, "
        f"TIMESTAMP {literal(f'{datetime.now(UTC):%Y-%m-%d %H:%M:%S}')} AS loaded_at FROM {tag}_counts"
    )
    load.relations.setdefault("sources", []).append(_shaped("sources", f"{tag}_source"))
    problems = [p for t in typed for p in t.problems]
    if problems:
        union = " UNION ALL ".join(problems)
        load.con.execute(f"CREATE OR REPLACE TEMP TABLE {tag}_quarantine AS SELECT DISTINCT *, {facts} FROM ({union})")
        load.relations.setdefault("quarantine", []).append(_shaped("quarantine", f"{tag}_quarantine"))


def _shaped(name: str, relation: str) -> str:
    """Return a relation with all of a table's columns, those that the rows lack empty."""
    contract = table(name)
    names = ", ".join(map(quote, contract.names))
    return f"(SELECT {names} FROM ({empty_select(contract)} UNION ALL BY NAME SELECT * FROM {quote(relation)}))"


def _published(load: _Load) -> pd.DataFrame:
    report = pd.DataFrame(load.report, columns=list(REPORT))
    if "merchants" in load.relations and _merchants_unchanged(load):
        del load.relations["merchants"]
    if load.relations:
        relations = {n: one_per_key(load.con, table(n), r) for n, r in load.relations.items()}
        write_tables(load.con, load.store, relations)
        told = table_warnings(load.con, load.store, set(relations), list(load.merchants))
        if told and len(report):
            line = next((i for i, t in enumerate(report["tables"]) if "orders" in str(t).split(", ")), 0)
            report.loc[line, "warnings"] = "; ".join(filter(None, [report.loc[line, "warnings"], *told]))
    return report


def _merchants_unchanged(load: _Load) -> bool:
    version = read_manifest(load.store)["tables"].get("merchants")
    if version is None:
        return False
    files = [f["path"] for f in active_files(load.store, "merchants", version)]
    new = load.relations["merchants"][0]
    return first(load.con, f"FROM {new} EXCEPT FROM ({files_select(table('merchants'), files)})") is None
