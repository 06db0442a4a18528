"""The bytes of an export: what kind of file, is it whole; UTF-8 text of it."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from retailkit.load.encoding import BOMS, find_encoding, unreadable
from retailkit.load.errors import LoadError
from retailkit.load.gb18030 import gb18030_text, gb18030_utf8
from retailkit.load.mixed import refuse_utf8_below, refuse_utf8_until
from retailkit.load.tidy import is_tidy

CHUNK = 1 << 17
"""Bytes read at once: what is decoded from them stays in the processor's cache, and in memory that the process has."""
TAIL = 1 << 15
"""Bytes at the end of a text in which its own totals are looked for."""
NULS = b"\x00" * 64
"""More of them than end any text: what a copy that was broken off leaves behind."""
_CONFLICT = re.compile(rb"(?:^|[\r\n])(?:<<<<<<< |>>>>>>> )")


@dataclass(frozen=True)
class Probe:
    """One file: its kind (csv, excel, parquet, json), hash, size and, for text, its encoding.

    A ``plain`` file can be parsed as it lies there; in a ``tidy`` one no cell is quoted, wrapped or has blanks around it.
    ``head`` and ``tail`` are the first and last letters of a text, in lines that end with ``\n``. One sheet of a
    workbook of several is a file of its own, with a ``sheet``. ``written`` is when somebody last wrote to it.
    """

    path: Path
    kind: str
    file_id: str
    bytes: int
    gzipped: bool = False
    encoding: str = ""
    plain: bool = False
    head: str = ""
    tidy: bool = False
    tail: str = ""
    sheet: str = ""
    written: int = 0

    @property
    def name(self) -> str:
        """What the file is called in reports, errors and the quarantine: never its folder."""
        return f"{self.path.name} [{self.sheet}]" if self.sheet else self.path.name


def probe(path: str | Path, encoding: str | None = None) -> Probe:
    """Look at every byte of a file once: hash, kind, encoding, damage.

    Raises
    ------
    LoadError
        If the file is missing, empty, cut off, in no known encoding, or holds merge-conflict marks.
    """
    path = Path(path)
    if path.is_dir():
        raise LoadError("this is a folder", str(path), "one export file", "name the files in it")
    if not path.is_file():
        raise LoadError("there is no such file", str(path), do="check the path")
    before = path.stat()
    size = before.st_size
    if size == 0:
        raise LoadError("the file is empty (0 bytes)", str(path), "a header and rows", "export it again")
    with open(path, "rb") as handle:
        magic = handle.read(8)
    kind = _binary_kind(magic)
    if kind in ("parquet", "excel"):
        return Probe(path, kind, _digest(path), size, written=before.st_mtime_ns)
    gzipped = magic.startswith(b"\x1f\x8b")
    return replace(_probe_text(path, size, gzipped, encoding), written=before.st_mtime_ns)


def refuse_changed(found: Probe) -> None:
    """Refuse a file that somebody wrote to since it was looked at: its last row may be half a row.

    Raises
    ------
    LoadError
        If it has another size or time of writing, or is gone.
    """
    now = found.path.stat() if found.path.is_file() else None
    if now is None or (now.st_size, now.st_mtime_ns) != (found.bytes, found.written):
        raise LoadError(
            "the file changed while it was read",
            found.name,
            "a file that nobody writes to",
            "load it again when it is complete",
        )


def utf8_copy(found: Probe, target: Path, skip_lines: int = 0) -> Path:
    """Write a text file as UTF-8 with ``\\n`` line ends and without its first lines; the target."""
    with open(target, "wb") as out:
        out.writelines(utf8(found, skip_lines))
    return target


