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
from retailkit.growth.effect import ESTIMATORS, estimate
from retailkit.growth.verdict import percent
from retailkit.growth.words import in_words

METHODS = ("auto", "did_year", *ESTIMATORS)
TITLES = {
    "auto": ("chosen by the data", "由数据选择"), "did_year": ("differences, year on year", "同比双重差分"),
    "augmented": ("augmented synthetic control", "增广合成控制"), "sc": ("synthetic control", "合成控制"),
    "did": ("difference-in-differences", "双重差分"), "sdid": ("synthetic differences", "合成双重差分"),
}  # fmt: skip


def growth_view(
    weekly: pd.DataFrame, merchant: str, donors: Sequence[str], *, method: str = "auto",
    left_out: Sequence[str] = (), shared: pd.DataFrame | None = None, peers: Sequence[str] = (),
    currency: str = "USD", lang: str = "en",
) -> tuple[str, go.Figure]:  # fmt: skip
    """Return one sentence and the figure for these donors and this estimator.

    Parameters
    ----------
    weekly : see ``weekly_panel``.
    method : "auto" or an estimator's short name; see ``estimate``.
    left_out : donors not to be used.
    shared, peers : see ``estimate``.
    """
    kept = [d for d in donors if d not in set(left_out)]
    effect = estimate(weekly, merchant, kept, shared, method=method, peers=peers)
    figure = counterfactual(effect.weeks, merchant=merchant, currency=currency, lang=lang)
    if effect.refused:
        why = in_words(effect.refused, lang)
        return (f"没有估计：{why}。" if lang == "zh" else f"No estimate: {why}."), figure
    spread = f"{percent(effect.low)} … {percent(effect.high)}"
    donors_used = int(effect.donors["used"].sum())
    if lang == "zh":
        return f"{in_words(effect.method, lang)}，{donors_used} 家对照：{percent(effect.effect)}（{spread}）。", figure
    return f"{effect.method}, {donors_used} donors: {percent(effect.effect)} ({spread}).", figure


def growth_explorer(
    weekly: pd.DataFrame, merchant: str, donors: Sequence[str], *, shared: pd.DataFrame | None = None,
    peers: Sequence[str] = (), currency: str = "USD", lang: str = "en",
) -> Any:  # fmt: skip
    """Return a widget: an estimator and the donors to leave out, above the sentence and the figure."""
    import ipywidgets as widgets
    from IPython.display import display

    zh = lang == "zh"
    methods = [(TITLES[m][zh], m) for m in METHODS]
    chooser = widgets.Dropdown(options=methods, value="auto", description="方法" if zh else "method")
    without = widgets.SelectMultiple(options=list(donors), description="剔除" if zh else "leave out")
    out = widgets.Output()

    def show(_change: Any = None) -> None:
        text, figure = growth_view(
            weekly, merchant, donors, method=chooser.value, left_out=without.value, shared=shared, peers=peers,
            currency=currency, lang=lang,
        )  # fmt: skip
        out.clear_output(wait=True)
        with out:
            print(text)
            display(figure)

    chooser.observe(show, names="value")
    without.observe(show, names="value")
    show()
    return widgets.VBox([chooser, without, out])
