"""Persons where a layout expects none: ids that are phones and whole records are refused, a phone in a text is not stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from retailkit.load.engine import literal
from retailkit.load.errors import LoadError
from retailkit.load.layout import GUIDES, OWNERS, Layout
from retailkit.load.raw import Raw
from retailkit.schema import table
from retailkit.spoken import said

WITHIN = "(^|[^0-9])(?:(?:00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(\\b|[A-Za-z_])"
"""A mobile phone, with China's code or not, with no figure before or behind it, which would make it a longer number."""
_WHOLE = re.compile(r"(?:(?:\+|00)?86[ -]?)?(1[3-9]\d)[ -]?\d{4}[ -]?\d{4}")
_BESIDE = re.compile(r"(?<![0-9A-Za-z_])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z_])")
"""A mobile phone with something beside it: eleven figures alone may be any number, and within letters any code."""
_STARTS = 3
"""Numbers that are counted up have one start; those of persons have many."""


def refuse_phones(raw: Raw, layout: Layout, file: str) -> None:
    """Refuse ids that are phones by half, as far as the first rows show: they would be stored as they are.

    Raises
    ------
    LoadError
        Names the column, and how a phone is read.
    """
    for name, column, cells in _ids(raw, layout):
        starts = [m[1] for c in cells if (m := _WHOLE.fullmatch(c.strip()))]
        if len(starts) >= 0.5 * len(cells) and len(set(starts)) >= _STARTS:
            raise LoadError(
                f"'{name}' is read from column '{column}', which holds phone numbers",
                file,
                "ids, or phones that are stored as keyed hashes",
                'say kind = "phone" for an account, kind = "secret" for another id',
            )


def refuse_records(raw: Raw, layout: Layout, file: str) -> None:
    """Refuse ids and texts that are whole records of JSON, as far as the first rows show: they may name a person.

    Raises
    ------
    LoadError
        Names the column and what stands within it.
    """
    for block in layout.tables:
        for name, rule in block.fields.items():
            if rule.agg in ("count", "count_distinct") or table(block.table)[name].kind not in ("id", "text"):
                continue
            for column in (*rule.source, *rule.join, *(c for case in rule.cases for c in case.source)):
                cells = raw.samples.get(raw.found.get(column, ""), ())
                records = [c for c in cells if c.startswith(('{"', '[{"'))]
                if cells and len(records) >= 0.5 * len(cells):
                    within = [n for n in raw.names if n.startswith(f"{column}.")][:9]
                    raise LoadError(
                        f"'{name}' is read from '{column}', whose cells are records",
                        file,
                        "one value" + (f": {', '.join(within)}" if within else ""),
                        "name what stands within them",
                    )


def phones_in_ids(raw: Raw, layout: Layout, lang: str) -> list[str]:
    """Say that ids hold phones here and there, as far as the first rows show: they are stored as they are."""
    columns = [
        column for _, column, cells in _ids(raw, layout) if any(_BESIDE.search(c) and not c.isdigit() for c in cells)
    ]
    return [
        said(
            lang,
            f"ids in '{column}' hold phone numbers and are stored as they are: pattern takes the rest, kind = \"secret\" a hash",
            f'“{column}”的编号中含手机号，将原样保存：可用pattern只取其余部分，或用kind = "secret"取散列',
        )
        for column in dict.fromkeys(columns)
    ]


def _ids(raw: Raw, layout: Layout) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield each field of ids that are stored as they are, with a column that it reads and some of its cells."""
    for block in layout.tables:
        for name, rule in block.fields.items():
            if rule.kind or rule.pattern or name in (*GUIDES, *OWNERS) or table(block.table)[name].kind != "id":
                continue
            for column in (*rule.source, *(c for case in rule.cases for c in case.source)):
                yield name, column, raw.samples.get(raw.found.get(column, ""), ())


def without_phones(text: str) -> str:
    """Return SQL of a text in which no mobile phone can be read."""
    shown = f"regexp_replace({text}, {literal(WITHIN)}, '\\11**********\\2', 'g')"
    return f"CASE WHEN strlen({text}) < 11 THEN {text} ELSE {shown} END"
