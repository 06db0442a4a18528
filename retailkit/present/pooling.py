"""Many merchants' effects together: the mean, the partial pooling, the ranks that noise leaves open."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from retailkit.present.hierarchy import Z90, donor_noise, posterior


def open_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Add the best and worst place that 90% pairwise comparisons leave open to each merchant.

    A merchant whose claim is barred by a guard (``barred``, where the table has it) takes no place and holds none
    against others.
    """
    value, error = _logs(table)
    stands = table["barred"].eq("").to_numpy() if "barred" in table else True
    known = np.isfinite(value) & np.isfinite(error) & stands
    gap = value[:, None] - value[None, :]
    sure = (np.abs(gap) > Z90 * np.sqrt(error[:, None] ** 2 + error[None, :] ** 2)) & known[None, :]
    below = np.where(known, (sure & (gap < 0)).sum(axis=1), -1)
    above = np.where(known, (sure & (gap > 0)).sum(axis=1), -1)
    best = pd.Series(below + 1, index=table.index).where(known).astype("Int64")
    worst = pd.Series(int(known.sum()) - above, index=table.index).where(known).astype("Int64")
    return table.assign(best_rank=best, worst_rank=worst)


def _logs(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Effects as logs and their standard errors, from the 90% intervals."""
    value = np.log1p(table["effect"].to_numpy(float))
    spread = np.log1p(table["high"].to_numpy(float)) - np.log1p(table["low"].to_numpy(float))
    return value, np.where(spread > 0, spread / (2 * Z90), np.nan)


def _noise(rows: pd.DataFrame, error: np.ndarray, donors: pd.DataFrame | None) -> np.ndarray:
    trend = rows["trend_se"].fillna(0.0).to_numpy(float) if "trend_se" in rows else 0.0
    return donor_noise(rows["merchant"], error, donors, trend)


def pool(table: pd.DataFrame, donors: pd.DataFrame | None = None) -> dict[str, float]:
    """Mean effect over merchants with its 90% interval, and how much merchants truly differ.

    The normal hierarchical model (Rubin 1981), averaged over every spread between merchants
    that the data leave open, so that "no difference seen" is not read as "no difference".

    Parameters
    ----------
    table : ``merchant, effect, low, high`` as fractions and ``trend_se``, see ``league``; without the
        last no part of the errors is the cohort's.
    donors : ``merchant, donor, weight`` of chapter 5. Merchants that lean on the same donors
        share their errors; without the weights errors count as independent, and the interval
        is too narrow.

    Returns
    -------
    dict ``effect, low, high`` as fractions, ``spread`` (standard deviation of the true effects,
    in logs) and ``merchants``.

    Examples
    --------
    >>> three = pd.DataFrame({"merchant": list("abc"), "effect": [.1] * 3, "low": [.0] * 3, "high": [.21] * 3})
    >>> round(pool(three)["effect"], 3), pool(three)["merchants"]
    (0.1, 3)
    >>> same = pd.DataFrame({"merchant": list("abc"), "donor": "d", "weight": 1.0})
    >>> pool(three, same)["low"] < pool(three)["low"]
    True
    """
    value, error = _logs(table)
    known = np.isfinite(value) & np.isfinite(error)
    if not known.any():
        return {"effect": math.nan, "low": math.nan, "high": math.nan, "spread": math.nan, "merchants": 0}
    found = posterior(value[known], _noise(table[known], error[known], donors))
    half = Z90 * found.error
    return {
        "effect": math.expm1(found.mean), "low": math.expm1(found.mean - half), "high": math.expm1(found.mean + half),
        "spread": found.within, "merchants": int(known.sum()),
    }  # fmt: skip


def shrink(table: pd.DataFrame, donors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Add ``shrunk, shrunk_low, shrunk_high``: each effect drawn to its industry's and the cohort's mean by its noise."""
    value, error = _logs(table)
    known = np.isfinite(value) & np.isfinite(error)
    mean, half = np.full((2, len(value)), np.nan)
    if known.any():
        rows = table[known]
        noise = _noise(rows, error[known], donors)
        found = posterior(value[known], noise, rows["industry"].tolist() if "industry" in rows else None)
        mean[known], half[known] = found.merchant[0], Z90 * found.merchant[1]
    return table.assign(shrunk=np.expm1(mean), shrunk_low=np.expm1(mean - half), shrunk_high=np.expm1(mean + half))


def by_industry(table: pd.DataFrame, donors: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per industry of the league: its partially pooled effect and how far it stands from the cohort.

    Returns
    -------
    DataFrame ``industry, merchants, effect, low, high, lead, lead_low, lead_high``: effects as
    fractions, ``lead`` as the ratio to the cohort's mean less one; 90% intervals. Merchants
    without an industry make one group.
    """
    columns = ["industry", "merchants", "effect", "low", "high", "lead", "lead_low", "lead_high"]
    value, error = _logs(table)
    known = np.isfinite(value) & np.isfinite(error)
    if not known.any():
        return pd.DataFrame(columns=columns)
    rows = table[known]
    found = posterior(value[known], _noise(rows, error[known], donors), rows["industry"].fillna("").tolist())
    out = pd.DataFrame({"industry": found.industries})
    out["merchants"] = out["industry"].map(rows["industry"].fillna("").value_counts())
    for stem, (mean, sd) in (("", found.industry), ("lead", found.lead)):
        names = ("lead", "lead_low", "lead_high") if stem else ("effect", "low", "high")
        for name, shift in zip(names, (0, -Z90, Z90), strict=True):
            out[name] = np.expm1(mean + shift * sd)
    return out.sort_values("effect", ascending=False, ignore_index=True)[columns]
