"""The panel says what the answer depends on."""

from functools import cache

import attribute_tables as tables
import ibis
import pandas as pd
import pytest
from test_attribute_engines import AS_OF
from test_attribute_engines import tables as canonical_tables
from test_formats_engines import PEOPLE

from retailkit.attribute.models import ledgers
from retailkit.attribute.paths import paths
from retailkit.attribute.rules import RULES
from retailkit.attribute.sensitivity import PANEL_KEY, sensitivity, sensitivity_sentence, sensitivity_verdicts
from retailkit.attribute.touches import touches


def _shop(second_scene, gap_days):
    seen, sold = [], []
    for i in range(12):
        seen.append((f"a{i}", f"app:{i}", "2024-03-01 10:00:00", "1007"))
        seen.append((f"b{i}", f"app:{i}", f"2024-03-{1 + gap_days:02d} 11:00:00", second_scene))
        sold.append((f"o{i}", f"app:{i}", f"2024-03-{2 + gap_days:02d} 12:00:00", 100 + i))
    orders = tables.orders(sold)
    return touches(sessions=tables.sessions(seen), orders=orders).cache(), orders


@cache
def _panel(second_scene, gap_days, *look_backs):
    return sensitivity(*_shop(second_scene, gap_days), **({"look_backs": look_backs} if look_backs else {}))


def test_one_touchpoint_is_robust_under_every_setting():
    panel = _panel("1007", 2)
    assert panel["share"].eq(1).all()
    table = sensitivity_verdicts(panel)
    assert table["verdict"].tolist() == ["robust"]
    assert sensitivity_sentence(table).startswith("Single chat is the only touchpoint")


def test_first_and_last_depend_on_the_model():
    table = sensitivity_verdicts(_panel("1035", 2, 30))
    assert set(table["verdict"]) == {"depends on the model"}
    assert table[["least", "most"]].to_numpy().tolist() == [[0, 1], [0, 1]]


def test_a_touch_out_of_reach_depends_on_the_look_back():
    panel = _panel("1035", 20)
    linear = panel[(panel["model"] == "linear") & (panel["touchpoint"] == "single_chat")]
    assert linear.set_index("look_back_days")["share"].to_dict() == pytest.approx({30: 0.5, 60: 0.5})


def test_returns_add_settings_only_where_there_are_any():
    assert set(_panel("1089", 2, 7, 30)["direct"]) == {"fold", "keep", "drop"}
    assert set(_panel("1035", 2, 30)["direct"]) == {"fold"}


def test_shares_sum_to_one_in_every_setting():
    panel = _panel("1089", 2, 7, 30)
    sums = panel.groupby(["model", "look_back_days", "direct", "identity"])["share"].sum()
    assert sums.to_numpy() == pytest.approx(1)


def test_nothing_to_compare_is_said():
    panel = sensitivity(touches(), tables.orders([("o", "app:1", "2024-03-02", 5)]), look_backs=[30])
    assert "no touchpoint to compare" in sensitivity_sentence(sensitivity_verdicts(panel))


def test_accounts_of_one_person_are_compared_with_accounts_alone():
    seen = tables.sessions([("s", "app:1", "2024-03-01", "1007")])
    orders = tables.orders([("o", "crm:1", "2024-03-02", 100)])
    persons = ibis.memtable({"merchant": ["m", "m"], "account": ["app:1", "crm:1"], "person": ["p", "p"]}).execute()
    panel = sensitivity(touches(sessions=seen, orders=orders, persons=persons).cache(), orders, persons)
    assert set(panel.loc[panel["share"] > 0, "identity"]) == {"person"}


def test_accounts_that_join_no_visit_to_an_order_are_no_setting():
    """Alone they leave the coupon of the till, which would then seem to earn everything."""
    seen = tables.sessions([("s", "app:1", "2024-03-01", "1007")])
    orders = tables.orders([("o", "crm:1", "2024-03-02", 100)]).assign(discount_amount=5, shop_id="s1")
    persons = pd.DataFrame({"merchant": "m", "account": ["app:1", "crm:1"], "person": "p"})
    coupon = pd.DataFrame({"merchant": ["m"], "coupon_id": ["c"], "account": ["crm:1"], "order_id": ["o"]})
    coupon = coupon.assign(redeemed_at=orders["paid_at"], redeemed_on=orders["paid_on"])
    found = touches(sessions=seen, coupons=coupon, orders=orders, persons=persons).cache()
    panel = sensitivity(found, orders, persons)
    assert set(panel["identity"]) == {"person"}


def test_persons_of_one_account_each_need_no_second_look_whatever_they_are_called():
    sold = tables.orders([("o1", "app:1", "2024-03-02 10:00", 100), ("o2", "app:2", "2024-03-03 10:00", 100)])
    seen = tables.sessions([("s1", "app:1", "2024-03-01 10:00", "1007"), ("s2", "app:2", "2024-03-01 10:00", "1035")])
    persons = pd.DataFrame({"merchant": "m", "account": ["app:1", "app:2"], "person": ["p1", "p2"]})
    panel = sensitivity(touches(sessions=seen, orders=sold, persons=persons).cache(), sold, persons)
    assert set(panel["identity"]) == {"person"}


@pytest.fixture(scope="module")
def mixed():
    """Visits, messages, coupons and displays, returns of one's own accord, and persons of two accounts each."""
    given = canonical_tables() | {"persons": pairs_of_accounts()}
    names = ("sessions", "pushes", "campaigns", "coupons", "placements", "order_lines", "orders", "persons")
    seen = touches(**{name: given[name] for name in names}, by_campaign=True).cache()
    panel = sensitivity(seen, given["orders"], given["persons"], (3, 30), base=14, as_of=AS_OF)
    return seen, given["orders"], given["persons"], panel.set_index(PANEL_KEY[1:])


def pairs_of_accounts():
    return pd.DataFrame({"merchant": "m", "account": PEOPLE, "person": [f"p{i // 2}" for i in range(len(PEOPLE))]})


def _of_ledgers(walked):
    """Shares of the money that touches got, by each model's own ledger."""
    sold = walked.filter(walked.outcome == "order").select("order_id", "net_amount").distinct()
    shares = {}
    for name, book in ledgers(walked, [*RULES, "markov_1", "markov_2"]).items():
        rows = book.filter(book.kind != "none").inner_join(sold, "order_id").execute()
        money = (rows["share"] * rows["net_amount"]).groupby([rows["touchpoint"], rows["kind"]]).sum()
        shares |= {(name, *key): share for key, share in (money / money.sum()).items()}
    return shares


@pytest.mark.parametrize(
    "setting",
    [
        (3, "fold", "person"),
        (30, "fold", "person"),
        (14, "keep", "person"),
        (14, "drop", "person"),
        (14, "fold", "account"),
    ],
)
def test_one_join_for_all_settings_gives_what_the_paths_of_each_give(mixed, setting):
    seen, orders, persons, panel = mixed
    days, direct, identity = setting
    who = (seen.mutate(person=seen.account), None) if identity == "account" else (seen, persons)
    expected = _of_ledgers(paths(who[0], orders, who[1], days, direct, as_of=AS_OF).cache())
    found = panel.loc[setting].set_index(["model", "touchpoint", "kind"])["share"]
    assert found.to_dict() == pytest.approx(expected, abs=1e-8)
