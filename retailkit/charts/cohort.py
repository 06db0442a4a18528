"""Figures of the cohort report: all merchants side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import (
    ACCENT,
    DOWN,
    INK,
    MUTED,
    PALETTE,
    PAPER,
    UNSURE,
    UP,
    choose,
    empty,
    frame,
    interval,
    percent,
    percent_axis,
)
from retailkit.charts.words import labelled, listed, of_merchants

ANSWER_COLOURS = {"raised": UP, "lowered": DOWN, "cannot tell": UNSURE, "no result": UNSURE}
_FACTORS = {
    "buyers": ("buyers", "购买人数"), "frequency": ("frequency", "频次"), "basket": ("basket", "笔单价"),
    "orders a day": ("orders a day of unknown buyers", "未识别顾客日均订单"), "entry or exit": ("entry or exit", "新增或退出"),
    "refunds above sales": ("refunds above sales", "退款多于销售"), "no net sales": ("no net sales", "没有净销售额"),
}  # fmt: skip
_ROW = 27  # pixels of height per merchant


def factor_title(factor: str, lang: str = "en") -> str:
    """What a factor of the growth tree is called; the buyers of some orders are unknown and cannot be counted.

    >>> factor_title("orders a day"), factor_title("basket", "zh")
    ('orders a day of unknown buyers', '笔单价')
    """
    return choose(lang, *_FACTORS.get(factor, (factor, factor)))


_OF_ONE = {
    "raised": ("The programme raised the merchant's sales", "项目提升了该商户的销售"),
    "lowered": ("The programme lowered the merchant's sales", "项目拉低了该商户的销售"),
    "cannot tell": (
        "Whether the programme raised the merchant's sales cannot be told", "无法判断项目是否提升了该商户的销售",
    ),
    "no result": ("The merchant has no result yet", "该商户还没有结果"),
}  # fmt: skip


def verdict_title(table: pd.DataFrame, lang: str = "en") -> str:
    """Say in how many merchants the programme raised or lowered sales, and in how many nobody can tell.

    >>> verdict_title(pd.DataFrame({"answer": ["raised", "cannot tell", "cannot tell"]}))
    'The programme raised sales in 1 of 3 merchants; for 2 the data cannot tell'
    >>> verdict_title(pd.DataFrame({"answer": ["raised"]}))
    "The programme raised the merchant's sales"
    """
    n = len(table)
    up, down, unsure, none = ((table["answer"] == a).sum() for a in ("raised", "lowered", "cannot tell", "no result"))
    if n == 1:
        return choose(lang, *_OF_ONE[table["answer"].iloc[0]])
    en, zh = [], []
    if up:
        en.append("raised sales in both merchants" if up == n == 2 else f"raised sales in {up} of {n} merchants")
        zh.append("两家商户均因项目提升" if up == n == 2 else f"{n}家商户中{up}家因项目提升")
    if down:
        en.append(f"lowered sales in {down} of {n}")
        zh.append(f"{down}家下降")
    if unsure:
        en.append(f"for {unsure} the data cannot tell" if en else f"For all {n} merchants" if unsure == n else "")
        zh.append(f"{unsure}家无法判断" if zh else f"{n}家商户中{unsure}家无法判断项目是否带来增长")
    if none:
        zh.append(f"{none}家没有结果")
    if not (up or down):
        who = f"any of {n} merchants" if n - none == n else f"any of the {n - none} merchants with a result"
        who = who.replace("any of 2", "either of the 2").replace("any of the 2", "either of the 2")
        who = who.replace("any of the 1 merchants", "the one merchant")
        text = (
            f"Whether the programme raised sales cannot be told for {who}" if unsure else "No merchant has a result yet"
        )
        return choose(lang, text, "，".join(zh) or "还没有任何商户的结果")
    tail = f"; {en[-1]}" if unsure else ""
    text = "The programme " + " and ".join(en[: len(en) - bool(unsure)]) + tail
    return choose(lang, text + (f"; {none} without a result" if none else ""), "，".join(zh))


def verdicts(
    table: pd.DataFrame, pooled: Mapping[str, float] | None = None,
    *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Forest plot of the league: each merchant's effect with its interval, the pooled one below."""
    known = table.dropna(subset=["effect"]).sort_values("effect", ignore_index=True)
    title = verdict_title(table, lang)
    if known.empty:
        return empty(title, choose(lang, "No merchant has an estimated effect.", "没有商户有效应估计。"), lang=lang)
    without = table[table["effect"].isna()]  # refused, or left out of what is compared
    rows = [float(i) for i in range(1, len(table) + 1)]
    at = rows[len(without) :]
    colours = [ANSWER_COLOURS.get(a, UNSURE) for a in known["answer"]]
    words = [_effect_words(r.effect, r.low, r.high) for r in known.itertuples()]
    hover = [f"{r.title}<br>{w}<br>{r.reason}" for r, w in zip(known.itertuples(), words, strict=True)]
    fig = go.Figure(interval(known["low"], known["effect"], known["high"], at, colour=colours, hover=hover))
    low, high = _span(known, "low", min), _span(known, "high", max)
    labels = dict(zip(rows, [*without["title"], *starred(known)], strict=True))
    words = [choose(lang, "left out", "未计入")] * len(without) + words
    at = rows
    if pooled is not None and pooled["effect"] == pooled["effect"] and len(known) > 1:  # one alone is no pool
        _diamond(fig, pooled, lang)
        labels[-0.4] = choose(lang, "<b>All, pooled</b>", "<b>合并</b>")
        words = [*words, _effect_words(pooled["effect"], pooled["low"], pooled["high"])]
        at = [*at, -0.4]
        low, high = min(low, pooled["low"]), max(high, pooled["high"])
    _column(fig, at, words, choose(lang, "effect (90% interval)", "效应（90%区间）"), len(table))
    fig.add_vline(x=0, line_color=INK, line_width=1.2, layer="below")
    fig.update_xaxes(percent_axis(low, high, signed=True), showgrid=True, gridcolor="#EEF1F4")
    fig.update_yaxes(
        tickmode="array", tickvals=list(labels), ticktext=list(labels.values()), showgrid=False,
        range=[-1.1 if len(labels) > len(table) else 0.3, len(table) + 0.9], tickfont={"size": 12.5, "color": INK},
    )  # fmt: skip
    note = choose(
        lang, "Sales with the programme against sales without it; grey: no claim",
        "有项目时与无项目时的销售额之比；灰色：不能下结论",
    )  # fmt: skip
    if starred(known) != known["title"].tolist():
        note += choose(lang, "; *: barred by a guard", "；*：检验未通过")
    frame(fig, title, f"{note} · {merchant} · {period}", source, lang=lang, right=178, height=210 + _ROW * len(labels))
    return fig


