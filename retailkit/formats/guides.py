"""Shopping guides: who is active, what they sell, whose customers they are, what they add."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.rates import Z, ratio, with_share
from retailkit.formats.roster import employed
from retailkit.formats.tables import between, fetch, local_day, of_persons, whole_counts
from retailkit.schema.given import takes_frames
from retailkit.spoken import points, said

ACTS = ("order", "binding", "new_contact", "share", "chat", "message", "live")
"""What a guide can do to count as active: sold an order, was bound to a customer, or a day with
new contacts, shares, chats, messages or a live session."""
_ACTS_ZH = dict(zip(ACTS, ("成交", "绑定客户", "新增好友", "分享", "聊天", "群发", "直播"), strict=True))
_DAY_ACTS = {
    "new_contact": "new_contacts",
    "share": "shares",
    "chat": "chats",
    "message": "messages",
    "live": "lives",
}


@takes_frames
def guide_activation(
    guides: Table, guide_days: Table, bindings: Table, orders: Table, *, start: str, end: str
) -> pd.DataFrame:
    """One row per merchant, region and act: guides on the roster and how many did the act.

    There is no agreed definition of an active guide, so each act has its own row, and ``any``
    is any of them. An act that no source of the merchant ever tells (orders that name no seller, a
    console without shares) has no row: not told is not zero. ``roster`` counts guides employed on
    any day of the window (see `roster.employed`: a roster's first day is not taken for a day of
    joining); ``region`` also has ``all``. ``rate`` carries its 95% interval.
    """
    there = employed(guides, start, end)
    roster = fetch(there.select("merchant", "guide", region=there.region.fill_null("unknown")))
    acts = [_acting(between(orders, "paid_on", start, end), "sold_by", "order")]
    bound = bindings.mutate(day=local_day(bindings, "bound_at"))
    acts.append(_acting(between(bound, "day", start, end), "guide", "binding"))
    days = between(guide_days, "day", start, end)
    acts += [_acting(days.filter(days[column] > 0), "guide", act) for act, column in _DAY_ACTS.items()]
    did = fetch(ibis.union(*acts))
    did = pd.concat([did, did.assign(act="any")]).drop_duplicates()
    both = pd.concat([roster, roster.assign(region="all")], ignore_index=True)
    size = both.groupby(["merchant", "region"], as_index=False).agg(roster=("guide", "nunique"))
    active = (
        both.merge(did, on=["merchant", "guide"])
        .groupby(["merchant", "region", "act"])
        .agg(active=("guide", "nunique"))
    )
    every = size.merge(pd.DataFrame({"act": [*ACTS, "any"]}), how="cross")
    every = every.merge(_acts_told(orders, bindings, guide_days), on=["merchant", "act"])
    frame = whole_counts(every.merge(active.reset_index(), how="left"), "active")
    return with_share(frame, "rate", "active", "roster")


def _acts_told(orders: Table, bindings: Table, guide_days: Table) -> pd.DataFrame:
    """One row per merchant and act that its sources tell at all, on whatever day; ``any`` where they tell one."""
    sources = [(orders, "sold_by", "order"), (bindings, "guide", "binding")]
    sources += [(guide_days, column, act) for act, column in _DAY_ACTS.items()]
    told = [
        table.filter(table[column].notnull()).select("merchant").distinct().mutate(act=ibis.literal(act))
        for table, column, act in sources
    ]
    found = fetch(ibis.union(*told))
    return pd.concat([found, found[["merchant"]].drop_duplicates().assign(act="any")], ignore_index=True)


def _acting(table: Table, column: str, act: str) -> Table:
    return table.select("merchant", guide=table[column]).drop_null("guide").distinct().mutate(act=ibis.literal(act))


@takes_frames
def guide_sales(
    guides: Table, bindings: Table, orders: Table, *, start: str, end: str, kind: str = "sold_by"
) -> pd.DataFrame:
    """One row per guide: customers bound, orders and money in the window, ranked.

    ``kind`` says whose order it is: ``sold_by`` (who sold it) or ``owned_by`` (who owns the
    customer). Guides of the roster without an order are rows with 0; a guide whom only orders
    name is a row without region. ``share`` is of all money with a guide; minor units.

    Raises
    ------
    ValueError
        If ``kind`` is neither.
    """
    if kind not in ("sold_by", "owned_by"):
        raise ValueError(f"no kind of guide '{kind}'; there are sold_by, owned_by")
    inside = between(orders, "paid_on", start, end)
    sold = inside.mutate(guide=inside[kind]).drop_null("guide")
    sold = sold.group_by(["merchant", "guide"]).agg(
        orders=sold.count(), customers=sold.account.nunique(), net_amount=sold.net_amount.sum()
    )
    held = bindings.filter(local_day(bindings, "bound_at") <= ibis.date(end))
    held = held.filter(held.unbound_at.isnull() | (local_day(held, "unbound_at") > ibis.date(end)))
    held = held.group_by(["merchant", "guide"]).agg(bound=held.account.nunique())
    roster = fetch(guides.select("merchant", "guide", "region", "shop_id"))
    frame = roster.merge(fetch(sold), how="outer", on=["merchant", "guide"])
    frame = frame.merge(fetch(held), how="left", on=["merchant", "guide"])
    frame = whole_counts(frame, "bound", "orders", "customers", "net_amount")
    frame["share"] = ratio(frame["net_amount"], frame.groupby("merchant")["net_amount"].transform("sum"))
    names = ["merchant", "guide", "region", "shop_id", "bound", "customers", "orders", "net_amount", "share"]
    frame = frame.sort_values(["merchant", "net_amount", "guide"], ascending=[True, False, True])
    return frame[names].reset_index(drop=True)


@takes_frames
def sold_against_owned(orders: Table) -> pd.DataFrame:
    """One row per merchant and case: does the guide who sells also own the customer?

    Cases: ``same guide``, ``another guide sold``, ``sold, nobody owns``, ``owned, nobody sold``
    and ``no guide``. Shares are of all orders and of all money.
    """
    by, of = orders.sold_by, orders.owned_by
    case = ibis.cases(
        (by.isnull() & of.isnull(), "no guide"),
        (of.isnull(), "sold, nobody owns"),
        (by.isnull(), "owned, nobody sold"),
        (by == of, "same guide"),
        else_="another guide sold",
    )
    told = orders.mutate(case=case)
    frame = fetch(told.group_by(["merchant", "case"]).agg(orders=told.count(), net_amount=told.net_amount.sum()))
    frame = whole_counts(frame, "orders", "net_amount")
    for name, part in (("order_share", "orders"), ("money_share", "net_amount")):
        frame[name] = ratio(frame[part], frame.groupby("merchant")[part].transform("sum"))
    return frame.sort_values(["merchant", "orders", "case"], ascending=[True, False, True], ignore_index=True)


@takes_frames
def with_guide(orders: Table, persons: Table, bindings: Table, *, start: str, end: str) -> pd.DataFrame:
    """One row per merchant and comparison: do customers with a guide buy more often than others?

    Customers are persons who bought before ``start``; with a guide are those bound before it and
    not released. They *convert* if they pay in ``start`` to ``end``. ``plain`` compares the two
    groups as they are; ``matched`` compares customers alike in orders so far, days since the
    last order and money spent (strata of the merchant's own quartiles), weighted as the
    customers with a guide are spread. Columns ``with_guide, without_guide`` (customers),
    ``rate_with, rate_without, difference, low, high, unmatched`` (share of customers with a
    guide who have no match).

    Notes
    -----
    Guides pick their customers, so what is left in ``matched`` may still be choice: it is a
    comparison, not the effect of having a guide.
    """
    customers = _customers(orders, persons, bindings, start, end)
    rows = []
    for merchant, part in customers.groupby("merchant"):
        orders, since, spent = (_quartiles(part[name]) for name in ("orders", "days_since_last", "net_amount"))
        stratum = pd.Series(16 * orders + 4 * since + spent, index=part.index)
        rows.append({"merchant": merchant, "comparison": "plain", **_compare(part, pd.Series(0, part.index))})
        rows.append({"merchant": merchant, "comparison": "matched", **_compare(part, stratum)})
    names = ["with_guide", "without_guide", "rate_with", "rate_without", "difference", "low", "high", "unmatched"]
    return pd.DataFrame(rows, columns=["merchant", "comparison", *names])


def _customers(orders: Table, persons: Table, bindings: Table, start: str, end: str) -> pd.DataFrame:
    """One row per person who bought before ``start``, unnamed: history, guided, bought in the window."""
    day = ibis.date(start)
    paid = of_persons(orders.select("merchant", "account", "paid_on", "net_amount"), persons).drop_null("person")
    past = paid.filter(paid.paid_on < day)
    past = past.group_by(["merchant", "person"]).agg(
        orders=past.count(), net_amount=past.net_amount.sum(), last=past.paid_on.max()
    )
    now = between(paid, "paid_on", start, end).select("merchant", "person").distinct().mutate(bought=1)
    held = bindings.filter(local_day(bindings, "bound_at") < day)
    held = held.filter(held.unbound_at.isnull() | (local_day(held, "unbound_at") >= day))
    held = of_persons(held.select("merchant", "account"), persons).select("merchant", "person").drop_null("person")
    held = held.distinct().mutate(guided=1)
    both = past.left_join(now, ["merchant", "person"]).drop("merchant_right", "person_right")
    both = both.left_join(held, ["merchant", "person"]).drop("merchant_right", "person_right")
    since = day.delta(both["last"], unit="day")
    frame = fetch(both.select("merchant", "orders", "net_amount", "bought", "guided", days_since_last=since))
    return frame.assign(bought=frame["bought"].astype("float64") > 0, guided=frame["guided"].astype("float64") > 0)


def _quartiles(values: pd.Series) -> np.ndarray:
    edges = np.unique(np.quantile(values.astype(float), [0.25, 0.5, 0.75]))
    return np.searchsorted(edges, values.astype(float), side="left")


def _compare(part: pd.DataFrame, stratum: pd.Series) -> dict[str, float]:
    """Difference of conversion, strata weighted by their customers with a guide."""
    table = part.groupby([stratum, "guided"])["bought"].agg(["size", "sum"]).unstack(fill_value=0)
    counts = {
        (of, guided): table[(of, guided)].to_numpy(float) if (of, guided) in table else np.zeros(len(table))
        for of in ("size", "sum")
        for guided in (True, False)
    }
    n1, n0 = counts["size", True], counts["size", False]
    used = (n1 > 0) & (n0 > 0)
    found = {"with_guide": int(n1.sum()), "without_guide": int(n0.sum())}
    if not used.any():
        empty = dict.fromkeys(["rate_with", "rate_without", "difference", "low", "high"], np.nan)
        return {**found, **empty, "unmatched": 1.0 if n1.sum() else np.nan}
    weight = n1[used] / n1[used].sum()
    p1, p0 = counts["sum", True][used] / n1[used], counts["sum", False][used] / n0[used]
    # one success and one failure added to each cell keep a cell of few customers from looking sure
    s1, s0 = ((counts["sum", g][used] + 1) / (counts["size", g][used] + 2) for g in (True, False))
    error = np.sqrt((weight**2 * (s1 * (1 - s1) / n1[used] + s0 * (1 - s0) / n0[used])).sum())
    difference = float(weight @ (p1 - p0))
    return {
        **found,
        "rate_with": float(weight @ p1),
        "rate_without": float(weight @ p0),
        "difference": difference,
        "low": difference - Z * error,
        "high": difference + Z * error,
        "unmatched": 1 - n1[used].sum() / n1.sum(),
    }


@takes_frames
def guide_lives(guide_days: Table, orders: Table, *, start: str, end: str) -> pd.DataFrame:
    """One row per merchant: live sessions, who holds them, and sales on days with and without.

    ``ratio`` compares a guide's mean sales on live days with the same guide's other days on
    record, pooled over the guides who hold lives (minor units per guide and day).
    """
    days = between(guide_days, "day", start, end).select("merchant", "guide", "day", "lives")
    paid = between(orders, "paid_on", start, end).drop_null("sold_by")
    sold = paid.group_by(["merchant", "sold_by", "paid_on"]).agg(net_amount=paid.net_amount.sum())
    sold = sold.select("merchant", "net_amount", guide=sold.sold_by, day=sold.paid_on)
    both = days.left_join(sold, ["merchant", "guide", "day"])
    frame = fetch(both.select("merchant", "guide", "lives", net_amount=both.net_amount.fill_null(0)))
    frame["live"] = frame["lives"].astype("float64") > 0
    holders = frame[frame["live"].groupby([frame["merchant"], frame["guide"]]).transform("any")]
    total = frame.groupby("merchant").agg(lives=("lives", "sum"), guides=("guide", "nunique"))
    total["guides_live"] = holders.groupby("merchant")["guide"].nunique()
    total["sales_live_day"] = holders[holders["live"]].groupby("merchant")["net_amount"].mean()
    total["sales_other_day"] = holders[~holders["live"]].groupby("merchant")["net_amount"].mean()
    total["ratio"] = ratio(total["sales_live_day"], total["sales_other_day"])
    return whole_counts(total.reset_index(), "lives", "guides", "guides_live")


def activation_sentence(activation: pd.DataFrame, act: str = "any", lang: str = "en") -> str:
    """Say how many guides are active by the chosen act, with the interval."""
    row = activation[(activation["region"] == "all") & (activation["act"] == act)]
    if row.empty:
        return said(
            lang,
            "No roster of guides, or no act of theirs, is recorded, so guide activation cannot be shown.",
            "没有导购名册或没有该动作的记录，无法计算导购激活率。",
        )
    one = row.iloc[0]
    did = {"any": "did any act that counts", "order": "sold at least one order"}.get(act, f"did the act '{act}'")
    return said(
        lang,
        f"{one['active']} of {one['roster']} guides {did}: {one['rate']:.0%} "
        f"({one['rate_low']:.0%} to {one['rate_high']:.0%}), 95% interval.",
        f"{one['roster']}位导购中{one['active']}位有动作（口径：{_ACTS_ZH.get(act, '任一动作')}），激活率{one['rate']:.0%}"
        f"（95%区间{one['rate_low']:.0%}至{one['rate_high']:.0%}）。",
    )


def with_guide_sentence(comparison: pd.DataFrame, lang: str = "en") -> str:
    """Say whether customers with a guide buy more often than customers like them."""
    row = comparison[comparison["comparison"] == "matched"]
    if row.empty or not np.isfinite(row["difference"].iloc[0]):
        return said(
            lang,
            "There are no two groups of like customers with and without a guide, so they cannot be compared.",
            "没有可比的有导购与无导购顾客，无法比较。",
        )
    one = row.iloc[0]
    verdict = "more often" if one["low"] > 0 else "less often" if one["high"] < 0 else "neither more nor less often"
    chinese = "更常" if one["low"] > 0 else "更少" if one["high"] < 0 else "看不出更常或更少"
    return said(
        lang,
        f"Of customers alike, those with a guide buy {verdict} than those without: {one['rate_with']:.1%} against "
        f"{one['rate_without']:.1%} (difference {points(one['low'] * 100)} to {points(one['high'] * 100)} points, 95% interval).",
        f"在相似顾客中，有导购者{chinese}购买：{one['rate_with']:.1%}对{one['rate_without']:.1%}"
        f"（相差{points(one['low'] * 100)}至{points(one['high'] * 100)}个百分点，95%区间）。",
    )
