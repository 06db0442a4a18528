"""Order exports of shop systems: Youzan, Taobao, JD, WeChat Pay. Headers in the vendors' own order."""

from __future__ import annotations

from retailkit.simulate.merchant import Simulated
from retailkit.simulate.vendors.lines import order_lines
from retailkit.simulate.vendors.spoil import dirty, masked, spoilt, yuan

YOUZAN = (
    "订单号", "销售渠道", "归属店铺", "订单类型", "订单状态", "推广方式", "订单来源", "订单创建时间", "买家付款时间", "交易成功时间",
    "付款方式", "支付流水号", "商品金额合计", "运费", "店铺优惠合计", "应收订单金额", "订单实付金额", "支付优惠合计", "订单实收金额",
    "订单抵用积分数", "店铺优惠方式", "支付优惠方式", "全部商品名称", "商品种类数", "订单配送方式", "同城送达时间/提货时间", "收货人省份",
    "收货人城市", "收货人地区", "详细收货地址/提货地址", "收货人/提货人", "收货人手机号/提货人手机号", "买家备注", "订单星级", "买家昵称",
    "买家是否会员", "买家手机号", "下单网点", "收银员", "分销员", "销售导购", "专属导购", "订单退款状态", "订单已退款金额", "商家订单备注",
    "桌号", "挂账主体", "挂账手机号", "团长订单", "订单风险标签", "分销员", "分销员手机号", "分销员所属店铺", "分销员所属团队",
    "分销员所属分组", "分销员等级", "订单佣金类型", "订单佣金金额", "订单下级卖货提成类型", "订单下级卖货提成金额",
)  # fmt: skip
YOUZAN_CUSTOMERS = (
    "客户姓名", "客户昵称", "客户手机号", "客户生日", "客户性别", "标签", "是否会员", "成长值", "免费等级", "付费等级", "权益卡",
    "客户积分", "客户储值余额", "消费次数", "消费金额", "累计退款金额", "累计退款订单数", "笔单价", "上次消费时间", "分销员", "导购员",
    "企微好友", "来源渠道", "来源方式", "成为客户时间", "成为会员时间", "成为会员店铺", "公众号", "公众号关注时间",
    "最近浏览时间", "微信地域",
    "所属区域", "指定时间消费次数", "指定时间消费金额", "",
)  # fmt: skip
TAOBAO = (
    "订单编号", "买家会员名", "买家支付宝账号", "买家应付货款", "买家应付邮费", "买家支付积分", "总金额", "返点积分", "买家实际支付金额",
    "买家实际支付积分", "订单状态", "买家留言", "收货人姓名", "收货地址 ", "运送方式", "联系电话 ", "联系手机", "订单创建时间",
    "订单付款时间 ", "宝贝标题 ", "宝贝种类 ", "物流单号 ", "物流公司", "订单备注", "宝贝总数量", "店铺Id", "店铺名称", "订单关闭原因",
    "卖家服务费", "买家服务费", "发票抬头", "是否手机订单", "分阶段订单信息", "特权订金订单id", "定金排名",
    "修改后的sku", "修改后的收货地址",
    "异常信息", "天猫卡券抵扣", "集分宝抵扣", "是否是O2O交易", "退款金额", "确认收货时间", "打款商家金额", "支付单号",
)  # fmt: skip
TAOBAO_ITEMS = (
    "子订单编号", "主订单编号", "商品标题", "商品价格", "购买数量", "商品属性", "套餐信息", "订单状态", "商家编码", "买家应付货款",
    "买家实付金额", "退款状态", "退款金额", "订单创建时间", "订单付款时间", "商品ID", "商家备注",
)  # fmt: skip
JD = (
    "订单号", "商品ID", "商品名称", "订购数量", "支付方式", "下单时间", "京东价", "订单金额", "结算金额", "余额支付", "应付金额",
    "订单状态", "订单类型", "下单帐号", "客户姓名", "客户地址", "联系电话", "订单备注", "发票类型", "发票抬头", "发票内容", "商家备注",
    "商家备注等级（等级1-5为由高到低）", "运费金额", "付款确认时间", "增值税发票", "货号", "订单完成时间", "订单来源", "订单渠道",
)  # fmt: skip
WECHAT_PAY = (
    "交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号", "用户标识", "交易类型", "交易状态", "付款银行",
    "货币种类", "应结订单金额", "代金券金额", "微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态",
    "商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注",
)  # fmt: skip


