"""Who the customers are and where they are heading.

In the order of the chapter, one idea a file::

    assets       whom the merchant knows and reaches
    features, histories  one row per person; only what value models need of it
    scores, rfm, edges   scores by learned edges, in plain functions and as an estimator
    segments     names of scores, and the profile of each segment
    clusters, prototypes, scales, stability  clusters, and whether they are real
    lifecycle, vintage   where a person stands; who of a month came back
    moves        who went where, against the donors
    worth        what persons will bring (purchases, likelihoods, spend, value, pooling, draws: the models)
    churn        who will stay away (churn_days, churn_level, churn_season, churn_check, churn_engine)
    tags         rules with reasons
    audience     whom to talk to next
    lookalike, uplift    who resembles a seed; what a message adds
    baskets, hierarchy   who buys across, what goes together, what stands in for what
    metrics, words       the chapter's figures; names in English and Chinese
    intervals, errors    what all of them share
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "asset_growth": "assets",
    "assets_sentence": "assets",
    "first_order_day": "assets",
    "month_days": "assets",
    "reach": "assets",
    "reach_sentence": "assets",
    "person_features": "features",
    "person_orders": "features",
    "purchase_histories": "histories",
    "doubts_about_people": "features",
    "rfm_features": "scores",
    "rfm_scores": "scores",
    "RFM": "rfm",
    "fit_rfm": "rfm",
    "Clusters": "clusters",
    "KPrototypes": "prototypes",
    "cluster_stability": "stability",
    "cluster_profile": "stability",
    "cluster_names": "stability",
    "cluster_drift": "stability",
    "rfm_segments": "segments",
    "segment_map": "segments",
    "segment_maps": "segments",
    "segment_profile": "segments",
    "profile_sentence": "segments",
    "lifecycle_states": "lifecycle",
    "lifecycle_counts": "lifecycle",
    "lifecycle_days": "lifecycle",
    "lifecycle_moves": "moves",
    "move_rates": "moves",
    "moves_sentence": "moves",
    "moves_start": "moves",
    "rates_against_donors": "moves",
    "segment_moves": "moves",
    "fit_value": "value",
    "customer_value": "value",
    "value_calibration": "value",
    "pool_purchases": "pooling",
    "churn_scores": "churn",
    "churn_expression": "churn_engine",
    "fit_churn": "churn",
    "people_churn": "churn",
    "people_worth": "worth",
    "worth_by_segment": "worth",
    "tag_changes": "tags",
    "tag_counts": "tags",
    "tag_overlap": "tags",
    "tag_persons": "tags",
    "tag_rules": "tags",
    "choose_audience": "audience",
    "audience_log": "audience",
    "audience_sentence": "audience",
    "audience_sizes": "audience",
    "export_audience": "audience",
    "next_spend": "audience",
    "two_views_sentence": "audience",
    "unlisted_sentence": "audience",
    "association": "baskets",
    "cross_shop": "baskets",
    "gain_loss": "baskets",
    "decision_hierarchy": "hierarchy",
    "vintage_retention": "vintage",
    "vintage_sentence": "vintage",
    "lookalike_lift": "lookalike",
    "lookalike_scores": "lookalike",
    "policy_value": "uplift",
    "uplift_study": "uplift",
    "in_words": "words",
    "people_metrics": "metrics",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"retailkit.segment.{_HOMES[name]}"), name)
    raise AttributeError(f"retailkit.segment has no public name '{name}'; it has {', '.join(_HOMES)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
