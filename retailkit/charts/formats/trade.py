"""Sales by format, the way to payment, messages, the price of a new customer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.bars import money_bars
from retailkit.charts.formats.parts import ROW, below, name, shares
from retailkit.charts.template import (
    ACCENT,
    INK,
    PALETTE,
    WARM,
    choose,
    empty,
    frame,
    interval,
    major,
    missing,
    money,
    money_axis,
    number,
    percent,
    percent_axis,
)
from retailkit.charts.words import aside, labelled


def format_sales(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars: net sales of each retail format. Table: format ledger."""
    title = choose(lang, "Net sales by format", "各业态净销售额")
    rows = table[(table["format"] != "all") & (table["orders"] > 0)].sort_values("net_amount")
    if rows.empty:
        return empty(title, choose(lang, "There are no orders in this period.", "本期没有订单。"), lang=lang)
    names = [name(f, lang) for f in rows["format"]]
    words = [f"{money(r.net_amount, currency, lang)} · {percent(r.share)}" for r in rows.itertuples()]
    fig = money_bars(names, rows["net_amount"], words, currency, lang)
    best = rows.iloc[-1]
    title = choose(
        lang, f"{names[-1]} sold {money(best['net_amount'], currency)}, {percent(best['share'])} of all",
        f"{names[-1]}售出{money(best['net_amount'], currency, 'zh')}，占{percent(best['share'])}",
    )  # fmt: skip
    sub = below(choose(lang, f"Net sales, {currency}", f"净销售额，{currency}"), merchant, period)
    return frame(fig, title, sub, source, lang=lang, height=210 + ROW * len(rows))


def funnel(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en", most: int = 6,
) -> go.Figure:  # fmt: skip
    """Lines: share of each entrance's visitors who reach each step. Table: scene funnel."""
    title = choose(lang, "From visit to payment", "从访问到支付")
    if table.empty:
        return empty(title, choose(lang, "No visits are recorded.", "没有访问记录。"), lang=lang)
    steps = list(dict.fromkeys(table["step"]))
    size = table[table["step"] == steps[0]].set_index("entrance")["visitors"].sort_values(ascending=False)
    fig = go.Figure()
    for number_, entrance in enumerate(list(size.index[:most])):
        rows = table[table["entrance"] == entrance]
        whole = entrance == "all"
        fig.add_trace(go.Scatter(
            x=[name(s, lang) for s in rows["step"]], y=rows["share"], name=name(entrance, lang),
            mode="lines+markers", cliponaxis=False, line={"color": INK if whole else PALETTE[number_ % len(PALETTE)],
                                        "width": 4 if whole else 2},
            hovertext=[
                labelled(name(entrance, lang), _with_interval(r, lang), lang)
                for r in rows.itertuples()
            ], hoverinfo="text",
        ))  # fmt: skip
    fig.update_yaxes(percent_axis(0, 1))
    paid = table[(table["entrance"] == "all") & (table["step"] == steps[-1])].iloc[0]
    title = choose(
        lang, f"{percent(paid['share'], 1)} of {number(size['all'])} visitors paid",
        f"{number(size['all'], 'zh')}位访客中{percent(paid['share'], 1)}完成支付",
    )  # fmt: skip
    unit = choose(lang, "Share of the entrance's visitors", "占该入口访客的比例")
    return frame(fig, title, below(unit, merchant, period), source, lang=lang)


def _with_interval(row: Any, lang: str) -> str:
    low, high = percent(row.share_low), percent(row.share_high)
    return aside(percent(row.share), choose(lang, f"95% interval {low}–{high}", f"95%区间{low}–{high}"), lang)


def returns(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en", most: int = 12,
) -> go.Figure:  # fmt: skip
    """Intervals: share of visitors who came back through the same entrance. Table: repeat visits."""
    title = choose(lang, "Who comes back", "谁会回来")
    rows = (
        table[(table["visitors"] > 0) & (table["entrance"] != "all")]
        .head(most)
        .sort_values("return_share", ascending=False)
    )
    if rows.empty:
        return empty(title, choose(lang, "No visits are recorded.", "没有访问记录。"), lang=lang)
    names = [name(e, lang) for e in rows["entrance"]]
    title = choose(
        lang, f"{names[0]} brings visitors back most often: {percent(rows['return_share'].iloc[0])}",
        f"{names[0]}回访率最高：{percent(rows['return_share'].iloc[0])}",
    )  # fmt: skip
    unit = choose(
        lang,
        "Visitors who came again by the same entrance on another day, 95% interval",
        "另一天由同一入口再次到访的访客，95%区间",
    )
    return shares(rows, names, "return_share", title, below(unit, merchant, period), source, lang)


