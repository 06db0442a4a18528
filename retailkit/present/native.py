"""A saved plotly figure -> a native, editable PowerPoint chart, where one exists.

Bars, stacked bars, lines, waterfalls (as stacked bars) and scatter plots with their interval
bars are drawn natively; ``kind`` says None for the rest (heat maps, flows, trees of boxes),
which a deck shows as pictures.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from retailkit.charts.template import INK, MUTED, PALETTE, UP

EAST_ASIAN = "Microsoft YaHei"
LATIN = "Arial"
_MOST = 60  # series of a native scatter; more are better seen as a picture


def kind(fig: Any) -> str | None:
    """How the figure can be drawn natively: bars, waterfall, lines, scatter, or None.

    >>> import plotly.graph_objects as go
    >>> kind(go.Figure(go.Bar(x=[1], y=["a"]))), kind(go.Figure(go.Heatmap(z=[[1]])))
    ('bars', None)
    """
    types = {t.type for t in fig.data}
    shapes = [s for s in fig.layout.shapes if s.type == "rect" and s.yref != "paper"]
    if not fig.data or shapes or any(a.startswith("xaxis") and a != "xaxis" for a in fig.layout.to_plotly_json()):
        return None
    if types == {"waterfall"}:
        return "waterfall"
    if "bar" in types and types <= {"bar", "scatter"} and not _dated(fig.data[0].x):
        return "bars"
    if types == {"scatter"} and all(_dated(t.x) for t in fig.data):
        return "lines"
    if types == {"scatter"} and sum(len(_segments(t)) for t in fig.data) <= _MOST:
        return "scatter"
    return None


def add_chart(slide: Any, fig: Any, box: tuple[int, int, int, int]) -> Any:
    """Draw a figure as a native chart into the box (left, top, width, height in EMU); return the chart.

    Raises
    ------
    ValueError
        If the figure has no native form, see ``kind``.
    """
    draw = {"bars": _bars, "waterfall": _waterfall, "lines": _lines, "scatter": _scatter}
    how = kind(fig)
    if how is None:
        raise ValueError("this figure has no native form in PowerPoint: show it as a picture")
    chart = draw[how](slide, fig, box)
    _fonts(chart)
    return chart


def _dated(values: Any) -> bool:
    if values is None or not len(values):
        return False
    first = values[0]
    return isinstance(first, date | np.datetime64) or (
        isinstance(first, str) and len(first) >= 10 and first[4:5] == "-" and first[7:8] == "-"
    )


def _bars(slide: Any, fig: Any, box: tuple[int, int, int, int]) -> Any:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE as T

    bars = [t for t in fig.data if t.type == "bar"]
    flat = any(t.orientation == "h" for t in bars)
    stacked = fig.layout.barmode in ("stack", "relative")
    axis = fig.layout.yaxis if flat else fig.layout.xaxis
    labels = [(t.y if flat else t.x) for t in bars]
    names = _order(labels, axis.categoryarray)
    data = CategoryChartData(number_format=_number_format(fig.layout.xaxis if flat else fig.layout.yaxis))
    data.categories = [plain(n) for n in names]
    for trace, own in zip(bars, labels, strict=True):
        values = dict(zip(map(str, own), trace.x if flat else trace.y, strict=True))
        data.add_series(plain(trace.name or ""), [_number(values.get(n)) for n in names])
    kinds = {(True, True): T.BAR_STACKED, (True, False): T.BAR_CLUSTERED, (False, True): T.COLUMN_STACKED}
    chart = slide.shapes.add_chart(kinds.get((flat, stacked), T.COLUMN_CLUSTERED), *box, data).chart
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 45, 100 if stacked else -5
    for i, (series, trace) in enumerate(zip(plot.series, bars, strict=True)):
        colours = trace.marker.color
        _fill(series, colours if isinstance(colours, str) else PALETTE[i % len(PALETTE)])
        if colours is not None and not isinstance(colours, str) and len(colours) == len(names):
            by_name = dict(zip(map(str, labels[i]), colours, strict=True))
            for j, name in enumerate(names):
                if isinstance(by_name.get(name), str):
                    _fill(series.points[j], by_name[name])
        _point_labels(series, trace, labels[i], names)
    _legend(chart, len(bars) > 1)
    _axes(chart, fig.layout.xaxis if flat else fig.layout.yaxis)
    return chart


def _point_labels(series: Any, trace: Any, own: Any, names: list[str]) -> None:
    if trace.text is None or isinstance(trace.text, str):
        return
    words = dict(zip(map(str, own), trace.text, strict=True))
    for j, name in enumerate(names):
        if words.get(name):
            frame = series.points[j].data_label.text_frame
            frame.text = plain(str(words[name]))


def _order(labels: list[Any], wanted: Any) -> list[str]:
    """Categories in the figure's order; plotly and PowerPoint both list bars bottom-up."""
    seen = list(dict.fromkeys(str(v) for own in labels for v in own))
    first = [str(v) for v in wanted if str(v) in seen] if wanted is not None else []
    return [*first, *(v for v in seen if v not in first)]


