"""Claims about the formats' figures: the title is the finding, empty tables say so, both languages."""

import numpy as np
import pandas as pd
import pytest

from retailkit.attribute.scenes import touchpoint_titles
from retailkit.charts import formats as draw
from retailkit.charts.formats.parts import name
from retailkit.formats import kaplan_meier

WORDS = {"merchant": "m", "period": "2018-11", "source": "orders"}


def shares(frame, name):
    return frame.assign(**{f"{name}_low": frame[name] - 0.05, f"{name}_high": frame[name] + 0.05})


LEDGER = pd.DataFrame({
    "format": ["guide", "shop", "all"], "orders": [5, 9, 14], "net_amount": [100_000, 300_000, 400_000],
    "share": [0.25, 0.75, 1.0],
})  # fmt: skip
FUNNEL = shares(pd.DataFrame({
    "entrance": ["all"] * 5 + ["guide"] * 5, "step": ["visit", "product", "cart", "checkout", "pay"] * 2,
    "visitors": [100, 60, 30, 20, 10, 40, 30, 20, 10, 8], "share": [1, 0.6, 0.3, 0.2, 0.1, 1, 0.75, 0.5, 0.25, 0.2],
}), "share")  # fmt: skip
RETURNS = shares(
    pd.DataFrame({"entrance": ["guide", "search"], "visitors": [10, 20], "return_share": [0.4, 0.2]}), "return_share"
)
MESSAGES = shares(pd.DataFrame({
    "campaign": ["Type A", "Type B"], "campaign_id": ["18", None], "receivers": [100, 50], "ordered": [20, 5],
    "ordered_share": [0.2, 0.1], "first_on": pd.to_datetime(["2018-11-05", "2018-11-12"]),
}), "ordered_share")  # fmt: skip
ACTIVATION = shares(pd.DataFrame({
    "region": "all", "act": ["any", "order"], "roster": 400, "active": [352, 200], "rate": [0.88, 0.5],
}), "rate")  # fmt: skip
GUIDES = pd.DataFrame({"guide": ["1", "2", "3"], "net_amount": [300, 100, 0], "share": [0.75, 0.25, 0.0]})
LIVES = kaplan_meier(np.arange(1, 41), np.arange(40) % 4 > 0)
SURVIVAL = pd.concat([LIVES.assign(kind=kind) for kind in ("all", "run by guides", "left alone")])
SIZES = pd.DataFrame({"members": [10, 49, 50, 51, 120]})
GENERATIONS = pd.DataFrame({
    "generation": ["all", "0", "1"], "k": [0.6, 0.8, np.nan], "k_low": [0.5, 0.7, np.nan], "k_high": [0.7, 0.9, np.nan],
})  # fmt: skip
COST = pd.DataFrame({
    "touchpoint": ["all", "ads", "guide"],
    "cost_per_new": [3000.0, 2000.0, np.nan], "cost_low": [2500.0, 1500.0, 100.0],
    "cost_high": [3500.0, np.nan, np.nan], "marginal_cost": [5000.0, np.nan, np.nan],
    "marginal_low": [4000.0, np.nan, np.nan], "marginal_high": [7000.0, np.nan, np.nan],
})  # fmt: skip
FIGURES = {
    "format_sales": (LEDGER, "Shop sold $3.00K, 75% of all"),
    "funnel": (FUNNEL, "10.0% of 100 visitors paid"),
    "returns": (RETURNS, "Guide brings visitors back most often: 40%"),
    "messages": (MESSAGES, "17% of the receivers of the 2 largest messages ordered afterwards"),
    "activation": (ACTIVATION, "88% of 400 guides did something that counts"),
    "guide_bars": (GUIDES, "The best of 2 selling guides brings 75% of guide sales"),
    "survival": (SURVIVAL, "Half of the groups are silent after"),
    "sizes": (SIZES, "60% of 5 groups reached 50 members"),
    "generations": (GENERATIONS, "Each shared visit brings 0.60 others"),
    "acquisition": (COST, "Ads wins a new customer for $20"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_title_is_the_finding_and_the_subtitle_says_who_and_when(name):
    table, finding = FIGURES[name]
    figure = getattr(draw, name)(table, **WORDS)
    assert finding in figure.layout.title.text
    below = " ".join(note.text for note in figure.layout.annotations if note.name in ("subtitle", "source"))
    assert "m · 2018-11" in below
    assert "orders" in below


@pytest.mark.parametrize("name", FIGURES)
def test_chinese_figures_have_chinese_titles(name):
    title = getattr(draw, name)(FIGURES[name][0], lang="zh", **WORDS).layout.title.text
    assert any("一" <= letter <= "鿿" for letter in title)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_empty_tables_become_a_figure_that_says_so(name, lang):
    figure = getattr(draw, name)(FIGURES[name][0].head(0), lang=lang, **WORDS)
    assert [note for note in figure.layout.annotations if note.name == "empty"]


def test_a_touchpoint_has_one_chinese_name_in_all_chapters():
    acts = {"share", "message"}  # also what a guide does, in words of its own
    for code, title in touchpoint_titles("zh").items():
        if code not in acts and name(code, "zh") != code.replace("_", " "):
            assert name(code, "zh") == title


def test_messages_of_one_title_are_told_apart_by_their_first_day_and_then_by_their_id():
    rows = pd.concat(
        [MESSAGES.assign(campaign="Weekly"), MESSAGES.iloc[:1].assign(campaign="Weekly", campaign_id="19")]
    )
    figure = draw.messages(rows, merchant="m", period="p")
    named = set(figure.layout.yaxis.categoryarray)
    assert named == {"Weekly 2018-11-12", "Weekly 2018-11-05 18", "Weekly 2018-11-05 19"}
    alone = draw.messages(MESSAGES, merchant="m", period="p")
    assert set(alone.layout.yaxis.categoryarray) == {"Type A", "Type B"}


def test_groups_are_counted_in_whole_groups():
    ticks = draw.sizes(SIZES.head(2), merchant="m", period="p").layout.yaxis.tickvals
    assert all(tick == int(tick) for tick in ticks)


def test_a_price_of_a_new_customer_comes_with_its_interval_and_says_where_it_is_cut():
    known = COST.assign(cost_high=[3500.0, 9000.0, np.nan], marginal_high=[90_000.0, np.nan, np.nan])
    figure = draw.acquisition(known, merchant="m", period="p")
    assert "Ads wins a new customer for $20 ($15–$90)" in figure.layout.title.text
    assert "goes on" in next(a.text for a in figure.layout.annotations if a.name == "subtitle")
    assert figure.layout.xaxis.range[1] < 900


def test_that_a_message_came_before_an_order_is_not_said_to_have_caused_it():
    for lang, said in (("en", "not because of"), ("zh", "不等于因果")):
        notes = draw.messages(MESSAGES, merchant="m", period="p", lang=lang).layout.annotations
        assert said in next(note.text for note in notes if note.name == "subtitle")


def test_all_acts_together_stand_first_in_the_colour_of_a_whole():
    figure = draw.activation(ACTIVATION.assign(rate=[0.5, 0.5]), merchant="m", period="p")
    assert figure.layout.yaxis.categoryarray[-1] == "Any"
    assert figure.data[-1].marker.color[-1] not in ("#E07B39", "#2A6496")