def _span(table: pd.DataFrame, side: str, pick: Any) -> float:
    """The axis follows the intervals, but one merchant's vast interval must not flatten the others."""
    typical = float((table["high"] - table["low"]).median())
    centre = pick(table["effect"])
    edge = pick(pick(table[side].dropna(), default=centre), 0.0)
    limit = centre + (4 * typical if pick is max else -4 * typical)
    return float(min(edge, limit) if pick is max else max(edge, limit)) if typical == typical else float(edge)


def _diamond(fig: go.Figure, pooled: Mapping[str, float], lang: str) -> None:
    low, value, high = pooled["low"], pooled["effect"], pooled["high"]
    fig.add_trace(go.Scatter(
        x=[low, value, high, value, low], y=[-0.4, -0.1, -0.4, -0.7, -0.4], mode="lines", fill="toself",
        fillcolor=INK, line={"color": INK, "width": 1}, showlegend=False, hoverinfo="text",
        text=choose(lang, "All merchants, random effects", "全部商户（随机效应）"),
    ))  # fmt: skip


def _column(fig: go.Figure, at: list[float], words: list[str], head: str, top: int) -> None:
    for place, text in zip([*at, top + 0.9], [*words, head], strict=True):
        fig.add_annotation(
            x=1, xref="paper", xshift=160, xanchor="right", y=place, yref="y", text=text, showarrow=False,
            yanchor="bottom" if text == head else "middle",
            font={"size": 12, "color": MUTED if text == head else INK}, align="right",
        )  # fmt: skip


def _effect_words(value: float, low: float, high: float) -> str:
    if low != low:
        return percent(value, signed=True)
    return f"<b>{percent(value, signed=True)}</b>  ({percent(low, signed=True)}, {percent(high, signed=True)})"


