"""Tencent's answers, one JSON object a line: Youshu events and orders, mini-program analysis, official account."""

from __future__ import annotations

from retailkit.simulate.merchant import EPOCH, Simulated
from retailkit.simulate.vendors.lines import order_lines
from retailkit.simulate.vendors.spoil import dirty
from retailkit.simulate.world import window

_MS = f"(({EPOCH} + day::bigint * 86400 + second) * 1000)::varchar"


def youshu_orders(s: Simulated) -> str:
    """Youshu's add_order records: yuan as numbers, the channel on the order's goods; the merchant adds who sold the order."""
    return f"""select order_id as row_key, order_id as external_order_id,
          case when dirty = 'time' then '2018-02-30' else {_MS} end as create_time, 'wxapp' as order_source, '1' as order_type,
          items as goods_num_total, listed / 100.0 as goods_amount_total, freight / 100.0 as freight_amount,
          (listed + freight) / 100.0 as order_amount, gross / 100.0 as payable_amount,
          case when dirty = 'amount' then 'NaN' else printf('%.2f', gross / 100.0) end as payment_amount,
          case when refund = gross then '1290' else '1180' end as order_status, {_MS} as status_change_time, '0' as is_deleted,
          {{'open_id': open_id, 'app_id': 'wxsimulated', 'union_id': case when union_known then unionid end,
            'user_phone': case when phone_given then phone end, 'member_id': member_id}} as user_info, guide_no(sold_by) as guide_id,
          list_transform(lines, lambda x: {{'external_sku_id': x.product_id, 'sku_name_chinese': x.product,
            'category_name': x.category, 'goods_num': x.quantity::bigint, 'goods_amount': x.list_amount / 100.0 / x.quantity,
            'payment_amount': x.net_amount / 100.0,
            'chan_info': [{{'chan_weapp': {{'chan_scene': scene}}, 'chan_id': last_chan}}]}}) as goods_info, dirty
        from (select o.*, p.unionid, p.union_known, p.phone, p.phone_given, p.member_id, {dirty("o.order_id", ids=False)} as dirty, lines
              from private_orders o join person p using (person) join ({order_lines()}) using (order_id)) order by sale"""


def youshu_returns(s: Simulated) -> str:
    """Youshu's return records: yuan as numbers, one a return, all of them done."""
    moment = f"(({EPOCH} + (day + refund_day)::bigint * 86400 + second) * 1000)::varchar"
    return f"""select 'R' || order_id as row_key, 'R' || order_id as external_return_order_id, order_id as external_order_id,
          {moment} as return_create_time, items as return_num, refund / 100.0 as return_amount, 0.0 as return_freight_amount,
          refund / 100.0 as return_order_amount, '1290' as return_order_status, {moment} as status_change_time, '' as dirty
        from private_orders where refund > 0 order by sale"""


def youshu_events(s: Simulated) -> str:
    """Youshu's SDK events: app_show for every visit, and the steps that it reached."""
    chain = """case when touch_name = 'share'
          then {'mi': share_no(session), 'd': depth + 1, 'o': share_no(if(origin < 0, session, origin))} end"""
    came = "case when parent >= 0 then {'mi': share_no(parent), 'd': depth, 'o': share_no(origin)} end"
    return f"""select session_no(session) || event as row_key, event, page,
          (({EPOCH} + day::bigint * 86400 + second + wait) * 1000)::varchar as time, session_no(session) as tracking_id, log_id,
          {{'app_id': 'wxsimulated', 'open_id': open_id, 'union_id': case when union_known then unionid end}} as wx_user,
          {{'chan_wxapp_scene': scene, 'chan_id': chan, 'openGId': group_no(grp)}} as chan, guide_no(guide_in) as guide_id,
          {chain} as txsr_share_info_sdk, {came} as txsr_from_share_info,
          case when event = 'custom_order' then {{'order_id': order_no(sale), 'order_status': 'payed'}} end as "order", '' as dirty
        from (select v.*, v.guide as guide_in, p.unionid, p.union_known, e.event, e.page, e.wait, e.log_id
              from visits v join person p using (person)
              join (values ('app_show', 'pages/index', 0, 1, 0), ('browse_sku_page', 'pages/goods', 20, 2, 1),
                ('add_to_cart', 'pages/cart', 40, 3, 2), ('custom_order', 'pages/order', 60, 4, 4)) e(event, page, wait, log_id, least_step)
                on v.step >= e.least_step)
        order by session, log_id"""


