"""Rows kept between the statements of a load: in the engine's memory, or packed in the scratch folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from retailkit.load.engine import Connection, literal, quote

Materialise = Callable[..., None]
"""Puts the rows of a query under a name, in memory or (large files) in a Parquet file; ``once``: to be read once."""
BIG = 1 << 28
"""Files of longer text are staged in Parquet: what memory cannot hold goes to disk unpacked, and is read per month."""
PACKED = {"gzip": 20, "parquet": 5}
"""How much longer the text is than a packed file."""
STAGED = "FORMAT parquet, COMPRESSION lz4, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000"
"""How: read once or twice and thrown away, so no time is spent on dictionaries of what hardly repeats."""


@contextmanager
def scratch_folder(store: Path) -> Iterator[Path]:
    """Give a load a folder of its own within the store; what killed loads have left there goes first."""
    held = _hold(store, fcntl.LOCK_EX)  # nobody else makes a folder or clears one away
    try:
        for left in store.glob(".scratch-*"):
            with suppress(OSError):  # its load lives
                os.close(_hold(left, fcntl.LOCK_EX | fcntl.LOCK_NB))
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=".scratch-", dir=store))
        mine = _hold(folder, fcntl.LOCK_EX)
    finally:
        os.close(held)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(mine)


def _hold(folder: Path, how: int) -> int:
    """Lock a folder until its descriptor, which is returned, is closed or the process ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, how)
    except OSError:
        os.close(handle)
        raise
    return handle


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
        path, pieces = scratch / f"{name}.parquet", scratch / name
        con.execute(f"DROP {'VIEW' if path.exists() or pieces.exists() else 'TABLE'} IF EXISTS {quote(name)}")
        path.unlink(missing_ok=True)
        shutil.rmtree(pieces, ignore_errors=True)
