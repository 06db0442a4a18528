"""Claims about the mix of formats: delivery, discounts, cities."""

import numpy as np
import pytest
from formats_tables import WINDOW, canonical, of_accounts, orders

from retailkit.formats.mix import city_tier_share, discount_depth, discount_sentence, home_delivery


def test_home_delivery_share_by_area():
    table = orders(
        *({"area": "pilot", "fulfilment": "home_delivery" if i < 3 else "shop"} for i in range(20)),
        *({"area": "rest", "fulfilment": "shop"} for _ in range(10)),
        {"area": None, "fulfilment": None},
    )
    found = home_delivery(table).set_index("area")
    assert found.loc["pilot", "home_share"] == pytest.approx(0.15)
    assert found.loc["rest", "home_share"] == 0
    assert found.loc["all", ["orders", "stated", "home_orders", "best_day"]].tolist() == [31, 30, 3, 3]
    assert found.loc["all", "home_share"] == pytest.approx(0.1)
    assert np.isnan(found.loc["unknown", "home_share"])
    assert home_delivery(orders({"area": "pilot"})).empty
    by_format = home_delivery(
        orders({"area": "pilot", "format": "home_delivery"}, {"area": "pilot", "fulfilment": "shop"})
    )
    assert by_format.set_index("area").loc["pilot", ["home_orders", "stated", "home_share"]].tolist() == [1, 2, 0.5]


def test_discount_depth_before_and_within_the_window():
    table = orders(
        {"list_amount": 100, "discount_amount": 93}, {"list_amount": 100, "discount_amount": 0},
        {"list_amount": 100, "discount_amount": None, "day": "2018-10-20"}, {"list_amount": None},
        {"list_amount": 100, "discount_amount": 50, "day": "2018-09-01"},
    )  # fmt: skip
    found = discount_depth(table, **WINDOW)
    rows = found[found["format"] == "all"].set_index("span")
    assert rows.loc["window", ["orders", "depth", "full_price_share"]].tolist() == [2, 0.465, 0.5]
    assert rows.loc["before", ["orders", "depth", "full_price_share"]].tolist() == [1, 0, 1]
    assert rows.loc["window", "untold"] == 1
    assert "46.5% off the list price" in discount_sentence(found)
    assert "of 2 of 3 orders" in discount_sentence(found)


def test_a_channel_that_never_states_discounts_does_not_sell_at_full_price():
    shop = {"channel": "web", "list_amount": 100, "format": "official_store"}
    platform = {"channel": "jd", "list_amount": 100, "discount_amount": None, "format": "platform"}
    table = orders({**shop, "discount_amount": 20}, {**shop, "discount_amount": None}, *[platform] * 8)
    found = discount_depth(table, **WINDOW).set_index("format")
    assert list(found.index) == ["all", "official_store"]
    assert found.loc["all", ["orders", "untold", "depth", "full_price_share"]].tolist() == [2, 8, 0.1, 0.5]
    assert "of 2 of 10 orders" in discount_sentence(discount_depth(table, **WINDOW))
    alone = discount_depth(orders(platform), **WINDOW)
    assert alone.empty
    assert "cannot be shown" in discount_sentence(alone)


def test_city_tiers_use_the_list_of_the_day_and_leave_the_unknown_outside():
    members = canonical("members", [
        {"account": f"a:{i}", "member_id": str(i), "city": city} for i, city in enumerate(["X", "X", "Y", None])
    ])  # fmt: skip
    tiers = canonical("city_tiers", [
        {"city": "X", "tier": "2", "valid_from": "2017-01-01"}, {"city": "X", "tier": "1", "valid_from": "2018-06-01"},
        {"city": "X", "tier": "0", "valid_from": "2019-01-01"}, {"city": "Y", "tier": "2", "valid_from": "2017-01-01"},
    ])  # fmt: skip
    accounts = of_accounts(*(f"a:{i}" for i in range(4)))
    found = city_tier_share(orders(*({"account": f"a:{i}"} for i in range(4))), members, accounts, tiers, **WINDOW)
    assert found["tier"].tolist() == ["1", "2", "unknown"]
    assert found["buyers"].tolist() == [2, 1, 1]
    assert found["share"].tolist()[:2] == [pytest.approx(2 / 3), pytest.approx(1 / 3)]


def test_nothing_sold_gives_empty_tables_and_sentences():
    none, persons = canonical("orders"), canonical("persons")
    members, tiers = canonical("members"), canonical("city_tiers")
    for table in (
        home_delivery(none), discount_depth(none, **WINDOW), city_tier_share(none, members, persons, tiers, **WINDOW),
    ):  # fmt: skip
        assert table.empty
        assert table.columns[0] == "merchant"
    assert "cannot be shown" in discount_sentence(discount_depth(none, **WINDOW))
