"""Mobile phones where a layout expects none: an id that is one is refused, one within a text is not stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from retailkit.load.engine import literal
from retailkit.load.errors import LoadError
from retailkit.load.layout import GUIDES, OWNERS, Layout
from retailkit.schema import table

WITHIN = "(^|[^0-9])1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(\\b|[A-Za-z_])"
"""A mobile phone with no figure before or behind it, which would make it a longer number."""
_WHOLE = re.compile(r"(?:(?:\+|00)?86[ -]?)?(1[3-9]\d)[ -]?\d{4}[ -]?\d{4}")
_STARTS = 3
"""Numbers that are counted up have one start; those of persons have many."""


def refuse_phones(samples: Mapping[str, Sequence[str]], found: Mapping[str, str], layout: Layout, file: str) -> None:
    """Refuse ids that are phones by half, as far as the first rows show: they would be stored as they are.

    Raises
    ------
    LoadError
        Names the column, and how a phone is read.
    """
    for block in layout.tables:
        for name, rule in block.fields.items():
            if rule.kind or rule.pattern or name in (*GUIDES, *OWNERS) or table(block.table)[name].kind != "id":
                continue
            for column in (*rule.source, *(c for case in rule.cases for c in case.source)):
                cells = samples.get(found.get(column, ""), ())
                starts = [m[1] for c in cells if (m := _WHOLE.fullmatch(c.strip()))]
                if len(starts) >= 0.5 * len(cells) and len(set(starts)) >= _STARTS:
                    raise LoadError(
                        f"'{name}' is read from column '{column}', which holds phone numbers",
                        file,
                        "ids, or phones that are stored as keyed hashes",
                        'say kind = "phone" for an account, kind = "secret" for another id',
                    )


def without_phones(text: str) -> str:
    """Return SQL of a text in which no mobile phone can be read."""
    shown = f"regexp_replace({text}, {literal(WITHIN)}, '\\11**********\\2', 'g')"
    return f"CASE WHEN strlen({text}) < 11 THEN {text} ELSE {shown} END"
