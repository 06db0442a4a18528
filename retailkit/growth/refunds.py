"""Refunds still to come: what was paid lately has not been sent back yet, what was paid in the period before has.

A refund follows its order by days or weeks. On the study's day the last weeks of a programme look better than they
will: after a festival with many returns by several points of its headline. How refunds followed earlier orders, lag by
lag, tells how much is still to come (the chain ladder of insurers, in its additive form: refunds at a lag over what had
been paid by orders old enough to show them). Effects hardly change: donors' last weeks lack the same refunds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
from scipy import stats

from retailkit.growth.calendar import bounds
from retailkit.schema.given import takes_frames

if TYPE_CHECKING:
    from ibis.expr.types import Table

LONGEST = 90
"""Days after payment within which refunds are looked for."""
LEARNED = 364
"""Days of orders before the study's day from which lags are learned: whole weeks."""
PEAK = 3.0
"""A day that sold so many times the median day is named where its orders' refunds are still to come."""
GAP = 1.1
"""Refunds that orders tell over those with a day, of earlier orders: above it the rates learned would be too low."""
COLUMNS = ("merchant", "paid", "known", "to_come", "low", "high", "peak", "growth", "reason")
UNDATED, NONE, YOUNG = "refunds stand in the orders without their day", "no refunds on record", "orders are too recent"
SHORT = "refunds are on record for too short a time"


@takes_frames
def refund_lags(orders: Table, refunds: Table, as_of: str) -> pd.DataFrame:
    """One row per merchant, day of payment and lag: how much of the day's orders was refunded so many days later.

    Parameters
    ----------
    orders, refunds : canonical tables, cut to what was known at ``as_of``.

    Returns
    -------
    DataFrame ``merchant, day, lag, amount``; rows of lag -1 hold what the day's orders paid (``amount``), what the
    orders themselves say of refunds (``stated``), what of them bears a day, at whatever lag (``dated``, of the days from
    which lags are learned), and the first day of the merchant's table of refunds (``recorded``). Amounts in minor units.
    """
    end = pd.Timestamp(as_of)
    since = ibis.literal(str((end - pd.Timedelta(days=LEARNED)).date())).cast("date")
    some = orders.filter(orders.paid_on >= since)
    there = orders.filter(orders.paid_on.notnull())
    days = there.group_by("merchant", day=there.paid_on).agg(
        lag=ibis.literal(-1, "int64"), amount=there.gross_amount.sum(), stated=there.refund_amount.fill_null(0).sum()
    )
    on_record = refunds.filter(refunds.refund_amount > 0)
    recorded = on_record.group_by("merchant").agg(recorded=on_record.refunded_on.min()).to_pandas()
    both = some.select("merchant", "order_id", "paid_on").join(
        refunds.select("merchant", "order_id", "refunded_on", "refund_amount"), ["merchant", "order_id"]
    )
    lag = both.refunded_on.delta(both.paid_on, unit="day").cast("int64")
    back = both.mutate(lag=ibis.greatest(ibis.least(lag, LONGEST + 1), 0)).filter(lag.notnull())
    lags = back.group_by("merchant", "lag", day=back.paid_on).agg(amount=back.refund_amount.sum()).to_pandas()
    dated = lags.groupby(["merchant", "day"], as_index=False)["amount"].sum().rename(columns={"amount": "dated"})
    of_days = days.to_pandas().merge(recorded, "left", on="merchant").merge(dated, "left", on=["merchant", "day"])
    frames = [of_days, lags[lags["lag"] <= LONGEST]]
    rows = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    rows = rows.assign(day=pd.to_datetime(rows["day"]), recorded=pd.to_datetime(rows["recorded"]))
    return rows.reindex(columns=["merchant", "day", "lag", "amount", "stated", "dated", "recorded"])


def refunds_to_come(
    lags: pd.DataFrame,
    as_of: str,
    heads: pd.DataFrame,
    programme: Any,
    level: float = 0.9,
) -> pd.DataFrame:
    """One row per merchant: refunds of the programme's orders that are still to come, and the headline with them.

    Parameters
    ----------
    lags : see ``refund_lags``.
    heads : see ``headlines``; its merchants, and their mean days.
    programme : its first and last day.

    Returns
    -------
    DataFrame ``merchant, paid, known, to_come, low, high, peak, growth, reason``: what the programme's orders paid, what of
    it was refunded by now and what is still to come (minor units, with an interval from how sums of earlier weeks
    would have been missed); ``growth`` is the headline less that. ``peak`` is a day of the last month that sold a multiple
    of an ordinary day: its orders are judged like others, though a festival's often come back more. Refunds later than
    ``LONGEST`` days are not in it. Missing with a ``reason`` where refunds bear no day, there are none, or no order or
    no record of refunds is old enough to show how they follow.
    """
    if programme is None:
        return pd.DataFrame(columns=list(COLUMNS))
    first, last = bounds(programme)
    end = pd.Timestamp(as_of)
    rows = []
    for row in heads.itertuples():
        own = lags[lags["merchant"] == row.merchant]
        rows.append({"merchant": row.merchant, **_one(own, end, first, last, level)})
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "growth"])
    days = (last - first).days + 1
    later = heads.set_index("merchant")["programme"].reindex(table["merchant"]).to_numpy() - table["to_come"] / days
    before = heads.set_index("merchant")["before"].reindex(table["merchant"]).to_numpy()
    return table.assign(growth=(later / before - 1).where(before > 0))[list(COLUMNS)]


