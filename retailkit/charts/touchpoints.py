"""Figures of the touchpoints chapter: what each brought, by which model, along which paths."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.label_places import beside
from retailkit.charts.template import (
    ACCENT,
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
    major,
    money,
    money_axis,
    number,
    number_axis,
    percent,
    percent_axis,
)
from retailkit.charts.touchpoint_tables import COLUMNS
from retailkit.charts.words import labelled, listed

_ROW = 34  # pixels of height per touchpoint
_KINDS = {"exposure": ACCENT, "order_attached": WARM, "none": UNSURE}
_FIXED = ("touchpoint", "title", "kind", "least", "most", "recommended", "credit", "low", "high")


def titles(table: pd.DataFrame, column: str = "touchpoint") -> list[str]:
    """Titles of a table's touchpoints, or their names made readable."""
    if column == "touchpoint" and "title" in table:
        return list(table["title"])
    return [t if t.startswith("(") else t[:1].upper() + t[1:].replace("_", " ") for t in table[column].astype(str)]


def model_name(model: str, lang: str) -> str:
    """A model's name in words."""
    en, zh, _ = COLUMNS.get(model, (model.replace("_", " "), model, ""))
    return choose(lang, en, zh)


def kind_name(kind: str, lang: str) -> str:
    """What kind of touch it is, in words; other text stands as it is."""
    return {
        "exposure": choose(lang, "exposure (has a rate)", "曝光（有转化率）"),
        "order_attached": choose(lang, "attached to the order (no rate)", "附着于订单（无转化率）"),
        "none": choose(lang, "not a touchpoint", "非触点"),
    }.get(kind, kind)


def touchpoint_credit(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars: net sales credited to each touchpoint; they sum to all net sales. Table: touchpoint ledger."""
    title = choose(lang, "Net sales by touchpoint", "各触点净销售额")
    known = table[table["credit"] != 0].iloc[::-1]
    if known.empty:
        return empty(title, choose(lang, "There are no net sales to credit.", "没有可归因的净销售额。"), lang=lang)
    fig = go.Figure()
    names = titles(known)
    for kind, colour in _KINDS.items():
        mine = (known["kind"] == kind).to_numpy()
        if mine.any():
            rows = known[mine]
            fig.add_trace(go.Bar(
                x=major(rows["credit"], currency), y=[n for n, m in zip(names, mine, strict=True) if m],
                orientation="h", name=kind_name(kind, lang), marker_color=colour,
                text=[f"{money(r.credit, currency, lang)} · {percent(r.share)}" for r in rows.itertuples()],
                textposition="outside", cliponaxis=False, textfont={"color": INK},
                hovertext=[_ledger_words(r, t, lang) for r, t in zip(rows.itertuples(), titles(rows), strict=True)],
                hoverinfo="text",
            ))  # fmt: skip
    ends = major(known["credit"], currency)
    fig.update_xaxes(
        money_axis(min(0.0, float(ends.min())), max(0.0, float(ends.max())), currency, lang), showgrid=True
    )
    fig.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK})
    real = known[known["kind"] != "none"]
    if known["credit"].sum() <= 0:
        title = choose(lang, "More was paid back than sold", "退款不少于销售额")
    elif len(real) and real["share"].iloc[-1] >= 0.005:
        best = real.iloc[-1]
        first = best["credit"] == known["credit"].max()  # else a grey bar, which is no touchpoint, is the longest
        title = choose(
            lang, f"{'' if first else 'Of the touchpoints '}{titles(real)[-1]} earned most: {percent(best['share'])} of net sales",
            f"{'' if first else '各触点中'}{titles(real)[-1]}贡献最大：占净销售额的{percent(best['share'])}",
        )  # fmt: skip
    elif len(real):
        title = choose(lang, "No touchpoint's part can be told from nothing", "没有触点的贡献能与零区分")
    else:
        title = choose(lang, "No touchpoint has credit", "没有触点获得归因")
    sub = choose(
        lang,
        f"Credited net sales, {currency}; the bars sum to all of it",
        f"归因净销售额（{currency}），各条之和等于总额",
    )
    return frame(
        fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, right=130, height=220 + _ROW * len(known)
    )


def _ledger_words(row: pd.Series, name: str, lang: str) -> str:
    rate = (
        ""
        if row.conversion != row.conversion
        else choose(lang, f"<br>conversion {percent(row.conversion)}", f"<br>转化率{percent(row.conversion)}")
    )
    return choose(
        lang, f"{name}<br>{row.orders:,} orders touched, {row.buyers:,} buyers{rate}",
        f"{name}<br>触达{row.orders:,}单，{row.buyers:,}位买家{rate}",
    )  # fmt: skip


def models(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Dots: each touchpoint's share by every model; the recommended one with its interval. Table: side by side."""
    title = choose(lang, "Credit by model", "各模型的归因")
    if table["recommended"].isna().all():
        return empty(title, choose(lang, "There are no net sales to credit.", "没有可归因的净销售额。"), lang=lang)
    rows = table.iloc[::-1]
    names = titles(rows)
    fig = go.Figure()
    for low, high, name in zip(rows["least"], rows["most"], names, strict=True):
        fig.add_trace(go.Scatter(
            x=[low, high], y=[name, name], mode="lines", line={"color": "#DDE2E7", "width": 7},
            hoverinfo="skip", showlegend=False,
        ))  # fmt: skip
    others = [c for c in rows.columns if c not in _FIXED]
    for i, model in enumerate(others):
        fig.add_trace(go.Scatter(
            x=rows[model], y=names, mode="markers", name=model_name(model, lang),
            marker={"size": 8, "color": PALETTE[(i + 1) % len(PALETTE)], "opacity": 0.85},
            hovertext=[
                labelled(listed(n, model_name(model, lang), lang=lang), percent(v), lang)
                for n, v in zip(names, rows[model], strict=True)
            ],
            hoverinfo="text",
        ))  # fmt: skip
    words = choose(lang, "recommended, 90% interval", "推荐值与90%区间")
    for trace in interval(rows["low"], rows["recommended"], rows["high"], names, colour=INK, name=words):
        fig.add_trace(trace)
    fig.update_xaxes(percent_axis(0, float(max(rows["most"].max(), rows["high"].fillna(0).max(), 0.01))), showgrid=True)
    fig.update_yaxes(
        categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK}, ticklabelstandoff=9
    )
    every = rows["most"] - rows["least"]
    spread = every.where(rows["kind"] != "none", 0.0).to_numpy()
    widest = int(spread.argmax())
    first = spread[widest] >= every.max()  # else a line that is no touchpoint differs more
    if (rows["kind"] == "none").all():
        title = choose(lang, "No touchpoint has credit by any model", "任何模型都没有触点获得归因")
    elif (rows["kind"] != "none").sum() == 1 and spread[widest] < 0.005:
        title = choose(
            lang, "One touchpoint alone: the models have nothing to disagree on", "只有一个触点，各模型无从分歧"
        )
    elif spread[widest] < 0.005:
        title = choose(lang, "All models give the touchpoints the same shares", "各模型给出的份额一致")
    else:
        span = (percent(rows["least"].iloc[widest]), percent(rows["most"].iloc[widest]))
        title = choose(
            lang, f"{'The' if first else 'Of the touchpoints the'} models disagree most on {names[widest]}: {span[0]} to {span[1]}",
            f"{'' if first else '各触点中，'}各模型对{names[widest]}分歧最大：{span[0]}至{span[1]}",
        )  # fmt: skip
    sub = choose(lang, "Share of net sales; grey: the range over models", "占净销售额的份额；灰色为各模型的范围")
    whole = f"{sub} · {merchant} · {period}"
    return frame(fig, title, whole, source, lang=lang, height=300 + _ROW * len(rows))


