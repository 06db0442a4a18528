"""Guides and groups of one simulated merchant, with true activation and true group hazard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailkit.simulate.levels import Levels, guide_part
from retailkit.simulate.people import People, pick
from retailkit.simulate.world import days, parameters, stream, window

REGIONS = ("North", "East", "South", "West", "Centre", "North-East", "South-West", "Coast")


@dataclass(frozen=True)
class Guides:
    """Guides of a merchant: ``weight`` of each in customers (0: never active), ``region``, ``active``, ``started`` day."""

    weight: np.ndarray
    region: np.ndarray
    active: np.ndarray
    started: np.ndarray


def roster(level: Levels, seed: int, scale: float) -> Guides:
    """Draw the guides of one merchant: Pareto customers, a known share active.

    The guide with the most customers of the merchant that carries the published case gets the
    share of customers at which the window's expected sales are the published figure.
    """
    cases, profile = parameters()["cases"], level.profile
    rng = stream(seed, profile.id, "guides")
    n = int(np.clip(round(profile.orders * scale * 12), 24, 50000))
    rate = (
        cases["guide_activation"]["value"]
        if profile.id == cases["guide_activation"]["merchant"]
        else rng.uniform(0.55, 0.95)
    )
    active = rng.permutation(np.arange(n) < round(rate * n))
    weight = np.where(active, 1 + rng.pareto(2.5, n), 0.0)
    if profile.id == cases["guide_best"]["merchant"] and scale < 1:
        sales = guide_sales(level, window(profile.group, "programme")) * scale
        part = min(cases["guide_best"]["value"] / sales, 0.5)
        best = int(np.argmax(weight))
        others = weight.sum() - weight[best]
        weight = np.where(np.arange(n) == best, others * part / (1 - part), np.minimum(weight, others * part / 2))
    span = window(profile.group, "programme")
    started = np.where(rng.random(n) < 0.3, 0, span.start + rng.integers(0, 42, n))
    return Guides(weight, rng.integers(0, len(REGIONS), n), active, started)


def guide_sales(level: Levels, span: slice) -> float:
    """Return expected sales of all guides in a span, in yuan at full scale."""
    before, added = guide_part(level.profile)
    orders = level.without * before + (level.actual - level.without) * added
    return float((orders * level.basket)[span].sum())


@dataclass(frozen=True)
class Groups:
    """Groups of a merchant and their members.

    ``born`` and ``died`` are day numbers (died: first silent day, may lie after the span),
    ``size`` members; ``members`` holds persons group after group from ``start``;
    ``alive_group`` holds the living groups day after day from ``alive_start``.
    """

    born: np.ndarray
    died: np.ndarray
    size: np.ndarray
    guide: np.ndarray
    start: np.ndarray
    members: np.ndarray
    joined: np.ndarray
    quit: np.ndarray
    alive_group: np.ndarray
    alive_start: np.ndarray


def groups(level: Levels, people: People, guides: Guides, seed: int | str) -> Groups:
    """Draw the customer groups of one merchant: births with the programme, exponential lives, sizes with thresholds."""
    page, profile, n_days = parameters()["groups"], level.profile, len(days())
    rng = stream(seed, profile.id, "groups")
    wanted = max(len(people) / page["size"] / 4, 6)  # groups alive at a time when the programme is at its height
    push = {"community": 1.0, "guide": 0.6, "sharing": 0.5, "store": 0.3}[profile.emphasis]
    height = level.effect / max(level.effect.max(), 1.0)
    births = rng.poisson(push * wanted / profile.life * (0.25 + 0.75 * height))
    births[0] += 1 + int(0.25 * push * wanted)
    born = np.repeat(np.arange(n_days), births)
    n = len(born)
    life = rng.exponential(profile.life, n)
    died = born + np.maximum(np.ceil(life), 1).astype(np.int64)
    size = np.clip(np.round(page["size"] * np.exp(rng.normal(0, 0.6, n))), 8, 400).astype(np.int64)
    stop = rng.choice(page["thresholds"], n) + rng.integers(0, 3, n)
    size = np.where(rng.random(n) < page["bunched"], stop, size)
    size = np.minimum(size, max(len(people) // 4, 8))
    start = np.concatenate([[0], np.cumsum(size)])
    of = np.repeat(np.arange(n), size)
    late = np.minimum(rng.geometric(0.15, len(of)) - 1, (died - born)[of] - 1)
    joined = np.minimum(born[of] + np.maximum(late, 0), n_days - 1)
    members = pick(rng, people, joined)
    gone = joined + rng.geometric(0.008, len(of))
    quit_on = np.where((gone < died[of]) & (gone < n_days), gone, -1)
    lived = np.minimum(died, n_days) - born
    which = np.repeat(np.arange(n), lived)
    on = born[which] + (np.arange(lived.sum()) - np.repeat(np.cumsum(lived) - lived, lived))
    order = np.lexsort((which, on))
    active = np.flatnonzero(guides.active)
    return Groups(
        born, died, size, active[rng.integers(0, len(active), n)], start, members, joined, quit_on,
        which[order], np.searchsorted(on[order], np.arange(n_days + 1)),
    )  # fmt: skip


def in_group(rng: np.random.Generator, groups: Groups, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw a living group and one of its members for each day; -1 where no group lives or the member is not in."""
    first, last = groups.alive_start[day], groups.alive_start[day + 1]
    some = last > first
    at = np.minimum(first + (rng.random(len(day)) * (last - first)).astype(np.int64), np.maximum(last - 1, 0))
    group = np.where(some, groups.alive_group[np.minimum(at, len(groups.alive_group) - 1)], -1)
    known = np.maximum(group, 0)
    seat = groups.start[known] + (rng.random(len(day)) * groups.size[known]).astype(np.int64)
    there = some & (groups.joined[seat] <= day) & ((groups.quit[seat] < 0) | (groups.quit[seat] > day))
    return np.where(there, group, -1), np.where(there, groups.members[seat], -1)
