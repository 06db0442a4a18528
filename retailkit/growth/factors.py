"""Which factor carried the programme's effect: the same donor weights on every log factor.

The counterfactual is a fixed linear combination of donor logs plus a level. GMV's log is the
sum of its factors' logs, so the same combination of each factor's logs gives factor gaps that
add up to the GMV gap, week by week; log-mean weights turn them into money without remainder.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from retailkit.growth.donors import Matrix
from retailkit.growth.fit import Array
from retailkit.growth.record import Effect
from retailkit.growth.tree import log_mean
from retailkit.growth.trend import factor_lines
from retailkit.growth.verdict import percent
from retailkit.growth.words import in_words

COLUMNS = ("factor", "gap", "part", "share")


LOGS = ["log_gmv", "log_orders", "log_buyers"]


def factor_logs(weekly: pd.DataFrame, m: Matrix, weights: Array) -> dict[str, Array]:
    """Factor -> (T, 1 + J + P) logs of merchant, donors and peers in the weeks of ``m``.

    No factor where a week of the merchant, or of a donor with weight (J,), has no orders; what
    others lack stays missing. Buyers and frequency only where every day knows its buyers.
    """
    names = [m.merchant, *m.donors, *m.peers]
    needed = np.concatenate([[True], weights != 0, np.zeros(len(m.peers), dtype=bool)])
    rows = weekly[weekly["merchant"].isin(names) & (weekly["phase"] != "after")]
    wide = rows.pivot(index=["week", "phase"], columns="merchant", values=LOGS)
    wide = wide.reindex(pd.MultiIndex.from_frame(m.weeks[["week", "phase"]]))
    gmv, orders, buyers = (wide[log].reindex(columns=names).to_numpy(float) for log in LOGS)
    if np.isnan(gmv[:, needed]).any() or np.isnan(orders[:, needed]).any():
        return {}
    if rows.loc[rows["merchant"].isin([m.merchant, *m.donors]), "log_buyers"].notna().all():
        return {"buyers": buyers, "frequency": orders - buyers, "basket": gmv - orders}
    return {"orders": orders, "basket": gmv - orders}


def factor_effects(weekly: pd.DataFrame, effect: Effect) -> pd.DataFrame:
    """One row per factor: its gap to the counterfactual (logs) and its part of the gain.

    Factors: buyers a day, orders per buyer and day, GMV per order; or orders and basket where
    some days' buyers are unknown. Buyers are counted each day, so who comes on more days is more
    buyers here and more frequency in ``growth_tree``, where buyers are distinct over the window.

    Returns
    -------
    DataFrame ``factor, gap, part, share``. ``part`` in minor units a day adds up to actual
    less counterfactual exactly; ``gap``, its money as a log ratio, adds up to the effect, so
    that the factors' percentages multiply to the effect's. Empty where there is no estimate, where it is on
    year-over-year logs, or where a week has no orders.
    """
    if effect.behind is None or effect.key == "did_year":
        return pd.DataFrame(columns=list(COLUMNS))
    m, fit = effect.behind.matrix, effect.behind.own
    logs = factor_logs(weekly, m, fit.weights)
    if not logs:
        return pd.DataFrame(columns=list(COLUMNS))
    lines, used, donors = factor_lines(logs, m, effect.behind.trend), fit.weights != 0, slice(1, 1 + len(m.donors))
    gaps = {n: log[:, 0] - log[:, donors][:, used] @ fit.weights[used] - lines[n] for n, log in logs.items()}
    level = _levels(gaps, fit.gap, m)
    post = ~m.pre
    actual, expected = m.gmv[post], m.gmv[post] * np.exp(-fit.gap[post])
    weight = log_mean(actual, expected) * m.days[post] / m.days[post].sum()
    rows = [(name, float(np.sum(weight * (gap - level[name])[post]))) for name, gap in gaps.items()]
    table = pd.DataFrame(rows, columns=["factor", "part"])
    total = table["part"].sum()
    whole = log_mean(*(float(np.average(gmv, weights=m.days[post])) for gmv in (actual, expected)))
    table.insert(1, "gap", table["part"] / float(whole))
    return table.assign(share=table["part"] / total if total else np.nan)


def _levels(gaps: dict[str, Array], total: Array, m: Matrix) -> dict[str, float]:
    """Each factor's level before the programme; the last takes what the fit's own intercept leaves."""
    levels = {name: float(np.average(gap[m.pre], weights=m.days[m.pre])) for name, gap in gaps.items()}
    rest = float(np.mean(sum(gaps.values()) - total)) - sum(levels.values())
    share = rest / len(levels)
    return {name: value + share for name, value in levels.items()}


def factors_sentence(factors: pd.DataFrame, lang: str = "en") -> str:
    """Say which factor carries the gap to the counterfactual."""
    if factors.empty:
        return "没有可按因素拆解的效应。" if lang == "zh" else "There is no effect to split by factor."
    parts = ", ".join(f"{f.factor} {percent(f.gap)}" for f in factors.itertuples(index=False))
    top, named = factors.iloc[int(factors["part"].abs().to_numpy().argmax())], set(factors["factor"])
    if lang == "zh":
        parts = "，".join(f"{in_words(f.factor, lang)} {percent(f.gap)}" for f in factors.itertuples(index=False))
        daily = "购买人数按日计：来得更勤的顾客计入购买人数，而不是频次。" if "frequency" in named else ""
        return f"与反事实相比：{parts}，相乘为 {percent(factors['gap'].sum())}；主要来自{in_words(top['factor'], lang)}。{daily}"
    daily = (" Buyers are counted each day: a customer who comes on more days is in buyers here, not in frequency."
             if "frequency" in named else "")  # fmt: skip
    return (f"Against the counterfactual: {parts}, which multiply to {percent(factors['gap'].sum())}; most of the gap is "
            f"{top['factor']}.{daily}")  # fmt: skip
