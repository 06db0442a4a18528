"""One file on its way: whose rows it holds, typed rows per table, and a scratch folder that goes away."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from retailkit.cohort import Merchant
from retailkit.load.conditions import where_sql
from retailkit.load.engine import (
    Connection,
    EngineError,
    OutOfMemory,
    connect_raw,
    empty_select,
    first,
    literal,
    memory_bytes,
    quote,
    settings,
)
from retailkit.load.errors import LoadError
from retailkit.load.fields import Place
from retailkit.load.files import Probe
from retailkit.load.kept import BIG, PACKED, drop_kept, materialiser, scratch_folder
from retailkit.load.keys import check_mark, set_pads
from retailkit.load.layout import GUIDES, OWNERS, Layout
from retailkit.load.passing import may_pass, pass_through
from retailkit.load.phones import refuse_phones, refuse_records
from retailkit.load.pieces import WholeOnly
from retailkit.load.published import published_rows, read_manifest
from retailkit.load.raw import Raw
from retailkit.load.read import read_raw
from retailkit.load.rows import Typed, type_rows
from retailkit.load.shared_out import with_their_payment
from retailkit.load.together import with_their_orders
from retailkit.load.unique import keep_last
from retailkit.load.units import refuse_other_unit
from retailkit.schema import table

Result = TypeVar("Result")
LEAN = "850MiB"
"""Memory of the engine while it loads: what does not fit goes to disk, at little cost."""


@dataclass
class Load:
    """What one load has gathered so far: relations per table, one report line per file.

    ``before`` holds the files that the store knows (file, merchant, layout, its id); ``gone`` tells,
    per table, which stored rows (SQL) a file that is read anew takes back; ``written`` the files that hold
    a relation's rows as they are published, ``owners`` the merchants whose rows it has. A ``look`` publishes
    and counts nothing. In a ``keyed`` load some file holds phones. ``lang`` is the language of the report, ``failed``
    holds why files could not be read.
    """

    con: Connection
    store: Path
    scratch: Path
    merchants: Mapping[str, Merchant]
    relations: dict[str, list[str]] = field(default_factory=dict)
    report: list[dict[str, Any]] = field(default_factory=list)
    before: frozenset[tuple[str, str, str, str]] = frozenset()
    gone: dict[str, list[str]] = field(default_factory=dict)
    written: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    owners: dict[str, frozenset[str]] = field(default_factory=dict)
    look: bool = False
    keyed: bool = False
    lang: str = "en"
    failed: list[LoadError] = field(default_factory=list)
    # relations whose rows were put together from rows of a file that is new to the store, and their merchants
    grouped: dict[str, frozenset[str]] = field(default_factory=dict)

    def within(self, work: Callable[[], Result]) -> Result:
        """Do some work in little memory; what cannot go to disk is done again with all that may be used."""
        try:
            return work()
        except (OutOfMemory, LoadError) as error:
            if not isinstance(error, OutOfMemory) and not isinstance(error.__cause__, OutOfMemory):
                raise
            (lean,) = first(self.con, "SELECT current_setting('memory_limit')") or ("",)
            self.con.execute(f"SET memory_limit = {literal(settings()['memory_limit'])}")
            try:
                return work()
            finally:
                with suppress(EngineError):  # what is held just now may be more
                    self.con.execute(f"SET memory_limit = {literal(lean)}")


@dataclass(frozen=True)
class Staged:
    """One file, typed: its rows as read, the typed rows of each table, how many rows are of others."""

    raw: Raw
    rows: str
    place: Place
    typed: tuple[Typed, ...]
    outside: int


@contextmanager
def loading(store: Path, merchants: Mapping[str, Merchant], look: bool = False) -> Iterator[Load]:
    """Open a connection (of little memory, but for a look) and a scratch folder; both are gone after the load.

    Raises
    ------
    LoadError
        Instead of an engine's own error: what failed and what to do.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoadError(
            f"the store cannot be made here ({error.strerror})", str(store), "a folder that you may write to"
        ) from None
    memory = None if look else min(LEAN, settings()["memory_limit"], key=memory_bytes)
    try:
        with scratch_folder(store) as scratch, connect_raw(memory=memory, temp=scratch / "engine") as con:
            yield Load(con, store, scratch, merchants, before=_known_files(con, store), look=look)
    except (EngineError, OSError) as error:
        raise engine_failed(error, str(store)) from error


