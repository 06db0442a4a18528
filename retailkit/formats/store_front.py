"""The official store: where visits come from, how far they get, what messages bring."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.rates import ratio, with_share
from retailkit.formats.tables import between, fetch, of_persons, whole_counts
from retailkit.schema.given import takes_frames
from retailkit.spoken import said

STEPS = ("visit", "product", "cart", "checkout", "pay")
ENOUGH_VISITS = 100
"""Visits that passed a step at which none ever stopped, from which on the source is taken not to tell the step."""
STEPS_ZH = dict(zip(STEPS, ("访问", "商品页", "加购", "结算", "支付"), strict=True))


@takes_frames
def visits(sessions: Table, scenes: pd.DataFrame) -> Table:
    """One row per visit with ``visitor`` and the ``entrance`` it came through.

    ``scenes`` holds ``scene, touchpoint, role`` (one row per launch scene). The entrance is
    ``direct_return`` for a scene that is a return (its query survives from an earlier visit);
    else what the source names; else guide, group or share ids in the query, which launch
    scenes alone hide; else the scene's touchpoint. Test scenes are left out, and a scene that
    only continues a visit has the entrance ``continuation``. A visit without an account is a
    visitor of its own.
    """
    known = ibis.memtable(scenes[["scene", "touchpoint", "role"]].astype(str)).rename(of_scene="touchpoint")
    s = sessions.left_join(known, "scene").drop("scene_right")
    role = s.role.fill_null("touch")
    by_id = ibis.cases(
        (s.guide.notnull(), "guide"),
        (s.group_id.notnull(), "group"),
        (s.share_parent.notnull(), "sharing"),
        else_=ibis.null("string"),
    )
    named = ibis.coalesce(s.touchpoint, by_id, s.of_scene, ibis.literal("unknown"))
    entrance = ibis.cases((role == "direct", "direct_return"), (role == "continuation", "continuation"), else_=named)
    return s.mutate(
        entrance=entrance,
        visitor=ibis.coalesce(s.account, ibis.literal("session:").concat(s.session_id)),
        step=ibis.cases(
            *((s.furthest_step == step, number) for number, step in enumerate(STEPS)),
            else_=s.order_id.isnull().ifelse(0, len(STEPS) - 1),
        ),
    ).filter(role != "excluded")


@takes_frames
def scene_funnel(sessions: Table, scenes: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant, entrance and step: visitors who got that far.

    ``entrance`` also has ``all``. Columns ``visitors`` (distinct over the whole period, so they
    cannot be added over entrances), ``visits``, ``share`` of the entrance's visitors with its
    95% interval, ``step_share`` of those who reached the step before. A step that a hundred visits
    or more passed and none stopped at (a source that knows carts and payments, but no checkout) is
    not told, and has no rows: who paid would else seem to be all who came that near.
    """
    seen = visits(sessions, scenes)
    # a visitor's furthest step tells which steps the visitor reached: no set of visitors for each step
    each = seen.group_by(["merchant", "entrance", "visitor"]).agg(step=seen.step.max())
    whole = each.group_by(["merchant", "visitor"]).agg(entrance=ibis.literal("all"), step=each.step.max())
    visitors = _reached(each.union(whole.select(each.columns)))
    made = _reached(seen)
    everywhere = made.groupby("merchant", as_index=False).sum(numeric_only=True)
    made = pd.concat([made, everywhere.assign(entrance="all")])
    key = ["merchant", "entrance"]
    frames = []
    for number, step in enumerate(STEPS):
        far = [frame.set_index(key)[f"step_{number}"] for frame in (visitors, made)]
        frame = pd.concat(far, axis=1, keys=["visitors", "visits"]).reset_index()
        untold = everywhere.loc[_untold(everywhere, number), "merchant"]
        frames.append(frame[~frame["merchant"].isin(untold)].assign(step=step, number=number))
    funnel = whole_counts(pd.concat(frames, ignore_index=True), "visitors", "visits")
    funnel = funnel.sort_values(["merchant", "entrance", "number"], ignore_index=True)
    by_entrance = funnel.groupby(["merchant", "entrance"])["visitors"]
    funnel["started"] = by_entrance.transform("first")
    funnel["step_share"] = ratio(funnel["visitors"], by_entrance.shift().fillna(funnel["visitors"]))
    funnel = with_share(funnel, "share", "visitors", "started")
    return funnel[
        ["merchant", "entrance", "step", "visitors", "visits", "share", "share_low", "share_high", "step_share"]
    ]


def _untold(everywhere: pd.DataFrame, number: int) -> pd.Series:
    """Tell of each merchant whether its visits pass the step with this number without ever stopping there."""
    if number in (0, len(STEPS) - 1):
        return pd.Series(False, index=everywhere.index)
    beyond = everywhere[f"step_{number + 1}"]
    return (everywhere[f"step_{number}"] == beyond) & (beyond >= ENOUGH_VISITS)


