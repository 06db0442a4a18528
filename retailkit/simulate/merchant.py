"""Everything drawn for one simulated merchant, as tables of codes in one engine connection.

The connection holds the tables ``person``, ``session``, ``sale`` (private orders), ``elsewhere``
(orders of other channels), ``guide``, ``grp``, ``seat``: numbers only. `tables`, `vendors` and
`truth.py` write them out with plain SQL.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from retailkit import machine
from retailkit.simulate.accounts import person_table
from retailkit.simulate.calibrate import calibrated
from retailkit.simulate.levels import Levels
from retailkit.simulate.organisation import Groups, Guides, groups, roster
from retailkit.simulate.people import People, people
from retailkit.simulate.rates import TOUCHES, conversion, expected_visits
from retailkit.simulate.sales import area_of, outside, platform_basket, private_goods
from retailkit.simulate.sharing import share_tree
from retailkit.simulate.traffic import Traffic, traffic
from retailkit.simulate.world import Profile, days, parameters, stream

EPOCH = int(np.datetime64(parameters()["span"]["start"], "s").astype(np.int64)) - 8 * 3600
"""UTC second of the span's first local midnight (Asia/Shanghai, no summer time)."""


MEMORY = "3GB"
"""What the engine may hold of one merchant before it spills."""


def _memory_of(parts: int) -> str:
    """Return what the engine may hold: of a merchant in parts half of the machine, as sorts of all its rows need more."""
    half = machine.memory() // 2
    return MEMORY if parts == 1 else os.environ.get("RETAILKIT_MEMORY") or f"{max(half, 3 * 10**9) >> 20}MiB"


PART = 3_000_000
"""Sessions drawn at a time: a larger merchant is drawn in parts, so that memory does not grow with it."""


@dataclass(frozen=True)
class Simulated:
    """One merchant drawn at one scale: its levels, its sizes and the connection with its tables."""

    profile: Profile
    level: Levels
    seed: int
    scale: float
    persons: int
    sessions: int
    orders: int
    connection: duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Part:
    """One part of a merchant, as arrays: its people, groups and traffic; ``seed`` is the part's own."""

    profile: Profile
    level: Levels
    seed: int | str
    scale: float
    people: People
    guides: Guides
    groups: Groups
    traffic: Traffic


def draw(profile: Profile, seed: int, scale: float, folder: str | Path | None = None) -> Simulated:
    """Draw one merchant; the same seed and scale give the same tables whatever else is drawn.

    A merchant of many sessions is drawn in parts, each with customers and groups of its own
    and the same guides: sums of Poisson counts are Poisson, so parts of a scale add up to it.
    With a ``folder`` the engine keeps the tables of such a merchant in a file there.
    """
    level = calibrated(profile, seed, scale)
    guides = roster(level, seed, scale)
    parts = max(1, round(float(expected_visits(level, conversion(level)).sum()) * scale / PART))
    place = str(Path(folder) / f"{profile.id}.duckdb") if folder and parts > 1 else ":memory:"
    spill = str(folder) if folder else tempfile.gettempdir()
    con = duckdb.connect(place, config={"threads": 1, "memory_limit": _memory_of(parts), "temp_directory": spill})
    con.execute(_macros(profile, seed))
    sizes = dict.fromkeys(("person", "session", "sale", "elsewhere", "grp"), 0)
    for i in range(parts):
        own = f"{seed}/{i}" if i else seed
        everyone = people(level, own, scale / parts, guides.weight)
        circles = groups(level, everyone, guides, own)
        flow = traffic(level, everyone, circles, own, scale / parts)
        part = Part(profile, level, own, scale / parts, everyone, guides, circles, flow)
        made = {
            "person": person_table(profile, everyone, flow, circles.members, own, sizes["person"]), "session": _sessions(part),
            "sale": _sales(part), "elsewhere": _elsewhere(part, platform_basket(level, seed)), "grp": _groups(part),
            "seat": _seats(part),
        }  # fmt: skip
        for name, rows in made.items():
            _keep(con, name, rows, sizes if i else None)
        sizes = {name: sizes[name] + made[name].num_rows for name in sizes}
        del everyone, circles, flow, part, made
    _keep(con, "guide", _guides(guides))
    return Simulated(profile, level, seed, scale, sizes["person"], sizes["session"], sizes["sale"], con)


NUMBERED = {
    "person": {},
    "session": {"session": "session", "parent": "session", "origin": "session", "person": "person", "grp": "grp",
                "sale": "sale"},
    "sale": {"sale": "sale", "person": "person", "session": "session", "cause_session": "session"},
    "elsewhere": {"sale": "elsewhere", "person": "person"},
    "grp": {"grp": "grp"},
    "seat": {"grp": "grp", "person": "person", "inviter": "person"},
}  # fmt: skip
"""Table -> its columns that number rows of a table: later parts count on from the earlier ones."""


