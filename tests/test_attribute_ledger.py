"""Credit sums to the money, whatever the touches, the rule and the handling of returns."""

from functools import cache

import attribute_tables as tables
import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.attribute.ledger import from_frame, reconcile
from retailkit.attribute.paths import paths
from retailkit.attribute.rules import RULES, chan_id_credit, credit, paying_session_credit
from retailkit.attribute.tables import PATH, shape
from retailkit.attribute.touches import left_out, touches

SCENES = ["1007", "1035", "1038", "1089", "1030", None]
days = st.integers(1, 28).map(lambda d: f"2024-03-{d:02d} 10:00:00")
people = st.sampled_from(["app:1", "app:2", None])
visits = st.lists(st.tuples(people, days, st.sampled_from(SCENES)), max_size=12)
sales = st.lists(st.tuples(people, days, st.integers(0, 10**6), st.integers(0, 500)), min_size=1, max_size=8)


def _books(visit_rows, sale_rows):
    seen = tables.sessions([(f"s{i}", *r) for i, r in enumerate(visit_rows)])
    sold = tables.orders([(f"o{i}", a, d, net, net + back) for i, (a, d, net, back) in enumerate(sale_rows)])
    return touches(sessions=seen, orders=sold).cache(), sold


@settings(max_examples=12, deadline=None)
@given(visits, sales, st.sampled_from(["fold", "keep", "drop"]), st.sampled_from(list(RULES)))
def test_credit_sums_to_revenue(visit_rows, sale_rows, direct, rule):
    found, sold = _books(visit_rows, sale_rows)
    book = credit(paths(found, sold, look_back_days=7, direct=direct).cache(), rule).execute()
    per_order = book.groupby("order_id")[["credit", "gross_credit", "refund_credit"]].sum()
    expected = sold.set_index("order_id").loc[per_order.index]
    assert len(per_order) == len(sold)
    assert (per_order["credit"] == expected["net_amount"]).all()
    assert (per_order["gross_credit"] == expected["gross_amount"]).all()
    assert (per_order["refund_credit"] == expected["gross_amount"] - expected["net_amount"]).all()
    assert (book["credit"] >= 0).all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=9),
    st.integers(-(10**10), 10**12),
    st.integers(0, 10**6),
)
def test_largest_remainder_is_within_one_unit_of_the_exact_share(weights, net, refunded):
    n = len(weights)
    rows = pd.DataFrame(
        {
            "merchant": "m",
            "outcome": "order",
            "order_id": "o",
            "position": range(1, n + 1),
            "net_amount": net,
            "gross_amount": net + refunded,
            "weight": weights,
        }
    )
    book = from_frame(rows, "any").execute().sort_values("position")
    total = sum(weights)
    exact = np.array(weights) / total * net if total > 0 else np.full(n, net / n)
    assert book["credit"].sum() == net
    assert np.abs(book["credit"].to_numpy() - exact).max() <= 1 + abs(net) * 1e-12


def test_a_cancelled_order_ends_at_zero_on_every_row():
    found, sold = _books([("app:1", "2024-03-01 10:00:00", "1007"), ("app:1", "2024-03-02 10:00:00", "1035")], [])
    sold = tables.orders([("o", "app:1", "2024-03-03", 0, 101)])
    book = credit(paths(found, sold).cache(), "linear").execute()
    assert book["credit"].tolist() == [0, 0]
    assert sorted(book["gross_credit"]) == [50, 51]
    assert (book["refund_credit"] == book["gross_credit"]).all()


VISITS = (
    ("app:1", "2024-03-01 10:00:00", "1035"),  # official account menu
    ("app:1", "2024-03-03 10:00:00", "1007"),  # card in a chat
    ("app:1", "2024-03-04 10:00:00", "1038"),  # back from another mini program
    ("app:1", "2024-03-05 10:00:00", "1089"),  # pulled down the chat list
)
SALE = [("app:1", "2024-03-05 11:00:00", 1000, 0)]


@cache
def _walked(direct, visits=VISITS):
    found, sold = _seen(visits)
    return paths(found, sold, direct=direct).cache()


@cache
def _seen(visits):
    return _books(visits, SALE)


def _shares(direct, rule, visits=VISITS, **choices):
    return credit(_walked(direct, visits), rule, **choices).execute().groupby("touchpoint")["credit"].sum().to_dict()


