"""Claims about bad input: every kind gives a label or a refusal by name, never a wrong number."""

import numpy as np
import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world, order_rows, tables

from retailkit import growth
from retailkit.growth.verdict import CANNOT_TELL, RAISED
from retailkit.growth.words import in_words

DONORS = [f"d{j}" for j in range(8)]


def counted(daily: pd.DataFrame) -> pd.DataFrame:
    """Orders that move with sales, so that a changed definition can be told from business."""
    orders = (daily["gmv"] / daily.groupby("merchant")["gmv"].transform("mean") * 500).round().astype("int64")
    return daily.assign(orders=orders, buyers=orders)


def visits_of(daily: pd.DataFrame, factor: float = 1.0, since: str = "2100-01-01") -> pd.DataFrame:
    seen = daily.loc[daily["merchant"] == "m", ["merchant", "day", "orders"]].rename(columns={"orders": "visits"})
    return seen.assign(visits=seen["visits"] * 20 * np.where(seen["day"] >= since, factor, 1.0))


def study(daily: pd.DataFrame, changes: pd.DataFrame | None = None):
    weekly = growth.weekly_panel(daily, PROGRAMME)
    effect = growth.estimate(weekly, "m", DONORS)
    guards = growth.check_guards(weekly, effect, changes)
    return weekly, guards, growth.judge(effect, growth.headlines(daily, BASELINE, PROGRAMME, ["m"]), guards)


@pytest.fixture(scope="module")
def world():
    return counted(daily_world(5, donors=8, effect=0.5))


def test_a_sound_panel_has_no_changed_definition_and_is_claimed(world):
    weekly, guards, judged = study(world)
    assert growth.definition_breaks(weekly, "m", visits_of(world)).empty
    assert guards.set_index("guard").loc["same definition throughout", "status"] == "passed"
    assert judged.answer == RAISED


@pytest.mark.parametrize("factor", [1.5, 100.0])
def test_amounts_counted_otherwise_from_a_week_on_bar_the_claim(world, factor):
    mine = (world["merchant"] == "m") & (world["day"] >= "2018-08-27")
    broken = world.assign(gmv=world["gmv"].where(~mine, (world["gmv"] * factor).astype("int64")))
    weekly, guards, judged = study(broken)
    found = growth.definition_breaks(weekly, "m")
    assert found["series"].tolist() == ["gmv"]
    assert found["week"].iloc[0] == pd.Timestamp("2018-08-27")
    assert found["size"].iloc[0] == pytest.approx(np.log(factor), abs=0.15)
    assert judged.answer == CANNOT_TELL
    assert "sales seem to be counted otherwise" in judged.sentence
    assert "口径" in judged.sentence_zh
    assert guards.set_index("guard").loc["same definition throughout", "status"] == "failed"


def test_split_orders_are_named_as_orders(world):
    mine = (world["merchant"] == "m") & (world["day"] >= "2018-05-07")
    split = world.assign(orders=world["orders"].where(~mine, world["orders"] * 2))
    assert growth.definition_breaks(growth.weekly_panel(split, PROGRAMME), "m")["series"].tolist() == ["orders"]


def test_a_break_in_visits_but_not_in_orders_is_named_and_bars_nothing(world):
    weekly = growth.weekly_panel(world, PROGRAMME)
    found = growth.definition_breaks(weekly, "m", visits_of(world, 3.0, "2018-08-13"))
    assert found[["series", "partner"]].to_numpy().tolist() == [["visits", "orders"]]
    assert found["week"].iloc[0] == pd.Timestamp("2018-08-13")
    assert "visits" in growth.definitions_sentence(found)
    assert "访问量" in growth.definitions_sentence(found, "zh")
    _, guards, judged = study(world, found)
    assert guards.set_index("guard").loc["same definition throughout", "status"] == "noted"
    assert judged.answer == RAISED


def test_growth_that_moves_everything_is_no_changed_definition(world):
    mine = (world["merchant"] == "m") & (world["day"] >= "2018-05-07")
    doubled = world.assign(gmv=world["gmv"].where(~mine, world["gmv"] * 2),
                           orders=world["orders"].where(~mine, world["orders"] * 2))  # fmt: skip
    assert growth.definition_breaks(growth.weekly_panel(doubled, PROGRAMME), "m", visits_of(doubled)).empty


