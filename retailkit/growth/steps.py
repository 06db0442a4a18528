"""The staircase: when did the base level rise, by how much, and was it a step at all.

Steps are sought on the weekly gap to the counterfactual, festival weeks taken out, so that
neither season nor festival is a step. The penalty of the first step is read from donors, to whom
nothing happened: three merchants in a hundred would show any step without cause.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retailkit.growth.fit import Array
from retailkit.growth.levels import Levels, all_levels, best_count, first_penalty, levels, with_noise_like
from retailkit.growth.record import Effect

COLUMNS = ("week", "earliest", "latest", "phase", "size", "low", "high")
FALSE_SHARE = 0.03
"""Chance of any step where nothing happened; a false alarm holds one to two steps, so well under .1 steps."""

NEXT_SHARE = 0.30
"""Once one step is beyond doubt, further ones need only the penalty that three donors in ten would exceed.

The first step answers whether anything happened at all; where it did, the question is how many
steps there were, and the first one's penalty would miss half of them.
"""

SIZES = (0.1, 0.2, 0.3)
NEAR_WEEKS = 2

PROFILE_90 = 5.94
"""Rise of the squares, in units of the noise, that bounds a step's date with 90% (Eo and Morley 2015)."""


def gaps(effect: Effect) -> pd.DataFrame:
    """One row per week outside festivals: gap of the merchant and of each donor, in logs."""
    behind = effect.behind
    if behind is None:
        return pd.DataFrame(columns=["week", "phase", effect.merchant])
    m = behind.matrix
    others = {d: fit.gap for d, fit in zip(m.donors, behind.others, strict=True)}
    week, phase = m.weeks["week"], m.weeks["phase"]
    table = pd.DataFrame({"week": week, "phase": phase, effect.merchant: behind.own.gap, **others})
    plain = (m.weeks["festival"].fillna("") == "").to_numpy() & (m.days >= 4)
    return table[plain].reset_index(drop=True)


def donor_gaps(table: pd.DataFrame) -> Array:
    """(donors, weeks): the donors' columns of ``gaps``."""
    return table.iloc[:, 3:].to_numpy(float).T


def donor_penalty(quiet: list[Levels], false_share: float = FALSE_SHARE) -> float:
    """Penalty per step at which a merchant like the donors shows any step with chance ``false_share``.

    A merchant exceeds the k-th largest of J donors with chance k / (J + 1). Where even the
    largest is not rare enough (few donors), the tail beyond it is taken as exponential.
    """
    needed = np.sort([first_penalty(found) for found in with_noise_like(quiet, quiet)])[::-1]
    place = false_share * (len(needed) + 1)
    if place >= 1:
        return float(np.interp(place, np.arange(1, len(needed) + 1), needed)) * (1 + 1e-9)
    scale = float(np.std(needed)) * np.sqrt(6) / np.pi
    return float(needed[0]) + scale * float(np.log(1 / place))


def penalties(quiet: list[Levels], false_share: float = FALSE_SHARE) -> tuple[float, float]:
    """Penalty per step for the first step, and the lower one for further steps; ``quiet`` are the donors' levels."""
    first = donor_penalty(quiet, false_share)
    return first, min(first, donor_penalty(quiet, max(NEXT_SHARE, false_share)))


def count_steps(found: Levels, penalty: tuple[float, float]) -> int:
    """Number of steps: none unless the first penalty is met; then as many as the second allows."""
    first = best_count(found, penalty[0])
    return max(first, best_count(found, penalty[1])) if first else 0


