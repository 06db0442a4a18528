"""What a row of an odd export is, if no order: a sum of others, a day's total, money that went out, a customer."""

import pytest
from load_files import HEADER, load, stored, workbook

from retailkit.load import LoadError, draft_layout

SHOPS = "日期,门店,品类,销售额\n" + "".join(
    f"2019-03-0{d},甲店,女装,10.50\n2019-03-0{d},甲店,男装,20.00\n2019-03-0{d},甲店,小计,30.50\n2019-03-0{d},本日合计,,30.50\n"
    for d in (1, 2, 3)
)


def drafted(folder, data, ending="csv", **more):
    """Draft a page for a file, load the file with it as it stands, and return page and report."""
    data = data if isinstance(data, bytes) else data.encode()
    (folder / f"mine.{ending}").write_bytes(data)
    page = draft_layout(folder / f"mine.{ending}")
    return page, load(folder, data, page, f"orders.{ending}", **more).iloc[0]


def test_dated_sums_in_the_midst_of_a_file_are_not_sold_twice(tmp_path):
    page, report = drafted(tmp_path, SHOPS)
    assert "rows whose '门店' is 本日合计 add up others: they are left out" in page
    assert stored(tmp_path)["gross_amount"].sum() == 3 * 3050
    assert (report["rows_kept"], report["rows_skipped"], report["warnings"]) == (6, 6, "")


def test_sums_that_a_layout_does_not_leave_out_are_warned_of(tmp_path):
    page = (
        HEADER.replace("会员", "店铺"),
        "1,甲店,2018-03-01 10:00,5\n2,甲店 小计,2018-03-01 10:00,5\n3,乙店,2018-03-01 10:00,5\n",
    )
    own = """
title = "own"
[[tables]]
table = "orders"
[tables.fields]
order_id = "订单号"
paid_at = "付款时间"
shop_id = "店铺"
gross_amount = { from = "实付", unit = "yuan" }
"""
    assert "1 rows say '甲店 小计' or the like in '店铺'" in load(tmp_path, "".join(page), own).loc[0, "warnings"]
    skip = own + '[[skip]]\nwhere = [{ column = "店铺", matches = "小计$" }]\nreason = "sums"\n'
    assert load(tmp_path, "".join(page), skip).loc[0, "warnings"] == ""


def test_a_file_that_counts_orders_is_of_days_not_of_orders(tmp_path):
    days = "统计日期,成交金额,成交订单数,新增会员数\n2019/3/1,1.10万,12,3\n2019/3/2,9002元,9,4\n2019/3/3,800元,7,5\n"
    page, _ = drafted(tmp_path, days)
    assert 'table = "daily_totals"' in page
    assert "account" not in page
    found = stored(tmp_path, "daily_totals").sort_values("day")
    assert found["gross_amount"].tolist() == [1_100_000, 900_200, 80_000]
    assert found["orders"].tolist() == [12, 9, 7]


def test_days_told_by_shop_are_added_up(tmp_path):
    days = "日期,门店,销售额(万元),订单数\n" + "".join(
        f"2019-03-0{d},{s},1.5,10\n" for d in (1, 2) for s in ("甲", "乙")
    )
    page, _ = drafted(tmp_path, days)
    assert 'unit = "万元"' in page
    found = stored(tmp_path, "daily_totals")
    assert found["gross_amount"].tolist() == [3_000_000] * 2
    assert found["orders"].tolist() == [20, 20]


def test_money_that_went_out_of_a_wallet_is_asked_about(tmp_path):
    bill = (
        "交易时间,交易类型,收/支,金额(元)\n2019-09-26 12:45:27,消费,支出,¥28.16\n2019-09-24 10:10:11,收款,收入,¥0.35\n"
    )
    page, _ = drafted(tmp_path, bill)
    assert "rows whose '收/支' is 支出 are money that went out, and count as sales" in page


def test_nothing_is_paid_on_a_birthday(tmp_path):
    (tmp_path / "members.csv").write_text(
        "会员卡号,生日,累计消费\nV1,1990-05-01,10.5\nV2,1991-05-01,20.5\nV3,1992-05-01,3.5\n"
    )
    assert 'paid_at = { from = "?" }' in draft_layout(tmp_path / "members.csv")


@pytest.mark.parametrize("name", ["收件人", "紧急联系人", "买家留言", "Order remark"])
def test_columns_of_persons_and_of_what_they_write_are_sensitive(tmp_path, name):
    (tmp_path / "orders.csv").write_text(f"订单号,付款时间,实付,{name}\n1,2019-03-01 10:00,1.5,x\n")
    assert f'sensitive = ["{name}"]' in draft_layout(tmp_path / "orders.csv")


TOP = (
    ["客户统计（2019-03-01 至 2019-03-02）", *[None] * 4],
    ["日期", "成员", "客户", None, "实收"],
    [None, None, "新增", "流失", None],
)
MERGED = ("A1:E1", "C2:D2", "A2:A3", "B2:B3", "E2:E3")


def test_a_header_of_merged_cells_is_read_from_both_its_rows(tmp_path):
    rows = (
        ["2019年3月1日", "ZhangSan", 3, 1, 5.5],
        ["2019年3月2日", "LiSi", 4, 2, 6.5],
        ["2019年3月3日", "LiSi", 5, 2, 7.5],
    )
    page, report = drafted(tmp_path, workbook(*TOP, *rows, merged=MERGED), "xlsx")
    assert "#   新增\n#   流失\n#   实收\n" in page
    assert "ZhangSan" not in page
    assert report["rows_kept"] == 3
    assert stored(tmp_path)["gross_amount"].tolist() == [550, 650, 750]


def test_a_sheet_without_a_header_is_refused_and_its_first_person_is_not_shown(tmp_path):
    (tmp_path / "own.xlsx").write_bytes(
        workbook(["王五", "2019-03-01 10:00:00", 13800000001, 5.5], ["李四", "2019-03-02", 13900000001, 6])
    )
    with pytest.raises(LoadError, match="no header line was found") as error:
        draft_layout(tmp_path / "own.xlsx")
    assert "王五" not in str(error.value)
