"""Claims about linking: who is one person, who must not become one, and what stays the same."""

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.link import (
    coverage_sentence,
    link_accounts,
    link_coverage,
    link_doubts,
    link_evidence,
    link_merges,
    link_quality,
)
from retailkit.link.components import components
from retailkit.link.example import family
from retailkit.link.linked import MAX_ACCOUNTS

ACCOUNTS = {"merchant": "string", "account": "string", "system": "string", "unionid": "string", "phone_key": "string"}
MEMBERS = {"merchant": "string", "account": "string", "member_id": "string"}
ORDERS = {"merchant": "string", "account": "string", "net_amount": "int64"}
PAIRS = {"merchant": "string", "account": "string", "other": "string", "evidence": "string", "weight": "float64"}
TRUTH = {"merchant": "string", "account": "string", "person": "string"}


def table(rows, columns):
    return ibis.memtable(pd.DataFrame(rows, columns=list(columns)), schema=columns)


def tables(accounts=(), members=(), orders=(), pairs=()):
    """Canonical tables of merchant m from short tuples without the merchant."""
    return {
        "accounts": table([("m", *row) for row in accounts], ACCOUNTS),
        "members": table([("m", *row) for row in members], MEMBERS),
        "orders": table([("m", *row) for row in orders], ORDERS),
        "pairs": table([("m", *row) for row in pairs], PAIRS),
    }


def groups(persons):
    """The persons as a set of sets of accounts: what linking means, whatever the ids."""
    return {frozenset(part) for _, part in persons.execute().groupby("person")["account"]}


def flags(persons):
    return persons.execute().set_index("account")["flag"].fillna("").to_dict()


def test_unionid_joins_accounts_of_several_systems():
    persons = link_accounts(
        **tables(
            [("a:1", "a", "u1", None), ("b:1", "b", "u1", None), ("c:1", "c", "u1", None), ("a:2", "a", "u2", None)]
        )
    )
    assert groups(persons) == {frozenset({"a:1", "b:1", "c:1"}), frozenset({"a:2"})}
    assert sorted(persons.execute()["accounts"]) == [1, 3, 3, 3]


def test_evidence_passes_from_account_to_account():
    """Phone ties the card to the mini program, a binding ties that to the WeCom contact."""
    persons = link_accounts(
        **tables(
            [("crm:1", "crm", None, "p1"), ("mini:1", "mini", None, "p1")],
            pairs=[("mini:1", "wecom:1", "external_contact", 1.0)],
        )
    )
    assert groups(persons) == {frozenset({"crm:1", "mini:1", "wecom:1"})}


def test_an_account_that_only_an_order_names_is_an_account():
    persons = link_accounts(**tables(orders=[("household:208", 100), ("household:208", 5), (None, 7)])).execute()
    assert len(persons) == 1
    assert persons.loc[0, ["account", "system", "accounts"]].tolist() == ["household:208", "household", 1]


def test_family_phone_joins_nobody():
    assert {len(group) for group in groups(link_accounts(**family()))} == {1, 2}
    doubts = link_doubts(**family())
    assert set(doubts["account"]) == {"crm:dora", "crm:emil", "mini:dora-emil"}
    assert set(doubts["evidence"]) == {"phone"}


def test_store_phone_given_for_hundreds_of_members_joins_nobody():
    clerks = [(f"crm:{i}", "crm", None, "counter") for i in range(300)]
    assert len(groups(link_accounts(**tables(clerks)))) == 300


def test_a_phone_of_two_apps_of_one_unionid_is_not_shared():
    persons = link_accounts(
        **tables([("mini:1", "mini", "u1", "p"), ("mini:2", "mini", "u1", "p"), ("crm:1", "crm", None, "p")])
    )
    assert len(groups(persons)) == 1


@pytest.mark.parametrize("phone", [None, "", "138****0001"])
def test_empty_and_masked_phones_never_join(phone):
    accounts = [("crm:1", "crm", None, phone), ("mini:1", "mini", None, phone)]
    assert len(groups(link_accounts(**tables(accounts)))) == 2


