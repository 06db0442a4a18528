"""Write the hash-pinned locks: ``base.lock`` and, for each extra, only what it adds to it.

Run ``make lock`` after a change of the dependencies in pyproject.toml. Needs uv.
"""

import re
import subprocess
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent

# jsonschema's format extra compiles grammars at import (two seconds a kernel); nothing here checks IRIs
LEFT_OUT = "rfc3987-syntax ; sys_platform == 'never'\n"
# the tested line: pandas 3 (tests also run once against pandas 2)
PREFERRED = "pandas>=3\n"


def compiled(extras: list[str]) -> dict[str, str]:
    """Requirement blocks (name, version, hashes) by package name, as resolved for these extras."""
    (HERE / ".override").write_text(LEFT_OUT)
    (HERE / ".constraint").write_text(PREFERRED)
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--override", str(HERE / ".override")]
    command += ["--constraint", str(HERE / ".constraint"), *(f"--extra={e}" for e in extras), "pyproject.toml"]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for scratch in (".override", ".constraint"):
        (HERE / scratch).unlink()
    blocks = re.split(r"\n(?=[a-zA-Z0-9])", text.strip())
    return {block.split(" ")[0]: block for block in blocks if not block.startswith("rfc3987-syntax")}


def main() -> None:
    extras = list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    everything = compiled(extras)
    wanted = {"base": compiled([]), **{e: compiled([e]) for e in extras}}
    base = {pin.split("==")[0] for pin in wanted["base"]}
    for name, blocks in wanted.items():
        names = {pin.split("==")[0] for pin in blocks} - (base if name != "base" else set())
        lines = [block for pin, block in everything.items() if pin.split("==")[0] in names]
        (HERE / f"{name}.lock").write_text("\n".join(lines) + "\n")
        print(f"requirements/{name}.lock: {len(lines)} packages")


if __name__ == "__main__":
    main()
