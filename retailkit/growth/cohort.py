"""Many merchants: multiplicity, one pooled effect with its interval, staggered starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from retailkit.growth.calendar import bounds
from retailkit.growth.fit import Array
from retailkit.growth.record import Effect


def holm(p: ArrayLike) -> Array:
    """Holm's adjusted p values: controls the chance of any false claim.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, float)
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * (len(values) - np.arange(len(values))))
    out = np.empty_like(values)
    out[order] = np.minimum(steps, 1.0)
    return out


def benjamini_hochberg(p: ArrayLike) -> Array:
    """Benjamini and Hochberg's adjusted p values: controls the share of false claims.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, float)
    order = np.argsort(values)[::-1]
    ranks = len(values) - np.arange(len(values))
    out = np.empty_like(values)
    out[order] = np.minimum(np.minimum.accumulate(values[order] * len(values) / ranks), 1.0)
    return out


def over_all(p: pd.Series) -> pd.DataFrame:
    """One row per merchant, in the order of ``p``: its p value adjusted over all that have one.

    Returns
    -------
    DataFrame ``p_holm, p_bh`` with the index of ``p``; empty where a merchant has no estimate.

    >>> over_all(pd.Series([0.01, None, 0.03], index=["a", "b", "c"])).round(3).to_dict("list")
    {'p_holm': [0.02, nan, 0.03], 'p_bh': [0.02, nan, 0.03]}
    """
    known = p.dropna()
    told = pd.DataFrame({"p_holm": holm(known), "p_bh": benjamini_hochberg(known)}, index=known.index, dtype=float)
    return told.reindex(p.index)


def effects_table(effects: Sequence[Effect]) -> pd.DataFrame:
    """One row per merchant: its effect, interval, p values alone and over all merchants.

    ``p_holm`` and ``p_bh`` are adjusted over the merchants that have an estimate. ``start`` is the
    programme's first week, ``actual`` and ``counterfactual`` are its mean day, minor units; all three
    are missing where there is no estimate against donors.
    """
    rows = [
        (
            e.merchant,
            e.method,
            e.label,
            e.effect,
            e.low,
            e.high,
            e.se,
            e.trend_se,
            e.df,
            e.p,
            e.rank_p,
            e.refused,
            *_mean_day(e),
        )
        for e in effects
    ]
    names = ["merchant", "method", "label", "effect", "low", "high", "se", "trend_se", "df", "p", "rank_p", "refused"]
    table = pd.DataFrame(rows, columns=[*names, "start", "actual", "counterfactual"])
    return table.join(over_all(table["p"]))


def donor_weights(effects: Sequence[Effect]) -> pd.DataFrame:
    """One row per merchant and donor with its weight: who leans on whom."""
    tables = [e.donors[["donor", "weight"]].assign(merchant=e.merchant) for e in effects]
    none = [pd.DataFrame(columns=["donor", "weight", "merchant"])]
    return pd.concat(tables or none, ignore_index=True)[["merchant", "donor", "weight"]]


def _mean_day(effect: Effect) -> tuple[str | None, float, float]:
    if effect.refused or effect.placebos.empty:
        return None, float("nan"), float("nan")
    inside = effect.weeks[effect.weeks["phase"] == "programme"]
    day = [float(np.average(inside[name], weights=inside["days"])) for name in ("actual", "counterfactual")]
    return str(inside["week"].iloc[0].date()), day[0], day[1]


def pooled_effect(
    table: pd.DataFrame, donors: pd.DataFrame | None = None, level: float = 0.90, equal: bool = False
) -> pd.DataFrame:
    """One row: the programme's effect over all merchants with an estimate, and its interval.

    The point is the sum of actual over the sum of counterfactual sales (``equal``: the mean
    of merchants' logs). Merchants share donors, so their errors move together: each unit's
    own noise is read from the placebos, and a donor counts by its weight summed over merchants.
    The error of their common trend is the same for all and does not average out.

    Parameters
    ----------
    table : ``merchant, effect, se, trend_se, df, actual, counterfactual``, see ``effects_table``; rows
        without a standard error (or, unless ``equal``, a counterfactual) are left out.
    donors : ``merchant, donor, weight``, see ``donor_weights``; without it errors count as independent.

    Returns
    -------
    DataFrame ``merchants, effect, low, high, se, df, p``; logs. Empty where nobody has an estimate.
    """
    from scipy.stats import t

    known = table.dropna(subset=["effect", "se"] if equal else ["effect", "se", "counterfactual"])
    names = ["merchants", "effect", "low", "high", "se", "df", "p"]
    if known.empty:
        return pd.DataFrame(columns=names)
    if equal:
        share, value = np.full(len(known), 1 / len(known)), float(known["effect"].mean())
    else:
        without = known["counterfactual"].to_numpy(float)
        share, value = without / without.sum(), float(np.log(known["actual"].sum() / without.sum()))
    weights = _weights(known["merchant"], donors)
    common = known["trend_se"].fillna(0.0).to_numpy(float)
    own = (known["se"].to_numpy(float) ** 2 - common**2) / (1 + np.sum(weights**2, axis=1))
    # a donor's noise in sales terms: each merchant's view of it, weighted by what it leans on it
    lean = share[:, None] * weights
    donor = np.sum(lean * np.sqrt(own)[:, None], axis=0)
    se = float(np.sqrt(np.sum(share**2 * own) + np.sum(donor**2) + np.sum(share * common) ** 2))
    df = int(known["df"].min())
    half = float(t.ppf(0.5 + level / 2, df)) * se
    p = float(2 * t.sf(abs(value) / se, df)) if se > 0 else 0.0
    return pd.DataFrame([(len(known), value, value - half, value + half, se, df, p)], columns=names)


def _weights(merchants: pd.Series, donors: pd.DataFrame | None) -> Array:
    """(merchants, donors) weights; no columns where none are given: each merchant's whole error is then its own."""
    if donors is None or donors.empty:
        return np.zeros((len(merchants), 0))
    wide = donors.pivot_table(index="merchant", columns="donor", values="weight", aggfunc="sum")
    return wide.reindex(merchants).fillna(0.0).to_numpy(float)


def not_yet_invited(programmes: Mapping[str, Any], merchant: str, donors: Sequence[str]) -> list[str]:
    """Donors for one merchant of a staggered cohort: those never invited, and those invited later.

    A merchant may stand in only while it is not in the programme itself: its programme begins
    after this merchant's ends. They come first, being the faster growers that invited
    merchants are; outsiders alone bias the effect upwards.

    >>> windows = {"a": ("2018-01-01", "2018-02-28"), "b": ("2018-03-01", "2018-04-30")}
    >>> not_yet_invited(windows, "a", ["d"]), not_yet_invited(windows, "b", ["d"])
    (['b', 'd'], ['d'])
    """
    _, end = bounds(programmes[merchant])
    later = [m for m, window in programmes.items() if m != merchant and bounds(window)[0] > end]
    return [*later, *[d for d in donors if d not in later]]


def staggered(
    table: pd.DataFrame, weeks: pd.DataFrame, donors: pd.DataFrame | None = None, level: float = 0.90
) -> pd.DataFrame:
    """One row per aggregate of merchants that started at different times (Callaway and Sant'Anna 2021).

    Parameters
    ----------
    table : ``merchant, start, effect, se, trend_se, df``, see ``effects_table``.
    weeks : ``merchant, week, phase, gap`` of each merchant (``Effect.weeks``).
    donors : see ``pooled_effect``.

    Returns
    -------
    DataFrame ``by, group, merchants, effect, low, high``: ``by`` start (mean effect of the
    merchants that started in that week), week (mean gap in the k-th week of the programme, over
    the merchants that have it), and overall (starts weighted by their number of merchants).
    Weeks carry no interval of their own. Logs.
    """
    names = ["by", "group", "merchants", "effect", "low", "high"]
    known = table.dropna(subset=["effect", "se", "start"])
    if known.empty:
        return pd.DataFrame(columns=names)
    groups = [("start", start, rows) for start, rows in known.groupby("start")]
    rows: list[tuple[str, str, int, float, float, float]] = []
    for by, group, part in [*groups, ("overall", "", known)]:
        one = pooled_effect(part, donors, level, equal=True).iloc[0]
        rows.append((by, str(group), len(part), one["effect"], one["low"], one["high"]))
    inside = weeks[(weeks["phase"] == "programme") & weeks["merchant"].isin(known["merchant"])].sort_values("week")
    gaps = inside.groupby(inside.groupby("merchant").cumcount() + 1)["gap"].agg(["size", "mean"])
    rows[-1:-1] = [("week", str(k), int(g.size_), float(g.mean_), np.nan, np.nan)
                   for k, g in gaps.set_axis(["size_", "mean_"], axis=1).iterrows()]  # fmt: skip
    return pd.DataFrame(rows, columns=names)
