"""A study finishes what it can, says what it could not, and does nothing twice."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from studies import REPORT, WORK, cohort, fingerprint, notebook, options

from retailkit import results
from retailkit.study import chapter, ledger
from retailkit.study.kernels import warm_server
from retailkit.study.parameters import StudyError
from retailkit.study.run import plan_study, run_plan


@pytest.fixture
def folder(tmp_path):
    notebook(tmp_path / "notebooks" / "1_first.ipynb", WORK)
    notebook(tmp_path / "notebooks" / "cohort_report.ipynb", REPORT, parameters='out_dir = "x"')
    return tmp_path


@pytest.fixture(scope="module")
def server():
    """One server of warm kernels for what is said of pages and manifests, not of kernels."""
    with warm_server() as address:
        yield address


def study(folder, server="", **changes):
    """A run with plain kernels, or with those of a server."""
    asked = options(folder, warm=False, **changes)
    plan = plan_study(cohort(), asked, fingerprint)
    return plan, run_plan(plan, asked, address=server)


def status(entries):
    print(*(e.error for e in entries if e.error), sep="\n")  # shown where a claim fails
    return {(e.merchant, e.chapter): e.status for e in entries}


def test_every_merchant_gets_its_pages_metrics_and_manifest(folder, server):
    _, entries = study(folder, server, seed=7)
    out = folder / "out"
    assert status(entries) == {
        ("a", "1_first"): "done",
        ("b", "1_first"): "done",
        ("", "cohort_report"): "done",
    }
    for name in (
        "a/1_first.ipynb",
        "a/1_first.html",
        "b/1_first.html",
        "cohort_report.html",
        "index.html",
        "plotly.min.js",
    ):
        assert (out / name).exists(), name
    assert results.read_metrics(out)["value"].tolist() == [7.0, 7.0]
    entry = ledger.read_entry(out, "a", "1_first")
    assert entry.inputs["orders"] == "a"
    assert entry.parameters["merchant"] == "a"
    assert entry.seconds > 0
    assert "pandas" in entry.versions
    run = json.loads((out / "run.json").read_text())
    assert [u["status"] for u in run["units"]] == ["done"] * 3


def test_running_again_skips_what_is_finished_and_unchanged(folder, server):
    study(folder, server)
    assert plan_study(cohort(), options(folder), fingerprint).stale == ()
    before = (folder / "out" / "cohort_report.html").stat().st_mtime_ns
    _, entries = study(folder, server)
    assert len(entries) == 3
    assert (folder / "out" / "cohort_report.html").stat().st_mtime_ns == before
    (folder / "out" / "a" / "1_first.html").write_text("someone's edit")
    (folder / "out" / "b" / "1_first" / "metrics.parquet").unlink()
    assert [u.merchant for u in plan_study(cohort(), options(folder), fingerprint).stale] == ["a", "b"]
    assert len(plan_study(cohort(), options(folder, force=True), fingerprint).stale) == 2


def test_a_chapter_that_raises_is_saved_with_its_error_on_top_and_the_rest_goes_on(folder, server):
    notebook(
        folder / "notebooks" / "2_second.ipynb",
        'print("before")',
        'assert merchant == "b", "本店 no orders"',
        'print("after")',
    )
    _, entries = study(folder, server)
    out = folder / "out"
    assert status(entries) == {
        ("a", "1_first"): "done",
        ("a", "2_second"): "failed",
        ("b", "1_first"): "done",
        ("b", "2_second"): "done",
        ("", "cohort_report"): "done",
    }
    failed = next(e for e in entries if e.status == "failed")
    assert failed.error == "AssertionError in cell 4: 本店 no orders"
    page = json.loads((out / "a" / "2_second.failed.ipynb").read_text())
    assert "本店 no orders" in "".join(page["cells"][0]["source"])
    assert "before" in json.dumps(page["cells"][4])
    assert not page["cells"][-1]["outputs"]
    assert not (out / "a" / "2_second.html").exists()
    assert 'href="a/2_second.failed.html"' in (out / "index.html").read_text()


def test_the_last_good_pages_stay_when_a_later_run_fails(folder, server):
    study(folder, server)
    notebook(folder / "notebooks" / "1_first.ipynb", "raise ValueError('later')")
    _, entries = study(folder, server, merchants=("a",))
    assert entries[0].status == "failed"
    out = folder / "out"
    assert (out / "a" / "1_first.html").exists()
    assert "earlier result" in (out / "index.html").read_text()
    notebook(folder / "notebooks" / "1_first.ipynb", WORK)
    study(folder, server, merchants=("a",))
    assert not (out / "a" / "1_first.failed.html").exists()


def test_a_killed_kernel_fails_its_chapter_only(folder):
    notebook(folder / "notebooks" / "2_dies.ipynb", "import os, signal", "os.kill(os.getpid(), signal.SIGKILL)")
    _, entries = study(folder, merchants=("a",))
    assert status(entries)["a", "1_first"] == "done"
    dead = next(e for e in entries if e.chapter == "2_dies")
    assert dead.status == "failed"
    assert dead.error.startswith("the notebook's kernel died in cell 4 (signal SIGKILL): out of memory?")
    assert dead.kernel == "-9"
    assert (folder / "out" / "a" / "2_dies.failed.ipynb").exists()


def test_an_engine_without_enough_memory_says_which_setting_to_raise(folder, monkeypatch):
    monkeypatch.setenv("RETAILKIT_MEMORY", "60MB")
    sort = "rk_engine().execute('SELECT len(array_agg(i)) FROM range(50000000) t(i)')"
    notebook(folder / "notebooks" / "1_first.ipynb", "from retailkit.load.engine import connect_raw as rk_engine", sort)
    _, entries = study(folder, merchants=("a",))
    failed = next(e for e in entries if e.chapter == "1_first")
    assert failed.error == (
        "the engine needs more than the 60MB it may use in cell 4: raise RETAILKIT_MEMORY, or try --workers 1"
    )


@pytest.mark.parametrize(("starts_that_fail", "ends"), [(1, "done"), (2, "failed")])
def test_a_kernel_that_dies_at_its_start_is_started_once_more(folder, monkeypatch, starts_that_fail, ends):
    dying = f"""
