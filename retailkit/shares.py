"""The interval of a share, one for all rooms: Wilson's score interval."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np


def wilson(hits: Any, total: Any, level: float = 0.90) -> tuple[Any, Any]:
    """Return the low and high ends of Wilson's interval of ``hits / total``, in the shape given; NaN of nothing.

    None of them ends at 0 exactly and all of them at 1, whatever floats make of it: a share of one merchant of one
    does not end at 99.99%.

    Source: Wilson, 1927; keeps its coverage near 0 and 1 where the usual interval fails.

    >>> [round(end, 2) for end in wilson(7, 17, level=0.95)]
    [0.22, 0.64]
    >>> wilson(1, 1)[1], wilson(0, 0)
    (1.0, (nan, nan))
    """
    k, n = np.asarray(hits, float), np.asarray(total, float)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    some = np.where(n > 0, n, np.nan)
    p = k / some
    centre = (p + z**2 / (2 * some)) / (1 + z**2 / some)
    half = z / (1 + z**2 / some) * np.sqrt(p * (1 - p) / some + z**2 / (4 * some**2))
    low, high = np.where(p <= 0, 0.0, centre - half), np.where(p >= 1, 1.0, centre + half)
    return (low, high) if k.ndim or n.ndim else (float(low), float(high))
