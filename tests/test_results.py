"""What a chapter saved is what the report reads, whatever went wrong in between."""

import ast
import json
import math
from pathlib import Path

import ibis
import pandas as pd
import plotly.graph_objects as go
import pytest

from retailkit import results as rs

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def _save(folder, merchant="367", value=2.0, **more):
    return rs.save(
        folder,
        merchant=merchant,
        chapter="5_growth",
        as_of="2018-01-01",
        metrics=[rs.metric("growth", value, unit="ratio", low=1, high=3), rs.metric("verdict", text="翻番 yes")],
        **more,
    )


def test_metrics_come_back_in_documented_columns(tmp_path):
    _save(tmp_path)
    _save(tmp_path, merchant="406", value=None)
    rows = rs.read_metrics(tmp_path)
    assert tuple(rows.columns) == rs.METRIC_COLUMNS
    assert rows["merchant"].tolist() == ["367", "367", "406", "406"]
    assert rows["value"].dtype == "float64"
    assert rows.loc[0, "value"] == 2.0
    assert rows.loc[1, "text"] == "翻番 yes"
    assert math.isnan(rows.loc[2, "value"])


def test_metrics_of_another_day_can_be_left_out(tmp_path):
    _save(tmp_path)
    assert len(rs.read_metrics(tmp_path, as_of="2018-01-01")) == 2
    assert rs.read_metrics(tmp_path, as_of="2018-02-01").empty


def test_nothing_saved_is_an_empty_table_with_its_columns(tmp_path):
    assert tuple(rs.read_metrics(tmp_path / "none").columns) == rs.METRIC_COLUMNS
    assert rs.read_metrics(tmp_path / "none").empty
    assert rs.read_table(tmp_path / "none", None, "5_growth", "bridge").empty
    assert rs.read_figures(tmp_path / "none", "367", "5_growth") == {}


def test_tables_and_figures_come_back(tmp_path):
    table = pd.DataFrame({"step": ["a", "b"], "amount": [1, 2]}).set_index("step")
    figure = go.Figure(go.Bar(x=["a"], y=[1]), layout_title_text="支付金额")
    _save(tmp_path, tables={"bridge": table}, figures={"bridge": figure})
    pd.testing.assert_frame_equal(rs.read_table(tmp_path, "367", "5_growth", "bridge"), table.reset_index())
    assert rs.read_figures(tmp_path, "367", "5_growth")["bridge"].layout.title.text == "支付金额"
    assert rs.saved(tmp_path)["kind"].tolist() == ["metrics", "table", "figure"]


def test_a_table_of_the_engine_comes_back_as_its_frame_would(tmp_path):
    rows = ibis.memtable(pd.DataFrame({"order": range(150_000)}))
    day = (rows.order % 28 + 1).cast("string").lpad(2, "0")
    known = rows.order % 3 > 0
    rows = rows.mutate(
        on=("2018-02-" + day).cast("date"), guide=known.ifelse("张" + day, None), length=known.ifelse(rows.order, None)
    )
    _save(tmp_path, tables={"credit": rows})
    found = rs.read_table(tmp_path, "367", "5_growth", "credit").sort_values("order", ignore_index=True)
    frame = rows.order_by("order").to_pandas().astype({"on": found["on"].dtype})
    pd.testing.assert_frame_equal(found, frame)
    assert found["on"].dtype.kind == "M"


def test_table_over_all_merchants_names_the_merchant_first(tmp_path):
    for merchant in ("367", "406"):
        _save(tmp_path, merchant=merchant, tables={"bridge": pd.DataFrame({"amount": [1]})})
    rows = rs.read_table(tmp_path, None, "5_growth", "bridge")
    assert rows.columns.tolist() == ["merchant", "amount"]
    assert rows["merchant"].tolist() == ["367", "406"]


def test_a_refused_merchant_s_empty_table_leaves_the_others_numbers_numbers(tmp_path):
    _save(tmp_path, merchant="361", tables={"bridge": pd.DataFrame(columns=["merchant", "amount"])})
    assert rs.read_table(tmp_path, None, "5_growth", "bridge").columns.tolist() == ["merchant", "amount"]
    _save(tmp_path, merchant="367", tables={"bridge": pd.DataFrame({"merchant": ["367"], "amount": [1.5]})})
    rows = rs.read_table(tmp_path, None, "5_growth", "bridge")
    assert rows["amount"].dtype == "float64"
    assert rows["amount"].tolist() == [1.5]


def test_missing_table_says_what_there_is(tmp_path):
    _save(tmp_path, tables={"bridge": pd.DataFrame({"a": [1]})})
    with pytest.raises(FileNotFoundError, match=r"saved no tree .*it saved bridge"):
        rs.read_table(tmp_path, "367", "5_growth", "tree")


def test_saving_again_replaces_the_chapter_whole(tmp_path):
    _save(tmp_path, tables={"old": pd.DataFrame({"a": [1]})})
    _save(tmp_path, value=5, tables={"new": pd.DataFrame({"a": [1]})})
    assert rs.saved(tmp_path).query("kind == 'table'")["name"].tolist() == ["new"]
    assert rs.read_metrics(tmp_path).loc[0, "value"] == 5


def test_a_failing_save_keeps_the_results_before_it(tmp_path):
    class Broken:
        def to_json(self):
            raise OSError(28, "No space left on device")

    _save(tmp_path, tables={"bridge": pd.DataFrame({"a": [1]})})
    with pytest.raises(OSError, match="No space left"):
        _save(tmp_path, value=9, figures={"x": Broken()})
    assert rs.read_metrics(tmp_path).loc[0, "value"] == 2.0
    assert [p.name for p in (tmp_path / "367").iterdir()] == ["5_growth"], "no scratch folder is left behind"


def test_a_swap_that_stops_half_way_puts_the_old_results_back(tmp_path, monkeypatch):
    _save(tmp_path)
    real = rs.os.rename
    calls = []

    def rename(a, b):
        calls.append(a)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(a, b)

    monkeypatch.setattr(rs.os, "rename", rename)
    with pytest.raises(OSError, match="No space left"):
        _save(tmp_path, value=9)
    assert rs.read_metrics(tmp_path).loc[0, "value"] == 2.0


@pytest.mark.parametrize("merchant", ["店铺 7/8", "..", "a%2Fb", "x.y"])
def test_any_merchant_id_is_a_safe_folder_and_comes_back(tmp_path, merchant):
    out = tmp_path / "study"
    home = _save(out, merchant=merchant)
    assert home.resolve().is_relative_to(out.resolve())
    assert home.parent.parent == out
    assert rs.saved(out)["merchant"].unique().tolist() == [merchant]


def test_a_metric_named_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="names a metric twice: gmv"):
        rs.save(tmp_path, merchant="1", chapter="c", as_of="2018-01-01", metrics=[rs.metric("gmv", 1)] * 2)


def test_an_interval_upside_down_is_refused():
    with pytest.raises(ValueError, match=r"low 3.0 is above high 1.0"):
        rs.metric("gmv", 2, low=3, high=1)


def test_sentences_are_shown_as_paragraphs():
    assert rs.say("One.", None, "", "Two.").data == "One.\n\nTwo."
    assert rs.say("", None) is None, "an empty paragraph would leave a mark on the page"


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_chapter_says_is_shown(notebook):
    """A page shows a cell's last value alone: a sentence that is not the last expression would be lost."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "rk.say(" in source:
            body = ast.parse(source).body
            said = [ast.unparse(line).startswith("rk.say(") for line in body]
            assert said == [False] * (len(body) - 1) + [True], source
