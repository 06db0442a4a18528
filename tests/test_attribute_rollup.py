"""Every level of the roll-up sums to the same money; owners, returns and lift tests."""

import attribute_tables as tables
import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.attribute.calibrate import calibrate
from retailkit.attribute.ledger import allot
from retailkit.attribute.paths import paths
from retailkit.attribute.peers import potential
from retailkit.attribute.returns import costs, outside_sentence, returns, returns_sentence
from retailkit.attribute.rollup import LEVELS, owned_credit, roll_up
from retailkit.attribute.rules import credit
from retailkit.attribute.touches import touches


@pytest.fixture(scope="module")
def book():
    seen = tables.sessions(
        [
            ("a", "app:1", "2024-03-01 10:00:00", "1007", {"guide": "g1"}),
            ("b", "app:1", "2024-03-12 10:00:00", "1008", {"group_id": "q1"}),
            ("c", "app:2", "2024-03-03 10:00:00", "1035"),
        ]
    )
    orders = tables.orders(
        [
            ("o1", "app:1", "2024-03-13", 1001, 1501),
            ("o2", "app:2", "2024-03-04", 333),
            ("o3", None, "2024-03-04", 50),
        ]
    )
    return credit(tables.walked(seen, orders), "linear").cache()


OWNERS = pd.DataFrame(
    [
        ("m", "g1", "anna", 0.7, "2024-01-01", None),
        ("m", "g1", "bert", 0.3, "2024-01-01", None),
        ("m", "group", "cai", None, "2024-01-01", "2024-03-10"),
        ("m", "group", "dan", None, "2024-03-11", None),
        ("m", "official_store", "eve", 0.5, "2024-01-01", None),
    ],
    columns=["merchant", "node", "owner", "share", "valid_from", "valid_to"],
).assign(valid_from=lambda d: pd.to_datetime(d["valid_from"]), valid_to=lambda d: pd.to_datetime(d["valid_to"]))


def test_every_level_sums_to_the_same_money(book):
    for level in LEVELS:
        table = roll_up(book, level)
        assert table["credit"].sum() == 1384, level
        assert table["refund_credit"].sum() == 500, level


def test_a_shop_is_that_of_the_touch_else_the_one_that_sold_the_order(book):
    sold = tables.orders(
        [("o1", "app:1", "2024-03-13", 1001), ("o2", "app:2", "2024-03-04", 333), ("o3", None, "2024-03-04", 50)]
    )
    sold = sold.assign(shop_id=pd.Series(["s1", "s2", None], dtype=object))
    assert roll_up(book, "shop_id", sold).set_index("shop_id")["credit"].to_dict() == {
        "s1": 1001,
        "s2": 333,
        "(none)": 50,
    }
    scanned = book.mutate(shop_id=(book.guide == "g1").fill_null(False).ifelse("s9", None))
    assert roll_up(scanned, "shop_id", sold).set_index("shop_id")["credit"].to_dict() == {
        "s9": 501, "s1": 500, "s2": 333, "(none)": 50,
    }  # fmt: skip


def test_owners_are_those_of_the_day_of_the_touch_and_split_to_the_cent(book):
    table = owned_credit(book, OWNERS).set_index("owner")
    assert table["credit"].sum() == 1384
    assert table["refund_credit"].sum() == 500
    assert table.loc["anna", "credit"] == 351  # 70% of 501, largest remainder
    assert table.loc["bert", "credit"] == 150
    assert "cai" not in table.index
    assert table.loc["dan", "credit"] == 500
    assert table.loc["eve", "credit"] == 167  # half of 333; the other half is nobody's
    assert table.loc["(nobody)", "credit"] == 50 + 166


def test_without_owners_all_is_nobody_s(book):
    assert owned_credit(book, None)["owner"].tolist() == ["(nobody)"]


def test_owners_that_claim_more_than_the_whole_are_refused(book):
    with pytest.raises(ValueError, match="more than the whole"):
        owned_credit(book, OWNERS.assign(share=0.9))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 9), st.integers(0, 3)), min_size=1, max_size=20), st.integers(-999, 10**9))
def test_largest_remainder_sums_in_every_group(entries, amount):
    rows = (
        pd.DataFrame(entries, columns=["weight", "group"]).assign(amount=amount).rename_axis("position").reset_index()
    )
    by = rows.groupby("group")["weight"]
    rows["share"] = (rows["weight"] / by.transform("sum")).where(by.transform("sum") > 0, 1 / by.transform("size"))
    parts = allot(ibis.memtable(rows), "amount", "part", ["group"]).execute()
    assert len(parts) == len(entries)
    assert (parts.groupby("group")["part"].sum() == amount).all()


INTERVAL = pd.DataFrame(
    {
        "touchpoint": ["organic", "guide", "coupon"],
        "credit": [60_000, 30_000, 10_000],
        "orders": [60.0, 30.0, 10.0],
        "share": [0.6, 0.3, 0.1],
        "low": [0.5, 0.2, 0.0],
        "high": [0.7, 0.4, 0.2],
    }
)


