"""Figures of the touchpoints chapter: what each brought, by which model, along which paths."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

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
    major,
    money,
    money_axis,
    number,
    number_axis,
    percent,
    percent_axis,
)

_ROW = 34  # pixels of height per touchpoint
_KINDS = {"exposure": ACCENT, "order_attached": WARM, "none": UNSURE}
_FIXED = ("touchpoint", "title", "kind", "least", "most", "recommended", "credit", "low", "high")


def _titles(table: pd.DataFrame, column: str = "touchpoint") -> list[str]:
    if column == "touchpoint" and "title" in table:
        return list(table["title"])
    return [t if t.startswith("(") else t[:1].upper() + t[1:].replace("_", " ") for t in table[column].astype(str)]


def _kind_name(kind: str, lang: str) -> str:
    return {
        "exposure": choose(lang, "exposure (has a rate)", "曝光（有转化率）"),
        "order_attached": choose(lang, "attached to the order (no rate)", "附着于订单（无转化率）"),
        "none": choose(lang, "no touch known", "无已知触点"),
    }.get(kind, kind)


def touchpoint_credit(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars: net sales credited to each touchpoint; they sum to all net sales. Table: touchpoint ledger."""
    title = choose(lang, "Net sales by touchpoint", "各触点净销售额")
    known = table[table["credit"] != 0].iloc[::-1]
    if known.empty:
        return empty(title, choose(lang, "There are no orders to credit.", "没有可归因的订单。"), lang=lang)
    fig = go.Figure()
    names = _titles(known)
    for kind, colour in _KINDS.items():
        mine = (known["kind"] == kind).to_numpy()
        if mine.any():
            rows = known[mine]
            fig.add_trace(go.Bar(
                x=major(rows["credit"], currency), y=[n for n, m in zip(names, mine, strict=True) if m],
                orientation="h", name=_kind_name(kind, lang), marker_color=colour,
                text=[f"{money(r.credit, currency, lang)} · {percent(r.share)}" for r in rows.itertuples()],
                textposition="outside", cliponaxis=False, textfont={"color": INK},
                hovertext=[_ledger_words(r, currency, lang) for r in rows.itertuples()], hoverinfo="text",
            ))  # fmt: skip
    top = float(major(known["credit"], currency).max())
    fig.update_xaxes(money_axis(0, top, currency, lang), showgrid=True)
    fig.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK})
    real = known[known["kind"] != "none"]
    if len(real) and real["share"].iloc[-1] >= 0.005:
        best = real.iloc[-1]
        title = choose(
            lang, f"{_titles(real)[-1]} earned most: {percent(best['share'])} of net sales",
            f"{_titles(real)[-1]}贡献最大：占净销售额的{percent(best['share'])}",
        )  # fmt: skip
    elif len(real):
        title = choose(lang, "No touchpoint's part can be told from nothing", "没有触点的贡献能与零区分")
    sub = choose(
        lang,
        f"Credited net sales, {currency}; the bars sum to all of it",
        f"归因净销售额（{currency}），各条之和等于总额",
    )
    return frame(
        fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, right=130, height=220 + _ROW * len(known)
    )


def _ledger_words(row: pd.Series, currency: str, lang: str) -> str:
    rate = (
        ""
        if row.conversion != row.conversion
        else choose(lang, f"<br>conversion {percent(row.conversion)}", f"<br>转化率{percent(row.conversion)}")
    )
    return choose(
        lang, f"{row.touchpoint}<br>{row.orders:,} orders touched, {row.buyers:,} buyers{rate}",
        f"{row.touchpoint}<br>触达{row.orders:,}单，{row.buyers:,}位买家{rate}",
    )  # fmt: skip


def models(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Dots: each touchpoint's share by every model; the recommended one with its interval. Table: side by side."""
    title = choose(lang, "Credit by model", "各模型的归因")
    if table.empty:
        return empty(title, choose(lang, "There are no orders to credit.", "没有可归因的订单。"), lang=lang)
    rows = table.iloc[::-1]
    names = _titles(rows)
    fig = go.Figure()
    for low, high, name in zip(rows["least"], rows["most"], names, strict=True):
        fig.add_trace(go.Scatter(
            x=[low, high], y=[name, name], mode="lines", line={"color": "#DDE2E7", "width": 7},
            hoverinfo="skip", showlegend=False,
        ))  # fmt: skip
    others = [c for c in rows.columns if c not in _FIXED]
    for i, model in enumerate(others):
        fig.add_trace(go.Scatter(
            x=rows[model], y=names, mode="markers", name=model.replace("_", " "),
            marker={"size": 8, "color": PALETTE[(i + 1) % len(PALETTE)], "opacity": 0.85},
            hovertext=[f"{n}, {model}: {percent(v)}" for n, v in zip(names, rows[model], strict=True)],
            hoverinfo="text",
        ))  # fmt: skip
    words = choose(lang, "recommended, 90% interval", "推荐值与90%区间")
    for trace in interval(rows["low"], rows["recommended"], rows["high"], names, colour=INK, name=words):
        fig.add_trace(trace)
    fig.update_xaxes(percent_axis(0, float(max(rows["most"].max(), rows["high"].fillna(0).max(), 0.01))), showgrid=True)
    fig.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK})
    spread = (rows["most"] - rows["least"]).to_numpy()
    widest = int(spread.argmax())
    if spread[widest] < 0.005:
        title = choose(lang, "All models give the touchpoints the same shares", "各模型给出的份额一致")
    else:
        span = (percent(rows["least"].iloc[widest]), percent(rows["most"].iloc[widest]))
        title = choose(
            lang, f"The models disagree most on {names[widest]}: {span[0]} to {span[1]}",
            f"各模型对{names[widest]}分歧最大：{span[0]}至{span[1]}",
        )  # fmt: skip
    sub = choose(lang, "Share of net sales; grey: the range over models", "占净销售额的份额；灰色为各模型的范围")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=240 + _ROW * len(rows))


