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
from retailkit.segment.errors import SaidError
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


def merchant_people(seed: int, n: int = 1500) -> tuple[pd.DataFrame, np.ndarray]:
    """Persons of three habits of unequal size, columns that move together, and one in fifty who is like nobody."""
    draw = np.random.default_rng(seed)
    kind = draw.choice(3, n, p=[0.15, 0.25, 0.6])
    orders = 1 + draw.poisson(np.array([18, 5, 0.6])[kind] * draw.gamma(4, 1 / 4, n))
    basket = draw.lognormal(np.log(np.array([4000, 30000, 5000])[kind]), 0.45)
    people = pd.DataFrame({
        "days_since_last": draw.gamma(2, np.array([8, 20, 110])[kind]).astype(int),
        "orders": orders,
        "net_amount": (basket * orders * draw.lognormal(0, 0.15, n)).astype(int),
        "guide_share": draw.beta(np.array([4, 12, 3])[kind], np.array([9, 3, 12])[kind]),
        "age_days": draw.integers(30, 730, n),
    })  # fmt: skip
    strange = draw.random(n) < 0.02
    people[strange] = people.apply(lambda column: draw.permutation(column.to_numpy()))
    return people, np.where(strange, -1, kind)


def noise(seed: int, n: int = 200) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 6)), columns=list("abcdef"))


@pytest.mark.parametrize("seed", range(10))
def test_habits_are_found_by_who_does_not_know_how_many_there_are(seed):
    people, kind = merchant_people(seed)
    model, known = Clusters().fit(people), kind >= 0
    assert adjusted_rand_score(kind[known], model.labels_[known]) >= 0.8
    assert f"{len(model.centres_)} fit these 1,500 persons best" in model.sentence()


@pytest.mark.parametrize("seed", range(5))
def test_persons_of_one_habit_stay_one_cluster(seed):
    draw = np.random.default_rng(seed)
    people = pd.DataFrame(draw.lognormal(8, 1, (800, 3)), columns=["a", "b", "c"])
    model = Clusters().fit(people)
    assert len(model.centres_) == 1
    assert "stay one" in model.sentence()


def test_many_persons_get_the_clusters_of_those_drawn_from_them():
    people, kind = merchant_people(11, n=30_000)
    model, known = Clusters().fit(people), kind >= 0
    assert len(model.labels_) == 30_000
    assert adjusted_rand_score(kind[known], model.labels_[known]) >= 0.8


def test_the_engine_scores_refunds_zeros_and_amounts_never_seen_alike():
    people, _ = merchant_people(12)
    people.loc[:9, "net_amount"] = [-5000, -1, 0, 0, 1, 2, 3, 10**9, 10**8, 7]
    model = Clusters().fit(people)
    later = people.assign(net_amount=people["net_amount"] * 50 - 1000, row=range(len(people)))
    scored = model.score_expression(ibis.memtable(later)).order_by("row").to_pandas()
    assert (scored["cluster"].to_numpy() == model.predict(later[people.columns])).all()


def test_stability_keeps_to_the_number_that_was_chosen():
    people, _ = merchant_people(13, n=600)
    model = Clusters().fit(people)
    found = cluster_stability(model, people, draws=5)
    assert len(found.clusters) == len(model.centres_)
    assert found.clusters["persons"].sum() == 600


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
    mixed = people.assign(category=np.array(["tea", "toys", "shoes", "milk"])[favourite])
    found = KPrototypes(4, words=["category"]).fit(mixed)
    assert adjusted_rand_score(kind, found.labels_) >= 0.8
    assert set(found.modes_[:, 0]) == {"tea", "toys", "shoes", "milk"}
    scored = found.score_expression(ibis.memtable(mixed.assign(row=range(len(mixed))))).order_by("row").to_pandas()
    assert (scored["cluster"].to_numpy() == found.predict(mixed)).all()


WORDS = {
    "a text that some have not": lambda kind: np.where(kind == 0, None, np.array(["tea", "toys", "shoes", ""])[kind]),
    "yes or no": lambda kind: kind > 1,
    "a code that some have not": lambda kind: pd.Series(kind, dtype="Int64").where(pd.Series(kind) > 0),
    "a code read as a float": lambda kind: np.where(kind == 0, np.nan, kind.astype(float)),
    "a share": lambda kind: kind / 2,
}


@pytest.mark.parametrize("words", WORDS)
def test_the_engine_reads_words_of_every_type_as_predict_does(words):
    people, kind = planted(5, n=300)
    mixed = people.assign(word=WORDS[words](kind))
    model = KPrototypes(4, words=["word"], gamma=5.0).fit(mixed)
    scored = model.score_expression(ibis.memtable(mixed.assign(row=range(len(mixed))))).order_by("row").to_pandas()
    assert (scored["cluster"].to_numpy() == model.predict(mixed)).all()
    assert (model.predict(mixed) == model.labels_).all()
    assert set(model.modes_[:, 0]) <= {"tea", "toys", "shoes", "true", "false", "0", "1", "2", "3", "0.5", "1.5"}


def test_a_column_without_words_is_refused():
    people, _ = planted(5, n=50)
    with pytest.raises(SaidError, match="a column of words is empty"):
        KPrototypes(2, words=["word"]).fit(people.assign(word=None))


@pytest.mark.parametrize("model", [Clusters(2), KPrototypes(2)])
def test_the_engine_gives_no_cluster_to_who_lacks_a_number(model):
    people, _ = planted(6, n=200)
    later = people.assign(orders=people["orders"].mask(people.index < 3), row=people.index)
    scored = model.fit(people).score_expression(ibis.memtable(later)).order_by("row").to_pandas()
    assert scored["cluster"].isna().tolist() == [True] * 3 + [False] * 197


def test_a_word_never_seen_still_gets_a_cluster():
    people, kind = planted(3)
    mixed = people.assign(category=kind.astype(str))
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
