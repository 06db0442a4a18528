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

OTHER, WEAK, ALONE = STRENGTH.index("other"), 16, -1
BREAK = "\x1f"  # between a merchant and an account

Pairs = tuple[np.ndarray, np.ndarray]
Edges = dict[str, Pairs]


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
    listed, by_union, by_phone, shared = _listed(accounts)
    give_back()
    m, o = _naming(accounts, members, orders, others)
    asked = pa.concat_tables([m.select(["merchant", "account"]), o])
    number, (left, right, mark), unlisted = _numbered(listed, asked, pairs, min_weight)
    of_member = number[: m.num_rows]
    found: dict[str, list[Pairs]] = {name: [] for name in STRENGTH}
    found["unionid"].append(by_union)
    found["phone"].append(by_phone)
    # member numbers are only comparable inside the system that gave them
    system, card = codes(m["system"]), codes(m["member_id"])
    found["member_bind"].append(_star(_within(_within(card, system), _merchants(m["merchant"])), of_member))
    counts = {place: int(n) for place, n in enumerate(np.bincount(mark)) if n}
    for place in (place for place in counts if place < WEAK):
        rows = mark == place
        found[STRENGTH[place]].append((left[rows], right[rows]))
    held = pd.DataFrame({"node": of_member, "system": system, "card": card})
    give_back()
    return Evidence(
        nodes=pa.concat_tables([listed, unlisted]),
        edges={name: _joined(parts) for name, parts in found.items() if sum(len(x) for x, _ in parts)},
        weak={STRENGTH[place - WEAK]: n for place, n in counts.items() if place >= WEAK},
        shared=shared,
        cards=held[held["card"] >= 0],
    )


def give_back() -> None:
    """Give memory of texts that nobody holds any more back to the machine: the engine cannot use what Arrow keeps."""
    pa.default_memory_pool().release_unused()


def codes(column: pa.ChunkedArray) -> np.ndarray:
    """Number the distinct values of a text column; -1 where it is empty."""
    if column.null_count == len(column):
        return np.full(len(column), -1, dtype=np.int32)
    given = pa.types.is_dictionary(column.type)
    # the pieces of an encoded text share one dictionary: to unify them would read it once for each
    column = column.unify_dictionaries() if given else column.dictionary_encode()
    return np.concatenate([(c.indices.fill_null(-1) if c.null_count else c.indices).to_numpy() for c in column.chunks])


def _listed(accounts: Table) -> tuple[pa.Table, Pairs, Pairs, np.ndarray]:
    """One row per listed account (see ``Evidence.nodes``), who share a unionid or a phone, and whose phone is shared."""
    a = accounts.select(
        "merchant",
        "account",
        system=ibis.coalesce(accounts.system.nullif(""), accounts.account.split(":")[0]),
        unionid=accounts.unionid.nullif(""),
        # a masked number that slipped through as text is the number of many people
        phone_key=accounts.phone_key.contains("*").ifelse(ibis.null("string"), accounts.phone_key.nullif("")),
    )
    rows = _not_nobody(a)
    union, phone = codes(rows["unionid"]), codes(rows["phone_key"])
    # a copy: Arrow keeps all columns that came with one as long as it keeps the one
    account = rows.select(["account"]).combine_chunks()["account"]
    listed, number = _nodes(rows["merchant"], account, rows["system"]), np.arange(len(account), dtype=np.int32)
    del rows
    own = _merchants(listed["merchant"])
    shared = _shared_phones(_within(phone, own), codes(listed["system"]), np.where(union < 0, -1 - number, union))
    by_phone = _star(_within(np.where(shared, -1, phone), own), number)
    return listed, _star(_within(union, own), number), by_phone, number[shared]


def _naming(accounts: Table, members: Table, orders: Table, others: Sequence[Table]) -> tuple[pa.Table, pa.Table]:
    """Bring over the members, and the accounts that only orders and other tables name.

    These are sought before they are told apart: hundreds of millions of visits pass by the listed accounts
    and nearly all are dropped, where telling them apart first would hold or spill them.
    """
    m = members.select(
        "merchant", "account", system=members.account.split(":")[0], member_id=members.member_id.nullif("")
    )
    key = ["merchant", "account"]
    o = ibis.union(*(t.select(key) for t in (orders, *others))) if others else orders.select(key)
    return _not_nobody(m), _not_nobody(o.anti_join(accounts, key).distinct())


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


