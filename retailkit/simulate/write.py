"""Simulate a cohort: draw every merchant and write its tables, its exports and the truth beside them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from retailkit.schema import table
from retailkit.simulate import truth as true
from retailkit.simulate.calibrate import NOISY
from retailkit.simulate.merchant import MEMORY, Simulated, draw
from retailkit.simulate.page import DONOR_TABLES, TABLES, cohort_page
from retailkit.simulate.tables import identity, organisation, plan, sales, traffic
from retailkit.simulate.vendors import exports, kept
from retailkit.simulate.vendors.files import NOTICE, write_export
from retailkit.simulate.world import Profile, parameters, profiles, roles


def simulate(
    cohort: str,
    out_dir: str | Path,
    seed: int = 1,
    scale: float | None = None,
    report: Callable[[str], None] | None = None,
    vendors: bool = True,
    merchants: Sequence[str] | None = None,
) -> Path:
    """Write a simulated cohort: one folder of exports a merchant, and the truth beside them.

    The folder appears when it is complete; what was there before is replaced.

    Parameters
    ----------
    cohort : 'doubling_1' (programme in the last quarter of 2018) or 'doubling_2' (spring 2019).
    out_dir : folder to write into; in ``<cohort>`` appear ``canonical/*.parquet`` (one file a table), ``exports/<merchant>/*``,
        ``truth/*.parquet`` and ``<cohort>.toml``, a cohort file of just these merchants.
    seed : of every random draw; the same seed and scale give the same bytes.
    scale : simulated persons per person of the full world; the small cohort's .002 if not given, 1 is full scale.
    report : called with one line per merchant.
    vendors : write what a vendor exports in the vendor's own files (``exports/<merchant>``) instead of canonical tables.
    merchants : only these, with the same rows as in the whole cohort.

    Returns
    -------
    The folder of the cohort.

    Raises
    ------
    ValueError
        If there is no such cohort or merchant, or the scale is not in (0, 1].
    """
    who = roles(cohort)
    scale = parameters()["span"]["small"] if scale is None else scale
    if not 0 < scale <= 1:
        raise ValueError(f"scale is {scale}; expected more than 0 and at most 1 (1 is full scale)")
    out = Path(out_dir) / cohort
    unknown = sorted(set(merchants or ()) - set(who))
    if unknown:
        raise ValueError(f"cohort '{cohort}' has no merchant {', '.join(unknown)}; it has {', '.join(who)}")
    everyone = [p for p in profiles() if p.id in (merchants or who)]
    page = {"notice": NOTICE, "cohort": cohort, "seed": seed, "scale": scale, "made_by": made_by(),
            "merchants": {p.id: who[p.id] for p in everyone}}  # fmt: skip
    Path(out_dir).mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{cohort}-", dir=out_dir))
    try:
        scratch.chmod(0o755)
        _write_all(everyone, page, scratch, vendors, report)
        text = cohort_page(cohort, scratch, scale, merchants)
        (scratch / f"{cohort}.toml").write_text(text, encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        scratch.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return out


def made_by() -> str:
    """Return a hash of the simulation itself, parameters and code: other files, other data."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*here.rglob("*.py"), *here.glob("*.toml")]):
        digest.update(path.relative_to(here).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _write_all(
    everyone: list[Profile], page: dict[str, Any], out: Path, vendors: bool, report: Callable[[str], None] | None
) -> None:
    """Write every merchant's folder, then the truth of all of them."""
    who, seed, scale = page["merchants"], page["seed"], page["scale"]

    def one(profile: Profile) -> dict[str, pa.Table]:
        systems = profile.exports if vendors and who[profile.id] == "merchant" else ()
        made, line = _write_merchant(profile, seed, scale, out, who[profile.id], systems)
        if report:
            report(line)
        return made

    with ThreadPoolExecutor(1 if scale > NOISY else 2) as pool:
        made = list(pool.map(one, everyone))
    _join_parts(out / "parts", [p.id for p in everyone], out / "canonical")
    for name in dict.fromkeys(name for tables in made for name in tables):
        parts = [tables[name] for tables in made if name in tables]
        _write(pa.concat_tables(parts, promote_options="permissive"), out / "truth" / f"{name}.parquet")
    (out / "truth" / "world.json").write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")


def _join_parts(parts: Path, merchants: list[str], folder: Path) -> None:
    """Put every merchant's rows of a table into one file, merchant after merchant: one file to load instead of 39."""
    folder.mkdir()
    con = duckdb.connect(config={"threads": 1, "memory_limit": MEMORY})
    for name in (n for n in TABLES if any(parts.glob(f"*/{n}.parquet"))):
        files = [str(f) for f in (parts / m / f"{name}.parquet" for m in merchants) if f.exists()]
        if len(files) == 1:
            Path(files[0]).rename(folder / f"{name}.parquet")
        else:
            _copy(con, f"from read_parquet({files})", folder / f"{name}.parquet")
    con.close()
    shutil.rmtree(parts)


