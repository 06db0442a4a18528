"""Claims about private orders beside platform orders: like goods, how sure, and what lines do not tell."""

import numpy as np
import pytest
from formats_tables import WINDOW, canonical, orders

from retailkit.formats.against_platform import value_against_platform, value_sentence


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


def test_no_platform_orders_say_so():
    found = value_against_platform(orders({"format": "guide"}), lines_for(["a"]))
    assert found.empty
    assert "cannot be compared" in value_sentence(found)


def test_nothing_sold_gives_an_empty_table():
    table = value_against_platform(canonical("orders"), canonical("order_lines"))
    assert table.empty
    assert table.columns[0] == "merchant"
