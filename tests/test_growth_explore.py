"""The growth explorer: a choice changes the figure, and an impossible one says why."""

import re

from growth_tables import PROGRAMME, daily_world

import retailkit as rk
from retailkit.cohort import Merchant
from retailkit.explore import growth
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
    assert "(90% interval" in whole
    surer, drawn = growth_view(weekly, "m", NAMES, level=0.8, title="Lotus")
    assert "(80% interval" in surer
    assert {"80% interval", "90% interval"} & {t.name for t in drawn.data} == {"80% interval"}


def test_an_impossible_choice_says_why_and_the_widget_opens():
    weekly = weekly_panel(daily_world(2, donors=4), PROGRAMME)
    text, figure = growth_view(weekly, "nobody", NAMES[:4])
    assert text.startswith("No estimate")
    assert len(figure.data) == 0
    chinese, _ = growth_view(weekly, "nobody", NAMES[:4], lang="zh")
    assert not re.search("[A-Za-z]{3}", chinese)
    few, _ = growth_view(weekly, "m", NAMES[:4], left_out=NAMES[:2])
    assert "descriptive" in few
    box = growth_explorer(weekly, "m", NAMES[:4])
    box.children[0].value = "sc"
    assert box.children[0].value == "sc"


def test_the_line_to_type_at_the_desk_redraws_for_what_is_chosen(monkeypatch):
    """One line opens it, with the settings of the study's own estimate; each choice asks again with them."""
    asked = []
    view = growth.growth_view

    def seen(*given, **chosen):
        asked.append(chosen)
        return view(*given, **chosen)

    monkeypatch.setattr(growth, "growth_view", seen)
    shop = Merchant(id="m", title="Lotus", zone="Asia/Shanghai", currency="CNY")
    weekly = weekly_panel(daily_world(2, donors=4), PROGRAMME)
    box = rk.explore.effect(weekly, shop, NAMES[:4], "zh", level=0.8, peers=["m"])
    box.children[0].value = "did"
    box.children[1].value = ("d0",)
    assert [(c["method"], c["left_out"]) for c in asked] == [("auto", ()), ("did", ()), ("did", ("d0",))]
    told = {"level": 0.8, "peers": ["m"], "title": "Lotus", "currency": "CNY", "lang": "zh"}
    assert all(c.items() >= told.items() for c in asked)
