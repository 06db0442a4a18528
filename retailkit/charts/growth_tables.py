"""Tables of the growth and targets chapters as a reader wants them: money, per cent, words, in English or Chinese.

What is shown is text; the tables themselves stay in minor units and logs.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from retailkit.charts.growth_words import festival_name, in_words
from retailkit.charts.numbers import missing, money, number, percent
from retailkit.charts.targets import node
from retailkit.charts.words import choose

MONEY, SHARE, LOG, TIMES, WORDS, PLAIN, NODE, UNIT, FESTIVAL, OWNER = (
    "money", "share", "log", "times", "words", "plain", "node", "unit", "festival", "owner",
)  # fmt: skip

Columns = dict[str, tuple[str, str, str]]
"""Column -> (how it is written, English head, Chinese head); other columns are left out."""

SPAN: Columns = {"low": (LOG, "from", "下限"), "high": (LOG, "to", "上限")}
TABLES: dict[str, Columns] = {
    "daily": {
        "day": (PLAIN, "day", "日期"), "gmv": (MONEY, "net sales", "净销售额"), "refunds": (MONEY, "refunds", "退款"),
        "orders": (PLAIN, "orders", "订单"), "buyers": (PLAIN, "buyers", "购买人数"),
        "unknown_gmv": (MONEY, "of unknown buyers", "未识别顾客销售"),
    },
    "pooled": {
        "pooling": (WORDS, "pooling", "汇总方式"), "growth": (SHARE, "growth", "环比"),
        "merchants": (PLAIN, "merchants", "商户数"),
    },
    "donors": {
        "donor": (PLAIN, "donor", "对照商户"), "weight": (SHARE, "weight", "权重"),
        "shared_sales_share": (SHARE, "sales to shared customers", "共享顾客销售占比"),
        "reason": (WORDS, "left out because", "剔除原因"),
    },
    "power": {
        "weeks": (PLAIN, "weeks of the phase", "阶段周数"), "donors": (PLAIN, "donors", "对照商户数"),
        "smallest_effect": (SHARE, "smallest effect that would be seen", "可识别的最小效应"),
        "reason": (WORDS, "why it cannot be told", "无法判断的原因"),
    },
    "bridge": {
        "step": (WORDS, "step", "环节"), "ratio": (TIMES, "times", "倍数"), "low": (TIMES, "from", "下限"),
        "high": (TIMES, "to", "上限"), "part": (MONEY, "sales a day", "日均金额"),
    },
    "rise": {
        "part": (FESTIVAL, "part", "部分"), "days": (PLAIN, "days", "天数"),
        "anyway": (MONEY, "would have come anyway", "无项目也会有"), "programme": (MONEY, "programme", "项目"),
        "money": (MONEY, "part of the rise, a day", "对日均增长的贡献"), "share": (SHARE, "share", "占比"),
    },
    "guards": {
        "guard": (WORDS, "guard", "检验"), "status": (WORDS, "result", "结果"),
        "finding": (PLAIN, "finding", ""), "finding_zh": (PLAIN, "", "结论"),
    },
    "steps": {
        "week": (PLAIN, "week of", "周"), "earliest": (PLAIN, "earliest", "最早"), "latest": (PLAIN, "latest", "最晚"),
        "phase": (WORDS, "phase", "阶段"), "size": (LOG, "size", "幅度"), **SPAN,
    },
    "recall": {
        "size": (LOG, "step", "台阶幅度"), "planted": (PLAIN, "planted", "植入"), "found": (PLAIN, "found", "找到"),
        "recall": (SHARE, "found of planted", "找到比例"),
    },
    "tree": {
        "segment": (WORDS, "customers", "顾客"), "factor": (WORDS, "factor", "因素"),
        "part": (MONEY, "part of the change, a day", "对日均变化的贡献"), "share": (SHARE, "share", "占比"),
    },
    "factors": {
        "factor": (WORDS, "factor", "因素"), "gap": (LOG, "against the counterfactual", "与反事实之差"),
        "part": (MONEY, "part of the gain, a day", "对日均增量的贡献"), "share": (SHARE, "share", "占比"),
    },
    "cells": {
        "touchpoint": (WORDS, "touchpoint", "触点"), "format": (WORDS, "format", "业态"),
        "customer": (WORDS, "customers", "顾客"), "before": (MONEY, "before, a day", "前期日均"),
        "counterfactual": (MONEY, "counterfactual", "反事实"), "actual": (MONEY, "actual", "实际"),
        "part": (MONEY, "gap", "差额"), "kind": (WORDS, "kind", "类型"),
    },
    "windows": {
        "window": (WORDS, "window", "窗口"), "start": (PLAIN, "from", "起"), "end": (PLAIN, "to", "止"),
        "buyers": (PLAIN, "buyers", "购买人数"), "new_buyers": (PLAIN, "new", "新客"),
        "orders": (PLAIN, "orders", "订单"), "gmv": (MONEY, "sales to known customers", "已识别顾客销售"),
        "unknown_gmv": (MONEY, "to unknown", "未识别顾客销售"), "visitors": (PLAIN, "visitors", "访客"),
    },
    "attainment": {
        "node": (NODE, "node", "节点"), "owner": (OWNER, "owner", "负责人"), "planned": (UNIT, "planned", "计划"),
        "achieved": (UNIT, "achieved", "实际"), "attainment": (SHARE, "% of plan", "达成率"),
    },
    "kpi": {"node": (NODE, "node", "节点"), "owner": (OWNER, "owner", "负责人"), "value": (UNIT, "value", "数值")},
    "shortfalls": {
        "node": (NODE, "node", "节点"), "owner": (OWNER, "owner", "负责人"),
        "attainment": (SHARE, "% of plan", "达成率"), "money": (MONEY, "money", "金额"),
        "reason": (PLAIN, "reason", "原因"),
    },
    "parts": {
        "cut": (WORDS, "cut", "维度"), "part": (WORDS, "part", "部分"), "owner": (OWNER, "owner", "负责人"),
        "planned": (MONEY, "planned", "计划"), "achieved": (MONEY, "achieved", "实际"),
        "attainment": (SHARE, "% of plan", "达成率"), "money": (MONEY, "gap", "差额"),
    },
    "coverage": {
        "owner": (WORDS, "owned by", "归属"), "customers": (PLAIN, "customers", "顾客数"),
        "owned": (PLAIN, "owned", "有归属"), "share": (SHARE, "of customers", "顾客占比"),
        "sales_share": (SHARE, "of their sales", "销售占比"),
    },
    "next": {
        "node": (NODE, "node", "节点"), "reference": (UNIT, "last phase", "上一阶段"),
        "anyway": (UNIT, "sold anyway", "本应售出"), "base": (UNIT, "base", "基本目标"),
        "stretch": (UNIT, "stretch", "挑战目标"), "reason": (PLAIN, "reason", "理由"),
    },
    "chances": {
        "target": (WORDS, "target", "目标"), "gmv": (MONEY, "sales", "销售额"),
        "if_nothing_new": (SHARE, "chance if nothing new is done", "若无新动作的概率"),
        "if_market_wanders": (SHARE, "and the market wanders off for good", "且市场一去不回的概率"),
        "if_lift_comes_again": (SHARE, "if the lift comes again", "若再次提升的概率"),
    },
}  # fmt: skip


def show(table: pd.DataFrame, name: str, currency: str = "", lang: str = "en", rows: int = 20) -> Any:
    """Display the table of ``shown`` on the page: no row numbers, whole sentences, figures to the right."""
    from IPython.display import HTML

    written = shown(table, name, currency, lang, rows)
    long = {
        choose(lang, en, zh) for kind, en, zh in TABLES[name].values() if kind in (PLAIN, WORDS, NODE, FESTIVAL, OWNER)
    }
    texts = {head: written[head].astype(str) for head in written if head in long}  # an empty column is no text
    left = {head: "left" for head, cells in texts.items() if not cells.str.fullmatch(r"[\d,.–-]*").all()}
    with pd.option_context("display.max_colwidth", None):
        page = written.to_html(index=False, border=0, justify="left")
    cells = page.split("<td>")
    heads = list(written.columns)
    for i in range(1, len(cells)):
        side = left.get(heads[(i - 1) % len(heads)], "right")
        cells[i] = f'<td style="text-align: {side}">{cells[i]}'
    return HTML("".join(cells))


def shown(table: pd.DataFrame, name: str, currency: str = "", lang: str = "en", rows: int = 20) -> pd.DataFrame:
    """One row per row of the table, at most ``rows``, every figure a text; columns headed in the language.

    Parameters
    ----------
    name : which table it is, see ``TABLES``.

    >>> shown(pd.DataFrame({"factor": ["basket"], "gap": [0.1], "part": [5000.0], "share": [1.0]}), "factors", "CNY")
       factor against the counterfactual part of the gain, a day share
    0  basket                       +11%                     ¥50  100%
    """
    heads = {c: (kind, choose(lang, en, zh)) for c, (kind, en, zh) in TABLES[name].items() if c in table}
    top = table.head(rows)
    units = top["unit"].tolist() if "unit" in top else [""] * len(top)
    out = {
        head: [_text(v, kind, unit, currency, lang) for v, unit in zip(top[c], units, strict=True)]
        for c, (kind, head) in heads.items()
        if head
    }
    return pd.DataFrame(out, index=range(len(top)))


def _text(value: Any, kind: str, unit: str, currency: str, lang: str) -> str:
    if missing(value):
        return "–"
    if kind == UNIT:
        kind = {"minor unit": MONEY, "fraction": SHARE}.get(unit, PLAIN)
    if kind == MONEY:
        return money(value, currency, lang)
    if kind == SHARE:
        return percent(value)
    if kind == LOG:
        return percent(math.expm1(value), signed=True)
    if kind == TIMES:
        return f"× {value:.2f}"
    if kind == WORDS:
        return in_words(str(value), lang)
    if kind == OWNER:
        return str(value).replace("_", " ")
    if kind in (NODE, FESTIVAL):
        return node(str(value), lang) if kind == NODE else festival_name(str(value), lang)
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return number(value, lang) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