def _reached(rows: Table) -> pd.DataFrame:
    """One row per merchant and entrance: ``step_0, step_1 ...``, how many rows got that far."""
    far = {f"step_{number}": (rows.step >= number).ifelse(1, 0).sum() for number in range(len(STEPS))}
    return whole_counts(fetch(rows.group_by(["merchant", "entrance"]).agg(**far)), *far)


@takes_frames
def repeat_visits(sessions: Table, scenes: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and entrance: do people come back through it?

    A touchpoint is not an entrance: it is worth what returns through it. ``entrance`` also has
    ``all``: whoever came back, by whatever entrance; a visitor of two entrances is one there, so
    that entrances do not add up to it. Columns ``visitors, visits, visit_share`` (of all visits),
    ``visits_per_visitor, returned`` (visitors with a second day of visits through it) and
    ``return_share`` with its interval.
    """
    seen = visits(sessions, scenes)
    # a second day: the first is not the last, which needs no set of days for each visitor
    each = seen.group_by(["merchant", "entrance", "visitor"]).agg(
        visits=seen.count(), first=seen.started_on.min(), last=seen.started_on.max()
    )
    whole = each.group_by(["merchant", "visitor"]).agg(
        entrance=ibis.literal("all"), visits=each.visits.sum(), first=each["first"].min(), last=each["last"].max()
    )
    each = each.union(whole.select(each.columns))
    frame = fetch(
        each.group_by(["merchant", "entrance"]).agg(
            visitors=each.count(), visits=each.visits.sum(), returned=(each["first"] < each["last"]).ifelse(1, 0).sum()
        )
    )
    frame = whole_counts(frame, "visitors", "visits", "returned")
    frame["visit_share"] = ratio(frame["visits"], frame.groupby("merchant")["visits"].transform("max"))
    frame["visits_per_visitor"] = ratio(frame["visits"], frame["visitors"])
    frame = with_share(frame, "return_share", "returned", "visitors")
    return frame.sort_values(["merchant", "visits", "entrance"], ascending=[True, False, True], ignore_index=True)


@takes_frames
def visitor_value(sessions: Table, orders: Table, scenes: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and entrance: what a visitor is worth (UV value).

    Orders paid within the visits. ``visitor_value`` = ``net_amount`` / ``visitors`` =
    ``conversion`` (buyers / visitors) x ``buyer_value`` (net_amount / buyers), exactly, since
    all three count distinct visitors of one period. Amounts in the minor unit.
    """
    paid = orders.select("merchant", "order_id", "net_amount")
    seen, who = visits(sessions, scenes), ["merchant", "entrance", "visitor"]
    # few visits end in an order: only these need a set of orders for each visitor
    bought = seen.inner_join(paid, ["merchant", "order_id"]).group_by(who)
    bought = bought.agg(orders=ibis._.order_id.nunique(), net_amount=ibis._.net_amount.sum().fill_null(0))
    none = ibis.literal(0, "int64")
    each = seen.select(who).distinct().mutate(orders=none, net_amount=none).union(bought)
    both = ibis.union(each, each.mutate(entrance=ibis.literal("all")))
    both = both.group_by(who).agg(orders=both.orders.sum(), net_amount=both.net_amount.sum())
    frame = fetch(
        both.group_by(["merchant", "entrance"]).agg(
            visitors=both.count(),
            buyers=(both.orders > 0).ifelse(1, 0).sum(),
            orders=both.orders.sum(),
            net_amount=both.net_amount.sum(),
        )
    )
    frame = whole_counts(frame, "visitors", "buyers", "orders", "net_amount")
    frame = with_share(frame, "conversion", "buyers", "visitors")
    frame["buyer_value"] = ratio(frame["net_amount"], frame["buyers"])
    frame["visitor_value"] = ratio(frame["net_amount"], frame["visitors"])
    return frame.sort_values(["merchant", "net_amount", "entrance"], ascending=[True, False, True], ignore_index=True)


@takes_frames
def long_tail(order_lines: Table, tops: tuple[int, ...] = (10, 50, 100, 500, 1000)) -> pd.DataFrame:
    """One row per merchant and ``top``: the share of money outside the best ``top`` products.

    Columns ``merchant, top, products, net_amount, tail_amount, tail_share``; products whose
    lines sum to nothing or less are left out. Lines know no refunds.
    """
    sold = fetch(order_lines.group_by(["merchant", "product_id"]).agg(net_amount=order_lines.net_amount.sum()))
    sold = sold[sold["net_amount"] > 0].sort_values(["merchant", "net_amount"], ascending=[True, False])
    rows = []
    for merchant, part in sold.groupby("merchant"):
        amounts = part["net_amount"].to_numpy()
        for top in (n for n in tops if n < len(amounts)):
            rows.append((merchant, top, len(amounts), amounts.sum(), amounts[top:].sum()))
    columns = ["merchant", "top", "products", "net_amount", "tail_amount"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], "int64"))
    return frame.assign(tail_share=ratio(frame["tail_amount"], frame["net_amount"]))


