"""Who was about to buy anyway: strata of persons and weeks by what they did before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WEEK = 7
HALF_LIFE_WEEKS = 3.0
"""Past activity fades fast: what matters most is who is still a customer at all."""

LEVELS = 24
"""Strata of activity above 'nothing known': activity is very uneven, and the busiest need strata of their own."""


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
        crossed with three levels of activity.
    """
    weeks = -(-length // WEEK)
    score = _fading(person, day // WEEK, persons, weeks, 0.5 ** (1 / half_life_weeks))
    known = score[score > 0]
    wanted = levels if intent is None else 2
    edges = np.unique(np.quantile(known, np.arange(1, wanted) / wanted)) if len(known) else np.array([])
    level = np.where(score > 0, 1 + np.searchsorted(edges, score, side="left"), 0).astype(np.int16)
    groups = len(edges) + 2
    if intent is not None:
        fifth = pd.qcut(pd.Series(intent).rank(method="average"), 5, labels=False, duplicates="drop").to_numpy()
        level = (level + groups * np.nan_to_num(fifth).astype(np.int16)[None, :]).astype(np.int16)
        groups *= 5
    width = np.minimum(WEEK, length - WEEK * np.arange(weeks)).astype(float)
    days = np.stack([np.bincount(level[w], minlength=groups) * width[w] for w in range(weeks)], axis=1)
    return Strata(level, days)


def _fading(person: np.ndarray, week: np.ndarray, persons: int, weeks: int, keep: float) -> np.ndarray:
    score = np.zeros((weeks, persons), dtype=np.float32)
    order = np.argsort(week, kind="stable")
    bounds = np.searchsorted(week[order], np.arange(weeks + 1))
    for w in range(1, weeks):
        new = np.bincount(person[order[bounds[w - 1] : bounds[w]]], minlength=persons)
        score[w] = keep * (score[w - 1] + new)
    return score
