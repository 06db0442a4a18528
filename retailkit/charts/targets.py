"""Figures of the targets chapter: the tree with attainment, pacing, shortfalls in money, the next targets."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import (
    ACCENT,
    DOWN,
    GREY,
    INK,
    MUTED,
    UP,
    choose,
    date_axis,
    empty,
    frame,
    major,
    money,
    money_axis,
    number,
    percent,
)

NODES = {
    "gmv": ("Sales", "销售额"), "known": ("Known customers", "已识别顾客"), "unknown": ("Unknown buyers", "未识别买家"),
    "buyers": ("Buyers", "购买人数"), "visitors": ("Visitors", "访客"), "conversion": ("Conversion", "转化率"),
    "frequency": ("Orders per buyer", "人均订单"), "basket": ("Basket", "笔单价"), "new_buyers": ("New buyers", "新客"),
    "returning_buyers": ("Returning buyers", "老客"), "unknown_orders": ("Orders of unknown buyers", "未识别订单"),
    "unknown_basket": ("Basket of unknown buyers", "未识别笔单价"),
}  # fmt: skip
_CLOSE = 0.03  # attainment this near to 1 is drawn as on plan


def node(name: str, lang: str = "en") -> str:
    """Title of a KPI node; parts of a cut keep their own name."""
    return choose(lang, *NODES.get(name, (name, name)))


def tree(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """The KPI tree as boxes: each node's achieved value, and its attainment by colour."""
    top = table[table["node"] == "gmv"]
    if top.empty:
        return empty(
            choose(lang, "KPI tree", "指标树"),
            choose(lang, "No orders in the window that can be compared.", "该窗口没有可比的订单。"),
            lang=lang,
        )
    place = _layout(table)
    fig = go.Figure()
    for row in table.itertuples():
        if row.parent in place:
            (x0, y0), (x1, y1) = place[row.parent], place[row.node]
            xs, ys = [x0 + 0.42, x0 + 0.5, x0 + 0.5, x1 - 0.42], [y0, y0, y1, y1]
            fig.add_scatter(x=xs, y=ys, mode="lines", line={"color": "#B8C0C8", "width": 1.5}, hoverinfo="skip")
    for row in table.itertuples():
        _box(fig, place[row.node], row, currency, lang)
    deep, rows = max(x for x, _ in place.values()), len({y for _, y in place.values()})
    fig.update_xaxes(visible=False, range=[-0.46, deep + 0.46]).update_yaxes(visible=False, autorange="reversed")
    fig.update_layout(showlegend=False)
    reached = float(top["attainment"].iloc[0])
    done, plan = (money(top[c].iloc[0], currency, lang) for c in ("achieved", "planned"))
    title = choose(
        lang,
        f"Sales reached {percent(reached)} of plan: {done} of {plan}",
        f"销售额达成{percent(reached)}：{done}，计划{plan}",
    )
    if math.isnan(reached):
        title = choose(
            lang,
            "The window is not wholly on record: nothing is set against the plan",
            "窗口记录不完整，无法与计划对比",
        )
    sub = choose(
        lang,
        "Achieved, and % of plan; blue above plan, orange below, grey within 3%",
        "实际与达成率；蓝：超计划，橙：未达，灰：差距3%以内",
    )
    height = 150 + 66 * max(rows, 4)
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, left=28, right=28, height=height)


