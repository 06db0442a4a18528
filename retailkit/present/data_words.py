"""The loading chapter's tables as a reader wants them: written numbers, no empty columns."""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.charts.formats.parts import name, within
from retailkit.charts.numbers import major, money, number, percent
from retailkit.charts.tables import table_name
from retailkit.charts.words import choose, labelled
from retailkit.present.metric_words import metric_definition, metric_name
from retailkit.results import metric
from retailkit.shares import wilson

_ANSWERS = {"yes": ("✓ yes", "✓ 能"), "partly": ("◐ partly", "◐ 部分"), "no": ("✗ no", "✗ 不能")}
_CHAPTERS = {
    "1_data": "数据", "2_people": "人群", "3_touchpoints": "触点", "4_formats": "业态", "5_growth": "增长", "6_targets": "目标",
}  # fmt: skip
_ORDER = ("yes", "partly", "no")
_ROOMS = {
    "sales": "销售", "identity": "身份", "traffic": "流量", "organisation": "组织", "money and plan": "费用与计划",
    "context": "背景",
}  # fmt: skip
_STATED = {
    "net amount": "净销售额", "gross amount": "销售额", "visits": "访问", "orders": "订单", "order lines": "订单行",
    "orders less refunds": "订单减退款", "orders with lines, less freight": "有明细的订单（扣运费）", "sessions": "会话",
    "mini_program": "小程序", "pos": "门店收银",
}  # fmt: skip
_SYSTEMS = {"youshu": ("Youshu", "有数"), "erp": ("ERP", "ERP"), "orders": ("orders", "订单")}


def chapter_word(chapter: str, lang: str = "en") -> str:
    """A chapter as a reader calls it.

    >>> chapter_word("5_growth"), chapter_word("5_growth", "zh")
    ('5 · Growth', '5 · 增长')
    """
    figure, _, name = chapter.partition("_")
    return f"{figure} · {choose(lang, name.capitalize(), _CHAPTERS.get(chapter, name))}"


def question_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """One row per question of the study, what can be studied first: answer, question, chapter, why (see ``data_health``)."""
    rows = table.assign(place=[_ORDER.index(a) if a in _ORDER else len(_ORDER) for a in table["answer"]])
    rows = rows.sort_values("place", kind="stable")
    return pd.DataFrame({
        choose(lang, "can it be studied", "能否研究"): [
            choose(lang, *_ANSWERS[a]) if a in _ANSWERS else a for a in rows["answer"]
        ],
        choose(lang, "question", "问题"): rows["question"],
        choose(lang, "why", "原因"): rows["why"],
        choose(lang, "chapter", "章节"): [chapter_word(c, lang) for c in rows["chapter"]],
    })  # fmt: skip


def rows_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """One row per table that has rows: how many, first and last day (see an open store's ``rows()``)."""
    days = {c: [str(d)[:10] if pd.notna(d) else "–" for d in table[c]] for c in ("first", "last")}
    return pd.DataFrame({
        choose(lang, "table", "表"): [table_name(t, lang) for t in table["table"]],
        choose(lang, "kind", "类别"): [choose(lang, r, _ROOMS.get(r, r)) for r in table["room"]],
        choose(lang, "rows", "行数"): [f"{n:,}" for n in table["rows"]],
        choose(lang, "first day", "首日"): days["first"],
        choose(lang, "last day", "末日"): days["last"],
    })  # fmt: skip


def file_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """One row per file: what became of its rows; columns that are zero for every file are left out (see ``file_fates``)."""
    out = pd.DataFrame({choose(lang, "file", "文件"): table["file"], choose(lang, "layout", "布局"): table["layout"]})
    if "status" in table:
        states = {"loaded": "已加载", "unchanged": "未变化", "failed": "失败"}
        out[choose(lang, "status", "状态")] = [choose(lang, s, states.get(s, s)) for s in table["status"]]
        if (table["status"] == "unchanged").all():  # nothing was read again: no rows to tell the fate of
            return out
    for column, en, zh in (
        ("rows_read", "read", "读入"), ("rows_kept", "kept", "保留"), ("rows_duplicate", "repeats", "重复"),
        ("rows_quarantined", "set aside", "隔离"), ("rows_come_since", "came later", "后补"),
        ("rows_skipped", "left out by rule", "按规则略去"),
    ):  # fmt: skip
        if column in ("rows_read", "rows_kept") or (column in table and table[column].fillna(0).any()):
            out[choose(lang, en, zh)] = [f"{n:,.0f}" if pd.notna(n) else "–" for n in table[column]]
    return out


def reason_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """One row per kind of problem in the quarantine, under headings of the language (see ``quarantine_reasons``)."""
    chinese = {
        "file": "文件", "table": "表", "column": "列", "reason": "原因", "rows": "行数", "first_row": "首行", "example": "示例",
    }  # fmt: skip
    named = table.assign(table=[table_name(t, lang) for t in table["table"]])
    return named.rename(columns={c: choose(lang, c.replace("_", " "), chinese.get(c, c)) for c in table.columns})