def test_visits_are_counted_from_sessions_else_as_stated():
    import ibis

    sessions = ibis.memtable(pd.DataFrame({"merchant": ["m", "m"], "started_on": [pd.Timestamp("2018-05-01").date()] * 2,
                                           "session_id": ["1", "2"]}))  # fmt: skip
    totals = ibis.memtable(pd.DataFrame({"merchant": ["m", "n"], "day": [pd.Timestamp("2018-05-01").date()] * 2,
                                         "visitors": [9, 7]}))  # fmt: skip
    got = growth.daily_visits(sessions, totals)
    assert got[["merchant", "visits"]].to_numpy().tolist() == [["m", 2], ["n", 7]]


def orders_without(first: str, last: str) -> pd.DataFrame:
    days = pd.date_range("2018-01-01", PROGRAMME[1])
    gone = (days >= first) & (days <= last)
    return order_rows([("m", str(d.date()), "c:1", 100) for d in days[~gone]])


@pytest.mark.parametrize(("first", "last", "known"), [
    ("2018-08-13", "2018-08-26", False), ("2018-10-08", "2018-10-21", False), ("2018-03-05", "2018-03-18", True),
    ("2018-08-13", "2018-08-15", True),
])  # fmt: skip
def test_missing_weeks_give_no_headline_and_a_silent_day_does(first, last, known):
    daily = growth.daily_panel(*tables(orders_without(first, last)))
    row = growth.headlines(daily, BASELINE, PROGRAMME, ["m"]).iloc[0]
    assert pd.notna(row["growth"]) == known
    if not known:
        assert f"no order from {first} to {last}" in row["reason"]
        assert growth.festival_parts(daily, ["m"], BASELINE, PROGRAMME).empty


def test_a_programme_whose_newest_day_stops_early_has_no_headline_and_says_which_day(world):
    cut = world.assign(partial=(world["day"] == PROGRAMME[1]) & (world["merchant"] == "d0"))
    heads = growth.headlines(cut, BASELINE, PROGRAMME, ["d0", "d1"]).set_index("merchant")
    assert pd.isna(heads.loc["d0", "growth"])
    said = heads.loc["d0", "reason"]
    assert said.startswith(f"sales stop early on {pd.Timestamp(PROGRAMME[1]).date()}, the newest day")
    assert in_words(said, "zh").startswith("最新一天")
    assert heads.loc["d1", "reason"] == ""


def test_windows_are_unlike_by_a_hole_or_a_changed_definition_and_nothing_else(world):
    lost = (world["merchant"] == "d0") & world["day"].between("2018-10-08", "2018-10-21")
    daily = world.assign(filled=lost)
    otherwise = pd.Series({"d1": pd.Timestamp("2018-10-22")})
    why = growth.unlike(daily, (BASELINE, PROGRAMME), otherwise)
    assert why["d0"] == "no order from 2018-10-08 to 2018-10-21: closed, or an export is missing"
    assert why["d1"] == "sales seem to be counted otherwise from the week of 2018-10-22"
    assert set(why.index) == {"d0", "d1"}
    assert growth.unlike(daily, (BASELINE,)).empty, "the hole lies in the other window"


def test_a_merchant_of_rare_orders_has_no_holes():
    days = pd.date_range("2018-01-01", PROGRAMME[1], freq="9D")
    daily = growth.daily_panel(*tables(order_rows([("m", str(d.date()), "c:1", 100) for d in days])))
    assert growth.holes(daily).empty


def test_missing_weeks_of_the_programme_refuse_the_estimate(world):
    mine = (world["merchant"] == "m") & world["day"].between("2018-10-08", "2018-10-21")
    lost = world.assign(gmv=world["gmv"].where(~mine, 0), filled=mine, orders=world["orders"].where(~mine, 0))
    _, guards, judged = study(lost)
    assert guards.empty
    assert judged.answer == CANNOT_TELL
    assert "zero or below" in judged.sentence


