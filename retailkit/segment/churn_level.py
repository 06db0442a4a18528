"""How high chances to stay away are altogether: the level of the last known day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit


@dataclass(frozen=True)
class Outcome:
    """What a model said of the buyers of one day and what came of it: at each ``odds`` (log odds), how many of how many
    ``persons`` stayed ``away``.
    """

    odds: np.ndarray
    away: np.ndarray
    persons: np.ndarray

    @property
    def is_mixed(self) -> bool:
        """Whether some stayed away and some did not: without both no shift of the odds fits."""
        return 0 < self.away.sum() < self.persons.sum()


def own_shift(day: Outcome) -> tuple[float, float]:
    """Shift in log odds at which the model expects as many as stayed away, and its variance by chance."""
    own = float(brentq(lambda b: float(day.persons @ expit(day.odds + b) - day.away.sum()), -40, 40))
    chance = expit(day.odds + own)
    return own, float(1 / (day.persons @ (chance * (1 - chance))))


def level(days: list[Outcome]) -> float:
    """Shift in log odds from the level of all days to that of the last, pulled to nought where days differ by chance.

    One day's level carries the chance of that day, and where few persons buy it is most of it. So the last day's own
    shift counts by the part of its variance that days truly differ by (a random effect, by moments).
    """
    shifts, variances = zip(*(own_shift(day) for day in days if day.is_mixed), strict=True)
    between = max(np.var(shifts, ddof=1) - np.mean(variances), 0.0) if len(shifts) > 1 else 0.0
    return float(shifts[-1] * between / (between + variances[-1]))
