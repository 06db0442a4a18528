"""Who tells the touchpoints of orders: counted by hand, and visits on record for a part of the time tell nothing."""

import pandas as pd
import pytest
from formats_tables import canonical

from retailkit import growth
from retailkit.attribute import paid_through

BEFORE, DURING = ("2024-01-01", "2024-01-31"), ("2024-02-01", "2024-02-29")


def sold(before: int, during: int, told_before: int, told_during: int, export: int = 0, merchant: str = "m"):
    """Orders of both windows, the first of each with a visit; ``export`` more of each name their touchpoint."""
    rows, visits = [], []
    for month, n, told in (("01", before, told_before), ("02", during, told_during)):
        for i in range(n + export):
            order, at = f"{month}-{i}", f"2024-{month}-{1 + i % 28:02d} 10:00:00"
            own = "search" if i >= n else None
            rows.append({"merchant": merchant, "order_id": order, "paid_at": at, "paid_on": at[:10], "net_amount": 100,
                         "gross_amount": 100, "touchpoint": own})  # fmt: skip
            if i < told:
                visits.append({"merchant": merchant, "session_id": order, "started_at": at, "started_on": at[:10],
                               "touchpoint": "guide", "order_id": order})  # fmt: skip
    return paid_through(canonical("orders", rows), canonical("sessions", visits))


def test_orders_are_counted_by_who_tells_their_touchpoint():
    told = growth.told_shares(sold(20, 40, 19, 38, export=5), BEFORE, DURING)
    assert told.iloc[0].tolist() == ["m", 25, 5, 19, 45, 5, 38, False]
    assert growth.told_metrics(told, "m")[0]["value"] == pytest.approx((19 + 38) / 70)


def test_growth_of_sales_is_no_unevenness_and_visits_that_begin_with_the_programme_are():
    assert not growth.told_shares(sold(20, 200, 20, 200), BEFORE, DURING)["uneven"].any()
    assert growth.told_shares(sold(20, 20, 0, 20), BEFORE, DURING)["uneven"].all()
    assert not growth.told_shares(sold(100, 100, 60, 64), BEFORE, DURING)["uneven"].any()
    assert growth.told_shares(sold(100, 100, 60, 67), BEFORE, DURING)["uneven"].all()


def test_visits_of_a_part_of_the_time_do_not_look_like_growth_of_a_touchpoint():
    named = sold(20, 20, 0, 20, export=3)
    told = growth.told_shares(named, BEFORE, DURING)
    persons = canonical("persons")
    raw = growth.cell_inputs(named, persons, BEFORE, DURING)
    even = growth.cell_inputs(growth.evenly_told(named, told), persons, BEFORE, DURING)
    assert set(raw["touchpoint"]) == {"guide", "unknown", "search"}
    assert set(even["touchpoint"]) == {"unknown", "search"}, "what the export tells stays"
    assert raw.groupby("period")["gmv"].sum().equals(even.groupby("period")["gmv"].sum())
    assert growth.told_metrics(told, "m")[0]["value"] == 0


def test_one_merchants_gap_leaves_the_others_alone():
    rows = [sold(20, 20, 0, 20).to_pandas(), sold(20, 20, 20, 20, merchant="n").to_pandas()]
    both = pd.concat(rows).drop(columns="told_by").to_dict("records")
    named = canonical("orders", both)
    named = named.mutate(told_by=(named.touchpoint == "guide").ifelse("visit", None))
    kept = growth.evenly_told(named, growth.told_shares(named, BEFORE, DURING)).to_pandas()
    assert kept.groupby("merchant")["touchpoint"].count().to_dict() == {"m": 0, "n": 40}


@pytest.mark.parametrize(
    ("counts", "english", "chinese"),
    [
        ((20, 40, 20, 40, 5), "14% of 70 orders is told by their export, that of another 86%", "另有 86%"),
        ((20, 20, 0, 20), "paid 0% before and 100% in the programme", "前期占 0%，项目期占 100%"),
        ((20, 20, 0, 0), "Neither an export nor a visit", "全部列为未知"),
        ((0, 0, 0, 0), "no orders", "没有可说明触点的订单"),
    ],
)
def test_the_chapter_says_who_tells(counts, english, chinese):
    told = growth.told_shares(sold(*counts), BEFORE, DURING)
    assert english in growth.told_sentence(told, "m")
    assert chinese in growth.told_sentence(told, "m", "zh")


def test_without_windows_nothing_is_counted():
    told = growth.told_shares(sold(2, 2, 2, 2), None, None)
    assert told.empty
    assert growth.evenly_told(sold(2, 2, 2, 2), told).to_pandas()["touchpoint"].eq("guide").all()
    assert pd.isna(growth.told_metrics(told, "m")[0]["value"])
