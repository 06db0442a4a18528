"""Claims about the report's board parts: the bridge is exact, noise is not called common, no book is invented."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.attribute.scenes import touchpoint_titles
from retailkit.charts import cases as draw_cases
from retailkit.charts import growth_words as chart_words
from retailkit.charts import pooling as draw
from retailkit.growth import over_all, pooled_effect
from retailkit.growth import words as growth_words
from retailkit.present import bridge, cases, claims, pooling, register, report, sentences, tables, things, worked
from retailkit.present.evidence import Evidence, middle
from retailkit.present.hierarchy import posterior
from retailkit.results import metric, save

WORDS = {"merchant": "cohort", "period": "2018", "source": "results of chapter 5"}


def cohort(*ids, simulated=False, name="test", industry=None):
    merchants = tuple(
        SimpleNamespace(id=i, title=f"Shop {i}", role="merchant", industry=(industry or {}).get(i, "")) for i in ids
    )
    return SimpleNamespace(
        everyone=merchants, merchants=merchants, donors=(), merchant_ids=ids, title="Test cohort", name=name,
        programme=None, whole_programme=None,
        simulated=simulated, currency="CNY", country="CN", limits=(), licence="",
        merchant=lambda m: next(x for x in merchants if x.id == m),
    )  # fmt: skip


def growth(folder, name, *, before, actual, effect, error=0.05, season=None, answer="raised", texts=None, **saved):
    """Results of chapter 5 of one merchant, amounts in yuan; ``texts``: more of what the chapter says."""
    ratio = 1 + effect
    low, high = (np.expm1(np.log(ratio) + s * pooling.Z90 * error) for s in (-1, 1))
    figures = [
        metric("growth", actual / before - 1, unit="fraction"),
        metric("gmv_before", before, unit="CNY"),
        metric("gmv_programme", actual, unit="CNY"),
        metric("effect", effect, low=low, high=high, unit="fraction"),
        metric("effect_log_se", error),
        metric("effect_df", 40),
        metric("bridge_programme", ratio, unit="ratio"),
        metric("answer", text=answer),
        metric("verdict", text=f"{name}: says."),
        *(metric(k, text=v) for k, v in (texts or {}).items()),
    ]
    figures += [metric("bridge_season", season, unit="ratio")] if season else []
    save(folder, merchant=name, chapter="5_growth", as_of="2018-01-01", metrics=figures, tables=saved)


def read(folder, study):
    metrics = report.cohort_metrics(folder, study)
    return metrics, report.league(metrics, study)


def in_money(metrics, table, donors=None):
    return pooled_effect(bridge.estimates(metrics, table, pd.DataFrame({"merchant": []})), donors)


money = st.floats(min_value=10, max_value=1e6)
ratio = st.floats(min_value=0.2, max_value=6)


@given(st.lists(st.tuples(money, ratio, ratio, ratio), min_size=1, max_size=8))
@settings(deadline=None)
def test_the_bridge_multiplies_to_the_headline_whatever_the_merchants(rows):
    metrics = pd.DataFrame(
        [
            (f"m{i}", name, value, "CNY")
            for i, (before, season, market, programme) in enumerate(rows)
            for name, value in (
                ("gmv_before", before), ("gmv_programme", before * season * market * programme), ("bridge_season", season),
                ("bridge_programme", programme),
            )
        ],
        columns=["merchant", "metric", "value", "unit"],
    )  # fmt: skip
    table = pd.DataFrame({"merchant": [f"m{i}" for i in range(len(rows))], "effect": 0.1, "low": 0.0, "high": 0.2})
    steps = bridge.pooled_bridge(metrics, table).set_index("step")["ratio"]
    assert steps["season"] * steps["market"] * steps["programme"] == pytest.approx(steps["headline"], rel=1e-9)


def test_without_last_year_season_and_market_stay_one_factor(tmp_path):
    growth(tmp_path, "a", before=100, actual=200, effect=0.6, season=1.2)
    growth(tmp_path, "b", before=300, actual=300, effect=0.0)
    metrics, table = read(tmp_path, cohort("a", "b"))
    steps = bridge.pooled_bridge(metrics, table, in_money(metrics, table))
    assert steps["step"].tolist() == ["season and market", "programme", "headline"]
    assert steps.iloc[-1][["from_value", "to_value", "currency"]].tolist() == [40_000, 50_000, "CNY"], "in fen"
    row = steps.set_index("step").loc["programme"]
    assert row["ratio"] == pytest.approx(500 / (200 / 1.6 + 300))
    assert row["low"] < row["ratio"] < row["high"]
    assert "×" in bridge.say_bridge(steps, 0.25, 3)
    assert "1 more" in bridge.say_bridge(steps, 0.25, 3)


def test_shared_donors_widen_the_bridge(tmp_path):
    for name in "ab":
        growth(tmp_path, name, before=100, actual=200, effect=0.6)
    metrics, table = read(tmp_path, cohort("a", "b"))
    donors = pd.DataFrame({"merchant": ["a", "b"], "donor": "d", "weight": 1.0})
    alone, shared = (
        bridge.pooled_bridge(metrics, table, in_money(metrics, table, d)).set_index("step").loc["programme"]
        for d in (None, donors)
    )
    assert shared["low"] < alone["low"]


def test_merchants_in_two_currencies_are_not_added_up(tmp_path):
    growth(tmp_path, "a", before=100, actual=200, effect=0.5)
    metrics, _ = read(tmp_path, cohort("a"))
    other = metrics.assign(merchant="b", unit=metrics["unit"].replace("CNY", "JPY"), value=metrics["value"] * 1000)
    days = bridge.comparable_days(pd.concat([metrics, other]))
    assert days["before"].tolist() == [1.0, 1.0]


def test_festival_days_are_told_in_points_of_sales_before(tmp_path):
    growth(tmp_path, "a", before=100, actual=200, effect=0.5)
    metrics, table = read(tmp_path, cohort("a"))
    sold = pd.DataFrame({"merchant": ["a"], "double_11": [110_000], "double_12": [10_000]})
    both = bridge.festival_days(sold, metrics, table, 10, ["double_11", "double_12"])
    assert both.set_index("day")["points"].to_dict() == pytest.approx({"double_11": 1.0, "double_12": 0.0})
    told = bridge.say_festivals(both, 1.0)
    assert "Double 11 (one day) made +100% and Double 12 made 0%" in told
    assert "without both days the headline would be 0%" in told


def test_a_programme_without_a_large_shopping_day_owes_it_nothing(tmp_path):
    """In spring nobody sold on a Double 11: nothing less a day of sales before would be a loss that never was."""
    growth(tmp_path, "a", before=100, actual=200, effect=0.5)
    metrics, table = read(tmp_path, cohort("a"))
    unknown = pd.DataFrame({"merchant": ["a"], "double_11": [np.nan], "double_12": [np.nan]})
    beside = pd.DataFrame({"merchant": ["a"], "double_11": [110_000], "double_12": [10_000]})
    for sold, inside in ((unknown, ["double_11", "double_12"]), (beside, [])):
        days = bridge.festival_days(sold, metrics, table, 10, inside)
        assert days.empty
        assert bridge.say_festivals(days, 1.0) == ""
    only = bridge.festival_days(beside, metrics, table, 10, ["double_11"])
    assert bridge.say_festivals(only, 1.0, "zh").endswith("去掉这一天，环比为0%。")


def test_a_merchant_whose_festival_is_not_on_record_neither_gains_nor_loses_by_it(tmp_path):
    for name in "ab":
        growth(tmp_path, name, before=100, actual=200, effect=0.5)
    metrics, table = read(tmp_path, cohort("a", "b"))
    sold = pd.DataFrame({"merchant": ["a", "b"], "double_11": [110_000, np.nan], "double_12": np.nan})
    points = bridge.festival_days(sold, metrics, table, 10, ["double_11"])["points"]
    assert points.tolist() == pytest.approx([(1100 - 100) / 10 / 200])


def test_an_industry_that_stands_apart_is_found_and_noise_is_not():
    value = np.array([0.1, 0.12, 0.08, 0.1, 0.8, 0.82, 0.78, 0.8])
    found = posterior(value, np.eye(8) * 0.02**2, list("aaaabbbb"))
    assert found.industry[0] == pytest.approx([0.1, 0.8], abs=0.03)
    noisy = posterior(value, np.eye(8) * 1.0, list("aaaabbbb"))
    assert np.abs(noisy.lead[0]).max() < pooling.Z90 * noisy.lead[1].max()


def test_partial_pooling_covers_the_truth_as_often_as_it_says():
    """120 worlds of 4 industries of 4 merchants: 90% intervals of merchants hold their true effect."""
    rng, inside = np.random.default_rng(5), 0
    names = [i for i in "abcd" for _ in range(4)]
    for _ in range(120):
        truth = np.repeat(rng.normal(0.3, 0.15, 4), 4) + rng.normal(0, 0.1, 16)
        found = posterior(truth + rng.normal(0, 0.12, 16), np.eye(16) * 0.12**2, names)
        inside += (np.abs(found.merchant[0] - truth) < pooling.Z90 * found.merchant[1]).sum()
    assert 0.87 <= inside / (120 * 16) <= 0.97


def parts(folder, effects, answer="raised", error=0.05):
    """A study whose gain comes from guides in apparel and from returning customers everywhere."""
    for name, (guide, returning) in effects.items():
        actual = 100 * (1 + guide + returning)
        cells = pd.DataFrame({
            "merchant": name, "touchpoint": ["guide", "search"], "format": ["guide", "official_store"],
            "customer": ["returning", "new"], "part": [guide * 1e4, returning * 1e4], "counterfactual": [2e3, 8e3],
        })  # fmt: skip
        factors = pd.DataFrame({"factor": ["buyers"], "part": [(guide + returning) * 1e4]})
        effect = guide + returning
        growth(
            folder,
            name,
            before=100,
            actual=actual,
            effect=effect,
            error=error,
            answer=answer,
            cells=cells,
            factors=factors,
        )


def what(folder, study, donors=None):
    metrics, table = read(folder, study)
    factors, cells = (report.side_by_side(folder, study, "5_growth", n) for n in ("factors", "cells"))
    gains = worked.gains(factors, cells, table, metrics)
    return gains, worked.what_worked(gains, table, donors)


def test_what_all_have_is_common_and_what_one_merchant_has_is_its_own(tmp_path):
    effects = {m: (0.01, 0.5 + 0.02 * i) for i, m in enumerate("abcdef")} | {"g": (0.9, 0.5)}
    parts(tmp_path, effects)
    study = cohort(*effects)
    gains, found = what(tmp_path, study)
    reading = found.set_index(["kind", "thing"])["reading"]
    assert reading["touchpoint", "search"] == worked.COMMON
    assert reading["touchpoint", "guide"] != worked.COMMON
    assert found.set_index(["kind", "thing"])["best"]["touchpoint", "guide"] == "Shop g"
    own = gains[(gains["merchant"] == "a") & (gains["kind"] == "touchpoint")]
    assert own["value"].sum() == pytest.approx(0.51)


def test_where_nothing_is_sure_nothing_is_common(tmp_path):
    parts(tmp_path, dict.fromkeys("abc", (0.05, 0.1)) | {"d": (0.02, -0.1)}, answer="cannot tell", error=0.4)
    study = cohort("a", "b", "c", "d")
    donors = pd.DataFrame({"merchant": list("abcd"), "donor": "x", "weight": 1.0})
    _, found = what(tmp_path, study, donors)
    assert set(found["reading"]) == {worked.UNSURE}
    assert "leave open" in worked.say_worked(found)


def test_what_most_merchants_lack_is_not_common_to_them(tmp_path):
    for i, merchant in enumerate("abcdefghijkl"):
        part = [2e3 if i < 5 else 0.0, 3e3 + 50 * i]
        cells = pd.DataFrame({
            "touchpoint": ["external_app" if i < 5 else "guide", "search"], "format": "official_store", "customer": "new",
            "part": part, "counterfactual": [0.0, 9e3],
        })  # fmt: skip
        growth(tmp_path, merchant, before=100, actual=150, effect=0.5, cells=cells)
    found = what(tmp_path, cohort(*"abcdefghijkl"))[1].set_index(["kind", "thing"])
    assert found["low"]["touchpoint", "external_app"] > 0
    assert found["reading"]["touchpoint", "external_app"] != worked.COMMON
    assert found["reading"]["touchpoint", "search"] == worked.COMMON


def test_one_name_for_all_sales_is_no_touchpoint_and_no_format(tmp_path):
    cells = pd.DataFrame({
        "touchpoint": ["shop"], "format": ["shop"], "customer": ["new"], "part": [5e3], "counterfactual": [1e4],
    })  # fmt: skip
    growth(tmp_path, "a", before=100, actual=150, effect=0.5, cells=cells)
    gains, _ = what(tmp_path, cohort("a"))
    assert set(gains["kind"]) == {"customer"}


def test_where_no_export_tells_touchpoints_and_formats_apart_that_is_all_there_is_to_say(tmp_path):
    cells = pd.DataFrame(
        {"touchpoint": ["shop"], "format": ["shop"], "customer": ["new"], "part": [5e3], "counterfactual": [1e4]}
    )
    factors = pd.DataFrame({"factor": ["buyers"], "part": [5e3]})
    for merchant in "abc":
        growth(tmp_path, merchant, before=100, actual=150, effect=0.5, cells=cells, factors=factors)
    found = what(tmp_path, cohort("a", "b", "c"))[1]
    assert worked.say_worked(found).startswith("No export tells touchpoints and formats apart (one name for all sales")
    assert worked.say_worked(found, "zh").startswith("导出文件没有区分触点、业态")


def test_formats_that_exports_do_not_tell_are_left_out_and_not_zero(tmp_path):
    """Three merchants tell guides' sales, each a gain of 20%; nine name one format: the mean is 20% and not a quarter of it."""
    for i, merchant in enumerate("abcdefghijkl"):
        told = ["guide", "official_store"] if i < 3 else ["official_store"] * 2
        cells = pd.DataFrame({
            "touchpoint": ["group", "search"], "format": told, "customer": "new", "part": [2e3 + 10 * i, 3e3],
            "counterfactual": [1e3, 9e3],
        })  # fmt: skip
        factors = pd.DataFrame({"factor": ["buyers"], "part": [5e3 + 10 * i]})
        growth(tmp_path, merchant, before=100, actual=150, effect=0.5, cells=cells, factors=factors)
    found = what(tmp_path, cohort(*"abcdefghijkl"))[1]
    rows = found.set_index(["kind", "thing"])
    assert rows.loc[("format", "guide"), "merchants"] == 3
    assert rows.loc[("format", "guide"), "mean"] == pytest.approx(0.2, abs=0.01)
    assert rows.loc[("touchpoint", "group"), "merchants"] == 12
    english, chinese = (worked.say_worked(found, lang) for lang in ("en", "zh"))
    assert english.startswith(
        "Of 12 merchants the exports tell formats of 3; those of the others name one for all sales"
    )
    assert chinese.startswith("12家商户中，导出文件能区分业态的仅3家")
    assert "guide (+20% over 3 merchants)" in english
    assert "导购（3家平均+20%）" in chinese


