"""A new user's own file gets in with one drafted layout: three awkward files, and what a draft must leave open."""

import csv
import gzip
import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import DATA
from load_files import load

from retailkit.load import LoadError, draft_layout, load_file, open_store
from retailkit.load.layout import Layout

AWKWARD = DATA / "awkward_files_a"


def records(file: str, encoding: str, header: int) -> list[dict[str, str]]:
    """Return the records below a header line as plain Python reads them."""
    data = (AWKWARD / file).read_bytes()
    text = (gzip.decompress(data) if file.endswith(".gz") else data).decode(encoding)
    names, *rows = list(csv.reader(text.splitlines(keepends=True)))[header - 1 :]
    names = [n.strip() for n in names]
    wide = max(i for i, n in enumerate(names, 1) if n)
    # a record with cells beyond the named columns is set aside, with that reason
    rows = [row for row in rows if any(c.strip() for c in row) and not any(c.strip() for c in row[wide:])]
    return [dict(zip(names, (c.strip() for c in row), strict=False)) for row in rows]


def cents(text: str) -> int:
    return int(Decimal(text.replace(",", "").lstrip("¥")) * 100)


@pytest.mark.data
@pytest.mark.parametrize(("file", "encoding", "header", "amount"), [
    ("cn_wechat_bill.csv", "utf-8", 17, "金额(元)"),
    ("cn_alipay_bill_gbk.csv", "gb18030", 25, "金额"),
    ("uk_wakefield_pcard_2018q2.csv.gz", "cp1252", 3, "Net Amount"),
])  # fmt: skip
def test_a_draft_loads_an_awkward_file_as_it_stands(file: str, encoding: str, header: int, amount: str, tmp_path: Path):
    page = tmp_path / "mine.toml"
    page.write_text(draft_layout(AWKWARD / file), encoding="utf-8")
    report = load_file(AWKWARD / file, page, "m", tmp_path / "store").iloc[0]
    there = [r for r in records(file, encoding, header) if r.get(amount)]
    amounts = [cents(r[amount]) for r in there]
    tables = open_store(tmp_path / "store", merchants="m")
    orders, refunds = tables.orders.to_pandas(), tables.refunds.to_pandas()
    assert sorted(orders["gross_amount"]) == sorted(a for a in amounts if a >= 0)
    assert sorted(refunds["refund_amount"]) == sorted(-a for a in amounts if a < 0)
    assert orders["order_id"].is_unique
    told = report[["rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped"]].sum()
    assert told == report["rows_read"], "every row is told"
    if file.startswith("cn_"):
        assert f"but holds {len(there)}" in report["warnings"], "the file states more records than it holds"


@pytest.mark.data
def test_a_header_below_lines_about_the_account_is_found_although_cells_are_padded_with_tabs(tmp_path: Path):
    file, page = AWKWARD / "cn_icbc_debit_padded.csv", tmp_path / "mine.toml"
    page.write_text(draft_layout(file), encoding="utf-8")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    names, *below = rows[next(i for i, row in enumerate(rows) if "交易日期" in row) :]
    earned = [row[names.index("记账金额(收入)")] for row in below if len(row) > len(names)]
    load_file(file, page, "m", tmp_path / "store")
    orders = open_store(tmp_path / "store", merchants="m").orders.to_pandas()
    assert sorted(orders["gross_amount"]) == sorted(cents(amount) for amount in earned if amount not in ("", "-"))
    assert len(orders) == 5


def test_a_row_without_a_number_is_no_header_and_its_name_is_not_shown(tmp_path: Path):
    (tmp_path / "members.csv").write_text("王五,上海,\n李四,北京,13922223333\n", encoding="utf-8")
    assert "王五" not in draft_layout(tmp_path / "members.csv")


