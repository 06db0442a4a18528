"""Before a study runs: who is one person is told by what was known before its day, and by nothing later."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from engines import quick

from retailkit.commands import prepare
from retailkit.commands.prepare import fingerprints, link_as_of, link_store
from retailkit.load import open_store, partitions, save_table
from retailkit.schema import TABLES
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


def test_whose_accounts_have_gone_has_no_persons_any_more_and_others_keep_theirs(tmp_path: Path) -> None:
    fill(tmp_path, BEFORE)
    fill(tmp_path, {name: [row | {"merchant": "n"} for row in rows] for name, rows in BEFORE.items()})
    assert link_store(str(tmp_path), ["m", "n"]) == (
        12,
        8,
    )  # by hand: a phone and a unionid join two of six accounts each
    for name in BEFORE:  # the file was read with a wrong layout
        save_table(tmp_path, name, frame(tmp_path, name).iloc[:0], merchants=["m"])
    assert link_store(str(tmp_path), ["m", "n"]) == (6, 4)
    assert frame(tmp_path)["merchant"].unique().tolist() == ["n"]


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


OLD_BIND = {"account_pairs": [bound("crm:2", "mini:1", "2018-01-10")]}  # of before the day, but loaded late


def test_what_was_linked_before_an_old_row_came_in_is_not_read(full: Path) -> None:
    link_as_of(str(full), ["m"], DAY)
    fill(full, OLD_BIND)  # loaded, and nobody has linked yet: the loader's process died, or another one reads meanwhile
    with pytest.warns(UserWarning, match="persons of m are linked by evidence"):
        frame(full, as_of=DAY)
    assert link_as_of(str(full), ["m"], DAY) == ["m"]
    assert frame(full, as_of=DAY).set_index("account")["accounts"]["crm:2"] == 3


def test_a_load_whose_linking_never_came_is_known_by_the_store(full: Path) -> None:
    link_as_of(str(full), ["m"], DAY)
    fill(full, {"merchants": [{"merchant": "m", "zone": "UTC"}]})  # ties no accounts
    assert not prepare._loaded_since_linked(str(full))
    fill(full, OLD_BIND)
    assert prepare._loaded_since_linked(str(full))
    link_store(str(full), ["m"])
    assert not prepare._loaded_since_linked(str(full))


def test_a_load_during_the_linking_leaves_nothing_stale(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = prepare._person_rows

    def slow(tables, previous):
        rows = link(tables, previous)
        if tables.as_of:  # meanwhile another process loads and links
            monkeypatch.setattr(prepare, "_person_rows", link)
            fill(full, OLD_BIND)
            link_store(str(full), ["m"])
        return rows

    monkeypatch.setattr(prepare, "_person_rows", slow)
    assert link_as_of(str(full), ["m"], DAY) == ["m"]
    assert link_as_of(str(full), ["m"], DAY) == ["m"]
    assert link_as_of(str(full), ["m"], DAY) == []
    assert frame(full, as_of=DAY).set_index("account")["accounts"]["crm:2"] == 3


def test_a_store_of_before_rows_bore_their_evidence_is_linked_again(
    full: Path, past: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = TABLES["persons_as_of"]
    old = replace(whole, columns=tuple(c for c in whole.columns if c.name != "evidence"))
    with monkeypatch.context() as then:
        then.setitem(TABLES, "persons_as_of", old)
        save_table(full, "persons_as_of", frame(full).assign(as_of=pd.Timestamp(DAY).date()), replace=False)
    assert link_as_of(str(full), ["m"], DAY) == ["m"]
    pd.testing.assert_frame_equal(frame(full, as_of=DAY), frame(past))


def test_coupons_and_mailings_of_later_without_their_time_name_nobody_of_a_past_day(past: Path, monkeypatch) -> None:
    coupon = {"merchant": "m", "campaign_id": "c", "currency": "CNY"}
    days = {"crm:7": "2018-03-09", "crm:8": "2018-03-10"}  # issued, not redeemed
    rows = [coupon | {"coupon_id": a, "account": a, "issued_at": pd.Timestamp(at)} for a, at in days.items()]
    campaign = {"merchant": "m", "campaign_id": "c", "starts_on": pd.Timestamp("2018-04-01")}
    push = {"merchant": "m", "push_id": "1", "account": "crm:9", "campaign_id": "c"}
    dated = {"merchant": "m", "push_id": "2", "account": "crm:1", "sent_on": pd.Timestamp("2018-01-02")}
    for few in (1, 200_000):
        monkeypatch.setattr(partitions, "FEW", few)
        fill(past, {"coupons": rows, "campaigns": [campaign], "pushes": [push, dated]})
        link_store(str(past), ["m"])
        assert link_as_of(str(past), ["m"], DAY) == ["m"]
        assert {"crm:7", "crm:8", "crm:9"} & set(frame(past, as_of=DAY)["account"]) == {"crm:7"}
        assert {"crm:7", "crm:8", "crm:9"} <= set(frame(past)["account"])


ZONES = {"m": "Asia/Shanghai", "w": "America/Los_Angeles", "k": "Pacific/Kiritimati", "u": "UTC"}


@pytest.mark.parametrize("few", [1, 200_000])
@pytest.mark.parametrize("day", ["2018-03-01", "2018-03-31", "2019-01-01"])
def test_months_and_zones_leave_what_a_store_without_later_rows_has(tmp_path, monkeypatch, few, day) -> None:
    monkeypatch.setattr(partitions, "FEW", few)
    rng = np.random.default_rng(5)
    known, later = {"orders": [], "account_pairs": []}, {"orders": [], "account_pairs": []}
    for merchant, zone in ZONES.items():
        for place, hours in enumerate(rng.normal(0, [20, 900], (15, 2)).ravel()):
            at = (pd.Timestamp(day) + pd.Timedelta(hours=float(hours))).floor("s")
            local = at.tz_localize("UTC").tz_convert(zone).tz_localize(None)
            some = known if local < pd.Timestamp(day) else later
            a, b = rng.integers(0, 12, 2)
            order = paid(str(place), f"crm:{a}", at, merchant) | {"paid_on": local.normalize()}
            some["orders"].append(order)
            some["account_pairs"].append(bound(f"crm:{a}", f"mini:{b}", at, merchant))
    kept = {"past": [known], "full": [known, later]}
    for store, parts in kept.items():
        fill(tmp_path / store, {"merchants": [{"merchant": m, "zone": z} for m, z in ZONES.items()]})
        for rows in parts:  # of one pair told twice the first stays, as in a store that never saw the second
            there = frame(tmp_path / store, "account_pairs")[["merchant", "account", "other"]]
            pairs = set(there.itertuples(index=False, name=None))
            new = [r for r in rows["account_pairs"] if (r["merchant"], r["account"], r["other"]) not in pairs]
            fill(tmp_path / store, {"orders": rows["orders"], "account_pairs": new})
        link_store(str(tmp_path / store), list(ZONES))
    assert link_as_of(str(tmp_path / "full"), list(ZONES), day) == sorted(ZONES)
    assert link_as_of(str(tmp_path / "full"), list(ZONES), day) == []
    of = ["merchant", "account"]
    then, alone = (
        frame(tmp_path / name, as_of=cut).sort_values(of, ignore_index=True)
        for name, cut in (("full", day), ("past", None))
    )
    pd.testing.assert_frame_equal(then, alone)


@pytest.mark.java
@pytest.mark.slow
def test_the_second_engine_reads_the_same_persons_of_a_past_day(full: Path) -> None:
    link_as_of(str(full), ["m"], DAY)
    opened = open_store(full, as_of=DAY, engine="spark")
    quick(opened.connection)
    spark = opened.persons.to_pandas().sort_values("account", ignore_index=True)
    pd.testing.assert_frame_equal(spark, frame(full, as_of=DAY), check_dtype=False)
