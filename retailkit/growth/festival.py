"""Double 12 against Double 11, here, at donors and over merchants.

Without any programme a merchant sells about 29% less on Double 12 than on Double 11, so the
ratio is set against the donors' own ratio of the same year.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retailkit.shares import wilson
from retailkit.spoken import signed

COLUMNS = ("merchant", "double_11", "double_12", "ratio", "donor_ratio", "relative", "above", "reason")


def festival_year(start: str, end: str) -> int:
    """Return the last year whose Double 12 lies in a programme (ISO dates, both included), else the year of its end.

    >>> festival_year("2018-10-01", "2019-01-31"), festival_year("2019-03-01", "2019-05-31")
    (2018, 2019)
    """
    first, last = int(start[:4]), int(end[:4])
    return next((y for y in range(last, first - 1, -1) if start <= f"{y}-12-12" <= end), last)


def double_12_against_11(
    daily: pd.DataFrame, merchants: Sequence[str], donors: Sequence[str], year: int
) -> pd.DataFrame:
    """One row per merchant: GMV of Double 12 over Double 11, and over the donors' own ratio.

    Parameters
    ----------
    daily : see ``daily_panel``.
    year : the festival year.

    Returns
    -------
    DataFrame ``merchant, double_11, double_12, ratio, donor_ratio, relative, above, reason``:
    amounts in minor units, ``donor_ratio`` the geometric mean of the donors' ratios, ``relative``
    = ratio / donor_ratio, ``above`` whether Double 12 sold more than Double 11.
    """
    sold = daily[~daily["partial"]].pivot(index="day", columns="merchant", values="gmv")
    sums = sold.reindex(pd.to_datetime([f"{year}-11-11", f"{year}-12-12"])).T.set_axis(
        ["double_11", "double_12"], axis=1
    )
    ratio = sums["double_12"] / sums["double_11"].where(sums["double_11"] > 0)
    others = ratio.reindex(list(donors))
    others = others[others > 0]
    table = sums.reindex(list(merchants)).rename_axis("merchant").reset_index()
    table["ratio"] = ratio.reindex(list(merchants)).to_numpy()
    table["donor_ratio"] = float(np.exp(np.log(others).mean())) if len(others) else np.nan
    table["relative"] = table["ratio"] / table["donor_ratio"]
    table["above"] = (table["ratio"] > 1).astype("boolean").where(table["ratio"].notna())
    missing = table["ratio"].isna()
    table["reason"] = np.where(missing, "one of the two festivals is not on record or sold nothing", "")
    return table[list(COLUMNS)]


def share_above(table: pd.DataFrame, level: float = 0.90) -> pd.DataFrame:
    """One row: how many merchants sold more on Double 12 than on Double 11, with Wilson's interval."""
    known = table["above"].dropna()
    hits, total = int(known.sum()), len(known)
    low, high = wilson(hits, total, level)
    share = hits / total if total else np.nan
    return pd.DataFrame({"merchants": [total], "above": [hits], "share": [share], "low": [low], "high": [high]})


def festival_sentence(
    table: pd.DataFrame, share: pd.DataFrame, merchant: str, country: str, lang: str = "en", level: float = 0.90
) -> str:
    """Say how Double 12 did against Double 11, here, at donors, and in how many merchants it was more.

    ``level`` is that of the interval in ``share``.
    """
    if country != "CN":
        return (
            "双11、双12在该国不是节日。"
            if lang == "zh"
            else "Double 11 and Double 12 are no festivals in this country."
        )
    row = table.set_index("merchant").reindex([merchant]).iloc[0]
    one = share.iloc[0]
    hits, total = int(one["above"]), int(one["merchants"])
    if pd.isna(row["ratio"]) or pd.isna(one["share"]):
        if lang == "zh":
            return "项目所在年份的双11与双12未同时有记录，无法比较。"
        return "Double 11 and Double 12 of the programme's year are not both on record and cannot be compared."
    donors = "" if pd.isna(row["donor_ratio"]) else signed(row["donor_ratio"] - 1)
    span = f"{one['low']:.0%}–{one['high']:.0%}"
    alone = len(table) == 1  # a share of one merchant says nothing that its own ratio does not
    if lang == "zh":
        beside = f"（对照商户 {donors}）" if donors else ""
        told = f"双12比双11 {signed(row['ratio'] - 1)}{beside}"
        among = f"；{total} 家中 {hits} 家超过双11（{one['share']:.0%}，{100 * level:g}% 区间 {span}）"
        return told + ("" if alone else among) + "。"
    beside = f" (donors {donors})" if donors else ""
    told = f"Double 12 sold {signed(row['ratio'] - 1)} against Double 11{beside}"
    among = f"{hits} of {total} merchants" if total > 1 else "the one merchant that has both days on record"
    more = "more" if hits or total > 1 else "no more"
    among = f"; in {among} it sold {more} ({one['share']:.0%}, {100 * level:g}% interval {span})"
    return told + ("" if alone else among) + "."
