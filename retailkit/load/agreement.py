"""Do two sources of one figure agree: compared day by day, like with like.

Sources never reconcile exactly, not even in a vendor's own sample files: figures are
compared with a stated tolerance and the gap is shown, never smoothed. A source that counts other
sales as well (all tills, where members' orders are loaded) is no second count of these: it is called not
comparable, with how many times as many orders it states, and neither agrees nor disagrees.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.schema import PRIVATE_FORMATS
from retailkit.spoken import said

COMPARISONS = [
    "measure",
    "left",
    "right",
    "days",
    "days_apart",
    "left_total",
    "right_total",
    "gap",
    "agrees",
    "covers_more",
    "times",
]
BY_ID, OTHERWISE = ("guide", "group", "sharing"), ("mini_program_source", "wecom_groups")
"""Visits of these touchpoints are told by ids, which launch scenes hide; the platform counts their scenes, WeCom a group's
messages: not the same figure."""
OWN_CHANNELS = {
    "youshu": ("wxapp", "app", "mobileweb", "pcweb", "offstore_pos_manual", "offstore_pos_self_help", "other"),
}
"""Channels of a system's own orders (order_source of Youshu's API): its total counts these and no other system's."""
FORMATS_OF = {"mini_program": PRIVATE_FORMATS, "platform": ("platform",)}
"""Formats whose orders a book's channel holds, where no order names a channel so."""
OTHER_SALES = 2.0
"""A source that states so many times as many orders counts other sales too: no two counts of the same orders lie so far
apart. Amounts do not decide: a slip of the unit is a disagreement."""
NO_DAY = pd.Series([], index=pd.DatetimeIndex([]), dtype="float64")
"""The days of what a source does not tell."""


def source_agreement(tables: Any, tolerance: float = 0.01) -> pd.DataFrame:
    """Return one row per pair of sources that state the same thing, compared day by day.

    Parameters
    ----------
    tables : an open store (or any object with the canonical tables as attributes).
    tolerance : part of the larger figure by which a day may differ and still agree.

    A system's own total is held against the orders of its own channels (``OWN_CHANNELS``), a book's mini program and
    platforms against the orders of these formats. Visits of guides, groups and shares are compared only where every
    visit names its touchpoint: where ids name some and scenes the others, the ids alone are no second count of what
    a console states.

    Returns
    -------
    ``measure, left, right, days`` (stated by both), ``days_apart`` (beyond the tolerance),
    ``left_total, right_total`` (over those days, the measure's own unit), ``gap`` (fraction
    of the larger), ``agrees`` (totals within the tolerance and at most 5% of days apart), ``covers_more``
    (``left`` or ``right`` where that side counts other sales too: not comparable, ``agrees`` is then False
    and means nothing; else empty) and ``times`` (how many times as many orders it states; missing where none are told).
    """
    rows = [
        _compared(
            *_against_lines(tables), "order lines", _by_day(tables.order_lines, "paid_on", "net_amount"), tolerance
        ),
        *_against_totals(tables, tolerance),
    ]
    consoles = tables.touchpoint_days.filter(tables.touchpoint_days.visits.notnull())
    by_id = consoles.touchpoint.isin(BY_ID)
    consoles = consoles.filter(
        ~(by_id if _by_scene(tables.sessions) else by_id & consoles.source_system.isin(OTHERWISE))
    )
    stated = _each_by_day(consoles, ("source_system", "touchpoint"), "day", consoles.visits.sum())
    seen = _each_by_day(tables.sessions, ("touchpoint",), "started_on", tables.sessions.count()) if stated else {}
    for (system, touchpoint), right in stated.items():
        left = seen.get((touchpoint,), NO_DAY)
        rows.append(_compared("visits", "sessions", left, f"{system}: {touchpoint}", right, tolerance))
    frame = pd.DataFrame([r for r in rows if r], columns=COMPARISONS)
    return frame.astype({"days": "int64", "days_apart": "int64", "agrees": "bool", "times": "float64"})


