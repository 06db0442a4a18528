"""The Chinese of what growth tables say in English: reasons, guards, methods, labels."""

from __future__ import annotations

import re

PLAIN = {
    # methods and labels
    "ridge-augmented synthetic control": "岭增广合成控制",
    "synthetic control with intercept": "带截距的合成控制",
    "synthetic control": "合成控制",
    "difference-in-differences": "双重差分",
    "difference-in-differences on year-over-year logs": "同比对数双重差分",
    "synthetic difference-in-differences": "合成双重差分",
    "structural series": "结构时间序列",
    "season not identified": "季节因素未识别",
    "descriptive": "仅为描述性",
    "none": "无",
    # guards and their status
    "same definition throughout": "口径前后一致",
    "shared customers": "共享顾客",
    "fit before the programme": "项目前拟合",
    "placebo in time, 1 programme length earlier": "时间安慰剂（提前一个项目期）",
    "placebo in time, 2 programme lengths earlier": "时间安慰剂（提前两个项目期）",
    "leave one donor out": "逐一剔除对照",
    "leave one week out": "剔除最大一周",
    "breakdown drift": "推翻结论所需漂移",
    "breakdown spillover": "推翻结论所需溢出",
    "other estimators": "其他方法",
    "rank among donors": "在对照中的排名",
    "smallest effect that would be seen": "可识别的最小效应",
    "passed": "通过",
    "failed": "未通过",
    "noted": "说明",
    "not possible": "无法检验",
    # why there is no figure
    "no programme window, or no sales inside it yet": "没有项目期，或项目期内尚无销售",
    "no sales on record": "没有销售记录",
    "no sales on record for the whole programme (closed, or not open yet)": "项目期销售记录不完整（已关店或尚未开业）",
    "a week of the programme whose sales are zero or below (closed, or refunds above sales)":
        "项目期内有一周销售额为零或为负（关店，或退款多于销售）",
    "last year's weeks are not on record for it and at least 3 donors": "该商户及至少 3 家对照没有去年同期记录",
    "no sales on record for the whole period before": "前期销售记录不完整",
    "no sales on record for the whole programme": "项目期销售记录不完整",
    "the period before sold nothing": "前期没有销售",
    "the cohort names no programme": "该批次没有项目期",
    "not in the programme": "不在项目中",
    # why a donor is left out
    "its sales seem to be counted otherwise inside the programme": "项目期内销售额口径可能已改变",
    "a week without sales, or closed, before the programme ended": "项目结束前有一周没有销售，或已关店",
    "history starts too late": "历史开始太晚", "no sales on record of that name": "没有该名称的销售记录",
    "shares customers with the programme": "与参与商户共享顾客",
    "fewer than 3 usable donors": "可用的对照商户不足 3 家",
    "fewer than 12 weeks would be left before": "项目前剩下不足 12 周",
    "one of the two festivals is not on record or sold nothing": "两个节日之一没有记录或没有销售",
    # whether other channels lost
    "cannot tell: the private gain itself may be zero": "无法判断：私域增量本身可能为零",
    "part of the private gain was taken from the merchant's other channels": "部分私域增量来自其他渠道的转移",
    "cannot tell: the all-channel gain may be zero and may be the whole private gain":
        "无法判断：全渠道增量可能为零，也可能等于全部私域增量",
    "the all-channel total grew by as much as the private gain, within its interval":
        "全渠道合计的增长与私域增量相当（在区间之内），未见蚕食",
    # what an analysis plan holds
    "cohort": "批次", "merchants": "商户", "donors": "对照商户", "baseline": "前期", "outcome": "结果指标",
    "level": "区间水平", "at_risk_share": "共享顾客的界限", "method": "估计方法", "note": "备注",
    # parts
    "season": "季节", "market": "市场", "season and market": "季节与市场", "programme": "项目", "headline": "环比",
    "pooled": "合计", "mean of merchants": "商户均值", "median merchant": "商户中位数",
    "buyers": "购买人数", "frequency": "频次", "basket": "笔单价", "orders": "订单", "orders a day": "日均订单",
    "entry or exit": "新增或退出", "refunds above sales": "退款多于销售", "no net sales": "没有净销售额",
    "new": "新客", "returning": "老客", "unknown": "未识别", "before": "前期",
    "official_store": "官方商城", "guide": "导购", "community": "社群", "sharing": "社交裂变", "shop": "门店",
    "touchpoint": "触点", "format": "业态", "guide and shop": "导购与门店", "(none)": "（无）", "other": "其他",
    "next": "下一窗口", "first": "上半期", "second": "下半期", "base": "基本", "stretch": "挑战",
    "programme_last_year": "去年同期（项目期）", "next_last_year": "去年同期（下一窗口）", "area": "区域",
    "entry": "新增", "exit": "退出", "kept": "延续", "official_account": "公众号", "service_message": "模版消息/订阅消息",
    "group": "社群", "advertising": "广告", "scan_offline": "扫码（线下）", "moments": "朋友圈",
    "wecom": "企业微信", "single_chat": "单聊", "chat_unsplit": "会话", "scan_image": "识别/相册码",
    "red_packet": "红包", "mini_program_jump": "小程序互跳", "discovery": "发现", "nearby": "附近/线下网络", "link_h5": "链接/H5",
    "external_app": "外部App", "channels": "视频号", "channels_live": "视频号直播", "customer_service": "客服消息",
    "my_orders": "订单入口", "plugin": "插件", "pc": "PC", "message": "消息", "mailing": "邮寄",
    "card_coupon": "卡券", "search": "搜索", "direct_return": "主动回访", "payment": "支付后",
    "mini_program_profile": "小程序主页", "platform": "平台电商", "home_delivery": "到家", "flagship": "旗舰店",
    "popup": "快闪店", "experience": "体验店", "department_counter": "百货专柜", "convenience": "便利店",
    "community_supermarket": "社区超市",
    "coupon": "优惠券", "placement": "陈列", "display": "店内陈列", "mailer": "每周传单", "live": "直播",
    "organic": "自然", "unattributed": "未归因", "system_internal": "系统/测试",
}  # fmt: skip