def _layout(table: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Depth and line of each node: leaves one below the other, a parent beside its first child."""
    children: dict[str, list[str]] = {}
    for row in table.itertuples():
        children.setdefault(row.parent, []).append(row.node)
    place: dict[str, tuple[float, float]] = {}
    line = 0.0

    def put(name: str, depth: int) -> None:
        nonlocal line
        place[name] = (float(depth), line)
        for i, child in enumerate(children.get(name, [])):
            line += 1.0 if i else 0.0
            put(child, depth + 1)

    put("gmv", 0)
    return place


def _box(fig: go.Figure, at: tuple[float, float], row: Any, currency: str, lang: str) -> None:
    off = 0.0 if row.attainment != row.attainment else row.attainment - 1
    colour = GREY if abs(off) <= _CLOSE else UP if off > 0 else DOWN
    x, y = at
    fig.add_shape(
        type="rect", x0=x - 0.42, x1=x + 0.42, y0=y - 0.38, y1=y + 0.38, line={"color": colour, "width": 1.5},
        fillcolor="#FFFFFF", layer="between",
    )  # fmt: skip
    fig.add_shape(type="rect", x0=x - 0.42, x1=x - 0.395, y0=y - 0.38, y1=y + 0.38, line_width=0, fillcolor=colour)
    owner = f" · {row.owner.replace('_', ' ')}" if getattr(row, "owner", "") else ""
    reached = (
        "" if row.attainment != row.attainment else f"  <span style='color:{MUTED}'>{percent(row.attainment)}</span>"
    )
    text = f"{node(row.node, lang)}{owner}<br><b>{_value(row.achieved, row.unit, currency, lang)}</b>{reached}"
    fig.add_annotation(x=x - 0.37, y=y, text=text, showarrow=False, xanchor="left", align="left", font={"color": INK})


def _value(value: float, unit: str, currency: str, lang: str) -> str:
    if unit == "minor unit":
        return money(value, currency, lang)
    return percent(value) if unit == "fraction" else number(value, lang)


def pacing(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Fan chart: the total planned for each day by the donors' curve, and the actual total so far."""
    title = choose(lang, "Pacing", "进度")
    if table.empty or not table["planned"].max() > 0:
        return empty(title, choose(lang, "There is no target to pace.", "没有可跟踪的目标。"), lang=lang)
    money_of = {c: major(table[c], currency) for c in ("planned", "planned_low", "planned_high", "actual")}
    fig = go.Figure()
    fan = choose(lang, "80% of donors' curves", "80%的对照曲线")
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    fig.add_scatter(x=table["day"], y=money_of["planned_high"], showlegend=False, **edge)
    fig.add_scatter(
        x=table["day"], y=money_of["planned_low"], fill="tonexty", fillcolor="rgba(102,114,127,.16)", name=fan, **edge
    )
    plan, actual = choose(lang, "planned total", "计划累计"), choose(lang, "actual total", "实际累计")
    fig.add_scatter(
        x=table["day"],
        y=money_of["planned"],
        mode="lines",
        name=plan,
        line={"color": MUTED, "width": 2, "dash": "dot"},
    )
    seen = table.dropna(subset=["actual"])
    if len(seen):
        fig.add_scatter(
            x=table["day"], y=money_of["actual"], mode="lines", name=actual, line={"color": ACCENT, "width": 3}
        )
    target = table["planned"].iloc[-1]
    fig.add_hline(y=major(target, currency), line={"color": INK, "width": 1, "dash": "dash"})
    fig.update_xaxes(date_axis(lang))
    fig.update_yaxes(money_axis(0, max(v.max() for v in money_of.values() if v.notna().any()), currency, lang))
    goal = money(target, currency, lang)
    if seen.empty:
        half = table.loc[table["share"] >= 0.5, "day"].iloc[0].date()
        title = choose(lang, f"Half of the target of {goal} is due by {half}", f"目标{goal}，到{half}应完成一半")
    else:
        last = seen.iloc[-1]
        total = money(last["actual"], currency, lang)
        way = choose(lang, *(("above", "高于") if last["actual"] >= last["planned"] else ("below", "低于")))
        due = money(last["planned"], currency, lang)
        title = choose(
            lang,
            f"By {last['day'].date()} sales stood at {total}, {way} the {due} due",
            f"截至{last['day'].date()}累计{total}，{way}应有的{due}",
        )
    fig.update_layout(legend_traceorder="reversed")  # drawn last, named first
    sub = choose(lang, f"{currency}, total since the window's first day", f"{currency}，自窗口首日起累计")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang)


