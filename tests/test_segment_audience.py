"""Claims about assets, tags and audiences."""

from functools import cache

import ibis
import numpy as np
import pandas as pd
import pytest
from segment_data import random_orders, tables

from retailkit.segment import (
    asset_growth,
    audience_log,
    audience_sentence,
    audience_sizes,
    choose_audience,
    export_audience,
    in_words,
    lifecycle_moves,
    lifecycle_states,
    month_days,
    move_rates,
    moves_sentence,
    next_spend,
    people_worth,
    person_features,
    purchase_histories,
    rates_against_donors,
    reach,
    reach_sentence,
    rfm_segments,
    tag_changes,
    tag_counts,
    tag_overlap,
    tag_persons,
    tag_rules,
    two_views_sentence,
    unlisted_sentence,
    worth_by_segment,
)
from retailkit.segment.intervals import mean_interval, share_interval
from retailkit.segment.lifecycle import LifecycleDays
from retailkit.segment.tags import TagRuleError

AS_OF = "2024-12-01"
THRESHOLDS = LifecycleDays(20, 45, 90, gaps=0, learned=False)


@cache
def people(seed: int = 1) -> tuple[ibis.Table, ibis.Table]:
    """Segments and states of a made-up merchant's persons, for tests to read."""
    table, persons = tables(random_orders(seed))
    named = rfm_segments(person_features(table, persons, AS_OF).cache()).cache()
    states = lifecycle_states(table, persons, [AS_OF], THRESHOLDS).cache()
    return named, states


@cache
def expected(seed: int = 1) -> pd.DataFrame:
    return next_spend(*tables(random_orders(seed)), AS_OF)


def chosen(seed: int = 1, draw: int = 3) -> pd.DataFrame:
    return choose_audience(*people(seed), expected(seed).copy(), tag_rules(), seed=draw, hold_share=0.3)


def test_a_person_is_in_one_audience_at_most_and_the_first_rule_wins():
    frame = chosen()
    assert frame["person"].is_unique
    named, states = people()
    rows = named.inner_join(states.select("merchant", "person", "state"), ["merchant", "person"]).to_pandas()
    best = rows[(rows["m"] >= 4) & rows["state"].isin(["at_risk", "dormant"])]
    assert set(frame[frame["audience"] == "win_back_best"]["person"]) == set(best["person"])


def test_each_tag_says_the_values_that_met_its_rule():
    frame = chosen()
    second = frame[frame["audience"] == "win_back_best"].iloc[0]
    assert second["because"] == f"m={5 if 'm=5' in second['because'] else 4}, state={second['state']}"


def test_each_audience_holds_its_share_back_to_within_one_person():
    sizes = audience_sizes(chosen())
    assert ((sizes["held"] - 0.3 * sizes["persons"]).abs() < 1).all()


def test_the_held_back_group_is_the_same_in_every_run_and_moves_with_the_seed():
    first, other = chosen(draw=3)["group"].tolist(), chosen(draw=4)["group"].tolist()
    people.cache_clear(), expected.cache_clear()  # a run of its own
    assert chosen(draw=3)["group"].tolist() == first != other


def test_expected_spend_is_what_the_segments_spent_one_horizon_later():
    orders = random_orders(2)
    table, persons = tables(orders)
    found = next_spend(table, persons, AS_OF, horizon_days=61).set_index("segment")
    then = "2024-10-01"
    named = rfm_segments(person_features(table, persons, then)).to_pandas().set_index("person")["segment"]
    known = orders.merge(persons.to_pandas(), on=["merchant", "account"])
    later = known[(known["paid_on"] >= then) & (known["paid_on"] < AS_OF)].groupby("person")["gross_amount"].sum()
    by_hand = named.index.map(later).to_series(index=named).fillna(0).groupby(level=0)
    pd.testing.assert_series_equal(
        found["next_amount"].sort_index(), by_hand.mean().sort_index(), check_names=False, check_index_type=False
    )
    assert (found["bought_low"] <= found["bought_share"]).all()


def test_that_nobody_of_a_segment_bought_is_not_certain_to_come_again():
    found = next_spend(*tables(random_orders(1, persons=40)), AS_OF, horizon_days=14)
    bought = found["bought_share"] * found["persons"]
    a_buyer_spent = (found["next_amount"] * found["persons"]).sum() / bought.sum()
    none = found[(bought == 0) & (found["persons"] > 1)]
    assert len(none) == 5
    assert (none["next_low"] == 0).all()
    assert none["next_high"].tolist() == pytest.approx((none["bought_high"] * a_buyer_spent).tolist())


