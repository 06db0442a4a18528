"""A draft knows what a status says of an order's money and which currency a mark is; what it does not know it asks."""

import re
from pathlib import Path

import pytest
from load_files import HEADER, load

from retailkit.load import LoadError, draft_layout, open_file, open_store

HEAD = "订单号,会员,付款时间,实付金额,订单状态\n"


def drafted(folder: Path, text: str) -> str:
    (folder / "shop.csv").write_text(text, encoding="utf-8")
    return draft_layout(folder / "shop.csv")


def orders(folder: Path, text: str, page: str, **options):
    load(folder, text, page, **options)
    return open_store(folder / "store", merchants="m").orders.to_pandas().set_index("order_id")


@pytest.mark.parametrize(
    "word", ["交易关闭", "已取消", "已退款", "退款成功", "Refunded", "fully_refunded", "cancelled", "Canceled"]
)
def test_an_order_that_was_paid_and_refunded_or_closed_earned_nothing(word, tmp_path):
    text = HEAD + f"A1,c1,2024-01-03,100.50,已完成\nA2,c2,2024-01-04,80.00,{word}\n"
    page = drafted(tmp_path, text)
    assert f"where '订单状态' is {word} the whole of '实付金额' went back" in page
    assert orders(tmp_path, text, page)["net_amount"].to_dict() == {"A1": 10050, "A2": 0}


@pytest.mark.parametrize("word", ["待付款", "Unpaid", "pending", "voided", "Payment failed"])
def test_an_order_that_nobody_paid_is_left_out_with_its_reason(word, tmp_path):
    text = HEAD + f"A1,c1,2024-01-03,100.50,paid\nA2,c2,2024-01-04,80.00,{word}\n"
    page = drafted(tmp_path, text)
    assert orders(tmp_path, text, page)["net_amount"].to_dict() == {"A1": 10050}
    assert f"rows whose '订单状态' is {word} are left out as not paid" in page


def test_a_closed_order_whose_time_is_not_that_of_payment_was_paid_by_nobody(tmp_path):
    text = HEAD.replace("付款时间", "下单时间") + "A1,c1,2024-01-03,100.50,完成\nA2,c2,2024-01-04,80.00,已取消\n"
    assert orders(tmp_path, text, drafted(tmp_path, text))["net_amount"].to_dict() == {"A1": 10050}


@pytest.mark.parametrize("word", ["部分退款", "partially refunded", "退款中", "Chargeback"])
def test_what_no_figure_tells_is_asked_about(word, tmp_path):
    page = drafted(tmp_path, HEAD + f"A1,c1,2024-01-03,100.50,完成\nA2,c2,2024-01-04,80.00,{word}\n")
    assert f"rows whose '订单状态' is {word} count as sales in full" in page
    assert "refund_amount =" not in page


@pytest.mark.parametrize("word", ["未退款", "无退款", "not refunded", "No refund", "已发货"])
def test_a_status_without_a_refund_changes_nothing(word, tmp_path):
    page = drafted(tmp_path, HEAD + f"A1,c1,2024-01-03,100.50,完成\nA2,c2,2024-01-04,80.00,{word}\n")
    assert "refund_amount =" not in page
    assert "count as sales" not in page


def test_a_refund_s_own_column_comes_before_the_whole_amount(tmp_path):
    text = HEAD.strip() + ",退款金额\nA1,c1,2024-01-03,100.50,完成,\nA2,c2,2024-01-04,80.00,交易关闭,60.00\n"
    text += "A3,c3,2024-01-05,70.00,交易关闭,\nA4,c4,2024-01-06,50.00,完成,5.00\n"
    found = orders(tmp_path, text, drafted(tmp_path, text))["net_amount"].to_dict()
    assert found == {"A1": 10050, "A2": 2000, "A3": 0, "A4": 4500}


def test_a_rare_word_far_down_the_file_is_known_too(tmp_path):
    rows = "".join(f"A{n},c{n},2024-01-03,1.50,完成\n" for n in range(3000))
    assert "is 已退款 the whole" in drafted(
        tmp_path, HEAD + rows.replace("A2000,c2000,2024-01-03,1.50,完成", "A2000,c2000,2024-01-03,1.50,已退款")
    )


def test_lines_of_a_refunded_order_go_back_once(tmp_path):
    text = HEAD + "A1,c1,2024-01-03,30.50,已退款\nA1,c1,2024-01-03,20.00,已退款\nA2,c2,2024-01-04,80.00,完成\n"
    found = orders(tmp_path, text, drafted(tmp_path, text))
    assert found["gross_amount"].to_dict() == {"A1": 5050, "A2": 8000}
    assert found["net_amount"].to_dict() == {"A1": 0, "A2": 8000}


@pytest.mark.parametrize("word", ["JPY", "日元", "日本円"])
def test_a_yen_mark_beside_a_column_of_currencies_is_yen(word, tmp_path):
    text = f'订单号,会员,付款时间,实付,币种\nA1,c1,2024-01-03,"¥1,200",{word}\nA2,c2,2024-01-04,¥980,{word}\n'
    page = drafted(tmp_path, text).replace('unit = "?"', 'unit = "major"')
    found = orders(tmp_path, text, page)
    assert found["currency"].tolist() == ["JPY", "JPY"]
    assert found["gross_amount"].tolist() == [1200, 980], "yen have no hundredths"