def shortfalls(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars in money: what each node made by missing or beating its plan, the worst on top."""
    rows = table[table["money"] != 0]
    title = choose(lang, "What fell short", "差距在哪里")
    if rows.empty:
        return empty(title, choose(lang, "No node strayed from its plan.", "各节点与计划一致。"), lang=lang)
    rows = rows.iloc[::-1]
    names = [node(n, lang) for n in rows[rows.columns[0] if "node" in rows else "part"]]
    values = major(rows["money"].astype(float), currency)
    words = [
        f"{money(m, currency, lang, signed=True)}  ({percent(a)})"
        for m, a in zip(rows["money"], rows["attainment"], strict=True)
    ]
    fig = go.Figure(go.Bar(
        x=values, y=names, orientation="h", text=words, textposition="outside", cliponaxis=False,
        marker_color=[UP if v > 0 else DOWN for v in values], hoverinfo="skip", textfont={"color": INK},
    ))  # fmt: skip
    span = float(values.abs().max())
    low, high = min(values.min() - 0.35 * span, 0), max(values.max() + 0.35 * span, 0)
    fig.add_vline(x=0, line_color=INK, line_width=1)
    fig.update_xaxes(money_axis(low, high, currency, lang))
    fig.update_yaxes(showgrid=False, tickfont={"color": INK})
    total = money(rows["money"].sum(), currency, lang, signed=True)
    worst = table.iloc[0]
    if worst["money"] < 0:
        lost, name = money(-worst["money"], currency, lang), names[-1]
        title = choose(
            lang, f"{name} cost most: {lost} below plan; in all {total}", f"{name}缺口最大：低于计划{lost}；合计{total}"
        )
    else:
        title = choose(lang, f"No node fell short; in all {total} on plan", f"各节点均达成计划；合计{total}")
    sub = choose(
        lang,
        f"Achieved less planned in {currency}, the node's part (and % of plan reached)",
        f"实际减计划，{currency}（达成率）",
    )
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=220 + 42 * len(rows))


def next_targets(
    table: pd.DataFrame, chances: pd.DataFrame,
    *, merchant: str, period: str, source: str = "", currency: str = "USD", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Bars of the next window: the last phase, what would be sold anyway, base and stretch with their chances."""
    top = table[table["node"] == "gmv"]
    if top.empty:
        sentence = choose(lang, "There is no window to propose targets from.", "没有可据以提出目标的窗口。")
        return empty(choose(lang, "Next targets", "下一阶段目标"), sentence, lang=lang)
    row, odds = top.iloc[0], chances.set_index("target")["if_nothing_new"]
    names = {
        "reference": choose(lang, "Last phase", "上一阶段"), "anyway": choose(lang, "Sold anyway", "本应售出"),
        "base": choose(lang, "Base target", "基本目标"), "stretch": choose(lang, "Stretch target", "挑战目标"),
    }  # fmt: skip
    keys = list(names)[::-1]
    words = []
    for key in keys:
        odd = odds.get(key, float("nan"))
        chance = choose(
            lang, f"  (chance {percent(odd, 0)} if nothing new is done)", f"（若无新动作，概率{percent(odd, 0)}）"
        )
        words.append(money(row[key], currency, lang) + (chance if odd == odd else ""))
    values = [float(major(row[key], currency)) for key in keys]
    fig = go.Figure(go.Bar(
        x=values, y=[names[k] for k in keys], orientation="h", text=words, textposition="outside", cliponaxis=False,
        marker_color=[{"reference": GREY, "anyway": "#85BEE0"}.get(k, ACCENT) for k in keys], hoverinfo="skip",
        textfont={"color": INK},
    ))  # fmt: skip
    fig.update_xaxes(money_axis(0, max(values) * 1.5, currency, lang))
    fig.update_yaxes(showgrid=False, tickfont={"color": INK})
    base = money(row["base"], currency, lang)
    if row["base"] > row["anyway"] * 1.0005:
        change = percent(row["base"] / row["anyway"] - 1, signed=True)
        en = f"The next window's base target is {base}, {change} on what would be sold anyway"
        title = choose(lang, en, f"下一窗口基本目标{base}，比本应售出的水平{change}")
    else:
        en = f"No lift is planned: the next window aims for the {base} that would be sold anyway"
        title = choose(lang, en, f"未计划提升：下一窗口目标为本应售出的{base}")
    sub = choose(lang, f"{currency}, net sales of the whole window", f"{currency}，整个窗口净销售额")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=380)
