"""The report on one merchant and on two: no pool of one, no median of two, no rank among nobody."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from retailkit.charts import cohort as draw
from retailkit.charts import growth as draw_growth
from retailkit.charts import pooling as draw_pooling
from retailkit.growth import festival_sentence, headline_sentence, over_all, pooled_caution, pooled_effect, share_above
from retailkit.present import bridge, cases, pooling, register, report, sentences, standing, tables, worked
from retailkit.present.league_table import answer_words, league_words
from retailkit.results import metric, save
from retailkit.targets.review import next_targets

SILLY = {
    1: r"\b1 merchants|\ball 1\b|\b[01] of 1\b|of the 1\b|of these 1\b|\bmedian\b|mean of|like these|together are|merchants have|"
       r"pooled \+|any of|99\.99|each of them|1–1|[^0-9]1家中|[^0-9]1家合计|1 家中|1 家合计|1 家商户中|中位|均值|同类商户|最多可能",
    2: r"\ball 2\b|any of 2\b|any of them|any of the|in the median|median one|median part|median merchant|every one of|1 merchants|"
       r"other 1 |1 more have|\b1 have\b|中位",
}  # fmt: skip
ANSWERS = ("raised", "lowered", "cannot tell", "barred", "left out", "no result")


def cohort(*ids):
    everyone = tuple(SimpleNamespace(id=i, title=f"Shop {i}", role="merchant", industry="") for i in ids)
    return SimpleNamespace(everyone=everyone, merchants=everyone, merchant_ids=ids, name="test")


def chapter(folder, name, answer):
    """Results of chapters 1 and 5 of one merchant with this answer; nothing where it has no result."""
    if answer == "no result":
        return
    effect, error = {"lowered": -0.4, "cannot tell": 0.02}.get(answer, 0.4), 0.05
    low, high = (np.expm1(effect + s * pooling.Z90 * error) for s in (-1, 1))
    said = {"answer": answer if answer in ("raised", "lowered") else "cannot tell", "verdict": f"{name}: said."}
    said |= {"barred": "a", "barred_zh": "甲"} if answer == "barred" else {}
    said |= {"left_out": "closed", "left_out_zh": "关店"} if answer == "left out" else {}
    figures = [
        metric("growth", 1.0), metric("gmv_before", 100.0, unit="CNY"), metric("gmv_programme", 200.0, unit="CNY"),
        metric("effect", np.expm1(effect), low=low, high=high), metric("effect_log_se", error), metric("effect_df", 60),
        metric("effect_p", 0.01), metric("bridge_programme", np.exp(effect), unit="ratio"),
        metric("bridge_season_and_market", 2 / np.exp(effect), unit="ratio"), metric("growth_less_refunds", 0.9),
        *(metric(k, text=v) for k, v in said.items()),
    ]  # fmt: skip
    given = {
        "weeks": pd.DataFrame({"week": pd.date_range("2018-10-01", periods=2, freq="7D"), "phase": "programme", "gap": effect}),
        "tree": pd.DataFrame({"segment": "new", "factor": ["buyers", "basket"], "share": [0.75, 0.25]}),
        "factors": pd.DataFrame({"factor": ["buyers", "basket"], "part": [3000.0, 1000.0]}),
    }  # fmt: skip
    save(folder, merchant=name, chapter="5_growth", as_of="2018-01-01", metrics=figures, tables=given)
    save(folder, merchant=name, chapter="1_data", as_of="2018-01-01", metrics=[metric("rows_read", 10.0, unit="rows")])


def told(folder, study, lang):
    """Everything that the report says or draws of a cohort, as one text a line."""
    metrics = report.cohort_metrics(folder, study)
    table = report.league(metrics, study, lang=lang)
    side = {n: report.side_by_side(folder, study, "5_growth", n) for n in ("weeks", "tree", "factors")}
    rows = bridge.estimates(metrics, table, side["weeks"])
    free = rows[rows["merchant"].isin(standing.not_barred(table)["merchant"])]
    money = pooled_effect(rows)
    ways = standing.pooled_ways(table, None, money, pooled_effect(free))
    heads, grew, answers = report.headline(metrics, table), report.grew(side["tree"], table), report.counts(table)
    steps, groups = bridge.pooled_bridge(metrics, table, money), pooling.by_industry(table)
    parts = worked.what_worked(worked.gains(side["factors"], pd.DataFrame(), table, metrics), table)
    pooled_growth = heads.set_index("pooling").loc["pooled"]
    best = table.dropna(subset=["effect"])[["answer"]]
    lessons = pd.DataFrame({"merchant": study.merchant_ids, "classes": 20, "actions": 1})
    issues = pd.DataFrame({"kind": ["common", "particular"], "issues": [28, 1], "share": [28 / 29, 1 / 29], "low": 0.1,
                           "high": 0.9, "solved": [1, 0], "days": 3.0})  # fmt: skip
    credit = pd.DataFrame(
        {"merchant": study.merchant_ids, "title": study.merchant_ids, "touchpoint": "guide", "share": 0.4}
    )
    words = {"merchant": "cohort", "period": "2018", "lang": lang}
    figures = (
        draw.verdicts(table, pooling.pool(table), **words), draw.headlines(table, heads, **words), draw.grew(grew, **words),
        draw.shares(credit, **words), draw_pooling.industries(table, groups, pooling.pool(table), names={}, **words),
    )  # fmt: skip
    shown = (
        league_words(table, lang), answer_words(answers, lang), standing.way_words(ways, lang),
        tables.health_words(report.compare(metrics, "1_data"), lang),
    )  # fmt: skip
    return [
        sentences.say_league(table, ways, lang), sentences.say_missing(table, lang), sentences.say_headline(heads, lang),
        sentences.say_refunds(metrics, table, lang), sentences.say_doubts(metrics, table, lang),
        bridge.say_bridge(steps, pooled_growth["growth"], pooled_growth["merchants"], lang),
        sentences.say_together(table, over_all(table["p"]), lang), worked.say_worked(parts, lang), sentences.say_grew(grew, lang),
        register.say_issues(issues, lessons, lang), cases.say_cases(best, lang),
        sentences.say_unknowns(report.unknowns(metrics, study), answers, lang),
        *(f.layout.title.text + " " + " ".join(str(a.text) for a in f.layout.annotations) for f in figures),
        *(" ".join(map(str, [*frame.columns, *frame.to_numpy().ravel()])) for frame in shown if len(frame)),
    ]  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_of_one_merchant_nothing_is_pooled_ranked_or_in_the_median(tmp_path, answer, lang):
    chapter(tmp_path, "a", answer)
    for text in told(tmp_path, cohort("a"), lang):
        assert not re.search(SILLY[1], text.replace("<br>", " ")), text


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("answers", [(a, b) for a in ANSWERS for b in ANSWERS])
def test_of_two_merchants_the_median_is_the_mean_and_no_two_are_any(tmp_path, answers, lang):
    for name, answer in zip("ab", answers, strict=True):
        chapter(tmp_path, name, answer)
    for text in told(tmp_path, cohort("a", "b"), lang):
        assert not re.search(SILLY[2], text.replace("<br>", " ")), text


def test_one_merchants_effect_is_its_own(tmp_path):
    chapter(tmp_path, "a", "raised")
    one = told(tmp_path, cohort("a"), "en")
    assert one[0] == (
        "The programme's effect on the one merchant is +49% (90% interval +37% to +62%). One merchant alone makes no league."
    )
    assert "The programme raised the merchant's sales" in " ".join(one)
    assert "100%" in " ".join(one)
    assert "项目对这家商户的效应为+49%（90%区间+37%至+62%）。" in told(tmp_path, cohort("a"), "zh")[0]
    chapter(tmp_path, "b", "left out")
    both = told(tmp_path, cohort("a", "b"), "en")[0]
    assert "effect on Shop a, the only merchant with an estimate, is +49%" in both
    assert "1 of 2 merchants left out: Shop b (closed)." in both


@pytest.mark.parametrize("n", [1, 2])
def test_chapter_5_tells_of_one_merchant_its_own_growth_alone(n):
    heads = pd.DataFrame({
        "merchant": list("ab")[:n], "before": 100.0, "programme": 250.0, "growth": 1.5, "doubled": True, "reason": "", "note": "",
    })  # fmt: skip
    festivals = pd.DataFrame({
        "merchant": list("ab")[:n], "ratio": 0.5, "donor_ratio": np.nan, "above": pd.array([False] * n, dtype="boolean"),
    })  # fmt: skip
    for lang in ("en", "zh"):
        for text in (
            headline_sentence(heads, "a", lang), festival_sentence(festivals, share_above(festivals), "a", "CN", lang),
            draw_growth.headline(heads, merchant="a", lang=lang).layout.title.text,
        ):  # fmt: skip
            assert not re.search(SILLY[n], text), text
    changed = pd.Series({"a": pd.Timestamp("2018-09-03")})
    assert (pooled_caution(changed, heads) is None) == (n == 1)
    assert headline_sentence(heads[:1], "a") == "a: mean daily GMV +150% on the period before, so it doubled."


def test_a_target_that_one_merchants_lift_stands_behind_names_no_median():
    tree = pd.DataFrame({"node": ["buyers"]})
    lifts = pd.DataFrame({"factor": ["buyers"], "base": 1.0, "stretch": 1.0, "merchants": 1, "median": 1.154})
    few = [next_targets(tree, pd.DataFrame(), lifts, lang)["reason"].item() for lang in ("en", "zh")]
    assert few == ["planned lift +0.0%; that of the one merchant was +15.4%", "计划提升 +0.0%；1 家商户 +15.4%"]
    left = lifts.copy()
    left.attrs = {"shrink": 0.5}
    told = next_targets(tree, pd.DataFrame(), left)["reason"].item()
    assert told == "planned lift +0.0%; at the one merchant the second half added +15.4%"
    many = next_targets(tree, pd.DataFrame(), lifts.assign(merchants=4), "en")["reason"].item()
    assert many == "planned lift +0.0%; the median of 4 merchants was +15.4%"
