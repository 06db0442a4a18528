"""Who is in the pooled figure, who is only named beside it, and why.

A number that is wrong (sales counted otherwise, closed, no donors) is in no pool, bridge or league: its
merchant is named with the reason. A claim that a guard bars (a false start that shows an effect, donors
that share customers) is another thing: the number is an estimate like the others. It stays in the pool,
because a guard looks at the merchant's own result, and a pool without the merchants whose results look odd
is biased; it takes no place in the league, and the pooled figure without such merchants stands beside.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from retailkit.charts.numbers import percent
from retailkit.charts.words import choose
from retailkit.present.pooling import pool

ALL, STANDING = "all estimates", "claims that no guard bars"
WAYS = ("over", "merchants", "effect", "effect_low", "effect_high", "money", "money_low", "money_high")


def not_barred(table: pd.DataFrame) -> pd.DataFrame:
    """The league's merchants whose claim no guard bars."""
    return table[table["barred"] == ""]


def pooled_ways(
    table: pd.DataFrame, donors: pd.DataFrame | None, money: pd.DataFrame, money_standing: pd.DataFrame
) -> pd.DataFrame:
    """One row per set of merchants pooled: all with an estimate, then (where that is another set) those not barred.

    Parameters
    ----------
    table, donors : see ``league``.
    money, money_standing : ``growth.pooled_effect`` of the same merchants (see ``estimates``), logs.

    Returns
    -------
    DataFrame with the columns ``WAYS``: ``effect`` is the mean over merchants like these (see ``pool``: how
    much merchants differ is in its interval), ``money`` actual over counterfactual sales of these merchants
    together, less one; fractions with 90% intervals. ``merchants``
    is 0 and the figures are missing where nobody is left.
    """
    rows = [_way(ALL, table, donors, money)]
    if (table["barred"].ne("") & table["effect"].notna()).any():
        rows.append(_way(STANDING, not_barred(table), donors, money_standing))
    return pd.DataFrame(rows, columns=list(WAYS))


def _way(over: str, table: pd.DataFrame, donors: pd.DataFrame | None, money: pd.DataFrame) -> tuple[Any, ...]:
    mean = pool(table, donors)
    logs = money[["effect", "low", "high"]].iloc[0].to_numpy(float) if len(money) else np.full(3, math.nan)
    return (over, mean["merchants"], mean["effect"], mean["low"], mean["high"], *np.expm1(logs))


