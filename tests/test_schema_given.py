"""An analyst's own frame is taken as it is, or refused with the column, what is expected and what to do."""

import ibis
import pandas as pd
import pytest
from attribute_tables import orders, sessions
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from retailkit import attribute, growth
from retailkit.schema.given import given

SOLD = orders([("o1", "app:1", "2024-03-13", 1001, 1501), ("o2", "app:2", "2024-03-04", 333)])
DAY = pd.to_datetime(SOLD["paid_on"])
PERSONS = pd.DataFrame({"merchant": "m", "account": ["app:1", "app:2"], "person": ["p1", "p2"]})

ASKS = {
    "paths": lambda o, p: attribute.paths(attribute.touches(sessions=sessions([]), orders=o, persons=p), o, p),
    "paid through": lambda o, p: attribute.paid_through(o, None),
    "daily panel": growth.daily_panel,
    "scope": lambda o, p: growth.in_scope(o, "private"),
    "tree": lambda o, p: growth.tree_inputs(o, p, ("2024-02-01", "2024-02-29"), ("2024-03-01", "2024-03-31")),
    "cells": lambda o, p: growth.cell_inputs(o, p, ("2024-02-01", "2024-02-29"), ("2024-03-01", "2024-03-31")),
    "shared customers": lambda o, p: growth.shared_customers(o, ["m"], ("2024-03-01", "2024-03-31")),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_yuan_are_not_taken_for_fen(ask):
    """10.01 yuan were cut to 10 fen without a word before."""
    with pytest.raises(
        ValueError, match=r"net_amount holds float64 \(10.01\).*whole numbers of the minor unit.*\* 100"
    ):
        ask(SOLD.assign(net_amount=SOLD["net_amount"] / 100), PERSONS)


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_day_with_a_zone_is_refused_because_nobody_knows_whose_day_it_is(ask):
    with pytest.raises(ValueError, match=r"paid_on holds times in the zone Asia/Shanghai.*own zone.*tz_localize"):
        ask(SOLD.assign(paid_on=DAY.dt.tz_localize("Asia/Shanghai")), PERSONS)


@pytest.mark.parametrize("name", ["paths", "daily panel", "tree", "cells"])
def test_a_person_who_is_nobody_is_named_with_its_row(name):
    with pytest.raises(
        ValueError, match=r"'persons': person is empty in 1 of 2 rows \(first: row 1\).*leave these rows out"
    ):
        ASKS[name](SOLD, PERSONS.assign(person=["p1", None]))


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_an_order_that_stands_twice_is_refused_where_its_money_would_count_twice(ask):
    with pytest.raises(
        ValueError, match=r"order_id stands again in 2 of 4 rows \(first: row 2, 'o1'\).*drop_duplicates"
    ):
        ask(pd.concat([SOLD, SOLD]), PERSONS)


@pytest.mark.parametrize("name", ["paths", "daily panel", "tree", "cells"])
def test_an_account_of_two_persons_is_refused_where_its_orders_would_count_twice(name):
    two = pd.concat([PERSONS, PERSONS.assign(person="p3").head(1)])
    with pytest.raises(ValueError, match=r"'persons': account stands again in 1 of 3 rows \(first: row 2, 'app:1'\)"):
        ASKS[name](SOLD, two)


def test_all_that_is_wrong_is_told_at_once():
    wrong = SOLD.assign(net_amount=0.5, account=[1.0, 2.0], paid_at="yesterday")
    with pytest.raises(ValueError, match="account") as told:
        given(wrong, "orders")
    assert all(
        part in str(told.value) for part in ("net_amount holds", "account holds", "no ISO day or time ('yesterday')")
    )


def test_missing_columns_are_listed_before_anything_else():
    with pytest.raises(ValueError, match="lacks paid_at, paid_on"):
        given(SOLD.drop(columns=["paid_at", "paid_on"]), "orders")


def test_whole_numbers_with_gaps_are_floats_in_pandas_and_stay_money():
    table = given(SOLD.assign(refund_amount=[100.0, None]), "orders").execute()
    assert table["refund_amount"].sum() == 100
    with pytest.raises(ValueError, match="refund_amount"):
        given(SOLD.assign(refund_amount=[100.5, None]), "orders")


def test_a_sound_frame_and_the_same_table_in_the_engine_give_the_same_panel():
    framed = growth.daily_panel(SOLD, PERSONS)
    table = growth.daily_panel(ibis.memtable(SOLD), ibis.memtable(PERSONS))
    pd.testing.assert_frame_equal(framed, table)
    assert framed["gmv"].sum() == 1334
    texts = growth.daily_panel(SOLD.assign(paid_on=SOLD["paid_on"].astype(str)), PERSONS)
    pd.testing.assert_frame_equal(framed, texts)


def test_other_columns_stay_and_optional_ones_are_added_empty():
    table = given(SOLD.assign(told_by="visit"), "orders")
    assert {"told_by", "touchpoint", "refund_amount"} <= set(table.columns)
    assert table.execute()["touchpoint"].isna().all()


@settings(max_examples=40, deadline=None)
@drawn(st.lists(st.integers(-(10**15), 10**15), min_size=2, max_size=2))
def test_amounts_come_through_to_the_fen(amounts):
    assert given(SOLD.assign(net_amount=amounts), "orders").execute()["net_amount"].tolist() == amounts
