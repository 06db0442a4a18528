"""What is odd about a file without being wrong: sentences for the load report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from retailkit.load.cells import number_sql
from retailkit.load.conditions import where_sql
from retailkit.load.engine import Connection, files_select, first, literal, quote
from retailkit.load.layout import Layout
from retailkit.load.partitions import day_column
from retailkit.load.publish import active_files, read_manifest
from retailkit.load.read import Raw
from retailkit.load.rows import Typed
from retailkit.load.rules import Control
from retailkit.schema import PRIVATE_FORMATS, table

DAILY = {"guide_days", "group_days", "follower_days", "touchpoint_days"}
"""Tables whose sources should tell every day."""


def file_warnings(con: Connection, raw: Raw, layout: Layout, rows: str, typed: Sequence[Typed]) -> list[str]:
    """Return sentences: stated totals that do not hold, definitions that changed, limits of the source, repeats."""
    found = [raw.odd] if raw.odd else []
    found += [w for control in layout.control if (w := _control(con, raw, control))]
    found += [f"since {b.on} the source counts otherwise: {b.what}" for b in layout.breaks]
    if layout.retention_days:
        found.append(f"the source keeps {layout.retention_days} days only: older days are gone unless archived")
    if layout.newest_day_partial:
        day = next((d for t in typed if (d := day_column(t.contract))), None)
        if day:
            found.append("the newest day may be incomplete: the source finishes a day on the next morning")
    found += layout.limits
    return found + _worded(con, raw, layout) + _repeats(con, typed, layout) + _disagreeing(con, typed, layout)


def table_warnings(con: Connection, store: Path, loaded: set[str], merchants: list[str]) -> list[str]:
    """Return sentences about tables that contradict each other or lack days, over all that is published."""
    versions = read_manifest(store)["tables"]
    found = []
    for name in sorted(loaded & DAILY & set(versions)):
        rows = files_select(table(name), [f["path"] for f in active_files(store, name, versions[name], merchants)])
        found += _missing_days(con, name, rows)
    if "orders" in loaded & set(versions):
        files = [f["path"] for f in active_files(store, "orders", versions["orders"], merchants)]
        orders = files_select(table("orders"), files)
        found += _counted_twice(con, orders) + _currencies(con, store, versions, orders)
    if loaded & {"orders", "refunds"}:
        found += _refunds_apart(con, store, versions, merchants)
    found += _forgotten(con, store, versions, merchants)
    return found + _orders_before_members(con, store, versions, loaded, merchants)


def _forgotten(con: Connection, store: Path, versions: dict[str, int], merchants: list[str]) -> list[str]:
    """Say which days lie between two exports of a source that keeps its days for a limited time."""
    if "sources" not in versions:
        return []
    files = [f["path"] for f in active_files(store, "sources", versions["sources"], merchants)]
    kept = f"SELECT merchant, layout, kept_days, first_on, last_on, loaded_at FROM ({files_select(table('sources'), files)})"
    rows = con.execute(f"{kept} WHERE kept_days IS NOT NULL").fetchall()
    if not rows:
        return []
    import pandas as pd

    from retailkit.load.retention import retention_gaps

    frame = pd.DataFrame(rows, columns=["merchant", "layout", "kept_days", "first_on", "last_on", "loaded_at"])
    return [
        f"{g.layout} keeps {g.kept_days} days: {g.days:,} days from {g.first:%Y-%m-%d} on lie in no export of merchant "
        f"{merchant}, {g.days_gone:,} of them are gone for good"
        for merchant, files in frame.groupby("merchant")
        for g in retention_gaps(files).itertuples()
    ]


def _counted_twice(con: Connection, orders: str) -> list[str]:
    """Warn where the payment bill stands as orders beside a shop export of the same private-domain sales."""
    own = ", ".join(map(literal, PRIVATE_FORMATS))
    both = con.execute(
        f"SELECT merchant FROM ({orders}) GROUP BY 1 HAVING count(*) FILTER (channel = 'wechat_pay') > 0 AND "
        f"count(*) FILTER (channel <> 'wechat_pay' AND format IN ({own})) > 0 ORDER BY 1"
    ).fetchall()
    return [
        f"merchant {merchant}: sales may count twice, in the WeChat Pay bill and in a shop export: "
        "load the bill as wechat_pay_totals instead"
        for (merchant,) in both
    ]


def _refunds_apart(con: Connection, store: Path, versions: dict[str, int], merchants: list[str]) -> list[str]:
    """Say how much of a merchant's refunds is of no order here: net sales take off only what an order names or is named by."""
    if not {"orders", "refunds"} <= set(versions):
        return []
    orders, refunds = (
        files_select(table(name), [f["path"] for f in active_files(store, name, versions[name], merchants)])
        for name in ("orders", "refunds")
    )
    apart = con.execute(
        f"SELECT merchant, sum(refund_amount) / any_value(paid) AS share FROM ({refunds}) ANTI JOIN "
        f"(SELECT merchant, order_id FROM ({orders}) SEMI JOIN ({refunds}) USING (merchant, order_id)) "
        f"USING (merchant, order_id) JOIN (SELECT merchant, sum(gross_amount) AS paid FROM ({orders}) GROUP BY 1) "
        "USING (merchant) GROUP BY 1 HAVING share > 0.001 ORDER BY 1"
    ).fetchall()
    return [
        f"merchant {merchant}: refunds of {share:.1%} of what was paid name no order that is loaded, so net sales are "
        "not less by them: map order_id in their layout, or load the orders"
        for merchant, share in apart
    ]


