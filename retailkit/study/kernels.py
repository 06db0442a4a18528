"""Warm kernels: a notebook's kernel forked from a process that has imported and never computed.

A plain kernel spends seconds on imports for each chapter of each merchant. `warm_server`
starts one process for a batch; it imports the libraries, checks that it still has exactly
one thread (a fork copies only one, so a lock held by another would hang the child for
ever), and then forks a kernel per request. Where it cannot serve (no Linux, a second
thread, a library missing) the caller starts a plain kernel: same results, only slower.

The socket lies in a folder of mode 0700 and answers only the same user. The connection is
the kernel's lifeline: when the asking process goes, the kernel's process group is killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Never ipywidgets, tqdm.auto or matplotlib: at import they look for a running kernel.
PRELOAD = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "IPython.core.completer", "IPython.display",
    "numpy", "pandas", "pandas.io.formats.style", "pyarrow.parquet", "duckdb", "ibis", "ibis.backends.duckdb",
    "nbformat", "plotly.graph_objects", "plotly.io", "plotly.io._renderers",
    "scipy.sparse.csgraph", "scipy.optimize", "scipy.stats",
    "sklearn.cluster", "sklearn.linear_model", "sklearn.metrics", "pydantic", "retailkit",
)  # fmt: skip
QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Environment that keeps libraries from starting threads of their own at import."""
FIGURES = {"PLOTLY_RENDERER": "plotly_mimetype"}
"""plotly chooses its renderer at import; without this, figures vanish from warm kernels."""


@contextlib.contextmanager
def warm_server(enabled: bool = True) -> Iterator[str]:
    """Run a warm server for the length of a batch and give its address ("" where there is none)."""
    if not enabled or not sys.platform.startswith("linux"):
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="retailkit-warm-") as folder:
        address = str(Path(folder) / "socket")
        command = [sys.executable, "-m", "retailkit.study.kernels", address]
        env = {**os.environ, **QUIET, **FIGURES}
        server = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, start_new_session=True)
        try:
            yield address
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.terminate()  # heard only while it still imports; once it serves, the closed input ends it
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(5)
            server.kill()
            server.wait()


class ForkedKernel:
    """The asking side of one forked kernel, with the few methods of ``subprocess.Popen`` that are needed."""

    stdin = stdout = stderr = None

    def __init__(self, address: str, **request: Any) -> None:
        self.returncode: int | None = None
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._line.settimeout(60)
        for _ in range(600):  # the server binds its socket within milliseconds of its start
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                self._line.connect(address)
                break
            if not Path(address).parent.exists():
                raise ConnectionError("the warm server has gone")
            time.sleep(0.01)
        self._line.sendall(json.dumps(request).encode() + b"\n")
        answer = self._line.makefile().readline()
        if not answer:
            raise ConnectionError("the warm server does not serve")
        self.pid = int(answer)
        self._line.setblocking(False)

    def poll(self) -> int | None:
        """Exit status, None while it runs; minus the signal's number if a signal ended it."""
        if self.returncode is None:
            try:
                answer = self._line.recv(64)
                self.returncode = int(answer) if answer else -signal.SIGKILL
                self._line.close()
            except BlockingIOError:
                pass
        return self.returncode

    def wait(self) -> int | None:
        """Exit status of a kernel that has ended."""
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel's process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """Kill the kernel's process group."""
        self.send_signal(signal.SIGKILL)


def use_warm_kernels(address: str) -> None:
    """Let this process's kernels be forked by the server at ``address``."""
    from importlib.metadata import EntryPoint

    from jupyter_client.provisioning import KernelProvisionerFactory as Factory

    os.environ["RETAILKIT_WARM"] = address
    factory = Factory.instance()
    factory.provisioners["retailkit-warm"] = EntryPoint(
        "retailkit-warm", "retailkit.study.warm:Warm", Factory.GROUP_NAME
    )
    factory.default_provisioner_name = "retailkit-warm"


