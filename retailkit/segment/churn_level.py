"""How high chances to stay away are altogether: the level of the last known day, and the season of the year before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

YEAR = 364
"""Days to the same day of the year before, of the same weekday."""


@dataclass(frozen=True)
class Outcome:
    """What a model said of the buyers of one day and what came of it: ``odds`` (log odds) and ``away`` (0 or 1)."""

    odds: np.ndarray
    away: np.ndarray

    @property
    def is_mixed(self) -> bool:
        """Whether some stayed away and some did not: without both no shift of the odds fits."""
        return 0 < self.away.sum() < len(self.away)


def own_shift(day: Outcome) -> tuple[float, float]:
    """Shift in log odds at which the model expects as many as stayed away, and its variance by chance."""
    own = float(brentq(lambda b: float(expit(day.odds + b).mean() - day.away.mean()), -40, 40))
    chance = expit(day.odds + own)
    return own, float(1 / (chance * (1 - chance)).sum())


def level(days: list[Outcome]) -> float:
    """Shift in log odds from the level of all days to that of the last, pulled to nought where days differ by chance.

    One day's level carries the chance of that day, and where few persons buy it is most of it. So the last day's own
    shift counts by the part of its variance that days truly differ by (a random effect, by moments).
    """
    shifts, variances = zip(*(own_shift(day) for day in days if day.is_mixed), strict=True)
    between = max(np.var(shifts, ddof=1) - np.mean(variances), 0.0) if len(shifts) > 1 else 0.0
    return float(shifts[-1] * between / (between + variances[-1]))


def season(earlier: Outcome | None, later: Outcome | None) -> float | None:
    """Shift in log odds from an earlier to a later day of last year, as far as it is more than chance; None if unknown.

    One difference has no spread of its own, so it is pulled to nought by its variance over its square (James and
    Stein): a festival that moved everybody counts nearly whole, a difference within its standard error not at all.
    """
    if earlier is None or later is None:
        return None
    (before, doubt), (after, other) = own_shift(earlier), own_shift(later)
    moved = after - before
    return moved * max(0.0, 1 - (doubt + other) / moved**2) if moved else 0.0
