"""Sessions, messages, coupons and placements -> one row per touch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.scenes import Classification, scenes, touchpoint_formats
from retailkit.attribute.tables import TOUCH, as_table, shape, with_person

BOT_TOUCHES_A_DAY = 200


def touches(
    sessions: Any = None,
    pushes: Any = None,
    campaigns: Any = None,
    coupons: Any = None,
    placements: Any = None,
    order_lines: Any = None,
    orders: Any = None,
    persons: Any = None,
    classification: Classification | pd.DataFrame = "touchpoint",
    by_campaign: bool = False,
    bot_touches_a_day: int = BOT_TOUCHES_A_DAY,
) -> ir.Table:
    """One row per touch of one person with one touchpoint.

    Parameters
    ----------
    sessions, pushes, campaigns, coupons, placements, order_lines, orders, persons : ibis tables or frames
        Canonical tables; ``None`` stands for a table that was never loaded.
    classification : str or DataFrame
        How scenes become touchpoints, see :func:`scenes`.
    by_campaign : bool
        Tell messages apart by their campaign's name or type: ``mailing: Type A``.
    bot_touches_a_day : int
        An account with more touches than this on one day is a bot on that day.

    Returns
    -------
    Columns ``TOUCH``. ``kind`` says what can be known about a touch:

    - ``exposure``: a visit or a message. People who were reached and did not buy are known,
      so it has a rate and a removal effect.
    - ``order_attached``: a coupon used at the purchase, a display or mailer of a bought line.
      It is only known where somebody bought: no rate, no removal effect.

    Notes
    -----
    - A session's touchpoint: a return scene is ``direct_return`` whatever its query carries
      (the query survives from the last visit); else the touchpoint that the source names; else
      its guide, group or share ids (launch scenes alone hide them); else its scene.
    - Tests, trial versions and crawlers are left out; going on with a visit (1038) is no touch
      but keeps its row with role ``continuation``.
    - A visit whose clock stands after the order it paid is set to that order's instant.
    - A message without a time of its own counts from its day, or from its campaign's first day.
    - A coupon without an order number belongs to the holder's order of that day with the
      largest discount, then the earliest: one redemption, one order. Several coupons of one
      campaign on one order are one touch, as are several bought lines on display.
    """
    table = {
        name: as_table(data, name)
        for name, data in {
            "sessions": sessions,
            "pushes": pushes,
            "campaigns": campaigns,
            "coupons": coupons,
            "placements": placements,
            "order_lines": order_lines,
            "orders": orders,
            "persons": persons,
        }.items()
    }
    known, classes = table["persons"], scenes(classification)
    buyers = with_person(table["orders"], known)
    parts = [
        _visits(table["sessions"], table["orders"], known, classes),
        _messages(table["pushes"], table["campaigns"], known, by_campaign),
        _coupons(table["coupons"], buyers, known),
        _placements(table["placements"], table["order_lines"], buyers),
    ]
    found = reduce(ibis.union, [shape(p, TOUCH) for p in parts])
    return _mark_bots(found, _bots(table, classes, bot_touches_a_day))


def _visits(sessions: ir.Table, orders: ir.Table, persons: ir.Table, classes: pd.DataFrame) -> ir.Table:
    own = orders.select("merchant", "order_id", own_paid_at="paid_at", own_paid_on="paid_on")
    s = named_visits(with_person(sessions, persons), classes).left_join(own, ["merchant", "order_id"])
    late = (s.started_at > s.own_paid_at).fill_null(False)
    s = s.mutate(
        touch_id=ibis.literal("session:") + s.session_id,
        touched_at=late.ifelse(s.own_paid_at, s.started_at),
        touched_on=late.ifelse(s.own_paid_on, s.started_on),
        kind=ibis.literal("exposure"),
        record=ibis.literal("session"),
    )
    formats = touchpoint_formats()
    by_touchpoint = ibis.cases(*[(s.touchpoint == t, f) for t, f in formats.items()], else_="official_store")
    return s.mutate(format=ibis.coalesce(s.format, by_touchpoint), shop_id=ibis.null().cast("string"))


def named_visits(sessions: ir.Table, classes: pd.DataFrame) -> ir.Table:
    """One row per visit that is no test or crawler, with its ``role`` and the name of its ``touchpoint``.

    ``classes`` is :func:`scenes`; how a visit gets its name stands in :func:`touches`.
    """
    known = ibis.memtable(classes).rename(scene_touchpoint="touchpoint", scene_role="role")
    s = sessions.left_join(known, "scene")
    s = s.filter(s.scene_role.fill_null("touch") != "excluded")
    direct = (s.scene_role == "direct").fill_null(False) | (s.touchpoint == "direct_return").fill_null(False)
    going_on = (s.scene_role == "continuation").fill_null(False)
    by_id = ibis.cases(
        (s.guide.notnull(), "guide"),
        (s.group_id.notnull(), "group"),
        (s.share_parent.notnull(), "sharing"),
        else_=ibis.null().cast("string"),
    )
    named = ibis.coalesce(s.touchpoint, by_id, s.scene_touchpoint, ibis.literal("unknown"))
    role = ibis.cases((direct, "direct"), (going_on, "continuation"), else_="touch")
    own = [s[c] for c in sessions.columns if c != "touchpoint"]
    return s.select(*own, touchpoint=direct.ifelse("direct_return", named), role=role)


def _messages(pushes: ir.Table, campaigns: ir.Table, persons: ir.Table, by_campaign: bool) -> ir.Table:
    about = campaigns.select("merchant", "campaign_id", "starts_on", "campaign", campaign_touchpoint="touchpoint")
    p = with_person(pushes, persons).left_join(about, ["merchant", "campaign_id"])
    named = ibis.coalesce(p.touchpoint, p.campaign_touchpoint, ibis.literal("message"))
    if by_campaign:
        named = named + ibis.coalesce(ibis.literal(": ") + p.campaign, ibis.literal(""))
    on = ibis.coalesce(p.sent_on, p.sent_at.cast("date"), p.starts_on)
    p = p.mutate(
        touch_id=ibis.literal("push:") + p.push_id,
        touched_on=on,
        touched_at=ibis.coalesce(p.sent_at, on.cast("timestamp(6)")),
        touchpoint=named,
        kind=ibis.literal("exposure"),
        role=ibis.literal("touch"),
        record=ibis.literal("push"),
    )
    return p.filter(p.touched_on.notnull())


def _coupons(coupons: ir.Table, buyers: ir.Table, persons: ir.Table) -> ir.Table:
    used = with_person(coupons, persons).mutate(
        on=ibis.coalesce(coupons.redeemed_on, coupons.redeemed_at.cast("date")),
    )
    used = used.filter(used.on.notnull() | used.order_id.notnull())
    sale = buyers.select(
        "merchant", "order_id", "paid_at", "paid_on", "discount_amount", "shop_id", buyer="person", payer="account"
    )
    numbered = used.filter(used.order_id.notnull()).inner_join(sale, ["merchant", "order_id"])
    by_day = used.filter(used.order_id.isnull() & used.person.notnull()).drop("order_id")
    by_day = by_day.inner_join(
        sale,
        [by_day.merchant == sale.merchant, by_day.person == sale.buyer, by_day.on == sale.paid_on],
    )
    key = ["merchant", "coupon_id", "account", "on"]
    first = ibis.window(
        group_by=key,
        order_by=[by_day.discount_amount.fill_null(0).desc(), by_day.paid_at, by_day.order_id],
    )
    by_day = by_day.mutate(nth=ibis.row_number().over(first)).filter(ibis._.nth == 0)
    columns = ["merchant", "order_id", "campaign_id", "paid_at", "paid_on", "shop_id", "buyer", "payer"]
    found = ibis.union(numbered.select(columns), by_day.select(columns), distinct=True)
    return found.mutate(
        touch_id=ibis.literal("coupon:") + found.order_id + ":" + found.campaign_id.fill_null(""),
        person=found.buyer,
        account=found.payer,
        touched_at=found.paid_at,
        touched_on=found.paid_on,
        touchpoint=ibis.literal("coupon"),
        kind=ibis.literal("order_attached"),
        role=ibis.literal("touch"),
        record=ibis.literal("coupon"),
    )


def _placements(placements: ir.Table, lines: ir.Table, buyers: ir.Table) -> ir.Table:
    p = placements.select("merchant", "product_id", "kind", "starts_on", "ends_on", place="shop_id").distinct()
    bought = lines.select("merchant", "product_id", "order_id", "paid_on", line_shop="shop_id")
    seen = bought.inner_join(p, ["merchant", "product_id"])
    here = seen.place.isnull() | (seen.place == seen.line_shop).fill_null(False)
    then = (seen.paid_on >= seen.starts_on) & (seen.ends_on.isnull() | (seen.paid_on <= seen.ends_on).fill_null(False))
    seen = seen.filter(here & then).select("merchant", "order_id", shown="kind").distinct()
    sale = buyers.select("merchant", "order_id", "person", "account", "paid_at", "shop_id", sold_on="paid_on")
    seen = seen.inner_join(sale, ["merchant", "order_id"])
    place = seen.shown.fill_null("placement")
    return seen.mutate(
        touch_id=ibis.literal("placement:") + seen.order_id + ":" + place,
        touched_at=seen.paid_at,
        touched_on=seen.sold_on,
        touchpoint=place,
        kind=ibis.literal("order_attached"),
        role=ibis.literal("touch"),
        record=ibis.literal("placement"),
    )


def _bots(table: Mapping[str, ir.Table], classes: pd.DataFrame, limit: int) -> ir.Table:
    """Accounts and days with too many exposures, kept in the engine: only accounts with as many rows at all are looked at.

    So the touches themselves are asked for once, and need not wait somewhere until their days are counted.
    """
    account = ["merchant", "account"]
    rows = ibis.union(*(table[name].select(*account) for name in ("sessions", "pushes")))
    busy = rows.group_by(account).aggregate(rows=rows.count()).filter(ibis._.rows > limit).cache()
    nobody = as_table(None, "persons")  # whose the account is does not matter here
    seen = ibis.union(
        shape(_visits(table["sessions"].semi_join(busy, account), table["orders"], nobody, classes), TOUCH),
        shape(_messages(table["pushes"].semi_join(busy, account), table["campaigns"], nobody, False), TOUCH),
    )
    key = [*account, "touched_on", "kind"]
    many = seen.group_by(key).aggregate(touches=seen.count())
    return many.filter(many.touches > limit).cache()


def _mark_bots(found: ir.Table, many: ir.Table) -> ir.Table:
    key = ["merchant", "account", "touched_on", "kind"]
    both = found.left_join(many, key)
    role = both.touches.notnull().ifelse("bot", both.role)
    return both.select(*[role.name(c) if c == "role" else both[c] for c in found.columns])


def left_out(
    sessions: Any, found: ir.Table, classification: Classification | pd.DataFrame = "touchpoint"
) -> pd.DataFrame:
    """One row per reason why a visit or touch is in no path: reason, rows.

    ``sessions`` is the canonical table, ``found`` the result of :func:`touches`.
    """
    tests = scenes(classification).query("role == 'excluded'")["scene"].tolist()
    visits = as_table(sessions, "sessions")
    rows = {
        "test, trial or crawler scene": visits.filter(visits.scene.isin(tests)).count(),
        "goes on with an earlier visit": found.filter(found.role == "continuation").count(),
        "bot: too many touches in a day": found.filter(found.role == "bot").count(),
        "account unknown": found.filter((found.kind == "exposure") & found.person.isnull()).count(),
    }
    return pd.DataFrame({"reason": list(rows), "rows": [int(r.execute()) for r in rows.values()]})
