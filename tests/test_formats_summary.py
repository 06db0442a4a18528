"""Claims about what the chapter keeps: the same figures for every merchant, gaps named, a window for all."""

from types import SimpleNamespace

import numpy as np
import pytest
from formats_tables import SCENES, canonical, of_accounts

from retailkit import formats as f
from retailkit.results import metric

WINDOW = {"start": "2018-11-01", "end": "2018-11-30"}


def kept(orders, persons):
    """Metrics of a merchant who has orders and nothing else."""
    none = canonical
    activation = f.guide_activation(none("guides"), none("guide_days"), none("guide_bindings"), orders, **WINDOW)
    sales = f.guide_sales(none("guides"), none("guide_bindings"), orders, **WINDOW)
    tables = {
        "format_ledger": f.format_ledger(orders, persons, **WINDOW),
        "scene_funnel": f.scene_funnel(none("sessions"), SCENES),
        "guide_activation": activation,
        "guide_concentration": f.concentration(sales, "net_amount"),
        "group_life": f.group_life(f.group_lives(none("groups"), none("group_days"))),
        "share_generations": f.share_generations(f.share_tree(none("sessions"))),
        "share_users": f.share_users(f.share_tree(none("sessions")), none("sessions"), orders, persons),
        "acquisition_cost": f.acquisition_cost(none("spend"), orders, persons, **WINDOW),
        "private_against_platform": f.value_against_platform(orders, none("order_lines")),
        "home_delivery": f.home_delivery(orders),
        "discounts": f.discount_depth(orders, **WINDOW),
    }
    return f.formats_metrics(tables, "CNY")


def order(number, **more):
    row = {"order_id": f"o{number}", "account": "a:1", "paid_at": "2018-11-05 10:00", "paid_on": "2018-11-05"}
    return {**row, "gross_amount": 1000, "net_amount": 1000, "refund_amount": 0, **more}


def test_every_merchant_keeps_the_same_figures_in_whole_currency():
    empty = kept(canonical("orders"), canonical("persons"))
    orders = canonical("orders", [order(1, format="guide", sold_by="g1"), order(2, format="platform")])
    found = kept(orders, of_accounts("a:1"))
    assert [r["metric"] for r in empty] == [r["metric"] for r in found]
    assert all(np.isnan(r["value"]) for r in empty)
    value = {r["metric"]: r["value"] for r in found}
    assert value["private_share"] == 0.5
    assert value["order_value"] == 10.0
    assert value["best_guide"] == 10.0
    assert np.isnan(value["pay_conversion"])
    assert value["private_to_platform"] == 1.0  # no lines, so no goods: the plain ratio, and its definition says so
    told = {r["metric"]: r["definition"] for r in found}["private_to_platform"]
    assert "no goods in common" in told


def test_records_are_those_that_a_chapter_saves():
    for record in kept(canonical("orders", [order(1)]), of_accounts("a:1")):
        assert set(record) == set(metric("x"))
        same = metric(record["metric"], record["value"], low=record["low"], high=record["high"])
        assert same["metric"] == record["metric"]


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (set(f.summary.NEEDS), "Every part"),
        (set(f.summary.NEEDS) - {"groups"}, "hold no customer groups:"),
        (set(), "guides, customer groups, red packets or spend:"),
    ],
)
def test_gaps_are_named_in_one_sentence(there, words):
    store = SimpleNamespace(has=lambda name: name in there)
    assert words in f.gaps_sentence(store)
    assert f.gaps_sentence(store, "zh").endswith("。")
    with pytest.raises(ValueError, match="en, zh"):
        f.gaps_sentence(store, "fr")


def test_without_a_programme_the_window_is_the_whole_record():
    orders = canonical("orders", [order(1), order(2, paid_on="2018-09-03")])
    assert f.chapter_window(None, orders, "2018-12-01") == {"start": "2018-09-03", "end": "2018-11-30"}
    assert f.chapter_window(None, canonical("orders"), "2018-12-01") == {"start": "2018-11-30", "end": "2018-11-30"}
    programme = SimpleNamespace(start="2018-10-01", end="2018-10-31")
    assert f.chapter_window(programme, orders, "2018-12-01") == {"start": "2018-10-01", "end": "2018-10-31"}


def test_tables_that_are_not_there_are_named_at_once():
    with pytest.raises(KeyError, match="format_ledger, scene_funnel"):
        f.formats_metrics({}, "CNY")


def test_an_area_whose_shops_are_not_on_record_is_not_the_best_at_home_delivery():
    """East: one of four was delivered home. West's shops are not loaded, so its only order is a delivery."""
    east = [order(i, area="east", fulfilment="home_delivery" if i == 0 else "shop") for i in range(4)]
    west = order(9, area="west", fulfilment="home_delivery")
    share = {r["metric"]: r["value"] for r in kept(canonical("orders", [*east, west]), of_accounts("a:1"))}[
        "home_delivery_share"
    ]
    assert share == 0.25
    alone = {r["metric"]: r["value"] for r in kept(canonical("orders", [west]), of_accounts("a:1"))}
    assert alone["home_delivery_share"] == 1