def first_to_last(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Matrix: orders by their first and last exposure. Table: first to last."""
    title = choose(lang, "First to last touch", "首末触点")
    if table.empty:
        return empty(title, choose(lang, "No order has an exposure before it.", "没有订单在此前有曝光。"), lang=lang)
    grid = table.pivot_table(index="first", columns="last", values="orders", aggfunc="sum", fill_value=0)
    order = grid.sum(axis=1).add(grid.sum(axis=0), fill_value=0).sort_values(ascending=False).index
    grid = grid.reindex(index=[n for n in order[::-1] if n in grid.index], columns=[n for n in order if n in grid])
    down, across = (_titles(pd.DataFrame({"touchpoint": axis})) for axis in (grid.index, grid.columns))
    fig = go.Figure(go.Heatmap(
        z=grid.to_numpy(), x=across, y=down, showscale=False, xgap=2, ygap=2,
        text=[[number(v, lang, 4) if v else "" for v in line] for line in grid.to_numpy()], texttemplate="%{text}",
        hovertemplate="%{y} → %{x}: %{z:,}<extra></extra>", colorscale=[[0, "#F4F7FA"], [1, "#5B8FBF"]],
    ))  # fmt: skip
    same = int(table.loc[table["first"] == table["last"], "orders"].sum())
    total = int(table["orders"].sum())
    fig.update_xaxes(title=choose(lang, "last exposure", "末次曝光"), showline=False)
    fig.update_yaxes(title=choose(lang, "first exposure", "首次曝光"), showgrid=False)
    title = choose(
        lang, f"{percent(same / total)} of exposed orders start and end with the same touchpoint",
        f"{percent(same / total)}的有曝光订单首末触点相同",
    )  # fmt: skip
    sub = choose(lang, "Orders with an exposure in the look-back", "回溯期内有曝光的订单数")
    height = max(330, 250 + 46 * len(down))
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, bottom=24, height=height)


def flows(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Sankey: the last steps of all journeys, into an order or into none. Table: path flows."""
    title = choose(lang, "Paths to the order", "通往订单的路径")
    if table.empty:
        return empty(title, choose(lang, "No journey has an exposure.", "没有包含曝光的路径。"), lang=lang)
    end = {"(order)": choose(lang, "order", "下单"), "(none)": choose(lang, "no order", "未下单")}
    last = int(table["step"].max())
    ends = table["step"] == last
    there = [t if e else f"{s + 1}|{t}" for s, t, e in zip(table["step"], table["target"], ends, strict=True)]
    here = [f"{s}|{t}" for s, t in zip(table["step"], table["source"], strict=True)]
    keys = list(dict.fromkeys([*here, *there]))
    at = {k: i for i, k in enumerate(keys)}
    kinds = list(dict.fromkeys(k.split("|")[-1] for k in keys if k not in end))
    colour = {k: PALETTE[i % (len(PALETTE) - 1)] for i, k in enumerate(kinds)} | {"(order)": INK, "(none)": GREY}
    labels = [end.get(k) or _titles(pd.DataFrame({"touchpoint": [k.split("|")[-1]]}))[0] for k in keys]
    fig = go.Figure(go.Sankey(
        arrangement="snap",
        node={"label": labels, "color": [colour[k.split("|")[-1]] for k in keys], "pad": 18, "thickness": 14,
              "line": {"width": 0}},
        link={"source": [at[k] for k in here], "target": [at[k] for k in there], "value": table["journeys"],
              "color": [_pale(colour[k.split("|")[-1]]) for k in here]},
        textfont={"size": 12, "color": INK},
    ))  # fmt: skip
    final = table[ends]
    bought = int(final.loc[final["target"] == "(order)", "journeys"].sum())
    total = int(final["journeys"].sum())
    title = choose(
        lang, f"{percent(bought / total)} of {number(total)} journeys with an exposure end in an order",
        f"{number(total, 'zh')}条有曝光的路径中{percent(bought / total)}以下单结束",
    )  # fmt: skip
    sub = choose(lang, f"Journeys, the last {last} exposures of each", f"路径数，各取最后{last}次曝光")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, left=30, height=520)


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.28)"


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
    rows = table.sort_values("removal_orders")
    names = _titles(rows)
    fig = go.Figure(go.Bar(
        x=rows["removal_orders"], y=names, orientation="h", marker_color=ACCENT, cliponaxis=False,
        text=[f"{percent(r.removal_orders)} · {number(r.lost_orders, lang)}" for r in rows.itertuples()],
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
    names = _titles(rows)
    fig = go.Figure(go.Scatter(
        x=rows["persons"], y=rows["conversion"], mode="markers+text", text=names, textposition="top center",
        cliponaxis=False, marker={"size": 13, "color": ACCENT, "line": {"color": PAPER, "width": 1.5}},
        hovertext=[
            f"{n}: {p:,}, {percent(c)}" for n, p, c in zip(names, rows["persons"], rows["conversion"], strict=True)
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
    sub = choose(lang, "Buyers within the look-back / persons reached", "回溯期内购买人数／触达人数")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, bottom=20, height=430)