def _waterfall(slide: Any, fig: Any, box: tuple[int, int, int, int]) -> Any:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE as T

    trace = fig.data[0]
    flat = trace.orientation == "h"
    names, values = (trace.y, trace.x) if flat else (trace.x, trace.y)
    measures = trace.measure if trace.measure is not None else ["relative"] * len(values)
    rows, level = [], 0.0
    for value, measure in zip(values, measures, strict=True):
        before = level
        whole = measure in ("total", "absolute")
        level = (before if measure == "total" and not value else float(value)) if whole else before + float(value)
        low, high = (min(0.0, level), max(0.0, level)) if whole else (min(before, level), max(before, level))
        size = high - low
        rise = 0 if whole or level < before else size
        fall = size if not whole and level < before else 0
        rows.append((low, size if whole else 0, rise, fall))
    data = CategoryChartData(number_format=_number_format(fig.layout.yaxis))
    data.categories = [plain(str(n)) for n in names]
    for name, column in zip(("base", "total", "up", "down"), zip(*rows, strict=True), strict=True):
        data.add_series(name, column)
    chart = slide.shapes.add_chart(T.COLUMN_STACKED, *box, data).chart
    chart.plots[0].gap_width, chart.plots[0].overlap = 40, 100
    down = getattr(trace.decreasing.marker, "color", None) or PALETTE[1]
    for series, colour in zip(chart.plots[0].series, (None, "#4A5763", UP, down), strict=True):
        series.format.fill.background() if colour is None else _fill(series, colour)
    if trace.text is not None and not isinstance(trace.text, str):
        for j, row in enumerate(rows):
            shown = next((k for k in (1, 2, 3) if row[k]), 1)
            chart.plots[0].series[shown].points[j].data_label.text_frame.text = plain(str(trace.text[j]))
    _legend(chart, False)
    _axes(chart, fig.layout.yaxis)
    return chart


def _lines(slide: Any, fig: Any, box: tuple[int, int, int, int]) -> Any:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE as T
    from pptx.util import Pt

    days = sorted({pd.Timestamp(str(v)).date() for t in fig.data for v in t.x})
    data = CategoryChartData(number_format=_number_format(fig.layout.yaxis))
    data.categories = days
    for trace in fig.data:
        values = {pd.Timestamp(str(x)).date(): y for x, y in zip(trace.x, trace.y, strict=True)}
        data.add_series(plain(trace.name or ""), [_number(values.get(d)) for d in days])
    chart = slide.shapes.add_chart(T.LINE, *box, data).chart
    for i, (series, trace) in enumerate(zip(chart.plots[0].series, fig.data, strict=True)):
        edge = (trace.line.width == 0) or trace.fill is not None  # a band's edges stay as thin lines
        colour = trace.line.color if _is_hex(trace.line.color) else PALETTE[i % len(PALETTE)]
        series.format.line.color.rgb = _rgb("#B8C0C8" if edge else colour)
        series.format.line.width = Pt(0.75 if edge else 2.25)
        series.smooth = False
        _no_marker(series)
    _legend(chart, sum(bool(t.name) for t in fig.data) > 1)
    labels = chart.category_axis.tick_labels
    labels.number_format, labels.number_format_is_linked = "d mmm", False
    _axes(chart, fig.layout.yaxis)
    return chart


def _scatter(slide: Any, fig: Any, box: tuple[int, int, int, int]) -> Any:
    """Dots and interval bars; names of a category axis become labels at the left edge."""
    from pptx.chart.data import XyChartData
    from pptx.enum.chart import XL_CHART_TYPE as T
    from pptx.enum.chart import XL_LABEL_POSITION, XL_TICK_LABEL_POSITION
    from pptx.util import Pt

    places = _places(fig)
    pieces = [(t, xs, ys) for t in fig.data for xs, ys in _segments(t)]
    edge = min((float(x) for _, xs, _ in pieces for x in xs), default=0.0)
    data = XyChartData(number_format=_number_format(fig.layout.xaxis))
    for trace, xs, ys in pieces:
        series = data.add_series(plain(trace.name or ""))
        for x, y in zip(xs, ys, strict=True):
            series.add_data_point(float(x), places.get(str(y), y if isinstance(y, int | float) else 0.0))
    names = data.add_series("")
    for y in places.values():
        names.add_data_point(edge, y)
    chart = slide.shapes.add_chart(T.XY_SCATTER, *box, data).chart
    drawn = list(chart.plots[0].series)
    for series, (trace, _, _) in zip(drawn, pieces, strict=False):
        _dot_or_line(series, trace)
    drawn[-1].format.line.fill.background()
    _no_marker(drawn[-1])
    for j, name in enumerate(places):
        label = drawn[-1].points[j].data_label
        label.text_frame.text = plain(name)
        label.position = XL_LABEL_POSITION.LEFT
        label.text_frame.paragraphs[0].runs[0].font.size = Pt(9)
    _legend(chart, False)
    if places:
        chart.value_axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
        chart.value_axis.has_major_gridlines = False
    _axes(chart, fig.layout.xaxis, chart.category_axis)
    return chart