def _write_merchant(
    profile: Profile, seed: int, scale: float, out: Path, role: str, systems: tuple[str, ...]
) -> tuple[dict[str, pa.Table], str]:
    """Write one merchant's files; return its truth tables and a line to report."""
    drawn = draw_tables(profile, seed, scale, folder=out)
    write_canonical(drawn, out / "parts" / profile.id, None if role == "merchant" else DONOR_TABLES, systems)
    spoilt = [write_export(drawn, export, out / "exports" / profile.id) for export in exports(systems)]
    made = {name: drawn.connection.sql(sql).to_arrow_table() for name, sql in true.truth(drawn).items()}
    made["cases"] = pa.Table.from_pylist(true.cases(drawn), schema=_CASES)
    if spoilt:
        made["dirty"] = pa.concat_tables(spoilt, promote_options="permissive")
    drawn.connection.close()
    (out / f"{profile.id}.duckdb").unlink(missing_ok=True)
    line = f"{profile.title}: {drawn.orders:,} private orders, {drawn.sessions:,} sessions"
    return made, line


def draw_tables(profile: Profile, seed: int, scale: float, folder: Path | None = None) -> Simulated:
    """Draw one merchant and prepare the tables that its exports and truth are read from; see `draw`."""
    drawn = draw(profile, seed, scale, folder)
    sales.prepare(drawn)
    traffic.gift(drawn)
    return drawn


def write_canonical(
    drawn: Simulated, folder: Path, wanted: tuple[str, ...] | None = None, systems: tuple[str, ...] = ()
) -> dict[str, int]:
    """Write the canonical tables of one merchant as Parquet, one file a table; return rows by table.

    Rows that an export of ``systems`` stands for are left to it; a table left empty has no file.
    """
    statements = {
        **sales.sales(drawn), **identity.identity(drawn), **traffic.traffic(drawn),
        **organisation.organisation(drawn), **plan.plan(drawn),
    }  # fmt: skip
    rows = {}
    for name, sql in statements.items():
        if name in READ_AGAIN or not wanted or name in wanted:
            columns = ", ".join(f'"{c}"' for c in table(name).names)
            made = "table" if name in READ_AGAIN else "view"
            drawn.connection.execute(f"create {made} out_{name} as select {columns} from ({sql})")
        if not wanted or name in wanted:
            path = folder / f"{name}.parquet"
            rows[name] = _copy(drawn.connection, f"from out_{name} where {kept(systems, name)}", path)
    return rows


READ_AGAIN = ("spend", "follower_days", "guide_days")
"""Tables that exports and cases read again: made once, and for donors as well."""


def _copy(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> int:
    """Write rows straight from the engine, so that memory does not grow with them; no rows, no file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notice = f"kv_metadata {{notice: '{NOTICE}'}}"
    con.execute(f"copy ({sql}) to '{path}' (format parquet, compression zstd, {notice})")
    rows = pq.read_metadata(path).num_rows
    if not rows:
        path.unlink()
    return rows


def _write(made: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(made.replace_schema_metadata({"notice": NOTICE}), path, compression="zstd")


_CASES = pa.schema([
    ("merchant", pa.string()), ("case", pa.string()), ("claim", pa.int64()), ("goal", pa.float64()), ("unit", pa.string()),
    ("goal_at_scale", pa.float64()), ("drawn", pa.float64()),
])  # fmt: skip
