"""Targets: the KPI tree with owners, what to aim for, how sure, and what fell short.

The flow, one idea a file::

    windows    orders, persons, sessions -> one row per merchant and window
    seen       how many buyers have a visit on record
    tree       one window -> KPI nodes whose products and sums are exact; owners
    lifts      what merchants of the cohort gained, and what is left to gain
    plan       season, carried effect and planned lift -> the next window's nodes
    curve      where the total should stand each day, and the chance to reach it
    review     planned against achieved, ranked in money; ownership coverage
    sentences  each table in words
"""

from importlib import import_module
from typing import Any

_ROOMS = {
    "windows": ("phases", "span", "measure", "window_days", "next_window"),
    "seen": ("buyers_seen", "seen_sentence"),
    "tree": ("kpi_tree", "cuts", "cut_by", "with_owners"),
    "plan": (
        "season", "market", "without_programme", "propose", "as_plan", "total", "planned", "targets_left_out", "chances",
    ),
    "lifts": ("no_lift", "past_lifts", "lift_shares", "lifts_left", "attainable"),
    "curve": ("pacing", "reach"),
    "review": ("attainment", "shortfalls", "cut_shortfalls", "coverage", "with_reasons", "next_targets", "target_metrics"),
    "sentences": (
        "tree_sentence", "attainment_sentence", "shortfall_sentence", "plan_sentence", "pacing_sentence",
        "coverage_sentence", "left_out_sentence",
    ),
}  # fmt: skip
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"retailkit.targets.{_HOMES[name]}"), name)
    raise AttributeError(f"retailkit.targets has no public name '{name}'")
