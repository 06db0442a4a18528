"""Choose a model, a look-back and a grouping, and see which touchpoint gets what.

Everything comes from the sensitivity panel that was computed before; a choice only picks rows.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.charts.touchpoints import chosen_shares

GROUPINGS = ("touchpoint", "family", "kind")
"""Touchpoint as it is; family without the campaign (mailing: Type A -> mailing); exposure or attached."""


def touchpoint_view(
    panel: pd.DataFrame,
    model: str,
    look_back_days: int,
    grouping: str = "touchpoint",
    direct: str = "fold",
    lang: str = "en",
) -> pd.DataFrame:
    """One row per group under one setting: its share, and the least and most over all settings.

    Raises
    ------
    ValueError
        If the panel has no such setting; the message lists what it has.
    """
    if grouping not in GROUPINGS:
        raise ValueError(f"no grouping '{grouping}'; there are {', '.join(GROUPINGS)}")
    key = ["model", "look_back_days", "direct", "identity"]
    group = panel["touchpoint"].str.partition(": ")[0] if grouping == "family" else panel[grouping]
    sums = panel.assign(group=group).groupby([*key, "group"], as_index=False)["share"].sum()
    ends = sums.groupby("group")["share"].agg(least="min", most="max")
    chosen = sums[
        (sums["model"] == model)
        & (sums["look_back_days"] == look_back_days)
        & (sums["direct"] == direct)
        & (sums["identity"] == "person")
    ]
    if chosen.empty and not panel.empty:
        has = panel[key].drop_duplicates()
        raise ValueError(
            f"the panel has no {model} at {look_back_days} days with returns {direct}; it has "
            f"{', '.join(has['model'].unique())} at {', '.join(map(str, sorted(has['look_back_days'].unique())))} days"
        )
    table = chosen[["group", "share"]].merge(ends, on="group").sort_values(["share", "group"], ascending=[False, True])
    return table.assign(title=[touchpoint_title(g, lang) for g in table["group"]]).reset_index(drop=True)


def credit(panel: pd.DataFrame, merchant: Any, period: str, lang: str = "en") -> Any:
    """Open the explorer of model, look-back, returns and grouping: the one line to type at the desk.

    Parameters
    ----------
    panel : of ``attribute.sensitivity``
    merchant : record of the cohort file: its ``title`` is shown
    period : of ``attribute.paths_period``
    """
    return touchpoint_explorer(panel, merchant=merchant.title, period=period, lang=lang)


def touchpoint_explorer(panel: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en") -> Any:
    """Return a widget: choices of model, look-back, returns and grouping above the figure they give."""
    import ipywidgets as widgets
    from IPython.display import display

    zh = lang == "zh"
    settled = panel[panel["identity"] == "person"]
    chooser = {
        "model": widgets.Dropdown(options=list(settled["model"].unique()), description="模型" if zh else "model"),
        "look_back_days": widgets.Dropdown(
            options=sorted(settled["look_back_days"].unique().tolist()), description="回溯天数" if zh else "look-back"
        ),
        "direct": widgets.Dropdown(
            options=list(settled["direct"].unique()), description="主动回访" if zh else "returns"
        ),
        "grouping": widgets.Dropdown(options=list(GROUPINGS), description="分组" if zh else "grouping"),
    }
    shown = widgets.Output()

    def draw(change: Any = None) -> None:
        shown.clear_output(wait=True)
        picked = {name: box.value for name, box in chooser.items()}
        with shown:
            try:
                table = touchpoint_view(panel, **picked, lang=lang)
            except ValueError as problem:
                display(str(problem))
                return
            display(chosen_shares(table, merchant=merchant, period=period, source=source, lang=lang, **_words(picked)))

    for box in chooser.values():
        box.observe(draw, names="value")
    draw()
    return widgets.VBox([widgets.HBox(list(chooser.values())), shown])


def _words(picked: dict[str, Any]) -> dict[str, Any]:
    return {"model": str(picked["model"]), "look_back_days": picked["look_back_days"]}
