"""Claims about slides: charts are native and editable, Chinese faces are set, the notes can answer questions."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pptx
import pytest
from pptx.oxml.ns import qn

from retailkit.charts import cohort, pooling
from retailkit.charts.template import date_axis, empty, frame, interval, money_axis, percent_axis
from retailkit.present import native_words
from retailkit.present.deck import _height, write_deck
from retailkit.present.native import add_chart, kind
from retailkit.results import metric, save


def bars():
    fig = go.Figure(go.Bar(x=[3.0, 1.0], y=["coupon", "mailing"], orientation="h", text=["3", "1"]))
    fig.update_xaxes(money_axis(0, 3000, "USD"))
    return frame(fig, "Coupons carry three quarters", "USD", "ledger")


def stacked():
    fig = go.Figure([
        go.Bar(x=["a", "b"], y=[1, 2], name="new", marker_color="#2A6496", text=["1", "2"]),
        go.Bar(x=["b", "c"], y=[5, 7], name="old", marker_color="#A3AAB1", text=["5", "7"]),
    ])  # fmt: skip
    return frame(fig.update_layout(barmode="stack"), "Old customers grew", "orders", "orders")


def lines():
    days = pd.date_range("2024-01-01", periods=5)
    fig = go.Figure(
        [go.Scatter(x=days, y=[1, 2, 3, 4, 5], name="actual"), go.Scatter(x=days, y=[1, 1, 2, 2, 3], name="plan")]
    )
    return frame(fig.update_xaxes(date_axis()), "销售额高于计划", "元", "orders", lang="zh")


def forest():
    fig = go.Figure(interval([-0.1, 0.1], [0.0, 0.2], [0.1, 0.3], [1, 2]))
    fig.update_xaxes(percent_axis(-0.1, 0.3)).update_yaxes(tickvals=[1, 2], ticktext=["Shop 1", "Shop 2"])
    return frame(fig, "One of two grew", "90% interval", "orders")


def waterfall():
    fig = go.Figure(go.Waterfall(
        x=["before", "season", "programme", "after"], y=[100, 30, -10, 0],
        measure=["absolute", "relative", "relative", "total"], text=["100", "+30", "-10", "120"],
    ))  # fmt: skip
    return frame(fig, "Season did it", "USD", "orders")


def drawn(figure):
    """The figure's native chart on a slide of its own."""
    deck = pptx.Presentation()
    return add_chart(deck.slides.add_slide(deck.slide_layouts[5]), figure, (0, 0, 8_000_000, 5_000_000))


KINDS = {"bars": bars, "stacked": stacked, "lines": lines, "forest": forest, "waterfall": waterfall}


@pytest.fixture
def study(tmp_path):
    figures = {name: make() for name, make in KINDS.items()}
    metrics = [metric("growth", 0.2, unit="fraction", definition="programme on period before")]
    save(tmp_path / "s", merchant="367", chapter="5_growth", as_of="2018-01-01", metrics=metrics, figures=figures)
    (tmp_path / "s" / "367" / "5_growth.manifest.json").write_text(json.dumps({"key": "0123456789abcdef"}))
    return tmp_path / "s"


def slides(path):
    return pptx.Presentation(str(path)).slides


def chart_of(path, words):
    for slide in slides(path):
        if slide.shapes.title is not None and words in slide.shapes.title.text:
            return next(s.chart for s in slide.shapes if s.has_chart), slide
    raise AssertionError(f"no slide titled {words}")


def test_every_figure_becomes_an_editable_chart_under_its_finding(study, tmp_path):
    deck = write_deck(study, tmp_path / "d.pptx")
    assert deck.problems == ()
    assert deck.slides == 1 + len(KINDS)
    assert sum(any(s.has_chart for s in slide.shapes) for slide in slides(deck.path)) == len(KINDS)


def test_figures_without_a_result_stand_together_on_the_last_slide_with_their_reasons(study, tmp_path):
    figures = {f"none_{i}": empty(f"Groups {i}", "No group is on record.") for i in range(3)}
    save(study, merchant="367", chapter="4_formats", as_of="2018-01-01", figures=figures)
    found = slides(write_deck(study, tmp_path / "d.pptx").path)
    assert len(found) == 1 + len(KINDS) + 1
    last = found[len(found) - 1]
    assert last.shapes.title.text == "What has no result to show"
    assert last.shapes[-1].text_frame.text.split("\n") == [f"Groups {i}: No group is on record." for i in range(3)]
    assert f"{len(KINDS)} findings" in "\n".join(s.text_frame.text for s in found[0].shapes if s.has_text_frame)


