"""The Chinese of what the quarantine says in English: why a cell or a row was set aside."""

from __future__ import annotations

import re

PATTERNS = (
    (r"empty, but required", "必填，但为空"),
    (r"no readable time between 1990 and the day of loading \(.*\)", "不是1990年至加载日之间可识别的时间"),
    (r"no readable day", "不是可识别的日期"),
    (r"no whole number of [\w ]+", "不是整数"),
    (r"no number", "不是数字"),
    (r"neither yes nor no", "既非“是”也非“否”"),
    (r"not one of (.+)", r"不在允许取值之内：\1"),
    (r"an id that went through a float or a spreadsheet: its digits are lost", "编号经过浮点数或电子表格，数位已丢失"),
    (r"no amount in whole minor units \(fen, cents\)", "不是以分为单位的整数金额"),
    (r"no amount in major units \(yuan\)", "不是以元为单位的金额"),
    (r"no phone number", "不是电话号码"),
    (r"unreadable", "无法识别"),
    (r"more cells than the header has names", "单元格多于表头列数"),
    (r"the sum over the rows is below (\S+)", r"各行合计小于\1"),
    (r"belongs to an order or another record that was set aside", "所属订单（或其他记录）已隔离，一并隔离"),
    (r"same key as a row that comes later and stays", "与后面某行主键相同，保留后者"),
)  # fmt: skip
BOUND = re.compile(r"(.+), (\S+) or more")


def in_words(reason: str, lang: str = "en") -> str:
    """The reason as it is, or its Chinese; what is not in the list stays.

    >>> in_words("no number, 0 or more", "zh"), in_words("no readable day", "en")
    ('不是数字（须不小于0）', 'no readable day')
    """
    if lang != "zh":
        return reason
    if bound := BOUND.fullmatch(reason):
        return f"{in_words(bound[1], lang)}（须不小于{bound[2]}）"
    for pattern, chinese in PATTERNS:
        if re.fullmatch(pattern, reason):
            return re.sub(pattern, chinese, reason)
    return reason