ISSUES = pd.DataFrame({
    "merchant": ["a", "b", "a"], "issue_id": ["1", "1", "2"], "issue": ["No guide is bound", "No guide is bound", "Stock"],
    "kind": ["common", "common", "particular"], "raised_on": ["2018-10-01", "2018-10-03", "2018-10-05"],
    "solved_on": ["2018-10-11", "2018-10-13", None],
})  # fmt: skip


def test_an_issue_of_two_merchants_is_one_issue():
    table = register.issues(ISSUES)
    counts = register.issue_counts(table).set_index("kind")
    assert counts["issues"].to_dict() == {"common": 1, "particular": 1}
    assert counts["days"]["common"] == 12
    assert counts["solved"].to_dict() == {"common": 1, "particular": 0}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_a_register_the_report_says_so_and_counts_nothing(lang):
    counts = register.issue_counts(register.issues(pd.DataFrame()))
    said = register.say_issues(counts, register.classes(pd.DataFrame()), lang)
    assert "canonical_issue_register" in said
    assert register.issue_words(counts, lang).empty
    assert draw.issues(counts, lang=lang, **WORDS).layout.annotations


def test_books_without_a_row_count_nothing():
    nothing = pd.DataFrame(
        {"merchant": pd.Series(dtype=str), "action_id": pd.Series(dtype=float), "action": pd.Series(dtype=float)}
    )
    assert register.classes(nothing).empty
    assert register.classes(nothing.reindex([0]).assign(merchant="a", action_id="x"))["classes"].tolist() == [0]


