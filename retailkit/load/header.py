"""Which line is the header, which delimiter, and which export column is which.

Header cells are stripped of blanks and marks; a name that comes twice gets a number; an
empty name at the end is dropped. A layout's columns are found by exact name first, then
without case, blanks and underscores.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from retailkit.load.errors import LoadError
from retailkit.load.layout import Layout
from retailkit.load.names import OFFICE, PERSON

DELIMITERS = (",", "\t", ";", "|")
LOOK = 60
"""Records at the top of a file among which the header is looked for."""
_VALUE = re.compile(r"\+?\d[\d*]{8,}|\d{4}[-/年]\d{1,2}[-/月]\d{1,2}\D.*|[-+¥￥]?[\d,]*\.\d+")
"""A phone or long number, a time, an amount: no name of a column."""
_YEAR = re.compile(r"(19|20)\d\d")
_PERSON = re.compile(PERSON)
_OFFICE = re.compile(f"(?:{OFFICE})$")


@dataclass(frozen=True)
class Header:
    """The header of one table-like file: names, delimiter, the records and lines up to its end."""

    names: tuple[str, ...]
    delimiter: str
    record: int
    lines: int
    width: int
    preamble: str = ""
    below: tuple[tuple[str, ...], ...] = ()
    above: tuple[tuple[str, ...], ...] = ()

    @property
    def one_line_each(self) -> bool:
        """Whether records and lines agree up to here (no line break within a cell)."""
        return self.record == self.lines


def clean_names(cells: Sequence[object]) -> tuple[str, ...]:
    """Return header cells as unique names.

    Examples
    --------
    >>> clean_names(["\\ufeff订单号", "宝贝标题 ", "分销员", "分销员", ""])
    ('订单号', '宝贝标题', '分销员', '分销员#2')
    """
    names = [_clean(c) for c in cells]
    while names and not names[-1]:
        names.pop()
    seen: dict[str, int] = {}
    unique = []
    for position, name in enumerate(names, 1):
        name = name or f"@{position}"
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(unique)


def match(names: Sequence[str], wanted: Sequence[str], misspelt: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return ``{wanted column: column of the file}`` for those that are there.

    ``misspelt`` maps a source's known slips to the right name (``slae_price`` to ``sale_price``).
    ``params[size].value`` is there where ``params.value`` is: the element whose ``key`` is ``size``.

    Examples
    --------
    >>> match(["visitUv", "ref_date"], ["visit_uv", "ref_date", "other"])
    {'visit_uv': 'visitUv', 'ref_date': 'ref_date'}
    """
    loose: dict[str, str] = {}
    slips = {_loose(slip): _loose(right) for slip, right in (misspelt or {}).items()}
    for name in names:
        loose.setdefault(_loose(name), name)
    for name in names if slips else ():
        loose.setdefault(".".join(slips.get(part, part) for part in _loose(name).split(".")), name)
    exact = set(names)
    found = {w: w if w in exact else loose.get(_loose(w)) for w in wanted}
    keyed = {w for w in wanted if "[" in w and _loose(re.sub(r"\[.*?\]", "", w)) in loose}
    return {w: n for w, n in found.items() if n is not None} | {w: w for w in wanted if w in keyed}


def find_header(text: str, layout: Layout, where: str) -> Header:
    """Find delimiter and header line of delimited text.

    Raises
    ------
    LoadError
        If no line has the columns that the layout needs: all missing ones at once, with near names.
    """
    needed = layout.needed
    best: tuple[int, Header] | None = None
    for delimiter in (layout.delimiter,) if layout.delimiter else DELIMITERS:
        found = _scan(text, delimiter, needed, layout)
        if found and (best is None or found[0] > best[0]):
            best = found
        if best and best[0] >= len(needed) and len(best[1].names) > 1:
            return best[1]
    if best is None:
        raise LoadError("no header line could be found", where, f"columns {', '.join(needed)}", "export it again")
    check_needed(best[1].names, layout, where, best[1].below)
    return best[1]


