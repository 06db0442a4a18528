"""Leave donors out, change the estimator, and see what becomes of the effect.

For the desk: to learn how much a claim rests on one donor or one method. The study's own
estimate is chosen by the data and never read from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.growth import counterfactual
from retailkit.charts.words import interval_name
from retailkit.growth.donors import AT_RISK_SHARE
from retailkit.growth.effect import ESTIMATORS, estimate
from retailkit.growth.verdict import percent
from retailkit.growth.words import in_words

METHODS = ("auto", "did_year", *ESTIMATORS)
TITLES = {
    "auto": ("chosen by the data", "由数据选择"), "did_year": ("differences, year on year", "同比双重差分"),
    "augmented": ("augmented synthetic control", "增广合成控制"), "sc": ("synthetic control", "合成控制"),
    "did": ("difference-in-differences", "双重差分"), "sdid": ("synthetic differences", "合成双重差分"),
}  # fmt: skip


def effect(
    weekly: pd.DataFrame, merchant: Any, donors: Sequence[str], lang: str = "en",
    shared: pd.DataFrame | None = None, **sure: Any,
) -> Any:  # fmt: skip
    """Open the explorer of one merchant's donors and estimators: the one line to type at the desk.

    Parameters
    ----------
    weekly : see ``weekly_panel``.
    merchant : record of the cohort file: its ``id``, ``title`` and ``currency`` are shown or used.
    donors, shared : see ``estimate``; so is ``sure`` (``level``, ``at_risk_share``, ``peers``).
    """
    shown = {"title": merchant.title, "currency": merchant.currency, "lang": lang}
    return growth_explorer(weekly, merchant.id, donors, shared=shared, **sure, **shown)


def growth_view(
    weekly: pd.DataFrame, merchant: str, donors: Sequence[str], *, method: str = "auto",
    left_out: Sequence[str] = (), shared: pd.DataFrame | None = None, peers: Sequence[str] = (),
    level: float = 0.9, at_risk_share: float = AT_RISK_SHARE,
    currency: str = "USD", lang: str = "en", title: str = "",
) -> tuple[str, go.Figure]:  # fmt: skip
    """Return one sentence and the figure for these donors and this estimator.

    Parameters
    ----------
    weekly : see ``weekly_panel``.
    method : "auto" or an estimator's short name; see ``estimate``.
    left_out : donors not to be used.
    shared, peers, level, at_risk_share : see ``estimate``.
    title : what the merchant is called in the figure.
    """
    kept = [d for d in donors if d not in set(left_out)]
    found = estimate(weekly, merchant, kept, shared, method, level, at_risk_share, peers)
    descriptive = found.label == "descriptive"
    where = {"merchant": title or merchant, "currency": currency, "lang": lang}
    figure = counterfactual(found.weeks, level=level, descriptive=descriptive, **where)
    if found.refused:
        why = in_words(found.refused, lang)
        return (f"没有估计：{why}。" if lang == "zh" else f"No estimate: {why}."), figure
    spread = f"{interval_name(level, lang)} {percent(found.low)} … {percent(found.high)}"
    donors_used = int(found.donors["used"].sum())
    label = in_words(found.label, lang)
    if lang == "zh":
        label = f"（{label}）" if label else ""
        return (
            f"{in_words(found.method, lang)}{label}，{donors_used} 家对照：{percent(found.effect)}（{spread}）。",
            figure,
        )
    label = f" ({label})" if label else ""
    return f"{found.method}{label}, {donors_used} donors: {percent(found.effect)} ({spread}).", figure


def growth_explorer(
    weekly: pd.DataFrame, merchant: str, donors: Sequence[str], *, lang: str = "en", **view: Any
) -> Any:
    """Return a widget: an estimator and the donors to leave out, above the sentence and the figure.

    ``view`` is what `growth_view` takes beside them.
    """
    import ipywidgets as widgets
    from IPython.display import display

    zh = lang == "zh"
    methods = [(TITLES[m][zh], m) for m in METHODS]
    chooser = widgets.Dropdown(options=methods, value="auto", description="方法" if zh else "method")
    without = widgets.SelectMultiple(options=list(donors), description="剔除" if zh else "leave out")
    out = widgets.Output()

    def show(_change: Any = None) -> None:
        chosen = {"method": chooser.value, "left_out": without.value}
        text, figure = growth_view(weekly, merchant, donors, **chosen, **view, lang=lang)
        out.clear_output(wait=True)
        with out:
            print(text)
            display(figure)

    chooser.observe(show, names="value")
    without.observe(show, names="value")
    show()
    return widgets.VBox([chooser, without, out])
