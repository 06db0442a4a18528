"""How many buyers have a visit on record: what the tree's conversion holds beside that of visitors alone.

The tree's conversion is paying buyers over visitors, as platforms define it, so that visitors x conversion are the
buyers to the last one. Where buyers came without a visit on record (at a till, by an account that is tied to nobody) it
stands above the share of visitors who bought: that share is told beside it.
"""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd
from ibis.expr.types import Table

from retailkit.schema.given import takes_frames
from retailkit.shares import wilson
from retailkit.spoken import said, several
from retailkit.targets.windows import window_days

COLUMNS = ["merchant", "buyers", "seen_buyers", "visitors", "share", "low", "high"]


@takes_frames
def buyers_seen(orders: Table, persons: Table, sessions: Table, window: Any) -> pd.DataFrame:
    """One row per merchant with visits in the window: its known buyers, those of them with a visit, all visitors.

    Parameters
    ----------
    orders, persons, sessions : as ``measure`` takes them.
    window : a pair of dates or a record, both days included.

    Returns
    -------
    DataFrame ``merchant, buyers, seen_buyers, visitors, share, low, high``: ``share`` is ``seen_buyers`` over
    ``visitors``, numerator and denominator of the same persons, with its 90% interval.
    """
    start, end = (ibis.date(str(day.date())) for day in window_days(window))
    who = persons.select("merchant", "account", "person").distinct()
    sold = orders.filter(orders.paid_on.between(start, end)).left_join(who, ["merchant", "account"])
    bought = sold.select("merchant", "person").drop_null("person").distinct()
    visits = sessions.filter(sessions.started_on.between(start, end)).left_join(who, ["merchant", "account"])
    came = (
        visits.select("merchant", visitor=ibis.coalesce(visits.person, visits.account)).drop_null("visitor").distinct()
    )
    both = bought.left_join(came, ["merchant", bought.person == came.visitor])
    seen = both.group_by("merchant").aggregate(buyers=both.count(), seen_buyers=both.visitor.count()).execute()
    table = came.group_by("merchant").aggregate(visitors=came.count()).execute().merge(seen, "left", "merchant")
    table = table.fillna({"buyers": 0, "seen_buyers": 0}).astype({"buyers": "int64", "seen_buyers": "int64"})
    low, high = wilson(table["seen_buyers"], table["visitors"])
    table = table.assign(share=table["seen_buyers"] / table["visitors"], low=low, high=high)
    return table.sort_values("merchant", ignore_index=True)[COLUMNS]


def seen_sentence(seen: pd.DataFrame, lang: str = "en") -> str:
    """Say how many buyers have no visit on record, and what part of the visitors bought; empty where all have one."""
    if seen.empty:
        return ""
    one = seen.iloc[0]
    buyers, visitors, without = int(one["buyers"]), int(one["visitors"]), int(one["buyers"] - one["seen_buyers"])
    if not without:
        return ""
    rate = f"{buyers / visitors:.0%}"
    there = f"and {'counts' if without == 1 else 'count'} in the conversion all the same ({rate})"
    there_zh = f"仍计入转化率（{rate}）"
    if buyers > visitors:  # the tree refuses a rate above 100%
        there, there_zh = (
            "so that there are more buyers than visitors and no conversion",
            "购买者多于访客，故不给出转化率",
        )
    share, low, high = (f"{one[c]:.0%}" for c in ("share", "low", "high"))
    return said(
        lang,
        f"{without:,} of {several(buyers, 'known buyer')} {'has' if without == 1 else 'have'} no visit on record in the window, "
        f"{there}; of the {several(visitors, 'visitor')} {share} bought "
        f"(90% interval {low} to {high}).",
        f"{buyers:,}位已识别购买者中有{without:,}位在窗口内没有访问记录，{there_zh}；{visitors:,}位访客中有{share}购买"
        f"（90%区间{low}至{high}）。",
    )
