"""Who resembles the seed: a score for everybody else, with its lift on seeds it has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from retailkit.segment.errors import SaidError, TooFewError
from retailkit.segment.intervals import share_interval

ENOUGH_SEEDS = 20


class TooFewSeedsError(TooFewError):
    """Too few persons in the seed, or too few outside it, to learn what sets the seed apart."""


def lookalike_scores(people: pd.DataFrame, seeds: np.ndarray, seed: int = 1, folds: int = 5, base=None) -> np.ndarray:
    """Return one score between 0 and 1 per person: how much they resemble the seeds.

    Scores are cross-fitted: a person's score comes from a model that has not seen the person, so that
    a seed is found for what it is like and not because it was shown.

    Parameters
    ----------
    people : persons × columns of numbers, known before the seed was chosen: a column that is the reason
        for being a seed finds only itself.
    seeds : true where the person is a seed.
    base : classifier with ``predict_proba``; by default boosted trees.

    Raises
    ------
    TooFewSeedsError
        With under 20 seeds or 20 others.
    """
    seeds = np.asarray(seeds, bool)
    if len(seeds) != len(people):
        raise SaidError(
            f"{len(seeds)} seed marks for {len(people)} persons", f"{len(people)}人却有{len(seeds)}个种子标记"
        )
    if min(seeds.sum(), (~seeds).sum()) < ENOUGH_SEEDS:
        raise TooFewSeedsError(
            f"{seeds.sum()} seeds and {(~seeds).sum()} others: at least {ENOUGH_SEEDS} of each are needed",
            f"种子{seeds.sum()}人、其他{(~seeds).sum()}人：各至少需要{ENOUGH_SEEDS}人",
        )
    if base is None:
        base = HistGradientBoostingClassifier(max_depth=3, learning_rate=0.1, max_iter=100, random_state=seed)
    X = people.to_numpy(float)
    scores = np.empty(len(people))
    for known, held in StratifiedKFold(folds, shuffle=True, random_state=seed).split(X, seeds):
        scores[held] = clone(base).fit(X[known], seeds[known]).predict_proba(X[held])[:, 1]
    return scores


def lookalike_lift(scores: np.ndarray, seeds: np.ndarray, shares=(0.01, 0.05, 0.1, 0.2, 0.5)) -> pd.DataFrame:
    """One row per share of persons taken from the top: seeds among them, recall and lift with 90% interval.

    ``lift`` is the share of seeds in the top over that among all: 1 is no better than drawing lots.
    Equal scores are taken in full proportion, so ids and row order change nothing.
    """
    seeds = np.asarray(seeds, bool)
    frame = pd.DataFrame({"score": scores, "seed": seeds.astype(float)})
    steps = frame.groupby("score")["seed"].agg(["size", "sum"]).sort_index(ascending=False)
    size, found = np.append(0, steps["size"].cumsum()), np.append(0, steps["sum"].cumsum())
    taken = np.maximum(np.round(np.asarray(shares) * len(seeds)), 1)
    reached = np.interp(taken, size, found)
    low, high = share_interval(reached, taken)
    return pd.DataFrame(
        {
            "share": shares, "persons": taken.astype(int), "seeds": reached, "recall": reached / seeds.sum(),
            "lift": reached / taken / seeds.mean(), "lift_low": low / seeds.mean(), "lift_high": high / seeds.mean(),
        }
    )  # fmt: skip
