"""What the figures of the formats chapter share: names of things, the line below the title, share plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from retailkit.charts.template import ACCENT, INK, choose, frame, interval, percent, percent_axis
from retailkit.charts.words import labelled

ROW = 34  # pixels of height per row of a bar or interval chart
_ZH = {
    "official_store": "官方商城", "guide": "导购", "community": "社群", "sharing": "社交裂变", "popup": "快闪店",
    "experience": "体验店", "convenience": "便利店", "community_supermarket": "社区超市", "home_delivery": "到家",
    "flagship": "旗舰店", "department_counter": "百货专柜", "shop": "门店", "platform": "平台电商", "all": "全部",
    "unknown": "未知", "order": "成交", "binding": "绑定客户", "new_contact": "新增好友", "share": "分享",
    "chat": "聊天", "message": "群发", "live": "直播", "any": "任一动作", "visit": "访问", "product": "商品页",
    "cart": "加购", "checkout": "结算", "pay": "支付", "direct_return": "主动回访", "group": "社群",
    "mailing": "邮寄", "other": "其他", "official_account": "公众号", "service_message": "模版消息/订阅消息",
    "single_chat": "单聊", "continuation": "续访",
    "wecom": "企业微信", "moments": "朋友圈", "search": "搜索", "scan_offline": "扫码（线下）",
    "scan_image": "识别/相册码", "advertising": "广告", "payment": "支付后", "card_coupon": "卡券", "red_packet": "红包",
    "mini_program_jump": "小程序互跳", "mini_program_profile": "小程序主页", "discovery": "发现", "nearby": "附近/线下网络",
    "link_h5": "链接/H5", "external_app": "外部App", "channels": "视频号", "channels_live": "视频号直播",
    "customer_service": "客服消息", "my_orders": "订单入口", "plugin": "插件", "pc": "PC", "fans": "粉丝群",
    "chat_unsplit": "会话", "coupon": "优惠券", "placement": "陈列", "display": "店内陈列", "mailer": "每周传单",
    "organic": "自然", "unattributed": "未归因", "system_internal": "系统/测试", "flash_sale": "秒杀群", "neighbourhood": "社区群",
}  # fmt: skip


_EN = {
    "group": "Customer group", "wecom": "WeCom", "chat_unsplit": "Chat (not told apart)", "link_h5": "Link or H5",
    "channels_live": "Channels live room", "pc": "PC", "display": "In-store display", "mailer": "Weekly mailer",
    "popup": "Pop-up", "crm": "CRM", "jd": "JD.com", "pos": "POS", "erp": "ERP",
}  # fmt: skip
"""English names that are not the code's own words."""


def name(code: Any, lang: str) -> str:
    """A code as a reader calls it, at the head of a line.

    >>> name("service_message", "en"), name("group", "en"), name("group", "zh")
    ('Service message', 'Customer group', '社群')
    """
    plain = str(code).replace("_", " ")
    return choose(lang, _EN.get(str(code), plain[:1].upper() + plain[1:]), _ZH.get(str(code), plain))


def within(code: Any) -> str:
    """A code's English name within a sentence.

    >>> within("official_store"), within("group"), within("wecom"), within("link_h5")
    ('official store', 'customer group', 'WeCom', 'link or H5')
    """
    told = name(code, "en")
    return told if told.split()[0][1:].lower() != told.split()[0][1:] else told[:1].lower() + told[1:]


def known(code: str) -> bool:
    """Whether a text is a code of the package, and not a merchant's own word."""
    return code in _ZH or code in _EN


def below(unit: str, merchant: str, period: str) -> str:
    return " · ".join(part for part in (unit, merchant, period) if part)


def shares(
    rows: pd.DataFrame, names: list[str], share: str, title: str, sub: str, source: str, lang: str,
    colour: str | list[str] = ACCENT, of: Callable[[Any], str] | None = None,
) -> go.Figure:  # fmt: skip
    """Dots with intervals for a table's share column, first row at the top."""
    rows, names = rows.iloc[::-1], names[::-1]
    words = [labelled(n, percent(r), lang) for n, r in zip(names, rows[share], strict=True)] if of is None else [
        labelled(n, of(r), lang) for n, r in zip(names, rows.itertuples(), strict=True)
    ]  # fmt: skip
    low, high = rows[f"{share}_low"], rows[f"{share}_high"]
    fig = go.Figure(interval(list(low), list(rows[share]), list(high), names, colour=colour, hover=words))
    fig.update_xaxes(percent_axis(0, float(np.nanmax([high.max(), 0.01]))), showgrid=True)
    fig.update_yaxes(
        categoryorder="array", categoryarray=names, showgrid=False, tickfont={"color": INK}, ticklabelstandoff=9
    )
    return frame(fig, title, sub, source, lang=lang, height=220 + ROW * len(rows))
