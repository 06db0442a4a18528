"""Do the sources agree, which days are missing, what can be studied; and looking without loading."""

import hashlib
import hmac
import json
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from load_files import HEADER, ORDERS, layout, load

from retailkit import load as room
from retailkit.charts import data as draw
from retailkit.load import faults, open_file, open_store, save_table
from retailkit.load.engine import connect_raw
from retailkit.load.fields import Expression
from retailkit.load.keys import key_path, read_key, set_pads
from retailkit.load.rules import FieldRule
from retailkit.load.words import in_words
from retailkit.schema import TABLES

WORDS = {"merchant": "m", "period": "2018", "source": "orders"}


def days(orders, start="2018-03-01"):
    return pd.DataFrame({"day": pd.date_range(start, periods=len(orders)), "orders": orders}).query("orders > 0")


def order(i, day, gross=100):
    at = pd.Timestamp(day) + pd.Timedelta(hours=12)
    row = {"merchant": "m", "order_id": str(i), "account": "crm:1", "paid_at": at, "paid_on": at.normalize()}
    return row | {"gross_amount": gross, "net_amount": gross, "channel": "web"}


def total(day, gross, channel="all"):
    return {
        "merchant": "m",
        "source_system": "console",
        "channel": channel,
        "day": pd.Timestamp(day),
        "gross_amount": gross,
    }


def test_gaps_are_runs_of_days_without_orders():
    gaps = room.day_gaps(days([5, 0, 0, 4, 3, 0, 6]))
    assert gaps["days"].tolist() == [2, 1]
    assert gaps["first"].dt.strftime("%m-%d").tolist() == ["03-02", "03-06"]
    assert room.day_gaps(days([])).empty


def test_half_a_newest_day_is_called_unfinished():
    daily = days([20] * 28 + [8])
    assert room.newest_day(daily)["partial"].tolist() == [True]
    assert "take it for unfinished" in room.days_sentence(daily)
    assert room.newest_day(days([20] * 28 + [18]))["partial"].tolist() == [False]


def test_two_sources_are_compared_by_day_with_a_tolerance(tmp_path):
    span = pd.date_range("2018-03-01", periods=10)
    save_table(tmp_path, "orders", pd.DataFrame([order(i, d, 1000) for i, d in enumerate(span)]))
    stated = [total(d, 1005) for d in span] + [total(d, 1300, "web") for d in span]
    save_table(tmp_path, "daily_totals", pd.DataFrame(stated))
    found = room.source_agreement(open_store(tmp_path), 0.01).set_index("right")
    assert found["agrees"].to_dict() == {"console: all": True, "console: web": False}
    assert found.loc["console: web", "days_apart"] == 10
    assert found.loc["console: web", "gap"] == pytest.approx(-300 / 1300)
    said = room.agreement_sentence(found.reset_index())
    assert said == "1 of 2 comparisons disagree; the widest: gross amount of orders is 23.1% below console: web."


def line(i, day, net):
    at = pd.Timestamp(day) + pd.Timedelta(hours=12)
    row = {"merchant": "m", "order_id": str(i), "line": "1", "product_id": "p", "paid_at": at}
    return row | {"paid_on": at.normalize(), "net_amount": net}


def test_lines_are_held_against_the_orders_that_have_lines_and_the_measure_says_gross_or_net(tmp_path):
    """A till's order without lines is no gap, nor is freight, which is no line; a refund counts only where returns are booked as lines."""
    refund = {"merchant": "m", "refund_id": "r", "order_id": "1", "refunded_at": pd.Timestamp("2018-03-02 12:00")}
    refund |= {"refunded_on": pd.Timestamp("2018-03-02"), "refund_amount": 40}
    sold = [order(1, "2018-03-01", 110) | {"freight_amount": 10}, order(2, "2018-03-02"), order(3, "2018-03-02")]
    save_table(tmp_path, "orders", pd.DataFrame(sold))
    save_table(tmp_path, "refunds", pd.DataFrame([refund]))
    save_table(tmp_path, "order_lines", pd.DataFrame([line(1, "2018-03-01", 100), line(2, "2018-03-02", 100)]))
    found = room.source_agreement(open_store(tmp_path)).iloc[0]
    assert found[["measure", "left", "left_total", "right_total"]].tolist() == [
        "gross amount",
        "orders with lines, less freight",
        200,
        200,
    ]
    assert found["agrees"]
    returns = pd.DataFrame([line(1, "2018-03-01", 100), line(2, "2018-03-02", 200), line(4, "2018-03-02", -40)])
    save_table(tmp_path, "order_lines", returns)
    found = room.source_agreement(open_store(tmp_path)).iloc[0]
    assert found[["measure", "left", "left_total"]].tolist() == ["net amount", "orders less refunds", 270]


