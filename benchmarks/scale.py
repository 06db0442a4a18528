"""One large merchant, from drawing to persons: seconds of CPU and memory per step, and whether cost grows with rows only.

Run: python benchmarks/scale.py [--merchant m04] [--scales .005 .02] [--folder FOLDER]

Draws one merchant of the simulated cohort at each scale, loads its files (the vendors' own, and canonical
tables for what no vendor exports) and links its accounts, each in a process of its own. Seconds of CPU are
this machine's; what counts is the last column, microseconds per row: it stays about the same from the
smallest scale to the largest, apart from the start of the processes. m04 has 10 million members at scale 1
(139 million sessions, Youzan and WeCom); m07 has 1.4 million (52 million sessions, which its vendor exports
as 104 million events, one JSON object a line). ``--folder`` keeps files and store for a study:

    python benchmarks/scale.py --scales .1 --folder /tmp/large
    retailkit run /tmp/large/m04-0.1/doubling_1/doubling_1.toml --store /tmp/large/m04-0.1/store --no-load

Reference, two shared cores, the engine's own limits (m04; seconds of CPU / GB / microseconds a row):

    scale  members  sessions    simulate           load (rows read)          link (accounts)
    .01    100,000      1.4M    22 / 1.4 / 15.8    18 / 1.0 / 5.6 (3.2M)     4 / .6 / 12.9 (.33M)
    .1   1,000,000     13.9M   200 / 3.3 / 14.3   170 / 1.0 / 5.2 (~32M)     30 / 2.5 / 9.1 (3.3M)

    1      10,000,000   139.5M   2,008 / 15.4 / 14.4     1,732 / 10.0 / 5.6 (308M)  988 / 21.2 / 30.0 (32.9M)

Scale 1 ran once, with an engine of 12 GB, beside other work: 37 minutes to draw, 30 to load, 17 to link. Drawing needs
more than 3 GB for the engine there. The load stays below .9 GB until the sessions of all files are put together, and
takes 32 GB of disk at most beside the exports (18 GB); the store has 7.4 GB. Linking cost three times as much per account
as at a tenth of it: the texts of ids were numbered anew for each of the hundreds of pieces in which they come (10 million
phones 52 s, half of them 13 s). They are numbered once since then (3 s); the scale has not been drawn again, but the
accounts of .01 were taken a hundred times with ids of their own (32.9M accounts, 10.6M members, 49M orders, 139M
sessions and 43M other rows that name accounts):

    engine                          accounts     first link           link that keeps ids of before
    14 GB (the default here)           32.9M     116 / 7.0 / 3.5
     4 GB                              32.9M                          281 / 10.9 / 8.6
     4 GB                               3.3M      11 /  .9 / 3.3       18 /  1.7 / 5.6

Writing the persons takes 21 s more and no more memory. With 4 GB the engine spills 6 GB, which is why the second link
costs more per account there; it has not been tried with more at this size. These sessions are not in order of time.

The load of the scale of .1 takes 3.9 GB of scratch beside the store. Linking does not need what it takes there:
with an engine of 400 MB (``RETAILKIT_MEMORY``) a second link, which keeps the ids of the first, takes 1.57 GB
(2.00 while the rows were copied once more to be written) and .53 at the scale of .01, at a sixth more CPU.

All chapters but the third (``benchmarks/chapter.py``) at .01 and with the rows of .01 taken thirty times, with ids of
their own and a tenth of the visits left out (2.2 million members, 7.6M accounts, 14.7M orders, 38M sessions, no donors),
engines of 2 and 6 GB; seconds of CPU / GB. None fails, and none grows faster than the rows:

               .01          thirty times      the dearest cells there
    link        -           37 /  2.7
    1_data      4 / .4      28 /  2.4         counts of facts 14
    2_people   19 / .6     261 /  5.1         churn 82, assets by month 36, audience's file 34
    4_formats  16 / .5     246 /  4.6         funnel 51, visitors' value 37, repeat visits 27, inviters 26
    5_growth    6 / .5      56 /  1.9         lags 20
    6_targets   8 / .5     132 /  2.5         measures by window 90

Since then funnel, value and repeat visits take 46 s and at most 3.6 GB; the measures by window share one join, which takes 9 s
where they took 38 (at .1). Of the third chapter only touches (127 s) and paths (264 s, 6.4 GB) have been run there.

Chapter 3 (``benchmarks/chapter.py 3_touchpoints``), whole: at .01 with an engine of 3 GB 103-115 s of CPU and 1.2 GB.
At .1 (954,281 members, 9.9 million touches, 2.4 million orders) with an engine of 2.4 GB it runs to its end in 1,214 s
of CPU, 24 minutes by the clock on two busy cores, and 3.7 GB. Seconds of CPU by cell:

    sensitivity panel  527    hazard and ledgers  129    removal effects' interval   64    touches  41
    interval, ledgers  204    paths                79    owners                      44    others   94
    side by side                                         peers                       32

Since then the sums of orders are joined, not sorted for (hazard and ledgers 99, interval and ledgers 164, by a run of
their own), and the panel sorts and joins once for all its settings: 122 s and 3.3 GB.

With the rows of .1 taken twice, with ids of their own (1.9 million members, 28 million sessions, 20 million touches, 4.7
million orders), and an engine of 4 GB; seconds of CPU / GB. These are three processes, not one run: nobody has run the
chapter from end to end there, nor its cell of owners; the touchpoints' ledger takes 30 / 4.8, levels a few seconds.

    touches   96 / 4.3    hazard and ledgers               207 / 5.5    peers (without touches)          31 / 2.6
    paths    185 / 4.4    interval, ledgers side by side   340 / 5.0    removal effects, their interval  112 / 4.4
    before    20 / 3.6    sensitivity panel                343 / 4.4    held out chains                   21 / 4.9
    and after

The panel's 343 hold 86 of accounts that visits and orders do not share, which are asked for first since and left out.
28 million sessions are all that the store holds; a study as of 2019-01-01, as these are, knows 16.3 million of them.

Since then bots are looked for among busy accounts alone, and touches need not wait until their days are counted. Touches,
which failed there with an engine of 3 GB, take 54 s of CPU and 3.3 GB with it. At .01 taken twice they take 8.0 s where
they took 10.2 (one run each, engines of 1 GB), and pass with 300 MB at .6 GB. The sums of orders are kept before they
are joined: a ledger with all its columns takes 3.1 s at .01 where it took 3.9, one of which only sums are asked as much
as before. ``benchmarks/scale_copies.py`` makes such a store.

So the chapter has run whole there, from ``retailkit run`` to its page: 1,465 s of CPU, at most 5.7 GB, an hour by the
clock beside four others' work. Seconds of CPU by cell: panel 271, hazard and ledgers 265, paths 206, interval of ledgers
192, removal effects' interval 111, owners 87, touches 66, costs and peers 115, held out chains 43, others 109.

Since the visits of m04 come as Snowplow's events (3.6 rows to a visit), not as plain visits: simulate 35 / 2.6 at .01 and
85 / 3.3 at .03, load 54 / .8 (5.0M rows) and 169 / 1.0 (14.8M rows), 11 microseconds a row. Larger scales have not been
loaded since.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def draw(folder: Path, merchant: str, scale: float) -> int:
    """Simulate the merchant; the number of its sessions."""
    from retailkit.simulate import simulate

    told: list[str] = []
    simulate("doubling_1", folder, scale=scale, merchants=[merchant], report=told.append)
    return int(re.findall(r"([0-9,]+) sessions", told[0])[0].replace(",", ""))


def load(folder: Path, merchant: str, scale: float) -> int:
    """Load its files into a store; the number of rows that were read."""
    from retailkit.load import load_cohort

    report = load_cohort(folder / "doubling_1" / "doubling_1.toml", folder / "store")
    if (report["status"] != "loaded").any():
        raise SystemExit(report.loc[report["status"] != "loaded", ["file", "warnings"]].to_string())
    return int(report["rows_read"].sum())


def link(folder: Path, merchant: str, scale: float) -> int:
    """Link its accounts; the number of accounts."""
    from retailkit.commands.prepare import link_store

    return link_store(str(folder / "store"), [merchant])[0]


STEPS = {"simulate": draw, "load": load, "link": link}


def measured(step: str, folder: Path, merchant: str, scale: float) -> None:
    """Run one step in a process of its own and print its line."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    command += ["--merchant", merchant, "--scales", str(scale)]
    env = os.environ | {"PYTHONPATH": str(Path.cwd())}
    told = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.split()
    rows, cpu, peak = int(told[-3]), float(told[-2]), float(told[-1])
    print(f"{scale:<8g} {step:9} {rows:>13,} {cpu:>9.1f} {peak:>6.2f} {1e6 * cpu / rows:>9.2f}", flush=True)


def main() -> None:
    """Run every step at every scale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--merchant", default="m04")
    parser.add_argument("--scales", type=float, nargs="+", default=[0.005, 0.02])
    parser.add_argument("--folder", type=Path, help="keep files and store here")
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        rows = STEPS[args.step](args.folder, args.merchant, args.scales[0])
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(rows, time.process_time(), used.ru_maxrss / 1e6)
        return
    print(f"{'scale':8} {'step':9} {'rows':>13} {'s of CPU':>9} {'GB':>6} {'us a row':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        for scale in args.scales:
            for step in STEPS:
                measured(step, (args.folder or Path(scratch)) / f"{args.merchant}-{scale:g}", args.merchant, scale)


if __name__ == "__main__":
    main()
