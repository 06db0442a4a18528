"""What the cohort report says in words; every number comes from the tables beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.charts.cohort import factor_title
from retailkit.charts.numbers import percent
from retailkit.charts.words import choose
from retailkit.present.bridge import comparable_days
from retailkit.present.standing import by_reason, say_barred, say_left_out


def say_cohort(cohort: Any, as_of: str, lang: str = "en") -> str:
    """Name the cohort, how many merchants and donors it has, its programme and the day it is seen from."""
    n, donors = len(cohort.merchants), len(cohort.donors)
    programme = choose(lang, "no programme", "无项目期")
    if cohort.whole_programme:
        start, end = cohort.whole_programme.start, cohort.whole_programme.end
        programme = choose(lang, f"programme {start} to {end}", f"项目期 {start} 至 {end}")
    return choose(
        lang,
        f"**{cohort.title}** · {n} merchant{'s' * (n != 1)}, {donors} donor{'s' * (donors != 1)} · {programme} · "
        f"knows what happened before {as_of}",
        f"**{cohort.title}** · {n}家商户，{donors}家对照 · {programme} · 数据截至 {as_of} 之前",
    )


def source(chapter: int, lang: str = "en") -> str:
    """What a chart of the report stands on: the results of a chapter.

    >>> source(5), source(5, "zh")
    ('results of chapter 5', '第5章结果')
    """
    return choose(lang, f"results of chapter {chapter}", f"第{chapter}章结果")


def say_missing(table: pd.DataFrame, lang: str = "en") -> str:
    """Name the merchants of the cohort file that have no result; empty where all have one."""
    gone = table[table["answer"] == "no result"]["title"].tolist()
    if not gone:
        return ""
    n = len(table)
    if n == 1:
        return choose(lang, f"{gone[0]} has no result (not run, or failed).", f"{gone[0]}没有结果（未运行或失败）。")
    have = (
        "has no result (not run, or failed) and is" if len(gone) == 1 else "have no result (not run, or failed) and are"
    )
    return choose(
        lang, f"{len(gone)} of {n} merchants {have} not shown: {', '.join(gone)}.",
        f"{n}家商户中{len(gone)}家没有结果（未运行或失败），未列出：{'、'.join(gone)}。",
    )  # fmt: skip


def say_headline(pooling: pd.DataFrame, lang: str = "en") -> str:
    """Say the headline three ways, because the way of pooling decides the figure.

    >>> rows = [("pooled", .5, 3), ("mean", .7, 3), ("median", .6, 3)]
    >>> say_headline(pd.DataFrame(rows, columns=["pooling", "growth", "merchants"]))
    'Mean daily sales against the period before: +50% over all 3 merchants together, +70% as the mean of
    merchants, +60% in the median one. This is not yet what the programme did: season and market are in it.'
    >>> rows = [("pooled", .5, 2), ("mean", .7, 2), ("median", .7, 2)]
    >>> say_headline(pd.DataFrame(rows, columns=["pooling", "growth", "merchants"]))
    'Mean daily sales against the period before: +50% over both merchants together, +70% as the mean of
    the two. This is not yet what the programme did: season and market are in it.'
    """
    ways = pooling.set_index("pooling")
    if not ways["merchants"].max():
        return choose(
            lang, "No merchant has a headline: the periods are not covered.", "没有商户有环比数字：期间数据不全。"
        )
    total, mean, median = (percent(ways["growth"][w], signed=True) for w in ("pooled", "mean", "median"))
    n = int(ways["merchants"]["pooled"])
    en = f"{total} over all {n} merchants together, {mean} as the mean of merchants, {median} in the median one"
    zh = f"{n}家合计{total}，商户均值{mean}，中位商户{median}"
    if n == 2:  # of two, the median is the mean
        en, zh = (
            f"{total} over both merchants together, {mean} as the mean of the two",
            f"两家合计{total}，两家均值{mean}",
        )
    if n == 1:
        en = zh = total
    return choose(
        lang,
        f"Mean daily sales against the period before: {en}. This is not yet what the programme did: season and market are in it.",
        f"日均销售额与前期相比：{zh}。这还不是项目的作用：其中包含季节与市场。",
    )


def say_refunds(metrics: pd.DataFrame, table: pd.DataFrame, lang: str = "en") -> str:
    """Say what the headline is once refunds still to come are in; nothing where no merchant's refunds are dated.

    ``table`` is the league; merchants whose refunds cannot be foretold keep their headline.
    """
    rows = metrics[metrics["metric"] == "growth_less_refunds"].drop_duplicates("merchant", keep="last")
    later = rows.set_index("merchant")["value"].reindex(table["merchant"]).to_numpy()
    known = table.assign(later=later)[table["growth"].notna()]
    told = int(known["later"].notna().sum())
    days = comparable_days(metrics[metrics["merchant"].isin(known["merchant"])])
    if not told or days.empty:
        return ""
    growth = days["merchant"].map(known.set_index("merchant")["later"]).astype(float)
    sold = days["programme"].where(growth.isna(), days["before"] * (1 + growth))
    total = percent(sold.sum() / days["before"].sum() - 1, signed=True)
    some = "" if told == len(known) else f" (told of {told} of {len(known)} merchants)"
    some_zh = "" if told == len(known) else f"（{len(known)}家中{told}家可推算）"
    one = len(known) == 1
    return choose(
        lang,
        f"Refunds follow their orders: with those still to come, judged by earlier orders, "
        f"{'it is' if one else 'all together are'} at {total}{some}.",
        f"退款晚于订单：计入按此前订单推算、尚未发生的退款后，{'环比' if one else '合计'}为{total}{some_zh}。",
    )


def say_doubts(metrics: pd.DataFrame, table: pd.DataFrame, lang: str = "en") -> str:
    """Name the merchants without a headline and why, then those whose headline holds a week from which none is read.

    Chapter 5 says it in ``headline_doubt``; empty where every headline is sound.
    """
    name = choose(lang, "headline_doubt", "headline_doubt_zh")
    said = metrics[metrics["metric"] == name].drop_duplicates("merchant", keep="last").set_index("merchant")["text"]
    rows = table.assign(doubt=table["merchant"].map(said.to_dict()).astype("object").fillna(""))
    rows = rows[rows["doubt"] != ""]
    out, odd = rows[rows["growth"].isna()], rows[rows["growth"].notna()]
    lines = []
    if len(out):
        lines.append(choose(
            lang, f"{len(out)} of {len(table)} merchants left out of the headline: {by_reason(out, 'doubt', lang)}.",
            f"{len(table)}家商户中{len(out)}家未计入环比：{by_reason(out, 'doubt', lang)}。",
        ) if len(table) > 1 else choose(
            lang, f"Without a headline: {by_reason(out, 'doubt', lang)}.", f"没有环比：{by_reason(out, 'doubt', lang)}。",
        ))  # fmt: skip
    if len(odd):
        lines.append(choose(
            lang, f"Counted, but nobody should read a doubling from it: {by_reason(odd, 'doubt', lang)}.",
            f"已计入，但不能据此判断是否翻倍：{by_reason(odd, 'doubt', lang)}。",
        ))  # fmt: skip
    return choose(lang, " ", "").join(lines)


def say_league(table: pd.DataFrame, ways: pd.DataFrame, lang: str = "en") -> str:
    """Say what the programme did over the cohort, who is left out or barred, and whether merchants can be ranked at all.

    ``ways``: see ``pooled_ways``.
    """
    whole = ways.iloc[0]
    n = int(whole["merchants"])
    told = [say_left_out(table, lang)]
    if n == 0:
        none = choose(
            lang, "No merchant has an estimated effect, so there is no verdict.", "没有商户有效应估计，因此没有结论。"
        )
        return choose(lang, " ", "").join(s for s in (none, *told) if s)
    low, high = percent(whole["effect_low"], signed=True), percent(whole["effect_high"], signed=True)
    sure = whole["effect_low"] > 0 or whole["effect_high"] < 0
    if n == 1:
        told_of = _of_one(table, percent(whole["effect"], signed=True), (low, high), sure, lang)
        lines = (told_of, *told, say_barred(table, ways, lang), _ranking(table, lang))
        return choose(lang, " ", "").join(s for s in lines if s)
    effect, money = percent(whole["effect"], signed=True), percent(whole["money"], signed=True)
    en = f"Over {n} merchants the programme's effect on merchants like these is {effect} (90% interval {low} to {high})"
    zh = f"{n}家商户合并，项目对同类商户的平均效应为{effect}（90%区间{low}至{high}）"
    if whole["money"] == whole["money"]:
        span = [percent(whole[c], signed=True) for c in ("money_low", "money_high")]
        en += f", and {money} on all their sales together ({span[0]} to {span[1]})"
        zh += f"，按合计销售额为{money}（{span[0]}至{span[1]}）"
    if not sure and (whole["money_low"] > 0 or whole["money_high"] < 0):
        en += ". Merchants differ so much that the first cannot be told from zero; the second can, of these merchants."
        zh += "。商户之间差别很大，前者与零无法区分；后者仅就这些商户而言可以区分。"
    elif not sure:
        en, zh = en + ": over all of them it cannot be told from zero either.", zh + "：合并后仍与零无法区分。"
    elif bool((table["answer"] == "cannot tell").all()):
        en, zh = en + ", but no single merchant's claim stands.", zh + "，但没有一家商户的结论成立。"
    else:
        en, zh = en + ".", zh + "。"
    lines = (choose(lang, en, zh), *told, say_barred(table, ways, lang), _ranking(table, lang))
    return choose(lang, " ", "").join(s for s in lines if s)


def _of_one(table: pd.DataFrame, effect: str, ends: tuple[str, str], sure: bool, lang: str) -> str:
    """The programme's effect where one merchant alone has an estimate: it is its own, and no pool."""
    whose, whose_zh = "the one merchant", "这家商户"
    if len(table) > 1:
        title = table.loc[table["effect"].notna(), "title"].iloc[0]
        whose, whose_zh = f"{title}, the only merchant with an estimate,", f"唯一有估计的商户{title}"
    claimed = table.loc[table["effect"].notna(), "answer"].isin(["raised", "lowered"]).all()
    en, zh = (
        f"The programme's effect on {whose} is {effect} (90% interval {ends[0]} to {ends[1]})",
        f"项目对{whose_zh}的效应为{effect}（90%区间{ends[0]}至{ends[1]}）",
    )
    if not sure:
        en, zh = en + ": it cannot be told from zero", zh + "：与零无法区分"
    elif not claimed:
        en, zh = en + ", but the claim does not stand", zh + "，但结论不成立"
    return choose(lang, en + ".", zh + "。")


