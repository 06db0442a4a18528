"""Claims about the next phase's targets: a doubling is not planned twice, and every target can be reached."""

import numpy as np
import pandas as pd
import pytest
from growth_tables import daily_world

from retailkit import growth, targets
from retailkit.targets.lifts import LEAST, whole_lift
from retailkit.targets.windows import COLUMNS

SPANS = {"before": ("2018-01-01", "2018-01-28"), "first": ("2018-01-29", "2018-02-11"),
         "second": ("2018-02-12", "2018-02-25"), "programme": ("2018-01-29", "2018-02-25")}  # fmt: skip


def measured(levels: dict[str, tuple[float, float, float]]) -> pd.DataFrame:
    """One row per merchant and window; levels are mean days before, in the first and in the second half."""
    rows = []
    for merchant, (before, first, second) in levels.items():
        days = {"before": before, "first": first, "second": second, "programme": (first + second) / 2}
        for window, (start, end) in SPANS.items():
            length = (pd.Timestamp(end) - pd.Timestamp(start)).days + 1
            orders = round(days[window] * length)
            rows.append((merchant, window, start, end, length, orders, 0, orders, orders * 100, 0, 0, np.nan))
    return pd.DataFrame(rows, columns=list(COLUMNS))


MERCHANTS, DONORS = [f"m{i}" for i in range(5)], [f"d{j}" for j in range(4)]
FLAT = dict.fromkeys(DONORS, (1000.0, 1000.0, 1000.0))


def left(*levels: float) -> pd.DataFrame:
    return targets.lifts_left(measured({**dict.fromkeys(MERCHANTS, levels), **FLAT}), MERCHANTS, DONORS,
                              "before", "first", "second")  # fmt: skip


def test_a_phase_that_doubled_is_not_planned_to_double_again():
    lifts = left(1000, 2000, 2400)
    added, shrink = np.log(1.2), np.log(1.2) / np.log(2)
    assert lifts.attrs["shrink"] == pytest.approx(shrink, abs=1e-6)
    assert whole_lift(lifts, "base") == pytest.approx(added * shrink, abs=1e-6)
    old = targets.past_lifts(measured({**dict.fromkeys(MERCHANTS, (1000, 2000, 2400)), **FLAT}), MERCHANTS, DONORS,
                             "before", "programme")  # fmt: skip
    assert whole_lift(old, "base") > np.log(2)


@pytest.mark.parametrize("levels", [(1000, 2000, 1900), (1000, 900, 1100), (1000, 1000, 1000)])
def test_nothing_is_planned_where_the_second_half_added_nothing_or_the_first_had_not(levels):
    assert whole_lift(left(*levels), "stretch") == pytest.approx(0)


def test_steps_that_grow_are_not_planned_to_grow_further():
    assert left(1000, 1100, 2200).attrs["shrink"] == 1


def test_targets_out_of_reach_are_lowered_to_their_stated_chance():
    m = measured({**dict.fromkeys(MERCHANTS, (1000, 2000, 3900)), **FLAT})
    lifts = targets.attainable(targets.lifts_left(m, MERCHANTS, DONORS, "before", "first", "second"), 0.1, 20, 0.05)
    ones = targets.no_lift()[["factor"]].assign(ratio=1.0, basis="test")
    odds = targets.chances(targets.propose(m, "m0", "programme", ones, lifts), 0.1, 20, 0.05).set_index("target")
    for name, chance in LEAST.items():
        assert odds.loc[name, "if_nothing_new"] == pytest.approx(chance, abs=1e-6)
    small = targets.no_lift().assign(base=[1.01, 1, 1, 1.01, 1], stretch=[1.02, 1, 1, 1.02, 1])
    assert targets.attainable(small, 0.1, 20).equals(small)
    assert targets.attainable(small, float("nan"), 0).equals(small)


def test_a_market_that_may_drift_makes_chances_less_sure():
    tree = pd.DataFrame({"node": ["gmv"], "anyway": [100.0], "base": [110.0], "stretch": [120.0]})
    plain, wide = (targets.chances(tree, 0.05, 20, drift)["if_nothing_new"] for drift in (float("nan"), 0.1))
    assert (wide > plain).all()


def walk(steps: np.ndarray) -> pd.DataFrame:
    """Weekly rows of one donor whose change on last year is the running sum of the steps."""
    weeks = pd.date_range("2018-01-01", periods=len(steps), freq="W-MON")
    return pd.DataFrame({"merchant": "d0", "week": weeks, "days": 7, "log_gmv": np.cumsum(steps), "log_last_year": 0.0})


def test_a_market_that_wanders_drifts_as_walks_of_its_steps_do():
    """Expected by walking: 20,000 random walks of the same steps, mean of the last 12 weeks less that of the 12 before."""
    rng = np.random.default_rng(4)
    steps = rng.normal(0, 0.03, 400)
    walks = rng.normal(0, steps[1:].std(), (20_000, 24)).cumsum(axis=1)
    expected = (walks[:, 12:].mean(axis=1) - walks[:, :12].mean(axis=1)).std()
    assert growth.market_drift(walk(steps), ["d0"], 12, wanders=True) == pytest.approx(expected, rel=0.03)
    holes = walk(steps).drop(index=range(5, 400, 7))
    assert growth.market_drift(holes, ["d0"], 12, wanders=True) == pytest.approx(expected, rel=0.1)