def test_a_touchpoint_under_two_names_is_compared_but_not_with_counts_of_something_else(tmp_path):
    """The merchant's ledger says share; the platform counts cards in groups, WeCom messages: neither is visits by a group's id."""
    told = [("own", "share", 2), ("mini_program_source", "group_chat", 9), ("wecom_groups", "group", 50)]
    stated = [{"source_system": s, "touchpoint": t, "day": pd.Timestamp("2018-03-01"), "visits": n} for s, t, n in told]
    seen = [
        {"session_id": str(i), "touchpoint": name, "started_at": pd.Timestamp("2018-03-01 12:00"),
         "started_on": pd.Timestamp("2018-03-01")}
        for i, name in enumerate(("sharing", "share", "group"))
    ]  # fmt: skip
    for name, rows in (("touchpoint_days", stated), ("sessions", seen)):
        save_table(tmp_path, name, pd.DataFrame(rows).assign(merchant="m"))
    found = room.source_agreement(open_store(tmp_path, "m"))
    visits = found[found["measure"] == "visits"].set_index("right")
    assert visits[["left_total", "right_total", "agrees"]].to_numpy().tolist() == [[2, 2, True]]
    assert visits.index.tolist() == ["own: sharing"]
    # a visit whose scene, not an id, says group: the console counts it, the ids do not
    by_scene = {"session_id": "3", "touchpoint": None, "scene": "1008", "started_at": pd.Timestamp("2018-03-01 12:00")}
    by_scene |= {"started_on": pd.Timestamp("2018-03-01")}
    save_table(tmp_path, "sessions", pd.DataFrame([*seen, by_scene]).assign(merchant="m"))
    assert "visits" not in set(room.source_agreement(open_store(tmp_path, "m"))["measure"])


def test_health_says_why_a_question_cannot_be_studied(tmp_path):
    save_table(
        tmp_path, "orders", pd.DataFrame([order(i, d) for i, d in enumerate(pd.date_range("2018-01-01", periods=200))])
    )
    health = room.data_health(open_store(tmp_path), "2018-06-01").set_index("question")
    assert health.loc["what the programme caused", "answer"] == "partly"
    assert "season cannot be told" in health.loc["what the programme caused", "why"]
    assert health.loc["groups", ["answer", "why"]].tolist() == ["no", "no groups"]
    assert room.health_sentence(health.reset_index()).startswith("Can be studied: sales by day")


def test_every_table_and_figure_of_the_chapter_stands_without_data(tmp_path):
    save_table(tmp_path, "merchants", pd.DataFrame([{"merchant": "m", "cohort": "c", "zone": "UTC"}]))
    t = open_store(tmp_path, "m", "2018-01-01")
    fates, reasons = room.file_fates(t.sources), room.quarantine_reasons(t.quarantine)
    daily = room.daily_orders(t.orders)
    gaps, agreement = room.day_gaps(daily), room.source_agreement(t)
    health = room.data_health(t, "2018-06-01")
    assert set(health["answer"]) == {"no"}
    assert room.fates_sentence(fates) == "No export was loaded for this merchant."
    assert room.days_sentence(daily) == "There are no orders."
    figures = [
        draw.file_fates(fates, **WORDS), draw.quarantine_reasons(reasons, **WORDS), draw.data_health(health, **WORDS),
        draw.orders_by_day(daily, gaps, **WORDS), draw.source_agreement(agreement, **WORDS),
        draw.rows_by_table(t.rows().head(0), **WORDS),
    ]  # fmt: skip
    assert all(f.layout.title.text for f in figures)
    assert len(room.data_metrics(fates, daily, gaps, agreement, health)) == 8