def test_one_book_is_counted_once_and_own_counts_are_added():
    same = pd.DataFrame({"merchant": ["a", "b"], "counter": "cases", "day": "2018-12-01", "value": 7.0})
    own = same.assign(counter="people trained", value=[3.0, 4.0])
    values = register.counters(pd.concat([same, own])).set_index("counter")["value"]
    assert values.to_dict() == {"cases": 7.0, "people trained": 7.0}


def test_published_figures_stand_only_beside_the_cohort_they_are_about(tmp_path):
    for name in "abc":
        growth(tmp_path, name, before=100, actual=476, effect=2.0)
    for study, rows in ((cohort(*"abc"), 0), (cohort(*"abc", simulated=True, name="doubling_1"), 1)):
        metrics, table = read(tmp_path, study)
        found = claims.check_claims(Evidence(str(tmp_path), study, metrics, table))
        headline = found[found["claim"] == "27"]
        assert headline["value"].tolist() == pytest.approx([3.76])
        assert headline["published"].notna().sum() == rows
        assert (found["text"] != "").any() == bool(rows)
        assert found["definition"].str.len().gt(10).all()
        assert "27" in claims.claim_words(found).iloc[:, 0].tolist()


def sold_by_guides(folder, million, as_of):
    """A merchant m01 whose guides sold so many million in their best month, at the simulation's scale of 1 in 500."""
    record = metric("fact_guide_month", million * 1e6 / 500, unit="CNY")
    save(folder, merchant="m01", chapter="1_data", as_of=as_of, metrics=[record])
    study = cohort("m01", simulated=True, name="doubling_1")
    return Evidence(str(folder), study, *read(folder, study))


