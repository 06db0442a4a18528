"""Figures of what grew: factors of new and returning customers, touchpoints and formats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.growth_words import festival_name, in_words
from retailkit.charts.template import (
    DOWN,
    MUTED,
    PAPER,
    TOTAL,
    UP,
    choose,
    empty,
    frame,
    major,
    money,
    money_axis,
)
from retailkit.charts.words import aside, listed

FACTORS_ZH = {"buyers": "购买人数", "frequency": "频次", "basket": "笔单价", "orders a day": "日均订单",
              "entry or exit": "新增或退出", "refunds above sales": "退款多于销售", "no net sales": "没有净销售额"}  # fmt: skip
SEGMENTS_ZH = {"new": "新客", "returning": "老客", "unknown": "未识别顾客"}
MOST = 9
"""Bars by name in the waterfall; the rest are one bar."""


def tree(
    parts: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", currency: str = "USD"
) -> go.Figure:
    """Waterfall of what changed mean daily GMV: each factor of new, returning, unknown customers."""
    title = choose(lang, "What grew", "增长来自哪里")
    if parts.empty:
        return empty(title, choose(lang, "No orders in the two windows.", "两个窗口内没有订单。"), lang=lang)
    names = [choose(lang, f"{r.segment}: {r.factor}", f"{SEGMENTS_ZH.get(r.segment, r.segment)}："
                    f"{FACTORS_ZH.get(r.factor, r.factor)}") for r in parts.itertuples()]  # fmt: skip
    change = parts["part"].sum()
    total = choose(lang, "change", "变化")
    fig = go.Figure(
        go.Waterfall(
            orientation="h", y=[*names, total], x=[*major(parts["part"], currency), major(change, currency)],
            measure=[*["relative"] * len(parts), "total"], cliponaxis=False,
            text=[money(v, currency, lang, signed=True) for v in [*parts["part"], change]], textposition="outside",
            connector={"line": {"color": MUTED, "width": 1}}, increasing={"marker": {"color": UP}},
            decreasing={"marker": {"color": DOWN}}, totals={"marker": {"color": TOTAL}},
        )
    )  # fmt: skip
    levels = major(pd.concat([pd.Series([0.0]), parts["part"].cumsum()]), currency)
    room = (levels.max() - levels.min()) * 0.15
    fig.update_xaxes(money_axis(_least(levels, room), levels.max() + room, currency, lang))
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
    top = parts.iloc[int(parts["part"].abs().to_numpy().argmax())]
    zh = SEGMENTS_ZH.get(top["segment"], top["segment"]), FACTORS_ZH.get(top["factor"], top["factor"])
    what = choose(lang, f"{top['factor']} of {top['segment']} customers", f"{zh[0]}的{zh[1]}")
    if top["factor"] == "buyers":
        what = choose(lang, f"number of {top['segment']} buyers", f"{zh[0]}的{zh[1]}")
    moved = money(change, currency, lang, signed=True)
    title = choose(lang, f"{moved} a day; the {what} moved it most", f"每天 {moved}；影响最大的是{what}")
    unit = choose(lang, "part of the change in mean daily GMV", "对日均 GMV 变化的贡献")
    return frame(fig, title, f"{listed(unit, currency, lang=lang)} · {merchant} · {period}", source, lang=lang, right=60,
                 height=max(320, 150 + 34 * len(names)))  # fmt: skip


def _least(levels: pd.Series, room: float) -> float:
    """Where the axis begins: at nothing, unless a falling bar ends so low that the figure before it needs room."""
    falls = levels[levels.diff() < 0]
    return min(levels.min() - room * bool((falls < room).any()), 0.0)


def rise(
    parts: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", currency: str = "USD"
) -> go.Figure:
    """Waterfall of the rise of mean daily GMV: ordinary days, then each festival and its run-up."""
    title = choose(lang, "How much of the rise was festivals", "增长中有多少来自节日")
    if parts.empty:
        return empty(title, choose(lang, "There is no rise to split.", "没有可分解的增长。"), lang=lang)
    change = parts["money"].sum()
    names = [festival_name(part, lang) for part in parts["part"]]
    words = [money(v, currency, lang, signed=True) for v in [*parts["money"], change]]
    added = [
        money(v, currency, lang, signed=True) if v == v else ""
        for v in [*parts["programme"], parts["programme"].sum(min_count=1)]
    ]
    text = [
        aside(w, choose(lang, f"programme {a}", f"项目 {a}"), lang) if a else w
        for w, a in zip(words, added, strict=True)
    ]
    fig = go.Figure(
        go.Waterfall(
            orientation="h", y=[*names, choose(lang, "rise", "合计")], x=[*major(parts["money"], currency), None],
            measure=[*["relative"] * len(parts), "total"], text=text, textposition="outside", cliponaxis=False,
            connector={"line": {"color": MUTED, "width": 1}}, increasing={"marker": {"color": UP}},
            decreasing={"marker": {"color": DOWN}}, totals={"marker": {"color": TOTAL}},
        )
    )  # fmt: skip
    levels = major(pd.concat([pd.Series([0.0]), parts["money"].cumsum()]), currency)
    room = levels.max() - levels.min()
    fig.update_xaxes(money_axis(_least(levels, 0.3 * room), levels.max() + 0.55 * room, currency, lang))
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
    festive = parts.loc[parts["part"] != "ordinary", "money"].sum()
    total, moved = money(festive, currency, lang, signed=True), money(change, currency, lang, signed=True)
    sure = abs(change) > parts["money"].abs().sum() / 2  # parts of a rise that nearly cancels are no shares
    told = aside(total, f"{festive / change:.0%}", lang) if sure else total
    title = choose(
        lang, f"{moved} a day, of which festivals and their run-up {told}", f"每天 {moved}，其中节日及预热 {told}"
    )
    beside = choose(lang, "; in brackets the programme's", "；括号内为项目所致") if any(added) else ""
    unit = choose(lang, f"parts of the change in mean daily GMV, above the ordinary level{beside}",
                  f"日均 GMV 变化的构成（高出平日水平的部分{beside}）")  # fmt: skip
    return frame(fig, title, f"{listed(unit, currency, lang=lang)} · {merchant} · {period}", source, lang=lang,
                 height=max(320, 160 + 36 * len(names)))  # fmt: skip


def cells(
    table: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", currency: str = "USD",
    descriptive: bool = False,
) -> go.Figure:  # fmt: skip
    """Treemap of actual sales by touchpoint, format and customer; colour is the gap to the counterfactual.

    ``descriptive``: no donor stands behind it, only the merchant's own past.
    """
    title = choose(lang, "What grew by touchpoint", "各触点的增长")
    known = table[table["actual"] > 0]
    if known.empty:
        return empty(title, choose(lang, "There is no counterfactual to compare with.", "没有反事实可比。"), lang=lang)
    growth = np.log(known["actual"] / known["counterfactual"].where(known["counterfactual"] > 0))
    reach = max(float(growth.abs().max()), math.log(1.5)) if growth.notna().any() else 1.0
    names = [choose(lang, c, SEGMENTS_ZH.get(c, c)) for c in known["customer"]]
    gaps = [money(part, currency, lang, signed=True) for part in known["part"]]
    texts = [f"{name}<br>{part}" for name, part in zip(names, gaps, strict=True)]
    parents = pd.Series([_place(r, lang) for r in known.itertuples()], index=known.index)
    groups = list(dict.fromkeys(parents))
    fig = go.Figure(
        go.Treemap(
            ids=["all", *groups, *[f"{p}/{c}" for p, c in zip(parents, known["customer"], strict=True)]],
            labels=["", *groups, *texts], parents=["", *["all"] * len(groups), *parents], branchvalues="remainder",
            values=[*[0] * (len(groups) + 1), *major(known["actual"], currency)],
            marker={"colors": [*[0.0] * (len(groups) + 1), *growth.fillna(reach)], "cmid": 0, "cmin": -reach, "cmax": reach,
                    "colorscale": [[0, DOWN], [0.5, "#F4F4F2"], [1, UP]], "line": {"color": PAPER, "width": 1}},
            textinfo="label", hoverinfo="label", pathbar={"visible": False},
        )
    )  # fmt: skip
    fig.update_layout(
        uniformtext={"minsize": 10, "mode": "hide"}
    )  # what does not fit its tile is left out, not made tiny
    top = table.iloc[0]
    who = choose(lang, f"{top['customer']} customers", SEGMENTS_ZH.get(top["customer"], top["customer"]))
    gap = money(top["part"], currency, lang, signed=True)
    what = f"{_place(top, lang)} · {who}"
    title = choose(lang, f"The largest gap: {what}, {gap} a day", f"差距最大：{what}，每天 {gap}")
    level = choose(lang, "the counterfactual", "反事实")
    if descriptive:
        level = choose(lang, "its own past carried on", "自身历史外推水平")
    unit = choose(
        lang,
        f"mean daily GMV; label: gap to {level}; colour: times of it",
        f"日均 GMV；标签为与{level}之差，颜色为其倍数",
    )
    return frame(fig, title, f"{listed(unit, currency, lang=lang)} · {merchant} · {period}", source, lang=lang)


def _place(cell: Any, lang: str) -> str:
    """Touchpoint and format of a cell in words; one word where both are the same (sharing)."""
    return " · ".join(dict.fromkeys(in_words(str(c), lang) for c in (cell.touchpoint, cell.format)))


def by_touchpoint(
    table: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", currency: str = "USD",
    descriptive: bool = False,
) -> go.Figure:  # fmt: skip
    """Waterfall from the counterfactual to actual sales, one bar per touchpoint and format.

    ``descriptive``: no donor stands behind it, only the merchant's own past.
    """
    title = choose(lang, "From the counterfactual to actual sales", "从反事实到实际销售")
    if table.empty:
        return empty(title, choose(lang, "There is no counterfactual to compare with.", "没有反事实可比。"), lang=lang)
    names = pd.Series([_place(r, lang) for r in table.itertuples()], index=table.index)
    parts = table.groupby(names, sort=False)["part"].sum().sort_values(key=abs, ascending=False, kind="stable")
    if len(parts) > MOST:
        parts = pd.concat([parts.iloc[:MOST], pd.Series({choose(lang, "all others", "其余"): parts.iloc[MOST:].sum()})])
    start, end = float(table["counterfactual"].sum()), float(table["actual"].sum())
    than = choose(lang, "what would have been", "无项目")
    without = choose(lang, "without the programme", "无项目")
    if descriptive:
        than = choose(lang, "its own past carried on", "自身历史外推水平")
        without = choose(lang, "own past carried on", "自身历史外推")
    ends = without, choose(lang, "actual", "实际")
    fig = go.Figure(
        go.Waterfall(
            orientation="h", y=[ends[0], *parts.index, ends[1]],
            x=[major(start, currency), *major(parts, currency), None],
            measure=["absolute", *["relative"] * len(parts), "total"], textposition="outside", cliponaxis=False,
            text=[money(start, currency, lang), *[money(v, currency, lang, signed=True) for v in parts],
                  money(end, currency, lang)],
            connector={"line": {"color": MUTED, "width": 1}}, increasing={"marker": {"color": UP}},
            decreasing={"marker": {"color": DOWN}}, totals={"marker": {"color": TOTAL}},
        )
    )  # fmt: skip
    levels = major(pd.concat([pd.Series([0.0, start]), start + parts.cumsum()]), currency)
    room = (levels.max() - levels.min()) * 0.15
    fig.update_xaxes(money_axis(min(levels.min() - room * (levels.min() < 0), 0), levels.max() + room, currency, lang))
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
    gap, top = money(end - start, currency, lang, signed=True), parts.index[0]
    title = choose(lang, f"{gap} a day over {than}; most of it {top}", f"比{than}每天 {gap}，最多的是{top}")
    if abs(parts.iloc[0]) < abs(parts).sum() / 2:
        title = choose(lang, f"{gap} a day over {than}; the largest part is {top}",
                       f"比{than}每天 {gap}，最大的一部分是{top}")  # fmt: skip
    if (table["touchpoint"] == "unknown").all():
        title = choose(lang, f"{gap} a day over {than}; no order names its touchpoint",
                       f"比{than}每天 {gap}；订单未记录触点")  # fmt: skip
    unit = choose(lang, "mean daily GMV by touchpoint and format", "日均 GMV，按触点与业态")
    return frame(fig, title, f"{listed(unit, currency, lang=lang)} · {merchant} · {period}", source, lang=lang, right=60,
                 height=max(320, 150 + 34 * (len(parts) + 2)))  # fmt: skip
