"""WeCom's answers, one JSON object a line: external contacts, groups with their members, guides' behaviour."""

from __future__ import annotations

from retailkit.simulate.merchant import EPOCH, Simulated

_SECOND = f"({EPOCH} + joined::bigint * 86400 + {{second}})"


def contacts(s: Simulated) -> str:
    """externalcontact/get: unionid as the bridge, the guide who added the customer and how.

    Group members whom no guide added are in no guide's list; only their group shows them.
    """
    added = _SECOND.format(second="join_second")
    return f"""select contact_id as row_key, {{'external_userid': contact_id, 'name': name, 'type': 1,
            'unionid': case when union_known then unionid end}} as external_contact,
          [{{'userid': guide_no(guide), 'remark': name, 'createtime': {added}, 'add_way': [1, 3, 2, 16][1 + person % 4],
            'remark_mobiles': [phone]}}] as follow_user,
          '' as dirty from person where contact_id is not null and guide >= 0 order by person"""


def groups(s: Simulated) -> str:
    """groupchat/get: members still in the group, with who invited them."""
    joined = f"({EPOCH} + seat.joined::bigint * 86400 + seat.second)"
    return f"""select group_no(grp) as row_key,
      {{'chat_id': group_no(grp), 'name': 'Simulated group ' || grp, 'owner': any_value(guide_no(owner)),
            'create_time': any_value({EPOCH} + born::bigint * 86400 + 36000), 'notice': '',
            'member_list': list({{'userid': contact_id, 'type': 2, 'join_time': joined_at, 'join_scene': way,
              'invitor': {{'userid': inviter}}, 'unionid': case when union_known then unionid end,
                'name': name}} order by joined_at, contact_id)
          }} as group_chat, '' as dirty
        from (select distinct on (seat.grp, seat.person) seat.grp, seat.way, g.guide as owner, g.born, p.contact_id,
          p.union_known, p.unionid, p.name,
                {joined} as joined_at, case when seat.way = 3 then guide_no(g.guide) else i.contact_id end as inviter
              from seat join grp g using (grp) join person p on p.person = seat.person join person i on i.person = seat.inviter
              where seat.quit < 0 order by seat.grp, seat.person, seat.joined)
        group by grp order by grp"""


def behaviour(s: Simulated) -> str:
    """get_user_behavior_data, one answer a guide and day, saved under the guide's id."""
    return """select guide || day as row_key, guide as userid,
      [{'stat_time': epoch(day)::bigint - 28800, 'chat_cnt': chats, 'message_cnt': messages,
            'reply_percentage': 80.0, 'avg_reply_time': 12, 'negative_feedback_cnt': 0, 'new_apply_cnt': new_contacts,
            'new_contact_cnt': new_contacts}] as behavior_data, '' as dirty from out_guide_days order by day, guide"""
