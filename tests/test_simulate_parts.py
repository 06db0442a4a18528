"""A large merchant is drawn in parts: numbers go on, nothing is told twice, and the whole is as large as in one piece."""

import duckdb
import pytest

from retailkit.simulate import merchant as room
from retailkit.simulate import parameters, profiles
from retailkit.simulate.merchant import draw

M07 = next(p for p in profiles() if p.id == "m07")
SCALE = parameters()["span"]["small"] / 2


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Sharing is this merchant's emphasis, so that numbers of earlier sessions matter most."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "PART", 12_000)
        return draw(M07, 1, SCALE, folder=tmp_path_factory.mktemp("parts")).connection


@pytest.fixture(scope="module")
def whole() -> duckdb.DuckDBPyConnection:
    return draw(M07, 1, SCALE).connection


def one(con: duckdb.DuckDBPyConnection, sql: str) -> float:
    return con.sql(sql).fetchall()[0][0]


@pytest.mark.parametrize("name", ["person", "session", "sale", "elsewhere", "grp"])
def test_numbers_of_rows_run_through(parts: duckdb.DuckDBPyConnection, name: str) -> None:
    key = "sale" if name == "elsewhere" else name
    assert parts.sql(f"select min({key}), max({key}) + 1 = count(*), count(distinct {key}) = count(*) from {name}").fetchall() == [
        (0, True, True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        "sale join session using (session) where session.person <> sale.person or session.sale <> sale.sale",
        "sale join session s on s.session = cause_session where s.person <> sale.person or s.day > sale.day",
        "session s join session up on up.session = s.parent where up.touch <> 5 or s.depth <> up.depth + 1 or s.origin < 0",
        "session left join person using (person) where person.person is null",
        "seat left join grp using (grp) where grp.grp is null",
        "session s left join grp g using (grp) where s.grp >= 0 and (g.grp is null or s.day < g.born or s.day >= g.died)",
        "elsewhere left join person p using (person) where elsewhere.person >= 0 and p.person is null",
        "(select phone from person where phone_of = person group by phone having count(*) > 1)",
    ],
)
def test_rows_point_at_rows_of_their_own_part(parts: duckdb.DuckDBPyConnection, wrong: str) -> None:
    assert one(parts, f"select count(*) from {wrong}") == 0


@pytest.mark.parametrize(
    "name", ["person", "session", "sale", "elsewhere", "guide"]
)  # tiny parts have more groups: six at least
def test_parts_add_up_to_the_whole(
    parts: duckdb.DuckDBPyConnection, whole: duckdb.DuckDBPyConnection, name: str
) -> None:
    together, alone = (one(con, f"select count(*) from {name}") for con in (parts, whole))
    assert together == pytest.approx(alone, rel=0.02)


def test_parts_sell_what_the_whole_sells(parts: duckdb.DuckDBPyConnection, whole: duckdb.DuckDBPyConnection) -> None:
    """Over eight seeds the log ratio of mean baskets has mean .000 and sd .041: the buyers are other people."""
    together, alone = (one(con, "select avg(gross) from sale") for con in (parts, whole))
    assert together == pytest.approx(alone, rel=0.12)


def test_a_merchant_in_parts_may_take_the_memory_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing ten million members within 3 GB failed: what sorts all rows does not spill whole."""
    monkeypatch.setenv("RETAILKIT_MEMORY", "5GB")
    assert (room._memory_of(1), room._memory_of(2)) == ("3GB", "5GB")
    monkeypatch.delenv("RETAILKIT_MEMORY")
    assert int(room._memory_of(2).removesuffix("MiB")) >= 2861  # 3 GB
