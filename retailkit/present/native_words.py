"""Small turns from plotly's words to PowerPoint's: colours, numbers, number formats, faces."""

from __future__ import annotations

import math
import re
from typing import Any

EAST_ASIAN = "Microsoft YaHei"
LATIN = "Arial"


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
