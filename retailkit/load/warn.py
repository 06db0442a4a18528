"""What is odd about a file without being wrong: sentences for the load report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from retailkit.load.cells import number_sql
from retailkit.load.conditions import where_sql
from retailkit.load.engine import Connection, files_select, first, quote
from retailkit.load.layout import Layout
from retailkit.load.publish import active_files, day_column, read_manifest
from retailkit.load.read import Raw
from retailkit.load.rows import Typed
from retailkit.load.rules import Control
from retailkit.schema import table


def file_warnings(con: Connection, raw: Raw, layout: Layout, rows: str, typed: Sequence[Typed]) -> list[str]:
    """Return sentences: stated totals that do not hold, definitions that changed, limits of the source, repeats."""
    found = [w for control in layout.control if (w := _control(con, raw, control))]
    found += [f"since {b.on} the source counts otherwise: {b.what}" for b in layout.breaks]
    if layout.retention_days:
        found.append(f"the source keeps {layout.retention_days} days only: older days are gone unless archived")
    if layout.newest_day_partial:
        day = next((d for t in typed if (d := day_column(t.contract))), None)
        if day:
            found.append("the newest day may be incomplete: the source finishes a day on the next morning")
    found += layout.limits
    return found + _repeats(con, typed, layout)


def table_warnings(con: Connection, store: Path, loaded: set[str], merchants: list[str]) -> list[str]:
    """Return sentences about tables that contradict each other, over all that is published."""
    versions = read_manifest(store)["tables"]
    if not loaded & {"orders", "members"} or not {"orders", "members"} <= set(versions):
        return []
    rows = {
        name: files_select(table(name), [f["path"] for f in active_files(store, name, versions[name], merchants)])
        for name in ("orders", "members")
    }
    query = f"SELECT count(*) FROM ({rows['orders']}) o JOIN ({rows['members']}) m USING (merchant, account) "
    (count,) = first(con, query + "WHERE o.paid_at < m.joined_at") or (0,)
    if not count:
        return []
    were = "order was paid before its" if count == 1 else "orders were paid before their"
    return [f"{count:,} {were} member joined: check the zone of both exports, or members who bought as guests"]


def _control(con: Connection, raw: Raw, control: Control) -> str | None:
    """Compare a total that the file states about itself with its rows."""
    stated = re.search(control.pattern, raw.preamble)
    if stated is None:
        return None
    figure = float(stated.group(1).replace(",", ""))
    what, query = "rows", "count(*)"
    if control.check == "sum" and control.column in raw.found:
        cell = quote(raw.found[control.column])
        what = f"sum of '{control.column}'"
        query = f"coalesce(sum({number_sql(cell) if raw.text else cell}), 0)"
    here = first(con, f"SELECT {query} FROM {raw.relation} WHERE {where_sql(control.where, raw)}")
    if here is None or abs(float(here[0]) - figure) < 0.005:
        return None
    return f"the file states {figure:,.10g} ({what}) but holds {float(here[0]):,.10g}"


def _repeats(con: Connection, typed: Sequence[Typed], layout: Layout) -> list[str]:
    """Count word-for-word repeats among lines that the export does not number."""
    sentences = []
    for t, block in zip(typed, layout.tables, strict=True):
        if not any(rule.number_within for rule in block.fields.values()):
            continue
        numbered = {n for n, rule in block.fields.items() if rule.number_within}
        cells = ", ".join(["merchant", *(quote(n) for n in block.fields if n not in numbered)])
        distinct = f"SELECT DISTINCT {cells} FROM {quote(t.typed)} WHERE NOT bad"
        query = f"SELECT (SELECT count(*) FROM {quote(t.typed)} WHERE NOT bad) - count(*) FROM ({distinct})"
        count = first(con, query)
        if count and count[0]:
            sentences.append(
                f"{count[0]:,} lines repeat another word for word; all are kept, numbered within their order"
            )
    return sentences
