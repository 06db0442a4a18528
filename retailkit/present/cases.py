"""Case cards: the merchants with the best supported effect, what they did and what carried it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import pandas as pd

from retailkit.charts.numbers import percent
from retailkit.charts.words import aside, choose, labelled
from retailkit.folders import folder_name
from retailkit.present import register
from retailkit.present.evidence import Evidence
from retailkit.present.things import industry_title, thing_title
from retailkit.spoken import own_half

CARDS = 3
NAMED = 2  # acts on one touchpoint that a card names
LEAST = 0.02  # part of the credited sales below which no touchpoint leads
COLUMNS = (
    "merchant", "title", "industry", "answer", "growth", "effect", "low", "high", "shrunk", "did", "touchpoint", "touch_part",
    "touch_basis", "first_gain",
)  # fmt: skip


def best_cases(evidence: Evidence, lang: str = "en", count: int = CARDS) -> pd.DataFrame:
    """One row per case, the best supported first.

    Merchants whose sales the programme raised come first; among them the lower end of the
    partially pooled interval decides, so that a lucky or a noisy merchant makes no case.

    Returns
    -------
    DataFrame with the columns ``COLUMNS``: ``did`` says in words what was done there,
    ``touchpoint`` what carried most of the gain (``touch_part`` of it); where the gain cannot be
    split, what stood before most sales (``touch_basis`` says which).
    """
    league = evidence.league.dropna(subset=["effect"])
    league = league.assign(first=league["answer"] != "raised")
    league = league.sort_values(["first", "shrunk_low"], ascending=[True, False]).head(count)
    done, cells = evidence.table("1_data", "actions"), evidence.table("5_growth", "cells")
    ledger, gains = evidence.table("3_touchpoints", "touchpoint_ledger"), evidence.table("5_growth", "gains")
    rows = []
    for one in league.itertuples():
        shares, basis = _shares(cells, ledger, one.merchant)
        rows.append((
            one.merchant, one.title, one.industry, one.answer, one.growth, one.effect, one.low, one.high, one.shrunk,
            _did(done, one.merchant, shares, lang), *_leading(shares, basis), _first_gain(gains, one.merchant),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _shares(cells: pd.DataFrame, ledger: pd.DataFrame, merchant: str) -> tuple[pd.Series, str]:
    """Each touchpoint's part of the gain where it can be split, else of the credited sales; and which of the two."""
    own = cells[cells["merchant"] == merchant]
    if len(own) and len(set(own["touchpoint"])) > 1:
        told = own[~own["touchpoint"].isin(["unknown", "(none)", "", "organic", "direct_return"])]
        parts = told.groupby("touchpoint")["part"].sum()
        if len(parts) and parts.max() > 0 and own["part"].sum() > 0:
            return parts / own["part"].sum(), "gain"
    if ledger.empty:
        return pd.Series(dtype=float), "credit"
    book = ledger[(ledger["merchant"] == merchant) & ~ledger["touchpoint"].isin(["organic", "unattributed"])]
    return book.groupby("touchpoint")["share"].max(), "credit"


def _leading(shares: pd.Series, basis: str) -> tuple[str, float, str]:
    if len(shares) and (basis == "gain" or shares.max() > LEAST):
        return str(shares.idxmax()), float(shares.max()), basis
    return "", float("nan"), ""


def _did(done: pd.DataFrame, merchant: str, shares: pd.Series, lang: str) -> str:
    """What was done in words, a touchpoint at a time: the one that brought most first, then the one worked on first."""
    own = done[done["merchant"] == merchant]
    if own.empty or "action" not in own:
        return choose(lang, "no record of what was done", "没有行动记录")
    n = int(register.classes(own)["classes"].sum())
    taught = [choose(lang, f"attended {n} class{'es' * (n != 1)}", f"参加{n}节课")] if n else []
    other = own[~own["action"].astype("str").str.contains(r"\bclass\b|课", case=False, regex=True)]
    other = other.sort_values("starts_on", kind="stable") if "starts_on" in other else other
    acts = dict(list(other.groupby(other["touchpoint"].fillna("").astype("str"), sort=False)["action"]))
    order = sorted(acts, key=lambda touch: -float(shares.get(touch, 0.0)))
    return choose(lang, "; ", "；").join([*(_acts(t, acts[t].astype("str"), lang) for t in order), *taught])


def _acts(touchpoint: str, actions: pd.Series, lang: str) -> str:
    """The acts on one touchpoint: the first few by name with how often each, the rest as a count."""
    times = actions.value_counts(sort=False)
    named = [
        own_half(action, lang) + (choose(lang, f", {k} times", f"，{k}次") if k > 1 else "")
        for action, k in times.head(NAMED).items()
    ]
    more = len(times) - NAMED
    named += [choose(lang, f"and {more} more", f"另有{more}项")] if more > 0 else []
    where = (
        choose(lang, f" ({thing_title(touchpoint, lang)})", f"（{thing_title(touchpoint, lang)}）")
        if touchpoint
        else ""
    )
    return choose(lang, ", ", "、").join(named) + where


