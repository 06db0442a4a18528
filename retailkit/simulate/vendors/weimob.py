"""Weimob's order list, one order a line: numbers too long for a float, yuan as text, refunds without an amount; its guides."""

from __future__ import annotations

from retailkit.simulate.merchant import EPOCH, Simulated
from retailkit.simulate.vendors.lines import order_lines
from retailkit.simulate.vendors.spoil import dirty, yuan

_MS = f"({EPOCH} + day::bigint * 86400 + second) * 1000"
_UNPAID = 20
"""One of so many visits that ended at the checkout left an order that was never paid."""


def weimob_orders(s: Simulated) -> str:
    """Weimob's order/list/search: two guides, unpaid orders among the paid; a refunded one still counts as done."""
    return f"""
        with paid as (
            select o.sale, order_id, day, second, p.person, name, phone, listed + freight as total, gross, freight, refund, sold_by,
              owned_by, area_name, lines, {dirty("order_id")} as dirty
            from private_orders o join person p using (person) join ({order_lines()}) using (order_id)),
          unpaid as (
            select null, '90073' || lpad(v.session::varchar, 12, '0'), v.day, v.second, p.person, name, phone,
              19900, 19900, 0, 0, null, p.guide, null,
              null, '' from session v join person p using (person) where v.step = 3 and v.session % {_UNPAID} = 0)
        select order_id as row_key, {{
            'orderBaseInfo': {{
              'orderNo': (case when dirty = 'id' then '"9.0072E+16"' else order_id end)::json, 'createTime': {_MS} - 60000,
              'payTime': case when sale is null then null when dirty = 'time' then 0 else {_MS} end,
              'orderStatus': case when sale is null then 0 else 3 end, 'isDeleted': 0}},
            'buyerInfo': {{'wid': wid(person), 'userNickName': name}},
            'payInfo': {{'totalAmount': {yuan("total")}, 'totalDiscountAmount': {yuan("total - gross")},
              'payAmount': case when dirty = 'amount' then '待核算' else {yuan("gross")} end}},
            'guideInfo': {{'guiderNo': guide_no(sold_by), 'personalGuiderNo': guide_no(owned_by)}},
            'merchantInfo': {{'vid': 6001, 'vidName': 'Simulated shop'}},
            'orderFulfill': {{'receiverInfo': {{'city': area_name, 'address': '模拟路' || person % 90 || '号', 'name': name,
              'phone': phone}}}},
            'items': list_transform(lines, lambda x: {{'goodsId': x.product_id::bigint, 'goodsTitle': x.product,
              'skuNum': x.quantity::bigint::varchar,
              'salePrice': {yuan("x.list_amount / x.quantity")}, 'payInfo': {{'payAmount': {yuan("x.net_amount")}}}}})
          }} as "orderInfo",
          case when refund > 0 then [{{'orderNo': order_id::bigint, 'rightsStatusName': '已完成'}}] end as "rightsInfos", dirty
        from (from paid union all from unpaid) order by day, second, order_id"""


def weimob_guides(s: Simulated) -> str:
    """Weimob's guider/getList, one answer for the whole roster: names and phones beside the job number, no days."""
    return """select 'roster' as row_key, list({'guiderWid': 20000000000 + g.guide, 'guiderName': name, 'guiderPhone': phone,
          'jobNumber': o.guide, 'vidName': o.shop_id, 'zone': o.region} order by o.guide) as "pageList", '' as dirty
        from out_guides o join guide g on guide_no(g.guide) = o.guide join person p on p.person = g.guide"""
