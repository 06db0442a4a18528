"""Counts that agree with their noun."""

from __future__ import annotations


def several(count: float, one: str, many: str = "") -> str:
    """Write a whole count with its noun.

    >>> several(1, "order"), several(1234, "order"), several(0, "person"), several(2, "person", "people")
    ('1 order', '1,234 orders', '0 persons', '2 people')
    """
    return f"{count:,.0f} {one if round(count) == 1 else many or one + 's'}"
