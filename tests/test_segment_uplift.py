"""Claims about lookalikes and uplift: planted effects are found, and no log means no number."""

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from retailkit.segment import lookalike_lift, lookalike_scores, policy_value, uplift_study
from retailkit.segment.lookalike import TooFewSeedsError
from retailkit.segment.uplift import NoTreatmentLogError, _curve, uplift_scores


def campaign(seed: int, n: int = 3000, share: float = 0.8) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Persons of whom those with a > 0 spend 5 more when contacted, the others nothing more."""
    draw = np.random.default_rng(seed)
    people = pd.DataFrame({"merchant": "m", "person": [f"p{i}" for i in range(n)], "a": draw.normal(size=n)})
    people["b"] = draw.normal(size=n)
    contacted = draw.random(n) < share
    spent = 10 + 2 * people["b"] + 5 * contacted * (people["a"] > 0) + draw.normal(0, 3, n)
    log = people[["merchant", "person"]].assign(group=np.where(contacted, "contact", "hold"))
    return people, log, people[["merchant", "person"]].assign(outcome=spent)


TREE = DecisionTreeRegressor(max_depth=4, min_samples_leaf=40, random_state=1)


@pytest.mark.parametrize(("learner", "base"), [("s", TREE), ("t", TREE), ("x", TREE), ("t", None)])
def test_planted_effect_and_its_owners_are_found(learner, base):
    people, log, outcome = campaign(1, n=2000)
    study = uplift_study(people, log, outcome, ["a", "b"], share_contacted=0.8, learner=learner, base=base)
    assert study.low < 2.5 < study.high
    top = study.persons.nlargest(700, "uplift").merge(people, on=["merchant", "person"])
    assert (top["a"] > 0).mean() > 0.9
    assert study.ranking == pytest.approx(study.qini["gain"].mean())
    assert study.ranking_low > 0
    assert "adds more" in study.sentence()
    assert "增量更大" in study.sentence("zh")


def test_without_an_effect_the_ranking_is_not_said_to_help():
    draw = np.random.default_rng(3)
    helped = 0
    for seed in range(5):
        people, log, outcome = campaign(seed, n=800)
        outcome["outcome"] = draw.normal(10, 3, len(outcome))
        study = uplift_study(people, log, outcome, ["a", "b"], share_contacted=0.8, seed=seed, base=TREE)
        helped += study.qini["low"].iloc[4] > 0
    assert helped <= 1


def test_a_ranking_by_lot_is_said_to_help_no_more_often_than_the_interval_allows():
    helped = []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        w = draw.random(1000) < 0.8
        low = _curve(draw.normal(size=1000), draw.gamma(1, 5, 1000) + w, w, draws=60, seed=seed)[2]
        helped.append(low > 0)
    assert np.mean(helped) < 0.1  # 5% by chance; any of nine shares would have it in 29%


def test_without_a_treatment_log_there_is_no_number_but_advice():
    people, log, outcome = campaign(2, n=200)
    for nothing in (None, log.head(0), log.drop(columns="group")):
        with pytest.raises(NoTreatmentLogError, match=r"no treatment log.*left alone"):
            uplift_study(people, nothing, outcome, ["a"])
    with pytest.raises(NoTreatmentLogError, match="at least 50 of each") as refused:
        uplift_study(people, log.assign(group="contact"), outcome, ["a"])
    assert "no treatment log" not in str(refused.value), "there is a log, it is only short"
    assert "没有触达记录" not in refused.value.said("zh")
    assert "hold" in refused.value.said("zh")


def test_groups_that_were_not_made_by_lot_are_refused():
    people, log, outcome = campaign(4)
    with pytest.raises(ValueError, match="do not fit the planned 50%"):
        uplift_study(people, log, outcome, ["a", "b"], share_contacted=0.5)


def test_a_person_counts_once_and_under_a_known_group():
    """Orders not added up, a person of two campaigns or another word for a group would shift the effect silently."""
    people, log, outcome = campaign(7, n=600)
    both = pd.concat([log, log.head(3).assign(group=log["group"].head(3).map({"contact": "hold", "hold": "contact"}))])
    wrong = {
        r"people: 2 rows .*'p0'": (pd.concat([people, people.head(2)]), log, outcome),
        r"log: 3 rows .*both ways": (people, both, outcome),
        r"outcome: 4 rows .*add up": (people, log, pd.concat([outcome, outcome.head(4)])),
        r"'contact' or 'hold', there is 'Contact' too": (
            people,
            log.replace({"group": {"contact": "Contact"}}),
            outcome,
        ),
    }
    for said, tables in wrong.items():
        with pytest.raises(ValueError, match=said):
            uplift_study(*tables, ["a", "b"], share_contacted=0.8, base=TREE)
    twice = uplift_study(people, pd.concat([log, log]), outcome, ["a", "b"], share_contacted=0.8, base=TREE)
    spent = outcome["outcome"].groupby(log["group"]).mean()
    assert twice.effect == pytest.approx(spent["contact"] - spent["hold"]), "a log read twice tells no more"


def test_persons_of_the_log_without_features_are_told():
    people, log, outcome = campaign(8, n=600)
    study = uplift_study(people.tail(590), log, outcome, ["a", "b"], share_contacted=0.8, base=TREE)
    assert study.left_out == 10
    assert "Left out: 10 persons of the log" in study.sentence()
    assert "10人" in study.sentence("zh")


def test_policy_value_matches_the_truth():
    people, log, outcome = campaign(5, n=20_000)
    w, y = (log["group"] == "contact").to_numpy(), outcome["outcome"].to_numpy()
    best = (people["a"] > 0).to_numpy()
    _, low, high = policy_value(best, y, w, 0.8)
    assert low < 12.5 < high
    assert high - low < 0.5
    assert policy_value(np.zeros(len(y), bool), y, w, 0.8)[0] == pytest.approx(10, abs=0.2)


def test_uplift_is_the_same_in_every_run():
    people, log, outcome = campaign(6, n=500)
    X, y, w = people[["a", "b"]].to_numpy(), outcome["outcome"].to_numpy(), (log["group"] == "contact").to_numpy()
    assert (uplift_scores(X, y, w, "t", 2, TREE) == uplift_scores(X, y, w, "t", 2, TREE)).all()


def seeds_like(seed: int, n: int = 1000) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(seed)
    people = pd.DataFrame(draw.normal(size=(n, 3)), columns=["a", "b", "c"])
    return people, draw.random(n) < 0.5 / (1 + np.exp(6 - 4 * people["a"]))


def test_lookalikes_of_a_real_trait_beat_the_lot_and_of_noise_do_not():
    people, seeds = seeds_like(1)
    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=20, random_state=1)
    lift = lookalike_lift(lookalike_scores(people, seeds), seeds).set_index("share")
    assert lift.loc[0.1, "lift_low"] > 2
    assert lift["recall"].is_monotonic_increasing
    noise = np.random.default_rng(2).random(len(people)) < 0.1
    lift = lookalike_lift(lookalike_scores(people, noise, base=tree), noise).set_index("share")
    assert lift.loc[0.2, "lift_low"] < 1.1


def test_equal_scores_reach_seeds_in_proportion():
    seeds = np.array([True] * 20 + [False] * 80)
    lift = lookalike_lift(np.ones(100), seeds, shares=(0.1, 0.5))
    assert lift["seeds"].tolist() == [2, 10]
    assert lift["lift"].tolist() == [1, 1]


def test_too_few_seeds_are_refused():
    people, _ = seeds_like(3)
    with pytest.raises(TooFewSeedsError, match="5 seeds and 995 others: at least 20"):
        lookalike_scores(people, np.arange(1000) < 5)
    with pytest.raises(ValueError, match="3 seed marks for 1000 persons"):
        lookalike_scores(people, np.ones(3))
