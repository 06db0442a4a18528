"""A phone is in no store, whatever column it stands in: ids that are phones are refused, texts lose them."""

import json

import pytest
from load_files import HEADER, ORDERS, load, stored

from retailkit.load import LoadError

PHONES = ("13812340001", "15912340002", "18612340003", "17712340004")
TEXTS = ORDERS + 'channel = { from = "渠道" }\narea = { from = "地区" }\n'


def orders(*members: str) -> str:
    return HEADER + "".join(f"E{i},{m},2018-03-01 10:00,5\n" for i, m in enumerate(members))


@pytest.mark.parametrize("form", ["{}", "+86 {}", "0086{}"])
def test_an_account_that_is_a_phone_is_refused_until_it_is_said_to_be_one(tmp_path, form):
    text = orders(*map(form.format, PHONES), "c9")
    with pytest.raises(LoadError, match="'account' is read from column '会员', which holds phone numbers") as error:
        load(tmp_path, text)
    assert not any(phone in str(error.value) for phone in PHONES)
    load(tmp_path, text, ORDERS.replace('prefix = "shop"', 'kind = "phone", prefix = "phone"'))
    assert not any(phone in account for phone in PHONES for account in stored(tmp_path)["account"].dropna())


def test_an_order_number_that_is_a_phone_is_refused(tmp_path):
    rows = "".join(f"{phone},c1,2018-03-01 10:00,5\n" for phone in PHONES)
    with pytest.raises(LoadError, match="'order_id' is read from column '订单号'"):
        load(tmp_path, HEADER + rows)


def test_numbers_that_are_counted_up_are_no_phones(tmp_path):
    assert load(tmp_path, orders(*(str(13800000000 + i) for i in range(9))))["rows_kept"].tolist() == [9]


def test_texts_lose_the_phones_within_and_keep_longer_numbers(tmp_path):
    cells = [
        "导购13812340001",
        "138-1234-0002",
        "群：13812340003/13912340004",
        "1138123400051",
        "直播",
        "+86 13812340005",
        "电话008613812340006",
    ]
    rows = "".join(f"E{i},c1,2018-03-01 10:00,5,{c},上海 {c}\n" for i, c in enumerate(cells))
    load(tmp_path, HEADER.replace("实付", "实付,渠道,地区") + rows, TEXTS)
    found = stored(tmp_path)
    kept = [
        "导购1**********",
        "1**********",
        "群：1**********/1**********",
        "1138123400051",
        "直播",
        "+1**********",
        "电话1**********",
    ]
    assert found["channel"].tolist() == kept
    assert found["area"].tolist() == [f"上海 {c}" for c in kept]


@pytest.mark.parametrize("cell", ["请致电１３８１２３４０００１", "021-64331234 转", "13812340001 元"])
def test_the_quarantine_shows_no_phone(tmp_path, cell):
    load(tmp_path, HEADER + f"E1,c1,2018-03-01 10:00,{cell}\nE2,c1,2018-03-01 10:00,5\n")
    assert "1**********" in stored(tmp_path, "quarantine")["value"].iloc[0]


@pytest.mark.parametrize(("member", "told"), [
    ("上海店 13812340001", True), ("138-1234-0001", True), ("13812340001 上海", True),
    ("wx_13812340001", False), ("13812340001", False), ("a13812340001b", False),
])  # fmt: skip
def test_ids_with_a_phone_beside_are_warned_of(tmp_path, member, told):
    """Eleven figures alone may be a member's number, which stays; within letters they may be any code."""
    report = load(tmp_path, orders(member, "c2", "c3"))
    assert ("ids in '会员' hold phone numbers" in report.loc[0, "warnings"]) == told


@pytest.mark.parametrize("field", ["account", "channel"])
@pytest.mark.parametrize("wrap", [dict, lambda person: [person]], ids=["record", "list of records"])
def test_a_whole_record_is_no_value_and_its_person_is_not_stored(tmp_path, field, wrap):
    buyers = [*(wrap({"name": "李娜", "phone": phone}) for phone in PHONES), "c9"]  # a record in most rows, not in all
    rows = [
        {"订单号": f"E{i}", "会员": f"c{i}", "付款时间": "2018-03-01 10:00", "实付": "5", "buyer": b}
        for i, b in enumerate(buyers)
    ]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    page = ORDERS.replace('"会员"', '"buyer"') if field == "account" else ORDERS + 'channel = "buyer"\n'
    with pytest.raises(LoadError, match=f"'{field}' is read from 'buyer', whose cells are records") as error:
        load(tmp_path, text, page, "orders.jsonl")
    assert "buyer.name" in str(error.value)
    assert "李娜" not in str(error.value)
