"""What all tables of this room are read from: the evidence, the components, and who is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.link.components import Components, components
from retailkit.link.edges import Evidence, gather

MAX_ACCOUNTS = 100
MIN_WEIGHT = 0.9
FLAGS = ("two_member_numbers", "too_large")


@dataclass(frozen=True)
class Linked:
    """Everything that the public tables are read from; positions are accounts' numbers."""

    evidence: Evidence
    found: Components
    flag: np.ndarray  # 0 sound, else the place in FLAGS, counted from 1


def link(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table],
    max_accounts: int,
    min_weight: float,
) -> Linked:
    """Gather the evidence, join it, and mark the persons in doubt."""
    evidence = gather(accounts, members, orders, pairs, others, min_weight)
    found = components(evidence.nodes.num_rows, evidence.edges, max_accounts)
    flag = _two_numbers(evidence.cards, found.label).astype(np.int8)
    return Linked(evidence, found, np.where(found.too_large, np.int8(2), flag))


def _two_numbers(cards: pd.DataFrame, label: np.ndarray) -> np.ndarray:
    """Tell for each account whether its person holds two member numbers of one system."""
    if cards.empty:
        return np.zeros(len(label), dtype=bool)
    held = cards.assign(label=label[cards["node"]])
    several = np.bincount(held["label"], minlength=int(label.max(initial=0)) + 1) > 1
    held = held.loc[several[held["label"]], ["label", "system", "card"]].drop_duplicates()
    numbers = held.groupby(["label", "system"]).size()
    return np.isin(label, numbers[numbers > 1].index.get_level_values("label"))
