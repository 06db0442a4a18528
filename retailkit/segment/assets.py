"""How many persons a merchant knows and reaches: the digitised assets."""

from __future__ import annotations

from datetime import date

import ibis
import pandas as pd
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.features import person_orders
from retailkit.spoken import said, several

ASSET_COLUMNS = ("merchant", "day", "system", "accounts", "persons", "buyers")


def month_days(first: str, as_of: str) -> list[str]:
    """Return the first day of every month after ``first`` up to ``as_of``, and ``as_of`` itself.

    >>> month_days("2017-10-30", "2018-01-15")
    ['2017-11-01', '2017-12-01', '2018-01-01', '2018-01-15']
    """
    days = pd.date_range(first, as_of, freq="MS", inclusive="right").strftime("%Y-%m-%d").tolist()
    return [*days, as_of] if as_of not in days else days


@takes_frames
def first_order_day(orders: ibis.Table, as_of: str) -> str:
    """Return the day of the first order before ``as_of`` as ISO text; ``as_of`` where there is none."""
    day = orders.filter(_.paid_on < ibis.date(as_of)).paid_on.min().to_pyarrow().as_py()
    return as_of if day is None else day.isoformat()


@takes_frames
def asset_growth(accounts: ibis.Table, orders: ibis.Table, persons: ibis.Table, days: list[str]) -> pd.DataFrame:
    """One row per merchant, day and system: accounts and persons known before the day.

    An account is known from the day its system first saw it, or from its first order where that is earlier or
    the system does not say: what came in later changes no past day. Accounts with neither are counted on every
    day. ``system`` ``all`` counts a person with accounts in several systems once. ``buyers`` are the persons who
    had bought before the day with an account of the system. WeCom's accounts are contacts and members of customer
    groups, who need not be anybody's contact.
    """
    bought = orders.group_by("merchant", "account").agg(first_on=_.paid_on.min())
    seen = accounts.select("merchant", "account", seen_on=accounts.first_seen_on)
    known = persons.select("merchant", "account", "person", "system").left_join(bought, ["merchant", "account"])
    known = known.drop("merchant_right", "account_right").left_join(seen, ["merchant", "account"])
    since = ibis.least(known.seen_on, known.first_on)  # the one that is told, where one is empty
    since = since.fill_null(ibis.date("1900-01-01"))
    account = known.select("merchant", "system", "person", since=since, buyer_on=known.first_on)
    firsts = {"since": _.since.min(), "buyer_on": _.buyer_on.min()}
    person = account.group_by("merchant", "system", "person").agg(**firsts)
    everyone = person.group_by("merchant", "person").agg(**firsts).mutate(system=ibis.literal("all"))
    accounts, found = _known_on(account, "since"), []
    counts = {
        "accounts": [accounts, accounts.assign(system="all")],
        "persons": [_known_on(person, "since"), _known_on(everyone, "since")],
        "buyers": [_known_on(person, "buyer_on"), _known_on(everyone, "buyer_on")],
    }
    for day in days:
        before = {
            name: pd.concat([p[p["day"] < pd.Timestamp(day)] for p in parts]).groupby(["merchant", "system"])["n"].sum()
            for name, parts in counts.items()
        }
        found.append(pd.DataFrame(before).fillna(0).astype("int64").reset_index().assign(day=date.fromisoformat(day)))
    if not found:
        return pd.DataFrame(columns=list(ASSET_COLUMNS))
    both = pd.concat(found)[list(ASSET_COLUMNS)]
    return both.sort_values(["merchant", "day", "system"], ignore_index=True)


def _known_on(rows: ibis.Table, day: str) -> pd.DataFrame:
    """One row per merchant, system and day: how many became known on it."""
    counted = rows.filter(rows[day].notnull()).group_by("merchant", "system", day=rows[day]).agg(n=_.count())
    return counted.to_pandas().assign(day=lambda f: pd.to_datetime(f["day"]))


