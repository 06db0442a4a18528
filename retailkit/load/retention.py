"""Days that a console has deleted before anybody exported them.

Some sources keep their days for a limited time (a layout's ``retention_days``). What lies
between two exports and is older than that can never be had again, and a gap that is still
kept can be closed if someone exports it in time.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

COLUMNS = ["layout", "kept_days", "first", "last", "days", "days_gone"]


def retention_gaps(sources: Any) -> pd.DataFrame:
    """Return one row per run of days that lies between two exports of a source and in none of them.

    Columns: ``layout``, ``kept_days`` (days that the source keeps), ``first`` and ``last`` missing
    day, ``days``, ``days_gone`` (of them, how many the source had deleted by the newest load).

    Parameters
    ----------
    sources : table ``sources`` of one merchant; sources that keep all their days are left out.
    """
    frame = sources if isinstance(sources, pd.DataFrame) else _told(sources).to_pandas()
    rows = []
    for layout, files in frame.dropna(subset=["first_on", "kept_days"]).groupby("layout"):
        kept = int(files["kept_days"].min())
        known = files["loaded_at"].fillna(files["last_on"]).max()  # a study of an earlier day does not see later loads
        oldest = pd.Timestamp(known).normalize() - pd.Timedelta(days=kept)
        for first, last in _between(files):
            days = (last - first).days + 1
            rows.append((layout, kept, first, last, days, min(max((oldest - first).days, 0), days)))
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(("kept_days", "days", "days_gone"), "int64"))


def retention_sentence(sources: Any, lang: str = "en") -> str:
    """Say since when the sources of limited memory are archived, and what is missing; empty where there is none."""
    frame = sources if isinstance(sources, pd.DataFrame) else _told(sources).to_pandas()
    frame = frame.dropna(subset=["first_on", "kept_days"])
    gaps, parts = retention_gaps(frame), []
    for layout, files in frame.groupby("layout"):
        kept, since = int(files["kept_days"].min()), pd.Timestamp(files["first_on"].min())
        until, mine = pd.Timestamp(files["last_on"].max()), gaps.loc[gaps["layout"] == layout]
        missing, gone = int(mine["days"].sum()), int(mine["days_gone"].sum())
        if lang == "zh":
            text = f"{layout}仅保留{kept}天，已存{since:%Y-%m-%d}至{until:%Y-%m-%d}"
            text += f"，其间缺{missing}天（其中{gone}天已无法补取）" if missing else "，其间无缺"
        else:
            text = f"{layout} keeps {kept} days only; archived from {since:%Y-%m-%d} to {until:%Y-%m-%d}"
            text += f", {missing} days between exports are missing, {gone} of them gone for good" if missing else ""
            text += "" if missing else " without a gap between exports"
        parts.append(text)
    return ("；".join(parts) + "。" if lang == "zh" else "; ".join(parts) + ".") if parts else ""


def _told(sources: Any) -> Any:
    return sources.select("layout", "kept_days", "first_on", "last_on", "loaded_at")


def _between(files: pd.DataFrame) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return first and last day of each gap between the spans of files."""
    gaps, one = [], pd.Timedelta(days=1)
    spans = files.sort_values(["first_on", "last_on"])
    reached = pd.Timestamp(spans["last_on"].iloc[0])
    for first, last in zip(pd.to_datetime(spans["first_on"]), pd.to_datetime(spans["last_on"]), strict=True):
        if first > reached + one:
            gaps.append((reached + one, first - one))
        reached = max(reached, last)
    return gaps
