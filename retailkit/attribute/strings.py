"""Paths as 'a > b > c' strings, the way other tools keep them -> touchpoint numbers, in one pass over the bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ONE_BYTE = "\x1f"


def split_paths(paths: Any, separator: str = ">") -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return touchpoints sorted by name, their numbers for all paths end to end, and where each path begins.

    Nothing is copied out of the strings: a touch is a slice of their bytes up to the next one, so only the few
    different slices are ever cut and trimmed.

    >>> names, codes, offsets = split_paths(["b > a", "b"])
    >>> names, codes.tolist(), offsets.tolist()
    (('a', 'b'), [1, 0, 1], [0, 2, 3])

    Raises
    ------
    ValueError
        If a path is missing, or one of its touchpoints has no name.
    """
    text = pa.array(paths, from_pandas=True)
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    text = pa.array([], pa.large_string()) if not len(text) else text.cast(pa.large_string())
    if text.null_count:
        where = int(np.flatnonzero(pc.is_null(text).to_numpy(zero_copy_only=False))[0])
        raise ValueError(f"path {where} is missing; leave it out, its orders are unattributed")
    if len(separator.encode()) > 1:
        text, separator = pc.replace_substring(text, separator, ONE_BYTE), ONE_BYTE
    begin = np.frombuffer(text.buffers()[1], np.int64)[text.offset :][: len(text) + 1]
    first, codes, slices = _slices(text, begin, ord(separator))
    cut = [part.removesuffix(separator).strip() for part in slices]
    if "" in cut:
        where = int(np.searchsorted(first, np.flatnonzero(codes == cut.index(""))[0], side="right")) - 1
        raise ValueError(f"path {where} has a touchpoint without a name: '{text[where].as_py()}'")
    names = sorted(set(cut))
    number = np.array([names.index(name) for name in cut], dtype=np.int32)
    return tuple(names), number[codes], first


def _slices(text: pa.LargeStringArray, begin: np.ndarray, mark: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """First slice of each path, the number of every slice, and the slices that differ."""
    if not len(text):
        return np.zeros(1, np.int64), np.zeros(0, np.int32), []
    content = text.buffers()[2] or pa.py_buffer(b"")
    inside = np.frombuffer(content, np.uint8)[begin[0] : begin[-1]]
    if (begin[1:] == begin[:-1]).any():
        raise ValueError(f"path {int(np.argmin(np.diff(begin)))} is empty; leave it out, its orders are unattributed")
    if (dangling := inside[begin[1:] - begin[0] - 1] == mark).any():
        where = int(np.argmax(dangling))
        raise ValueError(f"path {where} has a touchpoint without a name: '{text[where].as_py()}'")
    starts = np.zeros(len(inside) + 1, dtype=bool)
    np.equal(inside, mark, out=starts[1:])
    starts[begin - begin[0]] = True
    edge = np.flatnonzero(starts)
    first = np.searchsorted(edge, begin - begin[0])
    edge += begin[0]
    parts = pa.LargeStringArray.from_buffers(len(edge) - 1, pa.py_buffer(edge), content).dictionary_encode()
    return first, parts.indices.to_numpy(), parts.dictionary.to_pylist()
