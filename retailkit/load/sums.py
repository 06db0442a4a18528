"""Totals that a file states, against the sums of its rows as they stand in it: before any row is set aside.

A total may count all rows or only those that a table wants, an order's amount on each of its lines or once, subtotals
or not: a figure that one of these ways gives is no mismatch, since no two sums of a real file agree to the cent by
chance. Nor is an average, a rate, a balance or a column with masked cells: none of them adds up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from retailkit.load.cells import number_sql
from retailkit.load.conditions import where_sql
from retailkit.load.engine import Connection, first, quote
from retailkit.load.layout import Layout
from retailkit.load.raw import Raw
from retailkit.load.rows import Typed
from retailkit.load.rules import FieldRule
from retailkit.load.totals import PART, Total
from retailkit.schema import TABLES
from retailkit.spoken import said

_RATE = re.compile(
    r"(?i)率|均|单价|折扣$|占比|余额|average|avg|mean|\brate|_rate|ratio|percent|%|balance|\bunit price|per "
)
"""Columns that do not add up."""
KINDS = ("money", "int", "float")


def totals_warnings(con: Connection, raw: Raw, layout: Layout, typed: Sequence[Typed], lang: str) -> list[str]:
    """Return a sentence for each total that the file states and its rows do not add up to."""
    if not raw.totals or not raw.text:
        return []
    lines = [t for t in raw.totals if t.line] + _the_grandest([t for t in raw.totals if t.row])
    told = {c.column for c in layout.control if c.check == "sum"}
    found = []
    for total in lines:
        sets = _ways(raw, layout, total)
        for column, cell in total.figures.items():
            if column not in told:
                found.append(_column(con, raw, layout, typed, total, column, cell, sets, lang))
        if total.loose:
            found.append(_loose(con, raw, layout, typed, total, sets, lang))
        if total.rows and not any(c.check == "rows" for c in layout.control):
            found.append(_rows(con, raw, layout, total, sets, lang))
    return list(dict.fromkeys(filter(None, found)))


def differ(what: str, figure: Decimal, held: Decimal, lang: str, more: str = "") -> str:
    """The sentence on a total that does not hold: both figures, and where the difference lies."""
    return said(
        lang,
        f"the file states {_shown(figure)} ({what}) but holds {_shown(held)}{more}",
        f"文件自述{what}为{_shown(figure)}，实际为{_shown(held)}{more}",
    )


def _the_grandest(totals: list[Total]) -> list[Total]:
    """Return the total of all, where a file ends in several: the one that says so, else the last one; and all at the top."""
    worded = [t for t in totals if t.figures or t.loose]
    grand = [t for t in worded if t.grand] or worded
    return grand[-1:] + [t for t in totals if t.rows and t not in grand[-1:]]


def _ways(raw: Raw, layout: Layout, total: Total) -> dict[str, str]:
    """Return SQL of the rows that a total may be about, those that it most likely is about first."""
    own = ", ".join(str(t.row) for t in raw.totals if t.row) or "0"
    part = PART
    empty = [f"{quote(raw.found[c])} IS NULL" for c in layout.needed if c in raw.found]
    if empty:
        part = f"({part} AND ({' OR '.join(empty)}))"
    rows = f"source_row NOT IN ({own})"
    lines = f"{rows} AND NOT {part}"
    ways = {"lines": lines, "all": rows}
    if total.row:  # the last of several groups, whose line does not say so
        before = f"SELECT max(source_row) FROM {raw.relation} WHERE {PART} AND source_row < {total.row}"
        ways["group"] = f"{lines} AND source_row > coalesce(({before}), 0)"
    if layout.skip:
        ways["kept"] = f"{lines} AND NOT (" + " OR ".join(f"({where_sql(s.where, raw)})" for s in layout.skip) + ")"
    wanted = [where_sql(b.where, raw) for b in layout.tables if b.where and not b.explode]
    for i, test in enumerate(dict.fromkeys(wanted)):
        ways[f"wanted{i}"] = f"{ways.get('kept', lines)} AND {test}"
    if len(wanted) > 1:
        ways["wanted"] = f"{ways.get('kept', lines)} AND ({' OR '.join(f'({test})' for test in wanted)})"
    return ways


def _column(
    con: Connection, raw: Raw, layout: Layout, typed: Sequence[Typed], total: Total, column: str, cell: str,
    ways: Mapping[str, str], lang: str,
) -> str | None:  # fmt: skip
    """Compare what a line states of one column."""
    rule, kind = _reads(column, raw, layout)
    number = _number(column, rule)
    figure = _figure(con, cell, rule)
    if figure is None or _RATE.search(column) or kind in ("instant", "date"):
        return None
    rows, here = raw.relation, quote(column)
    sums = ", ".join(f"coalesce(sum({number}) FILTER ({test}), 0)" for test in ways.values())
    more = (
        f"count({here}), count({number}), count(*) FILTER (contains({here}, '*')), min({number}), max({number}), "
        f"avg({number}), arg_min({number}, source_row), arg_max({number}, source_row)"
    )
    found = first(con, f"SELECT {sums}, {more} FROM (SELECT * FROM {rows} WHERE {ways['all']})")
    if found is None:
        return None
    held = [Decimal(str(v)) for v in found[: len(ways)]]
    filled, read, masked, low, high, mean, opening, closing = found[len(ways) :]
    close = _within(cell)
    if masked or not read or any(abs(v - figure) <= close for v in held):
        return None
    if kind == "id" or read < 0.5 * filled:
        return _count(con, raw, layout, total, column, figure, ways, lang) if kind == "id" else None
    # a balance is no amount that a layout reads
    others = [Decimal(str(v)) for v in ((mean,) if kind else (mean, opening, closing)) if v is not None]
    if any(abs(v - figure) <= close for v in others):
        return None
    if kind is None and filled > 1 and Decimal(str(low)) <= figure <= Decimal(str(high)):
        return None  # a column that nobody has described, and a figure like those of its rows: an average, a rate
    if any(abs(v - figure) <= close for v in _once(con, raw, layout, number, ways)):
        return None
    aside, unread = _aside(con, raw, typed, number, ways["lines"]), filled - read
    what = said(lang, f"sum of '{column}', {_where(total, lang)}", f"“{column}”合计（{_where(total, lang)}）")
    return differ(what, figure, held[0], lang, _more(aside, unread, lang))


def _loose(
    con: Connection, raw: Raw, layout: Layout, typed: Sequence[Typed], total: Total, ways: Mapping[str, str], lang: str
) -> str | None:
    """Compare a figure without a column: it is some column's of the layout, and if none fits, the first amount's."""
    numbers = [c for c in layout.used if c in raw.found and _reads(raw.found[c], raw, layout)[1] in KINDS]
    columns = list(dict.fromkeys(raw.found[c] for c in numbers))
    found = [
        _column(con, raw, layout, typed, total, column, cell, ways, lang)
        for column in columns
        for cell in total.loose
        if not _RATE.search(column)
    ]
    (count,) = first(con, f"SELECT count(*) FROM {raw.relation} WHERE {ways['lines']}") or (0,)
    counted = any(_figure(con, cell, None) == count for cell in total.loose)
    if not found or None in found or counted:
        return None
    amounts = [w for c, w in zip(columns, found, strict=False) if _reads(c, raw, layout)[1] == "money"]
    return amounts[0] if amounts and len(total.loose) == 1 else None


def _rows(con: Connection, raw: Raw, layout: Layout, total: Total, ways: Mapping[str, str], lang: str) -> str | None:
    """Compare a stated number of rows, or of orders."""
    figure = Decimal(total.rows[-1])
    return _count(con, raw, layout, total, "", figure, ways, lang)


def _count(
    con: Connection, raw: Raw, layout: Layout, total: Total, column: str, figure: Decimal, ways: Mapping[str, str],
    lang: str,
) -> str | None:  # fmt: skip
    keys = list(dict.fromkeys([*_keys(raw, layout), *([column] if column else [])]))
    counts = [f"count(*) FILTER ({test})" for test in ways.values()]
    counts += [f"count(DISTINCT {quote(k)}) FILTER ({test})" for k in keys for test in ways.values()]
    found = first(con, f"SELECT {', '.join(counts)} FROM {raw.relation}") or ()
    if not found or figure in [Decimal(n) for n in found]:
        return None
    what = said(lang, f"rows, {_where(total, lang)}", f"行数（{_where(total, lang)}）")
    return differ(what, figure, Decimal(found[0]), lang)


def _once(con: Connection, raw: Raw, layout: Layout, number: str, ways: Mapping[str, str]) -> list[Decimal]:
    """Return sums in which an order's amount counts once, although it stands on each of its lines."""
    found = []
    for key in _keys(raw, layout):
        for test in ways.values():
            each = f"SELECT arg_min({number}, source_row) AS v FROM {raw.relation} WHERE {test} GROUP BY {quote(key)}"
            (held,) = first(con, f"SELECT coalesce(sum(v), 0) FROM ({each})") or (0,)
            found.append(Decimal(str(held)))
    return found


