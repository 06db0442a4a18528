"""Days on which a source changed what it counts, laid over the series that were loaded.

A layout declares them (``[[breaks]]``); the load keeps them beside the rows (table
``source_breaks``), so that a series is never compared over such a day without a word.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.schema import table
from retailkit.spoken import own_half

COLUMNS = ["layout", "table", "changed_on", "what", "first", "last", "days_before", "days_after"]


def source_breaks(tables: Any) -> pd.DataFrame:
    """Return one row per change of definition within a loaded series.

    Columns: ``layout, table, changed_on, what``, ``first`` and ``last`` day of the table's
    rows, ``days_before`` (days of the series before the change), ``days_after`` (from that day
    on). A change before the first or after the last row breaks nothing and is left out.

    Parameters
    ----------
    tables : an open store of one merchant.
    """
    told = tables.source_breaks.select("layout", "table", "changed_on", "what").distinct().to_pandas()
    rows = []
    for name, some in told.groupby("table"):
        span = _span(tables, str(name))
        for found in some.itertuples(index=False):
            day = pd.Timestamp(found.changed_on)
            if span and span[0] < day <= span[1]:
                rows.append(
                    (found.layout, name, day, found.what, *span, (day - span[0]).days, (span[1] - day).days + 1)
                )
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"days_before": "int64", "days_after": "int64"})
    return frame.sort_values(["changed_on", "layout", "table"], ignore_index=True)


def breaks_sentence(breaks: pd.DataFrame, lang: str = "en") -> str:
    """Say which series must not be compared over which day; empty where there is none."""
    if breaks.empty:
        return ""
    breaks = breaks.assign(what=[own_half(what, lang) for what in breaks["what"]])
    if lang == "zh":
        parts = [f"{b.changed_on:%Y-%m-%d}起{b.layout}口径改变（{b.what}）" for b in breaks.itertuples()]
        return "；".join(parts) + "：前后不可直接比较。"
    parts = [f"from {b.changed_on:%Y-%m-%d} on {b.layout} counts otherwise ({b.what})" for b in breaks.itertuples()]
    text = "; ".join(parts) + ": do not compare over these days."
    return text[:1].upper() + text[1:]


def _span(tables: Any, name: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the first and last day of a table's rows, None where it has no time or no rows."""
    contract = table(name)
    if contract.time is None:
        return None
    beside = contract.time.removesuffix("_at") + "_on"
    day = tables[name][beside if beside in contract.names else contract.time]
    first, last = tables[name].aggregate(first=day.min(), last=day.max()).to_pandas().iloc[0]
    return None if pd.isna(first) else (pd.Timestamp(first).normalize(), pd.Timestamp(last).normalize())
