"""Accounts to persons at scale, against the same by hand and against repeated joins in the engine.

Run: ``python benchmarks/link.py [--large] [--parts hand,ours,again,recursion]``. The data (members of three systems, bound to
each other at random) are drawn into Parquet files; then each way reads them in a process of its own, so that its
peak of memory is its own: interpreter, imports, engine and whatever it holds of the input. Seconds run from open
files to the finished table. CPU seconds compare fairly on a busy machine, wall seconds only on one that does
nothing else. *again* links once more and keeps the ids of *ours* (run that first), with one pair in fifty gone and
one in a hundred new.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

SMALL = (4_300_000, 3_000_000)
LARGE = (21_000_000, 15_000_000)
TABLES = ("accounts", "members", "orders", "pairs")

# label propagation to the smallest neighbour until nothing changes: what SQL alone can do
STEP = """
create or replace table next as
select a.account, min(least(a.label, n.label)) as label
from labels a join both_ways e on e.account = a.account join labels n on n.account = e.other
group by a.account
"""


def draw(folder: Path, accounts: int, pairs: int) -> None:
    """Write a merchant's tables: mini-program and WeCom accounts, each bound to one member of the CRM."""
    crm = accounts - pairs
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "4GB", "temp_directory": str(folder)})
    connection.execute(f"""
        create table accounts as select 'm' as merchant,
          case when i < {crm} then 'crm:' else 'mini:' end || lpad((i * 7919 % 1000000007)::varchar, 10, '0')
            || i as account,
          case when i < {crm} then 'crm' else 'mini' end as system,
          null::varchar as unionid, null::varchar as phone_key, i
        from range({accounts}) t(i);
        create table pairs as select 'm' as merchant, a.account, b.account as other,
          'member_bind' as evidence, 1.0::double as weight
        from accounts a join accounts b on b.i = (a.i * 104729) % {crm} where a.i >= {crm};
        create table members as select 'm' as merchant, account, null::varchar as member_id from accounts limit 0;
        create table orders as select 'm' as merchant, account from accounts limit 0;
    """)
    for name in TABLES:
        connection.execute(f"copy {name} to '{folder / name}.parquet' (format parquet)")


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open the files as views: nothing of them is held in memory before it is asked for."""
    from retailkit.load.engine import connect_raw

    connection = connect_raw(threads=2, memory="4GB", temp=folder)
    for name in TABLES:
        connection.execute(f"create view {name} as select * from read_parquet('{folder / name}.parquet')")
    return connection


def ours(connection: duckdb.DuckDBPyConnection, folder: Path) -> Callable[[], int]:
    """Link by `link_accounts`, whose table lies in memory; a count of its persons, who are written for *again*."""
    from retailkit.link import link_accounts
    from retailkit.load.engine import over_ibis

    engine = over_ibis(connection)
    persons = link_accounts(**{name: engine.table(name) for name in TABLES})

    def count() -> int:
        persons.to_parquet(folder / "persons.parquet")
        return persons.person.nunique().execute()

    return count


def again(connection: duckdb.DuckDBPyConnection, folder: Path) -> Callable[[], int]:
    """Link other pairs and keep the ids of the run before."""
    from retailkit.link import link_accounts
    from retailkit.load.engine import over_ibis

    connection.execute("""
        create view later as select * from pairs where hash(account) % 50 <> 0
        union all select merchant, account, 'crm:new' || hash(account) % 100000 as other, evidence, weight
        from pairs where hash(account) % 97 = 0""")
    connection.execute(f"create view persons as from read_parquet('{folder}/persons.parquet')")
    engine = over_ibis(connection)
    tables = {name: engine.table(name) for name in TABLES} | {"pairs": engine.table("later")}
    persons = link_accounts(**tables, previous=engine.table("persons"))
    return lambda: persons.person.nunique().execute()


def hand(connection: duckdb.DuckDBPyConnection, folder: Path) -> Callable[[], int]:
    """Link by hand: numbers by a dictionary in the engine, components by scipy, the label as the person's id; no guards."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    connection.execute("create table dictionary as select account, (row_number() over () - 1)::int as n from accounts")
    ends = connection.execute(
        "select a.n as a, b.n as b from pairs join dictionary a using (account) join dictionary b on b.account = other"
    ).fetchnumpy()
    size = connection.sql("select count(*) from dictionary").fetchall()[0][0]
    graph = coo_array((np.ones(len(ends["a"]), np.int8), (ends["a"], ends["b"])), shape=(size, size))
    _, label = connected_components(graph.tocsr(), directed=False)
    labels = {"n": np.arange(size, dtype=np.int32), "person": label}  # noqa: F841 (the engine reads it by its name)
    connection.execute("create table persons as select account, person from dictionary join labels using (n)")
    return lambda: connection.sql("select count(distinct person) from persons").fetchall()[0][0]


def recursion(connection: duckdb.DuckDBPyConnection, folder: Path) -> Callable[[], int]:
    """Link by repeated joins inside the engine, which leave the smallest account as the person's id."""
    connection.execute("create table labels as select account, account as label from accounts")
    connection.execute(
        "create table both_ways as select account, other from pairs "
        "union all select other, account from pairs union all select account, account from accounts"
    )
    while True:
        connection.execute(STEP)
        changed = connection.sql("select count(*) from next n join labels l using (account) where n.label < l.label")
        moved = changed.fetchall()[0][0]
        connection.execute("drop table labels; alter table next rename to labels")
        if not moved:
            return lambda: connection.sql("select count(distinct label) from labels").fetchall()[0][0]


def timed(part: str, folder: Path) -> None:
    """Run one way in this process and print its seconds and its peak."""
    import ibis  # noqa: F401
    import scipy.sparse.csgraph  # noqa: F401  (imports are not what is measured)

    import retailkit.link  # noqa: F401

    connection = opened(folder)
    start, before = time.perf_counter(), time.process_time()
    count = {"ours": ours, "again": again, "hand": hand, "recursion": recursion}[part](connection, folder)
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{part:10} {seconds:6.2f} s  {cpu:6.2f} s CPU  peak {peak:.2f} GB  {count():,} persons", flush=True)


def main() -> None:
    """Draw the data, then run each way in its own process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="21M accounts and 15M pairs instead of 4.3M and 3M")
    parser.add_argument("--parts", default="hand,ours,again,recursion", help="what to run, of these")
    parser.add_argument("--read", type=Path, help="run one part on files that are there (used by the script itself)")
    given = parser.parse_args()
    if given.read:
        timed(given.parts, given.read)
        return
    accounts, pairs = LARGE if given.large else SMALL
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder), accounts, pairs)
        size = sum(file.stat().st_size for file in Path(folder).glob("*.parquet")) / 1e6
        print(f"{accounts:,} accounts, {pairs:,} pairs in {size:.0f} MB of Parquet", flush=True)
        for part in given.parts.split(","):
            env = os.environ | {"NUMPY_MADVISE_HUGEPAGE": "0"}  # as the command line has it
            subprocess.run([sys.executable, __file__, "--parts", part, "--read", folder], check=True, env=env)


if __name__ == "__main__":
    main()
