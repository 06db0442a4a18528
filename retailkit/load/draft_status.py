"""What the words of an order's status say of its money: nobody paid, all went back, or nobody can tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from retailkit.load.draft_columns import plain

NAMED = ("状态", "status", "state")
"""Words of columns that hold a status."""
UNPAID = (
    "待付款 待支付 未付款 未支付 等待买家付款 等待付款 等待支付 待买家付款 支付失败 付款失败 支付中 unpaid pending "
    "pending_payment payment_pending awaiting_payment payment_failed failed authorized voided expired declined not_paid draft "
    "abandoned wait_buyer_pay"
)
CLOSED = (
    "交易关闭 订单关闭 已关闭 关闭 交易取消 订单取消 已取消 取消 已作废 作废 cancelled canceled closed order_cancelled "
    "order_canceled trade_closed void"
)
BACK = (
    "已退款 退款成功 退款完成 全额退款 已全额退款 全额退款成功 退货退款 退货完成 已退货 退款退货成功 refunded fully_refunded "
    "full_refund refund_completed refund_success returned"
)
_SPEAKS = re.compile(r"退|取消|关闭|作废|refund|return|cancel|clos|void|chargeback", re.IGNORECASE)
_WAITS = re.compile(r"待付|待支付|未付|未支付|等待(买家)?付款|删除|失败|unpaid|fail|delet", re.IGNORECASE)
_NOTHING = re.compile(r"(?i)^(无|未|没有|no_|not_|none|un).*|.*(未退|无退款|无售后).*")
_PAID = re.compile(r"付|交易|成交|paid|pay|transaction")


@dataclass(frozen=True)
class Statuses:
    """By column: words under which nobody paid, under which all went back, and those that nobody has described."""

    unpaid: Mapping[str, Sequence[str]]
    back: Mapping[str, Sequence[str]]
    unknown: Mapping[str, Sequence[str]]


def read_statuses(words: Mapping[str, Sequence[str]], time: str | None) -> Statuses:
    """Sort the words of the status columns.

    A closed or cancelled order that has a time of payment was paid, and all of it went back; where the time is
    that of the order, nobody can have paid.

    Examples
    --------
    >>> read_statuses({"状态": ["已发货", "交易关闭", "退款中"]}, "付款时间")
    Statuses(unpaid={}, back={'状态': ['交易关闭']}, unknown={'状态': ['退款中']})
    """
    paid = bool(time and _PAID.search(plain(time)))
    closed, unpaid, back = CLOSED.split(), {*UNPAID.split()}, {*BACK.split()}
    (back if paid else unpaid).update(closed)
    known = {*unpaid, *back}
    return Statuses(
        _some(words, lambda w: w in unpaid),
        _some(words, lambda w: w in back),
        _some(
            words, lambda w: w not in known and bool(_WAITS.search(w) or (_SPEAKS.search(w) and not _NOTHING.match(w)))
        ),
    )


def _some(words: Mapping[str, Sequence[str]], test: Callable[[str], bool]) -> dict[str, list[str]]:
    found = {name: [w for w in seen if test(plain(w.strip()))] for name, seen in words.items()}
    return {name: some for name, some in found.items() if some}
