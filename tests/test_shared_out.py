"""What was paid for an order is shared among its lines where an export tells prices only: nothing is lost, nothing invented."""

import json
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from load_files import SAMPLES, layout, load, stored

from retailkit.load import load_file
from retailkit.load.errors import LoadError
from retailkit.load.layout import read_layout

PRICES = """
title = "lines with prices"
[[tables]]
table = "orders"
group = true
[tables.fields]
order_id = "order"
paid_at = { from = "paid at", agg = "min" }
freight_amount = { from = "freight", unit = "fen" }
gross_amount = { from = "paid", unit = "fen" }
[[tables]]
table = "order_lines"
[tables.fields]
order_id = "order"
line = { number_within = ["order"] }
paid_at = "paid at"
product_id = "product"
net_amount = { times = ["price", "pieces"], unit = "fen", shared_out = true }
"""
HEADER = "order,paid at,paid,freight,product,price,pieces\n"
ORDERS = st.lists(
    st.tuples(
        st.integers(0, 10**11),
        st.integers(0, 2000),
        st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 99)), min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=4,
)


def lines_of(orders: list[tuple[int, int, list[tuple[int, int]]]]) -> list[list[int]]:
    """Load orders of (payment with freight, freight, lines of price and pieces); what each line was given."""
    rows = [
        f"o{i},2018-11-11 10:00:00,{paid + freight},{freight},p{j},{price},{pieces}"
        for i, (paid, freight, lines) in enumerate(orders)
        for j, (price, pieces) in enumerate(lines)
    ]
    with TemporaryDirectory() as folder:
        load(Path(folder), HEADER + "\n".join(rows) + "\n", PRICES)
        found = stored(Path(folder), "order_lines")
    return [found.loc[found["order_id"] == f"o{i}", "net_amount"].tolist() for i in range(len(orders))]


def test_a_discount_falls_on_lines_in_proportion_to_their_price():
    """99.00 with 9.00 freight for 80.00 + 20.00: 90% of each. Three equal lines of 1.00: 33, 34 and 33 fen, no fen is lost."""
    cheaper = (9_000, 900, [(4_000, 2), (2_000, 1)])
    thirds = (100, 0, [(500, 1)] * 3)
    as_told = (10_000, 0, [(8_000, 1), (2_000, 1)])
    given_away = (0, 0, [(8_000, 1), (2_000, 1)])
    assert lines_of([cheaper, thirds, as_told, given_away]) == [[7_200, 1_800], [33, 34, 33], [8_000, 2_000], [0, 0]]
    assert lines_of([(500, 0, [(0, 1), (0, 3)])]) == [[0, 0]]  # presents alone: nothing to share by


def test_dear_goods_by_the_dozen_are_no_overflow():
    """Two phones at 5,000.00 are a million fen; both times the engine's six decimals are more than its usual width."""
    assert lines_of([(900_000, 0, [(500_000, 2)]), (99_783 * 11, 0, [(99_783, 11)])]) == [[900_000], [1_097_613]]


@settings(max_examples=15, deadline=None)
@given(ORDERS)
def test_shares_add_up_to_the_payment_and_none_is_off_by_a_minor_unit(orders):
    for (paid, _, lines), shares in zip(orders, lines_of(orders), strict=True):
        weights = [price * pieces for price, pieces in lines]
        if sum(weights):
            assert sum(shares) == paid
            assert all(abs(s - Fraction(paid * w, sum(weights))) <= 1 for s, w in zip(shares, weights, strict=True))
        else:
            assert shares == weights


def test_the_share_of_a_line_that_was_set_aside_is_not_given_to_the_others(tmp_path):
    """An order's own payment is sound where one of its lines cannot be read; what the others were paid is then not known."""
    event = json.loads((SAMPLES / "segment_orders" / "events.jsonl").read_text("utf-8").splitlines()[0])
    assert [p["price"] for p in event["properties"]["products"]] == [40, 5.25]
    event["properties"]["products"][1]["price"] = "five"
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(event) + "\n", encoding="utf-8")
    load_file(path, "segment_orders", "m", tmp_path / "store")
    assert stored(tmp_path)["gross_amount"].tolist() == [9550]
    assert stored(tmp_path, "order_lines")["net_amount"].tolist() == [8000]


def test_only_what_was_paid_for_lines_can_be_shared_out(tmp_path):
    page = layout(tmp_path, PRICES.replace('unit = "fen" }\n[[', 'unit = "fen", shared_out = true }\n[['))
    with pytest.raises(LoadError, match="'gross_amount' is no line's payment"):
        read_layout(page)
    lines_alone = PRICES[: PRICES.index("[[")] + PRICES[PRICES.rindex("[[") :]
    with pytest.raises(LoadError, match="no table 'orders' is made of the same file"):
        read_layout(layout(tmp_path, lines_alone))