def test_two_cards_of_one_system_are_flagged_not_hidden():
    persons = link_accounts(
        **tables(
            [("crm:1", "crm", "u1", None), ("crm:2", "crm", "u1", None), ("crm:3", "crm", "u3", None)],
            members=[("crm:1", "1001"), ("crm:2", "1002"), ("crm:3", "1003")],
        )
    )
    assert flags(persons) == {"crm:1": "two_member_numbers", "crm:2": "two_member_numbers", "crm:3": ""}


def test_member_numbers_of_two_systems_are_not_two_cards():
    persons = link_accounts(
        **tables(
            [("crm:1", "crm", "u1", None), ("shop:1", "shop", "u1", None)],
            members=[("crm:1", "1001"), ("shop:1", "77")],
        )
    )
    assert set(flags(persons).values()) == {""}


def test_equal_member_numbers_of_two_systems_are_two_persons():
    members = [("crm:1", "1001"), ("shop:1", "1001")]
    assert len(groups(link_accounts(**tables(members=members)))) == 2


def test_weak_pairs_are_left_out_and_counted():
    pairs = [("a:1", "b:1", "fuzzy", 0.95), ("a:2", "b:2", "fuzzy", 0.6)]
    assert len(groups(link_accounts(**tables(pairs=pairs)))) == 3
    evidence = link_evidence(**tables(pairs=pairs)).set_index("evidence")
    assert evidence.loc["fuzzy", ["edges", "merges", "left_out"]].tolist() == [1, 1, 1]


def test_persons_too_large_lose_their_weakest_evidence_and_are_listed():
    bound = [("mini:0", f"wecom:{i}", "external_contact", 1.0) for i in range(5)]
    guessed = [("mini:0", f"shop:{i}", "fuzzy", 0.99) for i in range(200)]
    persons = link_accounts(**tables(pairs=bound + guessed))
    assert max(len(group) for group in groups(persons)) == 6
    assert set(flags(persons).values()) == {"too_large"}
    assert (link_doubts(**tables(pairs=bound + guessed))["evidence"] == "fuzzy").sum() == 200


def test_merges_explain_how_accounts_became_persons():
    evidence = link_evidence(**family())
    last = evidence.iloc[-1]
    assert last["accounts"] - last["merges"] == last["persons"] == 4
    assert evidence["merges"].iloc[:-1].sum() == last["merges"]


def test_every_merge_shows_its_evidence():
    """A card by phone, a mini program by unionid, a contact by a binding; a stranger is not in it."""
    given_tables = tables(
        [
            ("crm:1", "crm", None, "p"),
            ("mini:1", "mini", "u", "p"),
            ("mini:2", "mini", "u", None),
            ("x:1", "x", "v", None),
        ],
        pairs=[("mini:2", "wecom:1", "external_contact", 1.0), ("x:1", "x:2", "order", 1.0)],
    )
    why = link_merges(**given_tables, of=["wecom:1"])
    ties = {(frozenset((row.account, row.other)), row.evidence) for row in why.itertuples()}
    assert ties == {
        (frozenset({"crm:1", "mini:1"}), "phone"),
        (frozenset({"mini:1", "mini:2"}), "unionid"),
        (frozenset({"mini:2", "wecom:1"}), "external_contact"),
    }
    everything = link_merges(**given_tables)
    accounts = set(everything["account"]) | set(everything["other"])
    assert len(groups(link_accounts(**given_tables))) == 6 - len(everything) == 2
    assert accounts == {"crm:1", "mini:1", "mini:2", "wecom:1", "x:1", "x:2"}


def test_linking_merchants_together_gives_the_ids_of_linking_each_alone():
    names = [(f"a:{i}", "a", f"u{i // 2}", None) for i in range(6)]
    pairs = [("a:0", "b:9", "order", 1.0)]
    whole = {name: given_table.union(given_table.mutate(merchant=ibis.literal("n")))
             for name, given_table in tables(names, members=[("c:1", "7")], pairs=pairs).items()}  # fmt: skip
    both = link_accounts(**whole).execute().set_index(["merchant", "account"])["person"]
    alone = link_accounts(**tables(names, members=[("c:1", "7")], pairs=pairs)).execute().set_index("account")["person"]
    assert both["m"].sort_index().equals(alone.sort_index())
    assert both["n"].sort_index().equals(alone.sort_index())