@pytest.mark.data
def test_lines_of_one_number_and_day_become_one_order(tmp_path: Path):
    file = "uk_hmrc_over25k_2011.csv"
    text = draft_layout(AWKWARD / file)
    assert "group = true" in text
    assert 'formats = ["%d/%m/%Y"]' in text
    page = tmp_path / "mine.toml"
    page.write_text(text, encoding="utf-8")
    load_file(AWKWARD / file, page, "m", tmp_path / "store")
    sums: dict[str, int] = {}
    for r in records(file, "ascii", 1):
        sums[r["Transaction number"]] = sums.get(r["Transaction number"], 0) + cents(r["Amount"])
    orders = open_store(tmp_path / "store", merchants="m").orders.to_pandas().set_index("order_id")["gross_amount"]
    assert orders.to_dict() == {number: value for number, value in sums.items() if value >= 0}


def test_yuan_or_fen_is_left_open_where_nothing_shows_it(tmp_path: Path):
    file = tmp_path / "orders.csv"
    file.write_text(
        "订单编号,会员号,付款时间,实付金额\nE1,c1,2018-11-11 00:03:12,45900\nE2,c2,2018-11-12 10:00:00,100\n"
    )
    text = draft_layout(file)
    assert 'gross_amount = { from = "实付金额", unit = "?" }' in text
    assert "Nothing shows it" in text
    with pytest.raises(LoadError, match="unit"):
        load(tmp_path, file.read_text(), text)
    report = load(tmp_path, file.read_text(), text.replace('unit = "?"', 'unit = "fen"'))
    assert report["rows_kept"].tolist() == [2]


def test_day_and_month_that_could_be_either_are_asked_about(tmp_path: Path):
    file = tmp_path / "orders.csv"
    file.write_text("order no,customer,date,total\nA1,c1,03/04/2018,1.50\nA2,c2,05/06/2018,2.00\n")
    text = draft_layout(file)
    assert "day or month first?" in text
    assert 'account = { from = "customer", prefix = "shop" }' in text


def test_phones_and_names_of_a_new_file_stay_private(tmp_path: Path):
    file = tmp_path / "orders.csv"
    file.write_text(
        "单号,客户姓名,手机,时间,金额\nA1,张三,13800000001,2018-11-11,1.5\nA2,李四,138****0002,2018-11-12,x\n"
    )
    text = draft_layout(file)
    assert 'sensitive = ["客户姓名", "手机"]' in text
    assert "张三" not in text
    assert "13800000001" not in text
    assert 'account = { from = "手机", kind = "phone", prefix = "phone" }' in text
    assert 'from = "客户姓名"' not in text, "a name is never an account"


def test_an_answer_with_its_wrapping_and_counted_times_is_drafted_from_its_records(tmp_path: Path):
    orders = [
        {"orderNo": f"E{i}", "buyer": {"wid": 100 + i}, "payTime": 1541865792000 + i, "payAmount": "45.50"}
        for i in range(5)
    ]
    file = tmp_path / "answer.json"
    file.write_text(json.dumps({"code": 0, "data": {"list": orders}, "total": 5}, indent=1))
    text = draft_layout(file)
    assert 'records = "data.list"' in text
    assert 'paid_at = { from = "payTime", time = "epoch_ms" }' in text
    page = tmp_path / "mine.toml"
    page.write_text(text, encoding="utf-8")
    assert load_file(file, page, "m", tmp_path / "store")["rows_kept"].tolist() == [5]
    found = open_store(tmp_path / "store", merchants="m").orders.to_pandas().sort_values("order_id")
    assert found["gross_amount"].tolist() == [4550] * 5
    assert str(found["paid_at"].iloc[0]).startswith("2018-11-10 16:03:12")


@pytest.mark.data
def test_every_file_gives_a_draft_that_can_be_read_or_one_clear_refusal():
    files = [p for p in AWKWARD.rglob("*") if p.suffix in (".csv", ".gz", ".xls", ".xlsx")]
    for path in files:
        try:
            text = draft_layout(path)
        except LoadError:
            continue
        page = tomllib.loads(text.replace('unit = "?"', 'unit = "fen"'))
        assert Layout.model_validate({"name": "own", **page}).tables[0].table == "orders", path.name


