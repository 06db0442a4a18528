"""What every chart shares: the template, the frame of words around it, number formats.

How a chart function is written
-------------------------------
It takes the result table that the reader has just seen and returns a figure. It plots money
in major units (``major``), passes its axis through ``money_axis`` or ``date_axis``, and ends
with ``frame``: the title is the *finding*, read from the table; the subtitle gives unit,
merchant and dates; the source stands below. An empty table becomes ``empty``.

>>> import pandas as pd, plotly.graph_objects as go
>>> def weekly_sales(table, *, merchant, period, source="", currency="USD", lang="en"):
...     title = choose(lang, "Sales by week", "每周销售额")
...     if table.empty:
...         return empty(title, choose(lang, "No orders in this period.", "本期没有订单。"), lang=lang)
...     sales = major(table["net_amount"], currency)
...     fig = go.Figure(go.Scatter(x=table["week"], y=sales, name="sales", line_color=ACCENT))
...     fig.update_xaxes(date_axis(lang))
...     fig.update_yaxes(money_axis(0, sales.max(), currency, lang))
...     best = money(table["net_amount"].max(), currency, lang)
...     title = choose(lang, f"The best week sold {best}", f"最好的一周售出{best}")
...     return frame(fig, title, f"{currency} · {merchant} · {period}", source, lang=lang)
>>> weeks = pd.DataFrame({"week": ["2017-01-02", "2017-01-09"], "net_amount": [1_200_000, 1_900_000]})
>>> fig = weekly_sales(weeks, merchant="367", period="January 2017", source="orders")
>>> fig.layout.title.text
'<b>The best week sold $19.0K</b>'
>>> weekly_sales(weeks.head(0), merchant="367", period="").layout.title.text
'<b>Sales by week</b>'
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio

from retailkit.charts.numbers import (
    date_axis,
    major,
    missing,
    money,
    money_axis,
    number,
    number_axis,
    percent,
    percent_axis,
    ticks,
)
from retailkit.charts.words import choose, text_width, wrap

__all__ = [
    "ACCENT", "DOWN", "FONT", "GOLD", "GREEN", "GREY", "GRID", "HEIGHT", "INK", "MUTED", "PALE", "PALETTE", "PAPER",
    "ROSE", "SKY", "TOTAL", "UNSURE", "UP", "WARM", "WIDTH", "WINE",
    "choose", "date_axis", "empty", "frame", "interval", "major", "missing", "money", "money_axis", "number",
    "number_axis", "percent", "percent_axis", "shade", "text_width", "ticks", "wrap",
]  # fmt: skip

WIDTH, HEIGHT = 960, 540
FONT = (
    "Noto Sans CJK SC, Source Han Sans SC, Noto Sans SC, PingFang SC, Microsoft YaHei, "
    "Helvetica Neue, Arial, sans-serif"
)
INK, MUTED, GRID, PAPER = "#22303C", "#66727F", "#E3E7EB", "#FFFFFF"
ACCENT, WARM, GREEN, GOLD, WINE, SKY, ROSE, GREY = (
    "#2A6496", "#E07B39", "#5DB8A0", "#E8C95A", "#7A2F4E", "#85BEE0", "#C2506E", "#A3ABB3",
)  # fmt: skip
PALETTE = (ACCENT, WARM, GREEN, WINE, SKY, GOLD, ROSE, GREY)
UP, DOWN, TOTAL, UNSURE = ACCENT, WARM, "#4A5763", GREY
"""Rises, falls, totals of a waterfall, and what cannot be told from zero."""
PALE = {"programme": "rgba(42,100,150,0.10)", "festival": "rgba(217,178,61,0.22)", "event": "rgba(102,114,127,0.12)"}

_SIDE = 28  # pixels between the picture's edge and its words


def interval(
    low: Sequence[float], value: Sequence[float], high: Sequence[float], at: Sequence[Any],
    *, colour: str | Sequence[str] = ACCENT, horizontal: bool = True, name: str = "",
    hover: Sequence[str] | None = None,
) -> list[go.Scatter]:  # fmt: skip
    """Return traces of dots with interval bars, one per place of ``at`` (a forest plot when horizontal)."""
    colours = [colour] * len(at) if isinstance(colour, str) else list(colour)
    bars = []
    for shade_ in dict.fromkeys(colours):
        ends: list[Any] = []
        places: list[Any] = []
        for lo, hi, place, own in zip(low, high, at, colours, strict=True):
            if own == shade_ and not (missing(lo) or missing(hi)):
                ends, places = [*ends, lo, hi, None], [*places, place, place, None]
        across, up = (ends, places) if horizontal else (places, ends)
        bars.append(
            go.Scatter(
                x=across,
                y=up,
                mode="lines",
                line={"color": shade_, "width": 5},
                opacity=0.35,
                hoverinfo="skip",
                showlegend=False,
            )
        )
    x, y = (value, at) if horizontal else (at, value)
    dots = go.Scatter(
        x=list(x), y=list(y), mode="markers", name=name, showlegend=bool(name), cliponaxis=False,  # whole on the axis too
        marker={"color": colours, "size": 11, "line": {"color": PAPER, "width": 1.5}},
        hovertext=None if hover is None else list(hover), hoverinfo="text" if hover is not None else None,
    )  # fmt: skip
    return [*bars, dots]


def shade(fig: go.Figure, start: Any, end: Any, label: str = "", kind: str = "event") -> go.Figure:
    """Shade days behind the data: a programme named at the top, other days at the foot."""
    place = "top left" if kind == "programme" else "bottom center"
    fig.add_shape(
        type="rect", x0=str(start), x1=str(end), y0=0, y1=1, yref="paper", layer="below",
        line_width=0, fillcolor=PALE[kind],
        label={"text": label, "textposition": place, "font": {"size": 11, "color": MUTED}} if label else None,
    )  # fmt: skip
    return fig


def frame(
    fig: go.Figure, title: str, subtitle: str = "", source: str = "",
    *, lang: str = "en", left: float | None = None, right: float = 36, bottom: float = 0,
    width: int = WIDTH, height: int = HEIGHT,
) -> go.Figure:  # fmt: skip
    """Lay the finding above the chart, unit, merchant and dates under it, the source below; return the figure.

    The left margin follows the longest label of a category axis unless ``left`` is given;
    ``right`` leaves room for labels at line ends, ``bottom`` adds room for an axis title or
    long tick labels. ``width`` and ``height`` are the size the words are laid out for.
    """
    room = width - 2 * _SIDE
    head = wrap(title, room, 21)
    sub = wrap(subtitle, room, 13) if subtitle else []
    foot = wrap(choose(lang, "Source: ", "来源：") + source, room, 11) if source else []
    margin = _label_width(fig) if left is None else left
    legend = _legend_rows(fig, width - margin - right)
    top = 18 + 27 * len(head) + 19 * len(sub) + 12 + 24 * legend + _top_tick(fig)
    low = 50 + bottom + (14 * len(foot) + 10 if foot else 0)
    fig.update_layout(
        template=pio.templates["retailkit"], width=None, height=height, autosize=True,
        margin={"t": top, "b": low, "l": margin, "r": right, "pad": 0},
        title={
            "text": "<b>" + "<br>".join(head) + "</b>",
            "x": 0, "xref": "container", "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top",
            "pad": {"l": _SIDE, "t": 16 if len(head) == 1 else 30},  # plotly hangs a title by its middle
        },
        showlegend=legend > 0,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "bottom",
                "y": 1 + 6 / max(height - top - low, 80)},
    )  # fmt: skip
    if sub:
        _words_at(fig, "<br>".join(sub), 13, x=_SIDE - 2 - margin, y=top - 18 - 27 * len(head), above=True)
    if foot:
        _words_at(fig, "<br>".join(foot), 11, x=_SIDE - 2 - margin, y=10 - low, above=False)
    return fig


def _words_at(fig: go.Figure, text: str, size: int, *, x: float, y: float, above: bool) -> None:
    fig.add_annotation(
        text=text, showarrow=False, align="left", font={"size": size, "color": MUTED},
        name="subtitle" if above else "source",
        xref="paper", yref="paper", x=0, y=1 if above else 0, xshift=x, yshift=y,
        xanchor="left", yanchor="top" if above else "bottom",
    )  # fmt: skip


def _top_tick(fig: go.Figure) -> int:
    """Pixels that an upright axis of figures needs so that its highest one does not run into the words above."""
    ends = [(a.tickvals, a.range) for a in fig.select_yaxes() if a.tickvals is not None and a.range is not None]
    return 10 if any(len(at) and at[-1] == span[1] for at, span in ends) else 0


def _legend_rows(fig: go.Figure, room: float) -> int:
    if fig.layout.showlegend is False:
        return 0
    named = [t for t in fig.data if t.name and t.showlegend is not False and "showlegend" in t]
    if len(named) < 2 and not (fig.layout.showlegend and named):
        return 0
    widths = [60 + text_width(t.name, 12) for t in named]
    if sum(widths) <= room:
        return 1
    # plotly breaks a legend into columns as wide as its widest entry
    return math.ceil(len(widths) / max(int(room // max(widths)), 1))


def _label_width(fig: go.Figure) -> float:
    texts = [str(v) for t in fig.data if "y" in t and t.y is not None for v in np.ravel(t.y) if isinstance(v, str)]
    texts += [str(v) for axis in fig.select_yaxes() for v in (axis.ticktext if axis.ticktext is not None else ())]
    lines = [line for text in texts for line in text.split("<br>") if not text[:4].isdigit() or len(text) < 8]
    widest = max((text_width(line, 12) for line in lines), default=30)
    titled = any(axis.title.text for axis in fig.select_yaxes())
    return min(max(widest + 26, 60), 300) + (18 if titled else 0)


def empty(title: str, sentence: str, *, lang: str = "en", height: int = 240) -> go.Figure:
    """Return a figure that says in one sentence why there is nothing to show."""
    fig = go.Figure()
    fig.update_xaxes(visible=False).update_yaxes(visible=False)
    frame(fig, title, lang=lang, height=height, left=_SIDE)
    fig.add_annotation(
        text="<br>".join(wrap(sentence, WIDTH - 160, 15)), showarrow=False, font={"size": 15, "color": MUTED},
        x=0.5, y=0.5, xref="paper", yref="paper", name="empty",
    )  # fmt: skip
    return fig


def _template() -> go.layout.Template:
    axis = {
        "gridcolor": GRID, "linecolor": "#B8C0C8", "tickcolor": "#B8C0C8",
        "zerolinecolor": "#B8C0C8", "zerolinewidth": 1,
        "tickfont": {"color": MUTED, "size": 12}, "title": {"font": {"color": MUTED, "size": 12}, "standoff": 8},
        "automargin": False, "ticklen": 4, "ticklabelstandoff": 4,
    }  # fmt: skip
    layout = go.Layout(
        font={"family": FONT, "size": 12, "color": INK},
        title={"font": {"size": 21, "color": INK}},
        colorway=list(PALETTE), paper_bgcolor=PAPER, plot_bgcolor=PAPER,
        xaxis={**axis, "showgrid": False, "showline": True, "zeroline": False},
        yaxis={**axis, "showgrid": True},
        colorscale={
            "sequential": [[0, "#F2F6FA"], [0.5, "#85BEE0"], [1, "#1D4A70"]],
            "diverging": [[0, DOWN], [0.5, "#F4F4F2"], [1, UP]],
        },
        legend={"font": {"color": INK, "size": 12}, "itemsizing": "constant", "traceorder": "normal"},
        hoverlabel={"font": {"family": FONT, "size": 12}, "bgcolor": PAPER, "bordercolor": GRID},
        bargap=0.32, separators=".,",
    )  # fmt: skip
    return go.layout.Template(layout=layout)


pio.templates["retailkit"] = _template()  # a name in plotly's registry; the default stays as it was
