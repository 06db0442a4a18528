"""A saved plotly figure -> a native, editable PowerPoint chart, where one exists.

Bars, stacked bars, lines, waterfalls (as stacked bars) and scatter plots with their interval
bars are drawn natively; ``kind`` says None for the rest (heat maps, flows, trees of boxes),
which a deck shows as pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from retailkit.charts.template import PALETTE, UP
from retailkit.charts.words import choose
from retailkit.present.native_bars import bars_chart
from retailkit.present.native_dress import axes, fill, fonts, legend, low_labels
from retailkit.present.native_scatter import no_marker, scatter, segments
from retailkit.present.native_words import LABEL, is_hex, number, number_format, plain, rgb, width

_PARTS = (("base", "底"), ("total", "合计"), ("up", "增"), ("down", "减"), LABEL)
_ROOM = 0.06  # of a waterfall's height: the unseen bar on top of each, at whose foot its figure stands
_MOST = 60  # series of a native scatter; more are better seen as a picture
_ROWS, _LONG = 10, 24  # names beside a scatter, and letters of the longest, that still fit
_BROKEN = 20  # letters of a figure beside a bar, a Chinese one counted twice, that PowerPoint leaves on one line


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
    if "log" in (fig.layout.xaxis.type, fig.layout.yaxis.type):  # bars that start at nothing have no place there
        return None
    if types == {"waterfall"}:  # an unseen base cannot carry a bar across zero
        return "waterfall" if min(low for low, *_ in _steps(fig.data[0])) >= 0 else None
    if "bar" in types and types <= {"bar", "scatter"} and not _dated(fig.data[0].x):
        return None if any(_wordy(t) for t in fig.data) else "bars"
    if types == {"scatter"} and all(_dated(t.x) for t in fig.data):
        return None if _marked(fig) else "lines"
    if (
        types == {"scatter"}
        and fig.layout.xaxis.visible is not False  # words in columns, not figures along an axis
        and not _named(fig)
        and not any("text" in (t.mode or "") for t in fig.data)  # PowerPoint sets no label where there is room for it
        and sum(len(segments(t)) for t in fig.data) <= _MOST
        and not _crowded(fig)
        and not _told_beside(fig)
    ):
        return "scatter"
    return None


def _marked(fig: Any) -> bool:
    """Days marked by a line across the figure: they are its finding, and PowerPoint's lines know no marks."""
    return any(s.type == "line" and s.x0 == s.x1 for s in fig.layout.shapes)


def _named(fig: Any) -> bool:
    """Names along the x axis: PowerPoint's scatter has numbers there only."""
    return any(isinstance(x, str) for t in fig.data if t.x is not None for x in t.x)


def _told_beside(fig: Any) -> bool:
    """Figures in a column beside the rows, or intervals as error bars: a native scatter would lose both."""
    return any(a.yref == "y" and a.xref == "paper" for a in fig.layout.annotations) or any(
        t.error_x.array is not None or t.error_y.array is not None for t in fig.data
    )


def _wordy(trace: Any) -> bool:
    """Long figures beside many bars are broken into lines there and run into each other."""
    told = trace.text if trace.text is not None and not isinstance(trace.text, str) else ()
    return len(told) > _ROWS and max(width(plain(str(text))) for text in told) > _BROKEN


def _crowded(fig: Any) -> bool:
    """Many long names beside a scatter run into each other in PowerPoint: better a picture."""
    axis = fig.layout.yaxis.ticktext if fig.layout.yaxis.ticktext is not None else ()
    named = {str(v) for t in fig.data if t.y is not None for v in t.y if isinstance(v, str)}
    labels = [plain(str(v)) for v in (*axis, *named)]
    return len(labels) > _ROWS and max(map(len, labels)) > _LONG


def add_chart(slide: Any, fig: Any, box: tuple[int, int, int, int], lang: str = "en") -> Any:
    """Draw a figure as a native chart into the box (left, top, width, height in EMU); return the chart.

    ``lang`` is that of the few words that the figure does not bring: days on the axis, the data sheet of a waterfall.

    Raises
    ------
    ValueError
        If the figure has no native form, see ``kind``.
    """
    draw: dict[str, Callable[..., Any]] = {
        "bars": partial(bars_chart, lang=lang), "waterfall": partial(_waterfall, lang=lang), "lines": partial(_lines, lang=lang),
        "scatter": scatter,
    }  # fmt: skip
    how = kind(fig)
    if how is None:
        raise ValueError("this figure has no native form in PowerPoint: show it as a picture")
    chart = draw[how](slide, fig, box)
    if how == "scatter":
        legend(chart, sum(bool(t.name) for t in fig.data) > 1)
    fonts(chart)
    return chart