def _currencies(con: Connection, store: Path, versions: dict[str, int], orders: str) -> list[str]:
    """Warn of amounts that must not be added up, and of a currency that the cohort file does not say."""
    told = {}
    if "merchants" in versions:
        files = [f["path"] for f in active_files(store, "merchants", versions["merchants"])]
        told = dict(
            con.execute(f"SELECT merchant, currency FROM ({files_select(table('merchants'), files)})").fetchall()
        )
    several = f"SELECT merchant, list(DISTINCT currency ORDER BY currency) FROM ({orders}) GROUP BY 1 ORDER BY 1"
    found = []
    for merchant, own in con.execute(several).fetchall():
        if len(own) > 1:
            found.append(
                f"merchant {merchant}: orders are in {', '.join(own)}, and their amounts are added up as they stand: "
                "load one currency only, or convert the others first"
            )
        elif own and told.get(merchant, own[0]) != own[0]:
            found.append(
                f"merchant {merchant}: orders are in {own[0]}, but the cohort file says {told[merchant]}: correct it there"
            )
    return found


def _missing_days(con: Connection, name: str, rows: str) -> list[str]:
    """Say which days of a daily series are missing between its first and its last: a source may not keep them."""
    which = "source_system = 'wecom_groups'" if name == "touchpoint_days" else "true"
    gaps = con.execute(
        f"SELECT merchant, min(day), max(day), max(day) - min(day) + 1 - count(DISTINCT day) AS gone FROM ({rows}) "
        f"WHERE {which} GROUP BY 1 HAVING gone > 0 ORDER BY 1"
    ).fetchall()
    return [
        f"{name}: {gone:,} of the days between {first} and {last} are missing (merchant {merchant})"
        for merchant, first, last, gone in gaps
    ]


def _orders_before_members(
    con: Connection, store: Path, versions: dict[str, int], loaded: set[str], merchants: list[str]
) -> list[str]:
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


def _worded(con: Connection, raw: Raw, layout: Layout) -> list[str]:
    """Count amounts that carry words (still being computed, for reference only): the number is taken, and said so."""
    rules = [r for block in layout.tables for r in block.fields.values() if r.extract]
    columns = dict.fromkeys(
        c for r in rules for c in r.columns if raw.found.get(c) in raw.types and c not in layout.sensitive
    )
    empty = {w for r in rules for w in r.empty}
    sentences = []
    for column in columns:
        cell = quote(raw.found[column])
        words = f"regexp_replace({cell}, '[-+]?[0-9][0-9.,]*', '')"
        plain = ", ".join(literal(w) for w in ("", "元", "¥", "￥", *sorted(empty)))
        query = f"SELECT count(*), any_value({words}) FROM {raw.relation} WHERE trim({words}) NOT IN ({plain})"
        count, example = first(con, query) or (0, "")
        if count:
            sentences.append(f"{count:,} cells of '{column}' carry words beside the number ('{example}')")
    return sentences


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


def _disagreeing(con: Connection, typed: Sequence[Typed], layout: Layout) -> list[str]:
    """Count groups whose rows state different amounts although one amount per group is read (an order's total)."""
    sentences = []
    for t, block in zip(typed, layout.tables, strict=True):
        if not block.group:
            continue
        made = {name for name, *_ in con.execute(f"DESCRIBE {quote(t.typed)}").fetchall()}
        once = [n for n, r in block.fields.items() if n in made and t.contract[n].kind == "money" and not r.agg]
        once = [n for n in once if block.fields[n].columns]
        if not once:
            continue
        keys = ", ".join(quote(k) for k in t.contract.key)
        told = ", ".join(f"count(DISTINCT {quote(n)}) AS {quote(n)}" for n in once)
        counts = ", ".join(f"count(*) FILTER ({quote(n)} > 1)" for n in once)
        found = first(con, f"SELECT {counts} FROM (SELECT {told} FROM {quote(t.typed)} WHERE NOT bad GROUP BY {keys})")
        sentences += [
            f"in {count:,} {block.table} the rows state different amounts ({n}): the first is taken, check whether they "
            "are parts"
            for n, count in zip(once, found or (), strict=False)
            if count
        ]
    return sentences