@pytest.mark.parametrize(("lang", "after", "by"), [
    ("en", "after these data", "end on 2018-12-31"), ("zh", "晚于数据", "截止日（2018-12-31）"),
])  # fmt: skip
def test_a_level_published_for_2019_is_not_held_against_data_that_end_in_2018(tmp_path, lang, after, by):
    found = claims.check_claims(sold_by_guides(tmp_path, 43.9, "2019-01-01"), lang)
    row = found.set_index("claim").loc["34"]
    assert (row["value"], row["period"], row["until"], row["later"]) == (
        pytest.approx(43.9e6),
        "2019",
        "2018-12-31",
        True,
    )
    shown = claims.claim_words(found, lang).iloc[:, [2, 3]].map(str).to_numpy().tolist()
    assert any(after in published and "2018-12-31" in computed for published, computed in shown)
    assert by in claims.say_claims(found, lang)
    assert "34" in claims.say_claims(found, lang).split(by)[0]


def test_a_level_computed_inside_its_period_carries_no_such_note(tmp_path):
    found = claims.check_claims(sold_by_guides(tmp_path, 45.0, "2019-06-01"))
    assert not found.set_index("claim").loc["34", "later"]
    assert "after these data" not in " ".join(claims.claim_words(found).iloc[:, 2])
    assert "later period" not in claims.say_claims(found)


