"""What a file states of its own rows is held against them: sums and numbers of rows, said with both figures in two languages."""

import io
import json
from itertools import count
from pathlib import Path

import openpyxl
import pytest
from load_files import HEADER, ORDERS, load
from spoken import english

from retailkit.load import LoadError, draft_layout, staging

ROWS = "E1,c1,2018-03-01,10.00\nE2,c2,2018-03-02,20.00\nE3,c3,2018-03-03,1030.50\n"
PAID = 'where = [{ column = "付款时间", filled = true }]'
LINES = """
title = "lines of orders"
[[tables]]
table = "orders"
group = true
[tables.fields]
order_id = "订单号"
paid_at = "付款时间"
gross_amount = { from = "实付", unit = "yuan" }
"""


def warned(folder: Path, data: str | bytes, page: str = ORDERS, **options) -> str:
    return str(load(folder, data, page, **options)["warnings"].iloc[0])


@pytest.mark.parametrize(("text", "place"), [
    (HEADER + ROWS + '合计,,,"1,070.50"\n', "row 4"),
    (HEADER + ROWS + '总 计：,,,"¥1,070.50"\n', "row 4"),
    (HEADER + ROWS + "Grand Total,,,1070.50\n,,,\n制表人：财务部,,,\n", "row 4"),
    (HEADER + ROWS + "人民币合计,,,1070.50\n", "row 4"),
    (HEADER + "合计,,,1070.50\n" + ROWS, "row 1"),
    ('合计,,,"1,070.50"\n' + HEADER + ROWS, "line 1, above the header"),
    (HEADER + ROWS + "合计：1,070.50元\n".replace(",", ""), "row 4"),
    (HEADER + ROWS + "总金额：1070.50元\n", "row 4"),
    ("三月订单,,,\n合计,1070.50,,\n" + HEADER + ROWS, "line 2, above the header"),
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_stated_sum_that_does_not_hold_is_told_with_both_figures_and_its_row(text, place, encoding, tmp_path):
    assert warned(tmp_path, text.encode(encoding)) == (
        f"the file states 1,070.50 (sum of '实付', {place}) but holds 1,060.50"
    )
    right = text.replace("1,070.50", "1,060.50").replace("1070.50", "1060.50")
    assert warned(tmp_path, right.encode(encoding)) == ""


def test_a_line_of_totals_is_no_order_whatever_the_layout_says_of_it(tmp_path):
    report = load(tmp_path, HEADER + ROWS + "合计,,,1060.50\n").iloc[0]
    assert report[["rows_read", "rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [4, 3, 0, 1]
    cut = load(tmp_path, HEADER + ROWS + "合计,,,1061.50\n", 'footer = "合计"\n' + ORDERS).iloc[0]
    assert cut[["rows_read", "rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [3, 3, 0, 0]
    assert "states 1,061.50 (sum of '实付', row 4) but holds 1,060.50" in cut["warnings"]


def test_a_customer_or_a_good_called_total_stays_a_row(tmp_path):
    text = "商品,订单号,付款时间,实付\nShirt,E1,2018-03-01,10.00\nTotal,E2,2018-03-02,20.00\n"
    report = load(tmp_path, text, ORDERS.replace('account = { from = "会员", prefix = "shop" }\n', "")).iloc[0]
    assert report[["rows_kept", "rows_skipped", "warnings"]].tolist() == [2, 0, ""]


def test_the_difference_is_split_into_rows_set_aside_and_cells_that_are_no_numbers(tmp_path):
    aside = warned(tmp_path, HEADER + ROWS.replace("2018-03-02", "never") + "合计,,,1070.50\n")
    assert aside.endswith("but holds 1,060.50 (20 of that in rows set aside)")
    unread = warned(tmp_path, HEADER + ROWS.replace("20.00", "2o.00") + "合计,,,1060.50\n")
    assert unread.endswith("but holds 1,040.50 (1 cell cannot be read as a number)")


@pytest.mark.parametrize("stated", [
    "共 1,234 条", "共1234条记录", "Total records: 1234", "Total records,1234", "总记录数：1234", "1234 rows exported",
    "合计：1234笔", "合计,1234单",
])  # fmt: skip
@pytest.mark.parametrize("above", [True, False])
def test_a_stated_number_of_rows_is_counted(stated, above, tmp_path):
    for figure, holds in (("1,234" if "1,234" in stated else "1234", False), ("3", True)):
        line = stated.replace("1,234", figure).replace("1234", figure) + "\n"
        text = line + HEADER + ROWS if above else HEADER + ROWS + line
        told = warned(tmp_path, text)
        place = "line 1, above the header" if above else "row 4"
        assert told == ("" if holds else f"the file states 1,234 (rows, {place}) but holds 3")


def test_a_page_s_count_beside_the_whole_is_not_taken_for_it(tmp_path):
    assert warned(tmp_path, "本页共 2 条，总共 3 条\n" + HEADER + ROWS) == ""


@pytest.mark.parametrize(("text", "page"), [
    # an order's amount stands again on each of its lines, and the total counts it once
    ("订单号,付款时间,实付\nE1,2018-03-01,10\nE1,2018-03-01,10\nE2,2018-03-02,5\n合计,,15\n", LINES),
    ("订单号,付款时间,实付\nE1,2018-03-01,10\nE1,2018-03-01,10\nE2,2018-03-02,5\n合计,,25\n", LINES),
    ("订单号,付款时间,实付\nE1,2018-03-01,10\nE1,2018-03-01,10\nE2,2018-03-02,5\n合计,2 单,15\n", LINES),
    # subtotals of shops, and of the month, beside the total of all
    (HEADER + ROWS.replace("E3", "甲店小计,,,30.00\nE3") + "乙店小计,,,1030.50\n总计,,,1060.50\n", ORDERS),
    (HEADER + ROWS.replace("E3", "甲店合计,,,30.00\nE3") + "合计,,,1030.50\n总计,,,1060.50\n", ORDERS),
    # an average, a rate, a balance, a best one: none of them is a sum
    ("均价,转化,余额,最高," + HEADER + "5,1%,7,9," + "7,3%,8,2,".join(ROWS.splitlines(True)[:2]) + "合计,2%,8,9,,,,30.00\n", ORDERS),
    # masked cells cannot be added up
    (HEADER + ROWS.replace("20.00", "***") + "合计,,,1060.50\n", ORDERS),
    # only what was paid counts
    (HEADER + ROWS + "E4,c4,,99.00\n合计,,,1060.50\n", ORDERS.replace('"orders"', f'"orders"\n{PAID}')),
    # the total is shown rounded
    (HEADER + ROWS + "合计,,,1061\n", ORDERS),
], ids=["once", "each", "orders counted", "subtotals", "totals of groups", "no sums", "masked", "paid", "rounded"])  # fmt: skip
def test_figures_that_hold_in_another_way_or_are_no_sums_are_not_told(text, page, tmp_path):
    assert warned(tmp_path, text, page) == ""


def test_a_stated_sum_that_is_the_first_row_s_amount_is_told(tmp_path):
    assert "states 10 (sum of '实付', row 4) but holds 1,060.50" in warned(tmp_path, HEADER + ROWS + "合计,,,10.00\n")


def test_the_word_may_stand_behind_the_figures(tmp_path):
    text = HEADER.strip() + ",备注\n" + ROWS.replace("\n", ",\n") + ",,,1070.50,合计\n"
    assert warned(tmp_path, text) == "the file states 1,070.50 (sum of '实付', row 4) but holds 1,060.50"


def test_totals_of_groups_that_do_not_say_so_are_no_totals_of_all(tmp_path):
    text = HEADER + ROWS.replace("E3", "合计,,,30.00\nE3") + "合计,,,1030.50\n"
    assert warned(tmp_path, text) == ""
    assert "states 1,031 (sum of '实付', row 5)" in warned(
        tmp_path, text.replace("1030.50\n合计", "1030.50\n合计").replace("合计,,,1030.50", "合计,,,1031.00")
    )


def test_a_draft_cuts_no_rows_off_with_a_total_that_comes_earlier_too(tmp_path):
    for number, text in enumerate((
        HEADER + ROWS.replace("E3", "合计,,,30.00\nE3") + "合计,,,1030.50\n",
        "商品," + HEADER + "".join(f"{g},{r}" for g, r in zip(("Total Care", "Shirt", "Sock"), ROWS.splitlines(True), strict=True))
        + "Total,,,,1060.50\n",
    )):  # fmt: skip
        file = tmp_path / f"shop{number}.csv"
        file.write_text(text, encoding="utf-8")
        page = draft_layout(file)
        assert "footer" not in page
        assert load(tmp_path, text, page, merchant=f"m{number}")["rows_kept"].tolist() == [3]


def test_rows_below_a_summary_are_told(tmp_path):
    text = (
        HEADER
        + ROWS
        + "合计,,,1060.50\n,,,\n退款单号,会员,退款时间,退款金额\nR1,c1,2018-03-05,5.00\n制表人：财务部,,,\n"
    )
    for lang, told in (("en", "2 lines below the summary not read"), ("zh", "汇总行以下有2行未读取")):
        assert warned(tmp_path, text, 'footer = "合计"\n' + ORDERS, lang=lang, merchant=f"m_{lang}") == told


def test_a_column_that_the_layout_does_not_read_is_added_up_too(tmp_path):
    text = "件数," + HEADER + "".join(f"3,{row}" for row in ROWS.splitlines(True)) + "合计,,,,1060.50\n"
    assert warned(tmp_path, text) == ""
    text = HEADER.strip() + ",件数\n" + ROWS.replace("\n", ",3\n") + "合计,,,1060.50,10\n"
    assert warned(tmp_path, text) == "the file states 10 (sum of '件数', row 4) but holds 9"


def test_a_total_is_told_in_chinese(tmp_path):
    text = HEADER + ROWS.replace("2018-03-02", "never").replace("1030.50", "x") + "合计,,,1070.50\n共 5 条\n"
    told = warned(tmp_path, text, lang="zh")
    assert "文件自述“实付”合计（第4行）为1,070.50，实际为30（其中20在已隔离的行中，1个单元格不是可识别的数字）" in told
    assert "文件自述行数（第5行）为5，实际为3" in told
    assert english(told) == []


def test_a_spreadsheet_s_total_is_added_up_as_well(tmp_path):
    book = openpyxl.Workbook()
    for row in (["三月"], HEADER.strip().split(","), *([*r.split(",")[:3], float(r.split(",")[3])] for r in ROWS.split()),
                ["合计", None, None, 1070.5], [None], ["共3条"]):  # fmt: skip
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    told = warned(tmp_path, data.getvalue(), file="orders.xlsx")
    assert told == "the file states 1,070.50 (sum of '实付', row 4) but holds 1,060.50"


def test_a_draft_leaves_the_totals_out_and_they_are_held_against_the_rows(tmp_path):
    for number, text in enumerate((HEADER + ROWS + "合计,,,1070.50\n", HEADER + "合计,,,1070.50\n" + ROWS)):
        file = tmp_path / f"shop{number}.csv"
        file.write_text(text, encoding="utf-8")
        page = draft_layout(file)
        assert 'gross_amount = { from = "实付", unit = "major" }' in page
        report = load(tmp_path, text, page).iloc[0]
        assert report["rows_kept"] == 3
        assert "states 1,070.50" in report["warnings"]
        assert "but holds 1,060.50" in report["warnings"]


def test_a_large_file_with_a_total_is_added_up_and_one_without_passes_once(tmp_path, monkeypatch):
    monkeypatch.setattr("retailkit.load.passing.PASSING", 1)
    rows = "".join(f"E{n},c{n},2018-03-{1 + n % 28:02},{n}.25\n" for n in range(20_000))
    held = sum(range(20_000)) + 5_000  # a quarter each
    passed = []
    whole = staging._staged
    monkeypatch.setattr(staging, "_staged", lambda *a: passed.append(a[-1]) or whole(*a))
    assert warned(tmp_path, HEADER + rows) == ""
    assert passed == [True]
    told = warned(tmp_path, HEADER + rows + "合计,,,5\n")
    assert told == f"the file states 5 (sum of '实付', row 20,001) but holds {held:,}"
    assert passed == [True, True, False], "the first look refuses, the second adds up"


PAGES = """
title = "pages of an API's answers"
format = "jsonl"
records = "data.orders"
[[control]]
key = "data.total"
[[tables]]
table = "orders"
[tables.fields]
order_id = "order_no"
paid_at = "pay_time"
gross_amount = { from = "pay_amount", unit = "yuan" }
"""


def pages(*stated_and_held: tuple[int | None, int]) -> str:
    """The pages of answers, each of which states a number of records and holds some; orders are numbered throughout."""
    lines, number = [], count(1)
    for stated, held in stated_and_held:
        orders = [
            {"order_no": f"E{next(number)}", "pay_time": "2018-03-01 10:00", "pay_amount": "1.50"} for _ in range(held)
        ]
        lines.append(json.dumps({"data": ({} if stated is None else {"total": stated}) | {"orders": orders}}))
    return "\n".join(lines)


@pytest.mark.parametrize(("answers", "said"), [
    ([(45, 20), (45, 20), (45, 5)], None),
    ([(45, 20), (45, 20)], (45, 40)),
    ([(45, 20), (45, 20), (45, 20)], (45, 60)),  # the last page twice
    ([(451, 200), (452, 200), (453, 53)], None),  # orders came in while pages were fetched
    ([(451, 200), (452, 200)], (452, 400)),
    ([(3, 3), (5, 5), (5, 5), (0, 0), (2, 2)], None),  # a question a day
    ([(3, 3), (9, 5), (2, 2)], (9, 5)),
    ([(0, 0), (4, 0), (3, 3)], (4, 0)),
    ([(None, 3)], None),
])  # fmt: skip
def test_pages_that_are_missing_from_an_apis_answers_are_told_with_both_figures(answers, said, tmp_path):
    english = chinese = ""
    if said:
        english = f"the answers state {said[0]} records (data.total), the file holds {said[1]}: pages are missing or there twice"
        chinese = f"应答自述共{said[0]}条记录（data.total），文件中有{said[1]}条：缺页或有页重复"
    for lang, told in (("en", english), ("zh", chinese)):
        (tmp_path / lang).mkdir()
        assert warned(tmp_path / lang, pages(*answers), PAGES, lang=lang) == told


def test_a_draft_sees_how_many_records_answers_state(tmp_path):
    path = tmp_path / "orders.json"
    path.write_text(pages((45, 20), (45, 20)), encoding="utf-8")
    page = draft_layout(path)
    assert '[[control]]\nkey = "data.total"' in page
    report = load(tmp_path, path.read_text("utf-8"), page)
    assert "the answers state 45 records (data.total), the file holds 40" in report["warnings"].iloc[0]


def test_a_control_has_one_place(tmp_path):
    for control in ("", 'key = "total"\npattern = "x"', 'key = "total"\ncheck = "sum"\ncolumn = "pay_amount"'):
        with pytest.raises(LoadError, match=r"control needs a pattern|key tells the number of records only"):
            load(tmp_path, pages((1, 1)), PAGES.replace('key = "data.total"', control))
