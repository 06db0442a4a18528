"""`retailkit run --due`: run the merchants whose data are new, each as of its own last complete day."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from retailkit.commands.prepare import fingerprints, link_as_of, load_and_link
from retailkit.commands.study import _listener, _tell_load
from retailkit.spoken import said
from retailkit.study.history import KEEP, changes, changes_text, keep_run, kept_metrics, runs
from retailkit.study.ledger import held, page_path, read_entry
from retailkit.study.plan import REPORT, Unit, choose_merchants
from retailkit.study.run import Options, check, plan_study, run_plan

WHY_ZH = {
    "never done": "从未运行", "failed before": "此前失败", "with new data": "数据更新",
    "with new software, day or choices": "软件、日期或参数变化",
}  # fmt: skip


def run_due(
    options: Options, load: bool = True, dry_run: bool = False, keep: int = KEEP,
    tell: Callable[[str], None] = click.echo,
) -> int:  # fmt: skip
    """Run what is due and return the exit code: 0 if all is done or nothing is due, 1 if something failed.

    Each merchant is seen from the day after the last complete day in its own orders, never from
    the wall clock; it is due when a chapter of it would not be the same. The run is kept in the
    study's history and compared with the one before.

    Raises
    ------
    CohortError, StudyError
        If the cohort or a merchant is not there, or another due run is at work: before anything runs.
    """
    from retailkit.cohort import cohort_path, read_cohort

    cohort = read_cohort(options.cohort)
    options = replace(options, lang=options.lang or cohort.lang, parameters=_latest(options))
    lang = options.lang
    check(cohort, options)
    with only_due(options.out_dir):
        unread = 0
        if load and not dry_run:
            report = load_and_link(cohort, options.store, lambda line: tell(f"  {line}"), lang)
            unread = _tell_load(report, tell, lang)
        days = last_days(options.store, choose_merchants(cohort, options.merchants))
        failed = ran = 0
        for as_of, merchants in by_day(days).items():
            dated = read_cohort(options.cohort, as_of=as_of, lang=options.lang)
            asked = replace(options, as_of=as_of, merchants=tuple(merchants))
            plan = plan_study(dated, asked, fingerprints(options.store, as_of), cohort_path(options.cohort))
            due = sorted({u.merchant for u in plan.stale}, key=merchants.index)
            tell(_due_line(as_of, merchants, due, why_due(plan.stale, options.out_dir), lang))
            if due and not dry_run:
                link_as_of(options.store, [m.id for m in dated.everyone], as_of)
                entries = run_plan(plan, asked, _listener(tell, lang))
                failed += sum(e.status == "failed" for e in entries)
                ran += len(plan.stale)
        for merchant in sorted(set(choose_merchants(cohort, options.merchants)) - set(days)):
            none = f"no orders in {options.store}, nothing to study"
            tell(f"{merchant}: " + said(lang, none, f"{options.store}中没有订单，无可研究"))
        if dry_run:
            return 0
        tell(since_before(options.out_dir, keep, lang) if ran else said(lang, "nothing is due", "没有需要更新的"))
    report = page_path(options.out_dir, "", REPORT, "html")
    if report.exists():
        tell(str(report))
    return 1 if failed or unread else 0


def _latest(options: Options) -> tuple[tuple[str, str], ...]:
    """The report takes each merchant's newest day, because merchants' data end on different days."""
    return (*(p for p in options.parameters if p[0] != "days"), ("days", "latest"))


def _due_line(as_of: str, merchants: list[str], due: list[str], why: dict[str, int], lang: str = "en") -> str:
    last = date.fromisoformat(as_of) - timedelta(days=1)
    reasons = ", ".join(f"{n} {reason}" for reason, n in why.items())
    what = f"{', '.join(due)} due ({reasons})" if due else "nothing is due"
    zh = "，".join(f"{WHY_ZH[reason]}{n}章" for reason, n in why.items())
    what_zh = f"需更新{'、'.join(due)}（{zh}）" if due else "没有需要更新的"
    return said(
        lang,
        f"last complete day {last} (as of {as_of}), {len(merchants)} merchants: {what}",
        f"最后完整日{last}（截至{as_of}之前），{len(merchants)}家商户：{what_zh}",
    )


def why_due(stale: tuple[Unit, ...], out_dir: str) -> dict[str, int]:
    """Reason -> number of chapters that must run for it: never done, failed, new data, or new software or choices."""
    found: dict[str, int] = {}
    for one in stale:
        entry = read_entry(out_dir, one.merchant, one.chapter)
        if entry is None:
            reason = "never done"
        elif entry.status == "failed":
            reason = "failed before"
        elif dict(entry.inputs) != dict(one.inputs):
            reason = "with new data"
        else:
            reason = "with new software, day or choices"
        found[reason] = found.get(reason, 0) + 1
    return found


def last_days(store: str, merchants: tuple[str, ...]) -> dict[str, str]:
    """Merchant -> the day its study knows everything before: the day after its last complete one.

    The newest day counts as complete unless it holds far fewer orders than its weekday usually
    does: an export made at noon holds half a day.
    """
    from retailkit.load import daily_orders, newest_day, open_store

    found: dict[str, str] = {}
    for merchant in merchants:
        daily = daily_orders(open_store(store, merchant).orders)
        if len(daily):
            row = newest_day(daily).iloc[0]
            day = row["day"].date() + timedelta(days=0 if row["partial"] else 1)
            found[merchant] = str(day)
    return found


def by_day(days: dict[str, str]) -> dict[str, list[str]]:
    """Day -> merchants seen from it, the earliest day first.

    >>> by_day({"a": "2018-12-02", "b": "2018-12-01", "c": "2018-12-02"})
    {'2018-12-01': ['b'], '2018-12-02': ['a', 'c']}
    """
    groups: dict[str, list[str]] = {}
    for merchant, day in days.items():
        groups.setdefault(day, []).append(merchant)
    return dict(sorted(groups.items()))


def since_before(out_dir: str, keep: int = KEEP, lang: str = "en") -> str:
    """Keep the run and say what changed since the one before."""
    before = runs(out_dir)[-1:]
    name = keep_run(out_dir, keep)
    if not name:
        return said(lang, "nothing changed since the run before", "与上次运行相比没有变化")
    if not before:
        return said(lang, "first run kept: ", "已保留首次运行：") + name
    found = changes(kept_metrics(out_dir, before[0]), kept_metrics(out_dir, name))
    return said(lang, f"since {before[0]}:\n", f"自{before[0]}以来：\n") + changes_text(found, lang=lang)


@contextlib.contextmanager
def only_due(out_dir: str | Path) -> Iterator[None]:
    """Keep scheduled runs of a study from overlapping; the lock ends with the process, however it ends.

    Raises
    ------
    StudyError
        If another is at work.
    """
    refusal = f"a due run (process {{who}}) is at work in {out_dir}: nothing started"
    with held(Path(out_dir) / ".due.lock", refusal):
        yield


def history_text(folder: Path, compare: Any = None) -> str:
    """Text of a study's kept runs in its language; with a run's name what changed from it to the newest."""
    from retailkit.commands.show import study_lang, text_table
    from retailkit.study.history import KINDS_ZH, history_rows

    there, lang = runs(folder), study_lang(folder)
    if not there:
        kept = f"no run of {folder} is kept yet: retailkit run keeps the last {KEEP}"
        return said(lang, kept, f"{folder}尚未保留任何运行：retailkit run 会保留最近{KEEP}次")
    if compare:
        table = changes(kept_metrics(folder, compare), kept_metrics(folder, there[-1]))
        rows = [
            (r.merchant, r.chapter, r.metric, _short(r.before), _short(r.after), said(lang, r.kind, KINDS_ZH[r.kind]))
            for r in table.itertuples()
        ]
        english = ("merchant", "chapter", "metric", "before", "after", "kind")
        head = ("商户", "章节", "指标", "之前", "之后", "变化") if lang == "zh" else english
        return text_table(head, rows) if rows else said(lang, "nothing changed", "没有变化")
    english = ("run", "as of", "chapters", "growth pooled", "effect pooled", "figures changed")
    head = ("运行", "数据截至", "章节", "合并环比", "合并效应", "变化的数字") if lang == "zh" else english
    last = ""
    if len(there) > 1:
        found = changes(*(kept_metrics(folder, r) for r in there[-2:]))
        since = said(lang, f"\nsince {there[-2]}:\n", f"\n自{there[-2]}以来：\n")
        last = since + changes_text(found, lang=lang)
    return text_table(head, history_rows(folder, lang=lang)) + last


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
