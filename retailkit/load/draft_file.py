"""A file that nobody has described, opened for a draft: its columns, its first rows, and what its page must say of its shape."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from retailkit.load.draft_columns import Seen, plain
from retailkit.load.draft_rows import Summary, without_summary
from retailkit.load.draft_status import NAMED
from retailkit.load.engine import connect_raw, first, literal, quote
from retailkit.load.files import probe
from retailkit.load.header import DELIMITERS, LOOK, holds_values, is_row
from retailkit.load.layout import Layout
from retailkit.load.read import read_raw
from retailkit.load.recognise import header_names
from retailkit.load.totals import PART, WORD

_HOW_MANY = re.compile(r"(?i)total(_?(results?|counts?|num|number|records?|items?))?|count|(record|item)s?_?count")
"""Keys under which answers say how many records there are."""
_ENVELOPE = re.compile(
    r"(?i)(err(or)?_?)?(code|no|msg|message)|errors?|success|ok|status|result|desc|description|(request|trace|log)_?id|timestamp|ts"
    r"|(server_?)?time|.*page.*|.*total.*|size|limit|offset|count|has_?(more|next)|.*cursor|next.*|version|api|method"
)
"""Keys beside the records of an answer."""
ROWS = 1000


@dataclass(frozen=True)
class Look:
    """Rows of a file as text; every word of its columns of a status; words of totals with which other rows begin too."""

    rows: pd.DataFrame
    words: dict[str, list[str]]
    again: frozenset[str]


@dataclass(frozen=True)
class Opened:
    """A file as a draft reads it: its columns, and its rows without the summary.

    ``cuts`` says that the summary's word ends the file; ``inside`` is where the records of an answer stand and
    ``counted`` the key of how many there are; ``nameless`` is the delimiter of a file without a header.
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


def opened(path: str | Path, encoding: str | None = None) -> Opened:
    """Read the first rows of a file that nobody has described."""
    found = probe(path, encoding)
    names = list(header_names(found))
    shape: dict[str, Any] = {"encoding": encoding}
    nameless = ""
    if found.kind == "csv" and (holds_values(names) or _goes_on_below(path, names, encoding)):
        nameless = _delimiter(found.head)
        names = [f"column_{i}" for i in range(1, len(names) + 1)]
        shape |= {"header": False, "columns": tuple(names), "delimiter": nameless}
    opens = names[0] if names else ""
    names = [n for n in names if n[0] != "@"]
    look = _look(path, found.kind, names, **shape)
    inside = _wrapping(look.rows, names) if found.kind == "json" else None
    counted = _counted(look.rows, names, inside) if inside else None
    if inside:
        names = [n.removeprefix(inside + ".") for n in names if n.startswith(inside + ".")]
        look = _look(path, found.kind, names, records=inside)
    rows, total = without_summary(look.rows)
    # the file is cut where its first cell begins so: nothing above may
    cuts = total is not None and total.column == opens and total.word not in look.again
    return Opened(found.kind, names, rows, look.words, total, cuts, inside, counted, nameless)


def _goes_on_below(path: str | Path, names: Sequence[str], encoding: str | None) -> bool:
    """Tell whether the line taken for the header is the first of the rows."""
    named = [n for n in names if n[0] != "@"]
    frame = _look(path, "csv", named, encoding=encoding).rows
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


def _look(path: str | Path, kind: str, names: Sequence[str], **shape: Any) -> Look:
    """Return what is to be seen of a file: its first rows and the last three, and of the rest what a draft asks for."""
    block = {"table": "targets", "fields": {n: {"value": v} for n, v in (("starts_on", "2000-01-01"),
             ("ends_on", "2000-01-01"), ("target", 1))}}  # fmt: skip
    kinds = {"json": ("jsonl", "json")}.get(kind, (kind,))
    layout = Layout.model_validate(
        {
            "name": "draft",
            "title": "draft",
            "format": kinds,
            "signature": tuple(names),
            "tables": (block,),
            **shape,
        }
    )
    con = connect_raw(threads=1)
    with tempfile.TemporaryDirectory() as scratch:
        raw = read_raw(con, probe(path, shape.get("encoding")), layout, Path(scratch))
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
