"""Shapley by transforms equals the definition over all orders of joining; what it equals and what not."""

from itertools import permutations

import attribute_tables as tables
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.attribute.journeys import aggregated
from retailkit.attribute.shapley import (
    coalitions,
    distinct_credit,
    interactions,
    moebius,
    ordered_shapley,
    shapley,
    zeta,
)  # fmt: skip

journey = st.tuples(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), st.integers(0, 9), st.integers(0, 9)
).filter(lambda j: j[1] + j[2] > 0)
many = st.lists(journey, min_size=1, max_size=10).filter(lambda js: any(j[1] for j in js))


def _sets(journeys):
    return coalitions(aggregated([j[0] for j in journeys], [j[1] for j in journeys], nulls=[j[2] for j in journeys]))


def by_definition(journeys, names, game, prior=20.0):
    """Average marginal worth over every order in which touchpoints can join."""
    total = sum(j[1] + j[2] for j in journeys)
    overall = sum(j[1] for j in journeys) / total

    def worth(members):
        inside = [j for j in journeys if set(j[0]) <= members]
        bought = sum(j[1] for j in inside)
        if game == "sum":
            return bought
        return (bought + prior * overall) / (sum(j[1] + j[2] for j in inside) + prior) - overall

    values = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        members: set = set()
        for name in order:
            before = worth(members)
            members = members | {name}
            values[name] += (worth(members) - before) / len(orders)
    return values


@settings(max_examples=40, deadline=None)
@given(many, st.sampled_from(["sum", "rate"]))
def test_shapley_equals_its_definition(journeys, game):
    table = _sets(journeys)
    values = shapley(table, game=game).set_index("touchpoint")["worth"].to_dict()
    expected = by_definition(journeys, table.attrs["touchpoints"], game)
    assert values == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(many)
def test_the_sum_game_is_linear_credit_over_distinct_touchpoints(journeys):
    values = shapley(_sets(journeys)).set_index("touchpoint")["worth"]
    linear = dict.fromkeys(values.index, 0.0)
    for steps, bought, _ in journeys:
        for name in set(steps):
            linear[name] += bought / len(set(steps))
    assert values.to_dict() == pytest.approx(linear)
    flat = aggregated([j[0] for j in journeys], [j[1] for j in journeys])
    placed = ordered_shapley(flat).groupby("touchpoint")["orders"].sum()
    assert placed.to_dict() == pytest.approx({k: v for k, v in linear.items() if k in placed.index})


def test_transforms_undo_each_other():
    values = np.random.default_rng(1).normal(size=64)
    np.testing.assert_allclose(moebius(zeta(values)), values, atol=1e-12)


def test_touchpoints_that_help_each_other_interact():
    table = coalitions(aggregated(["a", "b", "a>b"], [10, 10, 400], nulls=[990, 990, 600]))
    assert interactions(table)["interaction"].iloc[0] > 0.2


def test_ordered_credit_stands_where_the_touchpoint_came_first():
    table = ordered_shapley(aggregated(["a>b>a"], [4]))
    expected = pd.DataFrame({"touchpoint": ["a", "b"], "place": [1, 2], "orders": [2.0, 2.0]})
    pd.testing.assert_frame_equal(table, expected)


def test_a_touchpoint_met_again_and_again_counts_once():
    """a, a, b then an order: the coalition is {a, b}, and each of the two gets half."""
    seen = tables.sessions(
        [(f"s{i}", "app:1", f"2024-03-0{i + 1} 10:00:00", s) for i, s in enumerate(["1007", "1007", "1035"])]
    )
    sold = tables.orders([("o", "app:1", "2024-03-05", 1000)])
    walked = tables.walked(seen, sold, as_of="2024-06-01")
    assert coalitions(walked)[["members", "orders", "value"]].to_numpy().tolist() == [[3, 1, 1000]]
    book = distinct_credit(walked).execute()
    assert book.groupby("touchpoint")["credit"].sum().to_dict() == {"single_chat": 500, "official_account": 500}


def test_a_touchpoint_that_does_harm_gets_no_negative_share():
    table = coalitions(aggregated(["a", "b", "a>b"], [500, 0, 100], nulls=[500, 1000, 900]))
    values = shapley(table, game="rate").set_index("touchpoint")
    assert values.loc["b", "worth"] < 0
    assert values["share"].to_dict() == {"a": 1.0, "b": 0.0}


def test_too_many_touchpoints_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match="pool the rare ones"):
        coalitions(aggregated([[f"t{i}" for i in range(21)]], [1]))
