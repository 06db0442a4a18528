"""Files as newcomers have them, through draft and load with nothing corrected: right rows, or a question that names the cell."""

import datetime
import json
from decimal import Decimal

import pytest
from load_files import HEADER, ORDERS, load, quarantine, workbook

from retailkit.load import LoadError, draft_layout, open_store
from retailkit.load.cells import number_sql
from retailkit.load.engine import connect_raw

HEAD = "订单号,付款时间,实付金额,会员号\n"


TWO = [("A1", "2024-03-01 10:00:00", 1250, 1250), ("A2", "2024-03-02 10:00:00", 2000, 2000)]
PAGES = [
    {"code": 0, "msg": "ok", "traceId": "t1", "data": {"totalCount": "2", "pageNo": n, "shopId": 7, "list": [
        {"tid": tid, "createTime": "2024-02-28 09:00:00", "payTime": time, "payment": f"{fen / 100:.2f}",
         "orders": [{"skuId": f"{tid}{i}", "num": "1", "price": "1.00", "title": "裤"} for i in "12"]}
        for tid, time, fen, _ in page]}}
    for n, page in enumerate(([TWO[0]], [TWO[1]], []), 1)
]  # fmt: skip
NAMED = ["某店铺2024年3月订单"]
FILES = {
    "header over several lines": (
        ('"订单\n编号","付款\n时间","实付金额\n（元）",会员号\n'
         "A1,2024-03-01 10:00:00,12.50,c1\nA2,2024-03-02 10:00:00,20.00,c2\n").encode("gb18030"),
        "csv", TWO,
    ),
    "merged titles above the header": (
        workbook(NAMED, ["订单", None, "金额", None, "会员"], ["订单号", "付款时间", "实付", "退款", "会员号"],
             ["A1", datetime.datetime(2024, 3, 1, 10), 12.5, None, "c1"], ["A2", datetime.datetime(2024, 3, 2, 10), 20, 10.25, "c2"],
             ["合计", None, 32.5, 10.25, None], merged=("A1:E1", "A2:B2", "C2:D2")),
        "xlsx", [TWO[0], ("A2", "2024-03-02 10:00:00", 2000, 975)],
    ),
    "totals at the top": (HEAD + "合计,,32.50,\nA1,2024-03-01 10:00,12.50,c1\nA2,2024-03-02 10:00,20.00,c2\n", "csv", TWO),
    "lines about the shop, and a count at the end": (
        "\n\n店铺：旗舰店,,,\n,,,\n序号,订单号,付款时间,成交金额\n"
        "1,A1,2024-03-01 10:00,￥12.50\n2,A2,2024-03-02 10:00,￥20.00\n\n共2条,,,\n",
        "csv", TWO,
    ),
    "subtotals of shops in merged cells": (
        workbook(["门店", "订单号", "付款时间", "实付"], ["甲店", "A1", "2024-03-01 10:00:00", 12.5],
             [None, "A2", "2024-03-02 10:00:00", 20], ["甲店小计", None, None, 32.5], ["总计", None, None, 32.5], merged=("A2:A3",)),
        "xlsx", TWO,
    ),
    "full-width figures": (
        HEAD + "A1,２０２４-０３-０１ １０：００：００,１２．５０,c1\nA2,２０２４-０３-０２ １０：００：００,２，０００．００,c2\n",
        "csv", [TWO[0], ("A2", "2024-03-02 10:00:00", 200000, 200000)],
    ),
    "per cent beside amounts": (
        "订单号,付款时间,折扣率,实付金额\nA1,2024-03-01 10:00,95%,12.50\nA2,2024-03-02 10:00,80%,20.00\n", "csv", TWO,
    ),
    "blanks between thousands": (
        "Order;Date;Total;Customer\nA1;2024-03-01 10:00;1 234,50;c1\nA2;2024-03-02 10:00;12\u202f345,75;c2\n",
        "csv", [("A1", "2024-03-01 10:00:00", 123450, 123450), ("A2", "2024-03-02 10:00:00", 1234575, 1234575)],
    ),
    "a spreadsheet's days as numbers": (
        HEAD + "A1,45352.4166666667,12.50,c1\nA2,45353.4166666667,20.00,c2\n", "csv", TWO,
    ),
    "the same in a spreadsheet": (
        workbook(HEAD.strip().split(","), ["A1", 45352.4166666667, 12.5, "c"], ["A2", 45353.4166666667, 20, "c"]), "xlsx", TWO,
    ),
    "a clock of twelve hours in Chinese": (
        HEAD + "A1,2024/3/1 下午3:05,12.50,c1\nA2,2024年3月2日 上午12时10分,20.00,c2\nA3,2024/3/3 下午12:30:05,1.00,c3\n",
        "csv",
        [("A1", "2024-03-01 15:05:00", 1250, 1250), ("A2", "2024-03-02 00:10:00", 2000, 2000), ("A3", "2024-03-03 12:30:05", 100, 100)],
    ),
    "a clock of twelve hours in English": (
        "Order No,Paid at,Total\nA1,3/1/2024 3:05 PM,12.50\nA2,3/14/2024 12:15 AM,20.00\n",
        "csv", [("A1", "2024-03-01 15:05:00", 1250, 1250), ("A2", "2024-03-14 00:15:00", 2000, 2000)],
    ),
    "months by name": ('order_id,created_at,total\nA1,"Mar 1, 2024",12.50\nA2,"Mar 12, 2024",20.00\n', "csv",
                       [("A1", "2024-03-01 00:00:00", 1250, 1250), ("A2", "2024-03-12 00:00:00", 2000, 2000)]),
    "units behind amounts": (
        HEAD + "A1,2024-03-01 10:00:00,12.5元,c1\nA2,2024-03-02 10:00:00,1.2万元,c2\nA3,2024-03-02 10:00:00,0.35万,c2\n",
        "csv", [TWO[0], ("A2", "2024-03-02 10:00:00", 1200000, 1200000), ("A3", "2024-03-02 10:00:00", 350000, 350000)],
    ),
    "a database's own times": (
        "order_id,paid_at,total\nA1,2024-03-01 10:00:00+00,12.50\nA2,2024-03-02 18:00:00.000+08,20.00\n", "csv", TWO,
    ),
    "times of a form": ("order_id,paid_at,total €\nA1,2024-03-01T10:00,12.50 €\nA2,2024-03-02T10:00,20 €\n", "csv", TWO),
    "pages of an API, the last of them empty": ("\n".join(map(json.dumps, PAGES)) + "\n", "json", TWO),
    "goods of an order in an array": (
        "\n".join(json.dumps(order) for page in PAGES for order in page["data"]["list"]) + "\n", "json", TWO,
    ),
    "lines of main orders": (
        "主订单编号,子订单编号,订单提交时间,支付完成时间,订单应付金额\nA1,B1,2024-02-28 09:00,2024-03-01 10:00,10.00\n"
        "A1,B2,2024-02-28 09:00,2024-03-01 10:00,2.50\nA2,B3,2024-02-28 09:00,2024-03-02 10:00,20.00\n",
        "csv", TWO,
    ),
    "a unit in the name": (
        "单据号,付款时间,实付金额(分),退款（元）\nA1,2024-03-01 10:00,1250,0\nA2,2024-03-02 10:00,2000,5\n",
        "csv", [TWO[0], ("A2", "2024-03-02 10:00:00", 2000, 1500)],
    ),
    "days as numbers beside a time of day": (
        workbook(["小票号", "交易日期", "交易时间", "实收"], ["A1", 45352, datetime.time(10, 0, 5), 12.5],
             ["A2", 45353, datetime.time(10, 0, 6), 20]),
        "xlsx", [("A1", "2024-03-01 00:00:00", 1250, 1250), ("A2", "2024-03-02 00:00:00", 2000, 2000)],
    ),
    **{f"a day and a time of day, {form}": (
        f"单据号,交易日期,交易时间,实收金额\nA1,{one},{at},12.50\nA2,{two},{at},20.00\n", "csv", TWO)
       for form, one, two, at in (
           ("in figures", "20240301", "20240302", "100000"), ("with colons", "20240301", "20240302", "10:00:00"),
           ("without seconds", "2024-03-01", "2024-03-02", "10:00"), ("of twelve hours", "01 Mar 2024", "02 Mar 2024", "10:00 AM"),
           ("in Chinese", "2024年3月1日", "2024年3月2日", "10时00分"))},
    "dashes for nothing": (
        "订单号,付款时间,实付金额,退款金额\nA1,2024-03-01 10:00,12.50,-\nA2,2024-03-02 10:00,20.00,5.00\nA3,-,20.00,--\n",
        "csv", [TWO[0], ("A2", "2024-03-02 10:00:00", 2000, 1500)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_an_odd_file_is_drafted_and_loaded_as_it_stands(name, tmp_path):
    data, ending, wanted = FILES[name]
    data = data if isinstance(data, bytes) else data.encode()
    (tmp_path / f"shop.{ending}").write_bytes(data)
    report = load(tmp_path, data, draft_layout(tmp_path / f"shop.{ending}"), f"orders.{ending}", zone="UTC").iloc[0]
    orders = open_store(tmp_path / "store", merchants="m").orders.to_pandas()
    rows = sorted((r.order_id, str(r.paid_at), r.gross_amount, r.net_amount) for r in orders.itertuples())
    assert rows == wanted
    assert report["rows_quarantined"] == name.count("subtotals")
    assert report["warnings"] == ""


@pytest.mark.parametrize(("text", "asked"), [
    (HEAD + "A1,3月1日,12.50,c1\nA2,3月2日,20.00,c2\n",
     "'付款时间' has its name, but 2 of its 2 cells are no time, e.g. 3月1日"),
    (HEAD.replace("付款时间", "交易日") + "A1,03/01,12.50,c1\nA2,03/02,20.00,c2\n",
     "'交易日' has its name, but 2 of its 2 cells are no time, e.g. 03/01"),
    (HEAD + "A1,2024-03-01 中午12:10,1.00,c1\n", "e.g. 2024-03-01 中午12:10"),
    (HEAD + "A1,2024-03-01,12 34,c1\nA2,2024-03-02,5 6,c2\n",
     "'实付金额' has its name, but 2 of its 2 cells are no number, e.g. 12 34"),
    (HEAD + "A1,2024-03-01,1万2,c1\nA2,2024-03-02,3万5,c2\n", "e.g. 1万2"),
    (HEAD + "A1,2024-03-01,赠品,c1\nA2,2024-03-02,5.00,c2\n", "'实付金额' has its name, but 1 of its 2 cells are no number"),
    ("订单号,付款时间,金额,,会员号\n,,实付,退款,\nA1,2024-03-01,12.50,,c1\nA2,2024-03-02,20.00,5.00,c2\n",
     "the header seems to stand in two rows: put the names of the columns into one"),
], ids=["no year", "no year, a statement", "no half of a day", "two numbers", "spoken amounts", "gifts", "two rows of names"])  # fmt: skip
def test_what_cannot_be_read_is_asked_with_the_cell_and_refused_until_it_is_answered(text, asked, tmp_path):
    (tmp_path / "shop.csv").write_text(text, encoding="utf-8")
    page = draft_layout(tmp_path / "shop.csv")
    assert asked in page
    with pytest.raises(LoadError, match="not finished"):
        load(tmp_path, text, page)


def test_money_is_nobody_s_id_and_a_number_that_a_spreadsheet_rounded_is_asked_about(tmp_path):
    rows = "".join(f"6.28653E+17,2024-03-0{i} 10:00,1{i},{i}\n" for i in range(1, 6))
    (tmp_path / "shop.csv").write_text("订单编号,支付时间,用户实付金额,店铺优惠\n" + rows, encoding="utf-8")
    page = draft_layout(tmp_path / "shop.csv")
    assert "'订单编号' has its name, but its digits are lost to a spreadsheet (e.g. 6.28653E+17)" in page
    assert "account =" not in page
    assert "shop_id =" not in page


@pytest.mark.parametrize("start", ["<html><table>", "\n<!DOCTYPE html>\n", '<?xml version="1.0"?>\n<Workbook>'])
def test_a_web_page_that_is_called_a_spreadsheet_is_refused(start, tmp_path):
    with pytest.raises(LoadError, match="a web page or XML"):
        load(tmp_path, start + "<tr><td>订单号</td></tr>", file="orders.xls")


def test_a_column_named_after_payment_that_holds_names_is_not_shown(tmp_path):
    (tmp_path / "shop.csv").write_text("单号,Paid by,实付\nA1,王五,1.50\nA2,李四,2.50\n", encoding="utf-8")
    assert "王五" not in draft_layout(tmp_path / "shop.csv")


@pytest.mark.parametrize(("cell", "plain", "comma", "taken"), [
    ("1,234.50", "1234.5", None, "1234.5"), ("1 234", "1234", "1234", "1234"), ("1 234 567.5", "1234567.5", None, "1234567.5"),
    ("12 34", None, None, "12"), ("1234 567", None, None, "1234"), ("12\u00a0345", "12345", "12345", "12345"),
    ("１２．５", "12.5", None, "12.5"), ("２，０００．００", "2000", None, "2000"), ("1.2万", "12000", None, "12000"),
    ("¥1.2万元", "12000", None, "12000"), ("-3.5万", "-35000", None, "-35000"), ("1万2", None, None, None), ("1.2亿", None, None, None),
    ("9000000000万", None, None, None),  # too large for any amount, and no error either
    ("(35.00)", "-35", None, "35"), ("¥ 1,200", "1200", "1.2", "1200"), ("3件", None, None, "3"), ("50%", None, None, "50"),
    ("¥100 ¥80", None, None, "100"), ("5€50", None, None, "5"), ("12 345元 6", None, None, "12345"), ("12 €", "12", "12", "12"),
    ("12.5 300", None, None, "12.5"), ("7万2万", None, None, "70000"),
    ("1.234,56 €", None, "1234.56", None), ("共1.234.567,8元", None, None, None),
    ("1,23", None, "1.23", None), ("499.00（系统计算中）", None, None, "499"),
])  # fmt: skip
def test_a_number_is_read_as_it_is_written_or_not_at_all(cell, plain, comma, taken):
    """Each with a point, with a decimal comma, and taken out of words."""
    con = connect_raw(threads=1)
    for (decimal, extract), wanted in {(".", False): plain, (",", False): comma, (".", True): taken}.items():
        (found,) = con.execute(
            f"SELECT {number_sql('cell', decimal, extract)} FROM (SELECT ? AS cell)", [cell]
        ).fetchone()
        assert (found is None) == (wanted is None), (decimal, extract)
        assert wanted is None or found == Decimal(wanted)


@pytest.mark.parametrize(
    "time", ["2024-03-01 下午15:05", "2024-03-01 晚上12:10", "2024-03-01 中午12:10", "2024-03-01 13:05 PM"]
)
def test_an_hour_that_its_half_of_the_day_does_not_have_is_set_aside(time, tmp_path):
    load(tmp_path, HEADER + f"E1,c1,{time},1\nE2,c2,2024-03-01 下午3:05,1\n", ORDERS)
    assert [(row, column) for row, column, _ in quarantine(tmp_path)] == [(1, "付款时间")]
