"""Choose a model, a look-back and a grouping, and see which touchpoint gets what.

Everything comes from the sensitivity panel that was computed before; a choice only picks rows. Only a
chain of an order that is not in the panel is computed when it is asked for, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.windows import ORDERS, thin_sentence
from retailkit.charts.touchpoint_tables import COLUMNS
from retailkit.charts.touchpoints import chosen_shares, kind_name

Chains = Callable[[int, int, Any], tuple[pd.DataFrame, pd.DataFrame]]
SETTINGS = {
    "fold": ("only where nothing else", "仅无其他触点时计"), "keep": ("like any touch", "同其他触点"),
    "drop": ("never", "不计"), "touchpoint": ("touchpoint", "触点"), "family": ("family of touchpoints", "触点大类"),
    "kind": ("kind of touch", "触点性质"),
}  # fmt: skip
NOTHING = (
    "No touch of a known person was exported: there is nothing to choose from.",
    "导出中没有可识别之人的触达：无可选择。",
)
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
        raise ValueError(_lacks(panel[key].drop_duplicates(), model, look_back_days, direct, lang))
    name = kind_name if grouping == "kind" else touchpoint_title
    table = chosen[["group", "share"]].merge(ends, on="group").sort_values(["share", "group"], ascending=[False, True])
    return table.assign(title=[name(g, lang) for g in table["group"]]).reset_index(drop=True)


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
    """Return a widget: choices of model, look-back, returns and grouping above the figure they give.

    Without a touch there is one sentence instead.
    """
    import ipywidgets as widgets
    from IPython.display import display

    zh = lang == "zh"
    settled = panel[panel["identity"] == "person"]
    if settled.empty:
        return widgets.Label(NOTHING[zh])
    days = sorted(settled["look_back_days"].unique().tolist())
    base = [d for d in days if d == panel.attrs.get("look_back_days")] or days[:1]  # the study's own
    models = dict.fromkeys([*settled["model"], *(f"markov_{order}" for order in ORDERS if chains)])
    held = {"panel": panel}
    chooser = {
        "model": _box(models, "模型" if zh else "model", lang),
        "look_back_days": widgets.Dropdown(
            options=days, value=base[0] if base else None, description="回溯天数" if zh else "look-back"
        ),
        "direct": _box(settled["direct"].unique(), "主动回访" if zh else "returns", lang),
        "grouping": _box(GROUPINGS, "分组" if zh else "grouping", lang),
    }
    shown = widgets.Output()

    there = set(settled[["look_back_days", "direct"]].itertuples(index=False, name=None))

    def draw(change: Any = None) -> None:
        days, direct = chooser["look_back_days"], chooser["direct"]
        if change is not None and (days.value, direct.value) not in there:  # the box just chosen wins
            if change["owner"] is direct:
                days.value = min(d for d, returns in there if returns == direct.value)
            else:
                direct.value = next(returns for d, returns in there if d == days.value)
            return
        shown.clear_output(wait=True)
        picked = {name: box.value for name, box in chooser.items()}
        with shown:
            try:
                if chains and picked["model"].startswith("markov_"):
                    setting = {name: picked[name] for name in ("model", "look_back_days", "direct")}
                    held["panel"], doubt = with_chain(held["panel"], chains, **setting, lang=lang)
                    if doubt:
                        print(doubt)
                table = touchpoint_view(held["panel"], **picked, lang=lang)
            except ValueError as problem:
                print(problem)
                return
            where = {"merchant": merchant, "period": period, "source": source, "lang": lang}
            display(chosen_shares(table, model=picked["model"], look_back_days=picked["look_back_days"], **where))

    for box in chooser.values():
        box.observe(draw, names="value")
    draw()
    return widgets.VBox([widgets.HBox(list(chooser.values())), shown])


def _box(settings: Iterable[Any], description: str, lang: str) -> Any:
    """A list of settings, in words."""
    import ipywidgets as widgets

    return widgets.Dropdown(options=[(setting_title(s, lang), s) for s in settings], description=description)


def setting_title(setting: Any, lang: str = "en") -> str:
    """A model, a treatment of returns or a grouping in words.

    >>> setting_title("time_decay"), setting_title("fold", "zh"), setting_title(None)
    ('time decay', '仅无其他触点时计', 'None')
    """
    titles = SETTINGS.get(str(setting)) or COLUMNS.get(str(setting))
    return titles[lang == "zh"] if titles else str(setting).replace("_", " ")


def _lacks(has: pd.DataFrame, model: str, look_back_days: int, direct: str, lang: str) -> str:
    """What the panel has instead of a setting that was not computed."""
    there = has[(has["model"] == model) & (has["direct"] == direct)]
    models = [setting_title(m, lang) for m in has["model"].unique()]
    days = ", ".join(map(str, sorted((has if there.empty else there)["look_back_days"].unique())))
    wanted, returns = setting_title(model, lang), setting_title(direct, lang)
    if lang == "zh":
        return f"没有{wanted}在回溯{look_back_days}天、主动回访{returns}时的结果；有{'、'.join(models)}，回溯{days}天"
    return f"the panel has no {wanted} at {look_back_days} days with returns {returns}; it has {', '.join(models)} at {days} days"
