"""Acquisition and price: what new customers cost, what private orders are worth, where goods go."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.rates import ratio, with_share
from retailkit.formats.tables import between, fetch, of_persons, whole_counts
from retailkit.schema import PRIVATE_FORMATS
from retailkit.schema.given import takes_frames
from retailkit.spoken import said, signed


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


@takes_frames
def value_against_platform(
    orders: Table, order_lines: Table, products: Table | None = None, *, private: Sequence[str] = PRIVATE_FORMATS,
    start: str | None = None, end: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """One row per merchant: mean order on the private formats against platform e-commerce.

    A line without a category takes that of its product, where ``products`` are given.

    ``ratio`` compares the means as they are. ``ratio_same_goods`` compares orders whose main
    category (largest line) is the same and weighs the categories as the platform sells them, so
    that a dearer goods mix no longer counts; with a 95% interval. ``private_buyer_value`` and
    ``platform_buyer_value`` are per account (客单价). ``common`` is the share of platform orders
    in categories that both sell, ``category_share`` the share of all orders whose category is known.
    Report ratio and per cent: "up 3 times" means both. Minor units.
    """
    chosen = between(orders, "paid_on", start, end)
    side = ibis.cases(
        (chosen.format.isin(list(private)), "private"),
        (chosen.format == "platform", "platform"),
        else_=ibis.null("string"),
    )
    chosen = chosen.mutate(side=side).drop_null("side").select("merchant", "order_id", "side", "account", "net_amount")
    by_order = ibis.window(group_by=["merchant", "order_id"], order_by=[ibis.desc("net_amount"), "line"])
    lines = _with_category(order_lines, products).select("merchant", "order_id", "line", "category", "net_amount")
    main = lines.mutate(place=ibis.row_number().over(by_order))
    main = main.filter(main.place == 0).select("merchant", "order_id", "category")
    both = chosen.left_join(main, ["merchant", "order_id"])
    both = both.mutate(category=both.category.fill_null("unknown"), square=both.net_amount.cast("float64") ** 2)
    cells = fetch(
        both.group_by(["merchant", "side", "category"]).agg(
            orders=both.count(), net_amount=both.net_amount.sum(), square=both.square.sum()
        )
    )
    heads = fetch(both.group_by(["merchant", "side"]).agg(buyers=both.account.nunique()))
    heads = heads.set_index(["merchant", "side"])["buyers"]
    rows = []
    for merchant, part in cells.groupby("merchant"):
        if part["side"].nunique() == 2:
            buyers = {s: heads.get((merchant, s), 0) for s in ("private", "platform")}
            rows.append({"merchant": merchant, **_same_goods(part, buyers)})
    names = [
        "private_orders", "platform_orders", "private_order_value", "platform_order_value",
        "private_buyer_value", "platform_buyer_value", "ratio", "ratio_same_goods", "ratio_low", "ratio_high", "common",
        "category_share",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["merchant", *names])


def _with_category(lines: Table, products: Table | None) -> Table:
    """One row per line; a line without a category takes its product's."""
    if products is None:
        return lines
    kinds = products.select("merchant", "product_id", kind=products.category)
    both = lines.left_join(kinds, ["merchant", "product_id"]).drop("merchant_right", "product_id_right")
    return both.mutate(category=both.category.fill_null(both.kind)).drop("kind")


