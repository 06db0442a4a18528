"""Files to scores and files to store, against the same work written by hand for the engine.

Run: ``python benchmarks/load.py [--journey FOLDER] [--rows 10000000]``. Each way runs in a process of
its own with two threads and prints seconds (imports included) and peak memory; what counts is the
ratio within one run.

- *scores*: Complete Journey's 1.47M lines from the Parquet file to RFM scores of households.
- *store*: the same lines into the published store, for every later chapter.
- *export*: a GB18030 CSV of events into the store, against the engine's bare COPY of the same
  file as UTF-8 into one Parquet file (no types, no checks, no keys, no partitions); once in order
  of time, as exports come, and once in no order (*spread*), where rows must be parted by month.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HAND = """
with orders as (
  select household_id, basket_id, min(transaction_timestamp) as paid, sum(sales_value) as amount
  from read_parquet('{path}') group by all
), people as (
  select household_id, max(timezone('America/New_York', timezone('UTC', paid))::date) as last, count(*) as orders,
    sum(amount) as net from orders group by all
)
select household_id, 6 - ntile(5) over (order by last desc) as r, ntile(5) over (order by orders) as f,
  ntile(5) over (order by net) as m from people
"""
LAYOUT = """
title = "events"
format = "csv"
[[tables]]
table = "sessions"
[tables.fields]
session_id = "会话"
account = { from = "用户", prefix = "mini_program" }
started_at = "开始时间"
scene = "场景值"
chan_id = "渠道"
pages = "页面数"
"""


def whole_journey(folder: str) -> Path:
    """Write the layout of the transactions for all shops as one merchant."""
    from retailkit.load.layout import LAYOUTS

    page = Path(folder) / "whole.toml"
    text = (LAYOUTS / "complete_journey_transactions.toml").read_text("utf-8")
    page.write_text(text.replace('merchant = "store_id"', ""), encoding="utf-8")
    return page


def scores_hand(path: str, folder: str) -> int:
    """Score households with one statement."""
    import duckdb

    return len(duckdb.connect(config={"threads": 2}).execute(HAND.format(path=path)).df())


def scores_retailkit(path: str, folder: str) -> int:
    """Score households from the export through its layout."""
    from retailkit import load, segment

    page, columns = whole_journey(folder), ["account", "paid_on", "gross_amount", "refund_amount"]
    with load.open_file(path, page, "all", "America/New_York", "USD", {"orders": columns}) as tables:
        orders = tables["orders"]
        persons = orders.select("merchant", "account", person=orders.account).distinct()
        return len(segment.rfm_scores(segment.rfm_features(orders, persons, "2018-01-01").to_pandas()))


def store_retailkit(path: str, folder: str) -> int:
    """Publish orders, lines and accounts."""
    from retailkit.load import load_file

    report = load_file(path, whole_journey(folder), "all", Path(folder) / "store", "America/New_York", "USD")
    return int(report["rows_kept"].sum())


def write_export(folder: str, rows: int, spread: bool = False) -> None:
    """Draw an export of sessions in GB18030, and the same in UTF-8; in order of time, or spread over the months."""
    import duckdb

    plain, chinese = Path(folder) / "utf8.csv", Path(folder) / ("spread.csv" if spread else "export.csv")
    second = "hash(i + 4)" if spread else "i"
    duckdb.connect(config={"threads": 2}).execute(f"""
        copy (select 's' || i as "会话", 'u' || (hash(i) % {rows // 10}) as "用户",
          strftime(timestamp '2018-01-01' + interval ({second} % 15552000) second, '%Y/%m/%d %H:%M:%S') as "开始时间",
          (1001 + hash(i + 1) % 90)::varchar as "场景值", '公众号菜单' || hash(i + 2) % 20 as "渠道",
          1 + hash(i + 3) % 9 as "页面数" from range({rows}) t(i)) to '{plain}' (header)""")
    with open(plain, encoding="utf-8", newline="") as source, open(chinese, "w", encoding="gb18030", newline="") as out:
        while text := source.read(1 << 22):
            out.write(text)


def export_hand(path: str, folder: str) -> int:
    """Copy the UTF-8 twin to Parquet, all columns as text."""
    import duckdb

    con = duckdb.connect(config={"threads": 2})
    con.execute(f"copy (from read_csv('{folder}/utf8.csv', all_varchar = true)) to '{folder}/bare.parquet'")
    return int(con.execute(f"select count(*) from '{folder}/bare.parquet'").fetchall()[0][0])


def export_retailkit(path: str, folder: str) -> int:
    """Load the GB18030 export: typed, checked, one row per key, published by month."""
    from retailkit.load import load_file

    page = Path(folder) / "events.toml"
    page.write_text(LAYOUT, encoding="utf-8")
    return int(load_file(path, page, "m", Path(folder) / "events")["rows_kept"].sum())


WAYS = {f.__name__: f for f in (scores_hand, scores_retailkit, store_retailkit, export_hand, export_retailkit)}


def run(way: str, path: str, folder: str) -> float:
    """Run one way in its own process; print and return its seconds."""
    env = os.environ | {"RETAILKIT_THREADS": "2", "RETAILKIT_MEMORY": "2GB", "PYTHONPATH": str(Path.cwd())}
    start = time.perf_counter()
    command = [sys.executable, __file__, "--way", way, "--journey", path, "--folder", folder]
    said = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.strip()
    seconds = time.perf_counter() - start
    print(f"{way:18} {seconds:6.2f} s  {said}", flush=True)
    return seconds


def main() -> None:
    """Run all ways and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--journey", default=os.environ.get("RETAILKIT_TEST_DATA", "../shared/data") + "/complete_journey"
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--way", choices=list(WAYS))
    parser.add_argument("--folder")
    args = parser.parse_args()
    if args.way:
        start = time.perf_counter()
        count = WAYS[args.way](args.journey, args.folder)
        inside, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        print(f"({inside:.2f} s inside, {used.ru_utime:.2f} s of CPU)  {count:,} rows  {used.ru_maxrss / 1e6:.2f} GB")
        return
    path = str(Path(args.journey) / "transactions.parquet")
    with tempfile.TemporaryDirectory() as folder:
        hand, ours = run("scores_hand", path, folder), run("scores_retailkit", path, folder)
        print(f"scores: {ours - hand:+.2f} s over the hand-written query")
        run("store_retailkit", path, folder)
        for name, spread in ("export", False), ("spread", True):
            write_export(folder, args.rows, spread)
            bare, loaded = run("export_hand", "", folder), run("export_retailkit", f"{folder}/{name}.csv", folder)
            print(f"{name}: {loaded / bare:.1f} x the engine's bare copy of {args.rows:,} rows")
            shutil.rmtree(Path(folder) / "events")


if __name__ == "__main__":
    main()
