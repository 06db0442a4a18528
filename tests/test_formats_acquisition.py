"""Claims about acquisition, private against platform value, delivery, discounts, cities."""

import numpy as np
import pandas as pd
import pytest
from formats_tables import canonical, of_accounts

from retailkit.formats.acquisition import (
    acquisition_cost,
    first_orders,
    format_ledger,
    value_against_platform,
    value_sentence,
)
from retailkit.formats.mix import city_tier_share, discount_depth, discount_sentence, home_delivery

WINDOW = {"start": "2018-11-01", "end": "2018-11-30"}


def orders(*rows):
    """Orders from dicts; order ids are numbered, paid at noon, net = gross = amount."""
    full = []
    for number, row in enumerate(rows):
        amount, day = row.pop("amount", 100), row.pop("day", "2018-11-05")
        full.append({
            "order_id": f"o{number}", "account": "a:1", "paid_at": f"{day} 12:00", "paid_on": day,
            "gross_amount": amount, "refund_amount": 0, "net_amount": amount, **row,
        })  # fmt: skip
    return canonical("orders", full)


def test_only_the_first_order_of_a_person_is_new():
    table = orders({"day": "2018-11-05"}, {"day": "2018-10-05"}, {"account": "a:2"}, {"account": None})
    new = first_orders(table, of_accounts("a:1", "a:2")).execute().set_index("order_id")["new"].to_dict()
    assert new == {"o0": 0, "o1": 1, "o2": 1}


def test_ledger_of_formats_sums_to_all_and_counts_a_buyer_once():
    table = orders(
        {"format": "guide", "amount": 300}, {"format": "official_store"}, {"format": "platform", "account": None},
        {"format": None, "account": "a:2", "day": "2018-10-02"}, {"format": "guide", "account": "a:2"},
    )  # fmt: skip
    found = format_ledger(table, of_accounts("a:1", "a:2"), **WINDOW).set_index("format")
    parts = found.drop("all")
    assert parts["net_amount"].sum() == found.loc["all", "net_amount"] == 600
    assert parts["orders"].sum() == found.loc["all", "orders"] == 4
    assert (parts["buyers"].sum(), found.loc["all", "buyers"]) == (3, 2)
    assert found.loc["guide", ["buyers", "new_buyers"]].tolist() == [2, 1]
    assert found.loc["platform", "buyers"] == 0
    assert found.loc["guide", "order_value"] == 200


def test_new_in_another_format_is_not_new_again():
    table = orders({"format": "platform", "day": "2018-11-02"}, {"format": "guide", "day": "2018-11-09"})
    found = format_ledger(table, of_accounts("a:1"), **WINDOW).set_index("format")
    assert found.loc["guide", "new_buyers"] == 0
    assert found.loc["all", "new_buyers"] == 1


def test_cost_of_a_new_customer_by_hand():
    spend = canonical("spend", [{"touchpoint": "ads", "item": "x", "day": "2018-11-02", "amount": 1000}])
    rows = [{"account": f"a:{i}", "touchpoint": "ads"} for i in range(10)]
    rows += [{"account": "a:0", "touchpoint": "ads", "day": "2018-10-01"}, {"account": "a:11", "touchpoint": "guide"}]
    found = acquisition_cost(spend, orders(*rows), of_accounts(*(f"a:{i}" for i in range(12))), **WINDOW)
    ads = found.set_index("touchpoint").loc["ads"]
    assert ads[["spend", "new_buyers", "buyers"]].tolist() == [1000, 9, 10]
    assert ads["cost_per_new"] == pytest.approx(1000 / 9)
    assert ads["cost_low"] == pytest.approx(1000 / 17.085, rel=1e-3)  # exact Poisson limits of 9: 4.115, 17.085
    assert ads["cost_high"] == pytest.approx(1000 / 4.115, rel=1e-3)
    assert ads["new_share"] == 0.9
    assert np.isnan(ads["marginal_cost"])
    assert "guide" not in set(found["touchpoint"])


