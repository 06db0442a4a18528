"""The merchant store: what was known when, replaced by key, whole or not at all, never locked."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from retailkit.load import LoadError, open_store, partitions, publish, save_table, unique, vacuum
from retailkit.load.publish import write_tables
from retailkit.load.published import active_files, read_manifest
from retailkit.load.staging import loading, shaped
from retailkit.schema import table


def order(order_id, paid_at="2018-03-01 12:00", gross=100, merchant="m", **more):
    at = pd.Timestamp(paid_at)
    base = {"merchant": merchant, "order_id": order_id, "paid_at": at, "paid_on": at.normalize()}
    return base | {"gross_amount": gross, "net_amount": gross, "currency": "CNY"} | more


def put(store, rows, name="orders", replace=False):
    return save_table(store, name, pd.DataFrame(rows), replace=replace)


def test_an_order_of_the_study_day_is_not_known_yet(tmp_path):
    put(tmp_path, [order("old", "2018-03-01 23:59"), order("new", "2018-03-02 00:01")])
    known = open_store(tmp_path, as_of="2018-03-02").orders.to_pandas()
    assert list(known["order_id"]) == ["old"]
    assert open_store(tmp_path).orders.count().to_pandas() == 2


def test_the_study_day_starts_at_the_merchants_midnight(tmp_path):
    put(tmp_path, [{"merchant": "m", "cohort": "c", "zone": "Asia/Shanghai"}], "merchants")
    base = {"merchant": "m", "guide": "g"}
    rows = [base | {"account": "a", "bound_at": pd.Timestamp("2018-03-01 15:59")}]  # 23:59 in Shanghai
    rows += [base | {"account": "b", "bound_at": pd.Timestamp("2018-03-01 16:01")}]  # already the next day
    put(tmp_path, rows, "guide_bindings")
    assert list(open_store(tmp_path, "m", "2018-03-02").guide_bindings.to_pandas()["account"]) == ["a"]


def test_what_happened_later_is_hidden_in_rows_known_before(tmp_path):
    seen = {"first_seen_at": pd.Timestamp("2018-01-01"), "left_at": pd.Timestamp("2018-06-01")}
    put(tmp_path, [{"merchant": "m", "account": "crm:1", **seen}], "accounts")
    assert open_store(tmp_path, as_of="2018-05-01").accounts.to_pandas()["left_at"].isna().all()
    assert open_store(tmp_path, as_of="2018-07-01").accounts.to_pandas()["left_at"].notna().all()


def test_an_order_whose_export_tells_no_refund_is_less_by_its_refunds(tmp_path):
    put(
        tmp_path,
        [
            order("silent"),
            order("zero", refund_amount=0),
            order("told", refund_amount=30, net_amount=70),
            order("kept"),
        ],
    )
    days = [
        ("silent", 20, "2018-03-05"),
        ("silent", 5, "2018-04-05"),
        ("zero", 100, "2018-03-06"),
        ("told", 30, "2018-03-06"),
    ]
    days += [(None, 7, "2018-03-06")]
    rows = [
        {
            "merchant": "m",
            "refund_id": str(i),
            "order_id": o,
            "refund_amount": a,
            "refunded_at": pd.Timestamp(d),
            "refunded_on": d,
        }
        for i, (o, a, d) in enumerate(days)
    ]
    put(tmp_path, [row | {"refunded_on": pd.Timestamp(row["refunded_on"])} for row in rows], "refunds")

    def net(as_of=None):
        store = open_store(tmp_path, as_of=as_of)
        known = store.orders.to_pandas().set_index("order_id")
        assert (known["gross_amount"] - known["refund_amount"].fillna(0) == known["net_amount"]).all()
        return known["net_amount"].to_dict()

    assert net() == {"silent": 75, "zero": 0, "told": 70, "kept": 100}
    assert net("2018-04-01") == {"silent": 80, "zero": 0, "told": 70, "kept": 100}
    assert net("2018-03-02") == {"silent": 100, "zero": 100, "told": 100, "kept": 100}


def test_a_refund_of_later_that_an_orders_own_row_tells_was_not_known_yet(tmp_path):
    rows = [
        order("both", refund_amount=50, net_amount=50),  # 20 by the day, 30 after it
        order("undated", refund_amount=40, net_amount=60),
        order("more", refund_amount=10, net_amount=90),  # its refunds add up to more than the row tells
        order("freight", refund_amount=30, net_amount=60),  # net of something else too
        order("older", refund_amount=30, net_amount=70),  # exported when the first of its two refunds was known
    ]
    put(tmp_path, rows)
    days = [
        ("older", 30, "2018-03-09"),
        ("older", 30, "2018-03-12"),
        ("both", 20, "2018-03-09"),
        ("both", 30, "2018-03-10"),
        ("more", 25, "2018-03-12"),
        ("freight", 30, "2018-03-12"),
    ]
    paid_back = [
        {"merchant": "m", "refund_id": str(i), "order_id": o, "refund_amount": a, "refunded_at": pd.Timestamp(d)}
        | {"refunded_on": pd.Timestamp(d)}
        for i, (o, a, d) in enumerate(days)
    ]
    put(tmp_path, paid_back, "refunds")
    then = open_store(tmp_path, as_of="2018-03-10").orders.to_pandas().set_index("order_id")
    assert then["refund_amount"].to_dict() == {
        "both": 20, "undated": 40, "more": 0, "freight": 0, "older": 30,
    }  # fmt: skip
    assert then["net_amount"].to_dict() == {
        "both": 80, "undated": 60, "more": 100, "freight": 90, "older": 70,
    }  # fmt: skip
    now = open_store(tmp_path).orders.to_pandas().set_index("order_id")["net_amount"]
    assert now.to_dict() == {"both": 50, "undated": 60, "more": 90, "freight": 60, "older": 70}


def test_a_refund_that_an_orders_net_amount_tells_is_not_taken_off_twice(tmp_path):
    put(tmp_path, [order("net", net_amount=80), order("gross")])
    paid_out = {
        "refunded_at": pd.Timestamp("2018-03-05"),
        "refunded_on": pd.Timestamp("2018-03-05"),
        "refund_amount": 20,
    }
    rows = [{"merchant": "m", "refund_id": o, "order_id": o, **paid_out} for o in ("net", "gross")]
    put(tmp_path, rows, "refunds")
    known = open_store(tmp_path).orders.to_pandas().set_index("order_id")["net_amount"]
    assert known.to_dict() == {"net": 80, "gross": 80}


def test_a_mailing_without_a_day_is_known_with_its_campaign(tmp_path):
    campaigns = [("early", "2018-01-01"), ("late", "2018-06-01")]
    put(
        tmp_path, [{"merchant": "m", "campaign_id": c, "starts_on": pd.Timestamp(d)} for c, d in campaigns], "campaigns"
    )
    put(tmp_path, [{"merchant": "m", "push_id": c, "campaign_id": c} for c, _ in campaigns], "pushes")
    assert list(open_store(tmp_path, as_of="2018-03-01").pushes.to_pandas()["push_id"]) == ["early"]


def test_every_table_is_there_with_its_columns_even_if_nothing_was_loaded(tmp_path):
    put(tmp_path, [order("1")])
    store = open_store(tmp_path, "m", "2019-01-01")
    assert not store.has("sessions")
    assert store.has("orders")
    assert store.sessions.to_pandas().empty
    assert list(store.sessions.columns) == list(store.sessions.schema().names)
    with pytest.raises(AttributeError, match="no canonical table 'order'"):
        _ = store.order


def test_an_unknown_merchant_is_refused_with_a_near_name(tmp_path):
    put(tmp_path, [order("1", merchant="store_367")])
    with pytest.raises(LoadError, match="did you mean store_367"):
        open_store(tmp_path, "store_376")
    with pytest.raises(LoadError, match="no published store"):
        open_store(tmp_path / "elsewhere")


@pytest.mark.parametrize("few", [0, 1, 2, 100])
def test_a_newer_row_of_the_same_key_replaces_the_old_one_in_any_month(tmp_path, monkeypatch, few):
    monkeypatch.setattr(partitions, "FEW", few)
    put(tmp_path, [order("1", gross=100), order("2", gross=200)])
    put(tmp_path, [order("1", "2018-04-05", gross=90)])
    frame = open_store(tmp_path).orders.to_pandas().set_index("order_id")
    assert frame["gross_amount"].to_dict() == {"1": 90, "2": 200}
    assert len(frame) == 2


def test_a_load_touches_only_its_own_merchants_and_months(tmp_path, monkeypatch):
    monkeypatch.setattr(partitions, "FEW", 0)
    put(tmp_path, [order("1", "2018-03-01"), order("2", "2018-04-01"), order("3", merchant="other")])
    before = {f["path"] for f in active_files(tmp_path, "orders", read_manifest(tmp_path)["tables"]["orders"])}
    mark = open_store(tmp_path, "other").fingerprint()
    put(tmp_path, [order("4", "2018-04-02")])
    after = {f["path"] for f in active_files(tmp_path, "orders", read_manifest(tmp_path)["tables"]["orders"])}
    assert len(before & after) == 2
    assert open_store(tmp_path, "other").fingerprint() == mark
    assert open_store(tmp_path, "m").fingerprint() != mark


@pytest.mark.parametrize("name", ["my store", "店铺", "a#1?b", "50% off"])
def test_a_store_may_lie_in_a_folder_of_any_name(tmp_path, name):
    store = tmp_path / name / "store"
    for gross in (100, 250):
        put(store, [order("E1", gross=gross), order(f"E{gross}")])
    vacuum(store)
    stored = open_store(store, "m").orders.to_pandas().set_index("order_id")["gross_amount"]
    assert stored.to_dict() == {"E1": 250, "E100": 100, "E250": 100}
    with pytest.raises(LoadError, match="a percent sign and two figures"):
        put(tmp_path / f"{name}%20", [order("E1")])


def test_merchant_names_may_hold_any_letter(tmp_path):
    put(tmp_path, [order("1", merchant="店 %20/ä=1")])
    put(tmp_path, [order("2", merchant="店 %20/ä=1")])
    assert open_store(tmp_path, "店 %20/ä=1").orders.count().to_pandas() == 2


def test_a_derived_table_replaces_all_rows_of_its_merchants(tmp_path):
    person = {"merchant": "m", "system": "crm", "accounts": 1}
    put(tmp_path, [person | {"account": a, "person": a} for a in "ab"], "persons")
    put(tmp_path, [person | {"account": "a", "person": "z"}], "persons", replace=True)
    assert list(open_store(tmp_path).persons.to_pandas()["person"]) == ["z"]


def test_other_tools_read_the_store_as_delta_tables(tmp_path, monkeypatch):
    from deltalake import DeltaTable

    put(tmp_path, [order("1"), order("2", "2018-05-01")])
    frame = DeltaTable(tmp_path / "orders").to_pandas()
    assert sorted(frame["order_id"]) == ["1", "2"]
    assert set(frame["month"]) == {"all"}  # few rows: one file
    monkeypatch.setattr(partitions, "FEW", 0)
    put(tmp_path, [order("3", "2018-05-02")])
    frame = DeltaTable(tmp_path / "orders").to_pandas()
    assert sorted(frame["month"]) == ["2018-03", "2018-05", "2018-05"]


def test_rows_of_a_merchant_lie_in_one_file_until_they_are_many(tmp_path, monkeypatch):
    monkeypatch.setattr(partitions, "FEW", 3)
    months = [f"2018-{m:02d}-15" for m in range(1, 7)]

    def labels():
        version = read_manifest(tmp_path)["tables"]["orders"]
        return sorted(f["month"] for f in active_files(tmp_path, "orders", version))

    put(tmp_path, [order(d, d) for d in months[:3]])
    assert labels() == ["all"]
    assert list(open_store(tmp_path, as_of="2018-02-15").orders.to_pandas()["order_id"]) == ["2018-01-15"]
    put(tmp_path, [order(d, d) for d in months[3:]] + [order("2018-01-15", gross=7)])
    assert labels() == ["2018-02", "2018-03", "2018-04", "2018-05", "2018-06"]
    frame = open_store(tmp_path).orders.to_pandas().set_index("order_id")
    assert sorted(frame.index) == months
    assert frame.loc["2018-01-15", "gross_amount"] == 7


@pytest.mark.parametrize("one_by_one", [True, False])
def test_months_written_one_by_one_hold_the_same_rows(tmp_path, monkeypatch, one_by_one):
    from deltalake import DeltaTable

    monkeypatch.setattr(partitions, "FEW", 0)
    monkeypatch.setattr(partitions, "_one_by_one", lambda files: one_by_one)
    days = pd.date_range("2017-12-30 23:59", "2019-01-02", freq="11h")
    put(tmp_path, [order(str(i), d, i) for i, d in enumerate(days)])
    coupon = {"merchant": "m", "coupon_id": "c"}
    times = [{"redeemed_at": days[5]}, {"redeemed_on": pd.Timestamp("2018-03-31")}, {"amount": 5}]
    put(tmp_path, [coupon | t for t in times], "coupons")
    store = open_store(tmp_path)
    assert store.orders.gross_amount.sum().to_pandas() == sum(range(len(days)))
    assert store.orders.count().to_pandas() == len(days)
    assert store.orders.account.count().to_pandas() == 0  # a column that no row fills reads as empty
    frame = DeltaTable(tmp_path / "orders").to_pandas()
    assert frame["gross_amount"].sum() == sum(range(len(days)))
    assert frame["account"].isna().all()
    assert frame["month"].nunique() == 14
    assert store.coupons.count().to_pandas() == 3
    files = active_files(tmp_path, "coupons", store.versions["coupons"])
    assert sorted(f["month"] for f in files) == ["2018-01", "2018-03", "undated"]


def test_vacuum_keeps_what_is_published(tmp_path):
    for day in range(1, 16):
        put(tmp_path, [order(str(day), f"2018-03-{day:02d}")])
    assert vacuum(tmp_path) > 0
    assert open_store(tmp_path).orders.count().to_pandas() == 15


WRITER = """
import sys, time, pandas as pd
from retailkit.load import publish, save_table
store, dies = sys.argv[1], sys.argv[2]
real = publish._publish
def stop(*args):
    print("written", flush=True)
    time.sleep(60)
