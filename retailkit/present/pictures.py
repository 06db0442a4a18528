"""Saved figures -> PNG, SVG and HTML files, all in one go.

Pictures are made once per batch from the figures' JSON, outside the notebooks: one browser
draws them all (a third of a second each; started one by one they take 2.5 s). HTML pages
need no browser and share one ``plotly.min.js`` per folder, so that a page is small and asks
no outside server for anything.
"""

from __future__ import annotations

import base64
import html
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from retailkit.charts.template import HEIGHT, WIDTH

FORMATS = ("png", "svg", "html")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
NO_BROWSER = (
    "PNG and SVG need Chromium, which was not found: install the system package 'chromium' "
    "(Debian, Ubuntu: apt-get install chromium) or set BROWSER_PATH. HTML needs none."
)
NO_KALEIDO = "PNG and SVG need the Python package 'kaleido' (pip install 'retailkit[present]'). HTML needs none."
NO_CJK = (
    "These figures hold Chinese text and no Chinese font was found, so it would show as boxes: "
    "install the system package 'fonts-noto-cjk' (Debian, Ubuntu: apt-get install fonts-noto-cjk)."
)


@dataclass(frozen=True)
class Exported:
    """What an export wrote, and what it could not do: one line per problem."""

    files: tuple[Path, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """One saved figure: where it came from and its plotly JSON."""

    merchant: str
    chapter: str
    name: str
    figure: dict[str, Any]

    @property
    def stem(self) -> Path:
        """Path of the picture below the export's folder, without its ending."""
        return Path(self.merchant, self.chapter, self.name)


def export(
    out_dir: str | Path,
    dest: str | Path,
    formats: Sequence[str] = FORMATS,
    *,
    merchants: Iterable[str] | None = None,
    chapters: Iterable[str] | None = None,
    scale: float = 2,
) -> Exported:
    """Write every saved figure of a study as ``<dest>/<merchant>/<chapter>/<name>.<format>``.

    Parameters
    ----------
    out_dir : the study's folder, holding ``<merchant>/<chapter>/figures/*.json``.
    dest : folder to write into; it is made if missing, files of the same name are replaced.
    formats : any of "png", "svg", "html".
    merchants, chapters : only these; None means all.
    scale : pixels of a PNG per pixel of the layout.

    Returns
    -------
    Exported
        The files, and a line for whatever stood in the way (no Chromium, no CJK font,
        a figure that cannot be read); everything else is written all the same.

    Raises
    ------
    ValueError
        If a format is unknown.
    FileNotFoundError
        If ``out_dir`` holds no saved figure.
    """
    unknown = [f for f in formats if f not in FORMATS]
    if unknown:
        raise ValueError(f"unknown picture format {', '.join(unknown)}; there are {', '.join(FORMATS)}")
    pictures, problems = read_pictures(out_dir, merchants, chapters)
    if not pictures and not problems:
        raise FileNotFoundError(f"no saved figures in {out_dir}: run the study first, or name its folder")
    files: list[Path] = []
    if "html" in formats:
        files += write_html(pictures, Path(dest))
    drawn = [f for f in formats if f != "html"]
    if drawn and pictures:
        written, trouble = write_drawn(pictures, Path(dest), drawn, scale)
        files, problems = files + written, problems + trouble
    return Exported(tuple(files), tuple(problems))


def read_pictures(
    out_dir: str | Path, merchants: Iterable[str] | None = None, chapters: Iterable[str] | None = None
) -> tuple[list[Picture], list[str]]:
    """Return the saved figures in path order, and a line for each file that cannot be read."""
    some = None if merchants is None else set(map(str, merchants))
    parts = None if chapters is None else set(chapters)
    pictures, problems = [], []
    for path in sorted(Path(out_dir).glob("[!.]*/[!.]*/figures/*.json")):
        chapter, merchant = path.parent.parent, path.parent.parent.parent
        if (some and unquote(merchant.name) not in some) or (parts and unquote(chapter.name) not in parts):
            continue
        try:
            figure = json.loads(path.read_text(encoding="utf-8"))
            figure["data"], figure["layout"]
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"{path} is no plotly figure ({type(error).__name__}: {error}); left out")
            continue
        pictures.append(Picture(merchant.name, chapter.name, path.stem, figure))
    return pictures, problems


def with_arrays(value: Any) -> Any:
    """A figure's JSON with plotly's packed arrays (``dtype``, ``bdata``) as plain lists.

    >>> with_arrays({"x": {"dtype": "i1", "bdata": "AQID"}})
    {'x': [1, 2, 3]}
    """
    if isinstance(value, dict) and {"dtype", "bdata"} <= set(value):
        numbers = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
        shape = [int(n) for n in str(value.get("shape", len(numbers))).split(",")]
        return numbers.reshape(shape).tolist()
    if isinstance(value, dict):
        return {key: with_arrays(part) for key, part in value.items()}
    return [with_arrays(part) for part in value] if isinstance(value, list) else value


