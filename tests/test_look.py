"""Claims about looking at an export without a store, and about what is imported on the way."""

import subprocess
import sys

import pandas as pd
import pytest
from load_files import layout, load, stored

from retailkit.load import open_file

LINES = """
title = "order lines"
format = "csv"
[[tables]]
table = "orders"
group = true
[tables.fields]
order_id = "order"
account = { from = "customer", prefix = "shop" }
paid_at = { from = "paid", agg = "min" }
items = { from = "items", agg = "sum" }
gross_amount = { from = "amount", unit = "major", agg = "sum" }
"""
SOUND = (
    "order,customer,paid,items,amount\n1,a,2018-03-01 10:00,1,1.50\n1,a,2018-03-01 09:00,2,2.25\n2,b,2018-03-02,1,4\n"
)


@pytest.mark.parametrize("more", [
    "",
    "2,b,2018-03-02,1,5 or 6\n",  # half an order is no order
    "3,c,never,1,1\n3,c,2018-03-03,1,1\n4,d,2018-03-03,some,1\n",
    "3,c,2018-03-03,-9,1\n3,c,2018-03-03,1,1\n",
])  # fmt: skip
def test_a_look_shows_what_a_load_would_store(tmp_path, more):
    report = load(tmp_path, SOUND + more, LINES)
    assert report.loc[0, "rows_read"] == (SOUND + more).count("\n") - 1
    with open_file(tmp_path / "orders.csv", layout(tmp_path, LINES), "m") as tables:
        seen = tables["orders"].to_pandas().sort_values("order_id", ignore_index=True)
    pd.testing.assert_frame_equal(seen, stored(tmp_path)[list(seen.columns)])
    assert seen.loc[0, ["order_id", "account", "items", "gross_amount"]].tolist() == ["1", "shop:a", 3, 375]


@pytest.mark.parametrize(("before", "left_alone"), [("", True), ("import pandas; ", False)])
def test_what_is_imported_ahead_of_all_else_is_left_alone_by_the_collector(before, left_alone):
    """Where pandas was there before, so may be data of it: they must be found when they are garbage."""
    code = (
        f"{before}import gc; from retailkit.load.ahead import import_ahead; import_ahead('pandas').join(); "
        "assert gc.isenabled(); import pandas; print(gc.get_freeze_count() > 0)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.strip() == str(left_alone)
