"""Whether all rows have keys of their own, told by the keys' hashes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from retailkit.load.engine import Connection, first

AT_ONCE = 1 << 24
"""Keys compared at a time: an eighth of a GB of their hashes, and as much to sort half of each."""
_HALF, _PLACE = (1 << 32) - 1, (1 << 20) - 1
"""Lower half of a hash; its place in a table of those that may be there twice."""


def all_different(con: Connection, keys: str, rows: str) -> bool:
    """Tell that no two rows share their key; False says that they may: two keys can have one hash.

    Sorting the keys' hashes costs a third of grouping by the keys, and eight bytes for each row of a share
    of all hashes.
    """
    shares = 1 + count(con, rows) // AT_ONCE
    for i in range(shares):
        some = f" WHERE hash({keys}) % {shares} = {i}" if shares > 1 else ""
        if not each_once([key_hashes(con, keys, f"{rows}{some}")]):
            return False
    return True


def key_hashes(con: Connection, keys: str, rows: str) -> Any:
    """Return the hashes of some rows' keys: an array of whole numbers."""
    import numpy as np

    return np.asarray(con.execute(f"SELECT hash({keys}) AS hash FROM {rows}").fetchnumpy()["hash"])


def each_once(pieces: Sequence[Any]) -> bool:
    """Tell that no hash is there twice: their lower halves sort faster, and where two agree the whole ones decide."""
    import numpy as np

    ends = np.cumsum([0, *map(len, pieces)])
    halves = np.empty(ends[-1], np.uint32)  # the pieces stay as they came: to join them would take as much again
    for start, piece in zip(ends, pieces, strict=False):
        halves[start : start + len(piece)] = piece & _HALF
    middle = len(halves) // 2
    if middle:
        halves.partition(middle)
    with ThreadPoolExecutor(2) as pool:  # the smaller ones and the larger ones, each on a core
        list(pool.map(np.ndarray.sort, (halves[:middle], halves[middle:])))
    agree = np.zeros(1 << 20, bool)
    agree[halves[1:][halves[1:] == halves[:-1]] & _PLACE] = True
    few = np.sort(np.concatenate([piece[agree[piece & _PLACE]] for piece in pieces]))
    return not (few[1:] == few[:-1]).any()


def count(con: Connection, rows: str) -> int:
    """Return the number of rows."""
    return int((first(con, f"SELECT count(*) FROM {rows}") or (0,))[0])