def messages(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en", most: int = 15,
) -> go.Figure:  # fmt: skip
    """Intervals: share of receivers who ordered after a message. Table: push funnel."""
    title = choose(lang, "Orders after a message", "消息之后的订单")
    rows = table[table["receivers"] > 0].sort_values(["receivers", "campaign"], ascending=[False, True]).head(most)
    if rows.empty:
        return empty(title, choose(lang, "No messages are recorded.", "没有消息记录。"), lang=lang)
    rows = rows.sort_values(["ordered_share", "campaign"], ascending=[False, True])
    names = _campaigns(rows)
    pooled = rows["ordered"].sum() / rows["receivers"].sum()
    title = choose(
        lang, f"{percent(pooled)} of the receivers of the {len(rows)} largest messages ordered afterwards",
        f"最大{len(rows)}次消息的接收者中{percent(pooled)}随后下单",
    )  # fmt: skip
    unit = choose(
        lang,
        "Receivers who ordered afterwards, 95% interval; after is not because of",
        "随后下单的接收者，95%区间；先后不等于因果",
    )
    return shares(
        rows, names, "ordered_share", title, below(unit, merchant, period), source, lang,
        of=lambda r: f"{r.ordered:,} / {r.receivers:,} = {percent(r.ordered_share)}",
    )  # fmt: skip


def _campaigns(rows: pd.DataFrame) -> list[str]:
    """Each campaign's title; with its first day where titles repeat, and its id where that repeats too."""
    names = rows["campaign"].astype(str)
    again = names.duplicated(keep=False)
    days = pd.to_datetime(rows["first_on"]).dt.strftime("%Y-%m-%d")
    names = names.where(~again, names + " " + days.fillna("").astype(str))
    again = names.duplicated(keep=False)
    return names.where(~again, names + " " + rows["campaign_id"].fillna("").astype(str)).tolist()


def acquisition(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Intervals: cost of a new customer by touchpoint, on average and at the margin. Table: acquisition cost."""
    title = choose(lang, "Cost of a new customer", "拉新成本")
    rows = table[table["cost_per_new"].notna()].sort_values("cost_per_new", ascending=False)
    if rows.empty:
        return empty(
            title, choose(lang, "No spend with new customers is recorded.", "没有带来新客的投放记录。"), lang=lang
        )
    names = [name(t, lang) for t in rows["touchpoint"]]
    fig = go.Figure()
    for kind, label, colour in (
        ("cost", choose(lang, "on average", "平均"), ACCENT), ("marginal", choose(lang, "at the margin", "边际"), WARM),
    ):  # fmt: skip
        value = rows["cost_per_new" if kind == "cost" else "marginal_cost"]
        shown = value.notna().to_numpy()
        ends = (major(rows[f"{kind}_low"], currency), major(value, currency), major(rows[f"{kind}_high"], currency))
        low, mid, high = (list(np.asarray(end, dtype=float)[shown]) for end in ends)
        for trace in interval(
            low, mid, high, [n for n, s in zip(names, shown, strict=True) if s], colour=colour, name=label
        ):
            fig.add_trace(trace)
    most = float(rows[["cost_per_new", "marginal_cost"]].max().max())
    highest = float(rows["cost_high"].fillna(0).max())  # one vast interval must not flatten the others
    top = float(major(max(most, min(highest, 3 * most)), currency))
    axis = money_axis(0, top, currency, lang)
    fig.update_xaxes(axis, showgrid=True)
    fig.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK})
    own = rows[rows["touchpoint"] != "all"]
    best = (own if len(own) else rows).iloc[-1]
    cost = money(best["cost_per_new"], currency, lang)
    bounds = [money(best[f"cost_{end}"], currency, lang) for end in ("low", "high") if not missing(best[f"cost_{end}"])]
    cost = aside(cost, "–".join(bounds), lang) if len(bounds) == 2 else cost
    title = choose(
        lang, f"{name(best['touchpoint'], lang)} wins a new customer for {cost}",
        f"{name(best['touchpoint'], lang)}拉新成本最低：{cost}",
    )  # fmt: skip
    if own.empty:
        title = choose(lang, f"A new customer costs {cost}, over all touchpoints", f"各触点合计，每位新客成本{cost}")
    unit = choose(lang, f"Spend per new customer, {currency}, 95% interval", f"每位新客花费，{currency}，95%区间")
    if float(major(rows[["cost_high", "marginal_high"]].max().max(), currency)) > axis["range"][1]:
        unit += choose(lang, "; what reaches the edge goes on", "；触边者未尽")
    return frame(fig, title, below(unit, merchant, period), source, lang=lang, height=250 + ROW * len(rows))