def _one(own: pd.DataFrame, end: pd.Timestamp, first: pd.Timestamp, last: pd.Timestamp, level: float) -> dict[str, Any]:
    none = dict.fromkeys(("paid", "known", "to_come", "low", "high"), np.nan) | {"peak": pd.NaT}
    every = own[own["lag"] < 0].set_index("day").sort_index()
    back = own[own["lag"] >= 0]
    days = every[every.index >= end - pd.Timedelta(days=LEARNED)]
    if not back["amount"].sum() > 0:
        return none | {"reason": UNDATED if days["stated"].sum() > 0 else NONE}
    age = (end - days.index).days.to_numpy()
    record = (end - days["recorded"].min()).days
    if _undated(days, age, record):
        return none | {"reason": UNDATED}
    paid = days["amount"].to_numpy(float)
    refunded = np.zeros((len(days), LONGEST + 1))
    place = days.index.get_indexer(back["day"])
    np.add.at(refunded, (place, back["lag"].to_numpy(int)), back["amount"].to_numpy(float))
    ago = age[:, None] - np.arange(LONGEST + 1)
    # lags that a day's orders are old enough to show, after the first refund on record: before it, none is no news
    old = (ago > 0) & (ago < record)
    short = none | {"reason": SHORT if record < age.max() else YOUNG}
    seen = np.flatnonzero((refunded * old).sum(0) > 0)
    if not len(seen) or (paid[:, None] * old).sum(0)[seen.max()] <= 0:
        return short
    longest = int(seen.max())
    rates = _rates((refunded * old).sum(0), (paid[:, None] * old).sum(0))[: longest + 1]
    coming = np.append(np.cumsum(rates[::-1])[::-1], 0.0)  # of what an order paid, from a lag on
    inside = (days.index >= first) & (days.index <= last)
    estimate = max(0.0, float(paid[inside] @ coming[np.minimum(age[inside], longest + 1)]))
    missed, cuts = _missed(paid, refunded, age, coming, record)
    if not cuts:
        return short
    half = stats.t.ppf((1 + level) / 2, max(1.0, 7 * cuts / (longest + 7))) * missed * np.sqrt(estimate)
    low, high = estimate - half, estimate + half
    peak = _peak(paid, days.index, inside & (age <= min(longest, LONGEST // 3)))
    window = every[(every.index >= first) & (every.index <= last)]
    told = {"paid": float(window["amount"].sum()), "known": float(window["stated"].sum()), "to_come": estimate}
    return told | {"low": max(0.0, low), "high": high, "peak": peak, "reason": ""}


def _undated(days: pd.DataFrame, age: np.ndarray, record: int) -> bool:
    """Tell that refunds stand in orders without their day: of late some of them may be of later, of before rates miss."""
    fresh = age <= LONGEST // 3
    for rows, more in ((days[fresh], 1.02), (days[~fresh & (age <= record)], GAP)):
        if rows["stated"].sum() > more * rows["dated"].sum():
            return True
    return False


def _peak(paid: np.ndarray, days: pd.Index, open_: np.ndarray) -> pd.Timestamp:
    """Return the day among those still open that sold most, if it sold a multiple of an ordinary day; else NaT."""
    if not open_.any() or not paid[open_].max() >= PEAK * np.median(paid) > 0:
        return pd.NaT
    return days[open_][paid[open_].argmax()]


def _missed(
    paid: np.ndarray, refunded: np.ndarray, age: np.ndarray, coming: np.ndarray, record: int
) -> tuple[float, int]:
    """Return by how much sums still to come were missed on earlier days, a week apart, and how many such days were.

    What is missed grows with the root of the sum, as it does for a number of refunds; so it is measured in such roots.
    """
    longest = len(coming) - 2
    ahead = np.append(np.cumsum(refunded[:, longest::-1], axis=1)[:, ::-1], np.zeros((len(paid), 1)), axis=1)
    errors = []
    for cut in range(longest + 1, min(int(age.max()) - longest, record), 7):
        open_ = (age > cut) & (age <= cut + longest)
        then = age[open_] - cut
        expected = float(paid[open_] @ coming[then])
        if expected > 0:
            errors.append((ahead[open_, then].sum() - expected) / np.sqrt(expected))
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else np.nan, len(errors)


def _rates(top: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(top, under, out=np.zeros_like(top), where=under > 0)