def test_every_claim_names_the_period_of_its_figure():
    begins = [claims._begins(p) for p in claims._specs()["period"]]
    assert min(begins) >= pd.Timestamp("2018-01-01")
    assert max(begins) <= pd.Timestamp("2020-02-01")
    headline = claims._specs().set_index("claim")["period"]
    assert (headline["27"], headline["29"]) == ("2018 H2", "2019 H1")


def test_a_claim_that_the_data_do_not_tell_stays_empty_and_is_named(tmp_path):
    study = cohort("a")
    metrics, table = read(tmp_path, study)
    found = claims.check_claims(Evidence(str(tmp_path), study, metrics, table))
    assert found[found["claim"] == "66"]["value"].isna().all()
    assert "mean life of a customer group" in claims.say_claims(found)


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=5, max_size=40))
def test_the_interval_of_a_median_holds_the_median(values):
    found = middle(pd.Series(values))
    assert found.low <= found.value <= found.high


def test_cases_are_the_best_supported_not_the_largest(tmp_path):
    growth(tmp_path, "lucky", before=100, actual=900, effect=3.0, error=1.2, answer="cannot tell")
    for name, effect in (("a", 0.9), ("b", 0.8), ("c", 0.7), ("d", 0.2)):
        growth(tmp_path, name, before=100, actual=300, effect=effect)
    study = cohort("lucky", "a", "b", "c", "d")
    metrics, table = read(tmp_path, study)
    best = cases.best_cases(Evidence(str(tmp_path), study, metrics, table))
    assert best["merchant"].tolist() == ["a", "b", "c"]
    html = cases.Cards(best)._repr_html_()
    assert html.count("<article") == 3
    assert "no record of what was done" in html