PATTERNS = (
    (r"the programme is not over: it ends on (\S+), sales are on record until (\S+)",
     r"项目尚未结束：\1 结束，销售记录到 \2"),
    (r"sales seem to be counted otherwise from the week of (\S+), inside the programme",
     r"自 \1 当周起（项目期内）销售额口径可能已改变"),
    (r"sales seem to be counted otherwise from the week of (\S+)", r"自 \1 当周起销售额口径可能已改变"),
    (r"(\d+) weeks before the programme since sales seem to be counted otherwise \(a price that jumps looks the same\); "
     r"(\d+) are needed", r"项目前自销售额口径可能改变（涨价看起来也一样）以来仅 \1 周，至少需要 \2 周"),
    (r"(\d+) weeks before the programme; (\d+) are needed", r"项目前仅 \1 周，至少需要 \2 周"),
    (r"(\d+) weeks before the programme since a week without sales or with refunds above sales; (\d+) are needed",
     r"项目前最后一个销售为零或为负的周之后仅 \1 周，至少需要 \2 周"),
    (r"the week of (\S+) sold zero or less \(closed, or refunds above sales\)",
     r"\1 当周销售额为零或为负（关店，或退款多于销售）"),
    (r"sales stop early on (\S+), the newest day: export again, or end the programme the day before",
     r"最新一天 \1 的销售提前中断：请重新导出，或将项目期截至前一天"),
    (r"no order from (\S+) to (\S+): closed, or an export is missing", r"\1 至 \2 没有订单：关店，或缺少导出文件"),
    (r"no whole weekly series up to the end of the programme for (.+)", r"\1 没有到项目结束为止的完整周数据"),
    (r"no donors, and (\d+) weeks are too few for (\d+) season and festival terms",
     r"没有对照商户，且 \1 周不足以估计 \2 个季节与节日项"),
    (r"a donor-placebo interval needs at least 3 donors, there are (\d+)", r"区间至少需要 3 家对照，现有 \1 家"),
)  # fmt: skip


def in_words(text: str, lang: str = "en") -> str:
    """The text as it is, or its Chinese; what is not in the list stays.

    >>> in_words("passed", "zh"), in_words("9 weeks before the programme; 12 are needed", "zh"), in_words("m01", "zh")
    ('通过', '项目前仅 9 周，至少需要 12 周', 'm01')
    """
    if lang != "zh" or not isinstance(text, str):
        return text
    if text in PLAIN:
        return PLAIN[text]
    for pattern, chinese in PATTERNS:
        if re.fullmatch(pattern, text):
            return re.sub(pattern, chinese, text)
    return text
