"""The id that each person keeps from the run before: nearly always the one id that all her accounts carried."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from retailkit.link.edges import codes, give_back


@dataclass(frozen=True)
class Kept:
    """Ids of the run before (``words``), and for each label the place of the one it keeps, -1 where it keeps none."""

    words: pa.Array
    place: np.ndarray


def kept_ids(accounts: pa.Table, previous: Table) -> Kept:
    """Decide which label keeps which id of the run before.

    An id goes to the label to which most of its accounts belong now (of equals, to the one with the smallest
    account), and of several ids a label keeps the one that most of its accounts carried (of equals, the smallest).
    Texts are compared only where that decides.

    Parameters
    ----------
    accounts : one row per account: merchant, account, label.
    previous : the persons table of the run before.
    """
    every = accounts["label"].to_numpy()
    row, code, words = _carried(accounts, previous)
    old, word = _within_merchants(code, codes(accounts["merchant"])[row])
    label = every[row]
    place = np.full(int(every.max(initial=-1)) + 1, -1, dtype=np.int32)
    place[label] = word[old]
    open_ = _ambiguous(label, old)
    if open_.any():
        label, old = label[open_], old[open_]
        place[label] = -1
        heirs = _heirs(label, old, accounts["account"], row[open_])
        chosen = _first_of(heirs, words, word)
        place[chosen["label"]] = word[chosen["old"]]
    return Kept(words, place)


def _carried(accounts: pa.Table, previous: Table) -> tuple[np.ndarray, np.ndarray, pa.Array]:
    """Return the rows of accounts that were there before, the number of the id that each carried, and all ids."""
    before = previous.select("merchant", "account", old=previous.person)
    before = before.filter(before.old.notnull())
    shops = set(accounts["merchant"].unique().to_pylist())
    shops |= set(before.select("merchant").distinct().to_pyarrow()["merchant"].to_pylist())
    key = ["account"] if len(shops) < 2 else ["merchant", "account"]
    place = pa.array(np.arange(accounts.num_rows, dtype=np.int32))
    now = ibis.memtable(pa.table({name: accounts[name].cast(pa.string()) for name in key} | {"row": place}))
    found = now.inner_join(before.select(*key, "old"), key).select("row", "old").to_pyarrow()
    row, old = found["row"].to_numpy(), found["old"].dictionary_encode()
    del found
    words = old.chunk(0).dictionary if old.num_chunks else pa.array([], pa.string())
    # one encoding of a column has one dictionary, however many pieces: to unify them would read it once for each
    code = np.concatenate([np.empty(0, np.int32), *(c.indices.to_numpy() for c in old.chunks)])
    give_back()
    return row, code, words


def _within_merchants(code: np.ndarray, merchant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the ids of each merchant by themselves; return the numbers, and the place of each one's word."""
    width = int(merchant.max(initial=0)) + 1
    if width == 1:
        return code, np.arange(int(code.max(initial=-1)) + 1, dtype=np.int32)
    old, known = pd.factorize(code.astype(np.int64) * width + merchant)
    return old, (known // width).astype(np.int32)


def _ambiguous(label: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Tell which rows are of a label with several ids, or of an id with several labels."""
    return _mixed(label, old) | _mixed(old, label)


def _mixed(of: np.ndarray, what: np.ndarray) -> np.ndarray:
    size = int(of.max(initial=-1)) + 1
    one = np.empty(size, dtype=what.dtype)
    one[of] = what  # any of them: where all agree it is the only one
    mixed = np.zeros(size, dtype=bool)
    mixed[of[one[of] != what]] = True
    return mixed[of]


def _heirs(label: np.ndarray, old: np.ndarray, account: pa.ChunkedArray, row: np.ndarray) -> pd.DataFrame:
    """Return one row per id: ``old``, the ``label`` that most of its accounts belong to, and how many (``n``)."""
    width = int(label.max()) + 1
    pair, n = np.unique(old.astype(np.int64) * width + label, return_counts=True)
    votes = pd.DataFrame({"old": pair // width, "label": pair % width, "n": n})
    lead = votes[votes["n"] == votes.groupby("old")["n"].transform("max")]
    tied = lead.duplicated("old", keep=False)
    if not tied.any():
        return lead
    equal = lead.loc[tied, "old"].to_numpy() * width + lead.loc[tied, "label"].to_numpy()
    mine = np.isin(old.astype(np.int64) * width + label, equal)
    texts = account.take(pa.array(row[mine]))
    rows = ibis.memtable(pa.table({"old": pa.array(old[mine]), "label": pa.array(label[mine]), "account": texts}))
    first = rows.group_by("old").agg(label=rows.label.argmin(rows.account)).to_pandas()
    return pd.concat([lead[~tied], first.merge(lead[tied], on=["old", "label"])], ignore_index=True)


def _first_of(heirs: pd.DataFrame, words: pa.Array, word: np.ndarray) -> pd.DataFrame:
    """Return one row per label: the id with most of its accounts, of equals the one that comes first as a text."""
    lead = heirs[heirs["n"] == heirs.groupby("label")["n"].transform("max")]
    tied = lead.duplicated("label", keep=False)
    some = lead[tied]
    order = pc.array_sort_indices(words.take(pa.array(word[some["old"].to_numpy()]))).to_numpy()
    return pd.concat([lead[~tied], some.iloc[order].drop_duplicates("label")])