def test_bars_keep_their_values_and_order(study, tmp_path):
    chart, _ = chart_of(write_deck(study, tmp_path / "d.pptx").path, "Coupons")
    assert list(chart.plots[0].categories) == ["coupon", "mailing"]
    assert chart.plots[0].series[0].values == (3.0, 1.0)  # noqa: PD011
    assert chart.value_axis.tick_labels.number_format.endswith('"$"#,##0')


def test_stacked_bars_leave_gaps_where_a_category_is_missing(study, tmp_path):
    chart, _ = chart_of(write_deck(study, tmp_path / "d.pptx").path, "Old customers")
    assert [s.values for s in chart.plots[0].series] == [(1, 2, None), (None, 5, 7)]  # noqa: PD011


def test_figures_within_dark_bars_are_white_and_within_pale_ones_are_not(study, tmp_path):
    chart, _ = chart_of(write_deck(study, tmp_path / "d.pptx").path, "Old customers")
    new, old = (s.points[1].data_label.text_frame.paragraphs[0].runs[0] for s in chart.plots[0].series)
    assert (new.text, str(new.font.color.rgb)) == ("2", "FFFFFF")
    assert (old.text, old.font.color.type) == ("5", None)


def saved_chart(tmp_path, fig):
    save(tmp_path / "s", merchant="1", chapter="2_people", as_of="2018-01-01", figures={"one": frame(fig, "A finding")})
    return chart_of(write_deck(tmp_path / "s", tmp_path / "d.pptx").path, "A finding")[0]


def test_bars_keep_their_intervals_and_the_figures_beyond_them(tmp_path):
    fig = go.Figure(go.Bar(
        x=[100.0, 40.0], y=["champions", "new"], orientation="h", name="",
        error_x={"type": "data", "symmetric": False, "array": [20.0, 5.0], "arrayminus": [10.0, 4.0]},
    ))  # fmt: skip
    fig.add_scatter(x=[120.0, 45.0], y=["champions", "new"], mode="text", text=["$100", "$40"], showlegend=False)
    chart = saved_chart(tmp_path, fig)
    values, labels = chart.plots[0].series
    ends = {e.tag.split("}")[1]: [float(v.text) for v in e.iter(qn("c:v"))]
            for e in values._element.find(qn("c:errBars")) if e.tag in (qn("c:plus"), qn("c:minus"))}  # fmt: skip
    assert ends == {"plus": [20.0, 5.0], "minus": [10.0, 4.0]}
    assert labels.values == (120.0, 45.0)  # noqa: PD011
    assert [labels.points[j].data_label.text_frame.text for j in (0, 1)] == ["$100", "$40"]
    assert chart.plots[0].overlap == 100, "the unseen bar that carries the figure lies on its own"


def test_bars_of_several_kinds_with_one_for_each_name_lie_beside_their_names(tmp_path):
    fig = go.Figure([go.Bar(x=[2, 1], y=["guide", "search"], orientation="h", name="reached"),
                     go.Bar(x=[5], y=["organic"], orientation="h", name="no touch")])  # fmt: skip
    assert saved_chart(tmp_path, fig).plots[0].overlap == 100


def test_curves_of_several_kinds_are_named_and_a_band_is_a_pale_frame(tmp_path):
    fig = go.Figure(
        go.Scatter(x=[0, 9, 9, 0], y=[0.9, 0.3, 0.5, 1.0], mode="lines", line_width=0, fill="toself", showlegend=False)
    )
    for name, end in (("all groups", 0.4), ("fans", 0.2)):
        fig.add_scatter(x=[0, 9], y=[1.0, end], mode="lines", name=name, line={"color": "#22303C", "width": 3})
    band, *curves = saved_chart(tmp_path, fig.update_yaxes(range=[0, 1.02])).plots[0].series
    assert [c.name for c in curves] == ["all groups", "fans"]
    assert (str(band.format.line.color.rgb), band.format.line.width.pt) == ("B8C0C8", 0.75)


