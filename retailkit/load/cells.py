"""One cell as SQL: text to number, time or keyed hash. A cell that does not fit is empty, never another value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from retailkit.load.engine import literal, quote
from retailkit.load.names import LATIN, OFFICE, PERSON, POST, STAFF_NUMBER

STEADY = "TIMESTAMP '1992-01-02'"
"""From here on a steady zone's distance to UTC is taken as a constant: twice as fast as the engine's zones."""
TIME_FORMATS = (
    *(
        f"{day}{clock}"
        for day in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
        for clock in (" %H:%M:%S", " %H:%M", "", " %H:%M:%S.%f", "T%H:%M:%S", "T%H:%M:%S.%f")
    ),
    *(
        "%Y%m%d",
        "%Y%m%d%H%M%S",
        "%Y年%m月%d日%H:%M:%S",
        "%Y年%m月%d日 %H时%M分%S秒",
        "%Y年%m月%d日 %H时%M分",
        "%Y-%m-%dT%H:%M",
    ),
)
GAPS = " \t\u00a0\u2009\u202f"
"""Blanks that may stand between thousands."""
WIDE, NARROW = "０１２３４５６７８９．，：／－（）％　", "0123456789.,:/-()% "
"""Figures and marks as wide as a Chinese character, and the same in ASCII."""
MORNING, EVENING = "上午|早上|凌晨", "下午|傍晚|晚上"
"""Halves of a day; what is not of one half only (``中午``, ``晚上12:10``) stays unread."""
_HALF = rf"\s*(?:({MORNING})|({EVENING}))\s*(\d{{1,2}})(?=[:时点])"
MARKS = "¥￥$€£₩元円"
"""Marks of currencies that may stand before or after an amount; between figures they part two (``5€50``, ``¥100 ¥80``)."""
FIGURES = "-?[0-9]+(?:[.,][0-9]+)*"
"""The figures of one number with all that separates them, so that none is cut short (``1.234,56``)."""
_SUFFIX = r"\s*\b(\d{1,2})(:\d\d(?::\d\d)?)\s*([AaPp])\.?[Mm]\.?$"


def utc(local: str, zone: str) -> str:
    """Return SQL of the UTC instant of a local time in a zone (an SQL text)."""
    if zone == "'UTC'":
        return local
    exact = f"timezone('UTC', timezone({zone}, {local}))"
    hours = _steady_hours(zone)
    return exact if hours is None else f"CASE WHEN {local} >= {STEADY} THEN {local} - {hours} ELSE {exact} END"


def local_day(instant: str, zone: str) -> str:
    """Return SQL of the local date of a UTC instant in a zone (an SQL text)."""
    if zone == "'UTC'":
        return f"CAST({instant} AS DATE)"
    exact = f"CAST(timezone({zone}, timezone('UTC', {instant})) AS DATE)"
    hours = _steady_hours(zone)
    moved = f"CAST({instant} + {hours} AS DATE)"
    return exact if hours is None else f"CASE WHEN {instant} >= {STEADY} THEN {moved} ELSE {exact} END"


def time_sql(cell: str, formats: Sequence[str], samples: Sequence[str] = ()) -> str:
    """Return SQL of a local time written in one of some formats.

    A format that does not fit costs fifty times one that does, so those that read the
    ``samples`` are tried first; the others are still tried where they fail.
    """
    shapes = {re.sub(r"[0-9]", "0", text): text for text in sorted(samples)}.values()
    fit = [f for f in formats if any(_fits(text, f) for text in shapes)]
    rest = [f for f in formats if f not in fit]
    tries = [f"try_strptime({cell}, [{', '.join(map(literal, some))}])" for some in (fit, rest) if some]
    return f"coalesce({', '.join((*tries, _half_day_sql(cell, formats)))})"


def _half_day_sql(cell: str, formats: Sequence[str]) -> str:
    """Return SQL of a time in wide figures or on a clock of twelve hours (``下午3:05``, ``3:05 PM``); of others empty."""
    halved = [re.sub("[ T]?%H", " %p%I", f) for f in formats if "%H" in f]
    listed = ", ".join(map(literal, dict.fromkeys([*halved, *formats])))
    text = f"translate({cell}, {literal(WIDE)}, {literal(NARROW)})"
    for words, half in ((MORNING, "AM"), (EVENING, "PM")):
        text = f"regexp_replace({text}, '\\s*(?:{words})\\s*([0-9]{{1,2}}[:时])', ' {half}\\1')"
    text = f"regexp_replace({text}, '\\s+([0-9:]+)\\s*([AaPp])\\.?[Mm]\\.?$', ' \\2M\\1')"
    # most cells that no format reads are ASCII and have no half of a day: they are not written anew
    odd = f"strlen({cell}) <> length({cell}) OR ({cell})[-1] IN ('M', 'm', '.')"
    midnight = f"regexp_matches({cell}, '晚上\\s*12')"
    return f"CASE WHEN {odd} THEN CASE WHEN NOT {midnight} THEN try_strptime({text}, [{listed}]) END END"


def narrow(text: str) -> str:
    """Return a text with its wide figures and marks in ASCII.

    >>> narrow("１２．５０")
    '12.50'
    """
    return text.translate(str.maketrans(WIDE, NARROW))


def in_24_hours(text: str) -> str:
    """Return a time on a clock of twelve hours as one of twenty-four; others as they are.

    >>> in_24_hours("2024/3/1 下午3:05"), in_24_hours("3/1/2024 12:10:05 AM"), in_24_hours("2024-03-01 10:00")
    ('2024/3/1 15:05', '3/1/2024 0:10:05', '2024-03-01 10:00')
    """
    text = narrow(text)
    if (found := re.search(_HALF, text)) and int(found[3]) <= 12:
        return f"{text[: found.start()]} {int(found[3]) % 12 + (12 if found[2] else 0)}{text[found.end() :]}"
    if (found := re.search(_SUFFIX, text)) and int(found[1]) <= 12:
        return f"{text[: found.start()]} {int(found[1]) % 12 + (12 if found[3] in 'pP' else 0)}{found[2]}"
    return text


def _fits(text: str, form: str) -> bool:
    try:
        return bool(datetime.strptime(text, form))
    except ValueError:
        return False


def _steady_hours(zone: str) -> str | None:
    """Return SQL of a zone's distance to UTC if it has not changed since 1992 (as China's), else None."""
    try:
        place = ZoneInfo(zone.strip("'"))
    except (KeyError, ValueError, OSError):
        return None
    months = (datetime(year, month, 1, tzinfo=place) for year in range(1992, 2038) for month in (1, 4, 7, 10))
    offsets = {moment.utcoffset() for moment in months}
    steady = offsets.pop() if len(offsets) == 1 else None
    return None if steady is None else f"INTERVAL {int(steady.total_seconds())} SECOND"


def number_sql(text: str, decimal: str = ".", extract: bool = False) -> str:
    """Return SQL of a text as DECIMAL(18, 6): currency marks and thousands separators are taken off.

    A comma that does not separate thousands makes the cell unreadable, never another number. Accountants' negatives,
    ``(35.00)`` and ``35.00-``, are below nought, but among words (``extract``) brackets are only brackets. ``1.2万`` is
    12,000; figures may be as wide as Chinese characters.
    """
    plain = f"TRY_CAST({text} AS DECIMAL(18, 6))"
    odd = f"regexp_matches({text}, '[万亿０-９]|[0-9][{GAPS}]+[0-9]')"
    # not coalesce(): the engine takes what it finds twice in one out of it, and computes that for every row
    # nor is an empty cell searched; asked second, so that plain numbers are not asked at all
    marked = (
        f"CASE WHEN {odd} THEN {_odd_number(text, decimal, extract)} ELSE {_marked_number(text, decimal, extract)} END"
    )
    if decimal == ",":
        return marked
    return f"CASE WHEN {plain} IS NOT NULL THEN {plain} WHEN {text} IS NOT NULL THEN {marked} END"


def _marked_number(text: str, decimal: str, extract: bool) -> str:
    """Return SQL of a number with marks, with separators between thousands or in an accountant's brackets.

    Figures on both sides of a mark are two numbers: among words the first counts, alone they are none.
    """
    blank = f"\\s{GAPS[2:]}"
    if extract:
        first = f"regexp_replace({text}, '(?s)([0-9])[{blank}]*[{MARKS}].*', '\\1')"
        return _first_number(f"regexp_replace({first}, '[{MARKS}{blank}]', '', 'g')", decimal)
    two = f"regexp_matches({text}, '[0-9.,][{blank}]*[{MARKS}][{MARKS}{blank}]*[0-9.,]')"
    bare = f"CASE WHEN NOT {two} THEN regexp_replace({text}, '[{MARKS}{blank}]', '', 'g') END"
    # the last letter first: it costs a tenth of the pattern, which few cells then meet
    books = f"""{text}[-1] IN (')', '）', '-') AND regexp_matches("@bare", '^([(（][0-9.,]+[)）]|[0-9.,]+-)$')"""
    signed = f"""CASE WHEN {books} THEN '-' || regexp_replace("@bare", '[^0-9.,]', '', 'g') ELSE "@bare" END"""
    return _let("@bare", bare, _let("@digits", signed, _separated(decimal)))


def _first_number(text: str, decimal: str) -> str:
    """Return SQL of the first number among words."""
    return _let("@digits", f"regexp_extract({text}, {literal(FIGURES)})", _separated(decimal))


def _separated(decimal: str) -> str:
    """Return SQL of the number in ``"@digits"``, which may have separators between its thousands."""
    if decimal == ",":
        german = "'^[-+]?([0-9]{1,3}(\\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$'"
        plain = (
            f"""CASE WHEN regexp_matches("@digits", {german}) THEN replace(replace("@digits", '.', ''), ',', '.') END"""
        )
    else:
        grouped = "'^[-+]?[0-9]{1,3}(,[0-9]{3})+(\\.[0-9]+)?$'"
        plain = (
            f"""CASE WHEN regexp_matches("@digits", {grouped}) THEN replace("@digits", ',', '') ELSE "@digits" END"""
        )
    return f"TRY_CAST({plain} AS DECIMAL(18, 6))"


def _odd_number(text: str, decimal: str, extract: bool) -> str:
    """Return SQL of a number in wide figures, in ``万``, or with blanks between its thousands."""
    many = f"""regexp_matches("@narrow", '[0-9][{GAPS}]*万[{GAPS}元]*$')"""
    figures = f"""CASE WHEN {many} THEN regexp_replace("@narrow", '万[{GAPS}元]*$', '') ELSE "@narrow" END"""
    number = _let("@figures", figures, _marked_number('"@figures"', decimal, extract))
    # with room for what is too large, which is no number below
    number = f"CASE WHEN {many} THEN 10000 ELSE 1 END * CAST({number} AS DECIMAL(28, 6))"
    # 12 345 is a number, 12 34, 1234 567 and 12.5 300 are two
    two = f"[0-9][{GAPS}]+([0-9]{{1,2}}([^0-9]|$)|[0-9]{{4}})|([0-9]{{4}}|[.,][0-9]*)[{GAPS}]+[0-9]"
    two = f"""regexp_matches("@narrow", '{two}')"""
    first = _first_number('"@narrow"', decimal) if extract else "NULL"
    other = f"""regexp_matches("@narrow", '[0-9][{GAPS}]*[万亿]')"""  # 1万2 and 1.2亿 are none of these
    either = f"CASE WHEN {other} AND NOT {many} THEN NULL WHEN {two} THEN {first} ELSE {number} END"
    wide = f"translate({text}, {literal(WIDE)}, {literal(NARROW)})"
    return f"TRY_CAST({_let('@narrow', wide, either)} AS DECIMAL(18, 6))"


def _let(name: str, value: str, within: str) -> str:
    """Return SQL in which a value has a name: written out at each of its places, it is planned and computed there."""
    return f"list_transform([{value}], lambda {quote(name)}: {within})[1]"


def id_sql(text: str) -> str:
    """Return SQL of an id; empty where a float or a spreadsheet has rounded it.

    A whole number with ``.0`` was a float: up to fifteen digits all are there, and the ``.0`` is taken off. Of
    sixteen and more a spreadsheet keeps fifteen, a float not every last one, and a text does not tell which of
    them wrote it: such an id is lost, and so is every number with an exponent.
    """
    short, long = (f"regexp_matches({text}, '^{digits}$')" for digits in ("[0-9]{1,15}\\.0", "[-+]?[0-9]{16,}\\.0+"))
    number = f"CASE WHEN {_exponent(text)} OR {long} THEN NULL WHEN {short} THEN left({text}, -2) ELSE {text} END"
    # what starts with a letter, or has neither a point nor an exponent, was never a float: nearly every id
    marked = " OR ".join(f"contains({text}, '{mark}')" for mark in ".eE")
    return f"CASE WHEN {text} < ':' AND ({marked}) THEN {number} ELSE {text} END"


def phone_sql(text: str) -> str:
    """Return SQL of a phone's keyed hash (HMAC-SHA-256); masked, rounded or short numbers are empty.

    The two pads stand in engine variables, so that no key is ever part of a statement.
    """
    digits = _digits(f"regexp_replace({text}, '\\.0+$', '')")
    whole = f"NOT contains({text}, '*') AND NOT {_exponent(text)}"
    return f"CASE WHEN {whole} AND length({digits}) BETWEEN 7 AND 15 THEN {_keyed(digits)} END"


def secret_sql(cell: str) -> str:
    """Return SQL of a personal handle's keyed hash (e-mail, member name); masked ones are empty."""
    return f"CASE WHEN NOT contains({cell}, '*') THEN {_keyed(f'lower(trim({cell}))')} END"


