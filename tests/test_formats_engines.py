"""Claims about engines: formats and linking give the same rows on both, on one small merchant."""

from collections.abc import Callable

import ibis
import numpy as np
import pandas as pd
import pytest
from engines import on_spark, plain
from formats_tables import SCENES, canonical, of_accounts

from retailkit import formats as f
from retailkit.link import link_accounts, link_coverage, link_evidence

WINDOW = {"start": "2018-10-01", "end": "2018-12-31"}
PEOPLE = [f"mini:{i}" for i in range(30)]


def world(seed: int = 4) -> dict[str, ibis.Table]:
    """Every table that the stage reads, a few dozen rows each."""
    draws = np.random.default_rng(seed)
    pick = lambda values, size: [values[i] for i in draws.integers(0, len(values), size)]  # noqa: E731
    at = lambda size: pd.Timestamp("2018-08-01") + pd.to_timedelta(draws.integers(0, 150 * 86400, size), unit="s")  # noqa: E731

    def timed(size: int, name: str, **columns: list) -> list[dict]:
        moments = at(size)
        frame = pd.DataFrame({f"{name}_at": moments.astype(str), f"{name}_on": moments.strftime("%Y-%m-%d"), **columns})
        return frame.astype(object).to_dict("records")

    n = 200
    amount = [int(x) for x in draws.integers(100, 9000, n)]
    orders = timed(
        n, "paid", order_id=[f"o{i:03d}" for i in range(n)], account=pick([*PEOPLE, None], n),
        format=pick(["guide", "official_store", "platform", None], n), touchpoint=pick(["ads", "guide"], n),
        sold_by=pick(["g1", "g2", None], n), owned_by=pick(["g1", "g2", None], n), area=pick(["a", "b"], n),
        fulfilment=pick(["home_delivery", "shop"], n), net_amount=amount, gross_amount=amount,
        list_amount=[2 * x for x in amount], discount_amount=pick([0, 50], n),
    )  # fmt: skip
    lines = [{"order_id": o["order_id"], "line": "1", "paid_at": o["paid_at"], "paid_on": o["paid_on"],
              "product_id": f"x{i % 15}", "category": "c" if i % 2 else "d", "net_amount": o["net_amount"]}
             for i, o in enumerate(orders)]  # fmt: skip
    sessions = timed(
        n, "started", session_id=[f"s{i:03d}" for i in range(n)], account=pick([*PEOPLE, None], n),
        scene=pick(list(SCENES["scene"]), n), furthest_step=pick(["visit", "product", "cart", "pay"], n),
        guide=pick(["g1", None, None], n), order_id=pick([None, *(f"o{i:03d}" for i in range(40))], n),
        share_node=[f"n{i}" for i in range(n)], share_parent=pick([None, *(f"n{i}" for i in range(60))], n),
    )  # fmt: skip
    days = [str(d.date()) for d in pd.date_range("2018-09-01", "2018-12-20")]
    group_days = [{"group_id": g, "day": d, "members": 40 + 9 * k, "messages": int(draws.random() < 0.3 / (k + 1)),
                   "active_members": 0, "new_members": 1, "quits": int(draws.random() < 0.2)}
                  for k, g in enumerate("qrst") for d in days]  # fmt: skip
    guide_days = [{"guide": g, "day": d, "lives": int(draws.random() < 0.1), "shares": 1, "new_contacts": 0}
                  for g in ("g1", "g2") for d in days[::7]]  # fmt: skip
    return {
        "orders": canonical("orders", orders),
        "order_lines": canonical("order_lines", lines),
        "persons": of_accounts(*PEOPLE),
        "sessions": canonical("sessions", sessions),
        "accounts": canonical("accounts", [
            {"account": a, "system": "mini", "unionid": f"u{i // 2}", "phone_key": f"k{i // 3}"}
            for i, a in enumerate(PEOPLE)
        ]),
        "account_pairs": canonical("account_pairs", [
            {"account": "mini:1", "other": "crm:1", "evidence": "member_bind", "weight": 1.0},
            {"account": "mini:2", "other": "crm:1", "evidence": "fuzzy", "weight": 0.5},
        ]),
        "members": canonical("members", [
            {"account": a, "member_id": a, "city": pick(["X", "Y"], 1)[0]} for a in PEOPLE[:20]
        ]),
        "city_tiers": canonical("city_tiers", [
            {"city": "X", "tier": "1", "valid_from": "2018-01-01"}, {"city": "X", "tier": "2", "valid_from": "2018-06-01"},
        ]),
        "pushes": canonical("pushes", timed(60, "sent", push_id=[str(i) for i in range(60)], account=pick(PEOPLE, 60),
                                            touchpoint=["service_message"] * 60, campaign_id=pick(["c1", "c2"], 60))),
        "campaigns": canonical("campaigns", [
            {"campaign_id": "c1", "campaign": "one", "starts_on": "2018-09-01", "ends_on": "2018-10-01"}
        ]),
        "guides": canonical("guides", [{"guide": "g1", "region": "north"}, {"guide": "g2"}, {"guide": "g3"}]),
        "guide_days": canonical("guide_days", guide_days),
        "guide_bindings": canonical("guide_bindings", [
            {"account": a, "guide": "g1", "bound_at": "2018-08-20 10:00"} for a in PEOPLE[:12]
        ]),
        "groups": canonical("groups", [
            {"group_id": g, "kind": "fans", "created_at": "2018-09-01 08:00", "created_on": "2018-09-01"} for g in "qrst"
        ]),
        "group_days": canonical("group_days", group_days),
        "group_members": canonical("group_members", [
            {"group_id": "q", "account": a, "joined_at": "2018-09-02 10:00", "inviter": "g1"} for a in PEOPLE[:9]
        ]),
        "red_packets": canonical("red_packets", [
            {"packet_id": "p", "account": a, "sent_at": "2018-10-05 09:00", "received_at": "2018-10-05 10:00",
             "amount": 300} for a in PEOPLE[:15]
        ]),
        "spend": canonical("spend", [{"touchpoint": "ads", "item": "i", "day": d, "amount": 500} for d in days[::3]]),
    }  # fmt: skip