def test_coupons_and_red_packets_are_spend():
    spend = pd.DataFrame({"merchant": ["m"], "touchpoint": ["guide"], "item": ["pay"], "amount": [5000]})
    spend["day"] = pd.Timestamp("2024-03-01")
    used = pd.DataFrame({"merchant": "m", "coupon_id": ["c1", "c2"], "amount": [200, 300], "account": ["a", "a"]})
    used["redeemed_on"] = pd.to_datetime(["2024-03-02", None])
    used["redeemed_at"] = pd.Series([None, None], dtype="datetime64[us]")
    packets = pd.DataFrame({"merchant": ["m"], "packet_id": ["p"], "account": ["a"], "amount": [88]})
    packets["sent_at"] = packets["received_at"] = pd.Timestamp("2024-03-02")
    table = costs(spend, used, packets).set_index("touchpoint")["cost"]
    assert table.to_dict() == {"coupon": 200, "guide": 5000, "red_packet": 88}


def packets(*senders):
    frame = pd.DataFrame(
        {"merchant": "m", "packet_id": [f"p{i}" for i in range(len(senders))], "account": "a", "amount": 10}
    )
    frame["sent_at"] = frame["received_at"] = pd.Timestamp("2024-03-02")
    return frame.assign(sender=pd.Series(senders, dtype=object))


def test_a_red_packet_is_the_cost_of_who_sent_it_and_a_coupon_of_the_campaign_that_handed_it_out():
    used = pd.DataFrame({"merchant": "m", "coupon_id": ["c1", "c2"], "amount": [200, 300], "campaign_id": ["x", None]})
    used["redeemed_on"] = pd.Timestamp("2024-03-02")
    sent = pd.DataFrame({"merchant": ["m"], "campaign_id": ["x"], "campaign": ["spring"], "touchpoint": ["mailing"]})
    sent["starts_on"] = pd.Timestamp("2024-03-01")
    guides = pd.DataFrame({"merchant": ["m"], "guide": ["g1"]})
    table = costs(None, used, packets("g1", "app:1", "app:2", None), sent, guides).set_index("touchpoint")["cost"]
    assert table.to_dict() == {"coupon": 300, "guide": 10, "mailing": 200, "red_packet": 10, "sharing": 20}


def test_costs_that_nobody_can_charge_to_a_touchpoint_are_said_and_have_no_return():
    """The ledger has no orders for red packets: that is no return of nothing, and no infinite cost of an order."""
    spend = pd.DataFrame(
        {"merchant": "m", "touchpoint": ["guide", None], "item": ["pay", "?"], "amount": [10_000, 700]}
    )
    cost = costs(spend.assign(day=pd.Timestamp("2024-03-01")), None, packets(None, None))
    found = returns(cost, INTERVAL, incremental=True)
    assert found["touchpoint"].tolist() == ["guide"]
    english, chinese = (
        outside_sentence(cost.assign(cost=cost["cost"] * 100), found, "CNY", lang) for lang in ("en", "zh")
    )
    assert "red packets opened (CNY 20; their exports do not tell who sent them)" in english
    assert "spend that names no touchpoint (CNY 700)" in english
    assert "已领取的红包（CNY 20" in chinese
    assert not outside_sentence(cost[cost["touchpoint"] == "guide"], found, "CNY")


def test_returns_carry_their_interval_and_an_open_end_where_orders_may_be_none():
    cost = pd.DataFrame({"merchant": "m", "touchpoint": ["guide", "coupon"], "cost": [10_000, 500]})
    table = returns(cost, INTERVAL, incremental=True).set_index("touchpoint")
    assert table.loc["guide", "roas"] == 3
    assert table.loc["guide", ["roas_low", "roas_high"]].tolist() == [2, 4]
    assert table.loc["guide", "cost_per_order"] == pytest.approx(10_000 / 30)
    assert table.loc["coupon", "cost_high"] == float("inf")
    assert "incremental" in returns_sentence(table.reset_index())
    assert "nothing can be said" in returns_sentence(returns(costs(), INTERVAL, incremental=True))


def test_what_a_hazard_ledger_credits_to_attached_touches_is_not_called_incremental():
    held = INTERVAL.assign(low=[0.5, 0.2, 0.1], high=[0.7, 0.4, 0.1])  # no redraw moves the coupon
    spend = pd.DataFrame({"merchant": "m", "touchpoint": ["guide", "coupon"], "cost": [10_000, 1_000]})
    table = returns(spend, held, incremental=True).set_index("touchpoint")
    assert table["reading"].to_dict() == {"guide": "incremental", "coupon": "credited, not incremental"}
    assert table.loc["coupon", ["roas_low", "cost_high"]].isna().all()
    assert returns_sentence(table.reset_index()).startswith("Guide returned most: 3.0"), (
        "whatever the coupon's 10 for 1"
    )
    assert "no interval" in returns_sentence(table.loc[["coupon"]].reset_index())


def _tests(*rows):
    frame = pd.DataFrame(rows, columns=["test_id", "touchpoint", "lift", "standard_error"])
    return frame.assign(merchant="m", starts_on=pd.Timestamp("2024-01-01"), ends_on=pd.Timestamp("2024-01-31"))


