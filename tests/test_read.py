"""Any bytes end in the right rows or in one clear refusal; never a traceback, never other numbers."""

import csv
import gzip
import io
import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from conftest import DATA
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load_files import load

from retailkit.load import LoadError, json_files, open_store
from retailkit.load.engine import connect_raw
from retailkit.load.files import probe
from retailkit.load.header import clean_names, match
from retailkit.load.layout import Layout
from retailkit.load.read import read_raw

AWKWARD = DATA / "awkward_files_a"


def rows(path, wanted, **more) -> pd.DataFrame:
    """Read some columns of a file as text, as the loader does before any typing."""
    block = {"table": "targets", "fields": {"starts_on": wanted[0], "ends_on": wanted[0], "target": wanted[0]}}
    kinds = ("csv", "excel", "jsonl", "json", "parquet")
    page = {"name": "own", "title": "own", "format": kinds, "signature": tuple(wanted), "tables": (block,), **more}
    layout = Layout.model_validate(page)
    con = connect_raw(threads=1, memory="1GB")
    with tempfile.TemporaryDirectory() as scratch:
        raw = read_raw(con, probe(path, layout.encoding), layout, Path(scratch))
        names = ", ".join('"' + raw.found[c].replace('"', '""') + '"' for c in wanted)
        return con.execute(f"SELECT {names} FROM {raw.relation} ORDER BY source_row").df()


@pytest.mark.data
@pytest.mark.parametrize("name", [
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "newlines",
    "newlines_crlf", "quotes_and_newlines", "simple_crlf", "utf8",
])  # fmt: skip
def test_csv_spectrum_reads_as_its_authors_expect(name):
    expected = json.loads((AWKWARD / "csv_spectrum" / f"{name}.json").read_text("utf-8"))
    columns = list(expected[0])
    got = rows(AWKWARD / "csv_spectrum" / f"{name}.csv", columns).fillna("").to_dict("records")
    plain = [{k: v.replace("\r\n", "\n").strip() for k, v in row.items()} for row in expected]
    assert [dict(zip(columns, row.values(), strict=True)) for row in got] == plain


@pytest.mark.data
@pytest.mark.parametrize(("file", "columns", "count", "more"), [
    ("cn_wechat_bill.csv", ["交易时间", "金额(元)", "交易单号", "备注"], 27, {}),
    ("cn_alipay_bill_gbk.csv", ["交易时间", "金额", "交易订单号"], 10, {}),
    ("cn_icbc_debit_padded.csv", ["交易日期", "摘要"], 12, {}),
    ("cn_cmb_credit_negative.csv", ["交易日", "交易摘要"], 6, {}),
    ("cn_boc_debit.csv", ["记账日期", "金额"], 17, {}),
    ("uk_dclg_gpc_2015_12.csv", [], 8, {}),
    ("uk_hmrc_over25k_2011.csv", [], 188, {}),
    ("uk_wakefield_pcard_2018q2.csv.gz", [], 4469, {}),
    ("org_utf16le.csv", [], 327, {}),
    ("mx_spanish_latin1.csv", ["GF_ID", "Gasto total 2011"], 115, {"encoding": "latin-1"}),
    ("nasa_cr_only.csv", ["Year", "Jan", "SON"], 133, {}),
    ("bom_only.csv", ["id", "name"], 2, {}),
    ("ragged_bad.csv", ["column_a", "column_b", "column_c"], 3, {}),
    ("locale_semicolon_numbers.csv", ["a", "b", "c"], 1, {}),
    ("null_byte.csv", ["a", "b", "c"], 1, {}),
    ("groceries_ragged_baskets.csv", ["first", "second"], 344, {"header": False, "columns": ("first", "second")}),
    ("scientific_notation.xlsx", [], 1, {}),
])  # fmt: skip
def test_awkward_files_give_the_rows_that_were_counted(file, columns, count, more):
    path = AWKWARD / file
    found = rows(path, columns or header_of(path, more), **more)
    assert len(found) == count


