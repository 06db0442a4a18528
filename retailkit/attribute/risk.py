"""What the hazard reads: orders, the exposures before them, and how long everybody was at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import sparse

from retailkit.attribute.intent import WEEK, Strata, activity_strata
from retailkit.attribute.tables import exposures, frame, numbered


@dataclass(frozen=True)
class Risk:
    """What the likelihood reads: one entry per order, one per order and exposure, and times at risk.

    Orders and persons are numbers here, given by the engine in the order of their ids; their names stay there.
    """

    orders: ir.Table  # order_id and its number
    person: np.ndarray  # per order
    place: np.ndarray  # per order, its stratum and span as one number
    met: sparse.csr_matrix  # ones: orders x codes and lags, each order's exposures in their order
    position: np.ndarray  # per exposure, place in the path
    profile: np.ndarray  # per code (twice a touchpoint, plus 1 where it met a buyer), index of its delay profile
    at_risk: np.ndarray  # touch-days by code and lag
    days: np.ndarray  # person-days by stratum and span (the season's week or day)
    edges: np.ndarray  # first day of each delay, and the day after the last


def risk(
    paths: ir.Table,
    touches: ir.Table,
    intent: Any,
    passive: tuple[str, ...],
    lags: tuple[int, ...],
    as_of: str | None,
) -> tuple[Risk, tuple[str, ...]]:
    """Return the data of one merchant's likelihood, and the touchpoints in the order of its codes.

    Raises
    ------
    ValueError
        If there is more than one merchant, or no order with a known person.
    """
    bought, usable = _of_persons(paths, touches, as_of)
    people = numbered(ibis.union(usable.select("person"), bought.select("person"), distinct=True), "person")
    orders = numbered(bought.select("order_id", "person", "paid_on").distinct(), "order_id")
    sold = orders.inner_join(people.select("person", who="number"), "person").order_by("number")
    sold = frame(sold.select("paid_on", person="who"))
    if sold.empty:
        raise ValueError("no order with a known person: there is nothing to fit")
    paid = pd.to_datetime(sold["paid_on"])
    sent = _counted(_known(usable.filter(~usable.touchpoint.isin(passive)), bought))
    dated = pd.to_datetime(sent["touched_on"])
    first = paid.min()
    end = (
        pd.Timestamp(as_of) if as_of else max([paid.max(), *([dated.max()] if len(dated) else [])]) + pd.Timedelta("1D")
    )
    length = max(int((end - first).days), 1)
    day = (paid - first).dt.days.to_numpy()
    sold["week"] = day // WEEK
    visits = _visits(usable.filter(usable.record == "session"), people, first, length)
    events = pd.concat([visits, sold[["person", "week"]].assign(n=1)], ignore_index=True)
    strata = activity_strata(events, sold, int(people.count().execute()), length, _intent(intent, people))
    daily = len(sold) >= 20 * length
    names = tuple(sorted(sent["touchpoint"].unique()))
    index = pd.Index(names)
    record = sent.groupby("touchpoint")["record"].agg("min") if len(sent) else pd.Series(dtype=str)
    profile = np.repeat(pd.factorize(record.reindex(index))[0] if names else np.zeros(0, int), 2)
    edges = np.append(lags, max(_longest(paths), lags[-1]) + 1)
    met = _met(bought.filter((bought.kind == "exposure") & ~bought.touchpoint.isin(passive)), bought, orders, names)
    lag = np.searchsorted(lags, met["days_before"], side="right") - 1
    begin = np.searchsorted(met["number"], np.arange(len(sold) + 1))
    cell = (met["code"].to_numpy() * len(lags) + lag).astype(np.int32)
    days = _spread(strata, length) if daily else strata.days
    return Risk(
        orders=orders.select("order_id", "number"),
        person=sold["person"].to_numpy(),
        place=strata.own * days.shape[1] + (day if daily else day // WEEK),
        met=sparse.csr_matrix((np.ones(len(met)), cell, begin), shape=(len(sold), 2 * len(names) * len(lags))),
        position=met["position"].to_numpy(np.int32),
        profile=profile,
        at_risk=_at_risk(sent, index, edges, first, end),
        days=days,
        edges=edges,
    ), names


def _of_persons(paths: ir.Table, touches: ir.Table, as_of: str | None) -> tuple[ir.Table, ir.Table]:
    """One merchant's orders and exposures of known persons, before the day where one is given."""
    bought, usable = paths.filter((paths.outcome == "order") & paths.person.notnull()), exposures(touches)
    if as_of is not None:
        bought = bought.filter(bought.paid_on < ibis.date(as_of))
        usable = usable.filter(usable.touched_on < ibis.date(as_of))
    if bought.merchant.nunique().execute() > 1:
        raise ValueError("the hazard is fitted to one merchant at a time; filter the paths first")
    return bought, usable.filter(usable.person.notnull())


