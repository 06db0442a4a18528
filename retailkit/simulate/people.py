"""The persons of one simulated merchant: when they join, how active they are, when they are lost.

Arrays, one entry a person, in the order of joining. Nothing here is written out as it is:
`accounts.py` turns persons into the accounts that systems know, and the truth keeps who is who.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailkit.simulate.levels import Levels
from retailkit.simulate.world import days, parameters, stream


@dataclass(frozen=True)
class People:
    """Persons of a merchant in the order of joining; one entry a person in every array.

    ``joined`` and ``left`` are day numbers (negative: before the span), ``came_by`` indexes
    the causes of the mix (0 for members of old), ``weight`` is activity, ``basket`` the
    person's own factor on the basket, ``bound`` whether a guide knows the person, ``second``
    marks a second mini program account, ``guide`` a number of the roster or -1.
    """

    joined: np.ndarray
    left: np.ndarray
    came_by: np.ndarray
    weight: np.ndarray
    basket: np.ndarray
    bound: np.ndarray
    follower: np.ndarray
    member: np.ndarray
    contact: np.ndarray
    second: np.ndarray
    guide: np.ndarray

    def __len__(self) -> int:
        return len(self.joined)


def people(level: Levels, seed: int | str, scale: float, guides: np.ndarray) -> People:
    """Draw the persons of one merchant; ``guides`` holds the weight of each guide of the roster."""
    page = parameters()["people"]
    rng = stream(seed, level.profile.id, "people")
    n = max(round(level.profile.members * scale), 50)
    old = int(n * page["at_start"])
    joined = np.empty(n, np.int32)
    joined[:old] = np.sort(rng.integers(-365 * page["years_before"], 0, old))
    arrivals = np.cumsum(np.sqrt(level.actual))
    joined[old:] = np.sort(np.searchsorted(arrivals, rng.random(n - old) * arrivals[-1]))
    came_by = np.zeros(n, np.int8)
    ways = np.cumsum(parameters()["mix"]["joined"])
    came_by[old:] = np.searchsorted(ways, rng.random(n - old) * ways[-1], "right")
    order = np.lexsort((came_by, joined))
    life = rng.exponential(page["life"], n)
    weight = rng.gamma(page["activity"], 1 / page["activity"], n) + 0.02
    spread = page["spread"]
    basket = np.exp(rng.normal(-(spread**2) / 2, spread, n))
    bound = rng.random(n) < page["bound"]
    ladder = np.cumsum(guides)
    guide = np.where(bound, np.searchsorted(ladder, rng.random(n) * ladder[-1], "right"), -1)
    return People(
        joined=joined[order],
        left=(joined[order] + np.ceil(life)).astype(np.int32),
        came_by=came_by[order],
        weight=weight,
        basket=basket,
        bound=bound,
        follower=rng.random(n) < page["follower"],
        member=rng.random(n) < page["member"],
        contact=bound & (rng.random(n) < page["contact"]),
        second=rng.random(n) < page["second_openid"],
        guide=guide.astype(np.int32),
    )


def pick(rng: np.random.Generator, people: People, day: np.ndarray, only: np.ndarray | None = None) -> np.ndarray:
    """Draw one living person for each day number, by activity; ``only`` masks who may be drawn.

    Persons stand in order of joining, so the members of a day are a prefix; whoever has left
    is drawn again.
    """
    weight = people.weight if only is None else np.where(only, people.weight, 0.0)
    ladder = np.concatenate([[0.0], np.cumsum(weight)])
    n_days = len(days())
    joined = np.searchsorted(people.joined, np.arange(n_days), "right")
    chosen = np.empty(len(day), np.int64)
    todo = np.arange(len(day))
    for _ in range(16):
        height = ladder[joined[day[todo]]]
        drawn = np.searchsorted(ladder, rng.random(len(todo)) * height, "right") - 1
        chosen[todo] = np.clip(drawn, 0, len(people) - 1)
        todo = todo[people.left[chosen[todo]] < day[todo]]
        if not len(todo):
            break
    return chosen
