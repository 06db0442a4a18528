"""A list of members: the draft of a file whose rows are persons with a day of joining, not orders."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from retailkit.load.draft_columns import Seen, plain
from retailkit.load.draft_fields import field_line
from retailkit.load.draft_money import toml_text

_JOINED = re.compile(
    r"入会|注册|开卡|办卡|建档|成为(会员|客户)|加入|(^|_)(joined|join_?date|registered|registration|signed_?up|sign_?up)"
)
_NUMBER = re.compile(
    r"会员(卡)?(号|编号|编码|id)|客户(号|编号|编码|id)|卡号|(^|_)(member|customer|card)_?(id|no|number|code)$"
)
_PHONE = re.compile(r"手机|电话|联系方式|mobile|phone")
_SALE = re.compile(
    r"(订单|交易|单据|流水|小票)(编?号|id)|(^|_)(order|transaction|invoice)_?(id|no|number)|付款时间|支付时间|paid_at|payment_time"
)
"""Names of columns that a list of sales has."""
_MORE = {
    "level": re.compile(r"等级|级别|(^|_)(level|tier|grade)$"),
    "gender": re.compile(r"性别|(^|_)(gender|sex)$"),
    "city": re.compile(r"城市|所在市|(^|_)city$"),
    "points": re.compile(r"积分|(^|_)points?$"),
    "guide": re.compile(r"导购|店员|营业员|(^|_)(guide|salesperson)$"),
    "shop_id": re.compile(r"门店|店铺|开卡店|(^|_)(shop|store)(_id)?$"),
}
"""Names of what a list may say of a member, in the order in which the draft has it."""
_SOURCE = re.compile(r"来源|渠道|(^|_)(source|channel)$")


def member_tables(seen: Sequence[Seen], checks: list[str]) -> list[str]:
    """Return the tables of a list of members, and gather what a person must check; nothing if it is none.

    It is one where each row has a number or a phone of its own and a day of joining, and no column is of a sale.
    """
    joined = _first(seen, _JOINED, lambda s: s.times is not None or s.epoch is not None)
    phones = [s for s in seen if not any("*" in cell for cell in s.cells)]  # a masked one is nobody's
    who = _first(seen, _NUMBER, _one_each) or _first(phones, _PHONE, _one_each)
    if joined is None or who is None or any(_SALE.search(plain(s.name)) for s in seen):
        return []
    by_name = {s.name: s for s in seen}
    checks.append("each row is a member: no amount is read, orders tell what was bought")
    account = field_line("account", who.name, by_name, checks, False)
    told: list[str] = []
    day = field_line("paid_at", joined.name, by_name, told, False)
    checks += [check.replace("the time of payment", "the day of joining", 1) for check in told]
    phone = _first(phones, _PHONE, lambda s: bool(s.cells) and s is not who)
    key = next((s for s in (phone, who) if s and _PHONE.search(plain(s.name))), None)
    source = _first(seen, _SOURCE, lambda s: bool(s.cells))
    more = [(n, s) for n, pattern in _MORE.items() if (s := _first(seen, pattern, lambda s: bool(s.cells)))]
    kind = ', kind = "phone"' if who is key else ""
    if who is not key:
        checks.append("the account needs the prefix that it has in the layout of the orders, or nobody is recognised")
    return [
        "[[tables]]",
        'table = "accounts"   # what else a table may hold: data/README.md',
        "[tables.fields]",
        account,
        *([f'phone_key = {{ from = {toml_text(key.name)}, kind = "phone" }}'] if key else []),
        day.replace("paid_at", "first_seen_at", 1),
        *([f"source_channel = {{ from = {toml_text(source.name)} }}"] if source else []),
        "",
        "[[tables]]",
        'table = "members"',
        "[tables.fields]",
        account,
        f"member_id = {{ from = {toml_text(who.name)}{kind} }}",
        day.replace("paid_at", "joined_at", 1),
        *(_told(name, column) for name, column in more),
    ]


def _first(seen: Sequence[Seen], pattern: re.Pattern[str], fits: Callable[[Seen], bool]) -> Seen | None:
    """Return the first column of a name that fits."""
    return next((s for s in seen if pattern.search(plain(s.name)) and fits(s)), None)


def _one_each(column: Seen) -> bool:
    """Tell whether each row has a value of its own."""
    return len(column.cells) == column.rows and not column.repeats and column.rows > 1


def _told(name: str, column: Seen) -> str:
    kind = ', kind = "staff"' if name == "guide" else ""
    empty = f", empty = [{', '.join(map(toml_text, column.nothing))}]" if name == "points" and column.nothing else ""
    return f"{name} = {{ from = {toml_text(column.name)}{kind}{empty} }}"
