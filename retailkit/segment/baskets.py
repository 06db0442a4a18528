"""Who buys across, what a group gained and lost, what goes together: the classic retail tables."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis import _

from retailkit.schema import FORMATS
from retailkit.schema.given import takes_frames
from retailkit.segment.errors import SaidError, UnknownNameError
from retailkit.segment.features import person_orders

DIMENSIONS = ("format", "channel", "shop_id", "touchpoint", "area", "category", "product_id")
UNKNOWN = "unknown_person"


@takes_frames
def cross_shop(sales: ibis.Table, persons: ibis.Table, as_of: str, by: str, values: tuple[str, ...]) -> pd.DataFrame:
    """One row per merchant and combination of ``values``: the persons who bought in exactly these.

    ``combination`` is a list joined by `` + ``, ``none`` for buyers of other values only; every known buyer is in
    one row. ``net_amount`` is what they spent in the values of the combination, minor units.

    Parameters
    ----------
    sales : ``orders`` or ``order_lines``.
    by : dimension compared: format, channel, shop_id, touchpoint, area, category, product_id.
    values : two to six of its values.
    """
    _check(sales, by)
    if not 2 <= len(values) <= 6:
        raise SaidError(
            f"cross-shop compares two to six values of {by}, got {len(values)}",
            f"交叉购买比较{by}的2至6个取值，现为{len(values)}个",
        )
    _check_values(sales, by, values)
    bought = person_orders(sales, persons, as_of)
    flags = {f"v{i}": (bought[by] == v).fill_null(False).cast("int64") for i, v in enumerate(values)}
    money = bought[by].isin(values).ifelse(bought.net_amount, 0).fill_null(0)
    each = bought.mutate(**flags, spent=money).group_by("merchant", "person").agg(
        **{name: _[name].max() for name in flags}, spent=_.spent.sum()
    )  # fmt: skip
    frame = each.group_by("merchant", *flags).agg(persons=_.count(), net_amount=_.spent.sum()).to_pandas()
    marked = frame[list(flags)].to_numpy(bool)
    frame["combination"] = [" + ".join(np.array(values)[row]) or "none" for row in marked]
    frame["share"] = frame["persons"] / frame.groupby("merchant")["persons"].transform("sum")
    order = frame.sort_values(["merchant", "persons", "combination"], ascending=[True, False, True], ignore_index=True)
    return order[["merchant", "combination", "persons", "share", "net_amount"]]


@takes_frames
def gain_loss(
    sales: ibis.Table, persons: ibis.Table, by: str, focus: tuple[str, ...], rivals: tuple[str, ...],
    before: tuple[str, str], after: tuple[str, str],
) -> pd.DataFrame:  # fmt: skip
    """One row per merchant and reason why the focus sold more or less than before; the rows add up exactly.

    Reasons: ``new`` persons (bought neither focus nor rivals before), ``lost`` (buy neither now), ``from_rivals``
    and ``to_rivals`` (moved spend, at most what the other side lost or won), ``more`` and ``less`` (the rest of
    the persons' own change), ``unknown_person``. ``amount`` is the change in net minor units.

    Parameters
    ----------
    sales : ``orders`` or ``order_lines``.
    focus, rivals : values of ``by``; no value in both.
    before, after : first day and the day after the last, ISO.
    """
    _check(sales, by)
    both = sorted(set(focus) & set(rivals))
    if both:
        raise SaidError(
            f"{', '.join(both)} cannot be focus and rival at once", f"{'、'.join(both)}不能既是本方又是对手"
        )
    _check_values(sales, by, (*focus, *rivals))
    if not before[0] < before[1] <= after[0] < after[1]:  # a day in both spans would count in the first alone
        raise SaidError(
            f"the spans {before[0]} to {before[1]} and {after[0]} to {after[1]} overlap or run backwards",
            f"时段{before[0]}至{before[1]}与{after[0]}至{after[1]}重叠或颠倒",
        )
    who = persons.select("merchant", "account", "person")
    side = ibis.cases((sales[by].isin(focus), "f"), (sales[by].isin(rivals), "c"), else_="")
    when = ibis.cases((_within(sales, before), "1"), (_within(sales, after), "2"), else_="")
    part = sales.mutate(cell=side + when).filter(_.cell.length() == 2)
    known = part.left_join(who, ["merchant", "account"])
    cells = ("f1", "f2", "c1", "c2")
    sums = {cell: (known.cell == cell).ifelse(known.net_amount, 0).sum().cast("int64") for cell in cells}
    times = {f"bought{n}": known.cell.endswith(n).cast("int64").max() for n in "12"}  # also what was all paid back
    people = known.group_by("merchant", "person").agg(**sums, **times)
    change, rival = people.f2 - people.f1, people.c2 - people.c1
    unknown = people.person.isnull()
    new, lost = ~unknown & (people.bought1 == 0), ~unknown & (people.bought2 == 0)
    stay = ~(unknown | new | lost)
    up, down = ibis.greatest(change, 0), ibis.least(change, 0)
    came, went = ibis.least(up, ibis.greatest(-rival, 0)), ibis.greatest(down, ibis.least(-rival, 0))
    parts = {
        "new": (new, change), "from_rivals": (stay, came), "more": (stay, up - came),
        "lost": (lost, change), "to_rivals": (stay, went), "less": (stay, down - went), UNKNOWN: (unknown, change),
    }  # fmt: skip
    amounts = people.select("merchant", **{reason: whose.ifelse(part, 0) for reason, (whose, part) in parts.items()})
    added = amounts.group_by("merchant").agg(
        **{reason: _[reason].sum().cast("int64") for reason in parts},
        **{f"{reason} persons": (_[reason] != 0).sum().cast("int64") for reason in parts},
    )
    wide = added.to_pandas().sort_values("merchant").set_index("merchant")
    table = wide[list(parts)].melt(ignore_index=False, var_name="reason", value_name="amount")
    table["persons"] = wide[[f"{reason} persons" for reason in parts]].melt()["value"].to_numpy()
    table.loc[table["reason"] == UNKNOWN, "persons"] = pd.NA
    return table.reset_index().sort_values("merchant", kind="stable", ignore_index=True).astype({"persons": "Int64"})


@takes_frames
def association(
    lines: ibis.Table, as_of: str, by: str = "category", min_orders: int = 20, products: ibis.Table | None = None
) -> pd.DataFrame:
    """One row per merchant and pair of values bought in one order: how much more often than by chance.

    ``support`` is the share of orders with both, ``confidence`` the share of orders with ``item`` that also
    have ``other``, ``lift`` support over what independence would give, with a 90% interval (normal on its
    logarithm). Values in under ``min_orders`` orders are left out. Both directions are there.

    Parameters
    ----------
    products : canonical table; a line without a category takes its product's.

    Raises
    ------
    ValueError
        If no line tells its ``by``.
    """
    _check(lines, by)
    lines = lines if products is None else with_category(lines, products)
    told, rows = lines.aggregate(told=lines[by].count(), rows=lines.count()).to_pandas().iloc[0]
    if rows and not told:
        raise SaidError(
            f"no line tells its {by}; where products tell categories, give products=",
            f"没有任何订单行注明{by}；若商品表注明品类，请传入products=",
        )
    known = lines.filter(lines.paid_on < ibis.date(as_of))
    items = known.select("merchant", "order_id", item=known[by].cast("string")).filter(_.item != "").distinct()
    sizes = items.group_by("merchant", "item").agg(orders_item=_.count()).filter(_.orders_item >= min_orders)
    common = items.semi_join(sizes, ["merchant", "item"])
    other = common.select("merchant", "order_id", other=common["item"])
    pairs = common.inner_join(other, ["merchant", "order_id"]).filter(_["item"] != _.other)
    frame = pairs.group_by("merchant", "item", "other").agg(orders_both=_.count()).to_pandas()
    alone = sizes.to_pandas().set_index(["merchant", "item"])["orders_item"]
    total = known.group_by("merchant").agg(n=_.order_id.nunique()).to_pandas().set_index("merchant")["n"]
    frame["orders_item"] = alone.reindex(pd.MultiIndex.from_frame(frame[["merchant", "item"]])).to_numpy()
    frame["orders_other"] = alone.reindex(pd.MultiIndex.from_frame(frame[["merchant", "other"]])).to_numpy()
    n = frame["merchant"].map(total).astype(float)
    both, a, b = (frame[c].astype(float) for c in ("orders_both", "orders_item", "orders_other"))
    frame["support"], frame["confidence"], frame["lift"] = both / n, both / a, both * n / (a * b)
    spread = 1.6449 * np.sqrt((1 / both - 1 / n + 1 / a - 1 / n + 1 / b - 1 / n).clip(lower=0))
    frame["lift_low"], frame["lift_high"] = frame["lift"] * np.exp(-spread), frame["lift"] * np.exp(spread)
    by_lift = frame.sort_values(["merchant", "lift_low", "item"], ascending=[True, False, True], ignore_index=True)
    return by_lift


def with_category(lines: ibis.Table, products: ibis.Table) -> ibis.Table:
    """One row per line as it came; a line without a category takes that of its product."""
    kinds = products.select("merchant", "product_id", kind=products.category)
    both = lines.left_join(kinds, ["merchant", "product_id"]).drop("merchant_right", "product_id_right")
    return both.mutate(category=both.category.fill_null(both.kind)).drop("kind")


def _check_values(sales: ibis.Table, by: str, values: tuple[str, ...]) -> None:
    """Raise where a value stands nowhere in the table: a slip of the pen would look like a shop without buyers."""
    asked = [v for v in values if by != "format" or v not in FORMATS]
    there = sales.filter(sales[by].notnull()).select(by).distinct()
    found = set(there.filter(there[by].isin(asked)).to_pandas()[by]) if asked else set()
    missing = [v for v in asked if v not in found]
    if missing and sales.limit(1).count().to_pandas():
        some = sorted(there.limit(20).to_pandas()[by]) or ["nothing"]
        raise UnknownNameError(
            f"no {by} {', '.join(map(repr, missing))} in this table; there are {', '.join(some)}",
            f"此表的{by}中没有{'、'.join(missing)}；有{'、'.join(some)}",
        )


def _within(sales: ibis.Table, span: tuple[str, str]) -> ibis.Value:
    return (sales.paid_on >= ibis.date(span[0])) & (sales.paid_on < ibis.date(span[1]))


def _check(sales: ibis.Table, by: str) -> None:
    if by not in DIMENSIONS or by not in sales.columns:
        there = ", ".join(d for d in DIMENSIONS if d in sales.columns)
        raise SaidError(f"cannot compare by '{by}' in this table; it has {there}", f"此表不能按'{by}'比较；可用{there}")
