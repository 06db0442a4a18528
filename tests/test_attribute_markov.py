"""Markov removal effects are exact: brute force, conservation, and what cannot be said."""

from itertools import pairwise

import attribute_tables as tables
import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.attribute.journeys import AggregatedPaths, aggregated, transitions
from retailkit.attribute.ledger import reconcile
from retailkit.attribute.markov import feasibility, markov_credit, removal_effects
from retailkit.attribute.models import ledgers, usual_models
from retailkit.attribute.paths import paths
from retailkit.attribute.tables import PATH, shape
from retailkit.attribute.touches import touches

journey = st.tuples(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=6),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 1000),
).filter(lambda j: j[1] + j[2] > 0)
many = st.lists(journey, min_size=1, max_size=12).filter(lambda js: any(j[1] for j in js))


def _paths(journeys):
    return aggregated(
        [j[0] for j in journeys],
        [j[1] for j in journeys],
        [j[3] * (j[1] > 0) for j in journeys],
        [j[2] for j in journeys],
    )


def brute_force(journeys, order, removed=None, money=False):
    """Conversion of the chain with a touchpoint cut out, by a dictionary and a dense solve."""
    moves: dict = {}
    for steps, bought, left, value in journeys:
        weight = bought + left
        windows = [tuple(steps[max(0, i - order + 1) : i + 1]) for i in range(len(steps))]
        chain = ["start", *windows]
        for here, there in pairwise(chain):
            moves.setdefault(here, {}).setdefault(there, 0)
            moves[here][there] += weight
        final = moves.setdefault(chain[-1], {})
        final["order"] = final.get("order", 0) + bought
        final["none"] = final.get("none", 0) + left
        final["money"] = final.get("money", 0) + (value if bought else 0)
    states = [s for s in moves if s == "start" or s[-1] != removed]
    at = {s: i for i, s in enumerate(states)}
    q, reward = np.zeros((len(states), len(states))), np.zeros(len(states))
    for s in states:
        total = sum(v for k, v in moves[s].items() if k != "money")
        for t, v in moves[s].items():
            if t in at:
                q[at[s], at[t]] = v / total
        reward[at[s]] = moves[s].get("money" if money else "order", 0) / total
    return np.linalg.solve(np.eye(len(states)) - q, reward)[at["start"]]


@settings(max_examples=60, deadline=None)
@given(many, st.integers(1, 5))
def test_removal_effects_equal_brute_force(journeys, order):
    effects = removal_effects(_paths(journeys), order).set_index("touchpoint")
    p = brute_force(journeys, order)
    value = brute_force(journeys, order, money=True)
    for name in effects.index:
        expected = 1 - brute_force(journeys, order, name) / p
        assert abs(effects.loc[name, "removal_orders"] - expected) < 1e-9
        if value > 0:
            expected = 1 - brute_force(journeys, order, name, money=True) / value
            assert abs(effects.loc[name, "removal_value"] - expected) < 1e-9


@settings(max_examples=60, deadline=None)
@given(many, st.integers(1, 5))
def test_chain_converts_at_the_raw_rate_and_shares_sum_to_one(journeys, order):
    effects = removal_effects(_paths(journeys), order)
    orders = sum(j[1] for j in journeys)
    total = sum(j[1] + j[2] for j in journeys)
    assert abs(effects.attrs["p"] - orders / total) < 1e-9
    assert abs(effects["share_orders"].sum() - 1) < 1e-9
    assert (effects["removal_orders"] >= 0).all()
    assert (effects["removal_orders"] <= 1 + 1e-9).all()


def test_fractional_counts_are_not_cut():
    whole = removal_effects(aggregated(["a>b", "b", "a"], [20, 10, 5], nulls=[1, 2, 3]))
    parts = removal_effects(aggregated(["a>b", "b", "a"], [2.0, 1.0, 0.5], nulls=[0.1, 0.2, 0.3]))
    pd.testing.assert_frame_equal(
        whole.drop(columns=["visits", "lost_orders"]), parts.drop(columns=["visits", "lost_orders"])
    )


def test_frequency_column_equals_repeated_rows():
    together = removal_effects(aggregated(["a>b>a", "b"], [3, 0], nulls=[1, 2]), order=2)
    apart = removal_effects(
        aggregated(["a>b>a"] * 4 + ["b"] * 2, [1, 1, 1, 0, 0, 0], nulls=[0, 0, 0, 1, 1, 1]), order=2
    )
    pd.testing.assert_frame_equal(together, apart)


def test_repeated_touchpoints_do_not_break_the_chain():
    effects = removal_effects(aggregated(["a>a>a>b"], [1], nulls=[1])).set_index("touchpoint")
    assert effects["removal_orders"].tolist() == [1, 1]


def test_orders_without_money_have_no_effect_on_value_and_nothing_fails():
    effects = removal_effects(aggregated(["a>b", "b"], [1, 1], value=[0, 0], nulls=[1, 1]))
    assert effects["removal_value"].tolist() == [0, 0]
    assert effects["share_value"].tolist() == [0, 0]
    assert effects["share_orders"].sum() == pytest.approx(1)


def test_no_orders_at_all_gives_zero_effects():
    effects = removal_effects(aggregated(["a>b", "b"], [0, 0], nulls=[1, 1]))
    assert effects["removal_orders"].tolist() == [0, 0]
    assert effects.attrs["p"] == 0


def test_a_path_without_a_touch_is_refused():
    with pytest.raises(ValueError, match="without a touch"):
        AggregatedPaths(("a",), np.array([0]), np.array([0, 0, 1]), np.ones(2), np.zeros(2), np.zeros(2))


