"""Figures of the growth chapter: headline, bridge, actual against counterfactual, what grew."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.growth_words import FESTIVALS, in_words
from retailkit.charts.template import (
    ACCENT,
    DOWN,
    GREY,
    INK,
    MUTED,
    TOTAL,
    UP,
    WARM,
    choose,
    date_axis,
    empty,
    frame,
    interval,
    major,
    money,
    money_axis,
    percent,
    percent_axis,
    shade,
)
from retailkit.charts.words import interval_name, listed


def headline(
    heads: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", currency: str = "USD"
) -> go.Figure:
    """Bars of every merchant's growth of mean daily GMV, the merchant of the chapter in colour."""
    title = choose(lang, "Growth on the period before", "环比增长")
    known = heads.dropna(subset=["growth"]).sort_values("growth")
    if known.empty:
        return empty(
            title, choose(lang, "No merchant has both windows on record.", "没有商户同时具备两个窗口。"), lang=lang
        )
    doubled = int(known["doubled"].fillna(False).astype(bool).sum())
    colours = [ACCENT if m == merchant else GREY for m in known["merchant"]]
    fig = go.Figure(
        go.Bar(
            x=known["growth"], y=[str(m) for m in known["merchant"]], orientation="h", marker_color=colours,
            text=[percent(g, signed=True) for g in known["growth"]], textposition="outside", cliponaxis=False,
        )
    )  # fmt: skip
    fig.update_yaxes(type="category", showgrid=False)
    low, high = min(0.0, known["growth"].min()), max(0.0, known["growth"].max())
    room = 0.14 * (high - low)
    axis = percent_axis(low, high, signed=True)
    fig.update_xaxes(axis | {"range": [low - room * (low < 0), max(high + room, axis["range"][-1] + room / 4)]})
    count = len(known)
    title = choose(lang, f"Mean daily GMV doubled in {doubled} of {count} merchants",
                   f"{count} 家商户中 {doubled} 家日均 GMV 翻倍")  # fmt: skip
    if count == 1:
        title = choose(lang, f"Mean daily GMV {'doubled' if doubled else 'did not double'}",
                       f"日均 GMV {'已' if doubled else '未'}翻倍")  # fmt: skip
    unit = choose(lang, "mean daily GMV, programme against the period before", "日均 GMV，项目期对前期")
    return frame(fig, title, f"{unit} · {period}", source, lang=lang, right=70, height=max(300, 110 + 26 * count))


def bridge(
    steps: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", currency: str = "USD",
    level: float = 0.9, together: bool = False, descriptive: bool = False,
) -> go.Figure:  # fmt: skip
    """Waterfall from the period before to the programme; bars are levels, labels the factors.

    ``together``: the figures are sums over merchants, in which large ones count for more.
    ``descriptive``: no donor stands behind them, so that nothing is called the programme's.
    """
    title = choose(lang, "From the period before to the programme", "从前期到项目期")
    if steps.empty:
        reason = "There is no counterfactual or no headline to bridge."
        return empty(title, choose(lang, reason, "没有反事实或环比数字可供分解。"), lang=lang)
    parts, head = steps[steps["step"] != "headline"], steps[steps["step"] == "headline"].iloc[0]
    rest = {"programme": choose(lang, "the rest, programme in it", "其余（含项目）")} if descriptive else {}
    names = [f"{rest.get(r.step) or in_words(r.step, lang)}<br>× {r.ratio:.2f}" for r in parts.itertuples()]
    ends = choose(lang, "period before", "前期"), choose(lang, "programme window", "项目期")
    ends_money = [money(head[c], currency, lang) for c in ("from_value", "to_value")]
    moves = major(parts["to_value"] - parts["from_value"], currency)
    fig = go.Figure(
        go.Waterfall(
            x=[ends[0], *names, ends[1]],
            y=[major(head["from_value"], currency), *moves, major(head["to_value"], currency)],
            measure=["absolute", *["relative"] * len(parts), "total"],
            text=[*ends_money[:1], *[""] * len(parts), *ends_money[1:]],
            textposition="outside", cliponaxis=False, connector={"line": {"color": MUTED, "width": 1}},
            increasing={"marker": {"color": UP}}, decreasing={"marker": {"color": DOWN}},
            totals={"marker": {"color": TOTAL}},
        )
    )  # fmt: skip
    own = parts[parts["step"] == "programme"].iloc[0]
    fig.add_scatter(
        x=[names[-1]], y=[major(own["to_value"], currency)], mode="markers",
        marker={"opacity": 0}, showlegend=False, hoverinfo="skip",
        error_y={"type": "data", "symmetric": False, "color": INK, "thickness": 1.5,
                 "array": [major(own["from_value"] * (own["high"] - own["ratio"]), currency)],
                 "arrayminus": [major(own["from_value"] * (own["ratio"] - own["low"]), currency)]},
    )  # fmt: skip
    high = max(steps["to_value"].max(), steps["from_value"].max(), own["from_value"] * own["high"])
    fig.update_yaxes(money_axis(0, major(high, currency) * 1.08, currency, lang)).update_layout(showlegend=False)
    bound = f"{own['low']:.2f}–{own['high']:.2f}"
    title = choose(
        lang,
        f"Sales were {head['ratio']:.2f} times the period before; the programme's factor is {own['ratio']:.2f} ({bound})",
        f"项目期为前期的 {head['ratio']:.2f} 倍，其中项目的倍数为 {own['ratio']:.2f}（{bound}）",
    )
    if own["low"] < 1 < own["high"]:
        title = choose(
            lang,
            f"Sales were {head['ratio']:.2f} times the period before; no factor of the programme can be told ({bound})",
            f"项目期为前期的 {head['ratio']:.2f} 倍；项目的倍数无法与1区分（{bound}）",
        )
    if descriptive:
        title = choose(
            lang,
            f"Sales were {head['ratio']:.2f} times the period before; without donors nobody can tell the programme's part",
            f"项目期为前期的 {head['ratio']:.2f} 倍；没有对照商户，无法判断其中项目的部分",
        )
    unit = choose(lang, "mean daily GMV", "日均 GMV")
    if together and ("merchants" not in steps or steps["merchants"].max() > 1):
        unit = choose(lang, "mean daily GMV of all merchants together", "全部商户合计日均 GMV")
    unit = listed(unit, currency, interval_name(level, lang), lang=lang)
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, bottom=16)


