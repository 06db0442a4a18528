"""An executed notebook's cells as HTML: prose, tables, charts; code stays hidden until asked for.

Stock converters show no plotly chart at all and call public networks. Here a chart is a
``div`` with its data beside it, drawn by the one ``plotly.min.js`` of the study's folder.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from retailkit.spoken import printed_width

PLOTLY = "application/vnd.plotly.v1+json"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ENDS = re.compile(r"[+−×¥$€£\d]\S*?( to |至|–)[+−×¥$€£\d]\S*")  # both ends of an interval: never on two lines
_NUMBER = re.compile(r"^[-+−]?(?:[$€£¥]|[A-Z]{2,3}\s?)?[-+−]?[\d][\d,.\s]*(?:[KMB万亿%]|e[-+]?\d+|\s?pp)*$")
_EMPTY = ("", "NaN", "None", "NaT", "nan", "<NA>", "–", "—", "-")
WIDTH = 960  # pixels that figures are laid out for; a page shrinks them to its column


def body(page: Any, lang: str = "en") -> str:
    """HTML of all cells of a notebook, in order."""
    return "\n".join(part for number, cell in enumerate(page.cells) for part in _cell(cell, number, lang))


def prose(cell: Any, lang: str = "en") -> str:
    """A cell's text: its source, or the translation that its metadata carry under the language's name."""
    return str(cell.metadata.get(lang) or cell.source)


def headings(page: Any, lang: str = "en") -> list[tuple[str, str]]:
    """(anchor, text) of each second-level heading, for the table of contents."""
    found = []
    for cell in page.cells:
        if cell.cell_type == "markdown":
            for anchor, text in re.findall(
                r'<h2 id="([^"]*)">(.*?)(?:<a class="anchor-link"|</h2>)', _markdown(prose(cell, lang))
            ):
                found.append((anchor, re.sub("<[^>]+>", "", text)))
    return found


def _cell(cell: Any, number: int, lang: str) -> Iterator[str]:
    tags = cell.metadata.get("tags", [])
    if cell.cell_type == "markdown":
        failed = ' class="failed"' if "papermill-error-cell-tag" in tags else ""
        yield f"<section{failed}>{_markdown(prose(cell, lang))}</section>"
    elif cell.cell_type == "code":
        if cell.source.strip():
            yield f'<div class="code">{_highlight(cell.source)}</div>'
        for index, output in enumerate(cell.get("outputs", [])):
            yield _output(output, f"c{number}-{index}")


def _output(output: Any, name: str) -> str:
    if output.output_type == "stream":
        kind = "code" if output.name == "stderr" else "stream"
        return f'<div class="{kind}"><pre>{_text(output.text)}</pre></div>'
    if output.output_type == "error":
        return f'<div class="error"><pre>{_text(chr(10).join(output.traceback))}</pre></div>'
    data = output.get("data", {})
    if PLOTLY in data:
        return figure(data[PLOTLY], name)
    if "text/html" in data:
        return f'<div class="html">{tidy_tables(_joined(data["text/html"]))}</div>'
    if "image/svg+xml" in data:
        return f'<div class="picture">{_joined(data["image/svg+xml"])}</div>'
    if "image/png" in data:
        return (
            f'<div class="picture"><img alt="" src="data:image/png;base64,{_joined(data["image/png"]).strip()}"></div>'
        )
    if "text/markdown" in data:  # sentences made by code carry the merchant's own words: text, never markup
        return f'<div class="say">{_markdown(_joined(data["text/markdown"]).replace("<", "&lt;"))}</div>'
    return f'<div class="stream"><pre>{_text(_joined(data.get("text/plain", "")))}</pre></div>'


def figure(chart: Any, name: str) -> str:
    """HTML of one plotly figure: a ``div`` and its data; the page's script draws it."""
    layout = dict(chart.get("layout", {}))
    width, height = int(layout.get("width") or WIDTH), int(layout.get("height") or 450)
    layout |= {"width": width, "height": height, "autosize": False}
    chart = {**chart, "layout": layout, "config": {"displaylogo": False, "displayModeBar": False}}
    data = json.dumps(chart, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<div class="figure" style="--w:{width}px;--h:{height}px"><div class="canvas" id="{name}"></div></div>'
        f'<script type="application/json" data-figure="{name}">{data}</script>'
    )