def test_export_holds_the_merchants_own_ids_and_no_phones(tmp_path):
    frame = chosen()
    persons = tables(random_orders(1))[1].to_pandas()
    phones = persons.assign(account="phone:" + persons["account"].str[-3:])
    path = export_audience(frame, ibis.memtable(pd.concat([persons, phones])), tmp_path, "m")
    rows = pd.read_csv(path, dtype=str)
    assert set(rows["system"]) == {"crm"}
    assert set(rows["group"]) == {"hold", "contact"}
    assert set(rows["id"]) <= set(persons["account"].str[4:])
    assert rows["reason"].notna().all()
    told = rows.merge(persons.assign(id=persons["account"].str[4:]), on="id").merge(
        frame[["person", "audience", "reason", "expected_amount"]], on="person", suffixes=("", "_chosen")
    )
    assert len(told) == len(rows) > 20
    assert set(told["person"]) == set(frame["person"])
    assert (told["reason"] == told["reason_chosen"]).all()
    assert (told["audience"] == told["audience_chosen"]).all()
    assert (told["expected_minor_units"].astype(float) - told["expected_amount"]).abs().max() <= 0.5  # whole fen


def test_what_nobody_did_before_is_unknown_and_not_nought():
    everybody_today = random_orders(3, persons=120).assign(paid_on=pd.Timestamp("2024-11-30"))
    table, persons = tables(everybody_today)
    named = rfm_segments(person_features(table, persons, "2024-12-01"))
    states = lifecycle_states(table, persons, ["2024-12-01"], THRESHOLDS)
    spend = next_spend(table, persons, "2024-12-01")  # nobody had bought one horizon ago
    sizes = audience_sizes(choose_audience(named, states, spend, tag_rules(), seed=1))
    assert sizes["persons"].sum() == 103
    assert sizes[["expected_amount", "expected_low", "expected_high"]].isna().all(axis=None)
    assert "spend anyway cannot be told" in audience_sentence(sizes)
    assert "无法预期其消费" in audience_sentence(sizes, "zh")


def test_nobody_in_an_audience_still_writes_a_file_with_its_header(tmp_path):
    table, persons = tables(random_orders(1))
    none = rfm_segments(person_features(table, persons, "2000-01-01"))
    states = lifecycle_states(table, persons, ["2000-01-01"], THRESHOLDS)
    frame = choose_audience(none, states, next_spend(table, persons, "2000-01-01"), tag_rules(), seed=1)
    sizes = audience_sizes(frame)
    assert frame.empty
    assert sizes.empty
    assert "No known buyer meets" in audience_sentence(sizes)
    assert list(pd.read_csv(export_audience(frame, persons.limit(0), tmp_path, "m")).columns)[:2] == [
        "merchant",
        "audience",
    ]


def test_sizes_add_up():
    frame = chosen()
    sizes = audience_sizes(frame)
    assert sizes["persons"].sum() == len(frame)
    assert sizes["held"].sum() == (frame["group"] == "hold").sum()
    assert sizes["expected_amount"].sum() == pytest.approx(frame["expected_amount"].sum())


def test_tag_counts_overlap_and_changes_agree_with_sets(tmp_path):
    page = tmp_path / "own.toml"
    page.write_text(
        """
[[tag]]
name = "many"
family = "habit"
priority = 1
when = [["orders", ">=", 5]]
en = "Many"
zh = "多"
reason = { en = "often", zh = "常" }

[[tag]]
name = "big"
family = "spend"
priority = 1
when = [["net_amount", ">", 20000], ["orders", "not in", [1]]]
en = "Big"
zh = "大"
reason = { en = "much", zh = "多" }
""",
        encoding="utf-8",
    )
    rules = tag_rules(page)
    table, persons = tables(random_orders(4))
    was, now = (tag_persons(person_features(table, persons, d), rules) for d in ("2024-07-01", AS_OF))
    sets = [
        {tag: set(f[f["tag"] == tag]["person"]) for tag in ("many", "big")} for f in (was.to_pandas(), now.to_pandas())
    ]
    counts = tag_counts(now).set_index("tag")["persons"]
    assert counts.to_dict() == {tag: len(s) for tag, s in sets[1].items()}
    pair = tag_overlap(now).iloc[0]
    assert pair["persons"] == len(sets[1]["many"] & sets[1]["big"])
    assert pair["jaccard"] == pytest.approx(pair["persons"] / len(sets[1]["many"] | sets[1]["big"]))
    for row in tag_changes(was, now).itertuples():
        old, new = sets[0][row.tag], sets[1][row.tag]
        assert (row.kept, row.gained, row.lost) == (len(old & new), len(new - old), len(old - new))


