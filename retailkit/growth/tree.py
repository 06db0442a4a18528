"""What grew: an exact split of the change in mean daily GMV over its factors.

GMV of a window is a sum over segments (known new, known returning, unknown persons; or
touchpoint and format) of a product of factors. The log-mean Divisia index (LMDI-I, Ang
2005) splits the change of such a sum without remainder and without an order of factors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from retailkit.growth.calendar import bounds
from retailkit.growth.panel import of_periods

if TYPE_CHECKING:
    from ibis.expr.types import Table

FACTORS = ("buyers", "frequency", "basket")

INPUTS = ("merchant", "period", "segment", "days", "buyers", "orders", "gmv")

CAME_OR_WENT, REFUNDED, NOTHING_LEFT = "entry or exit", "refunds above sales", "no net sales"
"""Why a segment has no factors: it has no orders in one period; or it has, and their refunds took all or more."""


def log_mean(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Logarithmic mean (a - b) / (ln a - ln b); a where both are equal, 0 where one is 0.

    >>> log_mean([1.0, 2.0, 0.0], [2.718281828459045, 2.0, 3.0]).round(6).tolist()
    [1.718282, 2.0, 0.0]
    """
    x, y = np.asarray(a, float), np.asarray(b, float)
    low, high = np.minimum(x, y), np.maximum(x, y)
    zero = low <= 0
    # log1p keeps the digits that ln a - ln b loses where a and b nearly agree
    step = np.where(zero, 1.0, (high - low) / np.where(zero, 1.0, low))
    mean = np.where(step < 1e-12, low, (high - low) / np.where(step == 0, 1.0, np.log1p(step)))
    return np.where(zero, 0.0, mean)


