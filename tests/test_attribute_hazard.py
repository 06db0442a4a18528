"""The hazard ledger against a SIMULATED shop whose causes are known, beside the classic models."""

import attribute_tables as tables
import attribute_world as simulated
import ibis
import pytest

from retailkit.attribute.hazard import causes, fit_hazard
from retailkit.attribute.hazard_ledger import hazard_credit, hazard_interval
from retailkit.attribute.ledger import reconcile
from retailkit.attribute.models import ledgers, recommend
from retailkit.attribute.paths import paths
from retailkit.attribute.tables import TOUCH, shape
from retailkit.attribute.touches import touches


def _walk(world):
    found = shape(ibis.memtable(world["touches"]), TOUCH).cache()
    return found, paths(found, world["orders"], as_of=world["as_of"]).cache()


def _shares(book):
    sums = book.group_by("touchpoint").aggregate(orders=book.share.sum()).execute().set_index("touchpoint")["orders"]
    return (sums / sums.sum()).rename({"unattributed": "organic"}).to_dict()


def _error(book, truth):
    shares = _shares(book)
    return sum(abs(shares.get(k, 0) - truth.get(k, 0)) for k in set(shares) | set(truth)) / 2


@pytest.fixture(scope="module", params=[0.0, 1.0], ids=["plain", "confounded"])
def shop(request):
    world = simulated.world(3000, 180, seed=11, confounding=request.param)
    found, walked = _walk(world)
    model = fit_hazard(walked, found, world["intent"], as_of=world["as_of"])
    return world, found, walked, model, request.param


def test_hazard_shares_are_within_five_per_cent_and_a_third_of_the_best_classic_error(shop):
    world, _, walked, model, _ = shop
    own = _error(hazard_credit(walked, model), world["truth"])
    classic = min(
        _error(b, world["truth"]) for b in ledgers(walked, ("first", "last", "linear", "position", "markov_1")).values()
    )
    assert own < 0.05
    assert own <= classic / 3


def test_organic_is_neither_everything_nor_nothing(shop):
    world, _, walked, model, _ = shop
    organic = _shares(hazard_credit(walked, model))["organic"]
    assert abs(organic - world["truth"]["organic"]) < 0.05
    assert 0.2 < organic < 0.6


def test_hazard_ledger_sums_to_the_money_with_its_organic_line(shop):
    world, _, walked, model, _ = shop
    book = hazard_credit(walked, model).cache()
    gap = reconcile(book, ibis.memtable(world["orders"]))
    assert (gap[["gap_orders", "gap_amount"]] == 0).all(axis=None)
    organic, credit = causes(model)
    assert organic.min() >= 0
    assert credit.min() >= 0


def test_confounding_by_intent_is_held_by_a_known_intent_and_by_past_activity():
    world = simulated.world(3000, 180, seed=12, confounding=1.0)
    found, walked = _walk(world)
    without = fit_hazard(walked, found, as_of=world["as_of"])
    known = fit_hazard(walked, found, world["intent"], as_of=world["as_of"])
    assert _error(hazard_credit(walked, without), world["truth"]) < 0.06
    assert _error(hazard_credit(walked, known), world["truth"]) < 0.04


def test_where_few_persons_make_most_orders_what_they_buy_anyway_stays_organic():
    world = simulated.world(3000, 180, seed=805, confounding=1.0, shape=0.3)
    found, walked = _walk(world)
    known = fit_hazard(walked, found, world["intent"], as_of=world["as_of"])
    book = hazard_credit(walked, known).cache()
    assert _shares(book)["organic"] > world["truth"]["organic"] - 0.03
    assert _error(book, world["truth"]) < 0.04


def test_interval_holds_the_estimate_and_repeats_with_its_seed(shop):
    _, _, walked, model, _ = shop
    book = hazard_credit(walked, model).cache()
    first, second = (hazard_interval(model, book, seed=3, replicates=20) for _ in range(2))
    assert first.equals(second)
    assert (first["low"] <= first["share"]).all()
    assert (first["share"] <= first["high"]).all()
    assert first["share"].sum() == pytest.approx(1)


def test_visits_of_one_s_own_accord_show_intent_and_earn_nothing():
    rows = [
        (f"v{i}", f"app:{i % 9}", f"2024-03-{1 + i % 25:02d} 09:00:00", "1089" if i % 2 else "1007") for i in range(90)
    ]
    seen = tables.sessions(rows)
    sold = tables.orders([(f"o{i}", f"app:{i}", f"2024-03-{10 + i:02d} 12:00:00", 500) for i in range(9)])
    found = touches(sessions=seen, orders=sold).cache()
    walked = paths(found, sold, direct="keep").cache()
    book = hazard_credit(walked, fit_hazard(walked, found)).execute()
    assert book.loc[book["touchpoint"] == "direct_return", "credit"].sum() == 0
    assert book["credit"].sum() == 4500


def test_orders_of_unknown_persons_stay_unattributed():
    seen = tables.sessions([("s", "app:1", "2024-03-01", "1007")])
    sold = tables.orders([("o1", "app:1", "2024-03-02", 100), ("o2", None, "2024-03-02", 900)])
    found = touches(sessions=seen, orders=sold).cache()
    walked = paths(found, sold).cache()
    book = hazard_credit(walked, fit_hazard(walked, found)).execute()
    sums = book.groupby("touchpoint")["credit"].sum()
    assert sums["unattributed"] == 900
    assert sums["organic"] + sums["single_chat"] == 100


def test_one_merchant_at_a_time():
    world = simulated.world(50, 60, seed=1)
    two = world["orders"].assign(merchant=["m", "n"] * (len(world["orders"]) // 2) + ["m"] * (len(world["orders"]) % 2))
    found = shape(ibis.memtable(world["touches"]), TOUCH)
    with pytest.raises(ValueError, match="one merchant at a time"):
        fit_hazard(paths(found, two).cache(), found)


def test_too_few_orders_fall_back_to_the_position_rule_and_say_so():
    sold = tables.orders([("o", "app:1", "2024-03-02", 100)])
    model, reason = recommend(
        paths(touches(sessions=tables.sessions([("v", "app:1", "2024-03-01", "1007")])).cache(), sold).cache()
    )
    assert model == "position"
    assert "only 1 order with an exposure before, and the hazard ledger needs 1,000" in reason
    model, reason = recommend(paths(touches(), sold).cache())
    assert model == "position"
    assert reason.startswith("No order has an exposure before it, so there is nothing for a model to learn from.")
