"""The record of one merchant's effect, with a number or with the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retailkit.growth.interval import Behind


@dataclass(frozen=True)
class Effect:
    """What the programme did to one merchant's mean daily GMV, in logs, and how sure that is.

    ``effect`` is log(actual / counterfactual): .0953 is 10% more. ``refused`` says why there
    is no number. ``weeks`` has one row per week (actual and counterfactual mean daily GMV,
    gap in logs, phase, festival); ``donors`` one row per candidate with its weight; ``others``
    one row per estimator, for robustness; ``key`` is the chosen estimator's short name;
    ``behind`` holds the arrays and fits, None where there are no donors or no number.
    """

    merchant: str
    method: str
    label: str
    effect: float
    low: float
    high: float
    level: float
    se: float
    df: int
    p: float
    rank_p: float
    mde: float
    pre_error: float
    donor_pre_error: float
    at_risk_weight: float
    negative_mass: float
    weeks: pd.DataFrame
    donors: pd.DataFrame
    others: pd.DataFrame
    placebos: pd.DataFrame
    refused: str = ""
    key: str = ""
    behind: Behind | None = None

    @property
    def trend_se(self) -> float:
        """The part of ``se`` that the cohort's trend brings, the same for all its merchants; 0 where none is taken."""
        return 0.0 if self.behind is None else self.behind.trend.error(self.behind.matrix, ~self.behind.matrix.pre)

    @property
    def ratio(self) -> float:
        """Actual over counterfactual mean daily GMV."""
        return float(np.exp(self.effect))


WEEK_COLUMNS = ("week", "phase", "days", "festival", "actual", "counterfactual", "low", "high", "gap")
NAN = float("nan")


def refused(merchant: str, why: str, donors: pd.DataFrame, level: float) -> Effect:
    """Return an ``Effect`` without a number, and the reason."""
    return Effect(
        merchant, "none", "", NAN, NAN, NAN, level, NAN, 0, NAN, NAN, NAN, NAN, NAN, NAN, 0.0,
        pd.DataFrame(columns=list(WEEK_COLUMNS)), donors.assign(weight=0.0),
        pd.DataFrame(columns=["method", "effect"]), pd.DataFrame(columns=["donor", "effect", "pre_error"]), why,
    )  # fmt: skip
