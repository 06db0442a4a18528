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

    ``nodes`` has one row per account (merchant, account, stated system), whose position is the
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
    a, m, p, o = _columns(accounts, members, orders, pairs, others)
    asked = pa.concat_tables(
        [t.select(["merchant", name]).rename_columns(["merchant", "account"])
         for t, name in ((m, "account"), (p, "account"), (p, "other"), (o, "account"))]
    )  # fmt: skip
    number, unlisted = _numbered(a.select(["merchant", "account"]), asked)
    of_member, left, right, _ = np.split(number, np.cumsum([m.num_rows, p.num_rows, p.num_rows]))
    of_account = np.arange(a.num_rows, dtype=np.int32)
    nodes = pa.concat_tables([a.select(["merchant", "account", "system"]), unlisted], promote_options="default")
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {kind: [] for kind in STRENGTH}
    own = _merchants(a["merchant"])
    union, phone = codes(a["unionid"]), codes(a["phone_key"])
    shared = _shared_phones(_within(phone, own), codes(a["system"]), np.where(union < 0, -1 - of_account, union))
    found["unionid"].append(_star(_within(union, own), of_account))
    found["phone"].append(_star(_within(np.where(shared, -1, phone), own), of_account))
    # member numbers are only comparable inside the system that gave them
    system, card = codes(m["system"]), codes(m["member_id"])
    found["member_bind"].append(_star(_within(_within(card, system), _merchants(m["merchant"])), of_member))
    kind, strong = p["kind"].to_numpy(), p["weight"].to_numpy() >= min_weight
    for place, name in enumerate(STRENGTH):
        rows = strong & (kind == place)
        found[name].append((left[rows], right[rows]))
    held = pd.DataFrame({"node": of_member, "system": system, "card": card})
    return Evidence(
        nodes=nodes,
        edges={name: _joined(parts) for name, parts in found.items() if sum(len(x) for x, _ in parts)},
        weak={name: int(n) for place, name in enumerate(STRENGTH) if (n := (~strong & (kind == place)).sum())},
        shared=np.unique(of_account[shared]),
        cards=held[held["card"] >= 0],
    )


def codes(column: pa.ChunkedArray) -> np.ndarray:
    """Number the distinct values of a text column; -1 where it is empty."""
    if not len(column):
        return np.empty(0, dtype=np.int64)
    chunks = column.dictionary_encode().chunks  # one dictionary for all chunks
    return np.concatenate([c.indices.fill_null(-1).to_numpy(zero_copy_only=False) for c in chunks]).astype(np.int64)


def _columns(
    accounts: Table, members: Table, orders: Table, pairs: Table, others: Sequence[Table]
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """Bring over the columns that tell who is whom, empty texts as nothing."""
    none = ibis.null("string")
    a = accounts.select(
        "merchant",
        "account",
        system=ibis.coalesce(accounts.system.nullif(""), accounts.account.split(":")[0]),
        unionid=accounts.unionid.nullif(""),
        # a masked number that slipped through as text is the number of many people
        phone_key=accounts.phone_key.contains("*").ifelse(none, accounts.phone_key.nullif("")),
    )
    m = members.select(
        "merchant", "account", system=members.account.split(":")[0], member_id=members.member_id.nullif("")
    )
    kind = ibis.cases(*((pairs.evidence == name, place) for place, name in enumerate(STRENGTH)), else_=OTHER)
    p = pairs.select("merchant", "account", "other", kind=kind.cast("int8"), weight=pairs.weight.fill_null(1.0))
    p = p.filter(p.other != "")
    o = ibis.union(*(t.select("merchant", "account") for t in (orders, *others)), distinct=True) if others else (
        orders.select("merchant", "account").distinct()
    )  # fmt: skip
    # an empty or missing account is nobody's: the comparison is not true, and the row is left out
    return tuple(t.filter(t.account != "").to_pyarrow() for t in (a, m, p, o))  # type: ignore[return-value]


def _merchants(column: pa.ChunkedArray) -> np.ndarray:
    """Number the merchants of a column; most often there is one."""
    import pyarrow.compute as pc

    ends = pc.min_max(column).as_py()
    return np.zeros(len(column), dtype=np.int64) if ends["min"] == ends["max"] else codes(column)


def _numbered(listed: pa.Table, asked: pa.Table) -> tuple[np.ndarray, pa.Table]:
    """Number of each asked account: its row in ``listed``, or beyond it for one that is not listed.

    Also returns the accounts that are not listed, in the order of their numbers.
    """
    place = pa.chunked_array([pa.array(np.arange(listed.num_rows, dtype=np.int32))])
    known = ibis.memtable(listed.append_column("number", place))
    row = pa.chunked_array([pa.array(np.arange(asked.num_rows, dtype=np.int32))])
    wanted = ibis.memtable(asked.append_column("row", row))
    one = len(set(asked["merchant"].unique().to_pylist() + listed["merchant"].unique().to_pylist())) < 2
    key = ["account"] if one else ["merchant", "account"]
    found = wanted.inner_join(known, key).select("row", "number").to_pyarrow()
    number = np.full(asked.num_rows, -1, dtype=np.int32)
    number[found["row"].to_numpy()] = found["number"].to_numpy()
    new = np.flatnonzero(number < 0)
    rest = asked.take(new)
    name = _within(codes(rest["account"]), _merchants(rest["merchant"]))
    own, first = np.unique(name, return_index=True)
    number[new] = listed.num_rows + np.searchsorted(own, name)
    return number, rest.take(first)


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
    value = pd.factorize(phone)[0]
    often = known & (np.bincount(value, minlength=1)[value] > 1)
    given = pd.DataFrame({"phone": value[often], "system": system[often], "customer": customer[often]})
    holders = given.drop_duplicates().groupby(["phone", "system"]).size()
    several = np.unique(holders[holders > 1].index.get_level_values("phone"))
    return known & np.isin(value, several)


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])