def test_the_quarantine_is_counted_by_reason(tmp_path):
    load(tmp_path, HEADER + "1,a,2018-03-01,1\n2,a,never,1\n3,a,never,1\n")
    reasons = room.quarantine_reasons(open_store(tmp_path / "store").quarantine)
    assert reasons.loc[0, ["column", "rows", "first_row", "example"]].tolist() == ["付款时间", 2, 2, "never"]
    figure = draw.quarantine_reasons(reasons, **WORDS)
    assert "付款时间" in figure.layout.title.text


def test_rows_replaced_by_later_ones_are_one_kind_of_problem(tmp_path):
    load(tmp_path, HEADER + "".join(f"{i},a,2018-03-01,1\n{i},a,2018-03-02,2\n" for i in range(9)))
    for lang, says in (("en", "same key as a row that comes later and stays"), ("zh", "与后面某行主键相同，保留后者")):
        reasons = room.quarantine_reasons(open_store(tmp_path / "store").quarantine, lang)
        assert reasons[["reason", "rows", "first_row"]].to_numpy().tolist() == [[says, 9, 1]]


@pytest.mark.parametrize("rule", [{}, {"unit": "minor"}, {"kind": "phone"}, {"kind": "handle"}])
def test_every_reason_to_set_a_cell_aside_is_told_in_chinese(rule):
    for contract in TABLES.values():
        block = SimpleNamespace(fields={c.name: FieldRule(**rule) for c in contract.columns})
        for column in contract.columns:
            expression = Expression(column.name, "", "true", (), column.kind)
            told = re.findall(r"(?:THEN|ELSE) '(.*?)'(?= ELSE| END)", faults._reason(expression, contract, block))
            assert len(told) == 2
            assert all(any("\u4e00" <= c <= "\u9fff" for c in in_words(t, "zh")) for t in told), told


def test_an_export_can_be_looked_at_without_a_store(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + "1,a,2018-03-01 07:00,12.34\n", encoding="utf-8")
    with open_file(path, layout(tmp_path, ORDERS), "m") as tables:
        frame = tables["orders"].to_pandas()
    assert frame["gross_amount"].tolist() == [1234]
    assert frame["paid_at"].tolist() == [pd.Timestamp("2018-02-28 23:00")]
    assert str(frame["paid_on"][0])[:10] == "2018-03-01"


def test_phones_are_hashed_with_a_key_that_only_its_owner_reads(tmp_path, monkeypatch):
    monkeypatch.setenv("RETAILKIT_KEY_FILE", str(tmp_path / "keys" / "key"))
    page = """
title = "members"
format = "csv"
[[tables]]
table = "accounts"
[tables.fields]
account = { from = "id", prefix = "crm" }
phone_key = { from = "phone", kind = "phone" }
"""
    load(tmp_path, "id,phone\n1,138-0013-8000\n2,+86 13800138000\n3,138****8000\n4,\n", page, zone="UTC")
    keys = open_store(tmp_path / "store").accounts.to_pandas().set_index("account")["phone_key"]
    expected = hmac.new(read_key(), b"13800138000", hashlib.sha256).hexdigest()
    assert keys["crm:1"] == keys["crm:2"] == expected
    assert keys[["crm:3", "crm:4"]].isna().all()
    assert key_path().stat().st_mode & 0o777 == 0o600
    for path in (tmp_path / "store").rglob("*"):
        assert not path.is_file() or b"13800138000" not in path.read_bytes()
    key_path().chmod(0o644)
    with pytest.raises(room.LoadError, match="others may read the key file"):
        set_pads(connect_raw())


