"""Claims about data that cannot carry the chapter: each gives a sentence in both languages and a sensible result."""

import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
from segment_data import random_orders, tables

from retailkit import segment
from retailkit.segment.errors import SeveralMerchantsError

AS_OF = "2024-12-01"


def few() -> pd.DataFrame:
    return random_orders(1, persons=3)


def once() -> pd.DataFrame:
    orders = random_orders(2, persons=120).dropna(subset=["account"]).drop_duplicates("account")
    return orders[orders["account"].str[-3:].astype(int) % 7 != 1]  # the second accounts of a person


def one_value() -> pd.DataFrame:
    orders = random_orders(3, persons=120).drop_duplicates(["account", "paid_on"]).dropna(subset=["account"])
    orders = orders[orders["account"].str[-3:].astype(int) % 7 != 1]  # the second accounts of a person
    return orders.assign(gross_amount=500, refund_amount=0, net_amount=500)


def one_day() -> pd.DataFrame:
    return random_orders(3, persons=120).assign(paid_on=pd.Timestamp("2024-11-30"))


def no_persons() -> pd.DataFrame:
    return random_orders(4, persons=60).assign(account=pd.Series([None] * 300, dtype=object))


def refunded() -> pd.DataFrame:
    orders = random_orders(5, persons=120)
    return orders.assign(refund_amount=orders["gross_amount"] * 2, net_amount=-orders["gross_amount"])


CASES = {f.__name__: f for f in (few, once, one_value, one_day, no_persons, refunded)}


def chapter(orders: pd.DataFrame, lang: str, folder: Path) -> tuple[list[str], dict[str, pd.DataFrame]]:
    """Run the chapter's steps in order; return its sentences and tables."""
    table, persons = tables(orders)
    features = segment.person_features(table, persons, AS_OF).cache()
    named = segment.rfm_segments(features).cache()
    profile = segment.in_words(segment.segment_profile(named), lang)
    thresholds = segment.lifecycle_days(table, persons, AS_OF)
    states = segment.lifecycle_states(table, persons, ["2024-09-01", AS_OF], thresholds).cache()
    against = segment.rates_against_donors(segment.move_rates(segment.lifecycle_moves(states)), "m")
    worth, worth_says = segment.people_worth(features, 56, seed=1, lang=lang)
    churn, churn_says = segment.people_churn(table, persons, AS_OF, 56, lang)
    vintages = segment.vintage_retention(table, persons, AS_OF)
    expected = segment.next_spend(table, persons, AS_OF)
    today = states.filter(states.day == states.day.max())
    chosen = segment.choose_audience(named, today, expected, segment.tag_rules(), 1, lang=lang)
    sizes = segment.in_words(segment.audience_sizes(chosen), lang)
    segment.export_audience(chosen, persons, folder, "m")
    said = [
        *segment.doubts_about_people(features, lang=lang), segment.profile_sentence(profile, lang),
        thresholds.sentence(lang), segment.moves_sentence(against, lang), worth_says, churn_says,
        segment.vintage_sentence(vintages, lang), segment.audience_sentence(sizes, lang),
    ]  # fmt: skip
    return said, {"profile": profile, "worth": worth, "churn": churn, "sizes": sizes, "expected": expected}


@pytest.fixture(scope="module")
def answers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, str], tuple[list[str], dict[str, pd.DataFrame]]]:
    """What the chapter says of a case in a language; each is run once, and warns of nothing."""

    @cache
    def answered(name: str, lang: str) -> tuple[list[str], dict[str, pd.DataFrame]]:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return chapter(CASES[name](), lang, tmp_path_factory.mktemp(name))

    return answered


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", CASES)
def test_every_step_answers_in_sentences(name, lang, answers):
    said, found = answers(name, lang)
    for sentence in said:
        assert "nan" not in sentence.lower()
        assert any("\u4e00" <= c <= "\u9fff" for c in sentence) == (lang == "zh"), sentence
    assert np.isfinite(found["worth"].get("value", pd.Series(dtype=float)).to_numpy(float)).all()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("few", "Only 2 persons bought"),
        ("once", "Every person bought once"),
        ("one_value", "all repeaters spend the same"),
        ("one_value", "Every order had the same amount"),
        ("no_persons", "worth cannot be told: no order could be tied to a person"),
        ("one_day", "bought last on the same day"),
        ("no_persons", "No order could be tied to a person"),
        ("refunded", "persons got more refunded than they paid"),
    ],
)
def test_the_chapter_says_what_is_wrong(name, words, answers):
    said, _ = answers(name, "en")
    assert pd.Series(said).str.contains(words).any(), said


