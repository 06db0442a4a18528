"""Every shipped layout reads its sample into the rows written down by hand.

``tests/layouts/NAME/`` holds one small export made after the reference header of that source
(with its quirks) and, per table, the rows expected from it. A keyed hash is written ``*``.
"""

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from load_files import SAMPLES, sample_of

from retailkit.load import load_file, open_store, source_agreement
from retailkit.load.engine import connect_raw
from retailkit.load.layout import layout_names, read_layout
from retailkit.schema import table

REAL = {"complete_journey", "online_retail", "canonical"}
"""Layouts that are tested on real data, or on every table, elsewhere."""


def names() -> list[str]:
    return [n for n in layout_names() if not any(n.startswith(real) for real in REAL)]


def as_text(value: object, kind: str) -> str:
    if value is None or value != value or value is pd.NaT:
        return ""
    if isinstance(value, pd.Timestamp):
        return str(value.date() if kind == "date" else value.floor("s"))
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return re.sub("[0-9a-f]{64}", "*", text)


def expectations(layout: str) -> dict[str, list[dict[str, str]]]:
    """Return table -> the rows written by hand."""
    found = {}
    for path in sorted((SAMPLES / layout).glob("*.expected.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            found[path.name.split(".")[0]] = list(csv.DictReader(lines))
    return found


def test_every_layout_has_a_sample() -> None:
    without = [n for n in names() if not (SAMPLES / n).is_dir()]
    assert not without, f"layouts without a sample: {without}"
    assert len(names()) >= 30


@pytest.mark.parametrize("layout", names())
def test_sample_gives_the_rows_written_by_hand(layout: str, tmp_path: Path) -> None:
    report = load_file(sample_of(layout), layout, "m", tmp_path / "store")
    assert report["rows_quarantined"].sum() == 0, report["warnings"].tolist()
    tables = open_store(tmp_path / "store", merchants="m")
    for name, wanted in expectations(layout).items():
        columns = list(wanted[0])
        found = getattr(tables, name).to_pandas()
        rows = [{c: as_text(r[c], table(name)[c].kind) for c in columns} for r in found.to_dict("records")]
        assert sorted(rows, key=str) == sorted(wanted, key=str), name


@pytest.mark.parametrize("layout", names())
def test_sample_exercises_every_field_and_every_rule(layout: str, tmp_path: Path) -> None:
    page, written = read_layout(layout), expectations(layout)
    unseen = [
        f"{block.table}.{name}"
        for block in page.tables
        for name, rule in block.fields.items()
        if rule.value is None and not any(row.get(name) for row in written.get(block.table, []))
    ]
    assert not unseen, f"no row written by hand has a value of {unseen}"
    report = load_file(sample_of(layout), layout, "m", tmp_path / "store")
    assert report["rows_skipped"][0] >= len(page.skip), "a rule that leaves rows out leaves none out"


def test_a_phone_is_one_account_over_sources_and_never_itself(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for layout in ("youzan_orders", "youzan_customers", "youshu_orders"):
        load_file(sample_of(layout), layout, "m", store)
    tables = open_store(store, merchants="m")
    accounts = tables.accounts.to_pandas()
    keys = accounts.loc[accounts["account"].str.startswith(("phone:", "mini_program:oMP01")), "phone_key"].dropna()
    assert keys.value_counts().max() == 2  # the Youzan customer and the Youshu buyer share a phone
    everything = " ".join(p.read_bytes().decode("latin-1") for p in store.rglob("*") if p.is_file())
    for secret in ("13800000001", "张三".encode().decode("latin-1")):
        assert secret not in everything


@pytest.mark.parametrize("layout", layout_names())
def test_who_stands_in_several_rows_was_first_seen_on_the_earliest(layout: str) -> None:
    """Rows of an export come in any order: groups in that of their making, customers in that of their numbers."""
    begins = ("first_seen_at", "joined_at", "starts_on")
    page = read_layout(layout)
    blocks = [b for b in page.tables if b.group and b.table in ("accounts", "members", "campaigns")]
    unsaid = [(b.table, n) for b in blocks for n, rule in b.fields.items() if n in begins and rule.agg != "min"]
    assert not unsaid


def test_a_member_of_two_groups_is_known_from_the_group_joined_first(tmp_path: Path) -> None:
    def group(number: str, joined: int) -> str:
        member = {"userid": "wmEx09", "type": 2, "join_time": joined, "join_scene": 3, "unionid": "oU009"}
        member["invitor"] = {"userid": "G07"}
        told = {"chat_id": number, "owner": "G07", "create_time": 1541865600, "member_list": [member]}
        return json.dumps({"group_chat": told}) + "\n"

    file = tmp_path / "groups.jsonl"
    file.write_text(group("wrGR09", 1545113945) + group("wrGR08", 1545100888), encoding="utf-8")
    load_file(file, "wecom_group_detail", "m", tmp_path / "store")
    tables = open_store(tmp_path / "store", merchants="m")
    first = tables.group_members.joined_at.min().to_pandas()
    assert tables.accounts.to_pandas()["first_seen_at"].tolist() == [first]


def test_a_member_without_a_day_of_joining_is_not_known_before_there_was_a_customer(tmp_path: Path) -> None:
    sample = sample_of("youzan_customers")
    export = tmp_path / sample.name
    export.write_bytes(sample.read_bytes().replace(b"2018-03-06 08:00:00", b"").replace(b"2018-04-01 09:30:00", b""))
    load_file(export, "youzan_customers", "m", tmp_path / "store")
    known = {
        day: open_store(tmp_path / "store", merchants="m", as_of=day).members for day in ("2018-03-05", "2018-04-01")
    }
    assert [int(t.count().to_pandas()) for t in known.values()] == [0, 1]


def test_a_masked_phone_is_no_account(tmp_path: Path) -> None:
    load_file(sample_of("youzan_orders"), "youzan_orders", "m", tmp_path / "store")
    orders = open_store(tmp_path / "store", merchants="m").orders.to_pandas().set_index("order_id")
    assert pd.isna(orders.loc["E20181114204155000100002", "account"])
    assert orders.loc["E20181111000312000100001", "account"].startswith("phone:")


@pytest.mark.parametrize("layout", [n for n in names() if read_layout(n).records])
def test_answers_load_with_and_without_their_wrapping(layout: str, tmp_path: Path) -> None:
    text = sample_of(layout).read_text(encoding="utf-8")
    inside = read_layout(layout).records
    answers = (
        [json.loads(line) for line in text.splitlines()] if sample_of(layout).suffix == ".jsonl" else [json.loads(text)]
    )
    records = [r for a in answers for r in a.get(inside, [a])]
    ways = {
        "one.json": json.dumps({inside: records}, ensure_ascii=False, indent=2),
        "days.jsonl": "\n".join(json.dumps({inside: [r]}, ensure_ascii=False) for r in records) + "\n",
        "bare.jsonl": "\n".join(json.dumps(r, ensure_ascii=False) for r in records) + "\n",
        "array.json": json.dumps(records, ensure_ascii=False, indent=2),
    }
    seen = []
    for file, written in ways.items():
        (tmp_path / file).write_text(written, encoding="utf-8")
        report = load_file(tmp_path / file, layout, "m", tmp_path / file.replace(".", ""))
        seen.append(report[["rows_read", "rows_kept", "rows_skipped", "rows_quarantined"]].to_numpy().tolist())
    assert all(s == seen[0] for s in seen), dict(zip(ways, seen, strict=True))
    assert seen[0][0][0] == len(records)


def test_a_bill_beside_a_shop_export_is_warned_of_and_compared_as_totals(tmp_path: Path) -> None:
    store = tmp_path / "store"
    load_file(sample_of("youzan_orders"), "youzan_orders", "m", store)
    totals = load_file(sample_of("wechat_pay_totals"), "wechat_pay_totals", "m", store)
    assert "count twice" not in totals["warnings"][0]
    agreement = source_agreement(open_store(store, merchants="m"))
    assert agreement.set_index("right").loc["wechat_pay: all", ["days", "agrees"]].tolist() == [1, False]
    bill = load_file(sample_of("wechat_pay_bill"), "wechat_pay_bill", "m", store)
    assert "sales may count twice" in bill["warnings"][0]


def test_a_nested_parquet_export_gives_what_its_json_gives(tmp_path: Path) -> None:
    events = tmp_path / "events.parquet"
    con = connect_raw(threads=1)
    con.execute(f"COPY (FROM read_json_auto('{sample_of('ga4_events')}')) TO '{events}' (FORMAT parquet)")
    load_file(events, "ga4_events", "m", tmp_path / "store")
    load_file(sample_of("ga4_events"), "ga4_events", "m", tmp_path / "json")
    for name in ("orders", "order_lines", "sessions"):
        typed, text = (getattr(open_store(tmp_path / s, merchants="m"), name).to_pandas() for s in ("store", "json"))
        order = list(table(name).key)
        pd.testing.assert_frame_equal(
            typed.sort_values(order, ignore_index=True), text.sort_values(order, ignore_index=True), check_dtype=False
        )


def test_an_order_whose_rows_state_different_totals_is_told(tmp_path: Path) -> None:
    text = sample_of("jd_orders").read_text(encoding="gb18030")
    path = tmp_path / "jd.csv"
    path.write_text(text.replace("447.00（", "388.00（", 1), encoding="gb18030")
    said = load_file(path, "jd_orders", "m", tmp_path / "store")["warnings"][0]
    assert "in 1 orders the rows state different amounts (gross_amount): the first is taken" in said
    same = load_file(sample_of("jd_orders"), "jd_orders", "m", tmp_path / "other")["warnings"][0]
    assert "different amounts" not in same


def test_an_array_that_is_something_else_in_some_records_breaks_nothing(tmp_path: Path) -> None:
    first_line = sample_of("youshu_orders").read_text(encoding="utf-8").splitlines()[0]
    order = json.loads(first_line)
    odd = [{}, [], None, "text", 7, [{}], [None], [{"chan_info": {"chan_id": "9_x"}}], [[{"chan_info": 1}]]]
    records = [order] + [{**order, "external_order_id": f"O{i}", "goods_info": v} for i, v in enumerate(odd)]
    path = tmp_path / "orders.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records), encoding="utf-8")
    load_file(path, "youshu_orders", "m", tmp_path / "store")
    tables = open_store(tmp_path / "store", merchants="m")
    orders = tables.orders.to_pandas().set_index("order_id")
    assert len(orders) == len(records)
    assert (orders["gross_amount"] == 45550).all()
    assert orders.loc["E1", "chan_id"] == "3_5f721ac3e76c2e55"
    assert len(tables.order_lines.to_pandas()) == 2


def test_share_chains_make_trees_with_their_leaves(tmp_path: Path) -> None:
    from retailkit.formats import share_tree

    load_file(sample_of("youshu_events"), "youshu_events", "m", tmp_path / "store")
    tree = share_tree(open_store(tmp_path / "store", merchants="m").sessions).set_index("node")
    assert tree["parent"].to_dict() == {"n2": "n1", "T3": "n2"}, "n1 shared before the export begins"
    assert tree["depth"].to_dict() == {"n2": 1, "T3": 2}
    assert tree["lost_parent"].to_dict() == {"n2": True, "T3": False}
