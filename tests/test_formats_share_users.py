"""Claims about K per person: whom a user brought, who was new, and what visits alone would say."""

import numpy as np
import pandas as pd
import pytest
from formats_tables import canonical, of_accounts

from retailkit.formats.share_users import share_users, share_users_sentence
from retailkit.formats.sharing import share_generations, share_tree

START = pd.Timestamp("2018-11-01")


def visits(*rows):
    """Sessions from (account, node, parent, hour); a visit without a node stands in no tree."""
    made = []
    for number, (who, node, parent, hour) in enumerate(rows):
        at = START + pd.Timedelta(hours=hour)
        made.append({"session_id": f"s{number:06d}", "account": who and f"a:{who}", "started_at": str(at),
                     "started_on": str(at.date()), "share_node": node, "share_parent": parent})  # fmt: skip
    return canonical("sessions", made)


def k(sessions, orders=None, persons=None):
    persons = of_accounts(*sessions.account.execute().dropna().unique()) if persons is None else persons
    orders = canonical("orders") if orders is None else orders
    return share_users(share_tree(sessions), sessions, orders, persons).set_index("generation")


END = ("end", "end", None, 240)


def test_k_by_generation_by_hand():
    """Ann's share brings Bo and Cy, Bo's brings Di; Eve starts a share that nobody opens: 3 new users by 6 (the last too late)."""
    table = k(
        visits(
            ("ann", "r", None, 0),
            ("bo", "b", "r", 5),
            ("cy", "c", "r", 6),
            ("di", "d", "b", 9),
            ("eve", "e", None, 9),
            END,
        )
    )
    assert table.loc["all", ["users", "new_users", "followed"]].tolist() == [6, 3, 5]
    assert table.loc["all", "k_plain"] == 3 / 6
    assert table["k"].to_dict() == pytest.approx({"all": 3 / 5, "0": 2 / 2, "1": 1 / 2, "2": 0})
    assert np.isnan(table.loc["2", "k_low"]), "one user has no spread"


def test_a_user_is_brought_once_however_often_shares_are_opened():
    """Bo opens three shares of Ann's: three visits brought by three visits, one new user by one user."""
    sessions = visits(
        *(("ann", f"r{i}", None, i) for i in range(3)), *(("bo", f"b{i}", f"r{i}", i + 3) for i in range(3)), END
    )
    table = k(sessions)
    assert table.loc["all", "new_users"] == 1
    assert table.loc["all", "k"] == 1 / 2
    assert share_generations(share_tree(sessions)).set_index("generation").loc["0", "brought"] == 3


def test_who_visited_or_bought_before_is_nobodys_new_user():
    rows = [("ann", "r", None, 10), ("bo", "b", "r", 20), ("cy", "c", "r", 20), ("di", "d", "r", 20), END]
    bought = {"order_id": "o1", "account": "a:cy", "paid_at": "2018-11-01 01:00", "paid_on": "2018-11-01"}
    table = k(visits(*rows, ("bo", None, None, 1)), canonical("orders", [bought]))
    assert table.loc["all", "new_users"] == 1


def test_ones_own_second_account_is_no_new_user():
    sessions = visits(("ann", "r", None, 0), ("ann2", "x", "r", 5), ("bo", "b", "r", 5), END)
    persons = canonical("persons", [{"account": f"a:{a}", "person": p, "system": "a", "accounts": 1}
                                    for a, p in (("ann", "p1"), ("ann2", "p1"), ("bo", "p2"), ("end", "p3"))])  # fmt: skip
    table = k(sessions, persons=persons)
    assert table.loc["all", ["users", "new_users"]].tolist() == [3, 1]
    assert k(sessions).loc["all", ["users", "new_users"]].tolist() == [4, 2], "unlinked accounts are users of their own"


def test_visits_without_an_account_and_lost_parents_bring_and_are_nobody():
    table = k(visits(("ann", "r", None, 0), (None, "x", "r", 5), ("bo", "b", "x", 6), ("cy", "c", "gone", 7), END))
    assert table.loc["all", ["users", "new_users"]].tolist() == [4, 0]


def test_what_came_late_is_counted_in_neither_part_of_k():
    """Bo came after nine days, Cy by a visit a day before the end: on record both, within seven days neither."""
    table = k(
        visits(("ann", "r", None, 0), ("bo", "b", "r", 216), ("ann", "r2", None, 230), ("cy", "c", "r2", 235), END)
    )
    assert table.loc["all", ["new_users", "followed", "k"]].tolist() == [2, 1, 0]


def test_k_per_person_is_that_of_a_count_by_hand_in_any_world():
    """Loops over rows in the order of time, as one would count on paper."""
    for seed in range(5):
        draws = np.random.default_rng(seed)
        rows = []
        for i in range(300):
            parent = None if draws.random() < 0.4 or not i else f"n{draws.integers(0, i)}"
            rows.append((f"u{draws.integers(0, 80)}", None if draws.random() < 0.2 else f"n{i}", parent, i * 2))
        node_of = {node: (who, parent, hour) for who, node, parent, hour in rows if node}
        first, entered, brought = {}, {}, 0
        for who, node, parent, hour in rows:
            known, _ = first.setdefault(who, (hour, node)), None
            if node and who not in entered:
                entered[who] = node
                sender = node_of.get(parent, (None,))[0]
                brought += bool(sender and sender != who and known[0] == hour)
        table = k(visits(*rows))
        assert table.loc["all", ["users", "new_users"]].tolist() == [len(entered), brought]
        assert table.drop("all")[["users", "new_users"]].sum().tolist() == [len(entered), brought]


def test_the_sentence_gives_the_level_and_both_counts():
    sessions = visits(
        *((f"u{i}", f"n{i}", f"n{i - 1}" if i % 4 else None, i) for i in range(60)), ("end", "end", None, 400)
    )
    table = k(sessions).reset_index()
    told = share_users_sentence(table)
    assert "(the K factor): each user of the share tree brings 0.75 new users (95% interval" in told
    assert "45 new users by 61 users" in told
    assert "每位用户带来0.75位新用户（95%区间" in share_users_sentence(table, "zh")
    assert share_users_sentence(table.head(0)) == ""
    few = k(visits(("ann", "r", None, 0))).reset_index()
    assert share_users_sentence(few).startswith("Too few users")


def test_nothing_shared_gives_an_empty_table():
    none = canonical("sessions")
    table = share_users(share_tree(none), none, canonical("orders"), canonical("persons"))
    assert table.empty
    assert table.columns[0] == "merchant"
