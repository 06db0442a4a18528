"""People by the month of their first order: who came back, month after month."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.features import person_orders
from retailkit.segment.intervals import share_interval
from retailkit.spoken import said

VINTAGE_COLUMNS = (
    "merchant", "vintage", "age_months", "persons", "buyers", "retention", "retention_low", "retention_high",
    "gross_amount", "amount_per_person", "first_month_of_data",
)  # fmt: skip


@takes_frames
def vintage_retention(orders: ibis.Table, persons: ibis.Table, as_of: str, level: float = 0.9) -> pd.DataFrame:
    """One row per merchant, vintage (month of first order) and age in months: who bought again.

    ``retention`` is ``buyers`` in that calendar month over the ``persons`` of the vintage, with Wilson's
    interval. A month that had not ended before ``as_of`` is unknown, not zero: its cells are null, and
    so is the vintage of a month that has not ended. The first month of the data holds old customers too:
    ``first_month_of_data`` marks it, leave it out of comparisons.

    Parameters
    ----------
    orders, persons : canonical tables.
    as_of : ISO day.

    Returns
    -------
    A full triangle with one row per age up to the last month begun; money in minor units.
    """
    bought = person_orders(orders, persons, as_of)
    month = bought.paid_on.year() * 12 + bought.paid_on.month() - 1
    bought = bought.select("merchant", "person", "gross_amount", month=month.cast("int64"))
    # a join with the first months would leave it to the engine to meet by merchant first: everyone with everyone
    months = bought.group_by("merchant", "person", "month").agg(gross_amount=_.gross_amount.sum())
    of_person = ibis.window(group_by=["merchant", "person"])
    cells = months.mutate(vintage=_.month.min().over(of_person)).group_by("merchant", "vintage", "month")
    frame = cells.agg(buyers=_.count(), gross_amount=_.gross_amount.sum()).to_pandas()
    size = frame.loc[frame["month"] == frame["vintage"], ["merchant", "vintage", "buyers"]]
    size = size.rename(columns={"buyers": "persons"})
    if frame.empty:
        return pd.DataFrame(columns=list(VINTAGE_COLUMNS))
    day = pd.Timestamp(as_of)
    open_month = day.year * 12 + day.month - 1  # the month of as_of has not ended
    last = open_month if day.day > 1 else open_month - 1
    grid = size.merge(pd.DataFrame({"month": np.arange(size["vintage"].min(), last + 1)}), how="cross")
    grid = grid[grid["month"] >= grid["vintage"]]
    table = grid.merge(frame, on=["merchant", "vintage", "month"], how="left")
    known = (table["month"] < open_month).to_numpy()
    filled = table[["buyers", "gross_amount"]].fillna(0).astype("Int64")
    table[["buyers", "gross_amount"]] = filled.where(pd.Series(known))
    low, high = share_interval(filled["buyers"].astype(float), table["persons"], level)
    table["retention"] = np.where(known, filled["buyers"].astype(float) / table["persons"], np.nan)
    table["retention_low"], table["retention_high"] = np.where(known, low, np.nan), np.where(known, high, np.nan)
    table["amount_per_person"] = np.where(known, filled["gross_amount"].astype(float) / table["persons"], np.nan)
    table["first_month_of_data"] = table["vintage"] == table.groupby("merchant")["vintage"].transform("min")
    table["age_months"] = table["month"] - table["vintage"]
    table["vintage"] = [f"{v // 12}-{v % 12 + 1:02d}" for v in table["vintage"]]
    return table.sort_values(["merchant", "vintage", "age_months"], ignore_index=True)[list(VINTAGE_COLUMNS)]


def vintage_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Compare how many of the newer and of the older vintages bought in the month after the first order."""
    known = table[(table["age_months"] == 1) & table["retention"].notna() & ~table["first_month_of_data"].astype(bool)]
    if known["vintage"].nunique() < 2:
        return said(
            lang,
            "There are not yet two vintages with a full month after their first: retention cannot be compared.",
            "首购后满一个月的客户批次不足两个，暂不能比较复购率。",
        )
    months = sorted(known["vintage"].unique())  # of several merchants a month is there several times
    old = known["vintage"].isin(months[: len(months) // 2])
    older, newer = known[old], known[~old]
    shares = [part["buyers"].sum() / part["persons"].sum() for part in (older, newer)]
    (low_old, low_new), (high_old, high_new) = share_interval(
        [part["buyers"].sum() for part in (older, newer)], [part["persons"].sum() for part in (older, newer)]
    )
    alike = low_new <= high_old and low_old <= high_new
    return said(
        lang,
        f"In the month after their first, {shares[0]:.0%} of the older vintages (to {older['vintage'].max()}) and "
        f"{shares[1]:.0%} of the newer ones bought again; the two "
        f"{'cannot be told apart' if alike else 'differ by more than chance'}.",
        f"首购次月再次购买的比例：较早批次（截至{older['vintage'].max()}）{shares[0]:.0%}，较新批次{shares[1]:.0%}；"
        f"两者{'无法区分' if alike else '差异超出偶然'}。",
    )
