"""One window -> the KPI tree: nodes whose products and sums hold exactly, with their owners.

``gmv`` is known customers' sales plus sales to unknown buyers. Known sales are buyers x
frequency x basket; buyers are new plus returning and, where visits are on record, visitors x
conversion. Sales to unknown buyers are orders x basket.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.schema.given import takes_frames
from retailkit.targets.windows import window_days

FACTORS = ("visitors", "conversion", "buyers", "frequency", "basket", "unknown_orders", "unknown_basket")
NODES = (
    ("gmv", "", "sum", "minor unit"),
    ("known", "gmv", "product", "minor unit"),
    ("buyers", "known", "factor", "persons"),
    ("visitors", "buyers", "factor", "persons"),
    ("conversion", "buyers", "factor", "fraction"),
    ("new_buyers", "buyers", "part", "persons"),
    ("returning_buyers", "buyers", "part", "persons"),
    ("frequency", "known", "factor", "orders per buyer"),
    ("basket", "known", "factor", "minor unit"),
    ("unknown", "gmv", "product", "minor unit"),
    ("unknown_orders", "unknown", "factor", "orders"),
    ("unknown_basket", "unknown", "factor", "minor unit"),
)
COLUMNS = ("node", "parent", "kind", "unit", "value")
CUTS = {"touchpoint": "touchpoint", "format": "format", "shop": "shop_id", "guide": "sold_by", "area": "area"}
_MOST = 30  # parts of a cut that are shown by name


def factors(row: Any) -> dict[str, float]:
    """The tree's factors of one measured window; conversion is missing where it would exceed 1.

    >>> row = {"buyers": 10, "new_buyers": 4, "orders": 20, "gmv": 1000, "visitors": 40,
    ...        "unknown_orders": 0, "unknown_gmv": 0}
    >>> f = factors(row); f["conversion"], f["frequency"], f["basket"]
    (0.25, 2.0, 50.0)
    """
    buyers, orders, gmv = float(row["buyers"]), float(row["orders"]), float(row["gmv"])
    visitors = float(row["visitors"]) if row["visitors"] == row["visitors"] else float("nan")
    if not visitors >= buyers:
        visitors = float("nan")  # buyers without a visit on record: a rate above 100% is refused
    unknown = float(row["unknown_orders"])
    return {
        "visitors": visitors,
        "conversion": _over(buyers, visitors),
        "buyers": buyers,
        "new_share": _over(float(row["new_buyers"]), buyers),
        "frequency": _over(orders, buyers),
        "basket": _over(gmv, orders),
        "unknown_orders": unknown,
        "unknown_basket": _over(float(row["unknown_gmv"]), unknown),
    }


def _over(a: float, b: float) -> float:
    return a / b if b > 0 else (0.0 if b == 0 else float("nan"))


def nodes(f: dict[str, float]) -> pd.DataFrame:
    """One row per node of the tree with the value that the factors give; nodes not on record are left out."""
    known = f["buyers"] * f["frequency"] * f["basket"]
    unknown = f["unknown_orders"] * f["unknown_basket"]
    values = {
        **f, "known": known, "unknown": unknown, "gmv": known + unknown,
        "new_buyers": f["buyers"] * f["new_share"], "returning_buyers": f["buyers"] * (1 - f["new_share"]),
    }  # fmt: skip
    gone = {"unknown", "unknown_orders", "unknown_basket"} if f["unknown_orders"] == 0 else set()
    rows = [(*node, values[node[0]]) for node in NODES if np.isfinite(values[node[0]]) and node[0] not in gone]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def window_factors(measured: pd.DataFrame, merchant: str, window: str) -> dict[str, float] | None:
    """Factors of one merchant's window; None where it has no order on record."""
    rows = measured[(measured["merchant"] == merchant) & (measured["window"] == window)]
    return None if rows.empty else factors(rows.iloc[0])


