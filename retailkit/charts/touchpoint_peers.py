"""Figure of the touchpoints chapter: what is operated and what neglected, beside the peers."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import ACCENT, GREY, INK, WARM, choose, empty, frame, interval, percent_axis
from retailkit.charts.touchpoints import titles

_COLOURS = {"operated": ACCENT, "like its peers": GREY, "neglected": WARM}


def peers(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Dots: conversion of each touchpoint with its interval, beside the peers' median. Table: potential, one merchant."""
    title = choose(lang, "Operated or neglected", "运营与忽视")
    rows = table[table["verdict"].isin(_COLOURS)].sort_values("conversion")
    if rows.empty:
        text = choose(lang, "No rate here that peers could be compared with.", "没有可与同行比较的转化率。")
        return empty(title, text, lang=lang)
    names = titles(rows)
    said = {
        "operated": choose(lang, "above its peers", "优于同行"),
        "like its peers": choose(lang, "like its peers", "与同行相当"),
        "neglected": choose(lang, "below its peers", "低于同行"),
    }
    fig = go.Figure()
    for verdict, colour in _COLOURS.items():
        mine = (rows["verdict"] == verdict).to_numpy()
        if mine.any():
            own = rows[mine]
            for trace in interval(
                own["low"], own["conversion"], own["high"], [n for n, m in zip(names, mine, strict=True) if m],
                colour=colour, name=said[verdict],
            ):  # fmt: skip
                fig.add_trace(trace)
    fig.add_trace(go.Scatter(
        x=rows["peers"], y=names, mode="markers", name=choose(lang, "median of the peers", "同行中位数"),
        marker={"symbol": "line-ns-open", "size": 15, "color": INK, "line": {"width": 2}}, hoverinfo="skip",
    ))  # fmt: skip
    fig.update_xaxes(percent_axis(0, float(max(rows["high"].max(), rows["peers"].max(), 0.01))), showgrid=True)
    fig.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK})
    weak = int((rows["verdict"] == "neglected").sum())
    title = choose(
        lang, f"{weak} of {len(rows)} touchpoints convert{'s' * (weak == 1)} below the peers" if weak else
        "No touchpoint converts below the peers", f"{len(rows)}个触点中{weak}个低于同行" if weak else "没有触点低于同行",
    )  # fmt: skip
    sub = choose(
        lang, "Buyers within the look-back / persons reached, 90% interval", "回溯期内购买人数／触达人数，90%区间"
    )
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=240 + 34 * len(rows))
