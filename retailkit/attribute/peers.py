"""Which touchpoints are operated, which neglected: a merchant's conversion beside its peers'."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.tables import as_table, frame, with_person
from retailkit.schema.given import takes_frames
from retailkit.shares import wilson
from retailkit.spoken import several

ENOUGH = 30
"""Persons reached that make a rate; a merchant with fewer is not judged, and no peer to others."""

DRAWS = 500
"""Draws of each peer's rate behind the interval of their median."""

COLUMNS = ("merchant", "touchpoint", "kind", "persons", "buyers", "conversion")


@takes_frames
def conversions(touches: ir.Table, orders: Any, persons: Any = None, look_back_days: int = 30) -> pd.DataFrame:
    """One row per merchant and exposure touchpoint: persons reached, buyers within the look-back, conversion.

    Returns of a person's own accord are no touchpoint that somebody could operate: they are left out.

    Parameters
    ----------
    touches : of :func:`touches`, of all merchants that are compared
    orders, persons : canonical tables
    look_back_days : a person counts as buyer who ordered after a touch, on its day or up to so many days later
    """
    met = touches.filter((touches.kind == "exposure") & (touches.role == "touch") & touches.person.notnull())
    met = met.group_by("merchant", "person", "touchpoint", "touched_on").aggregate(since=met.touched_at.min()).cache()
    sale = with_person(as_table(orders, "orders"), as_table(persons, "persons"))
    sale = sale.filter(sale.person.notnull())
    sale = sale.group_by("merchant", "person", "paid_on").aggregate(until=sale.paid_at.max())
    both = met.inner_join(sale, ["merchant", "person"])
    soon = (both.touched_on <= both.paid_on) & (both.touched_on >= both.paid_on - ibis.interval(days=look_back_days))
    soon = soon & (both.since <= both.until)  # the same rule as in paths: no touch wins an order paid before it
    key = ["merchant", "touchpoint"]
    bought = both.filter(soon).group_by(key).aggregate(buyers=both.person.nunique())
    reached = met.group_by(key).aggregate(persons=met.person.nunique())
    table = frame(reached).merge(frame(bought), on=key, how="left").sort_values(key, ignore_index=True)
    table["buyers"] = table["buyers"].astype(float).fillna(0.0).astype("int64")
    table = table.assign(kind="exposure", conversion=table["buyers"] / table["persons"])
    return table[list(COLUMNS)]


