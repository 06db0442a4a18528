"""Numbers on charts: K, M and 万, 亿, money with its sign, per cent, and axes written with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from retailkit.charts.words import choose

_SIGNS = {
    "CNY": "¥", "USD": "$", "GBP": "£", "EUR": "€", "JPY": "¥", "KRW": "₩", "HKD": "HK$", "TWD": "NT$", "SGD": "S$",
    "AUD": "A$", "CAD": "C$", "NZD": "NZ$", "INR": "₹", "THB": "฿", "VND": "₫", "PHP": "₱", "BRL": "R$",
}  # fmt: skip
_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "OMR": 3, "TND": 3, "JOD": 3}
_UNITS = {"en": ((1e9, "B"), (1e6, "M"), (1e3, "K")), "zh": ((1e8, "亿"), (1e4, "万"))}


def missing(value: Any) -> bool:
    """Tell whether a figure is absent: None, NaN or NA."""
    return value is None or str(value) in ("<NA>", "NaT") or value != value


def number(value: float | None, lang: str = "en", digits: int = 3) -> str:
    """Write a figure with K, M, B or 万, 亿 and ``digits`` significant digits.

    >>> number(1_234_567), number(999_960), number(45), number(-0.256)
    ('1.23M', '1.00M', '45', '−0.256')
    >>> number(123_456_789, "zh"), number(52_000, "zh"), number(None)
    ('1.23亿', '5.20万', '–')
    """
    choose(lang, "", "")
    if missing(value):
        return "–"
    size = abs(float(value))  # type: ignore[arg-type]
    sign = "−" if float(value) < 0 and size > 0 else ""  # type: ignore[arg-type]
    rounded = float(f"{size:.{digits}g}") if math.isfinite(size) else size
    for scale, letter in _UNITS[lang]:
        if rounded >= scale:
            return sign + _significant(size / scale, digits) + letter
    if size >= 100 or float(size).is_integer():
        return f"{sign}{size:,.0f}"
    return sign + _significant(size, digits)


def _significant(size: float, digits: int) -> str:
    whole = math.floor(math.log10(float(f"{size:.{digits}g}"))) + 1 if size > 0 else 1
    return f"{size:,.{max(0, digits - whole)}f}"


def major(minor: Any, currency: str) -> Any:
    """Turn minor units (fen, cent) to major ones, in the shape given.

    >>> major(12345, "USD"), major(500, "JPY")
    (123.45, 500.0)
    """
    return minor / 10.0 ** _DIGITS.get(currency, 2)


def money(minor: float | None, currency: str, lang: str = "en", signed: bool = False) -> str:
    """Write an amount given in minor units, with its currency sign.

    >>> money(123_456_700, "USD"), money(1_250, "GBP"), money(-300_000, "EUR")
    ('$1.23M', '£12.50', '−€3.00K')
    >>> money(123_456_700, "CNY", "zh"), money(5000, "CHF"), money(250_000, "USD", signed=True), money(1, "CNY")
    ('¥123万', 'CHF 50', '+$2.50K', '¥0.01')
    """
    if missing(minor):
        return "–"
    amount = float(major(float(minor), currency))  # type: ignore[arg-type]
    text = number(abs(amount), lang, digits=4 if 10 <= abs(amount) < 100 else 3)
    if 0 < abs(amount) < 1:
        text = f"{abs(amount):.{_DIGITS.get(currency, 2)}f}"  # no coin is smaller
    mark = "−" if amount < 0 else "+" if signed and amount > 0 else ""
    return mark + _SIGNS.get(currency, f"{currency} ") + text


def percent(share: float | None, digits: int | None = None, signed: bool = False) -> str:
    """Write a fraction as per cent; a decimal only under 10% unless ``digits`` says so.

    What falls just short of the whole never reads 100%: a reader takes that for all of it.

    >>> percent(.1234), percent(.0512), percent(-.3), percent(.5, signed=True), percent(-.0001), percent(None)
    ('12%', '5.1%', '−30%', '+50%', '0.0%', '–')
    >>> percent(.996), percent(.99987), percent(.9999999), percent(1.002)
    ('99.6%', '99.99%', '>99.99%', '100%')
    """
    if missing(share):
        return "–"
    size = abs(float(share)) * 100  # type: ignore[arg-type]
    places = digits if digits is not None else (1 if 0 < size < 9.95 else 0)
    mark = "−" if float(share) < 0 else "+" if signed else ""  # type: ignore[arg-type]
    mark = mark if round(size, places) else ""
    if digits is None and size < 100 and round(size, places) == 100:
        short = next((f"{size:.{more}f}" for more in (1, 2) if round(size, more) < 100), "99.99")
        return f"{mark or '>' * (size > 99.995)}{short}%"
    return f"{mark}{size:,.{places}f}%"


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round positions that cover ``low`` to ``high``.

    >>> ticks(0, 93)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if rough <= m * power * 1.0001)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def money_axis(low: float, high: float, currency: str, lang: str = "en", count: int = 5) -> dict[str, Any]:
    """Return axis settings for money in *major* units, for ``fig.update_yaxes(...)``.

    >>> money_axis(0, 43_000, "USD")["ticktext"]
    ['$0', '$10K', '$20K', '$30K', '$40K', '$50K']
    """
    return _axis(
        low, high, count, lambda v: ("−" if v < 0 else "") + _SIGNS.get(currency, f"{currency} ") + _tick(v, lang)
    )


def number_axis(low: float, high: float, lang: str = "en", count: int = 5) -> dict[str, Any]:
    """Return axis settings for plain figures."""
    return _axis(low, high, count, lambda v: ("−" if v < 0 else "") + _tick(v, lang))


def percent_axis(low: float, high: float, count: int = 5, signed: bool = False) -> dict[str, Any]:
    """Return axis settings for fractions shown as per cent.

    >>> percent_axis(-.1, .2, count=3)["ticktext"]
    ['−10%', '0%', '10%', '20%']
    """
    places = 0 if abs(high - low) > 0.04 else 1
    return _axis(low, high, count, lambda v: percent(v, places, signed))


def _axis(low: float, high: float, count: int, write: Callable[[float], str]) -> dict[str, Any]:
    at = ticks(float(low), float(high), count)
    # below nothing only so far as the data go: a whole step may be nonsense there, such as -200% of sales
    start = max(at[0], float(low) - 0.06 * (at[-1] - float(low))) if at and low < 0 else at[:1] and at[0]
    span = [start, at[-1]] if len(at) > 1 else None
    return {"tickmode": "array", "tickvals": at, "ticktext": [write(v) for v in at], "range": span}


def _tick(value: float, lang: str) -> str:
    text = number(abs(value), lang, digits=6)
    body, letter = (text[:-1], text[-1]) if text[-1] in "KMB万亿" else (text, "")
    return (body.rstrip("0").rstrip(".") if "." in body else body) + letter


def date_axis(lang: str = "en") -> dict[str, Any]:
    """Return axis settings for days: day and month, the year on its own line."""
    day, month = choose(lang, "%-d %b\n%Y", "%-m月%-d日\n%Y年"), choose(lang, "%b\n%Y", "%-m月\n%Y年")
    return {
        "type": "date",
        "tickformat": day,
        "tickformatstops": [{"dtickrange": ["M1", None], "value": month}],
        "showgrid": False,
        "ticks": "outside",
        "nticks": 9,
    }
