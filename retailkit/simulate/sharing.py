"""Share trees of one simulated merchant, with a true K."""

from __future__ import annotations

import numpy as np

from retailkit.simulate.levels import Levels
from retailkit.simulate.rates import SHARE
from retailkit.simulate.traffic import Traffic
from retailkit.simulate.world import days, parameters, stream


def share_tree(level: Levels, traffic: Traffic, seed: int | str) -> dict[str, np.ndarray]:
    """Return one entry per session: ``parent`` (session whose share it came by, -1), ``depth``, ``origin``, ``shared``.

    Each visit by a share continues a tree with probability K, a day or more after its parent,
    and starts one otherwise; so the children of a visit are K on average (visits, not new
    persons: who opens a share is drawn from all persons, most of whom were users before). ``shared`` marks
    sessions that sent a share, in a tree or not; every visit by a share is a node of its tree.
    """
    rng = stream(seed, level.profile.id, "sharing")
    n = len(traffic.day)
    visits = np.flatnonzero(traffic.touch == SHARE)
    day = traffic.day[visits].astype(np.int64)
    start = np.searchsorted(day, np.arange(len(days()) + 1))
    came = day - rng.geometric(1 / parameters()["sharing"]["cycle"], len(visits))
    child = (rng.random(len(visits)) < level.profile.k) & (came >= 0)
    came = np.maximum(came, 0)
    room = start[came + 1] - start[came]
    chosen = start[came] + (rng.random(len(visits)) * room).astype(np.int64)
    above = np.where(child & (room > 0), chosen, -1)
    depth, origin = np.zeros(len(visits), np.int64), np.arange(len(visits))
    at = above.copy()
    while (at >= 0).any():  # climb: as many rounds as the deepest tree has generations
        up = at >= 0
        depth[up] += 1
        origin[up] = at[up]
        at[up] = above[at[up]]
    shared = rng.random(n) < 0.02
    shared[visits] |= rng.random(len(visits)) < 0.3
    shared[visits[above[above >= 0]]] = True
    out = {name: np.full(n, -1, np.int32) for name in ("parent", "origin")} | {"depth": np.zeros(n, np.int32)}
    out["parent"][visits] = np.where(above >= 0, visits[above], -1)
    out["origin"][visits] = np.where(above >= 0, visits[origin], -1)
    out["depth"][visits] = depth
    return out | {"shared": shared}
