"""Claims about metrics in words: every row speaks both languages, and what varies in a definition is said too."""

import csv
import re
from importlib import resources

import pandas as pd
import pytest
from spoken import english

from retailkit.facts import COLUMNS
from retailkit.present.data_words import fact_words
from retailkit.present.metric_words import defined, metric_definition, metric_name, unit_word

with resources.files("retailkit.present").joinpath("data/metrics.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
NAMES = {"Kaplan-Meier"}


def places(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{r['metric']}" for n, r in enumerate(ROWS)])
def test_every_row_is_whole_in_both_languages(row: dict[str, str]) -> None:
    assert all(row.values())
    assert "_" not in row["name"] + row["name_zh"]
    assert not english(re.sub(r"{\w+}", "·", row["name_zh"] + "，" + row["definition_zh"]), NAMES)
    assert places(row["definition_zh"]) == places(row["definition"])
    assert len(places(row["metric"])) <= 1


def test_no_two_rows_answer_to_the_same_saved_definition() -> None:
    keys = [(row["metric"], row["definition"]) for row in ROWS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("metric", "english_name", "chinese_name"),
    [
        ("growth", "Headline growth", "环比增长"),
        ("bridge_season_and_market", "Factor of growth: season and market", "增长因子：季节与市场"),
        ("rise_double_11", "Part of the rise: Double 11", "增量构成：双11"),
        ("rise_double_11_programme", "Added by the programme: Double 11", "项目所增：双11"),
        ("credit_share: sharing", "Credit share: sharing", "归因占比：社交裂变"),
        ("gap_unknown_basket", "Gap to plan: Basket of unknown buyers", "与计划的差距：未识别笔单价"),
        ("growth_pooled", "Pooled growth", "合计环比增长"),
    ],
)
def test_a_name_is_readable_and_says_which_of_its_family(metric: str, english_name: str, chinese_name: str) -> None:
    assert metric_name(metric) == english_name
    assert metric_name(metric, "zh") == chinese_name


def test_what_varies_in_a_definition_is_put_into_words_too() -> None:
    saved = "actual over counterfactual, less one; synthetic control · season not identified"
    assert metric_definition("effect", saved, "zh") == "实际 / 反事实 − 1；合成控制 · 季节因素未识别"
    saved = "home deliveries of all orders, best area and month (pilot_1)"
    assert metric_definition("fact_home_share", saved, "zh").endswith("（pilot_1）")


def test_two_definitions_of_one_metric_stay_apart() -> None:
    saved = [r["definition"] for r in ROWS if r["metric"] == "private_to_platform"]
    told = {metric_definition("private_to_platform", d, "zh") for d in saved}
    assert len(told) == len(saved) == 2


def test_a_number_against_the_own_past_is_not_called_the_programmes_effect() -> None:
    columns = ["metric", "unit", "definition", "text"]
    said = "actual over {}, less one; structural series · descriptive, 90% interval"
    own, donors = (
        pd.DataFrame([("effect", "fraction", said.format(of), "")], columns=columns)
        for of in ("its own past carried on", "counterfactual")
    )
    assert defined(own)[0].startswith("Sales against its own past carried on (%): actual over")
    assert defined(own, "zh")[0].startswith("与自身历史外推之比（%）：")
    assert defined(donors)[0].startswith("Programme's effect (%): ")


def test_a_definition_that_nobody_translated_stays_as_it_was_saved() -> None:
    assert metric_definition("my_figure", "mine alone", "zh") == "mine alone"
    assert metric_definition("growth", "something else", "zh") == "something else"
    assert unit_word("boxes", "zh") == "boxes"


def test_a_family_is_one_line_and_sentences_are_none() -> None:
    told = "share of net GMV by the hazard ledger, 90% interval over persons"
    rows = [
        ("credit_share: guide", "fraction", told, ""),
        ("credit_share: coupon", "fraction", told, ""),
        ("attribution_model", "", "model of the recommended numbers", "hazard"),
        ("effect_p", "probability", "", ""),
    ]
    metrics = pd.DataFrame(rows, columns=["metric", "unit", "definition", "text"])
    assert defined(metrics) == [f"Credit share (guide, coupon; %): {told}"]
    assert defined(metrics, "zh") == [
        "归因占比（导购、优惠券；%）：占净 GMV 的份额，按风险模型账本；90%区间（按人员重抽样）"
    ]


def test_counts_of_the_data_chapter_are_named_by_the_same_list() -> None:
    saved = "new customers among the buyers of the largest sharing campaign (gift)"
    facts = pd.DataFrame([("campaign_new_share", 0.4, 4, 10, "fraction", saved)], columns=list(COLUMNS))
    assert fact_words(facts, "CNY", "zh").iloc[0].tolist() == [
        "最大分享活动的新客占比", "40%", "最大分享活动的购买人中新客占比（gift）",
    ]  # fmt: skip
    assert fact_words(facts, "CNY").iloc[0].tolist() == ["New customers of the largest sharing campaign", "40%", saved]
