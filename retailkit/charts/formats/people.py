"""Guides, groups and sharing: who is active, who sells, how long groups live, how far shares carry."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.bars import money_bars
from retailkit.charts.formats.parts import below, name, shares
from retailkit.charts.template import (
    ACCENT,
    INK,
    MUTED,
    PALETTE,
    UNSURE,
    WARM,
    choose,
    empty,
    frame,
    interval,
    money,
    number,
    number_axis,
    percent,
    percent_axis,
)
from retailkit.charts.words import aside


def activation(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Intervals: share of guides on the roster who did each act. Table: guide activation."""
    title = choose(lang, "Active guides", "活跃导购")
    rows = table[table["region"] == "all"].sort_values("rate", ascending=False)
    rows = pd.concat([rows[rows["act"] == "any"], rows[rows["act"] != "any"]])  # the whole first, then its parts
    if rows.empty:
        return empty(
            title, choose(lang, "No guide roster, or no act, is recorded.", "没有导购名册或动作记录。"), lang=lang
        )
    names = [name(a, lang) for a in rows["act"]]
    did, roster = rows[rows["act"] == "any"].iloc[0], rows["roster"].iloc[0]
    title = choose(
        lang, f"{percent(did['rate'])} of {number(roster)} guides did something that counts",
        f"{number(roster, 'zh')}位导购中{percent(did['rate'])}有动作",
    )  # fmt: skip
    unit = choose(lang, "Share of the roster by act, 95% interval", "各动作占名册比例，95%区间")
    colours = [INK if a == "any" else ACCENT for a in rows["act"]][::-1]
    return shares(rows, names, "rate", title, below(unit, merchant, period), source, lang, colour=colours)


def guide_bars(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
    most: int = 15,
) -> go.Figure:  # fmt: skip
    """Bars: sales of the best guides. Table: guide sales."""
    title = choose(lang, "Sales by guide", "导购业绩")
    rows = table[table["net_amount"] > 0].head(most).iloc[::-1]
    if rows.empty:
        return empty(title, choose(lang, "No order names a guide.", "没有订单带有导购。"), lang=lang)
    words = [f"{money(r.net_amount, currency, lang)} · {percent(r.share)}" for r in rows.itertuples()]
    fig = money_bars([f" {g}" for g in rows["guide"]], rows["net_amount"], words, currency, lang)
    top, active = rows["share"].sum(), int((table["net_amount"] > 0).sum())
    title = choose(
        lang, f"The best {len(rows)} of {active} selling guides bring {percent(top)} of guide sales",
        f"{active}位有业绩导购中前{len(rows)}位占导购销售额的{percent(top)}",
    )  # fmt: skip
    if len(rows) == active:  # all of them bring all of it: no finding
        best = percent(rows["share"].iloc[-1])
        title = choose(lang, f"The best of {active} selling guides brings {best} of guide sales",
                       f"{active}位有业绩导购中第一位占导购销售额的{best}")  # fmt: skip
    sub = below(choose(lang, f"Net sales, {currency}", f"净销售额，{currency}"), merchant, period)
    return frame(fig, title, sub, source, lang=lang, right=130, height=210 + 26 * len(rows))


