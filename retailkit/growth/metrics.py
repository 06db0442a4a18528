"""The chapter's figures as tidy metric rows, money in whole currency units, effects as fractions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from retailkit.growth.record import Effect
from retailkit.growth.verdict import Verdict
from retailkit.growth.words import in_words
from retailkit.schema.figure import figure, minor_units


def amount(minor: float, currency: str) -> str:
    """Money in whole units with its sign and currency.

    >>> amount(123456789, "CNY"), amount(-500, "JPY")
    ('+CNY 1,234,568', '-JPY 500')
    """
    value = minor / minor_units(currency)
    return f"{'-' if value < 0 else '+'}{currency} {abs(value):,.0f}"


def growth_metrics(
    heads: pd.DataFrame, steps: pd.DataFrame, effect: Effect, judged: Verdict, currency: str,
    parts: pd.DataFrame | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """One record per figure of the chapter: the headline, its bridge, the effect, the answer.

    Parameters
    ----------
    heads, steps, effect, judged : see ``headlines``, ``build_bridge``, ``estimate``, ``judge``.
    currency : ISO 4217 code of the merchant's amounts.
    parts : see ``festival_parts``; the rise in money by festival, left out where not given.
    """
    row = heads.set_index("merchant").reindex([effect.merchant]).iloc[0]
    unit = minor_units(currency)
    low, value, high = (float(np.expm1(v)) for v in (effect.low, effect.effect, effect.high))
    method = " · ".join(part for part in (effect.method, effect.label) if part)
    on_donors = effect.label != "descriptive"
    out = [
        figure("growth", row["growth"], "fraction", "mean daily net GMV, programme over period before, less one"),
        figure("gmv_before", row["before"] / unit, currency, "mean daily net GMV in the period before"),
        figure("gmv_programme", row["programme"] / unit, currency, "mean daily net GMV in the programme"),
        figure(
            "effect",
            value,
            "fraction",
            f"actual over {'counterfactual' if on_donors else 'its own past carried on'}, less one; {method}",
            low,
            high,
            level=effect.level,
        ),
        *_doubts(effect, on_donors),
        figure("smallest_effect", float(np.expm1(effect.mde)), "fraction", "smallest effect seen in four of five"),
        figure("at_risk_weight", effect.at_risk_weight, "fraction", "weight in donors that share customers"),
    ]
    trend = effect.behind.trend if effect.behind else None
    if trend and trend.merchants:
        slope, below, above = (float(np.expm1(v)) for v in (trend.slope, *trend.interval(effect.level)))
        ahead = "growth a year of the merchants that started together against the donors', before the programme"
        out.append(figure("effect_trend", slope, "fraction", ahead, below, above, level=effect.level))
        part = "part of the log effect's standard error that the cohort's trend brings, the same for all its merchants"
        out.append(figure("effect_trend_se", effect.trend_se, "log", part))
    for step in steps[steps["step"] != "headline"].itertuples():
        name = str(step.step).replace(" ", "_")
        definition = "factor of the headline; all factors multiply to growth + 1"
        out.append(figure(f"bridge_{name}", step.ratio, "ratio", definition, step.low, step.high, level=effect.level))
    for part in () if parts is None else parts.itertuples():
        name = f"rise_{str(part.part).replace('run-up to ', 'run_up_')}"
        definition = "part of the rise of mean daily net GMV; all parts add up to it"
        out.append(figure(name, part.money / unit, currency, definition))
        added = "what the programme added to this part of the rise"
        out.append(figure(f"{name}_programme", part.programme / unit, currency, added))
    said = [figure("verdict", text=judged.sentence), figure("verdict_zh", text=judged.sentence_zh)]
    said += [figure("barred", text="; ".join(en for en, _ in judged.barred))]
    said += [figure("barred_zh", text="；".join(zh for _, zh in judged.barred))]
    left_out, left_out_zh = judged.left_out or ("", "")
    said += [figure("left_out", text=left_out), figure("left_out_zh", text=left_out_zh)]
    why = str(row["reason"] if pd.isna(row["growth"]) else row.get("note", ""))
    said += [figure("headline_doubt", text=why), figure("headline_doubt_zh", text=in_words(why, "zh"))]
    return [*out, figure("answer", text=judged.answer), *said, figure("method", text=method)]


def _doubts(effect: Effect, on_donors: bool) -> list[dict[str, Any]]:
    """How sure the effect is: against donors, or by how far the merchant's own weeks were foretold."""
    if on_donors:
        return [
            figure("effect_p", effect.p, "probability", "two-sided p value of the donor-placebo t test"),
            figure("effect_log_se", effect.se, "log", "standard error of the log effect, from donor placebos"),
            figure("effect_df", effect.df, "donors", "degrees of freedom of the standard error: donors"),
        ]
    return [
        figure("effect_p", effect.p, "probability", "two-sided p value of the t test on the merchant's own forecast"),
        figure("effect_log_se", effect.se, "log", "standard error of the log effect, from the merchant's own forecast"),
        figure("effect_df", effect.df, "weeks", "degrees of freedom of the standard error: weeks before the programme"),
    ]
