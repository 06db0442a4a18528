"""What the hazard reads: orders, the exposures before them, and how long everybody was at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.intent import WEEK, Strata, activity_strata
from retailkit.attribute.tables import frame


@dataclass(frozen=True)
class Risk:
    """What the likelihood reads: one entry per order, one per order and exposure, and times at risk."""

    order_id: np.ndarray
    person: np.ndarray  # per order, index of persons
    stratum: np.ndarray  # per order
    span: np.ndarray  # per order, index of the season's week or day
    owner: np.ndarray  # per exposure row, index of its order
    position: np.ndarray  # per exposure row, place in the path
    touchpoint: np.ndarray  # per exposure row
    code: np.ndarray  # per exposure row: twice its touchpoint, plus 1 where the person had bought before the touch
    lag: np.ndarray  # per exposure row
    profile: np.ndarray  # per code, index of its delay profile
    at_risk: np.ndarray  # touch-days by code and lag
    days: np.ndarray  # person-days by stratum and span
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
    bought = paths.filter((paths.outcome == "order") & paths.person.notnull())
    if as_of is not None:
        bought, touches = (
            t.filter(t[day] < ibis.date(as_of)) for t, day in ((bought, "paid_on"), (touches, "touched_on"))
        )
    sold = frame(bought.select("merchant", "order_id", "person", "paid_on").distinct().order_by("order_id"))
    if len(set(sold["merchant"])) > 1:
        raise ValueError("the hazard is fitted to one merchant at a time; filter the paths first")
    if sold.empty:
        raise ValueError("no order with a known person: there is nothing to fit")
    met = bought.filter((bought.kind == "exposure") & ~bought.touchpoint.isin(passive))
    met = frame(
        _known(met, bought)
        .select("order_id", "position", "touchpoint", "days_before", "known")
        .order_by("order_id", "position")
    )
    usable = touches.filter((touches.kind == "exposure") & touches.role.isin(("touch", "direct")))
    usable = usable.filter(usable.person.notnull())
    sent = _known(usable.filter(~usable.touchpoint.isin(passive)), bought)
    timed = (sent.touched_at != sent.touched_on.cast("timestamp(6)")).cast("int64").sum()
    sent = frame(
        sent.group_by(["touchpoint", "record", "touched_on", "known"]).aggregate(n=sent.touch_id.count(), timed=timed)
    )
    signs = usable.filter(usable.record == "session").select("person", on="touched_on")
    crowd = frame(usable.select("person").distinct())
    people = pd.Index(np.unique(np.concatenate([crowd["person"].astype(object), sold["person"].astype(object)])))
    paid = pd.to_datetime(sold["paid_on"])
    dated = pd.to_datetime(sent["touched_on"])
    first = paid.min()
    end = (
        pd.Timestamp(as_of) if as_of else max([paid.max(), *([dated.max()] if len(dated) else [])]) + pd.Timedelta("1D")
    )
    length = max(int((end - first).days), 1)
    visits = frame(signs)
    event = np.concatenate([people.get_indexer(sold["person"]), people.get_indexer(visits["person"])])
    on = np.concatenate([(paid - first).dt.days, (pd.to_datetime(visits["on"]) - first).dt.days]).astype(int)
    strata = activity_strata(event, np.clip(on, 0, length - 1), len(people), length, _intent(intent, people))
    daily = len(sold) >= 20 * length
    names = tuple(sorted(sent["touchpoint"].unique()))
    index = pd.Index(names)
    record = sent.groupby("touchpoint")["record"].agg("min") if len(sent) else pd.Series(dtype=str)
    profile = np.repeat(pd.factorize(record.reindex(index))[0] if names else np.zeros(0, int), 2)
    touchpoint = index.get_indexer(met["touchpoint"])
    edges = np.append(lags, max(_longest(paths), lags[-1]) + 1)
    day = (paid - first).dt.days.to_numpy()
    owner = pd.Index(sold["order_id"]).get_indexer(met["order_id"])
    return Risk(
        order_id=sold["order_id"].to_numpy(object),
        person=event[: len(sold)],
        stratum=strata.level[np.minimum(day // WEEK, len(strata.level) - 1), event[: len(sold)]].astype(np.int64),
        span=day if daily else day // WEEK,
        owner=owner,
        position=met["position"].to_numpy(int),
        touchpoint=touchpoint,
        code=2 * touchpoint + met["known"].to_numpy(int),
        lag=np.searchsorted(lags, met["days_before"].to_numpy(int), side="right") - 1,
        profile=profile,
        at_risk=_at_risk(sent, index, edges, first, end),
        days=_spread(strata, length) if daily else strata.days,
        edges=edges,
    ), names


def _longest(paths: ir.Table) -> int:
    found = paths.filter(paths.outcome == "order").days_before.max().execute()
    return 30 if found is None or pd.isna(found) else max(int(found), 1)


def _intent(intent: Any, people: pd.Index) -> np.ndarray | None:
    if intent is None:
        return None
    given = intent if isinstance(intent, pd.DataFrame) else frame(intent)
    score = given.drop_duplicates("person").set_index("person")["intent"].reindex(people).astype(float)
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
