"""Accounts to persons at scale, against label propagation by repeated joins in the engine.

Run: ``python benchmarks/link.py [--large]``. Prints seconds and the ratio of CPU seconds in the same run
(wall seconds are only worth reading on a machine that does nothing else).
The data: members of three systems, bound to each other at random, drawn by the engine.
"""

from __future__ import annotations

import argparse
import resource
import time

import duckdb
import ibis

from retailkit.link import link_accounts

SMALL = (4_300_000, 3_000_000)
LARGE = (21_000_000, 15_000_000)

# label propagation to the smallest neighbour until nothing changes: what SQL alone can do
STEP = """
create or replace table next as
select a.account, min(least(a.label, n.label)) as label
from labels a join both_ways e on e.account = a.account join labels n on n.account = e.other
group by a.account
"""


def tables(connection: duckdb.DuckDBPyConnection, accounts: int, pairs: int) -> dict[str, ibis.Table]:
    """Draw a merchant: mini-program and WeCom accounts, each bound to one member of the CRM."""
    crm = accounts - pairs
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
    engine = ibis.duckdb.from_connection(connection)
    return {name: engine.table(name) for name in ("accounts", "members", "orders", "pairs")}


def timed(name: str, run) -> float:
    start, before = time.perf_counter(), time.process_time()
    persons = run()
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{name:28} {seconds:6.2f} s  {cpu:6.2f} s CPU   {persons:,} persons   peak so far {peak:.1f} GB", flush=True)
    return cpu


def recursion(connection: duckdb.DuckDBPyConnection) -> int:
    """Count persons by repeated joins inside the engine."""
    connection.execute("create or replace table labels as select account, account as label from accounts")
    connection.execute(
        "create or replace table both_ways as select account, other from pairs "
        "union all select other, account from pairs union all select account, account from accounts"
    )
    while True:
        connection.execute(STEP)
        changed = connection.sql("select count(*) from next n join labels l using (account) where n.label < l.label")
        moved = changed.fetchall()[0][0]
        connection.execute("drop table labels; alter table next rename to labels")
        if not moved:
            return connection.sql("select count(distinct label) from labels").fetchall()[0][0]


def main() -> None:
    """Print the seconds of both ways and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="21M accounts and 15M pairs instead of 4.3M and 3M")
    large = parser.parse_args().large
    accounts, pairs = LARGE if large else SMALL
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "4GB" if large else "3GB"})
    inputs = tables(connection, accounts, pairs)
    drawn = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{accounts:,} accounts, {pairs:,} pairs; drawing them took {drawn:.1f} GB")
    ours = timed("retailkit.link_accounts", lambda: link_accounts(**inputs).person.nunique().execute())
    engine = timed("recursion in the engine", lambda: recursion(connection))
    print(f"ratio of CPU seconds to recursion: {ours / engine:.2f}")


if __name__ == "__main__":
    main()
