"""What a draft of a layout sees of a file: its first rows and the last three, its words, its sheets."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from retailkit.load.draft_columns import plain
from retailkit.load.draft_status import NAMED
from retailkit.load.engine import connect_raw, first, literal, quote
from retailkit.load.files import Probe, probe
from retailkit.load.layout import Layout
from retailkit.load.read import read_raw
from retailkit.load.sheets import ALL, each_sheet
from retailkit.load.totals import PART, WORD

ROWS = 1000
"""Rows from which guesses are made."""


@dataclass(frozen=True)
class Look:
    """Rows of a file as text; every word of its columns of a status; words of totals with which other rows begin too."""

    rows: pd.DataFrame
    words: dict[str, list[str]]
    again: frozenset[str]


def look_at(path: str | Path, kind: str, names: Sequence[str], **shape: Any) -> Look:
    """Return what is to be seen of a file: its first rows and the last three, and of the rest what a draft asks for."""
    layout = _layout_of(kind, names, shape)
    con = connect_raw(threads=1)
    with tempfile.TemporaryDirectory() as scratch:
        (first_part, *_), _ = each_sheet(probe(path, shape.get("encoding")), layout)
        raw = read_raw(con, first_part, layout, Path(scratch))
        # totals at the top are left out by themselves; at the end the draft says how
        (last,) = first(con, f"SELECT max(source_row) FROM {raw.relation}") or (0,)
        shown = [t.row for t in raw.totals if t.row > max((last or 0) - 3, 1) and WORD.fullmatch(t.word)]
        top = ", ".join(str(t.row) for t in raw.totals if t.row and t.row not in shown) or "0"
        part = f" AND (source_row IN ({', '.join(map(str, shown)) or '0'}) OR NOT {PART})"
        rows = f"(FROM {raw.relation} WHERE source_row NOT IN ({top}){part if raw.totals else ''})"
        ends = (f"SELECT * FROM {rows} ORDER BY source_row {end}" for end in (f"LIMIT {ROWS}", "DESC LIMIT 3"))
        frame = con.execute(f"SELECT * FROM (({') UNION ('.join(ends)})) ORDER BY source_row").df()
        words: dict[str, list[str]] = {}
        for name in (n for n in names if any(word in plain(n) for word in NAMED)):
            cell = f"CAST({quote(raw.found[name])} AS VARCHAR)"
            several = (
                f"SELECT DISTINCT {cell} AS word FROM {rows} WHERE length({cell}) BETWEEN 1 AND 40 ORDER BY 1 LIMIT 101"
            )
            found = [word for (word,) in con.execute(several).fetchall()]
            words |= {name: found} if len(found) <= 100 else {}
        again = frozenset[str]()
        if names and names[0] in raw.found:
            cell = quote(raw.found[names[0]])
            told = [(t.row, t.word) for t in raw.totals if t.row in shown]
            tests = {
                w: f"FROM {raw.relation} WHERE starts_with({cell}, {literal(w)}) AND source_row <> {r}" for r, w in told
            }
            again = frozenset(w for w, test in tests.items() if first(con, f"SELECT 1 {test} LIMIT 1"))
    table = pd.DataFrame({name: frame[raw.found[name]].astype("string").astype(object) for name in names})
    return Look(table, words, again)


def sheets_alike(found: Probe, names: Sequence[str]) -> int:
    """Return how many sheets of a workbook hold the same table; hidden ones are no part of it."""
    named = [n for n in names if n[0] != "@"]
    return len(each_sheet(found, _layout_of("excel", named, {"sheet": ALL}))[0])


def _layout_of(kind: str, names: Sequence[str], shape: Mapping[str, Any]) -> Layout:
    """Return a layout that needs the columns of a header and makes nothing of them."""
    block = {"table": "targets", "fields": {n: {"value": v} for n, v in (("starts_on", "2000-01-01"),
             ("ends_on", "2000-01-01"), ("target", 1))}}  # fmt: skip
    kinds = {"json": ("jsonl", "json")}.get(kind, (kind,))
    facts = {"name": "draft", "title": "draft", "format": kinds, "signature": tuple(names), "tables": (block,)}
    return Layout.model_validate({**facts, **shape})
