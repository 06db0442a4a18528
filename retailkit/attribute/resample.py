"""Intervals for removal effects: a Poisson bootstrap over persons, all replicates in one batched inverse."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import sparse

from retailkit.attribute.journeys import NONE, ORDER, START, AggregatedPaths, transition_counts
from retailkit.attribute.tables import frame

BATCH, MOST = 250, 1 << 23
"""Replicates of a batch, and draws (replicates x groups) that it may hold."""

_CELL = {"here": "string", "then": "string", "cell": "int64", "one": "int64", "two": "int64"}


def removal_interval(
    journeys: ir.Table | AggregatedPaths, seed: int, replicates: int = 1000, level: float = 0.9, rare: float = 30.0
) -> pd.DataFrame:
    """One row per touchpoint: removal effect of orders at order 1 and its share, with intervals.

    Parameters
    ----------
    journeys : ibis table of :func:`paths` (drawn by person), or aggregated paths (every journey is
        drawn by itself)
    seed, replicates, level : of the bootstrap
    rare : touchpoints with fewer visits are pooled as ``(rare)``

    Returns
    -------
    ``touchpoint, visits, removal, removal_low, removal_high, share, share_low, share_high, unsure``:
    ``unsure`` where the interval of the removal effect reaches down to nothing.

    Notes
    -----
    Persons (or journeys) with the same transitions are one group: n of them are drawn together as
    Poisson(n), exactly. Only transition counts are drawn; the inverses of a batch are one call.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; a fraction such as 0.9 is needed")
    names, counts, cells, groups = _groups(journeys, rare)
    if not len(names):
        columns = [
            "touchpoint",
            "visits",
            "removal",
            "removal_low",
            "removal_high",
            "share",
            "share_low",
            "share_high",
            "unsure",
        ]
        return pd.DataFrame(columns=columns)
    rng = np.random.default_rng(seed)
    point = _removal(np.asarray(counts.T @ groups)[None, :], cells, len(names))[0]
    batch = int(np.clip(MOST // len(groups), 1, BATCH))
    drawn = np.vstack(
        [
            _removal(_draw(counts, groups, min(batch, replicates - i), rng), cells, len(names))
            for i in range(0, replicates, batch)
        ]
    )
    bounds = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, bounds, axis=0)
    shares = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
    share_low, share_high = np.quantile(shares, bounds, axis=0)
    total = np.asarray(counts.T @ groups)
    visits = [float(total[cells[:, 0] == i + 1].sum()) for i in range(len(names))]
    share = point / max(point.sum(), 1e-300)
    table = pd.DataFrame({"touchpoint": names, "visits": visits, "removal": point, "share": share})
    table = table.assign(
        removal_low=np.minimum(low, point), removal_high=np.maximum(high, point),
        share_low=np.minimum(share_low, share), share_high=np.maximum(share_high, share), unsure=low < 1e-3,
    )  # fmt: skip
    columns = [
        "touchpoint",
        "visits",
        "removal",
        "removal_low",
        "removal_high",
        "share",
        "share_low",
        "share_high",
        "unsure",
    ]
    return table[columns].sort_values(["removal", "touchpoint"], ascending=[False, True], ignore_index=True)


def _draw(counts: sparse.csr_matrix, groups: np.ndarray, replicates: int, rng: np.random.Generator) -> np.ndarray:
    return np.asarray((counts.T @ rng.poisson(groups, (replicates, len(groups))).T.astype(float)).T)


def _groups(journeys, rare: float) -> tuple[list[str], sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Touchpoints; groups x cells counts; cells as (from, to) numbers; how many are in each group.

    Numbers: 0 is the start (from) or no order (to), n + 1 is an order, the rest are touchpoints.
    """
    rows = _of_paths(journeys) if isinstance(journeys, AggregatedPaths) else _of_persons(journeys)
    seen = rows[rows["here"] != START]
    visits = (seen["journeys"] * seen["times"]).groupby(seen["here"]).sum()
    few = set(visits.index[visits < rare]) if (visits < rare).sum() > 1 else set()
    rows = rows.assign(**{c: rows[c].where(~rows[c].isin(few), "(rare)") for c in ("here", "then")})
    names = sorted(set(rows["here"]) - {START})
    number = {name: i + 1 for i, name in enumerate(names)} | {START: 0, NONE: 0, ORDER: len(names) + 1}
    width = len(names) + 2
    if rows.empty:
        return [], sparse.csr_matrix((0, 0)), np.zeros((0, 2), int), np.zeros(0)
    cell = rows["here"].map(number).to_numpy(int) * width + rows["then"].map(number).to_numpy(int)
    used, column = np.unique(cell, return_inverse=True)
    units, unit = np.unique(rows["unit"].to_numpy(), return_inverse=True)
    table = sparse.csr_matrix((rows["journeys"].to_numpy(float), (unit, column)), shape=(len(units), len(used)))
    times = np.ones(len(units))
    times[unit] = rows["times"].to_numpy(float)
    table, times = _merged(table, times)
    return names, table, np.stack(np.divmod(used, width), axis=1), times


def _of_persons(paths: ir.Table) -> pd.DataFrame:
    """Rows of transitions (unit, here, then, journeys, times), one unit for all persons with the same ones.

    Persons are told apart by two sums of large random numbers, one for each transition, which the engine adds
    exactly (two persons of a hundred million are taken for one by a chance below one in a hundred million).
    """
    counts = transition_counts(paths, by=("person",))
    starts = counts.filter(counts["first"] == 1)
    starts = starts.select("person", "journeys", here=ibis.literal(START), then=starts.w1)
    rows = ibis.union(counts.select("person", "journeys", here=counts.w1, then=counts.then), starts)
    rows = rows.group_by(["person", "here", "then"]).aggregate(journeys=rows.journeys.sum()).cache()
    cells = frame(rows.select("here", "then").distinct()).sort_values(["here", "then"], ignore_index=True)
    marks = np.random.default_rng(0).integers(1 << 39, 1 << 40, (2, len(cells)))
    known = ibis.memtable(cells.assign(cell=range(len(cells)), one=marks[0], two=marks[1]), schema=ibis.schema(_CELL))
    rows = rows.inner_join(known, ["here", "then"])
    own = rows.group_by("person").aggregate(one=(rows.one * rows.journeys).sum(), two=(rows.two * rows.journeys).sum())
    alike = own.group_by(["one", "two"]).aggregate(person=own.person.min(), times=own.person.count())
    rows = rows.select("person", "cell", "journeys").inner_join(alike.select("person", "times"), "person")
    found = frame(rows.order_by("person", "cell"))
    cell, unit = found["cell"].to_numpy(int), pd.factorize(found["person"])[0]
    here, then = (cells[c].to_numpy(object)[cell] for c in ("here", "then"))
    return found[["journeys", "times"]].assign(unit=unit, here=here, then=then)


def _of_paths(paths: AggregatedPaths) -> pd.DataFrame:
    """Rows of transitions per path and outcome; the path's journeys are ``times`` equal units."""
    parts = []
    names = np.array([*paths.touchpoints, START, ORDER, NONE], dtype=object)
    n = len(paths.touchpoints)
    for ends, times, offset in ((n + 1, paths.orders, 0), (n + 2, paths.nulls, len(paths.orders))):
        size = np.diff(paths.offsets)
        here = np.insert(paths.codes, paths.offsets[:-1], n)
        then = np.insert(paths.codes.astype(np.int64), paths.offsets[1:], ends)
        unit = np.repeat(np.arange(len(size)), size + 1)
        kept = times[unit] > 0
        rows = pd.DataFrame(
            {"unit": unit[kept] + offset, "here": here[kept], "then": then[kept], "times": times[unit[kept]]}
        )
        rows = rows.groupby(["unit", "here", "then"], as_index=False).agg(
            journeys=("times", "size"), times=("times", "first")
        )
        parts.append(rows)
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(here=names[rows["here"]], then=names[rows["then"]])


def _merged(table: sparse.csr_matrix, times: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Put units with the same counts together; a random projection tells rows apart (exact in practice)."""
    key = table @ np.random.default_rng(0).random((table.shape[1], 2))
    _, first, group = np.unique(np.round(key, 9), axis=0, return_index=True, return_inverse=True)
    return table[first], np.bincount(group.ravel(), times)


def _removal(counts: np.ndarray, cells: np.ndarray, n: int) -> np.ndarray:
    """Removal effects of orders, replicates x touchpoints, from counts of cells, in one batch."""
    replicates = len(counts)
    full = np.zeros((replicates, n + 2, n + 2))
    full[:, cells[:, 0], cells[:, 1]] = counts
    visits = np.maximum(full[:, 1 : n + 1].sum(axis=2), 1e-300)
    step = full[:, 1 : n + 1, 1 : n + 1] / visits[:, :, None]
    reward = full[:, 1 : n + 1, n + 1] / visits
    start = full[:, 0, 1 : n + 1]
    start = start / np.maximum(start.sum(axis=1, keepdims=True), 1e-300)
    inverse = np.linalg.inv(np.eye(n) - step)
    earned = (inverse @ reward[:, :, None])[:, :, 0]
    reached = (start[:, None, :] @ inverse)[:, 0]
    total = (start * earned).sum(axis=1, keepdims=True)
    lost = reached * earned / np.einsum("rii->ri", inverse)
    return np.divide(lost, total, out=np.zeros_like(lost), where=total > 0)
