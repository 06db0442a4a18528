"""Which layout is this file, and what would be loaded."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from retailkit.load.engine import EngineError, connect_raw, literal
from retailkit.load.errors import LoadError
from retailkit.load.files import Probe, probe
from retailkit.load.header import DELIMITERS, clean_names, find_header, holds_values, match
from retailkit.load.json_files import Names, json_names
from retailkit.load.layout import Layout, canonical_layout, layout_names, read_layout
from retailkit.load.read import nested
from retailkit.load.sheets import ALL, sheet_heads
from retailkit.schema import TABLES
from retailkit.spoken import own_half, said

STATUS_ZH = {"exact header": "表头已核实", "from API reference": "依据接口文档", "doubtful": "存疑", "own": "自有"}
Within = Callable[[str | None, tuple[str, ...]], tuple[str, ...]]
_DAY = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}")


@dataclass(frozen=True)
class Sniffed:
    """What a file seems to be: the sentence to print, the layout's name (None), a table of candidates."""

    sentence: str
    layout: str | None
    candidates: pd.DataFrame

    def __str__(self) -> str:
        return self.sentence


def list_layouts() -> pd.DataFrame:
    """Return one row per layout: ``layout, title, status, format, tables, source, notes``."""
    rows = []
    for name in layout_names():
        page = read_layout(name)
        tables = ", ".join(dict.fromkeys(b.table for b in page.tables))
        rows.append((name, own_half(page.title), page.status, ", ".join(page.format), tables, page.source, page.notes))
    return pd.DataFrame(rows, columns=["layout", "title", "status", "format", "tables", "source", "notes"])


def sniff(path: str | Path, lang: str = "en") -> Sniffed:
    """Name the layout of a file and say what would be loaded, in English or in Chinese (``zh``).

    Returns
    -------
    A sentence, the layout's name, and one row per candidate: ``layout, columns_found,
    columns_needed, columns_used, missing``.

    Raises
    ------
    LoadError
        If the file itself is damaged or unreadable.
    """
    found = probe(path)
    with _names_within(found) as within:
        return _sniffed(found, within, lang)


def _sniffed(found: Probe, within: Within, lang: str) -> Sniffed:
    rows, columns_of = [], {}
    for name in layout_names():
        layout = read_layout(name)
        if not set({"json": ("json", "jsonl")}.get(found.kind, (found.kind,))) & set(layout.format):
            continue
        names = _header(found, layout, within)
        if found.kind == "json" and len(match(names, layout.needed, layout.misspelt)) >= 0.5 * len(layout.needed):
            names = within(layout.records, layout.needed)
        columns_of[name] = names
        hit, used = (match(names, some, layout.misspelt) for some in (layout.needed, layout.used))
        missing = [n for n in layout.needed if n not in hit]
        if hit and not layout.name.startswith("canonical"):
            rows.append((name, len(hit), len(layout.needed), len(used), ", ".join(missing)))
    columns = ["layout", "columns_found", "columns_needed", "columns_used", "missing"]
    table = pd.DataFrame(rows, columns=columns)
    nearest = table.assign(share=table["columns_found"] / table["columns_needed"])
    table = table.loc[nearest.sort_values(["share", "columns_used"], ascending=False).index].reset_index(drop=True)
    whole = table.loc[table["missing"] == ""]
    file = found.path.name
    if whole.empty:
        if canonical := canonical_table(_header(found, None, within)):
            english = f"{file}: canonical table '{canonical}'; load it with --layout canonical_{canonical}."
            chinese = f"{file}：标准表“{canonical}”；请用 --layout canonical_{canonical} 导入。"
            return Sniffed(said(lang, english, chinese), f"canonical_{canonical}", table)
        return Sniffed(_none_fits(file, table, lang), None, table)
    best = read_layout(whole["layout"][0])
    tables = list(dict.fromkeys(b.table for b in best.tables))
    used, there = whole["columns_used"][0], len(columns_of[best.name])
    text = said(
        lang,
        f"{file}: {own_half(best.title)} (layout '{best.name}', {best.status}); would load {', '.join(tables)} from {used} of "
        f"{there} columns.",
        f"{file}：{own_half(best.title, 'zh')}（布局“{best.name}”，{STATUS_ZH[best.status]}）；将由{there}列中的{used}列导入"
        f"{'、'.join(tables)}。",
    )
    others = [n for n in whole["layout"][1:] if whole.set_index("layout")["columns_used"][n] == used]
    if others:
        text += said(lang, f" It could also be {', '.join(others)}.", f"也可能是{'、'.join(others)}。")
    return Sniffed(text, best.name, table)


