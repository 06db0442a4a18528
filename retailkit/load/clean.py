"""A text cell without the blanks and wrappings that spreadsheets and consoles put around it, as SQL."""

from __future__ import annotations

from retailkit.load.engine import literal

WIDE = "\u00a0\u3000\ufeff"
BLANKS = literal(" \t\r\n" + WIDE)
FIRST_WIDE, LAST_WIDE = "\u3041", "\ud7a3"
"""Letters of East Asia lie between these, and no blank does."""


def clean_sql(column: str) -> str:
    """Return SQL of a text cell without blanks, ``="..."``, backtick and apostrophe; empty is missing."""
    t = f"trim({column}, {BLANKS})"
    cleaned = (
        f"nullif(CASE WHEN starts_with({t}, '=\"') AND ends_with({t}, '\"') AND length({t}) > 2 "
        f"THEN trim(substr({t}, 3, length({t}) - 3), {BLANKS}) WHEN starts_with({t}, '`') "
        f"THEN trim(substr({t}, 2), {BLANKS}) WHEN regexp_matches({t}, '^''[0-9]') THEN substr({t}, 2) "
        f"ELSE {t} END, '')"
    )
    # nearly every cell is clean: its first and last letters tell, at a tenth of the cost
    # (each is asked for once or twice; a list of five and more the engine would join, cell by cell)
    start, end, wide = f"ascii({column})", f"{column}[-1]", ", ".join(map(literal, WIDE))
    opened = f"{start} NOT BETWEEN 40 AND {ord(WIDE[-1]) - 1} OR {start} IN ({', '.join(str(ord(c)) for c in '=`' + WIDE[:-1])})"
    closed = f"{end} NOT BETWEEN '!' AND '~' AND ({end} <= ' ' OR {end} IN ({wide}))"
    return f"CASE WHEN {opened} OR {closed} THEN {cleaned} ELSE {column} END"
