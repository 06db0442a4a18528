"""Whether the cells of a text can be taken as they stand there: none is quoted, wrapped or has blanks around it."""

from __future__ import annotations

_WIDE_BLANKS = {e: [c.encode(e) for c in "\u00a0\u3000\ufeff"] for e in ("utf-8", "gb18030")}
_EDGE = bytes(byte in b",;|\r\n" for byte in range(256))
"""What may stand before or after a cell."""


def is_tidy(text: bytes, valid: bool) -> bool:
    """Tell that no cell within some bytes needs cleaning; False says that one may."""
    import numpy as np

    wide = _WIDE_BLANKS["utf-8" if valid else "gb18030"]
    if any(m in text for m in (b'"', b"\t", b"\x00")) or any(w[:1] in text and w in text for w in wide):
        return False
    letters = np.frombuffer(text, np.uint8)
    odd = letters == ord(" ")
    for mark in b"='`":
        if mark in text:
            odd |= letters == mark
    at = np.flatnonzero(odd[1:-1]) + 1
    edge = np.frombuffer(_EDGE, bool)
    return not (edge[letters[at - 1]].any() or edge[letters[at + 1]].any())