def sensitivity(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars: the range of each touchpoint's share over all settings, its median marked. Table: verdicts."""
    title = choose(lang, "Does the answer depend on the model?", "结论是否取决于模型？")
    if table.empty:
        text = choose(lang, "No touchpoint has any net sales.", "没有触点带有净销售额。")
        return empty(title, text, lang=lang)
    rows = table.iloc[::-1]
    names = titles(rows)
    robust = rows["verdict"] == "robust"
    fig = go.Figure()
    said = (choose(lang, "robust", "稳健"), choose(lang, "depends on a choice", "取决于设定"))
    for own, colour, name in ((robust, ACCENT, said[0]), (~robust, UNSURE, said[1])):
        for trace in interval(
            rows.loc[own, "least"], rows.loc[own, "median"], rows.loc[own, "most"],
            [n for n, o in zip(names, own, strict=True) if o], colour=colour, name=name,
        ):  # fmt: skip
            fig.add_trace(trace)
    fig.update_xaxes(percent_axis(0, float(max(rows["most"].max(), 0.01))), showgrid=True)
    fig.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK})
    n, sure = len(rows), int(robust.sum())
    keep = f"{sure} of {n} touchpoints {'keeps its' if sure == 1 else 'keep their'} share whatever the model"
    title = choose(
        lang, keep if sure else "No touchpoint keeps its share whatever the model",
        f"{n}个触点中{sure}个不随模型改变" if sure else "没有触点的占比不随模型改变",
    )  # fmt: skip
    if n == sure == 1:
        title = choose(lang, "One touchpoint alone: nothing to compare models on", "只有一个触点，无从比较模型")
    sub = choose(
        lang, "Share of attributed money over models and look-backs; dot: median",
        "各模型与回溯期下占归因额的份额；点为中位数",
    )  # fmt: skip
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=230 + _ROW * n)


