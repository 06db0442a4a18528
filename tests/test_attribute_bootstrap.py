"""Intervals: equal persons drawn together, the exact point in the middle, doubt said where there is some."""

import attribute_tables as tables
import numpy as np
import pandas as pd
import pytest

from retailkit.attribute.bootstrap import credit_interval
from retailkit.attribute.choice import choice_sentence, held_out
from retailkit.attribute.journeys import aggregated
from retailkit.attribute.markov import removal_effects
from retailkit.attribute.paths import paths
from retailkit.attribute.resample import removal_interval
from retailkit.attribute.rules import credit
from retailkit.attribute.touches import touches

PATHS = aggregated(["a > b", "b", "a", "a > a > b", "c"], [30, 20, 5, 4, 1], nulls=[70, 90, 200, 10, 60])


def test_the_point_is_the_exact_removal_effect():
    exact = removal_effects(PATHS).set_index("touchpoint")["removal_orders"]
    drawn = removal_interval(PATHS, seed=1, replicates=50).set_index("touchpoint")
    assert drawn["removal"].to_dict() == pytest.approx(exact.to_dict())


def test_interval_is_that_of_drawing_every_journey_by_itself():
    """The grouped draw against a plain one: each journey gets its own Poisson weight."""
    together = removal_interval(PATHS, seed=1, replicates=2000).set_index("touchpoint")
    rng = np.random.default_rng(2)
    steps = [["a", "b"], ["b"], ["a"], ["a", "a", "b"], ["c"]]
    plain = []
    for _ in range(400):
        bought = [rng.poisson(1.0, int(n)).sum() for n in PATHS.orders]
        left = [rng.poisson(1.0, int(n)).sum() for n in PATHS.nulls]
        plain.append(removal_effects(aggregated(steps, bought, nulls=left)).set_index("touchpoint")["removal_orders"])
    low, high = pd.DataFrame(plain).quantile([0.05, 0.95]).to_numpy()
    np.testing.assert_allclose(together.loc[["a", "b", "c"], "removal_low"], low, atol=0.03)
    np.testing.assert_allclose(together.loc[["a", "b", "c"], "removal_high"], high, atol=0.03)


def test_same_seed_same_interval_and_another_seed_another():
    first, second, other = (removal_interval(PATHS, seed=s, replicates=100) for s in (1, 1, 2))
    assert first.equals(second)
    assert not first.equals(other)


def test_an_interval_that_reaches_nothing_is_flagged():
    table = removal_interval(PATHS, seed=1).set_index("touchpoint")
    assert table.loc["c", "unsure"]
    assert not table.loc["b", "unsure"]


def test_rare_touchpoints_are_pooled():
    few = aggregated(["a", "b", "c", "a > b"], [50, 2, 3, 1], nulls=[50, 2, 2, 1])
    assert set(removal_interval(few, seed=1, replicates=20)["touchpoint"]) == {"a", "(rare)"}


@pytest.fixture(scope="module")
def walked():
    rng = np.random.default_rng(3)
    seen, sold = [], []
    for i in range(400):
        group = rng.random() < 0.5
        seen.append((f"a{i}", f"app:{i}", "2024-03-01 10:00:00", "1007"))
        seen.append((f"b{i}", f"app:{i}", "2024-03-02 10:00:00", "1008" if group else "1035"))
        if rng.random() < (0.7 if group else 0.1):
            sold.append((f"o{i}", f"app:{i}", "2024-03-03 10:00:00", 1000))
    orders = tables.orders(sold)
    return tables.walked(tables.sessions(seen), orders, as_of="2024-06-01")


def test_persons_are_drawn_whole_from_paths(walked):
    table = removal_interval(walked, seed=1, replicates=100).set_index("touchpoint")
    exact = removal_effects(walked).set_index("touchpoint")["removal_orders"]
    assert table["removal"].to_dict() == pytest.approx(exact.to_dict())
    assert table.loc["single_chat", "removal_low"] == pytest.approx(1)


def test_credit_interval_covers_the_credit_and_ignores_row_order(walked):
    book = credit(walked, "position")
    table = credit_interval(book, seed=1, replicates=200)
    assert table["share"].sum() == pytest.approx(1)
    assert (table["low"] <= table["share"]).all()
    assert (table["high"] >= table["share"]).all()
    turned = credit(walked.order_by(walked.touch_id.desc()), "position")
    pd.testing.assert_frame_equal(table, credit_interval(turned, seed=1, replicates=200))


def test_no_orders_no_interval():
    walked = paths(touches(), None).cache()
    assert credit_interval(credit(walked, "linear"), seed=1).empty
    assert removal_interval(walked, seed=1).empty


def test_the_order_that_matters_wins_on_new_persons(walked):
    table = held_out(walked).set_index("order")
    assert table.loc[1, "log_loss"] < table.loc[0, "log_loss"]
    assert table.loc[1, "auc"] > 0.7
    assert "predicts best" in choice_sentence(table.reset_index())


def test_a_path_that_tells_nothing_is_said_to_tell_nothing():
    seen = tables.sessions([(f"s{i}", f"app:{i}", "2024-03-01", "1007") for i in range(60)])
    orders = tables.orders([(f"o{i}", f"app:{i}", "2024-03-02", 100) for i in range(0, 60, 2)])
    walked = tables.walked(seen, orders, as_of="2024-06-01")
    assert "hardly tells" in choice_sentence(held_out(walked))
    assert "too few" in choice_sentence(held_out(walked, since="2024-06-01"))
