"""What a notebook lets be chosen: its cell tagged ``parameters``, read without running it.

papermill injects any name it is given, also one that nothing reads; here an unknown or
ill-typed parameter is refused before anything runs.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from retailkit.refusals import Refusal

RESERVED = {
    "merchant": "--merchants",
    "cohort": "the argument COHORT",
    "as_of": "--as-of",
    "store": "--store",
    "out_dir": "--out",
    "seed": "--seed",
    "lang": "--lang",
}


class StudyError(Refusal):
    """A study that cannot start as asked; the message says what, where, expected, what to do."""

    home = "retailkit.study"


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: ``name = default  # help``."""

    name: str
    default: Any
    help: str = ""


@dataclass(frozen=True)
class Notebook:
    """One parameterised notebook: its file, first heading, parameters and what it reads.

    ``reads`` is "merchant" or "cohort": a chapter that opens the store for more than its own
    merchant is stale as soon as any merchant's data change. It is read from the calls of
    ``open_store``; notebook metadata ``retailkit: {"reads": "merchant"}`` overrules it.
    """

    path: Path
    title: str
    parameters: tuple[Parameter, ...]
    reads: str
    source: str

    @property
    def chapter(self) -> str:
        """Name of the chapter: the file's name without its ending."""
        return self.path.stem

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(p.name for p in self.parameters)


def read_notebook(path: str | Path) -> Notebook:
    """Read what the runner must know of a notebook; its outputs, if any, do not count.

    Raises
    ------
    StudyError
        If it is no notebook, or has not exactly one cell tagged ``parameters``.
    """
    path = Path(path)
    try:
        page = _page(path)
    except (OSError, ValueError) as problem:
        raise StudyError(f"{path} is not a notebook that can be read: {str(problem).splitlines()[0]}") from None
    cells = page["cells"]
    tagged = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise StudyError(
            f"{path} has {len(tagged)} cells tagged 'parameters' and needs one: select the cell that sets "
            "merchant, cohort, as_of ... and give it that tag (JupyterLab: Property Inspector)"
        )
    code = "\n".join(c["source"] for c in cells if c["cell_type"] == "code")
    reads = page["metadata"].get("retailkit", {}).get("reads") or _reads(code)
    source = "\x00".join(f"{c['cell_type']}\x01{c['source']}" for c in cells)
    return Notebook(path, _heading(cells) or path.stem, parse(tagged[0]["source"], path), reads, source)


def _page(path: Path) -> dict[str, Any]:
    """Return a notebook's cells and metadata, each cell's source as one text.

    Read as the JSON that it is: nbformat, with the schema that it checks, takes longer to
    import than a whole study to plan.
    """
    page = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(page, dict) or page.get("nbformat") != 4 or not isinstance(page.get("cells"), list):
        raise ValueError("expected a Jupyter notebook of format 4 (open and save it in JupyterLab)")
    for cell in page["cells"]:
        cell["source"] = "".join(cell.get("source", ""))
        cell.setdefault("metadata", {})
    return {"metadata": {}, **page}


def parse(source: str, where: str | Path = "the notebook") -> tuple[Parameter, ...]:
    """Parameters of a cell's source, in order.

    Raises
    ------
    StudyError
        If a line is not a plain ``name = value`` with a literal value.

    Examples
    --------
    >>> parse('order = 1  # of the Markov chain')
    (Parameter(name='order', default=1, help='of the Markov chain'),)
    """
    try:
        lines = ast.parse(source).body
        return tuple(_parameter(line, source) for line in lines)
    except (SyntaxError, ValueError):
        raise StudyError(
            f"the parameters cell of {where} must hold plain lines 'name = value  # help' with literal values, "
            f"and holds:\n{source}"
        ) from None


def resolve(given: Mapping[str, str], notebooks: Iterable[Notebook]) -> dict[str, Any]:
    """Values typed as the notebooks' defaults are, ready to be injected.

    Parameters
    ----------
    given : name -> text, as typed on the command line.

    Raises
    ------
    StudyError
        If no notebook declares a name, or a value has another type than the default. Every
        problem is named in the one message.
    """
    notebooks = list(notebooks)
    problems, values = [], {}
    for name, text in given.items():
        homes = [(n, p) for n in notebooks for p in n.parameters if p.name == name]
        if name in RESERVED:
            problems.append(f"'{name}' is set by {RESERVED[name]}, not by -p")
        elif not homes:
            problems.append(_unknown(name, notebooks))
        else:
            try:
                values[name] = cast(text, homes[0][1].default)
            except ValueError as problem:
                problems.append(f"'{name}' ({homes[0][0].path}): {problem}")
    if problems:
        raise StudyError("nothing was run, because of the parameters:\n" + "\n".join(f"  {p}" for p in problems))
    return values


def cast(text: str, default: Any) -> Any:
    """Turn text into a value of the default's type.

    Raises
    ------
    ValueError
        If the text is no such value.

    Examples
    --------
    >>> cast("8", 6), cast("0.9", 1.0), cast("yes", False), cast("2018-01-01", "2017-12-01")
    (8, 0.9, True, '2018-01-01')
    """
    if isinstance(default, bool):
        known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in known:
            raise ValueError(f"expected true or false, got '{text}'")
        return known[text.lower()]
    if isinstance(default, str):
        if _is_day(default) and not _is_day(text):
            raise ValueError(f"expected a day such as {default}, got '{text}'")
        return text
    kind = {int: "a whole number", float: "a number"}.get(type(default), f"a {type(default).__name__}")
    try:
        value = float(text) if isinstance(default, float) else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise ValueError(f"expected {kind} such as {default}, got '{text}'") from None
    if default is not None and type(value) is not type(default):
        raise ValueError(f"expected {kind} such as {default}, got '{text}'")
    return value


def _parameter(line: ast.stmt, source: str) -> Parameter:
    if isinstance(line, ast.Assign) and len(line.targets) == 1:
        target, value = line.targets[0], line.value
    elif isinstance(line, ast.AnnAssign) and line.value is not None:
        target, value = line.target, line.value
    else:
        raise ValueError(line)
    if not isinstance(target, ast.Name):
        raise ValueError(target)
    rest = source.splitlines()[line.end_lineno - 1].encode()[line.end_col_offset :].decode()  # type: ignore[operator]
    return Parameter(target.id, ast.literal_eval(value), rest.partition("#")[2].strip())


def _unknown(name: str, notebooks: list[Notebook]) -> str:
    known = sorted({n for book in notebooks for n in book.names} - set(RESERVED))
    near = get_close_matches(name, known, 1)
    there = f"did you mean '{near[0]}'?" if near else f"they declare: {', '.join(known) or 'none of their own'}"
    return f"no chapter that would run declares '{name}'; {there}"


def _reads(code: str) -> str:
    opened = re.findall(r"\bopen_store\(([^()]*)", code)
    return "merchant" if all(re.search(r"\bmerchants=merchant\s*(,|$)", call) for call in opened) else "cohort"


def _heading(cells: list[dict[str, Any]]) -> str:
    for cell in cells:
        for line in cell["source"].splitlines() if cell["cell_type"] == "markdown" else ():
            if line.startswith("# "):
                return line[2:].strip()
    return ""


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False
