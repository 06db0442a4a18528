"""The explorer picks rows of the panel; charts say what tables say, in both languages, also when empty."""

import ipywidgets
import pandas as pd
import pytest

from retailkit.charts import touchpoint_paths, touchpoints
from retailkit.explore.touchpoints import touchpoint_explorer, touchpoint_view

PANEL = pd.DataFrame(
    [
        (m, d, "fold", "person", t, k, s, 1)
        for m, d, shares in (
            ("first", 7, (0.5, 0.2, 0.3)),
            ("last", 7, (0.1, 0.1, 0.8)),
            ("first", 30, (0.6, 0.2, 0.2)),
        )
        for (t, k), s in zip(
            (("mailing: Type A", "exposure"), ("mailing: Type B", "exposure"), ("display", "order_attached")),
            shares,
            strict=True,
        )
    ],
    columns=["model", "look_back_days", "direct", "identity", "touchpoint", "kind", "share", "rank"],
)
WHERE = {"merchant": "367", "period": "2017"}


def test_a_view_is_one_setting_beside_the_range_of_all():
    table = touchpoint_view(PANEL, "first", 7).set_index("group")
    assert table.loc["mailing: Type A", ["share", "least", "most"]].tolist() == [0.5, 0.1, 0.6]


def test_grouping_adds_shares_up():
    table = touchpoint_view(PANEL, "last", 7, "family").set_index("group")
    assert table["share"].to_dict() == pytest.approx({"mailing": 0.2, "display": 0.8})
    assert touchpoint_view(PANEL, "last", 7, "kind")["share"].sum() == pytest.approx(1)


def test_a_setting_that_was_not_computed_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="it has first, last at 7, 30 days"):
        touchpoint_view(PANEL, "linear", 7)
    with pytest.raises(ValueError, match="no grouping"):
        touchpoint_view(PANEL, "first", 7, "shop")


def test_the_explorer_redraws_on_a_choice_and_says_what_was_not_computed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    drawn: list[tuple[str, int, dict[str, float]]] = []

    def seen(table: pd.DataFrame, *, model: str, look_back_days: int, **where: str) -> str:
        drawn.append((model, look_back_days, table.set_index("group")["share"].to_dict()))
        return "a figure"

    monkeypatch.setattr("retailkit.explore.touchpoints.chosen_shares", seen)
    widget = touchpoint_explorer(PANEL, **WHERE)
    assert isinstance(widget, ipywidgets.VBox)
    boxes = {b.description: b for b in widget.children[0].children}
    assert drawn[-1][:2] == ("first", 7)
    boxes["model"].value = "last"
    assert drawn[-1] == ("last", 7, {"mailing: Type A": 0.1, "mailing: Type B": 0.1, "display": 0.8})
    boxes["grouping"].value = "family"
    assert drawn[-1][2] == pytest.approx({"mailing": 0.2, "display": 0.8})
    count = len(drawn)
    boxes["look-back"].value = 30
    assert len(drawn) == count, "there is nothing to draw"
    assert "the panel has no" in capsys.readouterr().out


