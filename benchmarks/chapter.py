"""One chapter of one merchant, cell by cell: wall seconds, seconds of CPU, peak memory, memory kept.

Run: python benchmarks/chapter.py 3_touchpoints --merchant m04 --cohort COHORT.toml --store STORE --as-of 2019-01-01

Runs the notebook's code cells as a script in this process, without papermill, and prints what each one
took. Peak memory is the process's own during the cell (Linux; the kernel's mark is set back before each
cell); the engine keeps its part below ``RETAILKIT_MEMORY``, everything above it is Python's. Kept is what
the process holds when the cell has ended, the engine's cached tables included.
"""

from __future__ import annotations

import argparse
import ast
import json
import time
from pathlib import Path
from typing import Any


def cells(notebook: Path) -> list[tuple[int, str, bool]]:
    """Number, source and whether it holds the parameters, of each code cell."""
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [(i, cell) for i, cell in enumerate(found) if cell["cell_type"] == "code"]
    return [(i, "".join(c["source"]), "parameters" in c["metadata"].get("tags", [])) for i, c in code]


def memory(mark: str) -> float:
    """GB of this process: ``VmRSS`` now, ``VmHWM`` at the highest."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(mark))
    return int(line.split()[1]) / 1e6


def run(source: str, names: dict[str, Any]) -> None:
    """Run a cell as a kernel does; a last expression is a value, which a page would show."""
    exec(compile(ast.parse(source), "<cell>", "exec"), names)


def main() -> None:
    """Run the chapter and print a line per cell that took half a second or more, and their sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapter")
    for name in ("--merchant", "--cohort", "--store", "--as-of", "--out-dir"):
        parser.add_argument(name, required=name != "--out-dir")
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    chapter = given.pop("chapter")
    notebook = Path(__file__).parent.parent / "notebooks" / f"{chapter}.ipynb"
    names: dict[str, Any] = {"__name__": "__main__"}
    print(f"{'cell':>4} {'s':>7} {'s of CPU':>9} {'peak GB':>8} {'kept GB':>8}  begins")
    whole = [0.0, 0.0, 0.0]
    for number, source, parameters in cells(notebook):
        Path("/proc/self/clear_refs").write_text("5")
        wall, cpu = time.perf_counter(), time.process_time()
        run(source, names)
        if parameters:
            names |= given
        used = time.perf_counter() - wall, time.process_time() - cpu, memory("VmHWM")
        whole = [whole[0] + used[0], whole[1] + used[1], max(whole[2], used[2])]
        if used[0] >= 0.5:
            begins = source.splitlines()[0][:60]
            print(
                f"{number:>4} {used[0]:>7.1f} {used[1]:>9.1f} {used[2]:>8.2f} {memory('VmRSS'):>8.2f}  {begins}",
                flush=True,
            )
    print(f"{'all':>4} {whole[0]:>7.1f} {whole[1]:>9.1f} {whole[2]:>8.2f}")


if __name__ == "__main__":
    main()
