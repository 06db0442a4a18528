"""Who will stay away: chances learned on earlier days and checked on later ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
from ibis import _
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from retailkit.segment.churn_check import (
    CALIBRATION,
    calibration,
    calibration_sentence,
    pairs_in_order,
    season_sentence,
)
from retailkit.segment.churn_level import YEAR, Outcome, level, season
from retailkit.segment.features import person_features, person_orders
from retailkit.segment.said import TooFewError, said

ENOUGH = 100
SNAPSHOTS = 4
SOME_DAYS = 30.0
"""Days added to both spans of missed purchases, so that few days tell little; anything from 3 to 100 does as well."""


class TooFewBuyersError(TooFewError):
    """Too few buyers, or all of one kind, to learn from; the message says what is there."""


@dataclass(frozen=True)
class ChurnFit:
    """A model of the chance to stay away, with the check on the days it has not seen.

    *Stayed away* means no order from ``gap_days`` to ``gap_days + horizon_days`` after the day of the
    features. ``shift`` moves all log odds to the level of the checked day, as the days before it tell; ``season`` is
    what last year adds there to the share expected to stay away, None where the record does not reach back.
    ``shift_today`` moves them to the level of ``as_of``, which the checked day tells too, and is what scores use.
    ``calibration`` has one row per tenth of the checked persons (by chance): ``persons, expected_share,
    away_share`` and its interval; ``auc`` says how well the order of persons is right (.5 by lot), with its 90%
    interval; ``checked_on`` is the day of the features that were checked.
    """

    model: Pipeline
    shift: float
    shift_today: float
    horizon_days: int
    gap_days: int
    checked_on: str
    season: float | None
    auc: float
    auc_low: float
    auc_high: float
    calibration: pd.DataFrame

    def sentence(self, lang: str = "en") -> str:
        """Say how far expected and seen shares lie apart, and how well persons are ordered, each with its doubt."""
        told = (
            calibration_sentence(self.calibration, self.checked_on, lang)
            + season_sentence(self.season, lang)
            + said(
                lang,
                f" Of two persons, the one who stayed away was given the higher chance in {self.auc:.0%} of the pairs "
                f"({self.auc_low:.0%} to {self.auc_high:.0%}).",
                f"任取一名未购者与一名再购者，模型在{self.auc:.0%}的情况下排序正确（{self.auc_low:.0%}至{self.auc_high:.0%}）。",
            )
        )
        if self.auc_low > 0.5:
            return told
        return told + said(lang, " That is no better than drawing lots.", "这并不优于抽签。")


def fit_churn(
    orders: ibis.Table, persons: ibis.Table, as_of: str, horizon_days: int = 56, gap_days: int = 7
) -> ChurnFit:
    """Learn from the buyers of earlier days who stayed away afterwards; everything lies before ``as_of``.

    Days are one horizon apart, the last so early that its outcome was known by ``as_of``: it only checks.
    All others teach who stays away, and the last of them sets the level (people buy more or less than before,
    all of them), as far as the level of these days is seen to move by more than chance. Where the record reaches
    back, the level also moves as it did between the same two days of last year, beyond chance: festivals return.
    Persons are never split at random: tomorrow's share is not that of a random half of today.

    Parameters
    ----------
    horizon_days : how long somebody must stay away.
    gap_days : days between the features and the span of the outcome, in which a campaign can still act.

    Raises
    ------
    TooFewBuyersError
        With under 100 buyers on the days that teach, or if all or none of them stayed away.

    Notes
    -----
    The same day of last year is 364 days back and needs a horizon of record before it. A lunar festival that moved
    out of the span, and anything that happened in one of the two years only, are not foreseen.
    """
    last = date.fromisoformat(as_of) - timedelta(days=horizon_days + gap_days)
    days = [(last - timedelta(days=horizon_days * k)).isoformat() for k in range(SNAPSHOTS, -1, -1)]
    seen = [_snapshot(orders, persons, day, horizon_days, gap_days) for day in days]
    *teach, check = seen
    taught = pd.concat(teach, ignore_index=True)
    for part, words, zh in (
        (taught, "to learn from", "用于训练"), (teach[-1], "to set the level", "用于校准"), (check, "to check on", "用于检验")
    ):  # fmt: skip
        if len(part) < ENOUGH // 2 or (part is taught and len(part) < ENOUGH):
            raise TooFewBuyersError(
                f"{len(part)} buyers {words}: at least {ENOUGH} are needed to learn from, and {ENOUGH // 2} to check on",
                f"{zh}的购买人只有{len(part)}人：训练至少需要{ENOUGH}人，校准与检验各需{ENOUGH // 2}人",
            )
        if part["away"].nunique() < 2:
            gone = bool(part["away"].iloc[0])
            raise TooFewBuyersError(
                f"{'all' if gone else 'none'} of the {len(part)} buyers {words} stayed away: nothing to tell apart",
                f"{zh}的{len(part)}名购买人{'全部' if gone else '没有人'}不再购买：无从区分",
            )
    model = make_pipeline(
        StandardScaler(), SplineTransformer(n_knots=4, degree=2, extrapolation="constant"), LogisticRegression(C=1.0)
    ).fit(_columns(taught), taught["away"])
    known = [_outcome(model, day) for day in seen]
    ago = _year_before(model, orders, persons, [*days[-2:], as_of], horizon_days, gap_days)
    before, today = level(known[:-1]), level(known)
    then, then_today = season(*ago[:2]), season(*ago[1:])
    shift = before + (then or 0.0)
    chance, away = expit(known[-1].odds + shift), known[-1].away
    added = None if then is None else float((chance - expit(known[-1].odds + before)).mean())
    return ChurnFit(
        model, shift, today + (then_today or 0.0), horizon_days, gap_days, days[-1], added,
        *pairs_in_order(chance, away), calibration(chance, away),
    )  # fmt: skip


def churn_scores(fit: ChurnFit, features: pd.DataFrame) -> pd.DataFrame:
    """One row per person: ``stays_away``, the chance of no order in the horizon after the gap."""
    names = [c for c in ("merchant", "person") if c in features]
    chance = expit(_logit(fit.model, features) + fit.shift_today) if len(features) else np.array([])
    return features[names].reset_index(drop=True).assign(stays_away=chance)


def people_churn(
    orders: ibis.Table, persons: ibis.Table, as_of: str, horizon_days: int = 56, lang: str = "en"
) -> tuple[pd.DataFrame, str]:
    """Return the calibration table of ``fit_churn`` and a sentence; the table is empty where there is too little.

    One row per tenth of the buyers by their chance to stay away, as checked on the last day whose
    outcome is known.
    """
    try:
        fit = fit_churn(orders, persons, as_of, horizon_days)
    except TooFewBuyersError as why:
        told = said(lang, f"Who will stay away cannot be told: {why}.", f"无法判断谁将不再购买：{why.said('zh')}。")
        return pd.DataFrame(columns=list(CALIBRATION)), told
    return fit.calibration, fit.sentence(lang)


def _snapshot(orders: ibis.Table, persons: ibis.Table, day: str, horizon: int, gap: int) -> pd.DataFrame:
    """Buyers as of a day with ``away``: no order in the horizon that starts after the gap."""
    start = date.fromisoformat(day) + timedelta(days=gap)
    end = (start + timedelta(days=horizon)).isoformat()
    later = person_orders(orders, persons, end).filter(_.paid_on >= ibis.date(start.isoformat()))
    back = later.select("merchant", "person").distinct().mutate(back=1)
    joined = person_features(orders, persons, day).left_join(back, ["merchant", "person"])
    frame = joined.mutate(away=1 - joined.back.fill_null(0)).drop("merchant_right", "person_right", "back").to_pandas()
    return frame.sort_values(["merchant", "person"], ignore_index=True)


def _columns(features: pd.DataFrame) -> np.ndarray:
    """What tells staying from leaving: silence, habit, silence against the own habit, age, spend, missed purchases.

    The last is what buy-till-you-die models weigh leaving by: the same silence, in gaps of one's own, says more of
    somebody with many purchases than of somebody with two.
    """
    silent, age = features["days_since_last"].to_numpy(float), features["age_days"].to_numpy(float)
    repeats = features["repeat_days"].to_numpy(float)
    gap = (features["days_to_last"].to_numpy(float) + 1) / (repeats + 1)
    net = features["net_amount"].to_numpy(float).clip(min=0)
    missed = repeats * np.log((age + SOME_DAYS) / (features["days_to_last"].to_numpy(float) + SOME_DAYS))
    own = np.log1p(silent) - np.log1p(np.where(repeats > 0, gap, age + 1))
    return np.column_stack([np.log1p(silent), np.log1p(repeats), own, np.log1p(age), np.log1p(net), np.log1p(missed)])


def _logit(model: Pipeline, features: pd.DataFrame) -> np.ndarray:
    return logit(model.predict_proba(_columns(features))[:, 1].clip(1e-6, 1 - 1e-6))


def _outcome(model: Pipeline, day: pd.DataFrame) -> Outcome:
    return Outcome(_logit(model, day), day["away"].to_numpy(float))


def _year_before(
    model: Pipeline, orders: ibis.Table, persons: ibis.Table, days: list[str], horizon: int, gap: int
) -> list[Outcome | None]:
    """Outcome of the same day of last year for each day; None where the record is too young or the buyers too few.

    A span of more than a year would end after the day it is to foretell, so it has none.
    """
    first = person_orders(orders, persons, days[-1]).paid_on.min().to_pandas()
    found: list[Outcome | None] = []
    for day in days:
        then = date.fromisoformat(day) - timedelta(days=YEAR)
        reached = horizon + gap <= YEAR and pd.Timestamp(then) - pd.Timestamp(first) >= pd.Timedelta(days=horizon)
        buyers = _snapshot(orders, persons, then.isoformat(), horizon, gap) if reached else pd.DataFrame()
        known = _outcome(model, buyers) if len(buyers) >= ENOUGH // 2 else None
        found.append(known if known and known.is_mixed else None)
    return found
