"""The simulated world as records: spans, merchants, parameters, seeds.

Parameters live in ``world.toml`` with their sources. Everything made from them is simulated:
no row describes a real merchant, person or order.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

COHORTS = {"doubling_1": "first", "doubling_2": "second"}
"""Cohort name -> group of merchants that is studied."""

ENTRANCES = ("search", "direct_return", "payment", "mini_program_profile")
"""Doors without an effect of their own: whoever comes through them came by himself."""


_INDUSTRIES_ZH = {"apparel": "服饰", "beauty": "美妆", "mother_baby": "母婴", "sports": "运动", "supermarket": "商超"}


@dataclass(frozen=True)
class Profile:
    """One simulated merchant: sizes at full scale (persons, orders a day), basket in yuan, its programme."""

    id: str
    group: str
    industry: str
    members: int
    orders: float
    aov: float
    emphasis: str
    late: bool
    share: float
    k: float
    life: float
    exports: tuple[str, ...]

    @property
    def title(self) -> str:
        """Title to print; says that the merchant is simulated."""
        return f"Simulated merchant {self.id} ({self.industry.replace('_', '-')})"

    @property
    def title_zh(self) -> str:
        """The title in Chinese."""
        return f"模拟商户{self.id}（{_INDUSTRIES_ZH[self.industry]}）"


@cache
def parameters() -> dict[str, Any]:
    """Return the page of parameters, as read from ``world.toml``."""
    return tomllib.loads((Path(__file__).parent / "world.toml").read_text(encoding="utf-8"))


@cache
def profiles() -> tuple[Profile, ...]:
    """Return every merchant of the world: first cohort, second cohort, never invited.

    >>> [sum(p.group == g for p in profiles()) for g in ("first", "second", "never")]
    [17, 16, 6]
    """
    page = parameters()["merchants"]
    rows = [
        (group, dict(zip(page["columns"], row, strict=True)))
        for group in ("first", "second", "never")
        for row in page[group]
    ]
    return tuple(Profile(group=group, **{**row, "exports": tuple(row["exports"].split())}) for group, row in rows)


def roles(cohort: str) -> dict[str, str]:
    """Return merchant id -> 'merchant' or 'donor' for a cohort.

    Donors of the first cohort are the second cohort, not yet invited, and the never invited;
    the second cohort has only the never invited and is studied against them.

    Raises
    ------
    ValueError
        If the world has no such cohort.
    """
    if cohort not in COHORTS:
        raise ValueError(f"no simulated cohort '{cohort}': there are {', '.join(COHORTS)}")
    mine = COHORTS[cohort]
    out = {p.id: "merchant" for p in profiles() if p.group == mine}
    donors = ("second", "never") if mine == "first" else ("never",)
    return out | {p.id: "donor" for p in profiles() if p.group in donors}


def days() -> np.ndarray:
    """Return the days of the span as numpy dates."""
    span = parameters()["span"]
    return np.arange(np.datetime64(span["start"]), np.datetime64(span["end"]) + np.timedelta64(1, "D"))


def day_number(day: date) -> int:
    """Return the number of a day, the first of the span being 0."""
    return (day - parameters()["span"]["start"]).days


def window(group: str, name: str) -> slice:
    """Return the days of a group's 'baseline' or 'programme' as a slice of day numbers.

    Merchants that are never invited are seen in the first group's windows.
    """
    span = parameters()["first" if group == "never" else group][name]
    return slice(day_number(span["start"]), day_number(span["end"]) + 1)


def stream(seed: int | str, merchant: str, name: str) -> np.random.Generator:
    """Return the stream of random draws of one merchant and purpose.

    The same seed, merchant and name give the same draws, whatever else is generated.
    """
    digest = hashlib.sha256(f"{seed}|{merchant}|{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
