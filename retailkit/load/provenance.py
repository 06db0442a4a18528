"""Where rows came from: what one file adds to the tables ``sources``, ``source_breaks`` and ``quarantine``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from retailkit.load.engine import literal, quote
from retailkit.load.files import Probe
from retailkit.load.layout import Layout
from retailkit.load.partitions import day_column
from retailkit.load.rows import Typed
from retailkit.load.settled import add_missing, settle, take_back
from retailkit.load.staging import Load, Staged, shaped


def record_file(load: Load, found: Probe, layout: Layout, staged: Staged) -> None:
    """Add the file's rows to the tables ``sources``, ``source_breaks`` and ``quarantine``.

    What an earlier reading of the same file with this layout (then worded otherwise) set aside is taken back,
    and what other files had set aside and this one brings is noted.
    """
    tag, typed = f"f{len(load.report)}", staged.typed
    facts = f"{literal(found.file_id)} AS file_id, {literal(found.name)} AS file"
    load.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {tag}_source AS SELECT *, {facts}, {literal(layout.name)} AS layout, "
        f"{literal(layout.layout_id)} AS layout_id, {literal(found.encoding)} AS encoding, "
        f"TIMESTAMP {literal(f'{datetime.now(UTC):%Y-%m-%d %H:%M:%S}')} AS loaded_at FROM {tag}_counts"
        + _span(layout, typed)
    )
    load.relations.setdefault("sources", []).append(shaped("sources", f"{tag}_source"))
    changes = [(b.on, b.what, name) for b in layout.breaks for name in dict.fromkeys(t.contract.name for t in typed)]
    if changes:
        told = ", ".join(f"(DATE {literal(on)}, {literal(what)}, {literal(name)})" for on, what, name in changes)
        load.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {tag}_breaks AS SELECT merchant, {literal(layout.name)} AS layout, "
            f'b.* FROM {tag}_counts CROSS JOIN (VALUES {told}) AS b(changed_on, what, "table")'
        )
        load.relations.setdefault("source_breaks", []).append(shaped("source_breaks", f"{tag}_breaks"))
    readings = {name for file, m, name, _ in load.before if file == found.file_id and m in staged.place.zones}
    if layout.name in readings:
        tables = {t.contract.name for t in typed}
        mine = f' AND "table" IN ({", ".join(map(literal, sorted(tables)))})' if len(readings) > 1 else ""
        owners = ", ".join(map(literal, staged.place.zones))
        taken = f"(file_id = {literal(found.file_id)} AND merchant IN ({owners}){mine})"
        load.gone.setdefault("quarantine", []).append(taken)
        take_back(load.con, taken)
    settle(load.con, found.name, found.file_id, layout.name, typed)
    problems = [p for t in typed for p in t.problems]
    if problems:
        union = " UNION ALL ".join(problems)
        read = f"{facts}, {literal(layout.name)} AS layout, NULL::VARCHAR AS came_in"
        load.con.execute(f"CREATE OR REPLACE TEMP TABLE {tag}_quarantine AS SELECT DISTINCT *, {read} FROM ({union})")
        load.relations.setdefault("quarantine", []).append(shaped("quarantine", f"{tag}_quarantine"))
        add_missing(load.con, f"{tag}_quarantine")


def _span(layout: Layout, typed: Sequence[Typed]) -> str:
    """Return SQL that adds the days which a file tells of each merchant, where the source soon forgets them."""
    days = [(t.relation, day) for t in typed if (day := day_column(t.contract))]
    if not layout.retention_days or not days:
        return ""
    union = " UNION ALL ".join(f"SELECT merchant, {quote(day)} AS day FROM {quote(rows)}" for rows, day in days)
    span = f"SELECT merchant, min(day) AS first_on, max(day) AS last_on FROM ({union}) GROUP BY 1"
    return f" LEFT JOIN (SELECT *, {layout.retention_days} AS kept_days FROM ({span})) USING (merchant)"
