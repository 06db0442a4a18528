"""The persons table and the evidence behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

from .components import Components, components
from .edges import STRENGTH, Evidence, gather

MAX_ACCOUNTS = 100
MIN_WEIGHT = 0.9
FLAGS = ("two_member_numbers", "too_large")
PIECE = 4_000_000  # rows of one Arrow array
ID_DIGITS = 20  # 80 bits: one chance in a billion of two persons with one id among 50 million


def link_accounts(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table] = (),
    *,
    previous: Table | None = None,
    max_accounts: int = MAX_ACCOUNTS,
    min_weight: float = MIN_WEIGHT,
) -> Table:
    """One row per account and the person it belongs to (canonical table ``persons``).

    Parameters
    ----------
    accounts, members, orders, pairs
        Canonical tables, one row per key (``pairs`` is ``account_pairs``). An account that only an order, a
        member or a pair names counts as an account too.
    others
        Further tables with ``merchant`` and ``account`` (sessions, pushes, group_members ...).
    previous
        The persons table of the run before. A person who was known keeps the id: of two who
        turn out to be one, the id that more accounts carried; of one who turns out to be two,
        the part with more accounts. Without it the id is made from the smallest account.
    max_accounts
        No person may hold more accounts; see ``link_doubts`` for what is cut.
    min_weight
        Pairs with a smaller probability are not used.

    Returns
    -------
    Table
        ``merchant, account, person, system, accounts, flag``. ``flag`` is ``too_large`` or
        ``two_member_numbers`` (one person holds two numbers of one member system), else empty.

    Notes
    -----
    Accounts of different merchants are never joined. Phones: an empty or masked phone joins
    nothing, and a phone that several customers of one system give (family, shop counter)
    joins nobody. The order of the rows changes nothing, and a new piece of evidence changes
    only the person it touches.

    Examples
    --------
    >>> import ibis
    >>> from retailkit.link.example import family
    >>> persons = link_accounts(**family()).order_by("account").execute()
    >>> persons[["account", "system", "accounts"]]
              account        system  accounts
    0        crm:dora           crm         1
    1        crm:emil           crm         1
    2        crm:fred           crm         2
    3  mini:dora-emil  mini_program         1
    4       mini:fred  mini_program         2
    """
    linked = _link(accounts, members, orders, pairs, others, max_accounts, min_weight)
    rows, label, flag = linked.evidence.nodes, linked.found.label, linked.flag
    del linked  # edges are the larger half, and are not needed to name persons
    names = _named(rows.select(["merchant", "account"]).append_column("label", pa.array(label)), previous)
    merchant, system = (rows[name].cast(pa.string()) for name in ("merchant", "system"))
    person, flags = _spread(names, label), _spread(pa.array([None, *FLAGS], pa.string()), flag)
    size = pa.array(np.bincount(label, minlength=1)[label])
    columns = [merchant, rows["account"], person, system, size, flags]
    return ibis.memtable(pa.table(columns, names=["merchant", "account", "person", "system", "accounts", "flag"]))


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
    linked = _link(accounts, members, orders, pairs, others, max_accounts, min_weight)
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


def link_doubts(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table] = (),
    *,
    max_accounts: int = MAX_ACCOUNTS,
    min_weight: float = MIN_WEIGHT,
) -> pd.DataFrame:
    """One row per thing to look at: ``merchant, account, other, evidence, reason``.

    Phones that several customers share (``other`` empty), edges that were cut in persons too
    large, and accounts of persons who hold two member numbers of one system.
    """
    linked = _link(accounts, members, orders, pairs, others, max_accounts, min_weight)
    nowhere = np.empty(0, dtype=np.int64)
    twice = np.flatnonzero(linked.flag == 1)
    parts = [
        (linked.evidence.shared, nowhere, "phone", "several customers of one system give this phone"),
        (twice, nowhere, "member_bind", "the person holds two member numbers of one system"),
    ]
    for kind, (a, b) in linked.found.cut.items():
        parts.append((a, b, kind, f"cut: it joined more than {max_accounts} accounts"))
    nodes = linked.evidence.nodes
    frames = [
        pd.DataFrame(
            {
                "merchant": nodes["merchant"].cast(pa.string()).take(pa.array(a)).to_numpy(),
                "account": nodes["account"].take(pa.array(a)).to_numpy(),
                "other": nodes["account"].take(pa.array(b)).to_numpy() if len(b) else None,
                "evidence": kind,
                "reason": reason,
            }
        )
        for a, b, kind, reason in parts
    ]
    return pd.concat(frames, ignore_index=True).sort_values(["merchant", "evidence", "account"], ignore_index=True)


@dataclass(frozen=True)
class _Linked:
    """Everything that the three public tables are read from; positions are accounts' numbers."""

    evidence: Evidence
    found: Components
    flag: np.ndarray  # 0 sound, else the place in FLAGS, counted from 1


