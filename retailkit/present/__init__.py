"""Presenting a study from its saved results: the cohort report, pictures, slides and pages.

``report`` lays merchants side by side, ``pictures`` writes PNG, SVG and HTML, ``deck``
writes PowerPoint, ``site`` the pages of the notebooks.
"""

from importlib import import_module
from typing import Any

_ROOMS = {
    "report": (
        "cohort_metrics", "say_days", "league", "with_result", "counts", "headline", "by_rule", "side_by_side",
        "grew", "touch_shares", "compare", "unknowns", "links", "report_metrics",
    ),
    "league_table": ("league_words", "answer_words", "reasons"),
    "pooling": ("pool", "by_industry"),
    "standing": ("not_barred", "pooled_ways", "way_words", "start_words", "say_starts"),
    "bridge": ("estimates", "pooled_bridge", "festival_days", "say_bridge", "say_festivals"),
    "things": ("industry_titles", "thing_titles"),
    "worked": ("gains", "what_worked", "worked_words", "say_worked"),
    "register": (
        "issues", "issue_counts", "issue_words", "issue_list", "classes", "counters", "study_counters", "counter_words", "say_issues",
    ),
    "evidence": ("Evidence",),
    "claims": ("check_claims", "claim_words", "say_claims"),
    "cases": ("best_cases", "case_weeks", "say_cases", "Cards"),
    "data_words": (
        "question_words", "rows_words", "file_words", "reason_words", "agreement_words", "agreement_table", "fact_words",
        "say_facts", "fact_metrics",
    ),
    "tables": ("show", "health_words", "unknown_words"),
    "sentences": (
        "source", "say_cohort", "say_missing", "say_headline", "say_refunds", "say_doubts", "say_league", "say_trend", "say_together",
        "say_grew", "say_unknowns", "limits",
    ),
    "pictures": ("export",),
    "pdf": ("export_pdf",),
    "deck": ("write_deck",),
}  # fmt: skip
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"retailkit.present.{_HOMES[name]}"), name)
    raise AttributeError(f"retailkit.present has no public name '{name}'")
