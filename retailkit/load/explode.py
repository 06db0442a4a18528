"""A JSON record becomes one row per element of an array that it holds."""

from __future__ import annotations

from dataclasses import replace

from retailkit.load.clean import clean_sql
from retailkit.load.engine import literal, quote
from retailkit.load.json_files import json_cell, json_path
from retailkit.load.layout import Block
from retailkit.load.raw import Raw


def exploded(rows: str, raw: Raw, block: Block) -> tuple[str, Raw]:
    """One row per element of a JSON array (of an array within it, ...); its cells become columns.

    ``item`` numbers the elements within their record. A lone element that stands there without its array,
    as answers in XML leave it, is an array of one.
    """
    inside: dict[str, str] = {}
    known = {c for r in block.fields.values() for c in r.columns} | {w.column for w in block.conditions}
    source, base, elements, number = "@json", "", rows, ""
    for depth, step in enumerate(block.explode):
        written = raw.found.get(step, step)
        whole = f"{quote(source)}, {literal(json_path(written[len(base) :]))}"
        several = f"json_extract({quote(source)}, {literal(json_path(written[len(base) :]) + '[*]')})"
        alone = f"CASE WHEN json_type({whole}) = 'OBJECT' THEN [json_extract({whole})] ELSE [] END"
        listed = (
            f'SELECT *, CASE WHEN len({several}) > 0 THEN {several} ELSE {alone} END AS "@list" '
            f"FROM {elements if not depth else f'({elements})'}"
        )
        source, base = f"@element{depth}", written + "."
        elements = (
            f"""SELECT * EXCLUDE ("@list"{", item" if depth else ""}), unnest("@list") AS {quote(source)}, """
            f"""{number}generate_subscripts("@list", 1) AS item FROM ({listed})"""
        )
        number = "item * 100000 + "
        below = {c: raw.found.get(c, written + c[len(step) :]) for c in sorted(known) if c.startswith(step + ".")}
        # all plain cells in one reading of an element's text
        paths = {c: json_path(name[len(base) :]) for c, name in below.items() if _plain(name, base, raw.arrays)}
        if paths:
            listed = ", ".join(map(literal, paths.values()))
            elements = (
                f'SELECT *, json_extract_string({quote(source)}, [{listed}]) AS "@cells{depth}" FROM ({elements})'
            )
        cells = {c: f'"@cells{depth}"[{i}]' for i, c in enumerate(paths, 1)}
        for column, name in below.items():
            inside[column] = clean_sql(cells.get(column) or json_cell(quote(source), name, base, raw.arrays))
    told = "".join(f", {text} AS {quote(column)}" for column, text in inside.items())
    # two spellings that differ in case only are one name to the engine
    gone = {c.casefold() for c in inside}
    drop = ", ".join(quote(c) for c in sorted(raw.types) if c.casefold() in gone)
    exclude = f" EXCLUDE ({drop})" if drop else ""
    found = {**raw.found, **{c: c for c in inside}}
    types = {**raw.types, **dict.fromkeys(inside, "VARCHAR")}
    return f"SELECT *{exclude}{told} FROM ({elements})", replace(raw, types=types, found=found, samples={})


def _plain(name: str, above: str, arrays: frozenset[str]) -> bool:
    """Tell whether a cell is a single value: neither of an array within the element nor found by a key."""
    return "[" not in name and "[*]" not in json_path(name[len(above) :], arrays, above)
