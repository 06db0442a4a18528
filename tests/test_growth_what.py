"""What grew: splits that add up to the last digit, and zero rules for what came and went."""

import ibis
import numpy as np
import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world, order_rows, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.charts.cohort import factor_title
from retailkit.charts.grew import tree as draw_tree
from retailkit.growth.cells import cell_effects, cell_inputs
from retailkit.growth.effect import estimate
from retailkit.growth.factors import factor_effects, factors_sentence
from retailkit.growth.headline import headlines
from retailkit.growth.panel import daily_panel, weekly_panel
from retailkit.growth.record import Effect
from retailkit.growth.sentences import tree_sentence
from retailkit.growth.shapley import shapley
from retailkit.growth.tree import growth_tree, lmdi, tree_inputs
from retailkit.growth.verdict import percent

positive = st.floats(min_value=1e-4, max_value=1e6)
entry = st.one_of(st.just(0.0), positive)
segments = st.lists(st.tuples(*[entry] * 6), min_size=1, max_size=8)


@given(segments)
@settings(deadline=None)
def test_lmdi_leaves_no_residual(rows):
    table = np.array(rows)
    before, after = table[:, :3], table[:, 3:]
    then, now = before.prod(axis=1), after.prod(axis=1)
    split = lmdi(before, after)
    scale = max(np.abs(now - then).sum(), 1e-300)
    assert abs(split.sum() - (now - then).sum()) <= 1e-9 * scale
    assert np.all(np.abs(split.sum(axis=1) - (now - then)) <= 1e-9 * np.maximum(then, now).clip(1e-300))


@given(st.lists(st.tuples(*[positive] * 6), min_size=1, max_size=5))
@settings(deadline=None)
def test_lmdi_backwards_is_lmdi_negated(rows):
    table = np.array(rows)
    there, back = lmdi(table[:, :3], table[:, 3:]), lmdi(table[:, 3:], table[:, :3])
    assert np.allclose(there, -back, rtol=1e-6, atol=1e-6 * np.abs(there).max())


def test_a_segment_that_came_is_entry_and_not_a_factor():
    split = lmdi([[0, 5.0]], [[3, 5.0]])
    assert split.tolist() == [[0.0, 0.0, 15.0]]


def test_lmdi_refuses_a_negative_factor():
    with pytest.raises(ValueError, match="at or above zero"):
        lmdi([[1.0, -2.0]], [[1.0, 2.0]])


@given(st.lists(st.tuples(positive, positive), min_size=1, max_size=4))
@settings(deadline=None, max_examples=30)
def test_shapley_adds_up_for_any_function(pairs):
    names = [f"x{i}" for i in range(len(pairs))]
    before, after = ({n: p[k] for n, p in zip(names, pairs, strict=True)} for k in (0, 1))

    def value(x: dict[str, float]) -> float:
        return max(x.values()) + np.sqrt(sum(x.values()))

    assert shapley(value, before, after)["part"].sum() == pytest.approx(
        value(after) - value(before), rel=1e-9, abs=1e-6
    )


def test_shapley_refuses_different_factors():
    with pytest.raises(ValueError, match="different factors"):
        shapley(lambda x: 1.0, {"a": 1.0}, {"b": 1.0})


