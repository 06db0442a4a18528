"""A list of members, as a till's or a CRM's console exports it, is drafted as one and loads as it stands."""

import pytest
from load_files import load, stored

from retailkit.load import draft_layout

LIST = (
    "会员卡号,姓名,手机号,性别,等级,入会时间,所在城市,专属导购,来源渠道,积分,累计消费金额,最近消费时间,生日,状态\n"
    "V001,王小明,13812340001,男,金卡,2018-03-01 10:00:00,上海,李娜,小程序,120,1200.50,2018-10-02,1990-01-02,正常\n"
    "V002,李雷,15912340002,男,银卡,2018-04-01 11:00:00,北京,G102,门店,-,88.00,2018-09-02,1991-01-02,已注销\n"
    "V003,韩梅梅,18612340003,女,银卡,2018-05-01 12:00:00,北京,G102,公众号,20,0,,1992-03-02,正常\n"
)
PHONES = "手机,注册日期,会员等级\n13812340001,01/03/2018,金卡\n15912340002,14/04/2018,银卡\n"


def drafted(folder, text: str) -> str:
    (folder / "list.csv").write_text(text, encoding="gb18030")
    return draft_layout(folder / "list.csv")


def test_a_list_of_members_loads_with_its_draft(tmp_path):
    page = drafted(tmp_path, LIST)
    assert load(tmp_path, LIST.encode("gb18030"), page).loc[0, "rows_kept"] == 3
    members, accounts = stored(tmp_path, "members"), stored(tmp_path, "accounts")
    assert members["account"].tolist() == ["shop:V001", "shop:V002", "shop:V003"]
    assert members["joined_on"].astype(str).tolist() == ["2018-03-01", "2018-04-01", "2018-05-01"]
    assert members["level"].tolist() == ["金卡", "银卡", "银卡"]
    assert members["points"].fillna(-1).tolist() == [120, -1, 20]
    assert members["guide"].tolist()[1:] == ["G102", "G102"]
    assert accounts["source_channel"].tolist() == ["小程序", "门店", "公众号"]
    assert accounts["phone_key"].nunique() == 3
    assert "orders" not in [p.name for p in (tmp_path / "store").iterdir()], "what a list sums up of orders is not read"
    whole = members.to_csv() + accounts.to_csv()
    assert not [secret for secret in ("李娜", "王小明", "1381234", "1990") if secret in whole]


def test_a_list_that_knows_phones_only_has_their_hashes_as_accounts(tmp_path):
    page = drafted(tmp_path, PHONES)
    assert "the day of joining, e.g. 01/03/2018" in page
    load(tmp_path, PHONES.encode("gb18030"), page)
    members = stored(tmp_path, "members")
    assert members["account"].str.startswith("phone:").all()
    assert members["joined_on"].astype(str).sort_values().tolist() == ["2018-03-01", "2018-04-14"]


@pytest.mark.parametrize("change", [
    ("会员卡号", "订单号"),  # a list of sales that tells when its buyer joined
    ("V002", "V001"),  # rows of one member: visits, or points that were booked
    ("入会时间", "生效时间"),  # nothing tells a day of joining
])  # fmt: skip
def test_what_is_no_list_of_members_is_not_drafted_as_one(tmp_path, change):
    assert 'table = "members"' not in drafted(tmp_path, LIST.replace(*change).replace("15912340002", "13812340001"))


def test_masked_phones_are_nobodys(tmp_path):
    page = drafted(tmp_path, LIST.replace("1234000", "****000"))
    assert "phone_key" not in page
    assert load(tmp_path, LIST.replace("1234000", "****000").encode("gb18030"), page).loc[0, "rows_kept"] == 3


def test_the_draft_speaks_chinese(tmp_path):
    (tmp_path / "list.csv").write_text(LIST, encoding="gb18030")
    page = draft_layout(tmp_path / "list.csv", "zh")
    for told in (
        "每行是一位会员",
        "“入会时间”是入会日期，例如2018-03-01 10:00:00",
        "账号前缀须与订单布局一致",
        "表中还可有哪些列",
    ):
        assert told in page
