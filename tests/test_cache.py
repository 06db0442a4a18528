"""What a study caches lies packed in a file that goes with it."""

import gc
from pathlib import Path

import ibis

from retailkit.load.engine import connect


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/cache.duckdb"))


def test_a_cached_table_takes_a_fraction_of_its_room_in_memory(tmp_path):
    backend = connect(threads=1, memory="500MB", temp=tmp_path)
    rows = ibis.memtable({"n": list(range(200_000))})
    rows = rows.mutate(person=ibis.literal("p0123456789abcdef-") + (rows.n % 50).cast("string"))
    backend.create_table("rows", rows, temp=True)
    kept = backend.table("rows").cache()
    held = dict(backend.con.execute("SELECT tag, memory_usage_bytes FROM duckdb_memory()").fetchall())
    assert kept.person.nunique().execute() == 50
    (file,) = _files(tmp_path)
    assert 0 < file.stat().st_size < held["IN_MEMORY_TABLE"] / 4


def test_the_file_goes_when_nobody_uses_the_tables_any_more(tmp_path):
    folder = tmp_path / "engine"
    backend = connect(threads=1, memory="500MB", temp=folder)
    kept = backend.create_table("few", ibis.memtable({"n": [1, 2, 3]})).cache()
    total = kept.n.sum()
    del backend, kept
    gc.collect()
    assert total.execute() == 6
    assert len(_files(folder)) == 1
    del total
    gc.collect()
    assert not folder.exists()


def test_two_stores_that_are_open_at_once_keep_their_tables_apart(tmp_path):
    one, two = (connect(threads=1, memory="500MB", temp=tmp_path) for _ in range(2))
    tables = [b.create_table("t", ibis.memtable({"n": [i]})).cache() for i, b in enumerate((one, two))]
    assert len(_files(tmp_path)) == 2
    assert [int(t.n.sum().execute()) for t in tables] == [0, 1]
