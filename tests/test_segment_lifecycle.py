"""Claims about lifecycle states and moves."""

import pandas as pd
import pytest
from segment_data import random_orders, tables

from retailkit.segment.features import person_features
from retailkit.segment.lifecycle import (
    NOT_YET,
    LifecycleDays,
    lifecycle_counts,
    lifecycle_days,
    lifecycle_states,
)
from retailkit.segment.moves import lifecycle_moves, segment_moves
from retailkit.segment.rfm import fit_rfm
from retailkit.segment.segments import rfm_segments

DAYS = [f"2024-{month:02d}-01" for month in range(4, 13)]
THRESHOLDS = LifecycleDays(20, 45, 90, gaps=0, learned=False)


def by_hand(paid: list[pd.Timestamp], day: str, t: LifecycleDays) -> str | None:
    paid = sorted({p for p in paid if p < pd.Timestamp(day)})
    if not paid:
        return None
    end = pd.Timestamp(day) - pd.Timedelta(days=1)
    silent = (end - paid[-1]).days
    if silent > t.lost:
        return "lost"
    if silent > t.dormant:
        return "dormant"
    if silent > t.at_risk:
        return "at_risk"
    if (end - paid[0]).days <= t.at_risk:
        return "new"
    if len(paid) > 1 and (paid[-1] - paid[-2]).days > t.dormant:
        return "reactivated"
    return "active"


def test_states_equal_plain_python():
    orders = random_orders(1)
    table, persons = tables(orders)
    found = lifecycle_states(table, persons, DAYS, THRESHOLDS).to_pandas()
    found = {(row.person, str(row.day)[:10]): row.state for row in found.itertuples()}
    known = orders.merge(persons.to_pandas(), on=["merchant", "account"])
    expected = {
        (person, day): state
        for person, mine in known.groupby("person")
        for day in DAYS
        if (state := by_hand(list(mine["paid_on"]), day, THRESHOLDS))
    }
    assert found == expected
    assert set(found.values()) == {"new", "active", "reactivated", "at_risk", "dormant", "lost"}


def test_future_orders_change_no_state_and_no_threshold():
    orders = random_orders(2)
    now, later = orders[orders["paid_on"] < "2024-09-01"], orders
    days = DAYS[:6]
    first, second = (lifecycle_states(*tables(o), days, THRESHOLDS).to_pandas() for o in (now, later))
    order = ["person", "day"]
    pd.testing.assert_frame_equal(
        first.sort_values(order, ignore_index=True), second.sort_values(order, ignore_index=True)
    )
    assert lifecycle_days(*tables(now), "2024-09-01") == lifecycle_days(*tables(later), "2024-09-01")


def test_thresholds_are_quantiles_of_the_gaps():
    orders = random_orders(3)
    table, persons = tables(orders)
    known = orders.merge(persons.to_pandas(), on=["merchant", "account"])[["person", "paid_on"]].drop_duplicates()
    gaps = known.sort_values("paid_on").groupby("person")["paid_on"].diff().dropna().dt.days
    found = lifecycle_days(table, persons, "2025-01-05")
    assert found.learned
    assert found.gaps == len(gaps)
    expected = [int(gaps.quantile(q, interpolation="higher")) for q in (0.75, 0.9, 0.98)]
    assert [found.at_risk, found.dormant, found.lost] == pytest.approx(expected, abs=1)


def test_few_gaps_leave_the_defaults_and_say_so():
    found = lifecycle_days(*tables(random_orders(4, persons=5)), "2024-06-01")
    assert (found.at_risk, found.dormant, found.lost, found.learned) == (30, 90, 180, False)
    assert "defaults" in found.sentence()


def test_moves_account_for_everyone():
    table, persons = tables(random_orders(5))
    states = lifecycle_states(table, persons, DAYS, THRESHOLDS)
    moves, counts = lifecycle_moves(states), lifecycle_counts(states)
    for day in moves["day"].unique():
        here = moves[moves["day"] == day]
        assert here["persons"].sum() == counts[counts["day"] == day]["persons"].sum()
    from_outside = moves["from_state"] == NOT_YET
    assert moves[from_outside]["share"].isna().all()
    shares = moves[~from_outside].groupby(["day", "from_state"])["share"].sum()
    assert shares.to_numpy() == pytest.approx(1)
    assert (moves[~from_outside]["share_low"] <= moves[~from_outside]["share"]).all()


def test_nobody_turns_new_twice():
    table, persons = tables(random_orders(6))
    moves = lifecycle_moves(lifecycle_states(table, persons, DAYS, THRESHOLDS))
    back = moves[(moves["to_state"] == "new") & ~moves["from_state"].isin([NOT_YET, "new"])]
    assert back.empty


def test_a_move_between_segments_is_the_persons_own():
    orders = random_orders(7)
    table, persons = tables(orders)
    before = person_features(table, persons, "2024-09-01")
    after = person_features(table, persons, "2024-12-01")
    model = fit_rfm(before)
    moves = segment_moves(rfm_segments(before, model), rfm_segments(after, model))
    assert moves["persons"].sum() == after.count().to_pandas()
    still = segment_moves(rfm_segments(before, model), rfm_segments(before, model))
    assert (still["from_segment"] == still["to_segment"]).all()


def test_no_orders_give_no_states():
    table, persons = tables(random_orders(8))
    states = lifecycle_states(table, persons, ["1999-01-01", "1999-02-01"], THRESHOLDS)
    assert states.count().to_pandas() == 0
    assert lifecycle_moves(states).empty
    assert lifecycle_counts(states).empty
