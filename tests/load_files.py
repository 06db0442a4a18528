"""Small exports and layouts that the tests of loading share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pandas as pd

from retailkit.load import load_file, open_store

ORDERS = """
title = "shop orders"
format = ["csv", "excel", "jsonl", "parquet"]
sensitive = ["收货人"]
[[tables]]
table = "orders"
[tables.fields]
order_id = "订单号"
account = { from = "会员", prefix = "shop" }
paid_at = "付款时间"
gross_amount = { from = "实付", unit = "yuan" }
net_amount = { from = "实付", unit = "yuan" }
"""
HEADER = "订单号,会员,付款时间,实付\n"
SAMPLES = Path(__file__).parent / "layouts"


def sample_of(layout: str) -> Path:
    """Return the sample file of a vendor's layout."""
    return next(p for p in sorted((SAMPLES / layout).iterdir()) if ".expected." not in p.name)


def layout(folder: Path, text: str = ORDERS, name: str = "own") -> Path:
    """Write a layout page and return its path."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def workbook(*rows: object, merged: Sequence[str] = ()) -> bytes:
    """Return a spreadsheet of one sheet, some of its cells merged."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for cells in merged:
        made.active.merge_cells(cells)
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def load(folder: Path, data: bytes | str, page: str = ORDERS, file: str = "orders.csv", **options) -> pd.DataFrame:
    """Write a file, load it for merchant 'm' into ``folder / 'store'`` and return the report."""
    path = folder / file
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return load_file(path, layout(folder, page), options.pop("merchant", "m"), folder / "store", **options)


def stored(folder: Path, name: str = "orders", **options) -> pd.DataFrame:
    """Return a stored table in key order."""
    table = getattr(open_store(folder / "store", **options), name)
    frame = table.to_pandas()
    return frame.sort_values(list(frame.columns[1:3]), ignore_index=True)


def quarantine(folder: Path) -> list[tuple[int, str, str]]:
    """Return what was set aside as (row, column, reason)."""
    frame = stored(folder, "quarantine")
    return sorted(frame[["source_row", "column", "reason"]].itertuples(index=False, name=None))
