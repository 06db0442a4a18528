"""What all tests share: where the real data lie, and a plain word where something is missing.

Tests that need more than pip say so with a marker (``data``, ``java``, ``chromium``, ``cjk``).
Where the thing is missing they are skipped with one line; with RETAILKIT_NO_SKIPS=1 (as in
CI) a skip is a failure.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

settings.register_profile("no clock", deadline=None)  # a busy machine makes no claim false
settings.load_profile("no clock")
# Workers share the cores, so libraries start no threads of their own, as in a study's kernels: small products of
# matrices take a third of the time.
os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
gc.set_threshold(20_000, 10, 10)  # queries are trees of small objects: a search through them every 700 costs a tenth

DATA = Path(os.environ.get("RETAILKIT_TEST_DATA", "../shared/data")).resolve()
NO_SKIPS = os.environ.get("RETAILKIT_NO_SKIPS") == "1"


def _chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True).stdout.strip())


NEEDS = {
    "data": (lambda: DATA.is_dir(), "no folder of real data: set RETAILKIT_TEST_DATA"),
    "java": (lambda: bool(shutil.which("java")), "no Java: install a Java runtime (Debian: default-jre-headless)"),
    "chromium": (
        lambda: bool(shutil.which("chromium") or shutil.which("google-chrome")),
        "no Chromium: install it (Debian: chromium)",
    ),
    "cjk": (_chinese_font, "no Chinese font: install one (Debian: fonts-noto-cjk)"),
}


LONGEST = (
    "test_study_chinese", "test_study_real", "test_segment_value", "test_simulate_exports", "test_study_run",
    "test_simulate_privacy",
    "test_attribute_ledger", "test_load_settled", "test_formats_engines", "test_attribute_sensitivity", "test_layouts",
    "test_attribute_inputs", "test_simulate_visits", "test_simulate_study", "test_targets_engines",
)  # fmt: skip
"""Modules that come first: a worker that meets one of them last would leave the other core without work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first; skip what this machine cannot run, with one line that says what to install."""
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))
    there = {marker: test() for marker, (test, _) in NEEDS.items()}
    for item in items:
        for marker, (_, reason) in NEEDS.items():
            if not there[marker] and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Give all modules that need Java to one worker: Java starts once, and is warm for all but the first."""
    from xdist.scheduler import LoadScopeScheduling

    class OneJava(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "java" if needs_java(nodeid.partition("::")[0]) else super()._split_scope(nodeid)

    return OneJava(config, log) if config.getvalue("dist") == "loadscope" else None


@cache
def needs_java(module: str) -> bool:
    """Whether a module, by its path from the root, has a test with the marker ``java``."""
    return "mark.java" in (Path(__file__).parent.parent / module).read_text(encoding="utf-8")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported stays: nobody looks through it again for garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> object:
    """In CI a skip is a failure."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and skips are failures here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets; tests that use it carry the marker ``data``."""
    return DATA


@pytest.fixture(autouse=True)
def _own_key(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test run hashes with its own key and never touches the user's."""
    monkeypatch.setenv("RETAILKIT_KEY_FILE", str(tmp_path_factory.getbasetemp() / "key"))