def test_bad_tag_rules_say_everything_at_once(tmp_path):
    page = tmp_path / "bad.toml"
    page.write_text(
        '[[tag]]\nname = "a"\nfamily = "f"\n'
        '[[tag]]\nname = "b"\nfamily = "f"\npriority = 1\nwhen = [["orders", "~", 1]]\n'
        'en = "B"\nzh = "乙"\nreason = { en = "b", zh = "乙" }\n',
        encoding="utf-8",
    )
    with pytest.raises(TagRuleError, match=r"(?s)tag 1 \(a\) misses priority, when.*tag 'b' compares with '~'"):
        tag_rules(page)
    with pytest.raises(TagRuleError, match="need the columns state"):
        tag_persons(people()[0], tag_rules())


def test_assets_only_grow_and_a_person_counts_once():
    orders = random_orders(5)
    table, persons = tables(orders)
    full = persons.mutate(system=ibis.literal("crm"), accounts=ibis.literal(1, "int64"))
    accounts = persons.select("merchant", "account").mutate(first_seen_on=ibis.null("date"))
    growth = asset_growth(accounts, table, full, month_days("2024-01-01", AS_OF))
    every = growth[growth["system"] == "all"]
    assert every["persons"].is_monotonic_increasing
    bought = orders[orders["paid_on"] < AS_OF].merge(persons.to_pandas(), on=["merchant", "account"])
    assert every["persons"].iloc[-1] == bought["person"].nunique()
    assert every["accounts"].iloc[-1] == bought["account"].nunique()
    assert every["buyers"].tolist() == every["persons"].tolist()
    mailed = full.mutate(account="x" + full.account, person="x" + full.person).union(full)
    more = asset_growth(accounts, table, mailed, [AS_OF]).query("system == 'all'").iloc[0]
    last = every.iloc[-1]
    never_bought = full.person.nunique().to_pandas()
    assert (more["persons"], more["buyers"]) == (last["persons"] + never_bought, last["buyers"])


def test_assets_of_a_past_day_are_the_same_whatever_came_in_later():
    """A shop may write a buyer down as its customer long after the first order; until then only the order tells."""
    account = pd.Series(["shop:1", "shop:2", "shop:3"])
    persons = pd.DataFrame({"merchant": "m", "account": account, "person": account, "system": "shop", "accounts": 1})
    orders = pd.DataFrame({
        "merchant": "m", "order_id": ["a", "b"], "account": ["shop:1", "shop:2"], "gross_amount": 100, "net_amount": 100,
        "paid_at": pd.to_datetime(["2024-01-10", "2024-02-10"]), "paid_on": pd.to_datetime(["2024-01-10", "2024-02-10"]),
    })  # fmt: skip
    written = pd.to_datetime(pd.Series(["2024-03-20", "2024-02-01", "2024-01-05"]))
    accounts = pd.DataFrame({"merchant": "m", "account": account, "first_seen_on": written})
    early = accounts[accounts["first_seen_on"] < "2024-03-01"]  # what is there as of the first of March
    then, now = (asset_growth(a, orders, persons, ["2024-02-01", "2024-03-01"]) for a in (early, accounts))
    pd.testing.assert_frame_equal(then, now)
    assert now.query("system == 'shop'")[["accounts", "buyers"]].to_numpy().tolist() == [[2, 1], [3, 2]]


def test_reach_counts_messaged_persons_and_messages_dated_by_their_campaign():
    table, persons = tables(random_orders(6))
    known = persons.to_pandas()
    pushes = pd.DataFrame(
        {
            "merchant": "m",
            "campaign_id": ["c1", "c1", "old"],
            "account": [known["account"].iloc[0], "crm:none", known["account"].iloc[1]],
            "touchpoint": "mailing",
            "sent_on": pd.Series([pd.NaT] * 3),
        }
    )
    campaigns = pd.DataFrame({"merchant": "m", "campaign_id": ["c1", "old"], "starts_on": ["2024-09-01", "2024-01-01"]})
    found = reach(
        ibis.memtable(pushes).mutate(sent_on=ibis._.sent_on.cast("date")),
        ibis.memtable(campaigns).mutate(starts_on=ibis._.starts_on.cast("date")),
        table, persons, "2024-08-01", AS_OF,
    )  # fmt: skip
    assert found[["touchpoint", "persons", "buyers"]].to_numpy().tolist() == [["mailing", 1, 1]]
    nobody = found.assign(buyers=0, buyers_messaged_share=float("nan"))  # no order could be tied to a person
    assert reach_sentence(nobody) == "Since the start of the period mailing reached 1 person."
    assert "nan" not in reach_sentence(nobody, "zh")


