"""The programme's formats: official store, guides, groups and sharing, and what customers cost.

Each function takes canonical tables and returns a small table that also exists, empty, where
the merchant has no such data. In reading order:

- ``mix``          formats' orders and money; delivery, discounts, cities
- ``store_front``  visits by entrance, the way to payment, returns, messages
- ``guides``       activation, sales, owners, customers with and without a guide
- ``groups``       how long groups live, how active they are, who invites
- ``sharing``      the share tree, K per visit, red packets, adoption; ``share_users`` K per person
- ``new_customers``  whose first order it is, formats' ledger, cost of a new customer
- ``against_platform``  private against platform orders
- ``summary``      what the chapter keeps, and what is missing
- ``told``         formats and touchpoints that exports do not tell; ``roster`` since when guides are known
- ``survival``     Kaplan-Meier, medians, log-rank; ``rates`` shares with intervals, Gini; ``tables`` shared steps
"""

from .against_platform import value_against_platform, value_sentence
from .groups import (
    fee_payback,
    group_activity,
    group_life,
    group_lives,
    group_sizes,
    group_survival,
    inviters,
    life_sentence,
    size_bunching,
)
from .guides import (
    activation_sentence,
    guide_activation,
    guide_lives,
    guide_sales,
    sold_against_owned,
    with_guide,
    with_guide_sentence,
)
from .mix import city_tier_share, discount_depth, discount_sentence, home_delivery
from .new_customers import acquisition_cost, first_orders, format_ledger
from .rates import concentration, gini, top_share
from .roster import roster_sentence
from .share_users import share_users, share_users_sentence
from .sharing import (
    group_adoption,
    red_packet_funnel,
    share_customers,
    share_depth,
    share_generations,
    share_sentence,
    share_tree,
)
from .store_front import funnel_sentence, long_tail, push_funnel, repeat_visits, scene_funnel, visitor_value, visits
from .summary import chapter_window, formats_metrics, gaps_sentence
from .survival import kaplan_meier, life_summary, log_rank
from .told import formats_told_sentence, touchpoints_told_sentence

__all__ = [
    "acquisition_cost",
    "activation_sentence",
    "chapter_window",
    "city_tier_share",
    "concentration",
    "discount_depth",
    "discount_sentence",
    "fee_payback",
    "first_orders",
    "format_ledger",
    "formats_metrics",
    "formats_told_sentence",
    "funnel_sentence",
    "gaps_sentence",
    "gini",
    "group_activity",
    "group_adoption",
    "group_life",
    "group_lives",
    "group_sizes",
    "group_survival",
    "guide_activation",
    "guide_lives",
    "guide_sales",
    "home_delivery",
    "inviters",
    "kaplan_meier",
    "life_sentence",
    "life_summary",
    "log_rank",
    "long_tail",
    "push_funnel",
    "red_packet_funnel",
    "repeat_visits",
    "roster_sentence",
    "scene_funnel",
    "share_customers",
    "share_depth",
    "share_generations",
    "share_sentence",
    "share_tree",
    "share_users",
    "share_users_sentence",
    "size_bunching",
    "sold_against_owned",
    "top_share",
    "touchpoints_told_sentence",
    "value_against_platform",
    "value_sentence",
    "visitor_value",
    "visits",
    "with_guide",
    "with_guide_sentence",
]
