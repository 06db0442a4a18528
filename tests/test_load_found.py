"""What a file holds beyond its first lines is read or refused, never dropped without a word."""

import copy
import json

import pytest
from load_files import HEADER, ORDERS, load, stored
from test_layouts import SAMPLES

from retailkit.load import LoadError, load_file, sniff


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
    events = [json.loads(line) for line in (SAMPLES / "ga4_events" / "ga4_events.jsonl").read_text("utf-8").splitlines()]
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
