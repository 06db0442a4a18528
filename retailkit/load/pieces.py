"""A long text in pieces of whole lines: each is decoded while the engine reads the one before it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from retailkit.load.ahead import import_ahead
from retailkit.load.files import Probe, utf8

PIECE = 96 << 20
"""Bytes of text in a piece: typed, it takes a quarter of the memory that a load may use."""
FIRST = 8 << 20
"""Bytes in the first one: nothing is typed until it is decoded."""
LONGEST = 1 << 22
"""Bytes that a line may have."""
PLACE = "retailkit_piece"
"""The engine variable that tells where the piece at hand lies."""


class WholeOnly(Exception):
    """A text cannot be cut: cells hold line breaks, or quotes are not in pairs."""


def utf8_pieces(found: Probe, folder: Path, skip_lines: int = 0) -> Generator[Path]:
    """Yield files that hold a text piece by piece, as `utf8_copy` would write it; a piece is gone when the next comes.

    A text without a line is one empty piece.

    Raises
    ------
    WholeOnly
        If a line's quotes are not in pairs: its end may lie within a cell.
    """
    lines = _whole_lines(utf8(found, skip_lines))
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(_write, lines, folder / f"{found.file_id}.0.csv", min(FIRST, PIECE))
        for number in count(1):
            piece, size = coming.result()
            if not size and number > 1:
                return
            coming = ahead.submit(_write, lines, folder / f"{found.file_id}.{number}.csv", PIECE)
            yield piece
            piece.unlink()


def _write(lines: Iterator[bytes], path: Path, most: int) -> tuple[Path, int]:
    """Write the next piece; the file and its bytes, none at the end of the text."""
    size = 0
    with open(path, "wb") as out:
        while size < most and (text := next(lines, b"")):
            size += out.write(text)
    if size < most:  # no more to decode: the reader still has some pieces before it, and then makes a report
        import_ahead("pandas", midway=True)
    return path, size


def _whole_lines(texts: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for text in texts:
        text = rest + text
        end = text.rfind(b"\n") + 1
        whole, rest = text[:end], text[end:]
        if len(rest) > LONGEST or (b'"' in whole and not _paired(whole)):
            raise WholeOnly
        if whole:
            yield whole
    if rest:
        if rest.count(b'"') % 2:
            raise WholeOnly
        yield rest


def _paired(lines: bytes) -> bool:
    """Tell that every line has an even number of quotes."""
    import numpy as np

    letters = np.frombuffer(lines, np.uint8)
    marks = letters[(letters == ord('"')) | (letters == ord("\n"))]
    quotes = marks == ord('"')
    return not (np.cumsum(quotes)[~quotes] % 2).any()
