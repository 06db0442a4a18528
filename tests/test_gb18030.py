"""One GB18030 text is read alike by the C library and by Python, however it is cut, and refused alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailkit.load import gb18030


def pairs() -> bytes:
    """Return every character of two bytes that Python knows."""
    both = [bytes([a, b]) for a in range(0x81, 0xFF) for b in range(0x40, 0xFF) if b != 0x7F]
    return b"".join(p for p in both if p.decode("gb18030", "ignore"))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000, 1 << 20])
def test_every_character_is_the_same_however_the_bytes_are_cut(size):
    data = pairs() + b"\x82\x35\x90\x37 \x81\x30\x84\x32 abc \x95\x32\x82\x36"
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    text = "".join(gb18030.gb18030_text(chunks))
    assert b"".join(gb18030.gb18030_utf8(chunks)).decode() == text
    moved = {bytes.fromhex(code).decode("gb18030"): at for code, at in (("a8bc", "\u1e3f"), ("fe51", "\U00020087"))}
    assert not any(old in text for old in moved)
    assert all(new in text for new in moved.values())


@given(st.text(max_size=60), st.integers(1, 9))
def test_a_text_comes_back_as_it_was_written(text, size):
    data = text.encode("gb18030")
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    back = b"".join(gb18030.gb18030_utf8(chunks)).decode()
    assert back == "".join(gb18030.gb18030_text(chunks)) == gb18030._moved(text)


@pytest.mark.parametrize("data", [b"abc\xff\xffdef", b"abc\x81", b"ab\x81\x30\x81", b"\x80abcd", b"\x81\x30\x20\x20ab"])
@pytest.mark.parametrize("with_library", [True, False])
def test_what_is_no_text_is_refused(data, with_library, monkeypatch):
    if not with_library:
        monkeypatch.setattr(gb18030, "_library", lambda: None)
    for reader in (gb18030.gb18030_utf8, gb18030.gb18030_text):
        with pytest.raises(UnicodeDecodeError):
            list(reader([data]))