def columns(header: tuple[str, ...], filled: dict[str, str]) -> str:
    """Return the SQL list of an export's columns in order; those not filled are empty text."""
    return ", ".join(f"{filled.get(name, repr(''))} as c{i}" for i, name in enumerate(header))


_DAY, _MINUTE = "'%Y-%m-%d %H:%M:%S'", "'%Y/%-m/%-d %H:%M'"


def youzan_orders(s: Simulated) -> str:
    """Youzan's order export: 60 columns, 分销员 twice, two guides, phones masked now and then."""
    paid = f"strftime(clock(day, second), {_DAY})"
    phone = masked("phone", "order_id")
    filled = {
        "订单号": spoilt("order_id", "id", "'2.86533E+17'"), "销售渠道": "'网店'", "归属店铺": "'Simulated shop'", "订单类型": "'普通订单'",
        "订单状态": "case when refund = gross then '交易关闭' else '交易完成' end", "订单来源": "'商家小程序'",
        "订单创建时间": f"strftime(clock(day, greatest(second - 60, 0)), {_DAY})", "买家付款时间": spoilt(paid,
        "time", "'2018-02-30 25:61:00'"),
        "付款方式": "'微信支付'", "支付流水号": "chr(9) || '42000' || lpad(sale::varchar, 23, '0')", "商品金额合计": yuan("listed"),
        "运费": yuan("freight"), "店铺优惠合计": yuan("listed + freight - gross"), "应收订单金额": yuan("gross"),
        "订单实付金额": spoilt(yuan("gross"), "amount", "'一百二十'"), "支付优惠合计": "'0.00'", "订单实收金额": yuan("gross - refund"),
        "全部商品名称": "'Simulated ' || category_name || ' item, size M' || case when items > 2 then ',Simulated gift' else '' end",
        "商品种类数": "'1'",
        "订单配送方式": "case fulfilment when 'home_delivery' then '同城配送' when 'pickup' then '到店自提' else '快递发货' end",
        "收货人城市": "coalesce(area_name, '')", "详细收货地址/提货地址": "'模拟路' || person % 90 || '号'", "收货人/提货人": "name",
        "收货人手机号/提货人手机号": phone, "买家昵称": "nick", "买家是否会员": "case when member_id is null then '否' else '是' end",
        "买家手机号": phone, "销售导购": "coalesce(guide_no(sold_by), '')", "专属导购": "coalesce(guide_no(owned_by), '')",
        "订单退款状态": "case when refund > 0 then '退款成功' else '' end", "订单已退款金额": yuan("refund"),
    }  # fmt: skip
    return f"""select order_id as row_key, {columns(YOUZAN, filled)}, dirty from
        (select o.*, p.phone, p.name, p.nick, p.member_id, {dirty("o.order_id")} as dirty from private_orders o
          join person p using (person))
        order by sale desc"""


def youzan_trades(s: Simulated) -> str:
    """Youzan's trades.sold.get, one order a line: yuan as text, its goods one by one, of a partial refund only that there was one."""
    paid = f"strftime(clock(day, second), {_DAY})"
    return f"""select order_id as row_key, {{
          'order_info': {{'tid': {spoilt("order_id", "id", "'2.86533E+17'")}, 'type': 0,
            'status': case when refund = gross then 'TRADE_CLOSED' else 'TRADE_SUCCESS' end,
            'created': strftime(clock(day, greatest(second - 60, 0)), {_DAY}),
            'pay_time': {spoilt(paid, "time", "'2018-02-30 25:61:00'")},
            'refund_state': case when refund = 0 then 0 when refund = gross then 12 else 2 end,
            'order_tags': {{'is_offline_order': false, 'is_payed': true}},
            'order_extra': {{'sales_guide': {{'order_sales_staff': guide_no(sold_by)}},
              'service_guide': {{'service_guide_staff': guide_no(owned_by)}}}}}},
          'source_info': {{'source': {{'platform': 'wx', 'wx_entrance': 'merchant_xcx'}}}},
          'buyer_info': {{'yz_open_id': yz_open_id(person), 'buyer_phone': phone, 'outer_user_id': open_id}},
          'address_info': {{'receiver_name': name, 'receiver_tel': phone, 'delivery_city': area_name}},
          'pay_info': {{'total_fee': {yuan("listed")}, 'post_fee': {yuan("freight")},
            'payment': {spoilt(yuan("gross"), "amount", "'待核算'")}}},
          'orders': list_transform(lines, lambda x, i: {{'oid': sale * 10 + i, 'item_id': x.product_id::bigint, 'title': x.product,
            'num': x.quantity::bigint, 'price': {yuan("x.list_amount / x.quantity")}, 'payment': {yuan("x.net_amount")}}})
        }} as full_order_info, dirty
        from (select o.*, p.phone, p.name, {dirty("o.order_id")} as dirty, lines
          from private_orders o join person p using (person) join ({order_lines()}) using (order_id))
        order by sale desc"""


