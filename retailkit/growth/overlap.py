"""Do donors share customers with the programme: measured where ids mean the same person everywhere.

A phone number is one person's at every merchant (the hash is keyed alike). A unionid is, where
the merchants are on one open platform, which shows in unionids seen at two of them. An openid
or an external contact id never is: every app and every company numbers its own. Other accounts
are, where one loyalty programme covers all merchants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from retailkit.growth.calendar import bounds
from retailkit.schema.given import given

if TYPE_CHECKING:
    from ibis.expr.types import Table

COLUMNS = ("donor", "customers", "shared_customers", "shared_share", "shared_sales_share", "kind")
OWN_IDS = ("mini_program", "official_account", "wecom", "phone", "taobao", "jd", "tmall", "douyin")
"""Systems whose account ids are never compared over merchants as they stand."""

KINDS = {"phone": "phone", "unionid": "unionid", "account": "one"}

COMPARABLE = 0.2
"""Part of a donor's known sales that must carry a comparable id; below it the overlap is unknown."""


def shared_customers(
    orders: Table,
    merchants: Sequence[str],
    programme: Any,
    common_ids: bool = True,
    accounts: Table | None = None,
) -> pd.DataFrame:
    """One row per other merchant: how much of its sales comes from the programme's customers.

    Parameters
    ----------
    orders : canonical orders of all merchants and donors.
    merchants : the merchants in the programme.
    programme : the programme's window; only orders paid before it count.
    common_ids : True where one account means one customer at every merchant (one loyalty
        programme over all shops); see ``common_ids``.
    accounts : canonical accounts; their phone hashes and unionids are compared too.

    Returns
    -------
    DataFrame ``donor, customers, shared_customers, shared_share, shared_sales_share, kind``.
    ``kind`` is the id that was compared (phone, unionid, account), the one that most of the
    donor's sales carry; "unknown", with missing shares, where too few carry any.
    """
    import ibis

    start, _ = bounds(programme)
    orders = given(orders, "orders", ("account", "paid_on", "net_amount"))
    accounts = None if accounts is None else given(accounts, "accounts", ("account",))
    known = orders if pd.isna(start) else orders.filter(orders.paid_on < ibis.date(str(start.date())))
    others = known.filter(~known.merchant.isin(list(merchants))).select(donor="merchant").distinct().execute()
    spend = _with_keys(known.filter(known.account.notnull()), accounts, common_ids)
    tables = [_compare(spend, list(merchants), kind) for kind in KINDS]
    found = pd.concat(tables, ignore_index=True)
    found = found[found["carried"] >= COMPARABLE].sort_values(["donor", "carried"], ascending=[True, False])
    table = others.merge(found.drop_duplicates("donor"), on="donor", how="left")
    table["kind"] = table["kind"].fillna("unknown")
    return table.sort_values("donor").reset_index(drop=True)[list(COLUMNS)]


def _with_keys(known: Table, accounts: Table | None, common_ids: bool) -> Table:
    """One row per merchant and account: what it spent, and one column per kind of comparable id."""
    import ibis

    none = ibis.null("string")
    spend = known.group_by(["merchant", "account"]).aggregate(spent=known.net_amount.sum())
    system = spend.account.split(":")[0]
    spend = spend.mutate(
        number=(system == "phone").ifelse(spend.account.replace("phone:", ""), none),
        one=system.isin(OWN_IDS).ifelse(none, spend.account) if common_ids else none,
    )
    if accounts is None:
        return spend.select("merchant", "account", "spent", phone="number", unionid=none, one="one")
    ids = accounts.group_by(["merchant", "account"]).aggregate(
        phone_key=accounts.phone_key.max(), union=accounts.unionid.max()
    )
    joined = spend.left_join(ids, ["merchant", "account"])
    return joined.select(
        "merchant", "account", "spent", "one", phone=ibis.coalesce(joined.phone_key, joined.number), unionid="union"
    )


def _compare(spend: Table, merchants: list[str], kind: str) -> pd.DataFrame:
    """One row per donor: shared customers by one kind of id; no row where the kind says nothing."""
    import ibis

    key = spend[KINDS[kind]]
    ours = spend.filter(spend.merchant.isin(merchants) & key.notnull()).select(key=KINDS[kind])
    ours = ours.distinct().mutate(ours=ibis.literal(1))
    theirs = spend.filter(~spend.merchant.isin(merchants)).select("merchant", "spent", key=KINDS[kind])
    theirs = theirs.left_join(ours, "key").select("merchant", "spent", "key", mark=lambda t: t.ours.fill_null(0))
    carried = theirs.key.notnull().ifelse(1, 0)
    table = (
        theirs.group_by("merchant")
        .aggregate(
            customers=theirs.key.nunique(),
            shared_customers=(theirs.mark == 1).ifelse(theirs.key, ibis.null("string")).nunique(),
            spent=theirs.spent.sum(),
            carried=(carried * theirs.spent).sum(),
            shared_spent=(theirs.mark * theirs.spent).sum(),
        )
        .execute()
        .rename(columns={"merchant": "donor"})
    )
    spent, of = (table[c].astype(float).where(table[c] > 0) for c in ("carried", "spent"))
    table["shared_share"] = table["shared_customers"] / table["customers"].where(table["customers"] > 0)
    table["shared_sales_share"] = table["shared_spent"].astype(float) / spent
    table["carried"] = (spent / of).fillna(0.0)
    # unionids of two open platforms never meet: that none is shared says nothing
    apart = kind == "unionid" and not table["shared_customers"].sum() > 0
    unmet = apart or not int(ours.count().execute())
    return (table.iloc[:0] if unmet else table).assign(kind=kind)[[*COLUMNS, "carried"]]


def common_ids(sources: Iterable[Any]) -> bool:
    """Whether one account means one customer at every merchant: the exports are not one merchant's own."""
    owners = [getattr(source, "merchant", None) for source in sources]
    return bool(owners) and all(owner is None for owner in owners)