def counterfactual(
    weeks: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", currency: str = "USD",
    level: float = 0.9, descriptive: bool = False,
) -> go.Figure:  # fmt: skip
    """Weekly mean daily GMV, actual and counterfactual, with its band; festival weeks shaded.

    ``descriptive``: no donor stands behind the counterfactual, only the merchant's own past.
    """
    title = choose(lang, "Actual against counterfactual", "实际与反事实")
    if weeks.empty:
        reason = "There is no counterfactual for this merchant."
        return empty(title, choose(lang, reason, "该商户没有反事实。"), lang=lang)
    own = weeks.sort_values(["week", "phase"]).reset_index(drop=True)
    inside = own[own["phase"] == "programme"]
    values = {c: major(own[c], currency) for c in ("actual", "counterfactual")}
    fig = go.Figure()
    band = interval_name(level, lang)
    fig.add_scatter(x=inside["week"], y=major(inside["high"], currency), mode="lines", line={"width": 0},
                    showlegend=False, hoverinfo="skip")  # fmt: skip
    fig.add_scatter(x=inside["week"], y=major(inside["low"], currency), mode="lines", line={"width": 0}, fill="tonexty",
                    fillcolor="rgba(224,123,57,0.20)", name=band, showlegend=True, hoverinfo="skip")  # fmt: skip
    fig.add_scatter(x=own["week"], y=values["counterfactual"], mode="lines", showlegend=True,
                    line={"color": WARM, "dash": "dot", "width": 2},
                    name=choose(lang, "counterfactual", "反事实"))  # fmt: skip
    fig.add_scatter(x=own["week"], y=values["actual"], mode="lines", showlegend=True,
                    line={"color": ACCENT, "width": 2.2}, name=choose(lang, "actual", "实际"))  # fmt: skip
    fig.update_xaxes(date_axis(lang), range=[own["week"].min(), own["week"].max() + pd.Timedelta(days=10)])
    top = max(values["actual"].max(), values["counterfactual"].max(), major(inside["high"].max(), currency))
    axis = money_axis(0, top, currency, lang)
    rows = _shade_weeks(fig, own, lang)
    fig.update_yaxes(
        axis | {"range": [-0.05 * rows * axis["range"][1], axis["range"][1]]}
    )  # festivals' names stand below
    ratio = (inside["actual"] * inside["days"]).sum() / (inside["counterfactual"] * inside["days"]).sum() - 1
    title = choose(
        lang,
        f"Sales in the programme were {percent(ratio, signed=True)} against those expected without it",
        f"项目期销售比推算的无项目水平 {percent(ratio, signed=True)}",
    )
    if descriptive:
        title = choose(
            lang,
            f"Sales in the programme were {percent(ratio, signed=True)} against the merchant's own past carried on",
            f"项目期销售比按自身历史外推的水平 {percent(ratio, signed=True)}",
        )
    fig.update_layout(legend_traceorder="reversed")  # drawn last, named first
    unit = choose(lang, "mean daily GMV by week", "每周日均 GMV")
    return frame(fig, title, f"{listed(unit, currency, lang=lang)} · {merchant} · {period}", source, lang=lang)


