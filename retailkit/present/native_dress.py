"""What all native charts wear: legend, axes, faces of their text, fills."""

from __future__ import annotations

from typing import Any

from retailkit.charts.template import INK, PALETTE
from retailkit.present.native_words import LATIN, east_asian, is_hex, number, number_format, rgb, whole_steps


def legend(chart: Any, wanted: bool) -> None:
    """A legend of the named series only: PowerPoint would call the others "Series1"."""
    from pptx.enum.chart import XL_LEGEND_POSITION
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    chart.has_title = False
    chart.has_legend = wanted
    if wanted:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
        for i, series in reversed(list(enumerate(chart.plots[0].series))):
            if not series.name:
                entry = f'<c:legendEntry {nsdecls("c")}><c:idx val="{i}"/><c:delete val="1"/></c:legendEntry>'
                chart.legend._element.insert(1, parse_xml(entry))


def low_labels(chart: Any) -> None:
    """Names of categories at the axis' low end, so that negative bars do not run over them."""
    from pptx.enum.chart import XL_TICK_LABEL_POSITION, XL_TICK_MARK

    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.category_axis.major_tick_mark = XL_TICK_MARK.NONE


def axes(chart: Any, source: Any, least: float | None = None) -> None:
    """The value axis as the figure has it: ends, steps, numbers; hidden where it hides it.

    ``least`` is the smallest value drawn: below the tick under it the figure keeps room for words only.
    """
    axis = chart.value_axis
    axis.major_gridlines.format.line.color.rgb = rgb("#E3E7EB")
    axis.format.line.fill.background()
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = number_format(source), False
    if source.range is not None and all(number(v) is not None for v in source.range):
        axis.minimum_scale, axis.maximum_scale, axis.major_unit = whole_steps(source)
        first = number(source.tickvals[0]) if source.tickvals is not None and len(source.tickvals) else None
        if first is not None and least is not None and first <= least:
            axis.minimum_scale = first
    if source.visible is False:
        axis.visible, axis.has_major_gridlines = False, False


def fonts(chart: Any) -> None:
    """Set Latin and East Asian faces for the chart's text; without ``a:ea`` Chinese falls to any font."""
    from pptx.oxml.ns import qn
    from pptx.util import Pt

    chart.font.size, chart.font.name = Pt(11), LATIN
    chart.font.color.rgb = rgb(INK)
    for properties in chart._chartSpace.iter(qn("a:defRPr")):
        east_asian(properties)


def fill(part: Any, colour: str) -> None:
    """Fill a series or a point; a colour that is none of ours becomes the first of the palette."""
    part.format.fill.solid()
    part.format.fill.fore_color.rgb = rgb(colour if is_hex(colour) else PALETTE[0])
