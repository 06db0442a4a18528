"""Figures of the cohort report: pooled against partially pooled, and what worked across merchants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.cohort import starred
from retailkit.charts.template import (
    ACCENT,
    GREY,
    INK,
    MUTED,
    PALETTE,
    PAPER,
    UNSURE,
    WARM,
    choose,
    empty,
    frame,
    interval,
    percent,
    percent_axis,
)
from retailkit.charts.words import aside, labelled

_ROW = 26  # pixels of height per line
READING_COLOURS = {"common": ACCENT, "one industry": PALETTE[2], "single merchants": WARM, "cannot tell": UNSURE}
_KINDS = {
    "customer": ("customers", "顾客"), "factor": ("factors", "因素"), "format": ("formats", "业态"),
    "touchpoint": ("touchpoints", "触点"),
}  # fmt: skip
_READINGS = {"common": "共同", "one industry": "行业特有", "single merchants": "个别商户", "cannot tell": "无法判断"}


def industries(
    table: pd.DataFrame, groups: pd.DataFrame, pooled: Mapping[str, float],
    *, merchant: str, period: str, source: str = "", lang: str = "en", names: Mapping[str, str] | None = None,
) -> go.Figure:  # fmt: skip
    """Each merchant alone (open), partially pooled (filled, with its interval), by industry; the cohort as a band.

    ``table`` is the league, ``groups`` has one row per industry, ``pooled`` the cohort;
    ``names`` gives industries' titles.
    """
    known = table.dropna(subset=["effect", "shrunk"])
    title = choose(lang, "Pooled and partially pooled effects", "合并与部分合并的效应")
    if known.empty:
        return empty(title, choose(lang, "No merchant has an estimated effect.", "没有商户有效应估计。"), lang=lang)
    if len(known) == 1:
        alone = choose(
            lang, "One merchant alone has an estimate: there is nothing to pool.", "只有一家商户有估计：无从合并。"
        )
        return empty(title, alone, lang=lang)
    names = names or {}
    labels: list[str] = []
    places: dict[str, float] = {}
    heads: list[tuple[float, Any]] = []
    for group in groups.itertuples():
        own = known[known["industry"].fillna("") == group.industry].sort_values("shrunk", ascending=False)
        heads.append((-len(labels), group))
        labels.append(f"<b>{names.get(group.industry, group.industry) or choose(lang, 'all', '全部')}</b>")
        for row, label in zip(own.itertuples(), starred(own), strict=True):
            places[row.merchant] = -len(labels)
            labels.append(label)
    at = [places[m] for m in known["merchant"]]
    fig = go.Figure(_band(pooled, len(labels), lang))
    words = [labelled(r.title, percent(r.shrunk, signed=True), lang) for r in known.itertuples()]
    for trace in interval(known["shrunk_low"], known["shrunk"], known["shrunk_high"], at, hover=words):
        fig.add_trace(trace)
    fig.data[-1].update(name=choose(lang, "partially pooled", "部分合并"), showlegend=True)
    fig.add_trace(go.Scatter(
        x=known["effect"], y=at, mode="markers", name=choose(lang, "merchant alone", "单独估计"),
        marker={"symbol": "circle-open", "size": 10, "color": MUTED, "line": {"width": 1.8}},
        hovertext=[labelled(r.title, percent(r.effect, signed=True), lang) for r in known.itertuples()], hoverinfo="text",
    ))  # fmt: skip
    fig.add_trace(go.Scatter(
        x=[g.effect for _, g in heads], y=[y for y, _ in heads], mode="markers", name=choose(lang, "industry", "行业"),
        marker={"symbol": "diamond", "size": 12, "color": INK, "line": {"color": PAPER, "width": 1}},
        error_x={"type": "data", "symmetric": False, "color": INK, "thickness": 1.4, "width": 0,
                 "array": [g.high - g.effect for _, g in heads], "arrayminus": [g.effect - g.low for _, g in heads]},
        hoverinfo="skip",
    ))  # fmt: skip
    low = min(known[["effect", "shrunk_low"]].min().min(), groups["low"].min(), 0)
    high = max(known[["effect", "shrunk_high"]].max().max(), groups["high"].max(), 0)
    fig.add_vline(x=0, line_color=INK, line_width=1, layer="below")
    fig.update_xaxes(percent_axis(low, high, signed=True), showgrid=True, gridcolor="#EEF1F4")
    fig.update_yaxes(
        tickmode="array", tickvals=[-i for i in range(len(labels))], ticktext=labels, showgrid=False, zeroline=False,
        range=[-len(labels) + 0.3, 0.7], tickfont={"color": INK},
    )  # fmt: skip
    sub = choose(
        lang, "Programme's effect; 90% intervals; the band is the pooled effect", "项目效应；90%区间；色带为合并效应"
    )
    if starred(known) != known["title"].tolist():
        sub += choose(lang, "; *: barred by a guard", "；*：检验未通过")
    height = 230 + _ROW * len(labels)
    return frame(
        fig, _industry_title(groups, names, lang), f"{sub} · {merchant} · {period}", source, lang=lang, height=height
    )


def _band(pooled: Mapping[str, float], rows: int, lang: str) -> list[go.Scatter]:
    if pooled["low"] != pooled["low"]:
        return []
    x = [pooled["low"], pooled["high"], pooled["high"], pooled["low"], pooled["low"]]
    y = [0.7, 0.7, -rows + 0.3, -rows + 0.3, 0.7]
    return [
        go.Scatter(
            x=x, y=y, mode="lines", line={"width": 0}, fill="toself", fillcolor="rgba(42,100,150,0.10)", hoverinfo="skip",
            showlegend=True, name=choose(lang, "all merchants pooled", "全部合并"),
        )
    ]  # fmt: skip


def _industry_title(groups: pd.DataFrame, names: Mapping[str, str], lang: str) -> str:
    apart = groups[(groups["lead_low"] > 0) | (groups["lead_high"] < 0)]
    if len(groups) < 2:
        return choose(
            lang, "One industry only: merchants are drawn to the cohort's mean by their noise",
            "只有一个行业：各商户按噪声大小向均值收缩",
        )  # fmt: skip
    if apart.empty:
        return choose(
            lang, f"No industry of {len(groups)} stands apart from the cohort by more than its noise",
            f"{len(groups)}个行业中没有一个与整体的差别超出噪声",
        )  # fmt: skip
    who = choose(lang, ", ", "、").join(names.get(i, i) for i in apart["industry"])
    return choose(lang, f"Apart from the cohort by more than noise: {who}", f"与整体的差别超出噪声：{who}")


def worked(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
    names: Mapping[str, str] | None = None, most: int = 18,
) -> go.Figure:  # fmt: skip
    """Forest of what worked: each thing's mean part of the gain over merchants with its interval, coloured by reading.

    ``table`` has one row per thing (``kind, thing, merchants, rose, mean, low, high, reading``); the
    ``most`` with the largest parts are drawn, kind by kind; ``names`` gives things' titles.
    """
    title = choose(lang, "What worked across merchants", "各商户共同有效的做法")
    known = table.dropna(subset=["low"])
    if known.empty:
        words = choose(
            lang, "Fewer than three merchants have a gain that can be taken apart.", "可拆解增量的商户不足三家。"
        )
        return empty(title, words, lang=lang)
    told = len(known)
    biggest = known["mean"].abs().nlargest(most).index
    known = known.loc[biggest].sort_values(["kind", "mean"], ascending=[True, False], kind="stable", ignore_index=True)
    fig = go.Figure()
    titles = [(names or {}).get(t, t) for t in known["thing"]]
    marks, at = list[str](), list[float]()
    for i, (title_of, row) in enumerate(zip(titles, known.itertuples(), strict=True)):
        if not i or row.kind != known["kind"][i - 1]:
            marks.append(f"<b>{choose(lang, *_KINDS.get(row.kind, (row.kind, row.kind)))}</b>")
        at.append(-len(marks))
        marks.append(aside(title_of, f"{row.rose}/{row.merchants}", lang))
    colours = [READING_COLOURS[r] for r in known["reading"]]
    hover = [
        labelled((names or {}).get(r.thing, r.thing), percent(r.mean, signed=True), lang) for r in known.itertuples()
    ]
    for trace in interval(known["low"], known["mean"], known["high"], at, colour=colours, hover=hover):
        fig.add_trace(trace)
    for reading, colour in READING_COLOURS.items():
        if (known["reading"] == reading).any():
            fig.add_trace(go.Scatter(
                x=[None], y=[None], mode="markers", name=choose(lang, reading, _READINGS[reading]),
                marker={"color": colour, "size": 11},
            ))  # fmt: skip
    fig.add_vline(x=0, line_color=INK, line_width=1, layer="below")
    fig.update_xaxes(percent_axis(min(known["low"].min(), 0), max(known["high"].max(), 0), signed=True), showgrid=True)
    fig.update_yaxes(
        tickmode="array",
        tickvals=[-i for i in range(len(marks))],
        ticktext=marks,
        showgrid=False,
        zeroline=False,
        range=[-len(marks) + 0.3, 0.7],
        tickfont={"color": INK},
    )
    n = int((table["reading"] == "common").sum())
    title = choose(
        lang, f"{n} of {told} parts of the gain are common to the cohort" if n else "Nothing can be told to be common to the cohort",
        f"增量的{told}个组成部分中有{n}个为各商户共有" if n else "没有一项可以说是各商户共同的",
    )  # fmt: skip
    sub = choose(
        lang, "Part of the gain over the counterfactual, in % of sales before; 90% intervals; (rose in / merchants)",
        "对反事实增量的贡献，占前期销售额的百分比；90%区间；（上升家数/商户数）",
    )  # fmt: skip
    if (known["kind"] == "factor").any():
        sub += choose(lang, "; a buyer counts once a week", "；一位买家每周计一次")
    if len(known) < told:
        sub += choose(lang, f"; the {len(known)} largest", f"；仅列最大的{len(known)}项")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=230 + _ROW * len(marks))


def issues(
    counts: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars of the issue register: problems by kind, solved and still open."""
    title = choose(lang, "Issue register", "问题登记表")
    total = int(counts["issues"].sum())
    if not total:
        words = choose(lang, "No issue register was given with this cohort.", "该批次没有问题登记表。")
        return empty(title, words, lang=lang)
    kinds = {"common": ("common: classes", "共性：课程"), "particular": ("particular: projects", "个性：项目")}
    labels = [choose(lang, *kinds.get(k, (k, k))) for k in counts["kind"]]
    fig = go.Figure()
    parts = ((choose(lang, "solved", "已解决"), counts["solved"], ACCENT), (
        choose(lang, "open", "未解决"), counts["issues"] - counts["solved"], GREY
    ))  # fmt: skip
    for name, values, colour in parts:
        fig.add_trace(go.Bar(
            x=values, y=labels, orientation="h", name=name, marker_color=colour, text=[str(v) if v else "" for v in values],
            textposition="inside", insidetextanchor="middle", hoverinfo="skip",
        ))  # fmt: skip
    fig.update_layout(barmode="stack")
    fig.update_yaxes(categoryorder="array", categoryarray=labels[::-1], showgrid=False, tickfont={"color": INK})
    fig.update_xaxes(showgrid=True, rangemode="tozero")
    share = percent(counts.set_index("kind")["share"].get("common", 0.0))
    title = choose(
        lang,
        f"{share} of {total} problems are common ones, for classes",
        f"{total}个问题中{share}为共性问题，由课程解决",
    )
    sub = choose(lang, "Problems in the programme's register", "项目登记表中的问题数")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=280)
