"""Load one export, or all exports of a cohort, into the store: the report says what became of each row.

Each file is typed, checked and grouped in the engine; then all tables of the load are
published at once. A file that was loaded before with the same layout is not read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retailkit.cohort import Cohort, Merchant, read_cohort
from retailkit.cohort.record import time_zones
from retailkit.load.across import table_warnings
from retailkit.load.engine import EngineError, empty_select, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.files import Probe, probe
from retailkit.load.keys import set_mark
from retailkit.load.layout import Layout, currency_in, read_layout
from retailkit.load.partitions import day_column
from retailkit.load.publish import active_files, published_rows, read_manifest, write_tables
from retailkit.load.rows import Typed
from retailkit.load.settled import SETTLED, add_missing, gather_missing, settle, take_back
from retailkit.load.staging import Load, Staged, engine_failed, forget, loading, shaped, stage_file
from retailkit.load.unique import count_rows, one_per_key
from retailkit.load.warn import file_warnings
from retailkit.schema import table
from retailkit.spoken import said

if TYPE_CHECKING:  # imported while keys are compared
    import pandas as pd

REPORT = (
    "file", "layout", "status", "rows_read", "rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped",
    "not_in_cohort", "tables", "warnings",
)  # fmt: skip


def load_cohort(
    cohort: Cohort | str | Path,
    store: str | Path,
    root: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
    lang: str = "en",
) -> pd.DataFrame:
    """Load every export of a cohort and publish it at once.

    Parameters
    ----------
    cohort : record, name or path of a cohort file.
    root : folder that the sources' paths start from, instead of the cohort file's.
    progress : called with one line per file.
    lang : language of the report's warnings, en or zh; what is stored is shown in a study's own.

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
    listed = [
        (source, path) for source in cohort.sources for path in cohort.files(source)
    ]  # a missing one is said first
    with loading(Path(store), merchants) as load:
        load.lang = lang
        gather_missing(load.con, _quarantine_files(load))
        for source, path in listed:
            everyone = list(merchants) if source.donors else list(cohort.merchant_ids)
            owners = [source.merchant] if source.merchant else everyone
            if progress:
                progress(f"{path.name} ({source.layout})")
            _try_file(load, path, source.layout, owners, source.shared or bool(source.merchant), cohort.folder)
        if load.report and all(r["status"] == "failed" for r in load.report):
            raise LoadError("no file could be loaded", cohort.name, causes=load.failed)
        import pandas as pd

        load.con.register("cohort_rows", pd.DataFrame(cohort.to_rows()).convert_dtypes())
        load.relations["merchants"] = [shaped("merchants", "cohort_rows")]
        return _published(load)


def load_file(
    path: str | Path,
    layout: str | Path,
    merchant: str | None,
    store: str | Path,
    zone: str = "Asia/Shanghai",
    currency: str | None = None,
    lang: str = "en",
) -> pd.DataFrame:
    """Load one export of one merchant and publish it; one report row as of `load_cohort`.

    Parameters
    ----------
    layout : name of a layout, or path of your own ``.toml``.
    merchant : whose file it is; None if the layout names the merchant's column (every
        merchant in the file is then loaded).
    currency : of amounts whose file and layout name none; None is CNY for a merchant in China.
    lang : language of the report's warnings, en or zh.

    Raises
    ------
    LoadError
        If the file cannot be read: what, where, what was expected, what to do. Also where merchant, zone or
        currency are none.
    """
    rules = read_layout(layout)
    if merchant is None and rules.merchant is None and not rules.name.startswith("canonical_"):
        expected = f"a merchant: layout '{rules.name}' has no column that names one"
        raise LoadError("it is not told whose file this is", str(path), expected, "say --merchant ID")
    currency = currency_in(zone, rules) if currency is None else currency
    _check_place(merchant, zone, currency)
    found = {merchant: Merchant(id=merchant, zone=zone, currency=currency)} if merchant else {}
    with loading(Path(store), found) as load:
        load.lang = lang
        gather_missing(load.con, _quarantine_files(load))
        _load_file(load, Path(path), rules, list(found), merchant is not None, (zone, currency))
        return _published(load)


