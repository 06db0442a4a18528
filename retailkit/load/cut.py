"""Orders and visits that are put together from lines or events, of which a file may hold a part only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from retailkit.load.engine import Connection, quote
from retailkit.load.hashes import all_different
from retailkit.load.published import published_rows, read_manifest
from retailkit.schema import table
from retailkit.spoken import said, several

SAME = {"orders": "gross_amount", "sessions": "started_at"}
"""What an order or a visit that is exported again has in common with itself, whatever became of it since."""


def cut_apart(
    con: Connection, store: Path, relations: Mapping[str, Sequence[str]], grouped: Sequence[str], lang: str = "en"
) -> list[str]:
    """Return sentences about orders and visits that several files tell otherwise: the last file's hold.

    An order that was exported twice has one amount, and a visit one start. An export that was cut into files, by
    rows or by days, leaves the lines of an order and the events of a visit in two of them, and the earlier ones
    would not count.

    Parameters
    ----------
    relations : per table, the rows of each file of this load, in the order of the files.
    grouped : those of them that were put together from lines or events.
    """
    found = []
    for name in SAME:
        of_file = relations.get(name, ())
        if set(of_file) & set(grouped):
            found += [_sentence(name, merchant, n, lang) for merchant, n in _apart(con, store, name, of_file, grouped)]
    return found


def _apart(
    con: Connection, store: Path, name: str, of_file: Sequence[str], grouped: Sequence[str]
) -> list[tuple[str, int]]:
    """Merchants, and how many of their rows several files tell otherwise."""
    key, same = ", ".join(map(quote, table(name).key)), SAME[name]
    rows = {part: f"SELECT {key}, {same} AS same, {part in grouped} AS grouped FROM {part}" for part in of_file}
    new, apart = " UNION ALL ".join(rows.values()), []
    if len(rows) > 1 and not all_different(con, key, f"({new})"):
        apart.append(f"SELECT {key} FROM ({new}) GROUP BY ALL HAVING bool_or(grouped) AND min(same) <> max(same)")
    version = read_manifest(store)["tables"].get(name)
    if version is not None:  # what is new is the smaller side of the join: the store is read once
        old, made = (
            published_rows(store, name, version),
            " UNION ALL ".join(rows[part] for part in of_file if part in grouped),
        )
        apart.append(f"SELECT {key} FROM ({old}) JOIN ({made}) USING ({key}) WHERE {same} <> same")
    if not apart:
        return []
    both = " UNION ".join(apart)
    return con.execute(f"SELECT merchant, count(*) FROM ({both}) GROUP BY 1 ORDER BY 1").fetchall()


def _sentence(name: str, merchant: str, n: int, lang: str) -> str:
    stand = "stands" if n == 1 else "stand"
    if name == "orders":
        return said(
            lang,
            f"merchant {merchant}: {several(n, 'order')} made of lines {stand} in several files with different paid "
            "amounts, and the last file holds: if one export was cut into files, put these together and load again, else "
            "lines are missing",
            f"商户{merchant}：有{n:,}笔由明细行合并的订单出现在多个文件中且实付金额不同，以最后一个文件为准："
            "若为同一导出拆分成的多个文件，请合并后重新导入，否则会缺少明细",
        )
    return said(
        lang,
        f"merchant {merchant}: {several(n, 'visit')} made of events {stand} in several files with different starts, and the "
        "last file holds: where files end at midnight, these visits lack what came before it; put the files together "
        "where that matters",
        f"商户{merchant}：有{n:,}次由事件合并的访问出现在多个文件中且开始时间不同，以最后一个文件为准："
        "若文件按日切分，这些访问缺少零点以前的事件；如有影响，请合并文件后重新导入",
    )