@contextlib.contextmanager
def without_iri_grammar() -> Iterator[None]:
    """Let jsonschema skip its IRI grammar, where it is installed: it takes seconds to build and checks nothing here."""
    absent = "rfc3987_syntax" not in sys.modules
    if absent:
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if absent:
            del sys.modules["rfc3987_syntax"]


def threads() -> int:
    """Number of threads of this process, as the operating system counts them."""
    return len(os.listdir("/proc/self/task"))


def serve(address: str) -> int:
    """Import, check, then fork kernels until the starter closes our standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o177)
    listener.bind(address)
    os.umask(0o022)
    listener.listen(64)
    with without_iri_grammar():
        for module in PRELOAD:
            importlib.import_module(module)
        _preload_package()
    if threads() != 1:
        listener.close()
        Path(address).unlink()
        return 3
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as ready:
        ready.register(listener, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        return _loop(ready, listener)


def _loop(ready: selectors.BaseSelector, listener: socket.socket) -> int:
    lines: dict[int, socket.socket] = {}
    while True:
        for key, _ in ready.select(0.02 if lines else None):
            if key.fileobj is sys.stdin:
                for pid in lines:
                    _kill(pid)
                return 0
            if key.fileobj is listener:
                line, _ = listener.accept()
                pid = _fork(line, [ready, listener, *lines.values()]) if _same_user(line) else 0
                if pid:
                    lines[pid] = line
                    ready.register(line, selectors.EVENT_READ, pid)
                else:
                    line.close()
            else:  # nothing is ever sent after the request: the asking process has gone
                ready.unregister(key.fileobj)
                _kill(key.data)
        while lines and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _report(ready, lines.pop(ended[0]), os.waitstatus_to_exitcode(ended[1]))


def _fork(line: socket.socket, others: list[Any]) -> int:
    """Fork a kernel for the request on the line; return its process id, 0 for a request cut short."""
    line.settimeout(5)
    try:
        request = json.loads(line.makefile().readline())
        pid = os.fork()
    except (OSError, ValueError):
        return 0
    if pid == 0:
        try:
            for other in (*others, line):
                other.close()
            _become_kernel(request)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)
    with contextlib.suppress(OSError):
        line.sendall(f"{pid}\n".encode())
    return pid


def _become_kernel(request: dict[str, Any]) -> None:
    """Turn the forked child into the kernel a plain start would have given."""
    import random

    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"], JPY_PARENT_PID=str(os.getppid()))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    tempfile.tempdir = None  # looked up anew, from the child's own TMPDIR
    random.seed()
    np.random.seed(None)  # noqa: NPY002 - every child would otherwise draw the same numbers
    gc.unfreeze()
    gc.set_threshold(10_000, 10, 10)  # a query is a tree of small objects: looking through them every 700 costs a tenth
    sys.argv = ["ipykernel_launcher", "-f", request["file"], *request["arguments"]]
    IPKernelApp.launch_instance(sys.argv[1:])
    os._exit(0)


def _preload_package() -> None:
    """Import retailkit's stages, which import only.

    Left out: what runs, shows or simulates. ``load`` imports its storage library where it reads: that starts a thread.
    """
    import retailkit

    root = Path(retailkit.__file__).parent
    for path in sorted(root.rglob("*.py")):
        parts = [p for p in path.relative_to(root.parent).with_suffix("").parts if p != "__init__"]
        if parts[1:2] not in ([], ["__main__"], ["study"], ["explore"], ["present"], ["simulate"]):
            with contextlib.suppress(ImportError):  # an extra that is not installed
                importlib.import_module(".".join(parts))


def _report(ready: selectors.BaseSelector, line: socket.socket, status: int) -> None:
    with contextlib.suppress(KeyError, ValueError):
        ready.unregister(line)
    with contextlib.suppress(OSError):
        line.sendall(f"{status}\n".encode())
    line.close()


def _same_user(line: socket.socket) -> bool:
    _, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return uid == os.getuid()


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            return kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    os._exit(serve(sys.argv[1]))  # nothing is left to tidy, and some libraries complain at a tidy end
