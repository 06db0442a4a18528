"""One row per person: only what buy-till-you-die models need of their purchases."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from retailkit.segment.features import _day, _days, person_orders

EPOCH = date(1970, 1, 1)


def purchase_histories(
    sales: ibis.Table | pd.DataFrame, persons: ibis.Table | pd.DataFrame, as_of: str
) -> ibis.Table | pd.DataFrame:
    """One row per merchant and person: only what buy-till-you-die models need, as ``person_features`` has it.

    ``repeat_days``, ``days_to_last``, ``age_days``, ``repeat_day_amount``. From order lines the amount is
    what was paid for them, and no order needs to be put together first. Two tables give a table and two
    frames a frame.

    Parameters
    ----------
    sales : canonical table ``orders`` or ``order_lines``.
    persons : canonical table.
    as_of : ISO day; only sales of earlier days count.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-31"])
    >>> orders = pd.DataFrame({"merchant": "m", "account": "crm:1", "paid_on": days, "gross_amount": [500, 700, 900]})
    >>> persons = pd.DataFrame({"merchant": ["m"], "account": ["crm:1"], "person": ["p1"]})
    >>> purchase_histories(orders, persons, "2024-02-01").iloc[0, 2:].astype(float).tolist()
    [2.0, 30.0, 30.0, 800.0]
    """
    paid = "net_amount" if "line" in sales.columns else "gross_amount"
    if isinstance(sales, pd.DataFrame):
        return _from_frames(sales, persons, sales[paid], as_of)
    known = sales.select("merchant", "account", "paid_on", amount=sales[paid])
    if "line" in sales.columns:  # an account has several a day: added up, the join below sees few rows
        known = known.filter(_.paid_on < _day(as_of), _.account.notnull())
        known = known.group_by("merchant", "account", "paid_on").agg(amount=_.amount.sum())
    days = person_orders(known, persons, as_of).group_by("merchant", "person", "paid_on")
    people = days.agg(amount=_.amount.sum()).group_by("merchant", "person").agg(
        repeat_days=_.count() - 1, first_on=_.paid_on.min(), last_on=_.paid_on.max(), amount=_.amount.sum(),
        first_amount=_.amount.argmin(_.paid_on),
    )  # fmt: skip
    mean = (people.amount - people.first_amount) / people.repeat_days.nullif(0).cast("float64")
    return people.select(
        "merchant", "person", "repeat_days", days_to_last=_days(people.last_on, people.first_on),
        age_days=_days(_day(as_of), people.first_on) - 1, repeat_day_amount=mean.fill_null(0.0),
    )  # fmt: skip


def _from_frames(sales: pd.DataFrame, persons: pd.DataFrame, paid: pd.Series, as_of: str) -> pd.DataFrame:
    """The same of frames, a merchant at a time."""
    shops = sales["merchant"].unique()
    rows = {shops[0]: slice(None)} if len(shops) == 1 else sales.groupby("merchant").indices
    people = {m: p for m, p in persons.groupby("merchant", sort=False) if m in rows}
    if not people:
        people, rows = {"": persons[:0]}, {"": slice(0)}
    account, day, amount = sales["account"], sales["paid_on"].to_numpy(), paid.to_numpy()
    found = [_of_one(account.iloc[rows[m]], day[rows[m]], amount[rows[m]], p, as_of) for m, p in people.items()]
    return pd.concat(found, ignore_index=True) if len(found) > 1 else found[0]


def _of_one(account: pd.Series, day: np.ndarray, paid: np.ndarray, persons: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """One merchant's histories; a sparse matrix of persons by days adds up what they paid.

    The lines of an order stand together in exports: neighbours of one account and time are added up first,
    so that names, the dear part of millions of lines, are looked up once an order.
    """
    from scipy.sparse import coo_array

    number, names = pd.factorize(persons["person"])
    accounts, lines = _runs(account)
    place = pc.index_in(accounts, value_set=pa.array(persons["account"], accounts.type)).fill_null(-1).to_numpy()
    starts = np.append(True, day[1:] != day[:-1])[: len(day)]
    starts[np.cumsum(lines[:-1])] = True
    new = np.flatnonzero(starts)
    person = np.repeat(np.append(number, -1).astype(np.int32)[place], lines)[new]
    back = (date.fromisoformat(as_of) - EPOCH).days - 1 - day[new].astype("datetime64[D]").astype(np.int64)
    spent = np.add.reduceat(paid, new).astype(np.int64) if len(new) else paid
    known = (person >= 0) & (back >= 0)
    spent, cell = spent[known], (person[known], back[known].astype(np.int32))
    days = coo_array((spent, cell), (len(names), cell[1].max(initial=0) + 1)).tocsr()
    bought = np.flatnonzero(np.diff(days.indptr))
    last, first = days.indptr[:-1][bought], days.indptr[1:][bought] - 1
    repeats = (first - last).astype(np.int64)
    rest = np.add.reduceat(days.data, last) - days.data[first] if len(bought) else np.zeros(0)
    age = days.indices[first].astype(np.int64)
    return pd.DataFrame({
        "merchant": persons["merchant"].iloc[np.zeros(len(bought), int)].reset_index(drop=True), "person": names[bought],
        "repeat_days": repeats, "days_to_last": age - days.indices[last], "age_days": age,
        "repeat_day_amount": np.divide(rest, repeats, out=np.zeros(len(bought)), where=repeats > 0),
    })  # fmt: skip


def _runs(names: pd.Series) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Each name that differs from the one before it, and how many rows it stands for."""
    rows = pa.array(names, pa.large_string())
    runs = [pc.run_end_encode(c) for c in (rows.chunks if isinstance(rows, pa.ChunkedArray) else [rows])]
    lengths = [np.diff(r.run_ends.to_numpy(), prepend=0) for r in runs]
    values = [r.values for r in runs]  # noqa: PD011 of arrow, not of pandas
    return pa.chunked_array(values, pa.large_string()), np.concatenate(lengths)
