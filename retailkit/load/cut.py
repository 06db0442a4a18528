"""Orders that are put together from lines, of which a file may hold a part only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from retailkit.load.engine import Connection, quote
from retailkit.load.hashes import all_different
from retailkit.load.published import published_rows, read_manifest
from retailkit.schema import table
from retailkit.spoken import said, several


def cut_orders(
    con: Connection, store: Path, relations: Mapping[str, Sequence[str]], of_lines: Sequence[str], lang: str = "en"
) -> list[str]:
    """Return sentences about orders that two files tell with another paid amount: the later file's hold.

    An order that was exported twice has one amount, whatever became of it since. An export that was cut into
    files leaves the lines of an order in two of them, and of these the earlier ones would not count.

    Parameters
    ----------
    relations : per table, the rows of each file of this load, in the order of the files.
    of_lines : those of ``relations["orders"]`` that were put together from lines.
    """
    if not of_lines:
        return []
    told, key = list(relations["orders"]), ", ".join(map(quote, table("orders").key))
    version = read_manifest(store)["tables"].get("orders")
    told += [f"({published_rows(store, 'orders', version)})"] if version is not None else []
    if len(told) == 1:
        return []
    rows = " UNION ALL ".join(
        f"SELECT {key}, gross_amount, {rows in of_lines} AS of_lines FROM {rows}" for rows in told
    )
    if all_different(con, key, f"({rows})"):
        return []
    apart = (
        f"SELECT {key} FROM ({rows}) GROUP BY ALL HAVING bool_or(of_lines) AND min(gross_amount) <> max(gross_amount)"
    )
    found = con.execute(f"SELECT merchant, count(*) FROM ({apart}) GROUP BY 1 ORDER BY 1").fetchall()
    return [
        said(
            lang,
            f"merchant {merchant}: {several(n, 'order')} made of lines {'stands' if n == 1 else 'stand'} in several files "
            "with different paid amounts, and the last file holds: if one export was cut into files, put these together "
            "and load again, else lines are missing",
            f"商户{merchant}：有{n:,}笔由明细行合并的订单出现在多个文件中且实付金额不同，以最后一个文件为准："
            "若为同一导出拆分成的多个文件，请合并后重新导入，否则会缺少明细",
        )
        for merchant, n in found
    ]
