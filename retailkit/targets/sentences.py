"""What each table of the chapter says, in one sentence that is true for any merchant."""

from __future__ import annotations

import math

import pandas as pd

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


def node_title(node: str, lang: str = "en") -> str:
    """A KPI node in words.

    >>> node_title("basket"), node_title("basket", "zh")
    ('the basket', '笔单价')
    """
    en, zh = _WORDS.get(node, (node.replace("_", " "), node))
    return zh if lang == "zh" else en


def _money(minor: float, currency: str, digits: int = 2) -> str:
    amount = minor / 10.0**digits
    return f"{'−' if amount < 0 else ''}{_SIGNS.get(currency, currency + ' ')}{abs(amount):,.0f}"


def tree_sentence(tree: pd.DataFrame, currency: str, digits: int = 2, lang: str = "en") -> str:
    """Say the identity with its numbers, and which nodes nobody owns."""
    if tree.empty:
        if lang == "zh":
            return "该窗口没有订单，或其数字前后不可比。"
        return "The window has no orders, or none that are counted one way and whole."
    v = tree.set_index("node")["value"]
    basket, total = _money(v["basket"], currency, digits), _money(v["known"], currency, digits)
    owners = ""
    if "owner" in tree:
        none = int((tree["owner"] == "").sum())
        if none == len(tree):
            return _identity(v, basket, total, lang) + _no_owners(lang)
        owners = (
            f"；{len(tree)}个节点中{none}个没有负责人"
            if lang == "zh"
            else f"; {none} of {len(tree)} nodes have no owner"
        )
    return _identity(v, basket, total, lang, owners)


def _identity(v: pd.Series, basket: str, total: str, lang: str, owners: str = "") -> str:
    if lang == "zh":
        return f"已识别顾客：{v['buyers']:,.0f}人 × 人均{v['frequency']:.2f}单 × 笔单价{basket} = {total}{owners}。"
    return (
        f"Known customers: {v['buyers']:,.0f} buyers x {v['frequency']:.2f} orders each x {basket} = {total}{owners}."
    )


def _no_owners(lang: str) -> str:
    if lang == "zh":
        return (
            "没有任何导出文件写明负责人，因此每个节点都没有负责人；请添加一个 CSV 文件，列为 node, owner, share, valid_from, "
            "valid_to（node 用本章表中的节点代码，如 gmv、visitors、conversion、basket），并在批次文件中加入 layout 为 "
            "canonical_owners、merchant 为商户编号的数据源。"
        )
    return (
        " No export names an owner, so no node has one: add a CSV file with the columns node, owner, share, valid_from, "
        "valid_to (nodes by their codes: gmv, visitors, conversion, new_buyers, returning_buyers, frequency, basket ...) "
        "and name it in the cohort file as a source with layout canonical_owners and the merchant's id."
    )


def attainment_sentence(
    table: pd.DataFrame, currency: str, digits: int = 2, lang: str = "en", doubt: tuple[float, float] | None = None
) -> str:
    """Say what was planned, by whom, how much of it was reached, and how sure the plan itself is.

    ``doubt``: the interval of log(actual / counterfactual), see chapter 5; used where the
    counterfactual is the plan.
    """
    top = table[table["node"] == "gmv"]
    if top.empty or not top["planned"].iloc[0] > 0:
        return "没有可比较的计划。" if lang == "zh" else "There is no plan to compare with."
    row = top.iloc[0]
    if row["achieved"] != row["achieved"]:
        plan = _money(row["planned"], currency, digits)
        if lang == "zh":
            return f"计划{plan}，但该窗口的销售记录不完整，无法比较。"
        return f"Planned {plan}, but the window's sales are not wholly on record, so nothing can be compared."
    own = bool((table["source"] == "own").any())
    plan, done = (_money(row[c], currency, digits) for c in ("planned", "achieved"))
    sure = (
        "" if own or doubt is None or not doubt[0] < doubt[1] else f"{math.exp(doubt[0]):.0%}–{math.exp(doubt[1]):.0%}"
    )
    if lang == "zh":
        whose = "商户自己的目标" if own else "没有目标表，计划取无项目时本应售出的水平"
        return f"计划{plan}（{whose}），实现{done}，达成率{row['attainment']:.1%}" + (
            f"（计划本身是估计，90%区间{sure}）。" if sure else "。"
        )
    whose = (
        "the merchant's own targets" if own
        else "no targets on record, so the plan is what would have been sold without the programme"
    )  # fmt: skip
    return f"Planned {plan} ({whose}), achieved {done}: {row['attainment']:.1%} of plan" + (
        f"; the plan is itself an estimate, which leaves {sure} open (90%)." if sure else "."
    )


def shortfall_sentence(gaps: pd.DataFrame, currency: str, digits: int = 2, lang: str = "en") -> str:
    """Name the node that cost most and the one that brought most, in money."""
    if gaps.empty:
        return (
            "没有计划或没有完整记录，无从计算差额。"
            if lang == "zh"
            else "Without a plan and a whole record nothing fell short."
        )
    rows = gaps[gaps["money"] != 0]
    if rows.empty:
        return "各节点与计划一致。" if lang == "zh" else "No node strayed from its plan."
    worst, best = rows.iloc[0], rows.iloc[-1]
    words = []
    if worst["money"] < 0:
        lost, name = _money(-worst["money"], currency, digits), node_title(worst["node"], lang)
        words.append(f"缺口最大的是{name}，少{lost}" if lang == "zh" else f"{name} fell shortest, by {lost}")
    if best["money"] > 0:
        won, name = _money(best["money"], currency, digits), node_title(best["node"], lang)
        words.append(f"贡献最大的是{name}，多{won}" if lang == "zh" else f"{name} brought most above plan, {won}")
    text = ("；" if lang == "zh" else "; ").join(words)
    return text + "。" if lang == "zh" else text[0].upper() + text[1:] + "."


