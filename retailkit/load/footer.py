"""What is cut off with the summary at a file's end: another export behind it is refused, other lines are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailkit.load.engine import Connection, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.files import Probe
from retailkit.load.layout import Layout
from retailkit.load.totals import PART

if TYPE_CHECKING:  # which cuts while it reads
    from retailkit.load.raw import Raw


def refuse_second_header(con: Connection, rows: str, cut: str, raw: Raw, layout: Layout, found: Probe) -> None:
    """Refuse exports put behind one another: all but the first would be cut off with its summary."""
    told = [raw.found[c] for c in layout.signature or layout.needed if c in raw.found]
    again = " AND ".join(f"{quote(c)} = {literal(c.partition('#')[0])}" for c in told) or "false"
    (row,) = first(con, f"SELECT min(source_row) FROM {rows} WHERE {cut} AND {again}") or (None,)
    if row is not None:
        raise LoadError(
            f"the header comes again after the summary, in row {row:,}: several exports stand behind one another",
            found.name,
            "one export, with its summary at the end",
            "save each export as a file of its own",
        )


def left_below(con: Connection, rows: str, cut: str, raw: Raw, layout: Layout, totals: bool) -> str:
    """Say how many lines below a summary look like rows: what the layout cuts off with it may be another table."""
    filled = " + ".join(f"({quote(n)} IS NOT NULL)::INT" for n in dict.fromkeys(raw.found.values()) if n in raw.types)
    if layout.control or not filled:  # such a summary has lines of its own
        return ""
    own = f"source_row > (SELECT min(source_row) FROM {rows} WHERE {cut})"
    line = f" AND NOT {PART}" if totals else ""
    (count,) = first(con, f"SELECT count(*) FROM {rows} WHERE {cut} AND {own} AND {filled} >= 2{line}") or (0,)
    return f"{count:,} line{'s' if count > 1 else ''} below the summary not read" if count else ""
