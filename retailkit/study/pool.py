"""Units over long-lived worker processes: results as they finish, whatever fails."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver

from retailkit import machine
from retailkit.study.chapter import Settings, run_unit, start_worker
from retailkit.study.ledger import Entry, write_entry
from retailkit.study.plan import Unit


def run_units(
    units: Sequence[Unit],
    settings: Settings,
    workers: int = 2,
    address: str = "",
) -> Iterator[Entry]:
    """Run every unit once and yield its manifest as it finishes.

    ``address`` is that of a warm server; without one, kernels are plain.

    A worker that is killed loses only the units it had in hand: they are tried once more,
    one at a time, so that a unit that kills its worker takes no other with it.
    """
    done: set[Unit] = set()
    for entry, unit in _in_pool(units, settings, min(workers, len(units)), address):
        done.add(unit)
        yield entry
    for unit in [u for u in units if u not in done]:
        again = list(_in_pool([unit], settings, 1, address))
        yield (
            again[0][0]
            if again
            else lost(unit, settings, "its worker process was killed twice: out of memory? try --workers 1")
        )


def _in_pool(units: Sequence[Unit], settings: Settings, workers: int, address: str) -> Iterator[tuple[Entry, Unit]]:
    """(manifest, unit) of the units that finished before a worker died, if one did."""
    if not units:
        return
    context = make_ready()
    pool = ProcessPoolExecutor(max(workers, 1), mp_context=context, initializer=start_worker, initargs=(address,))
    try:
        futures = {pool.submit(run_unit, unit, settings): unit for unit in units}
        for future in as_finished(futures):
            try:
                yield future.result(), futures[future]
            except BrokenProcessPool:
                return
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()  # the worker kills its kernel before it goes
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def make_ready() -> multiprocessing.context.ForkServerContext:
    """Start the process that workers are forked from, which imports meanwhile; return how to fork them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["retailkit.study.preload"])
    forkserver.ensure_running()
    return context


def as_finished(futures: Iterable[Future[Entry]]) -> Iterator[Future[Entry]]:
    """Futures as they finish; unlike the standard one it wakes often enough for Ctrl-C to be heard."""
    waiting = set(futures)
    while waiting:
        finished, waiting = wait(waiting, timeout=0.5, return_when="FIRST_COMPLETED")
        yield from finished


def lost(unit: Unit, settings: Settings, error: str) -> Entry:
    """Write and return the manifest of a unit whose worker died whenever it ran."""
    entry = Entry(
        unit.merchant,
        unit.chapter,
        "failed",
        unit.key,
        error=error,
        title=unit.notebook.title,
        versions=dict(unit.versions),
    )
    write_entry(settings.out_dir, entry)
    return entry


def kernel_environment(workers: int) -> tuple[tuple[str, str], ...]:
    """Environment of every kernel: the machine's (or the container's) cores and memory shared out between the workers."""
    chosen = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "RETAILKIT_THREADS": os.environ.get("RETAILKIT_THREADS", str(max(machine.cores() // workers, 1))),
        "RETAILKIT_MEMORY": os.environ.get("RETAILKIT_MEMORY", f"{int(machine.memory() * 0.6 / workers) >> 20}MiB"),
    }
    return tuple(chosen.items())
