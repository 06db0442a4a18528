"""The common scale on which persons are compared: logarithms for what has a long tail, then mean 0 and deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np

_LOWEST = 0.05  # share of the positive values below the unit: there the scale is a line, so that 0 has its place


@dataclass(frozen=True)
class Scale:
    """How one column is measured: level beyond ``low`` and ``high``, logarithmic above ``unit`` (0: nowhere).

    Above the unit twice as much is the same step wherever it is taken: from 1 order to 2 or from 100 to 200.

    >>> spend = Scale.of(np.array([1.0, 10, 100, 1000, 10_000]))
    >>> spend(np.array([1000.0, 10_000, 10**9])).round(1).tolist()
    [0.7, 1.5, 1.5]
    >>> Scale.of(np.array([0.01, 0.02, 0.9])).unit  # a share keeps its own steps
    0.0
    """

    low: float
    high: float
    unit: float
    mean: float
    deviation: float

    @classmethod
    def of(cls, values: np.ndarray, logarithms: bool = True) -> Scale:
        """Learn the scale of one column; it goes by logarithms where these make its tails more alike.

        A column within 0 and 1 is a share, and one with more than a twentieth below 0 is no amount: neither does.
        """
        low, high, positive = values.min(), values.max(), values[values > 0]
        share, amount = low >= 0 and high <= 1, (values < 0).mean() <= _LOWEST
        unit = float(np.quantile(positive, _LOWEST)) if len(positive) and amount and not share and logarithms else 0.0
        bent = _bent(values, unit) if unit else values
        if unit and abs(_skewness(bent)) >= abs(_skewness(values)):
            unit, bent = 0.0, values
        return cls(float(low), float(high), unit, float(bent.mean()), float(bent.std()) or 1.0)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the values on this scale."""
        inside = np.clip(values, self.low, self.high)
        return ((_bent(inside, self.unit) if self.unit else inside) - self.mean) / self.deviation

    def expression(self, value: ibis.Value) -> ibis.Value:
        """Return the same as an engine expression, null where the value is: greatest and least pass over nulls."""
        number = value.cast("float64")
        inside = ibis.least(ibis.greatest(number, ibis.literal(self.low)), ibis.literal(self.high))
        inside = number.notnull().ifelse(inside, ibis.null("float64"))
        if self.unit:
            inside = inside.sign() * (inside.abs() / ibis.literal(self.unit) + 1.0).ln()
        return (inside - ibis.literal(self.mean)) / ibis.literal(self.deviation)


def _bent(values: np.ndarray, unit: float) -> np.ndarray:
    """Logarithms of either sign that meet in a line at 0."""
    return np.sign(values) * np.log1p(np.abs(values) / unit)


def _skewness(values: np.ndarray) -> float:
    """Third standardised moment; 0 for one value."""
    deviation = values.std()
    return float((((values - values.mean()) / deviation) ** 3).mean()) if deviation > 0 else 0.0
