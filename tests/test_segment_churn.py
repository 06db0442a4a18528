"""Claims about churn: calibrated on later days, blind to the future, silent when there is too little."""

from datetime import date
from types import SimpleNamespace

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
from retailkit.segment.churn_check import (
    calibration_sentence,
    level_moved,
    level_sentence,
    pairs_in_order,
    season_sentence,
)
from retailkit.segment.churn_season import moves, season

AS_OF = "2024-12-01"


def typed(orders: pd.DataFrame) -> ibis.Table:
    return ibis.memtable(orders).mutate(paid_on=ibis._.paid_on.cast("date"))


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
    return orders, typed(orders), ibis.memtable(persons)


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
    steady, quieter = (fit_churn(typed(o), persons, END_OF_WORLD) for o in (frame, kept))
    assert abs(steady.shift) < 0.1
    assert quieter.shift > 0.3


def with_double_eleven(known: int, seed: int) -> tuple[ibis.Table, ibis.Table]:
    """Orders and persons of a steady world in which everybody buys at two fifths of the rate, but for two weeks a year."""
    orders, persons, _ = churn_world("steady", seed=seed, known=known, everyone=known)
    frame = orders.to_pandas()
    paid = pd.to_datetime(frame["paid_on"])
    festival = (paid.dt.month == 11) & paid.dt.day.between(9, 22)
    kept = frame[festival | (np.random.default_rng(seed).random(len(frame)) < 0.4)]
    return typed(kept), persons


def test_a_festival_of_every_year_is_foreseen_where_the_record_holds_the_one_before():
    orders, persons = with_double_eleven(known=12_000, seed=1)
    fit = fit_churn(orders, persons, END_OF_WORLD)  # the checked span holds the festival, the taught ones do not
    table = fit.calibration
    apart = (table["expected_share"] - table["away_share"]).abs()
    assert np.average(apart, weights=table["persons"]) < 0.02
    assert table["expected_share"].between(table["share_low"], table["share_high"]).sum() >= 7
    assert fit.season < -0.03
    assert f"holds −{-100 * fit.season:.1f} points that the same days of last year tell" in fit.sentence()

    over = fit_churn(orders, persons, "2024-11-25", horizon_days=28)  # checked with the festival in it, none ahead
    scores = churn_scores(over, person_features(orders, persons, "2024-11-25").to_pandas())
    paid = pd.to_datetime(orders.to_pandas()["paid_on"])
    back = orders.to_pandas().loc[paid.between("2024-12-02", "2024-12-29"), "account"]
    assert scores["stays_away"].mean() == pytest.approx((~scores["person"].isin(back)).mean(), abs=0.02)

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


def test_a_merchant_leans_on_the_season_of_others_as_far_as_its_own_is_chance():
    moved, chance = np.array([-0.9, -0.5, -0.1, -0.7]), 0.02
    own, *others = [(move, chance) for move in moved]
    between = moved.var(ddof=1) - chance  # equal variances: the moments' estimate is the spread beyond chance
    assert season(own, others) == pytest.approx(moved.mean() + between / (between + chance) * (moved[0] - moved.mean()))
    assert season(None, others) == pytest.approx(moved[1:].mean())
    alike = [(-0.5, 0.02), (-0.52, 0.02), (-0.48, 0.02)]
    assert season((-0.6, 0.02), alike) == pytest.approx(-0.525)  # merchants that differ by chance have one season
    assert season((-0.9, 1e-9), [(-0.5, 1e-9), (-0.1, 1e-9)]) == pytest.approx(-0.9)  # what is known stays


@pytest.mark.slow
def test_a_record_that_grew_is_no_season():
    told = []
    for family in FAMILIES:  # none has a season, and all but two months of the record are cut off
        orders, persons, _ = churn_world(family, seed=4, known=12_000, everyone=12_000)
        model = fit_churn(orders, persons, END_OF_WORLD).model
        young = typed(orders.to_pandas().query("paid_on >= '2023-09-01'"))
        found, none = moves(model, young, persons, [("2023-11-01", "2024-01-03"), ("2023-10-25", "2024-01-03")], 56, 7)
        told += found.values()
        assert none == {}  # 54 days of record before the earlier day
    moved, chance = np.array(told).T
    assert len(moved) == len(FAMILIES)
    assert abs(moved.sum()) < 2 * np.sqrt(chance.sum())


@pytest.fixture(scope="module")
def cohort():
    """Five merchants with a Double 11 every year."""
    worlds = [with_double_eleven(known=3_000, seed=seed) for seed in range(2, 7)]
    orders, persons = (
        pd.concat([table.to_pandas().assign(merchant=f"m{i}") for i, table in enumerate(tables)])
        for tables in zip(*worlds, strict=True)
    )
    amounts = orders[["gross_amount", "net_amount"]].astype(int)  # whole, so that sums do not depend on their order
    return orders.assign(paid_on=pd.to_datetime(orders["paid_on"]), **amounts), ibis.memtable(persons)


