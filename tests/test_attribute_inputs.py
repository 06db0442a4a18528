"""Bad input: each oddity is one clear sentence, nothing fails and no money is dropped."""

import re

import attribute_tables as tables
import ibis
import numpy as np
import pandas as pd
import pytest

from retailkit.attribute.inputs import input_sentences
from retailkit.attribute.ledger import reconcile, reconcile_sentence
from retailkit.attribute.markov import feasibility, removal_effects
from retailkit.attribute.models import hazard_if_enough, ledgers, recommend, recommended_interval
from retailkit.attribute.paths import paths
from retailkit.attribute.peers import conversions, potential, potential_sentence
from retailkit.attribute.sensitivity import sensitivity, sensitivity_sentence, sensitivity_verdicts
from retailkit.attribute.sentences import effects_sentence, touchpoint_sentence, unattributed_sentence
from retailkit.attribute.shapley import shapley_sentence
from retailkit.attribute.summary import side_by_side, touchpoint_ledger
from retailkit.attribute.tables import as_table
from retailkit.attribute.touches import left_out, touches

SOLD = [("o1", "app:1", "2024-03-05 12:00:00", 700), ("o2", "app:2", "2024-03-06 12:00:00", 300)]
VISIT = ("v1", "app:1", "2024-03-04 09:00:00", "1007")
BOTH = [VISIT, ("v3", "app:2", "2024-03-05", "1035")]
BOT = [(f"b{i}", "app:9", "2024-03-05", "1035") for i in range(201)]


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
        ([("t", "app:2", "2024-03-05", "1129"), *BOT], SOLD, "Every touch was left out", "全部触点均被剔除"),
        ([("v", "app:1", "2024-03-09", "1007")], SOLD, "comes after the orders", "触点都在订单之后"),
        (BOTH, [("o", None, "2024-03-05", 9)], "No order has a known person", "没有一单知道购买者"),
        ([VISIT], SOLD, "Only one touchpoint stands before any order (Single chat)", "只有一个触点（单聊）"),
        (
            [VISIT, ("v2", "app:2", "2024-03-06 12:07:30", "1035", {"order_id": "o2"})],
            SOLD,
            "1 paying visit (100%) started after the order was paid, by up to 8 minutes",
            "最多晚8分钟",
        ),
        (
            [VISIT, ("t", "app:2", "2024-03-05", "1129"), ("v3", "app:2", "2024-03-05", "1035"), *BOT],
            SOLD,
            "1 visit by tests, trial versions and crawlers, 201 touches that look like a bot's",
            "疑似机器人的触达201次",
        ),
        (
            [VISIT, ("v3", "app:2", "2024-03-05", "1035")],
            [*SOLD, ("o3", None, "2024-03-05", 900)],
            "1 order (33%) without a known person",
            "不知道购买者",
        ),
        ([VISIT, ("v3", "app:2", "2024-03-05", "1035")], SOLD, "Nothing is odd", "没有异常"),
    ],
    ids=[
        "no touches",
        "all left out",
        "after orders",
        "nobody known",
        "one touchpoint",
        "clocks",
        "tests and bots",
        "no persons",
        "sound",
    ],
)
def test_each_oddity_is_one_clear_sentence(seen, sold, en, zh):
    english, chinese = told(seen, sold)
    assert en in english
    assert zh in chinese


def test_conversion_counts_buyers_within_the_look_back_once():
    seen = tables.sessions([VISIT, ("v2", "app:1", "2024-03-04", "1007"), ("v3", "app:2", "2024-01-01", "1007")])
    orders = tables.orders(SOLD)
    table = conversions(touches(sessions=seen, orders=orders).cache(), orders)
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
    book = ledgers(tables.walked(tables.sessions([VISIT]), sold), ("position",))["position"]
    assert unattributed_sentence(book) == "No order is left unattributed."
    assert unattributed_sentence(book, "zh") == "没有订单列为未归因。"


BACK = [(o, a, d, 0, n) for o, a, d, n in SOLD]
BELOW = [(o, a, d, -n, 0) for o, a, d, n in SOLD]