@pytest.mark.parametrize(("kind", "word"), [
    ("missing", "no order from 2018-10-08 to 2018-10-21"), ("changed", "sales seem to be counted otherwise"),
    ("zero", "the week of 2018-10-15 sold zero or less"), ("sound", ""),
])  # fmt: skip
def test_targets_are_no_verdict_where_the_windows_are_not_alike(world, kind, word):
    mine = world["merchant"] == "m"
    daily = world
    if kind == "missing":
        lost = mine & world["day"].between("2018-10-08", "2018-10-21")
        daily = world.assign(**{name: world[name].where(~lost, 0) for name in ("gmv", "orders")}, filled=lost)
    elif kind == "changed":
        daily = world.assign(gmv=world["gmv"].where(~(mine & (world["day"] >= "2018-08-27")), world["gmv"] * 100))
    elif kind == "zero":
        daily = world.assign(gmv=world["gmv"].where(~(mine & world["day"].between("2018-10-15", "2018-10-21")), 0))
    changes = growth.across(growth.definition_breaks(growth.weekly_panel(daily, PROGRAMME), "m"), BASELINE)
    heads = growth.headlines(daily, BASELINE, PROGRAMME, ["m"])
    said = growth.caution_sentence(heads, "m", "en", changes)
    assert said is None if kind == "sound" else word in said
    assert kind == "sound" or growth.caution_sentence(heads, "m", "zh", changes).startswith("注意")


def test_a_history_cut_short_promises_no_power(world):
    mine = (world["merchant"] == "m") & world["day"].between("2018-08-13", "2018-08-19")
    weekly = growth.weekly_panel(world.assign(gmv=world["gmv"].where(~mine, 0)), PROGRAMME)
    table = growth.detectable(weekly, "m", DONORS)
    assert table["smallest_effect"].isna().all()
    assert table["reason"].iloc[0] == "fewer than 12 weeks would be left before"
    assert (table["reason"] != "").all()
    assert "cannot be told beforehand" in growth.power_sentence(table)


def test_missing_weeks_before_the_programme_are_not_fitted(world):
    mine = (world["merchant"] == "m") & world["day"].between("2018-02-05", "2018-02-18")
    lost = world.assign(gmv=world["gmv"].where(~mine, 0), filled=mine)
    effect = growth.estimate(growth.weekly_panel(lost, PROGRAMME), "m", DONORS)
    assert effect.weeks["week"].min() >= pd.Timestamp("2018-02-19")
    assert np.isfinite(effect.effect)


def test_windows_of_unequal_length_are_cut_alike_and_said():
    days = pd.date_range("2018-01-01", "2018-05-31")
    orders = order_rows([("m", str(d.date()), "c:1", 100) for d in days])
    before, programme = ("2018-02-01", "2018-03-31"), ("2018-04-01", "2018-05-31")
    inputs = growth.tree_inputs(*tables(orders), before, programme)
    assert set(inputs["days"]) == {59}
    assert set(inputs["orders"]) == {59}
    assert growth.growth_tree(inputs, "m")["part"].sum() == pytest.approx(0)
    assert "2018-04-01 to 2018-04-02" in growth.cut_sentence(before, programme)
    assert "2018-04-01 至 2018-04-02" in growth.cut_sentence(before, programme, "zh")
    assert growth.cut_sentence(before, ("2018-04-01", "2018-05-29")) is None


def test_no_doubling_is_read_across_a_changed_definition(world):
    mine = (world["merchant"] == "m") & (world["day"] >= "2018-10-22")
    broken = world.assign(gmv=world["gmv"].where(~mine, world["gmv"] * 2))
    changes = growth.across(growth.definition_breaks(growth.weekly_panel(broken, PROGRAMME), "m"), BASELINE)
    heads = growth.headlines(broken, BASELINE, PROGRAMME, ["m"])
    said = growth.headline_sentence(heads, "m", "en", changes)
    assert "counted otherwise from the week of 2018-10-22, so no doubling is read" in said
    assert "口径" in growth.headline_sentence(heads, "m", "zh", changes)
    steps = growth.build_bridge(
        broken, growth.estimate(growth.weekly_panel(broken, PROGRAMME), "m", DONORS), BASELINE, PROGRAMME
    )
    assert "Mind: sales" in growth.bridge_sentence(steps, "en", changes)
    assert "注意" in growth.bridge_sentence(steps, "zh", changes)
    assert growth.across(changes, ("2018-11-01", "2018-11-15")).empty, "before the period before it compares nothing"


