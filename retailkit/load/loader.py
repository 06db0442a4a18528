"""Load one export, or all exports of a cohort, into the store: the report says what became of each row.

Each file is typed, checked and grouped in the engine; then all tables of the load are
published at once. A file that was loaded before with the same layout is not read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retailkit.cohort import Cohort, Merchant, read_cohort
from retailkit.cohort.record import time_zones
from retailkit.load.across import table_warnings
from retailkit.load.chinese import in_chinese
from retailkit.load.cut import cut_apart
from retailkit.load.engine import EngineError, empty_select, first
from retailkit.load.errors import LoadError
from retailkit.load.files import Probe, probe, refuse_changed
from retailkit.load.keys import set_mark
from retailkit.load.layout import Layout, currency_in, read_layout
from retailkit.load.provenance import record_file
from retailkit.load.publish import Written, write_tables
from retailkit.load.published import active_files, published_rows, read_manifest
from retailkit.load.settled import SETTLED, gather_missing
from retailkit.load.sheets import each_sheet
from retailkit.load.staging import Load, Staged, engine_failed, forget, loading, shaped, stage_file
from retailkit.load.unique import count_rows, one_per_key, united, with_a_common_merchant
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
            owned = source.shared or bool(source.merchant)
            _try_file(load, path, source.layout, owners, owned, cohort.folder, source.sheet)
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
    sheet: str | None = None,
) -> pd.DataFrame:
    """Load one export of one merchant and publish it; one report row as of `load_cohort`.

    Parameters
    ----------
    layout : name of a layout, or path of your own ``.toml``.
    merchant : whose file it is; None if the layout names the merchant's column (every
        merchant in the file is then loaded).
    currency : of amounts whose file and layout name none; None is CNY for a merchant in China.
    lang : language of the report's warnings, en or zh.
    sheet : one of a workbook's, or ``"*"`` for all that hold the table, instead of what the layout says.

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
        for part, unread in _parts(Path(path), rules, sheet):
            _load_part(load, part, unread, rules, list(found), merchant is not None, (zone, currency))
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


def _try_file(
    load: Load, path: Path, layout: str, owners: list[str], owned: bool, base: Path, sheet: str | None
) -> None:
    """Load one file of a cohort; what cannot be read becomes a line of the report."""
    try:
        own = base / layout
        rules = read_layout(own if layout.endswith(".toml") and own.is_file() else layout)
        for part, unread in _parts(path, rules, sheet):
            try:
                _load_part(load, part, unread, rules, owners, owned, None)
            except (LoadError, EngineError, OSError) as error:
                _fail(load, error, part.name, layout)
    except (LoadError, EngineError, OSError) as error:
        _fail(load, error, path.name, layout)


def _fail(load: Load, error: Exception, name: str, layout: str) -> None:
    """Add the report line of a file that cannot be read."""
    told = error if isinstance(error, LoadError) else engine_failed(error, name)
    problem = LoadError(told.what, told.where or name, told.expected, told.do)
    line = dict.fromkeys(REPORT, 0) | {"file": name, "layout": layout, "status": "failed", "tables": ""}
    load.report.append(line | {"warnings": problem.told(load.lang)})
    load.failed.append(problem)


def _parts(path: Path, layout: Layout, sheet: str | None) -> Iterator[tuple[Probe, str]]:
    """Yield a file, or the sheets of a workbook that are asked for; with the first, which ones are left out."""
    parts, left = each_sheet(probe(path, layout.encoding), layout, sheet)
    unread = f"sheets that are hidden or hold no such table are not read: {', '.join(left)}" if left else ""
    for number, part in enumerate(parts):
        yield part, "" if number else unread


def _load_part(
    load: Load,
    found: Probe,
    unread: str,
    layout: Layout,
    owners: list[str],
    owned: bool,
    any_merchant: tuple[str, str] | None,
) -> None:
    """Type one file into the load's relations and add its report line."""
    line: dict[str, Any] = dict.fromkeys(REPORT, 0) | {"file": found.name, "layout": layout.name, "tables": ""}
    known = {m for file, m, _, page in load.before if file == found.file_id and page == layout.layout_id}
    if owners and set(owners) <= known:
        load.report.append(line | {"status": "unchanged", "warnings": ""})
        return
    tag = f"f{len(load.report)}"

    def typed() -> tuple[Staged, dict[str, int]]:
        staged = stage_file(load, tag, found, layout, owners, owned, any_merchant)
        return staged, count_rows(load.con, f"{tag}_counts", staged.rows, staged.typed, layout, staged.place)

    staged, counts = load.within(typed)
    refuse_changed(found)
    for t in staged.typed:
        rows = shaped(t.contract.name, t.relation)
        load.relations.setdefault(t.contract.name, []).append(rows)
        load.written |= {rows: t.files} if t.files else {}
        load.owners[rows] = frozenset(staged.place.zones)
    record_file(load, found, layout, staged)
    if all(file != found.file_id for file, *_ in load.before):  # a corrected layout corrects amounts too
        load.grouped |= {
            shaped(t.contract.name, t.relation): frozenset(staged.place.zones) for t in staged.typed if t.grouped
        }
    warnings = [said(load.lang, unread, in_chinese(unread))] if unread else []
    warnings += load.within(partial(file_warnings, load.con, staged.raw, layout, staged.rows, staged.typed, load.lang))
    tables = ", ".join(dict.fromkeys(t.contract.name for t in staged.typed))
    facts = {
        "not_in_cohort": staged.outside,
        "status": "loaded",
        "tables": tables,
        "warnings": _joined(warnings, load.lang),
    }
    load.report.append(line | counts | facts)
    forget(load, staged)


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
        apart = load.within(lambda: cut_apart(load.con, load.store, load.relations, load.grouped, load.lang))
        gone = {n: " OR ".join(tests) for n, tests in load.gone.items()}
        found = {n: load.within(partial(_together, load, n)) for n in load.relations}
        relations = {n: rows for n, (rows, _) in found.items()}
        relations |= {n: f"({empty_select(table(n))})" for n in gone if n not in relations}
        written = {n: files for n, (_, files) in found.items() if files}
        if load.keyed:
            set_mark(load.store)
        load.within(lambda: write_tables(load.con, load.store, relations, gone=gone, written=written))
        told = load.within(
            lambda: table_warnings(load.con, load.store, set(relations), list(load.merchants), load.lang)
        )
        told = [*apart, *told]
        if told and len(report):
            line = next((i for i, t in enumerate(report["tables"]) if "orders" in str(t).split(", ")), 0)
            report.loc[line, "warnings"] = _joined([report.loc[line, "warnings"], *told], load.lang)
    return report


def _joined(warnings: Sequence[str], lang: str) -> str:
    return said(lang, "; ", "；").join(filter(None, warnings))


def _together(load: Load, name: str) -> tuple[str, Written | None]:
    """Return the rows that all files of the load have for one table, and which of them lie in files already."""
    groups = with_a_common_merchant([(rows, load.owners.get(rows)) for rows in load.relations[name]])
    whole = [one_per_key(load.con, table(name), group, load.scratch) for group in groups]
    files = tuple(file for rows in whole for file in load.written.get(rows, ()))
    others = [rows for rows in whole if rows not in load.written]
    return united(whole), Written(files, united(others) if others else None) if files else None


def _merchants_unchanged(load: Load) -> bool:
    version = read_manifest(load.store)["tables"].get("merchants")
    if version is None:
        return False
    new, old = load.relations["merchants"][0], published_rows(load.store, "merchants", version)
    return first(load.con, f"FROM {new} EXCEPT FROM ({old})") is None
