"""Worlds for the growth benchmark: daily panels of merchants and donors, with known truth.

World w is drawn from seed 10000 + w. Kinds of noise:

``cohort``   merchants of the simulated first cohort (``retailkit.simulate.levels``) without their
             programme; donors are the merchants invited later, as in the study, then the rest of
             the first cohort. Orders are Poisson counts at full scale.
``fitted``   moments of the 41 largest Complete Journey stores before campaign 18: the common
             part with its memory, the spread of loadings, sampling by orders and amounts. Sampling
             is taken at the orders a week of Online Retail, the one real online merchant here; the
             stores' own noise beyond sampling cannot be told from zero, so the most that they
             leave open is taken (6%, memory .6, as in ``simulate/world.toml``).
``stores``   the same at the stores' own size, some 39 baskets a week of a household panel.
``flagship`` an assumption: own weekly noise 5%, memory .3, a common walk of 3% a week.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from retailkit.growth.calendar import festival_days

PROGRAMME, BASELINE = ("2018-10-01", "2018-12-23"), ("2018-07-09", "2018-09-30")
FIRST_DAY = "2017-09-04"
STRENGTH = {"double_11": 1.2, "double_12": 0.9, "618": 0.9, "womens_day": 0.3, "cny": -0.6, "holiday_cny": -0.4}
KINDS = ("cohort", "fitted", "stores", "flagship")
CAMPAIGN_18 = "2017-10-30"
AMOUNTS = 0.95
"""Coefficient of variation of an order's amount (the stores' baskets)."""

OPEN = (0.06, 0.6)
"""Own weekly noise beyond sampling and its memory: the most that the stores leave open."""

ONLINE_ORDERS = 380
"""Orders in a mean week of Online Retail (invoices with an amount above zero, whole weeks)."""


@dataclass(frozen=True)
class Noise:
    """Weekly noise in logs: own (sd, lag-1 memory), sampling, common (sd, memory), sd of loadings and of the day.

    A common memory of 1 is a random walk whose weekly step is ``common``.
    """

    own: float
    memory: float
    sampling: float
    common: float
    common_memory: float
    loadings: float


FLAGSHIP = Noise(0.05, 0.3, 0.0, 0.03, 1.0, 0.4)


@lru_cache
def store_noise(folder: Path) -> tuple[Noise, float]:
    """Noise of the 41 largest Complete Journey stores before campaign 18, and their baskets in a mean week.

    Moments of weekly logs around each store's own line. ``own`` is what is left of the common
    mean, less sampling (by the squares of the baskets); common sd and memory are roots of the
    stores' mean covariances at lags 0 and 1; the spread of loadings is that of slopes on the
    other stores' mean, less their own error.
    """
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from growth_tables import journey_orders

    orders, merchants, donors = journey_orders(folder)
    day = pd.to_datetime(orders["paid_on"])
    orders = orders[orders["merchant"].isin([*merchants, *donors]) & (day >= "2017-01-02") & (day < CAMPAIGN_18)]
    week = pd.to_datetime(orders["paid_on"]).dt.to_period("W")
    groups = orders.assign(square=orders["net_amount"].astype(float) ** 2).groupby([week, "merchant"])
    sums, squares = (groups[c].sum().unstack().astype(float) for c in ("net_amount", "square"))
    whole = sums.columns[(sums > 0).all()]
    logs = np.log(sums[whole])
    weeks, stores = logs.shape
    line = np.arange(weeks)
    rest = logs.apply(lambda c: c - np.polyval(np.polyfit(line, c, 1), line))
    own = rest.sub(rest.mean(axis=1), axis=0) * np.sqrt(stores / (stores - 1) * weeks / (weeks - 2))
    sampling = float((squares / sums**2)[whole].mean().mean())
    apart = ~np.eye(stores, dtype=bool)
    common = float(rest.cov().to_numpy()[apart].mean())
    later = float((rest.iloc[1:].to_numpy().T @ rest.iloc[:-1].to_numpy())[apart].mean()) / (weeks - 1)
    fits = [np.polyfit(rest.drop(columns=c).mean(axis=1), rest[c], 1, cov=True) for c in whole]
    spread = np.var([f[0][0] for f in fits]) - np.mean([f[1][0, 0] for f in fits])
    left = max(float((own**2).mean().mean()) - sampling, 0.0)
    noise = Noise(left**0.5, 0.0, sampling**0.5, common**0.5, max(later / common, 0.0), max(spread, 0.0) ** 0.5)
    return noise, float(groups.size().mean())


def noise_of(kind: str) -> Noise | None:
    """Noise of a kind of world; None for the simulated cohort, which brings its own."""
    if kind in ("cohort", "flagship"):
        return FLAGSHIP if kind == "flagship" else None
    found, baskets = store_noise(Path(os.environ.get("RETAILKIT_TEST_DATA", "../shared/data")))
    if kind == "stores":
        return found
    own = max(OPEN[0], found.own)
    return replace(found, own=own, memory=OPEN[1], sampling=found.sampling * (baskets / ONLINE_ORDERS) ** 0.5)


def about(kind: str) -> str:
    """Say which noise a kind of world has."""
    if kind == "cohort":
        from retailkit.simulate import parameters

        page = parameters()["noise"]
        names = ("common", "industry", "own", "persistence", "day")
        return f"simulated first cohort at full scale ({', '.join(f'{name} {page[name]}' for name in names)})"
    return f"{kind}: " + ", ".join(f"{k} {v:.3f}" for k, v in asdict(noise_of(kind)).items())


def world(
    seed: int, donors: int, kind: str, merchants: int = 1, effect: float = 0.0, until: str = PROGRAMME[1]
) -> pd.DataFrame:
    """Daily panel of merchants m0.. and donors d0.., to the day ``until``.

    ``effect`` in logs is the merchants' from PROGRAMME's first day on.
    """
    rng = np.random.default_rng(10_000 + seed)
    days = pd.date_range(FIRST_DAY, until)
    noise = noise_of(kind)
    names = [*(f"m{i}" for i in range(merchants)), *(f"d{j}" for j in range(donors))]
    logs = _cohort(seed, merchants, donors, days) if noise is None else _drawn(rng, noise, days, len(names))
    inside = np.asarray(days >= PROGRAMME[0])
    frames = []
    for k, name in enumerate(names):
        log = logs[k] + (effect * inside if name.startswith("m") else 0.0)
        frames.append(pd.DataFrame({"merchant": name, "day": days, "gmv": np.exp(log).round().astype("int64")}))
    panel = pd.concat(frames, ignore_index=True)
    zero = dict.fromkeys(("refunds", "unknown_orders", "unknown_gmv"), 0)
    orders = (panel["gmv"] / panel.groupby("merchant")["gmv"].transform("mean") * 1000).round().astype("int64")
    return panel.assign(gross=panel["gmv"], orders=orders, buyers=orders, filled=False, partial=False, **zero)


def _drawn(rng: np.random.Generator, noise: Noise, days: pd.DatetimeIndex, count: int) -> list[np.ndarray]:
    weeks = np.arange(len(days)) // 7
    last = int(weeks[-1]) + 1
    if noise.common_memory == 1:
        common = np.cumsum(rng.normal(0, noise.common, (last, 2)), axis=0)[weeks]
    else:
        common = np.column_stack([_remembered(rng, noise.common / 2**0.5, noise.common_memory, last) for _ in "ab"])[
            weeks
        ]
    strength = np.array([sum(STRENGTH.get(c, 0.0) for c in mark.split()) for mark in festival_days(days)])
    out = []
    for _ in range(count):
        own = _remembered(rng, noise.own, noise.memory, last) + rng.normal(0, noise.sampling, last)
        log = rng.normal(12, 1) + common @ rng.normal(1, noise.loadings, 2) + own[weeks]
        log += strength * rng.normal(1, 0.15) + 0.15 * (days.day_of_week >= 5) + rng.normal(0, 0.05, len(days))
        out.append(np.asarray(log))
    return out


def _remembered(rng: np.random.Generator, sd: float, memory: float, count: int) -> np.ndarray:
    out = rng.normal(0, sd, count)
    for k in range(1, count):
        out[k] = memory * out[k - 1] + (1 - memory**2) ** 0.5 * out[k]
    return out


def second_cohort(seed: int, spread: float = 0.0) -> tuple[pd.DataFrame, dict[str, float], list[str]]:
    """Daily panel of the simulated second cohort with its programme, true log effects, and its donors.

    Its donors are the never invited, who grow more slowly (``invited_trend`` in ``world.toml``); ``spread`` is
    the standard deviation of a further slope of each merchant's own, logs a year.
    """
    from retailkit.simulate.levels import levels
    from retailkit.simulate.world import days as all_days
    from retailkit.simulate.world import roles, window

    rng = np.random.default_rng(30_000 + seed)
    part, span, made = roles("doubling_2"), window("second", "programme"), levels(10_000 + seed)
    days, true, frames = all_days()[: span.stop], {}, []
    for name, role in part.items():
        one = made[name]
        plain = one.without[: span.stop] * np.exp(rng.normal(0, spread) * np.arange(span.stop) / 365.25)
        effect = one.effect[: span.stop]
        orders = rng.poisson(plain * np.exp(effect))
        amounts = 1 + rng.normal(0, AMOUNTS, span.stop) / np.sqrt(np.maximum(orders, 1))
        gmv = (orders * one.profile.aov * 100 * amounts).round().astype("int64")
        frames.append(pd.DataFrame({"merchant": name, "day": pd.to_datetime(days), "gmv": gmv, "orders": orders}))
        if role == "merchant":
            true[name] = float(np.log((plain * np.exp(effect))[span].sum() / plain[span].sum()))
    panel = pd.concat(frames, ignore_index=True)
    return panel.assign(buyers=panel["orders"], partial=False), true, [k for k, role in part.items() if role == "donor"]


def _cohort(seed: int, merchants: int, donors: int, days: pd.DatetimeIndex) -> list[np.ndarray]:
    """Logs of daily sales without a programme: merchants of the first cohort, donors invited later."""
    from retailkit.simulate.levels import levels
    from retailkit.simulate.world import days as all_days

    rng = np.random.default_rng(20_000 + seed)
    made = levels(10_000 + seed)
    at = np.searchsorted(all_days(), days.to_numpy().astype("datetime64[D]"))
    groups = {g: [k for k, one in made.items() if one.profile.group == g] for g in ("first", "second")}
    ours = [str(k) for k in rng.permutation(groups["first"])]
    later = [str(k) for k in rng.permutation(groups["second"])]
    chosen = [*ours[:merchants], *[*later, *ours[merchants:]][:donors]]
    out = []
    for name in chosen:
        one = made[name]
        orders = rng.poisson(one.without[at])
        amounts = 1 + rng.normal(0, AMOUNTS, len(at)) / np.sqrt(np.maximum(orders, 1))
        out.append(np.log(orders * one.profile.aov * 100 * amounts))
    return out