def headlines(
    table: pd.DataFrame, pooling: pd.DataFrame,
    *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Dumbbells: what each merchant's sales did (headline) beside what the programme did."""
    known = table.dropna(subset=["growth"]).sort_values("growth", ignore_index=True)
    title = choose(lang, "Headline growth", "环比增长")
    if known.empty:
        return empty(title, choose(lang, "No merchant has a headline.", "没有商户有环比数字。"), lang=lang)
    pooled = pooling.set_index("pooling")["growth"]
    fig = go.Figure()
    for row in known.dropna(subset=["effect"]).itertuples():
        fig.add_trace(go.Scatter(
            x=[row.growth, row.effect], y=[row.title] * 2, mode="lines", line={"color": "#D5DBE1", "width": 3},
            hoverinfo="skip", showlegend=False,
        ))  # fmt: skip
    names = (
        choose(lang, "headline: programme on period before", "环比：项目期对前期"),
        choose(lang, "programme's effect", "项目效应"),
    )
    for column, name, colour, sign in (
        ("growth", names[0], ACCENT, "circle"),
        ("effect", names[1], PALETTE[1], "diamond"),
    ):
        fig.add_trace(go.Scatter(
            x=known[column], y=known["title"], mode="markers", name=name, cliponaxis=False,
            marker={"size": 11, "color": colour, "symbol": sign, "line": {"color": PAPER, "width": 1.5}},
            hovertext=[labelled(t, percent(v, signed=True), lang) for t, v in zip(known["title"], known[column], strict=True)],
            hoverinfo="text",
        ))  # fmt: skip
    values = pd.concat([known["growth"], known["effect"].dropna()])
    fig.add_vline(x=0, line_color=INK, line_width=1, layer="below")
    fig.update_xaxes(percent_axis(min(values.min(), 0), max(values.max(), 0), signed=True), showgrid=True)
    fig.update_yaxes(showgrid=False, tickfont={"color": INK}, categoryorder="array", categoryarray=list(known["title"]))
    total, middle, which = (
        percent(pooled["pooled"], signed=True),
        percent(pooled["median"], signed=True),
        of_merchants(len(known), lang),
    )
    title = choose(
        lang,
        f"Mean daily sales changed by {total} pooled, {middle} {which}",
        f"日均销售额合计变化{total}，{which}{middle}",
    )
    if not which:
        title = choose(lang, f"Mean daily sales changed by {total}", f"日均销售额变化{total}")
    sub = choose(
        lang,
        "Mean daily sales in the programme on the period before, net of refunds",
        "项目期日均销售额与前期相比，扣除退款",
    )
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=230 + _ROW * len(known))


def shares(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
    names: Mapping[str, str] | None = None, most: int = 14,
) -> go.Figure:  # fmt: skip
    """One dot per merchant on each touchpoint's line: its share of the merchant's credited sales.

    ``table`` has one row per merchant and touchpoint: ``merchant, title, touchpoint, share``. The
    ``most`` touchpoints with the largest medians are drawn; ``names`` gives their titles.
    """
    title = choose(lang, "Touchpoints across merchants", "各商户的触点")
    if table.empty:
        return empty(title, choose(lang, "No merchant has credited touchpoints.", "没有商户有触点归因。"), lang=lang)
    table = table.assign(touchpoint=[(names or {}).get(t, t) for t in table["touchpoint"]])
    middle = table.groupby("touchpoint")["share"].median().sort_values().tail(most)
    table = table[table["touchpoint"].isin(middle.index)]
    fig = go.Figure()
    fig.add_trace(go.Scatter(
        x=table["share"], y=table["touchpoint"], mode="markers", showlegend=False,
        marker={"size": 10, "color": ACCENT, "opacity": 0.35}, hoverinfo="text",
        hovertext=[labelled(r.title, percent(r.share), lang) for r in table.itertuples()],
    ))  # fmt: skip
    fig.add_trace(go.Scatter(
        x=middle, y=middle.index, mode="markers", showlegend=False, cliponaxis=False,
        marker={"symbol": "line-ns-open", "size": 16, "color": INK, "line": {"width": 3}}, hoverinfo="skip",
    ))  # fmt: skip
    count = table["merchant"].nunique()
    axis = percent_axis(0, 1.08 * table["share"].max())
    # in a column of their own: behind a row's last dot a median would read as that dot's figure
    fig.add_trace(go.Scatter(
        x=[axis["range"][1]] * len(middle), y=middle.index, mode="text", showlegend=False, text=[f"  {percent(v)}" for v in middle],
        textposition="middle right", textfont={"color": INK}, cliponaxis=False, hoverinfo="skip",
    ))  # fmt: skip
    fig.add_annotation(
        x=1, y=1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", xshift=7, showarrow=False,
        text=choose(lang, *_MIDDLE[min(count, 3)]), font={"size": 12, "color": MUTED},
    )  # fmt: skip
    fig.update_xaxes(axis)
    fig.update_yaxes(categoryorder="array", categoryarray=list(middle.index), tickfont={"color": INK})
    fig.update_yaxes(range=[-0.6, len(middle) - 0.2])
    nobody = [(names or {}).get(t, t) for t in ("unattributed", "organic")]
    told = middle[~middle.index.isin(nobody)]
    best, share = (
        (told.index[-1], percent(told.iloc[-1])) if len(told) else (middle.index[-1], percent(middle.iloc[-1]))
    )
    which = of_merchants(count, lang)
    title = choose(
        lang, f"{best[:1].upper()}{best[1:]} carries {share} of credited sales {which}".rstrip(),
        f"{_at(which, lang)}{best}占归因销售额的{share}",
    )  # fmt: skip
    sub = choose(lang, "Share of credited sales", "占归因销售额的份额")
    if which:
        middle_en, middle_zh = _MIDDLE[min(count, 3)]
        sub += choose(
            lang,
            f"; one dot a merchant, the line and the figure are the {middle_en}",
            f"；一点一商户，竖线与数字为{middle_zh}",
        )
    return frame(
        fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, right=80, height=214 + 46 * len(middle)
    )


