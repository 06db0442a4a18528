"""Sharing: which visit brought which, how deep and how fast, and whether it sustains itself."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.rates import ratio, with_share
from retailkit.formats.tables import between, fetch, local_day, of_persons, whole_counts
from retailkit.schema.given import takes_frames
from retailkit.spoken import said

TREE = ("merchant", "node", "parent", "depth", "account", "started_at", "hours", "lost_parent")
FOLLOW_DAYS = 7
LEAST = 5
"""Visits, or users, whose children tell how much these differ."""


@takes_frames
def share_tree(sessions: Table) -> pd.DataFrame:
    """One row per share node: the visit that carried it first, and the node it came from.

    ``depth`` counts hops from an origin (0 came from no share), ``hours`` the time since the
    parent's visit (cycle time). Where the parent was never seen (``lost_parent``) the depth is
    the one that the source states, else 1. A node that names itself as its parent is an origin.
    """
    shared = sessions.drop_null("share_node")
    by_node = ibis.window(group_by=["merchant", "share_node"], order_by=["started_at", "session_id"])
    first = shared.mutate(place=ibis.row_number().over(by_node))
    first = first.filter(first.place == 0)
    names = ["merchant", "share_node", "share_parent", "share_depth", "account", "started_at"]
    tree = fetch(first.select(*names)).rename(
        columns={"share_node": "node", "share_parent": "parent", "share_depth": "stated"}
    )
    tree["parent"] = tree["parent"].mask(tree["parent"] == tree["node"])
    above = tree[["merchant", "node", "started_at"]].rename(columns={"node": "parent", "started_at": "parent_at"})
    tree = tree.merge(above, how="left", on=["merchant", "parent"])
    tree["lost_parent"] = tree["parent"].notna() & tree["parent_at"].isna()
    tree["hours"] = (tree["started_at"] - tree["parent_at"]).dt.total_seconds() / 3600
    tree["depth"] = _depths(tree)
    return tree.sort_values(["merchant", "started_at", "node"], ignore_index=True)[list(TREE)]


def _depths(tree: pd.DataFrame) -> np.ndarray:
    """Hops from the origin, one level at a time; a ring of parents never resolves and counts from its edge."""
    depth = np.where(tree["parent"].isna(), 0.0, np.nan)
    stated = tree["stated"].astype(float).to_numpy()
    depth = np.where(tree["lost_parent"], np.where(stated > 0, stated, 1.0), depth)
    place = pd.Series(np.arange(len(tree)), index=pd.MultiIndex.from_frame(tree[["merchant", "node"]]))
    above = place.reindex(pd.MultiIndex.from_frame(tree[["merchant", "parent"]])).to_numpy()
    while True:
        open_ = np.flatnonzero(np.isnan(depth))
        reached = depth[above[open_].astype(int)] + 1 if len(open_) else np.empty(0)
        if not np.isfinite(reached).any():
            break
        depth[open_] = reached
    return np.where(np.isnan(depth), np.where(stated > 0, stated, 1.0), depth).astype("int64")


def share_generations(tree: pd.DataFrame, *, follow_days: float = FOLLOW_DAYS) -> pd.DataFrame:
    """One row per merchant and generation: visits of the share tree, the visits they brought, and K.

    A node of the tree is a visit, and one person's visits are several nodes: K is visits brought per
    visit, never new persons per person (``share_customers`` counts persons). ``people`` are the distinct
    accounts behind the visits.

    ``k_plain`` is what is usually quoted: children on record per visit. Visits shortly before the
    record ends had no time yet to bring any, and generations still under way count too. ``k``
    therefore takes only visits whose ``follow_days`` days lie within the record, and their children
    of those days, with a 95% interval from the spread of children over visits, on the logarithm. The row
    ``all`` pools the generations; ``followed`` visits count.

    Notes
    -----
    K counts within ``follow_days``: compare it over equal spans only. K >= 1 would grow without
    end; estimates above 1 are nearly always visits chosen because they shared.
    """
    follow = pd.Timedelta(days=follow_days)
    visits = tree.assign(end=tree.groupby("merchant")["started_at"].transform("max"))
    visits["followed"] = visits["started_at"] + follow <= visits["end"]
    children = tree.dropna(subset=["parent"])
    children = children[children["hours"].notna()]
    ever = children.groupby(["merchant", "parent"]).size().rename("ever")
    soon = children[children["hours"].between(0, follow_days * 24)].groupby(["merchant", "parent"]).size()
    visits = visits.join(ever, on=["merchant", "node"]).join(soon.rename("soon"), on=["merchant", "node"])
    visits = whole_counts(visits, "ever", "soon")
    both = pd.concat([visits, visits.assign(depth="all")], ignore_index=True)
    rows = []
    for (merchant, depth), part in both.groupby(["merchant", "depth"], sort=False):
        seen = part.loc[part["followed"], "soon"].to_numpy(float)
        k = seen.mean() if len(seen) else np.nan
        low, high = k_interval(seen)
        rows.append(
            {
                "merchant": merchant,
                "generation": str(depth),
                "visits": len(part),
                "people": part["account"].nunique(),
                "brought": int(part["ever"].sum()),
                "k_plain": part["ever"].mean(),
                "followed": len(seen),
                "k": k,
                "k_low": low,
                "k_high": high,
            }
        )
    columns = ["merchant", "generation", "visits", "people", "brought", "k_plain", "followed", "k", "k_low", "k_high"]
    frame = pd.DataFrame(rows, columns=columns)
    order = pd.to_numeric(frame["generation"], errors="coerce").fillna(-1)
    frame = frame.assign(order=order).sort_values(["merchant", "order"], ignore_index=True)
    return frame.drop(columns="order")


def k_interval(children: np.ndarray) -> tuple[float, float]:
    """The 95% interval of the mean number of children: a t interval on the logarithm, which is never below 0.

    Few bring most: the spread seen among some tens of visits is mostly too small, and all of the miss lies above.
    Without any child it ends where a Poisson count of none would be seen once in forty. Fewer than `LEAST` have none:
    it would end at thousands.
    """
    from scipy.stats import t

    visits, k = len(children), float(children.mean()) if len(children) else np.nan
    if visits < LEAST:
        return np.nan, np.nan
    if k == 0:
        return 0.0, -float(np.log(0.025)) / visits
    # rare children: the spread of a few visits may be zero by luck, a Poisson count's is not
    error = t.ppf(0.975, visits - 1) * np.sqrt(max(children.var(ddof=1), k) / visits) / k
    return k * float(np.exp(-error)), k * float(np.exp(error))


def share_depth(tree: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and depth: visits, their share, and the cycle time to their parent.

    ``hours_median`` with its quartiles; long cycles are cut by the end of the record.
    """
    hours = tree.groupby(["merchant", "depth"])["hours"]
    frame = hours.agg(
        visits="size",
        hours_median="median",
        hours_quarter=lambda x: x.quantile(0.25),
        hours_three_quarters=lambda x: x.quantile(0.75),
    ).reset_index()
    frame["share"] = ratio(frame["visits"], frame.groupby("merchant")["visits"].transform("sum"))
    return frame[["merchant", "depth", "visits", "share", "hours_quarter", "hours_median", "hours_three_quarters"]]