def test_one_merchant_counted_otherwise_is_left_out_of_the_pooled_headline(world):
    """d1's sales in fen from a week of the programme on: the pooled headline is that of the others, and says so."""
    theirs = (world["merchant"] == "d1") & (world["day"] >= "2018-10-22")
    broken = world.assign(gmv=world["gmv"].where(~theirs, world["gmv"] * 100))
    names = ["m", "d1", "d2"]
    breaks = growth.breaks_of_all(growth.weekly_panel(broken, PROGRAMME), names)
    otherwise = growth.counted_otherwise(breaks, names, BASELINE)
    assert otherwise.to_dict() == {"d1": pd.Timestamp("2018-10-22")}
    heads = growth.headlines(broken, BASELINE, PROGRAMME, names, otherwise)
    sound = growth.pooled(growth.headlines(world, BASELINE, PROGRAMME, ["m", "d2"]))
    pd.testing.assert_frame_equal(growth.pooled(heads), sound)
    assert "otherwise from the week of 2018-10-22" in growth.headline_sentence(heads, "d1")
    assert "自 2018-10-22 当周起销售额口径可能已改变" in growth.headline_sentence(heads, "d1", "zh")
    assert "1 of 3 merchants left out" in growth.pooled_caution(otherwise, heads)
    assert "3 家中有 1 家不计入合计" in growth.pooled_caution(otherwise, heads, "zh")
    assert growth.pooled_caution(otherwise.head(0), heads) is None
    assert growth.counted_otherwise(
        growth.breaks_of_all(growth.weekly_panel(world, PROGRAMME), names), names, BASELINE
    ).empty


def compared(daily: pd.DataFrame):
    """The chapter's way: no comparison across a changed definition of the merchant or of a donor."""
    weekly = growth.weekly_panel(daily, PROGRAMME)
    breaks = growth.breaks_of_all(weekly, ["m", *DONORS])
    known = growth.since_last_change(weekly, breaks)
    effect = growth.estimate(known, "m", DONORS)
    otherwise = growth.counted_otherwise(breaks, ["m"], BASELINE)
    heads = growth.headlines(daily, BASELINE, PROGRAMME, ["m"], otherwise)
    guards = growth.check_guards(known, effect, growth.definition_breaks(weekly, "m"))
    judged = growth.judge(effect, heads, guards)
    steps = growth.build_bridge(daily, effect, BASELINE, PROGRAMME, heads=heads, breaks=breaks)
    metrics = growth.growth_metrics(heads, steps, effect, judged, "CNY")
    return effect, judged, steps, {m["metric"]: m for m in metrics}


@pytest.mark.parametrize(("since", "word", "word_zh"), [
    ("2018-10-22", "from the week of 2018-10-22, inside the programme", "项目期内"),
    ("2018-10-01", "0 weeks before the programme since sales seem to be counted otherwise", "仅 0 周"),
    ("2018-08-27", "since sales seem to be counted otherwise (a price that jumps looks the same); 12 are needed", "仅 "),
])  # fmt: skip
def test_no_number_is_made_across_a_changed_definition(world, since, word, word_zh):
    mine = (world["merchant"] == "m") & (world["day"] >= since)
    effect, judged, steps, metrics = compared(world.assign(gmv=world["gmv"].where(~mine, world["gmv"] * 100)))
    assert word in effect.refused
    assert judged.answer == CANNOT_TELL
    assert judged.left_out is not None
    assert word in judged.left_out[0]
    assert word_zh in judged.left_out[1]
    assert steps.empty
    for name in ("effect", "growth", "gmv_before", "gmv_programme"):
        assert np.isnan(metrics[name]["value"]), name
    assert "otherwise" in metrics["headline_doubt"]["text"]
    assert "口径" in metrics["headline_doubt_zh"]["text"]


def test_a_change_long_before_cuts_the_history_and_leaves_the_effect(world):
    """Prices in fen from April on, six months before: the effect is the sound world's, within its interval, and claimed."""
    mine = (world["merchant"] == "m") & (world["day"] >= "2018-04-02")
    effect, judged, steps, metrics = compared(world.assign(gmv=world["gmv"].where(~mine, world["gmv"] * 100)))
    sound, *_ = compared(world)
    assert effect.weeks["week"].min() == pd.Timestamp("2018-04-02")
    assert sound.low < effect.effect < sound.high
    assert judged.answer == RAISED
    assert "only weeks since then are compared" in judged.sentence
    assert "只比较此后的周" in judged.sentence_zh
    assert steps["step"].tolist()[-1] == "headline"
    assert metrics["left_out"]["text"] == metrics["barred"]["text"] == ""


