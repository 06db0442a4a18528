"""Paths from events beside SQL by hand that makes the same rows. Run: python benchmarks/attribution_paths.py [events]

The hand-written query is what an analyst of one merchant would write: no merchant in its keys, accounts for
persons. Both results are compared row by row before the seconds are. With ``--tight`` the events lie in Parquet
files, only our side runs, and the engine may use 3 GB: what counts is the peak of the whole process.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import ibis
from attribution import cpu, peak

from retailkit.attribute.journeys import transitions
from retailkit.attribute.markov import removal_effects
from retailkit.attribute.paths import paths
from retailkit.attribute.tables import PATH, TOUCH, shape
from retailkit.load.engine import connect

KNOWN = [c for c in PATH if c not in ("format", "guide", "group_id", "campaign_id", "shop_id")]

EXPOSED = """(select * from touches where kind = 'exposure' and "role" in ('touch', 'direct') and person is not null)"""

ORDERS = f"""
with reached as (
  select o.*, t.touch_id, t.touched_at, t.touched_on, t.touchpoint, t.kind, t."role"
  from orders o left join {EXPOSED} t
    on t.person = o.account and t.touched_at <= o.paid_at and t.touched_on between o.paid_on - 30 and o.paid_on
  union all
  select o.*, t.touch_id, t.touched_at, t.touched_on, t.touchpoint, t.kind, t."role"
  from orders o join touches t on t.order_id = o.order_id
  where t.kind = 'order_attached' and t."role" in ('touch', 'direct')),
placed as (
  select *, case when touched_at is null then 3 when "role" = 'direct' then 2 when kind = 'order_attached' then 1
    else 0 end place from reached),
numbered as (
  select *, row_number() over line nth, count(touched_at) over line touched,
    count(touched_at) filter (place < 2) over line others
  from placed window line as (partition by order_id order by place, touched_at, touch_id
    rows between unbounded preceding and unbounded following)),
bought as (
  select merchant, order_id journey_id, account person, 'order' outcome, order_id, paid_at, paid_on, gross_amount,
    net_amount, case when touched = 0 then 1 else nth end "position",
    greatest(case when others > 0 then others else touched end, 1) path_length, touch_id, touched_at, touched_on,
    paid_on - touched_on days_before, coalesce(touchpoint, 'unattributed') touchpoint, coalesce(kind, 'none') kind,
    coalesce("role", case when account is null then 'unknown_person' else 'no_touch' end) "role"
  from numbered where touched = 0 or (touched_at is not null and (place < 2 or others = 0)))
"""

WHOLE = f"""{ORDERS},
idle as (
  select * from {EXPOSED} t where not exists (select 1 from orders o
    where t.person = o.account and t.touched_at <= o.paid_at and t.touched_on between o.paid_on - 30 and o.paid_on)),
begun as (
  select *, coalesce(touched_on - lag(touched_on) over (partition by person order by touched_at, touch_id) > 30, true)
    begins from idle),
journeys as (
  select *, sum(begins::int) over (partition by person order by touched_at, touch_id rows unbounded preceding) journey
  from begun),
counted as (
  select *, row_number() over line nth, count(*) over line touched, count(*) filter ("role" <> 'direct') over line others,
    max(touched_on) over line ended, max(touched_on) filter ("role" <> 'direct') over line seen
  from journeys window line as (partition by person, journey order by ("role" = 'direct'), touched_at, touch_id
    rows between unbounded preceding and unbounded following)),
missed as (
  select merchant, 'none:' || person || ':' || journey journey_id, person,
    case when coalesce(seen, ended) + 30 >= date '2024-07-01' then 'censored' else 'none' end outcome, null order_id,
    null paid_at, null paid_on, null gross_amount, null net_amount, nth "position",
    case when others > 0 then others else touched end path_length, touch_id, touched_at, touched_on, null days_before,
    touchpoint, kind, "role"
  from counted where others = 0 or "role" <> 'direct')
