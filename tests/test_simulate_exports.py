"""The simulated vendors' files: same bytes from the same seed, known by the loaders, dirty where the truth says."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import binom
from threadpoolctl import threadpool_limits

import retailkit as rk
from retailkit.load.recognise import sniff
from retailkit.schema import OTHER_NAMES
from retailkit.simulate import profiles, simulate
from retailkit.simulate.vendors import OWN, exports

WHO = ("m05", "m06", "m08", "m09", "m10", "m13", "d01")
"""Between them they export every system; d01 is a donor."""
SMALL, MADE = 0.0005, 0.001
EXPORTS = [(p.id, e) for p in profiles() if p.id in WHO and p.id != "d01" for e in exports(p.exports)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate("doubling_1", tmp_path_factory.mktemp("simulated"), scale=MADE, merchants=WHO)


@pytest.fixture(scope="module")
def store(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store with every vendor's export and the accounts, loaded at once under a key of its own."""
    folder, page = tmp_path_factory.mktemp("loaded"), rk.read_cohort(made / "doubling_1.toml")
    wanted = tuple(s for s in page.sources if s.merchant or s.layout == "canonical_accounts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETAILKIT_KEY_FILE", str(folder / "key"))
        report = rk.load_cohort(page.model_copy(update={"sources": wanted}), folder / "store")
    assert report["status"].tolist() == ["loaded"] * (len(EXPORTS) + 1)
    return folder / "store"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter of the customers: whether bytes are the same does not depend on how many there are."""
    with threadpool_limits(2):
        return simulate("doubling_1", tmp_path_factory.mktemp("small"), scale=SMALL, merchants=WHO)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def table(folder: Path, name: str, merchant: str) -> pd.DataFrame:
    rows = pd.read_parquet(folder / "canonical" / f"{name}.parquet")
    return rows[rows["merchant"] == merchant].reset_index(drop=True)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(small: Path, tmp_path: Path) -> None:
    again = digests(simulate("doubling_1", tmp_path / "again", scale=SMALL, merchants=WHO))
    assert len(again) > 50
    assert again == digests(small)
    other = simulate("doubling_1", tmp_path / "other", seed=2, scale=SMALL, merchants=("d01",))
    assert not table(other, "orders", "d01").equals(table(small, "orders", "d01"))


def test_fewer_merchants_are_the_same_merchants(small: Path, tmp_path: Path) -> None:
    few = simulate("doubling_1", tmp_path, scale=SMALL, merchants=("m06", "d01"))
    assert digests(few / "exports" / "m06") == digests(small / "exports" / "m06")
    for path in (few / "canonical").iterdir():
        for merchant in ("m06", "d01"):
            assert table(few, path.stem, merchant).equals(table(small, path.stem, merchant)), path.stem


def test_the_bytes_do_not_depend_on_the_process_or_its_threads(small: Path, tmp_path: Path) -> None:
    """The simulation runs in a process of its own, on one core and under another hash seed."""
    code = (
        "import sys; from retailkit.simulate import simulate; "
        f"simulate('doubling_1', sys.argv[1], scale={SMALL}, merchants=sys.argv[2:])"
    )
    alone = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "TZ": "America/New_York"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path), *WHO], check=True, env=alone, preexec_fn=_on_one_core)
    assert digests(tmp_path / "doubling_1") == digests(small)


def _on_one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def test_every_file_says_that_it_is_simulated(made: Path) -> None:
    import pyarrow.parquet as pq

    for path in made.rglob("*.parquet"):
        assert b"SIMULATED" in pq.read_schema(path).metadata[b"notice"], path
    assert "SIMULATED" in (made / "truth" / "world.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("merchant", "export"), EXPORTS, ids=lambda x: x if isinstance(x, str) else x.file)
def test_sniff_names_the_layout_of_every_export(made: Path, merchant: str, export: object) -> None:
    assert sniff(made / "exports" / merchant / export.file).layout == export.layout


def test_quirks_are_there(made: Path) -> None:
    youzan = (made / "exports/m05/youzan_orders.csv").read_bytes()
    header = youzan.split(b"\n", 1)[0].decode("utf-8-sig").split(",")
    assert youzan.startswith(b"\xef\xbb\xbf")
    assert len(header) == 60
    assert header.count("分销员") == 2
    taobao = (made / "exports/m09/ExportOrderList.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        taobao.decode("utf-8")
    text = taobao.decode("gb18030")
    assert '"=""2865' in text
    assert "订单付款时间 ," in text
    assert ",'199" in text
    bill = (made / "exports/m06/wechat_pay_bill.csv").read_text(encoding="utf-8-sig").splitlines()
    assert bill[-2].startswith("总交易单数")
    assert all(line.startswith("`") for line in bill[1:-2])
    customers = (made / "exports/m05/youzan_customers.csv").read_text(encoding="gb18030").splitlines()
    assert customers[0].endswith(",")


def test_a_web_shops_quirks_are_there(made: Path) -> None:
    with (made / "exports/m08/orders_export.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows[0]) == 79
    first = {}
    for row in rows:
        first.setdefault(row["Name"], row)
    later = [row for row in rows if row is not first[row["Name"]]]
    assert later
    assert not any(row["Total"] or row["Id"] or row["Paid at"] for row in later), (
        "an order's cells are on its first row"
    )
    assert all(row["Total"] and row["Paid at"].endswith(" +0800") for row in first.values())
    assert rows[0]["Billing Phone"].startswith("'+86199")


def test_quirks_of_apis_are_there(made: Path) -> None:
    weimob = [json.loads(line)["orderInfo"] for line in (made / "exports/m13/weimob_order_list.jsonl").open("rb")]
    numbers = [order["orderBaseInfo"]["orderNo"] for order in weimob]
    assert min(n for n in numbers if isinstance(n, int)) > 2**53
    unpaid = [order for order in weimob if order["orderBaseInfo"]["payTime"] is None]
    assert 0 < len(unpaid) < len(weimob) / 2
    assert {type(order["payInfo"]["payAmount"]) for order in weimob} == {str}
    ga4 = [json.loads(line) for line in (made / "exports/m09/events.jsonl").open("rb")]
    bought = [e for e in ga4 if e["event_name"] == "purchase"]
    lost = [e for e in bought if e["ecommerce"]["transaction_id"] == "(not set)"]
    assert 0 < len(lost) < 0.02 * len(bought)
    assert all(len(e["event_timestamp"]) == 16 for e in ga4 if e["event_timestamp"] != "0"), "microseconds, as text"
    refunds = [e for e in ga4 if e["event_name"] == "refund"]
    assert refunds
    assert not any(e["event_params"] for e in refunds), "a refund belongs to no session"


def may_be_spoilt(path: Path, rows: int) -> int:
    """Count the rows of an export that carry an order's amount, time and number: no others are ever spoilt."""
    if path.name == "events.jsonl":
        events = [json.loads(line) for line in path.open("rb") if b'"purchase"' in line]
        return sum(e["event_name"] == "purchase" and e["ecommerce"]["transaction_id"] != "(not set)" for e in events)
    if path.name == "jd_orders.csv":  # a row for each line of an order
        return pd.read_csv(path, encoding="gb18030", dtype=str)["订单号"].nunique()
    if path.name == "orders_export.csv":
        return int(pd.read_csv(path, dtype=str)["Total"].notna().sum())
    if path.name == "wechat_pay_bill.csv":
        return int((pd.read_csv(path, dtype=str)["交易状态"] == "`SUCCESS").sum())
    return rows


