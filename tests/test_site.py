"""A study's pages need no server and no network, and say what a reader must know."""

import re
from pathlib import Path

import nbformat
import pandas as pd
import plotly.graph_objects as go
import pytest

from retailkit.present import cells
from retailkit.present.site import Context, chapter_html, index_html, write_assets

CONTEXT = Context(
    title="Cohort <one>", as_of="2018-01-01", programme="2017-10-30 to 2017-12-24",
    merchants=(("a/1", "Shop & A"), ("b", "店铺")),
    chapters=(("1_data", "1 · Data: what came in"), ("5_growth", "5 · Growth")),
    limits=("One year only.",), licence="CC0",
)  # fmt: skip


def page(*outputs, source="1 + 1"):
    code = nbformat.v4.new_code_cell(source, outputs=list(outputs))
    text = nbformat.v4.new_markdown_cell("# 1 · Data\n\nWhat came in.\n\n## What failed\n\nNothing.")
    return nbformat.v4.new_notebook(cells=[text, code])


def shown(data):
    return nbformat.v4.new_output("display_data", data=data)


def figure():
    return shown({cells.PLOTLY: go.Figure(go.Bar(x=["</script>"], y=[1]), {"height": 300}).to_plotly_json()})


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_page_asks_the_network(lang):
    context = Context(**{**CONTEXT.__dict__, "lang": lang})
    for text in (chapter_html(page(figure()), "b", "1_data", context), index_html(context, [])):
        asked = re.findall(r"""(?:src|href)=["']?([^"'> ]+)""", text)
        assert asked
        assert not [a for a in asked if "//" in a], asked
        assert "@import" not in text


def test_a_chart_is_drawn_from_the_data_beside_it_and_cannot_break_out():
    text = chapter_html(page(figure()), "b", "1_data", CONTEXT)
    assert '--h:300px"><div class="canvas" id="c1-0">' in text
    assert '<script src="../plotly.min.js">' in text
    assert "\\u003c/script>" in text


def test_code_is_there_and_hidden():
    text = chapter_html(page(), "b", "1_data", CONTEXT)
    assert '<div class="code"><div class="highlight">' in text
    assert 'id="toggle"' in text


def test_numbers_stand_right_and_row_numbers_go():
    frame = pd.DataFrame({"shop_id": ["x", "y"], "gmv": [1.25, 3], "share": ["+12%", "–"], "name": ["甲", None]})
    text = cells.tidy_tables(frame.loc[[1, 0]].to_html())
    assert '<th>shop id</th><th class="num">gmv</th><th class="num">share</th><th>name</th>' in text
    assert '<td class="num">3.00</td>' in text
    assert "<th>1</th>" not in text
    assert '<td class="short">–</td>' in text, "a missing cell is a dash"


def test_a_named_index_and_merged_cells_stay():
    named = pd.DataFrame({"n": [1]}, index=pd.Index(["apparel"], name="industry"))
    assert "apparel" in cells.tidy_tables(named.to_html())
    many = pd.DataFrame({("a", "x"): [1], ("a", "y"): [2]})
    assert "colspan" in cells.tidy_tables(many.to_html())


def test_what_merchants_wrote_is_text_and_never_markup():
    text = chapter_html(
        page(shown({"text/markdown": "Best: <script>alert(1)</script> **bold**"})), "b", "1_data", CONTEXT
    )
    assert "<script>alert" not in text
    assert "<strong>bold</strong>" in text
    assert "Cohort &lt;one&gt;" in text


def test_warnings_are_only_for_those_who_read_code():
    warning = nbformat.v4.new_output("stream", name="stderr", text="FutureWarning: x")
    text = chapter_html(page(warning), "b", "1_data", CONTEXT)
    assert re.search(r'<div class="code"><pre>FutureWarning', text)


