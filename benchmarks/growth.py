"""Growth against known truth: error, coverage, false claims, the staircase, and seconds.

    python benchmarks/growth.py --worlds 150
    python benchmarks/growth.py --worlds 150 --noise fitted

World w is drawn from seed 10000 + w. A world is a merchant and donors over 16 months of days:
a level each, two common random walks with loadings of their own, a weekly rhythm, festivals
with a strength of their own, own noise with memory.

``--noise flagship`` (default) is an assumption: own weekly noise 5%, memory .3, as of large
online shops. ``--noise fitted`` reads own noise, its memory and the common part from the 24
donor stores of The Complete Journey (RETAILKIT_TEST_DATA), which are small panels and noisy.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from retailkit.growth.calendar import festival_days
from retailkit.growth.cohort import pooled_effect
from retailkit.growth.effect import estimate
from retailkit.growth.guards import check_guards
from retailkit.growth.headline import headlines
from retailkit.growth.panel import weekly_panel
from retailkit.growth.steps import find_steps
from retailkit.growth.tree import lmdi
from retailkit.growth.verdict import CANNOT_TELL, judge

PROGRAMME, BASELINE = ("2018-10-01", "2018-12-23"), ("2018-07-09", "2018-09-30")
STAIRS = (("2018-07-23", 0.2), ("2018-09-10", 0.2), ("2018-10-29", 0.2))
LONG = ("2018-06-25", "2018-12-23")
STRENGTH = {"double_11": 1.2, "double_12": 0.9, "618": 0.9, "womens_day": 0.3, "cny": -0.6, "holiday_cny": -0.4}


@dataclass(frozen=True)
class Noise:
    """Own weekly noise (sd, logs), its lag-1 memory, and the weekly step of each common walk."""

    own: float
    memory: float
    common: float


FLAGSHIP = Noise(0.05, 0.3, 0.03)


def fitted_noise(folder: Path) -> Noise:
    """Noise of the donor stores before campaign 18: what is left of weekly logs after a common mean."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from growth_tables import journey_orders

    orders, _, donors = journey_orders(folder)
    orders = orders[orders["merchant"].isin(donors) & (pd.to_datetime(orders["paid_on"]) < "2017-10-30")]
    weeks = pd.to_datetime(orders["paid_on"]).dt.to_period("W")
    logs = np.log(orders.groupby([weeks, "merchant"])["net_amount"].sum().unstack().iloc[1:].astype(float)).dropna(
        axis=1
    )
    logs -= logs.mean()
    common = logs.mean(axis=1)
    own = logs.sub(common, axis=0)
    memory = float(np.median([own[c].autocorr() for c in own]))
    return Noise(float(own.std().median()), max(memory, 0.0), float(common.diff().std() / np.sqrt(2)))


def world(seed: int, donors: int, noise: Noise, merchants: int = 1, effect: float = 0.0) -> pd.DataFrame:
    """Daily panel of merchants m0.. and donors d0..; ``effect`` in logs inside PROGRAMME for the merchants."""
    rng = np.random.default_rng(10_000 + seed)
    days = pd.date_range("2017-09-04", PROGRAMME[1])
    weeks = np.arange(len(days)) // 7
    walks = np.cumsum(rng.normal(0, noise.common, (weeks[-1] + 1, 2)), axis=0)[weeks]
    marks = festival_days(days)
    strength = np.array([sum(STRENGTH.get(c, 0.0) for c in m.split()) for m in marks])
    frames = []
    for name in [*(f"m{i}" for i in range(merchants)), *(f"d{j}" for j in range(donors))]:
        own = np.empty(weeks[-1] + 1)
        own[0] = rng.normal(0, noise.own)
        for k in range(1, len(own)):
            own[k] = noise.memory * own[k - 1] + rng.normal(0, noise.own * np.sqrt(1 - noise.memory**2))
        log = rng.normal(12, 1) + walks @ rng.normal(1, 0.4, 2) + own[weeks] + strength * rng.normal(1, 0.15)
        log += 0.15 * (days.day_of_week >= 5) + rng.normal(0, 0.05, len(days))
        if name.startswith("m"):
            log += effect * ((days >= PROGRAMME[0]) & (days <= PROGRAMME[1]))
        frames.append(pd.DataFrame({"merchant": name, "day": days, "gmv": np.exp(log).round().astype("int64")}))
    panel = pd.concat(frames, ignore_index=True)
    zero = dict.fromkeys(("refunds", "unknown_orders", "unknown_gmv"), 0)
    return panel.assign(gross=panel["gmv"], orders=10, buyers=10, filled=False, partial=False, **zero)


def accuracy(worlds: int, donors: int, noise: Noise) -> dict[str, float]:
    """Error and coverage with a true effect of zero, and the share of merchants for which growth is claimed."""
    errors, inside, claims = [], [], []
    names = [f"d{j}" for j in range(donors)]
    for seed in range(worlds):
        daily = world(seed, donors, noise)
        weekly = weekly_panel(daily, PROGRAMME)
        one = estimate(weekly, "m0", names)
        said = judge(one, headlines(daily, BASELINE, PROGRAMME, ["m0"]), check_guards(weekly, one))
        errors.append(one.effect)
        inside.append(one.low <= 0 <= one.high)
        claims.append(said.answer != CANNOT_TELL)
    return {
        "rmse": float(np.sqrt(np.mean(np.square(errors)))), "bias": float(np.mean(errors)),
        "coverage": float(np.mean(inside)), "claimed": float(np.mean(claims)),
    }  # fmt: skip


