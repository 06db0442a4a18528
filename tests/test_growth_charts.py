"""The growth chapter's charts: titles state the finding, empty tables say so, both languages work."""

import re

import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world

from retailkit.charts import grew
from retailkit.charts import growth as draw
from retailkit.charts.growth_tables import TABLES, show
from retailkit.growth.bridge import build_bridge
from retailkit.growth.effect import estimate
from retailkit.growth.headline import headlines
from retailkit.growth.panel import weekly_panel
from retailkit.growth.quick import gains_by_week
from retailkit.growth.sentences import bridge_sentence, cells_sentence
from retailkit.growth.steps import find_steps, gaps

NAMES = [f"d{j}" for j in range(8)]
TREE = pd.DataFrame({
    "segment": ["new", "returning"], "factor": ["buyers", "basket"], "before": [1.0, 2.0], "programme": [2.0, 1.0],
    "part": [500.0, -100.0], "share": [1.25, -0.25],
})  # fmt: skip
CELLS = pd.DataFrame({
    "touchpoint": ["guide", "guide"], "format": ["guide", "guide"], "customer": ["new", "returning"],
    "before": [0.0, 10.0], "counterfactual": [0.0, 12.0], "actual": [5.0, 15.0], "part": [5.0, 3.0],
})  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    daily = daily_world(1, donors=8, effect=0.5)
    weekly = weekly_panel(daily, PROGRAMME)
    effect = estimate(weekly, "m", NAMES)
    return {
        "headline": headlines(daily, BASELINE, PROGRAMME, ["m"]),
        "bridge": build_bridge(daily, effect, BASELINE, PROGRAMME),
        "counterfactual": effect.weeks,
        "estimators": effect.others,
        "gains": gains_by_week(effect),
        "gaps": gaps(effect),
        "steps": find_steps(effect),
    }


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["headline", "bridge", "counterfactual", "estimators", "gains"])
def test_each_chart_states_its_finding_and_takes_an_empty_table(tables, name, lang):
    chart = getattr(draw, name)
    figure = chart(tables[name], merchant="m", period="2018", source="orders", lang=lang)
    assert len(figure.data) >= 1
    assert figure.layout.title.text
    blank = chart(tables[name].head(0), merchant="m", lang=lang)
    assert len(blank.data) == 0
    assert any(note.name == "empty" for note in blank.layout.annotations)


def test_bridge_title_quotes_the_headline(tables):
    ratio = tables["bridge"]["ratio"].iloc[-1]
    assert f"{ratio:.2f}" in draw.bridge(tables["bridge"], merchant="m").layout.title.text


def test_festival_weeks_and_the_programme_are_shaded(tables):
    layout = draw.counterfactual(tables["counterfactual"], merchant="m").layout
    named = {s.label.text for s in layout.shapes if s.label.text} | {a.text for a in layout.annotations}
    assert {"programme", "Double 11"} <= named


def test_a_festival_at_the_end_is_named_inside_the_chart(tables):
    marked = tables["counterfactual"].sort_values("week")
    last = marked["week"].max()
    marked = marked.assign(festival=["double_12" if w == last else "" for w in marked["week"]])
    (name,) = [a for a in draw.counterfactual(marked, merchant="m").layout.annotations if a.text == "Double 12"]
    assert name.xanchor == "right"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_staircase_tree_and_cells(tables, lang):
    stairs = draw.staircase(tables["gaps"], tables["steps"], merchant="m", lang=lang)
    assert len(stairs.data[0].x) == len(tables["gaps"])
    assert grew.tree(TREE, merchant="m", lang=lang).data[0].x[-1] == pytest.approx(4.0)
    assert sum(grew.cells(CELLS, merchant="m", lang=lang).data[0].values) == pytest.approx(0.2)
    assert len(grew.tree(TREE.head(0), merchant="m", lang=lang).data) == 0
    assert len(grew.cells(CELLS.head(0), merchant="m", lang=lang).data) == 0


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_touchpoints_lead_from_the_counterfactual_to_what_was_sold(lang):
    many = pd.concat([CELLS.assign(touchpoint=f"t{i}", part=CELLS["part"] * i) for i in range(14)], ignore_index=True)
    many["actual"] = many["counterfactual"] + many["part"]
    bars = grew.by_touchpoint(many, merchant="m", lang=lang, currency="CNY").data[0]
    assert len(bars.y) == grew.MOST + 3
    assert sum(bars.x[:-1]) == pytest.approx(many["actual"].sum() / 100)
    assert len(grew.by_touchpoint(CELLS.head(0), merchant="m", lang=lang).data) == 0


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_donors_no_cell_is_set_against_what_the_programme_left_out(lang):
    """Only the merchant's own past stands behind such a counterfactual: neither chart nor sentence names the programme."""
    table = CELLS.assign(kind="change")
    drawn = [chart(table, merchant="m", lang=lang, descriptive=True) for chart in (grew.cells, grew.by_touchpoint)]
    told = [cells_sentence(table, lang, descriptive=True), *(str(figure.to_dict()) for figure in drawn)]
    for text in told:
        assert not re.search(
            "programme|would have been|无项目|反事实|counterfactual", text.encode().decode("unicode_escape")
        )
    past = {"en": "own past carried on", "zh": "自身历史外推"}[lang]
    assert all(past in text for text in (told[0], drawn[0].layout.annotations[0].text, drawn[1].layout.title.text))