def grew(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en",
) -> go.Figure:  # fmt: skip
    """Stacked bars: how much of each merchant's change in daily sales each factor made.

    ``table`` has one row per merchant and factor: ``merchant, title, factor, part``, the part
    as a fraction of the merchant's sales before.
    """
    if table.empty:
        return empty(
            choose(lang, "What grew", "什么在增长"),
            choose(lang, "No merchant has a growth tree.", "没有商户有增长树。"),
            lang=lang,
        )
    table = table.assign(factor=[factor_title(f, lang) for f in table["factor"].astype(str)])
    order = table.groupby("title")["part"].sum().sort_values().index.tolist()
    fig = go.Figure()
    for i, (factor, rows) in enumerate(table.groupby("factor", sort=False)):
        fig.add_trace(go.Bar(
            x=rows["part"], y=rows["title"], orientation="h", name=str(factor), marker_color=PALETTE[i % len(PALETTE)],
            hovertext=[labelled(listed(r.title, factor, lang=lang), percent(r.part, signed=True), lang) for r in rows.itertuples()],
            hoverinfo="text",
        ))  # fmt: skip
    up = table[table["part"] > 0].groupby("title")["part"].sum().max()
    down = table[table["part"] < 0].groupby("title")["part"].sum().min()
    fig.update_layout(barmode="relative")
    fig.add_vline(x=0, line_color=INK, line_width=1)
    fig.update_xaxes(percent_axis(min(down, 0) if down == down else 0, max(up, 0) if up == up else 0, signed=True))
    fig.update_yaxes(categoryorder="array", categoryarray=order, showgrid=False, tickfont={"color": INK})
    middle = table.pivot_table(index="title", columns="factor", values="part", aggfunc="sum").fillna(0).median()
    most = middle.abs().idxmax()
    part, which = percent(middle[most], signed=True), of_merchants(table["title"].nunique(), lang)
    where = {"": "", "as the mean of the two": "On average over the two merchants "}.get(
        which, f"{which[:1].upper()}{which[1:]} "
    )
    title = f"{where}{most} moved daily sales most: {part}"
    title = choose(lang, title[:1].upper() + title[1:], f"{_at(which, lang)}{most}对日销的影响最大：{part}")
    sub = choose(
        lang,
        "Each factor's part of the change, in % of the period before; a buyer counts once in the whole period",
        "各因素对变化的贡献，占前期的百分比；一位买家在整期只计一次",
    )
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, height=240 + _ROW * len(order))


_MIDDLE = {1: ("share", "份额"), 2: ("mean", "均值"), 3: ("median", "中位数")}
"""What the figure of a touchpoint over merchants is: of one, of two, of more."""


def _at(which: str, lang: str) -> str:
    """The opening of a Chinese title on the merchant in the middle; none of one merchant."""
    return f"在{which}，" if which and lang == "zh" else ""


def starred(table: pd.DataFrame) -> list[str]:
    """Merchants' titles, with a star behind those whose claim a guard bars (``barred``, where the table has it).

    >>> starred(pd.DataFrame({"title": ["A", "B"], "barred": ["", "its donors share customers"]}))
    ['A', 'B *']
    """
    barred = table["barred"] if "barred" in table else [""] * len(table)
    return [f"{title} *" if why else str(title) for title, why in zip(table["title"], barred, strict=True)]
