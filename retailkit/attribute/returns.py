"""What spend returned: ROAS and cost per incremental order, with intervals; red packets and coupons are spend."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from retailkit.attribute.sentences import money, touchpoint_title
from retailkit.attribute.tables import as_table, frame
from retailkit.spoken import said

OUTSIDE = ("red_packet", "coupon", "(none)")
"""Costs that name no touchpoint by themselves: held against credit only where the ledger has orders under that name."""


def costs(
    spend: Any = None, coupons: Any = None, red_packets: Any = None, campaigns: Any = None, guides: Any = None
) -> pd.DataFrame:
    """One row per merchant and touchpoint: cost in minor units over everything known.

    Spend counts by its touchpoint. A coupon is a price cut that a touchpoint handed out: the face value of used ones
    is the cost of their campaign's touchpoint, ``coupon`` where no campaign names one. A red packet is opened at
    its sender's word: what guides sent is ``guide``, what other accounts sent or shared is ``sharing``, and
    ``red_packet`` where the export tells no sender (the official answer names receivers only).
    """
    paid = as_table(spend, "spend").select("merchant", "touchpoint", "amount")
    used = as_table(coupons, "coupons")
    used = used.filter((used.redeemed_on.notnull() | used.redeemed_at.notnull()) & used.amount.notnull())
    handed = as_table(campaigns, "campaigns").select("merchant", "campaign_id", by="touchpoint")
    handed = handed.filter(handed.by.notnull()).distinct(on=["merchant", "campaign_id"], keep="first")
    used = used.left_join(handed, ["merchant", "campaign_id"])
    used = used.mutate(touchpoint=used.by.fill_null("coupon")).select("merchant", "touchpoint", "amount")
    opened = as_table(red_packets, "red_packets")
    opened = opened.filter(opened.received_at.notnull() & opened.amount.notnull())
    staff = as_table(guides, "guides").select("merchant", sender="guide", staff="guide").distinct()
    opened = opened.left_join(staff, ["merchant", "sender"])
    served = ibis.cases((opened.staff.notnull(), "guide"), (opened.sender.notnull(), "sharing"), else_="red_packet")
    opened = opened.mutate(touchpoint=served).select("merchant", "touchpoint", "amount")
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
    Costs of ``OUTSIDE`` that the ledger has no orders for are left out: nothing was returned on them that anybody
    could count, which is not the same as nothing; :func:`outside_sentence` says how much they are.
    """
    total = float(interval["credit"].sum())
    table = cost.merge(_of_families(interval), on="touchpoint", how="left").fillna(
        {"credit": 0, "orders": 0.0, "share": 0.0}
    )
    table = table[table["cost"] > 0].fillna({"low": 0.0, "high": 0.0})
    table = table[~(table["touchpoint"].isin(OUTSIDE) & (table["orders"] <= 0))]
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


def outside_sentence(cost: pd.DataFrame, returned: pd.DataFrame, currency: str, lang: str = "en") -> str:
    """Say which costs stand outside the returns, with their amounts and why; nothing where all are in.

    ``cost`` is of :func:`costs`, ``returned`` of :func:`returns`.
    """
    out = cost[(cost["cost"] > 0) & cost["touchpoint"].isin(OUTSIDE) & ~cost["touchpoint"].isin(returned["touchpoint"])]
    if out.empty:
        return ""
    whys = {
        "red_packet": (
            "red packets opened ({}; their exports do not tell who sent them)",
            "已领取的红包（{}；导出文件不写发送者）",
        ),
        "coupon": (
            "coupons used ({} of face value; a coupon is no visit: it is seen only on orders that were made)",
            "已核销的优惠券（面值{}；优惠券不是访问，只在已成交订单上可见）",
        ),
        "(none)": ("spend that names no touchpoint ({})", "未注明触点的费用（{}）"),
    }
    amounts = out.groupby("touchpoint")["cost"].sum()
    parts = [said(lang, *whys[t]).format(money(amounts[t], currency)) for t in OUTSIDE if t in amounts.index]
    return said(
        lang,
        f"Costs of the programme as a whole, outside the returns above: {'; '.join(parts)}. No touchpoint can be charged "
        "with them.",
        f"以下为整个项目的费用，不计入上面的回报：{'；'.join(parts)}。无法计入任何触点。",
    )


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
