"""Many merchants: false claims kept rare, pooled intervals, staggered starts, Double 12, plans, power."""

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.growth.cannibal import cannibalisation, totals_panel
from retailkit.growth.cohort import (
    benjamini_hochberg,
    donor_weights,
    effects_table,
    holm,
    not_yet_invited,
    pooled_effect,
    staggered,
)
from retailkit.growth.effect import estimate
from retailkit.growth.festival import double_12_against_11, festival_sentence, share_above
from retailkit.growth.guards import check_guards
from retailkit.growth.panel import weekly_panel
from retailkit.growth.plan import AnalysisPlan, check_plan, record_plan
from retailkit.growth.power import detectable
from retailkit.growth.quick import first_gain, gains_by_week

DONORS = [f"d{j}" for j in range(5, 13)]
MERCHANTS = [f"d{j}" for j in range(5)]


def cohort(seed: int, effect: float) -> pd.DataFrame:
    daily = daily_world(seed, donors=13)
    inside = daily["merchant"].isin(MERCHANTS) & (daily["day"] >= PROGRAMME[0])
    daily.loc[inside, "gmv"] = (daily.loc[inside, "gmv"] * np.exp(effect)).astype("int64")
    return daily


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=12))
@settings(deadline=None)
def test_adjusted_p_values_never_shrink_and_holm_is_the_stricter(p):
    adjusted, shares = holm(p), benjamini_hochberg(p)
    assert np.all(shares >= np.array(p) - 1e-12)
    assert np.all(adjusted >= shares - 1e-12)
    assert np.all(adjusted <= 1)


def test_pooled_effect_is_tighter_than_a_merchant_and_covers_the_truth():
    weekly = weekly_panel(cohort(3, 0.3), PROGRAMME)
    effects = [estimate(weekly, m, DONORS) for m in MERCHANTS]
    table, donors = effects_table(effects), donor_weights(effects)
    one = pooled_effect(table, donors).iloc[0]
    assert one["se"] < table["se"].median()
    assert one["low"] < 0.3 < one["high"]
    assert one["effect"] == pytest.approx(np.log(table["actual"].sum() / table["counterfactual"].sum()))
    assert pooled_effect(table)["se"].iloc[0] < one["se"], "merchants on the same donors err together"
    assert (table["p_holm"] >= table["p"]).all()


def test_a_refused_merchant_leaves_the_pool_and_stays_in_the_table():
    weekly = weekly_panel(cohort(3, 0.3), PROGRAMME)
    effects = [estimate(weekly, m, DONORS) for m in [*MERCHANTS[:2], "nobody"]]
    table = effects_table(effects)
    assert table["refused"].ne("").tolist() == [False, False, True]
    assert pooled_effect(table, donor_weights(effects))["merchants"].iloc[0] == 2
    assert pooled_effect(table.tail(1)).empty


def test_staggered_starts_use_merchants_that_are_not_invited_yet():
    windows = {"d0": ("2018-08-06", "2018-09-30"), "d1": PROGRAMME}
    assert not_yet_invited(windows, "d0", DONORS)[0] == "d1"
    assert "d0" not in not_yet_invited(windows, "d1", DONORS)
    daily = cohort(4, 0.2)
    effects = [
        estimate(weekly_panel(daily[daily["day"] <= window[1]], window), m, not_yet_invited(windows, m, DONORS))
        for m, window in windows.items()
    ]
    weeks = pd.concat([e.weeks.assign(merchant=e.merchant) for e in effects])
    table = staggered(effects_table(effects), weeks, donor_weights(effects))
    starts = table[table["by"] == "start"]
    assert starts["group"].tolist() == ["2018-08-06", "2018-10-01"]
    overall = table.loc[table["by"] == "overall", "effect"].iloc[0]
    assert overall == pytest.approx(np.average(starts["effect"], weights=starts["merchants"]))
    first = table[(table["by"] == "week") & (table["group"] == "1")].iloc[0]
    inside = [e.weeks.loc[e.weeks["phase"] == "programme", "gap"].iloc[0] for e in effects]
    assert (first["merchants"], first["effect"]) == (2, pytest.approx(np.mean(inside)))


def test_double_12_is_read_against_the_donors_own_ratio():
    daily = daily_world(5, donors=6, end="2018-12-31")
    day = (daily["merchant"] == "m") & (daily["day"] == "2018-12-12")
    daily.loc[day, "gmv"] *= 3
    table = double_12_against_11(daily, ["m", "nobody"], [f"d{j}" for j in range(6)], 2018)
    row = table.iloc[0]
    sold = daily.set_index(["merchant", "day"])["gmv"]
    assert row["ratio"] == pytest.approx(sold["m", "2018-12-12"] / sold["m", "2018-11-11"])
    assert row["relative"] > 2
    assert table["reason"].iloc[1] != ""
    share = share_above(table).iloc[0]
    assert (share["merchants"], share["above"]) == (1, 1)
    # one of one: Wilson's lower end is 1 / (1 + z^2), with z = 1.645 at 90% and 1.282 at 80%
    assert "(100%, 90% interval 27%–100%)" in festival_sentence(table, share_above(table), "m", "CN")
    surer = festival_sentence(table, share_above(table, 0.8), "m", "CN", "zh", 0.8)
    assert "（100%，80% 区间 38%–100%）" in surer