def test_rules_give_what_their_names_say():
    assert _shares("fold", "first") == {"official_account": 1000, "single_chat": 0}
    assert _shares("fold", "last") == {"official_account": 0, "single_chat": 1000}
    assert _shares("keep", "last") == {"official_account": 0, "single_chat": 0, "direct_return": 1000}
    assert _shares("keep", "last_non_direct")["single_chat"] == 1000
    assert _shares("keep", "position") == {"official_account": 400, "single_chat": 200, "direct_return": 400}
    assert _shares("fold", "time_decay", half_life_days=2) == {"official_account": 333, "single_chat": 667}


def test_leaving_returns_out_redistributes_their_credit_and_loses_none():
    for direct in ("fold", "keep", "drop"):
        assert sum(_shares(direct, "linear").values()) == 1000
    only_return = VISITS[3:]
    assert _shares("fold", "linear", only_return) == {"direct_return": 1000}
    assert _shares("drop", "linear", only_return) == {"unattributed": 1000}


def test_touches_attached_to_an_order_share_its_last_place_whatever_their_names():
    rows = pd.DataFrame(
        {
            "merchant": "m",
            "outcome": "order",
            "order_id": "o",
            "position": [1, 2, 3],
            "path_length": 3,
            "net_amount": 1000,
            "gross_amount": 1000,
            "touchpoint": ["mailing", "display", "mailer"],
            "kind": ["exposure", "order_attached", "order_attached"],
            "role": "touch",
            "days_before": [3, 0, 0],
        }
    )
    table = shape(ibis.memtable(rows), PATH)
    last = credit(table, "last").execute().set_index("touchpoint")["credit"]
    assert last.to_dict() == {"mailing": 0, "display": 500, "mailer": 500}
    position = credit(table, "position").execute().set_index("touchpoint")["credit"]
    assert position.to_dict() == {"mailing": 500, "display": 250, "mailer": 250}


def test_orders_without_touch_or_person_stay_as_lines():
    found, sold = _books([], [("app:1", "2024-03-05", 700, 0), (None, "2024-03-05", 300, 0)])
    book = credit(paths(found, sold).cache(), "linear").execute().set_index("role")
    assert book["touchpoint"].tolist() == ["unattributed", "unattributed"]
    assert book["credit"].to_dict() == {"no_touch": 700, "unknown_person": 300}
    gap = reconcile(credit(paths(found, sold).cache(), "first"), ibis.memtable(sold))
    assert gap["gap_amount"].tolist() == [0]
    assert gap["gap_orders"].tolist() == [0]


def test_conversions_outside_the_window_are_unattributed_and_the_edge_counts():
    found, sold = _books(
        [("app:1", "2024-03-01 23:59:59", "1007")],
        [("app:1", "2024-03-08 00:00:01", 10, 0), ("app:1", "2024-03-09 00:00:01", 20, 0)],
    )
    book = credit(paths(found, sold, look_back_days=7).cache(), "linear").execute()
    assert book.groupby("touchpoint")["credit"].sum().to_dict() == {"single_chat": 10, "unattributed": 20}


def test_touches_after_orders_only_earn_nothing():
    assert _shares("keep", "linear", (("app:1", "2024-03-06 10:00:00", "1007"),)) == {"unattributed": 1000}


def test_two_accounts_of_one_person_lead_to_one_path_and_count_each_touch_once():
    seen = tables.sessions(
        [("a", "app:1", "2024-03-01 10:00:00", "1007"), ("b", "union:1", "2024-03-02 10:00:00", "1035")]
    )
    sold = tables.orders([("o", "pos:1", "2024-03-03", 1001), ("x", "pos:2", "2024-03-03", 50)])
    linked = pd.DataFrame({"merchant": "m", "account": ["app:1", "union:1", "pos:1"], "person": "p1"})
    found = touches(sessions=seen, orders=sold, persons=linked)
    book = credit(paths(found, sold, linked), "linear").execute().sort_values(["order_id", "position"])
    assert book[["order_id", "touchpoint", "credit"]].to_numpy().tolist() == [
        ["o", "single_chat", 501],
        ["o", "official_account", 500],
        ["x", "unattributed", 50],
    ]


