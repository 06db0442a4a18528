"""Merchants within industries within a cohort: what they have in common, what is particular, what is noise.

The normal hierarchical model (Rubin 1981) with two levels, averaged over every spread between
industries and between merchants that the data leave open: "no difference seen" is then not
read as "no difference".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

Z90 = 1.6448536269514722
"""Standard errors on each side of a 90% interval."""
_STEPS = 24  # spreads tried on each level
Pairs = np.ndarray  # two rows: means, standard deviations


@dataclass(frozen=True)
class Posterior:
    """What is known of each level: ``mean`` and ``error`` of the cohort, of industries, of merchants.

    ``lead`` is an industry's distance from the cohort and ``own`` a merchant's from its industry,
    each as means and standard deviations; ``between`` and ``within`` are the mean spreads.
    """

    mean: float
    error: float
    industries: tuple[str, ...]
    industry: Pairs
    lead: Pairs
    merchant: Pairs
    own: Pairs
    between: float
    within: float


def posterior(value: np.ndarray, noise: np.ndarray, industry: Sequence[str] | None = None) -> Posterior:
    """Partial pooling of merchants' values by industry.

    Parameters
    ----------
    value : one value per merchant (a log effect, or a part of sales).
    noise : covariance of their errors, merchants x merchants; off the diagonal what they owe to
        shared donors. Zeros where errors are not known: noise then counts as merchants' own.
    industry : one name per merchant; None, or one name for all, leaves that level out.

    Examples
    --------
    >>> found = posterior(np.array([.1, .12, .08, .4, .42, .38]), np.eye(6) * .02**2, list("aaabbb"))
    >>> found.industries, found.industry[0].round(2).tolist()
    (('a', 'b'), [0.11, 0.39])
    """
    names = tuple(dict.fromkeys(industry)) if industry is not None else ("",)
    member = np.array([[own == n for n in names] for own in (industry if industry is not None else [""] * len(value))])
    member = member.astype(float)
    between, within = _spreads(value, noise, member)
    scale = float(np.std(value)) or 1.0  # two industries say little about their spread: no wider than the merchants'
    grid = np.array([(a, b) for a in between for b in within])
    log, levels = _given(value, noise, member, grid)
    log = log - 0.5 * (grid[:, 0] / scale) ** 2 + _off_zero(grid)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    centre, industries, lead, merchant, own = (_mix(mean, sd, weight) for mean, sd in levels)
    between_, within_ = weight @ grid
    return Posterior(
        float(centre[0][0]),
        float(centre[1][0]),
        names,
        industries,
        lead,
        merchant,
        own,
        float(between_),
        float(within_),
    )


def _off_zero(grid: np.ndarray) -> np.ndarray:
    """Log of a prior that grows with each spread from zero, so that merchants are not all taken for equal.

    Boundary-avoiding, after Chung, Rabe-Hesketh, Dorie, Gelman and Liu 2013: with few groups the
    most likely spread is often zero though the true one is not.
    """
    out = np.zeros(len(grid))
    for level in (0, 1):
        tried = grid[:, level]
        if tried.max() > 0:
            step = np.diff(np.unique(tried)).min()
            out = out + np.log(tried + step / 2)
    return out


def _spreads(value: np.ndarray, noise: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spreads to try: a flat prior needs three merchants (or three industries) to be a distribution at all."""
    n, groups = member.shape
    least = float(np.sqrt(max(np.min(np.diag(noise)), 0.0)))
    top = 3 * float(np.std(value) + least)
    within = np.linspace(0, top, _STEPS * 4) if groups == 1 else np.linspace(0, top, _STEPS)
    if n <= 2 or top == 0:
        within = np.zeros(1)
    if least == 0 and top > 0 and n > 2:
        within = within[1:]  # without known noise some spread there must be
    between = np.linspace(0, top, _STEPS) if groups > 1 and n > groups and top > 0 else np.zeros(1)
    return between, within


def _given(
    value: np.ndarray, noise: np.ndarray, member: np.ndarray, grid: np.ndarray
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Log likelihood of each pair of spreads, and each level's means and deviations if it were true."""
    n, groups = member.shape
    between, within = (grid[:, i, None, None] ** 2 for i in (0, 1))
    same, alone = member @ member.T, np.eye(n)
    tiny = 1e-12 * max(float(np.var(value)), 1e-6)
    total = noise + within * alone + between * same + tiny * alone
    inverse = np.linalg.inv(total)
    reach = inverse.sum(axis=2)
    precision = reach.sum(axis=1)
    mean = reach @ value / precision
    left = value - mean[:, None]
    fit = np.einsum("gi,gij,gj->g", left, inverse, left)
    log = -0.5 * (np.log(precision) + np.linalg.slogdet(total)[1] + fit)
    lead_to, own_to = between * member.T, within * alone
    known = (inverse, left, precision)
    levels = [
        (mean[:, None], 1 / np.sqrt(precision)[:, None]),
        _part(lead_to, between * np.eye(groups), *known, mean),
        _part(lead_to, between * np.eye(groups), *known),
        _part(between * same + own_to, between * same + own_to, *known, mean),
        _part(own_to, own_to, *known),
    ]
    return log, levels


def _part(
    to: np.ndarray, prior: np.ndarray, inverse: np.ndarray, left: np.ndarray, precision: np.ndarray,
    mean: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Means and deviations of random parts given the values, with the cohort's mean added where it is given."""
    gain = to @ inverse
    reach = gain.sum(axis=2)
    uses = (reach if mean is None else 1 - reach) ** 2 / precision[:, None]
    inside = np.diagonal(prior - gain @ np.swapaxes(to, 1, 2), axis1=1, axis2=2)
    centre = np.einsum("gkn,gn->gk", gain, left)
    return centre + (0 if mean is None else mean[:, None]), np.sqrt(np.maximum(inside + uses, 0.0))


def _mix(mean: np.ndarray, sd: np.ndarray, weight: np.ndarray) -> Pairs:
    centre = weight @ mean
    return np.array([centre, np.sqrt(weight @ (sd**2 + (mean - centre) ** 2))])


def donor_noise(
    merchants: pd.Series, error: np.ndarray, donors: pd.DataFrame | None, trend: np.ndarray | float = 0.0
) -> np.ndarray:
    """Covariance of merchants' errors: what leans on the same donors, or on one trend, errs together.

    A merchant's error is its own noise less its donors' weighted noise: with weights w of equal
    noise s the variance is s^2 (1 + sum w^2), and two merchants' errors share s s' sum(w w').
    ``trend`` (merchants,) is the part of each error that the cohort's trend brings.

    >>> two = pd.DataFrame({"merchant": ["a", "b"], "donor": "d", "weight": 1.0})
    >>> donor_noise(pd.Series(["a", "b"]), np.array([.2, .2]), two).round(3).tolist()
    [[0.04, 0.02], [0.02, 0.04]]
    """
    part = np.broadcast_to(np.asarray(trend, float), error.shape)
    together = np.outer(part, part)
    own = np.diag(error**2 - part**2)
    if donors is None or donors.empty:
        return own + together
    wide = donors.pivot_table(index="merchant", columns="donor", values="weight", aggfunc="sum")
    lean = wide.reindex(merchants).fillna(0.0).to_numpy(float)
    noise = np.sqrt((error**2 - part**2) / (1 + (lean**2).sum(axis=1)))
    common = (lean @ lean.T) * np.outer(noise, noise)
    np.fill_diagonal(common, 0.0)
    return own + np.maximum(common, 0.0) + together