LEDGER = pd.DataFrame(
    {
        "touchpoint": ["mailer", "mailing", "unattributed"],
        "kind": ["order_attached", "exposure", "none"],
        "persons": [0, 100, 0],
        "orders": [5, 3, 2],
        "buyers": [5, 3, 2],
        "conversion": [float("nan"), 0.03, float("nan")],
        "credit": [500, 300, 200],
        "share": [0.5, 0.3, 0.2],
    }
)
SIDE = pd.DataFrame(
    {
        "touchpoint": ["mailing", "unattributed"],
        "kind": ["exposure", "none"],
        "first": [0.8, 0.2],
        "last": [0.6, 0.2],
        "least": [0.6, 0.2],
        "most": [0.8, 0.2],
        "recommended": [0.7, 0.2],
        "credit": [70, 20],
        "low": [0.65, 0.1],
        "high": [0.75, 0.3],
    }
)
FLOWS = pd.DataFrame(
    {"step": [1, 2, 2], "source": ["a", "b", "b"], "target": ["b", "(order)", "(none)"], "journeys": [4, 1, 3]}
)
MATRIX = pd.DataFrame({"first": ["a", "a"], "last": ["a", "b"], "orders": [3, 1], "net_amount": [30, 10]})
EFFECTS = pd.DataFrame({"touchpoint": ["a", "b"], "removal_orders": [0.4, 0.1], "lost_orders": [40, 10]})
VERDICTS = pd.DataFrame(
    {"touchpoint": ["a"], "least": [0.1], "median": [0.2], "most": [0.5], "verdict": ["depends on the model"]}
)
FIGURES = [
    (touchpoints.touchpoint_credit, LEDGER, "Mailer earned most: 50% of net sales"),
    (touchpoints.models, SIDE, "The models disagree most on Mailing: 60% to 80%"),
    (touchpoints.reach, LEDGER, "Mailing converts best: 3.0% of those reached bought"),
    (touchpoints.removal, EFFECTS, "Without A the chain loses 40% of exposed orders"),
    (touchpoints.sensitivity, VERDICTS, "No touchpoint keeps its share whatever the model"),
    (touchpoint_paths.first_to_last, MATRIX, "75% of exposed orders start and end with the same touchpoint"),
    (touchpoint_paths.flows, FLOWS, "25% of 4 journeys with an exposure end in an order"),
]


@pytest.mark.parametrize(("draw", "table", "title"), FIGURES, ids=lambda v: getattr(v, "__name__", ""))
def test_a_chart_s_title_is_its_finding_in_both_languages_and_empty_tables_say_so(draw, table, title):
    assert draw(table, **WHERE).layout.title.text == f"<b>{title}</b>"
    chinese = draw(table, lang="zh", **WHERE).layout.title.text
    assert any(ord(c) > 0x2E80 for c in chinese)
    assert any(a.name == "empty" for a in draw(table.head(0), **WHERE).layout.annotations)


def test_the_explorer_starts_at_the_study_s_own_look_back_and_names_settings_in_words():
    kept = PANEL[PANEL["look_back_days"] == 30].assign(direct="keep")
    panel = pd.concat([PANEL, kept])
    panel.attrs["look_back_days"] = 30
    widget = touchpoint_explorer(panel, lang="zh", **WHERE)
    model, days, direct, grouping = widget.children[0].children
    assert days.value == 30
    for box in (model, direct, grouping):
        assert all(any(ord(c) > 0x2E80 for c in label) for label, _value in box.options)
    assert model.value == "first"


def test_returns_that_were_kept_at_one_look_back_only_bring_that_look_back_and_back_again():
    kept = PANEL[PANEL["look_back_days"] == 30].assign(direct="keep")
    _, days, direct, _ = touchpoint_explorer(pd.concat([PANEL, kept]), **WHERE).children[0].children
    days.value = 7
    direct.value = "keep"
    assert days.value == 30
    days.value = 7
    assert (days.value, direct.value) == (7, "fold")


def test_a_setting_that_was_not_computed_is_refused_in_chinese_too():
    with pytest.raises(ValueError, match=r"没有末次.回溯30天.*首次、末次.*7"):
        touchpoint_view(PANEL, "last", 30, lang="zh")


def test_names_of_touchpoints_close_together_do_not_run_into_each_other():
    rows = pd.DataFrame(
        {"touchpoint": list("abc"), "title": ["Mini program profile", "Payment page", "Service message: weekly template"],
         "kind": "exposure", "persons": [654, 657, 5700], "conversion": [0.545, 0.505, 0.23]}
    )  # fmt: skip
    places = touchpoints.reach(rows, **WHERE).data[0].textposition
    assert places[0] != places[1], "one name above its dot, the other beside or below"
    assert places[2].endswith("left"), "the last name stays inside the picture"


@pytest.mark.parametrize(("lang", "said"), [("en", "No touch of a known person"), ("zh", "导出中没有可识别之人的触达")])
def test_a_merchant_without_touches_gets_a_sentence_and_no_chain_is_asked_for(lang: str, said: str):
    asked = []
    widget = touchpoint_explorer(PANEL.head(0), lang=lang, chains=lambda *setting: asked.append(setting), **WHERE)
    assert widget.value.startswith(said)
    assert asked == []
