"""The tables of a draft: one line for each field that a column was guessed for, and what a person must check."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from retailkit.load.cells import TIME_FORMATS
from retailkit.load.draft_columns import CURRENCIES, Seen, fits_format, plain
from retailkit.load.draft_kind import counts_orders, daily_totals
from retailkit.load.draft_money import money_field, toml_text
from retailkit.load.draft_rows import clock, differs, states_total
from retailkit.load.draft_status import Statuses

HANDLES = ("email", "e_mail", "会员名", "帐号", "账号", "login")
"""Words of columns that hold a person's own handle: an account by its keyed hash."""


def drafted_fields(
    guess: dict[str, str], seen: dict[str, Seen], rows: pd.DataFrame, checks: list[str], statuses: Statuses
) -> list[str]:
    """Return the lines of the tables, and gather what a person must check."""
    number, amount = guess.get("order_id"), guess.get("gross_amount")
    if "paid_at" in guess and amount and not number and (orders := counts_orders(tuple(seen.values()))):
        return _days(guess["paid_at"], orders, amount, seen, checks)
    group = number is not None and seen[number].repeats
    back = seen[amount].below_nought if amount else ()
    lines = ["[[tables]]", 'table = "orders"   # or another canonical table: data/README.md']
    lines += ["group = true"] if group else []
    kept = [_sign(seen[amount])[0]] if amount and back else []
    if number and (waiting := _unpaid(seen[number], seen.get(guess.get("paid_at", "")), rows, checks)):
        nothing = [f"none_of = [{', '.join(map(toml_text, n))}]"] if (n := seen[waiting].nothing) else []
        kept.append(f"{{ {', '.join((f'column = {toml_text(waiting)}', 'filled = true', *nothing))} }}")
    lines += [f"where = [{', '.join(kept)}]"] if kept else []
    lines.append("[tables.fields]")
    for column in ("order_id", "account", "paid_at", "channel", "sold_by", "shop_id", "status", "currency"):
        if column in guess or column in ("order_id", "paid_at"):
            lines.append(field_line(column, guess.get(column), seen, checks, group))
    total = group and amount is not None and not back and states_total(rows, number or "", amount)
    agg = "last" if total else "sum" if group else ""  # an order may come again in a later state
    if group:
        several = f"{amount!r} stands again on each of them and is read once" if total else "their amounts are added up"
        checks.append(f"'{number}' repeats: rows of one number become one order, {several}")
    told = [c for c in (guess.get("refund_amount"), *statuses.back) if c]
    if total and (newer := [c for c in told if differs(rows, number or "", c)]):
        checks.append(
            f"'{newer[0]}' differs among the rows of one order: the last one counts; what each row has of its own belongs "
            "in refunds"
        )
    lines.append(_money("gross_amount", amount, seen, checks, agg))
    lines += _given_back(guess, seen, checks, agg, {} if back else statuses.back)
    for column, words in statuses.unpaid.items():
        checks.append(f"rows whose '{column}' is {', '.join(words)} are left out as not paid")
    for column, words in {**statuses.unknown, **(statuses.back if back else {})}.items():
        checks.append(
            f"rows whose '{column}' is {', '.join(words)} count as sales in full: leave them out ([[skip]]) or say what "
            "went back (refund_amount) if they are none"
        )
    return lines + (_refunds(guess, seen, checks, group) if back else [])


def _days(day: str, orders: str, amount: str, seen: dict[str, Seen], checks: list[str]) -> list[str]:
    """Return the lines of a file whose rows are totals of days."""
    repeats = seen[day].repeats
    checks.append(f"'{orders}' counts orders: a row is no order but the total of a day")
    if repeats:
        checks.append(f"'{day}' repeats: rows of one day are added up; leave out those that are parts of others")
    line = field_line("paid_at", day, seen, [], False).replace("paid_at", "day", 1)
    return daily_totals(
        "own", line, orders, _money("gross_amount", amount, seen, checks, "sum" if repeats else ""), repeats
    )


