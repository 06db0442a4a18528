"""What each table of the chapter says, in one sentence that is true for any merchant."""

from __future__ import annotations

import math

import pandas as pd

from retailkit.schema.figure import minor_units
from retailkit.spoken import said

_SIGNS = {"CNY": "¥", "USD": "$", "GBP": "£", "EUR": "€", "JPY": "¥"}
_WORDS = {
    "gmv": ("sales", "销售额"), "known": ("sales to known customers", "已识别顾客销售额"),
    "unknown": ("sales to unknown buyers", "未识别顾客销售额"), "buyers": ("buyers", "购买人数"),
    "visitors": ("visitors", "访客"), "conversion": ("conversion", "转化率"),
    "frequency": ("orders per buyer", "人均订单"),
    "basket": ("the basket", "笔单价"), "unknown_orders": ("orders of unknown buyers", "未识别订单"),
    "unknown_basket": ("the basket of unknown buyers", "未识别笔单价"), "new_buyers": ("new buyers", "新客"),
    "returning_buyers": ("returning buyers", "老客"),
}  # fmt: skip
_BASIS_ZH = {
    "last year's two windows": "去年同期两个窗口",
    "last year's same window, no drift": "去年同期，未计年度增长",
    "season not identified": "季节因素未识别",
}

_NO_OWNERS = (
    " No export names an owner, so no node has one: add a CSV file with the columns node, owner, share, valid_from, "
    "valid_to (nodes by their codes: gmv, visitors, conversion, new_buyers, returning_buyers, frequency, basket ...) "
    "and name it in the cohort file as a source with layout canonical_owners and the merchant's id.",
    "没有任何导出文件写明负责人，因此每个节点都没有负责人；请添加一个 CSV 文件，列为 node, owner, share, valid_from, "
    "valid_to（node 用本章表中的节点代码，如 gmv、visitors、conversion、basket），并在批次文件中加入 layout 为 "
    "canonical_owners、merchant 为商户编号的数据源。",
)


def node_title(node: str, lang: str = "en") -> str:
    """A KPI node in words.

    >>> node_title("basket"), node_title("basket", "zh")
    ('the basket', '笔单价')
    """
    en, zh = _WORDS.get(node, (node.replace("_", " "), node))
    return zh if lang == "zh" else en


def _money(minor: float, currency: str) -> str:
    amount = minor / minor_units(currency)
    return f"{'−' if amount < 0 else ''}{_SIGNS.get(currency, currency + ' ')}{abs(amount):,.0f}"


def tree_sentence(tree: pd.DataFrame, currency: str, lang: str = "en") -> str:
    """Say the identity with its numbers, and which nodes nobody owns."""
    if tree.empty:
        return said(
            lang,
            "The window has no orders, or none that are counted one way and whole.",
            "该窗口没有订单，或其数字前后不可比。",
        )
    v = tree.set_index("node")["value"]
    basket, total = _money(v["basket"], currency), _money(v["known"], currency)
    count, none = len(tree), int((tree["owner"] == "").sum()) if "owner" in tree else 0
    some = "owner" in tree and none < count
    owners = (
        said(lang, f"; {none} of {count} nodes have no owner", f"；{count}个节点中{none}个没有负责人") if some else ""
    )
    identity = said(
        lang,
        f"Known customers: {v['buyers']:,.0f} buyers x {v['frequency']:.2f} orders each x {basket} = {total}{owners}.",
        f"已识别顾客：{v['buyers']:,.0f}人 × 人均{v['frequency']:.2f}单 × 笔单价{basket} = {total}{owners}。",
    )
    return identity + said(lang, *_NO_OWNERS) if none == count else identity


