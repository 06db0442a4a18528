"""The merchant store, open for reading: exactly the contract's columns, touchpoints by one name, cut to what was known.

Readers follow the manifest that was published last and keep to it for as long as they are
open: a load that publishes meanwhile is seen by the next `open_store`, never half.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from retailkit.load.engine import (
    connect,
    connect_raw,
    empty_select,
    fetch,
    literal,
    open_files,
    open_view,
    quote,
)
from retailkit.load.errors import LoadError
from retailkit.load.net import net_orders
from retailkit.load.partitions import EVERY, UNDATED, day_column
from retailkit.load.past import Past
from retailkit.load.publish import write_tables
from retailkit.load.published import active_files, fingerprint, read_manifest
from retailkit.schema import OTHER_NAMES, TABLES, Table, table

FACT_DATES = ("left_on", "closed_on", "unbound_on", "solved_on", "activated_on", "redeemed_on")
"""Dates that tell what happened (not what is planned, as ``ends_on`` does): hidden until they are past."""
SINCE = {"guides": "joined_on", "shops": "opened_on"}
"""Rosters have no time of their own: a row is known from this day on."""


@dataclass(frozen=True)
class Store:
    """The canonical tables of some merchants as known at ``as_of``: one attribute per table.

    ``store.orders`` is an Ibis table with the contract's columns; a table that was never
    loaded is there too, empty.
    """

    folder: Path
    merchants: tuple[str, ...] | None
    as_of: date | None
    versions: Mapping[str, int]
    connection: Any = field(repr=False)
    zones: Mapping[str, str] = field(repr=False)

    def __getattr__(self, name: str) -> Any:
        if name not in TABLES:
            raise AttributeError(f"no canonical table '{name}'; there are {', '.join(TABLES)}")
        return self[name]

    def __getitem__(self, name: str) -> Any:
        then = name == "persons" and self.as_of and name in self.versions
        select = self._past.persons() if then else ""  # each time: it may have something to warn of
        if name not in self._opened:
            if name == "orders" and {"orders", "refunds"} <= set(self.versions):
                select = self._orders
            self._opened[name] = open_view(self.connection, table(name).name, select or self.select(table(name)))
        return self._opened[name]

    def has(self, name: str) -> bool:
        """Tell whether any row of a table was known."""
        if name not in self.versions or not self.files(name):
            return False
        return bool(fetch(self.connection, f"SELECT 1 FROM ({self.select(table(name))}) LIMIT 1"))

    def rows(self) -> pd.DataFrame:
        """Return one row per table that exports filled: ``table, room, rows, first, last`` (days).

        What the load writes of itself (files, quarantine) and what is derived (persons) came in from nowhere.
        """
        found = []
        for name, contract in TABLES.items():
            if contract.room == "derived" or name not in self.versions or not self.files(name):
                continue
            day = day_column(contract) or contract.time
            span = f"min({quote(day)})::DATE, max({quote(day)})::DATE" if day else "NULL::DATE, NULL::DATE"
            query = f"SELECT count(*), {span} FROM ({self.select(contract)})"
            found.append((name, contract.room, *fetch(self.connection, query)[0]))
        frame = pd.DataFrame(found, columns=["table", "room", "rows", "first", "last"])
        return frame.loc[frame["rows"] > 0].reset_index(drop=True)

    def fingerprint(self) -> dict[str, str]:
        """Return a hash of the files behind each table: equal hashes, equal rows."""
        return fingerprint(self.folder, self.merchants, self.versions)

    def files(self, name: str) -> list[dict[str, Any]]:
        """Return the files that hold the merchants' rows of a table (see ``active_files``)."""
        merchants = None if self.merchants is None else list(self.merchants)
        return active_files(self.folder, name, self.versions[name], merchants)

    def files_then(self, contract: Table) -> list[dict[str, Any]]:
        """Return the files that may hold rows known before ``as_of``."""
        files = self.files(contract.name)
        if not self.as_of or not contract.time:
            return files
        last = self.as_of.strftime("%Y-%m")
        return [f for f in files if f["month"] in (EVERY, UNDATED) or f["month"] <= last]

    def select(self, contract: Table) -> str:
        """Return SQL of a table's rows as they were known before ``as_of``."""
        files = self.files_then(contract) if contract.name in self.versions else []
        select = open_files(self.connection, contract, [f["path"] for f in files])
        if not files or (self.as_of is None and not any(c.touchpoint for c in contract.columns)):
            return select
        columns = ", ".join(
            _own_names(c.name) if c.touchpoint else self._masked(contract, c.name) for c in contract.columns
        )
        known = self.known(contract) if self.as_of else ""
        return f"SELECT {columns} FROM ({select})" + (f" WHERE {known}" if known else "")

    @cached_property
    def _opened(self) -> dict[str, Any]:
        return {}  # the engine looks into every file to tell a view's columns: once per table

    @cached_property
    def _orders(self) -> str:
        return net_orders(self)  # asks the engine which refunds there are: once

    @cached_property
    def _past(self) -> Past:
        return Past(self)

    def not_linked(self) -> list[str]:
        """Return the merchants whose persons rest on what came at ``as_of`` or later, though some were known before."""
        return self._past.not_linked() if self.as_of else []

    def evidence(self) -> dict[str, str]:
        """Return merchant -> hash of what its persons of ``as_of`` are linked from (see `Past.evidence`)."""
        return self._past.evidence()

    def _cut(self) -> str:
        """Return SQL of the instant at which the merchant's local day ``as_of`` starts, in UTC."""
        zones = sorted(set(self.zones.values())) or ["UTC"]
        if len(zones) == 1:
            return _midnight(self.as_of, zones[0])
        cases = " ".join(f"WHEN {literal(m)} THEN {_midnight(self.as_of, z)}" for m, z in self.zones.items())
        return f"CASE merchant {cases} ELSE {_midnight(self.as_of, 'UTC')} END"

    def known(self, contract: Table) -> str:
        """Return SQL that keeps rows known before ``as_of``; a row without any time is kept."""
        day = f"DATE {literal(str(self.as_of))}"
        column = day_column(contract)
        if contract.name == "pushes":
            # a mailing known by its campaign alone is known from the campaign's first day
            started = f"SELECT merchant, campaign_id FROM ({self.select(table('campaigns'))})"
            undated = f"(sent_on IS NULL AND (campaign_id IS NULL OR (merchant, campaign_id) IN ({started})))"
            return f"(sent_on < {day} OR {undated})"
        if contract.name == "coupons":  # one that nobody has redeemed is known from its issue on
            return f"coalesce(redeemed_on < {day}, redeemed_at < {self._cut()}, issued_at < {self._cut()}, true)"
        if column and column == contract.time:
            return f"({quote(column)} < {day} OR {quote(column)} IS NULL)"
        if since := SINCE.get(contract.name):
            return f"({quote(since)} < {day} OR {quote(since)} IS NULL)"
        tests = [f"{quote(contract.time)} < {self._cut()}"] if contract.time else []
        if column:
            tests = [f"coalesce({quote(column)} < {day}, {tests[0]}, true)"]
        elif tests:
            tests = [f"({tests[0]} OR {quote(contract.time or '')} IS NULL)"]
        return tests[0] if tests else ""

    def _masked(self, contract: Table, name: str) -> str:
        """Return SQL of a column, empty where it tells what happened on or after ``as_of``."""
        quoted, kind = quote(name), contract[name].kind
        if self.as_of is None:
            return quoted
        if contract.name == "sources" and name in ("first_on", "last_on"):  # the days a file tells of
            day, eve = (f"DATE {literal(str(d))}" for d in (self.as_of, self.as_of - timedelta(days=1)))
            return f"CASE WHEN first_on < {day} THEN least({quoted}, {eve}) END AS {quoted}"
        if kind == "instant" and name != contract.time:
            return f"CASE WHEN {quoted} < {self._cut()} THEN {quoted} END AS {quoted}"
        if name in FACT_DATES and name != day_column(contract):
            return f"CASE WHEN {quoted} < DATE {literal(str(self.as_of))} THEN {quoted} END AS {quoted}"
        return quoted