def _numbered(
    listed: pa.Table, asked: pa.Table, pairs: Table, min_weight: float
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray], pa.Table]:
    """Number of each asked account: its row in ``listed``, or beyond it for one that is not listed.

    The engine looks up one end of all pairs and then the other, so that it holds one dictionary
    at a time. Returns the numbers of ``asked``; left, right and mark of each pair; and the accounts
    that are not listed.
    """
    tied = _marked(pairs, min_weight).mutate(row=ibis.literal(0, "int32"))
    shops = {*listed["merchant"].unique().to_pylist(), *asked["merchant"].unique().to_pylist()}
    shops |= set(tied.select("merchant").distinct().to_pyarrow()["merchant"].to_pylist())
    key = ["account"] if len(shops) < 2 else ["merchant", "account"]
    place = pa.array(np.arange(listed.num_rows, dtype=np.int32))
    known = ibis.memtable(pa.table({name: listed[name].cast(pa.string()) for name in key} | {"number": place}))
    row = pa.array(np.arange(asked.num_rows, dtype=np.int32))
    alone = ibis.memtable(asked.append_column("row", row)).mutate(
        mark=ibis.literal(ALONE, "int8"), other=ibis.null("string")
    )
    one = _looked_up(ibis.union(alone.select(tied.columns), tied), known, key, ["mark", "row", "merchant", "other"])
    ends = ibis.memtable(one.rename_columns(["mark", "row", "merchant", "account", "left", "missing_left"]))
    two = _looked_up(ends.filter(ends.mark != ALONE), known, key, ["mark", "left", "missing_left"])
    one = one.select(["mark", "row", "number", "missing"]).filter(one["mark"].to_numpy() == ALONE)
    (single, left, right), unlisted = _beyond(
        [(one["number"], one["missing"]), (two["left"], two["missing_left"]), (two["number"], two["missing"])],
        listed.num_rows,
    )
    number = np.empty(asked.num_rows, dtype=np.int32)
    number[one["row"].to_numpy()] = single
    return number, (left, right, two["mark"].to_numpy()), unlisted


def _marked(pairs: Table, min_weight: float) -> Table:
    """Pairs with a mark: the place of the kind of evidence, plus ``WEAK`` where one is too weak to use."""
    kind = ibis.cases(*((pairs.evidence == name, place) for place, name in enumerate(STRENGTH)), else_=OTHER)
    weak = (pairs.weight.fill_null(1.0) < min_weight).ifelse(WEAK, 0)
    named = pairs.filter((pairs.account != "") & (pairs.other != ""))
    return named.select("merchant", "account", "other", mark=(kind + weak).cast("int8"))


def _looked_up(rows: Table, known: Table, key: list[str], keep: list[str]) -> pa.Table:
    """Some columns of the rows, the number of each row's account, and the account's name where it has none."""
    found = rows.left_join(known, key)
    name = found.merchant.concat(BREAK, found.account)
    missing = found.number.isnull().ifelse(name, ibis.null("string"))
    return found.select(*keep, number="number", missing=missing).to_pyarrow()


def _beyond(found: Sequence[tuple[pa.ChunkedArray, pa.ChunkedArray]], size: int) -> tuple[list[np.ndarray], pa.Table]:
    """Fill in the numbers of accounts that are not listed, from ``size`` on, and name these accounts."""
    import pyarrow.compute as pc

    missing = [column.drop_null() for _, column in found]
    name = pa.chunked_array([chunk for column in missing for chunk in column.chunks], pa.string())
    name = name.dictionary_encode()
    filled = []
    for (number, _), new in zip(found, np.split(codes(name), np.cumsum([len(m) for m in missing])[:-1]), strict=True):
        full = (number.fill_null(-1) if len(new) else number).to_numpy()
        if len(new):
            full = full.copy()
            full[full < 0] = size + new
        filled.append(full)
    words = name.chunk(0).dictionary if len(name) else pa.array([], pa.string())
    parts = pc.split_pattern(words, BREAK, max_splits=1)
    merchant, account = (pa.chunked_array([pc.list_element(parts, k)]) for k in (0, 1))
    return filled, _nodes(merchant, account, pc.list_element(pc.split_pattern(account, ":", max_splits=1), 0))


def _within(code: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Number the values of ``code`` anew so that the same value in two groups is two values."""
    width = int(group.max(initial=0)) + 1
    return code if width == 1 else np.where(code < 0, -1, code * width + group)


def _star(code: np.ndarray, number: np.ndarray) -> Pairs:
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


def _joined(parts: list[Pairs]) -> Pairs:
    parts = [part for part in parts if len(part[0])]
    if len(parts) == 1:  # most often one table tells a kind: its millions of rows are not copied
        return parts[0]
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])