def attainment_sentence(
    table: pd.DataFrame, currency: str, lang: str = "en", doubt: tuple[float, float] | None = None
) -> str:
    """Say what was planned, by whom, how much of it was reached, and how sure the plan itself is.

    ``doubt``: the interval of log(actual / counterfactual), see chapter 5; used where the
    counterfactual is the plan.
    """
    top = table[table["node"] == "gmv"]
    if top.empty or not top["planned"].iloc[0] > 0:
        return said(lang, "There is no plan to compare with.", "没有可比较的计划。")
    row = top.iloc[0]
    plan = _money(row["planned"], currency)
    if pd.isna(row["achieved"]):
        return said(
            lang,
            f"Planned {plan}, but the window's sales are not wholly on record, so nothing can be compared.",
            f"计划{plan}，但该窗口的销售记录不完整，无法比较。",
        )
    own, done, share = bool((table["source"] == "own").any()), _money(row["achieved"], currency), row["attainment"]
    unowned = (
        "no targets on record, so the plan is what would have been sold without the programme",
        "没有目标表，计划取无项目时本应售出的水平",
    )
    whose = said(lang, *(("the merchant's own targets", "商户自己的目标") if own else unowned))
    open_en = open_zh = ""
    if not own and doubt is not None and doubt[0] < doubt[1]:
        sure = f"{math.exp(doubt[0]):.0%}–{math.exp(doubt[1]):.0%}"
        open_en, open_zh = (
            f"; the plan is itself an estimate, which leaves {sure} open (90%)", f"（计划本身是估计，90%区间{sure}）",
        )  # fmt: skip
    return said(
        lang,
        f"Planned {plan} ({whose}), achieved {done}: {share:.1%} of plan{open_en}.",
        f"计划{plan}（{whose}），实现{done}，达成率{share:.1%}{open_zh}。",
    )


def left_out_sentence(names: list[str], lang: str = "en") -> str:
    """Say which of the merchant's own targets the review makes nothing of; see ``targets_left_out``.

    >>> left_out_sentence(["repeat_rate"])
    'Targets on record that are not compared: repeat rate (no node of the tree, or not for the whole window).'
    """
    if not names:
        return ""
    listed = ", ".join(node_title(n, lang) for n in names)
    return said(
        lang,
        f"Targets on record that are not compared: {listed} (no node of the tree, or not for the whole window).",
        f"目标表中未比较的目标：{listed}（KPI 树中没有该节点，或未覆盖整个窗口）。",
    )


def shortfall_sentence(gaps: pd.DataFrame, currency: str, lang: str = "en") -> str:
    """Name the node that cost most and the one that brought most, in money."""
    if gaps.empty:
        return said(
            lang, "Without a plan and a whole record nothing fell short.", "没有计划或没有完整记录，无从计算差额。"
        )
    rows = gaps[gaps["money"] != 0]
    if rows.empty:
        return said(lang, "No node strayed from its plan.", "各节点与计划一致。")
    worst, best = rows.iloc[0], rows.iloc[-1]
    words = []
    if worst["money"] < 0:
        lost, name = _money(-worst["money"], currency), node_title(worst["node"], lang)
        words.append(said(lang, f"{name} fell shortest, by {lost}", f"缺口最大的是{name}，少{lost}"))
    if best["money"] > 0:
        won, name = _money(best["money"], currency), node_title(best["node"], lang)
        words.append(said(lang, f"{name} brought most above plan, {won}", f"贡献最大的是{name}，多{won}"))
    text = said(lang, "; ", "；").join(words)
    return said(lang, text[0].upper() + text[1:] + ".", text + "。")


def plan_sentence(
    tree: pd.DataFrame, seasons: pd.DataFrame, lifts: pd.DataFrame, odds: pd.DataFrame,
    currency: str, lang: str = "en",
) -> str:  # fmt: skip
    """Say what would be sold anyway, both targets, where the lift comes from, and the chances."""
    top = tree[tree["node"] == "gmv"]
    if top.empty:
        return said(lang, "There is no window to propose targets from.", "没有可据以提出目标的窗口。")
    anyway, base, stretch = (_money(top.iloc[0][c], currency) for c in ("anyway", "base", "stretch"))
    basis = str(seasons["basis"].iloc[0])
    lift, odd = _lift_words(lifts, lang), _odds_words(odds.set_index("target")["if_nothing_new"], lang)
    return said(
        lang,
        f"The next window would sell {anyway} anyway ({basis}); base target {base}, stretch {stretch} ({lift}){odd}.",
        f"下一窗口本应售出{anyway}（{_BASIS_ZH.get(basis, basis)}）；基本目标{base}，挑战目标{stretch}；{lift}{odd}。",
    )


