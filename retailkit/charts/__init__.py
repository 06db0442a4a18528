"""Charts: one figure per result table, each in the file of its stage.

``template`` holds what all charts share: the look, the frame of titles and source, and the
number formats. ``people``, ``touchpoints``, ``formats``, ``growth``, ``targets``, ``cohort``
and ``data`` hold the figures, loaded on first use (``rk.charts.cohort.verdicts``). A chart
computes nothing and shows nothing.
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return import_module(f"retailkit.charts.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"retailkit.charts.{name}":
            raise
        raise AttributeError(f"retailkit.charts has no figures for '{name}'") from None