def find_steps(effect: Effect, false_share: float = FALSE_SHARE) -> pd.DataFrame:
    """One row per step of the merchant's level: its week, size in logs, and both intervals (90%).

    Parameters
    ----------
    effect : see ``estimate``.
    false_share : chance of any step for a merchant to whom nothing happened.

    Returns
    -------
    DataFrame ``week, earliest, latest, phase, size, low, high``; no row where the level never
    moved, or where there is no estimate.
    """
    if effect.refused or len(effect.placebos) < 3:
        return pd.DataFrame(columns=list(COLUMNS))
    table = gaps(effect)
    series, quiet = table[effect.merchant].to_numpy(float), all_levels(donor_gaps(table))
    (found,) = with_noise_like([levels(series)], quiet)
    starts = found.starts[count_steps(found, penalties(quiet, false_share))]
    louder = max(1.0, float(np.sqrt(found.noise / np.median([one.noise for one in quiet]))))
    rows = [_describe(table, series, starts, i, found.noise, louder) for i in range(len(starts))]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _describe(
    table: pd.DataFrame, series: Array, starts: tuple[int, ...], i: int, noise: float, louder: float
) -> tuple[object, ...]:
    left = starts[i - 1] if i else 0
    right = starts[i + 1] if i + 1 < len(starts) else len(series)
    at = starts[i]
    lower, upper = series[left:at], series[at:right]
    size = float(upper.mean() - lower.mean())
    inside = np.concatenate([lower - lower.mean(), upper - upper.mean()])
    spread = np.sqrt(max(float(np.sum(inside**2)) / max(len(inside) - 2, 1), noise) * _memory(inside))
    half = 1.645 * spread * np.sqrt(1 / len(lower) + 1 / len(upper))
    half = max(half, _between_donors(donor_gaps(table), left, at, right) * louder)
    near = [k for k in range(left + 1, right) if _squares(series, left, k, right)
            <= _squares(series, left, at, right) + PROFILE_90 * spread**2]  # fmt: skip
    week = table["week"]
    return (week[at], week[min(near)], week[max(near)], table["phase"][at], size, size - half, size + half)


def _between_donors(others: Array, left: int, at: int, right: int) -> float:
    """Half the 90% donor-placebo interval of a step: how far donors, who took none, moved between the same weeks.

    One series' own residuals do not know slow drifts of the counterfactual, and of some ten weeks even their memory
    looks too short: alone they hold the size of three steps in four.
    """
    from scipy.stats import t

    moved, count = others[:, at:right].mean(axis=1) - others[:, left:at].mean(axis=1), len(others)
    return float(t.ppf(0.95, count) * np.sqrt(np.mean(moved**2) * (1 + 1 / count)))


def _squares(series: Array, left: int, at: int, right: int) -> float:
    lower, upper = series[left:at], series[at:right]
    return float(((lower - lower.mean()) ** 2).sum() + ((upper - upper.mean()) ** 2).sum())


def _memory(residuals: Array) -> float:
    """Factor by which lag-1 memory widens the variance of a mean; at least 1."""
    power = float(np.sum(residuals**2))
    rho = float(np.sum(residuals[1:] * residuals[:-1])) / power if power > 0 else 0.0
    rho = min(max(rho, 0.0), 0.8)
    return (1 + rho) / (1 - rho)


def step_recall(effect: Effect, seed: int, draws: int = 60) -> pd.DataFrame:
    """One row per size: the share of planted steps that are found within two weeks.

    Three steps of that size are added to donors' gaps, inside the programme where it is long
    enough for them, else in the second half of the series. So the reader knows what an empty
    staircase means.
    """
    columns = ["size", "planted", "found", "recall"]
    if effect.refused or len(effect.placebos) < 3:
        return pd.DataFrame(columns=columns)
    table, rng = gaps(effect), np.random.default_rng(seed)
    quiet = donor_gaps(table)
    likes = all_levels(quiet)
    penalty = penalties(likes)
    room, size_of = _room(table), np.repeat(SIZES, draws)
    places = [_plant(room, len(table), rng) for _ in size_of]
    series = quiet[rng.integers(len(quiet), size=len(size_of))].copy()
    for row, size, planted in zip(series, size_of, places, strict=True):
        for place in planted:
            row[place:] += size
    hits = np.zeros(len(size_of), dtype=int)
    for k, (found, planted) in enumerate(zip(with_noise_like(all_levels(series), likes), places, strict=True)):
        got = np.array(found.starts[count_steps(found, penalty)], dtype=int)
        hits[k] = sum(bool(len(got) and np.abs(got - p).min() <= NEAR_WEEKS) for p in planted)
    total = np.array([len(p) for p in places])
    sums = [(size, int(total[size_of == size].sum()), int(hits[size_of == size].sum())) for size in SIZES]
    rows = [(size, sown, found, found / sown if sown else float("nan")) for size, sown, found in sums]
    return pd.DataFrame(rows, columns=columns)


def _room(table: pd.DataFrame) -> NDArray[np.intp]:
    """Weeks in which steps are planted: the programme's where there are twelve, else the second half."""
    inside = np.flatnonzero((table["phase"] == "programme").to_numpy())
    return inside if len(inside) >= 12 else np.arange(len(table) // 2, len(table))


def _plant(room: NDArray[np.intp], weeks: int, rng: np.random.Generator) -> list[int]:
    third = max(len(room) // 3, 1)
    starts = [int(room[0]) + k * third + int(rng.integers(max(third // 2, 1))) for k in range(3)]
    return [s for s in starts if s <= weeks - 3]