def test_what_powerpoint_would_draw_wrong_comes_as_a_picture():
    words = [f"{n} rows, 2017-06-01 to 2018-12-31" for n in range(12)]
    many = go.Figure(go.Bar(x=[*range(1, 13)], y=[*"abcdefghijkl"], orientation="h", text=words))
    assert kind(many) is None, "long figures beside many bars run into each other"
    assert kind(go.Figure(many).update_traces(text=[*"123456789012"])) == "bars"
    assert kind(go.Figure(bars()).update_xaxes(type="log")) is None, "bars have no foot on a log scale"
    dots = go.Figure(go.Scatter(x=[0, 0], y=["daily sales", "guides"], mode="markers"))
    assert kind(go.Figure(dots).update_xaxes(visible=False)) is None, "a place in a column is no figure"
    assert kind(dots) == "scatter"
    assert kind(dots.update_traces(mode="markers+text", text=["1", "2"])) is None, "labels would lie on each other"


def test_ticks_count_from_a_whole_step(tmp_path):
    fig = go.Figure(go.Bar(x=[-0.97, 0.08], y=["ERP", "lines"], orientation="h"))
    fig.update_xaxes(range=[-1.59, 1.6], tickvals=[-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5])
    axis = saved_chart(tmp_path, fig).value_axis
    assert (axis.minimum_scale, axis.major_unit, axis.maximum_scale) == (-2.0, 0.5, 2.0)


def test_dates_stand_on_a_date_axis(study, tmp_path):
    chart, _ = chart_of(write_deck(study, tmp_path / "d.pptx").path, "销售额")
    assert type(chart.category_axis).__name__ == "DateAxis"


def test_a_waterfall_is_stacked_on_an_unseen_base_and_ends_at_the_total(study, tmp_path):
    chart, _ = chart_of(write_deck(study, tmp_path / "d.pptx").path, "Season")
    base, total, up, down, label = (s.values for s in chart.plots[0].series)  # noqa: PD011
    assert base == (0, 100, 120, 0)
    assert (total[0], up[1], down[2], total[3]) == (100, 30, 10, 120)
    assert label == pytest.approx([0.06 * 130] * 4), "figures stand on top of the bars, in a room of their own"
    words = [p.data_label.text_frame.text for p in map(chart.plots[0].series[4].points.__getitem__, range(4))]
    assert words == ["100", "+30", "-10", "120"]


def test_a_forest_plot_keeps_its_dots_and_intervals(study, tmp_path):
    chart, _ = chart_of(write_deck(study, tmp_path / "d.pptx").path, "One of two")
    xs = [[float(e.text) for e in s._element.find(qn("c:xVal")).iter(qn("c:v"))] for s in chart.plots[0].series]
    assert [-0.1, 0.1] in xs
    assert [0.1, 0.3] in xs
    assert [0.0, 0.2] in xs
    texts = [e.text for e in chart._chartSpace.iter() if e.tag.endswith("}t")]
    assert {"Shop 1", "Shop 2"} <= set(texts)


def test_chinese_faces_stand_beside_latin_ones(study, tmp_path):
    chart, slide = chart_of(write_deck(study, tmp_path / "d.pptx").path, "销售额")
    assert native_words.EAST_ASIAN in chart._chartSpace.xml
    assert f'<a:ea typeface="{native_words.EAST_ASIAN}"' in slide.shapes.title._element.xml


def test_notes_carry_source_run_and_definitions(study, tmp_path):
    _, slide = chart_of(write_deck(study, tmp_path / "d.pptx").path, "Coupons")
    notes = slide.notes_slide.notes_text_frame.text
    assert "Source: ledger" in notes
    assert "0123456789ab" in notes
    assert "- Headline growth (%): programme on period before" in notes


