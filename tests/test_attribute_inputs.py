"""Bad input: each oddity is one clear sentence, nothing fails and no money is dropped."""

import attribute_tables as tables
import ibis
import pandas as pd
import pytest

from retailkit.attribute.inputs import input_sentences
from retailkit.attribute.ledger import reconcile, reconcile_sentence
from retailkit.attribute.models import ledgers
from retailkit.attribute.paths import paths
from retailkit.attribute.peers import conversions, potential, potential_sentence
from retailkit.attribute.sentences import unattributed_sentence
from retailkit.attribute.touches import left_out, touches

SOLD = [("o1", "app:1", "2024-03-05 12:00:00", 700), ("o2", "app:2", "2024-03-06 12:00:00", 300)]
VISIT = ("v1", "app:1", "2024-03-04 09:00:00", "1007")


def told(seen, sold):
    """Return the sentences in both languages, after checking that the ledger keeps all the money."""
    sessions, orders = tables.sessions(seen), tables.orders(sold)
    found = touches(sessions=sessions, orders=orders).cache()
    walked = paths(found, orders).cache()
    for book in ledgers(walked, ("position",)).values():
        gap = reconcile(book, ibis.memtable(orders))
        assert (gap[["gap_orders", "gap_amount"]] == 0).all(axis=None)
        assert "to the minor unit" in reconcile_sentence(gap)
    left = left_out(sessions, found)
    return [" ".join(input_sentences(found, walked, left, sessions, orders, lang)) for lang in ("en", "zh")]


@pytest.mark.parametrize(
    ("seen", "sold", "en", "zh"),
    [
        ([], SOLD, "No touch is known at all", "没有任何触点数据"),
        ([("v", "app:1", "2024-03-09", "1007")], SOLD, "comes after the orders", "触点都在订单之后"),
        ([VISIT], SOLD, "Only one touchpoint stands before any order (Single chat)", "只有一个触点（单聊）"),
        (
            [VISIT, ("v2", "app:2", "2024-03-06 12:07:30", "1035", {"order_id": "o2"})],
            SOLD,
            "1 paying visits (100%) start after their order was paid, by up to 8 minutes",
            "最多晚8分钟",
        ),
        (
            [VISIT, ("t", "app:2", "2024-03-05", "1129"), ("v3", "app:2", "2024-03-05", "1035")]
            + [(f"b{i}", "app:9", "2024-03-05", "1035") for i in range(201)],
            SOLD,
            "1 visits by tests, trial versions and crawlers, 201 touches that look like a bot's",
            "疑似机器人的触达201次",
        ),
        (
            [VISIT, ("v3", "app:2", "2024-03-05", "1035")],
            [*SOLD, ("o3", None, "2024-03-05", 900)],
            "1 orders (33%) have no known person",
            "不知道购买者",
        ),
        ([VISIT, ("v3", "app:2", "2024-03-05", "1035")], SOLD, "Nothing is odd", "没有异常"),
    ],
    ids=["no touches", "after orders", "one touchpoint", "clocks", "tests and bots", "no persons", "sound"],
)
def test_each_oddity_is_one_clear_sentence(seen, sold, en, zh):
    english, chinese = told(seen, sold)
    assert en in english
    assert zh in chinese


def test_conversion_counts_buyers_within_the_look_back_once():
    seen = tables.sessions([VISIT, ("v2", "app:1", "2024-03-04", "1007"), ("v3", "app:2", "2024-01-01", "1007")])
    orders = tables.orders(SOLD)
    table = conversions(touches(sessions=seen, orders=orders), orders)
    assert table[["persons", "buyers", "conversion"]].to_numpy().tolist() == [[2, 1, 0.5]]


def test_a_neglected_touchpoint_is_named_with_what_it_could_bring():
    rows = [("m1", 1000, 20), ("m2", 1000, 100), ("m3", 1000, 120)]
    reached = pd.DataFrame(rows, columns=["merchant", "persons", "buyers"]).assign(touchpoint="guide", kind="exposure")
    table = potential(reached.assign(conversion=reached["buyers"] / reached["persons"]))
    own = table.set_index("merchant").loc["m1"]
    assert own["potential_low"] < own["potential_buyers"] < own["potential_high"]
    assert "Guide is neglected: 2% of those reached bought, 11% at its peers" in potential_sentence(table, "m1")
    assert potential_sentence(table, "m3") == "Above its peers: Guide."
    assert "nothing can be compared" in potential_sentence(potential(reached.iloc[:0].assign(conversion=[])), "m1")


def test_a_merchant_below_its_peers_everywhere_is_told_to_look_beyond_touchpoints():
    rows = [(m, t, 1000, b) for m, b in (("m1", 20), ("m2", 100), ("m3", 120)) for t in ("guide", "menu", "scan")]
    reached = pd.DataFrame(rows, columns=["merchant", "touchpoint", "persons", "buyers"]).assign(kind="exposure")
    table = potential(reached.assign(conversion=reached["buyers"] / reached["persons"]))
    assert potential_sentence(table, "m1").startswith("All 3 touchpoints convert below the peers'")
    assert potential_sentence(table, "m1", "zh").startswith("全部3个触点均低于同行")


def test_where_every_order_met_a_touch_nothing_is_said_to_stay_unattributed():
    sold = tables.orders(SOLD[:1])
    book = ledgers(paths(touches(sessions=tables.sessions([VISIT]), orders=sold), sold), ("position",))["position"]
    assert unattributed_sentence(book) == "No order is left unattributed."
    assert unattributed_sentence(book, "zh") == "没有订单列为未归因。"