def _given_back(
    guess: dict[str, str], seen: dict[str, Seen], checks: list[str], agg: str, back: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the line of what went back: what a column says, else the whole amount where a status says so."""
    refund, amount = guess.get("refund_amount"), guess.get("gross_amount")
    plain_line = [_money("refund_amount", refund, seen, checks, agg)] if refund else []
    if refund and (negative := seen[refund].below_nought) and len(negative) == _filled_amounts(seen[refund]):
        checks.append(f"'{refund}' is below nought throughout: it is read with the other sign")
        plain_line = [plain_line[0].removesuffix(" }") + ", negate = true }"]
    if not back or amount is None:
        return plain_line
    money = (plain_line or [_money("gross_amount", amount, seen, [], agg)])[0].partition("{ ")[2].removesuffix(" }")
    rest = money.removeprefix(f"from = {toml_text(refund or amount)}, ")
    told = seen[refund].cells if refund else ()  # nought, where all went back, is a column that nobody filled
    if noughts := ", ".join(toml_text(c) for c in dict.fromkeys(told) if re.fullmatch(r"[¥￥$]?0([.,]0+)?元?", c)):
        rest = (
            rest.replace("empty = [", f"empty = [{noughts}, ")
            if "empty = [" in rest
            else f"{rest}, empty = [{noughts}]"
        )
    columns = f"[{toml_text(refund)}, {toml_text(amount)}]" if refund else toml_text(amount)
    cases = [
        f"    {{ from = {columns}, where = [{{ column = {toml_text(c)}, one_of = [{', '.join(map(toml_text, words))}] }}] }},"
        for c, words in back.items()
    ]
    checks += [
        f"where '{c}' is {', '.join(words)} the whole of '{amount}' went back"
        + (
            f", unless '{refund}' says less and more than nought"
            if refund
            else "; if such a row is the refund of another one, it belongs in refunds"
        )
        for c, words in back.items()
    ]
    last = [f"    {{ from = {toml_text(refund)} }},"] if refund else []
    return [f"refund_amount = {{ {rest}, cases = [", *cases, *last, "] }"]


def _filled_amounts(column: Seen) -> int:
    """Count the cells of a column that hold an amount other than nought."""
    return sum(bool(re.search(r"[1-9]", c)) for c in column.filled)


def unpaid_lines(statuses: Statuses) -> list[str]:
    """Return lines of a layout that leave out what nobody paid."""
    return [
        line
        for column, words in statuses.unpaid.items()
        for line in (
            "",
            "[[skip]]",
            f"where = [{{ column = {toml_text(column)}, one_of = [{', '.join(map(toml_text, words))}] }}]",
            'reason = "not paid"',
        )
    ]


def _unpaid(number: Seen, time: Seen | None, rows: pd.DataFrame, checks: list[str]) -> str | None:
    """Return the column of the payment's time if some orders, each with its number, have none: nobody paid them."""
    if time is None or number.name == time.name:
        return None
    told = rows[time.name].where(~rows[time.name].isin(time.nothing))
    paid = told.groupby(rows[number.name]).transform("count") > 0  # an order may say it on its first row only
    waiting = int((~paid & rows[number.name].notna()).sum())
    if not waiting or rows[number.name].isna().any():
        return None
    checks.append(f"'{time.name}' is empty on {waiting:,} of {len(rows):,} rows: they are left out as not paid")
    return time.name


def _refunds(guess: dict[str, str], seen: dict[str, Seen], checks: list[str], group: bool) -> list[str]:
    """Return the table of the rows whose amount is negative."""
    name = guess["gross_amount"]
    less = (
        "which the order of that number is less by" if group else "which name no order: net sales are not less by them"
    )
    odd = next((c for c in seen[name].below_nought if not c.startswith("-")), "")
    written = f" ('{odd}' is one)" if odd else ""
    checks.append(f"negative '{name}'{written} are read as refunds, {less}; drop the second table if they are none")
    money = _money("gross_amount", name, seen, [], "sum" if group else "")
    return [
        "",
        "[[tables]]",
        'table = "refunds"',
        *(["group = true"] if group else []),
        f"where = [{_sign(seen[name])[1]}]",
        "[tables.fields]",
        field_line("order_id", guess.get("order_id"), seen, [], False).replace("order_id", "refund_id", 1),
        *([f"order_id = {{ from = {toml_text(guess['order_id'])} }}"] if group else []),
        field_line("paid_at", guess.get("paid_at"), seen, [], group).replace("paid_at", "refunded_at", 1),
        *([field_line("currency", guess["currency"], seen, [], group)] if "currency" in guess else []),
        money.replace("gross_amount", "refund_amount", 1).replace(" }", ", negate = true }", 1),
    ]


def _sign(amount: Seen) -> tuple[str, str]:
    """Return the conditions of a row with what was paid, and of one with what was paid back."""
    if all(c.startswith("-") for c in amount.below_nought):
        paid, back = 'not_starts = "-"', 'starts = "-"'
    else:
        paid, back = "matches = '^[^-(（]*$'", "matches = '[-(（]'"
    return f"{{ column = {toml_text(amount.name)}, {paid} }}", f"{{ column = {toml_text(amount.name)}, {back} }}"


def field_line(column: str, name: str | None, seen: dict[str, Seen], checks: list[str], group: bool) -> str:
    """Return the line of one field that is no amount."""
    if name is None:
        if column == "order_id":
            checks += _cut_short(seen)
            checks.append("no column is an order number: every row counts as an order, named by file and row")
            return 'order_id = { join = ["@file", "@row"] }'
        checks.append(f"no column looks like {column}: replace the '?'")
        checks += _named(column, seen)
        return f'{column} = {{ from = "?" }}'
    parts = [f"from = {toml_text(name)}"]
    if column == "account":
        phones = [bool(re.fullmatch(r"1[3-9][\d*]{9}", c)) for c in seen[name].cells]
        handle = 'kind = "secret", prefix = "handle"' if any(w in plain(name) for w in HANDLES) else 'prefix = "shop"'
        parts.append('kind = "phone", prefix = "phone"' if phones and all(phones) else handle)
        checks.append(f"'{name}' identifies the customer: a name is no account (a phone or e-mail needs its 'kind')")
    if column == "paid_at":
        formats = seen[name].times or ()
        if hours := clock(tuple(seen.values()), seen[name]):
            parts = [f'join = [{toml_text(name)}, {toml_text(hours[0])}], separator = " "']
            days = formats or [
                f for f in TIME_FORMATS if "%H" not in f and all(fits_format(c, (f,)) for c in seen[name].filled)
            ]
            written = tuple(f"{day} {hours[1]}" for day in days)
            formats = () if {*written} & {*TIME_FORMATS} else written
        parts += [f"time = {toml_text(seen[name].epoch or '')}"] if seen[name].times is None else []
        parts += [f"formats = [{', '.join(map(toml_text, formats[:1]))}]"] if formats else []
        parts += ['agg = "min"'] if group else []
        both = {f[:2] for f in formats} >= {"%d", "%m"}
        checks.append(
            f"'{name}' is the time of payment, e.g. {seen[name].filled[0]}" + (": day or month first?" if both else "")
        )
        if seen[name].epoch == "excel":
            checks.append(f"'{name}' counts days as spreadsheets do (1900 dates)")
    if column == "sold_by":
        parts.append('kind = "staff"')
        checks.append(f"'{name}' is the guide: an id with a digit in it stays, a name is kept as a keyed hash")
    parts += ['agg = "last"'] if column == "status" and group else []
    if column == "currency" and (words := [c for c in dict.fromkeys(seen[name].cells) if c in CURRENCIES]):
        parts.append(f"map = {{ {', '.join(f'{toml_text(w)} = {toml_text(CURRENCIES[w])}' for w in words)} }}")
    if column == "order_id":
        checks.append(f"'{name}' is the order's own number")
    return f"{column} = {{ {', '.join(parts)} }}"


def _cut_short(seen: Mapping[str, Seen]) -> list[str]:
    """Say which column would number the orders if a spreadsheet had not rounded it."""
    for s in seen.values():
        rounded = [c for c in s.cells if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d\d", c)]
        if rounded and re.search(r"订单|单号|编号|流水|(^|_)(id|no)$|order|number", plain(s.name)):
            return [
                f"'{s.name}' has its name, but its digits are lost to a spreadsheet (e.g. {rounded[0]}): export it again as text"
            ]
    return []


def _named(column: str, seen: dict[str, Seen]) -> list[str]:
    """Say which column has the name of what is looked for, and what stands in it that cannot be read as such."""
    words = {
        "paid_at": ("时间", "日期", "交易日", "记账日", "date", "time", "paid"),
        "gross_amount": ("金额", "实付", "实收", "amount", "total", "paid"),
    }
    kind = "time" if column == "paid_at" else "number"
    named = [s for s in seen.values() if any(w in plain(s.name) for w in words.get(column, ()))]
    found = []
    for s in named[:1]:
        read = [_read(c, kind) for c in s.filled]
        # a cell with a figure names nobody, unless the figure is a phone
        shown = [
            c
            for c, well in zip(s.filled, read, strict=True)
            if not well and re.search(r"\d", c) and not re.search(r"\d{7}", c)
        ]
        example = f", e.g. {shown[0]}" if shown else ""
        found.append(
            f"'{s.name}' has its name, but {read.count(False):,} of its {len(read):,} cells are no {kind}{example}"
        )
    return found


def _read(cell: str, kind: str) -> bool:
    """Tell whether a cell alone is a time, or a number."""
    one = Seen("", (cell,), 1)
    return one.times is not None if kind == "time" else one.numbers


def _money(column: str, name: str | None, seen: dict[str, Seen], checks: list[str], agg: str) -> str:
    """Return the line of one amount, or of a column that is looked for."""
    if name is not None:
        return money_field(column, seen[name], checks, agg)
    checks.append(f"no column looks like {column}: replace both '?'")
    checks += _named(column, seen)
    return f'{column} = {{ from = "?", unit = "?" }}'
