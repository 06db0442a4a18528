"""Exports into the store, then accounts into persons: what must be there before a study runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import count
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retailkit.spoken import said

if TYPE_CHECKING:
    import pandas as pd


def load_and_link(cohort: Any, store: str, tell: Callable[[str], None], lang: str = "en") -> pd.DataFrame:
    """Load a cohort's exports and link its accounts; one row per file, as `load_cohort` returns.

    What was loaded before is not read again, and persons are linked anew only if something was (or a run before
    loaded it and did not come to link). Where rows of the
    cohort's ``as_of`` and later are loaded, persons are linked without them besides (`link_as_of`).
    The exports of a simulated cohort are made first, unless they are there.
    """
    from retailkit.load import load_cohort, open_store

    if cohort.simulated:
        make_simulated(cohort, tell, lang)
    report = load_cohort(
        cohort, store, progress=lambda line: tell(said(lang, f"load {line}", f"导入 {line}")), lang=lang
    )
    everyone = [m.id for m in cohort.everyone]
    loaded = (report["status"] == "loaded").any() or _loaded_since_linked(store)
    if loaded or not open_store(store, everyone, engine="duckdb").has("persons"):
        accounts, persons = link_store(store, everyone)
        tell(linked(accounts, persons, lang))
    if then := link_as_of(store, everyone, cohort.as_of):
        tell(as_known(len(then), cohort.as_of, lang))
    return report


def _loaded_since_linked(store: str) -> bool:
    """Tell that tables which tie accounts changed after persons were last linked: the load before this one died, say."""
    from retailkit.load.past import NAMING
    from retailkit.load.published import read_manifest

    manifest = read_manifest(store)
    now = manifest["tables"]
    then = next(s for s in (*manifest["recent"], now) if s.get("persons") == now.get("persons"))
    return any(then.get(name) != now.get(name) for name in NAMING)


def linked(accounts: int, persons: int, lang: str = "en") -> str:
    """How many accounts became how many persons, in words.

    >>> linked(1, 1), linked(0, 0), linked(3, 2, "zh")
    ('1 account is 1 person', 'no accounts: nobody is known', '3个账号对应2人')
    """
    if not accounts:
        return said(lang, "no accounts: nobody is known", "没有账号：无法识别任何人")
    one, who = "account is" if accounts == 1 else "accounts are", "person" if persons == 1 else "persons"
    return said(lang, f"{accounts:,} {one} {persons:,} {who}", f"{accounts:,}个账号对应{persons:,}人")


def as_known(merchants: int, as_of: str | date, lang: str = "en") -> str:
    """Say that persons were also linked as known before a day.

    >>> as_known(1, "2019-01-01"), as_known(2, "2019-01-01", "zh")
    ('1 merchant has later rows: linked as known before 2019-01-01 too', '2个商户有更晚的数据：另按2019-01-01之前的已知信息关联')
    """
    who = "1 merchant has" if merchants == 1 else f"{merchants:,} merchants have"
    return said(
        lang,
        f"{who} later rows: linked as known before {as_of} too",
        f"{merchants:,}个商户有更晚的数据：另按{as_of}之前的已知信息关联",
    )


def make_simulated(cohort: Any, tell: Callable[[str], None], lang: str = "en") -> Path | None:
    """Make the exports of a simulated cohort where its sources look for them; return their folder.

    Those that are there stay, whatever their seed and scale, as long as the simulation that
    made them is this one; else they are made again with the same seed and scale. A cohort
    file that the simulation wrote into its own folder is taken as it is.
    """
    from retailkit.simulate import COHORTS, parameters
    from retailkit.simulate.write import made_by, simulate

    found = [source.path.partition("canonical/") for source in cohort.sources]
    base = next((Path(before) for before, cut, _ in found if cut), None)
    if base is None or base == Path() or base.name not in COHORTS:
        return None
    folder = cohort.folder / base
    page = _world(folder)
    asked = {"seed": page.get("seed", 1), "scale": page.get("scale", parameters()["span"]["small"])}
    told = said(
        lang, f"seed {asked['seed']}, scale {asked['scale']:g}", f"随机种子{asked['seed']}，规模{asked['scale']:g}"
    )
    if page.get("made_by") == made_by() and set(page["merchants"]) >= set(cohort.everyone_ids):
        tell(said(lang, f"simulated before ({told}): ", f"此前已模拟（{told}）：") + normpath(folder))
        return folder
    tell(said(lang, f"simulating ({told}): ", f"正在模拟（{told}）：") + normpath(folder))
    who, done = cohort.everyone_ids, count(1)

    def told_of(line: str) -> None:
        number = next(done)
        tell(said(lang, f"{number} of {len(who)}: {line}", f"{number}/{len(who)}：{line}"))

    return simulate(base.name, folder.parent, report=told_of, merchants=who, **asked)


def _world(folder: Path) -> dict[str, Any]:
    """What a simulated cohort's folder says of itself; nothing if it is not complete."""
    try:
        return dict(json.loads((folder / "truth" / "world.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def link_store(store: str, merchants: Sequence[str]) -> tuple[int, int]:
    """Link all accounts of some merchants and store the table ``persons``; numbers of accounts and persons."""
    import pyarrow.compute as pc

    from retailkit.load import open_store, save_table

    tables = open_store(store, list(merchants), engine="duckdb")  # what is loaded is linked where it was loaded
    rows = _person_rows(tables, tables.persons if tables.has("persons") else None)
    if rows.num_rows or tables.has("persons"):  # whose accounts have all gone has no persons any more
        save_table(store, "persons", rows, merchants=merchants)
    sizes = pc.value_counts(rows["accounts"])  # a person of three accounts stands in three rows
    persons = sum(n["counts"] // n["values"] for n in sizes.to_pylist())
    return rows.num_rows, persons


def link_as_of(store: str, merchants: Sequence[str], as_of: str | date) -> list[str]:
    """Link accounts by what was known before a day, for merchants of whom more was loaded (table ``persons_as_of``).

    A study of a day that is past would else know who turned out later to be one person. Stores opened as of that day
    read these rows as long as they rest on what is there; they go when more is linked. Ids come from the accounts
    known by then, not from a run before.

    Returns
    -------
    list of str
        The merchants linked now: those of whom nothing later is loaded need it not, and what is there stays.
    """
    import pyarrow as pa

    from retailkit.load import open_store, save_table

    tables = open_store(store, list(merchants), as_of, engine="duckdb")
    if not tables.has("persons") or not (left := tables.not_linked()):
        return []
    then = open_store(store, left, as_of, engine="duckdb")
    rows = _person_rows(then, None)
    day = pa.repeat(date.fromisoformat(str(as_of)), rows.num_rows)
    rows = rows.append_column("as_of", day).append_column("evidence", _by_merchant(rows["merchant"], then.evidence()))
    save_table(store, "persons_as_of", rows, replace=False)
    return left


def _by_merchant(merchants: Any, told: Mapping[str, str]) -> Any:
    """Give each row what is told of its merchant: an Arrow column in which each text lies once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(merchants.cast(pa.string()), value_set=pa.array(told.keys(), pa.string()))
    texts = pa.array(told.values(), pa.string())
    pieces = [pa.DictionaryArray.from_arrays(piece, texts) for piece in place.chunks]
    return pa.chunked_array(pieces, pa.dictionary(pa.int32(), pa.string()))


def _person_rows(tables: Any, previous: Any) -> Any:
    """Link all accounts that tables of a store name; Arrow rows of ``persons``."""
    from retailkit.link.persons import person_rows
    from retailkit.load.past import NAMING

    others = [tables[name] for name in NAMING[4:] if tables.has(name)]
    return person_rows(tables.accounts, tables.members, tables.orders, tables.account_pairs, others, previous)


def fingerprints(store: str, as_of: str) -> Callable[[str | None], Mapping[str, str]]:
    """Return merchant (None: everyone in the store) -> table -> hash of its data."""
    from retailkit.load.published import fingerprint

    @cache
    def of(merchant: str | None) -> Mapping[str, str]:
        found = fingerprint(store, None if merchant is None else [merchant])
        found.pop("persons_as_of", None)  # follows from the other tables and the day, and other days' rows lie in it
        if not found:
            from retailkit.load import open_store

            open_store(
                store, merchant, as_of, engine="duckdb"
            )  # says what is missing: the store, or the merchant in it
        return found

    return of