def say_together(table: pd.DataFrame, adjusted: pd.DataFrame, lang: str = "en", alpha: float = 0.10) -> str:
    """Say how many claims still stand when all merchants' tests are counted together: many looks find luck.

    ``adjusted`` holds ``p_holm, p_bh`` beside the league's rows (``growth.over_all``); empty where no merchant
    has a test of its own.
    """
    tested = int(table["p"].notna().sum())
    if not tested:
        return ""
    if tested == 1:
        return choose(
            lang,
            "One merchant was tested, once: there is nothing to count together.",
            "只检验了一家商户、一次：无须合并计算。",
        )
    claimed = table["answer"].isin(["raised", "lowered"])
    n, luck = int(claimed.sum()), tested * alpha
    holm, rate = (int((claimed & (adjusted[name] < alpha)).sum()) for name in ("p_holm", "p_bh"))
    have = "has a claim by its" if n == 1 else "have a claim by their"
    return choose(
        lang,
        f"{n} of {tested} merchants {have} own {1 - alpha:.0%} test, which alone lets up to {luck:.1f} of "
        f"{tested} pass by luck. Counted together {holm} stand where any false claim at all is to be rarer than {alpha:.0%} "
        f"(Holm), and {rate} where at most {alpha:.0%} of the claims are to be false (Benjamini-Hochberg).",
        f"{tested}家商户中{n}家按各自的{1 - alpha:.0%}检验有结论；仅凭运气，{tested}家中最多可能有{luck:.1f}家通过。合并计算后，"
        f"要求出现任何错误结论的概率低于{alpha:.0%}时有{holm}家成立（霍尔姆校正），"
        f"要求错误结论占比不超过{alpha:.0%}时有{rate}家成立（错误发现率校正）。",
    )


