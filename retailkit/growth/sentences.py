"""What each growth table says, in one sentence that is true for any merchant."""

from __future__ import annotations

import numpy as np
import pandas as pd

from retailkit.growth.calendar import names_of
from retailkit.growth.definitions import NAMES
from retailkit.growth.record import Effect
from retailkit.growth.verdict import percent
from retailkit.growth.words import in_words
from retailkit.spoken import signed


def headline_sentence(heads: pd.DataFrame, merchant: str, lang: str = "en", changes: pd.DataFrame | None = None) -> str:
    """Say how the merchant's headline compares with the cohort's; ``changes``: see ``across``."""
    from retailkit.growth.headline import pooled

    ways = pooled(heads).set_index("pooling")["growth"]
    row = heads.set_index("merchant").reindex([merchant]).iloc[0]
    count = int(heads["growth"].notna().sum())
    total, mean, median = ways["pooled"], ways["mean of merchants"], ways["median merchant"]
    if pd.isna(row["growth"]):
        why = row["reason"] if isinstance(row["reason"], str) else "not in the programme"
        return (
            f"商户 {merchant} 没有环比数字（{in_words(why, 'zh')}）。"
            if lang == "zh"
            else f"{merchant} has no headline: {why}."
        )
    doubt = _changed(changes, lang) or in_words(row.get("note", ""), lang)
    if lang == "zh":
        so = f"但{doubt}，不能据此判断是否翻倍" if doubt else f"{'已' if row['growth'] >= 1 else '未'}翻倍"
        beside = "" if count == 1 else f"；{count} 家合计 {signed(total)}，商户均值 {signed(mean)}"
        beside += f"，中位数 {signed(median)}" if count > 2 else ""
        return f"商户 {merchant} 日均 GMV 环比 {signed(row['growth'])}，{so}{beside}。"
    so = f"so {'it doubled' if row['growth'] >= 1 else 'it did not double'}"
    so = f"but {doubt}, so no doubling is read from it" if doubt else so
    beside = "" if count == 1 else f"; over {count} merchants pooled {signed(total)}, mean {signed(mean)}"
    beside += f", median {signed(median)}" if count > 2 else ""  # of two, the median is the mean
    return f"{merchant}: mean daily GMV {signed(row['growth'])} on the period before, {so}{beside}."


def pooled_caution(otherwise: pd.Series, heads: pd.DataFrame, lang: str = "en") -> str | None:
    """Say how many merchants the pooled headline leaves out because their two windows count two things; else nothing.

    ``otherwise``: see ``counted_otherwise``; ``heads``: the headlines made with it.
    """
    out = [m for m in heads["merchant"] if m in otherwise.index]
    if not out or len(heads) == 1:  # one merchant alone is no pool: its own headline says why it is missing
        return None
    named = ("、" if lang == "zh" else ", ").join(f"{m} ({otherwise[m]:%Y-%m-%d})" for m in out)
    if lang == "zh":
        return f"{len(heads)} 家中有 {len(out)} 家不计入合计，因其销售额口径自某周起可能已改变：{named}。"
    return (f"{len(out)} of {len(heads)} merchants left out of the pooled figures, because their sales seem to be counted "
            f"otherwise from a week on: {named}.")  # fmt: skip


def _changed(changes: pd.DataFrame | None, lang: str) -> str:
    """From when sales or orders seem to be counted otherwise; empty where they are not."""
    if changes is None or changes.empty:
        return ""
    row = changes.iloc[0]
    what = NAMES[row["series"]][lang == "zh"]
    if lang == "zh":
        return f"自 {row['week']:%Y-%m-%d} 当周起{what}的口径可能已改变"
    return f"{what} seem to be counted otherwise from the week of {row['week']:%Y-%m-%d}"


