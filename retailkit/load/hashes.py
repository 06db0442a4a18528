"""Which rows may share a key, told by the keys' hashes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from retailkit.load.engine import Connection, first

AT_ONCE = 1 << 24
"""Keys compared at a time: an eighth of a GB of their hashes, and as much to sort half of each."""
_HALF, _PLACE = (1 << 32) - 1, (1 << 20) - 1
"""Lower half of a hash; its place in a table of those that may be there twice."""


def hashes_again(con: Connection, keys: str, rows: str) -> Any:
    """Return the hashes that several rows' keys have, none where all keys differ: two keys can have one hash.

    Sorting the keys' hashes costs a third of grouping by the keys, and eight bytes for each row of a share
    of all hashes.
    """
    import numpy as np

    shares = 1 + count(con, rows) // AT_ONCE
    some = [f" WHERE hash({keys}) % {shares} = {i}" if shares > 1 else "" for i in range(shares)]
    return np.concatenate([there_again([key_hashes(con, keys, f"{rows}{share}")]) for share in some])


def key_hashes(con: Connection, keys: str, rows: str) -> Any:
    """Return the hashes of some rows' keys: an array of whole numbers."""
    import numpy as np

    return np.asarray(con.execute(f"SELECT hash({keys}) AS hash FROM {rows}").fetchnumpy()["hash"])


def lower_halves(hashes: Any) -> Any:
    """Return the lower halves of some hashes, sorted: that costs half as much as to sort whole ones."""
    import numpy as np

    halves = (hashes & _HALF).astype(np.uint32)
    halves.sort()
    return halves


def there_again(pieces: Sequence[Any], halves: Sequence[Any] = ()) -> Any:
    """Return the hashes that are there more than once: of those whose lower halves agree, whole ones decide.

    Parameters
    ----------
    halves : `lower_halves` of each piece, if they were sorted on the way already.
    """
    import numpy as np

    if not halves:  # short ones: they are sorted on each core, and sorted runs are put together at a fifth of the cost
        with ThreadPoolExecutor(2) as pool:
            halves = list(pool.map(lower_halves, (part for piece in pieces for part in np.array_split(piece, 8))))
    merged = np.concatenate(halves)
    merged.sort(kind="stable")
    agree = np.zeros(1 << 20, bool)
    agree[merged[1:][merged[1:] == merged[:-1]] & _PLACE] = True
    few = np.sort(np.concatenate([piece[agree[piece & _PLACE]] for piece in pieces]))
    return np.unique(few[1:][few[1:] == few[:-1]])


def count(con: Connection, rows: str) -> int:
    """Return the number of rows."""
    return int((first(con, f"SELECT count(*) FROM {rows}") or (0,))[0])
