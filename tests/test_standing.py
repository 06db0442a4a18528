"""Claims about who is pooled and ranked: a wrong number is in nothing, a barred one in the pool and without a place."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from spoken import english

from retailkit.charts import cohort as draw
from retailkit.charts import pooling as draw_pooling
from retailkit.growth import guards as guards_module
from retailkit.growth import judge, pooled_effect, staggered
from retailkit.growth.verdict import IN_SHORT
from retailkit.present import bridge, pooling, report, sentences, standing
from retailkit.present.league_table import league_words
from retailkit.results import metric, save

SHARED, SHARED_ZH = "its donors share customers with the programme", "对照店与参与商户共享顾客"
CLOSED, CLOSED_ZH = "no sales on record for the whole programme (closed, or not open yet)", "项目期销售记录不完整"


def cohort(*ids):
    everyone = tuple(SimpleNamespace(id=i, title=f"Shop {i}", role="merchant", industry="") for i in ids)
    return SimpleNamespace(everyone=everyone, merchants=everyone, merchant_ids=ids, name="test")


def chapter(folder, name, effect, *, error=0.05, before=100.0, answer="raised", start="2018-10-01", **texts):
    """Results of chapter 5 of one merchant: log effect and its error, sales doubled, two weeks of programme."""
    low, high = (np.expm1(effect + s * pooling.Z90 * error) for s in (-1, 1))
    said = {"answer": answer, "verdict": f"{name}: said.", "verdict_zh": f"{name}：已说明。", **texts}
    figures = [
        metric("growth", 1.0), metric("gmv_before", before, unit="CNY"), metric("gmv_programme", 2 * before, unit="CNY"),
        metric("effect", np.expm1(effect), low=low, high=high), metric("effect_log_se", error), metric("effect_df", 60),
        metric("effect_p", 0.01), metric("bridge_programme", np.exp(effect), unit="ratio"),
        *(metric(k, text=v) for k, v in said.items()),
    ]  # fmt: skip
    weeks = pd.DataFrame({
        "week": pd.date_range(start, periods=2, freq="7D"), "phase": "programme", "gap": [effect - 0.1, effect + 0.1],
    })  # fmt: skip
    save(folder, merchant=name, chapter="5_growth", as_of="2018-01-01", metrics=figures, tables={"weeks": weeks})


def read(folder, study, lang="en"):
    """The report's own steps: league, estimates, pooled ways."""
    metrics = report.cohort_metrics(folder, study)
    table = report.league(metrics, study, lang=lang)
    rows = bridge.estimates(metrics, table, report.side_by_side(folder, study, "5_growth", "weeks"))
    free = rows[rows["merchant"].isin(standing.not_barred(table)["merchant"])]
    ways = standing.pooled_ways(table, None, pooled_effect(rows), pooled_effect(free))
    return metrics, table, rows, ways


def barred(reason=SHARED, reason_zh=SHARED_ZH):
    return {"answer": "cannot tell", "barred": reason, "barred_zh": reason_zh}


def left_out(reason=CLOSED, reason_zh=CLOSED_ZH):
    return {"answer": "cannot tell", "left_out": reason, "left_out_zh": reason_zh}


def test_a_barred_merchant_stays_in_the_pool_and_takes_no_place(tmp_path):
    for name, effect in (("a", 0.5), ("b", 0.3), ("c", 0.1)):
        chapter(tmp_path, name, effect, error=0.01, **(barred() if name == "a" else {}))
    metrics, table, rows, ways = read(tmp_path, cohort("a", "b", "c"))
    place = table.set_index("merchant")["best_rank"]
    assert pd.isna(place["a"])
    assert place[["b", "c"]].tolist() == [1, 2], "the others are ranked among themselves"
    assert ways["merchants"].tolist() == [3, 2]
    assert np.log1p(ways["effect"]).tolist() == pytest.approx([0.3, 0.2], abs=0.02)
    assert ways["money"].iloc[0] == pytest.approx(600 / (200 * (np.exp(-0.5) + np.exp(-0.3) + np.exp(-0.1))) - 1)
    assert len(bridge.pooled_bridge(metrics, table, pooled_effect(rows))) == 3
    words = league_words(table)
    assert words["why there is no claim"].tolist() == [f"barred: {SHARED}", "–", "–"]
    assert words["places left open"].tolist() == ["–", "1–1", "2–2"]


