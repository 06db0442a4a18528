"""Chapters on other machines: the workers of a Dask scheduler run the same units (the ``cluster`` extra).

Every worker must see the run's folders (notebooks, cohort file, store, study) under the same names and have
retailkit installed; one worker is one process of one thread.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from retailkit.study.chapter import Settings, run_unit
from retailkit.study.ledger import Entry
from retailkit.study.parameters import StudyError
from retailkit.study.plan import Unit
from retailkit.study.pool import as_finished, kernel_environment, lost


@contextlib.contextmanager
def on_cluster(address: str, answer: float = 20) -> Iterator[Any]:
    """Connect to a scheduler (``tcp://host:8786``) whose workers can run chapters, if it answers within so many seconds.

    Raises
    ------
    StudyError
        If Dask is not installed, nobody answers, or the workers are none or have several threads.
    """
    try:
        from distributed import Client
    except ImportError:
        raise StudyError("--cluster needs the extra: pip install 'retailkit[cluster]'") from None
    try:
        client = Client(address, timeout=answer, set_as_default=False)
    except (OSError, ValueError):
        raise StudyError(f"no Dask scheduler answers at {address}: start one with `dask scheduler`") from None
    with client:
        threads = [worker["nthreads"] for worker in _workers(client).values()]
        start = f"start `dask worker {address} --nthreads 1`"
        if not threads:
            raise StudyError(f"the scheduler at {address} has no worker: {start}")
        if max(threads) > 1:
            raise StudyError(f"the scheduler at {address} has a worker of {max(threads)} threads: {start}")
        yield client


def run_on_cluster(client: Any, units: Sequence[Unit], settings: Settings) -> Iterator[Entry]:
    """Run every unit once on the scheduler's workers and yield its manifest as it finishes.

    A unit whose worker dies again and again (`distributed.scheduler.allowed-failures`) fails; the others go on.
    """
    beside = Counter(worker["host"] for worker in _workers(client).values())
    executor = client.get_executor(pure=False)
    try:
        there = (str(Path.cwd()), max(beside.values()))
        futures = {executor.submit(_run_there, *there, unit, settings): unit for unit in units}
        for future in as_finished(futures):
            problem = future.exception()
            yield lost(futures[future], settings, _told(problem)) if problem else future.result()
    finally:
        executor.shutdown(wait=False)  # what no worker has begun is not begun any more


def _told(problem: BaseException) -> str:
    if type(problem).__name__ == "KilledWorker":
        return "its worker on the cluster died whenever it ran: out of memory?"
    return f"it could not run on the cluster ({type(problem).__name__}: {problem}): is the same retailkit there?"


def _run_there(folder: str, beside: int, unit: Unit, settings: Settings) -> Entry:
    """Run a unit from the run's own folder, with this machine's cores and memory shared between its workers."""
    with contextlib.chdir(folder):
        return run_unit(unit, replace(settings, env=kernel_environment(beside)))


def _workers(client: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = client.scheduler_info(n_workers=-1)["workers"]
    return found
