"""Touch -> touchpoint -> format -> shop -> owner: every level sums to the same money."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.ledger import KEY, allot
from retailkit.attribute.tables import as_table, family, frame
from retailkit.schema import OTHER_NAMES
from retailkit.schema.given import takes_frames

NOBODY = "(nobody)"
_ROW, _MONEY = [*KEY, "position"], ("gross_credit", "credit")
LEVELS = ("touchpoint", "format", "shop_id", "guide", "group_id", "campaign_id")


@takes_frames
def roll_up(book: ir.Table, level: str = "format", orders: Any = None) -> pd.DataFrame:
    """One row per value of the level: orders, gross credit, refunds and net credit (minor units).

    Credit that has no value at this level (an organic order has no guide) is the line ``(none)``,
    so every level sums to the same money. By shop, credit of a touch that belongs to no shop, and what
    no touch brought, stands at the shop that sold the order, where ``orders`` (canonical) names it.

    Raises
    ------
    ValueError
        If there is no such level.
    """
    if level not in LEVELS:
        raise ValueError(f"no level '{level}'; there are {', '.join(LEVELS)}")
    if level == "shop_id" and orders is not None:
        book = _sold_at(book, as_table(orders, "orders"))
    named = book.mutate(place=book[level].fill_null("(none)"))
    sums = named.group_by(["merchant", "place"]).aggregate(
        orders=named.share.sum().round(6),
        gross_credit=named.gross_credit.sum(),
        refund_credit=named.refund_credit.sum(),
        credit=named.credit.sum(),
    )
    table = frame(sums).rename(columns={"place": level})
    return table.sort_values(["merchant", "credit", level], ascending=[True, False, True], ignore_index=True)


def _sold_at(book: ir.Table, orders: ir.Table) -> ir.Table:
    """The ledger with the order's own shop where the touch has none."""
    sold = orders.select(*KEY, sold_at="shop_id")
    both = book.left_join(sold, KEY).select(*[book[c] for c in book.columns], "sold_at")
    return both.mutate(shop_id=ibis.coalesce(both.shop_id, both.sold_at)).drop("sold_at")


@takes_frames
def owned_credit(book: ir.Table, owners: Any) -> pd.DataFrame:
    """One row per owner: credit of the touches it answered for on the day of the touch (minor units).

    ``owners`` is the canonical table: node (a touchpoint, format, guide or shop), owner, share, from
    and until. Split ownership shares each row by largest remainder; a row that nobody owned that
    day, and what shares below 1 leave over, is the line ``(nobody)``. The most particular owner
    counts: of the guide, else of the shop, else of the touchpoint (of ``mailing: Type A``, else of
    ``mailing``), else of the format. A node that stands there twice under two names (share and
    sharing) with the same owner is owned once.

    Raises
    ------
    ValueError
        If owners of one node claim more than the whole on one day.
    """
    held = _owned(book, as_table(owners, "owners"))
    claimed = held.share.sum().over(ibis.window(group_by=_ROW))
    held = held.mutate(claimed=claimed).cache()
    wrong = frame(held.filter(held.claimed > 1 + 1e-9).select("node", "owner").distinct())
    if len(wrong):
        named = "; ".join(f"{node}: {', '.join(sorted(own))}" for node, own in wrong.groupby("node")["owner"])
        also = [f"{other} is read as {own}" for other, own in OTHER_NAMES.items() if own in set(wrong["node"])]
        hint = f" ({', '.join(also)})" if also else ""
        raise ValueError(f"owners claim more than the whole of one node on one day: {named}{hint}")
    held = held.drop("node")
    rest = held.select(*_ROW, *_MONEY, "claimed").distinct()
    rest = rest.mutate(owner=ibis.literal(NOBODY), share=(1 - rest.claimed).clip(lower=0.0))
    parts = [rows.select(held.columns).mutate(last=ibis.literal(i)) for i, rows in enumerate((held, rest))]
    parts = ibis.union(*parts)
    parts = parts.mutate(share=parts.share / parts.share.sum().over(ibis.window(group_by=_ROW)))
    for column in _MONEY:
        parts = allot(parts, column, f"own_{column}", _ROW, ("last", "owner"))
    own = parts.group_by(["merchant", "owner"]).aggregate(**{c: parts[f"own_{c}"].sum() for c in _MONEY})
    whole, touched = (
        frame(rows.group_by("merchant").aggregate(**{c: rows[c].sum() for c in _MONEY})) for rows in (book, rest)
    )
    touched[list(_MONEY)] *= -1  # what no owner was found for is nobody's
    bare = pd.concat([whole, touched], ignore_index=True).assign(owner=NOBODY)
    table = pd.concat([frame(own), bare], ignore_index=True).astype(dict.fromkeys(_MONEY, "int64"))
    table = table.groupby(["merchant", "owner"], as_index=False)[list(_MONEY)].sum()
    table = table[(table["gross_credit"] != 0) | (table["credit"] != 0)]
    table = table.assign(refund_credit=table["gross_credit"] - table["credit"])
    return table.sort_values(["merchant", "credit", "owner"], ascending=[True, False, True], ignore_index=True)


def _owned(book: ir.Table, owners: ir.Table) -> ir.Table:
    """Rows of the book beside every owner of their most particular owned node."""
    on = ibis.coalesce(book.touched_on, book.paid_on)
    rows = book.mutate(on=on).select(*_ROW, *_MONEY, "on", "guide", "shop_id", "touchpoint", "format")
    rows = rows.mutate(family=family(rows.touchpoint).nullif(rows.touchpoint))
    nodes = [
        rows.mutate(node=rows[level], nearness=ibis.literal(i))
        for i, level in enumerate(("guide", "shop_id", "touchpoint", "family", "format"))
    ]
    claims = ibis.union(*nodes).filter(ibis._.node.notnull())
    held = owners.select(
        "merchant", "node", "owner", "valid_from", "valid_to", share=owners.share.fill_null(1.0)
    ).distinct()
    both = claims.inner_join(held, ["merchant", "node"])
    valid = (both.on >= both.valid_from) & (both.valid_to.isnull() | (both.on <= both.valid_to).fill_null(True))
    both = both.filter(valid)
    nearest = both.nearness.min().over(ibis.window(group_by=_ROW))
    both = both.mutate(nearest=nearest).filter(ibis._.nearness == ibis._.nearest)
    return both.select(*_ROW, *_MONEY, "node", "owner", "share")
