"""How long things live when some are still alive: Kaplan-Meier, medians, log-rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from retailkit.formats.rates import Z

CURVE = ("day", "at_risk", "deaths", "censored", "survival", "error", "low", "high")


def kaplan_meier(days: Any, died: Any) -> pd.DataFrame:
    """One row per day on which something died or left sight: the share still alive after it.

    Parameters
    ----------
    days : length of life, or of sight where it is still alive.
    died : whether it died then; False where it was only seen until then (right-censored).

    Returns
    -------
    DataFrame
        ``day, at_risk, deaths, censored, survival, error, low, high``; ``error`` is Greenwood's
        standard error, ``low`` and ``high`` the 95% band on the log(-log) scale, which stays
        within 0 and 1.

    Notes
    -----
    Kaplan & Meier (1958), Greenwood (1926), Kalbfleisch & Prentice (1980) for the band.

    Examples
    --------
    >>> kaplan_meier([1, 2, 2, 3], [True, True, False, True])[["day", "at_risk", "survival"]]
       day  at_risk  survival
    0  1.0        4      0.75
    1  2.0        3      0.50
    2  3.0        1      0.00
    """
    time, event = _clean(days, died)
    day, place = np.unique(time, return_inverse=True)
    deaths = np.bincount(place, weights=event, minlength=len(day)).astype(int)
    gone = np.bincount(place, minlength=len(day))
    at_risk = len(time) - np.concatenate([[0], np.cumsum(gone)[:-1]]) if len(day) else np.empty(0, dtype=int)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - deaths / at_risk)
        spread = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        width = Z * np.sqrt(spread) / np.abs(np.log(survival))
        low, high = survival ** np.exp(width), survival ** np.exp(-width)
        error = survival * np.sqrt(spread)
    sure = (survival == 1) | (survival == 0)  # no death yet, or none left: the band says nothing
    return pd.DataFrame(
        {
            "day": day,
            "at_risk": at_risk,
            "deaths": deaths,
            "censored": gone - deaths,
            "survival": survival,
            "error": np.where(survival == 0, np.nan, error),
            "low": np.where(sure, np.nan, low),
            "high": np.where(sure, np.nan, high),
        },
        columns=list(CURVE),
    )


def life_summary(days: Any, died: Any) -> dict[str, float]:
    """Median and mean life with 95% intervals, and the mean that ignores the living.

    ``median`` is the first day by which half have died (empty where more than half live on),
    with Brookmeyer and Crowley's interval from the band; ``mean`` is restricted to ``until``,
    the last day seen; ``mean_of_dead`` is what is usually quoted and is too short.
    """
    time, event = _clean(days, died)
    curve = kaplan_meier(time, event)
    restricted, error = _restricted_mean(curve)
    return {
        "number": len(time),
        "deaths": int(event.sum()),
        "median": _first_below(curve, "survival"),
        "median_low": _first_below(curve, "low"),
        "median_high": _first_below(curve, "high"),
        "mean": restricted,
        "mean_low": max(restricted - Z * error, 0.0) if np.isfinite(error) else np.nan,
        "mean_high": restricted + Z * error,
        "until": float(time.max()) if len(time) else np.nan,
        "mean_of_dead": float(time[event].mean()) if event.any() else np.nan,
    }


def log_rank(days: Any, died: Any, kind: Any) -> dict[str, float]:
    """Log-rank test that all kinds live equally long: ``chi2``, ``freedom``, ``p``.

    Empty figures where there are not two kinds or no death.
    """
    from scipy.stats import chi2

    time, event = _clean(days, died)
    codes, names = pd.factorize(np.asarray(kind))
    nothing = {"chi2": np.nan, "freedom": float(max(len(names) - 1, 0)), "p": np.nan}
    if len(names) < 2 or not event.any():
        return nothing
    moments = np.unique(time[event])
    own_risk = np.stack([(time[codes == k][:, None] >= moments).sum(0) for k in range(len(names))])
    own_death = np.stack([((time == t) & event)[None, :] @ np.eye(len(names))[codes] for t in moments], axis=1)[0].T
    risk, death = own_risk.sum(0), own_death.sum(0)
    share = own_risk / risk
    gap = (own_death - share * death).sum(1)[:-1]
    scale = death * np.where(risk > 1, (risk - death) / np.maximum(risk - 1, 1), 0)
    covariance = (np.diag((share * scale).sum(1)) - (share * scale) @ share.T)[:-1, :-1]
    value = float(gap @ np.linalg.pinv(covariance) @ gap)
    return {"chi2": value, "freedom": float(len(names) - 1), "p": float(chi2.sf(value, len(names) - 1))}


def _clean(days: Any, died: Any) -> tuple[np.ndarray, np.ndarray]:
    time, event = np.asarray(days, dtype=float), np.asarray(died, dtype=bool)
    if len(time) != len(event):
        raise ValueError(f"{len(time)} lengths of life but {len(event)} marks of death")
    if not np.isfinite(time).all() or (time < 0).any():
        raise ValueError("a length of life is missing or negative")
    return time, event


def _first_below(curve: pd.DataFrame, column: str) -> float:
    below = curve.loc[curve[column] <= 0.5 + 1e-12, "day"]
    return float(below.iloc[0]) if len(below) else np.nan


def _restricted_mean(curve: pd.DataFrame) -> tuple[float, float]:
    """Area under the curve to its last day, with its standard error."""
    if curve.empty:
        return np.nan, np.nan
    day = np.concatenate([[0.0], curve["day"].to_numpy()])
    area = np.concatenate([[1.0], curve["survival"].to_numpy()[:-1]]) * np.diff(day)
    after = area[::-1].cumsum()[::-1]
    left = np.append(after[1:], 0.0)
    risk, deaths = curve["at_risk"].to_numpy(float), curve["deaths"].to_numpy(float)
    alive = risk > deaths
    variance = (left[alive] ** 2 * deaths[alive] / (risk[alive] * (risk[alive] - deaths[alive]))).sum()
    return float(area.sum()), float(np.sqrt(variance))