def test_merchants_are_never_joined():
    rows = [("m", "a:1", "a", "u1", "p"), ("n", "b:1", "b", "u1", "p")]
    accounts = table(rows, ACCOUNTS)
    empty = tables()
    persons = link_accounts(accounts, empty["members"], empty["orders"], empty["pairs"])
    assert persons.execute()["accounts"].tolist() == [1, 1]


def test_no_accounts_give_an_empty_persons_table():
    assert link_accounts(**tables()).execute().columns.tolist() == [
        "merchant", "account", "person", "system", "accounts", "flag",
    ]  # fmt: skip
    assert link_accounts(**tables()).count().execute() == 0
    assert link_doubts(**tables()).empty


# --- ids over time ---------------------------------------------------------------------------


def test_a_new_edge_relabels_only_its_person():
    accounts = [(f"a:{i}", "a", None, None) for i in range(6)]
    pairs = [("a:0", "a:1", "member_bind", 1.0), ("a:2", "a:3", "member_bind", 1.0)]
    before = link_accounts(**tables(accounts, pairs=pairs))
    after = link_accounts(**tables(accounts, pairs=[*pairs, ("a:3", "a:4", "order", 1.0)]), previous=before)
    old, new = (t.execute().set_index("account")["person"] for t in (before, after))
    assert new[["a:0", "a:1", "a:2", "a:3", "a:5"]].equals(old[["a:0", "a:1", "a:2", "a:3", "a:5"]])
    assert new["a:4"] == old["a:2"]


def test_a_smaller_new_account_does_not_rename_a_known_person():
    before = link_accounts(**tables([("b:1", "b", "u", None)]))
    after = link_accounts(**tables([("b:1", "b", "u", None), ("a:1", "a", "u", None)]), previous=before)
    assert set(after.execute()["person"]) == set(before.execute()["person"])


def test_parts_of_a_split_person_never_share_an_id():
    """The part without the founder has more accounts and keeps the id; the founder gets a new one."""
    accounts = [(f"a:{i}", "a", None, None) for i in range(4)]
    pairs = [("a:0", "a:1", "order", 1.0), ("a:1", "a:2", "order", 1.0), ("a:2", "a:3", "order", 1.0)]
    before = link_accounts(**tables(accounts, pairs=pairs))
    after = link_accounts(**tables(accounts, pairs=pairs[1:]), previous=before)
    person = after.execute().set_index("account")["person"]
    assert person["a:1"] == before.execute()["person"].iloc[0]
    assert person["a:0"] != person["a:1"]


# --- properties ------------------------------------------------------------------------------

PAIR_LISTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=14)


def of_numbers(pairs, name="a:{}".format):
    return tables(pairs=[(name(a), name(b), "member_bind", 1.0) for a, b in pairs])


@settings(max_examples=25, deadline=None)
@given(PAIR_LISTS, st.randoms())
def test_linking_ignores_row_order_and_direction(pairs, random):
    turned = [(b, a) if random.random() < 0.5 else (a, b) for a, b in pairs]
    random.shuffle(turned)
    one = link_accounts(**of_numbers(pairs)).execute().sort_values("account", ignore_index=True)
    two = link_accounts(**of_numbers(turned)).execute().sort_values("account", ignore_index=True)
    pd.testing.assert_frame_equal(one, two)


@settings(max_examples=25, deadline=None)
@given(PAIR_LISTS, st.permutations(range(10)))
def test_renaming_accounts_changes_nobody(pairs, order):
    plain = groups(link_accounts(**of_numbers(pairs)))
    renamed = groups(link_accounts(**of_numbers(pairs, lambda i: f"a:{order[i]}")))
    assert renamed == {frozenset(f"a:{order[int(a[2:])]}" for a in group) for group in plain}


