"""What a message adds, person by person, from a treatment log with a held-back group."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import StratifiedKFold

from retailkit.segment.errors import SaidError, TooFewError
from retailkit.segment.intervals import normal_half
from retailkit.spoken import said, several

LEARNERS = ("s", "t", "x")
ENOUGH = 50
NO_LOG = (
    "There is no treatment log: nobody was held back by lot, so what a message adds cannot be told from what would "
    "have come anyway."
)
NO_LOG_ZH = "没有触达记录：没有随机留出不触达的对照人群，无法区分触达带来的增量与本来就会发生的购买。"
NEXT_TIME = " Send the next audience with its 'hold' group left alone, keep audiences.csv, read it with audience_log, and ask again."
NEXT_TIME_ZH = "下次触达时请保留“hold”组不触达，并保存audiences.csv，用audience_log读取后再估计。"


class NoTreatmentLogError(TooFewError):
    """There is no record of who was contacted and who was held back by lot."""


@dataclass(frozen=True)
class UpliftStudy:
    """What contact adds: for each person (cross-fitted), on average, and along the ranking.

    ``persons`` has ``merchant, person, contacted, outcome, uplift``; ``qini`` one row per share of persons
    contacted from the top: outcome added against contacting as many by lot, with interval. ``ranking`` is the mean
    gain over those shares with its interval: one claim about the whole ranking, where nine shares would be nine
    chances to be right by luck. ``balance`` is the p-value of the sample-ratio check. ``left_out`` persons of the log
    stand in no row of ``people``.
    """

    persons: pd.DataFrame
    effect: float
    low: float
    high: float
    qini: pd.DataFrame
    ranking: float
    ranking_low: float
    ranking_high: float
    balance: float
    left_out: int = 0

    def sentence(self, lang: str = "en") -> str:
        """Say what contact adds per person and whether the ranking helps."""
        helps = self.ranking_low > 0
        ranking = "contacting the best-ranked first adds more" if helps else "whether the ranking helps is not sure"
        told = said(
            lang,
            f"Contact adds {self.effect:,.2f} per person ({self.low:,.2f} to {self.high:,.2f}); {ranking}.",
            f"触达使人均增加{self.effect:,.2f}（{self.low:,.2f}至{self.high:,.2f}）；"
            f"{'优先触达排名靠前的人增量更大' if helps else '排序是否有帮助尚不确定'}。",
        )
        if not self.left_out:
            return told
        return told + said(
            lang,
            f" Left out: {several(self.left_out, 'person')} of the log without a row in people; if what followed the "
            "contact decides who has one, no figure here holds.",
            f"触达记录中有{self.left_out:,}人在people中没有行，未计入；若有没有行取决于触达之后的行为，以上数字均不成立。",
        )


def uplift_study(
    people: ibis.Table | pd.DataFrame, log: pd.DataFrame | None, outcome: pd.DataFrame, columns: list[str],
    share_contacted: float = 0.9, learner: str = "t", seed: int = 1, base=None,
) -> UpliftStudy:  # fmt: skip
    """Learn what contact adds from persons who were contacted or held back by lot.

    Parameters
    ----------
    people : one row per merchant and person with ``columns`` as known *before* the contact.
    log : one row per merchant and person: ``group`` is ``contact`` or ``hold``; ``audience_log`` reads it from the
        exported list.
    outcome : one row per merchant and person with ``outcome``, what followed; persons without a row have 0.
    share_contacted : the chance of contact that was planned.
    learner : ``s`` one model with contact as a column, ``t`` one model per group, ``x`` cross-learner.

    Raises
    ------
    NoTreatmentLogError
        Without a log, or with under 50 persons contacted or held back.
    ValueError
        If contacted and held back are not in the planned ratio (p under .001): then the groups were not
        made by lot, or part of the log is missing, and no estimate can be trusted. If a person stands in several
        rows of a table, or ``group`` holds other words.
    """
    if learner not in LEARNERS:
        raise SaidError(
            f"learner is {learner!r}; expected one of {', '.join(LEARNERS)}",
            f"learner为{learner!r}，应为{'、'.join(LEARNERS)}之一",
        )
    if log is None or len(log) == 0 or "group" not in log:
        raise NoTreatmentLogError(NO_LOG + NEXT_TIME, NO_LOG_ZH + NEXT_TIME_ZH)
    frame = people if isinstance(people, pd.DataFrame) else people.to_pandas()
    log = log[["merchant", "person", "group"]].drop_duplicates()
    _refuse_groups(log["group"])
    for name, table in (("people", frame), ("log", log), ("outcome", outcome)):
        _refuse_repeated(name, table)
    rows = frame.merge(log, on=["merchant", "person"])
    rows = rows.merge(outcome[["merchant", "person", "outcome"]], on=["merchant", "person"], how="left")
    rows["outcome"] = rows["outcome"].fillna(0.0)
    w = (rows["group"] == "contact").to_numpy()
    if min(w.sum(), (~w).sum()) < ENOUGH:
        raise NoTreatmentLogError(
            f"{w.sum()} persons contacted, {(~w).sum()} held back: at least {ENOUGH} of each are needed.{NEXT_TIME}",
            f"已触达{w.sum()}人、留出{(~w).sum()}人：各至少需要{ENOUGH}人。{NEXT_TIME_ZH}",
        )
    balance = sample_ratio(int(w.sum()), int((~w).sum()), share_contacted)
    if balance < 0.001:
        raise SaidError(
            f"{w.sum()} contacted and {(~w).sum()} held back do not fit the planned {share_contacted:.0%} "
            f"(p = {balance:.1g}): the groups were not made by lot or the log is incomplete",
            f"已触达{w.sum()}人、留出{(~w).sum()}人，与计划的{share_contacted:.0%}不符（p = {balance:.1g}）："
            "分组不是随机的，或记录不完整",
        )
    y, X = rows["outcome"].to_numpy(float), rows[columns].to_numpy(float)
    uplift = uplift_scores(X, y, w, learner, seed, base)
    effect = y[w].mean() - y[~w].mean()
    half = normal_half(0.9) * np.sqrt(y[w].var(ddof=1) / w.sum() + y[~w].var(ddof=1) / (~w).sum())
    persons = rows[["merchant", "person", "outcome"]].assign(contacted=w, uplift=uplift)
    return UpliftStudy(persons, effect, effect - half, effect + half, *_curve(uplift, y, w, 200, seed), balance,
                       len(log) - len(rows))  # fmt: skip


def _refuse_groups(group: pd.Series) -> None:
    """Raise if the log calls a group otherwise: whoever is not contacted would count as held back."""
    others = sorted(set(map(str, group.unique())) - {"contact", "hold"})
    if others:
        words = ", ".join(map(repr, others[:5]))
        raise SaidError(
            f"group of the log is 'contact' or 'hold', there is {words} too: name them so, or leave these rows out",
            f"触达记录的group应为'contact'或'hold'，还有{words}：请改写，或去掉这些行",
        )


def _refuse_repeated(name: str, table: pd.DataFrame) -> None:
    """Raise if a person stands in several rows: he would count several times."""
    again = table.duplicated(["merchant", "person"])
    if again.any():
        first = table.loc[again.to_numpy(), "person"].iloc[0]
        do, zh = {
            "log": ("leave out who was told both ways", "请去掉两种分组都有的人"),
            "outcome": (
                "add up what followed, as .groupby(['merchant', 'person'], as_index=False).sum()",
                "请先按人汇总",
            ),
        }.get(name, ("keep one row for each", "每人请只留一行"))
        raise SaidError(
            f"{name}: {int(again.sum())} rows are of a person who has one already (first: '{first}'): {do}",
            f"{name}：有{int(again.sum())}行的人已有一行（首个：'{first}'）：{zh}",
        )


def uplift_scores(X: np.ndarray, y: np.ndarray, w: np.ndarray, learner: str, seed: int = 1, base=None) -> np.ndarray:
    """Return the effect of contact expected for each row, by models that have not seen the row."""
    if base is None:
        base = HistGradientBoostingRegressor(max_depth=2, learning_rate=0.05, max_iter=100, random_state=seed)
    scores = np.empty(len(y))
    for known, held in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, w):
        scores[held] = _effect(learner, base, X[known], y[known], w[known], X[held])
    return scores


def _curve(
    uplift: np.ndarray, y: np.ndarray, w: np.ndarray, draws: int, seed: int
) -> tuple[pd.DataFrame, float, float, float]:
    """Return one row per tenth of persons contacted, best-ranked first, and the mean gain with a 90% interval.

    ``gain`` is the outcome added over contacting as many by lot, per person of the whole.
    """
    shares = np.arange(1, 10) / 10
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        rows = rng.integers(0, len(y), len(y))
        drawn.append(_gains(uplift[rows], y[rows], w[rows], shares))
    gain = _gains(uplift, y, w, shares)
    low, high = np.nanquantile(np.array(drawn), [0.05, 0.95], axis=0)
    whole = np.nanquantile(np.nanmean(drawn, axis=1), [0.05, 0.95])
    table = pd.DataFrame({"share": shares, "gain": gain, "low": low, "high": high})
    return table, float(np.nanmean(gain)), *map(float, whole)


def policy_value(
    contact: np.ndarray, y: np.ndarray, w: np.ndarray, share_contacted: float
) -> tuple[float, float, float]:
    """Return the mean outcome if everyone were treated as ``contact`` says, with 90% interval.

    Inverse propensity: only persons whom the lot treated as the policy would are counted, weighted by how
    likely that was.
    """
    chance = np.where(w, share_contacted, 1 - share_contacted)
    weight = (np.asarray(contact, bool) == w) / chance
    value = float((weight * y).sum() / weight.sum())
    half = normal_half(0.9) * float(np.sqrt((weight**2 * (y - value) ** 2).sum()) / weight.sum())
    return value, value - half, value + half


def sample_ratio(contacted: int, held: int, share_contacted: float) -> float:
    """Return the p-value of the groups' sizes under the planned chance of contact.

    >>> sample_ratio(900, 100, 0.9) > 0.5, sample_ratio(800, 200, 0.9) < 0.001
    (True, True)
    """
    from scipy.stats import binomtest

    return float(binomtest(contacted, contacted + held, share_contacted).pvalue)


def _effect(learner, base, X, y, w, new):
    if learner == "s":
        model = clone(base).fit(np.column_stack([X, w]), y)
        return model.predict(np.column_stack([new, np.ones(len(new))])) - model.predict(
            np.column_stack([new, np.zeros(len(new))])
        )
    with_it, without = clone(base).fit(X[w], y[w]), clone(base).fit(X[~w], y[~w])
    if learner == "t":
        return with_it.predict(new) - without.predict(new)
    gained = clone(base).fit(X[w], y[w] - without.predict(X[w]))
    missed = clone(base).fit(X[~w], with_it.predict(X[~w]) - y[~w])
    share = w.mean()
    return (1 - share) * gained.predict(new) + share * missed.predict(new)


def _gains(uplift, y, w, shares):
    """Effect among the top of the ranking less the effect among all, times the share contacted."""
    order = np.argsort(-uplift, kind="stable")
    y, w = y[order], w[order]
    whole = y[w].mean() - y[~w].mean()
    gains = []
    for share in shares:
        n = round(share * len(y))
        treated, control = y[:n][w[:n]], y[:n][~w[:n]]
        gains.append(share * (treated.mean() - control.mean() - whole) if len(treated) and len(control) else np.nan)
    return np.array(gains)