def check_needed(names: Sequence[str], layout: Layout, where: str, below: Sequence[Sequence[object]] = ()) -> None:
    """Refuse a file that lacks columns of its layout.

    Raises
    ------
    LoadError
        Lists every missing column, with the nearest names that the file has.
    """
    there = match(names, layout.needed, layout.misspelt)
    missing = [n for n in layout.needed if n not in there]
    if not missing:
        return
    if is_row(names, below):
        raise LoadError(
            "no header line was found: the likeliest line holds values",
            where,
            f"a line with the columns {', '.join(layout.needed)}",
            'put the header back, or name the columns in a layout of your own (header = false, columns = ["..."])',
        )
    near = {m: get_close_matches(m, names, 1) for m in missing}
    listed = ", ".join(f"'{m}'" + (f" (near: '{near[m][0]}')" if near[m] else "") for m in missing)
    raise LoadError(
        f"{len(missing)} column{'s' if len(missing) > 1 else ''} missing: {listed}",
        where,
        f"the columns of layout '{layout.name}'; the file has {', '.join(names[:40])}",
        "correct the header, or use the layout that fits ('retailkit sniff FILE' names it)",
    )


def holds_values(names: Sequence[str]) -> bool:
    """Tell whether a line is no header but a row: it is then neither shown nor matched, since it may name a person.

    Examples
    --------
    >>> holds_values(["王五", "13922223333"]), holds_values(["客户姓名", "客户手机号", "2018"])
    (True, False)
    """
    return any(_VALUE.fullmatch(name) for name in names)


def is_row(names: Sequence[str], below: Sequence[Sequence[object]]) -> bool:
    """Tell whether a line in the place of a header is a row, by its own cells or by those below it.

    A number or an id that continues below (``c1`` above ``c2``) and a person's name above other persons' names are no
    names of columns; a year may be.

    Examples
    --------
    >>> is_row(["张三", "c1"], [["李四", "c2"]]), is_row(["导购", "店铺"], [["李四", "c2"]])
    (True, False)
    """
    columns = [[str(row[i]).strip() for row in below if i < len(row) and row[i]] for i in range(len(names))]
    return holds_values(names) or any(
        _goes_on(name, cells) for name, cells in zip(names, columns, strict=True) if cells
    )


def _goes_on(name: str, cells: Sequence[str]) -> bool:
    """Tell whether a cell is followed by cells of its own kind: numbers, ids of one shape, persons' names."""
    if any(c.isdigit() for c in name) and not _YEAR.fullmatch(name):
        alike = sum(re.sub(r"\d+", "0", c) == re.sub(r"\d+", "0", name) for c in cells)
        return alike >= 0.9 * len(cells)
    named = [c for c in cells if _PERSON.fullmatch(c) and not _OFFICE.search(c)]
    # one first character all the way down is a word (方案, 方案一), not a surname
    several = len({c[0] for c in (name, *named)}) > 1
    return bool(_PERSON.fullmatch(name)) and several and len(named) >= 0.5 * len(cells)


def _scan(text: str, delimiter: str, needed: Sequence[str], layout: Layout) -> tuple[int, Header] | None:
    """Return the best header line under one delimiter, with how many needed columns it has."""
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        for row in reader:
            rows.append((reader.line_num, row))
            if len(rows) >= 1000:
                break
    except csv.Error:
        pass
    if not rows:
        return None
    width = max(len(row) for _, row in rows)
    if not layout.header:
        below = tuple(tuple(row) for _, row in rows[:LOOK])
        return len(needed), Header(layout.columns, delimiter, 0, 0, width, below=below)
    best: tuple[int, Header] | None = None
    for record, (lines, cells) in enumerate(rows[:LOOK], 1):
        names = clean_names(cells)
        hits = len(match(names, needed))
        if names and (best is None or hits > best[0]):
            above = tuple(tuple(row) for _, row in rows[: record - 1])
            preamble = "\n".join(map(delimiter.join, above))
            below = tuple(tuple(row) for _, row in rows[record : record + LOOK])
            best = hits, Header(names, delimiter, record, lines, width, preamble, below, above)
        if hits and hits >= len(needed):
            break
    return best


def _clean(cell: object) -> str:
    text = str(cell if cell is not None else "").replace("\ufeff", "").replace("\n", " ").strip(" \t\r\u00a0\u3000")
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.strip("`'\" ").strip()


def _loose(name: str) -> str:
    return "".join(ch for ch in name.casefold() if ch not in " _-\u3000\u00a0")
