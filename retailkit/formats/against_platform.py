"""Private against platform: what a private order is worth beside one of platform e-commerce, of like goods."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.tables import between, fetch
from retailkit.schema import PRIVATE_FORMATS
from retailkit.schema.given import takes_frames
from retailkit.spoken import said, signed


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
        f"(95% interval {one['ratio_low']:.2f} to {one['ratio_high']:.2f}).",
        f"{chinese}；按平台的商品结构为{one['ratio_same_goods']:.2f}倍"
        f"（95%区间{one['ratio_low']:.2f}至{one['ratio_high']:.2f}）。",
    )