if dies == "before_publish":
    publish._publish = stop
at = pd.Timestamp("2018-03-01")
row = {"merchant": "m", "paid_at": at, "paid_on": at, "gross_amount": 2, "net_amount": 2}
save_table(store, "orders", pd.DataFrame([row | {"order_id": str(i)} for i in range(50)]), replace=False)
"""


def test_a_load_killed_before_it_publishes_leaves_the_previous_state(tmp_path):
    put(tmp_path, [order("1", gross=1)])
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path), "before_publish"],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert writer.stdout.readline().strip() == "written"
    assert open_store(tmp_path).orders.gross_amount.sum().to_pandas() == 1
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    assert open_store(tmp_path).orders.gross_amount.sum().to_pandas() == 1
    put(tmp_path, [order("2", gross=5)])  # the next load takes no notice of the dead one
    assert open_store(tmp_path).orders.gross_amount.sum().to_pandas() == 6


def test_readers_never_see_half_a_load(tmp_path):
    """Orders and lines are loaded together: at any moment their money agrees."""
    con = duckdb.connect()

    def both(gross):
        sql = "SELECT 'm' AS merchant, i::VARCHAR AS order_id, i::VARCHAR AS line, 'p' AS product_id, "
        sql += f"TIMESTAMP '2018-01-01' + INTERVAL (i) HOUR AS paid_at, {gross} AS gross_amount, {gross} AS net_amount"
        con.execute(f"CREATE OR REPLACE TABLE o AS {sql}, DATE '2018-01-01' AS paid_on FROM range(2000) r(i)")
        con.execute("CREATE OR REPLACE VIEW ov AS SELECT * EXCLUDE (line, product_id) FROM o")
        con.execute("CREATE OR REPLACE VIEW lv AS SELECT * EXCLUDE (gross_amount) FROM o")
        write_tables(con, tmp_path, {"orders": shaped("orders", "ov"), "order_lines": shaped("order_lines", "lv")})

    both(1)
    wrong, seen, done = [], set(), threading.Event()

    def read():
        while not done.is_set():
            store = open_store(tmp_path, "m", threads=1)
            orders = store.orders.net_amount.sum().to_pandas()
            lines = store.order_lines.net_amount.sum().to_pandas()
            seen.add(int(orders))
            if orders != lines:
                wrong.append((orders, lines))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for gross in (2, 3, 4, 5):
        both(gross)
        time.sleep(0.05)
    done.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert len(seen) >= 2


def test_a_full_disk_leaves_the_previous_state_and_no_litter(tmp_path, monkeypatch):
    put(tmp_path, [order("1")])
    files = set(tmp_path.rglob("*.parquet"))

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish, "_append", full)
    with pytest.raises(LoadError, match="disk is full") as error:
        put(tmp_path, [order("2")])
    assert "previous state is unharmed" in str(error.value)
    assert set(tmp_path.rglob("*.parquet")) == files
    assert open_store(tmp_path).orders.count().to_pandas() == 1


@pytest.mark.parametrize("at_a_time", [1, 7, 1 << 21])
def test_accounts_of_several_files_meet_alike_however_many_are_put_together_at_a_time(tmp_path, monkeypatch, at_a_time):
    monkeypatch.setattr(unique, "MERGED", at_a_time)
    first = pd.DataFrame({"merchant": "m", "account": [f"a{i}" for i in range(20)]}).assign(unionid="u", phone_key=None)
    later = first.iloc[10:].assign(unionid=None, phone_key="p")
    with loading(tmp_path, {}) as load:
        load.con.register("first_rows", first)
        load.con.register("later_rows", later)
        relations = [shaped("accounts", name) for name in ("first_rows", "later_rows")]
        rows = load.con.sql(f"FROM {unique.one_per_key(load.con, table('accounts'), relations, load.scratch)}").df()
    assert sorted(rows["account"]) == sorted(first["account"])
    assert (rows["unionid"] == "u").all()
    assert set(rows.loc[rows["phone_key"] == "p", "account"]) == set(later["account"])


def test_work_that_little_memory_cannot_do_is_done_with_more_and_the_rest_with_little_again(tmp_path):
    with loading(tmp_path, {}) as load:

        def memory():
            return load.con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]

        little, seen = memory(), []

        def work():
            seen.append(memory())
            if len(seen) == 1:
                raise duckdb.OutOfMemoryException("too little")
            return "done"

        assert load.within(work) == "done"
        assert seen[0] == little != seen[1]
        assert memory() == little


def test_a_store_may_be_named_by_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("store", [order("1")])
    put("store", [order("2")])
    assert open_store("store").orders.count().to_pandas() == 2


def account(phone=None, union=None, seen="2018-03-05 08:00"):
    at = pd.Timestamp(seen)
    base = {"merchant": "m", "account": "shop:1", "system": "shop", "phone_key": phone, "unionid": union}
    return base | {"first_seen_at": at, "first_seen_on": at.normalize()}


def test_a_later_file_that_knows_less_of_an_account_forgets_nothing(tmp_path):
    put(tmp_path, [account(phone="k1", union="u1")], "accounts")
    put(tmp_path, [account(union="u2", seen="2018-02-01 08:00")], "accounts")
    found = open_store(tmp_path).accounts.to_pandas()
    assert found[["phone_key", "unionid"]].to_numpy().tolist() == [["k1", "u2"]]
    assert str(found["first_seen_on"].iloc[0])[:10] == "2018-02-01"


def test_what_a_killed_load_left_goes_with_the_next_one_and_a_living_load_keeps_its_own(tmp_path):
    left = tmp_path / ".scratch-left"
    left.mkdir()
    (left / "rows.parquet").write_bytes(b"x")
    with loading(tmp_path, {}) as living:
        assert not left.exists()
        with loading(tmp_path, {}) as other:
            assert living.scratch.is_dir()
            assert living.scratch != other.scratch
        assert living.scratch.is_dir()
    assert not list(tmp_path.glob(".scratch-*"))
