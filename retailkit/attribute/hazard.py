"""The hazard: what touches add, day by day, to what people would have bought anyway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np

from retailkit.attribute.risk import Risk, risk

LAGS = (0, 1, 3, 7, 14)
"""First day of each delay: the same day, then up to the look-back."""

SELF_INITIATED = ("direct_return", "search", "payment", "mini_program_profile", "my_orders")
"""Visits of one's own accord: signs of intent, not causes. They earn nothing; like all visits and
orders of earlier weeks they tell how active a person was."""

ITERATIONS, TOLERANCE = 2000, 1e-9
PIECE = 1 << 18
"""Orders whose causes are told at a time: what is needed for it on the way is many times what is told."""


@dataclass(frozen=True)
class Hazard:
    """A fitted hazard: orders a person-day from the organic rate and from each touch.

    ``touchpoints``, the ``effect`` of each on strangers and on persons who had bought before (two
    numbers a touchpoint: highest extra orders a day of one touch), ``delay`` (how the
    effect of a kind of record spreads over ``lags``), ``organic`` (orders a person-day by stratum),
    ``season`` (factor by week or day), ``rows`` (one per order and component with its part of the
    order) and what bootstrap needs to fit again.
    """

    touchpoints: tuple[str, ...]
    lags: tuple[int, ...]
    effect: np.ndarray
    delay: np.ndarray
    organic: np.ndarray
    season: np.ndarray
    data: Risk
    log_likelihood: float


def fit_hazard(
    paths: ir.Table,
    touches: ir.Table,
    intent: Any = None,
    self_initiated: Sequence[str] = SELF_INITIATED,
    lags: Sequence[int] = LAGS,
    as_of: str | None = None,
) -> Hazard:
    """Fit the additive hazard of one merchant's orders to its exposures.

    Parameters
    ----------
    paths, touches : of :func:`paths` and :func:`touches`, of one merchant
    intent : ibis table or frame, optional
        person and intent: a number known beforehand that tells who was likely to buy anyway.
    self_initiated : touchpoints that show intent instead of making it
    lags : first days of the delays that are told apart
    as_of : first day that is not known, ISO

    Returns
    -------
    Hazard

    Notes
    -----
    Orders of a person on a day come at the rate organic(stratum) x season + the sum over earlier
    exposures of effect(touchpoint) x delay(lag): people who were touched are compared with people
    and days alike in past activity, in intent and in season. The rate is additive, so the fit is
    an expectation-maximisation of a Poisson process: each order is shared among its possible
    causes in proportion to their rates, rates are re-made from the shares; the likelihood never
    falls. Delays are shared by touches of one kind of record (visits, messages): the day itself, then
    a geometric decline. (A free rate for each delay lets the latest ones, which look like organic
    orders, take what chance leaves above nothing: touches would earn some 3% too much.)

    Sources: Zhang, Wei and Ren 2014; Shender et al. 2023 (additive hazards, backwards elimination).

    Raises
    ------
    ValueError
        If the paths hold more than one merchant, or there is nothing to fit.
    """
    data, names = risk(paths, touches, intent, tuple(self_initiated), tuple(lags), as_of)
    effect, delay, organic, season, level = _fit(
        data, np.ones(len(data.place)), _start(data, 2 * len(names), len(lags))
    )
    return Hazard(names, tuple(lags), effect, delay, organic, season, data, level)


def refit(model: Hazard, weight: np.ndarray) -> Hazard:
    """Return the hazard fitted again with a weight for each order, starting from the model."""
    start = (model.effect, model.delay, model.organic, model.season)
    effect, delay, organic, season, level = _fit(model.data, weight, start, iterations=200, tolerance=1e-7)
    return Hazard(model.touchpoints, model.lags, effect, delay, organic, season, model.data, level)


def _start(data: Risk, codes: int, lags: int) -> tuple[np.ndarray, ...]:
    base = len(data.place) / max(data.days.sum(), 1.0)
    profiles = int(data.profile.max()) + 1 if codes else 0
    delay = np.tile(0.3 ** np.arange(lags), (profiles, 1))  # a flat start would creep down from all being late effect
    return np.full(codes, base), delay, np.full(data.days.shape[0], base), np.ones(data.days.shape[1])


def _fit(
    data: Risk,
    weight: np.ndarray,
    start: tuple[np.ndarray, ...],
    iterations: int = ITERATIONS,
    tolerance: float = TOLERANCE,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Expectation-maximisation; ``weight`` counts each order (for a bootstrap).

    Rates differ by stratum and span and by touchpoint and delay only, so an iteration is two products with the
    sparse matrix of touches met and one count by stratum and span; all else is small.
    """
    effect, delay, organic, season = (a.copy() for a in start)
    shapes = _declines(data.edges)
    last = -np.inf
    for _ in range(iterations):
        base, part = np.outer(organic, season), effect[:, None] * delay[data.profile]
        rate = np.maximum(base.ravel()[data.place] + data.met @ part.ravel(), 1e-300)
        level = float(weight @ np.log(rate) - organic @ data.days @ season - (data.at_risk * part).sum())
        each = np.divide(weight, rate, out=rate)
        own = base * np.bincount(data.place, each, base.size).reshape(base.shape)
        if len(effect):
            due = part * (data.met.T @ each).reshape(part.shape)
            effect = _ratio(due.sum(axis=1), (data.at_risk * delay[data.profile]).sum(axis=1))
            earned, exposed = np.zeros_like(delay), np.zeros_like(delay)
            np.add.at(earned, data.profile, due)
            np.add.at(exposed, data.profile, data.at_risk * effect[:, None])
            delay = _declining(earned, exposed, shapes)
            scale = np.maximum(delay.max(axis=1, keepdims=True), 1e-300)
            delay, effect = delay / scale, effect * scale[data.profile, 0]
        organic = _ratio(own.sum(axis=1), data.days @ season)
        season = _ratio(own.sum(axis=0), organic @ data.days)
        if level - last < tolerance * max(abs(level), 1.0) and np.isfinite(last):
            break
        last = level
    return effect, delay, organic, season, level


