"""A file that nobody has described, opened for a draft: its columns, its first rows, and what its page must say of its shape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from retailkit.load.draft_columns import Seen
from retailkit.load.draft_look import look_at, sheets_alike
from retailkit.load.draft_rows import Summary, without_summary
from retailkit.load.errors import LoadError
from retailkit.load.files import probe
from retailkit.load.header import DELIMITERS, LOOK, holds_values, is_row
from retailkit.load.recognise import header_names
from retailkit.load.sheets import ALL

_HOW_MANY = re.compile(r"(?i)total(_?(results?|counts?|num|number|records?|items?))?|count|(record|item)s?_?count")
"""Keys under which answers say how many records there are."""
_YEAR = re.compile(r"(19|20)\d\d\.0")
"""A year above a column, as a spreadsheet's number."""
_ENVELOPE = re.compile(
    r"(?i)(err(or)?_?)?(code|no|msg|message)|errors?|success|ok|status|result|desc|description|(request|trace|log)_?id|timestamp|ts"
    r"|(server_?)?time|.*page.*|.*total.*|size|limit|offset|count|has_?(more|next)|.*cursor|next.*|version|api|method"
)
"""Keys beside the records of an answer."""


@dataclass(frozen=True)
class Opened:
    """A file as a draft reads it: its columns, and its rows without the summary.

    ``cuts`` says that the summary's word ends the file; ``inside`` is where the records of an answer stand and
    ``counted`` the key of how many there are; ``nameless`` is the delimiter of a file without a header, ``sheet``
    which of a workbook's are read.
    """

    kind: str
    names: list[str]
    rows: pd.DataFrame
    words: dict[str, list[str]]
    total: Summary | None
    cuts: bool
    inside: str | None
    counted: str | None
    nameless: str
    sheet: str | None


def opened(path: str | Path, encoding: str | None = None, sheet: str | None = None) -> Opened:
    """Read the first rows of a file that nobody has described.

    Raises
    ------
    LoadError
        If the file itself is damaged or unreadable, has no such sheet, or is a workbook without a header.
    """
    found = probe(path, encoding)
    if sheet and found.kind != "excel":
        raise LoadError("only a workbook has sheets", found.name, do="leave out the sheet's name")
    names = list(header_names(found, sheet))
    shape: dict[str, Any] = {"encoding": encoding, "sheet": sheet}
    nameless = ""
    if found.kind == "csv" and (holds_values(names) or _goes_on_below(path, names, encoding)):
        nameless = _delimiter(found.head)
        names = [f"column_{i}" for i in range(1, len(names) + 1)]
        shape |= {"header": False, "columns": tuple(names), "delimiter": nameless}
    if found.kind == "excel" and holds_values([n for n in names if not _YEAR.fullmatch(n)]):
        raise LoadError(
            "no header line was found: the likeliest line holds values",
            found.name,
            "one line with a name above each column",
            "put the names of the columns into one row, above the first row of the table",
        )
    opens = names[0] if names else ""
    names = [n for n in names if n[0] != "@"]
    if found.kind == "excel" and not sheet and sheets_alike(found, names) > 1:
        shape["sheet"] = ALL
    look = look_at(path, found.kind, names, **shape)
    inside = _wrapping(look.rows, names) if found.kind == "json" else None
    counted = _counted(look.rows, names, inside) if inside else None
    if inside:
        names = [n.removeprefix(inside + ".") for n in names if n.startswith(inside + ".")]
        look = look_at(path, found.kind, names, records=inside)
    rows, total = without_summary(look.rows)
    # the file is cut where its first cell begins so: nothing above may
    cuts = total is not None and total.column == opens and total.word not in look.again
    return Opened(found.kind, names, rows, look.words, total, cuts, inside, counted, nameless, shape["sheet"])


def _goes_on_below(path: str | Path, names: Sequence[str], encoding: str | None) -> bool:
    """Tell whether the line taken for the header is the first of the rows."""
    named = [n for n in names if n[0] != "@"]
    frame = look_at(path, "csv", named, encoding=encoding).rows
    return is_row(named, frame.head(LOOK).fillna("").to_numpy().tolist())


def _wrapping(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return the array that an answer wraps its records in.

    What stands beside it speaks of the answer, or is the same in each: an order has a number of its own beside its goods.
    """
    for name in names:
        cells = tuple(c for c in frame[name].dropna() if c and c != "[]")  # the last page may be empty
        if not any(n.startswith(name + ".") for n in names) or not Seen(name, cells, len(frame)).lists:
            continue
        beside = [n for n in names if n != name and not n.startswith(name + ".")]
        if all(_ENVELOPE.fullmatch(n.rpartition(".")[2]) or frame[n].nunique() < 2 for n in beside):
            return name
    return None


def _counted(frame: pd.DataFrame, names: Sequence[str], inside: str) -> str | None:
    """Return the key beside an answer's records that says how many there are in all its pages."""
    above = inside.rpartition(".")[0]
    for name in names:
        beside, _, key = name.rpartition(".")
        cells = frame[name].dropna()
        if beside == above and _HOW_MANY.fullmatch(key) and len(cells) and cells.str.fullmatch("[0-9]+").all():
            return name
    return None


def _delimiter(head: str) -> str:
    """Return the delimiter that stands most often in the first lines of a file."""
    return max(DELIMITERS, key="".join(head.splitlines(keepends=True)[:30]).count)
