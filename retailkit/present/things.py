"""What things are called that a gain is taken apart into: factors, touchpoints, formats; and industries."""

from __future__ import annotations

import pandas as pd

from retailkit.charts.formats.parts import within
from retailkit.charts.words import choose, labelled

_THINGS = {
    "buyers": "购买人数", "frequency": "购买频次", "basket": "笔单价", "orders a day": "日均订单", "entry or exit": "新增或退出",
    "new": "新客", "returning": "老客",
    "official_store": "官方商城", "community": "社群业态", "shop": "门店", "home_delivery": "到家", "platform": "平台电商",
    "live": "直播", "popup": "快闪店", "flagship": "旗舰店", "experience": "体验店", "department_counter": "百货专柜",
    "convenience": "便利店", "community_supermarket": "社区超市",
    # touchpoints, as chapter 3 calls them
    "official_account": "公众号", "service_message": "模版消息/订阅消息", "guide": "导购", "wecom": "企业微信",
    "single_chat": "单聊", "moments": "朋友圈", "search": "搜索", "scan_offline": "扫码（线下）",
    "scan_image": "识别/相册码", "advertising": "广告", "payment": "支付后", "card_coupon": "卡券", "red_packet": "红包",
    "mini_program_jump": "小程序互跳", "mini_program_profile": "小程序主页", "direct_return": "主动回访", "discovery": "发现",
    "nearby": "附近/线下网络", "link_h5": "链接/H5", "external_app": "外部App", "channels": "视频号",
    "channels_live": "视频号直播", "customer_service": "客服消息", "my_orders": "订单入口", "message": "消息",
    "chat_unsplit": "会话", "plugin": "插件", "pc": "PC",
    "placement": "陈列", "other": "其他", "group": "社群", "sharing": "社交裂变", "mailing": "邮寄",
    "system_internal": "系统/测试",
    "coupon": "优惠券", "display": "店内陈列", "mailer": "每周传单", "organic": "自然", "unattributed": "未归因",
    "unknown": "未知",
}  # fmt: skip
_INDUSTRIES = {
    "apparel": "服饰", "beauty": "美妆", "mother_baby": "母婴", "sports": "运动", "supermarket": "商超",
    "electronics": "家电", "food": "食品", "department_store": "百货",
}  # fmt: skip


def thing_title(name: str, lang: str = "en") -> str:
    """A factor, touchpoint or format as a reader calls it; a touchpoint's own detail stays behind it.

    >>> thing_title("service_message: welcome", "zh"), thing_title("group")
    ('模版消息/订阅消息：welcome', 'customer group')
    """
    head, colon, detail = name.partition(": ")
    plain = within(head)
    title = choose(lang, plain, _THINGS.get(head, plain))
    return labelled(title, detail, lang) if colon else title


def industry_title(name: str, lang: str = "en") -> str:
    """An industry as a reader calls it.

    >>> industry_title("mother_baby"), industry_title("mother_baby", "zh"), industry_title("")
    ('mother-baby', '母婴', 'no industry given')
    """
    if not name:
        return choose(lang, "no industry given", "未标明行业")
    return choose(lang, name.replace("_", "-"), _INDUSTRIES.get(name, name.replace("_", "-")))


def industry_titles(table: pd.DataFrame, lang: str = "en") -> dict[str, str]:
    """Industry -> its title, for a chart."""
    return {i: industry_title(i, lang) for i in table["industry"].fillna("").unique()}


def thing_titles(table: pd.DataFrame, lang: str = "en") -> dict[str, str]:
    """Thing -> its title, for a chart."""
    return {t: thing_title(t, lang) for t in table["thing"].unique()}
