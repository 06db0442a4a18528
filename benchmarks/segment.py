"""Segments and customer value: this package against other packages, each in an environment made for this run.

CPU seconds (user and system), elapsed seconds and peak memory of one process per task and way, medians of some
rounds in which all ways of a task take turns. A ratio is the median of the rounds' own ratios, so that what else the
machine does falls on both sides; it is promised of CPU seconds. A peer that cannot be installed or does not end in
time is said so, and the row stands without it.

    python benchmarks/segment.py                      # everything, about half an hour of CPU
    python benchmarks/segment.py --tasks rfm,summary  # some tasks
    python benchmarks/segment.py --peers ~/peers      # keep the peers' environments there for the next run
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd

AS_OF = "2024-01-01"
PEERS = {"retail": ["openretailscience"], "value": ["lifetimes", "clvkit", "kmodes", "pyarrow"]}
SLOW = 60
"""CPU seconds after which a way is not run again."""
HAND = """
with orders as (
  select account, order_id, max(paid_on) as paid_on, sum(net_amount) as amount from lines
  where paid_on < date '2024-01-01' group by all
), people as (
  select person, date '2024-01-01' - max(paid_on) - 1 as days, count(*) as orders, sum(amount) as net
  from orders join persons using (account) group by person
), edges as (
  select quantile_cont(days, [.2, .4, .6, .8]) as r, quantile_cont(orders, [.2, .4, .6, .8]) as f,
    quantile_cont(net, [.2, .4, .6, .8]) as m from people
)
select person, days, orders, net, 5 - len(list_filter(e.r, lambda x: days > x)) as r,
  1 + len(list_filter(e.f, lambda x: orders > x)) as f, 1 + len(list_filter(e.m, lambda x: net > x)) as m
from people, edges e
"""
HISTORIES_BY_HAND = """
with days as (
  select account, paid_on, sum(net_amount) as amount from lines where paid_on < date '2024-01-01' group by all
)
select account, count(*) - 1 as repeats, max(paid_on) - min(paid_on) as last, date '2023-12-31' - min(paid_on) as age,
  (sum(amount) - arg_min(amount, paid_on)) / nullif(count(*) - 1, 0) as mean from days group by account
