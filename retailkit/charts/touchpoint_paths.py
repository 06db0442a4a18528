"""Figures of paths: from the first touch to the last, and into an order or none."""

from __future__ import annotations

from itertools import cycle

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import GREY, INK, MUTED, PALETTE, choose, empty, frame, number, percent
from retailkit.charts.touchpoints import titles
from retailkit.charts.words import shortened, text_width

LABEL = 170
"""Pixels that a name has beside its node before it runs into the next."""

_COLOURS = (*PALETTE[:-1], "#7A6FAC", "#8C6D46")
"""As many as touchpoints are told apart: two of one colour would look like one."""


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
    down, across = (titles(pd.DataFrame({"touchpoint": axis})) for axis in (grid.index, grid.columns))
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
    slanted = 0
    if len(across) > 5:  # side by side the names would run into each other
        slanted = int(0.57 * max(text_width(name, 12) for name in across))
        fig.update_xaxes(tickangle=-35, title_standoff=8)
    height = max(330, 250 + 46 * len(down)) + slanted
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, bottom=24 + slanted, height=height)


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
    colours = dict(zip([k for k in kinds if k != "other"], cycle(_COLOURS)))
    colour = colours | {"other": MUTED, "(order)": INK, "(none)": GREY}
    labels = [end.get(k) or titles(pd.DataFrame({"touchpoint": [k.split("|")[-1]]}))[0] for k in keys]
    fig = go.Figure(go.Sankey(
        arrangement="snap",
        node={
            "label": [shortened(name, LABEL) for name in labels], "color": [colour[k.split("|")[-1]] for k in keys],
            "customdata": labels, "hovertemplate": "%{customdata}: %{value:,}<extra></extra>",
            "pad": 18, "thickness": 14, "line": {"width": 0},
        },
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
    if not bought:
        title = choose(lang, "No journey with an exposure ends in an order", "有曝光的路径无一以下单结束")
    sub = choose(lang, f"Journeys, the last {last} exposures of each", f"路径数，各取最后{last}次曝光")
    return frame(fig, title, f"{sub} · {merchant} · {period}", source, lang=lang, left=30, height=520)


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.28)"
