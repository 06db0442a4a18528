"""How much of the business the persons cover, and how right they are where truth is known."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.schema.given import takes_frames

COVERAGE = ("merchant", "system", "orders", "net_amount", "order_share", "money_share", "linked_order_share")
MOST = 0.5
"""Share of orders of known persons below which what is said of persons is warned of."""
QUALITY = ("merchant", "pairs_found", "pairs_true", "pairs_right", "precision", "recall")


@takes_frames
def link_coverage(orders: Table, persons: Table) -> pd.DataFrame:
    """One row per merchant and system of the paying account, with what it covers.

    ``system`` is ``known person`` for all orders whose person is known, ``unknown person``
    for those without an account, else the system of the paying account. ``net_amount`` is in
    the minor unit; ``linked_order_share`` is the share of the row's orders whose person was
    seen under more than one account, which is what makes a person more than an account.
    """
    who = persons.select("merchant", "account", "system", "accounts", known=True)
    paid = orders.select("merchant", "account", "net_amount").left_join(who, ["merchant", "account"])
    paid = paid.mutate(
        system=paid.known.fill_null(False).ifelse(paid.system.fill_null("?"), "unknown person"),
        linked=(paid.accounts.fill_null(0) > 1).ifelse(1, 0),
    )
    frame = paid.group_by(["merchant", "system"]).agg(
        orders=paid.count(), net_amount=paid.net_amount.sum(), linked=paid.linked.sum()
    )
    frame = frame.execute()
    known = frame[frame["system"] != "unknown person"].groupby("merchant", as_index=False).sum(numeric_only=True)
    frame = pd.concat([known.assign(system="known person"), frame], ignore_index=True)
    whole = frame[frame["system"] != "known person"].groupby("merchant")[["orders", "net_amount"]].sum()
    whole = whole.loc[frame["merchant"]]
    frame["order_share"] = frame["orders"] / whole["orders"].replace(0, np.nan).to_numpy()
    frame["money_share"] = frame["net_amount"] / whole["net_amount"].replace(0, np.nan).to_numpy()
    frame["linked_order_share"] = frame["linked"] / frame["orders"].replace(0, np.nan)
    order = frame["system"].map({"known person": 0, "unknown person": 2}).fillna(1)
    frame = frame.assign(order=order).sort_values(["merchant", "order", "system"], ignore_index=True)
    return frame[list(COVERAGE)].astype({"orders": "int64", "net_amount": "int64"})


def coverage_sentence(coverage: pd.DataFrame, lang: str = "en") -> str:
    """Say in one sentence how much of the merchant's money comes from known persons."""
    known = coverage[coverage["system"] == "known person"]
    if not coverage["orders"].sum():
        if lang == "zh":
            return "研究日之前没有任何订单，因此没有已知的购买人。"
        return "There is no order before the day of the study, so no person is known to have bought."
    if known.empty or not known["orders"].sum():
        if lang == "zh":
            return "没有订单写明付款账号，因此无法识别任何购买人，本研究只看到订单。"
        return (
            "No order names the account that paid, so no person is known to have bought: this study sees orders only."
        )
    row = known.iloc[0]
    linked = row["linked_order_share"]
    told = pd.notna(row["money_share"])  # more was refunded than paid: a share of that is none
    if lang == "zh":
        across = "每人只见到一个账号" if linked == 0 else f"其中{linked:.0%}的订单来自拥有多个账号的人"
        money = f"、{row['money_share']:.1%}的金额" if told else ""
        few = (
            ""
            if row["order_share"] >= MOST
            else "多数订单不知是谁所付：关于人的数字只看到其部分购买，频次偏低、沉默偏长。"
        )
        return f"{row['order_share']:.1%}的订单{money}来自已识别人员；{across}。{few}"
    across = (
        "each of them is seen under one account only"
        if linked == 0
        else f"{linked:.0%} of these orders come from persons seen under more than one account"
    )
    money = f" and {row['money_share']:.1%} of the money" if told else ""
    few = (
        ""
        if row["order_share"] >= MOST
        else " Nobody knows who paid for most orders: what is said of persons rests on a part of what they buy, so they "
        "seem to buy less often and to be silent for longer than they are."
    )
    return f"{row['order_share']:.1%} of the orders{money} come from known persons; {across}.{few}"


@takes_frames
def link_quality(persons: Table, truth: Table) -> pd.DataFrame:
    """One row per merchant: pairwise precision and recall of the persons against the truth.

    ``truth`` holds ``merchant, account, person``. A *pair* is two accounts of one person;
    accounts without a truth are left out. Precision is the share of found pairs that are
    right, recall the share of true pairs that were found; empty where there is no pair.
    """
    real = truth.select("merchant", "account", real=truth.person)
    both = persons.select("merchant", "account", "person").inner_join(real, ["merchant", "account"])
    counts = [
        _pairs(both, ["person"], "pairs_found"),
        _pairs(both, ["real"], "pairs_true"),
        _pairs(both, ["person", "real"], "pairs_right"),
    ]
    frame = counts[0].merge(counts[1], on="merchant").merge(counts[2], on="merchant")
    frame["precision"] = frame["pairs_right"] / frame["pairs_found"].replace(0, np.nan)
    frame["recall"] = frame["pairs_right"] / frame["pairs_true"].replace(0, np.nan)
    return frame[list(QUALITY)].sort_values("merchant", ignore_index=True)


def _pairs(both: Table, by: list[str], name: str) -> pd.DataFrame:
    sizes = both.group_by(["merchant", *by]).agg(n=both.count())
    twice = sizes.mutate(twice=sizes.n * (sizes.n - 1)).group_by("merchant").agg(twice=ibis._.twice.sum())
    frame = twice.execute()
    return pd.DataFrame({"merchant": frame["merchant"], name: frame["twice"].astype("int64") // 2})