FUNCTIONS: dict[str, Callable[[dict[str, ibis.Table]], pd.DataFrame]] = {
    "persons": lambda t: link_accounts(t["accounts"], t["members"], t["orders"], t["account_pairs"]).execute(),
    "evidence": lambda t: link_evidence(t["accounts"], t["members"], t["orders"], t["account_pairs"]),
    "coverage": lambda t: link_coverage(t["orders"], t["persons"]),
    "formats": lambda t: f.format_ledger(t["orders"], t["persons"], **WINDOW),
    "funnel": lambda t: f.scene_funnel(t["sessions"], SCENES),
    "returns": lambda t: f.repeat_visits(t["sessions"], SCENES),
    "visitor value": lambda t: f.visitor_value(t["sessions"], t["orders"], SCENES),
    "long tail": lambda t: f.long_tail(t["order_lines"], tops=(2, 5)),
    "messages": lambda t: f.push_funnel(t["pushes"], t["campaigns"], t["orders"], t["persons"]),
    "activation": lambda t: f.guide_activation(
        t["guides"], t["guide_days"], t["guide_bindings"], t["orders"], **WINDOW
    ),
    "guide sales": lambda t: f.guide_sales(t["guides"], t["guide_bindings"], t["orders"], **WINDOW),
    "sellers and owners": lambda t: f.sold_against_owned(t["orders"]),
    "with guide": lambda t: f.with_guide(t["orders"], t["persons"], t["guide_bindings"], **WINDOW),
    "lives": lambda t: f.guide_lives(t["guide_days"], t["orders"], **WINDOW),
    "groups": lambda t: f.group_lives(t["groups"], t["group_days"], silent_days=5),
    "activity": lambda t: f.group_activity(t["groups"], t["group_days"]),
    "sizes": lambda t: f.group_sizes(t["group_days"]),
    "inviters": lambda t: f.inviters(t["group_members"], t["orders"], t["persons"]),
    "shares": lambda t: f.share_generations(f.share_tree(t["sessions"])),
    "share users": lambda t: f.share_users(f.share_tree(t["sessions"]), t["sessions"], t["orders"], t["persons"]),
    "shared customers": lambda t: f.share_customers(f.share_tree(t["sessions"]), t["orders"], t["persons"]),
    "packets": lambda t: f.red_packet_funnel(t["red_packets"], t["orders"], t["persons"]),
    "adoption": lambda t: f.group_adoption(t["group_members"], t["orders"], t["persons"]),
    "cost": lambda t: f.acquisition_cost(t["spend"], t["orders"], t["persons"], **WINDOW),
    "platform": lambda t: f.value_against_platform(t["orders"], t["order_lines"], private=("guide",)),
    "delivery": lambda t: f.home_delivery(t["orders"]),
    "discounts": lambda t: f.discount_depth(t["orders"], **WINDOW),
    "cities": lambda t: f.city_tier_share(t["orders"], t["members"], t["persons"], t["city_tiers"], **WINDOW),
}


@pytest.fixture(scope="module")
def spark():
    return on_spark(world())


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_engines_give_the_same_rows(name, spark):
    one, two = plain(FUNCTIONS[name](world())), plain(FUNCTIONS[name](spark))
    assert len(one)
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)
