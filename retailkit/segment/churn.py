"""Who will stay away: chances learned on earlier days and checked on later ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from retailkit.schema.given import takes_frames
from retailkit.segment.churn_check import (
    CALIBRATION,
    calibration,
    calibration_sentence,
    level_moved,
    level_sentence,
    pairs_in_order,
    season_sentence,
)
from retailkit.segment.churn_days import buyers, regime, seen_from, span
from retailkit.segment.churn_engine import SOME_DAYS
from retailkit.segment.churn_level import Outcome, level
from retailkit.segment.churn_season import YEAR, a_year_before, moves, season
from retailkit.segment.errors import TooFewError, refuse_several
from retailkit.segment.features import purchase_days
from retailkit.spoken import said

ENOUGH = 100
SNAPSHOTS = 4
TOLD_BY = ("days_since_last", "age_days", "repeat_days", "days_to_last", "net_amount")
"""Features that tell who stays away."""


class TooFewBuyersError(TooFewError):
    """Too few buyers, or all of one kind, to learn from; the message says what is there."""


@dataclass(frozen=True)
class ChurnFit:
    """A model of the chance to stay away, and a check of what it would have said of days it had not seen.

    *Stayed away* means no order from ``gap_days`` to ``gap_days + horizon_days`` after the day of the
    features. ``model`` has learned from all days of known outcome; checked is the same model learned without the last
    of them. ``shift`` moves the checked log odds to the level of that day, as the days before it tell; ``season`` is
    what last year adds there to the share expected to stay away, None where no record reaches back, told by
    ``season_merchants``. ``shift_today`` moves the log odds of ``model`` to the level of ``as_of`` and is what scores
    use. ``unforeseen`` says where the checked days lie about the programme ('inside', 'after', 'across' an edge) if no
    earlier day's outcome lay there, so that nothing told their level; ``unforeseen_today`` says it of the days that
    scores are about; both are empty otherwise.
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
    season_merchants: int
    unforeseen: str
    unforeseen_today: str
    auc: float
    auc_low: float
    auc_high: float
    calibration: pd.DataFrame

    def sentence(self, lang: str = "en") -> str:
        """Say how far expected and seen shares lie apart, and how well persons are ordered, each with its doubt."""
        ordered = self.auc_low > 0.5
        told = (
            calibration_sentence(self.calibration, self.checked_on, lang)
            + season_sentence(self.season, self.season_merchants, lang)
            + said(
                lang,
                f" Of two persons, the one who stayed away was given the higher chance in {self.auc:.0%} of the pairs "
                f"({self.auc_low:.0%} to {self.auc_high:.0%}).",
                f"任取一名未购者与一名再购者，模型在{self.auc:.0%}的情况下排序正确（{self.auc_low:.0%}至{self.auc_high:.0%}）。",
            )
        )
        if not ordered:
            told += said(lang, " That is no better than drawing lots.", "这并不优于抽签。")
        return told + level_sentence(
            level_moved(self.calibration), self.unforeseen, self.unforeseen_today, ordered, lang
        )


@takes_frames
def fit_churn(
    orders: ibis.Table,
    persons: ibis.Table,
    as_of: str,
    horizon_days: int = 56,
    gap_days: int = 7,
    programme: Any = None,
    cohort: tuple[ibis.Table, ibis.Table] | None = None,
) -> ChurnFit:
    """Learn from the buyers of earlier days who stayed away afterwards; everything lies before ``as_of``.

    Days are one horizon apart, the last so early that its outcome was known by ``as_of``: it checks what the others
    teach. Of these the last sets the level (people buy more or less than before, all of them), as far as the level of
    these days is seen to move by more than chance. Scores are then learned in the same way from all days, the checked
    one too: a young record knows its persons better every month, and old days less of them. Where a record reaches
    back, the level also moves as it did between the same two days of last year: festivals return.
    Persons are never split at random: tomorrow's share is not that of a random half of today.

    Parameters
    ----------
    orders, persons : canonical tables of one merchant.
    horizon_days : how long somebody must stay away.
    gap_days : days between the features and the span of the outcome, in which a campaign can still act.
    programme : record with ``start`` and ``end`` (dates); None where there is none. A level learned before it is not
        that within it, so the fit says where days to foretell lie in a part of it that no known day lay in.
    cohort : tables ``orders`` and ``persons`` of several merchants with the same festivals, this one among them. What
        last year moved is pooled over them.

    Raises
    ------
    TooFewBuyersError
        With under 100 buyers on the days that teach, or if all or none of them stayed away.
    SeveralMerchantsError
        If ``orders`` are of several merchants.

    Notes
    -----
    The same day of last year is 364 days back and needs a horizon of record before it. A lunar festival that moved
    out of the span, and anything that happened in one of the two years only, are not foreseen; what the merchant's own
    programme did last year is left out.
    """
    last = date.fromisoformat(as_of) - timedelta(days=horizon_days + gap_days)
    days = [(last - timedelta(days=horizon_days * k)).isoformat() for k in range(SNAPSHOTS, -1, -1)]
    found = _snapshots(orders, persons, days, horizon_days, gap_days)
    refuse_several(pd.concat(found.values())["merchant"].unique(), "a churn model", "流失模型")
    # a day before the first order teaches nothing: a short record has fewer days
    days = [day for day in days[:-2] if len(found[day])] + days[-2:]
    seen = [found[day] for day in days]
    *teach, check = seen
    taught = pd.concat(teach, ignore_index=True)
    for part, words, zh in (
        (taught, "to learn from", "用于训练"), (teach[-1], "to set the level", "用于校准"), (check, "to check on", "用于检验")
    ):  # fmt: skip
        if len(part) < ENOUGH // 2 or (part is taught and len(part) < ENOUGH):
            raise TooFewBuyersError(
                f"cases {words} (a buyer on a day): {len(part):,}; at least {ENOUGH} are needed to learn from, and "
                f"{ENOUGH // 2} to check on",
                f"{zh}的样本只有{len(part):,}个（一名购买人在一个观察日为一个样本）：训练至少需要{ENOUGH}个，"
                f"校准与检验各需{ENOUGH // 2}个",
            )
        if part["away"].nunique() < 2:
            gone = bool(part["away"].iloc[0])
            raise TooFewBuyersError(
                f"in {'all' if gone else 'none'} of the {len(part):,} cases {words} (a buyer on a day) the buyer stayed "
                "away: nothing to tell apart",
                f"{zh}的{len(part):,}个样本（一名购买人在一个观察日为一个样本）"
                f"{'全部不再购买' if gone else '全部再次购买'}：无从区分",
            )
    model, latest = _model(taught), _model(pd.concat(seen, ignore_index=True))
    known = [_outcome(model, day) for day in seen]
    before, today = level(known[:-1]), level([_outcome(latest, day) for day in seen])
    merchant, tables = str(check["merchant"].iloc[0]), cohort or (orders, persons)
    pairs = [(days[-2], days[-1]), (days[-1], as_of)]
    (then, merchants), (then_today, _) = _seasons(model, merchant, tables, pairs, horizon_days, gap_days, programme)
    shift = before + (then or 0.0)
    chance, away = expit(known[-1].odds + shift), known[-1].away
    added = None if then is None else float((chance - expit(known[-1].odds + before)).mean())
    *where, here, ahead = [regime(span(day, horizon_days, gap_days), programme) for day in [*days, as_of]]
    return ChurnFit(
        latest, shift, today + (then_today or 0.0), horizon_days, gap_days, days[-1], added, merchants,
        _unforeseen(here, where), _unforeseen(ahead, [*where, here]), *pairs_in_order(chance, away),
        calibration(chance, away),
    )  # fmt: skip


