"""Pacing: where the total should stand each day, read from the donors' curve, never target / days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retailkit.targets.windows import window_days

COLUMNS = ("day", "share", "share_low", "share_high", "planned", "planned_low", "planned_high", "actual", "forecast",
           "forecast_low", "forecast_high", "chance", "ended")  # fmt: skip
FAN = 0.80  # of donors' curves inside the fan
SMALLEST = 1e-9
"""Share of its window that a merchant without sales so far is taken to have: nought has no logarithm."""


def curves(daily: pd.DataFrame, merchants: Sequence[str], days: pd.DatetimeIndex) -> pd.DataFrame:
    """One row per day of the window, one column per merchant: share of its window's sales so far.

    Merchants that lack a day, or sold nothing over the window, are left out.
    """
    sold = daily[daily["merchant"].isin(merchants)].pivot_table(index="day", columns="merchant", values="gmv")
    sold = sold.reindex(days).astype(float).dropna(axis=1)
    total = sold.sum()
    good = sold.loc[:, total > 0]
    return good.cumsum() / total[total > 0]


def pacing(
    daily: pd.DataFrame, merchant: str, donors: Sequence[str], window: Any, target: float,
    model: Any = None,
) -> pd.DataFrame:  # fmt: skip
    """One row per day of the window: planned total so far with its fan, actual total, forecast, chance.

    Parameters
    ----------
    daily : see ``growth.daily_panel``: ``merchant, day, gmv`` (minor units); rows after the
        last day on record are simply not there.
    donors : merchants whose curve is taken; with fewer than three the window's weekdays in
        the merchant's own past give the curve, without a fan: low and high are missing.
    target : GMV of the whole window, minor units.
    model : the window whose curve is taken, as long as this one (last year's same days, say);
        None takes the window's own days, which needs donors that have lived them.

    Returns
    -------
    DataFrame with the columns ``COLUMNS``: ``share`` of the window's sales made by the end of
    the day (median donor; low and high hold 80% of them), ``planned`` = target x share,
    ``actual`` total so far and ``forecast`` = actual / share (both missing from the first day
    without a row), ``chance`` that the window's total reaches the target, given the actual.
    ``ended``: the merchant's record stops before the others' (it closed, or an export is missing).
    """
    start, end = window_days(window)
    days = pd.date_range(start, end)
    likes = curves(daily, list(donors), days if model is None else pd.date_range(*window_days(model)))
    if likes.shape[1] < 3:
        likes = _weekday_curve(daily, merchant, days)
    logs = np.log(likes.clip(lower=SMALLEST).to_numpy(float))
    middle = np.median(logs, axis=1)
    low, high = np.quantile(logs, [(1 - FAN) / 2, (1 + FAN) / 2], axis=1) if logs.shape[1] > 2 else (
        np.full_like(middle, np.nan), np.full_like(middle, np.nan))  # fmt: skip
    own = daily[daily["merchant"] == merchant].set_index("day")["gmv"].astype(float)
    ended = bool(len(own)) and own.index.max() < min(end, daily["day"].max())
    own = own.reindex(days)
    actual = own.cumsum().where(own.notna().cummin()).to_numpy()
    share, share_low, share_high = np.exp(middle), np.exp(low), np.exp(high)
    return pd.DataFrame({
        "day": days, "share": share, "share_low": share_low, "share_high": share_high,
        "planned": target * share, "planned_low": target * share_low, "planned_high": target * share_high,
        "actual": actual, "forecast": actual / share, "forecast_low": actual / share_high,
        "forecast_high": actual / share_low, "chance": reach(actual, target, logs), "ended": ended,
    })[list(COLUMNS)]  # fmt: skip


def _weekday_curve(daily: pd.DataFrame, merchant: str, days: pd.DatetimeIndex) -> pd.DataFrame:
    own = daily[(daily["merchant"] == merchant) & (daily["day"] < days[0])].sort_values("day").tail(56)
    mean = own.groupby(own["day"].dt.day_of_week)["gmv"].mean().clip(lower=0)
    rate = pd.Series(days.day_of_week, index=days).map(mean).astype(float)
    rate = rate.fillna(rate.mean()).fillna(1.0)
    rate = rate if rate.sum() > 0 else rate * 0 + 1.0
    total = rate.cumsum()
    return (total / total.iloc[-1]).to_frame(merchant)


def reach(actual: Any, target: float, logs: np.ndarray) -> np.ndarray:
    """One value per day: the chance that the window's total reaches the target, given the total so far.

    The merchant's log share of the window is one more draw from the donors' (Student t, with
    the donors' spread widened for their mean's own error); missing with fewer than three
    donors, before the first sale, and after the last day on record.

    >>> logs = np.log([[.2, .25, .3], [1, 1, 1]])
    >>> reach([30.0, 100.0], 100.0, logs).round(2).tolist()
    [0.75, 1.0]
    """
    from scipy.stats import t

    so_far = np.asarray(actual, float)
    n = logs.shape[1]
    if n < 3 or not target > 0:
        return np.full(len(so_far), np.nan)
    spread = logs.std(axis=1, ddof=1) * np.sqrt(1 + 1 / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.log(so_far / target) - logs.mean(axis=1)
        chance = t.cdf(far / np.where(spread > 0, spread, np.nan), n - 1)
    done = ~(spread > 0)
    chance = np.where(done, (so_far >= target).astype(float), chance)
    return np.where(np.isfinite(so_far) & (so_far > 0), chance, np.nan)