def test_a_wrong_number_is_in_no_pool_bridge_or_league_and_is_named(tmp_path):
    chapter(tmp_path, "a", 0.3)
    chapter(tmp_path, "b", 0.3)
    chapter(tmp_path, "odd", 4.6, before=1e6, **left_out("sales seem to be counted otherwise", "口径可能已改变"))
    metrics, table, rows, ways = read(tmp_path, cohort("a", "b", "odd"))
    own = table.set_index("merchant").loc["odd"]
    assert own[["effect", "low", "high", "p", "shrunk", "best_rank"]].isna().all()
    assert set(rows["merchant"]) == {"a", "b"}
    assert ways[["over", "merchants"]].to_numpy().tolist() == [[standing.ALL, 2]]
    assert ways[["effect", "money"]].to_numpy().ravel() == pytest.approx(np.expm1([0.3, 0.3]))
    steps = bridge.pooled_bridge(metrics, table, pooled_effect(rows)).set_index("step")
    assert steps.loc["programme", "ratio"] == pytest.approx(np.exp(0.3))
    assert steps["merchants"].unique().tolist() == [2]
    said = sentences.say_league(table, ways)
    assert "Over 2 merchants" in said
    assert "1 of 3 merchants left out: Shop odd (sales seem to be counted otherwise)" in said
    shown = draw.verdicts(table, pooling.pool(table), merchant="cohort", period="2018")
    assert "left out" in [a.text for a in shown.layout.annotations]


def test_where_one_guard_bars_all_the_pool_is_no_verdict_either(tmp_path):
    names = [f"m{i}" for i in range(17)]
    for name in names:
        chapter(tmp_path, name, 0.1, **barred())
    _, table, _, ways = read(tmp_path, cohort(*names))
    assert ways["merchants"].tolist() == [17, 0]
    assert ways.loc[1, ["effect", "money"]].isna().all()
    said = sentences.say_league(table, ways)
    assert f"every one of the 17: {SHARED} (17)" in said
    assert "no verdict either" in said
    assert "Nobody is ranked: a guard bars every claim" in said
    shown = standing.way_words(ways)
    assert shown.iloc[1, 2:].tolist() == ["–"] * 4


def effect_of(p, **fields):
    """An effect of +10% with a p value, all else as a sound estimate would have it."""
    given = {"refused": "", "label": "", "method": "did", "effect": 0.1, "low": 0.02, "high": 0.18, "level": 0.9,
             "at_risk_weight": 0.0, "merchant": "m", "p": p} | fields  # fmt: skip
    return SimpleNamespace(**given)


@pytest.mark.parametrize(("guard", "p", "barred_by"), [
    ("breakdown drift", 0.01, ["its drift before the programme explains as much"]), ("breakdown drift", 0.5, []),
    ("leave one donor out", 0.5, []), ("shared customers", 0.5, [SHARED]),
    ("placebo in time, 1 programme length earlier", 0.5, ["an effect shows before the programme began"]),
])  # fmt: skip
def test_guards_of_the_sign_bar_nothing_where_there_is_no_sign(guard, p, barred_by):
    heads = pd.DataFrame({"merchant": ["m"], "growth": [0.5], "reason": [""], "note": [""]})
    guards = pd.DataFrame({"guard": [guard], "status": ["failed"], "finding": ["why"], "finding_zh": ["原因"]})
    judged = judge(effect_of(p), heads, guards)
    assert [en for en, _ in judged.barred] == barred_by
    assert judged.answer == "cannot tell"
    assert judged.left_out is None


def test_every_guard_that_can_fail_has_its_few_words():
    source = Path(guards_module.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r'return \("([a-z ]+)", ', source)) | {"placebo in time"}
    only_told = {"breakdown spillover", "rank among donors", "smallest effect that would be seen"}
    assert named - only_told == set(IN_SHORT)


