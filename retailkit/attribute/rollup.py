"""Touch -> touchpoint -> format -> shop -> owner: every level sums to the same money."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.ledger import largest_remainder
from retailkit.attribute.tables import as_table, frame

LEVELS = ("touchpoint", "format", "shop_id", "guide", "group_id", "campaign_id")


def roll_up(book: ir.Table, level: str = "format") -> pd.DataFrame:
    """One row per value of the level: orders, gross credit, refunds and net credit (minor units).

    Credit that has no value at this level (an organic order has no guide) is the line ``(none)``,
    so every level sums to the same money.

    Raises
    ------
    ValueError
        If there is no such level.
    """
    if level not in LEVELS:
        raise ValueError(f"no level '{level}'; there are {', '.join(LEVELS)}")
    named = book.mutate(place=book[level].fill_null("(none)"))
    sums = named.group_by(["merchant", "place"]).aggregate(
        orders=named.share.sum().round(6),
        gross_credit=named.gross_credit.sum(),
        refund_credit=named.refund_credit.sum(),
        credit=named.credit.sum(),
    )
    table = frame(sums).rename(columns={"place": level})
    return table.sort_values(["merchant", "credit", level], ascending=[True, False, True], ignore_index=True)


def owned_credit(book: ir.Table, owners: Any) -> pd.DataFrame:
    """One row per owner: credit of the touches it answered for on the day of the touch (minor units).

    ``owners`` is the canonical table: node (a touchpoint, format, guide or shop), owner, share, from
    and until. Split ownership shares each row by largest remainder; a row that nobody owned that
    day, and what shares below 1 leave over, is the line ``(nobody)``. The most particular owner
    counts: of the guide, else of the shop, else of the touchpoint, else of the format.

    Raises
    ------
    ValueError
        If owners of one node claim more than the whole on one day.
    """
    rows = frame(_owned(book, as_table(owners, "owners")))
    rows = rows.sort_values(["merchant", "order_id", "position", "owner"], na_position="first", ignore_index=True)
    key = ["merchant", "order_id", "position"]
    rows["share"] = rows["share"].astype(float).fillna(1.0).where(rows["owner"].notna(), 0.0)
    claimed = rows.groupby(key)["share"].transform("sum")
    if (claimed > 1 + 1e-9).any():
        wrong = sorted(set(rows.loc[claimed > 1 + 1e-9, "owner"]))
        raise ValueError(f"owners claim more than the whole of one node on one day: {', '.join(wrong)}")
    rest = rows.drop_duplicates(key).assign(owner="(nobody)", share=(1 - claimed).clip(lower=0.0))
    parts = pd.concat([rows[rows["owner"].notna()], rest], ignore_index=True)
    parts = parts.assign(last=parts["owner"] == "(nobody)").sort_values([*key, "last", "owner"], ignore_index=True)
    group = parts.groupby(key, sort=False).ngroup().to_numpy()
    for column in ("gross_credit", "credit"):
        parts[column] = largest_remainder(parts["share"].to_numpy(), parts[column].to_numpy(), group)
    table = parts.groupby(["merchant", "owner"], as_index=False)[["gross_credit", "credit"]].sum()
    table = table[(table["gross_credit"] != 0) | (table["credit"] != 0)]
    table = table.assign(refund_credit=table["gross_credit"] - table["credit"])
    return table.sort_values(["merchant", "credit", "owner"], ascending=[True, False, True], ignore_index=True)


def _owned(book: ir.Table, owners: ir.Table) -> ir.Table:
    """Rows of the book beside every owner of their most particular owned node; owner is empty where none."""
    on = ibis.coalesce(book.touched_on, book.paid_on)
    rows = book.mutate(on=on).select(
        "merchant", "order_id", "position", "on", "gross_credit", "credit", "guide", "shop_id", "touchpoint", "format"
    )
    nodes = [
        rows.mutate(node=rows[level], nearness=ibis.literal(i))
        for i, level in enumerate(("guide", "shop_id", "touchpoint", "format"))
    ]
    claims = ibis.union(*nodes).filter(ibis._.node.notnull())
    held = owners.select("merchant", "node", "owner", "share", "valid_from", "valid_to")
    both = claims.inner_join(held, ["merchant", "node"])
    valid = (both.on >= both.valid_from) & (both.valid_to.isnull() | (both.on <= both.valid_to).fill_null(True))
    both = both.filter(valid)
    nearest = both.nearness.min().over(ibis.window(group_by=["merchant", "order_id", "position"]))
    both = both.mutate(nearest=nearest).filter(ibis._.nearness == ibis._.nearest)
    key = ["merchant", "order_id", "position"]
    kept = both.select(*key, "gross_credit", "credit", "owner", "share")
    bare = rows.anti_join(kept, key).select(*key, "gross_credit", "credit")
    bare = bare.mutate(owner=ibis.null().cast("string"), share=ibis.null().cast("float64"))
    return ibis.union(kept, bare.select(kept.columns))