def _dated(values: Any) -> bool:
    if values is None or not len(values):
        return False
    first = values[0]
    return isinstance(first, date | np.datetime64) or (
        isinstance(first, str) and len(first) >= 10 and first[4:5] == "-" and first[7:8] == "-"
    )


def _waterfall(slide: Any, fig: Any, box: tuple[int, int, int, int], lang: str) -> Any:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE as T
    from pptx.enum.chart import XL_LABEL_POSITION

    trace = fig.data[0]
    flat = trace.orientation == "h"
    names = trace.y if flat else trace.x
    rows = _steps(trace)
    data = CategoryChartData(number_format=number_format(fig.layout.yaxis))
    data.categories = [plain(str(n)) for n in names]
    room = _ROOM * max(sum(row) for row in rows)
    for name, column in zip(_PARTS, [*zip(*rows, strict=True), [room] * len(rows)], strict=True):
        data.add_series(choose(lang, *name), column)
    chart = slide.shapes.add_chart(T.COLUMN_STACKED, *box, data).chart
    chart.plots[0].gap_width, chart.plots[0].overlap = 40, 100
    down = getattr(trace.decreasing.marker, "color", None) or PALETTE[1]
    for series, colour in zip(chart.plots[0].series, (None, "#4A5763", UP, down, None), strict=True):
        series.format.fill.background() if colour is None else fill(series, colour)
    if trace.text is not None and not isinstance(trace.text, str):
        for j, text in enumerate(trace.text):
            label = chart.plots[0].series[4].points[j].data_label
            label.text_frame.text, label.position = plain(str(text)), XL_LABEL_POSITION.INSIDE_BASE
    legend(chart, False)
    axes(chart, fig.layout.yaxis)
    return chart


def _steps(trace: Any) -> list[tuple[float, float, float, float]]:
    """Base, total, rise and fall of each bar of a waterfall."""
    values = trace.x if trace.orientation == "h" else trace.y
    measures = trace.measure if trace.measure is not None else ["relative"] * len(values)
    rows: list[tuple[float, float, float, float]] = []
    level = 0.0
    for value, measure in zip(values, measures, strict=True):
        before = level
        whole = measure in ("total", "absolute")
        level = (before if measure == "total" and not value else float(value)) if whole else before + float(value)
        low, high = (min(0.0, level), max(0.0, level)) if whole else (min(before, level), max(before, level))
        size = high - low
        rise = 0 if whole or level < before else size
        fall = size if not whole and level < before else 0
        rows.append((low, size if whole else 0, rise, fall))
    return rows


def _lines(slide: Any, fig: Any, box: tuple[int, int, int, int], lang: str) -> Any:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE as T
    from pptx.util import Pt

    days = sorted({pd.Timestamp(str(v)).date() for t in fig.data for v in t.x})
    data = CategoryChartData(number_format=number_format(fig.layout.yaxis))
    data.categories = days
    for trace in fig.data:
        values = {pd.Timestamp(str(x)).date(): y for x, y in zip(trace.x, trace.y, strict=True)}
        data.add_series(plain(trace.name or ""), [number(values.get(d)) for d in days])
    chart = slide.shapes.add_chart(T.LINE, *box, data).chart
    for i, (series, trace) in enumerate(zip(chart.plots[0].series, fig.data, strict=True)):
        edge = (trace.line.width == 0) or trace.fill is not None  # a band's edges stay as thin lines
        colour = trace.line.color if is_hex(trace.line.color) else PALETTE[i % len(PALETTE)]
        series.format.line.color.rgb = rgb("#B8C0C8" if edge else colour)
        series.format.line.width = Pt(0.75 if edge else 2.25)
        series.smooth = False
        no_marker(series)
    legend(chart, sum(bool(t.name) for t in fig.data) > 1)
    low_labels(chart)
    labels = chart.category_axis.tick_labels
    labels.number_format, labels.number_format_is_linked = choose(lang, "d mmm", 'm"月"d"日"'), False
    _tick_days(chart.category_axis, (days[-1] - days[0]).days)
    drawn = [v for t in fig.data for v in map(number, t.y) if v is not None]
    axes(chart, fig.layout.yaxis, min(drawn, default=None))
    return chart


def _tick_days(axis: Any, span: int) -> None:
    """Ticks about eight to the axis: by days, by weeks, by months."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls, qn

    unit, time = (max(1, span // 56) * 7, "days") if span <= 120 else (max(1, span // 240), "months")
    unit = max(1, span // 8) if span < 28 else unit
    after = axis._element.find(qn("c:lblOffset"))
    for xml in (f'<c:majorTimeUnit {nsdecls("c")} val="{time}"/>', f'<c:majorUnit {nsdecls("c")} val="{unit}"/>'):
        for old in axis._element.findall(qn(xml.split()[0][1:])):
            axis._element.remove(old)
        base = axis._element.find(qn("c:baseTimeUnit"))
        (base if base is not None else after).addnext(parse_xml(xml))
