"""Claims about refunds still to come: what earlier orders foretell is what comes, and the headline falls by it."""

import ibis
import numpy as np
import pandas as pd
import pytest

from retailkit import growth
from retailkit.growth.refunds import NONE, SHORT, UNDATED, YOUNG

AS_OF = "2018-12-31"
DAYS = pd.date_range("2018-01-01", "2018-12-30")
PROGRAMME = ("2018-12-01", "2018-12-30")


def tables(paid, back, stated=True):
    """Orders of one a day, and refunds ``(place of the order, lag, amount)``, all of them and those known by then."""
    orders = pd.DataFrame({"merchant": "m", "order_id": [str(i) for i in range(len(DAYS))], "paid_on": DAYS})
    orders = orders.assign(gross_amount=np.asarray(paid, dtype="int64"))
    rows = pd.DataFrame(back, columns=["place", "lag", "refund_amount"])
    rows["refunded_on"] = DAYS[rows["place"]] + pd.to_timedelta(rows["lag"], unit="D")
    refunds = rows.assign(merchant="m", order_id=rows["place"].astype(str))
    known = refunds[refunds["refunded_on"] < AS_OF]
    told = known.groupby("order_id")["refund_amount"].sum() if stated else pd.Series(dtype="int64")
    orders["refund_amount"] = orders["order_id"].map(told).fillna(0).astype("int64")
    columns = ["merchant", "order_id", "refunded_on", "refund_amount"]
    come = refunds[(refunds["refunded_on"] >= AS_OF) & (DAYS[refunds["place"]] >= PROGRAMME[0])]
    return (ibis.memtable(orders), ibis.memtable(known[columns])), int(come["refund_amount"].sum())


def heads(programme=1000.0, before=500.0):
    return pd.DataFrame(
        {"merchant": ["m"], "before": [before], "programme": [programme], "growth": [programme / before - 1]}
    )


def foretold(orders, refunds, merchants=None):
    lags = growth.refund_lags(orders, refunds, AS_OF)
    return growth.refunds_to_come(lags, AS_OF, heads() if merchants is None else merchants, PROGRAMME)


def test_refunds_that_always_follow_alike_are_foretold_to_the_cent():
    # of each 1000, 50 come back after three days and 50 after ten
    back = [(i, lag, 50) for i in range(len(DAYS)) for lag in (3, 10)]
    given, truth = tables([1000] * len(DAYS), back)
    row = foretold(*given).iloc[0]
    # the last three days lack their first refund, the last ten their second: by hand 3 x 50 + 10 x 50
    assert row["to_come"] == truth == 650
    assert row["low"] == pytest.approx(650)
    assert row["high"] == pytest.approx(650)
    assert row["paid"] == 30_000
    assert row["known"] == 30 * 100 - 650
    assert row["growth"] == pytest.approx((1000 - 650 / 30) / 500 - 1)


def test_intervals_hold_what_came_in_nine_of_ten_worlds():
    held, come = 0, [0.0, 0.0]
    for seed in range(60):
        rng = np.random.default_rng(seed)
        paid = rng.gamma(4, 25_000, len(DAYS)).astype(int)
        place = np.repeat(np.arange(len(DAYS)), rng.poisson(20, len(DAYS)))
        lag = rng.integers(0, 15, len(place))
        amount = (paid[place] * rng.gamma(1, 0.005, len(place))).astype(int) + 1
        given, truth = tables(paid, np.column_stack([place, lag, amount]))
        row = foretold(*given).iloc[0]
        held += row["low"] <= truth <= row["high"]
        come = [come[0] + row["to_come"], come[1] + truth]
    assert 0.82 <= held / 60 <= 0.98
    assert come[0] / come[1] == pytest.approx(1, abs=0.05)  # three standard errors