def header_of(path, more):
    """The header as plain Python sees it: the first line with the most cells."""
    if path.suffix == ".xlsx":
        from python_calamine import CalamineWorkbook

        return [str(c) for c in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()[0]]
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode(more.get("encoding") or ("utf-16" if data[:2] == b"\xff\xfe" else "utf-8"))
    lines = list(csv.reader(io.StringIO(text)))[:5]
    return list(clean_names(next(line for line in lines if len([c for c in line if c]) > 3)))[:4]


@pytest.mark.data
def test_awkward_amounts_and_ids_keep_their_value():
    bill = rows(AWKWARD / "cn_wechat_bill.csv", ["金额(元)", "交易单号"])
    assert bill["金额(元)"].str.startswith("¥").all()
    assert not bill["交易单号"].str.contains(r"\s").any()
    spanish = rows(AWKWARD / "mx_spanish_latin1.csv", ["F", "SF", "Gasto total 2011"], encoding="latin-1")
    assert "Legislación" in set(spanish["F"]) | set(spanish["SF"])
    with pytest.raises(LoadError, match="encoding cannot be read"):
        rows(AWKWARD / "mx_spanish_latin1.csv", ["GF_ID"])


@pytest.mark.data
@pytest.mark.parametrize("file", ["de_weird_head_padding.csv", "multiline_headers.xlsx", "cn_ccb_statement.xls"])
def test_a_file_without_the_layouts_columns_is_refused_with_what_it_has(file):
    with pytest.raises(LoadError, match="1 column missing: 'order_id'") as error:
        rows(AWKWARD / file, ["order_id"])
    assert "the file has" in str(error.value)


def test_a_chinese_letter_after_a_latin_one_is_no_western_accent(tmp_path):
    """As in T恤: the only Chinese in a file of English column names."""
    path = tmp_path / "goods.csv"
    path.write_bytes("item,n\nT恤,1\nA类,2\n".encode("gb18030"))
    assert rows(path, ["item"])["item"].tolist() == ["T恤", "A类"]
    path.write_bytes("item,n\ncafés,1\n".encode("latin-1"))
    with pytest.raises(LoadError, match="encoding cannot be read"):
        rows(path, ["item"])


def test_encodings_are_found_in_the_safe_order(tmp_path):
    text = "订单号,姓名\n1,李雷\n2,韩梅梅\n"
    for encoding in ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(text.encode(encoding))
        assert rows(path, ["订单号", "姓名"])["姓名"].tolist() == ["李雷", "韩梅梅"], encoding


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_text_is_never_read_as_chinese(tmp_path, encoding):
    path = tmp_path / "a.csv"
    text = "id,name\n" + "".join(f"{i},Geb\u00fchr f\u00fcr M\u00fcnchen\n" for i in range(20))
    path.write_bytes(text.encode(encoding))
    with pytest.raises(LoadError, match="encoding cannot be read"):
        rows(path, ["id", "name"])
    assert rows(path, ["id", "name"], encoding=encoding)["name"][0] == "Geb\u00fchr f\u00fcr M\u00fcnchen"


def test_spreadsheet_wrappings_are_taken_off(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,phone,code\n"=""286533366312345678""",\'13900000000,`42\t\n', encoding="utf-8")
    assert rows(path, ["id", "phone", "code"]).iloc[0].tolist() == ["286533366312345678", "13900000000", "42"]


def test_a_summary_at_the_end_is_cut(tmp_path):
    path = tmp_path / "bill.csv"
    path.write_text("时间,金额\n2018-01-01,1\n总交易单数,总金额\n1,1\n", encoding="utf-8")
    assert len(rows(path, ["时间", "金额"], footer=("总交易单数",))) == 1


def test_json_keeps_long_numbers_and_nested_names(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 3487542469355618313, "pay": {"time": 1}}\n{"id": 2, "pay": null}\n', encoding="utf-8")
    found = rows(path, ["id", "pay.time"])
    assert found["id"].tolist() == ["3487542469355618313", "2"]
    path.write_text('{"errcode": 0, "data": {"list": [{"id": 1}, {"id": 2}]}}', encoding="utf-8")
    assert rows(path, ["id"], records="data.list")["id"].tolist() == ["1", "2"]


