"""From which day the roster of guides is known: the day a system was set up is nobody's day of joining."""

from __future__ import annotations

import ibis
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.tables import between, fetch
from retailkit.schema.given import takes_frames
from retailkit.spoken import said

COLUMNS = ("merchant", "begins", "guides", "of")


def roster_begins(guides: Table) -> pd.DataFrame:
    """One row per merchant whose roster begins with most guides at once: that day, how many stand on it, of how many.

    At least two guides and half of those whose day of joining is told stand on the roster's first day: it is the
    day on which the system was set up. Since when these guides were there is not told.
    """
    told = guides.filter(guides.joined_on.notnull()).select("merchant", "guide", "joined_on").distinct()
    first = told.joined_on.min().over(ibis.window(group_by="merchant"))
    each = told.mutate(begins=first, on_it=(told.joined_on == first).ifelse(1, 0))
    table = fetch(each.group_by(["merchant", "begins"]).agg(guides=each.on_it.sum(), of=each.guide.nunique()))
    most = (table["guides"] >= 2) & (2 * table["guides"] >= table["of"])
    return table.loc[most, list(COLUMNS)].sort_values("merchant", ignore_index=True)


def employed(guides: Table, start: str, end: str) -> Table:
    """Guides of the roster on any day of the window; those of a roster's first day count before it, too."""
    begins = roster_begins(guides)
    joined = guides.joined_on.isnull() | (guides.joined_on <= ibis.date(end))
    for row in begins.itertuples():
        day = ibis.date(str(pd.Timestamp(row.begins).date()))
        joined = joined | ((guides.merchant == row.merchant) & (guides.joined_on == day))
    stayed = guides.left_on.isnull() | (guides.left_on >= ibis.date(start))
    return guides.filter(joined & stayed)


@takes_frames
def roster_sentence(guides: Table, orders: Table, *, start: str, end: str, lang: str = "en") -> str:
    """Say from which day the roster is known, where the window reaches back behind it; nothing elsewhere."""
    parts = []
    for row in roster_begins(guides).itertuples():
        day = pd.Timestamp(row.begins)
        if day <= pd.Timestamp(start):
            continue
        before = str(min(day - pd.Timedelta(days=1), pd.Timestamp(end)).date())
        sold = between(orders.filter(orders.merchant == row.merchant), "paid_on", start, before)
        named = int(sold.sold_by.nunique().execute())
        parts.append(
            said(
                lang,
                f"The roster of guides is known only from {day:%Y-%m-%d} on, when it begins with {row.guides} of {row.of} "
                "guides at once: that day the system was set up, nobody was hired. They are counted as if they had been "
                f"there all along, those who left earlier are not known (orders before that day name {named} guides); "
                "numbers of guides before and after that day are no growth and no fall.",
                f"导购名册自{day:%Y-%m-%d}起才有记录，当日一次列入{row.of}位导购中的{row.guides}位：这是系统启用日，不是入职日。"
                f"统计时视为他们一直在册；更早离职者未知（该日之前的订单提到{named}位导购）。该日前后的导购人数不能比较，"
                "既不是增长也不是下降。",
            )
        )
    return " ".join(parts) if lang == "en" else "".join(parts)
