"""Connected components of the evidence graph, kind by kind, with a cap on their size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailkit.link.edges import STRENGTH, Edges


@dataclass(frozen=True)
class Components:
    """The component of each position, what each kind joined, and the edges that were kept and cut."""

    label: np.ndarray
    merges: dict[str, int]
    kept: Edges
    cut: Edges
    too_large: np.ndarray


def components(size: int, edges: Edges, max_accounts: int) -> Components:
    """Join positions by the strongest evidence first; cut the weakest inside what grows too large.

    A component above ``max_accounts`` loses its weakest kind of edge, then the next, until it
    is small enough: no real customer has that many accounts, and the kind that glued strangers
    together is nearly always the weakest. Every position that was ever in one stays marked.
    """
    kept, cut = dict(edges), {}
    too_large = np.zeros(size, dtype=bool)
    label, merges = contract(size, kept)
    for kind in reversed(STRENGTH):
        large = np.bincount(label, minlength=1) > max_accounts
        if not large.any():
            break
        too_large |= large[label]
        if kind not in kept:
            continue
        a, b = kept[kind]
        inside = large[label[a]]
        kept[kind], cut[kind] = (a[~inside], b[~inside]), (a[inside], b[inside])
        label, merges = contract(size, kept)
    return Components(label, merges, kept, {kind: pair for kind, pair in cut.items() if len(pair[0])}, too_large)


def contract(size: int, edges: Edges) -> tuple[np.ndarray, dict[str, int]]:
    """Return each position's component and how many components each kind of edge took away."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    label, left, merges = None, size, {}
    for kind, (a, b) in edges.items():
        ends = (a, b) if label is None else (label[a], label[b])
        graph = coo_array((np.ones(len(a), dtype=np.int8), ends), shape=(left, left))
        now, joined = connected_components(graph.tocsr(), directed=False)
        merges[kind], left, label = left - now, now, joined if label is None else joined[label]
    return np.arange(size, dtype=np.int32) if label is None else label, merges
