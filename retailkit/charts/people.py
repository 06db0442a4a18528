"""Charts of the people chapter: assets, segments, lifecycle, moves, audiences."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import (
    ACCENT,
    DOWN,
    GREEN,
    GREY,
    INK,
    PALETTE,
    ROSE,
    SKY,
    UNSURE,
    WARM,
    choose,
    date_axis,
    empty,
    frame,
    interval,
    number,
    number_axis,
    percent,
    percent_axis,
)

STATE_COLOURS = (SKY, ACCENT, GREEN, WARM, ROSE, GREY)
"""new, active, reactivated, at risk, dormant, lost."""


def assets(growth: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """Lines of persons known so far, one per system, and of those who have bought, from ``asset_growth``."""
    if growth.empty:
        title = choose(lang, "Known persons", "已识别人数")
        return empty(title, choose(lang, "No account is known.", "没有已识别的账号。"), lang=lang)
    fig = go.Figure()
    everyone = growth[growth["system"] == "all"].sort_values("day")
    systems = growth[growth["system"] != "all"]
    lines = [(str(name), mine["day"], mine["persons"]) for name, mine in systems.groupby("system", sort=True)]
    lines.append((choose(lang, "have bought", "已购买"), everyone["day"], everyone["buyers"]))
    for colour, (name, day, persons) in zip(PALETTE * 4, lines, strict=False):
        fig.add_trace(go.Scatter(x=day, y=persons, name=name, line_color=colour, mode="lines+markers"))
    fig.update_xaxes(date_axis(lang))
    fig.update_yaxes(number_axis(0, systems["persons"].max(), lang))
    known, buyers = (number(everyone[c].iloc[-1], lang) for c in ("persons", "buyers"))
    title = choose(lang, f"Known persons: {known}; have bought: {buyers}", f"已识别{known}人，其中{buyers}人购买过")
    unit = choose(lang, "persons known so far, by system", "累计已识别人数，按系统")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang)


def segments(profile: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """Two bars per segment, share of persons (with interval) and of net spend, from ``segment_profile``."""
    if profile.empty:
        title = choose(lang, "Segments", "人群分层")
        return empty(title, choose(lang, "No person bought in this period.", "本期没有可识别的购买人。"), lang=lang)
    rows = profile.iloc[::-1]
    people = go.Bar(
        y=rows["segment"], x=rows["share"], name=choose(lang, "share of persons", "人数占比"), orientation="h",
        marker_color=SKY,
        error_x={
            "type": "data", "symmetric": False, "array": rows["share_high"] - rows["share"],
            "arrayminus": rows["share"] - rows["share_low"], "color": INK, "thickness": 1, "width": 3,
        },
    )  # fmt: skip
    spend = go.Bar(
        y=rows["segment"], x=rows["net_share"], name=choose(lang, "share of net spend", "净消费占比"), orientation="h",
        marker_color=ACCENT,
    )  # fmt: skip
    fig = go.Figure([spend, people])
    low = min(0.0, rows["net_share"].min() if rows["net_share"].notna().any() else 0.0)
    fig.update_xaxes(percent_axis(low, max(rows["share_high"].max(), rows["net_share"].max())))
    fig.update_layout(barmode="group", bargap=0.25, legend_traceorder="reversed")  # as the bars stand, from the top
    first = profile.iloc[0]
    title = choose(
        lang,
        f"{first['segment']}: {percent(first['share'])} of persons, {percent(first['net_share'])} of net spend",
        f"{first['segment']}：人数占{percent(first['share'])}，净消费占{percent(first['net_share'])}",
    )
    if pd.isna(first["net_share"]):
        most = profile.loc[profile["persons"].idxmax()]
        title = choose(
            lang,
            f"{most['segment']}: {percent(most['share'])} of persons; refunds leave no net spend to share",
            f"{most['segment']}：人数占{percent(most['share'])}；退款抵消付款，无净消费占比",
        )
    unit = choose(lang, "shares of persons and net spend, 90% interval", "人数与净消费占比，90%区间")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=120 + 46 * len(rows) + 120)


def lifecycle(counts: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """Stacked bars of persons by lifecycle state, one per day, from ``lifecycle_counts`` in words."""
    if counts.empty:
        title = choose(lang, "Lifecycle", "生命周期")
        return empty(title, choose(lang, "No known person had bought yet.", "尚无已知的购买人。"), lang=lang)
    fig = go.Figure()
    for place, mine in counts.groupby("place"):
        state, colour = mine["state"].iloc[0], STATE_COLOURS[int(place)]  # its own colour also where others are missing
        when = mine["day"].map(lambda day: str(day)[:7] if str(day)[8:10] == "01" else str(day)[:10])
        fig.add_trace(go.Bar(x=when, y=mine["persons"], name=state, marker_color=colour))
    last = counts[counts["day"] == counts["day"].max()]
    most = last.sort_values("persons").iloc[-1]
    fig.update_layout(barmode="stack")
    every = sorted(set(counts["day"].map(lambda day: str(day)[:7] if str(day)[8:10] == "01" else str(day)[:10])))
    step = -(-len(every) // 9)  # more dates than nine would have to be written slantwise
    fig.update_xaxes(type="category", categoryorder="category ascending", tickvals=every[::step])
    fig.update_yaxes(number_axis(0, counts.groupby("day")["persons"].sum().max(), lang))
    title = choose(
        lang,
        f"{most['state']} is the largest state: {percent(most['share'])} of all buyers so far",
        f"“{most['state']}”人数最多，占历史买家{percent(most['share'])}",
    )
    unit = choose(lang, "persons by state at the start of each day shown", "各日期初各状态人数")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang)


def moves(table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """A grid from-state × to-state with persons and share, from ``lifecycle_moves`` or ``segment_moves`` in words."""
    if table.empty:
        title = choose(lang, "Moves", "人群流转")
        return empty(title, choose(lang, "Nobody could move.", "没有可流转的人。"), lang=lang)
    kind = "state" if "from_state" in table else "segment"
    grid = table.pivot_table(index=f"from_{kind}", columns=f"to_{kind}", values="share", aggfunc="sum", sort=False)
    number_of = table.pivot_table(
        index=f"from_{kind}", columns=f"to_{kind}", values="persons", aggfunc="sum", sort=False
    )
    number_of = number_of.fillna(0)
    columns = [c for c in number_of.index if c in number_of] + [c for c in number_of if c not in number_of.index]
    number_of = number_of[columns]
    grid = grid.reindex(index=number_of.index, columns=columns)
    cells = zip(number_of.to_numpy(), grid.to_numpy(), strict=True)
    text = [[_cell(n, share, lang) for n, share in zip(*row, strict=True)] for row in cells]
    fig = go.Figure(
        go.Heatmap(
            z=grid.fillna(0).to_numpy(), x=list(grid.columns), y=list(grid.index), text=text, texttemplate="%{text}",
            colorscale=[[0, "#FFFFFF"], [1, ACCENT]], zmin=0, zmax=1, showscale=False, xgap=2, ygap=2, hoverinfo="skip",
        )
    )  # fmt: skip
    fig.update_yaxes(autorange="reversed")
    fig.update_xaxes(side="bottom", title=choose(lang, "to", "流向"))
    fig.update_yaxes(title=choose(lang, "from", "来自"))
    moved = table[(table[f"from_{kind}"] != table[f"to_{kind}"]) & table["share"].notna()]
    whole = table[table["share"].notna()]["persons"].sum()
    share = moved["persons"].sum() / whole if whole else float("nan")
    title = choose(lang, f"{percent(share)} of the earlier buyers changed place", f"{percent(share)}的老客发生了流转")
    if not whole:
        title = choose(lang, "There were no earlier buyers who could move", "期初没有老客，均为新增购买人")
    unit = choose(lang, "persons and share of the row they come from", "人数及占来源行的比例")
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=168 + 56 * len(grid) + 60,
                 bottom=18)  # fmt: skip


def _cell(persons: float, share: float, lang: str) -> str:
    if persons == 0:
        return ""
    return number(persons, lang) + (f"<br>{percent(share)}" if share > 0 else "")


def against_donors(table: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> go.Figure:
    """Each rate of the merchant with interval beside the donors' spread, from ``rates_against_donors`` in words."""
    title = choose(lang, "Moves against the donors", "与对照商户比较")
    shown = table[table["share"].notna()] if len(table) else table
    if shown.empty:
        return empty(title, choose(lang, "No known buyers at the start.", "期初没有已知的购买人。"), lang=lang)
    rows = shown.iloc[::-1]
    fig = go.Figure()
    spread = rows[rows["donors"] >= 3]
    for row in spread.itertuples():
        fig.add_trace(
            go.Scatter(
                x=[row.donors_low, row.donors_high], y=[row.rate, row.rate], mode="lines", showlegend=False,
                line={"color": GREY, "width": 14}, opacity=0.35, hoverinfo="skip",
            )
        )  # fmt: skip
    middle = choose(lang, "donors' middle", "对照中位")
    fig.add_trace(
        go.Scatter(
            x=spread["donors_median"], y=spread["rate"], mode="markers", name=middle,
            marker={"symbol": "line-ns-open", "color": INK, "size": 14},
        )
    )  # fmt: skip
    where = rows["place"].where(rows["place"].isin(["above", "below"]), "")
    for place, colour, name in (
        ("above", ACCENT, choose(lang, "above the donors", "高于对照")),
        ("below", DOWN, choose(lang, "below the donors", "低于对照")),
        ("", UNSURE, choose(lang, "not told apart", "无法区分")),
    ):
        own = rows[where == place]
        ends = (own[c].tolist() for c in ("share_low", "share", "share_high", "rate"))
        fig.add_traces(interval(*ends, colour=colour, name=name) if len(own) else [])
    fig.update_xaxes(percent_axis(0, float(rows[["share", "share_high", "donors_high"]].max().max())))
    outside = shown[shown["place"].isin(["above", "below"])]
    if len(outside):
        compared = (shown["place"] != "unknown").sum()
        title = choose(
            lang,
            f"{len(outside)} of {compared} rates lie outside what the donors show",
            f"{compared}项中有{len(outside)}项超出对照商户范围",
        )
    elif (shown["place"] == "unknown").all():
        few = (shown["donors"] < 3).all()
        title = (
            choose(lang, "Too few donors to compare with", "对照商户不足，无法比较")
            if few
            else choose(lang, "Too few buyers to compare", "购买人过少，无法比较")
        )
    else:
        title = choose(
            lang,
            "No rate lies outside what the donors show by more than chance",
            "没有一项比率超出对照商户范围（计入偶然）",
        )
    unit = choose(
        lang,
        "share of the persons concerned; dot: this merchant, 90% interval; grey: lowest to highest donor",
        "占相关人数；圆点为本商户，90%区间；灰色为对照商户范围",
    )
    return frame(fig, title, f"{unit} · {merchant} · {period}", source, lang=lang, height=420)
