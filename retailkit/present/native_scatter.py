"""Dots with interval bars -> a native scatter chart: one series per colour of dots, one per bar."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from retailkit.charts.template import MUTED, UP
from retailkit.present.native_words import (
    is_amount,
    is_hex,
    number,
    number_format,
    order,
    plain,
    rgb,
    tick_step,
    whole_steps,
)

Dot = tuple[float, float, str, str]
"""x, y, colour, name of its trace."""

_APART = 0.02  # of the axis, between a name and a dot at its low end

Line = tuple[list[tuple[float, float]], str, float, str]
"""Points, colour, width, name in the legend."""


def segments(trace: Any) -> list[tuple[list[Any], list[Any]]]:
    """A scatter trace as unbroken pieces: plotly parts interval bars by a missing value."""
    out: list[tuple[list[Any], list[Any]]] = [([], [])]
    for x, y in zip(trace.x if trace.x is not None else [], trace.y if trace.y is not None else [], strict=False):
        if number(x) is None:
            out.append(([], []))
        else:
            out[-1][0].append(x)
            out[-1][1].append(y)
    return [piece for piece in out if piece[0]]


def scatter(slide: Any, fig: Any, box: tuple[int, int, int, int]) -> Any:
    """Draw dots, intervals and loose lines; names of a category axis stand as labels at the left edge."""
    from pptx.chart.data import XyChartData
    from pptx.enum.chart import XL_CHART_TYPE

    places = _places(fig)
    dots, lines = _dots(fig, places), _lines(fig, places)
    low, high = _span(fig, dots)
    plan: list[tuple[str, list[tuple[float, float]], Callable[[Any], None]]] = [
        (name, points, partial(_as_line, colour=colour, width=width)) for points, colour, width, name in lines
    ]
    for (colour, name), own in _groups(dots).items():
        plan.append((name, [(x, y) for x, y, *_ in own], partial(_as_dots, colour=colour)))
    if places:
        beside = low - _APART * (high - low)
        plan.append(("", [(beside, y) for y in places.values()], partial(_as_names, places=places)))
    # LibreOffice loses a series that is shorter than a later one: the last point is said again
    longest = max(len(points) for _, points, _ in plan)
    data = XyChartData(number_format=number_format(fig.layout.xaxis))
    for name, points, _ in plan:
        series = data.add_series(name)
        for x, y in [*points, *points[-1:] * (longest - len(points))]:
            series.add_data_point(x, y)
    chart = slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *box, data).chart
    for series, (_, _, dress) in zip(chart.plots[0].series, plan, strict=True):
        dress(series)
    _edges(chart, fig, places, low, high)
    return chart


def _places(fig: Any) -> dict[str, float]:
    """Label -> height, for an axis of names."""
    axis = fig.layout.yaxis
    if axis.ticktext is not None and axis.tickvals is not None:
        if all(is_amount(str(text)) for text in axis.ticktext):
            return {}
        return {plain(str(t)): float(v) for t, v in zip(axis.ticktext, axis.tickvals, strict=True)}
    words = [[v for v in t.y if isinstance(v, str)] for t in fig.data if t.y is not None]
    return {name: float(i + 1) for i, name in enumerate(order(words, axis.categoryarray))}


def _at(y: Any, places: dict[str, float]) -> float:
    return places[y] if isinstance(y, str) and y in places else number(y) or 0.0


def _dots(fig: Any, places: dict[str, float]) -> list[Dot]:
    out = []
    for trace in fig.data:
        if "markers" not in (trace.mode or "lines"):
            continue
        colours = trace.marker.color
        for i, (x, y) in enumerate(zip(trace.x, trace.y, strict=True)):
            own = colours[i] if colours is not None and not isinstance(colours, str) else colours
            if number(x) is not None:
                out.append((float(x), _at(y, places), str(own) if is_hex(own) else UP, plain(trace.name or "")))
    return out


def _lines(fig: Any, places: dict[str, float]) -> list[Line]:
    out = []
    for trace in fig.data:
        if "markers" in (trace.mode or "lines"):
            continue
        colour = trace.line.color if is_hex(trace.line.color) else MUTED
        shown = _pale(colour, trace.opacity if trace.opacity is not None else 1.0)
        width = 2.0 if trace.line.width is None else float(trace.line.width)
        if trace.fill and not width:  # PowerPoint fills no area between points: a band without an edge is a pale frame
            shown, width = "#B8C0C8", 0.75
        name = plain(trace.name or "") if trace.showlegend is not False else ""
        for xs, ys in segments(trace):
            points = [(float(x), _at(y, places)) for x, y in zip(xs, ys, strict=True)]
            out.append((points, shown, width, name))
            name = ""
    return out


def _pale(colour: str, opacity: float) -> str:
    """The colour as it looks on white paper at this opacity.

    >>> _pale("#000000", .5)
    '#808080'
    """
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - part) * opacity):02X}" for part in parts)


def _groups(dots: list[Dot]) -> dict[tuple[str, str], list[Dot]]:
    out: dict[tuple[str, str], list[Dot]] = {}
    for dot in dots:
        out.setdefault((dot[2], dot[3]), []).append(dot)
    return out


def _span(fig: Any, dots: list[Dot]) -> tuple[float, float]:
    given = fig.layout.xaxis.range
    if given is not None and all(number(v) is not None for v in given):
        return float(min(given)), float(max(given))
    xs = [x for x, *_ in dots] or [0.0, 1.0]
    return min(xs), max(xs)


def _as_line(series: Any, *, colour: str, width: float) -> None:
    from pptx.util import Pt

    no_marker(series)
    series.format.line.color.rgb = rgb(colour)
    series.format.line.width = Pt(width)


def _as_dots(series: Any, *, colour: str) -> None:
    from pptx.enum.chart import XL_MARKER_STYLE

    series.format.line.fill.background()
    series.marker.style, series.marker.size = XL_MARKER_STYLE.CIRCLE, 9
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = rgb(colour)
    series.marker.format.line.color.rgb = rgb(colour)


def _as_names(series: Any, *, places: dict[str, float]) -> None:
    from pptx.enum.chart import XL_LABEL_POSITION
    from pptx.util import Pt

    series.format.line.fill.background()
    no_marker(series)
    for j, name in enumerate(places):
        label = series.points[j].data_label
        label.text_frame.text = name
        label.position = XL_LABEL_POSITION.LEFT
        label.text_frame.paragraphs[0].runs[0].font.size = Pt(10)


def _edges(chart: Any, fig: Any, places: dict[str, float], low: float, high: float) -> None:
    """Leave room for the names left of the lowest value; hide the heights."""
    from pptx.enum.chart import XL_AXIS_CROSSES, XL_TICK_LABEL_POSITION, XL_TICK_MARK

    across, up = chart.category_axis, chart.value_axis
    across.minimum_scale, across.maximum_scale = low, high
    across.has_major_gridlines = True
    across.major_gridlines.format.line.color.rgb = rgb("#E3E7EB")
    across.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    written = number_format(fig.layout.xaxis)
    if places and low >= 0 and ";" not in written:  # room for names is no part of the scale
        written = f'{written};"";{written}'
    across.tick_labels.number_format, across.tick_labels.number_format_is_linked = written, False
    across.major_unit = tick_step(fig.layout.xaxis)
    if places:
        step = tick_step(fig.layout.xaxis) or (high - low) / 5
        across.minimum_scale = step * math.floor((low - 0.2 * (high - low)) / step + 1e-9)
        up.tick_label_position, up.major_tick_mark = XL_TICK_LABEL_POSITION.NONE, XL_TICK_MARK.NONE
        up.has_major_gridlines = False
        up.minimum_scale, up.maximum_scale = min(places.values()) - 1, max(places.values()) + 1
        up.crosses = XL_AXIS_CROSSES.MINIMUM  # the lower axis lies below all rows
        return
    up.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    up.tick_labels.number_format, up.tick_labels.number_format_is_linked = number_format(fig.layout.yaxis), False
    if fig.layout.yaxis.range is not None:
        up.minimum_scale, up.maximum_scale, up.major_unit = whole_steps(fig.layout.yaxis)
    up.major_gridlines.format.line.color.rgb = rgb("#E3E7EB")


def no_marker(series: Any) -> None:
    """Draw a series without marks."""
    from pptx.enum.chart import XL_MARKER_STYLE

    series.marker.style = XL_MARKER_STYLE.NONE
