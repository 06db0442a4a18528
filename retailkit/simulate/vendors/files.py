"""Writing one vendor's file: CSV with its header, encoding and footer, Parquet, or one JSON object a line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pyarrow as pa

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.vendors.mix import Export

BLOCK = 1 << 22
NOTICE = "SIMULATED: no row describes a real merchant, person or order"


def write_export(s: Simulated, export: Export, folder: Path) -> pa.Table:
    """Write one export of a merchant; return one row per dirty row of the file.

    The engine writes UTF-8; text is then recoded block by block, so memory does not grow
    with the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, con = folder / export.file, s.connection
    con.execute(f"create or replace table _export as {export.select(s)}")
    rows = con.sql("select count(*) from _export").fetchall()[0][0]
    body = "select * exclude (row_key, dirty) from _export"
    if export.header:
        plain = path.with_suffix(".tmp")
        con.execute(f"copy ({body}) to '{plain}' (format csv, header false)")
        _recode(plain, path, export, export.footer(s) if export.footer else "")
        plain.unlink()
    elif path.suffix == ".parquet":
        con.execute(f"copy ({body}) to '{path}' (format parquet, compression zstd, kv_metadata {{notice: '{NOTICE}'}})")
    else:
        con.execute(f"copy ({body}) to '{path}' (format json)")
    spoilt = con.sql(f"""select merchant() as merchant, '{export.file}' as file, '{export.layout}' as layout, row_key, dirty as kind,
        {rows}::bigint as rows from _export where dirty <> '' order by row_key""").to_arrow_table()
    con.execute("drop table _export")
    return spoilt


def _recode(plain: Path, path: Path, export: Export, footer: str) -> None:
    encode = codecs.getincrementalencoder(export.encoding)()
    decode = codecs.getincrementaldecoder("utf-8")()
    with plain.open("rb") as source, path.open("wb") as out:
        out.write(encode.encode(",".join(export.header) + "\n"))
        while block := source.read(BLOCK):
            out.write(encode.encode(decode.decode(block)))
        out.write(encode.encode(footer))
