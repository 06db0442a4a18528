"""A study's pages as PDF, printed by Chromium from the pages themselves."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from retailkit.folders import folder_name
from retailkit.present.pictures import Exported, find_browser

NO_BROWSER = (
    "PDF needs Chromium, which was not found: install the system package 'chromium' (Debian, Ubuntu: apt-get install "
    "chromium) or set BROWSER_PATH. The pages themselves can be printed from any browser."
)
_FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-pdf-header-footer", "--virtual-time-budget=20000",
    "--run-all-compositor-stages-before-draw",
)  # fmt: skip


def export_pdf(
    out_dir: str | Path, dest: str | Path, merchants: Iterable[str] | None = None, chapters: Sequence[str] | None = None,
    timeout: float = 120.0,
) -> Exported:  # fmt: skip
    """Print the cohort report as PDF, or the chapters of some merchants.

    Parameters
    ----------
    out_dir : the study's folder with its pages.
    dest : folder to write into.
    merchants, chapters : print these merchants' chapters (all, or only those named) instead of the report.
    timeout : seconds one page may take.

    Returns
    -------
    Exported
        The files, and a line for whatever stood in the way (no Chromium, a page that cannot be printed).

    Raises
    ------
    FileNotFoundError
        If there is no page to print.
    """
    pages = _pages(Path(out_dir), merchants, chapters)
    if not pages:
        raise FileNotFoundError(f"no pages in {out_dir} to print: run the study first")
    browser = find_browser()
    if not browser:
        return Exported((), (NO_BROWSER,))
    files, problems = [], []
    for page, name in pages:
        target = Path(dest) / f"{name}.pdf"
        target.parent.mkdir(parents=True, exist_ok=True)
        trouble = print_page(browser, page, target, timeout)
        problems += [trouble] if trouble else []
        files += [] if trouble else [target]
    return Exported(tuple(files), tuple(problems))


def _pages(
    out_dir: Path, merchants: Iterable[str] | None, chapters: Sequence[str] | None
) -> list[tuple[Path, str]]:  # fmt: skip
    """(page, name of its PDF below the folder) of what is to be printed."""
    if merchants is None and chapters is None:
        report = out_dir / "cohort_report.html"
        return [(report, "cohort_report")] if report.exists() else []
    homes = (
        [out_dir / folder_name(m) for m in merchants]
        if merchants
        else sorted(p for p in out_dir.glob("[!.]*") if p.is_dir())
    )
    found = []
    for home in homes:
        for page in sorted(home.glob("[1-9]*_*.html")):
            if ".failed" not in page.name and (not chapters or page.stem in chapters):
                found.append((page, f"{home.name}/{page.stem}"))
    return found


def print_page(browser: str, page: Path, target: Path, timeout: float = 120.0) -> str:
    """Print one page; return an empty text, or what went wrong."""
    with tempfile.TemporaryDirectory(prefix="retailkit-pdf-") as home:
        command = [
            browser, *_FLAGS, *(["--no-sandbox"] if _is_root() else []), f"--user-data-dir={home}",
            f"--print-to-pdf={target.resolve()}", page.resolve().as_uri(),
        ]  # fmt: skip
        target.unlink(missing_ok=True)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return f"{page} took longer than {timeout:.0f} s to print; left out"
        except OSError as problem:
            return f"{browser} could not be started ({problem}); nothing was printed"
    if target.exists() and target.stat().st_size:
        return ""
    lines = done.stderr.strip().splitlines()
    return f"{page} could not be printed: {lines[-1][:200] if lines else f'exit code {done.returncode}'}"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
