"""Planned against achieved, node by node, ranked in money; who owns what; the next phase's targets."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.schema.figure import figure, minor_units
from retailkit.schema.given import takes_frames
from retailkit.spoken import signed
from retailkit.targets.tree import NODES

LEAVES = {"known": ("buyers", "frequency", "basket"), "unknown": ("unknown_orders", "unknown_basket")}


def attainment(plan: pd.DataFrame, achieved: pd.DataFrame) -> pd.DataFrame:
    """One row per KPI node: planned, achieved, attainment (achieved / planned).

    Parameters
    ----------
    plan : ``node, parent, kind, unit, value`` (and ``source``, ``owner`` where known).
    achieved : see ``kpi_tree``.
    """
    keys = ["node", "parent", "kind", "unit"]
    done = achieved[[*keys, "value"]].rename(columns={"value": "achieved"})
    table = plan.rename(columns={"value": "planned"}).merge(done, on=keys, how="outer")
    order = {name: i for i, (name, *_) in enumerate(NODES)}
    table = table.sort_values("node", key=lambda n: n.map(order), ignore_index=True)
    return table.assign(attainment=table["achieved"] / table["planned"].where(table["planned"] > 0))


def shortfalls(table: pd.DataFrame) -> pd.DataFrame:
    """One row per factor of the tree: what missing or beating its plan made in money, worst first.

    The gap of each product is split over its factors by log-mean weights (LMDI-I, Ang 2005):
    the column ``money`` (minor units) adds up to achieved less planned GMV exactly. Where
    visits are on record buyers are split further, into visitors and conversion.

    Parameters
    ----------
    table : see ``attainment``.

    Returns
    -------
    No row where there is no plan, or where the window is not wholly on record: what is missing did not fall short.
    """
    columns = ["node", "planned", "achieved", "attainment", "money"]
    v = table.set_index("node")
    top = v.reindex(["gmv"])[["planned", "achieved"]].astype(float).iloc[0]
    if not top["planned"] > 0 or np.isnan(top["achieved"]):
        return pd.DataFrame(columns=columns)
    rows: list[tuple[str, float]] = []
    for product, leaves in LEAVES.items():
        names = [n for leaf in leaves for n in _leaf(leaf, v)]
        plan, done = (float(v[side].get(product, 0.0)) for side in ("planned", "achieved"))
        plan, done = (0.0 if x != x else x for x in (plan, done))
        if min(plan, done) <= 0:
            rows.append((names[0] if names else product, done - plan))  # entry or exit: no log to split by
            continue
        weight = plan if abs(done / plan - 1) < 1e-12 else (done - plan) / np.log(done / plan)
        parts = [weight * float(np.log(v["achieved"][n] / v["planned"][n])) for n in names]
        parts[0] += done - plan - sum(parts)  # what rounding leaves
        rows += list(zip(names, parts, strict=True))
    out = pd.DataFrame(rows, columns=["node", "money"])
    out = out[(out["money"] != 0) | out["node"].isin(v.index)]
    extra = [c for c in ("owner",) if c in table]
    out = out.merge(table[["node", "planned", "achieved", "attainment", *extra]], on="node", how="left")
    return out.sort_values("money", kind="stable", ignore_index=True)[[*columns, *extra]]


def _leaf(name: str, v: pd.DataFrame) -> list[str]:
    if name == "buyers" and {"visitors", "conversion"} <= set(v.index) and v["achieved"].get("visitors", np.nan) > 0:
        return ["visitors", "conversion"]
    return [name]


def cut_shortfalls(parts: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """One row per part of a cut: planned at its old share of the total, achieved, and the gap in money.

    Parameters
    ----------
    parts : see ``cut_by``, with the windows ``before`` and ``programme``.
    plan : the whole's planned tree of the programme window (``node, value``); without one there is no row.
    """
    parts = parts if len(plan) else parts.head(0)
    whole = plan.loc[plan["node"] == "gmv", "value"].sum()
    old = parts["before"].astype(float)
    share = old / old.groupby(parts["cut"]).transform("sum").where(lambda s: s > 0)
    table = parts.assign(planned=share * whole, achieved=parts["programme"].astype(float))
    table = table.assign(money=table["achieved"] - table["planned"])
    table = table.assign(attainment=table["achieved"] / table["planned"].where(table["planned"] > 0))
    order = ["cut", "part", "planned", "achieved", "attainment", "money"]
    return table.sort_values("money", kind="stable", ignore_index=True)[
        [*order, *(["owner"] if "owner" in table else [])]
    ]


@takes_frames
def coverage(orders: Table, persons: Table, bindings: Table, members: Table) -> pd.DataFrame:
    """One row per kind of owner: share of customers, and of their sales, with a guide, a shop, or both.

    Customers are the known persons with an order on record. A guide counts while bound (not
    released before the last order on record) or where the member record names one; a shop counts
    where the member record or an order names one.
    """
    who = persons.select("merchant", "account", "person").distinct()
    sales = orders.inner_join(who, ["merchant", "account"]).select("merchant", "person", "shop_id", "net_amount")
    spent = sales.group_by(["merchant", "person"]).aggregate(
        amount=sales.net_amount.sum(),
        shop=sales.shop_id.notnull().ifelse(1, 0).max(),
    )
    bound = bindings.filter(bindings.unbound_at.isnull())
    named = members.filter(members.guide.notnull()).select("merchant", "account")
    bound = ibis.union(bound.select("merchant", "account"), named).inner_join(who, ["merchant", "account"])
    guides = bound.select("merchant", "person").distinct().mutate(guide=ibis.literal(1))
    homes = members.filter(members.shop_id.notnull())
    homes = homes.inner_join(who, ["merchant", "account"])
    homes = homes.select("merchant", "person").distinct().mutate(home=ibis.literal(1))
    table = spent.left_join(guides, ["merchant", "person"]).select(*spent.columns, "guide")
    table = table.left_join(homes, ["merchant", "person"]).select(*table.columns, "home")
    guide, shop = table.guide.fill_null(0), ibis.greatest(table.shop, table.home.fill_null(0))
    marks = {"guide": guide, "shop": shop, "guide and shop": guide * shop}
    sums = {"customers": table.person.count(), "amount": table.amount.sum()}
    for name, mark in marks.items():
        sums[f"{name}/n"], sums[f"{name}/a"] = mark.sum(), (mark * table.amount).sum()
    row = table.aggregate(**sums).execute().astype("float64").fillna(0.0).iloc[0]
    rows = [
        (name, int(row["customers"]), int(row[f"{name}/n"]), _share(row[f"{name}/n"], row["customers"]),
         _share(row[f"{name}/a"], row["amount"]))
        for name in marks
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["owner", "customers", "owned", "share", "sales_share"])


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def with_reasons(gaps: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The table of ``shortfalls`` with ``reason``: how far the node was off, and its part of all that was lost or won.

    >>> gaps = pd.DataFrame({"node": ["buyers", "basket"], "planned": [10.0, 5.0], "achieved": [8.0, 6.0],
    ...                      "attainment": [0.8, 1.2], "money": [-30.0, 10.0]})
    >>> with_reasons(gaps)["reason"].tolist()
    ['20.0% below plan; 100% of all that was lost', '20.0% above plan; 100% of all that was won']
    """
    lost, won = -gaps["money"].clip(upper=0).sum(), gaps["money"].clip(lower=0).sum()
    words = []
    for row in gaps.itertuples():
        whole, off = (lost if row.money < 0 else won), row.attainment - 1
        part = f"{abs(row.money) / whole:.0%}" if whole > 0 else "0%"
        if lang == "zh":
            far = "计划中没有" if off != off else f"{'低于' if off < 0 else '高于'}计划 {abs(off):.1%}"
            words.append(f"{far}；占全部{'损失' if row.money < 0 else '增益'}的 {part}")
        else:
            far = "not in the plan" if off != off else f"{abs(off):.1%} {'below' if off < 0 else 'above'} plan"
            words.append(f"{far}; {part} of all that was {'lost' if row.money < 0 else 'won'}")
    return gaps.assign(reason=words)