def _declines(edges: np.ndarray) -> np.ndarray:
    """Mean of rate ** days in each delay after the first; one row per rate tried."""
    day = np.arange(edges[1], edges[-1]) - edges[1] if len(edges) > 2 else np.zeros(0)
    rates = np.linspace(0.02, 0.98, 49)[:, None]
    return (
        np.add.reduceat(rates**day, edges[1:-1] - edges[1], axis=1) / np.diff(edges[1:]) if len(day) else rates[:, :0]
    )


def _declining(due: np.ndarray, exposed: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Most likely delays: the first one free, the others a geometric decline."""
    delay = _ratio(due, exposed)
    for own, earned, watched in zip(delay, due, exposed, strict=True):
        level = _ratio(np.full(len(shapes), earned[1:].sum()), shapes @ watched[1:])
        likely = np.log(np.maximum(level[:, None] * shapes, 1e-300)) @ earned[1:]
        best = int(likely.argmax())
        own[1:] = level[best] * shapes[best]
    return delay


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.zeros_like(top, dtype=float), where=bottom > 0)


def causes(model: Hazard) -> tuple[np.ndarray, np.ndarray]:
    """Return each order's organic share, and the share of each of its exposures.

    Backwards elimination: taking touches away from the last to the first, each one's credit is
    the probability that goes with it, 1 - exp(-rate) of the day; what stays is organic.
    """
    organic, credit = np.empty(len(model.data.place)), np.empty(len(model.data.position))
    for orders, rows, base, part in causes_by_piece(model):
        organic[orders], credit[rows] = base, part
    return organic, credit


def causes_by_piece(model: Hazard) -> Iterator[tuple[slice, slice, np.ndarray, np.ndarray]]:
    """Yield the places of some orders and of their exposures, and what :func:`causes` says of them."""
    data = model.data
    base = np.outer(model.organic, model.season).ravel()
    part = (model.effect[:, None] * model.delay[data.profile]).ravel()
    begin = data.met.indptr
    for first in range(0, len(data.place), PIECE):
        last = min(first + PIECE, len(data.place))
        orders, rows = slice(first, last), slice(begin[first], begin[last])
        yield (
            orders,
            rows,
            *_shares(base[data.place[orders]], part[data.met.indices[rows]], np.diff(begin[first : last + 1])),
        )


def _shares(base: np.ndarray, part: np.ndarray, touched: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    owner = np.repeat(np.arange(len(base)), touched)
    before = np.cumsum(part) - part
    begin = np.cumsum(touched) - touched
    low = base[owner] + before - np.append(before, part.sum())[begin][owner]
    rate = base + np.bincount(owner, part, len(base))
    whole = np.maximum(-np.expm1(-rate), 1e-300)
    credit = (np.exp(-low) - np.exp(-(low + part))) / whole[owner]
    return np.where(rate > 0, -np.expm1(-base) / whole, 1.0), credit
