"""A first layout for a file that none fits: the columns are guessed by name and by what stands in them.

A draft is for a person to correct: every guess says why, and what cannot be told stands as
``?``, which the loader refuses. Yuan or fen is never guessed: without decimals it stays open.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from retailkit.load.chinese import in_chinese
from retailkit.load.draft_rows import clock, names_orders, states_total
from retailkit.load.engine import connect_raw
from retailkit.load.files import probe
from retailkit.load.glance import Seen, plain
from retailkit.load.header import DELIMITERS, LOOK, holds_values, is_row
from retailkit.load.layout import Layout
from retailkit.load.read import read_raw
from retailkit.load.recognise import header_names

WORDS = {
    "order_id": "订单号 订单编号 主订单 order_id order_no order_number order_name 交易订单号 交易单号 流水号 单号 invoice "
    "trans receipt basket 订单 编号 reference order number",
    "paid_at": "付款时间 支付时间 付款日期 paid payment_date payment_time 成交时间 交易时间 交易日期 order_date "
    "transaction_date 下单时间 创建时间 时间 日期 date time",
    "gross_amount": "实付 实收 支付金额 total_paid total 订单金额 交易金额 金额 amount revenue sales value sum price",
    "refund_amount": "退款金额 退款 refund",
    "account": "会员号 会员 member customer_id customer 客户 买家 buyer user 用户 email 手机 phone",
    "sold_by": "销售导购 导购 guide salesperson employee 店员",
    "shop_id": "门店 店铺 store shop branch location",
    "channel": "渠道 channel 来源 source",
    "status": "状态 status",
}
"""Words in a header that suggest a column of orders, the surest first (a blank in a header is ``_`` here)."""
PRIVATE = (
    "姓名", "昵称", "户名", "电话", "手机", "地址", "收货人", "备注", "附言", "身份证", "卡号", "账号", "帐号",
    "phone", "mobile", "email", "address", "note", "billing_name", "shipping_name", "customer_name", "full_name",
    "first_name", "last_name", "recipient", "card_number",
)  # fmt: skip
NAMES = ("姓名", "昵称", "nick", "_name", "地址", "address")
"""Words of columns that name a person: never an account."""
HANDLES = ("email", "e_mail", "会员名", "帐号", "账号", "login")
"""Words of columns that hold a person's own handle: an account by its keyed hash."""
ROWS = 1000


def draft_layout(path: str | Path, lang: str = "en") -> str:
    """Return a first TOML page for a file that no layout fits: its columns listed, guesses marked.

    Its remarks are in English, or in Chinese (``zh``).

    Raises
    ------
    LoadError
        If the file itself is damaged or unreadable.
    """
    found = probe(path)
    names = list(header_names(found))
    shape: dict[str, Any] = {}
    if nameless := found.kind == "csv" and (holds_values(names) or _goes_on_below(path, names)):
        names = [f"column_{i}" for i in range(1, len(names) + 1)]
        shape = {"header": False, "columns": tuple(names), "delimiter": _delimiter(found.head)}
    names = [n for n in names if n[0] != "@"]
    frame = _look(path, found.kind, names, **shape)
    inside = _wrapping(frame, names) if found.kind == "json" else None
    if inside:
        names = [n.removeprefix(inside + ".") for n in names if n.startswith(inside + ".")]
        frame = _look(path, found.kind, names, records=inside)
    seen = [Seen(n, tuple(c for c in frame[n].dropna() if c), len(frame)) for n in names]
    guess = {column: name for column in WORDS if (name := _guess(column, seen))}
    checks: list[str] = []
    if "order_id" in guess and not names_orders(frame, guess["order_id"], guess.get("paid_at")):
        checks.append(f"'{guess.pop('order_id')}' repeats at different times: it is no order number")
    lines = _fields(guess, {s.name: s for s in seen}, frame, checks)
    private = [n for n in names if any(word in plain(n) for word in PRIVATE)]
    page = [
        f"title = {_text(Path(path).name.split('.')[0])}",
        'status = "own"',
        f'format = "{ {"json": "jsonl"}.get(found.kind, found.kind) }"',
        *([f"records = {_text(inside)}"] if inside else []),
        *(["header = false", f"delimiter = {_text(_delimiter(found.head))}"] if nameless else []),
        *([f"columns = [{', '.join(map(_text, names))}]   # no header line: name them"] if nameless else []),
        *([f"sensitive = [{', '.join(map(_text, private))}]   # never shown in errors"] if private else []),
        *_stated(found.head),
        "",
        "# columns of the file:",
        *(f"#   {name}" for name in names),
        "",
        "# check, then load:",
        *(f"# {number}. {check}" for number, check in enumerate(checks, 1)),
        "",
        *lines,
    ]
    return "\n".join(_remarked(line, lang) for line in page) + "\n"