def _link(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table],
    max_accounts: int,
    min_weight: float,
) -> _Linked:
    evidence = gather(accounts, members, orders, pairs, others, min_weight)
    found = components(evidence.nodes.num_rows, evidence.edges, max_accounts)
    flag = _two_numbers(evidence.cards, found.label).astype(np.int8)
    return _Linked(evidence, found, np.where(found.too_large, np.int8(2), flag))


def _two_numbers(cards: pd.DataFrame, label: np.ndarray) -> np.ndarray:
    """Tell for each account whether its person holds two member numbers of one system."""
    if cards.empty:
        return np.zeros(len(label), dtype=bool)
    held = cards.assign(label=label[cards["node"]])
    several = np.bincount(held["label"], minlength=int(label.max(initial=0)) + 1) > 1
    held = held.loc[several[held["label"]], ["label", "system", "card"]].drop_duplicates()
    numbers = held.groupby(["label", "system"]).size()
    return np.isin(label, numbers[numbers > 1].index.get_level_values("label"))


def _spread(words: pa.Array, place: np.ndarray) -> pa.ChunkedArray:
    """Give each row its word, in pieces: one Arrow text array holds no more than 2 GB."""
    pieces = np.split(place, range(PIECE, len(place), PIECE))
    return pa.chunked_array([words.take(pa.array(piece)) for piece in pieces], pa.string())


def _named(accounts: pa.Table, previous: Table | None) -> pa.Array:
    """Person id of each label, in the labels' order: one kept from before where there is one, else a new one."""
    rows = ibis.memtable(accounts.set_column(0, "merchant", accounts["merchant"].cast(pa.string())))
    founded = rows.group_by("label").agg(founder=rows.account.min())
    founded = founded.mutate(person=_id(founded.founder))
    if previous is not None:
        owner = rows.select("merchant", "label").distinct()
        founded = founded.inner_join(owner, "label")
        kept = _kept(rows, previous)
        taken = kept.select("merchant", person=kept.old).mutate(taken=True)
        founded = founded.left_join(taken, ["merchant", "person"]).drop("merchant_right", "person_right")
        founded = founded.left_join(kept, ["merchant", "label"]).drop("merchant_right", "label_right")
        # an id that another part of a split person kept is never given a second time
        again = _id(founded.founder.concat("+"))
        person = ibis.coalesce(founded.old, founded.taken.fill_null(False).ifelse(again, founded.person))
        founded = founded.mutate(person=person)
    named = founded.select("label", "person").to_pyarrow()
    place = np.empty(named.num_rows, dtype=np.int32)
    place[named["label"].to_numpy()] = np.arange(named.num_rows, dtype=np.int32)
    return named["person"].combine_chunks().take(pa.array(place))


def _id(founder: ibis.expr.types.StringColumn) -> ibis.expr.types.StringColumn:
    return ibis.literal("p").concat(founder.hexdigest("sha256").substr(0, ID_DIGITS))


def _kept(rows: Table, previous: Table) -> Table:
    """One row per label that keeps an id of the run before: merchant, label, old."""
    before = previous.select("merchant", "account", old=previous.person)
    votes = rows.inner_join(before, ["merchant", "account"])
    votes = votes.group_by(["merchant", "old", "label"]).agg(n=votes.count(), first=votes.account.min())
    by_id = ibis.window(group_by=["merchant", "old"], order_by=[votes.n.desc(), votes.first])
    heirs = votes.mutate(place=ibis.row_number().over(by_id))
    heirs = heirs.filter(heirs.place == 0)
    by_label = ibis.window(group_by=["merchant", "label"], order_by=[heirs.n.desc(), heirs.old])
    chosen = heirs.mutate(rank=ibis.row_number().over(by_label))
    return chosen.filter(chosen["rank"] == 0).select("merchant", "label", "old")
