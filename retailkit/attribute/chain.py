"""The Markov chain of an order: windows of touchpoints, where they lead and what they earn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from retailkit.attribute.journeys import NONE, ORDER, AggregatedPaths


@dataclass(frozen=True)
class Chain:
    """One Markov chain: state i is a window whose latest touchpoint is ``last[i]``.

    ``start`` is the probability that a journey begins in a state, ``step`` the sparse matrix of
    probabilities between states, ``order`` and ``value`` the probability of an order and the
    expected money right after a state. ``visits`` counts how often a state was seen, in journeys.
    """

    touchpoints: tuple[str, ...]
    last: np.ndarray
    start: np.ndarray
    step: sparse.csr_matrix
    order: np.ndarray
    value: np.ndarray
    visits: np.ndarray
    journeys: float
    orders: float
    money: float


def chain_of_transitions(counts: pd.DataFrame) -> Chain:
    """Return the chain of a table of :func:`transitions`."""
    windows = [c for c in counts.columns if c.startswith("w") and c[1:].isdigit()]
    names = pd.Index(sorted(counts["w1"].unique()))
    width = len(names) + 1
    code = np.zeros(len(counts), dtype=np.int64)
    for i, column in enumerate(windows):
        code += (names.get_indexer(counts[column]) + 1) * width**i
    seen, state = np.unique(code, return_inverse=True)
    then = names.get_indexer(counts["then"])
    journeys = counts["journeys"].to_numpy(float)
    inside = then >= 0
    target = np.searchsorted(seen, (code[inside] * width + then[inside] + 1) % width ** len(windows))
    n = len(seen)
    moves = sparse.csr_matrix((journeys[inside], (state[inside], target)), shape=(n, n))
    return _chain(
        tuple(map(str, names)),
        last=(seen % width - 1).astype(np.int64),
        start=np.bincount(state, journeys * counts["first"].to_numpy(float), n),
        moves=moves,
        bought=np.bincount(state, journeys * (counts["then"] == ORDER).to_numpy(), n),
        left=np.bincount(state, journeys * (counts["then"] == NONE).to_numpy(), n),
        money=np.bincount(state, counts["value"].to_numpy(float), n),
    )


def chain_of_paths(paths: AggregatedPaths, order: int = 1) -> Chain:
    """Return the chain of aggregated paths; cost is linear in touches, windows are numbers."""
    width = len(paths.touchpoints) + 1
    size = width**order
    if size > 2**62:
        raise ValueError(
            f"order {order} with {width - 1} touchpoints has more windows than a number can hold; lower it"
        )
    key = _window_keys(paths, order, width)
    begin, end = paths.offsets[:-1], paths.offsets[1:] - 1
    seen, state = _numbered(key, size)
    n = len(seen)
    journeys = paths.orders + paths.nulls
    pair = state * width  # what came next: 0 for the end, else a touchpoint
    pair[:-1] += paths.codes[1:] + 1
    pair[end] = state[end] * width
    count = np.bincount(pair, np.repeat(journeys, np.diff(paths.offsets)), n * width).reshape(n, width)
    source, then = np.nonzero(count[:, 1:])
    target = np.searchsorted(seen, (seen[source] * width + then + 1) % size)
    moves = sparse.csr_matrix((count[:, 1:][source, then], (source, target)), shape=(n, n))
    final = state[end]
    return _chain(
        paths.touchpoints,
        last=(seen % width - 1).astype(np.int64),
        start=np.bincount(state[begin], journeys, n),
        moves=moves,
        bought=np.bincount(final, paths.orders, n),
        left=np.bincount(final, paths.nulls, n),
        money=np.bincount(final, paths.value, n),
    )


def path_numbers(paths: AggregatedPaths) -> np.ndarray:
    """The number of the path that each touch belongs to."""
    return np.repeat(np.arange(len(paths.orders)), np.diff(paths.offsets))


def _numbered(key: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the windows that occur, sorted, and the number of each touch's window.

    A table of all possible windows is fastest while it is small; beyond that they are sorted.
    """
    if size > 50_000_000:
        few, state = np.unique(key, return_inverse=True)
        return few, state
    used = np.zeros(size, dtype=bool)
    used[key] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[key]


def _window_keys(paths: AggregatedPaths, order: int, width: int) -> np.ndarray:
    """Number each touch by the window that ends in it: digits in base ``width``, 0 for nothing."""
    digit = paths.codes.astype(np.int64) + 1
    key = digit.copy()
    if order > 1:
        position = np.arange(len(digit)) - paths.offsets[:-1][path_numbers(paths)]
        for i in range(1, order):
            key[i:] += np.where(position[i:] >= i, digit[:-i], 0) * width**i
    return key


def _chain(
    names: tuple[str, ...],
    last: np.ndarray,
    start: np.ndarray,
    moves: sparse.csr_matrix,
    bought: np.ndarray,
    left: np.ndarray,
    money: np.ndarray,
) -> Chain:
    visits = np.asarray(moves.sum(axis=1)).ravel() + bought + left
    safe = np.where(visits > 0, visits, 1.0)
    journeys = float(start.sum())
    step = sparse.csr_matrix(moves.multiply(1 / safe[:, None]))
    return Chain(
        touchpoints=names,
        last=last,
        start=start / journeys if journeys else start,
        step=step,
        order=bought / safe,
        value=money / safe,
        visits=visits,
        journeys=journeys,
        orders=float(bought.sum()),
        money=float(money.sum()),
    )
