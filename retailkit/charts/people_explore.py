"""Charts of one segment for the explorer: its members and buyers over time and its basket."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import (
    ACCENT,
    GREY,
    SKY,
    choose,
    empty,
    frame,
    major,
    money,
    money_axis,
    number,
    number_axis,
    percent,
    percent_axis,
)


def segment_months(table: pd.DataFrame, *, segment: str, merchant: str, currency: str, lang: str = "en") -> go.Figure:
    """Bars of buyers and lines of members and net spend, one row per month of one segment."""
    title = choose(lang, f"{segment}: members, buyers and spend by month", f"{segment}：每月成员、买家与消费")
    if table.empty:
        return empty(title, choose(lang, "No orders.", "没有订单。"), lang=lang)
    spend = major(table["net_amount"], currency)
    fig = go.Figure(
        [
            go.Bar(x=table["month"], y=table["buyers"], name=choose(lang, "buyers", "买家"), marker_color=SKY),
            go.Scatter(
                x=table["month"],
                y=table["members"],
                name=choose(lang, "members at its end", "月末成员"),
                line_color=GREY,
            ),
            go.Scatter(
                x=table["month"], y=spend, name=choose(lang, "net spend", "净消费"), yaxis="y2", line_color=ACCENT
            ),
        ]
    )
    fig.update_xaxes(type="category")
    fig.update_layout(
        yaxis=number_axis(0, float(table[["buyers", "members"]].max().max()), lang),
        yaxis2={
            **money_axis(0, float(spend.max()), currency, lang),
            "overlaying": "y",
            "side": "right",
            "showgrid": False,
        },
    )
    best = table.loc[table["net_amount"].idxmax()]
    now = number(int(table["members"].fillna(0).iloc[-1]), lang)
    found = choose(
        lang,
        f"{segment}: {now} members; they spent most in {best['month']}: {money(best['net_amount'], currency, lang)}",
        f"{segment}：现有{now}人，在{best['month']}消费最高：{money(best['net_amount'], currency, lang)}",
    )
    unit = choose(
        lang,
        f"members at the month's end; today's members' buyers and net spend, {currency}",
        f"月末成员数；现有成员的买家数与净消费，{currency}",
    )
    return frame(fig, found, f"{unit} · {merchant}", lang=lang, right=80, height=380)


def segment_basket(table: pd.DataFrame, *, segment: str, merchant: str, lang: str = "en", most: int = 12) -> go.Figure:
    """Bars of the categories' shares of spend in the segment beside everybody's."""
    title = choose(lang, f"{segment}: what they buy", f"{segment}：购买品类")
    if table.empty:
        return empty(title, choose(lang, "No order lines with a category.", "没有带品类的订单行。"), lang=lang)
    rows = table.nlargest(most, "share").iloc[::-1]
    bars = [("everyone", choose(lang, "everybody", "全体"), GREY), ("share", segment, ACCENT)]
    fig = go.Figure(
        [go.Bar(y=rows["category"], x=rows[c], name=n, orientation="h", marker_color=colour) for c, n, colour in bars]
    )
    fig.update_layout(barmode="group")
    fig.update_xaxes(percent_axis(0, float(rows[["share", "everyone"]].max().max())))
    first = table.nlargest(1, "share").iloc[0]
    own, all_ = percent(first["share"]), percent(first["everyone"])
    found = choose(
        lang,
        f"{segment}: {first['category']} is {own} of spend ({all_} of everybody's)",
        f"{segment}：{first['category']}占{own}（全体{all_}）",
    )
    kinds = number(len(table), lang)
    unit = choose(lang, f"share of spend, {kinds} categories", f"消费占比，共{kinds}个品类")
    return frame(fig, found, f"{unit} · {merchant}", lang=lang, height=150 + 32 * len(rows))
