"""An export file becomes canonical rows, and rows become the published state of a store.

Start at `load_cohort` (all exports of a cohort) or `load_file` (one export); read the result
with `open_store`. `sniff` names the layout of a file; ``layouts/README.md`` says how a layout
describes an export. In the order of a file's way::

    loader       one export, or all of a cohort: what became of each row
    layout       what a layout's page may say (rules, conditions)
    files        the bytes: kind, encoding, is it whole (encoding, gb18030, mixed, sheets, json_files)
    recognise    which layout it is; header finds the line and the columns (names)
    read, raw    the file as one relation (clean, quotes, footer, explode)
    totals, sums what the file itself adds up, held against its rows
    fields       a layout's field as an expression (cells, times, bounds); judged tells which rows fail
    staging      typed rows and the quarantine (rows, faults, together, settled, unique, hashes); provenance: of which file
    passing      a large file, piece by piece (pieces, tidy, kept, partitions)
    publish      into the store, all of a load or nothing; published: what stands there
    store        the store, open for reading as of a day (net, past, cache)
    engine       DuckDB or Spark, and nobody else knows which (spark, spill, ahead)
    warn, across what is odd about a file; about the tables together; cut: about orders in two files
    reconcile    what became of files and days; agreement do sources agree; health says what can be studied (breaks, retention, retold)
    look, draft  a first look at an export; a first layout for it (draft_columns and its neighbours)
    keys         the key of the hashes
    errors       the one error; words and chinese say it in Chinese
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
    "source_agreement": "agreement",
    "agreement_sentence": "agreement",
    "refunds_retold": "retold",
    "retold_sentence": "retold",
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