def test_engine_counts_the_same_transitions_as_aggregated_paths():
    seen = tables.sessions(
        [
            (f"s{i}", f"app:{i % 7}", f"2024-03-{1 + i % 9:02d} {i % 24:02d}:00:00", s)
            for i, s in enumerate(["1007", "1035", "1011", "1007"] * 12)
        ]
    )
    sold = tables.orders([(f"o{i}", f"app:{i}", f"2024-03-{5 + i:02d} 12:00:00", 100 * i) for i in range(5)])
    walked = tables.walked(seen, sold, look_back_days=5, as_of="2024-06-01")
    rows = walked.execute().query("kind == 'exposure'").sort_values(["journey_id", "position"])
    steps = rows.groupby("journey_id")["touchpoint"].agg(list)
    ends = rows.groupby("journey_id").first().loc[steps.index]
    bought = (ends["outcome"] == "order").astype(int)
    flat = aggregated(steps, bought, ends["net_amount"].fillna(0).astype(float) * bought, 1 - bought)
    for order in (1, 2, 3):
        pd.testing.assert_frame_equal(removal_effects(walked, order), removal_effects(flat, order), check_exact=False)
    counts = transitions(walked)
    assert counts.query("first == 1")["journeys"].sum() == len(steps)


def test_one_touchpoint_earns_all_exposed_orders():
    effects = removal_effects(aggregated(["a", "a>a"], [3, 1], nulls=[5, 0]))
    assert effects["removal_orders"].tolist() == [1]
    assert effects["lost_orders"].tolist() == [4]


def test_no_touches_give_an_empty_table_and_an_unattributed_ledger():
    sold = tables.orders([("o", "app:1", "2024-03-02", 500)])
    walked = paths(touches(), sold).cache()
    effects = removal_effects(walked)
    assert len(effects) == 0
    assert markov_credit(walked, effects).execute()["touchpoint"].tolist() == ["unattributed"]
    assert len(feasibility(effects, walked)) == 0


def test_an_order_touched_by_one_channel_alone_is_paid_to_it():
    """b's removal effect is tiny, yet the order that only b touched is b's in the ledger."""
    seen = tables.sessions([("s1", "app:1", "2024-03-01", "1007"), ("s2", "app:2", "2024-03-01", "1035")])
    sold = tables.orders([("o1", "app:1", "2024-03-02", 100), ("o2", "app:2", "2024-03-02", 900)])
    walked = tables.walked(seen, sold)
    effects = pd.DataFrame({"touchpoint": ["single_chat", "official_account"], "removal_orders": [0.9, 0.01]})
    book = markov_credit(walked, effects).execute().set_index("touchpoint")["credit"]
    assert book.to_dict() == {"single_chat": 100, "official_account": 900}


def test_exposures_without_any_effect_still_keep_their_part_beside_attached_touches():
    """Removal effects of value are all zero where orders brought no money: two exposures and a coupon get a third each."""
    rows = pd.DataFrame({"merchant": "m", "outcome": "order", "order_id": "o", "position": [1, 2, 3], "path_length": 3})
    rows = rows.assign(touchpoint=["a", "b", "coupon"], kind=["exposure", "exposure", "order_attached"], role="touch")
    walked = shape(ibis.memtable(rows.assign(net_amount=900, gross_amount=900)), PATH)
    effects = pd.DataFrame({"touchpoint": ["a", "b"], "removal_value": [0.0, 0.0]})
    assert markov_credit(walked, effects, by="value").execute()["credit"].tolist() == [300, 300, 300]


def test_aggregate_shares_that_cannot_be_paid_are_flagged():
    """100 orders of a alone, 10 of a then b: the aggregate share of a falls below its own orders."""
    seen, sold = [], []
    for i in range(40):
        seen.append((f"a{i}", f"app:{i}", "2024-03-01 10:00:00", "1007"))
        if i < 30:
            seen.append((f"b{i}", f"app:{i}", "2024-03-02 10:00:00", "1035"))
        sold.append((f"o{i}", f"app:{i}", "2024-03-03 10:00:00", 100))
    sold_table = tables.orders(sold)
    walked = tables.walked(tables.sessions(seen), sold_table)
    effects = removal_effects(walked)
    table = feasibility(effects, walked).set_index("touchpoint")
    assert table["only"].to_dict() == {"official_account": 0, "single_chat": 10}
    gap = reconcile(markov_credit(walked, effects), walked.filter(walked.position == 1))
    assert gap["gap_amount"].tolist() == [0]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_chains_of_order_one_to_five_are_there_by_name_and_pay_by_their_own_effects(order):
    names = ["1007", "1035", "1011", "1007", "1011", "1035", "1007"]
    seen = tables.sessions(
        [(f"s{i}", f"app:{i % 9}", f"2024-03-{1 + i // 9:02d} {i % 24:02d}:00:00", names[i % 7]) for i in range(81)]
    )
    sold = tables.orders([(f"o{i}", f"app:{i}", f"2024-03-{7 + i} 23:00:00", 999 + i) for i in range(5)])
    walked = tables.walked(seen, sold, as_of="2024-06-01")
    name = f"markov_{order}"
    assert usual_models(order)[-2] == name
    book = ledgers(walked, [name])[name].cache()
    assert set(book.rule.execute()) == {name}
    assert (reconcile(book, ibis.memtable(sold))[["gap_orders", "gap_amount"]] == 0).all(axis=None)
    effect = removal_effects(walked, order).set_index("touchpoint")["removal_orders"]
    rows = book.execute()
    weight = rows["touchpoint"].map(effect)
    expected = weight / weight.groupby(rows["order_id"]).transform("sum")
    np.testing.assert_allclose(rows["share"], expected, atol=1e-9)


def test_an_order_without_a_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"order is 6; there are markov_1, .*markov_5"):
        usual_models(6)
