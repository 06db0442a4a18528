"""Running one chapter for one merchant: execute, publish once, write the manifest.

Runs inside a worker process. A failed chapter is saved as ``.failed.ipynb`` and
``.failed.html`` with the error on top; the last good pages stay as they are.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retailkit.load.spill import kernel_folder
from retailkit.present.site import Context, chapter_html
from retailkit.study.ledger import Entry, output_hash, page_path, read_entry, write_entry, write_text
from retailkit.study.plan import Unit

if TYPE_CHECKING:
    from retailkit.study.engine import Run

KERNEL = "python3"  # this environment's kernel, whatever name the notebook was saved with


@dataclass(frozen=True)
class Settings:
    """What all units of a run share: the study's folder, limits, and the kernels' environment."""

    out_dir: str
    timeout: float = 1800.0
    env: tuple[tuple[str, str], ...] = ()
    context: Context = field(default_factory=Context)


class ChapterError(RuntimeError):
    """A chapter that did not end well; the message is what the reader sees."""


def run_unit(unit: Unit, settings: Settings) -> Entry:
    """Run one unit and return its manifest; whatever goes wrong is in the manifest, never raised."""
    before = read_entry(settings.out_dir, unit.merchant, unit.chapter)
    entry = Entry(
        merchant=unit.merchant,
        chapter=unit.chapter,
        status="failed",
        key=unit.key,
        attempt=before.attempt + 1 if before and before.key == unit.key else 1,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        title=unit.notebook.title,
        parameters=dict(unit.parameters),
        inputs=dict(unit.inputs),
        versions=dict(unit.versions),
    )
    clock = time.perf_counter()
    page, error, kernel = execute(unit, settings)
    entry = replace(entry, seconds=round(time.perf_counter() - clock, 2), error=error, kernel=kernel)
    try:
        return _publish(unit, settings, entry, page)
    except OSError as problem:
        return replace(entry, status="failed", error=error or _cannot_write(problem, settings.out_dir))


def execute(unit: Unit, settings: Settings) -> tuple[Any, str, str]:
    """The executed notebook (as far as it got), the error ("" if none) and how its kernel ended.

    A kernel that ends before its first cell ran is started once more: nothing was lost with it.
    """
    import nbformat

    run, error = _attempt(unit, settings)
    if error and run.cell == 0 and not run.timed_out:
        run, error = _attempt(unit, settings)
    page = run.notebook or nbformat.read(unit.notebook.path, as_version=4)
    return page, error, "" if run.exit_code is None else str(run.exit_code)


def _attempt(unit: Unit, settings: Settings) -> tuple[Run, str]:
    """What the engine found out about one execution, and the error ("" if none)."""
    import papermill

    from retailkit.study.engine import ENGINE, Run

    temp = str(kernel_folder())  # spill files of the engine go with the kernel
    run = Run(settings.timeout, {**os.environ, **dict(settings.env), "TMPDIR": temp}, temp)
    try:
        papermill.execute_notebook(
            str(unit.notebook.path).replace("{", "{{").replace("}", "}}"),  # papermill formats the path
            None,
            parameters=dict(unit.parameters),
            engine_name=ENGINE,
            kernel_name=KERNEL,
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            run=run,
        )
        return run, ""
    except Exception as problem:
        return run, describe(problem, run, settings.timeout)
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def describe(problem: Exception, run: Any, timeout: float) -> str:
    """One or two sentences on what stopped a chapter, and where."""
    where = f" in cell {run.cell}" if run.cell else ""
    if run.timed_out:
        return f"stopped after {timeout:.0f} s{where}: raise --timeout or look at why it takes so long"
    if type(problem).__name__ == "DeadKernelError":
        code = run.exit_code
        name = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit status {code}"
        hint = ": out of memory? try --workers 1" if code == -signal.SIGKILL else ""
        last = Path(run.log).read_text(errors="replace").strip().splitlines()[-1:]
        return f"the notebook's kernel died{where} ({name}){hint}" + "".join(f"; it said: {line}" for line in last)
    if getattr(problem, "ename", "") == "OutOfMemoryException":  # the engine's own text names settings nobody has here
        most = run.env.get("RETAILKIT_MEMORY", "memory")
        return f"the engine needs more than the {most} it may use{where}: raise RETAILKIT_MEMORY, or try --workers 1"
    if hasattr(problem, "ename"):
        return f"{problem.ename}{where}: {getattr(problem, 'evalue', '')}".strip()
    return f"{type(problem).__name__}{where}: {problem}".strip()


DID_NOT_FINISH = {
    "en": "**This chapter did not finish.** What follows is as far as it got.",
    "zh": "**本章没有运行完。** 以下是中断之前的内容。",
}


def with_error(page: Any, error: str, lang: str = "en") -> Any:
    """The notebook with what stopped it on top (papermill's own marks replaced)."""
    import nbformat
    from papermill.execute import ERROR_MARKER_TAG, remove_error_markers

    page = remove_error_markers(page)
    text = f"{DID_NOT_FINISH[lang]}\n\n```text\n{error}\n```"
    top = nbformat.v4.new_markdown_cell(text, metadata={"tags": [ERROR_MARKER_TAG]})
    page.cells.insert(0, top)
    return page


def _publish(unit: Unit, settings: Settings, entry: Entry, page: Any) -> Entry:
    import nbformat

    def path(ending: str) -> Path:
        return page_path(settings.out_dir, unit.merchant, unit.chapter, ending)

    mark = "failed." if entry.error else ""
    page = with_error(page, entry.error, settings.context.lang) if entry.error else page
    write_text(path(f"{mark}html"), chapter_html(page, unit.merchant, unit.chapter, settings.context))
    write_text(path(f"{mark}ipynb"), nbformat.writes(page) + "\n")
    if not entry.error:
        for ending in ("failed.ipynb", "failed.html"):
            path(ending).unlink(missing_ok=True)
        outputs = output_hash(settings.out_dir, unit.merchant, unit.chapter)
        entry = replace(entry, status="done", outputs=outputs)
    write_entry(settings.out_dir, entry)
    return entry


def _cannot_write(problem: OSError, out_dir: str) -> str:
    free = shutil.disk_usage(out_dir).free >> 20 if Path(out_dir).exists() else 0
    return f"cannot write to {out_dir}: {problem.strerror or problem} ({free} MB free): make room and run again"


def start_worker(warm: str) -> None:
    """Prepare a worker process: warm kernels, and no kernel left behind when it is told to stop."""
    from retailkit.study.kernels import use_warm_kernels

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, _stop)
    if warm:
        use_warm_kernels(warm)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        _stop()


def _stop(*_: Any) -> None:
    from retailkit.study.engine import stop_kernels

    stop_kernels()
    os._exit(143)
