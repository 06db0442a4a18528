"""Canonical identity tables of a simulated merchant: accounts, evidence, members."""

from __future__ import annotations

from retailkit.simulate.accounts import CITIES
from retailkit.simulate.merchant import Simulated
from retailkit.simulate.tables.sales import quoted

_WAYS = (
    "unknown",
    "article",
    "service_message",
    "guide",
    "group_chat",
    "share",
    "advertising",
    "qr_code",
    "moments",
    "coupon",
)


def identity(s: Simulated) -> dict[str, str]:
    """Return table name -> SQL for the identity room.

    ``phone_key`` holds the whole (simulated) phone, as an export would: the loader hashes it
    under its own secret key, so that phones of all exports meet and none is stored.
    """
    key = "phone"
    way = f"{quoted(_WAYS)}[came_by + 1]"
    known = "case when union_known then unionid end"
    joined = "instant(joined, join_second), day_of(joined)"
    parts = [
        f"select 'mini_program:' || openid, 'mini_program', {known}, case when phone_given then {key} end, instant(0, first_at), "
        f"day_of(first_at // 86400), {way}, true, null from person where openid is not null",
        f"select 'mini_program:' || openid_2, 'mini_program', {known}, null, instant(changed, 30000), day_of(changed), {way}, "
        "true, null from person where openid_2 is not null",
        f"select 'official_account:' || fan_openid, 'official_account', {known}, null, {joined}, {way}, not lost_follower, "
        "case when lost_follower then instant(joined + 90, join_second) end from person where fan_openid is not null",
        f"select 'wecom:' || contact_id, 'wecom', {known}, null, {joined}, {way}, true, null from person where contact_id is not null",
        f"select 'crm:' || member_id, 'crm', null, {key}, {joined}, null, true, null from person where member_id is not null",
        "select distinct on (account) account, channel, null, null, instant(day, second), day_of(day), null, true, null "
        "from (select * from outside_orders where platform order by day, second, sale)",
    ]
    pairs = [("'mini_program:' || openid", "openid is not null")]
    if "weimob" in s.profile.exports:
        parts.append(
            f"select 'weimob:' || wid(person), 'weimob', {known}, case when phone_given then {key} end, instant(0, first_at), "
            f"day_of(first_at // 86400), {way}, true, null from person where openid is not null"
        )
    if "ga4" in s.profile.exports:
        devices = [("cookie(person, first_at)", "openid is not null", "first_at"),
                   ("cookie(person + 500000000, changed * 86400)", "openid_2 is not null", "changed::bigint * 86400")]  # fmt: skip
        parts += [f"select 'ga4:' || {seen_as}, 'ga4', null, null, instant(0, {since}), day_of({since} // 86400), {way}, true, null "
                  f"from person where {there}" for seen_as, there, since in devices]  # fmt: skip
        pairs += [(f"'ga4:' || {seen_as}", there) for seen_as, there, _ in devices]
    bound = " union all ".join(f"select {account} as account, * from person where {there}" for account, there in pairs)
    columns = "account, system, unionid, phone_key, first_seen_at, first_seen_on, source_channel, active, left_at"
    return {
        "accounts": f"select merchant() as merchant, * from ({' union all '.join(parts)}) t({columns}) order by account",
        "account_pairs": f"""select merchant() as merchant, account, 'crm:' || member_id as other,
            'member_bind' as evidence, 1.0::double as weight, instant(0, first_at) as seen_at
          from ({bound}) where member_id is not null and bound_member order by account""",
        "members": f"""select merchant() as merchant, 'crm:' || member_id as account, member_id,
            instant(joined, join_second) as joined_at, day_of(joined) as joined_on, ['普通', '银卡', '金卡', '黑金'][level_no + 1] as level,
            case when woman then '女' else '男' end as gender, ['18-24', '25-29', '30-39', '40-49', '50+'][age + 1] as age_band,
            null::varchar as income_band, null::varchar as household, {quoted(CITIES)}[city + 1] as city,
            'S' || merchant() || person % 8 as shop_id, guide_no(guide) as guide, null::double as points
          from person where member_id is not null order by person""",
    }  # fmt: skip
