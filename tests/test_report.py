"""Claims about the cohort report: nobody is left out, noise is not ranked, shared donors widen the doubt."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from retailkit.charts import cohort as draw
from retailkit.charts.pooling import worked
from retailkit.present import pooling, report, sentences, standing
from retailkit.results import metric, save


def merchants(*ids):
    everyone = tuple(SimpleNamespace(id=i, title=f"Shop {i}", role="merchant", industry="") for i in ids)
    donor = SimpleNamespace(id="d1", title="Donor", role="donor", industry="")
    return SimpleNamespace(
        everyone=(*everyone, donor), merchants=everyone, donors=(donor,), merchant_ids=ids, title="Test cohort",
        programme=None, whole_programme=None, limits=("One year only.",), licence="CC0",
    )  # fmt: skip


def study(folder, effects, answer="cannot tell"):
    """Results as chapter 5 saves them: log effect, standard error (None: refused)."""
    for name, (value, error) in effects.items():
        low, high = (np.expm1(value + s * pooling.Z90 * error) for s in (-1, 1)) if error else (None, None)
        figures = [
            metric("growth", 0.5), metric("gmv_before", 100.0), metric("gmv_programme", 150.0),
            metric("effect", np.expm1(value) if error else None, low=low, high=high),
            metric("answer", text=answer), metric("verdict", text=f"{name} says."),
        ]  # fmt: skip
        tree = pd.DataFrame({"segment": "new", "factor": ["buyers", "basket"], "share": [0.75, 0.25]})
        save(folder, merchant=name, chapter="5_growth", as_of="2018-01-01", metrics=figures, tables={"tree": tree})


def test_every_merchant_keeps_its_row_also_without_a_result(tmp_path):
    study(tmp_path, {"a": (0.1, 0.05), "b": (0.0, None)})
    cohort = merchants("a", "b", "c")
    table = report.league(report.cohort_metrics(tmp_path, cohort), cohort)
    assert table["merchant"].tolist() == ["a", "b", "c"]
    assert table.set_index("merchant")["answer"].to_dict() == {"a": "cannot tell", "b": "cannot tell", "c": "no result"}
    assert report.counts(table)["merchants"].sum() == 3


def test_donors_and_older_results_are_left_out(tmp_path):
    study(tmp_path, {"a": (0.1, 0.05), "d1": (0.5, 0.05)})
    cohort = merchants("a")
    assert set(report.cohort_metrics(tmp_path, cohort)["merchant"]) == {"a"}
    assert report.cohort_metrics(tmp_path, cohort, "2019-01-01").empty


def test_noise_leaves_all_places_open_and_clear_leads_do_not(tmp_path):
    noisy = pd.DataFrame({"effect": [0.3, 0.1, 0.0], "low": [-0.5, -0.5, -0.5], "high": [1, 1, 1]})
    assert pooling.open_ranks(noisy)[["best_rank", "worst_rank"]].to_numpy().tolist() == [[1, 3]] * 3
    clear = pd.DataFrame({"effect": [0.3, 0.1, 0.0], "low": [0.29, 0.09, -0.01], "high": [0.31, 0.11, 0.01]})
    assert pooling.open_ranks(clear)["best_rank"].tolist() == [1, 2, 3]


def test_partial_pooling_draws_to_the_middle_and_the_noisy_ones_more():
    table = pd.DataFrame({"merchant": list("abcd"), "effect": np.expm1([0.4, 0.4, -0.1, -0.1])})
    error = np.array([0.02, 0.4, 0.05, 0.05]) * pooling.Z90
    table["low"], table["high"] = (np.expm1(np.log1p(table["effect"]) + s * error) for s in (-1, 1))
    shrunk = pooling.shrink(table)
    assert shrunk["shrunk"][1] < shrunk["shrunk"][0] <= table["effect"][0]
    assert (shrunk["shrunk_low"] <= shrunk["shrunk"]).all()


def test_pooled_interval_covers_a_common_effect_as_often_as_it_says():
    """400 worlds of 12 merchants on 6 shared donors, equal weights, true effect .1, 90% intervals."""
    rng, inside, naive = np.random.default_rng(3), 0, 0
    weights = np.full((12, 6), 1 / 6)
    error = 0.1 * np.sqrt(1 + (weights**2).sum(axis=1))
    donors = pd.DataFrame(
        [(str(i), str(d), 1 / 6) for i in range(12) for d in range(6)], columns=["merchant", "donor", "weight"]
    )
    for _ in range(400):
        y = 0.1 + rng.normal(0, 0.1, 12) - weights @ rng.normal(0, 0.1, 6)
        table = pd.DataFrame({"merchant": [str(i) for i in range(12)], "effect": np.expm1(y)})
        table["low"], table["high"] = np.expm1(y - pooling.Z90 * error), np.expm1(y + pooling.Z90 * error)
        inside += pooling.pool(table, donors)["low"] <= np.expm1(0.1) <= pooling.pool(table, donors)["high"]
        naive += pooling.pool(table)["low"] <= np.expm1(0.1) <= pooling.pool(table)["high"]
    assert 0.87 <= inside / 400 <= 0.97
    assert naive < inside


def test_growth_parts_add_up_to_the_headline(tmp_path):
    study(tmp_path, {"a": (0.1, 0.05)})
    cohort = merchants("a")
    table = report.league(report.cohort_metrics(tmp_path, cohort), cohort)
    parts = report.grew(report.side_by_side(tmp_path, cohort, "5_growth", "tree"), table)
    assert parts["part"].sum() == pytest.approx(0.5)


def test_pooled_headline_weighs_merchants_by_their_sales(tmp_path):
    study(tmp_path, {"a": (0.1, 0.05)})
    figures = [metric("growth", 0.0), metric("gmv_before", 300.0), metric("gmv_programme", 300.0)]
    save(tmp_path, merchant="b", chapter="5_growth", as_of="2018-01-01", metrics=figures)
    cohort = merchants("a", "b")
    metrics = report.cohort_metrics(tmp_path, cohort)
    growth = report.headline(metrics, report.league(metrics, cohort)).set_index("pooling")["growth"]
    assert growth.to_dict() == pytest.approx({"pooled": 0.125, "mean": 0.25, "median": 0.25})


def test_a_merchant_without_a_touchpoint_counts_as_zero_in_its_median():
    ledger = pd.DataFrame({"merchant": ["a", "a", "b"], "touchpoint": ["x", "y", "x"], "share": [0.6, 0.4, 1.0]})
    table = pd.DataFrame({"merchant": ["a", "b"], "title": ["A", "B"]})
    shares = report.touch_shares(ledger, table)
    assert shares.groupby("merchant")["share"].sum().tolist() == pytest.approx([1, 1])
    assert shares.set_index(["merchant", "touchpoint"])["share"]["b", "y"] == 0


def test_a_format_and_a_touchpoint_of_one_name_stand_under_their_own_headings():
    rows = [
        ("touchpoint", "guide", 0.1),
        ("format", "guide", 0.2),
        ("format", "official_store", 0.4),
        ("factor", "basket", 0.05),
    ]
    table = pd.DataFrame(rows, columns=["kind", "thing", "mean"]).assign(
        merchants=3, rose=3, low=lambda t: t["mean"] - 0.01, high=lambda t: t["mean"] + 0.01, reading="common"
    )
    figure = worked(table, merchant="cohort", period="2018", most=3)
    lines = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert [lines[y] for y in sorted(lines, reverse=True)] == [
        "<b>formats</b>", "official_store (3/3)", "guide (3/3)", "<b>touchpoints</b>", "guide (3/3)",
    ]  # fmt: skip
    points = next(t for t in figure.data if t.mode == "markers" and len(t.x) == 3)
    assert {lines[y]: x for x, y in zip(points.x, points.y, strict=True) if y > -3} == {
        "official_store (3/3)": 0.4, "guide (3/3)": 0.2,
    }  # fmt: skip
    assert "the 3 largest" in str(figure.layout)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_study_without_results_says_so_everywhere(tmp_path, lang):
    cohort = merchants("a")
    metrics = report.cohort_metrics(tmp_path, cohort)
    table = report.league(metrics, cohort)
    pooled, headline = pooling.pool(table), report.headline(metrics, table)
    ways = standing.pooled_ways(table, None, pd.DataFrame(), pd.DataFrame())
    words = {"merchant": "cohort", "period": "2018", "lang": lang}
    none = pd.DataFrame(columns=["merchant", "title", "factor", "part"])
    for figure in (
        draw.verdicts(table, pooled, **words), draw.headlines(table, headline, **words), draw.grew(none, **words),
        draw.shares(report.touch_shares(pd.DataFrame(), table), **words),
    ):  # fmt: skip
        assert any(a.name == "empty" for a in figure.layout.annotations)
    assert sentences.say_league(table, ways, lang)
    assert standing.way_words(ways, lang).empty
    assert sentences.say_headline(headline, lang)
    assert sentences.say_unknowns(report.unknowns(metrics, cohort), report.counts(table), lang)
    assert "One year only." in sentences.limits(cohort, lang)
    told = report.report_metrics(table, ways, headline)
    assert {m["metric"] for m in told} >= {"growth_pooled", "effect_pooled", "effect_in_money", "merchants_left_out"}


def test_links_lead_to_the_pages_that_were_written(tmp_path):
    home = tmp_path / "Dr%2E a"
    cohort = merchants("a")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "5_growth.html").write_text("x")
    (tmp_path / "a" / "3_touchpoints.failed.html").write_text("x")
    text = report.links(tmp_path, cohort).data
    assert "(a/5_growth.html)" in text
    assert "failed" not in text
    assert not home.exists()


def test_medians_stand_in_one_column_behind_every_dot_and_meet_no_line_of_another_touchpoint():
    rows = [
        (m, m, t, s) for t, s in (("search", 0.08), ("guide", 0.079)) for m, s in (("a", s), ("b", s), ("c", s + 0.1))
    ]
    table = pd.DataFrame(rows, columns=["merchant", "title", "touchpoint", "share"])
    figure = draw.shares(table, merchant="cohort", period="2018")
    said = next(t for t in figure.data if t.mode == "text")
    assert [t.strip() for t in said.text] == ["7.9%", "8.0%"]
    assert said.textposition == "middle right"
    assert set(said.x) == {figure.layout.xaxis.range[1]}  # behind a dot it would read as that dot's own figure
    assert figure.layout.xaxis.range[1] >= table["share"].max()


def test_a_factor_that_two_merchants_have_is_not_the_median_merchants():
    rows = [(m, "buyers", 0.3) for m in "abcde"] + [(m, "orders a day", 2.0) for m in "ab"]
    table = pd.DataFrame(rows, columns=["title", "factor", "part"])
    title = draw.grew(table.assign(merchant=table["title"]), merchant="cohort", period="2018").layout.title.text
    assert "buyers moved daily sales most: +30%" in title.replace("<br>", " ")