"""


def events_of_a_shop(con: ibis.BaseBackend, events: int, folder: Path | None = None) -> tuple[ibis.Table, ibis.Table]:
    """Return SIMULATED touches and orders: ten touches a person, one in ten a return, coupons on a tenth of the orders."""
    persons, when = events // 10, "timestamp '2024-01-01' + to_seconds((hash(range * {}) % 15552000)::bigint) ts"
    orders = f"""
    select 'm' merchant, 'o' || i order_id, 'p' || (hash(i * 11) % {persons}) account, ts paid_at, ts::date paid_on,
      1000::bigint gross_amount, 1000::bigint net_amount
    from (select range i, {when.format(5)} from range({events // 20}))"""
    touches = f"""
    select 'm' merchant, 'session:' || i touch_id, 'p' || (hash(i) % {persons}) person, person account,
      ts touched_at, ts::date touched_on, 't' || (hash(i * 7) % 12) touchpoint, 'exposure' kind,
      case when hash(i * 13) % 10 = 0 then 'direct' else 'touch' end "role", 'session' record, null::varchar order_id
    from (select range i, {when.format(3)} from range({events})) union all
    select merchant, 'coupon:' || order_id, account, account, paid_at, paid_on, 'coupon', 'order_attached', 'touch',
      'coupon', order_id from orders where hash(order_id) % 10 = 0"""
    for name, query in (("orders", orders), ("touches", touches)):
        if folder is None:
            con.raw_sql(f"create table {name} as {query}")
        else:
            con.raw_sql(f"copy ({query}) to '{folder / name}.parquet'")
            con.raw_sql(f"create view {name} as from '{folder / name}.parquet'")
    return shape(con.table("touches"), TOUCH), con.table("orders")


def beside_sql(events: int) -> None:
    """Print seconds of our paths and of the same rows by hand, for orders alone and with journeys without one."""
    con = connect(threads=2, memory="4GB")
    touches, orders = events_of_a_shop(con, events)
    con.raw_sql(
        "create table persons (merchant varchar, account varchar, person varchar)"
    )  # linking was run: nobody to join
    walked = paths(touches, orders, con.table("persons"), as_of="2024-07-01").select(KNOWN)
    every = "select * from bought union all select * from missed"
    for what, rows, hand in (
        ("paths of orders", walked.filter(walked.outcome == "order"), f"{ORDERS} select * from bought"),
        ("with journeys without an order", walked, f"{WHOLE} {every}"),
    ):
        sql = ibis.to_sql(rows)
        theirs = cpu(lambda q=hand: con.raw_sql(f"create or replace temp table theirs as {q}"), 2)
        ours = cpu(lambda q=sql: con.raw_sql(f"create or replace temp table ours as {q}"), 2)
        columns = ", ".join(f'"{c}"' for c in KNOWN)
        differ = [
            con.raw_sql(
                f"select count(*) from (select {columns} from {a} except all select {columns} from {b})"
            ).fetchone()
            for a, b in (("ours", "theirs"), ("theirs", "ours"))
        ]
        count = con.raw_sql("select count(*) from ours").fetchone()[0]
        print(
            f"{what}, {events:,} events: {ours:.2f} s CPU, by hand {theirs:.2f} s, ratio {ours / theirs:.2f}; "
            f"{count:,} rows, {sum(d[0] for d in differ)} differ; {peak()}",
            flush=True,
        )
        con.raw_sql("drop table ours; drop table theirs")


def in_little_memory(events: int) -> None:
    """Print seconds and peak memory of paths, kept, and of their removal effects, with 3 GB for the engine."""
    with tempfile.TemporaryDirectory() as place:
        con = connect(threads=2, memory="3GB")
        touches, orders = events_of_a_shop(con, events, Path(place))
        before, wall = time.process_time(), time.perf_counter()
        walked = paths(touches, orders, as_of="2024-07-01").cache()
        made = time.process_time() - before
        effects = removal_effects(transitions(walked))
        print(
            f"{events:,} events from files: {walked.count().execute():,} rows of paths in {made:.0f} s CPU, with removal "
            f"effects {time.process_time() - before:.0f} s CPU, {time.perf_counter() - wall:.0f} s, {peak()}, "
            f"{len(effects)} touchpoints, {effects.attrs['orders']:,.0f} orders exposed",
            flush=True,
        )


if __name__ == "__main__":
    numbers = [int(a.replace("_", "")) for a in sys.argv[1:] if a[0].isdigit()]
    (in_little_memory if "--tight" in sys.argv else beside_sql)(numbers[0] if numbers else 1_000_000)
