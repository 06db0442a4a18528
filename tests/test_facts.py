"""Claims about the plain counts: what the tables do not tell is left out, shares never exceed the whole."""

from types import SimpleNamespace

import ibis
import pandas as pd
import pytest

from retailkit.facts import facts
from retailkit.present import fact_metrics
from retailkit.schema import table

WINDOWS = {"baseline": ("2018-09-01", "2018-09-30"), "programme": ("2018-10-01", "2018-10-31")}


def window(name):
    start, end = (pd.Timestamp(d).date() for d in WINDOWS[name])
    return SimpleNamespace(start=start, end=end, days=(end - start).days + 1)


def rows(name, records):
    frame = pd.DataFrame(records).reindex(columns=table(name).names)
    for column in table(name).columns:
        if column.kind in ("instant", "date"):
            frame[column.name] = pd.to_datetime(frame[column.name])
    return frame


def tables(orders=(), totals=(), sessions=(), days=(), campaigns=(), persons=()):
    con = ibis.duckdb.connect()
    out = {}
    given = {"orders": orders, "daily_totals": totals, "sessions": sessions, "touchpoint_days": days}
    given |= {"campaigns": campaigns, "persons": persons}
    kinds = {
        "id": "string",
        "text": "string",
        "instant": "timestamp",
        "date": "date",
        "float": "float64",
        "bool": "bool",
    }
    for name, records in given.items():
        schema = {c.name: kinds.get(c.kind, "int64") for c in table(name).columns}
        frame = rows(name, list(records))
        out[name] = con.create_table(name, schema=ibis.schema(schema))
        if len(records):
            out[name] = con.create_table(name, ibis.memtable(frame, schema=ibis.schema(schema)), overwrite=True)
    return SimpleNamespace(**out)


def order(number, day, **fields):
    whole = {
        "merchant": "m",
        "order_id": str(number),
        "paid_at": day,
        "paid_on": day,
        "net_amount": 100,
        "gross_amount": 100,
    }
    return {**whole, "account": "a:1", **fields}


def known(found):
    return dict(zip(found["fact"], found["value"], strict=True))


def test_nothing_is_counted_from_nothing():
    assert facts(tables(), window("baseline"), window("programme")).empty
    assert facts(tables([order(1, "2018-10-02")])).empty


def test_private_share_is_taken_over_the_days_that_the_books_state():
    orders = [order(i, f"2018-10-0{i}", format="official_store") for i in (1, 2, 3)]
    orders.append(order(9, "2018-10-01", format="shop", net_amount=999))
    totals = [
        {"merchant": "m", "source_system": "erp", "channel": "all", "day": f"2018-10-0{i}", "net_amount": 1000}
        for i in (1, 2)
    ]
    found = facts(tables(orders, totals), window("baseline"), window("programme"))
    assert known(found)["private_of_all"] == pytest.approx(200 / 2000)


def test_books_smaller_than_their_part_are_not_believed():
    orders = [order(1, "2018-10-01", format="official_store", net_amount=5000)]
    totals = [{"merchant": "m", "source_system": "erp", "channel": "all", "day": "2018-10-01", "net_amount": 1000}]
    assert "private_of_all" not in known(facts(tables(orders, totals), None, window("programme")))


def test_visitors_of_a_day_are_persons_and_days_without_visits_count_as_zero():
    visits = [
        {"merchant": "m", "session_id": f"{d}{a}{k}", "account": a, "started_at": d, "started_on": d}
        for d, people in (("2018-09-10", "x"), ("2018-10-10", "xyz"), ("2018-10-11", "xy"))
        for a in people for k in range(2)
    ]  # fmt: skip
    found = known(facts(tables(sessions=visits), window("baseline"), window("programme")))
    assert found["visitors_ratio"] == pytest.approx((5 / 31) / (1 / 30))


def test_home_share_needs_the_shops_own_orders():
    def month(day, shop):
        homes = [order(f"{day}h{i}", day, area="p", fulfilment="home_delivery") for i in range(30)]
        shops = [order(f"{day}s{i}", day, area="p", fulfilment="shop") for i in range(shop)]
        return homes + shops

    found = facts(tables([*month("2018-09-05", 0), *month("2018-10-05", 70)]), None, None)
    share = found[found["fact"] == "home_share"].iloc[0]
    assert (share["hits"], share["total"]) == (30, 100)
    record = next(m for m in fact_metrics(found, "CNY") if m["metric"] == "fact_home_share")
    assert record["low"] < 0.3 < record["high"]


def test_money_facts_are_saved_in_whole_units():
    orders = [
        order(1, "2018-10-01", sold_by="g1", net_amount=12345),
        order(2, "2018-11-01", sold_by="g1", net_amount=200),
    ]
    record = next(m for m in fact_metrics(facts(tables(orders)), "CNY") if m["metric"] == "fact_guide_month")
    assert (record["value"], record["unit"]) == (123.45, "CNY")


def test_new_customers_of_a_campaign_are_counted_among_its_own_buyers():
    campaigns = [
        {"merchant": "m", "campaign_id": "gift", "touchpoint": "sharing", "programme": True},
        {"merchant": "m", "campaign_id": "before", "touchpoint": "sharing", "programme": False},
        {"merchant": "m", "campaign_id": "letter", "touchpoint": "service_message", "programme": True},
    ]
    persons = [{"merchant": "m", "account": f"a:{i}", "person": f"p{i}"} for i in range(60)]
    persons.append({"merchant": "m", "account": "b:0", "person": "p0"})  # p0 bought before with another account
    orders = [order("old", "2018-09-05", account="b:0")]
    orders += [order(i, "2018-10-05", account=f"a:{i}") for i in range(40)]
    orders += [order(f"again{i}", "2018-10-08", account=f"a:{i}") for i in range(10, 20)]
    orders += [order(i, "2018-10-06", account=f"a:{i}") for i in range(40, 60)]
    sessions = [{"merchant": "m", "session_id": str(i), "campaign_id": "gift", "order_id": str(i)} for i in range(40)]
    sessions += [
        {"merchant": "m", "session_id": f"s{i}", "campaign_id": "gift", "order_id": f"again{i}"} for i in range(10, 20)
    ]
    sessions += [
        {"merchant": "m", "session_id": str(i), "campaign_id": "letter", "order_id": str(i)} for i in range(40, 60)
    ]
    found = facts(tables(orders, sessions=sessions, campaigns=campaigns, persons=persons))
    share = found[found["fact"] == "campaign_new_share"].iloc[0]
    assert (share["hits"], share["total"]) == (39, 40)
    few = facts(tables(orders, sessions=sessions[:20], campaigns=campaigns, persons=persons))
    assert "campaign_new_share" not in set(few["fact"])
