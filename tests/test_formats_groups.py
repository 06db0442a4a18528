"""Claims about groups: life with the living counted, activity, size rules, inviters."""

import numpy as np
import pandas as pd
import pytest
from formats_tables import canonical, of_accounts

from retailkit.formats.groups import (
    fee_payback,
    group_activity,
    group_life,
    group_lives,
    group_sizes,
    group_survival,
    inviters,
    life_sentence,
    size_bunching,
)

START = pd.Timestamp("2018-06-01")


def day(number):
    """Day 1 is the first of June 2018."""
    return str((START + pd.Timedelta(days=number - 1)).date())


def world(active, last=100, born=1, kinds=None, closed=None):
    """Groups and their days from {group: active days}; the record ends on day ``last``."""
    groups = [
        {"group_id": g, "kind": (kinds or {}).get(g), "created_at": day(born), "created_on": day(born),
         "closed_at": day(closed[g]) if closed and g in closed else None}
        for g in active
    ]  # fmt: skip
    days = [{"group_id": g, "day": day(d), "messages": 3, "members": 10} for g, when in active.items() for d in when]
    days.append({"group_id": "clock", "day": day(last), "messages": 0})
    return canonical("groups", groups), canonical("group_days", days)


def lives(*args, **more):
    return group_lives(*world(*args, **more), silent_days=14).set_index("group_id")


def test_a_group_dies_on_its_last_day_before_the_silence():
    found = lives({"dead": [1, 2, 10], "alive": [1, 12, 24, 36, 48, 60, 72, 84, 96]})
    assert found.loc["dead", ["days", "died"]].tolist() == [10, True]
    assert found.loc["alive", ["days", "died"]].tolist() == [86, False]


def test_waking_up_after_the_silence_is_still_a_death():
    found = lives({"woken": [1, 5, 40, 41]})
    assert found.loc["woken", ["days", "died"]].tolist() == [5, True]
    assert found.loc["woken", "last_active_on"] == pd.Timestamp(day(41)).date()


def test_silence_shorter_than_the_rule_at_the_end_is_not_a_death():
    """Silent since day 90 of 100: whether it died cannot be told, so it counts as alive on day 86."""
    found = lives({"quiet": [*range(1, 90, 10), 90]})
    assert found.loc["quiet", ["days", "died"]].tolist() == [86, False]


def test_exactly_k_silent_days_kill():
    assert lives({"g": [1, 16]}).loc["g", ["days", "died"]].tolist() == [1, True]
    assert lives({"g": [1, 15]}).loc["g", ["days", "died"]].tolist() == [15, True]


def test_a_group_that_never_spoke_lived_one_day():
    assert lives({"mute": []}).loc["mute", ["days", "died"]].tolist() == [1, True]


def test_a_closed_group_dies_when_it_is_closed():
    found = lives({"shut": [1, 10, 20, 30]}, closed={"shut": 12})
    assert found.loc["shut", ["days", "died"]].tolist() == [12, True]


def test_groups_too_young_to_be_judged_are_left_out():
    assert lives({"new": [95]}, born=95).empty


def test_life_of_simulated_groups_is_found_although_most_are_still_alive():
    """Lives are exponential with mean 36 days; groups are born over 60 days and seen until day 90."""
    draws = np.random.default_rng(8)
    groups, days = [], []
    for number in range(800):
        born, life = int(draws.integers(1, 61)), draws.exponential(36)
        groups.append({"group_id": f"g{number}", "created_at": day(born), "created_on": day(born)})
        last = min(born + int(life), 90)
        days += [{"group_id": f"g{number}", "day": day(d), "messages": 1} for d in range(born, last + 1)]
    found = group_lives(canonical("groups", groups), canonical("group_days", days), silent_days=7)
    life = group_life(found).set_index("kind").loc["all"]
    assert life["median_low"] <= 36 * np.log(2) + 1 <= life["median_high"] + 1
    assert life["mean_of_dead"] < 25
    assert "Half of" in life_sentence(group_life(found))


def test_kinds_are_compared():
    draws = np.random.default_rng(4)
    frame = pd.DataFrame({
        "merchant": "m", "group_id": range(200), "kind": ["run by guides", "left alone"] * 100,
        "days": np.where(np.arange(200) % 2, draws.integers(1, 20, 200), draws.integers(30, 90, 200)), "died": True,
    })  # fmt: skip
    assert group_life(frame).set_index("kind").loc["all", "p_kinds"] < 1e-6
    curve = group_survival(frame)
    assert set(curve["kind"]) == {"all", "run by guides", "left alone"}
    assert curve.groupby("kind")["survival"].min().eq(0).all()


