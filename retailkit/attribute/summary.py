"""The touchpoint ledger and the views a reader sees: side by side, first to last, flows."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.journeys import NONE, ORDER
from retailkit.attribute.returns import OUTSIDE
from retailkit.attribute.tables import exposures, frame
from retailkit.schema.given import takes_frames

_KEY = ["merchant", "touchpoint"]


@takes_frames
def touchpoint_ledger(
    touches: ir.Table, paths: ir.Table, book: ir.Table, cost: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One row per touchpoint: reach, orders, buyers, money, conversion, basket and cost.

    Parameters
    ----------
    touches, paths : of :func:`touches` and :func:`paths`
    book : ledger whose credit is shown
    cost : of :func:`costs`, optional

    Returns
    -------
    ``touches`` and ``persons`` (reached; exposures only), ``orders``, ``buyers`` and
    ``new_buyers`` (first known order) touched at all: these overlap between touchpoints;
    ``credited_orders`` and ``credit`` (minor units) never overlap: credit sums to net GMV, with
    ``unattributed`` as a line; ``conversion`` = buyers within the look-back / persons reached,
    empty where nobody knows who was reached; ``aov`` = net amount per order touched; ``cost``.
    """
    counted = exposures(touches)
    reach = counted.group_by(_KEY).aggregate(touches=counted.touch_id.nunique(), persons=counted.person.nunique())
    met = _met(paths)
    earned = book.group_by([*_KEY, "kind"]).aggregate(
        credit=book.credit.sum(), credited_orders=book.share.sum().round(6), refunded=book.refund_credit.sum()
    )
    table = frame(earned)
    paid = pd.DataFrame({"merchant": pd.Series(dtype=str), "touchpoint": pd.Series(dtype=str), "cost": []})
    for part in (frame(reach), frame(met), paid if cost is None else cost):
        table = table.merge(part, on=_KEY, how="outer")
    table["kind"] = table["kind"].fillna("exposure")
    met_nothing = table["credit"].isna() & table["persons"].isna() & table["orders"].isna()
    no_line = table["touchpoint"].isin(OUTSIDE) & met_nothing  # a cost of the whole, said with the returns
    no_line |= (table["touchpoint"] == "unattributed") & table["credit"].isna()
    table = table[~no_line].reset_index(drop=True)
    whole = ["touches", "persons", "orders", "buyers", "new_buyers", "touched_amount", "credit", "refunded", "cost"]
    table[whole] = table[whole].astype(float).fillna(0.0).round().astype("int64")
    table["credited_orders"] = table["credited_orders"].astype(float).fillna(0.0)
    rate = table["buyers"] / table["persons"].where(table["persons"] > 0)
    table["conversion"] = rate.where(table["kind"] == "exposure").clip(upper=1.0)
    table["aov"] = table["touched_amount"] / table["orders"].where(table["orders"] > 0)
    table["share"] = table["credit"] / table.groupby("merchant")["credit"].transform("sum").where(lambda s: s != 0)
    columns = [*_KEY, "kind", "touches", "persons", "orders", "buyers", "new_buyers", "conversion", "touched_amount"]
    columns += ["aov", "credited_orders", "credit", "share", "refunded", "cost"]
    return table[columns].sort_values(
        ["merchant", "credit", "touchpoint"], ascending=[True, False, True], ignore_index=True
    )


def _met(paths: ir.Table) -> ir.Table:
    bought = paths.filter(paths.outcome == "order")
    first = bought.paid_at.min().over(ibis.window(group_by=["merchant", "person"]))
    bought = bought.mutate(fresh=((bought.paid_at == first) & bought.person.notnull()).fill_null(False))
    once = bought.select(*_KEY, "order_id", "person", "net_amount", "fresh").distinct()
    newcomer = once.fresh.ifelse(once.person, ibis.null().cast("string"))
    return once.group_by(_KEY).aggregate(
        orders=once.order_id.nunique(),
        buyers=once.person.nunique(),
        new_buyers=newcomer.nunique(),
        touched_amount=once.net_amount.sum(),
    )