def pooled_accuracy(worlds: int, noise: Noise, merchants: int = 12, donors: int = 20) -> dict[str, float]:
    """Error and coverage of the pooled effect of a cohort, true effect 0.2."""
    errors, inside = [], []
    for seed in range(worlds):
        weekly = weekly_panel(world(seed, donors, noise, merchants, 0.2), PROGRAMME)
        effects = [estimate(weekly, f"m{i}", [f"d{j}" for j in range(donors)]) for i in range(merchants)]
        one = pooled_effect(effects).iloc[0]
        errors.append(one["effect"] - 0.2)
        inside.append(one["low"] <= 0.2 <= one["high"])
    return {"rmse": float(np.sqrt(np.mean(np.square(errors)))), "coverage": float(np.mean(inside))}


def staircase(worlds: int, noise: Noise, donors: int = 20) -> dict[str, float]:
    """False steps per merchant where nothing happened; of three true ones of 22%, how many are found."""
    false, found = [], []
    names = [f"d{j}" for j in range(donors)]
    for seed in range(worlds):
        daily = world(seed, donors, noise)
        weekly = weekly_panel(daily, LONG)
        false.append(len(find_steps(weekly, estimate(weekly, "m0", names))))
        up = np.zeros(len(daily))
        for start, size in STAIRS:
            up += size * ((daily["merchant"] == "m0") & (daily["day"] >= start)).to_numpy()
        risen = daily.assign(gmv=(daily["gmv"] * np.exp(up)).round().astype("int64"))
        weekly = weekly_panel(risen, LONG)
        steps = pd.to_datetime(find_steps(weekly, estimate(weekly, "m0", names))["week"])
        found.append(sum(bool((abs((steps - pd.Timestamp(s)).dt.days) <= 14).any()) for s, _ in STAIRS))
    return {"false_steps": float(np.mean(false)), "found_of_3": float(np.mean(found))}


def seconds() -> dict[str, float]:
    """Seconds of one merchant with all placebos, of 20 merchants' reports, and of 44,000 cells."""
    weekly = weekly_panel(world(0, 20, FLAGSHIP, 20), PROGRAMME)
    names = [f"d{j}" for j in range(20)]
    estimate(weekly, "m0", names)
    out = {}
    start = time.perf_counter()
    estimate(weekly, "m0", names)
    out["one merchant, all placebos"] = time.perf_counter() - start
    start = time.perf_counter()
    for i in range(20):
        effect = estimate(weekly, f"m{i}", names)
        check_guards(weekly, effect)
        find_steps(weekly, effect)
    out["20 merchants, effect, guards and steps"] = time.perf_counter() - start
    before, after = np.random.default_rng(1).lognormal(size=(2, 44_000, 3))
    start = time.perf_counter()
    lmdi(before, after)
    out["44,000 cells"] = time.perf_counter() - start
    return out


def main() -> None:
    """Print every figure beside what it must hit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--noise", choices=["flagship", "fitted"], default="flagship")
    parser.add_argument("--only", choices=["accuracy", "pooled", "steps", "seconds"])
    args = parser.parse_args()
    data = Path(os.environ.get("RETAILKIT_TEST_DATA", "../shared/data"))
    noise = FLAGSHIP if args.noise == "flagship" else fitted_noise(data)
    print(f"{args.worlds} worlds, seeds 10000 on; own noise {noise.own:.3f}, memory {noise.memory:.2f}, "
          f"common {noise.common:.3f} (weekly logs)")  # fmt: skip
    if args.only in (None, "accuracy"):
        for donors, limit in ((8, 0.065), (30, 0.055)):
            got = accuracy(args.worlds, donors, noise)
            print(f"{donors:>3} donors: rmse {got['rmse']:.4f} (<= {limit}), bias {got['bias']:+.4f}, "
                  f"coverage of 90% {got['coverage']:.3f} (.88-.96), claimed at zero effect "
                  f"{got['claimed']:.3f} (<= .10)")  # fmt: skip
    if args.only in (None, "pooled"):
        got = pooled_accuracy(max(args.worlds // 3, 50), noise)
        print(f"pooled, 12 merchants, 20 donors: rmse {got['rmse']:.4f}, coverage of 90% {got['coverage']:.3f}")
    if args.only in (None, "steps"):
        got = staircase(args.worlds, noise)
        print(f"staircase: {got['false_steps']:.3f} false steps a merchant (<= .1), "
              f"{got['found_of_3']:.2f} of 3 true ones found (> 1.7)")  # fmt: skip
    if args.only in (None, "seconds"):
        for what, spent in seconds().items():
            print(f"{what}: {spent:.4f} s")


if __name__ == "__main__":
    main()
