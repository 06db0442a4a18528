"""Choose a model, a look-back and a grouping, and see which touchpoint gets what.

Everything comes from the sensitivity panel that was computed before; a choice only picks rows. Only a
chain of an order that is not in the panel is computed when it is asked for, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.windows import ORDERS, thin_sentence
from retailkit.charts.touchpoints import chosen_shares, kind_name, model_name

Chains = Callable[[int, int, Any], tuple[pd.DataFrame, pd.DataFrame]]
GROUPINGS = ("touchpoint", "family", "kind")
"""Touchpoint as it is; family without the campaign (mailing: Type A -> mailing); exposure or attached."""

_WORDS = {
    "fold": ("folded", "合并"), "keep": ("kept", "保留"), "drop": ("dropped", "剔除"),
    "touchpoint": ("touchpoint", "触点"), "family": ("family", "大类"), "kind": ("kind", "类别"),
}  # fmt: skip
"""Choice -> what the reader sees, in English and Chinese."""


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
        if lang == "zh":
            raise ValueError(
                f"面板中没有{model_name(model, lang)}、回溯{look_back_days}天、主动回访{_WORDS.get(direct, (direct, direct))[1]}的结果；"
                f"已有模型：{'、'.join(model_name(m, lang) for m in has['model'].unique())}；"
                f"回溯天数：{'、'.join(map(str, sorted(has['look_back_days'].unique())))}。"
            )
        raise ValueError(
            f"the panel has no {model} at {look_back_days} days with returns {direct}; it has "
            f"{', '.join(has['model'].unique())} at {', '.join(map(str, sorted(has['look_back_days'].unique())))} days"
        )
    table = chosen[["group", "share"]].merge(ends, on="group").sort_values(["share", "group"], ascending=[False, True])
    word = kind_name if grouping == "kind" else touchpoint_title
    return table.assign(title=[word(g, lang) for g in table["group"]]).reset_index(drop=True)


def credit(panel: pd.DataFrame, merchant: Any, period: str, lang: str = "en", chains: Chains | None = None) -> Any:
    """Open the explorer of model, look-back, returns and grouping: the one line to type at the desk.

    Parameters
    ----------
    panel : of ``attribute.sensitivity``
    merchant : record of the cohort file: its ``title`` is shown
    period : of ``attribute.paths_period``
    chains : of ``attribute.chains_on_demand``: offers Markov chains of all orders from 1 to 5
    """
    return touchpoint_explorer(panel, merchant=merchant.title, period=period, lang=lang, chains=chains)


def with_chain(
    panel: pd.DataFrame, chains: Chains, model: str, look_back_days: int, direct: str, lang: str = "en"
) -> tuple[pd.DataFrame, str]:
    """Return the panel with a chain's rows at one setting, and a sentence where the chain is too sparse."""
    order = int(model.removeprefix("markov_"))
    rows, windows = chains(order, look_back_days, direct)
    key = ["model", "look_back_days", "direct", "identity"]
    known = pd.MultiIndex.from_frame(panel[key]).isin(pd.MultiIndex.from_frame(rows[key]))
    return pd.concat([panel[~known], rows], ignore_index=True), thin_sentence(windows, order, lang)


def touchpoint_explorer(
    panel: pd.DataFrame, *, merchant: str, period: str, source: str = "", lang: str = "en", chains: Chains | None = None
) -> Any:
    """Return a widget: choices of model, look-back, returns and grouping above the figure they give."""
    import ipywidgets as widgets
    from IPython.display import display

    zh = lang == "zh"
    settled = panel[panel["identity"] == "person"]
    models = list(dict.fromkeys([*settled["model"], *(f"markov_{order}" for order in ORDERS if chains)]))
    chooser = {
        "model": widgets.Dropdown(
            options=[(model_name(m, lang), m) for m in models], description="模型" if zh else "model"
        ),
        "look_back_days": widgets.Dropdown(
            options=sorted(settled["look_back_days"].unique().tolist()), description="回溯天数" if zh else "look-back"
        ),
        "direct": widgets.Dropdown(
            options=[(_WORDS[d][zh], d) for d in settled["direct"].unique()],
            description="主动回访" if zh else "returns",
        ),
        "grouping": widgets.Dropdown(
            options=[(_WORDS[g][zh], g) for g in GROUPINGS], description="分组" if zh else "grouping"
        ),
    }
    shown = widgets.Output()
    held = {"panel": panel}

    def draw(change: Any = None) -> None:
        shown.clear_output(wait=True)
        picked = {name: box.value for name, box in chooser.items()}
        with shown:
            try:
                if chains and picked["model"].startswith("markov_"):
                    chosen = {name: picked[name] for name in ("model", "look_back_days", "direct")}
                    held["panel"], doubt = with_chain(held["panel"], chains, **chosen, lang=lang)
                    if doubt:
                        display(doubt)
                table = touchpoint_view(held["panel"], **picked, lang=lang)
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
