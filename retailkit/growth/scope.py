"""Which sales a growth study is about: the WeChat side, or everything.

"WeChat-side sales grew 376%" is about the private formats. A merchant's shops and platform
stores are in the same order table; they belong to the all-channel total, not to this headline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailkit.schema import PRIVATE_FORMATS
from retailkit.schema.given import given

if TYPE_CHECKING:
    from ibis.expr.types import Table

SCOPES = ("auto", "private", "all")


def resolve_scope(orders: Table, scope: str = "auto") -> str:
    """Return "private" or "all"; "auto" is private where any order has a private format.

    Raises
    ------
    ValueError
        If ``scope`` is not auto, private or all.
    """
    if scope not in SCOPES:
        raise ValueError(f"scope '{scope}' is not known; choose one of {', '.join(SCOPES)}")
    if scope != "auto":
        return scope
    orders = given(orders, "orders", ())
    some = orders.filter(orders.format.isin(PRIVATE_FORMATS)).limit(1).count().execute()
    return "private" if int(some) else "all"


def in_scope(orders: Table, scope: str = "auto") -> Table:
    """One row per order that the study is about.

    Private: official store, guide, community and sharing, and orders whose source does not
    say the format (a payment bill); physical shops and platforms are left out.
    """
    orders = given(orders, "orders", ())
    if resolve_scope(orders, scope) == "all":
        return orders
    return orders.filter(orders.format.isin(PRIVATE_FORMATS) | orders.format.isnull())


def scope_sentence(orders: Table, scope: str = "auto", lang: str = "en") -> str:
    """Say which sales the chapter counts."""
    if resolve_scope(orders, scope) == "all":
        return "统计全部订单。" if lang == "zh" else "Every order counts, whatever its format."
    if lang == "zh":
        return "只统计私域订单（官方商城、导购、社群、社交裂变；未注明业态的支付账单计入）；门店与平台不计入。"
    return ("Only private-domain sales count (official store, guide, community, sharing, and payments whose format "
            "is not stated); physical shops and platforms do not.")  # fmt: skip
