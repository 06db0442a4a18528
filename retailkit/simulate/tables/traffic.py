"""Canonical traffic tables of a simulated merchant: sessions, ledger by touchpoint, followers, messages."""

from __future__ import annotations

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.rates import STEPS
from retailkit.simulate.tables.sales import quoted
from retailkit.simulate.world import parameters, window

GIFT = "gift_2018q4"


def gift(s: Simulated) -> None:
    """Create table ``gift``: the sessions of the gift campaign, whose buyers are new in the published share.

    Only the merchant that carries the case runs it; elsewhere the table is empty.
    """
    case = parameters()["cases"]["new_share"]
    span = window(s.profile.group, "programme") if s.profile.id == case["merchant"] else slice(0, 0)
    part = case["value"]
    s.connection.execute(f"""
        create table gift as
        with buyers as (
          select person, session, day, row_number() over (partition by person order by day, second, sale) = 1 as new,
            min(day) over (partition by person) < {span.start} as old,
            row_number() over (partition by person, day >= {span.start} order by day, second, sale) as nth, touch
          from sale where day < {span.stop}),
        mine as (select person, session, new from buyers
          where day >= {span.start} and (new or old) and nth = 1 and touch in (1, 5, 6)),
        sizes as (select least(sum(new::int), floor(sum((not new)::int) * {part} / (1 - {part}))) as n from mine),
        ranked as (select *, row_number() over (partition by new order by session) as k from mine)
        select session from ranked, sizes where k <= case when new then round(n) else round(n * (1 - {part}) / {part}) end""")


def traffic(s: Simulated) -> dict[str, str]:
    """Return table name -> SQL for the traffic room; `sales.prepare` and `gift` must have run."""
    campaign = f"""case when session in (select session from gift) then '{GIFT}'
        when touch_name = 'service_message' then 'push_' || lpad((day // 7)::varchar, 3, '0') end"""
    span = window(s.profile.group, "programme")
    push = "'push_' || lpad((day // 7)::varchar, 3, '0')"
    sent = "greatest(second - 60 - rnd(session || 'p') * 18000, 0)::bigint"
    return {
        "sessions": f"""select merchant() as merchant, session_id, 'mini_program:' || open_id as account,
            instant(day, second) as started_at, day_of(day) as started_on, scene::varchar as scene, touch_name as touchpoint,
            case touch_name when 'guide' then 'guide' when 'group' then 'community' when 'share' then 'sharing'
              else 'official_store' end as format, chan as chan_id, {campaign} as campaign_id, guide_no(guide_in) as guide,
            group_no(grp) as group_id, case when touch_name = 'share' then share_no(session) end as share_node,
            share_no(parent) as share_parent,
            case when touch_name = 'share' then depth::bigint end as share_depth,
            case when touch_name = 'share' then share_no(if(origin < 0, session, origin)) end as share_origin, pages::bigint as pages,
            {quoted(STEPS)}[step + 1] as furthest_step, case when sale >= 0 then order_no(sale) end as order_id
          from (select *, visits.guide as guide_in from visits) order by session""",
        "touchpoint_days": """select merchant() as merchant, 'youshu' as source_system, touch_name as touchpoint, day_of(v.day) as day,
            count(*) as visits, count(distinct v.person) as visitors, sum(v.first::int)::bigint as new_visitors,
            sum(v.shared::int)::bigint as shares, sum((v.sale >= 0)::int)::bigint as orders,
            coalesce(sum(sale.gross), 0)::bigint as gross_amount, 'CNY' as currency
          from visits v left join sale on sale.sale = v.sale group by touch_name, v.day order by day, touchpoint""",
        "follower_days": _followers(),
        "campaigns": f"""select * from (select merchant() as merchant, {push} as campaign_id, 'weekly template message' as campaign,
              'service_message' as touchpoint, day_of(min(day)) as starts_on, day_of(max(day)) as ends_on,
              min(day) >= {span.start} as programme from session where touch = 2 group by day // 7
            union all select merchant(), '{GIFT}', 'gift campaign with social sharing', 'share', day_of({span.start}),
              day_of({span.stop - 1}), true from (select count(*) as n from gift) where n > 0) order by campaign_id""",
        "pushes": f"""select merchant() as merchant, 'T' || merchant() || lpad(row_number() over (order by day,
          second, account)::varchar, 9, '0')
              as push_id, {push} as campaign_id, account, 'service_message' as touchpoint, instant(day, second) as sent_at,
              day_of(day) as sent_on, case when rnd(account || day || 'd') < 0.96 or opened is not null then instant(day, second + 2) end
              as delivered_at, opened as opened_at
          from (select session, day, {sent} as second, 'mini_program:' || open_id as account, instant(day, second) as opened
                  from visits where touch = 2
                union all select v.session, v.day, v.second, 'mini_program:' || p.openid, null
                  from (select session, day, {sent} as second, (session::bigint * 7919 + k * 104729) % {s.persons} as target
                    from visits cross join range(2) t(k) where touch = 2) v join person p on p.person = v.target
                  where p.openid is not null and p.first_at < v.day * 86400)
          order by sent_at, push_id""",
    }  # fmt: skip


def _followers() -> str:
    """Followers of the official account and contacts in WeCom by day and source, from the persons' joins and losses."""
    source = "['search', 'card_share', 'qr_code', 'article', 'payment', 'other'][1 + (came_by + person) % 6]"
    return f"""
        with moves as (
          select 'official_account' as system, {source} as source_channel, greatest(joined, -1) as day, 1 as up, 0 as down
            from person where fan_openid is not null
          union all select 'official_account', {source}, greatest(joined + 90, -1), 0, 1 from person
            where fan_openid is not null and lost_follower
          union all select 'wecom', ['qr_code', 'card_share', 'search'][1 + person % 3], greatest(joined, -1), 1, 0 from person
            where contact_id is not null),
        grid as (select system, source_channel, d.day from (select distinct system, source_channel from moves)
          cross join (select unnest(range(-1, (select max(day) + 1 from session)))::integer as day) d),
        flows as (select system, source_channel, day, coalesce(sum(up), 0) as gained, coalesce(sum(down), 0) as lost
          from grid left join moves using (system, source_channel, day) group by all)
        select merchant() as merchant, system, source_channel, day_of(day) as day, gained::bigint as gained, lost::bigint as lost, total
        from (select *, (sum(gained - lost) over (partition by system, source_channel order by day))::bigint as total from flows)
        where day >= 0 order by system, source_channel, day"""
