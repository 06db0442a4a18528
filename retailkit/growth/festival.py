"""Double 12 against Double 11, and the Wilson interval of a share of merchants.

Without any programme a merchant sells about 29% less on Double 12 than on Double 11, so the
ratio is set against the donors' own ratio of the same year.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

COLUMNS = ("merchant", "double_11", "double_12", "ratio", "donor_ratio", "relative", "above", "reason")


def wilson(hits: int, total: int, level: float = 0.90) -> tuple[float, float]:
    """Wilson's score interval of a share; (NaN, NaN) of nothing.

    >>> [round(end, 2) for end in wilson(7, 17, level=0.95)]
    [0.22, 0.64]
    """
    from scipy.stats import norm

    if total <= 0:
        return float("nan"), float("nan")
    z = float(norm.ppf(0.5 + level / 2))
    share, width = hits / total, z**2 / total
    middle = (share + width / 2) / (1 + width)
    half = z * np.sqrt(share * (1 - share) / total + width / (4 * total)) / (1 + width)
    return float(middle - half), float(middle + half)


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
