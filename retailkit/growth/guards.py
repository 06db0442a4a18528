"""Guards: what would overturn the claim, each in plain words.

A guard that failed bars the claim; one that is "noted" is a fact to weigh. Two backdated
placebos are read at 5% each, so that together they bar at most one sound claim in ten; and a
false start bars only what it could explain: an effect whose interval, widened by the false
start's size, holds zero. A false start of +16% is no reason to doubt +400%.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from retailkit.growth.definitions import definition_breaks
from retailkit.growth.donors import Matrix
from retailkit.growth.effect import POOR_FIT
from retailkit.growth.fit import Estimator, mean_rows
from retailkit.growth.interval import Behind, log_effect, look_behind
from retailkit.growth.record import Effect
from retailkit.growth.trend import along, cohort_trend
from retailkit.growth.verdict import MOSTLY_AT_RISK, percent

COLUMNS = ("guard", "value", "limit", "status", "finding", "finding_zh")
BACKDATE_ALPHA = 0.05
BACKDATES = 2

WHOLE_PART = 0.5
"""Part of an effect that must be left without the week that did most for it, where the rest alone shows none."""

FEWEST_WEEKS = 3
"""Weeks of a programme of which one can be left out."""

Row = tuple[str, float, float, str, str, str]


def check_guards(weekly: pd.DataFrame, effect: Effect, changes: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per guard: its value, the limit, and passed, failed, noted or "not possible".

    Parameters
    ----------
    weekly : the panel that the effect was estimated on.
    effect : see ``estimate``; a refused effect has no guards.
    changes : see ``definition_breaks``; found here, without visits, where not given.

    Returns
    -------
    DataFrame ``guard, value, limit, status, finding, finding_zh``; effects in logs.
    """
    if effect.behind is None:
        return pd.DataFrame(columns=list(COLUMNS))
    m, estimator = effect.behind.matrix, effect.behind.estimator
    rows = [
        _definitions(definition_breaks(weekly, effect.merchant) if changes is None else changes, effect),
        _shared(effect),
        _fit(effect),
        *(_backdate(m, estimator, k, effect) for k in range(1, BACKDATES + 1)),
        _leave_one_out(m, estimator, effect),
        _leave_one_week(effect.behind, effect),
        _drift(effect.behind, effect),
        _spillover(effect),
        _others(effect),
        _rank(effect),
        _smallest(effect),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _status(passed: bool) -> str:
    return "passed" if passed else "failed"


def _definitions(changes: pd.DataFrame, effect: Effect) -> Row:
    first, last = effect.weeks["week"].min(), effect.weeks["week"].max()
    inside = changes[(changes["week"] > first) & (changes["week"] <= last)]
    earlier = changes[(changes["week"] <= first) & (changes["series"] == "gmv")]
    sales = inside[inside["series"] != "visits"]
    count = float(len(sales))
    if len(sales):
        return ("same definition throughout", count, 0.0, "failed",
                "; ".join(sales["finding"]), "；".join(sales["finding_zh"]))  # fmt: skip
    if len(inside):
        return ("same definition throughout", count, 0.0, "noted",
                "; ".join(inside["finding"]), "；".join(inside["finding_zh"]))  # fmt: skip
    if len(earlier):
        one = earlier.iloc[-1]
        return ("same definition throughout", count, 0.0, "noted", f"{one['finding']}; only weeks since then are compared",
                f"{one['finding_zh']}；只比较此后的周")  # fmt: skip
    return ("same definition throughout", count, 0.0, "passed",
            "sales and orders moved together: nothing looks like a changed definition",
            "销售额与订单同步变动，未见口径变化")  # fmt: skip


def _shared(effect: Effect) -> Row:
    value, share = effect.at_risk_weight, f"{effect.at_risk_weight:.0%}"
    if effect.donors["shared_sales_share"].isna().all():
        return ("shared customers", float("nan"), MOSTLY_AT_RISK, "not possible",
                "customers cannot be compared over merchants: shared donors are not known",
                "各商户的顾客编号不可比，无法判断对照店是否共享顾客")  # fmt: skip
    return ("shared customers", value, MOSTLY_AT_RISK, _status(value <= MOSTLY_AT_RISK),
            f"donors that share customers with the programme carry {share} of the weight",
            f"对照组权重的 {share} 来自与参与商户共享顾客的对照店")  # fmt: skip


def _fit(effect: Effect) -> Row:
    times = effect.pre_error / effect.donor_pre_error if effect.donor_pre_error > 0 else float("nan")
    return ("fit before the programme", times, POOR_FIT, _status(not times > POOR_FIT),
            f"before the programme the fit missed by {times:.1f} times what it misses for donors",
            f"项目前的拟合误差是对照商户的 {times:.1f} 倍")  # fmt: skip


def backdated(m: Matrix, back: int) -> Matrix | None:
    """The weeks before the programme alone, as if it had begun ``back`` of its lengths earlier.

    None where fewer than a third of the weeks, or than 8, would remain before the false start.
    """
    length = int((~m.pre).sum())
    weeks = int(m.pre.sum())
    start = weeks - back * length
    if start < max(8, weeks // 3):
        return None
    keep = np.arange(len(m.pre)) < min(start + length, weeks)
    pre = np.arange(int(keep.sum())) < start
    return Matrix(m.merchant, m.donors, m.weeks[keep], m.y[keep], m.x[keep], m.gmv[keep], m.gmv_x[keep], pre,
                  m.days[keep], m.peers, m.z[keep])  # fmt: skip


def _backdate(m: Matrix, estimator: Estimator, back: int, effect: Effect) -> Row:
    name = f"placebo in time, {back} programme length{'s' if back > 1 else ''} earlier"
    earlier = backdated(m, back)
    if earlier is None:
        return (name, float("nan"), BACKDATE_ALPHA, "not possible",
                "too few weeks before the programme to pretend that it began earlier",
                "项目前周数不足，无法做时间安慰剂检验")  # fmt: skip
    weeks = back * int((~m.pre).sum())
    false = look_behind(earlier, estimator)
    tau = log_effect(false.own.gap, earlier.gmv, earlier.days, ~earlier.pre)
    p = false.doubt(tau).p
    if p >= BACKDATE_ALPHA:
        return (name, p, BACKDATE_ALPHA, "passed",
                f"a false start {weeks} weeks earlier shows nothing ({percent(tau)}, {_p(p)})",
                f"假设提前 {weeks} 周开始，没有显著效应（{percent(tau)}，{_p(p)}）")  # fmt: skip
    shown = (f"a false start {weeks} weeks earlier shows an effect ({percent(tau)}, {_p(p)})",
             f"假设提前 {weeks} 周开始，也有显著效应（{percent(tau)}，{_p(p)}）")  # fmt: skip
    if effect.low - abs(tau) <= 0 <= effect.high + abs(tau):
        return (name, p, BACKDATE_ALPHA, "failed", *shown)
    return (name, p, BACKDATE_ALPHA, "noted", f"{shown[0]}, too small to explain this one: allow for an error as large",
            f"{shown[1]}，但不足以解释本效应：应允许同样大的误差")  # fmt: skip


def _p(p: float) -> str:
    return f"p {p:.2f}" if p >= 0.005 else "p < 0.01"


def _leave_one_out(m: Matrix, estimator: Estimator, effect: Effect) -> Row:
    used = np.flatnonzero(np.abs(effect.donors.set_index("donor")["weight"].reindex(list(m.donors)).to_numpy()) > 1e-3)
    if len(m.donors) < 3 or not len(used):
        return ("leave one donor out", float("nan"), 0.0, "not possible", "too few donors to leave one out",
                "对照商户太少")  # fmt: skip
    taus = []
    for j in used:
        fewer = replace(m, donors=(*m.donors[:j], *m.donors[j + 1 :]), x=np.delete(m.x, j, axis=1))
        fit = along(fewer, estimator, cohort_trend(fewer))
        taus.append(log_effect(fit.gap, m.gmv, m.days, ~m.pre))
    low, high = min(taus), max(taus)
    nearest = low if effect.effect > 0 else high
    passed = nearest * effect.effect > 0
    return ("leave one donor out", nearest, 0.0, _status(passed),
            f"without any one donor the effect lies between {percent(low)} and {percent(high)}",
            f"逐一剔除对照商户，效应在 {percent(low)} 与 {percent(high)} 之间")  # fmt: skip


def _leave_one_week(behind: Behind, effect: Effect) -> Row:
    """What is left without the week that did most: one wholesale order makes a whole programme look like growth."""
    m, inside = behind.matrix, np.flatnonzero(~behind.matrix.pre)
    if len(inside) < FEWEST_WEEKS:
        return ("leave one week out", float("nan"), WHOLE_PART, "not possible", "too few weeks in the programme to leave one out",
                "项目期周数太少，无法剔除一周")  # fmt: skip
    money = m.gmv[inside] * m.days[inside] * -np.expm1(-behind.own.gap[inside])
    top = inside[int(np.argmax(money * np.sign(effect.effect)))]
    post = ~m.pre & (np.arange(len(m.pre)) != top)
    tau = log_effect(behind.own.gap, m.gmv, m.days, post)
    rest = behind.doubt(tau, effect.level, post)
    hangs = tau * np.sign(effect.effect) < WHOLE_PART * abs(effect.effect) and rest.low <= 0 <= rest.high
    week, told = m.weeks["week"].iloc[top].date(), effect.low > 0 or effect.high < 0
    return ("leave one week out", tau, WHOLE_PART * effect.effect, _status(not hangs) if told else "noted",
            f"without the week of {week}, its largest part, the effect is {percent(tau)}"
            + (": a single order or a single festival explains it as well" if hangs else ""),
            f"不计贡献最大的 {week} 当周，效应为 {percent(tau)}" + ("：一笔大单或一个节日同样可以解释" if hangs else ""))  # fmt: skip


def _drift(behind: Behind, effect: Effect) -> Row:
    m, fit = behind.matrix, behind.own
    time = np.cumsum(m.days) / 7
    reach = float(mean_rows(time, ~m.pre, m.days) - mean_rows(time, m.pre, m.days))
    needed = effect.effect / reach
    centred = time[m.pre] - mean_rows(time, m.pre, m.days)
    slope = float(np.sum(m.days[m.pre] * centred * fit.gap[m.pre]) / np.sum(m.days[m.pre] * centred**2))
    passed = not (slope * needed > 0 and abs(slope) >= abs(needed))
    return ("breakdown drift", needed, abs(slope), _status(passed),
            f"a drift of {percent(needed * 4, 1)} every four weeks would explain the effect; before the programme it "
            f"was {percent(slope * 4, 1)}",
            f"每四周 {percent(needed * 4, 1)} 的漂移即可解释该效应；项目前为 {percent(slope * 4, 1)}")  # fmt: skip


def _spillover(effect: Effect) -> Row:
    near = effect.low if effect.effect > 0 else effect.high
    margin = near if near * effect.effect > 0 else 0.0
    if margin == 0.0:
        return ("breakdown spillover", margin, float("nan"), "noted",
                "the interval includes zero as it is; no spillover is needed to overturn the sign",
                "区间本已包含零，无需溢出即可改变方向")  # fmt: skip
    return ("breakdown spillover", margin, float("nan"), "noted",
            f"the interval reaches zero if the programme itself moved the donors by {percent(margin)}",
            f"若项目使对照商户变动 {percent(margin)}，区间即触及零")  # fmt: skip


def _others(effect: Effect) -> Row:
    beside = effect.others[effect.others["method"] != effect.method]["effect"]
    agree = int((np.sign(beside) == np.sign(effect.effect)).sum())
    return ("other estimators", agree / len(beside), 0.5, _status(2 * agree >= len(beside)),
            f"{agree} of {len(beside)} other estimators have the same sign",
            f"{len(beside)} 种其他方法中有 {agree} 种方向相同")  # fmt: skip


def _rank(effect: Effect) -> Row:
    return ("rank among donors", effect.rank_p, 1 / (effect.df + 1), "noted",
            f"{effect.rank_p:.0%} of donors and merchant together show an effect as large (at best "
            f"{1 / (effect.df + 1):.0%} with {effect.df} donors)",
            f"对照商户与本商户中有 {effect.rank_p:.0%} 的效应同样大")  # fmt: skip


def _smallest(effect: Effect) -> Row:
    return ("smallest effect that would be seen", effect.mde, float("nan"), "noted",
            f"an effect under {percent(effect.mde)} would be missed more often than one time in five",
            f"小于 {percent(effect.mde)} 的效应有五分之一以上的机会看不出来")  # fmt: skip
