"""Who was about to buy anyway: strata of persons and weeks by what they did before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

WEEK = 7
HALF_LIFE_WEEKS = 3.0
"""Past activity fades fast: what matters most is who is still a customer at all."""

LEVELS, LEVELS_OF_INTENT = 32, 8
"""Strata of activity above 'nothing known'; the second where fifths of a known intent cross them."""

HALF = 1 << 16
"""Floats above zero sort as their bits do: the upper half of the bits tells a score to within one per cent."""


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
        crossed with fewer levels of activity.

    Notes
    -----
    A few busy persons make most orders. Strata of equally many persons would put the busy ones
    into one stratum with people half as busy, and what they buy anyway would be credited to the
    touches that they, being busy, also meet. So each stratum holds an equal part of the square
    root of activity: fine where orders are, coarse among the quiet.

    Scores of one week stand in memory at a time and are made again for each of two passes: a table of
    persons x weeks would be larger than everything else of a large merchant.
    """
    weeks = -(-length // WEEK)
    scores = partial(_fading, *_by_week(events, weeks), persons, 0.5 ** (1 / half_life_weeks))
    edges = _edges(scores(), levels if intent is None else LEVELS_OF_INTENT)
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


def _edges(scores: Iterable[np.ndarray], levels: int) -> np.ndarray:
    """Upper edges of all levels but the last, each with an equal part of the square root of the scores.

    They come as float32, week by week.
    """
    part = np.zeros(HALF)
    for score in scores:
        part += np.bincount(score.view(np.uint32) >> 16, np.sqrt(score), HALF)
    if not part.any():
        return np.zeros(0, dtype=np.float32)
    so_far = np.cumsum(part)
    cell = np.unique(np.searchsorted(so_far, so_far[-1] * np.arange(1, levels) / levels))
    return ((cell + 1) << 16).astype(np.uint32).view(np.float32)