def test_a_mark_that_two_currencies_share_is_asked_about(tmp_path):
    text = HEADER + 'A1,c1,2024-01-03,"¥1,200"\nA2,c2,2024-01-04,¥980\n'
    page = drafted(tmp_path, text)
    assert "yuan (CNY) or yen (JPY): replace the '?' of the currency" in page
    with pytest.raises(LoadError, match=r"not finished.*currency"):
        load(tmp_path, text, page.replace('unit = "?"', 'unit = "major"'))
    page = page.replace('currency = "?"', 'currency = "JPY"').replace('unit = "?"', 'unit = "major"')
    assert orders(tmp_path, text, page)["gross_amount"].tolist() == [1200, 980]
    assert "currency" not in drafted(tmp_path, text.replace("980", "980.50")), "yen have no decimals: it is yuan"


@pytest.mark.parametrize(("cell", "code"), [("€12.50", "EUR"), ("£12.50", "GBP"), ("1250円", "JPY")])
def test_a_mark_that_one_currency_has_is_taken_for_it(cell, code, tmp_path):
    text = HEADER + f"A1,c1,2024-01-03,{cell}\nA2,c2,2024-01-04,{cell}\n"
    page = drafted(tmp_path, text)
    found = orders(tmp_path, text, page)
    assert found["currency"].tolist() == [code, code]
    assert found["gross_amount"].tolist() == [1250, 1250]


def test_a_merchant_out_of_china_says_the_currency(tmp_path):
    text = HEADER + "A1,c1,2024-01-03,1200\n"
    with pytest.raises(LoadError, match="which currency") as error:
        load(tmp_path, text, zone="Asia/Tokyo")
    assert "未说明金额的货币：时区为Asia/Tokyo" in error.value.told("zh")
    with (
        pytest.raises(LoadError, match="which currency"),
        open_file(tmp_path / "orders.csv", tmp_path / "own.toml", "m", "Asia/Tokyo"),
    ):
        pass
    assert orders(tmp_path, text, zone="Asia/Tokyo", currency="JPY", page=(tmp_path / "own.toml").read_text())[
        "currency"
    ].tolist() == ["JPY"]


def test_amounts_with_another_currency_s_mark_than_they_are_read_in_are_told(tmp_path):
    text = HEADER + "A1,c1,2024-01-03,$12.00\n"
    assert re.search(r"cells of '实付' carry \$, but are read as CNY", load(tmp_path, text)["warnings"][0])
    assert "carry" not in load(tmp_path, text, currency="USD", merchant="n")["warnings"][0]


@pytest.mark.parametrize("word", ["(删除)等待付款", "未付款-超时", "payment_declined_failed"])
def test_a_word_that_may_say_nobody_paid_is_asked_about(word, tmp_path):
    text = f"订单号,付款时间,实付金额,订单状态\nA1,2024-01-03,12.50,完成\nA2,2024-01-04,20.00,{word}\n"
    assert f"rows whose '订单状态' is {word} count as sales in full" in drafted(tmp_path, text)


def test_a_refund_of_nought_beside_a_status_of_refunded_is_no_sale(tmp_path):
    text = '订单号,付款时间,"金额, 元",退款金额,订单状态\n'
    text += "A1,2024-01-03,12.50,0.00,完成\nA2,2024-01-04,20.00,0.00,已退款\n"
    text += "A3,2024-01-04,20.00,5.00,已退款\nA4,2024-01-04,20.00,-,交易关闭\n"
    found = orders(tmp_path, text, drafted(tmp_path, text))
    assert found["net_amount"].to_dict() == {"A1": 1250, "A2": 0, "A3": 1500, "A4": 0}


@pytest.mark.parametrize("refund", ["", ",退款金额"])
def test_an_order_that_comes_again_when_it_is_refunded_is_refunded(refund, tmp_path):
    """As in a file to which each day's export is appended."""
    rows = [f"A{i},2024-01-03 10:0{i},12.50,已发货" for i in range(5)] + ["A1,2024-01-03 10:01,12.50,已退款"]
    text = f"订单号,付款时间,实付金额,订单状态{refund}\n"
    text += "".join(f"{row}{refund and (',12.50' if '退' in row else ',0.00')}\n" for row in rows)
    page = drafted(tmp_path, text)
    assert "differs among the rows of one order: the last one counts" in page
    found = orders(tmp_path, text, page)
    assert found["net_amount"].to_dict() == {"A0": 1250, "A1": 0, "A2": 1250, "A3": 1250, "A4": 1250}
    assert found.loc["A1", ["refund_amount", "status"]].tolist() == [1250, "已退款"]


def test_refunds_below_nought_beside_their_orders_are_read_with_the_other_sign(tmp_path):
    text = "订单号,付款时间,实付金额,退款金额\nA1,2024-01-03,12.50,(2.50)\nA2,2024-01-04,20.00,0.00\nA3,2024-01-04,20.00,-5.00\n"
    found = orders(tmp_path, text, drafted(tmp_path, text))
    assert found["net_amount"].to_dict() == {"A1": 1000, "A2": 2000, "A3": 1500}
