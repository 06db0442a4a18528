"""The study runner against a plain shell loop of papermill over the same notebooks.

Ratios of one run on one machine; seconds mean nothing elsewhere. The loop runs one notebook
after another, as `for m in ...; do papermill ...; done` does. It runs twice: in this
environment as the lock makes it, and as an ordinary `pip install` of the same packages
would be (with jsonschema's IRI grammar, which the lock leaves out).

    python benchmarks/runner.py                  # 4 merchants
    python benchmarks/runner.py --merchants 17   # the whole cohort; --loops same leaves out the second loop
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from retailkit.cohort import read_cohort
from retailkit.study.parameters import read_notebook
from retailkit.study.plan import REPORT, find_chapters

ROOT = Path(__file__).parent.parent
PROMISED = {"same": ("the same environment", 2.2), "ordinary": ("ordinary pip install", 3.3)}
"""Loop -> its name, and how many times our time it takes at least."""


def loop_commands(
    cohort: str, merchants: Sequence[str], chapters: Sequence[str], store: str, out: Path
) -> list[list[str]]:
    """Commands of the shell loop, one papermill call per merchant and chapter and one for the report."""
    study = read_cohort(cohort)
    common = {"cohort": cohort, "as_of": str(study.as_of), "store": store, "out_dir": str(out), "lang": study.lang}
    books = [(m, n) for m in merchants for n in find_chapters(ROOT / "notebooks", chapters)]
    books.append(("", read_notebook(ROOT / "notebooks" / f"{REPORT}.ipynb")))
    commands = []
    for merchant, book in books:
        target = out / merchant / f"{book.chapter}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        values = {**common, "merchant": merchant}
        chosen = [part for name in book.names if name in values for part in ("-r", name, values[name])]
        head = [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "python3", *chosen]
        commands.append([*head, str(book.path), str(target)])
    return commands


def timed(commands: Sequence[Sequence[str]], env: Mapping[str, str] | None = None) -> float:
    """Seconds that commands take one after another; a failing one ends the benchmark."""
    clock = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"failed: {' '.join(command)}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    return time.perf_counter() - clock


def with_grammar(folder: Path) -> dict[str, str]:
    """Environment in which jsonschema finds its IRI grammar, as an ordinary installation does."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "rfc3987-syntax"]
    subprocess.run(command, check=True)
    return {"PYTHONPATH": str(folder)}


def without_grammar(folder: Path) -> dict[str, str]:
    """Environment as the lock makes it, also where the grammar happens to be installed."""
    folder.mkdir()
    (folder / "rfc3987_syntax.py").write_text('raise ImportError("left out, as in the lock")\n')
    return {"PYTHONPATH": str(folder)}


def main() -> None:
    """Measure, print ratios, and fail if one is below what is promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", default="complete_journey")
    parser.add_argument("--merchants", type=int, default=4)
    parser.add_argument("--chapters", default="", help="only these, with commas")
    parser.add_argument("--store", default="store", help="loaded first if need be")
    parser.add_argument("--loops", default="same,ordinary", help="which loops to run, with commas")
    parser.add_argument("--workers", default=str(len(os.sched_getaffinity(0))))
    asked = parser.parse_args()
    merchants = read_cohort(asked.cohort).merchant_ids[: asked.merchants]
    chapters = [c for c in asked.chapters.split(",") if c]
    timed([[sys.executable, "-m", "retailkit", "load", asked.cohort, "--store", asked.store]])
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        lean, full = without_grammar(scratch / "lean"), with_grammar(scratch / "full")
        run = [sys.executable, "-m", "retailkit", "run", asked.cohort, "--no-load", "--force", "--store", asked.store]
        run += ["--merchants", ",".join(merchants), "--workers", asked.workers, "--out", str(scratch / "ours")]
        run += ["--chapters", asked.chapters] if asked.chapters else []
        ours = timed([run], lean)
        seconds = {
            loop: timed(loop_commands(asked.cohort, merchants, chapters, asked.store, scratch / loop), env)
            for loop, env in (("same", lean), ("ordinary", full))
            if loop in asked.loops.split(",")
        }
    units = len(merchants) * len(find_chapters(ROOT / "notebooks", chapters)) + 1
    print(f"{units} notebooks, {len(merchants)} merchants, {asked.workers} workers")
    print(f"retailkit run                         {ours:7.1f} s")
    for loop, taken in seconds.items():
        name, promised = PROMISED[loop]
        print(f"papermill loop, {name:22}{taken:7.1f} s  {taken / ours:.2f} x (promised {promised})")
    if any(taken / ours < PROMISED[loop][1] for loop, taken in seconds.items()):
        sys.exit("below what is promised")


if __name__ == "__main__":
    main()
