"""Which touch earned what: touches, paths, models and one ledger that sums to the money.

In reading order:

- ``scenes``       what a launch scene means: touchpoint, and touch, direct or continuation
- ``touches``      sessions, messages, coupons and placements -> one row per touch
- ``paths``        touches and orders -> one row per journey and touch
- ``ledger``       weights -> whole minor units that sum to each order, refunds reversed
- ``rules``        first, last, last non-direct, linear, position, time decay; two vendors' rules
- ``journeys``     paths -> transitions and aggregated paths, the reduced rows models read
- ``markov``       exact removal effects, any order
- ``shapley``      shares by coalitions of touchpoints
- ``hazard``       what touches add to an organic rate, with the organic line
- ``bootstrap``    intervals over persons
- ``calibrate``    shares bent towards lift tests
- ``sensitivity``  how far the answer depends on the model
- ``rollup``       touch -> touchpoint -> format -> shop -> owner; spend and return
- ``choice``       which model predicts held-out persons best
- ``summary``      the touchpoint ledger and the sentences
"""

from .bootstrap import credit_interval
from .ledger import ledger, reconcile
from .markov import feasibility, removal_effects
from .models import ledgers
from .paths import paths
from .recommend import recommend
from .sentences import (
    effects_sentence,
    touchpoint_metrics,
    touchpoint_sentence,
    unattributed_sentence,
    with_titles,
)
from .summary import first_to_last, path_flows, paths_period, side_by_side, touchpoint_ledger
from .touches import left_out, touches

__all__ = [
    "credit_interval",
    "effects_sentence",
    "feasibility",
    "first_to_last",
    "ledger",
    "ledgers",
    "left_out",
    "path_flows",
    "paths",
    "paths_period",
    "recommend",
    "reconcile",
    "removal_effects",
    "side_by_side",
    "touches",
    "touchpoint_ledger",
    "touchpoint_metrics",
    "touchpoint_sentence",
    "unattributed_sentence",
    "with_titles",
]
