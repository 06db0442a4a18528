"""The records of a JSON file and the cells within them, by dotted names that go through arrays."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from copy import deepcopy
from pathlib import Path
from typing import Any

from retailkit.load.engine import Connection, first, literal
from retailkit.load.files import Probe, utf8, utf8_copy

Names = tuple[dict[str, None], set[str]]
"""Dotted names of cells, and those of arrays."""
ROOM = 1 << 24
"""Bytes that the engine has for one JSON object by itself."""
GROWS = 0.01
"""By how much of itself the number of records that pages state may differ from one page to the next."""
FIRST = 1000
"""Records in which a file's names are looked for, at its start and where a wanted key first comes."""


def json_names(
    con: Connection,
    found: Probe,
    inside: str | None,
    scratch: Path,
    wanted: Collection[str] = (),
    seen: dict[str, Names] | None = None,
) -> tuple[tuple[str, ...], str, frozenset[str]]:
    """Return the dotted names of a JSON file's cells, SQL of its records, which are arrays.

    Names are those of the first records, and ``wanted`` ones wherever they first come: sources leave empty
    cells out, so a day may start with a thousand visits before its first order.
    ``inside`` names the array that holds the records, None where the objects are the records; ``seen`` keeps what
    the first records hold for who asks again.
    """
    if found.kind == "parquet":
        records = f"SELECT to_json(p) AS json FROM read_parquet({literal(str(found.path))}) p"
    else:
        records = _json_records(con, found, inside, scratch)
    seen = {} if seen is None else seen
    names, arrays = deepcopy(seen.get(records, ({}, set())))

    def look(where: str = "true") -> None:
        rows = con.execute(f"SELECT json::VARCHAR FROM ({records}) WHERE {where} LIMIT {FIRST}").fetchall()
        for (text,) in rows:
            _walk(json.loads(text), "", names, arrays)

    if records not in seen:
        look()
        seen[records] = deepcopy((names, arrays))
    plain = {w: re.sub(r"\[.*?\]", "", w) for w in wanted} if found.kind != "parquet" else {}
    for keys in _keys_within(found, [name for name in plain.values() if name not in names]):
        look(" AND ".join(f"contains(json::VARCHAR, {literal(k)})" for k in keys))
    return tuple(n for n in names if n), records, frozenset(arrays)


def _keys_within(found: Probe, names: Collection[str]) -> list[tuple[str, ...]]:
    """Return the quoted keys of those dotted names whose last key stands anywhere in the file, as it is spelt there."""
    spelt = {}
    for name in names:
        *above, last = name.split(".")
        for key in {last, re.sub(r"_([a-z])", lambda m: m[1].upper(), last)}:
            spelt[f'"{key}"'.encode()] = (*(f'"{a}"' for a in above), f'"{key}"')
    there: dict[bytes, None] = {}
    tail = b""
    for chunk in utf8(found) if spelt else ():
        text = tail + chunk
        there |= dict.fromkeys(key for key in spelt if key not in there and key in text)
        tail = text[-100:]
    return [spelt[key] for key in there]


def _json_records(con: Connection, found: Probe, inside: str | None, scratch: Path) -> str:
    """Return SQL of the records of a JSON file: one object a line, an array, or an array within an object.

    Where no object of the file has the array, the objects are the records: answers are saved with and without
    their wrapping.
    """
    plain = _objects(found, scratch)
    if inside:
        some = f"SELECT json FROM {plain} LIMIT 1000"
        wrapped = f"SELECT 1 FROM ({some}) WHERE json_type(json, {literal(json_path(inside))}) = 'ARRAY' LIMIT 1"
        if first(con, wrapped) is not None:
            return f"SELECT unnest(json_extract(json, {literal(json_path(inside) + '[*]')})) AS json FROM {plain}"
    return f"SELECT json FROM {plain}"


def refused_answers(con: Connection, found: Probe, scratch: Path) -> str:
    """Say how many answers in a file of an API's answers are errors, with the first: they hold no record.

    Empty where there is none.
    """
    code = "json_extract_string(json, '$.errcode')"
    wrong = (
        f"SELECT {code} AS code, json_extract_string(json, '$.errmsg') AS words FROM {_objects(found, scratch)} WHERE "
    )
    wrong += f"contains(json::VARCHAR, '\"errcode\"') AND {code} <> '0'"
    count, number, words = first(con, f"SELECT count(*), any_value(code), any_value(words) FROM ({wrong})") or (
        0,
        "",
        "",
    )
    if not count:
        return ""
    told = f"{number}: {words}" if words else number
    return f"{count:,} answer{'s are errors' if count > 1 else ' is an error'} without data (errcode {told})"


