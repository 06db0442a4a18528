"""Accounts of the simulated persons: the ids that systems know them by, and the evidence between them.

Ids, phones and names are made from the merchant and the person's number by a hash: nothing is
drawn from a list of real people. Phones start with 199 and names with a test surname, so that a
scan of outputs for them is exact.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from retailkit.simulate.people import People
from retailkit.simulate.traffic import Traffic
from retailkit.simulate.world import Profile, parameters, stream

CITY_TIERS = (("first", ("Shanghai", "Beijing", "Shenzhen")), ("new_first", ("Hangzhou", "Chengdu", "Wuhan")),
              ("second", ("Kunming", "Wenzhou", "Jinan")), ("third_and_below", ("Zunyi", "Luoyang", "Linyi", "Mianyang")))  # fmt: skip
PHONES = 61_803_399
"""Step from one person's phone to the next; prime to 10^8, so that no two of them meet by chance."""
CITIES = tuple(city for _, cities in CITY_TIERS for city in cities)


def person_table(
    profile: Profile, people: People, traffic: Traffic, in_groups: np.ndarray, seed: int | str, before: int = 0
) -> pa.Table:
    """Return one row per person with every id, flag and attribute that exports may show; ``before`` is where numbers start.

    ``openid`` and the other id columns are empty where the person has no such account;
    whoever is in a group (``in_groups``: persons) is an external contact in WeCom.
    """
    page, n = parameters()["people"], len(people)
    rng = stream(seed, profile.id, "accounts")
    first = np.full(n, -1, np.int64)
    at = traffic.day.astype(np.int64) * 86400 + traffic.second
    first[traffic.person[::-1]] = at[::-1]
    case = parameters()["cases"]["low_tier"]
    low = case["value"] if profile.id == case["merchant"] else rng.uniform(0.35, 0.6)
    city = np.where(rng.random(n) < low, rng.integers(6, len(CITIES), n), rng.integers(0, 6, n))
    other = rng.integers(0, n, n)
    phone_of = np.where(rng.random(n) < page["shared_phone"], other, np.arange(n))
    changed = np.where(people.second, rng.integers(200, 700, n), 10_000)
    seen = np.bincount(traffic.person[traffic.day >= changed[traffic.person]], minlength=n) > 0
    contact = people.contact | np.isin(np.arange(n), in_groups)
    table = pa.table({
        "person": before + np.arange(n), "joined": people.joined, "left": people.left, "came_by": people.came_by,
        "weight": people.weight, "guide": people.guide, "follower": people.follower, "member": people.member, "contact": contact,
        "visited": first >= 0, "first_at": first, "changed": changed, "again": seen,
        "union_known": rng.random((3, n))[0] >= page["no_unionid"], "phone_given": rng.random(n) < 0.6,
        "bound_member": rng.random(n) < 0.85, "phone_of": before + phone_of, "city": city,
        "level_no": rng.integers(0, 4, n), "woman": rng.random(n) < 0.7, "age": rng.integers(0, 5, n),
        "join_second": rng.integers(32400, 79200, n), "lost_follower": rng.random(n) < 0.12,
    })  # fmt: skip
    con = duckdb.connect(config={"threads": 1})
    con.register("p", table)
    m = profile.id
    offset = int.from_bytes(m.encode(), "big")
    return con.sql(f"""
        select *, 'sim_{m}_' || lpad(person::varchar, 8, '0') as true_person,
          case when visited then 'oS' || substr(md5('{m}:mp:' || person), 1, 26) end as openid,
          case when again then 'oS' || substr(md5('{m}:mp2:' || person), 1, 26) end as openid_2,
          case when follower then 'oF' || substr(md5('{m}:oa:' || person), 1, 26) end as fan_openid,
          case when contact then 'wm' || substr(md5('{m}:wc:' || person), 1, 30) end as contact_id,
          case when member then upper('{m}') || lpad(person::varchar, 9, '0') end as member_id,
          'sim_' || substr(md5('{m}:tb:' || person), 1, 12) as nick,
          'oU' || substr(md5('{m}:union:' || person), 1, 26) as unionid,
          '199' || lpad(((phone_of * {PHONES} + {offset}) % 100000000)::varchar, 8, '0') as phone,
          '测' || chr((19968 + ('0x' || substr(md5('{m}:name:' || person), 1, 6))::bigint % 3000)::integer)
              || chr((19968 + ('0x' || substr(md5('{m}:name:' || person), 7, 6))::bigint % 3000)::integer) as name
        from p order by person""").to_arrow_table()
