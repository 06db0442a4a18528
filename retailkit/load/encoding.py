"""In which encoding a text is, without being told.

Encodings are tried in one order: byte order mark, strict UTF-8, GB18030. Never the reverse:
most UTF-8 decodes as GB18030 without an error, into other characters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from retailkit.load.errors import LoadError

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEYOND = r"[^\x00-\x7f\U00010000-\U0010ffff]"  # no ASCII, no emoji; the same as a span compiles fifty times slower
_WIDE, _LONE_WIDE = re.compile(_BEYOND), re.compile(f"(?<=[A-Za-z]){_BEYOND}(?!{_BEYOND})")


def find_encoding(path: Path, first: bytes, utf8: bool, chunks: Iterable[bytes]) -> str:
    """Return the encoding of a text: by its byte order mark, else strict UTF-8, else GB18030.

    Parameters
    ----------
    first : its first bytes.
    utf8 : all of it can be read as UTF-8.
    chunks : its bytes, as they come.

    Raises
    ------
    LoadError
        If it is none of them.
    """
    for mark, name in BOMS:
        if first.startswith(mark):
            return name
    zeros = [first[order : 1 << 16 : 2].count(0) for order in (0, 1)]
    if max(zeros) > max(2, 0.03 * len(first[: 1 << 16])) and not min(zeros):
        return "utf-16-be" if zeros[0] else "utf-16-le"
    if utf8:
        return "utf-8"
    # the rest is decoded once, on the way to the engine, and refused there where it cannot be
    decoder, wide, swallowed = codecs.getincrementaldecoder("gb18030")(), 0, 0
    for chunk in chunks:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError:
            raise unreadable(path) from None
        wide += len(_WIDE.findall(text))
        swallowed += sum(c.encode("gb18030")[1:2].isalpha() for c in _LONE_WIDE.findall(text))
        if wide > 1000:
            break
    if swallowed > 0.5 * wide:
        # Western text read as Chinese: each accent swallows the letter after it, which is half of few Chinese characters
        raise unreadable(path)
    return "gb18030"


def unreadable(path: Path) -> LoadError:
    """Return the error of a text in no known encoding."""
    return LoadError(
        "the encoding cannot be read: neither UTF-8 nor GB18030",
        str(path),
        "UTF-8, UTF-16 with a byte order mark, GBK or GB18030",
        'save it as UTF-8, or say encoding = "latin-1" (or another) in the layout (layouts new --encoding drafts one)',
    )
