"""The unit that a column's heading, or a line above the header, states for amounts: against the one that the layout says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retailkit.load.errors import LoadError
from retailkit.load.layout import Layout
from retailkit.load.raw import Raw
from retailkit.load.rules import MAJOR
from retailkit.schema import table
from retailkit.spoken import said

STATED = {
    "元": 1.0,
    "分": 0.01,
    "千元": 1e3,
    "千": 1e3,
    "万元": 1e4,
    "万": 1e4,
    "百万元": 1e6,
    "百万": 1e6,
    "亿元": 1e8,
    "亿": 1e8,
}
"""Units as headings write them, in yuan."""
_WORDS = "|".join(sorted(STATED, key=len, reverse=True))
_HEADING = re.compile(rf"[(（\[【]\s*(?:单位\s*[:：]?\s*)?(?:人民币)?({_WORDS})\s*[)）\]】]$")
_ABOVE = re.compile(rf"单位\s*[:：]\s*(?:人民币)?({_WORDS})(?![\u4e00-\u9fff])")


def refuse_other_unit(raw: Raw, layout: Layout, file: str) -> None:
    """Refuse amounts whose heading states another unit than the layout: all of them would be wrong by one factor.

    Raises
    ------
    LoadError
        Names the column, its unit and the layout's.
    """
    for column, unit in _amounts(layout):
        heading = _HEADING.search(raw.found.get(column, ""))
        if heading and _yuan(unit) != STATED[heading[1]]:
            fit = next((u for u in ("yuan", "fen", "千元", "万元") if _yuan(u) == STATED[heading[1]]), None)
            raise LoadError(
                f"the heading of column '{raw.found[column]}' states another unit than the layout ('{unit}')",
                file,
                f"amounts in {heading[1]}",
                f'say unit = "{fit}" for this field' if fit else "export the amounts in yuan or 万元",
            )


def other_unit_above(raw: Raw, layout: Layout, lang: str) -> list[str]:
    """Say that a line above the header states another unit than the layout: it may speak of some columns only."""
    line = _ABOVE.search(raw.preamble)
    units = dict.fromkeys(u for column, u in _amounts(layout) if not _HEADING.search(raw.found.get(column, "")))
    other = [u for u in units if line and _yuan(u) != STATED[line[1]]]
    if line is None or not other:
        return []
    return [
        said(
            lang,
            f"a line above the header states amounts in {line[1]}, the layout reads '{other[0]}': check one amount",
            f"表头上方写明单位为{line[1]}，布局按{other[0]}读取：请核对一笔金额",
        )
    ]


def _amounts(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield each column that is read as an amount, with its unit in the layout."""
    for block in layout.tables:
        for name, rule in block.fields.items():
            if rule.unit and name in table(block.table).names and table(block.table)[name].kind == "money":
                cases = (c for case in rule.cases for c in case.source)
                yield from ((column, rule.unit) for column in (*rule.source, *rule.plus, *rule.minus, *cases))


def _yuan(unit: str) -> float:
    return float(MAJOR.get(unit, 0.01))
