"""The pooled headline taken apart over all merchants: season, market, programme; exact, with an interval."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import pandas as pd

from retailkit.charts.numbers import major, percent
from retailkit.charts.words import choose

STEPS = ("season", "market", "season and market", "programme", "headline")


def comparable_days(metrics: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant: mean daily sales ``before`` and in the ``programme``, in one unit for all.

    Where merchants keep different currencies, amounts cannot be added: each merchant's sales
    before then count as one, and ``unit`` says so.
    """
    rows = metrics[metrics["metric"].isin(["gmv_before", "gmv_programme"])]
    days = rows.pivot_table(index="merchant", columns="metric", values="value", aggfunc="last")
    days = days.reindex(columns=["gmv_before", "gmv_programme"]).dropna()
    days.columns = ["before", "programme"]
    days = days[days["before"] > 0]
    units = rows[rows["merchant"].isin(days.index)]["unit"].unique()
    if len(units) > 1:
        days = days.div(days["before"], axis=0)
    return days.assign(unit=units[0] if len(units) == 1 else "").reset_index()


def estimates(metrics: pd.DataFrame, table: pd.DataFrame, weeks: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant of the league with an effect: what ``growth.pooled_effect`` and ``growth.staggered`` take.

    Parameters
    ----------
    weeks : chapter 5's ``merchant, week, phase``; the first week of the programme is the merchant's start.

    Returns
    -------
    DataFrame ``merchant, start, effect, se, trend_se, df, actual, counterfactual``: effect and errors in logs, mean
    days in one unit for all (see ``comparable_days``), missing where a merchant has no headline.
    """
    errors = {"se": "effect_log_se", "trend_se": "effect_trend_se", "df": "effect_df"}
    own = metrics[metrics["metric"].isin([*errors.values(), "bridge_programme"])]
    wide = own.pivot_table(index="merchant", columns="metric", values="value", aggfunc="last")
    days = comparable_days(metrics).set_index("merchant")["programme"]
    known = table.dropna(subset=["effect"])
    out = known[["merchant"]].assign(effect=np.log1p(known["effect"])).set_index("merchant")
    for name, metric in errors.items():
        out[name] = wide.reindex(columns=[metric])[metric]
    inside = weeks[weeks["phase"] == "programme"] if "phase" in weeks else weeks.assign(week=None)
    out["start"] = pd.to_datetime(inside.groupby("merchant")["week"].min()).dt.strftime("%Y-%m-%d")
    out["actual"] = days
    out["counterfactual"] = out["actual"] / wide.reindex(columns=["bridge_programme"])["bridge_programme"]
    return out.reset_index()[["merchant", "start", "effect", *errors, "actual", "counterfactual"]]


def pooled_bridge(metrics: pd.DataFrame, table: pd.DataFrame, pooled: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per step of the pooled headline: season x market x programme = headline, exactly.

    The sums over merchants of mean daily sales before, with last year's season, without the
    programme (counterfactual) and with it stand in a row; each step is the ratio of two
    neighbours. Merchants without a counterfactual, and those that the league leaves out, are in none of the sums.

    Parameters
    ----------
    metrics : see ``cohort_metrics``; chapter 5 gives ``bridge_season, bridge_programme`` ...
    table : the league; a merchant without an effect there is left out.
    pooled : ``growth.pooled_effect`` of the same merchants (see ``estimates``): its interval is the programme's.

    Returns
    -------
    DataFrame ``step, ratio, low, high, from_value, to_value, merchants, currency``; 90% intervals,
    amounts in the currency's minor unit.
    The headline is a count and has none; the programme's doubt is the market's, turned round.
    """
    columns = ["step", "ratio", "low", "high", "from_value", "to_value", "merchants", "currency"]
    factors = metrics[metrics["metric"].str.startswith("bridge_")]
    wide = factors.pivot_table(index="merchant", columns="metric", values="value", aggfunc="last")
    wide = wide.reindex(columns=["bridge_season", "bridge_programme"])
    rows = comparable_days(metrics).merge(wide, on="merchant").dropna(subset=["bridge_programme"])
    rows = rows[rows["merchant"].isin(table.dropna(subset=["effect"])["merchant"]) & (rows["bridge_programme"] > 0)]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    without = rows["programme"] / rows["bridge_programme"]
    before, actual, base = rows["before"].sum(), rows["programme"].sum(), without.sum()
    programme, rest, headline = actual / base, base / before, actual / before
    known = pooled is not None and len(pooled)
    spread = math.exp(pooled["high"].iloc[0] - pooled["effect"].iloc[0]) if known and pooled is not None else math.nan
    levels = [("programme", programme, spread, base, actual), ("headline", headline, 1.0, before, actual)]
    if rows["bridge_season"].notna().all():
        seasonal = (rows["before"] * rows["bridge_season"]).sum()
        levels = [
            ("season", seasonal / before, 1.0, before, seasonal),
            ("market", base / seasonal, spread, seasonal, base),
            *levels,
        ]
    else:
        levels = [("season and market", rest, spread, before, base), *levels]
    unit = str(rows["unit"].iloc[0])
    small = 1 / float(major(1.0, unit))
    made = [(s, r, r / w, r * w, a * small, b * small, len(rows), unit) for s, r, w, a, b in levels]
    return pd.DataFrame(made, columns=columns)


def festival_days(
    festivals: pd.DataFrame, metrics: pd.DataFrame, table: pd.DataFrame, days: int, inside: Collection[str]
) -> pd.DataFrame:
    """One row per large shopping day of the programme: its part of the pooled change in daily sales, as a fraction of sales before.

    Parameters
    ----------
    festivals : chapter 5's ``merchant, double_11, double_12`` (sales of the two days, minor units).
    days : days of the programme.
    inside : codes of the festivals that lie in the programme (``growth.festivals``): a day outside made none of it.

    What the day sold above a mean day of the period before, over all merchants and spread over
    the programme's days; with the season inside, because a festival is season.
    """
    columns = ["day", "sales_days", "points"]
    known = comparable_days(metrics)
    rows = festivals.drop_duplicates("merchant").merge(known, on="merchant") if len(festivals) else pd.DataFrame()
    rows = rows[rows["merchant"].isin(table["merchant"])] if len(rows) else rows
    if rows.empty or not days or (rows["unit"] == "").any():
        return pd.DataFrame(columns=columns)
    before = rows["before"].sum()
    out = []
    for day in ("double_11", "double_12"):
        told = rows[rows[day].notna()]
        if day in inside and len(told):
            sold = float(major(told[day].sum(), str(rows["unit"].iloc[0])))
            out.append((day, sold / before, (sold - told["before"].sum()) / days / before))
    return pd.DataFrame(out, columns=columns)


def say_bridge(table: pd.DataFrame, growth: float, n: int, lang: str = "en") -> str:
    """Say the bridge in one sentence: the headline is the product of its factors.

    ``growth`` and ``n`` are the pooled headline and its merchants, also those without a counterfactual.
    """
    if table.empty:
        return choose(
            lang, "No merchant has a counterfactual, so the headline cannot be taken apart.",
            "没有商户有反事实估计，因此无法拆解环比增长。",
        )  # fmt: skip
    row = table.set_index("step")
    parts = [f"{_step(s, lang)} ×{row['ratio'][s]:.2f}" for s in row.index if s != "headline"]
    low, high = row["low"]["programme"], row["high"]["programme"]
    doubt = f" (90%: ×{low:.2f}–×{high:.2f})" if math.isfinite(low) else ""
    head, size = percent(row["ratio"]["headline"] - 1, signed=True), int(row["merchants"]["headline"])
    rest = int(n) - size
    over, over_zh = (f"{head} over {size} merchants", f"{size}家商户合计{head}")
    if size == 1:
        over, over_zh = (head, head) if n <= 1 else (f"{head} for one merchant", f"1家商户{head}")
    en = f"{over} is {' × '.join(parts)}{doubt}."
    zh = f"{over_zh}，等于{' × '.join(parts)}{doubt.replace('90%: ', '90%区间：')}。"
    if rest > 0:
        more, them = ("has no counterfactual or is", "it") if rest == 1 else ("have no counterfactual or are", "them")
        en += f" {rest} more {more} left out; with {them} the headline is {percent(growth, signed=True)}."
        zh += f"另有{rest}家没有反事实估计或未计入，计入后环比为{percent(growth, signed=True)}。"
    return choose(lang, en, zh)


def say_festivals(table: pd.DataFrame, growth: float, lang: str = "en") -> str:
    """Say how much of the pooled headline the large shopping days made by themselves; nothing where there is none."""
    if table.empty or not math.isfinite(growth):
        return ""
    made = [(d, percent(p, signed=True)) for d, p in zip(table["day"], table["points"], strict=True)]
    head, rest = (percent(g, signed=True) for g in (growth, growth - float(table["points"].sum())))
    one = len(made) == 1
    english = " and ".join(f"{_DAYS[d][0]} {'(one day) ' if not i else ''}made {p}" for i, (d, p) in enumerate(made))
    return choose(
        lang,
        f"Of {head}, {english}, in % of daily sales before; without {'that day' if one else 'both days'} the headline "
        f"would be {rest}.",
        f"在{head}中，{'，'.join(f'{_DAYS[d][1]}当天贡献{p}' for d, p in made)}（占前期日销的百分比）；"
        f"去掉这{'一' if one else '两'}天，环比为{rest}。",
    )


_DAYS = {"double_11": ("Double 11", "双11"), "double_12": ("Double 12", "双12")}
_ZH = dict(zip(STEPS, ("季节", "市场", "季节与市场", "项目", "环比"), strict=True))


def _step(name: str, lang: str) -> str:
    return choose(lang, name, _ZH.get(name, name))
