"""Claims about RFM scores and segments, the published ones among them."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_data import online_retail, random_orders, rfm_orders, tables

from retailkit.segment.features import person_features
from retailkit.segment.rfm import RFM, RFM_COLUMNS, fit_rfm
from retailkit.segment.scores import rfm_features, rfm_scores
from retailkit.segment.segments import (
    name_segments,
    rfm_segments,
    segment_map,
    segment_maps,
    segment_profile,
)

COLUMNS = list(RFM_COLUMNS)


def scored(frame: pd.DataFrame, model: RFM) -> ibis.Table:
    frame = frame.copy()
    frame["r"], frame["f"], frame["m"] = model.transform(frame[COLUMNS]).T
    return ibis.memtable(frame)


@pytest.mark.data
def test_published_segments_of_online_retail(real_data):
    features = person_features(*online_retail(real_data), "2011-12-11")
    people = features.order_by("person").to_pandas().query("net_amount > 0")
    assert len(people) == 4338
    model = RFM(ties="order_of_appearance").fit(people[COLUMNS])
    named = name_segments(scored(people, model), segment_map("recency_frequency"))
    found = segment_profile(named).set_index("segment")
    published = {
        "about_to_sleep": (352, 53.312500, 1.161932, 471.994375),
        "at_risk": (593, 153.785835, 2.878583, 1084.535297),
        "cannot_lose": (63, 132.968254, 8.380952, 2796.155873),
        "champions": (633, 6.361769, 12.417062, 6857.935482),  # the later sheet's one line more gives 6857.963918
        "hibernating": (1071, 217.605042, 1.101774, 488.643307),
        "loyal": (819, 33.608059, 6.479853, 2864.247791),
        "need_attention": (187, 52.427807, 2.326203, 897.627861),
        "new": (42, 7.428571, 1.0, 388.212857),
        "potential_loyal": (484, 17.398760, 2.010331, 1041.222004),
        "promising": (94, 23.510638, 1.0, 294.007979),
    }
    assert set(found.index) == set(published)
    for name, (persons, days, orders, money) in published.items():
        row = found.loc[name]
        assert row["persons"] == persons
        assert row["mean_days_since_last"] == pytest.approx(days, abs=1e-6)
        assert row["mean_orders"] == pytest.approx(orders, abs=1e-6)
        assert row["mean_net_amount"] / 1000 == pytest.approx(money, abs=1e-6)


@pytest.mark.data
def test_keeping_the_customer_who_paid_nothing_gives_the_other_published_table(real_data):
    people = person_features(*online_retail(real_data), "2011-12-11").order_by("person").to_pandas()
    model = RFM(ties="order_of_appearance").fit(people[COLUMNS])
    found = segment_profile(name_segments(scored(people, model), segment_map("recency_frequency")))
    row = found.set_index("segment").loc["promising"]
    assert len(people) == 4339
    assert row["persons"] == 95
    assert row["mean_days_since_last"] == pytest.approx(23.421053, abs=1e-6)
    assert row["mean_net_amount"] / 1000 == pytest.approx(290.913158, abs=1e-6)


def rfm_package(people: pd.DataFrame) -> RFM:
    """The package's recipe: quantiles plus one are the lower edges, the edge itself belongs above."""
    cuts = [np.quantile(people[c], [0.2, 0.4, 0.6, 0.8]) + 1 for c in COLUMNS]
    return RFM(method="fixed", edges=[np.nextafter(c, -np.inf) for c in cuts]).fit(people[COLUMNS])


@pytest.mark.data
def test_published_scores_and_champions_of_the_rfm_package(real_data):
    people = person_features(*rfm_orders(real_data), "2007-01-01").to_pandas()
    assert people["orders"].sum() == 4906
    named = name_segments(scored(people, rfm_package(people)), segment_map("rfm_package"))
    rows = named.to_pandas().set_index("person")
    for name, values in {
        "Ethyl Botsford": (252, 8, 526, 3, 5, 4),
        "Hosteen Jacobi": (545, 4, 300, 1, 2, 2),
        "Josef Lemke": (48, 5, 391, 5, 3, 3),
        "Julisa Halvorson": (127, 12, 987, 4, 5, 5),
        "Judyth Lueilwitz": (662, 5, 552, 1, 3, 4),
    }.items():
        assert tuple(rows.loc[name, [*COLUMNS, "r", "f", "m"]]) == values
    champions = rows[rows["segment"] == "champions"]
    assert (len(champions), champions["orders"].sum(), champions["net_amount"].sum()) == (158, 1234, 120178)


numbers = st.lists(st.integers(-50, 50), min_size=5, max_size=40)