@settings(max_examples=100, deadline=None)
@given(PAIR_LISTS)
def test_persons_are_the_closure_of_the_pairs(pairs):
    """An independent closure by repeated union gives the same components."""
    parts = [{i} for i in range(10)]
    for a, b in pairs:
        one = next(part for part in parts if a in part)
        two = next(part for part in parts if b in part)
        if one is not two:
            parts = [part for part in parts if part not in (one, two)] + [one | two]
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    label = components(10, {"member_bind": (ends[:, 0], ends[:, 1])}, MAX_ACCOUNTS).label
    assert {frozenset(np.flatnonzero(label == value).tolist()) for value in label} == set(map(frozenset, parts))


# --- coverage and quality --------------------------------------------------------------------


def test_coverage_counts_unknown_orders_and_never_drops_their_money():
    given_tables = tables(orders=[("a:1", 100), ("b:1", 300), (None, 600)], pairs=[("a:1", "c:1", "order", 1.0)])
    persons = link_accounts(**given_tables)
    coverage = link_coverage(given_tables["orders"], persons).set_index("system")
    assert coverage.loc[["a", "b", "unknown person"], "net_amount"].sum() == 1000
    assert coverage.loc["known person", "money_share"] == pytest.approx(0.4)
    assert coverage.loc["known person", "order_share"] == pytest.approx(2 / 3)
    assert coverage.loc["a", "linked_order_share"] == 1
    assert coverage.loc["known person", "linked_order_share"] == 0.5
    assert "40.0% of the money" in coverage_sentence(coverage.reset_index())


def test_coverage_of_no_orders_is_empty_and_says_so():
    coverage = link_coverage(tables()["orders"], link_accounts(**tables()))
    assert coverage.empty
    assert "no person is known" in coverage_sentence(coverage)
    assert "There is no order" in coverage_sentence(coverage)
    assert "没有任何订单" in coverage_sentence(coverage, "zh")


def test_money_that_was_all_paid_back_has_no_share():
    coverage = pd.DataFrame({"merchant": "m", "system": ["known person"], "orders": [9], "order_share": [0.9]})
    coverage = coverage.assign(money_share=np.nan, linked_order_share=0.0)
    for lang, words in (("en", "90.0% of the orders come from known persons"), ("zh", "90.0%的订单来自已识别人员")):
        assert coverage_sentence(coverage, lang).startswith(words)


def test_persons_of_whom_little_is_seen_are_warned_of():
    coverage = pd.DataFrame({"merchant": "m", "system": ["known person"], "orders": [3], "order_share": [0.3]})
    coverage = coverage.assign(money_share=0.3, linked_order_share=0.0)
    assert "seem to buy less often" in coverage_sentence(coverage)
    assert "频次偏低" in coverage_sentence(coverage, "zh")
    assert "seem to" not in coverage_sentence(coverage.assign(order_share=0.8))


def test_orders_of_nobody_are_told_from_no_orders():
    unnamed = tables(orders=[(None, 600)])
    coverage = link_coverage(unnamed["orders"], link_accounts(**unnamed))
    assert coverage_sentence(coverage).startswith("No order names the account that paid")
    assert coverage_sentence(coverage, "zh").startswith("没有订单写明付款账号")


def test_quality_counts_pairs():
    """Truth {1 2 3} {4}; found {1 2} {3 4}: one of two found pairs is right, one of three is found."""
    persons = table([("m", f"a:{i}", p) for i, p in enumerate("xxyy", 1)], TRUTH)
    truth = table([("m", f"a:{i}", p) for i, p in enumerate("rrrs", 1)], TRUTH)
    quality = link_quality(persons, truth).iloc[0]
    assert quality[["pairs_found", "pairs_true", "pairs_right"]].tolist() == [2, 3, 1]
    assert (quality["precision"], quality["recall"]) == (0.5, pytest.approx(1 / 3))


def test_quality_of_singletons_has_no_precision():
    persons = table([("m", "a:1", "x")], TRUTH)
    assert np.isnan(link_quality(persons, persons)["precision"].iloc[0])
