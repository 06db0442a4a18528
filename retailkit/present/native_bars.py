"""Bars, side by side or stacked, with their intervals and figures -> a native bar chart."""

from __future__ import annotations

from typing import Any

from retailkit.charts.template import MUTED, PALETTE, PAPER
from retailkit.charts.words import choose
from retailkit.present.native_dress import axes, fill, legend, low_labels
from retailkit.present.native_words import LABEL, is_dark, is_hex, number, number_format, order, plain, rgb


def bars_chart(slide: Any, fig: Any, box: tuple[int, int, int, int], lang: str) -> Any:
    """Draw bars into the box; what stands beside them is carried by bars that nobody sees."""
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE as T

    bars, words = ([t for t in fig.data if (t.type == "bar") is wanted] for wanted in (True, False))
    flat = any(t.orientation == "h" for t in bars)
    stacked = fig.layout.barmode in ("stack", "relative")
    axis = fig.layout.yaxis if flat else fig.layout.xaxis
    labels = [(t.y if flat else t.x) for t in bars]
    names = order(labels, axis.categoryarray)
    data = CategoryChartData(number_format=number_format(fig.layout.xaxis if flat else fig.layout.yaxis))
    written = {} if axis.ticktext is None else dict(zip(map(str, axis.tickvals), axis.ticktext, strict=True))
    data.categories = [plain(written.get(n, n)) for n in names]
    for trace, own in zip(bars, labels, strict=True):
        values = dict(zip(map(str, own), trace.x if flat else trace.y, strict=True))
        data.add_series(plain(trace.name or ""), [number(values.get(n)) for n in names])
    beside = _beside(words, names, flat) if len(bars) == 1 else {}
    if beside:
        data.add_series(choose(lang, *LABEL), [beside.get(n, (None, ""))[0] for n in names])
    kinds = {(True, True): T.BAR_STACKED, (True, False): T.BAR_CLUSTERED, (False, True): T.COLUMN_STACKED}
    chart = slide.shapes.add_chart(kinds.get((flat, stacked), T.COLUMN_CLUSTERED), *box, data).chart
    plot = chart.plots[0]
    alone = beside or (len(bars) > 1 and sum(map(len, labels)) == len(names))  # one bar to a name
    plot.gap_width, plot.overlap = 45, 100 if stacked or alone else -5
    for i, (series, trace) in enumerate(zip(plot.series, bars, strict=False)):
        colours = trace.marker.color
        whole = colours if is_hex(colours) else PALETTE[i % len(PALETTE)]
        fill(series, whole)
        by_name = {}
        if colours is not None and not isinstance(colours, str) and len(colours) == len(names):
            by_name = {n: c for n, c in zip(map(str, labels[i]), colours, strict=True) if is_hex(c)}
            for name, colour in by_name.items():
                fill(series.points[names.index(name)], colour)
        under = [by_name.get(name, whole) if stacked else PAPER for name in names]
        _point_labels(series, trace, labels[i], names, under)
        _intervals(series, trace, labels[i], names, flat)
    if beside:
        plot.series[1].format.fill.background()
        for j, name in enumerate(names):
            if name in beside:
                plot.series[1].points[j].data_label.text_frame.text = beside[name][1]
    legend(chart, len(bars) > 1)
    low_labels(chart)
    if axis.ticktext is None and axis.tickvals is not None and 1 < len(axis.tickvals) < len(names):
        _every(chart.category_axis, -(-len(names) // len(axis.tickvals)))
    axes(chart, fig.layout.xaxis if flat else fig.layout.yaxis)
    return chart


def _every(axis: Any, nth: int) -> None:
    """Write every so many names on the axis only, where the figure leaves out the others."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls, qn

    skip = parse_xml(f'<c:tickLblSkip {nsdecls("c")} val="{nth}"/>')
    axis._element.find(qn("c:lblOffset")).addnext(skip)


def _beside(traces: list[Any], names: list[str], flat: bool) -> dict[str, tuple[float, str]]:
    """Figures that stand beside bars, beyond their intervals: name -> place and text."""
    out = {}
    for trace in traces:
        if trace.mode == "text":
            for x, y, text in zip(trace.x, trace.y, trace.text, strict=True):
                name, place = (str(y), number(x)) if flat else (str(x), number(y))
                if name in names and place is not None:
                    out[name] = (place, plain(str(text)))
    return out


def _intervals(series: Any, trace: Any, own: Any, names: list[str], flat: bool) -> None:
    """The interval of each bar as PowerPoint's own error bars."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls, qn

    error = trace.error_x if flat else trace.error_y
    if error.array is None:
        return

    def ends(values: Any) -> str:
        by_name = dict(zip(map(str, own), values, strict=True))
        at = [(j, number(by_name.get(name))) for j, name in enumerate(names)]
        points = "".join(f'<c:pt idx="{j}"><c:v>{v}</c:v></c:pt>' for j, v in at if v is not None)
        return f'<c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="{len(names)}"/>{points}</c:numLit>'

    down = error.array if error.symmetric is not False and error.arrayminus is None else error.arrayminus
    colour = (error.color if is_hex(error.color) else MUTED).lstrip("#")
    series._element.find(qn("c:cat")).addprevious(parse_xml(
        f'<c:errBars {nsdecls("c", "a")}><c:errBarType val="both"/><c:errValType val="cust"/><c:noEndCap val="1"/>'
        f"<c:plus>{ends(error.array)}</c:plus><c:minus>{ends(down)}</c:minus>"
        f'<c:spPr><a:ln w="19050"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></a:ln></c:spPr></c:errBars>'
    ))  # fmt: skip


def _point_labels(series: Any, trace: Any, own: Any, names: list[str], under: list[str]) -> None:
    """Figures at the bars' ends or within them: white where the colour under one is dark."""
    if trace.text is None or isinstance(trace.text, str):
        return
    words = dict(zip(map(str, own), trace.text, strict=True))
    for j, name in enumerate(names):
        if words.get(name):
            frame = series.points[j].data_label.text_frame
            frame.text = plain(str(words[name]))
            if is_dark(under[j]):
                frame.paragraphs[0].runs[0].font.color.rgb = rgb(PAPER)
