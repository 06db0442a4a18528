"""The key of the keyed hash under which phones are stored: a file of its own, outside the data.

A plain hash of an eleven-digit phone is reversible by trying them all; with a secret key it
is not. The same key gives the same hash, so accounts still meet by phone.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from retailkit.load.engine import Connection
from retailkit.load.errors import LoadError

BLOCK = 64
"""Bytes of an HMAC-SHA-256 pad."""
MARK = ".key_mark"
"""File of a store that tells which key its phones were hashed with, without telling the key."""


def key_path() -> Path:
    """Return where the key lies: ``RETAILKIT_KEY_FILE``, else ``~/.config/retailkit/key``."""
    return Path(os.environ.get("RETAILKIT_KEY_FILE") or Path.home() / ".config" / "retailkit" / "key")


def read_key() -> bytes:
    """Return the key; created on first use, readable by its owner only.

    Raises
    ------
    LoadError
        If others may read the file, it is too short to be a key, or can be neither read nor made.
    """
    path = key_path()
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return read_key()
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_hex(32))
        if path.is_file() and path.stat().st_mode & 0o077:
            raise LoadError("others may read the key file", str(path), "permissions 600", f"chmod 600 {path}")
        key = path.read_bytes().strip()
    except OSError as error:
        raise LoadError(
            f"the key file can be neither read nor made ({error.strerror})",
            str(path),
            "a file that you alone may read and write",
            "give the key back, or say in RETAILKIT_KEY_FILE where it may lie",
        ) from None
    if len(key) < 32:
        raise LoadError("the key file is too short", str(path), "32 characters or more", "restore it from your backup")
    return key


def check_mark(store: Path) -> None:
    """Refuse a key that is not the one of a store: under two keys one customer would be two persons.

    Raises
    ------
    LoadError
        If the store's phones were hashed with another key.
    """
    mark = store / MARK
    if mark.exists() and mark.read_text("utf-8") != _mark():
        raise LoadError(
            f"the key {key_path()} is not the one that this store's phones were hashed with",
            str(store),
            "the same key for all loads: under another one nobody meets her earlier orders",
            "give the first key back (RETAILKIT_KEY_FILE says where it lies), or load everything into a new store",
        )


def set_mark(store: Path) -> None:
    """Note in a store which key its phones are hashed with."""
    if not (store / MARK).exists():
        written = store / f"{MARK}.{os.getpid()}"  # put in place whole: half a mark would refuse the right key
        written.write_text(_mark(), "utf-8")
        os.replace(written, store / MARK)


def _mark() -> str:
    return hmac.digest(read_key(), b"retailkit store", "sha256").hex()[:16]


def set_pads(con: Connection) -> None:
    """Put the two HMAC pads into engine variables, where no statement and no error shows them."""
    key = read_key().ljust(BLOCK, b"\x00")[:BLOCK]
    for name, byte in (("retailkit_ipad", 0x36), ("retailkit_opad", 0x5C)):
        con.execute(f"SET VARIABLE {name} = ?", [bytes(k ^ byte for k in key)])
