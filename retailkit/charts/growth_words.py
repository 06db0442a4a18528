"""Chinese of the words in tables and figures of growth and targets: methods, guards, parts, festivals."""

from __future__ import annotations

from retailkit.charts.formats.parts import within

WORDS = {
    "ridge-augmented synthetic control": "岭增广合成控制",
    "synthetic control with intercept": "带截距的合成控制", "synthetic control": "合成控制",
    "difference-in-differences": "双重差分",
    "difference-in-differences on year-over-year logs": "同比对数双重差分",
    "synthetic difference-in-differences": "合成双重差分", "structural series": "结构时间序列",
    "season not identified": "季节因素未识别", "descriptive": "仅为描述性", "none": "无",
    "same definition throughout": "口径前后一致", "shared customers": "共享顾客",
    "fit before the programme": "项目前拟合",
    "placebo in time, 1 programme length earlier": "时间安慰剂（提前一个项目期）",
    "placebo in time, 2 programme lengths earlier": "时间安慰剂（提前两个项目期）",
    "leave one donor out": "逐一剔除对照", "leave one week out": "剔除最大一周", "breakdown drift": "推翻结论所需漂移",
    "breakdown spillover": "推翻结论所需溢出", "other estimators": "其他方法",
    "rank among donors": "在对照中的排名", "smallest effect that would be seen": "可识别的最小效应",
    "passed": "通过", "failed": "未通过", "noted": "说明", "not possible": "无法检验",
    "a week without sales, or closed, before the programme ended": "项目结束前有一周没有销售，或已关店",
    "its sales seem to be counted otherwise inside the programme": "项目期内销售额口径可能已改变",
    "fewer than 3 usable donors": "可用的对照商户不足 3 家",
    "fewer than 12 weeks would be left before": "项目前剩下不足 12 周",
    "history starts too late": "历史开始太晚", "shares customers with the programme": "与参与商户共享顾客",
    "season": "季节", "market": "市场", "season and market": "季节与市场", "programme": "项目",
    "headline": "环比", "pooled": "合计", "mean of merchants": "商户均值", "median merchant": "商户中位数",
    "buyers": "购买人数", "frequency": "频次", "basket": "笔单价", "orders": "订单",
    "orders a day": "日均订单", "entry or exit": "新增或退出", "refunds above sales": "退款多于销售",
    "no net sales": "没有净销售额", "new": "新客", "returning": "老客",
    "unknown": "未识别", "before": "前期", "official_store": "官方商城", "guide": "导购",
    "community": "社群", "sharing": "社交裂变", "shop": "门店", "touchpoint": "触点", "format": "业态",
    "guide and shop": "导购与门店", "(none)": "（无）", "other": "其他", "next": "下一窗口", "first": "上半期",
    "second": "下半期", "base": "基本", "stretch": "挑战", "programme_last_year": "去年同期（项目期）",
    "next_last_year": "去年同期（下一窗口）", "area": "区域", "entry": "新增", "exit": "退出", "kept": "延续",
    "official_account": "公众号", "service_message": "模版消息/订阅消息",
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

FESTIVALS = {
    "ordinary": ("ordinary days", "平日"), "spring_festival": ("Spring Festival", "春节"),
    "womens_day": ("3.8", "3.8"), "618": ("618", "618"), "double_11": ("Double 11", "双11"),
    "double_12": ("Double 12", "双12"), "cny": ("Spring Festival", "春节"), "cny_eve": ("Spring Festival", "春节"),
    "holiday_cny": ("Spring Festival", "春节"), "black_friday": ("Black Friday", "黑五"),
    "thanksgiving": ("Thanksgiving", "感恩节"), "christmas": ("Christmas", "圣诞"), "new_year": ("New Year", "元旦"),
    "easter": ("Easter", "复活节"), "memorial_day": ("Memorial Day", "阵亡将士纪念日"),
    "independence_day": ("4 July", "独立日"), "labor_day": ("Labor Day", "劳工节"),
}  # fmt: skip


def in_words(text: str, lang: str = "en") -> str:
    """A word or a listed code in words, or its Chinese; what is not in the list stays.

    >>> in_words("official_store", "zh"), in_words("official_store"), in_words("m01", "zh"), in_words("my_code")
    ('官方商城', 'official store', 'm01', 'my_code')
    """
    if lang == "zh":
        return WORDS.get(text, text)
    return within(text) if text in WORDS else text


def festival_name(part: str, lang: str = "en") -> str:
    """A festival's code, or the run-up to it, in words.

    >>> festival_name("run-up to double_11"), festival_name("run-up to double_11", "zh")
    ('run-up to Double 11', '双11预热')
    """
    code = part.removeprefix("run-up to ")
    name = FESTIVALS.get(code, (code.replace("_", " "),) * 2)[lang == "zh"]
    if code == part:
        return name
    return f"{name}预热" if lang == "zh" else f"run-up to {name}"
