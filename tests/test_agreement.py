"""Do the sources agree: like with like is compared; what counts other sales too is no disagreement."""

import pandas as pd
import pytest

from retailkit import load as room
from retailkit.charts import data as draw
from retailkit.load import open_store, save_table
from retailkit.present import agreement_table, agreement_words

SPAN = pd.date_range("2018-03-01", periods=10)


def order(number, day, gross=1000, channel="wxapp", kind="official_store"):
    at = pd.Timestamp(day) + pd.Timedelta(hours=12)
    row = {"merchant": "m", "order_id": str(number), "account": "crm:1", "paid_at": at, "paid_on": at.normalize()}
    return row | {"gross_amount": gross, "net_amount": gross, "channel": channel, "format": kind}


def total(day, gross, system="erp", channel="all", orders=None):
    return {
        "merchant": "m",
        "source_system": system,
        "channel": channel,
        "day": day,
        "gross_amount": gross,
        "orders": orders,
    }


def shop(tmp_path, totals):
    """Each day a mini program's order of 10.00, a platform's of 5.00, and one of a member's at the till of 2.00."""
    sold = [(1000, "wxapp", "official_store"), (500, "jd", "platform"), (200, "pos", "shop")]
    rows = [
        order(f"{i}{channel}", day, gross, channel, kind) for i, day in enumerate(SPAN) for gross, channel, kind in sold
    ]
    save_table(tmp_path, "orders", pd.DataFrame(rows))
    save_table(tmp_path, "daily_totals", pd.DataFrame([total(day, *row) for day in SPAN for row in totals]))
    return room.source_agreement(open_store(tmp_path, "m")).set_index("right")


def test_a_systems_own_total_is_held_against_its_own_orders_alone(tmp_path):
    found = shop(tmp_path, [(1000, "youshu", "all", 1)])
    assert found.loc["youshu: all", ["left", "left_total", "agrees", "covers_more"]].tolist() == [
        "orders: wxapp",
        10_000,
        True,
        "",
    ]
    assert "All" not in room.agreement_sentence(found.reset_index())
    assert room.agreement_sentence(found.reset_index()) == "Orders: wxapp and youshu: all agree within the tolerance."


def test_a_systems_own_total_that_is_short_of_its_own_orders_disagrees(tmp_path):
    found = shop(tmp_path, [(920, "youshu", "all", 1)])
    assert not found.loc["youshu: all", "agrees"]
    assert "is 8.0% above youshu: all" in room.agreement_sentence(found.reset_index())


def test_the_books_of_all_tills_are_no_second_count_of_members_orders(tmp_path):
    """The till sold fifty times what its members are known to have bought; mini program and platform agree with the books."""
    books = [
        (1000, "erp", "mini_program", 1),
        (500, "erp", "platform", 1),
        (9000, "erp", "pos", 50),
        (10_500, "erp", "all", 52),
    ]
    found = shop(tmp_path, books)
    assert found["covers_more"].to_dict() == {
        "erp: mini_program": "", "erp: platform": "", "erp: pos": "right", "erp: all": "right",
    }  # fmt: skip
    assert found.loc[["erp: mini_program", "erp: platform"], "agrees"].all()
    assert found["times"].dropna().to_dict() == pytest.approx({"erp: pos": 50, "erp: all": 52 / 3})
    agreement = found.reset_index()
    said = room.agreement_sentence(agreement)
    assert said.startswith(
        "All 2 comparisons agree within the tolerance. Not comparable: erp: pos covers more than the orders"
    )
    assert "(50 times as many orders)" in said
    assert "disagree" not in said
    zh = room.agreement_sentence(agreement_words(agreement, "zh"), "zh")
    assert "不可比：ERP：门店收银不止已导入的订单（订单数为其50倍）" in zh
    words = agreement_table(agreement, "CNY").set_index("another")
    assert words.loc["ERP: POS", ["gap", "agrees"]].tolist() == ["–", "not comparable: second covers more"]
    figure = draw.source_agreement(agreement_words(agreement), merchant="m", period="2018")
    assert len(figure.data[0].x) == 2
    assert "2 cover more and are left out" in " ".join(a.text for a in figure.layout.annotations).replace("<br>", " ")
    figures = room.data_metrics(pd.DataFrame({c: [0] for c in ("rows_read", "rows_kept", "rows_quarantined")}),
                                pd.DataFrame(), pd.DataFrame(), agreement, pd.DataFrame({"answer": [], "question": []}))  # fmt: skip
    assert next(f["value"] for f in figures if f["metric"] == "sources_agree") == 1.0


def test_all_channels_of_a_book_hold_more_than_orders_that_lack_one_of_them(tmp_path):
    """No order of the counters is loaded: the whole cannot agree, though it is less than twice the orders."""
    books = [
        (1000, "erp", "mini_program", 1),
        (500, "erp", "platform", 1),
        (700, "erp", "counter", 2),
        (2400, "erp", "all", 5),
    ]
    found = shop(tmp_path, books)
    assert "erp: counter" not in found.index
    assert found.loc["erp: all", "covers_more"] == "right"
    assert "erp: all covers more than the orders that are loaded." in room.agreement_sentence(found.reset_index())


def test_orders_of_many_payers_are_more_than_one_payment_system_saw(tmp_path):
    found = shop(tmp_path, [(1000, "wechat_pay", "all", 1)])
    assert found.loc["wechat_pay: all", ["covers_more", "times"]].tolist() == ["left", 3.0]
    assert "the orders cover more than wechat_pay: all (3.0 times as many orders)" in room.agreement_sentence(
        found.reset_index()
    )


@pytest.mark.parametrize("orders", [1, None])
def test_a_slip_of_the_unit_stays_a_disagreement(tmp_path, orders):
    """A hundred times the money of as many orders, or of orders that nobody counted: a mistake, no other sales."""
    found = shop(tmp_path, [(100_000, "erp", "mini_program", orders)])
    assert found.loc["erp: mini_program", ["agrees", "covers_more"]].tolist() == [False, ""]
    assert room.agreement_sentence(found.reset_index()).startswith(
        "The one comparison disagrees: gross amount of orders is 99.0% below"
    )
