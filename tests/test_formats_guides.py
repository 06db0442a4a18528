"""Claims about guides: activation by a named act, sales and their owner, a fair comparison."""

import numpy as np
import pandas as pd
import pytest
from formats_tables import canonical, of_accounts

from retailkit.formats.guides import (
    activation_sentence,
    guide_activation,
    guide_lives,
    guide_sales,
    sold_against_owned,
    with_guide,
    with_guide_sentence,
)
from retailkit.formats.rates import concentration

WINDOW = {"start": "2018-11-01", "end": "2018-11-30"}


def order(number, account, day, amount, **more):
    return {
        "order_id": f"o{number}", "account": account, "paid_at": f"{day} 10:00", "paid_on": day,
        "gross_amount": amount, "refund_amount": 0, "net_amount": amount, **more,
    }  # fmt: skip


ROSTER = canonical("guides", [
    {"guide": "g1", "region": "north", "joined_on": "2018-01-01"},
    {"guide": "g2", "region": "north", "joined_on": "2018-01-01"},
    {"guide": "g3", "region": "south", "joined_on": "2018-01-01"},
    {"guide": "g4", "region": "south", "joined_on": "2018-01-01", "left_on": "2018-10-31"},
])  # fmt: skip


def test_activation_counts_guides_on_the_roster_by_the_named_act():
    days = canonical("guide_days", [
        {"guide": "g2", "day": "2018-11-05", "shares": 3, "new_contacts": 0},
        {"guide": "g3", "day": "2018-12-05", "shares": 9},
        {"guide": "g4", "day": "2018-11-05", "shares": 9},
    ])  # fmt: skip
    sold = canonical("orders", [order(1, "a:1", "2018-11-02", 50, sold_by="g1")])
    found = guide_activation(ROSTER, days, canonical("guide_bindings"), sold, **WINDOW)
    rows = found.set_index(["region", "act"])
    assert rows.loc[("all", "any"), ["roster", "active"]].tolist() == [3, 2]
    assert rows.loc[("north", "order"), ["roster", "active"]].tolist() == [2, 1]
    assert rows.loc[("south", "share"), "active"] == 0
    assert rows.loc[("all", "any"), "rate_low"] < 2 / 3 < rows.loc[("all", "any"), "rate_high"]
    assert activation_sentence(found).startswith("2 of 3 guides did any act that counts: 67%")


def test_an_act_that_no_source_tells_is_not_nought_per_cent():
    """A web shop's orders name no seller and the console tells no shares: neither row stands, nor a best guide."""
    days = canonical(
        "guide_days",
        [{"guide": "g2", "day": "2018-11-05", "chats": 3}, {"guide": "g1", "day": "2018-11-05", "chats": 0}],
    )
    sold, none = canonical("orders", [order(1, "a:1", "2018-11-02", 50)]), canonical("guide_bindings")
    found = guide_activation(ROSTER, days, none, sold, **WINDOW)
    rows = found[found["region"] == "all"].set_index("act")
    assert rows["active"].to_dict() == {"chat": 1, "any": 1}
    assert "no act of theirs" in activation_sentence(found, "order")
    best = concentration(guide_sales(ROSTER, none, sold, **WINDOW), "net_amount").iloc[0]
    assert best["active"] == 0
    assert np.isnan(best["best"])


def test_published_activation_has_its_interval():
    """88% of a payroll of 400 guides: the interval is 84 to 91%."""
    guides = canonical("guides", [{"guide": f"g{i}"} for i in range(400)])
    sold = canonical("orders", [order(i, "a:1", "2018-11-02", 50, sold_by=f"g{i}") for i in range(352)])
    found = guide_activation(guides, canonical("guide_days"), canonical("guide_bindings"), sold, **WINDOW)
    assert "88% (84% to 91%)" in activation_sentence(found, "order")


def test_sales_keep_guides_without_sales_and_tell_seller_from_owner():
    sold = canonical("orders", [
        order(1, "a:1", "2018-11-02", 300, sold_by="g1", owned_by="g1"),
        order(2, "a:2", "2018-11-03", 100, sold_by="g9", owned_by="g2"),
        order(3, "a:3", "2018-11-03", 50),
        order(4, "a:1", "2018-12-03", 999, sold_by="g1"),
    ])  # fmt: skip
    bound = canonical("guide_bindings", [
        {"account": "a:1", "guide": "g1", "bound_at": "2018-10-01"},
        {"account": "a:2", "guide": "g1", "bound_at": "2018-10-01", "unbound_at": "2018-11-01"},
    ])  # fmt: skip
    table = guide_sales(ROSTER, bound, sold, **WINDOW).set_index("guide")
    assert table["net_amount"].to_dict() == {"g1": 300, "g9": 100, "g2": 0, "g3": 0, "g4": 0}
    assert table.loc["g1", ["bound", "orders", "share"]].tolist() == [1, 1, 0.75]
    owned = guide_sales(ROSTER, bound, sold, **WINDOW, kind="owned_by").set_index("guide")
    assert owned.loc["g2", "net_amount"] == 100
    with pytest.raises(ValueError, match="sold_by, owned_by"):
        guide_sales(ROSTER, bound, sold, **WINDOW, kind="seller")


