"""One text in two encodings, as when files of two systems are put behind one another: told with the line where it turns.

Read in one of them, the words of the other part are other words without an error, and no condition of a layout
finds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from retailkit.load.errors import LoadError

ENOUGH = 10
"""Letters of three bytes and more that no text in GB18030 has by chance in lines that are UTF-8 (``女`` is one of two)."""


def refuse_utf8_until(path: Path, chunks: Iterable[bytes], before: Iterable[bytes], at: int) -> None:
    """Refuse a text that is UTF-8 up to a byte; ``before`` holds parts of what stands above it.

    Raises
    ------
    LoadError
        If there are letters enough above to know.
    """
    if sum(_far_letters(text.decode("utf-8", "ignore")) for text in before) >= ENOUGH:
        line = 1 + _lines(chunks, at)
        raise LoadError(
            f"the text is UTF-8 up to line {line:,} and not from there on: another encoding begins, or a letter was cut",
            path.name,
            "one encoding for the whole text",
            "export it again, or mend that line, or convert what comes from there on, and save it as UTF-8",
        )


def refuse_utf8_below(path: Path, chunks: Iterable[bytes], end: bytes) -> None:
    """Refuse a text whose last lines are UTF-8 although those above are not.

    Raises
    ------
    LoadError
        If there are letters enough in them to know.
    """
    lines = letters = 0
    for text in reversed(end.split(b"\n")):
        try:
            letters += _far_letters(text.decode("utf-8"))
        except UnicodeDecodeError:
            break
        lines += 1
    if letters >= ENOUGH:
        line = 2 + _lines(chunks) - lines
        raise LoadError(
            f"the text is UTF-8 from line {line:,} on and not above: two encodings are mixed in it",
            path.name,
            "one encoding for the whole text",
            "export it again, or convert each part by itself, and save it as UTF-8",
        )


def _far_letters(text: str) -> int:
    return sum(letter > "\u0800" for letter in text)


def _lines(chunks: Iterable[bytes], until: int | None = None) -> int:
    """Count the line ends above a byte."""
    lines = 0
    for chunk in chunks:
        lines += chunk[:until].count(b"\n") if until is None or until > 0 else 0
        until = None if until is None else until - len(chunk)
    return lines
