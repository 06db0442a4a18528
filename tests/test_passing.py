"""A large export that passes once, in pieces, leaves what a small one does: rows, numbers of rows, quarantine."""

import gzip
import subprocess
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_files import HEADER, layout, load, quarantine, stored

from retailkit.cohort import read_cohort
from retailkit.load import LoadError, files, load_cohort, open_store, partitions, passing, pieces, unique
from retailkit.load.files import probe, utf8_copy

DAYS = pd.date_range("2018-01-01", "2018-04-30", periods=4000)
LINES = [f"{i},客{i % 99},{day:%Y-%m-%d %H:%M:%S},{i % 90}.25" for i, day in enumerate(DAYS)]


@pytest.fixture
def cut(monkeypatch):
    """Let every export pass in pieces of 20 kB; return how to say whether months stand together."""
    monkeypatch.setattr(passing, "PASSING", 0)
    monkeypatch.setattr(pieces, "PIECE", 20_000)
    monkeypatch.setattr(files, "CHUNK", 7_000)
    monkeypatch.setattr(partitions, "FEW", 100)
    return lambda together: monkeypatch.setattr(passing, "RUN", 0 if together else 1 << 40)


def both(tmp_path, monkeypatch, data: bytes, file="orders.csv"):
    """Load the same bytes in pieces and at once; the folders."""
    folders = tmp_path / "pieces", tmp_path / "whole"
    for folder in folders:
        folder.mkdir()
    load(folders[0], data, file=file)
    with monkeypatch.context() as small:
        small.setattr(passing, "PASSING", 1 << 40)
        load(folders[1], data, file=file)
    return folders


def alike(folders) -> pd.DataFrame:
    """Return the rows, if both folders hold the same ones, the same quarantine and the same counts."""
    frames = [stored(f).sort_values("order_id", ignore_index=True) for f in folders]
    pd.testing.assert_frame_equal(*frames)
    assert quarantine(folders[0]) == quarantine(folders[1])
    counts = [open_store(f / "store").sources.to_pandas().filter(like="rows_") for f in folders]
    pd.testing.assert_frame_equal(*counts)
    assert not list((folders[0] / "store").glob(".scratch*"))
    return frames[0]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_pieces_make_the_rows_that_the_whole_makes(tmp_path, monkeypatch, cut, encoding, together):
    cut(together)
    lines = list(LINES)
    lines[3] = "x,客,never,1"
    lines[2500] = "2500,客,2018-03-01 10:00,1,2,3"
    lines[3000] = " ,,　,"
    lines[3999] = lines[1]  # a repeat, word for word
    lines.append(lines[5].replace(".25", ".75"))  # a change
    folders = both(tmp_path, monkeypatch, (HEADER + "\n".join(lines)).encode(encoding))
    frame = alike(folders)
    assert len(frame) == 3996
    assert [row for row, *_ in quarantine(folders[0])] == [4, 6, 2501]
    assert frame.set_index("order_id").loc["5", "gross_amount"] == 575


def test_only_the_files_that_hold_a_repeat_are_written_again(tmp_path, monkeypatch, cut):
    cut(True)
    again = []
    write = unique.write_file

    def noted(con, select, folder, month):
        again.append(month)
        return write(con, select, folder, month)

    monkeypatch.setattr(unique, "write_file", noted)
    february = next(line for line in LINES if ",2018-02-14" in line)
    load(tmp_path, (HEADER + "\n".join([*LINES, february, february.replace(".25", ".75"), LINES[-1]])).encode())
    # the first of February's three and, in a piece of its own, the second; the first of April's two
    assert sorted(again) == ["2018-02", "2018-02", "2018-04"]
    assert stored(tmp_path)["order_id"].is_unique
    assert len(stored(tmp_path)) == 4000
    kept = stored(tmp_path).set_index("order_id")["gross_amount"]
    assert kept[february.split(",")[0]] % 100 == 75, "the row that comes last stays"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("line", [
    '7,"客\n人",2018-01-02,1',
    '7,客 12",2018-01-02,1',
    '7,"客, ""一""",2018-01-02,1',
    '="7",\'8,`2018-01-02 10:00,1\t',
    "7,\u00a0客\u3000,2018-01-02,1",
    "7,,2018-01-02,1",
])  # fmt: skip
def test_quotes_line_breaks_and_blanks_are_read_alike(tmp_path, monkeypatch, cut, line, together):
    cut(together)
    lines = [*LINES[:1500], line, *LINES[1500:]]
    lines = [x for x in lines if not x.startswith("7,客7")]
    frame = alike(both(tmp_path, monkeypatch, (HEADER + "\n".join(lines)).encode()))
    assert "7" in set(frame["order_id"])