def test_where_nothing_is_on_record_nothing_was_counted_otherwise(world):
    weekly = growth.weekly_panel(world, PROGRAMME)
    none = growth.breaks_of_all(weekly.head(0), ["m"])
    assert none.empty
    assert growth.since_last_change(weekly.head(0), none).empty
    assert growth.since_last_change(weekly, none).equals(weekly)
    assert growth.counted_otherwise(none, ["m"], BASELINE).empty
    assert growth.counted_otherwise(none, ["m"], None).empty


def test_a_donor_counted_otherwise_does_not_move_the_counterfactual(world):
    theirs = (world["merchant"] == "d1") & (world["day"] >= "2018-10-22")
    effect, *_ = compared(world.assign(gmv=world["gmv"].where(~theirs, world["gmv"] * 100)))
    donors = effect.donors.set_index("donor")
    assert not donors.loc["d1", "used"]
    assert "counted otherwise inside the programme" in donors.loc["d1", "reason"]
    without = growth.estimate(growth.weekly_panel(world, PROGRAMME), "m", [d for d in DONORS if d != "d1"])
    assert effect.effect == pytest.approx(without.effect)


def test_last_year_tells_no_season_where_its_windows_were_counted_otherwise():
    daily = counted(daily_world(5, donors=8, start="2017-01-02", effect=0.5))
    mine = (daily["merchant"] == "m") & (daily["day"] >= "2017-09-18")
    _, _, steps, _ = compared(daily.assign(gmv=daily["gmv"].where(~mine, daily["gmv"] * 100)))
    _, _, sound, _ = compared(daily)
    assert sound["step"].tolist() == ["season", "market", "programme", "headline"]
    assert steps["step"].tolist() == ["season and market", "programme", "headline"]


def test_split_orders_leave_the_effect_and_take_its_factors(world):
    mine = (world["merchant"] == "m") & (world["day"] >= "2018-10-15")
    split = world.assign(orders=world["orders"].where(~mine, world["orders"] * 2))
    effect, judged, _, _ = compared(split)
    assert effect.effect == pytest.approx(compared(world)[0].effect)
    assert (judged.answer, [short for short, _ in judged.barred]) == (
        CANNOT_TELL,
        ["orders are counted otherwise along the way"],
    )
    weekly = growth.weekly_panel(split, PROGRAMME)
    known = growth.since_last_change(weekly, growth.breaks_of_all(weekly, ["m", *DONORS]))
    assert growth.factor_effects(known, effect).empty
    assert len(growth.factor_effects(weekly, effect)), "without the cut they would be told, and wrong"


def test_a_change_after_the_programme_changes_nothing(world):
    longer = counted(daily_world(5, donors=8, effect=0.5, end="2019-02-24"))
    mine = (longer["merchant"] == "m") & (longer["day"] >= "2018-12-24")
    broken = longer.assign(gmv=longer["gmv"].where(~mine, longer["gmv"] * 100))
    effect, judged, *_ = compared(broken)
    assert effect.effect == pytest.approx(compared(longer)[0].effect)
    assert judged.answer == RAISED


@pytest.mark.parametrize(
    ("first", "last", "sold"), [("2018-08-13", "2018-08-19", -5000), ("2018-10-15", "2018-10-21", 0)]
)
def test_a_week_of_refunds_or_without_sales_leaves_no_doubling_to_read(world, first, last, sold):
    mine = (world["merchant"] == "m") & world["day"].between(first, last)
    odd = world.assign(gmv=world["gmv"].where(~mine, sold))
    heads = growth.headlines(odd, BASELINE, PROGRAMME, ["m"])
    assert pd.isna(heads["doubled"].iloc[0])
    assert f"the week of {first} sold zero or less" in growth.headline_sentence(heads, "m")
    assert f"{first} 当周销售额为零或为负" in growth.headline_sentence(heads, "m", "zh")
    assert growth.headlines(world, BASELINE, PROGRAMME, ["m"])["note"].tolist() == [""]


def test_a_history_cut_by_a_week_of_refunds_says_so(world):
    mine = (world["merchant"] == "m") & world["day"].between("2018-08-13", "2018-08-19")
    _, _, judged = study(world.assign(gmv=world["gmv"].where(~mine, -5000)))
    assert "6 weeks before the programme since a week without sales or with refunds" in judged.sentence
    assert "销售为零或为负的周之后仅 6 周" in judged.sentence_zh
