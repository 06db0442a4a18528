"""Figures of the data chapter: what came in, what became of it, which days, do sources agree."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.tables import table_name
from retailkit.charts.template import (
    ACCENT,
    DOWN,
    GOLD,
    GREY,
    INK,
    PAPER,
    SKY,
    UP,
    WARM,
    choose,
    date_axis,
    empty,
    frame,
    number,
    number_axis,
    percent,
    percent_axis,
    shade,
)
from retailkit.charts.words import aside, labelled, shortened, wrap

_ROW = 34  # pixels of height per row of a table
_LABEL = 260  # pixels of a reason beside its bar
_MOST = 16  # bars that a reader looks through; the table beside has all
_FATES = (
    ("rows_kept", "kept", "采用", ACCENT),
    ("rows_skipped", "left out by rule", "按规则略去", GREY),
    ("rows_duplicate", "repeats", "重复", GOLD),
    ("rows_come_since", "came later", "后补", SKY),
    ("rows_quarantined", "set aside", "隔离", WARM),
)

_ANSWERS = {
    "yes": (ACCENT, "●", "yes", "可以"),
    "partly": (GOLD, "◐", "partly", "部分"),
    "no": (GREY, "○", "no", "不能"),
}


def rows_by_table(table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """Dots, on a log scale: rows per canonical table that came in. Table: what the store holds (``rows()``).

    No bars: on a log scale their lengths compare nothing.
    """
    title = choose(lang, "What came in", "导入了什么")
    shown = table.sort_values("rows").tail(_MOST)
    if shown.empty:
        return empty(title, choose(lang, "Nothing was loaded for this merchant.", "该商家没有数据。"), lang=lang)
    spans = [
        f"{number(r, lang)}" + (f" · {a:%Y-%m-%d} – {b:%Y-%m-%d}" if pd.notna(a) else "")
        for r, a, b in zip(shown["rows"], shown["first"], shown["last"], strict=True)
    ]
    names = [table_name(t, lang) for t in shown["table"]]
    dots = go.Scatter(
        x=shown["rows"], y=names, mode="markers+text", marker={"color": ACCENT, "size": 11}, text=[f"  {s}" for s in spans],
        textposition="middle right", textfont={"color": INK}, cliponaxis=False,
        hovertemplate=labelled("%{y}", "%{x:,}", lang) + "<extra></extra>",
    )  # fmt: skip
    fig = go.Figure(dots)
    tens = [10**n for n in range(len(str(int(shown["rows"].max()))) + 1)]
    fig.update_xaxes(
        type="log",
        range=[0, math.log10(tens[-1])],
        tickvals=tens,
        ticktext=[_ten(n, lang) for n in tens],
        showgrid=True,
    )
    fig.update_yaxes(categoryorder="array", categoryarray=names, range=[-0.6, len(names) - 0.4])
    fig.update_yaxes(showgrid=False, ticklabelstandoff=9)
    largest, name = shown.iloc[-1], names[-1]
    title = choose(
        lang,
        f"{len(table)} tables came in; the largest, {name}, has {number(largest['rows'], lang)} rows",
        f"导入{len(table)}张表，最大的是{name}，有{number(largest['rows'], lang)}行",
    )
    unit = choose(lang, "rows, log scale", "行数，对数刻度")
    height = 170 + _ROW * len(shown)
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=height, right=200)


def _ten(power: int, lang: str) -> str:
    """A power of ten as a tick: 100, 1K, 10万."""
    text = number(power, lang)
    return text.replace(".00", "").replace(".0", "")


def file_fates(table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """Stacked bars: what became of the rows of each file. Table: ``load.file_fates``."""
    title = choose(lang, "What became of the rows", "各文件的行去向")
    shown = table.loc[table["rows_read"] > 0]
    lost = (shown["rows_kept"] < shown["rows_read"]).astype(int)  # files that lost rows first, then the largest
    shown = shown.assign(lost=lost).sort_values(["lost", "rows_read"], kind="stable").tail(_MOST)
    if shown.empty:
        return empty(title, choose(lang, "No file was loaded.", "没有导入文件。"), lang=lang)
    fig = go.Figure()
    names = [aside(f, number(n, lang), lang) for f, n in zip(shown["file"], shown["rows_read"], strict=True)]
    for column, english, chinese, colour in _FATES:
        share = shown[column] / shown["rows_read"]
        if share.sum() > 0:
            fig.add_bar(
                x=share,
                y=names,
                orientation="h",
                name=choose(lang, english, chinese),
                marker_color=colour,
                customdata=shown[column],
                hovertemplate="%{y}: %{customdata:,} (%{x:.2%})<extra></extra>",
            )
    fig.update_layout(barmode="stack")
    fig.update_xaxes(tickformat=".0%", range=[0, 1])
    kept = table["rows_kept"].sum() / table["rows_read"].sum()
    title = choose(
        lang,
        f"{percent(kept)} of {number(table['rows_read'].sum(), lang)} rows are used",
        f"{number(table['rows_read'].sum(), lang)}行中采用{percent(kept)}",
    )
    unit = choose(lang, "share of the rows of each file (rows read in brackets)", "各文件行数占比（括号内为行数）")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=190 + _ROW * len(shown))


def quarantine_reasons(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en"
) -> go.Figure:
    """Bars: rows set aside by reason. Table: ``load.quarantine_reasons``."""
    title = choose(lang, "Why rows were set aside", "隔离原因")
    if table.empty:
        return empty(
            title, choose(lang, "No cell of any file had to be set aside.", "没有需要隔离的单元格。"), lang=lang
        )
    # one bad cell may spoil rows of several tables: a bar is a cell, not a table
    shown = table.drop_duplicates(["file", "column", "reason"]).head(15).iloc[::-1]
    names = [
        labelled(_last(c) or table_name(t, lang), r, lang)
        for c, t, r in zip(shown["column"], shown["table"], shown["reason"], strict=True)
    ]
    fig = go.Figure(
        go.Bar(
            x=shown["rows"],
            y=list(range(len(shown))),
            orientation="h",
            marker_color=WARM,
            cliponaxis=False,
            textposition="outside",
            text=[number(n, lang) for n in shown["rows"]],
            hovertext=shown["file"],
        )
    )
    fig.update_xaxes(visible=False, range=[0, 1.15 * shown["rows"].max()])
    short = [_two_lines(n) for n in names]
    fig.update_yaxes(showgrid=False, zeroline=False, tickvals=list(range(len(shown))), ticktext=short)
    top = table.iloc[0]
    where = _last(top["column"]) or table_name(top["table"], lang)
    title = choose(
        lang,
        f"Rows are set aside most often for '{where}': {number(top['rows'], lang)} row{'' if top['rows'] == 1 else 's'}",
        f"隔离最多的是“{where}”：{number(top['rows'], lang)}行",
    )
    unit = choose(lang, "rows", "行数")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=180 + _ROW * len(shown))


def _last(column: str) -> str:
    """A column's own name without its way through the record; of a sum's columns each once."""
    return " + ".join(dict.fromkeys(part.split(".")[-1] for part in str(column or "").split(" + ")))


def _two_lines(text: str) -> str:
    """A reason on at most two lines beside its bar; what is longer stands in the table."""
    first, *rest = wrap(text, _LABEL, 12)
    return (
        "<br>".join([shortened(first, _LABEL), shortened(" ".join(rest), _LABEL)]) if rest else shortened(first, _LABEL)
    )


def orders_by_day(
    table: pd.DataFrame, gaps: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en"
) -> go.Figure:
    """Line: orders by day, days without any shaded. Tables: ``load.daily_orders``, ``load.day_gaps``."""
    title = choose(lang, "Orders by day", "每日订单")
    if table.empty:
        return empty(title, choose(lang, "There are no orders.", "没有订单。"), lang=lang)
    every = table.set_index("day")["orders"].reindex(
        pd.date_range(table["day"].min(), table["day"].max()), fill_value=0
    )
    fig = go.Figure(
        go.Scatter(x=every.index, y=every, mode="lines", line={"color": ACCENT, "width": 1.3}, showlegend=False)
    )
    for first, last in zip(gaps["first"], gaps["last"], strict=True):
        shade(fig, first - pd.Timedelta(hours=12), last + pd.Timedelta(hours=12))
    fig.update_xaxes(date_axis(lang))
    fig.update_yaxes(number_axis(0, every.max(), lang))
    missing_days = int(gaps["days"].sum())
    title = choose(
        lang,
        f"{number(every.sum(), lang)} orders; "
        + (
            f"{missing_days} {'day has' if missing_days == 1 else 'days have'} none"
            if missing_days
            else "no day is missing"
        ),
        f"共{number(every.sum(), lang)}单；" + (f"{missing_days}天没有订单" if missing_days else "没有缺失的日期"),
    )
    unit = choose(lang, "orders per local day; shaded: days without any", "每日订单数；阴影为无订单日")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=400)


def source_agreement(
    table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en"
) -> go.Figure:
    """Bars: by how much two sources of one figure differ. Table: ``load.source_agreement``; like with like alone is drawn."""
    title = choose(lang, "Do the sources agree", "来源是否一致")
    wider = int((table["covers_more"] != "").sum())
    table = table[table["covers_more"] == ""]
    if table.empty:
        words = choose(lang, "No two sources state the same figure.", "没有两个来源陈述同一数字。")
        return empty(title, words, lang=lang)
    shown = table.iloc[::-1]
    names = [
        "<br>".join(wrap(labelled(m, f"{a} – {b}", lang), _LABEL, 12))
        for m, a, b in zip(shown["measure"], shown["left"], shown["right"], strict=True)
    ]
    fig = go.Figure(
        go.Bar(
            x=shown["gap"],
            y=names,
            orientation="h",
            marker_color=[UP if ok else DOWN for ok in shown["agrees"]],
            text=[
                choose(lang, f"{percent(g, 2, signed=True)} · {n} d", f"{percent(g, 2, signed=True)} · {n}天")
                for g, n in zip(shown["gap"], shown["days"], strict=True)
            ],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=labelled("%{y}", "%{x:+.2%}", lang) + "<extra></extra>",
        )
    )
    reach = max(shown["gap"].abs().max(), 0.0125)  # of the larger figure: never above 100%
    axis = percent_axis(-reach, reach, signed=True)
    fig.update_xaxes(axis | {"range": [-1.6 * reach, 1.6 * reach]}, showgrid=True, zeroline=True)
    fig.update_yaxes(showgrid=False)
    apart = int((~table["agrees"]).sum())
    title = choose(
        lang,
        f"{apart} of {len(table)} comparisons disagree" if apart else "What two sources state agrees",
        f"{len(table)}项核对中{apart}项不一致" if apart else "各来源一致",
    )
    unit = choose(lang, "first less second, as part of the larger; days compared", "前者减后者占较大者的比例；比较天数")
    if wider:
        unit += choose(
            lang, f"; {wider} {'covers' if wider == 1 else 'cover'} more and {'is' if wider == 1 else 'are'} left out",
            f"；另有{wider}项涵盖范围不同，未列出",
        )  # fmt: skip
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=190 + _ROW * len(shown))


def data_health(table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """One mark per question: can it be studied, and why. Table: ``load.data_health``."""
    title = choose(lang, "What can be studied", "可以研究什么")
    if table.empty:
        return empty(title, choose(lang, "No question was asked.", "没有问题。"), lang=lang)
    shown = table.iloc[::-1]
    fig = go.Figure()
    for answer, (colour, _, english, chinese) in _ANSWERS.items():
        mine = shown.loc[shown["answer"] == answer]
        fig.add_scatter(
            x=[0] * len(mine),
            y=mine["question"],
            mode="markers+text",
            name=choose(lang, english, chinese),
            marker={"color": colour, "size": 16, "line": {"color": PAPER, "width": 1}},
            showlegend=True,
            text=["   " + w for w in mine["why"]],
            textposition="middle right",
            textfont={"color": INK},
            cliponaxis=False,
            hoverinfo="skip",
        )
    fig.update_xaxes(visible=False, range=[-0.05, 1])
    fig.update_yaxes(categoryorder="array", categoryarray=list(shown["question"]), showgrid=False)
    count = table["answer"].value_counts()
    title = choose(
        lang,
        f"{count.get('yes', 0)} of {len(table)} questions can be studied",
        f"{len(table)}个问题中{count.get('yes', 0)}个可以研究",
    )
    if partly := count.get("partly", 0):
        title += choose(lang, f", {partly} in part", f"，{partly}个只能部分研究")
    unit = choose(lang, "by what came in", "依据已导入的数据")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=190 + _ROW * len(shown))
