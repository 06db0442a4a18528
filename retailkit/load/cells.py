"""One cell as SQL: text to number, time or keyed hash. A cell that does not fit is empty, never another value."""

from __future__ import annotations

TIME_FORMATS = (
    *(
        f"{day}{clock}"
        for day in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
        for clock in (" %H:%M:%S", " %H:%M", "", " %H:%M:%S.%f", "T%H:%M:%S", "T%H:%M:%S.%f")
    ),
    *("%Y%m%d", "%Y%m%d%H%M%S", "%Y年%m月%d日%H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒"),
)


def utc(local: str, zone: str) -> str:
    """Return SQL of the UTC instant of a local time in a zone (an SQL text)."""
    return local if zone == "'UTC'" else f"timezone('UTC', timezone({zone}, {local}))"


def local_day(instant: str, zone: str) -> str:
    """Return SQL of the local date of a UTC instant in a zone (an SQL text)."""
    return (
        f"CAST({instant} AS DATE)" if zone == "'UTC'" else f"CAST(timezone({zone}, timezone('UTC', {instant})) AS DATE)"
    )


def number_sql(text: str, decimal: str = ".", extract: bool = False) -> str:
    """Return SQL of a text as DECIMAL(18, 6): currency marks and thousands separators are taken off.

    A comma that does not separate thousands makes the cell unreadable, never another number.
    """
    t = f"regexp_replace({text}, '[¥￥$€£元\\s\u00a0]', '', 'g')"
    if extract:
        t = f"regexp_extract({t}, '-?[0-9][0-9,]*(?:\\.[0-9]+)?')"
    if decimal == ",":
        plain = f"regexp_replace({text}, '[¥￥$€£元\\s\u00a0]', '', 'g')"
        german = "'^[-+]?([0-9]{1,3}(\\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$'"
        t = f"CASE WHEN regexp_matches({plain}, {german}) THEN replace(replace({plain}, '.', ''), ',', '.') END"
        return f"TRY_CAST({t} AS DECIMAL(18, 6))"
    grouped = f"regexp_matches({t}, '^[-+]?[0-9]{{1,3}}(,[0-9]{{3}})+(\\.[0-9]+)?$')"
    plain = f"TRY_CAST({text} AS DECIMAL(18, 6))"
    ungrouped = f"TRY_CAST(CASE WHEN {grouped} THEN replace({t}, ',', '') ELSE {t} END AS DECIMAL(18, 6))"
    return f"coalesce({plain}, {ungrouped})"


def phone_sql(cell: str) -> str:
    """Return SQL of a phone's keyed hash (HMAC-SHA-256); masked or short numbers are empty.

    The two pads stand in engine variables, so that no key is ever part of a statement.
    """
    digits = f"regexp_replace(regexp_replace({cell}, '[^0-9]', '', 'g'), '^(00)?86(1[0-9]{{10}})$', '\\2')"
    return f"CASE WHEN NOT contains({cell}, '*') AND length({digits}) BETWEEN 7 AND 15 THEN {_keyed(digits)} END"


def secret_sql(cell: str) -> str:
    """Return SQL of a personal handle's keyed hash (e-mail, member name); masked ones are empty."""
    return f"CASE WHEN NOT contains({cell}, '*') THEN {_keyed(f'lower(trim({cell}))')} END"


def _keyed(text: str) -> str:
    inner = f"sha256(getvariable('retailkit_ipad') || encode({text}))"
    return f"sha256(getvariable('retailkit_opad') || unhex({inner}))"
