"""Chapters run on the workers of a Dask scheduler as they run here; one whose worker dies fails, the others go on."""

import sys

import dask
import pytest
from distributed import LocalCluster
from studies import cohort, fingerprint, notebook, options

from retailkit import results
from retailkit.study.cluster import on_cluster
from retailkit.study.parameters import StudyError
from retailkit.study.run import plan_study, run_plan

WORK = """import os, signal
from retailkit import results
if seed == 9 and merchant == "b":
    os.kill(os.getppid(), signal.SIGKILL)  # the worker that started this kernel
assert merchant == "a", "no orders"
results.save(out_dir, merchant=merchant, chapter="1_first", as_of=as_of, metrics=[results.metric("seed", seed)])"""


@pytest.fixture(scope="module")
def scheduler():
    known = {"distributed.scheduler.allowed-failures": 0, "distributed.worker.daemon": False}
    with (
        dask.config.set(known),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as running,
    ):
        yield running.scheduler_address


def study(folder, **changes):
    asked = options(folder, **{"warm": False, "out_dir": "out", "notebooks": "notebooks", **changes})
    plan = plan_study(cohort(), asked, fingerprint)
    return {e.merchant: e for e in run_plan(plan, asked)}


def test_a_cluster_runs_units_from_the_run_s_own_folder_and_outlives_a_dead_worker(tmp_path, scheduler, monkeypatch):
    """Relative folders are the run's, whatever folder its workers were started in; nothing runs twice."""
    monkeypatch.chdir(tmp_path)
    notebook(tmp_path / "notebooks" / "1_first.ipynb", WORK)
    made = study(tmp_path, cluster=scheduler, seed=7)
    assert {m: e.status for m, e in made.items()} == {"a": "done", "b": "failed"}
    assert "no orders" in made["b"].error
    assert results.read_metrics("out")["value"].tolist() == [7.0]
    here = plan_study(cohort(), options(tmp_path, out_dir="out", notebooks="notebooks", seed=7), fingerprint)
    assert [unit.merchant for unit in here.stale] == ["b"]  # what the cluster finished is finished here
    lost = study(tmp_path, cluster=scheduler, seed=9)
    assert {m: e.status for m, e in lost.items()} == {"a": "done", "b": "failed"}
    assert "worker on the cluster died" in lost["b"].error


def test_what_cannot_run_chapters_is_refused_before_any_runs(monkeypatch):
    with (
        pytest.raises(StudyError, match=r"no Dask scheduler answers at tcp://127[.]0[.]0[.]1:1: start one"),
        on_cluster("tcp://127.0.0.1:1", answer=1),
    ):
        raise AssertionError
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError, match="--cluster needs the extra"), on_cluster("tcp://127.0.0.1:1"):
        raise AssertionError


def test_workers_of_several_threads_are_refused():
    """A chapter runs from its own folder, which all threads of a process share."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as running,
        pytest.raises(StudyError, match="has a worker of 2 threads: start `dask worker") as refused,
        on_cluster(running.scheduler_address),
    ):
        raise AssertionError
    assert "的调度器有一个2线程的工作进程：请启动" in refused.value.told("zh")
