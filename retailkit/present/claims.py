"""The programme's published claims, each with the figure that the study computes for it.

``data/claims.csv`` holds one claim a line: what it is about in our own words, the published
figure, how the study computes it, the definition and where it was published. Published and
computed stand side by side only where the cohort is the one the claim is about (the simulated
one); any other cohort gets its own computed figure alone.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from retailkit.charts.numbers import major, money, number, percent
from retailkit.charts.words import choose
from retailkit.present.evidence import HOW, Evidence

COLUMNS = (
    "claim", "title", "published", "text", "value", "low", "high", "unit", "merchants", "whose", "definition", "source",
)  # fmt: skip


def check_claims(evidence: Evidence, lang: str = "en") -> pd.DataFrame:
    """One row per claim that this cohort's results can compute, or fail to: the figure with its interval.

    Parameters
    ----------
    evidence : the cohort's saved results.

    Returns
    -------
    DataFrame ``claim, title, published, text, value, low, high, unit, merchants, whose,
    definition, source``: ``claim`` is the programme's number of it, ``published`` its figure and
    ``text`` its words (empty where the cohort is another one), ``whose`` the merchant where one
    merchant's claim is computed on that merchant. Empty values: the results do not tell.
    """
    rows = []
    for spec in _specs().itertuples():
        if _of_another(spec, evidence.cohort):
            continue
        there = bool(evidence.cohort.simulated)
        own = spec.merchant if there and spec.merchant in evidence.cohort.merchant_ids else ""
        found = HOW[spec.how](evidence, spec.chapter, spec.figure, own)
        scaled = float(spec.scale) if there and own else 1.0
        rows.append((
            spec.claim, choose(lang, spec.title, spec.title_zh),
            float(spec.published) if there and spec.published != "" else np.nan, choose(lang, spec.text, spec.text_zh) if there else "",
            *(v * scaled for v in (found.value, found.low, found.high)), _unit(spec.unit, evidence), found.merchants,
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


def _unit(unit: str, evidence: Evidence) -> str:
    return evidence.cohort.currency if unit == "money" else unit


def claim_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The claims that could be computed, as a reader wants them: published beside computed, intervals in words."""
    table = table[table["value"].notna()]
    simulated = bool((table["text"] != "").any())
    out = {
        choose(lang, "no.", "编号"): table["claim"].astype(str),
        choose(lang, "claim", "主张"): [
            t + (f" ({w})" if w else "") for t, w in zip(table["title"], table["whose"], strict=True)
        ],
    }
    if simulated:
        out[choose(lang, "published", "公布")] = [t or "–" for t in table["text"]]
    out |= {
        choose(lang, "computed", "计算值"): [_written(r.value, r.unit, lang) for r in table.itertuples()],
        choose(lang, "90% interval", "90%区间"): [_span(r, lang) for r in table.itertuples()],
        choose(lang, "merchants", "商户数"): [str(int(m)) if m else "–" for m in table["merchants"]],
        choose(lang, "definition (claim published in)", "定义（主张出处）"): [
            f"{d} ({s})" for d, s in zip(table["definition"], table["source"], strict=True)
        ],
    }
    return pd.DataFrame(out)


def _written(value: float, unit: str, lang: str) -> str:
    if value != value:
        return choose(lang, "cannot tell", "无法得出")
    if unit == "fraction":
        return percent(value)
    if unit == "ratio":
        return f"×{value:.2f}"
    if unit == "merchants":
        return f"{value:.0f}"
    if len(unit) == 3 and unit.isupper():
        return money(value / float(major(1.0, unit)), unit, lang)
    return number(value, lang)


def _span(row: Any, lang: str) -> str:
    if row.low != row.low:
        return "–"
    return choose(lang, " to ", " 至 ").join(_written(v, row.unit, lang) for v in (row.low, row.high))


def say_claims(table: pd.DataFrame, lang: str = "en") -> str:
    """Say how many claims could be computed, and where published figures stand, how many lie in the interval."""
    told = table[table["value"].notna()]
    en = f"{len(told)} of {len(table)} claims could be computed from this cohort's results."
    zh = f"{len(table)}条主张中有{len(told)}条可由本批次结果算出。"
    both = told[told["published"].notna() & told["low"].notna()]
    if len(both):
        inside = int(((both["low"] <= both["published"]) & (both["published"] <= both["high"])).sum())
        en += (
            f" {len(both)} of them have a published figure and an interval, and {inside} published figures lie inside it;"
            " the cohort is simulated, so this checks the computation, not the programme."
        )
        zh += (
            f"其中{len(both)}条有公布数与区间，{inside}个公布数落在区间内；本批次为模拟数据，这只检验计算，不检验项目。"
        )
    elif not (table["text"] != "").any():
        en += " The published figures are about other merchants and are not set against these."
        zh += "公布数字属于其他商户，不与本批次对比。"
    rest = table[table["value"].isna()]
    if len(rest):
        en += f" The data do not tell: {', '.join(t[0].lower() + t[1:] for t in rest['title'])}."
        zh += f"数据无法得出：{'、'.join(rest['title'])}。"
    return choose(lang, en, zh)