def caution_sentence(
    heads: pd.DataFrame, merchant: str, lang: str = "en", changes: pd.DataFrame | None = None
) -> str | None:
    """Say why the two windows of a merchant are not alike; nothing where they can be compared (see ``across``)."""
    row = heads.set_index("merchant").reindex([merchant]).iloc[0]
    why = row["reason"] if pd.isna(row["growth"]) and isinstance(row["reason"], str) else ""
    doubt = _changed(changes, lang) or in_words(why or row.get("note", ""), lang)
    if not isinstance(doubt, str) or not doubt:
        return None
    if lang == "zh":
        return f"注意：{doubt}。不能跨越它比较的数字以下均不列出，其余也不能当作结论。"
    return f"Mind: {doubt}. What cannot be compared across that is left out below, and the rest is no verdict."


def bridge_sentence(
    steps: pd.DataFrame, lang: str = "en", changes: pd.DataFrame | None = None, descriptive: bool = False
) -> str:
    """Say which step of the bridge carries the headline; ``changes``: see ``across``.

    ``descriptive``: no donor stands behind it (``effect.label``), so that no step is the programme's.
    """
    if steps.empty:
        return "没有可分解的环比数字。" if lang == "zh" else "There is no headline to bridge."
    parts = steps[steps["step"] != "headline"]
    if descriptive:
        told = f"{steps['ratio'].iloc[-1]:.2f}"
        without = f"{told} times the period before; without donors nobody can tell which part of it is the programme's."
        return f"环比 {told} 倍；没有对照商户，无法判断其中哪一部分来自项目。" if lang == "zh" else without
    if lang == "zh":
        product = " × ".join(f"{in_words(s.step, lang)} {s.ratio:.2f}" for s in parts.itertuples())
        mind = f"注意：{_changed(changes, lang)}。" if _changed(changes, lang) else ""
        return f"环比 {steps['ratio'].iloc[-1]:.2f} 倍 = {product}。{mind}"
    product = " × ".join(f"{s.step} {s.ratio:.2f}" for s in parts.itertuples())
    largest, mind = parts.iloc[int(np.argmax(np.abs(np.log(parts["ratio"]))))], _changed(changes, lang)
    return (f"{steps['ratio'].iloc[-1]:.2f} times the period before = {product}: the largest step is {largest['step']} "
            f"({signed(largest['ratio'] - 1)})." + (f" Mind: {mind}." if mind else ""))  # fmt: skip


def festival_name(part: str, lang: str = "en") -> str:
    """A part of the rise in words.

    >>> festival_name("double_11"), festival_name("run-up to double_11", "zh"), festival_name("black_friday")
    ('Double 11', '双11预热', 'Black Friday')
    """
    code = part.removeprefix("run-up to ")
    name = FESTIVALS.get(code, names_of(code))[lang == "zh"]
    if code == part:
        return name
    return f"{name}预热" if lang == "zh" else f"run-up to {name}"


FESTIVALS = {
    "ordinary": ("ordinary days", "平日"), "618": ("618", "618"), "womens_day": ("3.8", "3.8"),
    "spring_festival": ("Spring Festival", "春节"),
}  # fmt: skip


def rise_sentence(parts: pd.DataFrame, currency: str, lang: str = "en") -> str:
    """Say in money how much of the rise each festival made, its run-up included, and what of it was the programme."""
    from retailkit.growth.metrics import amount

    if parts.empty:
        return "没有可分解的增长额。" if lang == "zh" else "There is no rise to split."
    money = parts.set_index("part")[["money", "programme"]]
    money = money.groupby(lambda name: name.removeprefix("run-up to "), sort=False).sum(min_count=1)
    rise = float(money["money"].sum())
    shares = abs(rise) > money["money"].abs().sum() / 2  # parts of a rise that nearly cancels are no shares
    words = []
    for part, row in money.iterrows():
        beside = [f"{row['money'] / rise:.0%}"] if shares else []
        if pd.notna(row["programme"]):
            own = amount(row["programme"], currency)
            beside.append(f"其中项目 {own}" if lang == "zh" else f"of it the programme {own}")
        inside = ("，" if lang == "zh" else "; ").join(beside)
        text = f"{festival_name(str(part), lang)} {amount(row['money'], currency)}"
        words.append(text if not inside else f"{text}（{inside}）" if lang == "zh" else f"{text} ({inside})")
    if lang == "zh":
        return f"日均 GMV 变化 {amount(rise, currency)}：{'；'.join(words)}。节日含预热期。"
    return f"Mean daily GMV moved by {amount(rise, currency)}: {', '.join(words)}. Festivals include their run-up."


