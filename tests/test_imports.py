"""Who may import whom: the flow stays on the notebook's page, not hidden in calls."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "retailkit"
STAGES = ("load", "link", "segment", "attribute", "formats", "growth", "targets")

MAY_IMPORT = {
    "schema": set(),
    "spoken": set(),
    "shares": set(),
    "machine": set(),
    "refusals": set(),
    "cohort": {"spoken", "refusals"},
    **{stage: {"schema", "spoken", "shares"} for stage in STAGES},
    "load": {"schema", "cohort", "spoken", "refusals", "machine"},
    "simulate": {"schema", "load.layouts", "machine"},
    "folders": set(),
    "facts": {"schema"},
    "results": {"schema", "folders"},
    "charts": set(),
    "present": {"charts", "results", "folders", "spoken", "shares"},
    "explore": {*STAGES, "charts", "schema"},
    "study": {"schema", "cohort", "load", "results", "folders", "present", "spoken", "refusals", "machine"},
    "commands": {"*"},
    "__main__": {"*"},
    "__init__": {"*"},
}

HEAVY = {"plotly", "ipywidgets", "papermill", "nbclient", "nbconvert", "pptx", "kaleido", "sklearn", "scipy"}
MAY_USE = {
    "schema": set(),
    "cohort": set(),
    "charts": {"plotly"},
    "results": {"plotly"},
    "present": {"plotly", "pptx", "kaleido", "nbconvert"},
    "explore": {"ipywidgets", "plotly"},
    "study": {"papermill", "nbclient", "nbconvert"},
    "simulate": {"scipy"},
    "load": set(),
    **{stage: {"sklearn", "scipy"} for stage in STAGES if stage != "load"},
}


Import = tuple[str, str, str, int]


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    """One row per import in the package: file, room, imported dotted name, line."""
    rows = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [a.name for a in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [f"{node.module}.{a.name}" for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = [*["retailkit"], *parts][: len(parts) + 1 - node.level + (path.name == "__init__.py")]
                names = [".".join([*base, *([node.module] if node.module else []), a.name]) for a in node.names]
            else:
                continue
            rows += [(str(path.relative_to(PACKAGE)), parts[0], name, node.lineno) for name in names]
    return rows


def test_the_reader_of_imports_reads_something(imports: list[Import]) -> None:
    assert len(imports) > 100
    assert {room for _, room, *_ in imports} >= {"load", "growth", "attribute", "study", "charts"}


def test_stages_meet_only_in_a_notebook(imports: list[Import]) -> None:
    wrong = []
    for file, room, name, line in imports:
        allowed = MAY_IMPORT.get(room)
        if not name.startswith("retailkit.") or allowed is None or "*" in allowed:
            continue
        target = name.removeprefix("retailkit.")
        if target.split(".")[0] != room and not any(target == a or target.startswith(f"{a}.") for a in allowed):
            wrong.append(f"{file}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_heavy_packages_stay_in_their_rooms(imports: list[Import]) -> None:
    wrong = [
        f"{file}:{line} imports {name}"
        for file, room, name, line in imports
        if (top := name.split(".")[0]) in HEAVY and room in MAY_USE and top not in MAY_USE[room]
    ]
    assert not wrong, "\n".join(wrong)


def test_only_loading_knows_the_engine(imports: list[Import]) -> None:
    """Files are always read by the embedded engine; which engine runs a stage, one file knows."""
    rooms = {room for _, room, name, _ in imports if name.split(".")[0] == "duckdb"}
    assert rooms <= {"load", "simulate", "commands"}, f"only loading and simulating talk to the engine: {rooms}"
    files = {file for file, _, name, _ in imports if name.split(".")[0] == "pyspark"}
    assert files == {"load/spark.py"}, f"only load/spark.py may import the distributed engine: {sorted(files)}"


def test_every_room_has_its_rules(imports: list[Import]) -> None:
    rooms = {room for _, room, *_ in imports}
    assert rooms <= set(MAY_IMPORT), f"rooms without rules: {sorted(rooms - set(MAY_IMPORT))}"


@pytest.mark.parametrize("module", ["retailkit", "retailkit.schema", "retailkit.cohort", "retailkit.load"])
def test_importing_is_cheap_and_changes_nothing(module: str) -> None:
    # loading reads with the engine; pandas, for the report, comes in while it does
    engine = set() if module == "retailkit.load" else {"duckdb"}
    code = (
        f"import sys, warnings; before = list(warnings.filters); import {module}; "
        f"heavy = ({{'pandas', 'plotly', 'ibis', 'sklearn', 'scipy', 'papermill'}} | {engine}) & set(sys.modules); "
        "assert not heavy, heavy; assert warnings.filters == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_lead_home() -> None:
    import retailkit

    for name in retailkit.__all__:
        assert getattr(retailkit, name) is not None
    with pytest.raises(AttributeError, match="no public name 'growht'"):
        retailkit.growht  # noqa: B018
