"""At the desk a notebook finds store and cohorts where the schedule finds them."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent


def ask(url: str, body: dict | None = None) -> object:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Authorization": "token desk", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_a_notebook_opened_in_jupyterlab_starts_at_the_root(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--ServerApp.root_dir={ROOT}", "--IdentityProvider.token=desk", "--ServerApp.ip=127.0.0.1"]
    command += ["--ServerApp.kernel_manager_class=retailkit.commands.desk.DeskKernels"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            base = f"http://127.0.0.1:{port}/api"
            for _ in range(120):
                try:
                    ask(f"{base}/status")
                    break
                except OSError:
                    time.sleep(0.5)
            wanted = {"path": "notebooks/0_tour.ipynb", "name": "0_tour.ipynb", "type": "notebook"}
            ask(f"{base}/sessions", {**wanted, "kernel": {"name": "python3"}})
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            assert str(ROOT) in {str(Path(f"/proc/{child}/cwd").resolve()) for child in children}
            assert str(ROOT / "notebooks") not in {str(Path(f"/proc/{child}/cwd").resolve()) for child in children}
        finally:
            server.terminate()
            server.wait(20)


def test_make_lab_opens_the_tour_with_these_kernels() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "/lab/tree/notebooks/0_tour.ipynb" in recipe
    assert "retailkit.commands.desk.DeskKernels" in recipe
