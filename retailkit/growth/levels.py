"""Piecewise constant levels of a short series: exact best segmentation for each number of steps.

Dynamic programming over all segmentations (Jackson and others 2005), so nothing is greedy;
series have some tens of weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from retailkit.growth.fit import Array

SHORTEST_LEVEL = 3
"""Weeks a level must last."""

MOST_STEPS = 5


@dataclass(frozen=True)
class Levels:
    """The best segmentations of one series: ``rss[k]`` and ``starts[k]`` with k steps.

    ``starts[k]`` holds the first index of each level after the first. ``noise`` is the
    variance of the series around its levels, read from first differences so that steps do
    not enter it.
    """

    rss: Array
    starts: tuple[tuple[int, ...], ...]
    noise: float


def costs(series: Array) -> Array:
    """(..., T + 1, T + 1): sum of squares around the mean of series[..., i:j]; infinite where too short."""
    zero = np.zeros((*series.shape[:-1], 1))
    sums = np.concatenate([zero, np.cumsum(series, axis=-1)], axis=-1)
    squares = np.concatenate([zero, np.cumsum(series**2, axis=-1)], axis=-1)
    size = series.shape[-1] + 1
    length = np.arange(size)[None, :] - np.arange(size)[:, None]
    cost, total = (v[..., None, :] - v[..., :, None] for v in (squares, sums))
    cost -= total * total / np.where(length >= SHORTEST_LEVEL, length, 1)
    np.maximum(cost, 0.0, out=cost)
    cost[..., length < SHORTEST_LEVEL] = np.inf
    return cost


def levels(series: Array, most: int = MOST_STEPS) -> Levels:
    """Return the best segmentation for every number of steps from none to ``most``.

    >>> levels(np.array([0.0, 0, 0, 0, 1, 1, 1, 1]), most=1).starts[1]
    (4,)
    """
    return all_levels(series[None, :], most)[0]


def all_levels(series: Array, most: int = MOST_STEPS) -> list[Levels]:
    """The best segmentations of each row of ``series`` (S, T), searched together."""
    cost = costs(series)
    best, back = [cost[:, 0]], []
    for _ in range(most):
        table = best[-1][:, :, None] + cost
        back.append(np.argmin(table, axis=1))
        best.append(np.take_along_axis(table, back[-1][:, None, :], axis=1)[:, 0])
    rss = np.stack([b[:, -1] for b in best], axis=1)
    return [_traced(rss[s], [b[s] for b in back], row) for s, row in enumerate(series)]


def _traced(rss: Array, back: list[Any], series: Array) -> Levels:
    starts = []
    for count in range(len(rss)):
        end, found = len(series), []
        if np.isfinite(rss[count]):
            for step in range(count, 0, -1):
                end = int(back[step - 1][end])
                found.append(end)
        starts.append(tuple(reversed(found)))
    return Levels(rss, tuple(starts), noise_variance(series))


KEPT, OF_NORMAL = 0.85, 0.5205
"""Part of the squared differences that is kept, and the mean of a normal's squares over that part."""


def noise_variance(series: Array) -> float:
    """Variance around the levels from the smaller 85% of the squared second-lag differences.

    Lag 2 keeps some of the short memory that makes false steps; the largest are left out because
    differences that straddle a step are among them. The median would be safer still, but of some
    fifty weeks it is so rough that luck with the noise makes false steps.
    """
    if len(series) < 4:
        return float("nan")
    squares = np.sort((series[2:] - series[:-2]) ** 2)
    return float(squares[: max(int(KEPT * len(squares)), 1)].mean() / OF_NORMAL / 2)


def with_noise_like(found: list[Levels], likes: list[Levels]) -> list[Levels]:
    """The same segmentations, each noise drawn half-way (in logs) to the median noise of ``likes``.

    One series' own noise is known to a quarter at best; what it should be is better told by it
    and its likes together.
    """
    middle = float(np.median([one.noise for one in likes]))
    return [replace(one, noise=float(np.sqrt(one.noise * middle))) for one in found]


def first_penalty(found: Levels) -> float:
    """Smallest penalty per step, in units of the noise, at which the series shows no step."""
    counts = np.arange(1, len(found.rss))
    gains = (found.rss[0] - found.rss[1:]) / counts
    gains = gains[np.isfinite(gains)]
    return float(gains.max() / found.noise) if len(gains) and found.noise > 0 else 0.0


def best_count(found: Levels, penalty: float) -> int:
    """Number of steps that minimises squares plus ``penalty`` (in units of the noise) per step."""
    return int(np.argmin(found.rss + penalty * found.noise * np.arange(len(found.rss))))