def _digits(text: str) -> str:
    """Return SQL of a phone's digits, without China's code before a mobile one."""
    return f"regexp_replace(regexp_replace({text}, '[^0-9]', '', 'g'), '^(00)?86(1[0-9]{{10}})$', '\\2')"


def guide_sql(cell: str, named: bool) -> str:
    """Return SQL of a guide's id, or of a keyed hash where her phone or her name stands in its place.

    A phone has the hash that it has everywhere, whatever is written around it. Letters beyond ASCII or a blank make
    a name (no system gives such ids), but for a number with words that name nobody (``导购07``); in columns that show
    staff by name (``named``) so does a cell without digits. Blanks and capitals make no other name.
    """
    # bytes against letters: a tenth of the cost of a pattern, which only such cells then meet
    name = f"(strlen({cell}) <> length({cell}) OR contains({cell}, ' ')) AND NOT (regexp_full_match({cell}, "
    name += f"{literal(STAFF_NUMBER)}) AND regexp_matches({cell}, '[0-9]'))"
    name += f" OR NOT regexp_matches({cell}, '[0-9]')" if named else ""
    return _without_persons(cell, name)


def owner_sql(cell: str, named: bool = False) -> str:
    """Return SQL of a role, a department or an id as it is, and of a person's name or phone as its keyed hash.

    A Latin name looks like a post. Only in columns that show people by name (``named``) two or three capitalised
    words are one, unless a word of them belongs to posts (``Store Manager``).
    """
    person = f"regexp_full_match({cell}, {literal(PERSON)}) AND NOT regexp_matches({cell}, {literal(f'(?:{OFFICE})$')})"
    person = f"strlen({cell}) <> length({cell}) AND {person}"
    if named:
        latin = f"regexp_full_match({cell}, {literal(LATIN)}) AND NOT regexp_matches({cell}, {literal(POST)})"
        person = f"{person} OR {latin}"
    return _without_persons(cell, person)


