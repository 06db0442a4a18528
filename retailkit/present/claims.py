"""The programme's published claims, each with the figure that the study computes for it.

``data/claims.csv`` holds one claim a line: what it is about in our own words, the published
figure and the period it is of, how the study computes it, the definition and where it was
published. Published and computed stand side by side only where the cohort is the one the claim
is about (the simulated one); any other cohort gets its own computed figure alone. Each figure
carries its own date: a level published for a later period than the data need not be reached yet.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from retailkit.charts.numbers import major, money, number, percent
from retailkit.charts.words import aside, choose
from retailkit.present.evidence import HOW, Evidence

COLUMNS = (
    "claim", "title", "published", "text", "period", "later", "value", "low", "high", "unit", "until", "merchants", "whose",
    "definition", "source",
)  # fmt: skip


def check_claims(evidence: Evidence, lang: str = "en") -> pd.DataFrame:
    """One row per claim that this cohort's results can compute, or fail to: the figure with its interval.

    Parameters
    ----------
    evidence : the cohort's saved results.

    Returns
    -------
    DataFrame with the columns ``COLUMNS``: ``claim`` is the programme's number of it, ``published``
    its figure, ``text`` its words and ``period`` the period that its source names (all empty where
    the cohort is another one), ``until`` the last day of the data behind ``value``, ``later`` whether
    the period of a published figure begins after that day, ``whose`` the merchant where one merchant's claim is computed on
    that merchant. Empty values: the results do not tell.
    """
    rows = []
    for spec in _specs().itertuples():
        if _of_another(spec, evidence.cohort):
            continue
        there = bool(evidence.cohort.simulated)
        own = spec.merchant if there and spec.merchant in evidence.cohort.merchant_ids else ""
        found = HOW[spec.how](evidence, spec.chapter, spec.figure, own)
        scaled, until = float(spec.scale) if there and own else 1.0, _until(evidence, own)
        rows.append((
            spec.claim, choose(lang, spec.title, spec.title_zh),
            float(spec.published) if there and spec.published != "" else np.nan, choose(lang, spec.text, spec.text_zh) if there else "",
            _period(spec.period, lang) if there else "", there and spec.published != "" and pd.Timestamp(until) < _begins(spec.period),
            *(v * scaled for v in (found.value, found.low, found.high)), _unit(spec.unit, evidence), until, found.merchants,
            own, choose(lang, spec.definition, spec.definition_zh), choose(lang, spec.source, spec.source_zh),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_another(spec: Any, cohort: Any) -> bool:
    """A claim on one cohort is left out elsewhere; real cohorts keep those that any cohort can compute."""
    if not spec.cohort or (cohort.simulated and cohort.name == spec.cohort):
        return False
    chinese = getattr(cohort, "country", "") == "CN"
    kept = spec.how == "pooled" or (spec.how == "festival" and chinese)
    return cohort.simulated or not kept or spec.cohort != "doubling_1"


def _specs() -> pd.DataFrame:
    path = resources.files("retailkit.present").joinpath("data/claims.csv")
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)


def _until(evidence: Evidence, merchant: str) -> str:
    """Last day that the results know of, of one merchant or of all."""
    rows = evidence.metrics
    rows = rows[rows["merchant"] == merchant] if merchant else rows
    return str((pd.to_datetime(rows["as_of"]).max() - pd.Timedelta(days=1)).date()) if len(rows) else ""


def _begins(period: str) -> pd.Timestamp:
    """First day of a period as sources name it.

    >>> [str(_begins(p).date()) for p in ("2018 H2", "2019", "2018-2019", "2020-02")]
    ['2018-07-01', '2019-01-01', '2018-01-01', '2020-02-01']
    """
    year, rest = period[:4], period[4:]
    month = "07" if rest == " H2" else rest[1:] if rest.startswith("-") and len(rest) == 3 else "01"
    return pd.Timestamp(f"{year}-{month}-01")


def _period(period: str, lang: str) -> str:
    halves = {" H1": "年上半年", " H2": "年下半年"}
    return period if lang == "en" else period[:4] + halves.get(period[4:], period[4:])


def _unit(unit: str, evidence: Evidence) -> str:
    return evidence.cohort.currency if unit == "money" else unit


_OVER = re.compile(
    r"(; (median|the largest) (merchant|of merchants).*|[，；](有显著增量商户的中位数|中位商户|取最高商户.*))$"
)
"""How a definition says which of several merchants is taken: of one there is nothing to say."""


def claim_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The claims that could be computed, as a reader wants them: published beside computed, intervals in words."""
    table = table[table["value"].notna()]
    simulated = bool((table["text"] != "").any())
    out = {
        choose(lang, "no.", "编号"): table["claim"].astype(str),
        choose(lang, "claim", "主张"): [
            aside(t, w, lang) if w else t for t, w in zip(table["title"], table["whose"], strict=True)
        ],
    }
    if simulated:
        after = choose(lang, ", after these data", "，晚于数据")
        out[choose(lang, "published (for)", "公布（所属时期）")] = [
            aside(r.text, r.period + after * r.later, lang) if r.text else "–" for r in table.itertuples()
        ]  # fmt: skip
    out |= {
        choose(lang, "computed (data to)", "计算值（数据截至）"): [
            aside(_written(r.value, r.unit, lang, r.text[:1] == "+"), r.until, lang) for r in table.itertuples()
        ],
        choose(lang, "90% interval", "90%区间"): [_span(r, lang) for r in table.itertuples()],
        choose(lang, "merchants", "商户数"): [str(int(m)) if m else "–" for m in table["merchants"]],
        choose(lang, "definition (claim published in)", "定义（主张出处）"): [
            aside(_OVER.sub("", r.definition) if r.merchants == 1 else r.definition, r.source, lang)
            for r in table.itertuples()
        ],
    }
    return pd.DataFrame(out)