def _counted(sent: ir.Table) -> pd.DataFrame:
    """Exposures a touchpoint, kind of record, day and sort of person, and how many of them bear an hour."""
    timed = (sent.touched_at != sent.touched_on.cast("timestamp(6)")).cast("int64").sum()
    days = sent.group_by(["touchpoint", "record", "touched_on", "known"])
    return frame(days.aggregate(n=sent.touch_id.count(), timed=timed))


def _visits(signs: ir.Table, people: ir.Table, first: pd.Timestamp, length: int) -> pd.DataFrame:
    """One row per person and week with a visit: person, week, n; visits before the first order count in its week."""
    day = signs.touched_on.delta(ibis.date(str(first.date())), unit="day").clip(0, length - 1)
    weekly = signs.mutate(week=(day // WEEK).cast("int64")).inner_join(people, "person")
    return frame(weekly.group_by(person=weekly.number, week=weekly.week).aggregate(n=weekly.count()))


def _met(met: ir.Table, bought: ir.Table, orders: ir.Table, names: tuple[str, ...]) -> pd.DataFrame:
    """One row per exposure of an order: number (the order's), position, code, days_before."""
    codes = pd.DataFrame({"touchpoint": list(names), "place": range(len(names))})
    known = ibis.memtable(codes, schema=ibis.schema({"touchpoint": "string", "place": "int64"}))
    rows = _known(met, bought).inner_join(known, "touchpoint")
    rows = rows.inner_join(orders.select("order_id", "number"), "order_id")
    rows = rows.select("number", "position", "days_before", code=2 * rows.place + rows.known)
    return frame(rows.order_by("number", "position"))


def _longest(paths: ir.Table) -> int:
    found = paths.filter(paths.outcome == "order").days_before.max().execute()
    return 30 if found is None or pd.isna(found) else max(int(found), 1)


def _intent(intent: Any, people: ir.Table) -> np.ndarray | None:
    if intent is None:
        return None
    names = frame(people.order_by("number"))["person"]
    given = intent if isinstance(intent, pd.DataFrame) else frame(intent)
    score = given.drop_duplicates("person").set_index("person")["intent"].reindex(names).astype(float)
    return score.fillna(score.median()).to_numpy()


def _known(touched: ir.Table, bought: ir.Table) -> ir.Table:
    """Add ``known``: 1 where the person had bought before the day of the touch.

    A message to a stranger and one to a customer differ, and most strangers never come: one rate
    for both would hide what the message does to customers.
    """
    first = bought.group_by("person").aggregate(first_on=bought.paid_on.min())
    joined = touched.left_join(first, "person")
    return joined.select(
        *[joined[c] for c in touched.columns],
        known=(joined.first_on < joined.touched_on).fill_null(False).cast("int64"),
    )


def _at_risk(
    sent: pd.DataFrame, index: pd.Index, edges: np.ndarray, first: pd.Timestamp, end: pd.Timestamp
) -> np.ndarray:
    """Touch-days by code and lag: how long each touch was watched in each delay.

    Days before the first known order are not watched; on its own day a touch with a time of day is
    watched for half a day on average.
    """
    on = pd.to_datetime(sent["touched_on"])
    begin, left = (np.clip((day - on).dt.days.to_numpy()[:, None], 0, None) for day in (first, end))
    watched = np.clip(np.minimum(left, edges[1:]) - np.maximum(begin, edges[:-1]), 0, None).astype(float)
    watched *= sent["n"].to_numpy(float)[:, None]
    watched[:, 0] -= 0.5 * sent["timed"].to_numpy(float) * (watched[:, 0] > 0)
    code = 2 * index.get_indexer(sent["touchpoint"]) + sent["known"].to_numpy(int)
    return np.stack([np.bincount(code, watched[:, i], 2 * len(index)) for i in range(len(edges) - 1)], axis=1)


def _spread(strata: Strata, length: int) -> np.ndarray:
    week = np.arange(length) // WEEK
    width = np.minimum(WEEK, length - WEEK * np.arange(strata.days.shape[1]))
    return (strata.days / width)[:, week]
