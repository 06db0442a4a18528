"""What worked across merchants, and what is particular to one industry or one merchant.

Each thing (a factor of the growth tree, a touchpoint, a format) has one value per merchant: its
part of the gain over the counterfactual. Partial pooling by industry tells what all have in
common from what one industry has alone and what a merchant has alone. A part is as uncertain as
the counterfactual it is measured against, and merchants on the same donors err together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from retailkit.charts.numbers import major, percent
from retailkit.charts.words import aside, choose
from retailkit.present.hierarchy import Z90, donor_noise, posterior
from retailkit.present.things import industry_title, thing_title

COMMON, INDUSTRY, SINGLE, UNSURE = "common", "one industry", "single merchants", "cannot tell"
READINGS_ZH = {COMMON: "共同", INDUSTRY: "行业特有", SINGLE: "个别商户", UNSURE: "无法判断"}
_KINDS_ZH = {"factor": "因素", "touchpoint": "触点", "format": "业态", "customer": "顾客"}
LEAST = 3  # merchants below which nothing is said to be common


def gains(factors: pd.DataFrame, cells: pd.DataFrame, table: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and thing: its part of the gain over the counterfactual, as a fraction of sales before.

    Parameters
    ----------
    factors : chapter 5's ``merchant, factor, part`` (mean daily sales, minor units).
    cells : chapter 5's ``merchant, touchpoint, format, customer, part, before``.
    table : the league, for titles and industries.
    metrics : for ``gmv_before`` and its currency.

    Returns
    -------
    DataFrame ``kind, thing, merchant, title, industry, value, base``; ``kind`` is factor,
    touchpoint, format or customer; ``base`` the thing's counterfactual sales on the sales before
    (the whole counterfactual for a factor), to which an error of the counterfactual applies. A
    merchant of whom neither exports nor visits tell the touchpoints, or whose exports name one format for all
    sales, is left out of that kind: not told is not zero. One that tells them and did not use one has a zero.
    """
    before = metrics[metrics["metric"] == "gmv_before"].set_index("merchant")
    parts = []
    if len(factors):
        ratio = metrics[metrics["metric"] == "bridge_programme"].set_index("merchant")["value"]
        during = metrics[metrics["metric"] == "gmv_programme"].set_index("merchant")["value"]
        whole = minor_of(factors["merchant"].map(during / ratio), factors["merchant"].map(before["unit"]))
        parts.append(factors.assign(kind="factor", thing=factors["factor"].astype(str), counterfactual=whole))
    for kind in ("touchpoint", "format", "customer"):
        if len(cells):
            told = cells[~cells[kind].isin(["unknown", "(none)", ""])]
            if kind != "customer":  # one name for all sales is the channel's: it tells nothing apart
                told = told[told.groupby("merchant")[kind].transform("nunique") > 1]
            parts.append(told.assign(kind=kind, thing=told[kind].astype(str)))
    columns = ["kind", "thing", "merchant", "title", "industry", "value", "base"]
    if not parts:
        return pd.DataFrame(columns=columns)
    rows = pd.concat([p[["kind", "thing", "merchant", "part", "counterfactual"]] for p in parts], ignore_index=True)
    rows = rows[rows["merchant"].isin(before.index[before["value"] > 0])]
    scale = minor_of(rows["merchant"].map(before["value"]), rows["merchant"].map(before["unit"]))
    rows = rows.assign(value=rows["part"] / scale, base=rows["counterfactual"] / scale)
    rows = rows.groupby(["kind", "thing", "merchant"], sort=False, as_index=False)[["value", "base"]].sum()
    kinds = [_filled(own) if kind != "factor" else own for kind, own in rows.groupby("kind", sort=False)]
    rows = pd.concat(kinds, ignore_index=True) if kinds else rows
    return rows.merge(table[["merchant", "title", "industry"]], on="merchant")[columns]


def minor_of(amount: pd.Series, currency: pd.Series) -> pd.Series:
    """Whole currency units as minor ones, each row in its own currency."""
    unit = [float(major(1.0, str(c))) for c in currency]
    return amount / np.array(unit)


def _filled(own: pd.DataFrame) -> pd.DataFrame:
    """Every thing for every merchant of this kind: one that knows its things and lacks this one has a zero."""
    every = pd.MultiIndex.from_product([own["thing"].unique(), own["merchant"].unique()], names=["thing", "merchant"])
    filled = own.set_index(["thing", "merchant"])[["value", "base"]].reindex(every, fill_value=0.0)
    return filled.reset_index().assign(kind=own["kind"].iloc[0])