def plan_sentence(
    tree: pd.DataFrame, seasons: pd.DataFrame, lifts: pd.DataFrame, odds: pd.DataFrame,
    currency: str, digits: int = 2, lang: str = "en",
) -> str:  # fmt: skip
    """Say what would be sold anyway, both targets, where the lift comes from, and the chances."""
    top = tree[tree["node"] == "gmv"]
    if top.empty:
        return "没有可据以提出目标的窗口。" if lang == "zh" else "There is no window to propose targets from."
    row, n = top.iloc[0], int(lifts["merchants"].max())
    anyway, base, stretch = (_money(row[c], currency, digits) for c in ("anyway", "base", "stretch"))
    chance = odds.set_index("target")["if_nothing_new"]
    basis = str(seasons["basis"].iloc[0])
    shrink = lifts.attrs.get("shrink", float("nan"))
    shrunk = "" if shrink != shrink else (f"，为下半期新增的{shrink:.0%}" if lang == "zh" else
                                          f", {shrink:.0%} of what the phase's second half added")  # fmt: skip
    few = bool((lifts[["base", "stretch"]] == 1).all(axis=None))
    if lang == "zh":
        lift = "往期商户不足或没有提升，未计划提升" if few else f"提升取{n}家商户的中位数与上四分位{shrunk}"
        odd = (
            "，达成概率无法判断"
            if chance.isna().all()
            else f"，若无新动作，达成概率{chance['base']:.0%}与{chance['stretch']:.0%}"
        )
        basis = _BASIS_ZH.get(basis, basis)
        return f"下一窗口本应售出{anyway}（{basis}）；基本目标{base}，挑战目标{stretch}；{lift}{odd}。"
    lift = (
        "no lift planned: too few past merchants, or they had none"
        if few
        else f"lift: median and upper quartile of {n} merchants{shrunk}"
    )
    odd = (
        "; the chance to reach them cannot be told" if chance.isna().all()
        else f"; if nothing new is done the chances are {chance['base']:.0%} and {chance['stretch']:.0%}"
    )  # fmt: skip
    return f"The next window would sell {anyway} anyway ({basis}); base target {base}, stretch {stretch} ({lift}){odd}."


def pacing_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say how far the window is, where the total should stand, and the chance to reach the target."""
    seen = table.dropna(subset=["actual"])
    if not table["planned"].max() > 0:
        return "没有计划，无从跟踪进度。" if lang == "zh" else "There is no plan to pace against."
    half = table[table["share"] >= 0.5]
    if seen.empty:
        day = half["day"].iloc[0].date() if len(half) else table["day"].iloc[-1].date()
        if lang == "zh":
            return f"窗口尚未开始；按曲线，{day}应完成一半。"
        return f"The window has not begun; by the curve half of the target should be sold by {day}."
    row = seen.iloc[-1]
    ahead = row["actual"] / row["planned"] - 1
    chance = row["chance"]
    if row["ended"]:
        if lang == "zh":
            return (f"截至{row['day'].date()}，累计比计划{'超前' if ahead >= 0 else '落后'}{abs(ahead):.1%}；"
                    "其记录到此为止（关店，或缺少导出文件），不给出达成概率。")  # fmt: skip
        return (f"By {row['day'].date()} the total was {abs(ahead):.1%} {'ahead of' if ahead >= 0 else 'behind'} the planned "
                "curve; its record ends there (closed, or an export is missing), so no chance is given.")  # fmt: skip
    if row["day"] == table["day"].iloc[-1]:
        reached = f"{row['actual'] / row['planned']:.1%}"
        if lang == "zh":
            return f"窗口已结束：截至{row['day'].date()}累计为目标的{reached}。"
        return f"The window is over: by {row['day'].date()} the total came to {reached} of the target."
    if lang == "zh":
        odd = "概率无法判断" if pd.isna(chance) else f"达成概率{chance:.0%}"
        return f"截至{row['day'].date()}，累计比计划{'超前' if ahead >= 0 else '落后'}{abs(ahead):.1%}，{odd}。"
    odd = "the chance to reach it cannot be told" if pd.isna(chance) else f"the chance to reach it is {chance:.0%}"
    way = "ahead of" if ahead >= 0 else "behind"
    return f"By {row['day'].date()} the total was {abs(ahead):.1%} {way} the planned curve; {odd}."


def coverage_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say which share of customers somebody answers for."""
    share = table.set_index("owner")["share"]
    if not table["customers"].max():
        return "没有已识别的顾客。" if lang == "zh" else "There are no known customers."
    guide, shop = share["guide"], share["shop"]
    none = "没有导购绑定记录；" if lang == "zh" else "No guide bindings are on record; "
    if lang == "zh":
        return (none if guide == 0 else f"{guide:.0%}的顾客有导购；") + f"{shop:.0%}有门店归属。"
    return (none if guide == 0 else f"{guide:.0%} of customers have a guide; ") + f"{shop:.0%} have a shop."
