"""A Chinese study of a small simulated cohort: nothing in its chapters on touchpoints and formats stays English."""

import json
from pathlib import Path

import pytest
from spoken import chinese_study, english, page_texts

ROOT = Path(__file__).parent.parent
MERCHANTS, CHAPTERS = ("m02", "m06"), ("3_touchpoints", "4_formats")
NAMES = {
    "Simulated merchant m02 (apparel)", "Simulated merchant m06 (mother-baby)", "Shapley", "AUC", "lift test",
    "Simulated WeChat doubling programme: first cohort, last quarter of 2018", "weekly template message", "Simulated shop",
    "Kaplan-Meier", "App",
}  # fmt: skip
"""Titles of the cohort file, names in the data, and terms that have no Chinese name of their own."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished study's folder."""
    home = tmp_path_factory.mktemp("chinese")
    chinese_study(home, MERCHANTS, "3,4")
    return home / "out"


@pytest.mark.slow
@pytest.mark.parametrize("page", [f"{m}/{c}" for m in MERCHANTS for c in CHAPTERS])
def test_no_sentence_of_a_chinese_chapter_is_english(study: Path, page: str) -> None:
    texts = [t for t in page_texts(study / f"{page}.ipynb", "zh") if "dataframe tbody" not in t]  # pandas's style sheet
    assert sum(any("\u4e00" <= c <= "\u9fff" for c in t) for t in texts) > 40, "the page says something"
    left = {text[:200]: english(text, NAMES) for text in texts if english(text, NAMES)}
    assert not left


def test_prose_of_touchpoints_speaks_both_languages() -> None:
    cells = json.loads((ROOT / "notebooks" / "3_touchpoints.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            told, chinese = "".join(cell["source"]), cell["metadata"]["zh"]
            assert not english(chinese), chinese
            assert told.count("## ") == chinese.count("## ")
