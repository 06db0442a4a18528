"""Every quirk of vendors' files that we know of is handled: one test each, by the quirk's own name.

The names are those of the list that the loaders were made after (``format_quirks.csv``, area
and quirk); where that list lies beside the real data, it is compared with the names here.
"""

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import DATA
from load_files import HEADER, ORDERS, SAMPLES, load, quarantine, sample_of, stored

from retailkit.load import LoadError, load_file, open_store

LISTED = DATA.parent / "reference" / "format_quirks.csv"
ROW = "E1,c1,2018-11-11 00:03:12,459.00\n"
TESTS: dict[tuple[str, str], Callable[[Path], None]] = {}
NAMES = {
    "encoding": ["CSV saved by Chinese Excel is GBK without BOM", "UTF-8 with BOM makes the first header start with U+FEFF"],
    "id": [
        "order number kept as text formula", "id in scientific notation after an Excel save", "ids above 2**53 in JSON",
        "leading backtick on every value", "leading apostrophe or tab",
    ],
    "header": [
        "header with trailing space", "duplicate header", "trailing comma: empty last column",
        "misspelt keys in official samples",
        "camelCase in cloud calls, snake_case over HTTPS; one camelCase key inside a snake object",
    ],
    "footer": ["summary lines at the end of the file"],
    "amount": [
        "fen in APIs, yuan in exports", "both units in one payload", "text around the number", "amounts as strings",
    ],
    "time": [
        "epoch seconds, 13-digit ms, ms as string, yyyymmdd, yyyy-mm-dd, yyyymmdd-yyyymmdd, yyyymm, ISO Z",
        "no zone in text times", "day of a metric is complete only after 08:00 next day",
    ],
    "privacy": ["masked phone cannot be joined", "upload to ad platforms uses MD5 or SHA256 of the plain phone"],
    "status": ["closed means unpaid or fully refunded", "full refund shown as done", "transient states"],
    "rows": ["order-level fields only on the first row", "refund is its own row", "several goods in one cell"],
    "dedupe": ["period UV cannot be added", "all + parts in one table"],
    "retention": ["source keeps 180 days"],
    "limits": ["top 200 pages; articles with fewer than 3 actions dropped"],
    "tracking": ["warm start keeps the old scene; Android Home keeps the last scene"],
}  # fmt: skip


