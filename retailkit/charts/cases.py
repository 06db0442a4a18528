"""Figure of the case cards: actual against counterfactual weekly sales, one small panel per case."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import (
    ACCENT,
    MUTED,
    PALE,
    choose,
    empty,
    frame,
    major,
    money_axis,
    percent,
    wrap,
)


def cases(
    weeks: pd.DataFrame, cards: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
    currency: str = "USD",
) -> go.Figure:  # fmt: skip
    """One panel per case: weekly mean daily sales, actual and what the donors say without the programme.

    ``weeks`` has one row per case and week (``merchant, week, phase, actual, counterfactual, low,
    high``, minor units), ``cards`` one row per case with its title and effect.
    """
    title = choose(lang, "Cases", "案例")
    if weeks.empty:
        return empty(title, choose(lang, "There is no case to show.", "没有可展示的案例。"), lang=lang)
    from plotly.subplots import make_subplots

    order = [r for r in cards.itertuples() if r.merchant in set(weeks["merchant"])]
    fig = make_subplots(rows=1, cols=len(order), horizontal_spacing=0.09)
    for i, card in enumerate(order, 1):
        own = weeks[weeks["merchant"] == card.merchant].sort_values(["week", "phase"]).tail(40)
        _panel(fig, own, i, currency, lang)
    sure = [c for c in order if c.answer == "raised"]
    if sure:
        best = max(sure, key=lambda c: c.low)
        title = choose(
            lang, f"{best.title}: {percent(best.effect, signed=True)} by the programme, at least {percent(best.low, signed=True)}",
            f"{best.title}：项目带来{percent(best.effect, signed=True)}，至少{percent(best.low, signed=True)}",
        )  # fmt: skip
    else:
        title = choose(lang, "No case stands: every effect may be noise", "没有成立的案例：各效应都可能是噪声")
    sub = choose(
        lang, "Weekly mean daily sales, actual (line) and without the programme (dashed, 90% band)",
        "每周日均销售额：实际（实线）与无项目（虚线，90%区间）",
    )  # fmt: skip
    if len(order) > 1:
        sub += choose(lang, "; scales differ", "；各图刻度不同")
    frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, left=66, height=420)
    for i, card in enumerate(order, 1):
        axis = fig.layout["xaxis" if i == 1 else f"xaxis{i}"].domain
        lines = wrap(card.title, (axis[1] - axis[0]) * 820, 12)
        fig.add_annotation(
            text="<b>" + "<br>".join(lines[:2]) + "</b>", x=axis[0], y=1, xref="paper", yref="paper", xanchor="left",
            yanchor="bottom", showarrow=False, font={"size": 12}, align="left", name="panel",
        )  # fmt: skip
    fig.update_layout(margin_t=fig.layout.margin.t + 34)
    for note in fig.layout.annotations:
        if note.name == "subtitle":
            note.yshift = note.yshift + 34
    return fig


def _panel(fig: Any, own: pd.DataFrame, col: int, currency: str, lang: str) -> None:
    week = pd.to_datetime(own["week"]).dt.strftime("%Y-%m-%d")
    low, high = major(own["low"], currency), major(own["high"], currency)
    fig.add_trace(
        go.Scatter(x=week, y=high, mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False), 1, col
    )
    fig.add_trace(go.Scatter(
        x=week, y=low, mode="lines", line={"width": 0}, fill="tonexty", fillcolor=PALE["event"], hoverinfo="skip",
        showlegend=False,
    ), 1, col)  # fmt: skip
    for column, style in (
        ("counterfactual", {"color": MUTED, "width": 2, "dash": "dash"}), ("actual", {"color": ACCENT, "width": 2.4})
    ):  # fmt: skip
        values = major(own[column], currency)
        fig.add_trace(go.Scatter(x=week, y=values, mode="lines", line=style, showlegend=False), 1, col)
    inside = week[own["phase"].to_numpy() == "programme"]
    if len(inside):
        fig.add_vrect(
            x0=inside.min(), x1=week.max(), fillcolor=PALE["programme"], line_width=0, layer="below", row=1, col=col
        )
    top = max(float(major(own[["actual", "high"]].max().max(), currency)), 1.0)
    fig.update_yaxes(
        money_axis(0, min(top, 1.6 * float(major(own["actual"].max(), currency)) or top), currency, lang, 4),
        row=1,
        col=col,
    )
    fig.update_xaxes(
        type="date", nticks=4, tickformat=choose(lang, "%b\n%Y", "%-m月\n%Y年"), showgrid=False, row=1, col=col
    )
