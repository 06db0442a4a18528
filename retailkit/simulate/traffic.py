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
from retailkit.simulate.rates import CAUSES, DIRECT, GROUP, GUIDE, TOUCHES, conversion, expected_orders, expected_visits
from retailkit.simulate.world import days, parameters, stream


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


def traffic(level: Levels, people: People, groups: Groups, seed: int | str, scale: float) -> Traffic:
    """Draw every session and order of one merchant over the span."""
    rng = stream(seed, level.profile.id, "traffic")
    orders = _draw_orders(rng, level, scale)
    touches = _draw_touches(rng, level, people, groups, scale, orders)
    return _join(rng, people, touches, orders)


def _draw_orders(rng: np.random.Generator, level: Levels, scale: float) -> dict[str, np.ndarray]:
    """Draw orders: day, cause, programme or not, and the day of the touch; sorted by touch day and cause."""
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for added, mean in enumerate(expected_orders(level)):
        counts = rng.poisson(np.maximum(mean, 0) * scale)
        cell = np.repeat(np.arange(counts.size), counts.ravel())
        parts.append((cell // CAUSES, cell % CAUSES, np.full(len(cell), bool(added))))
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
    day, touch = np.divmod(np.repeat(np.arange(counts.size, dtype=np.int32), counts), CAUSES)
    start = np.cumsum(counts) - counts
    place = np.arange(len(day)) - np.repeat(start, counts)
    first = place < np.repeat(newcomers, counts)
    person = np.empty(len(day), np.int32)
    person[first] = new  # persons stand by day of joining and way of coming, as the cells do
    group = np.full(len(day), -1, np.int32)
    for kind, only in ((None, None), (GUIDE, people.bound)):
        mine = ~first & ((touch == GUIDE) if kind else (touch != GUIDE))
        person[mine] = pick(rng, people, day[mine], only)
    mine = np.flatnonzero(~first & (touch == GROUP))
    group[mine], member = in_group(rng, groups, day[mine])
    person[mine] = np.where(member >= 0, member, person[mine])
    cause_of = np.full(len(day), -1, np.int64)
    cause_of[_converting(rng, counts, converted)] = np.flatnonzero(orders["cause"] > 0)  # both by touch day and cause
    return {"person": person, "day": day, "touch": touch, "group": group, "first": first, "cause_of": cause_of}


def _converting(rng: np.random.Generator, counts: np.ndarray, converted: np.ndarray) -> np.ndarray:
    """Draw which touches convert, cell by cell: any touch of a cell may be the one."""
    cell = np.repeat(np.arange(counts.size), counts)
    shuffled = np.lexsort((rng.random(len(cell)), cell))
    rank = np.arange(len(cell)) - np.repeat(np.cumsum(counts) - counts, counts)
    return shuffled[rank < np.repeat(converted, counts)]


def _join(rng: np.random.Generator, people: People, touches: dict, orders: dict) -> Traffic:
    """Pay every order in a session, add the visits that no touch brought, and put all in order of time."""
    person, touch_of = _buyers(rng, people, touches, orders)
    touches["second"] = _seconds(rng, len(touches["day"]))
    here = _same_session(rng, touches, orders, touch_of)
    own = np.flatnonzero(~here)
    paying = _paying_visits(rng, touches, orders, person, touch_of, own)
    idle = _idle_visits(rng, people, orders, person)
    paid_in = np.where(here, touch_of, -1)
    paid_in[own] = len(touches["day"]) + np.arange(len(own))
    return _in_order(rng, (touches, paying, idle), orders, touch_of, paid_in)


def _buyers(rng: np.random.Generator, people: People, touches: dict, orders: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return the person of each order and the touch that caused it (-1: organic)."""
    n = len(orders["day"])
    person, touch_of = np.empty(n, np.int64), np.full(n, -1, np.int64)
    taken = np.flatnonzero(touches["cause_of"] >= 0)
    caused = touches["cause_of"][taken]
    person[caused], touch_of[caused] = touches["person"][taken], taken
    organic = np.flatnonzero(orders["cause"] == 0)
    person[organic] = pick(rng, people, orders["day"][organic])
    return person, touch_of


def _same_session(rng: np.random.Generator, touches: dict, orders: dict, touch_of: np.ndarray) -> np.ndarray:
    """Mark orders paid in the very session of their touch."""
    here = np.zeros(len(touch_of), bool)
    taken = np.flatnonzero(touches["cause_of"] >= 0)
    caused = touches["cause_of"][taken]
    same_day = orders["day"][caused] == touches["day"][taken]
    here[caused] = same_day & (rng.random(len(caused)) < parameters()["traffic"]["same_session"])
    return here


def _paying_visits(
    rng: np.random.Generator, touches: dict, orders: dict, person: np.ndarray, touch_of: np.ndarray, own: np.ndarray
) -> dict[str, np.ndarray]:
    """Draw the sessions of orders that are not paid in their touch's: through a door, after the touch."""
    touch = _doors(rng, len(own), organic=orders["cause"][own] == 0)
    second = _seconds(rng, len(own))
    same = (touch_of[own] >= 0) & (touches["day"][touch_of[own]] == orders["day"][own])
    earlier = touches["second"][touch_of[own]]
    after = earlier + ((86399 - earlier) * rng.random(len(own))).astype(np.int64)
    return {"person": person[own], "day": orders["day"][own], "second": np.where(same, after, second), "touch": touch}


def _idle_visits(rng: np.random.Generator, people: People, orders: dict, person: np.ndarray) -> dict[str, np.ndarray]:
    """Draw visits without a touch or an order: buyers who look before they buy, and other persons."""
    organic = np.flatnonzero(orders["cause"] == 0)
    n = rng.poisson(parameters()["traffic"]["organic_visits"] * len(organic))
    like = organic[rng.integers(0, max(len(organic), 1), n)] if len(organic) else organic
    intent = rng.random(len(like)) < parameters()["traffic"]["intent"]
    day = np.maximum(orders["day"][like] - np.where(intent, rng.geometric(0.5, len(like)), 0), 0)
    who = np.where(intent, person[like], pick(rng, people, day))
    touch = _doors(rng, len(like), organic=np.zeros(len(like), bool))
    return {"person": who, "day": day, "second": _seconds(rng, len(like)), "touch": touch}


def _in_order(
    rng: np.random.Generator, visits: tuple[dict, dict, dict], orders: dict, touch_of: np.ndarray, paid_in: np.ndarray
) -> Traffic:
    """Put sessions and orders in order of time and point each at the other."""
    person, day, second, touch = (
        np.concatenate([v[name] for v in visits]) for name in ("person", "day", "second", "touch")
    )
    session = np.arange(len(day))
    order = np.lexsort((session, second, day))
    where = np.empty(len(order), np.int64)
    where[order] = session
    pay_second = np.minimum(second[paid_in] + rng.integers(60, 900, len(paid_in)), 86399)
    by_time = np.lexsort((paid_in, pay_second, orders["day"]))
    o_session = where[paid_in[by_time]]
    paid = np.full(len(order), -1, np.int32)
    paid[o_session] = np.arange(len(paid_in))
    pad = np.full(len(order) - len(visits[0]["day"]), -1, np.int32)
    o_touch = touch_of[by_time]
    return Traffic(
        person=person[order].astype(np.int32),
        day=day[order].astype(np.int32),
        second=second[order].astype(np.int32),
        touch=touch[order].astype(np.int8),
        group=np.concatenate([visits[0]["group"], pad])[order].astype(np.int32),
        step=np.where(paid >= 0, 4, _furthest(rng, len(order))).astype(np.int8),
        first=np.concatenate([visits[0]["first"], pad >= 0])[order],
        order=paid,
        o_person=person[paid_in[by_time]].astype(np.int32),
        o_day=orders["day"][by_time].astype(np.int32),
        o_second=pay_second[by_time].astype(np.int32),
        o_session=o_session,
        o_cause=orders["cause"][by_time].astype(np.int8),
        o_touch=np.where(o_touch >= 0, where[o_touch], -1),
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