def _keys(raw: Raw, layout: Layout) -> list[str]:
    """Return the columns of the file that number its orders."""
    named = [
        c for b in layout.tables for n, r in b.fields.items() if n in ("order_id", *_key_of(b.table)) for c in r.source
    ]
    named += [layout.fill_down.by] if layout.fill_down else []
    return list(dict.fromkeys(raw.found[c] for c in named if c in raw.found))


def _key_of(table: str) -> tuple[str, ...]:
    return tuple(k for k in TABLES[table].key if TABLES[table][k].kind == "id" and k != "merchant")[:1]


def _aside(con: Connection, raw: Raw, typed: Sequence[Typed], number: str, rows: str) -> Decimal:
    """Return how much of a column's sum stands in rows that were set aside."""
    asides = " UNION ".join(f"SELECT source_row FROM ({t.aside})" for t in typed if t.aside)
    if not asides:
        return Decimal(0)
    some = f"SELECT coalesce(sum({number}), 0) FROM {raw.relation} WHERE {rows} AND source_row IN ({asides})"
    (held,) = first(con, some) or (0,)
    return Decimal(str(held))


def _more(aside: Decimal, unread: int, lang: str) -> str:
    """Say how much lies in rows set aside, and how many cells are no numbers."""
    english = [f"{_shown(aside)} of that in rows set aside"] if aside else []
    chinese = [f"其中{_shown(aside)}在已隔离的行中"] if aside else []
    if unread:
        english.append(f"{unread:,} cell{'s' if unread > 1 else ''} cannot be read as a number")
        chinese.append(f"{unread:,}个单元格不是可识别的数字")
    told = said(lang, ", ".join(english), "，".join(chinese))
    return said(lang, f" ({told})", f"（{told}）") if told else ""