def busy(folder, lang):
    """The card of a merchant that held eleven live rooms and rebuilt its official account three times."""
    cells = pd.DataFrame({
        "touchpoint": ["official_account", "live"], "format": "official_store", "customer": "new", "part": [4e3, 1e3],
        "counterfactual": 1e4,
    })  # fmt: skip
    growth(folder, "a", before=100, actual=300, effect=0.9, cells=cells)
    rooms = [(f"Room {i} / 直播间{i}", "live", f"2018-10-{i:02}") for i in range(11, 0, -1)]
    rebuilt = [("rebuilt / 重建", "official_account", f"2018-11-{i:02}") for i in (1, 2, 3)]
    acts = pd.DataFrame(
        [*rooms, *rebuilt, ("class 1 / 第1课", None, "2018-10-01")], columns=["action", "touchpoint", "starts_on"]
    )
    save(
        folder,
        merchant="a",
        chapter="1_data",
        as_of="2018-01-01",
        metrics=[],
        tables={"actions": acts.assign(action_id="x")},
    )
    study = cohort("a")
    return cases.best_cases(Evidence(str(folder), study, *read(folder, study)), lang).loc[0, "did"]


@pytest.mark.parametrize(("lang", "said"), [
    ("en", "rebuilt, 3 times (official account); Room 1, Room 2, and 9 more (live); attended 1 class"),
    ("zh", "重建，3次（公众号）；直播间1、直播间2、另有9项（直播）；参加1节课"),
])  # fmt: skip
def test_a_card_names_the_first_acts_of_what_brought_most_and_counts_the_rest(tmp_path, lang, said):
    assert busy(tmp_path, lang) == said


def test_cards_without_a_standing_effect_prove_nothing(tmp_path):
    growth(tmp_path, "<b>", before=100, actual=110, effect=0.05, answer="cannot tell")
    study = cohort("<b>")
    metrics, table = read(tmp_path, study)
    best = cases.best_cases(Evidence(str(tmp_path), study, metrics, table))
    assert "no proof" in cases.say_cases(best)
    assert "<b>" not in cases.Cards(best)._repr_html_()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_figure_and_table_speaks_both_languages(tmp_path, lang):
    weeks = pd.DataFrame({
        "week": pd.date_range("2018-06-04", periods=20, freq="W-MON"), "phase": ["before"] * 12 + ["programme"] * 8,
        "actual": 1e4, "counterfactual": 9e3, "low": 8e3, "high": 1.1e4,
    })  # fmt: skip
    parts(tmp_path, {m: (0.1 * i, 0.5) for i, m in enumerate("abcd", 1)})
    growth(tmp_path, "e", before=100, actual=150, effect=0.5, weeks=weeks)
    study = cohort(*"abcde", industry=dict(zip("abcde", ["apparel"] * 3 + ["beauty"] * 2, strict=True)))
    metrics, table = read(tmp_path, study)
    groups, pooled = pooling.by_industry(table), pooling.pool(table)
    _gains, found = what(tmp_path, study)
    evidence = Evidence(str(tmp_path), study, metrics, table)
    best = cases.best_cases(evidence, lang)
    names = things.industry_titles(table, lang)
    for figure in (
        draw.industries(table, groups, pooled, names=names, lang=lang, **WORDS),
        draw.worked(found, names=things.thing_titles(found, lang), lang=lang, **WORDS),
        draw.issues(register.issue_counts(register.issues(ISSUES)), lang=lang, **WORDS),
        draw_cases.cases(cases.case_weeks(evidence, best), best, currency="CNY", lang=lang, **WORDS),
    ):
        title = figure.layout.title.text
        assert any("\u4e00" <= c <= "\u9fff" for c in title) == (lang == "zh"), title
    for frame in (worked.worked_words(found, lang), claims.claim_words(claims.check_claims(evidence, lang), lang)):
        assert len(frame)
        assert tables.show(frame)._repr_html_().startswith("<table")


