"""New customers: whose first order it is, what each format sold and to how many new ones, what a new customer cost."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.rates import ratio, with_share
from retailkit.formats.tables import between, fetch, of_persons, whole_counts
from retailkit.schema.given import takes_frames


@takes_frames
def first_orders(orders: Table, persons: Table) -> Table:
    """One row per order of a known person, with ``new``: 1 if it is the person's first order ever.

    *Ever* is as far back as the orders go: everybody is new on the first day on record.
    """
    paid = of_persons(orders, persons).drop_null("person")
    by_person = ibis.window(group_by=["merchant", "person"], order_by=["paid_at", "order_id"])
    ranked = paid.mutate(place=ibis.row_number().over(by_person))
    return ranked.mutate(new=(ranked.place == 0).ifelse(1, 0)).drop("place")


@takes_frames
def format_ledger(orders: Table, persons: Table, *, start: str | None = None, end: str | None = None) -> pd.DataFrame:
    """One row per merchant and retail format: orders, buyers, money, and how many buyers are new.

    ``order_value`` is net amount per order (笔单价), ``buyer_value`` per known buyer (客单价; of the
    orders with a known person). Orders without a person count as orders and money. The row
    ``all`` is counted, not added up: a buyer of two formats is one buyer. Minor units.
    """
    told = orders.mutate(format=orders.format.fill_null("unknown"))
    both = ibis.union(told, told.mutate(format=ibis.literal("all")))
    inside = between(both, "paid_on", start, end)
    size = inside.group_by(["merchant", "format"]).agg(orders=inside.count(), net_amount=inside.net_amount.sum())
    known = between(first_orders(both.filter(both.format != "all"), persons), "paid_on", start, end)
    known = ibis.union(known, known.mutate(format=ibis.literal("all")))
    each = known.group_by(["merchant", "format", "person"]).agg(new=known.new.max(), net_amount=known.net_amount.sum())
    buyers = each.group_by(["merchant", "format"]).agg(
        buyers=each.count(), new_buyers=each.new.sum(), known_amount=each.net_amount.sum()
    )
    frame = fetch(size).merge(fetch(buyers), how="left", on=["merchant", "format"])
    frame = whole_counts(frame, "orders", "net_amount", "buyers", "new_buyers", "known_amount")
    whole = frame[frame["format"] == "all"].set_index("merchant")["net_amount"]
    frame["share"] = ratio(frame["net_amount"], frame["merchant"].map(whole))
    frame["order_value"] = ratio(frame["net_amount"], frame["orders"])
    frame["buyer_value"] = ratio(frame["known_amount"], frame["buyers"])
    frame = with_share(frame, "new_share", "new_buyers", "buyers").drop(columns="known_amount")
    last = frame["format"] == "all"
    keys = ["merchant", "last", "net_amount", "format"]
    frame = frame.assign(last=last).sort_values(keys, ascending=[True, True, False, True])
    return frame.drop(columns="last").reset_index(drop=True)


@takes_frames
def acquisition_cost(spend: Table, orders: Table, persons: Table, *, start: str, end: str) -> pd.DataFrame:
    """One row per merchant and touchpoint: what a new customer cost on average and at the margin.

    ``cost_per_new`` = spend / new customers, whose interval takes the count as Poisson, wider where weeks stray more;
    ``new_share`` is the share of new customers among the touchpoint's buyers. ``marginal_cost``
    is what one more new customer costs: the inverse of the slope of the change of weekly new customers on
    that of weekly spend (at least eight weeks; empty where the slope is not surely above 0), so it also
    leaves out those who would have come without spend, and a season that moves both. A single week in which both
    jump, a festival say, still looks like an effect. ``all`` pools touchpoints. Minor units.
    Where no order of the window tells its touchpoint, counts and costs by touchpoint are empty: not told is not zero.
    """
    cost = between(spend.mutate(touchpoint=spend.touchpoint.fill_null("unknown")), "day", start, end)
    cost = cost.mutate(week=cost.day.truncate("W"))
    paid = cost.group_by(["merchant", "touchpoint", "week"]).agg(spend=cost.amount.sum())
    bought = first_orders(orders.mutate(touchpoint=orders.touchpoint.fill_null("unknown")), persons)
    bought = between(bought, "paid_on", start, end)
    bought = bought.mutate(week=bought.paid_on.truncate("W"))
    new = bought.group_by(["merchant", "touchpoint", "week"]).agg(new=bought.new.sum())
    buyers = bought.group_by(["merchant", "touchpoint"]).agg(buyers=bought.person.nunique())
    everyone = bought.group_by("merchant").agg(buyers=bought.person.nunique())
    weeks = fetch(paid).merge(fetch(new), how="outer", on=["merchant", "touchpoint", "week"])
    weeks = whole_counts(weeks, "spend", "new")
    heads = pd.concat([fetch(buyers), fetch(everyone).assign(touchpoint="all")], ignore_index=True)
    pooled = weeks.groupby(["merchant", "week"], as_index=False)[["spend", "new"]].sum().assign(touchpoint="all")
    rows = []
    for (merchant, touchpoint), part in (
        pd.concat([weeks, pooled]).sort_values("week").groupby(["merchant", "touchpoint"])
    ):
        total = part[["spend", "new"]].sum()
        if total["spend"] > 0:
            rows.append({"merchant": merchant, "touchpoint": touchpoint, **_cost(part)})
    names = ["cost_per_new", "cost_low", "cost_high", "marginal_cost", "marginal_low", "marginal_high"]
    frame = pd.DataFrame(rows, columns=["merchant", "touchpoint", "spend", "new_buyers", *names])
    if frame.empty:
        heads = heads.head(0)
    frame = whole_counts(frame.astype({"merchant": "str", "touchpoint": "str"}).merge(
        heads.astype({"merchant": "str", "touchpoint": "str"}), how="left", on=["merchant", "touchpoint"]
    ), "buyers", "spend", "new_buyers")  # fmt: skip
    frame = _told_alone(with_share(frame, "new_share", "new_buyers", "buyers"), heads)
    return frame.sort_values(["merchant", "spend"], ascending=[True, False], ignore_index=True)


def _told_alone(frame: pd.DataFrame, heads: pd.DataFrame) -> pd.DataFrame:
    """Costs by touchpoint without the counts of merchants whose orders tell no touchpoint at all."""
    telling = heads.loc[~heads["touchpoint"].isin(["unknown", "all"]), "merchant"]
    untold = (frame["touchpoint"] != "all") & ~frame["merchant"].isin(telling)
    counts = {c: frame[c].astype("Int64").mask(untold) for c in ("new_buyers", "buyers")}
    rates = {c: frame[c].mask(untold) for c in frame if c.startswith(("cost_", "marginal_", "new_share"))}
    return frame.assign(**counts, **rates)


def _cost(weeks: pd.DataFrame) -> dict[str, float]:
    """Mean and marginal cost of a new customer from weekly spend and new customers, weeks in order."""
    from scipy.stats import chi2

    spend, new = float(weeks["spend"].sum()), float(weeks["new"].sum())
    # customers that come in bursts tell less than as many that come one by one
    times = _bursts(weeks["spend"].to_numpy(float), weeks["new"].to_numpy(float))
    few = times * chi2.ppf(0.025, 2 * new / times) / 2 if new else 0.0
    many = times * chi2.ppf(0.975, 2 * new / times + 2) / 2
    found = {
        "spend": spend,
        "new_buyers": new,
        "cost_per_new": spend / new if new else np.nan,
        "cost_low": spend / many,
        "cost_high": spend / few if few else np.nan,
        "marginal_cost": np.nan,
        "marginal_low": np.nan,
        "marginal_high": np.nan,
    }
    if len(weeks) >= 8 and weeks["spend"].nunique() > 2:
        slope, half = _slope(np.diff(weeks["spend"].to_numpy(float)), np.diff(weeks["new"].to_numpy(float)))
        if slope - half > 0:
            ends = {"marginal_low": 1 / (slope + half), "marginal_high": 1 / (slope - half)}
            found |= {"marginal_cost": 1 / slope, **ends}
    return found


def _bursts(spend: np.ndarray, new: np.ndarray) -> float:
    """How much more weekly new customers stray from their part of the spend than Poisson counts; at least 1."""
    weeks = len(new)
    if weeks < 4 or not new.sum() > 0:
        return 1.0
    away = new - spend * new.sum() / spend.sum()
    return max(1.0, float(away @ away) * weeks / (weeks - 1) / float(new.sum()))


def _slope(spend: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """Slope through the origin of weekly changes, and half its 95% interval.

    A season or a trend that moves both is nearly gone from changes, where levels take it for an effect of the spend.
    The error allows for unequal weeks (HC3: MacKinnon and White 1985) and for neighbours that share one.
    """
    from scipy.stats import t

    whole = float(spend @ spend)
    if not whole > 0:
        return 0.0, np.inf
    slope = float(spend @ new) / whole
    each = spend * (new - slope * spend) / np.maximum(1 - spend**2 / whole, 1e-9)
    variance = float(each @ each) + max(0.0, 2 * float(each[1:] @ each[:-1]))
    return slope, float(t.ppf(0.975, len(spend) - 2)) * float(np.sqrt(variance)) / whole