def test_a_known_part_of_the_rows_is_dirty(made: Path) -> None:
    dirty = pd.read_parquet(made / "truth" / "dirty.parquet")
    assert set(dirty["kind"]) == {"amount", "time", "id"}
    spoilt = total = 0
    for (merchant, file), bad in dirty.groupby(["merchant", "file"]):
        could = may_be_spoilt(made / "exports" / merchant / file, bad["rows"].iloc[0])
        assert binom.cdf(len(bad), could, 0.002) > 0.001, f"too few of {could} rows of {merchant}'s {file}"
        assert binom.sf(len(bad) - 1, could, 0.002) > 0.001, f"too many of {could} rows of {merchant}'s {file}"
        spoilt, total = spoilt + len(bad), total + could
    assert set(dirty["file"]) >= {"events.jsonl", "orders_export.csv", "weimob_order_list.jsonl"}
    assert 0.001 < spoilt / total < 0.003


def test_loaders_keep_every_clean_order_and_set_the_dirty_ones_aside(made: Path, store: Path) -> None:
    t = rk.open_store(store, merchants=None, as_of="2019-06-15")
    loaded = t.orders.to_pandas()
    dirty = pd.read_parquet(made / "truth" / "dirty.parquet")
    truth = pd.read_parquet(made / "truth" / "order_causes.parquet")
    for merchant, export in EXPORTS:
        if "orders" not in export.replaces or "channel" not in export.replaces["orders"]:
            continue
        want = truth[truth["merchant"] == merchant].set_index("order_id")["gross_amount"]
        bad = dirty[(dirty["merchant"] == merchant) & (dirty["file"] == export.file)]["row_key"]
        got = loaded[(loaded["merchant"] == merchant) & (loaded["format"] != "platform")].set_index("order_id")
        assert set(got.index) == set(want.index) - set(bad), export.file
        assert (got["gross_amount"] == want.loc[got.index]).all(), export.file


