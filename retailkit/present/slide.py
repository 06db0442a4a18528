"""What stands on a slide: its layout, its heading, its words, and the box of its figure."""

from __future__ import annotations

from typing import Any

from retailkit.present.native_words import LATIN, east_asian

_INK, _MUTED = "22303C", "66727F"


def wide_screen(deck: Any) -> Any:
    """The deck with slides of 16 to 9."""
    from pptx.util import Inches

    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    return deck


def layout(deck: Any, name: str, index: int) -> Any:
    """The master's layout of that name; else the usual place; else the last there is."""
    for one in deck.slide_layouts:
        if one.name.strip().lower() == name:
            return one
    return deck.slide_layouts[min(index, len(deck.slide_layouts) - 1)]


def figure_box(deck: Any) -> tuple[int, int, int, int]:
    """Left, top, width and height of a slide's figure."""
    wide, high = deck.slide_width, deck.slide_height
    return wide // 24, int(high * 0.22), wide - 2 * (wide // 24), int(high * 0.70)


def fit(shape: Any, box: tuple[int, int, int, int]) -> None:
    """Make a picture as large as its box allows, in the middle of it."""
    scale = min(box[2] / shape.width, box[3] / shape.height)
    shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
    shape.left = box[0] + (box[2] - shape.width) // 2


def heading(slide: Any, text: str, side: int, wide: int, high: int) -> None:
    """Write a slide's title, smaller if it is long."""
    title = slide.shapes.title
    if title is None:
        put_text(slide, (side, high // 30, wide - 2 * side, high // 9), text, 24)
        return
    title.left, title.top, title.width, title.height = side, high // 30, wide - 2 * side, int(high * 0.125)
    write(title.text_frame, text, 24 if len(text) < 90 else 20, bold=True)


def put_text(slide: Any, box: tuple[int, int, int, int], text: str, size: int) -> None:
    """Put words into a box of their own, if there are any."""
    if text:
        write(slide.shapes.add_textbox(*box).text_frame, text, size, colour=_MUTED)


def write(frame: Any, text: str, size: int, bold: bool = False, colour: str = _INK) -> None:
    """Fill a frame with words of one kind, each line a paragraph."""
    from pptx.dml.color import RGBColor
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap = True
    frame.text = text
    for paragraph in frame.paragraphs:
        paragraph.alignment = PP_ALIGN.LEFT
        for run in paragraph.runs:
            run.font.size, run.font.bold, run.font.name = Pt(size), bold, LATIN
            run.font.color.rgb = RGBColor.from_string(colour)
            east_asian(run._r.get_or_add_rPr())