@takes_frames
def share_customers(tree: pd.DataFrame, orders: Table, persons: Table) -> pd.DataFrame:
    """One row per merchant and depth: what the users brought by sharing bought afterwards.

    ``buyers`` paid on or after their share visit; ``new_buyers`` had never paid before it. Only
    users with a known person count (``users``). ``net_amount`` in the minor unit.
    """
    names = {"merchant": "string", "account": "string", "depth": "int64", "started_at": "timestamp(6)"}
    users = tree.dropna(subset=["account"])[list(names)].astype({"started_at": "datetime64[us]"})
    known = of_persons(ibis.memtable(users, schema=names), persons).drop_null("person")
    known = known.group_by(["merchant", "person"]).agg(depth=known.depth.min(), started_at=known.started_at.min())
    paid = of_persons(orders.select("merchant", "account", "paid_at", "net_amount"), persons)
    both = known.left_join(paid.select("merchant", "person", "paid_at", "net_amount"), ["merchant", "person"])
    after = (both.paid_at >= both.started_at).fill_null(False)
    before = (both.paid_at < both.started_at).fill_null(False)
    each = both.group_by(["merchant", "depth", "person"]).agg(
        bought=after.ifelse(1, 0).max(),
        known=before.ifelse(1, 0).max(),
        net_amount=after.ifelse(both.net_amount, 0).sum(),
    )
    new = ((each.bought == 1) & (each.known == 0)).ifelse(1, 0)
    found = each.group_by(["merchant", "depth"]).agg(
        users=each.count(), buyers=each.bought.sum(), new_buyers=new.sum(), net_amount=each.net_amount.sum()
    )
    frame = whole_counts(fetch(found), "users", "buyers", "new_buyers", "net_amount")
    frame = with_share(frame, "conversion", "buyers", "users")
    frame = with_share(frame, "new_share", "new_buyers", "buyers")
    return frame.sort_values(["merchant", "depth"], ignore_index=True)


