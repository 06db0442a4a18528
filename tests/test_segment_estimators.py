"""Claims about the estimators: they are scikit-learn's kin and write themselves for the engine."""

import pickle

import ibis
import numpy as np
import pandas as pd
import pytest
from segment_data import random_orders, tables
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from retailkit.segment import RFM, Clusters, KPrototypes, person_features

COLUMNS = ["days_since_last", "orders", "net_amount"]
ESTIMATORS = [
    RFM(),
    RFM(method="jenks", bins=3),
    RFM(method="mean"),
    RFM(ties="order_of_appearance", ranked=(0,)),
    Clusters(),
    Clusters(n_clusters=2, shape="standard"),
    Clusters(n_clusters=2, method="kmeans"),
    KPrototypes(n_clusters=2),
]


def exceptions(estimator) -> dict[str, str]:
    """Checks that an estimator cannot pass, with the reason."""
    if isinstance(estimator, RFM) and estimator.ties == "order_of_appearance":
        reason = "ranks by order of appearance describe the rows at hand: that is why it is not the default"
        return {"check_methods_subset_invariance": reason}
    return {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=exceptions)
def test_estimators_keep_scikit_learns_contract(estimator, check):
    if check.func.__name__ == "check_array_api_input":
        return  # asks for other array libraries; ours take numpy and pandas, and say so in their tags
    check(estimator)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return person_features(*tables(random_orders(1, persons=150)), "2024-12-01").to_pandas()


@pytest.mark.parametrize("estimator", ESTIMATORS[:3] + ESTIMATORS[4:], ids=str)
def test_engine_pickle_clone_and_output_agree(estimator, people):
    model = clone(estimator).fit(people[COLUMNS])
    scored = model.score_expression(ibis.memtable(people)).order_by("person").to_pandas()
    frame = people.sort_values("person")
    if hasattr(model, "predict"):
        assert (scored["cluster"].to_numpy() == model.predict(frame[COLUMNS])).all()
        assert (pickle.loads(pickle.dumps(model)).predict(frame[COLUMNS]) == model.predict(frame[COLUMNS])).all()
    if hasattr(model, "transform"):
        out = model.set_output(transform="pandas").transform(frame[COLUMNS])
        assert list(out.columns) == list(model.get_feature_names_out())
        if isinstance(model, RFM):
            assert (scored[list(out.columns)].to_numpy() == out.to_numpy()).all()
            again = pickle.loads(pickle.dumps(model)).transform(frame[COLUMNS])
            assert (np.asarray(again) == out.to_numpy()).all()


def test_scores_pass_through_a_pipeline(people):
    pipe = make_pipeline(RFM(), StandardScaler()).set_output(transform="pandas")
    assert list(pipe.fit_transform(people[COLUMNS]).columns) == [f"{c}_score" for c in COLUMNS]


@pytest.mark.parametrize("model", [RFM(), Clusters(2)], ids=["RFM", "Clusters"])
def test_a_whole_table_of_features_is_told_which_columns_are_no_numbers(model):
    people = pd.DataFrame({
        "merchant": "m", "person": list("abcd"), "first_paid_on": pd.Timestamp("2024-01-01"),
        "days_since_last": [1, 9, 30, 200], "orders": [9, 5, 2, 1], "net_amount": [900, 400, 150, 80],
    })  # fmt: skip
    numbers = people[["days_since_last", "orders", "net_amount"]]
    with pytest.raises(
        ValueError, match=r"merchant, person, first_paid_on: no numbers; take the columns.*'net_amount'"
    ):
        model.fit(people)
    with pytest.raises(ValueError, match="merchant, person, first_paid_on: no numbers"):
        getattr(model.fit(numbers), "predict", model.transform)(people)