def write_html(pictures: Sequence[Picture], dest: Path) -> list[Path]:
    """Write one small page per figure and one ``plotly.min.js`` for them all; return the paths."""
    from plotly.offline import get_plotlyjs

    dest.mkdir(parents=True, exist_ok=True)
    script = dest / "plotly.min.js"
    script.write_text(get_plotlyjs(), encoding="utf-8")
    files = [script]
    for picture in pictures:
        path = dest / picture.stem.with_name(picture.name + ".html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(picture, os.path.relpath(script, path.parent).replace("%", "%25")), encoding="utf-8")
        files.append(path)
    return files


def page(picture: Picture, script: str) -> str:
    """Return the HTML of one figure that loads plotly.js from ``script``."""
    layout = picture.figure["layout"]
    title = html.escape(_plain_title(layout) or picture.name)
    figure = json.dumps(picture.figure, ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\!--")
    tongue = "zh-CN" if _holds_cjk(picture) else "en"  # browsers choose the forms of Chinese characters by it
    return (
        f'<!doctype html>\n<html lang="{tongue}"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<script src="{html.escape(script)}"></script></head>\n'
        f'<body style="margin:0"><div id="figure" style="width:{WIDTH}px;margin:auto"></div>\n'
        f"<script>const f = {figure};\n"
        'Plotly.newPlot("figure", f.data, f.layout, {responsive: true, displaylogo: false});</script></body></html>\n'
    )


def write_drawn(
    pictures: Sequence[Picture], dest: Path, formats: Sequence[str], scale: float = 2
) -> tuple[list[Path], list[str]]:
    """Draw figures as PNG and SVG in one browser; return the paths and what stood in the way."""
    problems = [NO_CJK] if any(map(_holds_cjk, pictures)) and not cjk_font() else []
    if not find_browser():
        return [], [*problems, NO_BROWSER]
    try:
        import kaleido  # noqa: F401 - plotly draws through it
    except ImportError:
        return [], [*problems, NO_KALEIDO]
    jobs = [(p, dest / p.stem.with_name(f"{p.name}.{kind}")) for kind in formats for p in pictures]
    for folder in {path.parent for _, path in jobs}:
        folder.mkdir(parents=True, exist_ok=True)
    failed = _draw(jobs, scale)
    return [path for _, path in jobs if path not in failed], [*problems, *failed.values()]


def _draw(jobs: Sequence[tuple[Picture, Path]], scale: float) -> dict[Path, str]:
    """Draw all jobs in one browser; on an error halve the batch until the culprit stands alone."""
    import plotly.io as pio

    try:
        pio.write_images(
            fig=[p.figure for p, _ in jobs],
            file=[path for _, path in jobs],
            width=[p.figure["layout"].get("width") or WIDTH for p, _ in jobs],
            height=[p.figure["layout"].get("height") or HEIGHT for p, _ in jobs],
            scale=scale,
            validate=False,
        )
    except Exception as error:  # the browser reports a bad figure by many kinds of error
        if len(jobs) == 1:
            reason = (str(error).splitlines() or [""])[0]
            return {jobs[0][1]: f"{jobs[0][1]} could not be drawn ({type(error).__name__}: {reason[:200]})"}
        half = len(jobs) // 2
        return {**_draw(jobs[:half], scale), **_draw(jobs[half:], scale)}
    return {}


def find_browser() -> str | None:
    """Return the path of Chromium or Chrome (``BROWSER_PATH`` first), or None."""
    named = os.environ.get("BROWSER_PATH")
    if named:
        return named if os.access(named, os.X_OK) else None
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def cjk_font() -> str | None:
    """Return the name of an installed Chinese font, or None; asks fontconfig."""
    if not shutil.which("fc-list"):
        return None
    answer = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)
    families = sorted(line for line in answer.stdout.splitlines() if line.strip())
    return families[0] if families else None


def has_cjk(text: str) -> bool:
    """Tell whether a text holds a Chinese character.

    >>> has_cjk("官方商城"), has_cjk("GMV × 2")
    (True, False)
    """
    return any("\u3400" <= c <= "\u9fff" for c in text)


def _holds_cjk(picture: Picture) -> bool:
    return has_cjk(json.dumps(picture.figure, ensure_ascii=False))


def _plain_title(layout: dict[str, Any]) -> str:
    title = layout.get("title") or {}
    text = title.get("text", "") if isinstance(title, dict) else str(title)
    return text.replace("<br>", " ").replace("<b>", "").replace("</b>", "")