def _without_persons(cell: str, name: str) -> str:
    """Return SQL of a cell, or of a keyed hash where a mobile phone stands in it or it is a ``name`` (SQL)."""
    mobile = "(?:^|[^0-9])(1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})(?:$|[^0-9])"
    phone = f"length({cell}) >= 11 AND regexp_matches({cell}, {literal(mobile)})"
    by_phone = _keyed(_digits(f"regexp_extract({cell}, {literal(mobile)}, 1)"))
    by_name = _keyed(f"lower(regexp_replace({cell}, '[\\s\u00a0\u3000]', '', 'g'))")
    return f"CASE WHEN {phone} THEN {by_phone} WHEN {name} THEN {by_name} ELSE {cell} END"


def handle_sql(parts: Sequence[str]) -> str:
    """Return SQL of one keyed hash of several cells: an account for rows that carry no id of their own.

    Fewer than two filled cells cannot tell one row from another: the hash is then empty.
    """
    filled = " + ".join(f"CAST({part} IS NOT NULL AS INTEGER)" for part in parts)
    text = " || chr(31) || ".join(f"coalesce({part}, '')" for part in parts)
    return f"CASE WHEN {filled} >= 2 THEN {_keyed(text)} END"


def _exponent(text: str) -> str:
    """Return SQL of 'a number as floats and spreadsheets write it when it is long'."""
    return f"regexp_matches({text}, '^[-+]?[0-9](\\.[0-9]+)?[eE]\\+?[0-9]{{2,3}}$')"


def _keyed(text: str) -> str:
    inner = f"sha256(getvariable('retailkit_ipad') || encode({text}))"
    return f"sha256(getvariable('retailkit_opad') || unhex({inner}))"
