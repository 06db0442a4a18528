"""Class edges of one column of numbers: quantiles, natural breaks, the mean."""

from __future__ import annotations

import numpy as np

from retailkit.segment.errors import SaidError

METHODS = ("quantile", "percentile", "jenks", "mean", "fixed")


def learn_edges(values: np.ndarray, method: str, bins: int, given) -> np.ndarray:
    """Return the inner edges, rising; equal edges leave classes empty, never split equal values.

    Raises
    ------
    ValueError
        If ``bins`` is under 2 or the given percentiles or values are missing or not rising.

    >>> learn_edges(np.array([1.0, 2.0, 3.0, 4.0]), "quantile", 2, None).tolist()
    [2.5]
    """
    if method in ("fixed", "percentile"):
        given = _rising(given, method)
        return given if method == "fixed" else np.percentile(values, given)
    if method == "mean":
        return np.array([values.mean()])
    if bins < 2:
        raise SaidError(f"bins is {bins}; expected at least 2", f"bins为{bins}，至少应为2")
    if method == "jenks":
        return natural_breaks(values, bins)
    return np.quantile(values, np.arange(1, bins) / bins)


def natural_breaks(values: np.ndarray, bins: int) -> np.ndarray:
    """Return edges that minimise the squared distance to class means (Fisher 1958, Jenks 1977), exactly.

    With fewer distinct values than classes each value is its own class.

    >>> natural_breaks(np.array([1.0, 2.0, 2.0, 10.0, 11.0, 50.0]), 3).tolist()
    [2.0, 11.0]
    """
    x, counts = np.unique(values, return_counts=True)
    centred = x - values.mean()  # so that sums of squares keep their digits
    sums = [np.concatenate([[0.0], np.cumsum(counts * centred**power)]) for power in (0, 1, 2)]

    def spread(start, end):
        """Squared distance to their mean of the distinct values from start to end, both inside."""
        k, s, q = (total[end + 1] - total[start] for total in sums)
        return q - s * s / k

    ends = np.arange(len(x))
    best, cuts = spread(np.zeros_like(ends), ends), []
    for level in range(1, min(bins, len(x))):
        best, cut = _one_class_more(best, spread, level)
        cuts.append(cut)
    edges, end = [], len(x) - 1
    for cut in reversed(cuts):
        end = cut[end] - 1
        edges.append(x[end])
    return np.array(edges[::-1])


def _one_class_more(before: np.ndarray, spread, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Best cost up to each end with one class more, and where that last class starts.

    The best start never moves left as the end moves right, so ends are halved again and again and
    each half searches only between its neighbours' starts: n log n steps (all of a depth at once).
    """
    n = len(before)
    best, cut = np.full(n, np.inf), np.zeros(n, dtype=int)
    spans = np.array([[level, n - 1, level, n - 1]])  # first end, last end, first start, last start
    while len(spans):
        first, last, low, high = spans.T
        end = (first + last) // 2
        tries = np.minimum(end, high) - low + 1
        offset = np.cumsum(tries) - tries
        owner = np.repeat(np.arange(len(spans)), tries)
        start = np.arange(tries.sum()) - offset[owner] + low[owner]
        cost = before[start - 1] + spread(start, end[owner])
        best[end] = np.minimum.reduceat(cost, offset)
        hits = np.flatnonzero(cost == best[end][owner])
        cut[end] = start[hits[np.unique(owner[hits], return_index=True)[1]]]
        left = np.column_stack([first, end - 1, low, cut[end]])
        right = np.column_stack([end + 1, last, cut[end], high])
        spans = np.concatenate([left[first < end], right[end < last]])
    return best, cut


def _rising(given, method: str) -> np.ndarray:
    edges = np.asarray(given if given is not None else [], float)
    if edges.ndim != 1 or len(edges) == 0 or np.any(np.diff(edges) < 0) or not np.all(np.isfinite(edges)):
        raise SaidError(
            f"method '{method}' needs rising numbers in 'edges', got {given!r}",
            f"method为'{method}'时edges须为递增的数，现为{given!r}",
        )
    if method == "percentile" and (edges[0] < 0 or edges[-1] > 100):
        raise SaidError(f"percentiles lie between 0 and 100, got {given!r}", f"百分位应在0至100之间，现为{given!r}")
    return edges
