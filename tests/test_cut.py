"""Orders and visits whose parts lie in two files are told of: half an order would be a silent wrong number."""

from pathlib import Path

import pandas as pd
import pytest
from load_files import layout, load, stored

from retailkit.cohort import read_cohort
from retailkit.load import load_cohort, load_file

LINES = """
title = "lines of a till"
[[tables]]
table = "orders"
group = true
[tables.fields]
order_id = "order"
account = { from = "member", prefix = "crm" }
paid_at = { from = "time", agg = "min" }
gross_amount = { from = "paid", unit = "yuan", agg = "sum" }
net_amount = { from = "paid", unit = "yuan", agg = "sum" }
"""
HEADER = "order,member,time,paid\n"
FIRST = HEADER + "1,x,2024-01-01 10:00:00,10\n2,x,2024-01-01 11:00:00,20\n"
SECOND = HEADER + "2,x,2024-01-01 11:00:00,30\n3,x,2024-01-02 10:00:00,5\n"
TOLD = "merchant m: 1 order made of lines stands in several files with different paid amounts"


def warned(report: pd.DataFrame) -> str:
    return " ".join(report["warnings"])


def test_an_order_cut_between_two_loads_is_told(tmp_path: Path) -> None:
    assert warned(load(tmp_path, FIRST, LINES, "a.csv")) == ""
    assert TOLD in warned(load(tmp_path, SECOND, LINES, "b.csv"))
    assert stored(tmp_path).set_index("order_id")["gross_amount"].to_dict() == {"1": 1000, "2": 3000, "3": 500}


def test_an_order_cut_between_two_files_of_one_load_is_told_in_either_language(tmp_path: Path) -> None:
    for name, text in (("a", FIRST), ("b", SECOND)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    layout(tmp_path, LINES)
    (tmp_path / "c.toml").write_text(
        'title = "c"\nas_of = 2024-02-01\nzone = "Asia/Shanghai"\ncurrency = "CNY"\ncountry = "CN"\n'
        'merchants = [{ id = "m", title = "M" }]\n'
        '[[sources]]\nlayout = "own.toml"\npath = "[ab].csv"\nmerchant = "m"\n',
        encoding="utf-8",
    )
    cohort = read_cohort(tmp_path / "c.toml")
    assert TOLD in warned(load_cohort(cohort, tmp_path / "one"))
    assert "商户m：有1笔由明细行合并的订单" in warned(load_cohort(cohort, tmp_path / "two", lang="zh"))


@pytest.mark.parametrize("again", [FIRST, FIRST + "4,y,2024-01-03 10:00:00,7\n"])
def test_a_whole_order_that_is_exported_again_is_not_told(tmp_path: Path, again: str) -> None:
    load(tmp_path, FIRST, LINES, "a.csv")
    assert warned(load(tmp_path, again + "\n", LINES, "b.csv")) == ""


def test_amounts_of_a_corrected_layout_are_not_told(tmp_path: Path) -> None:
    load(tmp_path, FIRST, LINES, "a.csv")
    page = layout(tmp_path, LINES.replace('unit = "yuan"', 'unit = "fen"'))
    assert warned(load_file(tmp_path / "a.csv", page, "m", tmp_path / "store")) == ""
    assert stored(tmp_path)["gross_amount"].tolist() == [10, 20]


VISITS = """
title = "events of a site"
[[tables]]
table = "sessions"
group = true
[tables.fields]
session_id = "visit"
account = { from = "member", prefix = "site" }
started_at = { from = "time", agg = "min" }
pages = { from = "page", agg = "count" }
"""


def test_a_visit_over_midnight_is_told_where_files_end_there(tmp_path: Path) -> None:
    """The later file's half stands; a file that holds all of the visit again changes nothing."""
    head = "visit,member,time,page\n"
    evening, night = "v1,x,2024-01-01 23:58:00,home\n", "v1,x,2024-01-02 00:01:00,cart\n"
    assert warned(load(tmp_path, head + evening, VISITS, "a.csv")) == ""
    told = warned(load(tmp_path, head + night, VISITS, "b.csv"))
    assert "1 visit made of events stands in several files with different starts" in told
    whole = tmp_path / "whole"
    whole.mkdir()
    assert warned(load(whole, head + evening, VISITS, "a.csv")) == ""
    assert warned(load(whole, head + evening + night, VISITS, "b.csv")) == ""
    assert stored(whole, "sessions")["pages"].tolist() == [2]