def test_claims_are_counted_over_all_merchants_together(tmp_path):
    """Ten merchants at p = .04 each have a claim of their own, and none together; one at p = .001 stands among them."""
    for i in range(10):
        p_value = 0.001 if i == 0 else 0.04
        said = [metric("effect", 0.2, low=0.1, high=0.3), metric("effect_p", p_value), metric("answer", text="raised")]
        save(tmp_path, merchant=f"m{i}", chapter="5_growth", as_of="2018-01-01", metrics=said)
    ids = [*(f"m{i}" for i in range(10)), "gone"]
    _, table = read(tmp_path, cohort(*ids))
    together = over_all(table["p"]).join(table["merchant"]).set_index("merchant")
    assert together.loc["m0", "p_holm"] == pytest.approx(0.01)
    assert together.loc["m5", "p_holm"] == pytest.approx(min(0.04 * 9, 1))
    assert together.loc["m5", "p_bh"] == pytest.approx(0.04)
    assert together.loc["gone"].isna().all()
    said = sentences.say_together(table, over_all(table["p"]))
    assert "10 of 10 merchants have a claim" in said
    assert "together 1 stand" in said
    assert "and 10 where" in said
    assert "合并计算后" in sentences.say_together(table, over_all(table["p"]), "zh")
    assert sentences.say_together(table.assign(p=np.nan), over_all(table["p"])) == ""


def test_the_report_says_once_what_growth_of_the_cohort_is_in_no_effect(tmp_path):
    for i, year in enumerate((0.10, 0.13, 0.30)):
        said = [
            metric("effect", 0.2, low=0.1, high=0.3),
            metric("effect_trend", year, low=year - 0.05, high=year + 0.05),
        ]
        save(tmp_path, merchant=f"m{i}", chapter="5_growth", as_of="2018-01-01", metrics=said)
    metrics, _ = read(tmp_path, cohort("m0", "m1", "m2"))
    assert "by +13% a year against their donors (90% interval +8.0% to +18%)" in sentences.say_trend(metrics)
    assert "年增速为+13%（90%区间+8.0%至+18%）" in sentences.say_trend(metrics, "zh")
    assert sentences.say_trend(metrics[metrics["metric"] != "effect_trend"]) == ""


def test_a_trends_error_is_the_cohorts_and_does_not_average_out(tmp_path):
    half = {}
    for trend in (0.0, 0.04):
        low, high = (np.expm1(np.log(1.2) + side * pooling.Z90 * 0.05) for side in (-1, 1))
        for i in range(6):
            said = [metric("effect", 0.2, low=low, high=high), metric("effect_trend_se", trend)]
            save(tmp_path, merchant=f"m{i}", chapter="5_growth", as_of="2018-01-01", metrics=said)
        found = pooling.pool(read(tmp_path, cohort(*(f"m{i}" for i in range(6))))[1])
        assert found["effect"] == pytest.approx(0.2)
        half[trend] = np.log((1 + found["high"]) / (1 + found["low"])) / 2
    assert half[0.0] < pooling.Z90 * 0.04 < half[0.04]


def test_a_chinese_report_gives_the_verdicts_in_chinese(tmp_path):
    said = [
        metric("answer", text="raised"),
        metric("verdict", text="a: raised."),
        metric("verdict_zh", text="a：有提升。"),
    ]
    save(tmp_path, merchant="a", chapter="5_growth", as_of="2018-01-01", metrics=said)
    metrics, _ = read(tmp_path, cohort("a"))
    assert [report.league(metrics, cohort("a"), lang=x)["reason"].item() for x in ("en", "zh")] == [
        "a: raised.",
        "a：有提升。",
    ]


