"""Quotation marks that are not in pairs: a cell then goes on over the rows below it, and they would be lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from retailkit.load.engine import Connection, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.files import Probe
from retailkit.load.header import Header

SHORT = "'^[0-9]{1,4}$'"
"""SQL of the pattern of numbers that a line of a remark may begin with."""


def refuse_open_quotes(
    con: Connection, select: str, names: Sequence[str], header: Header, file: Path, found: Probe
) -> None:
    """Refuse a file of which a cell swallows rows: its opening quote is closed rows further down, or never.

    Such a cell has a line that begins as its own row does, with a number or an id of one shape; the last cell may
    also end where the file ends. ``select`` gives the records in file order, with ``source_row``.

    Raises
    ------
    LoadError
        If there is one, with its row.
    """
    own, cells = quote(names[0]), f"[{', '.join(map(quote, names))}]"
    begins = f"split_part(line, {literal(header.delimiter)}, 1)"
    # a list in a remark (``1,red``) begins with short numbers as well, but not with one between this row's and the next's
    whole = f"len(string_split(line, {literal(header.delimiter)})) >= {sum(n[0] != '@' for n in names)}"
    number, before, after = (f"TRY_CAST({cell} AS INTEGER)" for cell in (begins, own, "next"))
    skipped = (
        f"{number} > {before} AND coalesce({number} < {after}, true) OR {number} < {before} AND {number} > {after}"
    )
    row = f"({whole} OR NOT regexp_matches({begins}, {SHORT}) OR {skipped})"
    swallows = f"""
        CASE WHEN contains(array_to_string({cells}, ''), chr(10)) THEN
          len(list_filter({cells}, lambda c: len(list_filter(string_split(c, chr(10))[2:],
            lambda line: contains(line, {literal(header.delimiter)}) AND {_alike(own, begins)} AND {row})) > 0)) > 0 END
    """
    told = f"""
        SELECT max(source_row), arg_max({cells}, source_row), min(source_row) FILTER ({swallows})
        FROM (SELECT *, lead(trim({own})) OVER () AS next FROM ({select}))
    """
    row, record, swallowing = first(con, told) or (0, None, None)
    if swallowing is None:
        tail = next((cell for cell in reversed(record or []) if cell), "").rstrip("\r\n")
        if "\n" not in tail or not _ends_with(file, tail.encode()[-200:]):
            return
    raise LoadError(
        f"a quotation mark that opens a cell in row {swallowing or row:,} is not closed there: rows below stand within "
        "that cell",
        found.name,
        'a closing " for each opening one',
        "export it again, or take the mark out of that row",
    )


def refuse_broken_line(error: Exception, above: int, found: Probe) -> None:
    """Refuse a file of which the engine could not tell a record's end, with its line.

    Parameters
    ----------
    above : lines of the file that the engine has not seen.

    Raises
    ------
    LoadError
        If that is the error.
    """
    if line := re.search(r"CSV Error on Line: (\d+)", str(error)):
        raise LoadError(
            f"the text cannot be parsed from the file's line {int(line[1]) + above:,} on: quotation marks are not in pairs, or a "
            "line is too long",
            found.name,
            'a closing " for each opening one',
            "export it again, or take the mark out of that row",
        ) from None


def _alike(first: str, other: str) -> str:
    """Return SQL of whether two cells are numbers or ids of one kind: figures at the same places, or of one length."""
    first, other = (f"trim(replace(coalesce({cell}, ''), '\"', ''))" for cell in (first, other))
    grows, long = (
        [f"regexp_replace({cell}, '{figure}', '0', 'g')" for cell in (first, other)]
        for figure in ("[0-9]+", "[0-9A-Za-z]")
    )
    same = f"{grows[0]} = {grows[1]} OR (length({first}) >= 8 AND {long[0]} = {long[1]})"
    return f"(regexp_matches({first}, '[0-9]') AND regexp_matches({other}, '[0-9]') AND ({same}))"


def _ends_with(file: Path, end: bytes) -> bool:
    """Tell whether a file ends as a cell does, whose quotes are written twice in it."""
    with open(file, "rb") as handle:
        handle.seek(-min(file.stat().st_size, 2 * len(end) + 200), 2)
        return handle.read().rstrip(b"\r\n").replace(b'""', b'"').endswith(end)
