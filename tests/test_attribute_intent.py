"""Strata by past activity, against the whole table of persons x weeks that is never made."""

import numpy as np
import pandas as pd
import pytest

from retailkit.attribute.intent import HALF_LIFE_WEEKS, LEVELS, LEVELS_OF_INTENT, WEEK, activity_strata

PERSONS, LENGTH = 300, 100


@pytest.fixture(scope="module", params=[1, 2, 3])
def shop(request):
    rng = np.random.default_rng(request.param)
    rows = pd.DataFrame({"person": rng.zipf(1.6, 4000) % PERSONS, "day": rng.integers(0, LENGTH, 4000)})
    rows = rows.assign(week=rows["day"] // WEEK)
    events = rows.groupby(["person", "week"]).size().rename("n").reset_index()
    return events.sample(frac=1, random_state=request.param), rows.head(500), rng.random(PERSONS)


def _table(events):
    """Score of each person in each week, written as the sum over earlier weeks that it is."""
    weeks = -(-LENGTH // WEEK)
    counts = events.pivot_table(index="week", columns="person", values="n", fill_value=0)
    counts = counts.reindex(index=range(weeks), columns=range(PERSONS), fill_value=0).to_numpy(float)
    keep, score = 0.5 ** (1 / HALF_LIFE_WEEKS), np.zeros((weeks, PERSONS), dtype=np.float32)
    for w in range(1, weeks):
        score[w] = keep * (score[w - 1] + counts[w - 1])
    return score


def _edges(score, levels):
    """Where the sorted scores' square roots have added up to each equal part; scores to within one per cent."""
    known = np.sort(score[score > 0])
    coarse = (known.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    so_far = np.cumsum(np.sqrt(known.astype(float)))
    reached = {coarse[np.argmax(so_far >= so_far[-1] * part / levels)] for part in range(1, levels)}
    return np.sort(np.array([(edge.view(np.uint32) + np.uint32(0x10000)).view(np.float32) for edge in reached]))


def test_each_stratum_holds_an_equal_part_of_the_square_root_of_activity(shop):
    events, cases, _ = shop
    score = _table(events)
    edges = _edges(score, LEVELS)
    level = np.where(score > 0, 1 + np.searchsorted(edges, score), 0)
    strata = activity_strata(events, cases, PERSONS, LENGTH)
    assert (strata.own == level[cases["week"], cases["person"]]).all()
    width = [min(WEEK, LENGTH - WEEK * w) for w in range(len(level))]
    assert len(strata.days) == len(edges) + 2
    for stratum, days in enumerate(strata.days):
        assert days.tolist() == [(row == stratum).sum() * d for row, d in zip(level, width, strict=True)]


def test_everybody_is_at_risk_on_every_day(shop):
    events, cases, intent = shop
    for known in (None, intent):
        strata = activity_strata(events, cases, PERSONS, LENGTH, known)
        assert strata.days.sum() == PERSONS * LENGTH


def test_intent_parts_each_level_of_activity_into_fifths(shop):
    events, cases, intent = shop
    strata = activity_strata(events, cases, PERSONS, LENGTH, intent)
    plain = activity_strata(events, cases, PERSONS, LENGTH, levels=LEVELS_OF_INTENT)
    fifth = np.argsort(np.argsort(intent)) * 5 // PERSONS
    assert (strata.own == plain.own + len(plain.days) * fifth[cases["person"]]).all()


def test_a_shop_without_a_past_has_one_stratum():
    nobody = pd.DataFrame({"person": [], "week": [], "n": []}, dtype=int)
    case = pd.DataFrame({"person": [2], "week": [1]})
    strata = activity_strata(nobody, case, 3, 14)
    assert strata.own.tolist() == [0]
    assert strata.days.sum(axis=1).tolist() == [42, 0]