def tree_sentence(tree: pd.DataFrame, lang: str = "en") -> str:
    """Say which factor moved most, and which way the whole went."""
    if tree.empty:
        return "没有可拆解的变化。" if lang == "zh" else "There is no change to take apart."
    top = tree.iloc[int(tree["part"].abs().to_numpy().argmax())]
    change, everybody_new = tree["part"].sum(), _everybody_new(tree)
    if lang == "zh":
        way = "上升" if change >= 0 else "下降"
        factor, segment = in_words(top["factor"], lang), in_words(top["segment"], lang)
        pull = "拉升" if top["part"] > 0 else "拉低"
        alike = "记录始于前期，当时人人都是新客：新客与老客须合并阅读。" if everybody_new else ""
        return f"日均 GMV {way}；影响最大的是{segment}的{factor}（{pull}）。{alike}"
    way = "rose" if change >= 0 else "fell"
    pull = "lifted" if top["part"] > 0 else "lowered"
    what = f"{top['factor']} of {top['segment']} customers"
    alike = (" The record begins with the period before, where everybody is new: read new and returning customers together."
             if everybody_new else "")  # fmt: skip
    return f"Mean daily GMV {way}; what moved it most was the {what}, which {pull} it.{alike}"


def _everybody_new(tree: pd.DataFrame) -> bool:
    """Whether nobody was a returning customer in the period before, and somebody a new one."""
    known = tree[tree["segment"].isin(["new", "returning"])].groupby("segment")["before"].max()
    return bool(known.get("new", 0) > 0 and not known.get("returning", 0) > 0)


