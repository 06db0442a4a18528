"""An order whose export tells no touchpoint has that of the visit which paid it: by hand, at the store, and no money moves."""

from pathlib import Path

import attribute_tables as tables
import pandas as pd
import pytest

from retailkit.attribute import credit, paid_through, paths, touches
from retailkit.load import open_store, save_table

PAID = "2024-03-05 10:00:00"


def told(visits: list[tuple], touchpoint: str | None = None) -> tuple[object, object]:
    """Touchpoint and teller of one order that these visits (session_id, instant, scene, more) claim."""
    sold = tables.orders([("o", "app:1", PAID, 100)]).assign(touchpoint=touchpoint)
    seen = tables.sessions([(v[0], "app:1", v[1], v[2], {"order_id": "o", **v[3]}) for v in visits])
    row = paid_through(sold, seen).to_pandas()
    assert len(row) == 1
    return tuple(None if pd.isna(v) else v for v in row[["touchpoint", "told_by"]].iloc[0])


def test_the_visit_that_carries_the_orders_number_tells_its_touchpoint():
    assert told([("a", "2024-03-05 09:50:00", None, {"touchpoint": "guide"})]) == ("guide", "visit")
    assert told([("a", "2024-03-05 09:50:00", "1008", {})]) == ("group", "visit")
    assert told([("a", "2024-03-05 09:50:00", "1007", {"share_parent": "n1"})]) == ("sharing", "visit")


def test_what_the_export_tells_is_never_changed():
    assert told([("a", "2024-03-05 09:50:00", None, {"touchpoint": "guide"})], "search") == ("search", "export")


def test_a_return_is_a_return_whatever_its_query_still_carries():
    assert told([("a", "2024-03-05 09:50:00", "1089", {"guide": "g1"})]) == ("direct_return", "visit")


def test_of_several_visits_the_last_before_the_payment_counts():
    visits = [
        ("a", "2024-03-04 09:00:00", None, {"touchpoint": "search"}),
        ("b", "2024-03-05 09:59:59.9", None, {"touchpoint": "guide"}),
        ("c", "2024-03-05 09:59:59.1", None, {"touchpoint": "payment"}),
        ("d", "2024-03-05 10:00:01", None, {"touchpoint": "moments"}),
    ]
    assert told(visits) == told(visits[::-1]) == ("guide", "visit")


def test_a_visit_at_the_instant_of_payment_counts_as_before_it():
    visits = [("a", "2024-03-05 09:00:00", None, {"touchpoint": "search"}), ("b", PAID, None, {"touchpoint": "guide"})]
    assert told(visits) == ("guide", "visit")


def test_two_visits_at_one_instant_are_told_apart_by_their_id_alone():
    visits = [
        ("b", "2024-03-05 09:50:00", None, {"touchpoint": "guide"}),
        ("a", "2024-03-05 09:50:00", None, {"touchpoint": "search"}),
    ]
    assert told(visits) == told(visits[::-1]) == ("search", "visit")


def test_where_clocks_differ_the_first_visit_after_the_payment_counts():
    visits = [
        ("a", "2024-03-05 10:09:00", None, {"touchpoint": "search"}),
        ("b", "2024-03-05 10:02:00", None, {"touchpoint": "guide"}),
    ]
    assert told(visits) == ("guide", "visit")


def test_tests_and_visits_that_go_on_or_name_nothing_tell_nothing():
    silent = [
        ("x", "2024-03-05 09:58:00", "1129", {}),  # a crawler
        ("y", "2024-03-05 09:59:00", "1038", {}),  # back from the payment's mini program
        ("z", "2024-03-05 09:59:30", None, {}),
    ]
    assert told(silent) == (None, None)
    assert told([("a", "2024-03-05 09:50:00", None, {"touchpoint": "guide"}), *silent]) == ("guide", "visit")


def test_an_order_number_of_another_merchant_is_another_order():
    sold = tables.orders([("o", "app:1", PAID, 100)])
    seen = tables.sessions([("a", "app:1", PAID, "1007", {"order_id": "o"})]).assign(merchant="other")
    assert paid_through(sold, seen).to_pandas()["told_by"].isna().all()
    assert paid_through(sold, None).to_pandas()["touchpoint"].isna().all()
    assert len(paid_through(None, seen).to_pandas()) == 0


def test_a_visit_that_was_not_known_on_the_day_of_the_study_tells_nothing(tmp_path: Path):
    at = pd.Timestamp("2024-03-05 10:00:00")
    money = {"gross_amount": 100, "net_amount": 100, "currency": "CNY"}
    save_table(tmp_path, "orders", pd.DataFrame([
        {"merchant": "m", "order_id": o, "paid_at": at, "paid_on": at.normalize(), **money} for o in ("o", "p")
    ]))  # fmt: skip
    days = [("a", "o", "2024-03-05 09:00:00", "guide"), ("b", "o", "2024-03-09 09:00:00", "search"),
            ("c", "p", "2024-03-09 09:00:00", "search")]  # fmt: skip
    save_table(tmp_path, "sessions", pd.DataFrame([
        {"merchant": "m", "session_id": s, "order_id": o, "started_at": pd.Timestamp(t), "touchpoint": name,
         "started_on": pd.Timestamp(t).normalize()} for s, o, t, name in days
    ]))  # fmt: skip
    found = {}
    for day in ("2024-03-08", "2024-03-20"):
        t = open_store(tmp_path, as_of=day)
        rows = paid_through(t.orders, t.sessions).to_pandas().set_index("order_id")["touchpoint"]
        found[day] = rows.fillna("").to_dict()
    assert found == {"2024-03-08": {"o": "guide", "p": ""}, "2024-03-20": {"o": "guide", "p": "search"}}


@pytest.mark.parametrize("rule", ["last", "linear", "position"])
def test_rows_and_money_stay_and_the_ledger_does_not_hear_of_it(rule: str):
    sold = tables.orders([(f"o{i}", f"app:{i % 3}", f"2024-03-{5 + i:02d} 10:00:00", 100 + i) for i in range(9)])
    seen = tables.sessions([
        (f"s{i}", f"app:{i % 3}", f"2024-03-{5 + i // 2:02d} 09:00:00", "1007", {"order_id": f"o{i // 2}"})
        for i in range(12)
    ])  # fmt: skip
    named = paid_through(sold, seen)
    frame = named.to_pandas()
    assert sorted(frame["order_id"]) == sorted(sold["order_id"])
    assert frame["net_amount"].sum() == sold["net_amount"].sum()
    assert frame["told_by"].notna().sum() == 6
    one, two = (credit(paths(touches(sessions=seen, orders=o), o), rule).to_pandas() for o in (sold, named))
    keys = ["order_id", "touch_id"]
    pd.testing.assert_frame_equal(one.sort_values(keys, ignore_index=True), two.sort_values(keys, ignore_index=True))
    assert two["credit"].sum() == sold["net_amount"].sum()
