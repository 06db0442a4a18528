"""How chances to stay away moved between the same two days of last year, at one merchant and over a cohort."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
from ibis import _
from sklearn.pipeline import Pipeline

from retailkit.segment.churn_days import buyers, seen_from, span
from retailkit.segment.churn_engine import log_odds
from retailkit.segment.churn_level import Outcome, own_shift
from retailkit.segment.features import purchase_days

YEAR = 364
"""Days to the same day of the year before, of the same weekday."""
FEWEST = 50
"""Buyers that a merchant's day of last year needs to count."""
ENOUGH_MERCHANTS = 3
"""Merchants whose moves are needed, to learn how far merchants differ."""

Move = tuple[float, float]
"""A shift in log odds and its variance by chance."""


def a_year_before(day: str) -> str:
    """Return the same day of the year before."""
    return (date.fromisoformat(day) - timedelta(days=YEAR)).isoformat()


def moves(
    model: Pipeline,
    orders: ibis.Table,
    persons: ibis.Table,
    pairs: list[tuple[str, str]],
    horizon_days: int,
    gap_days: int,
) -> list[dict[str, Move]]:
    """Return each merchant's move from the earlier to the later day of each pair, as its log odds must be shifted.

    Both days look back equally far, as a record that grew by two months knows more of who is gone, which is no season:
    the later day does without the merchant's first orders. A merchant has no move where its record begins less than
    a horizon before the earlier day, or where too few buyers are known.
    """
    days = [day for pair in pairs for day in pair]
    earlier = [date.fromisoformat(pair[0]) for pair in pairs for _day in pair]
    grown = [(date.fromisoformat(day) - before).days for day, before in zip(days, earlier, strict=True)]
    until = span(max(days), horizon_days, gap_days)[1] + timedelta(days=1)
    bought = purchase_days(orders, persons, until.isoformat())
    dated = bought.inner_join(bought.group_by("merchant").agg(begun_on=_.paid_on.min()), "merchant")
    seen = seen_from(dated, days, horizon_days, gap_days, earlier=earlier, grown=grown)
    reach, since = seen.earlier.delta(seen.begun_on, unit="day"), seen.paid_on.delta(seen.begun_on, unit="day")
    found = _outcomes(model, buyers(seen.filter(reach >= horizon_days, since >= seen.grown)))
    return [_shifts(found.get(2 * pair, {}), found.get(2 * pair + 1, {})) for pair in range(len(pairs))]


def _shifts(before: dict[str, Outcome], after: dict[str, Outcome]) -> dict[str, Move]:
    found = {}
    for merchant in sorted(before.keys() & after.keys()):
        (from_, doubt), (to, other) = own_shift(before[merchant]), own_shift(after[merchant])
        found[merchant] = (to - from_, doubt + other)
    return found


def season(own: Move | None, others: list[Move]) -> float | None:
    """Shift in log odds from an earlier to a later day of last year, as far as it is more than chance; None if unknown.

    With enough other merchants the own move is pulled to their mean, the more the less they differ beyond chance
    (random effects by DerSimonian and Laird); where there is no own move, the mean stands for it. One move alone has
    no spread of its own, so it is pulled to nought by its variance over its square (James and Stein): a festival that
    moved everybody counts nearly whole, a difference within its standard error not at all.
    """
    known = others if own is None else [own, *others]
    if len(known) >= ENOUGH_MERCHANTS:
        moved, chance = np.array(known).T
        mean, between = _random_effects(moved, chance)
        return mean if own is None else mean + between / (between + own[1]) * (own[0] - mean)
    if own is None:
        return None
    return own[0] * max(0.0, 1 - own[1] / own[0] ** 2) if own[0] else 0.0


def _random_effects(values: np.ndarray, chance: np.ndarray) -> tuple[float, float]:
    """Return mean and variance of the truth behind values of known variance by chance."""
    weight = 1 / chance
    spread = float(weight @ (values - np.average(values, weights=weight)) ** 2)
    between = max(0.0, (spread - len(values) + 1) / float(weight.sum() - weight @ weight / weight.sum()))
    return float(np.average(values, weights=1 / (chance + between))), between


def _outcomes(model: Pipeline, known: ibis.Table) -> dict[int, dict[str, Outcome]]:
    """Return each merchant's outcome by the place of its day, counted by the engine at tenths of log odds: a cohort's
    persons stay where they are.
    """
    tenths = known.mutate(tenth=(log_odds(model, known) * 10).round().cast("int64"))
    counted = tenths.group_by("place", "merchant", "tenth").agg(persons=_.count(), away=_.away.sum()).to_pandas()
    found: dict[int, dict[str, Outcome]] = {}
    for (place, merchant), rows in counted.sort_values("tenth").groupby(["place", "merchant"]):
        outcome = Outcome(rows["tenth"].to_numpy() / 10, rows["away"].to_numpy(float), rows["persons"].to_numpy(float))
        if outcome.is_mixed and outcome.persons.sum() >= FEWEST:
            found.setdefault(int(place), {})[str(merchant)] = outcome
    return found