def _none_fits(file: str, table: pd.DataFrame, lang: str) -> str:
    """Say that no layout fits a file, and which is the nearest."""
    near = ""
    if len(table):
        name, missing = table["layout"][0], table["missing"][0]
        near = said(lang, f" The nearest is '{name}', which lacks {missing}.", f"最接近的是“{name}”，缺少{missing}。")
    return said(
        lang,
        f"{file}: no layout fits.{near} Draft one with 'retailkit layouts new {file}'.",
        f"{file}：没有合适的布局。{near}可用 retailkit layouts new {file} 起草一个。",
    )


def canonical_table(names: tuple[str, ...] | list[str]) -> str | None:
    """Return the canonical table whose required columns a header has, the most columns first."""
    best, most = None, 0
    for table in TABLES.values():
        needed = set(canonical_layout(table.name).needed)
        hits = len(set(names) & set(table.names))
        if table.room != "derived" and needed <= set(names) and hits > most and hits >= 0.5 * len(names):
            best, most = table.name, hits
    return best


def header_names(found: Probe, sheet: str | None = None) -> tuple[str, ...]:
    """Return a file's column names where no layout says which line is the header: the early line with the most."""
    with _names_within(found) as within:
        return _header(found, None, within, sheet)


def _header(found: Probe, layout: Layout | None, within: Within, sheet: str | None = None) -> tuple[str, ...]:
    """Return a file's column names, as the layout would find them (or the widest early line)."""
    if found.kind in ("parquet", "json"):
        return within(layout.records if layout else None, ())
    if found.kind == "excel":
        sheet = layout.sheet if layout else sheet
        heads = sheet_heads(found, None if sheet == ALL else sheet)
        if layout is None:
            return _widest_of(heads)
        return max(heads, key=lambda h: (len(match(h, layout.needed)), _named(h)), default=())
    if layout is not None:
        try:
            return find_header(found.head, layout, found.name).names
        except LoadError:
            return _widest(found)
    return _widest(found)


@contextmanager
def _names_within(found: Probe) -> Iterator[Within]:
    """Give what returns the names of a Parquet or JSON file's cells, by the place of its records.

    The ``wanted`` ones are looked for in all of a JSON file. One engine reads for all layouts, and most of them look for
    the records in the same place.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch, seen = Path(folder), dict[str, Names]()
        engine = cache(lambda: connect_raw(threads=1, temp=scratch))

        @cache
        def within(inside: str | None, wanted: tuple[str, ...]) -> tuple[str, ...]:
            if found.kind == "parquet":
                source = f"read_parquet({literal(str(found.path))})"
                types = {n: kind for n, kind, *_ in engine().execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
                return json_names(engine(), found, inside, scratch, seen=seen)[0] if nested(types) else tuple(types)
            with suppress(EngineError):
                return json_names(engine(), found, inside, scratch, wanted, seen)[0]
            return ()

        yield within


def _widest_of(heads: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the possible header of a sheet with the most names; a row of values only where no line of names is as wide."""
    best = max(heads, key=_named, default=())
    words = [h for h in heads if not (holds_values(h) or any(_DAY.fullmatch(n) for n in h))]
    named = max(words, key=_named, default=())
    return named if _named(named) >= max(2, 0.75 * _named(best)) else best


def _named(names: Sequence[str]) -> int:
    return sum(not n.startswith("@") for n in names)


def _widest(found: Probe) -> tuple[str, ...]:
    """Return the widest of the lines above the first rows, else the first of the early lines with the most cells.

    All delimiters are tried: a file padded with tabs has more tabs than commas, but no line of names between tabs.
    """
    lines = [line for line in found.head.split("\n")[:30] if line.strip()]
    best: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    for delimiter in DELIMITERS:
        above: tuple[str, ...] = ()
        # a head cut within a quoted cell ends the reading, not the draft
        with suppress(csv.Error):
            for cells in csv.reader(lines, delimiter=delimiter):
                names = clean_names(cells)
                best = max(best, names, key=len)
                if not (holds_values(names) or any(_DAY.fullmatch(name) for name in names)):
                    # a line with a gap (but for a first column of row numbers) is a row: it may name a person
                    above = max(above, () if any(n.startswith("@") for n in names[1:]) else names, key=len)
                elif len(above) >= len(names):
                    named = max(named, above, key=len)
                    break
                else:  # a line about the file, with its period or account
                    above = ()
    return named if len(named) > 1 else best
