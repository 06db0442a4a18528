"""How far a whole market may move between two windows, season taken out: what no donor can tell in advance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retailkit.growth.fit import Array

FEWEST = 10
"""Weeks of a year-over-year series from which its memory can be read."""

LAGS = 8
MEMORIES = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.995)
"""Memories tried; the last is nearly a random walk."""


def market_drift(weekly: pd.DataFrame, donors: Sequence[str], ahead: int) -> float:
    """Standard error, in logs, of the donors' common level over ``ahead`` weeks against the same span before.

    The donors' mean log change on the same days of last year is free of season. Its mean
    squared moves over 1 to 8 weeks say how large its swings are and how long they last (a
    first-order autoregression); both are carried on over two adjacent windows.

    Parameters
    ----------
    weekly : see ``weekly_panel``; donors' rows of every phase count.
    ahead : weeks of the window to come.

    Returns
    -------
    NaN with fewer than ten weeks that have a last year.
    """
    rows = weekly[weekly["merchant"].isin(list(donors)) & (weekly["days"] == 7)]
    change = (rows["log_gmv"] - rows["log_last_year"]).groupby(rows["week"]).mean().dropna()
    if len(change) < FEWEST:
        return float("nan")
    weeks = ((change.index - change.index[0]).days // 7).to_numpy()
    series = pd.Series(change.to_numpy(float), index=weeks).reindex(range(int(weeks[-1]) + 1)).to_numpy()
    variance, memory = swings(series, min(LAGS, len(change) // 2))
    weights = np.repeat([-1.0 / ahead, 1.0 / ahead], ahead)
    apart = np.abs(np.subtract.outer(np.arange(2 * ahead), np.arange(2 * ahead)))
    return float(np.sqrt(variance * (weights @ memory**apart @ weights)))


def swings(series: Array, lags: int) -> tuple[float, float]:
    """Variance and lag-1 memory of a series, from its mean squared moves over 1 to ``lags`` steps."""
    at = np.arange(1, lags + 1)
    moved = [(series[k:] - series[:-k]) ** 2 for k in at]
    squares = np.array([np.nanmean(m) for m in moved])
    count = np.array([np.isfinite(m).sum() for m in moved])
    fits = []
    for memory in MEMORIES:
        shape = 2 * (1 - memory**at)
        variance = float(np.sum(count * shape * squares) / np.sum(count * shape**2))
        fits.append((float(np.sum(count * (squares - variance * shape) ** 2)), variance, memory))
    _, variance, memory = min(fits)
    return variance, memory
