"""What a typed value must satisfy, and the names under which values stand beside the export's own cells."""

from __future__ import annotations

from retailkit.load.engine import SQL_TYPES, literal, quote
from retailkit.load.rules import FieldRule
from retailkit.schema import Column, Table

EARLIEST = {"instant": "1990-01-01", "date": "1900-01-01"}
"""No system tells of anything before; shops and posts may be older."""
PLANNED = ("starts_on", "valid_from")
"""Times that may lie in the future: they are plans."""


def halfway(name: str) -> str:
    """Return the name of what a column's value is made of: the number or the time that stands in the export."""
    return quote("~" + name)


def typed(name: str) -> str:
    """Return the name of a typed column beside the export's own of the same name."""
    return quote("=" + name)


def bounds_sql(contract: Table, column: Column, rule: FieldRule, latest: str) -> str:
    """Return SQL of what a typed value must satisfy (sums are judged after grouping); empty if nothing."""
    value, tests = typed(column.name), []
    if column.one_of:
        tests.append(f"{value} IN ({', '.join(map(literal, column.one_of))})")
    if rule.agg not in ("sum", "count", "count_distinct"):
        tests += [f"{value} >= {literal(column.minimum)}"] if column.minimum is not None else []
        tests += [f"{value} <= {literal(column.maximum)}"] if column.maximum is not None else []
    if column.name == contract.time and column.name not in PLANNED:
        kind = SQL_TYPES[column.kind]
        tests.append(f"{value} BETWEEN {kind} '1990-01-01' AND {kind} {literal(latest)}")
    elif column.kind in EARLIEST:  # a year of two figures, or 1970 for what never happened
        tests.append(f"{value} >= {SQL_TYPES[column.kind]} {literal(EARLIEST[column.kind])}")
    return " AND ".join(tests)
