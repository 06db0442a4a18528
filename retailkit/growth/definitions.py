"""Was it counted the same way all along: levels that break in one series and not in its partner.

Sales, orders and visits of a merchant move together when business moves. Where one of them
jumps between two weeks for good and its partner does not, the likely reason is a changed
definition (gross for net, fen for yuan, page views for visitors, split orders), not business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from retailkit.growth.calendar import bounds, mondays
from retailkit.growth.fit import Array
from retailkit.growth.levels import best_count, levels
from retailkit.schema.given import given
from retailkit.spoken import signed

if TYPE_CHECKING:
    from ibis.expr.types import Table

COLUMNS = ("week", "series", "partner", "size", "partner_moved", "finding", "finding_zh")
PAIRS = (("gmv", "orders"), ("orders", "gmv"), ("visits", "orders"))
"""A series that may have changed its definition, and the partner that would move with real business."""

SMALLEST = 0.25
"""Log size of a break below which prices, assortment or season explain it as well."""

PENALTY = 25.0
"""Cost of a break in units of the noise: five standard errors of a single week."""

FLAT = 1 / 3
"""A partner that moves by less than this part of the break stayed where it was."""

BESIDE = 4
"""Weeks on each side of a break whose means are compared."""

LOOKS_BACK = pd.Timedelta(weeks=55)
"""How far back last year's day of a week may lie: a year, and three weeks for the lunar new year."""

NAMES = {"gmv": ("sales", "销售额"), "orders": ("orders", "订单数"), "visits": ("visits", "访问量")}


def daily_visits(sessions: Table, totals: Table) -> pd.DataFrame:
    """One row per merchant and day: visits, from sessions, else from the visitors that a source states.

    Columns ``merchant, day, visits``; empty where neither is on record.
    """
    sessions = given(sessions, "sessions", ("started_on", "session_id"))
    totals = given(totals, "daily_totals", ("day", "visitors"))
    seen = sessions.group_by(["merchant", "started_on"]).aggregate(visits=sessions.session_id.count()).execute()
    seen = seen.rename(columns={"started_on": "day"})
    stated = totals.filter(totals.visitors.notnull()).group_by(["merchant", "day"])
    others = stated.aggregate(visits=lambda t: t.visitors.max()).execute()
    others = others[~others["merchant"].isin(seen["merchant"])]
    both = pd.concat([t for t in (seen, others) if len(t)] or [seen.reindex(columns=["merchant", "day", "visits"])])
    return both.assign(day=pd.to_datetime(both["day"])).sort_values(["merchant", "day"], ignore_index=True)


