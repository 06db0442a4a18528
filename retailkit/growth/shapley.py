"""Shapley's value: a fair split of a change whose factors form no product."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import pandas as pd

MOST_FACTORS = 10


def shapley(
    value: Callable[[dict[str, float]], float], before: dict[str, float], after: dict[str, float]
) -> pd.DataFrame:
    """One row per factor: its part of ``value(after) - value(before)``.

    Each factor's part is its mean contribution over all orders in which the factors could
    have changed (Shapley 1953); the parts add up to the change.

    Raises
    ------
    ValueError
        If the two periods name different factors, or more than ten (2^n values are needed).

    Examples
    --------
    >>> shapley(lambda x: x["a"] * x["b"] + x["c"], {"a": 1, "b": 1, "c": 0}, {"a": 2, "b": 3, "c": 1})["part"].tolist()
    [2.0, 3.0, 1.0]
    """
    names = list(before)
    if set(names) != set(after):
        raise ValueError(f"the periods name different factors: {sorted(set(names) ^ set(after))}")
    if len(names) > MOST_FACTORS:
        raise ValueError(f"{len(names)} factors; at most {MOST_FACTORS}: group some of them first")
    count = len(names)
    known = {
        changed: value({n: after[n] if n in changed else before[n] for n in names})
        for size in range(count + 1)
        for changed in map(frozenset, combinations(names, size))
    }
    parts = []
    for name in names:
        part = 0.0
        for changed, base in known.items():
            if name not in changed:
                weight = factorial(len(changed)) * factorial(count - len(changed) - 1) / factorial(count)
                part += weight * (known[changed | {name}] - base)
        parts.append(part)
    return pd.DataFrame({"factor": names, "part": parts})