def _check_place(merchant: str | None, zone: str, currency: str) -> None:
    """Refuse a merchant's id, zone or currency that no cohort file could hold."""
    if merchant is not None and re.search(r"[/\\\s]|^$", merchant):
        raise LoadError(
            "this is no id of a merchant", repr(merchant), "letters without blanks and slashes", "choose another id"
        )
    if zone not in time_zones():
        near = get_close_matches(zone, time_zones(), 2)
        expected = f"did you mean {' or '.join(near)}?" if near else "a name such as Asia/Shanghai"
        raise LoadError("there is no such time zone", repr(zone), expected, "give the zone of the merchant's days")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise LoadError("this is no currency", repr(currency), "an ISO code of three capitals such as CNY")


def _try_file(load: Load, path: Path, layout: str, owners: list[str], owned: bool, base: Path) -> None:
    """Load one file of a cohort; what cannot be read becomes a line of the report."""
    try:
        own = base / layout
        rules = read_layout(own if layout.endswith(".toml") and own.is_file() else layout)
        _load_file(load, path, rules, owners, owned, None)
    except (LoadError, EngineError, OSError) as error:
        told = error if isinstance(error, LoadError) else engine_failed(error, path.name)
        problem = LoadError(told.what, told.where or path.name, told.expected, told.do)
        line = dict.fromkeys(REPORT, 0) | {"file": path.name, "layout": layout, "status": "failed", "tables": ""}
        load.report.append(line | {"warnings": problem.told(load.lang)})
        load.failed.append(problem)


def _load_file(
    load: Load, path: Path, layout: Layout, owners: list[str], owned: bool, any_merchant: tuple[str, str] | None
) -> None:
    """Type one file into the load's relations and add its report line."""
    found = probe(path, layout.encoding)
    line: dict[str, Any] = dict.fromkeys(REPORT, 0) | {"file": path.name, "layout": layout.name, "tables": ""}
    known = {m for file, m, _, page in load.before if file == found.file_id and page == layout.layout_id}
    if owners and set(owners) <= known:
        load.report.append(line | {"status": "unchanged", "warnings": ""})
        return
    tag = f"f{len(load.report)}"

    def typed() -> tuple[Staged, dict[str, int]]:
        staged = stage_file(load, tag, found, layout, owners, owned, any_merchant)
        return staged, count_rows(load.con, f"{tag}_counts", staged.rows, staged.typed, layout, staged.place)

    staged, counts = load.within(typed)
    for t in staged.typed:
        rows = shaped(t.contract.name, t.relation)
        load.relations.setdefault(t.contract.name, []).append(rows)
        load.written |= {rows: t.files} if t.files else {}
    _record(load, found, layout, staged)
    warnings = file_warnings(load.con, staged.raw, layout, staged.rows, staged.typed, load.lang)
    tables = ", ".join(dict.fromkeys(t.contract.name for t in staged.typed))
    facts = {
        "not_in_cohort": staged.outside,
        "status": "loaded",
        "tables": tables,
        "warnings": _joined(warnings, load.lang),
    }
    load.report.append(line | counts | facts)
    forget(load, staged)


