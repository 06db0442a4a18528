"""Are clusters real: bootstrap stability, names only for stable ones, drift between two days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from retailkit.segment.intervals import normal_half
from retailkit.spoken import said

UNSTABLE, STABLE, VERY_STABLE = 0.6, 0.75, 0.85
NOT_NAMED = {"en": "unstable, not named", "zh": "不稳定，不命名"}
HIGH_LOW = {"en": ("high ", "low ", "middling", ", "), "zh": ("高", "低", "中等", "、")}
COLUMNS_ZH = {
    "orders": "订单数", "purchase_days": "购买天数", "items": "件数", "gross_amount": "消费金额", "refund_amount": "退款金额",
    "net_amount": "净消费", "days_since_last": "距上次购买天数", "age_days": "首购至今天数", "repeat_days": "复购天数",
    "days_to_last": "首末购间隔", "repeat_day_amount": "复购日均消费", "mean_gap_days": "平均购买间隔",
    "mean_order_amount": "笔单价",
}  # fmt: skip
"""Columns of ``person_features`` in Chinese; a merchant's own columns keep their names."""


@dataclass(frozen=True)
class Stability:
    """How well clusters come back when persons are drawn anew.

    ``clusters`` has one row per cluster: ``cluster, persons, jaccard`` (mean over draws of the best
    overlap with a cluster of the redrawn persons), ``verdict`` (unstable under .6, doubtful under .75,
    very stable over .85; Hennig 2007). ``ari`` is the mean agreement of whole labellings: 0 by chance,
    1 the same.
    """

    ari: float
    ari_low: float
    draws: int
    clusters: pd.DataFrame

    def sentence(self, lang: str = "en") -> str:
        """Say how many clusters can be relied on."""
        shaky = self.clusters[self.clusters["verdict"] == "unstable"]["cluster"].tolist()
        agreement = said(
            lang,
            f"Redrawing the persons {self.draws} times gives the same clusters with agreement {self.ari:.2f}; ",
            f"将人重抽{self.draws}次，各次分群的一致度为{self.ari:.2f}；",
        )
        if not shaky:
            return agreement + said(lang, "every cluster comes back.", "每一群都会再次出现。")
        which = said(lang, ", ", "、").join(map(str, shaky))
        return agreement + said(
            lang,
            f"cluster {which} does not come back and is not named: try fewer clusters."
            if len(shaky) == 1
            else f"clusters {which} do not come back and are not named: try fewer clusters.",
            f"第{which}群不会再次出现，因此不命名：可减少群数。",
        )


def cluster_stability(model, people: pd.DataFrame, draws: int = 50, seed: int = 1) -> Stability:
    """Refit ``model`` on ``draws`` bootstrap samples of ``people`` and compare with its own clusters.

    Parameters
    ----------
    model : fitted ``Clusters`` or ``KPrototypes``; where it chose their number, refits keep to it.
    people : the persons it was fitted on, persons × columns.
    """
    rng = np.random.default_rng(seed)
    own = np.asarray(model.predict(people))
    k = len(model.centres_)
    refit = clone(model).set_params(n_clusters=k)
    agreement, overlap = [], []
    for _ in range(draws):
        rows = rng.integers(0, len(people), len(people))
        again = clone(refit).fit(people.iloc[rows])
        drawn = np.unique(rows)
        new = np.asarray(again.predict(people.iloc[drawn]))
        agreement.append(adjusted_rand_score(own[drawn], new))
        overlap.append(_jaccard(own[drawn], new, k).max(axis=1))
    jaccard = np.nanmean(np.array(overlap), axis=0)
    bounds = [jaccard < UNSTABLE, jaccard < STABLE, jaccard <= VERY_STABLE]
    verdict = np.select(bounds, ["unstable", "doubtful", "stable"], "very stable")
    clusters = pd.DataFrame(
        {"cluster": np.arange(k), "persons": np.bincount(own, minlength=k), "jaccard": jaccard, "verdict": verdict}
    )
    return Stability(float(np.mean(agreement)), float(np.quantile(agreement, 0.05)), draws, clusters)


def cluster_profile(people: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """One row per cluster: persons, share, and the median of every column of numbers."""
    numbers = people.select_dtypes("number").assign(cluster=np.asarray(labels))
    table = numbers.groupby("cluster").median()
    size = numbers["cluster"].value_counts()
    table.insert(0, "persons", size.reindex(table.index).to_numpy())
    table.insert(1, "share", table["persons"] / len(numbers))
    return table.reset_index()


def cluster_names(
    people: pd.DataFrame, labels: np.ndarray, stability: Stability, lang: str = "en", words: int = 2
) -> dict[int, str]:
    """Return a name per cluster from the columns in which it differs most; unstable clusters get none.

    A column's difference is the cluster's mean rank less one half: ``high orders, low days_since_last``.
    """
    ranks = people.select_dtypes("number").rank(pct=True)
    means = ranks.groupby(np.asarray(labels)).mean() - 0.5
    high, low, middling, comma = HIGH_LOW[lang]
    titles = COLUMNS_ZH if lang == "zh" else {}
    unstable = set(stability.clusters[stability.clusters["verdict"] == "unstable"]["cluster"])
    names = {}
    for cluster, row in means.iterrows():
        strong = row[row.abs() >= 0.1].abs().nlargest(words).index
        parts = [f"{high if row[c] > 0 else low}{titles.get(str(c), c)}" for c in strong]
        names[int(cluster)] = NOT_NAMED[lang] if cluster in unstable else comma.join(parts) or middling
    return names


def match_labels(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return ``new`` renumbered so that as many persons as possible keep their cluster's number.

    >>> match_labels(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])).tolist()
    [0, 0, 1, 1]
    """
    k = int(max(np.max(old), np.max(new))) + 1
    shared = np.zeros((k, k))
    np.add.at(shared, (np.asarray(new), np.asarray(old)), 1)
    _, number = linear_sum_assignment(-shared)
    return number[np.asarray(new)]


def cluster_drift(model, before: pd.DataFrame, after: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """One row per cluster: share of persons on two days by the *same* model, the change and its interval.

    ``index`` is the cluster's part of the population stability index; their sum over .25 says that
    the persons have changed so much that the model should be learned anew.
    """
    k = len(model.centres_)
    was, now = (np.bincount(model.predict(p), minlength=k) for p in (before, after))
    p, q = was / len(before), now / len(after)
    half = normal_half(level) * np.sqrt(p * (1 - p) / len(before) + q * (1 - q) / len(after))
    safe_p, safe_q = (was + 0.5) / (len(before) + 0.5 * k), (now + 0.5) / (len(after) + 0.5 * k)
    return pd.DataFrame(
        {
            "cluster": np.arange(k), "share_before": p, "share_after": q, "change": q - p,
            "change_low": q - p - half, "change_high": q - p + half,
            "index": (safe_q - safe_p) * np.log(safe_q / safe_p),
        }
    )  # fmt: skip


def _jaccard(own: np.ndarray, new: np.ndarray, k: int) -> np.ndarray:
    """Own clusters × new clusters: shared persons over persons of either; NaN rows for clusters not drawn."""
    shared = np.zeros((k, k))
    np.add.at(shared, (own, new), 1)
    either = shared.sum(axis=1)[:, None] + shared.sum(axis=0)[None, :] - shared
    found = shared / np.where(either > 0, either, 1)
    return np.where(shared.sum(axis=1)[:, None] > 0, found, np.nan)