def _known_files(con: Connection, store: Path) -> frozenset[tuple[str, str, str, str]]:
    """Return file, merchant, layout and its id of everything that was loaded before."""
    version = read_manifest(store)["tables"].get("sources")
    if version is None:
        return frozenset()
    rows = published_rows(store, "sources", version)
    return frozenset(con.execute(f"SELECT file_id, merchant, layout, layout_id FROM ({rows})").fetchall())


def engine_failed(error: Exception, where: str) -> LoadError:
    """Return the engine's error in our words, without any value of a cell."""
    text = str(error)
    if "No space left" in text or getattr(error, "errno", 0) == 28:
        return LoadError("the disk is full", where, "room for the rows twice", "free some space and load again")
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        what = f"no permission ({error.strerror})"
        return LoadError(what, str(error.filename or where), "a folder that you may write to", "choose another --store")
    if isinstance(error, OutOfMemory):
        do = "raise RETAILKIT_MEMORY, or lower RETAILKIT_THREADS, then load again"
        return LoadError("the load needs more memory than it may use", where, do=do)
    head = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", text.splitlines()[0])[:200]
    return LoadError(f"the file cannot be loaded ({type(error).__name__}: {head})", where, do="check file and layout")


def stage_file(
    load: Load,
    tag: str,
    found: Probe,
    layout: Layout,
    owners: list[str],
    owned: bool,
    any_merchant: tuple[str, str] | None,
) -> Staged:
    """Type one file into relations of the load's connection."""
    if not owned and layout.merchant is None and layout.name.startswith("canonical_"):
        layout = layout.model_copy(update={"merchant": "merchant"})
    if any(rule.kind or name in (*GUIDES, *OWNERS) for block in layout.tables for name, rule in block.fields.items()):
        check_mark(load.store)
        set_pads(load.con)
        load.keyed = True
    if may_pass(found, layout, owners, owned):
        try:
            return _staged(load, tag, found, layout, owners, owned, any_merchant, True)
        except OutOfMemory:
            raise
        except (WholeOnly, EngineError):  # line breaks within cells: the parser too says so on its way
            pass
    return _staged(load, tag, found, layout, owners, owned, any_merchant, False)


def _staged(
    load: Load,
    tag: str,
    found: Probe,
    layout: Layout,
    owners: list[str],
    owned: bool,
    any_merchant: tuple[str, str] | None,
    passing: bool,
) -> Staged:
    raw = read_raw(load.con, found, layout, load.scratch, passing)
    refuse_other_unit(raw, layout, found.name)
    refuse_records(raw, layout, found.name)
    refuse_phones(raw, layout, found.name)
    rows, merchants, outside = _owned_rows(load, tag, raw, layout, owners, owned, any_merchant)
    place = Place(
        {m.id: m.zone for m in merchants},
        {m.id: layout.currency or m.currency for m in merchants},
        found.name,
        f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M:%S}",
    )
    size = found.bytes * PACKED.get("gzip" if found.gzipped else found.kind, 1)
    materialise = materialiser(load.con, load.scratch, size > BIG, load.look)
    through = partial(pass_through, load.con, load.scratch)
    typed = []
    for i, block in enumerate(layout.tables):
        rows_of_block = type_rows(load.con, f"{tag}_{i}", block, rows, raw, layout, place, materialise, through)
        typed.append(keep_last(load.con, rows_of_block, block, materialise, len(layout.tables) == 1))
    if passing:  # every row of the file is one of the table
        load.con.execute(
            f'CREATE OR REPLACE TEMP VIEW {tag}_seen AS SELECT merchant, NULL::INT AS "@skip" FROM {quote(typed[0].typed)}'
        )
        rows = f"{tag}_seen"
    whole = with_their_payment(load.con, with_their_orders(load.con, typed, layout), layout)
    return Staged(raw, rows, place, whole, outside)


