"""Claims about the official store: entrances, funnel, returns, value of a visitor, messages."""

import numpy as np
import pandas as pd
import pytest
from formats_tables import SCENES, canonical, of_accounts

from retailkit.formats.rates import concentration, gini, share_of
from retailkit.formats.store_front import (
    funnel_sentence,
    long_tail,
    push_funnel,
    repeat_visits,
    scene_funnel,
    visitor_value,
    visits,
)


def sessions(*rows):
    """Sessions from (account, day, scene, step, extras)."""
    full = []
    for number, (account, day, scene, step, *extra) in enumerate(rows):
        row = {
            "session_id": f"s{number}", "account": account, "started_at": f"2018-11-{day:02d} 10:00",
            "started_on": f"2018-11-{day:02d}", "scene": scene, "furthest_step": step,
        }  # fmt: skip
        full.append({**row, **(extra[0] if extra else {})})
    return canonical("sessions", full)


def orders(*rows):
    """Orders from (order, account, day, net amount)."""
    return canonical("orders", [
        {"order_id": o, "account": a, "paid_at": f"2018-11-{d:02d} 11:00", "paid_on": f"2018-11-{d:02d}",
         "gross_amount": n, "refund_amount": 0, "net_amount": n}
        for o, a, d, n in rows
    ])  # fmt: skip


def test_query_ids_show_guides_groups_and_shares_that_scenes_hide():
    table = sessions(
        ("a:1", 1, "1007", "visit", {"guide": "g1"}),
        ("a:2", 1, "1007", "visit", {"group_id": "q1"}),
        ("a:3", 1, "1007", "visit", {"share_parent": "n0"}),
        ("a:4", 1, "1007", "visit"),
        ("a:5", 1, "1089", "visit", {"guide": "g1"}),
        ("a:6", 1, "1038", "visit"),
        ("a:7", 1, "1129", "visit"),
        ("a:8", 1, "9999", "visit"),
    )
    entrance = visits(table, SCENES).execute().set_index("account")["entrance"].to_dict()
    assert entrance == {
        "a:1": "guide", "a:2": "group", "a:3": "sharing", "a:4": "single_chat", "a:5": "direct_return",
        "a:6": "continuation", "a:8": "unknown",
    }  # fmt: skip


def test_funnel_counts_people_and_narrows():
    table = sessions(
        ("a:1", 1, "1035", "pay"), ("a:1", 2, "1035", "visit"), ("a:2", 1, "1035", "cart"),
        ("a:3", 1, "1035", "product"), ("a:4", 1, "1008", "visit"),
    )  # fmt: skip
    funnel = scene_funnel(table, SCENES).set_index(["entrance", "step"])
    assert funnel.loc["all", "visitors"].tolist() == [4, 3, 2, 1, 1]
    assert funnel.loc["official_account", "visitors"].tolist() == [3, 3, 2, 1, 1]
    assert funnel.loc["group_chat", "visitors"].tolist() == [1, 0, 0, 0, 0]
    assert funnel.loc[("all", "pay"), "share"] == pytest.approx(0.25)
    assert funnel.loc[("all", "checkout"), "step_share"] == pytest.approx(0.5)
    assert "25.0% of the visitors paid" in funnel_sentence(funnel.reset_index())


def test_a_step_that_no_visit_ever_stops_at_is_not_told():
    """A hundred pay, a hundred leave their carts, nobody is seen at checkout: half of those with a cart pay, not all at checkout."""
    rows = [(f"a:{i}", 1, "1035", "pay" if i < 100 else "cart") for i in range(200)]
    funnel = scene_funnel(sessions(*rows), SCENES)
    steps = funnel[funnel["entrance"] == "all"].set_index("step")
    assert list(steps.index) == ["visit", "cart", "pay"], "nobody stops at a product's page either"
    assert steps.loc["pay", "step_share"] == 0.5
    assert "the narrowest step is pay, reached by 50%" in funnel_sentence(funnel)
    assert "do not tell of product and checkout" in funnel_sentence(funnel)
    told = scene_funnel(sessions(*rows, ("a:x", 1, "1035", "checkout")), SCENES)
    assert "checkout" in set(told["step"])


