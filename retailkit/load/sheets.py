"""The sheets of a spreadsheet: their rows, where a table begins in one, a cell as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from typing import Any
from zipfile import BadZipFile, ZipFile

from retailkit.load.errors import LoadError
from retailkit.load.files import Probe
from retailkit.load.header import clean_names, holds_values, match
from retailkit.load.layout import Layout

ALL = "*"
"""The ``sheet`` of a layout that reads all sheets that hold its table."""


def each_sheet(found: Probe, layout: Layout, sheet: str | None = None) -> tuple[list[Probe], list[str]]:
    """Return a file as one, or as those sheets of its workbook that are asked for; and which are left out.

    Of all, left out are those that are hidden, or hold no row below all needed columns. If no other is there, the one
    that comes nearest is returned: reading it tells what it lacks.

    Parameters
    ----------
    sheet : name of one, or ``"*"`` for all, instead of what the layout says.

    Raises
    ------
    LoadError
        If the file is no workbook and a ``sheet`` of it is asked for, or it has none of that name.
    """
    if sheet and found.kind != "excel":
        raise LoadError("only a workbook has sheets", found.name, do="leave out the sheet's name")
    if sheet and sheet != ALL:
        return [_as_file(found, next(iter(sheets_of(found, sheet))))], []
    if found.kind != "excel" or (sheet or layout.sheet) != ALL:
        return [found], []
    sheets, hidden = {n: rows for n, rows in sheets_of(found).items() if rows}, hidden_sheets(found)
    if not sheets:
        return [found], []
    whole = [n for n in with_the_table(sheets, layout) if n not in hidden]
    read = whole or [max(sheets, key=lambda n: top_row(sheets[n], layout)[0])]
    return [_as_file(found, n) for n in read], [n for n in sheets if n not in read]


def _as_file(found: Probe, sheet: str) -> Probe:
    return replace(found, sheet=sheet, file_id=sha256(f"{found.file_id}/{sheet}".encode()).hexdigest()[:16])


def with_the_table(sheets: Mapping[str, Sequence[Sequence[Any]]], layout: Layout) -> list[str]:
    """Return the names of the sheets that hold a row below all needed columns."""
    tops = {n: top_row(rows, layout) for n, rows in sheets.items()}
    return [n for n, (hits, top, _) in tops.items() if hits == len(layout.needed) and len(sheets[n]) > top + 1]


def sheet_heads(found: Probe, sheet: str | None = None) -> list[tuple[str, ...]]:
    """Return the first rows of each sheet of a spreadsheet (or of the named one) as possible headers."""
    return [names for rows in sheets_of(found, sheet).values() for names, _ in heads(rows)]


def heads(rows: Sequence[Sequence[Any]]) -> list[tuple[tuple[str, ...], int]]:
    """Return the first rows of a sheet as possible headers, each with its last row; then those of two rows.

    Above groups of columns stand merged cells: a column's name is then in the lower row, or in the upper one where the
    cell reaches down.

    Examples
    --------
    >>> heads([["day", "customers", ""], ["", "new", "lost"], ["2018-03-01", 3, 1]])[3:]
    [(('day', 'new', 'lost'), 1)]
    """
    first = [list(cells) for cells in rows[:60]]
    alone = [(clean_names(cells), number) for number, cells in enumerate(first)]
    return alone + [
        (clean_names([b or a for a, b in zip(above, below, strict=True)]), number)
        for number, (above, below) in enumerate(pairwise(first), 1)
        if _one_below_the_other(above, below)
    ]


def _one_below_the_other(above: Sequence[Any], below: Sequence[Any]) -> bool:
    """Tell whether two rows are one header: words alone, some of them above blanks, and blanks above words."""
    words = all(c in (None, "") or isinstance(c, str) for c in (*above, *below))
    reaches = any(a and not b for a, b in zip(above, below, strict=True))
    group = any(b and not a for a, b in zip(above, below, strict=True))
    values = holds_values([str(c) for c in (*above, *below) if c])
    return words and reaches and group and sum(map(bool, above)) > 1 and not values


def top_row(rows: Sequence[Sequence[Any]], layout: Layout) -> tuple[int, int, tuple[str, ...]]:
    """Return how many needed columns the header of a sheet has, which row it ends with, and its names."""
    tops = [(len(match(names, layout.needed)), number, names) for names, number in heads(rows)]
    return max(tops, key=lambda top: top[0])


def sheets_of(found: Probe, sheet: str | None = None) -> dict[str, list[Any]]:
    """Return the rows of each sheet by its name, or of the named one alone.

    Raises
    ------
    LoadError
        If the file is no spreadsheet, or has no such sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(found.path))
        if sheet and sheet not in book.sheet_names:
            listed = ", ".join(book.sheet_names)
            raise LoadError(f"there is no sheet '{sheet}'", found.name, f"one of {listed}", "correct its name")
        names = [sheet] if sheet else book.sheet_names
        return {n: book.get_sheet_by_name(n).to_python(skip_empty_area=False) for n in names}
    except (CalamineError, OSError, ValueError) as error:
        raise LoadError(
            f"the spreadsheet cannot be opened ({error})",
            found.name,
            do="save it again, or unpack it if it is an archive",
        ) from None


def hidden_sheets(found: Probe) -> set[str]:
    """Return the names of the sheets that whoever opens the spreadsheet does not see."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    sheets = CalamineWorkbook.from_path(str(found.path)).sheets_metadata
    return {s.name for s in sheets if s.visible != SheetVisibleEnum.Visible}


def padded_numbers(found: Probe) -> list[str]:
    """Return the formats of a workbook that show zeros before a number which its cells do not hold (``000000``)."""
    try:
        with ZipFile(found.path) as book:
            styles = book.read("xl/styles.xml").decode("utf-8", "replace")
    except (BadZipFile, KeyError, OSError):  # an older kind of workbook
        return []
    return sorted(set(re.findall(r'<numFmt\b[^>]*\bformatCode="(0{3,})"', styles)))


def cell_text(value: Any) -> str | None:
    """Return a spreadsheet cell as text: dates in ISO form, whole numbers without '.0' while it keeps all digits."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return str(value)