def test_a_large_gain_is_a_quick_win_and_none_is_none():
    weekly = weekly_panel(daily_world(6, donors=10, effect=0.6), PROGRAMME)
    effect = estimate(weekly, "m", [f"d{j}" for j in range(10)])
    weeks = gains_by_week(effect)
    assert first_gain(weeks) in (1, 2, 3)
    assert weeks["effect"].iloc[-1] == pytest.approx(effect.effect)
    quiet = weekly_panel(daily_world(6, donors=10), PROGRAMME)
    assert first_gain(gains_by_week(estimate(quiet, "m", [f"d{j}" for j in range(10)]))) is None


def test_taken_from_other_channels_shows_in_the_total():
    donors = [f"d{j}" for j in range(10)]
    private = daily_world(7, donors=10, effect=0.7, noise=0.03)
    weekly = weekly_panel(private, PROGRAMME)
    own = estimate(weekly, "m", donors)
    total = private.copy()
    inside = (total["merchant"] == "m") & (total["day"] >= PROGRAMME[0])
    total["gmv"] *= 5
    rest = total.loc[inside, "gmv"] * (np.exp(-0.7) * 4 / 5)
    total.loc[inside, "gmv"] = (private.loc[inside, "gmv"] + rest - private.loc[inside, "gmv"] * 0.4).astype("int64")
    everything = estimate(weekly_panel(total, PROGRAMME), "m", donors)
    row = cannibalisation(own, everything).iloc[0]
    assert row["total_gain"] < row["private_gain"]
    assert row["displaced"] > 0.4
    assert cannibalisation(replace(own, refused="closed"), everything).empty


def test_all_channel_totals_are_days_as_stated():
    rows = pd.DataFrame({
        "merchant": ["m"] * 3, "source_system": ["erp", "bi", "erp"], "channel": ["all", "all", "shop"],
        "day": pd.to_datetime(["2018-01-01", "2018-01-01", "2018-01-02"]).date, "orders": [1, 2, 3],
        "buyers": [1, 1, 1], "gross_amount": [100, 120, 50], "net_amount": [90, 110, 50],
    })  # fmt: skip
    panel = totals_panel(ibis.duckdb.connect().create_table("totals", rows))
    assert panel[["merchant", "gmv", "gross"]].to_numpy().tolist() == [["m", 110, 120]]


def test_longer_phases_see_smaller_effects_where_noise_is_independent():
    weekly = weekly_panel(daily_world(8, donors=10), None)
    table = detectable(weekly, "m", [f"d{j}" for j in range(10)], lengths=(2, 12, 80)).set_index("weeks")
    assert 0 < table.loc[12, "smallest_effect"] < 1
    assert table.loc[2, "se"] > 0
    assert "would be left" in table.loc[80, "reason"]


def test_a_plan_is_recorded_once_and_a_change_shows(tmp_path):
    plan = AnalysisPlan("c", ("m",), ("d",), BASELINE, PROGRAMME)
    path = tmp_path / "plan.json"
    assert "No analysis plan" in check_plan(plan, path)
    record_plan(plan, path, "2018-09-15")
    assert "follows the plan" in check_plan(plan, path)
    with pytest.raises(FileExistsError):
        record_plan(plan, path, "2018-09-16")
    assert "level changed" in check_plan(replace(plan, level=0.8), path)
    assert "区间水平已改变" in check_plan(replace(plan, level=0.8), path, "zh")
    record_plan(plan, tmp_path / "late.json", "2018-10-05")
    assert "after the phase began" in check_plan(plan, tmp_path / "late.json")


def test_guards_catch_a_programme_that_began_earlier():
    daily = daily_world(9, donors=10, noise=0.05)
    early = (daily["merchant"] == "m") & (daily["day"] >= "2018-08-06")
    daily.loc[early, "gmv"] = (daily.loc[early, "gmv"] * 1.6).astype("int64")
    weekly = weekly_panel(daily, PROGRAMME)
    guards = check_guards(weekly, estimate(weekly, "m", [f"d{j}" for j in range(10)], method="sc"))
    first = guards[guards["guard"].str.startswith("placebo in time")].iloc[0]
    assert first["status"] == "failed"
    assert guards["finding"].str.len().gt(10).all()
    assert guards["finding_zh"].str.len().gt(3).all()
