"""Published numbers of the two real cohorts, from their files through the store."""

import pandas as pd
import pytest
from conftest import DATA

from retailkit.cohort import read_cohort
from retailkit.load import load_cohort, load_file, open_store
from retailkit.load.layout import LAYOUTS

pytestmark = pytest.mark.data
JOURNEY, RETAIL = DATA / "complete_journey", DATA / "online_retail_2010_2011"
PARTS = ("transactions", "products", "demographics", "campaign_descriptions", "campaigns", "coupon_redemptions")


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """The whole panel as one merchant: every store's rows."""
    store = tmp_path_factory.mktemp("journey")
    page = store / "whole.toml"
    source = LAYOUTS / "complete_journey_transactions.toml"
    page.write_text(source.read_text("utf-8").replace('merchant = "store_id"', ""), encoding="utf-8")
    place = {"zone": "America/New_York", "currency": "USD"}
    load_file(JOURNEY / "transactions.parquet", page, "all", store, **place)
    for part in PARTS[2:]:
        load_file(JOURNEY / f"{part}.parquet", f"complete_journey_{part}", "all", store, **place)
    return open_store(store, "all")


def test_journey_sales_are_the_published_ones(journey):
    lines = journey.order_lines
    assert lines.count().to_pandas() == 1_469_307
    assert lines.product_id.nunique().to_pandas() == 68_509
    assert lines.shop_id.nunique().to_pandas() == 457
    assert lines.net_amount.sum().to_pandas() == 459_603_958
    assert lines.subsidy_amount.sum().to_pandas() == 2_635_990
    assert round(lines.net_amount.mean().to_pandas()) == 313
    assert lines.net_amount.median().to_pandas() == 200
    orders = journey.orders
    assert orders.count().to_pandas() == 155_848
    assert orders.account.nunique().to_pandas() == 2_469
    assert orders.gross_amount.sum().to_pandas() == 459_603_958
    assert round(orders.gross_amount.mean().to_pandas()) == 2949
    assert round(orders.gross_amount.median().to_pandas()) == 1750


def test_journey_households_are_the_published_ones(journey):
    orders = journey.orders
    per = orders.group_by("account").agg(trips=orders.count(), spend=orders.gross_amount.sum()).to_pandas()
    assert round(per["trips"].mean(), 1) == 63.1
    assert round(per["spend"].mean()) == 186_150
    assert per["trips"].max() == 780
    assert per["spend"].max() == 2_487_975
    members = journey.members.to_pandas()
    assert len(members) == 801
    spend = members.merge(per, on="account").groupby("age_band")["spend"].mean().round().astype(int)
    published = {
        "19-24": 273_202,
        "25-34": 319_276,
        "35-44": 373_380,
        "45-54": 337_438,
        "55-64": 293_481,
        "65+": 245_279,
    }
    assert spend.to_dict() == published


def test_journey_mailings_and_redemptions_are_the_published_ones(journey):
    pushes, campaigns = journey.pushes.to_pandas(), journey.campaigns.to_pandas()
    assert len(pushes) == 6_589
    assert pushes["account"].nunique() == 1_559
    assert campaigns["campaign"].value_counts().to_dict() == {"Type B": 17, "Type C": 6, "Type A": 4}
    reached = pushes.merge(campaigns, on="campaign_id").groupby("campaign")["account"].nunique()
    assert reached.to_dict() == {"Type A": 1_490, "Type B": 995, "Type C": 397}
    assert pushes["campaign_id"].value_counts().agg(["min", "max"]).tolist() == [12, 1_133]
    coupons = journey.coupons.to_pandas()
    assert len(coupons) == 2_102
    assert coupons["coupon_id"].nunique() == 491
    assert coupons["account"].nunique() == 410
    by_month = pd.to_datetime(coupons["redeemed_on"]).dt.month.value_counts().sort_index().tolist()
    assert by_month == [19, 44, 32, 20, 268, 155, 47, 424, 223, 70, 526, 274]


