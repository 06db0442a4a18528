"""Paths -> the reduced rows that models read: transitions, and aggregated paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.strings import split_paths
from retailkit.schema.given import takes_frames

ORDER, NONE = "(order)", "(none)"
START = "(start)"


def exposure_journeys(paths: ir.Table) -> ir.Table:
    """One row per exposure of a journey whose end is known; the journeys a rate can be taken of.

    Order-attached touches are left out (nobody knows who saw them and did not buy), as are
    unattributed orders and journeys too young to judge.
    """
    return paths.filter((paths.kind == "exposure") & paths.outcome.isin(("order", "none")))


@takes_frames
def transitions(paths: ir.Table, order: int = 1, by: tuple[str, ...] = ()) -> pd.DataFrame:
    """One row per window of touchpoints and what came next: how many journeys, how much money.

    Parameters
    ----------
    paths : ibis table from :func:`paths`
    order : int
        Touchpoints in a window.
    by : tuple of column names of ``paths``
        Further columns to count by: ``("person",)`` for a bootstrap over persons.

    Returns
    -------
    ``w1`` (the latest touchpoint) to ``w<order>`` (empty before the first), ``first`` (1 where the
    window starts a journey), ``then`` (a touchpoint, ``(order)`` or ``(none)``), ``journeys``,
    ``value`` (net amount of the orders, minor units).
    """
    counted = transition_counts(paths, order, by)
    key = [c for c in counted.columns if c not in ("journeys", "value")]
    return counted.execute().sort_values(key, ignore_index=True, na_position="first")


def transition_counts(paths: ir.Table, order: int = 1, by: tuple[str, ...] = ()) -> ir.Table:
    """The rows of :func:`transitions`, still in the engine: by person there are more than memory should hold."""
    rows = exposure_journeys(paths)
    along = ibis.window(group_by=["merchant", "journey_id"], order_by="position")
    windows = {f"w{i + 1}": rows.touchpoint.lag(i).over(along) if i else rows.touchpoint for i in range(order)}
    rows = rows.mutate(**windows, later=rows.touchpoint.lead().over(along))  # one sort: nothing comes after the last
    bought = rows.outcome == "order"
    rows = rows.mutate(
        first=(rows.position == 1).cast("int64"),
        then=ibis.coalesce(rows.later, bought.ifelse(ORDER, NONE)),
        paid=(rows.later.isnull() & bought).ifelse(rows.net_amount, 0),
    )
    key = [*by, *windows, "first", "then"]
    return rows.group_by(key).aggregate(journeys=rows.position.count(), value=rows.paid.sum())


@dataclass(frozen=True)
class AggregatedPaths:
    """Many journeys with the same touchpoints as one path, in flat arrays.

    ``codes`` holds the touchpoints of all paths end to end as positions in ``touchpoints``;
    path i is ``codes[offsets[i]:offsets[i + 1]]``. ``orders`` and ``nulls`` count the journeys
    with and without a purchase (fractions are allowed), ``value`` is their money.
    """

    touchpoints: tuple[str, ...]
    codes: np.ndarray
    offsets: np.ndarray
    orders: np.ndarray
    nulls: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        paths = len(self.offsets) - 1
        for name in ("orders", "nulls", "value"):
            if len(getattr(self, name)) != paths:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries; there are {paths} paths")
        if (np.diff(self.offsets) < 1).any():
            raise ValueError("a path without a touch: leave it out, its orders are unattributed")
        if len(self.orders) and (np.min(self.orders) < 0 or np.min(self.nulls) < 0):
            raise ValueError("orders and nulls count journeys: 0 or more is needed")


def aggregated(
    paths: Iterable[Sequence[str]] | Iterable[str],
    orders: Iterable[float],
    value: Iterable[float] | None = None,
    nulls: Iterable[float] | None = None,
    separator: str = ">",
) -> AggregatedPaths:
    """Return aggregated paths from 'a > b' strings of another tool, or from lists of touchpoints.

    >>> aggregated(["a > b", "b"], orders=[2, 1]).touchpoints
    ('a', 'b')
    """
    given = paths if isinstance(paths, pd.Series) else pd.Series(list(paths), dtype=object)
    names, codes, offsets = split_paths(given, separator) if _are_strings(given) else _of_lists(given)
    bought = _floats(orders)
    none = np.zeros(len(bought))
    return AggregatedPaths(
        touchpoints=names,
        codes=codes,
        offsets=offsets,
        orders=bought,
        nulls=none if nulls is None else _floats(nulls),
        value=none if value is None else _floats(value),
    )


def _are_strings(paths: pd.Series) -> bool:
    return paths.dtype != object or not len(paths) or isinstance(paths.iloc[0], str)


def _of_lists(paths: pd.Series) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    codes, names = pd.factorize(np.asarray(list(chain.from_iterable(paths)), dtype=object), sort=True)
    offsets = np.concatenate([[0], np.cumsum(list(map(len, paths)))]).astype(np.int64)
    return tuple(map(str, names)), codes.astype(np.int32), offsets


def _floats(numbers: Iterable[float]) -> np.ndarray:
    return np.asarray(numbers if hasattr(numbers, "__array__") else list(numbers), dtype=float)
