"""Growth against known truth: error, coverage, false claims, the staircase, chances, and seconds.

    python benchmarks/growth.py --kind fitted --worlds 150
    python benchmarks/growth.py --only seconds

World w is drawn from seed 10000 + w; ``growth_worlds.py`` says what a world is and which kinds
of noise there are. Figures come with the worlds they were taken over, and with the root mean
squared error's own standard error.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # idle threads of small solves would be counted as work

import numpy as np
import pandas as pd
from growth_worlds import BASELINE, KINDS, PROGRAMME, about, second_cohort, world

from retailkit.growth.bridge import build_bridge
from retailkit.growth.cohort import donor_weights, effects_table, pooled_effect
from retailkit.growth.effect import estimate
from retailkit.growth.factors import factor_effects
from retailkit.growth.guards import check_guards
from retailkit.growth.headline import headlines
from retailkit.growth.panel import weekly_panel
from retailkit.growth.power import detectable
from retailkit.growth.quick import gains_by_week
from retailkit.growth.rise import festival_parts
from retailkit.growth.steps import find_steps, step_recall
from retailkit.growth.tree import lmdi
from retailkit.growth.verdict import CANNOT_TELL, RAISED, judge

STAIRS = (("2018-07-23", 0.2), ("2018-09-10", 0.2), ("2018-10-29", 0.2))
LONG = ("2018-06-25", "2018-12-23")
SPRING = ("2019-03-01", "2019-05-31")


def accuracy(worlds: range, donors: int, kind: str) -> dict[str, float]:
    """Error and coverage with a true effect of zero; the share of merchants with a claim, and with a claim of growth.

    The level is two-sided 10%: nominal shares are 10% for a claim either way, 5% for growth.
    """
    errors, inside, claims, raised = [], [], [], []
    names = [f"d{j}" for j in range(donors)]
    for seed in worlds:
        daily = world(seed, donors, kind)
        weekly = weekly_panel(daily, PROGRAMME)
        one = estimate(weekly, "m0", names)
        said = judge(one, headlines(daily, BASELINE, PROGRAMME, ["m0"]), check_guards(weekly, one))
        errors.append(one.effect)
        inside.append(one.low <= 0 <= one.high)
        claims.append(said.answer != CANNOT_TELL)
        raised.append(said.answer == RAISED)
    return {
        "rmse": float(np.sqrt(np.mean(np.square(errors)))), "bias": float(np.mean(errors)),
        "coverage": float(np.mean(inside)), "claimed": float(np.mean(claims)), "raised": float(np.mean(raised)),
    }  # fmt: skip


def pooled_accuracy(worlds: range, kind: str, merchants: int = 12, donors: int = 20) -> dict[str, float]:
    """Error and coverage of the pooled effect of a cohort, true effect 0.2."""
    errors, inside = [], []
    for seed in worlds:
        weekly = weekly_panel(world(seed, donors, kind, merchants, 0.2), PROGRAMME)
        ours, theirs = [f"m{i}" for i in range(merchants)], [f"d{j}" for j in range(donors)]
        effects = [estimate(weekly, m, theirs, peers=ours) for m in ours]
        one = pooled_effect(effects_table(effects), donor_weights(effects)).iloc[0]
        errors.append(one["effect"] - 0.2)
        inside.append(one["low"] <= 0.2 <= one["high"])
    return {"rmse": float(np.sqrt(np.mean(np.square(errors)))), "coverage": float(np.mean(inside))}


def outsiders(worlds: range, spread: float, trend: bool) -> dict[str, float]:
    """Error and coverage of merchants' and the pooled effect where donors grow more slowly than the invited."""
    errors, inside, pooled, held = [], [], [], []
    for seed in worlds:
        daily, true, donors = second_cohort(seed, spread)
        weekly = weekly_panel(daily, SPRING)
        effects = [estimate(weekly, m, donors, peers=list(true) if trend else ()) for m in true]
        errors += [e.effect - true[e.merchant] for e in effects]
        inside += [e.low <= true[e.merchant] <= e.high for e in effects]
        table = effects_table(effects)
        one = pooled_effect(table, donor_weights(effects)).iloc[0]
        without = (table["actual"] / np.exp(table["merchant"].map(true))).sum()
        over = float(np.log(table["actual"].sum() / without))
        pooled.append(one["effect"] - over)
        held.append(one["low"] <= over <= one["high"])
    return {
        "rmse": float(np.sqrt(np.mean(np.square(errors)))), "bias": float(np.mean(errors)),
        "coverage": float(np.mean(inside)), "pooled_rmse": float(np.sqrt(np.mean(np.square(pooled)))),
        "pooled_coverage": float(np.mean(held)),
    }  # fmt: skip


def staircase(worlds: range, kind: str, donors: int = 20) -> dict[str, float]:
    """False steps per merchant where nothing happened; of three true ones of 22%, how many are found."""
    false, found = [], []
    names = [f"d{j}" for j in range(donors)]
    for seed in worlds:
        daily = world(seed, donors, kind)
        weekly = weekly_panel(daily, LONG)
        false.append(len(find_steps(estimate(weekly, "m0", names))))
        up = np.zeros(len(daily))
        for start, size in STAIRS:
            up += size * ((daily["merchant"] == "m0") & (daily["day"] >= start)).to_numpy()
        risen = daily.assign(gmv=(daily["gmv"] * np.exp(up)).round().astype("int64"))
        weekly = weekly_panel(risen, LONG)
        steps = pd.to_datetime(find_steps(estimate(weekly, "m0", names))["week"])
        found.append(sum(bool((abs((steps - pd.Timestamp(s)).dt.days) <= 14).any()) for s, _ in STAIRS))
    return {"false_steps": float(np.mean(false)), "found_of_3": float(np.mean(found))}


