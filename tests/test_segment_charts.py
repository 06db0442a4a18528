"""Claims about the people charts: a finding for every table, a sentence for an empty one, both languages."""

from functools import cache

import pandas as pd
import pytest
from segment_data import random_orders, tables

from retailkit import segment
from retailkit.charts import people, people_value
from retailkit.charts.tables import readable

AS_OF = "2024-12-01"
WORDS = {"merchant": "Shop M", "period": "2024", "source": "orders"}


@cache
def results(as_of: str, lang: str) -> dict[str, pd.DataFrame]:
    """Tables of the chapter, for tests to read."""
    table, persons = tables(pd.concat([random_orders(s, merchant=name) for s, name in enumerate("mabc")]))
    full = persons.mutate(system=segment_text("crm"), accounts=1)
    accounts = persons.select("merchant", "account").mutate(first_seen_on=segment_text(None))
    accounts = accounts.mutate(first_seen_on=accounts.first_seen_on.cast("date"))
    own, own_persons = table.filter(table.merchant == "m"), persons.filter(persons.merchant == "m")
    features = segment.person_features(own, own_persons, as_of).cache()
    named = segment.rfm_segments(features).cache()
    days = ["2024-06-01", as_of] if as_of > "2024-06-01" else [as_of]
    thresholds = segment.lifecycle_days(own, own_persons, as_of)
    states = segment.lifecycle_states(table, persons, days, thresholds).cache()
    moves = segment.lifecycle_moves(states)
    today = states.filter(states.day == states.day.max())
    expected = segment.next_spend(own, own_persons, as_of)
    chosen = segment.choose_audience(named, today, expected, segment.tag_rules(), seed=1, lang=lang)
    worth, _ = segment.people_worth(features, 56, seed=1)
    found = {
        "assets": segment.asset_growth(accounts, own, full.filter(full.merchant == "m"), days),
        "segments": segment.segment_profile(named),
        "lifecycle": segment.lifecycle_counts(states.filter(states.merchant == "m")),
        "moves": moves[moves["merchant"] == "m"],
        "against_donors": segment.rates_against_donors(segment.move_rates(moves), "m"),
        "audiences": segment.audience_sizes(chosen),
        "worth": segment.worth_by_segment(worth, named),
        "vintages": segment.vintage_retention(own, own_persons, as_of),
    }
    return {name: segment.in_words(frame, lang) for name, frame in found.items()}


def segment_text(value):
    import ibis

    return ibis.null("string") if value is None else ibis.literal(value)


def draw(name: str, table: pd.DataFrame, lang: str):
    home = people if hasattr(people, name) else people_value
    money = {"currency": "CNY"} if name in ("audiences", "worth") else {}
    return getattr(home, name)(table, lang=lang, **money, **WORDS)


def test_a_state_has_one_colour_at_every_merchant():
    whole = pd.DataFrame(
        {"day": "2024-06-01", "state": list("abcdef"), "place": range(6), "persons": 10, "share": 1 / 6}
    )
    colours = {bar.name: bar.marker.color for bar in people.lifecycle(whole, **WORDS).data}
    few = people.lifecycle(whole[whole["state"].isin(["a", "d"])], **WORDS).data
    assert {bar.name: bar.marker.color for bar in few} == {name: colours[name] for name in "ad"}


def test_a_chance_to_be_active_that_is_not_known_is_not_written():
    worth = results(AS_OF, "en")["worth"]
    known, unknown = (draw("worth", worth.assign(alive=a), "en").to_json() for a in (0.5, float("nan")))
    assert "active 50%" in known
    assert "active" not in unknown
    assert " each" in unknown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_chart_states_a_finding_with_unit_merchant_and_source(lang):
    for name, table in results(AS_OF, lang).items():
        before = table.copy()
        figure = draw(name, table, lang)
        pd.testing.assert_frame_equal(table, before)
        words = " ".join(a.text for a in figure.layout.annotations)
        title = figure.layout.title.text
        assert "Shop M" in words, name
        assert "orders" in words, name
        assert len(figure.data), name
        assert "nan" not in title.lower(), name
        assert any("\u4e00" <= c <= "\u9fff" for c in title) == (lang == "zh"), (name, title)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_chart_of_an_empty_table_says_why(lang):
    for name, table in results("2000-01-01", lang).items():
        if name == "assets":
            table = table.head(0)
        figure = draw(name, table, lang)
        assert [a.name for a in figure.layout.annotations][-1] == "empty", name


def test_readable_keeps_rows_and_writes_figures_by_name():
    shown = readable(results(AS_OF, "en")["segments"], "GBP")
    assert "merchant" not in shown
    assert shown["share"].str.endswith("%").all()
    assert shown["net sales"].str.contains("£").all()
