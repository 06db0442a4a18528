"""Daily levels of every merchant: what would have been, what the programme added.

`levels` returns expected orders and baskets by merchant and day. Season, market and noise
make the counterfactual; the programme multiplies it step by step. One level constant a
cohort is solved so that the pooled headline is the published one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from retailkit.simulate.world import Profile, day_number, days, parameters, profiles, stream, window


@dataclass(frozen=True)
class Levels:
    """Expected daily level of one merchant; arrays by day of the span.

    ``without`` and ``actual`` are orders a day at full scale, ``effect`` is the log effect of
    the programme on GMV, ``basket`` the mean basket in yuan, ``steps`` (day, log size) pairs.
    """

    profile: Profile
    without: np.ndarray
    effect: np.ndarray
    basket: np.ndarray
    steps: tuple[tuple[int, float], ...]

    @property
    def actual(self) -> np.ndarray:
        """Expected orders a day with the programme."""
        return self.without * np.exp(self.effect) * self.profile.aov / self.basket


BASKET_PART = 0.08
"""Part of the log effect that is a larger basket; the rest is more orders (assumed)."""


def festivals(industry: str, liking: np.ndarray, november: float) -> np.ndarray:
    """Return the log festival level of each day, for an industry and a merchant's liking of each festival."""
    page, when = parameters()["season"], days()
    strength = page["industry"][industry][0]
    out = np.zeros(len(when))
    shape = {code: (peak, before, run_up) for code, peak, before, run_up in page["festivals"]}
    for code, on in page["dates"]:
        peak, before, run_up = shape[code]
        at = day_number(on)
        out[max(at - before, 0) : at] += strength * run_up
        out[at] += strength * (peak + liking[0])
    for eleven, twelve in zip(page["double_11"], page["double_12"], strict=True):
        first, second = day_number(eleven), day_number(twelve)
        out[first - 10 : first] += strength * page["presale"]
        out[first] += strength * (november + liking[1])
        out[second - 4 : second] += strength * page["presale"]
        out[second] += strength * (november + liking[1]) + np.log(page["double_12_to_11"]) + 0.3 * liking[2]
    for new_year in page["spring_festival"]:
        at = day_number(new_year)
        out[at - 21 : at - 3] += page["spring_run_up"]
        out[at - 3 : at + 7] += page["spring_closed"]
    return out


@lru_cache(maxsize=1)
def november_peak() -> float:
    """Solve the log level of Double 11 at which 1-12 November stands the published way above October.

    The mean is over all merchants of the world, without noise and without a programme, in both years.
    """
    from scipy.optimize import brentq

    goal = parameters()["season"]["november"]
    eves = [day_number(eleven) - 10 for eleven in parameters()["season"]["double_11"]]

    def gap(peak: float) -> float:
        ratios = []
        for p in profiles():
            level = np.exp(season(p, np.zeros(3), peak))
            ratios += [level[eve : eve + 12].mean() / level[eve - 31 : eve].mean() for eve in eves]
        return float(np.mean(ratios)) - goal

    return float(brentq(gap, 0.0, 4.0, xtol=1e-9))


def _weekly_walk(rng: np.random.Generator, sd: float, n_days: int) -> np.ndarray:
    """Return a weekly AR(1) of standard deviation ``sd``, repeated over the days of each ISO week."""
    rho = parameters()["noise"]["persistence"]
    weeks = (np.arange(n_days) + 3) // 7  # the span starts on a Thursday
    shocks = rng.normal(0, sd * np.sqrt(1 - rho**2), weeks[-1] + 1)
    walk = np.empty_like(shocks)
    walk[0] = rng.normal(0, sd)
    for i in range(1, len(walk)):
        walk[i] = rho * walk[i - 1] + shocks[i]
    return walk[weeks]


def counterfactual(profile: Profile, seed: int) -> np.ndarray:
    """Return the level of each day without the programme; its mean over July-September 2018 is 1."""
    noise, n = parameters()["noise"], len(days())
    own = stream(seed, profile.id, "level")
    liking = own.normal(0, parameters()["season"]["loading_sd"], 3)
    level = (
        season(profile, liking, november_peak())
        + _weekly_walk(stream(seed, "market", "level"), noise["common"], n)
        + _weekly_walk(stream(seed, profile.industry, "level"), noise["industry"], n)
        + _weekly_walk(own, noise["own"], n)
        + own.normal(0, noise["day"], n)
    )
    level = np.exp(level)
    return level / level[window("first", "baseline")].mean()


def season(profile: Profile, liking: np.ndarray, november: float) -> np.ndarray:
    """Return the log level of each day without noise: growth, time of year, weekday, festivals."""
    noise, when = parameters()["noise"], days()
    day = np.arange(len(when))
    trend = noise["trend"] + (noise["invited_trend"] if profile.group != "never" else 0.0)
    winter = parameters()["season"]["industry"][profile.industry][1]
    of_year = (when - when.astype("datetime64[Y]")).astype(int)
    weekday = np.array(parameters()["season"]["weekday"])[(day + 3) % 7]  # the span starts on a Thursday
    return (
        trend * day / 365
        + winter * np.cos(2 * np.pi * (of_year - 15) / 365.25)
        + weekday
        + festivals(profile.industry, liking, november)
    )


