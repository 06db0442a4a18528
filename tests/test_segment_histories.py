"""Claims about the table of histories: it is that of all features, from orders, lines, tables and frames."""

import pandas as pd
import pytest
from segment_data import random_orders, tables

from retailkit.segment.features import person_features
from retailkit.segment.histories import purchase_histories

AS_OF = "2024-10-01"
MERCHANTS = {"one": ["m"], "two": ["m", "n"]}


def sales(kind: str, merchants: list[str]) -> pd.DataFrame:
    """Orders, or three lines to each that add up to it, the last of them money back."""
    orders = pd.concat([random_orders(9 + i, persons=150, merchant=m) for i, m in enumerate(merchants)])
    if kind == "orders":
        return orders
    parts = (orders["gross_amount"] + 70, -50, -20)
    lines = [orders.assign(line=str(i), net_amount=part) for i, part in enumerate(parts)]
    return pd.concat(lines).sample(frac=1, random_state=1)


def by_name(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["merchant", "person"], ignore_index=True)


@pytest.mark.parametrize("merchants", MERCHANTS)
@pytest.mark.parametrize("kind", ["orders", "lines"])
def test_histories_are_those_of_all_features_to_the_last_digit(kind, merchants):
    many = by_name(person_features(*tables(sales("orders", MERCHANTS[merchants])), AS_OF).to_pandas())
    frame = sales(kind, MERCHANTS[merchants])
    table, persons = tables(frame)
    from_tables = by_name(purchase_histories(table, persons, AS_OF).to_pandas())
    from_frames = by_name(purchase_histories(frame, persons.to_pandas(), AS_OF))
    pd.testing.assert_frame_equal(from_tables, many[list(from_tables.columns)], check_exact=True)
    pd.testing.assert_frame_equal(from_frames, from_tables, check_exact=True)


def test_future_sales_and_row_order_change_no_history_from_a_frame():
    frame = sales("lines", ["m"])
    persons = tables(frame)[1].to_pandas()
    before = frame[frame["paid_on"] < AS_OF].sample(frac=1, random_state=2)
    one, two = (by_name(purchase_histories(f, persons.sample(frac=1), AS_OF)) for f in (frame, before))
    assert len(one) > 100
    pd.testing.assert_frame_equal(one, two, check_exact=True)


@pytest.mark.parametrize("as_of", [AS_OF, "2000-01-01"])
def test_nobody_known_gives_the_same_empty_table_from_a_frame(as_of):
    frame = sales("lines", ["m"])
    table, persons = tables(frame)
    nobody = persons.filter(persons.person == "nobody") if as_of == AS_OF else persons
    from_tables = purchase_histories(table, nobody, as_of).to_pandas()
    from_frames = purchase_histories(frame, nobody.to_pandas(), as_of)
    assert from_frames.empty
    pd.testing.assert_frame_equal(from_frames, from_tables)
