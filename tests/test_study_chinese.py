"""One Chinese study of a small simulated cohort, from the command line: nothing that its chapters, report and pages say stays English."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from spoken import chinese_study, english, page_texts

from retailkit.schema import TABLES

ROOT = Path(__file__).parent.parent
MERCHANTS, DONORS = ("m03", "m06"), ("n01", "n02", "n03", "n04")
CHAPTERS = ("1_data", "2_people", "3_touchpoints", "4_formats", "5_growth", "6_targets")
NAMES = {
    "Simulated merchant m03 (beauty)", "Simulated merchant m06 (mother-baby)", "Simulated shop",
    "Simulated WeChat doubling programme: first cohort, last quarter of 2018", "weekly template message", "Kaplan-Meier",
    "Shapley", "AUC", "lift test", "App", "NaN", "DataFrame", "JupyterLab", "premium", "null", "erp", "youshu", "hold", *TABLES,
    "general_manager", "media_team", "shop_team", "crm_team", "merchandise_team",
}  # fmt: skip
"""Titles of the cohort file, names in the data, of tables and source systems, and terms that have no Chinese name of their own."""

_FILE = re.compile(r"\b[\w-]+\.(?:parquet|jsonl|csv)\b")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished study's folder."""
    home = tmp_path_factory.mktemp("chinese")
    chinese_study(home, (*MERCHANTS, *DONORS), "1,2,3,4,5,6")
    return home / "out"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["cohort_report", *(f"{m}/{c}" for m in MERCHANTS for c in CHAPTERS)])
def test_no_sentence_table_or_figure_of_a_chinese_study_is_english(study: Path, page: str) -> None:
    texts = [t for t in page_texts(study / f"{page}.ipynb", "zh") if "dataframe tbody" not in t]  # pandas's style sheet
    assert sum(any("\u4e00" <= c <= "\u9fff" for c in t) for t in texts) > 40, "the page says something"
    found = {text[:200]: english(_FILE.sub("·", text), NAMES) for text in texts}
    assert not {text: words for text, words in found.items() if words}


@pytest.mark.slow
@pytest.mark.parametrize("chapter", ["1_data", "2_people"])
def test_findings_saved_for_the_report_are_chinese(study: Path, chapter: str) -> None:
    said = [t for t in pq.read_table(study / "m03" / chapter / "metrics.parquet")["text"].to_pylist() if t]
    assert said
    assert not [english(t, NAMES) for t in said if english(t, NAMES)]


@pytest.mark.parametrize("chapter", [*CHAPTERS, "cohort_report"])
def test_prose_of_every_chapter_speaks_both_languages(chapter: str) -> None:
    cells = json.loads((ROOT / "notebooks" / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            told, chinese = "".join(cell["source"]), cell["metadata"]["zh"]
            assert not english(chinese, NAMES), chinese
            assert told.count("## ") == chinese.count("## ")


@pytest.mark.slow
def test_the_front_page_names_cohort_merchants_and_limits_in_chinese(study: Path) -> None:
    text = (study / "index.html").read_text(encoding="utf-8")
    assert "模拟的微信倍增行动：首批" in text
    assert "模拟商户m03（美妆）" in text
    assert "对照商户只提供销售额" in text
    assert "2018-10-01至2018-12-31" in text
    assert "计算用时" in text
    assert "Simulated merchant" not in text
