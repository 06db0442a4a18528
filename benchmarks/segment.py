"""RFM segments from 10M order lines: this package against the same query written by hand and against pandas.

Run: ``python benchmarks/segment.py [--lines 10000000]``. Each way runs in a process of its own with two threads and
prints seconds and peak memory; what counts is the ratio within one run.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import duckdb

WAYS = ("retailkit", "hand", "pandas")
AS_OF = "2024-01-01"

HAND = """
with orders as (
  select person, order_id, min(paid_on) as paid_on, sum(net_amount) as amount from lines join persons using (account)
  where paid_on < date '2024-01-01' group by all
), people as (
  select person, date '2024-01-01' - max(paid_on) - 1 as days, count(*) as orders, sum(amount) as net
  from orders group by person
), edges as (
  select quantile_cont(days, [.2, .4, .6, .8]) as r, quantile_cont(orders, [.2, .4, .6, .8]) as f,
    quantile_cont(net, [.2, .4, .6, .8]) as m from people
), scored as (
  select person, days, orders, net, 5 - len(list_filter(e.r, lambda x: days > x)) as r,
    1 + len(list_filter(e.f, lambda x: orders > x)) as f, 1 + len(list_filter(e.m, lambda x: net > x)) as m
  from people, edges e
)
select r, f, m, count(*) as persons, sum(net) as net from scored group by all
"""


def draw(folder: str, lines: int) -> None:
    """Write order lines (four to an order, five orders to an account) and persons."""
    orders, accounts = lines // 4, lines // 20
    con = duckdb.connect(config={"threads": 2})
    con.execute(f"""
        copy (select 'm' as merchant, 'o' || (i // 4) as order_id, 'crm:' || (hash(i // 4) % {accounts}) as account,
          date '2022-01-01' + (hash(i // 4 + 7) % 730)::int as paid_on, (1 + hash(i) % 5)::bigint as items,
          (100 + hash(i + 3) % 9900)::bigint as net_amount from range({orders * 4}) t(i))
        to '{folder}/lines.parquet';
        copy (select 'm' as merchant, 'crm:' || i as account, 'p' || i as person from range({accounts}) t(i))
        to '{folder}/persons.parquet'""")


def retailkit(folder: str) -> int:
    """Count persons in segments by the package's own functions, all features included."""
    import ibis

    from retailkit.segment import person_features, rfm_segments

    con = ibis.duckdb.connect(threads=2, memory_limit="2GB")
    lines, persons = (con.read_parquet(f"{folder}/{name}.parquet") for name in ("lines", "persons"))
    orders = lines.group_by("merchant", "order_id", "account").agg(
        paid_on=ibis._.paid_on.min(), items=ibis._["items"].sum(), gross_amount=ibis._.net_amount.sum()
    )
    orders = orders.mutate(refund_amount=ibis.literal(0, "int64"))
    named = rfm_segments(person_features(orders, persons, AS_OF).cache())
    return int(named.group_by("segment").agg(n=ibis._.count()).to_pandas()["n"].sum())


def hand(folder: str) -> int:
    """The same scores in one query of DuckDB."""
    con = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    for name in ("lines", "persons"):
        con.execute(f"create view {name} as from '{folder}/{name}.parquet'")
    return int(con.execute(HAND).df()["persons"].sum())


def pandas(folder: str) -> int:
    """The same scores in plain pandas."""
    import pandas as pd

    lines = pd.read_parquet(f"{folder}/lines.parquet").merge(pd.read_parquet(f"{folder}/persons.parquet"))
    lines["paid_on"] = pd.to_datetime(lines["paid_on"])
    orders = lines[lines["paid_on"] < AS_OF].groupby(["person", "order_id"], as_index=False).agg(
        paid_on=("paid_on", "min"), net=("net_amount", "sum")
    )  # fmt: skip
    people = orders.groupby("person").agg(last=("paid_on", "max"), orders=("order_id", "count"), net=("net", "sum"))
    people["days"] = (pd.Timestamp(AS_OF) - people["last"]).dt.days - 1
    scores = [
        pd.cut(people[c], [-1e18, *people[c].quantile([0.2, 0.4, 0.6, 0.8]).unique(), 1e18])
        for c in ("days", "orders", "net")
    ]
    return int(people.groupby(scores, observed=True).size().sum())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--folder")
    asked = parser.parse_args()
    if asked.way:
        start = time.perf_counter()
        persons = globals()[asked.way](asked.folder)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(seconds, peak, persons)
        return
    with tempfile.TemporaryDirectory() as folder:
        draw(folder, asked.lines)
        found = {}
        for way in WAYS:
            runs = []
            for _ in range(1 if way == "pandas" else 3):
                command = [sys.executable, __file__, "--way", way, "--folder", folder]
                out = subprocess.run(
                    command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}
                )
                runs.append(tuple(map(float, out.stdout.split())))
            found[way] = sorted(runs)[len(runs) // 2]
        for way, (seconds, peak, persons) in found.items():
            ratio = seconds / found["hand"][0]
            print(f"{way:10} {seconds:6.2f} s  {peak:6.0f} MB  {persons:,.0f} persons  {ratio:.2f} x by hand")


if __name__ == "__main__":
    main()