@pytest.mark.parametrize("rows", [
    "张三,朝阳区,上海\n李四,A2,40\n王五,A3,50\n",
    "张三,c1,浦东新区,120\n李四,c2,朝阳区,40\n王五,c3,西湖区,50\n",
    "小明,VIP7,7\n小红,VIP12,12\n",
], ids=["names above names", "numbers above numbers", "ids above ids"])  # fmt: skip
def test_a_file_without_a_header_is_told_by_the_cells_below_and_its_first_person_is_not_shown(
    rows: str, tmp_path: Path
):
    file, person = tmp_path / "orders.csv", rows[:2]
    file.write_text(rows, encoding="utf-8")
    text = draft_layout(file)
    assert person not in text
    assert "header = false" in text
    with pytest.raises(LoadError, match="no header line was found") as error:
        load(tmp_path, rows)
    assert person not in str(error.value)


def test_a_header_of_words_and_years_stays_a_header(tmp_path: Path):
    file = tmp_path / "orders.csv"
    file.write_text("方案,导购,2018,金额\n方案一,李四,2018,5.00\n方案二,王五,2019,6.00\n", encoding="utf-8")
    assert "header = false" not in draft_layout(file)


def test_an_order_s_total_that_stands_on_each_of_its_lines_is_counted_once(tmp_path: Path):
    rows = "order_id,created_at,product,order_total\n1,2024-01-03 10:00,Shirt,35.00\n1,2024-01-03 10:00,Sock,35.00\n"
    rows += "2,2024-01-04 10:00,Hat,20.00\n"
    (tmp_path / "shop.csv").write_text(rows)
    load(tmp_path, rows, draft_layout(tmp_path / "shop.csv"))
    assert open_store(tmp_path / "store", merchants="m").orders.gross_amount.sum().to_pandas() == 3500 + 2000


def test_two_orders_of_several_lines_are_two_orders(tmp_path: Path):
    rows = "订单号,付款时间,商品,金额\nE1,2024-01-03 10:00,衬衫,35.00\nE1,2024-01-03 10:00,袜,5.00\n"
    rows += "E1,2024-01-03 10:00,帽,6.00\nE2,2024-01-04 10:00,帽,20.00\n"
    (tmp_path / "shop.csv").write_text(rows, encoding="utf-8")
    load(tmp_path, rows, draft_layout(tmp_path / "shop.csv"))
    orders = open_store(tmp_path / "store", merchants="m").orders.to_pandas().set_index("order_id")["gross_amount"]
    assert orders.to_dict() == {"E1": 4600, "E2": 2000}


def test_negative_lines_of_an_order_become_its_refund_and_no_line_is_lost_unsaid(tmp_path: Path):
    rows = "order_id,customer,date,line_amount\n1,c1,2024-01-03,30.00\n1,c1,2024-01-03,-5.00\n2,c2,2024-01-04,20.00\n"
    rows += "2,c2,2024-01-04,10.00\n3,c3,2024-01-05,-20.00\n"
    (tmp_path / "shop.csv").write_text(rows)
    text = draft_layout(tmp_path / "shop.csv")
    report = load(tmp_path, rows, text).iloc[0]
    assert report["rows_kept"] == 5
    tables = open_store(tmp_path / "store", merchants="m")
    assert tables.orders.gross_amount.sum().to_pandas() == 6000
    refunds = tables.refunds.to_pandas().set_index("order_id")["refund_amount"]
    assert refunds.to_dict() == {"1": 500, "3": 2000}
    assert tables.orders.net_amount.sum().to_pandas() == 5500
    assert "refunds of 33.3% of what was paid name no order that is loaded" in report["warnings"]
    assert "which the order of that number is less by" in text


