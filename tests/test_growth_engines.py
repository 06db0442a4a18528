"""Claims about engines: what growth takes from the tables is the same on both; all after that is pandas."""

from collections.abc import Callable

import ibis
import pandas as pd
import pytest
from engines import on_spark, plain
from formats_tables import canonical
from test_formats_engines import world

from retailkit import growth
from retailkit.attribute import paid_through

BASELINE, PROGRAMME = ("2018-08-06", "2018-09-30"), ("2018-10-01", "2018-12-02")
MERCHANTS = ["m", "d0", "d1"]


def tables() -> dict[str, ibis.Table]:
    """Three merchants: the programme's, and two donors with some of its customers; refunds and nameless orders."""
    parts = []
    for seed, merchant in enumerate(MERCHANTS):
        sold = world(seed)["orders"].to_pandas().assign(merchant=merchant)
        sold["refund_amount"] = (sold.index % 7 == 0) * sold["net_amount"] // 3
        parts.append(sold.assign(net_amount=sold["net_amount"] - sold["refund_amount"]))
    orders = pd.concat(parts, ignore_index=True)
    known = orders[["merchant", "account"]].dropna().drop_duplicates()
    persons = known.assign(person="p-" + known["account"].str[:-1], system="mini", accounts=1)
    days = [str(d.date()) for d in pd.date_range("2018-08-01", "2018-12-20")]
    return {
        "orders": rows("orders", orders),
        "persons": rows("persons", persons),
        "sessions": rows("sessions", visits(orders)),
        "daily_totals": canonical("daily_totals", [
            {"merchant": m, "source_system": s, "channel": "all", "day": d, "orders": 10 + len(m), "buyers": 7,
             "gross_amount": 1000 + 10 * i, "net_amount": 900 + 10 * i if i % 30 else None}
            for i, d in enumerate(days) for m in MERCHANTS for s in ("pos", "shop")
        ]),
    }  # fmt: skip


def visits(orders: pd.DataFrame) -> pd.DataFrame:
    """Three visits for each second order, of one donor before the programme only."""
    paid = orders[(orders.index % 2 == 0) & ((orders["merchant"] != "d1") | (orders["paid_at"] < "2018-10-01"))]
    seen = [
        paid[["merchant", "account", "order_id"]].assign(
            session_id=name + paid["order_id"], started_at=paid["paid_at"] - pd.Timedelta(minutes=away), scene=scene
        )
        for name, away, scene in (("late-", -3, "1008"), ("soon-", 7, "1007"), ("long-", 90, "1035"))
    ]
    return pd.concat(seen, ignore_index=True).assign(started_on=lambda d: d["started_at"].dt.date)


def rows(name: str, frame: pd.DataFrame) -> ibis.Table:
    """A canonical table from a frame."""
    full = frame.astype(object).where(frame.notna(), None)
    return canonical(name, full.to_dict("records"))


def named(t: dict[str, ibis.Table]) -> ibis.Table:
    """The orders with the touchpoints that the visits tell which paid them."""
    return paid_through(t["orders"], t["sessions"])


FUNCTIONS: dict[str, Callable[[dict[str, ibis.Table]], object]] = {
    "daily": lambda t: growth.daily_panel(t["orders"], t["persons"]),
    **{f"scope {name}": lambda t, name=name: growth.in_scope(t["orders"], name) for name in ("auto", "all", "private")},
    "scope": lambda t: pd.DataFrame({"text": [growth.resolve_scope(t["orders"]), growth.scope_sentence(t["orders"])]}),
    "shared": lambda t: growth.shared_customers(t["orders"], ["m"], PROGRAMME),
    "tree": lambda t: growth.tree_inputs(t["orders"], t["persons"], BASELINE, PROGRAMME),
    "cells": lambda t: growth.cell_inputs(t["orders"], t["persons"], BASELINE, PROGRAMME),
    "told": lambda t: growth.told_shares(named(t), BASELINE, PROGRAMME),
    "evenly told": lambda t: growth.evenly_told(named(t), growth.told_shares(named(t), BASELINE, PROGRAMME)),
    "totals": lambda t: growth.totals_panel(t["daily_totals"]),
}


@pytest.fixture(scope="module")
def both():
    given = tables()
    return given, on_spark(given)


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_engines_give_the_same_rows(name, both):
    one, two = (plain(FUNCTIONS[name](t)) for t in both)
    assert len(one)
    pd.testing.assert_frame_equal(one, two, rtol=1e-9, check_exact=False)
