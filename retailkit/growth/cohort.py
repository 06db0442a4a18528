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

    ``p_holm`` and ``p_bh`` are adjusted over the merchants that have an estimate.
    """
    table = pd.DataFrame(
        [(e.merchant, e.method, e.label, e.effect, e.low, e.high, e.se, e.p, e.rank_p, e.refused) for e in effects],
        columns=["merchant", "method", "label", "effect", "low", "high", "se", "p", "rank_p", "refused"],
    )
    return table.join(over_all(table["p"]))


def pooled_effect(effects: Sequence[Effect], level: float = 0.90, equal: bool = False) -> pd.DataFrame:
    """One row: the programme's effect over all merchants with an estimate, and its interval.

    The point is the sum of actual over the sum of counterfactual sales (``equal``: the mean
    of merchants' logs). Merchants share donors, so their errors move together: each unit's
    own noise is read from the placebos, and a donor counts by its weight summed over merchants.

    Returns
    -------
    DataFrame ``merchants, effect, low, high, se, df, p``; logs.
    """
    from scipy.stats import t

    known = [e for e in effects if not e.refused and np.isfinite(e.se) and len(e.placebos)]
    names = ["merchants", "effect", "low", "high", "se", "df", "p"]
    if not known:
        return pd.DataFrame(columns=names)
    money = np.array([_money(e) for e in known])
    share = np.full(len(known), 1 / len(known)) if equal else money[:, 1] / money[:, 1].sum()
    value = float(np.mean([e.effect for e in known])) if equal else float(np.log(money[:, 0].sum() / money[:, 1].sum()))
    weights = pd.DataFrame([e.donors.set_index("donor")["weight"] for e in known]).fillna(0.0).to_numpy(float)
    own = np.array([e.se**2 for e in known]) / (1 + np.sum(weights**2, axis=1))
    # a donor's noise in sales terms: each merchant's view of it, weighted by what it leans on it
    lean = share[:, None] * weights
    donor = np.sum(lean * np.sqrt(own)[:, None], axis=0)
    se = float(np.sqrt(np.sum(share**2 * own) + np.sum(donor**2)))
    df = min(e.df for e in known)
    half = float(t.ppf(0.5 + level / 2, df)) * se
    p = float(2 * t.sf(abs(value) / se, df)) if se > 0 else 0.0
    return pd.DataFrame([(len(known), value, value - half, value + half, se, df, p)], columns=names)


def _money(effect: Effect) -> tuple[float, float]:
    inside = effect.weeks[effect.weeks["phase"] == "programme"]
    return float(np.average(inside["actual"], weights=inside["days"])), float(
        np.average(inside["counterfactual"], weights=inside["days"])
    )


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


def staggered(effects: Sequence[Effect], level: float = 0.90) -> pd.DataFrame:
    """One row per aggregate of merchants that started at different times (Callaway and Sant'Anna 2021).

    Returns
    -------
    DataFrame ``by, group, merchants, effect, low, high``: ``by`` start (mean effect of the
    merchants that started in that week), week (mean gap in the k-th week of the programme, over
    the merchants that have it), and overall (starts weighted by their number of merchants).
    Weeks carry no interval of their own.
    """
    names = ["by", "group", "merchants", "effect", "low", "high"]
    known = [e for e in effects if not e.refused and len(e.placebos)]
    if not known:
        return pd.DataFrame(columns=names)
    inside = {e.merchant: e.weeks[e.weeks["phase"] == "programme"].reset_index(drop=True) for e in known}
    starts: dict[str, list[Effect]] = {}
    for e in known:
        starts.setdefault(str(inside[e.merchant]["week"].iloc[0].date()), []).append(e)
    rows: list[tuple[str, str, int, float, float, float]] = []
    for start, group in sorted(starts.items()):
        one = pooled_effect(group, level, equal=True).iloc[0]
        rows.append(("start", start, len(group), one["effect"], one["low"], one["high"]))
    for week in range(max(len(rows_) for rows_ in inside.values())):
        gaps = [float(w["gap"].iloc[week]) for w in inside.values() if len(w) > week]
        rows.append(("week", str(week + 1), len(gaps), float(np.mean(gaps)), np.nan, np.nan))
    all_ = pooled_effect(known, level, equal=True).iloc[0]
    rows.append(("overall", "", len(known), all_["effect"], all_["low"], all_["high"]))
    return pd.DataFrame(rows, columns=names)