def _keep(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, after: dict[str, int] | None = None) -> None:
    """Put one part's rows into the engine; ``after`` says how many rows of each table came before."""
    con.register("_rows", rows)
    if after is None:
        con.execute(f"create table {name} as select * from _rows")
    else:
        moved = ", ".join(
            f"(case when {c} >= 0 then {c} + {after[of]} else {c} end)::{rows.schema.field(c).type.to_pandas_dtype().__name__} as {c}"
            for c, of in NUMBERED[name].items()
        )
        con.execute(f"insert into {name} select * {f'replace ({moved})' if moved else ''} from _rows")
    con.unregister("_rows")


def _macros(profile: Profile, seed: int) -> str:
    m = profile.id
    goods = (
        "(8000 + n)::varchar"
        if {"weimob", "youzan_api"} & set(profile.exports)
        else f"'{m}-' || lpad(n::varchar, 3, '0')"
    )
    return f"""
        create macro merchant() as '{m}';
        create macro instant(day, second) as make_timestamp(({EPOCH} + day::bigint * 86400 + second) * 1000000);
        create macro clock(day, second) as make_timestamp(({EPOCH + 28800} + day::bigint * 86400 + second) * 1000000);
        create macro day_of(day) as date '{days()[0]}' + day::integer;
        create macro order_no(n) as {_order_number(profile)};
        create macro product_no(n) as {goods};
        create macro session_no(n) as '{m}s' || lpad(n::varchar, 9, '0');
        create macro cookie(person, seen) as (1000000000 + person)::varchar || '.' || ({EPOCH} + seen);
        create macro wid(person) as 10000000000 + person;
        create macro yz_open_id(person) as 'yz' || substr(md5('{m}:yz:' || person), 1, 20);
        create macro share_no(n) as case when n >= 0 then 'sh' || substr(md5('{m}:share:' || n), 1, 16) end;
        create macro guide_no(n) as case when n >= 0 then 'G{m}' || lpad(n::varchar, 5, '0') end;
        create macro rnd(key) as ('0x' || substr(md5('{m}:{seed}:' || key), 1, 8))::bigint / 4294967296.0;
        create macro group_no(n) as case when n >= 0 then 'wr' || substr(md5('{m}:group:' || n), 1, 20) end;
    """


def _order_number(profile: Profile) -> str:
    """Return SQL of a private order's number: digits alone where the merchant's shop system knows no others."""
    if "weimob" in profile.exports:
        return "'90072' || lpad(n::varchar, 12, '0')"  # beyond 2^53: through a float it would come out as another
    if "shopify" in profile.exports:
        return "'55' || lpad(n::varchar, 11, '0')"
    return f"'E' || strftime(day_of(0), '%Y') || '{profile.id}' || lpad(n::varchar, 12, '0')"


def _sessions(s: Part) -> pa.Table:
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


def _sales(s: Part) -> pa.Table:
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


def _elsewhere(s: Part, basket: float) -> pa.Table:
    o = outside(s.level, s.people, s.seed, s.scale, basket)
    return pa.table({
        "sale": np.arange(len(o.day)), "platform": o.platform, "person": o.person, "day": o.day, "second": o.second,
        "area": o.area, "shop": o.shop, **_goods(o.goods),
    })  # fmt: skip


def _goods(goods: object) -> dict[str, np.ndarray]:
    return {
        name: getattr(goods, name)
        for name in ("gross", "listed", "freight", "refund", "refund_day", "items", "category", "product")
    }


def _guides(g: Guides) -> pa.Table:
    return pa.table({"guide": np.arange(len(g.weight)), "region": g.region, "active": g.active, "started": g.started,
                     "weight": g.weight})  # fmt: skip


def _groups(s: Part) -> pa.Table:
    g = s.groups
    closed = stream(s.seed, s.profile.id, "closed").random(len(g.born)) < 0.3
    return pa.table({"grp": np.arange(len(g.born)), "born": g.born, "died": g.died, "size": g.size, "guide": g.guide,
                     "closed": closed})  # fmt: skip


def _seats(s: Part) -> pa.Table:
    g, n = s.groups, len(s.groups.members)
    rng = stream(s.seed, s.profile.id, "seats")
    of = np.repeat(np.arange(len(g.born)), g.size)
    return pa.table({
        "grp": of, "person": g.members, "joined": g.joined, "quit": g.quit, "second": rng.integers(30000, 80000, n),
        "way": np.searchsorted([0.2, 0.55], rng.random(n), "right") + 1,
        "inviter": g.members[g.start[of] + (rng.random(n) * g.size[of]).astype(np.int64)],
    })  # fmt: skip
