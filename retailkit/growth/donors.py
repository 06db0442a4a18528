"""Who may stand in for a merchant: complete weeks, and customers of their own.

A donor that shares customers with programme merchants is touched by the programme itself.
It is dropped where enough others remain; else it stays and its weight is printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from retailkit.growth.calendar import bounds
from retailkit.growth.fit import Array, Mask

AT_RISK_SHARE = 0.10
"""A donor with more than this share of its sales from the programme's customers is at risk."""

ENOUGH = 6
"""Donors from which weights may be learned; below it every donor counts the same."""

SHORTEST = 12
"""Weeks before the programme that any estimate needs."""

LONG = 56
"""Weeks before the programme that count as thirteen months."""


@dataclass(frozen=True)
class Matrix:
    """One merchant beside its donors: rows are weeks (cells), columns donors.

    ``y`` (T,), ``x`` (T, J) in logs; ``gmv`` and ``gmv_x`` the mean days behind them; ``pre``
    marks weeks before the programme; ``days`` the days in each cell. ``peers`` are the other
    merchants that started together, ``z`` (T, P) their logs, NaN where one has no week.
    """

    merchant: str
    donors: tuple[str, ...]
    weeks: pd.DataFrame
    y: Array
    x: Array
    gmv: Array
    gmv_x: Array
    pre: Mask
    days: Array
    peers: tuple[str, ...]
    z: Array


def later_invited(donors: Iterable[Any], programme: Any) -> list[str]:
    """Ids of the donors to take: those invited after the programme where there are enough, else all.

    Invited merchants grow faster than others with or without a programme, so merchants that
    were invited later are the fair comparison.

    Parameters
    ----------
    donors : records with ``id`` and ``invited`` (a date, or None for never).
    """
    everyone = list(donors)
    _, end = bounds(programme)
    later = [d for d in everyone if getattr(d, "invited", None) is not None and pd.Timestamp(d.invited) > end]
    return [d.id for d in (later if len(later) >= ENOUGH else everyone)]


def choose_donors(
    weekly: pd.DataFrame,
    merchant: str,
    candidates: Sequence[str],
    shared: pd.DataFrame | None = None,
    at_risk_share: float = AT_RISK_SHARE,
) -> pd.DataFrame:
    """One row per candidate: whether it is used as a donor, and why not.

    Donors need a whole log series from the week in which the merchant's (or enough donors')
    series begins to the end of the programme. At-risk donors are dropped where at least
    ``ENOUGH`` others remain. A candidate that is named twice counts once.

    Returns
    -------
    DataFrame ``donor, used, at_risk, shared_sales_share, first_week, reason``.
    """
    grid = _grid(weekly, "log_gmv")
    first = _first_whole(grid, [merchant, *candidates])
    table = pd.DataFrame({"donor": [c for c in dict.fromkeys(candidates) if c != merchant]}, dtype="object")
    table["first_week"] = [first.get(d, pd.NaT) for d in table["donor"]]
    share = {} if shared is None else dict(zip(shared["donor"], shared["shared_sales_share"], strict=True))
    table["shared_sales_share"] = [float(share.get(d, float("nan"))) for d in table["donor"]]
    table["at_risk"] = table["shared_sales_share"] > at_risk_share
    whole = table["first_week"].notna()
    start = common_start(first[merchant], table.loc[whole, "first_week"])
    table["used"] = whole & (pd.to_datetime(table["first_week"]) <= start) if start is not None else False
    safe = table["used"] & ~table["at_risk"]
    drop_risky = int(safe.sum()) >= ENOUGH
    changed, there = table["donor"].isin(_changed_inside(weekly)), table["donor"].isin(weekly["merchant"])
    table["reason"] = np.select(
        [~there, ~whole & changed, ~whole, ~table["used"] & (start is not None), table["at_risk"] & drop_risky],
        ["no sales on record of that name", "its sales seem to be counted otherwise inside the programme",
         "a week without sales, or closed, before the programme ended", "history starts too late",
         "shares customers with the programme"],
        "",
    )  # fmt: skip
    table["used"] = safe if drop_risky else table["used"]
    return table[["donor", "used", "at_risk", "shared_sales_share", "first_week", "reason"]]


