"""papermill's engine for chapters: one time limit for the whole notebook, the kernel's end kept.

papermill's own limit is per cell, and it forgets how the kernel ended.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

ENGINE = "retailkit"
_running: set[int] = set()


@dataclass
class Run:
    """What the engine tells its caller about one execution, also when it ends badly.

    ``folder`` is the execution's own: what its kernel says (``log``) and listens on lies there.
    """

    timeout: float
    env: dict[str, str]
    folder: str
    notebook: Any = None
    cell: int = 0
    timed_out: bool = False
    exit_code: int | None = None
    groups: set[int] = field(default_factory=set)

    @property
    def log(self) -> str:
        """File of what the kernel wrote outside the notebook."""
        return f"{self.folder}/kernel.log"


class ChapterClient(PapermillNotebookClient):
    """papermill's client; it notes which code cell runs and how a dead kernel ended."""

    run: Run

    def on_comm_open_jupyter_widget(self, msg: dict[str, Any]) -> None:
        """Leave widgets unanswered; what they show is the cell's output.

        nbclient answers an ``Output`` on the socket on which it waits for the cell's end: under load the end then
        goes unheard until the time is up (seen in 2 of 10 runs of an explorer), and here there is no limit per cell.
        """

    def execute_cell(self, cell: Any, cell_index: int, **kwargs: Any) -> Any:
        """Execute one cell, counting code cells as the reader sees them (In [n])."""
        group = getattr(getattr(self.km, "provisioner", None), "pgid", None)
        if group:
            self.run.groups.add(group)
            _running.add(group)
        self.run.cell += cell.cell_type == "code"
        try:
            return super().execute_cell(cell, cell_index, **kwargs)
        except DeadKernelError:
            process = getattr(self.km.provisioner, "process", None) if self.km else None
            self.run.exit_code = getattr(process, "returncode", None)
            raise


class ChapterEngine(NBClientEngine):
    """Runs a notebook in one kernel under one time limit."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
        """Execute the notebook; ``run`` carries what is asked and what is found out."""
        run: Run = kwargs["run"]
        run.notebook = nb_man.nb
        client = ChapterClient(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=120,
            shutdown_kernel="immediate",
            store_widget_state=False,
            extra_arguments=["--HistoryManager.enabled=False", "--IPKernelApp.log_level=50"],
            log=_silent(),
            config=_connection(run.folder),
        )
        client.run = run

        def too_long() -> None:
            run.timed_out = True
            _kill(run.groups)

        limit = threading.Timer(run.timeout, too_long)
        limit.daemon = True
        limit.start()
        try:
            with open(run.log, "wb") as log:
                return client.execute(env=run.env, stdout=log, stderr=log)
        finally:
            limit.cancel()
            _running.difference_update(run.groups)


def _connection(folder: str) -> Config:
    """How the kernel is spoken to: through sockets in its own folder.

    Jupyter's default are ports that were free a moment ago; when runs start many kernels, now and
    then another one takes such a port first and the kernel dies at its start.
    """
    file = f"{folder}/kernel.json"
    if sys.platform == "win32" or len(file) > 90:  # a socket's path may have 104 characters (macOS), 108 (Linux)
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "connection_file": file}})


def _silent() -> logging.Logger:
    """A log that says nothing: what went wrong is in the manifest and told once."""
    log = logging.getLogger("retailkit.study.engine")
    log.propagate = False
    log.addHandler(logging.NullHandler())
    return log


def stop_kernels() -> None:
    """Kill the kernels this process has running."""
    _kill(_running)


def _kill(groups: set[int]) -> None:
    for group in list(groups):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


papermill_engines.register(ENGINE, ChapterEngine)
