"""What a reader sees of a ledger: views that add up, and journeys that are counted once."""

import attribute_tables as tables
import attribute_world as simulated
import ibis
import numpy as np
import pandas as pd
import pytest

from retailkit.attribute.journeys import aggregated
from retailkit.attribute.ledger import reconcile
from retailkit.attribute.markov import feasibility, removal_effects
from retailkit.attribute.models import ledgers
from retailkit.attribute.paths import paths
from retailkit.attribute.sentences import touchpoint_metrics, touchpoint_sentence
from retailkit.attribute.summary import first_to_last, path_flows, side_by_side, touchpoint_ledger
from retailkit.attribute.tables import TOUCH, shape
from retailkit.attribute.touches import touches


@pytest.fixture(scope="module")
def shop():
    world = simulated.world(300, 90, seed=31)
    found = shape(ibis.memtable(world["touches"]), TOUCH).cache()
    walked = paths(found, world["orders"], as_of=world["as_of"]).cache()
    return world, found, walked


@pytest.fixture(scope="module")
def books(shop):
    return {name: book.cache() for name, book in ledgers(shop[2], ("first", "linear", "markov_1")).items()}


def test_the_first_to_last_matrix_is_that_of_sorted_touches(shop):
    world, _, _ = shop
    sold = world["orders"].rename(columns={"account": "person"})
    met = sold.merge(world["touches"][["person", "touched_at", "touched_on", "touchpoint", "touch_id"]], on="person")
    age = (pd.to_datetime(met["paid_on"]) - pd.to_datetime(met["touched_on"])).dt.days
    met = met[(met["touched_at"] <= met["paid_at"]) & (age <= 30)].sort_values(["touched_at", "touch_id"])
    ends = met.groupby("order_id").agg(
        first=("touchpoint", "first"), last=("touchpoint", "last"), net_amount=("net_amount", "first")
    )
    expected = ends.groupby(["first", "last"])["net_amount"].agg(["size", "sum"])
    found = first_to_last(shop[2]).set_index(["first", "last"]).reindex(expected.index)
    assert found["orders"].tolist() == expected["size"].tolist()
    assert found["net_amount"].tolist() == expected["sum"].tolist()


def test_flows_end_once_per_journey_and_never_lose_one(shop):
    _, _, walked = shop
    flows = path_flows(walked, most=99)
    rows = walked.filter((walked.kind == "exposure") & walked.outcome.isin(("order", "none"))).execute()
    ends = rows.drop_duplicates("journey_id")["outcome"].value_counts()
    arrived = flows.groupby("target")["journeys"].sum()
    assert arrived["(order)"] == ends["order"]
    assert arrived["(none)"] == ends["none"]
    into = flows[(flows["step"] == 2) & ~flows["target"].str.startswith("(")].groupby("target")["journeys"].sum()
    out = flows[flows["step"] == 3].groupby("source")["journeys"].sum()
    assert (into <= out.reindex(into.index)).all(), "what flows into a step stands in it"


def test_the_touchpoint_ledger_adds_up_to_net_sales_with_its_unattributed_line(shop, books):
    world, found, walked = shop
    table = touchpoint_ledger(found, walked, books["linear"]).set_index("touchpoint")
    assert table["credit"].sum() == world["orders"]["net_amount"].sum()
    assert table["share"].sum() == pytest.approx(1)
    bare = walked.filter(walked.touchpoint == "unattributed").order_id.nunique().execute()
    assert table.loc["unattributed", "orders"] == bare
    exposed = table.drop("unattributed")
    assert exposed["persons"].to_dict() == world["touches"].groupby("touchpoint")["person"].nunique().to_dict()
    assert (exposed["conversion"] <= 1).all()
    assert np.isnan(table.loc["unattributed", "conversion"])


def test_models_stand_side_by_side_over_the_same_money(shop, books):
    table = side_by_side(books, "markov_1")
    models = table[["first", "linear", "markov_1"]]
    assert models.sum().to_numpy() == pytest.approx(1)
    assert (table["least"] == models.min(axis=1)).all()
    assert (table["most"] == models.max(axis=1)).all()
    assert (table["recommended"] == table["markov_1"]).all()
    assert table["credit"].sum() == shop[0]["orders"]["net_amount"].sum()
    with pytest.raises(ValueError, match="no ledger 'last'"):
        side_by_side(books, "last")