def quirk(area: str, name: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Name the quirk that a function tests."""

    def named(test: Callable[[Path], None]) -> Callable[[Path], None]:
        TESTS[area, name] = test
        return test

    return named


def vendor(folder: Path, layout: str, records: list[dict] | str | None = None) -> pd.DataFrame:
    """Load records (or, without any, the layout's own sample) with a vendor's layout; the report."""
    path = sample_of(layout)
    if records is not None:
        path = folder / f"{layout}.jsonl"
        text = records if isinstance(records, str) else "\n".join(json.dumps(r, ensure_ascii=False) for r in records)
        path.write_text(text, encoding="utf-8")
    return load_file(path, layout, "m", folder / "store")


def table(folder: Path, name: str = "orders") -> pd.DataFrame:
    return getattr(open_store(folder / "store", merchants="m"), name).to_pandas()


@quirk("encoding", "CSV saved by Chinese Excel is GBK without BOM")
def gbk_without_bom(folder: Path) -> None:
    load(folder, (HEADER + "E1,张三店,2018-11-11 00:03:12,459.00\n").encode("gbk"))
    assert stored(folder)["account"].tolist() == ["shop:张三店"]


@quirk("encoding", "UTF-8 with BOM makes the first header start with U+FEFF")
def utf8_with_bom(folder: Path) -> None:
    load(folder, (HEADER + ROW).encode("utf-8-sig"))
    assert stored(folder)["order_id"].tolist() == ["E1"]


@quirk("id", "order number kept as text formula")
def text_formula(folder: Path) -> None:
    load(folder, HEADER + '="286533366312345678",c1,2018-11-11 00:03:12,459.00\n')
    assert stored(folder)["order_id"].tolist() == ["286533366312345678"]


@quirk("id", "id in scientific notation after an Excel save")
def scientific_notation(folder: Path) -> None:
    load(folder, HEADER + ROW + "2.86533E+17,c1,2018-11-11 00:03:12,459.00\n")
    assert stored(folder)["order_id"].tolist() == ["E1"]
    cell = stored(folder, "quarantine").iloc[0]
    assert (cell["source_row"], cell["column"], cell["value"]) == (2, "订单号", "2.86533E+17")
    assert "digits are lost" in cell["reason"]


@quirk("id", "ids above 2**53 in JSON")
def long_ids(folder: Path) -> None:
    vendor(folder, "wechat_mini_shop_orders")
    assert table(folder)["order_id"].tolist() == ["3487542469355618313"]


@quirk("id", "leading backtick on every value")
def backtick(folder: Path) -> None:
    load(folder, HEADER + "`4200000123,`c1,`2018-11-11 00:03:12,`459.00\n")
    row = stored(folder).iloc[0]
    assert (row["order_id"], row["account"], row["gross_amount"]) == ("4200000123", "shop:c1", 45900)


@quirk("id", "leading apostrophe or tab")
def apostrophe_or_tab(folder: Path) -> None:
    load(folder, HEADER + "'13900000000,c1,2018-11-11 00:03:12,1\n\t0042,\tc1,2018-11-11 00:03:12,2\n")
    assert stored(folder)["order_id"].tolist() == ["0042", "13900000000"]


@quirk("header", "header with trailing space")
def header_with_space(folder: Path) -> None:
    load(folder, "订单号 ,会员　,付款时间\t,实付 \n" + ROW)
    assert len(stored(folder)) == 1


@quirk("header", "duplicate header")
def duplicate_header(folder: Path) -> None:
    page = ORDERS + 'sold_by = "分销员"\nowned_by = "分销员#2"\n'
    load(folder, HEADER.strip() + ",分销员,分销员\n" + ROW.strip() + ",D1,D3\n", page)
    assert stored(folder)[["sold_by", "owned_by"]].to_numpy().tolist() == [["D1", "D3"]]


@quirk("header", "trailing comma: empty last column")
def trailing_comma(folder: Path) -> None:
    load(folder, HEADER.strip() + ",\n" + ROW.strip() + ",\n")
    assert len(stored(folder)) == 1
    assert quarantine(folder) == []


@quirk("header", "misspelt keys in official samples")
def misspelt_keys(folder: Path) -> None:
    text = next((SAMPLES / "wechat_mini_shop_orders").glob("*.jsonl")).read_text(encoding="utf-8")
    assert "slae_price" in text
    for spelt in (text, text.replace("slae_price", "sale_price").replace("craete_time", "create_time")):
        vendor(folder, "wechat_mini_shop_orders", spelt)
        assert table(folder, "order_lines")["list_amount"].tolist() == [43900]
    packets = next((SAMPLES / "red_packets").glob("*.jsonl")).read_text(encoding="utf-8")
    assert "RFUND_ING" in packets
    vendor(folder, "red_packets")
    assert len(table(folder, "red_packets")) == 2


@quirk("header", "camelCase in cloud calls, snake_case over HTTPS; one camelCase key inside a snake object")
def camel_case(folder: Path) -> None:
    for folder_, key in ((folder / "a", "visit_uv_new"), (folder / "b", "visitUvNew")):
        folder_.mkdir()
        active = {"visit_uv_new": "visit_uv", "visitUvNew": "visitUv"}[key]
        date = {"visit_uv_new": "ref_date", "visitUvNew": "refDate"}[key]
        vendor(folder_, "mini_program_retain", [{date: "20181111", key: [{"key": 7, "value": 3}], active: []}])
        assert table(folder_, "touchpoint_days")["new_visitors"].tolist() == [3]
    store = next((SAMPLES / "wechat_store_orders").glob("*.jsonl")).read_text(encoding="utf-8")
    assert '"prepayId"' in store
    assert '"pay_time"' in store


@quirk("footer", "summary lines at the end of the file")
def summary_lines(folder: Path) -> None:
    report = vendor(folder, "wechat_pay_bill")
    assert len(table(folder)) == 3
    assert "the file states" not in report["warnings"][0]


@quirk("amount", "fen in APIs, yuan in exports")
def fen_and_yuan(folder: Path) -> None:
    page = ORDERS.replace('unit = "yuan"', 'unit = "fen"')
    for name, layout, cell in (("yuan", ORDERS, "20.00"), ("fen", page, "2000"), ("cheap", ORDERS, "2000")):
        (folder / name).mkdir()
        load(folder / name, HEADER + f"E1,c1,2018-11-11 00:03:12,{cell}\n", layout)
    assert stored(folder / "yuan")["gross_amount"].tolist() == [2000]
    assert stored(folder / "fen")["gross_amount"].tolist() == [2000]
    assert stored(folder / "cheap")["gross_amount"].tolist() == [200_000], "a round number of yuan is not fen"
    with pytest.raises(LoadError, match="unit is wrong"):
        load(folder, HEADER + "E1,c1,2018-11-11 00:03:12,20.50\n", page)


@quirk("amount", "both units in one payload")
def both_units(folder: Path) -> None:
    vendor(folder, "youzan_trades")
    order = table(folder).set_index("order_id").loc["E1"]
    assert (order["gross_amount"], order["subsidy_amount"]) == (45550, 1200)


@quirk("amount", "text around the number")
def text_around_the_number(folder: Path) -> None:
    report = vendor(folder, "jd_orders")
    assert table(folder).set_index("order_id").loc["82000000001", "gross_amount"] == 44700
    assert (
        "2 cells of '应付金额' carry words beside the number ('（系统计算中，该值仅供参考）')" in report["warnings"][0]
    )
    vendor(folder, "taobao_orders")
    refunds = table(folder).set_index("order_id")["refund_amount"]
    assert refunds.loc["286533366312345679"] == 12900  # 129.00元
    assert pd.isna(refunds.loc["286533366312345678"])  # 无退款申请
    (folder / "taobao").mkdir()
    assert "订单状态" not in vendor(folder / "taobao", "taobao_orders")["warnings"][0], "a status is no amount"


@quirk("amount", "amounts as strings")
def amounts_as_strings(folder: Path) -> None:
    lines = [{"订单号": f"E{i}", "会员": "c", "付款时间": "2018-11-11 00:03:12", "实付": a}
             for i, a in enumerate(("12300", "0.29", 0.29, "99999999.99"))]  # fmt: skip
    load(folder, "\n".join(json.dumps(line, ensure_ascii=False) for line in lines), file="orders.jsonl")
    assert stored(folder)["gross_amount"].tolist() == [1_230_000, 29, 29, 9_999_999_999]


@quirk("time", "epoch seconds, 13-digit ms, ms as string, yyyymmdd, yyyy-mm-dd, yyyymmdd-yyyymmdd, yyyymm, ISO Z")
def kinds_of_time(folder: Path) -> None:
    page = """title = "times"
format = "csv"
[[tables]]
table = "orders"
[tables.fields]
order_id = "id"
paid_at = {{ from = "at"{how} }}
gross_amount = {{ from = "paid", unit = "yuan" }}
"""
    kinds = {
        "1541865792": ', time = "epoch_s"', "1541865792000": ', time = "epoch_ms"', "`1541865792000": ', time = "epoch_ms"',
        "1541865792000000": ', time = "epoch_us"', "20181111": "", "2018-11-11": "", "2018-11-10T16:03:12Z": "",
        "2018-11-11 00:03:12 +0800": "", "2018年11月11日 00:03:12": "", "20181111000312": "",
    }  # fmt: skip
    for number, (cell, how) in enumerate(kinds.items()):
        (folder / str(number)).mkdir()
        load(folder / str(number), f"id,at,paid\nE1,{cell},1\n", page.format(how=how), zone="Asia/Shanghai")
        got = stored(folder / str(number)).iloc[0]
        day_only = len(cell.strip("`")) <= 10 and not how
        assert str(got["paid_at"]) == ("2018-11-10 16:00:00" if day_only else "2018-11-10 16:03:12"), cell
        assert str(got["paid_on"])[:10] == "2018-11-11", cell
    (folder / "mixed").mkdir()
    cells = [c for c, how in kinds.items() if not how and len(c) > 10]
    mixed = "".join(f"E{i},{cell},1\n" for i, cell in enumerate(cells))
    load(folder / "mixed", "id,at,paid\n" + mixed, page.format(how=""))
    assert {str(t) for t in stored(folder / "mixed")["paid_at"]} == {"2018-11-10 16:03:12"}, "one column, many ways"
    for period in ("20181105-20181111", "201811"):
        with pytest.raises(LoadError, match="no readable"):
            load(folder, f"id,at,paid\nE1,{period},1\n", page.format(how=""))
    weeks = page.replace('"orders"', '"campaigns"').replace("order_id", "campaign_id").replace("paid_at", "starts_on")
    weeks = weeks.rsplit("gross_amount", 1)[0].format(how=', pattern = "^([0-9]{8})-"')
    load(folder, "id,at,paid\nW1,20181105-20181111,1\n", weeks)
    assert str(stored(folder, "campaigns")["starts_on"][0])[:10] == "2018-11-05"


@quirk("time", "no zone in text times")
def no_zone(folder: Path) -> None:
    load(folder, HEADER + "E1,c1,2016/5/23 22:02,1\n")
    assert str(stored(folder)["paid_at"][0]) == "2016-05-23 14:02:00"
    (folder / "ny").mkdir()
    load(folder / "ny", HEADER + "E1,c1,2016/5/23 22:02,1\n", zone="America/New_York", currency="USD")
    assert str(stored(folder / "ny")["paid_at"][0]) == "2016-05-24 02:02:00"


@quirk("time", "day of a metric is complete only after 08:00 next day")
def newest_day_partial(folder: Path) -> None:
    report = vendor(folder, "official_account_user_summary")
    assert "the newest day may be incomplete" in report["warnings"][0]


@quirk("privacy", "masked phone cannot be joined")
def masked_phone(folder: Path) -> None:
    vendor(folder, "youzan_customers")
    accounts = table(folder, "accounts")
    masked = accounts[accounts["system"] == "youzan_customer"]
    assert masked["phone_key"].isna().all()
    # two customers share the mask 186******05 and stay two
    assert masked["account"].nunique() == 3
    vendor(folder, "jd_orders")
    assert len(set(table(folder, "accounts")["phone_key"].dropna())) == 1


@quirk("privacy", "upload to ad platforms uses MD5 or SHA256 of the plain phone")
def keyed_hash(folder: Path) -> None:
    vendor(folder, "youzan_customers")
    keys = set(table(folder, "accounts")["phone_key"].dropna())
    plain = [
        f(p.encode()).hexdigest() for f in (hashlib.md5, hashlib.sha256) for p in ("13800000001", "+8613800000001")
    ]
    assert keys
    assert not keys & set(plain), "a plain hash of an 11-digit phone is reversible"


@quirk("status", "closed means unpaid or fully refunded")
def closed(folder: Path) -> None:
    report = vendor(folder, "taobao_orders")
    orders = table(folder).set_index("order_id")
    assert orders.loc["286533366312345679", ["status", "net_amount"]].tolist() == ["交易关闭", 0]
    assert "286533366312345680" not in orders.index, "closed and never paid"
    assert report["rows_skipped"][0] == 1


@quirk("status", "full refund shown as done")
def refunded_but_done(folder: Path) -> None:
    net = 'net_amount = { from = "实付", unit = "yuan" }\n'
    page = ORDERS.replace(net, 'refund_amount = { from = "已退", unit = "yuan" }\nstatus = "状态"\n')
    load(folder, HEADER.strip() + ",状态,已退\n" + ROW.strip() + ",完成,459.00\n", page)
    assert stored(folder)[["status", "refund_amount", "net_amount"]].to_numpy().tolist() == [["完成", 45900, 0]]


@quirk("status", "transient states")
def transient_states(folder: Path) -> None:
    vendor(folder, "youzan_trades")
    orders = table(folder).set_index("order_id")
    assert orders.loc["E4", "status"] == "TRADE_PAID"
    assert pd.isna(orders.loc["E4", "refund_amount"]), "refund_state 11 is under way, not done"
    assert orders.loc["E2", "refund_amount"] == orders.loc["E2", "gross_amount"], "refund_state 12 is done"


@quirk("rows", "order-level fields only on the first row")
def first_row_only(folder: Path) -> None:
    vendor(folder, "shopify_orders")
    order = table(folder).set_index("order_id").loc["5500000000001"]
    assert (order["gross_amount"], order["items"], order["list_amount"]) == (9500, 3, 10000)
    assert table(folder, "order_lines")["order_id"].tolist().count("5500000000001") == 2


@quirk("rows", "refund is its own row")
def refund_rows(folder: Path) -> None:
    vendor(folder, "wechat_pay_bill")
    refunds = table(folder, "refunds")
    assert refunds[["order_id", "refund_amount"]].to_numpy().tolist() == [["E1", 12900]]
    assert table(folder)["gross_amount"].sum() == 45900 + 8800 + 2000


@quirk("rows", "several goods in one cell")
def goods_in_one_cell(folder: Path) -> None:
    vendor(folder, "youzan_orders")
    assert len(table(folder)) == 3
    assert table(folder, "order_lines").empty, "titles hold commas: nothing is split"


@quirk("dedupe", "period UV cannot be added")
def period_visitors(folder: Path) -> None:
    week = {"ref_date": "20170306-20170312", "session_cnt": 9, "visit_pv": 9, "visit_uv": 5, "visit_uv_new": 1}
    month = week | {"ref_date": "201703"}
    for record in (week, month):
        with pytest.raises(LoadError, match="no readable day"):
            vendor(folder, "mini_program_visit_trend", json.dumps({"list": [record]}))
    vendor(folder, "mini_program_visit_trend")
    assert len(table(folder, "touchpoint_days")) == 2, "each day keeps its own visitors"


@quirk("dedupe", "all + parts in one table")
def all_and_parts(folder: Path) -> None:
    report = vendor(folder, "official_account_article_reads")
    assert report["rows_skipped"][0] == 1
    assert table(folder, "touchpoint_days")["visitors"].sum() == 30 + 25 + 8 + 2


@quirk("retention", "source keeps 180 days")
def retention(folder: Path) -> None:
    assert "keeps 180 days only" in vendor(folder, "wecom_behaviour")["warnings"][0]
    day = {"stat_time": 1541952000 + 5 * 86400, "chat_cnt": 1, "message_cnt": 1, "new_contact_cnt": 0}
    later = [{"userid": "G07", "behavior_data": [day]}]
    said = vendor(folder, "wecom_behaviour", later)["warnings"][0]
    assert "4 of the days between 2018-11-11 and 2018-11-17 are missing" in said


@quirk("limits", "top 200 pages; articles with fewer than 3 actions dropped")
def truncated_lists(folder: Path) -> None:
    assert "only the 200 most viewed pages" in vendor(folder, "mini_program_visit_page")["warnings"][0]
    assert "fewer than three reads" in vendor(folder, "official_account_articles")["warnings"][0]


@quirk("tracking", "warm start keeps the old scene; Android Home keeps the last scene")
def warm_start(folder: Path) -> None:
    from retailkit.attribute import scenes

    vendor(folder, "youshu_events")
    sessions = table(folder, "sessions").set_index("session_id")
    assert sessions.loc["T1", "scene"] == "1007", "the scene of onShow, not 1011 of onLaunch"
    roles = scenes().set_index("scene")["role"]
    assert roles[sessions.loc["T4", "scene"]] == "direct", "a return visit is flagged as such"


@pytest.mark.parametrize(("area", "name"), [(a, n) for a, some in NAMES.items() for n in some], ids=str)
def test_quirk(area: str, name: str, tmp_path: Path) -> None:
    TESTS[area, name](tmp_path)


def test_every_known_quirk_has_a_test() -> None:
    named = {(area, name) for area, some in NAMES.items() for name in some}
    assert named == set(TESTS)
    listed = named
    if LISTED.is_file():
        with LISTED.open(encoding="utf-8-sig", newline="") as lines:
            listed = {(row["area"], row["quirk"]) for row in csv.DictReader(lines)}
    assert named == listed, "the list of quirks and the tests differ"
    assert len(named) == 33
