"""Claims about clusters: planted groups are found, shaky ones are not named."""

import ibis
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from retailkit.segment import (
    Clusters,
    KPrototypes,
    cluster_drift,
    cluster_names,
    cluster_profile,
    cluster_stability,
)
from retailkit.segment.stability import NOT_NAMED, match_labels


def planted(seed: int, n: int = 900) -> tuple[pd.DataFrame, np.ndarray]:
    """Persons of four habits: regulars, rare spenders, gone regulars, tried once; skewed as retail is."""
    draw = np.random.default_rng(seed)
    kind = draw.integers(0, 4, n)
    days = draw.gamma(4, np.array([3, 25, 60, 45])[kind])
    orders = 1 + draw.poisson(np.array([24, 3, 14, 0.2])[kind])
    basket = draw.lognormal(np.log(np.array([3000, 40000, 4000, 2500])[kind]), 0.3)
    people = pd.DataFrame({"days_since_last": days, "orders": orders.astype(float), "basket": basket})
    return people, kind


def noise(seed: int, n: int = 200) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 6)), columns=list("abcdef"))


@pytest.mark.parametrize("method", ["kmeans", "mixture"])
def test_planted_segments_are_recovered(method):
    scores = [
        adjusted_rand_score(kind, Clusters(4, method=method).fit(people).labels_)
        for people, kind in (planted(seed) for seed in range(5))
    ]
    assert np.mean(scores) >= 0.8


def test_words_and_numbers_together_recover_planted_segments():
    people, kind = planted(1)
    draw = np.random.default_rng(2)
    favourite = np.where(draw.random(len(kind)) < 0.9, kind, draw.integers(0, 4, len(kind)))
    mixed = np.log(people).assign(category=np.array(["tea", "toys", "shoes", "milk"])[favourite])
    found = KPrototypes(4, words=["category"]).fit(mixed)
    assert adjusted_rand_score(kind, found.labels_) >= 0.8
    assert set(found.modes_[:, 0]) == {"tea", "toys", "shoes", "milk"}
    scored = found.score_expression(ibis.memtable(mixed.assign(row=range(len(mixed))))).order_by("row").to_pandas()
    assert (scored["cluster"].to_numpy() == found.predict(mixed)).all()


def test_a_word_never_seen_still_gets_a_cluster():
    people, kind = planted(3)
    mixed = np.log(people).assign(category=kind.astype(str))
    model = KPrototypes(4, words=["category"]).fit(mixed)
    assert model.predict(mixed.assign(category="new")).max() < 4


def test_planted_clusters_are_stable_and_named():
    people, _ = planted(4, n=500)
    model = Clusters(4).fit(people)
    found = cluster_stability(model, people, draws=20)
    assert (found.clusters["jaccard"] > 0.75).all()
    assert found.ari > 0.8
    names = cluster_names(people, model.labels_, found)
    assert NOT_NAMED["en"] not in names.values()
    assert "every cluster comes back" in found.sentence()


def test_clusters_of_noise_are_called_unstable_and_not_named():
    people = noise(1)
    model = Clusters(8).fit(people)
    found = cluster_stability(model, people, draws=20)
    assert (found.clusters["verdict"] == "unstable").any()
    assert NOT_NAMED["en"] in cluster_names(people, model.labels_, found).values()
    assert "not come back" in found.sentence()


def test_stability_is_the_same_in_every_run():
    people, _ = planted(5, n=200)
    model = Clusters(3).fit(people)
    one, two = (cluster_stability(model, people, draws=5, seed=3) for _ in range(2))
    assert one.ari == two.ari
    pd.testing.assert_frame_equal(one.clusters, two.clusters)


def test_row_order_does_not_change_who_is_together():
    people, _ = planted(6)
    order = np.random.default_rng(1).permutation(len(people))
    one = Clusters(4).fit(people).labels_
    two = Clusters(4).fit(people.iloc[order]).labels_
    assert adjusted_rand_score(one[order], two) > 0.98


def test_labels_match_across_refits():
    people, _ = planted(7)
    one = Clusters(4, random_state=1).fit(people).labels_
    two = (Clusters(4, random_state=2).fit(people).labels_ + 1) % 4
    assert (match_labels(one, two) == one).mean() > 0.95


def test_drift_sees_that_one_group_left():
    people, kind = planted(8)
    model = Clusters(4).fit(people)
    same = cluster_drift(model, people, people)
    assert same["change"].abs().max() == 0
    gone = cluster_drift(model, people, people[kind != 0])
    assert gone["index"].sum() > 0.25
    assert ((gone["change_low"] <= gone["change"]) & (gone["change"] <= gone["change_high"])).all()


def test_profile_counts_everyone():
    people, _ = planted(9)
    table = cluster_profile(people, Clusters(4).fit(people).labels_)
    assert table["persons"].sum() == len(people)
    assert table["share"].sum() == pytest.approx(1)


def test_one_value_or_too_few_persons_is_said():
    with pytest.raises(ValueError, match="different values: 1; 4 clusters need as many"):
        Clusters(4).fit(pd.DataFrame({"a": [1.0] * 10}))
    with pytest.raises(ValueError, match="clusters need at least as many persons"):
        KPrototypes(4).fit(pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="NaN or infinity"):
        KPrototypes(1, words=["w"]).fit(pd.DataFrame({"a": [1.0, np.nan], "w": ["x", "y"]}))
