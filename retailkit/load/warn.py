"""What is odd about a file without being wrong: sentences for the load report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches

from retailkit.load.cells import number_sql
from retailkit.load.chinese import in_chinese
from retailkit.load.conditions import where_sql
from retailkit.load.engine import Connection, first, literal, quote
from retailkit.load.explode import exploded
from retailkit.load.layout import Layout
from retailkit.load.partitions import day_column
from retailkit.load.phones import phones_in_ids
from retailkit.load.raw import Raw
from retailkit.load.rows import Typed
from retailkit.load.rules import Control
from retailkit.load.sums import differ, totals_warnings
from retailkit.load.units import other_unit_above
from retailkit.spoken import own_half, said

MARKS = {
    "$": frozenset({"USD", "HKD", "SGD", "TWD", "AUD", "CAD", "NZD", "MOP", "MXN"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP"}),
    "₩": frozenset({"KRW"}),
    "円": frozenset({"JPY"}),
    "¥": frozenset({"CNY", "JPY"}),
    "￥": frozenset({"CNY", "JPY"}),
    "元": frozenset({"CNY", "HKD", "TWD", "MOP", "SGD"}),
}
"""Marks of amounts, and the currencies that each can be of."""


_SUM = r".{0,20}[小合总]\s*计\s*[:：]?"
"""What a line that adds up others says in one of its cells (徐家汇店 小计)."""


def file_warnings(
    con: Connection, raw: Raw, layout: Layout, rows: str, typed: Sequence[Typed], lang: str = "en"
) -> list[str]:
    """Return sentences: stated totals that do not hold, definitions that changed, limits of the source, repeats."""
    found = [said(lang, raw.odd, in_chinese(raw.odd))] if raw.odd else []
    found += [w for control in layout.control if (w := _control(con, raw, control, lang))]
    found += other_unit_above(raw, layout, lang)
    found += totals_warnings(con, raw, layout, typed, lang)
    for b in layout.breaks:
        what = own_half(b.what, lang)
        found.append(said(lang, f"since {b.on} the source counts otherwise: {what}", f"{b.on}起来源口径改变：{what}"))
    if days := layout.retention_days:
        english = f"the source keeps {days} days only: older days are gone unless archived"
        found.append(said(lang, english, f"来源只保留{days}天：更早的数据如未存档便已丢失"))
    if layout.newest_day_partial and any(day_column(t.contract) for t in typed):
        english = "the newest day may be incomplete: the source finishes a day on the next morning"
        found.append(said(lang, english, "最新一天可能不完整：来源次日早晨才出齐当天数据"))
    found += [own_half(limit, lang) for limit in layout.limits]
    found += _sums_kept(con, raw, layout, lang) + phones_in_ids(raw, layout, lang)
    found += _worded(con, raw, layout, lang) + _repeats(con, typed, layout, lang)
    found += _other_marks(con, raw, typed, layout, lang)
    return found + _disagreeing(con, typed, layout, lang) + _without_money(con, raw, layout, rows, lang)


def _sums_kept(con: Connection, raw: Raw, layout: Layout, lang: str) -> list[str]:
    """Say that rows which call themselves sums of others are counted beside them: in the file's midst they may be rows."""
    names = [n for c, n in raw.found.items() if raw.types.get(n) == "VARCHAR" and c not in layout.sensitive]
    arrays = not set(raw.found.values()) <= set(raw.types)  # of JSON, whose records have no sums among them
    if raw.pieces is not None or not raw.text or arrays or not names:
        return []
    # one character is found at a tenth of the cost of a pattern
    tests = {n: f"(contains({quote(n)}, '计') AND regexp_full_match({quote(n)}, {literal(_SUM)}))" for n in names}
    aside = [f"({where_sql(s.where, raw)})" for s in layout.skip]
    aside += [f"{quote(raw.found[c])} IS NULL" for c in layout.needed if c in raw.found]
    own = ", ".join(str(t.row) for t in raw.totals if t.row) or "0"
    counts = ", ".join(f"count(*) FILTER ({test}), any_value({quote(n)}) FILTER ({test})" for n, test in tests.items())
    rows = f"{raw.relation} WHERE source_row NOT IN ({own}) AND NOT ({' OR '.join(aside) or 'false'})"
    told = first(con, f"SELECT {counts} FROM {rows}") or ()
    return [
        said(
            lang,
            f"{count:,} rows say '{word}' or the like in '{name}' and are read as rows: if they add up others, leave them "
            "out (skip)",
            f"{count:,}行的“{name}”为“{word}”之类，按普通行读取：若是其他行的合计，请用skip排除",
        )
        for name, count, word in zip(tests, told[::2], told[1::2], strict=False)
        if count
    ]


