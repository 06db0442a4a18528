"""The persons table: who is one person, under which id."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from retailkit.link.edges import codes
from retailkit.link.founders import may_found
from retailkit.link.kept import Kept, kept_ids
from retailkit.link.linked import FLAGS, MAX_ACCOUNTS, MIN_WEIGHT, link
from retailkit.schema.given import takes_frames

PIECE = 4_000_000  # rows of one Arrow array
ID_DIGITS = 20  # 80 bits: one chance in a billion of two persons with one id among 50 million


@takes_frames
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
    return ibis.memtable(person_rows(accounts, members, orders, pairs, others, previous, max_accounts, min_weight))


def person_rows(
    accounts: Table,
    members: Table,
    orders: Table,
    pairs: Table,
    others: Sequence[Table],
    previous: Table | None,
    max_accounts: int = MAX_ACCOUNTS,
    min_weight: float = MIN_WEIGHT,
) -> pa.Table:
    """Rows of `link_accounts` as they lie in memory: whoever writes them down needs no second copy of them."""
    linked = link(accounts, members, orders, pairs, others, max_accounts, min_weight)
    rows, label, flag = linked.evidence.nodes, linked.found.label, linked.flag
    del linked  # edges are the larger half, and are not needed to name persons
    person = _named(rows.select(["merchant", "account"]).append_column("label", pa.array(label)), previous)
    flags = pa.DictionaryArray.from_arrays(pa.array(flag), pa.array([None, *FLAGS], pa.string()))
    size = pa.array(np.bincount(label, minlength=1)[label])
    columns = [rows["merchant"], rows["account"], person, rows["system"], size, flags]
    return pa.table(columns, names=["merchant", "account", "person", "system", "accounts", "flag"])


def _named(accounts: pa.Table, previous: Table | None) -> pa.ChunkedArray:
    """Person id of each account: its label's from before where there is one, else a new one."""
    label = accounts["label"].to_numpy()
    if previous is None:
        kept = Kept(pa.array([], pa.string()), np.full(int(label.max(initial=-1)) + 1, -1, dtype=np.int32))
        founded = _founded(accounts)
        named = founded.select("label", person=_id(founded.founder)).to_pyarrow()
        person = named["person"].combine_chunks()
    else:
        kept = kept_ids(accounts, previous)
        named = _with_ids(_founded(accounts.filter(pa.array(kept.place[label] < 0))))
        of = np.empty(len(kept.place), dtype=np.int32)
        of[label] = codes(accounts["merchant"])
        person = _unlike(named, kept, of)
    kept.place[named["label"].to_numpy()] = len(kept.words) + np.arange(named.num_rows, dtype=np.int32)
    return _spread(pa.concat_arrays([kept.words, person]) if len(kept.words) else person, kept.place[label])


def _unlike(named: pa.Table, kept: Kept, merchant: np.ndarray) -> pa.Array:
    """New ids, others where another part of a split person keeps that id: none is ever given a second time."""
    encoded = named["person"].combine_chunks().dictionary_encode()
    met = pc.index_in(kept.words, value_set=encoded.dictionary).fill_null(-1).to_numpy()
    holder = np.flatnonzero(kept.place >= 0)
    at = met[kept.place[holder]]
    width = int(merchant.max(initial=0)) + 1
    held = (at.astype(np.int64) * width + merchant[holder])[at >= 0]
    mine = encoded.indices.to_numpy().astype(np.int64) * width + merchant[named["label"].to_numpy()]
    taken = np.isin(mine, held)
    if not taken.any():
        return encoded.cast(pa.string())
    row = pa.array(np.arange(named.num_rows, dtype=np.int32))
    rows = ibis.memtable(named.select(["founder"]).append_column("row", row).filter(pa.array(taken)))
    again = rows.select("row", person=_id(rows.founder.concat("+"))).order_by("row").to_pyarrow()
    return pc.replace_with_mask(encoded.cast(pa.string()), pa.array(taken), again["person"].combine_chunks())


def _spread(words: pa.Array, place: np.ndarray) -> pa.ChunkedArray:
    """Give each row its word, in pieces: one Arrow text array holds no more than 2 GB."""
    pieces = np.split(place, range(PIECE, len(place), PIECE))
    return pa.chunked_array([words.take(pa.array(piece)) for piece in pieces], pa.string())


def _founded(accounts: pa.Table) -> Table:
    """One row per label: label, founder (its smallest account)."""
    label = accounts["label"].to_numpy()
    first = may_found(accounts["account"], label)
    several = np.bincount(label[first], minlength=1)[label] > 1
    of = accounts.select(["label", "account"])
    sole, rest = (ibis.memtable(of.filter(pa.array(first & rows))) for rows in (~several, several))
    sole = sole.select("label", founder=sole.account)
    return sole.union(rest.group_by("label").agg(founder=rest.account.min()))


def _with_ids(founded: Table) -> pa.Table:
    return founded.mutate(person=_id(founded.founder)).to_pyarrow()


def _id(founder: ibis.expr.types.StringColumn) -> ibis.expr.types.StringColumn:
    return ibis.literal("p").concat(founder.hexdigest("sha256").substr(0, ID_DIGITS))
