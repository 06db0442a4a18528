"""Simulation: seconds, memory, bytes, and where the noise figures come from.

Run: python benchmarks/simulate.py [--scale .05] [--merchant m06] [--noise] [--study studies/doubling_1]

Seconds of CPU are this machine's. ``--noise`` prints the weekly spread of the real stores that
the parameters ``noise.common`` and ``noise.own`` of ``world.toml`` were taken from (needs the
folder RETAILKIT_TEST_DATA, by default ../shared/data). ``--study`` judges a finished study of the
simulated cohort by its truth: headline, effects, intervals, touchpoints of the gain.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from retailkit.cohort import read_cohort
from retailkit.results import read_metrics, read_table
from retailkit.schema import OTHER_NAMES
from retailkit.simulate import parameters, simulate


def timed(out: str, scale: float | None, merchants: list[str] | None) -> None:
    """Simulate once and print rows, CPU seconds, peak memory and bytes written."""
    start, wall = time.process_time(), time.perf_counter()
    folder = simulate("doubling_1", out, scale=scale, merchants=merchants)
    took, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
    credit = pq.read_table(folder / "truth" / "credit.parquet").to_pandas()
    sessions = sum(pq.read_metadata(p).num_rows for p in folder.glob("canonical/sessions.parquet"))
    what = f"{', '.join(merchants) if merchants else 'whole cohort'} at scale {scale or parameters()['span']['small']}"
    print(f"{what}: {credit['orders'].sum():,} private orders, {sessions:,} sessions in canonical tables")
    print(f"  {took:.1f} s CPU, {time.perf_counter() - wall:.1f} s wall, {peak:.1f} GB peak, {size:,.0f} MB written")


def judged(study: Path, truth: Path) -> None:
    """Print how a finished study of a simulated cohort compares with the truth: headline, effects, intervals, answers."""
    found = read_metrics(study)
    growth = found[found["chapter"] == "5_growth"]
    values = growth[growth["metric"].isin(["effect", "gmv_before", "gmv_programme"])]
    wide = values.pivot(index="merchant", columns="metric", values="value")
    interval = growth[growth["metric"] == "effect"].set_index("merchant")[["low", "high"]]
    answers = growth[growth["metric"] == "answer"].set_index("merchant")["text"].value_counts()
    true = pd.read_parquet(truth / "programme.parquet").set_index("merchant").loc[wide.index]
    miss = np.log1p(wide["effect"]) - true["effect"]
    held = interval["low"].le(true["ratio"] - 1) & interval["high"].ge(true["ratio"] - 1)
    headline = wide["gmv_programme"].sum() / wide["gmv_before"].sum() - 1
    print(f"{len(wide)} merchants: pooled headline {headline:+.1%}")
    print(f"  true effect inside the 90% interval: {held.sum()} of {len(held)}; log error: mean {miss.mean():+.3f}, "
          f"RMSE {np.sqrt((miss**2).mean()):.3f}; widths, mean log {np.log1p(interval).diff(axis=1)['high'].mean():.2f}")  # fmt: skip
    print("  answers: " + ", ".join(f"{n} {answer}" for answer, n in answers.items()))
    for merchant in held.index[~held]:
        print(f"  missed: {merchant} true {true['ratio'][merchant] - 1:+.0%}, told {interval.loc[merchant].to_list()}")
    doors(read_table(study, None, "5_growth", "cells"), truth)


def doors(cells: pd.DataFrame, truth: Path) -> None:
    """Print how the gain by touchpoint compares with the touchpoints through which the programme's orders were truly paid."""
    span = read_cohort(truth.parent / f"{truth.parent.name}.toml").programmes
    causes = pd.read_parquet(truth / "order_causes.parquet").query("programme")
    rows = []
    for merchant, own in cells.groupby("merchant"):
        start, end = pd.Timestamp(span[merchant].start), pd.Timestamp(span[merchant].end)
        paid = causes[(causes["merchant"] == merchant) & pd.to_datetime(causes["paid_on"]).between(start, end)]
        true = paid.groupby(paid["last_touch"].replace(OTHER_NAMES))["net_amount"].sum() / paid["net_amount"].sum()
        told = own.groupby("touchpoint")["part"].sum() / own["part"].sum()
        both = pd.concat([told, true], axis=1, keys=["told", "true"]).fillna(0.0)
        rows.append((told.get("unknown", 0.0), (both["told"] - both["true"]).abs().sum() / 2))
    unknown, misplaced = np.array(rows).T
    print(f"  gain by touchpoint: told for {(unknown < 0.5).sum()} of {len(rows)} merchants; of their gain "
          f"{misplaced[unknown < 0.5].mean():.1%} stands at another touchpoint than the programme's orders were paid through, "
          f"at most {misplaced[unknown < 0.5].max():.1%}")  # fmt: skip


def noise(data: Path) -> None:
    """Print the weekly spread of the Complete Journey's 40 largest stores: common, own, and what sampling explains."""
    sales = pd.read_parquet(data / "complete_journey" / "transactions.parquet")
    top = sales.groupby("store_id")["sales_value"].sum().nlargest(41).index
    sales = sales[sales["store_id"].isin(top)]
    week = pd.to_datetime(sales["transaction_timestamp"]).dt.to_period("W").rename("week")
    weekly = (
        sales.groupby([week, "store_id"]).agg(sales=("sales_value", "sum"), baskets=("basket_id", "nunique")).unstack()
    )
    logs = np.log(weekly["sales"].iloc[2:-2].dropna(axis=1))
    time_axis = np.arange(len(logs))
    rest = logs.apply(lambda c: c - np.polyval(np.polyfit(time_axis, c, 1), time_axis))
    common = rest.mean(axis=1)
    own = rest.sub(common, axis=0)
    sampling = np.sqrt(1.9 / weekly["baskets"][logs.columns].mean())  # Poisson counts, amounts of variation .95
    print(f"stores {logs.shape[1]}, weeks {len(logs)}: common {common.std():.3f}, of which sampling "
          f"{(sampling.mean() / np.sqrt(logs.shape[1])):.3f}; own, median store {own.std().median():.3f}, "
          f"sampling alone {sampling.median():.3f}")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--merchant", default="m06")
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--study", type=Path, help="folder of a finished study of a simulated cohort, to be judged")
    parser.add_argument("--truth", type=Path, help="[default: simulated/NAME OF THE STUDY/truth]")
    chosen = parser.parse_args()
    if chosen.study:
        judged(chosen.study, chosen.truth or Path("simulated") / chosen.study.name / "truth")
    elif chosen.noise:
        noise(Path(os.environ.get("RETAILKIT_TEST_DATA", "../shared/data")))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            timed(f"{scratch}/small", None, None)
            timed(f"{scratch}/large", chosen.scale, [chosen.merchant])
