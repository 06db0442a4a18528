"""One store, two engines: Spark opens every canonical table exactly as the embedded engine does."""

import datetime
import random

import ibis
import pandas as pd
import pytest
from engines import plain, quick
from test_formats_engines import FUNCTIONS, world

from retailkit.cohort import CohortError, read_cohort
from retailkit.load import LoadError, open_store, save_table
from retailkit.load.engine import ENGINES, connect, engine_name
from retailkit.load.partitions import day_column
from retailkit.schema import OTHER_NAMES, TABLES

ZONES = {"m": "Asia/Shanghai", "shop 2": "America/New_York", "店[1]": "UTC"}
AS_OF = "2018-03-02"
NEVER_LOADED = "touchpoint_days"


def rows(name: str, merchant: str, draw: random.Random, size: int = 25) -> pd.DataFrame:
    """Rows of one table around the study day: some of each value missing, times near local midnight."""
    frame = {}
    for column in TABLES[name].columns:
        at = [
            datetime.datetime(2018, 3, 1, 20) + datetime.timedelta(hours=draw.randrange(-900, 60)) for _ in range(size)
        ]
        names = OTHER_NAMES if column.touchpoint else ()
        values = {
            "id": [f"{column.name}-{draw.randrange(9)}" for _ in range(size)],
            "text": [draw.choice(["a", "it's", "a\\b", '"q"', "双11", "", *names]) for _ in range(size)],
            "int": [draw.randrange(2**40) for _ in range(size)],
            "money": [draw.randrange(-(2**40), 2**40) for _ in range(size)],
            "float": [draw.random() for _ in range(size)],
            "bool": [draw.random() < 0.5 for _ in range(size)],
            "instant": at,
            "date": [t.date() for t in at],
        }[column.kind]
        needed = column.name in TABLES[name].key
        values = [v if needed or draw.random() < 0.8 else None for v in values]
        frame[column.name] = pd.Series(values, dtype="Int64" if column.kind in ("int", "money") else object)
    frame = pd.DataFrame(frame).assign(merchant=merchant)
    if name == "merchants":
        frame = frame.head(1).assign(zone=ZONES[merchant])
    return frame.drop_duplicates(list(TABLES[name].key))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with random rows in every canonical table but one, loaded in two parts."""
    folder, draw = tmp_path_factory.mktemp("store"), random.Random(1)
    for name in [n for n in TABLES if n != NEVER_LOADED]:
        save_table(folder, name, pd.concat([rows(name, m, draw) for m in ZONES], ignore_index=True))
    save_table(folder, "orders", rows("orders", "m", draw), replace=False)
    return folder


def kinds(table: ibis.Table) -> dict[str, str]:
    """Type of each column; the precision that only one engine states is left out."""
    return {name: type(kind).__name__ for name, kind in table.schema().items()}


EACH_TIME = {
    (t.time and t[t.time].kind, bool(day_column(t))): name for name, t in TABLES.items() if name != NEVER_LOADED
}
"""One table for each way in which tables tell their time."""


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize(
    ("merchants", "as_of", "names"), [(None, None, list(TABLES)), (["m", "店[1]"], AS_OF, list(EACH_TIME.values()))]
)
def test_both_engines_open_the_same_tables(store, as_of, merchants, names):
    one, two = (open_store(store, merchants, as_of, threads=2, engine=name) for name in ENGINES)
    quick(two.connection)
    assert one.fingerprint() == two.fingerprint()
    pd.testing.assert_frame_equal(plain(one.rows()), plain(two.rows()))
    for name in names:
        assert one.has(name) == two.has(name), name
        assert one[name].columns == two[name].columns
        assert kinds(one[name]) == kinds(two[name])
        pd.testing.assert_frame_equal(plain(one[name]), plain(two[name]), check_exact=True, obj=name)
    assert not two.has(NEVER_LOADED)


@pytest.mark.java
@pytest.mark.slow
def test_two_stores_open_at_once_keep_their_own_merchants(store):
    one, two = open_store(store, "m", engine="spark"), open_store(store, "shop 2", engine="spark")
    assert set(one.orders.to_pandas()["merchant"]) == {"m"}
    assert set(two.orders.to_pandas()["merchant"]) == {"shop 2"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The formats chapter's tables in a store, opened by both engines."""
    folder = tmp_path_factory.mktemp("formats")
    for name, table in world().items():
        save_table(folder, name, table)
    both = tuple(open_store(folder, "m", "2018-12-31", threads=2, engine=name) for name in ENGINES)
    quick(both[1].connection)
    return both


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("name", ["formats", "funnel", "groups", "shared customers"])
def test_the_formats_chapter_runs_on_what_spark_opened(name, opened):
    one, two = (plain(FUNCTIONS[name](tables)) for tables in opened)
    assert len(one)
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)


def test_the_engine_is_chosen_by_name(monkeypatch):
    monkeypatch.delenv("RETAILKIT_ENGINE", raising=False)
    assert engine_name() == "duckdb"
    monkeypatch.setenv("RETAILKIT_ENGINE", " Spark ")
    assert engine_name() == "spark"
    assert engine_name("duckdb") == "duckdb"
    assert isinstance(connect(engine="duckdb"), ibis.backends.duckdb.Backend)
    monkeypatch.setenv("RETAILKIT_ENGINE", "spork")
    with pytest.raises(LoadError, match="unknown engine 'spork'"):
        connect()


def test_a_cohort_file_may_choose_the_engine():
    assert read_cohort("complete_journey").engine == ""
    assert read_cohort("complete_journey", engine="spark").engine == "spark"
    with pytest.raises(CohortError, match="engine"):
        read_cohort("complete_journey", engine="spork")