def seconds() -> dict[str, float]:
    """CPU seconds of one merchant with all placebos, of 20 merchants' reports, of 44,000 cells, of the import."""
    daily = world(0, 20, "flagship", 20)
    names, merchants = [f"d{j}" for j in range(20)], [f"m{i}" for i in range(20)]
    weekly = weekly_panel(daily, PROGRAMME)
    estimate(weekly, "m0", names)
    out = {}
    start = time.process_time()
    for _ in range(5):
        estimate(weekly, "m0", names)
    out["one merchant, all placebos (< 0.05)"] = (time.process_time() - start) / 5
    start = time.process_time()
    weekly = weekly_panel(daily, PROGRAMME)
    heads = headlines(daily, BASELINE, PROGRAMME, merchants)
    for merchant in merchants:
        effect = estimate(weekly, merchant, names)
        guards = check_guards(weekly, effect)
        build_bridge(daily, effect, BASELINE, PROGRAMME)
        festival_parts(daily, [merchant], BASELINE, PROGRAMME, [effect])
        find_steps(effect)
        step_recall(effect, seed=1)
        factor_effects(weekly, effect)
        gains_by_week(effect)
        detectable(weekly, merchant, names)
        judge(effect, heads, guards)
    out["20 merchants, everything the chapter computes from the panel (< 5)"] = time.process_time() - start
    before, after = np.random.default_rng(1).lognormal(size=(2, 44_000, 3))
    start = time.process_time()
    for _ in range(5):
        lmdi(before, after)
    out["44,000 cells (< 0.01)"] = (time.process_time() - start) / 5
    start = time.process_time()
    for _ in range(50):
        np.log(after / before)
    out["baseline: the logarithms of their changes alone"] = (time.process_time() - start) / 50
    rooms = "import retailkit.growth as g; [getattr(g, name) for name in g.__all__]"
    out["growth over pandas, imported whole (< 1)"] = _imported(f"import pandas; {rooms}") - _imported("import pandas")
    return out


def _imported(code: str, times: int = 3) -> float:
    timed = f"import time; {code}; print(time.process_time())"
    runs = [
        subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True) for _ in range(times)
    ]
    return min(float(run.stdout) for run in runs)


def main() -> None:
    """Print every figure beside what it must hit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--first", type=int, default=0, help="first world; world w is drawn from seed 10000 + w")
    parser.add_argument("--kind", choices=KINDS, default="fitted")
    parser.add_argument("--only", choices=["accuracy", "pooled", "outsiders", "steps", "seconds"])
    args = parser.parse_args()
    worlds = range(args.first, args.first + args.worlds)
    if args.only != "seconds":
        print(f"{about(args.kind)}; {len(worlds)} worlds, seeds {10000 + worlds[0]}-{10000 + worlds[-1]}", flush=True)
    if args.only in (None, "accuracy"):
        for donors, limit in ((8, 0.065), (30, 0.055)):
            got = accuracy(worlds, donors, args.kind)
            print(f"{donors:>3} donors: rmse {got['rmse']:.4f} +- {got['rmse'] / (2 * len(worlds)) ** 0.5:.4f} (<= {limit}), "
                  f"bias {got['bias']:+.4f}, coverage of 90% {got['coverage']:.3f} (.88-.96), claimed at zero effect "
                  f"{got['claimed']:.3f} (<= .10), growth claimed {got['raised']:.3f} (<= .05)", flush=True)  # fmt: skip
    if args.only in (None, "pooled"):
        got = pooled_accuracy(worlds, args.kind)
        print(f"pooled, 12 merchants, 20 donors: rmse {got['rmse']:.4f}, coverage of 90% {got['coverage']:.3f}",
              flush=True)  # fmt: skip
    for spread in (0.0, 0.08) if args.only in (None, "outsiders") else ():
        for trend in (False, True):
            got = outsiders(worlds[::5], spread, trend)
            print(f"second simulated cohort, 6 donors never invited, own slopes {spread}, cohort's trend "
                  f"{'taken' if trend else 'not taken'}, {len(worlds[::5])} worlds: rmse {got['rmse']:.3f}, bias "
                  f"{got['bias']:+.3f}, coverage of 90% {got['coverage']:.3f}; pooled rmse {got['pooled_rmse']:.3f}, "
                  f"coverage {got['pooled_coverage']:.3f}", flush=True)  # fmt: skip
    if args.only in (None, "steps"):
        got = staircase(worlds, args.kind)
        print(f"staircase: {got['false_steps']:.3f} false steps a merchant (<= .1), "
              f"{got['found_of_3']:.2f} of 3 true ones found (> 1.7)")  # fmt: skip
    if args.only == "seconds":
        for what, spent in seconds().items():
            print(f"{what}: {spent:.5f} s")


if __name__ == "__main__":
    main()
