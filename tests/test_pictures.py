"""Claims about exported pictures: small pages, one browser, plain words when something is missing."""

import json

import plotly.graph_objects as go
import pytest
from click.testing import CliRunner

from retailkit.__main__ import cli
from retailkit.charts.template import frame
from retailkit.present import pictures
from retailkit.results import save


@pytest.fixture
def study(tmp_path):
    for merchant in ("367", "Dr. 美妆"):
        figures = {name: frame(go.Figure(go.Bar(x=[1, 2], y=["a", "b"], orientation="h")), name) for name in "xy"}
        save(tmp_path / "study", merchant=merchant, chapter="5_growth", as_of="2018-01-01", figures=figures)
    return tmp_path / "study"


def test_pages_share_one_plotly_script_that_lies_where_they_look(study, tmp_path):
    done = pictures.export(study, tmp_path / "out", formats=["html"])
    pages = [f for f in done.files if f.suffix == ".html"]
    assert len(pages) == 4
    assert done.problems == ()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert len(text) < 20_000
        src = text.split('<script src="')[1].split('"')[0].replace("%25", "%")
        assert (page.parent / src).resolve() == (tmp_path / "out" / "plotly.min.js").resolve()
        assert "http" not in text.split("const f =")[0]


def test_a_figure_cannot_end_the_script_it_stands_in(tmp_path):
    figure = {"data": [], "layout": {"title": {"text": "</script><b>x</b>"}}}
    text = pictures.page(pictures.Picture("m", "c", "f", figure), "plotly.min.js")
    assert text.count("</script>") == 2


def test_without_chromium_the_message_names_the_package_and_pages_are_still_written(study, tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))
    done = pictures.export(study, tmp_path / "out")
    assert len([f for f in done.files if f.suffix == ".html"]) == 4
    assert any("'chromium'" in line for line in done.problems)


def test_chinese_text_without_a_chinese_font_is_said(study, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "cjk_font", lambda: None)
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))
    save(study, merchant="1", chapter="2", as_of="2018-01-01", figures={"z": frame(go.Figure(), "销售额增长")})
    done = pictures.export(study, tmp_path / "out", formats=["png"])
    assert any("'fonts-noto-cjk'" in line for line in done.problems)


def test_one_broken_figure_is_named_and_the_others_are_written(study, tmp_path):
    (study / "367" / "5_growth" / "figures" / "x.json").write_text("{", encoding="utf-8")
    done = pictures.export(study, tmp_path / "out", formats=["html"])
    assert len(done.files) == 4
    assert "x.json" in done.problems[0]


def test_only_the_asked_merchants_and_chapters_are_written(study, tmp_path):
    done = pictures.export(study, tmp_path / "out", formats=["html"], merchants=["Dr. 美妆"], chapters=["5_growth"])
    assert len(done.files) == 3


def test_a_study_without_figures_and_an_unknown_format_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="run the study first"):
        pictures.export(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="there are png, svg, html"):
        pictures.export(tmp_path, tmp_path / "out", formats=["gif"])


@pytest.mark.chromium
def test_pngs_and_svgs_are_drawn_in_one_batch(study, tmp_path):
    done = pictures.export(study, tmp_path / "out", formats=["png", "svg"], scale=1)
    assert sorted(f.suffix for f in done.files) == [".png"] * 4 + [".svg"] * 4
    assert done.problems == ()
    png = next(f for f in done.files if f.suffix == ".png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) == (960, 540)


@pytest.mark.cjk
def test_a_chinese_font_is_found():
    assert pictures.cjk_font()


def test_saved_figures_are_read_in_path_order(study):
    found, problems = pictures.read_pictures(study)
    assert problems == []
    assert [p.name for p in found] == ["x", "y", "x", "y"]
    assert json.dumps(found[0].figure)


def test_a_chapter_is_asked_for_by_its_number_its_word_or_its_name(study, tmp_path):
    for asked in ("5", "growth", "5_growth"):
        command = ["export", str(study), "--to", str(tmp_path / asked), "--format", "html", "--chapters", asked]
        done = CliRunner().invoke(cli, command)
        assert done.exit_code == 0, done.output
        assert {p.parent.name for p in (tmp_path / asked).rglob("*.html")} == {"5_growth"}
    done = CliRunner().invoke(cli, ["deck", str(study), "--to", str(tmp_path / "x.pptx"), "--chapters", "9"])
    assert done.exit_code == 2
    assert "no chapter '9'; there are" in done.output
