"""The cohort's trend: invited merchants that grow faster anyway are not praised for it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from growth_tables import PROGRAMME, daily_world
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.growth.cohort import donor_weights, effects_table, pooled_effect
from retailkit.growth.donors import matrix
from retailkit.growth.effect import ESTIMATORS, estimate
from retailkit.growth.factors import factor_effects
from retailkit.growth.guards import backdated, check_guards
from retailkit.growth.metrics import growth_metrics
from retailkit.growth.panel import weekly_panel
from retailkit.growth.trend import Trend, cohort_trend, trend_sentence
from retailkit.growth.verdict import judge
from retailkit.present.hierarchy import donor_noise

OURS, DONORS = [f"d{j}" for j in range(7)], [f"d{j}" for j in range(7, 15)]


def cohort(seed: int = 1, ahead: float = 0.0, effect: float = 0.0, own: float = 0.0, **options) -> pd.DataFrame:
    """Daily panel of seven merchants and eight donors; merchants grow ``ahead`` a year more, give or take ``own``."""
    daily = daily_world(seed, donors=15, **options)
    years = (daily["day"] - daily["day"].min()).dt.days / 365.25
    slopes = ahead + np.random.default_rng(seed).normal(0, own, len(OURS))
    line = years * daily["merchant"].map(dict(zip(OURS, slopes, strict=True))).fillna(0.0)
    inside = daily["merchant"].isin(OURS) & (daily["day"] >= PROGRAMME[0])
    return daily.assign(gmv=(daily["gmv"] * 1000 * np.exp(line + effect * inside)).round().astype("int64"))


def by_polyfit(weekly: pd.DataFrame, merchants: list[str], donors: list[str]) -> np.ndarray:
    """Slopes a year of the merchants' weekly logs less their donors' mean, weeks before the programme."""
    wide = weekly[weekly["phase"] == "before"].pivot(index="week", columns="merchant", values="log_gmv")
    years = (wide.index - wide.index[0]).days / 365.25
    return np.array([np.polyfit(years, wide[m] - wide[donors].mean(axis=1), 1)[0] for m in merchants])


def test_the_trend_is_the_mean_slope_and_both_samples_spread_is_its_error():
    weekly = weekly_panel(cohort(ahead=0.3, own=0.1), PROGRAMME)
    trend = cohort_trend(matrix(weekly, "d0", DONORS, peers=OURS))
    ours, theirs = by_polyfit(weekly, OURS, DONORS), by_polyfit(weekly, DONORS, [DONORS[0]])
    assert trend.slope == pytest.approx(ours.mean(), rel=1e-3)  # cells of a cut week lie a little off its Monday
    assert trend.se == pytest.approx(np.sqrt(ours.var(ddof=1) / 7 + theirs.var(ddof=1) / 8), rel=1e-3)
    assert (trend.merchants, trend.df) == (7, 6)
    low, high = trend.interval(0.9)
    assert high - low == pytest.approx(2 * 1.943 * trend.se, rel=1e-3), "t with 6 degrees of freedom"


@pytest.mark.parametrize("method", ESTIMATORS)
@settings(max_examples=5, deadline=None)
@given(ahead=st.floats(-0.5, 0.5))
def test_growth_that_all_invited_merchants_share_changes_no_effect(method, ahead):
    weekly = weekly_panel(cohort(effect=0.4), PROGRAMME)
    m = matrix(weekly, "d0", DONORS, peers=OURS)
    line = Trend(slope=ahead).line(m)
    faster = replace(m, y=m.y + line, z=m.z + line[:, None])
    plain, moved = (cohort_trend(one) for one in (m, faster))
    assert moved.slope - plain.slope == pytest.approx(ahead, abs=1e-9)
    for one, trend in ((m, plain), (faster, moved)):
        fit = ESTIMATORS[method](one.y - trend.line(one), one.x, one.pre, one.days)
        assert fit.gap == pytest.approx(ESTIMATORS[method](m.y - plain.line(m), m.x, m.pre, m.days).gap, abs=1e-6)


def test_the_second_simulated_cohort_is_judged_right_by_its_outsiders():
    """Levels of the simulated world (truth known): the second cohort has none but the never invited as donors."""
    from retailkit.simulate.levels import levels
    from retailkit.simulate.world import days, roles, window

    part, span = roles("doubling_2"), window("second", "programme")
    ours, donors = ([k for k, r in part.items() if r == role] for role in ("merchant", "donor"))
    day, errors, held = pd.to_datetime(days()[: span.stop]), {True: [], False: []}, []
    for seed in (5, 6):
        world = levels(seed)
        sold = {k: (world[k].without * np.exp(world[k].effect))[: span.stop] * 1e6 for k in part}
        rows = [pd.DataFrame({"merchant": k, "day": day, "gmv": gmv}) for k, gmv in sold.items()]
        daily = pd.concat(rows, ignore_index=True).astype({"gmv": "int64"}).assign(orders=9, buyers=9, partial=False)
        weekly = weekly_panel(daily, (day[span.start], day[-1]))
        for m in ours[::2]:
            plain, lift = world[m].without[span], np.exp(world[m].effect[span])
            true = np.log((plain * lift).sum() / plain.sum())
            for with_peers in (False, True):
                one = estimate(weekly, m, donors, peers=ours if with_peers else ())
                errors[with_peers].append(one.effect - true)
            held.append(one.low <= true <= one.high)
    assert np.mean(errors[False]) > 0.10, "the difference of growth taken for effect"
    assert abs(np.mean(errors[True])) < 0.03
    assert np.mean(held) >= 0.85


def test_one_merchants_own_slope_is_no_cohorts_trend():
    weekly = weekly_panel(cohort(ahead=0.3), PROGRAMME)
    few = estimate(weekly, "d0", DONORS, peers=OURS[:5])
    assert few.behind.trend == Trend()
    assert few.effect == estimate(weekly, "d0", DONORS).effect
    assert "Fewer than 6 merchants" in trend_sentence(few)
    assert "不足 6 家" in trend_sentence(few, "zh")


def test_a_merchant_with_less_than_thirteen_months_gives_no_slope():
    daily = cohort(ahead=0.3)
    young = daily[~((daily["merchant"] == "d3") & (daily["day"] < "2017-12-01"))]
    weekly = weekly_panel(young, PROGRAMME)
    trend = cohort_trend(matrix(weekly, "d0", DONORS, peers=OURS))
    rest = [m for m in OURS if m != "d3"]
    assert trend.merchants == 6
    assert trend.slope == pytest.approx(by_polyfit(weekly[weekly["merchant"] != "d3"], rest, DONORS).mean(), rel=1e-3)
    short = weekly_panel(daily[daily["day"] >= "2018-01-01"], PROGRAMME)
    assert cohort_trend(matrix(short, "d0", DONORS, peers=OURS)) == Trend(), "a season looks like a trend"


def test_the_trends_error_does_not_average_out_over_the_cohort():
    weekly = weekly_panel(cohort(ahead=0.2, own=0.15), PROGRAMME)
    effects = [estimate(weekly, m, DONORS, peers=OURS) for m in OURS]
    table, weights = effects_table(effects), donor_weights(effects)
    with_it, without = (pooled_effect(t, weights)["se"].iloc[0] for t in (table, table.assign(
        se=np.sqrt(table["se"] ** 2 - table["trend_se"] ** 2), trend_se=0.0)))  # fmt: skip
    assert with_it == pytest.approx(np.hypot(without, table["trend_se"].iloc[0]), rel=1e-6)
    two = donor_noise(pd.Series(["a", "b"]), np.array([0.5, 0.5]), None, np.array([0.3, 0.3]))
    assert two == pytest.approx(np.array([[0.25, 0.09], [0.09, 0.25]])), "own .25 - .09, together .09"


def test_factors_of_a_growing_cohort_still_add_up_to_the_gain():
    daily = cohort(ahead=0.3, effect=0.4)
    rng = np.random.default_rng(3)
    orders = (daily["gmv"] ** 0.5 * rng.lognormal(0, 0.05, len(daily))).round().astype("int64")
    weekly = weekly_panel(daily.assign(orders=orders, buyers=(orders * 0.9).round().astype("int64")), PROGRAMME)
    effect = estimate(weekly, "d0", DONORS, peers=OURS)
    table, inside = factor_effects(weekly, effect), effect.weeks[effect.weeks["phase"] == "programme"]
    gain = np.average(inside["actual"] - inside["counterfactual"], weights=inside["days"])
    assert effect.behind.trend.slope > 0.1
    assert table["part"].sum() == pytest.approx(gain, rel=1e-9)
    # orders are the square root of sales: half of every log, of the effect as of the trend
    assert table.set_index("factor")["gap"]["basket"] == pytest.approx(table["gap"].sum() / 2, abs=0.03)


def test_a_false_start_does_not_look_beyond_itself():
    weekly = weekly_panel(cohort(ahead=0.2, start="2017-01-02"), PROGRAMME)
    m = matrix(weekly, "d0", DONORS, peers=OURS)
    earlier = backdated(m, 1)
    later = np.arange(len(m.pre)) >= int(earlier.pre.sum())
    told = replace(m, y=m.y + 2.0 * later, z=m.z + 2.0 * later[:, None])
    assert cohort_trend(backdated(told, 1)) == cohort_trend(earlier)
    assert cohort_trend(told) != cohort_trend(m)


def test_the_trend_is_said_and_saved_with_its_interval():
    weekly = weekly_panel(cohort(ahead=0.2), PROGRAMME)
    effect = estimate(weekly, "d0", DONORS, peers=OURS)
    trend = effect.behind.trend
    told = f"{np.expm1(trend.slope):+.0%}".replace("-", "−")
    for lang in ("en", "zh"):
        assert told in trend_sentence(effect, lang)
        assert "97.5% " in trend_sentence(replace(effect, level=0.975), lang)
    heads = pd.DataFrame(
        [("d0", 1.0, 2.0, 1.0, "", "")], columns=["merchant", "before", "programme", "growth", "reason", "note"]
    )
    steps = pd.DataFrame(columns=["step", "ratio", "low", "high"])
    judged = judge(effect, heads, check_guards(weekly, effect))
    saved = {one["metric"]: one for one in growth_metrics(heads, steps, effect, judged, "CNY")}
    assert saved["effect_trend"]["value"] == pytest.approx(np.expm1(trend.slope))
    assert saved["effect_trend"]["low"] < saved["effect_trend"]["value"] < saved["effect_trend"]["high"]
    assert saved["effect_trend_se"]["value"] == effect.trend_se > 0
    alone = growth_metrics(heads, steps, estimate(weekly, "d0", DONORS), judged, "CNY")
    assert not any(one["metric"].startswith("effect_trend") for one in alone)
    assert trend_sentence(estimate(weekly, "nobody", DONORS)) == ""
