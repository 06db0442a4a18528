"""Canonical organisation tables of a simulated merchant: guides, groups, shops, owners."""

from __future__ import annotations

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.organisation import REGIONS
from retailkit.simulate.tables.sales import SHOP_FORMATS, quoted
from retailkit.simulate.world import days

QUIET = 25
"""Days that a dead group is still listed with no message."""


def organisation(s: Simulated) -> dict[str, str]:
    """Return table name -> SQL for the organisation room."""
    last = len(days()) - 1
    formats = quoted(SHOP_FORMATS[s.profile.industry] * 2)
    return {
        "guides": f"""select merchant() as merchant, guide_no(guide) as guide, 'S' || merchant() || guide % 8 as shop_id,
            {quoted(REGIONS)}[region + 1] as region, day_of(0) as joined_on, null::date as left_on,
            case when active then day_of(started) end as activated_on from guide order by guide""",
        "guide_bindings": """select merchant() as merchant, 'wecom:' || contact_id as account, guide_no(guide) as guide,
            instant(joined, join_second) as bound_at, day_of(joined) as bound_on,
            null::timestamp as unbound_at, null::date as unbound_on
          from person where contact_id is not null and guide >= 0 order by bound_at, account""",
        "guide_days": f"""select merchant() as merchant, guide_no(guide) as guide, day_of(day) as day,
            floor(rnd(guide || 'c' || day) * 4)::bigint as new_contacts, floor(rnd(guide || 'h' || day) * 15)::bigint as chats,
            1 + floor(rnd(guide || 'm' || day) * 30)::bigint as messages, floor(rnd(guide || 's' || day) * 5)::bigint as shares,
            (rnd(guide || 'l' || day) < 0.03)::bigint as lives
          from guide, range({last + 1}) d(day) where active and day >= started
            and (day = started or rnd(guide || 'a' || day) < 0.3) order by day, guide""",
        "groups": f"""select merchant() as merchant, group_no(grp) as group_id,
            case when guide % 3 = 0 then 'fans' when guide % 3 = 1 then 'flash_sale' else 'neighbourhood' end as kind,
            guide_no(guide) as guide, 'S' || merchant() || guide % 8 as shop_id, instant(born, 36000) as created_at,
            day_of(born) as created_on, case when closed and died + {QUIET} <= {last} then instant(died + {QUIET}, 64800) end as closed_at,
            case when closed and died + {QUIET} <= {last} then day_of(died + {QUIET}) end as closed_on
          from grp order by born, group_id""",
        "group_days": f"""
          with seats as (select grp, joined as day, 1 as up, 0 as down from seat
              union all select grp, quit, 0, 1 from seat where quit >= 0),
            grid as (select grp, born, died, unnest(range(born, least(died + {QUIET}, {last} + 1)))::integer as day from grp),
            moves as (select g.grp, g.day, g.died, coalesce(sum(up), 0) as up, coalesce(sum(down), 0) as down
              from grid g left join seats s on s.grp = g.grp and s.day = g.day group by all),
            totals as (select *, sum(up - down) over (partition by grp order by day) as members from moves),
            spoken as (select *, day < died and members > 0 and (day = died - 1 or rnd(grp || 'q' || day) < 0.85) as talks from totals)
          select merchant() as merchant, group_no(grp) as group_id, day_of(day) as day, members::bigint as members,
            up::bigint as new_members, down::bigint as quits,
            case when talks then least(members, 1 + floor(rnd(grp || 'v' || day) * members * 0.3)) else 0 end::bigint as active_members,
            case when talks then 1 + floor(rnd(grp || 'v' || day) * members * 0.8) else 0 end::bigint as messages
          from spoken order by day, group_id""",
        "group_members": """select distinct on (grp, person, joined) merchant() as merchant, group_no(seat.grp) as group_id,
            'wecom:' || seat.contact_id as account,
            instant(seat.joined, second) as joined_at, case when quit >= 0 then instant(quit, 70000) end as quit_at,
            case when way = 3 then guide_no(grp.guide) when i.contact_id is not null then 'wecom:' || i.contact_id end as inviter,
            way::varchar as join_scene
          from (select seat.*, p.contact_id from seat join person p using (person)) seat join grp using (grp)
            join (select person as inviter, contact_id from person) i using (inviter)
          order by seat.grp, seat.person, seat.joined, seat.second""",
        "shops": f"""select merchant() as merchant, 'S' || merchant() || i as shop_id, 'Simulated shop ' || i as shop,
            {formats}[i + 1] as format, ['Shanghai', 'Hangzhou', 'Kunming', 'Zunyi'][1 + i % 4] as city,
            {quoted(REGIONS)}[i + 1] as region, date '2016-01-01' as opened_on, null::date as closed_on from range(8) r(i) order by i""",
        "shop_days": f"""select merchant() as merchant, 'S' || merchant() || i as shop_id, day_of(day) as day, true as open,
            (80 + rnd(i || 'f' || day) * 60)::bigint as visitors from range(8) r(i), range({last + 1}) d(day) order by day, i""",
        "owners": """select merchant() as merchant, node, owner, share::double as share, day_of(0) as valid_from, null::date as valid_to
          from (values ('official_account', 'content_team', 1.0), ('service_message', 'crm_team', 1.0), ('guide', 'retail_director', 0.7),
            ('guide', 'crm_team', 0.3), ('group', 'community_team', 1.0), ('share', 'community_team', 1.0),
            ('advertising', 'media_team', 1.0), ('scan_offline', 'retail_director', 1.0), ('gmv', 'general_manager', 1.0),
            ('visitors', 'media_team', 1.0), ('conversion', 'shop_team', 1.0), ('new_buyers', 'media_team', 1.0),
            ('returning_buyers', 'crm_team', 1.0), ('frequency', 'crm_team', 1.0), ('basket', 'merchandise_team', 1.0))
              t(node, owner, share) order by node, owner""",
    }  # fmt: skip
