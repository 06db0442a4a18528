"""A study of the simulated cohort makes its own data, once."""

from os.path import normpath
from pathlib import Path

import pytest

import retailkit as rk
from retailkit.commands.prepare import make_simulated
from retailkit.simulate import simulate
from retailkit.simulate.page import cohort_page

WHO, ONE = ("m06", "n04"), ("m06",)


def page_of(merchants: tuple[str, ...], home: Path) -> Path:
    """A cohort file as it lies in data/cohorts; nothing is made yet."""
    folder = home / "data" / "cohorts"
    folder.mkdir(parents=True)
    (folder / "doubling_1.toml").write_text(cohort_page("doubling_1", merchants=merchants), encoding="utf-8")
    return folder / "doubling_1.toml"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one merchant."""
    return page_of(ONE, tmp_path_factory.mktemp("home"))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RETAILKIT_KEY_FILE", str(tmp_path / "key"))


def test_loading_a_simulated_cohort_makes_its_exports_first_and_only_once(tmp_path: Path, key: None) -> None:
    page = page_of(WHO, tmp_path / "home")
    cohort, told = rk.read_cohort(page), []
    first = rk.load_and_link(cohort, str(tmp_path / "store"), told.append)
    assert set(first["status"]) == {"loaded"}
    assert [line for line in told if "simulating (seed 1, scale 0.002)" in line]
    assert [line for line in told if line.startswith("2 of 2: Simulated merchant")]
    stamps = {p: p.stat().st_mtime_ns for p in page.parents[2].rglob("*.parquet")}
    told.clear()
    again = rk.load_and_link(cohort, str(tmp_path / "store"), told.append)
    assert set(again["status"]) == {"unchanged"}
    assert [line for line in told if line.startswith("simulated before (seed 1, scale 0.002)")]
    assert {p: p.stat().st_mtime_ns for p in page.parents[2].rglob("*.parquet")} == stamps


def test_data_of_another_seed_and_scale_stay(page: Path) -> None:
    out = page.parents[2] / "simulated"
    simulate("doubling_1", out, seed=3, scale=0.0005, merchants=ONE)
    told: list[str] = []
    assert make_simulated(rk.read_cohort(page), told.append).samefile(out / "doubling_1")
    assert told == [f"simulated before (seed 3, scale 0.0005): {normpath(page.parent / '../../simulated/doubling_1')}"]


def test_data_of_an_older_simulation_are_made_again_with_their_seed(page: Path) -> None:
    world = page.parents[2] / "simulated" / "doubling_1" / "truth" / "world.json"
    simulate("doubling_1", world.parents[2], seed=3, scale=0.0005, merchants=ONE)
    new = world.read_text(encoding="utf-8")
    world.write_text(new.replace('"made_by": "', '"made_by": "older'), encoding="utf-8")
    told: list[str] = []
    make_simulated(rk.read_cohort(page), told.append)
    assert told[0].startswith("simulating (seed 3, scale 0.0005)")
    assert world.read_text(encoding="utf-8") == new


def test_half_written_data_are_made_again(page: Path) -> None:
    world = page.parents[2] / "simulated" / "doubling_1" / "truth" / "world.json"
    simulate("doubling_1", world.parents[2], scale=0.0005, merchants=ONE)
    world.write_text("{", encoding="utf-8")
    told: list[str] = []
    make_simulated(rk.read_cohort(page), told.append)
    assert told[0].startswith("simulating")


def test_a_page_in_the_simulations_own_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    made = simulate("doubling_1", tmp_path, scale=0.0005, merchants=("m06",))
    told: list[str] = []
    assert make_simulated(rk.read_cohort(made / "doubling_1.toml"), told.append) is None
    assert not told
