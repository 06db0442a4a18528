"""Orders and visits that are put together from lines or events, of which a file may hold a part only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from retailkit.load.engine import Connection, quote
from retailkit.load.published import published_rows, read_manifest
from retailkit.schema import table
from retailkit.spoken import said, several

SAME = {"orders": "gross_amount", "sessions": "started_at"}
"""What an order or a visit that is exported again has in common with itself, whatever became of it since."""


def cut_apart(
    con: Connection,
    store: Path,
    relations: Mapping[str, Sequence[str]],
    grouped: Mapping[str, frozenset[str]],
    lang: str = "en",
) -> list[str]:
    """Return sentences about orders and visits that several files tell otherwise: the last file's hold.

    An order that was exported twice has one amount, and a visit one start. An export that was cut into files, by
    rows or by days, leaves the lines of an order and the events of a visit in two of them, and the earlier ones
    would not count.

    Parameters
    ----------
    relations : per table, the rows of each file of this load.
    grouped : those of them that were put together from lines or events, and the merchants whose rows they have.
    """
    found = []
    for name in SAME:
        made = {rows: grouped[rows] for rows in relations.get(name, ()) if rows in grouped}
        if made:
            found += [_sentence(name, merchant, n, lang) for merchant, n in _apart(con, store, name, made)]
    return found


def _apart(con: Connection, store: Path, name: str, made: Mapping[str, frozenset[str]]) -> list[tuple[str, int]]:
    """Merchants, and how many of their rows another file, of this load or before, tells otherwise."""
    key, apart = ", ".join(map(quote, table(name).key)), []
    rows = {part: f"SELECT {key}, {SAME[name]} AS same FROM {part}" for part in made}
    beside = [rows[part] for part, own in made.items() if any(own & theirs for p, theirs in made.items() if p != part)]
    new = " UNION ALL ".join(beside)
    if beside:
        apart.append(f"SELECT {key} FROM ({new}) GROUP BY ALL HAVING min(same) <> max(same)")
    version = read_manifest(store)["tables"].get(name)
    if version is not None:  # what is new is the smaller side of the join: the store is read once
        old, new = (
            published_rows(store, name, version, frozenset().union(*made.values())),
            " UNION ALL ".join(rows.values()),
        )
        apart.append(f"SELECT {key} FROM ({old}) JOIN ({new}) USING ({key}) WHERE {SAME[name]} <> same")
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
