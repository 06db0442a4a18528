"""Canonical money, plan and context tables of a simulated merchant: spend, coupons, red packets, targets, programme."""

from __future__ import annotations

import csv
from importlib.resources import files

from retailkit.simulate.accounts import CITY_TIERS
from retailkit.simulate.merchant import Simulated
from retailkit.simulate.rates import TOUCHES
from retailkit.simulate.world import parameters, profiles, stream, window

TRADITIONAL_CAC = 160
"""Yuan that one new customer costs by paid advertising (assumed)."""


def cac_ratio(s: Simulated) -> float:
    """Return cost per new customer of the sharing campaign over that of advertising."""
    case = parameters()["cases"]["cac_ratio"]
    return (
        case["value"]
        if s.profile.id == case["merchant"]
        else float(stream(s.seed, s.profile.id, "cac").uniform(0.6, 1.1))
    )


def plan(s: Simulated) -> dict[str, str]:
    """Return table name -> SQL for the plan room; `sales.prepare` and `traffic.gift` must have run."""
    tiers = ", ".join(f"('{city}', '{tier}')" for tier, cities in CITY_TIERS for city in cities)
    return {
        **_money(s),
        **_programme(s),
        "city_tiers": f"""select merchant() as merchant, city, tier, date '2018-01-01' as valid_from
          from (values {tiers}) t(city, tier) order by city""",
    }


def _money(s: Simulated) -> dict[str, str]:
    """What was spent, and handed out."""
    ratio, share, advert = cac_ratio(s), TOUCHES.index("share"), TOUCHES.index("advertising")
    return {
        "spend": f"""
          with firsts as (select day, touch, row_number() over (partition by person order by day, second, sale) as k from sale),
            months as (select date_trunc('month', day_of(day)) as month, touch, count(*) as new from firsts
              where k = 1 and touch in ({share}, {advert}) group by all),
            span as (select day_of(d.day) as day, date_trunc('month', day_of(d.day)) as month,
              dayofmonth(last_day(day_of(d.day))) as n from range((select max(day) + 1 from session)) d(day))
          select merchant() as merchant, case touch when {share} then 'share' else 'advertising' end as touchpoint,
            case touch when {share} then 'gifts and sharing campaign' else 'paid advertising' end as item, day,
            (round(new * {TRADITIONAL_CAC * 100} * case touch when {share} then {ratio!r} else 1 end / n))::bigint as amount,
            'CNY' as currency from span join months using (month)
          union all select merchant(), 'guide', 'commission', day_of(day), (sum(gross) * 5 // 100)::bigint, 'CNY' from sale
            where sold_by >= 0 group by day
          order by day, touchpoint""",
        "coupons": """select merchant() as merchant, 'C' || merchant() || lpad(v.session::varchar, 9, '0') as coupon_id,
            null::varchar as campaign_id, 'mini_program:' || v.open_id as account,
            instant(v.day - (rnd(v.session || 'k') * 5)::integer, 30000) as issued_at,
            case when v.sale >= 0 then instant(sale.day, sale.second) end as redeemed_at,
            case when v.sale >= 0 then day_of(sale.day) end as redeemed_on, case when v.sale >= 0 then order_no(v.sale) end as order_id,
            case when v.sale >= 0 then least(2000, listed + freight - gross) else 2000 end as amount, 'CNY' as currency
          from visits v left join sale on sale.sale = v.sale where touch_name = 'card_coupon' order by v.session""",
        "red_packets": """select merchant() as merchant, 'B' || merchant() || lpad(v.session::varchar, 9, '0') as packet_id,
            'mini_program:' || v.open_id as account, 'mini_program:' || up.open_id as sender,
            instant(v.day, greatest(v.second - 600, 0)) as sent_at, day_of(v.day) as sent_on,
            case when rnd(v.session || 'r') < 0.8 then instant(v.day, v.second) end as received_at,
            (100 + floor(rnd(v.session || 'm') * 900))::bigint as amount, 'CNY' as currency
          from visits v join visits up on up.session = v.parent where v.parent >= 0 and rnd(v.session || 'b') < 0.4 order by v.session""",
    }  # fmt: skip


