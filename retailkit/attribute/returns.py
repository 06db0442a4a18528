"""What spend returned: ROAS and cost per incremental order, with intervals; red packets and coupons are spend."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.tables import as_table, frame


def costs(spend: Any = None, coupons: Any = None, red_packets: Any = None) -> pd.DataFrame:
    """One row per merchant and touchpoint: cost in minor units over everything known.

    Spend counts by its touchpoint; used coupons with a face value as ``coupon``; opened red packets
    as ``red_packet``.
    """
    paid = as_table(spend, "spend").select("merchant", "touchpoint", "amount")
    used = as_table(coupons, "coupons")
    used = used.filter((used.redeemed_on.notnull() | used.redeemed_at.notnull()) & used.amount.notnull())
    used = used.mutate(touchpoint=ibis.literal("coupon")).select("merchant", "touchpoint", "amount")
    opened = as_table(red_packets, "red_packets")
    opened = opened.filter(opened.received_at.notnull() & opened.amount.notnull())
    opened = opened.mutate(touchpoint=ibis.literal("red_packet")).select("merchant", "touchpoint", "amount")
    every = ibis.union(paid, used, opened)
    sums = every.mutate(touchpoint=every.touchpoint.fill_null("(none)")).group_by(["merchant", "touchpoint"])
    table = frame(sums.aggregate(cost=ibis._.amount.sum()))
    return table.sort_values(["merchant", "touchpoint"], ignore_index=True)


def returns(cost: pd.DataFrame, interval: pd.DataFrame, incremental: bool) -> pd.DataFrame:
    """One row per touchpoint with a cost: ROAS and cost per order, each with its interval.

    Parameters
    ----------
    cost : of :func:`costs`, one merchant
    interval : of :func:`credit_interval` or :func:`hazard_interval`
    incremental : bool
        The ledger keeps an organic line (hazard), so its orders are incremental; with a rule they
        are merely credited, and ``reading`` says so.

    Returns
    -------
    ``touchpoint, cost, credit, orders, roas`` (net sales per unit of cost) with ``roas_low`` and
    ``roas_high``, ``cost_per_order`` (minor units) with ``cost_low`` and ``cost_high``, ``reading``.
    What was spent on a touchpoint whose messages are told apart by campaign (``mailing``) is held against all of them
    (``mailing: Type A`` ...); their bounds add up to one that is rather too wide than too narrow.
    A lower bound of no orders gives an open upper bound of the cost (infinite). What a hazard ledger credits
    to touches attached to orders is no estimate of its own: credited, not incremental, without an interval.
    """
    total = float(interval["credit"].sum())
    table = cost.merge(_of_families(interval), on="touchpoint", how="left").fillna(
        {"credit": 0, "orders": 0.0, "share": 0.0}
    )
    table = table[table["cost"] > 0].fillna({"low": 0.0, "high": 0.0})
    paid = table["cost"].astype(float)
    held = incremental & (table["low"] == table["high"]) & (table["orders"] > 0)  # redraws leave it as it is
    per_share = table["orders"] / table["share"].where(table["share"] > 0)
    table = table.assign(
        roas=table["credit"] / paid,
        roas_low=table["low"] * total / paid,
        roas_high=table["high"] * total / paid,
        cost_per_order=_over(paid, table["orders"]),
        cost_low=_over(paid, table["high"] * per_share),
        cost_high=_over(paid, table["low"] * per_share),
        reading="incremental" if incremental else "credited, not incremental",
    )
    table.loc[held, "reading"] = "credited, not incremental"
    table.loc[held, ["roas_low", "roas_high", "cost_low", "cost_high"]] = float("nan")
    columns = ["touchpoint", "cost", "credit", "orders", "roas", "roas_low", "roas_high"]
    columns += ["cost_per_order", "cost_low", "cost_high", "reading"]
    return table[columns].sort_values(["cost", "touchpoint"], ascending=[False, True], ignore_index=True)


def _of_families(interval: pd.DataFrame) -> pd.DataFrame:
    """One row per name that a cost may have: touchpoints with all their campaigns, and each campaign by itself."""
    numbers = ["credit", "orders", "share", "low", "high"]
    head = interval["touchpoint"].str.partition(": ")[0]
    whole = interval.assign(touchpoint=head).groupby("touchpoint", as_index=False)[numbers].sum(min_count=1)
    return pd.concat([whole, interval.loc[head != interval["touchpoint"], ["touchpoint", *numbers]]], ignore_index=True)


def _over(top: pd.Series, bottom: pd.Series) -> pd.Series:
    return (top / bottom.where(bottom > 0)).fillna(float("inf"))


def returns_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say what spend returned, or that no cost is known."""
    if table.empty:
        return (
            "没有触点费用数据，因此无法计算回报。"
            if lang == "zh"
            else "No cost of any touchpoint is known, so nothing can be said about returns."
        )
    known = table[table["roas_low"].notna()]
    best = (table if known.empty else known).sort_values("roas", ascending=False).iloc[0]
    if not best["roas"] > 0:
        return (
            "有费用的触点没有带来净销售额。"
            if lang == "zh"
            else "No touchpoint with a cost has any credited net sales."
        )
    if best["roas_low"] != best["roas_low"]:
        if lang == "zh":
            return "有费用的触点只附着于订单：其归因额不是增量，无法计算回报区间。"
        return "Only touches attached to orders have a cost: what they are credited is not incremental, and has no interval."
    name = touchpoint_title(best["touchpoint"], lang)
    if lang == "zh":
        doubt = f"90%区间{best['roas_low']:.1f}至{best['roas_high']:.1f}"
        return f"{name}回报最高：每花1元带来{best['roas']:.1f}元净销售额（{doubt}）。"
    return (
        f"{name} returned most: {best['roas']:.1f} of net sales for each 1 spent "
        f"(90% interval {best['roas_low']:.1f} to {best['roas_high']:.1f}; {best['reading']})."
    )
