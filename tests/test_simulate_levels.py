"""The calibration of the simulated cohorts: published headlines, season without a programme, true effects."""

import numpy as np
import pytest

from retailkit.simulate.calibrate import calibrated, constant, net_sales
from retailkit.simulate.levels import Levels, levels, november_peak, season
from retailkit.simulate.merchant import draw
from retailkit.simulate.world import day_number, days, parameters, profiles, window

SMALL = parameters()["span"]["small"]
SEED = 1


def money(level: Levels) -> np.ndarray:
    return level.actual * level.basket


@pytest.mark.parametrize("group", ["first", "second"])
def test_expected_sales_reproduce_the_published_headline(group: str) -> None:
    before, during = window(group, "baseline"), window(group, "programme")
    mine = [money(levels(SEED)[p.id]) for p in profiles() if p.group == group]
    growth = sum(m[during].mean() for m in mine) / sum(m[before].mean() for m in mine) - 1
    assert growth == pytest.approx(parameters()[group]["headline"], abs=1e-6)


@pytest.mark.parametrize("group", ["first", "second"])
def test_drawn_sales_reproduce_the_published_headline(group: str) -> None:
    sums = np.array([net_sales(p, SEED, SMALL) for p in profiles() if p.group == group]).sum(axis=0)
    growth = constant(group, SEED, SMALL) * sums[1] / sums[0] - 1
    assert growth == pytest.approx(parameters()[group]["headline"], abs=1e-9)
    assert constant(group, SEED, SMALL) == pytest.approx(1, abs=0.03), "the constant corrects noise, nothing else"


def test_seven_of_seventeen_sell_more_on_double_12_than_on_double_11() -> None:
    eleven, twelve = (day_number(parameters()["season"][name][1]) for name in ("double_11", "double_12"))
    higher = []
    for p in (p for p in profiles() if p.group == "first"):
        days_sold, gross = draw(p, SEED, SMALL).connection.sql(
            f"select day, sum(gross) from sale where day in ({eleven}, {twelve}) group by day order by day"
        ).fetchnumpy().values()  # fmt: skip
        assert list(days_sold) == [eleven, twelve]
        higher.append(gross[1] > gross[0])
    assert sum(higher) == 7
    assert [p.id for p in profiles() if p.group == "first" and p.late] == [
        p.id for p, h in zip([p for p in profiles() if p.group == "first"], higher, strict=True) if h
    ], "the late risers are the ones"


def test_without_a_programme_november_still_stands_the_published_way_above_october() -> None:
    ratios = []
    for p in profiles():
        level = np.exp(season(p, np.zeros(3), november_peak()))
        for year in (2017, 2018):
            eve = int((np.datetime64(f"{year}-11-01") - days()[0]).astype(int))
            ratios.append(level[eve : eve + 12].mean() / level[eve - 31 : eve].mean())
    assert np.mean(ratios) == pytest.approx(1.91, abs=1e-6)


def test_merchants_never_invited_have_no_effect_and_others_none_before_their_programme() -> None:
    for p in profiles():
        effect = calibrated(p, SEED, SMALL).effect
        start = 0 if p.group == "never" else window(p.group, "programme").start
        quiet = effect if p.group == "never" else effect[:start]
        assert not quiet.any()
        assert p.group == "never" or effect[start:].max() > 0.3


def test_steps_fall_on_mondays_and_sum_to_the_effect() -> None:
    for p in (p for p in profiles() if p.group != "never"):
        level = levels(SEED)[p.id]
        assert all((at + 3) % 7 == 0 for at, _ in level.steps)
        end = window(p.group, "programme").stop - 1
        assert sum(size for at, size in level.steps if at <= end) == pytest.approx(level.effect[end])


def test_a_donor_of_the_first_cohort_is_the_same_merchant_in_the_second() -> None:
    once, again = (
        draw(profiles()[17], SEED, SMALL).connection.sql("select sum(gross) from sale").fetchall() for _ in "ab"
    )
    assert once == again


def test_the_next_cohort_follows_the_first_more_closely_than_outsiders_do() -> None:
    """Invited merchants grow faster: outsiders alone would be some .04 log short over a quarter."""
    before, during = window("first", "baseline"), window("first", "programme")

    def growth(group: str) -> float:
        found = [
            season(p, np.zeros(3), november_peak()) for p in profiles() if p.group == group and p.industry == "apparel"
        ]
        return float(np.mean([f[during].mean() - f[before].mean() for f in found]))

    assert growth("first") - growth("second") == pytest.approx(0, abs=1e-9)
    assert growth("first") - growth("never") == pytest.approx(0.039, abs=0.002)