def _where(total: Total, lang: str) -> str:
    if total.line:
        return said(lang, f"line {total.line:,}, above the header", f"表头上方第{total.line:,}行")
    return said(lang, f"row {total.row:,}", f"第{total.row:,}行")


def _reads(column: str, raw: Raw, layout: Layout) -> tuple[FieldRule | None, str | None]:
    """Return the field that a column is read for, and its kind; of several the one that adds up."""
    kinds: dict[str, FieldRule] = {}
    for block in layout.tables:
        for name, rule in block.fields.items():
            if any(raw.found.get(c) == column for c in rule.columns) and name in TABLES[block.table].names:
                kinds.setdefault(TABLES[block.table][name].kind if not rule.times else "product", rule)
    for kind in ("money", "int", "id", "instant", "date"):
        if kind in kinds:
            return kinds[kind], kind
    return next(iter(kinds.values()), None), None


def _number(column: str, rule: FieldRule | None) -> str:
    return number_sql(quote(column), rule.decimal if rule else ".", bool(rule and rule.extract))


def _figure(con: Connection, cell: str, rule: FieldRule | None) -> Decimal | None:
    """Return a stated cell as a number, read as the cells of its column are."""
    decimal = rule.decimal if rule else "."
    number = f"coalesce({number_sql('cell', decimal)}, {number_sql('cell', decimal, True)})"
    (value,) = con.execute(f"SELECT {number} FROM (SELECT ? AS cell)", [cell]).fetchone() or (None,)
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _within(cell: str) -> Decimal:
    """Return how far a sum may be from a figure that is rounded as it is shown."""
    digits = re.search(r"[.,](\d{1,6})\D*$", cell)
    shown = len(digits[1]) if digits and "." in cell else 0
    return Decimal("0.5") * Decimal(10) ** -min(shown, 2)


def _shown(number: Decimal) -> str:
    """Return a number without noughts at its end, but with two decimals where it has any."""
    whole, _, rest = f"{number:,f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest:0<2}" if rest else whole
