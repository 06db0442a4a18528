"""Claims about churn: calibrated on later days, blind to the future, silent when there is too little."""

import ibis
import numpy as np
import pandas as pd
import pytest
from churn_worlds import AS_OF as END_OF_WORLD
from churn_worlds import CHECKED, END, FAMILIES, HORIZON, churn_world
from scipy.stats import norm
from segment_data import random_orders, tables

from retailkit.segment import churn_expression, churn_scores, fit_churn, people_churn, person_features
from retailkit.segment.churn import TooFewBuyersError
from retailkit.segment.churn_check import calibration_sentence, pairs_in_order
from retailkit.segment.churn_season import season

AS_OF = "2024-12-01"


def buyers(seed: int, n: int = 4000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Buyers who join over two years, buy at their own rate and leave for good at some time."""
    draw = np.random.default_rng(seed)
    rate, stay = draw.gamma(1.2, 1 / 40, n), draw.exponential(300, n)
    joined = draw.uniform(0, 650, n)
    times = [np.append(0, np.cumsum(draw.exponential(1 / r, 60))) for r in rate]
    rows = [
        (f"crm:{i}", j + t) for i, (ts, s, j) in enumerate(zip(times, stay, joined, strict=True)) for t in ts[ts < s]
    ]
    orders = pd.DataFrame(rows, columns=["account", "day"]).query("day < 760")
    return orders.assign(
        merchant="m",
        order_id=[str(i) for i in range(len(orders))],
        paid_on=pd.Timestamp("2022-12-01") + pd.to_timedelta(np.floor(orders["day"]), unit="D"),
        items=1,
        gross_amount=1000,
        refund_amount=0,
        net_amount=1000,
    ).drop(columns="day"), pd.DataFrame({"merchant": "m", "account": orders["account"].unique()}).assign(
        person=lambda t: t["account"]
    )


@pytest.fixture(scope="module")
def world():
    orders, persons = buyers(1)
    return orders, ibis.memtable(orders).mutate(paid_on=ibis._.paid_on.cast("date")), ibis.memtable(persons)


def test_chances_are_calibrated_on_days_the_model_has_not_seen(world):
    _, orders, persons = world
    fit = fit_churn(orders, persons, AS_OF)
    apart = (fit.calibration["expected_share"] - fit.calibration["away_share"]).abs()
    assert np.average(apart, weights=fit.calibration["persons"]) < 0.02
    assert (
        fit.calibration["expected_share"].between(fit.calibration["share_low"], fit.calibration["share_high"]).sum()
        >= 7
    )
    assert fit.auc > 0.75
    assert "Checked on" in fit.sentence()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_tenth_is_within_two_points_of_its_true_chance(family):
    orders, persons, everyone = churn_world(family, seed=1, known=25_000, everyone=120_000)
    fit = fit_churn(orders, persons, END_OF_WORLD)
    chance = churn_scores(fit, everyone)["stays_away"]
    tenth = pd.qcut(chance.rank(method="first"), 10, labels=False).to_numpy()
    apart = (chance - everyone["true"].to_numpy()).groupby(tenth).mean()
    assert len(apart) == 10
    assert apart.abs().max() < 0.02


def test_a_quieter_market_lifts_the_level_and_a_steady_one_hardly_moves_it():
    orders, persons, _ = churn_world("steady", seed=1, known=6_000, everyone=6_000)
    quiet_since = pd.Timestamp(END_OF_WORLD) + pd.to_timedelta(CHECKED - HORIZON - END, unit="D")
    frame = orders.to_pandas()
    kept = frame[(frame["paid_on"] < quiet_since) | (np.random.default_rng(1).random(len(frame)) < 0.5)]
    steady, quieter = (
        fit_churn(ibis.memtable(o).mutate(paid_on=ibis._.paid_on.cast("date")), persons, END_OF_WORLD)
        for o in (frame, kept)
    )
    assert abs(steady.shift) < 0.1
    assert quieter.shift > 0.3


def with_double_eleven(known: int, seed: int) -> tuple[ibis.Table, ibis.Table]:
    """Orders and persons of a steady world in which everybody buys at two fifths of the rate, but for two weeks a year."""
    orders, persons, _ = churn_world("steady", seed=seed, known=known, everyone=known)
    frame = orders.to_pandas()
    paid = pd.to_datetime(frame["paid_on"])
    festival = (paid.dt.month == 11) & paid.dt.day.between(9, 22)
    kept = frame[festival | (np.random.default_rng(seed).random(len(frame)) < 0.4)]
    return ibis.memtable(kept).mutate(paid_on=ibis._.paid_on.cast("date")), persons


def test_a_festival_of_every_year_is_foreseen_where_the_record_holds_the_one_before():
    orders, persons = with_double_eleven(known=12_000, seed=1)
    fit = fit_churn(orders, persons, END_OF_WORLD)  # the checked span holds the festival, the taught ones do not
    table = fit.calibration
    apart = (table["expected_share"] - table["away_share"]).abs()
    assert np.average(apart, weights=table["persons"]) < 0.02
    assert table["expected_share"].between(table["share_low"], table["share_high"]).sum() >= 7
    assert fit.season < -0.03
    assert f"holds {100 * fit.season:+.1f} points that the same days of last year tell" in fit.sentence()
    assert abs(fit.shift_today) < 0.15  # the festival is over, and last year it was too

    since = pd.Timestamp(END_OF_WORLD) - pd.Timedelta(days=450)
    young = orders.filter(ibis._.paid_on >= ibis.date(since.date().isoformat()))
    unknown = fit_churn(young, persons, END_OF_WORLD)
    assert unknown.season is None
    assert "is not foreseen" in unknown.sentence()
    assert "无法预知" in unknown.sentence("zh")
    assert "trust who is above whom" in unknown.sentence()


def test_last_year_counts_only_beyond_chance():
    assert season(None, []) is None
    assert season((0.0, 0.1), []) == 0
    assert season((0.08, 0.08), []) == 0  # within its standard error of .28
    assert season((-0.85, 1e-6), []) == pytest.approx(-0.85, abs=1e-5)
    assert season((-0.85, 0.08), []) == pytest.approx(-0.85 * (1 - 0.08 / 0.85**2))
    assert season((-0.85, 0.08), [(3.0, 0.01)]) == season((-0.85, 0.08), [])  # two merchants do not make a pool


def test_the_share_of_pairs_in_order_is_that_of_all_pairs_and_its_interval_holds_the_truth():
    draw, truth = np.random.default_rng(1), norm.cdf(1 / np.sqrt(2))
    held = []
    for _ in range(400):
        away = np.repeat([1, 0], [60, 40])
        chance = draw.normal(away, 1)
        share, low, high = pairs_in_order(chance, away)
        held.append(low <= truth <= high)
    assert share == pytest.approx((chance[away == 1][:, None] > chance[away == 0]).mean())
    assert 0.86 < np.mean(held) < 0.94
    share, low, high = pairs_in_order(np.array([0.9, 0.8, 0.1]), np.array([1, 1, 0]))  # three persons prove nothing
    assert (share, high) == (1, 1)
    assert low < 0.5


def test_the_sentence_sets_what_is_seen_beside_chance():
    table = pd.DataFrame({"tenth": [1, 2], "persons": [400, 400], "expected_share": [0.5, 0.9]}).assign(
        away_share=[0.6, 0.9], share_low=[0.56, 0.87], share_high=[0.64, 0.92]
    )
    told = calibration_sentence(table, "2024-09-29")
    assert "70.0% were expected to stay away and 75.0% did (72.4% to 77.4%" in told
    assert "5.0 points apart on average, where chance alone would make 1.6" in told  # .8 of a standard error
    assert "in 1 of 2 tenths" in told
    assert "平均相差5.0个百分点，仅偶然性就会造成1.6个；2组中有1组" in calibration_sentence(table, "2024-09-29", "zh")
    assert "trust who is above whom" in told  # 75% did where 70% were expected
    assert "可信的是谁高谁低" in calibration_sentence(table, "2024-09-29", "zh")
    assert "trust who" not in calibration_sentence(table.assign(expected_share=[0.61, 0.9]), "2024-09-29")


def test_chances_of_today_come_true_tomorrow(world):
    frame, orders, persons = world
    fit = fit_churn(orders, persons, "2024-09-01")
    scores = churn_scores(fit, person_features(orders, persons, "2024-09-01").to_pandas())
    later = frame[(frame["paid_on"] >= "2024-09-08") & (frame["paid_on"] < "2024-11-03")]
    away = ~scores["person"].isin(later["account"])
    assert scores["stays_away"].mean() == pytest.approx(away.mean(), abs=0.02)


def test_the_engine_gives_the_same_chances(world):
    _, orders, persons = world
    fit = fit_churn(orders, persons, "2024-09-01")
    features = person_features(orders, persons, AS_OF)
    scored = churn_expression(fit, features).order_by("person").to_pandas()
    chances = churn_scores(fit, scored)["stays_away"]
    np.testing.assert_allclose(scored["stays_away"], chances, rtol=1e-9)
    assert scored["stays_away"].between(0, 1).all()


def test_future_orders_change_no_chance():
    orders, persons = buyers(2, n=600)
    persons = ibis.memtable(persons)
    fits = [
        fit_churn(ibis.memtable(o).mutate(paid_on=ibis._.paid_on.cast("date")), persons, "2024-09-01")
        for o in (orders, orders[orders["paid_on"] < "2024-09-01"])
    ]
    pd.testing.assert_frame_equal(fits[0].calibration, fits[1].calibration)
    assert fits[0].season is not None
    assert fits[0].shift_today == fits[1].shift_today


def test_a_horizon_of_a_year_looks_at_no_future_through_last_year():
    draw = np.random.default_rng(1)
    orders = random_orders(1, persons=300)
    orders = orders.assign(
        paid_on=pd.Timestamp(AS_OF) - pd.to_timedelta(draw.exponential(900, len(orders)) // 1 - 60, unit="D")
    )
    persons = tables(orders)[1]
    fits = [
        fit_churn(tables(o)[0], persons, AS_OF, horizon_days=365) for o in (orders, orders[orders["paid_on"] < AS_OF])
    ]
    assert (orders["paid_on"] >= AS_OF).any()
    assert fits[0].season is None
    assert fits[0].shift_today == fits[1].shift_today


def test_too_few_buyers_are_said():
    with pytest.raises(TooFewBuyersError, match="at least 100 are needed"):
        fit_churn(*tables(random_orders(1, persons=10)), AS_OF)
    with pytest.raises(TooFewBuyersError, match="0 buyers to learn from"):
        fit_churn(*tables(random_orders(1)), "2000-01-01")


def test_the_chapter_gets_a_table_or_a_reason(world):
    _, orders, persons = world
    table, says = people_churn(orders, persons, AS_OF)
    assert table["persons"].sum() > 1000
    assert says.startswith("Checked on")
    table, says = people_churn(*tables(random_orders(1, persons=10)), AS_OF)
    assert table.empty
    assert says.startswith("Who will stay away cannot be told")


def test_chances_that_order_nobody_are_called_a_lottery(world):
    _, orders, persons = world
    assert "drawing lots" not in people_churn(orders, persons, AS_OF)[1]
    at_random = tables(random_orders(3, persons=120))  # who orders next has nothing to do with the past
    assert people_churn(*at_random, AS_OF)[1].endswith("no better than drawing lots.")
    assert people_churn(*at_random, AS_OF, lang="zh")[1].endswith("这并不优于抽签。")


def test_nobody_gets_no_chance(world):
    _, orders, persons = world
    fit = fit_churn(orders, persons, AS_OF)
    assert churn_scores(fit, person_features(orders, persons, "2000-01-01").to_pandas()).empty