def _record(load: Load, found: Probe, layout: Layout, staged: Staged) -> None:
    """Add the file's rows to the tables ``sources``, ``source_breaks`` and ``quarantine``.

    What an earlier reading of the same file with this layout (then worded otherwise) set aside is taken back,
    and what other files had set aside and this one brings is noted.
    """
    tag, typed = f"f{len(load.report)}", staged.typed
    facts = f"{literal(found.file_id)} AS file_id, {literal(found.path.name)} AS file"
    load.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {tag}_source AS SELECT *, {facts}, {literal(layout.name)} AS layout, "
        f"{literal(layout.layout_id)} AS layout_id, {literal(found.encoding)} AS encoding, "
        f"TIMESTAMP {literal(f'{datetime.now(UTC):%Y-%m-%d %H:%M:%S}')} AS loaded_at FROM {tag}_counts"
        + _span(layout, typed)
    )
    load.relations.setdefault("sources", []).append(shaped("sources", f"{tag}_source"))
    changes = [(b.on, b.what, name) for b in layout.breaks for name in dict.fromkeys(t.contract.name for t in typed)]
    if changes:
        told = ", ".join(f"(DATE {literal(on)}, {literal(what)}, {literal(name)})" for on, what, name in changes)
        load.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {tag}_breaks AS SELECT merchant, {literal(layout.name)} AS layout, "
            f'b.* FROM {tag}_counts CROSS JOIN (VALUES {told}) AS b(changed_on, what, "table")'
        )
        load.relations.setdefault("source_breaks", []).append(shaped("source_breaks", f"{tag}_breaks"))
    readings = {name for file, m, name, _ in load.before if file == found.file_id and m in staged.place.zones}
    if layout.name in readings:
        tables = {t.contract.name for t in typed}
        mine = f' AND "table" IN ({", ".join(map(literal, sorted(tables)))})' if len(readings) > 1 else ""
        owners = ", ".join(map(literal, staged.place.zones))
        taken = f"(file_id = {literal(found.file_id)} AND merchant IN ({owners}){mine})"
        load.gone.setdefault("quarantine", []).append(taken)
        take_back(load.con, taken)
    settle(load.con, found.path.name, found.file_id, layout.name, typed)
    problems = [p for t in typed for p in t.problems]
    if problems:
        union = " UNION ALL ".join(problems)
        read = f"{facts}, {literal(layout.name)} AS layout, NULL::VARCHAR AS came_in"
        load.con.execute(f"CREATE OR REPLACE TEMP TABLE {tag}_quarantine AS SELECT DISTINCT *, {read} FROM ({union})")
        load.relations.setdefault("quarantine", []).append(shaped("quarantine", f"{tag}_quarantine"))
        add_missing(load.con, f"{tag}_quarantine")


def _span(layout: Layout, typed: Sequence[Typed]) -> str:
    """Return SQL that adds the days which a file tells of each merchant, where the source soon forgets them."""
    days = [(t.relation, day) for t in typed if (day := day_column(t.contract))]
    if not layout.retention_days or not days:
        return ""
    union = " UNION ALL ".join(f"SELECT merchant, {quote(day)} AS day FROM {quote(rows)}" for rows, day in days)
    span = f"SELECT merchant, min(day) AS first_on, max(day) AS last_on FROM ({union}) GROUP BY 1"
    return f" LEFT JOIN (SELECT *, {layout.retention_days} AS kept_days FROM ({span})) USING (merchant)"


def _quarantine_files(load: Load) -> list[str]:
    """Return the files that hold what earlier loads have set aside of the merchants of this one (none named: of all)."""
    version = read_manifest(load.store)["tables"].get("quarantine")
    known = () if version is None else active_files(load.store, "quarantine", version, set(load.merchants) or None)
    return [f["path"] for f in known]


def _published(load: Load) -> pd.DataFrame:
    import pandas as pd

    report = pd.DataFrame(load.report, columns=list(REPORT))
    if first(load.con, f"FROM {SETTLED} LIMIT 1"):
        load.relations.setdefault("quarantine", []).append(shaped("quarantine", SETTLED))  # the last word on its rows
    if "merchants" in load.relations and _merchants_unchanged(load):
        del load.relations["merchants"]
    if load.relations:
        gone = {n: " OR ".join(tests) for n, tests in load.gone.items()}
        relations = {n: load.within(partial(_together, load, n)) for n in load.relations}
        relations |= {n: f"({empty_select(table(n))})" for n in gone if n not in relations}
        written = {n: load.written[rows] for n, rows in relations.items() if rows in load.written}
        if load.keyed:
            set_mark(load.store)
        load.within(lambda: write_tables(load.con, load.store, relations, gone=gone, written=written))
        told = load.within(
            lambda: table_warnings(load.con, load.store, set(relations), list(load.merchants), load.lang)
        )
        if told and len(report):
            line = next((i for i, t in enumerate(report["tables"]) if "orders" in str(t).split(", ")), 0)
            report.loc[line, "warnings"] = _joined([report.loc[line, "warnings"], *told], load.lang)
    return report


def _joined(warnings: Sequence[str], lang: str) -> str:
    return said(lang, "; ", "；").join(filter(None, warnings))


def _together(load: Load, name: str) -> str:
    """Return the rows that all files of the load have for one table."""
    return one_per_key(load.con, table(name), load.relations[name], load.scratch)


def _merchants_unchanged(load: Load) -> bool:
    version = read_manifest(load.store)["tables"].get("merchants")
    if version is None:
        return False
    new, old = load.relations["merchants"][0], published_rows(load.store, "merchants", version)
    return first(load.con, f"FROM {new} EXCEPT FROM ({old})") is None
