"""One row per person: only what buy-till-you-die models need of their purchases."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
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
    """The same: the engine adds up the days of each account, a sparse matrix of persons by days does the rest.

    Names are the dear part of millions of lines: they are read here once, then persons and days are numbers.
    """
    from scipy.sparse import coo_array

    keys, merchants = ["merchant", "account"], sales["merchant"].unique()
    if len(merchants) == 1:
        keys, persons = ["account"], persons[persons["merchant"] == merchants[0]]
    person, names = _numbers(persons)
    end = (date.fromisoformat(as_of) - EPOCH).days - 1
    day = sales["paid_on"].to_numpy("datetime64[D]").astype(np.int64)
    lines = {c: pa.array(sales[c]) for c in keys} | {"day": day, "amount": paid.to_numpy()}
    known = ibis.memtable(pa.table(lines)).filter(_.day <= end, _.account.notnull())
    days = known.group_by(*keys, "day").agg(amount=_.amount.sum().cast("int64"))
    who = ibis.memtable(pa.table({c: pa.array(persons[c]) for c in keys} | {"person": person}))
    found = days.inner_join(who, keys).select("person", "day", "amount").to_pyarrow()
    row, day, amount = (found[c].to_numpy() for c in ("person", "day", "amount"))
    spent = coo_array((amount, (row, end - day)), (len(names), end - day.min(initial=end) + 1)).tocsr()
    bought = np.flatnonzero(np.diff(spent.indptr))
    last, first = spent.indptr[:-1][bought], spent.indptr[1:][bought] - 1  # columns count days back from the end
    repeats = (first - last).astype(np.int64)
    rest = np.add.reduceat(spent.data, last) - spent.data[first] if len(bought) else np.zeros(0)
    age = spent.indices[first].astype(np.int64)
    mean = np.divide(rest, repeats, out=np.zeros(len(bought)), where=repeats > 0)
    durations = {"repeat_days": repeats, "days_to_last": age - spent.indices[last], "age_days": age}
    return names.iloc[bought].reset_index(drop=True).assign(**durations, repeat_day_amount=mean)


def _numbers(persons: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Number the persons of each merchant: each row's number, and the names (merchant, person) by number."""
    (merchant, merchants), (person, people) = (pd.factorize(persons[c]) for c in ("merchant", "person"))
    number, pairs = pd.factorize(merchant.astype(np.int64) * len(people) + person)
    names = {"merchant": merchants[pairs // max(len(people), 1)], "person": people[pairs % max(len(people), 1)]}
    return number, pd.DataFrame(names)
