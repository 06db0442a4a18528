"""Claims about new customers: who is one, which formats found them, what they cost."""

import numpy as np
import pandas as pd
import pytest
from formats_tables import WINDOW, canonical, of_accounts, orders

from retailkit.formats.new_customers import acquisition_cost, first_orders, format_ledger


def test_only_the_first_order_of_a_person_is_new():
    table = orders({"day": "2018-11-05"}, {"day": "2018-10-05"}, {"account": "a:2"}, {"account": None})
    new = first_orders(table, of_accounts("a:1", "a:2")).execute().set_index("order_id")["new"].to_dict()
    assert new == {"o0": 0, "o1": 1, "o2": 1}


def test_ledger_of_formats_sums_to_all_and_counts_a_buyer_once():
    table = orders(
        {"format": "guide", "amount": 300}, {"format": "official_store"}, {"format": "platform", "account": None},
        {"format": None, "account": "a:2", "day": "2018-10-02"}, {"format": "guide", "account": "a:2"},
    )  # fmt: skip
    found = format_ledger(table, of_accounts("a:1", "a:2"), **WINDOW).set_index("format")
    parts = found.drop("all")
    assert parts["net_amount"].sum() == found.loc["all", "net_amount"] == 600
    assert parts["orders"].sum() == found.loc["all", "orders"] == 4
    assert (parts["buyers"].sum(), found.loc["all", "buyers"]) == (3, 2)
    assert found.loc["guide", ["buyers", "new_buyers"]].tolist() == [2, 1]
    assert found.loc["platform", "buyers"] == 0
    assert found.loc["guide", "order_value"] == 200


def test_new_in_another_format_is_not_new_again():
    table = orders({"format": "platform", "day": "2018-11-02"}, {"format": "guide", "day": "2018-11-09"})
    found = format_ledger(table, of_accounts("a:1"), **WINDOW).set_index("format")
    assert found.loc["guide", "new_buyers"] == 0
    assert found.loc["all", "new_buyers"] == 1


def test_cost_of_a_new_customer_by_hand():
    spend = canonical("spend", [{"touchpoint": "ads", "item": "x", "day": "2018-11-02", "amount": 1000}])
    rows = [{"account": f"a:{i}", "touchpoint": "ads"} for i in range(10)]
    rows += [{"account": "a:0", "touchpoint": "ads", "day": "2018-10-01"}, {"account": "a:11", "touchpoint": "guide"}]
    found = acquisition_cost(spend, orders(*rows), of_accounts(*(f"a:{i}" for i in range(12))), **WINDOW)
    ads = found.set_index("touchpoint").loc["ads"]
    assert ads[["spend", "new_buyers", "buyers"]].tolist() == [1000, 9, 10]
    assert ads["cost_per_new"] == pytest.approx(1000 / 9)
    assert ads["cost_low"] == pytest.approx(1000 / 17.085, rel=1e-3)  # exact Poisson limits of 9: 4.115, 17.085
    assert ads["cost_high"] == pytest.approx(1000 / 4.115, rel=1e-3)
    assert ads["new_share"] == 0.9
    assert np.isnan(ads["marginal_cost"])
    assert "guide" not in set(found["touchpoint"])


def test_marginal_cost_leaves_out_those_who_come_anyway():
    """Ten come every week without spend; each 50 spent bring one more: mean cost is below 50."""
    days = pd.date_range("2018-09-03", periods=12, freq="7D")
    amounts = [100 * (i % 4) + 100 for i in range(12)]
    spend = canonical("spend", [
        {"touchpoint": "ads", "item": "x", "day": str(d.date()), "amount": a}
        for d, a in zip(days, amounts, strict=True)
    ])  # fmt: skip
    rows = [
        {"account": f"a:{w}-{i}", "touchpoint": "ads", "day": str(d.date())}
        for w, (d, a) in enumerate(zip(days, amounts, strict=True))
        for i in range(10 + a // 50)
    ]
    accounts = of_accounts(*(row["account"] for row in rows))
    found = acquisition_cost(spend, orders(*rows), accounts, start="2018-09-03", end="2018-11-30")
    row = found.set_index("touchpoint").loc["ads"]
    assert row["marginal_cost"] == pytest.approx(50, rel=1e-6)
    assert row["cost_per_new"] < 20


def test_a_season_that_moves_spend_and_customers_is_no_marginal_cost():
    """Spend wins nobody; both follow one wave over the year. Levels told a cost in half of such records."""
    draws, told = np.random.default_rng(4), 0
    mondays = pd.date_range("2018-01-01", periods=52, freq="7D").strftime("%Y-%m-%d")
    wave = 0.3 * np.sin(4 * np.pi * np.arange(52) / 52)
    for _ in range(12):
        amounts, new = 100_000 * np.exp(wave + 0.2 * draws.standard_normal(52)), draws.poisson(8 * np.exp(wave))
        spend = canonical("spend", [
            {"touchpoint": "ads", "item": "x", "day": d, "amount": int(a)} for d, a in zip(mondays, amounts, strict=True)
        ])  # fmt: skip
        who = [f"a:{w}-{i}" for w, n in enumerate(new) for i in range(n)]
        rows = [{"account": a, "touchpoint": "ads", "day": mondays[int(a[2:].split("-")[0])]} for a in who]
        found = acquisition_cost(spend, orders(*rows), of_accounts(*who), start="2018-01-01", end="2018-12-31")
        told += found.set_index("touchpoint")["marginal_cost"].notna()["ads"]
    assert told <= 2


def test_customers_that_come_in_bursts_make_their_cost_less_sure():
    mondays = pd.date_range("2018-09-03", periods=8, freq="7D").strftime("%Y-%m-%d")
    spend = canonical("spend", [{"touchpoint": "ads", "item": "x", "day": d, "amount": 1000} for d in mondays])
    width = {}
    for name, new in (("even", [4] * 8), ("bursts", [32, *[0] * 7])):
        rows = [
            {"account": f"a:{w}-{i}", "touchpoint": "ads", "day": mondays[w]} for w in range(8) for i in range(new[w])
        ]
        accounts = of_accounts(*(row["account"] for row in rows))
        row = acquisition_cost(spend, orders(*rows), accounts, start="2018-09-03", end="2018-10-31").iloc[0]
        assert row["cost_low"] <= row["cost_per_new"] == 250
        width[name] = row["cost_low"]
    assert width["even"] == pytest.approx(8000 / 45.17, rel=1e-3)  # exact Poisson limit of 32
    assert width["bursts"] < width["even"] / 2


def test_nothing_sold_gives_empty_tables():
    none, persons = canonical("orders"), canonical("persons")
    for table in (format_ledger(none, persons), acquisition_cost(canonical("spend"), none, persons, **WINDOW)):
        assert table.empty
        assert table.columns[0] == "merchant"