def removal(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars: share of exposed orders that the chain loses without each touchpoint. Table: removal effects."""
    title = choose(lang, "What would be lost without each touchpoint", "去掉各触点会失去什么")
    if table.empty:
        text = choose(
            lang,
            "No exposure with people who did not buy: nothing to remove.",
            "没有含未购买者的曝光，无法计算移除效应。",
        )
        return empty(title, text, lang=lang)
    if not table["removal_orders"].max() > 0:
        text = choose(
            lang, "No order has an exposure before it: nothing to lose.", "没有订单此前有曝光，去掉触点不会少一单。"
        )
        return empty(title, text, lang=lang)
    rows = table.sort_values(["removal_orders", "touchpoint"], ascending=[True, False])
    names = titles(rows)
    fig = go.Figure(go.Bar(
        x=rows["removal_orders"], y=names, orientation="h", marker_color=ACCENT, cliponaxis=False,
        text=[f"{percent(r.removal_orders)} · {number(round(r.lost_orders), lang)}" for r in rows.itertuples()],
        textposition="outside", textfont={"color": INK}, hoverinfo="skip",
    ))  # fmt: skip
    fig.update_xaxes(percent_axis(0, float(max(rows["removal_orders"].max(), 0.01))), showgrid=True)
    fig.update_yaxes(showgrid=False, tickfont={"color": INK})
    best = rows.iloc[-1]
    title = choose(
        lang, f"Without {names[-1]} the chain loses {percent(best['removal_orders'])} of exposed orders",
        f"去掉{names[-1]}，链条失去{percent(best['removal_orders'])}的有曝光订单",
    )  # fmt: skip
    sub = choose(
        lang, "Removal effect of a Markov chain, and orders; effects overlap and do not sum to 100%",
        "马尔可夫链移除效应及订单数；各效应相互重叠，不合计为100%",
    )  # fmt: skip
    return frame(
        fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, right=90, height=230 + _ROW * len(rows)
    )


def reach(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Dots: persons reached against conversion, exposures only. Table: touchpoint ledger."""
    title = choose(lang, "Reach and conversion", "触达与转化")
    rows = table[(table["kind"] == "exposure") & table["conversion"].notna()]
    if rows.empty:
        text = choose(
            lang, "No touchpoint has people who were reached and did not buy.", "没有触点能看到被触达而未购买的人。"
        )
        return empty(title, text, lang=lang)
    names = titles(rows)
    fig = go.Figure(go.Scatter(
        x=rows["persons"], y=rows["conversion"], mode="markers+text", text=names,
        textposition=beside(rows["persons"], rows["conversion"], names),
        cliponaxis=False, marker={"size": 13, "color": ACCENT, "line": {"color": PAPER, "width": 1.5}},
        hovertext=[
            labelled(n, listed(f"{p:,}", percent(c), lang=lang), lang)
            for n, p, c in zip(names, rows["persons"], rows["conversion"], strict=True)
        ],
        hoverinfo="text", textfont={"color": MUTED},
    ))  # fmt: skip
    fig.update_xaxes(
        number_axis(0, float(rows["persons"].max()), lang), title=choose(lang, "persons reached", "触达人数")
    )
    fig.update_yaxes(percent_axis(0, float(max(rows["conversion"].max(), 0.01))))
    best = names[int(rows["conversion"].to_numpy().argmax())]
    title = choose(
        lang, f"{best} converts best: {percent(rows['conversion'].max())} of those reached bought",
        f"{best}转化最高：触达者中{percent(rows['conversion'].max())}购买",
    )  # fmt: skip
    if not rows["conversion"].max() > 0:
        title = choose(lang, "Nobody who was reached bought within the look-back", "触达者在回溯期内无人购买")
    sub = choose(lang, "Buyers within the look-back / persons reached", "回溯期内购买人数／触达人数")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, bottom=20, height=430)


def chosen_shares(
    table: pd.DataFrame, *, model: str, look_back_days: int, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Dots: shares under one chosen setting, over the range of all settings. Table: touchpoint view."""
    if table.empty:
        text = choose(lang, "No touch before any order.", "没有任何订单前的触点。")
        return empty(choose(lang, "Credit under a setting", "所选设定下的归因"), text, lang=lang)
    rows = table.iloc[::-1]
    names = list(rows["title"])
    fig = go.Figure(interval(rows["least"], rows["share"], rows["most"], names, colour=ACCENT))
    fig.update_xaxes(percent_axis(0, float(max(rows["most"].max(), 0.01))), showgrid=True)
    fig.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK})
    best = names[-1][:1].upper() + names[-1][1:]
    title = choose(
        lang, f"{best} gets {percent(rows['share'].iloc[-1])} under {model_name(model, lang)}, {look_back_days} days",
        f"{model_name(model, lang)}、回溯{look_back_days}天：{names[-1]}占{percent(rows['share'].iloc[-1])}",
    )  # fmt: skip
    sub = choose(
        lang, "Share of attributed money; bar: range over all settings", "占归因额的份额；横条为所有设定的范围"
    )
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=210 + _ROW * len(rows))
