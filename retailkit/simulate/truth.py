"""The truth of a simulated merchant: what no export shows and every method is judged against.

Files in ``truth/``, one row each:

- ``persons``: one account and its true person; accounts with the same ``reachable`` are joined by evidence in the exports
- ``phones``: one person's phone (a few are shared by two persons)
- ``order_causes``: one private order, its true cause, the session of the touch, whether the programme made it
- ``credit``: one touchpoint (or 'organic') of a merchant, named as stores show it (exports say share, the truth sharing):
  orders and money it truly caused, orders seen last in it
- ``effect``: one ISO week: expected sales with and without the programme, log effect; ``effect_days`` the same by day
- ``programme``: one merchant: programme's ratio of mean daily sales, its log, season and market, growth on the period before
- ``steps``: one step of the base level: day and log size
- ``sharing``: true K (visits brought per visit, no K factor of persons: many of them were users before), edges and visits
  realised, mean cycle
- ``groups``: one group with its true birth and death; ``group_hazard``: the true daily hazard and mean life
- ``customers``: one person with true activity, last day alive, sales before and after the cut
- ``cases``: one published case that a merchant carries: goal at full scale, and what it is at this scale
- ``headline``: one merchant: drawn sales before and in the window, on Double 11 and on Double 12
- ``dirty``: one spoilt row of one export and what was spoilt
- ``planted``: every phone, personal name and e-mail address in the exports, for the scan of outputs
"""

from __future__ import annotations

from retailkit.schema import own_name
from retailkit.simulate.merchant import EPOCH, Simulated
from retailkit.simulate.rates import SHARE, TOUCHES
from retailkit.simulate.vendors.web import EMAIL
from retailkit.simulate.world import day_number, days, parameters, window

VALUE_FROM = {"first": "2019-01-01", "second": "2019-03-01", "never": "2019-01-01"}
"""Day at which customers' true later value starts."""