def test_marginal_cost_leaves_out_those_who_come_anyway():
    """Ten come every week without spend; each 50 spent bring one more: mean cost is below 50."""
    days = pd.date_range("2018-09-03", periods=12, freq="7D")
    amounts = [100 * (i % 4) + 100 for i in range(12)]
    spend = canonical("spend", [
        {"touchpoint": "ads", "item": "x", "day": str(d.date()), "amount": a}
        for d, a in zip(days, amounts, strict=True)
    ])  # fmt: skip
    rows = [
        {"account": f"a:{w}-{i}", "touchpoint": "ads", "day": str(d.date())}
        for w, (d, a) in enumerate(zip(days, amounts, strict=True))
        for i in range(10 + a // 50)
    ]
    accounts = of_accounts(*(row["account"] for row in rows))
    found = acquisition_cost(spend, orders(*rows), accounts, start="2018-09-03", end="2018-11-30")
    row = found.set_index("touchpoint").loc["ads"]
    assert row["marginal_cost"] == pytest.approx(50, rel=1e-6)
    assert row["cost_per_new"] < 20


def lines_for(categories):
    return canonical("order_lines", [
        {"order_id": f"o{i}", "line": "1", "paid_at": "2018-11-05", "paid_on": "2018-11-05", "product_id": "p",
         "category": category, "net_amount": 10}
        for i, category in enumerate(categories)
    ])  # fmt: skip


def test_a_dearer_goods_mix_is_not_a_dearer_customer():
    """Coats cost 900 and socks 100 on both sides; the private side just sells more coats."""
    rows, categories = [], []
    for where, coats, socks in (("guide", 90, 10), ("platform", 10, 90)):
        rows += [{"format": where, "amount": 900} for _ in range(coats)] + [{"format": where} for _ in range(socks)]
        categories += ["coat"] * coats + ["sock"] * socks
    found = value_against_platform(orders(*rows), lines_for(categories), **WINDOW)
    one = found.iloc[0]
    assert one["ratio"] == pytest.approx(820 / 180)
    assert one["ratio_same_goods"] == pytest.approx(1)
    assert one["common"] == 1
    assert "with the platform's mix of goods 1.00 times" in value_sentence(found)


def test_lines_without_a_category_take_their_products():
    """Order exports name the product alone; its category stands in the list of goods."""
    rows = [{"format": where, "amount": 900} for where in ("guide", "platform") for _ in range(40)]
    bare = lines_for([None] * 80)
    untold = value_against_platform(orders(*rows), bare, **WINDOW)
    assert untold["category_share"].item() == 0
    assert "neither order lines nor products tell a category" in value_sentence(untold)
    assert "均未注明品类" in value_sentence(untold, "zh")
    goods = canonical("products", [{"product_id": "p", "category": "coat"}])
    found = value_against_platform(orders(*rows), bare, goods, **WINDOW)
    assert found["ratio_same_goods"].item() == pytest.approx(1)
    assert found["common"].item() == found["category_share"].item() == 1
    told = value_against_platform(orders(*rows), lines_for(["coat"] * 80), **WINDOW)
    assert found.equals(told)
    twice = value_against_platform(orders(*rows), lines_for(["coat"] * 40 + ["sock"] * 40), **WINDOW)
    assert "no category in common" in value_sentence(twice)


def test_dearer_orders_of_the_same_goods_are_found_with_interval():
    draws = np.random.default_rng(3)
    rows = [
        {"format": where, "amount": int(base * times * draws.gamma(4, 0.25))}
        for where, times in (("official_store", 3), ("platform", 1))
        for base in [10_000] * 150 + [30_000] * 150
    ]
    found = value_against_platform(orders(*rows), lines_for((["a"] * 150 + ["b"] * 150) * 2), **WINDOW).iloc[0]
    assert found["ratio_low"] < 3 < found["ratio_high"]
    assert found["ratio_high"] / found["ratio_low"] < 1.4


def test_no_platform_orders_say_so():
    found = value_against_platform(orders({"format": "guide"}), lines_for(["a"]))
    assert found.empty
    assert "cannot be compared" in value_sentence(found)


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
        format_ledger(none, persons), acquisition_cost(canonical("spend"), none, persons, **WINDOW),
        value_against_platform(none, canonical("order_lines")), home_delivery(none), discount_depth(none, **WINDOW),
        city_tier_share(none, members, persons, tiers, **WINDOW),
    ):  # fmt: skip
        assert table.empty
        assert table.columns[0] == "merchant"
    assert "cannot be shown" in discount_sentence(discount_depth(none, **WINDOW))


