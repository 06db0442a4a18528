"""Claims about buyers with and without a visit on record: of the same persons, told beside the tree's conversion."""

import pandas as pd
import pytest
from test_targets import PROGRAMME, canonical, measured, persons, shop

from retailkit import targets


def visits(*who, day="2024-02-01"):
    at = pd.Timestamp(day)
    return [
        {"merchant": "a", "session_id": f"{day}{i}", "account": a, "started_at": at, "started_on": at.date()}
        for i, a in enumerate(who)
    ]


def seen(rows, sessions, people=None):
    return targets.buyers_seen(
        canonical("orders", rows),
        persons(rows) if people is None else people,
        canonical("sessions", sessions),
        PROGRAMME,
    )


def test_numerator_and_denominator_are_of_the_same_persons():
    """Six bought, four of them visited, of ten visitors: the tree says 6 / 10, of the visitors 4 / 10 bought."""
    rows = shop(buyers=6)
    sessions = visits(*(f"crm:{i}" for i in range(4)), *(f"mini:{i}" for i in range(6)))
    table = seen(rows, sessions)
    assert table[["buyers", "seen_buyers", "visitors", "share"]].iloc[0].tolist() == [6, 4, 10, 0.4]
    assert table["low"].item() < 0.4 < table["high"].item()
    tree = targets.kpi_tree(measured(rows, sessions), "a", "programme").set_index("node")["value"]
    assert tree["conversion"] == 0.6, "the tree's product still gives every buyer"
    told = targets.seen_sentence(table)
    assert told.startswith(
        "2 of 6 known buyers have no visit on record in the window, and count in the conversion all the same (60%)"
    )
    assert "of the 10 visitors 40% bought (90% interval" in told
    assert (
        "6位已识别购买者中有2位在窗口内没有访问记录，仍计入转化率（60%）；10位访客中有40%购买"
        in targets.seen_sentence(table, "zh")
    )


def test_where_every_buyer_has_a_visit_both_are_one_and_nothing_is_said():
    rows = shop(buyers=3)
    table = seen(rows, visits("crm:0", "crm:1", "crm:2", "mini:9"))
    assert table["share"].item() == 3 / 4
    assert targets.seen_sentence(table) == targets.seen_sentence(table, "zh") == ""


def test_a_visit_of_another_window_or_of_nobody_is_no_visit_here():
    rows = shop(buyers=3)
    table = seen(rows, [*visits("crm:0"), *visits("crm:1", day="2024-01-05"), *visits(None, day="2024-02-02")])
    assert table[["buyers", "seen_buyers", "visitors"]].iloc[0].tolist() == [3, 1, 1]
    assert "more buyers than visitors and no conversion; of the 1 visitor 100% bought" in targets.seen_sentence(table)


def test_a_person_of_two_accounts_is_one_buyer_and_one_visitor():
    rows = shop(buyers=2)
    people = canonical("persons", [{"merchant": "a", "account": a, "person": p, "accounts": 1}
                                   for a, p in (("crm:0", "p"), ("mini:0", "p"), ("crm:1", "q"))])  # fmt: skip
    table = seen(rows, visits("mini:0", "crm:0", "mini:5"), people)
    assert table[["buyers", "seen_buyers", "visitors"]].iloc[0].tolist() == [2, 1, 2]


@pytest.mark.parametrize("rows", [[], shop(buyers=2)])
def test_without_visits_nothing_is_said(rows):
    table = seen(rows, [])
    assert table.empty
    assert targets.seen_sentence(table) == ""