def test_activity_by_week_with_quit_rate():
    groups = canonical("groups", [{"group_id": g, "kind": "k", "created_at": day(1)} for g in "ab"])
    rows = [
        {"group_id": "a", "day": "2018-06-04", "members": 10, "active_members": 5, "messages": 9, "quits": 1},
        {"group_id": "a", "day": "2018-06-05", "members": 10, "active_members": 0, "messages": 0, "quits": 1},
        {"group_id": "b", "day": "2018-06-04", "members": 30, "active_members": 0, "messages": 0, "new_members": 4},
    ]
    row = group_activity(groups, canonical("group_days", rows)).iloc[0]
    assert (row["groups"], row["groups_active"], row["joined"], row["quits"]) == (2, 1, 4, 2)
    assert row["active_share"] == pytest.approx(5 / 50)
    assert row["quit_rate"] == pytest.approx(2 / 40)


def test_bunching_above_a_rewarded_size_is_seen_and_a_smooth_world_shows_none():
    draws = np.random.default_rng(6)
    smooth = draws.integers(20, 140, 3000)
    sizes = lambda x: pd.DataFrame({"merchant": "m", "members": x})  # noqa: E731
    plain = size_bunching(sizes(smooth)).set_index("threshold")
    assert (plain["excess_low"] < 0).all()
    assert (plain["excess_high"] > 0).all()
    pushed = np.where((smooth >= 43) & (smooth < 50), 50, smooth)
    assert size_bunching(sizes(pushed)).set_index("threshold").loc[50, "excess_low"] > 50
    assert plain.loc[100, "passed_share"] == pytest.approx(1 / 3, abs=0.03)


def test_few_groups_give_no_expectation_instead_of_a_guess():
    found = size_bunching(pd.DataFrame({"merchant": "m", "members": [50, 51]}))
    assert found["expected"].isna().all()


def test_inviters_are_credited_once_and_only_for_orders_after_joining():
    members = canonical("group_members", [
        {"group_id": "q", "account": "a:1", "joined_at": "2018-06-01", "inviter": "koc:1"},
        {"group_id": "r", "account": "a:1", "joined_at": "2018-06-05", "inviter": "koc:2"},
        {"group_id": "q", "account": "a:2", "joined_at": "2018-06-02", "inviter": "koc:1"},
        {"group_id": "q", "account": "a:3", "joined_at": "2018-06-02"},
    ])  # fmt: skip
    orders = canonical("orders", [
        {"order_id": str(i), "account": a, "paid_at": d, "paid_on": d, "net_amount": n}
        for i, (a, d, n) in enumerate([("a:1", "2018-05-01", 900), ("a:1", "2018-06-03", 40), ("a:3", "2018-06-03", 7)])
    ])  # fmt: skip
    row = inviters(members, orders, of_accounts("a:1", "a:2", "a:3"))
    assert row[["inviter", "invited", "buyers", "orders", "net_amount"]].to_numpy().tolist() == [["koc:1", 2, 1, 1, 40]]


def test_fee_is_earned_back_by_those_whose_commission_reaches_it():
    """398 yuan at 20%: sales of 1,990 yuan earn it back; the median seller sells 1,000 a month."""
    sales = pd.DataFrame({"merchant": "m", "net_amount": [398_000, 200_000, 100_000, 0]})
    row = fee_payback(sales, fee=39_800, commission=0.2, months=2).iloc[0]
    assert (row["sellers"], row["earned_back"]) == (4, 2)
    assert row["median_months"] == pytest.approx(398 / (0.2 * 1000))


def test_no_groups_give_empty_tables_and_a_sentence():
    groups, days = canonical("groups"), canonical("group_days")
    found = group_lives(groups, days)
    for table in (found, group_survival(found), group_life(found), group_activity(groups, days), group_sizes(days),
                  size_bunching(group_sizes(days)),
                  inviters(canonical("group_members"), canonical("orders"), canonical("persons"))):  # fmt: skip
        assert table.empty
        assert table.columns[0] == "merchant"
    assert "No customer groups" in life_sentence(group_life(found))


def test_few_groups_bunch_by_chance_and_it_is_not_told():
    """Sizes fall off smoothly: a hundred groups used to be told to bunch, or to shun a size, in one case of six."""
    draws, told = np.random.default_rng(7), []
    for _ in range(120):
        found = size_bunching(pd.DataFrame({"merchant": "m", "members": np.ceil(draws.exponential(40, 100))}))
        found = found.dropna(subset=["expected"])
        assert ((found["excess_low"] <= found["excess"]) & (found["excess"] <= found["excess_high"])).all()
        told += ((found["excess_low"] > 0) | (found["excess_high"] < 0)).tolist()
    assert np.mean(told) <= 0.06


def test_groups_that_all_die_on_one_day_have_no_interval_of_nan():
    lives = pd.DataFrame({"merchant": "m", "kind": "x", "days": [5, 5], "died": [True, True]})
    assert "(not known to more than is on record)" in life_sentence(group_life(lives))
    assert "nan" not in life_sentence(group_life(lives), "zh")
