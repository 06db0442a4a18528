"""One field of a layout becomes one engine expression: typed, or empty where the cell cannot be read.

Every expression is total: a cell that does not fit gives an empty value beside a filled
source, and that pair is what sets a row aside. Money is read as decimal text, never
through a float; a float in a typed file is rounded to the minor unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retailkit.load.bounds import bounds_sql, halfway, typed
from retailkit.load.cells import guide_sql, handle_sql, id_sql, number_sql, owner_sql, phone_sql, secret_sql
from retailkit.load.conditions import where_sql
from retailkit.load.engine import SQL_TYPES, literal, quote
from retailkit.load.layout import GUIDES, OWNERS, Layout
from retailkit.load.phones import without_phones
from retailkit.load.raw import Raw
from retailkit.load.rules import MAJOR, Case, FieldRule
from retailkit.load.times import date_sql, instant_sql, is_written, written_time
from retailkit.schema import Column, Table
from retailkit.schema.figure import MINOR_DIGITS, minor_units

WIDE = "DECIMAL(28, 6)"
"""Room for any amount, and for a product of a price and a quantity."""
EXACT = {"DOUBLE": 2**53, "FLOAT": 2**24}
"""Below these every whole number is a float of its own."""


@dataclass(frozen=True)
class Place:
    """Whose rows a file holds: each merchant's zone and currency, the file's name, the latest plausible time.

    ``stated`` is SQL of the currency that each row names, empty where the export names none.
    """

    zones: Mapping[str, str]
    currencies: Mapping[str, str]
    file: str
    latest: str
    stated: str = ""

    def by_merchant(self, values: Mapping[str, str]) -> str:
        """Return SQL of a merchant's value: one literal where all agree."""
        if len(set(values.values())) == 1:
            return literal(next(iter(values.values())))
        return "CASE merchant " + " ".join(f"WHEN {literal(m)} THEN {literal(v)}" for m, v in values.items()) + " END"


@dataclass(frozen=True)
class Expression:
    """One canonical column as SQL: its value, whether its source was filled, its source columns.

    ``rules`` is what the typed value must satisfy, written on its column, so that no value is computed twice.
    ``before`` is what ``value`` calls by its name (as of `halfway`): what stands twice in a statement is planned twice,
    which cost a tenth of the time that a million rows take.
    """

    name: str
    value: str
    filled: str
    columns: tuple[str, ...]
    kind: str
    rules: str = ""
    before: str = ""


def expression(contract: Table, name: str, rule: FieldRule, raw: Raw, layout: Layout, place: Place) -> Expression:
    """Compile one field of a layout for one file."""
    column = contract[name]
    if rule.value is not None:
        constant = _constant(column, rule)
        if rule.where:
            constant = f"CASE WHEN {where_sql(rule.where, raw)} THEN {constant} END"
        return Expression(name, constant, "false", (), column.kind)
    if rule.number_within:
        keys = ", ".join(_cell(c, raw) for c in rule.number_within)
        number = f"row_number() OVER (PARTITION BY merchant, {keys} ORDER BY source_row, item)"
        return Expression(name, f"CAST({number} AS VARCHAR)", "false", (), column.kind)
    if any(case.value is not None for case in rule.cases):
        told = " ".join(f"WHEN {where_sql(c.where, raw)} THEN {literal(c.value)}" for c in rule.cases)
        rules = bounds_sql(contract, column, rule, place.latest)
        return Expression(name, f"CASE {told} END", "false", rule.columns, column.kind, rules)
    value, filled, before = _value(column, rule, raw, layout, place)
    if rule.where:
        here = where_sql(rule.where, raw)
        value, filled = f"CASE WHEN {here} THEN {value} END", f"(({here}) AND {filled})"
    columns = tuple(c for c in rule.columns if not c.startswith("@"))
    return Expression(
        name, value, filled, columns, column.kind, bounds_sql(contract, column, rule, place.latest), before
    )