def fact_words(table: pd.DataFrame, currency: str, lang: str = "en") -> pd.DataFrame:
    """One row per plain count that the merchant's tables tell (see ``facts``)."""
    written = []
    for row in table.itertuples():
        if row.unit == "fraction":
            written.append(percent(row.value))
        elif row.unit == "ratio":
            written.append(f"×{row.value:.2f}")
        else:
            written.append(money(row.value, currency, lang) if row.unit == "minor unit" else number(row.value, lang))
    return pd.DataFrame({
        choose(lang, "count", "计数"): [metric_name(f"fact_{f}", lang) for f in table["fact"]],
        choose(lang, "value", "数值"): written,
        choose(lang, "definition", "定义"): [
            metric_definition(f"fact_{f}", d, lang) for f, d in zip(table["fact"], table["definition"], strict=True)
        ],
    })  # fmt: skip


def agreement_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The same rows with sources, measures and touchpoints named in words (see ``source_agreement``).

    >>> row = pd.DataFrame({"measure": ["visits"], "left": ["sessions"], "right": ["youshu: search"]})
    >>> agreement_words(row, "zh").iloc[0].tolist()
    ['访问', '会话', '有数：搜索']
    """
    return table.assign(**{c: [_stated(v, lang) for v in table[c]] for c in ("measure", "left", "right")})


def _stated(source: str, lang: str) -> str:
    system, colon, what = source.partition(": ")
    if not colon:
        return choose(lang, source, _STATED.get(source, source))
    told = choose(lang, within(what), _STATED.get(what) or name(what, "zh"))
    return labelled(choose(lang, *_SYSTEMS.get(system, (system, system))), told, lang)


def agreement_table(table: pd.DataFrame, currency: str, lang: str = "en") -> pd.DataFrame:
    """One row per comparison as a reader wants it: figures written, the gap in per cent (see ``source_agreement``).

    Money is written whole, in major units: the gap is what one looks for. Where one side counts other sales too there
    is no gap to look for.
    """
    told = agreement_words(table, lang)
    amounts = table["measure"].str.endswith("amount")

    def written(totals: pd.Series) -> list[str]:
        return [
            f"{major(v, currency):,.2f} {currency}" if m else f"{v:,.0f}" for v, m in zip(totals, amounts, strict=True)
        ]

    return pd.DataFrame({
        choose(lang, "measure", "指标"): told["measure"],
        choose(lang, "one source", "来源一"): told["left"],
        choose(lang, "another", "来源二"): told["right"],
        choose(lang, "days", "天数"): [f"{n:,}" for n in told["days"]],
        choose(lang, "days apart", "不一致天数"): [
            "–" if wide else f"{n:,}" for n, wide in zip(told["days_apart"], told["covers_more"], strict=True)
        ],
        choose(lang, "first total", "来源一合计"): written(told["left_total"]),
        choose(lang, "second total", "来源二合计"): written(told["right_total"]),
        choose(lang, "gap", "差距"): [
            "–" if wide else percent(g, 2, signed=True) for g, wide in zip(told["gap"], told["covers_more"], strict=True)
        ],
        choose(lang, "agrees", "是否一致"): [_agrees(r, lang) for r in told.itertuples()],
    })  # fmt: skip


def _agrees(row: Any, lang: str) -> str:
    if row.covers_more:
        first = row.covers_more == "left"
        return choose(
            lang,
            f"not comparable: {'first' if first else 'second'} covers more",
            f"不可比：来源{'一' if first else '二'}涵盖更多",
        )
    return choose(lang, "✓ yes", "✓ 是") if row.agrees else choose(lang, "✗ no", "✗ 否")


def say_facts(table: pd.DataFrame, lang: str = "en") -> str:
    """Say that nothing could be counted, or nothing at all."""
    if len(table):
        return ""
    return choose(
        lang, "These exports hold no all-channel books, visits, guides or home deliveries, so none of these figures can "
        "be counted.",
        "这些导出中没有全渠道账目、访问、导购或到家订单，因此这些数字都无法计数。",
    )  # fmt: skip


def fact_metrics(table: pd.DataFrame, currency: str) -> list[dict[str, Any]]:
    """The facts as records for ``save``; shares carry their 90% Wilson interval."""
    out = []
    for row in table.itertuples():
        money = row.unit == "minor unit"
        low, high = wilson(int(row.hits), int(row.total)) if pd.notna(row.total) else (None, None)
        value = float(major(row.value, currency)) if money else row.value
        unit = currency if money else row.unit
        out.append(metric(f"fact_{row.fact}", value, low=low, high=high, unit=unit, definition=row.definition))
    return out
