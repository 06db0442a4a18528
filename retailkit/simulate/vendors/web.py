"""A web shop of its own: Shopify's order export, and the events that Google Analytics writes to BigQuery."""

from __future__ import annotations

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.vendors.lines import order_lines
from retailkit.simulate.vendors.shops import columns
from retailkit.simulate.vendors.spoil import dirty, spoilt, yuan

SHOPIFY = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing", "Currency", "Subtotal",
    "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method", "Created at", "Lineitem quantity",
    "Lineitem name", "Lineitem price", "Lineitem compare at price", "Lineitem sku", "Lineitem requires shipping", "Lineitem taxable",
    "Lineitem fulfillment status", "Billing Name", "Billing Street", "Billing Address1", "Billing Address2", "Billing Company",
    "Billing City", "Billing Zip", "Billing Province", "Billing Country", "Billing Phone", "Shipping Name", "Shipping Street",
    "Shipping Address1", "Shipping Address2", "Shipping Company", "Shipping City", "Shipping Zip", "Shipping Province",
    "Shipping Country", "Shipping Phone", "Notes", "Note Attributes", "Cancelled at", "Payment Method", "Payment Reference",
    "Refunded Amount", "Vendor", "Outstanding Balance", "Employee", "Location", "Device ID", "Id", "Tags", "Risk Level", "Source",
    "Lineitem discount", "Tax 1 Name", "Tax 1 Value", "Tax 2 Name", "Tax 2 Value", "Tax 3 Name", "Tax 3 Value", "Tax 4 Name",
    "Tax 4 Value", "Tax 5 Name", "Tax 5 Value", "Phone", "Receipt Number", "Duties", "Billing Province Name",
    "Shipping Province Name", "Payment ID", "Payment Terms Name", "Next Payment Due At", "Payment References",
)  # fmt: skip
EMAIL = "nick || '@example.com'"
"""SQL of a person's e-mail address, of a domain that is kept for examples."""


def shopify_orders(s: Simulated) -> str:
    """Shopify's order export: a row for each line, the order's own cells on its first row only, times with their offset."""
    clock = "strftime(clock(day, {0}), '%Y-%m-%d %H:%M:%S') || ' +0800'".format
    phone = "'''+86' || phone"
    order = {
        "Financial Status": "case when refund = gross then 'refunded' when refund > 0 then 'partially_refunded' else 'paid' end",
        "Paid at": spoilt(clock("second"), "time", "'0000-00-00 00:00:00 +0800'"), "Fulfillment Status": "'fulfilled'",
        "Accepts Marketing": "'no'", "Currency": "'CNY'", "Subtotal": yuan("gross - freight"), "Shipping": yuan("freight"),
        "Taxes": "'0.00'", "Total": spoilt(yuan("gross"), "amount", "'--'"), "Discount Amount": yuan("listed + freight - gross"),
        "Created at": clock("greatest(second - 60, 0)"), "Billing Name": "name", "Billing Address1": "'模拟路' || person % 90 || '号'",
        "Billing City": "coalesce(area_name, '')", "Billing Country": "'CN'", "Billing Phone": phone, "Shipping Name": "name",
        "Shipping Country": "'CN'", "Shipping Phone": phone, "Payment Method": "'WeChat Pay'", "Refunded Amount": yuan("refund"),
        "Outstanding Balance": "'0.00'", "Id": spoilt("order_id", "id", "'5.5E+12'"), "Risk Level": "'Low'", "Source": "'web'",
    }  # fmt: skip
    line = {
        "Name": "'#' || 1001 + sale", "Email": EMAIL, "Lineitem quantity": "x.quantity::bigint::varchar", "Lineitem name": "x.product",
        "Lineitem price": yuan("x.list_amount / x.quantity"), "Lineitem sku": "x.product_id", "Lineitem requires shipping": "'true'",
        "Lineitem taxable": "'true'", "Lineitem fulfillment status": "'fulfilled'", "Vendor": "'Simulated'",
        "Lineitem discount": "'0.00'",
    }  # fmt: skip
    filled = line | {name: f"case when nth = 1 then {cell} else '' end" for name, cell in order.items()}
    return f"""select order_id as row_key, {columns(SHOPIFY, filled)}, case when nth = 1 then dirty else '' end as dirty from
        (select o.*, name, phone, nick, {dirty("order_id")} as dirty, unnest(range(1, 1 + len(lines))) as nth, unnest(lines) as x
         from private_orders o join person p using (person) join ({order_lines()}) using (order_id)) order by sale desc, nth"""