@pytest.mark.parametrize(("merchant", "system"), [("m13", "weimob"), ("m09", "ga4")])
def test_customers_of_a_vendors_file_are_persons_of_the_truth(
    made: Path, store: Path, merchant: str, system: str
) -> None:
    orders = rk.open_store(store, merchants=merchant, as_of="2019-06-15").orders.to_pandas()
    private = orders[orders["format"] != "platform"].set_index("order_id")
    assert private["account"].str.startswith(f"{system}:").all()
    persons = pd.read_parquet(made / "truth" / "persons.parquet").set_index("account")["person"]
    causes = pd.read_parquet(made / "truth" / "order_causes.parquet")
    want = causes[causes["merchant"] == merchant].set_index("order_id").loc[private.index, "person"]
    assert (persons.loc[private["account"]].to_numpy() == want.to_numpy()).all()


def test_visits_that_web_analytics_tell_are_those_that_were_drawn(plain: Path, made: Path, store: Path) -> None:
    visits = rk.open_store(store, merchants="m09", as_of="2019-06-15").sessions.to_pandas().set_index("session_id")
    want = table(plain, "sessions", "m09").set_index("session_id").replace({"touchpoint": OTHER_NAMES})
    dirty = pd.read_parquet(made / "truth" / "dirty.parquet")
    lost = dirty[(dirty["merchant"] == "m09") & (dirty["file"] == "events.jsonl") & (dirty["kind"] == "time")][
        "row_key"
    ]
    want = want[~want["order_id"].isin(lost)]
    assert set(visits.index) == set(want.index), "a session with a purchase of no time is set aside whole"
    for column in ("started_at", "touchpoint", "furthest_step", "order_id", "campaign_id"):
        assert visits[column].sort_index().astype(str).tolist() == want[column].sort_index().astype(str).tolist(), (
            column
        )


@pytest.mark.parametrize("merchant", ["m09", "m13"])
def test_lines_of_an_order_are_what_was_paid_for_its_goods(plain: Path, store: Path, merchant: str) -> None:
    t = rk.open_store(store, merchants=merchant, as_of="2019-06-15")
    lines, orders = t.order_lines.to_pandas(), t.orders.to_pandas()
    private = orders[orders["format"] != "platform"]
    paid = lines.groupby("order_id")["net_amount"].sum()
    want = table(plain, "orders", merchant).set_index("order_id")
    want = (want["gross_amount"] - want["freight_amount"]).loc[private["order_id"]]
    assert (paid.loc[private["order_id"]].to_numpy() == want.to_numpy()).all()


