"""Every sentence of the formats that gives an interval says that it is one of 95%: the rest of the study has 90%."""

import re

import pandas as pd
import pytest

from retailkit.charts.formats import funnel as draw_funnel
from retailkit.formats import (
    activation_sentence,
    funnel_sentence,
    life_sentence,
    share_sentence,
    share_users_sentence,
    value_sentence,
    with_guide_sentence,
)

ACTS = {"region": "all", "act": "any", "active": 2, "roster": 3, "rate": 0.67, "rate_low": 0.2, "rate_high": 0.9}
ALIKE = {"comparison": "matched", "rate_with": 0.3, "rate_without": 0.2, "difference": 0.1, "low": 0.05, "high": 0.15}
LIFE = {"kind": "all", "groups": 20, "median": 30.0, "median_low": 20.0, "median_high": 40.0, "mean": 33.0, "until": 90,
        "mean_of_dead": 25.0}  # fmt: skip
K = {"generation": "all", "visits": 99, "people": 50, "brought": 40, "k_plain": 0.4, "k": 0.5, "k_low": 0.4, "k_high": 0.6,
     "users": 50, "new_users": 9, "followed": 48}  # fmt: skip
VALUE = {"ratio": 1.2, "ratio_same_goods": 1.1, "ratio_low": 1.0, "ratio_high": 1.2, "category_share": 0.9}
STEPS = {"entrance": "all", "step": ["visit", "pay"], "visitors": [100, 25], "share": [1.0, 0.25], "share_low": [1.0, 0.18],
         "share_high": [1.0, 0.34], "step_share": [1.0, 0.25]}  # fmt: skip
SAID = {
    activation_sentence: ACTS, with_guide_sentence: ALIKE, life_sentence: LIFE, share_sentence: K, share_users_sentence: K,
    value_sentence: VALUE, funnel_sentence: STEPS,
}  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("sentence", SAID, ids=lambda f: f.__name__)
def test_an_interval_is_told_with_its_level(sentence, lang):
    told = sentence(pd.DataFrame(SAID[sentence], index=None if sentence is funnel_sentence else [0]), lang=lang)
    assert re.search(r"\d[%\d]* to |\d[%天\d]*至", told), "there is an interval to name"
    assert told.count("95% interval" if lang == "en" else "95%区间") == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_funnel_names_the_level_at_its_points(lang):
    figure = draw_funnel(pd.DataFrame(STEPS), merchant="m", period="2018", lang=lang)
    assert all("95%" in text for text in figure.data[0].hovertext)