def test_orders_that_nobody_paid_are_left_out_and_counted(tmp_path: Path):
    rows = "订单号,会员号,付款时间,实付金额\nE1,c1,2024-01-03 10:01:00,100.00\nE2,c2,,0.00\nE3,c3,2024-01-04 10:01:00,80.00\n"
    (tmp_path / "shop.csv").write_text(rows, encoding="utf-8")
    text = draft_layout(tmp_path / "shop.csv")
    assert "is empty on 1 of 3 rows" in text
    report = load(tmp_path, rows, text).iloc[0]
    assert report[["rows_read", "rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [3, 2, 0, 1]


def test_a_day_and_a_time_of_day_in_two_columns_are_one_time(tmp_path: Path):
    rows = "单号,记账日期,记账时间,金额\nA1,2025-08-22,17:57:17,71.89\nA2,2025-08-22,12:24:20,3.00\n"
    (tmp_path / "shop.csv").write_text(rows, encoding="utf-8")
    load(tmp_path, rows, draft_layout(tmp_path / "shop.csv"), zone="UTC")
    paid = open_store(tmp_path / "store", merchants="m").orders.to_pandas().set_index("order_id")["paid_at"]
    assert paid.astype(str).to_dict() == {"A1": "2025-08-22 17:57:17", "A2": "2025-08-22 12:24:20"}


def test_a_draft_with_open_places_is_refused_with_their_names(tmp_path: Path):
    rows = "Bestellnr;Datum;Betrag\nA1;03.01.2024;1.200,50\nA2;14.01.2024;40,00\n"
    (tmp_path / "shop.csv").write_text(rows)
    text = draft_layout(tmp_path / "shop.csv")
    with pytest.raises(LoadError, match=r"not finished.*orders.gross_amount \(from\), orders.gross_amount \(unit\)"):
        load(tmp_path, rows, text)


@pytest.mark.parametrize(
    ("back", "more"), [("(35.00)", "(1,200.50)"), ("35.00-", "1,200.50-"), ("（¥35.00）", "-¥1,200.50")]
)
def test_accountants_negatives_are_drafted_and_loaded_as_refunds(back: str, more: str, tmp_path: Path):
    rows = f"单号,会员号,时间,金额\nA1,c1,2024-01-03,100.00\nA2,c2,2024-01-04,{back}\n"
    rows += f'A3,c3,2024-01-05,"{more}"\nA4,c4,2024-01-06,0.00\n'
    (tmp_path / "shop.csv").write_text(rows, encoding="utf-8")
    text = draft_layout(tmp_path / "shop.csv")
    assert (f"('{back}' is one)" in text) == (not back.startswith("-"))
    report = load(tmp_path, rows, text).iloc[0]
    assert report[["rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [4, 0, 0]
    tables = open_store(tmp_path / "store", merchants="m")
    assert tables.orders.to_pandas().set_index("order_id")["gross_amount"].to_dict() == {"A1": 10000, "A4": 0}
    assert tables.refunds.to_pandas().set_index("refund_id")["refund_amount"].to_dict() == {"A2": 3500, "A3": 120050}


def test_an_id_in_brackets_stays_as_it_is(tmp_path: Path):
    rows = "单号,会员号,时间,金额\n(1001),77-,2024-01-03,(3.00)\n(1002),78-,2024-01-04,5.00\n"
    (tmp_path / "shop.csv").write_text(rows, encoding="utf-8")
    load(tmp_path, rows, draft_layout(tmp_path / "shop.csv"))
    tables = open_store(tmp_path / "store", merchants="m")
    assert tables.orders.to_pandas()[["order_id", "account"]].to_numpy().tolist() == [["(1002)", "shop:78-"]]
    assert tables.refunds.to_pandas()["refund_id"].tolist() == ["(1001)"]


def test_an_order_list_as_a_merchant_keeps_it_in_a_spreadsheet_is_drafted_and_loaded_whole(tmp_path: Path):
    """A title line above the header, ids kept as text, thousands, a return in brackets, an unpaid order, a line of totals."""
    rows = "某某贸易有限公司 订单明细,,,,\n统计时间：2024-03-01 至 2024-03-31,,,,\n序号,订单编号,付款时间,联系电话,实收金额（元）\n"
    rows += '1,="20240300000123456789",2024/3/1 9:05,13800000001,"1,196.89"\n2,="20240300000123456790",2024/3/2 9:05,13800000002,(39.41)\n'
    rows += '3,="20240300000123456791",,13800000003,10.00\n4,="20240300000123456792",2024/3/4 9:05,13800000001,5.00\n合计,,,,"1,172.48"\n'
    (tmp_path / "shop.csv").write_bytes(rows.replace("\n", "\r\n").encode("gb18030"))
    text = draft_layout(tmp_path / "shop.csv")
    assert 'footer = "合计"' in text
    report = load(tmp_path, rows.encode("gb18030"), text).iloc[0]
    assert report[["rows_read", "rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [4, 3, 0, 1]
    tables = open_store(tmp_path / "store", merchants="m")
    orders = tables.orders.to_pandas().set_index("order_id")
    assert orders["gross_amount"].to_dict() == {"20240300000123456789": 119689, "20240300000123456792": 500}
    assert orders["account"].str.startswith("phone:").all()
    assert tables.refunds.to_pandas()["refund_amount"].tolist() == [3941]


def test_an_export_with_wrapped_cells_that_tells_an_order_on_its_first_row_loses_no_order(tmp_path: Path):
    head = "Order,Email,Paid at,Currency,Subtotal,Total,Line item,Notes,Sales rep\n"
    rows = '#1,a@x.com,2024-03-01 10:00:00 +0800,USD,48.17,53.17,"Shirt\nSize M, ""blue""","at the\n\ndoor",Anna Lee\n'
    rows += '#2,b@x.com,2024-03-02 10:01:00 +0800,USD,95.00,100.00,Hat,,Anna Lee\n#2,b@x.com,,,,,"Sock\npair",,\n'
    rows += "#3,a@x.com,,USD,5.00,5.00,Cap,,\n"
    (tmp_path / "shop.csv").write_text(head + rows, encoding="utf-8")
    text = draft_layout(tmp_path / "shop.csv")
    assert 'fill_down = { by = "Order", columns = ["Paid at", "Total"] }' in text
    assert "'Paid at' is empty on 1 of 4 rows" in text
    load(tmp_path, head + rows, text)
    orders = open_store(tmp_path / "store", merchants="m").orders.to_pandas().set_index("order_id")
    assert orders["gross_amount"].to_dict() == {"#1": 5317, "#2": 10000}
    assert orders["currency"].tolist() == ["USD", "USD"]
    assert str(orders.loc["#1", "paid_at"]) == "2024-03-01 02:00:00"
    assert (orders["sold_by"].str.len() == 64).all(), "a name is no guide's id"


def test_a_line_of_totals_in_any_column_is_left_out_with_its_reason(tmp_path: Path):
    rows = "店,单号,时间,金额\n甲,A1,2024-01-03,1.50\n甲,A2,2024-01-04,2.50\n,总计：,,4.00\n"
    (tmp_path / "shop.csv").write_text(rows, encoding="utf-8")
    report = load(tmp_path, rows, draft_layout(tmp_path / "shop.csv")).iloc[0]
    assert report[["rows_read", "rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [3, 2, 0, 1]


@pytest.mark.data
def test_a_western_encoding_that_is_named_gives_a_draft_that_names_it(tmp_path: Path):
    file = AWKWARD / "mx_spanish_latin1.csv"
    with pytest.raises(LoadError, match="--encoding"):
        draft_layout(file)
    page = tomllib.loads(draft_layout(file, encoding="latin-1"))
    assert page["encoding"] == "latin-1"
    assert page["tables"][0]["fields"]["gross_amount"]["from"] == "Gasto total 2011"
