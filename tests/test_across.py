"""What published tables say against each other: a refund that two exports tell is warned of and taken off once at most."""

import pandas as pd
import pytest
from load_files import HEADER, layout, load

from retailkit.load import load_file, open_store, refunds_retold, retold_sentence

BACK = """
title = "refunds"
format = "csv"
[[tables]]
table = "refunds"
[tables.fields]
refund_id = "退款号"
order_id = "订单号"
refunded_at = "退款时间"
refund_amount = { from = "金额", unit = "yuan" }
"""


def refunds(folder, name: str, rows: list[tuple[str, int, float]], lang="en") -> pd.Series:
    text = "退款号,订单号,退款时间,金额\n" + "".join(
        f"{name}{i},{o},2018-03-{d} 10:00,{a}\n" for i, (o, d, a) in enumerate(rows)
    )
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    page = layout(folder, BACK, name)
    return load_file(folder / f"{name}.csv", page, "m", folder / "store", lang=lang).iloc[0]


@pytest.fixture
def shop(tmp_path):
    load(tmp_path, HEADER + "".join(f"{i},a,2018-03-01 10:00,100\n" for i in range(20)))
    return tmp_path


def test_refunds_that_two_exports_tell_are_warned_of_and_no_order_falls_below_zero(shop):
    whole = [(str(i), 10, 100.0) for i in range(4)]
    assert "told" not in str(refunds(shop, "books", whole)["warnings"])
    warned = refunds(shop, "analytics", whole)["warnings"]
    assert "4 of 4 refunded orders were refunded several times, above what they paid" in warned
    net = open_store(shop / "store", "m").orders.to_pandas().set_index("order_id")["net_amount"]
    assert net[["0", "1", "2", "3"]].eq(0).all()
    assert net.drop(["0", "1", "2", "3"]).eq(10_000).all()
    assert "4笔有退款的订单中，4笔多次退款" in refunds(shop, "again", whole[:1], lang="zh")["warnings"]


def test_refunds_in_parts_and_a_clerks_mistake_are_no_second_telling(shop):
    parts = [(str(i), d, 50.0) for i in range(10) for d in (10, 11)]
    freight = [("11", 12, 100.0), ("11", 13, 8.0)]  # what was paid and the freight to send it back
    assert "several times" not in str(refunds(shop, "books", parts + freight)["warnings"])


def test_the_study_says_that_refunds_were_told_twice_and_by_how_much_net_sales_are_too_low(shop):
    """Four orders of 100 went back whole and two by 30, each told by two exports: the two are 30 too low each."""
    rows = [*((str(i), 10, 100.0) for i in range(4)), ("5", 11, 30.0), ("6", 11, 30.0)]
    refunds(shop, "books", rows)
    assert retold_sentence(refunds_retold(open_store(shop / "store", "m")), "CNY") == ""
    refunds(shop, "analytics", rows)
    found = refunds_retold(open_store(shop / "store", "m"))
    assert found[["above", "refunded", "too_low"]].to_numpy().tolist() == [[4, 6, 6_000]]
    assert "CNY 60 lower" in retold_sentence(found, "CNY")
    assert "少CNY 60" in retold_sentence(found, "CNY", "zh")
