"""A unit's key changes with all that its results depend on, and with nothing else."""

import json

import pytest
from studies import PARAMETERS, cohort, fingerprint, notebook

from retailkit.study import plan as pl
from retailkit.study.parameters import StudyError, read_notebook

COMMON = {"cohort": "tiny", "as_of": "2018-01-01", "store": "store", "out_dir": "out", "seed": 1, "lang": "en"}


def _units(folder, common=COMMON, data=fingerprint, cohort_hash="x"):
    return pl.make_plan(("a", "b"), pl.find_chapters(folder), common, {}, data, cohort_hash)


def test_chapters_are_found_in_their_order_without_tour_and_report(tmp_path):
    for name in ("0_tour", "10_late", "2_people", "1_data", "cohort_report"):
        notebook(tmp_path / f"{name}.ipynb")
    assert [n.chapter for n in pl.find_chapters(tmp_path)] == ["1_data", "2_people", "10_late"]
    assert [n.chapter for n in pl.find_chapters(tmp_path, ["people", "1"])] == ["1_data", "2_people"]
    with pytest.raises(StudyError, match="no chapter '2_peeple'; did you mean '2_people'"):
        pl.find_chapters(tmp_path, ["2_peeple"])


def test_no_chapters_says_where_to_run_from(tmp_path):
    with pytest.raises(StudyError, match="run from the project's folder"):
        pl.find_chapters(tmp_path)


def test_a_chapter_gets_only_what_it_declares(tmp_path):
    notebook(tmp_path / "1_data.ipynb")
    unit = _units(tmp_path)[1]
    assert dict(unit.parameters) == {
        "merchant": "b",
        "cohort": "tiny",
        "as_of": "2018-01-01",
        "out_dir": "out",
        "seed": 1,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"common": {**COMMON, "as_of": "2018-02-01"}},
        {"common": {**COMMON, "seed": 2}},
        {"data": lambda merchant: {"orders": "new"}},
        {"cohort_hash": "other dates"},
    ],
)
def test_another_day_seed_data_or_cohort_file_is_another_key(tmp_path, change):
    notebook(tmp_path / "1_data.ipynb")
    assert _units(tmp_path)[0].key == _units(tmp_path)[0].key
    assert _units(tmp_path, **change)[0].key != _units(tmp_path)[0].key


def test_a_parameter_the_chapter_does_not_declare_changes_nothing(tmp_path):
    notebook(tmp_path / "1_data.ipynb")
    assert _units(tmp_path, {**COMMON, "lang": "zh"})[0].key == _units(tmp_path)[0].key


def test_code_is_in_the_key_and_outputs_are_not(tmp_path):
    path = notebook(tmp_path / "1_data.ipynb", "1 + 1")
    before = _units(tmp_path)[0].key
    page = json.loads(path.read_text())
    page["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["2"]}]
    path.write_text(json.dumps(page))
    assert _units(tmp_path)[0].key == before
    notebook(path, "1 + 2")
    assert _units(tmp_path)[0].key != before


def test_another_merchants_new_orders_touch_only_chapters_that_compare(tmp_path):
    notebook(tmp_path / "1_data.ipynb")
    notebook(tmp_path / "5_growth.ipynb", reads="cohort")

    def later(merchant):
        return {"orders": "new" if merchant in (None, "b") else fingerprint(merchant)["orders"]}

    before = {(u.merchant, u.chapter): u.key for u in _units(tmp_path)}
    after = {(u.merchant, u.chapter): u.key for u in _units(tmp_path, data=later)}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {("b", "1_data"), ("a", "5_growth"), ("b", "5_growth")}


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("t = rk.open_store(store, merchants=merchant, as_of=as_of)", "merchant"),
        ("t = rk.open_store(store, merchants=None, as_of=as_of)", "cohort"),
        ("t = rk.open_store(store, as_of=as_of)", "cohort"),
        (
            "t = rk.open_store(store, merchants=merchant)\nu = rk.open_store(store, merchants=sorted({merchant, 'd'}))",
            "cohort",
        ),
        ("1", "merchant"),
    ],
)
def test_what_a_chapter_reads_is_seen_from_how_it_opens_the_store(tmp_path, code, reads):
    notebook(tmp_path / "1_data.ipynb", code, reads="")
    assert pl.find_chapters(tmp_path)[0].reads == reads


def test_merchants_are_chosen_in_the_files_order_and_donors_refused():
    assert pl.choose_merchants(cohort()) == ("a", "b")
    assert pl.choose_merchants(cohort(), ["b"]) == ("b",)
    with pytest.raises(StudyError, match=r"has no merchant 'c'; it has a, b"):
        pl.choose_merchants(cohort(), ["c"])
    with pytest.raises(StudyError, match="'d' is a donor"):
        pl.choose_merchants(cohort(), ["d"])


def test_versions_name_the_packages_source():
    found = pl.versions()
    assert found["retailkit"].endswith(pl.source_hash()[:12])
    assert found["pandas"] != "not installed"


def test_parameters_constant_is_a_valid_cell(tmp_path):
    assert read_notebook(notebook(tmp_path / "1_x.ipynb")).names[0] == PARAMETERS.split()[0]