def test_scheduled_results_are_read_from_each_merchants_newest_day(tmp_path):
    growth(tmp_path, "a", before=100, actual=150, effect=0.5)
    save(tmp_path, merchant="b", chapter="5_growth", as_of="2018-02-01", metrics=[metric("growth", 0.1)])
    study = cohort("a", "b")
    assert set(report.cohort_metrics(tmp_path, study, "2018-02-01")["merchant"]) == {"b"}
    latest = report.cohort_metrics(tmp_path, study, "2018-02-01", "latest")
    assert set(latest["merchant"]) == {"a", "b"}
    assert "a (2018-01-01)" in report.say_days(latest, "2018-02-01")
    with pytest.raises(ValueError, match="same or latest"):
        report.cohort_metrics(tmp_path, study, None, "all")


@pytest.mark.parametrize(("lang", "opened"), [("en", "open"), ("zh", "未解决")])
def test_open_issues_of_most_merchants_come_first(lang, opened):
    rows = pd.DataFrame({
        "merchant": ["a", "b", "a", "a", "b"], "issue_id": ["1", "1", "2", "3", "3"],
        "issue": ["Solved", "Solved", "Stock", "No guide", "No guide"],
        "kind": ["common", "common", "particular", "common", "common"], "raised_on": "2018-10-01",
        "solved_on": ["2018-10-09", "2018-10-12", None, None, "2018-10-20"],
    })  # fmt: skip
    shown = register.issue_list(register.issues(rows), lang)
    assert shown.iloc[:, 0].tolist() == ["No guide", "Stock", "Solved"]
    assert shown.iloc[:, 4].tolist() == [opened, opened, "2018-10-12"]
    assert register.issue_list(register.issues(pd.DataFrame()), lang).empty
    assert len(register.issue_list(register.issues(rows), lang, most=1)) == 1


@pytest.mark.parametrize(("lang", "half"), [("en", "No guide is bound"), ("zh", "没有绑定导购")])
def test_a_register_kept_in_both_languages_is_read_in_one(lang, half):
    rows = ISSUES.assign(issue="No guide is bound / 没有绑定导购")
    assert set(register.issue_list(register.issues(rows), lang).iloc[:, 0]) == {half}


def test_chapter_5_and_the_report_call_a_touchpoint_in_chinese_as_chapter_3_does() -> None:
    technical = {"chat_unsplit", "plugin", "pc", "system_internal"}  # never a line of the report
    titles = {t: title for t, title in touchpoint_titles("zh").items() if t not in technical}
    assert {t: things.thing_title(t, "zh") for t in titles} == titles
    assert things.thing_title("service_message: 每周", "zh") == f"{titles['service_message']}：每周"
    for words in (growth_words.PLAIN, chart_words.WORDS):
        known = titles.keys() & words.keys() - {"unknown"}  # there a customer whom nobody knows
        assert len(known) > 10
        assert {t: words[t] for t in known} == {t: titles[t] for t in known}


def test_the_pooled_headline_is_told_less_refunds_still_to_come(tmp_path):
    for name, before, programme, later in (("m0", 100, 300, 1.8), ("m1", 300, 600, None)):
        said = [
            metric("growth", programme / before - 1),
            metric("gmv_before", before),
            metric("gmv_programme", programme),
        ]
        said += [metric("growth_less_refunds", later)] if later else []
        save(tmp_path, merchant=name, chapter="5_growth", as_of="2018-01-01", metrics=said)
    metrics, table = read(tmp_path, cohort("m0", "m1"))
    # by hand: (280 + 600) / 400 - 1
    assert "all together are at +120% (told of 1 of 2 merchants)." in sentences.say_refunds(metrics, table)
    assert "合计为+120%（2家中1家可推算）" in sentences.say_refunds(metrics, table, "zh")
    assert sentences.say_refunds(metrics[metrics["metric"] != "growth_less_refunds"], table) == ""