TOUCHED = pd.Series({"guide": 100.0, "coupon": 50.0})


def test_a_precise_test_rules_and_a_vague_one_hardly_counts():
    precise = calibrate(INTERVAL, TOUCHED, _tests(("t1", "guide", 0.10, 0.001))).set_index("touchpoint")
    vague = calibrate(INTERVAL, TOUCHED, _tests(("t1", "guide", 0.10, 5.0))).set_index("touchpoint")
    assert precise.loc["guide", "orders"] == pytest.approx(10, abs=0.1)
    assert vague.loc["guide", "orders"] == pytest.approx(30, abs=0.1)
    assert precise.loc["guide", "basis"] == "tested"
    assert precise.loc["guide", "tests"] == "t1"


def test_a_model_that_credits_nothing_in_every_redraw_is_no_certainty():
    rows = [("organic", 70.0, 0.7, 0.6, 0.8), ("guide", 30.0, 0.3, 0.2, 0.4), ("coupon", 0.0, 0.0, 0.0, 0.0)]
    flat = pd.DataFrame(rows, columns=["touchpoint", "orders", "share", "low", "high"])
    tested = calibrate(flat, TOUCHED, _tests(("t", "coupon", 0.2, 0.05))).set_index("touchpoint").loc["coupon"]
    assert tested["orders"] == pytest.approx(10), "the test's 20% of 50 orders: the model says nothing against it"
    assert tested["low"] < 10 < tested["high"]
    untold = calibrate(flat, TOUCHED, None).set_index("touchpoint").loc["coupon"]
    assert untold["orders"] == 0
    assert untold["high"] > 1, "an order may have been missed"


def test_untested_touchpoints_follow_part_of_the_way_and_organic_takes_the_rest():
    table = calibrate(INTERVAL, TOUCHED, _tests(("t1", "guide", 0.10, 0.001))).set_index("touchpoint")
    assert 10 / 3 < table.loc["coupon", "orders"] < 10
    assert table.loc["coupon", "basis"] == "shrunk by tests elsewhere"
    assert table["orders"].sum() == pytest.approx(100)
    assert table.loc["organic", "basis"] == "what is left"


def test_orders_of_unknown_persons_stay_unattributed_when_tests_move_the_rest():
    rows = [("organic", 50.0, 0.5, 0.4, 0.6), ("guide", 30.0, 0.3, 0.2, 0.4), ("unattributed", 20.0, 0.2, 0.2, 0.2)]
    whole = pd.DataFrame(rows, columns=["touchpoint", "orders", "share", "low", "high"])
    table = calibrate(whole, TOUCHED, _tests(("t", "guide", 0.4, 0.001))).set_index("touchpoint")
    assert table["orders"].to_dict() == pytest.approx({"organic": 40, "guide": 40, "unattributed": 20}, abs=0.1)
    most = calibrate(whole, TOUCHED, _tests(("t", "guide", 0.9, 0.001))).set_index("touchpoint")
    assert most["orders"].to_dict() == pytest.approx({"organic": 0, "guide": 90, "unattributed": 10}, abs=0.1)


def test_without_tests_nothing_changes():
    table = calibrate(INTERVAL, TOUCHED, None).set_index("touchpoint")
    assert table["orders"].to_dict() == {"organic": 60, "guide": 30, "coupon": 10}
    assert set(table["basis"]) == {"model", "what is left"}


def test_tests_that_claim_more_than_there_was_are_scaled_to_all_orders():
    table = calibrate(INTERVAL, TOUCHED * 10, _tests(("t", "guide", 0.9, 0.01))).set_index("touchpoint")
    assert table["orders"].sum() == pytest.approx(100)
    assert table.loc["organic", "orders"] == pytest.approx(0)


def test_neglected_is_what_peers_convert_better():
    rows = [("m1", 1000, 20), ("m2", 1000, 100), ("m3", 1000, 110), ("m4", 5, 0)]
    ledgers = pd.DataFrame(rows, columns=["merchant", "persons", "buyers"]).assign(touchpoint="guide", kind="exposure")
    ledgers["conversion"] = ledgers["buyers"] / ledgers["persons"]
    other = pd.DataFrame({"merchant": ["m5"], "touchpoint": ["mailer"], "kind": ["order_attached"], "persons": [0]})
    table = potential(pd.concat([ledgers, other])).set_index("merchant")
    assert table.loc[["m1", "m3", "m4", "m5"], "verdict"].tolist() == [
        "neglected",
        "operated",
        "too few",
        "not used",
    ]
    assert table.loc["m1", "potential_buyers"] == pytest.approx(85), (
        "10.5%, the median of 10% and 11%: five persons are no rate"
    )


def test_an_empty_ledger_rolls_up_to_nothing():
    empty = credit(paths(touches(), None).cache(), "linear").cache()
    assert roll_up(empty, "format").empty
    assert owned_credit(empty, None).empty
    assert isinstance(empty, ibis.Table)
