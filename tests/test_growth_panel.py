"""Days and weeks: what is a zero, what is missing, what is last year."""

import numpy as np
import pandas as pd
import pytest
from growth_tables import PROGRAMME, daily_world, order_rows, tables

from retailkit.growth.calendar import festival_days, festivals, last_year
from retailkit.growth.headline import headlines, mean_day, pooled
from retailkit.growth.panel import daily_panel, weekly_panel


def test_a_silent_day_is_a_zero_only_while_the_merchant_is_open():
    orders, persons = tables(order_rows([
        ("a", "2018-01-01", "p:1", 100), ("a", "2018-01-04", "p:1", 50), ("a", "2018-01-05", "p:2", 50),
        ("b", "2018-01-03", "p:1", 70), ("b", "2018-01-10", "p:3", 70),
    ]))  # fmt: skip
    panel = daily_panel(orders, persons)
    a, b = (panel[panel["merchant"] == m].set_index("day")["gmv"] for m in "ab")
    assert a.index.max() == pd.Timestamp("2018-01-05"), "silent for longer than ever: closed"
    assert a["2018-01-02"] == 0
    assert b.index.min() == pd.Timestamp("2018-01-03"), "not open before its first order"
    assert panel["filled"].sum() == 2 + 6


def test_money_of_unknown_persons_is_kept():
    orders, persons = tables(order_rows([("a", "2018-01-01", "p:1", 100), ("a", "2018-01-01", None, 30)]))
    row = daily_panel(orders, persons).iloc[0]
    assert (row["gmv"], row["orders"], row["buyers"]) == (130, 2, 1)
    assert (row["unknown_orders"], row["unknown_gmv"]) == (1, 30)


def test_refunds_are_taken_off():
    frame = order_rows([("a", "2018-01-01", "p:1", 100)]).assign(gross_amount=120, refund_amount=20)
    row = daily_panel(*tables(frame)).iloc[0]
    assert (row["gmv"], row["gross"], row["refunds"]) == (100, 120, 20)


def test_an_unfinished_newest_day_is_flagged_and_left_out_of_the_weeks():
    days = pd.date_range("2018-01-01", "2018-01-28")
    frame = order_rows([("a", str(d.date()), "p:1", 100) for d in days])
    frame["paid_at"] += pd.Timedelta(hours=8)
    frame.loc[frame.index[-1], "paid_at"] -= pd.Timedelta(hours=6)
    panel = daily_panel(*tables(frame))
    assert panel.loc[panel["partial"], "day"].tolist() == [days[-1]]
    assert weekly_panel(panel, ("2018-01-22", "2018-01-28"))["days"].tolist() == [7, 7, 7, 6]


def test_no_orders_give_an_empty_typed_panel():
    orders, persons = tables(order_rows([("a", "2018-01-01", "p:1", 100)]))
    panel = daily_panel(orders.filter(orders.merchant == "nobody"), persons)
    assert panel.empty
    assert panel["gmv"].dtype == "int64"
    assert weekly_panel(panel, PROGRAMME).empty
    assert headlines(panel, PROGRAMME, PROGRAMME, ["a"])["reason"].tolist() == [
        "no sales on record for the whole period before"
    ]


def test_the_programme_cuts_a_week_in_two_and_loses_no_day():
    daily = daily_world(1, donors=1)
    weeks = weekly_panel(daily, ("2018-10-03", "2018-11-30"))
    cut = weeks[(weeks["merchant"] == "m") & (weeks["week"] == "2018-10-01")]
    assert cut[["phase", "days"]].to_numpy().tolist() == [["before", 2], ["programme", 5]]
    total = (weeks["gmv"] * weeks["days"]).sum()
    assert total == pytest.approx(daily["gmv"].sum())


def test_weeks_are_logs_of_their_mean_day_with_or_without_days_that_sold_nothing():
    daily = daily_world(1, donors=1)
    before = weekly_panel(daily, PROGRAMME)
    assert np.allclose(before["log_gmv"], np.log(before["gmv"]))
    daily.loc[5, "gmv"] = 0
    weeks = weekly_panel(daily, PROGRAMME)
    assert np.allclose(weeks["log_gmv"], np.log(weeks["gmv"]))
    others = weeks["merchant"] != daily.loc[5, "merchant"]
    pd.testing.assert_frame_equal(weeks[others], before[others])


def test_a_week_of_refunds_has_no_log():
    daily = daily_world(1, donors=1)
    daily.loc[(daily["merchant"] == "m") & daily["day"].between("2018-01-01", "2018-01-07"), "gmv"] = -5
    weeks = weekly_panel(daily, PROGRAMME)
    assert weeks.loc[weeks["log_gmv"].isna(), "week"].tolist() == [pd.Timestamp("2018-01-01")]


def test_festival_weeks_are_flagged():
    weeks = weekly_panel(daily_world(1, donors=1), PROGRAMME)
    flagged = weeks[(weeks["merchant"] == "m") & weeks["festival"].str.contains("double_11")]
    assert flagged["week"].dt.strftime("%Y-%m-%d").tolist() == ["2017-11-06", "2018-11-05"]


def test_spring_festival_meets_spring_festival():
    eve = pd.DatetimeIndex(["2019-02-04", "2020-01-24", "2021-02-11"])
    marks = festival_days(last_year(eve))
    assert all("cny_eve" in m for m in marks)


@pytest.mark.parametrize(("country", "code", "day"), [
    ("US", "thanksgiving", "2017-11-23"), ("US", "memorial_day", "2017-05-29"), ("GB", "easter", "2017-04-16"),
    ("GB", "easter", "2019-04-21"), ("CN", "cny", "2019-02-05"),
])  # fmt: skip
def test_festivals_fall_on_their_known_days(country, code, day):
    table = festivals(f"{day[:4]}-01-01", f"{day[:4]}-12-31", country)
    assert pd.Timestamp(day) in set(table.loc[table["code"] == code, "start"])


def test_a_country_without_rules_has_no_festivals():
    assert festivals("2018-01-01", "2018-12-31", "NZ").empty


def test_headline_is_pooled_from_mean_days():
    daily = daily_world(3, donors=2)
    heads = headlines(daily, ("2018-09-01", "2018-09-30"), ("2018-10-01", "2018-10-31"), ["m", "d0"])
    wide = daily.pivot(index="day", columns="merchant", values="gmv")[["m", "d0"]]
    expected = wide["2018-10-01":"2018-10-31"].mean().sum() / wide["2018-09-01":"2018-09-30"].mean().sum() - 1
    assert pooled(heads)["growth"].iloc[0] == pytest.approx(expected)


def test_a_merchant_that_opened_inside_a_window_has_no_mean_day():
    daily = daily_world(3, donors=1)
    daily = daily[(daily["merchant"] != "m") | (daily["day"] >= "2018-09-15")]
    assert list(mean_day(daily, ("2018-09-01", "2018-09-30")).index) == ["d0"]