def _places(fig: Any) -> dict[str, float]:
    axis = fig.layout.yaxis
    if axis.ticktext is not None and axis.tickvals is not None:
        return {plain(str(t)): float(v) for t, v in zip(axis.ticktext, axis.tickvals, strict=True)}
    words = [t.y for t in fig.data if t.y is not None and len(t.y) and isinstance(t.y[0], str)]
    return {name: float(i + 1) for i, name in enumerate(_order(words, axis.categoryarray))}


def _segments(trace: Any) -> list[tuple[list[Any], list[Any]]]:
    """A scatter trace as unbroken pieces: plotly parts interval bars by a missing value."""
    out: list[tuple[list[Any], list[Any]]] = [([], [])]
    for x, y in zip(trace.x if trace.x is not None else [], trace.y if trace.y is not None else [], strict=False):
        if _number(x) is None:
            out.append(([], []))
        else:
            out[-1][0].append(x)
            out[-1][1].append(y)
    return [piece for piece in out if piece[0]]


def _dot_or_line(series: Any, trace: Any) -> None:
    from pptx.enum.chart import XL_MARKER_STYLE
    from pptx.util import Pt

    if "lines" in (trace.mode or "lines"):
        _no_marker(series)
        series.format.line.color.rgb = _rgb(trace.line.color if _is_hex(trace.line.color) else MUTED)
        series.format.line.width = Pt(trace.line.width or 2)
        return
    series.format.line.fill.background()
    series.marker.style, series.marker.size = XL_MARKER_STYLE.CIRCLE, 9
    colours = trace.marker.color
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = _rgb(colours if _is_hex(colours) else UP)
    if colours is not None and not isinstance(colours, str):
        for j, colour in enumerate(colours):
            if _is_hex(colour):
                fill = series.points[j].marker.format.fill
                fill.solid()
                fill.fore_color.rgb = _rgb(colour)


def _no_marker(series: Any) -> None:
    from pptx.enum.chart import XL_MARKER_STYLE

    series.marker.style = XL_MARKER_STYLE.NONE


def _legend(chart: Any, wanted: bool) -> None:
    from pptx.enum.chart import XL_LEGEND_POSITION

    chart.has_title = False
    chart.has_legend = wanted
    if wanted:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False


def _axes(chart: Any, source: Any, axis: Any = None) -> None:
    axis = axis if axis is not None else chart.value_axis
    axis.major_gridlines.format.line.color.rgb = _rgb("#E3E7EB")
    axis.format.line.fill.background()
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = _number_format(source), False
    if source.range is not None and all(_number(v) is not None for v in source.range):
        axis.minimum_scale, axis.maximum_scale = sorted(float(v) for v in source.range)


def _number_format(axis: Any) -> str:
    """The number format of Office that writes ticks as the figure does, K and M included."""
    words = [str(w) for w in (axis.ticktext if axis.ticktext is not None else ())]
    if any(w.endswith("%") for w in words) or "%" in (axis.tickformat or ""):
        return "0%"
    sign = "".join(c for c in (words[-1] if words else "") if not (c.isdigit() or c in "−+-.,KMB万亿 "))
    sign = f'"{sign}"' if sign else ""
    if any(w[-1:] in "KM" for w in words):  # Office scales by thousands only: 万 is written out
        return f'[>=1000000]{sign}0.0,,"M";[>=1000]{sign}0,"K";{sign}#,##0'
    return f"{sign}#,##0.##" if not sign else f"{sign}#,##0"


def _fonts(chart: Any) -> None:
    """Set Latin and East Asian faces for the chart's text; without ``a:ea`` Chinese falls to any font."""
    from pptx.oxml.ns import qn
    from pptx.util import Pt

    chart.font.size, chart.font.name = Pt(11), LATIN
    chart.font.color.rgb = _rgb(INK)
    for properties in chart._chartSpace.iter(qn("a:defRPr")):
        east_asian(properties)


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


def _fill(part: Any, colour: str) -> None:
    part.format.fill.solid()
    part.format.fill.fore_color.rgb = _rgb(colour if _is_hex(colour) else PALETTE[0])


def _rgb(colour: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(colour.lstrip("#").upper())


def _is_hex(colour: Any) -> bool:
    return isinstance(colour, str) and len(colour) == 7 and colour.startswith("#")


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, str):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def plain(text: str) -> str:
    """A figure's text without its markup.

    >>> plain("<b>Sales<br>doubled</b>")
    'Sales doubled'
    """
    for tag in ("<b>", "</b>", "<i>", "</i>"):
        text = text.replace(tag, "")
    return text.replace("<br>", " ").strip()