def test_a_pool_without_odd_results_would_be_biased():
    """400 cohorts of 10, true effect .1; a guard that looks at the result bars the largest. Both pools, in logs."""
    rng = np.random.default_rng(11)
    with_all, without = [], []
    for _ in range(400):
        value = rng.normal(0.1, 0.1, 10)
        table = pd.DataFrame({"merchant": list("abcdefghij"), "effect": value, "se": 0.1, "trend_se": 0.0, "df": 40})
        with_all.append(pooled_effect(table, equal=True)["effect"].item())
        without.append(pooled_effect(table[value < 0.2], equal=True)["effect"].item())
    assert np.mean(with_all) == pytest.approx(0.1, abs=3 * 0.1 / np.sqrt(4000))
    assert np.mean(without) < 0.08


def test_starts_are_shown_only_where_merchants_started_apart(tmp_path):
    chapter(tmp_path, "a", 0.2)
    chapter(tmp_path, "b", 0.4)
    weeks = report.side_by_side(tmp_path, cohort("a", "b"), "5_growth", "weeks")
    together = staggered(read(tmp_path, cohort("a", "b"))[2], weeks)
    assert standing.start_words(together).empty
    assert standing.say_starts(together) == ""
    chapter(tmp_path, "c", 0.9, start="2018-11-05")
    study = cohort("a", "b", "c")
    weeks = report.side_by_side(tmp_path, study, "5_growth", "weeks")
    apart = staggered(read(tmp_path, study)[2], weeks)
    shown = standing.start_words(apart)
    assert shown.iloc[:, 0].tolist()[:2] == ["2018-10-01", "2018-11-05"]
    assert shown["merchants"].tolist() == [2, 1, 3]
    assert shown.iloc[:, 2].tolist() == ["+35%", "+146%", "+65%"], "exp of .3, .9 and .5, less one"
    assert "started in 2 different weeks" in standing.say_starts(apart)


def test_a_headline_names_who_has_none_and_who_had_an_odd_week(tmp_path):
    chapter(tmp_path, "a", 0.2)
    chapter(tmp_path, "odd", 0.2, headline_doubt="the week of 2018-10-15 sold zero or less")
    none = [
        metric("growth"),
        metric("answer", text="cannot tell"),
        metric("headline_doubt", text="no order from x to y"),
    ]
    save(tmp_path, merchant="gone", chapter="5_growth", as_of="2018-01-01", metrics=none)
    study = cohort("a", "odd", "gone")
    metrics, table, *_ = read(tmp_path, study)
    said = sentences.say_doubts(metrics, table)
    assert "1 of 3 merchants left out of the headline: Shop gone (no order from x to y)." in said
    assert "nobody should read a doubling from it: Shop odd" in said
    assert sentences.say_doubts(metrics[metrics["merchant"] == "a"], table) == ""


def test_the_chinese_report_names_them_in_chinese(tmp_path):
    chapter(tmp_path, "a", 0.4)
    chapter(tmp_path, "b", 0.3, **barred())
    chapter(tmp_path, "c", 0.3, start="2018-11-05")
    chapter(tmp_path, "d", 3.0, **left_out())
    study = cohort("a", "b", "c", "d")
    metrics, table, rows, ways = read(tmp_path, study, "zh")
    starts = staggered(rows, report.side_by_side(tmp_path, study, "5_growth", "weeks"))
    names = {f"Shop {i}" for i in study.merchant_ids}
    texts = [
        sentences.say_league(table, ways, "zh"),
        sentences.say_doubts(metrics, table, "zh"),
        standing.say_starts(starts, "zh"),
    ]
    for frame in (standing.way_words(ways, "zh"), standing.start_words(starts, "zh"), league_words(table, "zh")):
        texts += [*frame.columns, *frame.astype(str).to_numpy().ravel()]
    for figure in (
        draw.verdicts(table, pooling.pool(table), merchant="批次", period="2018", lang="zh"),
        draw_pooling.industries(table, pooling.by_industry(table), pooling.pool(table), merchant="批次", period="2018", lang="zh"),
    ):  # fmt: skip
        texts += [a.text for a in figure.layout.annotations if a.text]
    assert [t for t in texts if english(t.replace("Callaway-Sant'Anna", ""), names)] == []
    assert f"4家商户中1家未计入：Shop d（{CLOSED_ZH}）" in texts[0]
