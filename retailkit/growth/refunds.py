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
from retailkit.growth.metrics import MINOR_DIGITS, figure
from retailkit.spoken import said, signed

if TYPE_CHECKING:
    from ibis.expr.types import Table

LONGEST = 90
"""Days after payment within which refunds are looked for."""
LEARNED = 364
"""Days of orders before the study's day from which lags are learned: whole weeks."""
COLUMNS = ("merchant", "paid", "known", "to_come", "low", "high", "growth", "reason")
UNDATED, NONE, YOUNG = "refunds stand in the orders without their day", "no refunds on record", "orders are too recent"
ZH = {UNDATED: "退款记在订单上，没有日期", YOUNG: "订单都太新"}


def refund_lags(orders: Table, refunds: Table, as_of: str) -> pd.DataFrame:
    """One row per merchant, day of payment and lag: how much of the day's orders was refunded so many days later.

    Parameters
    ----------
    orders, refunds : canonical tables, cut to what was known at ``as_of``.

    Returns
    -------
    DataFrame ``merchant, day, lag, amount``; rows of lag -1 hold what the day's orders paid (``amount``) and what the
    orders themselves say of refunds (``stated``). Amounts in minor units.
    """
    end = pd.Timestamp(as_of)
    since = ibis.literal(str((end - pd.Timedelta(days=LEARNED)).date())).cast("date")
    some = orders.filter(orders.paid_on >= since)
    days = some.group_by("merchant", day=some.paid_on).agg(
        lag=ibis.literal(-1, "int64"), amount=some.gross_amount.sum(), stated=some.refund_amount.fill_null(0).sum()
    )
    both = some.select("merchant", "order_id", "paid_on").join(
        refunds.select("merchant", "order_id", "refunded_on", "refund_amount"), ["merchant", "order_id"]
    )
    lag = both.refunded_on.delta(both.paid_on, unit="day").cast("int64")
    back = both.mutate(lag=ibis.greatest(lag, 0)).filter(lag <= LONGEST)
    lags = back.group_by("merchant", "lag", day=back.paid_on).agg(amount=back.refund_amount.sum())
    frames = [days.to_pandas(), lags.to_pandas()]
    rows = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    return rows.assign(day=pd.to_datetime(rows["day"])).reindex(columns=["merchant", "day", "lag", "amount", "stated"])


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
    DataFrame ``merchant, paid, known, to_come, low, high, growth, reason``: what the programme's orders paid, what of
    it was refunded by now and what is still to come (minor units, with an interval from how sums of earlier weeks
    would have been missed); ``growth`` is the headline less that. Missing with a ``reason`` where refunds bear no day,
    there are none, or no order is old enough to show one.
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
    none = dict.fromkeys(("paid", "known", "to_come", "low", "high"), np.nan)
    days = own[own["lag"] < 0].set_index("day")
    back = own[own["lag"] >= 0]
    if not back["amount"].sum() > 0:
        return none | {"reason": UNDATED if days["stated"].sum() > 0 else NONE}
    age = (end - days.index).days.to_numpy()
    fresh = days.index[age <= LONGEST // 3]
    if days.loc[fresh, "stated"].sum() > 1.02 * back.loc[back["day"].isin(fresh), "amount"].sum():
        return none | {"reason": UNDATED}
    paid = days["amount"].to_numpy(float)
    refunded = np.zeros((len(days), LONGEST + 1))
    place = days.index.get_indexer(back["day"])
    np.add.at(refunded, (place, back["lag"].to_numpy(int)), back["amount"].to_numpy(float))
    old = age[:, None] > np.arange(LONGEST + 1)  # lags that a day's orders are old enough to show
    seen = np.flatnonzero((refunded * old).sum(0))
    if (paid[:, None] * old).sum(0)[seen.max()] <= 0:
        return none | {"reason": YOUNG}
    longest = int(seen.max())
    rates = _rates((refunded * old).sum(0), (paid[:, None] * old).sum(0))[: longest + 1]
    coming = np.append(np.cumsum(rates[::-1])[::-1], 0.0)  # of what an order paid, from a lag on
    inside = (days.index >= first) & (days.index <= last)
    estimate = float(paid[inside] @ coming[np.minimum(age[inside], longest + 1)])
    missed, cuts = _missed(paid, refunded, age, coming)
    if not cuts:
        return none | {"reason": YOUNG}
    half = stats.t.ppf((1 + level) / 2, max(1.0, 7 * cuts / (longest + 7))) * missed * np.sqrt(estimate)
    low, high = estimate - half, estimate + half
    told = {"paid": float(paid[inside].sum()), "known": float(days.loc[inside, "stated"].sum()), "to_come": estimate}
    return told | {"low": max(0.0, low), "high": high, "reason": ""}


def _missed(paid: np.ndarray, refunded: np.ndarray, age: np.ndarray, coming: np.ndarray) -> tuple[float, int]:
    """Return by how much sums still to come were missed on earlier days, a week apart, and how many such days were.

    What is missed grows with the root of the sum, as it does for a number of refunds; so it is measured in such roots.
    """
    longest = len(coming) - 2
    ahead = np.append(np.cumsum(refunded[:, longest::-1], axis=1)[:, ::-1], np.zeros((len(paid), 1)), axis=1)
    errors = []
    for cut in range(longest + 1, int(age.max()) - longest, 7):
        open_ = (age > cut) & (age <= cut + longest)
        then = age[open_] - cut
        expected = float(paid[open_] @ coming[then])
        if expected > 0:
            errors.append((ahead[open_, then].sum() - expected) / np.sqrt(expected))
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else np.nan, len(errors)


def _rates(top: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(top, under, out=np.zeros_like(top), where=under > 0)


def refunds_sentence(table: pd.DataFrame, heads: pd.DataFrame, merchant: str, as_of: str, lang: str = "en") -> str:
    """Say what the merchant's refunds still to come do to its headline and to the pooled one; nothing without refunds.

    ``table`` and ``heads``: see ``refunds_to_come``.
    """
    rows = table.set_index("merchant")
    if merchant not in rows.index or rows.loc[merchant, "reason"] == NONE:
        return ""
    row, own = rows.loc[merchant], heads.set_index("merchant").loc[merchant]
    if row["reason"]:
        return said(
            lang,
            f"How many refunds of the programme's orders came after {as_of} cannot be told: {row['reason']}.",
            f"{as_of}之后还会有多少项目期订单退款，无法判断：{ZH[row['reason']]}。",
        )
    share, low, high = (
        f"{row[n] / row['paid']:.1%}" if row["paid"] > 0 else "0.0%" for n in ("to_come", "low", "high")
    )
    told = said(
        lang,
        f"Refunds follow their orders: {share} of what the programme's orders paid (interval {low} to {high}) is still to "
        f"come back after {as_of}, judged by earlier orders",
        f"退款晚于订单：按此前订单推算，项目期实付中还有{share}（区间{low}至{high}）将在{as_of}之后退回",
    )
    if pd.isna(row["growth"]):
        return told + said(lang, ".", "。")
    now, then = signed(own["growth"]), signed(row["growth"])
    if now == then:
        told += said(lang, f"; the headline stays at {now}", f"；环比仍为{now}")
    else:
        told += said(lang, f"; the headline is then {then} instead of {now}", f"；届时环比为{then}，而非{now}")
    both = heads.merge(table[table["reason"] == ""].dropna(subset=["growth"])[["merchant", "growth"]], on="merchant")
    if len(both) > 1:
        before = both["before"].sum()
        all_now, all_then = (
            both["programme"].sum() / before - 1,
            (both["before"] * (1 + both["growth_y"])).sum() / before - 1,
        )
        told += said(
            lang,
            f" ({len(both)} merchants pooled: {signed(all_then)} instead of {signed(all_now)})",
            f"（{len(both)}家合计：{signed(all_then)}，而非{signed(all_now)}）",
        )
    return told + said(lang, ".", "。")


def refund_metrics(table: pd.DataFrame, merchant: str, currency: str) -> list[dict[str, Any]]:
    """One record per figure of the merchant's refunds still to come; none where they cannot be told."""
    row = table.set_index("merchant").reindex([merchant]).iloc[0]
    if pd.isna(row["to_come"]):
        return []
    unit = 10.0 ** MINOR_DIGITS.get(currency, 2)
    value, low, high = (float(row[n]) / unit for n in ("to_come", "low", "high"))
    what = "refunds of the programme's orders that are still to come, judged by how refunds followed earlier orders"
    out = [figure("refunds_to_come", value, currency, what, low, high)]
    if pd.notna(row["growth"]):
        what = "mean daily net GMV, programme less refunds still to come over period before, less one"
        out.append(figure("growth_less_refunds", row["growth"], "fraction", what))
    return out