def kpi_tree(measured: pd.DataFrame, merchant: str, window: str) -> pd.DataFrame:
    """One row per KPI node of one merchant's window: ``node, parent, kind, unit, value``.

    Totals of the window: GMV in minor units, buyers distinct within it. Empty where the
    window has no order.
    """
    f = window_factors(measured, merchant, window)
    return pd.DataFrame(columns=list(COLUMNS)) if f is None else nodes(f)


@takes_frames
def cut_by(orders: Table, cut: str, windows: dict[str, tuple[Any, Any]]) -> pd.DataFrame:
    """One row per part of an additive cut of GMV: ``cut, part`` and one column per window, minor units.

    Parameters
    ----------
    orders : canonical table of one merchant.
    cut : touchpoint, format, shop, guide (who sold it) or area.
    windows : name -> first and last day, both included, as ``measure`` takes them.

    Parts beyond the thirty largest are one row, "other"; orders without the mark are
    "(none)". Empty where no order carries the mark.
    """
    return _cut(_sums(orders, (cut,), windows), cut, windows)


def _sums(orders: Table, names: Iterable[str], windows: dict[str, tuple[Any, Any]]) -> pd.DataFrame:
    """One row per cut, part and window: ``cut, part, window, value``; one query for all of them."""
    parts = []
    for name, window in windows.items():
        start, end = window_days(window)
        inside = orders.filter(orders.paid_on.between(ibis.date(str(start.date())), ibis.date(str(end.date()))))
        for cut in names:
            sums = inside.group_by(part=inside[CUTS[cut]]).aggregate(value=inside.net_amount.sum())
            parts.append(sums.mutate(cut=ibis.literal(cut), window=ibis.literal(name)))
    return ibis.union(*parts).execute() if parts else pd.DataFrame(columns=["part", "value", "cut", "window"])


def _cut(sums: pd.DataFrame, cut: str, windows: dict[str, tuple[Any, Any]]) -> pd.DataFrame:
    table = sums[sums["cut"] == cut]
    if table["part"].isna().all():
        return pd.DataFrame(columns=["cut", "part", *windows])
    wide = table.assign(part=table["part"].astype(object).fillna("(none)")).pivot_table(
        index="part", columns="window", values="value", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(columns=list(windows), fill_value=0).astype("int64")
    keep = wide.abs().max(axis=1).sort_values(ascending=False, kind="stable").index[:_MOST]
    rest = wide.drop(index=keep).sum().to_frame("other").T if len(wide) > _MOST else wide.iloc[:0]
    whole = pd.concat([wide.loc[keep], rest]).rename_axis("part").reset_index()
    return whole.assign(cut=cut)[["cut", "part", *windows]]


@takes_frames
def cuts(orders: Table, windows: dict[str, tuple[Any, Any]]) -> pd.DataFrame:
    """One row per part of every cut of GMV that the orders carry with more than one part; see ``cut_by``."""
    sums = _sums(orders, CUTS, windows)
    tables = [_cut(sums, cut, windows) for cut in CUTS]
    several = [t for t in tables if len(t) > 1]
    return pd.concat(several, ignore_index=True) if several else pd.DataFrame(columns=["cut", "part", *windows])


def with_owners(table: pd.DataFrame, owners: Any, day: Any) -> pd.DataFrame:
    """The table with ``owner`` added: who answered for the node (or the part of a cut) on that day.

    Several owners are joined by a comma, with their share where ownership is split; a node
    that nobody owns has an empty owner.
    """
    owners = owners if isinstance(owners, pd.DataFrame) else owners.execute()
    key = "node" if "node" in table else "part"
    when = pd.Timestamp(day)
    since, until = pd.to_datetime(owners["valid_from"]), pd.to_datetime(owners["valid_to"])
    valid = owners[(since <= when) & (until.isna() | (until >= when))]
    names: dict[str, str] = {}
    for node, rows in valid.groupby("node"):
        words = [
            r.owner if pd.isna(r.share) or r.share == 1 else f"{r.owner} ({r.share:.0%})" for r in rows.itertuples()
        ]
        names[str(node)] = ", ".join(dict.fromkeys(words))
    return table.assign(owner=[names.get(str(n), "") for n in table[key]])