def truth(s: Simulated) -> dict[str, str]:
    """Return truth table name -> SQL for one merchant; the tables' views must exist."""
    names = "[" + ", ".join(f"'{own_name(t)}'" for t in TOUCHES) + "]"
    before, during = window(s.profile.group, "baseline"), window(s.profile.group, "programme")
    cut = f"(date '{VALUE_FROM[s.profile.group]}' - day_of(0))"
    _register_levels(s)
    more = "".join(f" union all {rows}" for system, rows in _WEB.items() if system in s.profile.exports)
    email = f" union select merchant(), 'email', {EMAIL} from person" if "shopify" in s.profile.exports else ""
    span = f"day between {during.start} and {during.stop - 1}"
    earlier = f"day between {before.start} and {before.stop - 1}"
    return {
        "persons": f"""select merchant() as merchant, account, true_person as person,
            count(*) over (partition by true_person) as accounts, true_person || ':' || part as reachable from (
            select 'mini_program:' || openid as account, true_person, 'main' as part from person where openid is not null
            union all select 'mini_program:' || openid_2, true_person, if(union_known, 'main', 'second') from person
              where openid_2 is not null
            union all select 'official_account:' || fan_openid, true_person, if(union_known, 'main', 'fan') from person
              where fan_openid is not null
            union all select 'wecom:' || contact_id, true_person, if(union_known, 'main', 'contact') from person
              where contact_id is not null
            union all select 'crm:' || member_id, true_person, if(openid is not null and (bound_member or phone_given), 'main', 'member')
              from person where member_id is not null
            union all select distinct account, p.true_person, 'platform' from outside_orders o join person p using (person) where platform
            {more}) order by account""",
        "phones": """select merchant() as merchant, phone, true_person as person from person order by phone, person""",
        "order_causes": f"""select merchant() as merchant, order_id, day_of(o.day) as paid_on, {names}[o.cause + 1] as cause,
            c.session_id as cause_session, {names}[o.touch + 1] as last_touch,
            o.programme, p.true_person as person, o.gross as gross_amount, o.gross - o.refund as net_amount
          from private_orders o join person p using (person) left join visits c on c.session = o.cause_session order by o.sale""",
        "credit": f"""
          with caused as (select {names}[cause + 1] as touchpoint, count(*) as orders, sum(gross)::bigint as gross,
              sum(gross - refund)::bigint as net, sum(programme::int)::bigint as by_programme,
              count(*) filter ({span}) as window_orders, coalesce(sum(gross) filter ({span}), 0)::bigint as window_gross
              from sale group by cause),
            seen as (select {names}[touch + 1] as touchpoint, count(*) as last_touch_orders, sum(gross)::bigint as last_touch_gross
              from private_orders group by touch)
          select merchant() as merchant, touchpoint, coalesce(orders, 0) as orders, coalesce(gross, 0) as gross_amount,
            coalesce(net, 0) as net_amount, coalesce(by_programme, 0) as programme_orders,
            coalesce(window_orders, 0) as window_orders, coalesce(window_gross, 0) as window_gross_amount,
            coalesce(last_touch_orders, 0) as last_touch_orders, coalesce(last_touch_gross, 0)::bigint as last_touch_gross_amount
          from caused full join seen using (touchpoint) order by touchpoint""",
        "effect": """select merchant() as merchant, date_trunc('week', day)::date as week,
            sum(actual) as expected_gross, sum(without) as expected_without, ln(sum(actual) / sum(without)) as effect,
            count(*) as days from _levels group by all order by week""",
        "programme": """select merchant() as merchant, avg(actual) filter ({inside}) / avg(without) filter ({inside}) as ratio,
            ln(avg(actual) filter ({inside}) / avg(without) filter ({inside})) as effect,
            avg(without) filter ({inside}) / avg(without) filter ({outside}) as season_and_market,
            avg(actual) filter ({inside}) / avg(actual) filter ({outside}) - 1 as growth
          from _levels""".format(inside=f"day between day_of({during.start}) and day_of({during.stop - 1})",
            outside=f"day between day_of({before.start}) and day_of({before.stop - 1})"),
        "effect_days": "select merchant() as merchant, * from _levels order by day",
        "steps": "select merchant() as merchant, * from _steps order by starts_on",
        "sharing": f"""select merchant() as merchant, {s.profile.k!r} as k, sum((touch = {SHARE})::int)::bigint as visits,
            sum((parent >= 0)::int)::bigint as edges, max(depth)::bigint as deepest,
            avg(day - up_day) filter (parent >= 0) as cycle_days
          from (select s.touch, s.parent, s.depth, s.day, u.day as up_day from session s left join session u on u.session = s.parent)""",
        "groups": """select merchant() as merchant, group_no(grp) as group_id, day_of(born) as born_on, day_of(died) as died_on,
            size::bigint as seats, died - born as life_days from grp order by grp""",
        "group_hazard": f"""select merchant() as merchant, {1 / s.profile.life!r} as hazard, {float(s.profile.life)!r} as mean_life_days,
            count(*) as groups from grp""",
        "customers": f"""select merchant() as merchant, true_person as person, day_of(joined) as joined_on, day_of(p."left") as left_on,
            weight, count(sale) filter (day < {cut}) as orders_before, count(sale) filter (day >= {cut}) as orders_after,
            coalesce(sum(gross) filter (day < {cut}), 0)::bigint as gross_before,
            coalesce(sum(gross) filter (day >= {cut}), 0)::bigint as gross_after, day_of({cut}) as value_from
          from person p left join sale using (person) group by all order by person""",
        "headline": f"""select merchant() as merchant, '{s.profile.group}' as cohort,
            coalesce(sum(gross) filter ({earlier}), 0)::bigint as gross_before, {before.stop - before.start} as days_before,
            coalesce(sum(gross) filter ({span}), 0)::bigint as gross_during, {during.stop - during.start} as days_during,
            sum(gross) filter (day_of(day) = date '2018-11-11')::bigint as double_11,
            sum(gross) filter (day_of(day) = date '2018-12-12')::bigint as double_12 from sale""",
        "planted": f"""select merchant() as merchant, 'phone' as kind, phone as value from person
          union select merchant(), 'name', name from person{email} order by kind, value""",
    }  # fmt: skip


_WEB = {
    "youzan_api": """select distinct 'youzan:' || yz_open_id(person), true_person,
              case when member_id is not null then if(openid is not null and (bound_member or phone_given), 'main', 'member')
                else if(phone_given, 'main', 'youzan') end from person join sale using (person)""",
    "weimob": """select 'weimob:' || wid(person), true_person, if(union_known or phone_given, 'main', 'weimob') from person
              where openid is not null""",
    "ga4": """select 'ga4:' || cookie(person, first_at), true_person, if(member_id is not null and bound_member, 'main', 'web') from person
              where openid is not null
            union all select 'ga4:' || cookie(person + 500000000, changed * 86400), true_person,
              if(member_id is not null and bound_member, 'main', 'web 2') from person where openid_2 is not null""",
}
"""System -> SQL of its accounts, where only some merchants have it."""