def way_words(ways: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The pooled figures as a reader wants them; nothing where there is one alone, which the sentence says."""
    known = ways if len(ways) > 1 and ways["merchants"].max() > 1 else ways.head(0)
    names = {ALL: "全部估计", STANDING: "未被检验否决的商户"}
    return pd.DataFrame({
        choose(lang, "pooled over", "合并范围"): [choose(lang, o, names[o]) for o in known["over"]],
        choose(lang, "merchants", "商户数"): known["merchants"],
        choose(lang, "effect on merchants like these", "同类商户的平均效应"): [percent(v, signed=True) for v in known["effect"]],
        choose(lang, "90% interval", "90%区间"): [_span(r.effect_low, r.effect_high, lang) for r in known.itertuples()],
        choose(lang, "on all their sales together", "合计销售额的效应"): [percent(v, signed=True) for v in known["money"]],
        choose(lang, "its 90% interval", "其90%区间"): [_span(r.money_low, r.money_high, lang) for r in known.itertuples()],
    })  # fmt: skip


def _span(low: float, high: float, lang: str) -> str:
    if not math.isfinite(low):
        return "–"
    return f"{percent(low, signed=True)}{choose(lang, ' to ', ' 至 ')}{percent(high, signed=True)}"


def say_left_out(table: pd.DataFrame, lang: str = "en") -> str:
    """Name the merchants whose number is in no pooled figure, and why; empty where there is none."""
    gone = table[table["left_out"] != ""]
    if gone.empty:
        return ""
    if len(table) == 1:
        return choose(
            lang, f"Why: {by_reason(gone, 'left_out', lang)}.", f"原因：{by_reason(gone, 'left_out', lang)}。"
        )
    return choose(
        lang, f"{len(gone)} of {len(table)} merchants left out: {by_reason(gone, 'left_out', lang)}.",
        f"{len(table)}家商户中{len(gone)}家未计入：{by_reason(gone, 'left_out', lang)}。",
    )  # fmt: skip


def by_reason(table: pd.DataFrame, column: str, lang: str = "en") -> str:
    """Titles in the table's order, those with one reason together.

    >>> by_reason(pd.DataFrame({"title": ["A", "B", "C"], "why": ["closed", "new", "closed"]}), "why")
    'A, C (closed); B (new)'
    """
    mark = choose(lang, ", ", "、")
    named = [(mark.join(rows["title"]), why) for why, rows in table.groupby(column, sort=False)]
    return choose(lang, "; ", "；").join(choose(lang, f"{who} ({why})", f"{who}（{why}）") for who, why in named)


def say_barred(table: pd.DataFrame, ways: pd.DataFrame, lang: str = "en") -> str:
    """Say how many of the pooled a guard bars, by which guards, and the pooled figure without them; empty for none."""
    barred = table[(table["barred"] != "") & table["effect"].notna()]
    if barred.empty:
        return ""
    n, k = int(table["effect"].notna().sum()), len(barred)
    mark = choose(lang, "; ", "；")
    times = Counter(reason for text in barred["barred"] for reason in text.split(mark))
    why = choose(lang, ", ", "、").join(choose(lang, f"{r} ({c})", f"{r}（{c}家）") for r, c in times.most_common())
    if n == 1:
        return choose(
            lang, f"A guard bars its claim: {', '.join(times)}. The figure is an estimate, but no verdict.",
            f"其结论未通过检验：{'、'.join(times)}。数字仍是估计，但不是结论。",
        )  # fmt: skip
    if k == n:
        all_en, all_zh = ("both claims", "两") if n == 2 else (f"the claim of every one of the {n}", str(n))
        return choose(
            lang, f"A guard bars {all_en}: {why}. What makes each of them doubtful makes the pooled "
            "figure doubtful in the same way: it is no verdict either.",
            f"这{all_zh}家的结论全部未通过检验：{why}。令每一家存疑的原因同样令合并数字存疑：合并数字也不是结论。",
        )  # fmt: skip
    rest = ways.set_index("over").loc[STANDING]
    figure, span = percent(rest["effect"], signed=True), _span(rest["effect_low"], rest["effect_high"], lang)
    stay, stay_zh = ("They stay", "它们") if k > 1 else ("It stays", "它")
    others, mean_zh = (str(n - k), "平均") if n - k > 1 else ("one", "")
    return choose(
        lang, f"A guard bars the claim of {k} of the {n}: {why}. {stay} in the pool, because guards look at a merchant's own "
        f"result and a pool without odd results would be biased; over the other {others} the effect is {figure} ({span}).",
        f"{n}家中{k}家的结论未通过检验：{why}。{stay_zh}仍计入合并，因为检验依据的是商户自身的结果，剔除异常结果会使合并数字有偏；"
        f"其余{n - k}家的{mean_zh}效应为{figure}（{span}）。",
    )  # fmt: skip


def start_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """Effects by the week in which merchants started (``growth.staggered``); nothing where all started together."""
    rows = table[table["by"].isin(["start", "overall"])] if (table["by"] == "start").sum() > 1 else table.head(0)
    whole = choose(lang, "all, each start by its number of merchants", "全部（按各期商户数加权）")
    return pd.DataFrame({
        choose(lang, "started in the week of", "开始周"): [g or whole for g in rows["group"]],
        choose(lang, "merchants", "商户数"): rows["merchants"],
        choose(lang, "mean effect on these merchants", "这些商户的平均效应"): [percent(math.expm1(v), signed=True) for v in rows["effect"]],
        choose(lang, "90% interval", "90%区间"): [
            _span(math.expm1(a), math.expm1(b), lang) for a, b in zip(rows["low"], rows["high"], strict=True)
        ],
    })  # fmt: skip


def say_starts(table: pd.DataFrame, lang: str = "en") -> str:
    """Say how the effect differs by start and grows with the weeks; empty where all merchants started together."""
    starts, weeks = (table[table["by"] == by] for by in ("start", "week"))
    if len(starts) < 2:
        return ""
    first, last = weeks.iloc[0], weeks.iloc[-1]
    a, b = (percent(math.expm1(w["effect"]), signed=True) for w in (first, last))
    return choose(
        lang, f"Merchants started in {len(starts)} different weeks. Each is compared over its own weeks with merchants that were not "
        "yet in the programme, and the starts are put together by their number of merchants (Callaway and Sant'Anna). "
        f"In the first week of the programme sales stood {a} against the counterfactual on average, in week {last['group']} "
        f"{b} ({last['merchants']} of them had that week).",
        f"商户分{len(starts)}批开始。每家按自己的周与当时尚未参与的商户比较，再按各批商户数合并（Callaway-Sant'Anna）。"
        f"项目第1周与反事实相比平均{a}，第{last['group']}周为{b}（有该周的{last['merchants']}家）。",
    )  # fmt: skip