def paragraphs(seen, sold):
    """All that the chapter says of credit in English and in Chinese, without a lift test, costs or messages."""
    sessions, orders = tables.sessions(seen), tables.orders(sold)
    found = touches(sessions=sessions, orders=orders).cache()
    walked = paths(found, orders).cache()
    hazard = hazard_if_enough(walked, found)
    reasons = {lang: recommend(walked, hazard, lang) for lang in ("en", "zh")}
    model, _ = reasons["en"]
    books = ledgers(walked, ("first", "last", model))
    books[model] = books[model].cache()
    shares = side_by_side(books, model, recommended_interval(books[model], 1, hazard))
    effects = removal_effects(walked)
    feasible, verdicts = (
        feasibility(effects, walked),
        sensitivity_verdicts(sensitivity(found, orders, look_backs=(30,))),
    )
    whole = reconcile(books[model], as_table(orders, "orders"))
    for lang, (_, reason) in reasons.items():
        yield " ".join([
            reason,
            reconcile_sentence(whole, lang),
            touchpoint_sentence(shares, "CNY", lang),
            unattributed_sentence(books[model], lang),
            shapley_sentence(shares, lang),
            effects_sentence(effects, feasible, lang),
            sensitivity_sentence(verdicts, lang),
        ])  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "sold", "en", "zh"),
    [
        (
            [],
            SOLD,
            ("nothing for a model to learn from", "2 orders without a touch"),
            ("无从计算", "2单在回溯期内没有触点"),
        ),
        ([VISIT], SOLD[:1], ("the one order and its", "is the only exposure"), ("只有单聊一个曝光触点",)),
        (
            [VISIT],
            SOLD,
            (
                "is the only touchpoint with credit: 70%",
                "all models agree",
                "1 order without a touch",
                "nothing to compare",
            ),
            ("是唯一有功劳的触点：70%", "各模型一致", "1单在回溯期内没有触点", "无从比较"),
        ),
        (BOTH, SOLD, ("earned most: 70%", "is linear credit over distinct"), ("贡献最大：70%", "线性归因")),
        (
            BOTH,
            [],
            ("the ledger is empty", "no sales to attribute"),
            ("账本为空", "没有订单"),
        ),
        (BOTH, BACK, ("come to nothing", "no touchpoint to compare"), ("合计为零", "没有可比较的触点")),
        (BOTH, BELOW, ("Net sales come to CNY −10: more was paid back than sold",), ("CNY −10，退款多于销售",)),
    ],
    ids=["no touches", "one order", "one touchpoint", "two touchpoints", "no orders", "all paid back", "below zero"],
)
def test_little_to_credit_is_said_without_silly_figures(seen, sold, en, zh):
    english, chinese = paragraphs(seen, sold)
    assert all(words in english for words in en), english
    assert all(words in chinese for words in zh), chinese
    for text in (english, chinese):
        assert "nan" not in text
    assert not re.search(r"(?<![\d,])1 (orders|visits|buyers|touches|persons)|100% to 100%|(?<!\d)0 orders", english)
    if len(seen) < 2:
        assert "Shapley" not in english + chinese


def test_a_rate_of_a_handful_of_persons_is_neither_judged_nor_a_peer():
    rows = [("m1", 1000, 100), ("m2", 1000, 100), ("m3", 29, 0), ("m4", 40, 40), ("m5", 40, 40)]
    reached = pd.DataFrame(rows, columns=["merchant", "persons", "buyers"]).assign(touchpoint="guide", kind="exposure")
    reached = reached.assign(conversion=reached["buyers"] / reached["persons"])
    table = potential(reached).set_index("merchant")
    assert table.loc["m3", "verdict"] == "too few"
    assert table.loc["m1", "peers"] == 1.0, "median of 10%, 100% and 100%: m3 is no peer"
    assert "fewer than 30 persons" in potential_sentence(table.reset_index(), "m3")
    everybody = potential(reached.iloc[3:]).set_index("merchant")
    assert everybody.loc["m4", ["high", "verdict", "potential_low"]].tolist() == [1.0, "like its peers", 0.0]
    assert "reached nobody" in potential_sentence(table.reset_index(), "m9")


@pytest.mark.parametrize(("wrong", "told"), [
    ({"look_back_days": "30"}, "look_back_days is '30'; a whole number of days"),
    ({"look_back_days": 7.5}, "look_back_days is 7.5; a whole number of days"),
    ({"as_of": "2024-13-01"}, "as_of is an ISO day in quotes like '2024-12-01', not '2024-13-01'"),
])  # fmt: skip
def test_a_choice_that_is_none_is_told_before_anything_is_asked(wrong, told):
    with pytest.raises(ValueError, match=told):
        paths(touches(), None, **wrong)


def test_who_bought_hours_before_a_touch_is_no_buyer_of_it_in_either_table():
    """Three visits from a group at noon: one buyer that morning, one that evening, one a week later."""
    seen = tables.sessions([(f"s{i}", f"a:{i}", "2024-01-05 12:00", "1007", {"group_id": "g"}) for i in range(3)])
    sold = tables.orders([
        ("1", "a:0", "2024-01-05 09:00", 100), ("2", "a:1", "2024-01-05 20:00", 100), ("3", "a:2", "2024-01-12", 100)
    ])  # fmt: skip
    found = touches(sessions=seen, orders=sold).cache()
    reached = conversions(found, sold)
    assert reached[["persons", "buyers"]].to_numpy().tolist() == [[3, 2]]
    routes = paths(found, sold).cache()
    shown = touchpoint_ledger(found, routes, ledgers(routes, ["last"])["last"]).set_index("touchpoint")
    assert shown.loc[reached["touchpoint"].item(), ["persons", "buyers"]].tolist() == [3, 2]


@pytest.mark.parametrize(("peers", "persons"), [(1, 30), (3, 60)])
def test_a_merchant_that_converts_like_its_few_small_peers_is_hardly_ever_told_apart(peers, persons):
    """All convert at 10%. A median of small peers taken for exact called two in three merchants neglected or operated."""
    draws = np.random.default_rng(8)
    told = 0
    for _ in range(60):
        reached = pd.DataFrame({"merchant": [f"m{i}" for i in range(peers + 1)], "persons": [300] + [persons] * peers})
        reached = reached.assign(touchpoint="guide", kind="exposure", buyers=draws.binomial(reached["persons"], 0.1))
        table = potential(reached.assign(conversion=reached["buyers"] / reached["persons"]))
        told += table["verdict"].iloc[0] != "like its peers"
        assert (table["potential_low"] <= table["potential_buyers"]).all()
        assert (table["potential_buyers"] <= table["potential_high"]).all()
    assert told <= 12
