"""How pages speak: one of two languages, also out of one cell ("English / 中文"); counts with their noun, changes with their sign."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_BOTH = re.compile(r"(?P<en>[^\u4e00-\u9fff]*[^\s\u4e00-\u9fff]) / (?P<zh>.*[\u4e00-\u9fff].*)", re.DOTALL)


def said(lang: str, english: str, chinese: str) -> str:
    """The sentence in the language of the study.

    Raises
    ------
    ValueError
        If the language is neither ``en`` nor ``zh``.

    >>> said("zh", "one person", "一人")
    '一人'
    """
    if lang not in ("en", "zh"):
        raise ValueError(f"no language '{lang}'; there are en, zh")
    return english if lang == "en" else chinese


def several(count: float, one: str, many: str = "") -> str:
    """Write a whole count with its noun in English.

    >>> several(1, "order"), several(1234, "order"), several(0, "person"), several(2, "person", "people")
    ('1 order', '1,234 orders', '0 persons', '2 people')
    """
    return f"{count:,.0f} {one if round(count) == 1 else many or one + 's'}"


def printed_width(text: str) -> int:
    """How many Latin letters a text is wide: a Chinese character is as wide as two.

    >>> printed_width("ab"), printed_width("甲b")
    (2, 3)
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def signed(change: float, digits: int = 0) -> str:
    """A change as per cent with its sign.

    >>> signed(0.1), signed(-0.2134, 1), signed(-0.001)
    ('+10%', '−21.3%', '+0%')
    """
    return f"{change:+z.{digits}%}".replace("-", "−")


def points(difference: float, digits: int = 1) -> str:
    """A difference in percentage points with its sign.

    >>> points(1.25, 2), points(-0.3)
    ('+1.25', '−0.3')
    """
    return f"{difference:+z.{digits}f}".replace("-", "−")


def own_half(text: str, lang: str = "en") -> str:
    """The half of a text in a language; a text in one language stays as it is.

    >>> own_half("Refunds are booked late / 退款晚入账"), own_half("Refunds are booked late / 退款晚入账", "zh")
    ('Refunds are booked late', '退款晚入账')
    >>> own_half("shop / guide", "zh"), own_half("退款晚入账", "en"), own_half("a / b / 甲 / 乙", "en")
    ('shop / guide', '退款晚入账', 'a / b')
    """
    both = _BOTH.fullmatch(text)
    return both["zh" if lang == "zh" else "en"] if both else text


def own_halves(page: Any, lang: str = "en") -> Any:
    """The same lists and dictionaries with every text's half in a language.

    >>> own_halves({"title": "first / 首批", "limits": ["small / 小"], "year": 2018}, "zh")
    {'title': '首批', 'limits': ['小'], 'year': 2018}
    """
    if isinstance(page, str):
        return own_half(page, lang)
    if isinstance(page, list):
        return [own_halves(p, lang) for p in page]
    return {k: own_halves(v, lang) for k, v in page.items()} if isinstance(page, dict) else page