def youshu_totals(s: Simulated) -> str:
    """Youshu's own daily totals: what it counted, orders refunded later included."""
    return f"""select day::varchar as row_key, (({EPOCH} + day::bigint * 86400) * 1000)::varchar as ref_date,
          sum(gross) / 100.0 as payment_amount_sum, count(*) as payed_num_sum, count(*) as give_order_num_sum,
          sum(gross) / 100.0 as give_order_amount_sum, '' as dirty from private_orders group by day order by day"""


def visit_trend(s: Simulated) -> str:
    """getDailyVisitTrend, one answer a day."""
    return """select day::varchar as row_key, [{'ref_date': strftime(day_of(day), '%Y%m%d'), 'session_cnt': count(*),
          'visit_pv': sum(pages)::bigint, 'visit_uv': count(distinct person), 'visit_uv_new': sum(first::int)::bigint,
          'stay_time_session': 45.5, 'visit_depth': 2.5}] as list, '' as dirty from session group by day order by day"""


_SOURCES = "[1, 17, 30, 57, 51, 0]"


def user_summary(s: Simulated) -> str:
    """getusersummary, one answer a day: followers gained and lost by source."""
    return f"""select day::varchar as row_key, list({{'ref_date': day::varchar, 'user_source': source, 'new_user': gained,
          'cancel_user': lost}} order by source) as list, '' as dirty
        from (select day, {_SOURCES}[list_position(['search', 'card_share', 'qr_code', 'article', 'payment', 'other'], source_channel)]
          as source, gained, lost from out_follower_days where system = 'official_account') group by day order by day"""


def user_cumulate(s: Simulated) -> str:
    """getusercumulate, one answer a day: followers at its end."""
    return """select day::varchar as row_key, [{'ref_date': day::varchar, 'user_source': 0, 'cumulate_user': sum(total)::bigint}] as list,
          '' as dirty from out_follower_days where system = 'official_account' group by day order by day"""


def packets(s: Simulated) -> str:
    """gethbinfo, one answer a packet: who received it, when, how much; packets that nobody took have no receiver to show."""
    clock = "strftime({0} + interval 8 hour, '%Y-%m-%d %H:%M:%S')".format
    return f"""select packet_id as row_key, packet_id as mch_billno, packet_id as detail_id, 'RECEIVED' as status, 'API' as send_type,
          'NORMAL' as hb_type, 1 as total_num, amount as total_amount, {clock("sent_at")} as send_time,
          {{'hbinfo': [{{'openid': split_part(account, ':', 2), 'amount': amount, 'rcv_time': {clock("received_at")}}}]}} as hblist,
          '' as dirty from out_red_packets where received_at is not null order by packet_id"""


def coupon_days(s: Simulated) -> str:
    """getcardbizuininfo, one answer a day: coupons handed out and redeemed, counts only."""
    return """with moves as (select (issued_at + interval 8 hour)::date as day, account, 1 as given, 0 as used from out_coupons
            union all select redeemed_on, account, 0, 1 from out_coupons where redeemed_on is not null)
          select day::varchar as row_key, [{'ref_date': day::varchar, 'view_cnt': 2 * sum(given)::bigint,
            'view_user': count(distinct account),
            'receive_cnt': sum(given)::bigint, 'receive_user': count(distinct account) filter (given = 1),
            'verify_cnt': sum(used)::bigint, 'verify_user': count(distinct account) filter (used = 1), 'given_cnt': 0, 'given_user': 0,
            'expire_cnt': 0, 'expire_user': 0}] as list, '' as dirty from moves group by day order by day"""


def live_rooms(s: Simulated) -> str:
    """getliveinfo: a room on each Thursday evening of the programme, every sixth of them called off; the host's name is shown."""
    span = window(s.profile.group, "programme")
    start = f"({EPOCH} + day::bigint * 86400 + 72000)"
    return f"""select day::varchar as row_key, [{{'name': 'Simulated live room ' || (1 + nth) || ' / 模拟直播间' || (1 + nth),
            'roomid': 1000 + nth, 'cover_img': '',
            'share_img': '', 'live_status': case when nth % 6 = 5 then 104 else 103 end, 'start_time': {start}, 'end_time': {start} + 7200,
            'anchor_name': name, 'goods': []}}] as room_info, 0 as errcode, '' as dirty
          from (select day, row_number() over (order by day) - 1 as nth from range({span.start}, {span.stop}) d(day) where day % 7 = 0)
            join person on person = nth order by day"""
