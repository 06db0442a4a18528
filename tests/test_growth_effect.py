"""The effect, its doubt, the bridge and the verdict."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world, journey_orders, tables

from retailkit.growth.bridge import build_bridge
from retailkit.growth.did import did
from retailkit.growth.donors import choose_donors, later_invited
from retailkit.growth.effect import NO_SEASON, estimate
from retailkit.growth.fit import in_money
from retailkit.growth.guards import check_guards
from retailkit.growth.headline import headlines
from retailkit.growth.interval import log_effect
from retailkit.growth.metrics import growth_metrics
from retailkit.growth.overlap import shared_customers
from retailkit.growth.panel import daily_panel, weekly_panel
from retailkit.growth.verdict import CANNOT_TELL, RAISED, judge
from retailkit.present.metric_words import metric_definition


def donors_of(daily: pd.DataFrame) -> list[str]:
    return sorted(set(daily["merchant"]) - {"m"})


def effect_of(daily: pd.DataFrame, **options: object):
    return estimate(weekly_panel(daily, PROGRAMME), "m", donors_of(daily), **options)


def test_a_true_effect_is_found_and_claimed():
    daily = daily_world(1, donors=10, effect=0.5)
    effect = effect_of(daily)
    assert effect.effect == pytest.approx(0.5, abs=0.1)
    said = judge(effect, headlines(daily, BASELINE, PROGRAMME, ["m"]))
    assert said.answer == RAISED
    assert "raised it" in said.sentence


def test_festivals_alone_are_no_programme():
    daily = daily_world(2, donors=10, effect=0.0)
    effect = effect_of(daily)
    heads = headlines(daily, ("2018-10-01", "2018-10-31"), ("2018-11-01", "2018-11-12"), ["m"])
    assert heads["growth"].iloc[0] > 0.1, "Double 11 alone lifts the headline"
    assert judge(effect, heads).answer == CANNOT_TELL


@pytest.mark.parametrize(("start", "donors", "method", "label"), [
    ("2017-07-03", 8, "augmented", ""),
    ("2017-07-03", 4, "year-over-year", ""),
    ("2018-03-05", 8, "synthetic control with intercept", NO_SEASON),
    ("2018-03-05", 4, "difference-in-differences", NO_SEASON),
])  # fmt: skip
def test_the_data_choose_the_estimator_and_its_label(start, donors, method, label):
    effect = effect_of(daily_world(4, donors=donors, start=start))
    assert method in effect.method
    assert effect.label == label


def test_bridge_multiplies_to_the_headline_exactly():
    daily = daily_world(5, donors=8, effect=0.3, start="2017-07-03")
    effect = effect_of(daily)
    steps = build_bridge(daily, effect, BASELINE, PROGRAMME).set_index("step")
    head = headlines(daily, BASELINE, PROGRAMME, ["m"])["growth"].iloc[0]
    assert list(steps.index) == ["season", "market", "programme", "headline"]
    assert steps["ratio"].iloc[:-1].prod() == pytest.approx(1 + head, rel=1e-12)
    change = steps["part"].iloc[-1]
    assert abs(steps["part"].iloc[:-1].sum() - change) <= 1e-9 * abs(change)


def test_without_last_year_season_and_market_stay_one_factor():
    daily = daily_world(5, donors=8, start="2018-03-05")
    steps = build_bridge(daily, effect_of(daily), BASELINE, PROGRAMME)
    assert steps["step"].tolist() == ["season and market", "programme", "headline"]


def test_a_donor_without_customers_of_its_own_is_dropped_or_its_weight_said():
    daily = daily_world(6, donors=10)
    weekly = weekly_panel(daily, PROGRAMME)
    names = donors_of(daily)
    shared = pd.DataFrame({"donor": names, "shared_sales_share": [0.6] * 2 + [0.0] * 8})
    chosen = choose_donors(weekly, "m", names, shared).set_index("donor")
    assert not chosen.loc[names[:2], "used"].any()
    assert (chosen.loc[names[:2], "reason"] == "shares customers with the programme").all()
    all_shared = shared.assign(shared_sales_share=0.6)
    effect = estimate(weekly, "m", names, all_shared)
    assert effect.at_risk_weight == pytest.approx(1)
    heads = headlines(daily, BASELINE, PROGRAMME, ["m"])
    said = judge(replace(effect, p=0.001), heads)
    assert said.answer == CANNOT_TELL, "no claim on donors that the programme touched"


def test_merchants_invited_later_stand_in_first():
    from types import SimpleNamespace as Row

    never = [Row(id=f"d{i}", invited=None) for i in range(3)]
    later = [Row(id=f"n{i}", invited="2019-02-15") for i in range(6)]
    assert later_invited([*never, *later], PROGRAMME) == [f"n{i}" for i in range(6)]
    assert len(later_invited([*never, *later[:5]], PROGRAMME)) == 8, "too few of them: all donors"


def broken(daily: pd.DataFrame, what: str) -> pd.DataFrame:
    mine = daily["merchant"] == "m"
    if what == "closed":
        return daily[~mine | (daily["day"] < "2018-11-15")]
    if what == "short":
        return daily[~mine | (daily["day"] >= "2018-08-20")]
    if what == "no donors":
        return daily[mine]
    value = 0 if what == "zero week" else -10
    out = daily.copy()
    out.loc[mine & out["day"].between("2018-10-08", "2018-10-14"), "gmv"] = value
    return out


@pytest.mark.parametrize(("what", "words"), [
    ("closed", "whole programme"), ("short", "weeks before"), ("zero week", "zero or below"),
    ("negative week", "zero or below"),
])  # fmt: skip
def test_bad_input_gives_a_refusal_and_never_a_number(what, words):
    daily = broken(daily_world(7), what)
    effect = effect_of(daily)
    assert words in effect.refused
    assert np.isnan(effect.effect)
    said = judge(effect, headlines(daily, BASELINE, PROGRAMME, ["m"]))
    assert said.answer == CANNOT_TELL
    assert "无法判断" in said.sentence_zh
    assert build_bridge(daily, effect, BASELINE, PROGRAMME).empty


def test_without_donors_the_series_is_descriptive_and_claims_nothing():
    daily = broken(daily_world(7, effect=0.8), "no donors")
    effect = effect_of(daily)
    assert (effect.method, effect.label) == ("structural series", "descriptive")
    assert effect.effect == pytest.approx(0.8, abs=0.3)
    heads = headlines(daily, BASELINE, PROGRAMME, ["m"])
    said = judge(effect, heads)
    assert said.answer == CANNOT_TELL
    assert "without donors" in said.sentence
    assert check_guards(weekly_panel(daily, PROGRAMME), effect).empty
    saved = growth_metrics(heads, build_bridge(daily, effect, BASELINE, PROGRAMME), effect, said, "CNY")
    told = {one["metric"]: metric_definition(one["metric"], one["definition"], "zh") for one in saved}
    for text in (said.sentence, *(one["definition"] for one in saved)):
        assert "counterfactual" not in text
        assert "donor-placebo" not in text
    assert "against its own past carried on (90% interval" in said.sentence
    assert "与自身历史外推的水平相比" in said.sentence_zh
    assert "反事实" not in said.sentence_zh
    assert told["effect"] == "实际 / 自身历史外推的水平 − 1；结构时间序列 · 仅为描述性；90%区间"
    assert told["effect_df"] == "标准误的自由度：项目前的周数"


def test_an_interval_is_called_by_its_level_to_the_half_per_cent():
    daily = daily_world(7, effect=0.8)
    effect = estimate(weekly_panel(daily, PROGRAMME), "m", [f"d{j}" for j in range(8)], level=0.975)
    said = judge(effect, headlines(daily, BASELINE, PROGRAMME, ["m"]))
    assert "against the counterfactual (97.5% interval" in said.sentence
    assert "与反事实相比" in said.sentence_zh
    assert "97.5% 区间" in said.sentence_zh


def test_a_donor_that_closed_is_left_out_by_name():
    daily = daily_world(8, donors=9)
    daily = daily[(daily["merchant"] != "d3") | (daily["day"] < "2018-10-20")]
    effect = effect_of(daily)
    row = effect.donors.set_index("donor").loc["d3"]
    assert not row["used"]
    assert "closed" in row["reason"]


def test_the_future_changes_nothing():
    daily = daily_world(9, end="2019-01-31")
    now = effect_of(daily[daily["day"] <= PROGRAMME[1]])
    later = effect_of(daily)
    assert later.effect == pytest.approx(now.effect)


def test_names_and_units_do_not_matter():
    daily = daily_world(10)
    cents = effect_of(daily)
    renamed = daily.assign(gmv=daily["gmv"] * 100, merchant=daily["merchant"].str.replace("d", "x"))
    assert effect_of(renamed).effect == pytest.approx(cents.effect, abs=1e-6)


@pytest.mark.data
def test_complete_journey_cannot_tell(real_data):
    orders, merchants, donors = journey_orders(real_data)
    sales, persons = tables(orders)
    daily = daily_panel(sales, persons)
    baseline, programme = ("2017-09-04", "2017-10-29"), ("2017-10-30", "2017-12-24")
    weekly = weekly_panel(daily, programme, "US")
    shared = shared_customers(sales, merchants, programme)
    heads = headlines(daily, baseline, programme, merchants)
    effects = {m: estimate(weekly, m, donors, shared) for m in ("367", "406", "361")}
    assert all(judge(e, heads).answer == CANNOT_TELL for e in effects.values())
    assert effects["367"].at_risk_weight > 0.9, "households shop in several of these stores"
    assert effects["367"].label == NO_SEASON
    assert "whole programme" in effects["361"].refused, "store 361 closed in November"
    assert daily["gmv"].sum() == orders["net_amount"].sum()


def test_a_small_shops_noise_is_not_taken_for_an_effect():
    """Thirty orders a week: half the variance, 1/60, lies between the mean log and the log of the mean."""
    rng = np.random.default_rng(8)
    weeks, donors = 80, np.zeros((80, 3))
    pre = np.arange(weeks) < 68
    raw, mended = [], []
    for _ in range(400):
        sold = rng.poisson(np.where(pre, 30, 90)).astype(float)
        fit = did(np.log(sold), donors, pre)
        for told, one in ((raw, fit), (mended, in_money(fit, pre))):
            told.append(log_effect(one.gap, sold, np.ones(weeks), ~pre))
    assert np.mean(raw) - np.log(3) == pytest.approx(1 / 60, abs=0.003)
    assert np.mean(mended) - np.log(3) == pytest.approx(0, abs=0.003)


DONORS = [f"d{j}" for j in range(8)]


def on_one_weekday(seed: int, times: float) -> tuple[pd.DataFrame, float]:
    """A world whose programme multiplies the merchant's Wednesdays; its true log effect on the mean day."""
    daily = daily_world(seed)
    inside = (daily["merchant"] == "m") & (daily["day"] >= PROGRAMME[0])
    before = daily.loc[inside, "gmv"].sum()
    wednesdays = inside & (daily["day"].dt.day_of_week == 2)
    daily.loc[wednesdays, "gmv"] = (daily.loc[wednesdays, "gmv"] * times).astype("int64")
    return weekly_panel(daily, PROGRAMME), float(np.log(daily.loc[inside, "gmv"].sum() / before))


