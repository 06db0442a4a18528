"""Visits to a mini program as web analytics know them: Snowplow's events, Matomo's visits, Google Analytics with its orders.

A tracker in a mini program sends the address that WeChat gives every request of one, the openid as the user's id,
and in the query of the first page what the link carried. Where a shop system exports the orders, its query asks
for visits alone: transactions are named, their amounts are not.
"""

from __future__ import annotations

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.rates import STEPS
from retailkit.simulate.tables.sales import quoted
from retailkit.simulate.vendors.lines import order_lines
from retailkit.simulate.vendors.spoil import dirty

SITE = "https://servicewechat.com/wxsimulated/27/pages/"
"""Address of a mini program's pages: appid and version stand in it."""
_STEP = f"list_position({quoted(STEPS)}, furthest_step)"
_OPENID = "split_part(account, ':', 2)"


def _linked(mi: str, depth: str, origin: str) -> str:
    """Return SQL of the part of a query that names a share: its id, how many hops it is away, where it began."""
    return f"'mi=' || {mi} || '&d=' || {depth} || '&o=' || {origin}"


_OWN = _linked("share_node", "share_depth + 1", "share_origin")
LANDING = f"""'{SITE}index?chan_wxapp_scene=' || scene || coalesce('&chan_id=' || chan_id, '') || coalesce('&guide_id=' || guide, '')
    || coalesce('&openGId=' || group_id, '') || coalesce('&' || {_linked("share_parent", "share_depth", "share_origin")}, '')
    || '&utm_medium=' || touchpoint || coalesce('&utm_campaign=' || campaign_id, '')"""
"""SQL of the address of a visit's first page, with all that the link carried."""
SHARED = f"'{SITE}goods?' || {_OWN}"
"""SQL of the address that a visit passed on."""
_PAGES = ("index", "goods", "cart", "checkout", "order", "goods")


def _events(names: tuple[str, ...], more: str = "") -> str:
    """Return SQL that makes a row of each event of a visit: ``names`` of a page seen, each further step, and a share.

    ``nth`` is the event's place in ``names`` from 1; ``more`` are columns of a visit, made once for all its events.
    A list by the furthest step, unnested, keeps the order of visits without sorting all events.
    """
    steps = [list(range(1, last + 1)) for last in range(1, len(STEPS) + 1)]
    plain, sharing = str(steps), str([[*events, len(names)] for events in steps])
    page = quoted(tuple(SITE + name for name in _PAGES)) + "[nth]"
    url = f"case nth when 1 then {LANDING} when {len(names)} then {SHARED} else {page} end"
    return f"""select * exclude (session_id), {quoted(names)}[nth] as event, {url} as url, session_id
        from (select *, {more}unnest(case when share_node is null then {plain} else {sharing} end[{_STEP}]) as nth from out_sessions)"""


def snowplow_visits(s: Simulated) -> str:
    """Snowplow's atomic events of visits: page views, steps and shares as structured events, transactions without amounts."""
    names = ("page_view", "product_view", "add_to_cart", "checkout_step", "transaction", "share")
    told = "event in ('page_view', 'transaction')"
    visitor = f"{_OPENID} as openid, md5({_OPENID})::uuid::varchar as cookie, "
    return f"""select session_id || event as row_key, 'wxsimulated' as app_id, 'mob' as platform,
          started_at + to_seconds([0, 20, 40, 50, 60, 30][nth]) as collector_tstamp,
          case when {told} then event else 'struct' end as event, left(session_id, 35) || nth as event_id, openid as user_id,
          cookie as domain_userid, session_id as domain_sessionid, url as page_url,
          case nth when 1 then touchpoint end as mkt_medium, case nth when 1 then campaign_id end as mkt_campaign,
          case when event = 'share' then 'social' when not {told} then 'ecommerce' end as se_category,
          case when not {told} then event end as se_action, case event when 'transaction' then order_id end as tr_orderid, '' as dirty
        from ({_events(names, visitor)})"""