def shop_orders(seed: int = 5) -> pd.DataFrame:
    """Orders of merchants m and d0-d7 over two years, with touchpoints, new persons, unknown payers."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2018-01-01", PROGRAMME[1])
    rows = []
    for name in ["m", *(f"d{j}" for j in range(8))]:
        for day in days:
            late = name == "m" and day >= pd.Timestamp(PROGRAMME[0])
            for _ in range(rng.poisson(6 if late else 4)):
                person = None if rng.random() < 0.1 else f"p:{name}{int(rng.integers(60 + (40 if late else 0)))}"
                rows.append((name, str(day.date()), person, int(rng.integers(500, 6000))))
    orders = order_rows(rows)
    orders["touchpoint"] = rng.choice(["guide", "group"], len(orders))
    orders.loc[(orders["merchant"] == "m") & (orders.index % 7 == 0) & (orders["paid_on"] >= pd.Timestamp(
        PROGRAMME[0]).date()), "touchpoint"] = "live"  # fmt: skip
    orders["format"] = np.where(orders["touchpoint"] == "guide", "guide", "community")
    return orders


@pytest.fixture(scope="module")
def shop() -> tuple[ibis.Table, ibis.Table, pd.DataFrame, Effect]:
    orders, persons = tables(shop_orders())
    daily = daily_panel(orders, persons)
    effect = estimate(weekly_panel(daily, PROGRAMME), "m", [f"d{j}" for j in range(8)])
    return orders, persons, daily, effect


WINDOW = ("2018-07-30", "2018-09-30")  # as many days as PROGRAMME


def test_tree_adds_up_to_the_headline(shop):
    orders, persons, daily, _ = shop
    heads = headlines(daily, WINDOW, PROGRAMME, ["m"])
    tree = growth_tree(tree_inputs(orders, persons, WINDOW, PROGRAMME), "m", heads)
    change = heads["programme"].iloc[0] - heads["before"].iloc[0]
    assert abs(tree["part"].sum() - change) <= 1e-9 * abs(change)
    assert set(tree["segment"]) == {"new", "returning", "unknown"}
    assert tree["share"].sum() == pytest.approx(1)


def test_tree_counts_persons_as_pandas_does(shop):
    orders, persons, _, _ = shop
    frame = orders.execute()
    frame["paid_on"] = pd.to_datetime(frame["paid_on"])
    inside = frame[(frame["merchant"] == "m") & frame["paid_on"].between(*WINDOW)].dropna(subset=["account"])
    first = frame[frame["merchant"] == "m"].groupby("account")["paid_on"].min()
    new = inside["account"].map(first) >= WINDOW[0]
    rows = tree_inputs(orders, persons, WINDOW, PROGRAMME).query("merchant == 'm' and period == 'before'")
    buyers = rows.set_index("segment")["buyers"]
    assert buyers.get("new", 0) == inside.loc[new, "account"].nunique()
    assert buyers["returning"] == inside.loc[~new, "account"].nunique()


def test_tree_refuses_periods_of_unequal_length(shop):
    orders, persons, _, _ = shop
    inputs = tree_inputs(orders, persons, BASELINE, PROGRAMME)
    longer = inputs.assign(days=inputs["days"] + (inputs["period"] == "before"))
    with pytest.raises(ValueError, match="one length"):
        growth_tree(longer, "m")


def gap_a_day(effect: Effect) -> float:
    inside = effect.weeks[effect.weeks["phase"] == "programme"]
    return float(((inside["actual"] - inside["counterfactual"]) * inside["days"]).sum() / inside["days"].sum())


@pytest.mark.parametrize("method", ["auto", "sdid", "did", "augmented"])
def test_factor_gaps_add_up_to_the_gmv_gap(shop, method):
    _, _, daily, _ = shop
    weekly = weekly_panel(daily, PROGRAMME)
    effect = estimate(weekly, "m", [f"d{j}" for j in range(8)], method=method)
    factors = factor_effects(weekly, effect)
    assert factors["factor"].tolist() in (["buyers", "frequency", "basket"], ["orders", "basket"])
    assert abs(factors["part"].sum() - gap_a_day(effect)) <= 1e-9 * abs(gap_a_day(effect))
    assert np.exp(factors["gap"]).prod() == pytest.approx(effect.ratio), "a reader multiplies what stands side by side"
    assert factors["share"].sum() == pytest.approx(1)
    told = factors_sentence(factors)
    assert f"multiply to {percent(effect.effect)}" in told
    assert ("counted each day" in told) == ("frequency" in set(factors["factor"]))


def test_cells_are_raked_to_the_counterfactual_and_add_up(shop):
    orders, persons, daily, effect = shop
    inputs = cell_inputs(orders, persons, WINDOW, PROGRAMME)
    cells = cell_effects(inputs, effect)
    actual = headlines(daily, WINDOW, PROGRAMME, ["m"])["programme"].iloc[0]
    assert cells["actual"].sum() == pytest.approx(actual)
    assert cells["counterfactual"].sum() == pytest.approx(actual / effect.ratio)
    gap = actual - actual / effect.ratio
    parts = cells[["orders_part", "basket_part", "entry_part"]]
    assert abs(cells["part"].sum() - gap) <= 1e-9 * abs(gap)
    assert np.allclose(parts.sum(axis=1), cells["part"], rtol=0, atol=1e-9 * abs(gap))
    live = cells[cells["touchpoint"] == "live"]
    assert (live["kind"] == "entry").all()
    assert (live["counterfactual"] == 0).all()


@pytest.mark.parametrize(("sold", "label", "chinese"), [
    ([(5, 300), (0, 0)], "entry or exit", "新增或退出"), ([(5, 300), (4, -100)], "refunds above sales", "退款多于销售"),
    ([(4, -100), (5, 300)], "refunds above sales", "退款多于销售"), ([(5, 300), (2, 0)], "no net sales", "没有净销售额"),
])  # fmt: skip
def test_customers_whose_refunds_outdid_their_sales_neither_came_nor_went(sold, label, chinese):
    """Of two periods: (orders, net sales) of unknown payers."""
    inputs = pd.DataFrame(
        [("m", p, "unknown", 10, 0, n, gmv) for p, (n, gmv) in zip(("before", "programme"), sold, strict=True) if n],
        columns=["merchant", "period", "segment", "days", "buyers", "orders", "gmv"],
    )
    tree = growth_tree(inputs, "m")
    assert tree["factor"].tolist() == [label]
    assert tree["part"].sum() == pytest.approx((sold[1][1] - sold[0][1]) / 10)
    assert label in tree_sentence(tree)
    assert chinese in tree_sentence(tree, "zh")
    assert chinese in " ".join(draw_tree(tree, merchant="m", lang="zh").data[0].y)
    assert factor_title(label, "zh") == chinese


def test_a_cell_whose_refunds_outdid_its_sales_is_no_exit(shop):
    orders, persons, _, effect = shop
    inputs = cell_inputs(orders, persons, WINDOW, PROGRAMME)
    mine = (inputs["merchant"] == "m") & (inputs["touchpoint"] == "guide") & (inputs["customer"] == "unknown")
    now = mine & (inputs["period"] == "programme")
    place = ["touchpoint", "customer"]
    refunded = cell_effects(inputs.assign(gmv=inputs["gmv"].where(~now, -inputs["gmv"])), effect).set_index(place)
    assert refunded.loc[("guide", "unknown"), "kind"] == "refunds above sales"
    assert refunded["part"].sum() == pytest.approx(refunded["actual"].sum() * (1 - 1 / effect.ratio))
    gone = cell_effects(inputs[~now], effect).set_index(place)
    assert gone.loc[("guide", "unknown"), "kind"] == "exit"


def test_nothing_to_split_gives_empty_tables():
    daily = daily_world(1, donors=0)
    refused = estimate(weekly_panel(daily, PROGRAMME), "nobody", [])
    assert factor_effects(weekly_panel(daily, PROGRAMME), refused).empty
    orders, persons = tables(order_rows([("a", "2018-01-01", "p:1", 100)]))
    assert cell_effects(cell_inputs(orders, persons, BASELINE, PROGRAMME), refused).empty
    assert growth_tree(tree_inputs(orders, persons, None, None), "a").empty


def test_a_record_that_begins_with_the_period_before_says_that_everybody_is_new_there():
    """The same ten customers buy in both periods: they look like new ones who left and old ones who came."""
    days = [d.strftime("%Y-%m-%d") for window in (BASELINE, PROGRAMME) for d in pd.date_range(*window)]
    rows = [("a", day, f"p:{i % 10}", 100 + i) for i, day in enumerate(days)]
    told = {}
    for name, more in (("fresh", []), ("known", [("a", "2018-01-01", f"p:{i}", 50) for i in range(10)])):
        tree = growth_tree(tree_inputs(*tables(order_rows([*rows, *more])), BASELINE, PROGRAMME), "a")
        told[name] = (tree_sentence(tree), tree_sentence(tree, "zh"))
    assert all(word in said for word, said in zip(("everybody is new", "人人都是新客"), told["fresh"], strict=True))
    assert not any(word in said for word, said in zip(("everybody is new", "人人都是新客"), told["known"], strict=True))
