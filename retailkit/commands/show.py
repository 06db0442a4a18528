"""What has been studied: cohorts and studies, and one study's status and headline metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from retailkit.spoken import printed_width, said

STATUS = {"done": ("done", "完成"), "failed": ("FAILED", "失败")}
STATUS_ZH = {"loaded": "已导入", "unchanged": "未变", "failed": "读取失败"}
"""What became of a file, in Chinese."""
HEADLINES = ("verdict", "gmv_before", "gmv_programme", "growth", "effect")
"""Metrics shown unasked; the verdict in the study's language."""


def cohorts_text(studies: str = "studies") -> str:
    """Text of the cohorts there are, and whether each has been studied."""
    from retailkit.cohort import COHORTS, CohortError, read_cohort

    rows = []
    for path in sorted(COHORTS.glob("*.toml")):
        try:
            cohort = read_cohort(path)
            rows.append(
                (
                    path.stem,
                    str(len(cohort.merchants)),
                    str(cohort.as_of),
                    study_state(Path(studies) / path.stem),
                    cohort.title,
                )
            )
        except CohortError as problem:
            rows.append((path.stem, "", "", "cannot be read", str(problem).splitlines()[0]))
    known = {r[0] for r in rows}
    for run in sorted(Path(studies).glob("*/run.json")):
        if run.parent.name not in known:
            rows.append((run.parent.name, "", "", study_state(run.parent), f"study in {run.parent}"))
    if not rows:
        return f"no cohort files in {COHORTS.resolve()}: run from the project's folder"
    return text_table(("cohort", "merchants", "as of", "study", "title"), rows)


def study_state(folder: Path) -> str:
    """One phrase on a study's last run."""
    run = _run(folder)
    if run is None:
        return "not run"
    failed = sum(u["status"] == "failed" for u in run["units"])
    return f"{len(run['units']) - failed} done" + (f", {failed} failed" if failed else "")


def study_text(folder: str | Path, metrics: Sequence[str] = ()) -> str:
    """Text of one study: status per merchant and chapter, errors, headline metrics, where to read."""
    from retailkit.study.ledger import read_entries

    folder = Path(folder)
    run, entries = _run(folder) or {}, read_entries(folder)
    state = {(e.merchant, e.chapter): STATUS.get(e.status, ("", "")) for e in entries}
    merchants = list(dict.fromkeys(e.merchant for e in entries if e.merchant))
    chapters = sorted({e.chapter for e in entries if e.merchant})
    given = run.get("parameters", {})
    as_of, lang = given.get("as_of", ""), given.get("lang", "en")
    rows = [(m, *(said(lang, *state.get((m, c), ("-", "-"))) for c in chapters)) for m in merchants]
    title = run.get("title", folder.name)
    table = text_table((said(lang, "merchant", "商户"), *chapters), rows)
    parts = [said(lang, f"{title}, as of {as_of}", f"{title}，截至 {as_of}"), "", table]
    failed = [e for e in entries if e.status == "failed"]
    told = [f"{said(lang, *STATUS['failed'])} {e.merchant or said(lang, 'cohort', '批次')} {e.chapter}" for e in failed]
    parts += ["", *(f"{where}: {e.error}" for where, e in zip(told, failed, strict=True))] if failed else []
    found = _headlines(folder, as_of, metrics, lang)
    parts += ["", found] if found else []
    report = folder / "cohort_report.html"
    parts += ["", str(report if report.exists() else folder / "index.html")]
    return "\n".join(parts)


def _headlines(folder: Path, as_of: str, wanted: Sequence[str], lang: str) -> str:
    from retailkit.present.metric_words import metric_name
    from retailkit.results import read_metrics

    rows = read_metrics(folder, as_of or None)
    usual = [said(lang, HEADLINES[0], f"{HEADLINES[0]}_zh"), *HEADLINES[1:]]
    names = [n for n in wanted or usual if n in set(rows["metric"])]
    if wanted and len(names) < len(wanted):
        missing, there = (", ".join(some) for some in ([n for n in wanted if n not in names], rows["metric"].unique()))
        return said(lang, f"no metric {missing}; there are {there}", f"没有指标 {missing}；现有 {there}")
    if not names:
        return ""
    chosen = rows[rows["metric"].isin(names)]
    told = chosen[chosen["text"] != ""]
    figures = chosen[chosen["text"] == ""]
    columns = [n for n in names if n in set(figures["metric"])]
    cells = {(r.merchant, r.metric): _figure(r, lang) for r in figures.itertuples()}
    lines = [(m, *(cells.get((m, n), "-") for n in columns)) for m in figures["merchant"].unique()]
    level = figures.groupby("metric")["definition"].first().str.extract(r"(\d+%) interval$", expand=False).dropna()
    sure = {n: said(lang, f" [{level[n]} interval]", f"（{level[n]}区间）") for n in level.index}
    # in English a head is the name that --metric takes
    heads = [said(lang, n, metric_name(n, lang)) + sure.get(n, "") for n in columns]
    table = [text_table((said(lang, "merchant", "商户"), *heads), lines), ""] if lines else []
    return "\n".join([*table, *map(_sentence, told.itertuples())]).rstrip()


