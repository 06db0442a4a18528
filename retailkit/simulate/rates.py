"""How many orders and visits a day to expect of each cause, and how many touches it takes to make an order."""

from __future__ import annotations

import numpy as np

from retailkit.simulate.levels import Levels
from retailkit.simulate.world import ENTRANCES, parameters, window

STEPS = ("visit", "product", "cart", "checkout", "pay")
TOUCHES = (*(parameters()["mix"]["causes"]), *ENTRANCES)
"""Causes first (0 is organic), then the doors that cause nothing."""
CAUSES = len(parameters()["mix"]["causes"])
GUIDE, GROUP, SHARE = (TOUCHES.index(t) for t in ("guide", "group", "share"))
DIRECT = TOUCHES.index("direct_return")


def conversion(level: Levels) -> np.ndarray:
    """Return orders per touch, day by cause: higher on busy days and, a little, with the programme.

    For the merchant whose visitors must grow by the published factor the programme's part is
    solved so that expected visits do.
    """
    page, case = parameters()["traffic"], parameters()["cases"]["uv_ratio"]
    plain = np.array([1.0, *(page["conversion"][t] for t in TOUCHES[1:CAUSES])])
    lift = 0.25
    if level.profile.id == case["merchant"]:
        lift = _solve_lift(level, plain, case["value"])
    return _conversion(level, plain, lift)


def _conversion(level: Levels, plain: np.ndarray, lift: float) -> np.ndarray:
    busy = np.clip(np.log(level.without / np.median(level.without)), -1, 2.5)
    scale = np.exp(parameters()["traffic"]["busy"] * busy + lift * level.effect)
    return np.clip(plain * scale[:, None], 0.005, 0.7)


def _solve_lift(level: Levels, plain: np.ndarray, ratio: float) -> float:
    from scipy.optimize import brentq

    before, during = window(level.profile.group, "baseline"), window(level.profile.group, "programme")

    def gap(lift: float) -> float:
        visitors = expected_visitors(level, expected_visits(level, _conversion(level, plain, lift)).sum(axis=1))
        return visitors[during].mean() / visitors[before].mean() - ratio

    return float(brentq(gap, -1.5, 1.0))


def expected_visitors(level: Levels, visits: np.ndarray) -> np.ndarray:
    """Return expected distinct visitors of days with so many visits, activity being gamma over the living members."""
    page = parameters()["people"]
    living, shape = 0.5 * level.profile.members, page["activity"]
    return living * (1 - (1 + visits / (living * shape)) ** -shape)


def expected_orders(level: Levels) -> tuple[np.ndarray, np.ndarray]:
    """Return expected orders at full scale by day and cause: without the programme, and added by it."""
    mix = parameters()["mix"]
    without = level.without[:, None] * np.array(mix["before"])
    added = (level.actual - level.without)[:, None] * np.array(mix[level.profile.emphasis])
    return without, added


def expected_visits(level: Levels, rates: np.ndarray) -> np.ndarray:
    """Return expected sessions at full scale by day and cause; organic ones in column 0."""
    without, added = expected_orders(level)
    orders = without + added
    visits = orders / rates
    visits[:, 0] = orders[:, 0] * (1 + parameters()["traffic"]["organic_visits"])
    return visits
