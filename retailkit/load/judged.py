"""What each row of a file says in a table's terms, and which rows fail: SQL, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from retailkit.load.bounds import halfway, typed
from retailkit.load.conditions import where_sql
from retailkit.load.engine import quote
from retailkit.load.faults import fails, is_fatal
from retailkit.load.fields import Expression, Place, expression, net_amount, row_currency
from retailkit.load.layout import Block, Layout
from retailkit.load.raw import Raw
from retailkit.schema import Table


@dataclass(frozen=True)
class Judged:
    """The rows that a block reads, with typed columns beside the export's cells, and what makes one fail: all SQL.

    ``bad`` rows are set aside; a ``doubtful`` one stays without the cells that fail. ``failing`` tells it by column.
    """

    contract: Table
    block: Block
    made: tuple[Expression, ...]
    source: str
    wanted: str
    someone: str
    failing: Mapping[str, str]
    overlong: str

    @property
    def columns(self) -> str:
        """The typed columns under their names in the contract."""
        return ", ".join(f"{typed(e.name)} AS {quote(e.name)}" for e in self.made)

    @property
    def bad(self) -> str:
        """A row that cannot be kept: it lacks what every row must have, or has more cells than the header."""
        return f"({self._some(fatal=True)} OR {self.overlong})"

    @property
    def doubtful(self) -> str:
        """A row with a cell that cannot be read."""
        return f"({self._some(fatal=False)})"

    def _some(self, fatal: bool) -> str:
        tests = [self.failing[e.name] for e in self.made if is_fatal(self.contract[e.name], self.contract) is fatal]
        return " OR ".join(f"({test})" for test in tests) or "false"

    def rows(self, source: str | None = None) -> str:
        """The rows, or those of them in ``source``; what breaks a rule is empty."""
        values = ", ".join(f"{e.value} AS {typed(e.name)}" for e in self.made)
        before = "".join(f", {e.before} AS {halfway(e.name)}" for e in self.made if e.before)
        rows = f"SELECT *{before} FROM ({source or self.source}) WHERE {self.wanted}"
        rows = f"SELECT *, {values} FROM ({rows})"
        ruled = [f"CASE WHEN {e.rules} THEN {typed(e.name)} END AS {typed(e.name)}" for e in self.made if e.rules]
        rows = f"SELECT * REPLACE ({', '.join(ruled)}) FROM ({rows})" if ruled else rows
        return rows if self.someone == "true" else f"SELECT * FROM ({rows}) WHERE {self.someone}"


def as_expressions(
    contract: Table, block: Block, raw: Raw, layout: Layout, place: Place
) -> tuple[Block, tuple[Expression, ...], Place]:
    """Return the block, its columns as expressions, and the place with the currency that each row states."""
    # an optional column that the file lacks is no field: what it would say is derived or stays empty
    fields = {n: r for n, r in block.fields.items() if not r.optional or any(c in raw.found for c in r.columns)}
    place = replace(place, stated=row_currency(fields.get("currency"), raw))
    made = [expression(contract, n, r, raw, layout, place) for n, r in fields.items()]
    if contract.name == "orders" and "net_amount" not in fields:
        made.append(net := net_amount(made))
        block = block.model_copy(update={"fields": {**block.fields, net.name: block.fields["gross_amount"]}})
    return block, tuple(made), place


def judge(contract: Table, block: Block, made: tuple[Expression, ...], rows: str, raw: Raw, layout: Layout) -> Judged:
    """Return what the rows of a block are and which of them fail."""
    source = rows if block.explode else f"SELECT *, 0 AS item FROM {rows}"
    wanted = "true" if raw.pieces else f'"@skip" IS NULL AND {where_sql(block.where, raw)}'
    absent = [e for e in made if contract.room == "identity" and e.name in contract.key and len(layout.tables) > 1]
    # an order without a customer is an order all the same: nobody is missing from the table of customers
    someone = " AND ".join(f"({typed(e.name)} IS NOT NULL OR {e.filled})" for e in absent if e.columns) or "true"
    overlong = "coalesce(\"@more\" <> '', false)" if "@more" in raw.types else "false"
    return Judged(contract, block, made, source, wanted, someone, {e.name: fails(e, contract) for e in made}, overlong)
