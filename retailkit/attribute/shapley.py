"""Shapley shares over coalitions of touchpoints, by transforms of the subset lattice."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.chain import path_numbers
from retailkit.attribute.journeys import AggregatedPaths, exposure_journeys
from retailkit.attribute.ledger import ledger
from retailkit.attribute.markov import weigh
from retailkit.attribute.sentences import RESIDUAL
from retailkit.attribute.tables import frame

MOST = 20
"""Touchpoints whose subsets fit in memory (a million numbers each); pool rarer ones first."""


def coalitions(journeys: ir.Table | AggregatedPaths) -> pd.DataFrame:
    """One row per set of exposure touchpoints: journeys, orders and value of those who met just this set.

    ``members`` is the set as a bit mask over the touchpoints in ``attrs["touchpoints"]``, sorted by
    name.

    Raises
    ------
    ValueError
        If there are more than 20 touchpoints.
    """
    if isinstance(journeys, AggregatedPaths):
        names = journeys.touchpoints
        _few(names)
        path = path_numbers(journeys)
        mask = np.zeros(len(journeys.orders), dtype=np.int64)
        np.bitwise_or.at(mask, path, 1 << journeys.codes.astype(np.int64))
        rows = pd.DataFrame({"members": mask, "orders": journeys.orders, "value": journeys.value})
        rows["journeys"] = journeys.orders + journeys.nulls
    else:
        reached = exposure_journeys(journeys)
        names = tuple(sorted(frame(reached.select("touchpoint").distinct())["touchpoint"]))
        _few(names)
        key = ["merchant", "journey_id"]
        bits = ibis.cases(*[(reached.touchpoint == n, 1 << i) for i, n in enumerate(names)], else_=0) if names else 0
        once = reached.mutate(bit=bits).select(*key, "bit", "outcome", "net_amount").distinct()
        whole = once.group_by([*key, "outcome", "net_amount"]).aggregate(members=once.bit.sum())
        bought = (whole.outcome == "order").cast("int64")
        counted = whole.group_by("members").aggregate(
            journeys=whole.members.count(), orders=bought.sum(), value=(bought * whole.net_amount.fill_null(0)).sum()
        )
        rows = frame(counted)
    table = rows.groupby("members", as_index=False)[["journeys", "orders", "value"]].sum().astype(float)
    table = table.astype({"members": "int64"}).sort_values("members", ignore_index=True)
    table.attrs["touchpoints"] = names
    return table


def _few(names: tuple[str, ...]) -> None:
    if len(names) > MOST:
        raise ValueError(f"{len(names)} touchpoints; Shapley takes {MOST} at most: pool the rare ones")


def shapley(table: pd.DataFrame, by: str = "orders", game: str = "sum", prior: float = 20.0) -> pd.DataFrame:
    """One row per touchpoint: its Shapley share.

    Parameters
    ----------
    table : of :func:`coalitions`
    by : ``orders`` or ``value``
    game : str
        ``sum``: a coalition is worth what journeys inside it brought. This *is* linear credit over
        distinct touchpoints (Zhao et al. 2018): say so where the two stand side by side.
        ``rate``: a coalition is worth the conversion rate of journeys inside it, shrunk towards
        the overall rate by ``prior`` journeys, so that rare coalitions do not speak loudly.

    Returns
    -------
    ``touchpoint, worth, share``. Negative worth (possible in the rate game) counts as zero in
    ``share``.

    Notes
    -----
    The worth of all coalitions comes from a zeta transform and Harsanyi dividends from a Moebius
    transform, O(n 2^n); a touchpoint's value is the sum of dividends of its coalitions over their
    size. Sources: Shao and Li 2011; Dalessandro et al. 2012; Zhao et al. 2018.
    """
    names = table.attrs["touchpoints"]
    if game not in ("sum", "rate"):
        raise ValueError(f"no game '{game}'; there are sum, rate")
    dividend = _dividends(table, by, game, prior)
    size = _sizes(len(names))
    worth = np.array([_having(dividend / np.maximum(size, 1), i).sum() for i in range(len(names))])
    positive = np.clip(worth, 0, None)
    share = positive / positive.sum() if positive.sum() > 0 else positive
    return pd.DataFrame({"touchpoint": list(names), "worth": worth, "share": share})


def shapley_credit(paths: ir.Table, shares: pd.DataFrame, rule: str = "shapley") -> ir.Table:
    """One row per order and touch: each order shared by the Shapley shares of its own exposures.

    Attached touches keep an equal split, as in :func:`markov_credit`.
    """
    effect = shares[["touchpoint"]].assign(effect=shares["share"].astype(float))
    types = ibis.schema({"touchpoint": "string", "effect": "float64"})
    return ledger(weigh(paths, ibis.memtable(effect, schema=types)), rule)


def distinct_credit(paths: ir.Table) -> ir.Table:
    """One row per order and touch: each order shared equally by its *distinct* touchpoints.

    This is the Shapley value of "orders of journeys inside a set of touchpoints", exactly (Zhao et
    al. 2018), at any number of touchpoints; touches of one touchpoint share its part.
    """
    rows = paths.filter(paths.outcome == "order")
    alike = ibis.window(group_by=["merchant", "order_id", "touchpoint"])
    same = rows.position.count().over(alike).cast("float64")
    return ledger(rows.mutate(weight=ibis.literal(1.0) / same.nullif(0.0)), "shapley")


def shapley_sentence(shares: pd.DataFrame, lang: str = "en") -> str:
    """Say what Shapley on conversions is, so that nobody takes it for one more piece of evidence.

    ``shares`` is :func:`side_by_side`; empty where fewer than two touchpoints have anything to share.
    """
    if not (shares.loc[~shares["touchpoint"].isin(RESIDUAL), "most"] > 0).sum() > 1:
        return ""
    if lang == "zh":
        return "此处的Shapley值就是按不同触点平均分配的线性归因（Zhao等2018，可证明相等）：它不是又一个独立证据。"
    return (
        "The Shapley value shown is linear credit over distinct touchpoints: the two are equal by proof "
        "(Zhao et al. 2018), so it is no further evidence."
    )


def interactions(table: pd.DataFrame, by: str = "orders", prior: float = 20.0) -> pd.DataFrame:
    """One row per pair of touchpoints: Shapley interaction of the rate game, above 0 where they help each other."""
    names = table.attrs["touchpoints"]
    dividend = _dividends(table, by, "rate", prior)
    weight = dividend / np.maximum(_sizes(len(names)) - 1, 1)
    rows = [
        (names[i], names[j], float(weight[(_members(len(names)) >> i & _members(len(names)) >> j & 1) == 1].sum()))
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return pd.DataFrame(rows, columns=["touchpoint", "other", "interaction"])


def _dividends(table: pd.DataFrame, by: str, game: str, prior: float) -> np.ndarray:
    n = len(table.attrs["touchpoints"])
    exact = np.bincount(table["members"], table[by], 1 << n)
    if game == "sum":
        return exact  # what a set alone brought is its dividend: zeta and Moebius cancel
    people = zeta(np.bincount(table["members"], table["journeys"], 1 << n))
    overall = table[by].sum() / max(table["journeys"].sum(), 1e-300)
    rate = (zeta(exact) + prior * overall) / (people + prior)
    return moebius(rate - overall * (np.arange(1 << n) >= 0))


def zeta(values: np.ndarray) -> np.ndarray:
    """Sum over all subsets of each set; the sets are bit masks.

    >>> zeta(np.array([0.0, 1.0, 2.0, 4.0])).tolist()
    [0.0, 1.0, 2.0, 7.0]
    """
    return _transform(values, 1.0)


def moebius(values: np.ndarray) -> np.ndarray:
    """Undo :func:`zeta`.

    >>> moebius(np.array([0.0, 1.0, 2.0, 7.0])).tolist()
    [0.0, 1.0, 2.0, 4.0]
    """
    return _transform(values, -1.0)


def _transform(values: np.ndarray, sign: float) -> np.ndarray:
    out = np.array(values, dtype=float)
    for i in range(int(out.size).bit_length() - 1):
        halves = out.reshape(-1, 2, 1 << i)
        halves[:, 1] += sign * halves[:, 0]
    return out


def _members(n: int) -> np.ndarray:
    return np.arange(1 << n)


def _sizes(n: int) -> np.ndarray:
    return np.bitwise_count(_members(n)).astype(float)


def _having(values: np.ndarray, i: int) -> np.ndarray:
    return values.reshape(-1, 2, 1 << i)[:, 1]


def ordered_shapley(paths: AggregatedPaths) -> pd.DataFrame:
    """One row per touchpoint and place in the path: orders credited there, by the ordered sum game.

    Every distinct touchpoint of a converting path gets an equal part, on the place where it stood
    first; summed over places it is the sum game (Zhao et al. 2018, ordered Shapley).
    """
    path = path_numbers(paths)
    place = np.arange(len(paths.codes)) - paths.offsets[:-1][path]
    width = len(paths.touchpoints)
    key = path * width + paths.codes
    _, first = np.unique(key, return_index=True)
    distinct = np.bincount(path[first], minlength=len(paths.orders))
    part = (paths.orders / np.maximum(distinct, 1))[path[first]]
    rows = pd.DataFrame({"touchpoint": paths.codes[first], "place": place[first] + 1, "orders": part})
    table = rows.groupby(["touchpoint", "place"], as_index=False)["orders"].sum()
    return table.assign(touchpoint=[paths.touchpoints[c] for c in table["touchpoint"]])