def guards_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say how many guards a claim passes, and name those that fail."""
    if table.empty:
        return (
            "没有基于对照商户的估计，无需检验。"
            if lang == "zh"
            else "Without an estimate against donors there is nothing to guard."
        )
    failed = [in_words(name, lang) for name in table.loc[table["status"] == "failed", "guard"]]
    passed = int((table["status"] == "passed").sum())
    if lang == "zh":
        return f"通过 {passed} 项检验" + (f"，未通过：{'、'.join(failed)}。" if failed else "，没有未通过的。")
    return f"{passed} guards passed" + (f"; failed: {', '.join(failed)}." if failed else ", none failed.")


def donors_sentence(effect: Effect, lang: str = "en") -> str:
    """Say whom the merchant is compared with, and what is wrong with them."""
    used = effect.donors[effect.donors["used"]]
    if effect.refused and used.empty:
        return "没有估计，因此没有选择对照商户。" if lang == "zh" else "Without an estimate no donor was chosen."
    if used.empty:
        return "没有可用的对照商户。" if lang == "zh" else "No donor can be used."
    heavy = int((effect.donors["weight"].abs() > 0.01).sum())
    risky = f"{effect.at_risk_weight:.0%}"
    if used["shared_sales_share"].isna().all() or np.isnan(effect.at_risk_weight):
        risky = "未知" if lang == "zh" else "unknown"
    if lang == "zh":
        return f"对照商户 {len(used)} 家，{heavy} 家有权重；共享顾客的对照店权重 {risky}。"
    return f"{len(used)} donors, {heavy} of them with weight; weight in donors that share its customers: {risky}."


def robustness_sentence(effect: Effect, lang: str = "en") -> str:
    """Say how far the other estimators spread around the chosen one."""
    if effect.others.empty:
        return "没有估计可比较。" if lang == "zh" else "There is no estimate to compare."
    low, high = percent(float(effect.others["effect"].min())), percent(float(effect.others["effect"].max()))
    if len(effect.others) == 1:
        said = "No other estimator can be used here: nothing to compare the effect with."
        return "没有其他方法可用，无从比较。" if lang == "zh" else said
    if lang == "zh":
        return f"各方法的效应在 {low} 与 {high} 之间。"
    return f"All estimators together put the effect between {low} and {high}."


def steps_sentence(steps: pd.DataFrame, recall: pd.DataFrame, lang: str = "en") -> str:
    """Say how many steps the base level took in the programme, and what a blank would mean."""
    if recall.empty:
        return "没有估计，无从寻找台阶。" if lang == "zh" else "Without an estimate on donors no steps are sought."
    inside = steps[steps["phase"] == "programme"]
    middle = recall.loc[recall["size"] == 0.2, "recall"]
    chance = float(middle.iloc[0]) if len(middle) else float("nan")
    sizes = ", ".join(f"{s.week:%Y-%m-%d} {percent(s.size)}" for s in inside.itertuples(index=False))
    if lang == "zh":
        what = f"项目期基础日销有 {len(inside)} 个台阶（{sizes}）" if len(inside) else "项目期基础日销没有可辨认的台阶"
        tail = "" if np.isnan(chance) else f"；每步 22% 的台阶约有 {chance:.0%} 能被发现"
        return f"{what}{tail}。"
    count = f"{len(inside)} step{'s' if len(inside) > 1 else ''}"
    what = f"The base level took {count} in the programme ({sizes})" if len(inside) else (
        "The base level took no step in the programme that could be told from noise")  # fmt: skip
    tail = "" if np.isnan(chance) else f"; of steps of {percent(0.2)} about {chance:.0%} would be found"
    return f"{what}{tail}."


def cells_sentence(cells: pd.DataFrame, lang: str = "en", descriptive: bool = False) -> str:
    """Name the cell with the largest gap, and how much came from cells that are new; without donors what it is not."""
    if cells.empty:
        return "没有可按触点拆解的效应。" if lang == "zh" else "There is no effect to split by touchpoint."
    top, gap = cells.iloc[0], cells["part"].sum()
    entered = cells.loc[cells["kind"] == "entry", "part"].sum()
    share = f"{abs(entered / gap):.0%}" if gap else "0%"
    if lang == "zh":
        customer = in_words(top["customer"], lang)
        own = "没有对照商户，这里比的是自身历史外推水平：季节与大盘也在差距之中。" if descriptive else ""
        where = f"{in_words(top['touchpoint'], lang)} · {in_words(top['format'], lang)}"
        return f"差距最大的是 {where} · {customer}；新出现的组合占 {share}。{own}"
    thing = f"{in_words(top['touchpoint'])} · {in_words(top['format'])}".replace("_", " ")
    own = " Without donors it is the gap to the merchant's own past carried on: season and market are in it."
    return (f"The largest gap is {thing} · {top['customer']} customers; cells that are "
            f"new make up {share} of the whole gap.{own if descriptive else ''}")  # fmt: skip


def quick_sentence(weeks: pd.DataFrame, lang: str = "en") -> str:
    """Say after how many weeks the gain was first more than noise."""
    from retailkit.growth.quick import first_gain

    if weeks.empty:
        return (
            "没有基于对照商户的估计，无法判断速赢。"
            if lang == "zh"
            else "Without an estimate against donors quick wins cannot be told."
        )
    won = first_gain(weeks)
    if lang == "zh":
        return f"第 {won} 周起出现显著增长。" if won else f"{len(weeks)} 周内没有显著增长。"
    if won:
        return f"The first gain that is more than noise came after {won} week{'s' if won > 1 else ''}."
    return f"In {len(weeks)} weeks no gain was more than noise."


def cannibal_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say whether the gain was taken from the merchant's other channels."""
    if table.empty:
        missing = "All-channel sales are not on record: whether other channels lost cannot be told."
        return "没有全渠道数据，无法判断是否蚕食其他渠道。" if lang == "zh" else missing
    answer = str(table["answer"].iloc[0])
    if lang == "zh":
        return in_words(answer, lang) + "。"
    return answer[0].upper() + answer[1:] + "."
