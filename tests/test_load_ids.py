"""An id is what stands in the export, digit by digit: what a float may have rounded is set aside, never kept."""

from pathlib import Path

import pandas as pd
import pytest
from load_files import HEADER, ORDERS, load, quarantine, stored

LOST = "an id that went through a float or a spreadsheet: its digits are lost"
PAID = "2018-11-11 00:03:12"
PHONES = """
[[tables]]
table = "accounts"
[tables.fields]
account = { from = "会员", prefix = "shop" }
phone_key = { from = "电话", kind = "phone" }
"""


@pytest.mark.parametrize(("written", "kept"), [
    ("12345", "12345"),
    ("12345.0", "12345"),
    ("123456789012345.0", "123456789012345"),  # fifteen digits: every tool keeps them
    ("1234567890123456.0", None),  # sixteen: a spreadsheet keeps fifteen of them
    ("9007209254740993.0", None),  # beyond 2**53 an odd number is no float: another id stood here
    ("90072000000000000.0", None),
    ("-90072000000000000.0", None),
    ("123456789012345678.00", None),
    ("9.0072E+16", None),
    ("9.0072e16", None),
    ("9E+16", None),
    ("1e+300", None),
    ("5e12345678901234", "5e12345678901234"),  # hexadecimal: no float has such an exponent
    ("90072000000000001", "90072000000000001"),  # long, but never a float
    ("3487542469355618313", "3487542469355618313"),
    ("0012.0", "0012"),
    ("12.50", "12.50"),  # points that no float wrote
    ("v2.0", "v2.0"),
    ("2018.11.0", "2018.11.0"),
    ("E90072000000000000.0", "E90072000000000000.0"),
    ("12E3x", "12E3x"),
])  # fmt: skip
def test_an_id_is_kept_whole_or_set_aside(tmp_path, written, kept):
    load(tmp_path, HEADER + f"{written},c1,{PAID},1\nE1,c1,{PAID},1\n")
    assert set(stored(tmp_path)["order_id"]) == {"E1", *([kept] if kept else [])}
    assert quarantine(tmp_path) == ([] if kept else [(1, "订单号", LOST)])
    assert stored(tmp_path, "quarantine")["value"].tolist() == ([] if kept else [written])


def test_no_part_of_a_joined_id_may_be_rounded(tmp_path):
    page = ORDERS.replace('order_id = "订单号"', 'order_id = { join = ["订单号", "会员"] }')
    data = HEADER + "".join(f"{order},c1,{PAID},1\n" for order in ("7", "8.0", "9.0072E+16", "90072000000000000.0"))
    load(tmp_path, data, page)
    assert stored(tmp_path)["order_id"].tolist() == ["7:c1", "8:c1"]
    assert quarantine(tmp_path) == [(3, "订单号 + 会员", LOST), (4, "订单号 + 会员", LOST)]


@pytest.mark.parametrize(("kind", "numbers", "kept"), [
    ("float64", [7, 2**53 - 1, 2**53], ["7", "9007199254740991"]),
    ("float32", [7, 2**24 - 1, 2**24], ["16777215", "7"]),
    ("int64", [7, 2**53 + 1], ["7", "9007199254740993"]),
])  # fmt: skip
def test_an_id_in_a_typed_file_is_whole_where_its_type_keeps_every_digit(tmp_path, kind, numbers, kept):
    frame = pd.DataFrame({"订单号": pd.Series(numbers).astype(kind), "会员": "c1", "付款时间": PAID, "实付": "1"})
    frame.to_parquet(path := tmp_path / "typed.parquet")
    load(tmp_path, path.read_bytes(), file="orders.parquet")
    assert stored(tmp_path)["order_id"].tolist() == kept
    assert [reason for *_, reason in quarantine(tmp_path)] == [LOST] * (len(numbers) - len(kept))


def test_a_number_of_sixteen_digits_in_a_spreadsheet_is_no_id(tmp_path):
    numbers = [12345, 123456789012345, 1234567890123450, "1234567890123456"]
    frame = pd.DataFrame({"订单号": pd.Series(numbers, dtype=object), "会员": "c1", "付款时间": PAID, "实付": 1})
    frame.to_excel(path := tmp_path / "typed.xlsx", index=False)
    load(tmp_path, path.read_bytes(), file="orders.xlsx")
    assert stored(tmp_path)["order_id"].tolist() == ["12345", "123456789012345", "1234567890123456"]
    assert quarantine(tmp_path) == [(3, "订单号", LOST)]


def phones_of(folder: Path) -> list[set[str]]:
    """Return the accounts that share a phone, and those without one."""
    accounts = stored(folder, "accounts")
    return [set(a) for _, a in accounts.fillna({"phone_key": ""}).groupby("phone_key")["account"]]


def test_one_phone_has_one_key_however_it_is_written_and_a_rounded_one_has_none(tmp_path):
    same = ["13800138000", "13800138000.0", "+86 138-0013-8000", "8613800138000.0"]
    lost = ["1.3800138E+10", "1.38E+10", "138****8000"]
    rows = [f"{i},c{i},{PAID},1,{phone}\n" for i, phone in enumerate([*same, *lost, "010-8888.0000"])]
    load(tmp_path, HEADER.strip() + ",电话\n" + "".join(rows), ORDERS + PHONES)
    whole, none, landline = ({f"shop:c{i}" for i in some} for some in ((0, 1, 2, 3), (4, 5, 6), (7,)))
    assert sorted(phones_of(tmp_path), key=len) == [landline, none, whole]
    assert quarantine(tmp_path) == [(5, "电话", "no phone number"), (6, "电话", "no phone number")]


@pytest.mark.parametrize("kind", ["Int64", "Float64"])
def test_a_phone_that_a_typed_file_holds_as_a_number_has_the_key_of_its_text(tmp_path, kind):
    load(tmp_path, HEADER.strip() + f",电话\n1,c1,{PAID},1,13800138000\n", ORDERS + PHONES)
    frame = pd.DataFrame({"订单号": ["2", "3"], "会员": ["c2", "c3"], "付款时间": PAID, "实付": "1"})
    frame.assign(电话=pd.Series([13800138000, None], dtype=kind)).to_parquet(path := tmp_path / "typed.parquet")
    load(tmp_path, path.read_bytes(), ORDERS + PHONES, file="orders.parquet")
    assert sorted(phones_of(tmp_path), key=len) == [{"shop:c3"}, {"shop:c1", "shop:c2"}]