def test_a_redemption_and_its_purchase_fall_on_the_same_new_york_day(journey):
    """The published proof that the time stamps are UTC: household 208, 2017-11-13."""
    lines = journey.order_lines
    bought = lines.filter((lines.account == "household:208") & (lines.product_id == "896292")).to_pandas()
    on_the_day = bought[bought["paid_at"] == pd.Timestamp("2017-11-14 00:14:05")]
    assert pd.to_datetime(on_the_day["paid_on"]).dt.strftime("%Y-%m-%d").tolist() == ["2017-11-13"]
    coupons = journey.coupons.filter(journey.coupons.account == "household:208").to_pandas()
    days = pd.to_datetime(coupons["redeemed_on"]).dt.strftime("%Y-%m-%d").sort_values().tolist()
    assert days == ["2017-05-23", "2017-11-09", "2017-11-09", "2017-11-13", "2017-11-18"]
    assert lines.filter(lines.account == "household:208").count().to_pandas() == 756


def test_the_cohort_loads_its_stores_and_says_what_it_left_out(tmp_path):
    cohort = read_cohort("complete_journey")
    sources = [s.model_copy(update={"package": "", "path": s.path.removeprefix("data/")}) for s in cohort.sources]
    sources = [s for s in sources if s.path.removesuffix(".parquet") in ("transactions", "campaigns")]
    few = cohort.model_copy(update={"sources": tuple(sources), "merchants": cohort.merchants[:2], "donors": ()})
    report = load_cohort(few, tmp_path / "store", root=JOURNEY)
    assert report["status"].tolist() == ["loaded", "loaded"]
    assert report["rows_read"][0] + report["not_in_cohort"][0] == 1_469_307
    assert report["rows_read"][1] == 2 * 6_589  # a shared file belongs to each of them
    store = open_store(tmp_path / "store", "367", as_of="2017-12-01")
    assert str(store.orders.paid_on.max().to_pandas())[:10] == "2017-11-30"


@pytest.fixture(scope="module")
def retail(tmp_path_factory):
    store = tmp_path_factory.mktemp("retail")
    report = load_file(RETAIL / "online_retail.parquet", "online_retail", "uk", store, "Europe/London", "GBP")
    return report, open_store(store, "uk")


def test_online_retail_counts_are_the_published_ones(retail):
    report, store = retail
    assert report.loc[0, ["rows_read", "rows_kept", "rows_skipped"]].tolist() == [541_909, 541_906, 3]
    assert "5,268 lines repeat another word for word" in report["warnings"][0]
    orders, refunds, lines = store.orders, store.refunds, store.order_lines
    assert orders.count().to_pandas() + refunds.count().to_pandas() + 3 == 25_900
    assert store.accounts.count().to_pandas() == 4_372
    assert orders.account.count().to_pandas() == 18_536
    assert lines.filter(lines.account.isnull()).count().to_pandas() == 135_080 - 3
    assert lines.filter(lines.quantity < 0).count().to_pandas() == 10_624
    assert lines.filter(lines.order_id.startswith("C")).count().to_pandas() == 9_288
    assert lines.filter(lines.product.isnull()).count().to_pandas() == 1_454
    countries = orders.area.nunique().to_pandas()
    assert countries <= 38


def test_online_retail_orders_less_refunds_are_its_lines(retail):
    _, store = retail
    sold, returned = store.orders.gross_amount.sum().to_pandas(), store.refunds.refund_amount.sum().to_pandas()
    assert sold - returned == store.order_lines.net_amount.sum().to_pandas()


def test_the_most_invoiced_items_are_the_published_ones(retail):
    _, store = retail
    lines = store.order_lines
    kept = lines.filter(lines.account.notnull() & ~lines.order_id.startswith("C"))
    top = kept.group_by("product_id").agg(invoices=kept.order_id.nunique()).to_pandas().nlargest(5, "invoices")
    assert top.set_index("product_id")["invoices"].to_dict() == {
        "85123A": 1_978, "22423": 1_704, "85099B": 1_600, "47566": 1_380, "84879": 1_375,
    }  # fmt: skip


def test_a_folder_of_daily_files_gives_the_same_orders(tmp_path):
    for day in sorted((RETAIL / "by_day").glob("*.csv")):
        load_file(day, "online_retail", "uk", tmp_path, "Europe/London", "GBP")
    daily = open_store(tmp_path, "uk")
    assert daily.orders.count().to_pandas() > 0
    days = pd.to_datetime(daily.orders.to_pandas()["paid_on"]).dt.strftime("%Y-%m-%d").unique()
    assert sorted(days) == ["2010-12-01", "2011-04-18", "2011-12-09"]
    assert daily.orders.account.startswith("customer:").all().to_pandas()
    assert not daily.orders.account.endswith(".0").any().to_pandas()
