"""GB18030 text as UTF-8: by the C library where it can, at half the cost and beside other threads; else by Python.

Both read the characters that the edition of 2005 moved out of the private use area as it does.
"""

from __future__ import annotations

import codecs
import ctypes
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

_MOVED = dict(
    [
        *zip(range(0xE78D, 0xE797), (0xFE10, 0xFE12, 0xFE11, *range(0xFE13, 0xFE1A)), strict=True),
        *zip((0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864), range(0x9FB4, 0x9FBC), strict=True),
        *zip((0xE816, 0xE817, 0xE818, 0xE831), (0x20087, 0x20089, 0x200CC, 0x215D7), strict=True),
        *zip((0xE7C7, 0xE83B, 0xE855), (0x1E3F, 0x2298F, 0x241FE), strict=True),
    ]
)
"""Characters of the private use area in Python's tables, and what they are since."""
_PRIVATE = re.compile("[\ue78d-\ue864]")
_NONE, _FAILED = ctypes.c_void_p(-1).value, ctypes.c_size_t(-1).value


def gb18030_text(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield a text as it comes.

    Raises
    ------
    UnicodeDecodeError
        If it is no GB18030.
    """
    decoder = codecs.getincrementaldecoder("gb18030")()
    for chunk in chunks:
        yield _moved(decoder.decode(chunk))
    yield _moved(decoder.decode(b"", final=True))


def gb18030_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a text as UTF-8 as it comes; else as `gb18030_text`."""
    library = _library()
    handle = library.iconv_open(b"UTF-8", b"GB18030") if library else _NONE
    if handle == _NONE:
        yield from (text.encode() for text in gb18030_text(chunks))
        return
    try:
        rest, room = b"", ctypes.create_string_buffer(0)
        for chunk in chunks:
            if len(room) < 2 * (len(rest) + len(chunk)):  # no character takes more than twice its bytes
                room = ctypes.create_string_buffer(2 * (len(rest) + len(chunk)))
            text, rest = _converted(library, handle, rest + chunk, room)
            yield text
        yield _moved(rest.decode("gb18030")).encode()
    finally:
        library.iconv_close(handle)


def _converted(library: Any, handle: Any, source: bytes, room: Any) -> tuple[bytes, bytes]:
    """Return some bytes as UTF-8, and those at their end that are no whole character yet."""
    given, left = ctypes.c_char_p(source), ctypes.c_size_t(len(source))
    start, free = ctypes.cast(room, ctypes.c_void_p), ctypes.c_size_t(len(room))
    failed = library.iconv(handle, ctypes.byref(given), ctypes.byref(left), ctypes.byref(start), ctypes.byref(free))
    rest = source[len(source) - left.value :]
    if failed == _FAILED and len(rest) > 3:  # what it refuses, Python judges
        decoder = codecs.getincrementaldecoder("gb18030")()
        return _moved(decoder.decode(source)).encode(), decoder.getstate()[0]
    return bytes(memoryview(room)[: len(room) - free.value]), rest


def _moved(text: str) -> str:
    return text.translate(_MOVED) if _PRIVATE.search(text) else text


@lru_cache
def _library() -> Any:
    try:
        library = ctypes.CDLL(None)
        library.iconv_open.restype = ctypes.c_void_p
        library.iconv.restype = ctypes.c_size_t
        library.iconv.argtypes = [ctypes.c_void_p] * 5
        library.iconv_close.argtypes = [ctypes.c_void_p]
    except (OSError, AttributeError):
        return None
    return library
