"""Small turns from plotly's words to PowerPoint's: colours, numbers, number formats, faces."""

from __future__ import annotations

import math
import re
from typing import Any

EAST_ASIAN = "Microsoft YaHei"
LATIN = "Arial"
_MARGIN = 0.1 + 1e-9
LABEL = ("label", "标签")
"""The series of unseen bars that carry figures, in the chart's data sheet."""


def order(labels: list[Any], wanted: Any) -> list[str]:
    """Categories in the figure's order; plotly and PowerPoint both list bars bottom-up."""
    seen = list(dict.fromkeys(str(v) for own in labels for v in own))
    first = [str(v) for v in wanted if str(v) in seen] if wanted is not None else []
    return [*first, *(v for v in seen if v not in first)]


def number_format(axis: Any) -> str:
    """The number format of Office that writes ticks as the figure does, K and M included."""
    words = [str(w) for w in (axis.ticktext if axis.ticktext is not None else ())]
    if any(w.endswith("%") for w in words) or "%" in (axis.tickformat or ""):
        return "0%"
    sign = "".join(c for c in (words[-1] if words else "") if not (c.isdigit() or c in "−+-.,KMB万亿 "))
    sign = f'"{sign}"' if sign else ""
    if any(w[:1] in "−-" for w in words):
        return f"{sign}#,##0;-{sign}#,##0"
    if any(w[-1:] in "KM" for w in words):  # Office scales by thousands only: 万 is written out
        return f'[>=1000000]{sign}0.0,,"M";[>=1000]{sign}0,"K";{sign}#,##0'
    return f"{sign}#,##0.##" if not sign else f"{sign}#,##0"


def is_amount(text: str) -> bool:
    """Whether a tick's text is a written figure, not a name.

    >>> is_amount("−$20K"), is_amount("+25%"), is_amount("¥3万"), is_amount("Shop 1"), is_amount("")
    (True, True, True, False, True)
    """
    return re.fullmatch(r"[−+-]?\D{0,4}[\d.,]*[%KMB万亿]?", text) is not None and " " not in text.strip()


def tick_step(axis: Any) -> float | None:
    """The distance of the figure's own ticks, where they are given and even."""
    at = [number(v) for v in (axis.tickvals if axis.tickvals is not None else ())]
    if len(at) < 2 or any(v is None for v in at):
        return None
    return float(at[1] - at[0])  # type: ignore[operator]


def whole_steps(axis: Any) -> tuple[float, float, float]:
    """The ends of the figure's axis, moved outwards to whole steps, and the step: PowerPoint counts ticks from the low end.

    A figure's margin beyond its last tick, up to a tenth of a step, is no step of its own.

    >>> import plotly.graph_objects as go
    >>> whole_steps(go.layout.XAxis(range=[-1.59, 1.6], tickvals=[-1.0, 0.0, 1.0]))
    (-2.0, 2.0, 1.0)
    >>> whole_steps(go.layout.XAxis(range=[-1.59, 1.6])), whole_steps(go.layout.XAxis(range=[0, 1]))
    ((-2.0, 2.0, 0.5), (0.0, 1.0, 0.2))
    >>> whole_steps(go.layout.XAxis(range=[-0.01, 0.82], tickvals=[0, 0.2, 0.4]))
    (0.0, 0.8, 0.2)
    """
    low, high = sorted(float(v) for v in axis.range)
    step = tick_step(axis) or _round_step((high - low) / 5)
    first, last = math.floor(low / step + _MARGIN), math.ceil(high / step - _MARGIN)
    return round(first * step, 12), round(last * step, 12), step


def _round_step(width: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a width."""
    power = 10.0 ** math.floor(math.log10(width))
    return max(m * power for m in (1, 2, 5) if m * power <= width * (1 + 1e-9))


def is_dark(colour: str) -> bool:
    """Whether black on this colour is hard to read (its luminance by ITU-R BT.601 is in the lower half).

    >>> is_dark("#2A6496"), is_dark("A3AAB1")
    (True, False)
    """
    red, green, blue = (int(colour.lstrip("#")[i : i + 2], 16) for i in (0, 2, 4))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 128


def rgb(colour: str) -> Any:
    """PowerPoint's colour of a hex one."""
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(colour.lstrip("#").upper())


def is_hex(colour: Any) -> bool:
    """Whether this is a colour like #2A6496."""
    return isinstance(colour, str) and len(colour) == 7 and colour.startswith("#")


def number(value: Any) -> float | None:
    """A finite number, or None for a text, a gap or infinity."""
    if value is None or isinstance(value, str):
        return None
    figure = float(value)
    return figure if math.isfinite(figure) else None


def width(text: str) -> int:
    """The room of a text in Latin letters: a Chinese one takes that of two.

    >>> width("579 天")
    6
    """
    return sum(2 if letter > "\u2e7f" else 1 for letter in text)


def plain(text: str) -> str:
    """A figure's text without its markup.

    >>> plain("<b>Sales<br>doubled</b>")
    'Sales doubled'
    """
    joined = re.sub("(?<=[\u3000-\u9fff\uff00-\uffef])<br>(?=[\u3000-\u9fff])", "", text)  # Chinese needs no space
    return re.sub("<[^>]+>", "", joined.replace("<br>", " ")).strip()


def east_asian(properties: Any) -> None:
    """Add the East Asian face beside the Latin one to a text run's properties."""
    from pptx.oxml.ns import qn

    for old in properties.findall(qn("a:ea")):
        properties.remove(old)
    element = properties.makeelement(qn("a:ea"), {"typeface": EAST_ASIAN})
    latin = properties.find(qn("a:latin"))
    if latin is None:
        properties.append(element)
    else:
        latin.addnext(element)