def _programme(s: Simulated) -> dict[str, str]:
    """What the programme aimed for, did, met on its way and counted."""
    span = window(s.profile.group, "programme")
    invited = s.profile.group != "never"
    steps = (
        ", ".join(f"('step_{i + 1}', {at}, {float(size)!r})" for i, (at, size) in enumerate(s.level.steps))
        or "('none', -1, 0.0)"
    )
    before = float(s.level.without[window(s.profile.group, "baseline")].mean()) * s.scale
    return {
        "targets": f"""select * from (
            select merchant() as merchant, 'gmv' as node, first as starts_on, last as ends_on,
              {before * s.profile.aov * 2.5!r}::double * (date_diff('day', first, last) + 1) as target, 'yuan' as unit
            from (select first, last_day(first) as last from (select unnest([{_months(span)}]) as first)) where {invited}
            union all select merchant(), 'orders', first, last_day(first), {before * 2.4!r}::double * dayofmonth(last_day(first)), 'orders'
            from (select unnest([{_months(span)}]) as first) where {invited}) order by starts_on, node""",
        "actions": f"""select * from (
            select merchant() as merchant, name as action_id, 'touchpoint rebuilt, level raised / 触点重建，日销上台阶' as action,
              '{_main_touch(s)}' as touchpoint, day_of(began::integer) as starts_on, null::date as ends_on
                from (values {steps}) t(name, began, size) where began >= 0
            union all select merchant(), 'class_' || lpad((i + 1)::varchar, 2, '0'),
              'class ' || (i + 1) || ' of 20 / 第' || (i + 1) || '课，共20课', null,
              day_of({span.start} + i * 3), day_of({span.start} + i * 3) from range(20) r(i) where {invited})
                order by starts_on, action_id""",
        "issue_register": f"""select merchant() as merchant, 'I' || lpad(i::varchar, 2, '0') as issue_id, issue, kind,
            day_of({span.start} + i) as raised_on,
            case when rnd('i' || i) < 0.8 then day_of({span.start} + i + 10 + i % 7) end as solved_on
          from (values {_issues(s)}) t(i, kind, issue) where {invited} order by i""",
        "programme_counters": f"""select merchant() as merchant, counter, day_of({span.start} + w * 7) as day,
            floor(goal * (w + 1) / 13.0)::double as value
          from (values ('companies diagnosed', 200), ('people trained', 1000), ('cases', 100)) t(counter, goal), range(13) r(w)
          where {invited} order by day, counter""",
        "lift_tests": f"""
          with caused as (select cause as touch, count(*) as n from sale
              where cause > 0 and day between {span.start + 14} and {span.start + 41} group by cause),
            seen as (select touch, count(*) as n from sale where day between {span.start + 14} and {span.start + 41} group by touch)
          select merchant() as merchant, 'L' || merchant() || touch as test_id, {_names()} as touchpoint,
            day_of({span.start + 14}) as starts_on, day_of({span.start + 41}) as ends_on,
            caused.n / seen.n + 0.05 * (rnd('lift' || touch) + rnd('b' || touch) + rnd('c' || touch) - 1.5) * 2 as lift,
            0.05::double as standard_error
          from caused join seen using (touch) where touch in (2, 3, 6) and {invited} order by touch""",
    }  # fmt: skip


def _issues(s: Simulated) -> str:
    """SQL rows of the merchant's issues: every common one, and the particular ones that are its own."""
    with files("retailkit.simulate").joinpath("issues.csv").open(encoding="utf-8") as page:
        issues = list(csv.DictReader(page))
    alike = [p.id for p in profiles() if p.group == s.profile.group]
    single = [i for i, issue in enumerate(issues) if issue["kind"] == "particular"]
    whose = {i: alike[k % len(alike)] for k, i in enumerate(single)}
    rows = []
    for i, issue in enumerate(issues):
        if whose.get(i, s.profile.id) == s.profile.id:
            title = f"{issue['en']} / {issue['zh']}".replace("'", "''")
            rows.append(f"({i}, '{issue['kind']}', '{title}')")
    return ", ".join(rows)


def _names() -> str:
    return "[" + ", ".join(f"'{t}'" for t in TOUCHES) + "][touch + 1]"


def _main_touch(s: Simulated) -> str:
    return {"guide": "guide", "community": "group", "sharing": "share", "store": "official_account"}[s.profile.emphasis]


def _months(span: slice) -> str:
    import numpy as np

    from retailkit.simulate.world import days

    firsts = np.unique(days()[span].astype("datetime64[M]")).astype("datetime64[D]")
    return ", ".join(f"date '{first}'" for first in firsts)
