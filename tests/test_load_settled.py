"""A corrected export brings what a wrong one could not: the quarantine says where it came, and counts it no more."""

from pathlib import Path

import pandas as pd
import pytest
from engines import plain, quick
from load_files import HEADER, ORDERS, SAMPLES, layout, load, stored
from test_load_together import FLAT, ROWS, flat

from retailkit import load as room
from retailkit.cohort import read_cohort
from retailkit.load import load_cohort, load_file, open_store
from retailkit.load.engine import ENGINES

WRONG = HEADER + "1,a,2018-03-01,1\n2,b,never,2\n3,c,2018-03-01,three\n4,d,never,4\n,e,2018-03-01,5\n"
RIGHT = HEADER + "2,b,2018-03-02,2\n3,c,2018-03-01,3\n9,z,2018-03-01,9\n"


def came(folder: Path) -> dict[int, str | None]:
    """Return which file brought each row of ``orders.csv`` that was set aside."""
    frame = stored(folder, "quarantine").query("file == 'orders.csv'").drop_duplicates("source_row")
    return dict(
        zip(frame["source_row"], frame["came_in"].astype(object).where(frame["came_in"].notna(), None), strict=True)
    )


def fates(folder: Path):
    t = open_store(folder / "store")
    return room.file_fates(t.sources, t.quarantine).set_index("file")


def test_rows_that_a_corrected_file_brings_are_no_longer_missing(tmp_path):
    load(tmp_path, WRONG)
    assert fates(tmp_path).loc["orders.csv", ["rows_quarantined", "rows_come_since"]].tolist() == [4, 0]
    load(tmp_path, RIGHT, file="orders_corrected.csv")
    # order 4 did not come; the row without a number has nothing that it could be known again by
    assert came(tmp_path) == {2: "orders_corrected.csv", 3: "orders_corrected.csv", 4: None, 5: None}
    line = fates(tmp_path).loc["orders.csv"]
    assert line[["rows_quarantined", "rows_come_since"]].tolist() == [2, 2]
    assert line["rows_read"] == line[list(room.reconcile.FATES)].sum()
    t = open_store(tmp_path / "store")
    assert room.quarantine_reasons(t.quarantine)["rows"].sum() == 2
    told = room.fates_sentence(room.file_fates(t.sources, t.quarantine))
    assert told.endswith("2 rows set aside earlier have come since.")
    assert "另有2行此前被隔离" in room.fates_sentence(room.file_fates(t.sources, t.quarantine), "zh")
    health = room.data_health(t).set_index("question")
    assert health.loc["rows that were set aside", "why"].startswith("2 rows set aside earlier have come since")


def test_a_corrected_file_may_bear_the_name_of_the_wrong_one(tmp_path):
    load(tmp_path, WRONG)
    load(tmp_path, RIGHT)
    t = open_store(tmp_path / "store")
    assert room.file_fates(t.sources, t.quarantine)["rows_come_since"].sum() == 2


def test_the_next_mornings_export_of_the_same_name_corrects_nothing(tmp_path):
    load(tmp_path, WRONG)
    load(tmp_path, HEADER + "7,a,2018-03-02,1\n")
    assert came(tmp_path) == {2: None, 3: None, 4: None, 5: None}


def test_an_export_of_another_layout_brings_nothing(tmp_path):
    load(tmp_path, WRONG)
    (tmp_path / "other.csv").write_text(RIGHT, encoding="utf-8")
    load_file(tmp_path / "other.csv", layout(tmp_path, ORDERS, "another"), "m", tmp_path / "store")
    assert set(came(tmp_path).values()) == {None}


def test_an_order_that_was_sound_first_and_spoilt_later_is_missing(tmp_path):
    """The newer state could not be read: what is in the store is older."""
    load(tmp_path, RIGHT, file="first.csv")
    load(tmp_path, WRONG)
    assert set(came(tmp_path).values()) == {None}


def test_what_came_stays_so_when_yet_another_file_is_loaded(tmp_path):
    load(tmp_path, WRONG)
    load(tmp_path, RIGHT, file="orders_corrected.csv")
    load(tmp_path, HEADER + "2,b,never,2\n8,z,2018-03-05,8\n", file="third.csv")
    assert came(tmp_path)[2] == "orders_corrected.csv"
    assert fates(tmp_path).loc["third.csv", ["rows_quarantined", "rows_come_since"]].tolist() == [1, 0]