def test_a_deck_speaks_the_language_of_its_study(study, tmp_path):
    saved = "mean daily net GMV, programme over period before, less one"
    metrics = [metric("growth", 0.2, unit="fraction", definition=saved)]
    save(study, merchant="368", chapter="5_growth", as_of="2018-01-01", metrics=metrics, figures={"lines": lines()})
    (study / "run.json").write_text(json.dumps({"title": "研究", "parameters": {"lang": "zh"}}), encoding="utf-8")
    deck = slides(write_deck(study, tmp_path / "d.pptx", merchants=["368"]).path)
    assert [s.text_frame.text for s in deck[0].shapes] == ["研究", "1项发现，1家商户"]
    assert "- 环比增长（%）：日均净 GMV，项目期 / 前期 − 1" in deck[1].notes_slide.notes_text_frame.text
    chart = next(s.chart for s in deck[1].shapes if s.has_chart)
    assert chart.category_axis.tick_labels.number_format == 'm"月"d"日"'
    asked = slides(write_deck(study, tmp_path / "e.pptx", merchants=["368"], lang="en").path)
    assert f"- Headline growth (%): {saved}" in asked[1].notes_slide.notes_text_frame.text


def test_a_line_over_names_has_no_native_form_and_breaks_no_deck():
    steps = go.Figure(go.Scatter(x=["visit", "cart", "pay"], y=[1.0, 0.4, 0.1], mode="lines+markers"))
    assert kind(frame(steps, "A third of carts are paid")) is None
    assert kind(forest()) == "scatter"


def test_charts_and_pictures_say_their_finding_to_a_screen_reader(study, tmp_path):
    _, slide = chart_of(write_deck(study, tmp_path / "d.pptx").path, "Coupons")
    told = [s._element.xpath(".//p:cNvPr")[0].get("descr") for s in slide.shapes if s.has_chart]
    assert told == ["Coupons carry three quarters"]


def test_a_users_template_keeps_its_size(study, tmp_path):
    own = pptx.Presentation()
    own.slide_width, own.slide_height = 9_000_000, 6_000_000
    own.save(str(tmp_path / "own.pptx"))
    deck = write_deck(study, tmp_path / "d.pptx", template=tmp_path / "own.pptx")
    assert pptx.Presentation(str(deck.path)).slide_width == 9_000_000
    with pytest.raises(FileNotFoundError, match="no template"):
        write_deck(study, tmp_path / "d.pptx", template=tmp_path / "none.pptx")


