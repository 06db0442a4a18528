"""A file as one relation: the columns in use without wrappings, blank lines and summary gone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from retailkit.load.clean import BLANKS, FIRST_WIDE, LAST_WIDE, clean_sql
from retailkit.load.engine import Connection, literal, quote
from retailkit.load.files import Probe
from retailkit.load.footer import left_below, refuse_second_header
from retailkit.load.header import Header, match
from retailkit.load.layout import Layout
from retailkit.load.totals import Total, find_rows, line_sql


@dataclass(frozen=True)
class Raw:
    """One file as a relation: SQL, engine types of the columns, columns of the layout that are there.

    ``found`` maps the layout's columns to the relation's columns (same name unless spelt otherwise); ``odd`` says
    what is odd about the file and can be told while it is read only. ``totals`` is what it states of its own rows:
    the relation then has those columns too, and in ``"@line"`` the cells of every line that may be one of totals.
    A relation with ``pieces`` is that piece of the file to which the engine variable `PLACE` points. Its rows
    have no ``source_row``, and the blank ones are among them, not ``"@filled"``: to number rows as they are
    parsed would leave the work to one thread.
    """

    relation: str
    types: dict[str, str]
    found: dict[str, str]
    names: tuple[str, ...]
    preamble: str = ""
    text: bool = True
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arrays: frozenset[str] = frozenset()
    odd: str = ""
    totals: tuple[Total, ...] = ()
    pieces: Callable[[], Generator[Path]] | None = None


def selected(
    source: str,
    header: Header,
    names: Sequence[str],
    layout: Layout,
    *more: str,
    tidy: bool = False,
    totals: Sequence[Total] = (),
) -> Raw:
    """Keep the columns in use, cleaned (and ``more`` as they are), and tell which rows are not blank."""
    columns = match(header.names, layout.used, layout.misspelt)
    used = [n for n in dict.fromkeys([*columns.values(), *(n for t in totals for n in t.figures)]) if n in names]
    beyond = [quote(n) for n in names if n.startswith("@more")]
    cells = [*more, *(quote(n) if tidy else f"{clean_sql(quote(n))} AS {quote(n)}" for n in used)]
    cells += [f'coalesce({", ".join(beyond)}) AS "@more"'] if beyond else []
    filled = "true"
    if names:  # a row that starts with a letter holds something; only the others are looked at whole
        start, every = quote(names[0]), ", ".join(map(quote, names))
        started = f"{start} BETWEEN '!' AND '~' OR {start} BETWEEN {literal(FIRST_WIDE)} AND {literal(LAST_WIDE)}"
        filled = f"CASE WHEN {started} THEN true ELSE trim(concat({every}), {BLANKS}) <> '' END"
        filled += " OR \"@json\"::VARCHAR <> '{}'" if '"@json"' in more else ""
    types = dict.fromkeys([*used, *(["@more"] if beyond else [])], "VARCHAR")
    relation = f'(SELECT {", ".join(cells)}, ({filled}) AS "@filled" FROM {source})'
    return Raw(relation, types, columns, header.names, header.preamble)


def cleaned(
    con: Connection,
    select: str,
    header: Header,
    names: Sequence[str],
    layout: Layout,
    found: Probe,
    totals: Sequence[Total] = (),
) -> Raw:
    """Keep the columns in use, cleaned; cut the footer; drop blank lines."""
    more = ["source_row", *([f'{quote(names[0])} AS "@first"'] if layout.footer else [])]
    more += ['"@json"'] if any(b.explode for b in layout.tables) else []
    more += [f'{line_sql(names)} AS "@line"'] if totals else []
    raw = selected(f"({select})", header, names, layout, *more, tidy=found.tidy, totals=totals)
    name = quote(f"raw_{found.file_id}")
    con.execute(
        f'CREATE OR REPLACE TEMP TABLE {name} AS SELECT * EXCLUDE ("@filled") FROM {raw.relation} WHERE "@filled"'
    )
    words = header.preamble
    totals = find_rows(con, name, totals)
    if layout.footer:
        ends = " OR ".join(f"starts_with({clean_sql(quote('@first'))}, {literal(f)})" for f in layout.footer)
        cut = f"source_row >= (SELECT min(source_row) FROM {name} WHERE {ends})"
        if layout.control:
            line = f"concat_ws(',', {', '.join(quote(n) for n in names)})"
            last = con.execute(f"SELECT {line} FROM ({select}) WHERE {cut} ORDER BY source_row LIMIT 50").fetchall()
            words = "\n".join([words, *(text for (text,) in last)])
        refuse_second_header(con, name, cut, raw, layout, found)
        raw = replace(raw, odd=left_below(con, name, cut, raw, layout, bool(totals)))
        con.execute(f"DELETE FROM {name} WHERE {cut}")
    return replace(raw, relation=name, preamble=words, totals=totals)
