"""`retailkit run`: check, load, plan, run, and say where to read the result."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from retailkit import machine
from retailkit.commands.prepare import fingerprints, link_as_of, load_and_link
from retailkit.commands.show import STATUS_ZH, text_table
from retailkit.spoken import said
from retailkit.study.ledger import Entry, page_path
from retailkit.study.plan import REPORT
from retailkit.study.run import Options, Plan, check, made_ready, plan_study, run_plan


def run_study(
    options: Options, load: bool = True, dry_run: bool = False, tell: Callable[[str], None] = click.echo, keep: int = 10
) -> int:
    """Run a cohort's study and return the exit code: 0 if all is done, 1 if something failed.

    Raises
    ------
    CohortError, StudyError
        If the cohort, a merchant, a chapter or a parameter is not there: before anything runs.
    LoadError
        If no export could be loaded.
    """
    from retailkit.cohort import cohort_path, read_cohort

    changes = {"as_of": options.as_of} if options.as_of else {}
    cohort = read_cohort(options.cohort, **changes)
    options = replace(options, lang=options.lang or cohort.lang)
    told = read_cohort(options.cohort, **changes, lang=options.lang)  # the store keeps the cohort's own language
    if cohort.engine:
        os.environ.setdefault("RETAILKIT_ENGINE", cohort.engine)  # chapters inherit it; what the user set wins
    check(cohort, options)
    tell(told.title)
    if told.licence:
        tell(said(options.lang, "Data: ", "数据：") + " ".join(told.licence.split()))
    known = fingerprints(options.store, str(cohort.as_of))
    if dry_run:
        tell(plan_text(plan_study(told, options, _or_unknown(known), cohort_path(options.cohort)), options.lang))
        return 0
    unread = 0
    with made_ready(options) as address:
        if load:
            report = load_and_link(cohort, options.store, lambda line: tell(f"  {line}"), options.lang)
            unread = _tell_load(report, tell, options.lang)
        else:
            link_as_of(options.store, [m.id for m in cohort.everyone], cohort.as_of)
        plan = plan_study(told, options, known, cohort_path(options.cohort))
        entries = run_plan(plan, options, _listener(tell, options.lang), address)
    from retailkit.study.history import keep_run

    keep_run(options.out_dir, keep)
    return max(_finish(plan, options, entries, tell), int(unread > 0))


def plan_text(plan: Plan, lang: str = "en") -> str:
    """The plan as a table: per merchant and chapter whether it would run or is unchanged."""
    stale = set(plan.stale)
    chapters = list(dict.fromkeys(u.chapter for u in plan.units))
    run, same = said(lang, "run", "待运行"), said(lang, "unchanged", "未变")
    state = {(u.merchant, u.chapter): run if u in stale else same for u in plan.units}
    merchants = list(dict.fromkeys(u.merchant for u in plan.units))
    rows = [(m, *(state[m, c] for c in chapters)) for m in merchants]
    return "\n".join(
        [
            text_table((said(lang, "merchant", "商户"), *chapters), rows),
            said(
                lang,
                f"{len(stale)} of {len(plan.units)} chapters would run, then the cohort report",
                f"{len(plan.units)}章中将运行{len(stale)}章，然后是批次总报告",
            ),
            said(lang, "with ", "参数：") + ", ".join(f"{name}={value}" for name, value in plan.common.items()),
        ]
    )


def default_workers() -> int:
    """Workers for this machine or container: one per core that has a gigabyte of memory, at most eight."""
    return max(1, min(8, machine.cores(), machine.memory() // 1_000_000_000))


def _or_unknown(known: Callable[[str | None], Any]) -> Callable[[str | None], Any]:
    def of(merchant: str | None) -> Any:
        try:
            return known(merchant)
        except ValueError:  # a dry run before the first load
            return {"store": "not loaded yet"}

    return of


def _tell_load(report: Any, tell: Callable[[str], None], lang: str = "en") -> int:
    """Say what became of the files; return how many could not be read: a study without them is not all done."""
    for row in report.itertuples():
        if row.status == "failed" or row.rows_quarantined:
            failed = said(lang, f"failed: {row.warnings}", f"读取失败：{row.warnings}")
            aside = said(lang, f"{row.rows_quarantined:,} rows set aside", f"隔离{row.rows_quarantined:,}行")
            what = failed if row.status == "failed" else aside
            tell(said(lang, f"  {row.file}: {what}", f"  {row.file}：{what}"))
        if row.status == "loaded" and row.warnings:
            tell(said(lang, f"  {row.file}: {row.warnings}", f"  {row.file}：{row.warnings}"))
    counts = Counter(report["status"])
    told = sorted(counts.items())
    english = ", ".join(f"{n} file{'s' * (n != 1)} {status}" for status, n in told)
    tell("  " + said(lang, english, "，".join(f"{n}个文件{STATUS_ZH.get(status, status)}" for status, n in told)))
    return counts["failed"]


def _listener(tell: Callable[[str], None], lang: str = "en") -> Callable[[Entry | None, int, int], None]:
    """A progress bar on a terminal, one line per unit elsewhere."""
    if not sys.stderr.isatty():

        def line(entry: Entry | None, done: int, total: int) -> None:
            if entry:
                failed = said(lang, f"FAILED: {entry.error}", f"失败：{entry.error}")
                mark = said(lang, "ok", "完成") if entry.status == "done" else failed
                width = len(str(total))
                seconds = said(lang, f"{entry.seconds:.1f} s", f"{entry.seconds:.1f}秒")
                tell(f"[{done:{width}}/{total}] {_name(entry, lang)} {seconds} {mark}")

        return line
    from tqdm import tqdm

    bar = tqdm(total=0, unit="chapter", dynamic_ncols=True, leave=False)

    def moved(entry: Entry | None, done: int, total: int) -> None:
        bar.total, bar.n = total, done
        if entry:
            bar.set_postfix_str(_name(entry, lang))
            if entry.status == "failed":
                bar.write(_failure(entry, lang), file=sys.stderr)
        bar.refresh()
        if done == total:
            bar.close()

    return moved


def _name(entry: Entry, lang: str) -> str:
    return f"{entry.merchant or said(lang, 'cohort', '批次')} {entry.chapter}"


def _failure(entry: Entry, lang: str) -> str:
    return said(lang, "FAILED ", "失败 ") + f"{_name(entry, lang)}: {entry.error}"


def _finish(plan: Plan, options: Options, entries: list[Entry], tell: Callable[[str], None]) -> int:
    failed = [e for e in entries if e.status == "failed"]
    skipped = len(plan.units) - len(plan.stale)
    lang, done = options.lang, len(entries) - len(failed)
    tell(said(lang, f"{done} done ({skipped} unchanged), {len(failed)} failed",
              f"完成{done}章（其中{skipped}章未变），失败{len(failed)}章"))  # fmt: skip
    for entry in failed:
        where = page_path(options.out_dir, entry.merchant, entry.chapter, "failed.html")
        tell(f"{_failure(entry, lang)}\n       {where}")
    free = shutil.disk_usage(options.out_dir).free >> 20
    if free < 200:
        tell(said(lang, f"only {free} MB free in {options.out_dir}", f"{options.out_dir}仅剩{free} MB空间"))
    report = page_path(options.out_dir, "", REPORT, "html")
    broken = any(not e.merchant for e in failed)
    tell(str(report if report.exists() and not broken else report.with_name("index.html")))
    return 1 if failed else 0
