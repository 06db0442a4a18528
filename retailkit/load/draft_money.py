"""The amounts of a draft: their unit and their currency, as far as names and cells show them."""

from __future__ import annotations

import json
import re

from retailkit.load.cells import narrow
from retailkit.load.draft_columns import Seen

_THOUSANDS = {"千元": "千元", "千": "千元", "万元": "万元", "万": "万元"}
_MINOR, _MAJOR = ("分", "fen", "cent", "cents", "pence"), ("元", "yuan", "rmb", "人民币", "人民币元", "円", "日元")


_SAID = {
    "minor": "its name says minor units",
    "major": "its name says major units",
    "千元": "its name says thousands of yuan",
    "万元": "its name says ten thousands of yuan",
}


def drafted_currency(guess: dict[str, str], seen: dict[str, Seen]) -> tuple[list[str], list[str]]:
    """Return the line of a currency that the amounts' own mark tells, and what is to be asked of it.

    Without a mark the merchant's currency counts. ``¥`` is yuan or yen: where no amount has decimals, either.
    """
    amount = guess.get("gross_amount")
    if amount is None or "currency" in guess:
        return [], []
    cells = seen[amount].cells
    marks = {mark for c in cells for mark in re.findall(r"[¥￥$€£₩円元]", c)}
    told = {"€": "EUR", "£": "GBP", "₩": "KRW", "円": "JPY"}
    yen = marks & {"¥", "￥"} and "元" not in marks and not any(re.search(r"\.\d", c) for c in cells)
    if len(codes := {told[m] for m in marks if m in told}) == 1 and not marks - set(told) - {"¥", "￥"}:
        return [f"currency = {toml_text(codes.pop())}"], []
    if codes or "$" in marks or yen:
        mark = "$" if "$" in marks else "¥"
        which = "USD, HKD, SGD, ..." if mark == "$" else "yuan (CNY) or yen (JPY)"
        return ['currency = "?"'], [f"'{amount}' has {mark}, which is {which}: replace the '?' of the currency"]
    return [], []


def money_field(column: str, amount: Seen, checks: list[str], agg: str) -> str:
    """Return the line of one amount: its unit is said only where its name or the cells show it."""
    cells = tuple(map(narrow, amount.filled))
    comma = [c for c in cells if re.search(r"\d,\d{1,2}\D*$", c)]
    decimals = bool(comma) or any(re.search(r"\.\d", c) for c in cells)
    yen = any("円" in c for c in cells)  # it has no smaller unit
    decimals = decimals or yen
    told = _named_unit(amount.name)
    fits = told and not (decimals and told == "minor")
    parts = [
        f"from = {toml_text(amount.name)}",
        f'unit = "{told if fits else "major" if decimals and not told else "?"}"',
    ]
    parts += ['decimal = ","'] if comma and not any(re.search(r"\.\d{1,2}\D*$", c) for c in cells) else []
    parts += [f"empty = [{', '.join(map(toml_text, amount.nothing))}]"] if amount.nothing else []
    parts += [f'agg = "{agg}"'] if agg else []
    if round_ones := [c for c in cells if "万" in c]:
        checks.append(f"'{amount.name}' has amounts rounded to parts of ten thousand, e.g. {round_ones[0]}")
    unit = (
        _SAID[told]
        if fits and told
        else "its name says minor units, but there are decimals: replace the '?'"
        if told
        else "decimals show major units"
        if decimals
        else "yuan ('major') or fen ('minor')? Nothing shows it: replace the '?'"
    )
    checks.append(
        f"'{amount.name}' is what the customer paid, e.g. {cells[0]}; {unit}"
        if column[0] == "g"
        else f"'{amount.name}': {unit}"
    )
    return f"{column} = {{ {', '.join(parts)} }}"


def _named_unit(name: str) -> str | None:
    """Return the unit that a column's own name states (``实付金额(分)``), None where it states none."""
    found = re.search(r"[(（\[【]\s*(?:单位[:：]?)?(.+?)\s*[)）\]】]$|[_\s](\w+)$", name)
    word = (found[1] or found[2]).casefold() if found else ""
    return {**dict.fromkeys(_MINOR, "minor"), **dict.fromkeys(_MAJOR, "major"), **_THOUSANDS}.get(word)


def toml_text(value: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)
