"""A warm kernel is a plain kernel that starts sooner: the same outputs, the same end."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from studies import cohort, fingerprint, notebook, options

from retailkit.study import kernels
from retailkit.study.run import plan_study, run_plan

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="warm kernels are for Linux")

CELLS = (
    "import pandas as pd, numpy as np, plotly.express as px\npd.DataFrame({'a': [1, 2], '店': ['x', None]})",
    "px.bar(x=['a', 'b'], y=[1, 2])",
    "from retailkit import results\nresults.say('One.', 'Two.')",
    "print('stdout'); import sys; print('stderr', file=sys.stderr)",
    "np.random.default_rng(seed).normal(size=3)",
    "from sklearn.cluster import KMeans\nKMeans(2, random_state=seed).fit(np.arange(20).reshape(-1, 2)).inertia_",
    "import ibis\nt = ibis.memtable(pd.DataFrame({'x': [3, 4]}))\nt.mutate(y=t.x + 1).execute()",
    "import duckdb\nduckdb.sql('select sum(range) from range(1000000)').fetchall()",
    "import os\nos.system('echo from a child process')",
    "get_ipython().__class__.__name__, __name__, os.getcwd(), sys.argv[0].endswith('py') or 'ipykernel' in sys.argv[0]",
    "px.line(x=[1, 2], y=[1, 2]).show()",
    "1 / 0",
)


def run(folder, warm):
    asked = options(folder, out_dir=str(folder / ("warm" if warm else "plain")), warm=warm, workers=1)
    asked = options(folder, out_dir=asked.out_dir, warm=warm, workers=1)
    return run_plan(plan_study(cohort("a", "b"), asked, fingerprint), asked), Path(asked.out_dir)


def outputs(path, out_dir):
    """Outputs of every cell, without what differs between any two runs."""
    found = []
    for cell in json.loads(path.read_text())["cells"]:
        for output in cell.get("outputs", []):
            output.pop("metadata", None)
            if output.get("traceback"):
                output["traceback"] = "..."
        text = json.dumps([cell["source"], cell.get("outputs")], ensure_ascii=False).replace(str(out_dir), "OUT")
        found.append(text)
    return found


def test_outputs_are_those_of_plain_kernels_cell_by_cell(tmp_path):
    notebook(tmp_path / "notebooks" / "1_all.ipynb", *CELLS)
    for warm in (True, False):
        run(tmp_path, warm)
    warm = outputs(tmp_path / "warm" / "a" / "1_all.failed.ipynb", tmp_path / "warm")
    plain = outputs(tmp_path / "plain" / "a" / "1_all.failed.ipynb", tmp_path / "plain")
    assert warm == plain
    assert "application/vnd.plotly.v1+json" in warm[5]
    assert "ZeroDivisionError" in warm[-1]
    assert sum("vnd.plotly" in cell for cell in warm) == 2


def test_kernels_are_really_warm_and_draw_their_own_numbers(tmp_path):
    look = (
        "import sys, os, json, threading\nwarm = 'ibis' in sys.modules and 'sklearn.cluster' in sys.modules\n"
        "loaded = sorted({'ipywidgets', 'tqdm.auto', 'matplotlib', 'papermill', 'deltalake'} & set(sys.modules))\n"
        "import random, numpy as np, pathlib\n"
        "draws = [random.random(), np.random.rand()]\n"
        "pathlib.Path(out_dir, merchant + '.json').write_text(json.dumps([warm, loaded, draws, os.environ['TMPDIR']]))"
    )
    notebook(tmp_path / "notebooks" / "1_look.ipynb", look)
    _, out = run(tmp_path, warm=True)
    first, second = (json.loads((out / f"{m}.json").read_text()) for m in "ab")
    assert first[0], "the library imports were not inherited: the server fell back to plain kernels"
    assert first[1] == [], "loaded before the fork, although it looks for a kernel or starts threads at import"
    assert first[2][0] != second[2][0]
    assert first[2][1] != second[2][1]
    assert first[3] != second[3]
    assert not Path(first[3]).exists(), "a kernel's scratch folder goes with it"


def test_a_server_that_is_not_there_means_plain_kernels(tmp_path, monkeypatch):
    notebook(tmp_path / "notebooks" / "1_x.ipynb", "import sys; assert 'ibis' not in sys.modules")
    monkeypatch.setattr(kernels, "PRELOAD", ())
    monkeypatch.setattr(kernels.sys, "platform", "darwin")
    entries, _ = run(tmp_path, warm=True)
    assert {e.status for e in entries} == {"done"}


def test_a_second_thread_makes_the_server_refuse(tmp_path):
    script = textwrap.dedent(
        f"""
        import sys, threading, time
        from retailkit.study import kernels
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        kernels.PRELOAD = ()
        sys.exit(kernels.serve({str(tmp_path / "socket")!r}))
        """
    )
    done = subprocess.run([sys.executable, "-c", script], stdin=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 3
    assert not (tmp_path / "socket").exists()


def test_kernels_go_when_the_server_or_the_asking_side_goes(tmp_path):
    with kernels.warm_server() as address:
        connection = tmp_path / "connection.json"
        from jupyter_client.connect import write_connection_file

        write_connection_file(str(connection))
        request = {"file": str(connection), "arguments": [], "cwd": str(tmp_path), "env": dict(os.environ)}
        asked = [kernels.ForkedKernel(address, **request, log=os.devnull) for _ in range(3)]
        assert all(k.poll() is None for k in asked)
        asked[0].send_signal(signal.SIGTERM)
        os.kill(asked[1].pid, signal.SIGKILL)
        asked[2]._line.close()
        assert _gone(asked[1].pid)
        assert _gone(asked[2].pid)
        assert asked[1].poll() == -signal.SIGKILL
        left = kernels.ForkedKernel(address, **request, log=os.devnull)
    assert _gone(left.pid)


def _gone(pid):
    deadline = time.time() + 60
    while Path(f"/proc/{pid}").exists() and time.time() < deadline:
        time.sleep(0.05)
    return not Path(f"/proc/{pid}").exists()