def test_an_order_that_was_never_paid_is_no_order(store: Path) -> None:
    sources = rk.open_store(store, merchants="m13", as_of="2019-06-15").sources.to_pandas().set_index("layout")
    assert sources.loc["weimob_orders", "rows_skipped"] > 0


def test_no_phone_and_no_name_reaches_the_store(made: Path, store: Path) -> None:
    planted = set(pd.read_parquet(made / "truth" / "planted.parquet")["value"])
    assert {len(v) for v in planted if v.startswith("199")} == {11}
    t = rk.open_store(store, merchants=None, as_of="2019-06-15")
    for name in ("orders", "accounts", "guide_bindings", "group_members", "quarantine", "sessions"):
        rows = getattr(t, name).to_pyarrow()
        texts = [column.name for column in rows.schema if pa.types.is_string(column.type)]
        assert texts, "cells to look at"
        for column in texts:
            found = planted & set(rows[column].unique().to_pylist())
            assert not found, f"{name}.{column}"


def test_what_a_vendor_exports_is_told_once(made: Path) -> None:
    orders = table(made, "orders", "m05")
    assert set(orders["channel"]) == {"pos"}, "private orders are in the shop system's file"
    assert not (made / "canonical" / "sessions.parquet").exists(), "every merchant's visits are in its vendor's file"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same merchants with plain tables only: what the exports are made from."""
    return simulate(
        "doubling_1", tmp_path_factory.mktemp("plain"), scale=MADE, merchants=("m06", "m09", "m13"), vendors=False
    )


def test_red_packets_are_those_that_were_received(plain: Path, made: Path, store: Path) -> None:
    loaded = rk.open_store(store, merchants="m06", as_of="2019-06-15").red_packets.to_pandas().set_index("packet_id")
    want = table(plain, "red_packets", "m06").set_index("packet_id")
    received = want[want["received_at"].notna()]
    assert set(loaded.index) == set(received.index)
    for column in ("account", "sent_at", "received_at", "amount"):
        assert (loaded.loc[received.index, column].astype(str) == received[column].astype(str)).all(), column
    assert set(table(made, "red_packets", "m06")["packet_id"]) == set(want.index) - set(received.index)


def test_coupon_days_count_the_coupons(plain: Path, store: Path) -> None:
    days = rk.open_store(store, merchants="m09", as_of="2019-06-15").touchpoint_days.to_pandas()
    days = days[days["source_system"] == "card_coupons"]
    coupons = table(plain, "coupons", "m09")
    assert days["orders"].sum() == coupons["redeemed_at"].notna().sum()
    assert days["visits"].sum() == 2 * len(coupons)
    assert days["day"].is_unique


def test_live_rooms_that_were_held_are_actions_of_the_programme(store: Path) -> None:
    actions = rk.open_store(store, merchants="m09", as_of="2019-06-15").actions.to_pandas()
    live = actions[actions["action_id"].str.startswith("live:")]
    assert len(live) == 11, "13 Thursdays less two rooms called off"
    assert set(pd.to_datetime(live["starts_on"]).dt.day_name()) == {"Thursday"}
    assert live["starts_on"].astype(str).between("2018-10-01", "2018-12-31").all()


def test_every_plain_table_says_why_no_vendors_file_carries_it(made: Path) -> None:
    assert {p.stem for p in (made / "canonical").iterdir()} == set(OWN)
    private = table(made, "orders", "m10")
    assert set(private["channel"]) == {"pos"}
    for merchant in ("m05", "m06", "m08", "m09", "m10", "m13"):
        followers = table(made, "follower_days", merchant)
        assert set(followers["system"]) == {"wecom"}
        assert table(made, "red_packets", merchant)["received_at"].isna().all()
        lines = table(made, "order_lines", merchant)
        assert lines.empty or merchant in ("m05", "m06"), "Youzan's console and a payment bill do not split goods"
        assert not set(table(made, "accounts", merchant)["system"]) & {"taobao", "jd"}


def test_goods_of_platform_orders_come_in_taobaos_item_report(plain: Path, store: Path) -> None:
    lines = rk.open_store(store, merchants="m09", as_of="2019-06-15").order_lines.to_pandas()
    want = table(plain, "order_lines", "m09")
    ours, theirs = (f[f["order_id"].str.startswith("2865")].groupby("order_id") for f in (lines, want))
    assert set(ours.groups) == set(theirs.groups)
    orders = table(plain, "orders", "m09").set_index("order_id").loc[list(theirs.groups)]
    paid = orders["gross_amount"] - orders["freight_amount"]
    assert (orders["refund_amount"] > 0).any(), "the report's refunds tell no day, and are no part of a line"
    assert (ours["net_amount"].sum().loc[paid.index] == paid).all()
    assert (ours["quantity"].sum() == theirs["quantity"].sum()).all()


def test_youshu_tells_goods_and_the_days_of_returns(made: Path, store: Path) -> None:
    t = rk.open_store(store, merchants="m10", as_of="2019-06-15")
    lines, orders, back = t.order_lines.to_pandas(), t.orders.to_pandas(), t.refunds.to_pandas()
    private = orders[orders["format"] != "platform"].set_index("order_id")
    paid = lines[lines["order_id"].isin(private.index)].groupby("order_id")["net_amount"].sum()
    assert set(paid.index) == set(private.index), "an order that was set aside took its goods along"
    assert (paid == (private["gross_amount"] - private["freight_amount"]).loc[paid.index]).all()
    causes = pd.read_parquet(made / "truth" / "order_causes.parquet").query("merchant == 'm10'").set_index("order_id")
    want = causes["gross_amount"] - causes["net_amount"]
    assert back.set_index("order_id")["refund_amount"].sort_index().tolist() == want[want > 0].sort_index().tolist()


def test_weimobs_guide_list_is_the_roster(plain: Path, store: Path) -> None:
    loaded = rk.open_store(store, merchants="m13", as_of="2019-06-15").guides.to_pandas().set_index("guide")
    want = table(plain, "guides", "m13").set_index("guide")
    assert loaded[["shop_id", "region"]].sort_index().equals(want[["shop_id", "region"]].sort_index())


def test_a_donor_gives_its_sales_only(made: Path) -> None:
    shown = {p.stem for p in (made / "canonical").iterdir() if len(table(made, p.stem, "d01"))}
    assert shown == {"orders", "refunds", "daily_totals"}


def test_the_cohort_page_beside_the_files_names_what_was_made(made: Path) -> None:
    page = rk.read_cohort(made / "doubling_1.toml")
    assert page.simulated
    assert page.everyone_ids == WHO
    named = {f.resolve() for source in page.sources for f in page.files(source)}
    assert named == {p.resolve() for room in ("canonical", "exports") for p in (made / room).rglob("*") if p.is_file()}


def test_a_failed_simulation_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate("doubling_1", tmp_path, merchants=("d04",))
    before = digests(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("retailkit.simulate.write._write", full)
    with pytest.raises(OSError, match="No space"):
        simulate("doubling_1", tmp_path, merchants=("d04",), seed=2)
    assert digests(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["doubling_1"], "nothing half-written stays"


@pytest.mark.parametrize(("wrong", "says"), [({"scale": 0}, "more than 0"), ({"merchants": ["x9"]}, "no merchant x9")])
def test_wrong_choices_are_refused_before_anything_is_written(tmp_path: Path, wrong: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        simulate("doubling_1", tmp_path, **wrong)
    assert not list(tmp_path.iterdir())
