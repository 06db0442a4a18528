"""Evidence: the tables of a merchant reduced to integer edges between its accounts.

The engine hands over the columns that matter and looks up the number of every account that
is named (``nodes``); everything after works on these numbers. No loop ever touches a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

STRENGTH = ("unionid", "member_bind", "external_contact", "order", "other", "phone", "fuzzy")
"""Kinds of evidence from the strongest to the weakest; what is not named here counts as ``other``."""

OTHER = STRENGTH.index("other")

Edges = dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Evidence:
    """The accounts and what ties them.

    ``nodes`` has one row per account (merchant, account, system), whose position is the
    account's number; ``edges`` are pairs of numbers by kind, strongest first; ``weak`` counts
    pairs too weak to use; ``shared`` are accounts whose phone several customers give; ``cards``
    has one row per member number (node, system, card).
    """

    nodes: pa.Table
    edges: Edges
    weak: dict[str, int]
    shared: np.ndarray
    cards: pd.DataFrame


def gather(
    accounts: Table, members: Table, orders: Table, pairs: Table, others: Sequence[Table], min_weight: float
) -> Evidence:
    """Number every account that any table names and turn what the tables say into edges."""
    listed, union, phone = _listed(accounts)
    m, p, o = _naming(members, orders, pairs, others)
    number, unlisted = _numbered(listed, [(m, "account"), (p, "account"), (p, "other"), (o, "account")])
    of_member, left, right, _ = np.split(number, np.cumsum([m.num_rows, p.num_rows, p.num_rows]))
    kind, strong = p["kind"].to_numpy(), p["weight"].to_numpy() >= min_weight
    del p, o  # texts are the larger half: from here on there are only numbers
    of_account = np.arange(listed.num_rows, dtype=np.int32)
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {kind: [] for kind in STRENGTH}
    own = _merchants(listed["merchant"])
    shared = _shared_phones(_within(phone, own), codes(listed["system"]), np.where(union < 0, -1 - of_account, union))
    found["unionid"].append(_star(_within(union, own), of_account))
    found["phone"].append(_star(_within(np.where(shared, -1, phone), own), of_account))
    # member numbers are only comparable inside the system that gave them
    system, card = codes(m["system"]), codes(m["member_id"])
    found["member_bind"].append(_star(_within(_within(card, system), _merchants(m["merchant"])), of_member))
    for place, name in enumerate(STRENGTH):
        rows = strong & (kind == place)
        found[name].append((left[rows], right[rows]))
    held = pd.DataFrame({"node": of_member, "system": system, "card": card})
    return Evidence(
        nodes=pa.concat_tables([listed, unlisted]),
        edges={name: _joined(parts) for name, parts in found.items() if sum(len(x) for x, _ in parts)},
        weak={name: int(n) for place, name in enumerate(STRENGTH) if (n := (~strong & (kind == place)).sum())},
        shared=np.unique(of_account[shared]),
        cards=held[held["card"] >= 0],
    )


def codes(column: pa.ChunkedArray) -> np.ndarray:
    """Number the distinct values of a text column; -1 where it is empty."""
    if column.null_count == len(column):
        return np.full(len(column), -1, dtype=np.int32)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunks = column.unify_dictionaries().chunks  # one dictionary for all chunks
    return np.concatenate([c.indices.fill_null(-1).to_numpy(zero_copy_only=False) for c in chunks])


def _listed(accounts: Table) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """One row per listed account (see ``Evidence.nodes``), and the numbers of its unionid and its phone."""
    a = accounts.select(
        "merchant",
        "account",
        system=ibis.coalesce(accounts.system.nullif(""), accounts.account.split(":")[0]),
        unionid=accounts.unionid.nullif(""),
        # a masked number that slipped through as text is the number of many people
        phone_key=accounts.phone_key.contains("*").ifelse(ibis.null("string"), accounts.phone_key.nullif("")),
    )
    rows = _not_nobody(a)
    return _nodes(rows["merchant"], rows["account"], rows["system"]), codes(rows["unionid"]), codes(rows["phone_key"])


def _naming(
    members: Table, orders: Table, pairs: Table, others: Sequence[Table]
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Bring over what the other tables say: members, pairs, and the accounts that anything names."""
    m = members.select(
        "merchant", "account", system=members.account.split(":")[0], member_id=members.member_id.nullif("")
    )
    kind = ibis.cases(*((pairs.evidence == name, place) for place, name in enumerate(STRENGTH)), else_=OTHER)
    p = pairs.select("merchant", "account", "other", kind=kind.cast("int8"), weight=pairs.weight.fill_null(1.0))
    o = ibis.union(*(t.select("merchant", "account") for t in (orders, *others)), distinct=True) if others else (
        orders.select("merchant", "account").distinct()
    )  # fmt: skip
    return _not_nobody(m), _not_nobody(p.filter(p.other != "")), _not_nobody(o)


