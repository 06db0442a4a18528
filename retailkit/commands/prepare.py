"""Exports into the store, then accounts into persons: what must be there before a study runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

WITH_ACCOUNTS = ("sessions", "pushes", "coupons", "group_members", "guide_bindings", "red_packets")


def load_and_link(cohort: Any, store: str, tell: Callable[[str], None]) -> pd.DataFrame:
    """Load a cohort's exports and link its accounts; one row per file, as `load_cohort` returns.

    What was loaded before is not read again, and persons are linked anew only if something was.
    """
    from retailkit.load import load_cohort, open_store

    report = load_cohort(cohort, store, progress=tell)
    everyone = [m.id for m in cohort.everyone]
    if (report["status"] == "loaded").any() or not open_store(store, everyone).has("persons"):
        accounts, persons = link_store(store, everyone)
        tell(f"{accounts:,} accounts are {persons:,} persons")
    return report


def link_store(store: str, merchants: Sequence[str]) -> tuple[int, int]:
    """Link all accounts of some merchants and store the table ``persons``; numbers of accounts and persons."""
    from retailkit.link import link_accounts
    from retailkit.load import open_store
    from retailkit.load.publish import write_tables
    from retailkit.schema import table

    tables = open_store(store, list(merchants))
    others = [tables[name] for name in WITH_ACCOUNTS if tables.has(name)]
    previous = tables.persons if tables.has("persons") else None
    linked = link_accounts(
        tables.accounts, tables.members, tables.orders, tables.account_pairs, others, previous=previous
    )
    frame = linked.to_pyarrow()
    if frame.num_rows:
        con = tables.connection.con
        con.register("linked_persons", frame)
        columns = ", ".join(f'"{name}"' for name in table("persons").names)
        write_tables(con, store, {"persons": f"(SELECT {columns} FROM linked_persons)"}, replace=True)
    names = frame.select(["merchant", "person"]).group_by(["merchant", "person"]).aggregate([])
    return frame.num_rows, names.num_rows


def fingerprints(store: str, as_of: str) -> Callable[[str | None], Mapping[str, str]]:
    """Return merchant (None: everyone in the store) -> table -> hash of its data."""
    from retailkit.load import open_store

    @cache
    def of(merchant: str | None) -> Mapping[str, str]:
        return open_store(store, merchant, as_of).fingerprint()

    return of