def _lift_words(lifts: pd.DataFrame, lang: str) -> str:
    if (lifts[["base", "stretch"]] == 1).all(axis=None):
        return said(
            lang, "no lift planned: too few past merchants, or they had none", "往期商户不足或没有提升，未计划提升"
        )
    n, shrink = int(lifts["merchants"].max()), lifts.attrs.get("shrink", math.nan)
    shrunk = said(lang, f", {shrink:.0%} of what the phase's second half added", f"，为下半期新增的{shrink:.0%}")
    shrunk = "" if math.isnan(shrink) else shrunk
    return said(
        lang, f"lift: median and upper quartile of {n} merchants{shrunk}", f"提升取{n}家商户的中位数与上四分位{shrunk}"
    )


def _odds_words(chance: pd.Series, lang: str) -> str:
    if chance.isna().all():
        return said(lang, "; the chance to reach them cannot be told", "，达成概率无法判断")
    base, stretch = f"{chance['base']:.0%}", f"{chance['stretch']:.0%}"
    return said(
        lang,
        f"; if nothing new is done the chances are {base} and {stretch}",
        f"，若无新动作，达成概率{base}与{stretch}",
    )


def pacing_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say how far the window is, where the total should stand, and the chance to reach the target."""
    seen = table.dropna(subset=["actual"])
    if not table["planned"].max() > 0:
        return said(lang, "There is no plan to pace against.", "没有计划，无从跟踪进度。")
    half = table[table["share"] >= 0.5]
    if seen.empty:
        day = half["day"].iloc[0].date() if len(half) else table["day"].iloc[-1].date()
        return said(
            lang,
            f"The window has not begun; by the curve half of the target should be sold by {day}.",
            f"窗口尚未开始；按曲线，{day}应完成一半。",
        )
    row = seen.iloc[-1]
    day, gap, chance = row["day"].date(), row["actual"] / row["planned"] - 1, row["chance"]
    way = said(lang, "ahead of", "超前") if gap >= 0 else said(lang, "behind", "落后")
    if row["ended"]:
        odd = said(
            lang,
            "its record ends there (closed, or an export is missing), so no chance is given",
            "其记录到此为止（关店，或缺少导出文件），不给出达成概率",
        )
    elif row["day"] == table["day"].iloc[-1]:
        reached = f"{row['actual'] / row['planned']:.1%}"
        return said(
            lang,
            f"The window is over: by {day} the total came to {reached} of the target.",
            f"窗口已结束：截至{day}累计为目标的{reached}。",
        )
    elif pd.isna(chance):
        odd = said(lang, "the chance to reach it cannot be told", "概率无法判断")
    else:
        odd = said(lang, f"the chance to reach it is {chance:.0%}", f"达成概率{chance:.0%}")
    return said(
        lang,
        f"By {day} the total was {abs(gap):.1%} {way} the planned curve; {odd}.",
        f"截至{day}，累计比计划{way}{abs(gap):.1%}{'；' if row['ended'] else '，'}{odd}。",
    )


def coverage_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say which share of customers somebody answers for."""
    if not table["customers"].max():
        return said(lang, "There are no known customers.", "没有已识别的顾客。")
    share = table.set_index("owner")["share"]
    guide, shop = share["guide"], share["shop"]
    bound = said(lang, f"{guide:.0%} of customers have a guide; ", f"{guide:.0%}的顾客有导购；")
    none = said(lang, "No guide is on record for a customer; ", "没有顾客的导购归属记录；")
    return (none if guide == 0 else bound) + said(lang, f"{shop:.0%} have a shop.", f"{shop:.0%}有门店归属。")