_LABEL = 0.0095  # width of a letter of a label as a part of the axis


def _shade_weeks(fig: go.Figure, weeks: pd.DataFrame, lang: str) -> int:
    """Shade festival weeks and the programme; return how many rows of names stand at the bottom."""
    inside = weeks[weeks["phase"] == "programme"]
    week = pd.Timedelta(days=7)
    shade(fig, inside["week"].min(), inside["week"].max() + week, choose(lang, "programme", "项目"), kind="programme")
    shown = ""
    first, span = weeks["week"].min(), max(weeks["week"].max() - weeks["week"].min(), week)
    ends = [-1.0, -1.0, -1.0]  # where the last label of each row of labels ends, as a part of the axis
    for row in weeks[weeks["festival"].fillna("") != ""].itertuples():
        codes = [FESTIVALS[c] for c in str(row.festival).split() if c in FESTIVALS]
        if not codes:
            continue
        name = choose(lang, *codes[0])
        shade(fig, row.week, row.week + week, kind="festival")
        if name != shown:
            at, wide = (row.week - first) / span, _LABEL * sum(2 if ord(c) > 255 else 1 for c in name)
            late = at > 0.94
            starts = at - (wide if late else wide / 2)
            level = next((k for k, end in enumerate(ends) if end <= starts), 0)
            ends[level] = starts + wide
            fig.add_annotation(
                x=str(row.week + week if late else row.week + week / 2), y=0, yref="paper", yanchor="bottom", text=name,
                yshift=14 * level,
                xanchor="right" if late else "center", showarrow=False, font={"size": 11, "color": MUTED},
            )  # fmt: skip
        shown = name
    return sum(end >= 0 for end in ends)


