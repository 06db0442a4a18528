"""An export file becomes canonical rows, and rows become the published state of a store.

Start at `load_cohort` (all exports of a cohort) or `load_file` (one export); read the result
with `open_store`. `sniff` names the layout of a file; ``layouts/README.md`` says how a layout
describes an export.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "load_cohort": "loader",
    "load_file": "loader",
    "open_file": "look",
    "open_store": "store",
    "save_table": "store",
    "Store": "store",
    "sniff": "recognise",
    "list_layouts": "recognise",
    "draft_layout": "draft",
    "vacuum": "publish",
    "file_fates": "reconcile",
    "fates_sentence": "reconcile",
    "quarantine_reasons": "reconcile",
    "daily_orders": "reconcile",
    "day_gaps": "reconcile",
    "newest_day": "reconcile",
    "days_sentence": "reconcile",
    "source_agreement": "reconcile",
    "agreement_sentence": "reconcile",
    "source_breaks": "breaks",
    "breaks_sentence": "breaks",
    "retention_gaps": "retention",
    "retention_sentence": "retention",
    "data_health": "health",
    "health_sentence": "health",
    "data_metrics": "health",
    "LoadError": "errors",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