import os, pathlib, sys
if "ipykernel_launcher" in sys.orig_argv:
    died = pathlib.Path({str(folder)!r}, "died")
    died.write_text(died.read_text() + "x" if died.exists() else "x")
    if len(died.read_text()) <= {starts_that_fail}:
        os._exit(5)
"""
    (folder / "sitecustomize.py").write_text(dying)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    plan = plan_study(cohort("a"), options(folder), fingerprint)
    entry = chapter.run_unit(plan.stale[0], chapter.Settings(str(folder / "out"), context=plan.context))
    assert entry.status == ends, entry.error
    assert "died" in entry.error or ends == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such sockets")
@pytest.mark.parametrize("warm", [False, True])
def test_kernels_take_no_port_that_another_could_take_first(request, folder, warm):
    ask = "import ipykernel\ntransport = ipykernel.get_connection_info(unpack=True)['transport']"
    notebook(folder / "notebooks" / "1_first.ipynb", ask, "assert transport == 'ipc', transport")
    _, entries = study(folder, request.getfixturevalue("server") if warm else "", merchants=("a",))
    assert entries[0].status == "done", entries[0].error


def test_a_chapter_that_takes_too_long_is_stopped(folder):
    notebook(folder / "notebooks" / "2_slow.ipynb", "import time; time.sleep(60)")
    clock = time.perf_counter()
    _, entries = study(folder, merchants=("a",), chapters=("2",), timeout=3.0)
    assert next(e for e in entries if e.chapter == "2_slow").error.startswith(
        "stopped after 3 s in cell 3: raise --timeout"
    )
    assert time.perf_counter() - clock < 40


def test_a_killed_worker_takes_no_other_unit_with_it(folder):
    killer = "import os, psutil, signal\nif merchant == 'a': os.kill(psutil.Process().ppid(), signal.SIGKILL)"
    notebook(folder / "notebooks" / "2_killer.ipynb", killer)
    _, entries = study(folder)
    got = status(entries)
    assert got.pop(("a", "2_killer")) == "failed"
    assert set(got.values()) == {"done"}
    assert "worker process was killed twice" in next(e for e in entries if e.status == "failed").error


def test_a_full_disk_fails_the_unit_and_keeps_what_was_there(folder, monkeypatch, server):
    study(folder, server)
    out = folder / "out"
    before = (out / "a" / "1_first.html").read_bytes()

    def full(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(chapter, "write_text", full)
    asked = options(folder, force=True)
    plan = plan_study(cohort(), asked, fingerprint)
    settings = chapter.Settings(asked.out_dir, context=plan.context)
    entry = chapter.run_unit(plan.stale[0], settings)
    assert entry.status == "failed"
    assert "cannot write to" in entry.error
    assert "No space left on device" in entry.error
    assert "MB free): make room and run again" in entry.error
    assert (out / "a" / "1_first.html").read_bytes() == before
    assert not list(out.rglob(".1_first.*"))


def test_a_write_that_fails_half_way_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "page.html"
    ledger.write_text(target, "old")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        ledger.write_text(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_two_runs_do_not_write_to_one_folder(folder):
    with ledger.only_run(folder / "out"), pytest.raises(StudyError, match=f"process {os.getpid()}.* is writing to"):
        study(folder)
    with ledger.only_run(folder / "out"):
        pass


def test_a_manifest_of_another_version_is_no_manifest(folder, server):
    study(folder, server)
    path = ledger.page_path(folder / "out", "a", "1_first", "manifest.json")
    path.write_text('{"nonsense": 1}')
    assert ledger.read_entry(folder / "out", "a", "1_first") is None
    assert [u.merchant for u in plan_study(cohort(), options(folder), fingerprint).stale] == ["a"]


def test_stopping_a_run_leaves_no_process_behind(folder):
    tell = "import os, pathlib, time\npathlib.Path(out_dir, 'pid-' + merchant).write_text(str(os.getpid()))"
    notebook(folder / "notebooks" / "1_first.ipynb", tell, "time.sleep(99)")
    script = folder / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        import signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from studies import cohort, fingerprint, options
        from retailkit.study.run import plan_study, run_plan
        if __name__ == "__main__":
            # as in a terminal: what a shell starts in the background ignores interrupts, and so would these tests
            signal.signal(signal.SIGINT, signal.default_int_handler)
            asked = options(Path({str(folder)!r}))
            run_plan(plan_study(cohort(), asked, fingerprint), asked)
        """)
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    run = subprocess.Popen([sys.executable, str(script)], env=env, stderr=subprocess.PIPE, start_new_session=True)
    pids = [folder / "out" / f"pid-{m}" for m in "ab"]
    deadline = time.time() + 240
    while not all(p.exists() and p.read_text() for p in pids) and time.time() < deadline:
        assert run.poll() is None, run.communicate()[1]
        time.sleep(0.1)
    kernels = [int(p.read_text()) for p in pids]
    os.killpg(run.pid, signal.SIGINT)
    try:
        run.communicate(timeout=15)
    except (
        subprocess.TimeoutExpired
    ):  # Python drops an interrupt that meets it within a callback: who waits presses again
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=15)
    assert run.returncode != 0
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in kernels):
            break
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in kernels), "kernels outlive their run"


def test_what_a_widget_shows_stands_on_the_page_and_its_answer_holds_up_no_chapter(folder, server):
    """An explorer left in a chapter: the runner never writes to the socket on which it waits for the cell's end."""
    shown = "import ipywidgets\nout = ipywidgets.Output()\nfor i in range(20):\n    with out: print('seen', i)"
    notebook(folder / "notebooks" / "1_first.ipynb", WORK, shown)
    _, entries = study(folder, server, merchants=("a",))
    assert status(entries)["a", "1_first"] == "done"
    assert "seen 19" in (folder / "out" / "a" / "1_first.html").read_text(encoding="utf-8")
