"""An export opened as canonical tables, without a store: for a first look and for one-off figures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retailkit.cohort import Merchant
from retailkit.load.ahead import import_ahead
from retailkit.load.engine import over_ibis
from retailkit.load.files import probe
from retailkit.load.layout import Layout, currency_in, read_layout
from retailkit.load.sheets import each_sheet
from retailkit.load.staging import loading, shaped, stage_file
from retailkit.load.unique import one_per_key
from retailkit.schema import table


@contextmanager
def open_file(
    path: str | Path,
    layout: str | Path,
    merchant: str | None = None,
    zone: str = "Asia/Shanghai",
    currency: str | None = None,
    tables: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> Iterator[dict[str, Any]]:
    """Look at one export as canonical tables without loading it anywhere: name to Ibis table, for a ``with``.

    Parameters
    ----------
    tables : only these canonical tables, None for all that the layout makes; with columns per table
        only those are read and checked (and the key), the others stay empty.

    Raises
    ------
    LoadError
        If the file cannot be read.
    """
    # the engine reads the file without Python's lock: what its tables need can be imported meanwhile
    importing = import_ahead("ibis.backends.duckdb", "pandas")
    rules = _narrowed(read_layout(layout), tables)
    currency = currency_in(zone, rules) if currency is None else currency
    found = {merchant: Merchant(id=merchant, zone=zone, currency=currency)} if merchant else {}
    with tempfile.TemporaryDirectory(prefix="retailkit-") as folder, loading(Path(folder), found, look=True) as load:
        parts, _ = each_sheet(probe(path, rules.encoding), rules)
        place = list(found), merchant is not None, (zone, currency)
        staged = [stage_file(load, f"f{i}", part, rules, *place) for i, part in enumerate(parts)]
        typed = [t for part in staged for t in part.typed]
        importing.join()
        backend = over_ibis(load.con)
        for name in {t.contract.name for t in typed}:
            relations = [shaped(name, t.relation) for t in typed if t.contract.name == name]
            rows = one_per_key(load.con, table(name), relations, load.scratch)
            load.con.execute(f"CREATE TEMP VIEW {name} AS FROM {rows}")
        yield {name: backend.table(name) for name in dict.fromkeys(t.contract.name for t in typed)}


def _narrowed(layout: Layout, tables: Sequence[str] | Mapping[str, Sequence[str]] | None) -> Layout:
    """Leave out the layout's other tables, and other columns where columns are named."""
    if tables is None:
        return layout
    blocks = [b for b in layout.tables if b.table in tables]
    if isinstance(tables, Mapping):
        for i, block in enumerate(blocks):
            contract, asked = table(block.table), set(tables[block.table])
            asked |= {f"{n.removesuffix('_on')}_at" for n in asked} | set(contract.key)
            fields = {n: r for n, r in block.fields.items() if n in asked or contract[n].required}
            blocks[i] = block.model_copy(update={"fields": fields})
    return layout.model_copy(update={"tables": tuple(blocks)})
