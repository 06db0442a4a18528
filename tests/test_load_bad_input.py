"""Each kind of bad input gives one clear message or one quarantine row, and loses nothing."""

import gzip
import os

import numpy as np
import pandas as pd
import pytest
from conftest import DATA
from load_files import HEADER, ORDERS, layout, load, quarantine, stored

from retailkit.cohort import Cohort
from retailkit.load import LoadError, hashes, load_cohort, load_file, loader, open_store, passing, staging

GOOD = "1,a,2018-03-01 10:00,12.34\n2,b,2018-03-01 11:00,1\n"


def test_every_missing_column_is_named_at_once_with_near_names(tmp_path):
    with pytest.raises(LoadError) as error:
        load(tmp_path, "订单号,会员,付款时間,实付款\n1,a,2018-03-01,1\n")
    assert "2 columns missing" in str(error.value)
    assert "'付款时间' (near: '付款时間')" in str(error.value)
    assert "orders.csv" in str(error.value)


@pytest.mark.parametrize(("data", "said"), [
    (b"", "the file is empty"),
    (b"\xef\xbb\xbf", "holds no text"),
    ("order,name,paid\n1,Muñoz,2018-03-01\n2,Pérez,2018-03-01\n".encode("latin-1"), "encoding cannot be read"),
    (gzip.compress((HEADER + GOOD * 500).encode())[:-40], "cut off or damaged"),
    ((HEADER + "<<<<<<< HEAD\n" + GOOD).encode(), "merge-conflict"),
    ((HEADER + GOOD * 500).encode() + bytes(4096), "ends in NUL characters"),
    (gzip.compress((HEADER + GOOD * 500).encode() + bytes(99)), "ends in NUL characters"),
    (b"PK\x03\x04 no workbook", "spreadsheet cannot be opened"),
    (b"PAR1 no table", "cannot be parsed"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_in_one_message(tmp_path, data, said):
    with pytest.raises(LoadError, match=said) as error:
        load(tmp_path, data)
    assert "orders.csv" in str(error.value)
    assert not (tmp_path / "store" / "versions.json").exists()
    assert not list((tmp_path / "store").glob(".scratch*"))


@pytest.mark.parametrize("change", ["more rows", "cut", "written anew", "gone"])
def test_an_export_that_is_still_being_written_is_not_half_loaded(change, tmp_path, monkeypatch):
    """The last row may be half a row, and half an amount looks like an amount."""
    reads = loader.stage_file

    def disturbed(load, tag, found, *more):
        text, path = found.path.read_text(), found.path
        if change == "gone":
            staged = reads(load, tag, found, *more)
            path.unlink()
            return staged
        path.write_text({"more rows": text + "3,c,2018-03-02,7", "cut": text[:-2], "written anew": text}[change])
        os.utime(path, ns=(0, found.written + 1))
        return reads(load, tag, found, *more)

    monkeypatch.setattr(loader, "stage_file", disturbed)
    with pytest.raises(LoadError, match="changed while it was read"):
        load(tmp_path, HEADER + GOOD)
    assert not (tmp_path / "store" / "versions.json").exists()
    monkeypatch.setattr(loader, "stage_file", reads)
    assert load(tmp_path, HEADER + GOOD)["rows_kept"].tolist() == [2]


def test_a_decimal_in_a_field_of_fen_is_the_wrong_unit(tmp_path):
    page = ORDERS.replace('"yuan"', '"fen"')
    with pytest.raises(LoadError, match="declared unit is wrong: column '实付' fails in 1 of 2 rows") as error:
        load(tmp_path, HEADER + GOOD, page)
    assert str(error.value).startswith("orders.csv")


@pytest.mark.parametrize(("heading", "unit", "said"), [
    ("实付(万元)", "yuan", 'say unit = "万元"'), ("实付（单位：千元）", "yuan", 'say unit = "千元"'),
    ("实付(分)", "yuan", 'say unit = "fen"'),
    ("实付(元)", "fen", 'say unit = "yuan"'), ("实付（亿元）", "yuan", "in yuan or 万元"),
])  # fmt: skip
def test_a_unit_that_contradicts_the_column_s_own_heading_is_refused(tmp_path, heading, unit, said):
    page = ORDERS.replace('"实付"', f'"{heading}"').replace('"yuan"', f'"{unit}"')
    with pytest.raises(LoadError, match="another unit than the layout") as error:
        load(tmp_path, HEADER.replace("实付", heading) + GOOD, page)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("unit", "fen"), [("万元", 12_340_000), ("wan", 12_340_000), ("千元", 1_234_000), ("thousand", 1_234_000)]
)
def test_amounts_in_thousands_are_stored_to_the_fen(tmp_path, unit, fen):
    load(tmp_path, HEADER + GOOD, ORDERS.replace('"yuan"', f'"{unit}"'))
    assert stored(tmp_path)["gross_amount"].tolist() == [fen, fen * 100 // 1234]


def test_a_unit_in_a_line_above_the_header_is_compared_with_the_layout_s(tmp_path):
    top = "日销售表,,,\n单位：万元,,,\n"
    report = load(tmp_path, top + HEADER + GOOD)
    assert "states amounts in 万元, the layout reads 'yuan'" in report.loc[0, "warnings"]
    assert "states amounts" not in load(tmp_path, top.replace("万元", "元") + HEADER + GOOD).loc[0, "warnings"]


def test_a_bad_row_is_set_aside_with_file_row_column_and_reason(tmp_path):
    rows = "3,c,last Tuesday,5\n4,d,2018-03-01,-5\n,e,2018-03-01,5\n5,f,2999-01-01,5\n6,g,2018-03-01,5 or 6\n"
    report = load(tmp_path, HEADER + GOOD + rows)
    assert report.loc[0, ["rows_read", "rows_kept", "rows_quarantined"]].tolist() == [7, 2, 5]
    found = quarantine(tmp_path)
    assert [(r, c) for r, c, _ in found] == [
        (3, "付款时间"), (4, "实付"), (5, "订单号"), (6, "付款时间"), (7, "实付"),
    ]  # fmt: skip
    assert found[2][2] == "empty, but required"
    assert "between 1990 and the day of loading" in found[0][2]
    assert list(stored(tmp_path)["order_id"]) == ["1", "2"]


def test_a_file_whose_every_row_fails_is_refused(tmp_path):
    with pytest.raises(LoadError, match="no row can be read: column '付款时间' fails in 2 of 2 rows"):
        load(tmp_path, HEADER + "1,a,x,1\n2,b,y,2\n")


def test_the_last_row_of_a_key_stays_and_repeats_are_counted(tmp_path):
    report = load(tmp_path, HEADER + GOOD + "1,a,2018-03-01 10:00,12.34\n2,b,2018-03-01 11:00,3\n")
    assert report.loc[0, ["rows_kept", "rows_duplicate", "rows_quarantined"]].tolist() == [2, 1, 1]
    assert stored(tmp_path)["gross_amount"].tolist() == [1234, 300]
    assert quarantine(tmp_path) == [(2, "order_id", "same key as row 4, which comes later and stays")]


def test_loading_the_same_file_again_changes_nothing(tmp_path):
    load(tmp_path, HEADER + GOOD)
    mark = open_store(tmp_path / "store").fingerprint()
    assert load(tmp_path, HEADER + GOOD)["status"].tolist() == ["unchanged"]
    assert open_store(tmp_path / "store").fingerprint() == mark
    changed = ORDERS.replace('prefix = "shop"', 'prefix = "crm"')
    assert load(tmp_path, HEADER + GOOD, changed)["status"].tolist() == ["loaded"]
    assert stored(tmp_path)["account"].tolist() == ["crm:a", "crm:b"]


def test_what_a_corrected_layout_reads_is_no_longer_set_aside(tmp_path):
    strict = ORDERS.replace('paid_at = "付款时间"', 'paid_at = { from = "付款时间", formats = "%Y-%m-%d %H:%M" }')
    data = HEADER + GOOD + "3,c,01.03.2018 12:00,5\n4,d,never,5\n"
    load(tmp_path, HEADER + GOOD + "9,c,never,5\n", strict, file="other.csv")
    load(tmp_path, data, strict)
    assert [row for row, *_ in quarantine(tmp_path)] == [3, 3, 4]
    both = strict.replace('"%Y-%m-%d %H:%M"', '["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"]')
    assert load(tmp_path, data, both)["rows_quarantined"].tolist() == [1]
    assert sorted(stored(tmp_path, "quarantine")[["file", "source_row"]].itertuples(index=False, name=None)) == [
        ("orders.csv", 4),
        ("other.csv", 3),
    ]
    whole = both.replace('"%d.%m.%Y %H:%M"]', '"%d.%m.%Y %H:%M", "never"]')
    load(tmp_path, data.replace("never", "2018-03-01 10:00"), whole, file="mended.csv")
    assert [row for row, *_ in quarantine(tmp_path)] == [3, 4], "another file is another matter"


WITH_CUSTOMERS = """
[[tables]]
table = "accounts"
[tables.fields]
account = { from = "会员", prefix = "shop" }
unionid = "昵称"
"""


def test_a_row_that_one_table_keeps_and_another_sets_aside_counts_as_set_aside(tmp_path):
    rows = "3,1.23E+15,2018-03-01 12:00,5\n4,,2018-03-01 13:00,5\n5,a,2018-03-01 14:00,5\n"
    page = ORDERS + WITH_CUSTOMERS.replace("unionid", "source_channel").replace("昵称", "会员")
    report = load(tmp_path, HEADER + GOOD + rows, page)
    # row 3's customer lost digits; row 4 has none, which is no fault; row 5's is there already
    assert report.loc[0, ["rows_read", "rows_kept", "rows_duplicate", "rows_quarantined"]].tolist() == [5, 4, 0, 1]
    assert sorted(stored(tmp_path)["order_id"]) == ["1", "2", "3", "4", "5"]
    assert {row for row, *_ in quarantine(tmp_path)} == {3}


def test_a_customer_named_in_several_orders_keeps_each_last_filled_value(tmp_path):
    page = ORDERS + WITH_CUSTOMERS
    data = "订单号,会员,付款时间,实付,昵称\n1,a,2018-03-01,1,u1\n2,a,2018-03-02,1,u2\n3,a,2018-03-03,1,\n4,b,2018-03-03,1,\n"
    report = load(tmp_path, data, page)
    assert report.loc[0, ["rows_kept", "rows_quarantined"]].tolist() == [4, 0]
    assert stored(tmp_path, "accounts").set_index("account")["unionid"].fillna("").to_dict() == {
        "shop:a": "u2",
        "shop:b": "",
    }


def test_a_later_export_replaces_rows_of_the_same_key(tmp_path):
    load(tmp_path, HEADER + GOOD)
    load(tmp_path, HEADER + "2,b,2018-03-01 11:00,7\n3,c,2018-05-01 11:00,8\n", file="later.csv")
    assert stored(tmp_path)["gross_amount"].tolist() == [1234, 700, 800]


def test_values_of_sensitive_columns_and_phones_are_not_shown(tmp_path):
    page = ORDERS.replace('account = { from = "会员", prefix = "shop" }', 'items = "收货人"\narea = "会员"')
    page = page.replace("[[tables]]\n", "", 1).replace("sensitive", "sensitive", 1)
    page = page.replace('table = "orders"', '[[tables]]\ntable = "orders"')
    data = "订单号,会员,付款时间,实付,收货人\n1,a,2018-03-01,1,王小明\n2,a,13912345678,1,2\n"
    load(tmp_path, data, page)
    frame = stored(tmp_path, "quarantine")
    text = frame.to_csv()
    assert "王小明" not in text
    assert "13912345678" not in text
    assert "1**********" in text


def test_orders_before_their_member_joined_are_a_warning(tmp_path):
    members = """
title = "members"
format = "csv"
[[tables]]
table = "members"
[tables.fields]
account = { from = "会员", prefix = "shop" }
member_id = "会员"
joined_at = "入会"
"""
    (tmp_path / "members.csv").write_text("会员,入会\na,2018-03-05\nb,2018-01-01\n", encoding="utf-8")
    (tmp_path / "orders.csv").write_text(HEADER + GOOD, encoding="utf-8")
    layout(tmp_path), layout(tmp_path, members, "members")
    cohort = small_cohort(tmp_path, [("own.toml", "orders.csv"), ("members.toml", "members.csv")])
    report = load_cohort(cohort, tmp_path / "store")
    assert "1 order was paid before its member joined" in "; ".join(report["warnings"])
    assert len(stored(tmp_path)) == 2


@pytest.mark.parametrize(
    ("currencies", "said"),
    [
        (("CNY", "CNY"), ""),
        (("CNY", "USD"), "merchant m: orders are in CNY, USD, and their amounts are added up as they stand"),
        (("USD", "USD"), "merchant m: orders are in USD, but the cohort file says CNY"),
    ],
)
def test_amounts_of_several_currencies_are_warned_of(tmp_path, currencies, said):
    rows = [f"{i},a,2018-03-01 1{i}:00,7,{currency}\n" for i, currency in enumerate(currencies)]
    (tmp_path / "orders.csv").write_text(HEADER.rstrip("\n") + ",币种\n" + "".join(rows), encoding="utf-8")
    layout(tmp_path, ORDERS + 'currency = "币种"\n')
    report = load_cohort(small_cohort(tmp_path, [("own.toml", "orders.csv")]), tmp_path / "store")
    warned = "; ".join(report["warnings"])
    assert said in warned
    assert ("currency" in warned or "orders are in" in warned) == bool(said)


def small_cohort(folder, sources):
    return Cohort.model_validate({
        "name": "c", "title": "c", "as_of": "2018-06-01", "zone": "Asia/Shanghai", "currency": "CNY", "country": "CN",
        "merchants": [{"id": "m"}], "folder": folder,
        "sources": [{"layout": one, "path": path, "merchant": "m"} for one, path in sources],
    })  # fmt: skip


def test_one_unreadable_file_does_not_stop_the_others(tmp_path):
    (tmp_path / "orders.csv").write_text(HEADER + GOOD, encoding="utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    layout(tmp_path)
    report = load_cohort(
        small_cohort(tmp_path, [("own.toml", "empty.csv"), ("own.toml", "orders.csv")]), tmp_path / "store"
    )
    assert report["status"].tolist() == ["failed", "loaded"]
    assert "the file is empty" in report["warnings"][0]
    with pytest.raises(LoadError, match="no file could be loaded"):
        load_cohort(small_cohort(tmp_path, [("own.toml", "empty.csv")]), tmp_path / "other")


def test_rows_of_merchants_outside_the_cohort_are_left_out_and_counted(tmp_path):
    page = 'merchant = "店"\n' + ORDERS
    data = "店,订单号,会员,付款时间,实付\nm,1,a,2018-03-01,1\nn,2,a,2018-03-01,1\n,3,a,2018-03-01,1\n"
    (tmp_path / "orders.csv").write_text(data, encoding="utf-8")
    layout(tmp_path, page)
    cohort = small_cohort(tmp_path, [("own.toml", "orders.csv")])
    cohort = cohort.model_copy(
        update={"sources": tuple(s.model_copy(update={"merchant": None}) for s in cohort.sources)}
    )
    report = load_cohort(cohort, tmp_path / "store")
    assert report.loc[0, ["rows_read", "not_in_cohort"]].tolist() == [1, 2]
    assert load_file(tmp_path / "orders.csv", tmp_path / "own.toml", None, tmp_path / "all")["rows_kept"].tolist() == [
        2
    ]


def test_a_wrong_layout_page_lists_every_problem(tmp_path):
    page = ORDERS.replace("paid_at", "payed_at").replace('unit = "yuan"', "optional = true")
    with pytest.raises(LoadError) as error:
        load(tmp_path, HEADER + GOOD, page)
    text = str(error.value)
    assert "no column 'payed_at': 'paid_at'?" in text
    assert "'gross_amount' is money: say unit" in text
    assert "requires 'paid_at'" in text
    with pytest.raises(LoadError, match=r"did you mean .*online_retail"):
        load_file("x.csv", "online_retai", "m", tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('status = { cases = [{ value = "a", from = "会员" }] }', 'a case says either "value" or "from"'),
        (
            'status = { cases = [{ value = "a" }, { from = "会员" }] }',
            'cases say "value" all of them, or "from" all of them',
        ),
        ('shop_id = { from = "会员", kind = "staff" }', "'shop_id' is no guide"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(tmp_path, line, says):
    with pytest.raises(LoadError, match=says):
        load(tmp_path, HEADER + GOOD, f"{ORDERS}{line}\n")


def test_more_cells_than_the_header_set_the_row_aside(tmp_path):
    load(tmp_path, HEADER + GOOD + "3,c,2018-03-01,1,000\n")
    assert quarantine(tmp_path) == [(3, "", "more cells than the header has names")]


def test_a_column_that_changes_its_type_halfway_is_read_row_by_row(tmp_path):
    rows = "".join(f"{i},c,2018-03-01,{i}.50\n" for i in range(3, 60))
    report = load(tmp_path, HEADER + rows + "60,c,1519869600,1\n61,c,2018-03-01,n/a\n")
    assert report.loc[0, ["rows_kept", "rows_quarantined"]].tolist() == [57, 2]
    assert pd.Series(stored(tmp_path)["gross_amount"]).sum() == sum(100 * i + 50 for i in range(3, 60))


BILL = """
title = "bill"
format = "csv"
footer = "总笔数"
[[control]]
pattern = "共(\\\\d+)笔"
[[control]]
pattern = "总笔数,总金额\\n`?\\\\d+,`?([0-9.]+)"
check = "sum"
column = "实付"
"""


def test_totals_that_a_file_states_about_itself_are_checked(tmp_path):
    page = BILL + ORDERS[ORDERS.index("[[tables]]") :]
    wrong = "对账单，共3笔记录\n" + HEADER + GOOD + "总笔数,总金额\n`2,`14.34\n"
    said = load(tmp_path, wrong, page)["warnings"][0]
    assert said == "the file states 3 (rows) but holds 2; the file states 14.34 (sum of '实付') but holds 13.34"
    right = wrong.replace("共3笔", "共2笔").replace("14.34", "13.34")
    assert load(tmp_path, right, page, file="right.csv")["warnings"][0] == ""


@pytest.mark.data
def test_a_cut_wallet_export_says_that_records_are_missing(tmp_path):
    page = """
title = "wallet"
format = "csv"
[[control]]
pattern = "共([0-9]+)笔记录"
[[tables]]
table = "orders"
[tables.fields]
order_id = "交易订单号"
paid_at = "交易时间"
gross_amount = { from = "金额", unit = "yuan" }
net_amount = { from = "金额", unit = "yuan" }
"""
    data = (DATA / "awkward_files_a" / "cn_alipay_bill_gbk.csv").read_bytes()
    report = load(tmp_path, data, page)
    assert "the file states 66 (rows) but holds 10" in report["warnings"][0]
    # order numbers are masked in this sample, so some rows share a key
    assert report.loc[0, ["rows_kept", "rows_duplicate", "rows_quarantined"]].sum() == report["rows_read"][0] == 10


@pytest.mark.parametrize("passing", [0, 1 << 40])
def test_a_large_file_is_staged_on_disk_with_the_same_result(tmp_path, monkeypatch, passing):
    rows = "".join(f"{i},c{i % 9},2018-0{1 + i % 6}-01 10:00,{i}.25\n" for i in range(5000))
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir(), large.mkdir()
    load(small, HEADER + rows + "x,c,never,1\n")
    monkeypatch.setattr(staging, "BIG", 0)
    monkeypatch.setattr("retailkit.load.passing.PASSING", passing)
    monkeypatch.setenv("RETAILKIT_MEMORY", "200MB")
    load(large, HEADER + rows + "x,c,never,1\n")
    pd.testing.assert_frame_equal(stored(small), stored(large))
    assert quarantine(small) == quarantine(large)
    counts = [open_store(f / "store").sources.to_pandas().filter(like="rows_") for f in (small, large)]
    pd.testing.assert_frame_equal(*counts)
    assert not list((large / "store").glob(".scratch*"))


def test_the_bad_cells_of_a_large_file_are_named_by_their_rows_whichever_thread_reads_them(tmp_path, monkeypatch):
    monkeypatch.setattr("retailkit.load.passing.PASSING", 0)
    for module in (hashes, passing):
        monkeypatch.setattr(module, "AT_ONCE", 50_000)
    lines = [f"{i},客{i % 999},2018-0{1 + i % 6}-01 10:00,{i % 90}.25" for i in range(300_000)]
    blank = range(7, 300_000, 60_001)
    bad = {11: ("amount", "x"), 150_002: ("paid", "never"), 299_998: ("", "")}
    for i in blank:
        lines[i] = " ,,　,"
    lines[11] = "11,客,2018-01-01 10:00,x"
    lines[150_002] = "150002,客,never,1"
    lines[299_998] += ",one,more"
    lines[299_999] = lines[5]  # a repeat, word for word
    monkeypatch.setenv("RETAILKIT_THREADS", "4")
    report = load(tmp_path, (HEADER + "\n".join(lines) + "\n").encode("gb18030"))
    assert report.loc[0, "rows_read":"rows_quarantined"].tolist() == [
        300_000 - len(blank),
        300_000 - len(blank) - 4,
        1,
        3,
    ]
    told = open_store(tmp_path / "store").quarantine.to_pandas().sort_values("source_row")
    assert told["source_row"].tolist() == [i + 1 for i in bad]
    assert told["value"].tolist() == [value for _, value in bad.values()]
    assert set(stored(tmp_path)["order_id"]) == {
        line.split(",")[0] for i, line in enumerate(lines) if i not in {*bad, *blank}
    }


@pytest.mark.parametrize("budget", ["1.5 GB", "700MB", "200 MiB", "80%"])
def test_a_load_keeps_to_little_memory(tmp_path, monkeypatch, budget):
    monkeypatch.setenv("RETAILKIT_MEMORY", budget)
    with staging.loading(tmp_path, {}) as work:
        given = work.con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
        assert staging.memory_bytes(given) <= 9.01e8  # with Python and the report, 1.2 GB are not reached


def test_what_does_not_fit_into_little_memory_is_done_again_with_all_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "LEAN", "1MB")
    rows = "".join(f"{i},c{i % 9},2018-0{1 + i % 6}-01 10:00,{i}.25\n" for i in range(30000))
    report = load(tmp_path, HEADER + rows)
    assert report.loc[0, ["status", "rows_kept"]].tolist() == ["loaded", 30000]
    assert len(stored(tmp_path)) == 30000


@pytest.mark.parametrize("size", [0, 1, 2, 50_000])
def test_a_repeated_key_is_found_by_its_hash_and_half_a_hash_is_no_repeat(size):
    whole = np.random.default_rng(size).permutation(np.arange(size, dtype=np.uint64) << np.uint64(20))
    near = np.append(whole, whole[:1] + (np.uint64(1) << np.uint64(50)))
    assert len(np.unique(near)) == len(near)
    assert not len(hashes.there_again([near]))
    assert hashes.there_again([near, whole[-1:], whole[-1:]]).tolist() == whole[-1:].tolist()