"""


def draw_sales(folder: str, lines: int) -> None:
    """Write order lines (four to an order, five orders to an account) and persons; one account in six is a second."""
    accounts = lines // 20
    con = duckdb.connect(config={"threads": 2})
    con.execute("set enable_progress_bar = false")
    con.execute(f"""
        copy (select 'm' as merchant, 'o' || (i // 4) as order_id, (i % 4)::varchar as line,
          'crm:' || (hash(i // 4) % {accounts}) as account, date '2022-01-01' + (hash(i // 4 + 7) % 730)::int as paid_on,
          (1 + hash(i) % 5)::bigint as items, (100 + hash(i + 3) % 9900)::bigint as net_amount
          from range({lines // 4 * 4}) t(i)) to '{folder}/lines.parquet';
        copy (select 'm' as merchant, 'crm:' || i as account, 'p' || i - (i % 6 = 1)::int as person
          from range({accounts}) t(i))
        to '{folder}/persons.parquet'""")


def draw_customers(folder: str, customers: int) -> None:
    """Write histories of BG/NBD customers in days over up to a year, and 20,000 persons of numbers and words."""
    rng = np.random.default_rng(1)
    age = rng.integers(30, 365, customers).astype(float)
    rate, leave = rng.gamma(0.5, 1 / 15, customers), rng.beta(0.8, 2.5, customers)
    x, last, now, here = np.zeros(customers, int), np.zeros(customers), np.zeros(customers), np.ones(customers, bool)
    while (here & (now < age)).any():
        now = np.where(here, now + rng.exponential(1 / rate), now)
        bought = here & (now < age)
        x, last = x + bought, np.where(bought, now, last)
        here = bought & (rng.random(customers) > leave)
    mean = rng.gamma(6.0 * np.maximum(x, 1)) / (rng.gamma(4.0, 1 / 500, customers) * np.maximum(x, 1))
    spent = np.where(x > 0, mean, 0.0)
    frame = {"repeat_days": x, "days_to_last": last.round(), "age_days": age, "repeat_day_amount": spent}
    pd.DataFrame(frame).to_parquet(f"{folder}/customers.parquet")
    kind = rng.integers(0, 4, 20_000)
    numbers = {"a": rng.normal(kind), "b": rng.normal(-kind), "c": rng.normal(size=20_000)}
    words = {"d": np.where(rng.random(20_000) < 0.7, kind, rng.integers(0, 4, 20_000)).astype(str)}
    words["e"] = rng.choice(list("xyz"), 20_000)
    pd.DataFrame(numbers | words).to_parquet(f"{folder}/mixed.parquet")


def opened(folder: str) -> list[Any]:
    """Order lines and persons in the engine."""
    import ibis

    con = ibis.duckdb.connect(threads=2, memory_limit="2GB")
    return [con.read_parquet(f"{folder}/{name}.parquet") for name in ("lines", "persons")]


def rfm(folder: str) -> Callable[[], Any]:
    """R, F, M and their scores per person, from order lines."""
    from retailkit.segment import rfm_features, rfm_scores

    lines, persons = opened(folder)
    return lambda: rfm_scores(rfm_features(lines, persons, AS_OF).to_pandas())


def rfm_by_hand(folder: str) -> Callable[[], Any]:
    """The same scores in one query of DuckDB."""
    con = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    for name in ("lines", "persons"):
        con.execute(f"create view {name} as from '{folder}/{name}.parquet'")
    return lambda: con.execute(HAND).df()


def summary(folder: str) -> Callable[[], Any]:
    """The table of histories, from order lines."""
    from retailkit.segment import purchase_histories

    lines, persons = opened(folder)
    return lambda: purchase_histories(lines, persons, AS_OF).to_pandas()


def summary_by_hand(folder: str) -> Callable[[], Any]:
    """The two groupings that this table cannot do without, in one query of DuckDB; nobody is linked."""
    con = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    con.execute(f"create view lines as from '{folder}/lines.parquet'")
    return lambda: con.execute(HISTORIES_BY_HAND).df()


def summary_memory(folder: str) -> Callable[[], Any]:
    """The table of histories, from frames in memory."""
    import ibis
    import scipy.sparse  # noqa: F401 before the clock, as the peer's imports are

    from retailkit.segment import purchase_histories

    ibis.set_backend(ibis.duckdb.connect(threads=2, memory_limit="2GB"))
    columns = {"lines": ["merchant", "account", "line", "paid_on", "net_amount"], "persons": None}
    lines, persons = (pd.read_parquet(f"{folder}/{name}.parquet", columns=c) for name, c in columns.items())
    lines["paid_on"] = pd.to_datetime(lines["paid_on"])

    return lambda: purchase_histories(lines, persons, AS_OF)


def fit(folder: str) -> Callable[[], Any]:
    """BG/NBD: parameters with standard errors."""
    from retailkit.segment.purchases import fit_purchases

    people = pd.read_parquet(f"{folder}/customers.parquet")
    return lambda: fit_purchases(people).table()


def value(folder: str, draws: int = 0) -> Callable[[], Any]:
    """Twelve-month value, the models fitted before."""
    from retailkit.segment import customer_value, fit_value

    people = pd.read_parquet(f"{folder}/customers.parquet")
    found = fit_value(people.sample(20_000, random_state=1))
    return lambda: customer_value(found, people, 365, draws=draws)


def value_interval(folder: str) -> Callable[[], Any]:
    """The same with 90% intervals from 200 draws of the parameters."""
    return value(folder, draws=200)


def prototypes(folder: str) -> Callable[[], Any]:
    """K-prototypes on 20,000 persons × 5 columns, best of five starts."""
    from retailkit.segment import KPrototypes

    people = pd.read_parquet(f"{folder}/mixed.parquet")
    return lambda: KPrototypes(4, words=("d", "e")).fit(people)


WAYS = {
    f.__name__: f
    for f in (rfm, rfm_by_hand, summary, summary_by_hand, summary_memory, fit, value, value_interval, prototypes)
}
TASKS = {
    "rfm": ("R, F, M scores from 10M order lines", ["rfm_by_hand"], {"rfm": "retail"}, 0.85, None, 800),
    "summary": (
        "histories from a file of 10M order lines",
        ["summary_by_hand"],
        {"summary": "value"},
        0.12,
        None,
        None,
    ),
    "summary_memory": ("the same from a frame in memory", [], {"summary_memory": "value"}, 0.12, None, None),
    "fit": ("BG/NBD, 1M customers, with errors", [], {"fit": "value", "fit_clvkit": "value"}, None, 3.0, None),
    "value": ("12-month value, 1M customers", [], {"value": "value"}, None, 0.7, None),
    "value_interval": ("the same with 90% intervals", [], {}, None, 60.0, None),
    "prototypes": ("k-prototypes, 20k × 5", [], {"prototypes": "value"}, None, 0.7, None),
}
"""Task: what it is, our other ways, peers with their environment, then what is promised: ratio, seconds, MB."""


def make_peers(folder: Path, name: str) -> Path | str:
    """Return the Python of an environment with the peers, made if need be, or why there is none."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        venv.create(folder / name, with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[name]], capture_output=True, text=True)
        if done.returncode:
            return f"not installed: {done.stderr.strip().splitlines()[-1]}"
    return python


class Run(NamedTuple):
    """What one run of one way took: CPU seconds, elapsed seconds, peak MB; and the name of the way."""

    cpu: float
    elapsed: float
    peak: float
    name: str


def measure(command: list[str], limit: int) -> Run | str:
    """What one run of a way took, or why there is no figure."""
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5)),
    )  # fmt: skip
    if done.returncode == -signal.SIGXCPU:
        return f"stopped after {limit} s of CPU"
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1]}"
    *figures, name = done.stdout.split()[-4:]
    return Run(*map(float, figures), name)


def rounds(ways: dict[str, list[str]], runs: int, limit: int) -> dict[str, list[Run] | str]:
    """Runs of all ways, which take turns; a way that fails or takes over a minute has one."""
    found: dict[str, list[Run] | str] = {}
    for _ in range(runs):
        for way, command in ways.items():
            before = found.get(way, [])
            if isinstance(before, str) or (before and before[0].cpu > SLOW):
                continue
            now = measure(command, limit)
            found[way] = now if isinstance(now, str) else [*before, now]
    return found


def main() -> None:
    """Measure, print, and fail if a figure is below what is promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--peers", default="", help="folder of the peers' environments; empty: made and thrown away")
    parser.add_argument("--limit", type=int, default=600, help="CPU seconds after which a way is stopped")
    parser.add_argument("--runs", type=int, default=5, help="rounds in which the ways of a task take turns")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        run = WAYS[asked.way](asked.folder)
        start, clock = time.process_time(), time.perf_counter()
        run()
        seconds, elapsed = time.process_time() - start, time.perf_counter() - clock
        print(seconds, elapsed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, asked.way)
        return
    missed = []
    with tempfile.TemporaryDirectory() as scratch:
        home, tasks = Path(asked.peers or scratch).expanduser(), asked.tasks.split(",")
        if {"rfm", "summary", "summary_memory"} & set(tasks):
            draw_sales(scratch, asked.lines)
        draw_customers(scratch, asked.customers)
        for task in tasks:
            missed += compare(task, scratch, home, asked)
    if missed:
        sys.exit("below what is promised: " + "; ".join(missed))


def compare(task: str, scratch: str, home: Path, asked: argparse.Namespace) -> list[str]:
    """Measure one task in all its ways, print a line each, and return what falls short of the promise."""
    title, others, peers, ratio, seconds, memory = TASKS[task]
    here = [sys.executable, __file__, "--folder", scratch, "--way"]
    ways, script = {way: [*here, way] for way in (task, *others)}, str(Path(__file__).with_name("segment_peers.py"))
    missing = {}
    for peer, room in peers.items():
        python = make_peers(home, room)
        if isinstance(python, str):
            missing[peer] = python
        else:
            ways[f"peer {peer}"] = [str(python), script, peer, scratch]
    found = rounds(ways, asked.runs, asked.limit)
    print(title, flush=True)
    for way, runs in found.items():
        print(f"  {named(way, task, runs):26} {said(runs, None if way == task else found[task])}", flush=True)
    for peer, why in missing.items():
        print(f"  {peer:26} {why}", flush=True)
    ours = found[task]
    if isinstance(ours, str):
        return [f"{task}: {ours}"]
    short = []
    for way, runs in found.items():
        if (
            ratio
            and way.startswith("peer ")
            and not isinstance(runs, str)
            and (took := share(ours, runs, "cpu")) > ratio
        ):
            short.append(f"{task} takes {took:.3f} x the peer's CPU time, promised {ratio}")
    if seconds and (took := middle(ours, "cpu")) > seconds:
        short.append(f"{task} takes {took:.2f} s, promised {seconds}")
    if memory and (took := middle(ours, "peak")) > memory:
        short.append(f"{task} takes {took:.0f} MB, promised {memory}")
    return short


def named(way: str, task: str, runs: list[Run] | str) -> str:
    """A way as it is printed: this package, a query by hand, or a peer with its version."""
    if way.startswith("peer "):
        return way[5:] if isinstance(runs, str) else runs[0].name
    return "retailkit" if way == task else "by hand"


def middle(runs: list[Run], figure: str) -> float:
    """Median of a figure."""
    return float(np.median([getattr(r, figure) for r in runs]))


def share(ours: list[Run], theirs: list[Run], figure: str) -> float:
    """Median over the rounds of our share of their time."""
    return float(np.median([getattr(o, figure) / getattr(t, figure) for o, t in zip(ours, theirs, strict=False)]))


def said(runs: list[Run] | str, ours: list[Run] | str | None = None) -> str:
    """One way's figures as text, with our share of its time."""
    if isinstance(runs, str):
        return runs
    told = f"{middle(runs, 'cpu'):7.2f} s CPU {middle(runs, 'elapsed'):7.2f} s elapsed {middle(runs, 'peak'):6.0f} MB"
    if not ours or isinstance(ours, str):
        return told
    return f"{told}  retailkit takes {share(ours, runs, 'cpu'):.3f} of its CPU, {share(ours, runs, 'elapsed'):.3f} of its time"


if __name__ == "__main__":
    main()