def _first_gain(gains: pd.DataFrame, merchant: str) -> float:
    own = gains[gains["merchant"] == merchant]
    won = own[own["significant"].astype(bool) & (own["effect"] > 0)] if "significant" in own else own.head(0)
    return float(won["weeks"].min()) if len(won) else float("nan")


def case_weeks(evidence: Evidence, cases: pd.DataFrame) -> pd.DataFrame:
    """One row per case and week: actual and counterfactual mean daily sales, minor units, with its interval."""
    weeks = evidence.table("5_growth", "weeks")
    names = ["merchant", "week", "phase", "actual", "counterfactual", "low", "high"]
    if weeks.empty or "week" not in weeks:
        return pd.DataFrame(columns=[*names, "title"])
    return weeks[weeks["merchant"].isin(cases["merchant"])][names].merge(cases[["merchant", "title"]], on="merchant")


def say_cases(cases: pd.DataFrame, lang: str = "en") -> str:
    """Say whether the cards are cases at all: an effect that stands, or the best of what cannot be told."""
    if cases.empty:
        return choose(
            lang,
            "No merchant has an estimated effect, so there is no case to show.",
            "没有商户有效应估计，因此没有案例。",
        )
    sure = int((cases["answer"] == "raised").sum())
    if len(cases) == 1:
        return choose(
            lang, "One merchant has an estimated effect, and it stands: no case was chosen among others.",
            "只有一家商户有效应估计，且其效应成立：并非从多家中选出。",
        ) if sure else choose(
            lang, "The one merchant with an estimated effect has none that stands (not told from zero, or barred by a guard): "
            "its card describes it and is no proof that what it did worked.",
            "唯一有效应估计的商户，其效应不成立（与零无法区分，或检验未通过）：卡片只是描述，不能证明其做法有效。",
        )  # fmt: skip
    if sure == len(cases):
        return choose(
            lang, f"The {sure} merchants below have the best supported effects: chosen by the lower end of the partially "
            "pooled interval, not by the largest figure.",
            f"以下{sure}家商户的效应证据最充分：按部分合并后区间的下限选取，而不是按最大数字。",
        )  # fmt: skip
    return choose(
        lang, f"{sure} of these {len(cases)} merchants {'has' if sure == 1 else 'have'} an effect that stands. "
        f"{_others(len(cases) - sure)} "
        "whose claim does not (not told from zero, or barred by a guard): they are no proof that what they did worked.",
        f"这{len(cases)}家商户中{sure}家的效应成立。其余卡片只是描述：其结论不成立（与零无法区分，或检验未通过），不能证明其做法有效。",
    )  # fmt: skip


def _others(rest: int) -> str:
    return "The other card describes a merchant" if rest == 1 else "The other cards describe merchants"


@dataclass(frozen=True)
class Cards:
    """Case cards ready to show in a notebook or on a page."""

    cases: pd.DataFrame
    lang: str = "en"

    def _repr_html_(self) -> str:
        return f'<div class="cards">{"".join(_card(r, self.lang) for r in self.cases.itertuples())}</div>'


def _card(row: Any, lang: str) -> str:
    to = choose(lang, " to ", " 至 ")
    effect = aside(
        percent(row.effect, signed=True), percent(row.low, signed=True) + to + percent(row.high, signed=True), lang
    )
    basis = {
        "gain": choose(lang, " of the gain was paid through it", "的增量经此支付"),
        "credit": choose(lang, " of credited sales", "的归因销售额"),
        "": "",
    }[row.touch_basis]
    touch = (
        labelled(thing_title(row.touchpoint, lang), percent(row.touch_part) + basis, lang)
        if row.touchpoint
        else choose(lang, "none stands out", "没有突出者")
    )
    weeks = f"{row.first_gain:.0f}" if row.first_gain == row.first_gain else "–"
    lines = (
        (choose(lang, "What it did", "做了什么"), row.did),
        (choose(lang, "Headline", "环比增长"), percent(row.growth, signed=True)),
        (choose(lang, "Programme's effect (90%)", "项目效应（90%区间）"), effect),
        (choose(lang, "Partially pooled", "部分合并"), percent(row.shrunk, signed=True)),
        (choose(lang, "Leading touchpoint", "主要触点"), touch),
        (choose(lang, "Weeks to the first sure gain", "首次显著增长（周）"), weeks),
    )
    facts = "".join(f"<dt>{escape(a)}</dt><dd>{escape(str(b))}</dd>" for a, b in lines)
    link = f"{quote(folder_name(row.merchant))}/5_growth.html"
    kind = industry_title(row.industry, lang) if row.industry else ""
    return (
        f'<article class="card"><h3>{escape(row.title)}</h3><p class="kind">{escape(kind)}</p><dl>{facts}</dl>'
        f'<p><a href="{link}">{choose(lang, "Its growth chapter", "其增长章节")}</a></p></article>'
    )
