"""Quick wins: after how many weeks was the gain first more than noise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from retailkit.growth.interval import log_effect
from retailkit.growth.record import Effect

COLUMNS = ("weeks", "until", "effect", "low", "high", "p", "limit", "significant")


def gains_by_week(effect: Effect, alpha: float = 0.10) -> pd.DataFrame:
    """One row per week since the start: the effect so far, its interval, and whether it is a gain.

    Looking every week finds luck sooner or later, so a week counts only below ``alpha`` over
    the number of weeks (Bonferroni).

    Returns
    -------
    DataFrame ``weeks, until, effect, low, high, p, limit, significant``; effects in logs.
    """
    behind = effect.behind
    if behind is None:
        return pd.DataFrame(columns=list(COLUMNS))
    m = behind.matrix
    inside = np.flatnonzero(~m.pre)
    rows = []
    for count in range(1, len(inside) + 1):
        post = np.zeros(len(m.pre), dtype=bool)
        post[inside[:count]] = True
        tau = log_effect(behind.own.gap, m.gmv, m.days, post)
        spread = behind.doubt(tau, effect.level, post)
        limit = alpha / len(inside)
        until = m.weeks["week"].iloc[inside[count - 1]] + pd.Timedelta(days=6)
        rows.append((count, until, tau, spread.low, spread.high, spread.p, limit, spread.p < limit and tau > 0))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def first_gain(table: pd.DataFrame) -> int | None:
    """Weeks to the first significant gain; None where there was none.

    >>> first_gain(pd.DataFrame({"weeks": [1, 2, 3], "significant": [False, True, True]}))
    2
    """
    won = table.loc[table["significant"].astype(bool), "weeks"]
    return int(won.iloc[0]) if len(won) else None