def test_last_non_direct_of_returns_alone_is_the_last_return():
    returns = [("app:1", f"2024-03-0{d} 10:00:00", "1089") for d in (2, 3)]
    found, sold = _books(returns, SALE)
    book = credit(paths(found, sold, direct="keep").cache(), "last_non_direct").execute().sort_values("position")
    assert book["credit"].tolist() == [0, 1000]


@pytest.mark.parametrize("bought", [True, False], ids=["order", "no order"])
def test_touches_of_one_second_stand_in_the_order_of_their_ids(bought):
    ids = [f"s{i:03d}" for i in np.random.default_rng(4).permutation(300)]
    seen = tables.sessions([(i, "app:1", "2024-03-01 10:00:00", "1007") for i in ids])
    sold = tables.orders([("o", "app:1" if bought else "app:2", "2024-03-02", 900)])
    found = touches(sessions=seen, orders=sold, bot_touches_a_day=999).cache()
    walked = paths(found, sold, as_of="2024-06-01").execute()
    walked = walked[walked["touch_id"].notna()].sort_values("position")
    assert walked["position"].tolist() == list(range(1, 301))
    assert walked["touch_id"].tolist() == [f"session:{i}" for i in sorted(ids)]


def test_a_negative_weight_earns_nothing_and_takes_nothing_from_others():
    rows = pd.DataFrame(
        {"merchant": "m", "outcome": "order", "order_id": "o", "position": [1, 2, 3], "weight": [-5, 1, 3]}
    )
    book = from_frame(rows.assign(net_amount=1000, gross_amount=1000), "any").execute().sort_values("position")
    assert book["credit"].tolist() == [0, 250, 750]


def test_same_second_touches_never_depend_on_row_order():
    rows = [("app:1", "2024-03-01 10:00:00", s) for s in ("1035", "1007", "1011")]
    seen = tables.sessions([(f"s{i}", *r) for i, r in enumerate(rows)])
    sold = tables.orders([("o", "app:1", "2024-03-02", 900)])
    books = []
    for frame in (seen, seen.iloc[::-1]):
        book = credit(tables.walked(frame, sold), "position").execute()
        books.append(book.sort_values("position")[["touch_id", "credit"]].reset_index(drop=True))
    pd.testing.assert_frame_equal(*books)


def test_a_paying_session_whose_clock_is_late_still_counts():
    seen = tables.sessions([("s", "app:1", "2024-03-05 11:07:00", "1007", {"order_id": "o0"})])
    sold = tables.orders([("o0", "app:1", "2024-03-05 11:00:00", 1000)])
    book = credit(paths(touches(sessions=seen, orders=sold), sold), "last").execute()
    assert book["touchpoint"].tolist() == ["single_chat"]


def test_tests_crawlers_and_bots_are_left_out_and_counted():
    rows = [(f"s{i}", "app:bot", f"2024-03-01 {i // 60:02d}:{i % 60:02d}:00", "1007") for i in range(300)]
    rows += [
        ("t", "app:1", "2024-03-01", "1030"),
        ("c", "app:1", "2024-03-01", "1038"),
        ("u", None, "2024-03-01", "1007"),
    ]
    seen = tables.sessions(rows)
    sold = tables.orders([("o", "app:bot", "2024-03-02", 5), ("o1", "app:1", "2024-03-02", 6)])
    found = touches(sessions=seen, orders=sold).cache()
    counted = left_out(seen, found).set_index("reason")["rows"]
    assert counted.tolist() == [1, 1, 300, 1]
    assert credit(paths(found, sold).cache(), "linear").execute()["touchpoint"].tolist() == ["unattributed"] * 2


def test_a_bot_is_told_by_its_day_not_by_all_its_visits_and_visits_and_messages_count_together():
    often = [(f"b{i}", "app:busy", f"2024-03-{1 + i % 5:02d} 08:00:00", "1007") for i in range(12)]
    crowd = [(f"c{i}", "app:bot", f"2024-03-0{1 + i // 3} 08:00:0{i}", "1007") for i in range(4)]  # three, then one
    sent = pd.DataFrame(
        [("m", f"p{i}", account, pd.Timestamp("2024-03-01")) for i, account in enumerate(["app:bot", "app:busy"])],
        columns=["merchant", "push_id", "account", "sent_on"],
    )
    found = touches(sessions=tables.sessions(often + crowd), pushes=sent, bot_touches_a_day=3).execute()
    bots = found[found["role"] == "bot"]
    days = found.groupby(["account", "touched_on"])["touch_id"].transform("size")  # every touch here is an exposure
    assert sorted(bots["touch_id"]) == sorted(found.loc[days > 3, "touch_id"])
    assert sorted(bots["touch_id"].str.split(":").str[1]) == ["b0", "b10", "b5", "c0", "c1", "c2", "p0", "p1"]


