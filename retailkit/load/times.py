"""A cell with a time becomes one engine expression: an instant in UTC, or the day where it was lived."""

from __future__ import annotations

from collections.abc import Sequence

from retailkit.load.cells import TIME_FORMATS, local_day, time_sql, utc
from retailkit.load.engine import literal
from retailkit.load.errors import LoadError
from retailkit.load.rules import FieldRule


def is_written(rule: FieldRule, kind: str) -> bool:
    """Tell that a cell of this engine type is a text whose time stands there in letters."""
    return rule.time not in ("excel", "week") and not rule.time.startswith("epoch") and kind == "VARCHAR"


def written_time(rule: FieldRule, cell: str, samples: Sequence[str]) -> str:
    """Return SQL of the time that a text tells where it was written; ``samples`` as of `time_sql`."""
    return time_sql(cell, rule.formats or TIME_FORMATS, samples)


def instant_sql(rule: FieldRule, cell: str, kind: str, zone: str, written: str) -> str:
    """Return SQL of a cell as an instant in UTC.

    Parameters
    ----------
    zone : SQL of the zone of times that state none.
    written : SQL of what `written_time` made of the cell, if it `is_written`.
    """
    if rule.time.startswith("epoch"):
        scale = {"epoch_s": 1_000_000, "epoch_ms": 1000, "epoch_us": 1}[rule.time]
        return f"TRY(make_timestamp(CAST({cell} AS BIGINT) * {scale}))"
    if rule.time == "excel":
        return utc(_excel(cell), zone)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {cell})"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return utc(f"CAST({cell} AS TIMESTAMP)", zone)
    # an hour alone (databases' +08) stands behind seconds only: 10:00-12 would be from ten to twelve
    zoned = "[0-9]\\s?([zZ]|[+-][0-9]{2}:?[0-9]{2}|\\s?UTC)$|:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?\\s?[+-][0-9]{2}$"
    offset = f"regexp_matches({cell}, '{zoned}') AND regexp_matches({cell}, '[0-9]:[0-9]')"
    if rule.formats:
        return utc(written, zone)
    given = f"timezone('UTC', TRY_CAST(regexp_replace({cell}, '\\s+([+-][0-9:]+)$', '\\1') AS TIMESTAMPTZ))"
    # no format reads an offset, so a text that has one is left to the second way
    return f"coalesce({utc(written, zone)}, CASE WHEN {offset} THEN {given} END)"


def date_sql(rule: FieldRule, cell: str, kind: str, zone: str, mine: str, written: str) -> str:
    """Return SQL of a cell as a day; ``mine`` is SQL of the merchant's own zone, the others as for instants.

    Raises
    ------
    LoadError
        If the layout reads week numbers and does not say where they begin.
    """
    if rule.time == "week":
        if rule.origin is None:
            raise LoadError("a week number needs its origin", expected='origin = "2016-12-26" (first day of week 1)')
        number = f"TRY_CAST({cell} AS BIGINT)"  # a number too: a small one's kind has no room for seven of it
        days = f"CAST(7 * ({number} - 1) + {6 if rule.edge == 'end' else 0} AS INTEGER)"
        day = f"TRY(DATE {literal(rule.origin)} + {days})"
        return f"greatest({day}, DATE {literal(rule.earliest)})" if rule.earliest else day
    if rule.time == "excel":
        return f"CAST({_excel(cell)} AS DATE)"
    if rule.time.startswith("epoch") or kind == "TIMESTAMP WITH TIME ZONE":
        return local_day(instant_sql(rule, cell, kind, zone, written), mine)
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        # a day is written where it is lived: only a declared zone moves it
        return local_day(f"CAST({cell} AS TIMESTAMP)", mine) if rule.zone == "UTC" else f"CAST({cell} AS DATE)"
    return f"CAST({written} AS DATE)"


def _excel(cell: str) -> str:
    """Return SQL of a spreadsheet's count of days since 1899-12-30, to the second."""
    return f"TRY(TIMESTAMP '1899-12-30' + to_seconds(CAST(round(TRY_CAST({cell} AS DOUBLE) * 86400) AS BIGINT)))"
