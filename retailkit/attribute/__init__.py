"""Which touch earned what: touches, paths, models and one ledger that sums to the money.

In reading order:

- ``scenes``       what a launch scene means: touchpoint, and touch, direct or continuation
- ``touches``      sessions, messages, coupons and placements -> one row per touch
- ``paths``        touches and orders -> one row per journey and touch
- ``ledger``       weights -> whole minor units that sum to each order, refunds reversed
- ``rules``        first, last, last non-direct, linear, position, time decay; two vendors' rules
- ``strings``      'a > b' path strings of other tools -> touchpoint numbers
- ``journeys``     paths -> transitions and aggregated paths, the reduced rows models read
- ``markov``       exact removal effects, any order (``removal_effects(paths, order)``)
- ``shapley``      shares by coalitions of touchpoints
- ``intent``, ``risk``, ``hazard``, ``hazard_ledger``  what touches add to an organic rate; the organic line
- ``contrast``     messages before and after, reached beside not reached: a check without a model
- ``models``       all models by name (``markov_1`` to ``markov_5`` ...), and the one whose number to use
- ``bootstrap``, ``resample``  intervals over persons: of credit, of removal effects
- ``calibrate``    shares bent towards lift tests
- ``windows``      chains of order 1 to 5 from one count, and where they are too thin
- ``sensitivity``  how far the answer depends on the model; ``meetings``, ``stretches`` are read once for all its look-backs
- ``inputs``       what is odd about the touches that came in
- ``names``        touchpoints that costs, owners or lift tests name and nothing else does
- ``peers``        operated or neglected: a merchant's conversion beside its peers'
- ``paid``         an order without a touchpoint takes that of the visit which paid it
- ``owners``       owners that claim more than the whole of a node: who counts
- ``rollup``, ``returns``  touch -> touchpoint -> format -> shop -> owner; what spend returned
- ``choice``       which model predicts held-out persons best
- ``summary``, ``sentences``  the touchpoint ledger, the views of a reader, what they say
"""

from .bootstrap import credit_interval
from .calibrate import calibrate, calibrate_sentence, platform_orders
from .choice import choice_sentence, held_out
from .contrast import before_after, before_after_sentence
from .hazard import fit_hazard
from .hazard_ledger import hazard_credit, hazard_interval
from .inputs import input_sentences
from .journeys import aggregated, transitions
from .ledger import ledger, reconcile, reconcile_sentence
from .markov import feasibility, markov_credit, removal_effects
from .models import MODELS, hazard_if_enough, ledgers, recommend, recommended_interval, usual_models
from .names import name_sentences, unmet_names
from .owners import owners_sentence, settled_owners
from .paid import paid_through
from .paths import paths
from .peers import conversions, potential, potential_sentence
from .resample import removal_interval
from .returns import costs, outside_sentence, returns, returns_sentence
from .rollup import owned_credit, roll_up
from .rules import chan_id_credit, credit, paying_session_credit
from .scenes import scenes
from .sensitivity import chains_on_demand, sensitivity, sensitivity_sentence, sensitivity_verdicts
from .sentences import (
    effects_sentence,
    touchpoint_metrics,
    touchpoint_sentence,
    unattributed_sentence,
    with_titles,
)
from .shapley import (
    coalitions,
    distinct_credit,
    interactions,
    ordered_shapley,
    shapley,
    shapley_credit,
    shapley_sentence,
)
from .summary import first_to_last, path_flows, paths_period, side_by_side, touchpoint_ledger
from .touches import left_out, touches
from .windows import thin_sentence, thin_windows, window_counts

__all__ = [
    "MODELS",
    "aggregated",
    "before_after",
    "before_after_sentence",
    "calibrate",
    "calibrate_sentence",
    "chains_on_demand",
    "chan_id_credit",
    "choice_sentence",
    "coalitions",
    "conversions",
    "costs",
    "credit",
    "credit_interval",
    "distinct_credit",
    "effects_sentence",
    "feasibility",
    "first_to_last",
    "fit_hazard",
    "hazard_credit",
    "hazard_if_enough",
    "hazard_interval",
    "held_out",
    "input_sentences",
    "interactions",
    "ledger",
    "ledgers",
    "left_out",
    "markov_credit",
    "name_sentences",
    "ordered_shapley",
    "outside_sentence",
    "owned_credit",
    "owners_sentence",
    "paid_through",
    "path_flows",
    "paths",
    "paths_period",
    "paying_session_credit",
    "platform_orders",
    "potential",
    "potential_sentence",
    "recommend",
    "recommended_interval",
    "reconcile",
    "reconcile_sentence",
    "removal_effects",
    "removal_interval",
    "returns",
    "returns_sentence",
    "roll_up",
    "scenes",
    "sensitivity",
    "sensitivity_sentence",
    "sensitivity_verdicts",
    "settled_owners",
    "shapley",
    "shapley_credit",
    "shapley_sentence",
    "side_by_side",
    "thin_sentence",
    "thin_windows",
    "touches",
    "touchpoint_ledger",
    "touchpoint_metrics",
    "touchpoint_sentence",
    "transitions",
    "unattributed_sentence",
    "unmet_names",
    "usual_models",
    "window_counts",
    "with_titles",
]
