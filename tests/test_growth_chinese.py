"""A Chinese growth chapter is Chinese whatever the merchant's data are like: no reason, label or doubt stays English."""

import ibis
import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world
from spoken import english

from retailkit import growth
from retailkit.attribute.scenes import scenes, touchpoint_titles
from retailkit.charts import growth_tables as page
from retailkit.charts import growth_words
from retailkit.growth.words import in_words

NAMES = {"m", *(f"d{j}" for j in range(9))}


def world(donors=8, **given):
    daily = daily_world(5, donors=donors, **given)
    orders = (daily["gmv"] / daily.groupby("merchant")["gmv"].transform("mean") * 500).round().astype("int64")
    return daily.assign(orders=orders, buyers=orders)


def mine(daily, first, last, **new):
    inside = (daily["merchant"] == "m") & daily["day"].between(first, last)
    return daily.assign(**{name: daily[name].where(~inside, value) for name, value in new.items()})


def counted_otherwise(daily):
    late = (daily["merchant"] == "m") & (daily["day"] >= "2018-10-22")
    return daily.assign(gmv=daily["gmv"].where(~late, daily["gmv"] * 3))


WORLDS = {
    "sound": lambda: world(effect=0.5),
    "short history": lambda: world(start="2018-08-20"),
    "under a year": lambda: world(start="2018-03-05"),
    "closed for good": lambda: world().query("merchant != 'm' or day < '2018-10-15'"),
    "no donors": lambda: world(donors=0),
    "two donors": lambda: world(donors=2),
    "a donor closed": lambda: world(donors=6).query("merchant != 'd1' or day < '2018-09-01'"),
    "missing weeks": lambda: mine(world(), "2018-10-08", "2018-10-21", gmv=0, orders=0, buyers=0, filled=True),
    "refunds above sales": lambda: mine(world(), "2018-08-13", "2018-08-19", gmv=-5000),
    "a zero week": lambda: mine(world(), "2018-10-15", "2018-10-21", gmv=0),
    "counted otherwise": lambda: counted_otherwise(world()),
    "nobody": lambda: world().query("merchant != 'm'"),
}


def said(daily, lang="zh"):
    """Everything that chapter 5 says of merchant m from a daily panel: sentences, then every cell of its tables."""
    weekly = growth.weekly_panel(daily, PROGRAMME)
    heads = growth.headlines(daily, BASELINE, PROGRAMME, ["m"])
    changes = growth.definition_breaks(weekly, "m")
    across = growth.across(changes, BASELINE)
    donors = sorted(set(daily["merchant"]) - {"m"})
    first = [0.3, *[0.0] * len(donors)][: len(donors)]
    shared = pd.DataFrame({"donor": donors, "shared_customers": 5, "shared_sales_share": first}) if donors else None
    effect = growth.estimate(weekly, "m", donors, shared)
    power = growth.detectable(weekly, "m", donors)
    steps = growth.build_bridge(daily, effect, BASELINE, PROGRAMME)
    rise = growth.festival_parts(daily, ["m"], BASELINE, PROGRAMME, [effect])
    guards = growth.check_guards(weekly, effect, changes)
    stairs, recall = growth.find_steps(effect), growth.step_recall(effect, 1)
    factors, gains = growth.factor_effects(weekly, effect), growth.gains_by_week(effect)
    festivals = growth.double_12_against_11(daily, ["m"], donors, 2018)
    taken = growth.cannibalisation(effect, effect)
    sentences = [
        growth.definitions_sentence(changes, lang), growth.headline_sentence(heads, "m", lang, across),
        growth.rise_sentence(rise, "CNY", lang), growth.donors_sentence(effect, lang), growth.power_sentence(power, lang),
        growth.robustness_sentence(effect, lang), growth.bridge_sentence(steps, lang, across), growth.guards_sentence(guards, lang),
        growth.steps_sentence(stairs, recall, lang), growth.factors_sentence(factors, lang), growth.quick_sentence(gains, lang),
        growth.festival_sentence(festivals, growth.share_above(festivals), "m", "CN", lang),
        growth.cannibal_sentence(taken, lang), growth.judge(effect, heads, guards).say(lang),
    ]  # fmt: skip
    hidden = "finding" if lang == "zh" else "finding_zh"
    shown = {
        "pooled": growth.pooled(heads), "donors": effect.donors, "power": power, "bridge": steps, "rise": rise,
        "guards": guards.drop(columns=hidden, errors="ignore"), "steps": stairs, "recall": recall, "factors": factors,
    }  # fmt: skip
    cells = []
    for name, table in shown.items():
        written = page.shown(table, name, "CNY", lang)
        cells += [*map(str, written.columns), *map(str, written.to_numpy().ravel())]
    return [*sentences, *cells]


@pytest.mark.parametrize("kind", WORLDS)
def test_nothing_stays_english_in_chinese(kind):
    left = {text: english(text, NAMES) for text in said(WORLDS[kind]()) if english(text, NAMES)}
    assert not left


def test_the_english_chapter_is_english():
    texts = said(WORLDS["sound"](), "en")
    assert not [t for t in texts if any("\u4e00" <= c <= "\u9fff" for c in t)]
    assert sum(bool(english(t)) for t in texts) > 20, "the reader of English finds English"


def test_every_touchpoint_that_a_visit_may_tell_has_the_name_of_chapter_3():
    titles = touchpoint_titles("zh")
    told = set(scenes()["touchpoint"]) - {"system_internal"} | {"guide", "group", "sharing"}
    for words in (in_words, growth_words.in_words):
        assert {name: words(name, "zh") for name in told} == {name: titles[name] for name in told}
    assert growth_words.in_words("single_chat") == "single chat"


@pytest.mark.parametrize(("private", "total", "start"), [
    (0.5, 0.5, "全渠道合计"), (0.5, 0.0, ""), (0.0, 0.0, "无法判断：私域"),
])  # fmt: skip
def test_every_answer_on_other_channels_has_its_chinese(private, total, start):
    both = []
    for size in (private, total):
        daily = world(effect=size)
        both.append(growth.estimate(growth.weekly_panel(daily, PROGRAMME), "m", [f"d{j}" for j in range(8)]))
    text = growth.cannibal_sentence(growth.cannibalisation(*both), "zh")
    assert text.startswith(start)
    assert not english(text)


def test_scope_and_plan_speak_chinese(tmp_path):
    plan = growth.AnalysisPlan("c", ("m",), ("d",), BASELINE, PROGRAMME)
    path = tmp_path / "plan.json"
    texts = [growth.check_plan(plan, path, "zh")]
    growth.record_plan(plan, path, "2018-09-15")
    texts.append(growth.check_plan(plan, path, "zh"))
    for change in ({"level": 0.8}, {"donors": ("e",)}, {"method": "sc"}, {"note": "x"}, {"at_risk_share": 0.2}):
        texts.append(growth.check_plan(growth.AnalysisPlan(**{**vars(plan), **change}), path, "zh"))
    orders = ibis.memtable(pd.DataFrame({"format": ["guide", "shop"], "merchant": "m"}))
    texts += [growth.scope_sentence(orders, scope, "zh") for scope in ("auto", "all")]
    assert {t: english(t, {"c"}) for t in texts if english(t, {"c"})} == {}
