"""Who was about to buy anyway: strata of persons and weeks by what they did before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

WEEK = 7
HALF_LIFE_WEEKS = 3.0
"""Past activity fades fast: what matters most is who is still a customer at all."""

LEVELS = 24
"""Strata of activity above 'nothing known': activity is very uneven, and the busiest need strata of their own."""

Scores = Callable[[], Iterator[np.ndarray]]
"""Every call begins anew with the first week: one score per person, week by week."""

HALF = 1 << 16


@dataclass(frozen=True)
class Strata:
    """``own[i]`` is the stratum of case i in its week; ``days[s, w]`` person-days at risk.

    A week's stratum uses only what happened in earlier weeks, so an order never explains itself.
    Everybody is at risk on every day: to leave out the silence before a first event or after a last one
    would look ahead, and organic orders would be compared on fewer days than touches are.
    """

    own: np.ndarray
    days: np.ndarray


def activity_strata(
    events: pd.DataFrame,
    cases: pd.DataFrame,
    persons: int,
    length: int,
    intent: np.ndarray | None = None,
    levels: int = LEVELS,
    half_life_weeks: float = HALF_LIFE_WEEKS,
) -> Strata:
    """Strata by fading past activity, and by a given intent of each person.

    Parameters
    ----------
    events : one row per person and week with any event (an order, a visit of one's own accord): person, week, n
    cases : whose stratum is asked for: person, week
    persons, length : number of persons (numbered from 0), and of days observed (weeks are numbered from 0)
    intent : array, optional
        One number per person known beforehand (propensity, level, past value); fifths of it are
        crossed with three levels of activity.

    Notes
    -----
    Scores of one week stand in memory at a time and are made again for each of three passes: a table of
    persons x weeks would be larger than everything else of a large merchant.
    """
    weeks = -(-length // WEEK)
    scores = partial(_fading, *_by_week(events, weeks), persons, 0.5 ** (1 / half_life_weeks))
    wanted = levels if intent is None else 2
    edges = np.unique(_quantiles(scores, np.arange(1, wanted) / wanted))
    groups, fifth = len(edges) + 2, np.int64(0)
    if intent is not None:
        fifths = pd.qcut(pd.Series(intent).rank(method="average"), 5, labels=False, duplicates="drop").to_numpy()
        fifth, groups = groups * np.nan_to_num(fifths).astype(np.int64), 5 * groups
    width = np.minimum(WEEK, length - WEEK * np.arange(weeks)).astype(float)
    days, own = np.zeros((groups, weeks)), np.zeros(len(cases), dtype=np.int64)
    asked, bounds = _by_week(cases.reset_index(drop=True), weeks)
    for w, score in enumerate(scores()):
        level = np.where(score > 0, 1 + np.searchsorted(edges, score, side="left"), 0) + fifth
        days[:, w] = np.bincount(level, minlength=groups) * width[w]
        here = asked.iloc[bounds[w] : bounds[w + 1]]
        own[here.index] = level[here["person"]]
    return Strata(own, days)


def _by_week(rows: pd.DataFrame, weeks: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Sort rows by week; week w's lie between bounds w and w + 1."""
    rows = rows.sort_values("week", kind="stable")
    return rows, np.searchsorted(rows["week"], np.arange(weeks + 1))


def _fading(events: pd.DataFrame, bounds: np.ndarray, persons: int, keep: float) -> Iterator[np.ndarray]:
    """One score per person, week by week: what happened in earlier weeks, each worth ``keep`` of the week after."""
    person, n = events["person"].to_numpy(), events["n"].to_numpy()
    score = np.zeros(persons, dtype=np.float32)
    yield score
    for w in range(1, len(bounds) - 1):
        last = slice(bounds[w - 1], bounds[w])
        new = np.bincount(person[last], n[last], minlength=persons)
        score = (keep * (score + new)).astype(np.float32)
        yield score


def _quantiles(scores: Scores, wanted: np.ndarray) -> np.ndarray:
    """Return what ``np.quantile`` says of all scores above zero, which never stand in memory together.

    Floats above zero sort as their bits do: the first pass counts upper halves of the bits, the second
    the lower halves below those upper ones that hold a wanted rank.
    """
    upper = np.zeros(HALF, dtype=np.int64)
    for bits in map(_bits, scores()):
        upper += np.bincount(bits >> 16, minlength=HALF)
    if not upper.any():
        return np.zeros(0)
    rank = wanted * (upper.sum() - 1)
    below = np.floor(rank).astype(np.int64)
    ranks = np.stack([below, np.minimum(below + 1, upper.sum() - 1)])
    part = np.searchsorted(np.cumsum(upper), ranks, side="right")
    parts = np.unique(part)
    place = np.full(HALF, -1)
    place[parts] = np.arange(len(parts))
    lower = np.zeros(len(parts) << 16, dtype=np.int64)
    for bits in map(_bits, scores()):
        at = place[bits >> 16]
        bits, at = bits[at >= 0], at[at >= 0]
        lower += np.bincount((at << 16) | (bits & (HALF - 1)), minlength=len(lower))
    left_out = (np.cumsum(upper) - upper)[parts] - (np.cumsum(upper[parts]) - upper[parts])
    cell = np.searchsorted(np.cumsum(lower), ranks - left_out[place[part]], side="right")
    low, high = ((parts[cell >> 16] << 16) | (cell & (HALF - 1))).astype(np.uint32).view(np.float32)
    t = rank - below
    return np.where(t >= 0.5, high - (high - low) * (1 - t), low + (high - low) * t)


def _bits(score: np.ndarray) -> np.ndarray:
    return score[score > 0].view(np.uint32)
