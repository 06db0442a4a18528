"""Claims about PDF: a page is printed by Chromium; without it one line says so and nothing else stops."""

import re
import zlib
from importlib.resources import files

import pytest

from retailkit.present import pdf, pictures


def page(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("<!doctype html><title>x</title><h1>Cohort report</h1>", encoding="utf-8")


def test_no_chromium_is_one_clear_line(tmp_path, monkeypatch):
    page(tmp_path, "cohort_report.html")
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))
    done = pdf.export_pdf(tmp_path, tmp_path / "out")
    assert done.files == ()
    assert "Chromium" in done.problems[0]
    assert "apt-get install" in done.problems[0]


def test_no_pages_is_said_before_a_browser_starts(tmp_path):
    with pytest.raises(FileNotFoundError, match="run the study first"):
        pdf.export_pdf(tmp_path, tmp_path / "out")


def test_failed_and_other_chapters_are_not_printed(tmp_path):
    for name in ("1_data.html", "5_growth.html", "5_growth.failed.html"):
        page(tmp_path / "a", name)
    assert [n for _, n in pdf._pages(tmp_path, ["a"], None)] == ["a/1_data", "a/5_growth"]
    assert [n for _, n in pdf._pages(tmp_path, None, ["5_growth"])] == ["a/5_growth"]


@pytest.mark.chromium
def test_a_page_becomes_a_pdf(tmp_path):
    page(tmp_path, "cohort_report.html")
    done = pdf.export_pdf(tmp_path, tmp_path / "out")
    assert done.problems == ()
    assert pictures.find_browser()
    assert done.files[0].read_bytes().startswith(b"%PDF")


@pytest.mark.chromium
def test_a_chart_wider_than_the_paper_is_scaled_and_does_not_shrink_the_words(tmp_path):
    (tmp_path / "site.css").write_text(files("retailkit.present").joinpath("site.css").read_text("utf-8"), "utf-8")
    chart = '<div class="figure" style="--w:960px;--h:540px"><div class="canvas"><svg width="1200" height="540"></svg></div></div>'
    head = '<!doctype html><html><head><link rel="stylesheet" href="../site.css"></head><body><div class="page">'
    for name, more in (("1_data", ""), ("5_growth", chart)):
        page(tmp_path / "a", f"{name}.html")
        (tmp_path / "a" / f"{name}.html").write_text(
            f"{head}<p>It grew.</p>{more}</div></body></html>", encoding="utf-8"
        )
    printed = [path.read_bytes() for path in pdf.export_pdf(tmp_path, tmp_path / "out", ["a"]).files]
    assert all(b"/MediaBox [0 0 594.9" in text for text in printed), "A4"
    words, with_chart = (_scale(text) for text in printed)
    assert with_chart == words


def _scale(text: bytes) -> bytes:
    """How large a printed page draws what it holds: the second of its drawing commands multiplies all lengths by it."""
    page_of = rb"\s*[\d.]+ 0 0 -[\d.]+ [\d.]+ [\d.]+ cm\s+q\s+([\d.]+) 0 0"
    for stream in re.findall(rb"stream\n(.*?)\nendstream", text, re.DOTALL):
        if found := re.match(page_of, zlib.decompress(stream)):
            return found[1]
    raise AssertionError("no page in the PDF")
