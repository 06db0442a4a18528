"""One row per person: what they bought, when, and how often, before a day."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.errors import SaidError
from retailkit.spoken import said, several

PERSON_FEATURES = (
    "merchant", "person", "orders", "purchase_days", "items", "gross_amount", "refund_amount", "net_amount",
    "first_paid_on", "last_paid_on", "days_since_last", "age_days", "repeat_days", "days_to_last",
    "repeat_day_amount", "mean_gap_days", "mean_order_amount",
)  # fmt: skip
"""Columns of :func:`person_features`, in order."""


@takes_frames
def person_orders(orders: ibis.Table, persons: ibis.Table, as_of: str) -> ibis.Table:
    """One order known before ``as_of`` with the person who paid it; unknown payers are left out.

    Their money is not lost: ``link_coverage`` reports it as *unknown person*.

    Parameters
    ----------
    orders : canonical table ``orders``.
    persons : canonical table ``persons``.
    as_of : ISO day; only orders of earlier local days count.
    """
    known = orders.filter(_.paid_on < _day(as_of), _.account.notnull())
    who = persons.select("merchant", "account", "person")
    return known.inner_join(who, ["merchant", "account"])


@takes_frames
def person_features(
    orders: ibis.Table, persons: ibis.Table, as_of: str, refunds: ibis.Table | None = None
) -> ibis.Table:
    """One row per merchant and person who bought before ``as_of``.

    All durations are whole days of the merchant's zone and end on the last day known, the day
    before ``as_of``: who bought on that day has ``days_since_last`` 0. Money is in minor units.

    - ``orders``, ``purchase_days`` (distinct days with an order), ``items``
    - ``gross_amount`` paid, ``refund_amount`` given back, ``net_amount`` their difference (it may be
      negative where a refund belongs to an order older than the data)
    - ``first_paid_on``, ``last_paid_on``, ``days_since_last``
    - ``age_days``: from the first purchase (the *T* of buy-till-you-die models)
    - ``repeat_days``: purchase days after the first one (their *frequency*)
    - ``days_to_last``: from the first purchase to the last (their *recency* or *t_x*)
    - ``repeat_day_amount``: mean gross amount of the repeat purchase days (their *monetary value*)
    - ``mean_gap_days``: mean days between purchase days; null for who bought once
    - ``mean_order_amount``: gross amount per order

    Parameters
    ----------
    orders, persons : canonical tables.
    as_of : ISO day.
    refunds : canonical table. An order that it names is refunded what it dates before ``as_of``: what is written
        on the order was known at the export and so may lie after ``as_of``. A refund belongs to the person who
        paid the order, whichever account was refunded; that of an order which is not on record to the account.
        Orders that it does not name keep what is written on them, except where it names no order of the merchant.

    Examples
    --------
    >>> import ibis
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-31"])
    >>> orders = ibis.memtable(
    ...     {
    ...         "merchant": ["m"] * 3, "order_id": ["1", "2", "3"], "account": ["crm:1"] * 3, "paid_on": days,
    ...         "items": [1, 1, 1], "gross_amount": [500, 700, 900], "refund_amount": [0, 0, 0],
    ...     }
    ... ).mutate(paid_on=ibis._.paid_on.cast("date"))
    >>> persons = ibis.memtable({"merchant": ["m"], "account": ["crm:1"], "person": ["p1"]})
    >>> one = person_features(orders, persons, "2024-02-01").to_pandas().iloc[0]
    >>> int(one.days_since_last), int(one.repeat_days), float(one.mean_gap_days), float(one.repeat_day_amount)
    (0, 2, 15.0, 800.0)
    """
    if refunds is None:
        people = day_sums(purchase_days(orders, persons, as_of), "merchant", "person")
    else:
        if "order_id" not in refunds.columns:
            refunds = refunds.mutate(order_id=ibis.null("string"))
        people = day_sums(purchase_days(_as_dated(orders, refunds, as_of), persons, as_of), "merchant", "person")
        people = _with_older_refunds(people, refunds, orders, persons, as_of)
    return with_durations(people, _day(as_of)).select(*PERSON_FEATURES)


def purchase_days(orders: ibis.Table, persons: ibis.Table, as_of: str) -> ibis.Table:
    """One row per merchant, person and day before ``as_of`` with an order: ``orders, items`` and amounts of the day."""
    bought = person_orders(orders, persons, as_of)
    return bought.group_by("merchant", "person", "paid_on").agg(
        orders=_.count(),
        items=_["items"].sum().fill_null(0),
        gross_amount=_.gross_amount.sum().fill_null(0),
        refund_amount=_.refund_amount.sum().fill_null(0),
    )


def day_sums(days: ibis.Table, *by: str, where: ibis.Value | None = None, **beside: ibis.Value) -> ibis.Table:
    """One row per person (and what else is in ``by``): sums over the purchase days ``where`` a condition holds.

    Parameters
    ----------
    days : table of ``purchase_days``.
    beside : further aggregates, over all rows.
    """
    return days.group_by(*by).agg(
        orders=days.orders.sum(where=where),
        purchase_days=days.count(where=where),
        items=days["items"].sum(where=where),
        gross_amount=days.gross_amount.sum(where=where),
        refund_amount=days.refund_amount.sum(where=where),
        first_paid_on=days.paid_on.min(where=where),
        last_paid_on=days.paid_on.max(where=where),
        first_day_amount=days.gross_amount.argmin(days.paid_on, where=where),
        **beside,
    )


def with_durations(people: ibis.Table, day: ibis.Value) -> ibis.Table:
    """One person of ``day_sums`` with days up to the eve of ``day`` and means derived from the sums."""
    people = people.mutate(
        net_amount=_.gross_amount - _.refund_amount,
        days_since_last=_days(day, people.last_paid_on) - 1,
        age_days=_days(day, people.first_paid_on) - 1,
        repeat_days=_.purchase_days - 1,
        days_to_last=_days(people.last_paid_on, people.first_paid_on),
    )
    repeats = _.repeat_days.nullif(0).cast("float64")
    return people.mutate(
        repeat_day_amount=((_.gross_amount - _.first_day_amount) / repeats).fill_null(0.0),
        mean_gap_days=_.days_to_last / repeats,
        mean_order_amount=_.gross_amount / _.orders.nullif(0).cast("float64"),
    )


def _as_dated(orders: ibis.Table, refunds: ibis.Table, as_of: str) -> ibis.Table:
    """One order per row; its refunds are those that ``refunds`` dates before ``as_of``, where its merchant has any."""
    known = refunds.filter(refunds.refunded_on < _day(as_of))
    covered = known.select("merchant").distinct().mutate(covered=True)
    per_order = refunds.filter(refunds.order_id.notnull()).group_by("merchant", "order_id")
    dated = refunds.refunded_on < _day(as_of)
    per_order = per_order.agg(dated=refunds.refund_amount.sum(where=dated).fill_null(0))
    naming = per_order.semi_join(orders, ["merchant", "order_id"]).select("merchant").distinct().mutate(naming=True)
    joined = orders.left_join(per_order, ["merchant", "order_id"]).drop("merchant_right", "order_id_right")
    joined = joined.left_join(covered, "merchant").drop("merchant_right")
    joined = joined.left_join(naming, "merchant").drop("merchant_right")
    unnamed = joined.covered.fill_null(False) & ~joined.naming.fill_null(False)
    # two sources that both tell a refund do not take off more than was paid
    most = ibis.greatest(joined.gross_amount, joined.refund_amount.fill_null(0), 0)
    told = ibis.least(joined.dated, most)
    amount = joined.dated.notnull().ifelse(told, unnamed.ifelse(0, joined.refund_amount))
    return joined.mutate(refund_amount=amount).drop("dated", "covered", "naming")


def _with_older_refunds(
    people: ibis.Table, refunds: ibis.Table, orders: ibis.Table, persons: ibis.Table, as_of: str
) -> ibis.Table:
    """One person per row, less the refunds of orders that are not on record, by the account refunded."""
    loose = refunds.filter(refunds.refunded_on < _day(as_of), refunds.account.notnull())
    loose = loose.anti_join(orders, ["merchant", "order_id"])
    who = persons.select("merchant", "account", "person")
    per_person = loose.inner_join(who, ["merchant", "account"]).group_by("merchant", "person")
    per_person = per_person.agg(older=_.refund_amount.sum())
    joined = people.left_join(per_person, ["merchant", "person"]).drop("merchant_right", "person_right")
    return joined.mutate(refund_amount=joined.refund_amount + joined.older.fill_null(0)).drop("older")


@takes_frames
def doubts_about_people(features: ibis.Table, minimum: int = 100, lang: str = "en") -> list[str]:
    """Return one sentence per reason to read segments of these persons with care, or one that there is none.

    Looks for no persons, too few (under ``minimum``), everybody bought once, one value in a column
    and persons whose refunds exceed what they paid.
    """
    facts = (
        features.agg(
            persons=_.count(),
            most_orders=_.orders.max(),
            below_zero=(_.net_amount < 0).cast("int64").sum(),
            spend_values=_.net_amount.nunique(),
            order_values=_.mean_order_amount.nunique(),
            recency_values=_.days_since_last.nunique(),
        )
        .to_pandas()
        .iloc[0]
    )
    persons = int(facts.persons)
    if persons == 0:
        return [
            said(
                lang, "No order could be tied to a person, so there are no segments.", "没有订单能对应到人，无法分层。"
            )
        ]
    doubts = []
    if persons < minimum:
        doubts.append(said(
            lang, f"Only {several(persons, 'person')} bought: segments of so few are read with their intervals or not at all.",
            f"只有{persons}人购买：人数过少，分层结果须结合区间阅读，或不作解读。",
        ))  # fmt: skip
    if persons > 1 and int(facts.most_orders) == 1:
        doubts.append(said(
            lang, "Every person bought once: frequency tells nothing, and gaps between orders are unknown.",
            "所有人都只买过一次：购买频次没有信息，复购间隔未知。",
        ))  # fmt: skip
    if persons > 1 and int(facts.spend_values) == 1:
        doubts.append(said(
            lang, "Every person spent the same amount: spend tells nothing.", "所有人消费金额相同：消费金额没有信息。"
        ))  # fmt: skip
    elif persons > 1 and int(facts.order_values) == 1:
        doubts.append(said(
            lang, "Every order had the same amount: spend tells no more than the number of orders.",
            "所有订单金额相同：消费金额只反映订单数。",
        ))  # fmt: skip
    if persons > 1 and int(facts.recency_values) == 1:
        doubts.append(said(
            lang, "Every person bought last on the same day: recency tells nothing.",
            "所有人最近一次购买在同一天：最近购买时间没有信息。",
        ))  # fmt: skip
    if int(facts.below_zero) > 0:
        doubts.append(said(
            lang,
            f"{several(facts.below_zero, 'person')} got more refunded than they paid (refunds of orders before the data begin, or "
            "booked twice); they keep their negative net spend, and their spend score is never above that of who paid.",
            f"{int(facts.below_zero)}人的退款多于付款（退的是数据期以前的订单，或重复入账）；保留其负净消费，消费分不会高于净付款的人。",
        ))  # fmt: skip
    fine = f"{persons:,} persons bought: enough, and different enough, for segments."
    return doubts or [said(lang, fine, f"共{persons:,}人购买：人数足够、差异足够，可以分层。")]


def _day(as_of: str) -> ibis.Value:
    try:
        return ibis.date(date.fromisoformat(as_of).isoformat())
    except (TypeError, ValueError):
        raise SaidError(
            f"as_of is an ISO day in quotes like '2024-12-01', not {as_of!r}",
            f"as_of须为带引号的ISO日期，如'2024-12-01'，而不是{as_of!r}",
        ) from None


def _days(later: ibis.Value, earlier: ibis.Value) -> ibis.Value:
    """Whole days between two dates."""
    return later.delta(earlier, unit="day").cast("int64")
