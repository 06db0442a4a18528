"""A study's pages: one per chapter and merchant, the cohort report, and the index over them.

Pages need no server and no network: one stylesheet and one ``plotly.min.js`` per folder.
"""

from __future__ import annotations

import html
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from retailkit.folders import folder_name
from retailkit.present import cells
from retailkit.present.data_words import chapter_word

WORDS = {
    "en": {
        "study": "Study", "code": "Show code", "hide": "Hide code", "report": "Cohort report",
        "read": "Read the cohort report", "merchant": "Merchant", "as_of": "Knows what happened before",
        "programme": "Programme", "baseline": "Period before", "limits": "What these data cannot tell",
        "licence": "Data licence", "made": "How this was made", "failed": "failed", "done": "open", "none": "not run",
        "earlier": "earlier result", "simulated": "Simulated data", "chapters": "Chapters", "all": "All merchants",
    },
    "zh": {
        "study": "研究", "code": "显示代码", "hide": "隐藏代码", "report": "批次总报告",
        "read": "阅读批次总报告", "merchant": "商家", "as_of": "数据截至此日之前",
        "programme": "项目期", "baseline": "对照期", "limits": "这些数据不能回答什么",
        "licence": "数据许可", "made": "如何生成", "failed": "失败", "done": "打开", "none": "未运行",
        "earlier": "较早结果", "simulated": "模拟数据", "chapters": "章节", "all": "全部商家",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Context:
    """What a page says around a chapter: the study's title, dates and limits, merchants' and chapters' titles."""

    title: str = ""
    lang: str = "en"
    as_of: str = ""
    programme: str = ""
    baseline: str = ""
    merchants: tuple[tuple[str, str], ...] = ()
    chapters: tuple[tuple[str, str], ...] = ()
    limits: tuple[str, ...] = ()
    licence: str = ""
    simulated: bool = False


def chapter_html(page: Any, merchant: str, chapter: str, context: Context) -> str:
    """Page of one executed chapter; with an empty merchant, of the cohort report."""
    word = WORDS[context.lang]
    up = "../" if merchant else ""
    name = dict(context.merchants).get(merchant, merchant)
    links = [f'<a class="home" href="{up}index.html">{html.escape(context.title or word["study"])}</a>']
    if merchant:
        links.append(f'<p class="who">{html.escape(name)}</p>')
        links += [_link(f"{c}.html", title, c == chapter, page, context.lang) for c, title in _chapters(context)]
        links.append(_link("../cohort_report.html", word["report"], False, page, context.lang))
    else:
        links.append(_link(f"{chapter}.html", word["report"], True, page, context.lang))
        links += [_link(f"{_folder(m)}/{c}.html", title, False, page) for m, title, c in _written(page, context)]
    heading = dict(_chapters(context)).get(chapter, word["report"])
    title = " · ".join(t for t in (heading, name, context.title) if t)
    note = f'<p class="simulated">{word["simulated"]}</p>' if context.simulated else ""
    return _page(title, f"{note}<main>{cells.body(page, context.lang)}</main>", up, context.lang, "\n".join(links))


def index_html(context: Context, status: Iterable[tuple[str, str, str]], facts: Sequence[tuple[str, str]] = ()) -> str:
    """The study's front page.

    Parameters
    ----------
    status : (merchant, chapter, state) with state done, failed, earlier (failed now, done before) or none.
    facts : (what, value) lines on how the study was made.
    """
    word = WORDS[context.lang]
    state = {(m, c): s for m, c, s in status}
    dates = [
        (word["as_of"], context.as_of),
        (word["programme"], context.programme),
        (word["baseline"], context.baseline),
    ]
    parts = [f"<h1>{html.escape(context.title)}</h1>"]
    if context.simulated:
        parts.append(f'<p class="simulated">{word["simulated"]}</p>')
    parts.append("<dl>" + "".join(f"<dt>{a}</dt><dd>{html.escape(b)}</dd>" for a, b in dates if b) + "</dl>")
    report = state.get(("", "cohort_report"), "none")
    if report != "none":
        target = "cohort_report.failed.html" if report == "failed" else "cohort_report.html"
        mark = f" ({word['failed']})" if report == "failed" else ""
        parts.append(f'<p><a class="button" href="{target}">{word["read"]}{mark}</a></p>')
    parts.append(f"<h2>{word['merchant']} × {word['chapters']}</h2>")
    head = "".join(f"<th>{html.escape(_short(title))}</th>" for _, title in _chapters(context))
    rows = "".join(_status_row(m, title, context, state) for m, title in context.merchants)
    parts.append(f'<div class="table grid"><table><thead><tr><th>{word["merchant"]}</th>{head}</tr></thead>')
    parts.append(f"<tbody>{rows}</tbody></table></div>")
    if context.limits:
        parts.append(
            f"<h2>{word['limits']}</h2><ul>" + "".join(f"<li>{html.escape(x)}</li>" for x in context.limits) + "</ul>"
        )
    if facts:
        parts.append(f"<h2>{word['made']}</h2><dl>")
        parts.append("".join(f"<dt>{html.escape(a)}</dt><dd>{html.escape(b)}</dd>" for a, b in facts) + "</dl>")
    if context.licence:
        parts.append(f"<h2>{word['licence']}</h2><p>{html.escape(context.licence.strip())}</p>")
    return _page(context.title, "<main>" + "\n".join(parts) + "</main>", "", context.lang, "")


def write_assets(out_dir: str | Path) -> None:
    """Put the stylesheet and plotly's script into the study's folder, once."""
    import plotly

    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    (out / "site.css").write_text(_css(), encoding="utf-8")
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    there = out / "plotly.min.js"
    if not there.exists() or there.stat().st_size != script.stat().st_size:
        shutil.copyfile(script, there)


def _css() -> str:
    from pygments.formatters import HtmlFormatter

    own = resources.files("retailkit.present").joinpath("site.css").read_text(encoding="utf-8")
    return own + HtmlFormatter(style="friendly").get_style_defs(".highlight") + "\n"


def _page(title: str, content: str, up: str, lang: str, nav: str) -> str:
    word = WORDS[lang]
    words = f'data-hide="{word["hide"]}" data-show="{word["code"]}"'
    button = f'<button type="button" id="toggle" {words}>{word["code"]}</button>'
    side = f"<nav>{nav}{button}</nav>" if nav else ""
    script = f'<script src="{up}plotly.min.js"></script><script>{_SCRIPT}</script>' if nav else ""
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title>'
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{up}site.css"></head>\n'
        f'<body class="{"chapter" if nav else "index"}">{side}<div class="page">{content}</div>{script}</body></html>\n'
    )


_SCRIPT = """
document.querySelectorAll('script[data-figure]').forEach(function (s) {
  var f = JSON.parse(s.textContent);
  Plotly.newPlot(s.dataset.figure, f.data, f.layout, f.config);
});
function fit() {
  document.querySelectorAll('.figure').forEach(function (box) {
    var wide = parseFloat(getComputedStyle(box).getPropertyValue('--w'));
    box.style.setProperty('--k', Math.max(0.6, Math.min(1, box.clientWidth / wide)));
  });
}
fit();
window.addEventListener('resize', fit);
var toggle = document.getElementById('toggle');
toggle.addEventListener('click', function () {
  var on = document.body.classList.toggle('with-code');
  toggle.textContent = on ? toggle.dataset.hide : toggle.dataset.show;
});
"""


def _chapters(context: Context) -> list[tuple[str, str]]:
    """(chapter, title) in the page's language: notebooks name themselves in English."""
    return [(c, title if context.lang == "en" else chapter_word(c, context.lang)) for c, title in context.chapters]


def _written(page: Any, context: Context) -> list[tuple[str, str, str]]:
    """(merchant, title, first chapter) of the merchants that have a page; of all where the folder is not known."""
    out_dir = page.metadata.get("papermill", {}).get("parameters", {}).get("out_dir", "")
    found = []
    for merchant, title in context.merchants:
        home = Path(out_dir) / folder_name(merchant)
        there = [c for c, _ in context.chapters if not out_dir or (home / f"{c}.html").exists()]
        found += [(merchant, title, there[0])] if there else []
    return found


def _link(target: str, title: str, here: bool, page: Any, lang: str = "en") -> str:
    if not here:
        return f'<a href="{html.escape(target, quote=True)}">{html.escape(title)}</a>'
    inner = "".join(f'<a class="sub" href="#{anchor}">{text}</a>' for anchor, text in cells.headings(page, lang))
    return f'<a class="here" href="#top">{html.escape(title)}</a>{inner}'


def _status_row(merchant: str, title: str, context: Context, state: dict[tuple[str, str], str]) -> str:
    word = WORDS[context.lang]
    folder = _folder(merchant)
    made = []
    for chapter, _ in context.chapters:
        now = state.get((merchant, chapter), "none")
        good = f'<a href="{folder}/{chapter}.html">{word["earlier"] if now == "earlier" else word["done"]}</a>'
        bad = f'<a class="bad" href="{folder}/{chapter}.failed.html">{word["failed"]}</a>'
        cell = {"done": good, "failed": bad, "earlier": f"{bad} {good}"}.get(
            now, f'<span class="none">{word["none"]}</span>'
        )
        made.append(f"<td>{cell}</td>")
    return f'<tr><th scope="row">{html.escape(title)}</th>{"".join(made)}</tr>'


def _folder(merchant: str) -> str:
    """The merchant's folder as it is written in a link."""
    return quote(folder_name(merchant))


def _short(title: str) -> str:
    """The part of a chapter's title before its colon or dash: "1 · Data: what came in" -> "1 · Data"."""
    for mark in (":", "：", " - ", " – ", " — "):
        title = title.split(mark)[0]
    return title.strip()