def ga4_events(s: Simulated) -> str:
    """GA4's events, one a line: microseconds as text, the medium of the event beside the user's first, sessions as a parameter.

    A refund is an event of its own, without a session; so is a purchase whose number was lost on the way.
    """
    step = "list_position(['visit', 'product', 'cart', 'checkout', 'pay'], furthest_step)"
    return f"""
        with visit as (
            select session_id, split_part(session_id, ':', 1) as cookie, epoch_us(started_at) as start, touchpoint as medium,
              campaign_id as campaign, {step} as step, order_id,
              first_value(touchpoint) over (partition by split_part(session_id, ':', 1) order by started_at, session_id) as came_by
            from out_sessions),
          bought as (
            select order_id, epoch_us(paid_at) as moment, gross_amount, freight_amount, refund_amount, items,
              {dirty("order_id", ids=False)} as dirty, epoch_us(refunded_at) as sent_back,
              lines from out_orders join ({order_lines()}) using (order_id)
              left join (select order_id, refunded_at from out_refunds) using (order_id)),
          event as (
            select session_id, cookie, medium, campaign, came_by, start + wait as moment, name, null as order_id, '' as dirty,
              null::bigint as gross_amount, null::bigint as freight_amount, null::bigint as back, null::bigint as items, null as lines
            from visit join (values ('page_view', 0, 1), ('view_item', 20000000, 2), ('add_to_cart', 40000000, 3),
              ('begin_checkout', 50000000, 4)) e(name, wait, least_step) on step >= least_step
            union all
            select session_id, cookie, medium, campaign, came_by, moment, 'purchase', order_id, dirty, gross_amount, freight_amount,
              null, items, lines
            from visit join bought using (order_id)
            union all
            select null, cookie, null, null, came_by, sent_back, 'refund', order_id, '', null, null, refund_amount, null, null
            from visit join bought using (order_id) where refund_amount > 0
            union all
            select null, cookie, null, null, came_by, moment + 1000000, 'purchase', '(not set)', '', gross_amount, null, null, items, null
            from visit join bought using (order_id) where rnd(order_id || 'lost') < 0.01),
          member as (select split_part(account, ':', 2) as cookie, any_value(split_part(other, ':', 2)) as user_id from out_account_pairs
            where starts_with(account, 'ga4:') group by 1)
        select coalesce(order_id, session_id || ':' || name) as row_key,
          strftime(make_timestamp(moment) + interval 8 hour, '%Y%m%d') as event_date,
          (case when dirty = 'time' then 0 else moment end)::varchar as event_timestamp, name as event_name,
          case when session_id is null then [] else [{{'key': 'ga_session_id',
            'value': {{'int_value': split_part(session_id, ':', 2)}}}}] end as event_params,
          user_id, cookie as user_pseudo_id, {{'medium': came_by, 'source': 'wechat'}} as traffic_source,
          case when medium is not null then {{'manual_medium': medium, 'manual_campaign_name': campaign}} end as collected_traffic_source,
          '1900000001' as stream_id, 'WEB' as platform,
          case when order_id is not null then {{'transaction_id': order_id,
            'purchase_revenue': case when dirty = 'amount' then '"NaN"'::json else to_json(gross_amount / 100.0) end,
            'refund_value': back / 100.0, 'shipping_value': freight_amount / 100.0, 'total_item_quantity': items::varchar,
            'unique_items': len(lines)::varchar}} end as ecommerce,
          list_transform(lines, lambda x: {{'item_id': x.product_id, 'item_name': x.product, 'item_category': x.category,
            'price': x.list_amount / 100.0 / x.quantity, 'quantity': x.quantity::bigint::varchar,
            'item_revenue': x.net_amount / 100.0}}) as items, dirty
        from event left join member using (cookie) order by moment, cookie, name, order_id"""