def say_trend(metrics: pd.DataFrame, lang: str = "en") -> str:
    """Say how the cohort grew against its donors before the programme, which no effect counts; nothing where untold.

    Merchants may lean on other donors each: the figures are those of the merchant in the middle.
    """
    rows = metrics[metrics["metric"] == "effect_trend"].sort_values("value", kind="stable")
    if rows.empty:
        return ""
    year, low, high = (percent(v, signed=True) for v in rows.iloc[(len(rows) - 1) // 2][["value", "low", "high"]])
    return choose(
        lang,
        f"Before the programme these merchants grew by {year} a year against their donors (90% interval {low} to {high}). That "
        "is taken to have gone on, and is in no effect.",
        f"项目前这些商户相对对照的年增速为{year}（90%区间{low}至{high}）。这一差距按延续处理，不计入任何效应。",
    )


def _ranking(table: pd.DataFrame, lang: str) -> str:
    known = table.dropna(subset=["best_rank"])
    n, barred = len(known), int(table["effect"].notna().sum()) > len(known)
    if n == 0:
        return choose(lang, "Nobody is ranked: a guard bars every claim.", "不排名：没有一家的结论通过检验。")
    if n == 1:
        return choose(lang, "One merchant alone makes no league.", "只有一家商户，无从排名。")
    if n == 2 and (known["best_rank"] == 1).all():
        two, two_zh = ("the 2 that no guard bars", "通过检验的两家") if barred else ("the two", "两家")
        return choose(
            lang, f"Either of {two} may be the better one: ranking them would rank noise.",
            f"{two_zh}都可能是更好的：排名只是在给噪声排序。",
        )  # fmt: skip
    first = int((known["best_rank"] == 1).sum())
    who, who_zh = (f"the {n} that no guard bars", f"通过检验的{n}家中") if barred else ("them", "")
    if first == n:
        return choose(
            lang, f"Any of {who} may be the best: ranking them would rank noise.",
            f"{who_zh}任何一家都可能是最好的：排名只是在给噪声排序。",
        )  # fmt: skip
    of, of_zh = (who, who_zh) if barred else (str(n), f"{n}家中")
    return choose(lang, f"{first} of {of} may be the best one.", f"{of_zh}有{first}家可能是最好的。")


def say_grew(table: pd.DataFrame, lang: str = "en") -> str:
    """Say which factors rose in most merchants, so that a common cause shows and a particular one does not."""
    if table.empty:
        return choose(lang, "No merchant has a growth tree.", "没有商户有增长树。")
    rows = table.groupby("factor", sort=False)["part"].agg(n="size", up=lambda v: int((v > 0).sum()), middle="median")
    if rows["n"].max() == 1:
        told = [(factor_title(r.Index, lang), percent(r.middle, signed=True)) for r in rows.itertuples()]
        return choose(
            lang, f"Parts of the change: {'; '.join(f'{name} {part}' for name, part in told)}.",
            f"变化的组成：{'；'.join(f'{name}{part}' for name, part in told)}。",
        )  # fmt: skip
    middle, middle_zh = ("mean", "平均") if rows["n"].max() == 2 else ("median", "中位")
    words = [
        choose(
            lang, f"{factor_title(r.Index)} rose in {r.up} of {r.n} ({middle} part {percent(r.middle, signed=True)})",
            f"{factor_title(r.Index, lang)}：{r.n}家中{r.up}家上升（{middle_zh}贡献{percent(r.middle, signed=True)}）",
        )
        for r in rows.itertuples()
    ]  # fmt: skip
    said = "; ".join(words) + "."
    return choose(lang, said[:1].upper() + said[1:], "；".join(words) + "。")


def say_unknowns(table: pd.DataFrame, answers: pd.DataFrame, lang: str = "en") -> str:
    """Count what cannot be told: merchants without a verdict, and figures without a value."""
    told, cannot = int(table["told"].sum()), int(table["cannot_tell"].sum())
    answer = answers.set_index("answer")["merchants"]
    unsure, none, n = int(answer["cannot tell"]), int(answer["no result"]), int(answer.sum())
    en = f"For {unsure} of {n} merchants the verdict is 'cannot tell' and {none} {'has' if none == 1 else 'have'} no result"
    zh = f"{n}家商户中{unsure}家结论为“无法判断”，{none}家没有结果"
    if n == 1:
        en = (
            "The verdict is 'cannot tell'" if unsure else "The merchant has no result" if none else "There is a verdict"
        )
        zh = "结论为“无法判断”" if unsure else "该商户没有结果" if none else "有结论"
    return choose(
        lang,
        f"{en}; {cannot:,} of {told + cannot:,} figures could not be computed from the data and are left empty.",
        f"{zh}；{told + cannot:,}个数字中有{cannot:,}个无法从数据得出，留空。",
    )


def limits(cohort: Any, lang: str = "en") -> str:
    """The limits of the data as a list, then their licence, in Markdown."""
    lines = [f"- {text}" for text in cohort.limits]
    if not lines:
        lines = ["- " + choose(lang, "The cohort file names no limits.", "批次文件没有写明局限。")]
    if cohort.licence:
        lines += ["", choose(lang, "Licence of the data: ", "数据许可：") + cohort.licence]
    return "\n".join(lines)