def test_the_season_of_others_serves_a_merchant_too_young_to_have_one(cohort):
    orders, persons = cohort
    since = pd.Timestamp(END_OF_WORLD) - pd.Timedelta(days=450)
    orders = orders[(orders["merchant"] != "m0") | (orders["paid_on"] >= since)]
    everyone, mine = typed(orders), typed(orders.query("merchant == 'm0'"))
    alone = fit_churn(mine, persons, END_OF_WORLD)
    helped = fit_churn(mine, persons, END_OF_WORLD, cohort=(everyone, persons))
    assert (alone.season, alone.season_merchants) == (None, 0)
    assert helped.season < -0.03
    assert helped.season_merchants == 4
    assert "pooled over 4 merchants" in helped.sentence()
    assert "由4家商户合并估计" in helped.sentence("zh")
    assert season_sentence(-0.05, 1) == season_sentence(-0.05)

    before = typed(orders[orders["paid_on"] < END_OF_WORLD])
    early, later = (
        fit_churn(mine, persons, END_OF_WORLD, cohort=(table, persons)).shift_today
        for table in (before, typed(pd.concat([orders, orders.assign(paid_on=pd.Timestamp(END_OF_WORLD))])))
    )
    assert early == later == helped.shift_today  # the future of others changes nothing either


def test_days_about_a_programme_that_nothing_foretells_are_said():
    orders, persons, _ = churn_world("steady", seed=3, known=2_000, everyone=2_000)

    def fitted(start: str, end: str):
        window = SimpleNamespace(start=date.fromisoformat(start), end=date.fromisoformat(end))
        return fit_churn(orders, persons, END_OF_WORLD, programme=window)

    # known outcomes: 2024-03-27 to 2024-11-05 in four spans of 56 days; checked 2024-11-06 to 12-31; ahead 2025-01-08 on
    over = fitted("2024-11-06", "2024-12-31")
    assert (over.unforeseen, over.unforeseen_today) == ("inside", "after")
    assert "lie inside the programme and the days to come after the programme" in over.sentence()
    assert "检验期处于经营项目期内，未来的预测期处于经营项目结束之后" in over.sentence("zh")
    running = fitted("2024-11-01", "2025-06-30")
    assert (running.unforeseen, running.unforeseen_today) == ("inside", "")  # the checked days tell of those ahead
    assert "today's chances take their level from what became of them" in running.sentence()
    begun = fitted("2024-12-01", "2025-06-30")
    assert (begun.unforeseen, begun.unforeseen_today) == ("across", "inside")
    long_ago = fitted("2024-04-01", "2024-05-31")
    assert (long_ago.unforeseen, long_ago.unforeseen_today) == ("", "")
    assert "lie" not in long_ago.sentence().split("pairs")[1]


PLACES = ("", "inside", "after", "across")


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("checked", PLACES)
@pytest.mark.parametrize("ahead", PLACES)
def test_that_only_the_order_can_be_trusted_is_said_once_or_not_at_all(moved, checked, ahead):
    english, chinese = (level_sentence(moved, checked, ahead, ordered=True, lang=lang) for lang in ("en", "zh"))
    times = int(moved or bool(checked) or bool(ahead))
    assert english.count("who is above whom") == times
    assert chinese.count("谁高谁低") == times
    lots = level_sentence(moved, checked, ahead, ordered=False)
    assert "who is above whom" not in lots, "an order no better than by lot is not to be trusted"
    assert lots.count("cannot be trusted either") == times


def test_what_the_own_programme_did_last_year_is_no_season(cohort):
    orders, persons = cohort
    mine = typed(orders.query("merchant == 'm0'"))
    autumn = SimpleNamespace(start=date(2023, 11, 8), end=date(2024, 1, 2))
    assert fit_churn(mine, persons, END_OF_WORLD).season is not None
    assert fit_churn(mine, persons, END_OF_WORLD, programme=autumn).season is None
    helped = fit_churn(mine, persons, END_OF_WORLD, programme=autumn, cohort=(typed(orders), persons))
    assert helped.season_merchants == 4


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
    assert level_moved(table)  # 75% did where 70% were expected
    assert not level_moved(table.assign(expected_share=[0.61, 0.9]))
    assert not level_moved(table.assign(persons=20)), "so few persons may differ as much by chance"


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


def test_the_engine_gives_the_same_chances_where_nobody_spent(world):
    frame, _, persons = world
    free = typed(frame.assign(gross_amount=0, net_amount=0))
    fit = fit_churn(free, persons, "2024-09-01")
    paid = person_features(typed(frame), persons, "2024-09-01")
    scored = churn_expression(fit, paid).order_by("person").to_pandas()
    np.testing.assert_allclose(scored["stays_away"], churn_scores(fit, scored)["stays_away"], rtol=1e-9)


def test_future_orders_change_no_chance():
    orders, persons = buyers(2, n=600)
    persons = ibis.memtable(persons)
    fits = [fit_churn(typed(o), persons, "2024-09-01") for o in (orders, orders[orders["paid_on"] < "2024-09-01"])]
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
    with pytest.raises(TooFewBuyersError, match=r"cases to learn from \(a buyer on a day\): 0;"):
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
    assert people_churn(*at_random, AS_OF)[1].count("no better than drawing lots.") == 1
    assert people_churn(*at_random, AS_OF, lang="zh")[1].count("这并不优于抽签。") == 1


def test_nobody_gets_no_chance(world):
    _, orders, persons = world
    fit = fit_churn(orders, persons, AS_OF)
    assert churn_scores(fit, person_features(orders, persons, "2000-01-01").to_pandas()).empty


def test_a_record_of_half_a_year_has_fewer_days_that_teach_and_the_others_count_as_they_are():
    """A newcomer's first export: the earliest days lie before its first order, where there is nobody."""
    orders = random_orders(3, persons=300)
    half = orders[orders["paid_on"] >= "2024-07-01"]
    found, told = people_churn(*tables(half), "2025-01-01", HORIZON, programme=None)
    assert found["persons"].sum() > 100
    assert told.startswith("Checked on")
