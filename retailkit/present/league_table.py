"""The league, its answers and its reasons as a reader wants them: written numbers, in English or Chinese."""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.charts.numbers import percent
from retailkit.charts.words import choose
from retailkit.present.report import ANSWERS

ANSWERS_ZH = dict(zip(ANSWERS, ("有提升", "无法判断", "有下降", "无结果"), strict=True))


def league_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The league as a reader wants it: one row per merchant, written numbers, intervals in words."""
    to = choose(lang, " to ", " 至 ")
    places = [f"{a}–{b}" if pd.notna(a) else "–" for a, b in zip(table["best_rank"], table["worst_rank"], strict=True)]
    out = pd.DataFrame({
        choose(lang, "merchant", "商户"): table["title"],
        choose(lang, "headline growth", "环比增长"): [percent(v, signed=True) for v in table["growth"]],
        choose(lang, "programme's effect", "项目效应"): [percent(v, signed=True) for v in table["effect"]],
        choose(lang, "90% interval", "90%区间"): [
            f"{percent(a, signed=True)}{to}{percent(b, signed=True)}" if pd.notna(a) else "–"
            for a, b in zip(table["low"], table["high"], strict=True)
        ],
        choose(lang, "partially pooled", "部分合并"): [percent(v, signed=True) for v in table["shrunk"]],
        choose(lang, "places left open", "可能名次"): places,
        choose(lang, "verdict", "结论"): [choose(lang, a, ANSWERS_ZH[a]) for a in table["answer"]],
    })  # fmt: skip
    if len(table) == 1:  # no other to be drawn to, and no place to take
        out = out.drop(
            columns=[choose(lang, "partially pooled", "部分合并"), choose(lang, "places left open", "可能名次")]
        )
    why = [_no_claim(r, lang) for r in table.itertuples()]
    return out.assign(**{choose(lang, "why there is no claim", "为何不能下结论"): why}) if set(why) - {"–"} else out


def _no_claim(row: Any, lang: str) -> str:
    if row.left_out:
        return choose(lang, f"left out: {row.left_out}", f"未计入：{row.left_out}")
    if row.barred:
        return choose(lang, f"barred: {row.barred}", f"检验未通过：{row.barred}")
    if row.answer == "cannot tell":
        return choose(lang, "it may be nothing: the interval holds zero", "可能没有效应：区间包含零")
    return "–"


def answer_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The answers' counts as a reader wants them."""
    return pd.DataFrame({
        choose(lang, "answer", "结论"): [choose(lang, a, ANSWERS_ZH[a]) for a in table["answer"]],
        choose(lang, "merchants", "商户数"): table["merchants"],
        choose(lang, "share", "占比"): [percent(v) for v in table["share"]],
        choose(lang, "90% interval", "90%区间"): [
            f"{percent(a)}–{percent(b)}" for a, b in zip(table["low"], table["high"], strict=True)
        ],
    })  # fmt: skip


def reasons(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The verdicts' sentences as a table: one row per merchant, in the league's order."""
    said = table["reason"].astype(str).str.replace(r"^[^:：]*[:：]\s*", "", regex=True)
    return pd.DataFrame({choose(lang, "merchant", "商户"): table["title"], choose(lang, "why", "理由"): said})
