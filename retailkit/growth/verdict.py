"""The verdict: one plain sentence that may say "cannot tell"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retailkit.growth.headline import NOT_OVER
from retailkit.growth.record import Effect
from retailkit.growth.words import in_words
from retailkit.spoken import signed

RAISED, LOWERED, CANNOT_TELL = "raised", "lowered", "cannot tell"
MOSTLY_AT_RISK = 0.5
"""Weight in donors that share customers above which no claim is made."""

IN_SHORT = {
    "same definition throughout": ("orders are counted otherwise along the way", "订单口径中途改变"),
    "shared customers": ("its donors share customers with the programme", "对照店与参与商户共享顾客"),
    "fit before the programme": ("its donors did not follow it before the programme", "项目前对照店跟不上它"),
    "placebo in time": ("an effect shows before the programme began", "项目开始前已出现“效应”"),
    "leave one donor out": ("it hangs on a single donor", "结论取决于某一家对照店"),
    "leave one week out": ("it hangs on a single week", "结论取决于某一周"),
    "breakdown drift": ("its drift before the programme explains as much", "项目前的漂移足以解释"),
    "other estimators": ("most other methods say the opposite", "多数其他方法方向相反"),
}
"""Why a guard bars a claim, in a few words for a table of all merchants; by the beginning of the guard's name."""

OF_THE_SIGN = ("leave one donor out", "leave one week out", "breakdown drift", "other estimators")
"""Guards that ask whether the sign would turn: where the interval holds zero there is no sign, and nothing to bar."""

NO_DONORS = ("no donors to compare with: descriptive only", "没有可比的对照商户，仅为描述性")


@dataclass(frozen=True)
class Verdict:
    """The answer for one merchant: raised, lowered or cannot tell, why, and the sentence.

    ``barred``: the guards that bar its claim, each in a few words in English and Chinese; the number is an
    estimate all the same. ``left_out``: why there is no number that could stand beside other merchants'
    (refused, or without donors), in both languages; None where there is one.
    """

    merchant: str
    answer: str
    reasons: tuple[str, ...]
    sentence: str
    sentence_zh: str
    barred: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, str] | None = None

    def say(self, lang: str = "en") -> str:
        """The sentence in English or Chinese."""
        return self.sentence_zh if lang == "zh" else self.sentence


def judge(effect: Effect, heads: pd.DataFrame, guards: pd.DataFrame | None = None, alpha: float = 0.10) -> Verdict:
    """Return the verdict on one merchant.

    Growth is claimed for the programme only where the interval lies on one side of zero,
    fewer than half of the donors' weight shares customers with the programme, and no guard
    failed. Everything else is "cannot tell", with every reason.

    Parameters
    ----------
    effect : see ``estimate``.
    heads : see ``headlines``; the merchant's row is quoted.
    guards : see ``check_guards``; rows whose ``status`` is "failed" bar a claim.
    alpha : two-sided level; 0.10 goes with the 90% interval.
    """
    reasons = list(dict.fromkeys([*_objections(effect), *_status(guards, "failed")]))
    significant = bool(np.isfinite(effect.p) and effect.p < alpha)
    answer = CANNOT_TELL
    if significant and not reasons:
        answer = RAISED if effect.effect > 0 else LOWERED
    if not significant and not effect.refused:
        reasons.append(("the interval includes no effect at all", "区间包含零效应"))
    notes = _status(guards, "noted", "placebo in time|same definition")
    row = heads.set_index("merchant").reindex([effect.merchant]).iloc[0]
    growth, why = row["growth"], row["reason"] if isinstance(row["reason"], str) else "not in the programme"
    return Verdict(
        effect.merchant, answer, tuple(r[0] for r in reasons),
        _english(effect, growth, why, answer, [r[0] for r in reasons or notes]),
        _chinese(effect, growth, why, answer, [r[1] for r in reasons or notes]),
        _barred(effect, guards, significant), _left_out(effect),
    )  # fmt: skip


def _barred(effect: Effect, guards: pd.DataFrame | None, significant: bool) -> tuple[tuple[str, str], ...]:
    failed = [] if guards is None or guards.empty else guards.loc[guards["status"] == "failed", "guard"].tolist()
    failed = [guard for guard in failed if significant or guard not in OF_THE_SIGN]
    if effect.at_risk_weight > MOSTLY_AT_RISK:
        failed.append("shared customers")
    return tuple(short for name, short in IN_SHORT.items() if any(guard.startswith(name) for guard in failed))