def what_worked(table: pd.DataFrame, league: pd.DataFrame, donors: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per thing: what it gave the cohort with its interval, who differs, and how to read it.

    Parameters
    ----------
    table : see `gains`.
    league : effects with their intervals; a merchant without one is left out.
    donors : ``merchant, donor, weight``: merchants on the same donors err together.

    Returns
    -------
    DataFrame ``kind, thing, merchants, rose, mean, low, high, industry, industry_mean,
    industry_low, industry_high, best, best_value, reading``: fractions of sales before.
    ``industry`` is the one that stands furthest from the rest and ``best`` the merchant with
    the largest part. ``reading`` is *common* (most merchants have it and the cohort's 90% interval leaves zero out),
    *one industry* (only that industry's does), *single merchants* (neither does, yet some merchant
    stands apart from its industry by more than its noise) or *cannot tell*.
    """
    known = league.dropna(subset=["low", "high"])
    error = ((np.log1p(known["high"]) - np.log1p(known["low"])) / (2 * Z90)).set_axis(known["merchant"])
    told = table[table["merchant"].isin(error.index)]
    rows = []
    for (kind, thing), own in told.groupby(["kind", "thing"], sort=False):
        noise = donor_noise(own["merchant"], error[own["merchant"]].to_numpy(float), donors)
        rows.append({"kind": kind, "thing": thing, **_one(own, noise * np.outer(own["base"], own["base"]))})
    columns = [
        "kind", "thing", "merchants", "rose", "mean", "low", "high", "industry", "industry_mean", "industry_low",
        "industry_high", "best", "best_value", "reading",
    ]  # fmt: skip
    out = pd.DataFrame(rows, columns=columns)
    return out.sort_values(["kind", "mean"], ascending=[True, False], kind="stable", ignore_index=True)


def _one(own: pd.DataFrame, noise: np.ndarray) -> dict[str, Any]:
    value = own["value"].to_numpy(float)
    best = int(np.argmax(value))
    out: dict[str, Any] = {
        "merchants": len(own), "rose": int((value > 0).sum()), "mean": float(value.mean()), "low": np.nan,
        "high": np.nan, "industry": "", "industry_mean": np.nan, "industry_low": np.nan, "industry_high": np.nan,
        "best": own["title"].iloc[best], "best_value": float(value[best]), "reading": UNSURE,
    }  # fmt: skip
    if len(own) < LEAST or float(np.ptp(value)) == 0:
        return out
    whole = posterior(value, noise)
    out |= {"mean": whole.mean, "low": whole.mean - Z90 * whole.error, "high": whole.mean + Z90 * whole.error}
    names = own["industry"].fillna("").tolist()
    if len(set(names)) > 1:
        found = posterior(value, noise, names)
        far = int(np.argmax(np.abs(found.lead[0])))
        mean, error = found.industry[0][far], found.industry[1][far]
        lead = abs(found.lead[0][far]) > Z90 * found.lead[1][far] and names.count(found.industries[far]) > 1
        out |= {"industry_mean": mean, "industry_low": mean - Z90 * error, "industry_high": mean + Z90 * error}
        out["industry"] = found.industries[far] if lead else ""
    met = int(((value != 0) | (own["base"] != 0)).sum())
    out["reading"] = _reading(out, whole.own, most=2 * met > len(own))
    return out


def _reading(out: dict[str, Any], own: np.ndarray, most: bool) -> str:
    if most and (out["low"] > 0 or out["high"] < 0):  # what most merchants lack they have not in common
        return COMMON
    if out["industry"] and (out["industry_low"] > 0 or out["industry_high"] < 0):
        return INDUSTRY
    return (
        SINGLE if bool((np.abs(own[0]) > 2 * Z90 * own[1]).any()) else UNSURE
    )  # twice: the widest of many is looked at


def worked_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The table as a reader wants it: written numbers, readings in words."""
    if table.empty:
        return pd.DataFrame(columns=[choose(lang, "what", "项目"), choose(lang, "reading", "解读")])
    return pd.DataFrame({
        choose(lang, "kind", "类别"): [choose(lang, k, _KINDS_ZH.get(k, k)) for k in table["kind"]],
        choose(lang, "what", "项目"): [thing_title(t, lang) for t in table["thing"]],
        choose(lang, "merchants", "商户数"): table["merchants"],
        choose(lang, "rose in", "上升家数"): table["rose"],
        choose(lang, "mean part of the gain", "平均贡献"): [percent(v, signed=True) for v in table["mean"]],
        choose(lang, "90% interval", "90%区间"): _spans(table["low"], table["high"], lang),
        choose(lang, "stands out", "突出者"): [_who(r, lang) for r in table.itertuples()],
        choose(lang, "reading", "解读"): [choose(lang, r, READINGS_ZH[r]) for r in table["reading"]],
    })  # fmt: skip


def _who(row: Any, lang: str) -> str:
    if row.industry:
        name = industry_title(row.industry, lang)
        return f"{name}: {percent(row.industry_mean, signed=True)}"
    return f"{row.best}: {percent(row.best_value, signed=True)}" if row.reading == SINGLE else "–"


def _spans(low: Any, high: Any, lang: str) -> list[str]:
    to = choose(lang, " to ", " 至 ")
    return [
        f"{percent(a, signed=True)}{to}{percent(b, signed=True)}" if a == a else "–"
        for a, b in zip(low, high, strict=True)
    ]


def say_worked(table: pd.DataFrame, lang: str = "en") -> str:
    """Say what all merchants had in common, and what only some had."""
    if table.empty:
        return choose(
            lang, "No merchant's gain could be taken apart, so nothing can be called common.",
            "没有商户的增量可以拆解，因此谈不上共同点。",
        )  # fmt: skip
    every = int(table["merchants"].max())
    if every < LEAST:
        few, few_zh = ("One merchant tells", "一家商户") if every == 1 else ("Two merchants tell", "两家商户")
        return choose(
            lang, f"{few} nothing of what is common and what is particular (at least {LEAST} are needed): the table shows "
            f"{'its' if every == 1 else 'their'} own parts of the gain.",
            f"{few_zh}无从区分共同点与个别做法（至少需要{LEAST}家）：下表只列其自身的增量构成。",
        )  # fmt: skip
    out = [_not_told(table, lang)]
    twice = set(table.loc[table["thing"].duplicated(), "thing"])
    for reading, en, zh in (
        (COMMON, "Common to the cohort", "各商户的共同点"), (INDUSTRY, "Particular to one industry", "行业特有"),
        (SINGLE, "Particular to single merchants", "个别商户特有"),
    ):  # fmt: skip
        rows = table[table["reading"] == reading]
        words = [
            aside(_which(r, twice, lang), _mean(r, every, lang) if reading == COMMON else _who(r, lang), lang)
            for r in rows.itertuples()
        ]
        if words:
            out.append(choose(lang, f"{en}: {', '.join(words)}.", f"{zh}：{'、'.join(words)}。"))
    rest = int((table["reading"] == UNSURE).sum())
    if rest:
        out.append(
            choose(
                lang, f"For {rest} of {len(table)} things the merchants' results leave open whether they helped.",
                f"{len(table)}项中有{rest}项无法判断是否有帮助。",
            )
        )  # fmt: skip
    return " ".join(filter(None, out)) if lang == "en" else "".join(out)


def _which(row: Any, twice: set[str], lang: str) -> str:
    """A thing's title, with its kind where a touchpoint and a format are called alike."""
    title = thing_title(row.thing, lang)
    return choose(lang, f"{row.kind} {title}", f"{_KINDS_ZH[row.kind]}{title}") if row.thing in twice else title


def _mean(row: Any, every: int, lang: str) -> str:
    """The mean part of the gain, and over how many merchants where that is not all of them."""
    mean = percent(row.mean, signed=True)
    few = int(row.merchants)
    return mean if few == every else choose(lang, f"{mean} over {few} merchants", f"{few}家平均{mean}")


def _not_told(table: pd.DataFrame, lang: str) -> str:
    """Of how many merchants touchpoints and formats are told, where that is not all of those taken apart."""
    every = int(table["merchants"].max())
    most = table.groupby("kind")["merchants"].max().reindex(["touchpoint", "format"], fill_value=0)
    few = {str(kind): int(n) for kind, n in most.items() if n < every}
    if not few:
        return ""
    if not any(few.values()):
        zh = "、".join(_KINDS_ZH[kind] for kind in few)
        return choose(
            lang,
            f"No export tells {' and '.join(f'{kind}s' for kind in few)} apart (one name for all sales, or none): they "
            "stand in no line, which is not zero.",
            f"导出文件没有区分{zh}（全部销售只有一个名称或没有名称）：不列入各行，并不是零。",
        )
    en = " and ".join(f"{kind}s of {n}" for kind, n in few.items())
    zh = "，".join(f"{_KINDS_ZH[kind]}的仅{n}家" for kind, n in few.items())
    return choose(
        lang,
        f"Of {every} merchants the exports tell {en}; those of the others name one for all sales or none, which is not zero: "
        "they stand in no such line.",
        f"{every}家商户中，导出文件能区分{zh}；其余商户的全部销售只有一个名称或没有名称，这不是零，因此不计入相应各行。",
    )