def test_one_long_json_line_among_many_is_read_whole(tmp_path, monkeypatch):
    # what the engine sets aside for an object follows the longest line, not the file: a file of days is long
    monkeypatch.setattr(json_files, "ROOM", 1 << 10)
    path, long = tmp_path / "a.jsonl", "x" * 1_500_000
    lines = [json.dumps({"id": str(i), "note": long if i == 700 else "y"}) for i in range(1000)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert json_files._longest_line(path) == max(map(len, lines)) + 1
    found = rows(path, ["id", "note"])
    assert found["id"].tolist() == [str(i) for i in range(1000)]
    assert found["note"].str.len().sum() == 999 + len(long)


def test_header_names_are_matched_without_case_and_underscores():
    assert match(["visitUv", "分销员", "分销员#2"], ["visit_uv", "分销员#2"]) == {
        "visit_uv": "visitUv",
        "分销员#2": "分销员#2",
    }


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs", "Cc", "Zs", "Cf")), max_size=8
)
tables = st.integers(2, 4).flatmap(
    lambda n: st.lists(
        st.lists(cells | st.just('a "b", c') | st.just("x\ny"), min_size=n, max_size=n), min_size=1, max_size=8
    )
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@FUZZ
@given(table=tables, delimiter=st.sampled_from(",;\t|"), ends=st.sampled_from(["\n", "\r\n"]))
def test_delimited_text_reads_as_an_independent_parser_reads_it(table, delimiter, ends):
    columns = [f"col{i}" for i in range(len(table[0]))]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ends).writerows([columns, *table])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(out.getvalue().encode())
        try:
            got = rows(path, columns, delimiter=delimiter)
        except LoadError:
            return
    body = list(csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter))[1:]
    kept = [row for row in body if any(c.strip() for c in row)]
    assert len(got) == len(kept)
    for mine, theirs in zip(got.fillna("").to_numpy().tolist(), kept, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert one == plain(other), (one, other)


def plain(cell: str) -> str:
    """What a cell means once a spreadsheet's wrappings are off, written independently."""
    cell = cell.replace("\r\n", "\n").strip(" \t\r\n\u00a0\u3000\ufeff")
    if len(cell) >= 3 and cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1].strip()
    elif cell.startswith("`"):
        cell = cell[1:].strip()
    elif cell[:1] == "'" and cell[1:2].isdigit() and cell[1:2].isascii():
        cell = cell[1:]
    return cell


@FUZZ
@given(data=st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: b"a,b\n" + b))
def test_any_bytes_end_in_rows_or_in_a_clear_refusal(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(data)
        said = "a.csv"
        said = "a.csv"
        try:
            rows(path, ["a", "b"])
        except LoadError as refusal:
            said = str(refusal)
        assert "a.csv" in said


def test_no_module_of_the_room_hides_a_public_name():
    import pkgutil

    from retailkit import load

    assert not set(load.__all__) & {module.name for module in pkgutil.iter_modules(load.__path__)}


def test_a_json_record_whose_array_alone_is_filled_makes_rows(tmp_path):
    page = """
title = "orders of a day"
format = "jsonl"
[[tables]]
table = "orders"
explode = "list"
[tables.fields]
order_id = "list.id"
paid_at = "list.at"
gross_amount = { from = "list.pay.fee", unit = "fen" }
net_amount = { from = "list.pay.fee", unit = "fen" }
touchpoint = "list.from.name"
area = "city"
"""
    made = [{"id": i, "at": "2018-03-01 12:00:00", "pay": {"fee": 10 * i}, "from": [{"name": ""}, {"name": f"t{i}"}]}
            for i in range(1, 4)]  # fmt: skip
    days = [{"city": "", "list": made[:2]}, {"city": "", "list": []}, {"city": "c", "list": made[2:]}]
    report = load(tmp_path, "\n".join(map(json.dumps, days)), page, "days.jsonl")
    assert report["rows_quarantined"].sum() == 0
    frame = open_store(tmp_path / "store", "m").orders.to_pandas().sort_values("order_id")
    assert frame["order_id"].tolist() == ["1", "2", "3"]
    assert frame["gross_amount"].tolist() == [10, 20, 30]
    assert frame["touchpoint"].tolist() == ["t1", "t2", "t3"]  # the first filled one of an array within the element
    assert frame["area"].fillna("").tolist() == ["", "", "c"]
