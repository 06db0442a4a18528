"""Claims about what all charts share: words that fit, colours all can tell apart, honest numbers."""

import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailkit.charts import numbers
from retailkit.charts import template as t
from retailkit.charts.label_places import beside
from retailkit.schema.figure import MINOR_DIGITS

LONG = "Shop 367 sold more than it would have without the campaign, but the interval includes zero and we cannot tell"
LONG_ZH = "三六七号店的销售额高于没有活动时的水平，但区间包含零，因此目前还不能判断项目是否带来了增长，需要更多周的数据"


def _line(title=LONG, lang="en"):
    fig = go.Figure([go.Scatter(x=["2017-01-02", "2017-01-09"], y=[1, 2], name=n) for n in ("actual", "expected")])
    return t.frame(fig, title, "USD per week · merchant 367 · January 2017", "orders", lang=lang)


def test_charts_know_the_minor_units_that_the_store_keeps():
    assert numbers._DIGITS == MINOR_DIGITS


def test_importing_the_template_changes_no_default():
    code = (
        "import plotly.io as pio; before = pio.templates.default; import retailkit.charts.template; "
        "assert pio.templates.default == before and 'retailkit' in pio.templates"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("title", "lang"), [("Short", "en"), (LONG, "en"), (LONG_ZH, "zh"), (LONG * 3, "en")])
def test_titles_subtitle_and_legend_have_room_of_their_own(title, lang):
    fig = _line(title, lang)
    lines = fig.layout.title.text.count("<br>") + 1
    subtitle = next(a for a in fig.layout.annotations if a.name == "subtitle")
    below_title = fig.layout.margin.t - subtitle.yshift
    assert below_title >= 16 + 26 * lines
    assert subtitle.yshift >= 19 + 24


@given(st.text(alphabet="abc def 销售额增长，%", min_size=1, max_size=300))
def test_wrapping_loses_no_letter_and_keeps_lines_short(text):
    lines = t.wrap(text, 200, 12)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    longest_word = max(t.text_width(w, 12) for w in text.replace("，", "， ").split(" ") or [""])
    assert all(t.text_width(line, 12) <= max(200, longest_word + 12) for line in lines)


def test_a_chinese_line_never_starts_with_a_full_stop():
    assert all(line[0] not in "，。、；：" for line in t.wrap(LONG_ZH * 3, 300, 21))


@given(st.floats(1e-3, 1e12), st.sampled_from(["en", "zh"]))
def test_a_written_number_is_within_a_half_per_cent_of_the_figure(value, lang):
    scale = {"K": 1e3, "M": 1e6, "B": 1e9, "万": 1e4, "亿": 1e8}
    text = t.number(value, lang).replace(",", "")
    factor = scale.get(text[-1], 1)
    read = float(text.rstrip("KMB万亿")) * factor
    assert read == pytest.approx(value, rel=0.0051)


def test_money_carries_its_sign_and_the_minor_digits_of_its_currency():
    assert t.money(100, "JPY") == "¥100"
    assert t.money(100, "USD") == "$1"
    assert t.money(-1_234_500, "GBP") == "−£12.3K"
    assert t.money(1_236_000_000, "CNY", "zh") == "¥1,236万"
    assert t.money(float("nan"), "USD") == "–"
    assert t.money(pd.NA, "USD") == "–"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="expected 'en' or 'zh'"):
        t.number(1, "de")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_axis_ticks_cover_the_data(low, span):
    at = t.ticks(low, low + span)
    assert at[0] <= low + span * 1e-3
    assert at[-1] >= low + span * (1 - 1e-3)
    assert 2 <= len(at) <= 9


def test_an_axis_of_equal_values_is_still_drawn():
    assert t.money_axis(0, 0, "USD")["ticktext"] == ["$0"]


def test_no_data_becomes_a_sentence():
    fig = t.empty("Sales", "No orders.")
    assert fig.layout.title.text == "<b>Sales</b>"
    assert any(a.text == "No orders." for a in fig.layout.annotations)


def test_intervals_without_an_end_draw_only_the_dot():
    bars, dots = t.interval([np.nan, 0.1], [0.2, 0.3], [0.4, 0.5], ["a", "b"])
    assert list(bars.x) == [0.1, 0.5, None]
    assert list(dots.x) == [0.2, 0.3]


def _seen(colour, matrix):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(
        matrix @ linear, 0, 1
    )
    f = [np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x / 0.9505, y, z / 1.089)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_first_six_colours_can_be_told_apart_by_colour_blind_readers():
    # full-severity matrices of Machado, Oliveira, Fernandes 2009, for linear RGB
    eyes = {
        "usual": np.eye(3),
        "protanopia": np.array(
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
        ),
        "deuteranopia": np.array(
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        ),
    }
    for eye, matrix in eyes.items():
        for a, b in itertools.combinations(t.PALETTE[:6], 2):
            assert np.linalg.norm(_seen(a, matrix) - _seen(b, matrix)) > 17, (eye, a, b)


def test_the_font_list_starts_with_a_chinese_face():
    assert pio.templates["retailkit"].layout.font.family.startswith("Noto Sans CJK")


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_a_part_of_the_whole_never_reads_as_all_of_it(kept, lost):
    assert t.percent(kept / (kept + lost)) != "100%"
    assert t.percent(1.0) == "100%"


def test_a_dot_at_nothing_is_drawn_whole():
    dots = t.interval([0.0], [0.0], [0.1], ["a"])[-1]
    assert dots.cliponaxis is False


def test_the_highest_figure_of_an_upright_axis_has_room_below_the_subtitle():
    def top(axis):
        fig = go.Figure(go.Scatter(x=[1, 2], y=[1, 2])).update_yaxes(axis)
        return t.frame(fig, "Sales", "USD").layout.margin.t

    assert top(t.number_axis(0, 2)) >= top({"visible": False}) + 8


@pytest.mark.parametrize("mode", ["stack", "relative", "group"])
def test_a_legend_names_the_parts_in_the_order_in_which_they_are_drawn(mode):
    bars = [go.Bar(x=[1], y=["a"], orientation="h", name=name) for name in ("solved", "open")]
    fig = t.frame(go.Figure(bars).update_layout(barmode=mode), "Problems")
    assert fig.layout.template.layout.legend.traceorder == "normal"


def test_sales_cannot_fall_by_more_than_all_and_no_axis_says_so():
    axis = t.percent_axis(-0.38, 4.2, signed=True)
    assert axis["range"][0] > -1.0
    assert axis["range"][0] < -0.38


def test_a_name_beside_the_last_dot_stays_on_the_picture():
    names = ["Mailing: Type A", "Mailing: Type B"]
    places = beside(pd.Series([1490, 990]), pd.Series([0.059, 0.064]), names)
    assert places[0] in ("middle left", "top left", "bottom left")