def test_a_heat_map_without_chromium_is_named_not_lost_silently(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nothing"))
    figures = {"map": frame(go.Figure(go.Heatmap(z=np.eye(2))), "A map")}
    save(tmp_path / "s", merchant="1", chapter="2_people", as_of="2018-01-01", figures=figures)
    deck = write_deck(tmp_path / "s", tmp_path / "d.pptx")
    assert "map" in deck.problems[0]
    assert "chromium" in deck.problems[0]


def test_no_figures_is_said_plainly(tmp_path):
    with pytest.raises(FileNotFoundError, match="run the study first"):
        write_deck(tmp_path, tmp_path / "d.pptx")


def test_days_marked_by_a_line_are_shown_as_a_picture_because_they_are_the_finding():
    days = pd.date_range("2018-10-01", periods=6, freq="7D")
    figure = go.Figure(go.Scatter(x=days, y=[0, 0, 1, 1, 2, 2], mode="lines"))
    assert kind(frame(figure, "Sales rose")) == "lines"
    figure.add_vline(x=str(days[2]))
    assert kind(frame(figure, "Sales took a step")) is None


def test_names_of_bars_that_stand_at_numbers_are_their_words(tmp_path):
    """Two reasons that are cut to one text stand on two rows: the figure numbers them and writes the words beside."""
    figure = go.Figure(go.Bar(x=[16, 12], y=[0, 1], orientation="h"))
    figure.update_yaxes(tickvals=[0, 1], ticktext=["paid: empty,<br>but required", "time: unreadable"])
    chart = drawn(frame(figure, "Most fail in 'paid'"))
    assert list(chart.plots[0].categories) == ["paid: empty, but required", "time: unreadable"]


def test_the_room_of_names_is_no_part_of_the_scale():
    figure = go.Figure(interval([0, 0.5], [0.0, 0.6], [0.1, 0.7], ["live", "order"]))
    figure.update_xaxes(percent_axis(0, 0.8))
    chart = drawn(frame(figure, "Most sold an order"))
    assert chart.category_axis.tick_labels.number_format == '0%;"";0%'
    assert chart.category_axis.minimum_scale < 0 < chart.category_axis.maximum_scale


def test_words_below_a_line_chart_make_no_money_below_nothing():
    days = pd.date_range("2018-10-01", periods=6, freq="7D")
    figure = go.Figure(go.Scatter(x=days, y=[2e3, 3e3, 4e4, 1e4, 9e3, 8e3], mode="lines"))
    figure.update_yaxes(money_axis(0, 4e4, "CNY") | {"range": [-4e3, 4e4]})
    assert drawn(frame(figure, "Sales rose")).value_axis.minimum_scale == 0


RUN = {
    "title": "Cohort", "programme": "2018-10-01 to 2018-12-31", "simulated": True, "parameters": {"as_of": "2019-01-01"},
    "limits": ["Donors give their sales only."],
}  # fmt: skip


def test_the_first_slide_says_which_days_and_that_the_data_are_simulated(study, tmp_path):
    (study / "run.json").write_text(json.dumps(RUN))
    found = slides(write_deck(study, tmp_path / "d.pptx").path)
    words = "\n".join(s.text_frame.text for s in found[0].shapes if s.has_text_frame)
    assert "2018-10-01 to 2018-12-31" in words
    assert "before 2019-01-01" in words
    assert "Simulated data" in words
    (study / "run.json").write_text(json.dumps(RUN | {"simulated": False}))
    real = slides(write_deck(study, tmp_path / "e.pptx").path)
    assert "imulated" not in "\n".join(s.text_frame.text for s in real[0].shapes if s.has_text_frame)


def test_what_the_data_cannot_tell_is_told_to_the_board_too(study, tmp_path):
    (study / "run.json").write_text(json.dumps(RUN))
    found = slides(write_deck(study, tmp_path / "d.pptx").path)
    last = found[len(found) - 1]
    assert last.shapes.title.text == "What these data cannot tell"
    assert last.shapes[-1].text_frame.text == "Donors give their sales only."


def test_notes_define_what_stands_on_the_slide_and_no_more(tmp_path):
    metrics = [
        metric("growth_pooled", 3.8, unit="fraction", definition="programme on period before, pooled"),
        metric("merchants_raised", 17, unit="merchants", definition="merchants with this verdict"),
    ]
    figures = {"headlines": forest(), "issues": stacked()}
    save(tmp_path, merchant="cohort", chapter="cohort_report", as_of="2019-01-01", metrics=metrics, figures=figures)
    headlines, issues = (
        slide.notes_slide.notes_text_frame.text
        for slide in list(slides(write_deck(tmp_path, tmp_path / "d.pptx").path))[1:]
    )
    assert "programme on period before" in headlines
    assert "verdict" not in headlines
    assert "programme on period before" not in issues


def test_words_in_a_picture_are_as_large_on_the_slide_as_its_rows_allow():
    def dots(rows):
        return frame(go.Figure(go.Scatter(x=[1] * rows, y=[f"merchant {i}" for i in range(rows)])), "Sales", height=900)

    assert _height(dots(5)) == _height(dots(15)) < _height(dots(24)) <= 540
    assert (_height(dots(21)) - 90) / 21 >= 18


def test_a_verdict_keeps_its_figures_and_an_industry_its_interval():
    table = pd.DataFrame({
        "merchant": ["a", "b", "c"], "title": ["A", "B", "C"], "answer": "raised", "reason": "", "barred": "",
        "effect": [0.2, 0.3, 0.4], "low": 0.1, "high": 0.5, "shrunk": [0.25, 0.3, 0.35], "shrunk_low": 0.2,
        "shrunk_high": 0.4, "industry": "food",
    })  # fmt: skip
    groups = pd.DataFrame(
        [("food", 0.3, 0.2, 0.4, -0.1, 0.1)], columns=["industry", "effect", "low", "high", "lead_low", "lead_high"]
    )
    pooled = {"effect": 0.3, "low": 0.2, "high": 0.4}
    words = {"merchant": "cohort", "period": "2018"}
    assert kind(cohort.verdicts(table, pooled, **words)) is None, "its column of effects would be lost"
    assert kind(pooling.industries(table, groups, pooled, **words)) is None, "its industries' intervals would be lost"
