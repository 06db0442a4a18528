"""A study's findings as slides: one finding a slide, native editable charts, definitions in the notes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from retailkit.charts.template import HEIGHT
from retailkit.charts.words import choose, labelled
from retailkit.present.metric_words import defined
from retailkit.present.native import add_chart, kind
from retailkit.present.native_words import plain
from retailkit.present.pictures import Picture, read_pictures, with_arrays, write_drawn
from retailkit.present.slide import figure_box, fit, heading, layout, put_text, wide_screen, write
from retailkit.results import read_metrics

NO_PPTX = "Slides need the Python package 'python-pptx' (pip install 'retailkit[present]')."
_LOW = 400  # pixels: a lower picture's words would be larger than the slide's own
_LINE = 20  # pixels that a name beside a picture's bar or dot needs
REPORT_ORDER = (
    "verdicts", "headlines", "bridge", "industries", "worked", "growth_parts", "touchpoints", "issues", "cases",
)  # fmt: skip
"""Figures of the cohort report in the order in which they are read."""
_ABOUT = {
    "verdicts": ("effect_", "merchants_"), "headlines": ("growth_",), "bridge": ("growth_pooled", "effect_"),
    "industries": ("effect_pooled",),
}  # fmt: skip
"""Figures of the report whose numbers are metrics, and how those begin; the notes define these and no others."""
_A_SLIDE = 10  # figures without a result that one slide names, and limits


@dataclass(frozen=True)
class Deck:
    """A written deck: its file, how many slides, and a line for each figure it could not show."""

    path: Path
    slides: int
    problems: tuple[str, ...]


def write_deck(
    out_dir: str | Path,
    path: str | Path,
    *,
    merchants: Iterable[str] | None = None,
    chapters: Iterable[str] | None = None,
    title: str = "",
    template: str | Path | None = None,
    lang: str | None = None,
) -> Deck:
    """Write the saved figures of a study as slides, one finding each.

    Parameters
    ----------
    out_dir : the study's folder.
    path : the .pptx file to write.
    merchants, chapters : only these; None takes the cohort report's figures, or every
        merchant's where there is no report yet.
    title : of the first slide; by default the study's own title, else its folder's name.
    template : the user's own .pptx, whose master, fonts and size are kept.
    lang : "en" or "zh", of the deck's own words and its notes; None takes the study's language.

    A figure that PowerPoint has no chart for (a heat map, a flow, a tree of boxes) comes as a
    picture; where Chromium is missing it is left out and named in ``problems``. Each slide's
    notes carry the source, the run's id and the definitions of its figures. The first slide tells
    the programme's days and whether the data are simulated; what the data cannot tell, and figures
    without a result by name and reason, stand on the last slides.

    Raises
    ------
    ImportError
        If python-pptx is missing; the message names it.
    FileNotFoundError
        If there is no figure to show, or no such template.
    """
    try:
        from pptx import Presentation
    except ImportError:
        raise ImportError(NO_PPTX) from None
    pictures, problems = _chosen(out_dir, merchants, chapters)
    if not pictures:
        raise FileNotFoundError(f"no saved figures in {out_dir} to make slides of: run the study first")
    if template is not None and not Path(template).is_file():
        raise FileNotFoundError(f"no template at {template}")
    deck = Presentation(str(template)) if template is not None else wide_screen(Presentation())
    run = _run(out_dir)
    lang = lang or str(run.get("parameters", {}).get("lang") or "en")
    figures = [_figure(picture) for picture in pictures]
    _first_slide(deck, title or str(run.get("title") or Path(out_dir).name), pictures, figures, run, lang)
    metrics = read_metrics(out_dir)
    with TemporaryDirectory() as folder:
        _, _, wide, high = figure_box(deck)
        drawn, trouble = _drawn(pictures, figures, Path(folder), wide / high)
        for picture, fig in zip(pictures, figures, strict=True):
            if "empty" not in _words(fig):
                problems += _figure_slide(deck, picture, fig, drawn.get(picture.stem), trouble, out_dir, metrics, lang)
    _limit_slides(deck, [str(limit) for limit in run.get("limits") or ()], lang)
    _empty_slides(deck, pictures, figures, out_dir, lang)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    deck.save(str(path))
    return Deck(path, len(deck.slides), tuple(problems))


def _run(out_dir: str | Path) -> dict[str, Any]:
    """What the study's last run recorded of itself; nothing where no run did."""
    try:
        return dict(json.loads((Path(out_dir) / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _chosen(out_dir: str | Path, merchants: Any, chapters: Any) -> tuple[list[Picture], list[str]]:
    if merchants is None and chapters is None:
        report, problems = read_pictures(out_dir, ["cohort"], ["cohort_report"])
        if report:
            place = {name: i for i, name in enumerate(REPORT_ORDER)}
            return sorted(report, key=lambda p: place.get(p.name, len(place))), problems
    return read_pictures(out_dir, merchants, chapters)


def _first_slide(
    deck: Any, title: str, pictures: list[Picture], figures: list[Any], run: dict[str, Any], lang: str
) -> None:
    slide = deck.slides.add_slide(layout(deck, "title slide", 0))
    count = len({p.merchant for p in pictures if p.merchant != "cohort"})
    found = sum("empty" not in _words(fig) for fig in figures)
    words = choose(lang, f"{found} finding{'s' * (found != 1)}", f"{found}项发现")
    if count:
        words += choose(lang, f", {count} merchant{'s' * (count != 1)}", f"，{count}家商户")
    words = "\n".join([words, *_dated(run, lang)])
    boxes = [slide.shapes.title, *(p for p in slide.placeholders if p.placeholder_format.idx == 1)]
    left, width = deck.slide_width // 12, deck.slide_width * 10 // 12
    for box, text, top, size in zip(boxes, (title, words), (0.32, 0.55), (34, 18), strict=False):
        if box is not None:
            box.left, box.width, box.top, box.height = left, width, int(deck.slide_height * top), deck.slide_height // 5
            write(box.text_frame, text, size, bold=size > 20)


def _dated(run: dict[str, Any], lang: str) -> list[str]:
    """What a board must know before the first figure: which days, known until when, and whether anything of it is real."""
    lines = []
    if run.get("programme"):
        lines.append(choose(lang, f"Programme {run['programme']}", f"项目期 {run['programme']}"))
    if as_of := run.get("parameters", {}).get("as_of"):
        lines.append(choose(lang, f"Knows what happened before {as_of}", f"数据截至 {as_of} 之前"))
    if run.get("simulated"):
        lines.append(
            choose(lang, "Simulated data: no merchant, person or order is real", "模拟数据：商户、个人与订单均非真实")
        )
    return lines


def _figure(picture: Picture) -> Any:
    import plotly.graph_objects as go

    return go.Figure(with_arrays(picture.figure), skip_invalid=True)


def _drawn(
    pictures: list[Picture], figures: list[Any], folder: Path, shape: float
) -> tuple[dict[Path, Path], list[str]]:
    """PNGs, so wide for their height, of the figures that have no native chart, without the words that the slide has."""
    import plotly.graph_objects as go

    bare = []
    for picture, fig in zip(pictures, figures, strict=True):
        if kind(fig) is None and "empty" not in _words(fig):
            height = _height(fig)
            plain_fig = go.Figure(fig).update_layout(
                title_text="",
                margin_t=32,
                margin_b=max((fig.layout.margin.b or 80) - 24, 40),
                height=height,
                width=round(shape * height),
            )
            plain_fig.layout.annotations = [a for a in fig.layout.annotations if a.name not in ("subtitle", "source")]
            bare.append(Picture(picture.merchant, picture.chapter, picture.name, json.loads(plain_fig.to_json())))
    if not bare:
        return {}, []
    files, trouble = write_drawn(bare, folder, ["png"])
    return {file.relative_to(folder).with_suffix(""): file for file in files}, trouble


def _height(fig: Any) -> int:
    """Pixels that a picture is drawn at: the fewer, the larger its words on the slide; a line for each name at least."""
    if not {t.type for t in fig.data} <= {"bar", "scatter", "waterfall"}:
        return min(max(fig.layout.height or HEIGHT, _LOW), HEIGHT)  # a taller one would be shrunk, words and all
    told = [a.ticktext for a in fig.select_yaxes() if a.ticktext is not None]
    named = {str(v) for t in fig.data if t.y is not None for v in t.y if isinstance(v, str)}
    lines = max([len(named), *map(len, told)])
    return min(max(90 + _LINE * lines, _LOW), HEIGHT)


def _words(fig: Any) -> dict[str, str]:
    return {a.name: plain(a.text) for a in fig.layout.annotations if a.name in ("subtitle", "source", "empty")}


def _figure_slide(
    deck: Any, picture: Picture, fig: Any, drawn: Path | None, trouble: list[str],
    out_dir: str | Path, metrics: pd.DataFrame, lang: str,
) -> list[str]:  # fmt: skip
    notes = _words(fig)
    slide = deck.slides.add_slide(layout(deck, "title only", 5))
    wide, high = deck.slide_width, deck.slide_height
    side = wide // 24
    heading(slide, plain(fig.layout.title.text or picture.name), side, wide, high)
    put_text(slide, (side, int(high * 0.155), wide - 2 * side, high // 18), notes.get("subtitle", ""), 13)
    put_text(slide, (side, int(high * 0.935), wide - 2 * side, high // 20), notes.get("source", ""), 10)
    box = figure_box(deck)
    slide.notes_slide.notes_text_frame.text = _notes(picture, notes, out_dir, metrics, lang)
    if kind(fig) is not None:
        add_chart(slide, fig, box, lang)
    elif drawn is not None:
        fit(slide.shapes.add_picture(str(drawn), box[0], box[1]), box)
    else:
        return [f"{picture.stem}: no native chart for it, and no picture: {trouble[-1]}"]
    # what a screen reader says; a picture's would be its file's name
    slide.shapes[-1]._element.xpath(".//p:cNvPr")[0].set("descr", plain(fig.layout.title.text or picture.name))
    return []


def _limit_slides(deck: Any, limits: list[str], lang: str) -> None:
    """What the cohort's own data cannot tell, which sets a limit to every figure before."""
    from pptx.util import Pt

    wide, high = deck.slide_width, deck.slide_height
    for start in range(0, len(limits), _A_SLIDE):
        slide = deck.slides.add_slide(layout(deck, "title only", 5))
        heading(slide, choose(lang, "What these data cannot tell", "这些数据不能说明什么"), wide // 24, wide, high)
        put_text(slide, figure_box(deck), "\n".join(limits[start : start + _A_SLIDE]), 16)
        for paragraph in slide.shapes[-1].text_frame.paragraphs:
            paragraph.space_after = Pt(8)


def _empty_slides(deck: Any, pictures: list[Picture], figures: list[Any], out_dir: str | Path, lang: str) -> None:
    """Name the figures that have nothing to show, each with its reason, on slides behind all others."""
    empty = [(picture, fig) for picture, fig in zip(pictures, figures, strict=True) if "empty" in _words(fig)]
    several = len({picture.merchant for picture in pictures}) > 1
    wide, high = deck.slide_width, deck.slide_height
    for start in range(0, len(empty), _A_SLIDE):
        some = empty[start : start + _A_SLIDE]
        slide = deck.slides.add_slide(layout(deck, "title only", 5))
        heading(slide, choose(lang, "What has no result to show", "暂无结果可展示"), wide // 24, wide, high)
        lines = [
            (f"{picture.merchant} · " if several else "")
            + labelled(plain(fig.layout.title.text or picture.name), _words(fig)["empty"], lang)
            for picture, fig in some
        ]
        put_text(slide, figure_box(deck), "\n".join(lines), 16)
        runs = dict.fromkeys(run_id(picture, out_dir) for picture, _ in some)
        slide.notes_slide.notes_text_frame.text = choose(lang, "Run: ", "运行编号：") + ", ".join(runs)


def _notes(picture: Picture, notes: dict[str, str], out_dir: str | Path, metrics: pd.DataFrame, lang: str) -> str:
    """Source, run and definitions: what a presenter must be able to say when asked."""
    own = metrics[(metrics["merchant"] == picture.merchant) & (metrics["chapter"] == picture.chapter)]
    about = _ABOUT.get(picture.name, ()) if picture.name in REPORT_ORDER and picture.merchant == "cohort" else ("",)
    lines = [notes.get("source", ""), notes.get("subtitle", "")]
    lines.append(choose(lang, "Run: ", "运行编号：") + run_id(picture, out_dir))
    if len(own):
        lines.append(choose(lang, "Knows what happened before ", "数据截至此日之前：") + str(own["as_of"].iloc[0]))
    told = defined(own[own["metric"].str.startswith(about)], lang)
    lines += [choose(lang, "Definitions:", "定义：")] * bool(told) + [f"- {line}" for line in told]
    return "\n".join(line for line in lines if line)


def run_id(picture: Picture, out_dir: str | Path) -> str:
    """The first twelve digits of the key in the unit's manifest; the figure's place where it has none."""
    place = Path(out_dir) / picture.merchant / f"{picture.chapter}.manifest.json"
    if picture.merchant == "cohort":
        place = Path(out_dir) / f"{picture.chapter}.manifest.json"
    try:
        return str(json.loads(place.read_text(encoding="utf-8"))["key"])[:12]
    except (OSError, ValueError, KeyError):
        return f"{picture.merchant}/{picture.chapter}"