def test_guide_group_and_share_ids_speak_louder_than_the_launch_scene():
    rows = [
        ("a", "app:1", "2024-03-01", "1007", {"guide": "g1"}),
        ("b", "app:1", "2024-03-01", "1008", {"group_id": "q1"}),
        ("c", "app:1", "2024-03-01", "1007", {"share_parent": "n1"}),
        ("d", "app:1", "2024-03-01", "1089", {"guide": "g1"}),  # the query of the last visit survives
    ]
    found = touches(sessions=tables.sessions(rows)).execute().sort_values("touch_id")
    assert found["touchpoint"].tolist() == ["guide", "group", "sharing", "direct_return"]
    assert found["format"].tolist() == ["guide", "community", "sharing", "official_store"]


def test_two_vendors_rules_disagree_by_design():
    seen = tables.sessions(
        [
            ("a", "app:1", "2024-03-01 10:00:00", "1007", {"chan_id": "guide-17"}),
            ("b", "app:1", "2024-03-05 10:00:00", "1089", {"order_id": "o"}),
        ]
    )
    sold = tables.orders([("o", "app:1", "2024-03-05 10:05:00", 1000), ("x", None, "2024-03-05", 50)])
    paying = paying_session_credit(sold, seen).execute().set_index("order_id")
    last_channel = chan_id_credit(sold, seen).execute().set_index("order_id")
    assert paying["touchpoint"].to_dict() == {"o": "direct_return", "x": "unattributed"}
    assert last_channel["touchpoint"].to_dict() == {"o": "guide-17", "x": "unattributed"}
    assert paying["credit"].sum() == last_channel["credit"].sum() == 1050


def test_restart_forgets_touches_before_the_order_before():
    found, sold = _books(
        [("app:1", "2024-03-01 10:00:00", "1007")],
        [("app:1", "2024-03-02 10:00:00", 10, 0), ("app:1", "2024-03-03 10:00:00", 20, 0)],
    )
    kept = credit(paths(found, sold, after_order="keep").cache(), "linear").execute()
    fresh = credit(paths(found, sold, after_order="restart").cache(), "linear").execute()
    assert kept.groupby("touchpoint")["credit"].sum().to_dict() == {"single_chat": 30}
    assert fresh.groupby("touchpoint")["credit"].sum().to_dict() == {"single_chat": 10, "unattributed": 20}


def test_journeys_without_an_order_are_kept_and_young_ones_are_censored():
    found, sold = _books(
        [("app:2", "2024-03-01 10:00:00", "1007"), ("app:2", "2024-03-27 10:00:00", "1007")],
        [("app:1", "2024-03-28 10:00:00", 10, 0)],
    )
    walked = paths(found, sold, look_back_days=7, as_of="2024-04-01").execute()
    assert walked.sort_values("touched_on")["outcome"].tolist()[:2] == ["none", "censored"]


def test_empty_tables_give_empty_typed_results():
    found = touches()
    walked = paths(found, None).cache()
    assert len(found.execute()) == 0
    assert len(credit(walked, "linear").execute()) == 0
    assert len(paying_session_credit(None, None).execute()) == 0
    assert len(chan_id_credit(None, None).execute()) == 0


def test_unknown_rule_and_choices_are_refused():
    walked = paths(touches(), None)
    with pytest.raises(ValueError, match="there are first, last"):
        credit(walked, "shapely")
    with pytest.raises(ValueError, match="look_back_days"):
        paths(touches(), None, look_back_days=-1)
    with pytest.raises(ValueError, match="fold, keep or drop"):
        paths(touches(), None, direct="ignore")
    with pytest.raises(ValueError, match="lacks order_id, paid_at"):
        paths(touches(), pd.DataFrame({"merchant": ["m"], "paid_on": ["2024-01-01"]}))
