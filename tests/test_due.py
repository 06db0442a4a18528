"""Claims about scheduled runs: the data decide the day, an unfinished day is not counted, changes are named."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from spoken import english

from retailkit.__main__ import cli
from retailkit.commands import due
from retailkit.results import metric, save
from retailkit.study import history
from retailkit.study.ledger import write_json
from retailkit.study.parameters import StudyError

PAGE = """title = "Two shops"
as_of = 2024-06-01
zone = "Europe/London"
currency = "GBP"
country = "GB"
baseline = { start = 2024-03-04, end = 2024-03-31 }
programme = { start = 2024-04-01, end = 2024-04-28 }
merchants = [{ id = "a" }, { id = "b" }, { id = "c" }]
[[sources]]
layout = "canonical_orders"
path = "orders_*.csv"
"""


def orders(folder: Path, name: str, merchant: str, first: str, last: str, per_day: int = 6, on_last: int | None = None):
    """A file of orders of one merchant, some per day."""
    rows = []
    days = pd.date_range(first, last)
    for day in days:
        n = on_last if on_last is not None and day == days[-1] else per_day
        for i in range(n):
            number = f"{merchant}{day:%m%d}{i}"
            rows.append((merchant, number, f"shop:{i}", f"{day:%F} 12:00:00", f"{day:%F}", 1000, 1000, "GBP"))
    names = ["merchant", "order_id", "account", "paid_at", "paid_on", "gross_amount", "net_amount", "currency"]
    pd.DataFrame(rows, columns=names).to_csv(folder / f"orders_{name}.csv", index=False)


def study(folder, run, **effects):
    """A finished run as the runner leaves it."""
    for merchant, value in effects.items():
        figures = [
            metric("effect", value, low=value - 0.1, high=value + 0.1, unit="fraction"),
            metric("answer", text="raised"),
        ]
        save(folder, merchant=merchant, chapter="5_growth", as_of="2024-05-01", metrics=figures)
    write_json(folder / "run.json", {"started": run, "ran": 1, "units": []})


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of two merchants: a ends on a whole day, b at noon of its newest; c has no orders."""
    from retailkit import load, read_cohort

    folder = tmp_path_factory.mktemp("due")
    (folder / "two.toml").write_text(PAGE)
    orders(folder, "a", "a", "2024-01-01", "2024-05-31")
    orders(folder, "b", "b", "2024-01-01", "2024-05-20", on_last=1)
    load.load_cohort(read_cohort(folder / "two.toml"), str(folder / "store"))
    return folder


def test_a_merchant_is_seen_from_the_day_after_its_last_complete_day(store):
    days = due.last_days(str(store / "store"), ("a", "b", "c"))
    assert days == {"a": "2024-06-01", "b": "2024-05-20"}


def test_dry_run_prints_days_and_reasons_and_runs_nothing(store):
    root = Path(__file__).parent.parent
    command = ["run", str(store / "two.toml"), "--due", "--dry-run", "--store", str(store / "store")]
    done = subprocess.run(
        [sys.executable, "-m", "retailkit", *command, "--out", str(store / "study")],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "last complete day 2024-05-19 (as of 2024-05-20), 1 merchants: b due" in done.stdout
    assert "last complete day 2024-05-31 (as of 2024-06-01), 1 merchants: a due" in done.stdout
    assert "never done" in done.stdout
    assert "c: no orders" in done.stdout
    assert not (store / "study" / "a").exists()


def test_a_second_scheduled_run_does_not_start(tmp_path):
    with due.only_due(tmp_path), pytest.raises(StudyError, match="nothing started"), due.only_due(tmp_path):
        pass


def test_due_and_as_of_contradict_each_other():
    done = CliRunner().invoke(cli, ["run", "complete_journey", "--due", "--as-of", "2018-01-01"])
    assert done.exit_code == 2
    assert "leave out --as-of" in done.output


def test_runs_are_kept_compared_and_thinned(tmp_path):
    for i, value in enumerate((0.10, 0.15, 0.60)):
        study(tmp_path, f"2024-06-0{i + 1}T06:00:00+00:00", a=value, b=0.2)
        assert history.keep_run(tmp_path, keep=2)
    assert history.runs(tmp_path) == ["2024-06-02T060000Z", "2024-06-03T060000Z"]
    old, new = (history.kept_metrics(tmp_path, run) for run in history.runs(tmp_path))
    table = history.changes(old, new)
    assert table[["merchant", "metric", "kind"]].to_numpy().tolist() == [["a", "effect", "beyond its interval"]]
    assert "a: effect +15.0% -> +60.0% (outside its old interval)" in history.changes_text(table)


def test_a_run_that_changed_nothing_is_not_kept_twice(tmp_path):
    study(tmp_path, "2024-06-01T06:00:00+00:00", a=0.1)
    assert history.keep_run(tmp_path)
    write_json(tmp_path / "run.json", {"started": "2024-06-02T06:00:00+00:00", "ran": 0, "units": []})
    assert history.keep_run(tmp_path) == ""
    assert "nothing changed" in due.since_before(str(tmp_path))


def test_history_is_no_merchant_and_an_unknown_run_is_named(tmp_path):
    from retailkit.results import read_metrics

    study(tmp_path, "2024-06-01T06:00:00+00:00", a=0.1)
    history.keep_run(tmp_path)
    assert set(read_metrics(tmp_path)["merchant"]) == {"a"}
    with pytest.raises(ValueError, match="no run '2023'"):
        history.kept_metrics(tmp_path, "2023")
    done = CliRunner().invoke(cli, ["history", str(tmp_path)])
    assert "2024-06-01T060000Z" in done.output


def test_history_of_a_chinese_study_is_chinese(tmp_path):
    for i, value in enumerate((0.10, 0.60)):
        started = f"2024-06-0{i + 1}T06:00:00+00:00"
        study(tmp_path, started, a=value, b=0.2)
        page = json.loads((tmp_path / "run.json").read_text())
        write_json(tmp_path / "run.json", {**page, "parameters": {"lang": "zh"}})
        assert history.keep_run(tmp_path)
    told = due.history_text(tmp_path)
    assert "a: 项目效应 +10.0% -> +60.0%（超出原区间）" in told
    assert "项目效应" in told
    assert english(told, {"a", "2024-06-01T060000Z", "2024-06-02T060000Z"}) == []
    every = due.history_text(tmp_path, "2024-06-01T060000Z").replace("effect", "")  # metrics keep their own names here
    assert english(every, {"5_growth"}) == []


def test_what_is_due_is_said_in_chinese_with_every_reason():
    line = due._due_line("2024-06-01", ["a"], ["a"], dict.fromkeys(due.WHY_ZH, 1), "zh")
    assert english(line) == []
    assert english(due._due_line("2024-06-01", ["a"], [], {}, "zh")) == []