def test_names_of_near_festivals_stand_in_rows_of_their_own(tables):
    weeks = tables["counterfactual"].sort_values("week").reset_index(drop=True)
    marks = [""] * len(weeks)
    marks[30], marks[32] = "double_11", "double_12"
    notes = draw.counterfactual(weeks.assign(festival=marks), merchant="m").layout.annotations
    rows = {a.text: a.yshift for a in notes if a.text in ("Double 11", "Double 12")}
    assert rows["Double 11"] != rows["Double 12"]


def test_figures_and_sentences_use_the_same_chinese():
    from retailkit.charts.growth_words import WORDS
    from retailkit.growth.words import PLAIN

    assert {word: PLAIN[word] for word in WORDS} == WORDS


@pytest.mark.parametrize("name", sorted(TABLES))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_table_without_a_row_is_shown_as_its_heads(name, lang):
    empty = pd.DataFrame({column: pd.Series(dtype=float) for column in TABLES[name]})
    page = show(empty, name, "USD", lang).data
    assert page.count("<th") > 1
    assert "<td" not in page


@pytest.mark.parametrize(("lang", "said"), [("en", "80% interval"), ("zh", "80%区间")])
@pytest.mark.parametrize("name", ["bridge", "counterfactual", "estimators", "gains"])
def test_no_interval_stands_without_its_level(tables, name, lang, said):
    figure = getattr(draw, name)(tables[name], merchant="m", lang=lang, level=0.8)
    words = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    assert any(said in text for text in [*words, *(trace.name or "" for trace in figure.data)])


def test_a_grey_week_whose_own_interval_leaves_zero_out_is_explained(tables):
    own = tables["gains"].assign(low=0.1, significant=[False, *[True] * (len(tables["gains"]) - 1)])
    figure = draw.gains(own, merchant="m")
    assert "more than noise came after 2 weeks" in figure.layout.title.text.replace("<br>", " ")
    assert "grey: not sure" in next(a.text for a in figure.layout.annotations if a.name == "subtitle")


def test_one_estimator_alone_puts_the_effect_between_nothing(tables):
    alone = draw.estimators(tables["estimators"].head(1), merchant="m").layout.title.text
    assert "between" not in alone


def test_a_rise_without_a_fall_begins_at_nothing():
    rising = TREE.assign(part=[500.0, 100.0])
    assert grew.tree(rising, merchant="m").layout.xaxis.range[0] == 0
    assert grew.tree(TREE.assign(part=[500.0, -480.0]), merchant="m").layout.xaxis.range[0] < 0


def test_the_line_of_a_step_leaves_the_programmes_name_free(tables):
    steps = pd.DataFrame(
        [(pd.Timestamp("2018-10-15"),) * 3 + ("programme", 0.4, 0.2, 0.6)],
        columns=["week", "earliest", "latest", "phase", "size", "low", "high"],
    )
    layout = draw.staircase(tables["gaps"], steps, merchant="m").layout
    assert all(line.y1 < 1 for line in layout.shapes if line.type == "line" and line.x0 == line.x1)


def test_an_effect_that_may_be_nothing_is_no_finding_of_a_title(tables):
    steps = tables["bridge"].copy()
    own = steps["step"] == "programme"
    steps.loc[own, ["ratio", "low", "high"]] = [0.83, 0.60, 1.14]
    title = draw.bridge(steps, merchant="m").layout.title.text.replace("<br>", " ")
    assert "can be told (0.60–1.14)" in title
    assert "0.83" not in title
    for low, high, open_ in ((-0.5, 0.1, True), (0.1, 0.5, False)):
        title = draw.estimators(tables["estimators"], merchant="m", low=low, high=high).layout.title.text
        assert ("too near to zero to tell" in title.replace("<br>", " ")) == open_


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_donors_no_chart_calls_anything_the_programmes(tables, lang):
    figure = draw.bridge(tables["bridge"], merchant="m", lang=lang, descriptive=True)
    own = tables["bridge"].set_index("step").loc["programme", "ratio"]
    assert f"{own:.2f}" not in figure.layout.title.text
    assert not {"programme", "项目"} & {str(name).split("<br>")[0] for name in figure.data[0].x}
    title = draw.counterfactual(tables["counterfactual"], merchant="m", lang=lang, descriptive=True).layout.title.text
    assert ("own past" if lang == "en" else "自身历史") in title.replace("<br>", " ")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_donors_no_sentence_names_the_programmes_factor_either(tables, lang):
    own = tables["bridge"].set_index("step").loc["programme", "ratio"]
    assert f"{own:.2f}" in bridge_sentence(tables["bridge"], lang)
    assert f"{own:.2f}" not in bridge_sentence(tables["bridge"], lang, descriptive=True)
