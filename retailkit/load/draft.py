"""A first layout for a file that none fits: the columns are guessed by name and by what stands in them.

A draft is for a person to correct: every guess says why, and what cannot be told stands as
``?``, which the loader refuses. Yuan or fen is never guessed: without decimals it stays open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from retailkit.load.chinese import in_chinese
from retailkit.load.draft_columns import CURRENCIES, Seen, plain
from retailkit.load.draft_fields import drafted_fields, unpaid_lines
from retailkit.load.draft_file import opened
from retailkit.load.draft_kind import COUNTS, left_out
from retailkit.load.draft_members import member_tables
from retailkit.load.draft_money import drafted_currency, toml_text
from retailkit.load.draft_rows import first_row_tells, names_orders
from retailkit.load.draft_status import read_statuses
from retailkit.load.sheets import ALL

WORDS = {
    "order_id": "订单号 订单编号 主订单 order_id order_no order_number order_name 交易订单号 交易单号 流水号 单号 单据 小票 "
    "invoice trans receipt basket 订单 编号 reference order number",
    "paid_at": "付款时间 支付时间 付款日期 付款 支付 paid payment_date payment_time pay_time pay_date 成交时间 交易时间 交易日期 "
    "order_date transaction_date 下单时间 创建时间 时间 日期 date time",
    "gross_amount": "实付 实收 支付金额 total_paid pay_amount total 订单金额 交易金额 金额 销售额 成交额 营业额 amount revenue sales "
    "value payment sum price",
    "refund_amount": "退款金额 退款 退货额 退货金额 refund",
    "account": "会员号 会员 member customer_id customer 客户 顾客 买家 buyer user 用户 openid open_id unionid email 手机 电话 "
    "phone",
    "sold_by": "销售导购 导购 guide salesperson sales_rep employee 店员 营业员 业务员",
    "shop_id": "门店 店铺 store shop branch location",
    "channel": "渠道 channel 来源 source",
    "status": "状态 status",
    "currency": "currency 币种 币别 货币",
}
"""Words in a header that suggest a column of orders, the surest first (a blank in a header is ``_`` here)."""
PRIVATE = (
    "姓名", "昵称", "户名", "电话", "手机", "地址", "收货人", "收件人", "联系人", "联系方式", "备注", "留言",
    "附言", "身份证", "卡号", "账号", "帐号",
    "phone", "mobile", "email", "address", "note", "remark", "comment", "billing_name", "shipping_name", "customer_name", "full_name",
    "first_name", "last_name", "recipient", "card_number",
)  # fmt: skip
NAMES = ("姓名", "昵称", "nick", "_name", "地址", "address")
"""Words of columns that name a person: never an account."""
_MONEY = re.compile(r"金额|价|优惠|折扣|费|[(（]元[)）]|amount|price|discount|fee(?!d)")
"""Names of money: no id, whatever stands before."""
_BIRTH = re.compile(r"生日|出生|birth")
"""Days on which nothing is paid."""
_OF_A_LINE = re.compile(r"子订单|子单|明细|sub_?order|child_?order|line")
"""What the number of an order's line is called, though it may stand for the order too."""
_NUMBER_ALONE = ("id", "tid", "no", "number", "sn")
"""Columns that number rows, if nothing else does."""


