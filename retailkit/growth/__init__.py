"""Growth: what grew, and how much of it the programme caused.

The flow, one idea a file::

    calendar    festivals, and the same days of last year
    scope       which sales the study is about: private formats, or all
    panel       orders -> one row per merchant and day -> one row per merchant and week
    panels      what is refused of days and weeks that an analyst brings
    definitions was it counted the same way all along; holes in the record
    headline    mean daily GMV in the programme against the period before
    refunds     what of the programme's sales is still to be sent back
    donors      who may stand in for a merchant
    trend       how much faster than its donors the cohort grew anyway
    overlap     who shares its customers, where ids can tell
    did, sc, sdid, series   one estimator a file, on plain arrays
    effect      the estimator that the data allow, its interval and its label (fit, interval, record)
    guards      what would overturn the claim
    bridge      headline = season x market x programme, exactly
    rise        the rise in money: ordinary days, Double 11, Double 12, other festivals
    tree        what grew: buyers x frequency x basket, exactly
    factors     which factor carried the programme's effect
    told        who tells through which touchpoint orders were paid, in both windows alike or not
    cells       the same by touchpoint, format, new and returning; shapley for what is no product
    steps       the staircase of the daily level (levels: the search behind it)
    quick       weeks to the first gain that is more than noise
    cannibal    was it taken from the other channels
    festival    Double 12 against Double 11
    power, plan before the phase: what could be seen, and what was promised
    drift       how far the market itself may move in the next window
    cohort      many merchants: multiplicity, pooling, staggered starts
    verdict     one plain sentence, and it may say "cannot tell"
    sentences   what each table says
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "festivals": "calendar",
    "last_year": "calendar",
    "in_scope": "scope",
    "resolve_scope": "scope",
    "scope_sentence": "scope",
    "daily_panel": "panel",
    "weekly_panel": "panel",
    "daily_visits": "definitions",
    "definition_breaks": "definitions",
    "breaks_of_all": "definitions",
    "since_last_change": "definitions",
    "across": "definitions",
    "counted_otherwise": "definitions",
    "definitions_sentence": "definitions",
    "holes": "headline",
    "unlike": "headline",
    "headlines": "headline",
    "pooled": "headline",
    "headline_sentence": "sentences",
    "refund_lags": "refunds",
    "refunds_to_come": "refunds",
    "refunds_sentence": "refund_words",
    "refund_metrics": "refund_words",
    "common_ids": "overlap",
    "shared_customers": "overlap",
    "later_invited": "donors",
    "donors_sentence": "sentences",
    "cohort_trend": "trend",
    "trend_sentence": "trend",
    "estimate": "effect",
    "robustness_sentence": "sentences",
    "check_guards": "guards",
    "guards_sentence": "sentences",
    "build_bridge": "bridge",
    "bridge_sentence": "sentences",
    "caution_sentence": "sentences",
    "pooled_caution": "sentences",
    "festival_parts": "rise",
    "rise_sentence": "sentences",
    "tree_inputs": "tree",
    "cut_sentence": "tree",
    "growth_tree": "tree",
    "lmdi": "tree",
    "tree_sentence": "sentences",
    "gaps": "steps",
    "find_steps": "steps",
    "step_recall": "steps",
    "steps_sentence": "sentences",
    "factor_effects": "factors",
    "factors_sentence": "factors",
    "told_shares": "told",
    "evenly_told": "told",
    "told_sentence": "told",
    "told_metrics": "told",
    "cell_inputs": "cells",
    "cell_effects": "cells",
    "cells_sentence": "sentences",
    "shapley": "shapley",
    "gains_by_week": "quick",
    "first_gain": "quick",
    "quick_sentence": "sentences",
    "double_12_against_11": "festival",
    "festival_year": "festival",
    "share_above": "festival",
    "festival_sentence": "festival",
    "totals_panel": "cannibal",
    "cannibalisation": "cannibal",
    "cannibal_sentence": "sentences",
    "market_drift": "drift",
    "detectable": "power",
    "power_sentence": "power",
    "AnalysisPlan": "plan",
    "plan_hash": "plan",
    "record_plan": "plan",
    "check_plan": "plan",
    "study_plan": "plan",
    "plan_file": "plan",
    "effects_table": "cohort",
    "donor_weights": "cohort",
    "over_all": "cohort",
    "pooled_effect": "cohort",
    "not_yet_invited": "cohort",
    "staggered": "cohort",
    "judge": "verdict",
    "growth_metrics": "metrics",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"retailkit.growth.{_HOMES[name]}"), name)
    raise AttributeError(f"retailkit.growth has no public name '{name}'; it has {', '.join(_HOMES)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
