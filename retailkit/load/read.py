"""Any export file becomes one relation: ``source_row`` and the columns that the layout uses.

Text cells arrive as text (cleaned of spreadsheets' wrappings), Parquet cells in their own
types. Nothing is guessed: a number stays text until the layout says what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from retailkit.load.engine import Connection, EngineError, OutOfMemory, first, literal, quote
from retailkit.load.errors import LoadError
from retailkit.load.files import Probe, line_ends, utf8_copy
from retailkit.load.header import Header, check_needed, find_header, match
from retailkit.load.json_files import json_cell, json_names, json_path, missing_records, refused_answers
from retailkit.load.layout import Layout
from retailkit.load.pieces import PLACE, WholeOnly, utf8_pieces
from retailkit.load.quotes import refuse_broken_line, refuse_open_quotes
from retailkit.load.raw import Raw, cleaned, selected
from retailkit.load.sheets import ALL, cell_text, hidden_sheets, padded_numbers, sheets_of, top_row, with_the_table
from retailkit.load.totals import FIRST, LAST, last_records, stated


def read_raw(con: Connection, found: Probe, layout: Layout, scratch: Path, passing: bool = False) -> Raw:
    """Open a file with its layout.

    Parameters
    ----------
    passing : a CSV is parsed piece by piece as it is asked for, not kept: for files that are asked for once.

    Raises
    ------
    LoadError
        If the file is of a kind that the layout does not describe, lacks columns, or cannot be parsed.
    """
    kinds = {"json": ("jsonl", "json")}.get(found.kind, (found.kind,))
    if not set(kinds) & set(layout.format):
        raise LoadError(
            f"the file is {found.kind}, the layout describes {' or '.join(layout.format)}",
            found.name,
            do="use the layout that fits ('retailkit sniff FILE' names it)",
        )
    csv = partial(_csv, passing=passing)
    readers: dict[str, Callable[..., Raw]] = {"parquet": _parquet, "excel": _excel, "json": _json, "csv": csv}
    try:
        return _sampled(con, readers[found.kind](con, found, layout, scratch))
    except OutOfMemory:
        raise
    except EngineError as error:
        if passing:
            raise
        raise LoadError(
            f"the file cannot be parsed: {str(error).splitlines()[0]}", found.name, do="export it again"
        ) from None


def _sampled(con: Connection, raw: Raw) -> Raw:
    """Add the first cells of each text column: they tell which way of writing a time comes first."""
    texts = [n for n in raw.types if raw.types[n] == "VARCHAR" and n in raw.found.values()]
    if not texts:
        return raw
    rows = con.execute(f"SELECT {', '.join(map(quote, texts))} FROM {raw.relation} LIMIT 200").fetchall()
    columns = zip(*rows, strict=True) if rows else ([] for _ in texts)
    samples = {n: tuple({str(v) for v in c if v is not None}) for n, c in zip(texts, columns, strict=True)}
    return replace(raw, samples=samples)


def _parquet(con: Connection, found: Probe, layout: Layout, scratch: Path) -> Raw:
    source = f"read_parquet({literal(str(found.path))}, file_row_number = true)"
    types = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    types.pop("file_row_number")
    if "jsonl" in layout.format and nested(types):
        return _json(con, found, layout, scratch)
    check_needed(list(types), layout, found.name)
    columns = match(list(types), layout.used, layout.misspelt)
    kept = "".join(f", {quote(n)}" for n in dict.fromkeys(columns.values()))
    relation = f"(SELECT file_row_number + 1 AS source_row{kept} FROM {source})"
    return Raw(relation, types, columns, tuple(types), text=False)


def nested(types: Mapping[str, str]) -> bool:
    """Tell whether a typed file holds records within records: it is then read as JSON is."""
    return any(kind.startswith("STRUCT") or kind.endswith("[]") for kind in types.values())


def _csv(con: Connection, found: Probe, layout: Layout, scratch: Path, passing: bool) -> Raw:
    header = find_header(found.head, layout, found.name)
    found = replace(found, tidy=found.tidy and header.delimiter in ",;|")
    straight = found.plain and header.one_line_each and header.lines <= 1
    totals = stated(
        header.names,
        _there(header.names, layout),
        header.above,
        header.below,
        last_records(found.tail, header.delimiter),
    )
    if passing and totals:
        raise WholeOnly
    # room for cells beyond the header: a row that fills them is set aside, not misread
    names = [*header.names, *(f"@more{i}" for i in range(max(header.width - len(header.names), 0) + 2))]
    spec = ", ".join(f"{literal(n)}: 'VARCHAR'" for n in names)

    def parsed(path: str, skip: int = 0, parallel: bool = True) -> str:
        return (
            f"read_csv({path}, columns = {{{spec}}}, header = false, skip = {skip}, "
            f"auto_detect = false, delim = {literal(header.delimiter)}, quote = '\"', escape = '\"', "
            f"null_padding = true, strict_mode = false, max_line_size = 4194304, parallel = {literal(parallel)})"
        )

    if passing:
        top = scratch / f"{found.file_id}.top.csv"
        top.write_text(found.head.split("\n", header.lines)[-1].rpartition("\n")[0], "utf-8")
        con.execute(f"SET VARIABLE {PLACE} = {literal(str(top))}")  # for samples
        raw = selected(parsed(f"getvariable({literal(PLACE)})"), header, names, layout, tidy=found.tidy)
        return replace(raw, pieces=partial(utf8_pieces, found, scratch, header.lines))
    file, skip = (found.path, header.lines) if straight else (scratch / f"{found.file_id}.csv", 0)
    if not straight:
        utf8_copy(found, file, header.lines)
    path = literal(str(file))
    try:
        raw = cleaned(con, _numbered(parsed(path, skip)), header, names, layout, found, totals)
    except EngineError as error:
        if "parallel=false" not in str(error):
            refuse_broken_line(error, 0 if straight else header.lines, found)
            raise
        # line breaks within cells: one thread reads the file
        raw = cleaned(con, _numbered(parsed(path, skip, parallel=False)), header, names, layout, found, totals)
    (last,) = first(con, f"SELECT max(source_row) FROM {raw.relation}") or (0,)
    if not found.tidy and line_ends(found) - header.lines > (last or 0):  # some cell may hold line breaks
        refuse_open_quotes(con, _numbered(parsed(path, skip, parallel=False)), names, header, file, found)
    return raw


def _excel(con: Connection, found: Probe, layout: Layout, scratch: Path) -> Raw:
    import pyarrow as pa

    one = found.sheet or ("" if layout.sheet == ALL else layout.sheet)
    sheets = {n: rows for n, rows in sheets_of(found, one).items() if rows}
    if not sheets:
        raise LoadError("the spreadsheet is empty", found.name, "a header and rows", "export it again")
    whole = with_the_table(sheets, layout)
    odd = ""
    if len(whole) > 1 and (hidden := hidden_sheets(found)):  # a copy that somebody put away
        aside, whole = [n for n in whole if n in hidden], [n for n in whole if n not in hidden] or whole
        odd = f"hidden sheets hold such a table too and are not read: {', '.join(aside)}" if len(whole) == 1 else ""
    if len(whole) > 1:  # months, or a filtered copy of the first: to read one or all would both be guesses
        raise LoadError(
            f"{len(whole)} sheets hold such a table: {', '.join(whole)}",
            found.name,
            "one sheet with the columns of the layout",
            'name one or, with "*", read all: sheet = "*" at the source in the cohort file, or load --sheet',
        )
    rows = sheets[whole[0]] if whole else max(sheets.values(), key=lambda rows: top_row(rows, layout)[0])
    _, record, columns = top_row(rows, layout)
    check_needed(columns, layout, found.name)
    if padded := padded_numbers(found):
        shown = f"some numbers are shown with zeros before them ({', '.join(padded)}) that their cells do not hold: ids lack them"
        odd = "; ".join(filter(None, [odd, shown]))
    body = [[cell_text(v) for v in column] for column in zip(*rows[record + 1 :], strict=False)]
    body = body[: len(columns)] or [[] for _ in columns]
    arrow = pa.table({n: pa.array(c, pa.string()) for n, c in zip(columns, body, strict=True)})
    con.register(f"excel_{found.file_id}", arrow)
    select = f"SELECT row_number() OVER () AS source_row, * FROM excel_{found.file_id}"
    preamble = "\n".join(" ".join(map(str, r)) for r in rows[:record])
    header = Header(columns, "", record + 1, record + 1, len(columns), preamble)
    lines = [[str(cell_text(v) or "") for v in row] for row in (*rows[: record + 1 + FIRST], *_filled_last(rows))]
    above, below, last = lines[:record], lines[record + 1 : record + 1 + FIRST], lines[record + 1 + FIRST :]
    totals = stated(columns, _there(columns, layout), above, below, last)
    raw = cleaned(con, select, header, list(columns), layout, found, totals)
    return replace(raw, odd="; ".join(filter(None, [odd, raw.odd])))


def _filled_last(rows: Sequence[Sequence[object]]) -> list[Sequence[object]]:
    """Return the last rows of a sheet that hold something."""
    found: list[Sequence[object]] = []
    for row in reversed(rows):
        found += [row] if any(v not in (None, "") for v in row) else []
        if len(found) == LAST:
            break
    return found[::-1]


def _there(names: Sequence[str], layout: Layout) -> list[str]:
    """Return the columns of a file that its layout needs."""
    return list(match(names, layout.needed, layout.misspelt).values())


def _json(con: Connection, found: Probe, layout: Layout, scratch: Path) -> Raw:
    names, records, arrays = json_names(con, found, layout.records, scratch, (*layout.used, *layout.misspelt))
    refused = refused_answers(con, found, scratch) if layout.records else ""
    if refused and not match(list(names), layout.needed, layout.misspelt):
        raise LoadError(refused, found.name, "answers with data", "ask the source again: days are ready in the morning")
    check_needed(list(names), layout, found.name)
    columns = match(list(names), layout.used, layout.misspelt)
    used = list(dict.fromkeys(n for column, n in columns.items() if column not in layout.inside))
    plain = [n for n in used if "[" not in json_path(n, arrays)]
    # all plain cells in one reading of the text: a reading for each cell costs four times as much
    cells = {n: f"cells[{i}]" for i, n in enumerate(plain, 1)}
    paths = "".join(f", {cells.get(n) or json_cell('json', n, '', arrays)} AS {quote(n)}" for n in used)
    listed = ", ".join(literal(json_path(n)) for n in plain)
    if plain:
        records = f"SELECT json, json_extract_string(json, [{listed}]) AS cells FROM ({records})"
    keep = ', json AS "@json"' if any(b.explode for b in layout.tables) else ""
    select = f"SELECT row_number() OVER () AS source_row{paths}{keep} FROM ({records})"
    header = Header(names, "", 0, 0, 0)
    lacking = [missing_records(con, found, layout.records, c.key, scratch) for c in layout.control if c.key]
    odd = "; ".join(filter(None, [refused, *lacking]))
    return replace(cleaned(con, select, header, used, layout, found), arrays=arrays, odd=odd)


def _numbered(source: str) -> str:
    return f"SELECT row_number() OVER () AS source_row, * FROM {source}"
