"""How chances to stay away came true: shares by tenth and pairs in order, each with its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from retailkit.segment.intervals import share_interval
from retailkit.spoken import points as signed_points
from retailkit.spoken import said

CALIBRATION = ("tenth", "persons", "expected_share", "away_share", "share_low", "share_high")
HOLDS = 0.02
"""How far the share of all may lie from the expected one before their level is called moved."""


def calibration(chance: np.ndarray, away: np.ndarray) -> pd.DataFrame:
    """One row per tenth of persons by chance: expected and seen share, with 90% interval."""
    tenth = np.minimum((np.argsort(np.argsort(chance, kind="stable")) * 10) // len(chance), 9)
    frame = pd.DataFrame({"tenth": tenth + 1, "chance": chance, "away": away})
    table = frame.groupby("tenth").agg(
        persons=("away", "size"), expected_share=("chance", "mean"), away_share=("away", "mean")
    )
    low, high = share_interval(table["away_share"] * table["persons"], table["persons"])
    return table.assign(share_low=low, share_high=high).reset_index()


def calibration_sentence(table: pd.DataFrame, checked_on: str, lang: str = "en") -> str:
    """Say the share expected and the share seen with its interval, and how far tenths lie apart beside chance alone."""
    persons, expected, seen = (table[c].to_numpy(float) for c in ("persons", "expected_share", "away_share"))
    weight = persons / persons.sum()
    low, high = share_interval((seen * persons).sum(), persons.sum())
    apart = 100 * (np.abs(expected - seen) @ weight)
    chance = 100 * (np.sqrt(2 / np.pi * expected * (1 - expected) / persons) @ weight)  # mean distance from one's truth
    inside = int(((table["share_low"] <= expected) & (expected <= table["share_high"])).sum())
    return said(
        lang,
        f"Checked on {int(persons.sum()):,} buyers as of {checked_on}: {expected @ weight:.1%} were expected to stay away "
        f"and {seen @ weight:.1%} did ({low:.1%} to {high:.1%}; intervals are 90%). By tenth, expected and seen shares lie "
        f"{apart:.1f} points apart on average, where chance alone would make {chance:.1f}; the interval of the seen share "
        f"holds the expected one in {inside} of {len(table)} tenths.",
        f"以{checked_on}为准、对{int(persons.sum()):,}名购买人检验：预期{expected @ weight:.1%}的人不再购买，实际为"
        f"{seen @ weight:.1%}（{low:.1%}至{high:.1%}，区间均为90%）。按十分位，预期与实际比例平均相差{apart:.1f}个百分点，"
        f"仅偶然性就会造成{chance:.1f}个；{len(table)}组中有{inside}组的实际比例区间包含预期值。",
    )


def level_moved(table: pd.DataFrame) -> bool:
    """Whether all persons together stayed away more or less often than expected, by more than chance and ``HOLDS``."""
    persons, expected, seen = (table[c].to_numpy(float) for c in ("persons", "expected_share", "away_share"))
    hoped, came = expected @ persons / persons.sum(), seen @ persons / persons.sum()
    low, high = share_interval(came * persons.sum(), persons.sum())
    return bool(abs(hoped - came) >= HOLDS and not low <= hoped <= high)


def season_sentence(season: float | None, merchants: int = 1, lang: str = "en") -> str:
    """Say what last year adds to the share expected to stay away and how many merchants told it, or that it is not known."""
    if season is None:
        return said(
            lang,
            " The record does not reach back to the same days of last year (or too few bought then, or a year does not "
            "hold the horizon), so a festival or a season in them is not foreseen.",
            "数据未覆盖去年同期（或当时购买人过少，或预测期超过一年），期间的大促或季节变化无法预知。",
        )
    points = round(100 * season, 1)
    if not points:
        return said(
            lang,
            " The same days of last year differed from those before by no more than chance, and add nothing.",
            "去年同期与其前期的差异未超出偶然，不作调整。",
        )
    if merchants > 1:
        return said(
            lang,
            f" The expected share holds {signed_points(points)} points that the same days of last year tell, pooled over "
            f"{merchants} merchants.",
            f"预期比例中含依据去年同期的季节调整{signed_points(points)}个百分点（由{merchants}家商户合并估计）。",
        )
    return said(
        lang,
        f" The expected share holds {signed_points(points)} points that the same days of last year tell, as far as they differed "
        "from those before by more than chance.",
        f"预期比例中含依据去年同期的季节调整{signed_points(points)}个百分点（仅计超出偶然的部分）。",
    )


PLACES = {
    "": ("", ""),
    "inside": ("inside the programme", "处于经营项目期内"),
    "after": ("after the programme", "处于经营项目结束之后"),
    "across": ("across an edge of the programme", "跨越经营项目的起止日"),
}


def level_sentence(moved: bool, checked: str, ahead: str, ordered: bool, lang: str = "en") -> str:
    """Say once why the height of the chances cannot be trusted, if so; empty where it can.

    Parameters
    ----------
    moved : from ``level_moved``.
    checked, ahead : where the checked days and those to come lie about the programme, if no known day lay there.
    ordered : whether persons are ordered better than by lot, so that at least their order can be trusted.
    """
    if not (moved or checked or ahead):
        return ""
    (en, zh), (then, then_zh) = PLACES[checked], PLACES[ahead]
    if checked and ahead:
        both = checked == ahead
        why = said(
            lang,
            f" The checked days and the days to come lie {en}, and no other days of known outcome are like them"
            if both
            else f" The checked days lie {en} and the days to come {then}, and no other days of known outcome are like either",
            f"检验期与未来的预测期均{zh}，此前没有同类时期的已知结果"
            if both
            else f"检验期{zh}，未来的预测期{then_zh}，二者此前都没有同类时期的已知结果",
        )
    elif checked:
        why = said(
            lang,
            f" The checked days lie {en}, and no earlier days of known outcome are like them; today's chances take their "
            "level from what became of them",
            f"检验期{zh}，此前没有同类时期的已知结果；今日概率的水平已按其实际结果校准",
        )
    elif ahead:
        so_far = (
            said(lang, "All of them together moved, and the", "整体水平发生了移动，且")
            if moved
            else said(lang, "The", "")
        )
        why = said(
            lang,
            f" {so_far} days to come lie {then}, and no days of known outcome are like them",
            f"{so_far}未来的预测期{then_zh}，目前尚无同类时期的已知结果",
        )
    else:
        why = said(
            lang,
            " All of them together moved, as with a programme or a festival that earlier days do not tell",
            "整体水平发生了移动（如经营项目或大促），此前的日子无法预示",
        )
    if not ordered:
        return why + said(lang, ": how high the chances are cannot be trusted either.", "：概率的高低本身同样不可信。")
    if checked and not ahead:
        return why + said(
            lang,
            ": of the checked chances, trust who is above whom, not how high they are.",
            "：检验期的概率，可信的是谁高谁低，而非高低本身。",
        )
    return why + said(
        lang,
        ": trust who is above whom, not how high the chances are.",
        "：可信的是谁高谁低，而非概率的高低本身。",
    )


def pairs_in_order(chance: np.ndarray, away: np.ndarray) -> tuple[float, float, float]:
    """Share of pairs (one stayed away, one did not) with the higher chance for who stayed away, and its 90% interval.

    Source: DeLong, DeLong & Clarke-Pearson, 1988, for the variance. The interval is Wilson's for as many draws as
    have that variance, so that it stays within 0 and 1.
    """
    gone, back, ranks = chance[away == 1], chance[away == 0], rankdata(chance)
    over = (ranks[away == 1] - rankdata(gone)) / len(back)
    under = (ranks[away == 0] - rankdata(back)) / len(gone)
    share = float(over.mean())
    fewest = min(len(gone), len(back))
    variance = sum(np.var(v, ddof=1) / len(v) for v in (over, under)) if fewest > 1 else 0.0
    draws = share * (1 - share) / variance if variance > 0 else fewest
    low, high = share_interval(share * draws, draws)
    return share, float(low), float(high)
