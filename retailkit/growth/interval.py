"""How sure: what the same estimator says about donors, where nothing happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailkit.growth.donors import Matrix
from retailkit.growth.fit import Array, Estimator, Fit, Mask, in_money, pre_error
from retailkit.growth.trend import Trend, along, cohort_trend


@dataclass(frozen=True)
class Doubt:
    """The spread of one estimator over donors taken as if they had been in the programme.

    ``se`` root mean squared placebo effect (their true effect is zero, so no mean is taken
    off), widened by sqrt(1 + 1/donors) and, where the merchant fits worse before the
    programme than the median donor, by that ratio; the cohort's trend adds its own error. ``df``
    donors; ``low`` and ``high`` the t interval; ``p`` two-sided; ``rank_p`` the share of donors and the merchant itself with an
    effect as large; ``mde`` the smallest effect found with 80% probability. All in logs.
    """

    se: float
    df: int
    low: float
    high: float
    p: float
    rank_p: float
    mde: float
    placebos: Array
    placebo_pre_errors: Array


def log_effect(gap: Array, gmv: Array, days: Array, post: Mask) -> float:
    """Log of actual over counterfactual GMV, summed over the weeks of the programme.

    >>> one = np.ones(2)
    >>> round(log_effect(np.log([2.0, 2.0]), one, one, np.array([True, True])), 6)
    0.693147
    """
    actual = gmv[post] * days[post]
    return float(np.log(actual.sum() / (actual * np.exp(-gap[post])).sum()))


@dataclass(frozen=True)
class Behind:
    """The arrays behind an effect: its weeks, and one estimator's fits of the merchant and of every donor.

    ``own`` is along the cohort's ``trend``; ``others[j]`` is donor j's fit from the other donors,
    as if it had been in the programme.
    """

    matrix: Matrix
    estimator: Estimator
    own: Fit
    others: tuple[Fit, ...]
    trend: Trend

    def doubt(self, effect: float, level: float = 0.90, post: Mask | None = None) -> Doubt:
        """How sure an effect over the weeks ``post`` is, the programme's where not given."""
        weeks = ~self.matrix.pre if post is None else post
        apart = self.trend.error(self.matrix, weeks)
        return doubt(effect, *self.placebos(weeks), level, self.own_error, apart)

    def placebos(self, post: Mask | None = None) -> tuple[Array, Array]:
        """Effect (over the weeks ``post``, the programme's where not given) and pre-period error of each donor."""
        m = self.matrix
        weeks = ~m.pre if post is None else post
        effects = [log_effect(fit.gap, m.gmv_x[:, j], m.days, weeks) for j, fit in enumerate(self.others)]
        return np.array(effects), np.array([pre_error(fit, m.pre, m.days) for fit in self.others])

    @property
    def own_error(self) -> float:
        """The merchant's error before the programme."""
        return pre_error(self.own, self.matrix.pre, self.matrix.days)


def look_behind(m: Matrix, estimator: Estimator) -> Behind:
    """Fit the merchant from its donors, along its cohort's trend, and each donor from the others."""
    trend = cohort_trend(m)
    own = along(m, estimator, trend)
    count = range(len(m.donors))
    others = (estimator(m.x[:, j], np.delete(m.x, j, axis=1), m.pre, m.days) for j in count)
    return Behind(m, estimator, own, tuple(in_money(fit, m.pre) for fit in others), trend)


def doubt(
    effect: float, placebo: Array, errors: Array, level: float = 0.90, own_error: float = 0.0, apart: float = 0.0
) -> Doubt:
    """Return the donor-placebo t interval and both p values of one effect.

    ``own_error`` is the merchant's error before the programme, ``errors`` the donors'; ``apart``
    a standard error that placebos do not show.

    Raises
    ------
    ValueError
        With fewer than three placebos: no spread can be read from two.
    """
    from scipy.stats import t

    count = len(placebo)
    if count < 3:
        raise ValueError(f"a donor-placebo interval needs at least 3 donors, there are {count}")
    middle = float(np.median(errors))
    worse = max(1.0, own_error / middle) if middle > 0 else 1.0
    se = float(np.hypot(np.sqrt(np.mean(placebo**2) * (1 + 1 / count)) * worse, apart))
    half = float(t.ppf(0.5 + level / 2, count)) * se
    p = float(2 * t.sf(abs(effect) / se, count)) if se > 0 else 0.0
    rank = (1 + int((np.abs(placebo) >= abs(effect)).sum())) / (count + 1)
    mde = half + float(t.ppf(0.80, count)) * se
    return Doubt(se, count, effect - half, effect + half, p, rank, mde, placebo, errors)