def _same_goods(cells: pd.DataFrame, buyers: dict[str, int]) -> dict[str, float]:
    """Compare the two sides' mean orders, raw and with the platform's mix of categories."""
    wide = cells.pivot_table(index="category", columns="side", values=["orders", "net_amount", "square"], aggfunc="sum")
    wide = wide.fillna(0.0)
    n, total = wide["orders"], wide["net_amount"]
    mean = total / n.replace(0, np.nan)
    common = (n > 0).all(axis=1) & (mean["platform"] > 0) & (n.index != "unknown")
    weight = n.loc[common, "platform"] / n.loc[common, "platform"].sum()
    standard = {side: float((weight * mean.loc[common, side]).sum()) for side in ("private", "platform")}
    values = {side: total[side].sum() / n[side].sum() for side in ("private", "platform")}
    same = standard["private"] / standard["platform"] if common.any() and standard["private"] > 0 else np.nan
    half = _log_half(wide.loc[common], mean.loc[common], weight, standard) if np.isfinite(same) else np.nan
    return {
        "private_orders": n["private"].sum(),
        "platform_orders": n["platform"].sum(),
        "private_order_value": values["private"],
        "platform_order_value": values["platform"],
        "private_buyer_value": total["private"].sum() / buyers["private"] if buyers["private"] else np.nan,
        "platform_buyer_value": total["platform"].sum() / buyers["platform"] if buyers["platform"] else np.nan,
        "ratio": values["private"] / values["platform"] if values["platform"] else np.nan,
        "ratio_same_goods": same,
        "ratio_low": same * np.exp(-half),
        "ratio_high": same * np.exp(half),
        "common": n.loc[common, "platform"].sum() / n["platform"].sum(),
        "category_share": 1 - n.loc[n.index == "unknown"].to_numpy().sum() / n.to_numpy().sum(),
    }


def _log_half(wide: pd.DataFrame, mean: pd.DataFrame, weight: pd.Series, standard: dict[str, float]) -> float:
    """Half the 95% interval of the log ratio; NaN where no category has two orders on one of the sides.

    A category with one order shows no spread of its own, and one with two hardly any: a side's categories share one
    spread in proportion to their means. Degrees of freedom by Welch and Satterthwaite.
    """
    from scipy.stats import t

    errors, freedom = [], []
    for side, whole in standard.items():
        n, average = wide["orders"][side], mean[side]
        free = n - 1
        if free.sum() < 1:
            return float("nan")
        squares = (wide["square"][side] - n * average**2).clip(lower=0).sum()
        share = squares / (free * average**2).sum()
        errors.append(float((weight**2 * share * average**2 / n).sum()) / whole**2)
        freedom.append(float(free.sum()))
    variance = sum(errors)
    if variance == 0:
        return 0.0
    df = variance**2 / sum(e**2 / f for e, f in zip(errors, freedom, strict=True))
    return float(t.ppf(0.975, df)) * float(np.sqrt(variance))


def value_sentence(value: pd.DataFrame, lang: str = "en") -> str:
    """Say how a private order compares with a platform order of like goods."""
    if value.empty:
        return said(
            lang,
            "Orders of the private formats and of a platform are not both recorded, so they cannot be compared.",
            "没有同时记录私域与平台订单，无法比较。",
        )
    one = value.iloc[0]
    raw = f"A private order is worth {one['ratio']:.2f} times a platform order ({signed(one['ratio'] - 1)})"
    chinese = f"私域笔单价是平台的{one['ratio']:.2f}倍（{signed(one['ratio'] - 1)}）"
    if one["category_share"] == 0:
        return said(
            lang,
            f"{raw}; neither order lines nor products tell a category, so goods of one kind cannot be compared.",
            f"{chinese}；订单行与商品均未注明品类，无法按同类商品比较。",
        )
    if not np.isfinite(one["ratio_same_goods"]):
        return said(
            lang,
            f"{raw}; the two sell no category in common, so goods of one kind cannot be compared.",
            f"{chinese}；两者没有共同品类，无法按同类商品比较。",
        )
    if not np.isfinite(one["ratio_low"]):
        return said(
            lang,
            f"{raw}; with the platform's mix of goods {one['ratio_same_goods']:.2f} times, from too few orders to say how sure.",
            f"{chinese}；按平台的商品结构为{one['ratio_same_goods']:.2f}倍，订单太少，无法给出区间。",
        )
    return said(
        lang,
        f"{raw}; with the platform's mix of goods {one['ratio_same_goods']:.2f} times "
        f"({one['ratio_low']:.2f} to {one['ratio_high']:.2f}).",
        f"{chinese}；按平台的商品结构为{one['ratio_same_goods']:.2f}倍"
        f"（{one['ratio_low']:.2f}至{one['ratio_high']:.2f}）。",
    )
