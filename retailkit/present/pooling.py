"""Many merchants' effects together: the mean, the partial pooling, the ranks that noise leaves open."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

Z90 = 1.6448536269514722
"""Standard errors on each side of a 90% interval."""


def open_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Add the best and worst place that 90% pairwise comparisons leave open to each merchant."""
    value, error = _logs(table)
    known = np.isfinite(value) & np.isfinite(error)
    gap = value[:, None] - value[None, :]
    sure = np.abs(gap) > Z90 * np.sqrt(error[:, None] ** 2 + error[None, :] ** 2)
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


def pool(table: pd.DataFrame, donors: pd.DataFrame | None = None) -> dict[str, float]:
    """Mean effect over merchants with its 90% interval, and how much merchants truly differ.

    The normal hierarchical model (Rubin 1981), averaged over every spread between merchants
    that the data leave open, so that "no difference seen" is not read as "no difference".

    Parameters
    ----------
    table : ``merchant, effect, low, high`` as fractions, see ``league``.
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
    y, e = value[known], error[known]
    spreads, weight, centre, doubt = _posterior(y, e)
    doubt = doubt + _shared(table.loc[known, "merchant"], e, spreads, donors)
    mean = float(weight @ centre)
    half = Z90 * math.sqrt(float(weight @ (doubt + (centre - mean) ** 2)))
    return {
        "effect": math.expm1(mean), "low": math.expm1(mean - half), "high": math.expm1(mean + half),
        "spread": float(weight @ spreads), "merchants": int(known.sum()),
    }  # fmt: skip


def _shared(merchants: pd.Series, error: np.ndarray, spreads: np.ndarray, donors: pd.DataFrame | None) -> np.ndarray:
    """What shared donors add to the variance of the mean, for each spread.

    A merchant's error is its own noise less its donors' weighted noise: with weights w of equal
    noise s the variance is s^2 (1 + sum w^2), and two merchants' errors share s s' sum(w w').
    """
    if donors is None or donors.empty:
        return np.zeros(len(spreads))
    wide = donors.pivot_table(index="merchant", columns="donor", values="weight", aggfunc="sum")
    lean = wide.reindex(merchants).fillna(0.0).to_numpy(float)
    noise = error / np.sqrt(1 + (lean**2).sum(axis=1))
    common = (lean @ lean.T) * np.outer(noise, noise)
    np.fill_diagonal(common, 0.0)
    share = 1 / (error[None, :] ** 2 + spreads[:, None] ** 2)
    share = share / share.sum(axis=1, keepdims=True)
    return np.maximum(((share @ common) * share).sum(axis=1), 0.0)


def _posterior(y: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Spreads between merchants, their weights, and the mean and its variance given each; flat priors."""
    # a flat prior on the spread needs three merchants to be a distribution at all
    top = 3 * float(np.std(y) + error.min()) if len(y) > 2 else 0.0
    spreads = np.linspace(0, top, 200 if top else 1)
    inverse = 1 / (error[None, :] ** 2 + spreads[:, None] ** 2)
    doubt = 1 / inverse.sum(axis=1)
    centre = doubt * (inverse @ y)
    log = 0.5 * (np.log(doubt) + np.log(inverse).sum(axis=1) - (inverse * (y - centre[:, None]) ** 2).sum(axis=1))
    weight = np.exp(log - log.max())
    return spreads, weight / weight.sum(), centre, doubt


def shrink(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``shrunk, shrunk_low, shrunk_high``: each effect drawn to the cohort's mean by its noise."""
    value, error = _logs(table)
    known = np.isfinite(value) & np.isfinite(error)
    mean, half = np.full((2, len(value)), np.nan)
    if known.any():
        y, e = value[known], error[known]
        spreads, weight, centre, doubt = _posterior(y, e)
        keep = spreads[:, None] ** 2 / (spreads[:, None] ** 2 + e[None, :] ** 2)
        own = keep * y + (1 - keep) * centre[:, None]
        mean[known] = weight @ own
        inside = keep * e**2 + (1 - keep) ** 2 * doubt[:, None]
        half[known] = Z90 * np.sqrt(weight @ (inside + (own - mean[known]) ** 2))
    return table.assign(shrunk=np.expm1(mean), shrunk_low=np.expm1(mean - half), shrunk_high=np.expm1(mean + half))


def wilson(hits: int, total: int, z: float = Z90) -> tuple[float, float]:
    """Interval of a share by Wilson's score.

    >>> [round(x, 2) for x in wilson(7, 17, 1.96)]
    [0.22, 0.64]
    """
    if total == 0:
        return (math.nan, math.nan)
    p = hits / total
    centre, scale = p + z * z / (2 * total), 1 + z * z / total
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
