"""The cohort's trend: how much faster than its donors it grew before the programme began.

Merchants are invited because they grow. Where the donors are of another kind, the growth that
the cohort was ahead by anyway piles up from the middle of the weeks before to the middle of the
programme, a year and more, and every estimator that compares two levels takes it for an effect.
One merchant's own slope is mostly noise; the slopes of all merchants that started together are
one figure with a small error, and the counterfactual takes it along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from retailkit.growth.donors import ENOUGH, LONG, Matrix
from retailkit.growth.fit import Array, Estimator, Fit, Mask, in_money, mean_rows
from retailkit.spoken import signed

if TYPE_CHECKING:
    from retailkit.growth.record import Effect

YEAR = 365.25


@dataclass(frozen=True)
class Trend:
    """Growth of a cohort less that of its donors, before the programme, in logs a year.

    ``se`` its standard error, ``df`` the degrees of freedom of the smaller sample; ``merchants``
    how many slopes stand behind it, 0 where there are too few, and all else is 0 then.
    """

    slope: float = 0.0
    se: float = 0.0
    df: int = 0
    merchants: int = 0

    def interval(self, level: float) -> tuple[float, float]:
        """Lower and upper end of the slope's t interval, logs a year."""
        from scipy.stats import t

        half = float(t.ppf(0.5 + level / 2, self.df)) * self.se
        return self.slope - half, self.slope + half

    def line(self, m: Matrix) -> Array:
        """(T,) the trend's height in each week; its mean before the programme is 0."""
        return self.slope * _since_before(m)

    def error(self, m: Matrix, post: Mask) -> float:
        """Standard error that the trend brings to a mean over the weeks ``post``."""
        return self.se * abs(float(mean_rows(_since_before(m), post, m.days)))


def cohort_trend(m: Matrix) -> Trend:
    """Mean slope of the merchants that started together against the mean of their donors.

    A merchant counts where it has thirteen months before the programme: with less a season
    looks like a trend. Both samples' spread is in the error, the merchants' and the donors'.

    Returns
    -------
    A ``Trend`` of zero with fewer than six such merchants: one merchant's slope is its own.
    """
    return Trend(*_mean_slope(np.column_stack([m.y, m.z]), m.x, m))


def factor_lines(logs: Mapping[str, Array], m: Matrix, trend: Trend) -> dict[str, Array]:
    """(T,) line of each factor of the sales; together they are the trend's own line.

    Parameters
    ----------
    logs : factor -> (T, 1 + J + P) logs of merchant, donors and peers; their sum is the sales' log.
    """
    own = [0, *range(1 + len(m.donors), 1 + len(m.donors) + len(m.peers))]
    slopes = {}
    for name, log in logs.items():
        donors = log[:, 1 : 1 + len(m.donors)]
        slopes[name] = _mean_slope(log[:, own], donors[:, np.isfinite(donors[m.pre]).all(axis=0)], m)[0]
    # where somebody lacks a factor, the factors' slopes are of fewer merchants: the rest is no factor's own
    rest = (trend.slope - sum(slopes.values())) / len(slopes)
    return {name: replace(trend, slope=slope + rest).line(m) for name, slope in slopes.items()}


def along(m: Matrix, estimator: Estimator, trend: Trend) -> Fit:
    """Fit the merchant from donors that are moved along the cohort's trend, in money (see ``in_money``)."""
    line = trend.line(m)
    fit = in_money(estimator(m.y - line, m.x, m.pre, m.days), m.pre)
    return replace(fit, counterfactual=fit.counterfactual + line)


def trend_sentence(effect: Effect, lang: str = "en") -> str:
    """Say what trend the counterfactual takes along, or why it takes none; nothing without an estimate on donors."""
    if effect.behind is None:
        return ""
    if effect.key == "did_year":
        if lang == "zh":
            return "同比对数已消去稳定的增速差异，反事实无需另加趋势。"
        return "Year-over-year logs hold no steady difference of growth: the counterfactual needs no trend."
    trend = effect.behind.trend
    if not trend.merchants:
        if lang == "zh":
            return f"同期开始、项目前有 13 个月记录的商户不足 {ENOUGH} 家：反事实按对照商户的增速延续。"
        return (f"Fewer than {ENOUGH} merchants that started together have thirteen months before the programme: the "
                "counterfactual grows as its donors do.")  # fmt: skip
    year, low, high = (signed(float(np.expm1(v)), 0) for v in (trend.slope, *trend.interval(effect.level)))
    m = effect.behind.matrix
    ahead = signed(float(np.expm1(mean_rows(trend.line(m), ~m.pre, m.days))), 0)
    if lang == "zh":
        return (f"项目前，同期开始的 {trend.merchants} 家商户的年增速与这些对照商户相比为 {year}（{100 * effect.level:g}% 区间 {low} 至 "
                f"{high}）；反事实照此延续，到项目期为 {ahead}，不算作项目效应。")  # fmt: skip
    return (f"Before the programme the {trend.merchants} merchants that started together grew by {year} a year against these "
            f"donors ({100 * effect.level:g}% interval {low} to {high}); the counterfactual goes on so, which is {ahead} by the "
            "programme and not counted as its effect.")  # fmt: skip


def _mean_slope(own: Array, donors: Array, m: Matrix) -> tuple[float, float, int, int]:
    """What a ``Trend`` holds: the columns of ``own`` against the mean of ``donors``."""
    slopes = _slopes(own - donors.mean(axis=1, keepdims=True), m)
    slopes = slopes[np.isfinite(slopes)]
    if len(slopes) < ENOUGH:
        return 0.0, 0.0, 0, 0
    samples = slopes, _slopes(donors, m)
    se = np.sqrt(sum(part.var(ddof=1) / len(part) for part in samples))
    return float(slopes.mean()), float(se), min(len(part) for part in samples) - 1, len(slopes)


def _slopes(series: Array, m: Matrix) -> Array:
    """Least-squares slope of each column over its last whole weeks before the programme; NaN with too few."""
    time, days, before = _since_before(m)[m.pre], m.days[m.pre], series[m.pre]
    out = np.full(before.shape[1], np.nan)
    for k, column in enumerate(before.T):
        holes = np.flatnonzero(~np.isfinite(column))
        since = int(holes[-1]) + 1 if len(holes) else 0
        if len(column) - since >= LONG:
            t, y, w = time[since:], column[since:], days[since:]
            t = t - np.average(t, weights=w)
            out[k] = np.sum(w * t * y) / np.sum(w * t * t)
    return out


def _since_before(m: Matrix) -> Array:
    """(T,) years from the middle of the weeks before the programme to each week."""
    middle = (np.cumsum(m.days) - m.days / 2) / YEAR
    return middle - mean_rows(middle, m.pre, m.days)
