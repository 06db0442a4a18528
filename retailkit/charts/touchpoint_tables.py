"""Tables of the touchpoints chapter as a reader wants them: money with its sign, headings and codes in words."""

from __future__ import annotations

import pandas as pd

from retailkit.charts.formats.parts import name, within
from retailkit.charts.numbers import missing, money, number, percent
from retailkit.charts.words import choose

# column: heading in English, in Chinese, and how its values are written
COLUMNS = {
    "title": ("touchpoint", "触点", "text"),
    "touchpoint": ("touchpoint", "触点", "text"),
    "reason": ("left out because", "剔除原因", "text"),
    "rows": ("rows", "行数", "count"),
    "kind": ("kind", "类别", "text"),
    "format": ("format", "业态", "format"),
    "shop_id": ("shop", "门店", "own"),
    "guide": ("guide", "导购", "own"),
    "owner": ("owner", "负责人", "owner"),
    "touches": ("touches", "触达次数", "count"),
    "persons": ("persons reached", "触达人数", "count"),
    "orders": ("orders", "订单", "count"),
    "buyers": ("buyers", "买家", "count"),
    "new_buyers": ("new buyers", "新客", "count"),
    "conversion": ("conversion", "转化率", "share"),
    "touched_amount": ("net sales touched", "触达订单净销售额", "money"),
    "aov": ("per order", "笔单价", "money"),
    "credited_orders": ("credited orders", "归因订单", "count"),
    "gross_credit": ("gross credit", "归因额（退款前）", "money"),
    "refund_credit": ("refunds", "退款", "money"),
    "credit": ("credited net sales", "归因净销售额", "money"),
    "share": ("share", "占比", "share"),
    "cost": ("cost", "费用", "money"),
    "net_amount": ("net sales", "净销售额", "money"),
    "ledger_orders": ("orders in the ledger", "账本订单", "count"),
    "ledger_amount": ("net sales in the ledger", "账本净销售额", "money"),
    "gap_orders": ("gap in orders", "订单差", "count"),
    "gap_amount": ("gap in net sales", "金额差", "money"),
    "recommended": ("recommended", "推荐值", "share"),
    "low": ("low", "下限", "share"),
    "high": ("high", "上限", "share"),
    "first": ("first", "首次", "share"),
    "last": ("last", "末次", "share"),
    "last_non_direct": ("last non-direct", "末次非直接", "share"),
    "linear": ("linear", "线性", "share"),
    "position": ("position", "位置", "share"),
    "time_decay": ("time decay", "时间衰减", "share"),
    **{f"markov_{n}": (f"Markov {n}", f"马尔可夫{n}阶", "share") for n in range(1, 6)},
    "shapley": ("Shapley", "Shapley", "share"),
    "hazard": ("hazard", "风险模型", "share"),
    "least": ("least", "最小", "share"),
    "median": ("median", "中位", "share"),
    "most": ("most", "最大", "share"),
    "best_rank": ("best rank", "最好名次", "count"),
    "worst_rank": ("worst rank", "最差名次", "count"),
    "peers": ("peers' conversion", "同行转化率", "share"),
    "potential_buyers": ("buyers more at peers' rate", "达到同行可多买家", "whole"),
    "potential_low": ("at least", "至少", "whole"),
    "potential_high": ("at most", "至多", "whole"),
    "sends": ("days of sending", "发送天数", "count"),
    "before": ("orders before", "此前订单", "count"),
    "after": ("orders after", "此后订单", "count"),
    "others_before": ("others before", "其他人此前", "count"),
    "others_after": ("others after", "其他人此后", "count"),
    "change": ("change beside others", "相对其他人的变化", "share"),
    "shows": ("a rise that would show", "可显现的提升", "share"),
    "roas": ("net sales per 1 spent", "每元带来净销售额", "number"),
    "roas_low": ("low", "下限", "number"),
    "roas_high": ("high", "上限", "number"),
    "cost_per_order": ("cost per order", "单均费用", "money"),
    "cost_low": ("low", "下限", "money"),
    "cost_high": ("high", "上限", "money"),
    "reading": ("orders are", "订单口径", "text"),
    "model_orders": ("incremental orders, model", "模型增量订单", "count"),
    "tested_orders": ("by lift tests", "实验增量订单", "count"),
    "calibrated_orders": ("calibrated", "校准后", "count"),
    "calibrated_low": ("low", "下限", "count"),
    "calibrated_high": ("high", "上限", "count"),
    "basis": ("basis", "依据", "text"),
    "removal": ("lost without it", "移除后损失", "share"),
    "removal_orders": ("lost without it", "移除后损失", "share"),
    "removal_low": ("low", "下限", "share"),
    "removal_high": ("high", "上限", "share"),
    "lost_orders": ("orders lost", "损失订单", "count"),
    "only": ("orders it touched alone", "仅该触点的订单", "count"),
    "any": ("orders it touched at all", "触达过的订单", "count"),
    "payable": ("share can be paid out", "份额可支付", "text"),
    "verdict": ("verdict", "判断", "text"),
}
CHINESE = {
    "exposure": "曝光",
    "order_attached": "附着于订单",
    "none": "无",
    "neglected": "被忽视",
    "operated": "运营良好",
    "like its peers": "与同行相当",
    "not used": "未使用",
    "too few": "触达过少",
    "no peers": "无同行",
    "robust": "稳健",
    "depends on the model": "取决于模型",
    "depends on the look-back": "取决于回溯期",
    "depends on the returns": "取决于主动回访",
    "depends on the identity": "取决于身份口径",
    "more": "更多",
    "fewer": "更少",
    "no difference": "无差别",
    "cannot tell": "无法判断",
    "(all messages)": "（全部消息）",
    "tested": "实验",
    "shrunk by tests elsewhere": "由其他触点的实验推及",
    "model": "模型",
    "what is left": "剩余",
    "incremental": "增量",
    "credited, not incremental": "归因，非增量",
    "(none)": "（无）",
    "(nobody)": "（无人负责）",
    "test, trial or crawler scene": "测试、体验或爬虫场景",
    "goes on with an earlier visit": "前次访问的延续",
    "bot: too many touches in a day": "机器人：单日触达过多",
    "account unknown": "账号未知",
}


