"""What things are called that a gain is taken apart into: factors, touchpoints, formats; and industries."""

from __future__ import annotations

import pandas as pd

from retailkit.charts.formats.parts import within
from retailkit.charts.growth_words import WORDS
from retailkit.charts.words import choose, labelled

_THINGS = WORDS | {"frequency": "购买频次", "community": "社群业态", "unknown": "未知"}
_INDUSTRIES = {
    "apparel": "服饰", "beauty": "美妆", "mother_baby": "母婴", "sports": "运动", "supermarket": "商超",
    "electronics": "家电", "food": "食品", "department_store": "百货",
}  # fmt: skip


def thing_title(name: str, lang: str = "en") -> str:
    """A factor, touchpoint or format as a reader calls it; a touchpoint's own detail stays behind it.

    >>> thing_title("service_message: welcome", "zh"), thing_title("group")
    ('模版消息/订阅消息：welcome', 'customer group')
    """
    head, colon, detail = name.partition(": ")
    plain = within(head)
    title = choose(lang, plain, _THINGS.get(head, plain))
    return labelled(title, detail, lang) if colon else title


def industry_title(name: str, lang: str = "en") -> str:
    """An industry as a reader calls it.

    >>> industry_title("mother_baby"), industry_title("mother_baby", "zh"), industry_title("")
    ('mother-baby', '母婴', 'no industry given')
    """
    if not name:
        return choose(lang, "no industry given", "未标明行业")
    return choose(lang, name.replace("_", "-"), _INDUSTRIES.get(name, name.replace("_", "-")))


def industry_titles(table: pd.DataFrame, lang: str = "en") -> dict[str, str]:
    """Industry -> its title, for a chart."""
    return {i: industry_title(i, lang) for i in table["industry"].fillna("").unique()}


def thing_titles(table: pd.DataFrame, lang: str = "en") -> dict[str, str]:
    """Thing -> its title, for a chart."""
    return {t: thing_title(t, lang) for t in table["thing"].unique()}