def _changed_inside(weekly: pd.DataFrame) -> set[str]:
    """Merchants with a week of the programme that sold, and was counted otherwise (see ``since_last_change``)."""
    rows = weekly[(weekly["phase"] == "programme") & weekly["log_gmv"].isna()]
    odd = rows.groupby("merchant")["gmv"].min() > 0
    return set(odd.index[odd])


def common_start(merchant_first: pd.Timestamp, donors_first: pd.Series) -> pd.Timestamp | None:
    """First week of the study: the merchant's own, moved later until enough donors are there."""
    if pd.isna(merchant_first):
        return None
    starts = pd.to_datetime(donors_first).clip(lower=merchant_first).sort_values()
    if starts.empty:
        return merchant_first
    return starts.iloc[min(ENOUGH, len(starts)) - 1]


def matrix(
    weekly: pd.DataFrame, merchant: str, donors: Sequence[str], column: str = "log_gmv", peers: Sequence[str] = ()
) -> Matrix:
    """Return the merchant's and its donors' weeks as arrays, from the first week all have.

    Parameters
    ----------
    peers : merchants that started together with this one; those without any week are left out.

    Raises
    ------
    ValueError
        If the merchant has no whole series up to the end of the programme.
    """
    others = [p for p in peers if p not in {merchant, *donors}]
    rows = weekly[weekly["merchant"].isin([merchant, *donors, *others])]
    grid = _grid(rows, column)
    starts = _first_whole(grid, [merchant, *donors])
    missing = [name for name, start in starts.items() if pd.isna(start)]
    if missing:
        raise ValueError(f"no whole weekly series up to the end of the programme for {', '.join(missing)}")
    grid = grid[grid.index.get_level_values("week") >= max(starts.values())]
    money = _grid(rows, "gmv").reindex(grid.index)
    own = rows[rows["merchant"] == merchant].set_index(["week", "phase"])[["days", "festival"]].reindex(grid.index)
    span = own["days"]
    weeks = own.reset_index()[["week", "phase", "days", "festival"]]
    pre = (weeks["phase"] == "before").to_numpy()
    names, there = list(donors), [p for p in others if p in grid]
    return Matrix(
        merchant, tuple(names), weeks, grid[merchant].to_numpy(float), grid[names].to_numpy(float),
        money[merchant].to_numpy(float), money[names].to_numpy(float), pre, span.to_numpy(float),
        tuple(there), grid[there].to_numpy(float),
    )  # fmt: skip


def _grid(weekly: pd.DataFrame, column: str) -> pd.DataFrame:
    """One row per week and phase, in order, one column per merchant; the pivot, at a third of its time."""
    rows = weekly[(weekly["phase"] != "after").to_numpy()]
    codes, merchants = pd.factorize(rows["merchant"], sort=True)
    weeks, week_of = np.unique(rows["week"].to_numpy(), return_inverse=True)
    inside = (rows["phase"] == "programme").to_numpy().astype(int)
    cells, at = np.unique(2 * week_of + inside, return_inverse=True)
    values = np.full((len(cells), len(merchants)), np.nan)
    values[at, codes] = rows[column].to_numpy(float)
    index = pd.MultiIndex(
        [pd.DatetimeIndex(weeks), ["before", "programme"]], [cells // 2, cells % 2], names=["week", "phase"]
    )
    return pd.DataFrame(values, index, pd.Index(merchants, name="merchant"))


def _first_whole(grid: pd.DataFrame, names: Sequence[str]) -> dict[str, pd.Timestamp]:
    """First week from which each series has no hole; NaT where the programme has one."""
    weeks, inside = grid.index.get_level_values("week"), grid.index.get_level_values("phase") == "programme"
    there = [name for name in names if name in grid]
    holes = grid[there].isna().to_numpy()
    out = dict.fromkeys(names, pd.NaT)
    if not inside.any():
        return out
    # the last hole counts, read from the end; argmax of an all-False column is 0, so count those apart
    last = len(holes) - 1 - np.argmax(holes[::-1], axis=0) if len(there) else np.empty(0, dtype=int)
    for k, name in enumerate(there):
        if not holes[inside, k].any():
            out[name] = weeks[int(last[k]) + 1 if holes[:, k].any() else 0]
    return out
