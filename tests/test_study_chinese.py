"""One Chinese study of a small simulated cohort, from the command line: nothing that its chapters, report and pages say stays English.

A merchant's chapters in English stand beside it: no reader of either language meets a code.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from spoken import chinese_study, english, page_texts

from retailkit.attribute.scenes import touchpoint_titles
from retailkit.charts.formats.parts import _EN, _ZH, name, within
from retailkit.charts.growth_words import WORDS, in_words
from retailkit.charts.tables import table_name
from retailkit.formats.guides import ACTS
from retailkit.growth.words import PLAIN
from retailkit.present import write_deck
from retailkit.present.metric_words import metric_definition, metric_name, unit_word
from retailkit.present.things import _THINGS, thing_title
from retailkit.results import read_metrics
from retailkit.schema import FORMATS, KPI_NODES, TABLES
from retailkit.simulate import simulate

ROOT = Path(__file__).parent.parent
MERCHANTS, DONORS = ("m03", "m06"), ("n01", "n02", "d01", "d02")
CHAPTERS = ("1_data", "2_people", "3_touchpoints", "4_formats", "5_growth", "6_targets")
NAMES = {
    "Simulated merchant m03 (beauty)", "Simulated merchant m06 (mother-baby)", "Simulated shop",
    "Simulated WeChat doubling programme: first cohort, last quarter of 2018", "weekly template message", "Kaplan-Meier",
    "Shapley", "AUC", "lift test", "App", "NaN", "DataFrame", "JupyterLab", "premium", "null", "ERP", "hold",
    "general_manager", "media_team", "shop_team", "crm_team", "merchandise_team", "ecommerce", "general manager",
    "media team", "shop team", "crm team", "merchandise team", "community team", "content team", "retail director",
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


@pytest.fixture(scope="module")
def in_english(study: Path) -> Path:
    """The same store's study of one merchant in English."""
    chinese_study(
        study.parent, (*MERCHANTS, *DONORS), "1,2,3,4,5,6", "--no-load", "--merchants", "m03", lang="en", out="english"
    )
    return study.parent / "english"


CODES = {
    c for c in {*touchpoint_titles(), *FORMATS, *_ZH, *_EN, *WORDS, *PLAIN, *_THINGS, *ACTS, *KPI_NODES} if "_" in c
}
"""Codes of touchpoints, formats, systems, acts, tiers and KPI nodes."""

_CODE = re.compile(r"(?<![\w.:/-])[a-z]+(?:_[a-z0-9]+)+(?![\w.:/-])")
_NOTHING = {"None", "nan", "NaN", "NaT", "<NA>", "inf", "-inf"}
NAMED = {"gift_2018q4", "pilot_1", "pilot_2", "pilot_3", "doubling_1", *TABLES}
"""The data's own names of a campaign, areas and the cohort; tables are called as code calls them in English."""


def codes(texts: Iterator[str], whole: bool = True) -> dict[str, list[str]]:
    """Texts that show a code of the package or are an empty value's name; or, where ``whole``, any word in code by itself."""
    found = {}
    for text in texts:
        said = _LINK.sub("·", _FILE.sub("·", text))
        shown = [w for w in _CODE.findall(said) if w in CODES or (whole and w == said.strip())]
        shown = [w for w in shown if w not in NAMED] + [w for w in [said.strip()] if w in _NOTHING]
        if shown:
            found[text[:120]] = shown
    return found


@pytest.mark.slow
@pytest.mark.parametrize("page", ["cohort_report", *(f"m03/{c}" for c in CHAPTERS)])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_table_chart_or_sentence_shows_a_code(study: Path, in_english: Path, lang: str, page: str) -> None:
    """In chapter 1 the data's own names stand too: tables as code calls them, layouts and columns of files."""
    texts = page_texts((in_english if lang == "en" else study) / f"{page}.ipynb", lang)
    assert not codes(texts, whole=not page.endswith("1_data"))


@pytest.mark.slow
def test_no_slide_shows_a_code(in_english: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pptx = pytest.importorskip("pptx")
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))  # words are read, pictures are not looked at
    for number, merchants in enumerate((None, ["m03"])):
        deck = write_deck(in_english, tmp_path / f"{number}.pptx", merchants=merchants)
        slides = pptx.Presentation(str(deck.path)).slides
        assert len(slides) > 5
        for slide in slides:
            notes = slide.notes_slide.notes_text_frame.text if slide.has_notes_slide else ""
            texts = (t for t in _slide_texts(slide) if t != notes)  # notes name the study's files and metrics
            assert not codes(texts)


@pytest.mark.parametrize("name_of", [name, within, in_words, thing_title], ids=lambda f: f.__name__)
def test_a_touchpoint_has_one_english_name_in_every_chapter(name_of: Callable[..., str]) -> None:
    titles = {
        t: told for t, told in touchpoint_titles().items() if t not in ("share", "message", "live")
    }  # what guides do
    told = {t: name_of(t) if name_of is not name else name(t, "en") for t in titles}
    assert {t: w.casefold() for t, w in told.items()} == {t: w.casefold() for t, w in titles.items()}


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
