"""What belongs together is set aside together, and every row of a file is either loaded or in the quarantine."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from load_files import SAMPLES, layout, stored

from retailkit.load import load_file, open_file
from retailkit.load.words import in_words

BELONGS = "belongs to {}, of which row {} was set aside"


def youzan(tmp_path: Path, change) -> pd.DataFrame:
    """Load Youzan's answer of four orders (E3 was never paid) after a change to it; return the report."""
    answer = json.loads((SAMPLES / "youzan_trades" / "trades.json").read_text("utf-8"))
    orders = {o["full_order_info"]["order_info"]["tid"]: o["full_order_info"] for o in answer["full_order_info_list"]}
    change(orders)
    path = tmp_path / "trades.json"
    path.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
    return load_file(path, "youzan_trades", "m", tmp_path / "store")


def adds_up(folder: Path, report: pd.DataFrame) -> None:
    """Every row read is loaded, a repeat, left out by rule, or stands in the quarantine as a whole row."""
    line = report.loc[0]
    fates = line[["rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped"]].sum()
    assert line["rows_read"] == fates
    aside = stored(folder, "quarantine")
    assert aside.loc[aside["whole_row"], "source_row"].nunique() == line["rows_quarantined"]


def reasons(folder: Path) -> list[tuple[int, str, str, str]]:
    frame = stored(folder, "quarantine")
    return sorted(frame[["source_row", "table", "record", "reason"]].itertuples(index=False, name=None))


