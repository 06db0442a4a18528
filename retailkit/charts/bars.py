"""Lying bars of money with their words behind them, and an interval where there is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from retailkit.charts.numbers import major, money_axis
from retailkit.charts.template import ACCENT, INK
from retailkit.charts.words import text_width

PLOT = 560  # pixels that bars and the words behind them share, about


def money_bars(
    names: Sequence[str], minor: Sequence[float], words: Sequence[str], currency: str, lang: str = "en",
    low: Sequence[float] | None = None, high: Sequence[float] | None = None,
) -> go.Figure:  # fmt: skip
    """Bars from the bottom up, one per name, for amounts in minor units; ``words`` stand behind each bar.

    The axis leaves room for the longest words. Intervals with an empty end are not drawn.
    """
    value = np.asarray(major(np.asarray(minor, float), currency), float)
    ends = [value if e is None else np.asarray(major(np.asarray(e, float), currency), float) for e in (low, high)]
    below, above = (np.where(np.isfinite(e), e, value) for e in ends)
    fig = go.Figure(go.Bar(x=value, y=list(names), orientation="h", marker_color=ACCENT, hoverinfo="skip"))
    if high is not None:
        fig.data[0].error_x = {
            "type": "data", "symmetric": False, "array": above - value, "arrayminus": value - below, "color": INK,
            "thickness": 1, "width": 3,
        }  # fmt: skip
    fig.add_trace(
        go.Scatter(
            x=np.maximum(above, 0), y=list(names), mode="text", text=[f" {w}" for w in words], hoverinfo="skip",
            textposition="middle right", textfont={"color": INK}, cliponaxis=False, showlegend=False,
        )
    )  # fmt: skip
    most = float(max(above.max(), 0.0)) or 1.0
    room = max(text_width(w, 12) for w in words) + 16
    fig.update_xaxes(money_axis(min(float(below.min()), 0.0), most, currency, lang), showgrid=True)
    fig.update_xaxes(range=[min(float(below.min()), 0.0), most * PLOT / max(PLOT - room, PLOT / 3)])
    fig.update_yaxes(type="category", showgrid=False, tickfont={"color": INK})
    return fig
