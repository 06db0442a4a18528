"""A tiny study for the runner's tests: two merchants, small notebooks, no data."""

from pathlib import Path
from types import SimpleNamespace

import nbformat

from retailkit.study.run import Options

PARAMETERS = """merchant = "a"  # merchant id
cohort = "tiny"  # name of the cohort file
as_of = "2018-01-01"  # the study knows what happened before this day
out_dir = "studies/tiny"  # where results go
seed = 1  # for every random draw"""

WORK = """from retailkit import results
results.save(out_dir, merchant=merchant, chapter="1_first", as_of=as_of, metrics=[results.metric("seed", seed)])"""
REPORT = """from retailkit import results
results.read_metrics(out_dir)"""


def notebook(path: Path, *cells: str, parameters: str = PARAMETERS, reads: str = "merchant", title: str = "") -> Path:
    """Write a notebook of code cells below a parameters cell."""
    title = title or f"# {path.stem}: a chapter\n\nWhat it answers."
    first = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    page = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(title), first, *map(nbformat.v4.new_code_cell, cells)],
        metadata={"retailkit": {"reads": reads}, "kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(page, path)
    return path


def cohort(*merchants: str) -> SimpleNamespace:
    """A stand-in for a cohort record, with the attributes the runner reads."""
    names = merchants or ("a", "b")
    return SimpleNamespace(
        name="tiny", title="Tiny & small", as_of="2018-01-01", programme=None, baseline=None, limits=("Made up.",),
        licence="none", simulated=False, merchant_ids=names, donor_ids=("d",),
        merchants=tuple(SimpleNamespace(id=m) for m in names),
        merchant=lambda m: SimpleNamespace(title=f"Shop {m}"),
    )  # fmt: skip


def options(folder: Path, **changes: object) -> Options:
    """Options of a run whose notebooks and results lie in a folder."""
    given = {"cohort": "tiny", "out_dir": str(folder / "out"), "notebooks": str(folder / "notebooks"), "workers": 2}
    return Options(**{**given, **changes})  # type: ignore[arg-type]


def fingerprint(merchant: str | None) -> dict[str, str]:
    """The same data always."""
    return {"orders": str(merchant)}
