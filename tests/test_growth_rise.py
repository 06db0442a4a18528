"""Claims about the rise in money: festivals and ordinary days add up to it, and the programme to its own."""

import numpy as np
import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world

from retailkit import growth
from retailkit.charts import grew


@pytest.fixture(scope="module")
def world():
    daily = daily_world(3, donors=8, effect=0.3)
    weekly = growth.weekly_panel(daily, PROGRAMME)
    return daily, growth.estimate(weekly, "m", [f"d{j}" for j in range(8)])


def test_parts_add_up_to_the_rise_and_the_programme_to_its_gain(world):
    daily, effect = world
    parts = growth.festival_parts(daily, ["m"], BASELINE, PROGRAMME, [effect])
    head = growth.headlines(daily, BASELINE, PROGRAMME, ["m"]).iloc[0]
    rise = head["programme"] - head["before"]
    assert parts["money"].sum() == pytest.approx(rise, rel=1e-9)
    assert parts["programme"].sum() == pytest.approx(head["programme"] * (1 - 1 / effect.ratio), rel=1e-9)
    assert (parts["anyway"] + parts["programme"]).to_numpy() == pytest.approx(parts["money"].to_numpy())


def test_double_11_is_what_it_sold_above_an_ordinary_day(world):
    daily, _ = world
    parts = growth.festival_parts(daily, ["m"], BASELINE, PROGRAMME).set_index("part")
    own = daily[(daily["merchant"] == "m") & daily["day"].between(*PROGRAMME)].set_index("day")["gmv"].astype(float)
    november = (own.index.month == 11) & (own.index.day <= 11)
    december = own.index.month == 12
    plain = own[~november & ~december].mean()
    assert parts.loc["double_11", "money"] == pytest.approx((own["2018-11-11"] - plain) / len(own))
    assert parts.loc["double_11", "days"] == 1
    assert parts.loc["run-up to double_11", "days"] == 10
    assert parts["programme"].isna().all(), "without estimates nothing is laid to the programme"


def test_a_festival_of_the_period_before_was_there_already():
    daily = daily_world(4, start="2018-05-01")
    parts = growth.festival_parts(daily, ["m"], ("2018-06-01", "2018-06-30"), ("2018-07-02", "2018-08-05"))
    june = parts.set_index("part").loc["618"]
    assert june["money"] < 0
    assert june["days"] == 0
    assert june["days_before"] == 1


def test_several_merchants_add_up_and_a_closed_one_is_left_out(world):
    daily, _ = world
    gone = daily[(daily["merchant"] != "d1") | (daily["day"] < "2018-11-01")]
    one, two = (growth.festival_parts(gone, [m], BASELINE, PROGRAMME)["money"].sum() for m in ("m", "d0"))
    both = growth.festival_parts(gone, ["m", "d0", "d1"], BASELINE, PROGRAMME)
    assert both["money"].sum() == pytest.approx(one + two)
    assert growth.festival_parts(gone, ["d1"], BASELINE, PROGRAMME).empty
    assert growth.festival_parts(gone, ["m"], None, None).empty


def test_without_donors_no_part_is_the_programme_s(world):
    daily, _ = world
    alone = growth.estimate(growth.weekly_panel(daily, PROGRAMME), "m", [])
    parts = growth.festival_parts(daily, ["m"], BASELINE, PROGRAMME, [alone])
    assert not alone.refused
    assert parts[["anyway", "programme"]].isna().all(axis=None)
    assert parts["money"].notna().all()
    assert "of it the programme" not in growth.rise_sentence(parts, "CNY")
    drawn = grew.rise(parts, merchant="m", currency="CNY").to_json()
    assert "(programme" not in drawn
    assert "in brackets" not in drawn


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sentence_and_chart_quote_the_festivals(world, lang):
    daily, effect = world
    parts = growth.festival_parts(daily, ["m"], BASELINE, PROGRAMME, [effect])
    said = growth.rise_sentence(parts, "CNY", lang)
    name = {"en": "Double 11", "zh": "双11"}[lang]
    assert name in said
    assert "CNY" in said
    fig = grew.rise(parts, merchant="m", lang=lang, currency="CNY")
    assert any(name in str(y) for y in fig.data[0].y)
    assert grew.rise(parts.iloc[:0], merchant="m", lang=lang).layout.title.text
    assert growth.rise_sentence(parts.iloc[:0], "CNY", lang)


def test_metrics_carry_each_part(world):
    daily, effect = world
    heads = growth.headlines(daily, BASELINE, PROGRAMME, ["m"])
    parts = growth.festival_parts(daily, ["m"], BASELINE, PROGRAMME, [effect])
    steps = growth.build_bridge(daily, effect, BASELINE, PROGRAMME)
    rows = pd.DataFrame(growth.growth_metrics(heads, steps, effect, growth.judge(effect, heads), "CNY", parts))
    value = rows.set_index("metric")["value"]
    named = [f"rise_{p.replace('run-up to ', 'run_up_')}" for p in parts["part"]]
    assert value[named].sum() * 100 == pytest.approx(parts["money"].sum())
    assert np.isfinite(value["rise_double_11_programme"])
