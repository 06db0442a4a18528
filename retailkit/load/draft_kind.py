"""What a row of a file is, if no order: a day's total, a sum of other rows, money that went out."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from retailkit.load.draft_columns import Seen, plain
from retailkit.load.draft_money import toml_text

COUNTS = re.compile(r"(数|数量|人次|次数|笔数|件数|单量|人数)$|(^|_)(counts?|qty|quantity|orders)$")
"""Names of columns that count something: no id, whatever else they say."""
_ORDERS = re.compile(r"(订单|成交|支付|交易|客|总?)(单|笔)(数|量|数量)$|订单(总|量|数)|(^|_)(orders|order_count)$")
"""Names of columns that count a day's orders."""
_DIRECTION = re.compile(r"收\s*[/_]\s*支|收支|借贷|资金流向|(^|_)(direction|debit_credit|dr_cr)$")
_OUT = ("支出", "支", "借", "付款", "转出", "out", "debit", "dr")
"""What such a column says of money that went out."""
SUMS = r"(小|合|总)\s*计\s*[:：]?$|^(sub-?|grand )totals?\s*[:：]?$"
"""Cells of lines that add up others, as a layout and Python read it."""


def counts_orders(seen: Sequence[Seen]) -> str | None:
    """Return the column that counts orders: the file has totals then, not orders."""
    return next((s.name for s in seen if s.numbers and _ORDERS.search(plain(s.name))), None)


def daily_totals(title: str, day: str, orders: str, money: str, repeats: bool) -> list[str]:
    """Return the table of a file with one row for each day, or several that are added up."""
    added = ', agg = "sum"' if repeats else ""
    return [
        "[[tables]]",
        'table = "daily_totals"   # or another canonical table: data/README.md',
        *(["group = true"] if repeats else []),
        "[tables.fields]",
        f"source_system = {{ value = {toml_text(title)} }}",
        'channel = { value = "all" }',
        day,
        f"orders = {{ from = {toml_text(orders)}{added} }}",
        money,
    ]


def left_out(rows: pd.DataFrame, time: str | None, checks: list[str]) -> list[str]:
    """Return lines of a layout that leave out dated rows which add up others, and ask about money that went out."""
    lines = []
    dated = rows[rows[time].notna()] if time else rows
    for column in (c for c in rows.columns if c != time):
        cells = dated[column].dropna().drop_duplicates()
        if sums := [c for c in cells if re.search(SUMS, c, re.IGNORECASE)]:
            checks.append(f"rows whose '{column}' is {sums[0]} add up others: they are left out")
            lines += _skip(f"{{ column = {toml_text(column)}, matches = '(?i){SUMS}' }}", "sums of other rows")
        if _DIRECTION.search(plain(column)) and (out := [c for c in cells if c.casefold() in _OUT]):
            checks.append(
                f"rows whose '{column}' is {out[0]} are money that went out, and count as sales: leave them out ([[skip]])"
            )
    return lines


def _skip(where: str, reason: str) -> list[str]:
    return ["", "[[skip]]", f"where = [{where}]", f"reason = {toml_text(reason)}"]