def _remarked(line: str, lang: str) -> str:
    """Return a line of the draft with its remark in the language; a column's name stays as it is."""
    code, mark, remark = line.partition("# ")
    number, dot, check = remark.partition(". ")
    if lang != "zh" or not mark or remark.startswith(" "):
        return line
    return code + mark + (number + dot + in_chinese(check) if number.isdigit() else in_chinese(remark))


def _goes_on_below(path: str | Path, names: Sequence[str]) -> bool:
    """Tell whether the line taken for the header is the first of the rows."""
    named = [n for n in names if n[0] != "@"]
    return is_row(named, _look(path, "csv", named).head(LOOK).fillna("").to_numpy().tolist())


def _wrapping(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return the array that an answer wraps its records in: nearly all columns lie within it."""
    for name in names:
        below = sum(n.startswith(name + ".") for n in names)
        cells = tuple(c for c in frame[name].dropna() if c)
        if below >= len(names) - 4 and below and Seen(name, cells, len(frame)).lists:
            return name
    return None


def _delimiter(head: str) -> str:
    """Return the delimiter that stands most often in the first lines of a file."""
    return max(DELIMITERS, key="".join(head.splitlines(keepends=True)[:30]).count)


def _look(path: str | Path, kind: str, names: Sequence[str], **shape: Any) -> pd.DataFrame:
    """Return the first rows of every column as text, as the loader would read them."""
    block = {"table": "targets", "fields": {n: {"value": v} for n, v in (("starts_on", "2000-01-01"),
             ("ends_on", "2000-01-01"), ("target", 1))}}  # fmt: skip
    kinds = {"json": ("jsonl", "json")}.get(kind, (kind,))
    layout = Layout.model_validate(
        {
            "name": "draft",
            "title": "draft",
            "format": kinds,
            "signature": tuple(names),
            "tables": (block,),
            **shape,
        }
    )
    con = connect_raw(threads=1)
    with tempfile.TemporaryDirectory() as scratch:
        raw = read_raw(con, probe(path), layout, Path(scratch))
        frame = con.execute(f"SELECT * FROM {raw.relation} ORDER BY source_row LIMIT {ROWS}").df()
    return pd.DataFrame({name: frame[raw.found[name]].astype("string").astype(object) for name in names})


def _guess(column: str, seen: Sequence[Seen]) -> str | None:
    """Return the file's column that a canonical column is most likely made of."""
    fits = {
        "order_id": lambda s: len(s.cells) >= 0.9 * s.rows and s.names_things,
        "account": lambda s: s.names_things and not any(word in plain(s.name) for word in NAMES),
        "paid_at": lambda s: s.times is not None or s.epoch is not None,
        "gross_amount": lambda s: s.numbers,
        "refund_amount": lambda s: s.numbers,
    }.get(column, lambda s: bool(s.cells) and s.times is None and not s.lists)
    able = [s for s in seen if fits(s)]
    if column == "order_id":
        # an order number that names one row each is surer than one that repeats
        able = sorted(able, key=lambda s: s.repeats)
    if column == "paid_at":
        # a column that says one day for every row is the export's, not the order's
        able = [s for s in able if len(set(s.cells)) > 1] or able
    for word in WORDS[column].split():
        for s in able:
            if word in plain(s.name):
                return s.name
    return able[0].name if column == "paid_at" and able else None


def _fields(guess: dict[str, str], seen: dict[str, Seen], rows: pd.DataFrame, checks: list[str]) -> list[str]:
    """Return the lines of the tables, and gather what a person must check."""
    number, amount = guess.get("order_id"), guess.get("gross_amount")
    group = number is not None and seen[number].repeats
    back = seen[amount].below_nought if amount else ()
    lines = ["[[tables]]", 'table = "orders"   # or another canonical table: data/README.md']
    lines += ["group = true"] if group else []
    kept = [_sign(seen[amount])[0]] if amount and back else []
    if number and (waiting := _unpaid(seen[number], seen.get(guess.get("paid_at", "")), rows, checks)):
        kept.append(f"{{ column = {_text(waiting)}, filled = true }}")
    lines += [f"where = [{', '.join(kept)}]"] if kept else []
    lines.append("[tables.fields]")
    for column in ("order_id", "account", "paid_at", "channel", "sold_by", "shop_id", "status"):
        if column in guess or column in ("order_id", "paid_at"):
            lines.append(_field(column, guess.get(column), seen, checks, group))
    total = group and amount is not None and not back and states_total(rows, number or "", amount)
    agg = "first" if total else "sum" if group else ""
    if group:
        several = f"{amount!r} stands again on each of them and is read once" if total else "their amounts are added up"
        checks.append(f"'{number}' repeats: rows of one number become one order, {several}")
    lines.append(_money("gross_amount", amount, seen, checks, agg))
    if "refund_amount" in guess:
        lines.append(_money("refund_amount", guess["refund_amount"], seen, checks, agg))
    return lines + (_refunds(guess, seen, checks, group) if back else [])


def _unpaid(number: Seen, time: Seen | None, rows: pd.DataFrame, checks: list[str]) -> str | None:
    """Return the column of the payment's time if some orders, each with its number, have none: nobody paid them."""
    if time is None or number.name == time.name:
        return None
    waiting = int((rows[time.name].isna() & rows[number.name].notna()).sum())
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
        _field("order_id", guess.get("order_id"), seen, [], False).replace("order_id", "refund_id", 1),
        *([f"order_id = {{ from = {_text(guess['order_id'])} }}"] if group else []),
        _field("paid_at", guess.get("paid_at"), seen, [], group).replace("paid_at", "refunded_at", 1),
        money.replace("gross_amount", "refund_amount", 1).replace(" }", ", negate = true }", 1),
    ]


