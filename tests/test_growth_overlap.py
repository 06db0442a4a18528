"""Claims about donors' customers: compared by ids that mean the same person everywhere, else unknown."""

import ibis
import pandas as pd
import pytest
from growth_tables import order_rows, tables

from retailkit.growth import shared_customers

WINDOW = ("2018-02-01", "2018-02-28")


def accounts(rows):
    frame = pd.DataFrame(rows, columns=["merchant", "account", "phone_key", "unionid"]).astype("string")
    return ibis.memtable(frame, schema=dict.fromkeys(frame.columns, "string"))


def test_shared_customers_are_counted_before_the_programme_only():
    orders, _ = tables(order_rows([
        ("m", "2018-01-01", "c:1", 100), ("d", "2018-01-02", "c:1", 30), ("d", "2018-01-02", "c:2", 70),
        ("m", "2018-02-01", "c:2", 100), ("e", "2018-01-03", "c:9", 10),
    ]))  # fmt: skip
    table = shared_customers(orders, ["m"], WINDOW).set_index("donor")
    assert table.loc["d", "shared_sales_share"] == pytest.approx(0.3)
    assert table.loc["e", "shared_customers"] == 0
    unknown = shared_customers(orders, ["m"], WINDOW, common_ids=False)
    assert unknown["shared_share"].isna().all()
    assert (unknown["kind"] == "unknown").all()


ORDERS = [
    ("m", "2018-01-01", "mini_program:a", 100), ("d", "2018-01-02", "mini_program:x", 30),
    ("d", "2018-01-02", "mini_program:y", 70), ("e", "2018-01-02", "mini_program:a", 50),
]  # fmt: skip


def test_openids_of_two_apps_are_never_compared():
    orders, _ = tables(order_rows(ORDERS))
    table = shared_customers(orders, ["m"], WINDOW, common_ids=True).set_index("donor")
    assert (table["kind"] == "unknown").all()
    assert table["shared_sales_share"].isna().all()


def test_a_phone_hash_is_one_person_everywhere():
    orders, _ = tables(order_rows(ORDERS))
    ids = accounts([("m", "mini_program:a", "p1", None), ("d", "mini_program:x", "p1", None),
                    ("d", "mini_program:y", "p2", None)])  # fmt: skip
    table = shared_customers(orders, ["m"], WINDOW, False, ids).set_index("donor")
    assert table.loc["d", "kind"] == "phone"
    assert table.loc["d", "shared_sales_share"] == pytest.approx(0.3)
    assert table.loc["e", "kind"] == "unknown", "e's accounts carry no phone"


@pytest.mark.parametrize(("theirs", "kind"), [("u1", "unionid"), ("u9", "unknown")])
def test_unionids_count_only_where_they_meet(theirs, kind):
    orders, _ = tables(order_rows(ORDERS))
    ids = accounts([("m", "mini_program:a", None, "u1"), ("d", "mini_program:x", None, theirs),
                    ("d", "mini_program:y", None, "u2")])  # fmt: skip
    table = shared_customers(orders, ["m"], WINDOW, False, ids).set_index("donor")
    assert table.loc["d", "kind"] == kind


def test_a_donor_with_few_comparable_ids_stays_unknown():
    orders, _ = tables(order_rows([*ORDERS, ("d", "2018-01-03", "mini_program:z", 900)]))
    ids = accounts([("m", "mini_program:a", "p1", None), ("d", "mini_program:x", "p1", None)])
    assert shared_customers(orders, ["m"], WINDOW, False, ids).set_index("donor").loc["d", "kind"] == "unknown"
