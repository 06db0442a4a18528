"""Targets against known truth: do the stated chances come true.

    python benchmarks/targets.py --kind cohort --worlds 150

World w is drawn from seed 10000 + w (``growth_worlds.py``). In each, merchants keep the level
of their programme; a target is set some way off what would be sold anyway, its chance stated
before the window, and the window's sales counted afterwards. A chance is right when, of the
targets with that chance, that share was reached: by quintile of the chance. Two chances
are printed: the one for a market that comes back is right for cohort, fitted and stores, the one for
a market that wanders off for good is right for flagship. Merchants of one
world share its market, so a world is one draw, not eight: the printed standard error of a
quintile's miss is over worlds, and 150 worlds leave it at about .03.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from growth_worlds import BASELINE, KINDS, PROGRAMME, about, world

from retailkit import growth, targets

AS_OF, MERCHANTS, DONORS = "2018-12-24", 8, 16
WINDOWS = targets.phases(BASELINE, PROGRAMME, AS_OF, growth.last_year)


def measured(daily: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and window, every sale of an unknown buyer (a daily panel has no persons)."""
    rows = []
    for name, (start, end) in WINDOWS.items():
        inside = daily[daily["day"].between(start, end)].groupby("merchant")
        days = (end - start).days + 1
        table = inside.agg(unknown_orders=("orders", "sum"), unknown_gmv=("gmv", "sum"), seen=("day", "size"))
        table = table[table["seen"] == days].drop(columns="seen").reset_index()
        rows.append(table.assign(window=name, start=start, end=end, days=days, buyers=0, new_buyers=0, orders=0, gmv=0))
    return pd.concat(rows, ignore_index=True).assign(visitors=np.nan)


def stated(worlds: int, kind: str, first: int = 0) -> pd.DataFrame:
    """One row per merchant and world: the chance stated for its target, and whether it was reached."""
    rows = []
    for seed in range(first, first + worlds):
        daily = world(seed, DONORS, kind, MERCHANTS, 0.5, str(WINDOWS["next"][1].date()))
        known = measured(daily[daily["day"] < AS_OF])
        later = measured(daily).query("window == 'next'").set_index("merchant")["unknown_gmv"]
        names = [f"d{j}" for j in range(DONORS)]
        weeks = (WINDOWS["next"][1] - WINDOWS["next"][0]).days // 7 + 1
        weekly = growth.weekly_panel(daily[daily["day"] < AS_OF], PROGRAMME)
        drift, wandering = (growth.market_drift(weekly, names, weeks, wanders) for wanders in (False, True))
        rng = np.random.default_rng(30_000 + seed)
        for i in range(MERCHANTS):
            merchant = f"m{i}"
            season = targets.season(known, (*names, merchant), "programme", ("next_last_year", "programme_last_year"))
            tree = targets.propose(known, merchant, "programme", season, targets.no_lift())
            aim = np.exp(rng.normal(0, 0.12))
            tree = tree.assign(base=tree["anyway"] * aim, stretch=tree["anyway"] * aim)
            odds = targets.chances(tree, season.attrs["se"], season.attrs["df"], drift, wandering).iloc[0]
            gone = np.log(later[merchant] / targets.total(tree, "anyway"))
            said, done = odds[["if_nothing_new", "if_market_wanders"]], later[merchant] >= targets.total(tree, "base")
            rows.append((*said, done, gone, season.attrs["se"], drift, seed))
    return pd.DataFrame(rows, columns=["chance", "wandering", "reached", "error", "se", "drift", "world"])


def main() -> None:
    """Print stated and true shares by quintile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="first world; world w is drawn from seed 10000 + w")
    parser.add_argument("--kind", choices=KINDS, default="cohort")
    args = parser.parse_args()
    table = stated(args.worlds, args.kind, args.first)
    print(f"{about(args.kind)}; {args.worlds} worlds of {MERCHANTS} merchants and {DONORS} donors, seeds "
          f"{10000 + args.first}-{9999 + args.first + args.worlds}")  # fmt: skip
    print(f"error of what would be sold anyway: mean {table['error'].mean():+.3f}, sd {table['error'].std():.3f} log; "
          f"stated se {table['se'].mean():.3f}, drift {table['drift'].mean():.3f}")  # fmt: skip
    for name, words in (("chance", "if the market comes back"), ("wandering", "if it wanders off for good")):
        sums = by_quintile(table, name)
        print(f"\nchances {words}\n{sums.round(3).to_string()}")
        print(f"largest miss: {sums['miss'].abs().max():.3f} (<= .05, for the market that it is)")


def by_quintile(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row per fifth of the targets by a stated chance: stated and true share, their difference, its error over worlds."""
    fifth = pd.qcut(table[name], 5, labels=False)
    sums = table.groupby(fifth).agg(stated=(name, "mean"), reached=("reached", "mean"), n=("reached", "size"))
    by_world = (table["reached"] - table[name]).groupby([fifth, table["world"]]).sum().unstack(fill_value=0.0)
    sums["miss"] = sums["reached"] - sums["stated"]
    sums["miss_se"] = by_world.std(axis=1) * np.sqrt(by_world.shape[1]) / sums["n"]
    return sums


if __name__ == "__main__":
    main()