def assets_sentence(growth: pd.DataFrame, since: str, lang: str = "en") -> str:
    """Say how many persons each system knows and how much that grew since the day ``since``."""
    if growth.empty:
        return said(lang, "No account is known, so no person can be reached.", "没有已识别的账号，无人可触达。")
    last, parts = growth[growth["day"] == growth["day"].max()], []
    earlier = growth[pd.to_datetime(growth["day"]) <= pd.Timestamp(since)].groupby("system")["persons"].max()
    for row in last[last["system"] != "all"].sort_values("persons", ascending=False).itertuples():
        before = earlier.get(row.system, 0)
        more = (
            said(lang, f" (+{row.persons / before - 1:.0%})", f"（+{row.persons / before - 1:.0%}）") if before else ""
        )
        parts.append(
            said(lang, f"{row.system} {several(row.persons, 'person')}{more}", f"{row.system}{row.persons:,}人{more}")
        )
    return said(
        lang,
        f"Known by system, and the growth since {since}: {'; '.join(parts)}.",
        f"各系统已识别人数及自{since}以来的增长：{'；'.join(parts)}。",
    )


@takes_frames
def reach(
    pushes: ibis.Table, campaigns: ibis.Table, orders: ibis.Table, persons: ibis.Table, since: str, as_of: str
) -> pd.DataFrame:
    """One row per merchant and touchpoint: persons messaged since a day, and how many of them ever bought here.

    A message without a sending time counts from its campaign's first day. ``buyers`` is of the
    messaged persons, ``buyers_messaged_share`` of all buyers before ``as_of`` (NaN without buyers).
    """
    starts = campaigns.select("merchant", "campaign_id", starts_on=campaigns.starts_on)
    sent = pushes.left_join(starts, ["merchant", "campaign_id"])
    day = sent.sent_on.fill_null(sent.starts_on)
    sent = sent.filter(day >= ibis.date(since), day < ibis.date(as_of))
    who = persons.select("merchant", "account", "person")
    sent = sent.select("merchant", "account", touchpoint=sent.touchpoint.fill_null("message"))
    sent = sent.inner_join(who, ["merchant", "account"]).select("merchant", "touchpoint", "person").distinct()
    buyers = person_orders(orders, persons, as_of).select("merchant", "person").distinct()
    both = sent.left_join(buyers.mutate(bought=1), ["merchant", "person"])
    table = both.group_by("merchant", "touchpoint").agg(persons=_.count(), buyers=_.bought.fill_null(0).sum())
    frame = table.to_pandas()
    everyone = buyers.group_by("merchant").agg(n=_.count()).to_pandas().set_index("merchant")["n"]
    frame["buyers_messaged_share"] = frame["buyers"] / frame["merchant"].map(everyone).astype(float)
    return frame.sort_values(["merchant", "persons", "touchpoint"], ascending=[True, False, True], ignore_index=True)


def reach_sentence(reached: pd.DataFrame, lang: str = "en") -> str:
    """Say how many persons messages reached, touchpoint by touchpoint (by its ``title`` where the table has one)."""
    if reached.empty:
        return said(
            lang,
            "No message to a known person is in the data, so whom the merchant can reach is not known.",
            "数据中没有发给已识别人员的消息，无法判断可触达人数。",
        )
    named = reached if "title" in reached else reached.assign(title=reached["touchpoint"])
    parts = [
        said(lang, f"{row.title} reached {several(row.persons, 'person')}", f"{row.title}触达{row.persons:,}人")
        if pd.isna(row.buyers_messaged_share)  # nobody is known to have bought
        else said(
            lang,
            f"{row.title} reached {several(row.persons, 'person')}, {row.buyers:,} of them "
            f"buyers here ({row.buyers_messaged_share:.0%} of all buyers)",
            f"{row.title}触达{row.persons:,}人，其中{row.buyers:,}人在本商户购买过"
            f"（占全部购买人的{row.buyers_messaged_share:.0%}）",
        )
        for row in named.itertuples()
    ]
    return said(
        lang, "Since the start of the period " + "; ".join(parts) + ".", "自本期开始，" + "；".join(parts) + "。"
    )
