"""Where the engine spills what memory cannot hold, and what becomes of the spill of a killed process.

A process that ends, ends with its folder. One that is killed (a scheduler's limit, a restarted
kernel, a power cut) leaves it behind, at a large merchant gigabytes a night; the next process of
the same user clears it away.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

ABANDONED = 3600.0
"""Seconds without a change before a folder may go: another container that shares the folder for
temporary files has process numbers of its own."""


def spill_folder() -> Path:
    """Return the folder of this process for the engine's spill (the engine makes it when it needs it)."""
    home = Path(tempfile.gettempdir())
    clear_abandoned(home)
    return home / _name()


def kernel_folder() -> Path:
    """Make a new folder of this process's, for a kernel it starts; whoever asks removes it."""
    home = Path(tempfile.gettempdir())
    clear_abandoned(home)
    return Path(tempfile.mkdtemp(prefix=f"{_name()}-", dir=home))


@cache
def clear_abandoned(home: Path) -> None:
    """Remove, once per process, the folders that this user's dead processes left in ``home``."""
    ours = re.compile(rf"retailkit-{os.getuid()}-(\d+)(-\w+)?")
    for folder in home.glob(f"retailkit-{os.getuid()}-*"):
        found = ours.fullmatch(folder.name)
        if found and not _alive(int(found[1])) and _untouched(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _name() -> str:
    return f"retailkit-{os.getuid()}-{os.getpid()}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _untouched(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > ABANDONED
    except FileNotFoundError:  # another process cleared it
        return False
