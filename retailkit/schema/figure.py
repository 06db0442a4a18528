"""How a figure is kept: one record per metric of a chapter, money in whole units of its currency."""

from __future__ import annotations

from typing import Any

MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "OMR": 3, "TND": 3, "JOD": 3}
"""Currencies whose minor unit is not a hundredth: decimals of an amount (ISO 4217)."""


def minor_units(currency: str) -> int:
    """Return how many minor units make one of the currency.

    >>> minor_units("CNY"), minor_units("JPY"), minor_units("KWD")
    (100, 1, 1000)
    """
    return int(10 ** MINOR_DIGITS.get(currency, 2))


def figure(
    name: str,
    value: float | None = None,
    unit: str = "",
    definition: str = "",
    low: float | None = None,
    high: float | None = None,
    text: str = "",
    level: float | None = None,
) -> dict[str, Any]:
    """Return one metric of a chapter as it is saved: a number with its interval, or a sentence in ``text``; None is unknown.

    The definition ends with the ``level`` of the interval, where there is one.

    >>> one = figure("growth", 0.42, "fraction", "less one", low=0.3, high=0.5, level=0.9)
    >>> one["low"], one["definition"]
    (0.3, 'less one, 90% interval')
    >>> figure("growth", 0.42, "fraction", "less one", low=0.3, high=0.5, level=0.975)["definition"]
    'less one, 97.5% interval'
    """
    number, low, high = (float("nan") if x is None else float(x) for x in (value, low, high))
    if level is not None and low == low:
        definition = f"{definition}, {100 * level:g}% interval"
    return {
        "metric": name,
        "value": number,
        "low": low,
        "high": high,
        "unit": unit,
        "definition": definition,
        "text": text,
    }
