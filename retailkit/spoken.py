"""Texts that data carry in two languages at once: "English / 中文" in one cell, as registers of the programme keep them."""

from __future__ import annotations

import re
from typing import Any

_BOTH = re.compile(r"(?P<en>[^\u4e00-\u9fff]*[^\s\u4e00-\u9fff]) / (?P<zh>.*[\u4e00-\u9fff].*)", re.DOTALL)


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
