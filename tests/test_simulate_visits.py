"""Visits and orders that simulated merchants' web analytics and Youzan's API tell are those that were drawn."""

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import retailkit as rk
from retailkit.attribute import paid_through
from retailkit.load import load_file
from retailkit.load.recognise import sniff
from retailkit.schema import OTHER_NAMES
from retailkit.simulate import profiles, simulate
from retailkit.simulate.vendors import all_carried, exports

WHO = ("m03", "m11", "m12", "m13")
"""Google Analytics with orders (twice), Snowplow beside Youzan's API, Matomo beside Weimob's orders."""
TOLD = {"atomic_events.parquet", "getLastVisitsDetails.jsonl", "events.parquet", "youzan_trades.jsonl"}
FILES = [(p.id, e) for p in profiles() if p.id in WHO for e in exports(p.exports) if e.file in TOLD]
VISIT = (
    "account", "started_at", "started_on", "scene", "touchpoint", "format", "chan_id", "campaign_id", "guide", "group_id",
    "share_node", "share_parent", "share_origin", "order_id",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate("doubling_1", tmp_path_factory.mktemp("made"), scale=0.0005, merchants=WHO)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same merchants in plain tables: what the exports are made from."""
    return simulate("doubling_1", tmp_path_factory.mktemp("plain"), scale=0.0005, merchants=WHO, vendors=False)


@pytest.fixture(scope="module")
def store(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETAILKIT_KEY_FILE", str(folder / "key"))
        for merchant, export in FILES:
            load_file(made / "exports" / merchant / export.file, export.layout, merchant, folder / "store")
    return folder / "store"


def loaded(store: Path, name: str, merchant: str) -> pd.DataFrame:
    return getattr(rk.open_store(store, merchants=merchant, as_of="2019-06-15"), name).to_pandas()


def drawn(plain: Path, name: str, merchant: str) -> pd.DataFrame:
    rows = pd.read_parquet(plain / "canonical" / f"{name}.parquet")
    rows = rows[rows["merchant"] == merchant]  # exports say share, whoever opens the store reads sharing
    return rows.replace({"touchpoint": OTHER_NAMES}) if "touchpoint" in rows else rows


def lost_orders(made: Path, merchant: str, file: str, *kinds: str) -> set[str]:
    """Orders that a vendor's file spoils, by what is spoilt in them."""
    dirty = pd.read_parquet(made / "truth" / "dirty.parquet")
    mine = dirty["merchant"].eq(merchant) & dirty["file"].eq(file) & dirty["kind"].isin(kinds)
    return set(dirty.loc[mine, "row_key"])


def same(left: pd.Series, right: pd.Series) -> bool:
    return bool((left.astype(object).where(left.notna(), "") == right.astype(object).where(right.notna(), "")).all())


@pytest.mark.parametrize("merchant", WHO)
def test_visits_of_every_vendor_are_those_that_were_drawn(plain: Path, made: Path, store: Path, merchant: str) -> None:
    visits = loaded(store, "sessions", merchant).set_index("session_id")
    want = drawn(plain, "sessions", merchant).set_index("session_id")
    want = want[~want["order_id"].isin(lost_orders(made, merchant, "events.parquet", "time"))]
    assert set(visits.index) == set(want.index)
    visits = visits.loc[want.index]
    for column in VISIT:
        assert same(visits[column].astype("string"), want[column].astype("string")), column
    depth = want["share_depth"].where(want["share_parent"].notna())
    assert same(visits["share_depth"].astype("Float64"), depth.astype("Float64")), "an origin's depth is told by nobody"
    steps = want["furthest_step"].replace({"checkout": "cart"}) if merchant == "m13" else want["furthest_step"]
    assert same(visits["furthest_step"], steps), "Matomo knows no checkout"
    if merchant == "m13":
        assert (visits["pages"] == want["pages"]).all(), "Matomo counts the pages of a visit"


@pytest.mark.parametrize("merchant", ["m03", "m11"])
def test_orders_that_analytics_tell_say_through_which_touchpoint_and_format(
    plain: Path, made: Path, store: Path, merchant: str
) -> None:
    got = loaded(store, "orders", merchant).set_index("order_id")
    want = drawn(plain, "orders", merchant).query("channel == 'mini_program'").set_index("order_id")
    assert set(got.index) == set(want.index) - lost_orders(made, merchant, "events.parquet", "amount", "time")
    want = want.loc[got.index]
    for column in (
        "touchpoint",
        "format",
        "sold_by",
        "session_id",
        "paid_at",
        "gross_amount",
        "items",
        "freight_amount",
    ):
        assert same(got[column].astype("string"), want[column].astype("string")), column
    known = want["account"].notna()
    assert same(got.loc[known, "account"], want.loc[known, "account"])
    assert got["touchpoint"].nunique() > 10
    assert set(got["format"]) == {"official_store", "guide", "community", "sharing"}


def test_the_visit_that_paid_tells_the_touchpoint_that_youzan_does_not(plain: Path, made: Path, store: Path) -> None:
    t = rk.open_store(store, merchants="m12", as_of="2019-06-15")
    assert loaded(store, "orders", "m12")["touchpoint"].isna().all(), "a shop front is no touchpoint"
    got = paid_through(t.orders, t.sessions).to_pandas().set_index("order_id")
    want = drawn(plain, "orders", "m12").set_index("order_id").loc[got.index]
    spoilt = got.index.isin(lost_orders(made, "m12", "atomic_events.parquet", "time", "id"))
    assert set(got.loc[~spoilt, "told_by"]) == {"visit"}
    told = got["told_by"].notna()
    assert told.mean() > 0.99
    assert got.loc[told, "touchpoint"].eq(want.loc[told, "touchpoint"]).all()
    assert got["net_amount"].sum() == loaded(store, "orders", "m12")["net_amount"].sum()


def test_three_merchants_of_each_cohort_tell_their_orders_touchpoints() -> None:
    """Fewer than three cannot be compared: nothing is said to be common to two."""
    for group in ("first", "second"):
        told = [p.id for p in profiles() if p.group == group and {"ga4", "ga4_mini"} & set(p.exports)]
        assert len(told) >= 3, group


def test_every_invited_merchants_visits_are_in_a_vendors_file() -> None:
    assert all(all_carried(p.exports, "sessions") for p in profiles() if p.group != "never")


@pytest.mark.parametrize("merchant", ["m03", "m11", "m12"])
def test_goods_are_those_that_were_bought(plain: Path, store: Path, merchant: str) -> None:
    orders = loaded(store, "orders", merchant)
    key, told = ["order_id", "product_id"], ["quantity", "net_amount", "product"]
    got = loaded(store, "order_lines", merchant).sort_values(key).set_index(key)
    want = drawn(plain, "order_lines", merchant)
    want = want[want["order_id"].isin(orders["order_id"])].sort_values(key).set_index(key)
    assert got[told].equals(want[told])
    # what one piece costs is told in whole fen
    assert ((got["list_amount"] - want["list_amount"]).abs() <= want["quantity"]).all()


def test_youzans_api_tells_orders_and_customers(plain: Path, made: Path, store: Path) -> None:
    got = loaded(store, "orders", "m12").set_index("order_id")
    want = drawn(plain, "orders", "m12").query("channel == 'mini_program'").set_index("order_id")
    assert set(got.index) == set(want.index) - lost_orders(made, "m12", "youzan_trades.jsonl", "amount", "time", "id")
    want = want.loc[got.index]
    for column in ("gross_amount", "discount_amount", "freight_amount", "paid_at", "sold_by", "owned_by"):
        assert same(got[column].astype("string"), want[column].astype("string")), column
    whole = want["refund_amount"] == want["gross_amount"]
    assert (got.loc[whole, "net_amount"] == 0).all()
    assert got.loc[~whole, "refund_amount"].fillna(0).eq(0).all(), "of a partial refund the answer tells no amount"
    persons = pd.read_parquet(made / "truth" / "persons.parquet").set_index("account")["person"]
    causes = pd.read_parquet(made / "truth" / "order_causes.parquet").query("merchant == 'm12'").set_index("order_id")
    assert (persons.loc[got["account"]].to_numpy() == causes.loc[got.index, "person"].to_numpy()).all()


@pytest.mark.parametrize(("merchant", "export"), FILES, ids=lambda x: x if isinstance(x, str) else x.file)
def test_sniff_names_the_layout(made: Path, merchant: str, export: object) -> None:
    assert sniff(made / "exports" / merchant / export.file).layout == export.layout


def test_a_query_for_visits_alone_gives_no_orders_twice(store: Path) -> None:
    for merchant in ("m12", "m13"):
        systems = {str(account).partition(":")[0] for account in loaded(store, "orders", merchant)["account"]}
        assert systems <= {"youzan"}, "Snowplow and Matomo tell visits only"


def test_no_phone_and_no_name_of_youzans_answers_reaches_the_store(made: Path, store: Path) -> None:
    planted = set(pd.read_parquet(made / "truth" / "planted.parquet")["value"])
    answers = (made / "exports/m12/youzan_trades.jsonl").read_text(encoding="utf-8")
    assert len(planted & set(re.findall(r"199\d{8}|测[\u4e00-\u9fff]{2}", answers))) > 100
    for name in ("orders", "order_lines", "accounts", "quarantine"):
        rows = getattr(rk.open_store(store, merchants="m12", as_of="2019-06-15"), name).to_pyarrow()
        texts = [column.name for column in rows.schema if pa.types.is_string(column.type)]
        assert texts, "cells to look at"
        for column in texts:
            assert not planted & set(rows[column].unique().to_pylist()), f"{name}.{column}"


def test_quirks_of_web_analytics_are_there(made: Path) -> None:
    events = pd.read_parquet(made / "exports/m12/atomic_events.parquet")
    assert set(events["event"]) == {"page_view", "struct", "transaction"}
    assert events["event_id"].is_unique
    assert events["event_id"].str.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").all()
    assert events["page_url"].str.startswith("https://servicewechat.com/wx").all()
    assert "tr_total" not in events
    visits = [json.loads(line) for line in (made / "exports/m13/getLastVisitsDetails.jsonl").open("rb")]
    assert {type(v["idVisit"]) for v in visits} == {int}
    assert not any("revenue" in action for v in visits for action in v["actionDetails"])
    tracked = pd.read_parquet(made / "exports/m03/events.parquet")
    ordered = tracked[tracked["event_name"] == "purchase"]
    numbers = ordered["ecommerce"].map(lambda e: e["transaction_id"])
    assert 0 < (numbers == "(not set)").sum() < 0.02 * len(numbers)
    keys = tracked["event_params"].map(lambda params: {p["key"] for p in params})
    assert all("ga_session_id" not in k for k in keys[tracked["event_name"] == "refund"])