def test_visitors_return_on_another_day_not_twice_within_one():
    table = sessions(("a:1", 1, "1035", "visit"), ("a:1", 1, "1035", "visit"), ("a:2", 1, "1035", "visit"),
                     ("a:2", 4, "1035", "visit"), ("a:2", 5, "1008", "visit"))  # fmt: skip
    rows = repeat_visits(table, SCENES).set_index("entrance")
    assert rows.loc["all", ["visitors", "visits", "returned", "visit_share"]].tolist() == [2, 5, 1, 1]
    row = rows.loc["official_account"]
    assert (row["visitors"], row["visits"], row["returned"], row["visits_per_visitor"]) == (2, 4, 1, 2)
    assert row["visit_share"] == pytest.approx(4 / 5)


def test_who_comes_back_by_another_entrance_came_back():
    """Ann comes by the account, then by herself; Bo once. One of two came back, though by no entrance twice."""
    table = sessions(("a:ann", 1, "1035", "visit"), ("a:ann", 2, "1008", "visit"), ("a:bo", 1, "1035", "visit"))
    rows = repeat_visits(table, SCENES).set_index("entrance")
    assert rows["returned"].drop("all").sum() == 0
    assert rows.loc["all", ["visitors", "returned", "return_share"]].tolist() == [2, 1, 0.5]


def test_value_of_a_visitor_is_conversion_times_buyer_value():
    table = sessions(
        ("a:1", 1, "1035", "pay", {"order_id": "o1"}),
        ("a:2", 1, "1035", "visit"),
        ("a:1", 2, "1008", "pay", {"order_id": "o2"}),
        ("a:3", 2, "1008", "pay", {"order_id": "o3"}),
    )
    value = visitor_value(table, orders(("o1", "a:1", 1, 100), ("o2", "a:1", 2, 50), ("o3", "a:3", 2, 10)), SCENES)
    rows = value.set_index("entrance")
    assert rows.loc["all", ["visitors", "buyers", "orders", "net_amount"]].tolist() == [3, 2, 3, 160]
    assert rows.loc["official_account", "visitor_value"] == 50
    exact = rows["conversion"] * rows["buyer_value"]
    assert exact.to_numpy() == pytest.approx(rows["visitor_value"].to_numpy())


def test_long_tail_is_what_the_best_products_leave():
    lines = [
        {"order_id": "o", "line": str(i), "paid_at": "2018-11-01", "paid_on": "2018-11-01", "product_id": f"x{i}",
         "net_amount": amount}
        for i, amount in enumerate([500, 300, 100, 60, 40, -20])
    ]  # fmt: skip
    tail = long_tail(canonical("order_lines", lines), tops=(1, 2, 10))
    assert tail["top"].tolist() == [1, 2]
    assert tail["tail_share"].tolist() == [0.5, 0.2]


def test_messages_followed_by_an_order_within_the_days():
    pushes = canonical("pushes", [
        {"push_id": f"{i}", "campaign_id": "c", "account": f"a:{i}", "touchpoint": "service_message",
         "sent_at": "2018-11-01 09:00", "sent_on": "2018-11-01", "opened_at": opened}
        for i, opened in enumerate(["2018-11-01 10:00", None, None, None])
    ])  # fmt: skip
    bought = orders(("o0", "a:0", 3, 70), ("o1", "a:1", 20, 70), ("o2", "b:2", 2, 30), ("o3", "a:3", 8, 5))
    accounts = of_accounts("a:0", "a:1", "a:3").union(
        canonical("persons", [{"account": a, "person": "two", "accounts": 2} for a in ("a:2", "b:2")])
    )
    row = push_funnel(pushes, canonical("campaigns"), bought, accounts, days=7).iloc[0]
    assert (row["sent"], row["receivers"], row["opened"], row["ordered"]) == (4, 4, 1, 3)
    assert row["net_amount"] == 105
    assert pd.isna(row["delivered"])