@given(numbers, st.sampled_from(["quantile", "jenks", "mean"]), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_equal_value_equal_score_and_more_is_never_worse(values, method, bins):
    column = np.array(values, float)[:, None]
    scores = RFM(method=method, bins=bins, less_is_better=()).fit_transform(column)[:, 0]
    order = np.argsort(column[:, 0], kind="stable")
    assert (np.diff(scores[order]) >= 0).all()
    assert all(len(set(scores[column[:, 0] == v])) == 1 for v in column[:, 0])


@given(numbers, st.randoms())
@settings(max_examples=40, deadline=None)
def test_other_people_in_the_table_do_not_move_anyone(values, random):
    column = np.array(values, float)[:, None]
    model = RFM().fit(column)
    chosen = random.sample(range(len(values)), k=3)
    assert (model.transform(column[chosen]) == model.transform(column)[chosen]).all()


def test_relabelling_ids_moves_nobody():
    orders = random_orders(1)
    features = person_features(*tables(orders), "2024-12-01").to_pandas()
    renamed = features.assign(person=features["person"].str[::-1]).sample(frac=1, random_state=0)
    one = rfm_segments(ibis.memtable(features)).to_pandas().set_index("person")["segment"]
    two = rfm_segments(ibis.memtable(renamed)).to_pandas().set_index("person")["segment"]
    two.index = two.index.str[::-1]
    pd.testing.assert_series_equal(one.sort_index(), two.sort_index())


@pytest.mark.parametrize(
    "choices", [{}, {"method": "jenks"}, {"method": "mean"}, {"method": "percentile", "edges": [50, 80]}]
)
def test_the_engine_scores_as_transform_does(choices):
    features = person_features(*tables(random_orders(2)), "2024-12-01")
    model = fit_rfm(features, **choices)
    frame = model.score_expression(features).to_pandas()
    names = model.get_feature_names_out()
    assert (frame[list(names)].to_numpy() == model.transform(frame[COLUMNS])).all()


def test_the_three_figures_alone_are_those_of_all_features_and_score_as_the_estimator_does():
    orders, persons = tables(random_orders(3, persons=400))
    day = "2024-06-01"
    few = rfm_features(orders, persons, day).to_pandas().sort_values("person", ignore_index=True)
    many = person_features(orders, persons, day).to_pandas().sort_values("person", ignore_index=True)
    pd.testing.assert_frame_equal(few, many[list(few.columns)])
    scored = rfm_scores(few)
    assert scored[["r", "f", "m"]].to_numpy().tolist() == fit_rfm(many).transform(many[list(RFM_COLUMNS)]).tolist()


def test_order_lines_give_the_figures_of_their_orders():
    orders, persons = tables(random_orders(3, persons=400).assign(refund_amount=0))
    halves = [orders.mutate(line=ibis.literal(n), net_amount=part) for n, part in (
        ("1", orders.gross_amount - 100), ("2", ibis.literal(100, "int64"))
    )]  # fmt: skip
    one, two = (rfm_features(t, persons, "2024-06-01") for t in (orders, ibis.union(*halves)))
    one, two = (t.to_pandas().sort_values("person", ignore_index=True) for t in (one, two))
    pd.testing.assert_frame_equal(one, two)


def test_natural_breaks_are_the_best_of_all_breaks():
    from itertools import combinations

    from retailkit.segment.edges import natural_breaks

    values = np.sort(np.random.default_rng(5).normal(size=14))

    def cost(cuts):
        return sum(part.var() * len(part) for part in np.split(values, cuts))

    best = min(combinations(range(1, 14), 3), key=cost)
    assert natural_breaks(values, 4) == pytest.approx(values[np.array(best) - 1])


def test_well_parted_groups_break_between_the_groups():
    from retailkit.segment.edges import natural_breaks

    draw = np.random.default_rng(1)
    values = np.concatenate([draw.normal(m, 1, 2000) for m in (0, 20, 60)])
    edges = natural_breaks(values, 3)
    assert edges == pytest.approx([values[:2000].max(), values[2000:4000].max()])


@pytest.mark.parametrize("name", ["usual", "value8", "recency_frequency"])
def test_every_score_has_a_name_in_closed_maps(name):
    chosen = segment_map(name)
    grid = range(1, chosen.bins + 1)
    cells = ibis.memtable(pd.DataFrame([(r, f, m) for r in grid for f in grid for m in grid], columns=["r", "f", "m"]))
    named = name_segments(cells, chosen).to_pandas()
    assert set(named["segment"]) == {s.name for s in chosen.segments}


@pytest.mark.parametrize("name", segment_maps())
def test_maps_speak_both_languages(name):
    chosen = segment_map(name)
    for lang in ("en", "zh"):
        titles = chosen.titles(lang)
        assert len(set(titles.values())) == len(chosen.segments) + 1


def test_profile_adds_up():
    segments = rfm_segments(person_features(*tables(random_orders(3)), "2024-12-01"))
    profile = segment_profile(segments)
    people = segments.to_pandas()
    assert profile["persons"].sum() == len(people)
    assert profile["net_amount"].sum() == people["net_amount"].sum()
    assert profile["share"].sum() == pytest.approx(1)
    assert profile["net_share"].sum() == pytest.approx(1)
    assert (profile["share_low"] < profile["share"]).all()
    assert (profile["share"] < profile["share_high"]).all()


def test_no_persons_give_no_segments():
    segments = rfm_segments(person_features(*tables(random_orders(3)), "2000-01-01"))
    assert segments.count().to_pandas() == 0
    assert segment_profile(segments).empty


def test_learning_from_several_merchants_at_once_is_refused():
    orders = pd.concat([random_orders(1), random_orders(2, merchant="n")])
    with pytest.raises(
        ValueError, match="RFM edges is one merchant's, these rows are of m, n: filter them by merchant"
    ):
        fit_rfm(person_features(*tables(orders), "2024-12-01"))


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"method": "best"}, "expected one of"),
        ({"ties": "random"}, "expected 'equal' or"),
        ({"bins": 1}, "at least 2"),
        ({"method": "fixed"}, "one list of edges per column"),
        ({"method": "percentile", "edges": [80, 50]}, "rising numbers"),
        ({"method": "percentile", "edges": [80, 150]}, "between 0 and 100"),
    ],
)
def test_impossible_choices_say_what_was_expected(choices, words):
    with pytest.raises(ValueError, match=words):
        RFM(**choices).fit(np.arange(12.0).reshape(4, 3))


def test_ties_by_order_of_appearance_stay_out_of_the_engine():
    features = person_features(*tables(random_orders(2)), "2024-12-01")
    with pytest.raises(ValueError, match="order of appearance"):
        fit_rfm(features, ties="order_of_appearance").score_expression(features)