@pytest.mark.parametrize("data", [
    (HEADER + "\n".join(LINES)).encode("gb18030")[:-9] + b"\xff\xff\n1",
    gzip.compress((HEADER + "\n".join(LINES)).encode("gb18030"))[:-40],
])  # fmt: skip
def test_a_file_that_breaks_off_in_a_late_piece_leaves_the_store_as_it_was(tmp_path, cut, data):
    cut(True)
    load(tmp_path, HEADER + "1,a,2018-03-01 10:00,12.34\n", file="before.csv")
    mark = open_store(tmp_path / "store").fingerprint()
    with pytest.raises(LoadError, match=r"encoding cannot be read|cut off or damaged"):
        load(tmp_path, data)
    assert open_store(tmp_path / "store").fingerprint() == mark
    assert not list((tmp_path / "store").glob(".scratch*"))


def test_months_are_published_as_they_were_written_and_put_together_where_rows_are_there(tmp_path, cut):
    cut(True)
    load(tmp_path, HEADER + "\n".join(LINES))
    version = open_store(tmp_path / "store").versions["orders"]
    months = {f["month"] for f in files_of(tmp_path)}
    assert months == {"2017-12", "2018-01", "2018-02", "2018-03", "2018-04"}  # the first hours lie in December, in UTC
    changed = [line.replace(".25", ".75") for line in LINES[:900]]
    load(tmp_path, HEADER + "\n".join(changed), file="later.csv")
    assert open_store(tmp_path / "store").versions["orders"] > version
    amounts = stored(tmp_path).set_index("order_id")["gross_amount"] % 100
    assert amounts.value_counts().to_dict() == {25: 3100, 75: 900}


def test_large_files_of_several_merchants_are_published_as_they_were_written(tmp_path, monkeypatch, cut):
    """Merchant a has one export, b two that overlap, c a small one, d one with a repeat."""
    cut(True)
    layout(tmp_path)
    files = {
        ("a", "a.csv"): LINES,
        ("b", "b1.csv"): LINES[:2500],
        ("b", "b2.csv"): [line.replace(".25", ".75") for line in LINES[2000:]],
        ("c", "c.csv"): LINES[:50],
        ("d", "d.csv"): [*LINES, LINES[7]],
    }
    page = 'title = "Four"\nas_of = 2018-06-01\nzone = "Asia/Shanghai"\ncurrency = "CNY"\ncountry = "CN"\n'
    page += (
        "baseline = { start = 2018-01-01, end = 2018-02-28 }\nprogramme = { start = 2018-03-01, end = 2018-04-30 }\n"
    )
    page += 'merchants = [{ id = "a" }, { id = "b" }, { id = "c" }, { id = "d" }]\n'
    for (merchant, name), lines in files.items():
        (tmp_path / name).write_text(HEADER + "\n".join(lines), encoding="gb18030")
        page += f'[[sources]]\nlayout = "own.toml"\npath = "{name}"\nmerchant = "{merchant}"\n'
    (tmp_path / "c.toml").write_text(page, encoding="utf-8")
    kept = {}
    for way, least in ("store", 10_000), ("whole", 1 << 40):
        monkeypatch.setattr(passing, "PASSING", least)
        report = load_cohort(read_cohort(tmp_path / "c.toml"), tmp_path / way)
        assert report["rows_kept"].tolist() == [4000, 2500, 2000, 50, 4000]
        assert report["rows_duplicate"].tolist() == [0, 0, 0, 0, 1]
        kept[way] = (
            open_store(tmp_path / way).orders.to_pandas().sort_values(["merchant", "order_id"], ignore_index=True)
        )
    pd.testing.assert_frame_equal(kept["store"], kept["whole"])
    assert kept["store"].groupby("merchant").size().to_dict() == {"a": 4000, "b": 4000, "c": 50, "d": 4000}
    cents = kept["store"].assign(cents=kept["store"]["gross_amount"] % 100).groupby("merchant")["cents"]
    assert cents.apply(lambda c: (c == 75).sum()).to_dict() == {"a": 0, "b": 2000, "c": 0, "d": 0}
    numbered = {f["merchant"] for f in files_of(tmp_path) if "source_row" in pq.read_schema(f["path"]).names}
    assert numbered == {"a", "d"}, "files that passed as they are; b's were put together, c's rows are too few"