def _other_marks(con: Connection, raw: Raw, typed: Sequence[Typed], layout: Layout, lang: str) -> list[str]:
    """Say that amounts carry the mark of another currency than they are taken for; the first cells tell."""
    found = dict[str, str]()
    for t, block in zip(typed, layout.tables, strict=True):
        money = [r for n, r in block.fields.items() if n in t.contract.names and t.contract[n].kind == "money"]
        cells = {c: raw.samples.get(raw.found.get(c, ""), ()) for r in money for c in r.columns}
        marked = {c: m for c, some in cells.items() for m in MARKS if any(m in text for text in some)}
        if not marked:
            continue
        own = con.execute(f"SELECT DISTINCT currency FROM {quote(t.relation)} LIMIT 9").fetchall()
        for column, mark in marked.items():
            if own and not {code for (code,) in own} & MARKS[mark]:
                code = own[0][0]
                found[column] = said(
                    lang,
                    f"cells of '{column}' carry {mark}, but are read as {code}: say the currency in the layout",
                    f"“{column}”的单元格带{mark}，却按{code}读取：请在布局中写明货币（currency）",
                )
    return list(found.values())


def _control(con: Connection, raw: Raw, control: Control, lang: str) -> str | None:
    """Compare a total that the file states about itself with its rows."""
    stated = re.search(control.pattern, raw.preamble) if control.pattern else None
    if stated is None:
        return None
    figure = float(stated.group(1).replace(",", ""))
    what, query = said(lang, "rows", "行数"), "count(*)"
    if control.check == "sum" and control.column in raw.found:
        cell = quote(raw.found[control.column])
        what = said(lang, f"sum of '{control.column}'", f"“{control.column}”合计")
        query = f"coalesce(sum({number_sql(cell) if raw.text else cell}), 0)"
    rows = f"{where_sql(control.where, raw)} AND source_row NOT IN ({', '.join(str(t.row) for t in raw.totals) or '0'})"
    here = first(con, f"SELECT {query} FROM {raw.relation} WHERE {rows}")
    if here is None or abs(float(here[0]) - figure) < 0.005:
        return None
    return differ(what, Decimal(str(figure)), Decimal(str(here[0])), lang)


def _worded(con: Connection, raw: Raw, layout: Layout, lang: str) -> list[str]:
    """Count amounts that carry words (still being computed, for reference only): the number is taken, and said so."""
    rules = [r for block in layout.tables for r in block.fields.values() if r.extract]
    # where to read is told by a status: that is no amount
    amounts = [
        c
        for r in rules
        for c in (*r.source, *r.times, *r.plus, *r.minus, *(c for case in r.cases for c in case.source))
    ]
    columns = dict.fromkeys(c for c in amounts if raw.found.get(c) in raw.types and c not in layout.sensitive)
    empty = {w for r in rules for w in r.empty}
    sentences = []
    for column in columns:
        cell = quote(raw.found[column])
        words = f"regexp_replace({cell}, '[-+]?[0-9][0-9.,]*', '')"
        plain = ", ".join(literal(w) for w in ("", "元", "¥", "￥", *sorted(empty)))
        query = f"SELECT count(*), any_value({words}) FROM {raw.relation} WHERE trim({words}) NOT IN ({plain})"
        count, example = first(con, query) or (0, "")
        if count:
            english = f"{count:,} cells of '{column}' carry words beside the number ('{example}')"
            sentences.append(said(lang, english, f"“{column}”有{count:,}个单元格在数字旁带文字（“{example}”）"))
    return sentences


