"""A whole study: plan, skip what is finished, run the rest, then the cohort report and the index."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retailkit.present.site import Context, index_html, write_assets
from retailkit.study.chapter import Settings
from retailkit.study.kernels import warm_server
from retailkit.study.ledger import (
    Entry,
    is_current,
    only_run,
    page_path,
    read_entries,
    read_entry,
    write_run,
    write_text,
)
from retailkit.study.parameters import Notebook, read_notebook, resolve
from retailkit.study.plan import REPORT, Unit, choose_merchants, find_chapters, make_plan, unit, versions
from retailkit.study.pool import kernel_environment, make_ready, run_units

Heard = Callable[[Entry | None, int, int], None]


@dataclass(frozen=True)
class Options:
    """What is asked of a run, as on the command line."""

    cohort: str
    out_dir: str
    store: str = "store"
    as_of: str = ""
    chapters: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    seed: int = 1
    lang: str = "en"
    workers: int = 2
    timeout: float = 1800.0
    force: bool = False
    warm: bool = True
    cluster: str = ""
    notebooks: str = "notebooks"


@dataclass(frozen=True)
class Plan:
    """A checked plan: all units, those that must run, the report's notebook and what goes on the pages."""

    units: tuple[Unit, ...]
    stale: tuple[Unit, ...]
    report: Notebook | None
    common: Mapping[str, Any]
    context: Context
    cohort_hash: str


def check(cohort: Any, options: Options) -> tuple[list[Notebook], tuple[str, ...], dict[str, Any]]:
    """Chapters, merchants and typed parameters of a run, before anything is loaded or run.

    Raises
    ------
    StudyError
        If a chapter, a merchant or a parameter is not there, or a parameter has the wrong type.
    """
    chapters = find_chapters(options.notebooks, options.chapters)
    merchants = choose_merchants(cohort, options.merchants)
    report = _report(options.notebooks)
    return chapters, merchants, resolve(dict(options.parameters), [*chapters, *([report] if report else [])])


def plan_study(
    cohort: Any,
    options: Options,
    fingerprint: Callable[[str | None], Mapping[str, str]],
    cohort_file: Path | None = None,
) -> Plan:
    """Plan a run: one unit per merchant and chapter, and which of them are stale.

    Parameters
    ----------
    fingerprint : merchant (None: whole cohort) -> table -> hash of its data in the store.
    """
    chapters, merchants, chosen = check(cohort, options)
    common = {
        "cohort": options.cohort,
        "as_of": options.as_of or str(cohort.as_of),
        "store": options.store,
        "out_dir": options.out_dir,
        "seed": options.seed,
        "lang": options.lang,
    }
    digest = hashlib.sha256(cohort_file.read_bytes()).hexdigest() if cohort_file else ""
    units = make_plan(merchants, chapters, common, chosen, fingerprint, digest)
    stale = [u for u in units if options.force or not is_current(options.out_dir, u.merchant, u.chapter, u.key)]
    context = make_context(cohort, find_chapters(options.notebooks), str(common["as_of"]), options.lang)
    return Plan(tuple(units), tuple(stale), _report(options.notebooks), {**common, **chosen}, context, digest)


@contextlib.contextmanager
def made_ready(options: Options) -> Iterator[str]:
    """Start the processes that a run forks workers and kernels from, for `run_plan`; give the kernels' address.

    Started before the load and the plan, they have imported what they need when the plan stands.
    """
    make_ready()
    with warm_server(options.warm) as address:
        yield address


def run_plan(
    plan: Plan, options: Options, heard: Heard = lambda entry, done, total: None, address: str | None = None
) -> list[Entry]:
    """Run what is stale, then the cohort report; write pages and manifests; return all entries of the plan.

    ``heard`` is told each entry as it finishes, with how many are done and how many there are
    (first with None, before any has). ``address`` comes from `made_ready`; None starts what is
    needed now.
    """
    with only_run(options.out_dir), contextlib.ExitStack() as ready:
        some = bool(plan.stale) or plan.report is not None
        if address is None:
            address = ready.enter_context(warm_server(options.warm and some))
        return _run_plan(plan, options, heard, address)


