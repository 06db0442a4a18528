"""Before and after a message, reached beside not reached: what can be seen without any model."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.tables import as_table, frame, with_person
from retailkit.schema.given import takes_frames
from retailkit.spoken import signed

ENOUGH = 30
"""Orders of the reached before and after, each; with fewer nothing is said."""

LITTLE = 0.005
"""A share of net sales that is next to nothing."""

TOGETHER = "(all messages)"
"""Row of all messages as one: several touchpoints tested at once would find a rise by chance."""

COLUMNS = ["touchpoint", "sends", "persons", "before", "after", "others_before", "others_after"]
_ARMS = ["reached_before", "reached_after", "all_before", "all_after"]


@takes_frames
def before_after(
    touches: ir.Table, orders: Any, persons: Any = None, days: int = 30, as_of: str | None = None, level: float = 0.9
) -> pd.DataFrame:
    """One row per touchpoint of messages, and one for all together: did the reached buy more often afterwards than the others did?

    Parameters
    ----------
    touches : of :func:`touches`, of one merchant
    orders, persons : canonical tables
    days : int
        Length of either side; days of sending without both sides in the record are left out.
    as_of : str, optional
        First day that is not known, ISO; the day after the last order where left out.

    Returns
    -------
    ``sends`` (days of sending), ``persons`` reached, orders ``before`` and ``after`` of the reached,
    ``others_before`` and ``others_after`` of everybody else around the same days; ``change`` = (after / before) /
    (others_after / others_before) - 1 with ``low`` and ``high``; ``shows`` (the rise that four such tables of five
    would tell from nothing); ``verdict``: more, fewer, no difference, or cannot tell.

    Notes
    -----
    A difference of logs, reached against not reached, after against before; its variance comes from persons
    (linearised), because one person's orders go together. No strata, no delays, no rates: where it agrees with the
    hazard's organic line, that line is not an artefact. It holds under the usual assumption that the two
    groups would have moved alike; who is written to right after buying a lot falls back by itself (fewer).
    Visits are left out: nobody sends them, so there is no day on which others were not reached.
    """
    sale = with_person(as_table(orders, "orders"), as_table(persons, "persons"))
    bought = sale.filter(sale.person.notnull()).group_by(["person", "paid_on"]).aggregate(n=sale.order_id.nunique())
    sent = touches.filter((touches.record == "push") & (touches.role == "touch") & touches.person.notnull())
    sent = sent.select("touchpoint", "person", on="touched_on")
    sent = ibis.union(sent, sent.mutate(touchpoint=ibis.literal(TOGETHER)), distinct=True)
    first, last = (bought.paid_on.min().as_scalar(), bought.paid_on.max().as_scalar())
    end = ibis.date(as_of) if as_of else last + ibis.interval(days=1)
    gap = ibis.interval(days=days)
    sent = sent.filter((sent.on - gap >= first) & (sent.on + gap <= end))
    mine = _around(sent.inner_join(bought, "person"), gap, "reached")
    all_of = _all_around(sent.select("touchpoint", "on").distinct(), bought, gap)
    both = all_of.left_join(mine, ["touchpoint", "person"])
    both = both.select("touchpoint", *[both[c].fill_null(0).cast("int64").name(c) for c in _ARMS])
    counted = frame(both.group_by(["touchpoint", *_ARMS]).aggregate(n=both.touchpoint.count()))
    counted = counted.sort_values(["touchpoint", *_ARMS])  # sums of floats depend on their order, and engines have none
    reach = frame(sent.group_by("touchpoint").aggregate(sends=sent.on.nunique(), persons=sent.person.nunique()))
    found = [_row(name, rows, level) for name, rows in counted.groupby("touchpoint")]
    table = pd.DataFrame(found, columns=[*COLUMNS[:1], *COLUMNS[3:], "change", "low", "high", "shows", "verdict"])
    table = reach.merge(table, on="touchpoint").sort_values(
        ["persons", "touchpoint"], ascending=[False, True], ignore_index=True
    )
    return table[[*COLUMNS, "change", "low", "high", "shows", "verdict"]]


def _around(pairs: ir.Table, gap: Any, name: str) -> ir.Table:
    """Orders of each person within the days before and after each of its days of sending."""
    near = pairs.filter((pairs.paid_on >= pairs.on - gap) & (pairs.paid_on < pairs.on + gap))
    after = near.paid_on >= near.on
    sums = {f"{name}_before": after.ifelse(0, near.n).sum(), f"{name}_after": after.ifelse(near.n, 0).sum()}
    return near.group_by(["touchpoint", "person"]).aggregate(**sums)


def _all_around(sends: ir.Table, bought: ir.Table, gap: Any) -> ir.Table:
    """The same of everybody: how many sends an order is near to depends on its day alone."""
    near = sends.cross_join(bought.select("paid_on").distinct())
    near = near.filter((near.paid_on >= near.on - gap) & (near.paid_on < near.on + gap))
    after = (near.paid_on >= near.on).cast("int64")
    near = near.group_by(["touchpoint", "paid_on"]).aggregate(before=(1 - after).sum(), after=after.sum())
    both = bought.inner_join(near, "paid_on")
    sums = {"all_before": (both.before * both.n).sum(), "all_after": (both.after * both.n).sum()}
    return both.group_by(["touchpoint", "person"]).aggregate(**sums)


def _row(name: str, rows: pd.DataFrame, level: float) -> tuple[Any, ...]:
    from scipy.special import ndtri

    n, own = rows["n"].to_numpy(float), rows[_ARMS[:2]].to_numpy(float)
    others = rows[_ARMS[2:]].to_numpy(float) - own
    totals = np.concatenate([n @ own, n @ others])
    whole = tuple(int(t) for t in totals)
    if totals.min() < ENOUGH:
        return (name, *whole, *[float("nan")] * 4, "cannot tell")
    sign = np.array([-1.0, 1.0, 1.0, -1.0])
    each = (np.hstack([own, others]) / totals) @ sign
    log, error, z = float(np.log(totals) @ sign), float(np.sqrt(n @ each**2)), float(ndtri((1 + level) / 2))
    low, high = np.expm1(log - z * error), np.expm1(log + z * error)
    verdict = "more" if low > 0 else "fewer" if high < 0 else "no difference"
    return (name, *whole, np.expm1(log), low, high, np.expm1((z + ndtri(0.8)) * error), verdict)


def before_after_sentence(table: pd.DataFrame, credited: pd.DataFrame, days: int = 30, lang: str = "en") -> str:
    """Say what the check shows for all messages together, and whether it agrees with the credit.

    ``credited`` is :func:`side_by_side` (or any table with touchpoint and ``recommended``).
    """
    zh = lang == "zh"
    told = table[(table["touchpoint"] == TOGETHER) & (table["verdict"] != "cannot tell")]
    if told.empty:
        if zh:
            return "无法不用模型核对消息的作用：没有消息，或消息前后的订单太少。"
        return "Messages cannot be checked without a model: there are none, or too few orders around them."
    row = told.iloc[0]
    little = bool(credited.loc[credited["touchpoint"].isin(table["touchpoint"]), "recommended"].sum() < LITTLE)
    text = _together(row, little, days, zh)
    return text if row["verdict"] == "more" and little else text + _alone(table, credited, zh)


def _alone(table: pd.DataFrame, credited: pd.DataFrame, zh: bool) -> str:
    """Name messages that rose by themselves where the model credits them with next to nothing, and how chance does that."""
    single = table[(table["touchpoint"] != TOGETHER) & (table["verdict"] != "cannot tell")]
    paid = credited.set_index("touchpoint")["recommended"].reindex(single["touchpoint"]).fillna(0.0).to_numpy()
    rose = single[(single["verdict"] == "more") & (paid < LITTLE)]
    if rose.empty or len(single) < 2:
        return ""
    by_chance = f"{1 - 0.95 ** len(single):.0%}"
    each = [
        (touchpoint_title(r.touchpoint, "zh" if zh else "en"), signed(r.change), signed(r.low), signed(r.high))
        for r in rose.itertuples()
    ]
    if zh:
        named = "、".join(f"{n}（{c}，90%区间{a}至{b}）" for n, c, a, b in each)
        return (
            f"单独看，{named}有提升，模型却几乎不给功劳：两者矛盾。逐一核对{len(single)}类消息，"
            f"即使都毫无作用，也有{by_chance}的机会至少出现一次这样的提升：不宜据此下结论。"
        )
    named = ", ".join(f"{n} ({c}, 90% interval {a} to {b})" for n, c, a, b in each)
    return (
        f" Looked at alone, {named} shows a rise that the model does not credit: the two contradict each other. Among "
        f"{len(single)} kinds of messages looked at one by one, chance alone shows such a rise in {by_chance} of cases: "
        "conclude neither from it."
    )


def _together(row: pd.Series, little: bool, days: int, zh: bool) -> str:
    """The sentence of all messages as one."""
    if zh:
        text = (
            f"不用模型核对：消息发出后{days}天，收到者的购买次数比此前{days}天变化{signed(row['change'])}，已扣除其他人的变化"
            f"（90%区间{signed(row['low'])}至{signed(row['high'])}）。"
        )
    else:
        text = (
            f"Checked without a model: in the {days} days after a message those reached bought {abs(row['change']):.0%} "
            f"{'more' if row['change'] > 0 else 'less'} often than in the {days} days before, everybody else's change "
            f"taken out (90% interval {signed(row['low'])} to {signed(row['high'])}). "
        )
    if row["verdict"] == "more":
        if not little:
            return text.rstrip()
        if zh:
            return text + "该核对看到了提升，模型却几乎不给消息功劳：两者不一致，不宜据此下结论。"
        return text + "It sees a rise where the model credits messages with next to nothing: conclude neither."
    rise = f"{row['shows']:.0%}"
    if little:
        if zh:
            return text + f"若有{rise}的提升，五次中四次会显现：消息几乎没有功劳与数据相符，而非模型的缺陷。"
        return text + (
            f"A rise of {rise} would have shown in four cases of five: that messages are credited with next to nothing "
            "is what the data say, not a fault of the model."
        )
    if zh:
        return text + f"若有{rise}的提升，五次中四次会显现，却没有：归给消息的功劳应谨慎看待。"
    return text + (
        f"A rise of {rise} would have shown in four cases of five and did not: take what messages are credited with care."
    )