def _sign(amount: Seen) -> tuple[str, str]:
    """Return the conditions of a row with what was paid, and of one with what was paid back."""
    if all(c.startswith("-") for c in amount.below_nought):
        paid, back = 'not_starts = "-"', 'starts = "-"'
    else:
        paid, back = "matches = '^[^-(（]*$'", "matches = '[-(（]'"
    return f"{{ column = {_text(amount.name)}, {paid} }}", f"{{ column = {_text(amount.name)}, {back} }}"


def _field(column: str, name: str | None, seen: dict[str, Seen], checks: list[str], group: bool) -> str:
    """Return the line of one field that is no amount."""
    if name is None:
        if column == "order_id":
            checks.append("no column is an order number: every row counts as an order, named by file and row")
            return 'order_id = { join = ["@file", "@row"] }'
        checks.append(f"no column looks like {column}: replace the '?'")
        return f'{column} = {{ from = "?" }}'
    parts = [f"from = {_text(name)}"]
    if column == "account":
        phones = [bool(re.fullmatch(r"1[3-9][\d*]{9}", c)) for c in seen[name].cells]
        handle = 'kind = "secret", prefix = "handle"' if any(w in plain(name) for w in HANDLES) else 'prefix = "shop"'
        parts.append('kind = "phone", prefix = "phone"' if phones and all(phones) else handle)
        checks.append(f"'{name}' identifies the customer: a name is no account (a phone or e-mail needs its 'kind')")
    if column == "paid_at":
        formats = seen[name].times or ()
        if hours := clock(tuple(seen.values()), seen[name]):
            parts = [f'join = [{_text(name)}, {_text(hours)}], separator = " "']
            formats = tuple(f"{f} %H:%M:%S" for f in formats)
        parts += [f"time = {_text(seen[name].epoch or '')}"] if seen[name].times is None else []
        parts += [f"formats = [{', '.join(map(_text, formats[:1]))}]"] if formats else []
        parts += ['agg = "min"'] if group else []
        both = {f[:2] for f in formats} >= {"%d", "%m"}
        checks.append(
            f"'{name}' is the time of payment, e.g. {seen[name].cells[0]}" + (": day or month first?" if both else "")
        )
    if column == "sold_by":
        parts.append('kind = "staff"')
        checks.append(f"'{name}' is the guide: an id with a digit in it stays, a name is kept as a keyed hash")
    if column == "order_id":
        checks.append(f"'{name}' is the order's own number")
    return f"{column} = {{ {', '.join(parts)} }}"


def _money(column: str, name: str | None, seen: dict[str, Seen], checks: list[str], agg: str) -> str:
    """Return the line of one amount: its unit is said only where the cells show it."""
    if name is None:
        checks.append(f"no column looks like {column}: replace both '?'")
        return f'{column} = {{ from = "?", unit = "?" }}'
    cells = seen[name].cells
    comma = [c for c in cells if re.search(r"\d,\d{1,2}\D*$", c)]
    decimals = bool(comma) or any(re.search(r"\.\d", c) for c in cells)
    parts = [f"from = {_text(name)}", f'unit = "{"major" if decimals else "?"}"']
    parts += ['decimal = ","'] if comma and not any(re.search(r"\.\d{1,2}\D*$", c) for c in cells) else []
    parts += [f'agg = "{agg}"'] if agg else []
    unit = (
        "decimals show major units"
        if decimals
        else "yuan ('major') or fen ('minor')? Nothing shows it: replace the '?'"
    )
    checks.append(
        f"'{name}' is what the customer paid, e.g. {cells[0]}; {unit}" if column[0] == "g" else f"'{name}': {unit}"
    )
    return f"{column} = {{ {', '.join(parts)} }}"


def _stated(head: str) -> list[str]:
    """Return a check of the number of records that a file states about itself."""
    if not re.search(r"共\s*\d[\d,]*\s*笔", "\n".join(head.split("\n")[:40])):
        return []
    return [
        "",
        "[[control]]   # the file says how many records it should hold",
        "pattern = '共\\s*(\\d[\\d,]*)\\s*笔'",
        'check = "rows"',
    ]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