def test_a_festival_leaves_more_to_come_than_an_ordinary_week():
    back = [(i, 5, 100) for i in range(len(DAYS))]
    calm, _ = tables([1000] * len(DAYS), back)
    paid = [1000] * (len(DAYS) - 2) + [20_000, 1000]  # the day before yesterday sold twenty times as much
    big, _ = tables(paid, [(i, 5, paid[i] // 10) for i in range(len(DAYS))])
    assert foretold(*calm).iloc[0]["to_come"] == pytest.approx(500)
    assert foretold(*big).iloc[0]["to_come"] == pytest.approx(500 + 1900)


def test_where_refunds_bear_no_day_or_are_none_nothing_is_foretold_and_it_is_said():
    orders, nothing = tables([1000] * len(DAYS), np.empty((0, 3), int))[0]
    assert foretold(orders, nothing).iloc[0]["reason"] == NONE
    own = orders.mutate(refund_amount=ibis.literal(10, "int64"))
    table = foretold(own, nothing)
    assert table.iloc[0]["reason"] == UNDATED
    assert np.isnan(table.iloc[0]["to_come"])
    assert "cannot be told" in growth.refunds_sentence(table, heads(), "m", AS_OF)
    assert "没有日期" in growth.refunds_sentence(table, heads(), "m", AS_OF, "zh")
    assert growth.refund_metrics(table, "m", "CNY") == []
    # orders that tell of much more than the dated refunds do: part of it may be of later
    dated, _ = tables([1000] * len(DAYS), [(i, 3, 50) for i in range(len(DAYS))])
    more = dated[0].mutate(refund_amount=ibis.literal(80, "int64"))
    assert foretold(more, dated[1]).iloc[0]["reason"] == UNDATED


def test_orders_too_recent_to_show_how_refunds_follow_are_said_to_be():
    orders, refunds = tables([1000] * len(DAYS), [(i, 20, 50) for i in range(len(DAYS))])[0]
    late = ibis.literal("2018-12-05").cast("date")
    assert foretold(orders.filter(orders.paid_on >= late), refunds).iloc[0]["reason"] == YOUNG


def begun(given, day):
    """The same store whose table of refunds begins on a day; orders tell of all their refunds, or of none."""
    orders, refunds = given
    return orders, refunds.filter(refunds.refunded_on >= ibis.literal(day).cast("timestamp"))


@pytest.mark.parametrize("stated", [True, False])
def test_a_table_of_refunds_that_begins_late_makes_no_rate_too_low(stated):
    rng = np.random.default_rng(3)
    place = np.repeat(np.arange(len(DAYS)), rng.poisson(40, len(DAYS)))
    back = np.column_stack([place, rng.integers(0, 15, len(place)), np.full(len(place), 10)])
    given, _ = tables([10_000] * len(DAYS), back, stated)
    whole = foretold(*given).iloc[0]
    since_august = foretold(*begun(given, "2018-08-01")).iloc[0]
    assert since_august["to_come"] == pytest.approx(whole["to_come"], rel=0.05)
    assert since_august["low"] < whole["to_come"] < since_august["high"]
    # some days of record cannot show what comes after two weeks
    table = foretold(*begun(given, "2018-12-20"))
    if stated:  # orders of early December tell refunds that bear no day
        assert table.iloc[0]["reason"] == UNDATED
        return
    assert table.iloc[0]["reason"] == SHORT
    assert "on record for too short a time" in growth.refunds_sentence(table, heads(), "m", AS_OF)
    assert "退款记录的时间太短" in growth.refunds_sentence(table, heads(), "m", AS_OF, "zh")


def test_earlier_refunds_that_only_the_orders_tell_would_make_rates_too_low():
    place = np.arange(len(DAYS))
    orders, refunds = tables([1000] * len(DAYS), np.column_stack([place, place * 0 + 3, place * 0 + 50]))[0]
    # half of the summer's refunds bear no day, though those of late do
    some = (refunds.order_id.cast("int64") % 2 == 0) | (refunds.order_id.cast("int64") > 300)
    assert foretold(orders, refunds.filter(some)).iloc[0]["reason"] == UNDATED
    # refunds after more than the longest lag bear their day all the same
    late = np.column_stack([place[:200], place[:200] * 0 + 100, place[:200] * 0 + 10])
    both = np.concatenate([np.column_stack([place, place * 0 + 3, place * 0 + 50]), late])
    row = foretold(*tables([1000] * len(DAYS), both)[0]).iloc[0]
    assert row["reason"] == ""
    assert row["to_come"] == pytest.approx(150)


def test_a_programme_longer_than_the_days_learned_from_is_told_of_all_it_was_paid():
    given, truth = tables([1000] * len(DAYS), [(i, 3, 50) for i in range(len(DAYS))])
    orders, refunds = given
    long_ago = ibis.memtable(orders.to_pandas().assign(
        paid_on=lambda o: o["paid_on"] - pd.Timedelta(days=364), order_id=lambda o: o["order_id"] + "x"
    ))  # fmt: skip
    lags = growth.refund_lags(orders.union(long_ago), refunds, AS_OF)
    row = growth.refunds_to_come(lags, AS_OF, heads(), ("2017-01-02", "2018-12-30")).iloc[0]
    assert row["paid"] == 728_000
    assert row["to_come"] == truth == 150


def test_a_day_that_sold_a_multiple_is_named_and_an_old_programme_has_nothing_open():
    back = [(i, 5, 100) for i in range(len(DAYS))]
    paid = [1000] * (len(DAYS) - 2) + [20_000, 1000]
    table = foretold(*tables(paid, back)[0])
    assert str(table.iloc[0]["peak"].date()) == "2018-12-29"
    assert "2018-12-29 sold at least 3 times an ordinary day" in growth.refunds_sentence(table, heads(), "m", AS_OF)
    assert "2018-12-29的销售额达到平日的3倍以上" in growth.refunds_sentence(table, heads(), "m", AS_OF, "zh")
    calm = foretold(*tables([1000] * len(DAYS), back)[0])
    assert pd.isna(calm.iloc[0]["peak"])
    lags = growth.refund_lags(*tables(paid, back)[0], AS_OF)
    old = growth.refunds_to_come(lags, AS_OF, heads(), ("2018-05-01", "2018-06-30"))
    assert old.iloc[0]["to_come"] == old.iloc[0]["high"] == 0
    assert "were all in by 2018-12-31." in growth.refunds_sentence(old, heads(), "m", AS_OF)
    assert "到2018-12-31已全部发生" in growth.refunds_sentence(old, heads(), "m", AS_OF, "zh")


def test_the_sentence_tells_both_headlines_and_metrics_are_in_whole_money():
    given, _ = tables([1000] * len(DAYS), [(i, lag, 50) for i in range(len(DAYS)) for lag in (3, 10)])
    table = foretold(*given)
    told = growth.refunds_sentence(table, heads(), "m", AS_OF)
    assert "2.2% of what the programme's orders paid (90% interval 2.2% to 2.2%)" in told
    assert "the headline is then +96% instead of +100%" in told
    assert "(80% interval" in growth.refunds_sentence(table, heads(), "m", AS_OF, level=0.8)
    assert "（97.5%区间" in growth.refunds_sentence(table, heads(), "m", AS_OF, "zh", level=0.975)
    assert growth.refund_metrics(table, "m", "CNY", level=0.8)[0]["definition"].endswith(", 80% interval")
    assert "届时环比为+96%，而非+100%" in growth.refunds_sentence(table, heads(), "m", AS_OF, "zh")
    few = foretold(*tables([1000] * len(DAYS), [(i, 1, 10) for i in range(len(DAYS))])[0])
    assert "the headline stays at +100%" in growth.refunds_sentence(few, heads(), "m", AS_OF)
    found = {m["metric"]: m["value"] for m in growth.refund_metrics(table, "m", "CNY")}
    assert found["refunds_to_come"] == pytest.approx(6.5)
    assert found["growth_less_refunds"] == pytest.approx(0.95667, abs=1e-4)


def test_merchants_without_a_programme_or_without_orders_have_no_row_or_a_reason():
    given, _ = tables([1000] * len(DAYS), [(i, 3, 50) for i in range(len(DAYS))])
    lags = growth.refund_lags(*given, AS_OF)
    assert growth.refunds_to_come(lags, AS_OF, heads(), None).empty
    both = pd.concat([heads(), heads().assign(merchant="q")])
    table = growth.refunds_to_come(lags, AS_OF, both, PROGRAMME).set_index("merchant")
    assert table.loc["q", "reason"] == NONE
    assert growth.refunds_sentence(table.reset_index(), both, "q", AS_OF) == ""
