"""Everything drawn for one simulated merchant, as tables of codes in one engine connection.

The connection holds the tables ``person``, ``session``, ``sale`` (private orders), ``outside``,
``guide``, ``grp``, ``seat``: numbers only. `canonical.py`, `vendors.py` and `truth.py` write
them out with plain SQL.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from retailkit.simulate.accounts import person_table
from retailkit.simulate.calibrate import calibrated
from retailkit.simulate.levels import Levels
from retailkit.simulate.organisation import Groups, Guides, groups, roster
from retailkit.simulate.people import People, people
from retailkit.simulate.rates import TOUCHES
from retailkit.simulate.sales import area_of, outside, private_goods
from retailkit.simulate.sharing import share_tree
from retailkit.simulate.traffic import Traffic, traffic
from retailkit.simulate.world import Profile, days, parameters, stream

EPOCH = int(np.datetime64(parameters()["span"]["start"], "s").astype(np.int64)) - 8 * 3600
"""UTC second of the span's first local midnight (Asia/Shanghai, no summer time)."""


MEMORY = "3GB"
"""What the engine may hold of one merchant before it spills."""


@dataclass(frozen=True)
class Simulated:
    """One merchant drawn at one scale: its levels, people, traffic and the connection with its tables."""

    profile: Profile
    level: Levels
    seed: int
    scale: float
    people: People
    guides: Guides
    groups: Groups
    traffic: Traffic
    connection: duckdb.DuckDBPyConnection


def draw(profile: Profile, seed: int, scale: float, threads: int = 1) -> Simulated:
    """Draw one merchant; the same seed and scale give the same tables whatever else is drawn."""
    level = calibrated(profile, seed, scale)
    guides = roster(level, seed, scale)
    everyone = people(level, seed, scale, guides.weight)
    circles = groups(level, everyone, guides, seed)
    flow = traffic(level, everyone, circles, seed, scale)
    con = duckdb.connect(config={"threads": threads, "memory_limit": MEMORY, "temp_directory": tempfile.gettempdir()})
    con.execute(_macros(profile, seed))
    out = Simulated(profile, level, seed, scale, everyone, guides, circles, flow, con)
    tables = {"person": person_table(profile, everyone, flow, circles.members, seed), "session": _sessions(out), "sale": _sales(out),
              "elsewhere": _elsewhere(out), "guide": _guides(out), "grp": _groups(out), "seat": _seats(out)}  # fmt: skip
    for name, table in tables.items():
        con.register(f"_{name}", table)
        con.execute(f"create table {name} as select * from _{name}")
        con.unregister(f"_{name}")
    return out


def _macros(profile: Profile, seed: int) -> str:
    m = profile.id
    return f"""
        create macro merchant() as '{m}';
        create macro instant(day, second) as make_timestamp(({EPOCH} + day::bigint * 86400 + second) * 1000000);
        create macro clock(day, second) as make_timestamp(({EPOCH + 28800} + day::bigint * 86400 + second) * 1000000);
        create macro day_of(day) as date '{days()[0]}' + day::integer;
        create macro order_no(n) as 'E' || strftime(day_of(0), '%Y') || '{m}' || lpad(n::varchar, 12, '0');
        create macro session_no(n) as '{m}s' || lpad(n::varchar, 9, '0');
        create macro share_no(n) as case when n >= 0 then 'sh' || substr(md5('{m}:share:' || n), 1, 16) end;
        create macro guide_no(n) as case when n >= 0 then 'G{m}' || lpad(n::varchar, 5, '0') end;
        create macro rnd(key) as ('0x' || substr(md5('{m}:{seed}:' || key), 1, 8))::bigint / 4294967296.0;
        create macro group_no(n) as case when n >= 0 then 'wr' || substr(md5('{m}:group:' || n), 1, 20) end;
    """


def _sessions(s: Simulated) -> pa.Table:
    rng, t, n = stream(s.seed, s.profile.id, "sessions"), s.traffic, len(s.traffic.day)
    scenes = [parameters()["scenes"].get(name, ["1000"]) for name in TOUCHES]
    width = max(map(len, scenes))
    grid = np.array([row + [row[0]] * (width - len(row)) for row in scenes], dtype="U4").astype(np.int32)
    guide = np.where(t.touch == TOUCHES.index("guide"), s.people.guide[t.person], -1)
    tree = share_tree(s.level, t, s.seed)
    return pa.table({
        "session": np.arange(n, dtype=np.int32), "person": t.person, "day": t.day, "second": t.second, "touch": t.touch,
        "scene": grid[t.touch, np.minimum(rng.geometric(0.6, n) - 1, width - 1)],
        "guide": guide, "grp": t.group, "step": t.step, "first": t.first, "sale": t.order,
        "pages": 1 + t.step + rng.poisson(1.5, n).astype(np.int32), **tree,
    })  # fmt: skip


def _sales(s: Simulated) -> pa.Table:
    t, n = s.traffic, len(s.traffic.o_day)
    rng = stream(s.seed, s.profile.id, "sales")
    bought = private_goods(s.level, s.people, t, s.seed)
    touch = t.touch[t.o_session]
    sold = np.where(touch == TOUCHES.index("guide"), s.people.guide[t.o_person], -1)
    return pa.table({
        "sale": np.arange(n), "person": t.o_person, "day": t.o_day, "second": t.o_second, "session": t.o_session,
        "cause": t.o_cause, "cause_session": t.o_touch, "programme": t.o_programme, "touch": touch,
        "sold_by": sold, "owned_by": s.people.guide[t.o_person], "area": area_of(s.level, n, s.seed),
        "unknown": rng.random(n) < parameters()["people"]["unknown_orders"], "home": rng.random(n) < 0.8,
        **_goods(bought),
    })  # fmt: skip


def _elsewhere(s: Simulated) -> pa.Table:
    o = outside(s.level, s.people, s.seed, s.scale)
    return pa.table({
        "sale": np.arange(len(o.day)), "platform": o.platform, "person": o.person, "day": o.day, "second": o.second,
        "area": o.area, "shop": o.shop, **_goods(o.goods),
    })  # fmt: skip


def _goods(goods: object) -> dict[str, np.ndarray]:
    return {
        name: getattr(goods, name)
        for name in ("gross", "listed", "freight", "refund", "refund_day", "items", "category", "product")
    }


def _guides(s: Simulated) -> pa.Table:
    g = s.guides
    return pa.table({"guide": np.arange(len(g.weight)), "region": g.region, "active": g.active, "started": g.started,
                     "weight": g.weight})  # fmt: skip


def _groups(s: Simulated) -> pa.Table:
    g = s.groups
    closed = stream(s.seed, s.profile.id, "closed").random(len(g.born)) < 0.3
    return pa.table({"grp": np.arange(len(g.born)), "born": g.born, "died": g.died, "size": g.size, "guide": g.guide,
                     "closed": closed})  # fmt: skip


def _seats(s: Simulated) -> pa.Table:
    g, n = s.groups, len(s.groups.members)
    rng = stream(s.seed, s.profile.id, "seats")
    of = np.repeat(np.arange(len(g.born)), g.size)
    return pa.table({
        "grp": of, "person": g.members, "joined": g.joined, "quit": g.quit, "second": rng.integers(30000, 80000, n),
        "way": np.searchsorted([0.2, 0.55], rng.random(n), "right") + 1,
        "inviter": g.members[g.start[of] + (rng.random(n) * g.size[of]).astype(np.int64)],
    })  # fmt: skip