@takes_frames
def push_funnel(
    pushes: Table, campaigns: Table, orders: Table, persons: Table, *, days: int = 7,
    start: str | None = None, end: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """One row per merchant, touchpoint and campaign: messages sent, delivered, opened, followed by an order.

    ``ordered`` counts receivers who paid within ``days`` days from the day of the message, and not
    before its hour where that is known (for a message known only by its campaign: from the
    campaign's first to its last day). They
    ordered *after* it, not because of it. ``delivered`` and ``opened`` are empty where the
    source never states them; shares are of the receivers, with their intervals. ``first_on`` is
    the first day of the campaign's messages.
    """
    of = campaigns.select("merchant", "campaign_id", "campaign", "starts_on", "ends_on")
    told = pushes.left_join(of, ["merchant", "campaign_id"]).drop("merchant_right", "campaign_id_right")
    told = told.mutate(
        day=ibis.coalesce(told.sent_on, told.starts_on),
        title=ibis.coalesce(told.campaign, told.campaign_id, ibis.literal("unknown")),
        touchpoint=told.touchpoint.fill_null("unknown"),
    )
    last = ibis.coalesce(told.sent_on, told.ends_on, told.starts_on)
    told = told.mutate(until=told.sent_on.isnull().ifelse(last, told.day + ibis.interval(days=days)))
    told = of_persons(between(told, "day", start, end), persons)
    told = told.mutate(receiver=ibis.coalesce(told.person, told.account))
    key = ["merchant", "touchpoint", "title", "campaign_id"]
    each = told.group_by([*key, "receiver"]).agg(
        day=told.day.min(),
        at=told.sent_at.min(),
        until=told.until.max(),
        sent=told.count(),
        delivered=(told.delivered_at.notnull()).ifelse(1, 0).max(),
        opened=(told.opened_at.notnull()).ifelse(1, 0).max(),
    )
    paid = of_persons(orders.select("merchant", "account", "paid_at", "paid_on", "net_amount"), persons)
    paid = paid.drop_null("person").select("merchant", "paid_at", "paid_on", "net_amount", receiver="person")
    after = each.left_join(paid, ["merchant", "receiver"])
    late = after["at"].isnull() | (after.paid_at >= after["at"])  # what was paid that morning was no answer
    within = ((after.paid_on >= after.day) & (after.paid_on <= after.until) & late).fill_null(False)
    each = after.group_by([*key, "receiver", "day", "sent", "delivered", "opened"]).agg(
        ordered=within.ifelse(1, 0).max(), net_amount=within.ifelse(after.net_amount, 0).sum()
    )
    frame = fetch(
        each.group_by(key).agg(
            first_on=each.day.min(),
            sent=each.sent.sum(),
            receivers=each.count(),
            delivered=each.delivered.sum(),
            opened=each.opened.sum(),
            ordered=each.ordered.sum(),
            net_amount=each.net_amount.sum(),
        )
    )
    frame = whole_counts(frame, "sent", "receivers", "ordered", "net_amount")
    for name in ("delivered", "opened"):
        stated = frame.groupby(["merchant", "touchpoint"])[name].transform("sum") > 0
        frame[name] = frame[name].astype(float).where(stated)
        frame[f"{name}_share"] = ratio(frame[name], frame["receivers"])
    frame = with_share(frame, "ordered_share", "ordered", "receivers").rename(columns={"title": "campaign"})
    keys = ["merchant", "touchpoint", "receivers", "campaign", "campaign_id"]
    return frame.sort_values(keys, ascending=[True, True, False, True, True], ignore_index=True)


def funnel_sentence(funnel: pd.DataFrame, lang: str = "en") -> str:
    """Say where visitors are lost: the step with the smallest share of the step before."""
    steps = funnel[(funnel["entrance"] == "all") & (funnel["step"] != "visit")]
    steps = steps[np.isfinite(steps["step_share"])]
    if steps.empty:
        return said(
            lang,
            "No visits are recorded, so the way from visit to payment cannot be shown.",
            "没有访问记录，无法展示从访问到支付的过程。",
        )
    worst, paid = steps.loc[steps["step_share"].idxmin()], steps.iloc[-1]
    gone = [step for step in STEPS if step not in {"visit", *steps["step"]}]
    untold = f" The visits do not tell of {' and '.join(gone)}." if gone else ""
    chinese = f"访问记录未注明{'、'.join(STEPS_ZH[step] for step in gone)}。" if gone else ""
    return said(
        lang,
        f"{paid['share']:.1%} of the visitors paid (95% interval {paid['share_low']:.1%} to {paid['share_high']:.1%}); "
        f"the narrowest step is {worst['step']}, reached by {worst['step_share']:.0%} of those who came that near.{untold}",
        f"{paid['share']:.1%}的访客完成支付（95%区间{paid['share_low']:.1%}至{paid['share_high']:.1%}）；"
        f"流失最多的一步是{STEPS_ZH[worst['step']]}，只有{worst['step_share']:.0%}走过上一步的人到达。{chinese}",
    )
