"""What an earlier export could not give and a later one gives: the quarantine names the file that brought it.

A corrected export is known by its records, not by its name: `orders.csv` of every morning is no correction of
yesterday's. A record counts as come when a file of the same layout, loaded later, gives a sound row of the same key.
"""

from __future__ import annotations

from collections.abc import Sequence

from retailkit.load.engine import Connection, files_select, first, literal, quote
from retailkit.load.faults import record_sql
from retailkit.load.rows import Typed
from retailkit.schema import table

MISSING, CAME, SETTLED = "quarantine_missing", "quarantine_came", "quarantine_settled"
"""Tables of a load's connection: what is in quarantine and has not come, what came in earlier loads, and in this one."""


def gather_missing(con: Connection, stored: Sequence[str]) -> None:
    """Keep what earlier loads have set aside and no file has brought; ``stored`` are the quarantine's files."""
    con.execute(f"CREATE TEMP TABLE {SETTLED} AS FROM ({files_select(table('quarantine'), [])}) LIMIT 0")
    rows = files_select(table("quarantine"), list(stored))
    con.execute(f"CREATE TEMP TABLE {MISSING} AS FROM ({rows}) WHERE record IS NOT NULL AND came_in IS NULL")
    con.execute(f"CREATE TEMP TABLE {CAME} AS FROM ({rows}) WHERE record IS NOT NULL AND came_in IS NOT NULL")


def settle(con: Connection, file: str, file_id: str, layout: str, typed: Sequence[Typed]) -> None:
    """Note which missing records the tables of a file hold, and that they came in it."""
    for name in dict.fromkeys(t.contract.name for t in typed):
        mine = f'layout = {literal(layout)} AND "table" = {literal(name)} AND file_id <> {literal(file_id)}'
        if first(con, f"FROM {MISSING} WHERE {mine} LIMIT 1") is None:
            continue
        record = record_sql(table(name))
        rows = [quote(t.relation) for t in typed if t.contract.name == name]
        here = " UNION ALL ".join(f"SELECT merchant, {record} AS record FROM {r}" for r in rows)
        met = (
            f"SELECT DISTINCT merchant, record FROM ({here}) "
            f"JOIN (SELECT DISTINCT merchant, record FROM {MISSING} WHERE {mine}) USING (merchant, record)"
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE quarantine_met AS {met}")
        con.execute(
            f"INSERT INTO {SETTLED} BY NAME SELECT * REPLACE ({literal(file)} AS came_in) FROM {MISSING} "
            f"SEMI JOIN quarantine_met USING (merchant, record) WHERE {mine}"
        )
        con.execute(
            f"DELETE FROM {MISSING} WHERE {mine} AND (merchant, record) IN (SELECT merchant, record FROM quarantine_met)"
        )


def add_missing(con: Connection, rows: str) -> None:
    """Keep what this file has set aside as well: a later file of the same load may bring it.

    What was set aside in an earlier reading of the file too, and has come since, has come.
    """
    con.execute(
        f"UPDATE {rows} AS q SET came_in = c.came_in FROM {CAME} c WHERE q.file_id = c.file_id AND "
        'q.merchant = c.merchant AND q.layout = c.layout AND q."table" = c."table" AND q.record = c.record'
    )
    con.execute(f"INSERT INTO {MISSING} BY NAME FROM {rows} WHERE record IS NOT NULL AND came_in IS NULL")


def take_back(con: Connection, which: str) -> None:
    """Forget what an earlier reading of a file had set aside; ``which`` is SQL."""
    for name in (MISSING, SETTLED):
        con.execute(f"DELETE FROM {name} WHERE {which}")