def tidy_tables(source: str) -> str:
    """pandas tables for readers: numbers to the right and short, no row numbers, no underscores in headings.

    Examples
    --------
    >>> tidy_tables('<table class="dataframe"><thead><tr><th></th><th>n</th></tr></thead>'
    ...             '<tbody><tr><th>0</th><td>7</td></tr></tbody></table>')
    '<div class="table"><table><thead><tr><th class="num">n</th></tr></thead><tbody><tr><td
    class="num">7</td></tr></tbody></table></div>'
    """
    source = re.sub(r"<style scoped>.*?</style>", "", source, flags=re.S)
    return re.sub(r"<table[^>]*\bdataframe\b[^>]*>(.*?)</table>", lambda m: _tidy(m.group(1)), source, flags=re.S)


def _tidy(inner: str) -> str:
    head, _, rest = inner.partition("</thead>")
    top = [_row(r) for r in re.findall(r"<tr[^>]*>(.*?)</tr>", head, flags=re.S)]
    rows = [_row(r) for r in re.findall(r"<tr[^>]*>(.*?)</tr>", rest, flags=re.S)]
    if not top or any(len(r) != len(top[-1]) or "span=" in "".join(a for _, a, _ in r) for r in (*top, *rows)):
        return f'<div class="table"><table>{inner}</table></div>'  # merged cells: left as pandas made them
    labels = [[text for tag, _, text in r if tag == "th"] for r in rows]
    if len(top) == 1 and top[0][0][2].strip() == "" and all(len(x) == 1 and x[0].isdigit() for x in labels):
        top, rows = [r[1:] for r in top], [r[1:] for r in rows]
    numeric = [_is_numeric([r[i][2] for r in rows]) for i in range(len(top[-1]))]
    lines = ["".join(_th(text, right) for (_, _, text), right in zip(r, numeric, strict=True)) for r in top]
    bodies = ["".join(_td(tag, text, right) for (tag, _, text), right in zip(r, numeric, strict=True)) for r in rows]
    bodies = bodies or [f'<td class="none" colspan="{len(numeric)}">–</td>']
    made = "".join(f"<tr>{line}</tr>" for line in lines), "".join(f"<tr>{line}</tr>" for line in bodies)
    return f'<div class="table"><table><thead>{made[0]}</thead><tbody>{made[1]}</tbody></table></div>'


def _row(inner: str) -> list[tuple[str, str, str]]:
    return re.findall(r"<(t[hd])([^>]*)>(.*?)</t[hd]>", inner, flags=re.S)


def _is_numeric(cells: list[str]) -> bool:
    filled = [html.unescape(c).strip() for c in cells if html.unescape(c).strip() not in _EMPTY]
    return bool(filled) and all(_NUMBER.match(c) for c in filled)


def _th(text: str, right: bool) -> str:
    text = text.replace("_", " ")
    return f'<th class="num">{text}</th>' if right else f"<th>{text}</th>"


def _td(tag: str, text: str, right: bool) -> str:
    text = "–" if html.unescape(text).strip() in _EMPTY[1:6] else text
    if right and re.fullmatch(r"-?\d+\.\d{4,}", text):
        text = f"{float(text):,.1f}" if abs(float(text)) >= 1000 else f"{float(text):.4g}"
    plain = html.unescape(text).strip()
    short = "short ends" if _ENDS.fullmatch(plain) else "short"
    kind = ' class="num"' if right else f' class="{short}"' if printed_width(plain) <= 24 else ' class="long"'
    return f'<th scope="row"{kind}>{text}</th>' if tag == "th" else f"<td{kind}>{text}</td>"


def _markdown(source: str) -> str:
    from nbconvert.filters.markdown import markdown2html

    return markdown2html(source)


def _highlight(source: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=False))


def _text(value: Any) -> str:
    return html.escape(_ANSI.sub("", _joined(value)))


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "".join(value)
