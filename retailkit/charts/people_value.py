"""Charts of what people are worth, whether they come back and whom to talk to next."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.bars import money_bars
from retailkit.charts.template import ACCENT, choose, empty, frame, money, number, percent
from retailkit.charts.words import aside, listed


def audiences(
    sizes: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en"
) -> go.Figure:
    """Bars of expected spend per audience with interval, from ``audience_sizes`` in words."""
    if sizes.empty:
        title = choose(lang, "Whom to talk to next", "下一步触达谁")
        return empty(title, choose(lang, "No person fits an audience.", "没有符合条件的人。"), lang=lang)
    rows = sizes.iloc[::-1]
    label = [
        f"{number(n, lang)} {choose(lang, 'person' if n == 1 else 'persons', '人')} · {money(v, currency, lang)}"
        for n, v in zip(rows["persons"], rows["expected_amount"], strict=True)
    ]
    ends = (rows["expected_low"], rows["expected_high"])
    fig = money_bars(rows["audience"], rows["expected_amount"], label, currency, lang, *ends)
    first = sizes.iloc[0]
    persons = number(sizes["persons"].sum(), lang)
    title = choose(lang, f"Persons to talk to: {persons}", f"可触达{persons}人")
    if first["expected_amount"] > 0:  # it comes anyway, so it is no reason to talk to them first
        title += choose(lang, f"; most expected spend: {first['audience']}", f"；预期消费最高：“{first['audience']}”")
    unit = choose(lang, "spend expected without any message, 90% interval", "无触达时的预期消费，90%区间")
    return frame(
        fig,
        title,
        f"{listed(unit, currency, lang=lang)} · {merchant} · {period}",
        source,
        lang=lang,
        height=180 + 40 * len(rows),
    )


def worth(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en"
) -> go.Figure:
    """Bars of the gross amount expected from each segment, from ``worth_by_segment`` in words."""
    if table.empty:
        title = choose(lang, "Who is worth what", "客户价值")
        return empty(title, choose(lang, "Too few persons came back to tell.", "复购人数不足，无法估计。"), lang=lang)
    rows = table.iloc[::-1]
    label = [
        f"{money(v, currency, lang)} {choose(lang, 'each', '/人')}"
        + ("" if pd.isna(a) else f" · {choose(lang, 'active', '活跃概率')} {percent(a)}")
        for v, a in zip(rows["mean_value"], rows["alive"], strict=True)
    ]
    fig = money_bars(rows["segment"], rows["value"], label, currency, lang, rows["value_low"], rows["value_high"])
    first = table.iloc[0]
    title = choose(
        lang,
        f"{first['segment']} are to bring {percent(first['value_share'])} of the money expected",
        f"“{first['segment']}”预计贡献{percent(first['value_share'])}",
    )
    unit = choose(lang, f"gross amount expected, {currency}, 90% interval", f"预期消费，{currency}，90%区间")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=160 + 36 * len(rows) + 60)


def vintages(table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """A grid of vintages × months since the first order with the share who bought, from ``vintage_retention``."""
    title = choose(lang, "Who comes back, by month of the first order", "按首购月份的复购率")
    if table.empty:
        return empty(title, choose(lang, "No person bought in this period.", "本期没有可识别的购买人。"), lang=lang)
    later = table[table["age_months"] > 0]
    size = table.groupby("vintage")["persons"].first()
    first = set(table[table["first_month_of_data"].astype(bool)]["vintage"])
    names = [aside(f"{v}{' *' if v in first else ''}", number(n, lang), lang) for v, n in size.items()]
    grid = later.pivot_table(index="vintage", columns="age_months", values="retention", dropna=False)
    grid = grid.reindex(index=size.index)
    text = [[percent(v) if v == v else "" for v in row] for row in grid.to_numpy()]
    fig = go.Figure(
        go.Heatmap(
            z=grid.to_numpy(), x=[str(c) for c in grid.columns], y=names, text=text, texttemplate="%{text}",
            colorscale=[[0, "#FFFFFF"], [1, ACCENT]], zmin=0, zmax=1, showscale=False, xgap=2, ygap=2, hoverinfo="skip",
        )
    )  # fmt: skip
    fig.update_yaxes(autorange="reversed")
    fig.update_xaxes(type="category", title=choose(lang, "months after the first order", "首购后月数"))
    known = later[(later["age_months"] == 1) & later["retention"].notna() & ~later["vintage"].isin(first)]
    if len(known):
        share = known["buyers"].sum() / known["persons"].sum()
        title = choose(
            lang,
            f"{percent(share)} buy again in the month after their first",
            f"首购次月复购率{percent(share)}",
        )
    unit = choose(
        lang,
        "share who bought, (n) persons; empty: not known yet; *: old customers too",
        "当月购买占比，（n）为人数；空白：尚未可知；*：含老客",
    )
    height = 170 + 34 * len(names) + 70
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=height, bottom=24, left=120)
