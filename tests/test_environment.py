"""Dependencies are declared once; the conda page, the locks and the declaration say the same."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"duckdb": "python-duckdb", "ibis-framework[duckdb]": "ibis-duckdb"}


def name_and_bounds(requirement: str) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z0-9._-]+(?:\[[a-z,]+\])?)(.*)", requirement.strip())
    assert match, requirement
    return match[1], match[2]


def test_conda_page_equals_pyproject() -> None:
    page = (ROOT / "environment.yml").read_text(encoding="utf-8")
    conda = {name_and_bounds(line) for line in re.findall(r"^  - ([a-z][^:\n]*)$", page, re.M)}
    declared = {(CONDA_NAMES.get(name, name), bounds) for name, bounds in map(name_and_bounds, PROJECT["dependencies"])}
    assert conda == declared | {("python", PROJECT["requires-python"]), ("pip", "")}


def test_locks_hold_every_declared_package_with_hashes() -> None:
    for extra, requirements in {"base": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}.items():
        lock = (ROOT / "requirements" / f"{extra}.lock").read_text(encoding="utf-8")
        pins = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.M))
        wanted = {name_and_bounds(r)[0].split("[")[0].lower() for r in requirements}
        base = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements/base.lock").read_text(), re.M))
        assert wanted <= pins | base, f"{extra}: {sorted(wanted - pins - base)} not locked: say make lock"
        blocks = re.split(r"\n(?=[a-z0-9])", lock.strip())
        assert all("--hash=sha256:" in block for block in blocks)


def test_no_other_lock_holds_a_package_of_base() -> None:
    """Two installations run beside each other: of base, and of the others in turn."""
    pins = {
        p.stem: set(re.findall(r"^([a-z0-9._-]+)==", p.read_text(), re.M)) for p in ROOT.glob("requirements/*.lock")
    }
    assert pins["base"]
    assert not [name for name, held in pins.items() if name != "base" and held & pins["base"]]


def test_locks_name_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        assert "index-url" not in text, lock.name


def test_the_format_checker_that_slows_every_kernel_is_left_out() -> None:
    assert "rfc3987-syntax" not in (ROOT / "requirements/base.lock").read_text(encoding="utf-8")
