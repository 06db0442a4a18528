"""The bridge: headline = season x market x programme, exactly.

All four are ratios of mean daily GMV, so the product is exact by construction:
programme = actual / counterfactual, season x market = counterfactual / period before. Season
is what the merchant's own same windows did last year; where last year is missing, season and
market stay one factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from retailkit.growth.calendar import bounds, last_year
from retailkit.growth.headline import mean_day
from retailkit.growth.record import Effect
from retailkit.growth.tree import log_mean

COLUMNS = ("step", "ratio", "low", "high", "from_value", "to_value", "part")


def season(daily: pd.DataFrame, merchant: str, baseline: Any, programme: Any, country: str = "CN") -> float:
    """Ratio of the merchant's mean day in last year's programme window to last year's baseline.

    The windows are aligned day by day (festivals to festivals, Spring Festival by lunar date).
    NaN where last year is not wholly on record or sold nothing.
    """
    own = daily[(daily["merchant"] == merchant) & ~daily["partial"]].set_index("day")["gmv"].astype(float)
    means = []
    for window in (programme, baseline):
        days = last_year(pd.date_range(*bounds(window)), country)
        value = own.reindex(days)
        means.append(float(value.mean()) if value.notna().all() else float("nan"))
    return means[0] / means[1] if means[1] > 0 and means[0] > 0 else float("nan")


def _between(breaks: pd.DataFrame, merchant: str, baseline: Any, programme: Any, country: str) -> bool:
    """Whether the merchant's sales changed their definition between last year's days of the two windows."""
    first, last = (
        last_year(pd.DatetimeIndex([bounds(w)[end]]), country)[0] for w, end in ((baseline, 0), (programme, 1))
    )
    own = breaks[(breaks["merchant"] == merchant) & (breaks["series"] == "gmv")]
    return bool(pd.to_datetime(own["week"]).between(first, last, inclusive="right").any())


def build_bridge(
    daily: pd.DataFrame, effect: Effect, baseline: Any, programme: Any, country: str = "CN",
    heads: pd.DataFrame | None = None, breaks: pd.DataFrame | None = None,
) -> pd.DataFrame:  # fmt: skip
    """One row per step from the period before to the programme; amounts minor units a day.

    Parameters
    ----------
    heads : see ``headlines``; a merchant without a headline there has no bridge.
    breaks : see ``breaks_of_all``; where sales were counted otherwise between last year's two windows, last
        year tells no season.

    Returns
    -------
    DataFrame ``step, ratio, low, high, from_value, to_value, part``. Steps: ``season`` and
    ``market`` (or ``season and market`` where last year is missing), ``programme``, and
    ``headline``, whose ratio is the product of the others. ``part`` is the step's money by
    log-mean weights: the parts add up to the headline's. ``low`` and ``high`` are the
    programme's interval, and what it implies for season and market; season is a fact of last
    year and has none. Empty where there is no estimate or no headline.
    """
    own = daily[daily["merchant"] == effect.merchant]
    before, actual = mean_day(own, baseline), mean_day(own, programme)
    told = heads is None or heads.set_index("merchant")["growth"].reindex([effect.merchant]).notna().all()
    if effect.refused or not told or before.empty or actual.empty or before.iloc[0] <= 0:
        return pd.DataFrame(columns=list(COLUMNS))
    start, end = float(before.iloc[0]), float(actual.iloc[0])
    headline, tau = end / start, effect.ratio
    span = (float(np.exp(effect.low)), float(np.exp(effect.high)))
    rest = (headline / tau, headline / span[1], headline / span[0])
    own_season = season(daily, effect.merchant, baseline, programme, country)
    if breaks is not None and _between(breaks, effect.merchant, baseline, programme, country):
        own_season = float("nan")
    steps: list[tuple[str, float, float, float]] = []
    if np.isfinite(own_season):
        steps.append(("season", own_season, own_season, own_season))
        steps.append(("market", rest[0] / own_season, rest[1] / own_season, rest[2] / own_season))
    else:
        steps.append(("season and market", *rest))
    steps.append(("programme", tau, *span))
    rows, level = [], start
    weight = float(log_mean(end, start))
    for name, ratio, low, high in steps:
        rows.append((name, ratio, low, high, level, level * ratio, weight * float(np.log(ratio))))
        level *= ratio
    rows.append(("headline", headline, headline, headline, start, end, end - start))
    return pd.DataFrame(rows, columns=list(COLUMNS))