def test_the_lines_of_a_youzan_order_that_is_set_aside_go_with_it(tmp_path):
    report = youzan(tmp_path, lambda orders: orders["E1"]["pay_info"].update(post_fee="十元"))
    adds_up(tmp_path, report)
    assert report.loc[0, ["rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [2, 1, 1]
    assert set(stored(tmp_path)["order_id"]) == set(stored(tmp_path, "order_lines")["order_id"]) == {"E2", "E4"}
    lines = [r for r in reasons(tmp_path) if r[1] == "order_lines"]
    assert lines == [(1, "order_lines", f"E1 | E1-{n}", BELONGS.format("E1", 1)) for n in (1, 2)]


def test_a_line_that_cannot_be_read_leaves_an_order_that_states_its_own_amount(tmp_path):
    """Youzan states what was paid for the order itself: the sale is sound, and only the line is set aside."""
    report = youzan(tmp_path, lambda orders: orders["E1"]["orders"][1].update(payment="二十九元"))
    adds_up(tmp_path, report)
    assert set(stored(tmp_path)["order_id"]) == {"E1", "E2", "E4"}
    assert "E1-2" not in set(stored(tmp_path, "order_lines")["line"])
    assert [r[:3] for r in reasons(tmp_path)] == [(1, "order_lines", "E1 | E1-2")]


FLAT = """
title = "lines of orders"
format = "csv"
sensitive = []
[[tables]]
table = "orders"
group = true
[tables.fields]
order_id = "单号"
paid_at = { from = "付款", agg = "min" }
gross_amount = { from = "金额", unit = "yuan", agg = "sum" }
[[tables]]
table = "order_lines"
[tables.fields]
order_id = "单号"
line = { number_within = ["单号"] }
paid_at = "付款"
product_id = "货号"
net_amount = { from = "行实付", unit = "yuan" }
"""
ROWS = "单号,付款,金额,货号,行实付\nA,2018-03-01,10,p,10\nA,2018-03-01,x,q,5\nB,2018-03-01,7,p,7\nA,2018-03-01,2,r,2\n"


def flat(folder: Path, data: str, page: str = FLAT, name: str = "lines.csv") -> pd.DataFrame:
    (folder / name).write_text(data, encoding="utf-8")
    return load_file(folder / name, layout(folder, page), "m", folder / "store")


def test_a_bad_line_sets_its_order_and_all_its_lines_aside(tmp_path):
    report = flat(tmp_path, ROWS)
    adds_up(tmp_path, report)
    assert report.loc[0, ["rows_read", "rows_kept", "rows_quarantined"]].tolist() == [4, 1, 3]
    assert stored(tmp_path)["order_id"].tolist() == stored(tmp_path, "order_lines")["order_id"].tolist() == ["B"]
    told = BELONGS.format("A", 2)
    assert reasons(tmp_path) == [
        (1, "order_lines", "A | 1", told),
        (1, "orders", "A", told),
        (2, "order_lines", "A | 2", told),
        (2, "orders", "A", "empty, but required"),  # what remains of it after refunds
        (2, "orders", "A", "no amount in major units (yuan), 0 or more"),
        (4, "order_lines", "A | 3", told),
        (4, "orders", "A", told),
    ]


def test_an_order_whose_lines_add_up_to_less_than_nothing_goes_with_all_its_lines(tmp_path):
    summed = 'unit = "yuan", agg = "sum" }'
    page = FLAT.replace(summed, f'{summed}\nnet_amount = {{ from = "金额", {summed}', 1)
    report = flat(tmp_path, ROWS.replace("x", "-50"), page)
    adds_up(tmp_path, report)
    assert report.loc[0, ["rows_kept", "rows_quarantined"]].tolist() == [1, 3]
    assert stored(tmp_path)["order_id"].tolist() == stored(tmp_path, "order_lines")["order_id"].tolist() == ["B"]
    assert "the sum over the rows is below 0" in {r for *_, r in reasons(tmp_path)}


def test_an_order_that_stands_in_the_file_a_second_time_and_sound_keeps_its_lines(tmp_path):
    def twice(orders):
        orders["E2"].update(json.loads(json.dumps(orders["E1"])))  # E2 becomes a second, sound E1
        orders["E1"]["pay_info"]["payment"] = "多少"

    adds_up(tmp_path, youzan(tmp_path, twice))
    assert set(stored(tmp_path)["order_id"]) == set(stored(tmp_path, "order_lines")["order_id"]) == {"E1", "E4"}


def test_what_a_personal_handle_names_is_not_named_in_the_quarantine(tmp_path):
    page = FLAT.replace("sensitive = []", 'sensitive = ["单号"]')
    flat(tmp_path, ROWS, page)
    assert {r for *_, r in reasons(tmp_path) if r.startswith("belongs")} == {BELONGS.format("a record", 2)}


def test_a_look_at_a_file_leaves_out_the_same_lines(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text(ROWS, encoding="utf-8")
    with open_file(path, layout(tmp_path, FLAT), "m") as tables:
        assert tables["order_lines"].order_id.execute().tolist() == ["B"]


LINES = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.sampled_from(["10", "x", "-3"]),
        st.sampled_from(["p", "p", ""]),
        st.sampled_from(["5", "?"]),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=20, deadline=None)
@given(drawn=LINES)
def test_every_line_in_the_store_has_its_order_and_every_row_is_accounted_for(drawn):
    """An order stands if all amounts of its rows do; of its lines stand those that can be read."""
    sound = {o for o, *_ in drawn if all(amount == "10" for order, amount, *_ in drawn if order == o)}
    rows = "".join(f"{o},2018-03-01,{amount},{product},{paid}\n" for o, amount, product, paid in drawn)
    with TemporaryDirectory() as name:
        folder = Path(name)
        report = flat(folder, ROWS.splitlines()[0] + "\n" + rows + "Z,2018-03-01,1,p,1\n")
        adds_up(folder, report)
        assert set(stored(folder)["order_id"]) == sound | {"Z"}
        lines = stored(folder, "order_lines")["order_id"].value_counts().to_dict()
    good = Counter(o for o, _, product, paid in drawn if o in sound and product and paid == "5")
    assert lines == {**good, "Z": 1}


def test_the_reason_is_told_in_chinese():
    assert in_words("belongs to an order or another record that was set aside", "zh").startswith("所属订单")
