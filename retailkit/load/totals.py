"""The lines in which a file adds up its own rows: above the header, right below it, or at the end.

Only the first and last lines of a file are looked at, so that a file without totals costs nothing. What a line
states stands under the column's name; a figure without a column (``合计：1,172.48元``) and a number of rows
(``共 1,234 条``) stand beside.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from retailkit.load.engine import Connection, first, literal, quote

CELL = "\x1f"
"""Between the cells of a line that is kept whole."""
FIRST, LAST = 3, 12
"""Lines below the header and at the end among which totals are looked for."""
WORD = re.compile(
    r"(?:人民币|RMB|CNY)?\s*(?P<word>合\s*计|总\s*计|总\s*合\s*计|汇\s*总|总\s*金?\s*额|(?:grand[ _]*)?totals?|sum)"
    r"\s*(?P<what>金额|数量|amount|quantity)?\s*(?:[(（][^()（）]{0,8}[)）])?\s*[:：=]?",
    re.IGNORECASE,
)
"""What a line of totals says of itself, in a cell of its own."""
PARTS = (
    r"(?i)(?:^|\x1f)(?:[^\x1f]{0,20}(?:合\s*计|总\s*计|小\s*计|汇\s*总)|(?:grand |sub)?totals?(?: for [^\x1f]*)?"
    r"|[^\x1f]{1,20} (?:sub)?totals?|sum)\s*[:：=]?(?:\x1f|$)"
)
"""The same of any group of lines, as the engine finds it in a cell (``华东小计``, ``Total for May``)."""
PART = f'coalesce(regexp_matches("@line", {literal(PARTS)}), false)'
"""SQL of whether a kept line adds up others, be it all of them or some."""
_HINT = r"(?i)合\s*计|总|小\s*计|汇\s*总|共|total|sum|records?|rows?|lines?|记录|数据条数"
_GRAND = re.compile(r"(?i)总|grand")
_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d+)"
_COUNTS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    r"(?<!本页)(?<!当前页)(?:共|合\s*计|总\s*计)\s*(?:计|有)?\s*[:：]?\s*" + _NUMBER + r"\s*(?:条|笔|行|单|个?订单)",
    r"(?:总记录数|记录总数|总条数|总笔数|总行数|记录数|记录条数|数据条数|总单数)\s*[:：=,]?\s*" + _NUMBER + r"(?![\d.])",
    r"\b(?:total|number of)\s+(?:number of\s+)?(?:records?|rows?|lines?|orders?|transactions?)\s*[:：=,]?\s*" + _NUMBER
    + r"(?![\d.])",
    r"^\W*(?:records?|rows?)\s*(?:count|exported)?\s*[:：=,]\s*" + _NUMBER + r"(?![\d.])",
    r"^(?:total[:：,]?\s*)?" + _NUMBER + r"\s+(?:records?|rows?|lines?)(?:\s+(?:in total|exported|found))?\W*$",
))  # fmt: skip
_COUNT_CELL = re.compile(_NUMBER + r"\s*(?:条|笔|行|单|records?|rows?|lines?)", re.IGNORECASE)
_FIGURE = re.compile(r"[-+(（]?\s*[¥￥$€£]?\s*[-(（]?\d[\d.,\s\u00a0]*\s*(?:元|件|个|人|次)?\s*[-)）]?")
_BESIDE = re.compile(
    rf"(?:{WORD.pattern})\s*(?P<figure>[-+]?[¥￥$€£]?\s*\d[\d,]*\.\d+|[-+]?[¥￥$€£]\s*\d[\d,]*|[-+]?\d[\d,.]*\s*元)\s*元?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Total:
    """What one line of a file states about its rows.

    ``figures`` are cells by column, ``loose`` those of which no column can be told, ``rows`` how many rows there
    are said to be; ``line`` counts from the file's first line where it is above the header, else ``row`` from the
    first row. ``column`` and ``word`` tell by which cell the line is known.
    """

    cells: tuple[str, ...]
    column: str = ""
    word: str = ""
    figures: dict[str, str] = field(default_factory=dict)
    loose: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    line: int = 0
    row: int = 0

    @property
    def key(self) -> str:
        """The filled cells: by them the line is found again among the rows."""
        return CELL.join(self.cells)

    @property
    def grand(self) -> bool:
        """Whether it calls itself the total of all totals."""
        return bool(_GRAND.search(self.word))


def stated(
    names: Sequence[str],
    needed: Sequence[str],
    above: Sequence[Sequence[str]],
    below: Sequence[Sequence[str]],
    last: Sequence[Sequence[str]],
) -> tuple[Total, ...]:
    """Return the totals that a file states, those above its header first.

    Parameters
    ----------
    names, needed : the columns of the file, and those of them that every row must fill.
    above, below, last : cells of the lines above the header, of the first rows and of the last ones.
    """
    found = [
        replace(total, line=number)
        for number, cells in enumerate(above, 1)
        if (total := _total(names, (), [c.strip() for c in cells], True))
    ]
    rows: dict[str, Total] = {}
    for cells in [*below[:FIRST], *last[-LAST:]]:
        if total := _total(names, needed, [c.strip() for c in cells], False):
            rows[total.key] = total
    return (*found, *rows.values())


def last_records(tail: str, delimiter: str) -> list[list[str]]:
    """Return the cells of the last lines of a text."""
    records: list[list[str]] = []
    with suppress(csv.Error):
        lines = tail.rstrip().split("\n")[-4 * LAST :]
        records = [row for row in csv.reader(lines, delimiter=delimiter) if any(c.strip() for c in row)]
    return records[-LAST:]


def line_sql(names: Sequence[str]) -> str:
    """Return SQL of the filled cells of a row, where a word among them is one of totals."""
    cells = ", ".join(f"nullif(trim({quote(n)}), '')" for n in names)
    whole = f"concat_ws(chr(31), {cells})"
    return f"CASE WHEN regexp_matches({whole}, {literal(_HINT)}) THEN {whole} END"


def find_rows(con: Connection, rows: str, totals: Sequence[Total]) -> tuple[Total, ...]:
    """Add to each line of totals below the header the number of its row."""
    if not any(not t.line for t in totals):
        return tuple(totals)
    (last,) = first(con, f"SELECT max(source_row) FROM {rows}") or (0,)
    ends = f"source_row <= {4 * FIRST} OR source_row > {(last or 0) - 4 * LAST}"
    found = con.execute(f'SELECT "@line", source_row FROM {rows} WHERE "@line" IS NOT NULL AND ({ends})').fetchall()
    places = {
        CELL.join(filter(None, map(_plain, line.split(CELL)))): row for line, row in sorted(found, key=lambda r: r[1])
    }
    known = [replace(t, row=places[t.key]) for t in totals if t.key in places]
    return (*(t for t in totals if t.line), *known)


def _total(names: Sequence[str], needed: Sequence[str], cells: list[str], above: bool) -> Total | None:
    """Return what a line states, None where it is a row or says nothing of the kind."""
    filled = [(i, c) for i, c in enumerate(cells) if c]
    if not filled:
        return None
    plain = tuple(_plain(c) for _, c in filled)
    at, first = filled[0][0], plain[0]
    rows = _rows_stated(cells, first, above)
    word = WORD.fullmatch(first)
    if word is None and not above and not _whole(names, needed, cells):
        # behind figures alone the word may stand too: in the column of remarks, say
        behind = next((n for n, c in enumerate(plain) if WORD.fullmatch(c)), 0)
        if behind and all(_FIGURE.fullmatch(c) for c in plain[:behind]):
            word, at, first = WORD.fullmatch(plain[behind]), filled[behind][0], plain[behind]
    others = [(i, c) for (i, _), c in zip(filled, plain, strict=True) if i != at]
    if not above and _is_row(names, needed, cells, others):
        return None
    if word is None:
        beside = _BESIDE.fullmatch(first) if len(filled) == 1 else None
        if not rows and beside is None:
            return None
        loose = (beside["figure"],) if beside else ()
        column = names[at] if at < len(names) else ""
        return Total(plain, column, first, {}, loose, rows)
    figures = {i: c for i, c in others if _FIGURE.fullmatch(c) and not _COUNT_CELL.fullmatch(c)}
    counts = tuple(_number(m[1]) for _, c in others if (m := _COUNT_CELL.fullmatch(c)))
    # the one figure right beside the word belongs to no column where the line is shorter than the rows, or above them
    alone = list(figures) == [at + 1] and (above or len(cells) < len(names))
    if alone or (above and len(cells) < len(names)):
        return Total(plain, names[at] if at < len(names) else "", first, {}, tuple(figures.values()), rows + counts)
    by_name = {names[i]: c for i, c in figures.items() if i < len(names) and names[i][0] != "@"}
    return Total(plain, names[at] if at < len(names) else "", first, by_name, (), rows + counts)


def _rows_stated(cells: Sequence[str], first: str, above: bool) -> tuple[int, ...]:
    """Return the numbers of rows that a line states: in its first cell and the one beside it, above the header in any."""
    line = ",".join(cells).strip(",").strip()
    found = [m for pattern in _COUNTS if (m := pattern.search(line))]
    return tuple(_number(m[1]) for m in found[:1] if above or m.start() <= len(first))


def _is_row(
    names: Sequence[str], needed: Sequence[str], cells: Sequence[str], others: Sequence[tuple[int, str]]
) -> bool:
    """Tell whether a line is a row all the same: it has every cell that a row must have, and texts among the others."""
    texts = [
        c for _, c in others if re.search(r"[^\W\d_]", c) and not _FIGURE.fullmatch(c) and not _COUNT_CELL.search(c)
    ]
    times = [c for _, c in others if re.search(r"\d[-/.:年]\d", c) and not _FIGURE.fullmatch(c)]
    return _whole(names, needed, cells) and bool(texts or times)


def _whole(names: Sequence[str], needed: Sequence[str], cells: Sequence[str]) -> bool:
    """Tell whether a line fills every cell that a row must have."""
    places = {n: i for i, n in enumerate(names)}
    return all(places[n] < len(cells) and bool(cells[places[n]]) for n in needed if n in places)


def _plain(cell: str) -> str:
    """Return a cell without the wrappings of spreadsheets."""
    cell = cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell
    return cell.strip("`'\u00a0\u3000\ufeff \t")


def _number(text: str) -> int:
    return int(text.replace(",", ""))
