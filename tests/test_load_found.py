"""What a file holds beyond its first lines is read or refused, never dropped without a word."""

import copy
import csv
import hmac
import json

import duckdb
import openpyxl
import pandas as pd
import pytest
from load_files import HEADER, ORDERS, SAMPLES, layout, load, quarantine, stored

from retailkit.cohort import Cohort
from retailkit.load import LoadError, draft_layout, load_cohort, load_file, open_file, sniff
from retailkit.load.keys import read_key


def youshu(orders: int, guided: int) -> str:
    """Orders of a source that leaves empty cells out, the last of them with guide, goods, person and phone."""
    whole = json.loads((SAMPLES / "youshu_orders" / "youshu_orders.jsonl").read_text("utf-8").splitlines()[0])
    lines = []
    for i in range(orders):
        order = copy.deepcopy(whole)
        order["external_order_id"], order["user_info"]["open_id"] = f"Y{i}", f"o{i}"
        if i < orders - guided:
            del order["guide_id"], order["goods_info"], order["user_info"]["union_id"], order["user_info"]["user_phone"]
        lines.append(json.dumps(order, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def test_guides_goods_and_persons_are_read_wherever_in_a_json_export_they_first_come(tmp_path):
    path = tmp_path / "orders.jsonl"
    path.write_text(youshu(1200, 7), encoding="utf-8")
    load_file(path, "youshu_orders", "m", tmp_path / "store")
    assert (stored(tmp_path)["sold_by"] == "G07").sum() == 7
    assert stored(tmp_path, "accounts")[["unionid", "phone_key"]].notna().sum().tolist() == [7, 7]
    assert len(stored(tmp_path, "order_lines")) == 14


def test_a_day_of_visits_before_its_first_order_is_known_and_its_refund_is_not_lost(tmp_path):
    events = [
        json.loads(line) for line in (SAMPLES / "ga4_events" / "ga4_events.jsonl").read_text("utf-8").splitlines()
    ]
    view = {k: v for k, v in events[0].items() if k not in ("ecommerce", "collected_traffic_source", "items")}
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(e) + "\n" for e in [*[view] * 1100, *events]), encoding="utf-8")
    assert sniff(path).layout == "ga4_events"
    load_file(path, "ga4_events", "m", tmp_path / "store")
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")
    load_file(alone / "events.jsonl", "ga4_events", "m", alone / "store")
    cells = ["order_id", "gross_amount", "refund_amount", "net_amount"]
    assert stored(tmp_path)[cells].equals(stored(alone)[cells])
    assert stored(tmp_path)["refund_amount"].sum() > 0


def test_two_bills_put_behind_one_another_are_refused_not_cut_at_the_first_summary(tmp_path):
    page = ORDERS.replace("sensitive", 'footer = "合计"\nsensitive')
    day = HEADER + "E1,a,2018-03-01 10:00,12.34\n"
    assert load(tmp_path, day + "合计,,,12.34\n", page).loc[0, "rows_read"] == 1
    with pytest.raises(LoadError, match="the header comes again after the summary, in row 3"):
        load(tmp_path, f"{day}合计,,,12.34\n{HEADER}E2,a,2018-03-02 10:00,5\n合计,,,5\n", page)


