"""What became of the rows of each file, which days are missing, is the newest day whole (``agreement``: do sources agree)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.load.words import in_words
from retailkit.schema.given import takes_frames

FATES = ("rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped", "rows_come_since")
BELONGS = "^belongs to .*, of which row [0-9]+ was set aside$"
"""What the quarantine says of rows that go with another one."""
PARTIAL = 0.5
"""A newest day with less than this part of the usual day is taken for unfinished."""


def file_fates(sources: Any, quarantine: Any = None) -> pd.DataFrame:
    """Return one row per loaded file: what became of its rows of these merchants.

    Columns: ``file, layout, rows_read, rows_kept, rows_duplicate, rows_quarantined,
    rows_skipped, rows_come_since, kept_share`` (fraction of the rows read), the largest file first.
    ``rows_come_since`` were set aside, but a later file of the same layout has brought what they were
    to tell: they no longer count as ``rows_quarantined``. It is 0 where no ``quarantine`` is given.
    """
    names = ["rows_read", *FATES]
    told = {n: sources[n].sum() for n in names if n in sources.columns}
    grouped = sources.group_by(["file", "layout"]).agg(**told).to_pandas()
    since = pd.DataFrame(columns=["file", "layout", "rows_come_since"]) if quarantine is None else _come(quarantine)
    grouped = grouped.merge(since, "left", ["file", "layout"])
    grouped["rows_quarantined"] -= grouped["rows_come_since"].fillna(0)
    frame = grouped.sort_values(["rows_read", "file"], ascending=[False, True], ignore_index=True)
    frame = frame.fillna(dict.fromkeys(names, 0)).astype(dict.fromkeys(names, "int64"))
    frame["kept_share"] = frame["rows_kept"] / frame["rows_read"].where(frame["rows_read"] > 0)
    return frame


def _come(quarantine: Any) -> pd.DataFrame:
    """Return one row per file: ``file, layout, rows_come_since``: rows set aside of which nothing is missing any more."""
    whole = quarantine.filter(quarantine.whole_row)
    keys = ["merchant", "file_id", "file", "layout", "source_row"]
    rows = whole.group_by(keys).agg(told=whole.count(), come=whole.came_in.count())
    rows = rows.filter(rows.told == rows.come)
    return rows.group_by(["file", "layout"]).agg(rows_come_since=rows.count()).to_pandas()


def fates_sentence(fates: pd.DataFrame, lang: str = "en") -> str:
    """Say how many rows were read and how many of them are used."""
    read, kept = int(fates["rows_read"].sum()), int(fates["rows_kept"].sum())
    if not read:
        return _choose(lang, "No export was loaded for this merchant.", "该商家尚未导入任何数据。")
    aside, twice = int(fates["rows_quarantined"].sum()), int(fates["rows_duplicate"].sum())
    text = _choose(
        lang,
        f"{kept:,} of {read:,} rows are used ({kept / read:.2%}); {aside:,} were set aside with a reason, {twice:,} "
        f"were there word for word, {int(fates['rows_skipped'].sum()):,} left out by rule.",
        f"共{read:,}行，采用{kept:,}行（{kept / read:.2%}）；{aside:,}行附原因隔离，{twice:,}行完全重复，"
        f"{int(fates['rows_skipped'].sum()):,}行按规则略去。",
    )
    if since := int(fates["rows_come_since"].sum()):
        said = (
            f" {since:,} rows set aside earlier have come since."
            if since > 1
            else " A row set aside earlier has come since."
        )
        text += _choose(lang, said, f"另有{since:,}行此前被隔离，其内容已由后来的文件补齐。")
    return text


def quarantine_reasons(quarantine: Any, lang: str = "en") -> pd.DataFrame:
    """Return one row per kind of problem: ``file, table, column, reason, rows, first_row, example`` (of the first).

    Rows that a later one of their key replaced are one kind, whichever row that is. What a later file of
    the same layout has brought since is no problem any more.
    """
    quarantine = quarantine.filter(quarantine.came_in.isnull())
    keys = ["file", "table", "column", "reason"]
    reason = quarantine.reason.re_replace("^same key as row [0-9]+, which", "same key as a row that")
    which = quarantine.mutate(
        reason=reason.re_replace(BELONGS, "belongs to an order or another record that was set aside")
    )
    counted = which.group_by(keys).agg(
        rows=which.source_row.nunique(), first_row=which.source_row.min(), example=which.value.argmin(which.source_row)
    )
    frame = counted.to_pandas().sort_values(["rows", *keys], ascending=[False, *[True] * 4], ignore_index=True)
    return frame.assign(reason=[in_words(r, lang) for r in frame["reason"]]).astype({"rows": "int64"})


@takes_frames
def daily_orders(orders: Any) -> pd.DataFrame:
    """Return one row per local day with orders: ``day, orders, buyers, gross_amount, net_amount`` (minor unit)."""
    days = orders.group_by(day=orders.paid_on).agg(
        orders=orders.order_id.nunique(),
        buyers=orders.account.nunique(),
        gross_amount=orders.gross_amount.sum(),
        net_amount=orders.net_amount.sum(),
    )
    frame = days.to_pandas().sort_values("day", ignore_index=True)
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.fillna(0).astype(dict.fromkeys(frame.columns[1:], "int64"))


def day_gaps(daily: pd.DataFrame) -> pd.DataFrame:
    """Return one row per run of days without any order between the first and the last: ``first, last, days``."""
    if daily.empty:
        return pd.DataFrame({"first": pd.to_datetime([]), "last": pd.to_datetime([]), "days": pd.array([], "int64")})
    every = pd.date_range(daily["day"].min(), daily["day"].max())
    absent = every.difference(pd.DatetimeIndex(daily["day"])).to_series()
    run = (absent.diff() != pd.Timedelta(days=1)).cumsum()
    gaps = absent.groupby(run).agg(["min", "max", "count"])
    return gaps.set_axis(["first", "last", "days"], axis=1).reset_index(drop=True)


def newest_day(daily: pd.DataFrame) -> pd.DataFrame:
    """Return one row: ``day, orders, usual, partial``: the newest day against its weekday's median of eight weeks."""
    if daily.empty:
        return pd.DataFrame({"day": pd.to_datetime([]), "orders": [], "usual": [], "partial": pd.array([], "bool")})
    last = daily["day"].max()
    orders = daily.set_index("day")["orders"]
    usual = orders.reindex([last - pd.Timedelta(weeks=w) for w in range(1, 9)]).median()
    partial = bool(pd.notna(usual) and orders[last] < PARTIAL * usual)
    return pd.DataFrame({"day": [last], "orders": [int(orders[last])], "usual": [usual], "partial": [partial]})