def rates(persons: int, base: int, donors: tuple[float, ...] = (0.2, 0.25, 0.3)) -> pd.DataFrame:
    """One rate of a merchant, and of donors with 100 persons each."""
    rows = [("m", persons, base), *((f"d{i}", round(100 * s), 100) for i, s in enumerate(donors))]
    table = pd.DataFrame(rows, columns=["merchant", "persons", "base"]).assign(day="2024-09-01", rate="woken")
    low, high = share_interval(table["persons"], table["base"])
    return table.assign(share=table["persons"] / table["base"], share_low=low, share_high=high)


@pytest.mark.parametrize(
    ("persons", "base", "place", "words"),
    [
        (0, 1, "unknown", "Fewer than 20 buyers"),  # one buyer who did not come back says nothing of a merchant
        (8, 46, "within", "by more than chance"),  # 17% lies below 20%, its interval reaches above
        (60, 460, "below", "lies below all 3 donors"),
        (60, 100, "above", "lies above all 3 donors"),
    ],
)
def test_a_merchant_moved_unlike_the_donors_only_beyond_chance(persons, base, place, words):
    against = rates_against_donors(rates(persons, base), "m")
    assert against["place"].tolist() == [place]
    assert words in moves_sentence(against)


def test_the_exported_list_is_the_log_of_the_next_study(tmp_path):
    frame = chosen()
    persons = tables(random_orders(1))[1]
    log = audience_log(export_audience(frame, persons, tmp_path, "m"), persons)
    sent = frame.set_index("person")[["audience", "group"]].sort_index()
    assert log["person"].is_unique
    assert (log.set_index("person")[["audience", "group"]].sort_index() == sent).all(axis=None)
    one = sent[sent["group"] == "hold"].index[0]
    both = persons.mutate(
        person=(persons.person == one).ifelse(sent[sent["group"] == "contact"].index[0], persons.person)
    )
    linked = audience_log(tmp_path / "m" / "audiences.csv", both)
    assert len(linked) == len(log) - 2, "who was told both ways is neither contacted nor held back"


def test_two_expected_sums_that_differ_are_explained():
    frame = chosen()
    worth = frame[["merchant", "person"]].assign(value=frame["expected_amount"] * 3)
    assert "expects 300% of that sum" in two_views_sentence(frame, worth, 56)
    assert "预期为上述金额的300%" in two_views_sentence(frame, worth, 56, "zh")
    assert two_views_sentence(frame, worth.assign(value=frame["expected_high"]), 56) == "", "within the interval"
    assert two_views_sentence(frame, worth.head(0), 56) == ""


def test_rates_are_compared_with_the_donors_of_the_same_days():
    orders = pd.concat([random_orders(s, merchant=name, persons=80) for s, name in enumerate("mabcd")])
    table, persons = tables(orders)
    states = lifecycle_states(table, persons, ["2024-06-01", AS_OF], THRESHOLDS)
    rates = move_rates(lifecycle_moves(states))
    against = rates_against_donors(rates, "m").set_index("rate")
    donors = rates[(rates["merchant"] != "m") & (rates["rate"] == "kept") & (rates["base"] >= 20)]["share"]
    assert against.loc["kept", "donors_low"] == donors.min()
    assert against.loc["kept", "donors_high"] == donors.max()
    assert against.loc["kept", "donors"] == len(donors)
    assert moves_sentence(against.reset_index()).endswith((".", "causes."))
    alone = rates_against_donors(rates[rates["merchant"] == "m"], "m")
    assert (alone["place"] == "unknown").all()
    assert "Fewer than three donors" in moves_sentence(alone)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_name_has_words(lang):
    names = pd.DataFrame({"audience": [r.name for r in tag_rules().rules]})
    states = pd.DataFrame({"from_state": ["not_yet", "new", "active", "reactivated", "at_risk", "dormant", "lost"]})
    for table in (names, states):
        assert not (in_words(table, lang).iloc[:, 0] == table.iloc[:, 0]).any()


