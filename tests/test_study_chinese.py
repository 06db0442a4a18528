"""One Chinese study of a small simulated cohort, from the command line: nothing that its chapters, report and pages say stays English."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from spoken import chinese_study, english, page_texts

from retailkit.attribute.scenes import touchpoint_titles
from retailkit.charts.formats.parts import _ZH
from retailkit.charts.growth_words import WORDS
from retailkit.charts.tables import table_name
from retailkit.growth.words import PLAIN
from retailkit.present import write_deck
from retailkit.present.metric_words import metric_definition, metric_name, unit_word
from retailkit.present.worked import _THINGS
from retailkit.results import read_metrics
from retailkit.schema import TABLES
from retailkit.simulate import simulate

ROOT = Path(__file__).parent.parent
MERCHANTS, DONORS = ("m03", "m06"), ("n01", "n02", "d01", "d02")
CHAPTERS = ("1_data", "2_people", "3_touchpoints", "4_formats", "5_growth", "6_targets")
NAMES = {
    "Simulated merchant m03 (beauty)", "Simulated merchant m06 (mother-baby)", "Simulated shop",
    "Simulated WeChat doubling programme: first cohort, last quarter of 2018", "weekly template message", "Kaplan-Meier",
    "Shapley", "AUC", "lift test", "App", "NaN", "DataFrame", "JupyterLab", "premium", "null", "ERP", "hold",
    "general_manager", "media_team", "shop_team", "crm_team", "merchandise_team", "ecommerce",
}  # fmt: skip
"""Titles of the cohort file, names in the data, of tables and source systems, and terms that have no Chinese name of their own."""

_NARROW = re.compile(r".{0,20}[\u4e00-\u9fff] ?[,;:()].{0,20}|.{0,20}[,;:()] ?[\u4e00-\u9fff].{0,20}")
"""Latin commas, colons and brackets beside a Chinese character, where Chinese writes its own."""

_LINK = re.compile(r"\]\([^)]*\)|`[^`]*`")
_FILE = re.compile(r"\b[\w-]+\.(?:parquet|jsonl|csv)\b")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished study's folder; a quarter of the usual customers lead to as many different sentences."""
    home = tmp_path_factory.mktemp("chinese")
    simulate("doubling_1", home / "simulated", scale=0.0005, merchants=(*MERCHANTS, *DONORS))
    chinese_study(home, (*MERCHANTS, *DONORS), "1,2,3,4,5,6")
    return home / "out"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["cohort_report", *(f"{m}/{c}" for m in MERCHANTS for c in CHAPTERS)])
def test_no_sentence_table_or_figure_of_a_chinese_study_is_english(study: Path, page: str) -> None:
    texts = [t for t in page_texts(study / f"{page}.ipynb", "zh") if "dataframe tbody" not in t]  # pandas's style sheet
    assert sum(any("\u4e00" <= c <= "\u9fff" for c in t) for t in texts) > 40, "the page says something"
    found = {text[:200]: english(_FILE.sub("·", text), NAMES) for text in texts}
    assert not {text: words for text, words in found.items() if words}
    assert not [mark[0] for text in texts for mark in [_NARROW.search(_LINK.sub("·", text))] if mark]


@pytest.mark.slow
@pytest.mark.parametrize("chapter", ["1_data", "2_people"])
def test_findings_saved_for_the_report_are_chinese(study: Path, chapter: str) -> None:
    said = [t for t in pq.read_table(study / "m03" / chapter / "metrics.parquet")["text"].to_pylist() if t]
    assert said
    assert not [english(t, NAMES) for t in said if english(t, NAMES)]


@pytest.mark.slow
def test_every_metric_that_a_chapter_saves_has_a_chinese_name_unit_and_definition(study: Path) -> None:
    metrics = read_metrics(study)
    assert set(metrics["chapter"]) == {*CHAPTERS, "cohort_report"}
    defined = metrics[metrics["definition"] != ""].drop_duplicates(["metric", "unit", "definition"])
    assert len(defined) > 100
    english_left = {
        row.metric: told
        for row in defined.itertuples()
        for told in (metric_name(row.metric, "zh"), unit_word(row.unit, "zh"), metric_definition(row.metric, row.definition, "zh"))
        if told == row.definition or "_" in told.replace("gift_2018q4", "") or english(told, NAMES)
    }  # fmt: skip
    assert not english_left, "a metric's definition needs its row in present/data/metrics.csv"


@pytest.mark.slow
def test_slides_and_notes_of_a_chinese_study_are_chinese(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pptx = pytest.importorskip("pptx")
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))  # words are read, pictures are not looked at
    for number, merchants in enumerate((None, MERCHANTS)):
        deck = write_deck(study, tmp_path / f"{number}.pptx", merchants=merchants)
        for slide in pptx.Presentation(str(deck.path)).slides:
            left = {t[:200]: words for t in _slide_texts(slide) if (words := english(_FILE.sub("·", t), NAMES))}
            assert not left


def _slide_texts(slide: Any) -> Iterator[str]:
    """Every text of a slide: its boxes, alternative texts, names in its charts and their sheets, its notes."""
    for shape in slide.shapes:
        yield shape.text_frame.text if shape.has_text_frame else ""
        yield shape._element.xpath(".//p:cNvPr")[0].get("descr") or ""
        if getattr(shape, "has_chart", False):
            yield from (e.text or "" for e in shape.chart._chartSpace.iter() if e.tag.endswith(("}t", "}v")))
    if slide.has_notes_slide:
        yield slide.notes_slide.notes_text_frame.text


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_chinese_name(table: str) -> None:
    assert not english(table_name(table, "zh"))


@pytest.mark.parametrize("names", [WORDS, PLAIN, _ZH, _THINGS], ids=["charts", "growth", "formats", "report"])
def test_a_touchpoint_has_one_chinese_name_in_every_chapter(names: dict[str, str]) -> None:
    titles = touchpoint_titles("zh")
    shared = set(titles) & set(names) - {"unknown", *({"share", "message"} if names is _ZH else ())}  # what guides do
    assert len(shared) > 10
    assert {t: names[t] for t in shared} == {t: titles[t] for t in shared}


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