def _run_plan(plan: Plan, options: Options, heard: Heard, address: str) -> list[Entry]:
    write_assets(options.out_dir)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    settings = Settings(options.out_dir, options.timeout, kernel_environment(options.workers), plan.context)
    total = len(plan.stale) + (plan.report is not None)
    heard(None, 0, total)
    made: dict[tuple[str, str], Entry] = {}
    try:
        for entry in _run_units(plan.stale, options, settings, address):
            made[entry.merchant, entry.chapter] = entry
            heard(entry, len(made), total)
        for entry in _run_report(plan, options, settings, address):
            made[entry.merchant, entry.chapter] = entry
            heard(entry, total, total)
    finally:
        write_index(plan.context, options.out_dir)
        entries = _entries(plan, options, made)
        write_run(options.out_dir, _run_facts(plan, options, started), entries)
    return entries


def make_context(cohort: Any, chapters: Sequence[Notebook], as_of: str, lang: str) -> Context:
    """What the pages say around the chapters, from the cohort's record."""
    return Context(
        title=cohort.title,
        lang=lang,
        as_of=as_of,
        programme=_span(cohort.programme, lang),
        baseline=_span(cohort.baseline, lang),
        merchants=tuple((m.id, cohort.merchant(m.id).title) for m in cohort.merchants),
        chapters=tuple((n.chapter, n.title) for n in chapters),
        limits=cohort.limits,
        licence=cohort.licence,
        simulated=cohort.simulated,
    )


def _span(window: Any, lang: str) -> str:
    return "" if window is None else f"{window.start}{'至' if lang == 'zh' else ' to '}{window.end}"


def write_index(context: Context, out_dir: str) -> Path:
    """Write the study's front page from the ledger; return its path."""
    entries = read_entries(out_dir)
    status = [(e.merchant, e.chapter, _state(out_dir, e)) for e in entries]
    seconds = sum(e.seconds for e in entries if e.status == "done")
    facts = [(name, version) for name, version in versions().items()]
    facts.append(("计算用时（秒）" if context.lang == "zh" else "seconds of computing", f"{seconds:,.0f}"))
    path = Path(out_dir) / "index.html"
    write_text(path, index_html(context, status, facts))
    return path


def _state(out_dir: str, entry: Entry) -> str:
    before = page_path(out_dir, entry.merchant, entry.chapter, "html").exists()
    return "done" if entry.status == "done" else "earlier" if before and entry.merchant else "failed"


def _report(notebooks: str) -> Notebook | None:
    path = Path(notebooks) / f"{REPORT}.ipynb"
    return read_notebook(path) if path.exists() else None


def _run_units(units: Sequence[Unit], options: Options, settings: Settings, address: str) -> Iterator[Entry]:
    if options.cluster and units:
        from retailkit.study.cluster import on_cluster, run_on_cluster

        with on_cluster(options.cluster) as client:
            yield from run_on_cluster(client, units, settings)
    else:
        yield from run_units(units, settings, options.workers, address)


def _run_report(plan: Plan, options: Options, settings: Settings, address: str) -> list[Entry]:
    """Run the cohort report over the results, unless nothing it reads has changed."""
    if plan.report is None:
        return []
    entries = [e for e in read_entries(options.out_dir) if e.merchant]
    inputs = {f"{e.merchant}/{e.chapter}": f"{e.status} {e.outputs}" for e in entries}
    one = unit("", plan.report, plan.common, {**inputs, "cohort file": plan.cohort_hash})
    if not options.force and is_current(options.out_dir, "", REPORT, one.key):
        return []
    return list(run_units([one], settings, 1, address))


def _entries(plan: Plan, options: Options, made: Mapping[tuple[str, str], Entry]) -> list[Entry]:
    """Entries of all planned units and the report: those made now, else those on disk."""
    names = [(u.merchant, u.chapter) for u in plan.units] + ([("", REPORT)] if plan.report else [])
    found = [made.get(name) or read_entry(options.out_dir, *name) for name in names]
    return [entry for entry in found if entry]


def _run_facts(plan: Plan, options: Options, started: str) -> dict[str, Any]:
    return {
        "cohort": options.cohort,
        "title": plan.context.title,
        "programme": plan.context.programme,
        "simulated": plan.context.simulated,
        "limits": list(plan.context.limits),
        "started": started,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "parameters": dict(plan.common),
        "versions": versions(),
        "planned": len(plan.units),
        "ran": len(plan.stale),
    }
