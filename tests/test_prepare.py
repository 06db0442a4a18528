"""Before a study runs: who is one person is told by what was known before its day, and by nothing later."""

import warnings
from pathlib import Path

import pandas as pd
import pytest
from engines import quick

from retailkit.commands.prepare import fingerprints, link_as_of, link_store
from retailkit.load import open_store, save_table
from retailkit.segment import person_features

DAY = "2018-03-10"


def seen(account, at, phone=None, unionid=None, merchant="m"):
    at = pd.Timestamp(at)
    return {
        "merchant": merchant, "account": account, "first_seen_at": at, "phone_key": phone, "unionid": unionid,
        "system": account.split(":")[0],
    }  # fmt: skip


def paid(order_id, account, at, merchant="m"):
    at = pd.Timestamp(at)
    return {
        "merchant": merchant, "order_id": order_id, "account": account, "paid_at": at, "paid_on": at.normalize(),
        "gross_amount": 100, "net_amount": 100, "currency": "CNY", "status": "paid",
    }  # fmt: skip


def bound(account, other, at, merchant="m"):
    evidence = {"evidence": "member_bind", "weight": 1.0, "seen_at": pd.Timestamp(at)}
    return {"merchant": merchant, "account": account, "other": other} | evidence


BEFORE = {
    "accounts": [
        seen("crm:1", "2018-01-01"), seen("mini:1", "2018-01-05"),
        seen("crm:2", "2018-01-02", phone="p"), seen("mini:2", "2018-02-01", phone="p"),
        seen("crm:3", "2018-01-03", unionid="u"), seen("mini:3", "2018-03-01", unionid="u"),
    ],
    "orders": [paid("1", "mini:1", "2018-02-01 12:00"), paid("2", "crm:1", "2018-03-01 12:00")],
    "account_pairs": [bound("crm:3", "mini:3", "2018-03-01")],
}  # fmt: skip
LATER = {
    # the second customer of that phone makes it one that joins nobody; a new account joins two persons
    "accounts": [seen("crm:9", "2018-04-01", phone="p"), seen("wecom:4", "2018-05-01", unionid="u")],
    "orders": [paid("3", "web:5", "2018-06-01 12:00")],
    "account_pairs": [bound("crm:1", "mini:1", "2018-04-01"), bound("wecom:4", "crm:1", "2018-05-01")],
}


def fill(store: Path, rows: dict[str, list[dict]]) -> None:
    for name, some in rows.items():
        save_table(store, name, pd.DataFrame(some), replace=False)


def frame(store: Path, name: str = "persons", as_of: str | None = None) -> pd.DataFrame:
    return open_store(store, as_of=as_of)[name].to_pandas().sort_values("account", ignore_index=True)


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """A store of a merchant of whom nothing after the day was ever loaded, linked."""
    fill(tmp_path / "past", BEFORE)
    link_store(str(tmp_path / "past"), ["m"])
    return tmp_path / "past"


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """The same merchant's store after half a year more, linked."""
    fill(tmp_path / "full", BEFORE)
    fill(tmp_path / "full", LATER)
    link_store(str(tmp_path / "full"), ["m"])
    return tmp_path / "full"


def test_evidence_of_later_changes_no_person_of_a_day_that_is_past(past: Path, full: Path) -> None:
    assert link_as_of(str(full), ["m"], DAY) == ["m"]
    then = frame(full, as_of=DAY)
    pd.testing.assert_frame_equal(then, frame(past))
    # by hand: the phone and the unionid join two accounts each, the bind of crm:1 came in April
    sizes = then.set_index("account")["accounts"]
    assert sizes.to_dict() == {"crm:1": 1, "crm:2": 2, "crm:3": 2, "mini:1": 1, "mini:2": 2, "mini:3": 2}
    now = frame(full).set_index("account")["accounts"]
    assert now["crm:1"] == now["mini:3"] == 5
    assert now["crm:2"] == now["mini:2"] == 1


def test_buyers_of_a_past_day_are_not_joined_by_a_later_bind(past: Path, full: Path) -> None:
    link_as_of(str(full), ["m"], DAY)
    tables, alone = open_store(full, "m", DAY), open_store(past, "m", DAY)
    found = person_features(tables.orders, tables.persons, DAY).to_pandas().sort_values("person", ignore_index=True)
    known = person_features(alone.orders, alone.persons, DAY).to_pandas().sort_values("person", ignore_index=True)
    assert len(found) == 2
    pd.testing.assert_frame_equal(found, known)


def test_a_store_that_holds_nothing_later_needs_no_second_linking(past: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert link_as_of(str(past), ["m"], DAY) == []
        pd.testing.assert_frame_equal(frame(past, as_of=DAY), frame(past))


def test_whoever_reads_persons_of_a_past_day_unlinked_is_warned(full: Path) -> None:
    with pytest.warns(UserWarning, match="persons of m are linked by evidence of 2018-03-10 and later too"):
        frame(full, as_of=DAY)


def test_the_second_linking_is_done_once_and_again_when_more_was_loaded(full: Path) -> None:
    assert link_as_of(str(full), ["m"], DAY) == ["m"]
    assert link_as_of(str(full), ["m"], DAY) == []
    assert link_as_of(str(full), ["m"], "2018-04-15") == ["m"]  # another day stands beside it
    assert set(frame(full, "persons_as_of")["as_of"].astype(str)) == {DAY, "2018-04-15"}
    fill(full, {"account_pairs": [bound("crm:2", "mini:1", "2018-01-10")]})  # an old bind that came in late
    link_store(str(full), ["m"])
    assert frame(full, "persons_as_of").empty
    assert link_as_of(str(full), ["m"], DAY) == ["m"]
    assert frame(full, as_of=DAY).set_index("account")["accounts"]["crm:2"] == 3


def test_merchants_are_linked_each_by_its_own_later_rows(full: Path) -> None:
    # n has nothing later; q began later and had nobody before
    fill(full, {"accounts": [seen("crm:1", "2018-01-01", merchant="n"), seen("crm:1", "2018-06-01", merchant="q")]})
    fill(full, {"orders": [paid("1", "crm:1", "2018-02-01", "n"), paid("1", "crm:1", "2018-07-01", "q")]})
    link_store(str(full), ["m", "n", "q"])
    assert link_as_of(str(full), ["m", "n", "q"], DAY) == ["m"]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        then = frame(full, as_of=DAY)
    assert dict(then["merchant"].value_counts()) == {"m": 6, "n": 1}


def test_persons_of_a_past_day_make_no_chapter_run_again(full: Path) -> None:
    before = fingerprints(str(full), DAY)("m")
    link_as_of(str(full), ["m"], DAY)
    assert fingerprints(str(full), DAY)("m") == before


@pytest.mark.java
@pytest.mark.slow
def test_the_second_engine_reads_the_same_persons_of_a_past_day(full: Path) -> None:
    link_as_of(str(full), ["m"], DAY)
    opened = open_store(full, as_of=DAY, engine="spark")
    quick(opened.connection)
    spark = opened.persons.to_pandas().sort_values("account", ignore_index=True)
    pd.testing.assert_frame_equal(spark, frame(full, as_of=DAY), check_dtype=False)
