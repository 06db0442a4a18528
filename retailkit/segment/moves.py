"""How persons move: between segments, between lifecycle states, and against the donors."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.intervals import poisson, share_interval
from retailkit.segment.lifecycle import NOT_YET, STATES
from retailkit.spoken import said

WARM, COLD = ("new", "active", "reactivated"), ("dormant", "lost")
RATES = {
    "kept": (WARM, WARM, "warm buyers who are still warm"),
    "won_back": (("at_risk",), WARM, "buyers at risk who bought again"),
    "woken": (COLD, WARM, "dormant and lost buyers who bought again"),
    "fell_asleep": (WARM, COLD, "warm buyers who went dormant or were lost"),
}
"""Rate -> from-states, to-states, meaning."""
RATE_TITLES = {
    "en": {
        "kept": "Warm buyers still warm", "won_back": "At risk, bought again", "woken": "Dormant or lost, bought again",
        "fell_asleep": "Warm buyers gone dormant", "new_buyers": "New buyers per buyer before",
    },
    "zh": {
        "kept": "活跃客户仍活跃", "won_back": "流失风险客户回购", "woken": "沉睡流失客户回购",
        "fell_asleep": "活跃客户转沉睡", "new_buyers": "新客与原客户之比",
    },
}  # fmt: skip
ENOUGH = 20  # persons a merchant needs in the from-states for its rate to count


def moves_start(since: str, programme, as_of: str, default_days: int = 90) -> str:
    """Return the day moves are counted from: ``since`` if given, else the programme's first day, else 90 days ago.

    >>> moves_start("", None, "2018-01-01")
    '2017-10-03'
    """
    if since:
        return since
    if programme is not None and str(programme.start) < as_of:
        return str(programme.start)
    return (date.fromisoformat(as_of) - timedelta(days=default_days)).isoformat()


@takes_frames
def segment_moves(before: ibis.Table, after: ibis.Table, level: float = 0.9) -> pd.DataFrame:
    """One row per merchant, from-segment and to-segment: persons, share of the from-segment, interval.

    Both tables come from ``rfm_segments`` with the *same* model; otherwise the edges move too. Who is
    only in ``after`` comes from ``not_yet``; nobody leaves, as a buyer stays a buyer.
    """
    old = before.select("merchant", "person", from_segment=before.segment)
    new = after.select("merchant", "person", to_segment=after.segment)
    joined = new.left_join(old, ["merchant", "person"])
    counted = (
        joined.mutate(from_segment=joined.from_segment.fill_null(NOT_YET))
        .group_by("merchant", "from_segment", "to_segment")
        .agg(persons=_.count())
        .to_pandas()
    )
    moves = _with_shares(counted, ["merchant", "from_segment"], level)
    return moves.sort_values(["merchant", "from_segment", "to_segment"], ignore_index=True)


@takes_frames
def lifecycle_moves(states: ibis.Table, level: float = 0.9) -> pd.DataFrame:
    """One row per merchant, day, from-state and to-state: persons who went from one to the other.

    ``day`` is the later of two neighbouring days of ``states``; who had not bought by the earlier one
    comes from ``not_yet``. ``share`` is of the from-state's persons, with Wilson's interval; it is NaN
    from ``not_yet``, whose number nobody knows.
    """
    days = sorted(states.select("day").distinct().to_pyarrow()["day"].to_pylist())
    steps = ibis.memtable(
        pa.table({"earlier": pa.array(days[:-1], pa.date32()), "later": pa.array(days[1:], pa.date32())})
    )
    later = states.select("merchant", "person", "day", to_state=states.state).inner_join(steps, _.day == steps.later)
    earlier = states.select("merchant", "person", earlier=states.day, from_state=states.state)
    joined = later.left_join(earlier, ["merchant", "person", "earlier"])
    counted = (
        joined.mutate(from_state=joined.from_state.fill_null(NOT_YET))
        .group_by("merchant", "day", "from_state", "to_state")
        .agg(persons=_.count())
        .to_pandas()
    )
    moves = _with_shares(counted, ["merchant", "day", "from_state"], level)
    order = {state: place for place, state in enumerate((NOT_YET, *STATES))}
    by = ["merchant", "day", "from_state", "to_state"]
    return moves.sort_values(by, key=lambda c: c.map(order) if c.name in by[2:] else c, ignore_index=True)


def move_rates(moves: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """One row per merchant, day and rate (kept, won_back, woken, fell_asleep, new_buyers).

    ``persons`` of ``base`` persons made the move. ``new_buyers`` counts first orders for every buyer
    there was before: a ratio that may exceed 1, with the exact interval of a Poisson count.
    """
    rows = []
    for (merchant, day), here in moves.groupby(["merchant", "day"]):
        for rate, (sources, targets, _meaning) in RATES.items():
            start = here[here["from_state"].isin(sources)]
            made = start[start["to_state"].isin(targets)]
            rows.append((merchant, day, rate, int(made["persons"].sum()), int(start["persons"].sum())))
        outside = here["from_state"] == NOT_YET
        rows.append(
            (merchant, day, "new_buyers", int(here[outside]["persons"].sum()), int(here[~outside]["persons"].sum()))
        )
    rates = pd.DataFrame(rows, columns=["merchant", "day", "rate", "persons", "base"])
    rates["share"] = rates["persons"] / rates["base"].where(rates["base"] > 0)
    low, high = _ends(rates, level)
    return rates.assign(share_low=low, share_high=high)


def _ends(rates: pd.DataFrame, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of each rate's interval: Wilson's, for new buyers those of a Poisson count; NaN without a base."""
    base = rates["base"].where(rates["base"] > 0).to_numpy(float)
    shares = share_interval(rates["persons"].clip(upper=rates["base"]), rates["base"], level)
    counts = poisson(rates["persons"], level)
    new = (rates["rate"] == "new_buyers").to_numpy()
    low, high = (np.where(new, k / base, p) for k, p in zip(counts, shares, strict=True))
    return np.where(np.isnan(base), np.nan, low), np.where(np.isnan(base), np.nan, high)