def staircase(profile: Profile, seed: int) -> tuple[np.ndarray, tuple[tuple[int, float], ...]]:
    """Return the shape of the programme's log effect (1 at its height) and its steps.

    Steps fall on Mondays, some days apart between merchants; after the window the effect
    fades in a straight line to the part that is carried.
    """
    page, n = parameters()["programme"], len(days())
    if profile.group == "never":
        return np.zeros(n), ()
    span = window(profile.group, "programme")
    rng = stream(seed, profile.id, "steps")
    size = float(np.exp(rng.normal(0, page["spread"]))) * (1.1 if profile.late else 1.0)
    parts = page["late"] if profile.late else page["early"]
    shifts = 7 * rng.integers(-1, 1, len(parts), endpoint=True)
    shifts[1:] = np.minimum(shifts[1:], 0)
    shape, steps = np.zeros(n), []
    for wait, part, shift in zip(page["steps"], parts, shifts, strict=True):
        at = span.start + max(wait + int(shift), 0)
        at += -(at + 3) % 7  # to the next Monday
        shape[at:] += size * part
        steps.append((at, size * part))
    after = np.clip((np.arange(n) - span.stop) / 180, 0, 1)
    return shape * (1 - (1 - page["carried"]) * after), tuple(steps)


@lru_cache(maxsize=4)
def levels(seed: int) -> dict[str, Levels]:
    """Return the daily levels of every merchant of the world, calibrated to the published headlines."""
    everyone = profiles()
    base = {p.id: counterfactual(p, seed) for p in everyone}
    shapes = {p.id: staircase(p, seed) for p in everyone}
    orders = {p.id: p.orders for p in everyone}
    height = {"first": 1.0, "second": 1.0, "never": 0.0}
    for _ in range(6):  # the two cases fix two merchants' sizes, the headline fixes the height
        for group in ("first", "second"):
            mine = [p for p in everyone if p.group == group]
            height[group] = _height(group, mine, base, shapes, orders)
        _fit_cases(everyone, base, shapes, orders, height)
    return {p.id: _level(p, base[p.id] * orders[p.id], height[p.group], shapes[p.id]) for p in everyone}


def _level(profile: Profile, without: np.ndarray, height: float, shape: tuple) -> Levels:
    effect = height * shape[0]
    basket = profile.aov * np.exp(BASKET_PART * effect)
    return Levels(profile, without, effect, basket, tuple((at, height * size) for at, size in shape[1]))


def _height(group: str, mine: list[Profile], base: dict, shapes: dict, orders: dict) -> float:
    """Solve for the height of the log effect at which the pooled headline is the published one."""
    from scipy.optimize import brentq

    before, during = window(group, "baseline"), window(group, "programme")
    size = {p.id: orders[p.id] * p.aov for p in mine}
    start = sum(size[p.id] * base[p.id][before].mean() for p in mine)
    goal = 1 + parameters()[group]["headline"]

    def gap(height: float) -> float:
        now = sum(size[p.id] * (base[p.id] * np.exp(height * shapes[p.id][0]))[during].mean() for p in mine)
        return now / start - goal

    return float(brentq(gap, 0.0, 8.0, xtol=1e-10))


def _fit_cases(everyone: tuple[Profile, ...], base: dict, shapes: dict, orders: dict, height: dict) -> None:
    """Set the size of the two merchants whose published case is an absolute level."""
    cases = parameters()["cases"]
    for p in everyone:
        effect = height[p.group] * shapes[p.id][0]
        plain, total = base[p.id], base[p.id] * np.exp(effect)
        if cases["guide_month"]["merchant"] == p.id:
            before, added = guide_part(p)
            month = monthly(plain * before + (total - plain) * added).max() * p.aov
            orders[p.id] = cases["guide_month"]["value"] / month
        if cases["home_orders"]["merchant"] == p.id:
            lift = total * np.exp(-BASKET_PART * effect)
            orders[p.id] = cases["home_orders"]["value"] / (monthly(lift, mean=True).max() * HOME_PART)


HOME_PART = 0.8
"""Part of the private orders of the home-delivery merchant that go to the home (assumed)."""


def guide_part(profile: Profile) -> tuple[float, float]:
    """Return the part of orders that guides sell: of those without the programme, of those it adds."""
    mix, same = parameters()["mix"], parameters()["traffic"]
    paid_there = same["same_day"] * same["same_session"]
    at = mix["causes"].index("guide")
    return mix["before"][at] * paid_there, mix[profile.emphasis][at] * paid_there


def monthly(values: np.ndarray, mean: bool = False) -> np.ndarray:
    """Return sums (or means) of daily values, from the first day of the span on, by calendar month."""
    month = days()[: len(values)].astype("datetime64[M]").astype(int)
    sums = np.bincount(month - month[0], weights=values)
    return sums / np.bincount(month - month[0]) if mean else sums
