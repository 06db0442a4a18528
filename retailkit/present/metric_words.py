"""What chapters' metrics are called, in English and Chinese: name, unit and definition.

``data/metrics.csv`` has one row per metric, or per family of metrics whose name has one place that
varies: ``metric`` its name as it is saved, the name that people read in both languages, the
definition as the chapter saves it and its Chinese. A place in braces stands for any text, which is
put into words too (a touchpoint, a festival, a method). A metric whose definition differs by what
the data hold has a row for each.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd

from retailkit.charts.growth_words import festival_name, in_words
from retailkit.charts.targets import node
from retailkit.charts.touchpoints import model_name
from retailkit.charts.words import aside, choose, labelled
from retailkit.present.things import thing_title

_UNITS = {
    "fraction": ("%", "%"), "ratio": ("times", "倍"), "probability": ("probability", "概率"), "log": ("log", "对数"),
    "index": ("0 to 1", "0至1"), "rows": ("rows", "行"), "days": ("days", "天"), "questions": ("questions", "个"),
    "persons": ("persons", "人"), "visits": ("visits", "次访问"), "accounts": ("accounts", "个账户"), "orders": ("orders", "单"),
    "weeks": ("weeks", "周"), "merchants": ("merchants", "家"), "donors": ("donors", "家对照商户"),
}  # fmt: skip
_PLACES: dict[str, Callable[[str, str], str]] = {
    "touchpoint": thing_title,
    "model": model_name,
    "method": lambda text, lang: " · ".join(in_words(part, lang) for part in text.split(" · ")),
    "step": lambda text, lang: in_words(text.replace("_", " "), lang),
    "part": lambda text, lang: festival_name(text.replace("run_up_", "run-up to "), lang),
    "node": node,
}
"""How the text in a place is put into words; other places (an area, a campaign) keep the data's own text."""


_LEVEL = re.compile(r", (\d+(?:\.\d+)?%) interval$")
"""How ``figure`` ends the definition of an estimate."""


@dataclass(frozen=True)
class _Row:
    metric: re.Pattern[str]
    name: tuple[str, str]
    definition: re.Pattern[str]
    definition_zh: str


@cache
def _rows() -> tuple[_Row, ...]:
    path = resources.files("retailkit.present").joinpath("data/metrics.csv")
    with path.open(encoding="utf-8") as file:
        return tuple(
            _Row(_pattern(r["metric"]), (r["name"], r["name_zh"]), _pattern(r["definition"]), r["definition_zh"])
            for r in csv.DictReader(file)
        )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(text)))


def metric_name(metric: str, lang: str = "en") -> str:
    """A metric as a reader calls it; one that the list does not know has its own name without underscores.

    >>> metric_name("effect_p"), metric_name("effect_p", "zh"), metric_name("my_own_figure", "zh")
    ('P value of the effect', '项目效应的 p 值', 'My own figure')
    >>> metric_name("rise_run_up_double_11"), metric_name("rise_run_up_double_11", "zh")
    ('Part of the rise: run-up to Double 11', '增量构成：双11预热')
    """
    name, of = _named(metric, lang)
    return labelled(name, of, lang) if of else name


def _named(metric: str, lang: str, definition: str = "") -> tuple[str, str]:
    """Name of the metric or of its family, and which one of the family it is; a definition may have a name of its own."""
    what = _LEVEL.sub("", definition)
    rows = sorted(_rows(), key=lambda row: not row.definition.fullmatch(what)) if definition else _rows()
    for row in rows:
        if found := row.metric.fullmatch(metric):
            return choose(lang, *row.name), "".join(_told(p, text, lang) for p, text in found.groupdict().items())
    plain = metric.replace("_", " ")
    return plain[:1].upper() + plain[1:], ""


def _told(place: str, text: str, lang: str) -> str:
    return _PLACES[place](text, lang) if place in _PLACES else text


def metric_definition(metric: str, definition: str, lang: str = "en") -> str:
    """A definition in the language; one that the list does not know stays as it was saved.

    >>> saved = "share of net GMV by the hazard ledger, 90% interval over persons"
    >>> metric_definition("credit_share: guide", saved, "zh")
    '占净 GMV 的份额，按风险模型账本；90%区间（按人员重抽样）'
    >>> metric_definition("cost_per_new", "spend / new customers, 95% interval", "zh")
    '投放费用 / 新客数；95%区间'
    >>> metric_definition("cost_per_new", "spend / new customers, 97.5% interval", "zh")
    '投放费用 / 新客数；97.5%区间'
    """
    if choose(lang, "en", "zh") == "en":
        return definition
    if (found := _LEVEL.search(definition)) and (told := _defined_zh(metric, _LEVEL.sub("", definition))):
        return f"{told}；{found[1]}区间"
    return _defined_zh(metric, definition) or definition


def _defined_zh(metric: str, definition: str) -> str:
    """A definition in Chinese; nothing where the list does not know it."""
    for row in _rows():
        found = row.definition.fullmatch(definition)
        if found and row.metric.fullmatch(metric):
            return row.definition_zh.format(**{p: _told(p, text, "zh") for p, text in found.groupdict().items()})
    return ""


def unit_word(unit: str, lang: str = "en") -> str:
    """A unit as a reader writes it; a currency keeps its code.

    >>> unit_word("fraction"), unit_word("days", "zh"), unit_word("CNY", "zh")
    ('%', '天', 'CNY')
    """
    return choose(lang, *_UNITS.get(unit, (unit, unit)))


def defined(metrics: pd.DataFrame, lang: str = "en") -> list[str]:
    """One line per definition of the figures that have one: their name, which of the family they are, unit, definition.

    Parameters
    ----------
    metrics : rows of ``read_metrics``; sentences and figures without a definition give no line.

    >>> rows = [("credit_share: guide", "fraction", "by the ledger", ""), ("credit_share: sharing", "fraction", "by the ledger", "")]
    >>> defined(pd.DataFrame(rows, columns=["metric", "unit", "definition", "text"]))
    ['Credit share (guide, sharing; %): by the ledger']
    """
    rows = metrics[(metrics["definition"].fillna("") != "") & (metrics["text"].fillna("") == "")]
    lines: dict[tuple[str, str, str], list[str]] = {}
    for row in rows.itertuples():
        name, of = _named(str(row.metric), lang, str(row.definition))
        line = (name, unit_word(str(row.unit), lang), metric_definition(str(row.metric), str(row.definition), lang))
        lines.setdefault(line, []).extend([of] if of else [])
    comma, stop = choose(lang, ", ", "、"), choose(lang, "; ", "；")
    out = []
    for (name, unit, definition), some in lines.items():
        note = stop.join(part for part in (comma.join(some), unit) if part)
        out.append(labelled(aside(name, note, lang) if note else name, definition, lang))
    return out
