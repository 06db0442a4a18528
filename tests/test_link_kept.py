"""Ids over time: the quick way to keep them gives what asking for every vote gives, on any two pictures of who is who."""

import hashlib

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retailkit.link.kept import kept_ids
from retailkit.link.persons import _named

ROWS = st.lists(
    st.tuples(st.sampled_from("xy"), st.text("ab", min_size=1, max_size=3), st.integers(0, 4), st.integers(0, 4)),
    unique_by=lambda row: row[:2],
    min_size=1,
    max_size=14,
)


def of(founder: str) -> str:
    """The id that a person's smallest account gives."""
    return "p" + hashlib.sha256(founder.encode()).hexdigest()[:20]


def votes(rows: pd.DataFrame, previous: pd.DataFrame) -> dict[int, str]:
    """Ids kept, vote by vote: an id to the label with most of its accounts, then to a label the id with most of them."""
    both = rows.merge(previous, on=["merchant", "account"])
    counted = both.groupby(["merchant", "person", "label"])["account"].agg(n="size", first="min").reset_index()
    heirs = counted.sort_values(["n", "first"], ascending=[False, True]).drop_duplicates(["merchant", "person"])
    chosen = heirs.sort_values(["n", "person"], ascending=[False, True]).drop_duplicates("label")
    return dict(zip(chosen["label"], chosen["person"], strict=True))


def named(rows: pd.DataFrame, previous: pd.DataFrame) -> dict[int, str]:
    """Id of every label: the kept one, else that of its smallest account, else (where another keeps that) a third."""
    kept = votes(rows, previous)
    owner = dict(zip(rows["label"], rows["merchant"], strict=True))
    used = {(owner[label], person) for label, person in kept.items()}
    for label, account in rows.groupby("label")["account"].min().items():
        new, again = of(account), of(account + "+")
        kept.setdefault(label, again if (owner[label], new) in used else new)
    return kept


def pictures(drawn, founded):
    """Accounts with the labels of now, and persons of before: any ids, or those that their smallest accounts give."""
    frame = pd.DataFrame(drawn, columns=["merchant", "account", "now", "then"])
    frame["label"] = frame.groupby(["merchant", "now"]).ngroup().astype("int32")
    frame["person"] = [f"p{n}" for n in frame["then"]]
    if founded:
        first = frame.groupby(["merchant", "then"])["account"].transform("min")
        frame["person"] = [of(account) for account in first]
    return frame[["merchant", "account", "label"]], frame[["merchant", "account", "person"]]


def arrow(rows: pd.DataFrame, cut: int) -> pa.Table:
    """The rows as linking holds them: in pieces, and few merchants."""
    schema = pa.schema({"merchant": pa.string(), "account": pa.string(), "label": pa.int32()})
    table = pa.Table.from_pandas(rows, schema, preserve_index=False)
    table = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    return table.set_column(0, "merchant", table["merchant"].dictionary_encode())


@settings(max_examples=60, deadline=None)
@given(drawn=ROWS, gone=st.integers(0, 4), fresh=st.integers(0, 4), founded=st.booleans(), cut=st.integers(0, 14))
@example(drawn=[("x", "a", 0, 0), ("x", "b", 1, 0)], gone=0, fresh=0, founded=True, cut=1)  # one becomes two
@example(drawn=[("x", "a", 0, 0), ("x", "b", 0, 1)], gone=0, fresh=0, founded=False, cut=1)  # two become one
@example(
    drawn=[("x", "a", 0, 0), ("x", "b", 1, 0), ("x", "bb", 1, 0), ("y", "a", 0, 0)],
    gone=0,
    fresh=0,
    founded=True,
    cut=1,
)  # the founder leaves, and another merchant has one of her name
def test_ids_are_kept_as_if_every_vote_were_counted(drawn, gone, fresh, founded, cut):
    rows, previous = pictures(drawn, founded)
    previous = previous.iloc[gone:]  # accounts that are new now
    rows = rows.iloc[: max(len(rows) - fresh, 1)].assign(label=lambda r: pd.factorize(r["label"])[0].astype("int32"))
    before = ibis.memtable(previous, schema={"merchant": "string", "account": "string", "person": "string"})
    kept = kept_ids(arrow(rows, cut), before)
    found = {label: kept.words[int(at)].as_py() for label, at in enumerate(kept.place) if at >= 0}
    assert found == votes(rows, previous)
    ids = dict(zip(rows["label"], _named(arrow(rows, cut), before).to_pylist(), strict=True))
    assert ids == named(rows, previous)


def test_nobody_who_was_known_before_is_named_anew():
    rows = pd.DataFrame({"merchant": "x", "account": ["c", "d"], "label": np.int32([0, 1])})
    nobody = ibis.memtable(
        {"merchant": [], "account": [], "person": []}, schema=dict.fromkeys(["merchant", "account", "person"], "string")
    )
    assert kept_ids(arrow(rows, 1), nobody).place.tolist() == [-1, -1]
    assert _named(arrow(rows, 1), nobody).to_pylist() == _named(arrow(rows, 1), None).to_pylist()