def open_store(
    store: str | Path,
    merchants: str | Sequence[str] | None = None,
    as_of: str | date | None = None,
    threads: int | None = None,
    memory: str | None = None,
    engine: str | None = None,
) -> Store:
    """Open the published state of a store; every table as it was known before the local day ``as_of``.

    Touchpoints are read under their own names (share as sharing; `retailkit.schema.OTHER_NAMES`), in every table.

    Parameters
    ----------
    merchants : an id, a list of ids, or None for all.
    as_of : ISO date; rows of that local day and later are not there, and instants that tell
        what happened later (unfollowed, released ...) are empty. None shows everything.
    engine : "duckdb" or "spark"; None asks ``RETAILKIT_ENGINE`` and falls back on duckdb.

    Raises
    ------
    LoadError
        If there is no store in the folder, a merchant is not in it (near names are suggested), or
        the engine is not there.
    """
    folder = Path(store)
    manifest = read_manifest(folder)
    if not manifest["tables"]:
        raise LoadError(
            "there is no published store", str(folder), "a folder that a load wrote", "retailkit load COHORT"
        )
    wanted = None if merchants is None else (merchants,) if isinstance(merchants, str) else tuple(map(str, merchants))
    day = None if as_of is None else date.fromisoformat(str(as_of))
    backend = connect(threads, memory, engine=engine)
    zones = _zones(folder, manifest["tables"], backend, wanted)
    return Store(folder, wanted, day, manifest["tables"], backend, zones)


