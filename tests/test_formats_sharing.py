"""Claims about sharing: the tree, K with and without its usual bias, packets, adoption."""

import numpy as np
import pandas as pd
import pytest
from formats_tables import canonical, of_accounts

from retailkit.formats.sharing import (
    group_adoption,
    k_interval,
    red_packet_funnel,
    share_customers,
    share_depth,
    share_generations,
    share_sentence,
    share_tree,
)


def nodes(*rows):
    """Sessions from (node, parent, hour, extras)."""
    start = pd.Timestamp("2018-11-01")
    full = []
    for number, (node, parent, hour, *extra) in enumerate(rows):
        at = start + pd.Timedelta(seconds=round(hour * 3600))
        row = {"session_id": f"s{number:06d}", "account": f"a:{node}", "started_at": str(at),
               "started_on": str(at.date()), "share_node": node, "share_parent": parent}  # fmt: skip
        full.append({**row, **(extra[0] if extra else {})})
    return canonical("sessions", full)


def test_tree_by_hand():
    tree = share_tree(
        nodes(
            ("root", None, 0), ("b", "root", 2), ("c", "root", 5), ("d", "b", 6), ("d", "b", 50),
            ("lost", "gone", 3, {"share_depth": 4}), ("self", "self", 1),
        )
    ).set_index("node")  # fmt: skip
    assert tree["depth"].to_dict() == {"root": 0, "self": 0, "b": 1, "lost": 4, "c": 1, "d": 2}
    assert tree.loc["d", "hours"] == 4
    assert tree["lost_parent"].to_dict()["lost"]


def test_a_ring_of_parents_does_not_hang():
    tree = share_tree(nodes(("a", "b", 0), ("b", "a", 1), ("c", "b", 2)))
    assert set(tree["depth"]) == {1}


def test_k_by_generation_by_hand():
    """Two origins bring three, one of the three brings one; everything ten days before the end."""
    tree = share_tree(
        nodes(("r1", None, 0), ("r2", None, 0), ("x", "r1", 1), ("y", "r1", 1), ("z", "r2", 1), ("w", "x", 2),
              ("end", None, 240))
    )  # fmt: skip
    found = share_generations(tree).set_index("generation")
    assert found.loc["0", ["visits", "brought", "followed"]].tolist() == [3, 3, 2]
    assert found.loc["0", "k"] == 1.5
    assert found.loc["1", "k"] == pytest.approx(1 / 3)
    assert found.loc["2", "k"] == 0
    assert found.loc["2", "k_high"] > 0 or np.isnan(found.loc["2", "k_high"])


def test_k_counts_visits_and_says_how_few_people_they_are():
    """Ann shares on three visits, Bo follows all three: one visit each, though only one person ever came."""
    ann, bo = {"account": "a:ann"}, {"account": "a:bo"}
    tree = share_tree(
        nodes(*((f"r{i}", None, i, ann) for i in range(3)), *((f"x{i}", f"r{i}", i + 1, bo) for i in range(3)),
              ("end", None, 240, ann))
    )  # fmt: skip
    found = share_generations(tree)
    row = found.set_index("generation").loc["all"]
    assert row[["visits", "people", "brought", "k"]].tolist() == [7, 2, 3, 0.5]
    assert "Visits, not persons: 7 by 2 accounts" in share_sentence(found)


def cascade(k, seed, roots=400, span=30 * 24, mean_hours=30):
    """Share cascades with true K: children are Poisson, cycle times exponential, record cut at its end."""
    draws = np.random.default_rng(seed)
    rows, wave = [], [(f"r{i}", None, draws.uniform(0, span)) for i in range(roots)]
    while wave:
        rows += wave
        wave = [
            (f"{node}.{j}", node, hour + gap)
            for node, _, hour in wave
            for j, gap in enumerate(draws.exponential(mean_hours, draws.poisson(k)))
            if hour + gap <= span
        ]
    return nodes(*rows)