def test_an_error_is_shown_without_terminal_colours():
    error = nbformat.v4.new_output("error", ename="E", evalue="v", traceback=["\x1b[31mE\x1b[0m: <v>"])
    assert '<div class="error"><pre>E: &lt;v&gt;</pre></div>' in chapter_html(page(error), "b", "1_data", CONTEXT)


def test_chapters_lead_to_each_other_and_to_their_sections():
    text = chapter_html(page(), "b", "1_data", CONTEXT)
    assert '<a href="5_growth.html">5 · Growth</a>' in text
    assert re.search(r'class="sub" href="#[^"]*">What failed</a>', text)
    assert '<a class="home" href="../index.html">' in text
    assert 'lang="en"' in text


def test_the_index_leads_to_every_page_that_there_is():
    status = [
        ("a/1", "1_data", "done"),
        ("a/1", "5_growth", "earlier"),
        ("b", "1_data", "failed"),
        ("", "cohort_report", "done"),
    ]
    text = index_html(CONTEXT, status, [("pandas", "3.1")])
    assert 'href="a%252F1/1_data.html">open' in text
    assert 'href="a%252F1/5_growth.failed.html">failed</a> <a href="a%252F1/5_growth.html">earlier result' in text
    assert 'href="b/1_data.failed.html"' in text
    assert text.count("not run") == 1
    assert 'href="cohort_report.html">Read the cohort report</a>' in text
    for words in ("One year only.", "CC0", "Shop &amp; A", "2018-01-01"):
        assert words in text


def test_simulated_data_say_so_on_every_page():
    context = Context(**{**CONTEXT.__dict__, "simulated": True})
    assert "Simulated data" in index_html(context, [])
    assert "Simulated data" in chapter_html(page(), "b", "1_data", context)


def test_plotly_is_there_once_per_folder(tmp_path):
    write_assets(tmp_path)
    write_assets(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plotly.min.js", "site.css"]
    assert (tmp_path / "plotly.min.js").stat().st_size > 1_000_000
    assert "Noto Sans CJK SC" in (tmp_path / "site.css").read_text()


@pytest.mark.chromium
def test_a_browser_draws_the_chart(tmp_path):
    import shutil
    import subprocess

    write_assets(tmp_path)
    (tmp_path / "b").mkdir()
    path = tmp_path / "b" / "1_data.html"
    path.write_text(chapter_html(page(figure()), "b", "1_data", CONTEXT), encoding="utf-8")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    command = [str(browser), *flags.split(), "--virtual-time-budget=8000", "--dump-dom", path.as_uri()]
    seen = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "main-svg" in seen, "plotly drew nothing"
    assert Path(path).exists()


def test_a_cell_is_short_by_its_printed_width_so_that_long_chinese_ones_break():
    """Thirteen Chinese characters are as wide as twenty-six letters: unbroken, they cut the table of claims."""
    head = '<table class="dataframe"><thead><tr><th>主张</th></tr></thead><tbody><tr><td>'
    for text, kind in (("可识别顾客的订单占比", "short"), ("每位分享者带来的用户（K）", "long"), ("a &lt; b", "short")):
        assert f'<td class="{kind}">{text}</td>' in cells.tidy_tables(f"{head}{text}</td></tr></tbody></table>")


@pytest.mark.parametrize(("cell", "whole"), [
    ("+332% to +535%", True), ("−4.3% to +6.6%", True), ("57%–80%", True), ("×0.52 to ×1.31", True), ("23.7至43.4", True),
    ("2 merchants to go", False), ("open", False),
])  # fmt: skip
def test_both_ends_of_an_interval_stay_on_one_line_also_on_paper(cell, whole, tmp_path):
    write_assets(tmp_path)
    page = cells.tidy_tables(pd.DataFrame({"merchant": ["a", "b"], "90% interval": [cell, "–"]}).to_html())
    assert (f'class="short ends">{cell}<' in page) == whole
    assert "td.ends { white-space: nowrap !important; }" in (tmp_path / "site.css").read_text().split("@media print")[1]