def test_a_workbook_with_a_sheet_for_each_month_is_refused_unless_one_is_named(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for month in ("March", "April"):
        sheet = book.create_sheet(month)
        sheet.append(HEADER.strip().split(","))
        sheet.append([f"E-{month}", "a", "2018-03-01 10:00", "12.34"])
    path = tmp_path / "orders.xlsx"
    book.save(path)
    with pytest.raises(LoadError, match="2 sheets hold such a table: March, April"):
        load(tmp_path, path.read_bytes(), file="orders.xlsx")
    load(tmp_path, path.read_bytes(), f'sheet = "April"\n{ORDERS}', file="orders.xlsx")
    assert stored(tmp_path)["order_id"].tolist() == ["E-April"]
    for file, sheet, said in (
        (path, "May", "no sheet 'May'.*one of Sheet, March, April"),
        (layout(tmp_path), "May", "only a workbook has sheets"),
    ):
        with pytest.raises(LoadError, match="(?s)" + said):
            draft_layout(file, sheet=sheet)
    for sheet, orders in (("March", ["E-March"]), (None, ["E-April", "E-March"])):
        folder = tmp_path / f"drafted {sheet}"
        folder.mkdir()
        load(folder, path.read_bytes(), draft_layout(path, sheet=sheet), file="orders.xlsx")
        assert stored(folder)["order_id"].tolist() == orders


COHORT = """
title = "months"
as_of = 2018-07-01
zone = "Asia/Shanghai"
currency = "CNY"
country = "CN"
merchants = [{ id = "m" }]
"""


def test_all_sheets_of_a_workbook_are_read_as_files_of_their_own(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["how to read this"])
    for month, amount in (("3月", "12.34"), ("4月", "never"), ("备份", "7")):
        sheet = book.create_sheet(month)
        sheet.append(["an export of the till"])
        sheet.append(HEADER.strip().split(","))
        sheet.append([f"E-{month}", "a", "2018-03-01 10:00", amount])
        sheet.append([f"F-{month}", "b", "2018-03-02 10:00", 5])
    book["备份"].sheet_state = "hidden"
    book.save(tmp_path / "made.xlsx")
    data, page = (tmp_path / "made.xlsx").read_bytes(), f'sheet = "*"\n{ORDERS}'
    report = load(tmp_path, data, page, file="orders.xlsx").set_index("file")
    assert report.rows_kept.to_dict() == {"orders.xlsx [3月]": 2, "orders.xlsx [4月]": 1}
    told = "sheets that are hidden or hold no such table are not read: Sheet, 备份"
    assert [told in w for w in report.warnings] == [True, False]
    assert stored(tmp_path)["order_id"].tolist() == ["E-3月", "F-3月", "F-4月"]
    aside = stored(tmp_path, "quarantine")[["file", "source_row", "column"]].to_numpy().tolist()
    assert aside == [["orders.xlsx [4月]", 1, "实付"]]
    assert load(tmp_path, data, page, file="orders.xlsx")["status"].tolist() == ["unchanged", "unchanged"]
    with open_file(tmp_path / "orders.xlsx", layout(tmp_path, page), "m") as tables:
        assert tables["orders"].count().to_pandas() == 3
    for folder, sheet, kept in (("one", "3月", [2]), ("each", "*", [2, 1])):
        (tmp_path / folder).mkdir()
        assert load(tmp_path / folder, data, file="orders.xlsx", sheet=sheet)["rows_kept"].tolist() == kept
    with pytest.raises(LoadError, match="2 sheets hold such a table: 3月, 4月"):
        load(tmp_path / "one", data, file="orders.xlsx")
    with pytest.raises(LoadError, match="only a workbook has sheets"):
        load(tmp_path / "one", HEADER, sheet="3月")
    by_month = [
        f'[[sources]]\nlayout = "own.toml"\npath = "made.xlsx"\nmerchant = "m"\nsheet = "{s}"' for s in ("4月", "3月")
    ]
    layout(tmp_path)
    (tmp_path / "both.toml").write_text(COHORT + "\n".join(by_month), encoding="utf-8")
    report = load_cohort(tmp_path / "both.toml", tmp_path / "both")
    assert report[["file", "rows_kept"]].to_numpy().tolist() == [["made.xlsx [4月]", 1], ["made.xlsx [3月]", 2]]
    with pytest.raises(LoadError, match=r"orders.xlsx \[3月\]: 1 column missing"):
        load(tmp_path, data, page.replace("实付", "应付"), file="orders.xlsx")


def test_a_closed_order_that_was_paid_earned_nothing_where_the_export_has_no_refunds(tmp_path):
    sample = (SAMPLES / "taobao_orders" / "ExportOrderList201811.csv").read_bytes().decode("gb18030")
    classic = "\n".join(line.rsplit(",", 4)[0] for line in sample.splitlines())
    path = tmp_path / "ExportOrderList.csv"
    path.write_bytes(classic.encode("gb18030"))
    load_file(path, "taobao_orders", "m", tmp_path / "store")
    orders = stored(tmp_path).set_index("status")
    assert orders.loc["交易关闭", ["gross_amount", "refund_amount", "net_amount"]].tolist() == [12900, 12900, 0]
    assert orders.loc["交易成功", "net_amount"] == 45900


def test_an_order_that_stands_twice_in_an_export_counts_as_a_repeat_though_its_customer_is_kept(tmp_path):
    sample = (SAMPLES / "youzan_orders" / "youzan_orders.csv").read_text("utf-8")
    first = sample.splitlines()[1]
    path = tmp_path / "orders.csv"
    path.write_text(sample + first + "\n", encoding="utf-8")
    report = load_file(path, "youzan_orders", "m", tmp_path / "store")
    assert report.loc[0, ["rows_read", "rows_kept", "rows_duplicate"]].tolist() == [5, 3, 1]
    assert len(stored(tmp_path)) == 3


def test_another_key_is_refused_because_one_customer_would_be_two_persons(tmp_path, monkeypatch):
    sample = SAMPLES / "youzan_orders" / "youzan_orders.csv"
    monkeypatch.setenv("RETAILKIT_KEY_FILE", str(tmp_path / "key"))
    load_file(sample, "youzan_orders", "m", tmp_path / "store")
    before = stored(tmp_path, "accounts")
    (tmp_path / "key").unlink()
    with pytest.raises(LoadError, match="is not the one that this store's phones were hashed with"):
        load_file(sample, "youzan_orders", "n", tmp_path / "store")
    assert stored(tmp_path, "accounts").equals(before)
    load_file(sample, "youzan_orders", "n", tmp_path / "other")


def test_a_key_that_cannot_be_made_is_told_with_its_place(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", "utf-8")
    for place in (tmp_path / "file" / "key", tmp_path):
        monkeypatch.setenv("RETAILKIT_KEY_FILE", str(place))
        with pytest.raises(LoadError, match="key file can be neither read nor made") as error:
            load_file(SAMPLES / "youzan_orders" / "youzan_orders.csv", "youzan_orders", "m", tmp_path / "store")
        assert str(place) in str(error.value)
        assert "RETAILKIT_KEY_FILE" in str(error.value)


def test_a_row_in_the_place_of_a_header_is_not_shown_because_it_names_a_person(tmp_path):
    rows = "E1,王五,13922223333,2018-03-01 10:00,12.34\nE2,赵六,13922224444,2018-03-01 11:00,5\n"
    with pytest.raises(LoadError, match="no header line was found") as error:
        load(tmp_path, rows)
    drafted = draft_layout(tmp_path / "orders.csv")
    for said in ("王五", "13922223333"):
        assert said not in str(error.value)
        assert said not in drafted
    page = drafted.replace('{ join = ["@file", "@row"] }', '{ from = "column_1" }').replace(
        '{ from = "?", unit = "?" }', '{ from = "column_5", unit = "yuan" }'
    )
    load(tmp_path, rows, page)
    assert stored(tmp_path)[["order_id", "gross_amount"]].to_numpy().tolist() == [["E1", 1234], ["E2", 500]]


def test_a_phone_with_blanks_is_not_shown_in_the_quarantine(tmp_path):
    load(tmp_path, HEADER + "E1,a,2018-03-01 10:00,139 2222-3333\nE2,a,2018-03-01 10:00,5\n")
    assert stored(tmp_path, "quarantine")["value"].tolist() == ["1**********"]


@pytest.mark.parametrize(("asked", "said"), [
    ({"zone": "Asia/Shangai"}, "no such time zone.\n  expected: did you mean Asia/Shanghai"),
    ({"currency": "yuan"}, "this is no currency"),
    ({"merchant": "a/b"}, "this is no id of a merchant"),
])  # fmt: skip
def test_a_place_that_no_cohort_could_have_is_refused_before_anything_is_read(tmp_path, asked, said):
    with pytest.raises(LoadError, match=said):
        load(tmp_path, HEADER + "E1,a,2018-03-01 10:00,5\n", **asked)
    assert not (tmp_path / "store").exists()


def test_a_store_that_cannot_be_made_is_told_with_its_place(tmp_path):
    (tmp_path / "store").write_text("", "utf-8")
    with pytest.raises(LoadError, match="the store cannot be made here") as error:
        load(tmp_path, HEADER + "E1,a,2018-03-01 10:00,5\n")
    assert str(tmp_path / "store") in str(error.value)


def test_the_only_receiver_of_a_red_packet_is_read_though_it_stands_without_its_list(tmp_path):
    whole = json.loads((SAMPLES / "red_packets" / "packets.jsonl").read_text("utf-8").splitlines()[0])
    alone = copy.deepcopy(whole)
    alone["detail_id"], alone["hblist"] = "2", {"hbinfo": {"openid": "o9", "amount": 100, "rcv_time": ""}}
    nobody = whole | {"detail_id": "3", "hblist": ""}
    path = tmp_path / "packets.jsonl"
    path.write_text("".join(json.dumps(p) + "\n" for p in (whole, alone, nobody)), encoding="utf-8")
    load_file(path, "red_packets", "m", tmp_path / "store")
    packets = stored(tmp_path, "red_packets")
    assert packets["amount"].tolist() == [120, 80, 100]
    assert packets["account"].tolist()[-1] == "mini_program:o9"
    assert (
        packets["sent_on"] == (packets["sent_at"] + pd.Timedelta(hours=8)).dt.normalize()
    ).all()  # the merchant's day


def test_a_guide_is_stored_by_her_id_but_never_with_her_phone(tmp_path):
    page = f'{ORDERS}sold_by = "导购"\n'
    head = HEADER.replace("实付", "实付,导购")
    rows = [
        f"E{i},a,2018-03-01 10:00,5,{guide}\n" for i, guide in enumerate(("G07", "李(13922223333)", "139 2222 3333"))
    ]
    rows += ["E3,a,2018-03-01 10:00,5,李(13922223333)\n", "E4,a,2018-03-01 10:00,5,2018111100031391111222200\n"]
    load(tmp_path, head + "".join(rows), page)
    guides = stored(tmp_path)["sold_by"].tolist()
    assert guides[0] == "G07"
    assert guides[4] == "2018111100031391111222200"
    assert guides[1] == guides[2] == guides[3], "one phone is one guide, however it is written"
    assert all(len(g) == 64 for g in guides[1:4])


def by_key(text: str) -> str:
    return hmac.new(read_key(), text.encode(), "sha256").hexdigest()


def test_a_guides_name_is_never_stored_as_it_is_and_always_has_the_same_key(tmp_path):
    """Youzan's columns of guides may show a number, a name, or a name and a phone."""
    with (SAMPLES / "youzan_orders" / "youzan_orders.csv").open(encoding="utf-8-sig", newline="") as lines:
        header, first, *_ = list(csv.reader(lines))
    cells = ("G07", "李娜", " 李　娜 ", "Anna", "anna", "李娜(13922223333)", "+86 139-2222-3333", "zhang.san7@shop", "")
    rows = []
    for i, cell in enumerate(cells):
        row = dict(zip(range(len(header)), first, strict=True)) | {0: f"E{i}", header.index("销售导购"): cell}
        rows.append(list(row.values()))
    with (tmp_path / "youzan.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *rows])
    load_file(tmp_path / "youzan.csv", "youzan_orders", "m", tmp_path / "store")
    name, anna, phone = by_key("李娜"), by_key("anna"), by_key("13922223333")
    found = stored(tmp_path)["sold_by"]
    assert found.fillna("").tolist() == ["G07", name, name, anna, anna, phone, phone, "zhang.san7@shop", ""]


def test_names_of_guides_are_hashed_alike_in_a_layout_that_expects_ids(tmp_path):
    rows = [f"E{i},a,2018-03-01 10:00,5,{guide}\n" for i, guide in enumerate(("李娜", "zhangsan", "Amy Wong"))]
    load(tmp_path, HEADER.replace("实付", "实付,导购") + "".join(rows), f'{ORDERS}sold_by = "导购"\n')
    assert stored(tmp_path)["sold_by"].tolist() == [by_key("李娜"), "zhangsan", by_key("amywong")]


def test_october_comes_after_september_so_that_the_newer_state_of_an_order_stays(tmp_path):
    rows = {9: "E1,a,2018-09-30 23:00,100\n", 10: "E1,a,2018-09-30 23:00,60\n"}
    for month, row in rows.items():
        (tmp_path / f"orders_{month}.csv").write_text(HEADER + row, encoding="utf-8")
    layout(tmp_path)
    source = {"layout": "own.toml", "path": "orders_*.csv", "merchant": "m"}
    page = {
        "name": "c",
        "title": "c",
        "as_of": "2019-01-01",
        "zone": "Asia/Shanghai",
        "currency": "CNY",
        "country": "CN",
    }
    cohort = Cohort.model_validate(page | {"merchants": [{"id": "m"}], "sources": [source], "folder": tmp_path})
    load_cohort(cohort, tmp_path / "store")
    assert stored(tmp_path)["gross_amount"].tolist() == [6000]


def test_an_opening_quote_that_is_never_closed_swallows_no_rows(tmp_path):
    rows = [f'E{i},"a\n{i}",2018-03-01 10:00,5\n' for i in range(9)]
    assert load(tmp_path, HEADER + "".join(rows)).loc[0, "rows_read"] == 9
    broken = HEADER + "".join(rows[:3]) + 'E3,"T恤,2018-03-01 10:00,5\n' + "E4,a,2018-03-01 10:00,5\n" * 5
    with pytest.raises(LoadError, match="opens a cell in row 4 is not closed there") as error:
        load(tmp_path, broken, file="broken.csv")
    assert "T恤" not in str(error.value)
    assert len(stored(tmp_path)) == 9


@pytest.mark.parametrize(("cells", "row"), [
    ({3: '"half', 4: 'half"'}, 4), ({3: '"half', 6: 'half"'}, 4), ({3: '"half', 6: '"half'}, 4), ({3: '"half', 8: '"x"'}, 4),
    ({i: '"half' if i == 3 else '""' for i in range(9)}, 4),
], ids=["closed a row below", "closed later", "opened twice", "a quoted cell at the end", "empty cells in quotes"])  # fmt: skip
@pytest.mark.parametrize("number", ["E{}", "{}", "20180301{:03}", "6b1f{:04x}-0c3e-4f2a"])
def test_rows_within_a_quoted_cell_are_told_whatever_closes_it(cells, row, number, tmp_path):
    rows = [f"{number.format(i)},{cells.get(i, 'a')},2018-03-01 10:00,5\n" for i in range(9)]
    with pytest.raises(LoadError, match=f"opens a cell in row {row} is not closed there"):
        load(tmp_path, HEADER + "".join(rows))


def test_a_remark_of_several_lines_is_no_row(tmp_path):
    rows = '1,"call 2 times, please\n3 days later, at noon\n",2018-03-01 10:00,5\n2,"a\n\n",2018-03-01 10:00,5\n'
    assert load(tmp_path, HEADER + rows).loc[0, "rows_kept"] == 2
    listed = '"as follows:\n1,red\n2,blue\n3,any"'
    wishes = "".join(f"{i},{listed if i < 8 else 'a'},2018-03-01 10:00,5\n" for i in range(1, 9))
    (tmp_path / "wishes").mkdir()
    assert load(tmp_path / "wishes", HEADER + wishes).loc[0, "rows_kept"] == 8


def test_marks_that_part_a_letter_are_told_with_their_line(tmp_path):
    goods = ['"裤子,红"'] * 9
    goods[3] = '"半截'
    rows = [f"E{i},{cell},2018-03-01 10:00,5\n" for i, cell in enumerate(goods)]
    with pytest.raises(LoadError, match="cannot be parsed from the file's line 5 on: quotation marks are not in pairs"):
        load(tmp_path, HEADER + "".join(rows))


def test_an_answer_that_is_an_error_is_said_and_alone_refused(tmp_path):
    day = json.loads((SAMPLES / "mini_program_visit_trend" / "s.json").read_text("utf-8"))
    late = {"errcode": 61503, "errmsg": "data not ready"}
    path = tmp_path / "trend.jsonl"
    path.write_text(
        "".join(json.dumps(answer) + "\n" for answer in (day | {"errcode": 0}, late, late)), encoding="utf-8"
    )
    report = load_file(path, "mini_program_visit_trend", "m", tmp_path / "store")
    assert report.loc[0, "rows_kept"] == 2
    assert "2 answers are errors without data (errcode 61503: data not ready)" in report.loc[0, "warnings"]
    path.write_text(json.dumps(late), encoding="utf-8")
    with pytest.raises(LoadError, match=r"1 answer is an error without data \(errcode 61503: data not ready\)"):
        load_file(path, "mini_program_visit_trend", "m", tmp_path / "store")


@pytest.mark.parametrize("kind", ["TINYINT", "UTINYINT", "SMALLINT", "INTEGER", "DOUBLE", "VARCHAR"])
def test_weeks_are_read_whatever_kind_of_number_holds_them(tmp_path, kind):
    path = tmp_path / "promotions.parquet"
    shown = (
        f"SELECT 7 AS product_id, 367 AS store_id, '1' AS display_location, '0' AS mailer_location, 53::{kind} AS week"
    )
    duckdb.sql(f"COPY ({shown}) TO '{path}'")
    load_file(path, "complete_journey_promotions", "367", tmp_path / "store")
    placed = stored(tmp_path, "placements")
    assert placed[["starts_on", "ends_on"]].astype(str).to_numpy().tolist() == [["2017-12-25", "2017-12-31"]]


def test_a_number_with_words_that_name_nobody_stays_a_guides_id(tmp_path):
    kept = ("导购07", "3号店员", "A店 12", "工号：0031")
    hidden = ("李娜2", "小李13", "上海导购", "Anna 导购07")
    rows = [f"E{i},a,2018-03-01 10:00,5,{guide}\n" for i, guide in enumerate((*kept, *hidden))]
    for page in (f'{ORDERS}sold_by = "导购"\n', f'{ORDERS}sold_by = {{ from = "导购", kind = "staff" }}\n'):
        load(tmp_path, HEADER.replace("实付", "实付,导购") + "".join(rows), page)
        found = stored(tmp_path)["sold_by"].tolist()
        assert found[: len(kept)] == list(kept)
        assert all(len(g) == 64 for g in found[len(kept) :])


def test_who_answers_and_who_invited_are_never_stored_by_name_and_posts_stay(tmp_path):
    """A name has the key that it has as a guide, so that owner, inviter and guide stay one person."""
    posts = ("店长", "董事长", "陈列部", "store manager", "G07")
    people = {"李娜": by_key("李娜"), "欧阳修远": by_key("欧阳修远"), "李娜(13922223333)": by_key("13922223333")}
    cells = [*posts, *people]
    owners = "node,owner,valid_from\n" + "".join(f"n{i},{cell},2018-01-01\n" for i, cell in enumerate(cells))
    (tmp_path / "owners.csv").write_text(owners, encoding="utf-8")
    load_file(tmp_path / "owners.csv", "canonical_owners", "m", tmp_path / "store")
    wanted = [people.get(cell, cell) for cell in cells]
    assert stored(tmp_path, "owners").sort_values("node")["owner"].tolist() == wanted
    columns = ("group_id", "account", "joined_at", "inviter")
    members = ",".join(columns) + "\n" + "".join(f"c,wecom:{i},2018-01-01,{cell}\n" for i, cell in enumerate(cells))
    (tmp_path / "members.csv").write_text(members, encoding="utf-8")
    load_file(tmp_path / "members.csv", "canonical_group_members", "m", tmp_path / "store")
    assert stored(tmp_path, "group_members").sort_values("account")["inviter"].tolist() == wanted


OWNED = """
title = "who answers"
format = "csv"
[[tables]]
table = "owners"
[tables.fields]
node = "node"
owner = OWNER
valid_from = "since"
"""


@pytest.mark.parametrize(("heading", "rule", "hashed"), [
    ("owner", '"owner"', False), ("owner", '{ from = "owner", kind = "staff" }', True),
    ("Owner Name", '"Owner Name"', True), ("负责人姓名", '"负责人姓名"', True),
])  # fmt: skip
def test_a_latin_name_is_told_from_a_post_where_the_column_shows_people_by_name(tmp_path, heading, rule, hashed):
    people, posts = ("Linda Wang", "Wei-Ling O'Neill Chan", "LEE, Anna"), (
        "Store Manager", "Regional Sales Lead", "East China Team", "G07", "Anna", "night shift", "CRM Desk",
    )  # fmt: skip
    cells = "".join(f'n{i},"{cell}",2018-01-01\n' for i, cell in enumerate((*people, *posts)))
    load(tmp_path, f"node,{heading},since\n{cells}", OWNED.replace("OWNER", rule), "owners.csv")
    told = stored(tmp_path, "owners").set_index("node")["owner"]
    assert [told[f"n{i}"] for i in range(3, 10)] == list(posts)
    mine = [by_key(n.lower().replace(" ", "")) for n in people]
    assert [told[f"n{i}"] for i in range(3)] == (mine if hashed else list(people))


def test_who_never_quit_did_not_quit_in_1970(tmp_path):
    page = ORDERS.replace('table = "orders"', 'table = "group_members"').partition("order_id")[0]
    page += 'group_id = "群"\naccount = "成员"\njoined_at = "入群"\nquit_at = "退群"\n'
    rows = (
        "g,a,2024-03-01 10:00,1970-01-01 08:00:00",
        "g,b,2024-03-01 11:00,2024-03-02 11:00",
        "g,c,2024-03-01 12:00,24/3/1",
    )
    load(tmp_path, "\n".join(["群,成员,入群,退群", *rows]) + "\n", page, zone="UTC")
    members = stored(tmp_path, "group_members")
    assert members["quit_at"].notna().tolist() == [False, True, False]
    assert [(row, column) for row, column, _ in quarantine(tmp_path)] == [(1, "退群"), (3, "退群")]


@pytest.mark.parametrize("shop", ["静安", "静安店"])  # of an even number of bytes in UTF-8, and of an odd one
@pytest.mark.parametrize(("encodings", "said"), [
    (("utf-8", "utf-8", "gbk"), "UTF-8 up to line 22 "), (("gbk", "gbk", "utf-8"), "UTF-8 from line 22 on"),
    (("gbk", "utf-8", "utf-8"), "UTF-8 from line 2 on"),
])  # fmt: skip
def test_files_of_two_systems_behind_one_another_are_refused_with_the_line(shop, encodings, said, tmp_path):
    rows = [f"E{i},{shop},2018-03-01 10:00,5\n" for i in range(40)]
    parts = (HEADER, "".join(rows[:20]), "".join(rows[20:]))
    with pytest.raises(LoadError, match=said):
        load(tmp_path, b"".join(part.encode(e) for part, e in zip(parts, encodings, strict=True)))


def test_a_cut_letter_is_told_with_its_line_and_chinese_with_a_short_word_is_none(tmp_path):
    rows = "".join(f"E{i},女,2018-03-01 10:00,5\n" for i in range(40))
    assert load(tmp_path, (HEADER + rows).encode("gbk"), file="gbk.csv").loc[0, "rows_kept"] == 40
    text = (HEADER + rows + "E40,徐").encode()
    with pytest.raises(LoadError, match="UTF-8 up to line 42 and not from there on"):
        load(tmp_path, text[:-1])


def test_a_copy_on_a_hidden_sheet_is_not_read_and_told(tmp_path):
    book = openpyxl.Workbook()
    for row in ("订单号,会员,付款时间,实付", "E1,c,2024-03-01 10:00,1.5"):
        book.active.append(row.split(","))
    copy = book.copy_worksheet(book.active)
    copy.title, copy.sheet_state = "备份", "hidden"
    book.save(tmp_path / "orders.xlsx")
    report = load(tmp_path, (tmp_path / "orders.xlsx").read_bytes(), file="orders.xlsx").iloc[0]
    assert report["rows_kept"] == 1
    assert "hidden sheets hold such a table too and are not read: 备份" in report["warnings"]
    copy.sheet_state = "visible"
    book.save(tmp_path / "orders.xlsx")
    with pytest.raises(LoadError, match="2 sheets hold such a table"):
        load(tmp_path, (tmp_path / "orders.xlsx").read_bytes(), file="orders.xlsx")


def test_zeros_that_a_spreadsheet_only_shows_are_told(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(HEADER.strip().split(","))
    book.active.append(["E1", 17, "2018-03-01 10:00", 12.34])
    book.active["D2"].number_format = "0.00"
    book.save(tmp_path / "plain.xlsx")
    book.active["B2"].number_format = "000000"
    book.save(tmp_path / "padded.xlsx")
    told = [
        load(tmp_path, (tmp_path / f).read_bytes(), file=f).loc[0, "warnings"] for f in ("plain.xlsx", "padded.xlsx")
    ]
    assert "zeros" not in told[0]
    assert "shown with zeros before them (000000) that their cells do not hold: ids lack them" in told[1]