def test_an_order_paid_before_the_hour_of_the_message_does_not_follow_it():
    """Orders are paid at 11:00; one message went out that morning, the other in the afternoon."""
    for hour, ordered in (("09:00", 1), ("15:00", 0)):
        pushes = canonical("pushes", [
            {"push_id": "1", "campaign_id": "c", "account": "a:0", "touchpoint": "service_message",
             "sent_at": f"2018-11-05 {hour}", "sent_on": "2018-11-05"}
        ])  # fmt: skip
        row = push_funnel(pushes, canonical("campaigns"), orders(("o", "a:0", 5, 9)), of_accounts("a:0")).iloc[0]
        assert (row["ordered"], row["net_amount"]) == (ordered, 9 * ordered)


def test_mailing_without_a_date_counts_over_its_campaign():
    pushes = canonical("pushes", [{"push_id": "1", "campaign_id": "18", "account": "a:0", "touchpoint": "mailing"}])
    campaign = canonical("campaigns", [
        {"campaign_id": "18", "campaign": "Type A", "starts_on": "2018-11-01", "ends_on": "2018-11-20"}
    ])  # fmt: skip
    late, within = orders(("o", "a:0", 21, 9)), orders(("o", "a:0", 19, 9))
    assert push_funnel(pushes, campaign, late, of_accounts("a:0"))["ordered"].tolist() == [0]
    assert push_funnel(pushes, campaign, within, of_accounts("a:0"))["ordered"].tolist() == [1]


def test_empty_tables_give_empty_results_with_their_columns():
    none = canonical("sessions")
    for found in (
        scene_funnel(none, SCENES), repeat_visits(none, SCENES), visitor_value(none, canonical("orders"), SCENES),
        long_tail(canonical("order_lines")),
        push_funnel(canonical("pushes"), canonical("campaigns"), canonical("orders"), canonical("persons")),
    ):  # fmt: skip
        assert found.empty
        assert found.columns[0] == "merchant"
    assert "No visits" in funnel_sentence(scene_funnel(none, SCENES))


def test_rates_above_one_are_refused():
    with pytest.raises(ValueError, match="above 100%"):
        share_of(3, 2)


def test_gini_of_halves_by_hand():
    """Two guides with 1 and 3: |1-3| summed over both orders, over 2 n sum = 4 / 16."""
    assert gini([1, 3]) == pytest.approx(0.25)
    table = concentration(pd.DataFrame({"merchant": "m", "amount": [0, 0, 0, 10]}), "amount")
    assert table.loc[0, ["holders", "active", "best", "best_share"]].tolist() == [4, 1, 10, 1]


def test_the_interval_of_a_gini_of_ten_guides_holds_the_gini_of_all_such_guides():
    """Log-normal sales with sigma 1 have the Gini 2 Phi(1 / sqrt 2) - 1 = 0.52; drawing the ten again held it in half."""
    draws = np.random.default_rng(1)
    sales = pd.DataFrame({"merchant": np.repeat(np.arange(200), 10), "amount": draws.lognormal(0, 1, 2000)})
    table = concentration(sales, "amount")
    assert table["gini_low"].le(0.5205).mul(table["gini_high"] >= 0.5205).mean() > 0.86
    assert ((table["gini_low"] <= table["gini"]) & (table["gini"] <= table["gini_high"])).all()
    yuan = concentration(sales.assign(amount=sales["amount"] / 100), "amount")
    np.testing.assert_allclose(yuan["gini_low"], table["gini_low"])
    one = concentration(pd.DataFrame({"merchant": "m", "amount": [0, 0, 9]}), "amount")
    assert one[["gini_low", "gini_high"]].isna().all(axis=None), "one who has all tells nothing of others"
