"""Chains of order 1 to 5 come from one count; the explorer computes each once and says where one is too thin."""

import sys

import attribute_world as simulated
import ibis
import pandas as pd
import pytest

from retailkit.attribute.markov import removal_effects
from retailkit.attribute.paths import paths
from retailkit.attribute.sensitivity import chains_on_demand, sensitivity
from retailkit.attribute.tables import TOUCH, shape
from retailkit.attribute.touches import touches
from retailkit.attribute.windows import effects_by_order, thin_sentence, thin_windows, window_counts
from retailkit.explore.touchpoints import touchpoint_explorer, touchpoint_view, with_chain


@pytest.fixture(scope="module")
def shop():
    world = simulated.world(300, 90, seed=21)
    return shape(ibis.memtable(world["touches"]), TOUCH).cache(), world["orders"], world["as_of"]


@pytest.fixture(scope="module")
def walked(shop):
    found, orders, as_of = shop
    return paths(found, orders, as_of=as_of).cache()


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_effects_of_shorter_windows_are_those_of_their_own_count(walked, order):
    five = effects_by_order(window_counts(walked, 5), (1, 2, 3, 4, 5)).set_index("touchpoint")
    own = removal_effects(walked, order).set_index("touchpoint")["removal_orders"]
    assert five[f"markov_{order}"].to_dict() == pytest.approx(own.to_dict(), abs=1e-9)


def test_a_window_of_a_journey_s_start_is_counted_too():
    counts = pd.DataFrame(
        {"w1": ["a", "b"], "w2": [None, "a"], "first": [1, 0], "then": ["b", "(order)"], "journeys": 4, "value": 0}
    )
    table = thin_windows(counts).set_index("order")
    assert table["touches"].tolist() == [8, 8]
    assert table["windows"].tolist() == [2, 2]


def test_long_windows_are_thin_and_the_sentence_says_which_order_is_enough(walked):
    table = thin_windows(window_counts(walked, 5))
    assert table["thin"].is_monotonic_increasing
    assert thin_sentence(table, 1) == ""
    assert "Order 5 is too sparse here" in thin_sentence(table, 5)
    assert "or lower has enough" in thin_sentence(table, 5)
    assert thin_sentence(table, 5, "zh").startswith("5阶链过于稀疏")


def test_no_journey_at_all_is_too_sparse_for_any_order_and_nothing_is_said_of_it():
    nothing = pd.DataFrame({"w1": [], "first": [], "then": [], "journeys": [], "value": []})
    table = thin_windows(nothing)
    assert table["sparse"].all()
    assert thin_sentence(table, 1) == ""


def test_an_order_without_a_name_is_refused(walked):
    with pytest.raises(ValueError, match="orders 1 to 5"):
        window_counts(walked, 6)


def test_a_chain_on_demand_is_the_panel_s_and_is_computed_once(shop):
    chains = chains_on_demand(*shop[:2], as_of=shop[2])
    rows, windows = chains(3, 14, "fold")
    panel = sensitivity(*shop[:2], look_backs=(14,), as_of=shop[2], chains=(3,))
    whole = panel[panel["model"] == "markov_3"].set_index("touchpoint")["share"]
    assert rows.set_index("touchpoint")["share"].to_dict() == pytest.approx(whole.to_dict(), abs=1e-9)
    assert rows["share"].sum() == pytest.approx(1)
    again, _ = chains(3, 14, "fold")
    assert again is rows
    assert windows["order"].tolist() == [1, 2, 3]


def test_a_chain_on_demand_walks_no_path_that_is_there_already(shop, monkeypatch):
    walked = paths(*shop[:2], look_back_days=14, as_of=shop[2]).cache()
    expected, _ = chains_on_demand(*shop[:2], as_of=shop[2])(3, 14, "fold")
    monkeypatch.setattr(sys.modules["retailkit.attribute.sensitivity"], "meetings", None)
    rows, _ = chains_on_demand(*shop[:2], as_of=shop[2], known={(14, "fold"): walked})(3, 14, "fold")
    pd.testing.assert_frame_equal(rows, expected)


def test_the_explorer_starts_at_the_base_of_the_panel_also_without_returns(shop):
    panel = sensitivity(*shop[:2], look_backs=(7, 14), base=14, as_of=shop[2], chains=())
    assert touchpoint_explorer(panel, merchant="m", period="2024").children[0].children[1].value == 14


def test_the_explorer_offers_every_order_and_adds_what_it_computed_to_the_range(shop):
    panel = sensitivity(*shop[:2], look_backs=(14,), as_of=shop[2])
    asked = []

    def chains(order, days, direct):
        asked.append((order, days, direct))
        return chains_on_demand(*shop[:2], as_of=shop[2])(order, days, direct)

    widget = touchpoint_explorer(panel, merchant="m", period="2024", lang="zh", chains=chains)
    boxes = {b.description: b for b in widget.children[0].children}
    assert {f"markov_{n}" for n in range(1, 6)} <= {value for _, value in boxes["模型"].options}
    boxes["模型"].value = "markov_4"
    assert asked == [(4, 14, "fold")]
    more, doubt = with_chain(panel, chains, "markov_4", 14, "fold")
    assert set(touchpoint_view(more, "markov_4", 14)["group"]) == set(panel["touchpoint"])
    assert len(with_chain(more, chains, "markov_4", 14, "fold")[0]) == len(more)
    assert doubt == "" or "too sparse" in doubt


def test_a_chain_of_nothing_is_an_empty_table():
    orders = pd.DataFrame(
        {
            "merchant": ["m"], "order_id": ["o"], "account": ["a"], "gross_amount": [5], "net_amount": [5],
            "paid_at": pd.to_datetime(["2024-03-02"]).astype("datetime64[us]"), "paid_on": [pd.Timestamp("2024-03-02").date()],
        }
    )  # fmt: skip
    rows, windows = chains_on_demand(touches(), orders)(2, 30)
    assert rows.empty
    assert windows["sparse"].all()
