"""A cohort file is read whole or refused with everything that is wrong in one message."""

from datetime import date
from pathlib import Path

import pytest

from retailkit.cohort import CohortError, read_cohort

PAGE = """
title = "Two shops"
as_of = 2019-01-01
zone = "Asia/Shanghai"
currency = "CNY"
country = "CN"
baseline = { start = 2018-09-01, end = 2018-09-30 }
programme = { start = 2018-10-01, end = 2018-12-31 }
merchants = [{ id = "a" }, { id = "b", title = "Shop B", currency = "HKD" }]
donors = [{ id = "c" }]
[[sources]]
layout = "canonical"
path = "exports/*.csv"
"""


def write(folder: Path, page: str) -> Path:
    path = folder / "two_shops.toml"
    path.write_text(page, encoding="utf-8")
    return path


def test_merchants_take_what_the_cohort_says(tmp_path: Path) -> None:
    cohort = read_cohort(write(tmp_path, PAGE))
    a, b = cohort.merchant("a"), cohort.merchant("b")
    assert (a.currency, b.currency) == ("CNY", "HKD")
    assert (a.title, b.title) == ("a", "Shop B")
    assert a.programme is not None
    assert a.programme.days == 31 + 30 + 31
    assert (cohort.merchant_ids, cohort.donor_ids) == (("a", "b"), ("c",))
    assert cohort.merchant("c").role == "donor"


def test_a_change_replaces_what_the_file_says(tmp_path: Path) -> None:
    assert read_cohort(write(tmp_path, PAGE), as_of="2018-12-01").as_of == date(2018, 12, 1)


def test_every_problem_in_one_message(tmp_path: Path) -> None:
    page = PAGE.replace("as_of = 2019-01-01\n", "").replace('id = "a"', "id = 1").replace("zone =", "zome =")
    with pytest.raises(CohortError) as refused:
        read_cohort(write(tmp_path, page))
    message = str(refused.value)
    for part in ("as_of: missing", 'write "1" in quotes', "zome: unknown key: did you mean 'zone'?"):
        assert part in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("2018-09-30", "2018-10-05"), "must end before the programme"),
        (("Asia/Shanghai", "Asia/Shanghia"), "'Asia/Shanghai'?"),
        (('id = "b"', 'id = "a"'), "listed twice: a"),
        (('path = "exports/*.csv"', 'path = "x.csv"\nmerchant = "d"'), "unknown merchant 'd'"),
        (("end = 2018-12-31", "end = 2018-09-30"), "ends (2018-09-30) before it starts"),
        (("title =", "title ="), None),
    ],
)
def test_impossible_pages_are_refused(tmp_path: Path, change: tuple[str, str], said: str | None) -> None:
    page = PAGE.replace(*change)
    if said is None:
        assert read_cohort(write(tmp_path, page)).title == "Two shops"
        return
    with pytest.raises(CohortError) as refused:
        read_cohort(write(tmp_path, page))
    assert said in str(refused.value)


def test_an_unknown_merchant_is_named_with_the_near_ones(tmp_path: Path) -> None:
    cohort = read_cohort(write(tmp_path, PAGE.replace('id = "a"', 'id = "nanjing_road"')))
    with pytest.raises(CohortError, match="did you mean nanjing_road"):
        cohort.merchant("nanjing_rd")


def test_a_missing_file_says_where_to_put_it(tmp_path: Path) -> None:
    cohort = read_cohort(write(tmp_path, PAGE + "\n"), published_at="the data office")
    with pytest.raises(CohortError, match=r"no file at .*exports.*the data office"):
        cohort.files(cohort.sources[0])
    (tmp_path / "exports").mkdir()
    for name in ("2.csv", "1.csv"):
        (tmp_path / "exports" / name).touch()
    assert [p.name for p in cohort.files(cohort.sources[0])] == ["1.csv", "2.csv"]


def test_brackets_in_a_file_s_name_are_no_pattern_where_it_is_there(tmp_path: Path) -> None:
    cohort = read_cohort(write(tmp_path, PAGE.replace("exports/*.csv", "old [1]/orders[2].csv") + "\n"))
    (tmp_path / "old [1]").mkdir()
    (tmp_path / "old [1]" / "orders[2].csv").touch()
    assert [p.name for p in cohort.files(cohort.sources[0])] == ["orders[2].csv"]


def test_the_shipped_cohorts_can_be_read() -> None:
    for path in sorted(Path("data/cohorts").glob("*.toml")):
        cohort = read_cohort(path)
        assert cohort.limits, f"{path} states no limits"
    assert len(read_cohort("complete_journey").merchants) == 17


def test_texts_in_both_languages_are_read_in_one_and_paths_stay(tmp_path: Path) -> None:
    page = (
        PAGE.replace("title =", 'licence = "Free / 免费"\nlimits = ["Small / 小", "Only one"]\ntitle =', 1)
        + '\n[[sources]]\nlayout = "x"\npath = "exports / 订单.csv"\n'
    )
    (tmp_path / "both.toml").write_text(page, encoding="utf-8")
    en, zh = (read_cohort(tmp_path / "both.toml", lang=lang) for lang in ("en", "zh"))
    assert (en.licence, zh.licence) == ("Free", "免费")
    assert (en.limits, zh.limits) == (("Small", "Only one"), ("小", "Only one"))
    assert en.sources[-1].path == zh.sources[-1].path == "exports / 订单.csv"
