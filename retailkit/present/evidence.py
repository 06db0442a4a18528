"""How a claim is computed from a cohort's saved results: one small function per way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from retailkit.present import register
from retailkit.present.bridge import comparable_days
from retailkit.present.hierarchy import Z90
from retailkit.present.report import side_by_side
from retailkit.shares import wilson


@dataclass(frozen=True)
class Evidence:
    """A cohort's saved results: its folder, its record, its metrics and its league."""

    out_dir: str
    cohort: Any
    metrics: pd.DataFrame
    league: pd.DataFrame

    def table(self, chapter: str, name: str) -> pd.DataFrame:
        """Rows of a chapter's table over the cohort's merchants; none where nobody saved it."""
        return side_by_side(self.out_dir, self.cohort, chapter, name)

    def figures(self, chapter: str, name: str, merchant: str = "") -> pd.DataFrame:
        """One row per merchant that can tell the metric: ``merchant, value, low, high``."""
        rows = self.metrics[(self.metrics["chapter"] == chapter) & (self.metrics["metric"] == name)]
        rows = rows[rows["merchant"] == merchant] if merchant else rows
        return rows.dropna(subset=["value"])[["merchant", "value", "low", "high"]].reset_index(drop=True)

    def title(self, merchant: str) -> str:
        """The merchant's title."""
        return str(self.cohort.merchant(merchant).title) if merchant else ""