def _own_names(column: str) -> str:
    """Return SQL of a column of touchpoints, each under its own name."""
    quoted = quote(column)
    cases = " ".join(f"WHEN {literal(other)} THEN {literal(own)}" for other, own in OTHER_NAMES.items())
    return f"CASE {quoted} {cases} ELSE {quoted} END AS {quoted}"


def _midnight(day: date | None, zone: str) -> str:
    """Return SQL of the UTC instant at which a local day starts in a zone."""
    assert day is not None
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return f"TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}'"


def _zones(folder: Path, versions: Mapping[str, int], backend: Any, wanted: tuple[str, ...] | None) -> dict[str, str]:
    """Return each merchant's time zone; refuse merchants that no loaded table knows."""
    zones: dict[str, str] = {}
    if "merchants" in versions:
        files = [f["path"] for f in active_files(folder, "merchants", versions["merchants"])]
        query = f"SELECT merchant, any_value(zone) FROM ({open_files(backend, table('merchants'), files)}) GROUP BY 1"
        zones = {m: z or "UTC" for m, z in fetch(backend, query)}
    if wanted is None:
        return zones
    known = set(zones)
    for name in versions if not set(wanted) <= known else ():
        known |= {f["merchant"] for f in active_files(folder, name, versions[name])}
    unknown = [m for m in wanted if m not in known]
    if unknown:
        near = [n for m in unknown for n in get_close_matches(m, sorted(known), 1)]
        raise LoadError(
            f"unknown merchant: {', '.join(unknown)}" + (f" (did you mean {', '.join(near)}?)" if near else ""),
            where=str(folder),
            expected=f"one of {', '.join(sorted(known)[:30])}",
            do="load its exports first, or correct the id",
        )
    return {m: zones.get(m, "UTC") for m in wanted}


def save_table(store: str | Path, name: str, rows: Any, replace: bool = True, merchants: Collection[str] = ()) -> int:
    """Publish a derived table (``persons``): its merchants' old rows go; the new Delta version.

    With their persons go the merchants' rows of ``persons_as_of``, which were linked from what was loaded before.

    Parameters
    ----------
    rows : pandas frame, Arrow table or Ibis table with the contract's columns (missing ones stay empty).
    replace : False lets rows of other keys stay.
    merchants : those whose old rows go although there are no new ones.
    """
    con = connect_raw()
    frame = rows.to_pyarrow() if hasattr(rows, "to_pyarrow") else rows
    con.register("saved_rows", frame)
    names = ", ".join(map(quote, table(name).names))
    relations = {
        name: f"(SELECT {names} FROM ({empty_select(table(name))} UNION ALL BY NAME SELECT * FROM saved_rows))"
    }
    whose = sorted({m for (m,) in con.execute("SELECT DISTINCT merchant FROM saved_rows").fetchall()} | {*merchants})
    theirs = f"merchant IN ({', '.join(map(literal, whose))})"
    gone = {name: theirs} if merchants and replace else {}
    if name == "persons" and replace and whose and "persons_as_of" in read_manifest(store)["tables"]:
        relations["persons_as_of"] = f"({empty_select(table('persons_as_of'))})"
        gone["persons_as_of"] = theirs
    return write_tables(con, store, relations, replace=replace, gone=gone)[name]
