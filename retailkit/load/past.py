"""Persons of a past day: who was one person by what was known before it, and of whom more came in since."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from retailkit.load.engine import fetch, literal, open_files, quote
from retailkit.load.partitions import EVERY, UNDATED
from retailkit.schema import table

if TYPE_CHECKING:
    from retailkit.load.store import Store

STARTED = {"pushes": "campaign_id", "coupons": "issued_at"}
"""Tables whose rows without their time are not of every time: what tells when they began."""
NAMING = (
    "accounts", "members", "orders", "account_pairs",
    "sessions", "pushes", "coupons", "group_members", "guide_bindings", "red_packets",
)  # fmt: skip
"""Tables from which persons are linked: what ties accounts, then what only names them."""


@dataclass(frozen=True)
class Past:
    """The persons of a store that is open as of a day; what was found of them is looked up once."""

    store: Store

    def persons(self) -> str:
        """Return SQL of the persons as linked by what was known before ``as_of``; warn where nobody linked them so."""
        if left := self.not_linked():
            warnings.warn(_late(left, self.store.as_of), stacklevel=4)
        contract, (later, before) = table("persons"), self._ahead
        gone = {*self._linked_then, *(later - before)}
        if not gone:
            return self.store.select(contract)
        others = {f["merchant"] for f in self.store.files_then(contract)} - gone  # whose files alone are read
        now, columns = replace(self.store, merchants=tuple(sorted(others))), ", ".join(map(quote, contract.names))
        return f"SELECT {columns} FROM ({now.select(contract)}) UNION ALL SELECT {columns} FROM ({self._then})"

    @cached_property
    def _then(self) -> str:
        """Return SQL of the rows of ``persons_as_of`` that were linked for this very day from what is there now."""
        own = [f"({literal(m)}, {literal(found)})" for m, found in sorted(self.evidence().items())]
        theirs = f"(merchant, evidence) IN ({', '.join(own)})" if own else "false"  # compared once, not with each
        rows = f"SELECT * FROM ({self.store.select(table('persons_as_of'))}) WHERE as_of = DATE {literal(str(self.store.as_of))}"
        return f"{rows} AND {theirs}"

    @cached_property
    def _linked_then(self) -> list[str]:
        return sorted(m for (m,) in fetch(self.store.connection, f"SELECT DISTINCT merchant FROM ({self._then})"))

    def not_linked(self) -> list[str]:
        """Return the merchants whose persons rest on what came at ``as_of`` or later, though some were known before."""
        later, before = self._ahead
        return sorted((later & before) - set(self._linked_then))

    def evidence(self) -> dict[str, str]:
        """Return merchant -> hash of what its persons of ``as_of`` are linked from: files that may hold it, and the zone.

        Rows of ``persons_as_of`` bear it, so what was linked before more was loaded is never read, whoever loaded it
        and whenever it was written down.
        """
        found: dict[str, list[str]] = {}
        for name in (*NAMING, "campaigns"):  # an undated mailing is known with its campaign
            for file in self.store.files_then(table(name)) if name in self.store.versions else ():
                found.setdefault(file["merchant"], []).append(f"{name}/{file['log_path']}")
        told = {m: "\n".join([self.store.zones.get(m, "UTC"), *sorted(paths)]) for m, paths in found.items()}
        return {m: hashlib.sha256(text.encode()).hexdigest()[:16] for m, text in told.items()}

    @cached_property
    def _ahead(self) -> tuple[set[str], set[str]]:
        """Return the merchants of whom rows that name accounts came at ``as_of`` or later, and those known before.

        The second is looked up only as far as the first needs it.
        """
        assert self.store.as_of is not None
        later: set[str] = set()
        there = [table(name) for name in NAMING if name in self.store.versions]
        eve, month = (
            f"{day:%Y-%m}" for day in (self.store.as_of - timedelta(days=1), self.store.as_of)
        )  # a file's month is UTC's
        for contract in there:
            known, files = (
                self.store.known(contract),
                [f for f in self.store.files(contract.name) if f["merchant"] not in later],
            )
            later |= {f["merchant"] for f in files if f["month"] not in (EVERY, UNDATED) and f["month"] > month}
            months = (EVERY, eve, month, *((UNDATED,) if contract.name in STARTED else ()))
            paths = [f["path"] for f in files if f["merchant"] not in later and f["month"] in months]
            if paths and known:
                rows = open_files(self.store.connection, contract, paths)
                query = f"SELECT DISTINCT merchant FROM ({rows}) WHERE NOT coalesce({known}, false)"
                later |= {m for (m,) in fetch(self.store.connection, query)}
        before: set[str] = set()
        for contract in there:  # accounts come first, and most often tell of all merchants
            left = replace(self.store, merchants=tuple(sorted(later - before)))
            files = left.files_then(contract)
            many = {f["merchant"] for f in files if f["month"] not in (EVERY, UNDATED)}
            few = tuple(sorted({f["merchant"] for f in files} - many))
            asked = [(few, "DISTINCT merchant", "")] if few else []
            asked += [((m,), "merchant", " LIMIT 1") for m in sorted(many)]  # one row of many is enough
            if asked:
                own = ((replace(self.store, merchants=who).select(contract), what, end) for who, what, end in asked)
                some = [f"(SELECT {what} FROM ({rows}) WHERE account <> ''{end})" for rows, what, end in own]
                before |= {m for (m,) in fetch(self.store.connection, " UNION ALL ".join(some))}
        return later, before


def _late(merchants: Sequence[str], as_of: date | None) -> str:
    return (
        f"persons of {', '.join(merchants)} are linked by evidence of {as_of} and later too: "
        f"link_as_of(store, merchants, '{as_of}') links what was known before"
    )
