"""The command line says what it can do, and says in one message what it cannot."""

import os
import re
import signal
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner
from studies import WORK, notebook

from retailkit import results
from retailkit.__main__ import cli
from retailkit.commands.dictionary import dictionary_text, layouts_text
from retailkit.commands.show import report_text, text_table
from retailkit.schema import TABLES

ROOT = Path(__file__).parent.parent
COHORT = """title = "Tiny"
as_of = 2018-01-01
zone = "Europe/London"
currency = "GBP"
country = "GB"
merchants = [{ id = "a" }, { id = "b" }]
donors = [{ id = "d" }]
"""


def call(*arguments):
    done = CliRunner().invoke(cli, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project folder with one cohort, one chapter, and a study of it."""
    (tmp_path / "data" / "cohorts").mkdir(parents=True)
    (tmp_path / "data" / "cohorts" / "tiny.toml").write_text(COHORT)
    notebook(tmp_path / "notebooks" / "1_first.ipynb", WORK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(group=cli, path=()):
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help_with_examples(path):
    code, text = call(*path, "--help")
    assert code == 0
    assert "Examples:\n    retailkit " in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "tinny"], "no cohort 'tinny' in data/cohorts (did you mean 'tiny'?)"),
        (["run", "tiny", "--merchants", "c"], "cohort 'tiny' has no merchant 'c'; it has a, b"),
        (["run", "tiny", "--merchants", "d"], "'d' is a donor"),
        (["run", "tiny", "--chapters", "7"], "no chapter '7'; there are 1_first"),
        (["run", "tiny", "-p", "sed=2"], "no chapter that would run declares 'sed'"),
        (["run", "tiny", "-p", "seed=2"], "'seed' is set by --seed"),
        (["run", "tiny", "-p", "seed"], "expected NAME=VALUE"),
        (["run", "tiny", "--as-of", "yesterday"], "expected a day such as 2018-01-01"),
        (["run", "tiny", "--workers", "0"], "0 is not in the range"),
        (["show", "tiny"], "no study 'tiny'"),
        (["load", "data/cohorts/none.toml"], "no cohort file at data/cohorts/none.toml"),
    ],
)
def test_asked_wrongly_is_one_message_and_exit_code_2(here, arguments, words):
    code, text = call(*arguments)
    assert code == 2
    assert words in text.replace("\n", " ")
    assert "Traceback" not in text
    assert not (here / "studies").exists(), "nothing may run"


def test_a_broken_notebook_is_named_before_anything_runs(here):
    (here / "notebooks" / "2_broken.ipynb").write_text("{")
    code, text = call("run", "tiny")
    assert code == 2
    assert "2_broken.ipynb is not a notebook that can be read" in text


def test_a_dry_run_shows_the_plan_and_leaves_nothing(here):
    code, text = call("run", "tiny", "--dry-run", "--merchants", "b")
    assert code == 0
    assert "b         run" in text
    assert "1 of 1 chapters would run" in text
    assert not (here / "studies").exists()
    assert not (here / "store").exists()


def test_list_names_cohorts_and_says_which_cannot_be_read(here):
    (here / "data" / "cohorts" / "broken.toml").write_text("title = ")
    code, text = call("list")
    assert code == 0
    assert "tiny    2          2018-01-01  not run" in text
    assert "cannot be read" in text


def test_show_prints_status_errors_and_headlines(here):
    from retailkit.study.ledger import Entry, write_entry, write_run

    out = here / "studies" / "tiny"
    done = [Entry("a", "5_growth", "done", "k"), Entry("b", "5_growth", "failed", "k", error="ValueError: no orders")]
    metrics = [
        results.metric("growth", 0.42, unit="fraction", low=0.3, high=0.5, level=0.9),
        results.metric("gmv_programme", 1_234_567, unit="GBP"),
        results.metric("effect", unit="fraction"),
        results.metric("verdict", text="cannot tell"),
        results.metric("verdict_zh", text="无法判断"),
    ]
    results.save(out, merchant="a", chapter="5_growth", as_of="2018-01-01", metrics=metrics)
    for entry in done:
        write_entry(out, entry)
    write_run(out, {"title": "Tiny", "parameters": {"as_of": "2018-01-01"}}, done)
    code, text = call("show", "tiny")
    assert code == 0
    assert "FAILED b 5_growth: ValueError: no orders" in text
    assert "+42.0% [+30.0%, +50.0%]" in text
    assert "growth [90% interval]" in text
    assert "1,234,567 GBP" in text
    assert text.strip().endswith("studies/tiny/index.html")
    assert (
        "no metric kilos; there are growth, gmv_programme, effect, verdict, verdict_zh"
        in call("show", "tiny", "--metric", "kilos")[1]
    )
    assert "a: cannot tell" in text
    assert "无法判断" not in text
    write_run(out, {"title": "Tiny", "parameters": {"as_of": "2018-01-01", "lang": "zh"}}, done)
    chinese = call("show", "tiny")[1]
    assert "a: 无法判断" in chinese
    assert "失败 b 5_growth: ValueError: no orders" in chinese
    assert "截至 2018-01-01" in chinese
    assert not {"merchant", "growth", "interval", "cannot", "done"} & set(
        re.findall("[a-z]+", chinese.replace("5_growth", ""))
    )


def test_a_full_disk_is_one_message(here, monkeypatch):
    from retailkit.commands import study

    def full(*args, **more):
        raise OSError(28, "No space left on device", "store")

    monkeypatch.setattr(study, "load_and_link", full)
    code, text = call("run", "tiny")
    assert code == 1
    assert "error: No space left on device: store" in text


def test_an_unforeseen_error_is_one_message_that_says_how_to_see_more(here, monkeypatch):
    from retailkit.commands import study

    monkeypatch.setattr(study, "load_and_link", lambda *a: 1 / 0)
    code, text = call("run", "tiny")
    assert code == 1
    assert "ZeroDivisionError: division by zero (RETAILKIT_DEBUG=1 shows where" in text


def test_the_data_dictionary_is_written_and_checked(here):
    assert call("dictionary", "--check")[0] == 1
    assert call("dictionary")[0] == 0
    assert call("dictionary", "--check")[0] == 0


def test_the_committed_data_dictionary_is_true():
    path = ROOT / "data" / "README.md"
    assert path.read_text(encoding="utf-8") == dictionary_text(), "run: retailkit dictionary"


def test_the_committed_table_of_layouts_is_true():
    path = Path(__file__).parent.parent / "docs" / "layouts.md"
    assert path.read_text(encoding="utf-8") == layouts_text(), "run: retailkit dictionary"


def test_the_data_dictionary_names_every_column():
    text = dictionary_text()
    for table in TABLES.values():
        assert f"### `{table.name}`" in text
        assert all(f"| `{column}` |" in text for column in table.names)


def test_a_load_report_shows_rows_and_warnings():
    row = {"file": "订单.csv", "layout": "x", "status": "loaded", "rows_read": 12345, "rows_kept": 12000}
    row |= {"rows_duplicate": 0, "rows_quarantined": 345, "rows_skipped": 0, "tables": "orders", "warnings": "late"}
    text = report_text(pd.DataFrame([row]))
    assert "订单.csv  loaded  12,345" in text
    assert text.endswith("订单.csv: late")


def test_a_study_with_an_export_that_cannot_be_read_is_not_all_done(here):
    rows = "merchant,order_id,account,paid_at,gross_amount,net_amount\na,{},crm:1,2017-12-01 10:00:00,{},{}\n"
    (here / "good.csv").write_text(rows.format("1", 500, 500))
    (here / "bad.csv").write_text(rows.format("2", "much", "more"))
    sources = ['\n[[sources]]\nlayout = "canonical_orders"\npath = "../../good.csv"\n']
    (here / "data" / "cohorts" / "tiny.toml").write_text(COHORT + sources[0])
    code, text = call("run", "tiny", "--plain-kernels")
    assert code == 0, text
    (here / "data" / "cohorts" / "tiny.toml").write_text(COHORT + sources[0] + sources[0].replace("good", "bad"))
    code, text = call("run", "tiny", "--plain-kernels")
    assert "1 file failed" in text
    assert "0 failed" in text, "no chapter failed"
    assert code == 1


def test_columns_line_up_with_chinese():
    lines = text_table(("a", "b"), [("中文", "x"), ("abcd", "y")]).splitlines()
    assert lines[1].index("x") == 4
    assert lines[2].index("y") == 6


def test_a_plan_is_recorded_once_beside_the_cohort_file(here):
    code, said = call("plan", "tiny", "--on", "2017-12-01")
    assert code == 0, said
    assert "follows the plan recorded on 2017-12-01" in said
    assert (here / "data" / "cohorts" / "tiny.plan.json").is_file()
    code, said = call("plan", "tiny", "--on", "2017-12-02")
    assert code == 1
    assert "recorded once" in said


def test_one_unreadable_export_does_not_stop_the_sniffing_of_the_others(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "b.csv").write_text("order_id,paid_at,gross_amount,net_amount\n1,2018-03-01,5,5\n")
    code, said = call("sniff", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert code == 1
    assert "the file is empty" in said
    assert "canonical table 'orders'" in said


def test_a_load_says_which_cells_could_not_be_read_and_where_the_first_stands(tmp_path):
    rows = "1,2018-03-01,5,5\n2,last Tuesday,5,5\n3,2018-03-02,5,5\n4,next week,5,5\n"
    (tmp_path / "b.csv").write_text("order_id,paid_at,gross_amount,net_amount\n" + rows)
    asked = ("load", str(tmp_path / "b.csv"), "--layout", "canonical_orders", "--merchant", "m")
    code, said = call(*asked, "--store", str(tmp_path / "store"))
    assert code == 0
    assert "b.csv, row 2 and 1 more: paid_at: no readable time" in said
    assert "('last Tuesday')" in said
    assert "could not be read" not in call(*asked, "--store", str(tmp_path / "store"))[1]


def test_the_example_of_the_readme_keeps_a_newcomers_exports_where_cleaning_and_git_leave_them():
    path = re.search(r'^\s*path = "\.\./\.\./(\w+)/', (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert path is not None
    cleaned = re.search(r"^clean:.*\n\trm -rf (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert cleaned is not None
    assert path[1] not in cleaned[1].split()
    assert f"/{path[1]}/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


def test_a_scheduler_that_stops_a_run_is_told_so_and_how_to_go_on(here, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("retailkit.commands.study.run_study", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    code, text = call("run", "tiny")
    assert code == 128 + signal.SIGTERM
    assert "run the same command again to go on" in text
    assert signal.getsignal(signal.SIGTERM) == before