def guides(folder, *days):
    records = [
        {
            "stat_time": int(pd.Timestamp(d, tz="Asia/Shanghai").timestamp()),
            "chat_cnt": 1,
            "message_cnt": 2,
            "new_contact_cnt": 0,
        }
        for d in days
    ]
    path = folder / f"behaviour_{pd.Timestamp(days[0]):%Y%m%d}.jsonl"
    path.write_text(json.dumps({"userid": "G1", "behavior_data": records}) + "\n", encoding="utf-8")
    return room.load_file(path, "wecom_behaviour", "m", folder / "store")["warnings"][0]


def test_days_that_a_source_deleted_between_two_exports_are_told(tmp_path):
    today = pd.Timestamp.now().normalize()
    recent = [today - pd.Timedelta(days=d) for d in (20, 19, 8)]
    guides(tmp_path, "2018-01-01", "2018-01-02")
    store = room.open_store(tmp_path / "store", "m")
    assert room.retention_gaps(store.sources).empty
    assert "without a gap between exports" in room.retention_sentence(store.sources)
    said = guides(tmp_path, "2018-01-03", "2018-01-06") + guides(tmp_path, "2018-01-10")
    assert "3 days from 2018-01-07 on lie in no export of merchant m, 3 of them are gone for good" in said
    guides(tmp_path, *recent)
    store = room.open_store(tmp_path / "store", "m")
    gaps = room.retention_gaps(store.sources)
    assert gaps["first"].astype(str).tolist() == ["2018-01-07", "2018-01-11"]
    between = (recent[0] - pd.Timestamp("2018-01-11")).days
    assert gaps["days"].tolist() == [3, between]
    assert gaps["days_gone"].tolist() == [3, between - 160], "the newest 180 days can still be fetched"
    row = room.data_health(store).set_index("question").loc["days that a source soon forgets"]
    assert row["answer"] == "partly"
    assert "wecom_behaviour keeps 180 days only; archived from 2018-01-01" in row["why"]
    assert "无法补取" in room.retention_sentence(store.sources, "zh")


@pytest.mark.parametrize(("rows", "said"), [(1, "'pay_time': 1 row"), (8, "'pay_time': 8 rows")])
def test_the_commonest_reason_is_no_majority_and_names_the_column_not_its_way_there(rows, said):
    reasons = pd.DataFrame({
        "file": ["a", "b"], "table": "orders", "column": ["full_order.order_info.pay_time", "a.payment + b.payment"],
        "reason": ["no time", "empty, but required"], "rows": [rows, 1],
    })  # fmt: skip
    figure = draw.quarantine_reasons(reasons, merchant="m", period="p")
    assert figure.layout.title.text.removesuffix("</b>").endswith(said)
    assert "Most rows" not in figure.layout.title.text
    assert set(figure.layout.yaxis.ticktext) == {"pay_time: no time", "payment: empty, but required"}


def test_one_day_without_orders_is_one_day():
    daily = pd.DataFrame({"day": pd.to_datetime(["2018-01-01", "2018-01-03"]), "orders": [3, 4]})
    gap = pd.DataFrame({"first": pd.to_datetime(["2018-01-02"]), "last": pd.to_datetime(["2018-01-02"]), "days": [1]})
    assert "1 day has none" in draw.orders_by_day(daily, gap, merchant="m", period="p").layout.title.text


def test_no_bar_stands_on_a_log_scale_and_its_ticks_are_powers_of_ten():
    day = pd.to_datetime(["2018-01-01", "2018-01-01"])
    rows = pd.DataFrame({"table": ["orders", "sessions"], "rows": [900, 120_000], "first": day, "last": day})
    for lang, ticks in (("en", "1 10 100 1K 10K 100K 1M"), ("zh", "1 10 100 1,000 1万 10万 100万")):
        figure = draw.rows_by_table(rows, merchant="m", period="p", lang=lang)
        assert {trace.type for trace in figure.data} == {"scatter"}
        assert list(figure.layout.xaxis.ticktext) == ticks.split()
