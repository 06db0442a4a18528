"""Who was about to buy anyway: strata of persons and weeks by what they did before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

WEEK = 7
HALF_LIFE_WEEKS = 2.0
"""Past activity fades fast: what matters most is who is still a customer at all."""

LEVELS, LEVELS_OF_INTENT = 32, 8
"""Strata of activity above 'nothing known'; the second where fifths of a known intent cross them."""

HALF = 1 << 16
"""Floats above zero sort as their bits do: the upper half of the bits tells a score to within one per cent."""


@dataclass(frozen=True)
class Strata:
    """``level[w, i]`` is the stratum of person i in week w; ``days[s, w]`` person-days at risk.

    A week's stratum uses only what happened in earlier weeks, so an order never explains itself.
    Everybody is at risk on every day: to leave out the silence before a first event or after a last one
    would look ahead, and organic orders would be compared on fewer days than touches are.
    """

    level: np.ndarray
    days: np.ndarray


def activity_strata(
    person: np.ndarray,
    day: np.ndarray,
    persons: int,
    length: int,
    intent: np.ndarray | None = None,
    levels: int = LEVELS,
    half_life_weeks: float = HALF_LIFE_WEEKS,
) -> Strata:
    """Strata by fading past activity, and by a given intent of each person.

    Parameters
    ----------
    person, day : arrays, one entry per event (an order, a visit of one's own accord); days from 0
    persons, length : number of persons, and of days observed
    intent : array, optional
        One number per person known beforehand (propensity, level, past value); fifths of it are
        crossed with fewer levels of activity.

    Notes
    -----
    A few busy persons make most orders. Strata of equally many persons would put the busy ones
    into one stratum with people half as busy, and what they buy anyway would be credited to the
    touches that they, being busy, also meet. So each stratum holds an equal part of the square
    root of activity: fine where orders are, coarse among the quiet.
    """
    weeks = -(-length // WEEK)
    score = _fading(person, day // WEEK, persons, weeks, 0.5 ** (1 / half_life_weeks))
    edges = _edges(score, levels if intent is None else LEVELS_OF_INTENT)
    level = np.where(score > 0, 1 + np.searchsorted(edges, score, side="left"), 0).astype(np.int16)
    groups = len(edges) + 2
    if intent is not None:
        fifth = pd.qcut(pd.Series(intent).rank(method="average"), 5, labels=False, duplicates="drop").to_numpy()
        level = (level + groups * np.nan_to_num(fifth).astype(np.int16)[None, :]).astype(np.int16)
        groups *= 5
    width = np.minimum(WEEK, length - WEEK * np.arange(weeks)).astype(float)
    days = np.stack([np.bincount(level[w], minlength=groups) * width[w] for w in range(weeks)], axis=1)
    return Strata(level, days)


def _edges(scores: Iterable[np.ndarray], levels: int) -> np.ndarray:
    """Upper edges of all levels but the last, each with an equal part of the square root of the scores.

    Takes the scores (float32) week by week, so they need never stand in memory together.
    """
    part = np.zeros(HALF)
    for score in scores:
        part += np.bincount(score.view(np.uint32) >> 16, np.sqrt(score), HALF)
    if not part.any():
        return np.zeros(0, dtype=np.float32)
    so_far = np.cumsum(part)
    cell = np.unique(np.searchsorted(so_far, so_far[-1] * np.arange(1, levels) / levels))
    return ((cell + 1) << 16).astype(np.uint32).view(np.float32)


def _fading(person: np.ndarray, week: np.ndarray, persons: int, weeks: int, keep: float) -> np.ndarray:
    score = np.zeros((weeks, persons), dtype=np.float32)
    order = np.argsort(week, kind="stable")
    bounds = np.searchsorted(week[order], np.arange(weeks + 1))
    for w in range(1, weeks):
        new = np.bincount(person[order[bounds[w - 1] : bounds[w]]], minlength=persons)
        score[w] = keep * (score[w - 1] + new)
    return score