def _sentence(row: Any) -> str:
    """A text with its merchant in front, unless it names it itself."""
    named = row.text.startswith((f"Merchant {row.merchant}:", f"商户 {row.merchant}："))
    return row.text if named else f"{row.merchant}: {row.text}"


def _figure(row: Any, lang: str) -> str:
    if row.value != row.value:
        return said(lang, "cannot tell", "无法判断")
    share = row.unit in ("fraction", "share")
    value = f"{row.value:+.1%}" if share else f"{_number(row.value)} {row.unit}".strip()
    doubt = f" [{row.low:+.1%}, {row.high:+.1%}]" if share else f" [{_number(row.low)}, {_number(row.high)}]"
    return value + (doubt if row.low == row.low else "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def report_text(report: Any, lang: str = "en") -> str:
    """Text of a load's report: what became of each file's rows, then its warnings."""
    head = ("file", "status", "rows read", "kept", "duplicate", "set aside", "skipped", "tables")
    if lang == "zh":
        head = ("文件", "状态", "读入", "保留", "重复", "隔离", "略去", "表")
        report = report.assign(status=[STATUS_ZH.get(s, s) for s in report["status"]])
    names = ["file", "status", "rows_read", "rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped", "tables"]
    rows = [tuple(f"{v:,}" if isinstance(v, int) else _flat(v) for v in row) for row in report[names].values.tolist()]
    told = [(row.file, _flat(row.warnings)) for row in report.itertuples() if len(row.warnings)]
    # an error names its file itself
    warnings = [text if text.startswith(file) else said(lang, f"{file}: ", f"{file}：") + text for file, text in told]
    return "\n".join([text_table(head, rows), *warnings])


def aside_text(store: str, since: datetime, most: int = 8, lang: str = "en") -> str:
    """Text on the cells that could not be read in files loaded since a time: how many, where first, why; most first."""
    from retailkit.load import open_store, quarantine_reasons

    tables = open_store(store, engine="duckdb")
    known = tables.sources.to_pandas()
    mine = known.loc[known["loaded_at"] >= since.replace(microsecond=0, tzinfo=None)]
    rows = tables.quarantine.filter(tables.quarantine.file_id.isin(mine["file_id"].tolist()))
    if mine["merchant"].nunique() > 1:  # each has its orders.csv
        rows = rows.mutate(file=rows.merchant + "/" + rows.file)
    found = quarantine_reasons(rows, lang).drop_duplicates(["file", "column", "reason"])
    if found.empty:
        return ""
    lines = [_aside_line(row, lang) for row in found.head(most).itertuples()]
    beyond = len(found) - most
    more = [said(lang, f"  and {beyond:,} other kinds", f"  以及另外{beyond:,}类")] if beyond > 0 else []
    head = said(
        lang,
        "could not be read (rows are counted from the first below the header; all of them: table quarantine):",
        "以下内容无法读取（行号自表头下第一行起；全部见表quarantine）：",
    )
    return "\n".join([head, *lines, *more])


def _aside_line(row: Any, lang: str) -> str:
    """One kind of problem: where it stands first, in how many rows more, why, and what stood there."""
    more = row.rows - 1
    place = said(
        lang,
        f"{row.file}, row {row.first_row}" + (f" and {more:,} more" if more else "") + ": ",
        f"{row.file}，第{row.first_row}行" + (f"及另外{more:,}行" if more else "") + "：",
    )
    column = said(lang, f"{row.column}: ", f"{row.column}：") if row.column else ""
    shown = said(lang, f" ('{row.example}')", f"（“{row.example}”）") if row.example else ""
    return "  " + place + column + row.reason + shown


def sniff_text(file: str, lang: str = "en") -> str:
    """Text on a file: which layout it is, or how far from each known one."""
    from retailkit.load.recognise import sniff

    found = sniff(file, lang)
    if found.layout or found.candidates.empty:
        return found.sentence
    rows = [tuple(map(_flat, row)) for row in found.candidates.head(5).values.tolist()]
    head = tuple(c.replace("_", " ") for c in found.candidates.columns)
    head = head if lang == "en" else ("布局", "已有列", "所需列", "可用列", "缺少")
    return found.sentence + "\n" + text_table(head, rows)


def _flat(value: Any) -> str:
    return str(value) if isinstance(value, str) or not hasattr(value, "__iter__") else ", ".join(map(str, value))


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of a table in columns; Chinese characters count as two.

    Examples
    --------
    >>> print(text_table(("id", "名称"), [("1", "甲"), ("22", "b")]))
    id  名称
    1   甲
    22  b
    """
    widths = [max(printed_width(str(r[i])) for r in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [str(c) + " " * (w - printed_width(str(c))) for c, w in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def study_lang(folder: Path) -> str:
    """Language of a study's last run."""
    return str((_run(folder) or {}).get("parameters", {}).get("lang", "en"))


def _run(folder: Path) -> dict[str, Any] | None:
    try:
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
