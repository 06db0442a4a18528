"""Where a person stands between the first order and being lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.errors import refuse_several
from retailkit.segment.features import person_orders
from retailkit.spoken import said

STATES = ("new", "active", "reactivated", "at_risk", "dormant", "lost")
NOT_YET = "not_yet"
STATE_TITLES = {
    "en": {
        "not_yet": "Not yet a buyer", "new": "New", "active": "Active", "reactivated": "Reactivated",
        "at_risk": "At risk", "dormant": "Dormant", "lost": "Lost",
    },
    "zh": {
        "not_yet": "尚未购买", "new": "新客", "active": "活跃", "reactivated": "唤回",
        "at_risk": "有流失风险", "dormant": "沉睡", "lost": "流失",
    },
}  # fmt: skip
ENOUGH_GAPS = 100


@dataclass(frozen=True)
class LifecycleDays:
    """Days without an order after which a buyer is at risk, dormant, lost; learned from ``gaps`` gaps."""

    at_risk: int
    dormant: int
    lost: int
    gaps: int
    learned: bool

    def sentence(self, lang: str = "en") -> str:
        """Say what the thresholds are and where they come from."""
        days = f"{self.at_risk}, {self.dormant} and {self.lost} days without an order"
        chinese = f"{self.at_risk}、{self.dormant}、{self.lost}天未购买分别视为有流失风险、沉睡、流失"
        if self.learned:
            return said(
                lang,
                f"A buyer is at risk, dormant and lost after {days}: quantiles of {self.gaps:,} gaps between orders.",
                f"{chinese}：取自{self.gaps:,}个复购间隔的分位数。",
            )
        return said(
            lang,
            f"A buyer counts as at risk, dormant and lost after {days}: defaults, as only {self.gaps} gaps were seen.",
            f"{chinese}：只有{self.gaps}个复购间隔，使用默认值。",
        )


@takes_frames
def lifecycle_days(
    orders: ibis.Table,
    persons: ibis.Table,
    as_of: str,
    quantiles: tuple[float, float, float] = (0.75, 0.9, 0.98),
    defaults: tuple[int, int, int] = (30, 90, 180),
) -> LifecycleDays:
    """Learn from a merchant's own gaps between purchase days when silence becomes news.

    ``quantiles`` of the completed gaps before ``as_of`` become the thresholds; gaps still open are not
    counted, so thresholds lean short while a merchant is young. Under 100 gaps the ``defaults`` hold.

    Raises
    ------
    SeveralMerchantsError
        If the orders are of several merchants.
    """
    spells = purchase_spells(orders, persons, as_of)
    counted = spells.group_by("merchant", "gap_days").agg(times=_.count()).to_pandas().sort_values("gap_days")
    refuse_several(counted["merchant"], "a lifecycle", "生命周期阈值")
    counted = counted[counted["gap_days"] > 0]
    total = int(counted["times"].sum())
    if total < ENOUGH_GAPS:
        return LifecycleDays(*defaults, gaps=total, learned=False)
    reached = np.cumsum(counted["times"].to_numpy()) / total
    found = counted["gap_days"].to_numpy()[np.searchsorted(reached, np.asarray(quantiles) - 1e-12)]
    risk = max(int(found[0]), 1)
    dormant = max(int(found[1]), risk + 1)
    return LifecycleDays(risk, dormant, max(int(found[2]), dormant + 1), gaps=total, learned=True)


def purchase_spells(orders: ibis.Table, persons: ibis.Table, as_of: str) -> ibis.Table:
    """One row per purchase day of a person: the days since the purchase day before and the next one.

    ``gap_days`` is null on the first purchase day, ``next_on`` on the last one.
    """
    days = person_orders(orders, persons, as_of).select("merchant", "person", "paid_on").distinct()
    window = ibis.window(group_by=["merchant", "person"], order_by="paid_on")
    spells = days.mutate(
        before_on=days.paid_on.lag().over(window),
        next_on=days.paid_on.lead().over(window),
        first_on=days.paid_on.min().over(ibis.window(group_by=["merchant", "person"])),
    )
    return spells.mutate(gap_days=spells.paid_on.delta(spells.before_on, unit="day").cast("int64"))


@takes_frames
def lifecycle_states(
    orders: ibis.Table, persons: ibis.Table, days: list[str], thresholds: LifecycleDays, as_of: str | None = None
) -> ibis.Table:
    """One row per merchant, person and day of ``days``: the ``state`` just before that day begins.

    - ``new``: first order at most ``at_risk`` days ago
    - ``reactivated``: came back at most ``at_risk`` days ago after a gap longer than ``dormant``
    - ``active``: last order at most ``at_risk`` days ago
    - ``at_risk``, ``dormant``, ``lost``: silent for longer, up to and beyond the thresholds

    Persons who had not bought before the day have no row for it.

    Parameters
    ----------
    days : ISO days; each sees only orders of earlier days.
    thresholds : from :func:`lifecycle_days`; the same for all days, so moves are the persons'.
    as_of : ISO day, by default the last of ``days``.
    """
    spells = purchase_spells(orders, persons, as_of or max(days))
    when = ibis.memtable(pa.table({"day": pa.array([date.fromisoformat(d) for d in sorted(days)], pa.date32())}))
    at = spells.cross_join(when)
    at = at.filter(at.paid_on < at.day, at.next_on.fill_null(at.day) >= at.day)
    silent = at.day.delta(at.paid_on, unit="day").cast("int64") - 1
    age = at.day.delta(at.first_on, unit="day").cast("int64") - 1
    state = ibis.cases(
        (silent > thresholds.lost, "lost"),
        (silent > thresholds.dormant, "dormant"),
        (silent > thresholds.at_risk, "at_risk"),
        (age <= thresholds.at_risk, "new"),
        (at.gap_days > thresholds.dormant, "reactivated"),
        else_="active",
    )
    return at.select("merchant", "person", "day", days_since_last=silent, state=state)


@takes_frames
def lifecycle_counts(states: ibis.Table) -> pd.DataFrame:
    """One row per merchant, day and state: ``persons``, their ``share`` of the buyers so far.

    ``place`` is the state's place in the order new ... lost.
    """
    frame = states.group_by("merchant", "day", "state").agg(persons=_.count()).to_pandas()
    frame["share"] = frame["persons"] / frame.groupby(["merchant", "day"])["persons"].transform("sum")
    rank = {name: place for place, name in enumerate(STATES)}
    frame["place"] = frame["state"].map(rank)
    return frame.sort_values(["merchant", "day", "place"]).reset_index(drop=True)