def test_one_visit_that_pays_two_orders_is_one_touch_of_each():
    seen = tables.sessions([("s", "app:1", "2024-03-01 10:00:00", "1007", {"order_id": "o1"})])
    sold = tables.orders([("o1", "app:1", "2024-03-01 10:05:00", 700), ("o2", "app:1", "2024-03-01 10:09:00", 301)])
    found = touches(sessions=seen, orders=sold).cache()
    walked = paths(found, sold).cache()
    book = ledgers(walked, ("last",))["last"]
    assert found.count().execute() == 1
    assert book.execute().groupby("order_id")["credit"].sum().to_dict() == {"o1": 700, "o2": 301}
    assert touchpoint_ledger(found, walked, book)["touches"].tolist() == [1]
    assert (reconcile(book, ibis.memtable(sold))[["gap_orders", "gap_amount"]] == 0).all(axis=None)


def test_an_order_that_met_a_touchpoint_twice_counts_once_in_its_line():
    seen = tables.sessions([(f"s{i}", "app:1", f"2024-03-0{i} 10:00:00", "1007") for i in (1, 2)])
    sold = tables.orders([("o", "app:1", "2024-03-05", 700)])
    found = touches(sessions=seen, orders=sold).cache()
    walked = paths(found, sold).cache()
    line = touchpoint_ledger(found, walked, ledgers(walked, ("linear",))["linear"]).iloc[0]
    assert line[["touches", "orders", "buyers", "touched_amount", "credit"]].tolist() == [2, 1, 1, 700, 700]
    table = feasibility(removal_effects(walked), walked)
    assert table[["only", "any"]].to_numpy().tolist() == [[1, 1]], "touched by this touchpoint alone, if twice"


@pytest.mark.parametrize(("order", "lost"), [(1, 0.75), (2, 0.5), (3, 0.5)])
def test_journeys_that_hardly_ever_end_give_no_negative_credit(order, lost):
    """By hand: at order 1 a leads on to an order or to b, half and half; at order 2 b after a never buys."""
    endless = ["a"] * 3000
    effects = removal_effects(aggregated([endless, ["a", "b"], ["b"]], orders=[1, 0, 1], nulls=[0, 1, 0]), order)
    effect = effects.set_index("touchpoint")["removal_orders"]
    assert (effect >= 0).all()
    assert (effect <= 1 + 1e-9).all()
    assert effect["a"] == pytest.approx(lost, abs=1e-6)


def test_the_paragraph_states_the_organic_line_between_its_bounds_in_both_languages():
    rows = pd.DataFrame(
        {
            "touchpoint": ["guide", "organic", "unattributed"], "kind": ["exposure", "none", "none"],
            "recommended": [0.5, 0.4, 0.1], "credit": [50_000, 40_000, 10_000], "least": [0.3, 0, 0.1], "most": [0.6, 0.4, 0.1],
            "low": [0.45, 0.36, 0.1], "high": [0.55, 0.43, 0.1],
        }
    )  # fmt: skip
    english, chinese = (touchpoint_sentence(rows, "CNY", lang) for lang in ("en", "zh"))
    assert "guide earned most: 50% (90% interval 45% to 55%); the models put it between 30% and 60%" in english
    assert "40% (90% interval 36% to 43%) would have been bought anyway. 10% could not be attributed" in english
    assert "40%（90%区间36%至43%）为自然购买。10%无法归因到任何触点。" in chinese
    unsure = rows.assign(low=float("nan"), high=float("nan"))
    assert "40% would have been bought anyway" in touchpoint_sentence(unsure, "CNY")


@pytest.mark.parametrize(
    ("model", "held"), [("hazard", "without a known person"), ("position", "without a touch or a person")]
)
def test_the_share_that_is_unattributed_says_which_orders_it_holds(model, held):
    """The hazard calls orders of known persons without a touch organic; a rule has no such line."""
    rows = pd.DataFrame(
        {"touchpoint": ["guide", "unattributed"], "recommended": [0.9, 0.1], "credit": [90, 10], "low": [0.9, 0.1],
         "high": [0.9, 0.1]}
    )  # fmt: skip
    told = {r["metric"]: r for r in touchpoint_metrics(rows, model, "CNY")}["unattributed_share"]
    assert told["value"] == 0.1
    assert held in told["definition"]
