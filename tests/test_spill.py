"""Nights that were cut short do not fill the disk."""

import os
import subprocess
import sys
import tempfile
import time

import pytest

from retailkit.load.engine import settings
from retailkit.load.spill import ABANDONED, clear_abandoned, kernel_folder, spill_folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    clear_abandoned.cache_clear()
    yield tmp_path
    clear_abandoned.cache_clear()


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left(home, name, age=2 * ABANDONED):
    folder = home / name
    folder.mkdir()
    (folder / "spilled.tmp").write_bytes(b"x" * 100)
    then = time.time() - age
    os.utime(folder, (then, then))
    return folder


def test_what_killed_processes_spilled_is_gone_before_the_next_one_spills(home, dead):
    engine, kernel = left(home, f"retailkit-{os.getuid()}-{dead}"), left(home, f"retailkit-{os.getuid()}-{dead}-ab_1")
    mine = spill_folder()
    assert mine.parent == home
    assert not engine.exists()
    assert not kernel.exists()


def test_nothing_else_is_touched(home, dead):
    user = os.getuid()
    kept = [
        left(home, f"retailkit-{user}-{os.getppid()}"),  # of a process that lives
        left(home, f"retailkit-{user}-{dead}", age=0),  # perhaps of a process in another container
        left(home, f"retailkit-{user + 1}-{dead}"),  # another user's
        left(home, f"retailkit-{user}-notes"),
        left(home, f"retailkit-{dead}"),
    ]
    kernel_folder()
    assert [folder.name for folder in kept if not (folder / "spilled.tmp").exists()] == []


def test_engine_and_kernels_use_folders_that_are_known_as_this_process_own(home):
    name = f"retailkit-{os.getuid()}-{os.getpid()}"
    assert settings()["temp_directory"] == str(home / name)
    made = kernel_folder()
    assert made.is_dir()
    assert made.parent == home
    assert made.name.startswith(f"{name}-")