def youzan_customers(s: Simulated) -> str:
    """Youzan's customer export: every phone masked, a comma at the end of the header."""
    filled = {
        "客户姓名": "name", "客户昵称": "nick", "客户手机号": "substr(phone, 1, 3) || '******' || substr(phone, 10)",
        "是否会员": "case when member_id is null then '否' else '是' end", "消费次数": "n::varchar", "消费金额": yuan("total"),
        "累计退款金额": yuan("back"), "笔单价": yuan("total / n"), "导购员": "coalesce(guide_no(guide), '')",
        "企微好友": "case when contact_id is null then '否' else '是' end", "来源渠道": "'小程序'",
        "成为客户时间": f"strftime(clock(0, first_at), {_DAY})",
    }  # fmt: skip
    return f"""select true_person as row_key, {columns(YOUZAN_CUSTOMERS, filled)}, '' as dirty from
        (select person.*, n, total, back from person join (select person, count(*) as n, sum(gross)::bigint as total,
          sum(refund)::bigint as back from sale group by person) using (person)) order by person"""


def taobao_orders(s: Simulated) -> str:
    """Taobao's ExportOrderList: order numbers as a formula, phones behind an apostrophe, headers with a blank."""
    paid = f"strftime(clock(day, second), {_MINUTE})"
    filled = {
        "订单编号": spoilt("""'="' || order_id || '"'""", "id", "'2.86533E+17'"), "买家会员名": "nick",
          "买家应付货款": yuan("gross - freight"),
        "买家应付邮费": yuan("freight"), "总金额": yuan("gross"), "买家实际支付金额": spoilt(yuan("gross"), "amount", "'待核算'"),
        "订单状态": "case when refund = gross then '交易关闭' else '交易成功' end", "收货人姓名": "name",
        "收货地址 ": "'模拟路' || sale % 90 || '号'",
        "联系手机": "''''|| " + masked("phone", "order_id"), "订单创建时间": f"strftime(clock(day, greatest(second - 300, 0)), {_MINUTE})",
        "订单付款时间 ": spoilt(paid, "time", "'2018/2/30 25:61'"),
        "宝贝标题 ": "'Simulated ' || category_name || ' item，赠品'", "宝贝种类 ": "'1'",
        "宝贝总数量": "items::varchar", "店铺名称": "'Simulated shop'", "是否手机订单": "'手机订单'",
        "退款金额": f"case when refund > 0 then {yuan('refund')} else '无退款申请' end",
        "打款商家金额": yuan("gross - refund") + " || '元'",
    }  # fmt: skip
    return f"""select order_id as row_key, {columns(TAOBAO, filled)}, dirty from
        (select o.*, p.phone, p.name, {dirty("o.order_id")} as dirty from outside_orders o join person p using (person) where platform)
        order by sale desc"""


def taobao_items(s: Simulated) -> str:
    """Taobao's item report: a row for each sub-order; words stand where nothing was asked back."""
    back = "case when refund = gross then x.net_amount when nth = 1 then least(refund, x.net_amount) else 0 end"
    filled = {
        "子订单编号": """'="' || order_id || nth || '"'""", "主订单编号": """'="' || order_id || '"'""",
        "商品标题": "x.product || '，赠品'", "商品价格": yuan("x.list_amount / x.quantity"), "购买数量": "x.quantity::bigint::varchar",
        "订单状态": "case when refund = gross then '交易关闭' else '交易成功' end", "商家编码": "x.product_id",
        "买家应付货款": yuan("x.list_amount"), "买家实付金额": yuan("x.net_amount"),
        "退款状态": f"case when {back} > 0 then '退款成功' else '没有申请退款' end",
        "退款金额": f"case when {back} > 0 then {yuan(back)} else '无退款申请' end",
        "订单创建时间": f"strftime(clock(day, greatest(second - 300, 0)), {_DAY})", "订单付款时间": f"strftime(clock(day, second), {_DAY})",
    }  # fmt: skip
    return f"""select order_id || nth as row_key, {columns(TAOBAO_ITEMS, filled)}, '' as dirty from
        (select o.*, unnest(range(1, 1 + len(lines))) as nth, unnest(lines) as x
         from outside_orders o join ({order_lines(private=False)}) using (order_id) where platform) order by sale desc, nth"""


