"""An analyst's own frames give what the engine's tables give: the same numbers, at every stage."""

import pandas as pd
import pytest
from attribute_tables import orders as sold
from attribute_tables import sessions
from formats_tables import canonical
from segment_data import random_orders, tables

from retailkit import attribute, formats, link, segment, targets
from retailkit.schema.given import given

AS_OF = "2024-12-01"
ORDERS = random_orders(3, persons=40).assign(paid_at=lambda t: t["paid_on"] + pd.Timedelta(hours=12))
ENGINE = tables(ORDERS)
PERSONS = ENGINE[1].to_pandas().astype("str")
WINDOW = {"start": "2024-06-01", "end": "2024-08-31"}
SPANS = {"programme": ("2024-06-01", "2024-08-31")}
SESSIONS = canonical("sessions")

ASKS = {
    "features": lambda o, p: segment.person_features(o, p, AS_OF).to_pandas().sort_values("person", ignore_index=True),
    "first day": lambda o, p: pd.DataFrame({"first": [segment.first_order_day(o, AS_OF)]}),
    "vintages": lambda o, p: segment.vintage_retention(o, p, AS_OF),
    "next spend": lambda o, p: segment.next_spend(o, p, AS_OF),
    "cross shopping": lambda o, p: segment.cross_shop(o, p, AS_OF, "format", ("shop", "guide")),
    "format ledger": lambda o, p: formats.format_ledger(o, p, **WINDOW),
    "sold and owned": lambda o, p: formats.sold_against_owned(o),
    "windows": lambda o, p: targets.measure(o, p, SESSIONS, SPANS),
    "coverage": lambda o, p: link.link_coverage(o, p),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_frames_give_what_the_engines_tables_give(ask):
    framed = ask(ORDERS, PERSONS)
    asked = ask(given(ORDERS, "orders"), given(PERSONS, "persons"))
    pd.testing.assert_frame_equal(framed, asked)
    assert len(framed)


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_what_is_wrong_with_a_frame_is_told_at_every_stage(ask):
    with pytest.raises(ValueError, match=r"gross_amount holds float64 .*whole numbers of the minor unit"):
        ask(ORDERS.assign(gross_amount=ORDERS["gross_amount"] / 100), PERSONS)
    with pytest.raises(ValueError, match="order_id stands again in 200 of 400 rows"):
        ask(pd.concat([ORDERS, ORDERS]), PERSONS)
    with pytest.raises(ValueError, match="'orders' lacks gross_amount"):
        ask(ORDERS.drop(columns="gross_amount"), PERSONS)


def test_the_order_of_rows_changes_nothing():
    for ask in ASKS.values():
        mixed = ask(ORDERS.sample(frac=1, random_state=2), PERSONS.sample(frac=1, random_state=2))
        pd.testing.assert_frame_equal(ask(ORDERS, PERSONS), mixed)


def test_persons_and_segments_may_be_looked_at_in_between():
    """Features as a frame, filtered in pandas, are segmented as the table is."""
    features = segment.person_features(ORDERS, PERSONS, AS_OF)
    named = segment.rfm_segments(features)
    again = segment.rfm_segments(features.to_pandas())
    profile = segment.segment_profile(named)
    pd.testing.assert_frame_equal(segment.segment_profile(again), profile)
    pd.testing.assert_frame_equal(segment.segment_profile(named.to_pandas()), profile)
    assert profile["persons"].sum() == features.count().to_pandas()
    assert profile["share"].sum() == pytest.approx(1)
    assert profile["net_amount"].sum() == features.net_amount.sum().to_pandas()


def test_touches_and_paths_may_be_looked_at_in_between():
    seen = sessions(
        [("s1", "a", "2024-01-01", "1007"), ("s2", "a", "2024-01-02", "1005"), ("s3", "b", "2024-01-03", "1007")]
    )
    orders = sold([("1", "a", "2024-01-05", 101), ("2", "b", "2024-01-06", -50, 100), ("3", None, "2024-01-07", 7)])
    touches = attribute.touches(sessions=seen, orders=orders)
    paths = attribute.paths(touches, orders)
    framed = attribute.paths(touches.to_pandas(), orders)
    for one in (paths, framed.cache(), paths.to_pandas()):
        for rule in ("linear", "position", "time_decay"):
            book = attribute.credit(one, rule).cache()
            assert attribute.reconcile(book, orders)[["gap_orders", "gap_amount"]].to_numpy().sum() == 0
            parts = attribute.roll_up(book.to_pandas(), "touchpoint")
            assert parts["credit"].sum() == orders["net_amount"].sum()
