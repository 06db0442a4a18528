"""Chances to stay away computed where the persons are: a fitted churn model written as an engine expression."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import ibis
import numpy as np
from scipy.interpolate import BSpline, PPoly
from sklearn.pipeline import Pipeline

from retailkit.schema.given import takes_frames

if TYPE_CHECKING:
    from retailkit.segment.churn import ChurnFit

SOME_DAYS = 30.0
"""Days added to both spans of missed purchases, so that few days tell little; anything from 3 to 100 does as well."""
_CLIP = float(np.log((1 - 1e-6) / 1e-6))


@takes_frames
def churn_expression(fit: ChurnFit, features: ibis.Table) -> ibis.Table:
    """Return ``features`` with the column ``stays_away``, computed by its engine; equal to ``churn_scores``.

    Parameters
    ----------
    fit : from ``fit_churn``.
    features : table of ``person_features``.
    """
    odds = log_odds(fit.model, features) + fit.shift_today
    return features.mutate(stays_away=1.0 / (1.0 + (-odds).exp()))


def log_odds(model: Pipeline, features: ibis.Table) -> ibis.Value:
    """The model's log odds, before any shift; its splines are written out as the pieces of parabolas that they are."""
    scaler, splines, logistic = (step for _name, step in model.steps)
    weights = np.split(logistic.coef_[0], len(splines.bsplines_))
    total = ibis.literal(float(logistic.intercept_[0]))
    for value, mean, scale, spline, weight in zip(
        _columns(features), scaler.mean_, scaler.scale_, splines.bsplines_, weights, strict=True
    ):
        z = (value - float(mean)) / ibis.literal(float(scale))
        total = total + _parabolas(z, spline, weight)
    return ibis.greatest(ibis.least(total, _CLIP), -_CLIP)


def _columns(features: ibis.Table) -> list[ibis.Value]:
    """The model's six columns, as ``churn`` builds them from arrays."""
    silent, age, repeats, last, net = (
        features[c].cast("float64")
        for c in ("days_since_last", "age_days", "repeat_days", "days_to_last", "net_amount")
    )
    gap = (last + 1.0) / (repeats + 1.0)
    own = (silent + 1.0).ln() - ((repeats > 0).ifelse(gap, age + 1.0) + 1.0).ln()
    spend = (ibis.greatest(net, 0.0) + 1.0).ln()
    missed = repeats * ((age + SOME_DAYS) / (last + SOME_DAYS)).ln()
    return [(silent + 1.0).ln(), (repeats + 1.0).ln(), own, (age + 1.0).ln(), spend, (missed + 1.0).ln()]


def _parabolas(z: ibis.Value, basis: BSpline, weight: np.ndarray) -> ibis.Value:
    """Value of a weighted basis of quadratic splines, level beyond its outer knots; one value where all knots are one."""
    knots = basis.t[basis.k : -basis.k]
    if knots[0] == knots[-1]:
        return ibis.literal(float(basis(knots[0]) @ weight))
    pieces = PPoly.from_spline(BSpline(basis.t, basis.c @ weight, basis.k))
    held = ibis.greatest(ibis.least(z, float(knots[-1])), float(knots[0]))
    branches = []
    for start, end in pairwise(knots):
        a, b, c = pieces.c[:, np.searchsorted(pieces.x, start, side="right") - 1]
        step = held - float(start)
        branches.append((held <= float(end), step * step * float(a) + step * float(b) + float(c)))
    return ibis.cases(*branches[:-1], else_=branches[-1][1])