def _repeats(con: Connection, typed: Sequence[Typed], layout: Layout, lang: str) -> list[str]:
    """Count word-for-word repeats among lines that the export does not number."""
    sentences = []
    for t, block in zip(typed, layout.tables, strict=True):
        if not any(rule.number_within for rule in block.fields.values()):
            continue
        numbered = {n for n, rule in block.fields.items() if rule.number_within}
        cells = ", ".join(["merchant", *(quote(n) for n in block.fields if n not in numbered)])
        distinct = f"SELECT DISTINCT {cells} FROM {quote(t.typed)} WHERE NOT bad"
        query = f"SELECT (SELECT count(*) FROM {quote(t.typed)} WHERE NOT bad) - count(*) FROM ({distinct})"
        count = first(con, query)
        if count and count[0]:
            english = f"{count[0]:,} lines repeat another word for word; all are kept, numbered within their order"
            sentences.append(said(lang, english, f"{count[0]:,}行与另一行完全相同；全部保留，在订单内编号"))
    return sentences


def _disagreeing(con: Connection, typed: Sequence[Typed], layout: Layout, lang: str) -> list[str]:
    """Count groups whose rows state different amounts although one amount per group is read (an order's total)."""
    sentences = []
    for t, block in zip(typed, layout.tables, strict=True):
        if not block.group:
            continue
        made = {name for name, *_ in con.execute(f"DESCRIBE {quote(t.typed)}").fetchall()}
        once = [n for n, r in block.fields.items() if n in made and t.contract[n].kind == "money" and not r.agg]
        once = [n for n in once if block.fields[n].columns]
        if not once:
            continue
        keys = ", ".join(quote(k) for k in t.contract.key)
        told = ", ".join(f"count(DISTINCT {quote(n)}) AS {quote(n)}" for n in once)
        counts = ", ".join(f"count(*) FILTER ({quote(n)} > 1)" for n in once)
        found = first(con, f"SELECT {counts} FROM (SELECT {told} FROM {quote(t.typed)} WHERE NOT bad GROUP BY {keys})")
        sentences += [
            said(
                lang,
                f"in {count:,} {block.table} the rows state different amounts ({n}): the first is taken, check whether "
                "they are parts",
                f"{block.table}中有{count:,}条记录的各行金额（{n}）不一致：取首行，请核对是否为分项",
            )
            for n, count in zip(once, found or (), strict=False)
            if count
        ]
    return sentences


def _without_money(con: Connection, raw: Raw, layout: Layout, rows: str, lang: str) -> list[str]:
    """Say that a file has orders whose amount it does not tell: the column is not there, or is spelt otherwise."""
    sentences = []
    for block in layout.tables:
        missing = [c for c in block.needed if c not in raw.found]
        if block.table != "orders" or not block.optional or not missing:
            continue
        source, inner = exploded(rows, raw, block) if block.explode else (f"SELECT * FROM {rows}", raw)
        wanted = f'"@skip" IS NULL AND {where_sql(block.where, inner)}'
        (count,) = first(con, f"SELECT count(*) FROM ({source}) WHERE {wanted}") or (0,)
        if not count:
            continue
        near = get_close_matches(missing[0], raw.names, 1, 0.8)
        columns, one = "', '".join(missing), count == 1
        sentences.append(
            said(
                lang,
                f"{count:,} event{' is an order' if one else 's are orders'}, but the file has no column '{columns}'"
                + (f" (it has '{near[0]}')" if near else "")
                + ": no order is loaded from it, which is right only if another export brings them",
                f"{count:,}条事件是订单，但文件没有列“{columns}”"
                + (f"（文件中有“{near[0]}”）" if near else "")
                + "：未从中导入任何订单，仅当订单由其他导出提供时才无妨",
            )
        )
    return sentences
