"""Claims about cross-shop, gain and loss, association, the decision hierarchy and vintages."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_data import random_orders, tables

from retailkit.segment import (
    association,
    cross_shop,
    decision_hierarchy,
    gain_loss,
    vintage_retention,
    vintage_sentence,
)
from retailkit.segment.errors import SaidError

AS_OF = "2024-12-01"
SPANS = {"before": ("2024-01-01", "2024-06-01"), "after": ("2024-06-01", "2024-12-01")}


def test_cross_shop_puts_every_buyer_in_one_combination():
    orders = random_orders(1)
    table, persons = tables(orders)
    found = cross_shop(table, persons, AS_OF, "shop_id", ("s1", "s2")).set_index("combination")
    known = orders[orders["paid_on"] < AS_OF].merge(persons.to_pandas(), on=["merchant", "account"])
    shops = known.groupby("person")["shop_id"].agg(set)
    assert found["persons"].sum() == len(shops)
    assert found.loc["s1 + s2", "persons"] == sum({"s1", "s2"} <= s for s in shops)
    assert found["net_amount"].sum() == known[known["shop_id"].isin(["s1", "s2"])]["net_amount"].sum()
    assert found["share"].sum() == pytest.approx(1)


def test_who_bought_before_and_gave_all_back_is_not_new():
    orders = random_orders(1).head(2)
    orders = orders.assign(account="crm:002", format="guide", paid_on=pd.to_datetime(["2024-02-01", "2024-07-01"]))
    orders = orders.assign(gross_amount=900, refund_amount=[900, 0], net_amount=[0, 900])
    found = gain_loss(*tables(orders), "format", ("guide",), ("shop",), **SPANS).set_index("reason")["amount"]
    assert (found["new"], found["more"]) == (0, 900)
    back = orders.assign(refund_amount=[0, 900], net_amount=[900, 0])
    found = gain_loss(*tables(back), "format", ("guide",), ("shop",), **SPANS).set_index("reason")["amount"]
    assert (found["lost"], found["less"]) == (0, -900)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_gains_and_losses_add_up_to_the_change(seed):
    orders = random_orders(seed, persons=20)
    table, persons = tables(orders)
    found = gain_loss(table, persons, "format", ("guide",), ("shop",), **SPANS)
    focus = orders[orders["format"] == "guide"]
    sums = [
        focus[(focus["paid_on"] >= first) & (focus["paid_on"] < end)]["net_amount"].sum()
        for first, end in SPANS.values()
    ]
    assert found["amount"].sum() == sums[1] - sums[0]


def test_a_person_who_moved_spend_is_a_switch_and_no_growth():
    def order(number, account, day, fmt, amount):
        return ("m", str(number), account, pd.Timestamp(day), fmt, amount)

    rows = [
        order(1, "crm:001", "2024-02-01", "shop", 900),
        order(2, "crm:001", "2024-07-01", "guide", 1000),
        order(3, "crm:001", "2024-02-02", "guide", 100),
        order(4, "crm:002", "2024-07-02", "guide", 50),
        order(5, "crm:003", "2024-02-03", "guide", 70),
        order(6, None, "2024-07-03", "guide", 11),
    ]
    orders = pd.DataFrame(rows, columns=["merchant", "order_id", "account", "paid_on", "format", "net_amount"])
    found = gain_loss(*tables(orders), "format", ("guide",), ("shop",), **SPANS).set_index("reason")["amount"]
    assert found.to_dict() == {
        "new": 50, "from_rivals": 900, "more": 0, "lost": -70, "to_rivals": 0, "less": 0, "unknown_person": 11,
    }  # fmt: skip


def basket_lines(baskets: list[tuple[str, list[str]]]) -> tuple[ibis.Table, ibis.Table]:
    rows = [
        ("m", f"o{i}", f"crm:{person}", pd.Timestamp("2024-03-01"), item, item, 100)
        for i, (person, items) in enumerate(baskets)
        for item in items
    ]
    names = ["merchant", "order_id", "account", "paid_on", "product_id", "category", "net_amount"]
    lines = pd.DataFrame(rows, columns=names)
    persons = lines[["merchant", "account"]].drop_duplicates().assign(person=lambda t: t["account"])
    return ibis.memtable(lines).mutate(paid_on=ibis._.paid_on.cast("date")), ibis.memtable(persons)


def test_association_counts_orders_as_by_hand():
    draw = np.random.default_rng(1)
    baskets = [(str(i % 9), [x for x in "abcd" if draw.random() < 0.5] or ["a"]) for i in range(200)]
    found = association(basket_lines(baskets)[0], AS_OF, "product_id", min_orders=5).set_index(["item", "other"])
    sets = [set(items) for _, items in baskets]
    a, b, both = sum("a" in s for s in sets), sum("b" in s for s in sets), sum({"a", "b"} <= s for s in sets)
    row = found.loc[("a", "b")]
    assert row["support"] == pytest.approx(both / 200)
    assert row["confidence"] == pytest.approx(both / a)
    assert row["lift"] == pytest.approx(both * 200 / (a * b))
    assert row["lift_low"] < row["lift"] < row["lift_high"]
    assert row["lift"] == found.loc[("b", "a")]["lift"]


def test_association_of_independent_items_covers_one():
    draw = np.random.default_rng(2)
    covered = []
    for _ in range(25):
        baskets = [("1", [x for x in "ab" if draw.random() < 0.4] or ["c"]) for _ in range(150)]
        row = association(basket_lines(baskets)[0], AS_OF, "product_id").set_index(["item", "other"]).loc[("a", "b")]
        covered.append(row["lift_low"] <= 1 <= row["lift_high"])
    assert np.mean(covered) > 0.7


def test_stand_ins_merge_before_things_used_together():
    baskets = []
    for i in range(40):
        brand = ["cola_a", "cola_b"] if i % 2 else ["tea_a", "tea_b"]
        baskets += [(str(i), [brand[0]]), (str(i), [brand[1]])]
    merges = decision_hierarchy(*basket_lines(baskets), AS_OF)
    assert set(merges["members"].head(2)) == {"cola_a + cola_b", "tea_a + tea_b"}
    assert merges["distance"].is_monotonic_increasing
    assert merges["products"].iloc[-1] == 4


def test_one_product_has_no_hierarchy():
    assert decision_hierarchy(*basket_lines([("1", ["a"])]), AS_OF).empty


def test_a_hierarchy_is_of_one_merchant():
    lines, persons = basket_lines([("1", ["a"]), ("1", ["b"])])
    other = lines.mutate(merchant=ibis.literal("other")), persons.mutate(merchant=ibis.literal("other"))
    both = [one.union(two) for one, two in zip((lines, persons), other, strict=True)]
    with pytest.raises(SaidError, match=r"of m, other: filter them by merchant"):
        decision_hierarchy(*both, AS_OF)


def test_a_month_that_has_not_ended_is_unknown_and_not_zero():
    table, persons = tables(random_orders(3))
    found = vintage_retention(table, persons, "2024-06-15")
    may = found[found["vintage"] == "2024-01"].set_index("age_months")
    assert pd.isna(may.loc[5, "buyers"])
    assert np.isnan(may.loc[5, "retention"])
    assert not may.loc[:4, "buyers"].isna().any()
    assert 6 not in may.index
    whole = vintage_retention(table, persons, "2024-06-01")
    assert whole["retention"].notna().all()


def test_vintages_equal_plain_pandas():
    orders = random_orders(4)
    table, persons = tables(orders)
    found = vintage_retention(table, persons, "2024-10-01")
    known = orders[orders["paid_on"] < "2024-10-01"].merge(persons.to_pandas(), on=["merchant", "account"])
    known["month"] = known["paid_on"].dt.to_period("M")
    first = known.groupby("person")["month"].min()
    for row in found.itertuples():
        mine = first[first == pd.Period(row.vintage)].index
        bought = known[known["person"].isin(mine) & (known["month"] == pd.Period(row.vintage) + row.age_months)]
        assert row.persons == len(mine)
        assert row.buyers == bought["person"].nunique()
        assert row.gross_amount == bought["gross_amount"].sum()
    assert (found[found["age_months"] == 0]["retention"] == 1).all()
    assert "bought again" in vintage_sentence(found) or "not yet two" in vintage_sentence(found)


def test_future_orders_change_no_cell():
    orders = random_orders(5)
    early = orders[orders["paid_on"] < "2024-08-01"]
    pair = [vintage_retention(*tables(o), "2024-08-01") for o in (early, orders)]
    pd.testing.assert_frame_equal(*pair)
    pair = [cross_shop(*tables(o), "2024-08-01", "format", ("guide", "shop")) for o in (early, orders)]
    pd.testing.assert_frame_equal(*pair)


def test_no_orders_give_empty_tables():
    table, persons = tables(random_orders(6))
    assert vintage_retention(table, persons, "2000-01-01").empty
    assert cross_shop(table, persons, "2000-01-01", "format", ("guide", "shop")).empty
    assert "not yet two vintages" in vintage_sentence(vintage_retention(table, persons, "2000-01-01"))


def test_impossible_comparisons_are_refused():
    table, persons = tables(random_orders(7))
    with pytest.raises(ValueError, match="cannot compare by 'colour' in this table; it has format, shop_id"):
        cross_shop(table, persons, AS_OF, "colour", ("a", "b"))
    with pytest.raises(ValueError, match="two to six"):
        cross_shop(table, persons, AS_OF, "format", ("guide",))
    with pytest.raises(ValueError, match="focus and rival"):
        gain_loss(table, persons, "format", ("guide",), ("guide",), **SPANS)


def test_a_day_in_both_spans_is_refused():
    table, persons = tables(random_orders(7))
    for before, after in (
        (("2024-01-01", "2024-07-01"), ("2024-06-01", "2024-12-01")),
        (("2024-06-01", "2024-12-01"), ("2024-01-01", "2024-06-01")),
        (("2024-06-01", "2024-06-01"), ("2024-06-01", "2024-12-01")),
    ):
        with pytest.raises(SaidError, match="overlap or run backwards"):
            gain_loss(table, persons, "format", ("guide",), ("shop",), before, after)


def test_older_vintages_of_several_merchants_are_older_by_month_and_not_by_name():
    orders = pd.concat([random_orders(1, merchant="m"), random_orders(2, merchant="n")])
    found = vintage_retention(*tables(orders), AS_OF)
    known = found[(found["age_months"] == 1) & found["retention"].notna() & ~found["first_month_of_data"].astype(bool)]
    months = sorted(known["vintage"].unique())
    older = known[known["vintage"] <= months[len(months) // 2 - 1]]
    share = older["buyers"].sum() / older["persons"].sum()
    assert f"{share:.0%} of the older vintages (to {months[len(months) // 2 - 1]})" in vintage_sentence(found)


@pytest.mark.parametrize("ask", [
    lambda t, p: cross_shop(t, p, AS_OF, "format", ("guide", "shopp")),
    lambda t, p: gain_loss(t, p, "format", ("guide",), ("shopp",), **SPANS),
])  # fmt: skip
def test_a_value_that_stands_nowhere_is_a_slip_and_no_shop_without_buyers(ask):
    with pytest.raises(ValueError, match="no format 'shopp' in this table; there are community, guide, shop"):
        ask(*tables(random_orders(1)))


def test_a_format_that_the_merchant_does_not_run_is_no_slip():
    orders = random_orders(1)
    found = cross_shop(*tables(orders), AS_OF, "format", ("guide", "popup"))
    assert set(found["combination"]) <= {"guide", "none"}
    known = orders.dropna(subset=["account"])
    assert (
        found["net_amount"].sum()
        == known.loc[(known["format"] == "guide") & (known["paid_on"] < AS_OF), "net_amount"].sum()
    )


def test_lines_without_a_category_take_their_products_or_are_told():
    baskets = [("1", ["a", "b"])] * 30 + [("2", ["a"])] * 5 + [("3", ["b"])] * 5
    lines = basket_lines(baskets)[0].mutate(category=ibis.null("string"))
    with pytest.raises(ValueError, match="no line tells its category; where products tell categories, give products="):
        association(lines, AS_OF)
    goods = ibis.memtable({"merchant": ["m", "m"], "product_id": ["a", "b"], "category": ["coat", "sock"]})
    pair = association(lines, AS_OF, products=goods).set_index(["item", "other"]).loc[("coat", "sock")]
    assert pair["support"] == pytest.approx(30 / 40)
    assert pair["confidence"] == pytest.approx(30 / 35)