def missing_records(con: Connection, found: Probe, inside: str | None, key: str, scratch: Path) -> str:
    """Say that the pages of an API's answers are not all in the file, or are more than once; empty if they are whole.

    Each page states how many records the question has. A file may hold the pages of several questions one after
    another; while pages are fetched the number may grow a little. Two questions with as many records each are one
    here, with twice as many.
    """
    if not inside or found.kind == "parquet":
        return ""
    stated = f"TRY_CAST(json_extract_string(json, {literal(json_path(key))}) AS BIGINT)"
    held = f"coalesce(json_array_length(json, {literal(json_path(inside))}), 0)"
    near = f"abs(stated - lag(stated) OVER page) <= {GROWS} * stated"
    counted = f"""
        WITH pages AS (SELECT row_number() OVER () AS page, {stated} AS stated, {held} AS held
            FROM {_objects(found, scratch)}),
          marked AS (SELECT *, NOT coalesce({near}, false) AS fresh FROM pages WHERE stated IS NOT NULL
            WINDOW page AS (ORDER BY page)),
          questions AS (SELECT max(stated) AS stated, min(stated) AS least, sum(held) AS held FROM
            (SELECT *, sum(fresh::INT) OVER (ORDER BY page) AS question FROM marked) GROUP BY question)
        SELECT sum(stated), sum(held) FROM questions
          WHERE held < least OR (least = stated AND held % greatest(stated, 1) <> 0)
    """
    total, records = first(con, counted) or (None, None)
    if total is None:
        return ""
    return f"the answers state {total:,} records ({key}), the file holds {records:,}: pages are missing or there twice"


def _objects(found: Probe, scratch: Path) -> str:
    """Return SQL of the objects of a JSON file."""
    path = found.path
    if not found.plain:
        path = scratch / f"{found.file_id}.json"
        path = path if path.exists() else utf8_copy(found, path)
    lines = _one_object_a_line(found.head)
    largest = max(path.stat().st_size, ROOM)
    if lines and largest > ROOM:
        largest = max(_longest_line(path), ROOM)
    shape = "newline_delimited" if lines else "auto"
    return f"read_json_objects({literal(str(path))}, format = {literal(shape)}, maximum_object_size = {largest})"


def _one_object_a_line(head: str) -> bool:
    """Tell whether a JSON file's first line is an object of its own (a pretty-printed one goes over lines)."""
    first, newline, _ = head.lstrip().partition("\n")
    try:
        return bool(newline) and isinstance(json.loads(first), dict)
    except ValueError:
        return False


def _longest_line(path: Path) -> int:
    """Return the bytes of a file's longest line: the engine holds room for two objects of the largest size per thread."""
    longest = open_line = 0
    with open(path, "rb") as handle:
        while chunk := handle.read(1 << 20):
            head, *lines = map(len, chunk.split(b"\n"))
            longest = max(longest, open_line + head, *lines)
            open_line = lines[-1] if lines else open_line + head
    return longest + 1


def _walk(record: Any, name: str, names: dict[str, None], arrays: set[str]) -> None:
    """Note the dotted names of a JSON object's cells, and which are arrays; an array's elements share its name."""
    if isinstance(record, dict):
        for key, value in record.items():
            _walk(value, f"{name}.{key}" if name else key, names, arrays)
        return
    names[name] = None
    if isinstance(record, list):
        arrays.add(name)
        for element in record[:20]:
            if isinstance(element, dict):
                _walk(element, name, names, arrays)


def json_path(name: str, arrays: frozenset[str] = frozenset(), above: str = "") -> str:
    """Return the JSON path of a dotted name below ``above``, through every element of the arrays on its way."""
    parts, path = name.split("."), "$"
    for i, part in enumerate(parts):
        through = i < len(parts) - 1 and above + ".".join(parts[: i + 1]) in arrays
        path += f'."{part}"' + ("[*]" if through else "")
    return path


def json_cell(source: str, name: str, above: str, arrays: frozenset[str]) -> str:
    """Return SQL of a cell of a JSON object: through arrays, the first filled one (an order's first channel).

    ``params[size].value`` is the value of the element of ``params`` whose ``key`` is ``size``.
    """
    below = name[len(above) :]
    keyed = re.fullmatch(r"(.+)\[(.+)\]\.(.+)", below)
    if keyed:
        array, key, rest = keyed.groups()
        elements = f"json_extract({source}, {literal(json_path(array) + '[*]')})"
        wanted = f"lambda x: json_extract_string(x, '$.key') = {literal(key)}"
        return f"json_extract_string(list_filter({elements}, {wanted})[1], {literal(json_path(rest))})"
    plain = f"json_extract_string({source}, {literal(json_path(below))})"
    through = json_path(below, arrays, above)
    if "[*]" not in through:
        return plain
    found = f"json_extract_string({source}, {literal(through)})"
    return f"coalesce(list_filter({found}, lambda x: x <> '')[1], {plain})"
