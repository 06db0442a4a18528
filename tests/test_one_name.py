"""A touchpoint that sources call by two names is one, wherever a study reads it; a merchant's own names stay and are told."""

from pathlib import Path
from types import SimpleNamespace

import attribute_tables as tables
import pandas as pd
import pytest

from retailkit import attribute
from retailkit.attribute.names import nearest
from retailkit.attribute.scenes import touchpoint_titles
from retailkit.formats import acquisition_cost
from retailkit.load import open_store, save_table
from retailkit.schema import KPI_NODES, OTHER_NAMES, TABLES
from retailkit.targets import with_owners
from retailkit.targets.tree import NODES

DAY = pd.Timestamp("2024-03-01")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Three orders of 100: two after a share (one visit by its id, one by the merchant's tag), one after a group's card."""
    paid = [("o1", "app:1", "2024-03-05 10:00:00", 100), ("o2", "app:2", "2024-03-05 11:00:00", 100)]
    paid.append(("o3", "app:3", "2024-03-05 12:00:00", 100))
    seen = [
        ("a", "app:1", "2024-03-05 09:50:00", "1007", {"share_parent": "n1", "order_id": "o1"}),
        ("b", "app:2", "2024-03-05 10:50:00", "1089", {"order_id": "o2"}),
        ("c", "app:2", "2024-03-04 10:50:00", "1036", {"touchpoint": "share"}),
        ("d", "app:3", "2024-03-05 11:50:00", "1008", {"order_id": "o3"}),
    ]
    keep(tmp_path, "orders", tables.orders(paid))
    keep(tmp_path, "sessions", tables.sessions(seen))
    return tmp_path


def keep(store: Path, name: str, rows: pd.DataFrame | list[dict]) -> None:
    save_table(store, name, pd.DataFrame(rows).assign(merchant="m"), replace=False)


def walked(store: Path):
    """The open store with its touches, paths, and a ledger that credits the last touch that is no return."""
    t = open_store(store, "m", "2024-04-01")
    touches = attribute.touches(t.sessions, orders=t.orders, campaigns=t.campaigns, pushes=t.pushes)
    paths = attribute.paths(touches, t.orders, t.persons, direct="drop")
    return t, touches, paths, attribute.credit(paths, "last_non_direct")


def owned(node: str, owner: str) -> dict:
    return {"node": node, "owner": owner, "share": 1.0, "valid_from": DAY}


def test_every_other_name_is_read_as_a_name_of_the_vocabulary_and_as_nothing_further():
    titles = touchpoint_titles()
    assert set(OTHER_NAMES.values()) <= set(titles)
    assert not set(OTHER_NAMES) & {*titles, *OTHER_NAMES.values()}
    told = {
        s for c in ("touchpoint", "visit_distribution", "wefenxi", "youshu") for s in attribute.scenes(c)["touchpoint"]
    }
    assert not told & set(OTHER_NAMES)


def test_every_column_that_holds_touchpoints_is_read_under_one_name(tmp_path):
    columns = [(t.name, c.name) for t in TABLES.values() for c in t.columns if c.touchpoint]
    assert {t.name for t in TABLES.values() if "touchpoint" in t.names} == {n for n, c in columns if c == "touchpoint"}
    assert ("owners", "node") in columns
    keep(tmp_path, "spend", [{"touchpoint": n, "item": n, "day": DAY, "amount": 1, "currency": "CNY"}
                             for n in (*OTHER_NAMES, "poster", None)])  # fmt: skip
    for as_of in (None, "2024-04-01"):
        found = open_store(tmp_path, as_of=as_of).spend.to_pandas().set_index("item")["touchpoint"]
        assert found.dropna().to_dict() == {**OTHER_NAMES, "poster": "poster"}
        assert found.isna().sum() == 1
    assert open_store(tmp_path, as_of="2024-03-01").spend.count().execute() == 0, "what was known is cut as before"


def test_what_was_spent_on_share_meets_the_credit_of_sharing(shop):
    keep(shop, "spend", [{"touchpoint": "share", "item": "x", "day": DAY, "amount": 50, "currency": "CNY"}])
    t, _, _, book = walked(shop)
    by_hand = book.group_by("touchpoint").aggregate(credit=book.credit.sum(), orders=book.share.sum()).execute()
    assert by_hand.set_index("touchpoint")["credit"].to_dict() == {"sharing": 200, "group": 100}
    interval = by_hand.assign(share=by_hand["credit"] / 300, low=by_hand["credit"] / 300, high=by_hand["credit"] / 300)
    found = attribute.returns(attribute.costs(t.spend), interval, incremental=False).set_index("touchpoint")
    assert found.loc["sharing", ["cost", "credit", "orders", "roas", "cost_per_order"]].tolist() == [50, 200, 2, 4, 25]
    assert found.index.tolist() == ["sharing"]


def test_what_was_spent_on_share_is_held_against_the_new_customers_of_sharing(shop):
    keep(shop, "spend", [{"touchpoint": "share", "item": "x", "day": DAY, "amount": 50, "currency": "CNY"}])
    keep(shop, "persons", [{"account": f"app:{i}", "person": f"p{i}"} for i in (1, 2, 3)])
    t = open_store(shop, "m")
    sold = attribute.paid_through(t.orders, t.sessions)
    found = acquisition_cost(t.spend, sold, t.persons, start="2024-03-01", end="2024-03-31").set_index("touchpoint")
    assert found.loc["sharing", ["new_buyers", "cost_per_new"]].tolist() == [1, 50]
    assert set(found.index) == {"sharing", "all"}


def test_who_owns_share_and_group_chat_owns_the_credit_of_sharing_and_group(shop):
    keep(shop, "owners", [owned("share", "ann"), owned("group_chat", "bo")])
    t, _, _, book = walked(shop)
    assert attribute.owned_credit(book, t.owners).set_index("owner")["credit"].to_dict() == {"ann": 200, "bo": 100}
    parts = pd.DataFrame({"part": ["sharing", "group", "search"]})
    assert with_owners(parts, t.owners, "2024-03-05")["owner"].tolist() == ["ann", "bo", ""]


def test_one_owner_who_stands_there_under_both_names_owns_once_and_two_are_told(shop):
    keep(shop, "owners", [owned("share", "ann"), owned("sharing", "ann")])
    t, _, _, book = walked(shop)
    assert attribute.owned_credit(book, t.owners).set_index("owner")["credit"].to_dict() == {
        "ann": 200,
        "(nobody)": 100,
    }
    parts = pd.DataFrame({"part": ["sharing"]})
    assert with_owners(parts, t.owners, "2024-03-05")["owner"].tolist() == ["ann"]
    keep(shop, "owners", [owned("share", "bo")])
    t, _, _, book = walked(shop)
    with pytest.raises(ValueError, match=r"sharing: ann, bo \(share is read as sharing\)"):
        attribute.owned_credit(book, t.owners)


def test_a_lift_test_of_share_bends_the_orders_of_sharing(shop):
    test = {
        "test_id": "t",
        "touchpoint": "share",
        "starts_on": DAY,
        "ends_on": DAY,
        "lift": 0.5,
        "standard_error": 0.01,
    }
    keep(shop, "lift_tests", [test])
    t, touches, paths, _ = walked(shop)
    base = attribute.platform_orders(touches, paths)
    assert base.to_dict() == {"direct_return": 1, "group": 1, "sharing": 1}
    interval = pd.DataFrame({"touchpoint": ["sharing", "organic"], "orders": [2.0, 1.0], "share": [2 / 3, 1 / 3],
                             "low": [0.0, 0.0], "high": [1.0, 1.0]})  # fmt: skip
    found = attribute.calibrate(interval, base, t.lift_tests).set_index("touchpoint")
    assert found.loc["sharing", "basis"] == "tested"
    assert found.loc["sharing", "tested_orders"] == 0.5
    assert found.loc["sharing", "orders"] == pytest.approx(0.5, abs=0.01)


def test_a_tag_of_an_own_classification_is_folded_too():
    own = pd.DataFrame({"scene": ["1", "2"], "touchpoint": ["share", "kiosk"], "role": "touch"})
    assert attribute.scenes(own)["touchpoint"].tolist() == ["sharing", "kiosk"]


def test_a_merchants_own_name_stays_and_is_told_with_the_nearest_in_both_languages(shop):
    spend = [
        {"touchpoint": n, "item": n, "day": DAY, "amount": 5, "currency": "CNY"} for n in ("社群运营", "share", "kiosk")
    ]
    keep(shop, "spend", spend)
    keep(shop, "owners", [owned("kiosk", "ann"), owned("gmv", "bo"), owned("community", "cy"), owned("sharing", "di")])
    t, touches, _, _ = walked(shop)
    assert set(attribute.costs(t.spend)["touchpoint"]) == {"社群运营", "sharing", "kiosk"}
    unmet = attribute.unmet_names(t, touches)
    assert unmet.to_numpy().tolist() == [["kiosk", "costs, owners", ""], ["社群运营", "costs", "group"]]
    english, chinese = (attribute.name_sentences(unmet, lang) for lang in ("en", "zh"))
    assert (
        english[0]
        == "Costs and owners name 'kiosk', which no visit, message, order or campaign has: it meets no sales."
    )
    assert english[1].endswith("it meets no sales (the nearest there is: 'Customer group').")
    assert (
        chinese[1]
        == "费用中的触点“社群运营”在访问、消息、订单和活动中都没有，与任何销售额都对不上（现有触点中最接近的是“社群”）。"
    )
    assert "费用、责任人中的触点“kiosk”" in chinese[0]


def test_names_that_a_campaign_or_a_message_has_are_met(shop):
    keep(shop, "campaigns", [{"campaign_id": "c", "campaign": "Type A", "touchpoint": "kiosk", "starts_on": DAY}])
    keep(shop, "pushes", [{"push_id": "p", "account": "app:1", "touchpoint": "leaflet", "sent_on": DAY}])
    keep(shop, "owners", [owned("kiosk", "ann"), owned("leaflet", "bo")])
    t, touches, _, _ = walked(shop)
    assert attribute.unmet_names(t, touches).empty
    assert attribute.name_sentences(attribute.unmet_names(t, touches)) == []


def test_no_costs_owners_or_tests_name_nothing():
    names = (
        "orders",
        "campaigns",
        "spend",
        "coupons",
        "red_packets",
        "owners",
        "targets",
        "lift_tests",
        "guides",
        "shops",
    )
    nothing = SimpleNamespace(**dict.fromkeys(names))
    assert attribute.unmet_names(nothing, attribute.touches()).empty


def test_the_nearest_name_is_like_in_whole_words():
    assert nearest("WeChat group", ["group", "sharing"]) == "group"
    assert nearest("upcoming", ["pc", "guide"]) == "", "letters inside a word are no likeness"
    assert nearest("导购员", ["guide", "sharing"]) == "guide"


def test_a_campaigns_own_owner_comes_before_its_touchpoints(shop):
    campaigns = [{"campaign_id": c, "campaign": c, "touchpoint": "mailing", "starts_on": DAY} for c in ("A", "B")]
    keep(shop, "campaigns", campaigns)
    sent = pd.Timestamp("2024-03-05 09:55:00")
    keep(shop, "pushes", [{"push_id": f"p{i}", "campaign_id": c, "account": f"app:{i}", "sent_at": sent, "sent_on": sent.normalize()}
                          for i, c in ((1, "A"), (3, "B"))])  # fmt: skip
    keep(shop, "owners", [owned("mailing", "ann"), owned("mailing: B", "bo")])
    t = open_store(shop, "m", "2024-04-01")
    touches = attribute.touches(None, t.pushes, t.campaigns, orders=t.orders, by_campaign=True)
    book = attribute.credit(attribute.paths(touches, t.orders, t.persons), "last")
    by_owner = attribute.owned_credit(book, t.owners).set_index("owner")["credit"].to_dict()
    assert by_owner == {"ann": 100, "bo": 100, "(nobody)": 100}


def test_what_was_spent_on_mailings_is_held_against_all_their_campaigns():
    rows = [
        ("mailing: A", 30, 3.0, 0.3, 0.2, 0.4),
        ("mailing: B", 10, 1.0, 0.1, 0.0, 0.2),
        ("organic", 60, 6.0, 0.6, 0.5, 0.7),
    ]
    interval = pd.DataFrame(rows, columns=["touchpoint", "credit", "orders", "share", "low", "high"])
    cost = pd.DataFrame({"merchant": "m", "touchpoint": ["mailing", "mailing: A"], "cost": [20, 10]})
    found = attribute.returns(cost, interval, incremental=True).set_index("touchpoint")
    assert found.loc[
        "mailing", ["credit", "orders", "roas", "roas_low", "roas_high", "cost_per_order"]
    ].tolist() == pytest.approx([40, 4, 2, 1, 3, 5])
    assert found.loc["mailing: A", ["credit", "roas"]].tolist() == [30, 3]


def test_the_schemas_kpi_nodes_are_those_of_the_tree():
    assert tuple(node for node, *_ in NODES) == KPI_NODES
