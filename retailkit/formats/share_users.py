"""K per person, as the K factor is defined: how many new users each user of the share tree brought."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.sharing import FOLLOW_DAYS, k_interval
from retailkit.formats.tables import fetch, of_persons, whole_counts
from retailkit.schema.given import takes_frames
from retailkit.spoken import said

WHO = ["merchant", "who"]
COLUMNS = ["merchant", "generation", "users", "new_users", "k_plain", "followed", "k", "k_low", "k_high"]


@takes_frames
def share_users(
    tree: pd.DataFrame, sessions: Table, orders: Table, persons: Table, *, follow_days: float = FOLLOW_DAYS
) -> pd.DataFrame:
    """One row per merchant and generation: users of the share tree, the new users they brought, and K per person.

    A user is a person, or an account that is linked to none, with a visit in the tree; its generation is the depth
    of its first one (0 came by no share). A *new* user is one whose first trace on record, visit or order of any kind,
    is a visit by another user's share: the user brought whoever opened it, and nobody twice. Visits without an
    account are nobody's.

    ``k_plain`` is new users over users of the generation, as it is usually quoted. ``k`` counts what visits brought
    within ``follow_days``, visits whose days lie within the record, over the ``followed`` users that have one; its
    95% interval comes from the spread over users, on the logarithm. The row ``all`` pools the generations.

    Notes
    -----
    K factor: new users brought by a generation over users of the generation. ``share_generations`` counts visits: a
    person who opens three shares is three of them, and one who was there before is one too, so K per visit lies above.
    At the start of the record everybody is new, and a longer record holds more visits of a user: compare equal spans.
    """
    last = tree.groupby("merchant")["started_at"].transform("max")
    nodes = _known(tree.assign(followed=tree["started_at"] + pd.Timedelta(days=follow_days) <= last), persons)
    senders = nodes[["merchant", "node", "who", "followed"]].set_axis(["merchant", "parent", "sender", "open"], axis=1)
    users = nodes.drop_duplicates(WHO).merge(senders, "left", ["merchant", "parent"])
    users = users.merge(_first_traces(sessions, orders, persons), "left", WHO)
    seen_before = users["first_at"] < users["started_at"]
    brought = users[users["sender"].notna() & (users["sender"] != users["who"]) & ~seen_before]
    soon = brought["open"].eq(True) & brought["hours"].between(0, follow_days * 24)
    brought = brought.assign(soon=soon.astype("int64")).groupby(["merchant", "sender"])["soon"].agg(["size", "sum"])
    brought = brought.rename_axis(WHO).set_axis(["ever", "soon"], axis=1).reset_index()
    users = whole_counts(users[[*WHO, "depth", "followed"]].merge(brought, "left", WHO), "ever", "soon")
    both = pd.concat([users.assign(depth=-1), users], ignore_index=True)
    rows = [_row(merchant, depth, part) for (merchant, depth), part in both.groupby(["merchant", "depth"])]
    return pd.DataFrame(rows, columns=COLUMNS)


def _known(tree: pd.DataFrame, persons: Table) -> pd.DataFrame:
    """Nodes of the tree with their user (``who``), the earliest first; those without an account are left out."""
    nodes = tree.dropna(subset=["account"])
    accounts = nodes[["merchant", "account"]].drop_duplicates()
    found = fetch(of_persons(ibis.memtable(accounts, schema={"merchant": "string", "account": "string"}), persons))
    nodes = nodes.merge(found, "left", ["merchant", "account"])
    nodes["who"] = nodes["person"].where(nodes["person"].notna(), nodes["account"])
    return nodes.sort_values(["merchant", "started_at", "node"], ignore_index=True)


def _first_traces(sessions: Table, orders: Table, persons: Table) -> pd.DataFrame:
    """One row per user of the merchant: the instant of its first visit or order on record."""
    visits = sessions.select("merchant", "account", at=sessions.started_at)
    traces = visits.union(orders.select("merchant", "account", at=orders.paid_at)).drop_null("account")
    traces = of_persons(traces, persons)
    traces = traces.mutate(who=ibis.coalesce(traces.person, traces.account))
    return fetch(traces.group_by(WHO).agg(first_at=traces["at"].min()))


def _row(merchant: str, depth: int, users: pd.DataFrame) -> tuple[object, ...]:
    seen = users.loc[users["followed"], "soon"].to_numpy(float)
    k = seen.mean() if len(seen) else np.nan
    whole = int(users["ever"].sum())
    generation = "all" if depth < 0 else str(depth)
    return merchant, generation, len(users), whole, whole / len(users), len(seen), k, *k_interval(seen)


def share_users_sentence(users: pd.DataFrame, lang: str = "en") -> str:
    """Say how many new users each user of the share tree brings; empty where the tree names nobody."""
    row = users[users["generation"] == "all"]
    if row.empty:
        return ""
    one = row.iloc[0]
    if not np.isfinite(one["k_high"]):
        return said(
            lang,
            "Too few users, or too late ones, to say how many new users each brings.",
            "用户太少或太晚，无法判断每位用户带来几位新用户。",
        )
    verdict, chinese = (
        ("sharing alone would go on growing", "仅靠分享即可持续增长") if one["k_low"] >= 1
        else ("sharing alone would run dry", "仅靠分享会逐渐枯竭") if one["k_high"] < 1
        else ("the record cannot tell whether sharing alone would go on", "尚无法判断仅靠分享能否持续")
    )  # fmt: skip
    return said(
        lang,
        f"Per person (the K factor): each user of the share tree brings {one['k']:.2f} new users (95% interval "
        f"{one['k_low']:.2f} to {one['k_high']:.2f}), so {verdict}; {one['new_users']:,} new users by {one['users']:,} users.",
        f"按人计（K 值）：分享树中每位用户带来{one['k']:.2f}位新用户（95%区间{one['k_low']:.2f}至{one['k_high']:.2f}），{chinese}；"
        f"{one['users']:,}位用户共带来{one['new_users']:,}位新用户。",
    )
