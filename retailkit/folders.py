"""Where a chapter's results lie in a study's folder, and file names for ids and titles of any kind."""

from __future__ import annotations

from pathlib import Path


def chapter_dir(out_dir: str | Path, merchant: str, chapter: str) -> Path:
    """Folder where one chapter of one merchant keeps its results."""
    return Path(out_dir) / folder_name(merchant) / folder_name(chapter)


def folder_name(name: str) -> str:
    """A file name for any id or title: safe characters stay, also Chinese; others become %XX."""
    plain = "".join(c if c.isalnum() or c in "-_" else _percent(c) for c in str(name).strip())
    return plain or "_"


def _percent(character: str) -> str:
    """%XX of a character; the standard quote leaves the dot, and '..' would leave the folder."""
    return "".join(f"%{byte:02X}" for byte in character.encode())
