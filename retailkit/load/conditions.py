"""A layout's conditions on the export's cells, as SQL."""

from __future__ import annotations

from collections.abc import Sequence

from retailkit.load.cells import number_sql
from retailkit.load.engine import literal, quote
from retailkit.load.raw import Raw
from retailkit.load.rules import Where


def where_sql(conditions: Sequence[Where], raw: Raw) -> str:
    """Return SQL of conditions on the export's cells; an absent column is an empty cell."""
    tests = []
    for w in conditions:
        cell = f"CAST({quote(raw.found[w.column])} AS VARCHAR)" if w.column in raw.found else "CAST(NULL AS VARCHAR)"
        text = f"coalesce({cell}, '')"
        number = number_sql(cell)
        tests += [f"{text} = {literal(w.equals)}"] if w.equals is not None else []
        tests += [f"{text} <> {literal(w.not_equals)}"] if w.not_equals is not None else []
        tests += [f"{text} IN ({', '.join(map(literal, w.one_of))})"] if w.one_of else []
        tests += [f"{text} NOT IN ({', '.join(map(literal, w.none_of))})"] if w.none_of else []
        tests += [f"starts_with({text}, {literal(w.starts)})"] if w.starts is not None else []
        tests += [f"NOT starts_with({text}, {literal(w.not_starts)})"] if w.not_starts is not None else []
        tests += [f"contains({text}, {literal(w.contains)})"] if w.contains is not None else []
        tests += [f"regexp_matches({text}, {literal(w.matches)})"] if w.matches is not None else []
        tests += [f"({text} <> '') = {literal(w.filled)}"] if w.filled is not None else []
        tests += [f"coalesce({number} > {w.above}, false)"] if w.above is not None else []
        tests += [f"coalesce({number} < {w.below}, false)"] if w.below is not None else []
    return " AND ".join(tests) or "true"