def files_of(folder):
    from retailkit.load.published import active_files

    store = open_store(folder / "store")
    return active_files(folder / "store", "orders", store.versions["orders"])


@given(st.lists(st.text('a客,"\r\n \x00', max_size=9), max_size=40), st.integers(1, 30), st.integers(1, 9))
def test_pieces_are_the_text_cut_at_ends_of_lines(tmp_path_factory, lines, size, chunk):
    folder = tmp_path_factory.mktemp("cut")
    (folder / "a.csv").write_text("x\n" + "\n".join(lines), "gb18030", newline="")
    with pytest.MonkeyPatch.context() as small:
        found = probe(folder / "a.csv", "gb18030")
        small.setattr(pieces, "PIECE", size)
        small.setattr(files, "CHUNK", chunk)
        try:
            texts = [piece.read_bytes() for piece in pieces.utf8_pieces(found, folder)]
        except pieces.WholeOnly:
            texts = None
    whole = utf8_copy(found, folder / "whole.csv").read_bytes()
    if texts is None:
        assert any(line.count(b'"') % 2 for line in whole.split(b"\n"))
    else:
        assert b"".join(texts) == whole
        assert all(text.endswith(b"\n") and len(text) >= size for text in texts[:-1])
        assert all(len(text) < size + 100 for text in texts), "cut after the line, or two, that fills the piece"
        assert [p.name for p in folder.glob("*.csv") if p.name not in ("a.csv", "whole.csv")] in (
            [],
            [f"{found.file_id}.{len(texts)}.csv"],
        )


CELLS = st.text("ab1客= '`\t\u00a0\u3000\ufeff。", max_size=4)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=9),
    st.sampled_from(["utf-8", "gb18030"]),
    st.integers(1, 9),
)
def test_no_cell_of_a_tidy_file_is_wrapped(tmp_path_factory, rows, encoding, chunk):
    folder = tmp_path_factory.mktemp("tidy")
    (folder / "a.csv").write_text("a\n" + "\n".join(map(",".join, rows)), encoding, newline="")
    with pytest.MonkeyPatch.context() as small:
        small.setattr(files, "CHUNK", chunk)
        found = probe(folder / "a.csv")
    blanks = " \t\u00a0\u3000\ufeff"
    odd = [c for row in rows for c in row if c.strip(blanks) != c or c.startswith(("'1", "`", '="'))]
    assert not (found.tidy and odd)


def test_a_script_that_loads_a_large_export_ends_without_a_word(tmp_path):
    # the engine complains of a connection that is left when a process ends: nothing may keep one from the collector
    (tmp_path / "orders.csv").write_text(HEADER + "\n".join(LINES) + "\n", encoding="gb18030")
    code = (
        "import sys\nfrom retailkit.load import load_file, passing, pieces\npassing.PASSING, pieces.PIECE = 0, 20_000\n"
        "print(load_file(*sys.argv[1:])['rows_kept'].sum(), 'pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", code, tmp_path / "orders.csv", layout(tmp_path), "m", tmp_path / "store"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("4000 True\n", "")
