"""The smallest account of each person, which gives the person's id: nearly always told by its first letters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

WORD = 8  # bytes that are compared as one number


def may_found(account: pa.ChunkedArray, label: np.ndarray) -> np.ndarray:
    """Tell which rows begin like the smallest account of their label: all others cannot be it.

    Systems stand before the colon of an account, so that most persons with several accounts keep one row.
    """
    head = _heads(account)
    least = np.full(int(label.max(initial=-1)) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(least, label, head)
    return head == least[label]


def _heads(text: pa.ChunkedArray) -> np.ndarray:
    """First bytes of each text as a number that sorts as the text does; a shorter text is filled with zeros."""
    keep = np.array([0, *(2**64 - 2 ** (64 - 8 * n) for n in range(1, WORD + 1))], dtype=np.uint64)
    heads = [np.empty(0, dtype=np.uint64)]
    for chunk in text.chunks:
        _, places, letters = chunk.buffers()
        if letters is None or letters.size < WORD:
            letters = pa.py_buffer((letters.to_pybytes() if letters else b"") + bytes(WORD))
        start = np.frombuffer(places, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        last = letters.size - WORD
        word = np.ndarray(last + 1, ">u8", letters, strides=(1,))  # the number that begins at each byte
        beyond = np.maximum(start[:-1] - last, 0)  # the last texts are read from further ahead
        head = word[np.minimum(start[:-1], last)].astype(np.uint64) << (8 * beyond.clip(max=WORD - 1)).astype(np.uint64)
        heads.append(head & keep[np.minimum(np.diff(start), WORD)])
    return np.concatenate(heads)