def definition_breaks(weekly: pd.DataFrame, merchant: str, visits: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per week from which a series of the merchant seems to be counted otherwise.

    Parameters
    ----------
    weekly : see ``weekly_panel``; festival weeks are left out.
    visits : see ``daily_visits``; left out, only sales and orders are compared.

    Returns
    -------
    DataFrame ``week, series, partner, size, partner_moved, finding, finding_zh``: ``size`` and
    ``partner_moved`` are the jumps of both in logs over the weeks beside the break. Only jumps
    of at least 25% in one week that last, while the partner stays, are rows.
    """
    weeks = _whole_weeks(weekly)
    series = _with_visits(weeks[weeks["merchant"] == merchant], merchant, visits)
    return pd.DataFrame(_changes(series), columns=list(COLUMNS))


def breaks_of_all(weekly: pd.DataFrame, merchants: Sequence[str]) -> pd.DataFrame:
    """The rows of ``definition_breaks`` of several merchants and donors, ``merchant`` first; without visits."""
    own = dict(list(_whole_weeks(weekly).groupby("merchant")))
    rows = [(m, *row) for m in dict.fromkeys(merchants) if m in own for row in _changes(_with_visits(own[m], m))]
    return pd.DataFrame(rows, columns=["merchant", *COLUMNS])


def since_last_change(weekly: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    """The same panel, without the logs of weeks that stand before a merchant's last change of definition.

    Amounts stay as they are. A missing log beside a positive amount is what says to the estimators
    that the week was counted otherwise: a merchant's or donor's history then begins at the change,
    and one that changes inside the programme has no estimate and makes no donor.

    Parameters
    ----------
    weekly : see ``weekly_panel``; also the weeks that look back on a week before the change lose last year's log.
    breaks : see ``breaks_of_all``; those after the programme change nothing.
    """
    if weekly.empty or breaks.empty:
        return weekly
    out = weekly.copy()
    end = weekly.loc[weekly["phase"] != "after", "week"].max()
    known = breaks[pd.to_datetime(breaks["week"]) <= end]
    for series in ("gmv", "orders"):
        last = known[known["series"] == series].groupby("merchant")["week"].max()
        since = pd.to_datetime(out["merchant"].map(last.to_dict()))
        out.loc[out["week"] < since, f"log_{series}"] = np.nan
        if series == "gmv":
            out.loc[out["week"] < since + LOOKS_BACK, "log_last_year"] = np.nan
    return out


def across(changes: pd.DataFrame, baseline: Any) -> pd.DataFrame:
    """Those changes of sales or orders that lie after the first day of the period before: a headline compares across them."""
    first, _ = bounds(baseline)
    return changes[changes["series"].isin(["gmv", "orders"]) & ~(changes["week"] <= first)]


def counted_otherwise(
    breaks: pd.DataFrame, merchants: Sequence[str], baseline: Any, series: Sequence[str] = ("gmv",)
) -> pd.Series:
    """Merchant -> the week from which its sales seem to be counted otherwise, for those of whom a headline compares over it.

    ``breaks``: see ``breaks_of_all``. Changes of sales count, after the first day of the period before;
    orders that are split or joined leave sales as they are, and count only where ``series`` names them.
    """
    none = pd.Series(dtype="datetime64[ns]")
    if baseline is None or breaks.empty:
        return none
    sales = across(breaks[breaks["series"].isin(series) & breaks["merchant"].isin(merchants)], baseline)
    return sales.groupby("merchant")["week"].min() if len(sales) else none


def _whole_weeks(weekly: pd.DataFrame) -> pd.DataFrame:
    """Logs of all merchants' mean days by week, festival weeks and cut weeks left out."""
    kept = weekly[(weekly["festival"].fillna("") == "") & (weekly["days"] >= 4)].drop_duplicates(["merchant", "week"])
    kept = kept[["merchant", "week", "log_gmv", "log_orders"]]
    return kept.rename(columns={"log_gmv": "gmv", "log_orders": "orders"})


def _with_visits(weeks: pd.DataFrame, merchant: str, visits: pd.DataFrame | None = None) -> pd.DataFrame:
    """One merchant's weeks as an index, with the log of its mean visits where any are given."""
    out = weeks.set_index("week")[["gmv", "orders"]]
    if visits is None or not (visits["merchant"] == merchant).any():
        return out
    days = visits[visits["merchant"] == merchant]
    mean = days.groupby(mondays(days["day"]))["visits"].agg(["mean", "size"])
    whole = mean.loc[(mean["size"] == 7) & (mean["mean"] > 0), "mean"].astype(float)
    return out.join(np.log(whole).rename("visits"))


def _changes(series: pd.DataFrame) -> list[tuple[object, ...]]:
    """The rows of ``definition_breaks``, by week and series."""
    pairs = [(name, partner) for name, partner in PAIRS if {name, partner} <= set(series.columns)]
    rows = [row for name, partner in pairs for row in _breaks(series[[name, partner]].dropna(), name, partner)]
    return sorted(rows, key=lambda row: row[:2])


def _breaks(pair: pd.DataFrame, name: str, partner: str) -> list[tuple[object, ...]]:
    if len(pair) < 2 * BESIDE or pair[partner].std() < 1e-9:
        return []  # a partner that never moves tells nothing
    found = levels((pair[name] - pair[partner]).to_numpy(float))
    rows: list[tuple[object, ...]] = []
    for at in found.starts[best_count(found, PENALTY)]:
        own, other = (_jump(pair[c].to_numpy(float), at) for c in (name, partner))
        if abs(own) < SMALLEST or abs(other) > FLAT * abs(own):
            continue
        week = pair.index[at]
        (en, zh), (their_en, their_zh) = NAMES[name], NAMES[partner]
        moved, stayed = signed(np.expm1(own)), signed(np.expm1(other))
        rows.append((
            week, name, partner, own, other,
            f"from the week of {week:%Y-%m-%d} {en} jump by {moved} for good while {their_en} move by {stayed}: "
            f"{en} seem to be counted otherwise",
            f"自 {week:%Y-%m-%d} 当周起{zh}持续跳变 {moved}，而{their_zh}仅变 {stayed}：{zh}的口径可能已改变",
        ))  # fmt: skip
    return rows


def _jump(values: Array, at: int) -> float:
    """Mean of the weeks after less mean of the weeks before, up to four on each side."""
    return float(values[at : at + BESIDE].mean() - values[max(at - BESIDE, 0) : at].mean())


def definitions_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say which series changed its definition, and from when."""
    if table.empty:
        return "未见口径变化。" if lang == "zh" else "No series changed its definition, as far as levels can tell."
    found = table["finding_zh" if lang == "zh" else "finding"].tolist()
    text = ("；" if lang == "zh" else "; ").join(found)
    return f"{text}。" if lang == "zh" else f"{text[0].upper()}{text[1:]}."