@takes_frames
def red_packet_funnel(
    red_packets: Table, orders: Table, persons: Table, *, days: int = 7,
    start: str | None = None, end: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """One row per merchant: red packets sent, received, and followed by an order within ``days`` days.

    ``ordered`` counts packets whose receiver paid within ``days`` days after opening. An order that
    follows several packets is one of ``orders`` and stands once in ``net_amount``; ``new_buyers``
    are the persons among their buyers who had never paid before. ``spent`` is the value of the
    opened packets; ``cost_per_order`` and ``cost_per_new`` divide it by orders and new buyers
    (minor unit).
    """
    sent = between(red_packets.mutate(day=local_day(red_packets, "sent_at")), "day", start, end)
    sent = of_persons(sent.select("merchant", "packet_id", "account", "received_at", "amount"), persons)
    paid = of_persons(orders.select("merchant", "order_id", "account", "paid_at", "net_amount"), persons)
    paid = paid.drop_null("person").select("merchant", "order_id", "person", "paid_at", "net_amount")
    both = sent.left_join(paid, ["merchant", "person"]).drop("merchant_right", "person_right")
    after = (both.paid_at >= both.received_at) & (both.paid_at <= both.received_at + ibis.interval(days=days))
    both = both.mutate(after=after.fill_null(False), before=(both.paid_at < both.received_at).fill_null(False))
    each = both.group_by(["merchant", "packet_id", "account", "person"]).agg(
        received=both.received_at.notnull().ifelse(1, 0).max(),
        amount=both.amount.max(),
        ordered=both.after.ifelse(1, 0).max(),
        known=both.before.ifelse(1, 0).max(),
    )
    new = (each.ordered == 1) & (each.known == 0)
    found = each.group_by("merchant").agg(
        sent=each.count(),
        received=each.received.sum(),
        ordered=each.ordered.sum(),
        new_buyers=each.person.nunique(where=new),
        spent=(each.received == 1).ifelse(each.amount, 0).sum(),
    )
    once = both.filter(both.after).select("merchant", "order_id", "net_amount").distinct()
    once = once.group_by("merchant").agg(orders=once.count(), net_amount=once.net_amount.sum())
    frame = fetch(found).merge(fetch(once), how="left", on="merchant")
    frame = whole_counts(frame, "sent", "received", "ordered", "orders", "new_buyers", "spent", "net_amount")
    names = ["merchant", "sent", "received", "ordered", "orders", "new_buyers", "spent", "net_amount"]
    frame = with_share(frame[names], "received_share", "received", "sent")
    frame = with_share(frame, "ordered_share", "ordered", "received")
    frame["cost_per_order"] = ratio(frame["spent"], frame["orders"])
    frame["cost_per_new"] = ratio(frame["spent"], frame["new_buyers"])
    return frame


@takes_frames
def group_adoption(group_members: Table, orders: Table, persons: Table) -> pd.DataFrame:
    """One row per merchant and group: how far and how fast ordering spread through its members.

    ``adopters`` are members who ever ordered, ``saturation`` their share with interval;
    ``half_on`` is the day by which half of *all members* had ordered for the first time (empty
    where half never did: a member who never ordered is not an adopter of the last day).
    """
    member = of_persons(group_members.select("merchant", "group_id", "account"), persons)
    member = member.mutate(who=ibis.coalesce(member.person, member.account))
    paid = of_persons(orders.select("merchant", "account", "paid_on"), persons)
    paid = paid.mutate(who=ibis.coalesce(paid.person, paid.account)).drop_null("who")
    first = paid.group_by(["merchant", "who"]).agg(first_on=paid.paid_on.min())
    each = member.select("merchant", "group_id", "who").distinct().left_join(first, ["merchant", "who"])
    group, by_day = ["merchant", "group_id"], ibis.asc("first_on", nulls_first=False)
    ranked = each.mutate(
        place=ibis.row_number().over(group_by=group, order_by=by_day), members=each.who.count().over(group_by=group)
    )
    middle = ranked.place == (ranked.members - 1) // 2
    found = ranked.group_by(group).agg(
        members=ranked.count(), adopters=ranked.first_on.count(), half_on=ranked.first_on.max(where=middle)
    )
    frame = fetch(found).sort_values(group, ignore_index=True)
    frame["half_on"] = [None if pd.isna(day) else pd.Timestamp(day).date() for day in frame["half_on"]]
    return with_share(frame, "saturation", "adopters", "members")


def share_sentence(generations: pd.DataFrame, lang: str = "en") -> str:
    """Say whether sharing sustains itself."""
    row = generations[generations["generation"] == "all"]
    if row.empty:
        return said(
            lang, "No shares are recorded, so who brought whom cannot be shown.", "没有分享记录，无法展示裂变关系。"
        )
    one = row.iloc[0]
    if not np.isfinite(one["k_high"]):
        return said(
            lang,
            f"{one['visits']} visits carry a share, too few or too late to say how many each one brings.",
            f"{one['visits']}次访问带有分享信息，数量太少或太晚，无法判断每次带来几次。",
        )
    verdict = (
        "sharing sustains itself" if one["k_low"] >= 1
        else "sharing fades out without new starts" if one["k_high"] < 1
        else "the record cannot tell whether sharing sustains itself"
    )  # fmt: skip
    chinese = "能自我增长" if one["k_low"] >= 1 else "会逐代衰减" if one["k_high"] < 1 else "尚无法判断能否自我增长"
    return said(
        lang,
        f"Each visit with a share brings {one['k']:.2f} others (95% interval {one['k_low']:.2f} to {one['k_high']:.2f}; "
        f"{one['k_plain']:.2f} without correction), so {verdict}. Visits, not persons: {one['visits']:,} by "
        f"{one['people']:,} accounts.",
        f"每次带分享的访问带来{one['k']:.2f}次访问（95%区间{one['k_low']:.2f}至{one['k_high']:.2f}；未修正为{one['k_plain']:.2f}），"
        f"分享{chinese}。按访问而非按人计：{one['people']:,}个账户共{one['visits']:,}次。",
    )