def _left_out(effect: Effect) -> tuple[str, str] | None:
    if effect.refused:
        return effect.refused, in_words(effect.refused, "zh")
    return NO_DONORS if effect.label == "descriptive" else None


def _objections(effect: Effect) -> list[tuple[str, str]]:
    if effect.refused:
        return [(effect.refused, f"无法估计（{in_words(effect.refused, 'zh')}）")]
    out = []
    if effect.at_risk_weight > MOSTLY_AT_RISK:
        share = f"{effect.at_risk_weight:.0%}"
        out.append((f"donors that share customers with the programme carry {share} of the weight",
                    f"对照组权重的 {share} 来自与参与商户共享顾客的对照店"))  # fmt: skip
    if effect.label == "descriptive":
        out.append(("without donors the comparison is descriptive", "没有对照商户，结果仅为描述性"))
    return out


def _status(guards: pd.DataFrame | None, status: str, named: str = "") -> list[tuple[str, str]]:
    """Findings in both languages of the guards with a status, whose name holds the pattern."""
    if guards is None or guards.empty:
        return []
    rows = guards[(guards["status"] == status) & guards["guard"].str.contains(named)]
    return [(str(g.finding), str(g.finding_zh)) for g in rows.itertuples()]


def percent(log_ratio: float, digits: int = 0) -> str:
    """A log ratio as a signed percentage.

    >>> percent(0.0953), percent(-0.1)
    ('+10%', '−10%')
    """
    return signed(np.expm1(log_ratio), digits)


def _english(effect: Effect, growth: float, why: str, answer: str, reasons: list[str]) -> str:
    opening = f"Merchant {effect.merchant}: mean daily GMV in the programme was {signed(growth)} on the period before"
    if not np.isfinite(growth):
        opening = f"Merchant {effect.merchant}: there is no headline ({why})"
    if effect.refused:
        return f"{opening}. Whether the programme did it: cannot tell ({'; '.join(reasons)})."
    against = "its own past carried on" if effect.label == "descriptive" else "the counterfactual"
    numbers = (f"{percent(effect.effect)} against {against} ({100 * effect.level:g}% interval "
               f"{percent(effect.low)} to {percent(effect.high)}; {effect.method}"
               f"{', ' + effect.label if effect.label else ''})")  # fmt: skip
    if answer == CANNOT_TELL:
        return f"{opening}; {numbers}. Whether the programme did it: cannot tell, because {'; and '.join(reasons)}."
    caveat = f" Mind: {'; '.join(reasons)}." if reasons else ""
    did = f"has {answer} it so far" if why.startswith(NOT_OVER) else f"{answer} it"
    return f"{opening}; the programme {did}: {numbers}.{caveat}"


def _chinese(effect: Effect, growth: float, why: str, answer: str, reasons: list[str]) -> str:
    opening = f"商户 {effect.merchant}：项目期日均 GMV 环比 {signed(growth)}"
    if not np.isfinite(growth):
        opening = f"商户 {effect.merchant}：没有环比数字（{in_words(why, 'zh')}）"
    if effect.refused:
        return f"{opening}。是否由项目带来：无法判断（{'；'.join(reasons)}）。"
    label = f"，{in_words(effect.label, 'zh')}" if effect.label else ""
    against = "自身历史外推的水平" if effect.label == "descriptive" else "反事实"
    numbers = (f"与{against}相比 {percent(effect.effect)}（{100 * effect.level:g}% 区间 {percent(effect.low)} 至 "
               f"{percent(effect.high)}；{in_words(effect.method, 'zh')}{label}）")  # fmt: skip
    if answer == CANNOT_TELL:
        return f"{opening}；{numbers}。是否由项目带来：无法判断，因为{'；且'.join(reasons)}。"
    caveat = f"注意：{'；'.join(reasons)}。" if reasons else ""
    so_far = "至今" if why.startswith(NOT_OVER) else ""
    return f"{opening}；项目{so_far}{'带来了增长' if answer == RAISED else '拉低了销售'}：{numbers}。{caveat}"
