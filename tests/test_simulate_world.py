"""The simulated world: who is in it, and that nothing in it depends on anything else."""

import csv
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from retailkit.cohort import read_cohort
from retailkit.simulate import parameters, profiles
from retailkit.simulate.page import LIMITS, cohort_page
from retailkit.simulate.world import COHORTS, days, roles, stream, window
from retailkit.spoken import own_half

ROOT = Path(__file__).parent.parent


def test_the_world_holds_both_cohorts_and_outsiders() -> None:
    first, second = roles("doubling_1"), roles("doubling_2")
    assert sum(r == "merchant" for r in first.values()) == 17
    assert sum(r == "merchant" for r in second.values()) == 16
    assert {m for m, r in first.items() if r == "donor"} >= {m for m, r in second.items() if r == "merchant"}
    assert not set(second) & {m for m, r in first.items() if r == "merchant"}, "the invited are no donors"
    assert {p.industry for p in profiles()} == {"apparel", "beauty", "mother_baby", "sports", "supermarket"}


def test_merchants_export_different_mixes() -> None:
    mixes = [p.exports for p in profiles() if p.group == "first"]
    assert len(set(mixes)) >= 10
    assert {system for mix in mixes for system in mix} == {
        "youzan", "weimob", "shopify", "taobao", "jd", "wechat_pay", "youshu", "ga4", "wecom", "contacts",
        "analysis", "packets", "cards", "live",
        "youzan_api", "snowplow", "matomo", "ga4_mini",
    }  # fmt: skip


def test_festival_dates_are_those_of_the_retail_calendar() -> None:
    calendar = pd.read_csv(ROOT / "retailkit" / "growth" / "retail_calendar.csv", parse_dates=["start"])
    season = parameters()["season"]
    stated = [(code, str(on)) for code, on in season["dates"]]
    stated += [("double_11", str(d)) for d in season["double_11"]] + [
        ("double_12", str(d)) for d in season["double_12"]
    ]
    stated += [("cny", str(d)) for d in season["spring_festival"]]
    known = set(zip(calendar["code"], calendar["start"].dt.strftime("%Y-%m-%d"), strict=True))
    assert set(stated) <= known
    inside = {k for k in known if str(days()[0]) <= k[1] <= str(days()[-1]) and k[0] in {c for c, _ in stated}}
    assert inside == set(stated), "a festival of the span is missing"


def test_windows_are_those_of_the_programme() -> None:
    when = days()
    assert [str(d) for d in (when[window("first", "programme")][[0, -1]])] == ["2018-10-01", "2018-12-31"]
    assert [str(d) for d in (when[window("second", "programme")][[0, -1]])] == ["2019-03-01", "2019-05-31"]


def test_a_stream_depends_on_its_own_name_only() -> None:
    draws = [stream(1, "m01", "orders").random(3) for _ in range(2)]
    np.testing.assert_array_equal(*draws)
    assert not np.allclose(draws[0], stream(1, "m02", "orders").random(3))
    assert not np.allclose(draws[0], stream(2, "m01", "orders").random(3))


@pytest.mark.parametrize("cohort", COHORTS)
def test_the_cohort_page_is_the_generated_one_and_says_that_it_is_simulated(cohort: str) -> None:
    path = ROOT / "data" / "cohorts" / f"{cohort}.toml"
    assert path.read_text(encoding="utf-8") == cohort_page(cohort), (
        "write it again: retailkit.simulate.page.write_pages"
    )
    for lang, simulated in (("en", "Simulated"), ("zh", "模拟")):
        study = read_cohort(path, lang=lang)
        assert study.simulated
        assert simulated in study.title
        assert all(simulated in m.title for m in study.everyone)
        assert study.limits == tuple(own_half(limit.format(stands="500"), lang) for limit in LIMITS)
        assert [any("\u4e00" <= c <= "\u9fff" for c in limit) for limit in study.limits] == [lang == "zh"] * len(LIMITS)


def test_an_unknown_cohort_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="there are doubling_1, doubling_2"):
        roles("doubling_3")


def test_the_register_names_its_problems_in_both_languages():
    with files("retailkit.simulate").joinpath("issues.csv").open(encoding="utf-8") as page:
        issues = list(csv.DictReader(page))
    kinds = [issue["kind"] for issue in issues]
    assert kinds.count("common") / len(kinds) == pytest.approx(0.70)
    assert len({issue["en"] for issue in issues}) == len({issue["zh"] for issue in issues}) == len(issues)
    assert all(re.search("[\u4e00-\u9fff]", issue["zh"]) and issue["en"].isascii() for issue in issues)
