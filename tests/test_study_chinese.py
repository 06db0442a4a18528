"""A Chinese study of a small simulated cohort, from the command line: its growth, targets and cohort report are Chinese."""

import json
from pathlib import Path

import pytest
from spoken import chinese_study, english, page_texts

ROOT = Path(__file__).parent.parent
MERCHANTS, DONORS = ("m02", "m06"), ("n01", "n02", "n03", "n04")
OWNERS = {"general_manager", "media_team", "shop_team", "crm_team", "merchandise_team"}
"""Names in the data: nobody translates them."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished study's folder."""
    home = tmp_path_factory.mktemp("chinese")
    chinese_study(home, (*MERCHANTS, *DONORS), "1,5,6")
    return home / "out"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["cohort_report", *(f"{m}/{c}" for m in MERCHANTS for c in ("5_growth", "6_targets"))])
def test_no_sentence_of_a_chinese_study_is_english(study: Path, page: str) -> None:
    texts = [*page_texts(study / f"{page}.ipynb", "zh")]
    assert sum(any("\u4e00" <= c <= "\u9fff" for c in t) for t in texts) > 40, "the page says something"
    left = {text[:200]: english(text, OWNERS) for text in texts if english(text, OWNERS)}
    assert not left


@pytest.mark.parametrize("chapter", ["5_growth", "6_targets", "cohort_report"])
def test_prose_of_growth_targets_and_report_speaks_both_languages(chapter: str) -> None:
    cells = json.loads((ROOT / "notebooks" / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            told, chinese = "".join(cell["source"]), cell["metadata"]["zh"]
            assert not english(chinese), chinese
            assert told.count("## ") == chinese.count("## ")


@pytest.mark.slow
def test_the_front_page_names_cohort_merchants_and_limits_in_chinese(study: Path) -> None:
    text = (study / "index.html").read_text(encoding="utf-8")
    assert "模拟的微信倍增行动：首批" in text
    assert "模拟商户m02（服饰）" in text
    assert "对照商户只提供销售额" in text
    assert "2018-10-01至2018-12-31" in text
    assert "计算用时" in text
    assert "Simulated merchant" not in text
