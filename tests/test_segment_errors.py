"""Every error of the segments, and the names of clusters, are said in Chinese too."""

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from spoken import english

from retailkit import segment
from retailkit.segment.errors import SaidError

ROOT = Path(__file__).parent.parent
PEOPLE = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 1.0, 2.0], "c": list("xyx")})
NUMBERS = PEOPLE[["a", "b"]]
ORDERS = pd.DataFrame({"merchant": ["m", "n"], "days_since_last": [1, 2], "orders": [1, 2], "net_amount": [3, 4]})
WRONG = {
    "a method that is none": lambda: segment.RFM(method="deciles").fit(NUMBERS),
    "ties that are none": lambda: segment.RFM(ties="by name").fit(NUMBERS),
    "one list of edges for two columns": lambda: segment.RFM(method="fixed", edges=[[1]]).fit(NUMBERS),
    "falling edges": lambda: segment.RFM(method="percentile", edges=[50, 20]).fit(NUMBERS),
    "a percentile above 100": lambda: segment.RFM(method="percentile", edges=[50, 120]).fit(NUMBERS),
    "one class": lambda: segment.RFM(bins=1).fit(NUMBERS),
    "no column names": lambda: segment.RFM(bins=2).fit(NUMBERS.to_numpy()).score_expression(None),
    "ties by order in a table": lambda: (
        segment.RFM(bins=2, ties="order_of_appearance").fit(NUMBERS).score_expression(None)
    ),
    "two merchants": lambda: segment.fit_rfm(ORDERS),
    "two merchants, scored": lambda: segment.rfm_scores(ORDERS),
    "nobody": lambda: segment.fit_rfm(ORDERS.head(0)),
    "a shape that is none": lambda: segment.Clusters(2, shape="cube").fit(NUMBERS),
    "k-means of an unknown number": lambda: segment.Clusters(method="kmeans").fit(NUMBERS),
    "fewer persons than clusters": lambda: segment.Clusters(9).fit(NUMBERS),
    "no names for clusters": lambda: segment.Clusters(2).fit(NUMBERS.to_numpy()).score_expression(None),
    "fewer persons than prototypes": lambda: segment.KPrototypes(9, words=("c",)).fit(PEOPLE),
    "a missing number": lambda: segment.KPrototypes(2, words=("c",)).fit(PEOPLE.assign(a=[1.0, np.nan, 2.0])),
    "no names for prototypes": lambda: segment.KPrototypes(2).fit(NUMBERS.to_numpy()).score_expression(None),
    "a map that is none": lambda: segment.segment_map("mine"),
    "seeds of others": lambda: segment.lookalike_scores(NUMBERS, np.array([True])),
    "too few seeds": lambda: segment.lookalike_scores(NUMBERS, np.array([True, False, False])),
    "a learner that is none": lambda: segment.uplift_study(NUMBERS, None, NUMBERS, ["a"], learner="z"),
    "no log": lambda: segment.uplift_study(NUMBERS, None, NUMBERS, ["a"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_says_in_both_languages_what_is_wrong(name: str) -> None:
    with pytest.raises(SaidError) as caught:
        WRONG[name]()
    problem = caught.value
    assert isinstance(problem, ValueError)
    assert re.search("[a-z]{3}", str(problem))
    assert not re.search("[\u4e00-\u9fff]", str(problem))
    assert re.search("[\u4e00-\u9fff]{2}", problem.said("zh"))
    assert problem.__notes__ == [problem.said("zh")], "the traceback shows both"
    assert pickle.loads(pickle.dumps(problem)).said("zh") == problem.said("zh")


def test_every_error_of_the_segments_is_said_in_both_languages() -> None:
    """Only the choice of the language itself and of a public name are in English."""
    for page in (ROOT / "retailkit" / "segment").glob("*.py"):
        raised = re.findall(r"raise ((?:ValueError|KeyError|TypeError)\b)", page.read_text(encoding="utf-8"))
        assert not raised or page.name == "said.py", f"{page.name} raises {raised[0]} in English only"


def test_clusters_are_judged_and_named_in_chinese() -> None:
    draw = np.random.default_rng(1)
    groups = [pd.DataFrame(draw.normal(m, 0.3, (60, 2)), columns=["orders", "net_amount"]) for m in (1.0, 9.0)]
    people = pd.concat(groups, ignore_index=True)
    model = segment.Clusters(2).fit(people)
    found = segment.cluster_stability(model, people, draws=5)
    assert not english(found.sentence("zh"))
    for fitted in (model, segment.Clusters().fit(people), segment.Clusters().fit(groups[0])):
        assert not english(fitted.sentence("zh").replace("k-means", ""))
    assert set(segment.cluster_names(people, model.labels_, found, "zh").values()) == {
        "低订单数、低净消费",
        "高订单数、高净消费",
    }