def matomo_visits(s: Simulated) -> str:
    """Matomo's Live.getLastVisitsDetails, one visit a line, asked with hideColumns=revenue."""
    goods = f"{{'type': 'action', 'url': '{SITE}goods', 'productViewSku': product_no(session_id::bigint % 60)}}"
    return f"""select session_id as row_key, 1 as idSite, session_id::bigint as idVisit, substr(md5({_OPENID}), 1, 16) as visitorId,
          {_OPENID} as userId, epoch(started_at)::bigint as serverTimestamp,
          case when campaign_id is null then 'direct' else 'campaign' end as referrerType, coalesce(campaign_id, '') as referrerName,
          pages as actions, ['none', 'none', 'abandonedCart', 'abandonedCart', 'ordered'][{_STEP}] as visitEcommerceStatus,
          ('[' || to_json({{'type': 'action', 'url': {LANDING}}})
            || case when {_STEP} > 1 then ',' || to_json({goods}) else '' end
            || coalesce(',' || to_json({{'type': 'event', 'eventCategory': 'share', 'eventName': {_OWN}}}), '')
            || case when {_STEP} in (3, 4) then ',' || to_json({{'type': 'ecommerceAbandonedCart'}}) else '' end
            || coalesce(',' || to_json({{'type': 'ecommerceOrder', 'orderId': order_id}}), '') || ']')::json as actionDetails,
          '' as dirty from out_sessions"""


def ga4_mini_program(s: Simulated) -> str:
    """GA4's events of a mini program that sells without a shop system: visits, and what was bought through which medium.

    As in `web.ga4_events`, a refund belongs to no session, and some purchases lose their number on the way. Rows are
    not in order of time: no more are those of an extract.
    """
    names = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase", "share")
    cookie, nth_of = "split_part(session_id, ':', 1)", "split_part(session_id, ':', 2)"
    sold = f"'{SITE}order' || coalesce('?guide_id=' || guide, coalesce('?openGId=' || group_id, ''))"
    return f"""
        with bought as (
            select order_id, epoch_us(paid_at) as moment, gross_amount, freight_amount, refund_amount, items as pieces,
              {dirty("order_id", ids=False)} as dirty, lines, epoch_us(refunded_at) as sent_back
            from out_orders join ({order_lines()}) using (order_id)
              left join (select order_id, refunded_at from out_refunds) using (order_id)),
          visit as (
            select v.session_id, v.account, v.touchpoint, v.campaign_id, v.event, b.order_id, coalesce(b.dirty, '') as dirty,
              coalesce(b.moment, epoch_us(v.started_at) + [0, 20, 40, 50, 60, 30][nth] * 1000000) as moment,
              case v.event when 'purchase' then {sold} else url end as url, b.gross_amount, b.freight_amount, b.refund_amount,
              b.pieces, b.lines, b.sent_back
            from ({_events(names)}) v left join bought b on b.order_id = v.order_id and v.event = 'purchase'),
          event as (
            from visit
            union all by name select account, session_id, 'refund' as event, order_id, '' as dirty, sent_back as moment,
              '{SITE}order' as url, refund_amount from visit where refund_amount > 0
            union all by name select account, session_id, 'purchase' as event, '(not set)' as order_id, '' as dirty,
              moment + 1000000 as moment, '{SITE}order' as url, pieces from visit where rnd(order_id || 'lost') < 0.01),
          told as (select *, event = 'refund' or coalesce(order_id, '') = '(not set)' as beside from event)
        select coalesce(order_id, session_id || ':' || event) as row_key,
          strftime(make_timestamp(moment) + interval 8 hour, '%Y%m%d') as event_date,
          case when dirty = 'time' then 0 else moment end as event_timestamp, event as event_name,
          list_filter([{{'key': 'page_location', 'value': {{'string_value': url, 'int_value': null::bigint}}}},
            case when not beside then {{'key': 'ga_session_id', 'value': {{'string_value': null::varchar,
              'int_value': {nth_of}::bigint}}}} end], lambda x: x is not null) as event_params,
          {_OPENID} as user_id, {cookie} as user_pseudo_id, {{'medium': touchpoint, 'source': 'wechat'}} as traffic_source,
          {{'manual_medium': touchpoint, 'manual_campaign_name': campaign_id}} as collected_traffic_source,
          '1900000002' as stream_id, 'WEB' as platform,
          {{'transaction_id': order_id, 'purchase_revenue': case when dirty <> 'amount' then gross_amount / 100.0 end,
            'refund_value': case event when 'refund' then refund_amount / 100.0 end, 'shipping_value': freight_amount / 100.0,
            'total_item_quantity': pieces, 'unique_items': len(lines)}} as ecommerce,
          list_transform(lines, lambda x: {{'item_id': x.product_id, 'item_name': x.product, 'item_category': x.category,
            'price': x.list_amount / 100.0 / x.quantity, 'quantity': x.quantity::bigint, 'item_revenue': x.net_amount / 100.0}}) as items,
          dirty
        from told"""