def test_worth_adds_up_over_segments_or_says_why_not():
    table, persons = tables(random_orders(1, persons=300))
    features = person_features(table, persons, AS_OF).cache()
    worth, says = people_worth(features, 56, seed=1)
    by_segment = worth_by_segment(worth, rfm_segments(features))
    assert by_segment["value"].sum() == pytest.approx(worth["value"].sum())
    assert by_segment["persons"].sum() == len(worth)
    assert "purchase days are expected" in says
    nobody = person_features(table, persons, "2000-01-01")
    empty, why = people_worth(nobody, 56, seed=1)
    assert "cannot be told" in why
    assert worth_by_segment(empty, rfm_segments(nobody)).empty


def test_a_small_merchant_leans_on_the_cohort_and_a_large_one_does_not():
    sizes = {"m": 150, "a": 400, "b": 400, "c": 400, "d": 400}
    orders = pd.concat([random_orders(s, merchant=name, persons=n) for s, (name, n) in enumerate(sizes.items())])
    table, persons = tables(orders)
    cohort = purchase_histories(table, persons, AS_OF)
    own = person_features(table.filter(table.merchant == "m"), persons, AS_OF)
    worth, says = people_worth(own, 56, seed=1, cohort=cohort)
    assert "leans on 4 other merchants" in says
    assert len(worth) == own.count().to_pandas()
    assert "leans on" not in people_worth(own, 56, seed=1, cohort=cohort.filter(cohort.merchant == "m"))[1]
    large = person_features(*tables(random_orders(9, persons=700)), AS_OF)
    assert "leans on" not in people_worth(large, 56, seed=1, cohort=cohort)[1]


def test_where_nobody_seems_to_leave_activity_is_not_told():
    orders = random_orders(3, persons=200)  # every account buys at random over the whole year
    features = person_features(*tables(orders), "2025-01-01")
    worth, says = people_worth(features, 56, seed=1)
    assert "nobody ever left" in says
    assert worth["alive"].isna().all()
    assert (worth["value_low"] <= worth["value"]).all()


def test_an_audience_of_which_nobody_is_held_back_promises_no_measurement():
    sizes = audience_sizes(chosen().assign(group="contact"))
    assert "nobody is held back, so what the message added cannot be told" in audience_sentence(sizes)
    assert "事后无法判断触达带来的增量" in audience_sentence(sizes, "zh")
    assert "so that the next study can tell" not in audience_sentence(sizes)


def test_tag_rules_that_are_not_shipped_are_answered_with_those_that_are():
    with pytest.raises(KeyError, match="no tag rules 'audience'; there are audiences, or give the path"):
        tag_rules("audience")


def test_who_is_known_by_a_phone_alone_is_said_to_be_missing_from_the_list(tmp_path):
    frame, persons = chosen(), tables(random_orders(1))[1].to_pandas()
    assert unlisted_sentence(frame, ibis.memtable(persons)) == ""
    hidden = set(frame["person"].head(3))
    account = persons["account"].where(~persons["person"].isin(hidden), "phone:" + persons["account"].str[-3:])
    few_ids = ibis.memtable(persons.assign(account=account))
    log = audience_log(export_audience(frame, few_ids, tmp_path, "m"), few_ids)
    assert set(frame["person"]) - set(log["person"]) == hidden
    assert f"3 persons of these {len(frame)}, known by a phone" in unlisted_sentence(frame, few_ids)
    assert "有3人不在名单内" in unlisted_sentence(frame, few_ids, "zh")


def test_new_buyers_are_no_more_unlike_the_donors_than_chance_makes_them():
    """Four merchants alike; without an interval one in two won more or fewer new buyers than all three donors."""
    draws, outside = np.random.default_rng(9), 0
    for _ in range(40):
        moves = pd.DataFrame(
            {"merchant": ["m", "a", "b", "c"], "persons": draws.poisson(50, 4), "from_state": "not_yet"}
        )
        there = moves.assign(from_state="active", persons=200)
        both = pd.concat([moves, there]).assign(day="2024-09-01", to_state="active")
        against = rates_against_donors(move_rates(both), "m").set_index("rate")
        outside += against.loc["new_buyers", "place"] != "within"
        row = against.loc["new_buyers"]
        assert row["share_low"] <= row["share"] <= row["share_high"]
    assert outside <= 6


def test_the_mean_of_a_handful_of_buyers_is_not_told_too_surely():
    """Normal amounts: a normal interval of three holds the truth in three of four, Student's in nine of ten."""
    seen = np.random.default_rng(3).normal(100, 20, (4000, 3))
    low, high = mean_interval(seen.mean(axis=1), seen.std(axis=1, ddof=1), np.full(4000, 3))
    assert ((low <= 100) & (high >= 100)).mean() == pytest.approx(0.9, abs=0.02)
    assert np.isnan(mean_interval([5.0], [np.nan], [1])).all()
