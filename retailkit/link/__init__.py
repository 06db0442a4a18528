"""Accounts to persons: which ids of several systems are one customer, and how sure we are.

The stage reads what says that two accounts are one person (unionid, phone, member binding,
external contacts, pairs from elsewhere), joins them to persons, refuses to join on weak
grounds, and gives the evidence beside the result:

``link_accounts``   accounts, members, orders, pairs -> one row per account with its person
``link_evidence``   the same tables -> what each kind of evidence joined
``link_merges``     the same tables -> which accounts each piece of evidence ties, for all or for some persons
``link_doubts``     the same tables -> what was left out or is doubtful, account by account
``link_coverage``   orders, persons -> share of orders and money with a known person
``link_quality``    persons, truth -> pairwise precision and recall
``fuzzy_pairs``     member records -> likely pairs (needs the ``fuzzy`` extra)
"""

from .check import coverage_sentence, link_coverage, link_quality
from .fuzzy import fuzzy_pairs
from .persons import link_accounts
from .reasons import link_doubts, link_evidence, link_merges

__all__ = [
    "coverage_sentence",
    "fuzzy_pairs",
    "link_accounts",
    "link_coverage",
    "link_doubts",
    "link_evidence",
    "link_merges",
    "link_quality",
]