def _written(value: float, unit: str, lang: str, change: bool = False) -> str:
    if value != value:
        return choose(lang, "cannot tell", "无法得出")
    if unit == "fraction":
        return percent(value, signed=change)
    if unit == "ratio":
        return f"×{value:.2f}"
    if unit == "merchants":
        return f"{value:.0f}"
    if len(unit) == 3 and unit.isupper():
        return money(value / float(major(1.0, unit)), unit, lang)
    if value < 10_000 and float(value).is_integer():
        return f"{value:,.0f}"
    return number(value, lang)


def _span(row: Any, lang: str) -> str:
    if row.low != row.low:
        return "–"
    return choose(lang, " to ", " 至 ").join(
        _written(v, row.unit, lang, row.text[:1] == "+") for v in (row.low, row.high)
    )


def say_claims(table: pd.DataFrame, lang: str = "en") -> str:
    """Say how many claims could be computed, and where published figures stand, how many lie in the interval."""
    told = table[table["value"].notna()]
    en = f"{len(told)} of {len(table)} claims could be computed from this cohort's results."
    zh = f"{len(table)}条主张中有{len(told)}条可由本批次结果算出。"
    both = told[told["published"].notna() & told["low"].notna()]
    if len(both):
        inside = int(((both["low"] <= both["published"]) & (both["published"] <= both["high"])).sum())
        en += (
            f" {len(both)} of them have a published figure and an interval, which holds the published figure in {inside};"
            " the cohort is simulated, so this checks the computation, not the programme."
        )
        zh += (
            f"其中{len(both)}条有公布数与区间，{inside}个公布数落在区间内；本批次为模拟数据，这只检验计算，不检验项目。"
        )
    elif not (table["text"] != "").any():
        en += " The published figures are about other merchants and are not set against these."
        zh += "公布数字属于其他商户，不与本批次对比。"
    ahead = told[told["later"].astype(bool)]
    if len(ahead):
        day, which = ahead["until"].max(), list(dict.fromkeys(ahead["claim"]))
        en += (
            f" The published figures of claims {', '.join(which)} are of a later period than the data, which end on {day}:"
            " a level computed here is the one reached by then, and the published one may have been reached after it."
        )
        zh += f"主张{'、'.join(which)}的公布数字所属时期晚于数据截止日（{day}）：此处的水平是截至该日所达到的，公布的水平可能在其后才达到。"
    rest = table[table["value"].isna()]
    if len(rest):
        en += f" The data do not tell: {', '.join(t[0].lower() + t[1:] for t in rest['title'])}."
        zh += f"数据无法得出：{'、'.join(rest['title'])}。"
    return choose(lang, en, zh)