def test_an_effect_that_lies_on_one_day_of_the_week_is_worth_what_it_sold():
    """A live evening that sells four times as much: means of daily logs saw 22% of the 41% it brought."""
    held, missed = [], []
    for seed in range(7):
        weekly, true = on_one_weekday(seed, 4.0)
        effect = estimate(weekly, "m", DONORS)
        held.append(effect.low <= true <= effect.high)
        missed.append(effect.effect - true)
    assert sum(held) >= 6
    assert abs(np.mean(missed)) < 0.05


def test_one_wholesale_order_is_not_the_programme():
    """Nothing happened but one day of forty days' sales; every interval then lies above zero."""
    said = []
    for seed in range(4):
        daily = daily_world(seed)
        day = (daily["merchant"] == "m") & (daily["day"] == "2018-10-23")
        daily.loc[day, "gmv"] *= 40
        weekly = weekly_panel(daily, PROGRAMME)
        effect = estimate(weekly, "m", DONORS)
        guards = check_guards(weekly, effect).set_index("guard")
        said.append(guards.loc["leave one week out", "status"])
        assert effect.low > 0
        assert "2018-10-22" in guards.loc["leave one week out", "finding"]
    assert said.count("failed") >= 3
    lasting = estimate(weekly_panel(daily_world(3, effect=0.2), PROGRAMME), "m", DONORS)
    table = check_guards(weekly_panel(daily_world(3, effect=0.2), PROGRAMME), lasting).set_index("guard")
    assert table.loc["leave one week out", "status"] == "passed"
