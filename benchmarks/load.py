"""Files to scores and files to store, against the same work written by hand for the engine.

Run: ``python benchmarks/load.py [--journey FOLDER] [--rows 10000000]``. Each way runs in a process of
its own with two threads and prints seconds (imports included) and peak memory; what counts is the
ratio within one run.

- *scores*: Complete Journey's 1.47M lines from the Parquet file to RFM scores of households.
- *store*: the same lines into the published store, for every later chapter.
- *export*: a GB18030 CSV of events into the store, against the engine's bare COPY of the same
  file as UTF-8 into one Parquet file (no types, no checks, no keys, no partitions); once in order
  of time, as exports come, once in no order (*spread*), where rows must be parted by month, and once
  with all that a tracking export tells of a visit (*wide*: 13 columns, 1.1 GB for 10M rows; the others 6, .6 GB).
  The copy is made as text, and once more with the types that the engine finds itself.
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
"""
THIN = {
    "会话": ("session_id = {}", "'s' || i"),
    "用户": ('account = {{ from = {}, prefix = "mini_program" }}', "'u' || (hash(i) % {users})"),
    "开始时间": (
        "started_at = {}",
        "strftime(timestamp '2018-01-01' + interval ({second} % 15552000) second, '%Y/%m/%d %H:%M:%S')",
    ),
    "场景值": ("scene = {}", "(1001 + hash(i + 1) % 90)::varchar"),
    "渠道": ("chan_id = {}", "'公众号菜单' || hash(i + 2) % 20"),
    "页面数": ("pages = {}", "1 + hash(i + 3) % 9"),
}
"""Columns of the drawn exports: the layout's line and the SQL that draws the cell of row ``i``."""
STEPS = "['visit', 'product', 'cart', 'checkout', 'pay'][(1 + hash(i + 10) % 5)::bigint]"
WIDE = THIN | {
    "用户": (THIN["用户"][0], "'o' || left(md5((hash(i) % {users})::varchar), 27)"),
    "导购": ("guide = {}", "'g' || hash(i + 5) % 3000"),
    "分享节点": ("share_node = {}", "case when hash(i + 6) % 5 = 0 then 'n' || i end"),
    "上级节点": ("share_parent = {}", "case when hash(i + 7) % 5 = 0 then 'n' || hash(i) % (i + 1) end"),
    "分享层级": ("share_depth = {}", "hash(i + 8) % 5"),
    "活动": ("campaign_id = {}", "'c' || hash(i + 9) % 40"),
    "最远步骤": ("furthest_step = {}", STEPS),
    "订单号": ("order_id = {}", f"case when {STEPS} = 'pay' then '20180101' || (100000000 + i) end"),
}


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


def write_export(folder: str, rows: int, kind: str) -> None:
    """Draw an export of sessions in GB18030, the same in UTF-8, and its layout."""
    import duckdb

    drawn = WIDE if kind == "wide" else THIN
    known = {"users": rows // 10, "second": "hash(i + 4)" if kind == "spread" else "i"}
    cells = ", ".join(f'{sql.format(**known)} as "{name}"' for name, (_, sql) in drawn.items())
    plain, chinese = Path(folder) / "utf8.csv", Path(folder) / f"{kind}.csv"
    con = duckdb.connect(config={"threads": 2})
    con.execute(f"copy (select {cells} from range({rows}) t(i)) to '{plain}' (header)")
    with open(plain, encoding="utf-8", newline="") as source, open(chinese, "w", encoding="gb18030", newline="") as out:
        while text := source.read(1 << 22):
            out.write(text)
    lines = [rule.format(f'"{name}"') for name, (rule, _) in drawn.items()]
    (Path(folder) / "events.toml").write_text(LAYOUT + "\n".join(lines) + "\n", encoding="utf-8")


def export_hand(path: str, folder: str, found: str = ", all_varchar = true") -> int:
    """Copy the UTF-8 twin to Parquet, all columns as text."""
    import duckdb

    con = duckdb.connect(config={"threads": 2})
    con.execute(f"copy (from read_csv('{folder}/utf8.csv'{found})) to '{folder}/bare.parquet'")
    return int(con.execute(f"select count(*) from '{folder}/bare.parquet'").fetchall()[0][0])


def export_guessed(path: str, folder: str) -> int:
    """Copy the UTF-8 twin to Parquet with the types that the engine finds in its first rows."""
    return export_hand(path, folder, "")


def export_retailkit(path: str, folder: str) -> int:
    """Load the GB18030 export: typed, checked, one row per key, published by month."""
    from retailkit.load import load_file

    return int(load_file(path, Path(folder) / "events.toml", "m", Path(folder) / "events")["rows_kept"].sum())


WAYS = {
    f.__name__: f
    for f in (scores_hand, scores_retailkit, store_retailkit, export_hand, export_guessed, export_retailkit)
}


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
        for name in "wide", "export", "spread":
            write_export(folder, args.rows, name)
            bare, guessed = run("export_hand", "", folder), run("export_guessed", "", folder)
            loaded = run("export_retailkit", f"{folder}/{name}.csv", folder)
            print(f"{name}: {loaded / bare:.2f} x the engine's bare copy of {args.rows:,} rows as text", end="")
            print(f", {loaded / guessed:.2f} x with types it guesses")
            shutil.rmtree(Path(folder) / "events")


if __name__ == "__main__":
    main()