def potential(reached: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """One row per merchant and exposure touchpoint: is it operated, neglected, or like its peers?

    ``reached`` holds :func:`conversions`, or :func:`touchpoint_ledger` rows, of all merchants of a
    cohort. ``peers`` is the median conversion of the *other* merchants that reached at least 30
    persons there, ``potential_buyers`` what that conversion would add (never below 0) with
    ``potential_low`` and ``potential_high``; ``low`` and ``high`` are the Wilson interval of the
    merchant's own conversion. Verdict: ``neglected`` where the whole interval of the gap stands below the peers',
    ``operated`` where above, ``like its peers`` between, ``too few`` where it reached fewer than 30
    persons, ``not used`` where only peers have it, ``no peers`` where no other merchant has a rate.

    Notes
    -----
    The peers' median is an estimate too, and where peers are few or small the rougher of the two: its interval
    (``peers_low, peers_high``) comes from 500 draws of each peer's rate, and the gap's from both (Zou and Donner
    2008). The merchant's own interval alone calls two merchants in three unlike one small peer that is its like.
    """
    known = reached[(reached["kind"] == "exposure") & (reached["persons"] > 0)]
    pairs = pd.MultiIndex.from_product([sorted(set(reached["merchant"])), sorted(set(known["touchpoint"]))])
    table = known.set_index(["merchant", "touchpoint"])[["persons", "buyers", "conversion"]].reindex(pairs)
    table = table.rename_axis(["merchant", "touchpoint"]).reset_index().fillna({"persons": 0, "buyers": 0})
    n, buyers = table["persons"].where(table["persons"] > 0), table["buyers"].clip(upper=table["persons"])
    p = buyers / n
    low, high = wilson(buyers, n, level)
    rated = table[table["persons"] >= ENOUGH]
    middles = pd.concat([_medians(table[table["touchpoint"] == t], rated, t, level) for t in sorted(set(table["touchpoint"]))] or
                        [pd.DataFrame(columns=["peers", "peers_low", "peers_high"], dtype=float)])  # fmt: skip
    table = table.assign(low=low, high=high).join(middles)
    gap = table["peers"] - p
    least = gap - np.hypot(table["high"] - p, table["peers"] - table["peers_low"])
    most = gap + np.hypot(p - table["low"], table["peers_high"] - table["peers"])
    for name, end in (("potential_buyers", gap), ("potential_low", least), ("potential_high", most)):
        table[name] = (end * n).clip(lower=0)
    verdict = pd.Series("like its peers", index=table.index, dtype=object)
    verdict[least > 0] = "neglected"
    verdict[most < 0] = "operated"
    verdict[n < ENOUGH] = "too few"
    verdict[n.isna()] = "not used"
    verdict[table["peers"].isna() & ~n.isna()] = "no peers"
    return table.assign(verdict=verdict)


def _medians(table: pd.DataFrame, rated: pd.DataFrame, touchpoint: str, level: float) -> pd.DataFrame:
    """Median conversion of the other rated merchants at one touchpoint with its interval, one row per row of ``table``."""
    own = rated[rated["touchpoint"] == touchpoint]
    buyers = own["buyers"].clip(upper=own["persons"]).to_numpy(float)
    drawn = np.random.default_rng(0).beta(
        buyers + 0.5, own["persons"].to_numpy(float) - buyers + 0.5, (DRAWS, len(own))
    )
    rows = []
    for merchant in table["merchant"]:
        others = (own["merchant"] != merchant).to_numpy()
        if not others.any():
            rows.append([np.nan] * 3)
            continue
        middle = float(np.median(own["conversion"].to_numpy(float)[others]))
        ends = np.quantile(np.median(drawn[:, others], axis=1), [(1 - level) / 2, (1 + level) / 2])
        rows.append([middle, min(middle, ends[0]), max(middle, ends[1])])
    return pd.DataFrame(rows, index=table.index, columns=["peers", "peers_low", "peers_high"])


def potential_sentence(table: pd.DataFrame, merchant: str, lang: str = "en") -> str:
    """Say which touchpoints of one merchant convert below or above its peers, and what the gap is worth."""
    own = table[table["merchant"] == merchant]
    told = own[~own["verdict"].isin(("no peers", "not used", "too few"))]
    if told.empty:
        return _untold(own, lang)
    weak = told[told["verdict"] == "neglected"].sort_values("potential_buyers", ascending=False)
    strong = told.loc[told["verdict"] == "operated", "touchpoint"]
    unused = own.loc[own["verdict"] == "not used", "touchpoint"]
    stop = "。" if lang == "zh" else "."
    parts = []
    if len(weak):
        best = weak.iloc[0]
        name = touchpoint_title(best["touchpoint"], lang)
        figures = (f"{best['conversion']:.0%}", f"{best['peers']:.0%}")
        more = (f"{best['potential_buyers']:,.0f}", f"{best['potential_low']:,.0f}", f"{best['potential_high']:,.0f}")
        if lang == "zh":
            parts.append(
                f"{name}被忽视：触达者中{figures[0]}购买，同行为{figures[1]}；"
                f"若达到同行水平可多{more[0]}位买家（90%区间{more[1]}至{more[2]}）"
            )
        else:
            parts.append(
                f"{name} is neglected: {figures[0]} of those reached bought, {figures[1]} at its peers; at their rate "
                f"it would bring {several(best['potential_buyers'], 'more buyer')} (90% interval {more[1]} to {more[2]})"
            )
    if 1 < len(weak) < len(told):
        parts.insert(
            0,
            f"{len(told)}个触点中{len(weak)}个低于同行"
            if lang == "zh"
            else f"{len(weak)} of {len(told)} touchpoints convert below the peers'",
        )
    if len(weak) == len(told) > 2:
        parts.insert(
            0,
            f"全部{len(told)}个触点均低于同行：问题更可能在商品或客群，而不在单个触点"
            if lang == "zh"
            else f"All {len(told)} touchpoints convert below the peers': look at the offer and at whom it meets before "
            "any single touchpoint",
        )
    for rows, en, zh in (
        (strong, "Above its peers", "优于同行"),
        (unused, "Used by peers alone", "仅同行使用"),
    ):
        if len(rows):
            names = [touchpoint_title(t, lang) for t in rows.head(4)]
            parts.append(f"{zh}：{'、'.join(names)}" if lang == "zh" else f"{en}: {', '.join(names)}")
    if not parts:
        return "各触点转化与同行相当。" if lang == "zh" else "All its touchpoints convert like its peers'."
    return (stop if lang == "zh" else ". ").join(parts) + stop


def _untold(own: pd.DataFrame, lang: str) -> str:
    """Why no touchpoint of a merchant stands beside its peers'."""
    reached = own[own["persons"] > 0]
    if reached.empty:
        if lang == "zh":
            return "该商家没有触达任何人的曝光触点，无法与同行比较。"
        return "This merchant reached nobody at a touchpoint, so nothing can be compared with its peers."
    if (reached["verdict"] == "too few").all():
        if lang == "zh":
            return f"该商家在各触点触达的人都不足{ENOUGH}人，转化率无从比较。"
        return f"This merchant reached fewer than {ENOUGH} persons at every touchpoint: too few to compare rates."
    if lang == "zh":
        return f"没有其他商家在同样的触点触达{ENOUGH}人以上，无法比较。"
    return (
        f"No other merchant of the cohort reached {ENOUGH} persons at the same touchpoints, so nothing can be compared."
    )