def staircase(
    gaps: pd.DataFrame, steps: pd.DataFrame, *, merchant: str, title: str = "", period: str = "", source: str = "",
    lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Weekly gap to the counterfactual outside festivals, and the steps found in it (logs given, per cent shown).

    ``merchant`` is the column of ``gaps``; ``title`` the name to print, the merchant's id if empty.
    """
    finding = choose(lang, "Steps of the base level", "日销台阶")
    if gaps.empty:
        return empty(finding, choose(lang, "There is no counterfactual.", "没有反事实。"), lang=lang)
    values = gaps[merchant].apply(math.expm1)
    fig = go.Figure(go.Scatter(x=gaps["week"], y=values, mode="lines+markers", showlegend=False,
                               line={"color": ACCENT, "width": 1.6}, marker={"size": 5}))  # fmt: skip
    fig.add_hline(y=0, line_color=MUTED, line_width=1)
    fig.update_xaxes(date_axis(lang)).update_yaxes(percent_axis(values.min(), values.max(), signed=True))
    inside = gaps[gaps["phase"] == "programme"]["week"]
    if len(inside):
        last = inside.max() + pd.Timedelta(days=7)
        shade(fig, inside.min(), last, choose(lang, "programme", "项目"), kind="programme")
    close, free = 0.09 * (gaps["week"].max() - gaps["week"].min()), pd.Timestamp.min
    level = 0
    for step in steps.sort_values("week").itertuples(index=False):
        level, free = (level + 1 if step.week < free else 0), step.week + close
        shade(fig, step.earliest, step.latest + pd.Timedelta(days=1))
        fig.add_shape(type="line", x0=str(step.week), x1=str(step.week), y0=0, y1=0.93, yref="paper",
                      line={"color": WARM, "width": 2})  # fmt: skip  # above it stands the programme's name
        fig.add_annotation(x=str(step.week), y=0, yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
                           yshift=15 * level, text=percent(math.expm1(step.size), signed=True), font={"color": WARM})  # fmt: skip
    own = steps[steps["phase"] == "programme"]
    found = choose(lang, f"{len(own)} step{'' if len(own) == 1 else 's'} of the base level in the programme",
                   f"项目期基础日销有 {len(own)} 个台阶")  # fmt: skip
    if own.empty:
        found = choose(lang, "No step of the base level in the programme", "项目期没有可辨认的台阶")
    unit = choose(lang, "gap to the counterfactual by week, without festival weeks; orange: a step, grey: when it may have come",
                  "每周与反事实之差，不含节日周；橙色为台阶，灰色为其可能的时间")  # fmt: skip
    return frame(fig, found, f"{unit} · {title or merchant} · {period}", source, lang=lang)


def gains(
    weeks: pd.DataFrame, *, merchant: str, period: str = "", source: str = "", lang: str = "en", level: float = 0.9
) -> go.Figure:
    """The effect so far after each week of the programme with its interval; significant gains in colour.

    A week's own interval may leave zero out while the week is still grey: looking every week finds
    luck sooner or later, so that each look counts less.
    """
    title = choose(lang, "Weeks to the first gain", "首次显著增长")
    if weeks.empty:
        return empty(title, choose(lang, "There is no estimate.", "没有估计。"), lang=lang)
    values, lows, highs = (weeks[c].apply(math.expm1) for c in ("effect", "low", "high"))
    colours = [ACCENT if own else GREY for own in weeks["significant"]]
    fig = go.Figure(interval(list(lows), list(values), list(highs), list(weeks["weeks"]), colour=colours,
                             horizontal=False))  # fmt: skip
    fig.add_hline(y=0, line_color=MUTED, line_width=1)
    fig.update_yaxes(percent_axis(min(0.0, lows.min()), max(0.0, highs.max()), signed=True))
    fig.update_xaxes(dtick=1, title=choose(lang, "weeks since the programme began", "项目开始后的周数"))
    won = weeks.loc[weeks["significant"].astype(bool), "weeks"]
    title = choose(lang, "No gain was more than noise", "没有显著增长")
    if len(won):
        weeks_on = f"{won.iloc[0]} week{'' if won.iloc[0] == 1 else 's'}"
        title = choose(lang, f"The first gain that is more than noise came after {weeks_on}",
                       f"第 {won.iloc[0]} 周起增长超出噪声")  # fmt: skip
    each = interval_name(level, lang)
    unit = choose(lang, f"effect on sales so far, {each} of each week; grey: not sure, all looks together",
                  f"累计效应，各周{each}；灰色：多次查看合计，尚不能确定")  # fmt: skip
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, bottom=18)


def estimators(
    others: pd.DataFrame, *, merchant: str, method: str = "", low: float = math.nan, high: float = math.nan,
    period: str = "", source: str = "", lang: str = "en", level: float = 0.9,
) -> go.Figure:  # fmt: skip
    """Dots of every estimator's effect; the chosen one with its interval (logs given, per cent shown)."""
    title = choose(lang, "Estimators side by side", "各方法对照")
    if others.empty:
        return empty(title, choose(lang, "There is no estimate.", "没有估计。"), lang=lang)
    table = others.iloc[::-1]
    chosen = table["method"] == method
    spread = table["effect"].apply(math.expm1)
    lows = [math.expm1(low) if own else math.nan for own in chosen]
    highs = [math.expm1(high) if own else math.nan for own in chosen]
    colours = [ACCENT if own else GREY for own in chosen]
    names = [in_words(method, lang) for method in table["method"]]
    fig = go.Figure(interval(lows, list(spread), highs, names, colour=colours))
    ends = [v for v in [*spread, *lows, *highs, 0.0] if not math.isnan(v)]
    fig.update_xaxes(percent_axis(min(ends), max(ends), signed=True), showgrid=True)
    fig.update_yaxes(type="category", showgrid=False)
    fig.add_vline(x=0, line_color=MUTED, line_width=1)
    ends_text = percent(spread.min(), signed=True), percent(spread.max(), signed=True)
    title = choose(
        lang,
        f"Estimators put the programme between {ends_text[0]} and {ends_text[1]}",
        f"各方法估计的项目效应在 {ends_text[0]} 与 {ends_text[1]} 之间",
    )
    if len(table) == 1:
        title = choose(lang, f"The only estimator that can be used says {ends_text[0]}",
                       f"只有一种方法可用，估计为 {ends_text[0]}")  # fmt: skip
    each = interval_name(level, lang)
    if low < 0 < high:
        title += choose(lang, ": too near to zero to tell", "：与零无法区分")
    unit = choose(
        lang,
        f"effect on mean daily GMV; bar: {each} of the chosen method",
        f"对日均 GMV 的效应；横线为所选方法的{each}",
    )
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=320)
