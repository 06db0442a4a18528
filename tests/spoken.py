"""What a Chinese page may say in Latin letters, and the reader that finds what it may not."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from retailkit.simulate.page import cohort_page

TERMS = {"GMV", "UV", "CNY", "USD", "AOV", "KPI", "CRM", "CSV", "TOML", "retailkit", "form id"}
"""Technical terms, units and commands that stand in Chinese sentences as they are."""

_RUN = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[ ,;:]+[A-Za-z][A-Za-z'’-]*)*")
_CODE = re.compile(
    r"`[^`]*`|retailkit [a-z]+|--\w+|\]\([^)]*\)|</?[a-z][^>]*>|#[0-9A-Fa-f]{3,6}\b|[\w/-]*[_/][\w/.-]*|\b\w+\.\w+\b|\b\w*\d\w*\b"
)


def chinese_study(
    home: Path, merchants: Sequence[str], chapters: str, *options: str, lang: str = "zh", out: str = "out"
) -> Path:
    """Run a study of some simulated merchants, in Chinese, from the command line: its cohort file; the study lies in ``out``."""
    page = home / "data" / "cohorts" / "doubling_1.toml"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(cohort_page("doubling_1", merchants=tuple(merchants)), encoding="utf-8")
    command = [sys.executable, "-m", "retailkit", "run", str(page), "--lang", lang, "--chapters", chapters, "--out",
               str(home / out), "--store", str(home / "store"), "--workers", "2", *options]  # fmt: skip
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=1800,
        env={**os.environ, "RETAILKIT_KEY_FILE": str(home / "key")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return page


def english(text: str, names: set[str] = frozenset()) -> list[str]:
    """English words left in a text: runs of Latin words that are neither a term, a name, a code nor a link.

    >>> english("项目期日均 GMV 环比 +50%（m01）"), english("对照商户：the week of 2018-10-01")
    ([], ['the week of'])
    """
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "·")
    found = []
    for run in _RUN.findall(_CODE.sub("·", text)):
        words = [w for w in re.split(r"[ ,;:]+", run) if len(w) > 1 and w not in TERMS]
        if words and run not in TERMS:
            found.append(run)
    return found


def page_texts(path: Path, lang: str) -> Iterator[str]:
    """Every text that a saved chapter shows: prose in the language, sentences, table cells, words of figures."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield str(cell["metadata"].get(lang) or "".join(cell["source"]))
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            figure = shown.get("application/vnd.plotly.v1+json", {})
            yield from _figure_texts(figure.get("data"), (*_SHOWN, "name"))  # a name in the layout is for code alone
            yield from _figure_texts(figure.get("layout"), _SHOWN)
            yield "".join(shown.get("text/markdown", ""))
            if not figure:
                reader = _Cells()
                reader.feed("".join(shown.get("text/html", "")))
                yield from reader.texts


_SHOWN = ("text", "ticktext", "hovertext", "customdata", "labels", "x", "y", "title", "hovertemplate", "texttemplate")


def _figure_texts(part: Any, shown: tuple[str, ...], key: str = "") -> Iterator[str]:
    """Texts under the keys that plotly writes on the figure; axis names such as "y2 domain" are no text."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name not in ("template", "xref", "yref", "meta"):
                yield from _figure_texts(value, shown, name)
    elif isinstance(part, list):
        for value in part:
            yield from _figure_texts(value, shown, key)
    elif isinstance(part, str) and key in shown:
        yield re.sub(r"%{[^}]*}|<br>|</?[a-z]+[^>]*>", " · ", part)


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
