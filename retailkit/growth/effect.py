"""One merchant's effect: the estimator that the data allow, named, with its label.

| data | estimator | label |
|---|---|---|
| 13 months before, 6 donors | ridge-augmented synthetic control with intercept | "" |
| last year there, donors few or poor | difference-in-differences on year-over-year logs | "" |
| no last year, 6 donors | synthetic control with intercept | season not identified |
| no last year, 3 to 5 donors | difference-in-differences on donor logs | season not identified |
| fewer than 3 donors | structural series | descriptive |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from retailkit.growth.did import did
from retailkit.growth.donors import AT_RISK_SHARE, ENOUGH, LONG, SHORTEST, Matrix, choose_donors, matrix
from retailkit.growth.fit import Estimator, Fit, pre_error
from retailkit.growth.interval import Behind, log_effect, look_behind
from retailkit.growth.panels import check_weeks
from retailkit.growth.record import WEEK_COLUMNS, Effect, refused
from retailkit.growth.sc import augmented, sc
from retailkit.growth.sdid import sdid
from retailkit.growth.series import describe
from retailkit.growth.trend import along, cohort_trend

POOR_FIT = 2.0
"""A merchant's error before the programme above this multiple of its donors' is a poor fit."""

NO_SEASON = "season not identified"
ESTIMATORS: dict[str, Estimator] = {"augmented": augmented, "sc": sc, "did": did, "sdid": sdid}


def estimate(
    weekly: pd.DataFrame,
    merchant: str,
    candidates: Sequence[str],
    shared: pd.DataFrame | None = None,
    method: str = "auto",
    level: float = 0.90,
    at_risk_share: float = AT_RISK_SHARE,
    peers: Sequence[str] = (),
) -> Effect:
    """Return the effect of the programme on one merchant.

    Parameters
    ----------
    weekly : see ``weekly_panel``; merchant, candidates and peers together.
    candidates : merchants that may be donors (not invited, or not yet).
    shared : see ``shared_customers``.
    method : "auto" chooses by what the data allow; or augmented, sc, did, sdid, did_year.
    level : nominal coverage of the interval.
    at_risk_share : see ``choose_donors``.
    peers : merchants that started together with this one. Where six of them have thirteen months
        before the programme, their common trend against the donors is taken along (see
        ``cohort_trend``); year-over-year logs need none.

    Raises
    ------
    ValueError
        If ``method`` is not known, ``candidates`` is one text, or the panel would be counted wrongly (see
        ``check_weeks``). Data that allow no estimate give an ``Effect`` whose
        ``refused`` says why.
    """
    known = ("auto", "did_year", *ESTIMATORS)
    if method not in known:
        raise ValueError(f"method '{method}' is not known; choose one of {', '.join(known)}")
    if isinstance(candidates, str) or isinstance(peers, str):
        raise ValueError("candidates and peers are lists of merchants, like ['n01', 'n02'], not one text")
    check_weeks(weekly)
    table = choose_donors(weekly, merchant, candidates, shared, at_risk_share)
    trouble = refusal(weekly, merchant)
    if trouble:
        return refused(merchant, trouble, table, level)
    names = table.loc[table["used"], "donor"].tolist()
    if len(names) < 3:
        return describe(weekly, merchant, table.assign(used=False), level)
    m = matrix(weekly, merchant, names, peers=peers)
    if int(m.pre.sum()) < SHORTEST:
        cut = _cut(weekly, merchant)
        why = f"{int(m.pre.sum())} weeks before the programme{cut}; {SHORTEST} are needed"
        return refused(merchant, why, table, level)
    year = _year_matrix(weekly, merchant, names)
    behind: Behind | None = None
    chosen = method
    if method == "auto":
        chosen, behind = choose(m, year is not None)
    if chosen == "did_year" and year is None:
        return refused(merchant, "last year's weeks are not on record for it and at least 3 donors", table, level)
    if behind is None:
        used = year if chosen == "did_year" and year is not None else m
        behind = look_behind(used, ESTIMATORS["did" if chosen == "did_year" else chosen])
    result = _effect(behind, table, level)
    label = "" if chosen in ("augmented", "did_year") and (year is not None or m.pre.sum() >= LONG) else NO_SEASON
    name = "difference-in-differences on year-over-year logs" if chosen == "did_year" else result.method
    return replace(result, label=label, method=name, key=chosen, others=_others(m, year))


def _cut(weekly: pd.DataFrame, merchant: str) -> str:
    """Why the history before the programme is shorter than the record; empty where it is not."""
    own = weekly[(weekly["merchant"] == merchant) & (weekly["phase"] == "before")].sort_values("week")
    lost = own[own["log_gmv"].isna()]
    if lost.empty:
        return ""
    if lost["gmv"].iloc[-1] > 0:  # see since_last_change
        return " since sales seem to be counted otherwise (a price that jumps looks the same)"
    return " since a week without sales or with refunds above sales"


def choose(m: Matrix, last_year: bool) -> tuple[str, Behind | None]:
    """Name of the estimator that the weeks, donors and last year allow; its fits where they were needed."""
    if len(m.donors) < ENOUGH:
        return "did_year" if last_year else "did", None
    if int(m.pre.sum()) < LONG:
        return "did_year" if last_year else "sc", None
    behind = look_behind(m, augmented)
    poor = behind.own_error > POOR_FIT * float(np.median(behind.placebos()[1]))
    return ("did_year", None) if poor and last_year else ("augmented", behind)


def refusal(weekly: pd.DataFrame, merchant: str) -> str:
    """Say why there can be no estimate; empty where there can."""
    own = weekly[weekly["merchant"] == merchant]
    inside = own[own["phase"] == "programme"]
    if not (weekly["phase"] == "programme").any():
        return "no programme window, or no sales inside it yet"
    if own.empty:
        return "no sales on record"
    if inside.empty or inside["days"].sum() < weekly.loc[weekly["phase"] == "programme"].groupby("merchant")[
        "days"].sum().max():  # fmt: skip
        return "no sales on record for the whole programme (closed, or not open yet)"
    lost = inside["log_gmv"].isna()
    if lost.any() and (inside.loc[lost, "gmv"] > 0).all():  # see since_last_change
        week = inside.loc[~lost, "week"].min()
        return f"sales seem to be counted otherwise from the week of {week.date()}, inside the programme"
    if lost.any():
        return "a week of the programme whose sales are zero or below (closed, or refunds above sales)"
    if (own["phase"] == "before").sum() < SHORTEST:
        return f"{int((own['phase'] == 'before').sum())} weeks before the programme; {SHORTEST} are needed"
    return ""


def _year_matrix(weekly: pd.DataFrame, merchant: str, names: Sequence[str]) -> Matrix | None:
    change = weekly.assign(yoy=weekly["log_gmv"] - weekly["log_last_year"])
    rows = change[change["merchant"].isin([merchant, *names]) & (change["phase"] != "after")]
    grid = rows.pivot(index=["phase", "week"], columns="merchant", values="yoy").sort_index()
    if not {"before", "programme"} <= set(grid.index.get_level_values("phase")) or len(grid.loc["before"]) < 8:
        return None
    there = grid.loc["programme"].notna().all() & grid.loc["before"].tail(8).notna().all()
    whole = [n for n in names if there.get(n, False)]
    if not there.get(merchant, False) or len(whole) < 3:
        return None
    return matrix(rows, merchant, whole, "yoy")


def _effect(behind: Behind, table: pd.DataFrame, level: float) -> Effect:
    m, fit = behind.matrix, behind.own
    tau = log_effect(fit.gap, m.gmv, m.days, ~m.pre)
    spread = behind.doubt(tau, level)
    weight = dict(zip(m.donors, fit.weights, strict=True))
    donors = table.assign(weight=table["donor"].map(weight).fillna(0.0))
    risky = float(donors.loc[donors["at_risk"], "weight"].abs().sum() / max(donors["weight"].abs().sum(), 1e-12))
    return Effect(
        m.merchant, fit.method, "", tau, spread.low, spread.high, level, spread.se, spread.df, spread.p,
        spread.rank_p, spread.mde, behind.own_error, float(np.median(spread.placebo_pre_errors)),
        risky, fit.negative_mass, _weeks(m, fit, spread.high - tau), donors,
        pd.DataFrame(), pd.DataFrame({"donor": m.donors, "effect": spread.placebos,
                                      "pre_error": spread.placebo_pre_errors}), behind=behind,
    )  # fmt: skip


def _weeks(m: Matrix, fit: Fit, half: float) -> pd.DataFrame:
    counterfactual = m.gmv * np.exp(-fit.gap)
    return m.weeks.assign(
        actual=m.gmv, counterfactual=counterfactual, low=counterfactual * np.exp(-half),
        high=counterfactual * np.exp(half), gap=fit.gap,
    )[list(WEEK_COLUMNS)]  # fmt: skip


def _others(m: Matrix, year: Matrix | None) -> pd.DataFrame:
    rows, trend = [], cohort_trend(m)
    for estimator in ESTIMATORS.values():
        fit = along(m, estimator, trend)
        rows.append((fit.method, log_effect(fit.gap, m.gmv, m.days, ~m.pre), pre_error(fit, m.pre, m.days)))
    if year is not None:
        fit = did(year.y, year.x, year.pre, year.days)
        tau = log_effect(fit.gap, year.gmv, year.days, ~year.pre)
        rows.append(("difference-in-differences on year-over-year logs", tau, pre_error(fit, year.pre, year.days)))
    return pd.DataFrame(rows, columns=["method", "effect", "pre_error"])
