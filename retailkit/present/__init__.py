"""Presenting a study from its saved results: the cohort report, pictures, slides and pages.

``report`` lays merchants side by side, ``pictures`` writes PNG, SVG and HTML, ``deck``
writes PowerPoint, ``site`` the pages of the notebooks.
"""

from importlib import import_module
from typing import Any

_ROOMS = {
    "report": (
        "cohort_metrics", "league", "league_words", "counts", "headline", "by_rule", "reasons",
        "side_by_side", "grew", "touch_shares",
        "compare", "unknowns", "links", "report_metrics",
    ),
    "pooling": ("pool",),
    "sentences": ("say_cohort", "say_headline", "say_league", "say_grew", "say_unknowns", "limits"),
    "pictures": ("export",),
    "deck": ("write_deck",),
}  # fmt: skip
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"retailkit.present.{_HOMES[name]}"), name)
    raise AttributeError(f"retailkit.present has no public name '{name}'")
