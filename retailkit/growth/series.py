"""Without donors: a merchant's own structural series, for description only.

Local level, a weekly-season made of harmonics of the year where a year is on record, and
one regressor per festival; maximum likelihood by the Kalman filter. It extrapolates the
merchant's own past, so anything else that changed in the programme window is counted as the
programme's: the result is labelled "descriptive" and bars a claim.
Durbin and Koopman (2012), chapters 2 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retailkit.growth.donors import matrix
from retailkit.growth.fit import Array
from retailkit.growth.interval import log_effect
from retailkit.growth.record import NAN, WEEK_COLUMNS, Effect, refused

YEAR = 365.25 / 7
HARMONICS = 2


@dataclass(frozen=True)
class Forecast:
    """Mean and standard error of each later week, and of their mean, in logs."""

    mean: Array
    se: Array
    mean_se: float


def design(weeks: pd.DataFrame, fit_rows: int) -> Array:
    """(T, K) regressors: harmonics of the year where 13 months are fitted; festivals seen before.

    A festival that falls for the first time inside the programme has no effect to learn and
    gets no column: it is part of what the label warns of.
    """
    start = pd.to_datetime(weeks["week"])
    phase = 2 * np.pi * ((start - pd.Timestamp("2017-01-02")).dt.days / 7).to_numpy() / YEAR
    columns: list[Array] = []
    if fit_rows >= 56:
        columns += [f(k * phase) for k in range(1, HARMONICS + 1) for f in (np.sin, np.cos)]
    marks = weeks["festival"].fillna("").astype(str)
    for code in sorted({c for text in marks[:fit_rows] for c in text.split()}):
        columns.append(marks.str.split().apply(lambda codes, code=code: float(code in codes)).to_numpy())
    return np.column_stack(columns) if columns else np.empty((len(weeks), 0))


def _whiten(values: Array, share: float) -> tuple[Array, float]:
    """Innovations of a local-level filter run over each column, and log of the scale product.

    ``share`` is the level's variance over the noise variance; noise variance is one. The
    first row starts the level (diffuse) and drops out.
    """
    level, spread = values[0].copy(), 1.0
    out, logs = [], 0.0
    for row in values[1:]:
        ahead = spread + share
        total = ahead + 1.0
        error = row - level
        out.append(error / np.sqrt(total))
        logs += float(np.log(total))
        gain = ahead / total
        level = level + gain * error
        spread = ahead * (1 - gain)
    return np.array(out), logs


def forecast(y: Array, x: Array, ahead: int) -> Forecast:
    """Fit on ``y`` (T,), regressors ``x`` (T + ahead, K); forecast the last ``ahead`` rows.

    Raises
    ------
    ValueError
        If there are fewer than three weeks for each coefficient.
    """
    from scipy.optimize import minimize_scalar

    size, count = len(y), x.shape[1]
    if size < 3 * (count + 2):
        raise ValueError(f"{size} weeks are too few for {count} season and festival terms")
    past = np.column_stack([y, x[:size]])

    def loss(log_share: float) -> float:
        white, logs = _whiten(past, float(np.exp(log_share)))
        residual = _residual(white)
        return (size - 1) * float(np.log(np.mean(residual**2) + 1e-300)) + logs

    share = float(np.exp(minimize_scalar(loss, bounds=(-12.0, 4.0), method="bounded").x))
    white, _ = _whiten(past, share)
    beta, cover = _regress(white)
    noise = float(np.sum(_residual(white) ** 2) / max(size - 1 - count, 1))
    level, spread = _last_level(y - x[:size] @ beta, share)
    later = x[size:]
    steps = np.arange(1, ahead + 1)
    level_cov = spread + share * np.minimum.outer(steps, steps)
    cov = noise * (level_cov + np.eye(ahead) + later @ cover @ later.T)
    mean_se = float(np.sqrt(cov.mean()))
    return Forecast(level + later @ beta, np.sqrt(np.diag(cov)), mean_se)


def _regress(white: Array) -> tuple[Array, Array]:
    y, x = white[:, 0], white[:, 1:]
    gram = x.T @ x + 1e-9 * np.eye(x.shape[1])
    cover: Array = np.asarray(np.linalg.inv(gram), float)
    return cover @ (x.T @ y), cover


def _residual(white: Array) -> Array:
    beta, _ = _regress(white)
    return white[:, 0] - white[:, 1:] @ beta


def _last_level(y: Array, share: float) -> tuple[float, float]:
    level, spread = float(y[0]), 1.0
    for value in y[1:]:
        ahead = spread + share
        gain = ahead / (ahead + 1.0)
        level, spread = level + gain * (float(value) - level), ahead * (1 - gain)
    return level, spread


def describe(weekly: pd.DataFrame, merchant: str, donors: pd.DataFrame, level: float = 0.90) -> Effect:
    """Return the merchant's own forecast against what it sold, labelled "descriptive".

    ``donors`` is the table of ``choose_donors``; it is kept to show why none was used.
    """
    from scipy.stats import t

    m = matrix(weekly, merchant, [])
    before, after = int(m.pre.sum()), int((~m.pre).sum())
    try:
        ahead = forecast(m.y[m.pre], design(m.weeks, before), after)
    except ValueError as why:
        return refused(merchant, f"no donors, and {why}", donors, level)
    gap = np.concatenate([np.full(before, NAN), m.y[~m.pre] - ahead.mean])
    tau = log_effect(gap, m.gmv, m.days, ~m.pre)
    df = max(before - 1, 1)
    quantile, power = float(t.ppf(0.5 + level / 2, df)), float(t.ppf(0.80, df))
    half = quantile * ahead.mean_se
    counterfactual = m.gmv * np.exp(-gap)
    spread = np.concatenate([np.full(before, NAN), quantile * ahead.se])
    weeks = m.weeks.assign(
        actual=m.gmv, counterfactual=counterfactual, low=counterfactual * np.exp(-spread),
        high=counterfactual * np.exp(spread), gap=gap,
    )[list(WEEK_COLUMNS)]  # fmt: skip
    return Effect(
        merchant, "structural series", "descriptive", tau, tau - half, tau + half, level, ahead.mean_se, df,
        float(2 * t.sf(abs(tau) / ahead.mean_se, df)), NAN, half + power * ahead.mean_se, NAN, NAN, 0.0, 0.0,
        weeks, donors.assign(weight=0.0), pd.DataFrame({"method": ["structural series"], "effect": [tau],
        "pre_error": [NAN]}), pd.DataFrame(columns=["donor", "effect", "pre_error"]), key="series",
    )  # fmt: skip