def net_amount(made: Sequence[Expression]) -> Expression:
    """Gross less what was refunded, for layouts of orders that name no net column."""
    parts = {e.name: e for e in made if e.name in ("gross_amount", "refund_amount")}
    back = f" - coalesce({typed('refund_amount')}, 0)" if "refund_amount" in parts else ""
    columns = tuple(c for e in parts.values() for c in e.columns)
    value, filled = typed("gross_amount") + back, f"{typed('gross_amount')} IS NOT NULL"
    return Expression("net_amount", value, filled, columns, "money", f"{typed('net_amount')} >= 0")


def _constant(column: Column, rule: FieldRule) -> str:
    return f"CAST({literal(rule.value)} AS {SQL_TYPES[column.kind]})"


def _cell(name: str, raw: Raw) -> str:
    return quote(raw.found[name]) if name in raw.found else "NULL"


def _type(name: str, raw: Raw) -> str:
    return raw.types.get(raw.found.get(name, ""), "VARCHAR")


def _read(name: str, raw: Raw, place: Place) -> tuple[str, str]:
    """Return SQL and engine type of a cell, or of what a layout may name beside the columns."""
    told = {"@row": "CAST(source_row AS VARCHAR)", "@item": "CAST(item AS VARCHAR)", "@merchant": "merchant"}
    told["@file"] = literal(place.file.split(".")[0])
    return (told[name], "VARCHAR") if name in told else (_cell(name, raw), _type(name, raw))


def _source(rule: FieldRule, raw: Raw, place: Place) -> tuple[str, str]:
    """Return SQL and engine type of the text or typed cell that a field reads."""
    if rule.cases:
        ways = [_source(rule.model_copy(update={"source": c.source, "cases": ()}), raw, place) for c in rule.cases]
        told = [(c, _system(c, *way)) for c, way in zip(rule.cases, ways, strict=True)]
        chosen = " ".join(f"WHEN {where_sql(c.where, raw)} THEN {text}" for c, text in told)
        return f"CASE {chosen} END", "VARCHAR"
    if rule.join:
        return f" || {literal(rule.separator)} || ".join(_text(*_read(c, raw, place)) for c in rule.join), "VARCHAR"
    cells = [_read(c, raw, place) for c in rule.source if c in raw.found or c.startswith("@")]
    if not cells:
        return "CAST(NULL AS VARCHAR)", "VARCHAR"
    if len({kind for _, kind in cells}) == 1 and cells[0][1] != "VARCHAR" and not rule.empty and not rule.map:
        return (cells[0][0] if len(cells) == 1 else f"coalesce({', '.join(c for c, _ in cells)})"), cells[0][1]
    texts = [_text(c, k) for c, k in cells]
    if rule.empty:
        words = ", ".join(map(literal, rule.empty))
        texts = [f"CASE WHEN {text} IN ({words}) THEN NULL ELSE {text} END" for text in texts]
    text = texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"
    if rule.pattern:
        text = f"nullif(regexp_extract({text}, {literal(rule.pattern)}, 1), '')"
    return (_mapped(text, rule) if rule.map else text), "VARCHAR"


def _mapped(text: str, rule: FieldRule) -> str:
    """Return SQL of what a layout says for each text; an empty word stands for no value."""
    said = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in rule.map.items()}
    cases = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in said.items())
    rest = literal(rule.other) if rule.other is not None else text
    told = f"CASE {text} {cases} ELSE CASE WHEN {text} IS NOT NULL THEN {rest} END END"
    return f"nullif({told}, '')" if "" in (rule.other, *said.values()) else told


def _system(case: Case, cell: str, kind: str) -> str:
    """Return SQL of a case's text, behind its account system where it names one."""
    return _prefixed(_unrounded(cell, kind), case) if case.prefix else _text(cell, kind)