def comparable(agreement: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons of like with like (see ``source_agreement``)."""
    return agreement[agreement["covers_more"] == ""]


def agreement_sentence(agreement: pd.DataFrame, lang: str = "en") -> str:
    """Say whether the sources that can be compared agree, name the worst, and those that count other sales too."""
    if agreement.empty:
        return said(
            lang, "No two sources state the same figure, so nothing can be cross-checked.", "没有可相互核对的来源。"
        )
    alike, told = comparable(agreement).reset_index(drop=True), []
    apart = alike.loc[~alike["agrees"]]
    if len(alike) and apart.empty:
        told.append(said(
            lang,
            f"All {len(alike)} comparisons agree within the tolerance." if len(alike) > 1
            else f"{alike['left'][0].capitalize()} and {alike['right'][0]} agree within the tolerance.",
            f"{len(alike)}项核对均在容差内一致。",
        ))  # fmt: skip
    elif len(alike):
        worst = apart.loc[apart["gap"].abs().idxmax()]
        many = f"{len(apart)} of {len(alike)} comparisons disagree; the widest: "
        many_zh = f"{len(alike)}项核对中{len(apart)}项不一致；差距最大："
        way = ("above", "高") if worst["gap"] > 0 else ("below", "低")
        told.append(said(
            lang,
            f"{many if len(alike) > 1 else 'The one comparison disagrees: '}{worst['measure']} of {worst['left']} is "
            f"{abs(worst['gap']):.1%} {way[0]} {worst['right']}.",
            f"{many_zh if len(alike) > 1 else '唯一一项核对不一致：'}{worst['left']}比{worst['right']}{way[1]}{abs(worst['gap']):.1%}。",
        ))  # fmt: skip
    return said(lang, " ", "").join([*told, *_wider_sentences(agreement, lang)])


def _wider_sentences(agreement: pd.DataFrame, lang: str) -> list[str]:
    """Name the sources that count other sales too: no count of what they are held against."""
    wider = [_wider(r, lang) for r in agreement[agreement["covers_more"] != ""].itertuples()]
    return [said(lang, f"Not comparable: {'; '.join(wider)}.", f"不可比：{'；'.join(wider)}。")] if wider else []


def _wider(row: Any, lang: str) -> str:
    times = f"{row.times:,.0f}" if row.times >= 10 else f"{row.times:.1f}"
    known = row.times == row.times
    more, more_zh = (f" ({times} times as many orders)", f"（订单数为其{times}倍）") if known else ("", "")
    if row.covers_more == "left":
        return said(lang, f"the {row.left} cover more than {row.right}{more}", f"{row.left}不止{row.right}{more_zh}")
    return said(
        lang,
        f"{row.right} covers more than the {row.left} that are loaded{more}",
        f"{row.right}不止已导入的{row.left}{more_zh}",
    )


def _against_totals(tables: Any, tolerance: float) -> list[tuple[Any, ...] | None]:
    """Compare what systems state of each channel with the orders of that channel; all channels come last."""
    keys = ["channel", "format"]
    orders = _days_of(tables.orders, keys, "paid_on", tables.orders.gross_amount.sum(), tables.orders.count())
    totals = tables.daily_totals.filter(tables.daily_totals.gross_amount.notnull())
    stated = _days_of(totals, ["source_system", "channel"], "day", totals.gross_amount.sum(), totals.orders.sum())
    stated = stated.dropna(subset=["source_system", "channel"])
    rows: list[tuple[Any, ...] | None] = []
    for system, own in stated.groupby("source_system"):
        wider = False  # whether a part of the system's total counts other sales than the orders loaded
        parts = sorted(own["channel"].unique(), key=lambda c: (c == "all", c))
        for channel in parts:
            left, name = _orders_of(orders, str(system), channel)
            theirs = own[own["channel"] == channel].set_index("day")
            ours = left.groupby("day")[["value", "count"]].sum()
            row = _compared(
                "gross amount", name, ours["value"], f"{system}: {channel}", theirs["value"], tolerance,
                *_wider_side(ours["count"], theirs["count"], wider and channel == "all"),
            )  # fmt: skip
            sold = theirs["value"].reindex(orders["day"].unique()).sum() > 0
            wider |= bool(row[-2] == "right") if row else bool(sold and len(orders))
            rows.append(row)
    return rows


def _orders_of(orders: pd.DataFrame, system: str, channel: str) -> tuple[pd.DataFrame, str]:
    """Return the orders that a total of a system and channel should count, and what they are called."""
    if channel == "all":
        own = orders[orders["channel"].isin(OWN_CHANNELS.get(system, ()))]
        if own.empty or len(own) == len(orders):
            return orders, "orders"
        return own, f"orders: {', '.join(sorted(own['channel'].unique()))}"
    named = orders[orders["channel"] == channel]
    if named.empty and channel in FORMATS_OF:
        named = orders[orders["format"].isin(FORMATS_OF[channel])]
    return named, "orders"


def _wider_side(ours: pd.Series, theirs: pd.Series, wider: bool) -> tuple[str, float]:
    """Tell which side counts other sales too, and how many times as many orders it has; a part of it may show that."""
    both = pd.concat([ours.rename("ours"), theirs.rename("theirs")], axis=1, join="inner").dropna()
    mine, other = float(both["ours"].sum()), float(both["theirs"].sum())
    if min(mine, other) <= 0:
        return ("right" if wider else ""), float("nan")
    if other >= OTHER_SALES * mine:
        return "right", other / mine
    if wider:
        return "right", float("nan")
    return ("left", mine / other) if mine >= OTHER_SALES * other else ("", float("nan"))


def _days_of(table: Any, keys: list[str], day: str, value: Any, count: Any) -> pd.DataFrame:
    """Return one row per group and day: ``value`` (minor units) and ``count`` (orders; missing where untold)."""
    frame = table.group_by(*(table[k] for k in keys), day=table[day]).agg(value=value, count=count).to_pandas()
    frame = frame.assign(day=pd.to_datetime(frame["day"]))
    return frame.astype({"value": "float64", "count": "float64"})


def _by_scene(sessions: Any) -> bool:
    """Tell whether visits leave their touchpoint to the scene, which chapter 3 reads: those told by ids are a part only."""
    left = sessions.filter(sessions.touchpoint.isnull(), sessions.scene.notnull())
    return bool(left.count().to_pandas())


def _against_lines(tables: Any) -> tuple[str, str, pd.Series]:
    """Measure, name and days of what lines should add up to: less refunds only where returns are lines too.

    Elsewhere the orders that have lines, less their freight, which is no line.
    """
    if _books_returns(tables):
        orders = _by_day(tables.orders, "paid_on", "gross_amount")
        refunds = _by_day(tables.refunds, "refunded_on", "refund_amount")
        return "net amount", "orders less refunds", orders.sub(refunds, fill_value=0)
    with_lines = tables.orders.semi_join(tables.order_lines, ["merchant", "order_id"])
    goods = with_lines.mutate(goods=with_lines.gross_amount - with_lines.freight_amount.fill_null(0))
    return "gross amount", "orders with lines, less freight", _by_day(goods, "paid_on", "goods")


def _books_returns(tables: Any) -> bool:
    """Tell whether returns stand as negative lines, so that lines add up to sales less refunds."""
    lines = tables.order_lines
    return bool((lines.net_amount < 0).any().to_pandas()) if lines.count().to_pandas() else False


def _by_day(table: Any, day: str, value: str) -> pd.Series:
    return _series(table.group_by(day=table[day]).agg(value=table[value].sum()).to_pandas())


def _series(frame: pd.DataFrame) -> pd.Series:
    return frame.assign(day=pd.to_datetime(frame["day"])).set_index("day")["value"].astype("float64")


def _each_by_day(table: Any, keys: tuple[str, ...], day: str, value: Any) -> dict[tuple[str, ...], pd.Series]:
    """Return the days of each group of rows, groups in order: one query, however many there are."""
    frame = table.group_by(*(table[k] for k in keys), day=table[day]).agg(value=value).to_pandas()
    groups = frame.dropna(subset=[*keys]).groupby([*keys])
    return {key: _series(rows) for key, rows in groups}


def _compared(
    measure: str,
    left: str,
    ours: pd.Series,
    right: str,
    theirs: pd.Series,
    tolerance: float,
    covers_more: str = "",
    times: float = float("nan"),
) -> tuple[Any, ...] | None:
    both = pd.concat([ours.rename("ours"), theirs.rename("theirs")], axis=1, join="inner").dropna()
    if both.empty:
        return None
    larger = both.abs().max(axis=1)
    apart = int(((both["ours"] - both["theirs"]).abs() > tolerance * larger).sum())
    mine, other = both["ours"].sum(), both["theirs"].sum()
    top = max(abs(mine), abs(other))
    gap = (mine - other) / top if top else 0.0
    agrees = covers_more == "" and abs(gap) <= tolerance and apart <= 0.05 * len(both)
    return measure, left, right, len(both), apart, mine, other, gap, agrees, covers_more, times
