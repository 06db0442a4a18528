"""What stands in a column of a file that nobody has described: numbers, times, ids, lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from retailkit.load.cells import GAPS, TIME_FORMATS, in_24_hours, narrow

LOCAL_TIMES = tuple(
    f"{day}{clock}"
    for day in (
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d.%m.%Y",
        "%d-%b-%Y",
        "%d %b %Y",
        "%b %d, %Y",
        "%B %d, %Y",
        "%d/%m/%y",
        "%m/%d/%y",
        "%d-%b-%y",
    )
    for clock in ("", " %H:%M", " %H:%M:%S")
)
CURRENCIES = {
    "人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "日元": "JPY", "日圆": "JPY", "日本円": "JPY", "円": "JPY", "美元": "USD",
    "港币": "HKD", "港元": "HKD", "欧元": "EUR", "英镑": "GBP", "韩元": "KRW", "韩币": "KRW", "新台币": "TWD", "台币": "TWD",
    "新加坡元": "SGD", "新币": "SGD", "澳元": "AUD", "加元": "CAD", "泰铢": "THB", "越南盾": "VND", "澳门元": "MOP",
}  # fmt: skip
"""Currencies as files name them in words."""
_ZONED = re.compile(r".*\d[T ]\d.*(Z|UTC|[+-]\d\d:?\d\d|:\d\d:\d\d(\.\d+)?\s?[+-]\d\d)")
_NUMBER = re.compile(
    rf"[-+(（]?[¥￥$€£₩]?\s*[-(（]?(?:\d{{1,3}}(?:[{GAPS}]\d{{3}})+|[\d.,]*\d)(?:[.,]\d+)?\s*万?(?:\s?[元円¥￥$€£₩])?[-)）]?"
)
BLANK = ("-", "--", "---", "—", "——", "/", "\\", "无", "N/A", "n/a", "NA", "null", "NULL", "None", "NaN", "nan")
"""What stands in a cell that holds nothing."""


@dataclass(frozen=True)
class Seen:
    """One column of the file: its name and its first filled cells."""

    name: str
    cells: tuple[str, ...]
    rows: int

    @property
    def filled(self) -> tuple[str, ...]:
        """Its cells without those that say that there is nothing."""
        return tuple(c for c in self.cells if c not in BLANK)

    @property
    def nothing(self) -> tuple[str, ...]:
        """The words by which its cells say that there is nothing."""
        return tuple(dict.fromkeys(c for c in self.cells if c in BLANK))

    @property
    def numbers(self) -> bool:
        """Whether nearly every cell is a number (or an amount with its mark)."""
        return self._most([bool(_NUMBER.fullmatch(narrow(c))) for c in self.filled])

    @property
    def below_nought(self) -> tuple[str, ...]:
        """Its negative amounts: with a minus before or, as accountants write it, behind or in brackets."""
        return tuple(c for c in self.filled if _NUMBER.fullmatch(narrow(c)) and re.search(r"[-(（－]", c))

    @cached_property
    def times(self) -> tuple[str, ...] | None:
        """The formats that read nearly every cell: () for those known anyway, None where it is no time."""
        cells = [in_24_hours(c) for c in self.filled]
        known = [f for f in TIME_FORMATS if any(fits_format(c, (f,)) for c in cells[:20])]
        if self._most([fits_format(c, known) or bool(_ZONED.fullmatch(c)) for c in cells]):
            return ()
        local = [f for f in LOCAL_TIMES if any(fits_format(c, (f,)) for c in cells[:20])]
        return tuple(f for f in local if self._most([fits_format(c, (f,)) for c in cells])) or None

    @property
    def epoch(self) -> str | None:
        """The kind of count that a column of times holds: of seconds since 1970 (or parts), or a spreadsheet's of days."""
        kinds = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us"}
        sizes = {len(c) for c in self.cells if c.isdigit() and c[0] == "1"}
        named = any(word in plain(self.name) for word in ("time", "date", "stamp", "created", "paid", "时间", "日期"))
        days = [
            c for c in self.filled if re.fullmatch(r"\d{5}(\.\d+)?", c) and 32874 <= float(c) < 73051
        ]  # 1990 to 2099
        if named and days and len(days) == len(self.filled):
            return "excel"
        return kinds.get(sizes.pop()) if named and len(sizes) == 1 and all(c.isdigit() for c in self.cells) else None

    @property
    def names_things(self) -> bool:
        """Whether the cells could be somebody's or something's id: no amounts, no yes and no, no lists."""
        if any(c.startswith(("[", "{")) or re.fullmatch(r"-?[\d,]*\.\d+", c) for c in self.cells):
            return False
        return bool(self.cells) and self.times is None and (len(set(self.cells)) > 2 or self.rows <= 3)

    @property
    def lists(self) -> bool:
        """Whether every cell is a list of records."""
        return bool(self.cells) and all(c.startswith("[{") for c in self.cells)

    @property
    def repeats(self) -> bool:
        """Whether a cell comes more than once."""
        return len(set(self.cells)) < len(self.cells)

    def _most(self, tests: Sequence[bool]) -> bool:
        return bool(tests) and sum(tests) >= 0.9 * len(tests)


def fits_format(cell: str, formats: Sequence[str]) -> bool:
    """Tell whether a cell is a time in one of some formats."""
    if cell.isdigit() and not re.fullmatch(r"(19|20)\d{6}(\d{6})?", cell):
        return False
    for form in formats:
        try:
            datetime.strptime(cell, form)
        except ValueError:
            continue
        return True
    return False


def plain(name: str) -> str:
    """Return a column's name in small letters with ``_`` between its words."""
    return re.sub(r"[\s.\-/]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).casefold()