def test_both_chances_are_given_and_the_wandering_one_is_nearer_to_even():
    tree = pd.DataFrame({"node": ["gmv"], "anyway": [100.0], "base": [110.0], "stretch": [120.0]})
    odds = targets.chances(tree, 0.05, 20, drift=0.04, wandering=0.15)
    assert (odds["if_market_wanders"] > odds["if_nothing_new"]).all()
    assert (odds["if_market_wanders"] < 0.5).all()
    assert targets.chances(tree, 0.05, 20, drift=0.04)["if_market_wanders"].isna().all()
    nothing = targets.chances(tree.head(0), 0.05, 20, 0.04, 0.15)
    assert nothing[["gmv", "if_nothing_new", "if_market_wanders"]].isna().all(axis=None)


def test_drift_is_what_last_years_same_days_leave_over():
    daily = daily_world(2, donors=6, start="2016-07-04")
    weekly = growth.weekly_panel(daily, None)
    assert 0 < growth.market_drift(weekly, [f"d{j}" for j in range(6)], 8) < 1
    short = daily[daily["day"] >= "2018-01-01"]
    assert np.isnan(growth.market_drift(growth.weekly_panel(short, None), ["d0"], 8))


def test_halves_of_the_programme_are_equally_long_and_apart():
    windows = targets.phases(("2018-07-01", "2018-09-30"), ("2018-10-01", "2018-12-30"), "2019-01-01", growth.last_year)
    (a, b), (c, d) = windows["first"], windows["second"]
    assert (b - a) == (d - c)
    assert b < c
    assert (a, d) == windows["programme"]


@pytest.mark.parametrize(("lang", "word"), [("en", "below plan"), ("zh", "低于计划")])
def test_shortfalls_and_targets_carry_their_reason(lang, word):
    m = measured({**dict.fromkeys(MERCHANTS, (1000, 2000, 2400)), **FLAT})
    plan = targets.as_plan(targets.propose(m, "m0", "programme", targets.no_lift()[["factor"]].assign(
        ratio=1.2, basis="test"), targets.no_lift()), "anyway").assign(source="proposed")  # fmt: skip
    gaps = targets.shortfalls(targets.attainment(plan, targets.kpi_tree(m, "m0", "programme")))
    said = targets.with_reasons(gaps, lang)
    assert word in said["reason"].iloc[0]
    ones = targets.no_lift()[["factor"]].assign(ratio=1.0, basis="test")
    lifts = targets.lifts_left(m, MERCHANTS, DONORS, "before", "first", "second")
    upcoming = targets.next_targets(targets.propose(m, "m0", "programme", ones, lifts), gaps, lifts, lang)
    reason = upcoming.set_index("node").loc["buyers", "reason"]
    assert {"en": "the second half added +20.0%", "zh": "下半期再增中位数 +20.0%"}[lang] in reason


def monthly(*rows: tuple[str, str, str, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["node", "starts_on", "ends_on", "target", "unit"])


FEBRUARY = ("2018-01-29", "2018-02-25")


@pytest.mark.parametrize(("rows", "own"), [
    ([("gmv", "2018-01-29", "2018-02-11", 100.0, "yuan"), ("gmv", "2018-02-12", "2018-02-25", 50.0, "yuan")], True),
    ([("gmv", "2018-01-29", "2018-02-10", 100.0, "yuan"), ("gmv", "2018-02-12", "2018-02-25", 50.0, "yuan")], False),
    ([("buyers", "2018-01-29", "2018-02-11", 9.0, ""), ("buyers", "2018-02-12", "2018-02-25", 9.0, "")], False),
])  # fmt: skip
def test_months_that_tile_the_window_are_its_target_where_the_node_adds_up(rows, own):
    m = measured({**dict.fromkeys(MERCHANTS, (1000, 2000, 2400)), **FLAT})
    tree = targets.as_plan(targets.kpi_tree(m, "m0", "programme").rename(columns={"value": "anyway"}))
    got = targets.planned(tree, monthly(*rows), targets.window_days(FEBRUARY))
    assert (got["source"] == "own").any() == own
    if own:
        assert targets.total(got) == pytest.approx(15_000)


def test_a_sales_target_is_spread_as_the_cohort_lifted_not_laid_on_buyers_alone():
    m = measured({**dict.fromkeys(MERCHANTS, (1000, 2000, 2400)), **FLAT})
    shares = targets.lift_shares(m, MERCHANTS, DONORS, "before", "programme")
    assert shares[["buyers", "frequency", "basket"]].to_numpy() == pytest.approx([1, 0, 0], abs=1e-9)
    tree = targets.as_plan(targets.kpi_tree(m, "m0", "programme").rename(columns={"value": "anyway"}))
    own = monthly(("gmv", *FEBRUARY, 2 * targets.total(tree) / 100, "yuan"))
    half = pd.Series({"buyers": 0.5, "frequency": 0.5, "basket": 0.0})
    got = targets.planned(tree, own, targets.window_days(FEBRUARY), shares=half).set_index("node")["value"]
    was = tree.set_index("node")["value"]
    assert got["gmv"] == pytest.approx(2 * was["gmv"])
    assert got["buyers"] / was["buyers"] == pytest.approx(np.sqrt(2))
    assert got["frequency"] / was["frequency"] == pytest.approx(np.sqrt(2))