def _register_levels(s: Simulated) -> None:
    import pyarrow as pa

    level, money = s.level, 100 * s.scale
    s.connection.register("_levels", pa.table({
        "day": pa.array(days()), "actual": level.actual * level.basket * money,
        "without": level.without * s.profile.aov * money, "log_effect": level.effect,
    }))  # fmt: skip
    at = [a for a, _ in level.steps]
    s.connection.register("_steps", pa.table({
        "starts_on": pa.array(days()[at] if at else [], pa.date32()), "size": pa.array([z for _, z in level.steps], pa.float64()),
    }))  # fmt: skip


def cases(s: Simulated) -> list[dict[str, object]]:
    """Return the published cases that this merchant carries: goal, and the value drawn at this scale, one row each."""
    out = []
    for name, case in parameters()["cases"].items():
        if s.profile.id not in case["merchant"].split():
            continue
        sql = _MEASURES[name].format(**_bounds(s))
        found = (s.connection.sql(sql).fetchall() or [(None,)])[0]
        drawn = None if found[0] is None else float(found[0])
        scaled = name in ("guide_month", "home_orders")
        out.append({
            "merchant": s.profile.id, "case": name, "claim": case["claim"], "goal": float(case["value"]), "unit": case["unit"],
            "goal_at_scale": float(case["value"]) * (s.scale if scaled else 1.0), "drawn": drawn,
        })  # fmt: skip
    return out


def _bounds(s: Simulated) -> dict[str, object]:
    before, during = window(s.profile.group, "baseline"), window(s.profile.group, "programme")
    return {
        "before": f"day between {before.start} and {before.stop - 1}", "during": f"day between {during.start} and {during.stop - 1}",
        "before_days": before.stop - before.start, "during_days": during.stop - during.start, "stop": during.stop,
        "programme_days": f"day_of({during.start}) and day_of({during.stop - 1})", "epoch": EPOCH,
        "pilot_from": day_number(parameters()["first"]["baseline"]["end"]) - 29,
    }  # fmt: skip


_MEASURES = {
    "guide_month": """select max(g) from (select sum(gross) / 100.0 as g from sale where sold_by >= 0
        group by date_trunc('month', day_of(day)))""",
    "aov_ratio": """select (select avg(gross) from sale where {during}) / (select avg(gross) from elsewhere where platform)""",
    "uv_ratio": """select (select count(distinct (person, day)) / {during_days} from session where {during})
        / (select count(distinct (person, day)) / {before_days} from session where {before})""",
    "cac_ratio": """with new as (select touch, day, row_number() over (partition by person order by day, second, sale) as k from sale),
        n as (select touch, count(*) as n from new where k = 1 group by touch)
        select (select sum(amount) from out_spend where touchpoint = 'share') / (select n from n where touch = 5)
          / ((select sum(amount) from out_spend where touchpoint = 'advertising') / (select n from n where touch = 6))""",
    "new_share": """with b as (select person, session, row_number() over (partition by person order by day, second, sale) = 1 as new
        from sale) select sum(new::int) / count(*) from b where session in (select session from gift)""",
    "home_orders": """select max(n) from (select count(*) / count(distinct day) as n from private_orders
        where fulfilment = 'home_delivery' group by date_trunc('month', day_of(day)))""",
    "home_share": """select max(h / (n + o)) from
        (select area_name, date_trunc('month', day_of(day)) as month, count(*) as n,
          count(*) filter (fulfilment = 'home_delivery') as h from private_orders
          where area >= 0 and area < 3 and day < {stop} group by all)
        join (select area_name, date_trunc('month', day_of(day)) as month, count(*) as o from outside_orders
          where area >= 0 and day >= {pilot_from} group by all) using (area_name, month)""",
    "guide_activation": "select sum(active::int) / count(*) from guide",
    "guide_best": "select max(g) from (select sum(gross) / 100.0 as g from sale where sold_by >= 0 and {during} group by sold_by)",
    "group_life": "select avg(died - born) from grp",
    "low_tier": "select sum((city >= 6)::int) / count(*) from person where member",
    "private_share": """select sum(gross_amount) filter (channel = 'mini_program') / sum(gross_amount) filter (channel = 'all')
        from _totals where day between {programme_days}""",
}
