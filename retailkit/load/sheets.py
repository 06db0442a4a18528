"""The sheets of a spreadsheet: their rows, where a table begins in one, a cell as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from zipfile import BadZipFile, ZipFile

from retailkit.load.errors import LoadError
from retailkit.load.files import Probe
from retailkit.load.header import clean_names, match
from retailkit.load.layout import Layout


def sheet_heads(found: Probe, sheet: str | None = None) -> list[tuple[str, ...]]:
    """Return the first rows of each sheet of a spreadsheet (or of the named one) as possible headers."""
    return [clean_names(cells) for rows in sheets_of(found, sheet).values() for cells in rows[:60]]


def top_row(rows: Sequence[Sequence[Any]], layout: Layout) -> tuple[int, int]:
    """Return how many needed columns the header of a sheet has, and which row it is."""
    hits = [len(match(clean_names(cells), layout.needed)) for cells in rows[:60]]
    return max(hits), hits.index(max(hits))


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
            raise LoadError(f"there is no sheet '{sheet}'", found.path.name, f"one of {listed}", "correct its name")
        names = [sheet] if sheet else book.sheet_names
        return {n: book.get_sheet_by_name(n).to_python(skip_empty_area=False) for n in names}
    except (CalamineError, OSError, ValueError) as error:
        raise LoadError(
            f"the spreadsheet cannot be opened ({error})",
            found.path.name,
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
