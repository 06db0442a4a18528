"""Why accounts are one person, what was left out, and what is doubtful."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

from retailkit.link.edges import STRENGTH
from retailkit.link.linked import MAX_ACCOUNTS, MIN_WEIGHT, link
from retailkit.schema.given import takes_frames

REASONS = {
    "shared": {"en": "several customers of one system give this phone", "zh": "同一系统中有多名顾客留此手机号"},
    "twice": {"en": "the person holds two member numbers of one system", "zh": "此人在同一系统中有两个会员号"},
    "cut": {"en": "cut: it joined more than {} accounts", "zh": "已断开：它把超过{}个账号连成了一人"},
}


@takes_frames
def link_evidence(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table] = (),
    *,
    max_accounts: int = MAX_ACCOUNTS,
    min_weight: float = MIN_WEIGHT,
) -> pd.DataFrame:
    """One row per kind of evidence, strongest first, with what it joined.

    ``edges`` are pieces of evidence used, ``merges`` how often two persons became one through
    this kind after all stronger kinds, ``left_out`` pieces that a guard refused (phones of
    several customers, pairs too weak, edges cut in persons too large). The row ``all`` also
    counts accounts, persons and doubtful persons; accounts - merges = persons.
    """
    linked = link(accounts, members, orders, pairs, others, max_accounts, min_weight)
    cut = {kind: len(a) for kind, (a, _) in linked.found.cut.items()}
    edges, weak = linked.evidence.edges, linked.evidence.weak
    left_out = {kind: cut.get(kind, 0) + weak.get(kind, 0) for kind in STRENGTH}
    left_out["phone"] += len(linked.evidence.shared)
    frame = pd.DataFrame(
        {
            "evidence": STRENGTH,
            "edges": [len(edges.get(kind, ((),))[0]) - cut.get(kind, 0) for kind in STRENGTH],
            "merges": [linked.found.merges.get(kind, 0) for kind in STRENGTH],
            "left_out": [left_out[kind] for kind in STRENGTH],
        }
    )
    frame = frame[frame["edges"] + frame["left_out"] > 0]
    total = {"evidence": "all", **frame[["edges", "merges", "left_out"]].sum()}
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    label, flag = linked.found.label, linked.flag
    last = len(frame) - 1
    frame.loc[last, "accounts"] = len(label)
    frame.loc[last, "persons"] = len(np.unique(label))
    frame.loc[last, "flagged"] = len(np.unique(label[flag > 0]))
    return frame.astype(dict.fromkeys(frame.columns[1:], "Int64"))


@takes_frames
def link_doubts(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table] = (),
    *,
    max_accounts: int = MAX_ACCOUNTS,
    min_weight: float = MIN_WEIGHT,
    lang: str = "en",
) -> pd.DataFrame:
    """One row per thing to look at: ``merchant, account, other, evidence, reason`` (in the language).

    Phones that several customers share (``other`` empty), edges that were cut in persons too
    large, and accounts of persons who hold two member numbers of one system.
    """
    linked = link(accounts, members, orders, pairs, others, max_accounts, min_weight)
    nowhere = np.empty(0, dtype=np.int64)
    twice = np.flatnonzero(linked.flag == 1)
    why = {name: words[lang] for name, words in REASONS.items()}
    parts = [
        (linked.evidence.shared, nowhere, "phone", why["shared"]),
        (twice, nowhere, "member_bind", why["twice"]),
    ]
    for kind, (a, b) in linked.found.cut.items():
        parts.append((a, b, kind, why["cut"].format(max_accounts)))
    frames = [_tied(linked.evidence.nodes, a, b, kind).assign(reason=reason) for a, b, kind, reason in parts]
    return pd.concat(frames, ignore_index=True).sort_values(["merchant", "evidence", "account"], ignore_index=True)


@takes_frames
def link_merges(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table] = (),
    *,
    of: Sequence[str] | None = None,
    max_accounts: int = MAX_ACCOUNTS,
    min_weight: float = MIN_WEIGHT,
) -> pd.DataFrame:
    """One row per piece of evidence that makes accounts one person: ``merchant, account, other, evidence``.

    ``of`` asks for the persons who hold these accounts; None gives everything, strongest evidence first.
    Accounts that carry one unionid, phone or member number are each tied to one of them.

    Examples
    --------
    >>> from retailkit.link.example import family
    >>> link_merges(**family(), of=["mini:fred"])
      merchant   account      other evidence
    0     shop  crm:fred  mini:fred  unionid
    """
    linked = link(accounts, members, orders, pairs, others, max_accounts, min_weight)
    nodes, label = linked.evidence.nodes, linked.found.label
    asked = np.ones(len(label), dtype=bool)
    if of is not None:
        asked = np.isin(label, label[nodes["account"].to_pandas().isin(list(of))])
    parts = []
    for kind, (a, b) in linked.found.kept.items():
        rows = asked[a]
        parts.append(_tied(nodes, a[rows], b[rows], kind))
    empty = pd.DataFrame(columns=["merchant", "account", "other", "evidence"], dtype="str")
    return pd.concat(parts, ignore_index=True) if parts else empty


def _tied(nodes: pa.Table, a: np.ndarray, b: np.ndarray, kind: str) -> pd.DataFrame:
    """Edges with the names of their accounts; ``other`` is empty where there is no second one."""
    first, second = (nodes["account"].take(pa.array(x)).to_numpy() for x in (a, b))
    merchant = nodes["merchant"].take(pa.array(a)).cast(pa.string()).to_numpy()
    other = second if len(b) else None
    return pd.DataFrame({"merchant": merchant, "account": first, "other": other, "evidence": kind})
