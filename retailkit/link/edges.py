"""Evidence: the tables of a merchant reduced to integer edges between its accounts.

The engine makes one row per account with what it carries (``nodes``); positions in that table
are the integer ids that everything after works on. Text never meets Python one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

STRENGTH = ("unionid", "member_bind", "external_contact", "order", "other", "phone", "fuzzy")
"""Kinds of evidence from the strongest to the weakest; what is not named here counts as ``other``."""

Edges = dict[str, tuple[np.ndarray, np.ndarray]]


def nodes(accounts: Table, members: Table, orders: Table, pairs: Table, others: Sequence[Table] = ()) -> pa.Table:
    """One row per merchant and account, wherever it is named, with the ids that it carries.

    Columns ``merchant, account, system, unionid, phone_key, member_id, holders``; ``holders`` is
    the largest number of customers of one system who share the account's phone (two accounts
    of one unionid are one customer).
    """
    none = ibis.null("string")
    blank = {"stated": none, "unionid": none, "phone_key": none, "member_id": none}
    carried = {
        "stated": accounts.system.nullif(""),
        "unionid": accounts.unionid.nullif(""),
        # a masked number that slipped through as text is the number of many people
        "phone_key": accounts.phone_key.contains("*").ifelse(none, accounts.phone_key.nullif("")),
    }
    rows = [
        accounts.select("merchant", "account", **{**blank, **carried}),
        members.select("merchant", "account", **{**blank, "member_id": members.member_id.nullif("")}),
        pairs.select("merchant", account=pairs.other, **blank),
        *(t.select("merchant", "account", **blank) for t in (pairs, orders, *others)),
    ]
    every = ibis.union(*rows)
    every = every.filter(every.account != "")  # an empty account is false or unknown here: left out too
    wide = every.group_by(["merchant", "account"]).agg(**{name: every[name].max() for name in blank})
    wide = wide.mutate(system=ibis.coalesce(wide.stated, wide.account.split(":")[0]))
    wide = wide.left_join(_shared(wide), ["merchant", "phone_key"]).drop("merchant_right", "phone_key_right")
    names = ("merchant", "account", "system", "unionid", "phone_key", "member_id")
    return wide.select(*names, holders=wide.holders.fill_null(1)).to_pyarrow()


def _shared(wide: Table) -> Table:
    """One row per phone that several customers of one system give: merchant, phone_key, holders."""
    held = wide.drop_null("phone_key")
    held = held.select("merchant", "phone_key", "system", customer=ibis.coalesce(held.unionid, held.account))
    by_system = held.group_by(["merchant", "phone_key", "system"]).agg(holders=held.customer.nunique())
    by_phone = by_system.group_by(["merchant", "phone_key"]).agg(holders=by_system.holders.max())
    return by_phone.filter(by_phone.holders > 1)


def edges(table: pa.Table, pairs: Table, min_weight: float) -> tuple[Edges, dict[str, int]]:
    """Return the edges by kind, strongest first, and by kind the number of pairs too weak to use.

    An edge is two positions in ``table``. Accounts that share an id are tied to the first of
    them (a star says as much as every pair). Phones of several customers make no edge.
    """
    merchant = codes(table["merchant"])
    alone = table["holders"].to_numpy() <= 1
    system = codes(table["system"])
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {kind: [] for kind in STRENGTH}
    found["unionid"].append(_star(_within(codes(table["unionid"]), merchant)))
    # member numbers are only comparable inside the system that gave them
    found["member_bind"].append(_star(_within(_within(codes(table["member_id"]), system), merchant)))
    found["phone"].append(_star(_within(np.where(alone, codes(table["phone_key"]), -1), merchant)))
    stated = _stated(table, pairs)
    strong = stated["weight"].to_numpy() >= min_weight
    kinds = stated["evidence"].to_numpy()
    for kind in pd.unique(kinds):
        rows = stated[strong & (kinds == kind)]
        found[kind].append((rows["a"].to_numpy(), rows["b"].to_numpy()))
    joined: Edges = {}
    for kind, parts in found.items():
        if sum(len(a) for a, _ in parts):
            joined[kind] = (np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts]))
    weak = stated.loc[~strong, "evidence"].value_counts()
    return joined, {str(kind): int(n) for kind, n in weak.items()}


def codes(column: pa.ChunkedArray) -> np.ndarray:
    """Number the distinct values of a text column; -1 where it is empty."""
    encoded = column.combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _within(code: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Number the values of ``code`` anew so that the same value in two groups is two values."""
    width = int(group.max(initial=0)) + 1
    return code if width == 1 else np.where(code < 0, -1, code * width + group)


def _star(code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tie all positions of one value to the first position that has it."""
    at = np.flatnonzero(code >= 0)
    if not len(at):
        return at, at
    value = code[at]
    if value.max() > 4 * len(code):
        value = pd.factorize(value)[0]
    first = np.zeros(int(value.max()) + 1, dtype=np.int64)
    first[value[::-1]] = at[::-1]
    hub = first[value]
    return hub[hub != at], at[hub != at]


def _stated(table: pa.Table, pairs: Table) -> pd.DataFrame:
    """One row per stated pair: positions ``a`` and ``b``, its kind (of ``STRENGTH``) and weight."""
    place = ibis.memtable(
        pa.table({"merchant": table["merchant"], "account": table["account"], "at": np.arange(table.num_rows)})
    )
    left = place.select("merchant", "account", a="at")
    right = place.select("merchant", other="account", b="at")
    told = pairs.inner_join(left, ["merchant", "account"])
    told = told.inner_join(right, ["merchant", "other"])
    named = told.evidence.isin(STRENGTH).fill_null(False)
    return told.select(
        "a", "b", evidence=named.ifelse(told.evidence, "other"), weight=told.weight.fill_null(1.0)
    ).execute()
