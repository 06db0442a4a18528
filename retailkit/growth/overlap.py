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
    spend = _with_keys(known, accounts, common_ids).cache()  # asked for twice, from all orders of all merchants
    seen = spend.group_by("merchant").aggregate(**{kind: spend[key].count() for kind, key in KINDS.items()}).execute()
    inside = seen["merchant"].isin(list(merchants))
    others = seen.loc[~inside, ["merchant"]].rename(columns={"merchant": "donor"})
    sums = _met(spend, list(merchants)).execute().rename(columns={"merchant": "donor"})
    found = pd.concat([_compare(sums, kind, bool(seen.loc[inside, kind].any())) for kind in KINDS], ignore_index=True)
    found = found[found["carried"] >= COMPARABLE].sort_values(["donor", "carried"], ascending=[True, False])
    table = others.merge(found.drop_duplicates("donor"), on="donor", how="left")
    table["kind"] = table["kind"].fillna("unknown")
    return table.sort_values("donor").reset_index(drop=True)[list(COLUMNS)]


def _with_keys(known: Table, accounts: Table | None, common_ids: bool) -> Table:
    """One row per merchant and account (none is one too): what it spent, and one column per kind of comparable id."""
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


def _met(spend: Table, merchants: list[str]) -> Table:
    """One row per donor: its customers and sales, and by each kind of id those that the merchants have too."""
    import ibis

    ours = spend.filter(spend.merchant.isin(merchants))
    theirs = spend.filter(~spend.merchant.isin(merchants) & spend.account.notnull())
    for kind, key in KINDS.items():
        mark = ours.filter(ours[key].notnull()).select(key).distinct().mutate(**{f"ours_{kind}": ibis.literal(1)})
        joined = theirs.left_join(mark, key)
        theirs = joined.select(*theirs.columns, f"ours_{kind}")
    sums = {"spent": theirs.spent.sum()}
    for kind, name in KINDS.items():
        key, mark = theirs[name], theirs[f"ours_{kind}"].fill_null(0)
        sums |= {
            f"customers_{kind}": key.nunique(),
            f"shared_customers_{kind}": (mark == 1).ifelse(key, ibis.null("string")).nunique(),
            f"carried_{kind}": (key.notnull().ifelse(1, 0) * theirs.spent).sum(),
            f"shared_spent_{kind}": (mark * theirs.spent).sum(),
        }
    return theirs.group_by("merchant").aggregate(**sums)


def _compare(sums: pd.DataFrame, kind: str, ours: bool) -> pd.DataFrame:
    """One row per donor: shared customers by one kind of id; no row where the kind says nothing."""
    table = sums[["donor", "spent"]].copy()
    for name in ("customers", "shared_customers", "carried", "shared_spent"):
        table[name] = sums[f"{name}_{kind}"]
    spent, of = (table[c].astype(float).where(table[c] > 0) for c in ("carried", "spent"))
    table["shared_share"] = table["shared_customers"] / table["customers"].where(table["customers"] > 0)
    table["shared_sales_share"] = table["shared_spent"].astype(float) / spent
    table["carried"] = (spent / of).fillna(0.0)
    # unionids of two open platforms never meet: that none is shared says nothing
    apart = kind == "unionid" and not table["shared_customers"].sum() > 0
    return (table.iloc[:0] if apart or not ours else table).assign(kind=kind)[[*COLUMNS, "carried"]]


def common_ids(sources: Iterable[Any]) -> bool:
    """Whether one account means one customer at every merchant: the exports are not one merchant's own."""
    owners = [getattr(source, "merchant", None) for source in sources]
    return bool(owners) and all(owner is None for owner in owners)