def _text(cell: str, kind: str) -> str:
    if kind == "VARCHAR":
        return cell
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"{cell} = floor({cell}) AND abs({cell}) < 9007199254740992"
        return f"CASE WHEN {whole} THEN CAST(CAST({cell} AS BIGINT) AS VARCHAR) ELSE CAST({cell} AS VARCHAR) END"
    return f"CAST({cell} AS VARCHAR)"


def _number(cell: str, kind: str, rule: FieldRule) -> str:
    return number_sql(cell, rule.decimal, rule.extract) if kind == "VARCHAR" else cell


def _value(column: Column, rule: FieldRule, raw: Raw, layout: Layout, place: Place) -> tuple[str, str, str]:
    """Return SQL of a column of the contract, of whether the export says anything for it, and of what comes before."""
    if rule.plus or rule.minus or rule.times:
        number, filled = _arithmetic(rule, raw)
        return _numeric(column, rule, halfway(column.name), layout, place), filled, number
    if rule.kind == "handle":
        parts = [_text(_cell(c, raw), _type(c, raw)) for c in rule.join]
        return _prefixed(handle_sql(parts), rule), f"({' OR '.join(f'{part} IS NOT NULL' for part in parts)})", ""
    cell, kind = _source(rule, raw, place)
    text, filled = _text(cell, kind), f"({cell}) IS NOT NULL"
    if rule.agg in ("count", "count_distinct"):
        return cell, filled, ""
    if rule.kind and rule.kind != "staff":
        keyed = phone_sql(text) if rule.kind == "phone" else secret_sql(text)
        return _prefixed(keyed, rule), f"({filled} AND NOT contains({text}, '*'))", ""
    if column.kind in ("instant", "date"):
        when, before = _when(column, rule, cell, kind, raw, layout, place)
        return when, filled, before
    if column.kind == "id":
        cells = [_read(c, raw, place) for c in rule.join] or [(cell, kind)]
        name = f" || {literal(rule.separator)} || ".join(_unrounded(*part) for part in cells)
        if column.name in GUIDES:
            return _prefixed(guide_sql(halfway(column.name), rule.kind == "staff"), rule), filled, name
        if column.name in OWNERS:
            return _prefixed(owner_sql(halfway(column.name), _by_name(rule)), rule), filled, name
        return _prefixed(name, rule), filled, ""
    if column.kind == "text":
        if column.name in OWNERS:
            return _prefixed(owner_sql(halfway(column.name), _by_name(rule)), rule), filled, text
        return _prefixed(without_phones(text), rule), filled, ""
    if column.kind == "bool":
        yes, no = "('true', '1', 'yes', 'y', 't', '是')", "('false', '0', 'no', 'n', 'f', '否')"
        return f"CASE WHEN lower({text}) IN {yes} THEN true WHEN lower({text}) IN {no} THEN false END", filled, ""
    if rule.unit == "percent" and kind == "VARCHAR":
        cell = f"rtrim({cell}, '%％ ')"
    return _numeric(column, rule, halfway(column.name), layout, place), filled, _number(cell, kind, rule)


def _by_name(rule: FieldRule) -> bool:
    """Whether an owner's column shows people by name: the layout says so, or the column's own heading."""
    return rule.kind == "staff" or any(re.search(r"(?i)name$|姓名$", c) for c in rule.columns)


def _prefixed(text: str, rule: FieldRule | Case) -> str:
    return f"{literal(rule.prefix + ':')} || {text}" if rule.prefix else text


def _when(
    column: Column, rule: FieldRule, cell: str, kind: str, raw: Raw, layout: Layout, place: Place
) -> tuple[str, str]:
    """Return SQL of an instant, or of a day in the merchant's zone, and of the time that a text tells before."""
    stated, mine = rule.zone or layout.zone, place.by_merchant(place.zones)
    zone = literal(stated) if stated else mine
    samples = [text for c in rule.source for text in raw.samples.get(raw.found.get(c, ""), ())]
    before = written_time(rule, cell, samples) if is_written(rule, kind) else ""
    if column.kind == "instant":
        return instant_sql(rule, cell, kind, zone, halfway(column.name)), before
    return date_sql(rule, cell, kind, zone, mine, halfway(column.name)), before


