"""Attribution: seconds of CPU, and how exact. Run: python benchmarks/attribution.py [--full]

Prints one line per figure. Seconds are this machine's; what counts is the ratio to the baseline
of the same run: brute force for exactness, open ChannelAttribution for Markov chains. The latter is
GPL and never a dependency: it is built into an environment of its own that is thrown away with the
run (``--no-peer`` leaves it out; it needs a C++ compiler). Paths are measured in
``attribution_paths.py``, the hazard's errors in ``attribution_hazard.py``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from retailkit.attribute.journeys import AggregatedPaths
from retailkit.attribute.markov import removal_effects
from retailkit.attribute.resample import removal_interval


def random_paths(count: int, touchpoints: int, seed: int, stay: float = 0.75) -> AggregatedPaths:
    """Return SIMULATED aggregated paths: geometric lengths, a persistent walk over touchpoints."""
    rng = np.random.default_rng(seed)
    length = np.minimum(rng.geometric(1 - stay, count), 40)
    offsets = np.concatenate([[0], np.cumsum(length)])
    weight = 1 / np.arange(1, touchpoints + 1)
    codes = rng.choice(touchpoints, offsets[-1], p=weight / weight.sum()).astype(np.int32)
    orders = rng.poisson(0.3, count).astype(float)
    nulls = rng.poisson(2.0, count) + (orders == 0).astype(float)
    names = tuple(f"t{i:02d}" for i in range(touchpoints))
    return AggregatedPaths(names, codes, offsets.astype(np.int64), orders, nulls, orders * rng.integers(10, 900, count))


def cpu(work: Callable[[], Any], times: int = 3) -> float:
    """Return the least CPU seconds of a few runs."""
    took = []
    for _ in range(times):
        before = time.process_time()
        work()
        took.append(time.process_time() - before)
    return min(took)


def peak() -> str:
    """Return the peak memory of this process so far."""
    return f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"


CALLS = """
import json, resource, sys, time
import pandas as pd
if sys.argv[1] == "peer":
    from ChannelAttribution import markov_model
    def credit(rows, order):
        return markov_model(rows, "path", "orders", var_value="value", var_null="nulls", order=order,
                            verbose=False, flg_pro=False).iloc[:, :2].values.tolist()
else:
    from retailkit.attribute import aggregated, removal_effects
    def credit(rows, order):
        effects = removal_effects(aggregated(rows["path"], rows["orders"], rows["value"], rows["nulls"]), order)
        return effects[["touchpoint", "share_orders"]].values.tolist()
rows = pd.read_csv(sys.argv[2])
for order in json.loads(sys.argv[3]):
    begun = time.process_time()
    found = credit(rows, order)
    took = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print("FOUND", json.dumps([order, took, peak, found]), flush=True)
"""


def peer_python(folder: Path) -> str | None:
    """Build ChannelAttribution in its own environment; None (and why) where it cannot be built."""
    venv.create(folder / "peer", with_pip=True)
    python = str(folder / "peer" / "bin" / "python")
    built = subprocess.run(
        [python, "-m", "pip", "install", "-q", "ChannelAttribution", "matplotlib"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        print("ChannelAttribution could not be built here:", built.stderr.strip().splitlines()[-1], flush=True)
        return None
    return python


def path_table(sample: AggregatedPaths, place: Path) -> None:
    """Write aggregated paths the way other tools keep them: one row per path, touchpoints in a string."""
    import pandas as pd

    names = np.array(sample.touchpoints, dtype=object)[sample.codes]
    rows = pd.DataFrame({"path": [" > ".join(s) for s in np.split(names, sample.offsets[1:-1])]})
    rows = rows.assign(orders=sample.orders.astype(int), nulls=sample.nulls.astype(int), value=sample.value)
    rows.to_csv(place, index=False)


def whole_call(python: str, who: str, table: Path, orders: tuple[int, ...]) -> dict[int, Any]:
    """Order -> CPU seconds, peak GB and shares, from the table of path strings to shares, in a process of its own."""
    command = [python, "-c", CALLS, who, str(table), json.dumps(orders)]
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=alone)
    found = [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    return {order: (seconds, gigabytes, dict(shares)) for order, seconds, gigabytes, shares in found}


def markov(count: int, python: str | None, folder: Path) -> None:
    """From a table of path strings to shares of orders and value, beside the peer on the same table."""
    for touchpoints, orders in ((12, (1, 3)), (30, (1, 4))):
        path_table(random_paths(count, touchpoints, seed=1), folder / "paths.csv")
        ours = whole_call(sys.executable, "ours", folder / "paths.csv", orders)
        others = whole_call(python, "peer", folder / "paths.csv", orders) if python else {}
        for order, (seconds, gigabytes, exact) in ours.items():
            line = (
                f"markov order {order}, {count:,} paths x {touchpoints}: {seconds:.2f} s CPU, peak {gigabytes:.2f} GB"
            )
            if order in others:
                took, theirs, credit = others[order]
                total = sum(credit.values())
                worst = max(abs(credit[t] / total / share - 1) for t, share in exact.items() if share > 0)
                line += f"; ChannelAttribution {took:.2f} s, {theirs:.2f} GB, ratio {seconds / took:.3f}, "
                line += f"its worst channel {worst:.0%} off"
            print(line, flush=True)


def exactness() -> None:
    """Worst difference to taking each touchpoint out of a dense chain, orders 1 to 5."""
    sample = random_paths(300, 5, seed=2)
    worst = 0.0
    from retailkit.attribute.chain import chain_of_paths

    for order in (1, 2, 3, 4, 5):
        effects = removal_effects(sample, order)["removal_orders"].to_numpy()
        chain = chain_of_paths(sample, order)
        dense = chain.step.toarray()
        for c in range(5):
            keep = chain.last != c
            solved = np.linalg.solve(np.eye(keep.sum()) - dense[np.ix_(keep, keep)], chain.order[keep])
            whole = np.linalg.solve(np.eye(len(dense)) - dense, chain.order)
            worst = max(worst, abs(effects[c] - (1 - chain.start[keep] @ solved / (chain.start @ whole))))
    print(f"largest difference to brute-force removal, orders 1-5: {worst:.1e}", flush=True)


def bootstrap(count: int) -> None:
    """1,000 replicates of a bootstrap over journeys."""
    sample = random_paths(count, 12, seed=3)
    whole = AggregatedPaths(
        sample.touchpoints,
        sample.codes,
        sample.offsets,
        (sample.orders > 0) * 1.0,
        (sample.orders == 0) * 1.0,
        sample.value,
    )
    before, wall = time.process_time(), time.perf_counter()
    removal_interval(whole, seed=1, replicates=1000)
    took = time.process_time() - before, time.perf_counter() - wall
    print(
        f"bootstrap, 1,000 replicates of {count:,} journeys: {took[0]:.1f} s CPU, {took[1]:.1f} s, {peak()}", flush=True
    )


if __name__ == "__main__":
    full = "--full" in sys.argv
    exactness()
    with tempfile.TemporaryDirectory() as place:
        peer = None if "--no-peer" in sys.argv else peer_python(Path(place))
        markov(1_000_000 if full else 100_000, peer, Path(place))
    bootstrap(100_000 if full else 20_000)