def draft_layout(path: str | Path, lang: str = "en", encoding: str | None = None, sheet: str | None = None) -> str:
    """Return a first TOML page for a file that no layout fits: its columns listed, guesses marked.

    Its remarks are in English, or in Chinese (``zh``). ``encoding`` names one that a file does not tell
    by itself (``latin-1``), ``sheet`` one of a workbook's.

    Raises
    ------
    LoadError
        If the file itself is damaged or unreadable, or has no such sheet.
    """
    file = opened(path, encoding, sheet)
    names, frame, total = file.names, file.rows, file.total
    seen = [Seen(n, tuple(c for c in frame[n].dropna() if c), len(frame)) for n in names]
    arrays = tuple(s.name + "." for s in seen if file.kind == "json" and s.lists)
    whole = [s for s in seen if not s.name.startswith(arrays)]  # what stands within an order's goods is not the order's
    checks: list[str] = _two_rows(frame, file.kind)
    members = member_tables(seen, checks)
    guess = {column: name for column in WORDS if not members and (name := _guess(column, whole))}
    if file.sheet == ALL:
        checks.append(
            'all sheets that hold such a table are read (sheet = "*"): name one (sheet = "...") if another is a copy'
        )
    if "order_id" in guess and not names_orders(frame, guess["order_id"], guess.get("paid_at")):
        checks.append(f"'{guess.pop('order_id')}' repeats at different times: it is no order number")
    number = guess.get("order_id")
    told = [guess[c] for c in ("paid_at", "gross_amount", "refund_amount") if c in guess]
    once = [name for name in told if number and first_row_tells(frame, number, name)]
    statuses = read_statuses({} if members else file.words, guess.get("paid_at"))
    if known := [n for n in file.words if n in {*statuses.back, *statuses.unpaid, *statuses.unknown}]:
        guess["status"] = known[0]
    aside = left_out(frame, guess.get("paid_at"), checks)
    lines = members or drafted_fields(guess, {s.name: s for s in seen}, frame, checks, statuses)
    money, unknown = drafted_currency(guess, {s.name: s for s in seen})
    checks += unknown
    private = [n for n in names if any(word in plain(n) for word in PRIVATE)]
    page = [
        f"title = {toml_text(Path(path).name.split('.')[0])}",
        'status = "own"',
        f'format = "{ {"json": "jsonl"}.get(file.kind, file.kind) }"',
        *([f"encoding = {toml_text(encoding)}"] if encoding else []),
        *([f"sheet = {toml_text(file.sheet)}"] if file.sheet else []),
        *([f"footer = {toml_text(total.word)}   # the summary at the end"] if total and file.cuts else []),
        *(_filled_down(number, once) if number and once else ()),
        *([f"records = {toml_text(file.inside)}"] if file.inside else []),
        *money,
        *(["header = false", f"delimiter = {toml_text(file.nameless)}"] if file.nameless else []),
        *([f"columns = [{', '.join(map(toml_text, names))}]   # no header line: name them"] if file.nameless else []),
        *([f"sensitive = [{', '.join(map(toml_text, private))}]   # never shown in errors"] if private else []),
        *(total.skipped if total and not file.cuts else ()),
        *(
            ["", "[[control]]", f"key = {toml_text(file.counted)}   # how many records all pages have"]
            if file.counted
            else []
        ),
        *aside,
        *unpaid_lines(statuses),
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


def _two_rows(frame: pd.DataFrame, kind: str) -> list[str]:
    """Say that the names of the columns seem to go on in the first row: it holds words alone, where others hold figures."""
    if kind not in ("csv", "excel") or len(frame) < 2:
        return []
    top, rest = frame.iloc[0].dropna(), frame.iloc[1:]
    figures = [c for c in top.index if rest[c].dropna().astype(str).str.contains(r"\d").mean() > 0.9]
    words = not top.astype(str).str.contains(r"\d").any() and len(top) < len(frame.columns)
    if not (words and figures):
        return []
    return ["the header seems to stand in two rows: put the names of the columns into one"]


def _remarked(line: str, lang: str) -> str:
    """Return a line of the draft with its remark in the language; a column's name stays as it is."""
    code, mark, remark = line.partition("# ")
    number, dot, check = remark.partition(". ")
    if lang != "zh" or not mark or remark.startswith(" "):
        return line
    return code + mark + (number + dot + in_chinese(check) if number.isdigit() else in_chinese(remark))


def _filled_down(number: str, once: Sequence[str]) -> list[str]:
    """Return the line of what an order's first row tells for all its lines."""
    listed = ", ".join(map(toml_text, once))
    return [f"fill_down = {{ by = {toml_text(number)}, columns = [{listed}] }}   # told on an order's first row only"]


def _numbers_two_orders(column: Seen) -> bool:
    """Tell whether a column of two values numbers orders all the same: its name says so, and each has a figure."""
    named = any(word in plain(column.name) for word in WORDS["order_id"].split()[:7])
    return named and column.times is None and all(re.fullmatch(r"[^.]*\d[^.]*", c) for c in column.cells)


def _guess(column: str, seen: Sequence[Seen]) -> str | None:
    """Return the file's column that a canonical column is most likely made of."""
    fits = {
        "order_id": lambda s: len(s.cells) >= 0.9 * s.rows and (s.names_things or _numbers_two_orders(s)),
        "account": lambda s: s.names_things and not any(word in plain(s.name) for word in NAMES),
        "paid_at": lambda s: s.times is not None or s.epoch is not None,
        "gross_amount": lambda s: s.numbers,
        "refund_amount": lambda s: s.numbers,
        "currency": lambda s: bool(s.cells) and all(re.fullmatch("[A-Z]{3}", c) or c in CURRENCIES for c in s.cells),
    }.get(column, lambda s: bool(s.cells) and s.times is None and not s.lists)
    able = [s for s in seen if fits(s)]
    if column not in ("paid_at", "gross_amount", "refund_amount"):
        able = [s for s in able if not _MONEY.search(plain(s.name)) and not COUNTS.search(plain(s.name))]
    if column == "order_id":
        # an order number that names one row each is surer than one that repeats, but not if it numbers an order's lines
        able = sorted(able, key=lambda s: (bool(_OF_A_LINE.search(plain(s.name))), s.repeats))
    if column == "paid_at":
        # a column that says one day for every row is the export's, not the order's
        able = [s for s in able if not _BIRTH.search(plain(s.name))]
        able = [s for s in able if len(set(s.cells)) > 1] or able
    for word in WORDS[column].split():
        named = [s for s in able if word in plain(s.name)]
        if named:  # a whole word first: Total stands beside Subtotal
            return next((s for s in named if word in plain(s.name).split("_")), named[0]).name
    if column == "order_id":
        return next((s.name for s in able if plain(s.name) in _NUMBER_ALONE and not s.repeats), None)
    return able[0].name if column == "paid_at" and able else None
