"""The headline: mean daily GMV in the programme against the period before.

"+376% on the period before" names neither the base window nor the pooling; here both are
printed: pooled (sum of the merchants' mean days), and the mean and median over merchants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from retailkit.growth.calendar import bounds, mondays
from retailkit.growth.panels import check_days

NOT_OVER = "the programme is not over"
"""How the reason begins where there is no headline yet."""


def mean_day(daily: pd.DataFrame, window: Any) -> pd.Series:
    """One value per merchant: mean daily net GMV in the window, minor units.

    Only merchants whose rows cover every day of the window are there; a merchant that opened
    or closed inside it, or whose record has a hole there, has no mean day to compare.
    """
    first, last = bounds(window)
    lost = holes(daily)
    lost = lost[(lost["first"] <= last) & (lost["last"] >= first)]
    daily = daily[~daily["merchant"].isin(lost["merchant"])]
    inside = daily[(daily["day"] >= first) & (daily["day"] <= last) & ~daily["partial"]]
    by = inside.groupby("merchant")["gmv"].agg(["mean", "size"])
    needed = (last - first).days + 1
    return by.loc[by["size"] == needed, "mean"].rename("gmv")


def holes(daily: pd.DataFrame, shortest: int = 7) -> pd.DataFrame:
    """One row per run of at least ``shortest`` days without an order, inside a merchant's record.

    A merchant that sells on most days does not fall silent for a week: it was closed, or an
    export is missing. The days are zeros in the panel, but they are not known to be zeros.
    Merchants that sell on fewer than half of their days have no holes, only rare orders.

    Returns
    -------
    DataFrame ``merchant, first, last, days``.
    """
    names = ["merchant", "first", "last", "days"]
    silent = daily["filled"].astype(bool)
    rows = daily[silent]
    if len(rows):
        rare = silent.groupby(daily["merchant"]).mean() > 0.5
        rows = rows[~rows["merchant"].map(rare)].sort_values(["merchant", "day"])
    if rows.empty:
        return pd.DataFrame(columns=names).astype({"first": "datetime64[us]", "last": "datetime64[us]"})
    new = (rows["merchant"] != rows["merchant"].shift()) | (rows["day"].diff() != pd.Timedelta(days=1))
    runs = rows.groupby(new.cumsum()).agg(
        merchant=("merchant", "first"), first=("day", "min"), last=("day", "max"), days=("day", "size")
    )
    return runs.loc[runs["days"] >= shortest, names].reset_index(drop=True)


def headlines(
    daily: pd.DataFrame, baseline: Any, programme: Any, merchants: list[str], otherwise: pd.Series | None = None
) -> pd.DataFrame:
    """One row per merchant: mean daily GMV before and in the programme, and the growth.

    Parameters
    ----------
    daily : see ``daily_panel``; merchants not in ``merchants`` are left out.
    otherwise : see ``counted_otherwise``; the two windows of these merchants count two things, so they
        have no headline.

    Returns
    -------
    DataFrame ``merchant, before, programme, growth, doubled, reason, note``: amounts in minor units
    a day, ``growth`` a fraction (1.0 = doubled), missing with a ``reason`` where a window is not
    covered or the period before sold nothing; ``note`` names a week of either window that sold
    zero or less, from which nobody should read a doubling (``doubled`` is missing).

    Raises
    ------
    ValueError
        If the two windows share a day, or the panel would be counted wrongly (see ``check_days``).
    """
    check_days(daily)
    if len(daily):
        _apart(baseline, programme)
    table = pd.DataFrame({"merchant": list(merchants)})
    table["before"] = table["merchant"].map(mean_day(daily, baseline)).astype(float)
    table["programme"] = table["merchant"].map(mean_day(daily, programme)).astype(float)
    planned = baseline is not None and programme is not None
    odd_windows = unlike(daily, (baseline, programme), otherwise) if planned else pd.Series(dtype=object)
    table.loc[table["merchant"].isin(odd_windows.index), ["before", "programme"]] = float("nan")
    valid = table["before"] > 0
    table["growth"] = (table["programme"] / table["before"] - 1).where(valid)
    odd = odd_weeks(daily, (baseline, programme)) if planned else pd.Series(dtype=object)
    table["note"] = table["merchant"].map(odd).astype("object").fillna("").where(table["growth"].notna(), "")
    sound = table["growth"].notna() & (table["note"] == "")
    table["doubled"] = (table["growth"] >= 1).astype("boolean").where(sound)
    why = _not_over(daily, programme, merchants) | _cut_off(daily, (baseline, programme)) if planned else {}
    why |= odd_windows.to_dict()
    table["reason"] = [why.get(row.merchant) or _reason(row) if planned else "the cohort names no programme"
                       for row in table.itertuples()]  # fmt: skip
    return table


def _apart(baseline: Any, programme: Any) -> None:
    (start, end), (first, last) = bounds(baseline), bounds(programme)
    if start <= last and first <= end:
        raise ValueError(f"the period before ({start.date()} to {end.date()}) and the programme ({first.date()} to "
                         f"{last.date()}) share days: sales cannot stand on both sides of a comparison")  # fmt: skip


def odd_weeks(daily: pd.DataFrame, windows: tuple[Any, ...]) -> pd.Series:
    """One note per merchant with a whole week inside one of the windows that sold zero or less; first such week."""
    notes: dict[str, str] = {}
    for window in windows:
        first, last = bounds(window)
        rows = daily[(daily["day"] >= first) & (daily["day"] <= last) & ~daily["partial"]]
        weeks = rows.groupby(["merchant", mondays(rows["day"])])["gmv"].agg(["sum", "size"])
        for merchant, week in weeks.index[(weeks["size"] == 7) & (weeks["sum"] <= 0)]:
            what = f"the week of {week.date()} sold zero or less (closed, or refunds above sales)"
            notes.setdefault(str(merchant), what)
    return pd.Series(notes, dtype=object)


def unlike(daily: pd.DataFrame, windows: Sequence[Any], otherwise: pd.Series | None = None) -> pd.Series:
    """Merchant -> why its windows cannot be compared: counted otherwise in between, or a hole in one of them.

    ``otherwise``: see ``counted_otherwise``. A merchant that opened or closed inside a window is not named: what is
    on record of it ends there, and no mean day is made of it.
    """
    why: dict[str, str] = {}
    lost = holes(daily)
    for window in windows:
        first, last = bounds(window)
        for hole in lost[(lost["first"] <= last) & (lost["last"] >= first)].itertuples():
            when = f"no order from {hole.first.date()} to {hole.last.date()}"
            why.setdefault(str(hole.merchant), f"{when}: closed, or an export is missing")
    for merchant, week in ({} if otherwise is None else otherwise).items():
        why[str(merchant)] = f"sales seem to be counted otherwise from the week of {week.date()}"
    return pd.Series(why, dtype=object)


def _not_over(daily: pd.DataFrame, programme: Any, merchants: Sequence[str]) -> dict[str, str]:
    """Merchant -> that the programme goes on after the last day that any merchant has on record, and began before it."""
    (first, end), last = bounds(programme), daily["day"].max()
    if not first <= last < end:
        return {}
    still = daily.loc[daily["day"] == last, "merchant"]
    said = f"{NOT_OVER}: it ends on {end.date()}, sales are on record until {last.date()}"
    return {str(m): said for m in still[still.isin(list(merchants))]}


def _cut_off(daily: pd.DataFrame, windows: Sequence[Any]) -> dict[str, str]:
    """Merchant -> that the newest day, inside a window, stops hours early: its window is then not whole."""
    said = "sales stop early on {}, the newest day: export again, or end the programme the day before"
    cut = daily[daily["partial"]]
    inside = [cut[cut["day"].between(*bounds(window))] for window in windows]
    return {
        str(m): said.format(day.date()) for rows in inside for m, day in zip(rows["merchant"], rows["day"], strict=True)
    }


def _reason(row: object) -> str:
    if pd.isna(row.before):  # type: ignore[attr-defined]
        return "no sales on record for the whole period before"
    if pd.isna(row.programme):  # type: ignore[attr-defined]
        return "no sales on record for the whole programme"
    return "" if row.before > 0 else "the period before sold nothing"  # type: ignore[attr-defined]


def pooled(heads: pd.DataFrame) -> pd.DataFrame:
    """One row per way to pool merchants' growth: pooled, mean, median; ``growth`` a fraction.

    Examples
    --------
    >>> heads = pd.DataFrame({"merchant": ["a", "b"], "before": [100.0, 10.0],
    ...                       "programme": [150.0, 40.0], "growth": [0.5, 3.0]})
    >>> pooled(heads)[["pooling", "growth"]].round(3).values.tolist()
    [['pooled', 0.727], ['mean of merchants', 1.75], ['median merchant', 1.75]]
    """
    known = heads.dropna(subset=["growth"])
    if known.empty:
        values = [float("nan")] * 3
    else:
        total = known["programme"].sum() / known["before"].sum() - 1
        values = [total, known["growth"].mean(), known["growth"].median()]
    names = ["pooled", "mean of merchants", "median merchant"]
    return pd.DataFrame({"pooling": names, "growth": values, "merchants": len(known)})