def _not_nobody(rows: Table) -> pa.Table:
    """Leave out an empty or missing account, which is nobody's: the comparison is not true there."""
    return rows.filter(rows.account != "").to_pyarrow()


def _nodes(merchant: pa.ChunkedArray, account: pa.ChunkedArray, system: pa.ChunkedArray) -> pa.Table:
    """Put accounts into the form of ``Evidence.nodes``: few merchants and systems stand for millions of rows."""
    few = {"merchant": merchant.dictionary_encode(), "account": account, "system": system.dictionary_encode()}
    return pa.table(few)


def _merchants(column: pa.ChunkedArray) -> np.ndarray:
    """Number the merchants of a column; most often there is one."""
    if not pa.types.is_dictionary(column.type) and len(column.unique()) < 2:
        return np.zeros(len(column), dtype=np.int32)
    return codes(column)


def _numbered(listed: pa.Table, asked: Sequence[tuple[pa.Table, str]]) -> tuple[np.ndarray, pa.Table]:
    """Number of each asked account: its row in ``listed``, or beyond it for one that is not listed.

    Also returns the accounts that are not listed, in the order of their numbers.
    """
    import pyarrow.compute as pc

    account = pa.chunked_array([c for t, name in asked for c in t[name].chunks], pa.string())
    merchant = pa.chunked_array([c for t, _ in asked for c in t["merchant"].chunks], pa.string())
    shops = [*listed["merchant"].chunks, *merchant.dictionary_encode().chunks]
    shop = codes(pa.chunked_array(shops, listed["merchant"].type))
    size, key = listed.num_rows, ["account"]
    known = {"account": listed["account"], "number": pa.array(np.arange(size, dtype=np.int32))}
    wanted = {"account": account, "row": pa.array(np.arange(len(account), dtype=np.int32))}
    if shop.max(initial=0) > 0:
        key = ["account", "shop"]
        known["shop"], wanted["shop"] = pa.array(shop[:size]), pa.array(shop[size:])
    found = ibis.memtable(pa.table(wanted)).inner_join(ibis.memtable(pa.table(known)), key).select("row", "number")
    pairs = found.to_pyarrow()
    number = np.full(len(account), -1, dtype=np.int32)
    number[pairs["row"].to_numpy()] = pairs["number"].to_numpy()
    new = np.flatnonzero(number < 0)
    rest = account.take(pa.array(new))
    own, first = np.unique(_within(codes(rest), shop[size:][new]), return_index=True)
    number[new] = size + np.searchsorted(own, _within(codes(rest), shop[size:][new]))
    name = rest.take(pa.array(first))
    system = pc.list_element(pc.split_pattern(name, ":", max_splits=1), 0)
    return number, _nodes(merchant.take(pa.array(new[first])), name, system)


def _within(code: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Number the values of ``code`` anew so that the same value in two groups is two values."""
    width = int(group.max(initial=0)) + 1
    return code if width == 1 else np.where(code < 0, -1, code * width + group)


def _star(code: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tie all accounts that carry one value to the first that does: as good as every pair."""
    at = np.flatnonzero(code >= 0)
    if not len(at):
        return at, at
    value = code[at]
    if value.max() > 4 * len(code):
        value = pd.factorize(value)[0]
    first = np.zeros(int(value.max()) + 1, dtype=np.int64)
    first[value[::-1]] = at[::-1]
    hub = first[value]
    apart = number[hub] != number[at]
    return number[hub[apart]], number[at[apart]]


def _shared_phones(phone: np.ndarray, system: np.ndarray, customer: np.ndarray) -> np.ndarray:
    """Tell which rows give a phone that several customers of one system give."""
    known = phone >= 0
    if not known.any():
        return known
    value = pd.factorize(phone)[0]
    often = known & (np.bincount(value, minlength=1)[value] > 1)
    given = pd.DataFrame({"phone": value[often], "system": system[often], "customer": customer[often]})
    holders = given.drop_duplicates().groupby(["phone", "system"]).size()
    several = np.unique(holders[holders > 1].index.get_level_values("phone"))
    return known & np.isin(value, several)


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])
