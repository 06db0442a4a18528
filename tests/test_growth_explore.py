"""The growth explorer: a choice changes the figure, and an impossible one says why."""

import re

from growth_tables import PROGRAMME, daily_world

from retailkit.explore.growth import growth_explorer, growth_view
from retailkit.growth.panel import weekly_panel

NAMES = [f"d{j}" for j in range(8)]


def test_leaving_donors_out_and_other_methods_change_the_sentence():
    weekly = weekly_panel(daily_world(2, donors=8, effect=0.4), PROGRAMME)
    whole, figure = growth_view(weekly, "m", NAMES)
    fewer, _ = growth_view(weekly, "m", NAMES, left_out=["d0"])
    other, _ = growth_view(weekly, "m", NAMES, method="did", lang="zh")
    assert "8 donors" in whole
    assert "7 donors" in fewer
    assert "8 家对照" in other
    assert not re.search("[A-Za-z]{3}", other)
    assert len(figure.data) > 1


def test_an_impossible_choice_says_why_and_the_widget_opens():
    weekly = weekly_panel(daily_world(2, donors=4), PROGRAMME)
    text, figure = growth_view(weekly, "nobody", NAMES[:4])
    assert text.startswith("No estimate")
    assert len(figure.data) == 0
    chinese, _ = growth_view(weekly, "nobody", NAMES[:4], lang="zh")
    assert not re.search("[A-Za-z]{3}", chinese)
    box = growth_explorer(weekly, "m", NAMES[:4])
    box.children[0].value = "sc"
    assert box.children[0].value == "sc"