def test_what_came_stays_so_when_the_wrong_file_is_read_again(tmp_path):
    """A layout that is worded otherwise reads the file anew."""
    load(tmp_path, WRONG)
    load(tmp_path, RIGHT, file="orders_corrected.csv")
    load(tmp_path, WRONG, ORDERS.replace('title = "shop orders"', 'title = "orders of the shop"'))
    assert came(tmp_path) == {2: "orders_corrected.csv", 3: "orders_corrected.csv", 4: None, 5: None}
    assert fates(tmp_path).loc["orders.csv", ["rows_quarantined", "rows_come_since"]].tolist() == [2, 2]


def test_all_lines_of_an_order_come_with_it(tmp_path):
    flat(tmp_path, ROWS)
    flat(tmp_path, ROWS.replace("x", "5"), FLAT, "lines_corrected.csv")
    assert fates(tmp_path).loc["lines.csv", ["rows_quarantined", "rows_come_since"]].tolist() == [0, 3]
    assert set(stored(tmp_path)["order_id"]) == set(stored(tmp_path, "order_lines")["order_id"]) == {"A", "B"}


def test_wrong_and_corrected_file_may_come_in_one_load(tmp_path):
    (tmp_path / "orders_1.csv").write_text(WRONG, encoding="utf-8")
    (tmp_path / "orders_2.csv").write_text(RIGHT, encoding="utf-8")
    page = layout(tmp_path)
    cohort = f"""
title = "c"
as_of = 2018-04-01
zone = "Asia/Shanghai"
currency = "CNY"
country = "CN"
lang = "en"
baseline = {{ start = 2018-01-01, end = 2018-01-31 }}
programme = {{ start = 2018-03-01, end = 2018-03-31 }}
merchants = [{{ id = "m", title = "M", industry = "beauty" }}]
[[sources]]
layout = "{page.name}"
path = "orders_*.csv"
merchant = "m"
"""
    (tmp_path / "c.toml").write_text(cohort, encoding="utf-8")
    report = load_cohort(read_cohort(tmp_path / "c.toml"), tmp_path / "store")
    assert report["status"].tolist() == ["loaded", "loaded"]
    assert fates(tmp_path)["rows_come_since"].to_dict() == {"orders_1.csv": 2, "orders_2.csv": 0}


@pytest.mark.parametrize("corrected", [False, True])
def test_lines_of_another_file_that_miss_their_order_are_told(tmp_path, corrected):
    """Taobao gives orders and goods in two files: the goods are sound, and say that their order is missing."""
    folder = SAMPLES / "taobao_orders"
    sound = (folder / "ExportOrderList201811.csv").read_bytes().decode("gb18030")
    wrong = sound.replace("459.00,,459.00", "459.00,,待核算")
    assert wrong != sound
    (tmp_path / "ExportOrderList.csv").write_bytes(wrong.encode("gb18030"))
    goods = (SAMPLES / "taobao_items" / "items.csv").read_bytes()
    (tmp_path / "items.csv").write_bytes(goods.replace(b"286533366312345670", b"286533366312345678"))
    report = load_file(tmp_path / "ExportOrderList.csv", "taobao_orders", "m", tmp_path / "store")
    assert report.loc[0, ["rows_read", "rows_kept", "rows_quarantined", "rows_skipped"]].tolist() == [4, 2, 1, 1]
    load_file(tmp_path / "items.csv", "taobao_items", "m", tmp_path / "store")
    assert stored(tmp_path, "order_lines")["order_id"].tolist() == ["286533366312345678"] * 2
    if corrected:
        (tmp_path / "ExportOrderList_2.csv").write_bytes(sound.encode("gb18030"))
        load_file(tmp_path / "ExportOrderList_2.csv", "taobao_orders", "m", tmp_path / "store")
    health = room.data_health(open_store(tmp_path / "store")).set_index("question")["why"]
    told = "2 lines of 1 order came in another file than the order itself, whose row was set aside"
    assert health.get("lines without their order") == (None if corrected else told)


@pytest.mark.java
@pytest.mark.slow
def test_spark_tells_the_same_of_what_came(tmp_path):
    flat(tmp_path, ROWS.replace("B,2018-03-01,7,p,7", "B,2018-03-01,y,p,7\nC,2018-03-01,7,p,7"))
    flat(tmp_path, ROWS.replace("B,2018-03-01,7,p,7", "B,2018-03-01,z,p,7"), FLAT, "lines_2.csv")
    flat(tmp_path, ROWS.replace("x", "5"), FLAT, "lines_3.csv")
    told = []
    for engine in ENGINES:
        t = open_store(tmp_path / "store", "m", threads=2, engine=engine)
        quick(t.connection)
        told.append([
            room.file_fates(t.sources, t.quarantine), room.quarantine_reasons(t.quarantine), room.data_health(t),
        ])  # fmt: skip
    assert told[0][0]["rows_come_since"].sum() > 0
    for one, two in zip(*told, strict=True):
        pd.testing.assert_frame_equal(plain(one), plain(two))
