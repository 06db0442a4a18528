"""Claims about targets: the tree is exact, money adds up, pacing follows the donors, chances come true."""

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit import schema, targets
from retailkit.charts import targets as draw
from retailkit.targets.curve import reach
from retailkit.targets.tree import nodes

KINDS = {"id": "string", "text": "string", "int": "int64", "money": "int64", "float": "float64", "bool": "boolean",
         "instant": "timestamp(6)", "date": "date"}  # fmt: skip
BEFORE, PROGRAMME = ("2024-01-01", "2024-01-28"), ("2024-01-29", "2024-02-25")


def canonical(name, rows=()):
    """An ibis table of one canonical table from records that give some of its columns."""
    kinds = ibis.schema({c.name: KINDS[c.kind] for c in schema.table(name).columns}).to_pyarrow()
    return ibis.memtable(pa.Table.from_pylist([{c: r.get(c) for c in kinds.names} for r in rows], schema=kinds))


def shop(merchant="a", buyers=6, orders=2, basket=1000, start="2024-01-01", days=56, unknown=0, **marks):
    rows = []
    for d in range(days):
        day = pd.Timestamp(start) + pd.Timedelta(days=d)
        for i in range(buyers):
            if (d + i) % max(1, days // (2 * orders)) == 0:
                account = None if i < unknown else f"crm:{i}"
                rows.append({
                    "merchant": merchant, "order_id": f"{d}-{i}", "account": account, "paid_at": day,
                    "paid_on": day.date(), "gross_amount": basket + d, "net_amount": basket + d, "refund_amount": 0,
                    **marks,
                })  # fmt: skip
    return rows


def persons(rows):
    accounts = {(r["merchant"], r["account"]) for r in rows if r["account"]}
    return canonical(
        "persons", [{"merchant": m, "account": a, "person": a, "accounts": 1} for m, a in sorted(accounts)]
    )


def measured(rows, sessions=(), windows=None):
    windows = windows or {"before": BEFORE, "programme": PROGRAMME}
    return targets.measure(canonical("orders", rows), persons(rows), canonical("sessions", sessions), windows)


def test_measures_equal_a_plain_count():
    rows = shop(unknown=2)
    got = measured(rows).set_index("window").loc["programme"]
    own = [r for r in rows if PROGRAMME[0] <= str(r["paid_on"]) <= PROGRAMME[1]]
    known = [r for r in own if r["account"]]
    assert got["buyers"] == len({r["account"] for r in known})
    assert got["orders"] == len(known)
    assert got["gmv"] == sum(r["net_amount"] for r in known)
    assert got["unknown_gmv"] == sum(r["net_amount"] for r in own if not r["account"])
    assert got["new_buyers"] == 0


def test_tree_sums_to_all_sales_known_and_unknown():
    rows = shop(unknown=2)
    tree = targets.kpi_tree(measured(rows), "a", "programme").set_index("node")["value"]
    total = sum(r["net_amount"] for r in rows if PROGRAMME[0] <= str(r["paid_on"]) <= PROGRAMME[1])
    assert tree["gmv"] == pytest.approx(total)
    assert tree["buyers"] * tree["frequency"] * tree["basket"] + tree["unknown_orders"] * tree["unknown_basket"] == (
        pytest.approx(total)
    )
    assert tree["new_buyers"] + tree["returning_buyers"] == pytest.approx(tree["buyers"])


def test_visits_split_buyers_and_a_rate_above_one_is_refused():
    rows = shop(buyers=4)
    day = pd.Timestamp("2024-02-01")
    visits = [
        {"merchant": "a", "session_id": str(i), "account": f"crm:{i}", "started_at": day, "started_on": day.date()}
        for i in range(10)
    ]
    tree = targets.kpi_tree(measured(rows, visits), "a", "programme").set_index("node")["value"]
    assert tree["visitors"] * tree["conversion"] == pytest.approx(tree["buyers"])
    few = targets.kpi_tree(measured(rows, visits[:2]), "a", "programme")
    assert not few["node"].isin(["visitors", "conversion"]).any()


def test_a_window_that_history_does_not_cover_is_left_out():
    assert measured(shop(start="2024-01-20")).set_index("window").index.tolist() == ["programme"]


positive = st.floats(0.1, 1e4)


def factors(draw_):
    f = {k: draw_(positive) for k in ("buyers", "frequency", "basket", "unknown_orders", "unknown_basket")}
    return {**f, "visitors": float("nan"), "conversion": float("nan"), "new_share": draw_(st.floats(0, 1))}


@st.composite
def trees(draw_):
    return nodes(factors(draw_)), nodes(factors(draw_))


@given(trees())
@settings(deadline=None)
def test_shortfalls_add_up_to_achieved_less_planned(pair):
    plan, done = pair
    table = targets.attainment(plan.assign(source="proposed"), done)
    gaps = targets.shortfalls(table)
    change = targets.total(done) - targets.total(plan)
    assert gaps["money"].sum() == pytest.approx(change, abs=1e-9 * (targets.total(done) + targets.total(plan)))
    assert gaps["money"].is_monotonic_increasing


def test_sales_that_enter_unplanned_are_a_gap_of_their_own():
    f = {"buyers": 10.0, "frequency": 2.0, "basket": 5.0, "new_share": 0.0, "visitors": np.nan, "conversion": np.nan}
    plan = nodes({**f, "unknown_orders": 0.0, "unknown_basket": 0.0})
    done = nodes({**f, "unknown_orders": 3.0, "unknown_basket": 7.0})
    gaps = targets.shortfalls(targets.attainment(plan.assign(source="proposed"), done)).set_index("node")["money"]
    assert gaps["unknown_orders"] == pytest.approx(21)
    assert gaps.sum() == pytest.approx(21)


@given(st.floats(0.5, 2), st.floats(0.5, 2), st.floats(0.5, 2))
def test_every_proposed_column_is_an_exact_tree(a, b, c):
    m = measured(shop())
    ones = targets.no_lift()
    season = ones[["factor"]].assign(ratio=[a, b, c, 1.0, 1.0], basis="test")
    lifts = ones.assign(base=[c, a, b, 1.0, 1.0], stretch=[b, c, a, 1.0, 1.0])
    tree = targets.propose(m, "a", "programme", season, lifts).set_index("node")
    for column in ("reference", "anyway", "base", "stretch"):
        v = tree[column]
        assert v["buyers"] * v["frequency"] * v["basket"] == pytest.approx(v["gmv"])
    assert tree["anyway"]["gmv"] == pytest.approx(tree["reference"]["gmv"] * a * b * c)


test_every_proposed_column_is_an_exact_tree = settings(max_examples=5, deadline=None)(
    test_every_proposed_column_is_an_exact_tree
)


def test_own_targets_replace_proposals_and_the_product_still_holds():
    m = measured(shop())
    plan = targets.kpi_tree(m, "a", "programme")
    span = {"starts_on": pd.Timestamp(PROGRAMME[0]), "ends_on": pd.Timestamp(PROGRAMME[1])}
    own = pd.DataFrame([
        {"merchant": "a", "node": "gmv", "target": 500.0, "unit": "CNY", **span},
        {"merchant": "a", "node": "basket", "target": 20.0, "unit": "CNY", **span},
    ])  # fmt: skip
    out = targets.planned(plan, own, targets.window_days(PROGRAMME)).set_index("node")
    assert out["value"]["gmv"] == pytest.approx(50_000)
    assert out["value"]["basket"] == pytest.approx(2_000)
    assert out["value"]["buyers"] * out["value"]["frequency"] * out["value"]["basket"] == pytest.approx(50_000)
    assert out["source"]["gmv"] == "own"
    other = own.assign(starts_on=pd.Timestamp("2023-01-01"))
    assert (targets.planned(plan, other, targets.window_days(PROGRAMME))["source"] == "proposed").all()


def test_targets_for_sales_and_orders_by_the_month_fix_the_basket():
    """500 for 8 orders: 62.50 an order, whatever the cohort lifted; a target without a node is named, not dropped."""
    plan = targets.kpi_tree(measured(shop()), "a", "programme")
    half, window = pd.Timestamp("2024-02-11"), targets.window_days(PROGRAMME)
    spans = ((pd.Timestamp(PROGRAMME[0]), half), (half + pd.Timedelta(days=1), pd.Timestamp(PROGRAMME[1])))
    own = pd.DataFrame([
        {"merchant": "a", "node": node, "target": each, "unit": unit, "starts_on": first, "ends_on": last}
        for node, each, unit in (("gmv", 250.0, "CNY"), ("orders", 4.0, "orders"), ("repeat_rate", 0.3, "fraction"))
        for first, last in spans
    ])  # fmt: skip
    shares = pd.Series({"buyers": 0.5, "frequency": 0.25, "basket": 0.25})
    out = targets.planned(plan, own, window, shares=shares).set_index("node")
    assert out["value"]["buyers"] * out["value"]["frequency"] == pytest.approx(8)
    assert out["value"]["basket"] == pytest.approx(6_250)
    assert out["value"]["gmv"] == pytest.approx(50_000)
    assert out["source"][["gmv", "basket", "buyers"]].tolist() == ["own", "own", "proposed"]
    times = plan.set_index("node")["value"]
    ratio = out["value"] / times
    assert np.log(ratio["buyers"]) == pytest.approx(2 * np.log(ratio["frequency"]))
    assert targets.targets_left_out(plan, own, window) == ["repeat_rate"]
    assert "repeat rate" in targets.left_out_sentence(["repeat_rate"])
    assert targets.left_out_sentence([]) == ""


def test_money_in_a_currency_without_cents_is_not_divided():
    tree = targets.kpi_tree(measured(shop()), "a", "programme")
    span = {"starts_on": pd.Timestamp(PROGRAMME[0]), "ends_on": pd.Timestamp(PROGRAMME[1])}
    own = pd.DataFrame([{"merchant": "a", "node": "gmv", "target": 50_000.0, "unit": "JPY", **span}])
    plan = targets.planned(tree, own, targets.window_days(PROGRAMME), "JPY")
    assert targets.total(plan) == pytest.approx(50_000)
    reviewed = targets.attainment(plan, plan)
    assert "¥50,000" in targets.attainment_sentence(reviewed, "JPY")
    gaps, odds = targets.shortfalls(reviewed), pd.DataFrame(columns=["target", "if_nothing_new"])
    saved = {m["metric"]: m["value"] for m in targets.target_metrics(reviewed, gaps, tree.head(0), odds, "JPY")}
    assert saved["gmv_planned"] == pytest.approx(50_000)


def cohort(lifts, donors=5):
    """Merchants whose basket was lifted by so much, and donors whose basket stayed, 10% noise apart."""
    rows = []
    for i, lift in enumerate([*lifts, *([1.0] * donors)]):
        before = shop(f"m{i}", days=28)
        after = shop(f"m{i}", start="2024-01-29", days=28, basket=round(1000 * lift))
        rows += [*before, *after]
    ids = [f"m{i}" for i in range(len(lifts) + donors)]
    return measured(rows), ids[: len(lifts)], ids[len(lifts) :]


def test_base_is_the_median_merchant_and_stretch_the_upper_quartile():
    m, merchants, donors = cohort([1.0, 1.1, 1.2, 1.3, 1.4])
    lifts = targets.past_lifts(m, merchants, donors, "before", "programme").set_index("factor")
    assert lifts["base"][["buyers", "frequency", "basket"]].prod() == pytest.approx(1.2, abs=0.01)
    assert lifts["stretch"][["buyers", "frequency", "basket"]].prod() == pytest.approx(1.3, abs=0.01)
    assert lifts["base"]["basket"] == pytest.approx(1.2, abs=0.01)


def test_no_lift_is_planned_where_merchants_fell_or_are_few():
    m, merchants, donors = cohort([0.8, 0.85, 0.9, 0.95, 0.7])
    assert (targets.past_lifts(m, merchants, donors, "before", "programme")[["base", "stretch"]] == 1).all(axis=None)
    assert (targets.past_lifts(m, merchants[:2], donors, "before", "programme")[["base", "stretch"]] == 1).all(
        axis=None
    )


def daily(merchants, shape, noise=0.0, seed=1):
    rng = np.random.default_rng(seed)
    days = pd.date_range(*PROGRAMME)
    frames = []
    for m in merchants:
        gmv = np.round(1e5 * shape * np.exp(noise * rng.standard_normal(len(days))))
        frames.append(pd.DataFrame({"merchant": m, "day": days, "gmv": gmv}))
    return pd.concat(frames)


def test_pacing_follows_the_donors_curve_not_the_days():
    shape = np.r_[np.ones(14), 3 * np.ones(14)]
    table = targets.pacing(daily(["a", "d1", "d2", "d3"], shape), "a", ["d1", "d2", "d3"], PROGRAMME, 1000.0)
    assert table["planned"].iloc[13] == pytest.approx(250)
    assert table["planned"].iloc[-1] == pytest.approx(1000)
    assert table["share"].is_monotonic_increasing


def test_pacing_without_donors_has_a_curve_and_no_chance():
    table = targets.pacing(daily(["a"], np.ones(28)), "a", [], PROGRAMME, 1000.0)
    assert table["planned"].iloc[-1] == pytest.approx(1000)
    assert table["chance"].isna().all()


def test_a_curve_without_donors_has_no_fan_and_no_order_of_rows():
    """No interval of no width; and the weekdays of the last eight weeks are those, wherever their rows stand."""
    days = pd.date_range("2023-06-01", pd.Timestamp(PROGRAMME[1]) - pd.Timedelta(days=3))
    rng = np.random.default_rng(2)
    own = pd.DataFrame({"merchant": "a", "day": days, "gmv": rng.integers(1, 900, len(days))})
    table = targets.pacing(own, "a", [], PROGRAMME, 1000.0)
    assert table[["share_low", "planned_high", "forecast_low", "forecast_high"]].isna().all(axis=None)
    assert table["forecast"].notna().any()
    mixed = targets.pacing(own.sample(frac=1, random_state=1), "a", [], PROGRAMME, 1000.0)
    pd.testing.assert_frame_equal(table, mixed)
    past = own[own["day"] < PROGRAMME[0]].tail(56).groupby(own["day"].dt.day_of_week)["gmv"].mean()
    by_hand = past.loc[pd.date_range(*PROGRAMME).day_of_week].cumsum().to_numpy()
    assert np.allclose(table["share"], by_hand / by_hand[-1])


@pytest.mark.parametrize(("lang", "word"), [("en", "The window is over"), ("zh", "窗口已结束")])
def test_a_window_that_is_over_has_a_total_and_no_chance(lang, word):
    for donors in ([], ["d1", "d2", "d3"]):
        run = targets.pacing(daily(["a", *donors], np.ones(28)), "a", donors, PROGRAMME, 2_240_000.0)
        said = targets.pacing_sentence(run, lang)
        assert word in said
        assert "125.0%" in said
        assert "cannot be told" not in said
        assert "概率" not in said


def test_a_donor_without_sales_on_the_first_days_leaves_a_chance_and_no_warning():
    d = daily(["a", "d1", "d2", "d3", "d4"], np.ones(28), 0.2)
    d.loc[(d["merchant"] == "d1") & (d["day"] < d["day"].min() + pd.Timedelta(days=2)), "gmv"] = 0.0
    with np.errstate(all="raise"):
        table = targets.pacing(d, "a", ["d1", "d2", "d3", "d4"], PROGRAMME, 2_800_000.0)
    assert table[["share_low", "share", "share_high", "chance"]].notna().all(axis=None)


def test_chance_is_missing_once_the_record_ends():
    d = daily(["a", "d1", "d2", "d3"], np.ones(28), 0.2)
    d = d[(d["merchant"] != "a") | (d["day"] < "2024-02-10")]
    table = targets.pacing(d, "a", ["d1", "d2", "d3"], PROGRAMME, 2_800_000.0)
    assert table["chance"].notna().sum() == 12
    assert table["actual"].notna().sum() == 12


@pytest.mark.parametrize(("lang", "word"), [("en", "no chance is given"), ("zh", "不给出达成概率")])
def test_a_closed_store_is_promised_nothing(lang, word):
    """Donors sell on to the end; this store's record ends in the middle, well ahead of its plan."""
    d = daily(["a", "d1", "d2", "d3"], np.ones(28), 0.2)
    closed = d[(d["merchant"] != "a") | (d["day"] < "2024-02-10")]
    assert word in targets.pacing_sentence(targets.pacing(closed, "a", ["d1", "d2", "d3"], PROGRAMME, 1000.0), lang)
    so_far = d[d["day"] < "2024-02-10"]
    open_ = targets.pacing_sentence(targets.pacing(so_far, "a", ["d1", "d2", "d3"], PROGRAMME, 1000.0, BEFORE), lang)
    assert word not in open_


def test_parts_of_a_window_may_be_asked_for_by_iso_days():
    day = pd.Timestamp("2024-02-01")
    rows = [{"paid_at": day, "paid_on": day.date(), "format": f, "net_amount": 10} for f in ("guide", "shop", "guide")]
    orders = canonical("orders", rows)
    told = [targets.cut_by(orders, "format", {"now": w}) for w in (PROGRAMME, targets.window_days(PROGRAMME))]
    pd.testing.assert_frame_equal(*told)
    assert told[0].set_index("part")["now"].to_dict() == {"guide": 20, "shop": 10}


def test_without_a_plan_no_part_fell_short():
    parts = pd.DataFrame({"cut": ["format"], "part": ["shop"], "before": [10], "programme": [20]})
    assert targets.cut_shortfalls(parts, pd.DataFrame(columns=["node", "value"])).empty


def test_chances_to_reach_a_target_come_true():
    """3,000 worlds, 12 donors, 56 days of log noise 0.4, half-way: within 5 points of the outcome by quintile."""
    rng, rows = np.random.default_rng(5), []
    for _ in range(3000):
        sold = np.exp(rng.normal(0, 0.4, (56, 13)))
        total = sold.cumsum(axis=0)
        logs = np.log(total[:, 1:] / total[-1, 1:])
        target = 56 * np.exp(0.08 + rng.normal(0, 0.3))  # the merchant's level is not known beforehand
        rows.append((reach(total[27:28, 0], target, logs[27:28])[0], total[-1, 0] >= target))
    seen = pd.DataFrame(rows, columns=["chance", "reached"])
    by = seen.groupby(pd.qcut(seen["chance"].rank(method="first"), 5)).mean()
    assert (by["chance"] - by["reached"]).abs().max() < 0.05


def test_parts_of_a_cut_keep_their_old_share_and_owners_are_named():
    rows = [*shop("a", shop_id="s1"), *[{**r, "order_id": "x" + r["order_id"]} for r in shop("a", shop_id="s2")]]
    windows = {"before": targets.window_days(BEFORE), "programme": targets.window_days(PROGRAMME)}
    parts = targets.cuts(canonical("orders", rows), windows)
    plan = targets.kpi_tree(measured(rows), "a", "before")
    table = targets.cut_shortfalls(parts, plan)
    assert table["planned"].sum() == pytest.approx(targets.total(plan))
    owners = pd.DataFrame([
        {"node": "s1", "owner": "Li", "share": 0.5, "valid_from": pd.Timestamp("2023-01-01"), "valid_to": pd.NaT},
        {"node": "s1", "owner": "Wu", "share": 0.5, "valid_from": pd.Timestamp("2023-01-01"), "valid_to": pd.NaT},
        {"node": "s2", "owner": "Ma", "share": None, "valid_from": pd.Timestamp("2023-01-01"),
         "valid_to": pd.Timestamp("2023-12-31")},
    ])  # fmt: skip
    named = targets.with_owners(table, owners, "2024-02-25").set_index("part")["owner"]
    assert named["s1"] == "Li (50%), Wu (50%)"
    assert named["s2"] == ""


def test_coverage_counts_customers_with_guide_and_shop():
    rows = [*shop("a", buyers=4, shop_id="s1")]
    bound = [
        {"merchant": "a", "account": "crm:0", "guide": "g", "bound_at": pd.Timestamp("2023-01-01")},
        {"merchant": "a", "account": "crm:1", "guide": "g", "bound_at": pd.Timestamp("2023-01-01"),
         "unbound_at": pd.Timestamp("2023-02-01")},
    ]  # fmt: skip
    args = canonical("orders", rows), persons(rows), canonical("guide_bindings", bound), canonical("members")
    table = targets.coverage(*args).set_index("owner")
    assert table["owned"].to_dict() == {"guide": 1, "shop": 4, "guide and shop": 1}
    assert table["share"]["guide"] == pytest.approx(0.25)
    named = canonical("members", [{"merchant": "a", "account": f"crm:{i}", "guide": "g"} for i in (0, 2)])
    assert targets.coverage(*args[:3], named).set_index("owner")["owned"]["guide"] == 2


def test_future_orders_change_no_plan():
    rows = shop()
    late = [*rows, *[{**r, "order_id": "f" + r["order_id"]} for r in shop(start="2024-03-01", days=3)]]
    pd.testing.assert_frame_equal(measured(rows), measured(late))


@pytest.mark.parametrize(("lang", "plan", "record"), [
    ("en", "no plan", "not wholly on record"), ("zh", "没有", "记录不完整"),
])  # fmt: skip
def test_what_is_not_on_record_did_not_fall_short(lang, plan, record):
    """A shop closed inside the window has a plan and no whole window; a new one has sales and nothing to plan from."""
    tree = targets.as_plan(targets.kpi_tree(measured(shop()), "a", "programme"), "value")
    closed = targets.attainment(tree.assign(source="proposed"), targets.kpi_tree(measured([]), "a", "programme"))
    assert targets.shortfalls(closed).empty
    assert record in targets.attainment_sentence(closed, "CNY", lang=lang)
    new = targets.attainment(
        tree.head(0).assign(source="proposed"), targets.kpi_tree(measured(shop()), "a", "programme")
    )
    assert targets.shortfalls(new).empty
    assert plan in targets.attainment_sentence(new, "CNY", lang=lang)
    assert "nan" not in targets.attainment_sentence(closed, "CNY", lang=lang) + targets.shortfall_sentence(
        targets.shortfalls(new), "CNY", lang=lang
    )
    daily = pd.DataFrame({"merchant": "a", "day": pd.date_range("2024-01-01", "2024-03-31"), "gmv": 100})
    window = targets.window_days(("2024-03-01", "2024-03-31"))
    assert "inf" not in targets.pacing_sentence(targets.pacing(daily, "a", [], window, 0.0), lang)


def test_an_empty_store_runs_through_and_every_figure_says_so():
    windows = targets.phases(None, None, "2024-03-01", lambda days, _: days - pd.Timedelta(days=364))
    m = measured([], windows=windows)
    tree = targets.kpi_tree(m, "a", "programme")
    market = targets.market(m, [], "before", "programme", targets.without_programme(m, "a", float("nan")))
    plan = targets.planned(
        targets.as_plan(targets.propose(m, "a", "before", market, targets.no_lift())),
        canonical("targets"), windows["programme"],
    )  # fmt: skip
    reviewed = targets.with_owners(targets.attainment(plan, tree), canonical("owners"), windows["programme"][1])
    gaps = targets.shortfalls(reviewed)
    season = targets.season(m, ["a"], "programme", ("next_last_year", "programme_last_year"))
    lifts = targets.past_lifts(m, ["a"], [], "before", "programme")
    proposal = targets.propose(m, "a", "programme", season, lifts)
    odds = targets.chances(proposal, season.attrs["se"], season.attrs["df"])
    none = pd.DataFrame({"merchant": [], "day": pd.to_datetime([]), "gmv": []})
    run = targets.pacing(none, "a", [], windows["next"], targets.total(proposal, "base"))
    words = {"merchant": "a", "period": "2024", "currency": "CNY"}
    for lang in ("en", "zh"):
        figures = [
            draw.tree(reviewed, **words, lang=lang), draw.shortfalls(gaps, **words, lang=lang),
            draw.pacing(run, **words, lang=lang), draw.next_targets(proposal, odds, **words, lang=lang),
        ]  # fmt: skip
        assert all(f.layout.title.text for f in figures)
        for say in (
            targets.tree_sentence(tree, "CNY", lang=lang), targets.attainment_sentence(reviewed, "CNY", lang=lang),
            targets.shortfall_sentence(gaps, "CNY", lang=lang), targets.pacing_sentence(run, lang),
            targets.plan_sentence(proposal, season, lifts, odds, "CNY", lang=lang),
        ):  # fmt: skip
            assert say.endswith(("。", "."))
    assert targets.target_metrics(reviewed, gaps, proposal, odds, "CNY") is not None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_tree_that_nobody_owns_says_how_to_name_owners(lang):
    rows = [("gmv", 100.0), ("known", 100.0), ("buyers", 5.0), ("frequency", 2.0), ("basket", 10.0)]
    tree = pd.DataFrame(rows, columns=["node", "value"])
    nobody = targets.tree_sentence(tree.assign(owner=""), "CNY", lang=lang)
    assert "canonical_owners" in nobody
    assert "valid_from" in nobody
    some = targets.tree_sentence(tree.assign(owner=["Li", "", "", "", ""]), "CNY", lang=lang)
    assert "canonical_owners" not in some
    assert "4" in some