def side_by_side(books: Mapping[str, ir.Table], recommended: str, interval: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per touchpoint: its share of net GMV by every model, the range, the recommended one.

    Parameters
    ----------
    books : name of a model -> its ledger, all of the same orders
    recommended : one of the names
    interval : of :func:`credit_interval` for the recommended ledger, optional

    Returns
    -------
    ``touchpoint, kind``, one share per model, ``least``, ``most``, ``recommended``, ``credit``
    (minor units, recommended), ``low``, ``high``.
    """
    if recommended not in books:
        raise ValueError(f"no ledger '{recommended}' to recommend; there are {', '.join(books)}")
    parts = {}
    for name, book in books.items():
        sums = frame(book.group_by(["touchpoint", "kind"]).aggregate(credit=book.credit.sum()))
        parts[name] = sums.set_index(["touchpoint", "kind"])["credit"].astype(float)
    credit = pd.DataFrame(parts, dtype=float).fillna(0.0)
    share = credit / credit.sum().where(credit.sum() != 0)
    table = share.assign(
        least=share.min(axis=1), most=share.max(axis=1), recommended=share[recommended], credit=credit[recommended]
    )
    table = table.reset_index().astype({"credit": "int64"})
    bounds = pd.DataFrame(columns=["touchpoint", "low", "high"]) if interval is None else interval
    table = table.merge(bounds[["touchpoint", "low", "high"]], on="touchpoint", how="left")
    return table.sort_values(["recommended", "touchpoint"], ascending=[False, True], ignore_index=True)


@takes_frames
def first_to_last(paths: ir.Table) -> pd.DataFrame:
    """One row per first and last exposure of an order: orders and their net amount (minor units)."""
    rows = paths.filter((paths.outcome == "order") & (paths.kind == "exposure"))
    whole = ibis.window(group_by=["merchant", "order_id"])
    rows = rows.mutate(begin=rows.position.min().over(whole), end=rows.position.max().over(whole))
    key = ["merchant", "order_id"]
    first = rows.filter(rows.position == rows.begin).select(*key, "net_amount", first="touchpoint")
    last = rows.filter(rows.position == rows.end).select(*key, last="touchpoint")
    both = first.inner_join(last, key)
    table = both.group_by(["first", "last"]).aggregate(orders=both.order_id.count(), net_amount=both.net_amount.sum())
    return frame(table).sort_values(["orders", "first", "last"], ascending=[False, True, True], ignore_index=True)


@takes_frames
def path_flows(paths: ir.Table, steps: int = 3, most: int = 8) -> pd.DataFrame:
    """One row per step of a journey and what came next: step, source, target, journeys.

    Only the last ``steps`` exposures of a journey are told apart, counted back from its end, so
    that all flows meet in ``(order)`` or ``(none)``. Journeys too young to judge are left out. The
    ``most`` frequent touchpoints are told apart, the rest is ``other``.
    """
    rows = paths.filter((paths.kind == "exposure") & paths.outcome.isin(("order", "none")))
    line = {"group_by": ["merchant", "journey_id"], "order_by": "position"}
    along, whole = ibis.window(**line), ibis.window(**line, preceding=None, following=None)
    end = rows.position.max().over(whole)
    rows = rows.mutate(left=end - rows.position, then=rows.touchpoint.lead().over(along))
    rows = rows.filter(rows.left < steps)
    target = (rows.left == 0).ifelse((rows.outcome == "order").ifelse(ORDER, NONE), rows.then)
    rows = rows.mutate(target=target, step=ibis.literal(steps) - rows.left)
    table = rows.group_by(["step", "touchpoint", "target"]).aggregate(journeys=rows.journey_id.count())
    flows = frame(table).rename(columns={"touchpoint": "source"})
    often = flows.groupby("source")["journeys"].sum().sort_values(ascending=False, kind="stable").index
    known = {*(often if len(often) <= most + 1 else often[:most]), ORDER, NONE}
    flows = flows.assign(**{c: flows[c].where(flows[c].isin(known), "other") for c in ("source", "target")})
    return flows.groupby(["step", "source", "target"], as_index=False)["journeys"].sum()


@takes_frames
def paths_period(paths: ir.Table, lang: str = "en") -> str:
    """Return the first and last day of the orders in the paths, for a subtitle."""
    days = paths.filter(paths.outcome == "order").aggregate(first=ibis._.paid_on.min(), last=ibis._.paid_on.max())
    row = days.execute().iloc[0]
    if pd.isna(row["first"]):
        return "没有订单" if lang == "zh" else "no orders"
    return f"{row['first']:%Y-%m-%d}{'至' if lang == 'zh' else ' to '}{row['last']:%Y-%m-%d}"
