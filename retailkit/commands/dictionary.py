"""The data dictionary (``data/README.md``), written from the declared tables."""

from __future__ import annotations

from pathlib import Path

import click

from retailkit.schema import OTHER_NAMES, TABLES, Column, Table

KINDS = {
    "id": "text", "text": "text", "int": "whole number (64 bits)", "money": "whole number (64 bits), minor unit",
    "float": "number", "bool": "yes / no", "instant": "instant, UTC", "date": "day",
}  # fmt: skip
HEAD = """# Data dictionary

Written by `retailkit dictionary` from `retailkit/schema/`; do not edit.

`cohorts/` holds one file per cohort: its merchants, dates, and where their exports lie. Every
export is renamed and typed into the tables below, once, on entry. Ids are text. Money is a
whole number of the currency's minor unit (fen, cent, penny). An *instant* is in UTC without a
zone mark; beside a table's main instant stands the *day* in the merchant's own zone. Shares
are fractions. The key makes a row unique; the time decides what was known on a study's day.
"""


TOUCHPOINTS = """## Names of touchpoints / 触点名称

Columns marked *touchpoint* are read under one name by whoever opens the store; files and what is stored stay as they
are. A merchant's own names stay too; chapter 3 says which of them, in costs, owners or lift tests, no visit, message,
order or campaign has, and the nearest one there is. 标有 *touchpoint* 的列在打开数据仓时统一名称，文件与已存数据不变；
商户自己的名称保留，若费用、责任人或增量实验中的名称在访问、消息、订单和活动中都没有，第3章会指出，并给出最接近的触点。

| touchpoint | English | 中文 | also / 别名 | what it is |
|---|---|---|---|---|
"""


def _touchpoints() -> str:
    from retailkit.attribute.scenes import touchpoint_names

    also = {
        own: ", ".join(f"`{o}`" for o, meant in OTHER_NAMES.items() if meant == own) for own in OTHER_NAMES.values()
    }
    rows = touchpoint_names().itertuples()
    return TOUCHPOINTS + "".join(
        f"| `{r.touchpoint}` | {r.title_en} | {r.title_zh} | {also.get(r.touchpoint, '')} | {r.meaning} |\n"
        for r in rows
    )


def dictionary_text() -> str:
    """The page: tables by room, each with what a row is, its key, and its columns."""
    parts = [HEAD]
    for room in dict.fromkeys(t.room for t in TABLES.values()):
        parts.append(f"## {room[0].upper()}{room[1:]}\n")
        parts += [_table(t) for t in TABLES.values() if t.room == room]
    return "\n".join([*parts, _touchpoints()])


def _table(table: Table) -> str:
    time = f"; time: `{table.time}`" if table.time else ""
    lines = [
        f"### `{table.name}`",
        "",
        f"One row: {table.row}. Key: {', '.join(f'`{k}`' for k in table.key)}{time}.",
        "",
    ]
    lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
    lines += [_column(c) for c in table.columns]
    return "\n".join(lines) + "\n"


def _column(column: Column) -> str:
    rules = ["required"] if column.required else []
    rules += ["*touchpoint*"] if column.touchpoint else []
    if column.one_of:
        rules.append("one of " + ", ".join(column.one_of))
    if column.minimum is not None and column.kind != "money":
        top = f" to {column.maximum:g}" if column.maximum is not None else " or more"
        rules.append(f"{column.minimum:g}{top}")
    meaning = column.meaning + (f" ({'; '.join(rules)})" if rules else "")
    unit = "" if column.unit in ("minor unit", "UTC", "merchant's zone") else column.unit
    return f"| `{column.name}` | {KINDS[column.kind]} | {unit} | {meaning.replace('|', chr(92) + '|')} |"


LAYOUTS_HEAD = """# Layouts: the exports that can be read

Written by `retailkit dictionary`; do not edit. *Exact header*: the header was seen in a real export. *From API
reference*: made after the source's own field list. *Doubtful*: something about the source is not settled; its note
below says what. How to write your own: [layouts/README.md](../retailkit/load/layouts/README.md).

| layout | export | status | files | tables | source |
|---|---|---|---|---|---|
"""


def layouts_text() -> str:
    """The page of all layouts (``docs/layouts.md``): one line each, then what is particular about each source."""
    from retailkit.load import list_layouts

    known = list(list_layouts().itertuples())
    lines = [f"| `{r.layout}` | {r.title} | {r.status} | {r.format} | {r.tables} | {r.source} |" for r in known]
    notes = [f"- `{r.layout}`: {r.notes}" for r in known if r.notes]
    return LAYOUTS_HEAD + "\n".join([*lines, "", "## Notes", "", *notes, "", *_kept_by_merchants()]) + "\n"


def _kept_by_merchants() -> list[str]:
    """Lines on the tables that no layout carries, and on what the simulated merchants keep beside their vendors' files."""
    from retailkit.load.layout import layout_names, read_layout
    from retailkit.simulate.vendors import OWN

    carried = {block.table for name in layout_names() for block in read_layout(name).tables}
    none = [t.name for t in TABLES.values() if t.room != "derived" and t.name not in carried and t.name != "merchants"]
    return [
        "## What no layout carries",
        "",
        f"No vendor's export is known for {', '.join(f'`{name}`' for name in none)}. Keep each as a plain CSV or Parquet file "
        "with the table's own columns ([data dictionary](../data/README.md)) and load it as `canonical_<table>`.",
        "",
        "## What the simulated merchants keep themselves",
        "",
        "`retailkit simulate` writes what a merchant's vendors export in their own files. The rest lies beside them in plain "
        "canonical Parquet, as the merchant's own analyst keeps it; donors give sales, refunds and daily totals only, all plain.",
        "",
        "| table | rows that are in no vendor's file |",
        "|---|---|",
        *(f"| `{name}` | {why} |" for name, why in OWN.items()),
    ]


def write_pages(check: bool = False) -> list[Path]:
    """Write both pages and return their paths; with ``check`` write nothing.

    Raises
    ------
    click.ClickException
        With ``check``, if a page is not up to date.
    """
    pages = {Path("data/README.md"): dictionary_text(), Path("docs/layouts.md"): layouts_text()}
    if check:
        stale = [str(p) for p, text in pages.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
        if stale:
            raise click.ClickException(f"not up to date: {', '.join(stale)} (write: retailkit dictionary)")
        return []
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(pages)