def _owned_rows(
    load: Load,
    tag: str,
    raw: Raw,
    layout: Layout,
    owners: list[str],
    owned: bool,
    any_merchant: tuple[str, str] | None,
) -> tuple[str, list[Merchant], int]:
    """Give every row its merchant: a view of the rows, the merchants, and how many rows are of others."""
    con, name, outside = load.con, f"{tag}_rows", 0
    if owned:
        values = ", ".join(f"({literal(o)})" for o in owners)
        base = f"SELECT * FROM {raw.relation} CROSS JOIN (VALUES {values}) AS owner(merchant)"
        if len(owners) == 1:
            base = f"SELECT *, {literal(owners[0])} AS merchant FROM {raw.relation}"
    else:
        if layout.merchant is None:
            raise LoadError(
                "the layout has no merchant column", f"layout '{layout.name}'", "a 'merchant' column in the layout",
                "or 'merchant' or 'shared = true' at the source in the cohort file",
            )  # fmt: skip
        cell = f"CAST({quote(raw.found[layout.merchant])} AS VARCHAR)"
        if any_merchant:
            found = con.execute(
                f"SELECT DISTINCT {cell} FROM {raw.relation} WHERE {cell} IS NOT NULL LIMIT 10000"
            ).fetchall()
            owners = sorted(m for (m,) in found)
        listed = ", ".join(map(literal, owners)) or "NULL"
        base = f"SELECT *, {cell} AS merchant FROM {raw.relation} WHERE {cell} IN ({listed})"
        (outside,) = first(
            con, f"SELECT count(*) FROM {raw.relation} WHERE {cell} NOT IN ({listed}) OR {cell} IS NULL"
        ) or (0,)
    skips = [where_sql(rule.where, raw) for rule in layout.skip]
    if lines := [str(total.row) for total in raw.totals if total.row]:
        skips.append(f"source_row IN ({', '.join(lines)})")
    reason = "CASE " + " ".join(f"WHEN {t} THEN {i}" for i, t in enumerate(skips)) + " END" if skips else "NULL::INT"
    con.execute(
        f'CREATE OR REPLACE TEMP VIEW {name} AS SELECT *, {reason} AS "@skip" FROM ({_filled(base, raw, layout)})'
    )
    zone, currency = any_merchant or ("UTC", "")
    known = [load.merchants.get(o) or Merchant(id=o, zone=zone, currency=currency) for o in owners]
    return name, known, int(outside)


def _filled(base: str, raw: Raw, layout: Layout) -> str:
    """Fill order-level cells down within their order."""
    if layout.fill_down is None:
        return base
    by = quote(raw.found[layout.fill_down.by])
    cells = [quote(raw.found[c]) for c in layout.fill_down.columns if c in raw.found]
    window = f"OVER (PARTITION BY merchant, {by} ORDER BY source_row ROWS UNBOUNDED PRECEDING)"
    filled = ", ".join(f"last_value({c} IGNORE NULLS) {window} AS {c}" for c in cells)
    return f"SELECT * REPLACE ({filled}) FROM ({base})"


def forget(load: Load, staged: Staged) -> None:
    """Drop what nobody reads once a file has its report: its text, rows that failed, rows that were grouped since."""
    spent = [f"{t.typed}_{end}" for t in staged.typed for end in ("marked", "failed", "rejected", "lost")]
    drop_kept(load.con, load.scratch, spent + [t.typed for t in staged.typed if t.grouped])
    if staged.raw.relation.startswith('"'):
        load.con.execute(f"DROP TABLE IF EXISTS {staged.raw.relation}")


def shaped(name: str, relation: str) -> str:
    """Return a relation with all of a table's columns, those that the rows lack empty."""
    contract = table(name)
    names = ", ".join(map(quote, contract.names))
    return f"(SELECT {names} FROM ({empty_select(contract)} UNION ALL BY NAME SELECT * FROM {quote(relation)}))"