def rates_against_donors(rates: pd.DataFrame, merchant: str, level: float = 0.9) -> pd.DataFrame:
    """One row per rate: the merchant's share and interval beside the donors' middle and spread.

    Only the last day of ``rates`` is compared. Donors with under 20 persons in the from-states are
    left out; ``donors_low`` and ``donors_high`` are the lowest and highest of the rest. ``place`` says above or
    below (the merchant's whole interval lies outside them: it moved unlike every donor by more than chance), within,
    or unknown (under three donors, or under 20 persons of the merchant's own). All rates are looked at together, so
    for the place each one's interval is widened as many times (Bonferroni).
    """
    last = rates[rates["day"] == rates["day"].max()] if len(rates) else rates
    own = last[last["merchant"] == merchant]
    others = last[(last["merchant"] != merchant) & (last["base"] >= ENOUGH)]
    spread = others.groupby("rate")["share"].agg(
        donors="count", donors_low="min", donors_median="median", donors_high="max"
    )
    table = own.drop(columns=["merchant", "day"]).merge(spread.reset_index(), on="rate", how="left")
    table["donors"] = table["donors"].fillna(0).astype(int)
    told = (table["donors"] >= 3) & (table["base"] >= ENOUGH)
    low, high = _ends(table, 1 - (1 - level) / max(int(told.sum()), 1))
    place = np.select(
        [~told, low > table["donors_high"], high < table["donors_low"]],
        ["unknown", "above", "below"],
        "within",
    )
    return table.assign(place=place)


def moves_sentence(against: pd.DataFrame, lang: str = "en") -> str:
    """Say which rates lie outside what the donors show, and that being outside is no cause."""
    if against.empty or against["base"].sum() == 0:
        return said(
            lang,
            "No buyer was known at the start of the period, so nobody could move.",
            "期初没有已知的购买人，无从流转。",
        )
    if (against["base"] < ENOUGH).all():
        return said(
            lang,
            f"Fewer than {ENOUGH} buyers were known at the start of the period: so few tell nothing against the donors.",
            f"期初已知的购买人不足{ENOUGH}人：人数过少，与对照商户比较没有意义。",
        )
    if (against["place"] == "unknown").all():
        return said(
            lang,
            "Fewer than three donors have enough buyers, so these moves stand alone, without comparison.",
            "购买人数足够的对照商户不到三家，只能看本商户流转，无法比较。",
        )
    outside = against[against["place"].isin(["above", "below"])]
    if outside.empty:
        return said(
            lang,
            "No rate that can be compared lies outside what the donors show over the same days by more than chance: "
            "nothing here sets this merchant apart.",
            "可比较的各项比率均未超出对照商户同期范围（或未超出偶然），本商户没有特别之处。",
        )
    names = RATE_TITLES[lang]
    parts = [
        said(
            lang,
            f"{names.get(row.rate, row.rate)} ({row.share:.0%}) lies {row.place} all {row.donors} donors "
            f"({row.donors_low:.0%} to {row.donors_high:.0%})",
            f"{names.get(row.rate, row.rate)}（{row.share:.0%}）{'高于' if row.place == 'above' else '低于'}"
            f"全部{row.donors}家对照商户（{row.donors_low:.0%}至{row.donors_high:.0%}）",
        )
        for row in outside.itertuples()
    ]
    beyond = f"{2 / (outside['donors'].min() + 1):.0%}"  # first or last of so many, where all are of one kind
    return said(
        lang,
        f"{'; '.join(parts)}. Merchants differ: of those of one kind up to {beyond} lie beyond so many others. That is a "
        "difference, not yet a cause: the growth chapter tests causes.",
        f"{'；'.join(parts)}。商户之间本有差异：同类商户中也有至多{beyond}会超出这么多家。这只是差异，尚不能说明原因：原因由增长一章检验。",
    )


def _with_shares(counted: pd.DataFrame, source: list[str], level: float) -> pd.DataFrame:
    """Moves with ``share`` of the rows they start from and Wilson's interval; NaN from outside."""
    start = counted.groupby(source)["persons"].transform("sum")
    low, high = share_interval(counted["persons"], start, level)
    known = (counted[source[-1]] != NOT_YET).to_numpy()
    return counted.assign(
        share=np.where(known, counted["persons"] / start, np.nan),
        share_low=np.where(known, low, np.nan),
        share_high=np.where(known, high, np.nan),
    )
