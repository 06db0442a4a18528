"""Claims about survival, checked against textbook numbers and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailkit.formats.survival import kaplan_meier, life_summary, log_rank

# Freireich et al. (1963): weeks in remission, 6-mercaptopurine (+ = still in remission) and placebo
DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
DRUG_ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_kaplan_meier_gives_the_published_leukaemia_curve():
    """Kalbfleisch & Prentice; Kleinbaum & Klein, Survival Analysis, table of KM for group 1."""
    curve = kaplan_meier(DRUG, DRUG_ENDED).set_index("day")
    for week, published in {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}.items():
        assert curve.loc[week, "survival"] == pytest.approx(published, abs=5e-4)
    assert curve.loc[10, "error"] == pytest.approx(0.0963, abs=5e-5)
    assert curve.loc[23, "error"] == pytest.approx(0.1346, abs=5e-5)
    assert life_summary(DRUG, DRUG_ENDED)["median"] == 23
    assert life_summary(PLACEBO, [1] * 21)["median"] == 8


def test_log_rank_gives_the_published_leukaemia_statistic():
    found = log_rank(DRUG + PLACEBO, DRUG_ENDED + [1] * 21, ["drug"] * 21 + ["placebo"] * 21)
    assert found["chi2"] == pytest.approx(16.79, abs=0.005)
    assert found["p"] < 1e-4


def test_band_by_hand():
    """Four lives 1, 2, 3, 4+: after day 1 S = 3/4, Greenwood sum 1/12, band S ** exp(+-1.96 w)."""
    row = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 0]).iloc[0]
    width = 1.959964 * np.sqrt(1 / 12) / -np.log(0.75)
    assert row["error"] == pytest.approx(0.75 * np.sqrt(1 / 12))
    assert row["low"] == pytest.approx(0.75 ** np.exp(width))
    assert row["high"] == pytest.approx(0.75 ** np.exp(-width))


def test_without_censoring_the_mean_is_the_mean_and_the_curve_the_share_alive():
    days = [3, 5, 5, 8, 13]
    summary = life_summary(days, [True] * 5)
    assert summary["mean"] == pytest.approx(np.mean(days))
    assert summary["mean_of_dead"] == summary["mean"]
    curve = kaplan_meier(days, [True] * 5).set_index("day")["survival"]
    assert curve[5] == pytest.approx(2 / 5)


def test_ignoring_the_living_makes_life_look_shorter():
    draws = np.random.default_rng(5)
    life = draws.exponential(36, 4000)
    sight = draws.uniform(0, 60, 4000)
    summary = life_summary(np.minimum(life, sight), life <= sight)
    assert summary["mean_of_dead"] < 25
    assert summary["median"] == pytest.approx(36 * np.log(2), rel=0.1)


def test_log_rank_rejects_equal_kinds_at_its_level():
    draws = np.random.default_rng(11)
    p = [log_rank(draws.exponential(30, 60), draws.random(60) < 0.8, np.arange(60) % 3)["p"] for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.085


LIVES = st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=40)


@given(LIVES)
def test_curve_falls_and_counts_everyone(lives):
    days, died = zip(*lives, strict=True)
    curve = kaplan_meier(days, died)
    assert curve["survival"].is_monotonic_decreasing
    assert curve["survival"].between(0, 1).all()
    assert curve["deaths"].sum() + curve["censored"].sum() == len(lives)
    inside = curve.dropna()
    assert (inside["low"] <= inside["survival"]).all()
    assert (inside["high"] >= inside["survival"]).all()


def test_nothing_alive_gives_an_empty_curve_and_no_median():
    assert kaplan_meier([], []).empty
    assert np.isnan(life_summary([], [])["median"])
    assert np.isnan(log_rank([], [], [])["p"])
    assert np.isnan(log_rank([1, 2], [True, True], ["a", "a"])["p"])


def test_negative_life_is_refused():
    with pytest.raises(ValueError, match="negative"):
        kaplan_meier([-1], [True])