def churn_scores(fit: ChurnFit, features: pd.DataFrame) -> pd.DataFrame:
    """One row per person: ``stays_away``, the chance of no order in the horizon after the gap."""
    names = [c for c in ("merchant", "person") if c in features]
    chance = expit(_logit(fit.model, features) + fit.shift_today) if len(features) else np.array([])
    return features[names].reset_index(drop=True).assign(stays_away=chance)


@takes_frames
def people_churn(
    orders: ibis.Table,
    persons: ibis.Table,
    as_of: str,
    horizon_days: int = 56,
    lang: str = "en",
    programme: Any = None,
    cohort: tuple[ibis.Table, ibis.Table] | None = None,
) -> tuple[pd.DataFrame, str]:
    """Return the calibration table of ``fit_churn`` and a sentence; the table is empty where there is too little.

    One row per tenth of the buyers by their chance to stay away, as checked on the last day whose
    outcome is known. ``programme`` and ``cohort`` are those of ``fit_churn``.

    Raises
    ------
    SeveralMerchantsError
        If ``orders`` are of several merchants.
    """
    try:
        fit = fit_churn(orders, persons, as_of, horizon_days, programme=programme, cohort=cohort)
    except TooFewBuyersError as why:
        told = said(lang, f"Who will stay away cannot be told: {why}.", f"无法判断谁将不再购买：{why.said('zh')}。")
        return pd.DataFrame(columns=list(CALIBRATION)), told
    return fit.calibration, fit.sentence(lang)


def _snapshots(
    orders: ibis.Table, persons: ibis.Table, days: list[str], horizon: int, gap: int
) -> dict[str, pd.DataFrame]:
    """Buyers as of each day with ``away``, in one order: sums are the same in every run."""
    until = span(days[-1], horizon, gap)[1] + timedelta(days=1)
    bought = purchase_days(orders, persons, until.isoformat())
    known = buyers(seen_from(bought, days, horizon, gap)).select("merchant", "person", "place", "away", *TOLD_BY)
    frame = known.to_pandas()
    return {
        day: frame[frame["place"] == place].sort_values(["merchant", "person"], ignore_index=True)
        for place, day in enumerate(days)
    }


def _model(cases: pd.DataFrame) -> Pipeline:
    """Learn the chance to stay away of cases: a buyer on a day."""
    bends = SplineTransformer(n_knots=4, degree=2, extrapolation="constant")
    return make_pipeline(StandardScaler(), bends, LogisticRegression(C=1.0)).fit(_columns(cases), cases["away"])


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
    return Outcome(_logit(model, day), day["away"].to_numpy(float), np.ones(len(day)))


def _seasons(
    model: Pipeline,
    merchant: str,
    tables: tuple[ibis.Table, ibis.Table],
    pairs: list[tuple[str, str]],
    horizon: int,
    gap: int,
    programme: Any,
) -> list[tuple[float | None, int]]:
    """Shift in log odds that last year tells from one day of a pair to the other, and how many merchants told it.

    A span of more than a year would end after the day it is to foretell, so it has none. The merchant's own move does
    not count where its programme began or ended between the two days.
    """
    if horizon + gap > YEAR:
        return [(None, 0)] * len(pairs)
    ago = [(a_year_before(earlier), a_year_before(later)) for earlier, later in pairs]
    told = []
    for pair, found in zip(ago, moves(model, *tables, ago, horizon, gap), strict=True):
        own = found.pop(merchant, None)
        where = {regime(span(day, horizon, gap), programme) for day in pair}
        if len(where) > 1 or "across" in where:
            own = None
        told.append((season(own, list(found.values())), len(found) + (own is not None)))
    return told


def _unforeseen(here: str, known: list[str]) -> str:
    """Where days lie about the programme, if no known ones lie there: no edge is like another."""
    return here if here == "across" or here not in known else ""
