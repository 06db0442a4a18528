"""Rows kept between the statements of a load: in the engine's memory, or packed in the scratch folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from retailkit.load.engine import Connection, literal, quote
from retailkit.load.rows import Materialise

BIG = 1 << 28
"""Files of longer text are staged in Parquet: what memory cannot hold goes to disk unpacked, and is read per month."""
PACKED = {"gzip": 20, "parquet": 5}
"""How much longer the text is than a packed file."""
STAGED = "FORMAT parquet, COMPRESSION lz4, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000"
"""How: read once or twice and thrown away, so no time is spent on dictionaries of what hardly repeats."""


def materialiser(con: Connection, scratch: Path, big: bool, look: bool = False) -> Materialise:
    """Return how rows are kept between statements: in engine memory, for large files in Parquet, or not at all."""

    def put(name: str, query: str, once: bool = False) -> None:
        if not big or (once and look):
            kind = "VIEW" if once and look else "TABLE"  # only a load counts the rows and warns of them
            con.execute(f"CREATE OR REPLACE TEMP {kind} {quote(name)} AS {query}")
            return
        path = literal(str(scratch / f"{name}.parquet"))
        con.execute(f"COPY ({query}) TO {path} ({STAGED})")
        con.execute(f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS FROM read_parquet({path})")

    return put


def drop_kept(con: Connection, scratch: Path, names: Sequence[str]) -> None:
    """Drop what was kept under some names, and its files."""
    for name in names:
        path = scratch / f"{name}.parquet"
        con.execute(f"DROP {'VIEW' if path.exists() else 'TABLE'} IF EXISTS {quote(name)}")
        path.unlink(missing_ok=True)