def days_sentence(daily: pd.DataFrame, lang: str = "en") -> str:
    """Say which days there are, which are missing, and whether the newest is whole."""
    if daily.empty:
        return _choose(lang, "There are no orders.", "没有订单。")
    gaps, newest = day_gaps(daily), newest_day(daily)
    first, last = daily["day"].min(), daily["day"].max()
    text = _choose(lang, f"Orders on {len(daily):,} days, {first:%Y-%m-%d} to {last:%Y-%m-%d}", "")
    text = text or f"{first:%Y-%m-%d}至{last:%Y-%m-%d}共{len(daily):,}天有订单"
    if len(gaps):
        longest = gaps.loc[gaps["days"].idxmax()]
        span = f"{longest['first']:%Y-%m-%d}, {longest['days']}"
        text += _choose(
            lang,
            f"; {int(gaps['days'].sum())} days without any (the longest gap starts {span} days)",
            f"；{int(gaps['days'].sum())}天无订单（最长自{longest['first']:%Y-%m-%d}起{longest['days']}天）",
        )
    if newest["partial"].iloc[0]:
        text += _choose(
            lang,
            f"; the newest day has {newest['orders'].iloc[0]} orders against a usual {newest['usual'].iloc[0]:.0f}: "
            "take it for unfinished",
            f"；最新一天仅{newest['orders'].iloc[0]}单，通常约{newest['usual'].iloc[0]:.0f}单：视为未完整",
        )
    return text + _choose(lang, ".", "。")


def _choose(lang: str, english: str, chinese: str) -> str:
    return chinese if lang == "zh" else english