def jd_orders(s: Simulated) -> str:
    """JD's order export: one row a product, order amounts on every row, words around a number, phones masked."""
    paid = f"strftime(clock(day, second), {_DAY})"
    filled = {
        "订单号": spoilt("order_id", "id", "'2.86533E+17'"), "商品ID": "product_id", "商品名称": "'Simulated ' || category_name || ' item'",
        "订购数量": "quantity::varchar", "支付方式": "'在线支付'", "下单时间": paid, "京东价": "printf('%.2f', listed / 100.0 / items)",
        "订单金额": yuan("gross"), "结算金额": f"{yuan('gross')} || '（系统计算中，该值仅供参考）'",
        "应付金额": spoilt(yuan("gross"), "amount", "'--'"), "订单状态": "'完成'", "下单帐号": "nick", "客户姓名": "name",
        "联系电话": "'1******' || substr(phone, 8)", "运费金额": yuan("freight"), "付款确认时间": spoilt(paid, "time",
        "'2018-02-30 25:61:00'"),
    }  # fmt: skip
    return f"""select order_id as row_key, {columns(JD, filled)}, case when line = 1 then dirty else '' end as dirty from
        (select o.* exclude (product_id), p.phone, p.name, {dirty("o.order_id")} as dirty, line,
           case when line = 1 then product_id else product_id || 'b' end as product_id,
           case when items < 3 then items when line = 1 then items - 1 else 1 end as quantity
         from outside_orders o join person p using (person), unnest(range(1, case when items > 2 then 3 else 2 end)) t(line)
         where platform) order by sale, line"""


def wechat_pay(s: Simulated) -> str:
    """WeChat Pay's trade bill: a backtick before every value, refunds as rows of their own, a summary at the end."""
    tick = dict.fromkeys(WECHAT_PAY, "'`'")
    known = {
        "公众账号ID": "'wxsimulated'", "商户号": "'1900000000'", "微信订单号": "'42000' || lpad(sale::varchar, 23, '0')",
        "商户订单号": "order_id", "用户标识": "open_id", "交易类型": "'JSAPI'", "付款银行": "'OTHERS'", "货币种类": "'CNY'",
        "代金券金额": "'0.00'", "商品名称": "'Simulated order'", "费率": "'0.60%'", "订单金额": spoilt(yuan("gross"), "amount", "'null'"),
        "应结订单金额": yuan("gross"),
    }  # fmt: skip
    paid = {"交易时间": spoilt(f"strftime(clock(day, second), {_DAY})", "time", "'0000-00-00 00:00:00'"), "交易状态": "'SUCCESS'",
            "退款金额": "'0.00'", "手续费": "printf('%.5f', gross * 0.00006)"}  # fmt: skip
    back = {"交易时间": f"strftime(clock(day + refund_day, second), {_DAY})", "交易状态": "'REFUND'", "微信退款单号": "'R' || order_id",
            "商户退款单号": "'R' || order_id", "退款金额": yuan("refund"), "申请退款金额": yuan("refund"), "退款类型": "'ORIGINAL'",
            "退款状态": "'SUCCESS'", "订单金额": "'0.00'", "应结订单金额": "'0.00'",
            "手续费": "printf('%.5f', -refund * 0.00006)"}  # fmt: skip

    def row(extra: dict[str, str]) -> str:
        return columns(WECHAT_PAY, tick | {k: f"'`' || {v}" for k, v in (known | extra).items()})

    return f"""select row_key, * exclude (row_key, dirty, moment), dirty from (
        select order_id as row_key, {row(paid)}, dirty, day * 86400 + second as moment
          from (select *, {dirty("order_id", ids=False)} as dirty from private_orders)
        union all select 'R' || order_id, {row(back)}, '', (day + refund_day) * 86400 + second
          from (select *, '' as dirty from private_orders where refund > 0)) order by moment desc, row_key"""


def wechat_pay_footer(s: Simulated) -> str:
    """The bill's last two lines: how many rows and how much, as the bill itself counts them."""
    found = s.connection.sql(
        "select count(*) + sum((refund > 0)::int), sum(gross)::bigint, sum(refund)::bigint from private_orders"
    ).fetchall()[0]
    n, gross, refund = (int(v or 0) for v in found)
    head = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
    fee = 0.00006 * (gross - refund)
    return (
        f"{head}\n`{n},`{gross / 100:.2f},`{refund / 100:.2f},`0.00,`{fee:.5f},`{gross / 100:.2f},`{refund / 100:.2f}\n"
    )