def survival(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en", most: int = 5,
) -> go.Figure:  # fmt: skip
    """Steps: share of groups still alive by age, with bands. Table: group survival."""
    title = choose(lang, "Life of customer groups", "社群寿命")
    if table.empty:
        return empty(title, choose(lang, "No customer groups are recorded.", "没有社群记录。"), lang=lang)
    size = table.groupby("kind")["at_risk"].max().sort_values(ascending=False)
    kinds = list(size.index[: most + 1]) if len(size) > 2 else ["all"]
    fig = go.Figure()
    for number_, kind in enumerate(kinds):
        rows = table[table["kind"] == kind]
        colour = INK if kind == "all" else PALETTE[number_ % len(PALETTE)]
        day = [0.0, *rows["day"]]
        if kind == "all":
            band = rows.dropna(subset=["low", "high"])
            for side, fill in (("high", None), ("low", "tonexty")):
                fig.add_trace(go.Scatter(
                    x=[0.0, *band["day"]], y=[1.0, *band[side]], line={"width": 0}, line_shape="hv", mode="lines",
                    fill=fill, fillcolor="rgba(102,114,127,0.15)", hoverinfo="skip", showlegend=False,
                ))  # fmt: skip
        fig.add_trace(go.Scatter(
            x=day, y=[1.0, *rows["survival"]], line={"color": colour, "width": 3 if kind == "all" else 2},
            line_shape="hv", mode="lines", name=aside(name(kind, lang), f"{size[kind]:,}", lang),
        ))  # fmt: skip
    whole = table[table["kind"] == "all"]
    half = whole.loc[whole["survival"] <= 0.5, "day"]
    last = whole.iloc[-1]
    title = (
        choose(lang, f"Half of the groups are silent after {half.iloc[0]:.0f} days",
               f"一半社群在{half.iloc[0]:.0f}天后沉默")
        if len(half)
        else choose(lang, f"{percent(last['survival'])} of the groups still live after {last['day']:.0f} days",
                    f"{last['day']:.0f}天后仍有{percent(last['survival'])}的社群存活")
    )  # fmt: skip
    fig.update_yaxes(percent_axis(0, 1))
    fig.update_xaxes(
        number_axis(0, float(whole["day"].max()), lang), title=choose(lang, "days since created", "建群天数")
    )
    unit = choose(lang, "Share of groups still alive (Kaplan-Meier, 95% band)", "存活社群比例（Kaplan-Meier，95%区间）")
    return frame(fig, title, below(unit, merchant, period), source, lang=lang, bottom=20)


def sizes(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
    marks: tuple[int, ...] = (50, 100),
) -> go.Figure:  # fmt: skip
    """Histogram: largest size of each group, with the sizes that rules reward. Table: group sizes."""
    title = choose(lang, "Size of customer groups", "社群规模")
    if table.empty:
        return empty(title, choose(lang, "No customer groups are recorded.", "没有社群记录。"), lang=lang)
    fig = go.Figure(
        go.Histogram(x=table["members"], xbins={"start": 0, "size": 5}, marker_color=ACCENT, hoverinfo="x+y")
    )
    for mark in marks:
        fig.add_vline(x=mark, line={"color": WARM, "width": 2, "dash": "dot"},
                      annotation={"text": str(mark), "font": {"color": MUTED}})  # fmt: skip
    passed = (table["members"] >= marks[0]).mean()
    title = choose(
        lang, f"{percent(passed)} of {number(len(table))} groups reached {marks[0]} members",
        f"{number(len(table), 'zh')}个社群中{percent(passed)}达到{marks[0]}人",
    )  # fmt: skip
    fig.update_xaxes(title=choose(lang, "members at the largest", "最大人数"))
    most = int((table["members"] // 5).value_counts().max())
    fig.update_yaxes(number_axis(0, max(most, 5), lang), title=choose(lang, "groups", "社群数"))  # whole groups only
    fig.update_layout(bargap=0.08)
    unit = choose(lang, "Groups by largest number of members", "按最大人数的社群数")
    return frame(fig, title, below(unit, merchant, period), source, lang=lang, bottom=20)


def generations(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en", most: int = 8,
) -> go.Figure:  # fmt: skip
    """Intervals: visits brought per visit in each generation of sharing. Table: share generations."""
    title = choose(lang, "How many others each shared visit brings", "每次分享访问带来几次")
    rows = table[table["k"].notna()].head(most + 1)
    if rows.empty:
        return empty(title, choose(lang, "No shares are recorded.", "没有分享记录。"), lang=lang)
    names = [choose(lang, "all", "全部") if g == "all" else g for g in rows["generation"]]
    colours = [INK if g == "all" else ACCENT for g in rows["generation"]]
    fig = go.Figure(
        interval(list(rows["k_low"]), list(rows["k"]), list(rows["k_high"]), names, colour=colours, horizontal=False)
    )
    fig.add_hline(y=1, line={"color": UNSURE, "width": 2, "dash": "dot"})
    fig.update_yaxes(number_axis(0, float(max(rows["k_high"].max(), 1.1)), lang))
    hops = choose(lang, "hops from the start of the share", "距分享起点的层数")
    fig.update_xaxes(type="category", title=hops)
    one = rows.iloc[0]
    title = choose(lang, f"Each shared visit brings {one['k']:.2f} others", f"每次分享访问带来{one['k']:.2f}次")
    unit = choose(lang, "K: visits brought per visit, 95% interval; above 1 it grows",
                  "K：每次访问带来的访问次数，95%区间；大于1才会增长")  # fmt: skip
    return frame(fig, title, below(unit, merchant, period), source, lang=lang, bottom=20)