def test_a_season_that_moves_spend_and_customers_is_no_marginal_cost():
    """Spend wins nobody; both follow one wave over the year. Levels told a cost in half of such records."""
    draws, told = np.random.default_rng(4), 0
    mondays = pd.date_range("2018-01-01", periods=52, freq="7D").strftime("%Y-%m-%d")
    wave = 0.3 * np.sin(4 * np.pi * np.arange(52) / 52)
    for _ in range(12):
        amounts, new = 100_000 * np.exp(wave + 0.2 * draws.standard_normal(52)), draws.poisson(8 * np.exp(wave))
        spend = canonical("spend", [
            {"touchpoint": "ads", "item": "x", "day": d, "amount": int(a)} for d, a in zip(mondays, amounts, strict=True)
        ])  # fmt: skip
        who = [f"a:{w}-{i}" for w, n in enumerate(new) for i in range(n)]
        rows = [{"account": a, "touchpoint": "ads", "day": mondays[int(a[2:].split("-")[0])]} for a in who]
        found = acquisition_cost(spend, orders(*rows), of_accounts(*who), start="2018-01-01", end="2018-12-31")
        told += found.set_index("touchpoint")["marginal_cost"].notna()["ads"]
    assert told <= 2


def test_customers_that_come_in_bursts_make_their_cost_less_sure():
    mondays = pd.date_range("2018-09-03", periods=8, freq="7D").strftime("%Y-%m-%d")
    spend = canonical("spend", [{"touchpoint": "ads", "item": "x", "day": d, "amount": 1000} for d in mondays])
    width = {}
    for name, new in (("even", [4] * 8), ("bursts", [32, *[0] * 7])):
        rows = [
            {"account": f"a:{w}-{i}", "touchpoint": "ads", "day": mondays[w]} for w in range(8) for i in range(new[w])
        ]
        accounts = of_accounts(*(row["account"] for row in rows))
        row = acquisition_cost(spend, orders(*rows), accounts, start="2018-09-03", end="2018-10-31").iloc[0]
        assert row["cost_low"] <= row["cost_per_new"] == 250
        width[name] = row["cost_low"]
    assert width["even"] == pytest.approx(8000 / 45.17, rel=1e-3)  # exact Poisson limit of 32
    assert width["bursts"] < width["even"] / 2


def test_categories_of_one_order_do_not_make_a_ratio_sure():
    """Thirty categories, one private order each: half the orders of a coin worth 1 or 3, the truth is 1."""
    draws, held = np.random.default_rng(5), 0
    for _ in range(10):
        rows = [{"format": "platform", "amount": int(100 * v)} for v in draws.lognormal(0, 0.8, 90)]
        rows += [{"format": "guide", "amount": int(100 * v)} for v in draws.lognormal(0, 0.8, 30)]
        kinds = [str(i % 30) for i in range(90)] + [str(i % 28) for i in range(30)]
        one = value_against_platform(orders(*rows), lines_for(kinds), **WINDOW).iloc[0]
        held += one["ratio_low"] <= 1 <= one["ratio_high"]
    assert held >= 8
    rows = [{"format": where, "amount": 100 + i} for where in ("guide", "platform") for i in range(3)]
    alone = value_against_platform(orders(*rows), lines_for(["a", "b", "c"] * 2), **WINDOW)
    assert alone[["ratio_low", "ratio_high"]].isna().all(axis=None)
    assert "too few orders to say how sure" in value_sentence(alone)
    assert "无法给出区间" in value_sentence(alone, "zh")
