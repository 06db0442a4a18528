"""How far a whole market may move between two windows, season taken out: what no donor can tell in advance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retailkit.growth.fit import Array

FEWEST = 10
"""Weeks of a year-over-year series from which its memory can be read."""

MEMORIES = np.arange(0.0, 0.96, 0.05)
"""Week-to-week memories tried."""


def market_drift(weekly: pd.DataFrame, donors: Sequence[str], ahead: int, wanders: bool = False) -> float:
    """Standard error, in logs, of the donors' common level over ``ahead`` weeks against the same span before.

    The donors' mean log change on the same days of last year is free of season. How large its
    swings are and how long they last (a first-order autoregression) is carried on over two
    adjacent windows.

    Parameters
    ----------
    weekly : see ``weekly_panel``; donors' rows of every phase count.
    ahead : weeks of the window to come.
    wanders : take the market for a random walk, which never comes back by itself, whatever its weeks say.

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
    weights, week = np.repeat([-1.0 / ahead, 1.0 / ahead], ahead), np.arange(2 * ahead)
    if wanders:
        return float(np.sqrt(step_variance(series) * (weights @ np.minimum.outer(week, week) @ weights)))
    variance, memory = swings(series)
    return float(np.sqrt(variance * (weights @ memory ** np.abs(np.subtract.outer(week, week)) @ weights)))


def step_variance(series: Array) -> float:
    """Variance of one week's step of a random walk with holes (NaN): by its changes, each over the weeks it spans.

    >>> step_variance(np.array([0.0, 0.1, np.nan, 0.3]))
    0.015
    """
    at = np.flatnonzero(np.isfinite(series))
    return float(np.mean(np.diff(series[at]) ** 2 / np.diff(at)))


def swings(series: Array) -> tuple[float, float]:
    """Variance and lag-1 memory of a series with holes (NaN), by restricted maximum likelihood.

    The mean is not known and costs its degree of freedom: some fifteen weeks around their own
    mean look calmer than they are. So few weeks hardly tell a long memory from a trend either, so
    a memory m has the prior weight 1 - m: a market is taken to come back unless the weeks say otherwise.
    """
    at = np.flatnonzero(np.isfinite(series))
    apart, values = np.abs(np.subtract.outer(at, at)), np.column_stack([np.ones(len(at)), series[at]])
    df = len(at) - 1
    fits = []
    for memory in MEMORIES:
        root = np.linalg.cholesky(memory**apart)
        ones, white = np.linalg.solve(root, values).T
        told = float(ones @ ones)
        rest = white - ones * float(ones @ white) / told
        squares = float(rest @ rest)
        log = -float(np.log(np.diag(root)).sum()) - 0.5 * np.log(told) - 0.5 * df * np.log(squares + 1e-300)
        fits.append((log + np.log(1 - memory), squares / df, float(memory)))
    _, variance, memory = max(fits)
    return variance, memory