@dataclass(frozen=True)
class Found:
    """A computed figure with its 90% interval and the number of merchants behind it; NaN where it cannot be told."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    merchants: int = 0


def middle(values: pd.Series) -> Found:
    """Median of merchants with its distribution-free interval (order statistics, at least 90%); five merchants and more.

    >>> middle(pd.Series([1., 2., 3., 4., 5.]))
    Found(value=3.0, low=1.0, high=5.0, merchants=5)
    """
    known = np.sort(values.dropna().to_numpy(float))
    n = len(known)
    if not n:
        return Found()
    side = _lower_place(n)
    value = float(np.median(known))
    if n < 5 or side < 1:
        return Found(value, merchants=n)
    return Found(value, float(known[side - 1]), float(known[n - side]), n)


def _lower_place(n: int) -> int:
    """Largest place k for which fewer than k of n values fall below the median with chance under 5%.

    >>> _lower_place(4), _lower_place(5), _lower_place(17)
    (0, 1, 5)
    """
    place, below = 0, math.comb(n, 0) / 2**n
    while below <= 0.05:
        place += 1
        below += math.comb(n, place) / 2**n
    return place


def student(df: int) -> float:
    """Student's t for a 90% interval, by its expansion around the normal; within 1.5% from two degrees on.

    >>> round(student(16), 3), round(student(4), 2)
    (1.746, 2.13)
    """
    z = Z90
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / df + second / df**2 + third / df**3


def _median(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.figures(chapter, figure, merchant)
    if merchant and len(rows):
        row = rows.iloc[0]
        return Found(float(row["value"]), float(row["low"]), float(row["high"]), 1)
    return middle(rows["value"])


def _max(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.figures(chapter, figure, merchant)
    if rows.empty:
        return Found()
    row = rows.loc[rows["value"].idxmax()]
    return Found(float(row["value"]), float(row["low"]), float(row["high"]), len(rows))


def _above(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    name, _, threshold = figure.partition(">")
    rows = evidence.figures(chapter, name)
    if rows.empty:
        return Found()
    hits, total = int((rows["value"] > float(threshold)).sum()), len(rows)
    low, high = wilson(hits, total)
    return Found(hits, low * total, high * total, total)


def _pooled(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    """The pooled headline; interval of a ratio of sums over merchants (jackknife, Student's t)."""
    rows = comparable_days(evidence.metrics)
    n = len(rows)
    if not n:
        return Found()
    before, after = rows["before"].to_numpy(float), rows["programme"].to_numpy(float)
    value = after.sum() / before.sum() - 1
    if n < 3:
        return Found(value, merchants=n)
    left = (after.sum() - after) / (before.sum() - before) - 1
    half = student(n - 1) * math.sqrt((n - 1) / n * float(((left - left.mean()) ** 2).sum()))
    return Found(value, value - half, value + half, n)


def _count(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    n = len(evidence.cohort.merchant_ids)
    return Found(n, merchants=n)


def _invited(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    n = int((evidence.league["answer"] != "no result").sum())
    return Found(n, merchants=n)


def _share(hits: int, total: int) -> Found:
    return Found(hits / total, *wilson(hits, total), total) if total else Found()


def _issues(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    table = register.issues(evidence.table("1_data", "issues"))
    found = _share(int((table["kind"] == "common").sum()), len(table))
    return Found(found.value, found.low, found.high, int(evidence.table("1_data", "issues")["merchant"].nunique()))


def _book(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    books = register.counters(evidence.table("1_data", "counters"))
    table = register.study_counters(evidence.league, books).set_index("counter")
    if figure not in table.index:
        return Found()
    row = table.loc[figure]
    value = row["book"] if row["book"] == row["book"] else row["study"]
    return Found(float(value), merchants=int((evidence.league["answer"] != "no result").sum()))


def _festival(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.table(chapter, figure).drop_duplicates("merchant")
    known = rows.dropna(subset=["ratio"]) if "ratio" in rows else rows.head(0)
    return _share(int((known["ratio"] > 1).sum()) if len(known) else 0, len(known))


def _steps(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    judged = evidence.league.dropna(subset=["effect"])["merchant"]
    rows = evidence.table(chapter, figure)
    up = rows[(rows["phase"] == "programme") & (rows["size"] > 0)] if "phase" in rows else rows
    return _share(int(judged.isin(up["merchant"]).sum()), len(judged))


def _weeks(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.table(chapter, figure)
    if "significant" not in rows:
        return Found()
    won = rows[rows["significant"].astype(bool) & (rows["effect"] > 0)]
    return middle(won.groupby("merchant")["weeks"].min().astype(float))


def _assets(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.table(chapter, figure)
    if "system" not in rows:
        return Found()
    days = rows[rows["system"] == "all"].sort_values("day").groupby("merchant")["persons"]
    ratio = days.last() / days.first().where(days.first() > 0)
    return middle(ratio)


def _revisits(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.table(chapter, figure)
    if "returned" not in rows or rows.empty:
        return Found()
    return middle(rows[rows["entrance"] == "all"]["return_share"])  # entrances share visitors: they do not add up


def _tiers(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.table(chapter, figure)
    rows = rows[rows["merchant"] == merchant] if merchant else rows
    known = rows[rows["tier"] != "unknown"] if "tier" in rows else rows.head(0)
    if known.empty:
        return Found()
    low = known[~known["tier"].isin(["first", "new_first"])]
    found = _share(int(low["buyers"].sum()), int(known["buyers"].sum()))
    return Found(found.value, found.low, found.high, known["merchant"].nunique())


def _cost(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    """Spend per new customer over private touchpoints on that over advertising; new customers as Poisson counts."""
    rows = evidence.table(chapter, figure)
    rows = rows[rows["merchant"] == merchant] if merchant else rows
    if "new_buyers" not in rows or rows.empty:
        return Found()
    paid = rows[rows["touchpoint"] == "advertising"]
    own = rows[~rows["touchpoint"].isin(["advertising", "all", "organic"])]
    a, b = float(own["new_buyers"].sum()), float(paid["new_buyers"].sum())
    if not (a and b and own["spend"].sum() and paid["spend"].sum()):
        return Found()
    value = (own["spend"].sum() / a) / (paid["spend"].sum() / b)
    spread = math.exp(Z90 * math.sqrt(1 / a + 1 / b))
    return Found(float(value), float(value / spread), float(value * spread), int(rows["merchant"].nunique()))


def _coverage(evidence: Evidence, chapter: str, figure: str, merchant: str) -> Found:
    rows = evidence.table(chapter, figure)
    own = rows[rows["owner"] == "guide and shop"] if "owner" in rows else pd.DataFrame({"share": []})
    return middle(own["share"])


HOW: dict[str, Callable[[Evidence, str, str, str], Found]] = {
    "median": _median, "ratio": _median, "max": _max, "above": _above, "pooled": _pooled, "count": _count,
    "invited": _invited, "issues": _issues, "book": _book, "festival": _festival, "steps": _steps, "weeks": _weeks,
    "assets": _assets, "revisits": _revisits, "tiers": _tiers, "cost": _cost, "coverage": _coverage,
}  # fmt: skip
"""Ways to compute a claim: (evidence, chapter, figure, merchant or "" for all) -> the figure."""