def next_targets(tree: pd.DataFrame, gaps: pd.DataFrame, lifts: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """One row per KPI node of the next phase with base and stretch target and the reason for it.

    Parameters
    ----------
    tree : see ``propose``.
    gaps : see ``shortfalls``; the last phase's misses.
    lifts : see ``lifts_left`` or ``past_lifts``.
    """
    missed = gaps.set_index("node")["attainment"] if len(gaps) else pd.Series(dtype=float)
    base = lifts.set_index("factor")
    left = "shrink" in lifts.attrs
    reasons = []
    for node in tree["node"]:
        words = []
        if node in missed.index and missed[node] < 0.995:
            reached = f"{missed[node]:.1%}"
            words.append(f"上期达成 {reached}" if lang == "zh" else f"reached {reached} of plan last time")
        if node in base.index and base["merchants"][node] and np.isfinite(base["median"][node]):
            lift, seen = signed(base["base"][node] - 1, 1), signed(base["median"][node] - 1, 1)
            count = int(base["merchants"][node])
            if lang == "zh":
                words.append(
                    f"计划提升 {lift}；{count} 家商户{'下半期再增' if left else ''}{'中位数' if count > 1 else ''} {seen}"
                )
            else:
                what = "the second half added" if left else "was"
                one = "at the one merchant" if left else "that of the one merchant"
                middle = f"the median of {count} merchants" if count > 1 else one
                words.append(f"planned lift {lift}; {middle} {what} {seen}")
        reasons.append(("；" if lang == "zh" else "; ").join(words))
    return tree.assign(reason=reasons)


def target_metrics(
    reviewed: pd.DataFrame, gaps: pd.DataFrame, tree: pd.DataFrame, odds: pd.DataFrame, currency: str
) -> list[dict[str, Any]]:
    """One record per figure of the chapter, money in whole units of the currency."""
    scale = minor_units(currency)
    top = reviewed[reviewed["node"] == "gmv"]
    out = []
    if len(top):
        row = top.iloc[0]
        out.append(figure("gmv_planned", row["planned"] / scale, currency, "net GMV planned for the programme window"))
        out.append(figure("gmv_achieved", row["achieved"] / scale, currency, "net GMV of the programme window"))
        out.append(figure("gmv_attainment", row["attainment"], "fraction", "achieved over planned GMV"))
    for gap in gaps.itertuples():
        out.append(
            figure(f"gap_{gap.node}", gap.money / scale, currency, "achieved less planned, the node's part in money")
        )
    for row in tree[tree["node"] == "gmv"].itertuples():
        for name in ("anyway", "base", "stretch"):
            what = "sold anyway" if name == "anyway" else f"{name} target"
            out.append(
                figure(f"next_gmv_{name}", getattr(row, name) / scale, currency, f"next window's net GMV, {what}")
            )
    for row in odds.itertuples():
        out.append(
            figure(f"chance_{row.target}", row.if_nothing_new, "probability", "to reach it if nothing new is done")
        )
    return out