def test_every_order_has_one_case_of_seller_and_owner():
    sold = canonical("orders", [
        order(i, "a:1", "2018-11-02", 10, sold_by=by, owned_by=of)
        for i, (by, of) in enumerate([("g1", "g1"), ("g1", "g2"), ("g1", None), (None, "g2"), (None, None)])
    ])  # fmt: skip
    table = sold_against_owned(sold)
    assert len(table) == 5
    assert table["money_share"].sum() == pytest.approx(1)


def guided_world(size=4000, seed=2):
    """Good customers are bound to guides more often and buy more often; a guide adds nothing."""
    draws = np.random.default_rng(seed)
    good = draws.random(size) < 0.5
    bound = draws.random(size) < np.where(good, 0.8, 0.2)
    buys = draws.random(size) < np.where(good, 0.6, 0.2)
    past = [order(f"p{i}", f"a:{i}", "2018-09-01" if good[i] else "2018-05-01", 900 if good[i] else 100)
            for i in range(size)]  # fmt: skip
    now = [order(f"n{i}", f"a:{i}", "2018-11-05", 100) for i in np.flatnonzero(buys)]
    bindings = [{"account": f"a:{i}", "guide": "g1", "bound_at": "2018-10-01"} for i in np.flatnonzero(bound)]
    return (
        canonical("orders", past + now),
        of_accounts(*(f"a:{i}" for i in range(size))),
        canonical("guide_bindings", bindings),
    )


def test_matching_takes_away_what_good_customers_bring():
    found = with_guide(*guided_world(), **WINDOW).set_index("comparison")
    assert found.loc["plain", "low"] > 0.15
    assert found.loc["matched", "low"] < 0 < found.loc["matched", "high"]
    assert found.loc["matched", "unmatched"] == 0
    assert "neither more nor less" in with_guide_sentence(found.reset_index())


def test_orders_after_the_window_change_nothing_in_the_comparison():
    orders, persons, bindings = guided_world(300)
    later = canonical("orders", [order("later", "a:3", "2018-12-24", 5)])
    before, after = (with_guide(table, persons, bindings, **WINDOW) for table in (orders, orders.union(later)))
    pd.testing.assert_frame_equal(before, after)


def test_live_days_are_compared_within_the_guides_who_hold_them():
    days = canonical("guide_days", [
        {"guide": "g1", "day": "2018-11-01", "lives": 1}, {"guide": "g1", "day": "2018-11-02", "lives": 0},
        {"guide": "g2", "day": "2018-11-01", "lives": 0},
    ])  # fmt: skip
    sold = canonical("orders", [
        order(1, "a:1", "2018-11-01", 300, sold_by="g1"), order(2, "a:1", "2018-11-02", 100, sold_by="g1"),
        order(3, "a:1", "2018-11-01", 9999, sold_by="g2"),
    ])  # fmt: skip
    row = guide_lives(days, sold, **WINDOW).iloc[0]
    assert row[["lives", "guides", "guides_live"]].tolist() == [1, 2, 1]
    assert row["ratio"] == 3


def test_no_guides_give_empty_tables_and_a_sentence():
    guides, days, bound, orders = (canonical(n) for n in ("guides", "guide_days", "guide_bindings", "orders"))
    assert guide_activation(guides, days, bound, orders, **WINDOW).empty
    assert guide_sales(guides, bound, orders, **WINDOW).empty
    assert sold_against_owned(orders).empty
    assert guide_lives(days, orders, **WINDOW).empty
    found = with_guide(orders, canonical("persons"), bound, **WINDOW)
    assert found.empty
    assert "cannot be compared" in with_guide_sentence(found)
    assert "No roster of guides" in activation_sentence(guide_activation(guides, days, bound, orders, **WINDOW))


def test_nobody_bound_compares_nothing():
    orders, persons, _ = guided_world(50)
    found = with_guide(orders, persons, canonical("guide_bindings"), **WINDOW)
    assert found["with_guide"].eq(0).all()
    assert found["difference"].isna().all()