def test_k_is_recovered_where_the_plain_count_is_too_low():
    covered, plain = [], []
    for seed in range(12):
        row = share_generations(share_tree(cascade(0.8, seed))).set_index("generation").loc["all"]
        within = 0.8 * (1 - np.exp(-7 * 24 / 30))  # children within the seven days that are counted
        covered.append(row["k_low"] <= within <= row["k_high"])
        plain.append(row["k_plain"])
    assert sum(covered) >= 10
    assert np.mean(plain) < 0.78


def test_sharing_below_one_fades():
    assert "fades out" in share_sentence(share_generations(share_tree(cascade(0.5, 1))))


def test_depths_count_everyone_once():
    tree = share_tree(cascade(0.6, 3, roots=100))
    depth = share_depth(tree)
    assert depth["visits"].sum() == len(tree)
    assert depth["share"].sum() == pytest.approx(1)
    assert depth["hours_median"].dropna().between(10, 40).any()


def orders(*rows):
    return canonical("orders", [
        {"order_id": str(i), "account": a, "paid_at": d, "paid_on": d[:10], "net_amount": n}
        for i, (a, d, n) in enumerate(rows)
    ])  # fmt: skip


def test_new_buyers_had_never_bought_before_the_share():
    tree = share_tree(nodes(("r", None, 0), ("b", "r", 1), ("c", "r", 2)))
    paid = orders(
        ("a:b", "2018-11-02", 30), ("a:c", "2018-10-01", 99), ("a:c", "2018-11-02", 20), ("a:r", "2018-10-02", 5)
    )
    row = share_customers(tree, paid, of_accounts("a:r", "a:b", "a:c")).set_index("depth").loc[1]
    assert row[["users", "buyers", "new_buyers", "net_amount"]].tolist() == [2, 2, 1, 50]
    assert row["new_share"] == 0.5


def test_red_packets_received_and_converted():
    packets = canonical("red_packets", [
        {"packet_id": "p", "account": f"a:{i}", "sent_at": "2018-11-01", "received_at": got, "amount": 100}
        for i, got in enumerate(["2018-11-01 09:00", "2018-11-01 09:00", "2018-11-01 09:00", None])
    ])  # fmt: skip
    paid = orders(
        ("a:0", "2018-11-03", 500), ("a:1", "2018-11-20", 500), ("a:2", "2018-10-01", 1), ("a:2", "2018-11-02", 70)
    )
    row = red_packet_funnel(packets, paid, of_accounts(*(f"a:{i}" for i in range(4)))).iloc[0]
    assert row[["sent", "received", "ordered", "new_buyers", "spent"]].tolist() == [4, 3, 2, 1, 300]
    assert (row["cost_per_order"], row["cost_per_new"]) == (150, 300)


def test_an_order_that_follows_several_packets_is_one_order_of_one_new_buyer():
    """Three packets in three days, then the first order ever: one order, one new buyer, three packets' cost."""
    packets = canonical("red_packets", [
        {"packet_id": str(i), "account": "a:0", "amount": 100, "sent_at": f"2018-11-0{i + 1} 09:00",
         "received_at": f"2018-11-0{i + 1} 10:00"} for i in range(3)
    ])  # fmt: skip
    row = red_packet_funnel(packets, orders(("a:0", "2018-11-05", 900)), of_accounts("a:0")).iloc[0]
    assert row[["ordered", "orders", "new_buyers", "spent", "net_amount"]].tolist() == [3, 1, 1, 300, 900]
    assert (row["cost_per_order"], row["cost_per_new"]) == (300, 300)