def _arithmetic(rule: FieldRule, raw: Raw) -> tuple[str, str]:
    cells = {c: _cell(c, raw) for c in rule.columns}
    for c in cells if rule.empty else ():
        words = ", ".join(map(literal, rule.empty))
        cells[c] = f"CASE WHEN CAST({cells[c]} AS VARCHAR) NOT IN ({words}) THEN {cells[c]} END"
    parts = {c: (cell, _number(cell, _type(c, raw), rule)) for c, cell in cells.items()}
    filled = [f"{cell} IS NOT NULL" for cell, _ in parts.values()]
    text = any(_type(c, raw) == "VARCHAR" for c in rule.columns)
    if rule.times:
        first, *others = (f"({parts[c][1]})" for c in rule.times)
        # two of the engine's usual decimals make one no wider, to which 5,000.00 x 2 in fen is an error
        product = " * ".join([f"CAST({first} AS {WIDE})" if text else first, *others])
        return f"TRY(CAST({product} AS {WIDE}))" if text else product, f"({' AND '.join(filled)})"
    known = {c: f"CASE WHEN {cell} IS NULL THEN 0 ELSE {number} END" for c, (cell, number) in parts.items()}
    total = " + ".join(known[c] for c in rule.plus) or "0"
    total += "".join(f" - ({known[c]})" for c in rule.minus)
    some = f"({' OR '.join(filled)})"
    return f"CASE WHEN {some} THEN {total} END", some


def _numeric(column: Column, rule: FieldRule, number: str, layout: Layout, place: Place) -> str:
    sign = "-" if rule.negate else ""
    if column.kind == "float":
        return f"{sign}TRY_CAST({number} AS DOUBLE)" + (" / 100" if rule.unit == "percent" else "")
    if column.kind == "money" and rule.unit in MAJOR:
        times = "" if MAJOR[rule.unit] == 1 else f"{MAJOR[rule.unit]} * "
        return f"{sign}TRY(CAST(round(({number}) * {times}{_minor_units(layout, place)}) AS BIGINT))"
    # a fraction of a minor unit, or of a count, means that the unit is another one
    return f"{sign}CASE WHEN ({number}) = round({number}) THEN TRY_CAST(round({number}) AS BIGINT) END"


def _minor_units(layout: Layout, place: Place) -> str:
    """Return SQL of how many minor units make one of the row's currency."""
    units = {m: str(minor_units(layout.currency or c)) for m, c in place.currencies.items()}
    usual = f"CAST({place.by_merchant(units)} AS INTEGER)"
    if not place.stated:
        return usual
    cases = " ".join(f"WHEN {literal(code)} THEN {10**digits}" for code, digits in MINOR_DIGITS.items())
    return f"CASE upper({place.stated}) {cases} ELSE CASE WHEN {place.stated} IS NULL THEN {usual} ELSE 100 END END"


def row_currency(rule: FieldRule | None, raw: Raw) -> str:
    """Return SQL of the currency that each row states, by the layout's rule for it (None: it states none)."""
    if rule and rule.value is not None and not rule.where:
        return literal(str(rule.value))
    cells = [f"CAST({_cell(c, raw)} AS VARCHAR)" for c in rule.source if c in raw.found] if rule else []
    text = f"coalesce({', '.join(cells)})" if cells else ""
    return f"({_mapped(text, rule)})" if rule and rule.map and cells else text


def _unrounded(cell: str, kind: str) -> str:
    """Return SQL of a cell as an id's text; empty if it is a float that other ids may have been rounded to."""
    if kind == "VARCHAR":
        return id_sql(cell)
    if kind in EXACT:
        return f"CASE WHEN {cell} = floor({cell}) AND abs({cell}) < {EXACT[kind]} THEN {_text(cell, kind)} END"
    return _text(cell, kind)
