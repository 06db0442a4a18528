"""Names of segments, states and audiences in words, English or Chinese."""

from __future__ import annotations

import pandas as pd

from retailkit.segment.lifecycle import STATE_TITLES
from retailkit.segment.moves import RATE_TITLES
from retailkit.segment.segments import segment_map, segment_maps
from retailkit.segment.tags import tag_rules

SYSTEM_TITLES = {
    "en": {
        "crm": "CRM", "mini_program": "Mini program", "official_account": "Official account", "wecom": "WeCom",
        "household": "Household", "phone": "Phone", "email": "E-mail", "jd": "JD", "taobao": "Taobao", "shop": "Shop",
        "youzan": "Youzan", "youzan_customer": "Youzan customer", "weimob": "Weimob", "customer": "Shop customer",
        "channels_store": "Channels store", "ga4": "GA4", "matomo": "Matomo", "segment": "Segment", "snowplow": "Snowplow",
    },
    "zh": {
        "crm": "会员", "mini_program": "小程序", "official_account": "公众号", "wecom": "企业微信",
        "household": "家庭", "phone": "手机号", "email": "邮箱", "jd": "京东", "taobao": "淘宝", "shop": "门店",
        "youzan": "有赞", "youzan_customer": "有赞客户", "weimob": "微盟", "customer": "商城客户",
        "channels_store": "视频号小店", "ga4": "GA4", "matomo": "Matomo", "segment": "Segment", "snowplow": "Snowplow",
        "known person": "已识别人员", "unknown person": "未识别人员",
    },
}  # fmt: skip
COLUMNS = ("system", "segment", "state", "from_segment", "to_segment", "from_state", "to_state", "audience", "rate")


def in_words(table: pd.DataFrame, lang: str = "en", segments: str = "usual") -> pd.DataFrame:
    """Return ``table`` with names of systems, segments, states, rates and audiences written out.

    Parameters
    ----------
    segments : map that names the segments.

    >>> in_words(pd.DataFrame({"segment": ["champions"]}), "zh")["segment"].tolist()
    ['冠军客户']
    """
    titles: dict[str, str] = {}
    for name in sorted(segment_maps(), key=lambda n: n == segments):
        titles |= segment_map(name).titles(lang)
    audiences = {r.name: r.zh if lang == "zh" else r.en for r in tag_rules().rules}
    words = {
        "state": STATE_TITLES[lang],
        "rate": RATE_TITLES[lang],
        "audience": audiences,
        "system": SYSTEM_TITLES[lang],
    }
    words["segment"] = {**titles, "not_yet": STATE_TITLES[lang]["not_yet"]}
    spoken = {c: table[c].map(lambda v, c=c: words[c.split("_")[-1]].get(v, v)) for c in COLUMNS if c in table}
    return table.assign(**spoken)