def lmdi(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """Split the change of a sum of products over its factors, exactly.

    Parameters
    ----------
    before, after : (segments, factors), the factors of each segment in the two periods; their
        product over a row is the segment's value. Values at or above zero.

    Returns
    -------
    (segments, factors + 1): each factor's part of the change; the last column is entry and
    exit: the whole change of a segment that is zero in one period.

    Raises
    ------
    ValueError
        If a factor is negative or missing.

    Examples
    --------
    >>> lmdi([[1, 10, 2], [4, 5, 3]], [[4, 5, 3], [5, 6, 4]]).sum(axis=0).round(6).tolist()
    [69.790066, -9.455126, 39.66506, 0.0]
    """
    x, y = np.atleast_2d(np.asarray(before, float)), np.atleast_2d(np.asarray(after, float))
    if x.shape != y.shape or not (np.all(x >= 0) and np.all(y >= 0)):
        raise ValueError("LMDI needs two tables of one shape with factors at or above zero and none missing")
    then, now = x.prod(axis=1), y.prod(axis=1)
    both = (then > 0) & (now > 0)
    ratio = np.zeros_like(x)
    np.divide(y, x, out=ratio, where=both[:, None])
    logs = np.log(ratio, out=np.zeros_like(x), where=both[:, None] & (ratio > 0))
    parts = log_mean(now, then)[:, None] * logs
    # what rounding leaves goes where the logs are largest, so that rows add up to the last digit
    rest = np.where(both, now - then - parts.sum(axis=1), 0.0)
    size = np.abs(logs)
    share = np.divide(size, size.sum(axis=1, keepdims=True), out=np.full_like(size, 1 / size.shape[1]),
                      where=size.sum(axis=1, keepdims=True) > 0)  # fmt: skip
    return np.column_stack([parts + rest[:, None] * share, np.where(both, 0.0, now - then)])


def equally_long(baseline: Any, programme: Any) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Both windows, the longer one cut to as many of its last days as the shorter one has.

    >>> [str(start.date()) for start, _ in equally_long(("2018-02-01", "2018-03-31"), ("2018-04-01", "2018-05-31"))]
    ['2018-02-01', '2018-04-03']
    """
    spans = [bounds(window) for window in (baseline, programme)]
    shortest = min(end - start for start, end in spans)
    return [(end - shortest, end) for _, end in spans]


def cut_sentence(baseline: Any, programme: Any, lang: str = "en") -> str | None:
    """Say which days were left out so that both periods are equally long; None where they are."""
    if baseline is None or programme is None:
        return None
    for window, (start, _) in zip((baseline, programme), equally_long(baseline, programme), strict=True):
        first, _ = bounds(window)
        if first < start:
            last = start - pd.Timedelta(days=1)
            if lang == "zh":
                return f"两个窗口天数不同：拆解时未计 {first.date()} 至 {last.date()}，以便人数可比。"
            return (f"The two windows are not equally long: the days from {first.date()} to {last.date()} are left out "
                    "of this table, so that buyers can be compared.")  # fmt: skip
    return None


def tree_inputs(orders: Table, persons: Table, baseline: Any, programme: Any) -> pd.DataFrame:
    """One row per merchant, period and segment: distinct buyers, orders, net GMV, days.

    Segments: ``new`` (the first of the ``orders`` given falls in the period), ``returning``, and
    ``unknown`` (orders without a known person; buyers are not counted there). Buyers are
    distinct within the period, so of the longer period only its last days count, as many as
    the shorter one has (see ``cut_sentence``).
    """
    import ibis

    if baseline is None or programme is None:
        return pd.DataFrame(columns=list(INPUTS))
    parts, (before, during) = [], equally_long(baseline, programme)
    for period, inside, days in of_periods(orders, persons, {"before": before, "programme": during}):
        sums = inside.group_by(["merchant", inside.customer.name("segment")]).aggregate(
            buyers=lambda t: t.person.nunique(),
            orders=lambda t: t.order_id.count(),
            gmv=lambda t: t.net_amount.sum(),
        )
        parts.append(sums.mutate(period=ibis.literal(period), days=ibis.literal(days, "int64")))
    table = ibis.union(*parts).execute().reindex(columns=list(INPUTS))
    return table.sort_values(["merchant", "segment", "period"]).reset_index(drop=True)


def growth_tree(
    inputs: pd.DataFrame, merchant: str, heads: pd.DataFrame | None = None, changes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One row per segment and factor: its part of the change in mean daily GMV.

    Mean daily GMV = buyers x orders per buyer and day x GMV per order, summed over new and
    returning persons, plus orders per day x GMV per order for unknown persons.

    Parameters
    ----------
    inputs : see ``tree_inputs``.
    heads : see ``headlines``; a merchant without a headline (closed, not open yet) gets no tree.
    changes : see ``across``; where sales or orders are counted otherwise, frequency and basket are no factors.

    Returns
    -------
    DataFrame ``segment, factor, before, programme, part, share``: the factor's value in both
    periods, its part in minor units a day, and its share of the total change. The parts add
    up to the change; a segment without orders in one period is one row, ``entry or exit``, and one whose
    net sales were below zero in one, ``refunds above sales`` (``no net sales`` where they were zero with orders).

    Raises
    ------
    ValueError
        If the periods are not equally long: distinct buyers then count different things.
    """
    names = ["segment", "factor", "before", "programme", "part", "share"]
    rows = inputs[inputs["merchant"] == merchant]
    known = heads is None or heads.set_index("merchant")["growth"].reindex([merchant]).notna().all()
    if rows.empty or not known or (changes is not None and len(changes)):
        return pd.DataFrame(columns=names)
    if len(set(rows["days"])) > 1:
        spans = " and ".join(str(d) for d in sorted(rows["days"].unique()))
        raise ValueError(f"buyers are distinct within a period: take periods of one length, these have {spans} days")
    days = int(rows["days"].iloc[0])
    out = []
    for segment, part in rows.groupby("segment"):
        table = (
            part.set_index("period")[["buyers", "orders", "gmv"]]
            .astype(float)
            .reindex(["before", "programme"])
            .fillna(0)
        )
        factors = _factors(table, str(segment), days)
        gmv = table["gmv"].to_numpy(float) / days
        if (gmv <= 0).any():
            out.append((segment, str(without_factors(gmv, table["orders"])), gmv[0], gmv[1], gmv[1] - gmv[0]))
            continue
        split = lmdi(factors.loc[["before"]], factors.loc[["programme"]])[0]
        out += [(segment, f, factors.loc["before", f], factors.loc["programme", f], split[i])
                for i, f in enumerate(factors.columns)]  # fmt: skip
    tree = pd.DataFrame(out, columns=names[:-1])
    change = tree["part"].sum()
    return tree.assign(share=tree["part"] / change if change else np.nan)


def without_factors(gmv: ArrayLike, orders: ArrayLike) -> Any:
    """Name why segments of (..., two periods) net sales and orders have no factors.

    >>> without_factors([[0, 5], [-2, 5], [5, 0]], [[0, 1], [3, 1], [1, 2]]).tolist()
    ['entry or exit', 'refunds above sales', 'no net sales']
    """
    sold, count = np.asarray(gmv, float), np.asarray(orders, float)
    below, nothing = (sold < 0).any(axis=-1), ((sold <= 0) & (count > 0)).any(axis=-1)
    return np.select([below, nothing], [REFUNDED, NOTHING_LEFT], CAME_OR_WENT)


def _factors(table: pd.DataFrame, segment: str, days: int) -> pd.DataFrame:
    orders, gmv = table["orders"].where(table["orders"] > 0), table["gmv"]
    if segment == "unknown":
        return pd.DataFrame({"orders a day": orders / days, "basket": gmv / orders}).fillna(0)
    buyers = table["buyers"].where(table["buyers"] > 0)
    return pd.DataFrame({"buyers": buyers, "frequency": orders / buyers / days, "basket": gmv / orders}).fillna(0)