def utf8(found: Probe, skip_lines: int = 0) -> Iterator[bytes]:
    """Yield a text as UTF-8 with ``\\n`` line ends, without NUL characters and its first lines."""
    left, previous = skip_lines, b""
    for text in _utf8_chunks(found):
        text = previous + (text.replace(b"\x00", b"") if b"\x00" in text else text)
        previous = b""
        if b"\r" in text:
            previous = b"\r" if text.endswith(b"\r") else b""
            text = text[: len(text) - len(previous)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        while left and text:
            cut = text.find(b"\n")
            left, text = (left - 1, text[cut + 1 :]) if cut >= 0 else (left, b"")
        yield text
    if previous:
        yield b"\n"


def line_ends(found: Probe) -> int:
    """Count the line ends of a text, in cells too: at least as many as there are."""
    counts = [(chunk.count(b"\n"), chunk.count(b"\r")) for chunk in _chunks(found.path, found.gzipped)]
    return max(map(sum, zip(*counts, strict=True)))


def _binary_kind(magic: bytes) -> str:
    if magic.startswith(b"PAR1"):
        return "parquet"
    if magic.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "excel"
    return "text"


def _digest(path: Path) -> str:
    told, room = hashlib.sha256(), bytearray(1 << 20)  # in large parts: beside another thread it waits for each
    with open(path, "rb", buffering=0) as handle:
        while size := handle.readinto(room):
            told.update(memoryview(room)[:size])
    return told.hexdigest()[:16]


def _chunks(path: Path, gzipped: bool) -> Iterator[bytes]:
    """Yield the unpacked bytes."""
    with open(path, "rb") as disk:
        body: IO[bytes] = gzip.GzipFile(fileobj=disk) if gzipped else disk  # type: ignore[assignment]
        try:
            while chunk := body.read(CHUNK):
                yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise LoadError(
                f"the gzip file is cut off or damaged ({error})", str(path), "a whole file", "fetch or export it again"
            ) from None


def _probe_text(path: Path, size: int, gzipped: bool, encoding: str | None) -> Probe:
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(_digest, path)  # of the file as it lies on disk
        return _looked(path, size, gzipped, encoding, digest)


def _looked(path: Path, size: int, gzipped: bool, encoding: str | None, digest: Future[str]) -> Probe:
    strict = codecs.getincrementaldecoder("utf-8")()
    first, valid, plain, tidy, tail, end, size_of_text = b"", True, not gzipped, True, b"", b"", 0
    newlines = returns = False
    broken: UnicodeDecodeError | None = None
    at = 0
    for chunk in _chunks(path, gzipped):
        first, size_of_text = first or chunk, size_of_text + len(chunk)
        end = chunk if len(chunk) >= TAIL else end[-TAIL:] + chunk
        # one byte is found at a tenth of the cost of several
        if any(mark[:1] in chunk and mark in chunk for mark in (b"<<<<<<< ", b">>>>>>> ")) and _CONFLICT.search(
            tail + chunk
        ):
            raise LoadError(
                "the file holds merge-conflict marks (<<<<<<<, >>>>>>>): two versions are mixed in it",
                str(path),
                "one version of the export",
                "take the file from the source again",
            )
        if valid:
            plain = plain and b"\x00" not in chunk
            newlines, returns = newlines or b"\n" in chunk, returns or b"\r" in chunk
            try:
                strict.decode(chunk)
            except UnicodeDecodeError as error:
                valid, broken = False, error
                at = size_of_text - len(error.object) + error.start
        tidy = tidy and is_tidy((tail or b"\n") + chunk, valid)
        tail = chunk[-9:] if len(chunk) > 8 else (tail + chunk)[-9:]
    if end[-TAIL:].endswith(NULS):
        raise LoadError(
            "the file ends in NUL characters: room was made for it, but it was not written to its end",
            str(path),
            "a whole file",
            "fetch or export it again",
        )
    if valid:
        try:
            strict.decode(b"", final=True)
        except UnicodeDecodeError as error:
            valid, broken, at = False, error, size_of_text - len(error.object) + error.start
    if not first.strip(b"\x00\xef\xbb\xbf\xff\xfe \r\n\t"):
        raise LoadError("the file holds no text", str(path), "a header and rows", "export it again")
    if broken and not encoding and not first.startswith(tuple(mark for mark, _ in BOMS[1:])):
        here = bytes(broken.object[: broken.start]) if at > len(first) else b""
        refuse_utf8_until(path, _chunks(path, gzipped), (first[:at], here), at)
        refuse_utf8_below(path, _chunks(path, gzipped), end[-TAIL:])
    encoding = encoding or find_encoding(path, first, valid, _chunks(path, gzipped))
    plain = plain and encoding == "utf-8" and (newlines or not returns)
    tidy = tidy and encoding == ("utf-8" if valid else "gb18030") and is_tidy(tail + b"\n", valid)
    found = Probe(path, "csv", digest.result(), size, gzipped, encoding, plain)
    head = _head(found, 1 << 18)
    if re.match(r"\s*<(?:!doctype html|html|head|meta|table|\?xml)\b", head, re.IGNORECASE):
        raise LoadError(
            "the file is a web page or XML, whatever its name ends with",
            path.name,
            "a text with delimiters, a spreadsheet, JSON or Parquet",
            "open it in a spreadsheet program and save it as .xlsx",
        )
    kind = "json" if head.lstrip()[:1] in ("{", "[") else "csv"
    last = head if size_of_text <= len(end) <= TAIL else _last_lines(end[-TAIL:], encoding)
    return Probe(path, kind, found.file_id, size, gzipped, encoding, plain, head, tidy, last)


def _last_lines(end: bytes, encoding: str) -> str:
    """Return the whole lines among the last bytes of a text: the first one may have been cut."""
    text = end.decode("utf-16-le" if encoding == "utf-16" else encoding, "replace")
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").partition("\n")[2]


def _utf8_chunks(found: Probe) -> Iterator[bytes]:
    chunks = _chunks(found.path, found.gzipped)
    if found.plain:
        yield from chunks
    elif found.encoding == "gb18030":
        with _refused(found):
            yield from gb18030_utf8(chunks)
    else:
        yield from (text.encode() for text in _texts(found))


def _texts(found: Probe) -> Iterator[str]:
    chunks = _chunks(found.path, found.gzipped)
    with _refused(found):
        yield from gb18030_text(chunks) if found.encoding == "gb18030" else codecs.iterdecode(chunks, found.encoding)


@contextmanager
def _refused(found: Probe) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        if found.encoding == "gb18030":
            raise unreadable(found.path) from None
        raise LoadError(
            f"the text breaks its encoding {found.encoding} ({error.reason})",
            str(found.path),
            do="save it as UTF-8 and load again",
        ) from None


def _head(found: Probe, size: int) -> str:
    """Return the first letters of a text, with ``\\n`` line ends."""
    head = ""
    for text in _texts(found):
        head += text
        if len(head) >= size:
            break
    return head[:size].replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