def test_a_packet_of_the_first_morning_belongs_to_the_window():
    """00:30 in Shanghai on 11 November is 16:30 UTC of the day before: the merchant's own day counts."""
    packets = canonical("red_packets", [
        {"packet_id": "first", "account": "a:0", "amount": 100, "sent_at": "2018-11-10 16:30", "sent_on": "2018-11-11"},
        {"packet_id": "after", "account": "a:0", "amount": 100, "sent_at": "2018-11-11 16:30", "sent_on": "2018-11-12"},
    ])  # fmt: skip
    window = {"start": "2018-11-11", "end": "2018-11-11"}
    assert red_packet_funnel(packets, orders(), of_accounts("a:0"), **window)["sent"].tolist() == [1]


@pytest.mark.data
def test_adoption_of_medical_innovation_as_published(real_data):
    """Valente (1995): 125 doctors, saturation .81 to .89 by town; month 18 means never, not adopted."""
    doctors = pd.read_csv(real_data / "diffusion_medical_innovation" / "nodes.csv.gz")
    doctors["account"] = "d:" + doctors["community"].astype(str) + "-" + doctors["member"].astype(str)
    members = canonical("group_members", [
        {"group_id": str(c), "account": a, "joined_at": "1953-01-01"}
        for c, a in zip(doctors["community"], doctors["account"], strict=True)
    ])  # fmt: skip
    adopted = doctors[doctors["toa"] < 18]
    months = pd.Timestamp("1953-01-01") + pd.to_timedelta(adopted["toa"] - 1, unit="D")  # a day stands for a month
    first = orders(*((a, str(day.date()), 1) for a, day in zip(adopted["account"], months, strict=True)))
    found = group_adoption(members, first, of_accounts(*doctors["account"])).set_index("group_id")
    assert found["members"].sum() == 125
    assert [round(x, 2) for x in found["saturation"]] == [0.89, 0.88, 0.81, 0.89]
    half = pd.to_datetime(found["half_on"]).dt.day
    assert abs(half.mean() - 6) <= 1


def test_nothing_shared_gives_empty_tables_and_a_sentence():
    tree = share_tree(canonical("sessions"))
    orders_, persons = canonical("orders"), canonical("persons")
    for table in (tree, share_generations(tree), share_depth(tree), share_customers(tree, orders_, persons),
                  red_packet_funnel(canonical("red_packets"), orders_, persons),
                  group_adoption(canonical("group_members"), orders_, persons)):  # fmt: skip
        assert table.empty
        assert table.columns[0] == "merchant"
    assert "No shares" in share_sentence(share_generations(tree))


def test_a_few_who_bring_most_do_not_make_sharing_fade_by_chance():
    """K is 1, nine in ten bring nobody: of fifty users' samples one in six used to say that sharing surely fades."""
    draws, start = np.random.default_rng(2), pd.Timestamp("2018-11-01")
    fades = held = 0
    for _ in range(100):
        brought = draws.poisson(draws.gamma(0.1, 10, 50))
        parents = np.repeat(np.arange(50).astype(str), brought)
        tree = pd.DataFrame({
            "node": [*map(str, range(50)), *(f"c{i}" for i in range(len(parents))), "end"],
            "parent": [*[None] * 50, *parents, None], "depth": [*[0] * 50, *[1] * len(parents), 9], "merchant": "m",
            "started_at": start, "hours": [*[np.nan] * 50, *[1.0] * len(parents), np.nan], "account": None,
        })  # fmt: skip
        tree.loc[tree["depth"] == 1, "started_at"] += pd.Timedelta(days=1)
        tree.loc[tree["depth"] == 9, "started_at"] += pd.Timedelta(days=7)
        row = share_generations(tree).set_index("generation").loc["0"]
        fades, held = fades + (row["k_high"] < 1), held + (row["k_low"] <= 1 <= row["k_high"])
        assert row["k_low"] <= row["k"] <= row["k_high"]
    assert fades <= 12
    assert held >= 84


@pytest.mark.parametrize(("visits", "told"), [(2, False), (4, False), (5, True)])
def test_k_of_a_handful_of_visits_has_no_interval(visits, told):
    children = np.array([3, *[0] * (visits - 1)])
    assert np.isfinite(k_interval(children)).all() == told
