"""Sessions and orders of one simulated merchant, drawn together so that every order has a true cause.

Expected orders come from `levels`; each is either organic or caused by one touch. Touches
are drawn at the rate that makes their conversion the true one; a caused order then takes
one touch of its kind on the day of the touch, and is paid in that session or, later, in a
session that came through another door. So the touch on record at payment is often not the
cause, as in life, and the truth is known order by order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailkit.simulate.levels import Levels
from retailkit.simulate.organisation import Groups, in_group
from retailkit.simulate.people import People, pick
from retailkit.simulate.world import ENTRANCES, days, parameters, stream, window

STEPS = ("visit", "product", "cart", "checkout", "pay")
TOUCHES = (*(parameters()["mix"]["causes"]), *ENTRANCES)
"""Causes first (0 is organic), then the doors that cause nothing."""
CAUSES = len(parameters()["mix"]["causes"])
GUIDE, GROUP, SHARE = (TOUCHES.index(t) for t in ("guide", "group", "share"))
DIRECT = TOUCHES.index("direct_return")


@dataclass(frozen=True)
class Traffic:
    """Sessions and orders of one merchant, as arrays.

    Sessions, in order of time: ``person``, ``day``, ``second`` (of the local day), ``touch``
    (index of TOUCHES), ``group`` (-1: none), ``step`` (index of STEPS), ``first`` (the
    person's first visit), ``order`` (index of the order paid in it, -1: none).
    Orders, in order of time: ``o_person``, ``o_day``, ``o_second``, ``o_session``, ``o_cause``,
    ``o_touch`` (session of the touch that caused it, -1: organic), ``o_programme`` (would
    not have happened without the programme).
    """

    person: np.ndarray
    day: np.ndarray
    second: np.ndarray
    touch: np.ndarray
    group: np.ndarray
    step: np.ndarray
    first: np.ndarray
    order: np.ndarray
    o_person: np.ndarray
    o_day: np.ndarray
    o_second: np.ndarray
    o_session: np.ndarray
    o_cause: np.ndarray
    o_touch: np.ndarray
    o_programme: np.ndarray


def conversion(level: Levels) -> np.ndarray:
    """Return orders per touch, day by cause: higher on busy days and, a little, with the programme.

    For the merchant whose visitors must grow by the published factor the programme's part is
    solved so that expected visits do.
    """
    page, case = parameters()["traffic"], parameters()["cases"]["uv_ratio"]
    plain = np.array([1.0, *(page["conversion"][t] for t in TOUCHES[1:CAUSES])])
    lift = 0.25
    if level.profile.id == case["merchant"]:
        lift = _solve_lift(level, plain, case["value"])
    return _conversion(level, plain, lift)


def _conversion(level: Levels, plain: np.ndarray, lift: float) -> np.ndarray:
    busy = np.clip(np.log(level.without / np.median(level.without)), -1, 2.5)
    scale = np.exp(parameters()["traffic"]["busy"] * busy + lift * level.effect)
    return np.clip(plain * scale[:, None], 0.005, 0.7)


def _solve_lift(level: Levels, plain: np.ndarray, ratio: float) -> float:
    from scipy.optimize import brentq

    before, during = window(level.profile.group, "baseline"), window(level.profile.group, "programme")

    def gap(lift: float) -> float:
        visitors = expected_visitors(level, expected_visits(level, _conversion(level, plain, lift)).sum(axis=1))
        return visitors[during].mean() / visitors[before].mean() - ratio

    return float(brentq(gap, -1.5, 1.0))


def expected_visitors(level: Levels, visits: np.ndarray) -> np.ndarray:
    """Return expected distinct visitors of days with so many visits, activity being gamma over the living members."""
    page = parameters()["people"]
    living, shape = 0.5 * level.profile.members, page["activity"]
    return living * (1 - (1 + visits / (living * shape)) ** -shape)


def expected_orders(level: Levels) -> tuple[np.ndarray, np.ndarray]:
    """Return expected orders at full scale by day and cause: without the programme, and added by it."""
    mix = parameters()["mix"]
    without = level.without[:, None] * np.array(mix["before"])
    added = (level.actual - level.without)[:, None] * np.array(mix[level.profile.emphasis])
    return without, added


def expected_visits(level: Levels, rates: np.ndarray) -> np.ndarray:
    """Return expected sessions at full scale by day and cause; organic ones in column 0."""
    orders = sum(expected_orders(level))
    visits = orders / rates
    visits[:, 0] = orders[:, 0] * (1 + parameters()["traffic"]["organic_visits"])
    return visits


def traffic(level: Levels, people: People, groups: Groups, seed: int, scale: float) -> Traffic:
    """Draw every session and order of one merchant over the span."""
    rng = stream(seed, level.profile.id, "traffic")
    orders = _draw_orders(rng, level, scale)
    touches = _draw_touches(rng, level, people, groups, scale, orders)
    return _join(rng, people, touches, orders)


def _draw_orders(rng: np.random.Generator, level: Levels, scale: float) -> dict[str, np.ndarray]:
    """Draw orders: day, cause, programme or not, and the day of the touch; sorted by touch day and cause."""
    parts = []
    for programme, mean in enumerate(expected_orders(level)):
        counts = rng.poisson(np.maximum(mean, 0) * scale)
        day, cause = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), CAUSES)
        parts.append((day, cause, np.full(len(day), bool(programme))))
    day, cause, programme = (np.concatenate(p) for p in zip(*parts, strict=True))
    page = parameters()["traffic"]
    lag = np.where(rng.random(len(day)) < page["same_day"], 0, rng.geometric(page["later"], len(day)))
    touch_day = np.where(cause > 0, np.maximum(day - np.minimum(lag, 20), 0), day)
    order = np.lexsort((cause, touch_day))
    return {"day": day[order], "cause": cause[order], "programme": programme[order], "touch_day": touch_day[order]}


def _draw_touches(
    rng: np.random.Generator, level: Levels, people: People, groups: Groups, scale: float, orders: dict
) -> dict:
    """Draw the sessions of every cause, sorted by day and cause, and say which of them convert."""
    n_days = len(days())
    cell = orders["touch_day"] * CAUSES + orders["cause"]
    converted = np.bincount(cell[orders["cause"] > 0], minlength=n_days * CAUSES)
    new = np.flatnonzero((people.joined >= 0) & (people.came_by > 0))
    new_cell = people.joined[new].astype(np.int64) * CAUSES + people.came_by[new]
    newcomers = np.bincount(new_cell, minlength=n_days * CAUSES)
    visits = expected_visits(level, conversion(level))
    visits[:, 0] = 0
    idle = rng.poisson(np.maximum(visits * scale - sum(expected_orders(level)) * scale, 0)).ravel()
    counts = np.maximum(converted + idle, newcomers)
    counts[::CAUSES] = 0
    day, touch = np.divmod(np.repeat(np.arange(counts.size), counts), CAUSES)
    start = np.cumsum(counts) - counts
    place = np.arange(len(day)) - np.repeat(start, counts)
    first = place < np.repeat(newcomers, counts)
    person = np.empty(len(day), np.int64)
    person[first] = new  # persons stand by day of joining and way of coming, as the cells do
    group = np.full(len(day), -1, np.int64)
    for kind, only in ((None, None), (GUIDE, people.bound)):
        mine = ~first & ((touch == GUIDE) if kind else (touch != GUIDE))
        person[mine] = pick(rng, people, day[mine], only)
    mine = np.flatnonzero(~first & (touch == GROUP))
    group[mine], member = in_group(rng, groups, day[mine])
    person[mine] = np.where(member >= 0, member, person[mine])
    # any touch of the cell may be the one that converts
    shuffled = np.lexsort((rng.random(len(day)), day * CAUSES + touch))
    rank = np.empty(len(day), np.int64)
    rank[shuffled] = np.arange(len(day)) - np.repeat(start, counts)
    cause_of = np.full(len(day), -1, np.int64)
    taken = shuffled[rank[shuffled] < np.repeat(converted, counts)]
    caused = np.flatnonzero(orders["cause"] > 0)
    cause_of[taken] = caused  # both are sorted by touch day and cause
    return {"person": person, "day": day, "touch": touch, "group": group, "first": first, "cause_of": cause_of}


def _join(rng: np.random.Generator, people: People, touches: dict, orders: dict) -> Traffic:
    """Pay every order in a session, add the organic visits, and put all in order of time."""
    page, n_orders, n_touch = parameters()["traffic"], len(orders["day"]), len(touches["day"])
    person = np.empty(n_orders, np.int64)
    touch_of = np.full(n_orders, -1, np.int64)
    taken = np.flatnonzero(touches["cause_of"] >= 0)
    caused = touches["cause_of"][taken]
    person[caused], touch_of[caused] = touches["person"][taken], taken
    organic = np.flatnonzero(orders["cause"] == 0)
    person[organic] = pick(rng, people, orders["day"][organic])
    second = _seconds(rng, n_touch)
    here = np.zeros(n_orders, bool)
    here[caused] = (orders["day"][caused] == touches["day"][taken]) & (rng.random(len(caused)) < page["same_session"])
    own = np.flatnonzero(~here)  # paid in a session of their own
    own_touch = _doors(rng, len(own), organic=orders["cause"][own] == 0)
    own_second = _seconds(rng, len(own))
    same = (touch_of[own] >= 0) & (touches["day"][touch_of[own]] == orders["day"][own])
    earlier = second[touch_of[own]]
    own_second = np.where(same, earlier + ((86399 - earlier) * rng.random(len(own))).astype(np.int64), own_second)
    n_idle = rng.poisson(page["organic_visits"] * len(organic))
    like = organic[rng.integers(0, max(len(organic), 1), n_idle)] if len(organic) else organic
    intent = rng.random(len(like)) < 0.35  # a buyer looks before buying; the rest are other persons' visits
    idle_day = np.maximum(orders["day"][like] - np.where(intent, rng.geometric(0.5, len(like)), 0), 0)
    idle_person = np.where(intent, person[like], pick(rng, people, idle_day))
    idle_touch = _doors(rng, len(like), organic=np.zeros(len(like), bool))
    all_day = np.concatenate([touches["day"], orders["day"][own], idle_day])
    all_second = np.concatenate([second, own_second, _seconds(rng, len(like))])
    all_person = np.concatenate([touches["person"], person[own], idle_person])
    session = np.arange(len(all_day))
    order = np.lexsort((session, all_second, all_day))
    where = np.empty(len(order), np.int64)
    where[order] = session
    paid_in = np.where(here, touch_of, -1)
    paid_in[own] = n_touch + np.arange(len(own))
    pay_second = np.minimum(all_second[paid_in] + rng.integers(60, 900, n_orders), 86399)
    by_time = np.lexsort((paid_in, pay_second, orders["day"]))
    o_session = where[paid_in[by_time]]
    paid = np.full(len(order), -1, np.int64)
    paid[o_session] = np.arange(n_orders)
    pad = np.full(len(own) + len(like), -1, np.int64)
    touch = np.concatenate([touches["touch"], own_touch, idle_touch])[order]
    return Traffic(
        person=all_person[order].astype(np.int32),
        day=all_day[order].astype(np.int32),
        second=all_second[order].astype(np.int32),
        touch=touch.astype(np.int8),
        group=np.concatenate([touches["group"], pad])[order].astype(np.int32),
        step=np.where(paid >= 0, 4, _furthest(rng, len(order))).astype(np.int8),
        first=np.concatenate([touches["first"], pad >= 0])[order],
        order=paid,
        o_person=person[by_time].astype(np.int32),
        o_day=orders["day"][by_time].astype(np.int32),
        o_second=pay_second[by_time].astype(np.int32),
        o_session=o_session,
        o_cause=orders["cause"][by_time].astype(np.int8),
        o_touch=np.where(touch_of[by_time] >= 0, where[touch_of[by_time]], -1),
        o_programme=orders["programme"][by_time],
    )


def _doors(rng: np.random.Generator, n: int, organic: np.ndarray) -> np.ndarray:
    """Draw the door of sessions without a touch; organic buyers now and then come through a touchpoint's door."""
    page = parameters()["traffic"]["entrance"]
    names = list(page)
    ladder = np.cumsum(list(page.values()))
    door = np.array([TOUCHES.index(name) for name in names])[
        np.searchsorted(ladder, rng.random(n) * ladder[-1], "right")
    ]
    return np.where(~organic & (door < CAUSES), DIRECT, door)


_HOURS = np.cumsum([1, 0.6, 0.4, 0.3, 0.3, 0.5, 1, 2, 3, 4, 5, 5, 5.5, 5, 4.5, 4.5, 4.5, 4.5, 5, 6.5, 8, 8.5, 7, 4])


def _seconds(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw seconds of the local day; evenings are busiest (assumed)."""
    hour = np.searchsorted(_HOURS, rng.random(n) * _HOURS[-1], "right")
    return hour * 3600 + rng.integers(0, 3600, n)


def _furthest(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw how far sessions without an order went (assumed)."""
    return np.searchsorted([0.48, 0.82, 0.95], rng.random(n), "right")
