"""Claims about engines: what targets take from the tables is the same on both; all after that is pandas."""

from collections.abc import Callable

import ibis
import pandas as pd
import pytest
from engines import on_spark, plain
from test_formats_engines import world
from test_growth_engines import BASELINE, PROGRAMME, tables

from retailkit import targets

WINDOWS = {name: tuple(map(pd.Timestamp, window)) for name, window in (("before", BASELINE), ("programme", PROGRAMME))}

FUNCTIONS: dict[str, Callable[[dict[str, ibis.Table]], pd.DataFrame]] = {
    "measured": lambda t: targets.measure(t["orders"], t["persons"], t["sessions"], WINDOWS),
    "buyers seen": lambda t: targets.buyers_seen(t["orders"], t["persons"], t["sessions"], WINDOWS["programme"]),
    "without visits": lambda t: targets.measure(t["orders"], t["persons"], t["sessions"].limit(0), WINDOWS),
    "coverage": lambda t: targets.coverage(t["orders"], t["persons"], t["guide_bindings"], t["members"]),
    "cuts": lambda t: targets.cuts(t["orders"], WINDOWS),
    "by format": lambda t: targets.cut_by(t["orders"], "format", WINDOWS),
}


@pytest.fixture(scope="module")
def both():
    given = world() | tables()
    return given, on_spark(given)


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_engines_give_the_same_rows(name, both):
    one, two = (plain(FUNCTIONS[name](t)) for t in both)
    assert len(one)
    pd.testing.assert_frame_equal(one, two, rtol=1e-9, check_exact=False)