def shown(table: pd.DataFrame, currency: str, lang: str = "en", only: str = "") -> pd.DataFrame:
    """Return the columns a reader needs, written out; ``only`` names them, in order (default: all known ones).

    A title stands for the touchpoint's name; amounts are in minor units on the way in.

    >>> shown(pd.DataFrame({"merchant": ["m"], "touchpoint": ["guide"], "credit": [123456]}), "USD")
      touchpoint credited net sales
    0      guide             $1.23K
    """
    wanted = [c for c in (only.split() or [c for c in table.columns if c in COLUMNS]) if c in table]
    if "title" in wanted and "touchpoint" in wanted:
        wanted = ["title", *[c for c in wanted if c not in ("title", "touchpoint")]]
    columns = [[_text(v, COLUMNS[c][2], currency, lang) for v in table[c]] for c in wanted]
    heads = [choose(lang, COLUMNS[c][0], COLUMNS[c][1]) for c in wanted]
    return pd.concat([pd.Series(c, name=h, dtype=object) for c, h in zip(columns, heads, strict=True)], axis=1)


def _text(value: object, kind: str, currency: str, lang: str) -> str:
    if missing(value):
        return "–"
    if isinstance(value, bool):
        return choose(lang, *(("yes", "是") if value else ("no", "否")))
    if kind == "own":  # a merchant's own id, to the letter
        return CHINESE.get(str(value), str(value)) if lang == "zh" else str(value)
    if kind == "owner":
        return CHINESE.get(str(value), str(value).replace("_", " ")) if lang == "zh" else str(value).replace("_", " ")
    if kind == "text":
        return CHINESE.get(str(value), str(value)) if lang == "zh" else str(value).replace("_", " ")
    if kind == "format":
        return CHINESE.get(str(value), name(value, lang)) if lang == "zh" else within(value)
    figure = float(str(value))
    if kind == "money":
        return money(figure, currency, lang) if abs(figure) != float("inf") else "∞"
    if kind == "share":
        return percent(figure)
    if kind == "whole":
        return f"{figure:,.0f}"
    return f"{figure:,.0f}" if kind == "count" and figure == round(figure) else number(figure, lang)