def test_refunds_above_payments_leave_no_share_of_spend(answers):
    said, found = answers("refunded", "en")
    assert found["profile"]["net_share"].isna().all()
    assert "All persons together were refunded" in " ".join(said)


def same_habit() -> pd.DataFrame:
    """Everybody bought on the same two days: no model of who leaves can be told from another."""
    one = random_orders(7, persons=40).dropna(subset=["account"]).drop_duplicates("account")
    days = [
        one.assign(paid_on=pd.Timestamp(day), order_id=one["order_id"] + day) for day in ("2024-10-01", "2024-11-01")
    ]
    return pd.concat(days, ignore_index=True)


@pytest.mark.parametrize(("lang", "words"), [("en", "without an interval|too much alike"), ("zh", "没有区间|过于相似")])
def test_histories_that_do_not_pin_the_model_down_give_no_interval(lang, words):
    features = segment.person_features(*tables(same_habit()), AS_OF)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        worth, says = segment.people_worth(features, 56, seed=1, lang=lang)
    assert re.search(words, says)
    assert np.isfinite(worth["value"].to_numpy(float)).all()
    assert worth["value_low"].isna().all()


def test_one_buyer_is_no_plural_and_no_tenth():
    orders = random_orders(8, persons=60).dropna(subset=["account"])
    one = orders[orders["account"] == orders["account"].iloc[0]]
    (doubt, *_), worth_says = (
        segment.doubts_about_people(segment.person_features(*tables(one), AS_OF)),
        segment.people_worth(segment.person_features(*tables(one.head(1)), AS_OF), 56, seed=1)[1],
    )
    assert doubt.startswith("Only 1 person bought")
    assert "of 1 person nobody bought on a second day" in worth_says


def test_a_person_without_orders_of_known_money_is_not_lost():
    orders = random_orders(6, persons=120)
    table, persons = tables(orders)
    features = segment.person_features(table, persons.filter(ibis._.person != "p0"), AS_OF)
    known = features.gross_amount.sum().to_pandas()
    assert 0 < known < orders[orders["paid_on"] < AS_OF]["gross_amount"].sum()


def test_where_all_were_refunded_not_all_are_said_to_score_lowest(answers):
    said, _ = answers("refunded", "en")
    table, persons = tables(CASES["refunded"]())
    scores = segment.rfm_segments(segment.person_features(table, persons, AS_OF)).to_pandas()
    assert scores["net_amount"].max() < 0
    assert set(scores["m"]) == {1, 2, 3, 4, 5}
    assert any("never above that of who paid" in sentence for sentence in said)


ONE_MERCHANTS = {
    "thresholds": lambda orders, persons: segment.lifecycle_days(orders, persons, AS_OF),
    "worth": lambda orders, persons: segment.people_worth(segment.person_features(orders, persons, AS_OF), 56, seed=1),
    "value": lambda orders, persons: segment.fit_value(segment.person_features(orders, persons, AS_OF).to_pandas()),
    "churn": lambda orders, persons: segment.people_churn(orders, persons, AS_OF, 28),
    "churn of the quick": lambda orders, persons: segment.fit_churn(orders, persons, AS_OF, 14, gap_days=0),
}


@pytest.mark.parametrize("name", ONE_MERCHANTS)
def test_two_merchants_are_not_pooled_into_one_answer(name):
    both = pd.concat([random_orders(1, persons=120), random_orders(2, persons=120, merchant="n")])
    with pytest.raises(SeveralMerchantsError, match="these rows are of m, n: filter them by merchant") as refused:
        ONE_MERCHANTS[name](*tables(both))
    assert "这些行属于m、n：请按merchant筛选" in refused.value.said("zh")


def test_a_second_merchant_whose_buyers_never_came_back_is_refused_too():
    once_only = random_orders(2, persons=120, merchant="n").dropna(subset=["account"]).drop_duplicates("account")
    both = pd.concat([random_orders(1, persons=120), once_only])
    with pytest.raises(SeveralMerchantsError, match="a lifecycle is one merchant's"):
        segment.lifecycle_days(*tables(both), AS_OF)
